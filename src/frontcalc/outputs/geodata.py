"""Polygons of control as tidy files: GeoParquet 1.1 and GeoJSON, longitude and latitude on WGS 84.

Both are the same bytes for the same polygons, in whatever order those come and wherever their rings begin.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from frontcalc.sources.packages import extra_package

GEOPARQUET_VERSION = "1.1.0"

_BOX = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True, slots=True, eq=False)
class LayerPolygons:
    """What one layer shows on one day.

    Parameters
    ----------
    day : date or None
        None where the map's date is unknown.
    layer : str
        The publisher's name of the layer.
    actor, role : str
        What the layer means.
    polygons : (n,) array of shapely Polygon
        Longitude and latitude; n = 0 where the layer is there without geometry.
    """

    day: date | None
    layer: str
    actor: str
    role: str
    polygons: NDArray[np.object_]


def geoparquet_bytes(layers: Iterable[LayerPolygons]) -> bytes:
    """Return GeoParquet 1.1: a row a polygon, sorted by date, layer, then geometry.

    Columns are date, layer, actor, role, geometry (WKB, null for a layer without polygons) and bbox,
    the covering that lets readers skip what they do not need.

    Raises
    ------
    UsageError
        pyarrow is not installed.
    """
    arrow = extra_package("pyarrow", where="GeoParquet")
    rows = [(one, polygon) for one in _tidy(layers) for polygon in (one.polygons if len(one.polygons) else [None])]
    polygons = np.array([*(polygon for _, polygon in rows), None], dtype=object)[:-1]
    columns = {
        "date": arrow.array([one.day for one, _ in rows], type=arrow.date32()),
        "layer": arrow.array([one.layer for one, _ in rows], type=arrow.string()),
        "actor": arrow.array([one.actor for one, _ in rows], type=arrow.string()),
        "role": arrow.array([one.role for one, _ in rows], type=arrow.string()),
    }
    return with_geometry(arrow.table(columns), polygons, "Polygon")


def with_geometry(table: Any, geometries: NDArray[np.object_], kind: str) -> bytes:
    """Return GeoParquet 1.1 of an Arrow table and a geometry (or None) a row, all of one kind, with their boxes."""
    arrow = extra_package("pyarrow", where="GeoParquet")
    parquet = extra_package("pyarrow.parquet", where="GeoParquet")
    boxes = shapely.bounds(geometries).reshape(-1, 4)
    empty = np.isnan(boxes[:, 0])
    box_fields = [arrow.array(side, type=arrow.float64(), mask=empty) for side in np.ascontiguousarray(boxes.T)]
    wkb = arrow.array(list(shapely.to_wkb(geometries, byte_order=1)), type=arrow.binary())
    table = table.append_column("geometry", wkb).append_column(
        "bbox", arrow.StructArray.from_arrays(box_fields, names=list(_BOX), mask=arrow.array(empty))
    )
    about = {**(table.schema.metadata or {}), "geo": orjson.dumps(_geo_metadata(boxes[~empty], kind))}
    out = io.BytesIO()
    parquet.write_table(table.replace_schema_metadata(about), out, compression="zstd")
    return out.getvalue()


def geojson_bytes(layers: Iterable[LayerPolygons]) -> bytes:
    """Return GeoJSON (RFC 7946): a feature a date and layer, a MultiPolygon whose outer rings run counterclockwise.

    A layer without polygons is a feature without geometry.
    """
    features = [
        {
            "type": "Feature",
            "properties": {"date": one.day, "layer": one.layer, "actor": one.actor, "role": one.role},
            "geometry": multipolygon(one.polygons),
        }
        for one in _tidy(layers)
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features}) + b"\n"


def _tidy(layers: Iterable[LayerPolygons]) -> list[LayerPolygons]:
    """Return one entry a date and layer, in that order, with its polygons in one form and order."""
    ordered = sorted(layers, key=_key)
    groups = [list(group) for _, group in groupby(ordered, key=_key)]
    return [
        LayerPolygons(one.day, one.layer, one.actor, one.role, tidy_polygons(*[part.polygons for part in group]))
        for group in groups
        for one in group[:1]
    ]


def _key(one: LayerPolygons) -> tuple[str, str, str, str]:
    """Return what a layer of a day is sorted by; an unknown day comes first."""
    return (one.day.isoformat() if one.day else "", one.layer, one.actor, one.role)


def tidy_polygons(*arrays: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons sorted, each ring begun at its lowest vertex, outer rings counterclockwise."""
    polygons = np.concatenate([np.empty(0, dtype=object), *arrays])
    if not len(polygons):
        return polygons
    wound = shapely.orient_polygons(shapely.normalize(shapely.force_2d(polygons)))
    order = sorted(range(len(wound)), key=shapely.to_wkb(wound, byte_order=1).__getitem__)
    return np.asarray(wound[order], dtype=object)


def multipolygon(polygons: NDArray[np.object_]) -> dict[str, Any] | None:
    """Return a GeoJSON geometry, None without polygons."""
    if not len(polygons):
        return None
    rings = [[shapely.get_coordinates(ring).tolist() for ring in (one.exterior, *one.interiors)] for one in polygons]
    return {"type": "MultiPolygon", "coordinates": rings}


def _geo_metadata(boxes: NDArray[np.float64], kind: str) -> dict[str, Any]:
    """Return the file's «geo» metadata; no `crs` means longitude and latitude on WGS 84 (OGC:CRS84)."""
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": [kind],
        "orientation": "counterclockwise",
        "edges": "planar",
        "covering": {"bbox": {side: ["bbox", side] for side in _BOX}},
    }
    if len(boxes):
        column["bbox"] = [*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()]
    return {"version": GEOPARQUET_VERSION, "primary_column": "geometry", "columns": {"geometry": column}}
