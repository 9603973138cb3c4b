"""In which order an archive writes day, month and year: what its names leave no doubt of, taken together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from frontcalc.dates import readings
from frontcalc.day_forms import Order, Orders, Shape

_LONGEST_STEP = 31  # days from one map to the next
_FEWEST_EVEN = 3  # maps that show a rhythm

Readings = dict[Order, date]


def settled(names: Iterable[tuple[str, int | None]]) -> Orders:
    """Return the order of each way in which names write three numbers, None where more than one is possible.

    Parameters
    ----------
    names : iterable of (str, int or None)
        The names that state the days of an archive, each with its folder's year.
    """
    certain: set[date] = set()
    usual: dict[Shape, Order | None] = {}
    open_names: dict[Shape, list[Readings]] = {}
    for name, year in names:
        for shape, own, days in readings(name, year):
            if shape is None:
                certain.update(days.values())
            else:
                usual[shape] = own
                open_names.setdefault(shape, []).append(days)
    return {shape: _order(read, usual[shape], certain) for shape, read in open_names.items()}


def _order(names: Sequence[Readings], usual: Order | None, certain: set[date]) -> Order | None:
    """Return the one order in which all of some names are days, by the other names or the days' sequence if need be."""
    possible = {
        order: sorted({days[order] for days in names}) for order in Order if all(order in days for days in names)
    }
    if len(set(map(tuple, possible.values()))) == 1:
        return next(iter(possible))
    among = [order for order, days in possible.items() if len(certain) > 1 and _within(days, certain)]
    if len(among) == 1:
        return among[0]
    even = [order for order, days in possible.items() if len(days) >= _FEWEST_EVEN and len(set(_steps(days))) == 1]
    if even == [order for order, days in possible.items() if _plausible(days)] and len(even) == 1:
        return even[0]
    # Year first, unless another order puts the maps closer together: 22_02_24 and 24_02_24 may be of one week.
    extents = {order: days[-1] - days[0] for order, days in possible.items()}
    return usual if usual in extents and extents[usual] == min(extents.values()) else None


def _within(days: Sequence[date], certain: set[date]) -> bool:
    """Say whether days lie among those that are certain."""
    return min(certain) <= days[0] and days[-1] <= max(certain)


def _plausible(days: Sequence[date]) -> bool:
    """Say whether a publisher may make maps on these days: a month apart at most, or on one day of each year."""
    return max(_steps(days), default=0) <= _LONGEST_STEP or len({(day.month, day.day) for day in days}) == 1


def _steps(days: Sequence[date]) -> list[int]:
    """Return how many days lie between one and the next."""
    return [(after - before).days for before, after in pairwise(days)]
