"""Polygons on their way to the picture: projected, cut to the frame, thinned to its pixels, made into one path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.slivers import SLIVER_WIDTH_M

if TYPE_CHECKING:
    from matplotlib.path import Path

Geometries = NDArray[np.object_]
Bounds = tuple[float, float, float, float]
_MAY_CHANGE = 0.001


def projected(shapes: Geometries, source: str, target: str) -> Geometries:
    """Return polygons (n,) of one CRS in another, vertex by vertex; those that it cannot show are empty."""
    if not len(shapes):
        return shapes
    moved = np.asarray(shapely.transform(shapes, crs.projector(source, target)), dtype=object)
    # Beyond its hemisphere a projection has no place for a vertex.
    moved[~np.isfinite(shapely.bounds(moved)).all(axis=1)] = shapely.Polygon()
    wrong = ~shapely.is_valid(moved)
    moved[wrong] = shapely.make_valid(moved[wrong], method="structure", keep_collapsed=False)
    return moved


def seen(polygons: Geometries, box: Bounds, tolerance: float) -> Geometries:
    """Return what a box shows of polygons (n,), without detail below a tolerance, as polygons (m,).

    It is for land, whose area nobody reads off the picture: what was gained and lost is never cut.
    """
    mine = polygons[shapely.intersects(polygons, shapely.box(*box))]
    return geometry.polygonal(shapely.simplify(shapely.clip_by_rect(mine, *box), tolerance))


def thinned(polygons: Geometries, tolerance: float) -> Geometries:
    """Return polygons (n,) without detail below a tolerance, except those whose area that would change by 0.1 %."""
    thin = np.asarray(shapely.simplify(polygons, tolerance, preserve_topology=True), dtype=object)
    areas = shapely.area(polygons)
    return np.where(np.abs(shapely.area(thin) - areas) <= _MAY_CHANGE * areas, thin, polygons)


def are_slivers(polygons: Geometries) -> NDArray[np.bool_]:
    """Say of polygons (n,) in metres whether their mean width, 2 × area ÷ perimeter, is a sliver's."""
    return np.asarray(2 * shapely.area(polygons) < SLIVER_WIDTH_M * shapely.length(polygons), dtype=bool)


def path_of(polygons: Geometries) -> Path:
    """Return polygons (n,) as one path, holes turning against their outlines so that they stay open."""
    from matplotlib.path import Path

    oriented = shapely.orient_polygons(geometry.polygonal(polygons), exterior_cw=False)
    _, points, offsets = shapely.to_ragged_array(oriented) if len(oriented) else (None, np.empty((0, 2)), ())
    codes = np.full(len(points), Path.LINETO, dtype=Path.code_type)
    if len(points):
        rings = np.asarray(offsets[0])
        codes[rings[:-1]] = Path.MOVETO
        codes[rings[1:] - 1] = Path.CLOSEPOLY
    return Path(points, codes)
