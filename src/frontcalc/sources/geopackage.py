"""GeoPackage: every layer that has geometry, by GDAL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping

from frontcalc.errors import DataError
from frontcalc.sources.assemble import concatenate, name_layer
from frontcalc.sources.features import Features
from frontcalc.sources.ogr import layer_names, read_layer

_SQLITE = b"SQLite format 3\x00"
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


def detect(data: bytes) -> bool:
    """Say whether content begins as an SQLite database does."""
    return data.startswith(_SQLITE)


def read(data: bytes, *, where: str) -> Features:
    """Return the features of a GeoPackage; a layer's name is the `layer` of features that name none.

    Raises
    ------
    DataError
        The file is no GeoPackage, is broken, has no layer with geometry, or layers in several CRSs.
    UsageError
        pyogrio is not installed.
    """
    if data[_APPLICATION] not in _GEOPACKAGE:
        raise DataError("is an SQLite database but no GeoPackage", where=where, cure="export it as GeoPackage")
    drawn = _drawn_by_table(data, where)
    layers = layer_names(data, where=where)
    if not layers:
        raise DataError(
            "is a GeoPackage without a layer that has geometry", where=where, cure="export the map with its polygons"
        )
    return concatenate([(name, _read_layer(data, where, index, name, drawn)) for index, name in layers], where=where)


def refuse_logs(beside: Callable[[str], bytes], *, where: str) -> None:
    """Refuse a database with changes in a log beside it, which its own bytes lack or have too many of.

    Parameters
    ----------
    beside : callable
        Returns the first bytes of the file of the database's name and an ending; none where there is none.
    where : str
        The database's name, for messages.

    Raises
    ------
    DataError
        There is such a log, and it is not empty.
    """
    name = where.rpartition("/")[2]
    cure = f"open and close it in what wrote it, as QGIS, or run: sqlite3 {name} 'PRAGMA journal_mode=delete'"
    if len(beside("-wal")) > _WAL_HEADER:
        raise DataError(f"has changes in {name}-wal that are not in it yet", where=where, cure=cure)
    if beside("-journal").startswith(_HOT_JOURNAL):
        raise DataError(f"was not written to its end: {name}-journal has what it was before", where=where, cure=cure)


def _read_layer(data: bytes, where: str, index: int, name: str, drawn: Mapping[str, int]) -> Features:
    """Return the features of one layer."""
    count = drawn.get(name.casefold())
    features = read_layer(data, where=f"{where}/{name}", drivers=("GPKG",), layer=index, drawn=count)
    return name_layer(features, name)


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
        return {str(table).casefold(): _count(connection, str(table), str(column)) for table, column in columns}
    except (sqlite3.Error, UnicodeDecodeError, ValueError) as error:
        raise DataError("is a damaged database", where=where, cure="is the download complete?") from error
    finally:
        connection.close()


def _refuse_computed(connection: sqlite3.Connection, table: str, where: str) -> None:
    """Refuse what is called a table but is a view, a virtual table, or has columns that an expression makes."""
    query = "SELECT type, sql FROM sqlite_master WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')"
    found = connection.execute(query, (table,)).fetchall()
    plain = all(kind == "table" and not _VIRTUAL.match(str(sql)) for kind, sql in found)
    hidden = (
        plain and connection.execute("SELECT hidden FROM pragma_table_xinfo(?) WHERE hidden > 0", (table,)).fetchall()
    )
    if not plain or hidden:
        raise DataError(f"its table {table!r} is computed by the file itself", where=where, cure="export it as a table")


def _count(connection: sqlite3.Connection, table: str, column: str) -> int:
    """Return how many rows of a table have a geometry."""
    quoted, field = (name.replace('"', '""') for name in (table, column))
    query = f'SELECT count(*) FROM "{quoted}" WHERE "{field}" IS NOT NULL'  # noqa: S608 - names are quoted
    return int(connection.execute(query).fetchone()[0])
