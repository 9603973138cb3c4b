"""Measuring on a Dask cluster: who is connected to, what is sent there, and what becomes of it.

Who works on what, and what happens when a worker dies, is Dask's: this module only hands it tasks through an executor.
Its workers run the functions that threads run, within what is not a matter of course between machines: that all have
the same software, and find the same files at the same place.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import re
import socket
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from frontcalc.archives import SnapshotRef
from frontcalc.cache import NOTHING_KEPT
from frontcalc.change import Change
from frontcalc.errors import DataError, FrontcalcError, UsageError
from frontcalc.regions import RegionSet
from frontcalc.run.chain import Measured, step_key
from frontcalc.snapshots import Holding, forget_read
from frontcalc.sources import fingerprint
from frontcalc.sources.files import Entry
from frontcalc.sources.packages import extra_package
from frontcalc.states import Span
from frontcalc.versions import software

if TYPE_CHECKING:
    from frontcalc.run.run import Run

CONNECT_S = 5
"""How long the scheduler may take to answer."""

WORKERS_S = 10
"""How long a cluster may be without any worker, at the start and later."""

RETRIES = 3
"""How often a task is tried again that ended in an error of the cluster's: never one of frontcalc's."""

_ADDRESS = re.compile(r"(tcp://|tls://)?(\[[0-9a-fA-F:.]+\]|[\w.-]+):([0-9]{1,5})", re.ASCII)

Files = tuple[tuple[Entry, str | None], ...]
"""Files with the SHA-256 that the sender finds, None where it cannot read one either."""


@dataclass(eq=False)
class Cluster:
    """A Dask cluster that was found fit to measure.

    Parameters
    ----------
    address : str
        Of its scheduler.
    client : distributed.Client
        The connection.
    """

    address: str
    client: Any
    executor: Any = field(init=False)
    _regions: dict[int, tuple[RegionSet, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.executor = self.client.get_executor(retries=RETRIES, pure=False)

    @property
    def at_once(self) -> int:
        """How much work to send ahead: two tasks for each thread of the workers there are now, so that none waits."""
        threads: int = sum(self.client.nthreads().values())
        return 2 * max(1, threads)

    def chain(
        self, chain: partial[Measured], maps: Sequence[SnapshotRef | Holding], regions: RegionSet
    ) -> Callable[[], Measured]:
        """Send a chain of maps, to measure every step of it, and return what waits for it: see `run.chain`.

        The regions, which are large, go to each worker once. What is kept is kept by this machine, which gets all
        figures back.
        """
        if id(regions) not in self._regions:
            self._regions[id(regions)] = (regions, self._send_regions(regions))
        there = self._regions[id(regions)][1]
        without = chain.keywords["hold"].keywords["without"]
        layers = [part for one in maps if isinstance(one, Holding) for part in one.parts]
        refs = [one for one in maps if isinstance(one, SnapshotRef)]
        files = files_of([*refs, *(part.ref for part in (*layers, *without))])
        bare = partial(chain, cache=NOTHING_KEPT)
        future = self.executor.submit(on_worker, software_here(), files, bare, list(maps), there)
        return lambda: self._checked(future, dict(files))

    def _checked(self, future: Future[Measured | FrontcalcError], expected: dict[Entry, str | None]) -> Measured:
        """Wait for a chain and return what came of it, of files that are the same there as here.

        Raises
        ------
        FrontcalcError
            The work met one, or the cluster failed.
        """
        measured: Measured | FrontcalcError = self.outcome(future)
        if isinstance(measured, FrontcalcError):
            raise measured
        for snapshot in measured[0]:
            for part, file in zip(snapshot.ref.parts, snapshot.files, strict=True):
                if expected[part.entry] != file.sha256:
                    raise other_content(part.entry)
        return measured

    def _send_regions(self, regions: RegionSet) -> Any:
        """Send a set of regions, which each worker gets once.

        As what a task returns, which Dask can make again should all workers die that have it; what is scattered is
        lost with them.
        """
        with warnings.catch_warnings():
            # That a task this large is rather to be scattered.
            warnings.simplefilter("ignore")
            return self.client.submit(itself, regions, pure=False, retries=RETRIES)

    def outcome(self, future: Future[Any]) -> Any:
        """Wait for work and return what came of it; an error where the cluster cannot go on with it."""
        while not wait([future], timeout=WORKERS_S).done:
            if not self._has_workers():
                raise _failed(self.address, "its workers are gone")
        try:
            return future.result()
        except CancelledError as error:
            raise _failed(self.address, "the work was cancelled there, or the scheduler is gone") from error
        # Dask's own errors are of many kinds, those of tasks that it could not run among them.
        except Exception as error:
            raise _failed(self.address, _reason(error)) from error

    def _has_workers(self) -> bool:
        """Say whether the cluster still has workers, or gets one soon."""
        try:
            self.client.wait_for_workers(1, timeout=WORKERS_S)
        except OSError:
            return False
        return bool(self.client.status == "running")


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Connect to a cluster for as long as a run lasts, and see that it can measure as this machine does.

    What was sent and is not done when the run ends, as by an error or by Ctrl-C, is cancelled.

    Parameters
    ----------
    address : str
        Of the scheduler, as in «tcp://10.0.0.1:8786».

    Raises
    ------
    UsageError
        The address cannot be one, or Dask is not installed.
    FrontcalcError
        The scheduler does not answer, has no workers, or has other software than this machine.
    """
    check_address(address)
    distributed = extra_package("distributed", where="--workers", extra="dask")
    with _quiet(), _client(distributed, address) as client:
        _check_cluster(client, address)
        cluster = Cluster(address, client)
        try:
            yield cluster
        finally:
            cluster.executor.shutdown(wait=False)


