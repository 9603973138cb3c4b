"""Polygons out of rings, the same for every format: closed, checked, refused by their feature's name, and nested."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.crs import check_on_earth, is_geographic
from frontcalc.errors import DataError
from frontcalc.geometry import Floats, Geometries

Indices = NDArray[np.intp]
Part = tuple[int, Sequence[Any]]  # the index of a feature, and the rings of one of its polygons, the outer first
Polygons = tuple[Geometries, Indices]  # and the feature of each
# What is raised where a file has something else than lists of positions.
NO_POSITIONS = (TypeError, ValueError, IndexError, KeyError, OverflowError, struct.error)
MEND = "repair it or use --skip-bad"


def refused(feature: object, fault: str, *, cure: str = MEND, at: Floats | None = None) -> DataError:
    """Return the error that names a feature, and the place of a broken ring."""
    if at is None:
        return DataError(f"feature {feature} {fault}", cure=cure)
    x, y = map(float, at)
    return DataError(f"feature {feature} {fault}, at {x:.5f}, {y:.5f}", cure=cure, code="BROKEN-RING", at=(x, y))


def checked(polygons: Geometries, owner: Indices, crs: str, *, cure: str, esri: bool = False) -> Polygons:
    """Return polygons, which may be invalid, their rings told apart as outlines and holes, and the feature of each.

    Esri's are one ring each, and nest with those of their feature: clockwise rings are outlines, each other is a hole
    of the smallest outline around it. Of the others, the valid and those of one ring come back as they are. In the rest
    the first ring's direction tells. Clockwise, it is Esri's way, but a clockwise ring is a hole too where it lies in
    an outline and in none of its holes. Counter-clockwise, it is that of RFC 7946: all others are holes of the first.
    DataError names feature and place of a ring that can be neither, and of a coordinate that is no finite number; or it
    has `cure` where coordinates are no degrees, though the CRS says so.
    """
    xy, of_polygon = shapely.get_coordinates(polygons, return_index=True)
    for wild in () if np.isfinite(xy).all() else np.flatnonzero(~np.isfinite(xy).all(axis=1)):
        raise refused(owner[of_polygon[wild]], "has a coordinate that is no finite number", at=xy[wild])
    if (np.abs(xy) > (180.0, 90.0)).any():  # what is within may be degrees
        check_on_earth(xy, degrees=is_geographic(crs), cure=cure)
    del xy, of_polygon
    if esri:
        chosen = np.isin(owner, owner[signed_areas(polygons) > 0])
    else:
        chosen = shapely.get_num_interior_rings(polygons) > 0
        chosen[chosen] = ~shapely.is_valid(polygons[chosen])
    if not chosen.any():
        return polygons, owner
    lines, polygon = shapely.get_rings(polygons[chosen], return_index=True)
    polygon = np.flatnonzero(chosen)[polygon]
    group = owner[polygon] if esri else polygon
    outline_of = _outlines(np.asarray(shapely.polygons(lines)), group, owner[polygon], esri=esri)
    # Each outline before its holes, and these in the order of the file.
    order = np.lexsort((outline_of != np.arange(len(lines)), outline_of))
    order = order[outline_of[order] >= 0]
    outlines, made = np.unique(outline_of[order], return_inverse=True)
    origin = np.concatenate([np.flatnonzero(~chosen), polygon[outlines]])
    every = np.concatenate([polygons[~chosen], shapely.polygons(lines[order], indices=made)])
    order = np.argsort(origin, kind="stable")
    return every[order], owner[origin[order]]


def grid_of(document: Mapping[str, Any], *, esri: bool = False) -> Floats | None:
    """Return scale and translation, (2, 2), of a file that is quantised, in TopoJSON's way or Esri's; else None."""
    transform = document.get("transform")
    if transform is None:
        return None
    try:
        grid = coordinates_of([[transform["scale"], transform["translate"]]])
    except NO_POSITIONS:
        grid = np.zeros((2, 2))
    if not np.isfinite(grid).all() or not grid[0].all():
        problem = "has a «transform» without scale and translate of two numbers each"
        raise DataError(problem, cure="download it without quantisation")
    origin = transform.get("originPosition") if esri else "lowerLeft"
    if origin not in ("upperLeft", "lowerLeft") or (esri and (grid[0] < 0).any()):
        fault = f"has a «transform» of no known kind: originPosition is {origin!r}"
        raise DataError(fault, cure="download it without quantizationParameters")
    grid[0, 1] *= -1 if origin == "upperLeft" else 1
    return grid


def positions_of(lines: Sequence[Any], grid: Floats | None) -> list[Floats]:
    """Return the positions of each line, (n, 2), summed up each by itself if on a grid; NO_POSITIONS if it has none."""
    if lines == []:
        return []
    xy = coordinates_of(lines)
    split = np.split(xy, np.cumsum([len(line) for line in lines])[:-1])
    if grid is not None:
        # What overflows is no finite number, and named with its feature when rings are made of it.
        with np.errstate(over="ignore", invalid="ignore"):
            for line in split:
                np.cumsum(line, axis=0, out=line)
            xy *= grid[0]
            xy += grid[1]
    return split


def coordinates_of(rings: Sequence[Any]) -> Floats:
    """Return the positions of all rings, (n, 2), whatever further values each has."""
    if isinstance(rings[0], np.ndarray):
        return np.concatenate(rings)
    positions = list(chain.from_iterable(rings))
    pairs = positions if set(map(len, positions)) == {2} else ((position[0], position[1]) for position in positions)
    flat = list(chain.from_iterable(pairs))
    xy = np.empty((len(positions), 2))
    # Unlike NumPy, it takes no text for a number; but it takes true for 1. And it is the fastest way.
    struct.pack_into(f"{len(flat)}d", xy.data, 0, *flat)
    for at in np.flatnonzero((xy == 0.0) | (xy == 1.0)).tolist():
        if type(positions[at // 2][at % 2]) is bool:
            raise TypeError("true or false is no number")
    return xy


def _outlines(discs: Geometries, group: Indices, feature: Indices, *, esri: bool) -> Indices:
    """Return for each ring the outline that it is or is a hole of, or -1; rings of a group stand together, in order."""
    clockwise = signed_areas(discs) <= 0
    for ring in np.flatnonzero(~shapely.is_valid(discs)):
        try:
            geometry.refuse_tangled(discs[[ring]])
        except DataError as error:
            raise refused(feature[ring], error.problem, at=discs[ring].exterior.coords[0]) from error
    valid = np.asarray(shapely.make_valid(discs, method="structure"))
    area = shapely.area(valid)
    around = _rings_around(valid, area, group)
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
                fault = "has a hole that is all of its outline"
                fault = fault if outer != ring else "has an outline that is all of the hole around it"
        if fault:
            number = "" if esri else f" (ring {ring - head + 1})"
            raise refused(feature[ring], fault + number, at=shapely.get_coordinates(discs[ring])[0])
        outline_of[ring] = outer
    return outline_of


def _rings_around(valid: Geometries, area: Floats, group: Indices) -> defaultdict[int, list[tuple[int, float]]]:
    """Return for each ring the larger ones of its group that it meets, largest first, with its share inside each."""
    shapely.prepare(valid)
    inner, outer = geometry.meeting_boxes(valid)
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


def signed_areas(polygons: Geometries) -> Floats:
    """Return the area of each polygon's outline, negative where it runs clockwise; (n,), in the CRS's units."""
    xy, ring = shapely.get_coordinates(polygons, return_index=True)
    starts = np.searchsorted(ring, np.arange(len(polygons)))
    # From each ring's own start: far from the origin no digits are lost, and the step to the next ring adds nothing.
    x, y = (xy - xy[starts[ring]]).T
    return np.asarray(np.add.reduceat(x * np.roll(y, -1) - np.roll(x, -1) * y, starts) / 2)
