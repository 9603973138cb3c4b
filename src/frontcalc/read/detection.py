"""What a file is, told by its content: names lie, and servers send pages in place of maps."""

from __future__ import annotations

import gzip
import re
import zlib
from contextlib import suppress
from io import BytesIO
from xml.parsers import expat

import orjson

from frontcalc.errors import DataError
from frontcalc.read.limits import beyond, limits, read_at_most
from frontcalc.read.others import refusal

GZIP = b"\x1f\x8b"
RECORD_SEPARATOR = b"\x1e"
_UTF8_MARK = b"\xef\xbb\xbf"
_HEAD_BYTES = 1024
_XML_HEAD_BYTES = 4096
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# A .shx begins as a .shp does.
_SIGNATURES = re.compile(
    rb"(?P<zip>PK\x03\x04|PK\x05\x06)"
    rb"|(?P<shapefile>\x00\x00\x27\x0a.{24}\xe8\x03\x00\x00)"
    rb"|(?P<geopackage>SQLite format 3\x00)"
    rb"|(?P<flatgeobuf>fgb.fgb)"
    rb"|(?P<geoparquet>PAR1)",
    re.DOTALL,
)
# What is drawn anywhere in a document, however wrong what is around it: these lists, these types, texts of geometry.
_DRAWN_MEMBERS = ("features", "coordinates", "rings", "curveRings", "geometries", "arcs")
_DRAWN_TYPES = ("FeatureCollection", "Feature", "Topology", "Polygon", "MultiPolygon", "GeometryCollection")
_DRAWN_TEXT = re.compile(r"\s*(SRID=\d+;)?\s*(MULTI)?POLYGON\b", re.IGNORECASE)
# Members of what a server says instead of a map.
_ERROR_MEMBERS = frozenset({"error", "errors", "message", "detail", "exception", "fault"})


def unpack(data: bytes, *, where: str) -> bytes:
    """Return a file's content without gzip, of at most one layer, and without a UTF-8 byte order mark.

    Gzip that is damaged, or holds nothing or more than the limit `max_unpacked_bytes`, is refused.
    """
    if data.startswith(GZIP):
        limit = limits()["max_unpacked_bytes"]
        try:
            with gzip.open(BytesIO(data)) as stream:
                data = read_at_most(stream, limit + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"is damaged gzip: {error}", where=where, cure="is the download complete?") from error
        if len(data) > limit:
            raise beyond("max_unpacked_bytes", f"unpacks to more than {limit:,} bytes", where=where)
    data = data.removeprefix(_UTF8_MARK)
    if not data or data.isspace():
        raise DataError("is empty", where=where, cure="is the download complete?")
    return data


def detect(data: bytes, *, where: str) -> str:
    """Return the format of content that `unpack` returned, a key of `frontcalc.read.READERS`.

    Other formats are refused; what is known not to be a map is named.
    """
    text = data.lstrip()
    is_json = text.startswith((b"{", b"[", RECORD_SEPARATOR))
    if kind := "" if is_json else signature_of(data) or ("kml" if is_kml(data) else ""):
        return kind
    if not is_json and (error := refusal(where, data)):
        raise error
    # In one JSON document an opening brace never follows a closing one without a comma.
    end = text.find(b"\n")
    first_ends = end >= 0 and text[max(0, end - _HEAD_BYTES) : end].rstrip().endswith(b"}")
    if text.startswith(RECORD_SEPARATOR) or (first_ends and text[end : end + _HEAD_BYTES].lstrip().startswith(b"{")):
        return "geojson-sequence"
    if is_json:
        return "json"
    raise DataError(f"is in no known format: it starts with {data[:16]!r}", where=where, cure="give GeoJSON")


def is_kml(data: bytes) -> bool:
    """Say whether content begins as XML whose root, or document type, is ``kml``."""
    names: list[str] = []
    head = data[:_XML_HEAD_BYTES].removeprefix(_UTF8_MARK).lstrip()
    # Names of elements are ASCII in whatever encoding the text declares.
    parser = expat.ParserCreate("UTF-16" if head.startswith(UTF16_MARKS) else "ISO-8859-1")
    parser.StartElementHandler = lambda name, _: names.append(name)
    parser.StartDoctypeDeclHandler = lambda name, *_: names.append(name)
    with suppress(expat.ExpatError):
        parser.Parse(head, False)
    return bool(names) and names[0].rpartition(":")[2] == "kml"


def signature_of(data: bytes) -> str:
    """Return the binary format that content begins as, a key of `frontcalc.read.READERS`; empty if none."""
    found = _SIGNATURES.match(data)
    return str(found.lastgroup) if found else ""


def is_other_json(text: bytes) -> bool:
    """Say whether a text is whole JSON, or a record of it on each line, that is plainly no geodata.

    Nothing in it is drawn, and it is not what a server says instead of a map.
    """
    text = text.removeprefix(_UTF8_MARK)
    lines = [line for line in text.splitlines() if line.strip()]
    for records in ([text], lines):
        try:
            documents = [orjson.loads(record) for record in records]
        except orjson.JSONDecodeError:
            continue
        return bool(documents) and not any(_is_error(document) or draws(document) for document in documents)
    return False


def _is_error(document: object) -> bool:
    """Say whether a JSON value is no object or list, or an object that says that something went wrong."""
    if not isinstance(document, dict):
        return not isinstance(document, list)
    told = {str(key).casefold(): value for key, value in document.items()}
    codes = [value for key in ("status", "code", "statuscode") if isinstance(value := told.get(key), int)]
    return (
        not _ERROR_MEMBERS.isdisjoint(told)
        or any(code >= 400 for code in codes)
        or told.get("success", True) is False
        or str(told.get("status")).casefold() in ("error", "fail", "failed")
    )


def draws(document: object) -> bool:
    """Say whether anything in a JSON value looks like geometry, at any depth."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get("type") in _DRAWN_TYPES or any(isinstance(value.get(key), list) for key in _DRAWN_MEMBERS):
                return True
            waiting.extend(value.values())
        elif isinstance(value, list):
            # A ring: positions of which the last is the first.
            if len(value) > 3 and value[0] == value[-1]:
                sizes = {len(one) if isinstance(one, list) else 0 for one in value}
                if sizes <= {2, 3, 4} and all(type(number) in (int, float) for one in value for number in one):
                    return True
            waiting.extend(value)
        elif isinstance(value, str) and _DRAWN_TEXT.match(value):
            return True
    return False
