"""What can be seen on one map by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import combinations

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.archives import day_stated, intervals
from frontcalc.dates import without_day
from frontcalc.errors import DataError
from frontcalc.layers import Role, layer_name
from frontcalc.lint.findings import Fault, Place
from frontcalc.lint.reading import Day, Drawn, FileRead, place_of
from frontcalc.regions import RegionSet

LEAST_KM2 = 0.01
"""Overlaps, and parts outside of regions, below it are the rounding of drawn borders."""

# Roles that say who holds ground; the others lie over them by their nature.
_EXCLUSIVE = (Role.CONTROL, Role.ADVANCE, Role.CLAIMED, Role.CONTESTED, Role.LOST)
_HELD = (Role.CONTROL, Role.ADVANCE)

_COORDINATES = re.compile(r"\[(\S+) (\S+)[^\]]*\]")


def check_files(day: Day) -> Iterator[Fault]:
    """Yield what is wrong with the features of a day's files."""
    for file in day.files:
        names = [without_day(layer_name(own)) for own in file.features.properties]
        points = file.features.not_area.tolist()
        drawn = {*file.features.owner.tolist(), *points}
        bare = [index for index in range(len(names)) if index not in drawn]
        for code, indices, what in (
            ("NOT-AREA", points, ("point or line", "points or lines")),
            ("NO-GEOMETRY", bare, ("feature without geometry", "features without geometry")),
        ):
            for name, count in Counter(names[index] for index in indices).items():
                among = f"{_many(count, *what)} in {name}" if name else _many(count, *what)
                yield Fault(code, among, day.ref.day, layer=name, file=file.name, count=count)


def check_rings(day: Day, target_crs: str) -> Iterator[Fault]:
    """Yield a fault for each layer with polygons that are not valid as drawn, and for those not sure to be repaired."""
    for one in day.layers:
        bad = one.polygons[~shapely.is_valid(one.polygons)]
        if not len(bad):
            continue
        gap_km2 = _repair_gaps_km2(bad, one, target_crs)
        for code, some in (("REPAIRS-DIFFER", bad[gap_km2 > 0]), ("INVALID-RING", bad[gap_km2 == 0])):
            if not len(some):
                continue
            reason = str(shapely.is_valid_reason(some[0]))
            kind = _COORDINATES.sub("", reason).lower()
            what = f"{_many(len(some), 'polygon', 'polygons')} of {one.name} invalid as drawn, the first by {kind}"
            km2 = float(np.sum(gap_km2)) if code == "REPAIRS-DIFFER" else None
            what += f"; two ways of repair differ by {km2:,.1f} km²" if km2 else ""
            yield Fault(
                code, what, day.ref.day,
                layer=one.name, file=one.file, at=_place(reason, one), km2=km2, count=len(some),
            )  # fmt: skip


def _repair_gaps_km2(bad: NDArray[np.object_], one: Drawn, target_crs: str) -> NDArray[np.float64]:
    """Return by how much two ways of repairing each polygon differ (km²); 0 below 1, and where none can be measured."""
    try:
        drawn = geometry.project_polygons(bad, crs.projector(one.crs, target_crs))
        gap_m2 = geometry.repair_both_ways(drawn)[1]
    except (DataError, shapely.GEOSException):
        return np.zeros(len(bad))
    # What is valid again in the projection has no other repair.
    return gap_m2 / 1e6 if len(gap_m2) == len(bad) else np.zeros(len(bad))


def _place(reason: str, one: Drawn) -> Place | None:
    """Return the place that GEOS names in its reason, in degrees."""
    found = _COORDINATES.search(reason)
    if not found:
        return None
    lon, lat = crs.transformer(one.crs, crs.LONLAT).transform(float(found[1]), float(found[2]))
    return float(lon), float(lat)


def check_overlaps(day: Day, target_crs: str, known: dict[tuple[str, str], Fault | None]) -> Iterator[Fault]:
    """Yield a fault for each two layers that cover the same ground.

    Parameters
    ----------
    day : Day
        One map.
    target_crs : str
        The CRS of its grounds.
    known : dict
        Overlaps by the layers' digests, those of the map before; replaced by those of this one.
    """
    before, today = dict(known), {}
    mine = [one for one in day.layers if one.ground is not None and one.layer.role in _EXCLUSIVE]
    for first, second in combinations(mine, 2):
        rival = first.layer.actor != second.layer.actor
        if rival and not (first.layer.role in _HELD and second.layer.role in _HELD):
            continue
        pair = (first.digest, second.digest)
        today[pair] = before[pair] if pair in before else _overlap(day, first, second, target_crs)
        if found := today[pair]:
            yield Fault(
                found.code, found.what, day.ref.day,
                layer=f"{first.name} + {second.name}", file=first.file, at=found.at, km2=found.km2,
            )  # fmt: skip
    known.clear()
    known.update(today)


def _overlap(day: Day, first: Drawn, second: Drawn, target_crs: str) -> Fault | None:
    """Return the fault of two layers that overlap, None where they do not."""
    assert first.ground is not None
    assert second.ground is not None
    shared = shapely.intersection(first.ground, second.ground)
    km2 = float(geometry.area_km2(shared))
    if km2 < LEAST_KM2:
        return None
    rival = first.layer.actor != second.layer.actor
    who = (
        f"{first.layer.actor} and {second.layer.actor} both hold" if rival else f"{first.name} and {second.name} cover"
    )
    what = f"{who} the same {km2:,.3f} km²"
    largest = max(geometry.polygonal(shared), key=lambda part: float(part.area))
    return Fault("ACTORS-OVERLAP" if rival else "OVERLAP", what, day.ref.day, at=place_of(largest, target_crs), km2=km2)


def check_outside(day: Day, regions: RegionSet, target_crs: str) -> Iterator[Fault]:
    """Yield a fault for each layer that has parts which touch no region."""
    if not regions.names:
        return
    tree = shapely.STRtree(regions.pieces)
    for one in day.layers:
        if one.ground is None or one.layer.role is Role.OTHER:
            continue
        parts = shapely.get_parts(one.ground)
        touching = np.unique(tree.query(parts, predicate="intersects")[0])
        outside = np.delete(parts, touching)
        outside = outside[geometry.area_km2(outside) >= LEAST_KM2]
        if len(outside):
            largest = max(outside, key=lambda part: float(part.area))
            km2 = float(np.sum(geometry.area_km2(outside)))
            what = f"{_many(len(outside), 'part', 'parts')} of {one.name}, {km2:,.3f} km², in no region"
            at = place_of(largest, target_crs)
            yield Fault(
                "OUTSIDE-REGIONS", what, day.ref.day,
                layer=one.name, file=one.file, at=at, km2=km2, count=len(outside),
            )  # fmt: skip


def stated_day(file: FileRead) -> date | Fault | None:
    """Return the one day that a file's date property states, a fault where it is none, None without any."""
    if file.part.selection is not None:
        return None
    try:
        return day_stated(intervals(file.features, None, where=file.name))
    except DataError as error:
        return Fault("DATE-IMPLAUSIBLE", error.problem, file=file.name)


def _many(count: int, one: str, many: str) -> str:
    """Return a count with its noun, as in «1 polygon is» and «2,000 polygons are»."""
    return f"{count:,} {one if count == 1 else many}"
