"""Region sets, the embedded ones and those read from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.cache import NOTHING_KEPT, Cache, key_of
from frontcalc.embedded import PARTIAL_COUNTRIES, load_embedded
from frontcalc.errors import DataError, UsageError
from frontcalc.labels import printable
from frontcalc.notices import Notice
from frontcalc.regions.countries import country_of
from frontcalc.regions.cutting import Geometries, Owners
from frontcalc.regions.packing import from_bytes, to_bytes
from frontcalc.regions.partition import partition
from frontcalc.regions.sets import TOTAL, UNASSIGNED, RegionSet
from frontcalc.snapshots import changed, to_equal_area
from frontcalc.sources import SourceFile, fingerprint, read_features
from frontcalc.sources.features import Features
from frontcalc.sources.files import Entry, GeoFrame, file_of
from frontcalc.sources.limits import limits
from frontcalc.versions import method_version

CODE_FIELDS = ("iso_3166_2", "shapeiso", "shapeid")
"""Feature properties that hold a region's code, whatever their case."""


@lru_cache(maxsize=2)
def embedded_regions(*, target_crs: str) -> RegionSet:
    """Return the embedded regions of Ukraine and of Russia beside it, which need no cutting.

    Parameters
    ----------
    target_crs : str
        The equal-area CRS of the result.
    """
    stored = load_embedded()
    infos = sorted(stored.regions, key=lambda info: info.name)
    place = np.array([infos.index(info) for info in stored.regions], dtype=np.intp)
    # Neighbours have the same vertices, and projecting keeps that: no partition has to be made.
    pieces = geometry.project_polygons(stored.pieces, crs.projector(crs.LONLAT, target_crs))
    return RegionSet(
        "adm1",
        tuple(info.name for info in infos),
        pieces,
        place[stored.owner],
        pieces,
        SourceFile(stored.name, stored.sha256),
        countries=tuple(info.country for info in infos),
        codes=tuple(info.code for info in infos),
        spellings=tuple((info.name_uk, *info.aliases) for info in infos),
        country_names={own.code: (own.name, own.name_uk, *own.aliases) for own in stored.countries},
        accuracy=stored.accuracy,
        partial_countries=PARTIAL_COUNTRIES.get(stored.name, ()),
    )


def embedded_covers(boxes: NDArray[np.object_]) -> bool:
    """Say whether the embedded regions are those of a place, given as boxes (n,) in degrees."""
    return bool(len(shapely.STRtree(load_embedded().pieces).query(boxes, predicate="intersects")[0]))


def read_regions(
    path: str | Path | Entry | GeoFrame,
    *,
    target_crs: str,
    field: str | None = None,
    level: str = "adm1",
    cache: Cache = NOTHING_KEPT,
) -> RegionSet:
    """Read a region file and make it a partition.

    Parameters
    ----------
    path : str, Path, Entry or GeoDataFrame
        A polygon file in any CRS it declares.
    target_crs : str
        The equal-area CRS of the result.
    field : str, optional
        The property that names the regions; default «name».
    level : str
        What the `level` column is to say.
    cache : Cache, optional
        Where what is made of the file's polygons is kept.

    Raises
    ------
    DataError
        The file cannot be read, has no polygons, a region has no name or one named as a row of its own, or
        two regions overlap by more than an error of drawing.
    UsageError
        The file has no such field; the message lists those it has.
    """
    entry = file_of(path)
    source = SourceFile(entry.label, fingerprint(entry))
    # Names are in the key since a notice has them; the file's bytes and the field say all else.
    key = key_of((method_version(), source.sha256, target_crs, field or "", entry.label, repr(limits())))
    content = cache.kept("regions", key, lambda: _made(entry, source, target_crs, field))
    land, land_owner, pieces, owners, said = from_bytes(content)
    facts = _Facts(*orjson.loads(str(said)))
    return RegionSet(
        level,
        tuple(facts.names),
        pieces,
        owners,
        land,
        source,
        notices=tuple(Notice("REGIONS-OVERLAP", message) for message in facts.overlaps),
        countries=tuple(facts.countries) if any(facts.countries) else (),
        codes=tuple(facts.codes),
        spellings=tuple(map(tuple, facts.spellings)),
        land_owner=land_owner,
    )


class _Facts(NamedTuple):
    """What is kept of a file beside polygons: of each region (n,), and what was done where two overlapped."""

    names: list[str]
    countries: list[str]
    codes: list[str]
    spellings: list[list[str]]
    overlaps: list[str]


def _made(entry: Entry, source: SourceFile, target_crs: str, field: str | None) -> bytes:
    """Return as bytes: the regions whole, the region of each; cut small, the region of each; and their facts."""
    where = entry.label
    read, features = read_features(entry)
    if read != source:
        raise changed(where)
    told = _told_apart(_names(features, field, where), features)
    order = sorted(set(told))
    place = {own: number for number, own in enumerate(order)}
    index = np.array([place[own] for own in told], dtype=np.intp)
    if not len(features.polygons):
        raise DataError("holds no polygons", where=where, cure="give a file of region areas")
    names = [name for name, _ in order]
    land, land_owner = _land(features, index, target_crs, where)
    pieces, of = geometry.subdivide(land)
    pieces, owners, notices = partition(pieces, land_owner[of], tuple(names), where)
    mine = [[features.properties[number] for number in np.flatnonzero(index == own)] for own in range(len(order))]
    facts = _Facts(
        names,
        [printable(country_of(properties)) for properties in mine],
        [next(filter(None, codes), "") for _, codes in order],
        [_other_names(properties[0]) for properties in mine],
        [notice.message for notice in notices],
    )
    return to_bytes(land, land_owner, pieces, owners, np.array(orjson.dumps(list(facts)).decode()))


def _land(features: Features, index: Owners, target_crs: str, where: str) -> tuple[Geometries, Owners]:
    """Return the regions as drawn, projected, in few polygons, and the region of each."""
    whole: list[Geometries] = []
    owner: list[Owners] = []
    for region in dict.fromkeys(index):
        mine = np.isin(features.owner, np.flatnonzero(index == region))
        projected = to_equal_area(features.polygons[mine], features.crs, target_crs, where=where)
        whole.append(_without_overlap(projected))
        owner.append(np.full(len(whole[-1]), region))
    return np.concatenate(whole), np.concatenate(owner)


def _without_overlap(polygons: Geometries) -> Geometries:
    """Return polygons of one region, united if two of them touch, so that no ground counts twice."""
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    return geometry.polygonal(geometry.union(polygons)) if (first < second).any() else polygons


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


def _told_apart(names: Sequence[str], features: Features) -> list[tuple[str, tuple[str, ...]]]:
    """Return every feature's name and codes: those of one region are alike.

    Features of one name are parts of one region, unless each of them has a code that says otherwise.
    """
    lower = [{key.casefold(): value for key, value in own.items()} for own in features.properties]
    codes = [tuple(printable(str(own.get(key) or "").strip()) for key in CODE_FIELDS) for own in lower]
    uncoded = {name for name, own in zip(names, codes, strict=True) if not any(own)}
    return [(name, () if name in uncoded else own) for name, own in zip(names, codes, strict=True)]


def _other_names(properties: Mapping[str, object]) -> list[str]:
    """Return what a feature is also called: the texts of fields such as «name_uk» and «NAME_1»."""
    named = (value for key, value in properties.items() if key.casefold().startswith("name"))
    return [printable(value.strip()) for value in named if isinstance(value, str) and value.strip()]
