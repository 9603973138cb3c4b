"""Break files of every format in many ways, and see that each is read or refused: `make fuzz`.

Every input is made from a seed, its reader's name and its number, so that a finding can be made again:
``python scripts/fuzz.py --only geojson:1234``. Inputs are read in processes of their own, whose death is a finding
too. So are ten seconds of work on one input, and a minute without an answer, which on a busy machine is not the same.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
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
from frontcalc.read.features import Features, refuse_bare, refuse_impossible
from frontcalc.snapshots import to_equal_area

WORK_SECONDS = 10.0
SILENCE_SECONDS = 60.0
MEMORY_BYTES = 1 << 30

Trial = Callable[[str, int], str]
"""Makes and tries the input of a name and number, and returns what became of it; what it raises is a finding."""


@dataclass
class Tally:
    """What became of a name's inputs."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    peak_bytes: int = 0
    findings: list[str] = field(default_factory=list)

    def note(self, name: str, outcome: str, took: float, peak: int = 0) -> None:
        """Count one outcome; one that begins with ! is a finding."""
        if outcome.startswith("!"):
            self.findings.append(f"{name} {outcome[1:]}")
            outcome = "finding"
        self.outcomes[outcome] += 1
        self.slowest, self.peak_bytes = max(self.slowest, took), max(self.peak_bytes, peak)


def input_of(seeds: Seeds, reader: str, number: int, seed: int) -> bytes:
    """Return one input, always the same for the same arguments."""
    random = Random(f"{seed}:{reader}:{number}")
    return mutate(random.choice(seeds.files), seeds.mutations, random)


def exercise(reader: str, data: bytes) -> str:
    """Read one input, and measure what was read; return what became of it, and raise what is a finding."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            if reader == "frontcalc.toml":
                archive_config(data)
                return "read"
            features = read(data)
        except FrontcalcError:
            return "refused"
        try:
            area_km2 = measure(features)
        except FrontcalcError:
            return "read, then refused"
        assert np.isfinite(area_km2), area_km2
        assert area_km2 >= 0, area_km2
    return "read"


def read(data: bytes) -> Features:
    """Return the features of content as those of a file, and hold what every reader promises of them."""
    features = read_content(data, where="map")
    refuse_bare(features, where="map")
    refuse_impossible(features, where="map")
    assert len(features.owner) == len(features.polygons)
    assert all(isinstance(own, dict) for own in features.properties)
    for index in (features.owner, features.not_area):
        assert not len(index) or (index.min() >= 0 and index.max() < len(features.properties))
    assert (shapely.get_type_id(features.polygons) == shapely.GeometryType.POLYGON).all()
    xy = shapely.get_coordinates(features.polygons)
    assert np.isfinite(xy).all()
    if crs.is_geographic(features.crs):
        assert (np.abs(xy) <= (180.0, 90.0)).all()
    return features


def measure(features: Features) -> float:
    """Return the area of the ground that features cover, km²."""
    projected = to_equal_area(features.polygons, features.crs, crs.DEFAULT_CRS)
    return float(geometry.area_km2(geometry.union(projected)))


def work(pipe: Connection, trial: Trial, name: str, first: int, count: int) -> None:
    """Try a batch of inputs, with a limit on memory and on work, and tell what became of each."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))
    for number in range(first, first + count):
        began = time.process_time()
        # Its signal ends the process, also in the midst of GEOS or GDAL.
        signal.setitimer(signal.ITIMER_PROF, WORK_SECONDS)
        try:
            outcome = trial(name, number)
        except BaseException as error:
            outcome = f"!{type(error).__name__}: {str(error)[:300]}"
        signal.setitimer(signal.ITIMER_PROF, 0)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        pipe.send((outcome, time.process_time() - began, peak))


@dataclass
class Worker:
    """A process with its batch, and how much of that is done."""

    process: Any
    pipe: Connection
    name: str
    first: int
    count: int
    since: float
    fault: str = ""


