"""Find out how well width tells redrawn lines from advances, on fronts that moved by known areas.

    python scripts/simulate_redraws.py choose
    python scripts/simulate_redraws.py judge

Every seed draws 200 fronts of some 190 km and moves each by the advances of a week, deep and long as
`scripts/measure_redraws.py` found them on real maps. The second map does not copy the first one's line: it has other
vertices, all are jittered, and stretches are digitised anew, by as much as was found too. What differs between the two
maps is then known to be movement or redrawing. The threshold is chosen on seeds 0 to 9 and judged on seeds 10 to 29;
docs/slivers.md has the protocol and the result, which this writes there and, in short, in docs/method.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon
from shapely.ops import substring

from frontcalc import geometry
from frontcalc.slivers import mean_widths_m

CHOSEN_ON, JUDGED_ON = range(10), range(10, 30)
STREAM = 20261127  # an earlier simulation drew from the bare seeds, and what it gave was seen
THRESHOLDS_M = (10, 20, 30, 40, 50, 60, 75, 100, 125, 150, 200, 300)
KEPT_M, CLEARLY = 100, 0.02  # the default before, and by how much F1 must be higher for another one
PAIRS = 200
PAGE, METHOD = (Path(__file__).parents[1] / "docs" / name for name in ("slivers.md", "method.md"))

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
    jitter_m, dropped : tuple of float
        From where to where: deviation of vertices along an axis, and the share of them that has no counterpart.
    anew_per_100_km : float
        Stretches digitised anew along 100 km of front.
    anew_length, anew_distance : tuple of float
        Mean and deviation of the logarithm of their length and of their distance to the old line (m).
    anew_spacing : float
        Mean of the logarithm of the distance between their vertices (m).
    """

    spacing_m: float
    jitter_m: tuple[float, float]
    dropped: tuple[float, float]
    anew_per_100_km: float
    anew_length: tuple[float, float]
    anew_distance: tuple[float, float]
    anew_spacing: float


LEVELS = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
WEEK = Movement(1.19, 0.94, (1, 5, 78, 293, 549, 935, 1781, 2829, 4318), (4.63, 0.57, 0.70))
MONTH = Movement(2.46, 0.88, (1, 3, 66, 290, 631, 983, 2050, 3031, 4454), (3.68, 0.75, 0.69))
WEEKLY = Noise(1652, (7.4, 10.7), (0.0, 0.02), 0.039, (8.42, 1.18), (5.58, 0.62), 7.38)


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


