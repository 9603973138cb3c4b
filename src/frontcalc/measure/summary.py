"""Change by calendar period: with shares of land, and gross sums over the steps inside."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Unpack

from frontcalc.archives import Archive
from frontcalc.change import CLOSING, GAINED_SLIVER, LOST_SLIVER, Change, total
from frontcalc.errors import NoDataError, UsageError
from frontcalc.keywords import facade
from frontcalc.measure.diff import diff_rows
from frontcalc.measure.series import EVERY, keep_steps, steps_in
from frontcalc.notices import Notice
from frontcalc.periods import UNITS, Period, PeriodLike, calendar_periods, parse_bound, parse_day, parse_period, unit_of
from frontcalc.progress import track
from frontcalc.run.land import land_shares
from frontcalc.run.meta import nothing_measured, table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import Measured, measured
from frontcalc.run.run import Run
from frontcalc.states import INVASION, SPAN_TOLERANCE, Span
from frontcalc.tables import TOTAL, GrossRow, SummaryMeta, SummaryRow, Table, extended

_ONE_DAY = timedelta(days=1)
EVE_OF_INVASION = INVASION - _ONE_DAY


@dataclass(frozen=True, slots=True)
class Calendar:
    """The keywords of `summary` that choose its periods, and what it shows of each."""

    since: PeriodLike | None = None
    until: PeriodLike | None = None
    same_span: bool = False
    baseline: str | Path | date | None = None
    gross: bool = False
    step: str | None = None

    def __post_init__(self) -> None:
        if not self.gross and self.step is not None:
            raise UsageError("--step is of gross figures", cure="add --gross")
        if self.step is not None and self.step not in EVERY:
            raise UsageError(f"no step is named {self.step!r}", where="--step", cure=f"choose {', '.join(EVERY)}")


@facade
def summary(
    *,
    every: str = "year",
    archive: str | Path | Archive | None = None,
    since: PeriodLike | None = None,
    until: PeriodLike | None = None,
    same_span: bool = False,
    baseline: str | Path | date | None = None,
    gross: bool = False,
    step: str | None = None,
    changed_rows: bool = False,
    **options: Unpack[Keywords],
) -> Table[SummaryRow, SummaryMeta]:
    """Measure how much territory was gained and lost in each calendar period, and what share of the land is held.

    Otherwise as `diff`; NoDataError also where the archive begins after the baseline.

    Parameters
    ----------
    every : str
        `year`, `quarter`, `month` or `week` (ISO 8601).
    since, until : str, int, date or pandas.Period, optional
        As for `series`. A period that they cut is named as the range it is.
    same_span : bool
        Of years: cut each on the day of the year where the last one ends.
    baseline : str, path or date, optional
        A day, or the file of a map. What was held then counts on no map, so that only what was taken since does;
        periods begin after that day.
    gross : bool
        Add gross gained, gross lost, turnover and slivers.
    step : str, optional
        What gross figures compare: each `snapshot` with the one before (the default), or the states at the end of each
        `day`, `week` or `month`.
    changed_rows : bool
        Leave out regions in periods in which nothing changed; the total stays that of all.

    Returns
    -------
    Table of SummaryRow
        A row a period, region and actor, areas in km²; of GrossRow with `gross`.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.summary(every="quarter", since="2024", by="none")
    >>> for row in table.rows:
    ...     print(f"{row.period}: {row.net_km2:+,.1f} km² by {row.closing}")
    2024-Q1: +339.4 km² by 2024-03-31
    2024-Q2: +611.9 km² by 2024-06-30
    2024-Q3: +858.3 km² by 2024-09-29
    2024-Q4: +890.5 km² by 2024-11-17
    """
    calendar = Calendar(since, until, same_span, baseline, gross, step)
    (table,), _ = summaries((every,), calendar, archive, options)
    if changed_rows:
        table = replace(table, rows=tuple(row for row in table.rows if row.level == TOTAL or _changes(row)))
    return table


def _changes(row: SummaryRow) -> bool:
    """Say whether anything changed in a row, to the decimals that files have, or is not known."""
    areas = (row.gained_km2, row.lost_km2, getattr(row, "turnover_km2", 0.0))
    return any(area is None or round(area, 3) for area in areas)


def summaries(
    every: Sequence[str], calendar: Calendar, archive: str | Path | Archive | None, options: Keywords
) -> tuple[list[Table[SummaryRow, SummaryMeta]], Archive]:
    """Return a summary by each of several units, longest first, of one run, and its archive; as `summary` else."""
    for unit in every:
        if unit not in UNITS:
            raise UsageError(f"no period is named {unit!r}", where="--every", cure=f"choose {', '.join(UNITS)}")
    units = [unit for unit in UNITS if unit in every]
    if not units:
        raise UsageError("no unit was given", where="--every", cure=f"choose of {', '.join(UNITS)}")
    drop = options.get("drop_slivers")
    if not calendar.gross and not drop and options.get("sliver_width") is not None:
        raise UsageError("--sliver-width is of slivers", cure="add --gross to show them, or --drop-slivers")
    if calendar.gross and drop:
        raise UsageError("--gross shows slivers beside the figures that they are in", cure="leave out --drop-slivers")
    if calendar.same_span and units != ["year"]:
        raise UsageError("cuts years to the same days", where="--same-span", cure="use it with --every year")
    run_options = Options(**options)
    run = Run.open(archive, run_options)
    if (file := baseline_file(calendar.baseline)) is not None:
        run.baseline = run.archive.beside(file)
    elif calendar.baseline:
        run.baseline = parse_day(calendar.baseline)  # type: ignore[arg-type]
    baseline = run.baseline if isinstance(run.baseline, date) else None
    periods = {unit: periods_of(unit, run.archive, calendar, baseline) for unit in units}
    ends = [day for each in periods.values() for period in each for day in (period.opens_on, period.closes_on) if day]
    run.begin(ends, ends[-1])
    tables = [_table(run, calendar, unit, periods[unit]) for unit in units]
    if all(row.net_km2 is None for table in tables for row in table.rows):
        raise nothing_measured(run, tables[0].meta.notices)
    return tables, run.archive


def baseline_file(baseline: str | Path | date | None) -> Path | None:
    """Return a baseline as a file: a path, or a text with a slash or a suffix that is no number; None for a day."""
    text = "" if baseline is None or isinstance(baseline, date) else str(baseline)
    is_file = isinstance(baseline, Path) or os.sep in text or Path(text).suffix.strip(".0123456789")
    return Path(text) if is_file else None


def _baseline_notice(run: Run, actor: str) -> Notice:
    """Return the notice that the baseline's ground is not counted, and which map stands for a day without one."""
    state, day = run.baseline_of(actor), run.baseline
    on = day if isinstance(day, date) else f"the map {', '.join(state.snapshot.ref.names)}"
    what = line = f"ground held on {on} is not counted"
    if isinstance(day, date) and state.day and state.day > day:
        what += f"; the first map, of {state.day}, stands for it, so that what was taken until then is left out"
        line = f"the map of {state.day} stands for the baseline, {day}: what was taken until then is left out"
    return Notice("BASELINE", what, line=line)


