"""Many measurements at once, by workers: the same figures in the same order as one after the other."""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Protocol, TypeVar

from frontcalc.archives import Archive, SnapshotRef
from frontcalc.change import Change
from frontcalc.errors import DataError
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.stepping import keep_step, known_step, measure_chain
from frontcalc.pipeline.steps import Job, MeasuredChain
from frontcalc.progress import track
from frontcalc.regions import RegionSet
from frontcalc.snapshots import keep_snapshot, known_snapshot, remember
from frontcalc.states import Span, State

if TYPE_CHECKING:
    from frontcalc.pipeline.cluster import Cluster, Sent

BLOCK = 16
"""How many neighbouring steps a worker takes at once: it reads each map once, and the one before the first."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Pending(Protocol):
    """Steps that are being measured elsewhere."""

    def result(self) -> MeasuredChain:
        """Wait for them and return them."""


Measure = Callable[[Job, Sequence[SnapshotRef], RegionSet], Pending]
"""Has the steps of a chain of maps measured elsewhere."""

_Block = tuple[list[date], list[Pending]]


def measured_ahead(run: Measuring, actor: str, before: State | None, days: Sequence[date], what: str) -> Iterator[date]:
    """Yield days, each after the steps that lead to its map were measured by the run's workers.

    What workers measure is kept by what it is of, and the caller takes what it needs: where it needs another
    step, as where a map is passed over, it measures that itself. So nothing depends on what was foreseen here.

    Parameters
    ----------
    run : Measuring
        The run, with its cluster or the number of its workers.
    actor : str
        Whose territory.
    before : State or None
        The state that the first day follows.
    days : sequence of date
        In their order.
    what : str
        What is done at each, as whoever listens to the progress is told.
    """
    tracked = track(days, what)
    count = min(run.workers, math.ceil(len(days) / BLOCK))
    if run.cluster is not None:
        from frontcalc.pipeline.cluster import connected

        with connected(run.cluster) as cluster:
            yield from run_ahead(cluster.chain, cluster.at_once, run, actor, before, tracked)
    elif count <= 1:
        yield from tracked
    elif run.processes and sys.platform == "linux":
        from frontcalc.pipeline.forking import forked

        with forked(count) as forks:
            yield from run_ahead(forks.chain, 2 * count, run, actor, before, tracked)
    else:
        with ThreadPoolExecutor(count) as pool:

            def measure(job: Job, refs: Sequence[SnapshotRef], regions: RegionSet) -> Pending:
                return pool.submit(measure_chain, job, refs, regions)

            yield from run_ahead(measure, 2 * count, run, actor, before, tracked)


def run_ahead(
    measure: Measure, at_once: int, run: Measuring, actor: str, before: State | None, days: Iterable[date]
) -> Iterator[date]:
    """Yield days as `measured_ahead` does, with so many blocks of steps measured elsewhere at a time."""
    last = before.snapshot.ref if before else None
    waiting: deque[_Block] = deque()
    for block in _blocks(days):
        chain = _standing(run.archive, last, block)
        last = chain[-1] if chain else last
        sent = [measure(run.job(actor), part, run.takers(actor)) for part in _unknown(run, actor, chain)]
        waiting.append((block, sent))
        if len(waiting) >= at_once:
            yield from _done(run, actor, waiting.popleft())
    while waiting:
        yield from _done(run, actor, waiting.popleft())


def _done(run: Measuring, actor: str, block: _Block) -> list[date]:
    """Wait for a block, take note of what its workers measured, and return its days."""
    days, sent = block
    for future in sent:
        measured = future.result()
        for snapshot in measured.snapshots:
            remember(snapshot)
        if run.cluster is not None:
            _keep(run, actor, measured)
        run.take(measured)
    return days


def _keep(run: Measuring, actor: str, measured: MeasuredChain) -> None:
    """Keep what workers measured who have no cache of this machine's."""
    for snapshot in measured.snapshots:
        keep_snapshot(snapshot, run.cache)
    for key, step in measured.steps.items():
        keep_step(run.job(actor), key, step)


