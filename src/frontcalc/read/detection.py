"""What a file is, told by its content: names lie, and servers send pages in place of maps."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from io import BytesIO
from typing import Any
from xml.parsers import expat

import orjson

from frontcalc.errors import COMPLETE, DataError
from frontcalc.limits import beyond, densest, limits, read_at_most, refuse_dense
from frontcalc.names import some_of
from frontcalc.read.files import suffix_of

GZIP = b"\x1f\x8b"
RECORD_SEPARATOR = b"\x1e"
_UTF8_MARK = b"\xef\xbb\xbf"
_HEAD_BYTES, _XML_HEAD_BYTES = 1024, 4096
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# A .shx begins as a .shp does.
_SIGNATURES = re.compile(
    rb"(?P<zip>PK\x03\x04|PK\x05\x06)|(?P<shapefile>\x00\x00\x27\x0a.{24}\xe8\x03\x00\x00)"
    rb"|(?P<geopackage>SQLite format 3\x00)|(?P<flatgeobuf>fgb.fgb)|(?P<geoparquet>PAR1)",
    re.DOTALL,
)
# What is drawn anywhere in a document, however wrong what is around it: these lists, these types, texts of geometry.
_DRAWN_MEMBERS = ("features", "coordinates", "rings", "curveRings", "geometries", "arcs")
_DRAWN_TYPES = ("FeatureCollection", "Feature", "Topology", "Polygon", "MultiPolygon", "GeometryCollection")
_DRAWN_TEXT = re.compile(r"\s*(SRID=\d+;)?\s*(MULTI)?POLYGON\b", re.IGNORECASE)
_ERROR_MEMBERS = frozenset({"error", "errors", "message", "detail", "exception", "fault"})  # of what is no map

_EXPORT = "export the polygons of the map as GeoJSON"
_LAYER = "export the layer with its features"
_CONVERT = "convert it to GeoJSON or GeoPackage"
_TEXT = "open it in QGIS as delimited text, and save that as GeoJSON"
_XML = rb"<(?:.*<)?"  # an element near the beginning
_HTML = rb"<!doctype html|<html|<(?!.*<kml).*<html"
_PACKED = rb"7z\xbc\xaf|Rar!\x1a\x07|BZh|\xfd7zXZ\0|\x28\xb5\x2f\xfd"
_TYPE = rb'\{\s*"type"\s*:\s*"'
_QGIS = _XML + rb"(?:!DOCTYPE )?qgis\b|PK\x03\x04.*\.qgs"
_OFFICE = rb"PK\x03\x04.*%b\.|PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.%b"
_PICTURE = rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\0|MM\0\*|RIFF.{4}WEBP|BM.{4}\0{4}|" + _XML + rb"svg\b"
_SQL = rb"PGDMP|--[ \n]|(?:begin|create|insert|set|pragma)\b[^\n]*;"
_SCRIPT = rb"(?:var|let|const)\s|[\w.]+\s*[=(]\s*[\[{]"
_POINTS = rb"(?=[^\0<{\[\n]*[,;\t])(?=[^\n]*\blat)[^\n]*\blo?ng?"
_TABLE = rb"[^\0<{\[\n]+[,;\t|][^\0\n]*\n[^\0\n]*[,;\t|]"
# What is no map that is read: what to do instead, how its name ends, how it begins (blanks and case aside).
_OTHERS: dict[str, tuple[str, str, bytes]] = {
    "a web page": ("open its address in a browser to see what it says", ".html .htm .mhtml", _HTML),
    "a Git LFS pointer": ("fetch it with git lfs pull", "", rb"version https://git-lfs\.github\.com/spec/"),
    "text in UTF-16": ("save it as UTF-8", "", rb"\xff\xfe|\xfe\xff|[{\[]\0|\0[{\[]"),
    "gzip inside gzip": ("unpack it once", "", GZIP),
    "a tar archive": ("unpack it into a folder", ".tar .tgz .tar.gz .tar.bz2 .tar.xz", rb".{257}ustar"),
    "a 7-Zip, RAR, bzip2, xz or zstd archive": ("unpack it", ".7z .rar .bz2 .xz .zst", _PACKED),
    "a GDAL VRT, which only names other files": ("give the file that it names", ".vrt", _XML + rb"(OGRVRT|VRTDataset)"),
    "GML": (_CONVERT, ".gml", rb"<.*opengis\.net/gml"),
    "GPX, whose tracks have no area": (_EXPORT, ".gpx", _XML + rb"gpx\b"),
    "an extract of OpenStreetMap": (_EXPORT, ".osm .pbf", _XML + rb"osm\b|.{4}\n\tOSMHeader"),
    "MapInfo": (_CONVERT, ".tab .dat .map .id .ind .mif .mid", rb"!table\s|version\s+\d+\s+charset"),
    "a CAD drawing": (_EXPORT, ".dxf .dwg .dgn", rb"0\r?\n\s*SECTION|AC10\d\d"),
    "a uMap backup": ("in uMap choose Share and download, GeoJSON", ".umap", _TYPE + b'umap"'),
    "a project or style of QGIS": ("in QGIS export the layer as GeoJSON", ".qgz .qgs .qlr .qml", _QGIS),
    "a project or layer file of ArcGIS": (_LAYER, ".lyr .lyrx .mxd .aprx .mapx .lpk .mpk", _TYPE + b"CIM"),
    "a spreadsheet": (_EXPORT, ".xlsx .xlsm .xlsb .xls .ods .numbers", _OFFICE % (b"xl/workbook", b"spreadsheet")),
    "a document": (_EXPORT, ".docx .doc .odt .pdf .rtf", rb"%PDF-|\{\\rtf|" + _OFFICE % (b"word/document", b"text")),
    "a presentation": (_EXPORT, ".pptx .ppt .odp", _OFFICE % (b"ppt/presentation", b"presentation")),
    "an old file of Office or ArcMap": (_EXPORT, "", rb"\xd0\xcf\x11\xe0"),
    "a picture": (_EXPORT, ".png .jpg .jpeg .jp2 .gif .tif .tiff .webp .svg .bmp .ai .eps .psd", _PICTURE),
    "map tiles": (_EXPORT, ".mbtiles .pmtiles .mvt", b"PMTiles"),
    "SQL or a dump of a database": ("export the table as GeoJSON or GeoPackage", ".sql .dump .backup", _SQL),
    "JavaScript": ("remove all around the outermost braces, and save it as .geojson", ".js", _SCRIPT),
    "a part of a shapefile": ("give the .shp with it", ".dbf .shx .prj .cpg .sbn .sbx", rb"(?!)"),
    "text with geometry in it (WKT)": (_TEXT, ".wkt", rb"[^\0<{\[]*POLYGON\s*Z?M?\s*\("),
    "a table of points, which have no area": (_EXPORT, "", _POINTS),
    "a table of text": (f"if it has geometry, {_TEXT}", ".csv .tsv", _TABLE),
}


@cache
def _beginnings() -> dict[str, re.Pattern[bytes]]:
    """Return how what is no map begins, by its name; a run on maps alone compiles none of it."""
    return {what: re.compile(rb"\s*(?:%b)" % begins, re.S | re.I) for what, (_, _, begins) in _OTHERS.items()}


def unpack(data: bytes, *, where: str) -> bytes:
    """Return a file's content without one layer of gzip, and without a UTF-8 byte order mark; it is not empty."""
    if data.startswith(GZIP):
        limit, packed = limits()["max_unpacked_bytes"], len(data)
        try:
            with gzip.open(BytesIO(data)) as stream:
                data = read_at_most(stream, min(limit, densest(packed)) + 1)
        except (OSError, EOFError, zlib.error, MemoryError) as error:
            raise DataError(f"is damaged gzip: {error}", where=where, cure=COMPLETE) from error
        if len(data) > limit:
            raise beyond("max_unpacked_bytes", "unpacks to more than {:,} bytes", where=where)
        refuse_dense(len(data), packed, where=where)
    data = data.removeprefix(_UTF8_MARK)
    if not data or data.isspace():
        raise DataError("is empty", where=where, cure=COMPLETE)
    return data


