"""GeoJSON (RFC 7946, and the older `crs` member) as publishers write it, and what all JSON formats share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import orjson

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError
from frontcalc.names import printable, some_of
from frontcalc.read.detection import RECORD_SEPARATOR, draws
from frontcalc.read.features import Features, Properties, refuse_misplaced
from frontcalc.read.others import refusal
from frontcalc.read.rings import MEND, Part, build_polygons, refused

# As NZZ wraps its maps in "value", DeepState in "map".
_DEEPEST_WRAPPER = 4
# Python's json and others write these for what is no number.
_NO_NUMBER = re.compile(r"-?(NaN|Infinity|nan|inf)\b")
# Tuples, since what a file gives as a type may be no text, and could not be looked up in a set.
_NOT_AREA = ("Point", "MultiPoint", "LineString", "MultiLineString")
_GEOMETRY_TYPES = (*_NOT_AREA, "Polygon", "MultiPolygon", "GeometryCollection")
_GEOMETRY_MEMBERS = ("type", "coordinates", "geometries", "bbox", "crs", "properties")


def read_json(data: bytes, *, where: str) -> Features:
    """Return the features of one JSON document, whichever of the JSON formats it is in, alone in wrappers or not.

    The text is parsed once, since that takes most of the time of reading a map.
    """
    document = _unwrapped(parse(data, where=where), where=where)
    if isinstance(document, dict) and document.get("type") == "Topology":
        from frontcalc.read import topojson

        return topojson.read_document(document, where=where)
    if isinstance(document, dict) and not isinstance(document.get("type"), str):
        from frontcalc.read import esri

        if esri.is_esri(document):
            return esri.read_document(document, where=where)
    return _read_documents([(where, document)], where=where)


def read_sequence(data: bytes, *, where: str) -> Features:
    """Return the features of all records of a GeoJSON text sequence (RFC 8142), in their order.

    Where the file has record separators (0x1E) a record may span lines, else it is a line. All are in one CRS.
    """
    texts = data.split(RECORD_SEPARATOR if RECORD_SEPARATOR in data else b"\n")
    named = ((f"record {number}", text) for number, text in enumerate(filter(bytes.strip, texts), start=1))
    parsed = ((f"{where}, {part}", parse(text, where=where, part=part)) for part, text in named)
    return _read_documents(((name, _unwrapped(one, where=name)) for name, one in parsed), where=where)


def parse(data: bytes, *, where: str, part: str = "") -> object:
    """Return the JSON value of a text in UTF-8 without a byte order mark; DataError where it is no JSON.

    `part` says which part of the file `where` the text is, as in «record 3», where it is not the whole.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if other := refusal(where, data, by_name=False):
            raise other from error
        place = f"line {error.lineno}, column {error.colno}"
        # Versions of orjson differ in what follows a comma, and in their words for depth.
        reason = "nested too deeply" if "depth" in error.msg else error.msg.partition(",")[0]
        problem, cure = f"is not valid JSON: {reason}, {place}", "is the download complete?"
        if found := _NO_NUMBER.match(error.doc, error.pos):
            problem = f"has {found[1]}, which is no JSON, at {place}"
            cure = "write null in its place, in coordinates a number"
        try:
            data.decode()
        except UnicodeDecodeError as undecoded:
            problem, cure = f"is not UTF-8 text, at byte {undecoded.start + 1:,}", "save it as UTF-8"
        raise DataError(f"{part} {problem}".lstrip(), where=where, cure=cure) from error


def _unwrapped(document: object, *, where: str) -> object:
    """Return the map that is alone in objects or lists around it; DataError where these hold several.

    Features in a list, or in an object that only lacks its type, are a collection.
    """
    for _ in range(_DEEPEST_WRAPPER):
        if isinstance(document, list):
            if document and all(isinstance(one, dict) and one.get("type") == "Feature" for one in document):
                return {"type": "FeatureCollection", "features": document}
            inside = [(f"item {number}", one) for number, one in enumerate(document, start=1)]
        elif not isinstance(document, dict) or isinstance(document.get("type"), str):
            break
        else:
            from frontcalc.read.esri import is_esri

            if is_esri(document):
                break
            refuse_truncated(document, where=where)
            if isinstance(document.get("features"), list):
                return {**document, "type": "FeatureCollection"}
            inside = list(document.items())
        drawn = [(name, one) for name, one in inside if draws(one)]
        if len(drawn) > 1:
            problem = f"holds {len(drawn):,} things that may be maps: {printable(some_of([name for name, _ in drawn]))}"
            raise DataError(problem, where=where, cure="save the one that is meant in a file of its own")
        if not drawn:
            break
        document = drawn[0][1]
    return document


def declared_crs(document: Mapping[str, Any], *, where: str) -> str:
    """Return the CRS of the `crs` member of GeoJSON before RFC 7946, else longitude and latitude on WGS 84."""
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
    """Refuse an answer that says, itself or in its properties, that features are missing: by a server's limit or page.

    The next page is not asked for.
    """
    for holder in (document, document.get("properties")):
        if isinstance(holder, dict) and holder.get("exceededTransferLimit") is True:
            problem = "is truncated: the server stopped at its limit of features (exceededTransferLimit)"
            raise DataError(problem, where=where, cure="download it in pages (resultOffset) and join them")
    links, features = document.get("links"), document.get("features")
    total = document.get("numberMatched", document.get("totalFeatures"))
    linked = isinstance(links, list) and any(isinstance(link, dict) and link.get("rel") == "next" for link in links)
    if linked or (isinstance(features, list) and isinstance(total, int) and total > len(features)):
        problem = f"is one page of several, {f'of {total:,} features in all' if total else 'with a link to the next'}"
        raise DataError(problem, where=where, cure="download all pages, or with a higher limit, and join them")


