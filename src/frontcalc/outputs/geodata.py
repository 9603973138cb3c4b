"""Polygons as GeoJSON (RFC 7946), GeoParquet 1.1 and GeoPackage, on WGS 84; tables as Parquet.

Parquet without pyarrow is a UsageError. QGIS opens a GeoPackage in colours: gained in red, lost in blue.
Polygons of maps are the same bytes in whatever order those come and wherever their rings begin.
"""

from __future__ import annotations

import datetime as dt
import html
import io
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from importlib import resources
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from frontcalc.errors import extra_package
from frontcalc.outputs.flat_files import json_meta
from frontcalc.outputs.numbers import ATTRIBUTION, cells, columns, records
from frontcalc.tables import ChangeRow, LedgerRow, SharedGroundRow, Table, TownChangeRow

_PROPERTIES = {"date": "date32", "layer": "string", "actor": "string", "role": "string"}
_BOX = ("xmin", "ymin", "xmax", "ymax")
_BLOCK = 1 << 15  # rows that are written at a time

_LAYERS = {
    ChangeRow: ("changes", "Territory gained and lost"),
    TownChangeRow: ("where", "Territory gained and lost, by the nearest town"),
    SharedGroundRow: ("consensus", "Ground gained, lost or held at the close, by the archives that show it"),
    LedgerRow: ("ledger", "Ground by the days from which and until which it was held"),
}
"""The name of the layer of each class of rows, and what it shows."""

# The time of writing is not stated: the same figures give the same bytes.
_CHANGED = "2000-01-01T00:00:00.000Z"

# SQLite's file change counter, and «version-valid-for», which must equal it (SQLite file format, 1.3.7 and 1.3.19).
_COUNTERS = (slice(24, 28), slice(92, 96))

# The table in which QGIS looks for a layer's style, as QGIS itself makes it.
_STYLES = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME
);
INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id)
VALUES ('layer_styles', 'attributes', 'layer_styles', 0)
"""

DatedLayer = tuple[tuple[dt.date | None, str, str, str], NDArray[np.object_]]
"""Day (None where unknown), publisher's name, actor and role of a layer, and its polygons in degrees."""


def geoparquet_bytes(layers: Iterable[DatedLayer]) -> bytes:
    """Return GeoParquet 1.1: a row a polygon, sorted by date, layer, then geometry.

    Columns are date, layer, actor, role, geometry (WKB, null for a layer without polygons) and bbox, its covering.
    """
    arrow = extra_package("pyarrow", where="GeoParquet")
    drawn = [(own, one) for own, polygons in _tidy(layers) for one in (polygons if len(polygons) else [None])]
    table = {name: arrow.array([own[name] for own, _ in drawn], kind) for name, kind in _PROPERTIES.items()}
    return _geoparquet(arrow.table(table), [polygon for _, polygon in drawn], "Polygon")


def geojson_bytes(layers: Iterable[DatedLayer]) -> bytes:
    """Return GeoJSON (RFC 7946): a feature a date and layer, a MultiPolygon, without geometry if it has no polygons."""
    return _collection(_tidy(layers))


def parquet_bytes(result: Table[Any, Any], *, units: str = "km2") -> bytes:
    """Return a result as Parquet: the figures of the CSV, as float64; `frontcalc` of its metadata is JSON's `meta`."""
    parquet = extra_package("pyarrow.parquet", where="Parquet")
    out = io.BytesIO()
    parquet.write_table(_arrow_table(result, units, where="Parquet"), out, compression="zstd")
    return out.getvalue()


def map_geojson_bytes(result: Table[Any, Any], *, units: str = "km2") -> bytes:
    """Return change polygons as GeoJSON; the collection's `meta` is that of the JSON output."""
    polygons = (row.geometry.geoms for row in result.rows)
    drawn = zip(records(cells(result, units, attribution=True)), polygons, strict=True)
    # What is written into an archive must not be taken for one of its maps (`archives.written`).
    marks: dict[str, Any] = {"frontcalc": "results"}
    if any(notice.code == "SYNTHETIC" for notice in result.meta.notices):
        # Read back, made-up maps are to be known as such.
        marks["synthetic"] = True
    return _collection(drawn, marks, meta=json_meta(result, units))


