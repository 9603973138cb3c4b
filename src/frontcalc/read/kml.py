"""KML: every document and folder with polygons, by GDAL; longitude and latitude by definition."""

from __future__ import annotations

import codecs
import re
from dataclasses import replace

from frontcalc.crs import LONLAT
from frontcalc.errors import DataError
from frontcalc.read.features import Features, concatenate, name_layer
from frontcalc.read.ogr import layer_names, read_layer

_DRIVERS = ("LIBKML", "KML")
_HEAD = 4096
_PROLOG = re.compile(rb"\A\s*(<\?xml[^>]*\?>)?\s*(?:<!--.*?-->\s*)*", re.DOTALL)
_ROOT = re.compile(rb"<kml[\s>]")
_END = re.compile(rb"</kml\s*>")
_COORDINATES = re.compile(rb"<(?:\w+:)?coordinates[^>]*>([^<]*)")
_AROUND_COMMA = re.compile(rb"\s*,\s*")
_NUMBER = rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_POSITION = re.compile(rb"%b,%b(?:,(?:%b)?)?" % (_NUMBER, _NUMBER, _NUMBER))
_PLACEMARK = re.compile(rb"<Placemark\b[^>]*>(?:(?!<Placemark\b).)*?</Placemark\s*>", re.DOTALL)
# What a placemark is drawn in tells whose ground it is where nothing else does; GDAL does not read it.
_STYLES = (
    (b"styleUrl", re.compile(rb"<styleUrl>([^<]+)</styleUrl>")),
    (b"fill", re.compile(rb"<PolyStyle\b[^>]*>(?:(?!</?PolyStyle).)*?<color>([^<]+)</color>", re.DOTALL)),
)
_EXTENDED = re.compile(rb"<ExtendedData\s*>")
# How a display is drawn; GDAL gives these to every placemark, mostly without a value.
_DISPLAY = frozenset(
    {"altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon", "timestamp", "begin", "end", "snippet"}
)


def is_kml(data: bytes) -> bool:
    """Say whether content begins as XML whose root is ``kml``."""
    return _at_root(_as_utf8(data[:_HEAD])) is not None


def read(data: bytes, *, where: str) -> Features:
    """Return the features of KML; the name of a folder or document is the `layer` of its features.

    Entities are refused, and links to other files are not followed.
    """
    text = _as_utf8(data)
    document = _at_root(text)
    if document is None:
        raise DataError("is no KML", where=where, cure="is the download complete?")
    # Entities can name other files and grow without end; GDAL's own XML would call another of its drivers.
    foreign = next((mark for mark in (b"<!DOCTYPE", b"<!ENTITY", b"<OGR") if mark in text), None)
    if foreign:
        raise DataError(f"holds {foreign.decode()}…, which KML has no need of", where=where, cure="remove it")
    if not _END.search(text):
        raise DataError("ends before its last element", where=where, cure="is the download complete?")
    # GDAL would pass over a position that is no number, or take it for zero, and draw something else.
    for number, found in enumerate(_COORDINATES.finditer(text), start=1):
        for position in _AROUND_COMMA.sub(b",", found[1]).split():
            if not _POSITION.fullmatch(position):
                shown = position[:40].decode(errors="backslashreplace")
                problem = f"<coordinates> number {number} has {shown!r}, which is no position"
                raise DataError(problem, where=where, cure="repair it or use --skip-bad")
    document = _PLACEMARK.sub(_with_style, document)
    parts = []
    for index, name in layer_names(document, where=where):
        part = read_layer(document, where=f"{where}/{name}", drivers=_DRIVERS, layer=index, undeclared=LONLAT)
        listed = (own.items() for own in part.properties)
        told = tuple({key: own for key, own in one if key not in _DISPLAY and own not in (None, "")} for one in listed)
        parts.append((name, name_layer(replace(part, properties=told), name)))
    if not any(part.properties for _, part in parts) and b"NetworkLink>" in text:
        raise DataError("only links to other files, which are not followed", where=where, cure="give the linked files")
    if not parts:
        raise DataError("is KML without placemarks", where=where, cure="export the map with its polygons")
    return concatenate(parts, where=where)


def _with_style(placemark: re.Match[bytes]) -> bytes:
    """Return a placemark with its style and colour as properties, which GDAL reads."""
    text = placemark[0]
    found = ((name, own[1].strip()) for name, pattern in _STYLES if (own := pattern.search(text)))
    data = b"".join(b'<Data name="%b"><value>%b</value></Data>' % pair for pair in found)
    if not data:
        return text
    if among := _EXTENDED.search(text):
        return text[: among.end()] + data + text[among.end() :]
    end = text.rindex(b"</Placemark")
    return text[:end] + b"<ExtendedData>" + data + b"</ExtendedData>" + text[end:]


def _as_utf8(data: bytes) -> bytes:
    """Return text without a byte order mark, UTF-16 as UTF-8."""
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # The head of a text may end within a character.
        text = data.decode("utf-16", errors="ignore")
        return re.sub(r'encoding\s*=\s*["\'][^"\']*["\']', "", text, count=1).encode()
    return data


def _at_root(text: bytes) -> bytes | None:
    """Return KML with nothing before its root but the declaration, None where the root is another."""
    prolog = _PROLOG.match(text)
    if prolog is None or not _ROOT.match(text, prolog.end()):
        return None
    return (prolog[1] or b"") + text[prolog.end() :]
