"""Receipts: every output has one, and `frontcalc again` says which digit moved and whose doing it was."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import openpyxl
import pyogrio
import pytest
from conftest import Run, collection, square
from hypothesis import given
from hypothesis import strategies as st

import frontcalc
from frontcalc import DataError, versions
from frontcalc.cli import group
from frontcalc.cli.results import PICTURES, SUFFIXES
from frontcalc.outputs import MAP_WRITERS, receipts, render
from frontcalc.outputs.numbers import PLACES, cell_text

SECOND, OCTOBER = "2024-02-28.geojson", "2024-10"
OUTPUTS = ("diff.json", "diff.xlsx", "diff.csv", "held.md", "months.xlsx", "ground.geojson")
DRAWN = ("map.png", "map.svg", "map.pdf", "chart.png", "page.html")
SEALED = [name for name in DRAWN if not name.endswith("pdf")]
COMMANDS = {
    "diff.json": ("diff", "2024-02"),
    "diff.xlsx": ("diff", "2024-02"),
    "diff.csv": ("diff", "2024-02", "--receipt"),
    "held.md": ("held", "2024-02-28", "--receipt"),
    "months.xlsx": ("summary", "--every", "month"),
    "ground.geojson": ("diff", "2024-02"),
    "map.png": ("map", "2024-02"),
    "map.svg": ("map", "2024-02"),
    "map.pdf": ("map", "2024-02", "--units", "mi2"),
    "chart.png": ("plot", "series"),
    "page.html": ("report", "2024-02", "--no-range"),
}


def kept(*squares: tuple[int, int]) -> str:
    return json.dumps(collection({"control": [square(*one) for one in squares]}))


@pytest.fixture
def maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three maps of 100, 200 and 300 km², in the working folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "maps"
    folder.mkdir()
    (folder / "2024-01-31.geojson").write_text(kept((0, 0)))
    (folder / SECOND).write_text(kept((0, 0), (2, 0)))
    (folder / "2024-03-31.geojson").write_text(kept((0, 0), (2, 0), (4, 0)))
    (folder / "frontcalc.toml").write_text('[layers]\n"control" = { actor = "Russia", role = "control" }\n')
    return folder


@pytest.fixture
def written(maps: Path, run_here: Run) -> Callable[[str], Path]:
    """Return a function that writes one of the outputs beside the maps, with paths as a user gives them."""

    def write(name: str, *more: str) -> Path:
        done = run_here(*COMMANDS[name], "--archive", "maps", "-o", name, "-q", *more)
        assert done.returncode == 0, done.stderr
        return maps.parent / name

    return write


def test_a_receipt_says_by_what_from_what_and_with_what(maps: Path, written: Callable[[str], Path]) -> None:
    own = json.loads(written("diff.json").read_text())["meta"]["receipt"]
    assert (own["command"], own["options"]) == ("diff", {"archive": "maps", "periods": ["2024-02"]})
    assert set(own["versions"]) == {"frontcalc", "GDAL", "GEOS", "PROJ", "numpy", "pyproj", "shapely"}
    named = {(one["role"], one["name"]): one for one in own["files"]}
    assert named["map", SECOND]["date"] == "2024-02-28"
    assert named["map", SECOND]["sha256"] == hashlib.sha256((maps / SECOND).read_bytes()).hexdigest()
    assert ("legend", "frontcalc.toml") in named
    (total,) = own["figures"]["totals"]
    assert (total["gained_km2"], total["net_km2"]) == ("100.000", "100.000")


def test_the_version_of_gdal_is_that_of_the_library() -> None:
    assert versions.gdal_version() == pyogrio.__gdal_version_string__


def test_a_receipt_has_no_time_and_no_folder_of_the_user(maps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes wherever the maps lie: of an absolute path the last name alone is kept."""
    given = [(maps, 1), (str(maps), 2), ("maps", 1), (frontcalc.open_archive(maps), 1)]
    texts = {render(frontcalc.diff(["2024-02"], archive=own, workers=workers), "json") for own, workers in given}
    (text,) = texts
    assert str(maps.parent).encode() not in text
    monkeypatch.chdir("/")
    (maps.parent / "x.json").write_bytes(text)
    with pytest.raises(DataError, match=r"maps: does not exist.*name the maps with --archive"):
        frontcalc.again(maps.parent / "x.json")
    assert frontcalc.again(maps.parent / "x.json", archive=maps).moved == ()


