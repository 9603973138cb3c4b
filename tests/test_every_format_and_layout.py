"""One snapshot through every format, in every layout that a file of one layer can lie in, gives the same area."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import formats
import numpy as np
import pytest
import shapely
from conftest import square
from json_formats import FORMATS

import frontcalc
from frontcalc.outputs.geodata import geoparquet_bytes

# Nine squares without the middle one, and one apart: 900 km² held.
SHAPE = shapely.MultiPolygon(
    [
        shapely.difference(
            shapely.union_all([square(x, y) for x in (310, 311, 312) for y in (40, 41, 42)]), square(311, 41)
        ),
        square(320, 40),
    ]
)


def zipped_shapefile(folder: Path, shape: shapely.Geometry, **options: object) -> bytes:
    parts = formats.shapefile_parts(folder / "shp", [shape], **options)
    return formats.zipped(formats.named(parts, "control_map"))


def zip_in_zip(folder: Path) -> bytes:
    return formats.zipped({"inner.zip": zipped_shapefile(folder, SHAPE)})


def geoparquet(folder: Path) -> bytes:
    return geoparquet_bytes([((None, "control_map", "Russia", "control"), np.array(SHAPE.geoms))])


MAKERS: dict[str, tuple[str, Callable[[Path], bytes]]] = {
    **{
        name: (".json", lambda folder, make=make: make({"control_map": [SHAPE]}))  # type: ignore[misc]
        for name, make in FORMATS.items()
    },
    "zipped shapefile": (".zip", lambda folder: zipped_shapefile(folder, SHAPE)),
    "zipped shapefile in EPSG:3857": (
        ".zip",
        lambda folder: zipped_shapefile(folder, formats.mercator(SHAPE), crs="EPSG:3857"),
    ),
    "zip in a zip": (".zip", zip_in_zip),
    "GeoPackage": (
        ".gpkg",
        lambda folder: formats.written(folder / "a.gpkg", "GPKG", list(SHAPE.geoms), layer="control_map"),
    ),
    "file geodatabase": (".gdb.zip", lambda folder: formats.geodatabase(folder, [SHAPE], geometry_type="MultiPolygon")),
    "FlatGeobuf": (".fgb", lambda folder: formats.written(folder / "a.fgb", "FlatGeobuf", list(SHAPE.geoms))),
    "GeoParquet": (".parquet", geoparquet),
    "KML": (".kml", lambda folder: formats.kml(("control_map", list(SHAPE.geoms)))),
    "KMZ": (".kmz", lambda folder: formats.zipped({"doc.kml": formats.kml(("control_map", list(SHAPE.geoms)))})),
}

LAYOUTS = ["control_map_2024-01-01{}", "2024-01-01/control_map{}", "control_map/20240101{}"]


@pytest.mark.parametrize("layout", [*LAYOUTS, "zip of everything"])
@pytest.mark.parametrize("name", MAKERS)
def test_one_snapshot_has_one_area(name: str, layout: str, tmp_path: Path) -> None:
    suffix, make = MAKERS[name]
    work, archive = tmp_path / "work", tmp_path / "maps"
    work.mkdir()
    data = make(work)
    if layout == "zip of everything":
        archive = tmp_path / "maps.zip"
        with zipfile.ZipFile(archive, "w") as file:
            for day in ("2024-01-01", "2024-01-08"):
                file.writestr(f"{day}/control_map{suffix}", data)
    else:
        path = archive / layout.format(suffix)
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    assert frontcalc.open_archive(archive).days[0] == date(2024, 1, 1)
    row = frontcalc.held(["2024-01-01"], archive=archive, view="control").rows[-1]
    assert (row.actor, row.region) == ("Russia", "total")
    assert row.held_km2 == pytest.approx(900.0, abs=0.01 if "3857" in name or "mercator" in name else 0.001)
