"""GeoJSON (RFC 7946, and the older `crs` member) as publishers write it, wrappers included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from frontcalc.errors import DataError
from frontcalc.sources.assemble import refuse_misplaced
from frontcalc.sources.documents import declared_crs, parse, refuse_truncated, unwrap
from frontcalc.sources.features import Features
from frontcalc.sources.nesting import nest_polygons
from frontcalc.sources.rings import Part, build_polygons

# A tuple, since what a file gives as a type may be no text, and could not be looked up in a set.
_GEOMETRY_TYPES = (
    *("Point", "MultiPoint", "LineString", "MultiLineString"),
    *("Polygon", "MultiPolygon", "GeometryCollection"),
)
_GEOMETRY_MEMBERS = ("type", "coordinates", "geometries", "bbox", "crs", "properties")

_MEND = "repair it or use --skip-bad"


def read(data: bytes, *, where: str) -> Features:
    """Return the features of GeoJSON text.

    A feature collection, a single feature or a bare geometry is read, also inside a wrapper such as
    ``{"value": …}``.

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
    return read_document(unwrap(parse(data, where=where)), where=where)


def read_document(document: object, *, where: str) -> Features:
    """Return the features of a GeoJSON object that was parsed already and taken out of its wrapper.

    Raises
    ------
    DataError
        As `read`.
    """
    features = list(features_of(document, where=where))
    assert isinstance(document, dict)
    return gather(
        features, declared_crs(document, where=where), synthetic=document.get("synthetic") is True, where=where
    )


def features_of(document: object, *, where: str) -> Iterator[Mapping[str, Any]]:
    """Yield the features of a GeoJSON object; a bare geometry is one feature without properties.

    Raises
    ------
    DataError
        It is no GeoJSON object, or one that a server truncated.
    """
    kind = document.get("type") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(kind, str):
        raise DataError(
            "holds JSON but no GeoJSON object with a «type»",
            where=where,
            cure="give a FeatureCollection of polygons",
        )
    if kind == "FeatureCollection":
        refuse_truncated(document, where=where)
        listed = document.get("features")
        if not isinstance(listed, list):
            raise DataError("is a FeatureCollection without a list of features", where=where, cure=_MEND)
        for index, feature in enumerate(listed):
            if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
                raise DataError(f"feature {index} is no GeoJSON feature", where=where, cure=_MEND)
            if "features" in feature:
                raise DataError(f"feature {index} is a collection of features", where=where, cure="join them in one")
            if feature.get("type") in _GEOMETRY_TYPES and "geometry" not in feature:
                # Some software lists geometries where features belong; what it says of them stands beside.
                beside = {name: value for name, value in feature.items() if name not in _GEOMETRY_MEMBERS}
                feature = {"geometry": feature, "properties": feature.get("properties") or beside}
            yield feature
    elif kind == "Feature":
        if not isinstance(document.get("properties") or {}, dict):
            raise DataError("its properties are no object", where=where, cure=_MEND)
        yield document
    elif kind in _GEOMETRY_TYPES:
        yield {"geometry": document, "properties": {}}
    else:
        raise DataError(
            f"has type {kind!r}, which is no GeoJSON", where=where, cure="give a FeatureCollection of polygons"
        )


def gather(features: Sequence[Mapping[str, Any]], crs: str, *, synthetic: bool, where: str) -> Features:
    """Return GeoJSON features as flat arrays.

    Raises
    ------
    DataError
        A geometry is none, or its coordinates cannot be.
    """
    parts: list[Part] = []
    not_area: list[int] = []
    for index, feature in enumerate(features):
        if feature.get("geometry") is None:
            refuse_misplaced(feature, index, where=where)
        for kind, coordinates in _simple_geometries(feature.get("geometry"), where, index):
            if kind not in ("Polygon", "MultiPolygon"):
                not_area.append(index)
                continue
            polygons = [coordinates] if kind == "Polygon" else coordinates
            parts.extend((index, polygon) for polygon in polygons if polygon)
    owner = np.array([index for index, _ in parts], dtype=np.intp)
    drawn, owner = nest_polygons(build_polygons(parts, crs, where=where), owner, where=where)
    return Features(
        crs,
        tuple(feature.get("properties") or {} for feature in features),
        drawn,
        owner,
        np.array(not_area, dtype=np.intp),
        synthetic,
    )


def _simple_geometries(geometry: object, where: str, index: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield type and coordinates of a geometry, collections taken apart; null yields nothing."""
    waiting = [geometry]
    while waiting:
        current = waiting.pop()
        if current is None:
            continue
        if not isinstance(current, dict) or current.get("type") not in _GEOMETRY_TYPES:
            raise DataError(f"feature {index} has a geometry of no known type", where=where, cure=_MEND)
        inside = current.get("geometries" if current["type"] == "GeometryCollection" else "coordinates")
        if not isinstance(inside, list):
            raise DataError(f"feature {index} has a {current['type']} without coordinates", where=where, cure=_MEND)
        if current["type"] == "GeometryCollection":
            waiting.extend(reversed(inside))
        elif inside:
            yield current["type"], inside
