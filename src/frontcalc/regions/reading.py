"""Region files: who each region is, what it is called, and its ground, read and made a partition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import orjson
import shapely

from frontcalc import geometry
from frontcalc.cache import NOTHING_KEPT, Cache
from frontcalc.errors import DataError, UsageError
from frontcalc.layers import ALPHA_3, COUNTRIES
from frontcalc.names import printable, some_of
from frontcalc.notices import Notice
from frontcalc.read import SourceFile, fingerprint, read_features
from frontcalc.read.features import Features
from frontcalc.read.files import Entry, GeoFrame, file_of
from frontcalc.read.limits import limits
from frontcalc.regions.cutting import Geometries, Owners, partition
from frontcalc.regions.sets import TOTAL, UNASSIGNED, RegionSet
from frontcalc.snapshots import changed, to_equal_area
from frontcalc.versions import key_of

CODE_FIELDS = ("iso_3166_2", "shapeiso", "shapeid")
"""Feature properties that hold a region's code, whatever their case."""

COUNTRY_FIELDS = ("iso_3166_2", "iso_a2", "country", "adm0_a3", "iso_a3", "shapegroup", "gid_0", "admin")
"""Fields that tell the country, in any case; the first that says something wins."""

_NOTHING = re.compile(r"-?\d*|none|null|n/?a", re.IGNORECASE)  # as Natural Earth's «-99»

# GADM's codes of each level, and those of the Humanitarian Data Exchange.
_LEVEL_CODES = re.compile(r"(?:gid|hasc|iso)_(\d)|adm(?:in)?_?(\d)_?pcode")


def read_regions(
    path: str | Path | Entry | GeoFrame,
    *,
    target_crs: str,
    field: str | None = None,
    level: str = "adm1",
    cache: Cache = NOTHING_KEPT,
) -> RegionSet:
    """Read a polygon file of regions, in any CRS it declares, and make it a partition in metres of `target_crs`.

    `field` is the property that names the regions, else «name»; `level` what the `level` column is to say. What is made
    of the polygons is kept in `cache`.

    Raises
    ------
    DataError
        The file cannot be read, has no polygons, a region has none, no name or one named as a row of its own,
        or two regions overlap by more than an error of drawing.
    UsageError
        The file has no such field; the message lists those it has.
    """
    entry = file_of(path)
    source = SourceFile(entry.label, fingerprint(entry))
    # Names are in the key since a notice has them; the file's bytes and the field say all else.
    key = key_of((source.sha256, target_crs, field or "", entry.label, repr(limits())))
    content = cache.kept("regions", key, lambda: _made(entry, source, target_crs, field))
    land, land_owner, pieces, owners, said = geometry.from_bytes(content)
    facts = orjson.loads(str(said))
    return RegionSet(
        level,
        tuple(facts["names"]),
        pieces,
        owners,
        land,
        land_owner,
        source,
        notices=tuple(Notice(code, message) for code, message in facts["notices"]),
        countries=tuple(facts["countries"]) if any(facts["countries"]) else (),
        codes=tuple(facts["codes"]),
        spellings=tuple(map(tuple, facts["spellings"])),
        parents=tuple(facts["parents"]),
    )


def _made(entry: Entry, source: SourceFile, target_crs: str, field: str | None) -> bytes:
    """Return as bytes: the regions whole, the region of each; cut small, the region of each; and their facts."""
    where = entry.label
    read, features = read_features(entry)
    if read != source:
        raise changed(where)
    told = told_apart(_names(features, field, where), features, field or "name")
    order = sorted(set(told))
    place = {own: number for number, own in enumerate(order)}
    index = np.array([place[own] for own in told], dtype=np.intp)
    if not len(features.polygons):
        raise DataError("holds no polygons", where=where, cure="give a file of region areas")
    names = [name for name, *_ in order]
    land, land_owner, apart = _land(features, index, target_crs, where)
    if bare := sorted(set(range(len(order))).difference(land_owner.tolist())):
        problem = f"has no polygon for {some_of([names[own] for own in bare])}"
        raise DataError(problem, where=where, cure="give every region its area, or leave it out")
    pieces, of = geometry.subdivide(land)
    pieces, owners, notices = partition(pieces, land_owner[of], tuple(names), where)
    said = [(notice.code, notice.message) for notice in notices]
    if apart:
        listed = some_of([names[own] for own in sorted(apart)])
        said.append(("REGIONS-JOINED", f"{where}: of one name, and one region though they do not touch: {listed}"))
    mine = [[features.properties[number] for number in np.flatnonzero(index == own)] for own in range(len(order))]
    # Also called by the texts of fields such as «name_uk» and «NAME_1».
    called = [[value for key, value in own[0].items() if key.casefold().startswith("name")] for own in mine]
    facts = {
        "names": names,
        "countries": [printable(country_of(properties)) for properties in mine],
        "codes": [code for _, code, _ in order],
        "spellings": [
            [printable(name.strip()) for name in own if isinstance(name, str) and name.strip()] for own in called
        ],
        "parents": [_parent(own[0], field or "name") for own in mine],
        "notices": said,
    }
    return geometry.to_bytes(land, land_owner, pieces, owners, np.array(orjson.dumps(facts).decode()))


