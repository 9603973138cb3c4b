"""How much of a file, a zip or a folder is read before it is refused, and what a zip may hold.

Each limit can be set in the environment. A zip is checked once, before any member is read, whether it is an archive or
a map in one.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import IO

from frontcalc.errors import DataError, UsageError

try:
    from lzma import LZMAError
except ImportError:  # some Pythons are built without; zipfile then says so itself
    LZMAError = zlib.error  # type: ignore[misc,assignment]

BROKEN_MEMBER = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, NotImplementedError, OSError, ValueError)
"""What zipfile raises for a member that cannot be unpacked, by whichever method it is packed."""

HIDDEN = (".", "__MACOSX")
"""What names of hidden files and of what macOS adds begin with."""

_ENCRYPTED = 0x1
_DRIVE = re.compile(r"^[A-Za-z]:")
_PIECE = 1 << 24

DEFAULTS = {
    "max_bytes": 1 << 30,  # the largest file that is read, on disk or in a zip
    "max_unpacked_bytes": 1 << 30,  # what gzip, Parquet, or a zip with the zips in it may unpack to
    "max_members": 10_000,  # of a zip, with those of the zips in it
    "max_zip_depth": 2,  # how deep zips may lie in one another
    "max_files": 100_000,  # of a folder, with those of its folders
    "max_folder_depth": 4,  # how many folders deep an archive is searched
    "max_vertices": 100_000_000,  # of one file's polygons
    "follow_links": 0,  # 1 to read links that lead out of their archive
}
"""Bounds on what is read, by name; docs/security.md says what each is for."""

VARIABLES = {name: f"FRONTCALC_{name.upper()}" for name in DEFAULTS}
"""The environment variable that sets each limit."""


def limits() -> dict[str, int]:
    """Return the limits in force, by name; UsageError where a variable is set to something else than a whole number."""
    return _in_force(tuple(os.environ.get(variable, "").strip() for variable in VARIABLES.values()))


@lru_cache(maxsize=16)
def _in_force(texts: tuple[str, ...]) -> dict[str, int]:
    """Return the limits by the texts of their variables."""
    for name, text in zip(DEFAULTS, texts, strict=True):
        if text and not (text.isascii() and text.isdecimal() and len(text) <= 18):
            raise UsageError(f"is {text!r}", where=VARIABLES[name], cure=f"give a whole number, as {DEFAULTS[name]}")
    return {name: int(text or default) for (name, default), text in zip(DEFAULTS.items(), texts, strict=True)}


def beyond(name: str, problem: str, *, where: str) -> DataError:
    """Return the error for what is beyond a limit, which says how to raise it."""
    return DataError(problem, where=where, cure=f"if you trust it, raise {VARIABLES[name]}")


def read_at_most(stream: BufferedIOBase | IO[bytes], most: int) -> bytes:
    """Return what a stream holds, no more than `most` bytes; room is taken only for what is there."""
    pieces, left = [], most
    while left > 0 and (piece := stream.read(min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def too_many_vertices(count: int, *, where: str) -> DataError:
    """Return the error for more vertices than one file may have."""
    return beyond("max_vertices", f"has {count:,} vertices; the limit is {limits()['max_vertices']:,}", where=where)


@dataclass(slots=True)
class Budget:
    """What a zip and the zips in it may still unpack to; None where each member is read by itself."""

    members: int
    size: int | None


def open_zip(file: Path | IO[bytes]) -> zipfile.ZipFile:
    """Open a zip, its members' paths with forward slashes: Windows PowerShell 5 writes backslashes."""
    archive = zipfile.ZipFile(file)
    for info in archive.infolist():
        info.filename = info.filename.replace("\\", "/")
        archive.NameToInfo[info.filename] = info
    return archive


def checked_members(archive: zipfile.ZipFile, left: Budget, *, where: str) -> set[str]:
    """Return the names of the files in a zip, hidden ones left out, once all have been found harmless.

    What the zip holds is taken from `left`.
    """
    most, infos = limits(), archive.infolist()
    left.members -= len(infos)
    if left.members < 0:
        raise beyond("max_members", f"has more than {most['max_members']:,} members", where=where)
    if left.size is not None:
        # zipfile holds members to what they promise to unpack to.
        left.size -= sum(info.file_size for info in infos)
        if left.size < 0:
            problem = f"unpacks to more than {most['max_unpacked_bytes']:,} bytes"
            raise beyond("max_unpacked_bytes", problem, where=where)
    names: set[str] = set()
    for info in infos:
        name = info.filename
        folders = PurePosixPath(name).parts
        if not name:
            raise DataError("has a member without a name", where=where, cure="pack it again")
        if name.startswith("/") or _DRIVE.match(name) or ".." in folders:
            raise DataError(f"has a member that names a place outside: {name!r}", where=where, cure="do not trust it")
        if name.endswith("/") or any(part.startswith(HIDDEN) for part in folders):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(f"has a member that is a link: {name!r}", where=where, cure="do not trust it")
        if name in names:
            raise DataError(f"has two members named {name!r}", where=where, cure="pack it again")
        if info.flag_bits & _ENCRYPTED:
            raise DataError(f"is encrypted: {name!r} needs a password", where=where, cure="unpack it")
        names.add(name)
    return names
