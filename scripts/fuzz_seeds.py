"""Small maps as documents of GeoJSON, ways to change their structure, and each format's own writing of them."""

from __future__ import annotations

import gzip
import itertools
import json
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import shapely
from attack_oracle import turn
from fuzz_mutations import BINARY, DATABASE, JSON, TEXT, XML, Mutation, change_value

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import formats  # noqa: E402 - the makers of the tests

Document = dict[str, Any]
Writer = Callable[[Document, Random], bytes]

_LARGEST = 12_000
_POINT = {"type": "Point", "coordinates": [36.5, 48.5]}
_RICH_KML = """<Style id="s"><PolyStyle><color>ff0000ff</color></PolyStyle></Style><GroundOverlay><LatLonBox><north>1
</north></LatLonBox></GroundOverlay><Folder><name>a</name><TimeStamp><when>2022-11-03</when></TimeStamp><Placemark>
<gx:Track><when>2022-11-03</when><gx:coord>1 1 1</gx:coord></gx:Track></Placemark></Folder>"""
_TOML = b"""view = "control"
as_of_offset_days = -1
[dates]
"a.geojson" = 2024-11-03
[layers]
"Zone A" = { actor = "Russia", role = "control", whole = true }
"""


@dataclass(frozen=True, slots=True)
class Seeds:
    """What the inputs of one reader are made from."""

    files: tuple[bytes, ...]
    mutations: tuple[Mutation, ...]


def all_seeds(shared: Path | None = None) -> dict[str, Seeds]:
    """Return the seeds by reader; of a publisher's map no more than a few polygons, since small inputs are fast."""
    seeds = {}
    for name, (write, mutations) in WRITERS.items():
        seeds[name] = Seeds(tuple(write(document(random), random) for random in map(Random, range(5))), mutations)
    seeds["geojson"] = Seeds(seeds["geojson"].files + tuple(_real(shared)), JSON)
    return {**seeds, "frontcalc.toml": Seeds((_TOML,), TEXT)}


def _real(shared: Path | None) -> Iterator[bytes]:
    """Yield the smallest features of the sample's and the publishers' maps."""
    folders = [ROOT / "data" / "sample_polygons"]
    folders += [shared / "archives" / name for name in ("isw-weekly", "nzz-daily", "deepstate-daily") if shared]
    for path in (path for folder in folders for path in sorted(folder.glob("*.geojson"))[:2]):
        given = json.loads(path.read_bytes())
        given = given.get("value", given)
        texts = sorted(map(json.dumps, given["features"]), key=len)
        sizes = itertools.accumulate(map(len, texts))
        few = [json.loads(text) for text, size in zip(texts, sizes, strict=True) if size < _LARGEST]
        yield json.dumps({**given, "features": few}).encode()


# --- documents and their structure -------------------------------------------------------------------------------