def _table(run: Run, calendar: Calendar, every: str, periods: Sequence[Period]) -> Table[SummaryRow, SummaryMeta]:
    """Return the summary by one calendar unit, with the files of the maps that it rests on."""
    wanted = [(actor, period) for actor in run.actors for period in periods]
    baseline_notices = {actor: [_baseline_notice(run, actor)] if run.baseline else [] for actor in run.actors}
    step = (calendar.step or "snapshot") if calendar.gross else None
    rows, steps_of = list[SummaryRow](), dict[Span, list[tuple[Span, Change]]]()
    last, end = run.archive.days[-1], periods[-1].closes_on or date.max
    # Years that are cut where the archive ends are all cut elsewhere when it goes on.
    opens = {one.label for one in periods if (one.closes_on or end) > last or (calendar.same_span and end >= last)}

    def spans() -> Iterator[Span]:
        for actor in run.actors if step == "snapshot" else ():
            keep_steps(run, actor, periods[0].opens_on or run.archive.first, end)
        for actor, period in track(wanted, f"measuring {every}"):
            span = run.states(actor).resolve(period)
            span = replace(span, notices=(*span.notices, *baseline_notices[actor]))
            pairs = pairwise(steps_in(run, span, step) if step else ())
            steps_of[span] = [(Span(period, *pair, actor=actor), run.step(*pair, actor)) for pair in pairs]
            yield span

    for one in measured(run, spans(), steps_of=steps_of):
        state = "open" if one.span.period.label in opens else "closed"
        rows.extend(_rows(run, step, one, [changed for _, changed in steps_of.pop(one.span)], state))
    days = [row.days for row in rows if row.days]
    if calendar.same_span and max(days, default=0) > (1 + SPAN_TOLERANCE) * min(days, default=0):
        what = f"the years are {min(days)} to {max(days)} days long by their maps, though cut to the same days"
        run.figure_notices.append(Notice("SPAN", what))
    kind: type[SummaryRow] = SummaryRow if step is None else GrossRow
    table = table_of(run, kind, rows, slivers=step is not None or run.options.drop_slivers, blank=True)
    meta = extended(
        SummaryMeta,
        table.meta,
        every=every,
        same_span=calendar.same_span,
        baseline=run.baseline if isinstance(run.baseline, date) else None,
        step=step,
    )
    return Table(kind, table.rows, meta, table.shape_of)


