"""Where ground changed hands: polygons whose areas are the figures, in every format and read back by others."""

from __future__ import annotations

import io
import json
import sqlite3
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas
import numpy as np
import pytest
import shapely
from conftest import square
from hypothesis import given
from hypothesis import strategies as st
from oracle import exact_area_km2

import frontcalc
from frontcalc import change
from frontcalc.errors import UsageError
from frontcalc.names import printable
from frontcalc.outputs import MAP_WRITERS, render
from frontcalc.regions import RegionSet, no_regions

Write = Callable[..., Path]

HOSTILE = '=HYPERLINK("x")<script>\n|'
COLUMNS = ["period", "actor", "region", "kind", "km2", "opening", "closing", "sliver", "attribution"]


@pytest.fixture
def maps(archive: Write) -> Path:
    """The west loses a square; three are gained, of which the region file names two and cuts one in half."""
    return archive(
        {
            "2022-12-31": {"control_map": [(300, 40), (299, 40)]},
            "2023-12-31": {"control_map": [(300, 40), (301, 40), (302, 40), (303, 40)]},
        }
    )


@pytest.fixture
def result(maps: Path, region_file: Write) -> Any:
    regions = region_file({HOSTILE: [(301, 40)], "East": [(302, 40)]})
    return frontcalc.changes(["2023"], archive=maps, regions=regions, view="control", snap="none")


def read(content: bytes, format_: str, folder: Path) -> Any:
    """Return a frame of what was written, as geopandas reads it."""
    path = folder / f"changes.{format_}"
    path.write_bytes(content)
    if format_ == "geoparquet":
        return geopandas.read_parquet(path)
    with warnings.catch_warnings():
        # GDAL names the table of styles beside the layer.
        warnings.filterwarnings("ignore", "More than one layer found")
        return geopandas.read_file(path)


def test_a_row_a_kind_and_region_with_the_ground_itself(result: Any) -> None:
    rows = [(row.kind, row.region, round(row.km2, 6), str(row.opening), str(row.closing)) for row in result.rows]
    assert rows == [
        ("gained", printable(HOSTILE), 100.0, "2022-12-31", "2023-12-31"),
        ("gained", "East", 100.0, "2022-12-31", "2023-12-31"),
        ("gained", "unassigned", 100.0, "2022-12-31", "2023-12-31"),
        ("lost", "unassigned", 100.0, "2022-12-31", "2023-12-31"),
    ]
    for row, place in zip(result.rows, [(301, 40), (302, 40), (303, 40), (299, 40)], strict=True):
        assert row.geometry.symmetric_difference(square(*place)).area < 1e-8  # 0.1 degrees by 1e-7


def test_without_regions_all_is_total(maps: Path) -> None:
    rows = frontcalc.changes(["2023"], archive=maps, by="none", view="control").rows
    assert [(row.kind, row.region, round(row.km2, 6)) for row in rows] == [
        ("gained", "total", 300.0),
        ("lost", "total", 100.0),
    ]


def test_of_several_levels_the_finest_is_drawn_and_only_what_was_asked_for() -> None:
    def drawn(**options: Any) -> dict[tuple[str, str], float]:
        rows = frontcalc.changes(["2023"], **options).rows
        areas: dict[tuple[str, str], float] = defaultdict(float)
        for row in rows:
            areas[row.region, row.kind] += row.km2
        return {key: round(km2, 3) for key, km2 in areas.items() if km2 >= 0.001}

    oblasts = drawn()
    assert drawn(by="country,adm1") == oblasts
    assert drawn(only=["Donetsk"]) == {key: area for key, area in oblasts.items() if key[0] == "Donetsk"}
    countries = drawn(by="country")
    named = sum(area for (region, kind), area in oblasts.items() if kind == "gained" and region != "unassigned")
    assert sum(countries.get((name, "gained"), 0.0) for name in ("Ukraine", "Russia")) == pytest.approx(named, abs=0.02)
    assert drawn(by="none").keys() == {("total", "gained"), ("total", "lost")}


def test_two_files_are_compared_and_may_have_no_dates(maps: Path, tmp_path: Path) -> None:
    before, after = tmp_path / "before.geojson", tmp_path / "after.geojson"
    (maps / "2022-12-31.geojson").rename(before)
    (maps / "2023-12-31.geojson").rename(after)
    result = frontcalc.changes_between(before, after, view="control")
    assert {row.period for row in result.rows} == {"before.geojson..after.geojson"}
    for format_ in MAP_WRITERS:
        frame = read(render(result, format_), format_, tmp_path)
        assert frame["opening"].isna().all()
        assert frame["km2"].sum() == 400.0


