"""Shapes of the synthetic sample: rough lines, strokes that are won or lost, and how area is measured.

Geometry on lon/lat values: what the maps look like is decided in `make_sample.py`, where they lie in
`sample_geography.toml`.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]

GRID = 1e-5  # five decimals, as published maps have
KM_PER_DEGREE = 111.2
DENSIFY_DEG = 0.0025  # edges are straight in lon/lat: split before projecting, or areas err by up to 1 km²
CORNERS = 8  # of a stroke
PROJECT = Transformer.from_crs("EPSG:4326", "EPSG:6933", always_xy=True).transform
GROUND: dict[str, Any] = tomllib.loads(Path(__file__).with_name("sample_geography.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Axis:
    """A push along a path between two days; `width_km` is half the front of the push at its root."""

    opens: date
    closes: date
    width_km: float
    path: Floats


def waypoints(text: str, *, closed: bool = False) -> Floats:
    """Return the `lon lat` pairs (n, 2) of a table, the first once more if `closed`; `# ` begins a comment."""
    words = [word for line in text.splitlines() for word in line.split("#")[0].split()]
    return np.array(words + words[:2] * closed, dtype=float).reshape(-1, 2)


def axes(text: str) -> list[Axis]:
    """Return the pushes of a table, one a line."""
    rows = [line.split(maxsplit=3) for line in text.splitlines()]
    days = date.fromisoformat
    return [Axis(days(opens), days(closes), float(width), waypoints(path)) for opens, closes, width, path in rows]


def area_km2(shape: BaseGeometry) -> float:
    """Return the ellipsoidal area (km²) of a lon/lat geometry with edges straight in lon/lat."""
    dense = shapely.segmentize(shapely.set_precision(shape, 0.0), DENSIFY_DEG)  # off the grid: no rounding
    return float(shapely.transform(dense, PROJECT, interleaved=False).area / 1e6)


def polygons(shape: BaseGeometry, smallest_km2: float = 0.0) -> MultiPolygon:
    """Return the polygons of any geometry: an overlay may leave lines and points behind."""
    parts = shapely.get_parts(shapely.get_parts(shape))  # twice: a collection may hold multipolygons
    found = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return MultiPolygon([part for part in found if not smallest_km2 or area_km2(part) >= smallest_km2])


def snapped(shape: BaseGeometry) -> MultiPolygon:
    """Return valid polygons on the grid of the written files, so that what is measured is what is read."""
    return polygons(shapely.set_precision(shapely.make_valid(shape), GRID))


def roughened(line: Floats, rng: np.random.Generator, roughness: float, step_km: float) -> Floats:
    """Return a line with midpoints displaced at random until no edge is longer than `step_km`."""
    points = line
    while True:
        edges = np.diff(points, axis=0)
        squeeze = np.cos(np.radians(points[:-1, 1]))
        lengths = KM_PER_DEGREE * np.hypot(edges[:, 0] * squeeze, edges[:, 1])
        long = np.flatnonzero(lengths > step_km)
        if not long.size:
            return points
        normals = np.column_stack([-edges[long, 1], edges[long, 0]])
        offsets = np.clip(rng.normal(0.0, roughness, long.size), -2 * roughness, 2 * roughness)
        middles = points[long] + edges[long] / 2 + normals * offsets[:, None]
        points = np.insert(points, long + 1, middles, axis=0)


def solved(shape_at: Callable[[float], BaseGeometry], wanted_km2: float, low: float, high: float) -> float:
    """Return the scale at which a shape that grows with it has the wanted area (km²), by bisection."""
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if area_km2(shape_at(middle)) < wanted_km2 else (low, middle)
    found = area_km2(shape_at(high))
    if abs(found - wanted_km2) > 0.2:
        raise RuntimeError(f"no scale gives {wanted_km2:.2f} km², only {found:.2f}: change the tables")
    return high


@dataclass(frozen=True)
class Stroke:
    """A rough ellipse that is won or lost in one week; `wobble` keeps its outline the same at every scale."""

    lon: float
    lat: float
    along_km: float
    across_km: float
    angle: float
    wobble: Floats

    def polygon(self, scale: float) -> Polygon:
        """Return the outline at a scale, in lon/lat."""
        turns = np.linspace(0.0, 2 * math.pi, len(self.wobble), endpoint=False)
        x = scale * self.wobble * self.along_km * np.cos(turns)
        y = scale * self.wobble * self.across_km * np.sin(turns)
        east = x * math.cos(self.angle) - y * math.sin(self.angle)
        north = x * math.sin(self.angle) + y * math.cos(self.angle)
        squeeze = KM_PER_DEGREE * math.cos(math.radians(self.lat))
        return Polygon(np.column_stack([self.lon + east / squeeze, self.lat + north / KM_PER_DEGREE]))


def drawn(strokes: Iterable[Stroke], scale: float) -> BaseGeometry:
    """Return all strokes as one geometry on the grid."""
    return shapely.union_all([stroke.polygon(scale) for stroke in strokes], grid_size=GRID)


def wobble(rng: np.random.Generator) -> Floats:
    """Return the radii of a rough round outline."""
    return rng.uniform(0.84, 1.12, CORNERS)


def axis_stroke(axis: Axis, day: date, days: int, rng: np.random.Generator) -> Stroke:
    """Return this week's stroke of a push: the stretch of its path covered, narrower towards the tip."""
    path = shapely.LineString(axis.path)
    total = (axis.closes - axis.opens).days + 7
    done, before = (((day - axis.opens).days + 7 - back) / total for back in (0, days))
    tip, tail = (path.interpolate(min(max(part, 0.0), 1.0), normalized=True) for part in (done, before))
    lon, lat = (tip.x + tail.x) / 2, (tip.y + tail.y) / 2
    squeeze = math.cos(math.radians(lat))
    east, north = KM_PER_DEGREE * squeeze * (tip.x - tail.x), KM_PER_DEGREE * (tip.y - tail.y)
    width = axis.width_km * (1.2 - 0.5 * done)
    return Stroke(lon, lat, math.hypot(east, north) / 2 + width, width, math.atan2(north, east), wobble(rng))


def front_stroke(front: BaseGeometry, held: BaseGeometry, rng: np.random.Generator, *, aside: int) -> Stroke:
    """Return a stroke along the line; `aside` puts it beyond (1, a cell) or behind it (-1, a pocket)."""
    at = rng.uniform(0.0, front.length)
    here, ahead = front.interpolate(at), front.interpolate(min(at + 0.004, front.length))
    squeeze = math.cos(math.radians(here.y))
    angle = math.atan2(ahead.y - here.y, (ahead.x - here.x) * squeeze)
    along = rng.uniform(1.6, 4.2)
    across = along * rng.uniform(0.28, 0.5)
    lon, lat = here.x, here.y
    if aside:
        along, across = 0.6 * along, 0.7 * across
        reach = (across + rng.uniform(1.0, 2.0)) / KM_PER_DEGREE
        east, north = -reach * math.sin(angle) / squeeze, reach * math.cos(angle)
        sides = [shapely.Point(lon + turn * east, lat + turn * north) for turn in (1, -1)]
        wanted = [side for side in sides if shapely.contains(held, side) == (aside < 0)]
        lon, lat = (wanted[0].x, wanted[0].y) if wanted else (lon, lat)
    return Stroke(lon, lat, along, across, angle, wobble(rng))
