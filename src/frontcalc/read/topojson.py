"""TopoJSON: rings stitched from shared arcs, whose positions may be quantised and delta-encoded.

The specification is at https://github.com/topojson/topojson-specification.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frontcalc.errors import DataError
from frontcalc.layers import INNER
from frontcalc.read.features import Features, Properties
from frontcalc.read.geojson import declared_crs, simple_geometries
from frontcalc.read.limits import limits, too_many_vertices
from frontcalc.read.rings import Part, build_polygons

Arcs = Sequence[NDArray[np.float64]]

_MEND = "repair it or use --skip-bad"


def read_document(document: Mapping[str, Any], *, where: str) -> Features:
    """Return the features of a topology.

    Each geometry of an object that is a collection is a feature, as any other object is. A feature that
    names no layer gets its object's name as the property `layer`.
    """
    arcs = _decoded_arcs(document, where)
    properties: list[Properties] = []
    parts: list[Part] = []
    not_area: list[int] = []
    vertices = 0
    for index, (name, feature) in enumerate(_features(document, where)):
        own = feature.get("properties") or {}
        if not isinstance(own, dict):
            raise DataError(f"feature {index} has properties that are no object", where=where, cure=_MEND)
        properties.append({INNER: name, **own})
        for kind, indices in simple_geometries(feature, index, where=where, drawn_by="arcs"):
            if not kind.endswith("Polygon"):
                not_area.append(index)
                continue
            polygons = [indices] if kind == "Polygon" else indices
            # An arc may be used any number of times: what is promised is counted before room is made for it.
            with suppress(TypeError, IndexError):  # what is no index has none
                vertices += sum(
                    len(arcs[n if n >= 0 else ~n]) for polygon in polygons for ring in polygon for n in ring
                )
            if vertices > limits()["max_vertices"]:
                raise too_many_vertices(vertices, where=where)
            stitched = [_rings(polygon, arcs, index, where) for polygon in polygons if polygon]
            parts.extend((index, rings) for rings in stitched if rings)
    crs = declared_crs(document, where=where)
    drawn, owner = build_polygons(parts, crs, where=where)
    points = np.array(not_area, dtype=np.intp)
    return Features(crs, tuple(properties), drawn, owner, points, document.get("synthetic") is True)


def _decoded_arcs(document: Mapping[str, Any], where: str) -> list[NDArray[np.float64]]:
    """Return the positions of each arc, (n, 2), in the topology's CRS."""
    try:
        listed = document["arcs"]
        if listed == []:
            return []
        starts = np.cumsum([0, *(len(arc) for arc in listed)])
        xy = np.frombuffer(array("d", (value for arc in listed for x, y, *_ in arc for value in (x, y))))
        if document.get("transform") is not None:
            scale = np.array(document["transform"]["scale"], dtype=np.float64)
            translate = np.array(document["transform"]["translate"], dtype=np.float64)
            # What overflows is no finite number, and named with its feature when rings are made of it.
            with np.errstate(over="ignore", invalid="ignore"):
                # One running sum over all arcs, less what it was before each: whole numbers, so nothing is rounded.
                sums = np.concatenate([np.zeros((1, 2)), np.cumsum(xy.reshape(-1, 2), axis=0)])
                before = np.repeat(sums[starts[:-1]], np.diff(starts), axis=0)
                xy = (sums[1:] - before) * scale[:2] + translate[:2]
        return np.split(xy.reshape(-1, 2), starts[1:-1])
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise DataError("has arcs or a transform that are not lists of numbers", where=where, cure=_MEND) from error


def _features(document: Mapping[str, Any], where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name of the object and the geometry object of each feature."""
    objects = document.get("objects")
    if not isinstance(objects, dict):
        raise DataError("is a topology without objects", where=where, cure="is the download complete?")
    for name, thing in objects.items():
        if isinstance(thing, dict) and thing.get("type") == "GeometryCollection":
            inside = thing.get("geometries")
            if not isinstance(inside, list):
                raise DataError(f"its object {name!r} is a collection without geometries", where=where, cure=_MEND)
        else:
            inside = [thing]
        for feature in inside:
            if not isinstance(feature, dict | None):
                raise DataError(f"its object {name!r} is no geometry", where=where, cure=_MEND)
            yield name, feature or {"type": None}


def _rings(polygon: Any, arcs: Arcs, index: int, where: str) -> list[NDArray[np.float64]]:
    """Return the positions of each ring of a polygon, given as lists of arc indices; none if it collapsed."""
    try:
        rings = [_stitched([_arc(arcs, number, index, where) for number in ring], index, where) for ring in polygon]
    except TypeError as error:
        raise DataError(f"feature {index} has arcs that are no lists of indices", where=where, cure=_MEND) from error
    # Quantising leaves a line of the smallest rings. It has no area, and a hole outlives no outline.
    return [ring for ring in rings if len(ring) >= 4] if len(rings[0]) >= 4 else []


def _arc(arcs: Arcs, number: int, index: int, where: str) -> NDArray[np.float64]:
    """Return an arc by its index; the ones' complement of an index means the arc reversed."""
    position = ~number if number < 0 else number
    if position >= len(arcs):
        cure = "is the download complete?"
        raise DataError(f"feature {index} uses arc {number}, but there are {len(arcs)} arcs", where=where, cure=cure)
    return arcs[position][::-1] if number < 0 else arcs[position]


def _stitched(arcs: Arcs, index: int, where: str) -> NDArray[np.float64]:
    """Return arcs as one ring; each but the first starts with the position that the one before ends with."""
    if not arcs or not all(map(len, arcs)):
        raise DataError(f"feature {index} has a ring without positions", where=where, cure=_MEND)
    ends = np.array([arc[-1] for arc in arcs])
    starts = np.array([arc[0] for arc in arcs])
    apart = np.flatnonzero(~np.isclose(ends, np.roll(starts, -1, axis=0), rtol=1e-9, atol=1e-9).all(axis=1))
    if len(apart):
        x, y = ends[apart[0]]
        raise DataError(f"feature {index} has arcs that do not meet, at {x:.5f}, {y:.5f}", where=where, cure=_MEND)
    return np.concatenate([arcs[0], *(arc[1:] for arc in arcs[1:])])
