"""Zips: shapefiles, KMZ, and any other format packed; read in memory, nothing is ever extracted to disk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from frontcalc.errors import DataError
from frontcalc.labels import printable
from frontcalc.sources import flatgeobuf, geopackage, geoparquet, kml, shapefile
from frontcalc.sources.assemble import concatenate, name_layer
from frontcalc.sources.features import Features
from frontcalc.sources.limits import limits
from frontcalc.sources.members import BROKEN_MEMBER, Budget, budget, checked_members

_GZIP = b"\x1f\x8b"
_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_HEAD = 4096
# JSON of another name may be anything, a licence or a catalogue: it counts where nothing else in the zip is geodata.
_JSON_SUFFIXES = (".geojson", ".geojsonl", ".geojsonseq", ".topojson", ".esrijson")

Reader = Callable[..., Features]
"""Called as ``reader(data, where=name)``."""


def detect(data: bytes) -> bool:
    """Say whether content begins as a zip does."""
    return data.startswith(_MAGICS)


_BINARY = (detect, geopackage.detect, flatgeobuf.detect, geoparquet.detect, kml.detect)


def read(data: bytes, *, where: str, read_member: Reader) -> Features:
    """Return the features of all geodata in a zip, in the order of the members' names.

    Parameters
    ----------
    data : bytes
        The file's content.
    where : str
        The file's name; messages add the member's.
    read_member : callable
        Reads what is neither a zip nor a shapefile; called as ``read_member(data, where=name)``.

    Raises
    ------
    DataError
        The zip is broken, encrypted, too large, nested too deep, names places outside itself, or holds
        no geodata; its members are in different CRSs; a member is broken.
    UsageError
        A package that a member needs is not installed.
    """
    return _read(data, where, read_member, 1, budget(whole=True))


def _read(data: bytes, where: str, read_member: Reader, depth: int, left: Budget) -> Features:
    """Return the features of a zip that lies `depth` deep."""
    deepest = limits().max_zip_depth
    if depth > deepest:
        raise DataError(f"is a zip more than {deepest} deep", where=where, cure="unpack it")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = checked_members(archive, left, where=where)
            parts = [
                (name, _read_part(archive, members, name, f"{where}/{printable(name)}", read_member, depth, left))
                for name in _geodata(archive, members, where)
            ]
    except BROKEN_MEMBER as error:
        raise DataError(f"is a broken zip: {error}", where=where, cure="is the download complete?") from error
    if not parts:
        inside = sorted(members)
        listed = ", ".join(map(printable, inside[:8])) + (f" and {len(inside) - 8} more" if len(inside) > 8 else "")
        raise DataError(
            f"is a zip without geodata; inside: {listed or 'nothing'}", where=where, cure="give a zip of maps"
        )
    if len(parts) > 1:
        # Several files without layers would else be one undifferentiated map.
        parts = [(name, name_layer(part, printable(PurePosixPath(name).stem))) for name, part in parts]
    return concatenate(parts, where=where)


def _geodata(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], where: str) -> Iterator[str]:
    """Yield the names of the members that are geodata, by name; JSON of unknown kind only where it is alone."""
    sure, maybe = [], []
    for name in sorted(members):
        with archive.open(members[name]) as file:
            head = file.read(_HEAD)
        suffix = PurePosixPath(name).suffix.lower()
        if head.startswith(_GZIP) and PurePosixPath(name.lower().removesuffix(".gz")).suffix in _JSON_SUFFIXES:
            # What it unpacks to is in no promise of the zip's, and a map must not be passed over.
            raise DataError(f"has a member in gzip: {name!r}", where=where, cure="unpack it")
        # An index begins as the shapefile does; only its name tells.
        found = any(test(head) for test in _BINARY) or (shapefile.detect(head) and suffix != ".shx")
        is_json = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
        if found or (is_json and suffix in _JSON_SUFFIXES):
            sure.append(name)
        elif is_json:
            maybe.append(name)
    yield from sure or maybe


def _read_part(
    archive: zipfile.ZipFile,
    members: dict[str, zipfile.ZipInfo],
    name: str,
    where: str,
    read_member: Reader,
    depth: int,
    left: Budget,
) -> Features:
    """Return the features of one member, a shapefile's with the members beside it."""
    data = archive.read(members[name])
    if detect(data):
        return _read(data, where, read_member, depth + 1, left)
    if not shapefile.detect(data):
        return read_member(data, where=where)
    stem = name.lower().removesuffix(PurePosixPath(name).suffix.lower())
    beside = {f"{stem}{suffix}": suffix for suffix in shapefile.PARTS[1:]}
    parts = {beside[other.lower()]: archive.read(members[other]) for other in members if other.lower() in beside}
    return shapefile.read_shapefile_parts({**parts, ".shp": data}, where=where)
