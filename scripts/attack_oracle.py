"""Which polygons there are, by the letter of RFC 7946, TopoJSON 1.0 and KML 2.2: what `attack` holds our readers to.

Shares no code with them: Python's own parsers, and the area by an integral along edges without a projection.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np
import shapely

LENIENT = {
    "byte order mark": "passed over",
    "wrapper": "the one map inside keys or lists that have no type",
    "records": "all features of a line or record each",
    "no type": "a feature is what stands in a list of features and has a geometry",
    "bare geometry": "one that is listed where features belong is one",
    "no geometry": "nothing is drawn by a feature without the member, or a topology's of type null",
    "no properties": "false, 0, an empty text or list are none",
    "open ring": "closed",
    "third value": "whatever a position has after two numbers is passed over",
    "crs": "the member that RFC 7946 removed, where it names degrees or Web Mercator",
    "crossing": "what the rings enclose, less what the holes do, however they cross",
    "direction": "of a clockwise first ring that others do not fit: clockwise rings beside it are ground",
    "collapsed": "a ring that its grid made a line has no area",
    "arcs apart": "arcs meet within a billionth",
    "blanks": "before XML's first mark, and around commas",
    "namespace": "KML without its namespace, or in another",
    "several holes": "in one innerBoundaryIs",
}
"""What frontcalc reads though a rule forbids it, and the figure that it must have then."""

Ring = list[tuple[float, float]]
Rings = list[Ring]

_EARTH, _FLATTENING = 6_378_137.0, 1 / 298.257223563  # WGS 84
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_ALONG = np.linspace(0, 1, 65)[:-1, None]  # an edge that is straight in Mercator is none in degrees
_DEGREES = ("EPSG:4326", "urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84")
_NOT_AREA = ("Point", "MultiPoint", "LineString", "MultiLineString")
_GEOMETRIES = (*_NOT_AREA, "Polygon", "MultiPolygon", "GeometryCollection")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_POSITION = re.compile(rf"({_NUMBER}),({_NUMBER})(?:,(?:{_NUMBER})?)?", re.ASCII)


class NoMap(Exception):  # noqa: N818 - an answer, as any
    """What the rule does not allow, and no leniency has a figure for."""


def figure(data: bytes) -> tuple[float, set[str]]:
    """Return the area of what is drawn (km²), and the leniencies that it takes; NoMap where there is no figure."""
    said: set[str] = set()
    try:
        with np.errstate(all="ignore"):
          shapes = list(_kml(data, said) if b"<" in data.lstrip()[:4] else _json(data, said))
          return ground_km2(shapely.union_all(shapes)), said
    except (TypeError, KeyError, ValueError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise NoMap(f"{type(error).__name__}: {error}") from error
    except (ElementTree.ParseError, shapely.GEOSException) as error:
        raise NoMap(str(error)) from error


def ground_km2(shape: shapely.Geometry) -> float:
    """Return the area of a valid shape whose edges are straight in degrees, on the ellipsoid: ∮ A(φ) dλ."""
    e = math.sqrt(_FLATTENING * (2 - _FLATTENING))
    total = 0.0
    for polygon in shapely.get_parts(shape):
        for ring in [] if polygon.geom_type != "Polygon" else shapely.get_rings(shapely.orient_polygons(polygon)):
            x, y = np.radians(shapely.get_coordinates(ring)).T
            sine = np.sin(y[:-1, None] + np.diff(y)[:, None] * (_NODES + 1) / 2)
            zone = (1 - e * e) / 2 * (sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e)
            total -= float((zone @ _WEIGHTS / 2) @ np.diff(x))
    return total * _EARTH**2 / 1e6


def shape_of(rings: Rings, said: set[str], *, directed: bool = True, metres: bool = False) -> shapely.Geometry:
    """Return the ground of a polygon: its first ring less the others, or what a leniency makes of it."""
    if metres:
        rings = [_in_degrees(np.array(ring)) for ring in rings]
    whole = shapely.Polygon(rings[0], rings[1:])
    if whole.is_valid:
        return whole
    first, *others = (shapely.make_valid(shapely.Polygon(ring), method="structure") for ring in rings)
    clockwise = [turn(ring) <= 0 for ring in rings[1:]]
    said.add("crossing")
    if not directed or turn(rings[0]) > 0:
        if any(0 < other.area > 2 * first.intersection(other).area for other in others):
            raise NoMap("a hole outside its outline")
        return first.difference(shapely.union_all(others))
    for other, outer in sorted(zip(others, clockwise, strict=True), key=lambda one: -one[0].area):
        if outer and other.area > 2 * first.intersection(other).area:
            said.add("direction")
            first = first.union(other)
        else:
            first = first.difference(other)
    return first


def turn(ring: Any) -> float:
    """Return what a ring encloses, counted negative where it does so clockwise (square degrees)."""
    x, y = np.array([position[:2] for position in ring], dtype=float).T
    return float(np.sum((x - x[0]) * (np.roll(y, -1) - y[0]) - (np.roll(x, -1) - x[0]) * (y - y[0]))) / 2


def _in_degrees(xy: np.ndarray[Any, Any]) -> Ring:
    """Return a ring in Web Mercator as one in degrees, its edges split."""
    pieces = (xy[:-1, None] + _ALONG * np.diff(xy, axis=0)[:, None]).reshape(-1, 2)
    x, y = np.vstack([pieces, xy[:1]]).T / _EARTH
    return [(float(a), float(b)) for a, b in np.degrees(np.stack([x, np.arctan(np.sinh(y))], axis=1))]


def _ring(positions: Any, said: set[str]) -> Ring:
    """Return a ring of at least three places, closed."""
    found: Ring = []
    for position in _listed(positions):
        if len(_listed(position)) < 2 or any(type(value) not in (int, float) for value in position[:2]):
            raise NoMap("a position that is no two numbers")
        if not all(math.isfinite(value) for value in position[:2]):
            raise NoMap("a number without end")
        if len(position) > 3 or any(type(value) not in (int, float) for value in position[2:]):
            said.add("third value")
        found.append((float(position[0]), float(position[1])))
    if found[0] != found[-1]:
        said.add("open ring")
        found.append(found[0])
    if len(found) < 4:
        raise NoMap("a ring of too few positions")
    return found


def _listed(value: Any) -> list[Any]:
    """Return what must be a list."""
    if not isinstance(value, list):
        raise NoMap(f"{type(value).__name__} in place of a list")
    return value


# --- GeoJSON and TopoJSON ----------------------------------------------------------------------------------------


def _json(data: bytes, said: set[str]) -> Iterator[shapely.Geometry]:
    """Yield the shapes of JSON, in a wrapper, in lines or in records too."""
    if data.startswith(b"\xef\xbb\xbf"):
        said.add("byte order mark")
    text = data.decode("utf-8-sig")
    try:
        values = [_parsed(text)]
    except ValueError:
        pieces = [one for one in text.split("\x1e" if "\x1e" in text else "\n") if one.strip()]
        said.add("records")
        values = [_parsed(one) for one in pieces]
    for value in values:
        document = _unwrapped(value, said)
        if document["type"] == "Topology":
            yield from _topology(document, said)
        else:
            yield from _geojson(document, said)


def _parsed(text: str) -> Any:
    """Return the value of a JSON text without repeated keys or numbers that are none."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return an object each of whose keys stands once."""
        if len(dict(pairs)) < len(pairs):
            raise NoMap("a key that is there twice")
        return dict(pairs)

    def none(name: str) -> None:
        """Refuse NaN and Infinity."""
        raise NoMap(name)

    return json.loads(text, object_pairs_hook=once, parse_constant=none)


