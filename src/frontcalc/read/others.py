"""What is no map that is read, told by its content or else by its name, and what to give in its place."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from frontcalc.errors import DataError
from frontcalc.names import some_of
from frontcalc.read.files import suffix_of

_HEAD_BYTES = 1024
_EXPORT = "export the polygons of the map as GeoJSON"
_TEXT = "open it in QGIS as delimited text, and save that as GeoJSON"

_KINDS = {
    "a web page": ("open its address in a browser to see what it says", ".html .htm .mhtml"),
    "a Git LFS pointer": ("fetch it with git lfs pull", ""),
    "text in UTF-16": ("save it as UTF-8", ""),
    "gzip inside gzip": ("unpack it once", ""),
    "a tar archive": ("unpack it into a folder", ".tar .tgz .tar.gz .tar.bz2 .tar.xz"),
    "a 7-Zip, RAR, bzip2, xz or zstd archive": ("unpack it", ".7z .rar .bz2 .xz .zst"),
    "a GDAL VRT, which only names other files": ("give the file that it names", ".vrt"),
    "GML": ("convert it to GeoJSON or GeoPackage", ".gml"),
    "GPX, whose tracks have no area": (_EXPORT, ".gpx"),
    "an extract of OpenStreetMap": (_EXPORT, ".osm .pbf"),
    "MapInfo": ("convert it to GeoJSON or GeoPackage", ".tab .dat .map .id .ind .mif .mid"),
    "a CAD drawing": (_EXPORT, ".dxf .dwg .dgn"),
    "a uMap backup": ("in uMap choose Share and download, GeoJSON", ".umap"),
    "a project or style of QGIS": ("in QGIS export the layer as GeoJSON", ".qgz .qgs .qlr .qml"),
    "a project or layer file of ArcGIS": (
        "export the layer with its features",
        ".lyr .lyrx .mxd .aprx .mapx .lpk .mpk",
    ),
    "a spreadsheet": (_EXPORT, ".xlsx .xlsm .xlsb .xls .ods .numbers"),
    "a document": (_EXPORT, ".docx .doc .odt .pdf .rtf"),
    "a presentation": (_EXPORT, ".pptx .ppt .odp"),
    "an old file of Office or ArcMap": (_EXPORT, ""),
    "a picture": (_EXPORT, ".png .jpg .jpeg .jp2 .gif .tif .tiff .webp .svg .bmp .ai .eps .psd"),
    "map tiles": (_EXPORT, ".mbtiles .pmtiles .mvt"),
    "SQL or a dump of a database": ("export the table as GeoJSON or GeoPackage", ".sql .dump .backup"),
    "JavaScript": ("remove all around the outermost braces, and save it as .geojson", ".js"),
    "a part of a shapefile": ("give the .shp with it", ".dbf .shx .prj .cpg .sbn .sbx"),
    "text with geometry in it (WKT)": (_TEXT, ".wkt"),
    "a table of points, which have no area": (_EXPORT, ""),
    "a table of text": (f"if it has geometry, {_TEXT}", ".csv .tsv"),
}
"""What a file is; what to do instead, and how its name ends."""

_XML = rb"<(?:.*<)?"  # an element near the beginning
_ODF = rb"|PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\."

# How content begins, blanks and case aside; that of zips and their members' names.
_BEGINNINGS = {
    "a web page": rb"<!doctype html|<html|<(?!.*<kml).*<html",
    "a Git LFS pointer": rb"version https://git-lfs\.github\.com/spec/",
    "text in UTF-16": rb"\xff\xfe|\xfe\xff|[{\[]\0|\0[{\[]",
    "gzip inside gzip": rb"\x1f\x8b",
    "a tar archive": rb".{257}ustar",
    "a 7-Zip, RAR, bzip2, xz or zstd archive": rb"7z\xbc\xaf|Rar!\x1a\x07|BZh|\xfd7zXZ\0|\x28\xb5\x2f\xfd",
    "a GDAL VRT, which only names other files": _XML + rb"(?:OGRVRT|VRTDataset)",
    "GML": rb"<.*opengis\.net/gml",
    "GPX, whose tracks have no area": _XML + rb"gpx\b",
    "an extract of OpenStreetMap": _XML + rb"osm\b|.{4}\n\tOSMHeader",
    "MapInfo": rb"!table\s|version\s+\d+\s+charset",
    "a CAD drawing": rb"0\r?\n\s*SECTION|AC10\d\d",
    "a uMap backup": rb'\{\s*"type"\s*:\s*"umap"',
    "a project or style of QGIS": _XML + rb"(?:!DOCTYPE )?qgis\b|PK\x03\x04.*\.qgs",
    "a project or layer file of ArcGIS": rb'\{\s*"type"\s*:\s*"CIM',
    "a spreadsheet": rb"PK\x03\x04.*xl/workbook\." + _ODF + b"spreadsheet",
    "a document": rb"%PDF-|\{\\rtf|PK\x03\x04.*word/document\." + _ODF + b"text",
    "a presentation": rb"PK\x03\x04.*ppt/presentation\." + _ODF + b"presentation",
    "an old file of Office or ArcMap": rb"\xd0\xcf\x11\xe0",
    "a picture": rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\0|MM\0\*|RIFF.{4}WEBP|BM.{4}\0{4}|" + _XML + rb"svg\b",
    "map tiles": rb"PMTiles",
    "SQL or a dump of a database": rb"PGDMP|--[ \n]|(?:begin|create|insert|set|pragma)\b[^\n]*;",
    "JavaScript": rb"(?:var|let|const)\s|[\w.]+\s*[=(]\s*[\[{]",
    "text with geometry in it (WKT)": rb"[^\0<{\[]*POLYGON\s*Z?M?\s*\(",
    "a table of points, which have no area": rb"(?=[^\0<{\[\n]*[,;\t])(?=[^\n]*\blat)[^\n]*\blo?ng?",
    "a table of text": rb"[^\0<{\[\n]+[,;\t|][^\0\n]*\n[^\0\n]*[,;\t|]",
}
_PATTERNS = {what: re.compile(rb"\s*(?:%b)" % begins, re.DOTALL | re.I) for what, begins in _BEGINNINGS.items()}


def kind_of(name: str, data: bytes = b"") -> str:
    """Return what a file is that is known to be no map that is read, by content or else by name; empty if unknown."""
    head = data[:_HEAD_BYTES]
    text = head + data[-8 * _HEAD_BYTES :] if head.startswith(b"PK") else head
    lower = name.lower()
    ends = (what for what, (_, endings) in _KINDS.items() if lower.endswith(tuple(endings.split()) or "\0"))
    return next((what for what, begins in _PATTERNS.items() if begins.match(text)), None) or next(ends, "")


def refusal(where: str, data: bytes, *, by_name: bool = True) -> DataError | None:
    """Return the error for a file that is known to be no map that is read, by its content or else its name."""
    what = kind_of(where.lower().removesuffix(".gz") if by_name else "", data)
    return DataError(f"is {what}, not a map that is read", where=where, cure=_KINDS[what][0]) if what else None


def tally(names: Iterable[str]) -> tuple[str, str]:
    """Return how many files there are of each kind, in words, and what to do with those of the most frequent."""
    kinds: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        kinds[kind_of(name)].append(name)
    unknown = kinds.pop("", [])
    told = []
    for what, own in sorted(kinds.items(), key=lambda kind: -len(kind[1])):
        endings = sorted(set(map(suffix_of, own)))
        told.append(f"{len(own):,} {'/'.join(endings)} ({what})")
    most = max(kinds, key=lambda what: len(kinds[what]), default="")
    return ", ".join([*told, *([some_of(unknown, 8)] if unknown else [])]), _KINDS[most][0] if most else ""
