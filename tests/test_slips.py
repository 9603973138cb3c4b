"""Hands that slip: results written over what is read, options given twice or empty, forms that disagree."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from conftest import Done, Run, square

import frontcalc
from frontcalc.cli import group
from frontcalc.config import GONE, OF_ARCHIVE
from frontcalc.errors import DataError, UsageError

Write = Callable[..., Path]
Tree = dict[str, bytes]

CLAIMS = """
archive = "maps"
[[claim]]
id = "one"
text = "100 km2 were gained"
measure = "gained"
value = 100
unit = "km2"
period = "2024-01-01..2024-01-02"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder: an archive of two days, regions, places, claims, events, and links to a map."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FRONTCALC_ARCHIVE", raising=False)
    return tmp_path


@pytest.fixture(autouse=True)
def maps(archive: Write, region_file: Write, folder: Path) -> Path:
    made = archive({"2024-01-01": {"control_map": [(0, 0)]}, "2024-01-02": {"control_map": [(0, 0), (1, 0)]}})
    region_file({"West": [(0, 0)], "East": [(1, 0)]})
    point = {"name": "Town", "lon": square(1, 0).centroid.x, "lat": square(1, 0).centroid.y}
    (folder / "places.csv").write_text("name,lon,lat\n" + ",".join(map(str, point.values())) + "\n")
    (folder / "events.csv").write_text("date,label\n2024-01-02,an event\n")
    (folder / "claims.toml").write_text(CLAIMS)
    (folder / "link.geojson").symlink_to(made / "2024-01-01.geojson")
    os.link(made / "2024-01-01.geojson", folder / "hard.geojson")
    return made


