"""What changed between two maps, as a value, and the area of ground by region."""

from frontcalc.change.between import (
    CLOSING,
    DRIFT_KM2,
    FIGURES,
    GAINED,
    GAINED_SLIVER,
    LOST,
    LOST_SLIVER,
    OPENING,
    Change,
    Parts,
    differences,
    step,
    total,
)
from frontcalc.change.ground import CONTRADICTION_KM2, Floats, Geometries, Ground, areas, by_region, largest_beside

__all__ = [
    "CLOSING",
    "CONTRADICTION_KM2",
    "DRIFT_KM2",
    "FIGURES",
    "GAINED",
    "GAINED_SLIVER",
    "LOST",
    "LOST_SLIVER",
    "OPENING",
    "Change",
    "Floats",
    "Geometries",
    "Ground",
    "Parts",
    "areas",
    "by_region",
    "differences",
    "largest_beside",
    "step",
    "total",
]
