"""One snapshot in every format: a 10 km square as control, another as advances."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from conftest import collection, square
from pyproj import CRS, Transformer

_TO_MERCATOR = Transformer.from_crs("OGC:CRS84", "EPSG:3857", always_xy=True)

CONTROL = square(0, 0)
CRS_3857 = CRS("EPSG:3857")


def mercator(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape in Web Mercator, where meridians and parallels are straight too."""
    return shapely.transform(shape, _TO_MERCATOR.transform, interleaved=False)


def written(
    path: Path,
    driver: str,
    shapes: list[shapely.Geometry | None],
    *,
    crs: str | None = "EPSG:4326",
    fields: Mapping[str, Any] | None = None,
    geometry_type: str = "Polygon",
    **options: Any,
) -> bytes:
    """Write a file by GDAL and return its bytes."""
    fields = fields or {}
    pyogrio.raw.write(
        path,
        np.array(shapely.to_wkb(shapes), dtype=object),
        [values if isinstance(values, np.ndarray) else np.array(values, dtype=object) for values in fields.values()],
        list(fields),
        geometry_type=geometry_type,
        crs=crs,
        driver=driver,
        **options,
    )
    return path.read_bytes()


def shapefile_parts(folder: Path, shapes: list[shapely.Geometry | None], **options: Any) -> dict[str, bytes]:
    """Return the parts of a shapefile by suffix."""
    folder.mkdir(exist_ok=True)
    options.setdefault("fields", {"name": ["Херсон"] * len(shapes)})
    written(folder / "part.shp", "ESRI Shapefile", shapes, **options)
    return {path.suffix: path.read_bytes() for path in folder.glob("part.*")}


def geodatabase(folder: Path, shapes: list[shapely.Geometry | None], **options: Any) -> bytes:
    """Return a file geodatabase, zipped as ArcGIS gives it."""
    with suppress(IsADirectoryError):  # a geodatabase is a folder
        written(folder / "a.gdb", "OpenFileGDB", shapes, layer="control_map", **options)
    return zipped({f"a.gdb/{path.name}": path.read_bytes() for path in sorted((folder / "a.gdb").iterdir())})


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return members as a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def named(parts: Mapping[str, bytes], stem: str) -> dict[str, bytes]:
    """Return a shapefile's parts as files by name."""
    return {f"{stem}{suffix}": content for suffix, content in parts.items()}


def geojson(*shapes: shapely.Geometry) -> bytes:
    """Return shapes as GeoJSON without layers."""
    return json.dumps(collection({None: list(shapes)})).encode()


def kml(*folders: tuple[str, list[shapely.Polygon]], inside: str = "") -> bytes:
    """Return KML with a folder a layer, as Google Earth writes it."""
    text = "".join(
        f"<Folder><name>{name}</name>{''.join(_placemark(shape) for shape in shapes)}</Folder>"
        for name, shapes in folders
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- by hand -->\n'
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{text}{inside}</Document></kml>\n'
    ).encode()


def _placemark(shape: shapely.Polygon) -> str:
    """Return a polygon as a placemark."""
    rings = [
        (side, ring) for side, rings in (("outer", [shape.exterior]), ("inner", shape.interiors)) for ring in rings
    ]
    drawn = "".join(
        f"<{side}BoundaryIs><LinearRing><coordinates>"
        f"{' '.join(f'{x!r},{y!r},0' for x, y in ring.coords)}"
        f"</coordinates></LinearRing></{side}BoundaryIs>"
        for side, ring in rings
    )
    return f"<Placemark><name>a place</name><Polygon>{drawn}</Polygon></Placemark>"


def link(href: str) -> str:
    """Return a KML link to another file."""
    return f"<NetworkLink><Link><href>{href}</href></Link></NetworkLink>"
