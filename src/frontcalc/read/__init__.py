"""The only openers of geodata: one dict from format to reader."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePosixPath

from frontcalc.read.detection import detect, signature_of, unpack
from frontcalc.read.features import Features, MixedCrsError, refuse_bare, refuse_impossible
from frontcalc.read.files import Entry
from frontcalc.read.limits import limits

READERS = {
    "zip": "zipped.read",
    "shapefile": "shapefile.read_shapefile_parts",
    "geopackage": "formats.read_geopackage",
    "flatgeobuf": "formats.read_flatgeobuf",
    "geoparquet": "formats.read_geoparquet",
    "kml": "kml.read",
    "geojson-sequence": "geojson.read_sequence",
    "json": "geojson.read_json",
}
"""Format, as `detect` names it, to the module and function that read its bytes, imported when there is such a file.

Each takes the content, and as `where` the file's name for messages. It raises DataError where the file is broken or no
such geodata, and UsageError where pyarrow is not installed and the file is GeoParquet.
"""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that was read: its name (never a whole path) and the SHA-256 of its bytes."""

    name: str
    sha256: str


def read_features(entry: Entry, *, skip_bad: bool = False) -> tuple[SourceFile, Features]:
    """Return what was read and the features in it, of a shapefile with all its parts; raises as `read_content`."""
    data, beside, source = _content(entry)
    # Daily maps repeat themselves: the same twice running is parsed once.
    key = (source.sha256, tuple(limits().values())) if beside is None and not skip_bad else None
    last = getattr(_last, "read", None)
    if key and last and last[0] == key:
        return source, last[1]
    features = read_content(data, where=source.name, skip_bad=skip_bad, beside=beside)
    refuse_bare(features, where=source.name)
    refuse_impossible(features, where=source.name)
    if key:
        _last.read = key, features
    return source, features


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
        return _content(entry)[2], error.parts
    return source, (features,)


# What this thread has read last: the SHA-256 of the content with the limits in force, and its features.
_last = threading.local()


def fingerprint(entry: Entry) -> str:
    """Return the SHA-256 that `read_features` would state of a file, without parsing it."""
    return _content(entry)[2].sha256


def _content(entry: Entry) -> tuple[bytes, dict[str, bytes] | None, SourceFile]:
    """Return a file's content, of a shapefile also that of its other parts by suffix, and the SHA-256 of it all."""
    data, beside = entry.read(), None
    kind = signature_of(data)
    if kind == "shapefile":
        beside = {PurePosixPath(name).suffix.lower(): entry.read(name) for name in entry.siblings}
    elif kind == "geopackage":
        from frontcalc.read.formats import refuse_logs

        refuse_logs(entry.beside, where=entry.label)
    digest = hashlib.sha256(data)
    for part in (beside or {}).values():
        digest.update(part)
    return data, beside, SourceFile(entry.label, digest.hexdigest())


def read_content(
    data: bytes, *, where: str, skip_bad: bool = False, beside: Mapping[str, bytes] | None = None
) -> Features:
    """Return the features of content in any format that is known, also in gzip; the content tells which.

    Parameters
    ----------
    data : bytes
        A file's content.
    where : str
        The file's name, for messages.
    skip_bad : bool
        Pass over members of a zip that cannot be read, with a notice.
    beside : mapping of str to bytes, optional
        The other parts of a shapefile, by suffix.

    Raises
    ------
    DataError
        The content is broken or no geodata.
    UsageError
        The content is GeoParquet, and pyarrow is not installed.
    """
    content = unpack(data, where=where)
    kind = detect(content, where=where)
    module, _, function = READERS[kind].partition(".")
    read = getattr(import_module(f"frontcalc.read.{module}"), function)
    more = {"skip_bad": skip_bad} if kind == "zip" else {}
    features: Features = read(
        {**(beside or {}), ".shp": content} if kind == "shapefile" else content, where=where, **more
    )
    return features