@pytest.mark.thorough(but=[*OUTPUTS, "map.png", "map.svg", "chart.png", "page.html"])
@pytest.mark.parametrize("name", [*OUTPUTS, *DRAWN])
def test_again_gives_the_same_digits_and_names_a_map_that_moved(
    name: str, maps: Path, written: Callable[[str], Path], run_here: Run
) -> None:
    """The second map grows from 200 to 300 km²: 100 km² more were gained in February."""
    written(name)
    done = run_here("again", name, "-q")
    assert (done.returncode, done.stdout) == (0, f"{name}: nothing moved\n"), done.stderr
    (maps / SECOND).write_text(kept((0, 0), (2, 0), (6, 0)))
    done = run_here("again", name, "-q")
    assert done.returncode == 1
    assert f"revision: {SECOND} of 2024-02-28 was changed" in done.stdout
    moved = {"held.md": "held_km2 200.000 → 300.000"}
    if name not in ("ground.geojson", "chart.png"):
        assert moved.get(name, "gained_km2 100.000 → 200.000") in done.stdout
    assert "edited" not in done.stdout


def edited(path: Path) -> None:
    """Change a figure in an output, or a letter of one that has none."""
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        sheet = book["Figures"]
        (place,) = (cell.column for cell in sheet[1] if cell.value == "net_km2")
        sheet.cell(2, place).value = 123.0
        book.save(path)
        return
    content = path.read_bytes()
    if path.suffix == ".png":
        changed = content[:-20] + bytes([content[-20] ^ 1]) + content[-19:]
    elif path.suffix in (".json", ".csv", ".md"):
        changed = content.replace(b"100.0", b"123.0").replace(b"200.0", b"123.0")
    else:
        changed = content.replace(b"2024", b"2023", 1)
    assert changed != content
    path.write_bytes(changed)


@pytest.mark.thorough(but=["diff.json", "diff.xlsx", "diff.csv", "held.md", "map.svg", "chart.png"])
@pytest.mark.parametrize("name", ["diff.json", "diff.xlsx", "diff.csv", "held.md", *SEALED])
def test_again_says_that_an_output_was_edited(name: str, written: Callable[[str], Path], run_here: Run) -> None:
    edited(written(name))
    done = run_here("again", name, "-q")
    assert done.returncode == 1
    assert "edited" in done.stdout
    assert "revision" not in done.stdout
    if name in ("diff.json", "diff.xlsx", "diff.csv"):
        assert "net_km2 123.0" in done.stdout


def test_figures_edited_together_with_their_digest_are_edited(written: Callable[[str], Path], run_here: Run) -> None:
    """Whoever writes the digest anew is found out by the maps."""
    path = written("diff.json")
    document = json.loads(path.read_text())
    for row in document["rows"]:
        row["net_km2"] += 1
    rows = [{name: cell_text(one, PLACES.get(name, 3)) for name, one in row.items()} for row in document["rows"]]
    document["meta"]["receipt"]["figures"]["sha256"] = receipts.digest(rows[0], (row.values() for row in rows))
    path.write_text(json.dumps(document))
    done = run_here("again", "diff.json", "-q")
    assert done.returncode == 1
    assert "no map, option or version in the receipt has changed: the output was edited" in done.stdout


@pytest.mark.parametrize("cell", [[], {}, "", "=1", True, 1e300, None])
def test_a_figure_may_have_become_anything(cell: Any, written: Callable[[str], Path]) -> None:
    path = written("diff.json")
    document = json.loads(path.read_text())
    document["rows"][0]["net_km2"] = cell
    path.write_text(json.dumps(document))
    assert any("edited" in why for row in frontcalc.again(path).moved for why in row.why)


