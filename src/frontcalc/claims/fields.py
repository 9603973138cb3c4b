"""The keys of a claims file, and what each may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from frontcalc.claims.values import UNIT_LABELS, Measure, Qualifier
from frontcalc.errors import UsageError
from frontcalc.labels import printable
from frontcalc.periods import Period, parse_day, parse_period
from frontcalc.views import VIEWS

_LARGEST = Decimal(10) ** 9
_MOST_DIGITS = 20
_LONGEST = {"id": 80, "region": 100, "actor": 100, "source": 500, "text": 1000, "archive": 1000}
_PER_CENT = re.compile(r"(\d+(?:\.\d+)?)\s*%", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a figure may lie from a claim's: a number in its unit, or so many per cent of its value."""

    number: Decimal
    per_cent: bool = False

    def of(self, value: Decimal) -> Decimal:
        """Return the number in the unit of a value."""
        return abs(value) * self.number / 100 if self.per_cent else self.number


def parse_field(key: str, value: object) -> object:
    """Return the value of a key as claims hold it.

    Raises
    ------
    UsageError
        It is of the wrong type, or not among what the key may be.
    """
    return _PARSERS[key](key, value)


def _text(key: str, value: object) -> str:
    """Return a text on one line, safe to show."""
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{key} is {_shown(value)}, which is no text; write it in quotes")
    text = printable(" ".join(value.split()))
    if len(text) > _LONGEST[key]:
        raise UsageError(f"{key} is longer than {_LONGEST[key]} characters; shorten it")
    return text


def _number(key: str, value: object) -> Decimal:
    """Return a finite number of a size that areas on Earth can have."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise UsageError(f"{key} is {_shown(value)}, which is no number; write it without quotes, as in 2700")
    number = Decimal(value)
    if not number.is_finite() or abs(number) > _LARGEST:
        raise UsageError(f"{key} is {_shown(value)}, which is no figure that can be claimed; write a number")
    if len(number.as_tuple().digits) > _MOST_DIGITS or number.adjusted() < -_MOST_DIGITS:
        raise UsageError(f"{key} has more than {_MOST_DIGITS} digits; write fewer")
    return number


def _tolerance(key: str, value: object) -> Tolerance:
    """Return a tolerance, a number or a text as in «5%»."""
    if isinstance(value, str):
        found = _PER_CENT.fullmatch(value.strip())
        if not found or Decimal(found[1]) > 100:
            raise UsageError(f'{key} is {_shown(value)}; write "5%", or a number in the claim\'s unit')
        return Tolerance(Decimal(found[1]), per_cent=True)
    number = _number(key, value)
    if number < 0:
        raise UsageError(f"{key} is {_shown(value)}, which is negative; write it from 0")
    return Tolerance(number)


def _periods(key: str, value: object) -> tuple[Period, ...]:
    """Return the period that a text, a day or a year names, or the two that a slash parts."""
    if isinstance(value, datetime | bool) or not isinstance(value, str | int | date):
        raise UsageError(f'{key} is {_shown(value)}, which is no period; write "2024" or "2024-09-01..2024-11-03"')
    return tuple(parse_period(part.strip()) for part in str(value).split("/", 2))


def _day(key: str, value: object) -> date:
    """Return a day, quoted or not."""
    if isinstance(value, datetime) or not isinstance(value, str | date):
        raise UsageError(f"{key} is {_shown(value)}, which is no date; write it as 2024-11-03")
    return value if isinstance(value, date) else parse_day(value)


def _choice(known: tuple[str, ...]) -> Callable[[str, object], str]:
    """Return a parser of one of some words."""

    def parse(key: str, value: object) -> str:
        if not isinstance(value, str) or value not in known:
            raise UsageError(f"{key} is {_shown(value)}; choose {', '.join(known)}")
        return value

    return parse


def _member(kind: type[StrEnum]) -> Callable[[str, object], StrEnum]:
    """Return a parser of the members of an enumeration."""
    parse = _choice(tuple(kind))
    return lambda key, value: kind(parse(key, value))


def _shown(value: object) -> str:
    """Return a value as messages show it."""
    text = str(value) if isinstance(value, Decimal | date) else repr(value)
    return text if len(text) <= 60 else text[:60] + "…"


_PARSERS: dict[str, Callable[[str, object], object]] = {
    "id": _text,
    "text": _text,
    "period": _periods,
    "measure": _member(Measure),
    "value": _number,
    "unit": _choice(tuple(UNIT_LABELS)),
    "qualifier": _member(Qualifier),
    "tolerance": _tolerance,
    "region": _text,
    "actor": _text,
    "view": _choice(tuple(VIEWS)),
    "source": _text,
    "published": _day,
    "archive": _text,
}

IN_CLAIM = tuple(key for key in _PARSERS if key != "archive")
"""The keys of a claim."""

AT_TOP = ("archive", *(key for key in IN_CLAIM if key not in ("id", "value")))
"""The keys above the first claim, which hold for all that do not say otherwise."""
