"""What the facades that measure periods share: the maps of each period, and a word where there are none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from frontcalc.errors import NoDataError, UsageError
from frontcalc.notices import Notice
from frontcalc.periods import parse_period
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options, open_maps, start
from frontcalc.states import Span, resolve
from frontcalc.tables import PeriodUsed

Spans = Iterator[tuple[str, Span]]


def start_periods(
    periods: Sequence[str], archive: str | Path | None, options: Options
) -> tuple[Measuring, tuple[str, ...], Spans]:
    """Return a run, whose territory it measures, and each actor's periods with their maps, read as they come.

    Raises
    ------
    UsageError
        A period or an option is wrong, or there is no period.
    """
    parsed = [parse_period(period) for period in dict.fromkeys(periods)]
    if not parsed:
        raise UsageError("no period was given", cure="name one, as in 2024 or 2024-09-01..2024-11-03")
    maps = open_maps(archive, options)
    first, last = maps.days[0], maps.days[-1]
    ends = [day for period in parsed for day in (period.opens_on or first, period.closes_on or last)]
    run = start(maps, options, ends[-1])
    actors = run.actors(ends)
    spans = ((actor, resolve(period, maps, run.wanted(actor))) for actor in actors for period in parsed)
    return run, actors, spans


def period_used(actor: str, span: Span) -> PeriodUsed:
    """Return a period as asked for, and the maps really used."""
    days = [state.day if state else None for state in (span.opening, span.closing)]
    return PeriodUsed(actor, span.period.label, span.period.opens_on, span.period.closes_on, *days)


def nothing_measured(run: Measuring, notices: Iterable[Notice]) -> NoDataError:
    """Return what to raise where no period has two maps."""
    return NoDataError(
        f"no period asked for has two maps ({'; '.join(str(notice) for notice in notices)})",
        where=run.archive.name,
        cure=f"its maps are of {run.archive.extent}",
    )
