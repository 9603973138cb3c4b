"""Slivers: parts of a change so narrow that a line drawn anew explains them better than a front that moved.

Publishers redraw, simplify and digitise the same line again, and every such line leaves hundreds of narrow
parts between itself and the old one. docs/slivers.md says how well width tells them from advances.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.geometry import Floats, Geometries

SliverRule = tuple[float, str]  # the mean width (m) below which a part is a sliver, 0 for none; the parts' CRS
SLIVER_WIDTH_M = 100.0  # on the ground, unless the user says otherwise
_GRID_M = 0.01


def thin_parts(parts: Geometries, rule: SliverRule, *, of: NDArray[np.intp] | None = None) -> NDArray[np.bool_]:
    """Say of each polygon (n,) of a change whether it is a sliver, or belongs to one; in metres, without overlap.

    A sliver's mean width, 2 × area ÷ perimeter, is below the rule's on the ground. A new vertex on an old line leaves
    an arm without width, which belongs to no outline that anybody drew: outlines are closed on a grid of a centimetre
    where that can matter. Several of the polygons may make up one part, as those of `frontcalc.edges`, where `of` (n,),
    sorted, says which ground each is of.
    """
    if of is not None and len(parts):
        # Each is a sliver where the part that it is a face of is one.
        grounds = np.split(parts, np.flatnonzero(of[1:] != of[:-1]) + 1)
        whole, ground = geometry.polygons_of(np.array([shapely.disjoint_subset_union_all(own) for own in grounds]))
        face, part = shapely.STRtree(whole).query(shapely.point_on_surface(parts), predicate="intersects")
        mine = np.cumsum(np.append(False, of[1:] != of[:-1]))[face] == ground[part]
        broad = np.zeros(len(parts), dtype=bool)
        broad[face[mine & ~thin_parts(whole, rule)[part]]] = True
        return ~broad
    width_m, plane = rule
    # A circle's mean width is its radius, and none is wider: less ground than π squares of the width is thinner anyway.
    thin = shapely.area(parts) < width_m**2
    sizable = np.flatnonzero(~thin)
    thin[sizable] = mean_widths_m(parts[sizable], plane) < width_m
    doubtful = sizable[thin[sizable]]
    if not len(doubtful):
        return thin
    # Of those whose outline anywhere turns back along itself, within a centimetre.
    rings, owner = shapely.get_rings(parts[doubtful], return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.flatnonzero(np.append(True, ring[1:] != ring[:-1]))
    ends = np.append(first[1:], len(points)) - 1
    steps = np.diff(points, axis=0, append=points[:1])
    # A ring closes with its first point again, from which its first step leads on.
    steps[ends] = steps[first]
    came, goes = steps[:-1], steps[1:]
    across = np.abs(came[:, 0] * goes[:, 1] - came[:, 1] * goes[:, 0])
    longer = np.maximum(np.hypot(*came.T), np.hypot(*goes.T))
    back = (np.sum(came * goes, axis=1) < 0) & (across < _GRID_M * longer) & (ring[1:] == ring[:-1])
    doubtful = doubtful[np.flatnonzero(np.bincount(owner[ring[1:][back]]))]
    closed, of = geometry.polygons_of(shapely.set_precision(parts[doubtful], _GRID_M))
    # What vanishes in the grid stays thin.
    thin[doubtful[of[mean_widths_m(closed, plane) >= width_m]]] = False
    return thin


def mean_widths_m(parts: Geometries, source_crs: str) -> Floats:
    """Return the mean width of polygons (n,) in metres of a CRS: 2 × area ÷ perimeter, (n,) in metres on the ground.

    An equal-area projection, here `source_crs`, stretches lengths: EPSG:6933 draws a metre eastward at 48° as 1.3 m. So
    each polygon is measured on a plane of its own, longitude scaled by the cosine of its latitude; near a pole on one
    around it. One that rounding has put beyond a pole has no width.
    """
    if not len(parts):
        return np.zeros(0)
    coordinates, owner = shapely.get_coordinates(parts, return_index=True)
    degrees = crs.projector(source_crs, crs.LONLAT)(coordinates)
    beyond = ~np.isfinite(degrees).all(axis=1)
    degrees[beyond] = 0.0
    corners = np.bincount(owner, minlength=len(parts))
    latitude = np.radians(np.bincount(owner, degrees[:, 1], minlength=len(parts)) / corners)
    curvature = 1 - crs.E2 * np.sin(latitude) ** 2
    east = crs.SEMI_MAJOR_M * np.cos(latitude) / np.sqrt(curvature)
    north = crs.SEMI_MAJOR_M * (1 - crs.E2) / curvature**1.5
    lon, lat = np.radians(degrees).T
    first = np.searchsorted(owner, np.arange(len(parts)))
    # Wide is what lies across the antimeridian, and without the jump there what lies around a pole.
    for _ in range(2):
        wide = (np.maximum.reduceat(lon, first) - np.minimum.reduceat(lon, first) > np.pi)[owner]
        lon[wide] %= 2 * np.pi
    metres = np.column_stack([lon * east[owner], lat * north[owner]])
    polar = wide | (np.abs(latitude[owner]) > 1.5)
    to_pole = crs.SEMI_MAJOR_M * (np.pi / 2 - np.abs(lat[polar]))
    metres[polar] = np.column_stack([to_pole * np.cos(lon[polar]), to_pole * np.sin(lon[polar])])
    local = shapely.set_coordinates(parts.copy(), metres)
    width_m = np.asarray(2 * shapely.area(local) / shapely.length(local))
    width_m[owner[beyond]] = 0.0
    return width_m
