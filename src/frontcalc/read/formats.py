"""What GDAL and pyarrow read, on bytes in memory, with checks of what they would pass over or invent.

GDAL reads each format by one of its drivers, without network; pyarrow GeoParquet 1.0 and 1.1 with geometry as WKB.
"""

from __future__ import annotations

import io
import os
import re
import sqlite3
import struct
import tempfile
import threading
import warnings
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import COMPLETE, DataError, extra_package, naming
from frontcalc.limits import beyond, limits, refuse_dense, refuse_too_many
from frontcalc.names import printable
from frontcalc.read.features import Features, Properties, concatenate, name_layer, nest_by_direction
from frontcalc.read.rings import MEND, checked, refused

Source = bytes | Path  # a path only where GDAL must have one
_DECLARE = "declare an EPSG code"
_MOST_LAYERS = 200  # each is opened for itself, and all are looked at each time
_POLYGON = shapely.GeometryType.POLYGON
# How WKB begins a geometry that holds others: GEOS calls itself for each, and tens of thousands end the process.
_HOLDERS = re.compile(
    rb"\x01(?:[\x04-\x0c]\0|[\xec-\xf4]\x03|[\xd4-\xdc]\x07|[\xbc-\xc4]\x0b)\0."
    rb"|\0.\0(?:\0[\x04-\x0c]|\x03[\xec-\xf4]|\x07[\xd4-\xdc]|\x0b[\xbc-\xc4])",
    re.DOTALL,
)
_MOST_HOLDERS = 10_000
# GDAL's settings are the process's, so a read sets them, and puts back what was there, under this lock.
_LOCK = threading.Lock()
# No file of a known format should make GDAL fetch anything; should one try, no name may be read over the network, and
# requests go to the discard port of this machine.
_OFFLINE = {
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTPS_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_MAX_RETRY": "0",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "SHAPE_ENCODING": "ISO-8859-1",  # a byte a character, for `frontcalc.read.shapefile` to decode
}

# OGC 12-128r18, requirement 2: what an SQLite header says at byte 68 where the database is a GeoPackage.
_GEOPACKAGE = (b"GPKG", b"GP10", b"GP11")
# SQLite keeps the statement of each table in this very form. All else in its schema computes, but for indexes of
# columns and those that it makes by itself, which have no statement.
_COMPUTES = """ FROM sqlite_master WHERE NOT (type = 'table' AND substr(sql, 1, 13) = 'CREATE TABLE ' OR type = 'index'
    AND (sql IS NULL OR substr(sql, 1, 13) = 'CREATE INDEX ' OR substr(sql, 1, 20) = 'CREATE UNIQUE INDEX '))"""
_COMPUTED = f"SELECT name{_COMPUTES} AND substr(sql, 1, 15) <> 'CREATE TRIGGER '"
_PLAIN = f"""PRAGMA trusted_schema = 0; PRAGMA ignore_check_constraints = 1; PRAGMA writable_schema = 1;
    DELETE{_COMPUTES}; PRAGMA writable_schema = RESET"""
_MADE_COLUMNS = """SELECT tables.name FROM sqlite_master AS tables, pragma_table_xinfo(tables.name) AS own
    WHERE tables.type = 'table' AND own.hidden > 0"""
_DROP_MADE_INDEXES = """SELECT DISTINCT printf('DROP INDEX "%w"', listed.name) FROM sqlite_master AS tables,
    pragma_index_list(tables.name) AS listed, pragma_index_xinfo(listed.name) AS own
    WHERE tables.type = 'table' AND (listed.partial OR own.cid = -2)"""
# How tables begin that GDAL looks up by name, and the statements that count what each layer draws.
_GDAL_TABLES = ("gpkg", "sqlite_", "spatial_ref_sys", "geometry_columns", "layer_styles")
_COUNTS = """SELECT table_name, printf('SELECT count("%w") FROM "%w"', column_name, table_name)
    FROM gpkg_geometry_columns UNION ALL SELECT table_name, printf('SELECT count(*) FROM "%w"', table_name)
    FROM gpkg_contents WHERE data_type = 'features' AND lower(table_name) NOT IN
    (SELECT lower(table_name) FROM gpkg_geometry_columns)"""
