"""One step from map to map as a value: what it needs, what it gives, and how it is kept and measured elsewhere.

A step's figures depend on its two maps, the regions and the method, and on nothing that was measured before. So they
are the same whoever measures them, and can be kept. What was held at the opening is carried from step to step by
whoever puts the steps together, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
import shapely

from frontcalc import change, geometry
from frontcalc.archives import SnapshotRef
from frontcalc.cache import Cache, key_of
from frontcalc.change import DRIFT_KM2, Floats, Held, Moved, close_of
from frontcalc.errors import FrontcalcError
from frontcalc.gross import Gross, gross_of
from frontcalc.progress import timed
from frontcalc.redefinitions import Geometries, large_parts
from frontcalc.regions import RegionSet
from frontcalc.slivers import SliverRule
from frontcalc.snapshots import Holding, Snapshot, SnapshotLayer, ground_of, holding, read_snapshot
from frontcalc.versions import method_version
from frontcalc.views import View

Grounds = Callable[[Holding], shapely.MultiPolygon]
_FLOATS = np.dtype("<f8")
_ARRAYS = 8  # areas and what of them is snapped: gained, lost, and the slivers of either


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one step from map to map gives.

    Parameters
    ----------
    moved : Moved
        What was gained and lost by region, and the slivers in it.
    before_km2, after_km2 : float
        Both maps' totals (km²).
    large : tuple of two arrays of Polygon
        The large parts of what was gained and of what was lost (metres): see `frontcalc.redefinitions`.
    """

    moved: Moved
    before_km2: float
    after_km2: float
    large: tuple[Geometries, Geometries]

    @property
    def gross(self) -> Gross:
        """What the step adds to gross figures."""
        return gross_of(self.moved, self.after_km2 - self.before_km2)


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """A step with what was held at either end; arrays (n + 2,) as in `change.Change`, without the ground."""

    opening: Held
    closing: Held
    moved: Moved
    large: tuple[Geometries, Geometries]

    @property
    def opening_km2(self) -> Floats:
        """What was held on the earlier map."""
        return self.opening.km2

    @property
    def closing_km2(self) -> Floats:
        """What was held on the later map."""
        return self.closing.km2

    @property
    def gained_km2(self) -> Floats:
        """What was gained."""
        return self.moved.gained.km2

    @property
    def lost_km2(self) -> Floats:
        """What was lost."""
        return self.moved.lost.km2

    @property
    def snapped_km2(self) -> Floats:
        """What of gained and lost together lies outside the region as drawn, and was snapped to it."""
        return self.moved.gained.snapped_km2 + self.moved.lost.snapped_km2

    @property
    def gained_sliver_km2(self) -> Floats:
        """What of gained lies in slivers."""
        return self.moved.gained_slivers.km2

    @property
    def lost_sliver_km2(self) -> Floats:
        """What of lost lies in slivers."""
        return self.moved.lost_slivers.km2

    @property
    def without_slivers(self) -> Movement:
        """The movement less its slivers: what was held on either map stays as it is."""
        gained, lost, thin_gained, thin_lost = self.moved
        nothing = Held(np.zeros_like(gained.km2), np.zeros_like(gained.km2))
        moved = Moved(_less(gained, thin_gained), _less(lost, thin_lost), nothing, nothing)
        return replace(self, moved=moved)


