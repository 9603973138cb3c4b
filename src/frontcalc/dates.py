"""The day a map shows, and the time where one is stated, read from a name or from a property."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from numbers import Real
from zoneinfo import ZoneInfo

from frontcalc.day_forms import FULL_MONTHS, LIKELY, NO_YEAR, PLACES, WRITTEN, Found, Order, Orders, Shape, candidates
from frontcalc.errors import DataError

_LONGEST_STEP = 31  # days from one map to the next
_FEWEST_EVEN = 3  # maps that show a rhythm
_ISO = re.compile(r"\d{4}-?\d\d-?\d\d(?:[T ].+)?")
_BETWEEN = " _-.,"  # what stands between a name's words and its day
_LONGEST_DAY = len("2024-11-03")
_PARTIAL = re.compile(r"\d{4}(?:[-/]\d\d)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_from_name(name: str, *, year: int | None = None, orders: Orders | None = None) -> date:
    """Return the one day that the name of a file or folder states, with or without its suffix.

    A day marked «AO» (as of) is the one, whatever else the name mentions. A range of days within a month is its last
    day. Seconds since 1970 are the day in UTC. `year` is that of a name that states only day and month, as JUL05;
    `orders` is what the archive's other names say of names such as 03-04-2024: without it the year comes first in
    221210 and 23_09_03, as publishers write. DataError lists the candidates where there is no day, more than one, one
    that no calendar has, one without a year, or one that can be read as several.
    """
    found = candidates(name)
    own_years = {day.year for one in found for day in one.readings().values()}
    if len(own_years) == 1:
        year = own_years.pop()
    stated: set[date] = set()
    for one in found:
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
    if year is None and any(one.says == NO_YEAR for one in found):
        cure = "write year = 2024 into the archive's frontcalc.toml, or name its folder by the year"
    problem = ", ".join(dict.fromkeys(one.fault(year) for one in found)) or "the name holds no date"
    raise DataError(problem, where=name, cure=cure, code="NO-DATE")


def in_words(day: date) -> str:
    """Return a day as people write it, as in «29 Jun 2025», whatever the locale."""
    return f"{day.day} {FULL_MONTHS[day.month - 1][:3].title()} {day.year}"


def settled(names: Iterable[tuple[str, int | None]]) -> Orders:
    """Return the order of each way in which names, each with its folder's year, write three numbers; None if open."""
    certain: set[date] = set()
    usual: dict[Shape, Order | None] = {}
    open_names: dict[Shape, list[dict[Order, date]]] = {}
    for one, days in ((one, one.readings(year)) for name, year in names for one in candidates(name)):
        if days and (shape := one.shape):
            usual[shape] = one.usual
            open_names.setdefault(shape, []).append(days)
        else:
            certain.update(days.values())
    return {shape: _order(read, usual[shape], certain) for shape, read in open_names.items()}


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
    found = [one for one in candidates(name) if one.moment is None]
    return _undated(name, found).strip(_BETWEEN) if found else name


def stem_without_day(name: str) -> str:
    """Return a file's name as `without_day` does, without its suffixes; a day may have points in it."""
    return _undated(name, candidates(name)).split(".")[0].strip(_BETWEEN)


def _undated(name: str, found: Iterable[Found]) -> str:
    """Return a name without what was found in it."""
    for one in sorted(found, key=lambda one: one.match.start(), reverse=True):
        name = name[: one.match.start()] + name[one.end :]
    return name


def year_from_name(name: str) -> int | None:
    """Return the one year that the name of a folder states, as in «ISW 2022»; None for none or several."""
    years = {int(digits) for digits in re.findall(r"(?<!\d)\d{4}(?!\d)", name)}
    years = {year for year in years if year in LIKELY}
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
