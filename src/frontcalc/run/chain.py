"""What is made of maps and kept: what is on them, their ground, steps between them; also a chain of them, by a worker.

A step depends on its two maps, the regions and the method alone. So it is the same whoever measures it, and can be
kept; another machine must have the same software and the same files. What was held at the opening is carried from step
to step by whoever puts the steps together, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import orjson
import shapely

from frontcalc import change, geometry
from frontcalc.archives import SnapshotRef
from frontcalc.cache import NOTHING_KEPT, Cache, gathered, require_writable, user_cache
from frontcalc.change import GAINED, Change, Floats
from frontcalc.errors import DataError, FrontcalcError
from frontcalc.layers import Layer, Role
from frontcalc.limits import limits
from frontcalc.notices import Notice
from frontcalc.progress import timed
from frontcalc.read import SourceFile
from frontcalc.regions import RegionSet
from frontcalc.slivers import SliverRule
from frontcalc.snapshots import Holding, Snapshot, SnapshotLayer, Tell, changed, passing_over, projected
from frontcalc.snapshots.snapshot import REMEMBERED, first_fingerprint, parsed
from frontcalc.versions import key_of, method_version

MeasuredChain = tuple[list[Snapshot], dict[tuple[str, str], bytes]]
"""Of a chain: what is on each map that could be read, and what is to be kept beside, as in `Cache.memory`."""

Send = Callable[[Any, Sequence[SnapshotRef | Holding], RegionSet], Callable[[], MeasuredChain]]
"""Has a chain of maps measured elsewhere, by what `Run.chain` returns, and returns what waits for it."""

NOTHING: MeasuredChain = ([], {})

FLOATS = np.dtype("<f8")
_AT_ONCE = 20_000  # vertices of what differs between maps that are measured at once: sixteen small maps have fewer


def run_cache(folder: str | Path | None) -> Cache:
    """Return a cache for one run, which has what it needs again in memory; a folder asked for must be writable."""
    kept = user_cache(folder)
    if folder:
        require_writable(kept)
    return replace(kept, method=method_version() if kept.folder else "", memory={})


def step_key(regions: str, slivers: SliverRule, before: Holding, after: Holding) -> str:
    """Return the key of the step between two maps, by the key of the regions."""
    return key_of((regions, repr(slivers), before.key, after.key))


def step_to_bytes(step: Change) -> bytes:
    """Return a step as bytes: of its two arrays the places where there is something, and the large parts after them."""
    near_km2, figures = np.empty((2, 2, 0)) if step.near_km2 is None else step.near_km2, list[Any]()
    for array in (step.km2.reshape(12, -1), near_km2.reshape(4, -1)):
        # What is not known is no number, and left out as nothing is.
        there = np.flatnonzero(np.fmax.reduce(np.abs(array)))
        figures += [[array.shape[1], len(there)], there, array[:, there].ravel()]
    large = shapely.GeometryCollection([cast(shapely.Geometry, shapely.multipolygons(parts)) for parts in step.large])
    return np.concatenate(figures).astype(FLOATS).tobytes() + shapely.to_wkb(large)


def step_from_bytes(content: bytes) -> Change:
    """Return a step without its ground, which is not kept."""
    arrays, start = list[Floats](), 0
    for rows in (12, 4):
        places, count = np.frombuffer(content, FLOATS, 2, start).astype(int).tolist()
        head, size = 2 * FLOATS.itemsize, (1 + rows) * count
        there, figures = np.split(np.frombuffer(content, FLOATS, size, start + head), [count])
        arrays.append(np.zeros((rows, places)))
        arrays[-1][:, there.astype(int)] = figures.reshape(rows, count)
        start += head + size * FLOATS.itemsize
    km2, near_km2 = arrays[0].reshape(6, 2, -1), arrays[1].reshape(2, 2, -1)
    km2[:GAINED, :, :-1] = km2[:GAINED, 1, -1] = np.nan  # of what is held only the totals are known
    gained, lost = shapely.get_parts(shapely.from_wkb(content[start:]))
    return Change(km2, (shapely.get_parts(gained), shapely.get_parts(lost)), near_km2=near_km2)


def snapshot_to_bytes(snapshot: Snapshot) -> bytes:
    """Return what was found on a map as bytes; DataError where a file has changed since its key was made."""
    if [file.sha256 for file in snapshot.files] != [first_fingerprint(part.entry) for part in snapshot.ref.parts]:
        raise changed(snapshot.files[0].name)
    layers = [(part, part.layer) for part in snapshot.layers]
    content = {
        "files": [[file.name, file.sha256] for file in snapshot.files],
        "layers": [
            [part.name, layer.actor, layer.role.value, layer.whole, layer.legend, part.crs, part.file, part.digest]
            for part, layer in layers
        ],
        "notices": [[one.code, one.message, one.period, one.km2, one.line] for one in snapshot.notices],
        "stated_days": [day.isoformat() for day in snapshot.stated_days],
        "tells": [list(tell) for tell in snapshot.tells],
        "box": snapshot.box,
        "boxes": snapshot.boxes,
    }
    return orjson.dumps(content)


def snapshot_from_bytes(ref: SnapshotRef, content: bytes) -> Snapshot:
    """Return what an earlier run read on a map."""
    facts: dict[str, Any] = orjson.loads(content)
    return Snapshot(
        ref,
        files=tuple(SourceFile(*file) for file in facts["files"]),
        layers=tuple(
            SnapshotLayer(name, Layer(actor, Role(role), whole, legend), crs, file, digest, ref)
            for name, actor, role, whole, legend, crs, file, digest in facts["layers"]
        ),
        notices=tuple(Notice(*notice) for notice in facts["notices"]),
        stated_days=tuple(date.fromisoformat(day) for day in facts["stated_days"]),
        tells=tuple(Tell(*tell) for tell in facts["tells"]),
        box=tuple(facts["box"]) if facts["box"] else None,
        boxes=tuple(tuple(box) for box in facts["boxes"]),
    )


def kept_snapshot(ref: SnapshotRef, cache: Cache, read: Mapping[SnapshotRef, Snapshot] | None = None) -> Snapshot:
    """Return what is on a map as this run or an earlier one found it, else read it, and keep that.

    With `read`, maps that were read elsewhere, none is read here: KeyError where it has not the one either.
    Of a map that an earlier run has parsed only the bytes are read, to see that they are the same.
    """
    if ref in REMEMBERED:
        return REMEMBERED[ref]
    key = content = None
    if cache.folder is not None:
        with passing_over(skip_bad=ref.skip_bad), timed(f"looked up {', '.join(ref.names)}"):
            # All that decides what is read from it, to a single byte of a file.
            files = (
                f"{part.entry.label} {part.entry.siblings} {part.day} {part.field} {part.moment} "
                f"{first_fingerprint(part.entry)}"
                for part in ref.parts
            )
            key = key_of((repr(limits()), str(ref.day), repr(ref.legend), *files))
            content = cache.get("maps", key)
    if content is not None:
        snapshot = snapshot_from_bytes(ref, content)
    elif read is not None:
        snapshot = read[ref]
    else:
        snapshot = parsed(ref)[0]
    # What was skipped is looked at again by each run.
    if key and content is None and not any(notice.code == "SKIPPED" for notice in snapshot.notices):
        cache.put(("maps", key, snapshot_to_bytes(snapshot)))
    REMEMBERED[ref] = snapshot
    return snapshot


def ground_of(held: Holding, cache: Cache = NOTHING_KEPT) -> shapely.MultiPolygon:
    """Return the ground of a holding as an earlier run made it, else make and keep it.

    It is valid, in metres, overlaps counted once. UsageError says that the CRS is not equal-area over the data,
    DataError that a layer cannot be repaired or that a file has changed.
    """
    if (content := cache.get("grounds", held.key)) is not None:
        return cast(shapely.MultiPolygon, shapely.from_wkb(content))
    drawn = [projected(part.polygons, part.crs, held.plane, where=part.file, layer=part.name) for part in held.parts]
    ground = shapely.MultiPolygon()
    if held.parts:
        first = held.parts[0]
        with timed(f"united what {first.layer.actor} holds on {first.ref.day or first.ref.names[0]}"):
            try:
                ground = geometry.union(*(polygons for polygons, _ in drawn))
            except DataError as error:
                error.where = " and ".join(dict.fromkeys(part.file for part in held.parts))
                raise
    if held.without:
        before = ground_of(Holding(held.without, held.plane), cache)
        ground = geometry.as_multipolygon(geometry.overlaid(shapely.difference, ground, before))
    gaps_km2 = np.array([gap for _, gap in drawn], dtype=FLOATS)
    cache.put(("repairs", held.key, gaps_km2.tobytes()), ("grounds", held.key, shapely.to_wkb(ground)))
    return ground


def kept_gaps_km2(held: Holding, cache: Cache) -> Floats:
    """Return for each layer of a holding by how much two ways of repairing it differ (km²), 0 below 1 km²."""
    content = cache.get("repairs", held.key)
    if content is None:
        made: dict[tuple[str, str], bytes] = {}
        ground_of(held, Cache(memory=made))
        content = made["repairs", held.key]
        cache.put(("repairs", held.key, content))
    return np.frombuffer(content, FLOATS)


def moved_between(before: Holding, after: Holding, ground: Callable[[Holding], shapely.MultiPolygon]) -> change.Moved:
    """Return what differs between the ground of two maps, and what is held on each; the log has how long it took."""
    ends = ground(before), ground(after)
    days = (next((str(part.ref.day) for part in one.parts if part.ref.day), "a map") for one in (before, after))
    with timed(f"compared {' with '.join(days)}"):
        return (*change.differences(*ends), *geometry.area_km2(np.array(ends)).tolist())


def unknown_part(
    maps: Sequence[SnapshotRef], *, hold: Callable[[Snapshot], Holding], key: str, slivers: SliverRule, cache: Cache
) -> Sequence[SnapshotRef]:
    """Return the maps of a chain from its first step to its last that no earlier run has measured."""
    held: list[Holding | None] = [None] * len(maps)
    for at, ref in enumerate(maps):
        with suppress(DataError, KeyError):
            held[at] = hold(kept_snapshot(ref, cache, {}))
    names = [before and after and step_key(key, slivers, before, after) for before, after in pairwise(held)]
    known = cache.look_up("steps", [name for name in names if name])
    unknown = [at for at, name in enumerate(names) if name not in known]
    return maps[unknown[0] : unknown[-1] + 2] if unknown else ()


def keep_measured(measured: MeasuredChain, cache: Cache, *, elsewhere: bool) -> None:
    """Keep what a worker measured in memory, and in the cache's folder too if that is not the worker's own."""
    snapshots, entries = measured
    kept = cache if elsewhere else replace(cache, folder=None)
    by_ref = {snapshot.ref: snapshot for snapshot in snapshots}
    for ref in by_ref:
        kept_snapshot(ref, kept, by_ref)
    kept.put(*((*name, content) for name, content in entries.items()))


def measure_chain(
    maps: Sequence[SnapshotRef | Holding],
    regions: RegionSet,
    *,
    hold: Callable[[Snapshot], Holding],
    key: str,
    slivers: SliverRule,
    cache: Cache = NOTHING_KEPT,
) -> MeasuredChain:
    """Measure every step of a chain of maps: what a worker does, in a thread or in another process.

    A map that cannot be read, and a step that contradicts itself, is left out: whoever needs it finds out and says so.
    `maps` are neighbours in their order; `hold` returns what counts as held on one, and must be picklable; `key` is
    that of the regions, by `regions_key`. What is measured is kept in `cache` too.
    """
    snapshots, entries = list[Snapshot](), dict[tuple[str, str], bytes]()
    before: Holding | None = None
    waiting, vertices = dict[str, change.Moved](), 0
    with gathered(replace(cache, memory=entries)) as together:
        ground = lru_cache(maxsize=2)(partial(ground_of, cache=together))
        for one in maps:
            try:
                if isinstance(one, Holding):
                    after = one
                    if before is None:
                        # Under the key of `Run.areas`.
                        areas = change.areas(ground(one), regions).astype(FLOATS)
                        together.put(("areas", f"{key} {one.key}", areas.tobytes()))
                else:
                    snapshots.append(kept_snapshot(one, together))
                    after = hold(snapshots[-1])
                if before is not None:
                    name = step_key(key, slivers, before, after)
                    if together.get("steps", name) is None:
                        waiting[name] = moved = moved_between(before, after, ground)
                        vertices += sum(int(np.sum(shapely.get_num_coordinates(one))) for one in moved[:2])
                    for held in (before, after):
                        kept_gaps_km2(held, together)
                before = after
            except FrontcalcError:
                before = None
            if vertices > _AT_ONCE:
                keep_steps(waiting, regions, slivers, together)
                waiting, vertices = {}, 0
        keep_steps(waiting, regions, slivers, together)
    return snapshots, entries


def keep_steps(waiting: Mapping[str, change.Moved], regions: RegionSet, slivers: SliverRule, cache: Cache) -> None:
    """Measure steps, given by their keys, at once, and keep them; of those that cannot be, each that can."""
    try:
        steps = change.steps(list(waiting.values()), regions, slivers=slivers)
    except FrontcalcError:
        for name, moved in waiting.items() if len(waiting) > 1 else ():
            keep_steps({name: moved}, regions, slivers, cache)
        return
    cache.put(*(("steps", name, step_to_bytes(step)) for name, step in zip(waiting, steps, strict=True)))
