"""Measure on real archives how deep advances are, and how lines differ that are only drawn again.

    python scripts/measure_redraws.py ARCHIVES

ARCHIVES is the folder that has `deepstate-daily`, `nzz-daily`, `isw-raw-daily` and `isw-weekly`. Writes the figures to
docs/slivers.md, which has the reasons; `scripts/simulate_redraws.py` draws its fronts from them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import shapely
from real_advances import Advances, advances
from real_maps import Floats, inland, read_maps
from real_redraws import Redraws, redraws

DAILY, WEEKLY, WEEKLY_SINCE = ("deepstate-daily", "nzz-daily", "isw-raw-daily"), "isw-weekly", date(2023, 1, 1)
PERIODS_DAYS = (7, 30)
LEVELS = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
UPPER_LEVELS = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 1.0)  # few maps lack many vertices: these keep the mean
PAGE = Path(__file__).parents[1] / "docs" / "slivers.md"
BEGIN, END = "<!-- measured: scripts/measure_redraws.py -->\n", "<!-- end of measured -->\n"


def report(archives: Path) -> str:
    """Return the tables of docs/slivers.md."""
    land = inland()
    return advance_table(archives, land) + "\n" + redraw_table(archives, land)


def advance_table(archives: Path, land: shapely.Geometry) -> str:
    """Return the table of advances on daily maps."""
    daily = [read_maps(archives / name) for name in DAILY]
    found = [advances(daily, days, land) for days in PERIODS_DAYS]
    rows = [
        f"| advances in | {' | '.join(f'{days} days' for days in PERIODS_DAYS)} |",
        "|---|" + "---:|" * len(found),
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in _advance_rows(found)),
    ]
    return "\n".join(rows) + "\n"


def redraw_table(archives: Path, land: shapely.Geometry) -> str:
    """Return the tables of lines drawn again on weekly maps."""
    again = redraws(read_maps(archives / WEEKLY, WEEKLY_SINCE), land)
    rows = [
        "| lines drawn again | |",
        "|---|---:|",
        *(f"| {name} | {cell} |" for name, cell in _redraw_rows(again)),
        "",
        "| quantile | vertices that the other map lacks (%) | their rank by effect |",
        "|---:|---:|---:|",
        *(
            f"| {level:g} | {100 * np.quantile(again.lacking, level):.2f} | {np.quantile(again.ranks, level):.3f} |"
            for level in UPPER_LEVELS
        ),
        "",
        "| still lines | length (km) | stretches per 100 km | vertices that the map before lacks (%) |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {km:,.0f} | {100 * stretches / km:.3f} | {100 * without / vertices:.1f} |"
            for name, (km, stretches, vertices, without) in again.tallies.items()
        ),
    ]
    return "\n".join(rows) + "\n"


def _advance_rows(found: Sequence[Advances]) -> Iterator[tuple[str, list[str]]]:
    """Yield the lines of the table of advances."""
    yield "windows", [str(one.windows) for one in found]
    yield "mean length of the front (km)", [f"{one.front_km / one.windows:,.0f}" for one in found]
    yield "advances, parts", [str(len(one.gained)) for one in found]
    yield "their area (km²)", [f"{one.km2[0]:,.1f}" for one in found]
    yield "left out: edits of two sides (km²)", [f"{one.km2[1]:,.1f}" for one in found]
    yield "left out: what did not stay (km²)", [f"{one.km2[2]:,.1f}" for one in found]
    yield "advances per 100 km of front", [f"{100 * len(one.gained) / one.front_km:.2f}" for one in found]
    yield "share of them gained", [f"{np.mean(one.gained):.2f}" for one in found]
    for level in LEVELS:
        yield f"depth, quantile {level:g} (m)", [f"{np.quantile(one.sides_m[:, 0], level):.0f}" for one in found]
    fits = [_length_by_depth(one.sides_m) for one in found]
    yield "ln length = a + b · ln depth: a", [f"{fit[0]:.2f}" for fit in fits]
    yield "b", [f"{fit[1]:.2f}" for fit in fits]
    yield "standard deviation around it", [f"{fit[2]:.2f}" for fit in fits]


def _length_by_depth(sides: Floats) -> tuple[float, float, float]:
    """Return intercept, slope and scatter of the logarithm of length over that of depth."""
    depth, length = np.log(sides).T
    slope, intercept = np.polyfit(depth, length, 1)
    return float(intercept), float(slope), float(np.std(length - intercept - slope * depth))


def _redraw_rows(again: Redraws) -> Iterator[tuple[str, str]]:
    """Yield the lines of the table of lines drawn again."""
    length, distance, spacing = np.log(again.stretches).T
    yield "pairs of weekly maps", str(len(again.anew))
    yield "drawn anew as a whole", str(int(np.sum(again.anew)))
    yield "jitter of vertices along an axis, quantile 0.1 (m)", f"{np.quantile(again.jitter_m, 0.1):.1f}"
    yield "quantile 0.9 (m)", f"{np.quantile(again.jitter_m, 0.9):.1f}"
    yield "mean distance between vertices of the front (m)", f"{again.spacing_m:.0f}"
    yield "stretches of the front digitised anew", str(len(length))
    front_km = sum(tally[0] for name, tally in again.tallies.items() if name.startswith("at the front"))
    yield "per 100 km of front and pair", f"{100 * len(length) / front_km:.3f}"
    yield "their length, mean of ln (m)", f"{np.mean(length):.2f}"
    yield "standard deviation of ln", f"{np.std(length):.2f}"
    yield "their root mean square distance to the old line, mean of ln (m)", f"{np.mean(distance):.2f}"
    yield "standard deviation of ln", f"{np.std(distance):.2f}"
    yield "distance between their vertices, mean of ln (m)", f"{np.mean(spacing):.2f}"


def page(tables: str) -> str:
    """Return docs/slivers.md with other tables of measurements."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + tables + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(report(Path(sys.argv[1]))), encoding="utf-8")
    print(f"wrote {PAGE}")
