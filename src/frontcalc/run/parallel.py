"""Many measurements at once, by threads, forked processes or a cluster: the same figures in the same order.

Threads take turns at Python, which is most of the work on small maps. A forked process has its parent's memory: names
of maps go there, and figures come back. What another thread had locked stays locked in it. So programs must ask for it
(`Options.processes`), as the command line does; and only on Linux: macOS libraries may not survive a fork.
"""

from __future__ import annotations

import gc
import math
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from datetime import date
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path
from threading import Event, Lock, Thread
from time import sleep
from typing import TYPE_CHECKING, Any, TypeVar

from frontcalc.archives import SnapshotRef
from frontcalc.errors import FrontcalcError
from frontcalc.progress import track
from frontcalc.regions import RegionSet
from frontcalc.run.chain import NOTHING, MeasuredChain, Send, keep_measured, unknown_part
from frontcalc.snapshots import Holding
from frontcalc.states import Span, State

resource = import_module("resource") if find_spec("resource") else None  # Windows has none
if TYPE_CHECKING:
    from frontcalc.change import Change
    from frontcalc.run.options import Options
    from frontcalc.run.run import Run

Item = TypeVar("Item")
Result = TypeVar("Result")

BLOCK = 8  # steps that a worker takes at once at least, four times that at most; it reads the map before them too
_FEWEST = 4  # maps of a chain for which forking pays
_START_S = 20  # after which processes that have not answered are given up
_LOOK_S = 1  # after which a process that has not answered is looked at, and it looks whether its parent is there
_ROOM = 1 << 30  # bytes: in less, a thread may lack room for what C keeps for it, which ends the process at once
_known: Any = None  # of a forked process: what it has in its parent's memory
Known = TypeVar("Known")