def test_what_else_moved_is_named(maps: Path, written: Callable[[str], Path], run_here: Run) -> None:
    path = written("diff.json")
    document = json.loads(path.read_text())
    document["meta"]["receipt"]["versions"]["GEOS"] = "3.0.0"
    path.write_text(json.dumps(document))
    done = run_here("again", "diff.json", "-q")
    assert done.returncode == 0
    assert "new version: GEOS 3.0.0 → " in done.stdout
    toml = maps / "frontcalc.toml"
    toml.write_text(toml.read_text() + "# a remark\n")
    assert "legend frontcalc.toml was changed" in run_here("again", "diff.json", "-q").stdout
    (maps / SECOND).unlink()
    (maps / "2024-02-27.geojson").write_text(kept((0, 0), (2, 0), (6, 0)))
    told = run_here("again", "diff.json", "-q").stdout
    assert f"removed map: {SECOND} of 2024-02-28 is gone" in told
    assert "2024-02-27.geojson of 2024-02-27" in told


def test_maps_elsewhere_are_named_and_have_another_name(
    maps: Path, written: Callable[[str], Path], run_here: Run
) -> None:
    written("diff.json")
    maps.rename(maps.parent / "elsewhere")
    done = run_here("again", "diff.json", "-q")
    assert done.returncode == 3
    assert "diff.json: its receipt cannot be followed" in done.stderr
    assert "--archive" in done.stderr
    assert run_here("again", "diff.json", "-q", "--archive", "elsewhere").returncode == 0
    assert run_here("again", "diff.json", "-q", "--archive", "nowhere").returncode == 2


def test_regions_and_claims_that_lie_elsewhere_are_named(maps: Path, run_here: Run) -> None:
    elsewhere = maps.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "halves.geojson").write_text(json.dumps(collection({"west": [square(0, 0)], "east": [square(2, 0)]})))
    claim = '[[claim]]\nid = "a"\ntext = "a"\nmeasure = "net"\nvalue = 100\nunit = "km2"\nperiod = "2024-02"\n'
    (elsewhere / "claims.toml").write_text(claim)
    split = ("--regions", elsewhere / "halves.geojson", "--region-name", "layer")
    assert run_here("diff", "2024-02", "--archive", "maps", *split, "-o", "x.json", "-q").returncode == 0
    assert run_here("verify", elsewhere / "claims.toml", "--archive", "maps", "-o", "y.json", "-q").returncode == 0
    for name, path in (("x.json", split[:2]), ("y.json", ("--claims", elsewhere / "claims.toml"))):
        done = run_here("again", name, "-q")
        assert done.returncode == 3
        assert f"{path[1].name}: " in done.stderr  # type: ignore[union-attr]
        done = run_here("again", name, *path, "-q")
        assert (done.returncode, done.stdout) == (0, f"{name}: nothing moved\n"), done.stderr
    (elsewhere / "claims.toml").write_text(claim.replace("100", "150"))
    done = run_here("again", "y.json", "--claims", elsewhere / "claims.toml", "-q")
    assert done.returncode == 1
    assert "claims claims.toml was changed" in done.stdout


def test_a_picture_of_what_all_maps_show_is_measured_again(maps: Path, run_here: Run) -> None:
    shutil.copytree(maps, "others")
    archives = ("--archive", "maps", "--archive", "others")
    assert run_here("consensus", "2024-02", *archives, "-o", "both.png", "-q").returncode == 0
    assert run_here("again", "both.png", "-q").returncode == 0
    (maps / SECOND).write_text(kept((0, 0), (2, 0), (6, 0)))
    done = run_here("again", "both.png", "-q")
    assert done.returncode == 1
    assert SECOND in done.stdout


def test_a_tree_is_measured_again_by_its_package(maps: Path, run_here: Run) -> None:
    assert run_here("summary", "--archive", "maps", "-o", "tree", "-q").returncode == 0
    assert run_here("again", "tree/datapackage.json", "-q").returncode == 0
    (maps / SECOND).write_text(kept((0, 0), (2, 0), (6, 0)))
    done = run_here("again", "tree/datapackage.json", "-q")
    assert done.returncode == 1
    assert SECOND in done.stdout


