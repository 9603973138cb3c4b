"""GeoPackages that compute or are damaged, file geodatabases wherever they lie, FlatGeobuf that lies."""

from __future__ import annotations

import sqlite3
import struct
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from bad_inputs import one_file
from conftest import square
from formats import CONTROL, geojson, written, zipped

import frontcalc
from frontcalc.archives import open_archive
from frontcalc.errors import DataError
from frontcalc.layers import INNER
from frontcalc.read import formats as formats_module
from frontcalc.read import read_content, read_features
from frontcalc.read.files import file_of

SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e15) SELECT i FROM n"


def refused(data: bytes) -> str:
    with pytest.raises(DataError) as caught:
        read_content(data, where="map")
    return str(caught.value)


# --- GeoPackage ---------------------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path) -> bytes:
    return written(tmp_path / "a.gpkg", "GPKG", [square(n, 0) for n in range(3)], layer="control_map")


def changed(package: bytes, script: str, folder: Path) -> bytes:
    """Return a GeoPackage after statements, which may be of kinds that no program writes."""
    path = folder / "changed.gpkg"
    path.write_bytes(package)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            connection.create_function(name, 1, lambda _: 0)
        connection.executescript(script)
    return path.read_bytes()


def in_schema(kind: str, name: str, statement: str) -> str:
    """Return the statement that writes a row into SQLite's schema, whatever it says."""
    return (
        f"PRAGMA writable_schema = 1; INSERT INTO sqlite_master VALUES ('{kind}', '{name}', '{name}', 0, '{statement}')"
    )


@pytest.mark.parametrize(
    ("script", "table"),
    [
        *(
            (f"DROP TABLE IF EXISTS {name}; CREATE VIEW {name} AS {SLOW}", name)
            for name in ("gpkg_contents", "gpkg_extensions", "gpkg_metadata", "GPKG_Data_Columns", "layer_styles")
        ),
        ("ALTER TABLE control_map RENAME TO t; CREATE VIEW control_map AS SELECT * FROM t", "control_map"),
        (in_schema("table", "gpkg_metadata", f"CREATE VIEW gpkg_metadata AS {SLOW}"), "gpkg_metadata"),
        (in_schema("table", "gpkg_x", "CREATE/**/VIRTUAL TABLE gpkg_x USING fts5(x)"), "gpkg_x"),
        ("ALTER TABLE control_map ADD COLUMN b AS (hex(zeroblob(100000000)))", "control_map"),
        ("CREATE TABLE other (a, b AS (hex(zeroblob(100000000)))); INSERT INTO other VALUES (1)", "other"),
    ],
)
def test_a_table_that_is_a_view_or_computed_is_refused_at_once(
    script: str, table: str, package: bytes, tmp_path: Path
) -> None:
    begun = time.monotonic()
    said = refused(changed(package, script, tmp_path))
    assert said == f"map: its table {table!r} is a view or else computed by the file itself; export it as a table"
    assert time.monotonic() - begun < 5


NESTED = "CREATE VIEW v0 AS SELECT 1 AS a;" + "".join(
    f"CREATE VIEW v{n} AS SELECT x.a FROM v{n - 1} AS x, v{n - 1} AS y;" for n in range(1, 40)
)


@pytest.mark.parametrize(
    "script",
    [
        f"CREATE VIEW slow AS {SLOW}",
        NESTED,
        f"CREATE TRIGGER t AFTER INSERT ON control_map BEGIN {SLOW}; END",
        "CREATE VIRTUAL TABLE found USING fts5(x)",
        "CREATE TABLE o (a CHECK (length(hex(zeroblob(400000000))) > 0)); PRAGMA ignore_check_constraints = 1;"
        "INSERT INTO o VALUES (1), (2)",
        "CREATE TABLE o (a); CREATE INDEX i ON o (length(hex(zeroblob(1000)))); CREATE INDEX j ON o (a) WHERE a > 1;"
        "CREATE INDEX k ON o (a); INSERT INTO o VALUES (1), (2)",
        "UPDATE gpkg_ogr_contents SET feature_count = 1",
        "UPDATE gpkg_ogr_contents SET feature_count = 1000000000",
    ],
)
def test_what_computes_beside_the_layers_is_taken_out_and_the_map_read(
    script: str, package: bytes, tmp_path: Path
) -> None:
    features = read_content(changed(package, script, tmp_path), where="map")
    assert features.owner.tolist() == [0, 1, 2]