@dataclass(frozen=True, slots=True)
class Job:
    """How steps are measured: with their maps and regions, all that their figures depend on. It can be pickled.

    Parameters
    ----------
    actor : str
        Whose territory.
    view : View
        Which layers count.
    plane : str
        The equal-area CRS.
    engine : str
        One of `change.ENGINES`.
    regions : str
        The key of what takes ground, by `regions_key`; the regions themselves are large and go beside the job.
    cache : Cache
        Where maps and steps are kept.
    slivers : SliverRule
        What counts as a sliver.
    without : tuple of SnapshotLayer
        The layers whose ground does not count.
    """

    actor: str
    view: View
    plane: str
    engine: str
    regions: str
    cache: Cache
    slivers: SliverRule
    without: tuple[SnapshotLayer, ...] = ()

    def holding(self, snapshot: Snapshot) -> Holding:
        """Return what counts as held on a map."""
        return holding(snapshot, self.actor, self.view, self.plane, without=self.without)

    def key(self, before: Holding, after: Holding) -> str:
        """Return the key of the step between two maps."""
        return key_of((method_version(), self.engine, self.regions, repr(self.slivers), before.key, after.key))


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a chain of maps: what is on each that could be read, and the steps by their keys."""

    snapshots: tuple[Snapshot, ...]
    steps: dict[str, Step]


def regions_key(regions: RegionSet, country: str, snap: str) -> str:
    """Return the key of what takes ground of an actor of a country."""
    land_owner = regions.owner if regions.land_owner is None else regions.land_owner
    shapes = (b"".join(shapely.to_wkb(polygons)) for polygons in (regions.pieces, regions.land))
    owners = (owner.astype("<i8").tobytes() for owner in (regions.owner, land_owner))
    file = regions.source.sha256 if regions.source else ""
    names = (file, repr(regions.names), repr(regions.countries), country, snap)
    return key_of((method_version(), *names, *shapes, *owners))


def known_step(job: Job, before: Holding, after: Holding) -> Step | None:
    """Return a step that an earlier run has measured, None where none has."""
    content = job.cache.get("steps", job.key(before, after))
    return None if content is None else _step_of(content)


def measure_step(job: Job, before: Holding, after: Holding, ground: Grounds, regions: RegionSet) -> Step:
    """Return a step's figures, and keep them.

    Parameters
    ----------
    job : Job
        How to measure.
    before, after : Holding
        What is held on the two maps.
    ground : callable
        Returns the ground of either.
    regions : RegionSet
        Those that `job.regions` is the key of.

    Raises
    ------
    FrontcalcError
        The overlay contradicts itself.
    """
    opening, closing = ground(before), ground(after)
    with timed(f"compared {_day(before, 'opening')} with {_day(after, 'closing')}"):
        grounds = change.differences(opening, closing, engine=job.engine)
        gained, lost = change.areas_of(grounds, regions, engine=job.engine, slivers=job.slivers)
    step = Step(
        Moved(gained.figures, lost.figures, gained.slivers, lost.slivers),
        float(geometry.area_km2(opening)),
        float(geometry.area_km2(closing)),
        (large_parts(gained.parts), large_parts(lost.parts)),
    )
    keep_step(job, job.key(before, after), step)
    return step


def measure_chain(job: Job, refs: Sequence[SnapshotRef], regions: RegionSet) -> Measured:
    """Measure every step of a chain of maps: what a worker does, in a thread or in another process.

    Each map is read once, and two are in memory at a time. A map that cannot be read, and a step that contradicts
    itself, is left out: whoever needs it finds out and says so.

    Parameters
    ----------
    job : Job
        How to measure.
    refs : sequence of SnapshotRef
        Neighbouring maps, in their order.
    regions : RegionSet
        Those that `job.regions` is the key of.
    """
    ground = lru_cache(maxsize=2)(partial(ground_of, cache=job.cache))
    snapshots: list[Snapshot] = []
    steps: dict[str, Step] = {}
    before: Holding | None = None
    for ref in refs:
        try:
            snapshot = read_snapshot(ref, job.cache)
            snapshots.append(snapshot)
            after = job.holding(snapshot)
            if before is not None:
                step = known_step(job, before, after) or measure_step(job, before, after, ground, regions)
                steps[job.key(before, after)] = step
            before = after
        except FrontcalcError:
            before = None
    return Measured(tuple(snapshots), steps)


def move(step: Step, opening: Held | None, areas: Callable[[], Held]) -> Movement:
    """Return a step with what was held at either end.

    Parameters
    ----------
    step : Step
        What was measured between the maps.
    opening : Held or None
        What the step before came to, if there was one.
    areas : callable
        Measures the earlier map by itself: where nothing came before, or the total has drifted from the map's.

    Raises
    ------
    FrontcalcError
        Opening, gained and lost do not come to what the later map shows.
    """
    if opening is None or abs(step.before_km2 - opening.km2[-1]) > DRIFT_KM2:
        opening = areas()
    closing = close_of(opening, step.moved.gained, step.moved.lost, step.after_km2)
    return Movement(opening, closing, step.moved, step.large)


def kept_figures(
    cache: Cache, kind: str, key: str, make: Callable[[], Sequence[Floats]], *, arrays: int
) -> list[Floats]:
    """Return so many arrays of one length, kept under a key or made and kept now."""
    content = cache.kept(kind, key, lambda: np.concatenate(make()).astype(_FLOATS).tobytes())
    return np.split(np.frombuffer(content, _FLOATS), arrays)


def known_areas(job: Job, held: Holding, measure: Callable[[], Held]) -> Held:
    """Return the areas of what is held on a map, kept from an earlier run or measured now."""
    key = key_of((method_version(), job.engine, job.regions, held.key))
    return Held(*kept_figures(job.cache, "areas", key, measure, arrays=2))


def known_total(job: Job, held: Holding, ground: Grounds) -> float:
    """Return the area held on a map, kept from an earlier run or measured now (km²)."""
    key = key_of((method_version(), "total", held.key))
    (total,) = kept_figures(job.cache, "areas", key, lambda: [np.array([geometry.area_km2(ground(held))])], arrays=1)
    return float(total[0])


def keep_step(job: Job, key: str, step: Step) -> None:
    """Keep a step: its figures, each array as long as the others, and the large parts after them."""
    if job.cache.folder is None:
        return
    arrays = [array for held in step.moved for array in held]
    figures = np.concatenate([[len(arrays[0]), step.before_km2, step.after_km2], *arrays]).astype(_FLOATS)
    large = shapely.GeometryCollection([shapely.MultiPolygon(list(parts)) for parts in step.large])
    job.cache.put("steps", key, figures.tobytes() + shapely.to_wkb(large))


def _step_of(content: bytes) -> Step:
    """Return a step from the bytes that `keep_step` made of it."""
    rows, before_km2, after_km2 = np.frombuffer(content, _FLOATS, count=3).tolist()
    numbers = _ARRAYS * int(rows)
    arrays = np.split(np.frombuffer(content, _FLOATS, count=numbers, offset=3 * _FLOATS.itemsize), _ARRAYS)
    gained, lost = shapely.get_parts(shapely.from_wkb(content[(3 + numbers) * _FLOATS.itemsize :]))
    moved = Moved(*(Held(*arrays[nth : nth + 2]) for nth in range(0, _ARRAYS, 2)))
    return Step(moved, before_km2, after_km2, (shapely.get_parts(gained), shapely.get_parts(lost)))


def _less(whole: Held, part: Held) -> Held:
    """Return areas less some of them."""
    return Held(whole.km2 - part.km2, whole.snapped_km2 - part.snapped_km2)


def _day(held: Holding, otherwise: str) -> str:
    """Return the day of a map, as far as its layers tell."""
    return next((str(part.ref.day) for part in held.parts if part.ref.day), otherwise)
