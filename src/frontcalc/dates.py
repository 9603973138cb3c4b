"""The day a map shows, and the time where one is stated, read from a name or from a property.

`FORMS` is the one table to edit when a publisher writes its days in a new way.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from numbers import Real
from zoneinfo import ZoneInfo

from frontcalc.errors import DataError

FULL_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTHS = {
    **{name: number for number, name in enumerate(FULL_MONTHS, start=1)},
    **{name[:3]: number for number, name in enumerate(FULL_MONTHS, start=1)},
    "sept": 9,
    "arp": 4,  # as published: ClaimedUkrainianCounterOffensivesARP07
}

WRITTEN = range(1800, 2101)  # years that make sense where a name takes the trouble of YYYY-MM-DD
LIKELY = range(1990, 2101)  # where the digits could as well be a serial number or a slip of the hand
_SHORT = range(2000, 2050)  # for YY

# «AO», as of: publishers write it before the day a map shows. Once it was an A, which goes with the day.
_MARK = r"(?<![A-Z])(?P<mark>AO|A(?=\d))[-_ ]*"
# A month glued to a word begins with a capital; otherwise «Summar12» would be 12 March.
_MONTH = rf"(?:(?<![A-Za-z])|(?=[A-Z]))(?P<month>(?i:{'|'.join(sorted(MONTHS, key=len, reverse=True))}))"
# Of «26-27», two days of one report, the last is the day shown.
_DAY = r"(?:\d{1,2} ?[-\u2013] ?)?(?P<day>\d{1,2})(?:st|nd|rd|th)?"
# Of five digits too, so that it can be refused.
_YEAR = r"(?P<year>\d{4,})"
_DAY_AND_TIME = (
    r"(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?P<hour>[01]\d|2[0-3])(?:(?P<minute>[0-5]\d)(?P<second>[0-5]\d)?)?"
)
# A time of day behind a date: _0600, T06-00, 06:00:00Z, 18h, 6 pm. With more digits or another zone it is none.
CLOCK = re.compile(
    r"(?P<lead>T|[-_ .,(]{1,3}(?:at )?T?)"
    r"(?>(?P<hour>\d\d?)(?:(?P<sep>[-_:.h ]?)(?P<minute>[0-5]\d)(?:[-_:.m ]?(?P<second>[0-5]\d)(?:[.,]\d+)?)?)?)"
    r"(?: ?(?P<unit>h|hrs?|Z|UTC|GMT|\+00:?00))?(?: ?(?P<half>[ap])m)?\)?(?![A-Za-z\d+:])",
    re.IGNORECASE,
)

Order = str  # in which order the three numbers of a day stand: «ymd», «dmy» or «mdy»
Shape = tuple[str, int]  # how three numbers are written: what stands between them, and the digits of the last
Orders = Mapping[Shape, Order | None]  # that the names of an archive leave no doubt of, None where they leave one
# Which of three numbers are year, month and day, by their order.
PLACES = {"ymd": ("one", "two", "three"), "dmy": ("three", "two", "one"), "mdy": ("three", "one", "two")}

# How much a way of writing a day says.
_WHOLE = "day, month and a year of four digits"
_DIGITS = "digits that beside a whole date are a time of day or a serial number"
NO_YEAR = "day and month"

# Of each way: what it says, the years that make sense, its pattern, the orders that its numbers may be read in, and the
# one to take where the names of an archive leave it open. Three numbers are the first, the separator and the others,
# parted by ~. The ways are in order: what one has read, the next does not see.
FORMS: tuple[tuple[str, range, str, tuple[Order, ...], Order | None], ...] = (
    # 2024-11-03, 2024_11_03, 2024-2-3
    (_WHOLE, WRITTEN, r"\d{4}~[-_. ]~\d\d?~\d\d?", ("ymd",), None),
    # AO 10302024, as Americans write it; without the mark it could be any number
    (_WHOLE, LIKELY, r"(?(mark)|(?!))(?:0\d|1[0-2])~~\d\d~\d{4}", ("mdy",), None),
    # 22022024, which is no day with the year first, since no month is 19 or 20
    (_DIGITS, LIKELY, r"\d\d~~\d\d~(?:19|20)\d\d", ("dmy", "mdy"), None),
    # 20240708, AO20260609
    (_WHOLE, LIKELY, r"\d{4}~~\d\d~\d\d", ("ymd",), None),
    # 202411030600, 2024110306
    (_WHOLE, LIKELY, _DAY_AND_TIME, (), None),
    # 1722873600, 1722873600000: seconds or milliseconds since 1970, as DeepState names its history
    (_DIGITS, LIKELY, r"(?P<since>1\d{9}(?:\d{3})?)", (), None),
    # 24FEB2022, 1Mar2022, 14_March_2022, 3rd of March 2022
    (_WHOLE, LIKELY, rf"{_DAY}(?: of)?[-_. ]?{_MONTH}[-_., ]*{_YEAR}", (), None),
    # JAN082023, JAN08,2023, August 25 2024, October 26-27, 2024
    (_WHOLE, LIKELY, rf"{_MONTH}[-_. ]?{_DAY}[-_., ]*{_YEAR}", (), None),
    # 2024-Nov-03
    (_WHOLE, LIKELY, rf"(?P<year>\d{{4}})[-_. ]?{_MONTH}[-_. ]?{_DAY}", (), None),
    # 22.02.2024, 3.4.2024: with points the day comes first everywhere
    (_WHOLE, WRITTEN, r"\d\d?~\.~\d\d?~\d{4}", ("dmy",), None),
    # 22-02-2024, 02_22_2024: in America the month does
    (_WHOLE, WRITTEN, r"\d\d?~[-_ ]~\d\d?~\d{4}", ("dmy", "mdy"), None),
    # 22.02.24, 22.2.24, 22-02-24; «1.2.13» is a version
    (_DIGITS, _SHORT, r"(?<![vV])\d\d~\.~\d\d?~\d\d", ("ymd", "dmy"), None),
    (_DIGITS, _SHORT, r"\d\d~-~\d\d~\d\d", tuple(PLACES), None),
    # 221210, 23_09_03: publishers put the year first
    (_DIGITS, _SHORT, r"\d\d~~\d\d~\d\d", ("ymd", "dmy"), "ymd"),
    (_DIGITS, _SHORT, r"\d\d~_~\d\d~\d\d", tuple(PLACES), "ymd"),
    # 13MAR
    (NO_YEAR, LIKELY, rf"{_DAY}[-_. ]?{_MONTH}(?![A-Za-z])", (), None),
    # JUL05, ARP07
    (NO_YEAR, LIKELY, rf"{_MONTH}[-_. ]?{_DAY}", (), None),
)
_THREE = "(?P<one>{})(?P<sep>{})(?P<two>{})(?P=sep)(?P<three>{})"

# Each may begin with the mark, and neither begins nor ends within a number.
_PATTERNS = tuple(
    rf"(?:{_MARK})?(?<!\d){_THREE.format(*way.split('~')) if orders else way}(?!\d)" for _, _, way, orders, _ in FORMS
)
_compiled: dict[str, re.Pattern[str]] = {}  # those that a name was held against: few name months
_DIGIT = re.compile(r"\d")
_STEMS = tuple({name[:3] for name in MONTHS})

_LONGEST_STEP = 31  # days from one map to the next
_FEWEST_EVEN = 3  # maps that show a rhythm
_ISO = re.compile(r"\d{4}-?\d\d-?\d\d(?:[T ].+)?")
_BETWEEN = " _-.,"  # what stands between a name's words and its day
_LONGEST_DAY = len("2024-11-03")
_PARTIAL = re.compile(r"\d{4}(?:[-/]\d\d)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A part of a name that is written like a day, and what `FORMS` says of the way in which it is written."""

    says: str
    years: range
    usual: Order | None
    match: re.Match[str]
    # Year, month and day as they are written, in each order that they may be read in; an empty year is not stated.
    numbers: Mapping[Order, tuple[str, ...]]
    shape: Shape | None  # where the numbers can be read in more than one order
    moment: datetime | None  # that it counts the seconds to
    time: time | None  # of day, that it states or that stands behind it
    end: int  # in the name, its time included

    def readings(self, default_year: int | None = None) -> dict[Order, date]:
        """Return the day in each order that gives one; of several those of the folder's year, or not to come."""
        if self.moment:
            return {"ymd": self.moment.date()}
        days = {}
        for order, (digits, month, day) in self.numbers.items():
            year = int(digits or default_year or 0) + (2000 if len(digits) == 2 else 0)
            if year in self.years:
                with suppress(ValueError):  # no calendar has that day
                    days[order] = date(year, MONTHS.get(month.casefold()) or int(month), int(day))
        if len(days) > 1:
            past = {order: day for order, day in days.items() if day <= tomorrow()} or days
            days = {order: day for order, day in past.items() if day.year == default_year} or past
        return days

    def fault(self, default_year: int | None) -> str:
        """Return why it is no day, as a clause."""
        digits, _, _ = next(iter(self.numbers.values()))
        year = digits or str(default_year or "")
        if not year:
            return f"{self.match[0]} has no year"
        # The digits as written, since DEC060205 is of «0205».
        is_likely = int(year) + (2000 if len(year) == 2 else 0) in self.years
        return f"{self.match[0]} is no date" + ("" if is_likely else f", its year would be {year}")


