"""Files beside the maps of an archive: JSON that is no geodata, what frontcalc wrote, and maps without a suffix."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing, suppress
from datetime import date
from pathlib import Path

from frontcalc.archives.file_dates import Part, dated, naming
from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.config import ArchiveConfig
from frontcalc.dates import candidates
from frontcalc.errors import DataError, UsageError
from frontcalc.manifest import NAME as MANIFEST_NAME
from frontcalc.read.detection import detect, is_other_json, unpack
from frontcalc.read.features import Features
from frontcalc.read.files import Entry, list_entries, maps_among, may_be_other

# Columns of maps of change, of what archives agree on, or disagreed on, and of the ledger: no map of control has them.
_COLUMNS = (
    frozenset({"period", "actor", "region", "kind", "opening", "closing"}),
    frozenset({"period", "actor", "region", "kind", "shown_by"}),
    frozenset({"actor", "region", "town", "held_from", "held_until", "came_files", "went_files"}),
    frozenset({"period", "actor", "region", "holder", "lacker", "holder_map", "lacker_map"}),
)
HEAD = 4096  # bytes that tell most files
_NUMBER = re.compile(r"\d+")
# As nearly every map in JSON begins, so that it need not be read as a whole.
_MAP_BEGINS = re.compile(rb'\A(\xef\xbb\xbf)?\s*\{\s*"type"\s*:\s*"(FeatureCollection|Topology)"')
# A key of a Parquet file's metadata, as Thrift's compact protocol writes the field: its kind, length and text.
_PARQUET_KEY = b"\x18\x09frontcalc\x18"
# What a GeoJSON file of results says of itself at its beginning: without features it has no columns.
_MARK = b'"frontcalc":"results"'
_TABLE = re.compile(rb'\A\{\s*"meta": \{\s*"version": "[^"]*",\s*"archives?": ')


def sorted_out(entries: Sequence[Entry], stated: Collection[str]) -> tuple[list[Entry], list[str], list[Entry]]:
    """Return the maps among files, the names of all others, and of these the files that are JSON but no geodata.

    A file that is named by a day without any suffix or as text, as 2024-02-01, is a map if it begins as one. Files that
    are named alike but for numbers are of one kind: if any of them may be a map, all are to be maps, so that of maps in
    JSON mostly one is looked into.

    Names that the archive itself gives a day (`stated`) are those of maps.
    """
    maps, others = maps_among(entries)
    unread = {entry for entry in maps if _is_own(entry)}.union(others)
    maps = [entry for entry in maps if entry not in unread]
    for entry in others:
        suffix = entry.path.suffix.lower().strip(".0123456789")
        if candidates(entry.path.name) and suffix in ("", "txt"):
            with suppress(DataError):
                head = entry.head(HEAD)
                if _MAP_BEGINS.match(head) or (not suffix and detect(head, where=entry.label)):
                    maps.append(entry)
    maps.sort()
    kinds: dict[str, list[Entry]] = {}
    for entry in maps:
        kinds.setdefault(_NUMBER.sub("0", str(entry.path).casefold()), []).append(entry)
    other = {
        entry
        for alike in (kinds.values() if len(kinds) > 1 else ())
        if all(entry.label not in stated and _is_other_json(entry) for entry in alike)
        for entry in alike
    }
    maps = [entry for entry in maps if entry not in other]
    names = {entry.label for entry in unread | other} - {entry.label for entry in maps}
    return maps, sorted(names), sorted(other)


def maps_missing(
    other: list[Entry], maps: list[Entry], days: Collection[date], source: str | None, config: ArchiveConfig
) -> dict[date, list[Part]]:
    """Return JSON that is no geodata (`other`) in the place of a map: alone with its day, in a folder that has maps."""
    folders = {entry: _NUMBER.sub("0", str(entry.path.parent).casefold()) for entry in (*maps, *other)}
    of_maps = {folders[entry] for entry in maps}
    named = [entry for entry in other if folders[entry] in of_maps and naming(entry, source, config)]
    # What is written like a day may be a period, as in a table's name: it is passed over.
    parts_by_day, _, _ = dated(named, source, config, skip_bad=True)
    return {day: parts for day, parts in parts_by_day.items() if day not in days}


def _is_other_json(entry: Entry) -> bool:
    """Say whether a file is JSON that is plainly no geodata, by a name that leaves it open."""
    if not may_be_other(entry.path.name):
        return False
    try:
        return not _MAP_BEGINS.match(entry.head(HEAD)) and is_other_json(unpack(entry.read(), where=entry.label))
    except DataError:
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
            text = file.read(HEAD)
            if text.startswith(b"PAR1"):
                # At its end stand what it says of itself, the length of that and four letters.
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - 8))
                length = int.from_bytes(file.read(4), "little")
                file.seek(max(0, size - 8 - length))
                return _PARQUET_KEY in file.read(length)
        if text.startswith(b"SQLite format 3\0"):  # the statements that made its tables, opened as it lies there
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
                made = database.execute("SELECT sql FROM sqlite_master")
                text = "".join(sql for (sql,) in made if sql).encode()
    except (OSError, sqlite3.Error):
        return False  # what cannot be read is refused where it is needed
    return (
        _MARK in text
        or bool(_TABLE.match(text))
        or any(all(b'"%s"' % name.encode() in text for name in columns) for columns in _COLUMNS)
    )


def refuse_changes(features: Features, *, where: str) -> None:
    """Refuse a map of change, or of what archives agree on, that was given as a map of control."""
    if features.properties and all(any(columns <= own.keys() for columns in _COLUMNS) for own in features.properties):
        problem = "is a map of change that frontcalc wrote, which does not show who holds what"
        raise DataError(problem, where=where, cure="give the map itself, and keep results elsewhere")


def refuse_place(
    output: Path, *, files: Iterable[Path] = (), archives: Iterable[Path] = (), fills: bool = False
) -> None:
    """Refuse to write results onto what a run reads, by whatever path it is named, or a folder inside an archive.

    What the run reads is passed over where it does not exist. A place that `fills`, a folder that will hold files or a
    map, must lie in no archive, even where it is new.
    """
    where, cure = f"-o {output}", "give another place with -o"
    with suppress(OSError):  # a name that is too long, say: reading or writing will say so
        for root in archives:
            inside = root.is_dir() and output.resolve().is_relative_to(root.resolve())
            if inside and (fills or output.is_dir()):
                raise UsageError("lies in the archive that is read", where=where, cure=cure)
            if output.is_file() and _is_read(root, output):
                raise UsageError("is a file of the archive that is read", where=where, cure=cure)
        if any(_same(path, output) for path in files):
            raise UsageError("is a file that this run reads", where=where, cure=cure)


def _is_read(root: Path, output: Path) -> bool:
    """Say whether an existing file is one that an archive reads: a map, a part of one, or what says of them."""
    if not root.is_dir():
        return _same(root, output)
    entries = list_entries(root)
    same = {entry.name for entry in entries if _same(root / entry.name, output)}
    if not same:
        return False
    maps = [entry for entry in maps_among(entries)[0] if not _is_own(entry)]
    read = {name for entry in maps for name in (entry.name, *entry.siblings)}
    return not same.isdisjoint(read | {CONFIG_NAME, MANIFEST_NAME})


def _same(path: Path, output: Path) -> bool:
    """Say whether two paths lead to one file, through links of either kind."""
    try:
        return path.is_file() and path.samefile(output)
    except OSError:
        return False
