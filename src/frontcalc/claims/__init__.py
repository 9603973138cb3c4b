"""Published figures: what a claim says, which figures fit it, and where claims contradict each other.

docs/claims.md has the rules.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from frontcalc.crs import M_PER_MILE
from frontcalc.periods import Period

PART_OF_VALUE = Decimal("0.05")  # of the figure: so far «about» and «nearly» reach unless the claim says otherwise
NOISE = 1e-6  # figures no further apart are the same: so far do engines agree (km²)


class Measure(StrEnum):
    """The kind of figure that a claim states."""

    HELD = "held"
    NET = "net"
    GAINED = "gained"
    LOST = "lost"
    GROSS_GAINED = "gross_gained"
    GROSS_LOST = "gross_lost"
    RATE = "rate"
    RATIO = "ratio"
    SHARE = "share"


class Qualifier(StrEnum):
    """The word before the figure; `fitting` gives each its meaning."""

    EXACTLY = "exactly"
    ABOUT = "about"
    MORE_THAN = "more than"
    LESS_THAN = "less than"
    NEARLY = "nearly"
    UP_TO = "up to"


class Verdict(StrEnum):
    """How a claim compares with the maps."""

    AGREES = "agrees"
    DEPENDS = "depends"
    DISAGREES = "disagrees"
    TOO_COARSE = "too coarse"
    NO_DATA = "no data"


UNITS: dict[Measure, tuple[str, ...]] = {
    **dict.fromkeys(Measure, ("km2", "mi2")),
    Measure.RATE: ("km2/day", "mi2/day"),
    Measure.RATIO: ("times",),
    Measure.SHARE: ("percent",),
}
"""The units that each measure can be claimed in, the default first."""

UNIT_LABELS = {
    "km2": "km²",
    "mi2": "mi²",
    "km2/day": "km² a day",
    "mi2/day": "mi² a day",
    "times": "times",
    "percent": "%",
}
"""Units as they are written after a figure."""

# Measures of gains or of losses alone; all others can be of the sum of layers, overlaps counted twice, instead of their
# union. Those that may be negative, a loss. Those of one map, that of their period's last day.
ONE_WAY = (Measure.GAINED, Measure.LOST, Measure.GROSS_GAINED, Measure.GROSS_LOST)
SIGNED = (Measure.NET, Measure.RATE)
ON_A_DAY = (Measure.HELD, Measure.SHARE)
ADDED_UP = (Measure.HELD, Measure.NET, *ONE_WAY)
"""The measures whose figure may be the sum of two: all of areas."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A published figure."""

    id: str  # unique in its file
    periods: tuple[Period, ...]  # the one that it names, of a ratio the two
    measure: Measure
    value: Decimal  # with the digits it was written with
    unit: str  # one of `UNITS[measure]`
    qualifier: Qualifier = Qualifier.EXACTLY
    tolerance: Decimal | None = None  # how far a computed figure may lie from it; None is the qualifier's own
    region: str = ""  # empty for the whole, as the next two for the main actor and the default view
    actor: str = ""
    view: str = ""
    text: str = ""  # its words
    source: str = ""  # where they stand
    published: date | None = None
    line: int | None = None  # where it begins in its file
    plus: Claim | None = None  # whose figure is added to its own: alike but for actor and period
    sign: int = 1  # −1 where it is taken away

    @property
    def period(self) -> str:
        """How its period is shown."""
        return " / ".join(period.label for period in self.periods)

    @property
    def per_km2(self) -> float:
        """How many of its unit a square kilometre is, or a square kilometre a day; 1 where it is of no area."""
        return 1 / (M_PER_MILE / 1000) ** 2 if self.unit.startswith("mi2") else 1.0


class Range(NamedTuple):
    """Figures from `low` to `high`, which may be infinite; both are included, but for the one that is `excluded`."""

    low: float
    high: float
    excluded: float | None = None

    def __str__(self) -> str:
        """Return the range in words."""
        if math.isinf(self.high):
            return f"more than {printed(self.low)}"
        if math.isinf(self.low):
            return f"less than {printed(self.high)}"
        return " to ".join(map(printed, sorted((self.low, self.high), key=abs)))

    def holds(self, figure: float) -> bool:
        """Say whether a figure lies in the range."""
        apart = self.excluded is None or abs(figure - self.excluded) > NOISE
        return apart and self.distance(figure) <= NOISE

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


def printed(figure: float) -> str:
    """Return a figure to three decimals, as the columns have it, without noughts at the end."""
    text = f"{abs(figure):,.3f}".rstrip("0").rstrip(".")
    return f"\N{MINUS SIGN}{text}" if figure < 0 and text != "0" else text


