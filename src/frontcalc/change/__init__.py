"""What changed between two maps, as a value, and the areas that it is made of."""

from frontcalc.change.between import DRIFT_KM2, Change, Moved, close_of, differences, overlaid, step
from frontcalc.change.ground import CONTRADICTION_KM2, Areas, Floats, Ground, Held, areas, areas_of

__all__ = [
    "CONTRADICTION_KM2",
    "DRIFT_KM2",
    "Areas",
    "Change",
    "Floats",
    "Ground",
    "Held",
    "Moved",
    "areas",
    "areas_of",
    "close_of",
    "differences",
    "overlaid",
    "step",
]