def in_order(workers: int, measure: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """Yield each item with what is measured of it, in the order given; few items are begun before their turn."""
    if workers == 1:
        yield from ((item, measure(item)) for item in items)
        return
    with ExitStack() as stack:
        yield from _ahead(partial(threads(stack, workers), measure), workers + 1, items)


def by_workers(
    options: Options, measure: Callable[[Item, Known], Result], items: Sequence[Item], known: Known, *, at_once: int = 0
) -> Iterator[Result]:
    """Yield what is measured of each item and what is known, in order, by forks, `at_once` sent, or by threads."""
    count = min(options.threads, len(items))
    with ExitStack() as stack:
        forks = options.processes and sys.platform == "linux" and count > 1
        if not forks or not (pool := _forked(stack, count, known)):
            yield from (result for _, result in in_order(max(count, 1), lambda item: measure(item, known), items))
            return

        def send(item: Item) -> Callable[[], Any]:
            with suppress(BrokenExecutor):
                return partial(_outcome, pool, pool.submit(_measure, measure, item))
            return lambda: NOTHING

        for item, result in _ahead(send, at_once or 2 * count, items):
            yield measure(item, known) if result == NOTHING else result


def threads(stack: ExitStack, count: int) -> Callable[..., Callable[[], Any]]:
    """Return what has a thread call a function and returns what waits for it; the one that waits calls, without."""
    if resource and 0 <= resource.getrlimit(resource.RLIMIT_AS)[0] < _ROOM:
        return lambda measure, *what: cache(partial(measure, *what))
    pool = ThreadPoolExecutor(count)
    stack.callback(pool.shutdown, cancel_futures=True)

    def send(measure: Callable[..., Result], *what: Any) -> Callable[[], Result]:
        lock, result = Lock(), cache(partial(measure, *what))

        def once() -> Result:
            with lock:
                return result()

        try:
            return pool.submit(once).result
        except RuntimeError:
            # No further thread can be had, but one of those that there are may take it from the pool's queue.
            return once

    return send


def _ahead(
    send: Callable[[Item], Callable[[], Result]], at_once: int, items: Iterable[Item]
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with its result, in order, `at_once` of them sent at a time."""
    waiting: deque[tuple[Item, Callable[[], Result]]] = deque()
    for item in items:
        waiting.append((item, send(item)))
        if len(waiting) >= at_once:
            first, result = waiting.popleft()
            yield first, result()
    yield from ((item, result()) for item, result in waiting)


def measured_ahead(
    run: Run, actor: str, before: State | None, days: Sequence[date], what: str
) -> Generator[date, None, None]:
    """Yield days, each after the run's workers measured the steps from the state before the first to its map.

    What workers measure is kept under its key, and the caller looks up what it needs: where it needs another
    step, as where a map is passed over, it measures that itself. So nothing depends on what was foreseen here.
    """
    rest, options = track(days, what), run.options
    count, elsewhere = min(options.threads, math.ceil(len(days) / (2 * BLOCK))), isinstance(options.workers, str)
    last, is_new = before.snapshot.ref if before else None, False
    left, sizes = len(days), list[int]()

    def send_block(block: list[date]) -> Callable[[], MeasuredChain]:
        nonlocal last, is_new
        # The maps that stand for the days, as far as their dates tell, after the one before.
        maps = [*dict.fromkeys(filter(None, (last, *(next(run.archive.upto(day), None) for day in block))))]
        last = maps[-1] if maps else last
        measure = run.chain(actor)
        # What follows a block that is new as a whole is new too, mostly: workers look that up themselves.
        unknown = maps if is_new else unknown_part(maps, **{**measure.keywords, "cache": run.cache})
        is_new = not elsewhere and 0 < len(unknown) == len(maps)
        return send(measure, unknown, run.partition_for(actor)) if unknown else lambda: NOTHING

    if count <= 1 and not elsewhere:
        yield from rest
        return
    with ExitStack() as stack:
        if isinstance(options.workers, str):
            from frontcalc.run.cluster import connected

            (send, at_once), sizes = connected(stack, options.workers), [2 * BLOCK] * math.ceil(left / (2 * BLOCK))
        else:
            begin = _processes if options.processes and sys.platform == "linux" else threads
            send, at_once = begin(stack, count), 3 * count
            while left > 0:
                # Ever fewer, so that no worker waits long for the last.
                sizes.append(min(4 * BLOCK, max(BLOCK, left // (2 * count))))
                left -= sizes[-1]
        for block, measured in _ahead(send_block, at_once, (list(islice(rest, size)) for size in sizes)):
            keep_measured(measured, run.cache, elsewhere=elsewhere)
            yield from block


def changes_by_workers(run: Run, spans: Iterable[Span], *, ground: bool) -> Iterator[tuple[Span, Change | None]]:
    """Yield spans with their changes as `Run.change` measures them, few more at a time than there are workers."""
    options, rest = run.options, iter(spans)
    if not isinstance(options.workers, str) or ground:
        first = list(islice(rest, 2))
        if len(first) == 1 and (ends := first[0].ends) and options.threads > 1:
            # What was held at the opening of a period alone is measured at the same time as its step.
            (span,) = first
            with ExitStack() as stack:
                opening = threads(stack, 1)(run.areas, ends[0].snapshot, span.actor)
                yield span, run.step(*ends, span.actor, ground=ground).opened(opening())
            return
        yield from in_order(options.threads, partial(run.change, ground=ground), chain(first, rest))
        return
    from frontcalc.run.cluster import connected

    def send_ends(span: Span) -> Callable[[], MeasuredChain]:
        if span.ends is None:
            return lambda: NOTHING
        ends = [run.holding(state.snapshot, span.actor) for state in span.ends]
        return send(run.chain(span.actor), ends, run.partition_for(span.actor))

    with ExitStack() as stack:
        send, at_once = connected(stack, options.workers)
        for span, measured in _ahead(send_ends, at_once, rest):
            keep_measured(measured, run.cache, elsewhere=True)
            yield span, run.change(span)


def _processes(stack: ExitStack, count: int) -> Send:
    """Return what has chains measured by processes, forked when needed; short ones are left to the caller."""
    forked = cache(partial(_forked, stack, count))

    def send(measure: Any, maps: Sequence[SnapshotRef | Holding], regions: RegionSet) -> Callable[[], MeasuredChain]:
        with suppress(BrokenExecutor):
            if len(maps) >= _FEWEST:
                regions.prepare()
                if pool := forked(regions):
                    return partial(_outcome, pool, pool.submit(_measure, measure, tuple(maps)))
        return lambda: NOTHING

    return send


def _forked(stack: ExitStack, count: int, known: Any) -> Any:
    """Return a pool of up to so many processes, which have what is known in memory; None where none can be had."""
    pool: Any = None
    try:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        # The pool has two threads of its own.
        count = min(count, _startable(count + 2) - 2)
        pool = ProcessPoolExecutor(count, get_context("fork"), _begin, (known, os.getpid()))
        with warnings.catch_warnings():
            # Python (3.12) sees threads of NumPy's linear algebra, which is not used here.
            warnings.simplefilter("ignore", DeprecationWarning)
            pool.submit(os.getpid).result(_START_S)
    # Too few processes, threads or semaphores can be had, or this is a process that may have none of its own.
    except (AssertionError, ImportError, NotImplementedError, OSError, RuntimeError, ValueError):
        return _kill(pool) if pool else None
    # Else the pool would wait for ever for the rest of what a process was sending when it was killed.
    pool._result_queue._writer.close()
    stack.callback(pool.shutdown)
    # Nobody needs what they still measure at the end, as after an error.
    stack.callback(_kill, pool)
    return pool


def _kill(pool: Any) -> None:
    """End the processes of a pool at once."""
    for process in list(pool._processes.values()):
        process.kill()


def _outcome(pool: Any, future: Future[Any]) -> Any:
    """Wait for what a process measures: nothing where one has died."""
    with suppress(BrokenExecutor):
        while not wait([future], _LOOK_S).done:
            if not all(process.is_alive() for process in list(pool._processes.values())):
                # The pool would know by now, unless it waits for the rest of a result from the dead one.
                _kill(pool)
                return NOTHING
        return future.result()
    return NOTHING


def _startable(count: int) -> int:
    """Return how many of so many threads can be had at once: a limit counts processes and threads together."""
    done, started = Event(), list[Thread]()
    with suppress(RuntimeError):
        while len(started) < count:
            thread = Thread(target=done.wait, daemon=True)
            thread.start()
            started.append(thread)
    done.set()
    for thread in started:
        thread.join()
        # It counts until the system has ended it too.
        while Path(f"/proc/self/task/{thread.native_id}").exists():
            sleep(0.001)
    return len(started)


def _begin(known: Any, parent: int) -> None:
    """Begin as a process of its own."""
    global _known
    _known = known
    # Else the collector would write to all that is shared with the parent, and so copy it.
    gc.freeze()
    # An interrupt from a terminal reaches the parent too, which reports it: end at once. In the background of a script
    # it is ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)

    def end_alone(*_: object) -> None:
        if os.getppid() != parent:
            os._exit(1)

    # A parent that is killed cannot end its processes, which would wait for work for ever.
    signal.signal(signal.SIGALRM, end_alone)
    signal.setitimer(signal.ITIMER_REAL, _LOOK_S, _LOOK_S)


def _measure(measure: Callable[[Any, Any], Any], item: Any) -> Any:
    """Measure an item, as a chain of maps, with what this process knows; what fails is left to the parent, to say."""
    with suppress(FrontcalcError):
        return measure(item, _known)
    return NOTHING
