"""Places: files of named points, as GeoJSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from frontcalc import crs
from frontcalc.errors import DataError, naming
from frontcalc.names import printable
from frontcalc.read.detection import unpack
from frontcalc.read.files import file_of
from frontcalc.read.geojson import declared_crs, parse
from frontcalc.towns import LEAST_RADIUS_M, Towns

_LON = ("lon", "longitude", "lng", "long", "x")
_LAT = ("lat", "latitude", "y")
_COLUMNS_NEEDED = "name the columns name, lon and lat"
_MOST_RADIUS_M = 50_000.0

Place = tuple[str, object, float, float, object]
"""What messages call a place, its name, longitude, latitude and radius (metres), as the file states them."""


def read_places(path: str | Path) -> Towns:
    """Read named points, in the file's order.

    The file is GeoJSON points with a property «name», or CSV (also with semicolons or tabs) with columns name, lon and
    lat; a property or column «radius_m» gives the radius of a place's disc, else it is the least one. Case does not
    matter and other columns are ignored. DataError says that the file cannot be read or holds no places, or that one
    has no name, no position on the globe or no radius that a town may have.
    """
    entry = file_of(Path(path))
    names, points, radii = list[str](), list[tuple[float, float]](), list[float]()
    with naming(entry.label):
        data = unpack(entry.read(), where=entry.label)
        read = _from_geojson if data.lstrip().startswith((b"{", b"[")) else _from_csv
        for label, name, lon, lat, radius in read(data):
            text = printable(" ".join(str(name or "").split()))
            if not text:
                raise DataError(f"{label} has no name", cure="name every place")
            if not (abs(lon) <= 180 and abs(lat) <= 90):  # which no number that is not finite is
                raise DataError(f"{label} is not on the globe: lon {lon:g}, lat {lat:g}", cure="give degrees")
            names.append(text)
            points.append((lon, lat))
            radii.append(_radius(label, radius))
        if not names:
            raise DataError("holds no places", cure="give points with names")
    none, count = np.zeros(len(names), dtype=np.int64), len(names)
    return Towns(tuple(names), np.full(count, ""), none, np.array(points), np.array(radii))


def _radius(label: str, value: object) -> float:
    """Return the radius that a place states (metres), the least one where it states none."""
    if value is None or not str(value).strip():
        return LEAST_RADIUS_M
    try:
        if 0 < (metres := float(str(value))) <= _MOST_RADIUS_M:
            return metres
    except ValueError:
        pass
    problem = f"{label} has the radius_m {printable(str(value), 40)}"
    raise DataError(problem, cure=f"give metres up to {_MOST_RADIUS_M:,.0f}, or leave it empty")


def _from_geojson(data: bytes) -> Iterator[Place]:
    """Yield the points of a feature collection."""
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
        texts = {str(key).casefold(): value for key, value in named.items()} if isinstance(named, dict) else {}
        yield f"feature {number}", texts.get("name"), lon, lat, texts.get("radius_m")


def _from_csv(data: bytes) -> Iterator[Place]:
    """Yield the lines of a table."""
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
            yield line, row.get("name"), lon, lat, row.get("radius_m")
    except csv.Error as error:
        raise DataError(f"is no CSV: {error}", cure=_COLUMNS_NEEDED) from error
