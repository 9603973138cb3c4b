"""What frontcalc has made and can make again, kept on disk by the content it was made from: bytes in, bytes out.

An entry's name is its key, a SHA-256 of everything that its bytes depend on, so that an entry is never out of date:
what has changed is asked for under another name. With it stands a SHA-256 of its kind, key and bytes, which
is checked each time: an entry that is damaged, or stands in another's place, counts as absent. Entries are in one
database in the cache's folder (`frontcalc.database`). Without a folder to write in, everything works and nothing is
kept.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import time
from typing import TYPE_CHECKING, NamedTuple

from frontcalc import database, entries
from frontcalc.entries import Entry
from frontcalc.errors import DataError, UsageError, reason_of
from frontcalc.folders import cache_folder

if TYPE_CHECKING:
    from sqlite3 import Connection

KINDS: dict[str, str] = {
    "maps": "what is on each map: files, layers, notices",
    "boxes": "what part of the world a map shows",
    "grounds": "what is held on each map, projected, repaired and united",
    "repairs": "by how much two ways of repairing what is held differ",
    "steps": "gained, lost and slivers by region from map to map, and the largest parts",
    "areas": "areas held by region on a map",
    "regions": "the regions of a file, projected, cut and made a partition",
    "zones": "ground beside the regions of a file, and the regions that take it",
    "rests": "the rest of the plane around the regions of a file",
}
"""The kinds of entries; there are no others."""

NONE = "none"
"""What is written for a cache that keeps nothing."""

LIMIT = "FRONTCALC_CACHE_BYTES"
"""The environment variable that says how large all entries together may become (bytes)."""

NAME = "entries-1.sqlite"
"""The database in a cache's folder; the number changes with its tables."""

_USUAL_LIMIT = 1 << 30
_LARGEST = 1 << 29
"""What is larger (bytes) is not kept, since SQLite stores nothing above a gigabyte."""
_TOGETHER = 1 << 22
"""How much waits at most to be written together (bytes)."""
_DAY_S = 86_400
_CLEARING_S = 10.0
"""How long to wait for another process where a user asks for nothing else."""
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
        path, today = self._database(kind), _today()
        try:
            digest, content, is_old = database.use(path, lambda opened: entries.find(opened, kind, key, today))
        except OSError:
            return None
        if not isinstance(content, bytes) or digest != _digest(kind, key, content):
            if content is not None:
                with suppress(OSError):
                    database.check(path)
            return None
        if is_old:
            # What was used last goes last; to the day is near enough.
            with suppress(OSError):
                database.use(path, lambda opened: entries.note_use(opened, kind, key, today))
        return content

    def put(self, kind: str, key: str, content: bytes) -> None:
        """Keep bytes under a key; where that cannot be, the log says so once."""
        if self.folder is None:
            return
        path, entry = self._database(kind), Entry(kind, key, _digest(kind, key, content), content)
        if len(content) <= min(self.most_bytes, _LARGEST):
            self._add(path, [entry])

    def _add(self, path: Path, added: Sequence[Entry]) -> None:
        """Add entries to a database."""
        try:
            database.use(path, lambda opened: entries.add(opened, _today(), added), make=True)
            self._make_room(path, sum(len(entry.content) for entry in added))
        except BlockingIOError as error:
            # It may be free again for the next entry.
            _log.debug("not kept: %s", error.strerror)
        except OSError as error:
            _warn_once(reason_of(error))

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

    def _database(self, kind: str) -> Path:
        """Return where an entry's database is."""
        if self.folder is None or kind not in KINDS:
            raise ValueError(f"nothing is kept as {kind!r}")
        return self.folder / NAME

    def _make_room(self, path: Path, written: int) -> None:
        """Remove what was not used for longest, where entries have become too many.

        They are counted when a process first writes, and each time that a twentieth more has been written: seldom
        enough to cost nothing, often enough to stay near the limit.
        """
        with _lock:
            since = _written.get(path)
            if since is not None and since + written <= self.most_bytes / 20:
                _written[path] = since + written
                return
            _written[path] = 0
        database.use(path, lambda opened: entries.make_room(opened, self.most_bytes, self.most_bytes * _LEFT))