# What every command that writes receipts is asked, by the output and so its form; M is an archive, N another.
ASKED = {
    "diff.csv": ("diff", OCTOBER, "--archive", "M"),
    "range.csv": ("diff", OCTOBER, "--range", "--archive", "M"),
    "diff.geojson": ("diff", OCTOBER, "--archive", "M"),
    "where.csv": ("where", OCTOBER, "--archive", "M"),
    "where.gpkg": ("where", OCTOBER, "--archive", "M"),
    "where.png": ("where", OCTOBER, "--archive", "M"),
    "held.csv": ("held", "2024-10-31", "--archive", "M"),
    "series.csv": ("series", OCTOBER, "--archive", "M"),
    "gross.csv": ("summary", OCTOBER, "--every", "month", "--gross", "--archive", "M"),
    "records.csv": ("summary", "--records", "--every", "week", "--archive", "M"),
    "flows.csv": ("flows", OCTOBER, "--archive", "M"),
    "ledger.gpkg": ("ledger", OCTOBER, "--archive", "M"),
    "ledger.parquet": ("ledger", OCTOBER, "--archive", "M"),
    "places.csv": ("places", OCTOBER, "--archive", "M"),
    "none.csv": ("places", OCTOBER, "--towns", "0", "--archive", "M"),
    "places.png": ("places", OCTOBER, "--town", "Kurakhove", "--archive", "M"),
    "map.png": ("map", OCTOBER, "--archive", "M"),
    "files.png": ("map", "M/2024-10-06.geojson", "M/2024-11-03.geojson"),
    "regions.png": ("plot", "regions", OCTOBER, "--archive", "M"),
    "rings.png": ("plot", "rings", OCTOBER, "--archive", "M"),
    "series.png": ("plot", "series", OCTOBER, "--archive", "M"),
    "summary.png": ("plot", "summary", "--every", "week", "--archive", "M"),
    "sensitivity.csv": ("sensitivity", OCTOBER, "--archive", "M"),
    "compare.csv": ("compare", OCTOBER, "--archive", "One=M", "--archive", "N"),
    "both.csv": ("consensus", OCTOBER, "--archive", "One=M", "--archive", "N"),
    "both.gpkg": ("consensus", OCTOBER, "--archive", "One=M", "--archive", "N"),
    "both.png": ("consensus", OCTOBER, "--archive", "One=M", "--archive", "N"),
    "verify.csv": ("verify", "claims.toml", "--archive", "M"),
    "check.csv": ("archive", "check", "M"),
    "list.csv": ("archive", "list", "M"),
    "show.csv": ("regions", "show", "Donetsk"),
    "sets.csv": ("regions", "list"),
    "borders.csv": ("regions", "check", "regions.geojson"),
    "page.html": ("report", OCTOBER, "--no-range", "--archive", "M"),
}
CLAIM = """[[claim]]\nid = "one"\ntext = "one"\nmeasure = "net"\nvalue = 665.8\nunit = "km2"\nperiod = "2024-10"\n"""


def kind_of(form: str) -> str:
    return "picture" if form in PICTURES else "map" if form in MAP_WRITERS else "table"


