"""Trees of summaries: the same bytes every time, what `--check` finds, and nothing half written."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from conftest import collection, square

import frontcalc
from frontcalc.archives import archive
from frontcalc.cache import VARIABLE
from frontcalc.cli import run
from frontcalc.drift import Drift, MovedRow, Tree, compare
from frontcalc.errors import CheckFailed, DataError, UsageError
from frontcalc.outputs.text import drift_text

Write = Callable[..., Path]
MAPS: dict[str, list[tuple[int, int]]] = {
    "2023-12-31": [(300, 40)],
    "2024-01-31": [(300, 40), (301, 40)],
    "2024-02-29": [(300, 40), (301, 40), (310, 40)],
    "2024-03-31": [(300, 40), (310, 40)],
}


@pytest.fixture
def maps(archive: Write) -> Path:
    return archive({day: {None: squares} for day, squares in MAPS.items()})


@pytest.fixture
def options(maps: Path, region_file: Write) -> dict[str, Any]:
    regions = region_file({"East": [(310, 40), (311, 40)], "West": [(300, 40), (301, 40), (302, 40)]})
    return {"archive": maps, "regions": regions}


@pytest.fixture
def tree(tmp_path: Path, options: dict[str, Any]) -> Path:
    folder = tmp_path / "tables"
    frontcalc.write_summaries(folder, **options)
    return folder


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def with_a_vertex_moved(squares: list[tuple[int, int]], degrees: float) -> str:
    """Return a map with the first corner of its last square moved east, into the square."""
    shapes = [square(*at) for at in squares]
    first, *others = list(shapes[-1].exterior.coords)[:-1]
    shapes[-1] = shapely.Polygon([(first[0] + degrees, first[1]), *others])
    return json.dumps(collection({None: shapes}))


def listed_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file system list files in another order."""
    entries = archive.list_entries
    monkeypatch.setattr(archive, "list_entries", lambda root, *more: entries(root, *more)[::-1])


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in another folder and another time zone."""
    monkeypatch.chdir("/")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")


def without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing kept from an earlier run, and keep nothing."""
    monkeypatch.setenv(VARIABLE, os.devnull)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("change", [None, listed_backwards, elsewhere, without_a_cache])
def test_the_same_maps_give_the_same_bytes(
    tree: Path, tmp_path: Path, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, change: Any, workers: int
) -> None:
    if change:
        change(monkeypatch)
    frontcalc.write_summaries(tmp_path / "again", workers=workers, **options)
    assert bytes_of(tmp_path / "again") == bytes_of(tree)
    assert set(bytes_of(tree)) == {"datapackage.json", "summary-month.csv", "summary-year.csv"}


def test_no_time_and_no_path_is_in_a_tree(tree: Path, tmp_path: Path) -> None:
    for content in bytes_of(tree).values():
        assert str(tmp_path).encode() not in content
        assert str(date.today()).encode() not in content
        assert b"/" not in re.sub(rb"text/csv", b"", content)


def cell_fits(text: str, field: Mapping[str, Any]) -> bool:
    """Say whether a cell is of its field's type, by the rules of Table Schema."""
    if text == "":
        return not field.get("constraints", {}).get("required")
    parse: dict[str, Callable[[str], object]] = {
        "string": str,
        "integer": int,
        "number": float,
        "date": date.fromisoformat,
    }
    parse[field["type"]](text)
    return True


