"""The grammar of periods: which days open and close one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol, runtime_checkable

from frontcalc.errors import UsageError

UNITS = ("year", "quarter", "month", "week")  # the calendar units that a stretch of time is divided into
MOST_UNITS = 5000  # of a table: each is measured, and has rows, whether or not there is a map of it
_ONE_DAY = timedelta(days=1)
_GRAMMAR = "2023, 2024-Q3, 2024-09, 2024-W36, 2024-11-03, or two of them as in 2024-09..2024-11, 2024.., ..2023"
_UNIT = re.compile(
    r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-W(?P<week>\d{2})|-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?", re.IGNORECASE
)


@runtime_checkable
class CalendarSpan(Protocol):
    """A stretch of time with a first and a last moment, as a Period of pandas is."""

    @property
    def start_time(self) -> Any:
        """Its first moment, a datetime."""

    @property
    def end_time(self) -> Any:
        """Its last moment, a datetime."""


# What names a period: text of the grammar, a year as a number, a day, or a Period of pandas.
PeriodLike = str | int | date | CalendarSpan
PeriodsLike = PeriodLike | Sequence[PeriodLike]


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, by the days whose state opens and closes it."""

    label: str  # as typed
    opens_on: date | None  # None stands for the archive's first map
    closes_on: date | None  # and here for its last


def parse_periods(wanted: PeriodsLike) -> list[Period]:
    """Return the periods given, one or a list, each once; UsageError for none, or two single days."""
    # A PeriodIndex of pandas has first and last moments too.
    several = wanted if isinstance(wanted, Collection) and not isinstance(wanted, str) else [wanted]
    texts = list(dict.fromkeys(one.strip() if isinstance(one, str) else _text(one) for one in several))
    periods = [parse_period(text) for text in texts]
    if not periods:
        raise UsageError("no period was given", cure="name one, as in 2024 or 2024-09-01..2024-11-03")
    if len(periods) == 2 and all(period.label == f"{period.closes_on}" for period in periods):  # named as days
        first, last = sorted(period.label for period in periods)
        single = " ".join(f"{period.opens_on}..{period.label}" for period in periods)
        cure = f"did you mean {first}..{last}? For two single days put {single}"
        raise UsageError("are two single days, each the change since the day before", where=" ".join(texts), cure=cure)
    return periods


def _text(value: int | date | CalendarSpan) -> str:
    """Return a period or day that is no text as text of the grammar."""
    if isinstance(value, date):
        return value.isoformat()[:10]  # without the time of a datetime
    if not isinstance(value, CalendarSpan):
        return f"{value:04}"
    first, last = value.start_time.date(), value.end_time.date()
    for every in UNITS:
        if _unit(label := unit_of(first, every), label)[:2] == (first, last):
            return label
    return f"{first}" if first == last else f"{first - _ONE_DAY}..{last}"


def parse_period(period: PeriodLike) -> Period:
    """Return the period that a text, a year, a day or a Period of pandas names; UsageError where it can be none."""
    text = period.strip() if isinstance(period, str) else _text(period)
    start, dots, end = text.partition("..")
    if dots and not start and not end:
        raise UsageError("names neither end of a range", where=f"period {text!r}", cure=f"periods are {_GRAMMAR}")
    opens_on = closes_on = None
    if start or not dots:
        first, closes_on, is_day = _unit(text, start)
        own_map = bool(dots) and is_day  # of the day that is a left end; all else starts from the day before it
        if first == date.min and not own_map:
            raise UsageError("is before all calendars", where=f"period {text!r}", cure="choose a later period")
        opens_on = first if own_map else first - _ONE_DAY
    if dots:
        closes_on = _unit(text, end)[1] if end else None
    if opens_on and closes_on and opens_on >= closes_on:
        raise UsageError("runs backwards or holds no time", where=f"period {text!r}", cure="put the earlier end first")
    return Period(text, opens_on, closes_on)


