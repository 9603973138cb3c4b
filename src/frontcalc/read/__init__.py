"""The only openers of geodata: files, zips of them, and one dict from format to reader; nothing is unpacked to disk."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any

from frontcalc.errors import COMPLETE, MORE_MEMORY, DataError, FrontcalcError, OutOfMemoryError, naming
from frontcalc.limits import limits
from frontcalc.names import printable, some_of
from frontcalc.notices import Notice
from frontcalc.read.detection import GZIP, detect, is_kml, is_other_json, kind_of, refusal, signature_of, tally, unpack
from frontcalc.read.features import Features, MixedCrsError, concatenate, name_layer, refuse_bare, refuse_impossible
from frontcalc.read.files import BROKEN_MEMBER, SUFFIXES, Entry, maps_among, may_be_other, suffix_of, zip_members

# Format, as `detect` names it, to the module, imported when there is such a file, and function that read content.
READERS = {
    "zip": ".read_zip",
    "shapefile": "shapefile.read_shapefile_parts",
    "geopackage": "formats.read_geopackage",
    "flatgeobuf": "formats.read_flatgeobuf",
    "geoparquet": "formats.read_geoparquet",
    "kml": "kml.read",
    "geojson-sequence": "geojson.read_sequence",
    "json": "geojson.read_json",
}

_last = threading.local()  # what this thread has read last: the content's SHA-256 with the limits, and its features


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that was read: its name (never a whole path) and the SHA-256 of its bytes."""

    name: str
    sha256: str


LOOKED_UP: dict[int, tuple[Entry, tuple[bytes, dict[str, bytes], SourceFile]]] = {}  # by thread, what it may read next


def read_features(entry: Entry, *, skip_bad: bool = False) -> tuple[SourceFile, Features]:
    """Return what was read and the features in it, of a shapefile with all its parts; raises as `read_content`."""
    known, content = LOOKED_UP.pop(threading.get_ident(), (None, None))
    data, beside, source = content if content and known is entry else _content(entry)
    # Daily maps repeat themselves: the same twice running is parsed once.
    key = None if beside or skip_bad else (source.sha256, tuple(limits().values()))
    if key and (last := getattr(_last, "read", None)) and last[0] == key:
        return source, last[1]
    features = read_content(data, where=source.name, skip_bad=skip_bad, beside=beside)
    try:
        refuse_bare(features)
        refuse_impossible(features)
    except DataError as error:
        error.where = source.name
        raise
    if key:
        _last.read = key, features
    return source, features


def read_layers(entry: Entry) -> tuple[SourceFile, Sequence[Features]]:
    """Return what `read_features` does, the features of layers in different CRSs apart instead of refused."""
    try:
        source, features = read_features(entry)
    except MixedCrsError as error:
        if error.where != entry.label:  # inside a member of a zip there are more than these
            raise
        return _content(entry)[2], error.parts
    return source, (features,)


def fingerprint(entry: Entry) -> str:
    """Return the SHA-256 that `read_features` would state of a file, without parsing it, and keep it for that."""
    LOOKED_UP[threading.get_ident()] = entry, (content := _content(entry))
    return content[2].sha256


def _content(entry: Entry) -> tuple[bytes, dict[str, bytes], SourceFile]:
    """Return a file's content, of a shapefile or geodatabase the other files, and which file it is."""
    # A map that lies alone is no geodatabase.
    database = bool(entry.siblings) and entry.is_geodatabase
    data = b"" if database else entry.read()
    kind = "geodatabase" if database else signature_of(data)
    if kind == "geopackage":
        entry.refuse_logs()
    beside = entry.parts() if kind in ("shapefile", "geodatabase") else {}
    digest = hashlib.sha256(data)
    for part in beside.values():
        digest.update(part)
    return data, beside, SourceFile(entry.label, digest.hexdigest())


