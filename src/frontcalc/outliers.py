"""What stands out in a series of maps: steps far beyond the usual, and layers that stand still while others move.

Steps are judged by Hampel's identifier: a value is an outlier where it is further from the median of its neighbours
than three times their scale, the median absolute deviation (MAD) ÷ 0.6745, which is the standard deviation of a normal
distribution (F. R. Hampel, «The influence curve and its role in robust estimation», Journal of the American
Statistical Association 69, 1974, 383–393; as a filter over a moving window in R. K. Pearson, «Outliers in process
modeling and identification», IEEE Transactions on Control Systems Technology 10, 2002, 55–63).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

TIMES_SCALE = 3.0  # how many times the scale a value must be from the median: Hampel's choice
NEIGHBOURS = 6  # how many steps on either side are the neighbours
MOVING_KM2 = 0.001  # steps that change less show nothing new, and say nothing of what is usual
FROZEN_MAPS = 5  # for how many maps a layer may stand still while others move


def median(values: NDArray[np.float64]) -> float:
    """Return the median of one or more values; that of numpy loads its masked arrays, a twentieth of a short run."""
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def scale_of(values: NDArray[np.float64]) -> float:
    """Return the robust scale of some values, in their unit."""
    # Of a normal distribution the median absolute deviation is 0.6745 standard deviations.
    return median(np.abs(values - median(values))) / 0.6745


def highest_usual(near: NDArray[np.float64], least_scale: float) -> float:
    """Return the value above which one of some neighbours (n,) is an outlier.

    Their scale counts as `least_scale` at least: quiet times, and steps that hardly vary, would make outliers of all.
    """
    return median(near) + TIMES_SCALE * max(scale_of(near), least_scale)


def standstills(drawn: Sequence[Mapping[str, object]], frozen_maps: int) -> Iterator[tuple[str, int, int]]:
    """Yield each layer, `drawn` alike on `frozen_maps` maps or more while others move, with the first and last."""
    running: dict[str, tuple[int, int]] = {}
    pairs = [*pairwise(drawn), ({}, {})]  # the last ends what still runs
    for place, (before, after) in enumerate(pairs):
        shared = before.keys() & after.keys()
        still = {key for key in shared if before[key] == after[key]}
        for key in sorted(running.keys() - still):
            first, last = running.pop(key)
            if last - first + 1 >= frozen_maps:
                yield key, first, last
        # Where nothing moves no layer is behind the others.
        for key in sorted(still) if still != shared else ():
            running[key] = running.get(key, (place, place))[0], place + 1
