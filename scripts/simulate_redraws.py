"""Find out how well width tells redrawn lines from advances, on fronts that moved by known areas.

    python scripts/simulate_redraws.py

Every seed draws a front of 200 km and moves it by strokes of known area, forward and back. The second map does not
copy the first one's line: it is simplified again, its vertices are jittered, and stretches of it are digitised
anew, as publishers do. What differs between the two maps is then known to be movement or redrawing. The threshold
is chosen on seeds 0 to 9 and judged on seeds 10 to 29; docs/slivers.md has the result, which this writes there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon
from shapely.ops import substring

from frontcalc import geometry
from frontcalc.slivers import SLIVER_WIDTH_M, mean_widths_m

CHOSEN_ON, JUDGED_ON = range(10), range(10, 30)
THRESHOLDS_M = (25, 50, 75, 100, 125, 150, 200, 300)
SHALLOWEST_M = 150.0  # a tree line, a row of houses: less is no step on maps of a country
SHALLOWEST_TRIED_M = (60.0, 100.0, 150.0, 200.0)
PAGE = Path(__file__).parents[1] / "docs" / "slivers.md"
BEGIN, END = "<!-- simulation: scripts/simulate_redraws.py -->\n", "<!-- end of simulation -->\n"

_CRS = "EPSG:32637"  # UTM 37N around 38° E: its metres are those on the ground to 0.04 %
_SOUTH, _LENGTH_M, _SPACING_M = 5_220_000.0, 200_000.0, 250.0
_ADVANCES, _RETREATS, _ANEW = 40, 12, 15


@dataclass(frozen=True, slots=True)
class Redraw:
    """What differs between two maps, part by part, each array (n,).

    Parameters
    ----------
    width_m : array of float
        The mean width of each part.
    moved_km2, redrawn_km2 : array of float
        How much of each part the front really moved over, and the rest.
    """

    width_m: NDArray[np.float64]
    moved_km2: NDArray[np.float64]
    redrawn_km2: NDArray[np.float64]


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


def simulate(seed: int, shallowest_m: float = SHALLOWEST_M) -> Redraw:
    """Return what differs between the two maps of one seed."""
    rng = np.random.default_rng(seed)
    line = _redrawn(_front(rng), rng, simplify_m=20.0, jitter_m=0.0)
    before = _behind(line)
    again = _redrawn(line, rng, simplify_m=rng.uniform(20, 60), jitter_m=rng.uniform(5, 20))
    for _ in range(_ANEW):
        again = _digitised_anew(again, rng)
    taken = shapely.union_all([_stroke(line, rng, shallowest_m) for _ in range(_ADVANCES)])
    given_up = shapely.difference(
        shapely.union_all([_stroke(line, rng, shallowest_m) for _ in range(_RETREATS)]), taken
    )
    after = shapely.difference(shapely.union(_behind(again), taken), given_up)
    gained = _parts(shapely.difference(after, before), shapely.difference(taken, before))
    lost = _parts(shapely.difference(before, after), shapely.intersection(given_up, before))
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


def pooled(seeds: Iterable[int], shallowest_m: float = SHALLOWEST_M) -> Redraw:
    """Return the parts of several seeds."""
    return _together([simulate(seed, shallowest_m) for seed in seeds])


def best_threshold(found: Redraw) -> int:
    """Return the threshold with the highest F1 by area (m)."""
    return max(THRESHOLDS_M, key=lambda threshold: score(found, threshold).f1)


def report() -> str:
    """Return the tables of docs/slivers.md."""
    chosen, judged = pooled(CHOSEN_ON), pooled(JUDGED_ON)
    lines = [
        "Seeds 0 to 9, on which the threshold was chosen:",
        "",
        "| threshold (m) | precision, area | recall, area | F1, area | precision, parts | recall, parts |",
        "|---:|---:|---:|---:|---:|---:|",
        *(_row(threshold, score(chosen, threshold)) for threshold in THRESHOLDS_M),
        "",
        f"The highest F1 by area is that of {best_threshold(chosen)} m. Seeds 10 to 29, on which it is judged:",
        "",
        "| threshold (m) | precision, area | recall, area | F1, area | precision, parts | recall, parts |",
        "|---:|---:|---:|---:|---:|---:|",
        *(_row(threshold, score(judged, threshold)) for threshold in THRESHOLDS_M),
        "",
        *_totals(judged),
        "",
        "The choice hangs on how shallow real advances are. On seeds 0 to 9:",
        "",
        "| shallowest advance (m) | best threshold (m) | its F1, area | F1, area, of 100 m |",
        "|---:|---:|---:|---:|",
        *map(_choice, SHALLOWEST_TRIED_M),
    ]
    return "\n".join(lines) + "\n"


def _row(threshold: float, one: Score) -> str:
    """Return one line of a table."""
    figures = (one.area_precision, one.area_recall, one.f1, one.part_precision, one.part_recall)
    return f"| {threshold} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |"


def _choice(shallowest_m: float) -> str:
    """Return what would be chosen if real advances were as shallow as that."""
    found = pooled(CHOSEN_ON, shallowest_m)
    best = best_threshold(found)
    return f"| {shallowest_m:g} | {best} | {score(found, best).f1:.3f} | {score(found, SLIVER_WIDTH_M).f1:.3f} |"


def _totals(found: Redraw) -> list[str]:
    """Return how far the figures are from the truth with slivers and without."""
    kept = found.width_m >= SLIVER_WIDTH_M
    true, redrawn = float(np.sum(found.moved_km2)), float(np.sum(found.redrawn_km2))
    shown = float(np.sum((found.moved_km2 + found.redrawn_km2)[kept]))
    return [
        f"The fronts of seeds 10 to 29 moved over {true:,.0f} km². Measured are {true + redrawn:,.0f} km² gained and"
        f" lost, {100 * redrawn / true:+.1f} %; without slivers {shown:,.0f} km², {100 * (shown / true - 1):+.1f} %.",
    ]


def _front(rng: np.random.Generator) -> LineString:
    """Return a line from south to north that winds as fronts do (metres)."""
    north = np.arange(0.0, _LENGTH_M + 1, _SPACING_M)
    east = np.zeros(len(north))
    for wave_m, swing_m in ((80_000, 8_000), (20_000, 2_500), (6_000, 700), (2_000, 150)):
        phase, stretch = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.2)
        east += swing_m * np.sin(2 * np.pi * north / (wave_m * stretch) + phase)
    return LineString(np.column_stack([500_000 + east, _SOUTH + north]))


def _behind(line: LineString) -> MultiPolygon:
    """Return the ground east of a line."""
    points = shapely.get_coordinates(line)
    outline = np.concatenate([points, [[560_000, points[-1, 1]], [560_000, points[0, 1]]]])
    return geometry.union(geometry.repair(np.array([Polygon(outline)], dtype=object)))


def _redrawn(line: LineString, rng: np.random.Generator, *, simplify_m: float, jitter_m: float) -> LineString:
    """Return a line simplified, each vertex but its ends jittered."""
    points = shapely.get_coordinates(shapely.simplify(line, simplify_m)).copy()
    points[1:-1] += rng.normal(0, jitter_m, points[1:-1].shape)
    return LineString(points)


def _digitised_anew(line: LineString, rng: np.random.Generator) -> LineString:
    """Return a line of which 2 to 8 km are drawn by another hand: other vertices, beside the old ones."""
    length = rng.uniform(2_000, 8_000)
    start = rng.uniform(0, line.length - length)
    spacing, error_m = rng.uniform(150, 600), rng.uniform(20, 60)
    stretch = [line.interpolate(at) for at in np.arange(start, start + length, spacing)]
    drawn = np.array([(point.x, point.y) for point in stretch]) + rng.normal(0, error_m, (len(stretch), 2))
    head = shapely.get_coordinates(substring(line, 0, start))
    tail = shapely.get_coordinates(substring(line, start + length, line.length))
    return LineString(np.concatenate([head, drawn, tail]))


def _stroke(line: LineString, rng: np.random.Generator, shallowest_m: float) -> Polygon:
    """Return ground along the front, of some depth up to a salient of 3 km."""
    depth = float(np.exp(rng.uniform(np.log(shallowest_m), np.log(3_000))))
    length = min(20_000.0, depth * rng.uniform(1.5, 8) + 500)
    start = rng.uniform(0, line.length - length)
    return shapely.buffer(substring(line, start, start + length), depth, cap_style="flat", quad_segs=4)


def _parts(change: shapely.Geometry, truth: shapely.Geometry) -> Redraw:
    """Return the parts of a change, given what of it is true."""
    parts = geometry.polygonal(np.array([change], dtype=object))
    moved = geometry.area_km2(shapely.intersection(parts, truth))
    return Redraw(mean_widths_m(parts, _CRS), moved, geometry.area_km2(parts) - moved)


def _together(several: Sequence[Redraw]) -> Redraw:
    """Return the parts of several changes."""
    return Redraw(
        np.concatenate([one.width_m for one in several]),
        np.concatenate([one.moved_km2 for one in several]),
        np.concatenate([one.redrawn_km2 for one in several]),
    )


def page(tables: str) -> str:
    """Return docs/slivers.md with other tables."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + tables + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(report()), encoding="utf-8")
    print(f"wrote {PAGE}")
