"""Tidy GeoParquet and GeoJSON: what is written is what is read, and the same polygons give the same bytes."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import shapely
from conftest import square
from test_formats import km2, layers

from frontcalc.outputs.geodata import DatedLayer, geojson_bytes, geoparquet_bytes
from frontcalc.read import read_content

RING = shapely.Polygon(square(3, 0).exterior, [shapely.affinity.scale(square(3, 0), 0.5, 0.5).exterior])


def layer(day: str, name: str, *polygons: shapely.Polygon, role: str = "control") -> DatedLayer:
    return (date.fromisoformat(day), name, "Russia", role), np.array([*polygons, None], dtype=object)[:-1]


MAPS = [
    layer("2024-11-03", "russian_advances", square(1, 0), role="advance"),
    layer("2024-11-03", "control_map", square(0, 0), RING),
    layer("2024-10-27", "control_map"),
]


def table(data: bytes) -> Any:
    return pq.read_table(io.BytesIO(data))


def test_geoparquet_gives_back_what_was_written() -> None:
    features = read_content(geoparquet_bytes(MAPS), where="a.parquet")
    assert features.crs == "OGC:CRS84"
    assert layers(features) == ["control_map", "control_map", "control_map", "russian_advances"]
    assert dict(features.properties[0]) == {
        "date": date(2024, 10, 27),
        "layer": "control_map",
        "actor": "Russia",
        "role": "control",
    }
    assert sorted(features.owner.tolist()) == [1, 2, 3]
    drawn = {shapely.to_wkb(shapely.normalize(polygon)) for _, polygons in MAPS for polygon in polygons}
    assert {shapely.to_wkb(shapely.normalize(polygon)) for polygon in features.polygons} == drawn
    assert round(km2(features), 3) == 275.0


def test_geoparquet_metadata_are_those_of_version_1_1() -> None:
    written = table(geoparquet_bytes(MAPS))
    geo = json.loads(written.schema.metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert (geo["version"], geo["primary_column"], column["encoding"]) == ("1.1.0", "geometry", "WKB")
    assert (column["geometry_types"], column["orientation"], "crs" in column) == (
        ["Polygon"],
        "counterclockwise",
        False,
    )
    assert column["bbox"] == shapely.total_bounds([square(0, 0), square(1, 0), RING]).tolist()
    assert written.column_names == ["date", "layer", "actor", "role", "geometry", "bbox"]
    assert written.column("bbox").to_pylist()[0] is None
    box = written.column("bbox").to_pylist()[3]
    assert tuple(box.values()) == square(1, 0).bounds
    file = pq.ParquetFile(io.BytesIO(geoparquet_bytes(MAPS)))
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_another_order_or_ring_gives_the_same_bytes() -> None:
    turned = shapely.Polygon([*list(square(0, 0).exterior.coords)[2:], *list(square(0, 0).exterior.coords)[1:3]])
    other = [MAPS[2], layer("2024-11-03", "control_map", RING.reverse()), MAPS[0]]
    other.append(layer("2024-11-03", "control_map", turned))
    assert geoparquet_bytes(other) == geoparquet_bytes(MAPS)
    assert geojson_bytes(iter(other)) == geojson_bytes(iter(MAPS))


def test_geojson_has_a_feature_a_date_and_layer() -> None:
    document = json.loads(geojson_bytes(MAPS))
    assert [list(feature["properties"].values()) for feature in document["features"]] == [
        ["2024-10-27", "control_map", "Russia", "control"],
        ["2024-11-03", "control_map", "Russia", "control"],
        ["2024-11-03", "russian_advances", "Russia", "advance"],
    ]
    assert document["features"][0]["geometry"] is None
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in document["features"][1:]]
    assert [shape.geom_type for shape in shapes] == ["MultiPolygon", "MultiPolygon"]
    for polygon in shapely.get_parts(shapes):
        assert polygon.exterior.is_ccw
        assert not any(ring.is_ccw for ring in polygon.interiors)
    features = read_content(geojson_bytes(MAPS), where="a.geojson")
    assert round(km2(features), 3) == 275.0


def test_nothing_at_all_is_a_file_without_rows() -> None:
    assert table(geoparquet_bytes([])).num_rows == 0
    assert json.loads(geojson_bytes([])) == {"type": "FeatureCollection", "features": []}
    assert len(read_content(geoparquet_bytes([]), where="a.parquet").polygons) == 0


def test_geopandas_reads_the_geoparquet(tmp_path: Any) -> None:
    import geopandas

    path = tmp_path / "a.parquet"
    path.write_bytes(geoparquet_bytes(MAPS))
    frame = geopandas.read_parquet(path)
    assert (len(frame), frame.crs.to_string()) == (4, "OGC:CRS84")
    box = square(1, 0).bounds
    assert set(geopandas.read_parquet(path, bbox=box)["layer"]) == {"control_map", "russian_advances"}
