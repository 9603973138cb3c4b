"""Zips: shapefiles, KMZ, and any other format packed; read in memory, nothing is ever extracted to disk."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from frontcalc.errors import DataError
from frontcalc.sources import flatgeobuf, geopackage, geoparquet, kml, shapefile
from frontcalc.sources.assemble import concatenate, name_layer
from frontcalc.sources.features import Features

MAX_BYTES = 1 << 30
"""Content above which a zip is refused, unpacked and with the zips in it (bytes)."""

MAX_MEMBERS = 10_000
"""Members above which a zip is refused, with those of the zips in it."""

MAX_DEPTH = 2
"""How deep zips may lie in one another: a zip in a zip."""

_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1
_HEAD = 4096
# JSON of another name may be anything, a licence or a catalogue: it counts where nothing else in the zip is geodata.
_JSON_SUFFIXES = (".geojson", ".topojson")
_DRIVE = re.compile(r"^[A-Za-z]:")

Reader = Callable[..., Features]
"""Called as ``reader(data, where=name)``."""


@dataclass(slots=True)
class _Left:
    """What a zip and the zips in it may still unpack to."""

    size: int = MAX_BYTES
    members: int = MAX_MEMBERS


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
    return _read(data, where, read_member, 1, _Left())


def _read(data: bytes, where: str, read_member: Reader, depth: int, left: _Left) -> Features:
    """Return the features of a zip that lies `depth` deep."""
    if depth > MAX_DEPTH:
        raise DataError(f"is a zip more than {MAX_DEPTH} deep", where=where, cure="unpack it")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _members(archive, where, left)
            parts = [
                (name, _read_part(archive, members, name, f"{where}/{name}", read_member, depth, left))
                for name in _geodata(archive, members)
            ]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise DataError(f"is a broken zip: {error}", where=where, cure="is the download complete?") from error
    if not parts:
        inside = sorted(members)
        listed = ", ".join(inside[:8]) + (f" and {len(inside) - 8} more" if len(inside) > 8 else "")
        raise DataError(f"is a zip without geodata; inside: {listed or 'nothing'}", where=where)
    if len(parts) > 1:
        # Several files without layers would else be one undifferentiated map.
        parts = [(name, name_layer(part, PurePosixPath(name).stem)) for name, part in parts]
    return concatenate(parts, where=where)


def _members(archive: zipfile.ZipFile, where: str, left: _Left) -> dict[str, zipfile.ZipInfo]:
    """Return the files in a zip by name, once all have been found harmless."""
    infos = archive.infolist()
    left.members -= len(infos)
    left.size -= sum(info.file_size for info in infos)
    if left.members < 0:
        raise DataError(f"has more than {MAX_MEMBERS:,} members", where=where)
    # zipfile unpacks no more than the size a member declares, so that the sum is a bound.
    if left.size < 0:
        raise DataError(f"unpacks to more than the limit of {MAX_BYTES:,} bytes", where=where)
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename
        if name.startswith("/") or "\\" in name or _DRIVE.match(name) or ".." in PurePosixPath(name).parts:
            raise DataError(f"has a member that names a place outside: {name!r}", where=where, cure="do not trust it")
        path = PurePosixPath(name)
        if info.is_dir() or "__MACOSX" in path.parts or path.name.startswith("."):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(f"has a member that is a link: {name!r}", where=where, cure="do not trust it")
        if name in members:
            raise DataError(f"has two members named {name!r}", where=where)
        if info.flag_bits & _ENCRYPTED:
            raise DataError(f"is encrypted: {name!r} needs a password", where=where, cure="unpack it")
        members[name] = info
    return members


def _geodata(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> Iterator[str]:
    """Yield the names of the members that are geodata, by name; JSON of unknown kind only where it is alone."""
    sure, maybe = [], []
    for name in sorted(members):
        with archive.open(members[name]) as file:
            head = file.read(_HEAD)
        suffix = PurePosixPath(name).suffix.lower()
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
    left: _Left,
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
