"""What can be seen on one map by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.archives import SnapshotRef
from frontcalc.dates import without_day
from frontcalc.errors import DataError, UsageError
from frontcalc.layers import Layer, Role, layer_name
from frontcalc.notices import FINDINGS, Fault, Severity
from frontcalc.regions import RegionSet
from frontcalc.snapshots import Tell, to_equal_area
from frontcalc.snapshots.snapshot import Box, DayFile, box_around, parse_snapshot
from frontcalc.versions import key_of
from frontcalc.views import VIEWS

LEAST_KM2 = 0.01  # overlaps, and parts outside of regions, below it are the rounding of drawn borders
# Roles that say who holds ground; the others lie over them by their nature.
_EXCLUSIVE = (Role.CONTROL, Role.ADVANCE, Role.CLAIMED, Role.CONTESTED, Role.LOST)
_HELD = (Role.CONTROL, Role.ADVANCE)

_COORDINATES = re.compile(r"\[(\S+) (\S+)[^\]]*\]")


class CheckedLayer(NamedTuple):
    """A known layer of one map."""

    name: str
    layer: Layer
    file: str
    crs: str
    polygons: NDArray[np.object_]  # as drawn in `crs`
    digest: str  # the same for the same polygons, in whatever order
    ground: shapely.MultiPolygon | None  # in metres; None where none can be made


@dataclass(frozen=True, slots=True, eq=False)
class CheckedMap:
    """One map as far as it can be read, with the faults met, and what was measured on it in the CRS `plane`."""

    ref: SnapshotRef
    day: date
    plane: str
    faults: tuple[Fault, ...]
    known: tuple[tuple[str, Layer, str], ...]  # name, meaning and digest of its layers
    sha256: tuple[str, ...]  # of its files; empty where they hold other days too
    stated: tuple[date, ...]  # the days that its files' properties state
    box: Box | None  # around its layers (degrees)
    # What holds features and geometry, which only the next map needs: it takes over what is the same.
    files: tuple[DayFile, ...]
    layers: tuple[CheckedLayer, ...]
    tells: tuple[Tell, ...]
    held_km2: dict[str, float] = field(default_factory=dict)  # by actor, in the assessed view
    # By the digests of two layers, None where they do not overlap.
    overlaps: dict[tuple[str, str], Fault | None] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """What messages call its first file."""
        return self.ref.names[0]

    @property
    def whole(self) -> bool:
        """Whether all of it could be read."""
        return all(FINDINGS[fault.code].severity is not Severity.ERROR for fault in self.faults)


def read_map(ref: SnapshotRef, before: CheckedMap | None, plane: str) -> CheckedMap:
    """Return one map; what is byte for byte the same as on the map `before` is neither read nor measured again."""
    assert ref.day is not None  # every map of an archive has one
    faults: list[Fault] = []
    known = {one.source.sha256: one.features for one in before.files if not one.part.day} if before else {}
    snapshot, drawn, files = parse_snapshot(ref, faults=faults, known=known)
    grounds = {(one.digest, one.crs): one.ground for one in before.layers} if before else {}
    layers = []
    for part in snapshot.layers:
        polygons = drawn[part]
        digest = key_of(sorted(shapely.to_wkb(polygons)))
        if (digest, part.crs) not in grounds:
            try:
                grounds[digest, part.crs] = geometry.union(to_equal_area(polygons, part.crs, plane))
            except (shapely.GEOSException, UsageError, DataError) as error:
                what = f"cannot be measured: {error.problem if isinstance(error, DataError) else error}"
                faults.append(Fault("UNMEASURABLE", what, ref.day, layer=part.name, file=part.file))
                grounds[digest, part.crs] = None
        ground = grounds[digest, part.crs]
        layers.append(CheckedLayer(part.name, part.layer, part.file, part.crs, polygons, digest, ground))
    several_days = any(one.part.day for one in files)
    checked = CheckedMap(
        ref=ref,
        day=ref.day,
        plane=plane,
        faults=tuple(faults),
        known=tuple((one.name, one.layer, one.digest) for one in layers),
        sha256=() if several_days else tuple(sorted(one.source.sha256 for one in files)),
        stated=tuple(one.stated for one in files if one.stated),
        box=box_around((one.crs, one.polygons) for one in layers),
        files=files,
        layers=tuple(layers),
        tells=snapshot.tells,
    )
    for actor in sorted({one.layer.actor for one in layers}):
        mine, old = held_layers(checked, actor), held_layers(before, actor) if before else []
        if before and mine and [(one.digest, one.crs) for one in mine] == [(one.digest, one.crs) for one in old]:
            checked.held_km2[actor] = before.held_km2[actor]
        elif mine:
            checked.held_km2[actor] = float(geometry.area_km2(ground_of(mine)))
    return checked


def held_layers(one: CheckedMap, actor: str) -> list[CheckedLayer]:
    """Return the layers that show what an actor holds by the assessed view."""
    return [own for own in one.layers if own.layer.actor == actor and VIEWS["assessed"].counts(own.name, own.layer)]


def ground_of(layers: list[CheckedLayer]) -> shapely.MultiPolygon:
    """Return the union of some layers' grounds."""
    grounds = [one.ground for one in layers if one.ground is not None]
    return grounds[0] if len(grounds) == 1 else geometry.union(geometry.polygonal(grounds))


