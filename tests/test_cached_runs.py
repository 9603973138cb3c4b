"""The cache cannot lie: with it and without, after edits, damage and kills, results are the same bytes."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Run, Squares
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept import alter, counted, entries

import frontcalc
from frontcalc import versions
from frontcalc.archives import SnapshotRef
from frontcalc.cache import NAME, Cache, close_all
from frontcalc.errors import DataError
from frontcalc.run import parallel
from frontcalc.run import run as runs
from frontcalc.run.chain import kept_snapshot
from frontcalc.snapshots import forget_read

FIRST = date(2024, 1, 1)
DAYS = 24
Write = Callable[..., Path]


def front(day: int) -> dict[str, Squares]:
    """Return a map whose front comes and goes, with an advance that is elsewhere every day."""
    control = [(column, row) for row in range(3) for column in range(4 + (day // 2 + row) % 5)]
    return {"control_map": control, "russian_advances": [(12 + day, 0)]}


def named(day: int) -> str:
    """Return the name of a day's map."""
    return str(FIRST + timedelta(days=day))


@pytest.fixture
def maps(archive: Write) -> Path:
    """Daily maps, one of which lacks a layer, and one of which is the same as the day before."""
    drawn = {named(day): front(day) for day in range(DAYS)}
    del drawn[named(17)]["russian_advances"]
    drawn[named(20)] = drawn[named(19)]
    return archive(drawn)


@pytest.fixture
def regions(region_file: Callable[..., Path]) -> Path:
    return region_file({"west": [(column, row) for column in range(6) for row in range(3)], "east": [(8, 1), (10, 0)]})


COMMANDS: dict[str, Sequence[str]] = {
    "series": ["series"],
    "series of weeks since a day": ["series", "--every", "week", "--since", "2024-01-10"],
    "series with a layer carried over": ["series", "--carry-layers", "3", "--until", "2024-01-20"],
    "held": ["held", "2024-01-05", "2024-01-18", "2024-03-01", "2023-12-01"],
    "flows": ["flows", "2024-01", "2024-W02", "--by", "adm1"],
    "diff": ["diff", "2024-01", "2024-W02", "2024-W03"],
    "summary": ["summary", "--every", "week", "--gross", "--baseline", "2024-01-03"],
}


