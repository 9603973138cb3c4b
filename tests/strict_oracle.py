"""Which polygons there are, by the letter of RFC 7946, TopoJSON 1.0 and KML 2.2: what `attack` holds our readers to.

Shares no code with them: Python's own parsers, and the area by an integral along edges without a projection.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any
from xml.etree import ElementTree

import numpy as np
import shapely

LENIENT = {
    "byte order mark": "passed over",
    "wrapper": "the one map inside keys or lists that have no type",
    "records": "all features of a line or record each",
    "no type": "a feature is what stands in a list of features and is an object",
    "bare geometry": "one that is listed where features belong is one",
    "no geometry": "nothing is drawn by a feature without the member, or a topology's of type null",
    "no properties": "false, 0, an empty text or list are none",
    "open ring": "closed",
    "third value": "whatever a position has after two numbers is passed over",
    "crs": "the member that RFC 7946 removed, where it names degrees or Web Mercator",
    "crossing": "what the first ring encloses, less what the others do, however they cross",
    "direction": "of a clockwise first ring that others do not fit: clockwise rings beside it are ground",
    "collapsed": "a ring that its grid made a line has no area",
    "arcs apart": "arcs meet within a billionth",
    "blanks": "before XML's first mark, and around commas",
    "namespace": "KML without its namespace, or in another",
    "several holes": "in one innerBoundaryIs",
}
"""What frontcalc reads though a rule forbids it, and the figure that it must have then."""

_EARTH, _FLATTENING = 6_378_137.0, 1 / 298.257223563  # WGS 84
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_ALONG = np.linspace(0, 1, 65)[:-1, None]  # an edge that is straight in Mercator is none in degrees
_SYSTEMS = {"EPSG:4326": False, "urn:ogc:def:crs:OGC:1.3:CRS84": False, "OGC:CRS84": False, "EPSG:3857": True}
_GEOMETRIES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")
_DRAWN = ("FeatureCollection", "Feature", "Topology", *_GEOMETRIES)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_POSITION = re.compile(rf"({_NUMBER}),({_NUMBER})(?:,(?:{_NUMBER})?)?", re.ASCII)


class NoMap(Exception):  # noqa: N818 - an answer, as any
    """What the rule does not allow, and no leniency has a figure for."""


def figure(data: bytes) -> tuple[float, set[str]]:
    """Return the area of what is drawn (km²), and the leniencies that it takes; NoMap where there is no figure."""
    said: set[str] = set()
    try:
        with np.errstate(all="ignore"):
            shapes = list((_kml if b"<" in data.lstrip()[:8] else _json)(data, said))
            return ground_km2(shapely.union_all(shapes)), said
    except (TypeError, KeyError, ValueError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise NoMap(f"{type(error).__name__}: {error}") from error
    except (ElementTree.ParseError, shapely.GEOSException) as error:
        raise NoMap(str(error)) from error


def ground_km2(shape: shapely.Geometry) -> float:
    """Return the area of a valid shape whose edges are straight in degrees, on the ellipsoid: ∮ A(φ) dλ."""
    e = math.sqrt(_FLATTENING * (2 - _FLATTENING))
    total = 0.0
    for polygon in (part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"):
        for ring in shapely.get_rings(shapely.orient_polygons(polygon)):
            x, y = np.radians(shapely.get_coordinates(ring)).T
            sine = np.sin(y[:-1, None] + np.diff(y)[:, None] * (_NODES + 1) / 2)
            zone = (1 - e * e) / 2 * (sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e)
            total -= float((zone @ _WEIGHTS / 2) @ np.diff(x))
    return total * _EARTH**2 / 1e6


def turn(ring: Any) -> float:
    """Return what a ring encloses, counted negative where it does so clockwise (square degrees)."""
    x, y = np.array([position[:2] for position in ring], dtype=float).T
    x, y = x - x[0], y - y[0]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def _shape(rings: list[Any], said: set[str], *, directed: bool = True, metres: bool = False) -> shapely.Geometry:
    """Return the ground of a polygon: its first ring less the others, or what a leniency makes of it."""
    rings = [_ring(ring, said) for ring in rings]
    if metres:
        rings = [_in_degrees(np.array(ring)) for ring in rings]
    whole = shapely.Polygon(rings[0], rings[1:])
    if whole.is_valid:
        return whole
    said.add("crossing")
    first, *others = (shapely.make_valid(shapely.Polygon(ring), method="structure") for ring in rings)
    if not directed or turn(rings[0]) > 0:
        if any(0 < other.area > 2 * first.intersection(other).area for other in others):
            raise NoMap("a hole outside its outline")
        return first.difference(shapely.union_all(others))
    turns = [turn(ring) <= 0 for ring in rings[1:]]
    for other, clockwise in sorted(zip(others, turns, strict=True), key=lambda one: -one[0].area):
        beside = clockwise and other.area > 2 * first.intersection(other).area
        said |= {"direction"} if beside else set()
        first = first.union(other) if beside else first.difference(other)
    return first


def _in_degrees(xy: np.ndarray[Any, Any]) -> Any:
    """Return a ring in Web Mercator as one in degrees, its edges split."""
    pieces = (xy[:-1, None] + _ALONG * np.diff(xy, axis=0)[:, None]).reshape(-1, 2)
    x, y = np.vstack([pieces, xy[:1]]).T / _EARTH
    return np.degrees(np.stack([x, np.arctan(np.sinh(y))], axis=1))


def _ring(positions: Any, said: set[str]) -> list[list[float]]:
    """Return a ring of at least three places, closed."""
    found = [_position(position, said) for position in _list(positions)]
    if found[0] != found[-1]:
        said.add("open ring")
        found.append(found[0])
    if len(found) < 4:
        raise NoMap("a ring of too few positions")
    return found


def _position(position: Any, said: set[str]) -> list[float]:
    """Return the two numbers of a position."""
    x, y, *more = _list(position)
    if type(x) not in (int, float) or type(y) not in (int, float) or not (math.isfinite(x) and math.isfinite(y)):
        raise NoMap("a position that is no two numbers")
    said |= {"third value"} if more and (len(more) > 1 or type(more[0]) not in (int, float)) else set()
    return [float(x), float(y)]


def _list(value: Any) -> list[Any]:
    """Return what must be a list."""
    if not isinstance(value, list):
        raise NoMap(f"{type(value).__name__} in place of a list")
    return value


def _json(data: bytes, said: set[str]) -> Iterator[shapely.Geometry]:
    """Yield the shapes of JSON, in a wrapper, in lines or in records too."""
    said |= {"byte order mark"} if data.startswith(b"\xef\xbb\xbf") else set()
    text = data.decode("utf-8-sig")
    try:
        values = [_parsed(text)]
    except ValueError:
        said.add("records")
        values = [_parsed(one) for one in text.split("\x1e" if "\x1e" in text else "\n") if one.strip()]
    for value in values:
        document = _unwrapped(value, said)
        metres = _is_mercator(document, said)
        for rings in (_topology if document["type"] == "Topology" else _geojson)(document, said):
            yield _shape(rings, said, metres=metres)


def _parsed(text: str) -> Any:
    """Return the value of a JSON text without repeated keys or numbers that are none."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise NoMap("a key that is there twice")
        return dict(pairs)

    def none(name: str) -> None:
        raise NoMap(name)

    return json.loads(text, object_pairs_hook=once, parse_constant=none)


