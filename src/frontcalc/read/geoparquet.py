"""GeoParquet (1.0 and 1.1, geometry as WKB), by pyarrow."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping

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
    arrow, parquet = (extra_package(name, where=where) for name in ("pyarrow", "pyarrow.parquet"))
    left = limits()["max_unpacked_bytes"]
    too_large = beyond("max_unpacked_bytes", f"unpacks to more than {left:,} bytes", where=where)
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        about, schema, again = file.metadata, file.schema_arrow, "write it again"
        refuse_promises(about.num_rows, data, where=where)
        name, crs = _geometry_column(about.metadata or {}, where)
        if name not in schema.names:
            raise DataError(f"has no column {name!r}, which its metadata name", where=where, cure=again)
        if twice := [own for own, count in Counter(schema.names).items() if count > 1]:
            raise DataError(f"has two columns named {min(twice)!r}", where=where, cure=again)
        # What is in lists and structures says nothing of a layer, a day or a name, and may be without end.
        flat = [own.name for own in schema if own.name != name and not arrow.types.is_nested(own.type)]
        # A value of nothing takes no byte in a table, but as an object.
        if (cells := about.num_rows * (1 + len(flat))) > _MOST_PER_BYTE * max(len(data), _SMALL):
            raise DataError(f"promises {cells:,} values", where=where, cure="give it fewer columns")
        stored = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
        if stored > left:
            raise too_large
        # No value is larger than what is stored, so that no batch is larger than the limit.
        batches, rows = [], max(1, min(65_536, left // max(1, stored)))
        for batch in file.iter_batches(batch_size=rows, columns=[name, *flat]):
            # Repeats are stored once, so that a small file may hold much.
            left -= batch.nbytes
            if left < 0:
                raise too_large
            batches.append(batch)
        table = arrow.Table.from_batches(batches, schema=batches[0].schema if batches else schema)
        wkb = table.column(name).to_pylist()
        properties = table.select(flat).to_pylist() if flat else [{}] * len(wkb)
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
        cure = "is the download complete?"
        raise DataError(f"is broken Parquet: {str(error).partition('. ')[0]}", where=where, cure=cure) from error
    return features_from_wkb(wkb, properties, crs, where=where, cure="its crs metadata cannot be right")


def _geometry_column(metadata: Mapping[bytes, bytes], where: str) -> tuple[str, str]:
    """Return name and CRS of the primary geometry column."""
    cure = "write it as GeoParquet"
    if b"geo" not in metadata:
        raise DataError("is Parquet without «geo» metadata, so it has no known geometry", where=where, cure=cure)
    try:
        geo = orjson.loads(metadata[b"geo"])
        name = geo["primary_column"]
        column = geo["columns"][name]
        encoding, edges, crs = column["encoding"], column.get("edges", "planar"), column.get("crs", LONLAT)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DataError("its «geo» metadata are not GeoParquet's", where=where, cure=cure) from error
    if encoding != "WKB":
        raise DataError(f"has geometry encoded as {encoding!r}", where=where, cure="write it with encoding WKB")
    if edges != "planar":
        problem = f"has {edges} edges, and edges are read as straight"
        raise DataError(problem, where=where, cure="write planar edges")
    if crs is None:
        raise DataError("says that its CRS is unknown", where=where, cure="declare an EPSG code")
    return str(name), source_crs(crs if isinstance(crs, str) else orjson.dumps(crs).decode(), where=where)