# How many steps of SQLite's machine checking may take, and that for each byte: some ten times what real files need.
_STEPS, _STEPS_PER_BYTE, _STEPS_AT_ONCE = 10_000_000, 40, 100_000
_FEATURE_CLASS = "70737809-852C-4A03-9E22-2CECEA5B9BFA"  # what a geodatabase calls a layer in its list of items
# FlatGeobuf 3: where its header is, and where in the header's table of places the number of features and the index's
# width are; how long a node of the index is.
_FGB_HEADER, _FGB_COUNT, _FGB_WIDTH, _FGB_NODE = 12, 20, 22, 40
_MOST_PER_BYTE, _SMALL = 8, 1 << 20  # how many values a byte of Parquet may hold, but for small files


@contextmanager
def _gdal() -> Iterator[Any]:
    """Yield pyogrio, to work without network and without printing; its errors become ours."""
    import pyogrio

    errors = pyogrio.errors
    with _LOCK, warnings.catch_warnings():
        # What GDAL warns of is either harmless or found by the checks after it (counts, CRS, coordinates).
        warnings.simplefilter("ignore")
        current = {name: pyogrio.get_gdal_config_option(name) for name in _OFFLINE}
        # What the environment says is no setting of the process's, and is not to become one.
        before = {name: None if str(own) == os.environ.get(name) else own for name, own in current.items()}
        pyogrio.set_gdal_config_options(_OFFLINE)
        try:
            yield pyogrio
        except errors.DataLayerError as error:
            raise DataError("has a layer that cannot be opened", cure=COMPLETE) from error
        except (errors.DataSourceError, errors.FeatureError, errors.GeometryError, errors.FieldError) as error:
            # GDAL's own names for files, ours in memory and its sources, say nothing.
            reason = " ".join(word for word in str(error).partition(";")[0].split() if "/" not in word).rstrip(".;: ")
            raise DataError(f"cannot be read: {reason}", cure=COMPLETE) from error
        except (errors.CRSError, UnboundLocalError) as error:
            # pyogrio trips over its own names where GDAL knows a CRS but cannot write it down.
            raise DataError("declares a CRS that cannot be", cure=_DECLARE) from error
        except UnicodeDecodeError as error:
            problem = f"its texts are not in the encoding it declares ({error.encoding})"
            raise DataError(problem, cure="save it with UTF-8 texts") from error
        finally:
            pyogrio.set_gdal_config_options(before)


def _read_layers(source: Source, driver: str, expected: Mapping[str, int | None], *, where: str) -> Features:
    """Return the features of all layers that have geometry, those that are `expected` (with how many) among them."""
    with _gdal() as pyogrio:
        listed = enumerate(pyogrio.list_layers(source))
    layers = {index: printable(str(name)) for index, (name, kind) in listed if kind is not None}
    if lost := sorted(expected.keys() - set(layers.values())):
        raise DataError(f"its layer {lost[0]!r} cannot be read", cure=COMPLETE)
    if not 0 < len(layers) <= _MOST_LAYERS:
        problem = f"has {len(layers):,} layers with geometry; 1 to {_MOST_LAYERS} are read"
        raise DataError(problem, cure="export the map alone, with its polygons")
    parts = []
    for index, name in layers.items():
        with naming(f"{where}/{name}"):
            parts.append((name, name_layer(read_layer(source, driver, layer=index, drawn=expected.get(name)), name)))
    return concatenate(parts)


