"""Esri JSON, as ArcGIS servers answer with: rings whose direction tells outlines from holes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError, naming
from frontcalc.geometry import Floats
from frontcalc.names import printable, some_of
from frontcalc.read.detection import refuse_truncated
from frontcalc.read.features import Features, build_features, concatenate, name_layer, refuse_misplaced
from frontcalc.read.rings import MEND, NO_POSITIONS, Part, grid_of, positions_of, refused

# https://developers.arcgis.com/documentation/common-data-types/geometry-objects.htm
_WEB_MERCATOR = {102100: 3857, 102113: 3857, 900913: 3857}  # ids that it had before it became 3857
_MARKS = ("attributes", "rings", "curveRings", "paths", "error", "featureSet")
_GEOMETRY_MEMBERS = ("rings", "curveRings", "paths", "curvePaths", "points", "x")
_LAYER_MEMBERS = ("featureSet", "layerDefinition", "featureCollection", "layerType")


def is_esri(document: Mapping[str, Any]) -> bool:
    """Say whether a JSON object is Esri JSON: a feature set or collection, a feature, a geometry, or an error."""
    listed = document.get("features")
    features = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return (
        str(document.get("geometryType", "")).startswith("esri")
        or any(member in document for member in _MARKS)
        or bool(_sublayers(document))
        or any("attributes" in one or _is_geometry(one.get("geometry")) for one in features)
    )


def read_document(document: Mapping[str, Any], *, where: str) -> Features:
    """Return the features of an Esri JSON object that is whole and no server's error; of a collection in all layers."""
    parts, addresses = list[tuple[str, Features]](), list[str]()
    waiting = [(document, "")]
    while waiting:
        layer, name = waiting.pop()
        if "error" in layer:
            # A server's own words, which it sends with status 200.
            error = _member(layer, "error") or {"message": layer["error"]}
            details = error.get("details")
            messages = [error.get("message"), *(details if isinstance(details, list) else [details])]
            words = "; ".join(dict.fromkeys(str(word) for word in messages if word)) or "no reason given"
            code = f" {error['code']}" if "code" in error else ""
            raise DataError(f"is a server's error{code}, not a map: {words}", cure="download it again")
        refuse_truncated(layer)
        definition = _member(layer, "layerDefinition")
        name = printable(str(definition.get("name") or layer.get("title") or layer.get("name") or name))
        inside, own = _sublayers(layer), layer.get("featureSet", layer)
        holds = own is not layer or "features" in layer or (layer is document and not inside)
        if not holds and isinstance(layer.get("url"), str):
            addresses.append(layer["url"])
        elif holds and isinstance(own, dict):
            refuse_truncated(own)
            reference = definition.get("spatialReference") or _member(definition, "extent").get("spatialReference")
            own = own if own.get("spatialReference") else {**own, "spatialReference": reference}
            with naming(where if layer is document else f"{where}/{name}"):
                parts.append((name, name_layer(_of_set(own), name)))
        elif holds or not inside:
            raise DataError(f"its layer {name!r} has no featureSet", cure="export it with its features")
        waiting.extend((one, name) for one in reversed(inside))
    if addresses:
        problem = f"is a web map of layers that are elsewhere: {printable(some_of(addresses, 3))}"
        cure = f"fetch them, as with frontcalc fetch arcgis {printable(addresses[0])} -o maps"
        raise DataError(problem, cure=cure)
    return concatenate(parts)


def _member(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object inside another, empty where there is none."""
    inside = holder.get(name)
    return inside if isinstance(inside, dict) else {}


def _sublayers(layer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the layers of a web map, a group or a feature collection; none where it is something else."""
    layers = [one] if (one := _member(layer, "featureCollection")) else []
    for member in ("operationalLayers", "layers"):
        inside = layer[member] if isinstance(layer.get(member), list) else []
        objects = [one if isinstance(one, dict) else {} for one in inside]
        if member != "layers" or any(key in one for one in objects for key in _LAYER_MEMBERS):
            layers += objects
    return layers


def _of_set(document: Mapping[str, Any]) -> Features:
    """Return the features of a feature set or a feature; a bare geometry is one without attributes."""
    grid = grid_of(document, esri=True)
    features = document.get("features", [{"geometry": document} if _is_geometry(document) else document])
    if not isinstance(features, list):
        raise DataError("is a feature set without a list of features", cure=MEND)
    for index, feature in enumerate(features):
        if not isinstance(feature, dict) or not isinstance(feature.get("attributes") or {}, dict):
            raise refused(index, "is no Esri feature")
    if features and "geometryType" not in document and not any("geometry" in feature for feature in features):
        raise DataError("has attributes but no geometry", cure="download it with returnGeometry=true")
    parts, points, references = list[Part](), list[int](), list[object]()
    for index, feature in enumerate(features):
        geometry = feature.get("geometry")
        if geometry is None:
            refuse_misplaced(feature, index)
        elif not _is_geometry(geometry):
            raise refused(index, "has a geometry of no known type")
        elif "curveRings" in geometry:
            raise refused(index, "has curves (curveRings)", cure="export it with returnTrueCurves=false")
        elif "rings" not in geometry:
            points.append(index)
        elif not isinstance(geometry["rings"], list):
            raise refused(index, "has rings that are no list")
        else:
            parts += [(index, [ring]) for ring in _undone(geometry["rings"], grid, index)]
            reference = geometry.get("spatialReference") or document.get("spatialReference")
            references += [] if reference in references else [reference]
    systems = list(dict.fromkeys(_crs(reference) for reference in references))
    if len(systems) > 1:
        raise DataError("its geometries differ in spatialReference", cure="download it with outSR=4326")
    properties = [feature.get("attributes") or {} for feature in features]
    crs, synthetic = systems[0] if parts else LONLAT, document.get("synthetic") is True
    return build_features(crs, (properties, parts, points), esri=True, synthetic=synthetic)


def _undone(rings: list[Any], grid: Floats | None, index: int) -> Sequence[Any]:
    """Return the rings of a feature off their grid; those that the grid made a point or a line have no area."""
    if grid is None:
        return rings
    try:
        if any(value % 1 for ring in rings for position in ring for value in position[:2]):
            raise ValueError("no step of a grid")
        undone = positions_of(rings, grid)
    except NO_POSITIONS as error:
        fault = "has coordinates that are no steps of the grid that its «transform» tells of"
        raise refused(index, fault, cure="download it without quantizationParameters") from error
    return [ring for ring in undone if len(ring) > 3 or (len(ring) == 3 and (ring[0] != ring[-1]).any())]


def _is_geometry(geometry: object) -> bool:
    """Say whether a JSON value is an Esri geometry."""
    return isinstance(geometry, dict) and any(member in geometry for member in _GEOMETRY_MEMBERS)


def _crs(reference: object) -> str:
    """Return the CRS that a spatial reference means: the first of its ids and texts that is known."""
    named = reference if isinstance(reference, dict) else {}
    ids = [named.get(member) for member in ("latestWkid", "wkid")]
    numbers = [_WEB_MERCATOR.get(number, number) for number in ids if isinstance(number, int) and number > 0]
    texts = [text for member in ("wkt2", "wkt") if isinstance(text := named.get(member), str)]
    cure = "download it with outSR=4326, or add its wkid"
    unknown = DataError("declares no spatialReference that is known", cure=cure, code="CRS-UNKNOWN")
    for candidate in [f"{authority}:{number}" for number in numbers for authority in ("EPSG", "ESRI")] + texts:
        try:
            return source_crs(candidate)
        except DataError as error:
            unknown = error
    raise unknown
