"""Measure how cost grows with maps, vertices and regions, to ten times the largest archive of today: `make scale`.

make scale                  all of it, a quarter of an hour
make scale SIZE=0.5         to a twentieth of that, in a minute
make scale ROWS=mine.csv    rows in a file of one's own

Each measurement is a whole process on a synthetic archive (`scripts/make_archive.py`), which is removed afterwards, and
a row of build/scale.csv. Rows that are there are not measured again, so that a run that was stopped goes on. At the end
come the tables of docs/scale.md, with exponents by least squares on logarithms.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, fields
from operator import attrgetter
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
ROWS = Path(os.environ.get("ROWS") or ROOT / "build" / "scale.csv")
SIZE = float(os.environ.get("SIZE") or 10)
FRONTCALC = [sys.executable, "-m", "frontcalc"]

MOST_MAPS, MOST_VERTICES = 1641, 63_343  # today: NZZ's daily maps, and one of ISW's at full resolution
MAPS, VERTICES, REGIONS = 16, 3000, 27  # of a run that grows along another axis
FEW, MORE = 2, 22  # maps, which tell what a map costs from what the regions cost once
STATES = ("cold", "warm")  # with an empty cache, and once more


@dataclass(frozen=True)
class Point:
    """One archive to measure; `rows` is `all`, or `one` where a single region is shown though all are measured."""

    axis: str
    maps: int = MAPS
    vertices: int = VERTICES
    regions: int = REGIONS
    drawn: str = "edited"
    rows: str = "all"


@dataclass(frozen=True)
class Measurement(Point):
    """What a point cost: processor seconds, wall seconds, peak memory of the process (MiB), bytes of the maps."""

    state: str = ""
    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_mib: float = 0.0
    archive_mib: float = 0.0
    commit: str = ""

    @property
    def point(self):
        """What was measured, without what it cost."""
        return Point(**{field.name: getattr(self, field.name) for field in fields(Point)})


def grid(most, fewest, points):
    """Return sizes from a few to `SIZE` times today's largest, evenly on a scale of logarithms."""
    largest = max(most * SIZE, 2.0)
    return sorted({round(size) for size in np.geomspace(min(fewest, largest / 4), largest, points)})


def plan():
    """Return all points, small ones first."""
    points = [Point("start", maps=2, vertices=600)]
    points += [Point("maps", maps=maps) for maps in grid(MOST_MAPS, 250, 4)]
    points += [Point("vertices", vertices=vertices) for vertices in grid(MOST_VERTICES, 8000, 5)]
    for regions in grid(5000, 50, 4):
        for rows in ("all", "one"):
            points += [Point("regions", maps=maps, regions=regions, rows=rows) for maps in (FEW, MORE)]
    points += [Point("redrawn maps", maps=maps, drawn="redrawn") for maps in grid(15, 10, 3)]
    redrawn = [max(v, 800) for v in grid(3000, 3200, 3)]
    points += [Point("redrawn vertices", maps=4, vertices=v, drawn="redrawn") for v in dict.fromkeys(redrawn)]
    return points


def make(point, folder):
    """Write the archive and the regions of a point and return their paths."""
    maps, regions = folder / "maps", folder / "regions.geojson"
    sizes = ["--maps", str(point.maps), "--vertices", str(point.vertices)]
    sizes += ["--redrawn"] if point.drawn == "redrawn" else []
    scripts = ROOT / "scripts"
    subprocess.run([sys.executable, scripts / "make_archive.py", "-o", maps, *sizes], check=True)
    subprocess.run(
        [sys.executable, scripts / "make_regions.py", "-o", regions, "--count", str(point.regions)], check=True
    )
    return maps, regions


def run(point, maps, regions, cache):
    """Return processor and wall seconds and peak memory (MiB) of a series by region, a whole process."""
    options = ("--format", "csv", "--quiet", "--workers", "1")
    command = [*FRONTCALC, "series", "--archive", maps, "--regions", regions, *options]
    if point.rows == "one":
        command += ["--only", "Region 000001"]
    start = time.perf_counter()
    environment = {**os.environ, "FRONTCALC_CACHE": str(cache)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024


def commit():
    """Return the commit that is measured, + where files differ from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip() or "unknown"


def measure(point):
    """Yield a point's measurements, cold and warm."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        maps, regions = make(point, folder)
        size = sum(path.stat().st_size for path in maps.iterdir()) / 2**20
        for state in STATES:
            cpu, wall, peak = run(point, maps, regions, folder / "cache")
            figures = (round(cpu, 3), round(wall, 3), round(peak, 1), round(size, 2))
            yield Measurement(**asdict(point), **dict(zip(FIGURES, figures, strict=True)), state=state, commit=commit())


FIGURES = ("cpu_s", "wall_s", "peak_mib", "archive_mib")


def read():
    """Return the measurements in the file, if any."""
    return [Measurement(**row) for row in pd.read_csv(ROWS).to_dict("records")] if ROWS.is_file() else []


def append(measurement):
    """Add a measurement to the file."""
    ROWS.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([asdict(measurement)]).to_csv(ROWS, mode="a", header=not ROWS.is_file(), index=False)


def exponent(sizes, costs):
    """Return the slope of a line through logarithms by least squares, and the largest ratio to it."""
    x, y = np.log(sizes), np.log(np.maximum(costs, 1e-3))
    slope, level = np.polyfit(x, y, 1)
    return slope, float(np.exp(np.abs(y - slope * x - level).max()))


def table(head, rows):
    """Print a table in Markdown."""
    print("", "| " + " | ".join(head) + " |", "|" + "---|" * len(head), sep="\n")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def report(found):
    """Print what was measured and fitted."""
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end="; ")
    print("commit", ", ".join(sorted({row.commit for row in found})))
    head = ("axis", "maps", "vertices", "regions", "rows", "MiB", "cold s", "warm s", "cold peak MiB", "warm peak MiB")
    by_point = {}
    for row in found:
        by_point.setdefault(row.point, {})[row.state] = row
    table(head, (cells(point, states) for point, states in by_point.items() if len(states) == len(STATES)))
    table(("axis", "cost", "from", "to", "exponent", "farthest from the line"), fitted(found))
    each = ("cold, all rows", "cold, one row", "warm, all rows", "warm, one row")
    table(("regions", "read once, s", *(f"a map, ms: {which}" for which in each)), by_regions(found))
    if any(row.axis == "regions" for row in found):
        print(f"\n{ASKED_MAPS:,} maps of {VERTICES:,} vertices by {ASKED_REGIONS:,} regions, extrapolated:")
        table(("workers", "hours, all rows", "hours, one region's rows"), projected(found))


