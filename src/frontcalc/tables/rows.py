"""Rows of what is measured between and on maps, and of how far it can be relied on; units stand in the names.

Their fields are the published columns, in order: they are only ever appended.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import shapely


@dataclass(frozen=True, slots=True)
class _Between:
    archive: str
    actor: str
    period: str
    level: str
    region: str
    opening: dt.date | None
    closing: dt.date | None
    days: int | None
    view: str


@dataclass(frozen=True, slots=True)
class PeriodRow(_Between):
    """Change of one actor's territory in one period and region, as every table of periods begins.

    Figures are None where nothing could be measured; `snapped_km2` is how much of gained and lost together
    lies outside the region as drawn.
    """

    opening_km2: float | None
    closing_km2: float | None
    gained_km2: float | None
    lost_km2: float | None
    net_km2: float | None
    rate_km2_per_day: float | None
    notes: str
    snapped_km2: float | None


@dataclass(frozen=True, slots=True)
class DiffRow(PeriodRow):
    """A change, and how much of what was gained and lost lies in slivers."""

    gained_sliver_km2: float | None = None
    lost_sliver_km2: float | None = None


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

    `snapped_km2` is how much of gained and lost together lies outside the region as drawn; the last two
    columns are how much of either lies in slivers.
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
    gained_sliver_km2: float | None = None
    lost_sliver_km2: float | None = None


@dataclass(frozen=True, slots=True)
class SummaryRow(PeriodRow):
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
class SensitivityRow:
    """What one region's figures come to where one assumption is another; the first row of each is the base.

    Differences are to the base. `matters` names those of gained, lost and net that would be printed
    otherwise, separated by spaces. The last two rows are the least and the most of the rows in range.
    """

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
    """A change, and the least and the most that its figures come to under assumptions open to argument."""

    gained_min_km2: float | None = None
    gained_max_km2: float | None = None
    lost_min_km2: float | None = None
    lost_max_km2: float | None = None
    net_min_km2: float | None = None
    net_max_km2: float | None = None


@dataclass(frozen=True, slots=True)
class CompareRow(RangeRow):
    """A change as one archive has it, beside others: the range is over the archives that could be measured.

    `closing_only_km2` is held at the close on this archive's map and on none of the others, `closing_lacking_km2`
    on another's and not on this one's; both are None where fewer than two archives have a closing map.
    """

    closing_only_km2: float | None = None
    closing_lacking_km2: float | None = None


@dataclass(frozen=True, slots=True)
class DisagreementRow:
    """Ground that one archive shows as held at the close of a period and another does not, in one region.

    `geometry` is in longitude and latitude on WGS 84.
    """

    period: str
    actor: str
    region: str
    holder: str
    lacker: str
    km2: float
    holder_map: dt.date | None
    lacker_map: dt.date | None
    geometry: shapely.MultiPolygon
