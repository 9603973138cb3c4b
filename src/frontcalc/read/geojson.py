"""GeoJSON (RFC 7946, and the older `crs` member) and TopoJSON, as publishers write and wrap them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import orjson

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import COMPLETE, DataError, naming
from frontcalc.geometry import Floats
from frontcalc.layers import INNER
from frontcalc.limits import refuse_too_many
from frontcalc.names import printable, some_of
from frontcalc.read.detection import RECORD_SEPARATOR, draws, refusal, refuse_truncated
from frontcalc.read.esri import is_esri, read_document
from frontcalc.read.features import Drawn, Features, Properties, build_features, refuse_misplaced
from frontcalc.read.rings import MEND, NO_POSITIONS, Part, grid_of, positions_of, refused

_DEEPEST_WRAPPER = 4  # as NZZ wraps its maps in "value", DeepState in "map"
_KEY_ENDS = re.compile(rb'"[ \t\r\n]*:')
_NO_NUMBER = re.compile(r"-?(NaN|Infinity|nan|inf)\b")  # as Python's json and others write what is no number
# Tuples, since what a file gives as a type may be no text, and could not be looked up in a set.
_NOT_AREA = ("Point", "MultiPoint", "LineString", "MultiLineString")
_GEOMETRY_TYPES = (*_NOT_AREA, "Polygon", "MultiPolygon", "GeometryCollection")
_GEOMETRY_MEMBERS = ("type", "coordinates", "geometries", "bbox", "crs", "properties")


def read_json(data: bytes, *, where: str) -> Features:
    """Return the features of a JSON document in any of the JSON formats, also in wrappers; it is parsed once."""
    document: Any = parse(data)
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        document = _unwrapped(document)
    if isinstance(document, dict) and document.get("type") == "Topology":
        return _read_topology(document)
    if isinstance(document, dict) and not isinstance(document.get("type"), str) and is_esri(document):
        return read_document(document, where=where)
    features, synthetic = _features(document), document.get("synthetic") is True
    crs = declared_crs(document) if "crs" in document else LONLAT
    return build_features(crs, _drawn(features, "coordinates"), synthetic=synthetic)


def read_sequence(data: bytes, *, where: str) -> Features:
    """Return the features of a GeoJSON text sequence (RFC 8142), whose records begin with 0x1E or are lines."""
    texts = data.split(RECORD_SEPARATOR if RECORD_SEPARATOR in data else b"\n")
    documents, features = list[Any](), list[dict[str, Any]]()
    for number, text in enumerate(filter(bytes.strip, texts), start=1):
        document = parse(text, part=f"record {number}")
        with naming(f"{where}, record {number}"):
            documents.append(_unwrapped(document))
            features += _features(documents[-1])
    systems = dict.fromkeys(map(declared_crs, documents))
    if len(systems) > 1:
        problem = f"its records differ in CRS: {', '.join(systems)}"
        raise DataError(problem, cure="convert all to longitude and latitude")
    crs, synthetic = next(iter(systems), LONLAT), any(document.get("synthetic") is True for document in documents)
    return build_features(crs, _drawn(features, "coordinates"), synthetic=synthetic)


def parse(data: bytes, *, part: str = "") -> object:
    """Return the JSON value of UTF-8 text without a byte order mark; `part` says which part of the file it is."""
    try:
        document = orjson.loads(data)
        _refuse_repeated(data, document)
        return document
    except orjson.JSONDecodeError as error:
        if other := refusal("", data):
            raise other from error
        lead, place = part and f"{part} ", f"line {error.lineno}, column {error.colno}"
        # Versions of orjson differ in what follows a comma, and in their words for depth.
        reason = "nested too deeply" if "depth" in error.msg else error.msg.partition(",")[0]
        problem, cure = f"{lead}is not valid JSON: {reason}, {place}", COMPLETE
        if match := _NO_NUMBER.match(error.doc, error.pos):
            problem = f"{lead}has {match[1]}, which is no JSON, at {place}"
            cure = "write null in its place, in coordinates a number"
        try:
            data.decode()
        except UnicodeDecodeError as undecoded:
            problem, cure = f"{lead}is not UTF-8 text, at byte {undecoded.start + 1:,}", "save it as UTF-8"
        raise DataError(problem, cure=cure) from error


def _refuse_repeated(data: bytes, document: object) -> None:
    """Refuse a JSON text that writes more keys than its value has, by the first that an object has twice.

    A quote that a colon follows ends a key, unless it is escaped. Lists that begin with a number hold no keys.
    """
    held, waiting = 0, [document]
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

    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in data else data
    # There are no more keys than colons, which are quickly counted.
    if data.count(b":") > held and sum(1 for _ in _KEY_ENDS.finditer(plain)) > held:
        try:
            json.loads(data, object_pairs_hook=once)
        except (ValueError, RecursionError):  # a number of five thousand digits, or nesting as deep as is read
            twice.append("…")
    if twice:
        problem = f"has the key {printable(twice[0][:40])!r} twice in one object"
        raise DataError(problem, cure="keep the one that is meant")


def _unwrapped(document: object) -> object:
    """Return the map that is alone in objects or lists around it; features in a list or without a type are one."""
    for _ in range(_DEEPEST_WRAPPER):
        if isinstance(document, list):
            if document and all(isinstance(one, dict) and one.get("type") == "Feature" for one in document):
                return {"type": "FeatureCollection", "features": document}
            inside = [(f"item {number}", one) for number, one in enumerate(document, start=1)]
        elif not isinstance(document, dict) or isinstance(document.get("type"), str) or is_esri(document):
            break
        else:
            refuse_truncated(document)
            if isinstance(document.get("features"), list):
                return {**document, "type": "FeatureCollection"}
            inside = list(document.items())
        drawn = [(name, one) for name, one in inside if draws(one)]
        if len(drawn) > 1:
            problem = f"holds {len(drawn):,} things that may be maps: {printable(some_of([name for name, _ in drawn]))}"
            raise DataError(problem, cure="save the one that is meant in a file of its own")
        if not drawn:
            break
        document = drawn[0][1]
    return document


def declared_crs(document: Mapping[str, Any]) -> str:
    """Return the CRS of the `crs` member of GeoJSON before RFC 7946, else longitude and latitude on WGS 84."""
    if document.get("crs") is None:
        return LONLAT
    try:
        name = document["crs"]["properties"]["name"]
    except (TypeError, KeyError) as error:
        cure = "name an EPSG code or remove it"
        raise DataError("its crs member names no CRS", cure=cure, code="CRS-UNKNOWN") from error
    return source_crs(str(name))


def _features(document: Any) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON object; a bare geometry, also in a collection, is one."""
    kind = document.get("type") if isinstance(document, dict) else None
    if kind in _GEOMETRY_TYPES:
        return [{"geometry": document}]
    if kind not in ("FeatureCollection", "Feature"):
        problem = f"has type {kind!r}, which is no GeoJSON"
        problem = problem if isinstance(kind, str) else "holds JSON but no GeoJSON object with a «type»"
        other = refusal("", f'{{"type":"{kind}"'.encode())
        raise other or DataError(problem, cure="give a FeatureCollection of polygons")
    refuse_truncated(document)
    inside = [document] if kind == "Feature" else document.get("features")
    if inside == [] and (drawn := [key for key, value in document.items() if draws(value)]):
        problem = f"is a FeatureCollection without features, but with a map in {printable(drawn[0])!r}"
        raise DataError(problem, cure="give a FeatureCollection of polygons")
    if not isinstance(inside, list):
        raise DataError("is a FeatureCollection without a list of features", cure=MEND)
    for index, feature in enumerate(inside):
        if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
            raise refused(index, "is no GeoJSON feature")
        if "features" in feature:
            raise refused(index, "is a collection of features", cure="join them in one")
        if feature.get("type") in _GEOMETRY_TYPES and "geometry" not in feature:
            # Some software lists geometries where features belong; what it says of them stands beside.
            beside = {key: value for key, value in feature.items() if key not in _GEOMETRY_MEMBERS}
            inside[index] = {"geometry": feature, "properties": feature.get("properties") or beside}
    return inside


