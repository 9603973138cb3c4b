"""The exact area of a lon/lat polygon on the WGS 84 ellipsoid, its edges straight in longitude and latitude.

By Green's theorem the area is the integral of q(φ) dλ along the rings, with q the authalic function of
Snyder, *Map Projections: A Working Manual* (1987), eq. 3-12: no projection is involved, and five Gauss
points an edge make it exact to far below a square metre.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

_A, _F = 6_378_137.0, 1 / 298.257223563
_E2 = _F * (2 - _F)
_E = np.sqrt(_E2)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)


def _area_below(phi: Any) -> Any:
    """Return the area (m²) between the equator and a latitude, for a radian of longitude."""
    s = np.sin(phi)
    q = (1 - _E2) * (s / (1 - _E2 * s**2) + np.arctanh(_E * s) / _E)
    return _A**2 * q / 2


def exact_area_km2(geometry: shapely.Geometry) -> float:
    """Return the area in km² of a valid polygon or multipolygon in degrees."""
    total = 0.0
    for polygon in shapely.get_parts(geometry):
        for ring in shapely.get_rings(shapely.normalize(polygon)):
            lon, lat = np.radians(shapely.get_coordinates(ring)).T
            middle, half = (lat[1:] + lat[:-1]) / 2, (lat[1:] - lat[:-1]) / 2
            mean = sum(w * _area_below(middle + half * x) for x, w in zip(_NODES, _WEIGHTS, strict=True)) / 2
            # Normalised polygons run clockwise outside and the other way round their holes.
            total += float(np.sum(mean * np.diff(lon)))
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
