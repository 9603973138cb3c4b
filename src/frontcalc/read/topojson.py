"""TopoJSON: rings stitched from shared arcs, whose positions may be quantised and delta-encoded.

The specification is at https://github.com/topojson/topojson-specification.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frontcalc.errors import DataError
from frontcalc.layers import INNER
from frontcalc.read.features import Features, Properties
from frontcalc.read.geojson import declared_crs, simple_geometries
from frontcalc.read.limits import limits, too_many_vertices
from frontcalc.read.rings import MEND, NO_POSITIONS, Part, build_polygons, grid_of, positions_of, refused

Arcs = Sequence[NDArray[np.float64]]


def read_document(document: Mapping[str, Any], *, where: str) -> Features:
    """Return the features of a topology: the geometries of its collections, and its other objects.

    A feature that names no layer gets its object's name as the property `layer`.
    """
    try:
        arcs = positions_of(document["arcs"], grid_of(document, where=where))
    except NO_POSITIONS as error:
        raise DataError("has arcs that are not lists of positions", where=where, cure=MEND) from error
    # The ones' complement of an index, which counts from the end, means the arc reversed.
    arcs += [arc[::-1] for arc in reversed(arcs)]
    properties: list[Properties] = []
    drawn: list[Part] = []
    not_area: list[int] = []
    for index, (name, feature) in enumerate(_features(document, where)):
        own = feature.get("properties") or {}
        if not isinstance(own, dict):
            raise refused(index, "has properties that are no object", where=where)
        properties.append({INNER: name, **own})
        polygons, others = simple_geometries(feature, index, where=where, drawn_by="arcs")
        drawn += [(index, polygon if isinstance(polygon, list) else [polygon]) for polygon in polygons]
        not_area += [index] * others
    vertices = sum(_length(ring, arcs, index, where) for index, rings in drawn for ring in rings)
    # An arc may be used any number of times: what is promised is counted before room is made for it.
    if vertices > limits()["max_vertices"]:
        raise too_many_vertices(vertices, where=where)
    parts: list[Part] = []
    for index, rings in drawn:
        stitched = [_stitched([arcs[number] for number in ring], index, where) for ring in rings]
        # Quantising leaves a line of the smallest rings. It has no area, and a hole outlives no outline.
        if stitched and len(stitched[0]) >= 4:
            parts.append((index, [ring for ring in stitched if len(ring) >= 4]))
    crs = declared_crs(document, where=where)
    built, points = build_polygons(parts, crs, where=where), np.array(not_area, dtype=np.intp)
    return Features(crs, tuple(properties), *built, points, document.get("synthetic") is True)


def _features(document: Mapping[str, Any], where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name of the object and the geometry object of each feature."""
    objects = document.get("objects")
    if not isinstance(objects, dict) or (document.get("arcs") and not objects):
        raise DataError("is a topology without objects", where=where, cure="is the download complete?")
    for name, thing in objects.items():
        grouped = isinstance(thing, dict) and thing.get("type") == "GeometryCollection"
        inside = thing.get("geometries") if grouped else [thing]
        if not isinstance(inside, list):
            raise DataError(f"its object {name!r} is a collection without geometries", where=where, cure=MEND)
        for feature in inside:
            if not isinstance(feature, dict | None):
                raise DataError(f"its object {name!r} is no geometry", where=where, cure=MEND)
            yield name, feature or {"type": None}


def _length(ring: object, arcs: Arcs, index: int, where: str) -> int:
    """Return how many positions the arcs of a ring have, given by their indices; DataError where these mean none."""
    if not isinstance(ring, list) or any(type(number) is not int for number in ring):
        raise refused(index, "has arcs that are no lists of indices", where=where)
    count = len(arcs) // 2
    if missing := [number for number in ring if not -count <= number < count]:
        fault = f"uses arc {missing[0]}, but there are {count} arcs"
        raise refused(index, fault, where=where, cure="is the download complete?")
    return sum(len(arcs[number]) for number in ring)


def _stitched(lines: Arcs, index: int, where: str) -> NDArray[np.float64]:
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
