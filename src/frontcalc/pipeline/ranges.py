"""Change over periods with the least and the most that each figure comes to under other assumptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from frontcalc.pipeline.assumptions import open_alternatives
from frontcalc.pipeline.comparing import Measured, tabulate
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.outcomes import MEASURES, base_of, least_and_most, range_notice, refuse_dropped
from frontcalc.pipeline.spans import Asked
from frontcalc.tables import DiffRow, Meta, RangeRow, Table

Rows = Callable[[Measuring, Measured], Iterator[DiffRow]]


def tabulate_ranges(rows: Rows, asked: Asked, options: Options) -> Table[DiffRow, Meta]:
    """Return a table of change with ranges.

    Parameters
    ----------
    rows : callable
        Yields a span's rows without ranges.
    asked : Asked
        The run and its spans.
    options : Options
        How to measure, which the alternatives change one at a time.

    Raises
    ------
    UsageError
        Slivers are dropped, so that there is no one figure for a range to be around.
    """
    refuse_dropped(asked.run)
    asked.run.notices.append(range_notice(asked.run))

    def with_ranges(run: Measuring, measured: Measured) -> Iterator[RangeRow]:
        changed, outcomes, base = measured.changed, [], None
        if changed is not None:
            base = base_of(run, options, measured.actor, measured.span, changed, measured.suspect)
            outcomes = list(open_alternatives(base))
        for row in rows(run, measured):
            own: dict[str, Any] = {entry.name: getattr(row, entry.name) for entry in fields(row)}
            # Blank where nothing was measured.
            if base is not None:
                least, most = least_and_most(base, outcomes, (row.level, row.region))
                own |= {f"{name}_min_km2": figure for name, figure in zip(MEASURES, least, strict=True)}
                own |= {f"{name}_max_km2": figure for name, figure in zip(MEASURES, most, strict=True)}
            yield RangeRow(**own)

    return tabulate(RangeRow, with_ranges, asked)
