"""Small sound files of every format, to be broken: made ones, the sample's, and pieces of publishers' maps."""

from __future__ import annotations

import gzip
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzz_mutations import BINARY, DATABASE, JSON, TEXT, XML, Mutation

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import formats  # noqa: E402 - the makers of the tests
import json_formats  # noqa: E402
import shapely  # noqa: E402
from conftest import square  # noqa: E402

_LARGEST = 12_000
_KML = """<kml xmlns:gx="x"><Document><name>war</name><Style id="s">
<PolyStyle><color>ff0000ff</color></PolyStyle></Style>
<Folder><Placemark><TimeSpan><begin>2022-05</begin><end>2022-11-03T00:00:00Z</end></TimeSpan><styleUrl>#s</styleUrl>
<ExtendedData><Data name="layer"><value>control_map</value></Data></ExtendedData><MultiGeometry>{polygon}<Point>
<coordinates>1,1</coordinates></Point></MultiGeometry></Placemark><GroundOverlay><LatLonBox><north>1</north></LatLonBox>
</GroundOverlay></Folder><Folder><name>a</name><TimeStamp><when>2022-11-03</when></TimeStamp><Placemark><gx:Track>
<when>2022-11-03</when><gx:coord>1 1 1</gx:coord></gx:Track></Placemark></Folder></Document></kml>"""
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
    with tempfile.TemporaryDirectory() as folder:
        seeds = _made(Path(folder))
    seeds["geojson"] = Seeds(seeds["geojson"].files + tuple(_real(shared)), JSON)
    return seeds


def _made(folder: Path) -> dict[str, Seeds]:
    """Return the seeds that are made here."""
    hole = shapely.Polygon(square(3, 0).exterior, [shapely.affinity.scale(square(3, 0), 0.5, 0.5).exterior])
    layers = {"control_map": [square(0, 0), hole], "russian_advances": [square(1, 0), None]}
    drawn = [square(0, 0), shapely.MultiPolygon([square(1, 0), hole])]
    fields = {"layer": ["control_map", "russian_advances"], "date": ["2024-11-03", "2024-11-03"], "n": [1, None]}
    parts = formats.named(formats.shapefile_parts(folder / "shp", drawn), "control_map")
    advances = formats.shapefile_parts(folder / "advances", [square(5, 0)])
    projected = formats.named(
        formats.shapefile_parts(folder / "merc", [formats.mercator(shape) for shape in drawn], crs="EPSG:3857"), "a"
    )
    written: dict[str, Any] = {"fields": fields, "geometry_type": "MultiPolygon"}
    shapes: list[shapely.Geometry | None] = [shapely.multipolygons([shape]) for shape in [drawn[0]]] + [drawn[1]]
    kml = formats.kml(("control_map", [square(0, 0), hole]))
    polygon = re.search(r"<Polygon>.*?</Polygon>", kml.decode())
    assert polygon is not None
    rich = _KML.format(polygon=polygon[0]).encode()
    linking = {"doc.kml": formats.kml(inside=formats.link("layers/a.kml")), "layers/a.kml": kml}
    return {
        "geojson": Seeds(
            (
                json_formats.geojson(layers),
                json_formats.wrapped(json_formats.geojson(layers), "value"),
                _with_crs(layers),
            ),
            JSON,
        ),
        "geojson-sequence": Seeds((json_formats.lines(layers), json_formats.text_sequence(layers)), JSON),
        "topojson": Seeds(
            (json_formats.topology(layers, scale=1e-10), json_formats.topology(layers, scale=None)), JSON
        ),
        "esri": Seeds(
            (
                json_formats.feature_set(layers),
                json_formats.mercator(layers),
                json_formats.mercator(layers, each=True),
                json_formats.quantised(layers),
                json_formats.feature_collection(layers),
            ),
            JSON,
        ),
        "gzip": Seeds((gzip.compress(json_formats.geojson(layers), mtime=0),), JSON),
        "kml": Seeds((kml, rich), XML),
        "kmz": Seeds((formats.zipped({"doc.kml": rich}), formats.zipped(linking)), XML),
        "zip": Seeds(
            (
                formats.zipped({**parts, "inner.zip": formats.zipped(formats.named(advances, "russian_advances"))}),
                formats.zipped({"a.geojson": json_formats.geojson(layers)}),
            ),
            (*BINARY, *JSON),
        ),
        "shapefile": Seeds((formats.zipped(parts), formats.zipped(projected), parts["control_map.shp"]), BINARY),
        "geopackage": Seeds((_geopackage(folder, shapes, written),), DATABASE),
        "geodatabase": Seeds((formats.geodatabase(folder, shapes, **written),), BINARY),
        "flatgeobuf": Seeds((formats.written(folder / "a.fgb", "FlatGeobuf", shapes, **written),), BINARY),
        "geoparquet": Seeds(tuple(_geoparquet(folder, drawn)), BINARY),
        "frontcalc.toml": Seeds((_TOML,), TEXT),
    }


def _with_crs(layers: json_formats.Layers) -> bytes:
    """Return GeoJSON with the older `crs` member."""
    metres = {name: [shape and formats.mercator(shape) for shape in shapes] for name, shapes in layers.items()}
    document = json.loads(json_formats.geojson(metres))
    return json.dumps({**document, "crs": {"type": "name", "properties": {"name": "EPSG:3857"}}}).encode()


def _geopackage(folder: Path, shapes: list[shapely.Geometry | None], written: dict[str, Any]) -> bytes:
    """Return a GeoPackage; its pages are 4 kB each, so it is larger than the others."""
    return formats.written(folder / "a.gpkg", "GPKG", shapes, layer="control_map", **written)


def _geoparquet(folder: Path, drawn: list[Any]) -> Iterator[bytes]:
    """Yield GeoParquet in several encodings of its pages."""
    import geopandas

    frame = geopandas.GeoDataFrame({"layer": ["control_map", "russian_advances"], "n": [1, 2]}, geometry=drawn)
    for compression in ("snappy", "zstd", None):
        frame.set_crs("OGC:CRS84").to_parquet(folder / "a.parquet", compression=compression)
        yield (folder / "a.parquet").read_bytes()


def _real(shared: Path | None) -> Iterator[bytes]:
    """Yield the first few features of the sample's and the publishers' maps."""
    folders = [ROOT / "data" / "sample_polygons"]
    if shared is not None:
        folders += [shared / "archives" / name for name in ("isw-weekly", "nzz-daily", "deepstate-daily")]
    for folder in folders:
        files = sorted(folder.glob("*.geojson"), key=lambda path: (path.stat().st_size, path.name))
        for path in files[:2]:
            document = json.loads(path.read_bytes())
            document = document.get("value", document)
            while len(json.dumps(document)) > _LARGEST and _shorten(document):
                pass
            yield json.dumps(document).encode()


def _shorten(document: dict[str, Any]) -> bool:
    """Drop the polygon or hole that takes most room from a feature collection; False when nothing is left to drop."""
    sized = [(len(json.dumps(feature)), n) for n, feature in enumerate(document.get("features", []))]
    if not sized:
        return False
    feature = document["features"][max(sized)[1]]
    geometry = feature.get("geometry") or {}
    coordinates = geometry.get("coordinates") or []
    # Holes without their outline are no polygon.
    droppable = coordinates[1:] if geometry.get("type") == "Polygon" else coordinates
    if len(coordinates) > 1:
        coordinates.remove(max(droppable, key=lambda part: len(json.dumps(part))))
    else:
        document["features"].remove(feature)
    return True
