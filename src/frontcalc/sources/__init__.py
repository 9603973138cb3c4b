"""The only openers of geodata: one dict from format to reader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from frontcalc.errors import DataError
from frontcalc.sources import flatgeobuf, geojson, geopackage, geoparquet, kml, shapefile, zipped
from frontcalc.sources.features import Features


def read_content(data: bytes, *, where: str) -> Features:
    """Return the features of content in any format that is known; the content tells which.

    Parameters
    ----------
    data : bytes
        A file's content.
    where : str
        The file's name, for messages.

    Raises
    ------
    DataError
        The content is broken or no geodata.
    UsageError
        A package that the format needs is not installed.
    """
    return READERS[format_of(data)](data, where=where)


DETECTORS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("zip", zipped.detect),
    ("shapefile", shapefile.detect),
    ("geopackage", geopackage.detect),
    ("flatgeobuf", flatgeobuf.detect),
    ("geoparquet", geoparquet.detect),
    ("kml", kml.detect),
)
"""Formats and how their content is told, tried in this order; what none takes is read as GeoJSON."""

READERS: dict[str, Callable[..., Features]] = {
    "zip": partial(zipped.read, read_member=read_content),
    "shapefile": shapefile.read,
    "geopackage": geopackage.read,
    "flatgeobuf": flatgeobuf.read,
    "geoparquet": geoparquet.read,
    "kml": kml.read,
    "geojson": geojson.read,
}

SUFFIXES = (*geojson.SUFFIXES, ".zip", ".shp", ".gpkg", ".fgb", ".parquet", ".geoparquet", ".kml", ".kmz")
"""How the names of maps in a folder end; what is in them decides how they are read."""


def format_of(data: bytes) -> str:
    """Return the key of `READERS` for a file's content."""
    return next((name for name, test in DETECTORS if test(data)), "geojson")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that was read: its name (never a whole path) and the SHA-256 of its bytes."""

    name: str
    sha256: str


def read_bytes(path: Path, *, name: str) -> bytes:
    """Return a file's content.

    Raises
    ------
    DataError
        The file cannot be opened or is empty.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise DataError(f"cannot be read: {reason}", where=name) from error
    if not data.strip():
        raise DataError("is empty", where=name, cure="is the download complete?")
    return data


def read_features(path: Path, *, name: str) -> tuple[SourceFile, Features]:
    """Return what was read and the features in it.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What messages and `meta` call it.

    Raises
    ------
    DataError
        The file cannot be read or is no geodata.
    """
    data = read_bytes(path, name=name)
    digest = hashlib.sha256(data)
    if not shapefile.detect(data):
        return SourceFile(name, digest.hexdigest()), read_content(data, where=name)
    beside = shapefile.sibling_parts(path)
    for suffix in sorted(beside):
        digest.update(beside[suffix])
    features = shapefile.read_shapefile_parts({**beside, ".shp": data}, where=name)
    return SourceFile(name, digest.hexdigest()), features
