"""Maps of change: the right ground is drawn, and every word can be read."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import build_beside
import numpy as np
import pytest
import shapely
from conftest import Run
from pictures import assert_legible, drawn_km2, texts

import frontcalc
from frontcalc import crs
from frontcalc.notices import CODES
from frontcalc.pictures import labels
from frontcalc.pictures.change_map import ChangeMap
from frontcalc.pictures.frame import frame_of, land_in
from frontcalc.pictures.labels import Label
from frontcalc.pictures.sheet import Box
from frontcalc.regions import no_regions
from frontcalc.towns import load_towns

Write = Callable[..., Path]
SMALL = "900x640"

CASES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "2023": (["2023"], {}),
    "2024": (["2024"], {}),
    "a week": (["2024-W36"], {}),
    "one region": (["2024"], {"only": "Donetsk"}),
    "Kursk": (["2024"], {"actor": "Ukraine"}),
}


def held(shapes: list[Any]) -> dict[str | None, list[Any]]:
    """Return the layers of a map."""
    return {"control_map": shapes, "russian_advances": [None]}


def areas_km2(scene: ChangeMap) -> list[tuple[float, float]]:
    return [(panel.row.gained_km2 or 0.0, panel.row.lost_km2 or 0.0) for panel in scene.panels]


def assert_a_good_map(scene: ChangeMap, **looks: Any) -> None:
    figure = scene.plot(size=SMALL, **looks)
    gained, lost = (sum(column) for column in zip(*areas_km2(scene), strict=True))
    # A thousandth of a km² would be rounding; half a per cent is what thinning to the pixel may cost.
    assert drawn_km2(figure, "gained", "gained-slivers") == pytest.approx(gained, rel=0.005, abs=0.02)
    assert drawn_km2(figure, "lost", "lost-slivers") == pytest.approx(lost, rel=0.005, abs=0.02)
    assert_legible(figure)
    assert texts(figure, "title")
    source = " ".join(texts(figure, "source"))
    assert "View: " in source
    assert "Natural Earth" in source
    assert "equal-area projection" in source
    # Neither codes nor coordinates.
    assert "°" not in source
    assert not any(code in source for code in CODES if "-" in code)


@pytest.mark.thorough(but=["2023", "Kursk", "one region"])
@pytest.mark.parametrize("name", CASES)
def test_the_sample_is_drawn_with_the_areas_of_its_table(name: str) -> None:
    periods, options = CASES[name]
    scene = frontcalc.change_map(periods, **options)
    assert scene.table.rows == frontcalc.diff(periods, **options).rows
    assert_a_good_map(scene)


@pytest.mark.thorough(but=["a week"])
@pytest.mark.shared
@pytest.mark.parametrize("name", CASES)
def test_isw_is_drawn_with_the_areas_of_its_table(name: str, shared: Path) -> None:
    periods, options = CASES[name]
    assert_a_good_map(frontcalc.change_map(periods, archive=shared / "archives" / "isw-weekly", **options))


@pytest.fixture(scope="module")
def kursk() -> ChangeMap:
    return frontcalc.change_map(["2024"], actor="Ukraine")


@pytest.fixture
def squares(archive: Write) -> Path:
    """Return maps at sea: held, gained, lost; and a year without change."""
    return archive(
        {
            "2022-12-31": held([(0, 0), (1, 0), (2, 0)]),
            "2023-12-31": held([(0, 0), (1, 0), (3, 0), (1, 1)]),
            "2024-12-31": held([(0, 0), (1, 0), (3, 0), (1, 1)]),
        }
    )


def test_change_only_in_kursk_is_framed_there_and_named(kursk: ChangeMap) -> None:
    figure = kursk.plot(size=SMALL)
    (title,) = texts(figure, "title")
    assert re.fullmatch(r"Ukraine: \+50\d\.\d km² in 2024, to 17 Nov, \+50\d\.\d km² of it at once", title)
    names = texts(figure, "town", "region", "country")
    assert {"Kursk", "RUSSIA"} <= set(names)
    assert "Odesa" not in names


def test_a_map_of_squares(squares: Path) -> None:
    figure = frontcalc.change_map(["2023"], archive=squares).plot(size=SMALL)
    assert drawn_km2(figure, "gained") == pytest.approx(200, rel=1e-4)
    assert drawn_km2(figure, "lost") == pytest.approx(100, rel=1e-4)
    assert drawn_km2(figure, "held") == pytest.approx(300, rel=1e-3)
    assert texts(figure, "title") == ["Russia: +100.0 km² in 2023"]
    assert texts(figure, "subtitle") == [
        "Gained 200.0 km², lost 100.0 km²; maps of 31 December 2022 and 31 December 2023."
    ]
    assert not texts(figure, "synthetic", "watermark")
    assert_legible(figure)


def test_a_period_without_change_says_so(squares: Path) -> None:
    figure = frontcalc.change_map(["2024"], archive=squares).plot(size=SMALL)
    assert texts(figure, "title") == ["Russia: no measurable change in 2024"]
    assert "no ground gained or lost" in texts(figure, "key")
    assert drawn_km2(figure, "held") == pytest.approx(400, rel=1e-3)
    assert_legible(figure)


def test_several_periods_share_a_frame_and_a_key(squares: Path) -> None:
    figure = frontcalc.change_map(["2023", "2024", "2025"], archive=squares).plot(size=SMALL)
    assert len(figure.axes) == 3
    assert len({(axes.get_xlim(), axes.get_ylim(), round(axes.bbox.width, 6)) for axes in figure.axes}) == 1
    assert texts(figure, "heading") == ["+100.0 km² in 2023", "no measurable change in 2024", "not measured in 2025"]
    assert texts(figure, "detail")[2] == "no two maps stand for this period"
    assert texts(figure, "key").count("gained") == 1
    assert_legible(figure)


def test_two_files_are_compared(squares: Path) -> None:
    scene = frontcalc.change_map_between(squares / "2022-12-31.geojson", squares / "2023-12-31.geojson")
    assert texts(scene.plot(size=SMALL), "title") == ["Russia: +100.0 km² between two maps"]


def test_the_key_and_the_scale_stand_off_the_map(squares: Path) -> None:
    figure = frontcalc.change_map(["2023"], archive=squares).plot(size=SMALL)
    top = figure.axes[0].get_position().y1
    keys = [text for text in figure.texts if text.get_gid() in ("key", "scale-text")]
    assert len(keys) == 5
    assert all(text.get_position()[1] > top for text in keys)


def test_what_is_made_up_says_so_on_the_map_itself(kursk: ChangeMap) -> None:
    figure = kursk.plot(size=SMALL)
    assert texts(figure, "watermark") == ["SYNTHETIC"]
    assert texts(figure, "synthetic")


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_map_has_the_same_bytes(form: str, kursk: ChangeMap) -> None:
    first = kursk.image(form, size=SMALL)
    assert first == kursk.image(form, size=SMALL)
    assert first.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[form])
    assert b"CreationDate" not in first
    assert b"<dc:date>" not in first


def test_a_users_own_settings_change_nothing(kursk: ChangeMap, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib as mpl

    before = kursk.image("png", size=SMALL)
    with mpl.rc_context({"font.size": 30, "savefig.bbox": "tight", "axes.facecolor": "red", "path.simplify": False}):
        assert kursk.image("png", size=SMALL) == before


def test_names_from_files_are_no_formulas_and_no_markup(archive: Write, region_file: Write) -> None:
    maps = archive({"2022-12-31": held([(0, 0)]), "2023-12-31": held([(0, 0), (1, 0)])}, name="$x^2$")
    regions = region_file({"<script>$\\frac{1}$": [(0, 0), (1, 0), (0, 1), (1, 1)], "bell\x07": [(3, 3)]})
    scene = frontcalc.change_map(["2023"], archive=maps, regions=regions, only="<script>$\\frac{1}$")
    assert texts(scene.plot(size=SMALL), "title") == ["Russia in <script>$\\frac{1}$: +100.0 km² in 2023"]
    drawn = scene.image("svg", size=SMALL, zoom="bell\\x07")
    assert b"<script>" not in drawn
    assert b"\x07" not in drawn


def test_the_outline_shows_small_changes_but_no_slivers(archive: Write) -> None:
    tiny = shapely.box(0.02, -44.99, 0.023, -44.987)  # some 300 m wide
    strip = shapely.box(0.0, -45.5, 0.0005, -45.0)  # some 40 m wide
    maps = archive({"2022-12-31": held([(9, 9)]), "2023-12-31": held([(9, 9), tiny, strip])})
    figure = frontcalc.change_map(["2023"], archive=maps).plot(size=SMALL)
    (solid,), (thin,) = (
        figure.findobj(lambda artist, gid=gid: artist.get_gid() == gid) for gid in ("gained", "gained-slivers")
    )
    assert solid.get_linewidth() > 0
    assert thin.get_linewidth() == 0
    assert any("strips under 100 m are not" in text for text in texts(figure, "key"))


def test_far_specks_are_left_out_of_the_frame_and_said() -> None:
    main = [shapely.box(x * 2e4, 5e6, x * 2e4 + 1.5e4, 5.1e6) for x in range(8)]
    speck = shapely.box(-2e6, 5e6, -2e6 + 400, 5e6 + 400)
    frame = frame_of("auto", "EPSG:6933", np.array([*main, speck]), np.empty(0, dtype=object), no_regions())
    assert frame.box[2] - frame.box[0] < 300_000
    whole = frame_of("auto", "EPSG:6933", np.array(main), np.empty(0, dtype=object), no_regions())
    assert frame == whole


def test_a_zoom_leaves_change_out_and_says_how_much(squares: Path) -> None:
    scene = frontcalc.change_map(["2023"], archive=squares)
    assert not any("Outside the frame" in text for text in texts(scene.plot(size=SMALL), "source"))
    figure = scene.plot(size=SMALL, zoom="5,-48,6,-47")
    assert "Outside the frame: 100.0 % of what was gained and lost." in texts(figure, "source")


@pytest.mark.parametrize(
    ("zoom", "message"),
    [
        ("Donezk", "did you mean Donetsk"),
        ("1,2,3", "neither auto"),
        ("30,50,20,40", "no box"),
        ("nan,1,2,3", "neither auto"),
        ("-170,-80,170,80", "no box"),
    ],
)
def test_a_zoom_that_means_nothing_is_a_usage_error(zoom: str, message: str, kursk: ChangeMap) -> None:
    with pytest.raises(frontcalc.UsageError, match=message):
        kursk.plot(zoom=zoom)


def test_a_region_is_found_by_its_spellings(kursk: ChangeMap) -> None:
    frames = [kursk.plot(size=SMALL, zoom=name).axes[0].get_xlim() for name in ("Суми", "Sumy Oblast", "UA-59")]
    assert frames[0] == frames[1] == frames[2]


@pytest.mark.parametrize("size", ["10x10", "9000x900", "large", "800", "-5x800", "800x600x2"])
def test_a_size_that_is_none_is_a_usage_error(size: str, kursk: ChangeMap) -> None:
    with pytest.raises(frontcalc.UsageError, match="--size"):
        kursk.plot(size=size)


@pytest.mark.parametrize("size", ["400x400", "portrait", "1600x500"])
def test_words_find_room_on_any_sheet(size: str, kursk: ChangeMap) -> None:
    assert_legible(kursk.plot(size=size))


def test_more_periods_than_a_sheet_holds(squares: Path) -> None:
    scene = frontcalc.change_map([f"2023-{month:02}" for month in range(1, 13)] + ["2023"], archive=squares)
    with pytest.raises(frontcalc.UsageError, match="13 maps are more than the 12"):
        scene.plot()


def test_square_miles(squares: Path) -> None:
    figure = frontcalc.change_map(["2023"], archive=squares).plot(size=SMALL, units="mi2")
    assert texts(figure, "title") == ["Russia: +38.6 sq mi in 2023"]  # 100 ÷ 2.59
    assert texts(figure, "scale-text")[0].endswith(" mi")


def test_labels_take_the_first_free_place_and_none_is_on_another() -> None:
    canvas = Box(0, 0, 100, 100)
    same = [Label(str(number), "town", 20, 10, ((50, 50),), 2) for number in range(12)]
    placed = labels.place(same, canvas, lambda label, box: 0.0)
    assert [label.text for label, _, _ in placed] == ["0"], "a mark that is covered would be another town's"
    apart = [Label(str(number), "region", 20, 10, ((50, 50), (50, 70), (150, 50)), 0) for number in range(3)]
    found = labels.place(apart, canvas, lambda label, box: 0.0)
    assert [anchor for _, _, anchor in found] == [(50, 50), (50, 70)]
    refused = labels.place(apart, canvas, lambda label, box: None)
    assert refused == []


def test_towns_lie_on_the_land_that_maps_draw() -> None:
    frame = frame_of("20,43,45,57", "OGC:CRS84", np.empty(0, dtype=object), np.empty(0, dtype=object), no_regions())
    land = land_in(frame, no_regions(), "EPSG:6933")
    assert {"Ukraine", "Russia", "Belarus", "Poland", "Moldova", "Romania", "Türkiye"} <= set(land.countries)
    whole = shapely.union_all([shape for shapes in land.countries.values() for shape in shapes])
    project = crs.projector(crs.LONLAT, frame.crs)
    towns = load_towns().within((20, 44, 45, 57), least_people=50_000)
    distances = shapely.distance(shapely.points(project(towns.points)), whole)
    # The coast is 1:10m.
    assert [name for name, metres in zip(towns.names, distances.tolist(), strict=True) if metres > 3_000] == []
    assert not shapely.contains(whole, shapely.Point(project(np.array([(36.6, 46.1)]))[0])), "the Sea of Azov"


@pytest.mark.thorough
def test_the_script_gives_the_surroundings_again(wheel: Path) -> None:
    stored = resources.files("frontcalc") / "data" / "surroundings.wkb.gz"
    assert gzip.decompress(build_beside.surroundings(wheel)) == gzip.decompress(stored.read_bytes())


def test_a_notebook_shows_the_map(kursk: ChangeMap, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (kursk._repr_png_() or b"").startswith(b"\x89PNG")
    monkeypatch.setattr("frontcalc.pictures.change_map.installed", lambda: False)
    assert kursk._repr_png_() is None


def test_the_command_writes_the_form_of_the_suffix(run_here: Run, squares: Path, tmp_path: Path) -> None:
    for form, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        target = tmp_path / f"map.{form}"
        done = run_here("map", "2023", "--archive", squares, "-o", target, "--size", SMALL, "--theme", "print")
        assert (done.returncode, done.stdout) == (0, "")
        assert target.read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2023"], "Missing option '-o'"),
        (["2023", "-o", "map.gif"], "no picture has the suffix .gif"),
        (["2023", "-o", "map"], "no picture has the suffix"),
        (["2023", "-o", "map.png", "--size", "2x2"], "--size 2x2: is no size"),
        (["2023", "-o", "map.png", "--zoom", "Nowhere"], "--zoom Nowhere"),
        (["2023", "a.geojson", "-o", "map.png"], "exactly two files"),
    ],
)
def test_bad_use_is_exit_code_2(
    arguments: list[str], message: str, run_here: Run, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_here("map", *arguments, "--archive", squares)
    assert done.returncode == 2
    assert message in done.stderr
    assert not list(tmp_path.glob("map*.*"))


def test_a_dash_is_standard_output_in_any_form(squares: Path) -> None:
    command = [sys.executable, "-m", "frontcalc", "map", "2023", "--archive", squares, "-o", "-"]
    done = subprocess.run([*command, "--format", "svg", "--size", SMALL], capture_output=True, check=True)
    assert done.stdout.startswith(b"<?xml")


def test_the_default_format_of_tables_is_no_picture(
    run_here: Run, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "frontcalc.toml").write_text('format = "csv"\nunits = "mi2"\n')
    monkeypatch.chdir(tmp_path)
    assert run_here("map", "2023", "--archive", squares, "-o", "map.png", "--size", SMALL).returncode == 0


def test_without_matplotlib_a_line_says_what_to_install(
    run_here: Run, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for arguments in (["map", "2023"], ["plot", "series"], ["plot", "summary"], ["plot", "regions", "2023"]):
        done = run_here(*arguments, "--archive", squares, "-o", tmp_path / "map.png")
        assert done.returncode == 2
        assert "a picture: needs the package matplotlib; pip install matplotlib, or " in done.stderr


def test_names_from_the_right_stand_upright_on_a_map(archive: Write, region_file: Write) -> None:
    regions = region_file({"محافظة حلب": [(column, 0) for column in range(9)], "West": [(-9 + x, 0) for x in range(9)]})
    maps = archive({"2022-12-31": held([(0, 9)]), "2023-12-31": held([(0, 9), (4, 0), (-4, 0)])})
    figure = frontcalc.change_map(["2023"], archive=maps, regions=regions).plot(size=SMALL)
    styles = {text.get_text(): text.get_fontstyle() for text in figure.texts if text.get_gid() == "region"}
    # The slanted letters of the font are Latin, Greek and Cyrillic.
    assert styles == {"محافظة حلب": "normal", "West": "italic"}
