"""Receipts: every output has one, and `frontcalc again` says which digit moved and whose doing it was."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pytest
from conftest import Run, collection, square
from hypothesis import given
from hypothesis import strategies as st

import frontcalc
from frontcalc import DataError, versions
from frontcalc.outputs import receipts, render

SECOND = "2024-02-28.geojson"
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
    shown = receipts.texts({name: [row[name] for row in document["rows"]] for name in document["rows"][0]})
    document["meta"]["receipt"]["figures"]["sha256"] = receipts.digest(shown, zip(*shown.values(), strict=True))
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


def test_a_tree_is_measured_again_by_its_package(maps: Path, run_here: Run) -> None:
    assert run_here("summary", "--archive", "maps", "-o", "tree", "-q").returncode == 0
    assert run_here("again", "tree/datapackage.json", "-q").returncode == 0
    (maps / SECOND).write_text(kept((0, 0), (2, 0), (6, 0)))
    done = run_here("again", "tree/datapackage.json", "-q")
    assert done.returncode == 1
    assert SECOND in done.stdout


def changed(**more: Any) -> Callable[[dict[str, Any]], None]:
    def change(own: dict[str, Any]) -> None:
        own["options"].update(more.pop("options", {}))
        own.update(more)

    return change


BAD = {
    "measures nothing by 'fetch'": changed(command="fetch"),
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
