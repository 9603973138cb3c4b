"""GeoJSON (RFC 7946, and the older `crs` member) as publishers write it, wrappers included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from frontcalc.crs import LONLAT, is_geographic, source_crs
from frontcalc.errors import DataError
from frontcalc.sources.features import Features

_GEOMETRY_TYPES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
)
# Keys under which publishers wrap their GeoJSON: NZZ's "value", DeepState's "map".
_WRAPPERS = ("value", "map")


def read(data: bytes, *, where: str) -> Features:
    """Return the features of GeoJSON text.

    A feature collection, a single feature or a bare geometry is read, also inside a wrapper such as
    ``{"value": …}``. Z values are dropped and rings that were left open are closed, neither of which
    changes an area.

    Parameters
    ----------
    data : bytes
        The file's content.
    where : str
        The file's name, for messages.

    Raises
    ------
    DataError
        The text is no JSON or no GeoJSON, or its coordinates cannot be.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        problem = f"is not valid JSON: {error.msg}, line {error.lineno}, column {error.colno}"
        raise DataError(problem, where=where, cure="is the download complete?") from error
    document = _unwrap(document, where)
    features = list(_features(document, where))
    rings: list[list[list[float]]] = []
    ends: list[int] = [0]
    owner: list[int] = []
    not_area: list[int] = []
    for index, feature in enumerate(features):
        for kind, coordinates in _simple_geometries(feature.get("geometry"), where, index):
            if kind not in ("Polygon", "MultiPolygon"):
                not_area.append(index)
                continue
            for polygon in [coordinates] if kind == "Polygon" else coordinates:
                if polygon:
                    rings.extend(polygon)
                    ends.append(len(rings))
                    owner.append(index)
    crs = _declared_crs(document, where)
    polygons = _build(rings, ends, owner, where)
    _check_degrees(polygons, crs, where)
    properties = tuple(feature.get("properties") or {} for feature in features)
    owners, points = np.array(owner, dtype=np.intp), np.array(not_area, dtype=np.intp)
    return Features(crs, properties, polygons, owners, points, document.get("synthetic") is True)


def _unwrap(document: object, where: str) -> Mapping[str, Any]:
    """Return the GeoJSON object inside known wrappers."""
    for _ in range(3):
        if isinstance(document, dict) and isinstance(document.get("type"), str):
            return document
        inner = [document[key] for key in _WRAPPERS if key in document] if isinstance(document, dict) else []
        if not inner:
            break
        document = inner[0]
    raise DataError(
        "holds JSON but no GeoJSON object with a «type»",
        where=where,
        cure="give a FeatureCollection of polygons",
    )


def _features(document: Mapping[str, Any], where: str) -> Iterator[Mapping[str, Any]]:
    """Yield the document's features; a bare geometry is one feature without properties."""
    kind = document["type"]
    if kind == "FeatureCollection":
        listed = document.get("features")
        if not isinstance(listed, list):
            raise DataError("is a FeatureCollection without a list of features", where=where)
        for index, feature in enumerate(listed):
            if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
                raise DataError(f"feature {index} is no GeoJSON feature", where=where)
            yield feature
    elif kind == "Feature":
        yield document
    elif kind in _GEOMETRY_TYPES:
        yield {"geometry": document, "properties": {}}
    else:
        raise DataError(f"has type {kind!r}, which is no GeoJSON", where=where)


def _simple_geometries(geometry: object, where: str, index: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield type and coordinates of a geometry, collections taken apart; null yields nothing."""
    waiting = [geometry]
    while waiting:
        current = waiting.pop()
        if current is None:
            continue
        if not isinstance(current, dict) or current.get("type") not in _GEOMETRY_TYPES:
            raise DataError(f"feature {index} has a geometry of no known type", where=where)
        inside = current.get("geometries" if current["type"] == "GeometryCollection" else "coordinates")
        if not isinstance(inside, list):
            raise DataError(f"feature {index} has a {current['type']} without coordinates", where=where)
        if current["type"] == "GeometryCollection":
            waiting.extend(reversed(inside))
        elif inside:
            yield current["type"], inside


def _declared_crs(document: Mapping[str, Any], where: str) -> str:
    """Return the CRS of the older `crs` member, else longitude and latitude on WGS 84."""
    member = document.get("crs")
    if member is None:
        return LONLAT
    try:
        name = member["properties"]["name"]
    except (TypeError, KeyError) as error:
        raise DataError("its crs member names no CRS", where=where, cure="name an EPSG code or remove it") from error
    return source_crs(str(name), where=where)


def _build(rings: list[list[list[float]]], ends: list[int], owner: list[int], where: str) -> NDArray[np.object_]:
    """Return shapely polygons from nested lists; what cannot be a ring is named with its feature."""
    if not rings:
        return np.empty(0, dtype=object)
    try:
        rings = [ring if ring[0] == ring[-1] else [*ring, ring[0]] for ring in rings]
        short = next((n for n, ring in enumerate(rings) if len(ring) < 4), None)
        xy = _coordinates(rings)
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise DataError("has coordinates that are not lists of positions", where=where) from error
    lengths = [len(ring) for ring in rings]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    if short is not None:
        _refuse_ring(short, f"a ring of {lengths[short] - 1} points", xy[offsets[short]], ends, owner, where)
    wild = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(wild):
        ring = int(np.searchsorted(offsets, wild[0], side="right")) - 1
        _refuse_ring(ring, "a coordinate that is no finite number", xy[wild[0]], ends, owner, where)
    return np.asarray(
        shapely.from_ragged_array(shapely.GeometryType.POLYGON, xy, (offsets, np.array(ends))), dtype=object
    )


def _coordinates(rings: list[list[list[float]]]) -> NDArray[np.float64]:
    """Return all positions as (n, 2), whatever further values each has."""
    positions = list(chain.from_iterable(rings))
    if all(len(position) == 2 for position in positions):
        flat = chain.from_iterable(positions)
    else:
        flat = chain.from_iterable((position[0], position[1]) for position in positions)
    return np.fromiter(flat, dtype=np.float64, count=2 * len(positions)).reshape(-1, 2)


def _refuse_ring(ring: int, fault: str, at: NDArray[np.float64], ends: list[int], owner: list[int], where: str) -> None:
    """Raise the error that names a ring's feature and place."""
    feature = owner[int(np.searchsorted(ends, ring, side="right")) - 1]
    raise DataError(
        f"feature {feature} has {fault}, at {at[0]:.5f}, {at[1]:.5f}",
        where=where,
        cure="repair it or use --skip-bad",
    )


def _check_degrees(polygons: NDArray[np.object_], crs: str, where: str) -> None:
    """Refuse coordinates that no longitude and latitude can have."""
    if not len(polygons) or not is_geographic(crs):
        return
    west, south, east, north = shapely.total_bounds(polygons)
    if west < -180.0 or east > 180.0 or south < -90.0 or north > 90.0:
        raise DataError(
            f"its coordinates are no degrees: x {west:.6g} to {east:.6g}, y {south:.6g} to {north:.6g}",
            where=where,
            cure="a file in a projected CRS must say so in a «crs» member",
        )
