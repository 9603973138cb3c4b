"""Time a map of a year as a whole process: it is to take less than five seconds on an idle machine.

python bench/pictures.py            one run
RUNS=5 python bench/pictures.py     the median of five

FRONTCALC_SHARED says where the publishers' archives are, default ../shared.
"""

import statistics
import tempfile
from pathlib import Path

from run import FRONTCALC, RUNS, SHARED, peak_of, run_once

LIMIT_S = 5.0


def main():
    """Print the row, and fail where it is too slow."""
    maps = SHARED / "archives" / "isw-weekly"
    if not maps.is_dir():
        raise SystemExit(f"the publishers' archives are not at {SHARED}: set FRONTCALC_SHARED")
    with tempfile.TemporaryDirectory() as folder:
        command = [*FRONTCALC, "map", "2024", "--archive", str(maps), "-q", "-o", str(Path(folder) / "map.png")]
        # The first run makes what is kept in the cache, matplotlib's list of fonts among it.
        run_once(command, folder)
        seconds = statistics.median(run_once(command, folder) for _ in range(RUNS))
        peak = peak_of(command, folder)
    print(f"{'map of 2024, isw-weekly':32}  {seconds:6.2f} s {peak:5.0f} MiB   (limit {LIMIT_S:g} s)")
    if seconds > LIMIT_S:
        raise SystemExit("too slow")


if __name__ == "__main__":
    main()
