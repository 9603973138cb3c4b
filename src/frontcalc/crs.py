"""Coordinate reference systems: reading a source's own, and proving that a target keeps areas.

Areas on the WGS 84 ellipsoid without any projection are here too, to hold projected areas against.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError, ProjError

from frontcalc.errors import DataError, UsageError

LONLAT = "OGC:CRS84"  # WGS 84 longitude and latitude, what GeoJSON is in unless it says otherwise (RFC 7946 §4)
DEFAULT_CRS = "EPSG:6933"  # EASE-Grid 2.0, cylindrical equal-area on the WGS 84 ellipsoid, good between ±86°
# 1e-8 of the 110,000 km² of today's largest map is 0.001 km²; true equal-area projections measure below 1e-9.
TOLERANCE = 1e-8

SEMI_MAJOR_M, _FLATTENING = 6_378_137.0, 1 / 298.257223563  # WGS 84: its equatorial radius (m), and how flat it is
M_PER_MILE = 1609.344  # of the international mile
WINDS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
# How far outside of its CRS's area of use a map may lie: two zones of UTM.
_BEYOND_DEGREES = 12.0
# The Earth's girth in millimetres is 4e10; beyond this nothing is meant, and figures overflow.
_FARTHEST = 1e12

_SAMPLES = 7  # along either side of the bounds that are looked at
E2 = _FLATTENING * (2 - _FLATTENING)  # the squared eccentricity of its ellipsoid
# A file's CRS may not make PROJ open files: grids other than none at all, files of definitions, pipelines of steps.
_OPENS_FILES = re.compile(
    r"grids?\s*=\s*(?!@null\b)|\+(init|file|proj=pipeline)\b|PARAMETERFILE|[ _]file\"", re.IGNORECASE
)

Bounds = tuple[float, float, float, float]


# From one system to another, x (longitude) before y (latitude).
transformer = lru_cache(maxsize=32)(partial(Transformer.from_crs, always_xy=True))


@lru_cache(maxsize=32)
def projector(source: str, target: str, *, grid_m: float = 0) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return a function that maps (n, 2) coordinates of `source` to (n, 2) of `target`, there rounded to a grid."""
    if grid_m:
        unrounded = projector(source, target)
        return lambda points: np.round(unrounded(points) / grid_m) * grid_m
    transform = transformer(source, target).transform
    # An array of one is a number to pyproj, which numpy refuses from 2.4 on; −0 and 0 would be two places elsewhere.
    return lambda points: np.column_stack(transform(*(points.T.tolist() if len(points) == 1 else points.T + 0.0)))


@lru_cache(maxsize=32)
def source_crs(declared: str) -> str:
    """Return a CRS that a file declares, in a form that pyproj takes; DataError where it is unknown."""
    fault = "names files, which are not opened"
    try:
        if _OPENS_FILES.search(declared):
            raise ValueError(fault)
        fault = "is unknown"
        # A publisher's "EPSG:4326" in GeoJSON still lists longitude first; CRS84 says just that.
        if CRS.from_user_input(declared).equals(CRS(LONLAT), ignore_axis_order=True):
            return LONLAT
        fault = "has no longitude and latitude on Earth"
        transformer(declared, LONLAT)
    except (ValueError, ProjError) as error:
        shown = repr(declared if len(declared) <= 60 else f"{declared[:60]}…")
        problem, cure = f"the CRS it declares, {shown}, {fault}", "declare an EPSG code"
        raise DataError(problem, cure=cure, code="CRS-UNKNOWN") from error
    return declared


@lru_cache(maxsize=32)
def is_geographic(crs: str) -> bool:
    """Say whether coordinates of a CRS are degrees."""
    return CRS.from_user_input(crs).is_geographic


def bounds_in_degrees(crs: str, bounds: Iterable[float]) -> Bounds:
    """Return bounds of a CRS in longitude and latitude; infinite where they have none."""
    west, south, east, north = map(float, bounds)
    if crs == LONLAT:
        return west, south, east, north
    return transformer(crs, LONLAT).transform_bounds(west, south, east, north)