def writing(command: click.Command, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each command that writes receipts, and the kinds of its outputs."""
    if isinstance(command, click.Group):
        for own in command.list_commands(click.Context(command)):
            yield from writing(command.get_command(click.Context(command), own) or command, (*name, own))
    elif any(one.name == "receipt" for one in command.params):
        (forms,) = (one.type.choices for one in command.params if one.name in ("format_", "image"))  # type: ignore[attr-defined]
        yield from ((name, kind) for kind in {kind_of(form) for form in forms})


def test_every_command_that_writes_receipts_is_tried() -> None:
    tried = {
        (words[:at], kind_of(SUFFIXES.get(Path(name).suffix, ["page"])[0]))
        for name, words in ASKED.items()
        for at in (1, 2)
    }
    assert {one for one in writing(group) if one not in tried} == {(("regions", "fetch"), "table")}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with maps of the sample, and the same less one day as another publisher's."""
    folder = tmp_path_factory.mktemp("sample")
    frontcalc.convert(folder / "all")
    (folder / "M").mkdir()
    for path in sorted((folder / "all").glob("2024-*.geojson"))[-12:]:
        path.rename(folder / "M" / path.name)
    shutil.copytree(folder / "M", folder / "N", ignore=shutil.ignore_patterns("2024-11-03.geojson"))
    shutil.rmtree(folder / "all")
    (folder / "claims.toml").write_text(CLAIM)
    (folder / "regions.geojson").write_text(kept((0, 0)))
    return folder


@pytest.fixture
def asked(sample: Path, monkeypatch: pytest.MonkeyPatch, run_here: Run) -> Callable[[str], None]:
    """Return a function that writes an output of `ASKED`, with a receipt beside it where it has none inside."""
    monkeypatch.chdir(sample)

    def write(name: str) -> None:
        beside = [] if name.endswith((".html", ".parquet", ".png", ".geojson")) else ["--receipt"]
        done = run_here(*ASKED[name], "-o", name, "-q", *beside)
        assert done.returncode in (0, 1), done.stderr
        assert Path(name).is_file()

    return write


@pytest.mark.parametrize("name", ASKED)
def test_the_receipt_of_every_command_can_be_followed(name: str, asked: Callable[[str], None], run_here: Run) -> None:
    asked(name)
    done = run_here("again", name, "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{name}: nothing moved\n", "")


def changed(**more: Any) -> Callable[[dict[str, Any]], None]:
    def change(own: dict[str, Any]) -> None:
        own["options"].update(more.pop("options", {}))
        own.update(more)

    return change


BAD = {
    "measures nothing by 'fetch'": changed(command="fetch"),
    "measures nothing by 'fetch_regions'": changed(command="fetch_regions", options={"api": "https://example.org"}),
    "measures nothing by '__import__'": changed(command="__import__"),
    "measures nothing by 'write_summaries'": changed(command="write_summaries"),
    "takes no workers from a receipt": changed(options={"workers": "tcp://10.0.0.1:8786"}),
    "takes no cache from a receipt": changed(options={"cache": "/tmp/x"}),
    "held takes no periods": changed(command="held"),
    "is on another machine": changed(options={"archive": "//host/share"}),
    "/nowhere: does not exist": changed(options={"archive": "/nowhere"}),
    "missing a required argument": lambda own: own["options"].pop("periods"),
    "periods: is {'a': 1}": changed(options={"periods": {"a": 1}}),
    "is an address, and only files are read": changed(options={"archive": "https://example.org/maps"}),
    "its receipt is broken": changed(files=5),
    "its receipt is broken; ": changed(units="acres"),
    "its receipt is broken; w": changed(figures={"sha256": 1}),
    "its receipt is broken; wr": changed(command=7),
    "its receipt is broken; wri": lambda own: own["figures"].update(totals=[{"net_km2": []}]),
}


@pytest.mark.parametrize("says", BAD)
def test_a_receipt_that_cannot_be_followed_is_refused(says: str, written: Callable[[str], Path], run_here: Run) -> None:
    path = written("diff.json")
    document = json.loads(path.read_text())
    BAD[says](document["meta"]["receipt"])
    path.write_text(json.dumps(document))
    done = run_here("again", "diff.json", "-q")
    assert done.returncode == 3
    assert says in done.stderr
    assert done.stderr.startswith("frontcalc: diff.json: ")


def without_sheet(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    del book["Receipt"]
    book.save(path)


LACKING: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a workbook without the sheet": ("diff.xlsx", without_sheet),
    "a picture cut off": ("map.png", lambda path: path.write_bytes(path.read_bytes()[:300])),
    "a table without its receipt": ("diff.csv", lambda path: Path(f"{path}.receipt.json").unlink()),
    "JSON of something else": ("diff.json", lambda path: path.write_text('{"type": "FeatureCollection"}')),
}


@pytest.mark.parametrize("what", LACKING)
def test_an_output_without_a_receipt_says_so(what: str, written: Callable[[str], Path], run_here: Run) -> None:
    name, take = LACKING[what]
    take(written(name))
    done = run_here("again", name, "-q")
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{name}: has no receipt" in done.stderr


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * 60_000_000)
    with pytest.raises(DataError, match="unpacks to more than"):
        frontcalc.again(tmp_path / "x.xlsx")


