"""What the system refuses a process: memory, open files, processes, room on a disk; told, or done without."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely
from conftest import Run

from frontcalc import crs

Write = Callable[..., Path]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sets limits as Linux has them")


@pytest.fixture
def maps(archive: Write) -> Path:
    """Forty maps of as many squares, 100 km² each."""
    names = [f"2024-{1 + number // 20:02}-{1 + number % 20:02}" for number in range(40)]
    return archive({name: {None: [(300 + n, 40) for n in range(count + 1)]} for count, name in enumerate(names)})


def limited(limit: str, *command: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell that was limited before."""
    line = ["bash", "-c", f'{limit}; exec "$@"', "bash", sys.executable, "-m", "frontcalc", *map(str, command)]
    own = {**os.environ, "FRONTCALC_CACHE": str(folder / "cache"), **environment}
    return subprocess.run(line, capture_output=True, encoding="utf-8", check=False, cwd=folder, env=own, timeout=100)


@pytest.mark.thorough(but=["diff 2024-01-200", "series --workers 4-300"])
@pytest.mark.parametrize("megabytes", [200, 300, 400])
@pytest.mark.parametrize("command", ["diff 2024-01", "series --workers 4"])
def test_little_memory_ends_with_figures_or_words(maps: Path, tmp_path: Path, command: str, megabytes: int) -> None:
    asked = (*command.split(), "--archive", maps, "--by", "none", "--format", "csv")
    done = limited(f"ulimit -v {megabytes * 1024}", *asked, folder=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    if done.returncode == 0:
        row = list(csv.DictReader(done.stdout.splitlines()))[-1]
        assert row.get("held_km2", row.get("net_km2")) in ("4000.000", "1900.000")
    else:
        assert "memory" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "a fault of" not in done.stderr


@pytest.mark.thorough(but=["250"])
@pytest.mark.parametrize("megabytes", [250, 300])
def test_no_thread_is_begun_where_memory_is_limited(tmp_path: Path, megabytes: int) -> None:
    """One that lacked room for what C keeps for it ended the process with code 127 and no word of ours."""
    done = limited(f"ulimit -v {megabytes * 1024}", "diff", "2024", "--workers", "4", folder=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    assert "ABORT" not in done.stderr


@pytest.mark.thorough(but=["ulimit -n 12", "ulimit -f 0", "unset HOME FRONTCALC_CACHE"])
@pytest.mark.parametrize("limit", ["ulimit -n 20", "ulimit -n 12", "ulimit -f 0", "unset HOME FRONTCALC_CACHE"])
def test_few_files_and_a_full_disk_change_no_figure(maps: Path, tmp_path: Path, limit: str) -> None:
    asked = ("series", "--archive", maps, "--by", "none", "--format", "csv", "--workers", "4")
    done = limited(limit, *asked, folder=tmp_path, TMPDIR="/nowhere")
    assert done.returncode == 0, done.stderr
    assert [row["held_km2"] for row in csv.DictReader(done.stdout.splitlines())][-1] == "4000.000"
    assert "Traceback" not in done.stderr


@pytest.mark.thorough(but=["a.xlsx", "a.csv"])
@pytest.mark.parametrize("name", ["a.xlsx", "a.csv", "a.geojson"])
def test_a_file_that_may_not_grow_is_refused_and_nothing_stays(maps: Path, tmp_path: Path, name: str) -> None:
    done = limited("ulimit -f 0", "diff", "2024-01", "--archive", maps, "--by", "none", "-o", name, folder=tmp_path)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith(f"frontcalc: {name}: cannot be written: file too large; ")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(("a.", ".a"))]


@pytest.mark.thorough(but=["maps/2024-01-01.geojson", "/proc/1/x"])
@pytest.mark.parametrize("cache", ["maps/2024-01-01.geojson", "/dev/null", "/proc/1/x", "x" * 300])
def test_a_cache_that_cannot_be_is_done_without(maps: Path, tmp_path: Path, cache: str) -> None:
    done = limited(":", "diff", "2024-01", "--archive", maps, "--by", "none", folder=tmp_path, FRONTCALC_CACHE=cache)
    assert done.returncode == 0
    assert "nothing can be kept in the cache: " in done.stderr
    assert (tmp_path / "maps/2024-01-01.geojson").read_text().startswith("{")


def test_a_working_folder_that_is_gone(maps: Path, tmp_path: Path) -> None:
    gone = "mkdir gone; cd gone; rmdir ../gone"
    asked = ("diff", "2024-01", "--archive", maps, "--by", "none")
    assert limited(gone, *asked, folder=tmp_path).returncode == 0
    done = limited(gone, *asked, "-o", "a.csv", folder=tmp_path)
    assert (done.returncode, done.stderr.count("a.csv: cannot be written: no such file")) == (3, 1)


@pytest.mark.parametrize("command", ["diff", "series", "held", "summary --every quarter --gross", "sensitivity"])
@pytest.mark.parametrize("box", [(0, 89.9, 10, 89.95), (0, 89.9, 10, 90), (-180, -90, -170, -89), (176, 10, 180, 14)])
def test_every_command_measures_at_a_pole_and_at_the_antimeridian(
    archive: Write, run_here: Run, command: str, box: tuple[float, float, float, float]
) -> None:
    """By the ellipsoid's own integral, whose half was held before."""
    west, south, east, north = box
    half, whole = (shapely.box(west, south, to, north) for to in ((west + east) / 2, east))
    maps = archive({"2024-01-01": {"russian_control": [half]}, "2024-03-31": {"russian_control": [whole]}})
    period = {"diff": ["2024-01-01..2024-03-31"], "sensitivity": ["2024-01-01..2024-03-31"], "held": ["2024-03-31"]}
    asked = (*command.split(), *period.get(command, []), "--archive", maps, "--format", "csv", "--view", "control")
    done = run_here(*asked, *([] if command == "sensitivity" else ["--by", "none"]))
    assert done.returncode == 0, done.stderr
    row = list(csv.DictReader(done.stdout.splitlines()))[0 if command == "sensitivity" else -1]
    expected = crs.exact_area_km2(shapely.get_parts([whole if command == "held" else half]))
    figure = row["held_km2" if command == "held" else "net_km2"]
    assert float(figure) == pytest.approx(expected, abs=0.0015, rel=1e-9)
