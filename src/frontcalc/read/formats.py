"""FlatGeobuf, shapefiles and GeoPackage, every layer that has geometry, by GDAL; GeoParquet (1.0, 1.1, WKB) by pyarrow.

A shapefile comes in parts: the geometry is in .shp, the rest beside it, and some of the rest is often lost.
"""

from __future__ import annotations

import io
import re
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

import orjson

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError, extra_package
from frontcalc.read.detection import signature_of
from frontcalc.read.features import Features, concatenate, name_layer
from frontcalc.read.files import SHAPEFILE_PARTS
from frontcalc.read.limits import beyond, limits
from frontcalc.read.ogr import features_from_geometries, geometries_from_wkb, layer_names, read_layer

# OGC 12-128r18, requirement 2: what an SQLite header says at byte 68 where the database is a GeoPackage.
_APPLICATION = slice(68, 72)
_GEOPACKAGE = (b"GPKG", b"GP10", b"GP11")
# https://sqlite.org/fileformat2.html: a write-ahead log with no more than its header has no changes, and a journal
# whose header is zeroed is done with.
_WAL_HEADER = 32
_HOT_JOURNAL = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
_COLUMNS = "SELECT table_name, column_name FROM gpkg_geometry_columns"
_MOST_TABLES = 10_000
_VIRTUAL = re.compile(r"\s*create\s+virtual", re.IGNORECASE)
# The tables that GDAL asks first.
_DIRECTORY = ("gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys")
# A shapefile's header in bytes, and the type of a record without a shape.
_SHP_HEADER = 100
_NULL_SHAPE = 0
# Where a .dbf says which code page it is in; 0 is nothing said (dBASE IV's language driver).
_DBF_LANGUAGE = 29
_DBF_HEADER = 33


def read_flatgeobuf(data: bytes, *, where: str) -> Features:
    """Return the features of FlatGeobuf, which must declare its CRS."""
    return read_layer(data, where=where, drivers=("FlatGeobuf",))


def read_geopackage(data: bytes, *, where: str) -> Features:
    """Return the features of a GeoPackage, all in one CRS; a layer's name is the `layer` of features that name none."""
    if data[_APPLICATION] not in _GEOPACKAGE:
        raise DataError("is an SQLite database but no GeoPackage", where=where, cure="export it as GeoPackage")
    drawn = _drawn_by_table(data, where)
    layers = layer_names(data, where=where)
    if not layers:
        cure = "export the map with its polygons"
        raise DataError("is a GeoPackage without a layer that has geometry", where=where, cure=cure)
    parts = []
    for index, name in layers:
        count = drawn.get(name.casefold())
        part = read_layer(data, where=f"{where}/{name}", drivers=("GPKG",), layer=index, drawn=count)
        parts.append((name, name_layer(part, name)))
    return concatenate(parts, where=where)


def refuse_logs(beside: Callable[[str], bytes], *, where: str) -> None:
    """Refuse a database with changes in a log beside it, which its own bytes lack or have too many of.

    `beside` returns the first bytes of the file of the database's name and an ending; none where there is none.
    """
    name = where.rpartition("/")[2]
    cure = f"open and close it in what wrote it, as QGIS, or run: sqlite3 {name} 'PRAGMA journal_mode=delete'"
    if len(beside("-wal")) > _WAL_HEADER:
        raise DataError(f"has changes in {name}-wal that are not in it yet", where=where, cure=cure)
    if beside("-journal").startswith(_HOT_JOURNAL):
        raise DataError(f"was not written to its end: {name}-journal has what it was before", where=where, cure=cure)


def _drawn_by_table(data: bytes, where: str) -> dict[str, int]:
    """Return how many rows of each table have a geometry, once no table is found to be computed by the file.

    A GeoPackage is a database, whose tables may be views or have columns that are expressions. GDAL would run
    what they say, which may take for ever or fill the memory.
    """
    connection = sqlite3.connect(":memory:")
    try:
        # A header that tells of a log beside the file would have it looked for; there is none in memory.
        connection.deserialize(data[:18] + b"\x01\x01" + data[20:])
        connection.execute("PRAGMA trusted_schema = OFF")
        for table in _DIRECTORY:
            _refuse_computed(connection, table, where)
        columns = connection.execute(_COLUMNS).fetchmany(_MOST_TABLES)
        for table, _ in columns:
            _refuse_computed(connection, str(table), where)
        drawn = {}
        for table, column in columns:
            quoted, field = (str(name).replace('"', '""') for name in (table, column))
            query = f'SELECT count(*) FROM "{quoted}" WHERE "{field}" IS NOT NULL'  # noqa: S608 - names are quoted
            drawn[str(table).casefold()] = int(connection.execute(query).fetchone()[0])
        return drawn
    except (sqlite3.Error, UnicodeDecodeError, ValueError) as error:
        raise DataError("is a damaged database", where=where, cure="is the download complete?") from error
    finally:
        connection.close()


