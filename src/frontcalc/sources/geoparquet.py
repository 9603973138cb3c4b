"""GeoParquet (1.0 and 1.1, WKB), by pyarrow."""

from __future__ import annotations

import io
from typing import Any

import orjson

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError
from frontcalc.sources.assemble import features_from_geometries, geometries_from_wkb
from frontcalc.sources.features import Features
from frontcalc.sources.limits import beyond, limits
from frontcalc.sources.packages import extra_package

_MAGIC = b"PAR1"


def detect(data: bytes) -> bool:
    """Say whether content begins as Parquet does."""
    return data.startswith(_MAGIC)


def read(data: bytes, *, where: str) -> Features:
    """Return the features of GeoParquet, whose primary geometry column is read.

    Raises
    ------
    DataError
        The file is broken, too large, Parquet without geometry, or in an encoding other than WKB.
    UsageError
        pyarrow is not installed.
    """
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
        raise DataError(
            f"is broken Parquet: {str(error).partition('. ')[0]}", where=where, cure="is the download complete?"
        ) from error
    cure = "its crs metadata cannot be right"
    crs = _declared_crs(column, where)
    return features_from_geometries(geometries_from_wkb(wkb, where=where), properties, crs, where=where, cure=cure)


def _bounded_table(arrow: Any, file: Any, where: str) -> Any:
    """Return the whole table, read in batches: repeats are stored once, so that a small file may hold very much."""
    most = limits().max_unpacked_bytes
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
    if b"geo" not in metadata:
        raise DataError(
            "is Parquet without «geo» metadata, so it has no known geometry", where=where, cure="write it as GeoParquet"
        )
    try:
        geo = orjson.loads(metadata[b"geo"])
        name = geo["primary_column"]
        column = geo["columns"][name]
        encoding = column["encoding"]
        covering = str((column.get("covering") or {}).get("bbox", {}).get("xmin", [""])[0])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DataError(
            "its «geo» metadata are not GeoParquet's", where=where, cure="write it as GeoParquet"
        ) from error
    if encoding != "WKB":
        raise DataError(f"has geometry encoded as {encoding!r}", where=where, cure="write it with encoding WKB")
    if column.get("edges", "planar") != "planar":
        raise DataError(
            f"has {column['edges']} edges, and edges are read as straight", where=where, cure="write planar edges"
        )
    return str(name), column, covering


def _declared_crs(column: dict[str, Any], where: str) -> str:
    """Return the column's CRS: WGS 84 where nothing is said, an error where it is said to be unknown."""
    if "crs" not in column:
        return LONLAT
    declared = column["crs"]
    if declared is None:
        raise DataError("says that its CRS is unknown", where=where, cure="declare an EPSG code")
    return source_crs(declared if isinstance(declared, str) else orjson.dumps(declared).decode(), where=where)
