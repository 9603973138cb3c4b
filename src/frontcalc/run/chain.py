"""Steps from map to map: measured, kept for later runs, and measured in a chain by a worker.

A step depends on its two maps, the regions and the method, and on nothing that was measured before. So it is the same
whoever measures it, and can be kept. What was held at the opening is carried from step to step by whoever puts the
steps together, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

import numpy as np
import shapely

from frontcalc import change
from frontcalc.archives import SnapshotRef
from frontcalc.cache import Cache, gathered, key_of
from frontcalc.change import Change, Floats
from frontcalc.errors import DataError, FrontcalcError
from frontcalc.progress import timed
from frontcalc.regions import RegionSet
from frontcalc.slivers import SliverRule
from frontcalc.snapshots import (
    Holding,
    Snapshot,
    ground_of,
    keep_snapshot,
    known_snapshot,
    read_snapshot,
    repair_gaps_km2,
)

Grounds = Callable[[Holding], shapely.MultiPolygon]
Measured = tuple[list[Snapshot], dict[str, Change], dict[str, list[float]], dict[str, Floats]]
"""Of a chain: what is on each map that could be read, steps by key, gaps of repair by holding, areas held by key."""

Send = Callable[[Any, Sequence[SnapshotRef | Holding], RegionSet], Callable[[], Measured]]
"""Has a chain of maps measured elsewhere, by what `Run.chain` returns, and returns what waits for it."""

NOTHING: Measured = ([], {}, {}, {})

_FLOATS = np.dtype("<f8")


def step_key(regions: str, slivers: SliverRule, before: Holding, after: Holding) -> str:
    """Return the key of the step between two maps, by the key of the regions."""
    return key_of((regions, repr(slivers), before.key, after.key))


def known_step(cache: Cache, key: str) -> Change | None:
    """Return a step that an earlier run has measured, None where none has; its ground is not kept."""
    content = cache.get("steps", key)
    if content is None:
        return None
    rows = int(np.frombuffer(content, _FLOATS, count=1)[0])
    km2 = np.frombuffer(content, _FLOATS, count=12 * rows, offset=_FLOATS.itemsize).reshape(6, 2, rows)
    gained, lost = shapely.get_parts(shapely.from_wkb(content[(1 + 12 * rows) * _FLOATS.itemsize :]))
    return Change(km2, (shapely.get_parts(gained), shapely.get_parts(lost)))


def keep_step(cache: Cache, key: str, step: Change) -> None:
    """Keep a step: how many places its arrays have, its figures, and the large parts after them."""
    if cache.folder is not None:
        figures = np.append(step.km2.shape[-1], step.km2.ravel()).astype(_FLOATS)
        large = shapely.GeometryCollection([shapely.MultiPolygon(list(parts)) for parts in step.large])
        cache.put("steps", key, figures.tobytes() + shapely.to_wkb(large))


def is_known(
    ends: Sequence[SnapshotRef], *, hold: Callable[[Snapshot], Holding], key: str, slivers: SliverRule, cache: Cache
) -> bool:
    """Say whether an earlier run has measured the step between two maps."""
    with suppress(DataError):
        held = [hold(found) for ref in ends if (found := known_snapshot(ref, cache))]
        return len(held) == 2 and known_step(cache, step_key(key, slivers, *held)) is not None
    return False


def keep_measured(measured: Measured, cache: Cache) -> None:
    """Keep what a worker measured, its maps in memory and all in a cache."""
    snapshots, steps, _, areas = measured
    for snapshot in snapshots:
        keep_snapshot(snapshot, cache)
    for key, step in steps.items():
        keep_step(cache, key, step)
    for key, km2 in areas.items():
        cache.put("areas", key, km2.tobytes())


def measure_step(before: Holding, after: Holding, ground: Grounds, regions: RegionSet, slivers: SliverRule) -> Change:
    """Return the step between two maps, whose ground `ground` returns.

    Raises
    ------
    FrontcalcError
        The overlay contradicts itself.
    """
    opening, closing = ground(before), ground(after)
    days = (next((str(part.ref.day) for part in held.parts if part.ref.day), "a map") for held in (before, after))
    with timed(f"compared {' with '.join(days)}"):
        return change.step(opening, closing, regions, slivers=slivers)


def measure_chain(
    maps: Sequence[SnapshotRef | Holding],
    regions: RegionSet,
    *,
    hold: Callable[[Snapshot], Holding],
    key: str,
    slivers: SliverRule,
    cache: Cache,
) -> Measured:
    """Measure every step of a chain of maps: what a worker does, in a thread or in another process.

    Each map is read once, and two are in memory at a time. A map that cannot be read, and a step that contradicts
    itself, is left out: whoever needs it finds out and says so.

    Parameters
    ----------
    maps : sequence of SnapshotRef or Holding
        Neighbouring maps, in their order.
    regions : RegionSet
        What takes ground.
    hold : callable
        Returns what counts as held on a map; it must bear being pickled.
    key : str
        Of the regions, by `regions_key`.
    slivers : SliverRule
        What counts as a sliver.
    cache : Cache
        Where maps and steps are kept.
    """
    snapshots: list[Snapshot] = []
    steps: dict[str, Change] = {}
    gaps: dict[str, list[float]] = {}
    areas: dict[str, Floats] = {}
    before: Holding | None = None
    with gathered(cache) as together:
        ground = lru_cache(maxsize=2)(partial(ground_of, cache=together))
        for one in maps:
            try:
                if isinstance(one, Holding):
                    after = one
                    if before is None:
                        # Under the key of `Run.areas`.
                        areas[f"{key} {one.key}"] = change.areas(ground(one), regions).astype(_FLOATS)
                else:
                    snapshots.append(read_snapshot(one, together))
                    after = hold(snapshots[-1])
                if before is not None:
                    name = step_key(key, slivers, before, after)
                    step = known_step(together, name)
                    if step is None:
                        step = measure_step(before, after, ground, regions, slivers)
                        keep_step(together, name, step)
                    # Ground is large, and stays where it was measured.
                    steps[name] = Change(step.km2, step.large)
                    gaps.update((held.key, repair_gaps_km2(held, together)) for held in (before, after))
                before = after
            except FrontcalcError:
                before = None
    return snapshots, steps, gaps, areas
