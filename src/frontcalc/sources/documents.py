"""What the JSON formats share: parsing, publishers' wrappers, and members with one meaning in all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError

# Keys under which publishers wrap their maps: NZZ's "value", DeepState's "map".
_WRAPPERS = ("value", "map")
_DEEPEST_WRAPPER = 3


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
