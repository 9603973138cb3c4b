"""Measuring on a Dask cluster: who is connected to, what is sent there, and what becomes of it.

Who works on what, and what happens when a worker dies, is Dask's: this module only hands it tasks through an executor.
What the tasks are is in `cluster_tasks`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from frontcalc.archives import SnapshotRef
from frontcalc.cache import NOTHING_KEPT
from frontcalc.change import Change
from frontcalc.errors import FrontcalcError, UsageError
from frontcalc.pipeline.cluster_tasks import (
    Files,
    chain_there,
    change_there,
    check_software,
    files_of,
    itself,
    other_content,
    sent_software,
)
from frontcalc.pipeline.steps import Job, MeasuredChain
from frontcalc.regions import RegionSet
from frontcalc.snapshots import Holding
from frontcalc.sources.packages import extra_package
from frontcalc.versions import software

CONNECT_S = 5
"""How long the scheduler may take to answer."""

WORKERS_S = 10
"""How long a cluster may be without any worker, at the start and later."""

RETRIES = 3
"""How often a task is tried again that ended in an error of the cluster's: never one of frontcalc's."""

_ADDRESS = re.compile(r"(tcp://|tls://)?(\[[0-9a-fA-F:.]+\]|[\w.-]+):([0-9]{1,5})", re.ASCII)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Sent(Generic[Result]):
    """Work that was sent to a cluster."""

    cluster: Cluster
    future: Future[Result | FrontcalcError]
    check: Callable[[Result], None] | None = None

    def result(self) -> Result:
        """Wait for the work and return what came of it.

        Raises
        ------
        FrontcalcError
            The work met one, or the cluster failed.
        """
        result = self.cluster.outcome(self.future)
        if isinstance(result, FrontcalcError):
            raise result
        if self.check is not None:
            self.check(result)
        return result


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

    def chain(self, job: Job, refs: Sequence[SnapshotRef], regions: RegionSet) -> Sent[MeasuredChain]:
        """Send a chain of maps, to measure every step of it: see `stepping.measure_chain`."""
        files = files_of([*refs, *(part.ref for part in job.without)])
        expected = dict(files)

        def same(measured: MeasuredChain) -> None:
            for snapshot in measured.snapshots:
                for part, file in zip(snapshot.ref.parts, snapshot.files, strict=True):
                    if expected[part.entry] != file.sha256:
                        raise other_content(part.entry)

        return Sent(self, self._send(chain_there, files, job, list(refs), regions), same)

    def change(self, job: Job, before: Holding, after: Holding, regions: RegionSet) -> Sent[Change]:
        """Send two maps, to measure what changed between them: see `change.step`."""
        parts = [part for held in (before, after) for part in (*held.parts, *held.without)]
        return Sent(self, self._send(change_there, files_of(part.ref for part in parts), job, (before, after), regions))

    def _send(self, task: Callable[..., Any], files: Files, job: Job, work: Any, regions: RegionSet) -> Future[Any]:
        """Send a task; the regions, which are large, go to each worker once."""
        if id(regions) not in self._regions:
            self._regions[id(regions)] = (regions, self._send_regions(regions))
        there = self._regions[id(regions)][1]
        # What is kept is kept by this machine, which gets all figures back.
        sent: Future[Any] = self.executor.submit(
            task, sent_software(), files, replace(job, cache=NOTHING_KEPT), work, there
        )
        return sent

    def _send_regions(self, regions: RegionSet) -> Any:
        """Send a set of regions, which each worker gets once.

        As what a task returns, which Dask can make again should all workers die that have it; what is scattered is
        lost with them.
        """
        with warnings.catch_warnings():
            # That a task this large is rather to be scattered.
            warnings.simplefilter("ignore")
            return self.client.submit(itself, regions, pure=False, retries=RETRIES)

    def outcome(self, future: Future[Result]) -> Result:
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
    check_software(sent_software(), there, "the scheduler")


def _failed(address: str, problem: str) -> FrontcalcError:
    """Return the error for a cluster that does not do what it was asked."""
    return FrontcalcError(problem, where=f"--workers {address}", cure="see the logs of its scheduler and workers")


def _reason(error: BaseException) -> str:
    """Return what an error says, on one line."""
    return " ".join((str(error) or type(error).__name__).split())