def listed(features: object, kind: str, member: str, collection: str, *, where: str) -> list[dict[str, Any]]:
    """Return what a collection lists as its features, once each is an object whose `member`, if any, is one too."""
    if not isinstance(features, list):
        raise DataError(f"is a {collection} without a list of features", where=where, cure=MEND)
    for index, feature in enumerate(features):
        if not isinstance(feature, dict) or not isinstance(feature.get(member) or {}, dict):
            raise refused(index, f"is no {kind} feature", where=where)
    return features


def _read_documents(documents: Iterable[tuple[str, Any]], *, where: str) -> Features:
    """Return the features of GeoJSON objects, each with its name for messages, as flat arrays."""
    properties: list[Properties] = []
    parts: list[Part] = []
    not_area: list[int] = []
    systems: dict[str, None] = {}
    synthetic = False
    for name, document in documents:
        features = _features(document, where=name)
        systems[declared_crs(document, where=where)] = None
        for index, feature in enumerate(features, start=len(properties)):
            geometry = feature.get("geometry")
            if geometry is None:
                refuse_misplaced(feature, index, where=where)
            polygons, others = simple_geometries(geometry, index, where=where)
            parts += [(index, polygon) for polygon in polygons if polygon]
            not_area += [index] * others
            properties.append(feature.get("properties") or {})
        synthetic = synthetic or document.get("synthetic") is True
    if len(systems) > 1:
        problem = f"its records differ in CRS: {', '.join(systems)}"
        raise DataError(problem, where=where, cure="convert all to longitude and latitude")
    crs = next(iter(systems), LONLAT)
    built, points = build_polygons(parts, crs, where=where), np.array(not_area, dtype=np.intp)
    return Features(crs, tuple(properties), *built, points, synthetic)


def _features(document: Any, *, where: str) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON object; a bare geometry, also in a collection, is one."""
    kind = document.get("type") if isinstance(document, dict) else None
    if kind in _GEOMETRY_TYPES:
        return [{"geometry": document}]
    if kind not in ("FeatureCollection", "Feature"):
        problem = f"has type {kind!r}, which is no GeoJSON"
        problem = problem if isinstance(kind, str) else "holds JSON but no GeoJSON object with a «type»"
        other = refusal(where, f'{{"type":"{kind}"'.encode(), by_name=False)
        raise other or DataError(problem, where=where, cure="give a FeatureCollection of polygons")
    refuse_truncated(document, where=where)
    inside = [document] if kind == "Feature" else document.get("features")
    if inside == [] and (drawn := [key for key, value in document.items() if draws(value)]):
        problem = f"is a FeatureCollection without features, but with a map in {printable(drawn[0])!r}"
        raise DataError(problem, where=where, cure="give a FeatureCollection of polygons")
    features = listed(inside, "GeoJSON", "properties", "FeatureCollection", where=where)
    for index, feature in enumerate(features):
        if "features" in feature:
            raise refused(index, "is a collection of features", where=where, cure="join them in one")
        if feature.get("type") in _GEOMETRY_TYPES and "geometry" not in feature:
            # Some software lists geometries where features belong; what it says of them stands beside.
            beside = {key: value for key, value in feature.items() if key not in _GEOMETRY_MEMBERS}
            features[index] = {"geometry": feature, "properties": feature.get("properties") or beside}
    return features


def simple_geometries(
    geometry: object, index: int, *, where: str, drawn_by: str = "coordinates"
) -> tuple[list[Any], int]:
    """Return the polygons of a feature's geometry, collections taken apart, and how many points and lines it has.

    Polygons are drawn by the member `drawn_by`: ``coordinates``, or ``arcs`` in TopoJSON.
    """
    polygons: list[Any] = []
    others, arcs = 0, drawn_by == "arcs"
    waiting = [geometry]
    while waiting:
        current = waiting.pop()
        # Publishers of TopoJSON write a null geometry as {"type": null}, so that it can keep its properties.
        if current is None or (arcs and isinstance(current, dict) and current.get("type", "") is None):
            continue
        kind = current.get("type") if isinstance(current, dict) else None
        if not isinstance(current, dict) or kind not in _GEOMETRY_TYPES:
            raise refused(index, "has a geometry of no known type", where=where)
        inside = current.get("geometries" if kind == "GeometryCollection" else drawn_by)
        if arcs and kind in _NOT_AREA:
            others += 1
        elif not isinstance(inside, list):
            raise refused(index, f"has a {kind} without {drawn_by}", where=where)
        elif kind == "GeometryCollection":
            waiting.extend(reversed(inside))
        elif kind in _NOT_AREA:
            others += bool(inside)
        else:
            polygons += [inside] if kind == "Polygon" else inside
    return polygons, others