def _drawn(features: Iterable[Mapping[str, Any]], by: str) -> Drawn:
    """Return what features draw `by` coordinates or arcs."""
    properties, parts, points = list[Properties](), list[Part](), list[int]()
    for index, feature in enumerate(features):
        properties.append(feature.get("properties") or {})
        if not isinstance(properties[-1], dict):
            raise refused(index, "has properties that are no object")
        waiting = [feature.get("geometry")]
        if waiting == [None]:
            refuse_misplaced(feature, index)
        while waiting:
            current = waiting.pop()
            # Publishers of TopoJSON write a null geometry as {"type": null}, so that it can keep its properties.
            if current is None or (by == "arcs" and isinstance(current, dict) and current.get("type", "") is None):
                continue
            kind = current.get("type") if isinstance(current, dict) else None
            if not isinstance(current, dict) or kind not in _GEOMETRY_TYPES:
                raise refused(index, "has a geometry of no known type")
            inside = current.get("geometries" if kind == "GeometryCollection" else by)
            if by == "arcs" and kind in _NOT_AREA:
                points.append(index)
            elif not isinstance(inside, list):
                raise refused(index, f"has a {kind} without {by}")
            elif kind == "GeometryCollection":
                waiting.extend(reversed(inside))
            elif kind in _NOT_AREA:
                points += [index] * bool(inside)
            else:
                drawn = [inside] if kind == "Polygon" else inside
                parts += [(index, one if isinstance(one, list) else [one]) for one in drawn if one != []]
    return properties, parts, points


