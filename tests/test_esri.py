"""Esri JSON: ring directions, spatial references, and the answers of servers that are no map."""

from __future__ import annotations

import json
from typing import Any

import pytest
import shapely
from conftest import square
from json_formats import esri_rings
from pyproj import CRS

from frontcalc import crs
from frontcalc.crs import DEFAULT_CRS
from frontcalc.errors import DataError
from frontcalc.layers import layer_name
from frontcalc.read import read_content
from frontcalc.read.features import Features
from frontcalc.snapshots import to_equal_area

DEGREES = {"wkid": 4326}
RINGS = esri_rings(square(300, 40))


def box(west: float, south: float, size: float, *, hole: bool = False) -> list[list[float]]:
    """Return a ring in degrees round a square: clockwise, or counter-clockwise as a hole."""
    ring = [[west, south], [west, south + size], [west + size, south + size], [west + size, south], [west, south]]
    return ring[::-1] if hole else ring


def rings(*given: Any, **members: Any) -> dict[str, Any]:
    return {"rings": list(given), "spatialReference": DEGREES, **members}


def feature_set(*features: Any, **members: Any) -> dict[str, Any]:
    return {
        "geometryType": "esriGeometryPolygon",
        "spatialReference": DEGREES,
        "features": [{"attributes": {"id": index}, "geometry": feature} for index, feature in enumerate(features)],
        **members,
    }


def read(document: Any) -> Features:
    return read_content(json.dumps(document).encode(), where="map.json")


def areas(features: Features) -> list[float]:
    return [round(polygon.area, 9) for polygon in features.polygons]


@pytest.mark.parametrize(
    "document",
    [
        rings(*RINGS),
        {"geometry": rings(*RINGS), "attributes": {"layer": "a"}},
        feature_set({"rings": RINGS}),
        feature_set(rings(*RINGS), spatialReference=None),
        {"features": [{"attributes": {}, "geometry": rings(*RINGS)}]},
        rings([[*position, 120.5, None] for position in RINGS[0]], hasZ=True, hasM=True),
        rings(RINGS[0][:-1]),
    ],
    ids=["geometry", "feature", "set", "own reference", "bare set", "z and m", "open ring"],
)
def test_geometries_features_and_sets(document: Any) -> None:
    features = read(document)
    assert features.crs == crs.LONLAT
    assert len(features.properties) == len(features.polygons) == 1
    assert features.polygons[0].normalize().equals_exact(square(300, 40).normalize(), 1e-12)


def test_holes_go_to_the_smallest_outline_around_them_whatever_the_order() -> None:
    # A lake in a country, an island in the lake, a pond on the island; and a neighbour.
    lake, pond = box(2, 2, 6, hole=True), box(4, 4, 2, hole=True)
    country, island, neighbour = box(0, 0, 10), box(3, 3, 4), box(10, 0, 10)
    features = read(feature_set(rings(pond, lake, island, country, neighbour)))
    assert areas(features) == [16 - 4, 100 - 36, 100]
    assert features.owner.tolist() == [0, 0, 0]
    assert all(shapely.is_valid(features.polygons))


def test_holes_of_one_feature_are_not_cut_from_another() -> None:
    features = read(feature_set(rings(box(0, 0, 10), box(2, 2, 1, hole=True)), rings(box(1, 1, 5))))
    assert areas(features) == [99, 25]
    assert features.owner.tolist() == [0, 1]


def test_a_hole_that_touches_its_outline_may_stand_out_by_a_rounding() -> None:
    hole = box(0, 2, 3, hole=True)
    hole = [[-1e-12 if x == 0 else x, y] for x, y in hole]
    assert areas(read(rings(box(0, 0, 10), box(-10, 0, 10), hole))) == [91, 100]


def test_a_hole_in_no_outline_is_named() -> None:
    document = feature_set(rings(box(0, 0, 10)), rings(box(20, 0, 1), box(30, 0, 1, hole=True)))
    message = (
        r"^map.json: feature 1 has a hole \(a counter-clockwise ring\) in no outline, at 30.00000, 0.00000; repair"
    )
    with pytest.raises(DataError, match=message):
        read(document)


def test_a_collapsed_ring_is_no_hole() -> None:
    line = [[20, 0], [21, 0], [22, 0], [20, 0]]
    assert areas(read(rings(box(0, 0, 10), line)))[0] == 100


