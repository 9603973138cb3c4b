"""Results as frozen rows with units in their names, and the facts that travel with them.

The fields of the row classes are the published columns, in order: they are only ever appended.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import shapely

from frontcalc.notices import Notice
from frontcalc.regions import TOTAL as TOTAL
from frontcalc.sources import SourceFile

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class DiffRow:
    """Change of one actor's territory in one period and region; None where it could not be measured."""

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


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """Where one actor gained or lost ground in one period and region: the polygons of a figure in `DiffRow`.

    `kind` is `gained` or `lost`; `geometry` is in longitude and latitude on WGS 84.
    """

    period: str
    actor: str
    region: str
    kind: str
    km2: float
    opening: dt.date | None
    closing: dt.date | None
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


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """Area held on a date, and the change since the map before; `previous` is that map's day."""

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


@dataclass(frozen=True, slots=True)
class SummaryRow(DiffRow):
    """A change, and the shares of the region's and the country's land that are held at its close.

    The denominators are areas of land as the region set draws them; None where no region or no whole
    country is drawn.
    """

    region_km2: float | None = None
    share_of_region_pct: float | None = None
    country_km2: float | None = None
    share_of_country_pct: float | None = None


@dataclass(frozen=True, slots=True)
class GrossRow(SummaryRow):
    """A summary with sums over the steps inside the period, and the slivers among them.

    `steps` is how many pairs of maps were compared. Slivers are the parts of a change with a mean width
    (2 × area ÷ perimeter) below `sliver_width_m`.
    """

    step: str = ""
    steps: int | None = None
    gross_gained_km2: float | None = None
    gross_lost_km2: float | None = None
    turnover_km2: float | None = None
    sliver_width_m: float | None = None
    sliver_gained_km2: float | None = None
    sliver_lost_km2: float | None = None


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
class Meta:
    """What a result rests on; `meta` in JSON.

    `units` says what areas are written in (`km2` or `mi2`); rows hold km² all the same.
    """

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
    attribution: tuple[str, ...] = ()
    units: str = "km2"


@dataclass(frozen=True, slots=True)
class MapUsed:
    """A file of the map of a day, with the SHA-256 of its bytes."""

    date: dt.date | None
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SummaryMeta(Meta):
    """What a summary rests on; `baseline` is the day whose ground is not counted, `maps` the files by day."""

    every: str = ""
    same_span: bool = False
    baseline: dt.date | None = None
    step: str | None = None
    sliver_width_m: float | None = None
    maps: tuple[MapUsed, ...] = ()


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


MetaT = TypeVar("MetaT", Meta, SummaryMeta, RegionMeta)
RowT = TypeVar("RowT", DiffRow, ChangeRow, HeldRow, SeriesRow, SummaryRow, GrossRow, RegionRow)


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