@pytest.mark.thorough(but=["series with a layer carried over", "held", "flows", "summary"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_bytes_are_the_same_cold_warm_and_by_any_number_of_workers(
    command: Sequence[str], maps: Path, regions: Path, tmp_path: Path, run_here: Run
) -> None:
    asked = [*command, "--archive", maps, "--regions", regions, "--format", "json"]
    plain = run_here(*asked, "--workers", "1", "--cache", "none")
    assert plain.returncode == 0
    assert len(json.loads(plain.stdout)["rows"]) > 5
    assert run_here(*asked, "--workers", "3", "--cache", "none") == plain
    for count in ("1", "3"):
        cache = tmp_path / f"cache-{count}"
        for _ in ("cold", "warm"):
            assert run_here(*asked, "--workers", count, "--cache", cache) == plain


def test_bad_files_that_are_skipped_are_skipped_by_workers_too(maps: Path, tmp_path: Path, run_here: Run) -> None:
    (maps / f"{named(13)}.geojson").write_text("{")
    asked = ["series", "--archive", maps, "--skip-bad", "--format", "json", "--by", "none"]
    plain = run_here(*asked, "--cache", "none")
    assert "SKIPPED" in plain.stdout
    for _ in range(2):
        assert run_here(*asked, "--workers", "3", "--cache", tmp_path / "cache") == plain
    broken = run_here(*asked[:3], "--workers", "3", "--cache", tmp_path / "cache")
    assert (broken.returncode, broken.stdout) == (3, "")
    assert f"{named(13)}.geojson" in broken.stderr


class Work:
    """What a run did, by the lines of its log."""

    def __init__(self, log: pytest.LogCaptureFixture) -> None:
        log.set_level(logging.INFO, logger="frontcalc")
        self.log = log

    def of(self, **options: Any) -> list[str]:
        """Return which maps a series read and united, and what it compared."""
        self.log.clear()
        frontcalc.series(by="none", **options)
        lines = [record.getMessage().rpartition(":")[0] for record in self.log.records]
        return sorted(line for line in lines if line.startswith(("read ", "united ", "compared ")))


@pytest.fixture
def work(caplog: pytest.LogCaptureFixture) -> Work:
    return Work(caplog)


@pytest.mark.thorough(but=["2"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_nightly_run_that_adds_a_day_pays_for_a_day(
    maps: Path, archive: Write, tmp_path: Path, work: Work, count: int
) -> None:
    how: dict[str, Any] = {"archive": maps, "cache": tmp_path / "cache", "workers": count}
    first = work.of(**how)
    assert len([line for line in first if line.startswith("compared ")]) >= DAYS - 2
    assert work.of(**how) == []
    archive({named(DAYS): front(DAYS)})
    # The map before is read from the cache, prepared.
    assert work.of(**how) == [
        f"compared {named(DAYS - 1)} with {named(DAYS)}",
        f"read {named(DAYS)}.geojson",
        f"united what Russia holds on {named(DAYS)}",
    ]
    assert work.of(**how) == []


@pytest.mark.parametrize("cache", ["none", "kept"])
def test_a_map_that_repeats_the_one_before_is_not_united_again(
    archive: Write, tmp_path: Path, work: Work, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    monkeypatch.chdir(tmp_path)
    maps = archive({named(day): front(day // 4) for day in range(8)})
    united = [line for line in work.of(archive=maps, cache=cache, workers=2) if line.startswith("united ")]
    assert united == [f"united what Russia holds on {named(day)}" for day in (0, 4)]


@pytest.mark.parametrize(("least", "chains"), [(8, [8, 9, 9]), (2, [6, 5, 4, 3, 3, 3, 3, 3, 2])])
def test_workers_are_given_only_what_is_not_known_and_ever_less_of_it(
    maps: Path, archive: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: int, chains: list[int]
) -> None:
    """All but the first have the map before theirs too."""
    monkeypatch.setattr(parallel, "BLOCK", least)
    given: list[list[str]] = []
    measure = runs.measure_chain

    def noted(refs: Sequence[SnapshotRef], *what: Any, **how: Any) -> Any:
        given.append([str(ref.day) for ref in refs])
        return measure(refs, *what, **how)

    monkeypatch.setattr(runs, "measure_chain", noted)
    how: dict[str, Any] = {"archive": maps, "by": "none", "cache": tmp_path / "cache", "workers": 2}
    frontcalc.series(**how)
    assert sorted(map(len, given), reverse=True) == sorted(chains, reverse=True)
    given.clear()
    archive({named(DAYS): front(DAYS)})
    frontcalc.series(**how)
    assert given == [[named(DAYS - 1), named(DAYS)]]


def test_what_several_threads_want_is_made_once(maps: Path, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbouring weeks share a map, and workers measure them at the same time."""
    # Maps in between, which are looked at for the step of a large part, may drive others out of memory.
    monkeypatch.setattr("frontcalc.run.remarks.suspect_parts", lambda *_: [])
    weeks = ["2024-W01", "2024-W02", "2024-W03"]
    work.log.clear()
    table = frontcalc.diff(weeks, archive=maps, by="none", cache="none", workers=3)
    used = {str(day) for row in table.rows for day in (row.opening, row.closing)}
    united = [line for record in work.log.records if (line := record.getMessage()).startswith("united ")]
    assert sorted(line.split()[-3].rstrip(":") for line in united) == sorted(used)
    assert len(used) == 4


def test_a_warm_diff_unites_and_compares_nothing(maps: Path, regions: Path, tmp_path: Path, work: Work) -> None:
    how: dict[str, Any] = {"archive": maps, "regions": regions, "cache": tmp_path / "cache"}
    first = frontcalc.diff(["2024-01"], **how)
    work.log.clear()
    assert frontcalc.diff(["2024-01"], **how) == first
    assert not [one for one in work.log.records if one.getMessage().startswith(("read ", "united ", "compared "))]


def test_what_another_version_has_measured_is_measured_again(
    maps: Path, tmp_path: Path, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    how: dict[str, Any] = {"archive": maps, "cache": tmp_path / "cache", "workers": 1}
    first = work.of(**how)
    assert work.of(**how) == []
    monkeypatch.setattr(versions, "__version__", "0.0.0")
    versions._versions.clear()
    assert work.of(**how) == first
    monkeypatch.undo()
    versions._versions.clear()


def test_what_was_measured_under_other_settings_of_gdal_is_measured_again(
    maps: Path, tmp_path: Path, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    how: dict[str, Any] = {"archive": maps, "cache": tmp_path / "cache", "workers": 1}
    first, software = work.of(**how), versions.software()
    import pyogrio  # noqa: F401 - it sets where certificates lie, which changes nothing

    assert versions.software() == software
    assert work.of(**how) == []
    monkeypatch.setenv("PROJ_LIB", "/home/ann/proj")
    assert versions.software() == software
    assert work.of(**how) == first
    monkeypatch.setenv("OGR_ENABLE_PARTIAL_REPROJECTION", "YES \udcff")
    assert work.of(**how) == first
    (told,) = versions.software().keys() - software.keys()
    assert told == "settings of GDAL and PROJ"
    assert len(versions.software()[told]) == 64


@pytest.mark.thorough(but=["{'snap': 'none'}"])
@pytest.mark.parametrize(
    "other",
    [
        {"view": "control"},
        {"crs": "EPSG:8857"},
        {"snap": "none"},
        {"view": "russian_advances"},
    ],
    ids=str,
)
def test_other_options_are_measured_by_themselves(maps: Path, regions: Path, tmp_path: Path, other: Any) -> None:
    """Each is asked for after the cache was filled with the usual ones."""
    usual: dict[str, Any] = {"archive": maps, "regions": regions, "cache": tmp_path / "cache"}
    before = frontcalc.series(**usual)
    alone = frontcalc.series(**(usual | {"cache": "none"} | other))
    assert frontcalc.series(**(usual | other)) == alone
    assert frontcalc.series(**usual) == before


def moved(text: str, digit: str) -> str:
    """Return a map with another third decimal of one coordinate of its last square: some hundred metres."""
    at = list(re.finditer(r"\d\.\d\d", text))[-4].end()
    return text[:at] + digit + text[at + 1 :]


def change(row: frontcalc.tables.SeriesRow) -> tuple[float | None, float | None]:
    """Return what a row gained and lost; what it holds is a sum over all maps before."""
    return row.gained_km2, row.lost_km2


def rewrite(path: Path, text: str) -> None:
    """Write a file of the same size and time as before."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def edit(path: Path) -> None:
    """Move a map's advance a little, so that only its content tells."""
    text = path.read_text()
    rewrite(path, next(other for digit in "19" if (other := moved(text, digit)) != text))


def test_an_edit_that_keeps_size_and_time_of_a_file_is_seen(maps: Path, tmp_path: Path) -> None:
    how: dict[str, Any] = {"archive": maps, "by": "none"}
    before = frontcalc.series(**how, cache=tmp_path / "cache")
    edit(maps / f"{named(10)}.geojson")
    after = frontcalc.series(**how, cache=tmp_path / "cache")
    assert after == frontcalc.series(**how, cache="none")
    assert {row.date for row, old in zip(after.rows, before.rows, strict=True) if change(row) != change(old)} == {
        date.fromisoformat(named(day)) for day in (10, 11)
    }


def test_a_map_that_changes_between_two_looks_of_one_run_is_refused(maps: Path, tmp_path: Path) -> None:
    """What was made of one content is never kept under another."""
    (ref, *_) = frontcalc.open_archive(maps).refs
    forget_read()
    control, advances = kept_snapshot(ref, Cache(tmp_path / "cache")).layers
    edit(maps / f"{named(0)}.geojson")
    forget_read()
    assert len(control.polygons) == len(front(0)["control_map"])
    with pytest.raises(DataError, match=r"2024-01-01\.geojson: changed while it was read"):
        _ = advances.polygons


DAMAGES = {
    "emptied": "content = x''",
    "cut short": "content = substr(content, 1, length(content) / 2)",
    "its last byte another": "content = CAST(substr(content, 1, length(content) - 1) || x'01' AS BLOB)",
    "another's": "content = (SELECT content FROM entries ORDER BY id LIMIT 1), digest = zeroblob(32)",
}


@pytest.mark.thorough(but=["its last byte another", "another's"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_entries_are_found_and_made_anew(maps: Path, regions: Path, tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    how: dict[str, Any] = {"archive": maps, "regions": regions, "cache": cache}
    before = frontcalc.series(**how)
    whole = entries(cache)
    assert {kind for kind, _ in whole} >= {"maps", "grounds", "steps", "areas", "zones"}
    alter(cache, f"UPDATE entries SET {damage}")
    assert frontcalc.series(**how) == before
    # What stands between a map and its step is not asked for where the step is known again.
    assert entries(cache) == whole


FILE_DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "one page zeros": lambda content: content[:8192] + bytes(4096) + content[12_288:],
    "another's": lambda content: b"x" * len(content),
}


@pytest.mark.thorough(but=["one page zeros"])
@pytest.mark.parametrize("damage", FILE_DAMAGES.values(), ids=FILE_DAMAGES)
def test_a_damaged_database_changes_no_result(
    maps: Path, regions: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    how: dict[str, Any] = {"archive": maps, "regions": regions, "cache": tmp_path / "cache"}
    before = frontcalc.series(**how)
    file = tmp_path / "cache" / NAME
    close_all()
    file.write_bytes(damage(file.read_bytes()))
    for count in (2, 1):
        assert frontcalc.series(**how, workers=count) == before
    assert counted(Cache(tmp_path / "cache")).keys() >= {"maps", "grounds", "steps"}


def test_another_process_that_keeps_the_cache_busy_changes_no_result(
    maps: Path, regions: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    how: dict[str, Any] = {"archive": maps, "regions": regions, "cache": tmp_path / "cache"}
    before = frontcalc.series(**how)
    with closing(sqlite3.connect(tmp_path / "cache" / NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert frontcalc.series(**how) == before
    assert caplog.records == []


def test_cache_none_writes_nothing(maps: Path, regions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTCALC_CACHE", str(tmp_path / "cache"))
    for count in (1, 2):
        frontcalc.series(archive=maps, regions=regions, cache="none", workers=count)
        frontcalc.summary(archive=maps, regions=regions, every="week", gross=True, cache="none", workers=count)
    assert not (tmp_path / "cache").exists()


def test_a_folder_called_none_is_a_path(maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("none", "./none"):
        frontcalc.series(archive=maps, by="none", cache=folder)
        assert (tmp_path / "none").exists() == (folder == "./none")


def test_a_cache_that_cannot_be_written_is_said_once_and_changes_nothing(maps: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    command = [sys.executable, "-m", "frontcalc", "series", "--archive", maps, "--by", "none", "--format", "csv"]
    plain, blocked = (
        subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"FRONTCALC_CACHE": cache})
        for cache in (str(tmp_path / "cache"), str(tmp_path / "file"))
    )
    assert blocked.stdout == plain.stdout
    said = "frontcalc: nothing can be kept in the cache: not a directory"
    assert sorted(blocked.stderr.splitlines()) == sorted([said, *plain.stderr.splitlines()])


@pytest.mark.parametrize("where", ["file", "file/in/it"])
def test_a_cache_that_was_asked_for_and_cannot_be_written_is_an_error(where: str, maps: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DataError, match=f"{where}: nothing can be kept in it: .*; give --cache a folder that can"):
        frontcalc.series(archive=maps, by="none", cache=tmp_path / where)
    assert (tmp_path / "file").read_text() == "no folder"


def test_two_processes_share_a_cache(maps: Path, regions: Path, tmp_path: Path, run_here: Run) -> None:
    command = [sys.executable, "-m", "frontcalc", "series", "--archive", maps, "--regions", regions, "--format", "json"]
    plain = run_here(*command[3:], "--cache", "none").stdout.encode()
    both = [subprocess.Popen([*command, "--cache", tmp_path / "cache"], stdout=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[0] for process in both] == [plain, plain]
    assert run_here(*command[3:], "--cache", tmp_path / "cache").stdout.encode() == plain


def test_a_run_that_was_killed_leaves_a_cache_to_go_on_with(maps: Path, tmp_path: Path, run_here: Run) -> None:
    cache = tmp_path / "cache"
    command = ["series", "--archive", maps, "--by", "none", "--format", "json"]
    plain = run_here(*command, "--cache", "none").stdout
    killed = subprocess.Popen(
        [sys.executable, "-m", "frontcalc", *command, "--cache", cache], stdout=subprocess.DEVNULL
    )
    while killed.poll() is None and len(entries(cache)) < 10:
        time.sleep(0.005)
    killed.kill()
    killed.wait()
    done = len(entries(cache))
    assert done >= 10
    assert run_here(*command, "--cache", cache).stdout == plain
    assert len(entries(cache)) > done


def test_days_of_one_file_are_known_by_the_file_and_the_day(maps: Path, tmp_path: Path, work: Work) -> None:
    file = tmp_path / "all.geojson"
    frontcalc.convert(file, archive=maps)
    how: dict[str, Any] = {"archive": file, "cache": tmp_path / "cache"}
    plain = frontcalc.series(archive=file, by="none", cache="none")
    assert len({round(row.held_km2 or 0) for row in plain.rows}) == 5
    for count in (1, 2):
        assert frontcalc.series(**how, by="none", workers=count) == plain
    assert work.of(**how) == []


EDITS = st.tuples(st.just("edit"), st.integers(0, 5), st.sampled_from("123456789"))
RUNS = st.tuples(
    st.just("run"),
    st.fixed_dictionaries(
        {},
        optional={
            "view": st.sampled_from(["control", "assessed"]),
            "carry_layers": st.sampled_from([0, 2]),
            "snap": st.sampled_from(["border", "none"]),
            "by": st.sampled_from(["none", "adm1"]),
            "crs": st.sampled_from(["EPSG:6933", "EPSG:8857"]),
            "workers": st.sampled_from([1, 2]),
            "every": st.sampled_from(["snapshot", "week"]),
        },
    ),
    st.sampled_from([0, 1]),
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.one_of(EDITS, RUNS), min_size=3, max_size=6))
def test_any_runs_over_one_cache_are_those_without(
    tmp_path: Path, archive: Write, region_file: Callable[..., Path], steps: list[tuple[str, Any, Any]]
) -> None:
    """Whatever is edited and asked for in between, as options or in the maps and regions."""
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    drawn = {named(day): front(day) for day in range(6)}
    del drawn[named(4)]["russian_advances"]
    maps = archive(drawn)
    sets = [{"west": [(0, 0), (1, 0)]}, {"west": [(0, 0), (1, 0), (4, 1)], "east": [(5, 2)]}]
    for what, chosen, other in steps:
        if what == "edit":
            path = maps / f"{named(chosen)}.geojson"
            rewrite(path, moved(path.read_text(), other))
            continue
        options = chosen if chosen.get("by") == "none" else chosen | {"regions": region_file(sets[other])}
        plain = frontcalc.series(archive=maps, cache="none", **(options | {"workers": 1}))
        assert frontcalc.series(archive=maps, cache=tmp_path / "cache", **options) == plain


@pytest.mark.shared
def test_a_publishers_archive_gives_the_same_bytes_cold_warm_and_by_workers(
    shared: Path, tmp_path: Path, run_here: Run
) -> None:
    maps = shared / "archives" / "deepstate-daily"
    asked = ["series", "--archive", maps, "--since", "2024-08-01", "--until", "2024-08-20", "--format", "json"]
    plain = run_here(*asked, "--cache", "none")
    for count in ("2", "1", "3"):
        assert run_here(*asked, "--cache", tmp_path / "cache", "--workers", count) == plain
    assert counted(Cache(tmp_path / "cache")).keys() >= {"maps", "grounds", "steps"}


def test_a_file_that_changes_between_two_runs_of_an_open_archive_is_read_anew(archive: Write, tmp_path: Path) -> None:
    one, two = ({"2024-01-01": {"control_map": squares}} for squares in ([(300, 40)], [(300, 40), (301, 40)]))
    maps = frontcalc.open_archive(archive(one))
    asked: dict[str, Any] = {"archive": maps, "by": "none", "view": "control"}
    for _ in range(2):  # the second only looks up that the file is the same
        (row,) = frontcalc.held("2024-01-01", **asked, cache=tmp_path / "cache").rows
    archive(two)
    (again,) = frontcalc.held("2024-01-01", **asked, cache="none").rows
    assert (row.held_km2, again.held_km2) == (pytest.approx(100), pytest.approx(200))
