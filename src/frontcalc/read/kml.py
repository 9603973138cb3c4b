"""KML (OGC 07-147r2) by our own reader: what each placemark draws, its names and its times.

Coordinates are longitude and latitude by definition. Pictures are no ground, and no link is followed.
"""

from __future__ import annotations

import posixpath
import re
from calendar import monthrange
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from frontcalc.crs import LONLAT
from frontcalc.dates import day_from_property
from frontcalc.errors import DataError
from frontcalc.layers import INNER
from frontcalc.names import printable
from frontcalc.notices import Notice
from frontcalc.read.detection import UTF16_MARKS
from frontcalc.read.features import Features
from frontcalc.read.files import suffix_of
from frontcalc.read.rings import Part, build_polygons, check_on_earth

_DEEPEST = 200  # elements in one another
_PICTURES = ("GroundOverlay", "ScreenOverlay", "PhotoOverlay")
_CONTAINERS = ("kml", "Document", "Folder")
_FEATURES = ("Document", "Folder", "Placemark", "NetworkLink", *_PICTURES)
_BOUNDARIES = ("outerBoundaryIs", "innerBoundaryIs")
_DRAWN = ("Placemark", "MultiGeometry")
_NOT_AREA = ("Point", "LineString", "LinearRing", "Track", "MultiTrack", "Model")
# Where what is read may stand. Elsewhere it would be passed over, as in an update of another file.
_PARENTS = {
    **dict.fromkeys(_FEATURES, _CONTAINERS),
    **dict.fromkeys(("Polygon", "MultiGeometry", "LineString"), _DRAWN),
    **dict.fromkeys(_BOUNDARIES, ("Polygon",)),
    "LinearRing": (*_BOUNDARIES, *_DRAWN),
    "coordinates": ("LinearRing", "LineString", "Point", "LatLonQuad"),
}
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_POSITION = re.compile(rf"({_NUMBER}),({_NUMBER})(?:,(?:{_NUMBER})?)?")
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?")
# Expat's codes for a text that ends within an element, a tag, a character or CDATA.
_CUT_SHORT = (3, 5, 6, 20)
_MEND = "repair it or use --skip-bad"


@dataclass(slots=True)
class _Element:
    """An element of KML by its name without a prefix; its text comes in pieces."""

    tag: str
    attributes: Mapping[str, str]
    pieces: list[str] = field(default_factory=list)
    children: list[_Element] = field(default_factory=list)

    def all(self, tag: str) -> list[_Element]:
        """Return the children of a name."""
        return [child for child in self.children if child.tag == tag]

    def text(self, *path: str) -> str:
        """Return the text of the first element down a path of names, without blanks around it; empty if none."""
        element: _Element | None = self
        for tag in path:
            element = next((child for child in element.children if child.tag == tag), None) if element else None
        return "".join(element.pieces).strip() if element else ""


def read(data: bytes, *, where: str, beside: Collection[str] = (), folder: str = "") -> Features:
    """Return the features of KML: its placemarks, in the file's order, at whatever depth.

    The `layer` of a feature is the name of the nearest folder or document around it that has one. A TimeSpan becomes
    the properties `begin` and `end`, a TimeStamp `date`, also those of folders around a placemark.

    Links to other files are refused, but for those to `beside`, the members of a zip that the file is in, in `folder`:
    they are read anyway. So is what is not well-formed or has a document type, shows nothing but pictures, or has a
    geometry or a time that cannot be.
    """
    parts: list[Part] = []
    not_area: list[int] = []
    properties: list[dict[str, str]] = []
    seen: Counter[str] = Counter()
    named = False
    for element, layer, times in _features(_parsed(data, where), where):
        seen[element.tag] += 1
        named = named or bool(layer)
        if element.tag == "NetworkLink":
            _refuse_link(element, where, beside, folder)
        elif element.tag == "Placemark":
            index, own = len(properties), {INNER: layer} if layer else {}
            # A time of the placemark's own data goes before a TimeStamp, which may be that of the drawing.
            own |= {**times, **_properties(element)} if "date" in times else {**_properties(element), **times}
            properties.append(own)
            for drawn in _simple_geometries(element):
                if drawn.tag in _NOT_AREA:
                    _positions(drawn, index, where)
                    not_area.append(index)
                elif rings := _rings(drawn, index, where):
                    parts.append((index, rings))
    listed = ", ".join(f"{seen[tag]} {tag}" for tag in _PICTURES if seen[tag])
    export = "export the map with its polygons"
    if not parts and not (beside and seen["NetworkLink"]):
        if seen["GroundOverlay"] or (listed and not seen["Placemark"]):
            raise DataError(f"shows pictures alone ({listed}), not the borders in them", where=where, cure=export)
        if not seen["Placemark"] and not named:
            raise DataError("is KML without placemarks", where=where, cure=export)
    if parts:
        cure = "export it in longitude and latitude, in which KML always is"
        check_on_earth(np.concatenate([ring for _, rings in parts for ring in rings]), LONLAT, where=where, cure=cure)
        parts = [(index, [_counter_clockwise(rings[0]), *rings[1:]]) for index, rings in parts]
    polygons, owner = build_polygons(parts, LONLAT, where=where)
    said = f"{where}: pictures ({listed}) were not read; what they show is not counted"
    notices = (Notice("NOT-AREA", said),) if listed else ()
    return Features(LONLAT, tuple(properties), polygons, owner, np.array(not_area, dtype=np.intp), notices=notices)


