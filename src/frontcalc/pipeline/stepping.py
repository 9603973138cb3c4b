"""Measuring steps: what a worker does, in a thread or in another process, and what is kept of it for later runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
import shapely

from frontcalc import change, geometry
from frontcalc.archives import SnapshotRef
from frontcalc.cache import Cache, gathered, key_of
from frontcalc.change import Floats, Held, Moved
from frontcalc.errors import FrontcalcError
from frontcalc.pipeline.steps import Job, MeasuredChain, Step
from frontcalc.progress import timed
from frontcalc.redefinitions import large_parts
from frontcalc.regions import RegionSet
from frontcalc.snapshots import Holding, Snapshot, ground_of, read_snapshot, repair_gaps_km2
from frontcalc.versions import method_version

Grounds = Callable[[Holding], shapely.MultiPolygon]
_FLOATS = np.dtype("<f8")
_ARRAYS = 8  # areas and what of them is snapped: gained, lost, and the slivers of either


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
        grounds = change.differences(opening, closing)
        gained, lost = change.areas_of(grounds, regions, slivers=job.slivers)
    step = Step(
        Moved(gained.figures, lost.figures, gained.slivers, lost.slivers),
        float(geometry.area_km2(opening)),
        float(geometry.area_km2(closing)),
        (large_parts(gained.parts), large_parts(lost.parts)),
    )
    keep_step(job, job.key(before, after), step)
    return step


def measure_chain(job: Job, refs: Sequence[SnapshotRef], regions: RegionSet) -> MeasuredChain:
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
    with gathered(job.cache) as cache:
        return _measured(replace(job, cache=cache), refs, regions)


def _measured(job: Job, refs: Sequence[SnapshotRef], regions: RegionSet) -> MeasuredChain:
    """Measure every step of a chain of maps."""
    ground = lru_cache(maxsize=2)(partial(ground_of, cache=job.cache))
    snapshots: list[Snapshot] = []
    steps: dict[str, Step] = {}
    gaps: dict[str, list[float]] = {}
    before: Holding | None = None
    for ref in refs:
        try:
            snapshot = read_snapshot(ref, job.cache)
            snapshots.append(snapshot)
            after = job.holding(snapshot)
            if before is not None:
                step = known_step(job, before, after) or measure_step(job, before, after, ground, regions)
                steps[job.key(before, after)] = step
                gaps.update((held.key, repair_gaps_km2(held, job.cache)) for held in (before, after))
            before = after
        except FrontcalcError:
            before = None
    return MeasuredChain(tuple(snapshots), steps, gaps)


def known_step(job: Job, before: Holding, after: Holding) -> Step | None:
    """Return a step that an earlier run has measured, None where none has."""
    content = job.cache.get("steps", job.key(before, after))
    return None if content is None else _step_of(content)


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


def known_areas(job: Job, held: Holding, measure: Callable[[], Held]) -> Held:
    """Return the areas of what is held on a map, kept from an earlier run or measured now."""
    key = key_of((method_version(), job.regions, held.key))
    return Held(*kept_figures(job.cache, "areas", key, measure, arrays=2))


def known_total(job: Job, held: Holding, ground: Grounds) -> float:
    """Return the area held on a map, kept from an earlier run or measured now (km²)."""
    key = key_of((method_version(), "total", held.key))
    (total,) = kept_figures(job.cache, "areas", key, lambda: [np.array([geometry.area_km2(ground(held))])], arrays=1)
    return float(total[0])


def kept_figures(
    cache: Cache, kind: str, key: str, make: Callable[[], Sequence[Floats]], *, arrays: int
) -> list[Floats]:
    """Return so many arrays of one length, kept under a key or made and kept now."""
    content = cache.kept(kind, key, lambda: np.concatenate(make()).astype(_FLOATS).tobytes())
    return np.split(np.frombuffer(content, _FLOATS), arrays)


def _day(held: Holding, otherwise: str) -> str:
    """Return the day of a map, as far as its layers tell."""
    return next((str(part.ref.day) for part in held.parts if part.ref.day), otherwise)