def cells(point, states):
    """Return one row of the table of measurements."""
    cold, warm = states["cold"], states["warm"]
    sizes = (f"{size:,}" for size in (point.maps, point.vertices, point.regions))
    costs = (f"{cold.archive_mib:,.1f}", f"{cold.cpu_s:.1f}", f"{warm.cpu_s:.1f}")
    return point.axis, *sizes, point.rows, *costs, f"{cold.peak_mib:.0f}", f"{warm.peak_mib:.0f}"


GROWING = {"maps": "maps", "vertices": "vertices", "redrawn maps": "maps", "redrawn vertices": "vertices"}


def fitted(found):
    """Yield the exponents along each axis, of what a run costs beyond its start."""
    start = {row.state: row for row in found if row.axis == "start"}
    for axis, size in GROWING.items():
        for state in STATES:
            mine = (row for row in found if (row.axis, row.state) == (axis, state))
            rows = sorted(mine, key=attrgetter(size))
            for cost in ("cpu_s", "peak_mib") if len(rows) > 1 else ():
                sizes = [getattr(row, size) for row in rows]
                slope, off = exponent(sizes, [getattr(row, cost) - getattr(start[state], cost) for row in rows])
                yield axis, f"{cost}, {state}", f"{sizes[0]:,}", f"{sizes[-1]:,}", f"{slope:.2f}", f"{off:.2f}×"


def per_map(found, state, rows):
    """Return what a set of regions costs once and for each map (s), by the number of regions."""
    mine = [row for row in found if (row.axis, row.state, row.rows) == ("regions", state, rows)]
    cost = {(row.regions, row.maps): row.cpu_s for row in mine}
    both = [regions for regions, maps in cost if maps == FEW and (regions, MORE) in cost]
    each = {regions: (cost[regions, MORE] - cost[regions, FEW]) / (MORE - FEW) for regions in both}
    return {regions: (cost[regions, FEW] - FEW * seconds, seconds) for regions, seconds in each.items()}


def by_regions(found):
    """Yield what a set of regions costs once and for each map, with all rows and with one."""
    costs = {(state, rows): per_map(found, state, rows) for state in STATES for rows in ("all", "one")}
    for regions, (once, _) in costs["cold", "one"].items():
        each = [by_number[regions][1] * 1000 for by_number in costs.values() if regions in by_number]
        yield f"{regions:,}", f"{once:.2f}", *(f"{milliseconds:.1f}" for milliseconds in each)


ASKED_MAPS, ASKED_REGIONS = 100_000, 50_000


def projected(found):
    """Yield the hours that a history too large to measure would take, by workers: all rows, and one region's.

    A warm run is what one process does whoever measures the steps: it looks up maps and makes rows. What a cold one
    does beyond that, workers share.
    """
    for workers in (1, 8, 64, 512):
        hours = []
        for rows in ("all", "one"):
            warm, cold = (at(per_map(found, state, rows), ASKED_REGIONS) for state in ("warm", "cold"))
            each = warm[1] + max(0.0, cold[1] - warm[1]) / workers
            hours.append((cold[0] + ASKED_MAPS * each) / 3600)
        yield f"{workers}", *(f"{figure:.1f}" for figure in hours)


def at(costs, regions):
    """Return costs (once, a map) at a number of regions: as measured, else by the two largest sets that were."""
    if regions in costs:
        return [max(0.0, cost) for cost in costs[regions]]
    two = sorted(costs)[-2:]
    levels = np.log(np.maximum([costs[size] for size in two], 1e-4))
    slopes = (levels[1] - levels[0]) / np.log(two[1] / two[0])
    return np.exp(levels[1] + slopes * np.log(regions / two[1]))


def main():
    """Measure what is missing and print all."""
    found = read()
    wanted = plan()
    for number, point in enumerate(wanted, 1):
        if sum(row.point == point for row in found) == len(STATES):
            continue
        for measurement in measure(point):
            append(measurement)
            print(f"{number}/{len(wanted)} {measurement}", file=sys.stderr, flush=True)
    report([row for row in read() if row.point in set(wanted)])


if __name__ == "__main__":
    main()
