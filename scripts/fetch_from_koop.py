"""Fetch from a FeatureServer that others wrote, Koop, and hold what comes against what it serves.

    python scripts/fetch_from_koop.py

Installs npm's @koopjs/koop-core and @koopjs/provider-file-geojson into build/koop, of the versions below,
starts them on this machine, serves maps of the bundled sample as one layer with a date field, and fetches that with
`frontcalc fetch arcgis`: as GeoJSON and as Esri JSON, on one page a day and on several.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import shapely

from frontcalc.errors import DataError
from frontcalc.fetching import arcgis
from frontcalc.fetching.client import Client, Patience
from frontcalc.read import read_content

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample_polygons"
BUILD = ROOT / "build" / "koop"
PACKAGES = ("@koopjs/koop-core@10.4.19", "@koopjs/provider-file-geojson@2.2.0")
MAPS = 12
PAGES = {"whole": 2000, "paged": 2}
"""Layers that are served, and how many features an answer of each has."""


def main() -> int:
    """Install, serve, fetch, compare; return an exit code."""
    install()
    expected = write_layers(BUILD / "data")
    wrong = 0
    with koop(BUILD / "data") as url:
        for name in PAGES:
            layer = f"{url}/file-geojson/rest/services/{name}/FeatureServer/0"
            wrong += compare(f"{name}, GeoJSON", expected, by_command(layer, BUILD / "fetched" / name))
            wrong += compare(f"{name}, Esri JSON", expected, as_esri(layer))
    return 1 if wrong else 0


def install() -> None:
    """Install Koop with npm where it is not there yet; packages' own scripts are not run."""
    BUILD.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", BUILD, "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
    if not (BUILD / "node_modules" / "@koopjs" / "provider-file-geojson").is_dir():
        subprocess.run([*command, *PACKAGES], check=True)
    shutil.copy(ROOT / "scripts" / "koop_server.js", BUILD)


def write_layers(folder: Path) -> dict[str, list[Any]]:
    """Write the layers that are served, and return each day's features."""
    folder.mkdir(exist_ok=True)
    days: dict[str, list[Any]] = {}
    for path in sorted(SAMPLE.glob("*.geojson"))[:MAPS]:
        features = json.loads(path.read_bytes())["features"]
        days[path.stem] = [
            {**feature, "properties": feature["properties"] | {"datetime": f"{path.stem}T00:00:00.000Z"}}
            for feature in features
        ]
    features = [feature for day in days.values() for feature in day]
    for name, page in PAGES.items():
        layer = {"type": "FeatureCollection", "features": features, "metadata": {"maxRecordCount": page}}
        (folder / f"{name}.geojson").write_bytes(orjson.dumps(layer))
    return days


@contextmanager
def koop(data: Path) -> Iterator[str]:
    """Run Koop while the work inside is done, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"SUPPRESS_NO_CONFIG_WARNING": "true"}
    command = ["node", "koop_server.js", f"./{data.name}", str(port)]
    server = subprocess.Popen(command, cwd=BUILD, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        while server.stdout.readline().strip() != "ready":
            if server.poll() is not None:
                raise SystemExit("Koop does not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def by_command(layer: str, folder: Path) -> dict[str, Any]:
    """Fetch with the command, twice, and return each day's polygons."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "frontcalc", "fetch", "arcgis", layer, "-o", str(folder)]
    for run in ("first", "second"):
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
        print(f"  {run} run, {time.perf_counter() - began:.1f} s: {done.stderr.strip().splitlines()[-1]}")
    return {path.stem: polygons(path.read_bytes(), path.name) for path in sorted(folder.glob("*.geojson"))}


def as_esri(url: str) -> dict[str, Any]:
    """Fetch in Esri's JSON, and return each day's polygons."""
    found = {}
    with Client(Patience()) as client:
        layer = replace(arcgis.describe(client, url), geojson=False)
        for day, runs in layer.moments().items():
            features = layer.features_of(day, runs)
            assert features is not None
            found[str(day)] = polygons(orjson.dumps(features.head | {"features": features.items}), str(day))
    return found


def polygons(data: bytes, where: str) -> Any:
    """Return the polygons of a map, sorted, each in one form."""
    return sorted(shapely.normalize(read_content(data, where=where).polygons), key=lambda shape: shape.wkb)


def compare(what: str, expected: dict[str, list[Any]], got: dict[str, Any]) -> int:
    """Print how many polygons are as they were served, and return how many days are not."""
    wrong = 0
    number = 0
    for day, features in expected.items():
        served = polygons(orjson.dumps({"type": "FeatureCollection", "features": features}), day)
        number += len(served)
        wrong += len(served) != len(got.get(day, ())) or not all(map(shapely.equals, served, got[day]))
    print(f"{what}: {len(got)} of {len(expected)} days, {number} polygons, {wrong} days differ")
    return wrong + abs(len(got) - len(expected))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DataError as error:
        sys.exit(str(error))
