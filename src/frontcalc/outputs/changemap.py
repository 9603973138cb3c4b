"""Where ground changed hands, or maps disagree, as GeoJSON (RFC 7946) and GeoParquet 1.1: a feature a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from frontcalc.outputs.flat import jsonable
from frontcalc.outputs.geodata import multipolygon, with_geometry
from frontcalc.outputs.parquet import arrow_table
from frontcalc.outputs.published import attribution, columns, rows
from frontcalc.tables import Table


def properties(result: Table[Any, Any]) -> list[dict[str, Any]]:
    """Return the properties of each feature: the columns, and whose maps they rest on."""
    names = [column.name for column in columns(result.kind, result.meta.units)]
    source = {"attribution": attribution(result)}
    return [dict(zip(names, values, strict=True)) | source for values in rows(result)]


def geojson_bytes(result: Table[Any, Any]) -> bytes:
    """Return change polygons as GeoJSON; the collection's `meta` is that of the JSON output."""
    features = [
        {"type": "Feature", "properties": own, "geometry": multipolygon(np.array(row.geometry.geoms, dtype=object))}
        for row, own in zip(result.rows, properties(result), strict=True)
    ]
    # Read back, made-up maps are to be known as such.
    synthetic = {"synthetic": True} if any(notice.code == "SYNTHETIC" for notice in result.meta.notices) else {}
    # What is written into an archive must not be taken for one of its maps (`archives.written`).
    mark = {"type": "FeatureCollection", "frontcalc": "results", **synthetic}
    collection = {**mark, "features": features, "meta": jsonable(result.meta)}
    return orjson.dumps(collection) + b"\n"


def geoparquet_bytes(result: Table[Any, Any]) -> bytes:
    """Return change polygons as GeoParquet 1.1; the file's metadata `frontcalc` is `meta` of the JSON output.

    Raises
    ------
    UsageError
        pyarrow is not installed.
    """
    shapes = np.array([*(row.geometry for row in result.rows), None], dtype=object)[:-1]
    return with_geometry(arrow_table(result, where="GeoParquet", with_attribution=True), shapes, "MultiPolygon")
