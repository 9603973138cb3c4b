"""Esri JSON, as ArcGIS servers answer with: rings whose direction tells outlines from holes.

The format is at https://developers.arcgis.com/documentation/common-data-types/geometry-objects.htm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError
from frontcalc.names import printable, some_of
from frontcalc.read.features import Features, concatenate, name_layer, refuse_misplaced
from frontcalc.read.geojson import refuse_truncated
from frontcalc.read.rings import NO_POSITIONS, Part, Ring, build_polygons, grid_of, positions_of

# Ids that Web Mercator had before it became 3857.
_WEB_MERCATOR = {102100: 3857, 102113: 3857, 900913: 3857}

_AREA_MEMBERS = ("rings", "curveRings")
_NOT_AREA_MEMBERS = ("paths", "curvePaths", "points", "x")
_MEND = "repair it or use --skip-bad"
_WITH_FEATURES = "export it with its features"


def is_esri(document: Mapping[str, Any]) -> bool:
    """Say whether a JSON object is Esri JSON: a feature set or collection, a feature, a geometry, or an error."""
    if str(document.get("geometryType", "")).startswith("esri") or "attributes" in document:
        return True
    if any(member in document for member in (*_AREA_MEMBERS, "paths", "error", "featureSet")):
        return True
    listed = document.get("features")
    features = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return bool(_sublayers(document)) or any(
        "attributes" in one or _is_geometry(one.get("geometry")) for one in features
    )


def read_document(document: Mapping[str, Any], *, where: str) -> Features:
    """Return the features of an Esri JSON object that is whole and no server's error; of a collection in all layers."""
    parts: list[tuple[str, Features]] = []
    addresses: list[str] = []
    waiting = [(document, "")]
    while waiting:
        layer, name = waiting.pop()
        _refuse_error(layer, where)
        refuse_truncated(layer, where=where)
        definition = _member(layer, "layerDefinition")
        name = printable(str(definition.get("name") or layer.get("title") or layer.get("name") or name))
        inside, own = _sublayers(layer), layer.get("featureSet", layer)
        if own is not layer or "features" in layer or not (inside or layer is not document):
            if not isinstance(own, dict):
                raise DataError(f"its layer {name!r} has no featureSet", where=where, cure=_WITH_FEATURES)
            refuse_truncated(own, where=where)
            reference = definition.get("spatialReference") or _member(definition, "extent").get("spatialReference")
            own = own if own.get("spatialReference") else {**own, "spatialReference": reference}
            place = f"{where}/{name}" if layer is not document else where
            parts.append((name, name_layer(_of_set(own, place), name)))
        elif isinstance(layer.get("url"), str):
            addresses.append(layer["url"])
        elif not inside:
            raise DataError(f"its layer {name!r} has no featureSet", where=where, cure=_WITH_FEATURES)
        waiting.extend((one, name) for one in reversed(inside))
    if addresses:
        problem = f"is a web map of layers that are elsewhere: {printable(some_of(addresses, 3))}"
        cure = f"fetch them, as with frontcalc fetch arcgis {printable(addresses[0])} -o maps"
        raise DataError(problem, where=where, cure=cure)
    return concatenate(parts, where=where)


