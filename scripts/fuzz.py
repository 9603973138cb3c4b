"""Break files of every format in many ways, and see that each is read or refused: `make fuzz`.

Every input is made from a seed, its reader's name and its number, so that a finding can be made again:
``python scripts/fuzz.py --only geojson:1234``. Inputs are read in processes of their own, whose death is a finding
too. So are ten seconds of work on one input, and a minute without an answer, which on a busy machine is not the same.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import TextIO

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

WORK_SECONDS, SILENCE_SECONDS, MEMORY_BYTES = 10.0, 60, 1 << 30
# Arrow's own pool reserves address space by the gigabyte, which the limit on memory would take for use.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

# What may become of an input; anything else that `exercise` raises is a finding.
OUTCOMES = ("read", "read, then refused", "refused")
Trial = Callable[[str, int], str]
"""Makes and tries the input of a name and number, and returns what became of it; what it raises is a finding."""


Result = tuple[str, int, str, float, int]
"""Name, number, what became of the input, seconds of CPU, and bytes at the peak; what begins with ! is a finding."""


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
    assert 0 <= area_km2 < np.inf, area_km2
    return "read"


def read(data: bytes) -> Features:
    """Return the features of content as those of a file, and hold what every reader promises of them."""
    features = read_content(data, where="map")
    refuse_bare(features)
    refuse_impossible(features)
    assert len(features.owner) == len(features.polygons)
    assert all(isinstance(own, dict) for own in features.properties)
    for index in (features.owner, features.not_area):
        assert not len(index) or (index.min() >= 0 and index.max() < len(features.properties))
    assert (shapely.get_type_id(features.polygons) == shapely.GeometryType.POLYGON).all()
    xy = shapely.get_coordinates(features.polygons)
    assert np.isfinite(xy).all()
    assert not crs.is_geographic(features.crs) or (np.abs(xy) <= (180.0, 90.0)).all()
    return features


def measure(features: Features) -> float:
    """Return the area of the ground that features cover, km²."""
    projected = to_equal_area(features.polygons, features.crs, crs.DEFAULT_CRS)
    return float(geometry.area_km2(geometry.union(projected)))


def work(told: TextIO, trial: Trial, name: str, numbers: range) -> None:
    """Try inputs, with a limit on memory and on time, and tell what became of each."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))
    for number in numbers:
        began = time.process_time()
        # Their signals end the process, also in the midst of GEOS or GDAL.
        signal.setitimer(signal.ITIMER_PROF, WORK_SECONDS)
        signal.alarm(SILENCE_SECONDS)
        try:
            outcome = trial(name, number)
        except BaseException as error:
            outcome = f"!{type(error).__name__}: {str(error)[:600]}"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps((outcome, time.process_time() - began, peak)), file=told, flush=True)


def run(trial: Trial, numbers: dict[str, int], processes: int, batch: int = 500) -> list[Result]:
    """Try inputs by name and number in processes that are copies of this one, with all that it has loaded."""
    jobs = [(name, range(n, min(n + batch, count))) for name, count in numbers.items() for n in range(0, count, batch)]
    results: list[Result] = []
    running: dict[int, tuple[str, range, TextIO]] = {}
    while jobs or running:
        while jobs and len(running) < processes:
            name, some = jobs.pop(0)
            told = tempfile.TemporaryFile("w+")  # noqa: SIM115 - for as long as the process runs
            if not (pid := os.fork()):
                work(told, trial, name, some)
                os._exit(0)
            running[pid] = name, some, told
        pid, status = os.wait()
        name, some, told = running.pop(pid)
        with told:
            told.seek(0)
            done = told.read().splitlines()
        results += [(name, number, *json.loads(line)) for number, line in zip(some, done, strict=False)]
        if left := some[len(done) :]:
            results.append((name, left[0], f"!the process died: {os.waitstatus_to_exitcode(status)}", 0.0, 0))
            jobs[:0] = [(name, left[1:])] if left[1:] else []
    order = list(numbers)
    return sorted(results, key=lambda result: (order.index(result[0]), result[1]))


def findings(results: Sequence[Result]) -> list[str]:
    """Return a line a finding."""
    return [f"{name}:{number} {told[1:]}" for name, number, told, *_ in results if told.startswith("!")]


def report(results: Sequence[Result], outcomes: Sequence[str] = OUTCOMES) -> str:
    """Return what became of the inputs as a Markdown table, the findings below."""
    heads = ("what", "inputs", *outcomes, "findings", "slowest (s of CPU)", "peak (MB)")
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    for name in dict.fromkeys([*(result[0] for result in results), "all"]):
        _, _, told, seconds, peaks = zip(*(one for one in results if name in (one[0], "all")), strict=True)
        counts = [len(told), *map(told.count, outcomes), sum(outcome.startswith("!") for outcome in told)]
        figures = " | ".join(f"{count:,}" for count in counts)
        lines.append(f"| {name} | {figures} | {max(seconds):.2f} | {max(peaks) / 1e6:,.0f} |")
    return "\n".join([*lines, "", *findings(results)])


def options_of(doc: str | None, inputs: int, readers: Sequence[str]) -> argparse.ArgumentParser:
    """Return the options of a run."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=inputs, help="how many, over all readers [default: %(default)s]")
    parser.add_argument("--seed", type=int, default=1, help="[default: %(default)s]")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="[default: %(default)s]")
    parser.add_argument("--reader", action="append", choices=readers, help="only this reader; may be repeated")
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


def show(
    asked: argparse.Namespace, trial: Trial, numbers: dict[str, int], outcomes: Sequence[str], batch: int = 500
) -> int:
    """Try so many inputs of each name, print what became of them, and return 1 where there are findings."""
    began = time.monotonic()
    results = run(trial, numbers, asked.processes, batch)
    print(report(results, outcomes))
    print(f"seed {asked.seed}, {time.monotonic() - began:.0f} s on {asked.processes} processes\n", flush=True)
    return int(bool(findings(results)))


def shares(asked: argparse.Namespace, readers: Collection[str]) -> dict[str, int]:
    """Return how many inputs each reader gets, of those that are asked for."""
    names = asked.reader or readers
    return dict.fromkeys(names, -(-asked.inputs // len(names)))


def main() -> int:
    """Run from the command line; 1 where there are findings."""
    seeds = all_seeds(Path(os.environ["FRONTCALC_SHARED"]) if "FRONTCALC_SHARED" in os.environ else None)
    asked = options_of(__doc__, 104_000, list(seeds)).parse_args()
    trial = partial(try_input, seeds, asked.seed)
    if asked.only:
        reader, number = asked.only.split(":")
        print(trial(reader, int(number)))
        return 0
    for reader, own in seeds.items():
        # What libraries take once, at their first use, is no input's fault.
        for data in own.files:
            exercise(reader, data)
    return show(asked, trial, shares(asked, seeds), OUTCOMES)


if __name__ == "__main__":
    sys.exit(main())