def map_geoparquet_bytes(result: Table[Any, Any], *, units: str = "km2") -> bytes:
    """Return change polygons as GeoParquet 1.1; the file's metadata `frontcalc` is `meta` of the JSON output."""
    arrow = extra_package("pyarrow", where="GeoParquet")
    source = arrow.array(["; ".join(result.meta.attribution)] * len(result.rows), "string")
    table = _arrow_table(result, units, where="GeoParquet").append_column(ATTRIBUTION.name, source)
    return _geoparquet(table, [row.geometry for row in result.rows], "MultiPolygon")


def gpkg_bytes(result: Table[Any, Any], *, units: str = "km2") -> bytes:
    """Return polygons of change, or of what archives agree on, as a GeoPackage with one layer and its style for QGIS.

    Not by way of a data frame, which knows no days without an hour.
    """
    from pyogrio import raw

    published = cells(result, units, attribution=True)
    # A missing day is null.
    kinds: dict[type, Any] = {float: np.float64, bool: bool, str: object, dt.date: "datetime64[D]"}
    own = (*columns(result.kind, units), ATTRIBUTION)
    layer, about = _LAYERS[result.kind]
    described = f"{about}; {'; '.join(result.meta.attribution)}"
    out = io.BytesIO()
    raw.write(
        out,
        shapely.to_wkb(np.array([row.geometry for row in result.rows], dtype=object)),
        [np.array(published[column.name], kinds[column.kind]) for column in own],
        list(published),
        layer=layer,
        driver="GPKG",
        geometry_type="MultiPolygon",
        crs="EPSG:4326",
        layer_options={"GEOMETRY_NAME": "geometry", "SPATIAL_INDEX": "NO", "DESCRIPTION": described},
    )
    return _finished(out, layer, about, _style(result))


def _style(result: Table[Any, Any]) -> str:
    """Return the style of a result's layer for QGIS: by what became of the ground, or by the archives that show it."""
    own = ChangeRow if issubclass(result.kind, ChangeRow) else result.kind
    style = (resources.files("frontcalc") / "data" / f"{_LAYERS[own][0]}.qml").read_text(encoding="utf-8")
    if own is not SharedGroundRow:
        return style
    names = [html.escape(name) for name in dict.fromkeys(row.shown_by for row in result.rows)]
    # It has six symbols: the last one is for all archives beyond five, which QGIS knows by an empty value.
    categories = [
        f'<category value="{name}" label="{name or "other archives"}" type="string" symbol="{number}" render="true"/>'
        for number, name in enumerate(names if len(names) <= 6 else [*names[:5], ""])
    ]
    return style.replace("<categories/>", f"<categories>{''.join(categories)}</categories>")


def _finished(content: io.BytesIO, layer: str, about: str, style: str) -> bytes:
    """Return a GeoPackage with the style of its layer, and no time of writing; what it was is closed."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.deserialize(content.getvalue())
        content.close()
        database.executescript(_STYLES)
        database.execute(
            "INSERT INTO layer_styles VALUES (1, '', '', ?, 'geometry', ?, ?, NULL, 1, ?, '', NULL, ?)",
            (layer, layer, style, about, _CHANGED),
        )
        database.execute("UPDATE gpkg_contents SET last_change = ?", (_CHANGED,))
        # Else the pages would still hold the time that GDAL wrote.
        database.execute("VACUUM")
        counted = database.serialize()
    # The header counts how often GDAL wrote, which differs from run to run.
    once, (changed, valid) = (1).to_bytes(4, "big"), _COUNTERS
    return b"".join((counted[: changed.start], once, counted[changed.stop : valid.start], once, counted[valid.stop :]))


def _arrow_table(result: Table[Any, Any], units: str, *, where: str) -> Any:
    """Return a result's columns as an Arrow table, with what they mean and rest on as metadata."""
    arrow = extra_package("pyarrow", where=where)
    kinds = {str: "string", int: "int64", float: "float64", bool: "bool", dt.date: "date32"}
    published = columns(result.kind, units)
    schema = arrow.schema(
        [
            arrow.field(
                column.name,
                kinds[column.kind],
                nullable=column.nullable,
                metadata={"description": column.definition, **({"unit": column.unit} if column.unit else {})},
            )
            for column in published
        ],
        metadata={"frontcalc": orjson.dumps(json_meta(result, units))},
    )
    return arrow.table(list(map(arrow.array, cells(result, units).values(), schema.types)), schema=schema)


