"""Measuring on a Dask cluster: an address is connected to, and its workers measure the chains that threads would.

Who works on what, and what happens when a worker dies, is Dask's.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import socket
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from copy import copy
from dataclasses import replace
from functools import cache, partial
from typing import Any

from frontcalc.archives import SnapshotRef
from frontcalc.errors import DataError, FrontcalcError, extra_package
from frontcalc.read import fingerprint
from frontcalc.read.files import Entry
from frontcalc.regions import RegionSet
from frontcalc.run.chain import NOTHING, MeasuredChain, Send
from frontcalc.snapshots import Holding, SnapshotLayer, forget_read
from frontcalc.versions import software

CONNECT_S = 5  # how long the scheduler may take to answer
WORKERS_S = 10  # how long a cluster may be without any worker, at the start and later
RETRIES = 3  # how often a task is tried again that ended in an error of the cluster's: never one of frontcalc's


def connected(stack: ExitStack, address: str) -> tuple[Send, int]:
    """Connect to a cluster: return what sends it chains of maps, and how many to send ahead, two for each thread there.

    What it has not done when the stack ends, as by an error or by Ctrl-C, is cancelled. FrontcalcError is raised if no
    scheduler answers, or it has no workers or other software than this machine; UsageError if Dask is not installed.
    """
    client = _client(address, stack)
    executor = client.get_executor(retries=RETRIES, pure=False)
    stack.callback(executor.shutdown, wait=False)
    # Regions, which are large, go to each worker once, as what a task returns: Dask makes that again should all workers
    # die that have it, while what is scattered is lost with them.
    there = cache(partial(client.submit, copy, pure=False, retries=RETRIES))

    def send(chain: Any, maps: Sequence[SnapshotRef | Holding], regions: RegionSet) -> Callable[[], MeasuredChain]:
        files = files_of(maps, chain.keywords["hold"].keywords["without"])
        task = (on_worker, software(), files, chain, list(maps))
        with warnings.catch_warnings():
            # That what is as large as regions is rather to be scattered.
            warnings.simplefilter("ignore")
            return partial(outcome, address, client, executor.submit(*task, there(regions)))

    threads: int = sum(client.nthreads().values())
    return send, 2 * max(1, threads)


def _client(address: str, stack: ExitStack) -> Any:
    """Return a connection, until the stack ends, to a scheduler with workers and this machine's software."""
    distributed = extra_package("distributed", where="--workers")
    for name in list(logging.root.manager.loggerDict):
        # What goes wrong is raised, and workers have logs of their own.
        if name.split(".")[0] in ("distributed", "tornado"):
            logger = logging.getLogger(name)
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL + 1)
    try:
        with ThreadPoolExecutor(1) as aside:
            # In a thread of its own, since notebooks have a loop running in theirs.
            kind = aside.submit(asyncio.run, _kind_of(distributed, address)).result()
        problem = f"a {kind.lower()} answers and no scheduler" if kind != "Scheduler" else ""
    except TimeoutError:
        problem = f"nothing was heard within {CONNECT_S} seconds"
    except (MemoryError, ValueError):
        # Dask reads the first bytes of any answer as the length of a message.
        problem = "what answers there is not Dask's"
    except Exception as error:
        problem = _reason(error)
    if problem:
        cure = "see that «dask scheduler» runs there and can be reached, or leave --workers out"
        raise _failed(address, f"no scheduler answers: {problem}", cure)
    with warnings.catch_warnings():
        # It warns of other versions of its own parts, which do not measure.
        warnings.simplefilter("ignore")
        client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False, name="frontcalc")
    stack.callback(client.close, timeout=CONNECT_S)
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError as error:
        raise _failed(address, f"no worker has joined it within {WORKERS_S} seconds") from error
    try:
        there = client.run_on_scheduler(software)
    except Exception as error:
        raise _failed(address, f"the scheduler cannot say what is installed there: {_reason(error)}") from error
    # Of workers each task sees for itself: others may join at any time, and one that hangs would be waited for here.
    check_software(software(), there, "the scheduler")
    return client


