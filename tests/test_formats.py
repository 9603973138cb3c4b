"""One snapshot through every format: each 10 km square is 100 km², wherever it comes from."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import formats
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from conftest import square
from formats import CONTROL, kml, mercator, named, shapefile_parts, written, zipped

import frontcalc
from frontcalc import errors, geometry
from frontcalc.errors import DataError, UsageError, naming
from frontcalc.layers import INNER, layer_name
from frontcalc.outputs.geodata import geoparquet_bytes
from frontcalc.read import read_content, read_features
from frontcalc.read.detection import detect
from frontcalc.read.features import Features
from frontcalc.read.files import file_of
from frontcalc.read.shapefile import read_shapefile_parts
from frontcalc.snapshots import to_equal_area


def km2(features: Features) -> float:
    """Return the area of all polygons of a file, overlaps counted once."""
    projected = to_equal_area(features.polygons, features.crs, "EPSG:6933")
    return float(geometry.area_km2(geometry.union(projected)))


def layers(features: Features) -> list[object]:
    return [layer_name(own) for own in features.properties]


def shapefile_zip(folder: Path) -> bytes:
    parts = shapefile_parts(folder / "shp", [mercator(CONTROL)], crs="EPSG:3857")
    return zipped(named(parts, "UkraineControlMapAO27APR2026"))


def geoparquet(folder: Path) -> bytes:
    del folder
    return geoparquet_bytes([((None, "control_map", "Russia", "control"), np.array([CONTROL]))])


MAKERS: dict[str, Callable[[Path], bytes]] = {
    "zip": shapefile_zip,
    "shapefile": lambda folder: shapefile_parts(folder / "alone", [CONTROL])[".shp"],
    "geopackage": lambda folder: written(folder / "a.gpkg", "GPKG", [CONTROL], layer="control_map"),
    "flatgeobuf": lambda folder: written(folder / "a.fgb", "FlatGeobuf", [CONTROL]),
    "geoparquet": geoparquet,
    "kml": lambda folder: kml(("control_map", [CONTROL])),
    "json": lambda folder: formats.geojson(CONTROL),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_square_is_100_km2_in_every_format_found_by_content(name: str, tmp_path: Path) -> None:
    data = MAKERS[name](tmp_path)
    path = tmp_path / "whatever.dat"
    path.write_bytes(data)
    _, features = read_features(file_of(path))
    assert detect(data, where="map") == name
    assert km2(features) == pytest.approx(100.0, abs=0.01 if name == "zip" else 0.001)
    assert features.owner.tolist() == [0]
    assert not len(features.not_area)


def test_kmz_is_a_zip_with_kml() -> None:
    features = read_content(
        zipped({"doc.kml": kml(("control_map", [CONTROL])), "files/icon.png": b"\x89PNG"}), where="m"
    )
    assert (km2(features), layers(features)) == (pytest.approx(100.0, abs=0.001), ["control_map"])


# --- shapefiles ---------------------------------------------------------------------------------------------------


def test_a_plain_shapefile_is_read_with_the_files_beside_it(tmp_path: Path) -> None:
    parts = shapefile_parts(tmp_path / "made", [mercator(CONTROL)], crs="EPSG:3857")
    for suffix, content in parts.items():
        (tmp_path / f"Map{suffix.upper()}").write_bytes(content)
    _, features = read_features(file_of(tmp_path / "Map.SHP"))
    assert km2(features) == pytest.approx(100.0, abs=0.01)
    assert features.properties == ({"name": "Херсон", INNER: "Map"},)
    (tmp_path / "Map.PRJ").unlink()
    with pytest.raises(DataError, match=r"no degrees.*no \.prj"):
        read_features(file_of(tmp_path / "Map.SHP"))
    (tmp_path / "Map.DBF").write_bytes(b"")
    with pytest.raises(DataError, match=r"^Map\.DBF: is empty"):
        read_features(file_of(tmp_path / "Map.SHP"))


@pytest.mark.parametrize("lost", [".shx", ".cpg", ".dbf", ".prj"])
def test_a_shapefile_is_read_without(lost: str, tmp_path: Path) -> None:
    shapes = [CONTROL, None, square(1, 0)]
    parts = shapefile_parts(tmp_path, shapes)
    del parts[lost]
    features = read_shapefile_parts(parts, where="a.zip/Map.shp")
    assert km2(features) == pytest.approx(200.0, abs=0.001)
    assert features.owner.tolist() == [0, 2]
    expected: dict[str, object] = {INNER: "Map"} if lost == ".dbf" else {"name": "Херсон", INNER: "Map"}
    assert features.properties == (expected,) * 3


def test_a_hole_stays_a_hole_beside_a_ring_without_area(tmp_path: Path) -> None:
    outer = square(0, 0)
    hole = shapely.affinity.scale(outer, 0.5, 0.5)
    with_hole = shapely.Polygon(outer.exterior, [hole.exterior])
    features = read_shapefile_parts(shapefile_parts(tmp_path, [with_hole]), where="Map.shp")
    assert km2(features) == pytest.approx(75.0, abs=0.001)


def test_broken_shapefiles_say_what_is_wrong(tmp_path: Path) -> None:
    parts = shapefile_parts(tmp_path, [CONTROL, square(1, 0)])
    with pytest.raises(DataError, match=r"Map.shp: is cut off: 200 of 372 bytes; is the download complete"):
        read_content(parts[".shp"][:200], where="Map.shp", beside=parts)
    wrong = parts[".shp"][:104] + b"\x00\x00\xff\xff" + parts[".shp"][108:]
    with pytest.raises(DataError, match=r"record 1 of its \.shp is broken"):
        read_shapefile_parts({".shp": wrong}, where="Map.shp")
    with pytest.raises(DataError, match=r"declares no CRS; its \.prj cannot be right"):
        read_shapefile_parts({**parts, ".prj": b"nonsense"}, where="Map.shp")


def test_dates_numbers_and_nothing_come_as_plain_values(tmp_path: Path) -> None:
    arrays = [
        np.array(["2024-11-03", "NaT"], dtype="datetime64[D]"),
        np.array(["2024-11-03T12:00:00", "NaT"], dtype="datetime64[ms]"),
        np.array([1, 2], dtype=np.int32),
        np.array([0.5, np.nan]),
    ]
    fields = dict(zip(("day", "time", "n", "x"), arrays, strict=True))
    data = written(tmp_path / "a.gpkg", "GPKG", [CONTROL, None], layer="map", fields=fields)
    assert [dict(own) for own in read_content(data, where="a").properties] == [
        {"day": date(2024, 11, 3), "time": datetime(2024, 11, 3, 12), "n": 1, "x": 0.5, INNER: "map"},
        {"day": None, "time": None, "n": 2, "x": None, INNER: "map"},
    ]
    table = pa.table({"day": [date(2024, 11, 3)], "n": [1], "x": [None], "geometry": [shapely.to_wkb(CONTROL)]})
    features = read_content(parquet(table), where="a")
    assert dict(features.properties[0]) == {"day": date(2024, 11, 3), "n": 1, "x": None}


# --- layers -------------------------------------------------------------------------------------------------------


def test_layers_of_a_geopackage_and_folders_of_kml_name_their_features(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    written(path, "GPKG", [CONTROL], layer="control_map")
    data = written(path, "GPKG", [square(1, 0), square(2, 0)], layer="russian_advances", append=True)
    text = kml(("control_map", [CONTROL]), ("russian_advances", [square(1, 0), square(2, 0)]))
    for content in (data, text):
        features = read_content(content, where="a")
        assert layers(features) == ["control_map", "russian_advances", "russian_advances"]
        assert features.owner.tolist() == [0, 1, 2]
        assert km2(features) == pytest.approx(300.0, abs=0.001)


def test_a_feature_that_names_its_layer_keeps_it(tmp_path: Path) -> None:
    fields = {"type": ["gains", "losses"]}
    data = written(tmp_path / "a.gpkg", "GPKG", [CONTROL, square(1, 0)], layer="map", fields=fields)
    assert [dict(own) for own in read_content(data, where="a").properties] == [
        {INNER: "map", "type": "gains"},
        {INNER: "map", "type": "losses"},
    ]
    assert layers(read_content(data, where="a")) == ["gains", "losses"]


def test_points_and_lines_are_counted_and_collections_taken_apart(tmp_path: Path) -> None:
    mixed = shapely.GeometryCollection([shapely.MultiPolygon([CONTROL, square(2, 0)]), shapely.Point(0, -40)])
    shapes = [mixed, shapely.LineString([(0, -40), (1, -40)]), shapely.force_3d(square(4, 0), 9.0)]
    data = written(tmp_path / "a.gpkg", "GPKG", shapes, layer="map", geometry_type="Unknown")
    features = read_content(data, where="a")
    assert (len(features.not_area), features.owner.tolist()) == (2, [0, 0, 2])
    assert not shapely.has_z(features.polygons).any()
    assert km2(features) == pytest.approx(300.0, abs=0.001)


# --- Parquet ------------------------------------------------------------------------------------------------------

GEO = (
    b'{"version":"1.1.0","primary_column":"geometry",'
    b'"columns":{"geometry":{"encoding":"WKB","geometry_types":["Polygon"]%s}}}'
)


def parquet(table: Any, more: bytes = b"", geo: bytes = GEO) -> bytes:
    """Return a table as GeoParquet whose column metadata have some more."""
    metadata = {"geo": geo % more if b"%s" in geo else geo} if geo else None
    out = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(metadata), out)
    return bytes(out.getvalue())


def one_square(shape: shapely.Geometry = CONTROL) -> Any:
    return pa.table({"geometry": [shapely.to_wkb(shape)]})


def test_geoparquet_in_another_crs() -> None:
    projjson = formats.CRS_3857.to_json().encode()
    features = read_content(parquet(one_square(mercator(CONTROL)), b',"crs":' + projjson), where="a.parquet")
    assert km2(features) == pytest.approx(100.0, abs=0.01)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (parquet(one_square(), geo=b""), "is Parquet without «geo» metadata"),
        (parquet(one_square(), geo=b"{}"), "«geo» metadata are not GeoParquet's"),
        (parquet(one_square(), geo=GEO.replace(b"WKB", b"polygon") % b""), "has geometry encoded as 'polygon'"),
        (parquet(one_square(), b',"crs":null'), "says that its CRS is unknown"),
        (parquet(one_square(), b',"crs":{"type":"x"}'), "the CRS it declares.*is unknown"),
        (parquet(one_square(), b',"edges":"spherical"'), "has spherical edges"),
        (parquet(one_square())[:-30], "is broken Parquet"),
        (parquet(one_square(mercator(CONTROL))), "its coordinates are no degrees"),
        (parquet(pa.table({"geometry": [b"\x01\x03"]})), "feature 0 has a broken geometry"),
        (parquet(pa.table({"other": [1]})), "has no column 'geometry'"),
        (parquet(pa.table([[b""], [b""]], names=["geometry"] * 2)), "has two columns named 'geometry'; write it again"),
        (parquet(pa.table([[1], [b""], [2]], names=["a", "geometry", "a"])), "has two columns named 'a'"),
    ],
)
def test_broken_geoparquet_says_what_is_wrong(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"a.parquet: .*{message}"):
        read_content(data, where="a.parquet")


# --- databases ----------------------------------------------------------------------------------------------------


def test_broken_geopackage_and_flatgeobuf_say_what_is_wrong(tmp_path: Path) -> None:
    package = written(tmp_path / "a.gpkg", "GPKG", [CONTROL], layer="control_map")
    with pytest.raises(DataError, match="is an SQLite database but no GeoPackage"):
        read_content(package[:68] + b"\0\0\0\0" + package[72:], where="a.gpkg")
    with pytest.raises(DataError, match=r"^a\.gpkg"):
        read_content(package[:8192], where="a.gpkg")
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        without = written(tmp_path / "b.fgb", "FlatGeobuf", [CONTROL], crs=None)
    with pytest.raises(DataError, match="declares no CRS"):
        read_content(without, where="b.fgb")
    flat = written(tmp_path / "a.fgb", "FlatGeobuf", [square(n, 0) for n in range(50)])
    for length in (20, 400, len(flat) - 200):
        with pytest.raises(DataError, match=r"^a\.fgb"):
            read_content(flat[:length], where="a.fgb")


# --- an archive ---------------------------------------------------------------------------------------------------


def test_an_archive_may_mix_formats(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.mkdir()
    (maps / "2023-12-31.kml").write_bytes(kml(("control_map", [CONTROL]), ("russian_advances", [])))
    written(maps / "2024-06-30.gpkg", "GPKG", [CONTROL, square(1, 0)], layer="control_map")
    both = zipped({"map.kml": kml(("control_map", [CONTROL, square(1, 0)]), ("russian_advances", [square(2, 0)]))})
    (maps / "2024-12-31.kmz").write_bytes(both)
    total = frontcalc.diff(["2024"], archive=maps, view="control").rows[-1]
    assert (total.gained_km2, total.lost_km2) == pytest.approx((100.0, 0.0), abs=0.001)


# --- what it rests on ---------------------------------------------------------------------------------------------


def test_geojson_needs_none_of_the_packages(tmp_path: Path) -> None:
    path = tmp_path / "2024-01-01.geojson"
    path.write_bytes(formats.geojson(CONTROL))
    code = (
        "import sys; from pathlib import Path; from frontcalc.read import read_features; "
        "from frontcalc.read.files import Entry;"
        f"read_features(Entry(Path({str(path)!r})));"
        "print([name for name in ('pyogrio', 'pyarrow', 'geopandas', 'pandas') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    data = MAKERS["geoparquet"](tmp_path)
    monkeypatch.setattr(errors, "import_module", missing)
    with pytest.raises(UsageError, match=r"a\.parquet: needs the package pyarrow; pip install pyarrow, or "):
        read_content(data, where="a.parquet")


def test_gdal_settings_are_put_back(tmp_path: Path) -> None:
    import pyogrio

    pyogrio.set_gdal_config_options({"GDAL_HTTP_PROXY": "example.org:1"})
    read_content(MAKERS["flatgeobuf"](tmp_path), where="a.fgb")
    assert pyogrio.get_gdal_config_option("GDAL_HTTP_PROXY") == "example.org:1"
    assert pyogrio.get_gdal_config_option("CPL_VSIL_CURL_ALLOWED_FILENAME") is None
    pyogrio.set_gdal_config_options({"GDAL_HTTP_PROXY": None})


def test_an_error_names_what_is_nearest_to_the_fault() -> None:
    layer = r"^a\.gpkg/front: is empty; fill it$"
    with pytest.raises(DataError, match=layer), naming("a.gpkg"), naming("a.gpkg/front"):
        raise DataError("is empty", cure="fill it")
    with pytest.raises(DataError, match=r"^b: is empty$"), naming("a.zip"):
        raise DataError("is empty", where="b")
