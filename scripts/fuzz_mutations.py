"""Ways to break a file, for `fuzz` and for the tests: each is a function of bytes and a seeded random generator."""

from __future__ import annotations

import gzip
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from random import Random
from typing import Any

Mutation = Callable[[bytes, Random], bytes]

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NUMBERS = (
    *(b"0", b"-0", b"-1", b"1e308", b"-1e308", b"1e-320", b"1e999", b"NaN", b"Infinity", b"-Infinity", b"nan"),
    *(b"180", b"-180", b"90", b"-90", b"181", b"1e9", b"4294967295", b"99999999999999999999", b'"7"', b"null", b"true"),
)
_LENGTHS = (0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1_000_000_000)
_WIDTHS = (1, 2, 4, 8)
_TOO_DEEP = 3000
_LARGEST = 1_000_000
_SEARCHED = 2_000  # of a text for elements, since the pattern is slow
_ELEMENT = re.compile(rb"<(\w+)[^>]*>(?:(?!<\1\b).)*?</\1>", re.DOTALL)
_MARKS = (b"<!-- 1,1 -->", b"<![CDATA[ 2,2 ]]>", b"<?x y?>", b"&lt;", b"&#48;", b"&x;", b"<a>", b"</a>", b"<gx:Track/>")
_STATEMENTS = (
    "CREATE VIEW {0} AS SELECT 1 AS a",
    "CREATE VIEW {0} AS WITH RECURSIVE r(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM r) SELECT a FROM r",
    "CREATE TRIGGER t{1} AFTER INSERT ON control_map BEGIN DELETE FROM control_map; END",
    "ALTER TABLE control_map ADD COLUMN c{1} AS (randomblob(1000000000))",
    *("ALTER TABLE {0} RENAME TO r{1}", "ALTER TABLE control_map ADD COLUMN c{1} TEXT DEFAULT 'x'", "DROP TABLE {0}"),
    *("UPDATE gpkg_contents SET table_name = '{0}'", "UPDATE gpkg_geometry_columns SET column_name = 'layer'"),
    *("UPDATE gpkg_geometry_columns SET srs_id = {1}", "UPDATE gpkg_spatial_ref_sys SET definition = 'x'"),
    *("UPDATE control_map SET geom = substr(geom, 1, {1})", "UPDATE control_map SET geom = 'text'", "DELETE FROM {0}"),
    *("UPDATE control_map SET layer = zeroblob({1}000)", "CREATE INDEX i{1} ON control_map (layer)"),
    "INSERT INTO control_map (layer) WITH RECURSIVE r(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM r) SELECT a FROM r "
    "LIMIT {1}0",
)
_TABLES = (
    *("control_map", "gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys", "gpkg_metadata"),
    *("gpkg_extensions", "gpkg_ogr_contents", "layer_styles", "rtree_control_map_geom", "sqlite_stat1"),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, -0.0, 1e308, -1e308, float("nan"), float("inf"), 10**25, 2**63),
    *("", "x", "\x00", "\u202e", "EPSG:4326", "EPSG:0", "+proj=longlat +nadgrids=/etc/passwd"),
    *([], {}, [[]], [{}], [[], []], [0, 0], [[[0, 0], [1, 1]]], {"type": "Polygon"}, {"type": None}),
    *("Polygon", "GeometryCollection", "FeatureCollection", "Topology", {"type": "Topology"}, {"map": {}}),
)


