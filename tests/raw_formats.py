"""Documents of GeoJSON written in each format with whatever rings they have: open, crossing, turned round or too short.

What a format has no way to write is an error of some kind.
"""

from __future__ import annotations

import itertools
import json
import struct
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import formats
import numpy as np
import shapely
from strict_oracle import turn

Document = dict[str, Any]

_RICH_KML = """<Style id="s"><PolyStyle><color>ff0000ff</color></PolyStyle></Style><GroundOverlay><LatLonBox><north>1
</north></LatLonBox></GroundOverlay><Folder><name>a</name><TimeStamp><when>2022-11-03</when></TimeStamp><Placemark>
<gx:Track><when>2022-11-03</when><gx:coord>1 1 1</gx:coord></gx:Track></Placemark></Folder>"""


def polygons_in(geometry: Any) -> list[list[Any]]:
    """Return the polygons of a geometry, each as the list of its rings."""
    if geometry and geometry["type"] == "GeometryCollection":
        return [one for inner in geometry["geometries"] for one in polygons_in(inner)]
    inside = geometry.get("coordinates") if geometry else None
    drawn = {"Polygon": [inside], "MultiPolygon": inside}.get(geometry["type"], []) if inside else []
    return [one for one in drawn if one != []]


def directed(geometry: Any) -> list[Any]:
    """Return all rings of a geometry as Esri draws them: outlines clockwise, holes the other way.

    ValueError where that does not say which hole is whose, since outlines lie over one another.
    """
    polygons = polygons_in(geometry)
    outlines = shapely.make_valid([shapely.Polygon([point[:2] for point in rings[0]]) for rings in polygons])
    if (
        max(map(len, polygons), default=0) > 1
        and shapely.union_all(outlines).area < 0.999_999 * shapely.area(outlines).sum()
    ):
        raise ValueError("outlines over one another")
    if any(abs(turn(hole)) > 0.999 * abs(turn(rings[0])) for rings in polygons for hole in rings[1:]):
        raise ValueError("a hole as large as its outline, which all turn round the other way")
    rings = [(ring, number == 0) for polygon in polygons for number, ring in enumerate(polygon)]
    return [ring[::-1] if (turn(ring) > 0) == outer else ring for ring, outer in rings]


def geojson(given: Document, random: Random) -> bytes:
    """Write GeoJSON, now and then in a wrapper."""
    text = json.dumps(given)
    return random.choice((text, text, f'{{"id": 7, "value": {text}}}', f"[{text}]", "\ufeff" + text)).encode()


def sequence(given: Document, random: Random) -> bytes:
    """Write a feature a line, or a record."""
    begin = random.choice(("", "\x1e"))
    return "".join(f"{begin}{json.dumps(feature)}\n" for feature in given["features"]).encode()


def topojson(given: Document, random: Random) -> bytes:
    """Write a topology, quantised or not: each ring in two arcs, the second stored backwards."""
    arcs: list[Any] = []
    step = random.choice((None, 1e-9))

    def arc(points: list[Any]) -> list[Any]:
        steps = [[round(value / step) for value in point[:2]] for point in points] if step else points
        moves = [[b[0] - a[0], b[1] - a[1]] for a, b in itertools.pairwise(steps)]
        return [*steps[:1], *moves] if step else points

    def ring(points: list[Any]) -> list[int]:
        arcs.extend((arc(points[:3]), arc(points[2:][::-1])))
        return [len(arcs) - 2, ~(len(arcs) - 1)]

    def geometry(own: Any) -> Document:
        if own and own["type"] == "GeometryCollection":
            return {**own, "geometries": [geometry(one) for one in own["geometries"]]}
        polygons = [[ring(one) for one in rings] for rings in polygons_in(own)]
        return {"type": "MultiPolygon", "arcs": polygons} if polygons else own or {"type": None}

    things = [{**geometry(one["geometry"]), "properties": one["properties"]} for one in given["features"]]
    grid = {"transform": {"scale": [step, step], "translate": [0, 0]}} if step else {}
    objects = {"a": {"type": "GeometryCollection", "geometries": things}}
    return json.dumps({"type": "Topology", "objects": objects, "arcs": arcs, **grid, "crs": given.get("crs")}).encode()