def test_receipt_needs_a_file(run_here: Run) -> None:
    assert run_here("diff", "2024", "--receipt", "-q").returncode == 2
    assert run_here("summary", "-o", "tree", "--receipt", "-q").returncode == 2


def test_the_same_result_gives_the_same_receipt_beside_it(written: Callable[..., Path]) -> None:
    path = written("diff.csv")
    before = Path(f"{path}.receipt.json").read_bytes()
    path.unlink()
    assert Path(f"{written('diff.csv', '--workers', '2')}.receipt.json").read_bytes() == before


def test_line_ends_of_a_repository_are_no_edit(written: Callable[[str], Path], run_here: Run) -> None:
    path = written("diff.csv")
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    assert run_here("again", "diff.csv", "-q").returncode == 0


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.text("xy", max_size=3), min_size=3), min_size=1, max_size=3))
def test_no_two_tables_have_one_digest(rows: list[dict[str, str]]) -> None:
    """Cells do not run together: moving a letter from a cell to the next gives another digest."""
    moved = [dict(row) for row in rows]
    first, second = list(moved[0])[:2]
    if moved[0][first]:
        moved[0][second] = moved[0][first][-1] + moved[0][second]
        moved[0][first] = moved[0][first][:-1]
        one, other = (receipts.digest(each[0], (row.values() for row in each)) for each in (moved, rows))
        assert one != other


@given(st.binary(max_size=200), st.sampled_from([b"<svg>", receipts.PNG]), st.text())
def test_a_receipt_is_taken_out_as_it_was_put_in(more: bytes, head: bytes, name: str) -> None:
    whole = head + more + (b"</svg>" if head == b"<svg>" else b"\0\0\0\0IEND\xaeB`\x82")
    rest, own = receipts.without_receipt(receipts.with_receipt(whole, {"archive": name}))
    assert rest == whole
    assert own is not None
    assert json.loads(own) == {"archive": name, "output": hashlib.sha256(whole).hexdigest()}


@pytest.mark.thorough(but=["both.csv", "page.html"])
@pytest.mark.parametrize("name", ["both.csv", "both.png", "page.html", "gross.csv", "records.csv", "range.csv"])
def test_a_map_between_the_ends_that_was_revised_is_named(
    name: str, sample: Path, asked: Callable[[str], None], run_here: Run
) -> None:
    """The lag of a consensus, and a page, rest on every map between the ends."""
    asked(name)
    between = sample / "M" / "2024-10-13.geojson"
    kept_bytes = between.read_bytes()
    between.write_bytes((sample / "M" / "2024-10-27.geojson").read_bytes())
    done = run_here("again", name, "-q")
    between.write_bytes(kept_bytes)
    assert done.returncode == 1
    assert "2024-10-13.geojson of 2024-10-13 was changed" in done.stdout
    assert "edited" not in done.stdout
    if name == "page.html":
        assert "held_km2" in done.stdout
    if name == "both.csv":
        listed = {one["name"] for one in json.loads(Path("both.csv.receipt.json").read_text())["files"]}
        assert listed >= {f"One/{one.name}" for one in (sample / "M").glob("2024-10-*.geojson")}


BESIDE_THE_ENDS = {
    # The map before the closing one is the same, and so a notice and the column `notes` say.
    "2024-02-20": (kept((0, 0), (2, 0)), "2024-02"),
    # Its day is after the closing map, and the net is taken linearly to a day between the two.
    "2024-03-20": (kept((0, 0), (2, 0), (3, 0)), "2024-01-31..2024-03-10"),
}