def _read_topology(document: Mapping[str, Any]) -> Features:
    """Return the features of a topology; one that names no layer gets its object's name as the property `layer`."""
    # https://github.com/topojson/topojson-specification
    try:
        arcs = positions_of(document["arcs"], grid_of(document))
    except NO_POSITIONS as error:
        raise DataError("has arcs that are not lists of positions", cure=MEND) from error
    # The ones' complement of an index, which counts from the end, means the arc reversed.
    both = [*arcs, *(arc[::-1] for arc in reversed(arcs))]
    objects = document.get("objects")
    if not isinstance(objects, dict) or (document.get("arcs") and not objects):
        raise DataError("is a topology without objects", cure=COMPLETE)
    features: list[tuple[str, dict[str, Any]]] = []
    for name, thing in objects.items():
        grouped = isinstance(thing, dict) and thing.get("type") == "GeometryCollection"
        inside = thing.get("geometries") if grouped else [thing]
        if not isinstance(inside, list):
            raise DataError(f"its object {name!r} is a collection without geometries", cure=MEND)
        if not all(isinstance(one, dict | None) for one in inside):
            raise DataError(f"its object {name!r} is no geometry", cure=MEND)
        features += [(name, one or {"type": None}) for one in inside]
    rows, drawn, points = _drawn([{**one, "geometry": one} for _, one in features], "arcs")
    properties = [{INNER: name, **own} for (name, _), own in zip(features, rows, strict=True)]
    vertices = 0
    for index, ring in ((index, ring) for index, polygon in drawn for ring in polygon):
        if not isinstance(ring, list) or any(type(number) is not int for number in ring):
            raise refused(index, "has arcs that are no lists of indices")
        for missing in (number for number in ring if not -len(arcs) <= number < len(arcs)):
            raise refused(index, f"uses arc {missing}, but there are {len(arcs)} arcs", cure=COMPLETE)
        vertices += sum(len(both[number]) for number in ring)
    # An arc may be used any number of times: what is promised is counted before room is made for it.
    refuse_too_many(vertices)
    stitched = [(index, [_stitched([both[at] for at in ring], index) for ring in polygon]) for index, polygon in drawn]
    # Quantising leaves a line of the smallest rings. It has no area, and a hole outlives no outline.
    parts = [(index, [ring for ring in rings if len(ring) >= 4]) for index, rings in stitched if len(rings[0]) >= 4]
    synthetic = document.get("synthetic") is True
    return build_features(declared_crs(document), (properties, parts, points), synthetic=synthetic)


def _stitched(lines: list[Floats], index: int) -> Floats:
    """Return the positions of a ring, each of whose arcs starts with the position that the one before ends with."""
    if not lines or not all(map(len, lines)):
        raise refused(index, "has a ring without positions")
    ends = np.array([line[-1] for line in lines])
    following = np.array([line[0] for line in (*lines[1:], lines[0])])
    with np.errstate(invalid="ignore"):  # what is no finite number is named when polygons are made
        apart = (np.abs(ends - following) > 1e-9 + 1e-9 * np.abs(following)).any(axis=1)
    for x, y in ends[apart]:
        raise refused(index, f"has arcs that do not meet, at {x:.5f}, {y:.5f}")
    return np.concatenate([lines[0], *(line[1:] for line in lines[1:])])
