"""Region sets: reading them, making them a partition, what is snapped to them, and splitting ground by them."""

from frontcalc.regions.countries import country_of
from frontcalc.regions.eligible import SNAPS, takers
from frontcalc.regions.partition import MAY_SHARE
from frontcalc.regions.reading import embedded_covers, embedded_regions, read_regions, told_apart
from frontcalc.regions.sets import TOTAL, UNASSIGNED, RegionSet, Split, boxes_in_degrees, no_regions
from frontcalc.regions.snapping import BORDER_KM, WATER_KM

__all__ = [
    "BORDER_KM",
    "MAY_SHARE",
    "SNAPS",
    "TOTAL",
    "UNASSIGNED",
    "WATER_KM",
    "RegionSet",
    "Split",
    "boxes_in_degrees",
    "country_of",
    "embedded_covers",
    "embedded_regions",
    "no_regions",
    "read_regions",
    "takers",
    "told_apart",
]