def read_layer(source: Source, driver: str, layer: int = 0, drawn: int | None = None, cure: str = _DECLARE) -> Features:
    """Return the features of one layer of a file, which no other driver of GDAL's may read.

    `drawn` is how many features have a geometry, where the caller can tell, since GDAL takes one that it cannot read
    for none; `cure` what to do where the CRS cannot be right.
    """
    with _gdal() as pyogrio:
        info = pyogrio.read_info(source, layer=layer, force_feature_count=True)
        if info["driver"] != driver:
            raise DataError(f"is no {driver} file: GDAL takes it for {info['driver']}", cure="export it as GeoJSON")
        # A geodatabase's layer whose table GDAL cannot open is empty to it, but has not even a column of numbers.
        if driver == "OpenFileGDB" and not info["fid_column"]:
            raise DataError("is a layer that cannot be opened", cure=COMPLETE)
        count, size = info["features"], source.stat().st_size if isinstance(source, Path) else len(source)
        if count > size:  # before room is made for them
            raise DataError(f"promises {count:,} features in {size:,} bytes", cure=COMPLETE)
        meta, _, wkb, columns = pyogrio.raw.read(source, layer=layer, force_2d=True)
    wkb = np.empty(0, dtype=object) if wkb is None else wkb
    if len(wkb) < count:
        raise DataError(f"only {len(wkb)} of {count} features can be read", cure=COMPLETE)
    if drawn is not None and (readable := int(np.count_nonzero(wkb != None))) != drawn:  # noqa: E711 - of an array
        raise DataError(f"only {readable} of {drawn} geometries can be read", cure=COMPLETE)
    if not meta["crs"]:
        raise DataError("declares no CRS", cure=cure, code="CRS-UNKNOWN")
    crs = source_crs(str(meta["crs"]))
    # GDAL's stand-ins for null are no number or no time, which are not themselves.
    plain = [[None if value != value else value for value in column.tolist()] for column in columns]
    rows = [dict(zip(map(str, meta["fields"]), values, strict=True)) for values in zip(*plain, strict=True)]
    return features_from_wkb(wkb, rows or [{}] * len(wkb), crs, cure=cure)


def features_from_wkb(wkb: Iterable[bytes | None], own: Sequence[Properties], crs: str, *, cure: str) -> Features:
    """Return features by their geometries, well-known binary of any kind or None; `cure` is as in `checked`."""
    given, index = np.array([*wkb, None], dtype=object)[:-1], 0
    # What is no number is named by a check below, so that it need not be warned of.
    with np.errstate(all="ignore"):
        try:
            geometries = shapely.from_wkb(given)
        except (shapely.GEOSException, TypeError) as error:
            with suppress(shapely.GEOSException, TypeError):
                for index, one in enumerate(given):  # noqa: B007 - the first that cannot be read
                    shapely.from_wkb(one)
            raise refused(index, f"has a broken geometry: {error}") from error
    outer, of_feature = shapely.get_parts(geometries, return_index=True)
    # A collection may hold multipolygons: two passes take both apart.
    parts, of_outer = shapely.get_parts(outer, return_index=True)
    drawn = ~shapely.is_empty(parts)
    parts, owner = parts[drawn], of_feature[of_outer[drawn]].astype(np.intp)
    kind = shapely.get_type_id(parts)
    for deep in owner[kind > _POLYGON]:
        raise refused(deep, "has a collection of geometries in another, in a third")
    polygons = np.asarray(shapely.force_2d(parts[kind == _POLYGON]), dtype=object)
    refuse_too_many(int(shapely.get_num_coordinates(polygons).sum()))
    built = checked(polygons, owner[kind == _POLYGON], crs, cure=cure)
    return Features(crs, tuple(own), *built, owner[kind != _POLYGON])