def detect(data: bytes, *, where: str) -> str:
    """Return the format of unpacked content, a key of `frontcalc.read.READERS`; any other is refused by its name."""
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
    match = _SIGNATURES.match(data)
    return str(match.lastgroup) if match else ""


def kind_of(name: str, data: bytes = b"") -> str:
    """Return what a file is that is known to be no map that is read, by content or else by name; empty if unknown."""
    head = data[:_HEAD_BYTES]
    text = head + data[-8 * _HEAD_BYTES :] if head.startswith(b"PK") else head  # where a zip names its members
    begun = (what for what, begins in _beginnings().items() if begins.match(text))
    named = (what for what, (_, ends, _) in _OTHERS.items() if name.lower().endswith(tuple(ends.split()) or "\0"))
    return next(begun, "") or next(named, "")


def refusal(name: str, data: bytes) -> DataError | None:
    """Return the error for a file that is known to be no map that is read, by its content or else its name."""
    what = kind_of(name.lower().removesuffix(".gz"), data)
    return DataError(f"is {what}, not a map that is read", where=name or None, cure=_OTHERS[what][0]) if what else None


def tally(names: Iterable[str]) -> tuple[str, str]:
    """Return how many files there are of each kind, in words, and what to do with those of the most frequent."""
    kinds: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        kinds[kind_of(name)].append(name)
    unknown = kinds.pop("", [])
    known = sorted(kinds, key=lambda what: -len(kinds[what]))
    listed = [f"{len(kinds[one]):,} {'/'.join(sorted(set(map(suffix_of, kinds[one]))))} ({one})" for one in known]
    return ", ".join(listed + ([some_of(unknown, 8)] if unknown else [])), _OTHERS[known[0]][0] if known else ""


def is_other_json(text: bytes) -> bool:
    """Say whether a text is JSON, or a record of it a line, in which nothing is drawn and no server says an error."""
    text = text.removeprefix(_UTF8_MARK)
    for records in ([text], [line for line in text.splitlines() if line.strip()]):
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
    members = {str(key).casefold(): value for key, value in document.items()}
    codes = [value for key in ("status", "code", "statuscode") if isinstance(value := members.get(key), int)]
    return (
        not _ERROR_MEMBERS.isdisjoint(members)
        or any(code >= 400 for code in codes)
        or members.get("success", True) is False
        or str(members.get("status")).casefold() in ("error", "fail", "failed")
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


def refuse_truncated(document: Mapping[str, Any]) -> None:
    """Refuse what says that features are missing, beyond a server's limit or on another page: none is asked for."""
    for holder in (document, document.get("properties")):
        if isinstance(holder, dict) and holder.get("exceededTransferLimit") not in (None, False, "false"):
            problem = "is truncated: the server stopped at its limit of features (exceededTransferLimit)"
            raise DataError(problem, cure="download it in pages (resultOffset) and join them")
    links, features = document.get("links"), document.get("features")
    total = document.get("numberMatched", document.get("totalFeatures"))
    linked = isinstance(links, list) and any(isinstance(link, dict) and link.get("rel") == "next" for link in links)
    if linked or (isinstance(features, list) and isinstance(total, int) and total > len(features)):
        problem = f"is one page of several, {f'of {total:,} features in all' if total else 'with a link to the next'}"
        raise DataError(problem, cure="download all pages, or with a higher limit, and join them")
