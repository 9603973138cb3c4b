"""Break files of every format in many ways, and see that each is read or refused: `make fuzz`.

Every input is made from a seed, its reader's name and its number, so that a finding can be made again:
``python scripts/fuzz.py --only geojson:1234``. Inputs are read in processes of their own, whose death is a finding
too. So are ten seconds of work on one input, and a minute without an answer, which on a busy machine is not the same.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import shapely
from fuzz_mutations import mutate
from fuzz_seeds import Seeds, all_seeds

from frontcalc import crs, geometry
from frontcalc.config import archive_config
from frontcalc.errors import FrontcalcError
from frontcalc.read import read_content
from frontcalc.read.features import Features
from frontcalc.snapshots import to_equal_area

WORK_SECONDS = 10.0
SILENCE_SECONDS = 60.0
MEMORY_BYTES = 1 << 30
_BATCH = 500


@dataclass
class Tally:
    """What became of a reader's inputs."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    peak_bytes: int = 0
    findings: list[str] = field(default_factory=list)


def input_of(seeds: Seeds, reader: str, number: int, seed: int) -> bytes:
    """Return one input, always the same for the same arguments."""
    random = Random(f"{seed}:{reader}:{number}")
    return mutate(random.choice(seeds.files), seeds.mutations, random)


def exercise(reader: str, data: bytes) -> str:
    """Read one input, and measure what was read; return what became of it.

    Raises
    ------
    Exception
        Anything but a refusal, which is a finding.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            if reader == "frontcalc.toml":
                archive_config(data)
                return "read"
            features = read_content(data, where="map")
        except FrontcalcError:
            return "refused"
        check(features)
        try:
            area_km2 = measure(features)
        except FrontcalcError:
            return "read, then refused"
        assert np.isfinite(area_km2), area_km2
        assert area_km2 >= 0, area_km2
    return "read"


def check(features: Features) -> None:
    """Hold what every reader promises of its features."""
    assert len(features.owner) == len(features.polygons)
    assert all(isinstance(own, dict) for own in features.properties)
    for index in (features.owner, features.not_area):
        assert not len(index) or (index.min() >= 0 and index.max() < len(features.properties))
    assert (shapely.get_type_id(features.polygons) == shapely.GeometryType.POLYGON).all()
    xy = shapely.get_coordinates(features.polygons)
    assert np.isfinite(xy).all()
    if crs.is_geographic(features.crs):
        assert (np.abs(xy) <= (180.0, 90.0)).all()


def measure(features: Features) -> float:
    """Return the area of the ground that features cover, km²."""
    projected = to_equal_area(features.polygons, features.crs, crs.DEFAULT_CRS)
    return float(geometry.area_km2(geometry.union(projected)))


def work(jobs: Connection, seed: int, shared: Path | None) -> None:
    """Exercise the inputs that arrive, and tell of each before and after."""
    import resource
    import signal

    seeds = all_seeds(shared)
    for reader, own in seeds.items():
        # What libraries take once, at their first use, is no input's fault.
        for data in own.files:
            exercise(reader, data)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))
    jobs.send(("ready", "", 0, "", 0.0, 0))
    while True:
        reader, first, count = jobs.recv()
        for number in range(first, first + count):
            jobs.send(("start", reader, number, "", 0.0, 0))
            began = time.process_time()
            # Its signal ends the process, also in the midst of GEOS or GDAL.
            signal.setitimer(signal.ITIMER_PROF, WORK_SECONDS)
            data = input_of(seeds[reader], reader, number, seed)
            try:
                outcome = exercise(reader, data)
            except BaseException as error:
                outcome = f"!{type(error).__name__}: {str(error)[:300]}"
                # A geodatabase has ids of its own each time it is made, so that its inputs cannot be made again.
                Path("fuzz-input").write_bytes(data)
            signal.setitimer(signal.ITIMER_PROF, 0)
            took = time.process_time() - began
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            jobs.send(("done", reader, number, outcome, took, peak))
        jobs.send(("idle", reader, first, "", 0.0, 0))


@dataclass
class Worker:
    """A process, and the input that it has now."""

    process: Any
    pipe: Connection
    job: tuple[str, int, int] | None = None
    current: tuple[str, int] | None = None
    since: float = 0.0


class Run:
    """A run over many inputs, shared out among processes."""

    def __init__(self, numbers: dict[str, int], seed: int, shared: Path | None) -> None:
        self.seed, self.shared = seed, shared
        self.jobs = [
            (reader, first, min(_BATCH, count - first))
            for reader, count in numbers.items()
            for first in range(0, count, _BATCH)
        ]
        self.tallies = {reader: Tally() for reader in numbers}

    def start_worker(self) -> Worker:
        """Start a process."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, self.seed, self.shared), daemon=True)
        process.start()
        theirs.close()
        return Worker(process, ours, since=time.monotonic())

    def run(self, processes: int) -> dict[str, Tally]:
        """Exercise all inputs."""
        workers = [self.start_worker() for _ in range(processes)]
        while workers:
            ready = wait([worker.pipe for worker in workers], timeout=0.5)
            for worker in list(workers):
                if worker.pipe in ready and not self.listen(worker):
                    workers.remove(worker)
                    self.replace(worker, workers, f"the process died, exit code {self.exit_code(worker)}")
                elif worker.current and time.monotonic() - worker.since > SILENCE_SECONDS:
                    worker.process.kill()
                    workers.remove(worker)
                    self.replace(worker, workers, f"no answer within {SILENCE_SECONDS:g} s")
                elif worker.job == ("", 0, 0):
                    worker.process.kill()
                    workers.remove(worker)
        return self.tallies

    def exit_code(self, worker: Worker) -> int | None:
        """Return the exit code of a process that ended."""
        worker.process.join(5)
        return worker.process.exitcode  # type: ignore[no-any-return]

    def listen(self, worker: Worker) -> bool:
        """Take all that a process has to tell; False where it died."""
        try:
            while worker.pipe.poll():
                what, reader, number, outcome, took, peak = worker.pipe.recv()
                if what == "start":
                    worker.current, worker.since = (reader, number), time.monotonic()
                elif what == "done":
                    worker.current = None
                    self.note(reader, number, outcome, took, peak)
                else:
                    worker.job = self.jobs.pop(0) if self.jobs else ("", 0, 0)
                    if worker.job[2]:
                        worker.pipe.send(worker.job)
        except (EOFError, ConnectionError):
            return False
        return True

    def note(self, reader: str, number: int, outcome: str, took: float, peak: int) -> None:
        """Count one outcome."""
        tally = self.tallies[reader]
        if outcome.startswith("!"):
            tally.findings.append(f"{reader}:{number} {outcome[1:]}")
            outcome = "finding"
        tally.outcomes[outcome] += 1
        tally.peak_bytes = max(tally.peak_bytes, peak)
        tally.slowest = max(tally.slowest, took)

    def replace(self, worker: Worker, workers: list[Worker], fault: str) -> None:
        """Note what ended a process, and give the rest of its job to another."""
        if worker.current is None or worker.job is None:
            raise SystemExit(f"a process ended before its first input: {fault}")
        reader, number = worker.current
        self.note(reader, number, f"!{fault}", time.monotonic() - worker.since, 0)
        _, first, count = worker.job
        if first + count > number + 1:
            self.jobs.insert(0, (reader, number + 1, first + count - number - 1))
        workers.append(self.start_worker())