def _unwrapped(value: Any, said: set[str]) -> dict[str, Any]:
    """Return the one map that a value is or holds."""
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        return value
    said.add("wrapper")
    if isinstance(value, dict) and isinstance(value.get("features"), list):
        return {**value, "type": "FeatureCollection"}
    if isinstance(value, list) and value and all(isinstance(one, dict) and one.get("type") == "Feature" for one in value):
        return {"type": "FeatureCollection", "features": value}
    held = [one for one in (value if isinstance(value, list) else value.values()) if _draws(one)]
    if len(held) != 1:
        raise NoMap(f"{len(held)} maps")
    return _unwrapped(held[0], said)


def _draws(value: Any) -> bool:
    """Say whether anything drawn is in a value."""
    if isinstance(value, list):
        return any(map(_draws, value))
    if not isinstance(value, dict):
        return False
    kinds = ("FeatureCollection", "Feature", "Topology", *_GEOMETRIES)
    return value.get("type") in kinds or "features" in value or any(map(_draws, value.values()))


def _geojson(document: dict[str, Any], said: set[str]) -> Iterator[shapely.Geometry]:
    """Yield the shapes of a GeoJSON object."""
    metres, kind = _is_mercator(document, said), document["type"]
    if kind in _GEOMETRIES:
        features = [{"type": "Feature", "properties": {}, "geometry": document}]
    elif kind == "Feature":
        features = [document]
    elif kind == "FeatureCollection":
        features = _listed(document["features"])
    else:
        raise NoMap(f"type {kind!r}")
    for feature in features:
        if feature.get("type") in _GEOMETRIES and "geometry" not in feature:
            said.add("bare geometry")
            feature = {"type": "Feature", "properties": {}, "geometry": feature}  # noqa: PLW2901
        _feature(feature, said)
        for rings in _polygons(feature.get("geometry"), said):
            yield shape_of([_ring(ring, said) for ring in rings], said, metres=metres)