@pytest.mark.parametrize("format_", MAP_WRITERS)
def test_each_format_gives_the_polygons_and_their_figures(format_: str, result: Any, tmp_path: Path) -> None:
    frame = read(render(result, format_), format_, tmp_path)
    assert list(frame.columns)[:9] == COLUMNS
    assert frame.crs.equals("OGC:CRS84", ignore_axis_order=True)
    assert frame["region"].tolist() == [row.region for row in result.rows]
    assert frame["km2"].tolist() == [100.0] * 4
    assert {str(day)[:10] for day in frame["opening"]} == {"2022-12-31"}
    assert {str(day)[:10] for day in frame["closing"]} == {"2023-12-31"}
    assert set(frame["attribution"]) == {"; ".join(result.meta.attribution)}
    assert shapely.equals_exact(frame.geometry.to_numpy(), [row.geometry for row in result.rows], 1e-9).all()


@pytest.mark.parametrize("format_", MAP_WRITERS)
def test_square_miles_are_in_a_column_named_so(format_: str, result: Any, tmp_path: Path) -> None:
    frame = read(render(result, format_, units="mi2"), format_, tmp_path)
    assert frame["mi2"].tolist() == [38.610] * 4
    assert "km2" not in frame.columns


@pytest.mark.parametrize("format_", MAP_WRITERS)
def test_a_map_states_no_time_and_is_the_same_bytes_again(format_: str, result: Any) -> None:
    first = render(result, format_)
    time.sleep(0.01)
    assert render(result, format_) == first


@pytest.mark.parametrize("format_", MAP_WRITERS)
def test_no_change_is_a_file_without_features(format_: str, archive: Write, tmp_path: Path) -> None:
    same = archive({day: {None: [(300, 40)]} for day in ("2024-01-01", "2024-01-02")}, "same")
    (same / "2024-01-02.geojson").write_text((same / "2024-01-02.geojson").read_text() + "\n")
    frame = read(render(frontcalc.changes(["2024-01-02"], archive=same), format_), format_, tmp_path)
    assert len(frame) == 0