def test_a_layer_that_is_not_listed_is_not_lost(package: bytes, tmp_path: Path) -> None:
    two = written(tmp_path / "a.gpkg", "GPKG", [square(4, 0)], layer="russian_advances", append=True)
    assert len(read_content(two, where="map").polygons) == 4
    unlisted = changed(two, "DELETE FROM gpkg_contents WHERE table_name = 'russian_advances'", tmp_path)
    assert refused(unlisted) == "map: its layer 'russian_advances' cannot be read; is the download complete?"
    bare = changed(two, "DELETE FROM gpkg_geometry_columns WHERE table_name = 'russian_advances'", tmp_path)
    assert refused(bare) == "map: its layer 'russian_advances' cannot be read; is the download complete?"


def test_a_damaged_geopackage_loses_no_polygons(tmp_path: Path) -> None:
    many = written(tmp_path / "a.gpkg", "GPKG", [square(n, 0) for n in range(300)], layer="control_map")
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'control_map'").fetchone()
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    begin = (root - 1) * size
    # The second pointer of the table's root to a leaf is made that of the first: some rows twice, others gone.
    cells = [struct.unpack(">H", many[begin + 12 + 2 * n :][:2])[0] for n in range(2)]
    first, second = (begin + cell for cell in cells)
    damaged = many[:second] + many[first : first + 4] + many[second + 4 :]
    assert refused(damaged).startswith("map: is a damaged database: ")


def test_checking_a_geopackage_has_an_end(package: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats_module, "_STEPS", 0)
    monkeypatch.setattr(formats_module, "_STEPS_PER_BYTE", 0)
    script = f"CREATE TABLE o (a); INSERT INTO o {SLOW.replace('1e15', '100000')}"
    assert "checking it takes too long" in refused(changed(package, script, tmp_path))


# --- file geodatabase ---------------------------------------------------------------------------------------------


@pytest.fixture
def geodatabase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Return the files of a geodatabase with two layers."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    path = tmp_path / "made" / "x.gdb"
    path.parent.mkdir()
    kinds = {"driver": "OpenFileGDB", "promote_to_multi": True}
    for number, layer in enumerate(("control_map", "russian_advances")):
        shapes = np.array(shapely.to_wkb([square(3 * number + n, 0) for n in range(3)]), dtype=object)
        names = [np.array(["a", "b", "c"], dtype=object)]
        pyogrio.raw.write(
            path,
            shapes,
            names,
            ["name"],
            geometry_type="Polygon",
            crs="EPSG:4326",
            layer=layer,
            append=number > 0,
            **kinds,
        )
    return {file.name: file.read_bytes() for file in path.iterdir()}


