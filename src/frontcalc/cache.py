"""What frontcalc has made and can make again, kept on disk by the content it was made from: bytes in, bytes out.

An entry's name is its key, a SHA-256 of everything that its bytes depend on, so that no entry is ever out of date.
With it stands a SHA-256 of its kind, key and bytes, which is checked each time: a damaged entry counts as absent.

Entries are in one SQLite database, which is never trusted: one that is damaged, or has other tables than these, or any
view or trigger, is put aside and a new one begun. Nothing is forced to disk, since all can be made again. Its journal
is emptied after each transaction; a write-ahead log cannot be read in a folder that may not be written.
"""

from __future__ import annotations

import atexit
import errno
import functools
import logging
import os
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock
from time import monotonic, time
from typing import TYPE_CHECKING

from frontcalc.errors import DataError, UsageError, reason_of
from frontcalc.versions import key_of, method_version

if TYPE_CHECKING:
    from sqlite3 import Connection

KINDS = ("maps", "grounds", "repairs", "steps", "areas", "regions", "zones", "rests")  # see docs/cache.md
NONE = "none"  # what is written for a cache that keeps nothing
VARIABLE = "FRONTCALC_CACHE"  # the environment variable that names another folder than the user's own
LIMIT = "FRONTCALC_CACHE_BYTES"  # the one that says how large all entries together may become
NAME = "entries-1.sqlite"  # the database in a cache's folder; the number changes with its tables
ASIDE = f"{NAME}.damaged"  # where one that is damaged is put; the next replaces it

_USUAL_LIMIT = 1 << 30
_LARGEST = 1 << 29  # bytes of an entry: SQLite stores nothing above a gigabyte
_TOGETHER = 1 << 22  # bytes that wait at most to be written together
_PATIENCE_S, _CLEARING_S = 0.2, 10.0  # for another process: in a run, and where a user asks for nothing else
_PAUSE_S = 5.0  # for which a busy database is not asked again, so that waiting is a small part of any run
_MOST_OPEN = 4
_SETTINGS = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA synchronous = OFF"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, "
    "used INTEGER NOT NULL, size INTEGER NOT NULL, digest BLOB NOT NULL, content BLOB NOT NULL, UNIQUE (kind, key))"
)
_INDEX = "CREATE INDEX IF NOT EXISTS uses ON entries (used, size, kind)"  # so that sums need read no content
_ADD = "INSERT OR REPLACE INTO entries (used, kind, key, digest, content, size) VALUES (?, ?, ?, ?, ?, ?)"
_OLDEST_GO = "DELETE FROM entries WHERE id IN (SELECT id FROM entries ORDER BY used, id LIMIT ?)"
_SMALL = ("areas", "repairs", "steps")  # kinds that a run may have in memory
_SUMS = "SELECT count(*), ifnull(sum(CAST(size AS INTEGER)), 0) FROM entries"