@lru_cache(maxsize=1 << 17)  # as many as one file may have names: fewer would find each anew, at each look
def candidates(name: str) -> tuple[Candidate, ...]:
    """Return the parts of a name that may be its day: those marked as-of, else all but digits beside a whole date."""
    parts: list[Candidate] = []
    names_month: bool | None = None
    for (says, years, way, orders, usual), text in zip(FORMS, _PATTERNS, strict=True):
        if not _DIGIT.search(name):  # which each form has: most names are read by now
            break
        if _MONTH in way:
            names_month = any(stem in name.casefold() for stem in _STEMS) if names_month is None else names_month
            if not names_month:
                continue
        pattern = _compiled.get(text) or _compiled.setdefault(text, re.compile(text))
        kept = []
        for match in pattern.finditer(name):
            own = match.groupdict()
            since, hour = own.get("since"), own.get("hour")
            moment = datetime.fromtimestamp(int(since) / 1000 ** (len(since) > 10), UTC) if since else None
            clock = time(int(hour), int(own["minute"] or 0), int(own["second"] or 0)) if hour else None
            stated = (own.get("year", ""), own.get("month", ""), own.get("day", ""))
            numbers = {order: match.group(*PLACES[order]) for order in orders} or {"ymd": stated}
            shape = (match["sep"], len(match["three"])) if len(orders) > 1 else None
            at = moment.timetz() if moment else clock
            one = Candidate(says, years, usual, match, numbers, shape, moment, at, match.end())
            # A number may count too many seconds, or be a time of day that is the name.
            is_late = moment is not None and moment.date() > tomorrow()
            if not is_late and (says != _DIGITS or one.readings() or time_alone(name) is None):
                kept.append(one)
        # Each character is read once, by the first form that fits.
        for start, end in (one.match.span() for one in kept):
            name = name[:start] + "\0" * (end - start) + name[end:]
        for one in kept:
            behind = CLOCK.match(name, one.end)
            if behind and (at := time_of(behind)):
                name = name[: one.end] + "\0" * len(behind[0]) + name[behind.end() :]
                one = replace(one, time=one.time or at, end=behind.end())
            parts.append(one)
    parts = [one for one in parts if one.match["mark"] == "AO"] or parts
    # Six digits beside a whole date are a time of day. Day and month alone stay: they may contradict it.
    if any(one.says == _WHOLE and one.readings() for one in parts):
        parts = [one for one in parts if one.says != _DIGITS]
    return tuple(parts)


