"""Rows of region sets and of checked region files, and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass

from frontcalc.notices import Notice
from frontcalc.sources import SourceFile


@dataclass(frozen=True, slots=True)
class RegionRow:
    """One region of a set; `area_km2` is its land, as the set draws it."""

    set: str
    level: str
    code: str
    country: str
    region: str
    local_name: str
    area_km2: float
    aliases: str


@dataclass(frozen=True, slots=True)
class RegionMeta:
    """Where a region set comes from."""

    set: str
    source: str
    licence: str
    method: str
    sha256: str
    notices: tuple[Notice, ...] = ()
    attribution: tuple[str, ...] = ()
    units: str = "km2"


@dataclass(frozen=True, slots=True)
class RegionDetailRow:
    """One region at length: its box in degrees on WGS 84, and the regions of the set that touch it."""

    set: str
    level: str
    code: str
    country: str
    region: str
    local_name: str
    area_km2: float
    aliases: str
    west: float
    south: float
    east: float
    north: float
    neighbours: str


@dataclass(frozen=True, slots=True)
class RegionCheckRow:
    """One region of a file that is checked: its area as drawn, and what of it other regions have too.

    `features` and `parts` are the features of that name and their polygons, `repaired` those of the polygons
    that were invalid.
    """

    file: str
    region: str
    country: str
    features: int
    parts: int
    repaired: int
    area_km2: float
    overlap_km2: float
    overlaps_with: str


@dataclass(frozen=True, slots=True)
class RegionOverlap:
    """What two regions of a file share (km²), and how much that is of the smaller one."""

    first: str
    second: str
    km2: float
    percent_of_smaller: float


@dataclass(frozen=True, slots=True)
class RegionCheckMeta:
    """What a region file is like as a whole; `refused` says why it could not be used, and is empty where it could.

    Gaps are ground that regions enclose and none of them has; `not_area` counts points and lines.
    """

    version: str
    file: SourceFile
    crs: str
    name_field: str
    fields: tuple[str, ...]
    regions: int
    area_km2: float
    overlaps: tuple[RegionOverlap, ...]
    gaps: int
    gaps_km2: float
    not_area: int
    refused: tuple[str, ...]
    notices: tuple[Notice, ...] = ()
    attribution: tuple[str, ...] = ()
    units: str = "km2"
