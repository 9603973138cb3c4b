"""Measure how cost grows with maps, vertices and regions, to ten times the largest archive of today: `make scale`.

make scale                  all of it, a quarter of an hour
make scale SIZE=0.5         to a twentieth of that, in a minute
make scale ROWS=mine.csv    rows in a file of one's own

Each measurement is a whole process on a synthetic archive (`scripts/make_archive.py`), which is removed afterwards, and
a row of build/scale.csv. Rows that are there are not measured again, so that a run that was stopped goes on. At the end
come the tables of docs/scale.md, with exponents by least squares on logarithms.
"""

import csv
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from run import FRONTCALC, OF_REGIONS, forget, started

ROOT = Path(__file__).resolve().parents[1]
ROWS = Path(os.environ.get("ROWS") or ROOT / "build" / "scale.csv")
SIZE = float(os.environ.get("SIZE") or 10)

MOST_MAPS, MOST_VERTICES = 1641, 63_343  # today: NZZ's daily maps, and one of ISW's at full resolution
FEW, MORE = 2, {"all": 22, "one": 102}  # maps, which tell by rows what a map costs from what a run costs
STATES = ("cold", "warm")  # with an empty cache, by regions with what it has of them, and once more
# What a run has that grows along another axis; `rows` is `all`, or `one` where one of the regions is shown.
USUAL = {"axis": "", "maps": 16, "vertices": 3000, "regions": 27, "drawn": "edited", "rows": "all"}
POINT = list(USUAL)
GROWING = {"maps": "maps", "vertices": "vertices", "redrawn maps": "maps", "redrawn vertices": "vertices"}
ASKED_MAPS, ASKED_REGIONS = 100_000, 50_000


def grid(most, fewest, points):
    """Return sizes from a few to `SIZE` times today's largest, evenly on a scale of logarithms."""
    largest = max(most * SIZE, 2.0)
    return sorted({round(size) for size in np.geomspace(min(fewest, largest / 4), largest, points)})


def plan():
    """Return all points to measure, small ones first."""
    points = [{"axis": "start", "maps": 2, "vertices": 600}]
    points += [{"axis": "maps", "maps": maps} for maps in grid(MOST_MAPS, 250, 4)]
    points += [{"axis": "vertices", "vertices": vertices} for vertices in grid(MOST_VERTICES, 8000, 5)]
    for regions in grid(5000, 50, 4):
        for rows in ("all", "one"):
            mine = {"axis": "regions", "regions": regions, "rows": rows}
            points += [{**mine, "maps": maps} for maps in (FEW, MORE[rows])]
    points += [{"axis": "redrawn maps", "maps": maps, "drawn": "redrawn"} for maps in grid(15, 10, 3)]
    for vertices in dict.fromkeys(max(size, 800) for size in grid(3000, 3200, 3)):
        points.append({"axis": "redrawn vertices", "maps": 4, "vertices": vertices, "drawn": "redrawn"})
    return [{**USUAL, **point} for point in points]


def measure(point):
    """Yield a point's rows, cold and warm: processor and wall seconds, peak of the process and size of the maps."""
    described = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+"]
    commit = subprocess.run(described, capture_output=True, text=True).stdout.strip() or "unknown"
    with tempfile.TemporaryDirectory() as temporary:
        maps, regions = Path(temporary, "maps"), Path(temporary, "regions.geojson")
        sizes = ["--maps", str(point["maps"]), "--vertices", str(point["vertices"]), "--count", str(point["regions"])]
        sizes += ["--redrawn"] if point["drawn"] == "redrawn" else []
        make = [sys.executable, ROOT / "scripts" / "make_archive.py", "-o", maps, "--regions", regions, *sizes]
        subprocess.run(make, check=True)
        size, cache = sum(path.stat().st_size for path in maps.iterdir()) / 2**20, Path(temporary, "cache")
        # What is fitted are differences of runs: of short ones of the medians of three.
        by_region = point["axis"] == "regions"
        costs = {"first": [run(point, maps, regions, cache)]} if by_region else {}
        for _ in range(3 if point["maps"] <= max(MORE.values()) else 1):
            for state in STATES:
                if state == "cold" and cache.exists():
                    forget(cache, OF_REGIONS if by_region else ())
                costs.setdefault(state, []).append(run(point, maps, regions, cache))
        for state, runs in costs.items():
            cpu, wall, peak = np.median(runs, axis=0).round(3).tolist()
            figures = {"cpu_s": cpu, "wall_s": wall, "peak_mib": round(peak, 1)}
            yield {**point, "state": state, **figures, "archive_mib": round(size, 2), "commit": commit}


def run(point, maps, regions, cache):
    """Return processor and wall seconds and peak memory (MiB) of a series by region, a whole process."""
    options = ("--format", "csv", "--quiet", "--workers", "1")
    command = [*FRONTCALC, "series", "--archive", maps, "--regions", regions, *options]
    if point["rows"] == "one":
        command += ["--only", "Region 000001"]
    start = time.perf_counter()
    process = started(command, cache)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024


def exponent(sizes, costs):
    """Return the slope of a line through logarithms by least squares, and the largest ratio to it."""
    x, y = np.log(sizes), np.log(np.maximum(costs, 1e-4))
    slope, level = np.polyfit(x, y, 1)
    return slope, float(np.exp(np.abs(y - slope * x - level).max()))


