"""What names the polygons of a map: its layers where a name is known, else what might tell them apart.

A map is explained where one of its polygons has a known name. On any other map all polygons are one unnamed actor's,
unless a property tells that they are not: frontcalc never adds up what it cannot tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import shapely

from frontcalc import crs
from frontcalc.archives import Archive, SnapshotRef, explain_command
from frontcalc.dates import stem_without_day, without_day
from frontcalc.errors import DataError, FrontcalcError
from frontcalc.geometry import Floats, Geometries
from frontcalc.layers import (
    INNER,
    PUBLISHERS_FIELDS,
    TELLING,
    UNDIFFERENTIATED,
    Layer,
    Legend,
    find_layer,
    layer_names,
    plain,
    spelling,
    stated_layer,
    value_of,
)
from frontcalc.names import printable
from frontcalc.notices import Notice
from frontcalc.read import SourceFile
from frontcalc.read.features import Features
from frontcalc.read.files import Entry

FILE = "file name"  # what tells the polygons of a day's files apart where nothing inside them does
MOST_VALUES = 12  # a property of more values than this, whose name does not tell, is a name or a number
_LONGEST = 80  # characters of a value in a message
_NO_NAME = "(no layer)"
# What identifies, dates, places or measures a polygon, or says who drew it, does not tell whose ground it is.
_TELLS_NOTHING = re.compile(
    r"id$|^id|uuid|guid|code|hasc|iso|fips|katotth|koatuu|creat|edit|author|user|modif|updat|source|date|day|month|year"
    r"|time|begin|^end|start|until|^adm\d|country|oblast|region|province|district|raion|hromada|city|town|village"
    r"|place|location|area|length|perimeter|shape|size|km|note|comment|descr|url|link|lang|version"
)
# Numbers, versions, zones and the names of chunks tell no ground apart.
_CHUNK = re.compile(r"[0-9a-f]{8,}|\d+|[\W_]+|(?<![^\W\d_])[tvz](?![^\W\d_])", re.IGNORECASE)


class Tell(NamedTuple):
    """A value of a property on a map that nothing explains, and how much ground has it."""

    field: str  # as on the map
    value: str  # empty for polygons that have none
    polygons: int
    km2: float
    firm: bool  # whether the property's name says that it tells whose ground it is


FileRead = tuple[SourceFile, Entry, Features]
# The index of a file of a map, a name in it, what that means, None where nobody knows it, and its polygons.
FileLayer = tuple[int, str, Layer | None, Geometries]


def layers_of(
    files: Sequence[FileRead], legend: Legend, notices: list[Notice]
) -> tuple[list[FileLayer], tuple[Tell, ...]]:
    """Return the layers of one map by file and name, and what tells its polygons apart where no name is known.

    Layers that publishers' tables know as something else than the `legend` says are noted. On a map that nothing
    explains, not even the archive's own `legend`, each file is a layer of the unnamed actor.
    """
    turned, layers = dict[str, tuple[Layer, Layer]](), list[FileLayer]()
    for index, (_, entry, features) in enumerate(files):
        layers += _named_layers(index, entry, features, legend, turned)
    for name, (known, own) in sorted(turned.items()):
        usual, here = (f"{layer.actor}'s {layer.role}" for layer in (known, own))
        notices.append(Notice("OTHER-MEANING", f"{name!r} counts as {here}, as its legend says, not as {usual}"))
    if any(layer for _, _, layer, _ in layers):
        return [one for one in layers if one[2] or len(one[3])], ()
    # A copy of a file is the same ground, whatever it is called.
    first_of = {source.sha256: index for index, (source, _, _) in reversed(list(enumerate(files)))}
    distinct = sorted(first_of.values())
    name_of = _stem if len(distinct) == 1 else _file_name
    unnamed: list[FileLayer] = [
        (one, name_of(files[one][1]), UNDIFFERENTIATED, files[one][2].polygons) for one in distinct
    ]
    return unnamed, tuple(_tells([files[one][1:] for one in distinct], legend))


def _named_layers(
    index: int, entry: Entry, features: Features, legend: Legend, turned: dict[str, tuple[Layer, Layer]]
) -> Iterator[FileLayer]:
    """Yield the layers of a file by name: those that its features state, else the one that its name or folder does."""
    own = {spelling(name): layer for name, layer in legend.layers}
    stated: dict[str, Layer] = {}
    for properties in features.properties:
        if (layer := stated_layer(properties)) and (name := next(layer_names(properties), "")):
            stated[without_day(name)] = layer

    def meaning(name: str, among: Iterable[str] = ()) -> Layer | None:
        mine = own.get(spelling(name))
        for one in (name, *among) if mine else ():
            known = find_layer(one)
            if mine and known and (known.actor, known.role) != (mine.actor, mine.role):
                turned[one] = known, mine
        return mine or find_layer(name) or stated.get(name)

    without_area = set(features.not_area.tolist()) - set(features.owner.tolist())
    short: dict[str, str] = {}
    names = []
    for place, properties in enumerate(features.properties):
        texts = [] if place in without_area else list(layer_names(properties, legend.field))
        # A day may be part of a layer's name.
        for name in set(texts) - short.keys():
            short[name] = name if meaning(name) else without_day(name)
        texts = [short[name] for name in texts]
        names.append(next((name for name in texts if meaning(name, texts)), next(filter(None, texts), "")))
    if any(meaning(name) for name in set(names)):
        # Two spellings of a name in one file are one layer.
        title: dict[tuple[str, Layer], str] = {}
        one = {
            name: title.setdefault((spelling(name), layer), name)
            for name in sorted(set(names))
            if (layer := meaning(name))
        }
        names = [one.get(name, name) for name in names]
        if fields := {PUBLISHERS_FIELDS.get(layer.legend, "") for _, layer in title} - {""}:
            # What a publisher's own property calls a polygon by a name nobody knows.
            known = ([value_of(own[key]) for key in own if key.casefold() in fields] for own in features.properties)
            names = [name or next(filter(None, own), "") for name, own in zip(names, known, strict=True)]
        unnamed = _NO_NAME
    else:
        of_file = next((name for name in (_stem(entry), *_folders(entry)) if meaning(name)), None)
        if of_file is not None:
            yield (index, of_file, meaning(of_file), features.polygons)
            return
        unnamed = _stem(entry) or _NO_NAME
    layers: dict[str, list[int]] = {name: [] for name in sorted(set(names))}
    for polygon, feature in enumerate(features.owner.tolist()):
        layers[names[feature]].append(polygon)
    for name, mine in layers.items():
        yield (index, name or unnamed, meaning(name), features.polygons[np.array(mine, dtype=np.intp)])


def _stem(entry: Entry) -> str:
    """Return a file's name without its suffixes, and without its day unless that is part of a layer's name."""
    return entry.path.stem if find_layer(entry.path.stem) else stem_without_day(entry.path.name)


def _file_name(entry: Entry) -> str:
    """Return what tells a file from others of its day: its name, else its folder's, without numbers."""
    return " ".join(_CHUNK.sub(" ", next(filter(None, (_stem(entry), *_folders(entry))), "")).split()) or "(no name)"


