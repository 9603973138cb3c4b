"""What every reader returns: flat arrays, so that nothing above knows a file format; and what is refused of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, compress

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.crs import LONLAT, is_geographic, refuse_misdeclared
from frontcalc.dates import without_day
from frontcalc.errors import DataError
from frontcalc.layers import INNER, find_layer, layer_name, spelling, stated_layer
from frontcalc.limits import limits, refuse_too_many
from frontcalc.names import printable
from frontcalc.notices import Notice
from frontcalc.read.rings import NO_POSITIONS, Indices, Part, checked, coordinates_of, refused, signed_areas

Properties = Mapping[str, object]
# The properties of all features, the parts of their polygons, and the feature of each point and line.
Drawn = tuple[Sequence[Properties], Sequence[Part], list[int]]
_UNDECLARED = "a file in a projected CRS must declare it («crs» in GeoJSON, «spatialReference» in Esri JSON)"

# WKT, hexadecimal WKB, and GeoJSON as text, of what has an area.
_AS_TEXT = re.compile(
    r"\s*(?:SRID=\d+;)?\s*(?:(?:MULTI|CURVE)?POLYGON|GEOMETRYCOLLECTION|MULTISURFACE)\s*Z?M?\s*\("
    r"|(?:01(?:03|06)0000|00[0-9A-F]{2}00000[36])[0-9A-F]{16}"
    r"|\s*\{.*\"coordinates\"\s*:\s*\[\s*\[\s*\[",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Features:
    """The features of one file, in its order: the properties of each, and the polygons of all, as drawn.

    Polygons are two-dimensional, in coordinates of `crs`, and may be invalid. `owner` is the index of the feature that
    each is of, `not_area` that of each point and line, which are not in `polygons`. `synthetic` says that the file
    calls itself made up, as the bundled sample does; `notices` what was not read, as pictures in KML.
    """

    crs: str
    properties: tuple[Properties, ...]
    polygons: geometry.Geometries
    owner: Indices
    not_area: Indices = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    synthetic: bool = False
    notices: tuple[Notice, ...] = ()

    def select(self, keep: NDArray[np.bool_]) -> Features:
        """Return only the features that are kept, (n,) of bool."""
        place, mine, points = np.cumsum(keep) - 1, keep[self.owner], keep[self.not_area]
        own, drawn = tuple(compress(self.properties, keep)), self.polygons[mine]
        owner, not_area = place[self.owner[mine]], place[self.not_area[points]]
        return replace(self, properties=own, polygons=drawn, owner=owner, not_area=not_area)


def build_features(crs: str, drawn: Drawn, *, esri: bool = False, synthetic: bool = False) -> Features:
    """Return features by what they draw, parts of polygons with a ring at least, nested as `checked` does.

    Z values are dropped and rings that were left open are closed, neither of which changes an area. DataError names
    the feature whose ring has too few points, or a position that is no pair of finite numbers.
    """
    properties, parts, others = drawn
    feature, not_area = np.array([index for index, _ in parts], dtype=np.intp), np.array(others, dtype=np.intp)
    if not parts:
        return Features(crs, tuple(properties), np.empty(0, dtype=object), feature, not_area, synthetic)
    try:
        rings = [ring for _, polygon in parts for ring in polygon]
        lengths = np.array([len(ring) for ring in rings])
        if not lengths.all():
            raise ValueError("an empty ring")
        if lengths.sum() > limits()["max_vertices"]:
            refuse_too_many(int(lengths.sum()))
        xy = coordinates_of(rings)
    except NO_POSITIONS as error:
        for part in parts[:-1]:
            build_features(crs, ((), [part], []))  # the first that cannot be read is named
        raise refused(parts[-1][0], "has coordinates that are not lists of positions") from error
    counts, starts = [len(polygon) for _, polygon in parts], np.cumsum(lengths) - lengths
    points = lengths - (xy[starts] == xy[starts + lengths - 1]).all(axis=1)
    for ring in np.flatnonzero(points < 3):
        raise refused(np.repeat(feature, counts)[ring], f"has a ring of {points[ring]} points", at=xy[starts[ring]])
    lines = np.asarray(shapely.linearrings(xy, indices=np.repeat(np.arange(len(lengths)), lengths)))
    polygons = np.asarray(shapely.polygons(lines, indices=np.repeat(np.arange(len(parts)), counts)), dtype=object)
    del xy, lines, rings  # while rings are nested, these need no room
    polygons, owner = checked(polygons, feature, crs, cure=_UNDECLARED, esri=esri)
    return Features(crs, tuple(properties), polygons, owner, not_area, synthetic)


def refuse_bare(features: Features) -> None:
    """Refuse features if none has a geometry, since all would count as lost, or one has it among its properties.

    No features at all are an empty map, and so is one row for each known layer, as ISW keeps of one that is empty.
    """
    drawn = np.zeros(len(features.properties), dtype=bool)
    drawn[features.owner] = drawn[features.not_area] = True
    for index in np.flatnonzero(~drawn).tolist():
        refuse_misplaced(features.properties[index], index)
    if drawn.any() or not len(drawn):
        return
    names = [without_day(layer_name(own)) for own in features.properties]
    known = all(find_layer(name) or stated_layer(own) for name, own in zip(names, features.properties, strict=True))
    if not known or len(set(map(spelling, names))) < len(names):
        fault = f"holds no polygons: none of its features ({len(drawn):,}) has a geometry"
        raise DataError(fault, cure="download it with its geometry, or remove it")


def refuse_misplaced(members: Mapping[str, object], index: int) -> None:
    """Refuse a feature without geometry that has one, of GeoJSON, Esri or as text, among its properties or members."""
    for name, value in members.items():
        if _is_area(name, value):
            fault = f"has no «geometry», but {printable(name)!r} holds one"
            raise refused(index, fault, cure="export it as its geometry")


def _is_area(name: str, value: object) -> bool:
    """Say whether a member of a feature is, or a text in it writes out, what should be its geometry."""
    if isinstance(value, Mapping):
        return any(_is_area(member, inside) for member, inside in value.items() if isinstance(inside, list))
    if isinstance(value, list):
        return name in ("coordinates", "rings", "geometries") and len(value) > 0 and isinstance(value[0], list | dict)
    return isinstance(value, str) and _AS_TEXT.match(value) is not None


def refuse_impossible(features: Features) -> None:
    """Refuse what `refuse_misdeclared` does; and in degrees an edge over more than half the globe.

    A polygon that crosses the antimeridian uncut would stretch the other way round (RFC 7946 §3.1.9). An edge from
    −180° to 180° is along a whole parallel, as around a pole, and right as it is.
    """
    west, _, east, _ = shapely.bounds(features.polygons).T
    if features.crs != LONLAT and not is_geographic(features.crs) and len(west):
        refuse_misdeclared(features.crs, shapely.total_bounds(features.polygons))
    elif np.fmax.reduce(east, initial=-np.inf) - np.fmin.reduce(west, initial=np.inf) > 180.0:
        rings, of_polygon = shapely.get_rings(features.polygons, return_index=True)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        span = np.where(ring[1:] == ring[:-1], np.abs(np.diff(xy[:, 0])), 0.0)
        for long in np.flatnonzero((span > 180.0) & (span < 360.0)):
            edge, fault = features.owner[of_polygon[ring[long]]], f"has an edge over {span[long]:.6g}° of longitude"
            raise refused(edge, fault, cure="cut polygons at the antimeridian (RFC 7946), or split the edge")


def nest_by_direction(features: Features) -> Features:
    """Return GDAL's features of a format that is rings alone, those whose outlines turn both ways nested as Esri's.

    GDAL tells rings apart by which lies in which, so that a hole that crosses its outline would be ground. Outlines
    that all turn the wrong way round are left to it: some software writes them so. DataError names the feature of a
    ring among several that crosses itself so that its area, its highest vertex and its lowest say different ways.
    """
    polygons, owner = features.polygons, features.owner
    rings, of = shapely.get_rings(polygons, return_index=True)
    low = shapely.is_ccw(shapely.transform(rings, lambda xy: -xy))
    unclear = np.flatnonzero((shapely.is_ccw(rings) != low) | (low != (signed_areas(rings) > 0)))
    # What collapses has no direction, and takes nothing away.
    unclear = unclear[shapely.area(geometry.made_valid(np.asarray(shapely.polygons(rings[unclear])))) > 0]
    for ring in unclear[np.bincount(owner[of])[owner[of[unclear]]] > 1]:
        fault = "has a ring that crosses itself: nothing says whether it is ground or a hole"
        raise refused(owner[of[ring]], fault, at=shapely.get_coordinates(rings[ring])[0])
    left = shapely.is_ccw(shapely.get_exterior_ring(polygons))
    both = np.isin(owner, np.intersect1d(owner[left], owner[~left]))
    nested, of = checked(polygons[both], owner[both], features.crs, cure="", esri=True)
    owner = np.concatenate([owner[~both], of])
    order = np.argsort(owner, kind="stable")
    return replace(features, polygons=np.concatenate([polygons[~both], nested])[order], owner=owner[order])


def name_layer(features: Features, layer: str) -> Features:
    """Return features that have the name of the layer inside the file as property `INNER`, if they have none yet."""
    named = ({INNER: layer, **own} for own in features.properties)
    return replace(features, properties=tuple(named)) if layer else features


class MixedCrsError(DataError):
    """A file has layers in different CRSs, so that they are no one map; `parts` has the features of each CRS."""

    parts: Sequence[Features] = ()


def concatenate(parts: Sequence[tuple[str, Features]]) -> Features:
    """Return parts, one at least, each with its name in messages, as one; MixedCrsError if polygons differ in CRS."""
    systems: dict[str, str] = {}
    for name, part in [one for one in parts if len(one[1].polygons)] or parts:
        systems.setdefault(part.crs, name)
    if len(systems) > 1:
        (first, one), (second, other) = [(name, crs[:40] + "…" * (len(crs) > 40)) for crs, name in systems.items()][:2]
        cure = "give them as separate files, or all in one CRS"
        mixed = MixedCrsError(f"{first!r} is in {one} and {second!r} in {other}", cure=cure)
        alike = [[pair for pair in parts if pair[1].crs == crs] for crs in dict.fromkeys(own.crs for _, own in parts)]
        mixed.parts = [concatenate(own) for own in alike]
        for part in mixed.parts:
            refuse_impossible(part)
        raise mixed
    own = [part for _, part in parts]
    moved = list(zip(own, np.cumsum([0, *(len(part.properties) for part in own[:-1])]), strict=True))
    return Features(
        next(iter(systems)),
        tuple(chain.from_iterable(part.properties for part in own)),
        np.concatenate([part.polygons for part in own]),
        np.concatenate([part.owner + start for part, start in moved]),
        np.concatenate([part.not_area + start for part, start in moved]),
        any(part.synthetic for part in own),
        tuple(dict.fromkeys(chain.from_iterable(part.notices for part in own))),
    )
