"""The same bytes of figures whoever measures them, whatever is kept, wherever it runs, in which order files are."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import shapely
from conftest import collection
from local_cluster import Processes

FIRST, DAYS = date(2024, 1, 1), 13
COMMANDS = (("series",), ("diff", "2024-W01", "2024-W02", "2024-01-09..2024-01-11"))
FORMS = ("csv", "json")

# What all commands print, one after the other in one process, which imports everything once.
MAIN = f"""
import os, sys
from frontcalc.cli import run
from frontcalc.run import parallel
parallel.BLOCK = 3
forks, before, *how = sys.argv[1:]
exec(before)
for command in {COMMANDS}:
    for form in {FORMS}:
        code = run([*command, "--format", form, *how], alone=forks == "forks")
        sys.stdout.flush()
        os.write(1, b"exit code %d\\n" % code)
"""
# Folders list their files by another key than their names.
LISTED = """
from contextlib import nullcontext
class Listed(nullcontext):
    def __init__(self, found): super().__init__(self); self.found = iter(found)
    def __iter__(self): return self.found
    def __next__(self): return next(self.found)
scandir, listdir = os.scandir, os.listdir
os.scandir = lambda *where: Listed(sorted(scandir(*where), key=lambda file: key(file.name)))
os.listdir = lambda *where: sorted(listdir(*where), key=key)
"""
BACKWARDS = f"key = lambda name: [-ord(one) for one in name]\n{LISTED}"
MIXED = f"key = hash\n{LISTED}"
UMASK = "os.umask(0o{:o})"


@dataclass(frozen=True)
class Way:
    """One way to the figures: by how many workers, what each of its runs keeps, and where it runs."""

    workers: str = "1"
    forks: bool = False
    kept: bool = False
    runs: int = 1
    before: str = ""
    environment: dict[str, str] = field(default_factory=dict)


WAYS = {
    "two threads, files backwards": Way("2", before=BACKWARDS),
    "four threads, a hash seed, files in no order": Way("4", before=MIXED, environment={"PYTHONHASHSEED": "7"}),
    "two processes, a time zone far west": Way("2", forks=True, environment={"TZ": "WEST+12"}),
    "four processes, a hash seed, files in no order": Way(
        "4", True, before=MIXED, environment={"PYTHONHASHSEED": "42"}
    ),
    "one worker, cold and warm, a time zone far east": Way(kept=True, runs=2, environment={"TZ": "EAST-14"}),
    "four threads, cold and warm, files for nobody": Way("4", kept=True, runs=2, before=UMASK.format(0o777)),
    "two processes, cold and warm, files for all": Way("2", True, kept=True, runs=2, before=UMASK.format(0)),
    "one worker, the locale C": Way(environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "as many workers as there are, a Turkish locale": Way("", True, environment={"LC_ALL": "tr_TR.UTF-8"}),
    "Dask, a hash seed": Way("Dask", environment={"PYTHONHASHSEED": "3"}),
    "Dask, cold and warm": Way("Dask", kept=True, runs=2),
}


def front(day: int, base: float, height: float) -> shapely.Polygon:
    """Return ground under a curved front, which no figure of is round."""
    line = [(36 + at / 10, base + height * math.sin(at / 2 + day / 3) + day % 5 / 50) for at in range(30)]
    return shapely.Polygon([*line, (38.9, 47), (36, 47)])


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Daily maps, one without a layer and one like the day before; their layers overlap."""
    folder = tmp_path_factory.mktemp("determinism") / "maps"
    folder.mkdir()
    for day in range(DAYS):
        shown = 4 if day == 5 else day
        layers = {"control_map": [front(shown, 48, 0.2)], "russian_advances": [front(shown + 1, 48.05, 0.15)]}
        if day == 9:
            del layers["russian_advances"]
        (folder / f"{FIRST + timedelta(days=day)}.geojson").write_text(json.dumps(collection(layers)))
    border = [(37.03, 47.1), (37.71, 49)]
    parts = {
        "West": shapely.Polygon([(35, 49), (35, 47.1), *border]),
        "East": shapely.Polygon([(39, 49), (39, 46.9), *border]),
    }
    regions = collection({name: [shape] for name, shape in parts.items()}, field="name")
    (folder.parent / "regions.geojson").write_text(json.dumps(regions))
    return folder


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Return what starts a scheduler with two workers, once, and tells its address."""
    started: list[Processes] = []

    def of_cluster() -> str:
        if not started:
            started.append(Processes(tmp_path_factory.mktemp("cluster")).__enter__())
            started[0].start_worker("one")
            started[0].start_worker("two")
            started[0].has_workers(2)
        return started[0].address

    yield of_cluster
    for cluster in started:
        cluster.__exit__()


def printed(way: Way, maps: Path, cache: Path | str) -> bytes:
    """Return what all commands print in one run of a way."""
    how = ["--archive", maps, "--regions", maps.parent / "regions.geojson", "--cache", cache]
    how += ["--workers", way.workers] if way.workers else []
    command = [sys.executable, "-c", MAIN, "forks" if way.forks else "", way.before, *map(str, how)]
    environment = os.environ | {"PYTHONHASHSEED": "0", "TZ": "UTC"} | way.environment
    return subprocess.run(command, capture_output=True, check=True, env=environment, timeout=300).stdout


@pytest.fixture(scope="module")
def plain(maps: Path) -> bytes:
    """Return what one worker prints that keeps nothing."""
    figures = printed(Way(), maps, "none")
    assert figures.count(b"exit code 0") == len(COMMANDS) * len(FORMS)
    return figures


@pytest.mark.thorough(
    but=[
        "four processes, a hash seed, files in no order",
        "one worker, cold and warm, a time zone far east",
        "four threads, cold and warm, files for nobody",
        "one worker, the locale C",
    ]
)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_figures_are_the_same_bytes(
    way: Way, maps: Path, plain: bytes, address: Callable[[], str], tmp_path: Path
) -> None:
    if way.workers == "Dask":
        way = replace(way, workers=address())
    for _ in range(way.runs):
        assert printed(way, maps, tmp_path / "cache" if way.kept else "none") == plain
