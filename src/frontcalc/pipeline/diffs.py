"""Change over periods, and between two files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from frontcalc.archives import pair_archive
from frontcalc.change import Change
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.notices import Notice, join_codes
from frontcalc.periods import Period, parse_period
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options, open_maps, start
from frontcalc.snapshots import read_snapshot
from frontcalc.states import Span, State, check_view, forget_maps, resolve
from frontcalc.tables import DiffRow, Meta, PeriodUsed, RowT, Table

Asked = tuple[Measuring, Sequence[str], Iterator[tuple[str, Span]]]
"""A run, the actors it measures, and each actor's spans."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What changed in one span for one actor, None where it has not two maps, and what is to be said of it."""

    actor: str
    span: Span
    changed: Change | None
    said: tuple[Notice, ...]


def diff(
    periods: Sequence[str], *, archive: str | Path | None = None, **options: Unpack[Options]
) -> Table[DiffRow, Meta]:
    """Measure how much territory was gained and lost in each period, by region.

    Parameters
    ----------
    periods : sequence of str
        As in «2023», «2024-Q3», «2024-09-01..2024-11-03»; `frontcalc.periods` has the grammar.
    archive : path
        A folder of dated maps; None for the bundled synthetic sample.
    **options
        How to measure: see `Options`.

    Returns
    -------
    Table of DiffRow
        A row a period, region and actor, areas in km².

    Raises
    ------
    UsageError
        A period, view, actor, CRS or region option is wrong.
    DataError
        A file that is needed is broken.
    NoDataError
        No period has two maps.
    """
    return tabulate(DiffRow, diff_rows, *over_periods(periods, archive, options))


def diff_files(before: str | Path, after: str | Path, **options: Unpack[Options]) -> Table[DiffRow, Meta]:
    """Measure what changed between two single maps.

    The period is named after the two files; dates are those in their names, blank without.
    Parameters, returns and errors are otherwise those of `diff`.
    """
    return tabulate(DiffRow, diff_rows, *over_files(before, after, options))


def over_periods(periods: Sequence[str], archive: str | Path | None, options: Options) -> Asked:
    """Return a run on an archive, the actors it measures, and the maps that stand for the ends of each period."""
    parsed = [parse_period(period) for period in dict.fromkeys(periods)]
    if not parsed:
        raise UsageError("no period was given", cure="name one, as in 2024 or 2024-09-01..2024-11-03")
    maps = open_maps(archive, options)
    first, last = maps.days[0], maps.days[-1]
    ends = [day for period in parsed for day in (period.opens_on or first, period.closes_on or last)]
    run = start(maps, options, ends[-1])
    actors = run.actors(ends)
    return run, actors, ((actor, resolve(period, maps, run.wanted(actor))) for actor in actors for period in parsed)


def over_files(before: str | Path, after: str | Path, options: Options) -> Asked:
    """Return a run on two single maps, the actors it measures, and the one span between them for each."""
    forget_maps()
    maps = pair_archive(before, after)
    run = start(maps, options)
    opening, closing = (State(read_snapshot(ref)) for ref in maps.refs)
    found = [part for state in (closing, opening) for part in state.snapshot.layers]
    counted = [part.layer.actor for part in found if run.view.counts(part.name, part.layer)]
    main = run.actor if run.actor and run.actor.casefold() != "all" else None
    actors = (main,) if main else tuple(dict.fromkeys(counted))[: None if run.actor else 1]
    if not actors:
        raise UsageError(f"neither file has a layer that view {run.view.name} counts", where=maps.name)
    spans = []
    for actor in actors:
        check_view(maps, run.wanted(actor), maps.refs[0])
        lacking = set(run.view.missing(closing.snapshot.named_layers(actor)))
        if gone := lacking - set(run.view.missing(opening.snapshot.named_layers(actor))):
            raise DataError(
                f"has no layer {' or '.join(sorted(gone))} of {actor}, which {maps.refs[0].names[0]} has",
                where=maps.refs[1].names[0],
                cure="choose a --view that both have",
            )
        period = Period(maps.name, opening.day, closing.day)
        notices = tuple(dict.fromkeys([*opening.snapshot.notices, *closing.snapshot.notices]))
        spans.append((actor, Span(period, opening, closing, notices)))
    return run, actors, iter(spans)


def tabulate(
    kind: type[RowT],
    rows_of: Callable[[Measuring, Measured], Iterable[RowT]],
    run: Measuring,
    actors: Sequence[str],
    spans: Iterator[tuple[str, Span]],
) -> Table[RowT, Meta]:
    """Return the table of some spans, each measured by a function as it comes."""
    rows: list[RowT] = []
    used: list[PeriodUsed] = []
    notices: list[Notice] = []
    measurable = False
    for one in _measured(run, spans):
        rows.extend(rows_of(run, one))
        measurable |= one.span.measurable
        notices.extend(one.said)
        period, days = one.span.period, [state.day if state else None for state in (one.span.opening, one.span.closing)]
        used.append(PeriodUsed(one.actor, period.label, period.opens_on, period.closes_on, *days))
    if not measurable:
        raise NoDataError(
            f"no period asked for has two maps ({'; '.join(str(notice) for notice in notices)})",
            where=run.archive.name,
            cure=f"its maps are of {run.archive.extent}",
        )
    return Table(kind, tuple(rows), run.meta(actors, periods=used, notices=notices))


def _measured(run: Measuring, spans: Iterator[tuple[str, Span]]) -> Iterator[Measured]:
    """Yield spans with their change, each measured as it comes."""
    for actor, span in spans:
        changed = run.change(span, actor)
        yield Measured(actor, span, changed, (*span.notices, *_left_out(run, actor, span, changed)))


def _left_out(run: Measuring, actor: str, span: Span, changed: Change | None) -> list[Notice]:
    """Return what is to be said of the change in the regions that are not shown, if any."""
    if changed is None:
        return run.left_out(actor, span.period.label)
    gained, lost = (run.lines.elsewhere(areas) for areas in (changed.gained_km2, changed.lost_km2))
    return run.left_out(actor, span.period.label, gained=gained, lost=lost)


def diff_rows(run: Measuring, measured: Measured) -> Iterator[DiffRow]:
    """Yield a span's rows in the order of `Measuring.rows`: figures where two maps stand for its ends, else blanks."""
    span = measured.span
    days = span.days
    for line in run.rows():
        figures = run.figures(measured.changed, line, days)
        yield DiffRow(
            archive=run.archive.name,
            actor=measured.actor,
            period=span.period.label,
            level=line.level,
            region=line.region,
            opening=span.opening.day if span.opening else None,
            closing=span.closing.day if span.closing else None,
            days=days,
            view=run.view.name,
            opening_km2=figures.opening_km2,
            closing_km2=figures.closing_km2,
            gained_km2=figures.gained_km2,
            lost_km2=figures.lost_km2,
            net_km2=figures.net_km2,
            rate_km2_per_day=figures.rate_km2_per_day,
            notes=join_codes(measured.said),
        )
