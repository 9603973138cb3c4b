"""Which figures fit a claim, by the words it is said with; docs/claims.md has the rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from frontcalc.claims.values import Claim, Qualifier

PART_OF_VALUE = Decimal("0.05")
"""How far, in parts of the figure, «about» and «nearly» reach unless the claim says otherwise."""

NOISE = 1e-6
"""Figures that are no further apart are the same: so far do engines agree (km²)."""


@dataclass(frozen=True, slots=True)
class Range:
    """Figures from `low` to `high`, which may be infinite; both are included, but for the one that is `excluded`."""

    low: float
    high: float
    excluded: float | None = None

    def holds(self, figure: float) -> bool:
        """Say whether a figure lies in the range."""
        if self.excluded is not None and abs(figure - self.excluded) <= NOISE:
            return False
        return self.low - NOISE <= figure <= self.high + NOISE

    def meets(self, other: Range) -> bool:
        """Say whether two ranges have a figure in common."""
        return max(self.low, other.low) <= min(self.high, other.high) + NOISE

    def distance(self, figure: float) -> float:
        """Return how far a figure is from the range, 0 inside."""
        return max(self.low - figure, figure - self.high, 0.0)

    def times(self, factor: float) -> Range:
        """Return the range of the figures multiplied with a factor other than 0, as −1 for the other sign."""
        low, high = sorted((self.low * factor, self.high * factor))
        return Range(low, high, None if self.excluded is None else self.excluded * factor)


def fitting(claim: Claim) -> Range:
    """Return which computed figures fit a claim, in its unit.

    A negative value is a loss of so much: the qualifier is of its size.
    """
    return _of_size(claim.value, lambda size: _fitting_size(claim, size))


def as_printed(claim: Claim) -> Range:
    """Return which figures a claim may stand for, in its unit, by the digits and words it is printed with alone.

    This is what claims are held against each other by: a tolerance is for what is computed from other maps,
    and arithmetic needs none. The noughts that end «about 2,700» may be rounding.
    """
    return _of_size(claim.value, lambda size: _printed_size(claim, size))


def _of_size(value: Decimal, of: Callable[[Decimal], Range]) -> Range:
    """Return the range of a value by that of its size."""
    return of(abs(value)).times(-1) if value < 0 else of(abs(value))


def _fitting_size(claim: Claim, size: Decimal) -> Range:
    """Return which sizes fit."""
    half = _last_digit(size) / 2
    stated = claim.tolerance
    if claim.qualifier is Qualifier.EXACTLY:
        return _around(size, half if stated is None else stated)
    if claim.qualifier in (Qualifier.ABOUT, Qualifier.NEARLY):
        reach = max(size * PART_OF_VALUE, half) if stated is None else stated
        return _around(size, reach) if claim.qualifier is Qualifier.ABOUT else _below(size, reach)
    if claim.qualifier is Qualifier.MORE_THAN:
        return Range(float(size), math.inf if stated is None else float(size + stated), float(size))
    below = _below(size, size if stated is None else stated)
    return Range(below.low, below.high, float(size)) if claim.qualifier is Qualifier.LESS_THAN else below


def _printed_size(claim: Claim, size: Decimal) -> Range:
    """Return which sizes a claim may stand for as printed."""
    if claim.qualifier is Qualifier.EXACTLY:
        return _around(size, _last_digit(size) / 2)
    if claim.qualifier is Qualifier.ABOUT:
        return _around(size, _last_digit(size.normalize()) / 2)
    if claim.qualifier is Qualifier.NEARLY:
        return _below(size, max(size * PART_OF_VALUE, _last_digit(size) / 2))
    if claim.qualifier is Qualifier.MORE_THAN:
        return Range(float(size), math.inf)
    return _below(size, size)


def _last_digit(size: Decimal) -> Decimal:
    """Return what one unit of the last digit written stands for: 1 of 465, 0.1 of 18.1."""
    exponent = size.as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(1).scaleb(exponent)


def _around(size: Decimal, reach: Decimal) -> Range:
    """Return what lies within reach of a size, either way."""
    return Range(float(size - reach), float(size + reach))


def _below(size: Decimal, reach: Decimal) -> Range:
    """Return what lies within reach below a size."""
    return Range(float(size - reach), float(size))
