"""GeoParquet (1.0 and 1.1, geometry as WKB), by pyarrow."""

from __future__ import annotations

import io
from typing import Any

import orjson

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError, extra_package
from frontcalc.read.features import Features
from frontcalc.read.limits import beyond, limits
from frontcalc.read.ogr import features_from_geometries, geometries_from_wkb


def read_geoparquet(data: bytes, *, where: str) -> Features:
    """Return the features of GeoParquet, whose primary geometry column is read, as WKB."""
    arrow = extra_package("pyarrow", where=where)
    parquet = extra_package("pyarrow.parquet", where=where)
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        name, column, covering = _geometry_column(file.metadata.metadata or {}, where)
        if name not in file.schema_arrow.names:
            raise DataError(f"has no column {name!r}, which its metadata name", where=where, cure="write it again")
        if twice := {own for own in file.schema_arrow.names if file.schema_arrow.names.count(own) > 1}:
            raise DataError(f"has two columns named {min(twice)!r}", where=where, cure="write it again")
        table = _bounded_table(arrow, file, where)
        wkb = table.column(name).to_pylist()
        kept = [field for field in table.column_names if field not in (name, covering)]
        properties = table.select(kept).to_pylist() if kept else [{}] * len(wkb)
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
        cure = "is the download complete?"
        raise DataError(f"is broken Parquet: {str(error).partition('. ')[0]}", where=where, cure=cure) from error
    declared = column.get("crs", LONLAT)
    if declared is None:
        raise DataError("says that its CRS is unknown", where=where, cure="declare an EPSG code")
    text = declared if isinstance(declared, str) else orjson.dumps(declared).decode()
    crs = source_crs(text, where=where) if "crs" in column else LONLAT
    geometries, cure = geometries_from_wkb(wkb, where=where), "its crs metadata cannot be right"
    return features_from_geometries(geometries, properties, crs, where=where, cure=cure)


def _bounded_table(arrow: Any, file: Any, where: str) -> Any:
    """Return the whole table, read in batches: repeats are stored once, so that a small file may hold very much."""
    most = limits()["max_unpacked_bytes"]
    stored = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
    problem = f"unpacks to more than {most:,} bytes"
    if stored > most:
        raise beyond("max_unpacked_bytes", problem, where=where)
    # No value is larger than what is stored, so that no batch is larger than the limit.
    rows = max(1, min(65_536, most // max(1, stored)))
    batches, size = [], 0
    for batch in file.iter_batches(batch_size=rows):
        size += batch.nbytes
        if size > most:
            raise beyond("max_unpacked_bytes", problem, where=where)
        batches.append(batch)
    return arrow.Table.from_batches(batches, schema=file.schema_arrow)


def _geometry_column(metadata: dict[bytes, bytes], where: str) -> tuple[str, dict[str, Any], str]:
    """Return name and metadata of the primary geometry column, and the column of its bounding boxes."""
    cure = "write it as GeoParquet"
    if b"geo" not in metadata:
        raise DataError("is Parquet without «geo» metadata, so it has no known geometry", where=where, cure=cure)
    try:
        geo = orjson.loads(metadata[b"geo"])
        name = geo["primary_column"]
        column = geo["columns"][name]
        encoding = column["encoding"]
        covering = str((column.get("covering") or {}).get("bbox", {}).get("xmin", [""])[0])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DataError("its «geo» metadata are not GeoParquet's", where=where, cure=cure) from error
    if encoding != "WKB":
        raise DataError(f"has geometry encoded as {encoding!r}", where=where, cure="write it with encoding WKB")
    if column.get("edges", "planar") != "planar":
        cure = "write planar edges"
        raise DataError(f"has {column['edges']} edges, and edges are read as straight", where=where, cure=cure)
    return str(name), column, covering