_Entry = tuple[str, str, bytes]  # kind, key, content
_File = tuple[int, Path, int, int, float]  # process, path, device and inode, since a path may change its file; patience
_log = logging.getLogger(__name__)
_warn_once = functools.cache(_log.warning)
_lock = RLock()
_opened: dict[_File, Connection] = {}
_checked: set[_File] = set()
_busy_until: dict[Path, float] = {}
_written: dict[Path, int] = {}


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of entries, which need not exist, or nothing at all where it is None.

    A key says what an entry is made of; the method that makes it is added to it here.

    Beyond `most_bytes`, what was not used for longest is removed. What is `gathered` is `waiting` to be written. With a
    `memory`, small entries that were found or made are in it too, by kind and key, whether there is a folder or not.
    """

    folder: Path | None = None
    most_bytes: int = _USUAL_LIMIT
    waiting: list[_Entry] | None = field(default=None, compare=False, repr=False)
    method: str = field(default="", compare=False, repr=False)  # that of the run, else found each time
    memory: dict[tuple[str, str], bytes] | None = field(default=None, compare=False, repr=False)

    def get(self, kind: str, key: str) -> bytes | None:
        """Return the bytes kept under a key, None where there are none or they are not as they were written."""
        return self.look_up(kind, (key,)).get(key)

    def look_up(self, kind: str, keys: Collection[str]) -> dict[str, bytes]:
        """Return what is kept under some keys, as `get` does, at once: to open the database is half of a lookup."""
        memory = {} if self.memory is None else self.memory
        content = {key: memory[kind, key] for key in keys if (kind, key) in memory}
        left = {key_of((self.method or method_version(), key)): key for key in keys if key not in content}
        if self.folder is None or not left:
            return content
        today, query = int(time() // 86_400), "SELECT digest, content, used < ? FROM entries WHERE kind = ? AND key = ?"
        old = list[tuple[int, str, str]]()
        with suppress(OSError), _connected(self.folder) as opened:
            for own, key in left.items():
                for digest, stored, is_old in opened.execute(query, (today, kind, own)).fetchall():
                    if isinstance(stored, bytes) and digest == bytes.fromhex(key_of((kind, own, stored))):
                        content[key] = stored
                        old += [(today, kind, own)] * is_old
        if old:
            # What was used last goes last; to the day is near enough. Where nothing can be written, all is read.
            with suppress(OSError), _connected(self.folder) as opened:
                opened.executemany("UPDATE entries SET used = ? WHERE kind = ? AND key = ?", old)
        if self.memory is not None and kind in _SMALL:
            self.memory.update({(kind, key): content[key] for key in left.values() if key in content})
        return content

    def kept(self, kind: str, key: str, make: Callable[[], bytes]) -> bytes:
        """Return the bytes kept under a key, else make and keep them."""
        content = self.get(kind, key)
        if content is None:
            content = make()
            self.put((kind, key, content))
        return content

    def put(self, *entries: _Entry) -> None:
        """Keep entries, each in place of one of its kind and key, and make room; else the log says so once."""
        if self.memory is not None:
            self.memory.update({(kind, key): content for kind, key, content in entries if kind in _SMALL})
        if self.folder is None:
            return
        if strange := {kind for kind, _, _ in entries}.difference(KINDS):
            raise ValueError(f"nothing is kept as {strange}")
        fit = [entry for entry in entries if len(entry[2]) <= min(self.most_bytes, _LARGEST)]
        if self.waiting is not None:
            self.waiting.extend(fit)
            if sum(len(content) for *_, content in self.waiting) < _TOGETHER:
                return
            fit = self.waiting[:]
            self.waiting.clear()
        if not fit:
            return
        import sqlite3

        today, most = int(time() // 86_400), self.most_bytes
        method = self.method or method_version()
        named = [(kind, key_of((method, key)), content) for kind, key, content in fit]
        rows = [(today, *one[:2], bytes.fromhex(key_of(one)), one[2], 32 + len(one[2])) for one in named]
        try:
            with _connected(self.folder, make=True) as opened:
                opened.execute("BEGIN IMMEDIATE")
                for row in rows:
                    own = opened.execute(_ADD, row).lastrowid
                    ids = opened.execute("SELECT id FROM entries WHERE kind = ? AND key = ?", row[1:3]).fetchall()
                    if ids != [(own,)]:
                        # Else an entry would be written at every run, and never be read.
                        raise sqlite3.DatabaseError("has a damaged index")
                opened.commit()
                written = _written.get(self.folder, most) + sum(len(content) for *_, content in fit)
                _written[self.folder] = written if written <= most / 20 else 0
                count, total = opened.execute(_SUMS).fetchall()[0] if written > most / 20 else (0, 0)
                # Less is left than may be, so that room need not be made again at once.
                left = most * 0.9 if total > most else total
                while total > left:
                    # Few in a transaction, so that no other process waits for long.
                    if not opened.execute(_OLDEST_GO, (min(200, count // 20 + 1),)).rowcount:
                        raise sqlite3.DatabaseError("has a damaged index")
                    count, total = opened.execute(_SUMS).fetchall()[0]
        except OSError as error:
            # What is busy may be free for the next entry, and what was damaged is begun anew.
            if error.errno not in (errno.EAGAIN, errno.ESTALE):
                _warn_once(f"nothing can be kept in the cache: {reason_of(error)}")


NOTHING_KEPT = Cache()


@contextmanager
def gathered(cache: Cache) -> Iterator[Cache]:
    """Give a cache that writes entries in batches, the last at the end of the block: faster, with fewer locks."""
    waiting: list[_Entry] = []
    try:
        yield replace(cache, waiting=waiting)
    finally:
        cache.put(*waiting)


def cache_folder() -> Path:
    """Return the folder of the user's cache, which need not exist: FRONTCALC_CACHE, else the system's place for it."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("frontcalc", appauthor=False)


def user_cache(folder: str | Path | None = None) -> Cache:
    """Return the cache in a folder (else the user's own; «none» is none); a bad limit in the environment is refused."""
    if folder == NONE:
        return NOTHING_KEPT
    text = os.environ.get(LIMIT, "").strip()
    if text and (not text.isascii() or not text.isdecimal() or len(text) > 18):
        raise UsageError(f"is {text!r}", where=LIMIT, cure=f"give a whole number, as {_USUAL_LIMIT}")
    return Cache(Path(folder) if folder else cache_folder(), int(text) if text else _USUAL_LIMIT)


def require_writable(cache: Cache) -> None:
    """Raise DataError where the folder of a cache that was asked for cannot be made or written; busy is well."""
    if cache.folder is None:
        return
    try:
        with _connected(cache.folder, make=True) as opened:
            opened.execute("BEGIN IMMEDIATE")
            opened.rollback()
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.ESTALE):
            cure = "give --cache a folder that can be written, or none"
            raise DataError(
                f"nothing can be kept in it: {reason_of(error)}", where=str(cache.folder), cure=cure
            ) from error