def table(head, rows):
    """Print a table in Markdown."""
    print("", "| " + " | ".join(head) + " |", "|" + "---|" * len(head), sep="\n")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def report(found):
    """Print what was measured and fitted, a row a point and state."""
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end="; ")
    print("commit", ", ".join(sorted(found["commit"].unique())))
    head = ("axis", "maps", "vertices", "regions", "rows", "MiB", "cold s", "warm s", "cold peak MiB", "warm peak MiB")
    table(head, points(found))
    table(("axis", "cost", "from", "to", "exponent", "farthest from the line"), fitted(found))
    costs = by_regions(found)
    each = [(state, rows) for state in STATES for rows in ("all", "one")]
    names = ("cold, all rows", "cold, one row", "warm, all rows", "warm, one row")
    rows = []
    for regions, once in costs["once", "cold", "one"].items():
        milliseconds = (costs["a map", *one][regions] * 1000 for one in each)
        rows.append((f"{regions:,}", f"{once:.2f}", *(f"{cost:.1f}" for cost in milliseconds)))
    table(("regions", "read once, s", *(f"a map, ms: {name}" for name in names)), rows)
    print(f"\n{ASKED_MAPS:,} maps of {USUAL['vertices']:,} vertices by {ASKED_REGIONS:,} regions, extrapolated:")
    table(("workers", "hours, all rows", "hours, one region's rows"), projected(costs))


def points(found):
    """Yield the table of measurements, a point a row."""
    for point, both in found.groupby(POINT, sort=False):
        cold, warm = (both[both["state"] == state].iloc[0] for state in STATES)
        axis, maps, vertices, regions, _, rows = point
        costs = (f"{cold['archive_mib']:,.1f}", f"{cold['cpu_s']:.1f}", f"{warm['cpu_s']:.1f}")
        peaks = (f"{cold['peak_mib']:.0f}", f"{warm['peak_mib']:.0f}")
        yield axis, f"{maps:,}", f"{vertices:,}", f"{regions:,}", rows, *costs, *peaks


def fitted(found):
    """Yield the exponents along each axis, of what a run costs beyond its start."""
    for axis, size in GROWING.items():
        for state in STATES:
            mine = found[found["state"] == state]
            start = mine[mine["axis"] == "start"].iloc[0]
            rows = mine[mine["axis"] == axis].sort_values(size)
            sizes = rows[size].to_numpy()
            for cost in ("cpu_s", "peak_mib") if len(rows) > 1 else ():
                slope, off = exponent(sizes, rows[cost] - start[cost])
                yield axis, f"{cost}, {state}", f"{sizes[0]:,}", f"{sizes[-1]:,}", f"{slope:.2f}", f"{off:.2f}×"
    for kind, costs in by_regions(found).items():
        (fewest, *_, most), (slope, off) = costs.index, exponent(costs.index, costs)
        yield "regions", ", ".join(kind), f"{fewest:,}", f"{most:,}", f"{slope:.2f}", f"{off:.2f}×"


def by_regions(found):
    """Return what a set of regions costs (s) by its size: once or a map, cold or warm, with all rows or with one."""
    seconds = found[found["axis"] == "regions"].pivot_table("cpu_s", "regions", ["maps", "state", "rows"])
    costs = {}
    for rows, more in MORE.items():
        costs["once", "cold", rows] = seconds[FEW, "first", rows] - seconds[FEW, "cold", rows]
        for state in STATES:
            costs["a map", state, rows] = (seconds[more, state, rows] - seconds[FEW, state, rows]) / (more - FEW)
    return costs


def projected(costs):
    """Yield the hours that a history too large to measure would take, by workers: all rows, and one region's.

    A warm run is what one process does whoever measures the steps: it looks up maps and makes rows. What a cold one
    does beyond that, workers share.
    """
    asked = {kind: at(seconds, ASKED_REGIONS) for kind, seconds in costs.items()}
    for workers in (1, 8, 64, 512):
        hours = []
        for rows in ("all", "one"):
            cold, warm = asked["a map", "cold", rows], asked["a map", "warm", rows]
            each = warm + max(0.0, cold - warm) / workers
            hours.append((asked["once", "cold", rows] + ASKED_MAPS * each) / 3600)
        yield f"{workers}", *(f"{figure:.1f}" for figure in hours)


def at(costs, regions):
    """Return a cost at a number of regions: as measured, else by the two largest sets that were."""
    if regions in costs.index:
        return max(0.0, costs[regions])
    sizes = costs.index[-2:]
    levels = np.log(np.maximum(costs[sizes], 1e-4)).to_numpy()
    slope = (levels[1] - levels[0]) / np.log(sizes[1] / sizes[0])
    return float(np.exp(levels[1] + slope * np.log(regions / sizes[1])))


def main():
    """Measure what is missing and print all."""
    wanted, there = plan(), set()
    ROWS.parent.mkdir(parents=True, exist_ok=True)
    with ROWS.open("a+", newline="", encoding="utf-8") as file:
        file.seek(0)
        for row in csv.DictReader(file):
            there.add(tuple(row[name] for name in (*POINT, "state")))
        for number, point in enumerate(wanted, 1):
            if all((*map(str, point.values()), state) in there for state in STATES):
                continue
            for row in measure(point):
                writer = csv.DictWriter(file, row)
                if not file.tell():
                    writer.writeheader()
                writer.writerow(row)
                file.flush()
                print(f"{number}/{len(wanted)} {row}", file=sys.stderr, flush=True)
    import pandas as pd  # not before: a process that is started counts what this one takes as its own peak

    last = pd.read_csv(ROWS).drop_duplicates([*POINT, "state"], keep="last")
    report(pd.DataFrame(wanted).merge(last, on=POINT))


if __name__ == "__main__":
    main()