def test_geojson_is_as_rfc_7946_wants_it(result: Any) -> None:
    document = json.loads(render(result, "geojson"))
    assert list(document) == ["type", "frontcalc", "features", "meta"]
    assert list(document["features"][0]["properties"]) == COLUMNS
    for feature in document["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.geom_type == "MultiPolygon"
        assert shape.is_valid
        assert all(polygon.exterior.is_ccw for polygon in shape.geoms)
    assert document["meta"]["files"][0]["name"] == "2022-12-31.geojson"


def test_a_map_of_the_sample_says_that_it_is_made_up(tmp_path: Path) -> None:
    path = tmp_path / "2023.geojson"
    path.write_bytes(render(frontcalc.changes(["2023"]), "geojson"))
    assert json.loads(path.read_bytes())["synthetic"] is True


def style_of(content: bytes, layer: str) -> tuple[str, dict[str, dict[str, str]]]:
    """Return what a GeoPackage's style tells features apart by, and the options of the symbol of each value."""
    database = sqlite3.connect(":memory:")
    database.deserialize(content)
    ((table, column, default, style),) = database.execute(
        "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
    ).fetchall()
    assert (table, column, default) == (layer, "geometry", 1)
    assert database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall() == [(table, column)]
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert {day for (day,) in database.execute("SELECT last_change FROM gpkg_contents")} == {"2000-01-01T00:00:00.000Z"}
    database.close()
    renderer = ET.fromstring(style).find("renderer-v2")
    assert renderer is not None
    symbols = {
        symbol.get("name"): {one.get("name", ""): one.get("value", "") for one in symbol.iter("Option")}
        for symbol in renderer.iter("symbol")
    }
    # QGIS takes a symbol away with the first category that has it.
    assert len({one.get("symbol") for one in renderer.iter("category")}) == len([*renderer.iter("category")])
    return renderer.get("attr", ""), {
        one.get("value", ""): symbols[one.get("symbol")] for one in renderer.iter("category")
    }


def test_geopackage_has_a_style_that_draws_slivers_without_outline(result: Any) -> None:
    told_by, symbols = style_of(render(result, "gpkg"), "changes")
    assert told_by == "concat(kind, if(sliver, ', thin strips', ''))"
    assert set(symbols) == {
        row.kind + (", thin strips" if sliver else "") for row in result.rows for sliver in (False, True)
    }
    for value, symbol in symbols.items():
        assert symbol["outline_style"] == ("no" if "thin" in value else "solid")


@pytest.mark.parametrize("names", [['a"<b>&', "two"], ["1", "2", "3", "4", "5", "6", "7"]])
def test_shared_ground_has_a_colour_by_who_shows_it(names: list[str], archive: Write) -> None:
    folders = [
        archive({day: {"control_map": [(300 + n, 40)]} for day in ("2022-12-31", "2023-12-30")}, name)
        for n, name in enumerate(names)
    ]
    apart = frontcalc.shared_ground("2023", archives=folders, by="none", view="control")
    told_by, symbols = style_of(render(apart, "gpkg"), "consensus")
    assert told_by == "shown_by"
    assert {row.shown_by for row in apart.rows} == set(names)
    assert [*symbols] == (names if len(names) < 6 else [*names[:5], ""])
    assert len({symbol["color"] for symbol in symbols.values()}) == len(symbols)


@pytest.mark.parametrize("format_", MAP_WRITERS)
def test_slivers_are_features_of_their_own(format_: str, tmp_path: Path) -> None:
    result = frontcalc.changes(["2024-10"], only="Donetsk")
    frame = read(render(result, format_), format_, tmp_path)
    assert frame["kind"].tolist() == ["gained", "gained", "lost", "lost"]
    assert frame["sliver"].tolist() == [False, True, False, True]
    (row,) = (row for row in frontcalc.diff(["2024-10"], only="Donetsk").rows if row.level == "adm1")
    assert frame["km2"].tolist() == pytest.approx(
        [
            *(row.gained_km2 - row.gained_sliver_km2, row.gained_sliver_km2),
            *(row.lost_km2 - row.lost_sliver_km2, row.lost_sliver_km2),
        ],
        abs=0.001,
    )
    broad = frontcalc.changes(["2024-10"], only="Donetsk", drop_slivers=True).rows
    assert [(one.kind, one.sliver, one.km2) for one in broad] == [
        (one.kind, False, one.km2) for one in result.rows if not one.sliver
    ]


def test_a_table_is_no_map_and_a_map_no_table(result: Any) -> None:
    with pytest.raises(UsageError, match="no format 'csv' in 'km2'; formats are geojson, gpkg, geoparquet"):
        render(result, "csv")
    with pytest.raises(UsageError, match="no format 'gpkg' in 'km2'; formats are table, csv"):
        render(frontcalc.list_regions(), "gpkg")


boxes = st.lists(st.tuples(*[st.integers(0, 8)] * 2, *[st.integers(1, 4)] * 2), max_size=5)


def ground(drawn: list[tuple[int, int, int, int]]) -> shapely.MultiPolygon:
    """Return the union of boxes, by kilometres, as a multipolygon."""
    united = shapely.union_all([shapely.box(x * 1e3, y * 1e3, (x + w) * 1e3, (y + h) * 1e3) for x, y, w, h in drawn])
    return shapely.MultiPolygon([part for part in shapely.get_parts(united) if part.area])


def regions_of_two() -> RegionSet:
    pieces = np.array(
        [shapely.box(0, 0, 3500, 12e3), shapely.box(3500, 0, 9e3, 5e3), shapely.box(3500, 5e3, 9e3, 12e3)]
    )
    return RegionSet("adm1", ("a", "b"), pieces, np.array([0, 1, 1]), pieces, np.array([0, 1, 1]))


@given(boxes, boxes, st.booleans())
def test_pieces_have_the_areas_of_the_figures_and_make_up_the_change(before: Any, after: Any, split: bool) -> None:
    first, second = ground(before), ground(after)
    regions = regions_of_two() if split else no_regions()
    figures = change.step(first, second, regions)
    assert figures.ground is not None
    came, went = figures.ground
    for parts, km2, whole in (
        (came, figures.gained_km2, second - first),
        (went, figures.lost_km2, first - second),
    ):
        pieces = change.by_region(parts.polygons, regions)
        assert [one.area / 1e6 for one in pieces] == pytest.approx(km2[:-1], abs=1e-9)
        assert shapely.union_all(pieces).symmetric_difference(whole).area < 1e-3


@pytest.mark.thorough(but=["deepstate-daily"])
@pytest.mark.shared
@pytest.mark.parametrize("name", ["isw-weekly", "deepstate-daily"])
def test_maps_of_real_archives_have_the_areas_of_the_table(name: str, shared: Path) -> None:
    archive = shared / "archives" / name
    periods = {"isw-weekly": ["2023", "2024"], "deepstate-daily": ["2024-10"]}[name]
    regions = shared / "regions" / "ukraine-oblasts.geojson"
    figures = {
        (row.period, row.region, kind): getattr(row, f"{kind}_km2")
        for row in frontcalc.diff(periods, archive=archive, regions=regions).rows
        for kind in ("gained", "lost")
    }
    result = frontcalc.changes(periods, archive=archive, regions=regions)
    for row in result.rows:
        figures[row.period, row.region, row.kind] -= row.km2
        assert exact_area_km2(row.geometry) == pytest.approx(row.km2, abs=0.001)
        assert row.geometry.is_valid
    assert any(row.sliver for row in result.rows)
    assert all(abs(area) < 0.001 for (_, region, _), area in figures.items() if region != "total")
    content = render(result, "geojson")
    assert geopandas.read_file(io.BytesIO(content)).geometry.is_valid.all()
