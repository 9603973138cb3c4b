"""How much of a file, a zip or a folder is read before it is refused; each limit can be set in the environment."""

from __future__ import annotations

import os
from io import BufferedIOBase, BytesIO
from typing import IO

from frontcalc.errors import DataError, UsageError

_PIECE = 1 << 24
_DENSEST, _SMALL = 32, 1 << 25  # maps are packed three to fifteen times

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

VARIABLES = {name: f"FRONTCALC_{name.upper()}" for name in DEFAULTS}  # the environment variable that sets each


def limits() -> dict[str, int]:
    """Return the limits in force, by name; UsageError where a variable is set to something else than a whole number."""
    texts = tuple([os.environ.get(variable, "") for variable in VARIABLES.values()])
    if texts not in _in_force:
        stated = {}
        for (name, default), text in zip(DEFAULTS.items(), map(str.strip, texts), strict=True):
            if text and not (text.isascii() and text.isdecimal() and len(text) <= 18):
                raise UsageError(f"is {text!r}", where=VARIABLES[name], cure=f"give a whole number, as {default}")
            stated[name] = int(text or default)
        _in_force[texts] = stated
    return _in_force[texts]


_in_force: dict[tuple[str, ...], dict[str, int]] = {}  # by the texts of their variables, so that these are read once


def beyond(name: str, problem: str, *, where: str | None = None) -> DataError:
    """Return the error for what is beyond a limit, which `problem` has as {:,}; it says how to raise it."""
    return DataError(problem.format(limits()[name]), where=where, cure=f"if you trust it, raise {VARIABLES[name]}")


def read_at_most(stream: BufferedIOBase | IO[bytes], most: int) -> bytes:
    """Return what a stream holds, no more than `most` bytes; room is taken only for what is there."""
    whole = BytesIO()  # which gives out its own memory: pieces and what they are joined to would take twice the room
    while (left := most - whole.tell()) > 0 and (piece := stream.read(min(left, _PIECE))):
        whole.write(piece)
    return whole.getvalue()


def refuse_dense(unpacked: int, packed: int, *, where: str) -> None:
    """Refuse what unpacks to far more than a map does, beyond `densest`."""
    if unpacked > densest(packed):
        problem = f"unpacks to more than {_DENSEST} times its size and {_SMALL:,} bytes, as no map does"
        raise DataError(problem, where=where, cure="if you trust it, unpack it and give what is in it")


def densest(packed: int) -> int:
    """Return how many bytes content of a packed size may unpack to: a parsed text takes twenty times its own room."""
    return max(_SMALL, _DENSEST * packed)


def refuse_too_many(vertices: int) -> None:
    """Refuse more vertices than one file may have."""
    if vertices > limits()["max_vertices"]:
        raise beyond("max_vertices", f"has {vertices:,} vertices; the limit is {{:,}}")
