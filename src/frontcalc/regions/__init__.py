"""Region sets: reading them, making them a partition, what is snapped to them, and splitting ground by them."""

from frontcalc.regions.fields import country_of, file_and_layer, read_region_file
from frontcalc.regions.load import MAY_SHARE, overlaps, read_regions
from frontcalc.regions.sets import (
    NEAR_KM,
    SNAPS,
    TOTAL,
    UNASSIGNED,
    RegionSet,
    bands_of,
    boxes_in_degrees,
    boxes_on_globe,
    countries_near,
    countries_under,
    embedded_covers,
    embedded_regions,
    land_near,
    no_regions,
    partition_for,
    pieces_near,
    regions_key,
)
from frontcalc.regions.snap import BORDER_KM, WATER_KM
