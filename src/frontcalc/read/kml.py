"""KML (OGC 07-147r2) by our own reader: what each placemark draws, its names and its times.

Coordinates are longitude and latitude by definition. Pictures are no ground, and no link is followed.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from urllib.parse import unquote
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import numpy as np

from frontcalc.crs import LONLAT, check_on_earth
from frontcalc.dates import day_from_property
from frontcalc.errors import COMPLETE, DataError, UsageError
from frontcalc.geometry import Floats
from frontcalc.layers import INNER
from frontcalc.names import printable
from frontcalc.notices import Notice
from frontcalc.periods import parse_bound
from frontcalc.read.detection import UTF16_MARKS
from frontcalc.read.features import Features, build_features
from frontcalc.read.files import suffix_of
from frontcalc.read.rings import Part, refused

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
_DAY = re.compile(r"([0-9]{4}(?:-[0-9]{2}){0,2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_CUT_SHORT = (3, 5, 6, 20)  # Expat's codes for a text that ends within an element, a tag, a character or CDATA


def read(data: bytes, *, where: str, beside: Collection[str] = (), folder: str = "") -> Features:
    """Return the features of KML: its placemarks at whatever depth, with names and times of folders around them.

    The `layer` of a feature is the name of the nearest folder or document around it that has one. A TimeSpan becomes
    the properties `begin` and `end`, a TimeStamp `date`. Links to other files are refused, but for those to `beside`,
    the members of a zip that the file is in, in `folder`: they are read anyway.
    """
    properties, parts, points = list[dict[str, str]](), list[Part](), list[int]()
    seen, named = Counter[str](), False
    waiting: list[tuple[Element, str, Mapping[str, str]]] = [(_parsed(data), "", {})]
    while waiting:
        element, layer, times = waiting.pop()
        seen[element.tag] += 1
        if element.tag == "NetworkLink":
            _refuse_link(element, beside, folder)
        elif element.tag not in _PICTURES:
            times = _times(element) or times
        if element.tag in _CONTAINERS:
            layer = printable(_text(element, "name")) or layer
            waiting.extend((child, layer, times) for child in reversed(element) if child.tag in _FEATURES)
        elif element.tag == "Placemark":
            own, index = _properties(element), len(properties)
            # A time of the placemark's own data goes before a TimeStamp, which may be that of the drawing.
            own = {**times, **own} if "date" in times else {**own, **times}
            properties.append({INNER: layer, **own} if layer else own)
            for drawn in (one for group in element.iter() if group.tag in _DRAWN for one in group):
                if drawn.tag in _NOT_AREA:
                    _positions(drawn, index)
                    points.append(index)
                elif drawn.tag == "Polygon" and (rings := _rings(drawn, index)):
                    parts.append((index, rings))
        named = named or bool(layer)
    listed = ", ".join(f"{seen[tag]} {tag}" for tag in _PICTURES if seen[tag])
    if not parts and not (beside and seen["NetworkLink"]):
        export = "export the map with its polygons"
        if seen["GroundOverlay"] or (listed and not seen["Placemark"]):
            raise DataError(f"shows pictures alone ({listed}), not the borders in them", cure=export)
        if not seen["Placemark"] and not named:
            raise DataError("is KML without placemarks", cure=export)
    notice = Notice("NOT-AREA", f"{where}: pictures ({listed}) were not read; what they show is not counted")
    return replace(build_features(LONLAT, (properties, parts, points)), notices=(notice,) if listed else ())


def _parsed(data: bytes) -> Element:
    """Return the root of KML, names without prefixes; no entity of its own is read, and no other file."""
    builder, around = TreeBuilder(), [""]

    def start(name: str, attributes: dict[str, str]) -> None:
        tag, parent = name.rpartition(":")[2], around[-1]
        if len(around) > _DEEPEST:
            raise DataError(f"has elements nested more than {_DEEPEST} deep", cure="export it anew")
        if parent not in _PARENTS.get(tag, (parent,)):
            problem = f"has a {tag} in <{printable(parent[:40])}>, where KML has none and it would be passed over"
            raise DataError(problem, cure="export the map anew")
        builder.start(tag, attributes)
        around.append(tag)

    def refuse_type(*_: object) -> None:  # its entities can name other files and grow without end
        raise DataError("holds <!DOCTYPE…, which KML has no need of", cure="remove it")

    # A byte order mark is right where the declaration contradicts it.
    parser = expat.ParserCreate("UTF-16" if data.startswith(UTF16_MARKS) else None)
    parser.buffer_text, parser.buffer_size = True, 1 << 16
    parser.StartDoctypeDeclHandler = refuse_type
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: builder.end(around.pop())
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data.lstrip(), True)
    except expat.ExpatError as error:
        if error.code in _CUT_SHORT:
            raise DataError("ends before its last element", cure=COMPLETE) from error
        place = f"line {error.lineno}, column {error.offset + 1}"
        problem = f"is not well-formed XML: {expat.ErrorString(error.code)}, {place}"
        raise DataError(problem, cure="repair it, or save it again as UTF-8") from error
    except (LookupError, ValueError) as error:
        raise DataError(f"has an encoding that is not read: {error}", cure="save it as UTF-8") from error
    return builder.close()


def _text(element: Element, path: str = ".") -> str:
    """Return the text of an element, or of the first one down a path, without blanks around it; empty if none."""
    target = element.find(path)
    pieces = () if target is None else (target.text, *(child.tail for child in target))
    return "".join(filter(None, pieces)).strip()


def _refuse_link(link: Element, beside: Collection[str], folder: str) -> None:
    """Refuse a link to anything but maps in the same zip, by whichever folder its path begins at."""
    for href in filter(None, (_text(one, "href") for one in link if one.tag in ("Link", "Url"))):
        path = href.partition("#")[0].replace("\\", "/")
        paths = (posixpath.normpath(posixpath.join(at, way)) for at in (folder, "") for way in (path, unquote(path)))
        if not any(one in beside and suffix_of(one) in (".kml", ".kmz") for one in paths):
            name = printable(_text(link, "name")[:40])
            problem = f"has a link{f' ({name})' if name else ''} to {printable(href[:80])!r}, which is not followed"
            cure = "a part of the map is missing: give the linked file as a map of its own, and remove the link"
            raise DataError(problem, cure=cure)


def _rings(polygon: Element, index: int) -> list[Floats]:
    """Return the rings of a polygon, the outer first, counter-clockwise; none where nothing is drawn."""
    outer, inner = ([_positions(ring, index) for ring in polygon.iterfind(f"{tag}/LinearRing")] for tag in _BOUNDARIES)
    holes = [ring for ring in inner if len(ring)]
    if len(outer) != 1 or (holes and not len(outer[0])):
        fault = f"{len(outer)} rings in outerBoundaryIs" if len(outer) > 1 else "no ring in outerBoundaryIs"
        raise refused(index, f"has a Polygon with {fault}")
    if not len(outer[0]):
        return []
    cure = "export it in longitude and latitude, in which KML always is"
    check_on_earth(np.concatenate([*outer, *holes]), degrees=True, cure=cure)
    x, y = (outer[0] - outer[0][0]).T
    # KML says which ring is what, not by its direction: of a clockwise one, others might be taken for outlines.
    return [outer[0][::-1] if x @ np.roll(y, -1) < y @ np.roll(x, -1) else outer[0], *holes]


def _positions(drawn: Element, index: int) -> Floats:
    """Return the positions of a ring, line or point, (n, 2) of longitude and latitude; heights are left out."""
    coordinates = drawn.findall("coordinates")
    text = " ".join(" ".join(map(_text, coordinates)).split())
    listed = text.replace(" ,", ",").replace(", ", ",").split()
    matches = [*map(_POSITION.fullmatch, listed)]
    if None in matches:
        fault = f"with {listed[matches.index(None)][:40]!r}, which is no position"
    elif len(coordinates) > 1 or any(map(len, coordinates)):
        fault = "in two, or with an element inside"
    else:
        return np.array([one.groups() for one in matches if one], dtype=np.float64).reshape(-1, 2)
    raise refused(index, f"has <coordinates> {fault}")


def _properties(placemark: Element) -> dict[str, str]:
    """Return what a placemark says of itself, all of it text, without what is empty."""
    own = {"id": placemark.get("id", "")}
    own |= {"Name": _text(placemark, "name"), "description": _text(placemark, "description")}
    for data in placemark.iterfind("ExtendedData/*"):
        for one in data.findall("SimpleData") or [data]:
            # What stands in neither Data nor SimpleData is named by its element.
            own[one.get("name", one.tag)] = _text(one, "value" if one.tag == "Data" else ".")
    # What a placemark is drawn in tells whose ground it is where nothing else does.
    own |= {"styleUrl": _text(placemark, "styleUrl"), "fill": _text(placemark, "Style/PolyStyle/color")}
    return {name: value for name, value in own.items() if name and value}


def _times(element: Element) -> dict[str, str]:
    """Return an element's TimeSpan or TimeStamp as date properties; of a year or month the first and last day."""
    begin, end, when = (_text(element, path) for path in ("TimeSpan/begin", "TimeSpan/end", "TimeStamp/when"))
    if end and not begin:
        shown, cure = printable(end[:40]), "say from which day on it holds"
        raise DataError(f"has a TimeSpan to {shown!r} that has no begin", cure=cure, code="NO-DATE")
    times = {"begin": begin or when, "end": end if begin else when}
    for name, text in times.items():
        try:
            if unit := _DAY.fullmatch(text):
                times[name] = parse_bound(unit[1], last=name == "end").isoformat()
            if text:
                day_from_property(times[name])
        except (UsageError, DataError) as error:
            problem = f"has a TimeSpan or TimeStamp of {printable(text[:40])!r}, which is no date"
            raise DataError(problem, cure="write it as 2024-11-03", code="NO-DATE") from error
    if when and not begin and times["begin"] == times["end"]:
        return {"date": times["begin"]}
    return {name: text for name, text in times.items() if text}