def files_in(folder: Path) -> Tree:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(run_here: Run, folder: Path, *arguments: str | Path) -> Done:
    """Return what a command says that writes nothing and ends with 2."""
    before = files_in(folder)
    done = run_here(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert files_in(folder) == before
    return done


PERIOD = "2024-01-01..2024-01-02"


@pytest.mark.parametrize(
    "arguments",
    [
        f"diff {PERIOD} --archive maps --format geojson -o maps/2024-01-01.geojson",
        f"diff {PERIOD} --archive maps --format geojson -o ./maps/../maps/2024-01-02.geojson",
        f"diff {PERIOD} --archive maps --format geojson -o link.geojson",
        f"diff {PERIOD} --archive maps --format geojson -o hard.geojson",
        f"diff {PERIOD} --archive maps --view control --regions regions.geojson -o regions.geojson",
        f"diff {PERIOD} --archive hard.geojson -o link.geojson",
        "diff maps/2024-01-01.geojson maps/2024-01-02.geojson -o maps/2024-01-02.geojson",
        f"consensus {PERIOD} --archive maps --archive other -o maps/2024-01-01.geojson",
        f"flows {PERIOD} --archive maps --regions regions.geojson --format json -o regions.geojson",
        f"places {PERIOD} --archive maps --places places.csv -o places.csv",
        f"report {PERIOD} --archive page.html -o page.html",
        f"map {PERIOD} --archive maps --format png -o link.geojson",
        "plot series --archive maps --events events.csv --format png -o events.csv",
        "series --archive maps --regions regions.geojson -o regions.geojson",
        "verify claims.toml --format csv -o claims.toml",
        "verify claims.toml --format json -o hard.geojson",
        "regions check regions.geojson --format json -o regions.geojson",
        "archive list --archive maps --format json -o link.geojson",
        "archive convert --archive hard.geojson -o link.geojson",
        "held 2024-01-01 --archive maps -o maps",
        "summary --archive maps -o maps",
        "summary --archive maps -o maps/tables",
        "archive convert --archive maps -o maps/tidy",
        "archive convert --archive maps -o maps/all.geojson",
    ],
)
def test_nothing_that_is_read_is_written_over(arguments: str, run_here: Run, folder: Path) -> None:
    (folder / "page.html").write_text("a page")
    message = refused(run_here, folder, *arguments.split()).stderr
    assert "read" in message or "another form" in message, message


def writing_commands(group: click.Group, names: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the names of each command that has an option for a file to write."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from writing_commands(command, (*names, name))
        elif any(one.name == "output" for one in command.params):
            yield (*names, name)


WANTED = {
    "compare": ("--archive", "maps", "--archive", "maps", PERIOD),
    "consensus": ("--archive", "maps", "--archive", "maps", PERIOD),
    "fetch": ("deepstate",),
    "held": ("2024-01-01",),
    "places": (PERIOD, "--places", "places.csv"),
    "plot regions": (PERIOD,),
    "regions check": ("regions.geojson",),
    "regions fetch": ("POL", "adm1"),
    "regions show": ("UA-14",),
    "verify": ("claims.toml",),
} | dict.fromkeys(["diff", "flows", "map", "report", "sensitivity", "where"], (PERIOD,))


@pytest.mark.parametrize("names", list(writing_commands(group)), ids=" ".join)
def test_each_command_looks_at_what_it_would_write_before_anything_is_done(
    names: tuple[str, ...], run_here: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise UsageError("looked at")

    monkeypatch.setattr("frontcalc.cli.options.refuse_output", refuse)
    assert "looked at" in refused(run_here, folder, *names, *WANTED.get(" ".join(names), ()), "-o", "new").stderr


def test_the_working_folder_s_settings_and_the_archive_s_are_not_written_over(
    run_here: Run, folder: Path, maps: Path
) -> None:
    (folder / "frontcalc.toml").write_text('view = "control"\n')
    (maps / "frontcalc.toml").write_text('publisher = "Made-Up Institute"\n')
    for name in ("frontcalc.toml", "maps/frontcalc.toml"):
        done = refused(run_here, folder, "held", "2024-01-01", "--archive", "maps", "--format", "csv", "-o", name)
        assert f"-o {name}: is a file " in done.stderr


def test_an_archive_that_is_named_is_as_safe(run_here: Run, folder: Path, maps: Path) -> None:
    (folder / "frontcalc.toml").write_text('[archives.ours]\npath = "maps"\n')
    file = next(maps.glob("*.geojson")).relative_to(folder)
    done = refused(run_here, folder, "held", "2024-01-01", "--archive", "ours", "--format", "json", "-o", str(file))
    assert f"-o {file}: is a file of the archive" in done.stderr


def test_results_beside_the_maps_are_written_again_and_never_read(run_here: Run, maps: Path) -> None:
    others = ["2024-01-02-changes.geojson", "changes.gpkg", "changes.geoparquet", "rows.parquet", "rows.csv", "map.png"]
    asked = ["--archive", "maps", "--view", "control", "--by", "none"]
    clean = run_here("held", "2024-01-02", *asked, "--format", "csv").stdout
    for _ in range(2):
        for name in others:
            command = "map" if name.endswith("png") else "diff"
            assert run_here(command, PERIOD, *asked, "-o", maps / name).returncode == 0, name
    again = run_here("held", "2024-01-02", *asked, "--format", "csv", "--notes", "all")
    assert (again.returncode, again.stdout) == (0, clean)
    assert f"OTHER-FILES: {len(others)} not read: " in again.stderr


def test_a_map_of_no_change_one_of_what_is_shared_and_a_ledger_are_no_maps_of_control(
    run_here: Run, archive: Write, maps: Path
) -> None:
    archive({"2024-01-01": {"control_map": [(0, 0)]}, "2024-01-02": {"control_map": [(0, 0)]}}, name="still")
    asked = ["--view", "control", "--by", "none"]
    assert run_here("diff", PERIOD, "--archive", "still", *asked, "-o", maps / "2024-01-03.geojson").returncode == 0
    assert json.loads((maps / "2024-01-03.geojson").read_text())["features"] == []
    both = ["--archive", "maps", "--archive", "still"]
    for name in ("2024-01-04.geojson", "2024-01-04.gpkg"):
        assert run_here("consensus", PERIOD, *both, *asked, "-o", maps / name).returncode == 0
        ledger = maps / name.replace("04", "05")
        assert run_here("ledger", PERIOD, "--archive", "maps", *asked, "-o", ledger).returncode == 0
    index = frontcalc.open_archive(maps)
    assert [str(day) for day in index.days] == ["2024-01-01", "2024-01-02"]
    assert [notice.code for notice in index.notices] == ["OTHER-FILES"]


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "geoparquet"])
def test_a_map_of_change_given_as_a_map_is_refused(suffix: str, run_here: Run, folder: Path, maps: Path) -> None:
    run_here("diff", PERIOD, "--archive", "maps", "--view", "control", "--by", "none", "-o", f"changes.{suffix}")
    with pytest.raises(DataError, match=rf"changes\.{suffix}: is a map of change that frontcalc wrote"):
        frontcalc.diff_files(maps / "2024-01-01.geojson", folder / f"changes.{suffix}")


def test_what_convert_wrote_are_maps(maps: Path, folder: Path) -> None:
    for name in ("tidy", "tidy.geojson", "tidy.parquet"):
        frontcalc.convert(folder / name, archive=maps)
        table = frontcalc.held("2024-01-02", archive=folder / name, by="none", view="control")
        assert table.rows[-1].held_km2 == pytest.approx(200), name


def test_from_python_folders_stay_out_of_the_archive_too(maps: Path) -> None:
    for opened in (maps, str(maps), frontcalc.open_archive(maps)):
        with pytest.raises(UsageError, match="tables: lies in the archive that is read"):
            frontcalc.write_summaries(maps / "tables", archive=opened)
        with pytest.raises(UsageError, match="tidy: lies in the archive that is read"):
            frontcalc.convert(maps / "tidy", archive=opened)
    assert sorted(path.name for path in maps.iterdir()) == ["2024-01-01.geojson", "2024-01-02.geojson"]


def test_a_fetched_archive_takes_no_other_inside_it(folder: Path) -> None:
    (folder / "isw").mkdir()
    (folder / "isw" / "manifest.json").write_text('{"manifest": "frontcalc-archive-1"}')
    with pytest.raises(UsageError, match="deepstate: lies in the archive isw, whose maps would be mixed with these"):
        frontcalc.fetch("url", folder / "isw" / "deepstate", urls=["https://example.org/2024-11-03.geojson"])


# Options.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("diff 2024 --archive maps --archive other", "--archive is given 2 times: give it once"),
        ("diff 2024 --view control --archive maps --view assessed", "--view is given 2 times"),
        ("diff 2024 -o a.csv -o b.csv", "--output is given 2 times"),
        ("archive list --archive maps --archive maps", "--archive is given 2 times"),
        ("summary --since 2023 --since 2024", "--since is given 2 times"),
        ("diff 2024 --archive=", "--archive is empty: give it a value, or leave it out"),
        ("compare 2024 --archive maps --archive=", "--archive is empty"),
        ("held 2024-01-01 --archive maps --view=", "--view is empty"),
        ("diff 2024 --archive maps --format csv -o x.json", "--format csv is another form than .json"),
        ("diff 2024 --archive maps --format table -o x.csv", "--format table is another form than .csv"),
        ("diff 2024 --archive maps --format geojson -o x.gpkg", "--format geojson is another form than .gpkg"),
        ("held 2024-01-01 --archive maps --format xlsx -o x.txt", "--format xlsx is another form than .txt"),
        ("held 2024-01-01 --archive maps --format csv -o x.png", "--format csv is another form than .png"),
        ("map 2024 --archive maps --format png -o x.svg", "--format png is another form than .svg"),
        ("plot series --archive maps --format pdf -o x.html", "no picture is a web page; use .png, .svg, .pdf"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: str, message: str, run_here: Run, folder: Path) -> None:
    assert message in refused(run_here, folder, *arguments.split()).stderr


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("json", "x.json"),
        ("geojson", "x.json"),
        ("geoparquet", "x.parquet"),
        ("csv", "x.txt"),
        ("csv", "x.out"),
        ("markdown", "x.md"),
    ],
)
def test_forms_that_a_suffix_can_hold(form: str, name: str, run_here: Run, folder: Path) -> None:
    done = run_here("diff", PERIOD, "--archive", "maps", "--view", "control", "--format", form, "-o", name)
    assert (done.returncode, (folder / name).is_file()) == (0, True), done.stderr


