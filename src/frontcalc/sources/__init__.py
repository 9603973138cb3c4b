"""The only openers of geodata: one dict from format to reader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from frontcalc.sources import flatgeobuf, geojson, geopackage, geoparquet, kml, shapefile, zipped
from frontcalc.sources.features import Features
from frontcalc.sources.files import Entry


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


def format_of(data: bytes) -> str:
    """Return the key of `READERS` for a file's content."""
    return next((name for name, test in DETECTORS if test(data)), "geojson")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that was read: its name (never a whole path) and the SHA-256 of its bytes."""

    name: str
    sha256: str


def read_features(entry: Entry) -> tuple[SourceFile, Features]:
    """Return what was read and the features in it; of a shapefile, all its parts.

    Raises
    ------
    DataError
        The file cannot be read or is no geodata.
    UsageError
        A package that its format needs is not installed.
    """
    data = entry.read()
    digest = hashlib.sha256(data)
    if not shapefile.detect(data):
        return SourceFile(entry.label, digest.hexdigest()), read_content(data, where=entry.label)
    parts = {".shp": data}
    for name in entry.siblings:
        parts[PurePosixPath(name).suffix.lower()] = entry.read(name)
        digest.update(parts[PurePosixPath(name).suffix.lower()])
    features = shapefile.read_shapefile_parts(parts, where=entry.label)
    return SourceFile(entry.label, digest.hexdigest()), features
