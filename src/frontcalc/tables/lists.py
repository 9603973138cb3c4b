"""Rows of lists and checks of archives, claims and regions, and what they rest on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from frontcalc.notices import Notice
from frontcalc.read import SourceFile
from frontcalc.tables.rows import Brief, MapUsed


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of one map: polygons as drawn, coordinates, and its own area, overlaps once."""

    date: dt.date
    layer: str
    actor: str
    role: str
    parts: int
    vertices: int
    km2: float
    file: str


@dataclass(frozen=True, slots=True)
class LegendRow:
    """A layer of the maps, or a value of a property that may tell whose ground it is, and what it is taken for."""

    property: str
    value: str
    polygons: int
    km2: float
    first: dt.date | None
    last: dt.date | None
    actor: str
    role: str
    legend: str
    asked: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class ArchiveMeta(Brief):
    """What a list or a check of an archive rests on; `counts` has the findings by code, `defaults` is as in `Meta`."""

    version: str
    archive: str
    crs: str
    maps: int
    files: tuple[SourceFile, ...]
    distinct_files: int
    regions: SourceFile | None = None
    counts: tuple[tuple[str, int], ...] = ()
    notices: tuple[Notice, ...] = ()
    attribution: tuple[str, ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A published figure beside that of the maps, or of claims that it contradicts, in its own unit; None without."""

    id: str
    period: str
    claimed: float
    computed: float | None
    difference: float | None
    unit: str
    verdict: str
    reason: str
    measure: str
    qualifier: str
    region: str
    actor: str
    view: str
    opening: dt.date | None
    closing: dt.date | None
    notes: str
    archive: str
    text: str
    source: str
    published: dt.date | None
    added: float | None = None


@dataclass(frozen=True, slots=True)
class RecordRow:
    """What is remarkable in the net change of the last period that is over, and how it fares by other assumptions."""

    archive: str
    actor: str
    period: str
    record: str
    periods: int
    since: str
    net_km2: float | None
    survives: str = ""
    fails: str = ""
    untried: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ClaimsMeta(ArchiveMeta):
    """What verdicts on claims rest on, as the claims and all maps looked at; `counts` has the claims by verdict."""

    claims: SourceFile
    looked_at: tuple[MapUsed, ...] = ()


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


@dataclass(frozen=True, slots=True, repr=False)
class RegionMeta(Brief):
    """Where a region set comes from."""

    set: str
    source: str
    licence: str
    method: str
    sha256: str
    notices: tuple[Notice, ...] = ()
    attribution: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegionDetailRow(RegionRow):
    """One region at length: its box in degrees on WGS 84, and the regions of the set that touch it."""

    west: float
    south: float
    east: float
    north: float
    neighbours: str


@dataclass(frozen=True, slots=True)
class RegionCheckRow:
    """One region of a file that is checked: its area as drawn, and what of it other regions have too."""

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


@dataclass(frozen=True, slots=True, repr=False)
class RegionCheckMeta(Brief):
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
