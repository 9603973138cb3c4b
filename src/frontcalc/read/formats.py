"""FlatGeobuf, GeoPackage and file geodatabases, by GDAL, with every layer that has geometry and what it passes over."""

from __future__ import annotations

import sqlite3
import struct
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from frontcalc.errors import DataError
from frontcalc.names import printable
from frontcalc.read.features import Features
from frontcalc.read.ogr import read_layer, read_layers, read_texts

_COMPLETE = "is the download complete?"
# OGC 12-128r18, requirement 2: what an SQLite header says at byte 68 where the database is a GeoPackage.
_APPLICATION = slice(68, 72)
_GEOPACKAGE = (b"GPKG", b"GP10", b"GP11")
# https://sqlite.org/fileformat2.html: a write-ahead log with no more than its header has no changes, and a journal
# whose header is zeroed is done with.
_WAL_HEADER = 32
_HOT_JOURNAL = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
# SQLite keeps the statement of each table in this very form. All else in its schema computes, but for indexes of
# columns and those that it makes by itself, which have no statement.
_COMPUTES = """ FROM sqlite_master WHERE NOT (type = 'table' AND substr(sql, 1, 13) = 'CREATE TABLE ' OR type = 'index'
    AND (sql IS NULL OR substr(sql, 1, 13) = 'CREATE INDEX ' OR substr(sql, 1, 20) = 'CREATE UNIQUE INDEX '))"""
_COMPUTED = f"SELECT name{_COMPUTES} AND substr(sql, 1, 15) <> 'CREATE TRIGGER '"
_PLAIN = f"""PRAGMA trusted_schema = 0; PRAGMA ignore_check_constraints = 1; PRAGMA writable_schema = 1;
    DELETE{_COMPUTES}; PRAGMA writable_schema = RESET"""
_MADE_COLUMNS = """SELECT tables.name FROM sqlite_master AS tables, pragma_table_xinfo(tables.name) AS own
    WHERE tables.type = 'table' AND own.hidden > 0"""
_MADE_INDEXES = """SELECT DISTINCT listed.name FROM sqlite_master AS tables, pragma_index_list(tables.name) AS listed,
    pragma_index_xinfo(listed.name) AS own WHERE tables.type = 'table' AND (listed.partial OR own.cid = -2)"""
# What GDAL asks for by name.
_ASKED = ("gpkg", "sqlite_", "spatial_ref_sys", "geometry_columns", "layer_styles")
_LAYERS = """SELECT table_name, column_name FROM gpkg_geometry_columns UNION ALL
    SELECT table_name, NULL FROM gpkg_contents WHERE data_type = 'features' AND lower(table_name) NOT IN
    (SELECT lower(table_name) FROM gpkg_geometry_columns)"""
# How many steps of SQLite's machine checking may take, and that for each byte: some ten times what real files need.
_STEPS, _STEPS_PER_BYTE, _STEPS_AT_ONCE = 10_000_000, 40, 100_000
# What a geodatabase calls a layer in its list of items.
_FEATURE_CLASS = "70737809-852C-4A03-9E22-2CECEA5B9BFA"
# FlatGeobuf 3: where its header is, and which of the header's fields are the number of features and the index's width.
_FGB_HEADER, _FGB_COUNT, _FGB_NODE = 12, 8, 9
_FGB_ITEM = 40


def read_flatgeobuf(data: bytes, *, where: str) -> Features:
    """Return the features of FlatGeobuf, which must declare its CRS and hold as many features as it says."""
    try:
        stated, at = _flatgeobuf_header(data)
        found = 0
        while at < len(data):
            at += 4 + struct.unpack_from("<I", data, at)[0]
            found += 1
    except struct.error as error:
        raise DataError("is cut off or broken", where=where, cure=_COMPLETE) from error
    if at != len(data) or found != stated:
        problem = f"promises {stated:,} features, but has {found:,} or is cut off"
        raise DataError(problem, where=where, cure=_COMPLETE)
    return read_layer(data, where=where, drivers=("FlatGeobuf",))


