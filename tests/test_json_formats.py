"""One map in every JSON format, told by its content: the same ground, layers and messages."""

from __future__ import annotations

import gzip
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import orjson
import pytest
import shapely
from conftest import collection, square
from json_formats import FORMATS, Layers, geojson, lines, text_sequence, wrapped

from frontcalc import crs
from frontcalc.crs import DEFAULT_CRS
from frontcalc.errors import DataError
from frontcalc.layers import layer_name
from frontcalc.read import READERS, read_features
from frontcalc.read.detection import detect, unpack
from frontcalc.read.features import Features
from frontcalc.read.files import Entry
from frontcalc.snapshots import to_equal_area

ONE = square(300, 40)
# Nine squares without the middle one, and two squares apart in one feature.
RING = shapely.difference(
    shapely.union_all([square(x, y) for x in (310, 311, 312) for y in (40, 41, 42)]), square(311, 41)
)
PARTS = shapely.MultiPolygon([square(320, 40), square(322, 40)])


def read(data: bytes, folder: Path) -> Features:
    (folder / "map").write_bytes(data)
    return read_features(Entry(folder / "map"))[1]


def km2(features: Features, index: int) -> float:
    """Return the area of one feature as drawn."""
    mine = features.polygons[features.owner == index]
    return float(shapely.area(to_equal_area(mine, features.crs, DEFAULT_CRS)).sum() / 1e6)


def in_degrees(features: Features, index: int) -> shapely.Geometry:
    polygons = features.polygons[features.owner == index]
    return shapely.union_all(shapely.transform(polygons, crs.projector(features.crs, crs.LONLAT))).normalize()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_ground_and_layers(name: str, tmp_path: Path) -> None:
    layers: Layers = {"control_map": [ONE, None, RING], "russian_advances": [PARTS]}
    features = read(FORMATS[name](layers), tmp_path)
    assert [layer_name(properties) for properties in features.properties] == ["control_map"] * 3 + ["russian_advances"]
    assert features.owner.tolist() == [0, 2, 3, 3]
    assert [km2(features, index) for index in range(4)] == pytest.approx([100, 0, 800, 200], abs=1e-3)
    for index, drawn in ((0, ONE), (2, RING), (3, PARTS)):
        assert shapely.equals_exact(in_degrees(features, index), drawn.normalize(), tolerance=1e-9)
    assert len(features.not_area) == 0
    assert not features.synthetic


@pytest.mark.parametrize("key", ["coordinates", "rings"])
def test_a_ring_that_is_none_is_named(key: str, tmp_path: Path) -> None:
    bad = {key: [[[20, 40], [21, 40]]]}
    if key == "coordinates":
        documents = [shapely.to_geojson(ONE), json.dumps({"type": "Polygon", **bad})]
        data = "\n".join(documents).encode()
    else:
        document = json.loads(FORMATS["esri"]({"a": [ONE]}))
        document["features"].append({"attributes": {}, "geometry": bad})
        data = json.dumps(document).encode()
    with pytest.raises(DataError, match=r"^map: feature 1 has a ring of 2 points, at 20.00000, 40.00000; repair it"):
        read(data, tmp_path)


def test_every_format_has_a_reader() -> None:
    for reader in READERS.values():
        module, _, function = reader.partition(".")
        assert callable(getattr(import_module(f".{module}", "frontcalc.read"), function))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b' {"type": "Point"}', "json"),
        (b"[]", "json"),
        (b'{"a": 1}\n', "json"),
        (b'{"a": {}\n}', "json"),
        (b'{"a": [{"b": 1},\n{"b": 2}]}', "json"),
        (b'{"a": 1}\n{"a": 2}', "geojson-sequence"),
        (b'\n{"a": 1}\r\n\r\n{"a": 2}\r\n', "geojson-sequence"),
        (b'\x1e{"a": 1}', "geojson-sequence"),
        (b'\n\x1e{"a":\n1}\n', "geojson-sequence"),
    ],
)
def test_a_format_is_told_by_content(data: bytes, name: str) -> None:
    assert detect(data, where="map") == name


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<!DOCTYPE html><title>404</title>", "is a web page, not a map that is read; open its address"),
        (b"\n <HTML lang=en>", "is a web page, not a map"),
        (b'<?xml version="1.0"?>\n<html xmlns="x">', "is a web page, not a map"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            "is a Git LFS pointer, not a map that is read; fetch it with git lfs pull",
        ),
        ('{"type": "Point"}'.encode("utf-16"), "is text in UTF-16, not a map that is read; save it as UTF-8"),
        ('{"type": "Point"}'.encode("utf-16-be"), "is text in UTF-16"),
        (gzip.compress(gzip.compress(b"{}")), "is gzip inside gzip"),
        (gzip.compress(geojson({"a": [ONE]}))[:-9], "is damaged gzip: .*; is the download complete"),
        (b"\x1f\x8b\x08nonsense", "is damaged gzip"),
        (gzip.compress(b" \n"), "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"layer,area\n", "is in no known format: it starts with b'layer,area"),
        (b'{"error": {"code": 400, "message": "Invalid URL"}}', "is a server's error 400, not a map: Invalid URL"),
    ],
)
def test_what_is_no_map_is_named(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"^map: {message}"):
        read(data, tmp_path)