def check_map(one: CheckedMap, before: CheckedMap | None, regions: RegionSet) -> list[Fault]:
    """Return the faults of a map by itself; overlaps that are those of the map `before` are not measured again."""
    return [*one.faults, *_features(one), *_rings(one), *_overlaps(one, before), *_outside(one, regions)]


def _features(day: CheckedMap) -> Iterator[Fault]:
    """Yield a fault for the points and lines, and one for the features without geometry, of each name in a file."""
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
                yield Fault(code, among, day.day, layer=name, file=file.source.name, count=count)


def _rings(day: CheckedMap) -> Iterator[Fault]:
    """Yield a fault for each layer with polygons that are not valid as drawn, and for those not sure to be repaired."""
    for one in day.layers:
        bad = one.polygons[~shapely.is_valid(one.polygons)]
        if not len(bad):
            continue
        # By how much two ways of repair differ: 0 below 1 km², and where none can be measured.
        gap_km2 = np.zeros(len(bad))
        with suppress(DataError, shapely.GEOSException):
            gap_m2 = geometry.repair_both_ways(geometry.project_polygons(bad, crs.projector(one.crs, day.plane)))[1]
            # What is valid again in the projection has no other repair.
            gap_km2 = gap_m2 / 1e6 if len(gap_m2) == len(bad) else gap_km2
        for code, some in (("REPAIRS-DIFFER", bad[gap_km2 > 0]), ("INVALID-RING", bad[gap_km2 == 0])):
            if not len(some):
                continue
            reason = str(shapely.is_valid_reason(some[0]))
            kind = _COORDINATES.sub("", reason).lower()
            what = f"{_many(len(some), 'polygon', 'polygons')} of {one.name} invalid as drawn, the first by {kind}"
            km2 = float(np.sum(gap_km2)) if code == "REPAIRS-DIFFER" else None
            what += f"; two ways of repair differ by {km2:,.1f} km²" if km2 else ""
            match = _COORDINATES.search(reason)
            at = _in_degrees(float(match[1]), float(match[2]), one.crs) if match else None
            yield Fault(code, what, day.day, layer=one.name, file=one.file, at=at, km2=km2, count=len(some))


def _overlaps(day: CheckedMap, before: CheckedMap | None) -> Iterator[Fault]:
    """Yield a fault for each two layers that cover the same ground."""
    mine = [(one, one.ground) for one in day.layers if one.ground is not None and one.layer.role in _EXCLUSIVE]
    for (first, ground), (second, other) in combinations(mine, 2):
        rival = first.layer.actor != second.layer.actor
        if rival and not (first.layer.role in _HELD and second.layer.role in _HELD):
            continue
        pair, known = (first.digest, second.digest), before.overlaps if before else {}
        day.overlaps[pair] = known.get(pair)
        if pair not in known:
            shared = geometry.overlaid(shapely.intersection, ground, other)
            km2 = float(geometry.area_km2(shared))
            if km2 >= LEAST_KM2:
                who = " and ".join(one.layer.actor if rival else one.name for one in (first, second))
                what = f"{who} {'both hold' if rival else 'cover'} the same {km2:,.3f} km²"
                at = place_of(max(geometry.polygonal(shared), key=lambda part: float(part.area)), day.plane)
                day.overlaps[pair] = Fault("ACTORS-OVERLAP" if rival else "OVERLAP", what, at=at, km2=km2)
        if fault := day.overlaps[pair]:
            yield replace(fault, day=day.day, layer=f"{first.name} + {second.name}", file=first.file)


def _outside(day: CheckedMap, regions: RegionSet) -> Iterator[Fault]:
    """Yield a fault for each layer that has parts which touch no region."""
    if not regions.names:
        return
    tree = shapely.STRtree(regions.pieces)
    for one in day.layers:
        if one.ground is None or one.layer.role is Role.OTHER:
            continue
        parts = shapely.get_parts(one.ground)
        outside = np.delete(parts, np.unique(tree.query(parts, predicate="intersects")[0]))
        outside = outside[geometry.area_km2(outside) >= LEAST_KM2]
        if count := len(outside):
            at = place_of(max(outside, key=lambda part: float(part.area)), day.plane)
            km2 = float(np.sum(geometry.area_km2(outside)))
            what = f"{_many(count, 'part', 'parts')} of {one.name}, {km2:,.3f} km², in no region"
            yield Fault("OUTSIDE-REGIONS", what, day.day, None, one.name, one.file, at, km2, count)


def place_of(part: shapely.Geometry, plane: str) -> tuple[float, float]:
    """Return a place inside a geometry of the equal-area CRS (degrees)."""
    inside = shapely.point_on_surface(part)
    return _in_degrees(inside.x, inside.y, plane)


def _in_degrees(x: float, y: float, source: str) -> tuple[float, float]:
    """Return longitude and latitude of a point."""
    lon, lat = crs.transformer(source, crs.LONLAT).transform(x, y)
    return float(lon), float(lat)


def _many(count: int, one: str, many: str) -> str:
    """Return a count with its noun, as in «1 polygon» and «2,000 polygons»."""
    return f"{count:,} {one if count == 1 else many}"
