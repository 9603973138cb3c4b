"""Steps measured by processes that are forked from this one, which do not take turns at Python as threads do.

On small maps most of the work is Python's own, of which one thread of a process runs at a time. A forked process has
what its parent has in memory, so nothing is loaded or read again: the days of a chain go there, and figures come back.

A fork has one thread only, and whatever another thread of the parent had locked stays locked in it. So this is for
programs that say so (`Options.processes`), as the command line does, whose other thread draws a line on a terminal;
and for Linux alone, since what macOS has loaded may not survive a fork, and Windows has none.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from frontcalc.archives import SnapshotRef
from frontcalc.pipeline.stepping import measure_chain
from frontcalc.pipeline.steps import Job, MeasuredChain
from frontcalc.regions import RegionSet

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

_log = logging.getLogger(__name__)
_FEWEST = 4  # maps of a chain for which forking pays
_regions: RegionSet | None = None


class _Sent:
    """A chain of maps that a process measures; None where none does."""

    def __init__(self, future: Future[MeasuredChain] | None) -> None:
        self._future = future

    def result(self) -> MeasuredChain:
        """Return what was measured: nothing where the process has died, so that the caller measures it itself."""
        try:
            return self._future.result() if self._future else MeasuredChain((), {})
        except BrokenExecutor:
            return MeasuredChain((), {})


class Forks:
    """So many processes, forked when there is first something to measure, all for the same regions."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    def chain(self, job: Job, refs: Sequence[SnapshotRef], regions: RegionSet) -> _Sent:
        """Have the steps of a chain of maps measured, as `measure_chain` does."""
        if self._pool is None and len(refs) < _FEWEST:
            return _Sent(None)
        try:
            self._pool = self._pool or _pool(self._count, regions)
            with warnings.catch_warnings():
                # Python (3.12) sees threads of NumPy's linear algebra, which is not used here.
                warnings.simplefilter("ignore", DeprecationWarning)
                return _Sent(self._pool.submit(_measure, job, tuple(refs)))
        except (BrokenExecutor, ImportError, NotImplementedError, OSError) as error:
            _log.debug("no process measures: %s", error)
            return _Sent(None)

    def end(self) -> None:
        """End the processes; what none of them has begun is dropped."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


@contextmanager
def forked(count: int) -> Iterator[Forks]:
    """Have steps measured by so many processes while the block runs."""
    forks = Forks(count)
    try:
        yield forks
    finally:
        forks.end()


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


def _measure(job: Job, refs: Sequence[SnapshotRef]) -> MeasuredChain:
    """Measure a chain of maps for the regions that this process has."""
    assert _regions is not None
    return measure_chain(job, refs, _regions)
