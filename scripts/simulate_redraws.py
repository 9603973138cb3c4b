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
from simulated_fronts import MONTH, WEEK, WEEKLY, Movement, Noise, Redraw, pair, together

CHOSEN_ON, JUDGED_ON = range(10), range(10, 30)
STREAM = (20261128,)  # earlier simulations drew from the bare seeds and from 20261127, and what they gave was seen
THRESHOLDS_M = (10, 20, 30, 40, 50, 60, 75, 100, 125, 150, 200, 250, 300, 400, 500)
KEPT_M, CLEARLY = 100, 0.02  # the default before, and by how much F1 must be higher for another one
PAIRS = 200
PAGE, METHOD = (Path(__file__).parents[1] / "docs" / name for name in ("slivers.md", "method.md"))


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


def simulate(seed: int, movement: Movement = WEEK, noise: Noise = WEEKLY, *, stream: Sequence[int] = STREAM) -> Redraw:
    """Return what differs between the pairs of maps of one seed."""
    rng = np.random.default_rng([*stream, seed])
    return together([pair(rng, movement, noise) for _ in range(PAIRS)])


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


def pooled(
    seeds: Iterable[int], movement: Movement = WEEK, noise: Noise = WEEKLY, *, stream: Sequence[int] = STREAM
) -> Redraw:
    """Return the parts of several seeds."""
    return together([simulate(seed, movement, noise, stream=stream) for seed in seeds])


def best_threshold(found: Redraw) -> int:
    """Return the threshold with the highest F1 by area (m), the narrowest of several."""
    return max(THRESHOLDS_M, key=lambda threshold: score(found, threshold).f1)


@cache
def chosen() -> int:
    """Return the threshold that the first seeds choose (m)."""
    return best_threshold(pooled(CHOSEN_ON))


@cache
def judged() -> Redraw:
    """Return the parts of the seeds on which the threshold is judged."""
    return pooled(JUDGED_ON)


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
    found = judged()
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
    return "\n".join(_table(judged(), sorted({50, KEPT_M, 200, 300, chosen()}))) + "\n"


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
        ("no stretches digitised anew", WEEK, replace(WEEKLY, anew_per_100_km=0.0)),
        ("twice as many stretches", WEEK, replace(WEEKLY, anew_per_100_km=2 * WEEKLY.anew_per_100_km)),
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
