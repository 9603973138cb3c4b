"""What is done with the entries of the cache's database: SQL on a connection that `database.use` gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlite3 import Connection

_AT_ONCE = 200
"""How many entries are removed in one transaction, so that no other process waits for long."""
_PAGES_AT_ONCE = 2000
"""How much of the file is given back in one transaction."""


class Entry(NamedTuple):
    """What is kept: of which kind, under which key, the SHA-256 that tells it is whole, and its bytes."""

    kind: str
    key: str
    digest: bytes
    content: bytes


def add(connection: Connection, day: int, entries: Iterable[Entry]) -> None:
    """Keep entries, each instead of one of the same kind and key, in one transaction."""
    import sqlite3

    with _transaction(connection):
        for kind, key, digest, content in entries:
            added = connection.execute(
                "INSERT OR REPLACE INTO entries (kind, key, used, size, digest, content) VALUES (?, ?, ?, ?, ?, ?)",
                (kind, key, day, len(digest) + len(content), digest, content),
            ).lastrowid
            found = connection.execute("SELECT id FROM entries WHERE kind = ? AND key = ?", (kind, key)).fetchall()
            if found != [(added,)]:
                # Else an entry would be made at every run, and never be found.
                raise sqlite3.DatabaseError("has a damaged index")


def find(connection: Connection, kind: str, key: str, day: int) -> tuple[object, object, object]:
    """Return digest and content as they are stored, and whether the entry was last used before a day; Nones if none."""
    found = connection.execute(
        "SELECT digest, content, used < ? FROM entries WHERE kind = ? AND key = ?", (day, kind, key)
    ).fetchall()
    return found[0] if found else (None, None, None)


def note_use(connection: Connection, kind: str, key: str, day: int) -> None:
    """Note that an entry was used on a day."""
    connection.execute("UPDATE entries SET used = ? WHERE kind = ? AND key = ?", (day, kind, key))


def count(connection: Connection, kinds: Sequence[str]) -> list[tuple[int, int]]:
    """Return how many entries of each kind there are, and their bytes."""
    asked = "SELECT count(*), ifnull(sum(CAST(size AS INTEGER)), 0) FROM entries WHERE kind = ?"
    return [connection.execute(asked, (kind,)).fetchall()[0] for kind in kinds]


def make_room(connection: Connection, most_bytes: int, left_bytes: float) -> None:
    """Where entries have more than some bytes, remove what was not used for longest until fewer are left."""
    entries = connection.execute("SELECT id, CAST(size AS INTEGER) FROM entries ORDER BY used, id").fetchall()
    total = sum(size for _, size in entries)
    gone = []
    if total > most_bytes:
        for entry, size in entries:
            if total <= left_bytes:
                break
            gone.append((entry,))
            total -= size
    for start in range(0, len(gone), _AT_ONCE):
        with _transaction(connection):
            connection.executemany("DELETE FROM entries WHERE id = ?", gone[start : start + _AT_ONCE])
    _shrink(connection, most_bytes)


def remove_all(connection: Connection, kinds: Sequence[str]) -> list[tuple[int, int]]:
    """Remove all entries, and return how many of each kind there were, and their bytes."""
    with _transaction(connection):
        counted = count(connection, kinds)
        connection.execute("DELETE FROM entries")
    _shrink(connection, 0)
    return counted


def _shrink(connection: Connection, most_bytes: int) -> None:
    """Give back what the file has beyond some bytes, as far as nothing is in it."""

    def fact(name: str) -> int:
        return int(connection.execute(f"PRAGMA {name}").fetchall()[0][0])

    beyond = min(fact("page_count") - most_bytes // fact("page_size"), fact("freelist_count"))
    for _ in range(0, beyond, _PAGES_AT_ONCE):
        # As a script, since `execute` ends this statement after its first page.
        connection.executescript(f"PRAGMA incremental_vacuum({min(beyond, _PAGES_AT_ONCE)})")


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    """Make all that is done one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield
