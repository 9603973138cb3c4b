"""What is far beyond the usual, by Hampel's identifier.

A value is an outlier where it is further from the median of its neighbours than three times their scale, the median
absolute deviation (MAD) ÷ 0.6745, which is the standard deviation of a normal distribution (F. R. Hampel, «The
influence curve and its role in robust estimation», Journal of the American Statistical Association 69, 1974,
383–393; as a filter over a moving window in R. K. Pearson, «Outliers in process modeling and identification», IEEE
Transactions on Control Systems Technology 10, 2002, 55–63).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TIMES_SCALE = 3.0
"""How many times the scale a value must be from the median: Hampel's choice."""

NEIGHBOURS = 6
"""How many steps on either side are the neighbours."""

MOVING_KM2 = 0.001
"""Steps that change less show nothing new, and say nothing of what is usual."""

# Of a normal distribution the median absolute deviation is 0.6745 standard deviations.
_MAD_OF_NORMAL = 0.6745


def scale_of(values: NDArray[np.float64]) -> float:
    """Return the robust scale of some values, in their unit."""
    return float(np.median(np.abs(values - np.median(values)))) / _MAD_OF_NORMAL


def highest_usual(near: NDArray[np.float64], least_scale: float) -> float:
    """Return the value above which one among its neighbours (n,) is an outlier.

    Parameters
    ----------
    near : (n,) array of float
        The neighbours, and the value itself.
    least_scale : float
        What the neighbours' scale counts as at least: quiet times, and steps that hardly vary, would make
        outliers of everything.
    """
    return float(np.median(near)) + TIMES_SCALE * max(scale_of(near), least_scale)
