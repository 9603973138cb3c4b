"""Rows of how far figures can be relied on: what moves with each assumption, and from publisher to publisher."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import shapely

from frontcalc.tables.basis import Meta
from frontcalc.tables.rows import DiffRow


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


@dataclass(frozen=True, slots=True)
class CompareMeta(Meta):
    """What a comparison rests on; `archives` has what each archive's own figures rest on."""

    archives: tuple[Meta, ...] = ()