def check_on_earth(xy: NDArray[np.float64], *, degrees: bool, cure: str) -> None:
    """Refuse finite coordinates (n, 2) that are no degrees, with `cure`, where they should be; or beyond any place."""
    (west, south), (east, north) = xy.min(axis=0), xy.max(axis=0)
    extent = f"x {west:.6g} to {east:.6g}, y {south:.6g} to {north:.6g}"
    farthest = max(-west, -south, east, north)
    if not degrees:
        if farthest > _FARTHEST:
            problem = f"its coordinates are no place on Earth: {extent}"
            raise DataError(problem, cure="check its CRS", code="OUT-OF-RANGE")
    elif max(-west, east) > 180.0 or max(-south, north) > 90.0:
        code = "SWAPPED" if max(-west, east) <= 90.0 and max(-south, north) <= 180.0 else "OUT-OF-RANGE"
        # No slip of the hand and no turn round the globe makes a longitude of four digits.
        code = "METRES-AS-DEGREES" if farthest > 1000.0 else code
        raise DataError(f"its coordinates are no degrees: {extent}", cure=cure, code=code)


def refuse_misdeclared(crs: str, bounds: Iterable[float]) -> None:
    """Refuse bounds of coordinates that cannot be in the projected CRS that is declared for them.

    They are degrees, or far from where the CRS is used. Maps reach beyond the area that a CRS is made for: a whole
    country is drawn in the UTM zone of one half, and northings run on below zero south of the equator. Only one wholly
    outside it and far from it cannot be right.
    """
    west, south, east, north = map(float, bounds)
    declared, box = CRS.from_user_input(crs), bounds_in_degrees(crs, (west, south, east, north))
    area = declared.area_of_use
    # An area of use across the date line has its west east of its east: nothing is concluded from it.
    beyond = 0.0
    if area and area.west <= area.east:
        beyond = max(box[0] - area.east, area.west - box[2], box[1] - area.north, area.south - box[3])
    unit_m = max((float(axis.unit_conversion_factor) for axis in declared.axis_info), default=1.0)
    if max(-west, east) <= 180.0 and max(-south, north) <= 90.0 and unit_m <= 1.0:
        why = "is in metres, but its coordinates are degrees"
    elif beyond > _BEYOND_DEGREES or not np.isfinite(box).all():
        why = "has no place for its coordinates"
    else:
        return
    problem = f"declares {declared.name}, which {why}: x {west:.6g} to {east:.6g}, y {south:.6g} to {north:.6g}"
    cure = "declare the CRS that the coordinates are in"
    raise DataError(problem, cure=cure, code="CRS-IMPOSSIBLE")


def equal_area_around(lon: float, lat: float) -> str:
    """Return Lambert's azimuthal equal-area projection about a point in degrees, in metres, as pyproj takes it."""
    return f"+proj=laea +lat_0={lat:g} +lon_0={lon:g} +datum=WGS84"


def prove_equal_area(crs: str, bounds: Bounds) -> None:
    """Prove that a projection keeps WGS 84 areas over some bounds in degrees, in square metres.

    UsageError says that it is unknown, or errs by more than `TOLERANCE`: by how much, and two that were tried and work.
    """
    if bounds[2] < bounds[0]:  # across the antimeridian
        bounds = -180.0, bounds[1], 180.0, bounds[3]
    # Whole degrees outward, one at least: neighbouring maps share one proof.
    west, south = np.minimum(np.floor(bounds[:2]), (179, 89)).tolist()
    east, north = np.maximum(np.ceil(bounds[2:]), (west + 1, south + 1)).tolist()
    box = west, south, east, north
    least, greatest = area_distortion(crs, box)
    if max(-least, greatest) <= TOLERANCE:
        return
    around = equal_area_around((west + east) / 2, (south + north) / 2)
    candidates = [DEFAULT_CRS, f"'{around}'", "ESRI:54034", "EPSG:8857"]
    errors = [area_distortion(name.strip("'"), box) for name in candidates]
    working = [name for name, (low, high) in zip(candidates, errors, strict=True) if max(-low, high) <= TOLERANCE]
    raise UsageError(
        f"is not equal-area over the data: areas err by {least:+.3%} to {greatest:+.3%}"
        if np.isfinite([least, greatest]).all()
        else "is not defined over the data",
        where=f"--crs {crs}",
        cure=f"use {' or '.join(working[:2])}" if working else "none that was tried is either: cut the data in parts",
    )


