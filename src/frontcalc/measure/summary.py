"""Change by calendar period: with shares of land, and gross sums over the steps inside."""

from __future__ import annotations

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
from frontcalc.layers import COUNTRIES
from frontcalc.measure.diff import diff_rows, extended
from frontcalc.measure.series import EVERY, steps_in
from frontcalc.notices import Notice
from frontcalc.periods import UNITS, Period, PeriodLike, calendar_periods, parse_bound, parse_day, parse_period, unit_of
from frontcalc.progress import track
from frontcalc.run.lands import RegionLand, land_of
from frontcalc.run.meta import nothing_measured, table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import Measured, measured
from frontcalc.run.run import Run
from frontcalc.run.suspicions import suspect_parts
from frontcalc.states import Span
from frontcalc.tables import GrossRow, MapUsed, SummaryMeta, SummaryRow, Table

# A baseline by name: the day that Russia's full-scale invasion of Ukraine began, which ISW's maps open with.
INVASION = "2022-02-24"
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which calendar periods a summary has, and what it shows of each; the keywords of `summary` that say so."""

    since: PeriodLike | None = None
    until: PeriodLike | None = None
    same_span: bool = False
    baseline: str | date | None = None
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
    baseline: str | date | None = None,
    gross: bool = False,
    step: str | None = None,
    **options: Unpack[Keywords],
) -> Table[SummaryRow, SummaryMeta]:
    """Measure how much territory was gained and lost in each calendar period, and what share of the land is held.

    Parameters
    ----------
    every : str
        `year`, `quarter`, `month` or `week` (ISO 8601).
    since, until : str, int, date or pandas.Period, optional
        As for `series`. A period that they cut is named as the range it is.
    same_span : bool
        Of years: cut each on the day of the year where the last one ends.
    baseline : str or date, optional
        A day. What was held then counts on no map, so that only what was taken since does; periods begin after it.
    gross : bool
        Add gross gained, gross lost, turnover and slivers.
    step : str, optional
        What gross figures compare: each `snapshot` with the one before (the default), or the states at the end of each
        `day`, `week` or `month`.
    archive, **options
        As for `diff`.

    Returns
    -------
    Table of SummaryRow
        A row a period, region and actor, areas in km²; of GrossRow with `gross`.

    Raises
    ------
    UsageError, DataError, NoDataError
        As `diff`; NoDataError also where the archive begins after the baseline.

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
    (table,) = summaries((every,), calendar, archive, options)
    return table


def summaries(
    every: Sequence[str], calendar: Calendar, archive: str | Path | Archive | None, options: Keywords
) -> list[Table[SummaryRow, SummaryMeta]]:
    """Return a summary by each of several units, longest first, measured in one run; otherwise as `summary`."""
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
    asked = Options(**options)
    baseline = parse_day(calendar.baseline) if calendar.baseline else None
    run = Run.open(archive, asked)
    run.baseline = baseline
    periods = {unit: periods_of(unit, run.archive, calendar, baseline) for unit in units}
    ends = [day for each in periods.values() for period in each for day in (period.opens_on, period.closes_on) if day]
    run.begin(ends, ends[-1])
    tables = [_table(run, calendar, unit, periods[unit]) for unit in units]
    if all(row.net_km2 is None for table in tables for row in table.rows):
        raise nothing_measured(run, tables[0].meta.notices)
    return tables


def _table(run: Run, calendar: Calendar, every: str, periods: Sequence[Period]) -> Table[SummaryRow, SummaryMeta]:
    """Return the table of some periods."""
    wanted = [(actor, period) for actor in run.actors for period in periods]
    said = [Notice("BASELINE", f"ground held on {run.baseline} is not counted")] if run.baseline else []
    land, step = land_of(run.regions), (calendar.step or "snapshot") if calendar.gross else None
    rows: list[SummaryRow] = []
    steps_of: dict[tuple[str, str], list[Change]] = {}

    def spans() -> Iterator[Span]:
        for actor, period in track(wanted, f"measuring {every}"):
            span, steps = run.states(actor).resolve(period), steps_of.setdefault((actor, period.label), [])
            suspect: list[Notice] = []
            for before, after in pairwise(steps_in(run, span, step) if step is not None and span.ends else ()):
                steps.append(run.step(before, after, actor))
                found = suspect_parts(run, Span(period, before, after, actor=actor), steps[-1])
                suspect += [one.notice for one in found]
            yield replace(span, notices=(*span.notices, *said, *suspect))

    for one in measured(run, spans(), judged=step is None):
        rows.extend(_rows(run, step, land, one, steps_of.pop((one.span.actor, one.span.period.label))))
    kind: type[SummaryRow] = SummaryRow if step is None else GrossRow
    table = table_of(run, kind, rows, slivers=step is not None or run.options.drop_slivers, blank=True)
    by_day = {one.ref.day: one.files for one in (*run.baselines.values(), *run.used.values())}
    maps = [MapUsed(day, file.name, file.sha256) for day, files in by_day.items() for file in files]
    meta = extended(
        SummaryMeta,
        table.meta,
        every=every,
        same_span=calendar.same_span,
        baseline=run.baseline,
        step=step,
        maps=tuple(sorted(maps, key=lambda used: (str(used.date), used.name))),
    )
    return Table(kind, table.rows, meta, table.shape_of)


def _rows(run: Run, step: str | None, land: RegionLand, one: Measured, steps: Sequence[Change]) -> Iterator[SummaryRow]:
    """Yield a period's rows: those of `diff`, and what a summary adds to each."""
    # What is snapped to a region is no part of the land that its share is of.
    held = one.change.km2[CLOSING, 0] - one.change.km2[CLOSING, 1] if one.change else None
    gross = total(steps) if steps else None
    for line, row in zip(run.lines.shown, diff_rows(run, one), strict=True):
        own: dict[str, Any] = dict(land.share(line, held, COUNTRIES.get(one.span.actor, "")))
        if step is not None:
            own |= {"step": step, "sliver_width_m": run.slivers[0]}
        if gross is not None:
            gained, lost = line.sum_of(gross.gained_km2), line.sum_of(gross.lost_km2)
            own |= {"gross_gained_km2": gained, "gross_lost_km2": lost, "turnover_km2": gained + lost}
            for verb, kind in (("gained", GAINED_SLIVER), ("lost", LOST_SLIVER)):
                own[f"sliver_{verb}_km2"] = line.sum_of(gross.km2[kind, 0])
            own["steps"] = len(steps)
        yield extended(SummaryRow if step is None else GrossRow, row, **own)


def periods_of(every: str, maps: Archive, calendar: Calendar, baseline: date | None) -> list[Period]:
    """Return the periods of a summary: those inside the time asked for in which the archive can show a change."""
    first, last = maps.days[0], maps.days[-1]
    begin, end = parse_bound(unit_of(first + _ONE_DAY, every), last=False), parse_bound(unit_of(last, every), last=True)
    since = parse_bound(calendar.since, last=False) if calendar.since else None
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