def set_bytes(data: bytes, random: Random) -> bytes:
    """Flip a bit of a few bytes, or set them to anything."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        at = random.randrange(len(out))
        out[at] = random.choice((out[at] ^ 1 << random.randrange(8), 0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
    return bytes(out)


def truncate(data: bytes, random: Random) -> bytes:
    """Keep the beginning only, or leave out a piece."""
    start = random.randrange(len(data))
    end = len(data) if random.random() < 0.5 else random.randrange(start, len(data))
    return data[:start] + data[end:]


def splice(data: bytes, random: Random) -> bytes:
    """Copy a piece of the file over, or into, another place of it."""
    start, place = random.randrange(len(data)), random.randrange(len(data))
    piece = data[start : start + random.choice((1, 4, 16, 64, 256))] * random.choice((1, 1, 1, 2, 50))
    over = len(piece) if random.random() < 0.5 else 0
    return data[:place] + piece + data[place + over :]


def blow_up_length(data: bytes, random: Random) -> bytes:
    """Write a number that promises very much where a length might be."""
    width, order = random.choice(_WIDTHS), random.choice(("little", "big"))
    promise = random.choice(_LENGTHS) & ((1 << 8 * width) - 1)
    place = random.randrange(max(1, min(len(data), random.choice((128, 512, len(data))))))
    return data[:place] + promise.to_bytes(width, order) + data[place + width :]  # type: ignore[arg-type]


def swap_number(data: bytes, random: Random) -> bytes:
    """Write another number for a few of those in a text."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return set_bytes(data, random)
    for match in sorted(random.sample(found, min(len(found), random.choice((1, 1, 2, 5)))), key=lambda m: -m.start()):
        data = data[: match.start()] + random.choice(_NUMBERS) + data[match.end() :]
    return data


def change_json(data: bytes, random: Random) -> bytes:
    """Replace, remove, repeat or nest a value of a JSON text."""
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return splice(data, random)
    return change_value(document, random).encode()


def change_value(document: Any, random: Random) -> str:
    """Replace, remove, repeat or nest a value inside a JSON value; return what it is then as text."""
    holder, key = random.choice(list(_holders(document)) or [({0: 0}, 0)])
    choice, nested = random.random(), "0"
    if choice < 0.5:
        holder[key] = random.choice(_VALUES)
    elif choice < 0.6:
        del holder[key]
    elif choice < 0.75:
        other, name = random.choice(list(_holders(document)))
        # As text, since a value put into itself would have no end.
        holder[key] = json.loads(json.dumps(other[name]))
    elif choice < 0.85 and isinstance(holder, list):
        holder[key:key] = [holder[key]] * random.choice((1, 2, 100))
    else:
        deep, (left, right) = random.choice((2, 10, 300, _TOO_DEEP)), random.choice((("[", "]"), ('{"a":', "}")))
        holder[key], nested = "\0deep", f"{left * deep}{'[]' if left == '[' else '1'}{right * deep}"
    return json.dumps(document).replace('"\\u0000deep"', nested)


def double_key(data: bytes, random: Random) -> bytes:
    """Write a key of a JSON object twice, with another value first or last."""
    keys = list(re.finditer(rb'"(\w+)": ?', data))
    if not keys:
        return splice(data, random)
    key = random.choice(keys)
    value = json.dumps(random.choice(_VALUES)).encode()
    return data[: key.start()] + key[0] + value + b", " + data[key.start() :]


def mark_encoding(data: bytes, random: Random) -> bytes:
    """Put a byte order mark before a text, or write it in another encoding."""
    name = random.choice(("", "utf-16", "utf-16-be", "utf-32", "latin-1"))
    text = data.decode("utf-8", errors="replace").encode(name, errors="replace") if name else data
    return random.choice((b"", b"\xef\xbb\xbf", b"\xff\xfe")) + text


def change_xml(data: bytes, random: Random) -> bytes:
    """Repeat, remove, empty or nest an element, or write a mark of XML's own somewhere."""
    elements = list(_ELEMENT.finditer(data[:_SEARCHED]))
    if not elements or random.random() < 0.3:
        place = random.randrange(len(data))
        return data[:place] + random.choice(_MARKS) + data[place:]
    element, other, deep = random.choice(elements), random.choice(elements), random.choice((2, 50, _TOO_DEEP))
    name, inside = element[1], element[0]
    around = b"<%b>" % name * deep + inside + b"</%b>" % name * deep
    blank = re.sub(rb"\s+", b" " * random.choice((1, 1000)), inside)
    many = inside * random.choice((2, 2, 100))
    changed = (many, b"", b"<%b/>" % name, around, other[0], b"<Folder>" + inside + b"</Folder>", blank)
    return data[: element.start()] + random.choice(changed) + data[element.end() :]


