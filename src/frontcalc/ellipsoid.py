"""Areas on the WGS 84 ellipsoid without any projection, to hold projected areas against.

Polygons are in longitude and latitude. Two readings of an edge are offered: straight in longitude and
latitude, as GeoJSON has it (RFC 7946 §3.1.1), and the geodesic, the shortest way on the ellipsoid.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from pyproj import Geod

from frontcalc.crs import E2, SEMI_MAJOR_M

# Five nodes integrate an edge of ten degrees to far below a square metre.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)

_E = math.sqrt(E2)
_GEODESICS = Geod(ellps="WGS84")


def exact_area_km2(polygons: shapely.Geometry) -> float:
    """Return the area (km²) of polygons whose edges are straight in longitude and latitude.

    By Green's theorem it is the integral of q(φ) dλ along the rings, where q(φ) is the area between the
    equator and a latitude for a radian of longitude: a²/2 times the authalic function of Snyder, *Map
    Projections: A Working Manual* (USGS 1395, 1987), eq. 3-12. Along an edge φ is linear in λ, and the
    mean of q is taken by Gauss-Legendre quadrature.

    Parameters
    ----------
    polygons : Polygon or MultiPolygon
        Valid, in degrees on WGS 84; no edge crosses the antimeridian.
    """
    parts = shapely.get_parts(polygons)
    rings, polygon = shapely.get_rings(parts, return_index=True)
    if not len(rings):
        return 0.0
    degrees, ring = shapely.get_coordinates(rings, return_index=True)
    lon, lat = np.radians(degrees).T
    same = ring[1:] == ring[:-1]
    middle, half = (lat[1:] + lat[:-1]) / 2, (lat[1:] - lat[:-1]) / 2
    mean_m2 = np.zeros(len(middle))  # of q along an edge
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        s = np.sin(middle + half * node)
        q = (1 - E2) * (s / (1 - E2 * s**2) + np.arctanh(_E * s) / _E)
        mean_m2 += weight * (SEMI_MAJOR_M**2 * q / 2)
    mean_m2 /= 2
    # The sign of a ring's integral tells how the ring runs.
    sizes = np.abs(np.bincount(ring[:-1][same], (mean_m2 * np.diff(lon))[same], minlength=len(rings)))
    outline = np.append(True, polygon[1:] != polygon[:-1])
    return math.fsum(np.where(outline, sizes, -sizes).tolist()) / 1e6


def geodesic_area_km2(polygons: shapely.Geometry) -> float:
    """Return the area (km²) of polygons whose edges are geodesics between their vertices.

    The method is that of Karney, *Algorithms for geodesics* (J. Geodesy 87, 2013), in PROJ.

    Parameters
    ----------
    polygons : Polygon or MultiPolygon
        Valid, in degrees on WGS 84.
    """
    wound = shapely.orient_polygons(shapely.get_parts(polygons))
    return math.fsum(_GEODESICS.geometry_area_perimeter(part)[0] for part in wound) / 1e6