def _folders(entry: Entry) -> list[str]:
    """Return the folders of a file without their days, the innermost first."""
    return [without_day(folder) for folder in reversed(entry.path.parts[:-1])]


def drawn_km2(polygons: Geometries, source: str) -> Floats:
    """Return the area of each polygon as drawn (km²), (n,): for messages, 0 where it cannot be measured."""
    if not len(polygons):
        return np.zeros(0)
    try:
        project = crs.projector(source, crs.DEFAULT_CRS)
        areas = shapely.area(shapely.transform(polygons, project)) / 1e6
    except (FrontcalcError, shapely.GEOSException):
        return np.zeros(len(polygons))
    return np.where(np.isfinite(areas), areas, 0.0)


def _tells(files: Sequence[tuple[Entry, Features]], legend: Legend) -> Iterator[Tell]:
    """Yield the values of properties that tell, or might tell, the polygons of a map apart."""
    amounts: dict[str, dict[str, list[float]]] = {}
    whole = [0, 0.0]
    spelt: dict[str, str] = {}
    for entry, features in files:
        areas = drawn_km2(features.polygons, features.crs)
        of_file = _file_name(entry)
        for feature, km2 in zip(features.owner.tolist(), areas.tolist(), strict=True):
            whole = [whole[0] + 1, whole[1] + km2]
            for given, value in {FILE: of_file, **features.properties[feature]}.items():
                key = given if given in (FILE, INNER) else plain(given)
                firm = key in TELLING or key in (FILE, INNER)
                may_tell = firm or (isinstance(value, str | bool) and not _TELLS_NOTHING.search(key))
                if not may_tell or legend.is_ignored(given):
                    continue
                if name := without_day(value_of(value)) if key == INNER else value_of(value):
                    amount = amounts.setdefault(key, {}).setdefault(name, [0, 0.0])
                    amount[0], amount[1] = amount[0] + 1, amount[1] + km2
                    spelt.setdefault(key, printable(given))
    for key, values in sorted(amounts.items()):
        firm = key in TELLING or key in (FILE, INNER)
        # Files and their layers are named as their publisher likes: only two names on one map tell anything apart.
        if len(values) < 2 and key in (FILE, INNER):
            continue
        for value in sorted(values)[: None if firm else MOST_VALUES + 1]:
            count, km2 = values[value]
            yield Tell(spelt[key], value, int(count), km2, firm)
        without = int(whole[0] - sum(count for count, _ in values.values()))
        if firm and without > 0:
            yield Tell(spelt[key], "", without, max(0.0, whole[1] - sum(km2 for _, km2 in values.values())), firm)


