"""Esri JSON, as ArcGIS servers answer with: rings whose direction tells outlines from holes.

The format is at https://developers.arcgis.com/documentation/common-data-types/geometry-objects.htm.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError
from frontcalc.read.features import Features
from frontcalc.read.geojson import refuse_truncated
from frontcalc.read.rings import Part, build_polygons

# Ids that Web Mercator had before it became 3857.
_WEB_MERCATOR = {102100: 3857, 102113: 3857, 900913: 3857}

_AREA_MEMBERS = ("rings", "curveRings")
_NOT_AREA_MEMBERS = ("paths", "curvePaths", "points", "x")
_MEND = "repair it or use --skip-bad"


def is_esri(document: Mapping[str, Any]) -> bool:
    """Say whether a JSON object is Esri JSON: a feature set, a feature, a geometry or a server's error."""
    if isinstance(document.get("type"), str):
        return False
    if str(document.get("geometryType", "")).startswith("esri") or "attributes" in document:
        return True
    if any(member in document for member in (*_AREA_MEMBERS, "paths", "error")):
        return True
    listed = document.get("features")
    return isinstance(listed, list) and any(
        isinstance(feature, dict) and ("attributes" in feature or _is_geometry(feature.get("geometry")))
        for feature in listed[:1]
    )


def read_document(document: Mapping[str, Any], *, where: str) -> Features:
    """Return the features of an Esri JSON object that is whole, no server's error and not quantised."""
    _refuse_error(document, where)
    refuse_truncated(document, where=where)
    if document.get("transform") is not None:
        problem = "is quantised: its coordinates are steps of a grid («transform»)"
        raise DataError(problem, where=where, cure="download it without quantizationParameters")
    features = _features(document, where)
    rings: list[Part] = []
    not_area: list[int] = []
    references: list[object] = []
    for index, feature in enumerate(features):
        geometry = feature.get("geometry")
        if geometry is None:
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
        rings.extend((index, [ring]) for ring in geometry["rings"])
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
