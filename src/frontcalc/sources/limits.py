"""How much of a file, a zip or a folder is read before it is refused; each limit can be set in the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Protocol

from frontcalc.errors import DataError, UsageError

_PIECE = 1 << 24


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is read; docs/security.md says what each is for.

    Each is set by an environment variable of its name, as in ``FRONTCALC_MAX_BYTES``.

    Parameters
    ----------
    max_bytes : int
        The largest file that is read (bytes), on disk or in a zip.
    max_unpacked_bytes : int
        What gzip, Parquet, or a zip with the zips in it may unpack to (bytes).
    max_members : int
        Members of a zip, with those of the zips in it.
    max_zip_depth : int
        How deep zips may lie in one another.
    max_files : int
        Files of a folder, with those of its folders.
    max_folder_depth : int
        How many folders deep an archive is searched.
    max_vertices : int
        Vertices of one file's polygons.
    follow_links : int
        1 to read links that lead out of their archive.
    """

    max_bytes: int = 1 << 30
    max_unpacked_bytes: int = 1 << 30
    max_members: int = 10_000
    max_zip_depth: int = 2
    max_files: int = 100_000
    max_folder_depth: int = 4
    max_vertices: int = 100_000_000
    follow_links: int = 0


def limits() -> Limits:
    """Return the limits in force.

    Raises
    ------
    UsageError
        A variable is set to something other than a whole number.
    """
    return _limits_of(tuple(os.environ.get(name, "") for name in _VARIABLES))


def variable(name: str) -> str:
    """Return the environment variable that sets a limit."""
    return f"FRONTCALC_{name.upper()}"


_VARIABLES = tuple(variable(known.name) for known in fields(Limits))


@lru_cache(maxsize=8)
def _limits_of(texts: tuple[str, ...]) -> Limits:
    """Return the limits that texts of `_VARIABLES` set, the usual one where a text is empty."""
    usual = Limits()
    return Limits(
        **{
            known.name: _setting(known.name, text, getattr(usual, known.name))
            for known, text in zip(fields(Limits), texts, strict=True)
        }
    )


def beyond(name: str, problem: str, *, where: str) -> DataError:
    """Return the error for what is beyond a limit, which says how to raise it."""
    return DataError(problem, where=where, cure=f"if you trust it, raise {variable(name)}")


def read_at_most(stream: Readable, most: int) -> bytes:
    """Return what a stream holds, no more than `most` bytes; room is taken only for what is there."""
    pieces, left = [], most
    while left > 0 and (piece := stream.read(min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def check_vertices(count: int, *, where: str) -> None:
    """Refuse more vertices than one file may have.

    Raises
    ------
    DataError
        There are more.
    """
    most = limits().max_vertices
    if count > most:
        raise beyond("max_vertices", f"has {count:,} vertices; the limit is {most:,}", where=where)


def _setting(name: str, text: str, default: int) -> int:
    """Return a limit from its variable's text, or its default."""
    text = text.strip()
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise UsageError(f"is {text!r}", where=variable(name), cure=f"give a whole number, as {default}")
    return int(text)
