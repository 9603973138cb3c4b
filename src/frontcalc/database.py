"""The file that entries of the cache are in: one SQLite database, opened where it is needed and never trusted.

A process has one connection to a database, which its threads take turns at; a forked child opens its own. Entries are
added in transactions, so that a killed process leaves whole ones and SQLite undoes what it was at. Nothing is forced
to disk: after a loss of power a database may be damaged, as by anything else. One that is damaged, or that has other
tables than these, or any view or trigger, is put aside and a new one begun. What is done with entries is in `entries`,
and whether one is what it should be is for `cache` to check.

Its journal is a file beside it that is emptied after each transaction: a write-ahead log is no faster by more than
40 ms for a thousand entries, and cannot be read in a folder that may not be written.

`use` and `check` raise `OSError` where the database cannot be had, `BlockingIOError` where another process has kept it
busy for longer than a run should wait, and `FileNotFoundError` where there is none and none is to be made.
"""

from __future__ import annotations

import atexit
import errno
import functools
import logging
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from sqlite3 import Connection

ASIDE = ".damaged"
"""What is added to the name of a database that is put aside; the next one replaces it."""

PATIENCE_S = 0.2
"""How long to wait for another process."""

_PAUSE_S = 5.0
"""For how long a database that was busy is not asked again, so that waiting is a small part of any run."""

_TABLE = (
    "CREATE TABLE entries (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, used INTEGER NOT NULL, "
    "size INTEGER NOT NULL, digest BLOB NOT NULL, content BLOB NOT NULL, UNIQUE (kind, key))"
)
# All that counting and making room ask for, so that no content is read for it.
_INDEX = "CREATE INDEX uses ON entries (used, size, kind)"
_SCHEMA = {(b"entries", _TABLE.encode()), (b"sqlite_autoindex_entries_1", None), (b"uses", _INDEX.encode())}

_SETTINGS = (
    f"busy_timeout = {round(PATIENCE_S * 1000)}",
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "mmap_size = 0",
    "synchronous = OFF",
)
_BUSY = "another process is writing to it"
_MOST_OPEN = 4

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_File = tuple[int, int]
"""Which file it is, by device and inode, since a path may come to name another."""


@dataclass
class _Opened:
    """A connection, the file that it is to, and how long it waits for another process (s)."""

    connection: Connection
    file: _File
    patience_s: float = PATIENCE_S


_lock = Lock()
_opened: dict[Path, _Opened] = {}
_left: list[_Opened] = []
_busy_until: dict[Path, float] = {}
_checked: dict[Path, _File] = {}


def use(
    path: Path, work: Callable[[Connection], _Result], *, make: bool = False, patience_s: float = PATIENCE_S
) -> _Result:
    """Return what some work on a database returns; where that finds it damaged, it is put aside and work begins anew.

    Parameters
    ----------
    path : Path
        The database's file.
    work : callable
        Takes the connection, and may be called a second time.
    make : bool
        Make the database where there is none.
    patience_s : float
        How long to wait for another process (s); longer than usual also asks one that was busy a moment ago.
    """
    import sqlite3

    with _lock:
        if patience_s <= PATIENCE_S and monotonic() < _busy_until.get(path, 0.0):
            raise BlockingIOError(errno.EAGAIN, _BUSY)
        file = _file(path, make=make)
        try:
            return work(_connection(path, file, make=make, patience_s=patience_s))
        except (sqlite3.Error, UnicodeError) as error:
            if not _tells_damage(path, error):
                raise _explained(path, error) from error
        _put_aside(path, file)
        file = _file(path, make=make)
        try:
            return work(_connection(path, file, make=make, patience_s=patience_s))
        except (sqlite3.Error, UnicodeError) as error:
            raise _explained(path, error) from error


def check(path: Path) -> None:
    """Put a database aside if its structure is damaged, as it may be where an entry is; once a process, for each."""
    use(path, functools.partial(_check, path))


@atexit.register
def close_all() -> None:
    """Close all connections; they are opened again when they are needed."""
    with _lock:
        while _opened:
            _opened.popitem()[1].connection.close()