def test_options_that_may_be_given_more_than_once_still_may(run_here: Run) -> None:
    asked = ["--archive", "maps", "--view", "control", "--regions", "regions.geojson"]
    done = run_here("diff", PERIOD, *asked, "--only", "West", "--only", "East", "-q", "-q", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert "West" in done.stdout
    assert "East" in done.stdout


def test_an_empty_archive_is_not_the_sample(folder: Path, run_here: Run) -> None:
    for name in ("held", "diff"):
        with pytest.raises(UsageError, match="archive: is empty"):
            getattr(frontcalc, name)("2024-01-02", archive="")
    (folder / "frontcalc.toml").write_text('archive = ""\n')
    assert "frontcalc.toml: archive is empty" in refused(run_here, folder, "held", "2024-01-01").stderr
    # No archive at all is the sample, and so is a variable of the environment that is set to nothing.
    (folder / "frontcalc.toml").unlink()
    assert "SYNTHETIC" in run_here("held", "2024-01-01").stderr


@pytest.mark.parametrize(("name", "instead"), GONE.items())
def test_what_is_gone_is_answered_with_what_does_its_work(
    name: str, instead: str, run_here: Run, folder: Path, maps: Path
) -> None:
    """As an option with a value or none, as a keyword, and as a key of frontcalc.toml, where it is no other one."""
    for option in ([f"--{name}"], [f"--{name}=x"]):
        done = refused(run_here, folder, "diff", "2024-01-02", "--archive", "maps", *option)
        assert done.stderr.startswith(f"frontcalc: no such option --{name}: {instead}; see ")
    keyword = name.replace("-", "_")
    with pytest.raises(TypeError, match=re.escape(f"argument {keyword!r}; {instead}")):
        frontcalc.diff("2024-01-02", archive=maps, **{keyword: "x"})
    if name in OF_ARCHIVE:
        return
    (folder / "frontcalc.toml").write_text(f'{name} = "x"\n')
    done = refused(run_here, folder, "diff", "2024-01-02", "--archive", "maps")
    assert done.stderr == f"frontcalc: frontcalc.toml: has an unknown key '{name}'; {instead}\n"
