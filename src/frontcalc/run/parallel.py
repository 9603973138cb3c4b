"""Many measurements at once, by threads or forked processes: the same figures in the same order as one by one.

On small maps most of the work is Python's own, of which one thread of a process runs at a time. A forked process has
what its parent has in memory, so nothing is loaded or read again: the days of a chain go there, and figures come back.
A fork has one thread only, and whatever another thread of the parent had locked stays locked in it. So it is for
programs that say so (`Options.processes`), as the command line does, whose other thread draws a line on a terminal;
and for Linux alone, since what macOS has loaded may not survive a fork, and Windows has none.
"""

from __future__ import annotations

import gc
import logging
import math
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import partial
from itertools import islice, pairwise
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from frontcalc.archives import SnapshotRef
from frontcalc.errors import DataError
from frontcalc.progress import track
from frontcalc.regions import RegionSet
from frontcalc.run.chain import Measured, keep_step, known_step, step_key
from frontcalc.run.run import Run
from frontcalc.snapshots import keep_snapshot, known_snapshot, remember
from frontcalc.states import State

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

BLOCK = 16
"""How many neighbouring steps a worker takes at once: it reads each map once, and the one before the first."""

Item = TypeVar("Item")
Result = TypeVar("Result")
Pending = Callable[[], Measured]
"""Waits for steps that are measured elsewhere and returns them."""

Send = Callable[[Any, Sequence[SnapshotRef], RegionSet], Pending]
"""Has the steps of a chain of maps measured elsewhere, as `Run.chain` does."""

NOTHING: Measured = ([], {}, {})

_log = logging.getLogger(__name__)
_FEWEST = 4  # maps of a chain for which forking pays
_regions: RegionSet | None = None


def measured_ahead(run: Run, actor: str, before: State | None, days: Sequence[date], what: str) -> Iterator[date]:
    """Yield days, each after the steps that lead to its map were measured by the run's workers.

    What workers measure is kept by what it is of, and the caller takes what it needs: where it needs another
    step, as where a map is passed over, it measures that itself. So nothing depends on what was foreseen here.

    Parameters
    ----------
    run : Run
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
    tracked, options = track(days, what), run.options
    count = min(options.threads, math.ceil(len(days) / BLOCK))
    if isinstance(options.workers, str):
        from frontcalc.run.cluster import connected

        with connected(options.workers) as cluster:
            yield from run_ahead(cluster.chain, cluster.at_once, run, actor, before, tracked)
    elif count <= 1:
        yield from tracked
    elif options.processes and sys.platform == "linux":
        with forked(count) as send:
            yield from run_ahead(send, 2 * count, run, actor, before, tracked)
    else:
        with ThreadPoolExecutor(count) as pool:

            def send_to_thread(chain: Any, maps: Sequence[SnapshotRef], regions: RegionSet) -> Pending:
                return pool.submit(chain, maps, regions).result

            yield from run_ahead(send_to_thread, 2 * count, run, actor, before, tracked)


def run_ahead(
    send: Send, at_once: int, run: Run, actor: str, before: State | None, days: Iterable[date]
) -> Iterator[date]:
    """Yield days as `measured_ahead` does, with so many blocks of steps measured elsewhere at a time."""
    last, rest = before.snapshot.ref if before else None, iter(days)
    waiting: deque[tuple[list[date], list[Pending]]] = deque()
    while True:
        block = list(islice(rest, BLOCK))
        if block:
            # The maps that stand for the days, as far as their dates tell, after the one before.
            found = (last, *(next(run.archive.upto(day), None) for day in block))
            chain = list(dict.fromkeys(ref for ref in found if ref is not None))
            last = chain[-1] if chain else last
            sent = [send(run.chain(actor), part, run.takers(actor)) for part in _unknown(run, actor, chain)]
            waiting.append((block, sent))
        if waiting and (not block or len(waiting) >= at_once):
            done, sent = waiting.popleft()
            for pending in sent:
                _take(run, pending())
            yield from done
        elif not block:
            return


def _take(run: Run, measured: Measured) -> None:
    """Take note of what workers measured, and keep it where they have no cache of this machine's."""
    snapshots, steps, gaps_km2 = measured
    for snapshot in snapshots:
        remember(snapshot)
    if isinstance(run.options.workers, str):
        for snapshot in snapshots:
            keep_snapshot(snapshot, run.cache)
        for key, step in steps.items():
            keep_step(run.cache, key, step)
    run.take(steps, gaps_km2)


def _unknown(run: Run, actor: str, chain: Sequence[SnapshotRef]) -> list[list[SnapshotRef]]:
    """Return the parts of a chain of maps whose steps are not known from an earlier run."""
    parts: list[list[SnapshotRef]] = []
    measure = run.chain(actor).keywords
    for before, after in pairwise(chain):
        try:
            maps = [known_snapshot(ref, run.cache) for ref in (before, after)]
        except DataError:
            maps = []
        ends = [measure["hold"](map_) for map_ in maps if map_ is not None]
        if len(ends) == 2 and known_step(run.cache, step_key(measure["key"], run.slivers, *ends)) is not None:
            continue
        if parts and parts[-1][-1] == before:
            parts[-1].append(after)
        else:
            parts.append([before, after])
    return parts


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


@contextmanager
def forked(count: int) -> Iterator[Send]:
    """Have steps measured by so many processes, forked when there is first something to measure, while the block runs.

    All is for the same regions. What a process that dies was at is not measured: the caller does it itself.
    """
    pool: ProcessPoolExecutor | None = None

    def send(chain: Any, maps: Sequence[SnapshotRef], regions: RegionSet) -> Pending:
        nonlocal pool
        if pool is None and len(maps) < _FEWEST:
            return lambda: NOTHING
        try:
            pool = pool or _pool(count, regions)
            with warnings.catch_warnings():
                # Python (3.12) sees threads of NumPy's linear algebra, which is not used here.
                warnings.simplefilter("ignore", DeprecationWarning)
                return partial(_outcome, pool.submit(_measure, chain, tuple(maps)))
        except (BrokenExecutor, ImportError, NotImplementedError, OSError) as error:
            _log.debug("no process measures: %s", error)
            return lambda: NOTHING

    try:
        yield send
    finally:
        # What none of them has begun is dropped.
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _outcome(future: Future[Measured]) -> Measured:
    """Wait for what a process measures: nothing where it has died."""
    try:
        return future.result()
    except BrokenExecutor:
        return NOTHING


def _pool(count: int, regions: RegionSet) -> ProcessPoolExecutor:
    """Return processes for some regions, which they find in the memory that they begin with."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    regions.prepare()
    return ProcessPoolExecutor(count, get_context("fork"), _begin, (regions,))


def _begin(regions: RegionSet) -> None:
    """Begin as a process of its own."""
    global _regions
    _regions = regions
    # Else the collector would write to all that is shared with the parent, and so copy it.
    gc.freeze()
    # An interrupt from a terminal goes to the parent too: nothing is left to be said or waited for. What runs in the
    # background of a script ignores it.
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent has ended, which a parent that was killed cannot ask for."""
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _measure(chain: Callable[..., Measured], maps: Sequence[SnapshotRef]) -> Measured:
    """Measure a chain of maps for the regions that this process has."""
    assert _regions is not None
    return chain(maps, _regions)
