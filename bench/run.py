"""Time frontcalc against the plain GeoPandas scripts, whole processes in turn, and print ratios of medians.

make bench                          one run of each, which takes some ten minutes
make bench RUNS=5                   medians of five
make bench ONLY=deepstate-daily     the rows of an archive, or those of: pair, help

FRONTCALC_SHARED says where the publishers' archives are, default ../shared.

*cold* is a run on maps that were never measured: all that is kept of them is removed before each run. What is kept
of the region file stays, as for a user who measures one archive after the other with it; the row *first run of all*
begins with an empty folder. *warm* is the same command once more. The plain script keeps nothing.
"""

import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from frontcalc.cache import NAME

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("FRONTCALC_SHARED", HERE.parents[1] / "shared"))
REGIONS = SHARED / "regions" / "ukraine-oblasts.geojson"
RUNS = int(os.environ.get("RUNS", "1"))
ONLY = os.environ.get("ONLY", "")
FRONTCALC = [sys.executable, "-m", "frontcalc"]
BY_REGION = ["--regions", str(REGIONS), "--format", "csv"]
OF_REGIONS = ("regions", "zones", "rests")
"""The kinds of entries of frontcalc's cache that are of the region file."""


def run_once(command, cache):
    """Return wall seconds and peak memory (MiB) of one whole process."""
    start = time.perf_counter()
    environment = {**os.environ, "FRONTCALC_CACHE": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode, as GeoPandas has here
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def forget(cache, kept=()):
    """Remove all from a cache folder but some kinds of entries."""
    if not kept:
        for path in cache.iterdir():
            path.unlink()
        return
    with closing(sqlite3.connect(cache / NAME)) as opened, opened:
        marks = ", ".join("?" * len(kept))
        opened.execute(f"DELETE FROM entries WHERE kind NOT IN ({marks})", kept)


def compare(title, ours, plain):
    """Run a command cold and warm and the plain one in turn, and print the medians of each."""
    figures = {kind: [] for kind in ("first run of all", "cold", "warm", "plain GeoPandas")}
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        run_once(ours, cache)  # so that files are in memory for all
        for _ in range(RUNS):
            forget(cache)
            figures["first run of all"].append(run_once(ours, cache))
            forget(cache, OF_REGIONS)
            figures["cold"].append(run_once(ours, cache))
            figures["warm"].append(run_once(ours, cache))
            figures["plain GeoPandas"].append(run_once(plain, cache))
    script = statistics.median(seconds for seconds, _ in figures["plain GeoPandas"])
    for kind, runs in figures.items():
        if runs:
            show(title, kind, runs, script)


def show(title, kind, runs, script=None):
    """Print one row: the median, the highest peak of memory, and how many times faster than the script."""
    seconds, peak = statistics.median(run[0] for run in runs), max(run[1] for run in runs)
    ratio = f"{script / seconds:6.1f}×" if script else ""
    print(f"{title:34} {kind:17} {seconds:7.2f} s {peak:5.0f} MiB {ratio}", flush=True)


def pair():
    """Compare one pair of maps a year apart."""
    maps = SHARED / "archives" / "isw-weekly"
    ends = [str(maps / f"{day}.geojson") for day in ("2022-12-25", "2023-12-31")]
    compare(
        "one pair, isw-weekly",
        [*FRONTCALC, "diff", "2023", "--archive", str(maps), *BY_REGION],
        [sys.executable, str(HERE / "plain_geopandas.py"), *ends, str(REGIONS)],
    )


def series(name):
    """Compare every map of an archive and each change, with as many workers as there are processors."""
    maps = str(SHARED / "archives" / name)
    compare(
        f"series, {name}",
        [*FRONTCALC, "series", "--archive", maps, *BY_REGION],
        [sys.executable, str(HERE / "plain_series.py"), maps, str(REGIONS)],
    )


def start():
    """Time what a command costs before it does anything."""
    with tempfile.TemporaryDirectory() as cache:
        show("--help", "", [run_once([*FRONTCALC, "--help"], cache) for _ in range(max(RUNS, 5))])


ROWS = {
    "help": start,
    "pair": pair,
    "deepstate-daily": lambda: series("deepstate-daily"),
    "nzz-daily": lambda: series("nzz-daily"),
    "isw-weekly": lambda: series("isw-weekly"),
    "isw-raw-daily": lambda: series("isw-raw-daily"),
}


def processor():
    """Return the processor's name, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main():
    """Print the table."""
    if not (SHARED / "archives").is_dir():
        raise SystemExit(f"the publishers' archives are not at {SHARED}: set FRONTCALC_SHARED")
    if ONLY and ONLY not in ROWS:
        raise SystemExit(f"ONLY is {ONLY!r}: give one of {', '.join(ROWS)}")
    print(f"{processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}; ", end="")
    print(f"medians of {RUNS} in turn")
    for name in [ONLY] if ONLY else ROWS:
        ROWS[name]()


if __name__ == "__main__":
    main()
