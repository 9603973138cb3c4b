"""Files beside the maps of an archive: JSON that is plainly no geodata, and maps whose names have no suffix."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, timedelta
from pathlib import PurePosixPath

from frontcalc.archives.dating import Dating, day_in_names
from frontcalc.config import ArchiveConfig
from frontcalc.dates import mentions_day
from frontcalc.errors import DataError
from frontcalc.sources.detection import detect, is_other_json, unpack
from frontcalc.sources.files import Entry, may_be_other

# As nearly every map in JSON begins, so that it need not be read as a whole.
_MAP_BEGINS = re.compile(rb'\A(\xef\xbb\xbf)?\s*\{\s*"type"\s*:\s*"(FeatureCollection|Topology)"')
_HEAD = 4096


def is_unnamed_map(entry: Entry) -> bool:
    """Say whether a file that is named by a day without any suffix, as 2024-02-01, begins as a map does."""
    if not mentions_day(entry.path.name) or entry.path.suffix.strip(".0123456789"):
        return False
    try:
        return bool(detect(entry.head(_HEAD), where=entry.label))
    except DataError:
        return False


def without_other_json(maps: list[Entry], stated: Collection[str]) -> tuple[list[Entry], list[Entry]]:
    """Return the maps, and the files that are JSON but plainly no geodata.

    Files that are named alike but for numbers are of one kind: if any of them may be a map, all are to be maps, so
    that of maps in JSON mostly one is looked into.

    Parameters
    ----------
    maps : list of Entry
        The files that may be maps by their names.
    stated : collection of str
        Names that the archive itself gives a day, which are maps.
    """
    kinds: dict[str, list[Entry]] = {}
    for entry in maps:
        kinds.setdefault(_kind(entry.path), []).append(entry)
    if len(kinds) < 2:
        return maps, []
    other = {
        entry
        for alike in kinds.values()
        if all(entry.label not in stated and _is_other_json(entry) for entry in alike)
        for entry in alike
    }
    return [entry for entry in maps if entry not in other], sorted(other)


def maps_missing(
    other: list[Entry], maps: list[Entry], days: Collection[date], dating: Dating, config: ArchiveConfig
) -> list[Entry]:
    """Return what is no geodata but in the place of a map: alone with its day, in a folder that has maps.

    Parameters
    ----------
    other, maps : list of Entry
        As `without_other_json` returns them.
    days : collection of date
        The days that the maps show.
    dating, config
        Where days are read from.
    """
    folders = {_kind(entry.path.parent) for entry in maps}
    shift = timedelta(days=config.as_of_offset_days or 0)
    missing = []
    for entry in other if dating.field is None else ():
        try:
            day = day_in_names(entry, dating, config)
        except DataError:
            continue  # what is written like a day may be a period, as in a table's name
        if day and day + shift not in days and _kind(entry.path.parent) in folders:
            missing.append(entry)
    return missing


def _kind(path: PurePosixPath) -> str:
    """Return a path without what numbers tell apart."""
    return re.sub(r"\d+", "0", str(path).casefold())


def _is_other_json(entry: Entry) -> bool:
    """Say whether a file is JSON that is plainly no geodata, by a name that leaves it open."""
    if not may_be_other(entry.path.name):
        return False
    try:
        return not _MAP_BEGINS.match(entry.head(_HEAD)) and is_other_json(unpack(entry.read(), where=entry.label))
    except DataError:
        return False