def _parsed(data: bytes, where: str) -> _Element:
    """Return the root of KML with all elements in it; no entity of its own is read, and no other file."""
    top = _Element("", {})
    open_ = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        """Add an element to the one that it stands in."""
        element, around = _Element(name.rpartition(":")[2], attributes), open_[-1]
        if len(open_) > _DEEPEST:
            raise DataError(f"has elements nested more than {_DEEPEST} deep", where=where, cure="export it anew")
        if around.tag not in _PARENTS.get(element.tag, (around.tag,)):
            shown = printable(around.tag[:40])
            problem = f"has a {element.tag} in <{shown}>, where KML has none and it would be passed over"
            raise DataError(problem, where=where, cure="export the map anew")
        around.children.append(element)
        open_.append(element)

    def refuse_type(*_: object) -> None:
        """Refuse a document type: its entities can name other files and grow without end."""
        raise DataError("holds <!DOCTYPE…, which KML has no need of", where=where, cure="remove it")

    # A byte order mark is right where the declaration contradicts it.
    parser = expat.ParserCreate("UTF-16" if data.startswith(UTF16_MARKS) else None)
    parser.buffer_text, parser.buffer_size = True, 1 << 16
    parser.StartDoctypeDeclHandler = refuse_type
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: open_.pop()
    parser.CharacterDataHandler = lambda text: open_[-1].pieces.append(text)
    try:
        parser.Parse(data.lstrip(), True)
    except expat.ExpatError as error:
        if error.code in _CUT_SHORT:
            raise DataError("ends before its last element", where=where, cure="is the download complete?") from error
        place = f"line {error.lineno}, column {error.offset + 1}"
        problem = f"is not well-formed XML: {expat.ErrorString(error.code)}, {place}"
        raise DataError(problem, where=where, cure="repair it, or save it again as UTF-8") from error
    except (LookupError, ValueError) as error:
        raise DataError(f"has an encoding that is not read: {error}", where=where, cure="save it as UTF-8") from error
    return top.children[0]


def _features(root: _Element, where: str) -> Iterator[tuple[_Element, str, Mapping[str, str]]]:
    """Yield containers and what they hold, each with the nearest name and times around it, in the file's order."""
    waiting: list[tuple[_Element, str, Mapping[str, str]]] = [(root, "", {})]
    while waiting:
        element, layer, times = waiting.pop()
        if element.tag in _CONTAINERS:
            layer = printable(element.text("name")) or layer
            times = _times(element, where) or times
            waiting.extend((child, layer, times) for child in reversed(element.children) if child.tag in _FEATURES)
        elif element.tag == "Placemark":
            times = _times(element, where) or times
        yield element, layer, times


def _refuse_link(link: _Element, where: str, beside: Collection[str], folder: str) -> None:
    """Refuse a link to anything but maps in the same zip, by whichever folder its path begins at."""
    for href in filter(None, (one.text("href") for one in link.children if one.tag in ("Link", "Url"))):
        path = href.partition("#")[0].replace("\\", "/")
        found = (posixpath.normpath(posixpath.join(at, way)) for at in (folder, "") for way in (path, unquote(path)))
        if not any(one in beside and suffix_of(one) in (".kml", ".kmz") for one in found):
            name = printable(link.text("name")[:40])
            problem = f"has a link{f' ({name})' if name else ''} to {printable(href[:80])!r}, which is not followed"
            cure = "a part of the map is missing: give the linked file as a map of its own, and remove the link"
            raise DataError(problem, where=where, cure=cure)


