"""One claim: a figure that somebody published, and what exactly it is said to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from frontcalc.periods import Period


class Measure(StrEnum):
    """What a claim's figure is of."""

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
    """How the figure is said; `fitting` gives each its meaning."""

    EXACTLY = "exactly"
    ABOUT = "about"
    MORE_THAN = "more than"
    LESS_THAN = "less than"
    NEARLY = "nearly"
    UP_TO = "up to"


class Verdict(StrEnum):
    """What came of a claim."""

    AGREES = "agrees"
    DEPENDS = "depends"
    DISAGREES = "disagrees"
    NO_DATA = "no data"


_AREAS = ("km2", "mi2")
UNITS: dict[Measure, tuple[str, ...]] = {
    **dict.fromkeys(Measure, _AREAS),
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

PER_KM2 = {"km2": 1.0, "mi2": 1 / 1.609344**2}
"""How many of each unit of area a square kilometre is; a mile is the international one of 1.609344 km."""

CAN_BE_SUMMED = (Measure.HELD, Measure.NET, Measure.RATE, Measure.RATIO, Measure.SHARE)
"""Measures that can be of the sum of layers, overlaps counted twice, instead of their union."""

SIGNED = (Measure.NET, Measure.RATE)
"""Measures that may be negative: a loss."""

ON_A_DAY = (Measure.HELD, Measure.SHARE)
"""Measures of one map, that of their period's last day."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A published figure.

    Parameters
    ----------
    id : str
        The claim's name, unique in its file.
    period : str
        As written; `periods` are the period it names, of a ratio the two.
    measure : Measure
        What the figure is of.
    value : Decimal
        The figure, with the digits it was written with.
    unit : str
        One of `UNITS[measure]`.
    qualifier : Qualifier
        How it is said.
    tolerance : Decimal, optional
        How far a computed figure may lie from it, in `unit`; default the qualifier's own.
    region, actor, view : str
        Where, whose, and by which view; empty for the whole, the archive's main actor and the default view.
    text, source : str
        The words of the claim, and where they stand.
    published : date, optional
        When.
    line : int, optional
        Where it begins in its file.
    """

    id: str
    period: str
    periods: tuple[Period, ...]
    measure: Measure
    value: Decimal
    unit: str
    qualifier: Qualifier = Qualifier.EXACTLY
    tolerance: Decimal | None = None
    region: str = ""
    actor: str = ""
    view: str = ""
    text: str = ""
    source: str = ""
    published: date | None = None
    line: int | None = None

    @property
    def per_km2(self) -> float:
        """How many of its unit a square kilometre is, or a square kilometre a day; 1 where it is of no area."""
        return PER_KM2.get(self.unit.removesuffix("/day"), 1.0)