def change_database(data: bytes, random: Random) -> bytes:
    """Change an SQLite database as its owner could."""
    with closing(sqlite3.connect(":memory:")) as connection, suppress(sqlite3.Error, UnicodeDecodeError):
        connection.deserialize(data)
        connection.execute("PRAGMA max_page_count = 10000")
        connection.execute("PRAGMA writable_schema = ON")
        for _ in range(random.choice((1, 1, 2))):
            table = random.choice(_TABLES)
            statement = random.choice(_STATEMENTS).format(table, random.choice((1, 8, 300, 4326)))
            if statement.startswith("CREATE VIEW"):
                with suppress(sqlite3.Error):
                    connection.execute(f"DROP TABLE {table}")
            connection.execute(statement)
        connection.commit()
        return connection.serialize()
    return data


def repeat(data: bytes, random: Random) -> bytes:
    """Repeat a piece until the file has up to a megabyte: what is quadratic takes long then."""
    start = random.randrange(len(data))
    piece = data[start : start + random.choice((1, 10, 100, 1000))]
    element = random.choice(list(_ELEMENT.finditer(data[:_SEARCHED])) or [None])
    if element and random.random() < 0.5:
        start, piece = element.start(), element[0]
    times = max(1, random.choice((10_000, 100_000, max(1, _LARGEST - len(data)))) // len(piece))
    return (data[:start] + piece * times + data[start:])[:_LARGEST]


BINARY: tuple[Mutation, ...] = (set_bytes, set_bytes, truncate, splice, blow_up_length)
TEXT: tuple[Mutation, ...] = (set_bytes, truncate, splice, swap_number, swap_number, mark_encoding)
JSON: tuple[Mutation, ...] = (*TEXT, change_json, change_json, change_json, double_key)
XML: tuple[Mutation, ...] = (*TEXT, change_xml, change_xml, change_xml, change_xml)
DATABASE: tuple[Mutation, ...] = (*BINARY, change_database, change_database, change_database)


def mutate(data: bytes, mutations: Sequence[Mutation], random: Random) -> bytes:
    """Break a file once, or a few times; inside its compression as often as not, so that what is in it is met."""
    inside = random.random() < 0.7
    if inside and data.startswith(b"\x1f\x8b"):
        return gzip.compress(mutate(gzip.decompress(data), mutations, random), compresslevel=1, mtime=0)
    if inside and data.startswith(b"PK\x03\x04"):
        return _with_member_changed(data, mutations, random)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if data:
            data = (repeat if random.random() < 0.01 else random.choice(mutations))(data, random)
    return data[:_LARGEST]


def _with_member_changed(data: bytes, mutations: Sequence[Mutation], random: Random) -> bytes:
    """Return a zip with one member broken, its checksum right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = random.choice(list(members))
    members[name] = mutate(members[name], mutations, random)
    if random.random() < 0.1:
        members[random.choice(("../a", "/a.geojson", "C:\\a", "a/../../b", "\x1b[2Ja", name.upper()))] = members[name]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for own, content in members.items():
            archive.writestr(zipfile.ZipInfo(own), content)
    return out.getvalue()


def _holders(value: Any) -> list[tuple[Any, Any]]:
    """Return each place in a JSON value that holds another: the container, and its key or index."""
    found, waiting = [], [value]
    while waiting:
        current = waiting.pop()
        places = current if isinstance(current, dict) else range(len(current)) if isinstance(current, list) else ()
        found += [(current, place) for place in places]
        waiting += [current[place] for place in places]
    return found