def _feature(feature: dict[str, Any], said: set[str]) -> None:
    """Hold what is required of a feature beside its geometry."""
    if feature.get("type") != "Feature":
        said.add("no type")
    if "features" in feature:
        raise NoMap("features in a feature")
    if "geometry" not in feature:
        said.add("no geometry")
    if not isinstance(feature.get("properties"), dict):
        if feature.get("properties"):
            raise NoMap("properties that are no object")
        said.add("no properties")


def _is_mercator(document: dict[str, Any], said: set[str]) -> bool:
    """Say whether a document declares Web Mercator."""
    if document.get("crs") is None:
        return False
    said.add("crs")
    name = document["crs"]["properties"]["name"]
    if name not in (*_DEGREES, "EPSG:3857"):
        raise NoMap(f"crs {name!r}")
    return bool(name == "EPSG:3857")


def _polygons(geometry: Any, said: set[str], drawn: str = "coordinates") -> Iterator[list[Any]]:
    """Yield the polygons of a geometry as their rings, positions or arcs."""
    if geometry is None:
        return
    kind = geometry.get("type")
    if kind is None and drawn == "arcs":
        said.add("no geometry")
    elif kind == "GeometryCollection":
        for one in _listed(geometry["geometries"]):
            yield from _polygons(one, said, drawn)
    elif kind == "MultiPolygon":
        yield from (rings for rings in map(_listed, _listed(geometry[drawn])) if rings)
    elif kind == "Polygon":
        yield from [rings for rings in [_listed(geometry[drawn])] if rings]
    elif kind not in _NOT_AREA:
        raise NoMap(f"geometry {kind!r}")


def _topology(document: dict[str, Any], said: set[str]) -> Iterator[shapely.Geometry]:
    """Yield the shapes of a topology."""
    grid, metres = document.get("transform"), _is_mercator(document, said)
    arcs = [_arc(_listed(arc), grid, said) for arc in _listed(document["arcs"])]
    for thing in document["objects"].values():
        for polygon in _polygons(thing, said, "arcs"):
            rings = [_stitched([_taken(arcs, number) for number in _listed(ring)], said) for ring in polygon]
            kept = [ring for ring in rings if len(ring) > 3]
            said |= {"collapsed"} if len(kept) < len(rings) else set()
            if len(rings[0]) > 3:
                yield shape_of([_ring(ring, said) for ring in kept], said, metres=metres)


