"""One run over an archive: it opens the maps, measures between them, and notes what was used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import archives, change, geometry, regions, snapshots
from frontcalc.archives import Archive, Dating, SnapshotRef
from frontcalc.change import OPENING, Change, Floats
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.layers import ADJECTIVES, COUNTRIES, Role, find_layer, spelling
from frontcalc.levels import Lines, town_lines
from frontcalc.notices import Notice
from frontcalc.periods import Period
from frontcalc.progress import track
from frontcalc.regions import RegionSet, bands_of, boxes_in_degrees, embedded_covers, read_regions, regions_key
from frontcalc.regions.town_cells import split_by_towns
from frontcalc.run.chain import (
    FLOATS,
    ground_of,
    kept_snapshot,
    measure_chain,
    moved_between,
    run_cache,
    step_from_bytes,
    step_key,
    step_to_bytes,
)
from frontcalc.run.options import Options
from frontcalc.run.parallel import changes_by_workers, in_order, measured_ahead
from frontcalc.run.region_choice import choose_regions
from frontcalc.slivers import SliverRule
from frontcalc.snapshots import Holding, Snapshot, SnapshotLayer, Tells, passing_over
from frontcalc.states import INVASION, Span, State, States
from frontcalc.towns import Towns
from frontcalc.views import View, choose_view


class Run:
    """One run over an archive: how it is measured, and what was used of it."""

    regions: RegionSet  # what figures are split by: from `begin` on
    chosen: RegionSet  # the same, also where `split_by_towns` then split figures more finely
    lines: Lines  # the rows that are shown: from `begin` on
    _home: shapely.STRtree  # of boxes around the regions (degrees)
    changes, ahead = changes_by_workers, measured_ahead  # methods: whoever has a run need not know of workers

    def __init__(self, archive: Archive, options: Options) -> None:
        self.archive, self.options = archive, options
        # An archive all of whose files are bad has no maps, and may still be checked.
        own = {name: layer for ref in archive.refs[:1] for name, layer in ref.legend.layers}
        self.view = choose_view(options.view or archive.view, own=own)
        self.cache = run_cache(options.cache)
        self.slivers: SliverRule = float(options.sliver_width), options.crs
        self.beside: tuple[Run, ...] = ()  # runs that are compared, this one among them, with the same regions
        self.actors: tuple[str, ...] = ()  # whose territory is measured: from `begin` on
        self.baseline: date | SnapshotRef | None = None  # the day, or the map, whose ground counts nowhere
        self.notices: list[Notice] = []  # of the archive and the regions
        self.spans: list[Span] = []  # the periods measured since the last table
        self.figure_notices: list[Notice] = []  # beside the figures of these periods
        # The maps that figures rest on, what counts as held on them, and of each actor the baseline's.
        self.used: dict[tuple[SnapshotRef, tuple[SnapshotLayer, ...]], Snapshot] = {}
        self.held: dict[str, Holding] = {}
        self.looked_at: dict[SnapshotRef, None] = {}  # every map that was read, whether a figure rests on it or not
        self.baselines: dict[str, State] = {}
        self.tells: Tells = {}
        self._noted: dict[tuple[Snapshot, str, tuple[SnapshotLayer, ...]], Holding] = {}
        self._placed: set[SnapshotRef] = set()  # maps that lie where they should
        self._first: tuple[str, shapely.STRtree] | None = None  # the name and the box of the first map
        self._making: dict[str, Lock] = {}
        self._partitions: dict[str, RegionSet] = {}
        # Regions of an actor's own country get none of its ground, unless liberated land counts.
        by_name = [layer.role for name in self.view.layers if (layer := find_layer(name))]
        self._liberated = Role.COUNTEROFFENSIVE in (*self.view.roles, *by_name)
        # The actor asked for is spelt as in the table; a layer named by itself implies its actor.
        explained = {spelling(item): layer for item, layer in own.items()}
        named = (explained.get(spelling(item)) or find_layer(item) for item in self.view.layers)
        owners = sorted({layer.actor for layer in named if layer})
        if len(owners) > 1 and not options.actor:
            raise UsageError(f"the layers are of {' and '.join(owners)}", cure="say whose with --actor")
        actor = options.actor or ""
        spelt = (known for known in ADJECTIVES if known.casefold() == actor.casefold())
        self.actor = next(spelt, actor) or next(iter(owners), None)
        # Neighbouring periods and steps share maps, and a fault looks at several: the last few stay in memory.
        self._grounds = lru_cache(max(12, 2 * options.threads))(partial(ground_of, cache=self.cache))

    @classmethod
    def open(cls, archive: str | Path | Archive | None, options: Options) -> Run:
        """Open an archive as the options say, its files as they are now; None is the bundled sample.

        UsageError says that an option is wrong, or that an archive which is open would have to be opened otherwise.
        """
        snapshots.forget_read()
        if archive is None:
            if options.date_from or options.legend:
                problem = "is for an archive of your own"
                raise UsageError(problem, where="--legend or --date-from", cure="name it with --archive")
            opened = archives.open_archive(None)
        elif isinstance(archive, Archive):
            if options.date_from or options.legend:
                problem = "is open already: its maps are dated, its layers named"
                raise UsageError(problem, where=archive.name, cure="give dating= or legend= to open_archive")
            opened = archive.skipping_bad() if options.skip_bad else archive
        else:
            dating = Dating(options.date_from)
            opened = archives.open_archive(archive, dating=dating, skip_bad=options.skip_bad, legend=options.legend)
        return cls(opened.opened_by(options.opening) if options.opening else opened, options)

    def snapshot(self, ref: SnapshotRef) -> Snapshot:
        """Return what is on a map, and note that it was looked at; errors are as of `kept_snapshot`."""
        self.looked_at[ref] = None
        return kept_snapshot(ref, self.cache)

    def begin(self, days: Sequence[date], near: date | None) -> tuple[str, ...]:
        """Choose the regions, unless that is done, and return whose territory is measured.

        It is the actor asked for, else the main one of the maps of `days`, or all of them: of each day of the latest
        readable map on or before it, else of the archive's first, in the order of `ADJECTIVES`. `near` is a day whose
        map will be read anyway. UsageError is raised if an option is wrong, or no layer counts, NoDataError if none can
        be read.
        """
        if not hasattr(self, "regions"):
            self.choose_regions(near)
        if self.actor and self.actor.casefold() != "all":
            self.actors = (self.actor,)
            return self.actors
        bad, layers = list[DataError](), list[SnapshotLayer]()
        for day in sorted(set(days)):
            for ref in (*self.archive.upto(day), self.archive.refs[0]):
                with passing_over(bad, skip_bad=self.options.skip_bad):
                    layers += self.snapshot(ref).layers
                    break
        if bad and not layers:
            unread = f"no map that could answer can be read: {bad[0]}"
            raise NoDataError(unread, where=self.archive.name, cure="mend the maps, or ask for other days")
        order = dict(zip(ADJECTIVES, range(len(ADJECTIVES)), strict=True))
        counted = {part.layer.actor for part in layers if self.view.counts(part.name, part.layer)}
        actors = tuple(sorted(counted, key=lambda actor: (order.get(actor, len(order)), actor)))
        if not actors:
            problem = f"no layer of these maps counts in view {self.view.name}"
            raise UsageError(problem, where=self.archive.name, cure="choose another --view")
        self.actors = actors if self.actor else actors[:1]
        return self.actors

    def choose_regions(self, near: date | None) -> None:
        """Choose the regions of the place that the map of a day shows, else the archive's first or last."""
        options, place, first = self.options, np.empty(0, dtype=object), self.archive.refs[0]
        earlier = self.archive.upto(near) if near else ()
        for ref in (*earlier, self.archive.refs[0], self.archive.refs[-1]):
            with passing_over(skip_bad=options.skip_bad):
                place, first = self.snapshot(ref).place, ref
                break
        read = partial(read_regions, target_crs=options.crs, cache=self.cache)
        countries = partial(self._countries, first)
        self.regions, self.lines = choose_regions(options, place, self.actor, read, countries)
        self.chosen = self.regions
        self.notices = [*self.archive.notices, *self.regions.notices]
        # Without regions the CRS is not looked at here: whether it is one is found out where areas are measured.
        pieces = self.regions.pieces
        self._home = shapely.STRtree(boxes_in_degrees(self.regions, options.crs) if len(pieces) else pieces)

    def _countries(self, near: SnapshotRef) -> tuple[str, ...]:
        """Return the codes of the countries that a map shows, or the first or the last map of its archive.

        Ground that other maps alone show in another country is in no region. The archives of runs beside it count too.
        """
        maps, boxes = [], [np.empty(0, dtype=object)]
        ends = [(run, ref) for run in self.beside or (self,) for ref in (run.archive.refs[0], run.archive.refs[-1])]
        # Archives that are compared have the same countries, whichever maps are near.
        for run, ref in dict.fromkeys(ends if self.beside else ((self, near), *ends)):
            # What cannot be read says so where a figure rests on it.
            with passing_over():
                shown = run.snapshot(ref)
                drawn = [Holding((part,), self.options.crs) for part in shown.layers if not part.empty]
                maps.append(geometry.polygonal([self.ground(one) for one in drawn]))
                boxes.append(shown.place)
        return regions.countries_under(np.concatenate(boxes), maps, self.options.crs)

    def resolved(self, periods: Sequence[Period]) -> Iterator[Span]:
        """Yield each actor's periods with the maps that stand for their ends, read as they come."""
        days = self.archive.days
        ends = [day for period in periods for day in (period.opens_on or days[0], period.closes_on or days[-1])]
        actors = self.begin(ends, ends[-1])
        wanted = [(actor, period) for actor in actors for period in periods]
        return (self.states(actor).resolve(period) for actor, period in track(wanted, "measuring period"))

    def states(self, actor: str) -> States:
        """Return which maps stand for days and periods, for an actor."""
        options = self.options
        return States(self.archive, actor, self.view, options.carry_layers, options.skip_bad, self.snapshot)

    def holding(self, snapshot: Snapshot, actor: str, *, noted: bool = True) -> Holding:
        """Return what counts as held on a map, without the baseline's ground; noted where a figure rests on it.

        DataError says that a property tells the polygons of the maps used apart whose values nobody has explained, or
        that the map lies elsewhere than the others, and with them if x and y are exchanged.
        """
        without = self._without(actor) if self.baseline else ()
        if noted and (known := self._noted.get((snapshot, actor, without))):
            return known
        held = snapshots.holding(snapshot, actor, self.view, self.options.crs, without=without)
        if noted:
            if snapshot.tells:
                snapshots.note_tells(self.tells, snapshot.tells, snapshot.ref)
            if self.tells:
                snapshots.refuse_firm(self.tells, self.archive)
            self._check_place(snapshot)
            self.used.setdefault((snapshot.ref, snapshot.layers), snapshot)
            self.held[held.key] = self._noted[snapshot, actor, without] = held
        return held

    def partition_for(self, actor: str) -> RegionSet:
        """Return the regions as they stand for an actor; of several threads one makes them and the others wait."""
        country, options = "" if self._liberated else COUNTRIES.get(actor, actor), self.options
        with self._making.setdefault("partition", Lock()):
            if country not in self._partitions:
                own, plane, at_once = self.regions, options.crs, partial(in_order, options.threads)
                partition = regions.partition_for(
                    own, country, snap=options.snap, plane=plane, cache=self.cache, at_once=at_once
                )
                bands = bands_of(own, plane, self.cache, eligible=partition.owner)
                # What is snapped is not drawn.
                drawn = slice(None) if partition.snapped is None else ~partition.snapped
                areas = geometry.area_km2(partition.pieces[drawn])
                land_km2 = np.bincount(partition.owner[drawn], areas, minlength=len(own.names)).astype(np.float64)
                self._partitions[country] = replace(partition, bands=bands, land_km2=land_km2)
            return self._partitions[country]

    def split_by_towns(self, towns: Towns, people: int) -> NDArray[np.intp]:
        """Split figures among the nearest towns of at least so many people, in place of the regions chosen.

        Returned is the region, of those chosen before, of each part that figures are split by then.
        """
        if people < 1:
            raise UsageError("must be one at least", where=f"--towns {people}", cure="give a whole number")
        own, options = self.regions, self.options
        if not own.names:
            return np.empty(0, dtype=np.intp)
        for actor in self.actors:
            self.partition_for(actor)
        standing = {regions_key(own, name, options.snap): one for name, one in self._partitions.items()}
        sets = {regions_key(own, "", "drawn"): own, **standing}
        kept = partial(self.cache.kept, "zones")
        (drawn, *cut), pairs, home = split_by_towns(sets, towns, people, plane=options.crs, kept=kept)
        self._partitions = dict(zip(self._partitions, cut, strict=True))
        self.regions, self.lines = drawn, town_lines(self.lines, drawn, pairs, home)
        return pairs[:, 0]

    def ground(self, held: Holding) -> shapely.MultiPolygon:
        """Return the ground of a holding; of several threads that want it one makes it and the others wait."""
        with self._making.setdefault(held.key, Lock()):
            return self._grounds(held)

    def areas(self, snapshot: Snapshot, actor: str) -> Floats:
        """Return the areas held on a map, (2, n + 2) as `change.areas`."""
        held = self.holding(snapshot, actor)
        name = f"{self.key(actor)} {held.key}"
        content = self.cache.get("areas", name)
        if content is None:
            content = change.areas(self.ground(held), self.partition_for(actor)).astype(FLOATS).tobytes()
            self.cache.put(("areas", name, content))
        return np.frombuffer(content, FLOATS).reshape(2, -1)

    def step(self, before: State, after: State, actor: str, *, ground: bool = False) -> Change:
        """Return what was gained and lost from map to map, kept from an earlier run or measured now.

        What is held at either end is known in total alone, until `Change.opened`. With `ground` the polygons come with
        it, which are not kept. Errors are as of `change.steps`.
        """
        ends = self.holding(before.snapshot, actor), self.holding(after.snapshot, actor)
        name = step_key(self.key(actor), self.slivers, *ends)
        if not ground and (content := self.cache.get("steps", name)) is not None:
            return step_from_bytes(content)
        try:
            moved = moved_between(*ends, self.ground)
            (step,) = change.steps([moved], self.partition_for(actor), slivers=self.slivers)
        except DataError as error:
            both = dict.fromkeys(part.file for held in ends for part in held.parts[:1])
            error.where = error.where or " and ".join(both)
            raise
        self.cache.put(("steps", name, step_to_bytes(step)))
        return step

    def change(self, span: Span, *, ground: bool = False, opening: Floats | None = None) -> Change | None:
        """Return the change between a span's two maps, None where it has not two.

        `opening` is what was held at the opening by the step before, if any.
        """
        if span.ends is None:
            return None
        step = self.step(*span.ends, span.actor, ground=ground)
        if opening is None or abs(step.km2[OPENING, 0, -1] - opening[0, -1]) > change.DRIFT_KM2:
            opening = self.areas(span.ends[0].snapshot, span.actor)
        return step.opened(opening)

    def chain(self, actor: str) -> partial[Any]:
        """Return what measures chains of maps for an actor with the regions: see `measure_chain`."""
        hold = partial(
            snapshots.holding, actor=actor, view=self.view, plane=self.options.crs, without=self._without(actor)
        )
        cache = replace(self.cache, memory=None)
        return partial(measure_chain, hold=hold, key=self.key(actor), slivers=self.slivers, cache=cache)

    def roles(self, state: State, actor: str, view: View | None = None) -> dict[Role, shapely.MultiPolygon]:
        """Return what an actor holds on a map by role, for the roles that a view counts: the run's own, or another."""
        counted = snapshots.holding(state.snapshot, actor, view or self.view, self.options.crs).parts
        by_role = {role: tuple(part for part in counted if part.layer.role == role) for role in Role}
        return {role: self.ground(Holding(parts, self.options.crs)) for role, parts in by_role.items() if parts}

    def shown(self, changed: Change) -> Change:
        """Return what is shown of a change: all of it, or without its slivers."""
        return changed.without_slivers if self.options.drop_slivers else changed

    def key(self, actor: str) -> str:
        """Return the key of the regions as they stand for an actor."""
        return regions_key(self.regions, "" if self._liberated else COUNTRIES.get(actor, actor), self.options.snap)

    def _without(self, actor: str) -> tuple[SnapshotLayer, ...]:
        """Return the layers that counted on the baseline; an archive that starts later cannot tell."""
        if self.baseline is None:
            return ()
        snapshot = self.baseline_of(actor).snapshot
        return snapshots.holding(snapshot, actor, self.view, self.options.crs).parts

    def baseline_of(self, actor: str) -> State:
        """Return the state of the baseline; on the eve of the invasion, that of the day after where none is known."""
        day, states = self.baseline, self.states(actor)
        assert day is not None
        if actor not in self.baselines:
            if isinstance(day, SnapshotRef):
                state: State | None = states.opened_by(day, date.min)  # of whatever day it is
            else:
                state = states.on(day) or states.before_invasion(self.snapshot(self.archive.refs[0]), day)
                if state is None and day == INVASION - timedelta(days=1):
                    state = states.on(INVASION)
            if state is None:
                problem = f"has no map on or before {day}, so what was held then is not known"
                cure = f"its maps are of {self.archive.extent}"
                raise NoDataError(problem, where=self.archive.name, cure=cure)
            self._check_place(state.snapshot)
            self.baselines[actor] = state
        return self.baselines[actor]

    def _check_place(self, snapshot: Snapshot) -> None:
        """Refuse a map that lies in the regions, or where the run's first map does, only with x and y exchanged."""
        box, name = snapshot.box, snapshot.ref.names[0]
        if box is None or snapshot.ref in self._placed:
            return
        if snapshots.is_exchanged(box, self._home):
            if self.regions.source and embedded_covers(np.array([shapely.box(*box)], dtype=object)):
                # The map is in place, so the regions are not.
                west, south, east, north = map(float, shapely.total_bounds(self._home.geometries))
                raise snapshots.latitude_first((west, south, east, north), where=self.regions.source.name, beside=name)
            raise snapshots.latitude_first(box, where=name)
        self._first = self._first or (name, shapely.STRtree([shapely.box(*box)]))
        if snapshots.is_exchanged(box, self._first[1]):
            raise snapshots.latitude_first(box, where=name, beside=self._first[0])
        self._placed.add(snapshot.ref)