def files_of(maps: Sequence[SnapshotRef | Holding], without: Sequence[SnapshotLayer]) -> dict[Entry, str]:
    """Return the SHA-256 of the files that a chain of maps is read from, as far as they can be read."""
    layers = [*(part for one in maps if isinstance(one, Holding) for part in one.parts), *without]
    refs = [*(one for one in maps if isinstance(one, SnapshotRef)), *(layer.ref for layer in layers)]
    files: dict[Entry, str] = {}
    for entry in dict.fromkeys(part.entry for ref in refs for part in ref.parts):
        with suppress(DataError):
            files[entry] = fingerprint(entry)
    return files


def check_software(here: dict[str, str], there: dict[str, str], who: str) -> None:
    """Refuse software other than this machine's."""
    apart = [
        f"{name} {' and not '.join((side.get(name) or 'none').split()[0][:12] for side in (there, here))}"
        for name in here | there
        if here.get(name) != there.get(name)
    ]
    if apart:
        cure = "install the same on all machines: figures must not depend on who measured"
        raise FrontcalcError(f"{who} has {', '.join(apart)}", where="--workers", cure=cure)


def on_worker(
    here: dict[str, str], files: dict[Entry, str], chain: Any, maps: Sequence[SnapshotRef | Holding], regions: RegionSet
) -> MeasuredChain | FrontcalcError:
    """Return the steps of a chain of maps, or the error that the task met: raised, it would be tried again.

    The files come with the SHA-256 that the client finds, without those that it cannot read either.
    """
    try:
        # A worker may have joined since the run began.
        check_software(here, software(), f"worker {platform.node()}")
        # A worker outlives runs, and files may have changed since the last.
        forget_read()
        fingerprints: list[tuple[Entry, str]] = []
        for entry in files:
            try:
                fingerprints.append((entry, fingerprint(entry)))
            except DataError as error:
                problem = f"cannot be read on worker {platform.node()}, as here it can: {error.problem}"
                cure = "let every worker see the archive at the same path as this machine, as on a shared file system"
                raise DataError(problem, where=entry.label, cure=cure) from error
        # What is measured is kept by the client, which gets it back.
        own = replace(chain.keywords["cache"], folder=None)
        measured: MeasuredChain = chain(maps, regions, cache=own) if dict(fingerprints) == files else NOTHING
        for one in measured[0]:
            fingerprints += [(part.entry, file.sha256) for part, file in zip(one.ref.parts, one.files, strict=True)]
        for entry, sha256 in fingerprints:
            if files.get(entry) != sha256:
                done = "let all machines see the same archive, and run again when it is complete"
                raise DataError("has another content on a worker than here", where=entry.label, cure=done)
        return measured
    except FrontcalcError as error:
        return error


async def _kind_of(distributed: Any, address: str) -> str:
    """Return what answers at an address, before a client is made: one without a scheduler cannot be closed in time."""
    host, _, port = address.rpartition("//")[2].rpartition(":")
    # Dask would try again and again where nobody listens.
    socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
    security = distributed.Security().get_connection_args("client")
    async with asyncio.timeout(CONNECT_S), distributed.rpc(address, connection_args=security) as peer:
        return str((await peer.identity())["type"])


def _failed(address: str, problem: str, cure: str = "see the logs of its scheduler and workers") -> FrontcalcError:
    """Return the error for a cluster that does not do what it was asked."""
    return FrontcalcError(problem, where=f"--workers {address}", cure=cure)


def _reason(error: BaseException) -> str:
    """Return what an error says, on one line."""
    return " ".join((str(error) or type(error).__name__).split())


def outcome(address: str, client: Any, future: Future[Any]) -> MeasuredChain:
    """Wait for steps and return them; raise the error that their measurement met, or one of the cluster's."""
    while not wait([future], timeout=WORKERS_S).done:
        with suppress(OSError):
            client.wait_for_workers(1, timeout=WORKERS_S)
            if client.status == "running":
                continue
        raise _failed(address, "its workers are gone")
    try:
        measured: MeasuredChain | FrontcalcError = future.result()
    except CancelledError as error:
        raise _failed(address, "the work was cancelled there, or the scheduler is gone") from error
    # Dask's own errors are of many kinds, those of tasks that it could not run among them.
    except Exception as error:
        raise _failed(address, _reason(error)) from error
    if isinstance(measured, FrontcalcError):
        raise measured
    return measured