def test_gzip_is_unpacked_to_a_limit_and_hashed_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = gzip.compress(bytes(5 << 20))
    monkeypatch.setenv("FRONTCALC_MAX_UNPACKED_BYTES", str((5 << 20) - 1))
    with pytest.raises(DataError, match="unpacks to more than 5,242,879 bytes; if you trust it, raise FRONTCALC_MAX_U"):
        unpack(data, where="map")
    monkeypatch.setenv("FRONTCALC_MAX_UNPACKED_BYTES", str(5 << 20))
    assert len(unpack(data, where="map")) == 5 << 20
    plain, packed = tmp_path / "a", tmp_path / "b"
    plain.write_bytes(geojson({"a": [ONE]}))
    packed.write_bytes(gzip.compress(geojson({"a": [ONE]})))
    assert read_features(Entry(plain))[0].sha256 != read_features(Entry(packed))[0].sha256


def test_gzip_in_several_members_is_read_whole(tmp_path: Path) -> None:
    first, second = text_sequence({"a": [ONE]}), text_sequence({"a": [RING]})
    assert len(read(gzip.compress(first) + gzip.compress(second), tmp_path).polygons) == 2


def test_a_document_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    loads = orjson.loads
    monkeypatch.setattr(orjson, "loads", lambda data: parsed.append(data) or loads(data))
    for name in ("geojson in map", "topojson, plain", "esri"):
        read(FORMATS[name]({"a": [ONE]}), tmp_path)
    assert len(parsed) == 3


def test_records_may_be_collections_wrappers_and_geometries(tmp_path: Path) -> None:
    records = [geojson({"a": [ONE, RING]}), wrapped(geojson({"b": [ONE]}), "value"), shapely.to_geojson(ONE).encode()]
    features = read(b"\n".join(records), tmp_path)
    assert [layer_name(properties) for properties in features.properties] == ["a", "a", "b", ""]
    assert features.owner.tolist() == [0, 1, 2, 3]


def test_a_faulty_record_is_named(tmp_path: Path) -> None:
    data = lines({"a": [ONE, RING]})
    with pytest.raises(DataError, match=r"^map: record 2 is not valid JSON: .*; is the download complete\?$"):
        read(data[:-20], tmp_path)
    with pytest.raises(DataError, match=r"^map, record 3: has type 'Topology', which is no GeoJSON"):
        read(data + b'{"type": "Topology"}\n', tmp_path)
    other = {**collection({"a": [ONE]}), "crs": {"properties": {"name": "EPSG:3857"}}}
    with pytest.raises(DataError, match=r"^map: its records differ in CRS: OGC:CRS84, EPSG:3857"):
        read(data + json.dumps(other).encode(), tmp_path)


@pytest.mark.parametrize("holder", [{"exceededTransferLimit": True}, {"properties": {"exceededTransferLimit": True}}])
def test_geojson_that_a_server_cut_short_is_refused(holder: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is truncated: the server stopped at its limit of features"):
        read(json.dumps({**collection({"a": [ONE]}), **holder}).encode(), tmp_path)


@pytest.mark.shared
def test_gzip_of_a_real_map_equals_the_plain_one(shared: Path, tmp_path: Path) -> None:
    path = shared / "archives" / "isw-weekly" / "2024-11-03.geojson"
    plain = read_features(Entry(path))[1]
    packed = read(gzip.compress(path.read_bytes()), tmp_path)
    as_lines = b"\n".join(json.dumps(feature).encode() for feature in json.loads(path.read_bytes())["features"])
    for other in (packed, read(as_lines, tmp_path)):
        assert other.properties == plain.properties
        assert np.array_equal(other.owner, plain.owner)
        assert shapely.equals_exact(other.polygons, plain.polygons, tolerance=0).all()
