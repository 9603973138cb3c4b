"""Time frontcalc against the plain GeoPandas script, whole processes in turn, and print ratios of medians.

make bench          (FRONTCALC_SHARED says where the publishers' archives are, default ../shared)
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("FRONTCALC_SHARED", HERE.parents[1] / "shared"))
RUNS = 5


def run_once(command):
    """Return wall seconds and peak memory (MiB) of one whole process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def compare(title, ours, plain):
    """Run two commands in turn and print their medians and the ratio."""
    run_once(ours), run_once(plain)
    pairs = [(run_once(ours), run_once(plain)) for _ in range(RUNS)]
    our_time, plain_time = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
    our_peak, plain_peak = (max(pair[side][1] for pair in pairs) for side in (0, 1))
    print(
        f"{title:32}  {our_time:6.2f} s {our_peak:5.0f} MiB   {plain_time:6.2f} s {plain_peak:5.0f} MiB"
        f"   {plain_time / our_time:5.1f}×"
    )


def main():
    """Print the table."""
    maps, regions = SHARED / "archives" / "isw-weekly", SHARED / "regions" / "ukraine-oblasts.geojson"
    if not maps.is_dir():
        raise SystemExit(f"the publishers' archives are not at {SHARED}: set FRONTCALC_SHARED")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; medians of {RUNS} in turn"
    )
    print(f"{'':32}  {'frontcalc':>17}   {'plain GeoPandas':>17}")
    frontcalc = [str(Path(sys.executable).with_name("frontcalc"))]
    compare(
        "one pair by region, isw-weekly",
        [*frontcalc, "diff", "2023", "--archive", str(maps), "--regions", str(regions), "--format", "csv"],
        [
            sys.executable,
            str(HERE / "plain_geopandas.py"),
            str(maps / "2022-12-25.geojson"),
            str(maps / "2023-12-31.geojson"),
            str(regions),
        ],
    )


if __name__ == "__main__":
    main()