def _unwrapped(value: Any, said: set[str]) -> dict[str, Any]:
    """Return the one map that a value is or holds."""
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        return value
    said.add("wrapper")
    if isinstance(value, dict) and isinstance(value.get("features"), list):
        return {**value, "type": "FeatureCollection"}
    if (
        isinstance(value, list)
        and value
        and all(isinstance(one, dict) and one.get("type") == "Feature" for one in value)
    ):
        return {"type": "FeatureCollection", "features": value}
    held = [one for one in (value if isinstance(value, list) else value.values()) if _draws(one)]
    if len(held) != 1:
        raise NoMap(f"{len(held)} maps")
    return _unwrapped(held[0], said)


def _draws(value: Any) -> bool:
    """Say whether anything drawn is in a value."""
    if isinstance(value, list):
        return any(map(_draws, value))
    drawn = isinstance(value, dict) and (value.get("type") in _DRAWN or "features" in value)
    return drawn or (isinstance(value, dict) and any(map(_draws, value.values())))


def _is_mercator(document: dict[str, Any], said: set[str]) -> bool:
    """Say whether a document declares Web Mercator."""
    if document.get("crs") is None:
        return False
    said.add("crs")
    return _SYSTEMS[document["crs"]["properties"]["name"]]


def _geojson(document: dict[str, Any], said: set[str]) -> Iterator[list[Any]]:
    """Yield the polygons of a GeoJSON object, as lists of rings."""
    kind = document["type"]
    if kind not in _DRAWN:
        raise NoMap(f"type {kind!r}")
    for feature in _list(document["features"]) if kind == "FeatureCollection" else [document]:
        geometry = feature.get("geometry")
        if feature.get("type") in _GEOMETRIES and "geometry" not in feature:
            said |= {"bare geometry"} if feature is not document else set()
            geometry = feature
        elif "features" in feature or (feature.get("properties") and not isinstance(feature["properties"], dict)):
            raise NoMap("a feature that is none")
        said |= {"no type"} if feature.get("type") != "Feature" and geometry is not feature else set()
        said |= set() if isinstance(feature.get("properties"), dict) else {"no properties"}
        said |= set() if geometry is feature or "geometry" in feature else {"no geometry"}
        yield from _polygons(geometry, said)


