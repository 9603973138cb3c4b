"""What a zip may hold: checked once, before any member is read, whether the zip is an archive or a map in one."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from frontcalc.errors import DataError
from frontcalc.sources.limits import beyond, limits

try:
    from lzma import LZMAError
except ImportError:  # some Pythons are built without; zipfile then says so itself
    LZMAError = zlib.error  # type: ignore[misc,assignment]

BROKEN_MEMBER = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, NotImplementedError, OSError, ValueError)
"""What zipfile raises for a member that cannot be unpacked, by whichever method it is packed."""

_ENCRYPTED = 0x1
_DRIVE = re.compile(r"^[A-Za-z]:")


@dataclass(slots=True)
class Budget:
    """What a zip and the zips in it may still unpack to; None where each member is read by itself."""

    members: int
    size: int | None

    def take(self, archive: zipfile.ZipFile, where: str) -> None:
        """Count a zip's members and what they promise to unpack to, which zipfile holds them to."""
        infos, most = archive.infolist(), limits()
        self.members -= len(infos)
        if self.members < 0:
            raise beyond("max_members", f"has more than {most.max_members:,} members", where=where)
        if self.size is None:
            return
        self.size -= sum(info.file_size for info in infos)
        if self.size < 0:
            problem = f"unpacks to more than {most.max_unpacked_bytes:,} bytes"
            raise beyond("max_unpacked_bytes", problem, where=where)


def budget(*, whole: bool) -> Budget:
    """Return a fresh budget, of a zip read as a whole or member by member."""
    most = limits()
    return Budget(most.max_members, most.max_unpacked_bytes if whole else None)


def checked_members(archive: zipfile.ZipFile, left: Budget, *, where: str) -> dict[str, zipfile.ZipInfo]:
    """Return the files in a zip by name, hidden ones left out, once all have been found harmless.

    Parameters
    ----------
    archive : ZipFile
        Open for reading.
    left : Budget
        What it may hold; it is charged.
    where : str
        The zip's name, for messages.

    Raises
    ------
    DataError
        The zip is larger than the limits, encrypted, has two members of one name, or a member that is a
        link or names a place outside.
    """
    left.take(archive, where)
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = path_of(info)
        if not name:
            raise DataError("has a member without a name", where=where, cure="pack it again")
        if leads_outside(name):
            raise DataError(f"has a member that names a place outside: {name!r}", where=where, cure="do not trust it")
        if name.endswith("/") or is_hidden(name):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(f"has a member that is a link: {name!r}", where=where, cure="do not trust it")
        if name in members:
            raise DataError(f"has two members named {name!r}", where=where, cure="pack it again")
        if info.flag_bits & _ENCRYPTED:
            raise DataError(f"is encrypted: {name!r} needs a password", where=where, cure="unpack it")
        members[name] = info
    return members


def path_of(info: zipfile.ZipInfo) -> str:
    """Return a member's path, with forward slashes: Windows PowerShell 5 writes backslashes."""
    return info.filename.replace("\\", "/")


def leads_outside(name: str) -> bool:
    """Say whether a member's name is no path inside the zip."""
    return bool(name.startswith("/") or _DRIVE.match(name) or ".." in PurePosixPath(name).parts)


def is_hidden(name: str) -> bool:
    """Say whether any part of a path is hidden, or is what macOS adds."""
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