class Run:
    """A run over many inputs, shared out among processes, which are copies of this one with all that it has loaded."""

    def __init__(self, trial: Trial, numbers: dict[str, int], batch: int = 500) -> None:
        self.trial, self.tallies = trial, {name: Tally() for name in numbers}
        self.batches = [
            (name, first, min(batch, count - first))
            for name, count in numbers.items()
            for first in range(0, count, batch)
        ]

    def run(self, processes: int) -> dict[str, Tally]:
        """Try all inputs."""
        workers: list[Worker] = []
        while self.batches or workers:
            while self.batches and len(workers) < processes:
                workers.append(self.start(*self.batches.pop(0)))
            ready = wait([worker.pipe for worker in workers], timeout=0.5)
            for worker in list(workers):
                if worker.pipe in ready and not self.listen(worker):
                    workers.remove(worker)
                elif time.monotonic() - worker.since > SILENCE_SECONDS:
                    worker.fault = f"no answer within {SILENCE_SECONDS:g} s"
                    worker.process.kill()
        return self.tallies

    def start(self, name: str, first: int, count: int) -> Worker:
        """Start a process."""
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(theirs, self.trial, name, first, count), daemon=True)
        process.start()
        theirs.close()
        return Worker(process, ours, name, first, count, time.monotonic())

    def listen(self, worker: Worker) -> bool:
        """Take what a process tells; False where it has ended, of which what it leaves is given to another."""
        try:
            told = worker.pipe.recv()
        except EOFError:
            worker.process.join()
            if worker.count:
                fault = worker.fault or f"the process died, exit code {worker.process.exitcode}"
                self.done(worker, f"!{fault}", time.monotonic() - worker.since)
            if worker.count:
                self.batches.insert(0, (worker.name, worker.first, worker.count))
            return False
        self.done(worker, *told)
        return True

    def done(self, worker: Worker, outcome: str, took: float, peak: int = 0) -> None:
        """Note what became of the input that a process had."""
        self.tallies[worker.name].note(f"{worker.name}:{worker.first}", outcome, took, peak)
        worker.first, worker.count, worker.since = worker.first + 1, worker.count - 1, time.monotonic()


def report(tallies: dict[str, Tally], outcomes: Sequence[str] = ("read", "read, then refused", "refused")) -> str:
    """Return what became of the inputs as a Markdown table, the findings below."""
    total = Tally()
    for tally in tallies.values():
        total.outcomes += tally.outcomes
        total.slowest, total.peak_bytes = max(total.slowest, tally.slowest), max(total.peak_bytes, tally.peak_bytes)
    lines = [
        f"| reader | inputs | {' | '.join(outcomes)} | findings | slowest (s of CPU) | peak (MB) |",
        f"|---|{'---:|' * (len(outcomes) + 4)}",
    ]
    for name, tally in [*tallies.items(), ("all", total)]:
        counts = [tally.outcomes.total(), *(tally.outcomes[key] for key in (*outcomes, "finding"))]
        figures = " | ".join(f"{count:,}" for count in counts)
        lines.append(f"| {name} | {figures} | {tally.slowest:.2f} | {tally.peak_bytes / 1e6:,.0f} |")
    return "\n".join([*lines, "", *(line for tally in tallies.values() for line in tally.findings)])


def asked(doc: str | None, inputs: int, names: Sequence[str]) -> argparse.ArgumentParser:
    """Return the options of a run."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=inputs, help="how many, over all readers [default: %(default)s]")
    parser.add_argument("--seed", type=int, default=1, help="[default: %(default)s]")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="[default: %(default)s]")
    parser.add_argument("--reader", action="append", choices=names, help="only this one; may be repeated")
    parser.add_argument("--only", metavar="READER:NUMBER", help="one input, in this process, with its traceback")
    return parser


def try_input(seeds: dict[str, Seeds], seed: int, reader: str, number: int) -> str:
    """Break and read one input."""
    data = input_of(seeds[reader], reader, number, seed)
    try:
        return exercise(reader, data)
    except BaseException:
        # A geodatabase has ids of its own each time it is made, so that its inputs cannot be made again.
        Path("fuzz-input").write_bytes(data)
        raise


def main() -> int:
    """Run from the command line; 1 where there are findings."""
    # Arrow's own pool reserves address space by the gigabyte, which the limit on memory would take for use.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    seeds = all_seeds(Path(os.environ["FRONTCALC_SHARED"]) if "FRONTCALC_SHARED" in os.environ else None)
    options = asked(__doc__, 104_000, list(seeds)).parse_args()
    trial = partial(try_input, seeds, options.seed)
    if options.only:
        reader, number = options.only.split(":")
        print(trial(reader, int(number)))
        return 0
    for reader, own in seeds.items():
        # What libraries take once, at their first use, is no input's fault.
        for data in own.files:
            exercise(reader, data)
    readers = options.reader or list(seeds)
    began = time.monotonic()
    tallies = Run(trial, dict.fromkeys(readers, -(-options.inputs // len(readers)))).run(options.processes)
    print(report(tallies))
    print(f"seed {options.seed}, {time.monotonic() - began:.0f} s on {options.processes} processes")
    return 1 if any(tally.findings for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
