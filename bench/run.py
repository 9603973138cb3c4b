"""Time frontcalc against the plain GeoPandas scripts, whole processes in turn, and print ratios of medians.

make bench                          one run of each, which takes some ten minutes
make bench RUNS=5                   medians of five
make bench ONLY=deepstate-daily     one of the rows

FRONTCALC_SHARED says where the publishers' archives are, default ../shared.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("FRONTCALC_SHARED", HERE.parents[1] / "shared"))
REGIONS = SHARED / "regions" / "ukraine-oblasts.geojson"
RUNS = int(os.environ.get("RUNS", "1"))
ONLY = os.environ.get("ONLY", "")
FRONTCALC = [sys.executable, "-m", "frontcalc"]
SERIES = ("deepstate-daily", "nzz-daily", "isw-weekly", "isw-raw-daily")


def run_once(command, cache):
    """Return wall seconds and peak memory (MiB) of one whole process."""
    start = time.perf_counter()
    environment = {**os.environ, "FRONTCALC_CACHE": cache}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def compare(title, ours, plain):
    """Run two commands in turn and print their medians and the ratio."""
    with tempfile.TemporaryDirectory() as cache:
        # The first pair finds files on disk, and makes the zones of snapping once, as for a user.
        run_once(ours, cache)
        pairs = [(run_once(ours, cache), run_once(plain, cache)) for _ in range(RUNS)]
    our_time, plain_time = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
    our_peak, plain_peak = (max(pair[side][1] for pair in pairs) for side in (0, 1))
    print(
        f"{title:32}  {our_time:6.2f} s {our_peak:5.0f} MiB   {plain_time:6.2f} s {plain_peak:5.0f} MiB"
        f"   {plain_time / our_time:5.1f}×",
        flush=True,
    )


def pair():
    """Compare one pair of maps a year apart."""
    maps = SHARED / "archives" / "isw-weekly"
    ends = [str(maps / f"{day}.geojson") for day in ("2022-12-25", "2023-12-31")]
    compare(
        "one pair by region, isw-weekly",
        [*FRONTCALC, "diff", "2023", "--archive", str(maps), "--regions", str(REGIONS), "--format", "csv"],
        [sys.executable, str(HERE / "plain_geopandas.py"), *ends, str(REGIONS)],
    )


def series(name):
    """Compare every map of an archive and each change."""
    maps = str(SHARED / "archives" / name)
    compare(
        f"series by region, {name}",
        [*FRONTCALC, "series", "--archive", maps, "--regions", str(REGIONS), "--format", "csv"],
        [sys.executable, str(HERE / "plain_series.py"), maps, str(REGIONS)],
    )


def main():
    """Print the table."""
    if not (SHARED / "archives").is_dir():
        raise SystemExit(f"the publishers' archives are not at {SHARED}: set FRONTCALC_SHARED")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; medians of {RUNS} in turn"
    )
    print(f"{'':32}  {'frontcalc':>17}   {'plain GeoPandas':>17}")
    if ONLY in ("", "pair"):
        pair()
    for name in SERIES:
        if ONLY in ("", name):
            series(name)


if __name__ == "__main__":
    main()