def check_address(address: str) -> None:
    """Refuse what cannot be the address of a scheduler.

    Raises
    ------
    UsageError
        It is not of a form that Dask would connect to.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[3]) < 1 << 16:
        raise UsageError(
            f"{address!r} is no address of a scheduler",
            where="--workers",
            cure="give one as in tcp://10.0.0.1:8786, or a whole number",
        )


@contextmanager
def _client(distributed: Any, address: str) -> Iterator[Any]:
    """Connect to a scheduler, and let go of it at the end."""
    with ThreadPoolExecutor(1) as aside:
        # In a thread of its own, since notebooks have a loop running in theirs.
        kind = aside.submit(asyncio.run, _kind_of(distributed, address)).result()
    if kind != "Scheduler":
        raise _unreachable(address, f"a {kind.lower()} answers and no scheduler")
    with warnings.catch_warnings():
        # It warns of other versions of its own parts, which do not measure.
        warnings.simplefilter("ignore")
        client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False, name="frontcalc")
    try:
        yield client
    finally:
        client.close(timeout=CONNECT_S)


async def _kind_of(distributed: Any, address: str) -> str:
    """Return what answers at an address, before a client is made: one without a scheduler cannot be closed in time.

    Raises
    ------
    FrontcalcError
        Nothing does, or nothing of Dask's.
    """
    host, _, port = address.rpartition("//")[2].rpartition(":")
    try:
        # Dask would try again and again where nobody listens.
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
        security = distributed.Security().get_connection_args("client")
        async with asyncio.timeout(CONNECT_S), distributed.rpc(address, connection_args=security) as peer:
            return str((await peer.identity())["type"])
    except TimeoutError as error:
        raise _unreachable(address, f"nothing was heard within {CONNECT_S} seconds") from error
    except (MemoryError, ValueError) as error:
        # Dask takes whatever is said there for the length of a message.
        raise _unreachable(address, "what answers there is not Dask's") from error
    except Exception as error:
        raise _unreachable(address, _reason(error)) from error


def _unreachable(address: str, problem: str) -> FrontcalcError:
    """Return the error for an address at which no scheduler answers."""
    return FrontcalcError(
        f"no scheduler answers: {problem}",
        where=f"--workers {address}",
        cure="see that «dask scheduler» runs there and can be reached, or leave --workers out",
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own log off the standard error: what goes wrong is raised, and workers have logs of their own."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in ("distributed", "tornado")]
    levels = [(logger, logger.level) for logger in map(logging.getLogger, names)]
    for logger, _ in levels:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in levels:
            logger.setLevel(level)


def _check_cluster(client: Any, address: str) -> None:
    """Refuse a cluster without workers, or one whose scheduler has other software than this machine.

    Of workers each task sees for itself: others may join at any time, and one that hangs would be waited for here.
    """
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError as error:
        raise _failed(address, f"no worker has joined it within {WORKERS_S} seconds") from error
    try:
        there = client.run_on_scheduler(software)
    except Exception as error:
        raise _failed(address, f"the scheduler cannot say what is installed there: {_reason(error)}") from error
    check_software(software_here(), there, "the scheduler")


def _failed(address: str, problem: str) -> FrontcalcError:
    """Return the error for a cluster that does not do what it was asked."""
    return FrontcalcError(problem, where=f"--workers {address}", cure="see the logs of its scheduler and workers")


def _reason(error: BaseException) -> str:
    """Return what an error says, on one line."""
    return " ".join((str(error) or type(error).__name__).split())


def changes_on(address: str, run: Run, spans: Iterable[Span]) -> Iterator[tuple[Span, Change | None]]:
    """Yield each span with its change as `Run.changes` does, its step measured by a cluster."""
    waiting: deque[tuple[Span, Callable[[], Measured] | None, str]] = deque()

    def done() -> tuple[Span, Change | None]:
        span, sent, key = waiting.popleft()
        if sent is not None:
            _, steps, gaps_km2 = sent()
            if key in steps:
                run.take(steps, gaps_km2)
        return span, run.change(span)

    with connected(address) as cluster:
        for span in spans:
            sent, key = None, ""
            if span.ends is not None:
                before, after = (run.holding(state.snapshot, span.actor) for state in span.ends)
                chain = run.chain(span.actor)
                key = step_key(chain.keywords["key"], run.slivers, before, after)
                sent = cluster.chain(chain, (before, after), run.takers(span.actor))
            waiting.append((span, sent, key))
            if len(waiting) >= cluster.at_once:
                yield done()
        while waiting:
            yield done()


def software_here() -> dict[str, str]:
    """Return what this machine measures with, and all others must."""
    return software()


def check_software(here: dict[str, str], there: dict[str, str], who: str) -> None:
    """Refuse software other than this machine's."""
    names = [name for name in {**here, **there} if here.get(name) != there.get(name)]
    if names:
        apart = ", ".join(f"{name} {_short(there.get(name))} and not {_short(here.get(name))}" for name in names)
        raise FrontcalcError(
            f"{who} has {apart}",
            where="--workers",
            cure="install the same on all machines: figures must not depend on who measured",
        )