def _rows(run: Run, step: str | None, one: Measured, steps: Sequence[Change], state: str) -> Iterator[SummaryRow]:
    """Yield a period's rows: those of `diff`, and what a summary adds to each."""
    partition, held = run.partition_for(one.span.actor), one.change.km2[CLOSING] if one.change else None
    gross = total(steps) if steps else None
    for line, row in zip(run.lines.shown, diff_rows(run, one), strict=True):
        own: dict[str, Any] = dict(land_shares(partition, line, held), state=state)
        if step is not None:
            own |= {"step": step, "sliver_width_m": run.slivers[0]}
        if gross is not None:
            gained, lost = line.sum_of(gross.gained_km2), line.sum_of(gross.lost_km2)
            own |= {"gross_gained_km2": gained, "gross_lost_km2": lost, "turnover_km2": gained + lost}
            own |= {"sliver_gained_km2": line.sum_of(gross.km2[GAINED_SLIVER, 0]), "steps": len(steps)}
            own["sliver_lost_km2"] = line.sum_of(gross.km2[LOST_SLIVER, 0])
        yield extended(SummaryRow if step is None else GrossRow, row, **own)


def periods_of(every: str, maps: Archive, calendar: Calendar, baseline: date | None) -> list[Period]:
    """Return the periods of a summary: those inside the time asked for in which the archive can show a change."""
    first, last = maps.first, maps.days[-1]
    begin, end = parse_bound(unit_of(first + _ONE_DAY, every), last=False), parse_bound(unit_of(last, every), last=True)
    since = parse_bound(calendar.since, last=False) if calendar.since else None
    # The day that begins a range stands for its own map, which opens the first period.
    if calendar.since and since and since > date.min and parse_period(calendar.since).opens_on == since:
        since += _ONE_DAY
    until = parse_bound(calendar.until, last=True) if calendar.until else None
    if since and until and since > until:
        problem = f"{calendar.since} is after {calendar.until}"
        raise UsageError(problem, where="--since and --until", cure="put the earlier first")
    end = min(filter(None, (end, until)))
    begin = max(filter(None, (begin, since, baseline and min(baseline, end) + _ONE_DAY)))
    if begin > end or first == last:
        cure = f"its maps are of {maps.extent}"
        raise NoDataError("has no two maps in the time asked for", where=maps.name, cure=cure)
    periods = calendar_periods(every, begin, end)
    return [_cut(year, min(end, last)) for year in periods] if calendar.same_span else list(periods)


def _cut(year: Period, end: date) -> Period:
    """Return a year cut on the day of the year where the last one ends; 29 February is 28 in common years."""
    assert year.opens_on is not None
    assert year.closes_on is not None
    leap_day = (end.month, end.day) == (2, 29) and year.closes_on.year != end.year
    cut = end.replace(year=year.closes_on.year, day=28 if leap_day else end.day)
    if cut >= year.closes_on:
        return year
    if cut > year.opens_on:
        return parse_period(f"{year.label.partition('..')[0]}..{cut}")
    problem = f"ends {year.label} on {cut}, before it begins"
    raise UsageError(problem, where="--same-span", cure="begin earlier with --since")