def _simple_geometries(placemark: _Element) -> Iterator[_Element]:
    """Yield what a placemark draws, collections taken apart."""
    waiting = placemark.children[::-1]
    while waiting:
        element = waiting.pop()
        if element.tag == "MultiGeometry":
            waiting.extend(reversed(element.children))
        elif element.tag == "Polygon" or element.tag in _NOT_AREA:
            yield element


def _rings(polygon: _Element, index: int, where: str) -> list[NDArray[np.float64]]:
    """Return the rings of a polygon, the outer first; none where nothing is drawn."""
    outer, inner = (
        [_positions(ring, index, where) for side in polygon.all(tag) for ring in side.all("LinearRing")]
        for tag in _BOUNDARIES
    )
    holes = [ring for ring in inner if len(ring)]
    if len(outer) != 1 or (holes and not len(outer[0])):
        fault = f"{len(outer)} rings in outerBoundaryIs" if len(outer) > 1 else "no ring in outerBoundaryIs"
        raise DataError(f"feature {index} has a Polygon with {fault}", where=where, cure=_MEND)
    return [*outer, *holes] if len(outer[0]) else []


def _counter_clockwise(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an outer ring so that no other is taken for an outline: KML says which ring is what, not its direction."""
    x, y = (ring - ring[0]).T
    return ring[::-1] if x @ np.roll(y, -1) < y @ np.roll(x, -1) else ring


def _positions(drawn: _Element, index: int, where: str) -> NDArray[np.float64]:
    """Return the positions of a ring, line or point, (n, 2) of longitude and latitude; heights are left out."""
    coordinates = drawn.all("coordinates")
    text = " ".join("".join(one.text() for one in coordinates).split())
    listed = text.replace(" ,", ",").replace(", ", ",").split()
    found = [_POSITION.fullmatch(one) for one in listed]
    fault = "in two, or with an element inside" if len(coordinates) > 1 or any(c.children for c in coordinates) else ""
    if None in found:
        fault = f"with {listed[found.index(None)][:40]!r}, which is no position"
    if fault:
        raise DataError(f"feature {index} has <coordinates> {fault}", where=where, cure=_MEND)
    return np.array([(float(one[1]), float(one[2])) for one in found if one], dtype=np.float64).reshape(-1, 2)


def _properties(placemark: _Element) -> dict[str, str]:
    """Return what a placemark says of itself, all of it text, without what is empty."""
    own = {"id": placemark.attributes.get("id", "")}
    own |= {"Name": placemark.text("name"), "description": placemark.text("description")}
    for data in (one for extended in placemark.all("ExtendedData") for one in extended.children):
        for one in data.all("SimpleData") or [data]:
            # What stands in neither Data nor SimpleData is named by its element.
            own[one.attributes.get("name", one.tag)] = one.text("value") if one.tag == "Data" else one.text()
    # What a placemark is drawn in tells whose ground it is where nothing else does.
    own |= {"styleUrl": placemark.text("styleUrl"), "fill": placemark.text("Style", "PolyStyle", "color")}
    return {name: value for name, value in own.items() if name and value}


def _times(element: _Element, where: str) -> Mapping[str, str]:
    """Return the days of an element's own TimeSpan or TimeStamp as properties; none where it has neither."""
    begin, end = element.text("TimeSpan", "begin"), element.text("TimeSpan", "end")
    if end and not begin:
        problem = f"has a TimeSpan to {printable(end[:40])!r} that has no begin"
        raise DataError(problem, where=where, cure="say from which day on it holds", code="NO-DATE")
    when = element.text("TimeStamp", "when")
    first, last = _day(begin or when, where), _day(end if begin else when, where, last=True)
    if not begin and first == last:
        return {"date": first} if first else {}
    return {"begin": first, "end": last} if last else {"begin": first}


def _day(text: str, where: str, *, last: bool = False) -> str:
    """Return a time of KML as a date property states it; of a year or month its first day, or its last."""
    stated = text
    try:
        if parts := _DAY.fullmatch(text):
            year, month, day = parts.groups()
            month = month or ("12" if last else "01")
            day = day or (str(monthrange(int(year), int(month))[1]) if last else "01")
            stated = f"{year}-{month}-{day}"
        if stated:
            day_from_property(stated)
    except (ValueError, DataError) as error:
        problem = f"has a TimeSpan or TimeStamp of {printable(text[:40])!r}, which is no date"
        raise DataError(problem, where=where, cure="write it as 2024-11-03", code="NO-DATE") from error
    return stated
