"""Claims held against each other: a rate against its total, a ratio against the two figures it compares."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from frontcalc.claims.fitting import Range, as_printed
from frontcalc.claims.values import Claim, Measure
from frontcalc.periods import Period


@dataclass(frozen=True, slots=True)
class Difference:
    """A claim that does not fit others of its file, whatever the maps show.

    Parameters
    ----------
    claim : Claim
        The rate or the ratio.
    others : tuple of Claim
        The figures that it should follow from: a total, or the two that are compared.
    implied : float
        What follows from them, in the claim's unit.
    days : int, optional
        Of a rate, the days of its period.
    """

    claim: Claim
    others: tuple[Claim, ...]
    implied: float
    days: int | None = None


def differences(claims: Sequence[Claim]) -> tuple[Difference, ...]:
    """Return each rate that is not its total over its days, and each ratio that is not that of its two figures.

    Only net changes of the same region, actor and view are held against them, as printed (`as_printed`):
    593 km² in the 31 days of a December are 19.1 a day, and not 18.1.

    Parameters
    ----------
    claims : sequence of Claim
        Of one file; the order of what is returned is theirs.
    """
    totals = [claim for claim in claims if claim.measure is Measure.NET and claim.value]
    rates = (found for claim in claims if claim.measure is Measure.RATE for found in _of_rate(claim, totals))
    ratios = (found for claim in claims if claim.measure is Measure.RATIO for found in _of_ratio(claim, totals))
    return (*rates, *ratios)


def _of_rate(rate: Claim, totals: Sequence[Claim]) -> Iterator[Difference]:
    """Yield a difference for each total that a rate does not follow from."""
    (period,) = rate.periods
    days = _days(period)
    for total in _matching(rate, period, totals) if days else ():
        per_day = rate.per_km2 / total.per_km2 / days
        if not as_printed(rate).meets(as_printed(total).times(per_day)):
            yield Difference(rate, (total,), float(total.value) * per_day, days)


def _of_ratio(ratio: Claim, totals: Sequence[Claim]) -> Iterator[Difference]:
    """Yield a difference for each pair of totals that a ratio does not follow from."""
    above, below = ratio.periods
    for first in _matching(ratio, above, totals):
        for second in _matching(ratio, below, totals):
            scale = second.per_km2 / first.per_km2
            quotients = _quotients(as_printed(first), as_printed(second))
            if quotients and not as_printed(ratio).meets(quotients.times(scale)):
                yield Difference(ratio, (first, second), float(first.value) / float(second.value) * scale)


def _matching(claim: Claim, period: Period, totals: Sequence[Claim]) -> list[Claim]:
    """Return the totals of one period that are of the same ground as a claim."""
    wanted = (*_ends(period), *_ground(claim))
    return [total for total in totals if (*_ends(total.periods[0]), *_ground(total)) == wanted]


def _ends(period: Period) -> tuple[object, object]:
    """Return the days whose maps open and close a period, however it is written."""
    return period.opens_on, period.closes_on


def _ground(claim: Claim) -> tuple[str, str, str]:
    """Return where, whose and by which view."""
    return claim.region.casefold(), claim.actor.casefold(), claim.view


def _days(period: Period) -> int:
    """Return the days of a period, 0 where it is open at an end."""
    return (period.closes_on - period.opens_on).days if period.opens_on and period.closes_on else 0


def _quotients(first: Range, second: Range) -> Range | None:
    """Return which quotients two ranges allow, None where the divisor may be nothing."""
    if second.low <= 0 <= second.high:
        return None
    corners = [a / b for a in (first.low, first.high) for b in (second.low, second.high)]
    known = [corner for corner in corners if not math.isnan(corner)]
    return Range(min(known), max(known))
