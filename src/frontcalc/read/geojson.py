"""GeoJSON (RFC 7946, and the older `crs` member) and TopoJSON, as publishers write and wrap them.

The specification of TopoJSON is at https://github.com/topojson/topojson-specification.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError
from frontcalc.layers import INNER
from frontcalc.names import printable, some_of
from frontcalc.read.detection import RECORD_SEPARATOR, draws, refusal
from frontcalc.read.esri import is_esri, read_document
from frontcalc.read.features import Features, Properties, refuse_misplaced, refuse_truncated
from frontcalc.read.limits import limits, too_many_vertices
from frontcalc.read.rings import MEND, NO_POSITIONS, Part, build_polygons, grid_of, positions_of, refused

# As NZZ wraps its maps in "value", DeepState in "map".
_DEEPEST_WRAPPER = 4
_KEY_ENDS = re.compile(rb'"[ \t\r\n]*:')
# Python's json and others write these for what is no number.
_NO_NUMBER = re.compile(r"-?(NaN|Infinity|nan|inf)\b")
# Tuples, since what a file gives as a type may be no text, and could not be looked up in a set.
_NOT_AREA = ("Point", "MultiPoint", "LineString", "MultiLineString")
_GEOMETRY_TYPES = (*_NOT_AREA, "Polygon", "MultiPolygon", "GeometryCollection")
_GEOMETRY_MEMBERS = ("type", "coordinates", "geometries", "bbox", "crs", "properties")


def read_json(data: bytes, *, where: str) -> Features:
    """Return the features of a JSON document in any of the JSON formats, also in wrappers; it is parsed once."""
    document = parse(data, where=where)
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        document = _unwrapped(document, where=where)
    if isinstance(document, dict) and document.get("type") == "Topology":
        return _read_topology(document, where)
    if isinstance(document, dict) and not isinstance(document.get("type"), str) and is_esri(document):
        return read_document(document, where=where)
    return _read_documents([(where, document)], where=where)


def read_sequence(data: bytes, *, where: str) -> Features:
    """Return the features of a GeoJSON text sequence (RFC 8142), whose records begin with 0x1E or are lines."""
    texts = data.split(RECORD_SEPARATOR if RECORD_SEPARATOR in data else b"\n")
    named = ((f"record {number}", text) for number, text in enumerate(filter(bytes.strip, texts), start=1))
    parsed = ((f"{where}, {part}", parse(text, where=where, part=part)) for part, text in named)
    return _read_documents(((name, _unwrapped(one, where=name)) for name, one in parsed), where=where)


def parse(data: bytes, *, where: str, part: str = "") -> object:
    """Return the JSON value of UTF-8 text without a byte order mark; `part` says which part of the file it is."""
    try:
        document = orjson.loads(data)
        _refuse_repeated(data, document, where=where)
        return document
    except orjson.JSONDecodeError as error:
        if other := refusal(where, data, by_name=False):
            raise other from error
        lead, place = part and f"{part} ", f"line {error.lineno}, column {error.colno}"
        # Versions of orjson differ in what follows a comma, and in their words for depth.
        reason = "nested too deeply" if "depth" in error.msg else error.msg.partition(",")[0]
        problem, cure = f"{lead}is not valid JSON: {reason}, {place}", "is the download complete?"
        if found := _NO_NUMBER.match(error.doc, error.pos):
            problem = f"{lead}has {found[1]}, which is no JSON, at {place}"
            cure = "write null in its place, in coordinates a number"
        try:
            data.decode()
        except UnicodeDecodeError as undecoded:
            problem, cure = f"{lead}is not UTF-8 text, at byte {undecoded.start + 1:,}", "save it as UTF-8"
        raise DataError(problem, where=where, cure=cure) from error


def _refuse_repeated(data: bytes, document: object, *, where: str) -> None:
    """Refuse a JSON text that writes more keys than its value has, by the first that an object has twice.

    A quote that a colon follows ends a key, unless it is escaped. Lists that begin with a number hold no keys.
    """
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in data else data
    written, held, waiting = sum(1 for _ in _KEY_ENDS.finditer(plain)), 0, [document]
    while waiting:
        first = current = waiting.pop()
        while isinstance(first, list) and first:
            first = first[0]
        if isinstance(current, dict):
            held += len(current)
            waiting += [one for one in current.values() if isinstance(one, dict | list)]
        elif isinstance(current, list) and not isinstance(first, int | float):
            waiting += current
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> None:
        twice.extend(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)

    if written > held:
        try:
            json.loads(data, object_pairs_hook=once)
        except (ValueError, RecursionError):  # a number of five thousand digits, or nesting as deep as is read
            twice.append("…")
    if twice:
        problem = f"has the key {printable(twice[0][:40])!r} twice in one object"
        raise DataError(problem, where=where, cure="keep the one that is meant")


def _unwrapped(document: object, *, where: str) -> object:
    """Return the map that is alone in objects or lists around it; features in a list or without a type are one."""
    for _ in range(_DEEPEST_WRAPPER):
        if isinstance(document, list):
            if document and all(isinstance(one, dict) and one.get("type") == "Feature" for one in document):
                return {"type": "FeatureCollection", "features": document}
            inside = [(f"item {number}", one) for number, one in enumerate(document, start=1)]
        elif not isinstance(document, dict) or isinstance(document.get("type"), str) or is_esri(document):
            break
        else:
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


def _read_documents(documents: Iterable[tuple[str, Any]], *, where: str) -> Features:
    """Return the features of GeoJSON objects, each with its name for messages, as flat arrays."""
    properties: list[Properties] = []
    parts: list[Part] = []
    not_area: list[int] = []
    systems: dict[str, None] = {}
    synthetic = False
    for name, document in list(documents):
        features = _features(document, where=name)
        systems[declared_crs(document, where=where) if "crs" in document else LONLAT] = None
        for index, feature in enumerate(features, start=len(properties)):
            if feature.get("geometry") is None:
                refuse_misplaced(feature, index, where=where)
            polygons, others = simple_geometries(feature.get("geometry"), index, where=where)
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
    if not isinstance(inside, list):
        raise DataError("is a FeatureCollection without a list of features", where=where, cure=MEND)
    for index, feature in enumerate(inside):
        if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
            raise refused(index, "is no GeoJSON feature", where=where)
        if "features" in feature:
            raise refused(index, "is a collection of features", where=where, cure="join them in one")
        if feature.get("type") in _GEOMETRY_TYPES and "geometry" not in feature:
            # Some software lists geometries where features belong; what it says of them stands beside.
            beside = {key: value for key, value in feature.items() if key not in _GEOMETRY_MEMBERS}
            inside[index] = {"geometry": feature, "properties": feature.get("properties") or beside}
    return inside


def simple_geometries(
    geometry: object, index: int, *, where: str, drawn_by: str = "coordinates"
) -> tuple[list[Any], int]:
    """Return the polygons in a geometry, each as its coordinates or arcs, and the number of points and lines."""
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
        elif kind == "MultiPolygon" and not all(isinstance(one, list) for one in inside):
            raise refused(index, "has a MultiPolygon with a part that is no list", where=where)
        else:
            polygons += [inside] if kind == "Polygon" else inside
    return polygons, others


def _read_topology(document: Mapping[str, Any], where: str) -> Features:
    """Return the features of a topology; one that names no layer gets its object's name as the property `layer`."""
    try:
        arcs = positions_of(document["arcs"], grid_of(document, where=where))
    except NO_POSITIONS as error:
        raise DataError("has arcs that are not lists of positions", where=where, cure=MEND) from error
    # The ones' complement of an index, which counts from the end, means the arc reversed.
    both = [*arcs, *(arc[::-1] for arc in reversed(arcs))]
    properties: list[Properties] = []
    drawn: list[Part] = []
    not_area: list[int] = []
    vertices = 0
    for index, (name, feature) in enumerate(_objects(document, where)):
        own = feature.get("properties") or {}
        if not isinstance(own, dict):
            raise refused(index, "has properties that are no object", where=where)
        properties.append({INNER: name, **own})
        polygons, others = simple_geometries(feature, index, where=where, drawn_by="arcs")
        not_area += [index] * others
        for polygon in polygons:
            drawn.append((index, polygon if isinstance(polygon, list) else [polygon]))
            for ring in drawn[-1][1]:
                if not isinstance(ring, list) or any(type(number) is not int for number in ring):
                    raise refused(index, "has arcs that are no lists of indices", where=where)
                for missing in (number for number in ring if not -len(arcs) <= number < len(arcs)):
                    fault, cure = f"uses arc {missing}, but there are {len(arcs)} arcs", "is the download complete?"
                    raise refused(index, fault, where=where, cure=cure)
                vertices += sum(len(both[number]) for number in ring)
    # An arc may be used any number of times: what is promised is counted before room is made for it.
    if vertices > limits()["max_vertices"]:
        raise too_many_vertices(vertices, where=where)
    parts: list[Part] = []
    for index, rings in drawn:
        stitched = [_stitched([both[number] for number in ring], index, where) for ring in rings]
        # Quantising leaves a line of the smallest rings. It has no area, and a hole outlives no outline.
        if stitched and len(stitched[0]) >= 4:
            parts.append((index, [ring for ring in stitched if len(ring) >= 4]))
    crs = declared_crs(document, where=where)
    built, points = build_polygons(parts, crs, where=where), np.array(not_area, dtype=np.intp)
    return Features(crs, tuple(properties), *built, points, document.get("synthetic") is True)


