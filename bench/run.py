"""Time frontcalc against the plain GeoPandas scripts, whole processes in turn, and print ratios of medians.

make bench                          one run of each, which takes some ten minutes
make bench RUNS=5                   medians of five
make bench ONLY=deepstate-daily     the rows of an archive, or those of: pair, year, start, consensus, or beside-…
make bench BEFORE=../old RUNS=5     this checkout against another with a .venv of its own, in turn

FRONTCALC_SHARED says where the publishers' archives are, default ../shared.

*cold* is a run on maps that were never measured: all that is kept of them is removed before each run. What is kept
of the region file stays, as for a user who measures one archive after the other with it; the row *first run of all*
begins with an empty folder. *warm* is the same command once more. The plain script keeps nothing.

*beside* are commands that give more than figures, on maps that were never measured, beside the series of the same
archive: a page may take twice its time and four seconds, a ledger three times, the others its time and a second.

With BEFORE each row is the processor time and the time on the clock of both checkouts, one run of each after the other:
processor time is what can be compared where other programs run.

Memory is measured in a run of its own, which is not timed: the most that a command and the processes it forks take at
once, what they share counted once (Pss, on Linux; elsewhere the peak of the command's own process).
"""

import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
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
BEFORE = os.environ.get("BEFORE", "")
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


def beside(name, first, second):
    """Time what takes more than figures of an archive beside its series, and say what takes longer than it may."""
    maps = str(SHARED / "archives" / name)
    with tempfile.TemporaryDirectory() as folder:
        cache, picture, page = (Path(folder, file) for file in ("cache", "map.png", "page.html"))
        cache.mkdir()
        rows = {
            "series": (["series"], None),
            f"where {second}": (["where", second], (1, 1)),
            "summary --gross": (["summary", "--gross"], (1, 1)),
            f"map {second}": (["map", second, "-o", str(picture)], (1, 1)),
            f"report {first} {second}": (["report", first, second, "-o", str(page)], (2, 4)),
            "archive check": (["archive", "check", maps], (1, 1)),
            "ledger": (["ledger", "-o", str(Path(folder, "war.parquet"))], (3, 0)),
        }
        figures = {title: [] for title in rows}
        for turn in range(RUNS + 1):  # the first also makes zones and matplotlib's list of fonts
            for title, (command, _) in rows.items():
                given = [] if maps in command else ["--archive", maps]
                seconds = run_once([*FRONTCALC, *command, *given, "-q"], cache)
                figures[title] += [seconds] if turn else []
                forget(cache, OF_REGIONS)
        sizes = {file.name: file.stat().st_size for file in (picture, page)}
    series_s = statistics.median(figures["series"])
    for title, (_, limit) in rows.items():
        seconds, most = statistics.median(figures[title]), limit and limit[0] * series_s + limit[1]
        late = f"  limit {most:.2f} s" + (", too slow" if seconds > most else "") if limit else ""
        print(f"{f'{title}, {name}':34} {'cold':17} {seconds:7.2f} s{late}", flush=True)
    print(" " * 34, ", ".join(f"{file} {size / 1e6:.2f} MB" for file, size in sizes.items()))


def consensus():
    """Time what two archives agree on, which may take three times the series of both in the time that both cover."""
    both = [str(SHARED / "archives" / name) for name in ("isw-weekly", "deepstate-daily")]
    time_of_both = ["--since", "2024-07-08", "--until", "2024-12-29"]
    commands = [["series", "--archive", maps, *time_of_both] for maps in both]
    commands.append(["consensus", "2024-07..2024-12", "--archive", both[0], "--archive", both[1]])
    figures = [[] for _ in commands]
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        for turn in range(RUNS + 1):
            for command, runs in zip(commands, figures, strict=True):
                seconds = run_once([*FRONTCALC, *command, "-q"], cache)
                runs += [seconds] if turn else []
                forget(cache, OF_REGIONS)
    *each, whole = map(statistics.median, figures)
    late = f"limit {3 * sum(each):.2f} s{', too slow' if whole > 3 * sum(each) else ''}"
    print(f"{'consensus, half a year of two':34} {'cold':17} {whole:7.2f} s  {late}", flush=True)


def cpu_of(command, cache):
    """Return the processor time and the wall time (s) of one whole process and those it waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = run_once(command, cache)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def start():
    """Time what a command costs before it does anything, over Python's own start; and how large the wheel is."""
    commands = {"Python": ["-c", "pass"], "import": ["-c", "import frontcalc"], "--help": ["-m", "frontcalc", "--help"]}
    figures = {title: [] for title in commands}
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(max(RUNS, 5)):
            for title, command in commands.items():
                figures[title].append(cpu_of([sys.executable, *command], cache)[0])
        peak = peak_of([*FRONTCALC, "--help"], cache)
    python = statistics.median(figures.pop("Python"))
    for title, runs in figures.items():
        print(
            f"{title:34} {'processor time':17} {statistics.median(runs) - python:7.3f} s over Python's {python:.3f} s"
        )
    print(f"{'':34} {peak:.0f} MiB")
    for wheel in sorted(HERE.parent.glob("dist/*.whl")):
        with zipfile.ZipFile(wheel) as opened:
            unpacked = sum(member.file_size for member in opened.infolist())
        print(f"{wheel.name:34} {wheel.stat().st_size / 1e6:.2f} MB, {unpacked / 1e6:.2f} MB unpacked")


def against(title, ours):
    """Run a command of this checkout and of the one before in turn, cold and warm, and print medians and ratios."""
    checkouts, figures = {"before": Path(BEFORE).resolve(), "now": HERE.parent}, {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(RUNS + 1):
            for which, checkout in list(checkouts.items())[:: 1 if turn % 2 else -1]:
                cache, command = Path(folder, which), [str(checkout / ".venv/bin/python"), "-m", "frontcalc", *ours]
                cache.mkdir(exist_ok=True)
                if turn:
                    forget(cache, OF_REGIONS)
                for kind in ("cold", "warm"):
                    one = cpu_of([*command, "--regions", str(REGIONS), "--format", "csv"], cache)
                    figures.setdefault((kind, which), []).extend([one] * bool(turn))
    for kind in ("cold", "warm"):
        for what, place in (("processor time", 0), ("on the clock", 1)):
            old, new = (statistics.median(one[place] for one in figures[kind, which]) for which in checkouts)
            print(f"{title:34} {kind}, {what:15} {old:7.2f} s before, {new:7.2f} s now, {old / new:5.2f}×", flush=True)


SERIES = ("deepstate-daily", "nzz-daily", "isw-weekly", "isw-raw-daily")
ROWS = {
    "start": start,
    # A year apart, given as files as the script takes them.
    "pair": partial(compare, "one pair of maps, isw-weekly", ["diff", *ENDS], "plain_geopandas.py", ENDS),
    # The same two, found in an archive for a year; maps between them tell what was redefined.
    "year": partial(compare, "one year, isw-weekly", ["diff", "2023", "--archive", ISW], "plain_geopandas.py", ENDS),
    # Every map of an archive and each change, with as many workers as there are processors.
    **{name: partial(series, name) for name in SERIES},
    "beside-isw-weekly": partial(beside, "isw-weekly", "2023", "2024"),
    "beside-deepstate-daily": partial(beside, "deepstate-daily", "2024", "2025"),
    "consensus": consensus,
}
if BEFORE:
    ROWS = {
        name: partial(against, own.args[0], own.args[1]) for name, own in ROWS.items() if name in ("pair", "year")
    } | {
        name: partial(against, f"series, {name}", ["series", "--archive", str(SHARED / "archives" / name)])
        for name in SERIES[:3]
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