def _geoparquet(table: Any, polygons: Sequence[shapely.Geometry | None], kind: str) -> bytes:
    """Return GeoParquet 1.1 in degrees of a table and a geometry (or None) a row, all of one kind, with boxes."""
    arrow = extra_package("pyarrow", where="GeoParquet")
    parquet = extra_package("pyarrow.parquet", where="GeoParquet")
    geometries = np.array(polygons, dtype=object)
    boxes = shapely.bounds(geometries).reshape(-1, 4)
    empty = np.isnan(boxes[:, 0])
    box = arrow.struct([(side, arrow.float64()) for side in _BOX])
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": [kind],
        "orientation": "counterclockwise",
        "edges": "planar",
        "covering": {"bbox": {side: ["bbox", side] for side in _BOX}},
    }
    if len(known := boxes[~empty]):
        column["bbox"] = [*known[:, :2].min(axis=0).tolist(), *known[:, 2:].max(axis=0).tolist()]
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    about = {**(table.schema.metadata or {}), "geo": orjson.dumps(geo)}
    schema = table.schema.append(arrow.field("geometry", arrow.binary())).append(arrow.field("bbox", box))
    out = io.BytesIO()
    with parquet.ParquetWriter(out, schema.with_metadata(about), compression="zstd") as writer:
        # In blocks, so that no polygon is in memory twice but for those of one.
        for first in range(0, max(len(geometries), 1), _BLOCK):
            own = slice(first, first + _BLOCK)
            sides = [arrow.array(side, mask=empty[own]) for side in np.ascontiguousarray(boxes[own].T)]
            wkb = arrow.array(list(shapely.to_wkb(geometries[own], byte_order=1)), type=arrow.binary())
            drawn = arrow.StructArray.from_arrays(sides, names=list(_BOX), mask=arrow.array(empty[own]))
            block = table.slice(first, _BLOCK).append_column("geometry", wkb).append_column("bbox", drawn)
            writer.write_table(block.cast(writer.schema))
    return out.getvalue()


def _tidy(layers: Iterable[DatedLayer]) -> Iterator[tuple[dict[str, Any], NDArray[np.object_]]]:
    """Yield the properties of each date and layer, in that order, with its polygons in one form and order."""
    parts: dict[tuple[dt.date | None, str, str, str], list[NDArray[np.object_]]] = {}
    for named, polygons in layers:
        parts.setdefault(named, []).append(polygons)
    # An unknown day comes first.
    for named in sorted(parts, key=lambda named: (str(named[0] or ""), *named[1:])):
        yield dict(zip(_PROPERTIES, named, strict=True)), tidy_polygons(*parts[named])


def tidy_polygons(*arrays: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons sorted, each ring begun at its lowest vertex, outer rings counterclockwise."""
    polygons = np.concatenate([np.empty(0, dtype=object), *arrays])
    wound = shapely.orient_polygons(shapely.normalize(shapely.force_2d(polygons)))
    order = sorted(range(len(wound)), key=shapely.to_wkb(wound, byte_order=1).__getitem__)
    return np.asarray(wound[np.array(order, dtype=int)], dtype=object)


def _collection(
    drawn: Iterable[tuple[dict[str, Any], Iterable[shapely.Polygon]]], marks: Mapping[str, Any] = {}, **more: object
) -> bytes:
    """Return GeoJSON of properties with polygons, `marks` before the features and `more` behind them."""
    features = []
    for properties, polygons in drawn:
        rings = [[shapely.get_coordinates(own).tolist() for own in (one.exterior, *one.interiors)] for one in polygons]
        geometry = {"type": "MultiPolygon", "coordinates": rings} if rings else None
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return orjson.dumps({"type": "FeatureCollection", **marks, "features": features, **more}) + b"\n"