def _short(version: str | None) -> str:
    """Return as much of a version as tells it from another."""
    return version.split()[0][:12] if version else "none"


def itself(regions: RegionSet) -> RegionSet:
    """Return a set of regions on the worker that others get it from."""
    return regions


def on_worker(
    here: dict[str, str],
    files: Files,
    chain: Callable[[Sequence[SnapshotRef | Holding], RegionSet], Measured],
    maps: Sequence[SnapshotRef | Holding],
    regions: RegionSet,
) -> Measured | FrontcalcError:
    """Return the steps of a chain of maps, or the error that the task met: raised, it would be tried again."""
    try:
        # A worker may have joined since the run began.
        check_software(here, software(), f"worker {platform.node()}")
        # A worker outlives runs, and files may have changed since the last.
        forget_read()
        for entry, expected in files:
            check_file(entry, expected)
        return chain(maps, regions)
    except FrontcalcError as error:
        return error


def check_file(entry: Entry, expected: str | None) -> None:
    """Refuse a file that is not here, or not the one that was sent; one that nobody can read is found out later."""
    if expected is None:
        return
    try:
        found = fingerprint(entry)
    except DataError as error:
        raise DataError(
            f"cannot be read on worker {platform.node()}, as here it can: {error.problem}",
            where=entry.label,
            cure="let every worker see the archive at the same path as this machine, as on a shared file system",
        ) from error
    if found != expected:
        raise other_content(entry)


def other_content(entry: Entry) -> DataError:
    """Return the error for a file that a worker sees with another content."""
    return DataError(
        "has another content on a worker than here",
        where=entry.label,
        cure="let all machines see the same archive, and run again when it is complete",
    )


def files_of(refs: Iterable[SnapshotRef]) -> Files:
    """Return the files of some maps as this machine finds them."""
    entries = dict.fromkeys(part.entry for ref in refs for part in ref.parts)
    return tuple((entry, _content(entry)) for entry in entries)


def _content(entry: Entry) -> str | None:
    """Return the SHA-256 of a file, None where it cannot be read."""
    try:
        return fingerprint(entry)
    except DataError:
        return None
