"""The day a map shows, read from a name or from a property.

`_FORMS` is the one table to edit when a publisher writes its days in a new way.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from numbers import Real
from zoneinfo import ZoneInfo

from frontcalc.errors import DataError

_FULL_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTHS = {
    **{name: number for number, name in enumerate(_FULL_MONTHS, start=1)},
    **{name[:3]: number for number, name in enumerate(_FULL_MONTHS, start=1)},
    "sept": 9,
    "arp": 4,  # as published: ClaimedUkrainianCounterOffensivesARP07
}

_WRITTEN = range(1800, 2101)  # years that make sense where a name takes the trouble of YYYY-MM-DD
_LIKELY = range(1990, 2101)  # where the digits could as well be a serial number or a slip of the hand
_SHORT = range(2000, 2050)  # for YY

# «AO», as of: publishers write it before the day a map shows. Once it was an A, which goes with the day.
_MARK = r"(?<![A-Z])(?P<mark>AO|A(?=\d))[-_ ]*"
# A month glued to a word begins with a capital; otherwise «Summar12» would be 12 March.
_MONTH = rf"(?:(?<![A-Za-z])|(?=[A-Z]))(?P<month>(?i:{'|'.join(sorted(_MONTHS, key=len, reverse=True))}))"
# Of «26-27», two days of one report, the last is the day shown.
_DAY = r"(?:\d{1,2} ?[-\u2013] ?)?(?P<day>\d{1,2})"


class _Kind(Enum):
    """How much a way of writing a day says."""

    WHOLE = "day, month and a year of four digits"
    SHORT_YEAR = "day, month and a year of two digits"
    NO_YEAR = "day and month"


@dataclass(frozen=True, slots=True)
class _Form:
    """One way of writing a day: how much it says, the years that are believed, and what it looks like."""

    kind: _Kind
    years: range
    pattern: re.Pattern[str]


def _form(kind: _Kind, years: range, body: str, *, mark: str = f"(?:{_MARK})?") -> _Form:
    """Return a form whose pattern may begin with the mark and neither begins nor ends within a number."""
    return _Form(kind, years, re.compile(rf"{mark}(?<!\d){body}(?!\d)"))


# In order: what one form has read, the next does not see.
_FORMS = (
    # 2024-11-03, 2024_11_03
    _form(_Kind.WHOLE, _WRITTEN, r"(?P<year>\d{4})(?P<sep>[-_. ])(?P<month>\d\d)(?P=sep)(?P<day>\d\d)"),
    # AO 10302024, as Americans write it; without the mark it could be any number
    _form(_Kind.WHOLE, _LIKELY, r"(?P<month>0\d|1[0-2])(?P<day>\d\d)(?P<year>\d{4})", mark=_MARK),
    # 20240708, AO20260609
    _form(_Kind.WHOLE, _LIKELY, r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"),
    # 24FEB2022, 1Mar2022, 14_March_2022; a year of five digits is read too, so that it can be refused
    _form(_Kind.WHOLE, _LIKELY, rf"{_DAY}[-_. ]?{_MONTH}[-_., ]*(?P<year>\d{{4,}})"),
    # JAN082023, JAN08,2023, August 25 2024, October 26-27, 2024
    _form(_Kind.WHOLE, _LIKELY, rf"{_MONTH}[-_. ]?{_DAY}[-_., ]*(?P<year>\d{{4,}})"),
    # 221210, 23_09_03: the year comes first
    _form(_Kind.SHORT_YEAR, _SHORT, r"(?P<year>\d\d)(?P<sep>[-_.]?)(?P<month>\d\d)(?P=sep)(?P<day>\d\d)"),
    # 13MAR
    _form(_Kind.NO_YEAR, _LIKELY, rf"{_DAY}[-_. ]?{_MONTH}(?![A-Za-z])"),
    # JUL05, ARP07
    _form(_Kind.NO_YEAR, _LIKELY, rf"{_MONTH}[-_. ]?{_DAY}"),
)


@dataclass(frozen=True, slots=True)
class _Found:
    """Something in a name that is written like a day."""

    form: _Form
    match: re.Match[str]

    @property
    def as_of(self) -> bool:
        """Whether the name marks it as the day that the map shows."""
        return self.match["mark"] == "AO"

    def year(self, default: int | None) -> int | None:
        """Return the year it states, `default` where it states none."""
        if self.form.kind is _Kind.NO_YEAR:
            return default
        return int(self.match["year"]) + (2000 if self.form.kind is _Kind.SHORT_YEAR else 0)

    def day(self, default_year: int | None) -> date | None:
        """Return the day it states, None where it lacks a year or no calendar has that day."""
        year, month = self.year(default_year), self.match["month"].casefold()
        if year is None or year not in self.form.years:
            return None
        try:
            return date(year, _MONTHS.get(month) or int(month), int(self.match["day"]))
        except ValueError:
            return None

    def fault(self, default_year: int | None) -> str:
        """Say why it states no day."""
        year = self.year(default_year)
        if year is None:
            return f"{self.match[0]} has no year"
        if year not in self.form.years:
            # The digits as written, since DEC060205 is of «0205».
            stated = default_year if self.form.kind is _Kind.NO_YEAR else self.match["year"]
            return f"{self.match[0]} is no date, its year would be {stated}"
        return f"{self.match[0]} is no date"


def day_from_name(name: str, *, year: int | None = None) -> date:
    """Return the one day that the name of a file or folder states.

    A day marked «AO» (as of) is the one, whatever else the name mentions. A range of days within a
    month is its last day.

    Parameters
    ----------
    name : str
        The name, with or without its suffix.
    year : int, optional
        The year of a name that states only day and month, as in JUL05. A name's own year wins.

    Raises
    ------
    DataError
        No day, more than one, one that no calendar has, or one without a year; the candidates are listed.
    """
    found = _candidates(name)
    own_years = {day.year for one in found if (day := one.day(None))}
    if len(own_years) == 1:
        year = own_years.pop()
    days = sorted({day for one in found if (day := one.day(year))})
    if len(days) == 1:
        return days[0]
    if days:
        several = ", ".join(map(str, days))
        problem = f"the name holds {len(days)} dates ({several})"
        raise DataError(problem, where=name, cure="leave one in the name", code="NO-DATE")
    cure = "name the file by its day, as in 2024-11-03.geojson"
    if any(one.year(year) is None for one in found):
        cure = "give its year with --year, or in the name of its folder"
    problem = ", ".join(dict.fromkeys(one.fault(year) for one in found)) or "the name holds no date"
    raise DataError(problem, where=name, cure=cure, code="NO-DATE")


def in_words(day: date) -> str:
    """Return a day as people write it, as in «29 Jun 2025», whatever the locale."""
    return f"{day.day} {_FULL_MONTHS[day.month - 1][:3].title()} {day.year}"


def without_day(name: str) -> str:
    """Return a file name's stem without its day, as in «deepstatemap_data» of deepstatemap_data_20240708.

    The mark of an as-of day goes with it: «UkraineControlMap» of UkraineControlMapAO27APR2026.
    """
    for one in sorted(_candidates(name), key=lambda one: one.match.start(), reverse=True):
        name = name[: one.match.start()] + name[one.match.end() :]
    return name.strip(" _-.,")


def mentions_day(name: str) -> bool:
    """Say whether a name holds anything that is written like a day, whether or not there is such a day."""
    return bool(_candidates(name))


def year_from_name(name: str) -> int | None:
    """Return the one year that the name of a folder states, as in «ISW 2022»; None for none or several."""
    years = {int(digits) for digits in re.findall(r"(?<!\d)\d{4}(?!\d)", name)}
    years = {year for year in years if year in _LIKELY}
    return years.pop() if len(years) == 1 else None


def _candidates(name: str) -> list[_Found]:
    """Return what in a name could be its day: the marked ones, else all but the weaker kinds of number."""
    found = list(_scan(name))
    found = [one for one in found if one.as_of] or found
    # Six digits beside a whole date are a time of day. Day and month alone stay: they may contradict it.
    if any(one.form.kind is _Kind.WHOLE and one.day(None) for one in found):
        return [one for one in found if one.form.kind is not _Kind.SHORT_YEAR]
    return found


def _scan(name: str) -> Iterator[_Found]:
    """Yield what is written like a day; each character is read once, by the first form that fits."""
    for form in _FORMS:
        for match in form.pattern.finditer(name):
            yield _Found(form, match)
            name = name[: match.start()] + "\0" * len(match[0]) + name[match.end() :]


_ISO = re.compile(r"\d{4}-?\d\d-?\d\d(?:[T ].+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_from_property(value: object, *, kind: str | None = None) -> date:
    """Return the day that a feature's date property states.

    Exactly midnight, in UTC or in the zone that a text states, is how software writes a date without a
    time, and means that date. Any other moment belongs to the day it has in New York: the Institute for
    the Study of War dates its maps by it, and an evening's edit is already the next day in UTC.

    Parameters
    ----------
    value : object
        Milliseconds since 1970 (Esri's dates), an ISO 8601 text, or a date. A time without a zone is
        taken to be that of its publisher.
    kind : str, optional
        Esri's type of the field. In an `esriFieldTypeDateOnly` no time of day means anything.

    Raises
    ------
    DataError
        The value is no date, or of a year that no map is of.
    """
    try:
        moment = _as_moment(value)
        is_date = kind == "esriFieldTypeDateOnly" or moment.tzinfo is None or moment.time() == time.min
        day = (moment if is_date else moment.astimezone(ZoneInfo("America/New_York"))).date()
    except (ValueError, OverflowError) as error:
        cure = "a date is milliseconds since 1970 or a text such as 2024-11-03"
        raise DataError(f"property {reprlib.repr(value)} is no date", cure=cure) from error
    is_number = isinstance(value, Real)
    if day.year not in (_LIKELY if is_number else _WRITTEN):
        cure = "a date is milliseconds since 1970, not seconds and not digits such as 20241103"
        raise DataError(f"property {value!r} would be of {day}", cure=cure if is_number else None)
    return day


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
