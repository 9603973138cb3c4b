"""Time frontcalc against the plain GeoPandas scripts, whole processes in turn, and print ratios of medians.

make bench                          one run of each, which takes some ten minutes
make bench RUNS=5                   medians of five
make bench ONLY=deepstate-daily     the rows of an archive, or those of: pair, year, help, map, report

FRONTCALC_SHARED says where the publishers' archives are, default ../shared.

*cold* is a run on maps that were never measured: all that is kept of them is removed before each run. What is kept
of the region file stays, as for a user who measures one archive after the other with it; the row *first run of all*
begins with an empty folder. *warm* is the same command once more. The plain script keeps nothing.

Memory is measured in a run of its own, which is not timed: the most that a command and the processes it forks take at
once, what they share counted once (Pss, on Linux; elsewhere the peak of the command's own process).
"""

import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from frontcalc.cache import NAME

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("FRONTCALC_SHARED", HERE.parents[1] / "shared"))
REGIONS = SHARED / "regions" / "ukraine-oblasts.geojson"
ISW = str(SHARED / "archives" / "isw-weekly")
ENDS = [f"{ISW}/{day}.geojson" for day in ("2022-12-25", "2023-12-31")]
RUNS = int(os.environ.get("RUNS", "1"))
ONLY = os.environ.get("ONLY", "")
FRONTCALC = [sys.executable, "-m", "frontcalc"]
OF_REGIONS = ("regions", "zones", "rests")
"""The kinds of entries of frontcalc's cache that are of the region file."""


def started(command, cache):
    """Start one whole process."""
    environment = {**os.environ, "FRONTCALC_CACHE": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode, as GeoPandas has here
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


def run_once(command, cache):
    """Return wall seconds of one whole process."""
    start = time.perf_counter()
    if started(command, cache).wait():
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - start


def peak_of(command, cache):
    """Return the peak of memory (MiB) of one whole process and those it forks."""
    process, peak = started(command, cache), 0.0
    while True:
        # Asked for without waiting, since only this tells the peak where there is no Pss.
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        peak = max(peak, sum(map(proportional_kib, family(process.pid))))
        time.sleep(0.03)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return (peak or usage.ru_maxrss) / 1024


def family(process):
    """Return a process and all that it forked."""
    members = [process]
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            members += [member for child in path.read_text().split() for member in family(int(child))]
    return members


def proportional_kib(process):
    """Return what memory a process has, its share of what others have too (KiB); 0 where the system does not tell."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def forget(cache, kept=()):
    """Remove all from a cache folder but some kinds of entries."""
    if not kept:
        for path in cache.iterdir():
            path.unlink()
        return
    with closing(sqlite3.connect(cache / NAME)) as opened, opened:
        marks = ", ".join("?" * len(kept))
        opened.execute(f"DELETE FROM entries WHERE kind NOT IN ({marks})", kept)


def compare(title, ours, script, maps):
    """Run a command cold and warm and the plain script on the same maps in turn, and print the medians of each."""
    ours = [*FRONTCALC, *ours, "--regions", str(REGIONS), "--format", "csv"]
    plain = [sys.executable, str(HERE / script), *maps, str(REGIONS)]
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
        forget(cache, OF_REGIONS)
        peaks = {"cold": peak_of(ours, cache), "plain GeoPandas": peak_of(plain, cache)}
    slowest = statistics.median(figures["plain GeoPandas"])
    for kind, runs in figures.items():
        show(title, kind, runs, peaks.get(kind), slowest)


def show(title, kind, runs, peak, script=None):
    """Print one row: the median, the peak of memory, and how many times faster than the script."""
    seconds = statistics.median(runs)
    memory = f"{peak:5.0f} MiB" if peak else " " * 9
    ratio = f"{script / seconds:6.1f}×" if script else ""
    print(f"{title:34} {kind:17} {seconds:7.2f} s {memory} {ratio}", flush=True)


def series(name):
    """Compare a series of an archive."""
    maps = str(SHARED / "archives" / name)
    compare(f"series, {name}", ["series", "--archive", maps], "plain_series.py", [maps])


def picture(title, command, name, limit_s, limit_bytes):
    """Time a picture or page of isw-weekly from an empty cache; say the limits, and fail beyond them."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        cache, target = Path(folder, "cache"), Path(folder, name)
        cache.mkdir()
        command = [*FRONTCALC, *command, "--archive", ISW, "-q", "-o", str(target)]
        for _ in range(RUNS + 1):
            figures.append(run_once(command, cache))
            forget(cache)
        del figures[0]  # which also makes matplotlib's list of fonts
        show(title, "", figures, peak_of(command, cache))
        seconds, size = statistics.median(figures), target.stat().st_size
    print(f"{'':34} {size / 1e6:.2f} MB; limits {limit_s:g} s, {limit_bytes / 1e6:g} MB")
    if seconds > limit_s or size > limit_bytes:
        raise SystemExit("too slow or too large")


def start():
    """Time what a command costs before it does anything."""
    with tempfile.TemporaryDirectory() as cache:
        command = [*FRONTCALC, "--help"]
        show("--help", "", [run_once(command, cache) for _ in range(max(RUNS, 5))], peak_of(command, cache))


ROWS = {
    "help": start,
    # A year apart, given as files as the script takes them.
    "pair": partial(compare, "one pair of maps, isw-weekly", ["diff", *ENDS], "plain_geopandas.py", ENDS),
    # The same two, found in an archive for a year; maps between them tell what was redefined.
    "year": partial(compare, "one year, isw-weekly", ["diff", "2023", "--archive", ISW], "plain_geopandas.py", ENDS),
    # Every map of an archive and each change, with as many workers as there are processors.
    **{name: partial(series, name) for name in ("deepstate-daily", "nzz-daily", "isw-weekly", "isw-raw-daily")},
    "map": partial(picture, "map of 2024, isw-weekly", ["map", "2024"], "map.png", 5, 5e6),
    "report": partial(picture, "page of 2023 and 2024, isw-weekly", ["report", "2023", "2024"], "page.html", 20, 5e6),
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
