"""What a file is, told by its content: names lie, and servers send pages in place of maps."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from io import BytesIO

from frontcalc.errors import DataError
from frontcalc.sources import flatgeobuf, geopackage, geoparquet, kml, shapefile, zipped
from frontcalc.sources.geojson_sequence import RECORD_SEPARATOR
from frontcalc.sources.limits import beyond, limits, read_at_most

_GZIP = b"\x1f\x8b"
_PACKED = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"{\x00", b"\x00{", b"[\x00", b"\x00[")
_HEAD_BYTES = 1024

Test = Callable[[bytes], bool]


def unpack(data: bytes, *, where: str) -> bytes:
    """Return a file's content without gzip, of at most one layer, and without a UTF-8 byte order mark.

    Parameters
    ----------
    data : bytes
        The file.
    where : str
        The file's name, for messages.

    Raises
    ------
    DataError
        The gzip is damaged, holds more than `Limits.max_unpacked_bytes`, or holds nothing.
    """
    if data.startswith(_GZIP):
        limit = limits().max_unpacked_bytes
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
    """Return the format of a file's content, a key of `frontcalc.sources.READERS`.

    Parameters
    ----------
    data : bytes
        What `unpack` returned.
    where : str
        The file's name, for messages.

    Raises
    ------
    DataError
        It is in no format that is known; what is known not to be a map is named.
    """
    for is_refused, problem, cure in REFUSALS:
        if is_refused(data):
            raise DataError(problem, where=where, cure=cure)
    for name, test in DETECTORS:
        if test(data):
            return name
    raise DataError(f"is in no known format: it starts with {data[:16]!r}", where=where, cure="give GeoJSON")


def _is_sequence(data: bytes) -> bool:
    """Say whether there are several JSON objects, each after a record separator or on a line."""
    if data.lstrip().startswith(RECORD_SEPARATOR):
        return True
    start = len(data) - len(data.lstrip())
    end = data.find(b"\n", start)
    # In one JSON document an opening brace never follows a closing one without a comma.
    first_ends = data[max(start, end - _HEAD_BYTES) : end].rstrip().endswith(b"}")
    return end >= 0 and first_ends and data[end : end + _HEAD_BYTES].lstrip().startswith(b"{")


def _is_json(data: bytes) -> bool:
    """Say whether the text starts as a JSON object or list does."""
    return _head(data).startswith((b"{", b"["))


def _is_web_page(data: bytes) -> bool:
    """Say whether it is HTML, also after an XML declaration."""
    head = _head(data).lower()
    return head.startswith((b"<!doctype html", b"<html")) or (
        head.startswith(b"<") and b"<html" in head and b"<kml" not in head
    )


def _mentions(data: bytes, *marks: bytes) -> bool:
    """Say whether XML that is no KML has any of some marks at its beginning."""
    return any(mark in data[:_HEAD_BYTES] for mark in marks) and not kml.detect(data)


def _head(data: bytes) -> bytes:
    """Return the first bytes that are not blank."""
    return data[:_HEAD_BYTES].lstrip()


REFUSALS: tuple[tuple[Test, str, str], ...] = (
    (_is_web_page, "is a web page, not a map", "open its address in a browser to see what it says"),
    (
        lambda data: data.startswith(b"version https://git-lfs.github.com/spec/"),
        "is a Git LFS pointer, not the file itself",
        "fetch it with git lfs pull",
    ),
    (lambda data: data.startswith(_UTF16) and not kml.detect(data), "is text in UTF-16", "save it as UTF-8"),
    (lambda data: data.startswith(_GZIP), "is gzip inside gzip", "unpack it once"),
    (lambda data: data.startswith(_PACKED), "is packed by 7-Zip, RAR, bzip2, xz or zstd", "unpack it"),
    (
        lambda data: _head(data).startswith(b"<") and _mentions(data, b"<OGRVRT", b"<VRTDataset"),
        "is a GDAL VRT, which only names other files, and these are not opened",
        "give the file it names",
    ),
    (
        lambda data: _head(data).startswith(b"<") and _mentions(data, b"opengis.net/gml"),
        "is GML, which is not read since it may name other files",
        "convert it to GeoJSON or GeoPackage",
    ),
)
"""What is known not to be a map: a test, what to say, what to do."""

DETECTORS: tuple[tuple[str, Test], ...] = (
    ("zip", zipped.detect),
    ("shapefile", shapefile.detect),
    ("geopackage", geopackage.detect),
    ("flatgeobuf", flatgeobuf.detect),
    ("geoparquet", geoparquet.detect),
    ("kml", kml.detect),
    ("geojson-sequence", _is_sequence),
    ("json", _is_json),
)
"""The formats in the order in which they are tried, each with the test that tells it from those after it."""
