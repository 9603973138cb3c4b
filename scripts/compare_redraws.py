"""Hold the simulated maps of `scripts/simulate_redraws.py` against ISW's weekly ones, by the width of what changes.

    python scripts/compare_redraws.py ARCHIVES

Writes the table to docs/slivers.md. It was made after the threshold was judged, and decided nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely
from measure_redraws import WEEKLY, WEEKLY_SINCE, Map, drawn_anew, inland, read_maps
from numpy.typing import NDArray
from simulate_redraws import CHOSEN_ON, PAGE, Redraw, page, pooled

from frontcalc import change, geometry

BANDS_M = (0, 20, 50, 100, 300, np.inf)

Floats = NDArray[np.float64]


def by_width(widths_m: Floats, areas_km2: Floats, front_km: float) -> Floats:
    """Return areas by width, in km² per 100 km of line."""
    sums, _ = np.histogram(widths_m, BANDS_M, weights=areas_km2)
    return np.asarray(100 * sums / front_km)


def of_pair(before: Map, after: Map, land: shapely.Geometry) -> tuple[Floats, Floats]:
    """Return what differs between two maps by width, at the front and behind it."""
    sides = change.differences(before.ground, after.ground, engine="plain")
    parts = np.concatenate([geometry.polygonal(np.atleast_1d(np.asarray(side, dtype=object))) for side in sides])
    widths_m, areas_km2 = 2 * shapely.area(parts) / shapely.length(parts), geometry.area_km2(parts)
    front = shapely.intersects(land, parts)
    whole_km = after.ground.boundary.length / 1e3
    front_km = after.ground.boundary.intersection(land).length / 1e3
    behind = by_width(widths_m[~front], areas_km2[~front], whole_km - front_km)
    return by_width(widths_m[front], areas_km2[front], front_km), behind


def report(archives: Path) -> str:
    """Return the table of docs/slivers.md, and what follows from it."""
    rows = dict([*_real(archives), *_simulated()])
    heads = [f"{low}–{high} m" for low, high in pairwise(BANDS_M[:-1])]
    moved = rows["simulated, all: mean"] - rows["simulated, redrawing: mean"]
    scores = _f1(rows["ISW, behind the front, drawn anew: mean"], moved)
    lines = [
        f"| km² per 100 km of line, by mean width | {' | '.join(heads)} | {BANDS_M[-2]} m and more |",
        "|---|" + "---:|" * (len(heads) + 1),
        *(f"| {name} | {' | '.join(f'{cell:.3f}' for cell in row)} |" for name, row in rows.items()),
        "",
        f"With ISW's mean redrawing behind the front, parts of {BANDS_M[-2]} m and more left aside, and the simulated"
        f" movement, F1 by area would be {', '.join(f'{one:.3f} at {width} m' for width, one in scores)}.",
    ]
    return "\n".join(lines) + "\n"


def _f1(redrawn: Floats, moved: Floats) -> list[tuple[float, float]]:
    """Return F1 by area of the thresholds between the bands."""
    flagged, wrong = np.cumsum(redrawn)[:-1], np.cumsum(moved)[:-1]
    # The harmonic mean of flagged ÷ (flagged + wrong) and flagged ÷ all.
    scores = 2 * flagged / (flagged + wrong + flagged[-1])
    return list(zip(BANDS_M[1:-1], scores.tolist(), strict=True))


def _real(archives: Path) -> Iterator[tuple[str, Floats]]:
    """Yield the lines of ISW's weekly maps."""
    land = inland()
    shapely.prepare(land)
    maps = read_maps(archives / WEEKLY, WEEKLY_SINCE)
    pairs = list(pairwise(maps))
    anew = np.array([drawn_anew(*pair) for pair in pairs])
    front, behind = (np.array(rows) for rows in zip(*(of_pair(*pair, land) for pair in pairs), strict=True))
    for where, rows in (("behind the front", behind), ("at the front", front)):
        for how, which in (("drawn anew", anew), ("copied", ~anew)):
            yield f"ISW, {where}, {how}: mean", np.mean(rows[which], axis=0)
            yield f"ISW, {where}, {how}: median", np.median(rows[which], axis=0)


def _simulated() -> Iterator[tuple[str, Floats]]:
    """Yield the lines of the simulation."""
    found: Redraw = pooled(CHOSEN_ON)
    yield "simulated, redrawing: mean", by_width(found.width_m, found.redrawn_km2, found.front_km)
    yield "simulated, all: mean", by_width(found.width_m, found.redrawn_km2 + found.moved_km2, found.front_km)


if __name__ == "__main__":
    PAGE.write_text(page("compared", report(Path(sys.argv[1])), by="compare_redraws"), encoding="utf-8")
    print(f"wrote {PAGE}")
