"""What the JSON formats share: parsing, publishers' wrappers, and members with one meaning in all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError

# Keys under which publishers wrap their maps: NZZ's "value", DeepState's "map".
_WRAPPERS = ("value", "map")
_DEEPEST_WRAPPER = 3
# Python's json and others write these for what is no number.
_NO_NUMBER = re.compile(r"-?(NaN|Infinity|nan|inf)\b")
# What is drawn anywhere in a document, however wrong what is around it: these lists, these types, texts of geometry.
_DRAWN_MEMBERS = ("features", "coordinates", "rings", "curveRings", "geometries", "arcs")
_DRAWN_TYPES = ("FeatureCollection", "Feature", "Topology", "Polygon", "MultiPolygon", "GeometryCollection")
_DRAWN_TEXT = re.compile(r"\s*(SRID=\d+;)?\s*(MULTI)?POLYGON\b", re.IGNORECASE)
# Members of what a server says instead of a map.
_ERROR_MEMBERS = frozenset({"error", "errors", "message", "detail", "exception", "fault"})


def parse(data: bytes, *, where: str, part: str = "") -> object:
    """Return the JSON value of a text.

    Parameters
    ----------
    data : bytes
        UTF-8, without a byte order mark.
    where : str
        The file's name, for messages.
    part : str
        Which part of the file the text is, as in «record 3», where it is not the whole.

    Raises
    ------
    DataError
        The text is no JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if place := _not_utf8(data):
            problem = f"{part} is not UTF-8 text, at byte {place:,}".lstrip()
            raise DataError(problem, where=where, cure="save it as UTF-8") from error
        if found := _NO_NUMBER.match(error.doc, error.pos):
            problem = f"{part} has {found[1]}, which is no JSON, at line {error.lineno}, column {error.colno}".lstrip()
            raise DataError(problem, where=where, cure="write null in its place, in coordinates a number") from error
        # Versions of orjson differ in what follows a comma, and in their words for depth.
        reason = "nested too deeply" if "depth" in error.msg else error.msg.partition(",")[0]
        problem = f"{part} is not valid JSON: {reason}, line {error.lineno}, column {error.colno}".lstrip()
        raise DataError(problem, where=where, cure="is the download complete?") from error


def _not_utf8(data: bytes) -> int:
    """Return the first byte, from 1, that is no UTF-8; 0 where all are."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start + 1
    return 0


def is_other_json(text: bytes) -> bool:
    """Say whether a text is whole JSON, or a record of it on each line, that is plainly no geodata.

    Nothing in it is drawn, and it is not what a server says instead of a map.
    """
    text = text.removeprefix(b"\xef\xbb\xbf")
    lines = [line for line in text.splitlines() if line.strip()]
    for records in ([text], lines):
        try:
            documents = [orjson.loads(record) for record in records]
        except orjson.JSONDecodeError:
            continue
        return bool(documents) and not any(_is_error(document) or _draws(document) for document in documents)
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


def _draws(document: object) -> bool:
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
            if len(value) > 3 and value[0] == value[-1] and all(_is_position(one) for one in value):
                return True
            waiting.extend(value)
        elif isinstance(value, str) and _DRAWN_TEXT.match(value):
            return True
    return False


def _is_position(value: object) -> bool:
    """Say whether a JSON value is a list of two to four numbers."""
    return isinstance(value, list) and 2 <= len(value) <= 4 and all(type(one) in (int, float) for one in value)


def unwrap(document: object) -> object:
    """Return what is inside known wrappers, and anything else as it is."""
    for _ in range(_DEEPEST_WRAPPER):
        if not isinstance(document, dict) or isinstance(document.get("type"), str):
            break
        inner = [document[key] for key in _WRAPPERS if isinstance(document.get(key), dict)]
        if not inner:
            break
        document = inner[0]
    return document


def declared_crs(document: Mapping[str, Any], *, where: str) -> str:
    """Return the CRS of the `crs` member of GeoJSON before RFC 7946, else longitude and latitude on WGS 84.

    Raises
    ------
    DataError
        The member names no CRS, or an unknown one.
    """
    member = document.get("crs")
    if member is None:
        return LONLAT
    try:
        name = member["properties"]["name"]
    except (TypeError, KeyError) as error:
        problem, cure = "its crs member names no CRS", "name an EPSG code or remove it"
        raise DataError(problem, where=where, cure=cure, code="CRS-UNKNOWN") from error
    return source_crs(str(name), where=where)


def refuse_truncated(document: Mapping[str, Any], *, where: str) -> None:
    """Refuse an answer of an ArcGIS server that says of itself that features are missing.

    Raises
    ------
    DataError
        `exceededTransferLimit` is true, in the document or in its properties.
    """
    properties = document.get("properties")
    for holder in (document, properties if isinstance(properties, dict) else {}):
        if holder.get("exceededTransferLimit") is True:
            raise DataError(
                "is truncated: the server stopped at its limit of features (exceededTransferLimit)",
                where=where,
                cure="download it in pages (resultOffset) and join them",
            )