def unit_of(day: date, every: str) -> str:
    """Return the label of the calendar unit that a day is in: of `UNITS`, weeks as in ISO 8601."""
    if every == "week":
        year, week, _ = day.isocalendar()
        return f"{year:04d}-W{week:02d}"
    end = {"year": "", "quarter": f"-Q{(day.month + 2) // 3}", "month": f"-{day.month:02d}"}[every]
    return f"{day.year:04d}{end}"


def calendar_periods(every: str, begin: date, end: date) -> Iterator[Period]:
    """Yield the calendar units, one of `UNITS`, from a first to a last day, both inside; the outer two are cut to them.

    A whole unit is named as in «2024-09», one that is cut as the range it is: «2024..2024-11-17». Every label means the
    same to `parse_period`: a period opens with the state of the day before its first.
    """
    refuse_many(every, begin, end)
    day = begin
    while True:
        label = unit_of(day, every)
        first, last, _ = _unit(label, label)
        left = label if day == first else f"{day - _ONE_DAY}"
        right = label if last <= end else f"{end}"
        yield parse_period(label if left == right else f"{left}..{right}")
        if last >= end:
            return
        day = last + _ONE_DAY


def refuse_many(every: str, begin: date, end: date) -> None:
    """Raise UsageError where more days or calendar units than a table can have lie between two days."""
    count = (end - begin).days // {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}[every]
    if count > MOST_UNITS:
        problem = f"from {begin} to {end} is {count:,} times a {every}, over {MOST_UNITS:,}"
        raise UsageError(problem, where=f"every {every}", cure="choose a longer unit, or a part by --since and --until")


def is_period(text: str) -> bool:
    """Say whether a text has the shape of a period, whether or not its days exist."""
    ends = text.strip().split("..")
    return len(ends) <= 2 and any(ends) and all(not end or _UNIT.fullmatch(end) for end in ends)


def parse_day(day: str | date) -> date:
    """Return the day that a text names as YYYY-MM-DD, or that a date or moment is of; UsageError otherwise."""
    text = day if isinstance(day, str) else _text(day)
    try:
        return date.fromisoformat(text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else "")
    except ValueError as error:
        if _UNIT.fullmatch(text) and len(text) < len("2024-11-03"):
            problem = f"is no day; one is needed, as {parse_bound(text, last=True)}"
            cure = f"for the change in {text}: frontcalc diff {text}"
            raise UsageError(problem, where=repr(text), cure=cure) from error
        raise UsageError("is no date", where=repr(text), cure="write it as 2024-11-03") from error


def parse_bound(unit: PeriodLike, *, last: bool) -> date:
    """Return the first or last day of the calendar unit that is named; UsageError otherwise."""
    text = unit.strip() if isinstance(unit, str) else _text(unit)
    first_day, last_day, _ = _unit(text, text)
    return last_day if last else first_day


def _unit(text: str, unit: str) -> tuple[date, date, bool]:
    """Return the first and last day of one calendar unit, and whether it is a day."""
    match, where, cure = _UNIT.fullmatch(unit.strip()), f"period {text!r}", f"periods are {_GRAMMAR}"
    if not match:
        raise UsageError("is no period", where=where, cure=cure)
    year, quarter, week, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    try:
        if week is not None:
            monday = date.fromisocalendar(year, week, 1)
            return monday, monday + timedelta(days=6), False
        if day is not None and month is not None:
            return date(year, month, day), date(year, month, day), True
        months = (1, 12) if month is None else (month, month)
        first_month, last_month = (3 * quarter - 2, 3 * quarter) if quarter else months
        after = date(year + last_month // 12, last_month % 12 + 1, 1)
        return date(year, first_month, 1), after - _ONE_DAY, False
    except (ValueError, OverflowError) as error:
        raise UsageError(f"has no such days: {unit} does not exist", where=where, cure=cure) from error
