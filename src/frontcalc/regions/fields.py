"""Region files before they are a partition: which layer is meant, and name, code, parent and country of each region."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely

from frontcalc.errors import DataError, UsageError
from frontcalc.layers import ALPHA_3, COUNTRIES, INNER
from frontcalc.names import look, printable, some_of
from frontcalc.notices import Notice
from frontcalc.read import SourceFile, read_layers
from frontcalc.read.features import Features
from frontcalc.read.files import Entry, GeoFrame, file_of
from frontcalc.regions.sets import TOTAL, UNASSIGNED

# Properties, in any case, that hold a region's code; and its country, of which the first that says something wins.
CODE_FIELDS = ("iso_3166_2", "shapeiso", "shapeid")
COUNTRY_FIELDS = ("iso_3166_2", "iso_a2", "country", "adm0_a3", "iso_a3", "shapegroup", "gid_0", "admin")
# Fields of names, in any case, {0} the level's number: the first of these patterns that one field alone has decides.
# They are those of GADM, the Humanitarian Data Exchange, geoBoundaries, the United Nations, Eurostat, Natural Earth.
NAME_FIELDS = (
    "name",
    r"name_{0}|adm(?:in)?_?{0}_?(?:en|name|name_?en|nm)|shapename|name_en|nam|nam_en|name_latn|nuts_name",
    r"adm{0}_[a-z][a-z]",
)

_NOTHING = re.compile(r"-?\d*|none|null|n/?a", re.IGNORECASE)  # as Natural Earth's «-99»
_COUNTRY_CODES = {name.casefold(): code for name, code in (COUNTRIES | ALPHA_3).items()}
# GADM's codes of each level, and those of the Humanitarian Data Exchange.
_LEVEL_CODES = re.compile(r"(?:gid|hasc|iso)_(\d)|adm(?:in)?_?(\d)_?pcode")
# The level in a layer's name, as in ADM_ADM_1, gadm41_UKR_1 and ukr_admbnda_adm1_sspe_20240416.
_LEVEL_OF_LAYER = re.compile(r"(?:adm(?:in)?_?|level_?|_)(\d)(?!\d)", re.IGNORECASE)
_MOST_FIELDS = 12  # of a layer, in a message
_AT_ONCE = 64


class RegionFile(NamedTuple):
    """What is read of a region file."""

    source: SourceFile  # named with the layer where one of several is used
    features: Features  # the regions; where it is not plain which layer is meant, all of one CRS
    field: str  # the property that names them
    identities: Sequence[tuple[str, str, str]]  # name, code, parent of each feature: those of one region are alike
    faults: Sequence[DataError | UsageError]  # why the file is to be refused
    notices: Sequence[Notice] = ()  # which layer and field were found


class FileLayer(NamedTuple):
    """One layer of a file."""

    name: str  # empty where it has none
    features: Features  # of all layers in its CRS
    numbers: list[int]  # its features
    rows: list[Mapping[str, object]]  # their properties
    named_by: list[str]  # the fields that may name them
    drawn: bool  # whether it has polygons


def file_and_layer(given: str | Path | Entry | GeoFrame) -> tuple[Entry, str]:
    """Return a file, and the layer that FILE:LAYER names, empty where it names none; a file of that very name wins."""
    if not isinstance(given, str | Path):
        return file_of(given), ""
    text = str(given)
    colons = [] if os.path.lexists(text) else [match.start() for match in re.finditer(":", text)]
    at = next((at for at in reversed(colons) if os.path.lexists(text[:at])), len(text))
    return file_of(text[:at]), text[at + 1 :]


def read_region_file(entry: Entry, *, layer: str, field: str | None, level: str) -> RegionFile:
    """Read a region file, and find layer and field of names for a level if not given; UsageError: no such layer."""
    source, groups = read_layers(entry)
    number = "2" if level == "adm2" else "1"
    every = [part for group in groups for part in _layers_of(group, field, number)]
    # Towns as points and borders as lines are no regions.
    layers = [part for part in every if part.drawn] or every
    if layer:
        alike = [part for part in every if part.name.casefold() == layer.casefold()]
        layers = [part for part in alike if part.name == layer] or alike
    if not layers and layer:
        problem = f"has no layer {layer!r}; {_listed(every)}"
        raise UsageError(problem, where=entry.label, cure="choose one with FILE:LAYER")
    fields = {name for part in layers for name in part.named_by}
    named = [part for part in layers if part.named_by]
    chosen = _of_level(named, min(fields), number) if len(fields) == 1 else []
    if len(chosen) > 1:
        # Of parts of one level none is left out, so that one without the field is refused.
        chosen = layers if len({part.features.crs for part in layers}) == 1 else []
    if not chosen:
        identities = [(f"(feature {number})", "", "") for number in range(len(groups[0].properties))]
        return RegionFile(source, groups[0], field or "name", identities, [_undecided(layers, field)])
    own_field, features, choices = fields.pop(), chosen[0].features, []
    kept = np.isin(np.arange(len(features.properties)), [number for part in chosen for number in part.numbers])
    features = features if kept.all() else features.select(kept)
    if len(chosen) == 1 < len(every):
        source = SourceFile(f"{source.name}:{chosen[0].name}", source.sha256)
        if len(layers) > 1:
            choices.append(f"of its layers ({some_of([part.name for part in layers], 8)}) {chosen[0].name} is taken")
    if own_field.casefold() != (field or "name").casefold():
        choices.append(f"regions are named by {printable(own_field)!r}")
    notices = [Notice("REGIONS-FOUND", f"{entry.label}: {'; '.join(choices)}")] if choices else []
    return RegionFile(source, features, own_field, *_identities(features, own_field), notices)


def _layers_of(features: Features, field: str | None, level: str) -> Iterator[FileLayer]:
    """Yield the layers of some features with the field of names, `field` if given, else those that may be it."""
    members: dict[str, list[int]] = {}
    for number, own in enumerate(features.properties):
        members.setdefault(printable(str(own.get(INNER) or "")), []).append(number)
    drawn = set(features.owner.tolist())
    patterns = [re.escape(field)] if field else [pattern.format(level) for pattern in NAME_FIELDS]
    for name, numbers in members.items():
        rows = [features.properties[number] for number in numbers]
        keys = list(dict.fromkeys(key for own in rows for key in own))
        fitting = ([key for key in keys if re.fullmatch(pattern, key, re.IGNORECASE)] for pattern in patterns)
        exact = [key for key in keys if key == (field or "name")]
        named_by = exact or next(filter(None, fitting), [])
        yield FileLayer(name, features, numbers, rows, named_by, not drawn.isdisjoint(numbers))


def _of_level(layers: list[FileLayer], field: str, number: str) -> list[FileLayer]:
    """Return the layer at whose level a field names the regions; all that are parts of one level; none if unclear."""
    if len(layers) < 2 or not _on_same_ground(layers):
        return layers
    names = [{str(own.get(field) or "") for own in layer.rows} - {""} for layer in layers]
    every = set().union(*names)
    # Finer layers repeat the names of what they are part of.
    whole = [layer for layer, own in zip(layers, names, strict=True) if len(own) == len(every)]
    fewest = min((len(layer.numbers) for layer in whole), default=0)
    best = [layer for layer in whole if len(layer.numbers) == fewest]
    if len(best) != 1:
        number = next(iter(re.findall(r"\d", field)), number)
        best = [layer for layer in layers if set(_LEVEL_OF_LAYER.findall(layer.name)) == {number}]
    return best if len(best) == 1 else []


def _on_same_ground(layers: Sequence[FileLayer]) -> bool:
    """Say whether one layer has polygons inside those of another, or that may be since their CRSs differ."""
    features = layers[0].features
    if any(layer.features is not features for layer in layers):
        return True
    of = np.full(len(features.properties), -1)
    for place, layer in enumerate(layers):
        of[layer.numbers] = place
    of, polygons = of[features.owner], features.polygons
    tree = shapely.STRtree(shapely.point_on_surface(polygons))
    # In batches: where layers lie on one another, the first mostly shows that.
    for start in range(0, len(polygons), _AT_ONCE):
        polygon, point = tree.query(polygons[start : start + _AT_ONCE], predicate="contains")
        one, other = of[polygon + start], of[point]
        if ((one != other) & (one >= 0) & (other >= 0)).any():
            return True
    return False


def _undecided(layers: Sequence[FileLayer], field: str | None) -> UsageError:
    """Return the error for a file whose layer, or field of names, is not plain."""
    fields = sorted({printable(name) for layer in layers for name in layer.named_by})
    more = " and FILE:LAYER" if len(layers) > 1 else ""
    contents = _listed([layer for layer in layers if layer.named_by] or layers)
    problem, cure = f"no field {field or 'name'!r}; {contents}", f"choose with --region-name{more}"
    if len(fields) == 1:
        problem, cure = f"several layers have the field {fields[0]!r}; {contents}", "choose one with FILE:LAYER"
    elif fields:
        problem, cure = f"regions may be named by {some_of(fields)}; {contents}", f"choose with --region-name{more}"
    return UsageError(problem, cure=cure)


def _listed(layers: Sequence[FileLayer]) -> str:
    """Return the fields of layers, each with the first text that it holds, for a message."""
    texts = []
    for layer in layers:
        values: dict[str, str] = {}
        for own in layer.rows:
            values |= {key: printable(str(own[key] or "")[:30]) for key in own if not values.get(key) and key != INNER}
        fields = [f"{printable(key)} ({value})" if value else printable(key) for key, value in sorted(values.items())]
        texts.append(some_of(fields, _MOST_FIELDS) or "none")
    if len(layers) < 2:
        return f"its fields are {''.join(texts) or 'none'}"
    named = [f"{layer.name or '(no name)'} with {text}" for layer, text in zip(layers, texts, strict=True)]
    return f"its layers are {'; '.join(named[:_MOST_FIELDS])}{' …' if named[_MOST_FIELDS:] else ''}"


def _identities(features: Features, field: str) -> tuple[list[tuple[str, str, str]], list[DataError]]:
    """Return each feature's name, its code or else what it is part of, the same for one region; and faults of names.

    A code tells regions of one name apart if each feature of that name has one. A field of a level, as NAME_2, goes
    with the codes of that level.
    """
    names = [printable(str(own.get(field) or "").strip()) for own in features.properties]
    rows = sorted({name for name in names if look(name).casefold() in (TOTAL, UNASSIGNED)})
    alike: dict[str, set[str]] = {}
    for name in names:
        alike.setdefault(look(name), set()).add(name)
    bare = [number for number, name in enumerate(names) if not name]
    faults = [DataError(f"feature {number} has no {field!r}", cure="name every region") for number in bare]
    faults += [DataError(f"a region is named {name!a}, which is a row of its own", cure="rename it") for name in rows]
    for one, other, *_ in (sorted(own) for own in alike.values() if len(own) > 1):
        problem = f"regions are named {one!a} and {other!a}, which look alike"
        faults.append(DataError(problem, cure="give one region one name, and two regions two"))
    names = [name or f"(feature {number})" for number, name in enumerate(names)]
    lower = [{key.casefold(): value for key, value in own.items()} for own in features.properties]
    level_of = {key: match[1] or match[2] for own in lower for key in own if (match := _LEVEL_CODES.fullmatch(key))}
    level = next(iter(re.findall(r"\d", field)), max(level_of.values(), default=""))
    fields = (*CODE_FIELDS, *sorted(key for key in level_of if level_of[key] == level))
    codes = [next(filter(None, (_text(own.get(key)) for key in fields)), "") for own in lower]
    uncoded = {name for name, code in zip(names, codes, strict=True) if not code}
    identities = [
        (name, "", parent_of(own, field)) if name in uncoded else (name, code, "")
        for name, code, own in zip(names, codes, features.properties, strict=True)
    ]
    return identities, faults


def parent_of(properties: Mapping[str, object], field: str) -> str:
    """Return what a feature named by a field of a level, as NAME_2, is part of by that of the level above it."""
    above = re.sub(r"[1-9]", lambda digit: str(int(digit[0]) - 1), field.casefold(), count=1)
    lower = {key.casefold(): value for key, value in properties.items()}
    return _text(lower.get(above)) if above != field.casefold() else ""


def _text(value: object) -> str:
    """Return a property as text; GADM writes NA for none."""
    text = printable(str(value or "").strip())
    return "" if text == "NA" else text


def country_of(properties: Iterable[Mapping[str, object]]) -> str:
    """Return the one country that a region's features name, by two letters where known; empty for none or several."""
    codes = set()
    for own in properties:
        fields = {key.casefold(): str(value or "").strip() for key, value in own.items()}
        fields["iso_3166_2"] = fields.get("iso_3166_2", "").partition("-")[0]
        texts = (fields.get(field, "") for field in COUNTRY_FIELDS)
        text = next((text for text in texts if not _NOTHING.fullmatch(text)), "")
        codes.add(_COUNTRY_CODES.get(text.casefold(), text.upper() if re.fullmatch("[A-Za-z]{2,3}", text) else text))
    return codes.pop() if len(codes) == 1 else ""
