"""The grammar of periods, also as people write them, and the one form that outputs name them in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol, runtime_checkable
from unicodedata import normalize

from frontcalc.dates import MONTHS, written_days
from frontcalc.errors import UsageError

UNITS = ("year", "quarter", "month", "week")  # the calendar units that a stretch of time is divided into
MOST_UNITS = 5000  # of a table: each is measured, and has rows, whether or not there is a map of it
_ONE_DAY = timedelta(days=1)
_GRAMMAR = "2023, 2024-H2, 2024-Q3, 2024-09, 2024-W36, 2024-11-03, or two as in 2024-09..2024-11, 2024.., ..2023"
_PARTS = r"(\d{4})(?:-H([12])|-Q([1-4])|-W(\d{2})|-(\d{2})(?:-(\d{2}))?)?"  # year, half, quarter, week, month and day
_UNIT = re.compile(_PARTS, re.IGNORECASE)
_LABEL = re.compile(rf"(?=.*\d)(?:{_PARTS})?(?:\.\.(?:{_PARTS})?)?", re.IGNORECASE)
_NAMED = MONTHS | {"first half": "H1", "second half": "H2"}
# Units as people write them: 2024 Q3, W36 2024, Sept. 2024, 2024/9, 09.2024, first half of 2024. A number alone needs a
# mark beside it.
_PART = rf"H[12]|Q[1-4]|W\d\d|{'|'.join(_NAMED)}"
_WRITTEN_UNITS = (
    re.compile(rf"(?P<year>\d{{4}})[-/., ]*(?P<part>{_PART}|(?<=[-/.])\d\d?)", re.IGNORECASE),
    re.compile(rf"(?P<part>{_PART}|\d\d?(?=[-/.]))(?: of |[-/., ]*)(?P<year>\d{{4}})", re.IGNORECASE),
)
# What stands between the ends of a range: two or three points, a hyphen or dash, or a word.
_BETWEEN = re.compile(r" ?(?:(?P<dots>\.{2,3})|[-\u2012-\u2015\u2212]) ?| (?:to|until|through) ", re.IGNORECASE)
_FROM_TODAY = re.compile(rf"last (?:(?P<unit>{'|'.join(UNITS)})|(?P<days>\d{{1,4}}) days)|ytd", re.IGNORECASE)
_TORN = re.compile(r"^\.+ | \.+$")  # points that stand alone are of the periods on both sides
_LONGEST, _MOST_WORDS = 80, 60  # characters of a period; words that are looked at for what belongs together


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

    label: str  # in the grammar's own form, however it was written
    opens_on: date | None  # None stands for the archive's first map
    closes_on: date | None  # and here for its last


def parse_periods(wanted: PeriodsLike) -> list[Period]:
    """Return the periods given, one or a list, each once; UsageError for none, or two single days."""
    # A PeriodIndex of pandas has first and last moments too.
    several = wanted if isinstance(wanted, Collection) and not isinstance(wanted, str) else [wanted]
    texts = [one.strip() if isinstance(one, str) else _text(one) for one in several]
    if not all(map(_LABEL.fullmatch, texts)):
        texts = _joined(texts)
    periods = list({period.label: period for period in map(parse_period, texts)}.values())
    if not periods:
        raise UsageError("no period was given", cure="name one, as in 2024 or 2024-09-01..2024-11-03")
    if len(periods) == 2 and all(period.label == f"{period.closes_on}" for period in periods):  # named as days
        first, last = sorted(period.label for period in periods)
        single = " ".join(f"{period.opens_on}..{period.label}" for period in periods)
        cure = f"did you mean {first}..{last}? For two single days put {single}"
        raise UsageError("are two single days, each the change since the day before", where=" ".join(texts), cure=cure)
    return periods


def _joined(words: Sequence[str]) -> list[str]:
    """Return the periods that words in a row name, and last what names none; UsageError where two lists fit."""
    # «Sep» and «2024» are one period, but what names one by itself needs no other. An empty word is no period.
    if all(map(readings, words)) or not all(words) or len(words) > _MOST_WORDS:
        return list(words)
    # For each count of words from the left, at most two of the lists of periods that they can be.
    ways: list[list[list[str]]] = [[[]]]
    for end in range(1, len(words) + 1):
        ways.append([])
        for start in range(end):
            text = " ".join(words[start:end])
            if readings(text) and not _TORN.search(text):
                ways[end] += [[*before, text] for before in ways[start]]
        del ways[end][2:]
    if len(ways[-1]) > 1:
        first, second = (" ".join(map(repr, way)) for way in ways[-1])
        cure = f"did you mean {first} or {second}? Put each period in quotes"
        raise UsageError("can be read in two ways", where=" ".join(words), cure=cure)
    known = max(count for count, lists in enumerate(ways) if lists)
    return ways[known][0] + ([" ".join(words[known:])] if words[known:] else [])


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
    label = text.upper() if _LABEL.fullmatch(text) else period_label(text)
    start, dots, end = label.partition("..")
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
    return Period(label, opens_on, closes_on)


def period_label(text: str, *, relative: bool = True) -> str:
    """Return the label of the one period that a text means, from today only if `relative`; UsageError for any other."""
    labels, where = readings(text.strip()), f"period {text.strip()!r}"
    if not labels:
        problem = "is no period" if text.strip(" .") or ".." not in text else "names neither end of a range"
        raise UsageError(problem, where=where, cure=f"periods are {_GRAMMAR}")
    if not relative and _FROM_TODAY.fullmatch(" ".join(normalize("NFKC", text).split())):
        problem = "counts from today, so that it would mean other days tomorrow"
        raise UsageError(problem, where=where, cure=f"write the days, as today in {labels[0]}")
    possible = []
    for label in labels if len(labels) > 1 else ():
        with suppress(UsageError):
            possible.append(parse_period(label).label)
    if len(possible) > 1:
        raise UsageError("can be read in two ways", where=where, cure=f"did you mean {' or '.join(possible)}?")
    return (possible or labels)[0]


def readings(text: str) -> list[str]:
    """Return the labels of the periods that a text may mean, whether or not their days exist."""
    if _LABEL.fullmatch(text):
        return [text.upper()]
    if len(text) > _LONGEST:
        return []
    # With one kind of blank and hyphen, and no blank behind a point.
    text = " ".join(normalize("NFKC", text).replace("\u2010", "-").split()).replace(". ", ".")
    if match := _FROM_TODAY.fullmatch(text):
        return [_from_today(match["unit"], match["days"])]
    labels = _units(text)
    for between in _BETWEEN.finditer(text):
        left, right = text[: between.start()], text[between.end() :]
        lefts, rights = _units(left), _units(right)
        # Of «1 Sep - 3 Nov 2024» and «1.9.-3.11.2024» the first end has its year from the second.
        for rest in re.finditer(r"[ .]", right if rights and left and not lefts else ""):
            lefts = lefts or _units(left.rstrip(".") + right[rest.start() :])
        if between["dots"]:
            lefts, rights = lefts or [""] * (not left), rights or [""] * (not right)
        labels += [f"{first}..{last}" for first in lefts for last in rights if first or last]
    return sorted(set(labels))


def _units(text: str) -> list[str]:
    """Return the labels of the calendar units that a text may mean, whether or not they exist."""
    if _UNIT.fullmatch(text):
        return [text.upper()]
    for written in _WRITTEN_UNITS:
        if match := written.fullmatch(text):
            part = _NAMED.get(match["part"].casefold(), match["part"].upper())
            return [f"{match['year']}-{part:0>2}"]
    return written_days(text.replace("/", "-"))


def _from_today(unit: str | None, days: str | None) -> str:
    """Return the label of the last calendar unit that is over, of so many days up to today, or of the year to date."""
    today = datetime.now(UTC).date()
    if unit:
        return unit_of(parse_bound(unit_of(today, unit.lower()), last=False) - _ONE_DAY, unit.lower())
    return f"{today - timedelta(days=int(days))}..{today}" if days else f"{today.year}..{today}"


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
    """Say whether a text has the shape of a period's label, whether or not its days exist."""
    return bool(_LABEL.fullmatch(text.strip()))


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
    """Return the first or last day of the calendar unit that is named or is at that end of a range."""
    text = unit.strip() if isinstance(unit, str) else _text(unit)
    start, dots, end = period_label(text).partition("..")
    first_day, last_day, _ = _unit(text, end if last and dots else start)
    return last_day if last else first_day


def _unit(text: str, unit: str) -> tuple[date, date, bool]:
    """Return the first and last day of one calendar unit, and whether it is a day."""
    match, where, cure = _UNIT.fullmatch(unit.strip()), f"period {text!r}", f"periods are {_GRAMMAR}"
    if not match:
        raise UsageError("is no period", where=where, cure=cure)
    year, half, quarter, week, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    try:
        if week is not None:
            monday = date.fromisocalendar(year, week, 1)
            return monday, monday + timedelta(days=6), False
        if day is not None and month is not None:
            return date(year, month, day), date(year, month, day), True
        count, place = (6, half) if half else (3, quarter) if quarter else (12, 1) if month is None else (1, month)
        first_month, last_month = count * (place - 1) + 1, count * place
        after = date(year + last_month // 12, last_month % 12 + 1, 1)
        return date(year, first_month, 1), after - _ONE_DAY, False
    except (ValueError, OverflowError) as error:
        raise UsageError(f"has no such days: {unit} does not exist", where=where, cure=cure) from error
