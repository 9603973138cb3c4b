"""Small maps as documents of GeoJSON, ways to change their structure, and each format's own writing of them."""

from __future__ import annotations

import gzip
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from fuzz_mutations import BINARY, DATABASE, JSON, TEXT, XML, Mutation, change_value

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import strict_oracle as oracle  # noqa: E402, F401 - for `attack`
from formats import zipped  # noqa: E402 - the makers of the tests
from raw_formats import (  # noqa: E402
    Document,
    database,
    esri,
    geojson,
    kml,
    polygons_in,
    sequence,
    shapefile,
    topojson,
)

Writer = Callable[[Document, Random], bytes]

_LARGEST = 12_000
_POINT = {"type": "Point", "coordinates": [36.5, 48.5]}
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


WRITERS: dict[str, tuple[Writer, tuple[Mutation, ...]]] = {
    "geojson": (geojson, JSON),
    "geojson-sequence": (sequence, JSON),
    "topojson": (topojson, JSON),
    "esri": (esri, JSON),
    "gzip": (lambda given, random: gzip.compress(geojson(given, random), mtime=0), JSON),
    "kml": (kml, XML),
    "kmz": (lambda given, random: zipped({"doc.kml": kml(given, random)}), XML),
    "zip": (lambda given, random: zipped({"a.geojson": geojson(given, random)}), (*BINARY, *JSON)),
    "shapefile": (shapefile, BINARY),
    "geopackage": (partial(database, driver="GPKG"), DATABASE),
    "geodatabase": (partial(database, driver="OpenFileGDB"), BINARY),
    "flatgeobuf": (partial(database, driver="FlatGeobuf"), BINARY),
    "geoparquet": (partial(database, driver="Parquet"), BINARY),
}
