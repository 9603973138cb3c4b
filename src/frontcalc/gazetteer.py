"""Places: files of named points, as GeoJSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frontcalc import crs
from frontcalc.errors import DataError, naming
from frontcalc.names import printable
from frontcalc.read.detection import unpack
from frontcalc.read.files import file_of
from frontcalc.read.geojson import declared_crs, parse

_LON = ("lon", "longitude", "lng", "long", "x")
_LAT = ("lat", "latitude", "y")
_COLUMNS_NEEDED = "name the columns name, lon and lat"


def read_places(path: str | Path) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Read named points, in the file's order: their names (n), longitude and latitude on WGS 84 (n, 2).

    The file is GeoJSON points with a property «name», or CSV (also with semicolons or tabs) with columns name, lon and
    lat; case does not matter and other columns are ignored. DataError says that it cannot be read or holds no places,
    or that one has no name or no position on the globe.
    """
    entry = file_of(Path(path))
    names, points = list[str](), list[tuple[float, float]]()
    with naming(entry.label):
        data = unpack(entry.read(), where=entry.label)
        read = _from_geojson if data.lstrip().startswith((b"{", b"[")) else _from_csv
        for label, name, lon, lat in read(data):
            text = printable(" ".join(str(name or "").split()))
            if not text:
                raise DataError(f"{label} has no name", cure="name every place")
            if not (abs(lon) <= 180 and abs(lat) <= 90):  # which no number that is not finite is
                raise DataError(f"{label} is not on the globe: lon {lon:g}, lat {lat:g}", cure="give degrees")
            names.append(text)
            points.append((lon, lat))
        if not names:
            raise DataError("holds no places", cure="give points with names")
    return tuple(names), np.array(points)


def _from_geojson(data: bytes) -> Iterator[tuple[str, object, float, float]]:
    """Yield what messages call a point, its name, longitude and latitude."""
    document = parse(data)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(features, list):
        raise DataError("is no GeoJSON feature collection", cure="give points with a name, or CSV")
    to_degrees = crs.transformer(declared_crs(document), crs.LONLAT).transform
    for number, feature in enumerate(features):
        own: Any = feature if isinstance(feature, dict) else {}
        try:
            point = own["geometry"]
            if point["type"] != "Point":
                raise ValueError(point["type"])
            lon, lat = to_degrees(float(point["coordinates"][0]), float(point["coordinates"][1]))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DataError(f"feature {number} is no point", cure="give one point a place") from error
        named = own.get("properties")
        properties = named.items() if isinstance(named, dict) else ()
        yield f"feature {number}", {str(key).casefold(): value for key, value in properties}.get("name"), lon, lat


def _from_csv(data: bytes) -> Iterator[tuple[str, object, float, float]]:
    """Yield what messages call a line, its name, longitude and latitude."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError("is neither JSON nor text in UTF-8", cure="save it as UTF-8") from error
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        columns = [str(name).strip().casefold() for name in reader.fieldnames or ()]
        reader.fieldnames = columns
        if not all(any(name in columns for name in names) for names in (("name",), _LON, _LAT)):
            raise DataError(f"lacks a column; it has {', '.join(columns)[:200]}", cure=_COLUMNS_NEEDED)
        for row in reader:
            line = f"line {reader.line_num}"
            try:
                lon, lat = (float(next(row[name] for name in names if name in row)) for names in (_LON, _LAT))
            except (TypeError, ValueError) as error:
                raise DataError(f"{line} has no number for lon or lat", cure="as in 37.54,47.10") from error
            yield line, row.get("name"), lon, lat
    except csv.Error as error:
        raise DataError(f"is no CSV: {error}", cure=_COLUMNS_NEEDED) from error