def _land(features: Features, index: Owners, target_crs: str, where: str) -> tuple[Geometries, Owners, set[int]]:
    """Return the regions as drawn, projected, in few polygons; the region of each; those with features far apart."""
    whole: list[Geometries] = []
    owner: list[Owners] = []
    apart: set[int] = set()
    for region in dict.fromkeys(index):
        drawn = [features.polygons[features.owner == number] for number in np.flatnonzero(index == region)]
        parts = [to_equal_area(polygons, features.crs, target_crs, where=where) for polygons in drawn if len(polygons)]
        projected = np.concatenate([np.empty(0, dtype=object), *parts])
        if len(parts) > 1 and not _connected(projected, np.repeat(np.arange(len(parts)), list(map(len, parts)))):
            apart.add(int(region))
        # United where two polygons touch, so that no ground counts twice.
        first, second = shapely.STRtree(projected).query(projected, predicate="intersects")
        touching = bool((first < second).any())
        whole.append(geometry.polygonal(geometry.union(projected)) if touching else projected)
        owner.append(np.full(len(whole[-1]), region))
    return np.concatenate(whole), np.concatenate(owner), apart


def _connected(polygons: Geometries, feature: Owners) -> bool:
    """Say whether features (of each polygon, (n,)) touch, each another, so that all hang together."""
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    group = np.arange(feature[-1] + 1)
    while True:
        joined = group.copy()
        np.minimum.at(joined, feature[first], group[feature[second]])
        if (joined == group).all():
            return not group.any()
        group = joined


def _names(features: Features, field: str | None, where: str) -> list[str]:
    """Return every feature's region name."""
    wanted = field or "name"
    fields = sorted({key for properties in features.properties for key in properties})
    if wanted not in fields:
        listed = ", ".join(fields) or "none"
        raise UsageError(f"no field {wanted!r}; its fields are {listed}", where=where, cure="choose with --region-name")
    names = [printable(str(properties.get(wanted) or "").strip()) for properties in features.properties]
    for number, name in enumerate(names):
        if not name:
            raise DataError(f"feature {number} has no {wanted!r}", where=where, cure="name every region")
        if name.casefold() in (TOTAL, UNASSIGNED):
            raise DataError(f"a region is named {name!r}, which is a row of its own", where=where, cure="rename it")
    return names


def told_apart(names: Sequence[str], features: Features, field: str) -> list[tuple[str, str, str]]:
    """Return every feature's name, its code and, without one, what it is part of: those of one region are alike.

    `names` has the name of each feature. A code tells regions of one name apart if each feature of that name has one.
    `field` is the property that names them: one of a level, as NAME_2, goes with the codes of that level.
    """
    lower = [{key.casefold(): value for key, value in own.items()} for own in features.properties]
    found = {key: match[1] or match[2] for own in lower for key in own if (match := _LEVEL_CODES.fullmatch(key))}
    level = next(iter(re.findall(r"\d", field)), max(found.values(), default=""))
    fields = (*CODE_FIELDS, *sorted(key for key in found if found[key] == level))
    codes = [next(filter(None, (_text(own.get(key)) for key in fields)), "") for own in lower]
    uncoded = {name for name, code in zip(names, codes, strict=True) if not code}
    return [
        (name, "", _parent(own, field)) if name in uncoded else (name, code, "")
        for name, code, own in zip(names, codes, features.properties, strict=True)
    ]


def _parent(properties: Mapping[str, object], field: str) -> str:
    """Return what a feature named by a field of a level, as NAME_2, is part of by that of the level above it."""
    above = re.sub(r"[1-9]", lambda digit: str(int(digit[0]) - 1), field.casefold(), count=1)
    lower = {key.casefold(): value for key, value in properties.items()}
    return _text(lower.get(above)) if above != field.casefold() else ""


def _text(value: object) -> str:
    """Return a property as text; GADM writes NA for none."""
    text = printable(str(value or "").strip())
    return "" if text == "NA" else text


def country_of(properties: Iterable[Mapping[str, object]]) -> str:
    """Return the country that the features of one region name, empty where they name none or several.

    Two-letter codes (ISO 3166-1) come back as such, and so do the codes and names of the countries in
    `frontcalc.layers`; other countries as the file spells them.
    """
    found = {_country(fields) for fields in properties}
    return found.pop() if len(found) == 1 else ""


def _country(properties: Mapping[str, object]) -> str:
    """Return the country that one feature names: its two-letter code where that is known, empty where it names none."""
    fields = {key.casefold(): value for key, value in properties.items()}
    for field in COUNTRY_FIELDS:
        text = str(fields.get(field) or "").strip()
        if field == "iso_3166_2":
            text = text.partition("-")[0]
        if _NOTHING.fullmatch(text):
            continue
        if re.fullmatch("[A-Za-z]{2,3}", text):
            return ALPHA_3.get(text.upper(), text.upper())
        names = {name.casefold(): code for name, code in COUNTRIES.items()}
        return names.get(text.casefold(), text)
    return ""
