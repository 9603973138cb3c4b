"""One map written in every JSON format, so that the readers can be held against each other."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import shapely
from conftest import collection

from frontcalc import crs

Layers = Mapping[str | None, Sequence[shapely.Geometry | None]]

RECORD_SEPARATOR = b"\x1e"


def geojson(layers: Layers) -> bytes:
    return json.dumps(collection(layers)).encode()


def pretty_geojson(layers: Layers) -> bytes:
    return json.dumps(collection(layers), indent=2).encode() + b"\n"


def lines(layers: Layers) -> bytes:
    return b"".join(json.dumps(feature).encode() + b"\n" for feature in collection(layers)["features"])


def text_sequence(layers: Layers) -> bytes:
    """RFC 8142; there a record may span lines."""
    features = collection(layers)["features"]
    return b"".join(RECORD_SEPARATOR + json.dumps(feature, indent=1).encode() + b"\n" for feature in features)


def topology(layers: Layers, *, scale: float | None) -> bytes:
    """One object a layer, each ring cut into two arcs, the second stored backwards."""
    arcs: list[list[list[float]]] = []

    def ring_arcs(ring: shapely.LinearRing) -> list[int]:
        points = [[x / scale, y / scale] if scale else [x, y] for x, y in ring.coords]
        points = [[round(x), round(y)] for x, y in points] if scale else points
        arcs.extend(delta(part) if scale else part for part in (points[:3], points[2:][::-1]))
        return [len(arcs) - 2, ~(len(arcs) - 1)]

    def delta(points: list[list[float]]) -> list[list[float]]:
        return [points[0], *([b[0] - a[0], b[1] - a[1]] for a, b in pairwise(points))]

    def geometry(shape: shapely.Geometry | None) -> dict[str, Any]:
        if shape is None:
            return {"type": None}
        polygons = [
            [ring_arcs(ring) for ring in (part.exterior, *part.interiors)] for part in shapely.get_parts([shape])
        ]
        single = isinstance(shape, shapely.Polygon)
        return {"type": "Polygon" if single else "MultiPolygon", "arcs": polygons[0] if single else polygons}

    objects = {
        str(name): {"type": "GeometryCollection", "geometries": [geometry(shape) for shape in shapes]}
        for name, shapes in layers.items()
    }
    document = {"type": "Topology", "objects": objects, "arcs": arcs}
    if scale:
        document["transform"] = {"scale": [scale, scale], "translate": [0, 0]}
    return json.dumps(document).encode()


def esri_rings(shape: shapely.Geometry, target: str = crs.LONLAT) -> list[list[tuple[float, ...]]]:
    """Outlines clockwise, holes the other way, all in one list."""
    projected = shapely.transform(shape, crs.projector(crs.LONLAT, target))
    oriented = shapely.orient_polygons(shapely.get_parts([projected]), exterior_cw=True)
    return [list(ring.coords) for part in oriented for ring in (part.exterior, *part.interiors)]


def feature_set(layers: Layers, *, target: str = crs.LONLAT, reference: Any = None, each: bool = False) -> bytes:
    reference = reference or {"wkid": 4326, "latestWkid": 4326}
    features = []
    for name, shapes in layers.items():
        for shape in shapes:
            own = {"spatialReference": reference} if each else {}
            geometry = None if shape is None else {"rings": esri_rings(shape, target), **own}
            features.append({"attributes": {"layer": name}, "geometry": geometry})
    shared = {} if each else {"spatialReference": reference, "geometryType": "esriGeometryPolygon"}
    return json.dumps({"features": features, **shared}).encode()


def mercator(layers: Layers, **options: Any) -> bytes:
    return feature_set(layers, target="EPSG:3857", reference={"wkid": 102100}, **options)


def quantised(layers: Layers) -> bytes:
    """Coordinates as steps of a grid, each but the first of a ring from the one before; y runs down."""
    document = json.loads(feature_set(layers))
    for feature in document["features"]:
        for ring in (feature["geometry"] or {}).get("rings", []):
            steps = [[round(x / 1e-9), round(-y / 1e-9)] for x, y in ring]
            ring[:] = [steps[0], *([b[0] - a[0], b[1] - a[1]] for a, b in pairwise(steps))]
    transform = {"originPosition": "upperLeft", "scale": [1e-9, 1e-9], "translate": [0, 0]}
    return json.dumps({**document, "transform": transform}).encode()


def feature_collection(layers: Layers) -> bytes:
    """ArcGIS's, a layer a feature set."""
    sets = [
        {"layerDefinition": {"name": name}, "featureSet": json.loads(feature_set({name: shapes}))}
        for name, shapes in layers.items()
    ]
    return json.dumps({"layers": sets}).encode()


def wrapped(data: bytes, key: str) -> bytes:
    return b'{"id": 7, "' + key.encode() + b'": ' + data + b"}"


FORMATS: dict[str, Callable[[Layers], bytes]] = {
    "geojson": geojson,
    "geojson, pretty": pretty_geojson,
    "geojson in value": lambda layers: wrapped(geojson(layers), "value"),
    "geojson in map": lambda layers: wrapped(geojson(layers), "map"),
    "geojson with a byte order mark": lambda layers: b"\xef\xbb\xbf" + geojson(layers),
    "gzip of geojson": lambda layers: gzip.compress(geojson(layers)),
    "lines": lines,
    "lines with Windows ends": lambda layers: lines(layers).replace(b"\n", b"\r\n"),
    "text sequence": text_sequence,
    "gzip of lines": lambda layers: gzip.compress(lines(layers)),
    "gzip of a text sequence": lambda layers: gzip.compress(text_sequence(layers)),
    "topojson, quantised": lambda layers: topology(layers, scale=1e-10),
    "topojson, plain": lambda layers: topology(layers, scale=None),
    "topojson in value": lambda layers: wrapped(topology(layers, scale=1e-10), "value"),
    "gzip of topojson": lambda layers: gzip.compress(topology(layers, scale=None)),
    "esri": feature_set,
    "esri in web mercator": mercator,
    "esri, a reference each": lambda layers: mercator(layers, each=True),
    "esri, quantised": quantised,
    "esri, feature collection": feature_collection,
    "esri in value": lambda layers: wrapped(feature_set(layers), "value"),
}