@pytest.mark.parametrize("day", BESIDE_THE_ENDS)
def test_a_map_beside_the_ends_that_was_revised_is_named(day: str, maps: Path, run_here: Run) -> None:
    drawn, period = BESIDE_THE_ENDS[day]
    (maps / f"{day}.geojson").write_text(drawn)
    assert run_here("diff", period, "--archive", "maps", "-o", "x.csv", "--receipt", "-q").returncode == 0
    (maps / f"{day}.geojson").write_text(kept((0, 0), (2, 0), (8, 0), (9, 0)))
    done = run_here("again", "x.csv", "-q")
    assert done.returncode == 1
    assert f"revision: {day}.geojson of {day} was changed" in done.stdout
    assert "edited" not in done.stdout


def test_two_maps_without_dates_are_both_in_the_receipt(maps: Path, run_here: Run) -> None:
    for name, path in (("a", SECOND), ("b", "2024-03-31.geojson")):
        (maps.parent / f"{name}.geojson").write_bytes((maps / path).read_bytes())
    table = frontcalc.diff_files("a.geojson", "b.geojson", view="control", by="none")
    names = [one["name"] for one in receipts.receipt(table)["files"]]
    assert names == ["a.geojson", "b.geojson"]


def test_an_output_written_anew_loses_the_receipt_of_the_one_before(maps: Path, run_here: Run) -> None:
    beside = maps.parent / "x.csv.receipt.json"
    assert run_here("diff", "2024-02", "--archive", "maps", "-o", "x.csv", "--receipt", "-q").returncode == 0
    stale = beside.read_bytes()
    assert run_here("diff", "2024-03", "--archive", "maps", "-o", "x.csv", "-q").returncode == 0
    assert not beside.exists()
    assert "has no receipt" in run_here("again", "x.csv", "-q").stderr
    beside.write_bytes(stale)
    done = run_here("again", "x.csv", "-q")
    assert (done.returncode, done.stdout) == (3, "")
    assert "x.csv: is not the output that x.csv.receipt.json is of; write the output anew with --receipt" in done.stderr
    frontcalc.diff(["2024-03"], archive="maps").save("x.csv")
    assert not beside.exists()
    # Another program's stays.
    beside.write_text('{"total": "3.20"}')
    frontcalc.diff(["2024-03"], archive="maps").save("x.csv")
    assert beside.exists()


def test_archives_elsewhere_need_their_names(maps: Path, run_here: Run) -> None:
    shutil.copytree(maps, maps.parent / "other")
    both = ("--archive", "One=maps", "--archive", "Two=other")
    assert run_here("compare", "2024-02", *both, "-o", "both.csv", "--receipt", "-q").returncode == 0
    done = run_here("again", "both.csv", "--archive", "maps", "--archive", "other", "-q")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--archive: are called maps and other, and One and Two in both.csv" in done.stderr
    assert "NAME=PATH" in done.stderr
    assert run_here("again", "both.csv", *both[2:], *both[:2], "-q").returncode == 0
    (maps / SECOND).write_text(kept((0, 0), (2, 0), (6, 0)))
    told = run_here("again", "both.csv", "-q").stdout
    assert f"revision: One/{SECOND} of 2024-02-28 was changed" in told
    assert f"Two/{SECOND}" not in told


def test_plain_words_for_what_is_edited_renamed_or_a_receipt_itself(
    written: Callable[[str], Path], run_here: Run
) -> None:
    edited(written("chart.png"))
    done = run_here("again", "chart.png", "-q")
    assert "chart.png: was edited: no figure in its receipt moved; write the output anew" in done.stderr
    path = written("diff.csv")
    assert run_here("again", "diff.csv.receipt.json", "-q").stdout == "diff.csv: nothing moved\n"
    path.rename(path.with_name("renamed.csv"))
    assert "its receipt is to be renamed.csv.receipt.json" in run_here("again", "renamed.csv", "-q").stderr


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + b"\0" * 40 + b"PAR1"])
def test_broken_parquet_has_no_receipt(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(DataError, match="has no receipt"):
        frontcalc.again(tmp_path / "x.parquet")