def _refuse_computed(connection: sqlite3.Connection, table: str, where: str) -> None:
    """Refuse what is called a table but is a view, a virtual table, or has columns that an expression makes."""
    query = "SELECT type, sql FROM sqlite_master WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')"
    found = connection.execute(query, (table,)).fetchall()
    plain = all(kind == "table" and not _VIRTUAL.match(str(sql)) for kind, sql in found)
    made = "SELECT hidden FROM pragma_table_xinfo(?) WHERE hidden > 0"
    if not plain or connection.execute(made, (table,)).fetchall():
        raise DataError(f"its table {table!r} is computed by the file itself", where=where, cure="export it as a table")


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


def read_shapefile_parts(parts: Mapping[str, bytes], *, where: str) -> Features:
    """Return the features of a shapefile.

    Parameters
    ----------
    parts : mapping of str to bytes
        Content by suffix in lower case, as in ``.shp``. Only that one must be there: without .shx the
        records are counted here, without .dbf there are no properties, without .prj the coordinates
        must be degrees, without .cpg texts are taken for UTF-8 where they can be.
    where : str
        The .shp's name, for messages; without folders and suffix it is the features' `layer`.
    """
    shp = parts.get(".shp", b"")
    if signature_of(shp) != "shapefile":
        cure = "give .shp and .dbf together"
        raise DataError("is no shapefile: its .shp is missing or broken", where=where, cure=cure)
    declared = 2 * struct.unpack(">i", shp[24:28])[0]
    if len(shp) < max(declared, _SHP_HEADER):
        cure = "is the download complete?"
        raise DataError(f"is cut off: {len(shp):,} of {declared:,} bytes", where=where, cure=cure)
    if (dbf := parts.get(".dbf")) is not None:
        count, start, size = struct.unpack("<IHH", dbf[4:12]) if len(dbf) >= _DBF_HEADER else (0, 0, 0)
        if start < _DBF_HEADER or start + count * size > len(dbf):
            raise DataError("its .dbf is empty, cut off or none", where=where, cure="is the download complete?")
    kept = {suffix: parts[suffix] for suffix in (".shp", *SHAPEFILE_PARTS) if suffix in parts}
    kept.setdefault(".shx", _shx_of(shp[:declared], where))
    if ".cpg" not in kept and _is_utf8(kept.get(".dbf", b"")):
        kept[".cpg"] = b"UTF-8"
    # A zip of our own making is the only way to hand GDAL several files in memory.
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for suffix, content in kept.items():
            archive.writestr(f"layer{suffix}", content)
    has_prj = bool(kept.get(".prj", b"").strip())
    features = read_layer(
        packed.getvalue(),
        where=where,
        drivers=("ESRI Shapefile",),
        drawn=_count_drawn(shp, kept[".shx"], kept.get(".dbf", b"")),
        undeclared="" if has_prj else LONLAT,
        declares="its .prj cannot be right" if has_prj else "the file has no .prj, which would name its CRS: add it",
    )
    return name_layer(features, PurePosixPath(where).stem)


def _shx_of(shp: bytes, where: str) -> bytes:
    """Return the .shx of a .shp: where each record begins and how long it is, in 16-bit words."""
    records: list[bytes] = []
    at = _SHP_HEADER
    while at + 8 <= len(shp):
        words = struct.unpack(">i", shp[at + 4 : at + 8])[0]
        if words < 2 or at + 8 + 2 * words > len(shp):
            raise DataError(f"record {len(records) + 1} of its .shp is broken", where=where, cure="add its .shx")
        records.append(struct.pack(">ii", at // 2, words))
        at += 8 + 2 * words
    length = struct.pack(">i", (_SHP_HEADER + 8 * len(records)) // 2)
    return shp[:24] + length + shp[28:_SHP_HEADER] + b"".join(records)


def _count_drawn(shp: bytes, shx: bytes, dbf: bytes) -> int:
    """Return how many records say that they have a shape, those left out that the .dbf marks as deleted."""
    start, size = struct.unpack("<HH", dbf[8:12]) if len(dbf) >= 12 else (0, 0)
    count = 0
    records = shx[_SHP_HEADER : len(shx) - (len(shx) - _SHP_HEADER) % 8]
    for number, (words, _) in enumerate(struct.iter_unpack(">ii", records)):
        at = 2 * words + 8
        deleted = size and dbf[start + number * size : start + number * size + 1] == b"*"
        if deleted or not 0 < at <= len(shp) - 4 or struct.unpack("<i", shp[at : at + 4])[0] == _NULL_SHAPE:
            continue
        count += 1
    return count


def _is_utf8(dbf: bytes) -> bool:
    """Say whether a .dbf that names no code page holds UTF-8."""
    if len(dbf) <= _DBF_LANGUAGE or dbf[_DBF_LANGUAGE]:
        return False
    start = struct.unpack("<H", dbf[8:10])[0]
    try:
        dbf[start:].decode()
    except UnicodeDecodeError:
        return False
    return True
