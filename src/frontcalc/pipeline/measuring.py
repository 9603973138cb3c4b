"""One run of measurements, and a note of the files and layers that it used."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from typing import NamedTuple, TypeVar

import shapely

from frontcalc import change, geometry, snapshots, transitions
from frontcalc.archives import Archive, SnapshotRef
from frontcalc.cache import NOTHING_KEPT, Cache
from frontcalc.change import Change, Floats, Held
from frontcalc.errors import NoDataError, UsageError
from frontcalc.layers import COUNTRIES, UNNAMED, Role, find_layer
from frontcalc.levels import Line, Lines
from frontcalc.notices import Notice
from frontcalc.pipeline.sharing import Shared
from frontcalc.pipeline.stepping import known_areas, known_step, known_total, measure_step
from frontcalc.pipeline.steps import Job, MeasuredChain, Movement, Step, move, regions_key
from frontcalc.progress import timed
from frontcalc.regions import RegionSet, boxes_in_degrees, takers
from frontcalc.slivers import SliverRule
from frontcalc.snapshots import (
    Box,
    Holding,
    Snapshot,
    SnapshotLayer,
    Tells,
    ground_of,
    home_of_this_war,
    is_exchanged,
    latitude_first,
)
from frontcalc.sources import SourceFile
from frontcalc.states import Span, State, Wanted, absence, actors_on, state_on
from frontcalc.tables import TOTAL, LayerShare
from frontcalc.transitions import Transitions
from frontcalc.views import View

ChangeT = TypeVar("ChangeT", Change, Movement)


class Figures(NamedTuple):
    """The figures of one row; None where nothing could be measured."""

    opening_km2: float | None = None
    closing_km2: float | None = None
    gained_km2: float | None = None
    lost_km2: float | None = None
    net_km2: float | None = None
    rate_km2_per_day: float | None = None
    snapped_km2: float | None = None
    gained_sliver_km2: float | None = None
    lost_sliver_km2: float | None = None


@dataclass
class Measuring:
    """One run: what is measured and how, and a record of what was used for it."""

    archive: Archive
    view: View
    regions: RegionSet
    lines: Lines
    crs: str
    carry_days: int
    skip_bad: bool
    actor: str | None
    snap: str
    workers: int
    slivers: SliverRule
    drop_slivers: bool
    notices: list[Notice]
    cluster: str | None = None
    processes: bool = False
    cache: Cache = NOTHING_KEPT
    job: Callable[[str], Job] = field(init=False)
    _ground_of: Callable[[Holding], shapely.MultiPolygon] = field(init=False)
    _taking: Callable[[str], RegionSet] = field(init=False)
    _ahead: dict[str, Step] = field(default_factory=dict)
    files: dict[str, SourceFile] = field(default_factory=dict)
    counted: dict[str, set[str]] = field(default_factory=dict)
    drawn: set[str] = field(default_factory=set)
    differing: dict[str, date] = field(default_factory=dict)
    maps: dict[date | None, tuple[SourceFile, ...]] = field(default_factory=dict)
    baseline: date | None = None
    tells: Tells = field(default_factory=Tells)
    unnamed: bool = False
    divided: set[str] = field(default_factory=set)
    _boxes: dict[SnapshotRef, Box] = field(default_factory=dict)
    _held: dict[str, Holding] = field(default_factory=dict)
    _gaps_km2: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Neighbouring periods and steps share maps, and a suspicion looks at several: the last few stay in memory.
        self._ground_of = Shared(partial(ground_of, cache=self.cache), max(12, 2 * self.workers))
        self._taking = Shared(self._takers)
        self.job = Shared(self._job)

    def holding(self, snapshot: Snapshot, actor: str) -> Holding:
        """Return what counts as held on a map, and note the files and layers used.

        Raises
        ------
        DataError
            A property tells the polygons of the maps used apart, and nobody has said what its values mean; the map
            lies elsewhere than the others, and with them if x and y are exchanged.
        """
        self.tells.add(snapshot.tells, snapshot.ref)
        self.tells.refuse(self.archive)
        self._check_place(snapshot)
        self.maps[snapshot.ref.day] = snapshot.files
        self.files.update((file.name, file) for file in snapshot.files)
        for part in snapshot.layers:
            self.drawn.add(part.name)
            if self.view.counts(part.name, part.layer):
                self.counted.setdefault(part.layer.actor, set()).add(part.name)
                self.unnamed |= not part.layer.legend
                if not part.layer.whole:
                    self.divided.add(part.layer.actor)
        self.differing.update((file.name, day) for file in snapshot.files for day in snapshot.stated_days)
        held = self.job(actor).holding(snapshot)
        self._held[held.key] = held
        return held

    def repairs(self) -> list[Notice]:
        """Return a notice for each layer that figures rest on and that two ways of repair make different ground of."""
        said = []
        for key, held in self._held.items():
            gaps = self._gaps_km2.get(key)
            if gaps is None:
                gaps = snapshots.repair_gaps_km2(held, self.cache)
            said += [
                Notice(
                    "REPAIRS-DIFFER",
                    f"{part.file}: two ways of repairing {part.name or 'its polygons'} differ by {gap:,.1f} km²; "
                    "ground that is drawn twice counts as held",
                )
                for part, gap in zip(held.parts, gaps, strict=True)
                if gap
            ]
        return said

    def _check_place(self, snapshot: Snapshot) -> None:
        """Refuse a map that lies in the regions, or where the run's first map does, only with x and y exchanged."""
        box, name = snapshot.box, snapshot.ref.names[0]
        if box is None or snapshot.ref in self._boxes:
            return
        if is_exchanged(box, self._home):
            if self.regions.source and len(home_of_this_war().query(shapely.box(*box), predicate="intersects")):
                # The map is in place, so the regions are not.
                west, south, east, north = map(float, shapely.total_bounds(self._home.geometries))
                raise latitude_first((west, south, east, north), where=self.regions.source.name, beside=name)
            raise latitude_first(box, where=name)
        first, where = next(iter(self._boxes.items()), (snapshot.ref, box))
        if is_exchanged(box, shapely.STRtree([shapely.box(*where)])):
            raise latitude_first(box, where=name, beside=first.names[0])
        self._boxes[snapshot.ref] = box

    @cached_property
    def _home(self) -> shapely.STRtree:
        """The regions (degrees)."""
        return shapely.STRtree(boxes_in_degrees(self.regions, self.crs))

    def ground(self, snapshot: Snapshot, actor: str) -> shapely.MultiPolygon:
        """Return what an actor holds on a map, without what was held on the baseline."""
        return self._ground_of(self.holding(snapshot, actor))

    def look(self, snapshot: Snapshot, actor: str) -> shapely.MultiPolygon:
        """Return what an actor holds on a map that no figure rests on, which is not noted as used."""
        return self._ground_of(self.job(actor).holding(snapshot))

    def held_km2(self, snapshot: Snapshot, actor: str) -> float:
        """Return the area that an actor holds on a map that no figure rests on (km²)."""
        job = self.job(actor)
        return known_total(job, job.holding(snapshot), self._ground_of)

    def areas(self, snapshot: Snapshot, actor: str) -> Held:
        """Return the areas of what an actor holds on a map, as rows sum them."""
        held, regions = self.holding(snapshot, actor), self.takers(actor)
        return known_areas(self.job(actor), held, lambda: change.areas(self._ground_of(held), regions).figures)

    def move(self, before: Snapshot, after: Snapshot, actor: str, opening: Held | None) -> Movement:
        """Return what was gained and lost from map to map; `opening` is what the step before came to, if any."""
        return move(self.step(before, after, actor), opening, lambda: self.areas(before, actor))

    def step(self, before: Snapshot, after: Snapshot, actor: str) -> Step:
        """Return what was gained and lost from map to map, whatever was held before."""
        job, ends = self.job(actor), (self.holding(before, actor), self.holding(after, actor))
        step = self._ahead.pop(job.key(*ends), None) or known_step(job, *ends)
        return step or measure_step(job, *ends, self._ground_of, self.takers(actor))

    def take(self, measured: MeasuredChain) -> None:
        """Take note of what was measured ahead by a worker."""
        self._ahead |= measured.steps
        self._gaps_km2 |= measured.gaps_km2

    def _job(self, actor: str) -> Job:
        """Return how an actor's steps are measured."""
        without = self._on_baseline(actor) if self.baseline else ()
        country = self._country(actor)
        regions = regions_key(self.regions, country, self.snap)
        return Job(actor, self.view, self.crs, regions, self.cache, self.slivers, without)

    def _on_baseline(self, actor: str) -> tuple[SnapshotLayer, ...]:
        """Return the layers that counted on the baseline; an archive that starts later cannot tell."""
        assert self.baseline is not None
        state = state_on(self.archive, self.baseline, self.wanted(actor))
        if state is None:
            raise NoDataError(
                f"has no map on or before {self.baseline}, so what was held then is not known",
                where=self.archive.name,
                cure=f"its maps are of {self.archive.extent}",
            )
        self._check_place(state.snapshot)
        self.maps[state.snapshot.ref.day] = state.snapshot.files
        return snapshots.holding(state.snapshot, actor, self.view, self.crs).parts

    def _country(self, actor: str) -> str:
        """Return whose regions take nothing of an actor: those of its own country, unless liberated land counts."""
        roles = {*self.view.roles, *(layer.role for name in self.view.layers if (layer := find_layer(name)))}
        return "" if Role.COUNTEROFFENSIVE in roles else COUNTRIES.get(actor, actor)

    def takers(self, actor: str) -> RegionSet:
        """Return the regions as they stand for an actor."""
        return self._taking(actor)

    def _takers(self, actor: str) -> RegionSet:
        """Find the regions as they stand for an actor."""
        return takers(self.regions, self._country(actor), snap=self.snap, plane=self.crs, cache=self.cache)

    def actors(self, days: Iterable[date]) -> tuple[str, ...]:
        """Return whose territory is measured: the actor asked for, else the main one, else all."""
        if self.actor and self.actor.casefold() != "all":
            return (self.actor,)
        found = actors_on(self.archive, sorted(set(days)), self.view, skip_bad=self.skip_bad, cache=self.cache)
        if not found:
            raise UsageError(
                f"no layer of these maps counts in view {self.view.name}",
                where=self.archive.name,
                cure="choose another --view",
            )
        return found if self.actor else found[:1]

    def wanted(self, actor: str) -> Wanted:
        """Return the rules by which a map counts as complete for an actor."""
        return Wanted(actor, self.view, self.carry_days, self.skip_bad, self.cache)

    def rows(self) -> tuple[Line, ...]:
        """Return the rows of one period or date, each with the figures it sums."""
        return self.lines.shown

    def change(self, span: Span, actor: str, *, threads: int = 1) -> Change | None:
        """Return the change between a span's two maps, None where it has not two; see `change.step`."""
        if span.opening is None or span.closing is None or not span.measurable:
            return None
        before, after = (self.ground(state.snapshot, actor) for state in (span.opening, span.closing))
        with timed(f"compared {span.opening.day or 'opening'} with {span.closing.day or 'closing'}"):
            return change.step(before, after, self.takers(actor), slivers=self.slivers, threads=threads)

    def shown(self, changed: ChangeT) -> ChangeT:
        """Return what is shown of a change: all of it, or without its slivers, as asked."""
        return changed.without_slivers if self.drop_slivers else changed

    def polygons(self, changed: Change) -> Iterator[tuple[str, str, float, shapely.MultiPolygon]]:
        """Yield where a change is: kind, region of the finest level shown, its figure (km²), and ground in metres."""
        level = self.lines.levels[-1] if self.lines.levels else TOTAL
        shown = self.shown(changed)
        for kind, areas in (("gained", shown.gained), ("lost", shown.lost)):
            grounds = areas.by_region()
            for line in self.rows():
                if line.level == level and not (ground := line.ground_of(grounds)).is_empty:
                    yield kind, line.region, line.sum_of(areas.km2), ground

    def figures(self, measured: Change | Movement | None, days: int | None) -> Iterator[tuple[Line, Figures]]:
        """Yield each row with its figures of a change, all None where nothing was measured."""
        if measured is None:
            yield from ((line, Figures()) for line in self.rows())
            return
        shown = measured.without_slivers if self.drop_slivers else measured
        of_shown = (shown.gained_km2, shown.lost_km2, shown.snapped_km2)
        whole = (measured.opening_km2, measured.closing_km2, measured.gained_sliver_km2, measured.lost_sliver_km2)
        arrays = [array.tolist() for array in (*of_shown, *whole)]
        for line in self.rows():
            gained, lost, snapped, opening, closing, thin_gained, thin_lost = map(line.sum_of, arrays)
            net = gained - lost
            yield (
                line,
                Figures(
                    opening_km2=opening,
                    closing_km2=closing,
                    gained_km2=gained,
                    lost_km2=lost,
                    net_km2=net,
                    rate_km2_per_day=net / days if days else None,
                    snapped_km2=snapped,
                    gained_sliver_km2=thin_gained,
                    lost_sliver_km2=thin_lost,
                ),
            )

    def left_out(self, actor: str, period: str = "", **elsewhere_km2: float) -> list[Notice]:
        """Return a notice of what an actor has elsewhere, as in `gained=12.5`, where only some rows are shown."""
        if not self.lines.left_out:
            return []
        subject = "" if actor == UNNAMED else f"{actor} "
        verbs = " and ".join(f"{verb} {area:,.1f} km²" for verb, area in elsewhere_km2.items())
        rest = f"; elsewhere {subject}{verbs}" if verbs else ""
        return [Notice("ONLY", f"the total is of the rows shown{rest}", period)]

    def dropped(self, slivers: Sequence[tuple[Floats, Floats]], period: str = "") -> list[Notice]:
        """Return a notice of slivers gained and lost, (n + 2,) each, which are left out where that was asked for."""
        if not (self.drop_slivers and slivers):
            return []
        total = self.rows()[-1]
        gained, lost = (math.fsum(map(total.sum_of, areas)) for areas in zip(*slivers, strict=True))
        what = (
            f"parts narrower than {self.slivers.width_m:g} m are left out: gained {gained:,.1f}, lost {lost:,.1f} km²;"
            " areas held are as the maps draw them, so that their difference is not net"
        )
        return [Notice("SLIVERS-DROPPED", what, period)]

    def transitions(self, span: Span, actor: str) -> Transitions | None:
        """Return what turned from role to role between a span's two maps, None where it has not two."""
        if span.opening is None or span.closing is None or not span.measurable:
            return None
        opening, closing = span.opening.snapshot, span.closing.snapshot
        return transitions.between(
            snapshots.role_geometry(opening, actor, self.view, self.crs, self.cache),
            snapshots.role_geometry(closing, actor, self.view, self.crs, self.cache),
            self.ground(opening, actor),
            self.ground(closing, actor),
            self.takers(actor),
        )

    def layer_share(self, state: State, actor: str) -> LayerShare:
        """Return what each role covers on a map and how much they overlap."""
        roles = snapshots.role_geometry(state.snapshot, actor, self.view, self.crs, self.cache)
        areas = tuple((role.value, float(geometry.area_km2(ground))) for role, ground in roles.items())
        union = geometry.area_km2(self.ground(state.snapshot, actor))
        return LayerShare(actor, state.day, areas, max(0.0, sum(km2 for _, km2 in areas) - float(union)))


def remarks(state: State | None, maps: Archive, day: date, wanted: Wanted) -> list[Notice]:
    """Return what is to be said of the map that stands for a date."""
    first, last = maps.refs[0].day, maps.refs[-1].day
    if state is None:
        ended = [notice for notice in absence(maps, day, wanted) if notice.code == "ENDED"]
        return ended or [Notice("NO-MAP", f"the archive's first map is of {first}", str(day))]
    late = [Notice("CLOSES-EARLY", f"the archive's last map is of {last}", str(day))]
    said = [Notice(notice.code, notice.message, str(day)) for notice in state.notices]
    return said + (late if last is not None and day > last else [])
