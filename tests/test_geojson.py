"""GeoJSON in all the shapes that publishers give it, and the messages for what is none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from conftest import collection, square

from frontcalc import crs
from frontcalc import read as readers
from frontcalc.errors import DataError, naming
from frontcalc.read import read_features
from frontcalc.read.files import Entry
from frontcalc.read.geojson import read_json

SQUARE = json.loads(shapely.to_geojson(square(300, 40)))
RING = SQUARE["coordinates"][0]


def read(document: Any) -> Any:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    with naming("map.json"):
        return read_json(data, where="map.json")


@pytest.mark.parametrize(
    "document",
    [
        SQUARE,
        {"type": "Feature", "properties": None, "geometry": SQUARE},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": SQUARE}]},
        {"value": {"type": "Feature", "properties": {}, "geometry": SQUARE}},
        {"id": 7, "map": {"type": "Feature", "properties": {}, "geometry": SQUARE}},
        {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]},
        {"type": "GeometryCollection", "geometries": [SQUARE]},
        {"type": "Polygon", "coordinates": [[[*position, 120.5] for position in RING]]},
        {"type": "Polygon", "coordinates": [RING[:-1]]},
    ],
    ids=["bare", "feature", "collection", "value", "map", "multi", "geometries", "z", "open ring"],
)
def test_wrappers_and_geometries(document: Any) -> None:
    features = read(document)
    assert features.crs == crs.LONLAT
    assert len(features.polygons) == 1
    assert not shapely.has_z(features.polygons).any()
    assert features.polygons[0].normalize().equals_exact(square(300, 40).normalize(), 1e-12)


FEATURE = {"type": "Feature", "properties": {"layer": "a"}, "geometry": SQUARE}
COLLECTION = {"type": "FeatureCollection", "features": [FEATURE]}


@pytest.mark.parametrize(
    "document",
    [
        {"data": COLLECTION, "status": "ok"},
        {"result": {"geojson": COLLECTION}},
        {"geojson": FEATURE, "date": "2024-01-01", "bbox": [0, 1, 2, 3]},
        [COLLECTION],
        {"data": [FEATURE]},
        [FEATURE],
        {"features": [FEATURE]},
        {"type": None, "features": [FEATURE]},
        {"value": COLLECTION, "map": {"title": "a map of the same name"}},
    ],
)
def test_the_one_map_in_whatever_is_around_it_is_read(document: Any) -> None:
    features = read(document)
    assert features.owner.tolist() == [0]
    assert features.properties == ({"layer": "a"},)


def test_features_in_a_list_are_a_collection() -> None:
    assert read([FEATURE, FEATURE]).owner.tolist() == [0, 1]
    assert read({"data": [FEATURE, FEATURE]}).owner.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"value": COLLECTION, "map": COLLECTION}, "holds 2 things that may be maps: value, map; save the one"),
        ({"before": FEATURE, "extra": {"deep": [SQUARE]}}, "holds 2 things that may be maps: before, extra"),
        ([COLLECTION, COLLECTION], "holds 2 things that may be maps: item 1, item 2"),
        ([FEATURE, COLLECTION], "holds 2 things that may be maps: item 1, item 2"),
        ({"a": {"b": {"c": {"d": {"e": COLLECTION}}}}}, "holds JSON but no GeoJSON object with a «type»"),
        ({"data": json.dumps(COLLECTION)}, "holds JSON but no GeoJSON object with a «type»"),
        (
            {"type": "FeatureCollection", "features": [], "data": COLLECTION},
            "is a FeatureCollection without features, b",
        ),
        ({"data": COLLECTION, "exceededTransferLimit": True}, "is truncated"),
        ({**COLLECTION, "links": [{"rel": "next", "href": "x"}]}, "is one page of several, with a link to the next"),
        ({**COLLECTION, "numberMatched": 10}, "is one page of several, of 10 features in all; download all pages"),
    ],
)
def test_several_maps_in_one_file_and_hidden_ones_are_refused(document: Any, message: str) -> None:
    with pytest.raises(DataError, match=f"^map.json: {message}"):
        read(document)


def test_null_and_empty_geometries_are_features_without_polygons() -> None:
    document = collection({"a": [None, square(300, 40)], "b": [None]})
    document["features"].append(
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": []}}
    )
    features = read(document)
    assert len(features.properties) == 4
    assert features.owner.tolist() == [1]


def test_points_and_lines_are_counted_as_no_area() -> None:
    document = collection({"a": [square(300, 40), shapely.Point(1, 2), shapely.LineString([(1, 2), (3, 4)])]})
    features = read(document)
    assert (len(features.polygons), features.not_area.tolist()) == (1, [1, 2])


def test_the_older_crs_member_is_honoured() -> None:
    metres = shapely.transform(square(300, 40), crs.projector(crs.LONLAT, "EPSG:3857"))
    document = collection({"a": [metres]})
    document["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    assert read(document).crs == "urn:ogc:def:crs:EPSG::3857"
    document["crs"]["properties"]["name"] = "urn:ogc:def:crs:OGC:1.3:CRS84"
    with pytest.raises(DataError, match=r"no degrees: x 3.1.*declare|no degrees"):
        read(document)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b'{"type": "Polygon", ', r"map.json: is not valid JSON: .*line 1, column \d+; is the download complete"),
        (b"[1, 2]", "holds JSON but no GeoJSON"),
        (b'"text"', "holds JSON but no GeoJSON"),
        ({"type": "FeatureCollection"}, "without a list of features"),
        ({"type": "FeatureCollection", "features": [3]}, "feature 0 is no GeoJSON feature"),
        ({"type": "FeatureCollection", "features": [{"properties": [1]}]}, "feature 0 is no GeoJSON feature"),
        ({"type": "Sphere"}, "has type 'Sphere'"),
        ({"type": "Feature", "geometry": {"type": "Blob"}}, "geometry of no known type"),
        ({"type": "Feature", "geometry": "POLYGON"}, "geometry of no known type"),
        ({"type": "Polygon", "coordinates": 3}, "Polygon without coordinates"),
        ({"type": "Polygon", "coordinates": [[1, 2, 3, 4]]}, "not lists of positions"),
        ({"type": "Polygon", "coordinates": [[["a", "b"]] * 4]}, "not lists of positions"),
        ({"type": "Polygon", "coordinates": [[[1], [2], [3], [1]]]}, "not lists of positions"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, True], [1, 1], [0, 0]]]}, "not lists of positions"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0, 5], [1, 1], [False, 0]]]}, "not lists of positions"),
        ({"type": "Polygon", "coordinates": [[]]}, "not lists of positions"),
        ({"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"], None]}, "not lists of positions"),
        (
            {"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]},
            "feature 0 has a ring of 2 points, at 1.00000, 2.00000",
        ),
        ({"type": "Polygon", "coordinates": [[[1e400, 2], [3, 4], [5, 6]]]}, "JSON|finite"),
        ({**SQUARE, "crs": {"type": "name"}}, "its crs member names no CRS"),
        ({**SQUARE, "crs": {"properties": {"name": "EPSG:999999"}}}, "the CRS it declares, 'EPSG:999999', is unknown"),
        (
            {"type": "Polygon", "coordinates": [[[200, 2], [3, 4], [5, 6]]]},
            "its coordinates are no degrees: x 3 to 200",
        ),
    ],
)
def test_what_is_no_geojson_is_named(document: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(document)


def test_the_faulty_feature_is_named() -> None:
    document = collection({"a": [square(300, 40), square(301, 40)]})
    document["features"][1]["geometry"]["coordinates"].append([[1, 2], [3, 4]])
    with pytest.raises(DataError, match="feature 1 has a ring of 2 points"):
        read(document)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty.geojson").write_text(" \n")
    with pytest.raises(DataError, match=r"^empty.geojson: is empty; is the download complete\?$"):
        read_features(Entry(tmp_path / "empty.geojson"))
    with pytest.raises(
        DataError, match=r"^none.geojson: cannot be read: no such file or directory; check its name and permissions$"
    ):
        read_features(Entry(tmp_path / "none.geojson"))
    with pytest.raises(DataError, match="is a directory"):
        read_features(Entry(tmp_path))


def test_coordinates_are_read_exactly() -> None:
    polygon = shapely.Polygon([(30.123456789012345, 45), (31, 45.1), (31, 46)])
    assert np.array_equal(
        shapely.get_coordinates(read(json.loads(shapely.to_geojson(polygon))).polygons[0]),
        shapely.get_coordinates(polygon),
    )


def test_the_same_content_twice_running_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, again, other = (Entry(tmp_path, f"{day}.geojson") for day in "123")
    for entry, shape in ((one, square(300, 41)), (again, square(300, 41)), (other, square(310, 41))):
        (tmp_path / entry.name).write_text(json.dumps(collection({"control_map": [shape]})))
    parsed = []
    told = readers.detect
    monkeypatch.setattr(readers, "detect", lambda data, *, where: parsed.append(where) or told(data, where=where))
    found = [read_features(entry) for entry in (one, again, other)]
    assert parsed == ["1.geojson", "3.geojson"]
    assert [file.name for file, _ in found] == ["1.geojson", "2.geojson", "3.geojson"]
    assert [shapely.area(features.polygons).sum() for _, features in found[:2]] == [square(300, 41).area] * 2
    assert not found[2][1].polygons[0].equals(square(300, 41))
    # Limits that are lowered meanwhile hold for what was read before too.
    monkeypatch.setenv("FRONTCALC_MAX_VERTICES", "3")
    with pytest.raises(DataError, match="vertices"):
        read_features(other)


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


@pytest.fixture
def as_read(tmp_path: Path) -> Callable[..., Any]:
    """Return a function that reads a file of some features, with the checks that all formats share."""

    def read_all(*features: Any) -> Any:
        path = tmp_path / "map.json"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}))
        return read_features(Entry(path))[1]

    return read_all


def test_geometries_where_features_belong_are_read_with_what_stands_beside_them(as_read: Callable[..., Any]) -> None:
    features = as_read(
        {**SQUARE, "layer": "control_map"}, {"type": "GeometryCollection", "geometries": [SQUARE]}, feature(SQUARE)
    )
    assert features.owner.tolist() == [0, 1, 2]
    assert features.properties == ({"layer": "control_map"}, {}, {})


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        ({"type": "FeatureCollection", "features": [feature(SQUARE)]}, "feature 1 is a collection of features"),
        ([feature(SQUARE)], "feature 1 is no GeoJSON feature"),
        (feature(feature(SQUARE)), "feature 1 has a geometry of no known type"),
        (feature({"type": "FeatureCollection", "features": []}), "feature 1 has a geometry of no known type"),
        (feature({"type": "Polygon", "coordinates": [[]]}), "feature 1 has coordinates that are not lists"),
        (feature({"type": "MultiPolygon", "coordinates": [[[]]]}), "feature 1 has coordinates that are not lists"),
        ({"type": "Feature", "properties": {}, "geom": SQUARE}, "feature 1 has no «geometry», but 'geom' holds one"),
        ({"type": "Feature", "coordinates": SQUARE["coordinates"]}, "no «geometry», but 'coordinates' holds one"),
        (feature(None, the_geom=SQUARE), "feature 1 has no «geometry», but 'the_geom' holds one"),
        (feature(None, shape={"rings": SQUARE["coordinates"]}), "feature 1 has no «geometry», but 'shape' holds one"),
        (feature(None, wkt=square(1, 1).wkt), "feature 1 has no «geometry», but 'wkt' holds one"),
        (feature(None, wkt="SRID=4326;MultiPolygon (((0 0, 1 0, 1 1, 0 0)))"), "but 'wkt' holds one"),
        (feature(None, wkb=square(1, 1).wkb_hex), "feature 1 has no «geometry», but 'wkb' holds one"),
        (feature(None, wkb=shapely.to_wkb(square(1, 1), hex=True, include_srid=True, byte_order=0)), "'wkb' holds one"),
        (feature(None, text=json.dumps(SQUARE)), "feature 1 has no «geometry», but 'text' holds one"),
    ],
)
def test_what_is_no_feature_and_geometry_of_another_name_are_refused(
    other: Any, fault: str, as_read: Callable[..., Any]
) -> None:
    with pytest.raises(DataError, match=f"^map.json: .*{fault}"):
        as_read(feature(SQUARE), other)


@pytest.mark.parametrize(
    "features",
    [
        [feature(None, OBJECTID=1), feature(None, OBJECTID=2)],
        [{"type": "Feature", "properties": {"OBJECTID": 1}}],
        [feature({"type": "MultiPolygon", "coordinates": []}, cartodb_id=1)],
        [feature({"type": "MultiPolygon", "coordinates": [[]]}, cartodb_id=1)],
        [feature({"type": "GeometryCollection", "geometries": []})],
        [feature(None, layer="control_map"), feature(None, layer="control_map")],
        [feature(None, layer="control_map"), feature(None, name="somewhere")],
    ],
)
def test_a_file_whose_features_all_lack_geometry_is_no_map_on_which_all_is_lost(
    features: list[Any], as_read: Callable[..., Any]
) -> None:
    with pytest.raises(DataError, match=r"^map.json: holds no polygons: none of its features \(\d\) has a geometry"):
        as_read(*features)


def test_empty_maps_are_files_without_features_or_with_a_row_for_each_known_layer(as_read: Callable[..., Any]) -> None:
    assert len(as_read().properties) == 0
    assert len(as_read(feature(None, layer="control_map"), feature(None, layer="russian_advances")).polygons) == 0
    # A point and a code are no polygon.
    centre, code = {"type": "Point", "coordinates": [31, -39]}, "0103000000ab"
    assert as_read(feature(SQUARE), feature(None, centre=centre, code=code)).owner.tolist() == [0]


@pytest.mark.parametrize("part", [None, 0, "", {}])
def test_a_multipolygon_of_anything_but_polygons_is_refused(part: object, as_read: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="coordinates that are not lists of positions"):
        as_read(feature({"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"], part]}))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"type": "FeatureCollection", "features": [%s], "features": []}', "features"),
        ('{"type": "FeatureCollection", "features" : [%s, {"properties": {"\\":": 1, "\\":": 2}}]}', '":'),
    ],
)
def test_a_key_that_stands_twice_is_refused(text: str, key: str) -> None:
    inside = json.dumps(feature(SQUARE, note='said "so": \\'))
    with pytest.raises(DataError, match=re.escape(f"has the key {key!r} twice in one object")):
        read_json((text % inside).encode(), where="map.json")


def test_quotes_and_colons_inside_of_texts_are_no_keys() -> None:
    data = json.dumps({"type": "FeatureCollection", "features": [feature(SQUARE, note='a": "b\\": \\\\": {"c":')]})
    assert len(read_json(data.encode(), where="map.json").polygons) == 1


@pytest.mark.parametrize("said", [True, "true", 1])
def test_a_map_that_says_it_is_cut_in_whatever_words_is_refused(said: object) -> None:
    data = {"type": "FeatureCollection", "features": [feature(SQUARE)], "exceededTransferLimit": said}
    with pytest.raises(DataError, match="is truncated"):
        read_json(json.dumps(data).encode(), where="map.json")