def _arc(arc: list[Any], grid: Any, said: set[str]) -> list[list[float]]:
    """Return the positions of an arc, off its grid."""
    pairs = [position[:2] for position in map(_listed, arc)]
    values = [value for pair in pairs for value in pair]
    if any(type(value) not in (int, float) for value in values) or any(len(pair) < 2 for pair in pairs):
        raise NoMap("a position that is no two numbers")
    if any(len(position) > 2 for position in arc):
        said.add("third value")
    if grid is None:
        return pairs
    numbers = [*_listed(grid["scale"]), *_listed(grid["translate"])]
    if len(numbers) != 4 or any(type(one) not in (int, float) for one in numbers) or not all(numbers[:2]):
        raise NoMap("a transform of other things than four numbers")
    steps = np.cumsum(np.array(pairs, dtype=float).reshape(-1, 2), axis=0)
    return (steps * numbers[:2] + numbers[2:]).tolist()  # type: ignore[no-any-return]


def _taken(arcs: list[list[list[float]]], number: Any) -> list[list[float]]:
    """Return an arc by its index, turned where that is a ones' complement."""
    if type(number) is not int:
        raise NoMap("an index that is no number")
    return arcs[number] if number >= 0 else arcs[~number][::-1]


def _stitched(arcs: list[list[list[float]]], said: set[str]) -> list[list[float]]:
    """Return the positions of a ring of arcs."""
    ring = list(arcs[0])
    for arc in [*arcs[1:], [ring[0]]]:
        if arc[0] != ring[-1]:
            said.add("arcs apart")
            if max(abs(a - b) / (1 + abs(b)) for a, b in zip(ring[-1], arc[0], strict=True)) > 1e-9:
                raise NoMap("arcs that do not meet")
        ring += arc[1:]
    return [*ring[:-1], ring[0]]


# --- KML ---------------------------------------------------------------------------------------------------------


def _kml(data: bytes, said: set[str]) -> Iterator[shapely.Geometry]:
    """Yield the shapes of KML."""
    if b"<!DOCTYPE" in data:
        raise NoMap("a document type")
    said |= {"blanks"} if data != data.lstrip() else set()
    waiting = [(ElementTree.fromstring(data.lstrip()), "")]  # noqa: S314 - without a type there are no entities
    while waiting:
        element, around = waiting.pop()
        space, _, tag = element.tag.rpartition("}")
        said |= set() if space == "{http://www.opengis.net/kml/2.2" else {"namespace"}
        if not around and tag != "kml":
            raise NoMap(f"root {tag!r}")
        if tag == "Placemark" and around not in ("kml", "Document", "Folder"):
            raise NoMap(f"a placemark in {around}")
        if tag == "NetworkLink" and any(one.tag.endswith("href") for one in element.iter()):
            raise NoMap("a link")
        if tag == "Polygon":
            if around not in ("Placemark", "MultiGeometry"):
                raise NoMap(f"a polygon in {around}")
            yield from _kml_polygon(element, said)
        else:
            waiting += [(one, tag) for one in element]


def _kml_polygon(element: ElementTree.Element, said: set[str]) -> Iterator[shapely.Geometry]:
    """Yield the shape of a polygon, none where nothing is drawn."""
    sides: dict[str, Rings] = {"outerBoundaryIs": [], "innerBoundaryIs": []}
    for boundary in (one for one in element if one.tag.rpartition("}")[2] in sides):
        rings = [one for one in boundary if one.tag.rpartition("}")[2] == "LinearRing"]
        said |= {"several holes"} if len(rings) > 1 else set()
        for ring in rings:
            (drawn,) = (one for one in ring if one.tag.rpartition("}")[2] == "coordinates")
            if len(drawn):
                raise NoMap("an element in coordinates")
            text = re.sub(r"\s*,\s*", ",", drawn.text or "")
            said |= {"blanks"} if text != (drawn.text or "") else set()
            found = [_POSITION.fullmatch(one) for one in text.split()]
            positions = [[float(one[1]), float(one[2])] if one else None for one in found]
            sides[boundary.tag.rpartition("}")[2]].append(_ring(positions, said) if positions else [])
    (outer,) = sides["outerBoundaryIs"]
    if outer:
        yield shape_of([outer, *filter(None, sides["innerBoundaryIs"])], said, directed=False)


def names() -> Iterable[str]:
    """Return the leniencies by name."""
    return LENIENT
