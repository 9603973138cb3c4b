"""The grammar of periods: which days open and close one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from frontcalc.errors import UsageError

UNITS = ("year", "quarter", "month", "week")
"""The calendar units that a stretch of time is divided into."""

_ONE_DAY = timedelta(days=1)
_GRAMMAR = "2023, 2024-Q3, 2024-09, 2024-W36, 2024-11-03, or two of them as in 2024-09..2024-11, 2024.., ..2023"
_UNIT = re.compile(
    r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-W(?P<week>\d{2})|-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, by the days whose maps open and close it.

    Parameters
    ----------
    label : str
        As typed.
    opens_on, closes_on : date or None
        The days whose state opens and closes the period; None stands for the archive's first or last map.
    """

    label: str
    opens_on: date | None
    closes_on: date | None


def parse_period(text: str) -> Period:
    """Return the period that a text names.

    Raises
    ------
    UsageError
        The text is no period, names days that do not exist, or runs backwards.
    """
    start, dots, end = text.strip().partition("..")
    if not dots:
        first, last, _ = _unit(text, start)
        return Period(text, _before(first, text), last)
    if not start and not end:
        raise UsageError("names neither end of a range", where=f"period {text!r}", cure=f"periods are {_GRAMMAR}")
    opens_on = closes_on = None
    if start:
        first, _, is_day = _unit(text, start)
        # A day as left end means that day's own map; a longer unit starts from the day before it.
        opens_on = first if is_day else _before(first, text)
    if end:
        closes_on = _unit(text, end)[1]
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
    """Yield the calendar units from a first to a last day, both inside; the outer two are cut to them.

    A whole unit is named as in «2024-09», one that is cut as the range it is: «2024..2024-11-17». Every
    label means the same to `parse_period`.

    Parameters
    ----------
    every : str
        One of `UNITS`.
    begin, end : date
        The first and last day; a period opens with the state of the day before its first.
    """
    day = begin
    while True:
        label = unit_of(day, every)
        first, last, _ = _unit(label, label)
        left = label if day == first else f"{_before(day, label)}"
        right = label if last <= end else f"{end}"
        yield parse_period(label if left == right else f"{left}..{right}")
        if last >= end:
            return
        day = last + _ONE_DAY


def is_period(text: str) -> bool:
    """Say whether a text has the shape of a period, whether or not its days exist."""
    ends = text.strip().split("..")
    return len(ends) <= 2 and any(ends) and all(not end or _UNIT.fullmatch(end) for end in ends)


def parse_day(text: str) -> date:
    """Return the day that a text names as YYYY-MM-DD; UsageError otherwise."""
    try:
        return date.fromisoformat(text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else "")
    except ValueError as error:
        raise UsageError("is no date", where=repr(text), cure="write it as 2024-11-03") from error


def parse_bound(text: str, *, last: bool) -> date:
    """Return the first or last day of the calendar unit that a text names; UsageError otherwise."""
    first_day, last_day, _ = _unit(text, text)
    return last_day if last else first_day


def _unit(text: str, unit: str) -> tuple[date, date, bool]:
    """Return the first and last day of one calendar unit, and whether it is a day."""
    match = _UNIT.fullmatch(unit.strip())
    if not match:
        raise UsageError("is no period", where=f"period {text!r}", cure=f"periods are {_GRAMMAR}")
    year, quarter, week, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    try:
        if week is not None:
            monday = date.fromisocalendar(year, week, 1)
            return monday, monday + timedelta(days=6), False
        if day is not None and month is not None:
            return date(year, month, day), date(year, month, day), True
        first_month = month or (3 * quarter - 2 if quarter else 1)
        last_month = month or (3 * quarter if quarter else 12)
        after = date(year + last_month // 12, last_month % 12 + 1, 1)
        return date(year, first_month, 1), after - _ONE_DAY, False
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"has no such days: {unit} does not exist",
            where=f"period {text!r}",
            cure=f"periods are {_GRAMMAR}",
        ) from error


def _before(day: date, text: str) -> date:
    """Return the day before."""
    try:
        return day - _ONE_DAY
    except OverflowError as error:
        raise UsageError("is before all calendars", where=f"period {text!r}", cure="choose a later period") from error
