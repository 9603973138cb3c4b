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


def read_features(entry: Entry, *, skip_bad: bool = False) -> tuple[SourceFile, Features]:
    """Return what was read and the features in it; of a shapefile, all its parts.

    Parameters
    ----------
    entry : Entry
        The file.
    skip_bad : bool
        Pass over members of a zip that cannot be read, with a notice.

    Raises
    ------
    DataError
        The file cannot be read or is no geodata.
    UsageError
        A package that its format needs is not installed.
    """
    parts, digest = _content(entry)
    source = SourceFile(entry.label, digest.hex())
    if len(parts) == 1 and not shapefile.detect(parts[""]):
        if not skip_bad:
            return source, _features_of(parts[""], digest, where=entry.label)
        features = read_content(parts[""], where=entry.label, skip_bad=True)
    else:
        features = shapefile.read_shapefile_parts({**parts, ".shp": parts[""]}, where=entry.label)
    return source, _checked(features, where=entry.label)


def _content(entry: Entry) -> tuple[dict[str, bytes], bytes]:
    """Return a file's content under "", that of a shapefile's other parts by suffix, and the SHA-256 of it all."""
    parts = {"": entry.read()}
    if shapefile.detect(parts[""]):
        parts |= {PurePosixPath(name).suffix.lower(): entry.read(name) for name in entry.siblings}
    elif geopackage.detect(parts[""]):
        geopackage.refuse_logs(entry.beside, where=entry.label)
    return parts, hashlib.sha256(b"".join(parts.values())).digest()


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
    return _content(entry)[1].hex()


def read_content(data: bytes, *, where: str, skip_bad: bool = False) -> Features:
    """Return the features of content in any format that is known, also in gzip; the content tells which.

    Parameters
    ----------
    data : bytes
        A file's content.
    where : str
        The file's name, for messages.
    skip_bad : bool
        Pass over members of a zip that cannot be read, with a notice.

    Raises
    ------
    DataError
        The content is broken or no geodata.
    UsageError
        A package that the format needs is not installed.
    """
    content = unpack(data, where=where)
    kind = detect(content, where=where)
    how = {"skip_bad": True} if skip_bad and kind == "zip" else {}
    return READERS[kind](content, where=where, **how)


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
