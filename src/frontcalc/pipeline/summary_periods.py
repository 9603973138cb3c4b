"""What a summary is asked for: its options, checked, and the calendar periods that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from frontcalc.archives import Archive
from frontcalc.errors import NoDataError, UsageError
from frontcalc.periods import UNITS, Period, PeriodLike, calendar_periods, parse_bound, parse_day, parse_period, unit_of
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.timeline import EVERY

_ONE_DAY = timedelta(days=1)


class SummaryOptions(Options, total=False):
    """What a summary shows and how it measures; the keywords beside those of `Options`.

    Attributes
    ----------
    since, until : str, int, date or pandas.Period
        First and last day: a day, or a longer unit whose first or last day is meant. A period that they
        cut is named as the range it is.
    same_span : bool
        Of years: cut each on the day of the year where the last one ends.
    baseline : str or date
        A day. What was held then is taken away from every map first, so that only what was taken since
        counts, and periods begin after it.
    gross : bool
        Add gross gained, gross lost, turnover and slivers.
    step : str
        What gross figures compare: each `snapshot` with the one before (the default), or the states at
        the end of each `day`, `week` or `month`.
    """

    since: PeriodLike | None
    until: PeriodLike | None
    same_span: bool
    baseline: str | date | None
    gross: bool
    step: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """The checked options of a summary; `step` is None without gross figures."""

    since: PeriodLike | None
    until: PeriodLike | None
    same_span: bool
    baseline: date | None
    step: str | None


def checked(units: Sequence[str], options: SummaryOptions) -> Wish:
    """Return the options of a summary by some units, checked.

    Raises
    ------
    UsageError
        A unit or an option is wrong, or two do not go together.
    """
    for unit in units:
        if unit not in UNITS:
            raise UsageError(f"no period is named {unit!r}", where="--every", cure=f"choose {', '.join(UNITS)}")
    gross, step, width = bool(options.get("gross")), options.get("step"), options.get("sliver_width")
    drop = bool(options.get("drop_slivers"))
    if not gross and step is not None:
        raise UsageError("--step is of gross figures", cure="add --gross")
    if not gross and not drop and width is not None:
        raise UsageError("--sliver-width is of slivers", cure="add --gross to show them, or --drop-slivers")
    if gross and drop:
        raise UsageError("--gross shows slivers beside the figures that they are in", cure="leave out --drop-slivers")
    if step is not None and step not in EVERY:
        raise UsageError(f"no step is named {step!r}", where="--step", cure=f"choose {', '.join(EVERY)}")
    same_span = bool(options.get("same_span"))
    if same_span and tuple(units) != ("year",):
        raise UsageError("cuts years to the same days", where="--same-span", cure="use it with --every year")
    baseline = options.get("baseline")
    return Wish(
        since=options.get("since"),
        until=options.get("until"),
        same_span=same_span,
        baseline=parse_day(baseline) if baseline else None,
        step=(step or "snapshot") if gross else None,
    )


def periods_of(every: str, maps: Archive, asked: Wish) -> Iterator[Period]:
    """Yield the periods of a summary: those inside the time asked for in which the archive can show a change.

    Parameters
    ----------
    every : str
        The calendar unit, one of `frontcalc.periods.UNITS`.
    maps : Archive
        The maps.
    asked : Wish
        What is asked for.

    Raises
    ------
    UsageError
        The time asked for runs backwards, or years cannot be cut to the same days.
    NoDataError
        The archive has no two maps in it.
    """
    first, last = maps.days[0], maps.days[-1]
    begin, end = _unit_days(first + _ONE_DAY, every)[0], _unit_days(last, every)[1]
    if asked.since:
        begin = max(begin, parse_bound(asked.since, last=False))
    if asked.until:
        end = min(end, parse_bound(asked.until, last=True))
    if asked.since and asked.until and parse_bound(asked.since, last=False) > parse_bound(asked.until, last=True):
        raise UsageError(
            f"{asked.since} is after {asked.until}", where="--since and --until", cure="put the earlier first"
        )
    if asked.baseline:
        begin = max(begin, asked.baseline + _ONE_DAY)
    if begin > end or first == last:
        raise NoDataError(
            "has no two maps in the time asked for", where=maps.name, cure=f"its maps are of {maps.extent}"
        )
    periods = calendar_periods(every, begin, end)
    yield from _cut_alike(periods, min(end, last)) if asked.same_span else periods


def _cut_alike(years: Iterator[Period], end: date) -> Iterator[Period]:
    """Yield years cut on the day of the year where the last one ends; 29 February is 28 in common years."""
    for year in years:
        assert year.opens_on is not None
        assert year.closes_on is not None
        leap_day = (end.month, end.day) == (2, 29)
        cut = date(year.closes_on.year, end.month, 28) if leap_day else end.replace(year=year.closes_on.year)
        cut = end if cut.year == end.year else cut
        if cut >= year.closes_on:
            yield year
        elif cut > year.opens_on:
            yield parse_period(f"{year.label.partition('..')[0]}..{cut}")
        else:
            raise UsageError(
                f"ends {year.label} on {cut}, before it begins", where="--same-span", cure="begin earlier with --since"
            )


def _unit_days(day: date, every: str) -> tuple[date, date]:
    """Return the first and last day of the calendar unit that a day is in."""
    label = unit_of(day, every)
    return parse_bound(label, last=False), parse_bound(label, last=True)
