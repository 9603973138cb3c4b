"""The only openers of geodata: one dict from format to reader."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from frontcalc.read.detection import detect, signature_of, unpack
from frontcalc.read.features import Features, MixedCrsError, refuse_bare, refuse_impossible
from frontcalc.read.files import Entry
from frontcalc.read.limits import limits

READERS = {
    "zip": "zipped.read",
    "shapefile": "shapefile.read_shapefile_parts",
    "geopackage": "formats.read_geopackage",
    "flatgeobuf": "formats.read_flatgeobuf",
    "geoparquet": "geoparquet.read_geoparquet",
    "kml": "kml.read",
    "geojson-sequence": "geojson.read_sequence",
    "json": "geojson.read_json",
}
"""Format, as `detect` names it, to the module, imported when there is such a file, and function that read content."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that was read: its name (never a whole path) and the SHA-256 of its bytes."""

    name: str
    sha256: str


def read_features(entry: Entry, *, skip_bad: bool = False) -> tuple[SourceFile, Features]:
    """Return what was read and the features in it, of a shapefile with all its parts; raises as `read_content`."""
    data, beside = content_of(entry)
    source = _source(entry, data, beside)
    # Daily maps repeat themselves: the same twice running is parsed once.
    key = None if beside or skip_bad else (source.sha256, tuple(limits().values()))
    last = getattr(_last, "read", None)
    if key and last and last[0] == key:
        return source, last[1]
    features = read_content(data, where=source.name, skip_bad=skip_bad, beside=beside)
    refuse_bare(features, where=source.name)
    refuse_impossible(features, where=source.name)
    if key:
        _last.read = key, features
    return source, features


# What this thread has read last: the SHA-256 of the content with the limits in force, and its features.
_last = threading.local()


def read_layers(entry: Entry) -> tuple[SourceFile, Sequence[Features]]:
    """Return what `read_features` does, the features of layers in different CRSs apart instead of refused."""
    try:
        source, features = read_features(entry)
    except MixedCrsError as error:
        # Inside a member of a zip there are more than these.
        if error.where != entry.label:
            raise
        for part in error.parts:
            refuse_impossible(part, where=entry.label)
        return _source(entry, *content_of(entry)), error.parts
    return source, (features,)


def fingerprint(entry: Entry) -> str:
    """Return the SHA-256 that `read_features` would state of a file, without parsing it."""
    return _source(entry, *content_of(entry)).sha256


def _source(entry: Entry, data: bytes, beside: Mapping[str, bytes]) -> SourceFile:
    """Return what was read: the file with what lies beside it."""
    digest = hashlib.sha256(data)
    for part in beside.values():
        digest.update(part)
    return SourceFile(entry.label, digest.hexdigest())


def content_of(entry: Entry) -> tuple[bytes, dict[str, bytes]]:
    """Return a file's content, and of a shapefile or geodatabase the other files as `read_content` takes them."""
    if entry.is_geodatabase:
        return b"", entry.parts()
    data = entry.read()
    kind = signature_of(data)
    if kind == "geopackage":
        from frontcalc.read.formats import refuse_logs

        refuse_logs(entry.beside, where=entry.label)
    return data, entry.parts() if kind == "shapefile" else {}


def read_content(
    data: bytes, *, where: str, skip_bad: bool = False, beside: Mapping[str, bytes] | None = None
) -> Features:
    """Return the features of content in any format that is known, also in gzip; the content tells which.

    With `skip_bad` members of a zip that cannot be read are passed over, with a notice. `beside` are the other parts of
    a shapefile by suffix; or, without content, the files of a geodatabase by name. DataError is raised where it is
    broken or no geodata, UsageError where a package is missing that its format needs.
    """
    if beside and not data:
        from frontcalc.read.formats import read_geodatabase

        return read_geodatabase(beside, where=where)
    content = unpack(data, where=where)
    kind = detect(content, where=where)
    module, _, function = READERS[kind].partition(".")
    read: Callable[..., Features] = getattr(import_module(f"frontcalc.read.{module}"), function)
    if kind == "shapefile":
        return read({**(beside or {}), ".shp": content}, where=where)
    return read(content, where=where, **({"skip_bad": skip_bad} if kind == "zip" else {}))