def time_alone(name: str) -> time | None:
    """Return the time of day that is all of a name but its suffix, as in 0600.geojson or 18h."""
    match = CLOCK.match(f"_{name}")
    return time_of(match) if match and name[match.end() - 1 :][:1] in ("", ".") else None


def time_of(clock: re.Match[str]) -> time | None:
    """Return the time of day behind a date, None where its digits may be another number."""
    lead, hour, separator, minute, second, unit, half = clock.groups()
    is_time = unit or half or (separator if minute else lead.upper().endswith("T"))
    if not is_time and (minute is None or len(hour) < 2):
        return None
    hours = int(hour) % 12 + 12 * (half.lower() == "p") if half else int(hour)
    zone = None if unit is None or unit.lower().startswith("h") else UTC
    return time(hours, int(minute or 0), int(second or 0), tzinfo=zone) if hours < 24 else None


def tomorrow() -> date:
    """Return the last day that a map may be of, wherever it was made."""
    return date.today() + timedelta(days=1)


def day_from_name(name: str, *, year: int | None = None, orders: Orders | None = None) -> date:
    """Return the one day that the name of a file or folder states, with or without its suffix.

    `year` is that of a name with day and month alone, as JUL05; `orders` is what the archive's other names say of names
    such as 03-04-2024. DataError lists what was read where there is no day, more than one, one that no calendar has,
    one without a year, or one that can be read as several.
    """
    parts = candidates(name)
    own_years = {day.year for one in parts for day in one.readings().values()}
    if len(own_years) == 1:
        year = own_years.pop()
    stated: set[date] = set()
    for one in parts:
        days = one.readings(year)
        order = (orders or {}).get(one.shape, one.usual) if one.shape else None
        possible = {days[order]} if order in days else set(days.values())
        if len(possible) > 1:
            readings = " or ".join(map(str, sorted(possible)))
            cure = "name it by its day, as in 2024-11-03, or state it under [dates] in frontcalc.toml"
            raise DataError(f"{one.match[0]} may be {readings}", where=name, cure=cure, code="NO-DATE")
        stated |= possible
    if len(stated) == 1:
        return stated.pop()
    if stated:
        problem = f"the name holds {len(stated)} dates ({', '.join(map(str, sorted(stated)))})"
        raise DataError(problem, where=name, cure="leave one in the name", code="NO-DATE")
    cure = "name the file by its day, as in 2024-11-03.geojson"
    if year is None and any(one.says == NO_YEAR for one in parts):
        cure = "write year = 2024 into the archive's frontcalc.toml, or name its folder by the year"
    problem = ", ".join(dict.fromkeys(one.fault(year) for one in parts)) or "the name holds no date"
    raise DataError(problem, where=name, cure=cure, code="NO-DATE")