def test_the_datapackage_describes_the_tables_as_they_are(tmp_path: Path, options: dict[str, Any]) -> None:
    units = ["week", "year", "month", "quarter"]
    files = frontcalc.write_summaries(tmp_path / "all", every=units, gross=True, **options)
    names = [f"summary-{unit}.csv" for unit in ("year", "quarter", "month", "week")]
    assert [file.name for file in files] == [*names, "datapackage.json"]
    package = json.loads(files[-1].read_text())
    assert [resource["path"] for resource in package["resources"]] == names
    for resource in package["resources"]:
        content = (tmp_path / "all" / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        header, *rows = list(csv.reader(content.decode().splitlines()))
        fields = resource["schema"]["fields"]
        assert header == [field["name"] for field in fields]
        assert all(field["description"] for field in fields)
        units_of = {field["name"]: field.get("unit") for field in fields}
        assert (units_of["gained_km2"], units_of["share_of_region_pct"], units_of["region"]) == ("km²", "%", None)
        assert rows
        assert all(cell_fits(text, field) for row in rows for text, field in zip(row, fields, strict=True))
        keys = [tuple(row[header.index(name)] for name in resource["schema"]["primaryKey"]) for row in rows]
        assert len(set(keys)) == len(keys)
    sources = {source["title"]: source for source in package["sources"]}
    for day in MAPS:
        content = (options["archive"] / f"{day}.geojson").read_bytes()
        assert sources[f"{day}.geojson"]["date"] == day
        assert sources[f"{day}.geojson"]["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert sources["regions.geojson"]["role"] == "regions"
    assert package["frontcalc"]["options"] == {
        "archive": "maps",
        "every": ["year", "quarter", "month", "week"],
        "gross": True,
        "regions": "regions.geojson",
    }
    assert {"GDAL", "GEOS", "PROJ", "numpy", "pyproj", "shapely"} == set(package["frontcalc"]["software"])


def test_nothing_moved(tree: Path, options: dict[str, Any]) -> None:
    before = bytes_of(tree)
    drift = frontcalc.check_summaries(tree, **options)
    drift.require_none()
    assert drift.moved == ()
    assert bytes_of(tree) == before


def test_a_vertex_moved_by_a_kilometre_is_a_revision_of_its_periods_and_region(
    tree: Path, options: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    kilometre = 0.0104  # degrees of longitude, where an equal-area metre east is 0.87 m
    file = options["archive"] / "2024-02-29.geojson"
    file.write_text(with_a_vertex_moved(MAPS["2024-02-29"], kilometre))
    before = bytes_of(tree)
    arguments = ["summary", "-o", str(tree), "--check", "--archive", str(options["archive"])]
    assert run([*arguments, "--regions", str(options["regions"])]) == 1
    out, err = capfd.readouterr()
    *lines, why = out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        f"{period} {row}" for period in ("2024-02", "2024-03") for row in ("East (unnamed, adm1)", "total (unnamed)")
    ]
    # The triangle that is cut off: 10 km by 1 km, halved.
    assert re.match(
        r"2024-02 East \(unnamed, adm1\): closing_km2 100\.000 → 9[45]\.\d+ \(−[45]\.\d+\), gained", lines[0]
    )
    assert why == "  why: revision: 2024-02-29.geojson of 2024-02-29 was changed"
    assert "figures moved in" in err
    assert bytes_of(tree) == before


def moved(tree: Path, options: dict[str, Any], *, fails: bool = True, **more: Any) -> dict[tuple[str, ...], Any]:
    """Return the reasons of each row that moved, by table, period and region."""
    drift = frontcalc.check_summaries(tree, **options, **more)
    with pytest.raises(CheckFailed) if fails else nullcontext():
        drift.require_none()
    return {(row.table, *row.key[1:2], *row.key[3:]): row.why for row in drift.moved}


def add_map(options: dict[str, Any], day: str, *more: tuple[int, int]) -> None:
    """Add a map of what is held on the last one, and more."""
    new = collection({None: [square(*at) for at in [*MAPS["2024-03-31"], *more]]})
    (options["archive"] / f"{day}.geojson").write_text(json.dumps(new))


def test_a_new_map_is_told_and_is_no_failure(
    tree: Path, options: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    add_map(options, "2024-04-20", (311, 40))
    why = moved(tree, options, fails=False)
    reason = ("new map: 2024-04-20.geojson of 2024-04-20",)
    assert why["summary-month.csv", "2024-04", "East"] == reason
    assert why["summary-year.csv", "2024", "total"] == reason
    assert not any("2024-03" in key for key in why)
    arguments = ["summary", "-o", str(tree), "--archive", str(options["archive"])]
    arguments += ["--regions", str(options["regions"])]
    assert run([*arguments, "--check"]) == 0
    head, *rows, last = capfd.readouterr().out.splitlines()
    assert (head, last) == ("tables: no figure of a period that was over moved", f"  why: {reason[0]}")
    # West, where nothing changed, is not listed.
    names = [
        "2024-04 total (unnamed)",
        "2024 total (unnamed)",
        "2024-04 East (unnamed, adm1)",
        "2024 East (unnamed, adm1)",
    ]
    assert [row.partition(":")[0].removesuffix(" is new") for row in rows] == names
    assert rows[0] == "2024-04 total (unnamed) is new: gained_km2 100.000, net_km2 100.000"
    assert rows[1].endswith("net_km2 100.000 → 200.000 (+100.000)")
    assert run([*arguments, "--check", "--strict"]) == 1
    assert run(arguments) == 0
    # The month is over with the first map after it, whatever its own figures.
    add_map(options, "2024-05-05", (311, 40))
    why = moved(tree, options, fails=False)
    assert why["summary-month.csv", "2024-04", "West"] == ("new map: 2024-05-05.geojson of 2024-05-05",)


def test_an_open_period_fails_with_anything_but_a_new_map(tree: Path, options: dict[str, Any]) -> None:
    table = tree / "summary-year.csv"
    assert ",open," in table.read_text()
    assert ",closed," in (tree / "summary-month.csv").read_text()
    add_map(options, "2024-03-31", (311, 40))
    reason = "revision: 2024-03-31.geojson of 2024-03-31 was changed"
    assert moved(tree, options)["summary-year.csv", "2024", "East"] == (reason,)
    add_map(options, "2024-04-20", (311, 40))
    assert reason in moved(tree, options)["summary-year.csv", "2024", "East"]


def test_years_of_one_span_all_go_on(tree: Path, options: dict[str, Any]) -> None:
    frontcalc.write_summaries(tree, every=["year"], same_span=True, **options)
    assert ",closed," not in (tree / "summary-year.csv").read_text()
    add_map(options, "2024-04-20", (311, 40))
    assert moved(tree, options, fails=False, every=["year"], same_span=True)


def test_a_map_of_a_past_day_is_a_revision(tree: Path, options: dict[str, Any]) -> None:
    (options["archive"] / "2024-03-15.geojson").write_text((options["archive"] / "2024-02-29.geojson").read_text())
    frontcalc.check_summaries(tree, **options).require_none()  # no period's end, so no figure rests on it
    (options["archive"] / "2024-02-29.geojson").rename(options["archive"] / "2024-02-20.geojson")
    why = moved(tree, options)
    assert (
        "revision: figures rest on 2024-02-20.geojson of 2024-02-20 now, and did not before"
        in why["summary-month.csv", "2024-02", "total"]
    )


def test_a_removed_map(tree: Path, options: dict[str, Any]) -> None:
    (options["archive"] / "2024-02-29.geojson").unlink()
    why = moved(tree, options)
    reason = "removed map: 2024-02-29.geojson of 2024-02-29 is gone"
    assert why["summary-month.csv", "2024-02", "East"] == (reason,)


def test_a_removed_map_fails_where_no_figure_moved(
    tree: Path, options: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    add_map(options, "2024-04-20")
    frontcalc.write_summaries(tree, **options)
    (options["archive"] / "2024-04-20.geojson").unlink()
    why = moved(tree, options, until="2024-03")
    package = json.loads((tree / "datapackage.json").read_text())
    assert "2024-04-20.geojson" in [source["title"] for source in package["sources"]]
    assert ("removed map: 2024-04-20.geojson of 2024-04-20 is gone") in {
        reason for own in why.values() for reason in own
    }


def test_another_option(tree: Path, options: dict[str, Any]) -> None:
    why = moved(tree, options, since="2024-02")
    assert why["summary-month.csv", "2024-01", "East"][0] == "option since: none → 2024-02"


def test_other_regions(tree: Path, options: dict[str, Any], region_file: Write) -> None:
    region_file({"East": [(310, 40)], "West": [(300, 40), (301, 40), (302, 40)]})
    why = moved(tree, options)
    assert why["summary-year.csv", "2024", "East"] == ("other regions: regions.geojson → regions.geojson",)


def test_tables_of_an_earlier_version_are_compared_by_the_columns_they_have(
    tree: Path, options: dict[str, Any]
) -> None:
    table = tree / "summary-year.csv"
    rows = [line.split(",") for line in table.read_text().splitlines()]
    new, notes = rows[0].index("flags"), rows[0].index("notes")
    for row in rows[1:]:
        row[notes] = "SOMETHING-ELSE"
    older = "".join(",".join(row[:new] + row[new + 1 :]) + "\n" for row in rows)
    package = json.loads((tree / "datapackage.json").read_text())
    (own,) = (each for each in package["resources"] if each["path"] == "summary-year.csv")
    own["hash"] = f"sha256:{hashlib.sha256(older.encode()).hexdigest()}"
    table.write_text(older)
    (tree / "datapackage.json").write_text(json.dumps(package))
    drift = frontcalc.check_summaries(tree, **options)
    drift.require_none()
    assert drift.beside == f"written by an earlier version: new columns flags; notes are others in {len(rows) - 1} rows"
    assert drift_text(drift).splitlines() == [f"{tree.name}: nothing moved", f"{tree.name}: {drift.beside}"]
    # A figure that moved is drift all the same.
    table.write_text(older.replace(rows[1][rows[0].index("gained_km2")], "1.5"))
    assert frontcalc.check_summaries(tree, **options).moved


EDITED = "the kept summary-year.csv is not what frontcalc wrote: it was edited"


def test_another_version_explains_only_figures_that_moved(tree: Path, options: dict[str, Any]) -> None:
    package = tree / "datapackage.json"
    package.write_bytes(package.read_bytes().replace(b'"version": "', b'"version": "9.9-'))
    drift = frontcalc.check_summaries(tree, **options)
    drift.require_none()
    version = f"new version: frontcalc 9.9-{frontcalc.__version__} → {frontcalc.__version__}"
    assert drift_text(drift) == f"tables: nothing moved\ntables: {version}\n"
    table = tree / "summary-year.csv"
    table.write_bytes(table.read_bytes().replace(b"100.000", b"100.011"))
    why = moved(tree, options)
    assert why["summary-year.csv", "2024", "East"] == (version, EDITED)


def test_an_edited_table_is_named_as_that(tree: Path, options: dict[str, Any]) -> None:
    table = tree / "summary-year.csv"
    table.write_bytes(table.read_bytes().replace(b"100.000", b"100.010"))
    # 0.01 km² is no movement of a figure, but nobody writes a table by hand.
    drift = frontcalc.check_summaries(tree, **options)
    words = "summary-year.csv was edited in cells that follow from others, or in its layout\n"
    assert drift_text(drift) == words
    with pytest.raises(CheckFailed, match=r"summary-year\.csv was edited in cells that follow"):
        drift.require_none()
    table.write_bytes(table.read_bytes().replace(b"100.010", b"100.011"))
    assert moved(tree, options)["summary-year.csv", "2024", "East"] == (EDITED,)


def test_a_table_that_is_gone_is_missed(tree: Path, options: dict[str, Any]) -> None:
    (tree / "summary-year.csv").unlink()
    assert moved(tree, options) == {("summary-year.csv",): ("the file was removed by hand",)}


def test_line_ends_of_a_repository_are_no_movement(tree: Path, options: dict[str, Any]) -> None:
    for file in tree.glob("*.csv"):
        file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n"))
    frontcalc.check_summaries(tree, **options).require_none()


ODD = b'{"frontcalc": {"version": "1", "software": {}, "options": ["abc"]}, "sources": [], "resources": []}'


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b'{"name": "others", "resources": []}', b"\xff{", ODD])
def test_what_is_no_tree_is_neither_checked_nor_written_over(
    tree: Path, options: dict[str, Any], content: bytes | None
) -> None:
    package = tree / "datapackage.json"
    package.unlink() if content is None else package.write_bytes(content)
    before = bytes_of(tree)
    with pytest.raises(DataError, match=r"datapackage\.json"):
        frontcalc.check_summaries(tree, **options)
    if content is not None:
        with pytest.raises(DataError, match=r"not the datapackage\.json of a tree"):
            frontcalc.write_summaries(tree, **options)
        assert bytes_of(tree) == before


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a,b\r\n1,2\r\n", b'actor,period,level,region\r\n"a'])
def test_a_broken_table_is_an_error(tree: Path, options: dict[str, Any], content: bytes) -> None:
    (tree / "summary-year.csv").write_bytes(content)
    if not content:
        assert ("summary-year.csv", "2024", "total") in moved(tree, options)
        return
    with pytest.raises(DataError, match="no table of a summary"):
        frontcalc.check_summaries(tree, **options)


def test_names_in_a_datapackage_lead_nowhere(tree: Path, options: dict[str, Any], tmp_path: Path) -> None:
    precious = tmp_path / "precious.csv"
    precious.write_text("mine")
    package = json.loads((tree / "datapackage.json").read_text())
    package["resources"][0]["path"] = "../precious.csv"
    (tree / "datapackage.json").write_text(json.dumps(package))
    frontcalc.write_summaries(tree, every=["month"], **options)
    assert precious.read_text() == "mine"


def test_tables_that_are_no_longer_asked_for_go(tree: Path, options: dict[str, Any]) -> None:
    (tree / "notes.csv").write_text("mine")
    frontcalc.write_summaries(tree, every=["quarter"], **options)
    assert set(bytes_of(tree)) == {"datapackage.json", "notes.csv", "summary-quarter.csv"}


@pytest.mark.parametrize(("function", "calls"), [("fsync", 1), ("fsync", 3), ("replace", 1)])
def test_a_full_disk_leaves_the_old_tree_whole(
    tree: Path, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, function: str, calls: int
) -> None:
    before = bytes_of(tree)
    done = []
    real = getattr(os, function) if function == "fsync" else Path.replace

    def fail(*arguments: Any) -> Any:
        done.append(arguments)
        if len(done) == calls:
            raise OSError(28, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(os if function == "fsync" else Path, function, fail)
    with pytest.raises(DataError, match="no space left on device"):
        frontcalc.write_summaries(tree, gross=True, **options)
    assert bytes_of(tree) == before


@pytest.mark.parametrize("every", [["decade"], []])
def test_units_are_checked(tmp_path: Path, options: dict[str, Any], every: list[str]) -> None:
    with pytest.raises(UsageError, match="--every"):
        frontcalc.write_summaries(tmp_path / "new", every=every, **options)
    assert not (tmp_path / "new").exists()


def test_a_name_with_a_line_break_stays_on_its_line() -> None:
    row = MovedRow(
        "summary-year.csv", ("A", "\n::error::", "adm1", "x\n::error::y"), "moved", (("notes", "a\n::b", ""),), ("c",)
    )
    column = MovedRow("summary-year.csv", (), "now has a\n::error::\x1b[2J", (), ("a reason\n::error::of it",))
    text = drift_text(Drift("t", (row, column)))
    assert [line for line in text.splitlines() if line.strip().startswith("::")] == []
    assert "\x1b" not in text


def test_a_file_renamed_but_not_changed_is_no_reason() -> None:
    def tree_of(name: str, figure: str) -> Tree:
        row = {"opening": "2024-01-01", "closing": "2024-02-01", "gained_km2": figure}
        table = {("A", "2024"): row}
        maps = {"2024-02-01": {name: "sha256:1"}}
        return Tree({"summary-year.csv": table}, "1", {}, {}, maps, {}, {}, frozenset())

    (row,) = compare(tree_of("a.zip", "1.000"), tree_of("b.zip", "2.000"), folder="t", days=()).moved
    assert row.why == ("no map, option or version that the tree records has changed",)
    assert row.cells == (("gained_km2", "1.000", "2.000"),)


def test_cells_that_are_no_figures_fail_only_if_strict() -> None:
    def tree_of(notes: str) -> Tree:
        row = {"opening": "2024-01-01", "closing": "2024-02-01", "notes": notes, "state": "closed"}
        return Tree({"summary-year.csv": {("A", "2024", "adm1", "x"): row}}, "1", {}, {}, {}, {}, {}, frozenset())

    drift = compare(tree_of("SPAN"), tree_of("AT-ONCE"), folder="t", days=())
    drift.require_none()
    what = "notes, days, marks or the country's area, no figure of the row, are others in 1 row"
    assert drift_text(drift) == f"t: no figure of a period that was over moved\nt: {what}\n"
    assert compare(tree_of("SPAN"), tree_of("AT-ONCE"), folder="t", days=(), strict=True).failing


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--check"], "--check needs the folder"),
        (["--check", "-o", "table.csv"], "--check needs the folder"),
        (["--strict", "-o", "new"], "--strict is of --check"),
        (["--every", "year,month"], "need a folder"),
        (["-o", "new", "--format", "json"], "--format"),
        (["-o", "new", "--units", "mi2"], "--units"),
        (["--since-invasion", "--baseline", "2023-01-01"], "one of the two"),
    ],
)
def test_options_that_contradict_each_other(
    arguments: list[str],
    problem: str,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["summary", *arguments]) == 2
    assert problem in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []
