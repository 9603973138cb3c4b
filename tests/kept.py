"""What is in a cache's database, seen from outside."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from frontcalc.cache import NAME, Cache, usage
from frontcalc.versions import key_of, method_version

Entry = tuple[str, str]


def entries(folder: Path) -> dict[Entry, bytes]:
    """Return contents by kind and key; nothing while there is no table."""
    if not (folder / NAME).exists():
        return {}
    with closing(sqlite3.connect(folder / NAME)) as opened:
        if not opened.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return {}
        found = opened.execute("SELECT kind, key, content FROM entries ORDER BY kind, key").fetchall()
    return {(kind, key): content for kind, key, content in found}


def stored(key: str) -> str:
    """Return the key under which an entry stands: with the method that made it."""
    return key_of((method_version(), key))


def counted(cache: Cache, *, clearing: bool = False) -> dict[str, tuple[int, int]]:
    """Return how many entries there are of the kinds that a cache has any of, and their bytes."""
    return {kind: own for kind, own in usage(cache, clearing=clearing).items() if own[0]}


def alter(folder: Path, statement: str, values: Iterable[tuple[object, ...]] = ((),)) -> None:
    """Run a statement on a cache's database, once for each of some values, as somebody else might."""
    with closing(sqlite3.connect(folder / NAME)) as opened, opened:
        opened.executemany(statement, values) if values != ((),) else opened.execute(statement)