def written_days(text: str) -> list[str]:
    """Return the days, as 2024-11-03, that a text may mean which is a whole day and no more; they may not exist."""
    whole = [one for one in candidates(text) if one.match.span() == (0, len(text))]
    # «26-27 Sep 2024» is two days, and of digits alone only eight are surely a day.
    are_two = len(re.findall(r"\d+", text)) > 2 and re.search("[A-Za-z]", text)
    if not whole or are_two or (text.isdecimal() and len(text) != len("20241103")):
        return []
    days = []
    for year, month, day in whole[0].numbers.values():
        if full := {2: f"20{year}", 4: year}.get(len(year)):
            days.append(f"{full}-{MONTHS.get(month.casefold()) or int(month):02}-{int(day):02}")
    return days


def in_words(day: date, within: str = "") -> str:
    """Return a day as people write it, «29 Jun 2025», whatever the locale; without the year of the period `within`."""
    short = f"{day.day} {FULL_MONTHS[day.month - 1][:3].title()}"
    return short if all(end.startswith(str(day.year)) for end in within.split("..")) else f"{short} {day.year}"


def settled(names: Iterable[tuple[str, int | None]]) -> Orders:
    """Return in which order names, each with its folder's year, write three numbers, by shape; None if it is open."""
    certain, open_names = set[date](), dict[tuple[Shape, Order | None], list[dict[Order, date]]]()
    for one, days in ((one, one.readings(year)) for name, year in names for one in candidates(name)):
        if days and one.shape:
            open_names.setdefault((one.shape, one.usual), []).append(days)
        else:
            certain.update(days.values())
    return {shape: _order(read, usual, certain) for (shape, usual), read in open_names.items()}


def _order(names: Sequence[Mapping[Order, date]], usual: Order | None, certain: set[date]) -> Order | None:
    """Return the one order in which all of some names are days, by the other names or the days' sequence if need be."""
    possible = {
        order: sorted({days[order] for days in names}) for order in PLACES if all(order in days for days in names)
    }
    if len(set(map(tuple, possible.values()))) == 1:
        return next(iter(possible))
    if len(certain) > 1:
        among = [order for order, days in possible.items() if min(certain) <= days[0] and days[-1] <= max(certain)]
        if len(among) == 1:
            return among[0]
    steps = {order: [(b - a).days for a, b in pairwise(days)] for order, days in possible.items()}
    even = [order for order, days in possible.items() if len(days) >= _FEWEST_EVEN and len(set(steps[order])) == 1]
    # A publisher makes maps a month apart at most, or on one day of each year.
    plausible = [
        order
        for order, days in possible.items()
        if max(steps[order], default=0) <= _LONGEST_STEP or len({(day.month, day.day) for day in days}) == 1
    ]
    if even == plausible and len(even) == 1:
        return even[0]
    # Year first, unless another order puts the maps closer together: 22_02_24 and 24_02_24 may be of one week.
    extents = {order: days[-1] - days[0] for order, days in possible.items()}
    return usual if usual in extents and extents[usual] == min(extents.values()) else None