def _objects(document: Mapping[str, Any], where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name of the object and the geometry object of each feature."""
    objects = document.get("objects")
    if not isinstance(objects, dict) or (document.get("arcs") and not objects):
        raise DataError("is a topology without objects", where=where, cure="is the download complete?")
    for name, thing in objects.items():
        grouped = isinstance(thing, dict) and thing.get("type") == "GeometryCollection"
        inside = thing.get("geometries") if grouped else [thing]
        if not isinstance(inside, list):
            raise DataError(f"its object {name!r} is a collection without geometries", where=where, cure=MEND)
        if not all(isinstance(feature, dict | None) for feature in inside):
            raise DataError(f"its object {name!r} is no geometry", where=where, cure=MEND)
        yield from ((name, feature or {"type": None}) for feature in inside)


def _stitched(lines: list[NDArray[np.float64]], index: int, where: str) -> NDArray[np.float64]:
    """Return the positions of a ring, each of whose arcs starts with the position that the one before ends with."""
    if not lines or not all(map(len, lines)):
        raise refused(index, "has a ring without positions", where=where)
    ends = np.array([line[-1] for line in lines])
    following = np.array([line[0] for line in (*lines[1:], lines[0])])
    with np.errstate(invalid="ignore"):  # what is no finite number is named when polygons are made
        apart = (np.abs(ends - following) > 1e-9 + 1e-9 * np.abs(following)).any(axis=1)
    for x, y in ends[apart]:
        raise refused(index, f"has arcs that do not meet, at {x:.5f}, {y:.5f}", where=where)
    return np.concatenate([lines[0], *(line[1:] for line in lines[1:])])
