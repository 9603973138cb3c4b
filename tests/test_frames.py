"""Results as data frames: dtypes that rows cannot move, the columns of the CSV, and regions to map."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import square
from table_schema import PUBLISHED

import frontcalc
from frontcalc.cli import run
from frontcalc.crs import LONLAT, projector
from frontcalc.geometry import area_km2, project_polygons
from frontcalc.lint import Finding
from frontcalc.outputs import render
from frontcalc.tables import PlaceRow, Table
from frontcalc.tables.table import cell_kind, dtypes

Write = Callable[..., Path]

MAPPED = (frontcalc.tables.ChangeRow, frontcalc.tables.SharedGroundRow)
KINDS = [*PUBLISHED, *MAPPED]
SQUARE = shapely.MultiPolygon([square(300, 40)])
# One cell of each kind of column, the dtype that it has, and the one it has where cells may be blank.
CELLS: dict[type, tuple[Any, str, str]] = {
    str: ("Donetsk", "string", "string"),
    int: (7, "int64", "Int64"),
    float: (2.5, "float64", "float64"),
    bool: (True, "bool", "bool"),
    date: (date(2024, 11, 3), "datetime64[s]", "datetime64[s]"),
    shapely.MultiPolygon: (SQUARE, "object", "object"),
}


def table_of(kind: type, *, rows: int, blank: bool = False) -> Table[Any, Any]:
    """Return a table whose rows are all alike: full, or blank wherever a cell may be."""
    hints = get_type_hints(kind)
    cells = {}
    for entry in fields(kind):
        own, nullable = cell_kind(hints[entry.name])
        cells[entry.name] = None if blank and nullable else CELLS[own][0]
    return Table(kind, (kind(**cells),) * rows, frontcalc.list_regions().meta)


def wanted_dtypes(kind: type) -> dict[str, str]:
    hints = get_type_hints(kind)
    kinds = {entry.name: cell_kind(hints[entry.name]) for entry in fields(kind)}
    return {name: CELLS[own][2 if nullable else 1] for name, (own, nullable) in kinds.items()}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("rows", "blank"), [(2, False), (2, True), (0, False)], ids=["full", "blank", "empty"])
def test_dtypes_are_the_same_whatever_is_in_a_column(kind: type, rows: int, blank: bool) -> None:
    frame = table_of(kind, rows=rows, blank=blank).to_frame()
    assert {name: str(form) for name, form in frame.dtypes.items()} == wanted_dtypes(kind) == dtypes(kind)
    assert len(frame) == rows


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_cells_survive_and_blanks_are_missing(kind: type) -> None:
    full, blank = (table_of(kind, rows=1, blank=empty) for empty in (False, True))
    (cells,), frame = full.values(), full.to_frame()
    for name, value in zip(full.columns, cells, strict=True):
        assert frame[name].iloc[0] == (pd.Timestamp(value) if isinstance(value, date) else value)
    (cells,), frame = blank.values(), blank.to_frame()
    assert {name: value is None for name, value in zip(blank.columns, cells, strict=True)} == dict(frame.isna().iloc[0])


@pytest.mark.parametrize("kind", PUBLISHED, ids=lambda kind: kind.__name__)
def test_the_columns_are_those_of_the_csv_without_its_last(kind: type) -> None:
    table = table_of(kind, rows=1)
    header = next(csv.reader(io.StringIO(render(table, "csv").decode(), newline="")))
    assert [*table.to_frame().columns, "attribution"] == header
    assert table.to_frame().attrs == {"attribution": "; ".join(table.meta.attribution)}


@pytest.mark.parametrize("kind", MAPPED, ids=lambda kind: kind.__name__)
def test_polygons_are_the_last_column_of_a_geoframe_and_have_a_crs(kind: type) -> None:
    for rows in (1, 0):
        table = table_of(kind, rows=rows)
        frame = table.to_geoframe()
        assert isinstance(frame, geopandas.GeoDataFrame)
        assert list(frame.columns) == list(table.columns)
        assert frame.crs == LONLAT
        assert frame.geometry.tolist() == [SQUARE] * rows
        assert frame.drop(columns="geometry").equals(table.to_frame().drop(columns="geometry"))


@pytest.fixture
def east_and_west(archive: Write, region_file: Write) -> dict[str, Path]:
    """Two regions of two squares; each gains one, and one square is gained beside them."""
    before = [(200, 40)]
    maps = archive({"2022-12-31": {None: before}, "2023-12-31": {None: [*before, (300, 40), (302, 40), (600, 40)]}})
    return {"archive": maps, "regions": region_file({"East": [(302, 40), (303, 40)], "West": [(300, 40), (301, 40)]})}


def test_figures_lie_in_their_regions_as_drawn(east_and_west: dict[str, Path]) -> None:
    frame = frontcalc.diff(["2023"], snap="none", **east_and_west).to_geoframe()
    assert frame.crs == LONLAT
    assert frame["region"].tolist() == ["East", "West", "unassigned", "total"]
    east, west, *others = frame.geometry
    assert others == [None, None]
    assert east.symmetric_difference(shapely.union_all([square(302, 40), square(303, 40)])).area < 1e-7
    assert west.contains(square(301, 40).centroid)
    assert frame["gained_km2"].round(6).tolist() == [100, 100, 100, 300]


@pytest.mark.parametrize(
    "measure",
    [
        lambda options: frontcalc.held(["2023-12-31"], **options),
        lambda options: frontcalc.series(**options),
        lambda options: frontcalc.summary(**options),
        lambda options: frontcalc.summary(gross=True, **options),
        lambda options: frontcalc.flows(["2023"], **options),
        lambda options: frontcalc.sensitivity("2023", **options),
        lambda options: frontcalc.diff(["2023"], with_range=True, **options),
        lambda options: frontcalc.diff_files(*sorted(options["archive"].glob("*.geojson")), regions=options["regions"]),
        lambda options: frontcalc.changes(["2023"], **options),
    ],
)
def test_every_result_by_region_can_be_mapped(measure: Callable[..., Any], east_and_west: dict[str, Path]) -> None:
    frame = measure(east_and_west).to_geoframe()
    drawn = {name: shape for name, shape in zip(frame["region"], frame.geometry, strict=True) if shape is not None}
    assert {"East", "West"} <= set(drawn)
    assert drawn["East"].intersects(square(302, 40).centroid)
    assert not drawn["East"].intersects(square(301, 40).centroid)


def test_publishers_side_by_side_can_be_mapped(archive: Write, region_file: Write) -> None:
    maps = {"2022-12-31": {None: [(200, 40)]}, "2023-12-31": {None: [(200, 40), (300, 40)]}}
    both = [archive(maps, "one"), archive({**maps, "2023-12-31": {None: [(200, 40), (301, 40)]}}, "other")]
    regions = region_file({"West": [(300, 40), (301, 40)]})
    compared = frontcalc.compare(["2023"], archives=both, regions=regions).to_geoframe()
    assert [shape is not None for shape in compared.geometry] == [region == "West" for region in compared["region"]]
    apart = frontcalc.shared_ground("2023", archives=both, regions=regions)
    assert apart.to_geoframe()["shown_by"].tolist() == ["one", "other"] * 2
    html = apart._repr_html_()
    assert html.count("<td>2023</td>") == 4
    assert "<td>100.0</td>" in html


def test_a_region_is_as_large_as_its_land_and_has_no_seams() -> None:
    table = frontcalc.list_regions()
    frame = table.to_geoframe()
    for shape, name, wanted in zip(frame.geometry, frame["region"], frame["area_km2"], strict=True):
        plane = project_polygons(np.array(list(shape.geoms)), projector(LONLAT, "EPSG:6933"))
        assert np.sum(area_km2(plane)) == pytest.approx(wanted, abs=0.01), name
        assert sum(len(part.interiors) for part in shape.geoms) == (name == "Kyiv"), name
    measured = frontcalc.diff(["2024"]).to_geoframe().set_index("region").geometry
    donetsk = frontcalc.show_region("Donetsk").to_geoframe().geometry.iloc[0]
    assert measured["Donetsk"].symmetric_difference(donetsk).area < 1e-7
    assert not any(part.interiors for part in measured["Donetsk"].geoms)


def test_a_country_has_all_of_its_regions() -> None:
    table = frontcalc.diff(["2024"], by="country,adm1", only="Ukraine")
    frame = table.to_geoframe()
    country = frame[frame["level"] == "country"].geometry.iloc[0]
    regions = frame[frame["level"] == "adm1"].geometry
    assert country.area == pytest.approx(sum(shape.area for shape in regions), abs=1e-6)
    assert frame[frame["level"] == "total"].geometry.isna().all()


def test_a_checked_region_file_is_mapped_as_drawn(region_file: Write) -> None:
    frame = frontcalc.check_regions(region_file({"West": [(300, 40)]})).to_geoframe()
    assert frame.geometry.iloc[0].equals_exact(SQUARE, 1e-12, normalize=True)


def test_places_and_findings_are_points() -> None:
    for kind in (PlaceRow, Finding):
        full, blank = (table_of(kind, rows=1, blank=empty) for empty in (False, True))
        assert full.to_geoframe().geometry.tolist() == [shapely.Point(2.5, 2.5)]
        assert blank.to_geoframe().geometry.iloc[0] in (None, shapely.Point(2.5, 2.5))


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        (lambda: frontcalc.diff(["2024"], by="none"), "call frontcalc.changes for the ground that changed hands"),
        (lambda: frontcalc.flows(["2024"]), "split them with by= or regions="),
        (lambda: frontcalc.list_archive(), "frontcalc.convert writes the polygons of maps"),
        (lambda: frontcalc.verify("bbc-2024-11"), "call frontcalc.diff or frontcalc.changes for the period"),
    ],
)
def test_what_has_no_place_says_what_to_call(measure: Callable[[], Any], said: str) -> None:
    with pytest.raises(frontcalc.UsageError, match=said):
        measure().to_geoframe()


@pytest.mark.parametrize(
    ("kind", "said"),
    [("ChangeRow", "frontcalc.change_map"), ("CompareRow", "diff of each archive"), ("SharedGroundRow", "to_geoframe")],
)
def test_what_has_no_chart_says_what_draws_it(kind: str, said: str) -> None:
    (wanted,) = (own for own in KINDS if own.__name__ == kind)
    with pytest.raises(frontcalc.UsageError, match=said):
        table_of(wanted, rows=2).plot()


def test_a_notebook_shows_polygons_as_a_table_of_their_areas() -> None:
    html = frontcalc.changes(["2024-10"], only="Donetsk")._repr_html_()
    assert "<td>Donetsk</td><td>gained</td>" in "".join(line.strip() for line in html.splitlines())


def test_a_table_is_short_where_it_is_printed() -> None:
    assert repr(frontcalc.list_regions()) == "<Table of 32 RegionRow>"


def test_metas_and_archives_are_short_where_they_are_printed() -> None:
    sample = Path(__file__).parents[1] / "data" / "sample_polygons"
    shown = [
        repr(frontcalc.open_archive(sample)),
        repr(frontcalc.diff(["2024"]).meta),
        repr(frontcalc.list_regions().meta),
    ]
    assert shown[0] == "<Archive sample_polygons of 99 maps, 2022-12-31 to 2024-11-17>"
    assert shown[1].startswith("<Meta of SYNTHETIC SAMPLE: 1 actors, ")
    assert "2 files" in shown[1]
    assert shown[2].startswith("<RegionMeta of ukraine-adm1")
    assert max(map(len, shown)) < 200


def test_a_table_is_its_rows_and_prints_as_the_command_shows_it(capfd: pytest.CaptureFixture[str]) -> None:
    table = frontcalc.diff(["2024"], by="none")
    assert (len(table), list(table)) == (len(table.rows), list(table.rows))
    assert run(["diff", "2024", "--by", "none"]) == 0
    assert f"{table}\n" == capfd.readouterr().out
    assert str(frontcalc.changes(["2024-10"], by="none")) == "<Table of 4 ChangeRow>"


@pytest.mark.parametrize(
    "result",
    [
        lambda: frontcalc.held("2024-11-03"),
        lambda: frontcalc.summary(since="2024-10", by="none", gross=True),
        lambda: frontcalc.list_archive(),
        lambda: frontcalc.show_region("UA-14"),
        lambda: frontcalc.verify("bbc-2024-11"),
    ],
)
def test_every_result_can_be_printed(result: Callable[[], Table[Any, Any]]) -> None:
    assert str(result()).count("\n") > 1


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.md", "a.txt", "a.xlsx", "a.parquet"])
def test_a_table_is_saved_as_the_command_writes_it(name: str, tmp_path: Path) -> None:
    frontcalc.diff(["2024"], by="none").save(tmp_path / name, units="mi2")
    saved = (tmp_path / name).read_bytes()
    assert run(["diff", "2024", "--by", "none", "--units", "mi2", "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / name).read_bytes() == saved


def test_polygons_are_saved_as_maps_and_other_suffixes_are_refused(tmp_path: Path) -> None:
    changes = frontcalc.changes(["2024-10"], by="none")
    for name in ("a.geojson", "a.json", "a.gpkg"):
        changes.save(tmp_path / name)
        assert (tmp_path / name).stat().st_size
    assert (tmp_path / "a.geojson").read_bytes() == (tmp_path / "a.json").read_bytes()
    with pytest.raises(frontcalc.UsageError, match=r"a\.csv: has no suffix of such a result; use \.json, \.parquet, "):
        changes.save(tmp_path / "a.csv")
    with pytest.raises(frontcalc.DataError, match=r"none/a\.csv: cannot be written"):
        frontcalc.list_regions().save(tmp_path / "none" / "a.csv")


def test_geopandas_writes_a_geoframe(tmp_path: Path) -> None:
    frame = frontcalc.diff(["2024"]).to_geoframe()
    for name in ("regions.gpkg", "regions.parquet"):
        write = frame.to_file if name.endswith("gpkg") else frame.to_parquet
        write(tmp_path / name)
        read = geopandas.read_file if name.endswith("gpkg") else geopandas.read_parquet
        again = read(tmp_path / name)
        assert again["gained_km2"].tolist() == frame["gained_km2"].tolist()
        assert again["closing"].dt.date.tolist() == frame["closing"].dt.date.tolist()
        assert again["region"].tolist() == frame["region"].tolist()


def test_importing_frontcalc_warns_of_nothing_and_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'pandas', 'geopandas', 'matplotlib', 'shapely'}"
    code = f"import sys, frontcalc; print(frontcalc.__version__, sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{frontcalc.__version__} []\n", "")
