"""What frontcalc has made and can make again, kept on disk by the content it was made from: bytes in, bytes out.

An entry is a file: the SHA-256 of its bytes, then the bytes. Its name is its key, a SHA-256 of everything that the
bytes depend on, so that an entry is never out of date: what has changed is asked for under another name. It is
written whole or not at all, and one that is damaged counts as absent. Without a folder to write in, everything works
and nothing is kept.

Only files that look like entries are ever counted or removed: `KIND/ab/abcd…`, regular files, no links.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import time
from typing import NamedTuple

from frontcalc.errors import UsageError
from frontcalc.folders import cache_folder

KINDS: dict[str, str] = {
    "maps": "what is on each map: files, layers, notices",
    "boxes": "what part of the world a map shows",
    "grounds": "what is held on each map, projected, repaired and united",
    "steps": "gained, lost and slivers by region from map to map, and the largest parts",
    "areas": "areas held by region on a map",
    "regions": "the regions of a file, projected, cut and made a partition",
    "zones": "ground beside the regions of a file, and the regions that take it",
    "rests": "the rest of the plane around the regions of a file",
}
"""The kinds of entries, each a subfolder; there are no others."""

LIMIT = "FRONTCALC_CACHE_BYTES"
"""The environment variable that says how large all entries together may become (bytes)."""

_USUAL_LIMIT = 1 << 30
_DIGEST = hashlib.sha256().digest_size
_DAY_S, _HOUR_S = 86_400.0, 3_600.0
_NAME = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = re.compile(r"[0-9a-f]{64}\.\w+")
_LEFT = 0.9
"""Share of the limit that is left when room is made, so that it need not be made again at once."""

_log = logging.getLogger(__name__)
_lock = Lock()
_written: dict[Path, int] = {}


def key_of(parts: Iterable[bytes | str]) -> str:
    """Return the key of what is made from some parts, in this order: a SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        # With its length, so that no two lists of parts run together alike.
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of entries, or nothing at all.

    Parameters
    ----------
    folder : Path or None
        Where entries are kept, which need not exist; None to keep nothing.
    most_bytes : int
        How large all entries together may become; those that were not used for longest are removed.
    """

    folder: Path | None = None
    most_bytes: int = _USUAL_LIMIT

    def get(self, kind: str, key: str) -> bytes | None:
        """Return the bytes kept under a key, None where there are none or they are not as they were written."""
        if self.folder is None:
            return None
        path = self._path(kind, key)
        try:
            with path.open("rb") as file:
                stored = file.read()
                used = os.fstat(file.fileno()).st_mtime
        except OSError:
            return None
        content = stored[_DIGEST:]
        if hashlib.sha256(content).digest() != stored[:_DIGEST]:
            return None
        if used < time() - _DAY_S:
            # What was used last goes last; to the day is near enough.
            with suppress(OSError):
                os.utime(path)
        return content

    def put(self, kind: str, key: str, content: bytes) -> None:
        """Keep bytes under a key; where that cannot be, the log says so once."""
        if self.folder is None:
            return
        try:
            _store(self._path(kind, key), content)
        except OSError as error:
            _warn_once((error.strerror or type(error).__name__).lower())
            return
        self._make_room(len(content))

    def kept(self, kind: str, key: str, make: Callable[[], bytes]) -> bytes:
        """Return the bytes kept under a key, or make and keep them.

        Parameters
        ----------
        kind : str
            One of `KINDS`.
        key : str
            Of everything that the bytes depend on, by `key_of`.
        make : callable
            Makes them; called where nothing is kept, or what is kept is damaged.
        """
        content = self.get(kind, key)
        if content is None:
            content = make()
            self.put(kind, key, content)
        return content

    def _path(self, kind: str, key: str) -> Path:
        """Return where an entry is; subfolders of a 256th each stay small."""
        if self.folder is None or kind not in KINDS:
            raise ValueError(f"nothing is kept as {kind!r}")
        return self.folder / kind / key[:2] / key

    def _make_room(self, written: int) -> None:
        """Remove what was not used for longest, where entries have become too many.

        The folder is looked through when a process first writes to it, and each time that a twentieth more has
        been written: seldom enough to cost nothing, often enough to stay near the limit.
        """
        assert self.folder is not None
        with _lock:
            since = _written.get(self.folder)
            if since is not None and since + written <= self.most_bytes / 20:
                _written[self.folder] = since + written
                return
            _written[self.folder] = 0
        entries = sorted(_entries(self.folder), key=lambda entry: (entry.used, entry.path))
        total = sum(entry.size for entry in entries)
        if total > self.most_bytes:
            for entry in entries:
                if total <= self.most_bytes * _LEFT:
                    return
                _remove(entry)
                total -= entry.size


NOTHING_KEPT = Cache()


class Entry(NamedTuple):
    """A file of the cache: its kind, where it is, its bytes on disk, and when it was last used (seconds)."""

    kind: str
    path: Path
    size: int
    used: float


class Usage(NamedTuple):
    """How many entries of a kind there are, and how large they are together."""

    kind: str
    entries: int
    bytes: int


def user_cache(folder: str | Path | None = None) -> Cache:
    """Return the cache in a folder, else in the user's own, with the limit that the environment sets.

    Raises
    ------
    UsageError
        The limit is set to something other than a whole number.
    """
    text = os.environ.get(LIMIT, "").strip()
    if text and (not text.isascii() or not text.isdecimal() or len(text) > 18):
        raise UsageError(f"is {text!r}", where=LIMIT, cure=f"give a whole number, as {_USUAL_LIMIT}")
    return Cache(Path(folder) if folder else cache_folder(), int(text) if text else _USUAL_LIMIT)


def usage(cache: Cache) -> tuple[Usage, ...]:
    """Return what a cache holds, by kind."""
    found = list(_entries(cache.folder)) if cache.folder else []
    sizes = {kind: [entry.size for entry in found if entry.kind == kind] for kind in KINDS}
    return tuple(Usage(kind, len(own), sum(own)) for kind, own in sizes.items())


def clear(cache: Cache) -> tuple[Usage, ...]:
    """Remove all entries of a cache, and return what was removed; what else is in the folder stays."""
    removed = [entry for entry in _entries(cache.folder) if _remove(entry)] if cache.folder else []
    sizes = {kind: [entry.size for entry in removed if entry.kind == kind] for kind in KINDS}
    return tuple(Usage(kind, len(own), sum(own)) for kind, own in sizes.items())


def _entries(folder: Path) -> Iterator[Entry]:
    """Yield the entries in a folder, and what writers that were killed have left of entries."""
    stale = time() - _HOUR_S
    for kind in KINDS:
        for part in _listed(folder / kind):
            if not part.is_dir(follow_symlinks=False):
                continue
            for file in _listed(Path(part.path)):
                try:
                    facts = file.stat(follow_symlinks=False)
                    plain = file.is_file(follow_symlinks=False) and file.name[:2] == part.name
                except OSError:
                    continue
                left = _UNFINISHED.fullmatch(file.name) and facts.st_mtime < stale
                if plain and (left or _NAME.fullmatch(file.name)):
                    yield Entry(kind, Path(file.path), facts.st_size, facts.st_mtime)


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder that is no link; nothing where there is none."""
    try:
        with os.scandir(folder) as found:
            return [] if folder.is_symlink() else list(found)
    except OSError:
        return []


def _remove(entry: Entry) -> bool:
    """Remove an entry, and say whether it was there."""
    try:
        entry.path.unlink()
    except OSError:
        return False
    return True


def _store(path: Path, content: bytes) -> None:
    """Write an entry; whoever reads at the same time finds the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


@functools.cache
def _warn_once(reason: str) -> None:
    """Log why nothing can be kept, once for each reason."""
    _log.warning("nothing can be kept in the cache: %s", reason)
