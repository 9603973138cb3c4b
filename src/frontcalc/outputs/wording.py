"""Figures, ratios, dates and periods in plain English: docs/sentences.md states these rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from frontcalc.outputs.numbers import MINUS
from frontcalc.outputs.numbers import UNITS as UNITS
from frontcalc.outputs.numbers import Unit as Unit
from frontcalc.periods import is_period, parse_bound, parse_period
from frontcalc.tables import PeriodRow

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_QUARTERS = ("first", "second", "third", "fourth")
_NUMBERS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

KM2, MI2 = UNITS["km2"], UNITS["mi2"]


def rounding_step(size: float) -> float:
    """Return what an area is rounded to: three significant digits, between a tenth and a hundred.

    Below ten a tenth, to 1,000 one, to 10,000 ten, and a hundred from there, so that from 100 up rounding
    never moves a figure by more than 0.5 %, and a country's whole area still shows a month's change.
    """
    return next((step for limit, step in ((10, 0.1), (1_000, 1), (10_000, 10)) if abs(size) < limit), 100)


def measurable(km2: float, unit: Unit = KM2) -> bool:
    """Say whether an area is more than nothing once it is rounded."""
    return round(abs(km2) * unit.per_km2, 1) > 0


def about(km2: float, unit: Unit = KM2, *, like_km2: float | None = None) -> str:
    """Return an area without its sign, rounded as a newspaper would, as in «about 2,700 km²».

    `like_km2` is another area whose rounding is to be used, so that figures beside each other add up.
    """
    if not measurable(km2, unit):
        return f"less than 0.1 {unit.label}"
    size = abs(km2) * unit.per_km2
    step = rounding_step(size if like_km2 is None else like_km2 * unit.per_km2)
    return f"about {_figure(round(size / step) * step)} {unit.label}"


def reads_alike(one_km2: float, other_km2: float, unit: Unit = KM2) -> bool:
    """Say whether two changes of area would be printed as the same figure, sign included."""
    signed = measurable(one_km2, unit) or measurable(other_km2, unit)
    return about(one_km2, unit) == about(other_km2, unit) and (not signed or (one_km2 < 0) == (other_km2 < 0))


def at_least(km2: float, unit: Unit = KM2) -> str:
    """Return an area as in «at least 110,600 km²», rounded down."""
    size = km2 * unit.per_km2
    step = rounding_step(size)
    return f"at least {_figure(math.floor(size / step) * step)} {unit.label}"


def change(km2: float | None, unit: Unit = KM2) -> str:
    """Return a net change with its sign, rounded as `about` does, as in «+2,750 km²»."""
    if km2 is None:
        return "not measured"
    if not measurable(km2, unit):
        return "no measurable change"
    return ("+" if km2 > 0 else MINUS) + about(km2, unit).removeprefix("about ")


def _figure(value: float) -> str:
    """Return a rounded figure, thousands separated, tenths where it has any."""
    return f"{value:,.1f}".removesuffix(".0")


def times_as_much(ratio: float) -> str:
    """Return a positive ratio in words, to be followed by «than» after more or less, else by «as».

    «About» within a tenth of a whole number, «nearly» up to three tenths below one, else «more than»;
    from ten on two significant digits, and below one and three quarters a percentage.
    """
    if ratio < 1.75:
        return _share(ratio)
    if ratio >= 9.95:
        digits = 1 - math.floor(math.log10(ratio))
        return f"about {round(ratio, digits):,.0f} times as much"
    below = math.floor(ratio)
    beyond = ratio - below
    if beyond < 0.1:
        return f"about {_multiple(below)} as much"
    if beyond < 0.7:
        return f"more than {_multiple(below)} as much"
    return f"{'nearly' if beyond < 0.9 else 'about'} {_multiple(below + 1)} as much"


def _share(ratio: float) -> str:
    """Return a ratio below twice as much in per cent, or as a half."""
    if abs(ratio - 1) < 0.025:
        return "about as much"
    if 0.45 <= ratio < 0.55:
        return "about half as much"
    if ratio >= 0.55:
        return f"about {_percent(abs(ratio - 1))}% {'more' if ratio > 1 else 'less'}"
    return f"about {_percent(ratio)}% as much" if ratio >= 0.01 else "less than 1% as much"


def _percent(share: float) -> int:
    """Return a share in per cent, from ten on to the nearest five."""
    return 5 * round(share * 20) if share >= 0.1 else round(share * 100)


def _multiple(count: int) -> str:
    """Return «twice», «three times» and so on."""
    return "twice" if count == 2 else f"{_NUMBERS[count] if count < len(_NUMBERS) else count} times"


def than(comparison: str) -> str:
    """Return a comparison with the word that joins it to what it compares with."""
    return f"{comparison} {'than' if comparison.endswith(('more', 'less')) else 'as'}"


def written(day: date) -> str:
    """Return a day as in «17 November 2024», in any locale."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def short_day(day: date) -> str:
    """Return a day without its year, as in «17 Nov»."""
    return f"{day.day} {_MONTHS[day.month - 1][:3]}"


def in_period(label: str) -> str:
    """Return a year, quarter, month, week or day of the period grammar as in «in the third quarter of 2024»."""
    text = label.strip().upper()
    first = parse_bound(text, last=False)
    if "Q" in text:
        return f"in the {_QUARTERS[int(text[-1]) - 1]} quarter of {first.year}"
    if "W" in text:
        return f"in the week from {written(first)}"
    if len(text) == len("2024-09"):
        return f"in {_MONTHS[first.month - 1]} {first.year}"
    return f"in {first.year:04}" if len(text) == len("2024") else f"on {written(first)}"


def is_stretched(row: PeriodRow) -> bool:
    """Say whether a single day was measured between other maps than its own and that of the day before."""
    if row.net_km2 is None or not is_period(row.period):
        return False
    asked = parse_period(row.period)
    if not asked.opens_on or not asked.closes_on or (asked.closes_on - asked.opens_on).days != 1:
        return False
    return (row.opening, row.closing) != (asked.opens_on, asked.closes_on)


def capital(text: str) -> str:
    """Return a text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def listed(items: Sequence[str]) -> str:
    """Return items joined by commas, the last by «and»."""
    return ", ".join(items[:-1]) + f" and {items[-1]}" if len(items) > 1 else "".join(items)
