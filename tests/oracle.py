"""Plain calculations that the library's are held against: slow, short, and sharing no code with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from pyproj import Geod

_GEODESICS = Geod(ellps="WGS84")


def exact_area_km2(geometry: shapely.Geometry, *, every: float = 0.01) -> float:
    """Return the area in km² of a valid polygon or multipolygon in degrees, its edges straight in degrees.

    Edges are cut every so many degrees and the pieces measured as geodesics, then all once more with pieces of half
    the length. A piece is off by the cube of its length, so a polygon by its square: a third of what halving changed
    is left, and taken off (Richardson).
    """
    total = 0.0
    for polygon in shapely.get_parts(geometry):
        # Ring by ring: GEOS gives thin polygons back without what splitting makes invalid by rounding.
        for nth, ring in enumerate(shapely.get_rings(polygon)):
            coarse = shapely.segmentize(ring, every)
            # A hair more than half, or rounding would cut some pieces in three.
            fine = shapely.segmentize(coarse, 0.500_001 * every)
            first, second = (abs(_GEODESICS.polygon_area_perimeter(*pieces.coords.xy)[0]) for pieces in (coarse, fine))
            total += (second + (second - first) / 3) * (-1 if nth else 1)
    return total / 1e6


def nearest_region(
    point: shapely.Point, eligible: Sequence[shapely.Geometry], foreign: shapely.Geometry, border: float, water: float
) -> tuple[int | None, float]:
    """Return the region that takes a point by the plain rule, and by how many metres it is beyond doubt.

    Regions are in a plane of true metres. A point in an eligible region is its own; one on foreign land goes to the
    nearest up to `border` metres away, any other up to `water`. The margin is that to the limit, to the next nearest
    region, and to the edge between land and water where the two limits differ about the point.
    """
    distances = shapely.distance(np.array(eligible, dtype=object), point)
    first, second = np.partition(np.append(distances, np.inf), 1)[:2]
    abroad = bool(shapely.contains(foreign, point))
    limit = border if abroad else water
    margins = [abs(first - limit), second - first, shapely.distance(foreign.boundary, point)]
    if first == 0:
        margins = [shapely.distance(eligible[int(np.argmin(distances))].boundary, point)]
    return (int(np.argmin(distances)) if first <= limit else None), float(min(margins))
