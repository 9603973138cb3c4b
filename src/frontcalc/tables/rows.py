"""Rows of changes over periods and in time, and what results rest on: maps, layers, regions and notices.

The fields of rows are the published columns, in order, with units in their names: they are only ever appended.
`outputs.numbers.DEFINITIONS` says what each means. Geometry is in longitude and latitude on WGS 84.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Any

import shapely

from frontcalc.notices import Notice
from frontcalc.read import SourceFile
from frontcalc.towns import ATTRIBUTION
from frontcalc.views import VIEWS, describe_view

LATER = {"later": True}
"""The metadata of fields that came after a class had heirs: as columns they stand behind those of the heirs."""


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
    """Change of one actor's territory in one period and region; figures are None where nothing could be measured."""

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
    """A change, how much of it lies in slivers or near a border, and what of the region's land is held at the close."""

    gained_sliver_km2: float | None = None
    lost_sliver_km2: float | None = None
    net_interpolated_km2: float | None = field(default=None, metadata=LATER)
    border_km2: float | None = field(default=None, metadata=LATER)
    region_km2: float | None = field(default=None, metadata=LATER)
    not_held_km2: float | None = field(default=None, metadata=LATER)
    flags: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """Where one actor gained or lost ground in one period and region; what of it is slivers has a row of its own."""

    period: str
    actor: str
    region: str
    kind: str
    km2: float
    opening: dt.date | None
    closing: dt.date | None
    sliver: bool
    geometry: shapely.MultiPolygon


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
    snapped_km2: float | None
    gained_sliver_km2: float | None = None
    lost_sliver_km2: float | None = None
    net_interpolated_km2: float | None = None
    flags: str = ""


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place that came under an actor's hold or out of it; `date` is that of the first map that shows it."""

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
    reached: dt.date | None = None
    half: dt.date | None = None
    whole: dt.date | None = None
    held_pct: float | None = None
    people: int | None = None
    radius_m: float | None = None


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
class TownNet:
    """The net change of the ground nearest to a town, in a period."""

    actor: str
    period: str
    town: str
    net_km2: float


@dataclass(frozen=True, slots=True)
class Snapping:
    """How ground beside regions was given to them: `method`, and how far into foreign land and into water (km)."""

    method: str
    border_km: float | None = None
    water_km: float | None = None


@dataclass(frozen=True, slots=True)
class MapUsed:
    """A file of the map of a day, with the SHA-256 of its bytes."""

    date: dt.date | None
    name: str
    sha256: str


class Brief:
    """What a result rests on, whose `repr` says how many things of each kind it has, and does not list them."""

    __slots__ = ()

    @property
    def credits(self) -> tuple[str, ...]:
        """The attribution, with that of the towns where texts name some, as those of faults of the map do."""
        own: Any = self
        named = getattr(own, "most_around", ()) or any(one.code in ("REDEFINITION", "AT-ONCE") for one in own.notices)
        return tuple(dict.fromkeys((*own.attribution, *([ATTRIBUTION] if named else []))))

    def __repr__(self) -> str:
        """Return the name of the class, the archive's or set's, and the length of what is listed."""
        own = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]
        counts = ", ".join(f"{len(some)} {name}" for name, some in own.items() if isinstance(some, tuple) and some)
        of = own.get("archive") or own.get("set") or own["file"].name
        return f"<{type(self).__name__} of {of}: {counts or 'nothing listed'}>"


@dataclass(frozen=True, slots=True, repr=False)
class Meta(Brief):
    """What a result rests on; `meta` in JSON.

    `sliver_width_m` is the mean width below which parts of a change are slivers, None where none were told apart.
    `advances` is False where all that counts is drawn in layers that are control and advances in one.
    `defaults` are the options that were not given but are set elsewhere, and where. `place_rule` says which places are
    listed where they are the embedded ones. `most_around` are the towns around which a total changed most in the
    direction of its net, the first first; empty where they were not asked for. `maps` are the files by the day that
    they stand for, `legends` those that explain their layers. `looked_at` are other maps that were read, on which no
    figure rests but a notice or a choice of maps may.
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
    snapping: Snapping | None = None
    regions_accuracy: str = ""
    places: tuple[PlaceRow, ...] | None = None
    region_source: str = ""
    region_licence: str = ""
    attribution: tuple[str, ...] = ()
    publisher: str = ""
    sliver_width_m: float | None = None
    drops_slivers: bool = False
    advances: bool = True
    defaults: tuple[tuple[str, str], ...] = ()
    place_rule: str = ""
    most_around: tuple[TownNet, ...] = ()
    maps: tuple[MapUsed, ...] = ()
    legends: tuple[SourceFile, ...] = ()
    looked_at: tuple[MapUsed, ...] = ()

    @property
    def view_words(self) -> str:
        """What counts as held, as heads say it, as in «assessed (control + advances)»."""
        if self.view == "assessed" and not self.advances:
            return "control (these maps have no advances)"
        return describe_view(VIEWS[self.view]) if self.view in VIEWS else self.view

    def noted_km2(self, code: str, periods: Collection[str]) -> list[float]:
        """Return the areas that the notices of a code and some periods are about (km²)."""
        return [one.km2 for one in self.notices if one.code == code and one.period in periods and one.km2 is not None]

    def towns_of(self, total: PeriodRow) -> list[TownNet]:
        """Return the towns around which a total changed most; none where faults of the map turn its sign."""
        net = total.net_km2 or 0.0
        faults = self.noted_km2("REDEFINITION", {total.period}) if len(self.actors) == 1 else []
        if net * (net - math.fsum(faults)) <= 0:
            return []
        return [one for one in self.most_around if (one.actor, one.period) == (total.actor, total.period)]