def read_content(
    data: bytes, *, where: str, skip_bad: bool = False, beside: Mapping[str, bytes] = {}, **inside: Mapping[str, Any]
) -> Features:
    """Return the features of content in any format that is known, also in gzip; the content tells which.

    With `skip_bad` members of a zip that cannot be read are passed over, with a notice. `beside` are the other parts of
    a shapefile by suffix; or, without content, the files of a geodatabase by name. `inside` is what the zip around it
    tells a format's reader. What is broken or no geodata is a DataError, a package that is missing a UsageError.
    """
    try:
        if beside and not data:
            from frontcalc.read.formats import read_geodatabase

            return read_geodatabase(beside, where=where)
        content = unpack(data, where=where)
        kind = detect(content, where=where)
        module, _, function = READERS[kind].partition(".")
        read = getattr(import_module(f".{module}", __name__), function)
        given = {**beside, ".shp": content} if kind == "shapefile" else content
        more = {"skip_bad": skip_bad} if kind == "zip" else {}
        features: Features = read(given, where=where, **more, **inside.get(kind, {}))
        return features
    except FrontcalcError as error:
        error.where = error.where or where
        raise
    except MemoryError as error:
        raise OutOfMemoryError("there is not enough memory for it", where=where, cure=MORE_MEMORY) from error


def read_zip(
    data: bytes, *, where: str, skip_bad: bool = False, left: dict[str, float] | None = None, depth: int = 1
) -> Features:
    """Return the features of all geodata in a zip, by names; `left` is what zips around it leave of the limits."""
    left = left or {**limits()}
    if depth > left["max_zip_depth"]:
        raise DataError(f"is a zip more than {left['max_zip_depth']} deep", cure="unpack it")
    parts, others, bad = list[tuple[str, Features]](), list[str](), list[DataError]()
    try:
        with zip_members(io.BytesIO(data), left, where=where) as members:
            names = {entry.name for entry in members}
            maps, rest = maps_among(members)
            for entry in sorted([*maps, *rest], key=lambda entry: entry.name):
                try:
                    if part := _read_member(entry, names, {"left": left, "depth": depth + 1}, skip_bad=skip_bad):
                        with naming(entry.label):
                            refuse_bare(part)
                        parts.append((entry.name, part))
                    else:
                        others.append(printable(entry.name))
                except DataError as error:
                    if not skip_bad:
                        raise
                    bad.append(error)
    except BROKEN_MEMBER as error:
        raise DataError(f"is a broken zip: {error}", cure=COMPLETE) from error
    if bad and not parts:
        raise bad[0]
    if not parts:
        listed, cure = tally(sorted(map(printable, names)))
        problem = f"is a zip without geodata; inside: {listed or 'nothing'}"
        raise refusal(where, data) or DataError(problem, cure=cure or "give a zip of maps")
    notices = [Notice("SKIPPED", str(error)) for error in bad]
    # What lies beside KML alone, pictures mostly, is a part of it.
    if others and any(suffix_of(name) != ".kml" for name, _ in parts):
        notices.append(Notice("OTHER-FILES", f"in a zip, {len(others)} not read: {some_of(others)}"))
    if len(parts) > 1:
        # Several files without layers would else be one undifferentiated map.
        parts = [(name, name_layer(part, printable(PurePosixPath(name).stem))) for name, part in parts]
    features = concatenate(parts)
    return replace(features, notices=(*features.notices, *notices))


def _read_member(entry: Entry, names: Collection[str], around: Mapping[str, Any], *, skip_bad: bool) -> Features | None:
    """Return the features of a member of a zip, a shapefile's with those beside it; None where it is something else."""
    name, suffix = entry.name, suffix_of(entry.name)
    head = b"" if entry.is_geodatabase else entry.head(4096)
    kind = "geodatabase" if entry.is_geodatabase else signature_of(head)
    is_json = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    if head.startswith(GZIP):
        if PurePosixPath(name.lower().removesuffix(".gz")).suffix not in SUFFIXES:
            return None
        # What it unpacks to is in no promise of the zip's, and a map must not be passed over.
        raise DataError(f"has a member in gzip: {name!r}", where=str(entry.root), cure="unpack it")
    # An index begins as the shapefile does, and a document as a zip; only their names tell.
    whole = kind == "geodatabase" or (kind == "shapefile" and suffix != ".shx")
    if not (suffix in SUFFIXES or whole or is_json or ((kind or is_kml(head)) and not kind_of(name))):
        return None
    data, beside, _ = _content(entry)
    if is_json and may_be_other(name) and is_other_json(data):
        return None
    # Links between the members of a KMZ lead to what is read anyway.
    linked = {"beside": names, "folder": str(PurePosixPath(name).parent)}
    try:
        return read_content(data, where=entry.label, skip_bad=skip_bad, beside=beside, zip=around, kml=linked)
    except DataError:
        if whole or kind == "zip" or suffix in SUFFIXES or may_be_other(name):
            raise
        return None  # a text that begins like JSON
