"""Which rings are outlines and which are holes, where a file leaves that to whoever reads it."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.errors import DataError
from frontcalc.sources.features import Features
from frontcalc.sources.rings import refused_ring

Indices = NDArray[np.intp]

LEAST_NESTED_KM2 = 0.01
"""Polygons inside others below it are what drawing leaves over."""

# A ring that stands out by a rounding is inside; one that stands out by more than this share crosses.
_MOSTLY = 0.9


def nest_polygons(polygons: NDArray[np.object_], owner: Indices, *, where: str) -> tuple[NDArray[np.object_], Indices]:
    """Return polygons whose rings are told apart, and the feature of each.

    Valid polygons, and those of one ring, come back as they are. In any other the first ring's direction tells.
    Clockwise, it is Esri's way: each clockwise ring is an outline, unless it lies inside an outline and in none of
    its holes, and each other ring is a hole of the smallest outline around it. Counter-clockwise, it is that of
    RFC 7946: all other rings are holes of the first.

    Parameters
    ----------
    polygons : (n,) array of shapely Polygon
        As drawn.
    owner : (n,) array of int
        The feature of each.
    where : str
        The file's name, for messages.

    Raises
    ------
    DataError
        A hole lies outside its outline, in another hole, or is all of its outline, or an outline all of a hole;
        a ring may be outline or hole.
    """
    many = np.flatnonzero(shapely.get_num_interior_rings(polygons))
    many = many[~shapely.is_valid(polygons[many])]
    if not len(many):
        return polygons, owner
    lines, group = shapely.get_rings(polygons[many], return_index=True)
    discs = np.asarray(shapely.polygons(lines))
    outlines, made = _nest(discs, group, owner[many], _signed_areas(discs) <= 0, where=where, esri=False)
    counts = np.ones(len(polygons), dtype=np.intp)
    counts[many] = np.bincount(group[outlines], minlength=len(many))
    again = np.repeat(np.isin(np.arange(len(polygons)), many), counts)
    nested = np.repeat(polygons, counts)
    nested[again] = made
    return nested, np.repeat(owner, counts)


def nest_esri(rings: NDArray[np.object_], feature: Indices, *, where: str) -> tuple[NDArray[np.object_], Indices]:
    """Return polygons and their features from Esri's rings, each a polygon of one ring.

    Clockwise rings are outlines, the others holes of the smallest outline of their feature around them.

    Raises
    ------
    DataError
        A hole lies in no outline.
    """
    clockwise = _signed_areas(rings) <= 0
    # Features without holes need no more.
    some = np.flatnonzero(np.isin(feature, feature[~clockwise]))
    features, group = np.unique(feature[some], return_inverse=True)
    outlines, made = _nest(rings[some], group, features, clockwise[some], where=where, esri=True)
    kept = np.ones(len(rings), dtype=bool)
    kept[some] = np.isin(np.arange(len(some)), outlines)
    polygons = rings.copy()
    polygons[some[outlines]] = made
    return polygons[kept], feature[kept]


def nested_km2(features: Features) -> float:
    """Return the area of polygons that lie inside another of the same feature (km²)."""
    try:
        inner, outer = geometry.inside_another(features.polygons, features.owner)
        if not len(inner):
            return 0.0
        project = crs.projector(features.crs, crs.DEFAULT_CRS)
        both = [
            shapely.make_valid(geometry.project_polygons(features.polygons[one], project), method="structure")
            for one in (inner, outer)
        ]
    except DataError:
        return 0.0
    shared = np.asarray(shapely.intersection(both[0], both[1]))
    # Polygons that only overlap are not meant as holes.
    whole = shapely.area(shared) >= 0.99 * shapely.area(both[0])
    return float(geometry.area_km2(geometry.union(geometry.polygonal(shared[whole]))))


def _nest(
    discs: NDArray[np.object_],
    group: Indices,
    feature: Indices,
    clockwise: NDArray[np.bool_],
    *,
    where: str,
    esri: bool,
) -> tuple[Indices, NDArray[np.object_]]:
    """Return which rings are outlines, and their polygons; `feature` is that of each group, and groups are in order."""
    valid = np.asarray(shapely.make_valid(discs, method="structure"))
    area = shapely.area(valid)
    try:
        around = _rings_around(valid, area, group)
    except DataError as error:
        raise DataError(error.problem, where=where, cure=error.cure) from error
    hole_of = np.full(len(discs), -1, dtype=np.intp)
    # Largest first, so that what is around a ring is known already.
    for ring in np.argsort(-area, kind="stable").tolist():
        head = int(np.searchsorted(group, group[ring]))
        inside = [other for other, share in around[ring] if share > 0.5]
        outlines = [other for other in inside if hole_of[other] < 0]
        fault = ""
        if ring == head and not esri:
            pass
        elif not area[ring]:
            # A collapsed ring takes nothing away, wherever it is.
            hole_of[ring] = -1 if esri else head
        elif not clockwise[head] and not esri:
            fault = "has a hole inside another hole" if len(inside) > 1 else ""
            fault = fault if head in inside else "has a hole outside its outline"
            hole_of[ring] = head
        elif not clockwise[ring]:
            fault = "" if outlines else "has a hole (a counter-clockwise ring) in no outline"
            hole_of[ring] = outlines[-1] if outlines else -1
        elif not esri:
            if any(1 - _MOSTLY < share < _MOSTLY and hole_of[other] < 0 for other, share in around[ring]):
                fault = "has a ring that crosses an outline, and may be outline or hole"
            # The smallest is the last: an outline there means that the ring is in none of its holes.
            hole_of[ring] = inside[-1] if inside and hole_of[inside[-1]] < 0 else -1
            if hole_of[ring] < 0 and inside and _same(valid[ring], valid[inside[-1]]):
                fault = "has an outline that is all of the hole around it"
        if not fault and not esri and hole_of[ring] >= 0 and area[ring] and _same(valid[ring], valid[hole_of[ring]]):
            fault = "has a hole that is all of its outline"
        if fault:
            at = shapely.get_coordinates(discs[ring])[0]
            number = "" if esri else f" (ring {ring - head + 1})"
            raise refused_ring(int(feature[group[ring]]), fault + number, at, where=where)
    kept = clockwise | (area > 0) if esri else np.ones(len(discs), dtype=bool)
    return _assembled(discs, hole_of, kept)


def _same(hole: shapely.Geometry, outline: shapely.Geometry) -> bool:
    """Say whether a hole leaves nothing of its outline."""
    whole = shapely.area(outline)
    least = whole * 1e-9
    return bool(whole - shapely.area(hole) <= least and shapely.area(shapely.difference(outline, hole)) <= least)


def _assembled(
    discs: NDArray[np.object_], hole_of: Indices, kept: NDArray[np.bool_]
) -> tuple[Indices, NDArray[np.object_]]:
    """Return the outlines, and a polygon for each, with its holes in the order of the file."""
    holes: dict[int, list[int]] = defaultdict(list)
    for ring in np.flatnonzero((hole_of >= 0) & kept).tolist():
        holes[int(hole_of[ring])].append(ring)
    outlines = np.flatnonzero((hole_of < 0) & kept)
    lines = shapely.get_exterior_ring(discs)
    polygons = discs[outlines]
    for at, outline in enumerate(outlines.tolist()):
        if outline in holes:
            polygons[at] = shapely.Polygon(lines[outline], lines[holes[outline]].tolist())
    return outlines, polygons


def _rings_around(
    valid: NDArray[np.object_], area: NDArray[np.float64], group: Indices
) -> defaultdict[int, list[tuple[int, float]]]:
    """Return for each ring the larger ones of its group that it meets, largest first, with its share inside each."""
    shapely.prepare(valid)
    inner, outer = geometry.meeting_boxes(valid)
    # Of rings of one size the first in the file counts as the larger.
    larger = (area[outer] > area[inner]) | ((area[outer] == area[inner]) & (outer < inner))
    mine = (group[inner] == group[outer]) & larger & (area[inner] > 0)
    inner, outer = inner[mine], outer[mine]
    share = shapely.covers(valid[outer], valid[inner]).astype(np.float64)
    open_ = np.flatnonzero(share == 0)
    shared = shapely.area(shapely.intersection(valid[outer[open_]], valid[inner[open_]]))
    share[open_] = shared / area[inner[open_]]
    around: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for at in np.lexsort((outer, -area[outer])).tolist():
        around[int(inner[at])].append((int(outer[at]), float(share[at])))
    return around


def _signed_areas(polygons: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the area of each polygon's outline, negative where it runs clockwise; (n,), in the CRS's units."""
    if not len(polygons):
        return np.empty(0)
    xy, ring = shapely.get_coordinates(polygons, return_index=True)
    starts = np.searchsorted(ring, np.arange(len(polygons)))
    # From each ring's own start: far from the origin no digits are lost, and the step to the next ring adds nothing.
    x, y = (xy - xy[starts[ring]]).T
    doubled = x * np.roll(y, -1) - np.roll(x, -1) * y
    return np.asarray(np.add.reduceat(doubled, starts) / 2)
