"""Hold the simulated redrawing of `scripts/simulated_fronts.py` against ISW's weekly maps, by width.

    python scripts/compare_redraws.py ARCHIVES

Writes the table to docs/slivers.md. It draws from a stream on which no threshold is chosen or judged.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely
from measure_redraws import WEEKLY, WEEKLY_SINCE
from numpy.typing import NDArray
from real_maps import Map, drawn_anew, inland, read_maps
from simulate_redraws import PAGE, page, pooled
from simulated_fronts import STILL
from simulated_fronts import WEEKLY as NOISE

from frontcalc import change, geometry

BANDS_M = (0, 20, 50, 100, 300, np.inf)
CALIBRATION, CALIBRATED_ON = (20261127, 1), range(10)
TOGETHER_WITHIN, EACH_WITHIN = 1.5, 2.0  # factors
TARGET, STILL_LINE = "ISW, behind the front, drawn anew: mean", "simulated, no advances, no stretches: mean"

Floats = NDArray[np.float64]


def by_width(widths_m: Floats, areas_km2: Floats, front_km: float) -> Floats:
    """Return areas by width, in km² per 100 km of line."""
    sums, _ = np.histogram(widths_m, BANDS_M, weights=areas_km2)
    return np.asarray(100 * sums / front_km)


def of_pair(before: Map, after: Map, land: shapely.Geometry) -> tuple[Floats, Floats]:
    """Return what differs between two maps by width, at the front and behind it."""
    sides = change.differences(before.ground, after.ground, whole=True)
    parts = np.concatenate([geometry.polygonal(np.atleast_1d(np.asarray(side, dtype=object))) for side in sides])
    widths_m, areas_km2 = 2 * shapely.area(parts) / shapely.length(parts), geometry.area_km2(parts)
    front = shapely.intersects(land, parts)
    whole_km = after.ground.boundary.length / 1e3
    front_km = after.ground.boundary.intersection(land).length / 1e3
    behind = by_width(widths_m[~front], areas_km2[~front], whole_km - front_km)
    return by_width(widths_m[front], areas_km2[front], front_km), behind


def report(archives: Path) -> str:
    """Return the table of docs/slivers.md, and how far the simulation is from what it is held against."""
    rows = dict([*_real(archives), *_simulated()])
    heads = [f"{low}–{high} m" for low, high in pairwise(BANDS_M[:-1])]
    ratios, ratio = agreement(rows[STILL_LINE], rows[TARGET])
    lines = [
        f"| km² per 100 km of line, by mean width | {' | '.join(heads)} | {BANDS_M[-2]} m and more |",
        "|---|" + "---:|" * (len(heads) + 1),
        *(f"| {name} | {' | '.join(f'{cell:.3f}' for cell in row)} |" for name, row in rows.items()),
        "",
        f"Simulated ÷ ISW, behind the front, drawn anew: {', '.join(f'{one:.2f}' for one in ratios)};"
        f" to {BANDS_M[-2]} m together {ratio:.2f}.",
    ]
    return "\n".join(lines) + "\n"


def agreement(simulated: Floats, real: Floats) -> tuple[Floats, float]:
    """Return simulated ÷ real areas, class by class and together, what is widest left aside."""
    return simulated[:-1] / real[:-1], float(np.sum(simulated[:-1]) / np.sum(real[:-1]))


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
    yield STILL_LINE, redrawn_still(CALIBRATED_ON)
    found = pooled(CALIBRATED_ON, stream=CALIBRATION)
    yield "simulated, redrawing: mean", by_width(found.width_m, found.redrawn_km2, found.front_km)
    yield "simulated, all: mean", by_width(found.width_m, found.redrawn_km2 + found.moved_km2, found.front_km)


def redrawn_still(seeds: Iterable[int]) -> Floats:
    """Return simulated redrawing by width, in km² per 100 km, without advances and stretches digitised anew."""
    found = pooled(seeds, STILL, replace(NOISE, anew_per_100_km=0.0), stream=CALIBRATION)
    return by_width(found.width_m, found.redrawn_km2, found.front_km)


if __name__ == "__main__":
    PAGE.write_text(page("compared", report(Path(sys.argv[1])), by="compare_redraws"), encoding="utf-8")
    print(f"wrote {PAGE}")
