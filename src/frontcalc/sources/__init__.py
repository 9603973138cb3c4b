"""The only openers of geodata: one dict from format to reader."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from frontcalc.sources import (
    esri,
    flatgeobuf,
    geojson,
    geojson_sequence,
    geopackage,
    geoparquet,
    kml,
    shapefile,
    topojson,
    zipped,
)
from frontcalc.sources.assemble import refuse_bare, refuse_impossible, refuse_uncut
from frontcalc.sources.detection import detect, unpack
from frontcalc.sources.documents import parse, unwrap
from frontcalc.sources.features import Features
from frontcalc.sources.files import Entry
from frontcalc.sources.limits import Limits, limits

# What is neither of these is GeoJSON, whose reader says what is missing.
_DOCUMENTS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[..., Features]], ...] = (
    (topojson.is_topology, topojson.read_document),
    (esri.is_esri, esri.read_document),
)


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
        return SourceFile(entry.label, digest.hexdigest()), _features_of(data, digest.digest(), where=entry.label)
    parts = {".shp": data}
    for name in entry.siblings:
        suffix = PurePosixPath(name).suffix.lower()
        parts[suffix] = entry.read(name)
        digest.update(parts[suffix])
    features = _checked(shapefile.read_shapefile_parts(parts, where=entry.label), where=entry.label)
    return SourceFile(entry.label, digest.hexdigest()), features


def _checked(features: Features, *, where: str) -> Features:
    """Return features that a figure may rest on; what cannot be is refused."""
    refuse_bare(features, where=where)
    refuse_impossible(features, where=where)
    refuse_uncut(features, where=where)
    return features


class _Last(threading.local):
    """What this thread has read last: a SHA-256 of the content with the limits in force, and its features."""

    key: tuple[bytes, Limits] | None = None
    features: Features | None = None


_last = _Last()


def _features_of(data: bytes, digest: bytes, *, where: str) -> Features:
    """Return the features of content: daily maps repeat themselves, and the same twice running is parsed once."""
    key = digest, limits()
    if _last.features is None or _last.key != key:
        features = _checked(read_content(data, where=where), where=where)
        _last.key, _last.features = key, features
    return _last.features


def fingerprint(entry: Entry) -> str:
    """Return the SHA-256 that `read_features` would state of a file, without parsing it.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    data = entry.read()
    digest = hashlib.sha256(data)
    for name in entry.siblings if shapefile.detect(data) else ():
        digest.update(entry.read(name))
    return digest.hexdigest()


def read_content(data: bytes, *, where: str) -> Features:
    """Return the features of content in any format that is known, also in gzip; the content tells which.

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
    content = unpack(data, where=where)
    return READERS[detect(content, where=where)](content, where=where)


def read_json(data: bytes, *, where: str) -> Features:
    """Return the features of one JSON document, whichever of the JSON formats it is in.

    The text is parsed once, since that takes most of the time of reading a map.

    Raises
    ------
    DataError
        The text is no JSON, or no map.
    """
    document = unwrap(parse(data, where=where))
    if isinstance(document, dict):
        for is_format, read_document in _DOCUMENTS:
            if is_format(document):
                return read_document(document, where=where)
    return geojson.read_document(document, where=where)


READERS: dict[str, Callable[..., Features]] = {
    "zip": partial(zipped.read, read_member=read_content),
    "shapefile": shapefile.read,
    "geopackage": geopackage.read,
    "flatgeobuf": flatgeobuf.read,
    "geoparquet": geoparquet.read,
    "kml": kml.read,
    "geojson-sequence": geojson_sequence.read,
    "json": read_json,
}
"""Format, as `detect` names it, to the function that reads its bytes."""
