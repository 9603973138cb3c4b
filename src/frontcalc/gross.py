"""Gross change: sums of gained and lost over steps, and the slivers among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frontcalc.change import CONTRADICTION_KM2, Floats, Moved
from frontcalc.errors import FrontcalcError


@dataclass(frozen=True, slots=True)
class Gross:
    """Gained and lost over one or more steps, each array (n + 2,) as in `Change` (km²), and the slivers among them."""

    gained_km2: Floats
    lost_km2: Floats
    sliver_gained_km2: Floats
    sliver_lost_km2: Floats


def gross_of(moved: Moved, moved_km2: float) -> Gross:
    """Return what one step adds to gross figures.

    Parameters
    ----------
    moved : Moved
        What was gained and lost in the step, and the slivers in it.
    moved_km2 : float
        How much more is held after it, measured by itself (km²).

    Raises
    ------
    FrontcalcError
        Gained less lost is not the change of the area held, by more than rounding.
    """
    gained, lost = moved.gained.km2, moved.lost.km2
    if abs(float(gained[-1] - lost[-1]) - moved_km2) > CONTRADICTION_KM2:
        raise FrontcalcError(
            f"the overlay contradicts itself: {moved_km2:.6f} km² more is held, {gained[-1] - lost[-1]:.6f} by steps",
            cure="please report it with the two maps",
        )
    return Gross(gained, lost, moved.gained_slivers.km2, moved.lost_slivers.km2)


def add_steps(steps: Sequence[Gross]) -> Gross:
    """Return the sum of one or more steps, each column rounded once and not at every step."""

    def sums(arrays: list[Floats]) -> Floats:
        return np.array([math.fsum(column) for column in zip(*arrays, strict=True)])

    return Gross(
        sums([step.gained_km2 for step in steps]),
        sums([step.lost_km2 for step in steps]),
        sums([step.sliver_gained_km2 for step in steps]),
        sums([step.sliver_lost_km2 for step in steps]),
    )
