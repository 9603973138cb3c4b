"""Draw fronts that move by known areas while their lines are drawn again, by figures measured on real maps.

The figures are those that `scripts/measure_redraws.py` wrote to docs/slivers.md.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon
from shapely.ops import substring

from frontcalc import geometry
from frontcalc.slivers import mean_widths_m

_CRS = "EPSG:32637"  # UTM 37N around 38° E: its metres are those on the ground to 0.04 %
_SOUTH, _LENGTH_M, _FINE_M = 5_220_000.0, 150_000.0, 100.0


@dataclass(frozen=True, slots=True)
class Movement:
    """How fronts advance: the figures of docs/slivers.md, from real maps.

    Parameters
    ----------
    per_100_km : float
        Advances of one period along 100 km of front.
    gained : float
        The share of them that are gains.
    depths_m : tuple of float
        Depth at the quantiles `LEVELS`.
    length : tuple of float
        a, b and scatter of ln length = a + b · ln depth.
    """

    per_100_km: float
    gained: float
    depths_m: tuple[float, ...]
    length: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Noise:
    """How a line differs that is drawn again: the figures of docs/slivers.md, from real maps.

    Parameters
    ----------
    spacing_m : float
        Mean distance between vertices.
    jitter_m : tuple of float
        From where to where: deviation of vertices along an axis.
    lacking, ranks : tuple of float
        At the quantiles `UPPER_LEVELS`: the share of a map's vertices that the other one lacks, and their rank among
        all, 0 to 1, by the triangle with their neighbours, the smallest first.
    anew_per_100_km : float
        Stretches digitised anew along 100 km of front.
    anew_length, anew_distance : tuple of float
        Mean and deviation of the logarithm of their length and of their distance to the old line (m).
    anew_spacing : float
        Mean of the logarithm of the distance between their vertices (m).
    """

    spacing_m: float
    jitter_m: tuple[float, float]
    lacking: tuple[float, ...]
    ranks: tuple[float, ...]
    anew_per_100_km: float
    anew_length: tuple[float, float]
    anew_distance: tuple[float, float]
    anew_spacing: float


LEVELS = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
UPPER_LEVELS = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 1.0)
WEEK = Movement(1.19, 0.94, (1, 5, 78, 293, 549, 935, 1781, 2829, 4318), (4.63, 0.57, 0.70))
MONTH = Movement(2.46, 0.88, (1, 3, 66, 290, 631, 983, 2050, 3031, 4454), (3.68, 0.75, 0.69))
STILL = Movement(0.0, 0.5, (1.0,) * len(LEVELS), (0.0, 0.0, 0.0))
WEEKLY = Noise(
    spacing_m=1652,
    jitter_m=(7.4, 10.7),
    lacking=(0.0, 0.0006, 0.0012, 0.0028, 0.0106, 0.0188, 0.0320, 0.1584),
    ranks=(0.0, 0.016, 0.047, 0.147, 0.467, 0.753, 0.880, 0.994),
    anew_per_100_km=0.039,
    anew_length=(8.42, 1.18),
    anew_distance=(5.58, 0.62),
    anew_spacing=7.38,
)


@dataclass(frozen=True, slots=True)
class Redraw:
    """What differs between two maps, part by part, each array (n,).

    Parameters
    ----------
    width_m : array of float
        The mean width of each part.
    moved_km2, redrawn_km2 : array of float
        How much of each part the front really moved over, and the rest.
    front_km : float
        The length of the fronts, in all.
    """

    width_m: NDArray[np.float64]
    moved_km2: NDArray[np.float64]
    redrawn_km2: NDArray[np.float64]
    front_km: float


def pair(rng: np.random.Generator, movement: Movement, noise: Noise) -> Redraw:
    """Return what differs between two maps."""
    front = _front(rng, noise.spacing_m)
    line = _without(front, rng, noise)
    before = _behind(line)
    again = _jittered(_without(front, rng, noise), rng, rng.uniform(*noise.jitter_m))
    for _ in range(rng.poisson(noise.anew_per_100_km * line.length / 1e5)):
        again = _digitised_anew(again, rng, noise)
    strokes = [_stroke(line, rng, movement) for _ in range(rng.poisson(movement.per_100_km * line.length / 1e5))]
    gains = rng.uniform(size=len(strokes)) < movement.gained
    taken = shapely.union_all([stroke for stroke, gain in zip(strokes, gains, strict=True) if gain])
    given_up = shapely.union_all([stroke for stroke, gain in zip(strokes, gains, strict=True) if not gain])
    given_up = shapely.difference(given_up, taken)
    after = shapely.difference(shapely.union(_behind(again), taken), given_up)
    gained = _parts(shapely.difference(after, before), shapely.difference(taken, before), line.length / 1e3)
    lost = _parts(shapely.difference(before, after), shapely.intersection(given_up, before), 0.0)
    return together([gained, lost])


def _front(rng: np.random.Generator, spacing_m: float) -> LineString:
    """Return a line from south to north that winds as fronts do, with vertices so far apart (metres)."""
    north = np.arange(0.0, _LENGTH_M + 1, _FINE_M)
    east = np.zeros(len(north))
    for wave_m, swing_m in ((80_000, 8_000), (20_000, 2_500), (6_000, 700), (2_000, 150)):
        phase, stretch = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.2)
        east += swing_m * np.sin(2 * np.pi * north / (wave_m * stretch) + phase)
    fine = np.column_stack([500_000 + east, _SOUTH + north])
    return LineString(simplified(fine, round(LineString(fine).length / spacing_m) + 1))


def simplified(points: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return so many of a line's points (n, 2), as Visvalingam and Whyatt leave them: without those of least effect."""
    places = points.tolist()
    before, after = list(range(-1, len(points) - 1)), list(range(1, len(points) + 1))
    effects: list[float] = [0.0, *triangles_m2(points).tolist(), 0.0]
    heap = [(effect, index) for index, effect in enumerate(effects)][1:-1]
    heapq.heapify(heap)
    kept = np.ones(len(points), dtype=bool)
    for _ in range(len(points) - max(count, 2)):
        effect, index = heapq.heappop(heap)
        while not kept[index] or effect != effects[index]:
            effect, index = heapq.heappop(heap)
        kept[index] = False
        first, last = before[index], after[index]
        after[first], before[last] = last, first
        for beside in {first, last} - {0, len(points) - 1}:
            (x, y), (x1, y1), (x2, y2) = places[beside], places[before[beside]], places[after[beside]]
            # A point never counts less than what was left out beside it, so that the order is one of tolerances.
            effects[beside] = max(effect, abs((x - x1) * (y2 - y) - (x2 - x) * (y - y1)) / 2)
            heapq.heappush(heap, (effects[beside], beside))
    return points[kept]


