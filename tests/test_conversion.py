"""Archives converted to tidy files read back to the same figures."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import square

import frontcalc
from frontcalc import atomic
from frontcalc.errors import DataError, UsageError

Write = Callable[..., Path]
TARGETS = ["maps.parquet", "maps.geojson", "folder"]


@pytest.fixture
def maps(archive: Write) -> Path:
    """Known layers, one without geometry, and one that only the archive explains."""
    folder = archive(
        {
            "2024-01-01": {"control_map": [(300, 40)], "russian_advances": [None], "Zone A": [(310, 40)]},
            "2024-01-08": {
                "control_map": [(300, 40), (301, 40)],
                "russian_advances": [(301, 40)],
                "Zone A": [(310, 40)],
            },
        },
        name="source",
    )
    (folder / "frontcalc.toml").write_text('[layers]\n"Zone A" = { actor = "Atlantis", role = "control" }\n')
    return folder


def figures(archive: Path, **options: object) -> list[tuple[str, float | None, float | None]]:
    table = frontcalc.diff(["2024-01-01..2024-01-08"], archive=archive, by="none", **options)  # type: ignore[arg-type]
    return [(row.actor, row.opening_km2, row.gained_km2) for row in table.rows]


@pytest.mark.parametrize("target", TARGETS)
def test_figures_survive(target: str, maps: Path, tmp_path: Path) -> None:
    files = frontcalc.convert(tmp_path / target, archive=maps)
    assert len(files) == (2 if target == "folder" else 1)
    for options in ({}, {"view": "control"}, {"view": "control", "actor": "Atlantis"}):
        before, after = figures(maps, **options), figures(tmp_path / target, **options)
        assert [row[0] for row in after] == [row[0] for row in before]
        for there, back in zip(before, after, strict=True):
            assert back[1:] == pytest.approx(there[1:], abs=1e-3)


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_archive_gives_the_same_bytes(target: str, maps: Path, tmp_path: Path) -> None:
    there = frontcalc.convert(tmp_path / "a" / target if target == "folder" else tmp_path / f"a-{target}", archive=maps)
    back = frontcalc.convert(tmp_path / "b" / target if target == "folder" else tmp_path / f"b-{target}", archive=maps)
    assert [file.read_bytes() for file in there] == [file.read_bytes() for file in back]


def test_what_is_written_is_valid(tmp_path: Path, archive: Write) -> None:
    bow_tie = square(300, 40)
    west, south, east, north = bow_tie.bounds
    crossed = type(bow_tie)([(west, south), (east, north), (east, south), (west, north)])
    folder = archive({"2024-01-01": {"control_map": [crossed]}}, name="source")
    (file,) = frontcalc.convert(tmp_path / "maps.geojson", archive=folder)
    (feature,) = json.loads(file.read_text())["features"]
    assert feature["properties"] == {"date": "2024-01-01", "layer": "control_map", "actor": "Russia", "role": "control"}
    assert len(feature["geometry"]["coordinates"]) == 2
    row = frontcalc.held(["2024-01-01"], archive=file, view="control").rows[-1]
    assert row.held_km2 == pytest.approx(50.0, abs=1e-3)


def test_a_folder_that_is_not_empty_is_left_alone(maps: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="full: is no empty folder; name a new folder"):
        frontcalc.convert(tmp_path / "full", archive=maps)


CONVERT = """
import resource, signal, sys
if limit := int(sys.argv[3]):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
import frontcalc
frontcalc.convert(sys.argv[1], archive=sys.argv[2])
"""


@pytest.fixture
def many(archive: Write) -> Path:
    """An archive of 60 maps, the last far larger than the others."""
    days = [str(date(2024, 1, 1) + timedelta(days=number)) for number in range(60)]
    places = {day: {"control_map": [(300, 40)]} for day in days}
    places[days[-1]] = {"control_map": [(300 + 2 * number, 40) for number in range(90)]}
    return archive(places, name="many")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("is_there", [False, True])
def test_a_conversion_that_is_killed_leaves_nothing_that_looks_whole(
    is_there: bool, many: Path, tmp_path: Path
) -> None:
    out, whole = tmp_path / "place" / "out", frontcalc.convert(tmp_path / "whole", archive=many)
    out.parent.mkdir()
    if is_there:
        out.mkdir(mode=0o750)
    delays, caught = random.Random(25), 0
    for _ in range(5):
        command = [sys.executable, "-c", CONVERT, str(out), str(many), "0"]
        with subprocess.Popen(command) as running:
            while running.poll() is None and not any(out.parent.glob(".out.*/*.geojson")):
                time.sleep(0.001)
            time.sleep(delays.uniform(0, 0.2))
            running.kill()
        caught += bool(list(out.parent.glob(".out.*")))
        if out.exists() and names(out):  # it was done before it was killed
            assert names(out) == [path.name for path in whole]
            shutil.rmtree(out)
    files = frontcalc.convert(out, archive=many)
    assert [file.read_bytes() for file in files] == [file.read_bytes() for file in whole]
    assert caught
    assert names(out.parent) == ["out"]  # what was left went with the next run


def test_what_other_runs_write_and_what_is_not_left_by_any_stays(maps: Path, tmp_path: Path) -> None:
    left, running, others = (
        tmp_path / f".out.{name}" for name in ("abcd1234.unfinished", "efgh5678.unfinished", "mine")
    )
    for folder in (left, running, others):
        folder.mkdir()
        (folder / "2024-01-01.geojson").write_text("half")
    with atomic.alone(running) as free:
        assert free
        frontcalc.convert(tmp_path / "out", archive=maps)
    assert names(tmp_path) == [running.name, others.name, "out", "source"]


def test_a_folder_has_the_permissions_that_it_had_or_those_of_new_folders(maps: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o750)
    mask = os.umask(0o027)
    try:
        for name in ("there", "new"):
            frontcalc.convert(tmp_path / name, archive=maps)
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o750
    finally:
        os.umask(mask)


def test_a_disk_that_is_full_half_way_leaves_nothing(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "place" / "out"
    command = [sys.executable, "-B", "-c", CONVERT, str(out), str(many), "10000"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"{out}: cannot be written: file too large; give another place with -o" in done.stderr
    assert names(out.parent) == []


@pytest.mark.parametrize("written", [0, 1])
def test_an_error_of_any_map_leaves_nothing(
    written: int, maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, calls = os.fsync, iter([*[None] * written, errno.ENOSPC])

    def full(descriptor: int) -> None:
        if code := next(calls):
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DataError, match="out: cannot be written: no space left on device"):
        frontcalc.convert(tmp_path / "out", archive=maps)
    assert names(tmp_path) == ["source"]


def test_the_working_folder_is_no_place_for_a_folder(
    maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(UsageError, match=r"^\.: is the working folder; name a new folder"):
        frontcalc.convert(".", archive=maps)
    assert [file.parent.name for file in frontcalc.convert("in it", archive=maps)] == ["in it", "in it"]


@pytest.mark.thorough(but=["isw-shapefile-zips-maps.parquet"])
@pytest.mark.shared
@pytest.mark.parametrize("target", ["maps.parquet", "maps.geojson"])
@pytest.mark.parametrize("name", ["isw-weekly", "isw-raw-daily", "isw-shapefile-zips", "isw-weekly-topojson"])
def test_real_archives_read_back_to_the_same_figures(name: str, target: str, shared: Path, tmp_path: Path) -> None:
    """Of the raw archive (77 MB) every third map is converted: each is converted by itself, and three are compared."""
    source = shared / "archives" / name
    if name == "isw-raw-daily":
        source = tmp_path / name
        source.mkdir()
        for path in sorted((shared / "archives" / name).iterdir())[::3]:
            shutil.copy(path, source)
    frontcalc.convert(tmp_path / target, archive=source)
    days = frontcalc.open_archive(source).days
    chosen = [str(day) for day in (days[0], days[len(days) // 2], days[-1])]
    there, back = (frontcalc.held(chosen, archive=where, by="none").rows for where in (source, tmp_path / target))
    assert [row.held_km2 for row in back] == pytest.approx([row.held_km2 for row in there], abs=1e-3)
