"""Time the page of two years of weekly maps: under 20 seconds with an empty cache on an idle machine, and 5 MB.

python bench/page.py            one run
RUNS=5 python bench/page.py     the median of five

FRONTCALC_SHARED says where the publishers' archives are, default ../shared.
"""

import statistics
import tempfile
from pathlib import Path

from run import FRONTCALC, RUNS, SHARED, peak_of, run_once

LIMIT_S = 20.0
LIMIT_BYTES = 5_000_000


def page(maps, measure=run_once):
    """Return seconds of making a page with an empty cache, or what else is measured, and the page's size."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.html"
        command = [*FRONTCALC, "report", "2023", "2024", "--archive", str(maps), "-q", "-o", str(target)]
        return measure(command, folder), target.stat().st_size


def main():
    """Print the row, and fail where it is too slow or too large."""
    maps = SHARED / "archives" / "isw-weekly"
    if not maps.is_dir():
        raise SystemExit(f"the publishers' archives are not at {SHARED}: set FRONTCALC_SHARED")
    runs = [page(maps) for _ in range(RUNS)]
    seconds, size = statistics.median(run[0] for run in runs), max(run[1] for run in runs)
    peak, _ = page(maps, peak_of)
    print(
        f"{'page of 2023 and 2024, isw-weekly':32}  {seconds:6.2f} s {peak:5.0f} MiB  {size / 1e6:.2f} MB"
        f"   (limits {LIMIT_S:g} s, {LIMIT_BYTES / 1e6:g} MB)"
    )
    if seconds > LIMIT_S or size > LIMIT_BYTES:
        raise SystemExit("too slow or too large")


if __name__ == "__main__":
    main()