def read_flatgeobuf(data: bytes, **_: str) -> Features:
    """Return the features of FlatGeobuf, which must declare its CRS and hold as many features as it says."""

    def number(kind: str, at: int) -> int:
        return int(struct.unpack_from(kind, data, at)[0])

    try:
        begin = _FGB_HEADER + number("<I", _FGB_HEADER)
        table = begin - number("<i", begin)
        count_at, width_at = (
            number("<H", table + at) if at + 2 <= number("<H", table) else 0 for at in (_FGB_COUNT, _FGB_WIDTH)
        )
        count = number("<Q", begin + count_at) if count_at else 0
        width = number("<H", begin + width_at) if width_at else 16
        nodes = level = count if width > 1 else 0
        # Also the index of one feature has a node above it.
        while level > 1 or nodes == level == 1:
            level = -(-level // width)
            nodes += level
        at, present = _FGB_HEADER + number("<I", 8) + _FGB_NODE * nodes, 0
        while at < len(data):
            at += 4 + number("<I", at)
            present += 1
    except struct.error as error:
        raise DataError("is cut off or broken", cure=COMPLETE) from error
    if at != len(data) or present != count:
        raise DataError(f"promises {count:,} features, but has {present:,} or is cut off", cure=COMPLETE)
    return read_layer(data, "FlatGeobuf")


def read_geopackage(data: bytes, *, where: str) -> Features:
    """Return the features of a GeoPackage, all in one CRS; a layer's name is the `layer` of features that name none.

    GDAL would run what views, triggers and virtual tables say, which may take for ever or fill the memory, and it
    passes over rows that are damaged: so it meets the database without anything that computes, once that is checked.
    """
    if data[68:72] not in _GEOPACKAGE:
        raise DataError("is an SQLite database but no GeoPackage", cure="export it as GeoPackage")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    steps = iter(range((_STEPS + _STEPS_PER_BYTE * len(data)) // _STEPS_AT_ONCE))
    try:
        # A header that tells of a log beside the file would have it looked for; there is none in memory.
        connection.deserialize(data[:18] + b"\x01\x01" + data[20:])
        connection.set_progress_handler(lambda: next(steps, None) is None, _STEPS_AT_ONCE)
        connection.execute("PRAGMA writable_schema = 1")
        computed = [str(name) for (name,) in connection.execute(_COMPUTED)]
        connection.executescript(_PLAIN)
        faulty = [str(name) for (name,) in connection.execute(_MADE_COLUMNS)]
        for (drop,) in connection.execute(_DROP_MADE_INDEXES).fetchall():
            connection.execute(drop)
        faulty += [name for name in computed if name.casefold().startswith(_GDAL_TABLES)]
        counts = {} if faulty else dict(connection.execute(_COUNTS))
        folded = set(map(str.casefold, computed))
        if faulty := faulty or [name for name in counts if name.casefold() in folded]:
            fault = f"its table {faulty[0]!r} is a view or else computed by the file itself"
            raise DataError(fault, cure="export it as a table")
        if (report := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
            words = printable(str(report).rpartition("\n")[2])[:200]
            raise DataError(f"is a damaged database: {words}", cure=COMPLETE)
        # GDAL's own note of how many rows there are, which other programs do not keep.
        connection.execute("DROP TABLE IF EXISTS gpkg_ogr_contents")
        drawn = {printable(str(name)): int(connection.execute(counts[name]).fetchone()[0]) for name in counts}
        plain = connection.serialize()
    except (sqlite3.Error, UnicodeDecodeError, ValueError, AttributeError) as error:
        reason = "checking it takes too long" if str(error) == "interrupted" else str(error)
        raise DataError(f"is a damaged database: {reason}", cure=COMPLETE) from error
    finally:
        connection.close()
    return _read_layers(plain, "GPKG", drawn, where=where)


def read_geodatabase(files: Mapping[str, bytes], *, where: str) -> Features:
    """Return the features of an Esri file geodatabase, whose files are given by their names, as those of GeoPackage."""
    # GDAL knows one by the name of a folder or zip, so that it must have a file: of ours, with nothing else in it.
    with tempfile.TemporaryDirectory(prefix="frontcalc-") as folder:
        path = Path(folder, "x.gdb.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
            for name, content in files.items():
                packed.writestr(f"x.gdb/{name}", content)
        with _gdal() as pyogrio:
            meta, *_, columns = pyogrio.raw.read(path, layer="GDB_Items", columns=["Type", "Name"], read_geometry=False)
        items = dict(zip(meta["fields"], columns, strict=True))
        if len(items) < 2:
            raise DataError("its table GDB_Items is broken", cure=COMPLETE)
        rows = zip(items["Name"], items["Type"], strict=True)
        classes = {printable(str(name)): None for name, kind in rows if str(kind).strip("{}").upper() == _FEATURE_CLASS}
        features = _read_layers(path, "OpenFileGDB", classes, where=where)
    if bare := len(features.properties) - len({*features.owner.tolist(), *features.not_area.tolist()}):
        problem = f"has {bare:,} features without geometry, or with one that cannot be read"
        raise DataError(problem, cure="run ArcGIS's «Repair Geometry» on it, or export it as GeoPackage")
    return nest_by_direction(features)


def read_geoparquet(data: bytes, *, where: str) -> Features:
    """Return the features of GeoParquet, whose primary geometry column is read, as WKB."""
    arrow, parquet = (extra_package(name, where=where) for name in ("pyarrow", "pyarrow.parquet"))
    left = limits()["max_unpacked_bytes"]
    too_large = beyond("max_unpacked_bytes", f"unpacks to more than {left:,} bytes")
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        about, schema, again = file.metadata, file.schema_arrow, "write it again"
        if about.num_rows > len(data):
            raise DataError(f"promises {about.num_rows:,} features in {len(data):,} bytes", cure=COMPLETE)
        name, crs = _geometry_column(about.metadata or {})
        if name not in schema.names:
            raise DataError(f"has no column {name!r}, which its metadata name", cure=again)
        if twice := [own for own, count in Counter(schema.names).items() if count > 1]:
            raise DataError(f"has two columns named {min(twice)!r}", cure=again)
        # What is in lists and structures says nothing of a layer, a day or a name, and may be without end.
        flat = [own.name for own in schema if own.name != name and not arrow.types.is_nested(own.type)]
        # A value of nothing takes no byte in a table, but as an object.
        if (cells := about.num_rows * (1 + len(flat))) > _MOST_PER_BYTE * max(len(data), _SMALL):
            raise DataError(f"promises {cells:,} values", cure="give it fewer columns")
        stored = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
        if stored > left:
            raise too_large
        # No value is larger than what is stored, so that no batch is larger than the limit.
        batches, rows = [], max(1, min(65_536, left // max(1, stored)))
        for batch in file.iter_batches(batch_size=rows, columns=[name, *flat]):
            # Repeats are stored once, so that a small file may hold much.
            if (left := left - batch.nbytes) < 0:
                raise too_large
            batches.append(batch)
        table = arrow.Table.from_batches(batches, schema=batches[0].schema if batches else schema)
        wkb = table.column(name).to_pylist()
        properties = table.select(flat).to_pylist() if flat else [{}] * len(wkb)
        if any(one and len(_HOLDERS.findall(one)) > _MOST_HOLDERS for one in wkb):
            raise DataError(f"has a geometry of more than {_MOST_HOLDERS:,} collections", cure=MEND)
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise DataError(f"is broken Parquet: {str(error).partition('. ')[0]}", cure=COMPLETE) from error
    return features_from_wkb(wkb, properties, crs, cure="its crs metadata cannot be right")


def parquet_metadata(data: bytes, name: str) -> bytes | None:
    """Return an entry of the metadata of Parquet; None where it has none, or is broken."""
    arrow, parquet = (extra_package(own, where="Parquet") for own in ("pyarrow", "pyarrow.parquet"))
    with suppress(arrow.ArrowException, OSError):
        metadata: Mapping[bytes, bytes] = parquet.read_schema(io.BytesIO(data)).metadata or {}
        return metadata.get(name.encode())
    return None


def _geometry_column(metadata: Mapping[bytes, bytes]) -> tuple[str, str]:
    """Return name and CRS of the primary geometry column."""
    cure = "write it as GeoParquet"
    if b"geo" not in metadata:
        raise DataError("is Parquet without «geo» metadata, so it has no known geometry", cure=cure)
    try:
        geo = orjson.loads(metadata[b"geo"])
        name = geo["primary_column"]
        column = geo["columns"][name]
        encoding, edges, crs = column["encoding"], column.get("edges", "planar"), column.get("crs", LONLAT)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DataError("its «geo» metadata are not GeoParquet's", cure=cure) from error
    if encoding != "WKB":
        raise DataError(f"has geometry encoded as {encoding!r}", cure="write it with encoding WKB")
    if edges != "planar":
        raise DataError(f"has {edges} edges, and edges are read as straight", cure="write planar edges")
    if crs is None:
        raise DataError("says that its CRS is unknown", cure=_DECLARE)
    return str(name), source_crs(crs if isinstance(crs, str) else orjson.dumps(crs).decode())


def read_sheets(path: Path, names: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a workbook's sheets by the heads of their columns, of `names` those that are there.

    What is blank is None; no formula is computed. DataError where the file is no workbook.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            refuse_dense(sum(one.file_size for one in packed.infolist()), path.stat().st_size, where=path.name)
    except (zipfile.BadZipFile, ValueError) as error:
        raise DataError("is no workbook, or a broken one", cure=COMPLETE) from error
    sheets = {}
    with _gdal() as pyogrio:
        there = {str(name) for name, _ in pyogrio.list_layers(f"XLSX:{path}")}
        for name in there.intersection(names):
            how = {"layer": name, "HEADERS": "FORCE", "read_geometry": False}
            meta, _, _, columns = pyogrio.raw.read(f"XLSX:{path}", **how)
            cells = ([None if one is None or one != one else one for one in own.tolist()] for own in columns)
            sheets[name] = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*cells, strict=True)]
    return sheets
