"""Rows that only some commands have, and what these rest on: a class takes a thousandth of a second to make."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import shapely

from frontcalc.tables.rows import LATER, ChangeRow, DiffRow, Meta, PeriodRow, _Between


@dataclass(frozen=True, slots=True)
class WhereRow(DiffRow):
    """A change in the ground nearest to a town, or a connected part of one, its middle and when half of it came."""

    town: str = ""
    distance_km: float | None = None
    direction: str = ""
    lon: float | None = None
    lat: float | None = None
    places: str = ""
    half_from: dt.date | None = None
    half_to: dt.date | None = None


@dataclass(frozen=True, slots=True)
class TownChangeRow(ChangeRow):
    """Where one actor gained or lost ground in one period, nearest to a town of the region, or as a connected part."""

    town: str = ""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """Ground that one actor held from one map to another, in one region and nearest to one town of it."""

    actor: str
    region: str
    town: str
    held_from: dt.date | None
    held_until: dt.date | None
    ground_km2: float
    came_sliver: bool
    came_fault: bool
    went_sliver: bool
    went_fault: bool
    came_files: str
    went_files: str
    geometry: shapely.MultiPolygon


@dataclass(frozen=True, slots=True)
class HeldRow:
    """Area held by one actor in one region on a date; `snapshot` is the day of the map that stands for it."""

    archive: str
    actor: str
    date: dt.date
    level: str
    region: str
    snapshot: dt.date | None
    view: str
    held_km2: float | None
    notes: str
    snapped_km2: float | None
    region_km2: float | None = None
    not_held_km2: float | None = None


@dataclass(frozen=True, slots=True)
class SummaryRow(PeriodRow):
    """A change, and the shares held at its close of the land of region and country, None where those are not drawn."""

    region_km2: float | None = None
    share_of_region_pct: float | None = None
    country_km2: float | None = None
    share_of_country_pct: float | None = None
    net_interpolated_km2: float | None = field(default=None, metadata=LATER)
    border_km2: float | None = field(default=None, metadata=LATER)
    not_held_km2: float | None = field(default=None, metadata=LATER)
    flags: str = field(default="", metadata=LATER)
    state: str = field(default="", metadata=LATER)
    gained_sliver_km2: float | None = field(default=None, metadata=LATER)
    lost_sliver_km2: float | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class GrossRow(SummaryRow):
    """A summary with sums over the steps inside the period, and the slivers among them."""

    step: str = ""
    steps: int | None = None
    gross_gained_km2: float | None = None
    gross_lost_km2: float | None = None
    turnover_km2: float | None = None
    sliver_width_m: float | None = None
    sliver_gained_km2: float | None = None
    sliver_lost_km2: float | None = None


@dataclass(frozen=True, slots=True)
class FlowRow(_Between):
    """Ground of one actor that had one role at the opening and another at the close, in one region.

    Roles are in order of precedence: where layers overlap, the first one has the ground. Both roles are
    `none` in no row. The rows from a role add up to its area at the opening, those to it at the close.
    """

    from_role: str
    to_role: str
    km2: float | None
    notes: str


@dataclass(frozen=True, slots=True)
class ShareRow:
    """How much of the disc that stands for a place one actor holds on a map."""

    archive: str
    actor: str
    period: str
    place: str
    snapshot: dt.date | None
    view: str
    held_pct: float
    radius_m: float
    lon: float
    lat: float
    notes: str


@dataclass(frozen=True, slots=True)
class SensitivityRow:
    """Figures of one region with one assumption changed: the first row of each is the base, the last two the range."""

    archive: str
    actor: str
    period: str
    level: str
    region: str
    assumption: str
    choice: str
    opening: dt.date | None
    closing: dt.date | None
    days: int | None
    view: str
    gained_km2: float | None
    lost_km2: float | None
    net_km2: float | None
    gained_difference_km2: float | None
    lost_difference_km2: float | None
    net_difference_km2: float | None
    matters: str
    in_range: bool
    notes: str


@dataclass(frozen=True, slots=True)
class RangeRow(DiffRow):
    """A change, and the least and the most of its figures under assumptions open to argument."""

    gained_min_km2: float | None = None
    gained_max_km2: float | None = None
    lost_min_km2: float | None = None
    lost_max_km2: float | None = None
    net_min_km2: float | None = None
    net_max_km2: float | None = None


@dataclass(frozen=True, slots=True)
class CompareRow(RangeRow):
    """A change as one archive has it, beside others; ranges and shares of the close need two with such maps."""

    closing_only_km2: float | None = None
    closing_lacking_km2: float | None = None


@dataclass(frozen=True, slots=True)
class ConsensusRow(_Between):
    """A change as one archive has it, and what of it all archives show, and any, without what is set aside."""

    gained_km2: float | None
    lost_km2: float | None
    net_km2: float | None
    gained_by_all_km2: float
    gained_by_any_km2: float
    gained_only_km2: float
    gained_aside_km2: float
    lost_by_all_km2: float
    lost_by_any_km2: float
    lost_only_km2: float
    lost_aside_km2: float
    closing_only_km2: float
    first_km2: float
    notes: str
    flags: str
    lag_days: int | None = None
    lag_from_days: int | None = None
    lag_to_days: int | None = None
    town: str = ""
    maps_apart_days: int | None = None


@dataclass(frozen=True, slots=True)
class SharedGroundRow:
    """Ground gained, lost, or held at the close by some alone, in one region, as the archives named all show it."""

    period: str
    actor: str
    region: str
    kind: str
    shown_by: str
    km2: float
    town: str
    geometry: shapely.MultiPolygon


@dataclass(frozen=True, slots=True, repr=False)
class WhereMeta(Meta):
    """What a split by towns of so many people rests on; `within` are the only regions in it, `top` the rows to show."""

    towns: int = 0
    top: int = 0
    connected: bool = False
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class SummaryMeta(Meta):
    """What a summary rests on; `baseline` is the day whose ground is not counted."""

    every: str = ""
    same_span: bool = False
    baseline: dt.date | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class CompareMeta(Meta):
    """What a comparison rests on: each of `archives`, the unit `every`, and the least people of `towns`, else 0."""

    archives: tuple[Meta, ...] = ()
    every: str = ""
    towns: int = 0