@lru_cache(maxsize=256)
def area_distortion(crs: str, bounds: Bounds) -> tuple[float, float]:
    """Return the least and greatest relative error of area over bounds in degrees; infinite where it is undefined.

    On a grid of samples the Jacobian of the projection, by central differences, is held against the exact area element
    a²(1-e²)cos φ / (1-e² sin² φ)² of the ellipsoid. That also catches what the projection's own scale factors do not
    see: another ellipsoid, a sphere, units other than metres. At a pole, where the element is next to nothing and its
    digits are lost, the error is held against half the mean element of the bounds.
    """
    low, high = np.array(bounds[:2]), np.array(bounds[2:])
    # A little inside the bounds, so that poles stay defined.
    margin = np.maximum(high - low, 1.0) * 0.002
    lon, lat = (axis.ravel() for axis in np.meshgrid(*np.linspace(low + margin, high - margin, _SAMPLES).T))
    step = 1e-3  # degrees, about 100 m: truncation and rounding both stay below 1e-9, at poles 7e-9
    try:
        transform = transformer(LONLAT, crs).transform
        east, west = transform(lon + step, lat), transform(lon - step, lat)
        north, south = transform(lon, lat + step), transform(lon, lat - step)
    except CRSError as error:
        raise UsageError("is no CRS that is known", where=f"--crs {crs}", cure="give an EPSG code") from error
    except ProjError:
        return -np.inf, np.inf
    if not np.isfinite([east, west, north, south]).all():
        return -np.inf, np.inf
    measured = (east[0] - west[0]) * (north[1] - south[1]) - (north[0] - south[0]) * (east[1] - west[1])
    phi = np.radians(lat)
    exact = SEMI_MAJOR_M**2 * (1 - E2) * np.cos(phi) / (1 - E2 * np.sin(phi) ** 2) ** 2 * np.radians(2 * step) ** 2
    error_of_area = (np.abs(measured) - exact) / np.maximum(exact, exact.mean() / 2)
    if not np.isfinite(error_of_area).all():
        return -np.inf, np.inf
    return float(error_of_area.min()), float(error_of_area.max())


def exact_area_km2(polygons: shapely.Geometry) -> float:
    """Return the area (km²) of polygons in degrees whose edges are straight there, as GeoJSON's are (RFC 7946 §3.1.1).

    Polygons are valid, and no edge crosses the antimeridian. By Green's theorem the area is the integral of q(φ) dλ
    along the rings, where q(φ) is the area between the equator and a latitude for a radian of longitude: a²/2 times the
    authalic function of Snyder, *Map Projections: A Working Manual* (USGS 1395, 1987), eq. 3-12. Along an edge φ is
    linear in λ, and the mean of q is taken by Gauss-Legendre quadrature.
    """
    rings, polygon = shapely.get_rings(shapely.get_parts(polygons), return_index=True)
    if not len(rings):
        return 0.0
    degrees, ring = shapely.get_coordinates(rings, return_index=True)
    lon, lat = np.radians(degrees).T
    same = ring[1:] == ring[:-1]
    middle, half = (lat[1:] + lat[:-1]) / 2, (lat[1:] - lat[:-1]) / 2
    eccentricity = math.sqrt(E2)
    mean_m2 = np.zeros(len(middle))  # of q along an edge
    # Five nodes integrate an edge of ten degrees to far below a square metre.
    for node, weight in zip(*np.polynomial.legendre.leggauss(5), strict=True):
        s = np.sin(middle + half * node)
        q = (1 - E2) * (s / (1 - E2 * s**2) + np.arctanh(eccentricity * s) / eccentricity)
        mean_m2 += weight * (SEMI_MAJOR_M**2 * q / 2)
    mean_m2 /= 2
    # The sign of a ring's integral tells how the ring runs.
    sizes = np.abs(np.bincount(ring[:-1][same], (mean_m2 * np.diff(lon))[same], minlength=len(rings)))
    outline = np.append(True, polygon[1:] != polygon[:-1])
    return math.fsum(np.where(outline, sizes, -sizes).tolist()) / 1e6


def geodesic_area_km2(polygons: shapely.Geometry) -> float:
    """Return the area (km²) of valid polygons in degrees whose edges are geodesics, the shortest ways on the ellipsoid.

    The method is that of Karney, *Algorithms for geodesics* (J. Geodesy 87, 2013), in PROJ.
    """
    ellipsoid, wound = Geod(ellps="WGS84"), shapely.orient_polygons(shapely.get_parts(polygons))
    return math.fsum(ellipsoid.geometry_area_perimeter(part)[0] for part in wound) / 1e6


def way(start: Sequence[float], end: Sequence[float]) -> tuple[float, str]:
    """Return how far one place is from another, longitude and latitude each (km), and in which of the `WINDS`."""
    azimuth, _, metres = Geod(ellps="WGS84").inv(start[0], start[1], end[0], end[1])
    return metres / 1000, WINDS[round(azimuth / 45) % 8]


def mean_place(degrees: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Return the middle of places (n, 2) by weight, in degrees, on the globe: also across the 180th meridian."""
    lon, lat = np.radians(degrees).T
    axes = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)
    x, y, z = (float(np.sum(weights * axis)) for axis in axes)
    return math.degrees(math.atan2(y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))