def document(random: Random) -> Document:
    """Return a map of three features that draw, some with holes or in two parts, and one that does not."""

    def polygon(column: int) -> list[Any]:
        x, y, d = 36 + 0.2 * column + random.random() / 100, 48 + random.random() / 10, random.random() / 50
        outer = [[x, y], [x + 0.1, y + d], [x + 0.1 - d, y + 0.1], [x, y + 0.1], [x, y]]
        hole = [[x + (a - x) / 3 + 0.03, y + (b - y) / 3 + 0.03] for a, b in reversed(outer)]
        return [outer, hole][: random.choice((1, 2))]

    shapes = [polygon(n) for n in range(4)]
    drawn = [*({"type": "Polygon", "coordinates": one} for one in shapes[:2]), None]
    drawn.insert(2, {"type": "MultiPolygon", "coordinates": shapes[2:]})
    rows = [{"layer": ("control_map", "russian_advances")[n // 2], "n": random.choice((1, None))} for n in range(4)]
    both = zip(rows, drawn, strict=True)
    features = [{"type": "Feature", "properties": own, "geometry": geometry} for own, geometry in both]
    return {"type": "FeatureCollection", "features": features}


def polygons_in(geometry: Any) -> list[list[Any]]:
    """Return the polygons of a geometry, each as the list of its rings."""
    if geometry and geometry["type"] == "GeometryCollection":
        return [one for inner in geometry["geometries"] for one in polygons_in(inner)]
    inside = geometry.get("coordinates") if geometry else None
    drawn = {"Polygon": [inside], "MultiPolygon": inside}.get(geometry["type"], []) if inside else []
    return [one for one in drawn if one != []]


def change_structure(given: Document, random: Random) -> None:
    """Change a document in one of the ways in which maps are drawn or written wrongly, or only unusually."""
    features = given["features"]
    feature = random.choice(features)
    own = feature["geometry"]
    drawn = [rings for one in features for rings in polygons_in(one["geometry"])]
    rings = random.choice(drawn)
    ring = random.choice(rings)
    at, (x, y) = random.randrange(len(ring)), rings[0][0][:2]
    by, away = random.choice((0.3, 0.9, 1, 1.5)), random.choice((0, 0, 0.03, 0.12, 5))
    copy = [[x + (a - x) * by + away, y + (b - y) * by, *z] for a, b, *z in rings[0]]
    names = ("control_map", "CONTROL", "", "no such", 7, None, True, [1], {"a": {"b": 1}}, "\u202e", "x" * 3000)
    system = random.choice(("EPSG:4326", "urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:3857", "EPSG:32637", "x", None))
    held = {"type": "GeometryCollection", "geometries": [own, _POINT, None][: random.choice((1, 2, 3))]}
    odd = random.choice((None, [], "", 0, "x", [1], {}, *({"layer": name} for name in names)))
    many = {"type": "MultiPolygon", "coordinates": deepcopy(drawn) + random.choice(([], [], [None], [[]], [0], [[[]]]))}
    empty = {"type": random.choice(("Polygon", "MultiPolygon", "Point")), "coordinates": []}
    changes: tuple[Callable[[], object], ...] = (
        lambda: random.choice((ring, rings[0])).reverse(),
        lambda: ring.__setitem__(slice(None), ring[at:-1] + ring[:at] + ring[at : at + 1]),
        lambda: ring.pop(random.choice((-1, at))),
        lambda: ring.insert(at, list(ring[at])),
        lambda: ring.__setitem__(slice(at, at), [ring[at], [x + 0.3, y + by], ring[at]]),
        lambda: ring.insert(0, ring.pop(at)),
        lambda: ring.insert(at, [x + away, y + by / 20]),
        lambda: ring.__delitem__(slice(random.choice((0, 1, 2, 3)), None)),
        lambda: random.shuffle(rings),
        lambda: rings.append(random.choice((copy, copy[::-1], deepcopy(ring)))),
        lambda: rings.append([[x + a, y + b] for a, b in ((0.03, 0.03), (0.04, 0.03), (0.04, 0.04), (0.03, 0.03))]),
        lambda: [position.append(random.choice((7, 7, 0.5, None, "x"))) for position in ring],
        lambda: ring[at].__setitem__(0, random.choice((True, False, None, "36", 1e308, 200, -0.0, [36]))),
        lambda: ring.__setitem__(at, random.choice(([], [36], [36, 48, 1, 1], {"x": 36}, None))),
        lambda: feature.update(geometry=random.choice((None, empty, held, many))),
        lambda: feature.update(properties=odd),
        lambda: feature.pop(random.choice(("type", "properties"))),
        lambda: features.append(deepcopy(feature)),
        lambda: features.insert(0, random.choice((own, None, {}, [], _POINT))),
        lambda: random.choice((given, feature)).update(crs={"type": "name", "properties": {"name": system}}),
        lambda: change_value(given, random),
    )
    random.choice(changes)()


# --- a writer a format -------------------------------------------------------------------------------------------


def directed(geometry: Any) -> list[Any]:
    """Return all rings of a geometry as Esri draws them: outlines clockwise, holes the other way.

    ValueError where that does not say which hole is whose, since outlines lie over one another.
    """
    polygons = polygons_in(geometry)
    outlines = shapely.make_valid([shapely.Polygon([point[:2] for point in rings[0]]) for rings in polygons])
    if max(map(len, polygons), default=0) > 1 and shapely.union_all(outlines).area < 0.999_999 * shapely.area(outlines).sum():
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


WRITERS: dict[str, tuple[Writer, tuple[Mutation, ...]]] = {
    "geojson": (geojson, JSON),
    "geojson-sequence": (sequence, JSON),
    "topojson": (topojson, JSON),
    "esri": (esri, JSON),
    "gzip": (lambda given, random: gzip.compress(geojson(given, random), mtime=0), JSON),
    "kml": (kml, XML),
    "kmz": (lambda given, random: formats.zipped({"doc.kml": kml(given, random)}), XML),
    "zip": (lambda given, random: formats.zipped({"a.geojson": geojson(given, random)}), (*BINARY, *JSON)),
    "shapefile": (shapefile, BINARY),
    "geopackage": (partial(database, driver="GPKG"), DATABASE),
    "geodatabase": (partial(database, driver="OpenFileGDB"), BINARY),
    "flatgeobuf": (partial(database, driver="FlatGeobuf"), BINARY),
    "geoparquet": (partial(database, driver="Parquet"), BINARY),
}