def report(tallies: dict[str, Tally]) -> str:
    """Return what became of the inputs as a Markdown table, the findings below."""
    lines = [
        "| reader | inputs | read | read, then refused | refused | findings | slowest (s of CPU) | peak (MB) |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, tally in [*tallies.items(), ("all", _total(tallies))]:
        counts = [tally.outcomes[key] for key in ("read", "read, then refused", "refused", "finding")]
        figures = " | ".join(f"{count:,}" for count in (sum(counts), *counts))
        lines.append(f"| {name} | {figures} | {tally.slowest:.2f} | {tally.peak_bytes / 1e6:,.0f} |")
    return "\n".join([*lines, "", *(line for tally in tallies.values() for line in tally.findings)])


def _total(tallies: dict[str, Tally]) -> Tally:
    """Return all readers' figures as one."""
    total = Tally()
    for tally in tallies.values():
        total.outcomes += tally.outcomes
        total.slowest = max(total.slowest, tally.slowest)
        total.peak_bytes = max(total.peak_bytes, tally.peak_bytes)
    return total


def main() -> int:
    """Run from the command line; 1 where there are findings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=104_000, help="how many, over all readers [default: %(default)s]")
    parser.add_argument("--seed", type=int, default=1, help="[default: %(default)s]")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="[default: %(default)s]")
    parser.add_argument("--reader", action="append", help="only this reader; may be repeated")
    parser.add_argument("--only", metavar="READER:NUMBER", help="one input, in this process, with its traceback")
    options = parser.parse_args()
    # Arrow's own pool reserves address space by the gigabyte, which the limit on memory would take for use.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    shared = Path(os.environ["FRONTCALC_SHARED"]) if "FRONTCALC_SHARED" in os.environ else None
    seeds = all_seeds(shared)
    if options.only:
        reader, number = options.only.split(":")
        data = input_of(seeds[reader], reader, int(number), options.seed)
        Path("fuzz-input").write_bytes(data)
        print(f"{len(data)} bytes in fuzz-input:", exercise(reader, data))
        return 0
    readers = options.reader or list(seeds)
    each = -(-options.inputs // len(readers))
    began = time.monotonic()
    tallies = Run(dict.fromkeys(readers, each), options.seed, shared).run(options.processes)
    print(report(tallies))
    print(f"seed {options.seed}, {time.monotonic() - began:.0f} s on {options.processes} processes")
    return 1 if any(tally.findings for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