Tells = dict[str, dict[str, tuple[Tell, dict[SnapshotRef, int]]]]
"""Property values that tell polygons apart and that nothing explains, on all the maps that a run rests on.

By property and value: the value on the map that has most of it, and how many polygons have it on each map.
"""


def note_tells(by_field: Tells, tells: Iterable[Tell], ref: SnapshotRef) -> None:
    """Note what tells the polygons of a map apart."""
    for tell in tells:
        key = tell.field if tell.field in (FILE, INNER) else plain(tell.field)
        most, polygons = by_field.setdefault(key, {}).get(tell.value, (tell, {}))
        by_field[key][tell.value] = max(most, tell, key=lambda one: (one.km2, one.polygons)), polygons
        polygons[ref] = tell.polygons


def sort_tells(by_field: Tells) -> tuple[dict[str, list[Tell]], dict[str, list[Tell]]]:
    """Return the properties that tell, which no figure may pass over, and those that might, or do on no map used.

    Each has its values, those of most ground first and that of none last. A property with a name that tells does so by
    two values, however spelt; any other might by few on many polygons.
    """
    firm, loose = dict[str, list[Tell]](), dict[str, list[Tell]]()
    for _, values in sorted(by_field.items()):
        tells = sorted((tell for tell, _ in values.values()), key=lambda one: (not one.value, -one.km2, one.value))
        if tells[0].firm:
            apart = len({spelling(tell.value) for tell in tells if tell.value}) > 1
            (firm if apart else loose)[tells[0].field] = tells
            continue
        polygons = sum(sum(on_map.values()) for _, on_map in values.values())
        if 2 <= len(tells) <= MOST_VALUES and polygons >= 2 * len(tells):
            loose[tells[0].field] = tells
    return firm, loose


def refuse_firm(by_field: Tells, archive: Archive) -> None:
    """Raise DataError where a property that nothing explains tells polygons apart, with its values and km²."""
    if firm := sort_tells(by_field)[0]:
        problem = f"its polygons are told apart by a property that nobody has explained: {_described(firm)}"
        cure = f"say once what each value means: {explain_command(archive.refs)}"
        raise DataError(problem, where=archive.name, cure=cure, code="NO-LAYER")


def remark_on(by_field: Tells) -> str:
    """Return the text of a notice for maps whose polygons all count as one actor's."""
    firm, loose = sort_tells(by_field)
    unused = f"; not used: {described}" if (described := _described(firm | loose)) else ""
    return f"no layer is named on these maps, so all polygons count as one actor's{unused}"


def _described(fields: Mapping[str, Sequence[Tell]]) -> str:
    """Return properties with their values and what has them, as in «'fill' is 'red' on 2 polygons, 165.8 km²»."""
    clauses = []
    for field, tells in fields.items():
        shown = []
        for tell in tells[:MOST_VALUES]:
            value = tell.value if len(tell.value) <= _LONGEST else f"{tell.value[:_LONGEST]}…"
            polygons = f"{tell.polygons:,} polygon{'s' if tell.polygons != 1 else ''}"
            shown.append(f"{repr(value) if value else 'nothing'} on {polygons}, {tell.km2:,.1f} km²")
        more = f" and {len(tells) - MOST_VALUES} more values" if len(tells) > MOST_VALUES else ""
        clauses.append(f"{field!r} is {' / '.join(shown)}{more}")
    return "; ".join(clauses)