def triangles_m2(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the areas of the triangles of points (n, 2) with their neighbours, (n - 2,)."""
    (east, north), (further_east, further_north) = (points[1:-1] - points[:-2]).T, (points[2:] - points[1:-1]).T
    return np.asarray(np.abs(east * further_north - north * further_east) / 2)


def _behind(line: LineString) -> MultiPolygon:
    """Return the ground east of a line."""
    points = shapely.get_coordinates(line)
    outline = np.concatenate([points, [[560_000, points[-1, 1]], [560_000, points[0, 1]]]])
    return geometry.union(geometry.repair(np.array([Polygon(outline)], dtype=object)))


def _without(line: LineString, rng: np.random.Generator, noise: Noise) -> LineString:
    """Return a line simplified: without some of its vertices, mostly those of the least effect, its ends kept."""
    points = shapely.get_coordinates(line)
    inner = len(points) - 2
    count = rng.binomial(inner, np.interp(rng.uniform(), UPPER_LEVELS, noise.lacking))
    ranks = np.interp(rng.uniform(size=count), UPPER_LEVELS, noise.ranks)
    kept = np.ones(len(points), dtype=bool)
    kept[1 + np.argsort(triangles_m2(points))[(ranks * inner).astype(int)]] = False
    return LineString(points[kept])


def _jittered(line: LineString, rng: np.random.Generator, jitter_m: float) -> LineString:
    """Return a line each of whose vertices but its ends is a little off."""
    points = shapely.get_coordinates(line).copy()
    points[1:-1] += rng.normal(0, jitter_m, points[1:-1].shape)
    return LineString(points)


def _digitised_anew(line: LineString, rng: np.random.Generator, noise: Noise) -> LineString:
    """Return a line of which a stretch is drawn by another hand: other vertices, beside the old ones."""
    length = min(rng.lognormal(*noise.anew_length), line.length / 2)
    start = rng.uniform(0, line.length - length)
    count, distance_m = max(3, round(length / np.exp(noise.anew_spacing)) + 1), rng.lognormal(*noise.anew_distance)
    stretch = [line.interpolate(at) for at in np.linspace(start, start + length, count)]
    drawn = np.array([(point.x, point.y) for point in stretch]) + rng.normal(0, distance_m, (count, 2))
    head = shapely.get_coordinates(substring(line, 0, start))
    tail = shapely.get_coordinates(substring(line, start + length, line.length))
    return LineString(np.concatenate([head, drawn, tail]))


def _stroke(line: LineString, rng: np.random.Generator, movement: Movement) -> Polygon:
    """Return ground along the front, on either side of it, as deep and long as an advance."""
    depth = float(np.exp(np.interp(rng.uniform(), LEVELS, np.log(movement.depths_m))))
    a, b, scatter = movement.length
    length = max(depth, min(float(np.exp(a + b * np.log(depth) + rng.normal(0, scatter))), line.length / 2))
    start = rng.uniform(0, line.length - length)
    return shapely.buffer(substring(line, start, start + length), depth, cap_style="flat", quad_segs=4)


def _parts(change: shapely.Geometry, truth: shapely.Geometry, front_km: float) -> Redraw:
    """Return the parts of a change along a front of some length, given what of it is true."""
    parts = geometry.polygonal(np.array([change], dtype=object))
    moved = geometry.area_km2(shapely.intersection(parts, truth))
    return Redraw(mean_widths_m(parts, _CRS), moved, geometry.area_km2(parts) - moved, front_km)


def together(several: Sequence[Redraw]) -> Redraw:
    """Return the parts of several changes."""
    return Redraw(
        np.concatenate([one.width_m for one in several]),
        np.concatenate([one.moved_km2 for one in several]),
        np.concatenate([one.redrawn_km2 for one in several]),
        sum(one.front_km for one in several),
    )
