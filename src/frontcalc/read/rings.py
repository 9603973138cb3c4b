"""Polygons out of rings, the same for every format: closed, checked, refused by their feature's name, and nested."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.crs import fault_of_degrees, is_geographic
from frontcalc.errors import DataError
from frontcalc.limits import limits, too_many_vertices

Part = tuple[int, Sequence[Any]]
"""The index of a feature, and the rings of one of its polygons, the outer ring first."""

Polygons = tuple[NDArray[np.object_], NDArray[np.intp]]
"""Polygons, and the feature of each."""

NO_POSITIONS = (TypeError, ValueError, IndexError, KeyError, OverflowError)
"""What is raised where a file has something else than lists of positions."""

MEND = "repair it or use --skip-bad"
_UNDECLARED = "a file in a projected CRS must declare it («crs» in GeoJSON, «spatialReference» in Esri JSON)"

# The Earth's girth in millimetres is 4e10; beyond this nothing is meant, and figures overflow.
_FARTHEST = 1e12


def refused(
    feature: object, fault: str, *, where: str, cure: str = MEND, at: NDArray[np.float64] | None = None
) -> DataError:
    """Return the error that names a feature, and the place of a broken ring."""
    if at is None:
        return DataError(f"feature {feature} {fault}", where=where, cure=cure)
    x, y = map(float, at)
    problem = f"feature {feature} {fault}, at {x:.5f}, {y:.5f}"
    return DataError(problem, where=where, cure=cure, code="BROKEN-RING", at=(x, y))


def build_polygons(parts: Sequence[Part], crs: str, *, where: str, esri: bool = False) -> Polygons:
    """Return the polygons of parts, none of which is without rings, nested as by `nest_polygons`; they may be invalid.

    Z values are dropped and rings that were left open are closed, neither of which changes an area. DataError names
    the feature whose ring has too few points, or a position that is no pair of finite numbers.
    """
    feature = np.array([index for index, _ in parts], dtype=np.intp)
    if not parts:
        return np.empty(0, dtype=object), feature
    try:
        rings = [ring for _, polygon in parts for ring in polygon]
        lengths = np.array([len(ring) for ring in rings])
        if not lengths.all():
            raise ValueError("an empty ring")
        if lengths.sum() > limits()["max_vertices"]:
            raise too_many_vertices(int(lengths.sum()), where=where)
        xy = _coordinates(rings)
    except NO_POSITIONS as error:
        for part in parts[:-1]:
            build_polygons([part], crs, where=where)  # the first that cannot be read is named
        raise refused(parts[-1][0], "has coordinates that are not lists of positions", where=where) from error
    counts = [len(polygon) for _, polygon in parts]
    owner, starts = np.repeat(feature, counts), np.cumsum(lengths) - lengths
    points = lengths - (xy[starts] == xy[starts + lengths - 1]).all(axis=1)
    for ring in np.flatnonzero(points < 3):
        raise refused(owner[ring], f"has a ring of {points[ring]} points", where=where, at=xy[starts[ring]])
    for wild in np.flatnonzero(~np.isfinite(xy).all(axis=1)):
        ring = np.searchsorted(starts, wild, side="right") - 1
        raise refused(owner[ring], "has a coordinate that is no finite number", where=where, at=xy[wild])
    check_on_earth(xy, crs, where=where, cure=_UNDECLARED)
    lines = np.asarray(shapely.linearrings(xy, indices=np.repeat(np.arange(len(lengths)), lengths)))
    drawn = np.asarray(shapely.polygons(lines, indices=np.repeat(np.arange(len(parts)), counts)), dtype=object)
    del xy, lines, rings  # while rings are nested, these need no room
    return nest_polygons(drawn, feature, where=where, esri=esri)


def grid_of(document: Mapping[str, Any], *, where: str, esri: bool = False) -> NDArray[np.float64] | None:
    """Return scale and translation, (2, 2), of a file that is quantised, in TopoJSON's way or Esri's; else None."""
    transform = document.get("transform")
    if transform is None:
        return None
    try:
        grid = _coordinates([[transform["scale"], transform["translate"]]])
    except NO_POSITIONS:
        grid = np.zeros((2, 2))
    if not np.isfinite(grid).all() or not grid[0].all():
        problem = "has a «transform» without scale and translate of two numbers each"
        raise DataError(problem, where=where, cure="download it without quantisation")
    origin = transform.get("originPosition") if esri else "lowerLeft"
    if origin not in ("upperLeft", "lowerLeft") or (esri and (grid[0] < 0).any()):
        fault = f"has a «transform» of no known kind: originPosition is {origin!r}"
        raise DataError(fault, where=where, cure="download it without quantizationParameters")
    grid[0, 1] *= -1 if origin == "upperLeft" else 1
    return grid


def positions_of(lines: Sequence[Any], grid: NDArray[np.float64] | None) -> list[NDArray[np.float64]]:
    """Return the positions of each line, (n, 2), summed up each by itself if on a grid; NO_POSITIONS if it has none."""
    if lines == []:
        return []
    xy = _coordinates(lines)
    split = np.split(xy, np.cumsum([len(line) for line in lines])[:-1])
    if grid is not None:
        # What overflows is no finite number, and named with its feature when rings are made of it.
        with np.errstate(over="ignore", invalid="ignore"):
            for line in split:
                np.cumsum(line, axis=0, out=line)
            xy *= grid[0]
            xy += grid[1]
    return split


def _coordinates(rings: Sequence[Any]) -> NDArray[np.float64]:
    """Return the positions of all rings, (n, 2), whatever further values each has."""
    if isinstance(rings[0], np.ndarray):
        return np.concatenate(rings)
    positions = list(chain.from_iterable(rings))
    pairs = positions if set(map(len, positions)) == {2} else ((position[0], position[1]) for position in positions)
    # Unlike NumPy, an array of the standard library takes no text for a number; but it takes true for 1.
    xy = np.frombuffer(array("d", chain.from_iterable(pairs))).reshape(-1, 2)
    for at in np.flatnonzero(((xy == 0.0) | (xy == 1.0)).any(axis=1)).tolist():
        if bool in map(type, positions[at][:2]):
            raise TypeError("true or false is no number")
    return xy


def check_on_earth(xy: NDArray[np.float64], crs: str, *, where: str, cure: str) -> None:
    """Refuse finite coordinates (n, 2) that are no degrees, with `cure`, in a CRS of degrees; or beyond any place."""
    if not len(xy):
        return
    (west, south), (east, north) = xy.min(axis=0), xy.max(axis=0)
    extent = f"x {west:.6g} to {east:.6g}, y {south:.6g} to {north:.6g}"
    if is_geographic(crs):
        if west < -180.0 or east > 180.0 or south < -90.0 or north > 90.0:
            code = fault_of_degrees((west, south, east, north))
            raise DataError(f"its coordinates are no degrees: {extent}", where=where, cure=cure, code=code)
    elif max(-west, -south, east, north) > _FARTHEST:
        problem = f"its coordinates are no place on Earth: {extent}"
        raise DataError(problem, where=where, cure="check its CRS", code="OUT-OF-RANGE")


def nest_polygons(
    polygons: NDArray[np.object_], owner: NDArray[np.intp], *, where: str, esri: bool = False
) -> Polygons:
    """Return polygons whose rings are told apart as outlines and holes, and the feature of each.

    Esri's are one ring each, and nest with those of their feature: clockwise rings are outlines, each other is a hole
    of the smallest outline around it. Of the others, the valid and those of one ring come back as they are. In the rest
    the first ring's direction tells. Clockwise, it is Esri's way, but a clockwise ring is a hole too where it lies in
    an outline and in none of its holes. Counter-clockwise, it is that of RFC 7946: all others are holes of the first.
    DataError names the feature and place of a ring that can be neither.
    """
    if esri:
        chosen = np.isin(owner, owner[_signed_areas(polygons) > 0])
    else:
        chosen = shapely.get_num_interior_rings(polygons) > 0
        chosen[chosen] = ~shapely.is_valid(polygons[chosen])
    if not chosen.any():
        return polygons, owner
    lines, polygon = shapely.get_rings(polygons[chosen], return_index=True)
    polygon = np.flatnonzero(chosen)[polygon]
    group = owner[polygon] if esri else polygon
    outline_of = _outlines(np.asarray(shapely.polygons(lines)), group, owner[polygon], where=where, esri=esri)
    # Each outline before its holes, and these in the order of the file.
    order = np.lexsort((outline_of != np.arange(len(lines)), outline_of))
    order = order[outline_of[order] >= 0]
    outlines, made = np.unique(outline_of[order], return_inverse=True)
    origin = np.concatenate([np.flatnonzero(~chosen), polygon[outlines]])
    every = np.concatenate([polygons[~chosen], shapely.polygons(lines[order], indices=made)])
    order = np.argsort(origin, kind="stable")
    return every[order], owner[origin[order]]


def _outlines(
    discs: NDArray[np.object_], group: NDArray[np.intp], feature: NDArray[np.intp], *, where: str, esri: bool
) -> NDArray[np.intp]:
    """Return for each ring the outline that it is or is a hole of, or -1; rings of a group stand together, in order."""
    clockwise = _signed_areas(discs) <= 0
    for ring in np.flatnonzero(~shapely.is_valid(discs)):
        if geometry.is_tangled(discs[ring]):
            at = shapely.get_coordinates(discs[ring])[0]
            raise refused(feature[ring], "has a ring that crosses itself too often to be repaired", where=where, at=at)
    valid = np.asarray(shapely.make_valid(discs, method="structure"))
    area = shapely.area(valid)
    around = _rings_around(valid, area, group, where)
    outline_of = np.arange(len(discs))
    # Largest first, so that what is around a ring is known already.
    for ring in np.argsort(-area, kind="stable").tolist():
        head = int(np.searchsorted(group, group[ring]))
        if clockwise[ring] if esri else ring == head:
            continue
        if not area[ring]:
            # A collapsed ring takes nothing away, wherever it is.
            outline_of[ring] = -1 if esri else head
            continue
        inside = [other for other, share in around[ring] if share > 0.5]
        outlines = [other for other in inside if outline_of[other] == other]
        outer, fault = ring, ""
        if not esri and not clockwise[head]:
            outer, fault = head, "has a hole inside another hole" if len(inside) > 1 else ""
            fault = fault if head in inside else "has a hole outside its outline"
        elif not clockwise[ring]:
            outer = outlines[-1] if outlines else ring
            fault = "" if outlines else "has a hole (a counter-clockwise ring) in no outline"
        else:
            # One that stands out by a rounding is inside; one that stands out by more than a tenth crosses.
            if any(0.1 < share < 0.9 and outline_of[other] == other for other, share in around[ring]):
                fault = "has a ring that crosses an outline, and may be outline or hole"
            # The smallest is the last: an outline there means that the ring is in none of its holes.
            outer = inside[-1] if inside and inside[-1] in outlines else ring
        if not esri and inside and not fault:
            other = outer if outer != ring else inside[-1]
            least = area[other] * 1e-9
            if area[other] - area[ring] <= least and shapely.difference(valid[other], valid[ring]).area <= least:
                fault = "has an outline that is all of the hole around it"
                fault = fault if outer == ring else "has a hole that is all of its outline"
        if fault:
            number = "" if esri else f" (ring {ring - head + 1})"
            raise refused(feature[ring], fault + number, where=where, at=shapely.get_coordinates(discs[ring])[0])
        outline_of[ring] = outer
    return outline_of


def _rings_around(
    valid: NDArray[np.object_], area: NDArray[np.float64], group: NDArray[np.intp], where: str
) -> defaultdict[int, list[tuple[int, float]]]:
    """Return for each ring the larger ones of its group that it meets, largest first, with its share inside each."""
    shapely.prepare(valid)
    try:
        inner, outer = geometry.meeting_boxes(valid)
    except DataError as error:
        raise DataError(error.problem, where=where, cure=error.cure) from error
    # Of rings of one size the first in the file counts as the larger.
    larger = (area[outer] > area[inner]) | ((area[outer] == area[inner]) & (outer < inner))
    mine = (group[inner] == group[outer]) & larger & (area[inner] > 0)
    inner, outer = inner[mine], outer[mine]
    share = shapely.covers(valid[outer], valid[inner]).astype(np.float64)
    part = np.flatnonzero(share == 0)
    share[part] = shapely.area(shapely.intersection(valid[outer[part]], valid[inner[part]])) / area[inner[part]]
    around: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for at in np.lexsort((outer, -area[outer])).tolist():
        around[int(inner[at])].append((int(outer[at]), float(share[at])))
    return around


def _signed_areas(polygons: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the area of each polygon's outline, negative where it runs clockwise; (n,), in the CRS's units."""
    xy, ring = shapely.get_coordinates(polygons, return_index=True)
    starts = np.searchsorted(ring, np.arange(len(polygons)))
    # From each ring's own start: far from the origin no digits are lost, and the step to the next ring adds nothing.
    x, y = (xy - xy[starts[ring]]).T
    doubled = x * np.roll(y, -1) - np.roll(x, -1) * y
    return np.asarray(np.add.reduceat(doubled, starts) / 2)