def test_features_without_area() -> None:
    features = read(feature_set(None, {"rings": []}, {"x": 1, "y": 2}, {"paths": [[[0, 0], [1, 1]]]}, rings(*RINGS)))
    assert features.owner.tolist() == [4]
    assert len(features.not_area) == 2
    assert [properties["id"] for properties in features.properties] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ({"wkid": 4326, "latestWkid": 4326}, crs.LONLAT),
        ({"wkid": 102100, "latestWkid": 3857}, "EPSG:3857"),
        ({"wkid": 102100}, "EPSG:3857"),
        ({"wkid": 3857}, "EPSG:3857"),
        ({"wkid": 54034}, "ESRI:54034"),
        ({"wkid": 102025, "latestWkid": 102025}, "ESRI:102025"),
        ({"wkid": 999999, "latestWkid": 6933}, "EPSG:6933"),
        ({"wkid": 6933, "latestWkid": 999999}, "EPSG:6933"),
        ({"wkid": None, "wkt": CRS("EPSG:3857").to_wkt("WKT1_ESRI")}, CRS("EPSG:3857").to_wkt("WKT1_ESRI")),
    ],
)
def test_the_spatial_reference_is_read(reference: Any, name: str) -> None:
    document = {"rings": esri_rings(square(300, 40), name), "spatialReference": reference}
    features = read(document)
    assert features.crs == name
    area = shapely.area(to_equal_area(features.polygons, features.crs, DEFAULT_CRS)).sum()
    assert area / 1e6 == pytest.approx(100, abs=1e-3)


def test_one_system_named_in_two_ways_is_one() -> None:
    one, other = ({"rings": esri_rings(square(300, row), "EPSG:3857")} for row in (40, 42))
    one["spatialReference"] = {"wkid": 102100}
    other["spatialReference"] = {"wkid": 102100, "latestWkid": 3857}
    assert read(feature_set(one, other)).crs == "EPSG:3857"


def quantised(*given: Any, origin: str = "lowerLeft", scale: Any = (2, 1), translate: Any = (10, 20)) -> dict[str, Any]:
    transform = {"originPosition": origin, "scale": scale, "translate": translate}
    return feature_set({"rings": list(given)}, transform=transform)


@pytest.mark.parametrize(("origin", "up"), [("lowerLeft", 1), ("upperLeft", -1)])
def test_what_is_quantised_is_read_off_its_grid(origin: str, up: int) -> None:
    # Each position but a ring's first is a step: an outline of 4 by 4 steps from (1, 1), and a hole of one step in it.
    outline, hole = [[1, 1], [0, 4 * up], [4, 0], [0, -4 * up]], [[2, 2 * up], [1, 0], [0, up], [-1, 0], [0, -up]]
    outline[0][1] = up
    point, line = [[9, 9], [0, 0], [0, 0], [0, 0]][:1], [[9, 9], [1, 0], [-1, 0]]
    features = read(quantised(outline, hole, point, line, origin=origin))
    assert [polygon.bounds for polygon in features.polygons] == [(12, 21, 20, 25)]
    assert areas(features) == [8 * 4 - 2]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (quantised([[1, 1]], origin="middle"), "has a «transform» of no known kind: originPosition is 'middle'"),
        (quantised([[1, 1]], scale=[-1, 1]), "has a «transform» of no known kind"),
        (quantised([[1, 1]], scale=[0, 1]), "has a «transform» without scale and translate of two numbers each"),
        (quantised([[1, 1]], scale=["1", "1"]), "has a «transform» without scale and translate"),
        (quantised([[1, 1]], translate=[1]), "has a «transform» without scale and translate"),
        (feature_set(transform=[1]), "has a «transform» without scale and translate"),
        (quantised([[1.5, 1], [1, 1]]), "feature 0 has coordinates that are no steps of the grid"),
        (quantised([[1, "1"]]), "feature 0 has coordinates that are no steps of the grid"),
        (quantised(7), "feature 0 has coordinates that are no steps of the grid"),
    ],
)
def test_a_grid_that_cannot_be_undone_is_named(document: Any, message: str) -> None:
    with pytest.raises(DataError, match=f"^map.json: {message}"):
        read(document)


def layer(name: str, *features: Any, **members: Any) -> dict[str, Any]:
    listed = [{"attributes": {}, "geometry": feature} for feature in features]
    return {"layerDefinition": {"name": name}, "featureSet": {"features": listed, **members}}


CONTROL = layer("control_map", rings(*RINGS))
ADVANCES = layer("russian_advances", {"rings": RINGS}, spatialReference=DEGREES)


@pytest.mark.parametrize(
    "document",
    [
        {"layers": [CONTROL, ADVANCES], "showLegend": True},
        {"featureCollection": {"layers": [CONTROL, ADVANCES]}},
        {"operationalLayers": [{"featureCollection": {"layers": [one]}, "title": "x"} for one in (CONTROL, ADVANCES)]},
        {"operationalLayers": [{"layerType": "GroupLayer", "layers": [CONTROL, ADVANCES]}], "version": "2.31"},
        {"value": {"layers": [CONTROL, ADVANCES]}},
    ],
    ids=["layers", "feature collection", "web map", "group", "wrapped"],
)
def test_all_layers_of_a_feature_collection_are_read_with_their_names(document: Any) -> None:
    features = read(document)
    assert [layer_name(own) for own in features.properties] == ["control_map", "russian_advances"]
    assert features.owner.tolist() == [0, 1]