def put(files: dict[str, bytes], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def inside(files: dict[str, bytes], folder: str) -> dict[str, bytes]:
    return {f"{folder}{name}": content for name, content in files.items()}


@pytest.mark.parametrize("folder", ["x.gdb/", "a/b/2024.GDB/", ""])
def test_a_geodatabase_in_a_zip_has_its_layers(folder: str, geodatabase: dict[str, bytes], tmp_path: Path) -> None:
    features = read_content(zipped(inside(geodatabase, folder)), where="map")
    assert [own[INNER] for own in features.properties] == ["control_map"] * 3 + ["russian_advances"] * 3
    assert len(features.polygons) == 6
    assert not list((tmp_path / "temporary").iterdir())


def test_several_geodatabases_in_one_zip_are_all_read(geodatabase: dict[str, bytes]) -> None:
    both = zipped({**inside(geodatabase, "one.gdb/"), **inside(geodatabase, "two.gdb/"), "a.geojson": geojson(CONTROL)})
    assert len(read_content(both, where="map").polygons) == 13


def test_a_geodatabase_is_one_file_of_an_archive(geodatabase: dict[str, bytes], tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    put(geodatabase | {"_gdb.PC.1.sr.lock": b""}, maps / "2024-01-01.gdb")
    put(geodatabase, maps / "2024-02-01.gdb")
    (tmp_path / "maps.zip").write_bytes(
        zipped(inside(geodatabase, "2024-01-01.gdb/") | inside(geodatabase, "deep/2024-02-01.gdb/"))
    )
    for root in (maps, tmp_path / "maps.zip"):
        archive = open_archive(root)
        assert [str(ref.day) for ref in archive.refs] == ["2024-01-01", "2024-02-01"]
        assert not [notice for notice in archive.notices if notice.code == "OTHER-FILES"]
        result = frontcalc.held(["2024-02-01"], archive=archive, by="none", view="control")
        assert result.rows[-1].held_km2 == pytest.approx(300.0, abs=0.001)


def test_a_folder_that_is_a_geodatabase_is_a_file_of_regions(geodatabase: dict[str, bytes], tmp_path: Path) -> None:
    folder = put(geodatabase, tmp_path / "regions.gdb")
    source, features = read_features(file_of(folder))
    assert (source.name, len(features.polygons)) == ("regions.gdb", 6)
    later = put(geodatabase, tmp_path / "again" / "regions.gdb")
    assert read_features(file_of(later))[0] == source


def test_the_files_of_a_geodatabase_are_bounded_together(
    geodatabase: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(geodatabase, tmp_path / "regions.gdb")
    size = sum(map(len, geodatabase.values()))
    monkeypatch.setenv("FRONTCALC_MAX_BYTES", str(size))
    assert len(read_features(file_of(folder))[1].polygons) == 6
    monkeypatch.setenv("FRONTCALC_MAX_BYTES", str(size - 1))
    problem = rf"^regions\.gdb: is larger than {size - 1:,} bytes; if you trust it, raise FRONTCALC_MAX_BYTES$"
    with pytest.raises(DataError, match=problem):
        read_features(file_of(folder))


@pytest.mark.parametrize("number", ["00000009", "0000000a"])
@pytest.mark.parametrize("damage", ["lost", "empty", "half"])
def test_a_layer_of_a_geodatabase_that_cannot_be_read_is_not_lost(
    number: str, damage: str, geodatabase: dict[str, bytes], tmp_path: Path
) -> None:
    name = f"a{number}.gdbtable"
    content = geodatabase.pop(name)
    if damage != "lost":
        geodatabase[name] = content[: len(content) // 2 if damage == "half" else 0]
    assert "cannot be" in refused(zipped(inside(geodatabase, "x.gdb/")))
    assert not list((tmp_path / "temporary").iterdir())


def test_garbage_named_as_a_geodatabase_is_refused() -> None:
    assert refused(zipped({"x.gdb/a00000001.gdbtable": b"garbage" * 100})).startswith("map/x.gdb: cannot be read: ")


# --- FlatGeobuf ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", ["YES", "NO"])
@pytest.mark.parametrize("count", [1, 2, 17, 300])
def test_flatgeobuf_has_as_many_features_as_it_says(count: int, index: str, tmp_path: Path) -> None:
    shapes = [square(n, 0) for n in range(count)]
    data = written(tmp_path / "a.fgb", "FlatGeobuf", shapes, SPATIAL_INDEX=index)
    assert len(read_content(data, where="map").polygons) == count
    header = struct.unpack("<I", data[8:12])[0]
    places = [at for at in range(12, 12 + header - 7) if data[at : at + 8] == struct.pack("<Q", count)]
    lies = [data[:at] + struct.pack("<Q", other) + data[at + 8 :] for at in places for other in (0, count - 1, 10**15)]
    said = [refused(one) for one in lies]
    assert any(f"promises 0 features, but has {count}" in one for one in said) or index == "YES"
    assert refused(data + data[-100:]).startswith("map: ")


def test_a_flatgeobuf_cut_anywhere_is_refused(tmp_path: Path) -> None:
    one_file("FlatGeobuf", "fgb", lambda data: data)(tmp_path)
    data = next((tmp_path / "maps").iterdir()).read_bytes()
    for end in range(8, len(data), 7):
        assert refused(data[:end]).startswith("map: ")
