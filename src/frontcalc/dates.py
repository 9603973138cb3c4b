"""The day a map shows, and the time where one is stated, read from a name or from a property."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from numbers import Real
from zoneinfo import ZoneInfo

from frontcalc.day_forms import (
    CLOCK,
    FORMS,
    FULL_MONTHS,
    LIKELY,
    WRITTEN,
    Found,
    Kind,
    Order,
    Orders,
    Shape,
    time_alone,
    time_of,
    tomorrow,
)
from frontcalc.errors import DataError


def day_from_name(name: str, *, year: int | None = None, orders: Orders | None = None) -> date:
    """Return the one day that the name of a file or folder states.

    A day marked «AO» (as of) is the one, whatever else the name mentions. A range of days within a
    month is its last day. Seconds since 1970 are the day in UTC.

    Parameters
    ----------
    name : str
        The name, with or without its suffix.
    year : int, optional
        The year of a name that states only day and month, as in JUL05. A name's own year wins.
    orders : mapping, optional
        What the archive's other names say of names such as 03-04-2024. Without it the year comes first in
        221210 and 23_09_03, as publishers write, and what can be read in two ways is refused.

    Raises
    ------
    DataError
        No day, more than one, one that no calendar has, one without a year, or one that can be read as
        several; the candidates are listed.
    """
    found = _candidates(name)
    own_years = {day.year for one in found for day in one.readings().values()}
    if len(own_years) == 1:
        year = own_years.pop()
    read = [(one, days) for one in found if (days := _read(one, year, orders or {}))]
    for one, open_days in read:
        if len(open_days) > 1:
            readings = " or ".join(map(str, sorted(open_days)))
            cure = "name it by its day, as in 2024-11-03, or state it under [dates] in frontcalc.toml"
            raise DataError(f"{one.match[0]} may be {readings}", where=name, cure=cure, code="NO-DATE")
    stated = sorted({day for _, days in read for day in days})
    if len(stated) == 1:
        return stated[0]
    if stated:
        problem = f"the name holds {len(stated)} dates ({', '.join(map(str, stated))})"
        raise DataError(problem, where=name, cure="leave one in the name", code="NO-DATE")
    cure = "name the file by its day, as in 2024-11-03.geojson"
    if any(one.year(year) is None for one in found):
        cure = "write year = 2024 into the archive's frontcalc.toml, or name its folder by the year"
    problem = ", ".join(dict.fromkeys(one.fault(year) for one in found)) or "the name holds no date"
    raise DataError(problem, where=name, cure=cure, code="NO-DATE")


def in_words(day: date) -> str:
    """Return a day as people write it, as in «29 Jun 2025», whatever the locale."""
    return f"{day.day} {FULL_MONTHS[day.month - 1][:3].title()} {day.year}"


def moment_from_name(name: str, day: date) -> datetime | None:
    """Return when on a day the map is of whose name states it, in UTC where the name says so; None without a time."""
    times = {one.time for one in _candidates(name)}
    found = times.pop() if len(times) == 1 else None
    return datetime.combine(day, found) if found else None


def readings(name: str, year: int | None = None) -> list[tuple[Shape | None, Order | None, dict[Order, date]]]:
    """Return the days that a name states: how each is written, in which order it usually is read, and what it may be.

    What can be read in one order only has no shape.
    """
    found = ((one, one.readings(year)) for one in _candidates(name))
    return [(one.shape, one.form.usual, days) for one, days in found if days]


def without_day(name: str) -> str:
    """Return a name without its day and time, as in «deepstatemap_data» of deepstatemap_data_20240708.

    The mark of an as-of day goes with it: «UkraineControlMap» of UkraineControlMapAO27APR2026. Ten digits stay,
    since layers are numbered so, and a name without a day stays as it is: -1 is not 1.
    """
    found = [one for one in _candidates(name) if one.moment is None]
    return _undated(name, found).strip(_BETWEEN) if found else name


def stem_without_day(name: str) -> str:
    """Return a file's name as `without_day` does, without its suffixes; a day may have points in it."""
    return _undated(name, _candidates(name)).split(".")[0].strip(_BETWEEN)


def _undated(name: str, found: Iterable[Found]) -> str:
    """Return a name without what was found in it."""
    for one in sorted(found, key=lambda one: one.match.start(), reverse=True):
        name = name[: one.match.start()] + name[one.end :]
    return name


def mentions_day(name: str) -> bool:
    """Say whether a name holds anything that is written like a day, whether or not there is such a day."""
    return bool(_candidates(name))


def year_from_name(name: str) -> int | None:
    """Return the one year that the name of a folder states, as in «ISW 2022»; None for none or several."""
    years = {int(digits) for digits in re.findall(r"(?<!\d)\d{4}(?!\d)", name)}
    years = {year for year in years if year in LIKELY}
    return years.pop() if len(years) == 1 else None


def _read(one: Found, year: int | None, orders: Orders) -> set[date]:
    """Return the days that something may be, one where it is certain."""
    days = one.readings(year)
    order = orders.get(one.shape, one.form.usual) if one.shape else None
    return {days[order]} if order in days else set(days.values())


@lru_cache(maxsize=8192)
def _candidates(name: str) -> tuple[Found, ...]:
    """Return what in a name could be its day: the marked ones, else all but the weaker kinds of number."""
    found = tuple(_scan(name))
    found = tuple(one for one in found if one.as_of) or found
    # Six digits beside a whole date are a time of day. Day and month alone stay: they may contradict it.
    if any(one.form.kind is Kind.WHOLE and one.readings() for one in found):
        return tuple(one for one in found if one.form.kind is not Kind.DIGITS)
    return found


def _scan(name: str) -> Iterator[Found]:
    """Yield what is written like a day; each character is read once, by the first form that fits."""
    for form in FORMS:
        matches = [match for match in form.pattern.finditer(name) if _may_be_day(Found(form, match), name)]
        for match in matches:
            name = _blanked(name, match)
        for match in matches:
            clock = CLOCK.match(name, match.end())
            if clock is None or time_of(clock) is None:
                yield Found(form, match)
            else:
                name = _blanked(name, clock)
                yield Found(form, match, clock)


def _blanked(name: str, match: re.Match[str]) -> str:
    """Return a name without what was matched, whose characters keep their places."""
    return name[: match.start()] + "\0" * len(match[0]) + name[match.end() :]


def _may_be_day(one: Found, name: str) -> bool:
    """Say whether something is no number that counts too few or many seconds, nor a time of day that is the name."""
    if one.moment:
        return one.moment.date() <= tomorrow()
    return one.form.kind is not Kind.DIGITS or bool(one.readings()) or time_alone(name) is None


_ISO = re.compile(r"\d{4}-?\d\d-?\d\d(?:[T ].+)?")
_BETWEEN = " _-.,"  # what stands between a name's words and its day
_LONGEST_DAY = len("2024-11-03")
_PARTIAL = re.compile(r"\d{4}(?:[-/]\d\d)?")
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
        The value is no date, lacks its day, or is of a year that no map is of.
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
    """Return the moment that a date property states, None where it states a day alone or none.

    Parameters
    ----------
    value : object
        What `day_from_property` has read.
    """
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
