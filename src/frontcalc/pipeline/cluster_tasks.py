"""What a cluster's workers do: the functions that threads run, within what is not a matter of course between machines.

That is that all have the same software, and find the same files at the same place.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from frontcalc import change
from frontcalc.archives import SnapshotRef
from frontcalc.change import Change
from frontcalc.errors import DataError, FrontcalcError
from frontcalc.pipeline.stepping import measure_chain
from frontcalc.pipeline.steps import Job, MeasuredChain
from frontcalc.regions import RegionSet
from frontcalc.snapshots import Holding, forget_read, ground_of
from frontcalc.sources import fingerprint
from frontcalc.sources.files import Entry
from frontcalc.versions import software

Result = TypeVar("Result")

Files = tuple[tuple[Entry, str | None], ...]
"""Files with the SHA-256 that the sender finds, None where it cannot read one either."""


def sent_software() -> dict[str, str]:
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


def chain_there(
    here: dict[str, str], files: Files, job: Job, refs: Sequence[SnapshotRef], regions: RegionSet
) -> MeasuredChain | FrontcalcError:
    """Measure a chain of maps on a worker."""
    return on_worker(here, files, lambda: measure_chain(job, refs, regions))


def change_there(
    here: dict[str, str], files: Files, job: Job, ends: tuple[Holding, Holding], regions: RegionSet
) -> Change | FrontcalcError:
    """Measure what changed between two maps on a worker."""

    def measure() -> Change:
        before, after = (ground_of(held) for held in ends)
        return change.step(before, after, regions, slivers=job.slivers)

    return on_worker(here, files, measure)


def on_worker(here: dict[str, str], files: Files, measure: Callable[[], Result]) -> Result | FrontcalcError:
    """Return what a task comes to, or the error that it met: raised, it would be tried again."""
    try:
        # A worker may have joined since the run began.
        check_software(here, software(), f"worker {platform.node()}")
        # A worker outlives runs, and files may have changed since the last.
        forget_read()
        for entry, expected in files:
            check_file(entry, expected)
        return measure()
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
