"""Ground as a page draws it: on a plane around the war, simplified, in whole hundreds of metres.

No figure comes from here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry

GRID_M = 100
"""What a drawn position is rounded to."""

TOLERANCES_M = (200, 400, 800, 1600, 3200)
"""How far lines may be simplified: the first that makes a page small enough."""

Shape = list[list[list[int]]]
"""Polygons, each an outline and its holes, each the steps east and north from point to point, from (0, 0) on."""


def plane_around(ground: shapely.MultiPolygon, source_crs: str) -> str:
    """Return a plane on which the surroundings of some ground look as on a globe.

    It is Lambert's azimuthal equal-area projection around the middle of its bounds, to a whole degree.
    """
    west, south, east, north = (0.0, 0.0, 0.0, 0.0) if ground.is_empty else map(float, ground.bounds)
    middle = np.array([[(west + east) / 2, (south + north) / 2]])
    (lon, lat), *_ = crs.projector(source_crs, crs.LONLAT)(middle)
    return f"+proj=laea +lat_0={round(lat)} +lon_0={round(lon)} +datum=WGS84 +units=m +type=crs"


def on_plane(ground: Sequence[shapely.Geometry], source_crs: str, plane: str) -> NDArray[np.object_]:
    """Return geometries (n,) of a CRS on a plane, vertex by vertex, and valid."""
    shapes = np.array([*ground, None], dtype=object)[:-1]
    if not shapely.get_num_coordinates(shapes).sum():
        return shapes
    drawn = np.asarray(shapely.transform(shapes, crs.projector(source_crs, plane)))
    # Edges that nearly touched may cross in other coordinates.
    bad = ~shapely.is_valid(drawn)
    drawn[bad] = shapely.make_valid(drawn[bad], method="structure", keep_collapsed=False)
    return drawn


def simplified(ground: NDArray[np.object_], tolerance_m: float) -> NDArray[np.object_]:
    """Return geometries (n,) with fewer vertices; what neighbours share stays shared."""
    return np.asarray(shapely.coverage_simplify(ground, tolerance_m)) if len(ground) else ground


def encoded(ground: shapely.Geometry) -> Shape:
    """Return a geometry's polygons in steps of `GRID_M`; parts that shrink to less than a triangle are left out."""
    parts = geometry.polygonal(np.array([ground], dtype=object))
    shape = []
    for part in parts:
        outline, *holes = (_steps(ring) for ring in (part.exterior, *part.interiors))
        if outline:
            shape.append([outline, *filter(None, holes)])
    return shape


def label_point(ground: shapely.Geometry) -> list[int]:
    """Return a position well inside the largest part of a geometry, in steps of `GRID_M`."""
    parts = geometry.polygonal(np.array([ground], dtype=object))
    if not len(parts):
        return [0, 0]
    largest = parts[int(np.argmax(shapely.area(parts)))]
    centre = shapely.centroid(largest)
    inside = centre if largest.contains(centre) else shapely.point_on_surface(largest)
    return [round(inside.x / GRID_M), round(inside.y / GRID_M)]


def _steps(ring: shapely.LinearRing) -> list[int]:
    """Return a ring as steps from point to point, empty where it has no area left."""
    points = np.rint(shapely.get_coordinates(ring)[:-1] / GRID_M).astype(np.int64)
    moved = (points != np.roll(points, 1, axis=0)).any(axis=1)
    points = points[moved]
    if len(points) < 3:
        return []
    return [int(step) for step in np.diff(points, axis=0, prepend=0).ravel()]