def fitting(claim: Claim) -> Range:
    """Return which computed figures fit a claim, in its unit; of a negative one the qualifier is of its size."""
    excluded = float(abs(claim.value)) if claim.qualifier in (Qualifier.MORE_THAN, Qualifier.LESS_THAN) else None
    return _around(claim, _reach(claim) if claim.tolerance is None else claim.tolerance, excluded)


def leeway(claim: Claim) -> float:
    """Return how far a figure may lie from a claim's value as a share of it; 0 for «more than» and other sharp ends."""
    reach = _reach(claim) if claim.tolerance is None else claim.tolerance
    return float(reach / abs(claim.value)) if claim.value and reach is not None else 0.0


def as_printed(claim: Claim) -> Range:
    """Return which figures a claim may stand for, in its unit, by the digits and words it is printed with alone.

    A tolerance is for what is computed from maps; arithmetic needs none. The noughts of «about 2,700» may be rounding.
    """
    noughts = claim.qualifier is Qualifier.ABOUT
    return _around(claim, _half_digit(claim.value.normalize()) if noughts else _reach(claim))


def _reach(claim: Claim) -> Decimal | None:
    """Return how far a figure may lie from a claim's by the qualifier; None for one that names an end, as «up to»."""
    if claim.qualifier is Qualifier.EXACTLY:
        return _half_digit(claim.value)
    if claim.qualifier in (Qualifier.ABOUT, Qualifier.NEARLY):
        return max(abs(claim.value) * PART_OF_VALUE, _half_digit(claim.value))
    return None


def _around(claim: Claim, reach: Decimal | None, excluded: float | None = None) -> Range:
    """Return the range around a claim's value: as far as `reach`, None as far as the qualifier's words go."""
    size, qualifier = abs(claim.value), claim.qualifier
    if reach is None:
        reach = Decimal("inf") if qualifier is Qualifier.MORE_THAN else size
    low = size if qualifier is Qualifier.MORE_THAN else size - reach
    upwards = qualifier in (Qualifier.EXACTLY, Qualifier.ABOUT, Qualifier.MORE_THAN)
    bounds = Range(float(low), float(size + reach if upwards else size), excluded)
    return bounds.times(-1) if claim.value < 0 else bounds


def _half_digit(value: Decimal) -> Decimal:
    """Return half a unit of the last digit written: 0.5 of 465, 0.05 of 18.1."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(1).scaleb(exponent) / 2


def contradictions(claims: Sequence[Claim]) -> Iterator[tuple[Claim, tuple[Claim, ...], float, int | None]]:
    """Yield each rate that is not its total over its days, then each ratio that is not that of its two figures.

    With them come the claims that contradict, the figure that these imply, and of a rate the days of its period. Only
    net changes of the same region, actor and view are held against them, as printed (`as_printed`):
    593 km² in the 31 days of a December are 19.1 a day, and not 18.1.
    """
    totals: dict[Hashable, list[Claim]] = {}
    for claim in claims:
        if claim.measure is Measure.NET and claim.value:
            totals.setdefault(_measured(claim, claim.periods[0]), []).append(claim)
    for rate in (claim for claim in claims if claim.measure is Measure.RATE):
        (period,) = rate.periods
        days = (period.closes_on - period.opens_on).days if period.opens_on and period.closes_on else 0
        for total in totals.get(_measured(rate, period), ()) if days else ():
            per_day = rate.per_km2 / total.per_km2 / days
            if not as_printed(rate).meets(as_printed(total).times(per_day)):
                yield rate, (total,), float(total.value) * per_day, days
    for ratio in (claim for claim in claims if claim.measure is Measure.RATIO):
        above, below = (totals.get(_measured(ratio, period), ()) for period in ratio.periods)
        for first, second in ((first, second) for first in above for second in below):
            scale = second.per_km2 / first.per_km2
            over, under = as_printed(first), as_printed(second)
            if under.low <= 0 <= under.high:
                continue
            corners = [a / b for a in (over.low, over.high) for b in (under.low, under.high)]
            known = [corner for corner in corners if not math.isnan(corner)]
            if not as_printed(ratio).meets(Range(min(known), max(known)).times(scale)):
                yield ratio, (first, second), float(first.value) / float(second.value) * scale, None


def _measured(claim: Claim, period: Period) -> Hashable:
    """Return where, whose, by which view, with what beside and between which days a claim measures."""
    own = claim.region.casefold(), claim.actor.casefold(), claim.view, claim.plus, claim.sign
    return *own, period.opens_on, period.closes_on
