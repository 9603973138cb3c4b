"""Small maps as documents of GeoJSON, ways to change their structure, and each format's own writing of them."""

from __future__ import annotations

import gzip
import itertools
import json
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
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
        made = (write(document(random), random) for random in map(Random, range(5)))
        seeds[name] = Seeds(tuple(dict.fromkeys(made)), mutations)
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

    def polygon(column: int, holes: int) -> list[Any]:
        """Return rings, slanted, so that no side is straight in every projection."""
        x, y, d = 36 + 0.2 * column + random.random() / 100, 48 + random.random() / 10, random.random() / 50
        rings = [[[x, y], [x + 0.1, y + d], [x + 0.1 - d, y + 0.1], [x, y + 0.1], [x, y]]]
        small = [[[x + (a - x) / 3 + 0.03, y + (b - y) / 3 + 0.03] for a, b in reversed(rings[0])] for _ in range(holes)]
        return rings + small

    shapes = [polygon(n, random.choice((0, 1))) for n in range(4)]
    drawn = [{"type": "Polygon", "coordinates": one} for one in shapes[:2]]
    drawn += [{"type": "MultiPolygon", "coordinates": shapes[2:]}, None]  # type: ignore[list-item]
    names = ("control_map", "control_map", "russian_advances", "russian_advances")
    features = [
        {"type": "Feature", "properties": {"layer": name, "n": random.choice((1, None))}, "geometry": one}
        for name, one in zip(names, drawn, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def polygons_in(geometry: Any) -> list[list[Any]]:
    """Return the polygons of a geometry, each as the list of its rings."""
    if not isinstance(geometry, dict):
        return []
    if geometry["type"] == "GeometryCollection":
        return [one for inner in geometry["geometries"] for one in polygons_in(inner)]
    drawn = {"Polygon": [geometry.get("coordinates")], "MultiPolygon": geometry.get("coordinates")}
    return [one for one in drawn.get(geometry["type"]) or () if one]


def change_structure(given: Document, random: Random) -> None:
    """Change a document in one of the ways in which maps are drawn or written wrongly, or only unusually."""
    features = given["features"]
    feature = random.choice(features)
    own = feature["geometry"]
    drawn = [rings for one in features for rings in polygons_in(one["geometry"])]
    rings = random.choice(drawn or [[[[36.0, 48.0]] * 4]])
    ring = random.choice(rings)
    at, (x, y) = random.randrange(len(ring)), rings[0][0][:2]
    by, away = random.choice((0.3, 0.9, 1, 1.5)), random.choice((0, 0, 0.03, 0.12, 5))
    copy = [[x + (a - x) * by + away, y + (b - y) * by, *z] for a, b, *z in rings[0]]
    names = ("control_map", "CONTROL", "", "no such", 7, None, True, [1], {"a": {"b": 1}}, "\u202e", "x" * 3000)
    systems = ("EPSG:4326", "urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:3857", "EPSG:32637", "x", None)
    held = {"type": "GeometryCollection", "geometries": [own, dict(_POINT), None][: random.choice((1, 2, 3))]}
    odd = (None, [], "", 0, "x", [1], {}, {"layer": random.choice(names)}, {"layer": random.choice(names)})
    changes: tuple[Callable[[], object], ...] = (
        lambda: ring.reverse(),
        lambda: rings[0].reverse(),
        lambda: ring.__setitem__(slice(None), ring[at:-1] + ring[:at] + ring[at : at + 1]),
        lambda: ring.pop(),
        lambda: ring.insert(at, list(ring[at])),
        lambda: ring.__setitem__(slice(at, at), [ring[at], [x + 0.3, y + by], ring[at]]),
        lambda: ring.insert(0, ring.pop(at)),
        lambda: ring.insert(at, [x + away, y + by / 20]),
        lambda: random.shuffle(rings),
        lambda: rings.append(deepcopy(ring)),
        lambda: rings.append(copy[::-1]),
        lambda: rings.append(copy),
        lambda: rings.append([[x + 0.03, y + 0.03], [x + 0.04, y + 0.03], [x + 0.04, y + 0.04], [x + 0.03, y + 0.03]]),
        lambda: ring.__delitem__(slice(random.choice((0, 1, 2, 3)), None)),
        lambda: [position.append(random.choice((7, 7, 0.5, None, "x"))) for position in ring],
        lambda: ring[at].__setitem__(0, random.choice((True, False, None, "36", 1e308, 200, -0.0, [36]))),
        lambda: ring[at].__setitem__(slice(None), random.choice(([], [36], [36, 48, 1, 1], {"x": 36}, None))),
        lambda: feature.update(geometry=None),
        lambda: feature.update(geometry={"type": random.choice(("Polygon", "MultiPolygon", "Point")), "coordinates": []}),
        lambda: feature.update(geometry=held),
        lambda: feature.update(geometry={"type": "MultiPolygon", "coordinates": [*drawn, random.choice((None, [], 0, [[]]))]}),
        lambda: feature.update(geometry={"type": "MultiPolygon", "coordinates": deepcopy(drawn)}),
        lambda: feature.update(properties=random.choice(odd)),
        lambda: feature.pop(random.choice(list(feature))) if len(feature) > 2 else None,
        lambda: features.append(deepcopy(feature)),
        lambda: features.insert(0, random.choice((own, None, {}, [], dict(_POINT)))),
        lambda: random.choice((given, feature)).update(crs={"type": "name", "properties": {"name": random.choice(systems)}}),
        lambda: change_value(given, random),
    )
    random.choice(changes)()


# --- a writer a format -------------------------------------------------------------------------------------------


def directed(geometry: Any) -> list[Any]:
    """Return all rings of a geometry as Esri draws them: outlines clockwise, holes the other way."""
    rings = [(ring, number == 0) for polygon in polygons_in(geometry) for number, ring in enumerate(polygon)]
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
        """Return an arc as it is stored."""
        steps = [[round(value / step) for value in point[:2]] for point in points] if step else points
        moves = [[b[0] - a[0], b[1] - a[1]] for a, b in itertools.pairwise(steps)]
        return [*steps[:1], *moves] if step else points

    def ring(points: list[Any]) -> list[int]:
        """Return the arcs of a ring."""
        arcs.extend((arc(points[:3]), arc(points[2:][::-1])))
        return [len(arcs) - 2, ~(len(arcs) - 1)]

    def geometry(own: Any) -> Document:
        """Return a geometry in arcs."""
        if own and own["type"] == "GeometryCollection":
            return {**own, "geometries": [geometry(one) for one in own["geometries"]]}
        polygons = [[ring(one) for one in rings] for rings in polygons_in(own)]
        return {"type": "MultiPolygon", "arcs": polygons} if polygons else own or {"type": None}

    things = [{**geometry(one["geometry"]), "properties": one["properties"]} for one in given["features"]]
    grid = {"transform": {"scale": [step, step], "translate": [0, 0]}} if step else {}
    objects = {"a": {"type": "GeometryCollection", "geometries": things}}
    crs = {"crs": given["crs"]} if "crs" in given else {}
    return json.dumps({"type": "Topology", "objects": objects, "arcs": arcs, **grid, **crs}).encode()


def esri(given: Document, random: Random) -> bytes:
    """Write Esri JSON, as a set of features or a collection of layers, now and then on a grid."""
    step, layered = random.choice((None, None, 1e-9)), random.choice((False, True))
    features = []
    for feature in given["features"]:
        rings = directed(feature["geometry"])
        if step:
            rings = [[[round(x / step), round(y / step)] for x, y, *_ in ring] for ring in rings]
            rings = [[[b - a for a, b in zip(*two, strict=True)] for two in itertools.pairwise([[0, 0], *one])] for one in rings]
        features.append({"attributes": feature["properties"], "geometry": {"rings": rings} if rings else None})
    grid = {"transform": {"originPosition": "lowerLeft", "scale": [step, step], "translate": [0, 0]}} if step else {}
    whole = {"geometryType": "esriGeometryPolygon", "spatialReference": {"wkid": 4326}, "features": features, **grid}
    return json.dumps({"layers": [{"layerDefinition": {"name": "a"}, "featureSet": whole}]} if layered else whole).encode()


def kml(given: Document, random: Random) -> bytes:
    """Write KML, now and then with more in it than polygons."""

    def ring(side: str, points: list[Any]) -> str:
        """Return a ring."""
        text = " ".join(",".join(map(repr, point)) for point in points)
        return f"<{side}><LinearRing><coordinates>{text}</coordinates></LinearRing></{side}>"

    def placemark(feature: Document) -> str:
        """Return a feature."""
        polygons = [
            "<Polygon>" + "".join(ring("innerBoundaryIs" if n else "outerBoundaryIs", one) for n, one in enumerate(rings))
            for rings in polygons_in(feature["geometry"])
        ]
        drawn = "".join(f"{polygon}</Polygon>" for polygon in polygons)
        name = f'<Data name="layer"><value>{(feature["properties"] or {}).get("layer")}</value></Data>'
        return f"<Placemark><ExtendedData>{name}</ExtendedData><MultiGeometry>{drawn}</MultiGeometry></Placemark>"

    inside = "".join(map(placemark, given["features"])) + random.choice(("", _RICH_KML))
    spaces = 'xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"'
    return f"<kml {spaces}><Document><Folder><name>control_map</name>{inside}</Folder></Document></kml>".encode()


def shapefile(given: Document, random: Random) -> bytes:
    """Write .shp and .dbf by their specification, which takes any rings, in a zip."""
    boxed: list[Any] = [point[:2] for one in given["features"] for ring in directed(one["geometry"]) for point in ring]
    records = rows = b""
    for number, feature in enumerate(given["features"], 1):
        rings = directed(feature["geometry"])
        points = [value for ring in rings for point in ring for value in point[:2]]
        starts = [0, *itertools.accumulate(map(len, rings))][:-1]
        content = struct.pack("<i", 0)
        if rings:
            box = (min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2]))
            head = (5, *box, len(rings), len(points) // 2, *starts)
            content = struct.pack(f"<i4d{2 + len(rings)}i{len(points)}d", *head, *points)
        records += struct.pack(">2i", number, len(content) // 2) + content
        rows += b" " + str((feature["properties"] or {}).get("layer")).encode()[:20].ljust(20)
    box = np.array([np.min(boxed, axis=0), np.max(boxed, axis=0)]).ravel().tolist()
    shp = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, 50 + len(records) // 2) + struct.pack("<2i8d", 1000, 5, *box, 0, 0, 0, 0)
    dbf = struct.pack("<4BIHH20x", 3, 124, 1, 1, len(given["features"]), 65, 21)
    dbf += struct.pack("<11sc4xB15x", b"layer", b"C", 20) + b"\r"
    return formats.zipped({"control_map.shp": shp + records, "control_map.dbf": dbf + rows})


def database(given: Document, random: Random, *, driver: str) -> bytes:
    """Write a format that GDAL writes, or GeoParquet."""
    texts = [json.dumps(one["geometry"]) for one in given["features"]]
    shapes = [None if text == "null" else shapely.from_geojson(text) for text in texts]
    names = [str((one["properties"] or {}).get("layer")) for one in given["features"]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "control_map")
        if driver == "Parquet":
            import geopandas

            frame = geopandas.GeoDataFrame({"layer": names}, geometry=shapes, crs="OGC:CRS84")
            frame.to_parquet(path, compression=random.choice(("snappy", "zstd", None)))
            return path.read_bytes()
        how: Any = {"fields": {"layer": names}, "geometry_type": "Unknown"}
        # Its index takes no features that draw nothing.
        how |= {"SPATIAL_INDEX": random.choice(("YES", "NO") if all(shapes) else ("NO",))} if driver == "FlatGeobuf" else {}
        if driver == "OpenFileGDB":
            # A feature without geometry is refused: GDAL gives none where it cannot read one.
            drawn = [(shapely.multipolygons(shapely.get_parts([one])), name) for one, name in zip(shapes, names, strict=True) if one]
            fields = {"layer": [name for _, name in drawn]}
            return formats.geodatabase(Path(folder), [one for one, _ in drawn], fields=fields, geometry_type="MultiPolygon")
        return formats.written(path.with_suffix(".gpkg" if driver == "GPKG" else ".fgb"), driver, shapes, **how)


def packed(given: Document, random: Random, *, name: str) -> bytes:
    """Write KMZ, or a zip of GeoJSON, with another in it now and then."""
    inner = kml(given, random) if name == "doc.kml" else geojson(given, random)
    whole = formats.zipped({name: inner})
    return formats.zipped({"inner.zip": whole}) if random.random() < 0.2 else whole


Writer = Callable[[Document, Random], bytes]

WRITERS: dict[str, tuple[Writer, tuple[Mutation, ...]]] = {
    "geojson": (geojson, JSON),
    "geojson-sequence": (sequence, JSON),
    "topojson": (topojson, JSON),
    "esri": (esri, JSON),
    "gzip": (lambda given, random: gzip.compress(geojson(given, random), mtime=0), JSON),
    "kml": (kml, XML),
    "kmz": (partial(packed, name="doc.kml"), XML),
    "zip": (partial(packed, name="a.geojson"), (*BINARY, *JSON)),
    "shapefile": (shapefile, BINARY),
    "geopackage": (partial(database, driver="GPKG"), DATABASE),
    "geodatabase": (partial(database, driver="OpenFileGDB"), BINARY),
    "flatgeobuf": (partial(database, driver="FlatGeobuf"), BINARY),
    "geoparquet": (partial(database, driver="Parquet"), BINARY),
}