def esri(given: Document, random: Random) -> bytes:
    """Write Esri JSON, as a set of features or a collection of layers, now and then on a grid."""
    step, layered = random.choice((None, None, 1e-9)), random.choice((False, True))
    features = []
    for feature in given["features"]:
        rings = directed(feature["geometry"])
        if step:
            grids = [[[0, 0], *([round(x / step), round(y / step)] for x, y, *_ in ring)] for ring in rings]
            rings = [[[c - a, d - b] for (a, b), (c, d) in itertools.pairwise(grid)] for grid in grids]
        features.append({"attributes": feature["properties"], "geometry": {"rings": rings} if rings else None})
    grid = {"transform": {"originPosition": "lowerLeft", "scale": [step, step], "translate": [0, 0]}} if step else {}
    whole = {"geometryType": "esriGeometryPolygon", "spatialReference": {"wkid": 4326}, "features": features, **grid}
    layers = {"layers": [{"layerDefinition": {"name": "a"}, "featureSet": whole}]}
    return json.dumps(layers if layered else whole).encode()


def kml(given: Document, random: Random) -> bytes:
    """Write KML, now and then with more in it than polygons."""

    def ring(side: str, points: list[Any]) -> str:
        text = " ".join(",".join(map(repr, point)) for point in points)
        return f"<{side}><LinearRing><coordinates>{text}</coordinates></LinearRing></{side}>"

    def placemark(feature: Document) -> str:
        sides = ["outerBoundaryIs", *["innerBoundaryIs"] * 9]
        polygons = ["".join(map(ring, sides, rings)) for rings in polygons_in(feature["geometry"])]
        drawn = "".join(f"<Polygon>{polygon}</Polygon>" for polygon in polygons)
        name = f'<Data name="layer"><value>{(feature["properties"] or {}).get("layer")}</value></Data>'
        return f"<Placemark><ExtendedData>{name}</ExtendedData><MultiGeometry>{drawn}</MultiGeometry></Placemark>"

    inside = "".join(map(placemark, given["features"])) + random.choice(("", _RICH_KML))
    spaces = 'xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"'
    return f"<kml {spaces}><Document><Folder><name>control_map</name>{inside}</Folder></Document></kml>".encode()


def shapefile(given: Document, random: Random) -> bytes:
    """Write .shp and .dbf by their specification, which takes any rings, in a zip."""
    drawn = [directed(feature["geometry"]) for feature in given["features"]]
    records = rows = b""
    for number, (feature, rings) in enumerate(zip(given["features"], drawn, strict=True), 1):
        points = np.array([point[:2] for ring in rings for point in ring], dtype="<f8").reshape(-1, 2)
        starts = [0, *itertools.accumulate(map(len, rings))][:-1]
        head = struct.pack(f"<{2 + len(rings)}i", len(rings), len(points), *starts)
        box = np.concatenate([points.min(axis=0), points.max(axis=0)]).tobytes() if rings else b""
        content = struct.pack("<i", 5) + box + head + points.tobytes() if rings else struct.pack("<i", 0)
        records += struct.pack(">2i", number, len(content) // 2) + content
        rows += b" " + str((feature["properties"] or {}).get("layer")).encode()[:20].ljust(20)
    shp = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, 50 + len(records) // 2)
    shp += struct.pack("<2i8d", 1000, 5, -180, -90, 180, 90, 0, 0, 0, 0) + records
    dbf = struct.pack("<4BIHH20x", 3, 124, 1, 1, len(drawn), 65, 21) + struct.pack("<11sc4xB15x", b"layer", b"C", 20)
    return formats.zipped({"control_map.shp": shp, "control_map.dbf": dbf + b"\r" + rows})


def database(given: Document, random: Random, *, driver: str) -> bytes:
    """Write a format that GDAL writes, or GeoParquet."""
    texts = [json.dumps(one["geometry"]) for one in given["features"]]
    shapes = [None if text == "null" else shapely.from_geojson(text) for text in texts]
    fields = {"layer": [str((one["properties"] or {}).get("layer")) for one in given["features"]]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "control_map.gpkg" if driver == "GPKG" else "control_map.fgb")
        if driver == "Parquet":
            import geopandas

            frame = geopandas.GeoDataFrame(fields, geometry=shapes, crs="OGC:CRS84")
            frame.to_parquet(path, compression=random.choice(("snappy", "zstd", None)))
            return path.read_bytes()
        if driver == "OpenFileGDB":
            # A feature without geometry is refused: GDAL gives none where it cannot read one.
            kept = [n for n, shape in enumerate(shapes) if shape and directed(given["features"][n]["geometry"])]
            drawn = [shapely.multipolygons(shapely.get_parts([shapes[n]])) for n in kept]
            own = {"layer": [fields["layer"][n] for n in kept]}
            return formats.geodatabase(Path(folder), drawn, fields=own, geometry_type="MultiPolygon")
        # FlatGeobuf's index takes no features that draw nothing.
        index = {"SPATIAL_INDEX": random.choice(("YES", "NO") if all(shapes) else ("NO",))}
        return formats.written(path, driver, shapes, fields=fields, geometry_type="Unknown", **index)