def _blocks(days: Iterable[date]) -> Iterator[list[date]]:
    """Yield days in blocks."""
    rest = iter(days)
    while block := list(islice(rest, BLOCK)):
        yield block


def _standing(archive: Archive, last: SnapshotRef | None, days: Sequence[date]) -> list[SnapshotRef]:
    """Return the maps that stand for some days, as far as their dates tell, after the one before."""
    found = (next(archive.upto(day), None) for day in days)
    return list(dict.fromkeys(ref for ref in (last, *found) if ref is not None))


def _unknown(run: Measuring, actor: str, chain: Sequence[SnapshotRef]) -> list[list[SnapshotRef]]:
    """Return the parts of a chain of maps whose steps are not known from an earlier run."""
    parts: list[list[SnapshotRef]] = []
    for before, after in pairwise(chain):
        if _known(run, actor, before, after):
            continue
        if parts and parts[-1][-1] == before:
            parts[-1].append(after)
        else:
            parts.append([before, after])
    return parts


def _known(run: Measuring, actor: str, before: SnapshotRef, after: SnapshotRef) -> bool:
    """Say whether the step between two maps is known."""
    job = run.job(actor)
    try:
        maps = [known_snapshot(ref, run.cache) for ref in (before, after)]
    except DataError:
        return False
    ends = [job.holding(map_) for map_ in maps if map_ is not None]
    return len(ends) == 2 and known_step(job, *ends) is not None


def changes(run: Measuring, spans: Iterator[tuple[str, Span]]) -> Iterator[tuple[str, Span, Change | None]]:
    """Yield each actor's span with its change, in the order given.

    As many spans as `run` has workers are taken at a time, so that memory does not grow with the number of
    periods. A change depends on nothing but its two maps, so that it is the same whoever measures it.

    Parameters
    ----------
    run : Measuring
        The run, with its cluster or the number of its workers.
    spans : iterator of (actor, span)
        Resolved as they are taken.
    """
    if run.cluster is not None:
        from frontcalc.pipeline.cluster import connected

        with connected(run.cluster) as cluster:
            yield from _changes_on(cluster, run, spans)
        return
    if run.workers == 1:
        for actor, span in spans:
            yield actor, span, run.change(span, actor)
        return
    with ThreadPoolExecutor(run.workers) as pool:
        while batch := list(islice(spans, run.workers)):
            if len(batch) == 1:
                ((actor, span),) = batch
                yield actor, span, run.change(span, actor, threads=run.workers)
                continue
            measured = pool.map(lambda one: run.change(one[1], one[0]), batch)
            yield from ((actor, span, changed) for (actor, span), changed in zip(batch, measured, strict=True))


def in_order(workers: int, measure: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """Yield each item with what is measured of it, in the order given; few items are taken ahead of the one yielded."""
    if workers == 1:
        yield from ((item, measure(item)) for item in items)
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[tuple[Item, Future[Result]]] = deque()
        for item in items:
            waiting.append((item, pool.submit(measure, item)))
            if len(waiting) > workers:
                first, future = waiting.popleft()
                yield first, future.result()
        yield from ((item, future.result()) for item, future in waiting)


def _changes_on(
    cluster: Cluster, run: Measuring, spans: Iterator[tuple[str, Span]]
) -> Iterator[tuple[str, Span, Change | None]]:
    """Yield each actor's span with its change as `changes` does, measured by a cluster."""
    at_once = cluster.at_once
    waiting: deque[tuple[str, Span, Sent[Change] | None]] = deque()

    def done() -> tuple[str, Span, Change | None]:
        actor, span, sent = waiting.popleft()
        return actor, span, sent.result() if sent else None

    for actor, span in spans:
        sent = None
        if span.opening is not None and span.closing is not None and span.measurable:
            before, after = (run.holding(state.snapshot, actor) for state in (span.opening, span.closing))
            sent = cluster.change(run.job(actor), before, after, run.takers(actor))
        waiting.append((actor, span, sent))
        if len(waiting) >= at_once:
            yield done()
    while waiting:
        yield done()
