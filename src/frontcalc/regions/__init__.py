"""Region sets: reading them, making them a partition, what is snapped to them, and splitting ground by them."""

from frontcalc.regions.eligible import SNAPS, takers
from frontcalc.regions.reading import embedded_covers, embedded_regions, read_regions
from frontcalc.regions.sets import TOTAL, UNASSIGNED, RegionSet, Split, no_regions
from frontcalc.regions.snapping import BORDER_KM, WATER_KM

__all__ = [
    "BORDER_KM",
    "SNAPS",
    "TOTAL",
    "UNASSIGNED",
    "WATER_KM",
    "RegionSet",
    "Split",
    "embedded_covers",
    "embedded_regions",
    "no_regions",
    "read_regions",
    "takers",
]