def test_each_layer_has_its_own_spatial_reference_and_points_may_be_in_another() -> None:
    extent = {"layerDefinition": {"name": "a", "extent": {"spatialReference": DEGREES}}}
    towns = layer("towns", {"x": 4e6, "y": 6e6}, spatialReference={"wkid": 3857})
    features = read({"layers": [towns, {**extent, "featureSet": {"features": [{"geometry": {"rings": RINGS}}]}}]})
    assert (features.crs, features.owner.tolist(), features.not_area.tolist()) == (crs.LONLAT, [1], [0])


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"operationalLayers": [{"title": "a", "url": "https://example.org/FeatureServer/0"}, CONTROL]},
            "is a web map of layers that are elsewhere: https://example.org/FeatureServer/0; fetch them, ",
        ),
        ({"layers": [CONTROL, layer("b", exceededTransferLimit=True)]}, "is truncated"),
        ({"layers": [{**CONTROL, "exceededTransferLimit": True}]}, "is truncated"),
        ({"layers": [CONTROL], "properties": {"exceededTransferLimit": True}}, "is truncated"),
        ({"layers": [CONTROL, {"layerDefinition": {"name": "b"}}]}, "its layer 'b' has no featureSet"),
        ({"layers": [CONTROL, {**CONTROL, "featureSet": None}]}, "its layer 'control_map' has no featureSet"),
        ({"layers": [CONTROL, 7]}, "its layer '' has no featureSet"),
        ({"layers": [layer("c", {"rings": RINGS})]}, "/c: declares no spatialReference"),
        ({"layers": [CONTROL, layer("d", {**rings(*RINGS), "spatialReference": {"wkid": 3857}})]}, ".* is in "),
    ],
)
def test_a_collection_that_is_not_whole_is_named(document: Any, message: str) -> None:
    with pytest.raises(DataError, match=rf"^map.json(: )?{message}"):
        read(document)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            feature_set(rings(*RINGS), rings(*RINGS, spatialReference={"wkid": 3857})),
            "its geometries differ in spatial",
        ),
        ({"rings": RINGS}, "declares no spatialReference that is known; download it with outSR=4326"),
        (rings(*RINGS, spatialReference={"wkid": 0}), "declares no spatialReference that is known"),
        (rings(*RINGS, spatialReference={"wkid": 999999}), "the CRS it declares, 'ESRI:999999', is unknown"),
        (rings([[500000, 2], [3, 4], [5, 6]]), "its coordinates are no degrees: .* must declare it"),
        (
            feature_set(None, {"curveRings": []}),
            r"feature 1 has curves \(curveRings\); export it with returnTrueCurves",
        ),
        ({"rings": [], "curveRings": [1]}, r"feature 0 has curves"),
        (feature_set({"xmin": 1}), "feature 0 has a geometry of no known type"),
        (feature_set(3), "feature 0 has a geometry of no known type"),
        (feature_set({"rings": 3}), "feature 0 has rings that are no list"),
        (rings([1, 2]), "feature 0 has coordinates that are not lists of positions"),
        (feature_set(features=3), "is a feature set without a list of features"),
        (feature_set(features=[3]), "feature 0 is no Esri feature"),
        ({"features": [{"attributes": {"id": 1}}]}, "has attributes but no geometry; download it with returnGeometry"),
        (
            feature_set({"rings": RINGS}, transform={"scale": [50, 50], "translate": [0, 0]}),
            "has a «transform» of no known kind: originPosition is None; download it without quantizationParameters",
        ),
        (feature_set(None, exceededTransferLimit=True), "is truncated: the server stopped at its limit of features"),
        (feature_set(None, properties={"exceededTransferLimit": True}), "is truncated"),
        (
            {"error": {"code": 400, "message": "Cannot perform query.", "details": ["Invalid field: x"]}},
            "is a server's error 400, not a map: Cannot perform query.; Invalid field: x; download it again",
        ),
        (
            {"error": {"code": 499, "message": "Token Required", "details": []}},
            "is a server's error 499.*Token Required",
        ),
        ({"error": "busy"}, "is a server's error, not a map: busy"),
        ({"error": {}}, "is a server's error, not a map: no reason given"),
    ],
)
def test_what_is_no_esri_map_is_named(document: Any, message: str) -> None:
    with pytest.raises(DataError, match=rf"^map.json: {message}"):
        read(document)
