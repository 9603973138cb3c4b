"""The ways in which publishers write days and times in names.

`FORMS` is the one table to edit when a publisher writes its days in a new way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

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
    re.compile(rf"(?:{_MARK})?(?<!\d){_THREE.format(*way.split('~')) if orders else way}(?!\d)")
    for _, _, way, orders, _ in FORMS
)


@dataclass(frozen=True, slots=True)
class Found:
    """Something in a name that is written like a day, and what `FORMS` says of the way in which it is written."""

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
        found = {}
        for order, (digits, month, day) in self.numbers.items():
            year = int(digits or default_year or 0) + (2000 if len(digits) == 2 else 0)
            if year in self.years:
                with suppress(ValueError):  # no calendar has that day
                    found[order] = date(year, MONTHS.get(month.casefold()) or int(month), int(day))
        if len(found) > 1:
            past = {order: day for order, day in found.items() if day <= tomorrow()} or found
            found = {order: day for order, day in past.items() if day.year == default_year} or past
        return found

    def fault(self, default_year: int | None) -> str:
        """Say why it states no day."""
        digits, _, _ = next(iter(self.numbers.values()))
        year = digits or str(default_year or "")
        if not year:
            return f"{self.match[0]} has no year"
        if int(year) + (2000 if len(year) == 2 else 0) in self.years:
            return f"{self.match[0]} is no date"
        # The digits as written, since DEC060205 is of «0205».
        return f"{self.match[0]} is no date, its year would be {year}"


@lru_cache(maxsize=1 << 17)  # as many as one file may have names: fewer would find each anew, at each look
def candidates(name: str) -> tuple[Found, ...]:
    """Return what in a name could be its day: the marked ones, else all but the weaker kinds of number."""
    found: list[Found] = []
    for (says, years, _, orders, usual), pattern in zip(FORMS, _PATTERNS, strict=True):
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
            one = Found(says, years, usual, match, numbers, shape, moment, at, match.end())
            # A number may count too many seconds, or be a time of day that is the name.
            if moment:
                may_be = moment.date() <= tomorrow()
            else:
                may_be = says != _DIGITS or bool(one.readings()) or time_alone(name) is None
            if may_be:
                kept.append(one)
        # Each character is read once, by the first form that fits.
        for start, end in (one.match.span() for one in kept):
            name = name[:start] + "\0" * (end - start) + name[end:]
        for one in kept:
            behind = CLOCK.match(name, one.end)
            if behind and (at := time_of(behind)):
                name = name[: one.end] + "\0" * len(behind[0]) + name[behind.end() :]
                one = replace(one, time=one.time or at, end=behind.end())
            found.append(one)
    found = [one for one in found if one.match["mark"] == "AO"] or found
    # Six digits beside a whole date are a time of day. Day and month alone stay: they may contradict it.
    if any(one.says == _WHOLE and one.readings() for one in found):
        found = [one for one in found if one.says != _DIGITS]
    return tuple(found)


def time_alone(name: str) -> time | None:
    """Return the time of day that is all of a name but its suffix, as in 0600.geojson or 18h."""
    found = CLOCK.match(f"_{name}")
    return time_of(found) if found and name[found.end() - 1 :][:1] in ("", ".") else None


def time_of(clock: re.Match[str]) -> time | None:
    """Return the time of day behind a date, None where hour and minute are not told from another number."""
    lead, hour, separator, minute, second, unit, half = clock.groups()
    told = unit or half or (separator if minute else lead.upper().endswith("T"))
    if not told and (minute is None or len(hour) < 2):
        return None
    hours = int(hour) % 12 + 12 * (half.lower() == "p") if half else int(hour)
    zone = None if unit is None or unit.lower().startswith("h") else UTC
    return time(hours, int(minute or 0), int(second or 0), tzinfo=zone) if hours < 24 else None


def tomorrow() -> date:
    """Return the last day that a map may be of, wherever it was made."""
    return date.today() + timedelta(days=1)