NOTHING_KEPT = Cache()


@dataclass(frozen=True, slots=True)
class Gathering(Cache):
    """A cache that writes many entries together, which takes less than half as long and locks others out less often.

    Parameters
    ----------
    waiting : list of Entry
        What was put and is not written yet.
    """

    waiting: list[Entry] = field(default_factory=list, compare=False, repr=False)

    def _add(self, path: Path, added: Sequence[Entry]) -> None:
        """Have entries written with those that follow."""
        self.waiting.extend(added)
        if sum(len(entry.content) for entry in self.waiting) >= _TOGETHER:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        if self.folder is not None and self.waiting:
            Cache(self.folder, self.most_bytes)._add(self.folder / NAME, tuple(self.waiting))
            self.waiting.clear()


@contextmanager
def gathered(cache: Cache) -> Iterator[Cache]:
    """Have entries written together, at the end of the block at the latest."""
    gathering = Gathering(cache.folder, cache.most_bytes)
    try:
        yield gathering
    finally:
        gathering.write()


class Usage(NamedTuple):
    """How many entries of a kind there are, and how large they are together."""

    kind: str
    entries: int
    bytes: int


def user_cache(folder: str | Path | None = None) -> Cache:
    """Return the cache in a folder, else in the user's own, with the limit that the environment sets; «none» is none.

    Raises
    ------
    UsageError
        The limit is set to something other than a whole number.
    """
    if folder == NONE:
        return NOTHING_KEPT
    text = os.environ.get(LIMIT, "").strip()
    if text and (not text.isascii() or not text.isdecimal() or len(text) > 18):
        raise UsageError(f"is {text!r}", where=LIMIT, cure=f"give a whole number, as {_USUAL_LIMIT}")
    return Cache(Path(folder) if folder else cache_folder(), int(text) if text else _USUAL_LIMIT)


def usage(cache: Cache) -> tuple[Usage, ...]:
    """Return what a cache holds, by kind.

    Raises
    ------
    DataError
        The folder cannot be read, or another process does not let go of what is in it.
    """
    return _counted(cache, entries.count)


def clear(cache: Cache) -> tuple[Usage, ...]:
    """Remove all entries of a cache, and return what was removed; what else is in the folder stays.

    Raises
    ------
    DataError
        The folder cannot be written, or another process does not let go of what is in it.
    """
    removed = _counted(cache, entries.remove_all)
    if cache.folder is not None:
        with suppress(OSError):
            (cache.folder / (NAME + database.ASIDE)).unlink()
    return removed


def _counted(cache: Cache, work: Callable[[Connection, Sequence[str]], list[tuple[int, int]]]) -> tuple[Usage, ...]:
    """Return what some work on a cache's database counts by kind: nothing where there is no database."""
    counts = [(0, 0)] * len(KINDS)
    if cache.folder is not None:
        path = cache.folder / NAME
        try:
            counts = database.use(path, lambda opened: work(opened, list(KINDS)), patience_s=_CLEARING_S)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            cure = "try again, or remove the file while nothing runs"
            raise DataError(reason_of(error), where=str(path), cure=cure) from error
    return tuple(Usage(kind, *own) for kind, own in zip(KINDS, counts, strict=True))


def _digest(kind: str, key: str, content: bytes) -> bytes:
    """Return the SHA-256 of an entry, which tells that it is whole and the one that was asked for."""
    digest = hashlib.sha256(f"{kind} {key} ".encode())
    digest.update(content)
    return digest.digest()


def _today() -> int:
    """Return today as the number of days since 1970."""
    return int(time() // _DAY_S)


@functools.cache
def _warn_once(reason: str) -> None:
    """Log why nothing can be kept, once for each reason."""
    _log.warning("nothing can be kept in the cache: %s", reason)