def usage(cache: Cache, *, clearing: bool = False) -> dict[str, tuple[int, int]]:
    """Return how many entries of each kind a cache has, and their bytes, and remove them if asked; else DataError."""
    used = dict.fromkeys(KINDS, (0, 0))
    if cache.folder is None:
        return used
    try:
        with _connected(cache.folder, patience_s=_CLEARING_S) as opened:
            # A full disk has no room for a journal; what a kill damages meanwhile is begun anew.
            opened.execute(f"PRAGMA journal_mode = {'MEMORY' if clearing else 'TRUNCATE'}").fetchall()
            opened.execute("BEGIN IMMEDIATE" if clearing else "BEGIN")
            used = {kind: opened.execute(f"{_SUMS} WHERE kind = ?", (kind,)).fetchall()[0] for kind in KINDS}
            if clearing:
                opened.execute("DELETE FROM entries")
    except OSError as error:
        if error.errno == errno.ENOTDIR:
            cure = f"name a folder by --cache or {VARIABLE}"
            raise DataError("is no folder", where=str(cache.folder), cure=cure) from error
        if error.errno not in (errno.ENOENT, errno.ESTALE):
            cure = "try again, or remove the file while nothing runs"
            raise DataError(reason_of(error), where=str(cache.folder / NAME), cure=cure) from error
        used = dict.fromkeys(KINDS, (0, 0))
    if clearing:
        with suppress(OSError):
            (cache.folder / ASIDE).unlink()
    return used


@contextmanager
def _connected(folder: Path, *, make: bool = False, patience_s: float = _PATIENCE_S) -> Iterator[Connection]:
    """Give the connection to a folder's database, for one thread at a time, and commit at the end.

    OSError says why it cannot be had: ENOENT where there is none and none is to be made, EAGAIN where another process
    keeps it busy, ESTALE where it was found damaged, also in the block, and was put aside.
    """
    import sqlite3 as s

    path, busy = folder / NAME, OSError(errno.EAGAIN, "another process is writing to it")
    with _lock:
        if patience_s <= _PATIENCE_S and monotonic() < _busy_until.get(path, 0.0):
            raise busy
        if make and not os.path.lexists(path):
            with suppress(FileExistsError):
                folder.mkdir(parents=True)
            # Empty, for its owner alone, and never through a link; SQLite gives its journal the same rights.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, f"{NAME} is no regular file")
        file = (os.getpid(), path, facts.st_dev, facts.st_ino, patience_s)
        try:
            if file not in _opened:
                _opened[file] = _open(path, patience_s, make=make)
            with _opened[file] as opened:
                yield opened
        except (s.Error, UnicodeError) as error:
            # Where damage makes Python fail, as at SQLite's words, there is no code.
            code = getattr(error, "sqlite_errorcode", s.SQLITE_ERROR) & 0xFF
            if code in (s.SQLITE_BUSY, s.SQLITE_LOCKED):
                _busy_until[path] = monotonic() + _PAUSE_S
                raise busy from error
            if code == s.SQLITE_FULL and file not in _checked:
                # The disk is full, or the number of pages is a damaged one. Once, since all is read for it.
                _checked.add(file)
                with _connected(folder, make=make, patience_s=patience_s) as again:
                    if again.execute("PRAGMA integrity_check(1)").fetchall() != [(b"ok",)]:
                        raise s.DatabaseError("is damaged") from error
            damage = {s.SQLITE_ERROR, s.SQLITE_CORRUPT, s.SQLITE_NOTADB, s.SQLITE_FORMAT, s.SQLITE_SCHEMA}
            if code not in damage | {s.SQLITE_CONSTRAINT, s.SQLITE_MISMATCH}:
                raise OSError(errno.EIO, str(error)) from error
            close_all()
            # Else another process has begun a new one.
            if os.path.samestat(facts, path.lstat()):
                path.replace(folder / ASIDE)
                _warn_once(f"the cache was damaged and is begun anew; what was there is now {ASIDE}")
            raise OSError(errno.ESTALE, "it was damaged") from error


def _open(path: Path, patience_s: float, *, make: bool) -> Connection:
    """Return a new connection to a database, with its tables made if asked; one with any others is refused."""
    import sqlite3

    if len(_opened) >= _MOST_OPEN:
        close_all()
    opened = sqlite3.connect(path.absolute(), timeout=patience_s, isolation_level=None, check_same_thread=False)
    try:
        opened.text_factory = bytes  # what is stored as text need not be text
        opened.executescript(_SETTINGS)
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        schema = opened.execute(query).fetchall()
        if not schema and not make:
            raise FileNotFoundError(errno.ENOENT, "nothing is in it")
        if not schema:
            opened.executescript(f"PRAGMA auto_vacuum = FULL; BEGIN EXCLUSIVE; {_TABLE}; {_INDEX}; COMMIT")
            schema = opened.execute(query).fetchall()
        if schema != [(sql.replace("IF NOT EXISTS ", "").encode(),) for sql in (_TABLE, _INDEX)]:
            raise sqlite3.DatabaseError("has other tables")
        opened.execute("PRAGMA journal_mode = TRUNCATE").fetchall()
    except BaseException:
        opened.close()
        raise
    return opened


@atexit.register
def close_all() -> None:
    """Close this process's connections, which are opened again when they are needed, and never its parent's."""
    with _lock:
        for file in [file for file in _opened if file[0] == os.getpid()]:
            _opened.pop(file).close()


if hasattr(os, "register_at_fork"):
    # No thread is in a database while the process forks.
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
