"""GeoParquet (1.0 and 1.1, geometry as WKB), by pyarrow."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

import orjson

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError, extra_package
from frontcalc.read.features import Features
from frontcalc.read.limits import beyond, limits
from frontcalc.read.ogr import features_from_wkb, refuse_promises

# How many values a byte of a file may hold, but for small files.
_MOST_PER_BYTE, _SMALL = 8, 1 << 20


def read_geoparquet(data: bytes, *, where: str) -> Features:
    """Return the features of GeoParquet, whose primary geometry column is read, as WKB."""
    arrow = extra_package("pyarrow", where=where)
    parquet = extra_package("pyarrow.parquet", where=where)
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        refuse_promises(file.metadata.num_rows, data, where=where)
        name, column = _geometry_column(file.metadata.metadata or {}, where)
        schema, again = file.schema_arrow, "write it again"
        if name not in schema.names:
            raise DataError(f"has no column {name!r}, which its metadata name", where=where, cure=again)
        if twice := [own for own, count in Counter(schema.names).items() if count > 1]:
            raise DataError(f"has two columns named {min(twice)!r}", where=where, cure=again)
        # What is in lists and structures says nothing of a layer, a day or a name, and may be without end.
        flat = [own.name for own in schema if own.name != name and not arrow.types.is_nested(own.type)]
        table = _bounded_table(arrow, file, [name, *flat], len(data), where)
        wkb = table.column(name).to_pylist()
        properties = table.select(flat).to_pylist() if flat else [{}] * len(wkb)
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
        cure = "is the download complete?"
        raise DataError(f"is broken Parquet: {str(error).partition('. ')[0]}", where=where, cure=cure) from error
    declared = column.get("crs", LONLAT)
    if declared is None:
        raise DataError("says that its CRS is unknown", where=where, cure="declare an EPSG code")
    text = declared if isinstance(declared, str) else orjson.dumps(declared).decode()
    crs = source_crs(text, where=where) if "crs" in column else LONLAT
    return features_from_wkb(wkb, properties, crs, where=where, cure="its crs metadata cannot be right")


def _bounded_table(arrow: Any, file: Any, names: list[str], size: int, where: str) -> Any:
    """Return a table of some columns, read in batches: repeats are stored once, so that a small file may hold much."""
    most = limits()["max_unpacked_bytes"]
    # A value of nothing takes no byte in a table, but as an object.
    cells = file.metadata.num_rows * len(names)
    if cells > _MOST_PER_BYTE * max(size, _SMALL):
        raise DataError(f"promises {cells:,} values", where=where, cure="give it fewer columns")
    stored = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
    problem = f"unpacks to more than {most:,} bytes"
    if stored > most:
        raise beyond("max_unpacked_bytes", problem, where=where)
    # No value is larger than what is stored, so that no batch is larger than the limit.
    rows = max(1, min(65_536, most // max(1, stored)))
    batches, read = [], 0
    for batch in file.iter_batches(batch_size=rows, columns=names):
        read += batch.nbytes
        if read > most:
            raise beyond("max_unpacked_bytes", problem, where=where)
        batches.append(batch)
    return arrow.Table.from_batches(batches, schema=batches[0].schema if batches else file.schema_arrow)


def _geometry_column(metadata: dict[bytes, bytes], where: str) -> tuple[str, dict[str, Any]]:
    """Return name and metadata of the primary geometry column."""
    cure = "write it as GeoParquet"
    if b"geo" not in metadata:
        raise DataError("is Parquet without «geo» metadata, so it has no known geometry", where=where, cure=cure)
    try:
        geo = orjson.loads(metadata[b"geo"])
        name = geo["primary_column"]
        column = geo["columns"][name]
        encoding = column["encoding"]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DataError("its «geo» metadata are not GeoParquet's", where=where, cure=cure) from error
    if encoding != "WKB":
        raise DataError(f"has geometry encoded as {encoding!r}", where=where, cure="write it with encoding WKB")
    if column.get("edges", "planar") != "planar":
        cure = "write planar edges"
        raise DataError(f"has {column['edges']} edges, and edges are read as straight", where=where, cure=cure)
    return str(name), column