def without_day(name: str) -> str:
    """Return a name without its day and time, as in «deepstatemap_data» of deepstatemap_data_20240708.

    The mark of an as-of day goes with it: «UkraineControlMap» of UkraineControlMapAO27APR2026. Ten digits stay,
    since layers are numbered so, and a name without a day stays as it is: -1 is not 1.
    """
    parts = [one for one in candidates(name) if one.moment is None]
    return _undated(name, parts).strip(_BETWEEN) if parts else name


def stem_without_day(name: str) -> str:
    """Return a file's name as `without_day` does, without its suffixes; a day may have points in it."""
    return _undated(name, candidates(name)).split(".")[0].strip(_BETWEEN)


def _undated(name: str, parts: Iterable[Candidate]) -> str:
    """Return a name without those of its `parts` that are written like days."""
    for one in sorted(parts, key=lambda one: one.match.start(), reverse=True):
        name = name[: one.match.start()] + name[one.end :]
    return name


def year_from_name(name: str) -> int | None:
    """Return the one year that the name of a folder states, as in «ISW 2022»; None for none or several."""
    years = {year for year in map(int, re.findall(r"(?<!\d)\d{4}(?!\d)", name)) if year in LIKELY}
    return years.pop() if len(years) == 1 else None


def day_from_property(value: object, *, kind: str | None = None) -> date:
    """Return the day that a feature's date property states: milliseconds since 1970, an ISO 8601 text, or a date.

    Exactly midnight, in UTC or in the zone that a text states, is how software writes a date without a time, and means
    that date. Any other moment belongs to the day it has in New York: the Institute for the Study of War dates its maps
    by it, and an evening's edit is already the next day in UTC. A time without a zone is that of its publisher. `kind`
    is Esri's type of the field: in an `esriFieldTypeDateOnly` no time of day means anything. DataError says that the
    value is no date, lacks its day, or is of a year that no map is of.
    """
    if isinstance(value, str) and _PARTIAL.fullmatch(value.strip()):
        raise DataError(f"property {value!r} states no day", cure=f"write the day, as in {value.strip()[:4]}-03-01")
    try:
        moment = _as_moment(value)
        is_date = kind == "esriFieldTypeDateOnly" or moment.tzinfo is None or moment.time() == time.min
        day = (moment if is_date else moment.astimezone(ZoneInfo("America/New_York"))).date()
    except (ValueError, OverflowError) as error:
        cure = "a date is milliseconds since 1970 or a text such as 2024-11-03"
        raise DataError(f"property {reprlib.repr(value)} is no date", cure=cure) from error
    is_number = isinstance(value, Real)
    if day.year not in (LIKELY if is_number else WRITTEN):
        cure = "a date is milliseconds since 1970, not seconds and not digits such as 20241103"
        raise DataError(f"property {value!r} would be of {day}", cure=cure if is_number else None)
    return day


def moment_from_property(value: object) -> datetime | None:
    """Return the moment in a value that `day_from_property` has read, None where it states a day alone."""
    is_day = isinstance(value, str) and len(value.strip()) <= _LONGEST_DAY
    return None if is_day or (isinstance(value, date) and not isinstance(value, datetime)) else _as_moment(value)


def _as_moment(value: object) -> datetime:
    """Return the moment that a value states, without a zone where it states none."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if isinstance(value, Real) and not isinstance(value, bool):
        return _EPOCH + timedelta(milliseconds=float(value))
    # GDAL writes 2024/11/03.
    text = str(value).strip().replace("/", "-") if isinstance(value, str) else ""
    if not _ISO.fullmatch(text):
        raise ValueError("neither a number nor an ISO date")
    return datetime.fromisoformat(text)