def _file(path: Path, *, make: bool) -> _File:
    """Return which file a path names, made where there is none; a link leads elsewhere and is refused."""
    try:
        facts = path.lstat()
    except FileNotFoundError:
        if not make:
            raise
        path.parent.mkdir(parents=True, exist_ok=True)
        # Empty, for its owner alone, and never through a link; SQLite gives its journal the same rights.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))
        facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        raise OSError(errno.EINVAL, f"{path.name} is no regular file")
    return facts.st_dev, facts.st_ino


def _connection(path: Path, file: _File, *, make: bool, patience_s: float) -> Connection:
    """Return the connection to a database that is as it should be."""
    import sqlite3

    known = _opened.get(path)
    if known is None or known.file != file:
        _close(path)
        while len(_opened) >= _MOST_OPEN:
            _close(next(iter(_opened)))
        connection = sqlite3.connect(path.absolute(), isolation_level=None, check_same_thread=False)
        try:
            _set_up(connection, make=make)
        except BaseException:
            connection.close()
            raise
        known = _opened[path] = _Opened(connection, file)
    if known.patience_s != patience_s:
        known.connection.execute(f"PRAGMA busy_timeout = {round(patience_s * 1000)}")
        known.patience_s = patience_s
    return known.connection


def _set_up(connection: Connection, *, make: bool) -> None:
    """Set a connection up, make the tables where there is nothing at all, and refuse what is not exactly these."""
    import sqlite3

    # What is stored as text need not be text.
    connection.text_factory = bytes
    for setting in _SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    found = _schema(connection)
    if not found:
        if not make:
            raise FileNotFoundError(errno.ENOENT, "nothing is in it")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            # Another process may have been first.
            if not _schema(connection):
                connection.execute(_TABLE)
                connection.execute(_INDEX)
        found = _schema(connection)
    if found != _SCHEMA:
        raise sqlite3.DatabaseError("has other tables")
    connection.execute("PRAGMA journal_mode = TRUNCATE").fetchall()


def _schema(connection: Connection) -> set[tuple[bytes, bytes | None]]:
    """Return the names of all tables, indices, views and triggers, and the SQL that makes them."""
    return set(connection.execute("SELECT name, sql FROM sqlite_master").fetchall())


def _tells_damage(path: Path, error: Exception) -> bool:
    """Say whether an error means that the file is not what it should be, since the statements are right."""
    import sqlite3

    damage = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
    damage |= {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_SCHEMA}
    if _code(error) == sqlite3.SQLITE_FULL and path in _opened:
        # The disk is full, or the number of pages is a damaged one.
        try:
            _check(path, _opened[path].connection)
        except sqlite3.Error:
            return True
    return _code(error) in damage


def _check(path: Path, connection: Connection) -> None:
    """Raise an error where a file's structure is damaged; it is looked at once, since all of it is read."""
    import sqlite3

    file = _opened[path].file
    if _checked.get(path) != file:
        _checked[path] = file
        if connection.execute("PRAGMA integrity_check(1)").fetchall() != [(b"ok",)]:
            raise sqlite3.DatabaseError("is damaged")


def _explained(path: Path, error: Exception) -> OSError:
    """Return an error of SQLite's as one of the system's, and take note of a database that is busy."""
    import sqlite3

    if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        _busy_until[path] = monotonic() + _PAUSE_S
        return BlockingIOError(errno.EAGAIN, _BUSY)
    return OSError(errno.EIO, str(error))


def _code(error: Exception) -> int:
    """Return SQLite's primary code of an error; where damage makes Python fail, as at SQLite's words, it has none."""
    import sqlite3

    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _put_aside(path: Path, file: _File) -> None:
    """Give a damaged database another name, so that a new one is begun, and say so."""
    _close(path)
    if _file(path, make=True) != file:
        # Another process has begun a new one.
        return
    aside = path.with_name(path.name + ASIDE)
    path.replace(aside)
    _warn_once(f"the cache was damaged and is begun anew; what was there is now {aside.name}")


def _close(path: Path) -> None:
    """Close the connection to a database, if there is one."""
    known = _opened.pop(path, None)
    if known is not None:
        known.connection.close()


def _after_fork() -> None:
    """Leave the connections to the parent: a child must neither use nor close them."""
    global _lock
    _lock = Lock()
    _left.extend(_opened.values())
    _opened.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@functools.cache
def _warn_once(message: str) -> None:
    """Log something once."""
    _log.warning(message)