@dataclass(frozen=True, slots=True)
class Score:
    """How well a threshold tells redrawing, by area and by part; precision and recall of each, 0 to 1."""

    area_precision: float
    area_recall: float
    part_precision: float
    part_recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall by area."""
        return 2 * self.area_precision * self.area_recall / (self.area_precision + self.area_recall)


def simulate(seed: int, movement: Movement = WEEK, noise: Noise = WEEKLY, *, stream: int = STREAM) -> Redraw:
    """Return what differs between the pairs of maps of one seed."""
    rng = np.random.default_rng([stream, seed])
    return _together([_pair(rng, movement, noise) for _ in range(PAIRS)])


def _pair(rng: np.random.Generator, movement: Movement, noise: Noise) -> Redraw:
    """Return what differs between two maps."""
    front = _front(rng, noise.spacing_m)
    dropped = rng.uniform(*noise.dropped)
    line = _without(front, rng, dropped)
    before = _behind(line)
    again = _jittered(_without(front, rng, dropped), rng, rng.uniform(*noise.jitter_m))
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
    return _together([gained, lost])


def score(found: Redraw, threshold_m: float) -> Score:
    """Return how well a threshold tells the redrawing in some parts."""
    sliver = found.width_m < threshold_m
    redrawn = found.redrawn_km2 > found.moved_km2
    flagged_km2 = float(np.sum(found.redrawn_km2[sliver]))
    return Score(
        area_precision=flagged_km2 / float(np.sum((found.redrawn_km2 + found.moved_km2)[sliver])),
        area_recall=flagged_km2 / float(np.sum(found.redrawn_km2)),
        part_precision=float(np.mean(redrawn[sliver])),
        part_recall=float(np.mean(sliver[redrawn])),
    )


def pooled(seeds: Iterable[int], movement: Movement = WEEK, noise: Noise = WEEKLY, *, stream: int = STREAM) -> Redraw:
    """Return the parts of several seeds."""
    return _together([simulate(seed, movement, noise, stream=stream) for seed in seeds])


def best_threshold(found: Redraw) -> int:
    """Return the threshold with the highest F1 by area (m), the narrowest of several."""
    return max(THRESHOLDS_M, key=lambda threshold: score(found, threshold).f1)


@cache
def chosen() -> int:
    """Return the threshold that the first seeds choose (m)."""
    return best_threshold(pooled(CHOSEN_ON))


def choice() -> str:
    """Return the tables of the seeds on which the threshold is chosen."""
    found = pooled(CHOSEN_ON)
    lines = [
        *_table(found),
        "",
        f"The highest F1 by area is that of {chosen()} m. What else would have been chosen on these seeds, for"
        " information only:",
        "",
        "| other than measured | best threshold (m) | its F1, area | F1, area, of 100 m |",
        "|---|---:|---:|---:|",
        *(_other(name, movement, noise) for name, movement, noise in _others()),
    ]
    return "\n".join(lines) + "\n"


def judgement() -> str:
    """Return the table of the seeds on which the threshold is judged, and what follows."""
    found = pooled(JUDGED_ON)
    new, old = score(found, chosen()).f1, score(found, KEPT_M).f1
    default = chosen() if new - old > CLEARLY else KEPT_M
    lines = [
        *_table(found),
        "",
        f"F1 by area of the chosen {chosen()} m is {new:.3f}, that of {KEPT_M} m {old:.3f}, a difference of"
        f" {new - old:+.3f}: the default is {default} m.",
        *_totals(found, default),
    ]
    return "\n".join(lines) + "\n"


def summary() -> str:
    """Return the table of docs/method.md: the seeds on which the threshold is judged, at a few thresholds."""
    return "\n".join(_table(pooled(JUDGED_ON), sorted({50, KEPT_M, 200, chosen()}))) + "\n"


def _table(found: Redraw, thresholds: Sequence[int] = THRESHOLDS_M) -> list[str]:
    """Return the scores of some thresholds."""
    return [
        "| threshold (m) | precision, area | recall, area | F1, area | precision, parts | recall, parts |",
        "|---:|---:|---:|---:|---:|---:|",
        *(_row(threshold, score(found, threshold)) for threshold in thresholds),
    ]


def _row(threshold: float, one: Score) -> str:
    """Return one line of a table."""
    figures = (one.area_precision, one.area_recall, one.f1, one.part_precision, one.part_recall)
    return f"| {threshold} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |"


def _others() -> list[tuple[str, Movement, Noise]]:
    """Return other movement and other noise than was measured."""
    shallow, deep = (replace(WEEK, depths_m=tuple(by * depth for depth in WEEK.depths_m)) for by in (0.5, 2.0))
    fine, coarse = (
        replace(
            WEEKLY,
            jitter_m=(by * WEEKLY.jitter_m[0], by * WEEKLY.jitter_m[1]),
            anew_distance=(WEEKLY.anew_distance[0] + float(np.log(by)), WEEKLY.anew_distance[1]),
        )
        for by in (0.5, 2.0)
    )
    return [
        ("advances half as deep", shallow, WEEKLY),
        ("advances twice as deep", deep, WEEKLY),
        ("lines half as far off", WEEK, fine),
        ("lines twice as far off", WEEK, coarse),
        ("advances of a month", MONTH, WEEKLY),
    ]


def _other(name: str, movement: Movement, noise: Noise) -> str:
    """Return what would be chosen in another world."""
    found = pooled(CHOSEN_ON, movement, noise)
    best = best_threshold(found)
    return f"| {name} | {best} | {score(found, best).f1:.3f} | {score(found, KEPT_M).f1:.3f} |"


def _totals(found: Redraw, width_m: int) -> list[str]:
    """Return how far the figures are from the truth with slivers and without."""
    kept = found.width_m >= width_m
    true, redrawn = float(np.sum(found.moved_km2)), float(np.sum(found.redrawn_km2))
    shown = float(np.sum((found.moved_km2 + found.redrawn_km2)[kept]))
    return [
        f"The fronts moved over {true:,.0f} km². Measured are {true + redrawn:,.0f} km² gained and lost,"
        f" {100 * redrawn / true:+.1f} %; without slivers under {width_m} m {shown:,.0f} km²,"
        f" {100 * (shown / true - 1):+.1f} %.",
    ]


def _front(rng: np.random.Generator, spacing_m: float) -> LineString:
    """Return a line from south to north that winds as fronts do, with vertices so far apart (metres)."""
    north = np.arange(0.0, _LENGTH_M + 1, _FINE_M)
    east = np.zeros(len(north))
    for wave_m, swing_m in ((80_000, 8_000), (20_000, 2_500), (6_000, 700), (2_000, 150)):
        phase, stretch = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.2)
        east += swing_m * np.sin(2 * np.pi * north / (wave_m * stretch) + phase)
    fine = LineString(np.column_stack([500_000 + east, _SOUTH + north]))
    return LineString([fine.interpolate(at) for at in np.linspace(0, fine.length, round(fine.length / spacing_m) + 1)])


def _behind(line: LineString) -> MultiPolygon:
    """Return the ground east of a line."""
    points = shapely.get_coordinates(line)
    outline = np.concatenate([points, [[560_000, points[-1, 1]], [560_000, points[0, 1]]]])
    return geometry.union(geometry.repair(np.array([Polygon(outline)], dtype=object)))


def _without(line: LineString, rng: np.random.Generator, share: float) -> LineString:
    """Return a line simplified: without some of its vertices, its ends kept."""
    points = shapely.get_coordinates(line)
    kept = rng.uniform(size=len(points)) >= share
    kept[[0, -1]] = True
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


def _together(several: Sequence[Redraw]) -> Redraw:
    """Return the parts of several changes."""
    return Redraw(
        np.concatenate([one.width_m for one in several]),
        np.concatenate([one.moved_km2 for one in several]),
        np.concatenate([one.redrawn_km2 for one in several]),
        sum(one.front_km for one in several),
    )


def page(name: str, tables: str, *, by: str = "simulate_redraws", path: Path = PAGE) -> str:
    """Return a page of docs with other tables of one name."""
    begin, end = f"<!-- {name}: scripts/{by}.py -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    return before + begin + tables + end + rest.partition(end)[2]


if __name__ == "__main__":
    made = {"choose": choice, "judge": judgement}[sys.argv[1]]
    PAGE.write_text(page(sys.argv[1], made()), encoding="utf-8")
    if sys.argv[1] == "judge":
        METHOD.write_text(page("judge", summary(), path=METHOD), encoding="utf-8")
    print(f"wrote {PAGE}")
