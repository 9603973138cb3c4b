"""What frontcalc wrote into an archive, which is no map of control, and where a run must not write."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.errors import DataError, UsageError
from frontcalc.manifest import NAME as MANIFEST_NAME
from frontcalc.sources.features import Features
from frontcalc.sources.files import Entry, list_entries, maps_among

_COLUMNS = (
    frozenset({"period", "actor", "region", "kind", "opening", "closing"}),
    frozenset({"period", "actor", "region", "holder", "lacker", "holder_map", "lacker_map"}),
)
"""Columns of maps of change, and of maps of where archives disagree: what no publisher's map of control has."""

_HEAD_BYTES = 1 << 12
# A key of a Parquet file's metadata, as Thrift's compact protocol writes the field: its kind, length and text.
_PARQUET_KEY = b"\x18\x09frontcalc\x18"
_MARK = b'"frontcalc":"results"'
"""What a GeoJSON file of results says of itself at its beginning: without features it has no columns."""

_TABLE = re.compile(rb'\A\{\s*"meta": \{\s*"version": "[^"]*",\s*"archives?": ')


def maps_of(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Return the entries that may be maps of control, and the names of the others: what frontcalc wrote is of these."""
    maps, others = maps_among(entries)
    own = {entry.name for entry in maps if _is_own(entry)}
    return [entry for entry in maps if entry.name not in own], sorted([*others, *own])


def refuse_changes(features: Features, *, where: str) -> None:
    """Refuse a map of change, or of where archives disagree, that was given as a map of control."""
    if features.properties and all(_has_columns(own) for own in features.properties):
        raise DataError(
            "is a map of change that frontcalc wrote, which does not show who holds what",
            where=where,
            cure="give the map itself, and keep results elsewhere",
        )


def refuse_place(
    output: Path, *, files: Iterable[Path] = (), archives: Iterable[Path] = (), fills: bool = False
) -> None:
    """Refuse to write onto what a run reads, by whatever path it is named, or a folder inside an archive.

    Parameters
    ----------
    output : Path
        Where results are to go.
    files, archives : iterable of Path
        What the run reads, and the archives; what does not exist is passed over.
    fills : bool
        The place is a folder that will hold files, or a map: it must lie in no archive, even where it is new.

    Raises
    ------
    UsageError
        It must not be written there.
    """
    try:
        problem = _fault(output, files, archives, fills=fills)
    except OSError:  # a name that is too long, say: reading or writing will say so
        return
    if problem:
        raise UsageError(problem, where=f"-o {output}", cure="give another place with -o")


def _fault(output: Path, files: Iterable[Path], archives: Iterable[Path], *, fills: bool) -> str:
    """Return why results must not be written there, empty where they may."""
    for root in archives:
        inside = root.is_dir() and output.resolve().is_relative_to(root.resolve())
        if inside and (fills or output.is_dir()):
            return "lies in the archive that is read"
        if output.is_file() and _is_read(root, output):
            return "is a file of the archive that is read"
    return "is a file that this run reads" if any(_same(path, output) for path in files) else ""


def _is_read(root: Path, output: Path) -> bool:
    """Say whether an existing file is one that an archive reads: a map, a part of one, or what says of them."""
    if not root.is_dir():
        return _same(root, output)
    entries = list_entries(root)
    same = {entry.name for entry in entries if _same(root / entry.name, output)}
    if not same:
        return False
    read = {name for entry in maps_of(entries)[0] for name in (entry.name, *entry.siblings)}
    return not same.isdisjoint(read | {CONFIG_NAME, MANIFEST_NAME})


def _same(path: Path, output: Path) -> bool:
    """Say whether two paths lead to one file, through links of either kind."""
    try:
        return path.is_file() and path.samefile(output)
    except OSError:
        return False


def _is_own(entry: Entry) -> bool:
    """Say whether a file of a folder is a map of change or a table of frontcalc's, by a few bytes of it."""
    path = entry.root / entry.name
    if not entry.name or not entry.root.is_dir():  # nothing is written into zips
        return False
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            text = file.read(_HEAD_BYTES)
            if text.startswith(b"PAR1"):
                return _PARQUET_KEY in _parquet_footer(file)
        if text.startswith(b"SQLite format 3\0"):
            text = _database_schema(path)
    except (OSError, sqlite3.Error):
        return False  # what cannot be read is refused where it is needed
    return (
        _MARK in text
        or bool(_TABLE.match(text))
        or any(all(b'"%s"' % name.encode() in text for name in columns) for columns in _COLUMNS)
    )


def _parquet_footer(file: BinaryIO) -> bytes:
    """Return what a Parquet file says of itself, at its end before the length of that and four letters."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    length = int.from_bytes(file.read(4), "little")
    file.seek(max(0, size - 8 - length))
    return file.read(length)


def _database_schema(path: Path) -> bytes:
    """Return the statements that made the tables of a SQLite file, which is opened as it lies there."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        return "".join(sql for (sql,) in database.execute("SELECT sql FROM sqlite_master") if sql).encode()


def _has_columns(own: Mapping[str, object]) -> bool:
    """Say whether a feature has the columns of a map of change or of disagreement."""
    return any(columns <= own.keys() for columns in _COLUMNS)