def _flatgeobuf_header(data: bytes) -> tuple[int, int]:
    """Return how many features FlatGeobuf says that it has, and where the first begins, behind its index."""
    begin = _FGB_HEADER + struct.unpack_from("<I", data, _FGB_HEADER)[0]
    table = begin - struct.unpack_from("<i", data, begin)[0]
    size = struct.unpack_from("<H", data, table)[0]

    def field(number: int, kind: str, default: int) -> int:
        """Return a number of the header, which a table of places tells of."""
        at = 4 + 2 * number
        place = struct.unpack_from("<H", data, table + at)[0] if at + 2 <= size else 0
        return int(struct.unpack_from(kind, data, begin + place)[0]) if place else default

    count, width = field(_FGB_COUNT, "<Q", 0), field(_FGB_NODE, "<H", 16)
    first = _FGB_HEADER + struct.unpack_from("<I", data, 8)[0]
    nodes, level = 0, count if width > 1 else 0
    while level:
        nodes += level
        level = -(-level // width) if level > 1 else 0
    # Also the index of one feature has a node above it.
    return count, first + _FGB_ITEM * (nodes + (count == 1 and width > 1))


def read_geopackage(data: bytes, *, where: str) -> Features:
    """Return the features of a GeoPackage, all in one CRS; a layer's name is the `layer` of features that name none."""
    if data[_APPLICATION] not in _GEOPACKAGE:
        raise DataError("is an SQLite database but no GeoPackage", where=where, cure="export it as GeoPackage")
    plain, drawn = _plain_database(data, where)
    return read_layers(plain, where=where, drivers=("GPKG",), expected=drawn)


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


def _plain_database(data: bytes, where: str) -> tuple[bytes, dict[str, int]]:
    """Return a GeoPackage without anything that computes, and how many rows of each layer have a geometry.

    GDAL would run what views, triggers and virtual tables say, which may take for ever or fill the memory; and it
    passes over rows that are damaged.
    """
    connection = sqlite3.connect(":memory:", isolation_level=None)
    left = (_STEPS + _STEPS_PER_BYTE * len(data)) // _STEPS_AT_ONCE

    def stop() -> bool:
        """Count steps, and say whether they are too many."""
        nonlocal left
        left -= 1
        return left < 0

    try:
        # A header that tells of a log beside the file would have it looked for; there is none in memory.
        connection.deserialize(data[:18] + b"\x01\x01" + data[20:])
        connection.set_progress_handler(stop, _STEPS_AT_ONCE)
        connection.execute("PRAGMA writable_schema = 1")
        computed = [str(name) for (name,) in connection.execute(_COMPUTED)]
        connection.executescript(_PLAIN)
        made = [str(name) for (name,) in connection.execute(_MADE_COLUMNS)]
        for (index,) in connection.execute(_MADE_INDEXES).fetchall():
            connection.execute(f"DROP INDEX {_quoted(index)}")
        asked = made + [name for name in computed if name.casefold().startswith(_ASKED)]
        layers = [] if asked else connection.execute(_LAYERS).fetchall()
        folded = {name.casefold() for name in computed}
        asked += [name for name, _ in layers if name.casefold() in folded]
        if asked:
            problem = f"its table {asked[0]!r} is a view or else computed by the file itself"
            raise DataError(problem, where=where, cure="export it as a table")
        if (found := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
            words = printable(str(found).rpartition("\n")[2])[:200]
            raise DataError(f"is a damaged database: {words}", where=where, cure=_COMPLETE)
        # GDAL's own note of how many rows there are, which other programs do not keep.
        connection.execute("DROP TABLE IF EXISTS gpkg_ogr_contents")
        drawn = {}
        for table, column in layers:
            query = f"SELECT count(*) FROM {_quoted(table)} WHERE {_quoted(column)} IS NOT NULL"  # noqa: S608 - quoted
            drawn[printable(str(table))] = int(connection.execute(query).fetchone()[0])
        return connection.serialize(), drawn
    except (sqlite3.Error, UnicodeDecodeError, ValueError, AttributeError) as error:
        said = "checking it takes too long" if left < 0 else str(error)
        raise DataError(f"is a damaged database: {said}", where=where, cure=_COMPLETE) from error
    finally:
        connection.close()


def _quoted(name: object) -> str:
    """Return a name as SQL has it."""
    return '"{}"'.format(str(name).replace('"', '""'))


def read_geodatabase(files: Mapping[str, bytes], *, where: str) -> Features:
    """Return the features of an Esri file geodatabase, whose files are given by their names, as those of GeoPackage."""
    # GDAL knows one by the name of a folder or zip, so that it must have a file: of ours, with nothing else in it.
    with tempfile.TemporaryDirectory(prefix="frontcalc-") as folder:
        path = Path(folder, "x.gdb.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
            for name, content in files.items():
                packed.writestr(f"x.gdb/{name}", content)
        items = read_texts(path, layer="GDB_Items", columns=("Type", "Name"), where=where)
        classes = dict.fromkeys(printable(name) for kind, name in items if kind.strip("{}").upper() == _FEATURE_CLASS)
        features = read_layers(path, where=where, drivers=("OpenFileGDB",), expected=classes)
    if bare := len(features.properties) - len({*features.owner.tolist(), *features.not_area.tolist()}):
        problem = f"has {bare:,} features without geometry, or with one that cannot be read"
        raise DataError(problem, where=where, cure="run ArcGIS's «Repair Geometry» on it, or export it as GeoPackage")
    return features