def _member(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object inside another, empty where there is none."""
    inside = holder.get(name)
    return inside if isinstance(inside, dict) else {}


def _sublayers(layer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the layers of a web map, a group or a feature collection; none where it is something else."""
    known = ("featureSet", "layerDefinition", "featureCollection", "layerType")
    found = [one] if (one := _member(layer, "featureCollection")) else []
    for member in ("operationalLayers", "layers"):
        listed = layer[member] if isinstance(layer.get(member), list) else []
        objects = [one if isinstance(one, dict) else {} for one in listed]
        found += objects if member != "layers" or any(key in one for one in objects for key in known) else []
    return found


def _of_set(document: Mapping[str, Any], where: str) -> Features:
    """Return the features of a feature set, a feature or a geometry."""
    transform, grid = document.get("transform"), None
    if transform is not None:
        grid = grid_of(transform, where=where)
        origin = transform.get("originPosition")
        if origin not in ("upperLeft", "lowerLeft") or (grid[0] < 0).any():
            problem = f"has a «transform» of no known kind: originPosition is {origin!r}"
            raise DataError(problem, where=where, cure="download it without quantizationParameters")
        grid[0, 1] *= -1 if origin == "upperLeft" else 1
    features = _features(document, where)
    rings: list[Part] = []
    not_area: list[int] = []
    references: list[object] = []
    for index, feature in enumerate(features):
        geometry = feature.get("geometry")
        if geometry is None:
            refuse_misplaced(feature, index, where=where)
            continue
        if not isinstance(geometry, dict) or not _is_geometry(geometry):
            raise DataError(f"feature {index} has a geometry of no known type", where=where, cure=_MEND)
        if "curveRings" in geometry:
            cure = "export it with returnTrueCurves=false"
            raise DataError(f"feature {index} has curves (curveRings)", where=where, cure=cure)
        if "rings" not in geometry:
            not_area.append(index)
            continue
        if not isinstance(geometry["rings"], list):
            raise DataError(f"feature {index} has rings that are no list", where=where, cure=_MEND)
        rings.extend((index, [ring]) for ring in _undone(geometry["rings"], grid, index, where))
        reference = geometry.get("spatialReference") or document.get("spatialReference")
        if reference not in references:
            references.append(reference)
    systems = list(dict.fromkeys(_crs(reference, where) for reference in references))
    if len(systems) > 1:
        raise DataError("its geometries differ in spatialReference", where=where, cure="download it with outSR=4326")
    crs = systems[0] if rings else LONLAT
    polygons, owner = build_polygons(rings, crs, where=where, esri=True)
    properties = tuple(feature.get("attributes") or {} for feature in features)
    points = np.array(not_area, dtype=np.intp)
    return Features(crs, properties, polygons, owner, points, document.get("synthetic") is True)


def _undone(rings: list[Any], grid: NDArray[np.float64] | None, index: int, where: str) -> Sequence[Ring]:
    """Return the rings of a feature off their grid; those that the grid made a point or a line have no area."""
    if grid is None:
        return rings
    try:
        if any(value % 1 for ring in rings for position in ring for value in position[:2]):
            raise ValueError("no step of a grid")
        undone = positions_of(rings, grid)
    except NO_POSITIONS as error:
        problem = f"feature {index} has coordinates that are no steps of the grid that its «transform» tells of"
        raise DataError(problem, where=where, cure="download it without quantizationParameters") from error
    return [ring for ring in undone if len(ring) > 3 or (len(ring) == 3 and (ring[0] != ring[-1]).any())]


def _is_geometry(geometry: object) -> bool:
    """Say whether a JSON value is an Esri geometry."""
    return isinstance(geometry, dict) and any(member in geometry for member in (*_AREA_MEMBERS, *_NOT_AREA_MEMBERS))


def _refuse_error(document: Mapping[str, Any], where: str) -> None:
    """Refuse what a server sent instead of a map, with its own words; it does so with status 200."""
    if "error" not in document:
        return
    error = document["error"] if isinstance(document["error"], dict) else {"message": document["error"]}
    details = error.get("details")
    said = [error.get("message"), *(details if isinstance(details, list) else [details])]
    words = "; ".join(dict.fromkeys(str(word) for word in said if word)) or "no reason given"
    code = f" {error['code']}" if "code" in error else ""
    raise DataError(f"is a server's error{code}, not a map: {words}", where=where, cure="download it again")


def _features(document: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    """Return the features of a feature set; a bare geometry is one feature without attributes."""
    if "features" not in document:
        features = [{"geometry": document} if _is_geometry(document) else document]
    elif isinstance(document["features"], list):
        features = document["features"]
    else:
        raise DataError("is a feature set without a list of features", where=where, cure=_MEND)
    for index, feature in enumerate(features):
        if not isinstance(feature, dict) or not isinstance(feature.get("attributes") or {}, dict):
            raise DataError(f"feature {index} is no Esri feature", where=where, cure=_MEND)
    if features and "geometryType" not in document and not any("geometry" in feature for feature in features):
        raise DataError("has attributes but no geometry", where=where, cure="download it with returnGeometry=true")
    return features


def _crs(reference: object, where: str) -> str:
    """Return the CRS that a spatial reference means."""
    if isinstance(reference, dict):
        ids = [reference.get(member) for member in ("latestWkid", "wkid")]
        numbers = [_WEB_MERCATOR.get(number, number) for number in ids if isinstance(number, int) and number > 0]
        texts = [reference[member] for member in ("wkt2", "wkt") if isinstance(reference.get(member), str)]
        declared = [f"{authority}:{number}" for number in numbers for authority in ("EPSG", "ESRI")] + texts
        for candidate in declared[:-1]:
            with suppress(DataError):
                return source_crs(candidate, where=where)
        if declared:
            return source_crs(declared[-1], where=where)
    cure = "download it with outSR=4326, or add its wkid"
    raise DataError("declares no spatialReference that is known", where=where, cure=cure, code="CRS-UNKNOWN")
