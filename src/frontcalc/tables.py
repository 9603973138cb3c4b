"""Results as frozen rows with units in their names, and the facts that travel with them.

The fields of the row classes are the published columns, in order: they are only ever appended.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from frontcalc.lint import Finding
from frontcalc.notices import Notice
from frontcalc.regions import TOTAL as TOTAL
from frontcalc.sources import SourceFile

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class DiffRow:
    """Change of one actor's territory in one period and region; None where it could not be measured.

    `snapped_km2` is how much of gained and lost together lies outside the region as drawn.
    """

    archive: str
    actor: str
    period: str
    level: str
    region: str
    opening: dt.date | None
    closing: dt.date | None
    days: int | None
    view: str
    opening_km2: float | None
    closing_km2: float | None
    gained_km2: float | None
    lost_km2: float | None
    net_km2: float | None
    rate_km2_per_day: float | None
    notes: str
    snapped_km2: float | None


@dataclass(frozen=True, slots=True)
class HeldRow:
    """Area held by one actor in one region on a date; `snapshot` is the day of the map that stands for it.

    `snapped_km2` is how much of it lies outside the region as drawn.
    """

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


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """Area held on a date, and the change since the map before; `previous` is that map's day.

    `snapped_km2` is how much of gained and lost together lies outside the region as drawn.
    """

    archive: str
    actor: str
    date: dt.date
    level: str
    region: str
    snapshot: dt.date | None
    previous: dt.date | None
    days: int | None
    view: str
    held_km2: float | None
    gained_km2: float | None
    lost_km2: float | None
    net_km2: float | None
    rate_km2_per_day: float | None
    notes: str
    snapped_km2: float | None


@dataclass(frozen=True, slots=True)
class FlowRow:
    """Ground of one actor that had one role at the opening and another at the close, in one region.

    Roles are in order of precedence: where layers overlap, the first one has the ground. Both roles are
    `none` in no row. The rows from a role add up to its area at the opening, those to it at the close.
    """

    archive: str
    actor: str
    period: str
    level: str
    region: str
    opening: dt.date | None
    closing: dt.date | None
    days: int | None
    view: str
    from_role: str
    to_role: str
    km2: float | None
    notes: str


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place that came under an actor's hold (gained) or out of it (lost) within a period.

    `date` is that of the first map that shows it, `previous` that of the map before; `lon` and `lat` are
    degrees on WGS 84.
    """

    archive: str
    actor: str
    period: str
    place: str
    region: str
    change: str
    date: dt.date | None
    previous: dt.date | None
    view: str
    lon: float
    lat: float
    notes: str


@dataclass(frozen=True, slots=True)
class LayerShare:
    """What each role of the view covers on one map, and how much ground they cover twice (km²)."""

    actor: str
    snapshot: dt.date | None
    role_km2: tuple[tuple[str, float], ...]
    overlap_km2: float


@dataclass(frozen=True, slots=True)
class PeriodUsed:
    """A period as asked for and the maps really used."""

    actor: str
    period: str
    opens_on: dt.date | None
    closes_on: dt.date | None
    opening: dt.date | None
    closing: dt.date | None


@dataclass(frozen=True, slots=True)
class Snapping:
    """How ground beside regions was given to them: `method`, and how far into foreign land and into water (km)."""

    method: str
    border_km: float | None = None
    water_km: float | None = None


@dataclass(frozen=True, slots=True)
class Meta:
    """What a result rests on; `meta` in JSON."""

    version: str
    archive: str
    actors: tuple[str, ...]
    other_actors: tuple[str, ...]
    view: str
    counted: tuple[str, ...]
    not_counted: tuple[str, ...]
    crs: str
    level: str
    regions: SourceFile | None
    files: tuple[SourceFile, ...]
    periods: tuple[PeriodUsed, ...] = ()
    layer_shares: tuple[LayerShare, ...] = ()
    notices: tuple[Notice, ...] = ()
    snapping: Snapping | None = None
    regions_accuracy: str = ""
    places: tuple[PlaceRow, ...] | None = None
    region_source: str = ""
    region_licence: str = ""


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
class ArchiveMeta:
    """What a list or a check of an archive rests on; `counts` has the findings by code."""

    version: str
    archive: str
    crs: str
    maps: int
    files: tuple[SourceFile, ...]
    distinct_files: int
    regions: SourceFile | None = None
    counts: tuple[tuple[str, int], ...] = ()
    notices: tuple[Notice, ...] = ()


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


MetaT = TypeVar("MetaT", Meta, RegionMeta, RegionCheckMeta, ArchiveMeta)
RowT = TypeVar(
    "RowT",
    DiffRow,
    HeldRow,
    SeriesRow,
    FlowRow,
    PlaceRow,
    RegionRow,
    RegionDetailRow,
    RegionCheckRow,
    LayerRow,
    Finding,
)


@dataclass(frozen=True, slots=True)
class Table(Generic[RowT, MetaT]):
    """A result: rows of one kind, and what they rest on.

    Parameters
    ----------
    kind : type
        The class of the rows.
    rows : tuple of row
        By actor, then period or date, then region by name, `unassigned` and `total` last.
    meta : Meta
        What the rows rest on.
    """

    kind: type[RowT]
    rows: tuple[RowT, ...]
    meta: MetaT

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their published order."""
        return tuple(entry.name for entry in fields(self.kind))

    def values(self) -> list[tuple[Any, ...]]:
        """Return each row's values in the order of the columns, figures unrounded."""
        columns = self.columns
        return [tuple(getattr(row, name) for name in columns) for row in self.rows]

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a data frame, figures unrounded (km²)."""
        import pandas as pd

        return pd.DataFrame(self.values(), columns=list(self.columns))


def ratio(first: float | None, second: float | None) -> float | None:
    """Return second ÷ first, None where one is missing or zero, or where the signs differ."""
    if not first or not second or (first < 0) != (second < 0):
        return None
    return second / first