def _polygons(geometry: Any, said: set[str], drawn: str = "coordinates") -> Iterator[list[Any]]:
    """Yield the polygons of a geometry as their rings, of positions or arcs."""
    kind = None if geometry is None else geometry.get("type")
    if kind == "GeometryCollection":
        yield from chain.from_iterable(_polygons(one, said, drawn) for one in _list(geometry["geometries"]))
    elif kind in ("Polygon", "MultiPolygon"):
        inside = _list(geometry[drawn])
        yield from filter(None, map(_list, inside if kind == "MultiPolygon" else [inside]))
    elif geometry is not None and kind not in _GEOMETRIES and (kind or drawn != "arcs"):
        raise NoMap(f"geometry {kind!r}")
    said |= {"no geometry"} if geometry is not None and kind is None else set()


def _topology(document: dict[str, Any], said: set[str]) -> Iterator[list[Any]]:
    """Yield the polygons of a topology, as lists of rings."""
    grid = document.get("transform")
    arcs = [[_position(one, said) for one in _list(arc)] for arc in _list(document["arcs"])]
    if grid is not None:
        scale, move = (_position(_list(grid[name]), said) for name in ("scale", "translate"))
        if not all(scale) or len(grid["scale"]) + len(grid["translate"]) > 4:
            raise NoMap("a transform of other things than four numbers")
        arcs = [(np.cumsum(np.reshape(arc, (-1, 2)), axis=0) * scale + move).tolist() for arc in arcs]
    for polygon in chain.from_iterable(_polygons(thing, said, "arcs") for thing in document["objects"].values()):
        rings = [_stitched([_taken(arcs, number) for number in _list(ring)], said) for ring in polygon]
        kept = [ring for ring in rings if len(ring) > 3]
        said |= {"collapsed"} if len(kept) < len(rings) else set()
        if len(rings[0]) > 3:
            yield kept


def _taken(arcs: list[list[list[float]]], number: Any) -> list[list[float]]:
    """Return an arc by its index, turned where that is a ones' complement."""
    if type(number) is not int:
        raise NoMap("an index that is no number")
    return arcs[number] if number >= 0 else arcs[~number][::-1]


def _stitched(arcs: list[list[list[float]]], said: set[str]) -> list[list[float]]:
    """Return the positions of a ring of arcs."""
    ring = list(arcs[0])
    for arc in [*arcs[1:], [ring[0]]]:
        said |= {"arcs apart"} if arc[0] != ring[-1] else set()
        if max(abs(a - b) / (1 + abs(b)) for a, b in zip(ring[-1], arc[0], strict=True)) > 1e-9:
            raise NoMap("arcs that do not meet")
        ring += arc[1:]
    return [*ring[:-1], ring[0]]


def _kml(data: bytes, said: set[str]) -> Iterator[shapely.Geometry]:
    """Yield the shapes of KML."""
    if b"<!DOCTYPE" in data:
        raise NoMap("a document type")
    said |= {"blanks"} if data != data.lstrip() else set()
    # One mark of the order of bytes may be before another, or before text in UTF-16.
    while re.match(rb"(\xef\xbb\xbf|\xff\xfe|\xfe\xff)(\xff\xfe|\xfe\xff|\0)", data):
        said.add("byte order mark")
        data = data[3 if data.startswith(b"\xef") else 2 :]
    waiting = [(ElementTree.fromstring(data.lstrip()), "")]
    while waiting:
        element, around = waiting.pop()
        space, _, tag = element.tag.rpartition("}")
        said |= set() if space == "{http://www.opengis.net/kml/2.2" else {"namespace"}
        places = {"Placemark": ("kml", "Document", "Folder"), "Polygon": ("Placemark", "MultiGeometry")}
        if around not in places.get(tag, (around,)) or (not around and tag != "kml"):
            raise NoMap(f"{tag} in {around or 'the root'}")
        if tag == "NetworkLink" and any(one.tag.endswith("href") for one in element.iter()):
            raise NoMap("a link")
        if tag == "Polygon":
            yield from _kml_polygon(element, said)
        else:
            waiting += [(one, tag) for one in element]


def _kml_polygon(element: ElementTree.Element, said: set[str]) -> Iterator[shapely.Geometry]:
    """Yield the shape of a polygon, none where nothing is drawn."""
    sides: dict[str, list[Any]] = {"outerBoundaryIs": [], "innerBoundaryIs": []}
    for name, boundary in ((one.tag.rpartition("}")[2], one) for one in element):
        rings = [one for one in boundary if name in sides and one.tag.rpartition("}")[2] == "LinearRing"]
        said |= {"several holes"} if len(rings) > 1 else set()
        for ring in rings:
            (drawn,) = (one for one in ring if one.tag.rpartition("}")[2] == "coordinates")
            if len(drawn):
                raise NoMap("an element in coordinates")
            text = re.sub(r"\s*,\s*", ",", drawn.text or "")
            said |= {"blanks"} if text != (drawn.text or "") else set()
            found = [_POSITION.fullmatch(one) for one in text.split()]
            sides[name].append([[float(one[1]), float(one[2])] if one else None for one in found])
    (outer,) = sides["outerBoundaryIs"]
    if outer:
        yield _shape([outer, *filter(None, sides["innerBoundaryIs"])], said, directed=False)
