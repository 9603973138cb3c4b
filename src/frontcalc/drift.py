"""Drift: which cells of kept tables moved, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from frontcalc.errors import CheckFailed

TOLERANCE_KM2 = 0.01  # an area may move so far unnoticed: versions of the overlay library differ in the last bits
Cells = Mapping[str, str]
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """The tables of a folder by file name, each row by its key columns, and what they rest on."""

    tables: Mapping[str, Mapping[Key, Cells]]
    version: str  # of frontcalc
    software: Mapping[str, str]
    options: Mapping[str, Any]
    maps: Mapping[str, Mapping[str, str]]  # by day (ISO 8601): hashes by file name
    regions: Mapping[str, str]  # names of files by their hash
    hashes: Mapping[str, str]  # of the tables when they were written
    edited: frozenset[str]  # the tables that are no longer what was written


@dataclass(frozen=True, slots=True)
class MovedRow:
    """What moved in one row: `cells` are column, text before and text after; without cells the whole row or table."""

    table: str
    key: Key
    what: str
    cells: tuple[tuple[str, str, str], ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """How kept tables differ from what the archive gives now."""

    folder: str
    moved: tuple[MovedRow, ...]
    beside: str = ""  # what is new in tables of an earlier version of frontcalc, which is no drift

    def require_none(self) -> None:
        """Raise CheckFailed where anything moved."""
        if self.moved:
            raise CheckFailed(
                f"figures moved in {len(self.moved)} row{'s' if len(self.moved) > 1 else ''}",
                where=self.folder,
                cure="where the reasons are good, write the tables anew: the same command without --check",
            )


def compare(kept: Tree, now: Tree, *, folder: str) -> Drift:
    """Return what moved between kept tables and those of now, and why; messages call the tree `folder`.

    Areas moved where they differ by more than `TOLERANCE_KM2`. Shares and rates follow from areas and are not compared;
    every other cell is compared as text. To a row belongs every general reason, and the maps from its opening to its
    closing. Of tables that an earlier version wrote, which lack columns, those they have are compared but the notes.
    """
    pairs = [(kept.tables[name], now.tables[name]) for name in sorted(kept.tables.keys() & now.tables.keys())]
    firsts = [[next(iter(table.values()), {}) for table in pair] for pair in pairs if all(pair)]
    added = list(dict.fromkeys(column for old, new in firsts for column in new if column not in old))
    earlier = bool(added) or kept.version != now.version
    paired = ((row, new[key]) for old, new in pairs for key, row in old.items() if key in new)
    count = sum(before.get("notes") != after.get("notes") for before, after in paired)
    news = [f"new columns {', '.join(added)}"] if added else []
    news += [f"notes are others in {count} row{'s' if count > 1 else ''}"] if earlier and count else []
    everywhere, by_day = list(_everywhere(kept, now)), list(_map_changes(kept.maps, now.maps))
    baseline = str(now.options.get("baseline") or "")
    moved: list[MovedRow] = []
    for name in sorted({*kept.tables, *now.tables}):
        both = [tree.tables.get(name) for tree in (kept, now)]
        for key, what, cells in _moved(*both, but=("notes",) if earlier else ()):
            rows = [table[key] for table in both if table and key in table]
            days = [day for row in rows for column in ("opening", "closing") if (day := row.get(column))]
            first, last = min(days, default=""), max(days, default="")
            mine = [reason for day, reason in by_day if (rows and day == baseline) or first <= day <= last]
            unknown = "no map, option or version that the tree records has changed"
            otherwise = "an earlier version of frontcalc counted otherwise" if earlier else unknown
            if None in both:
                otherwise = "the file was removed by hand"
            elif name in kept.edited:
                otherwise = "the kept table is not what frontcalc wrote: it was edited"
            moved.append(MovedRow(name, key, what, cells, (*everywhere, *mine) or (otherwise,)))
    return Drift(folder, tuple(moved), f"written by an earlier version: {'; '.join(news)}" if news else "")


def _moved(
    kept: Mapping[Key, Cells] | None, now: Mapping[Key, Cells] | None, *, but: tuple[str, ...]
) -> Iterator[tuple[Key, str, tuple[tuple[str, str, str], ...]]]:
    """Yield what moved in a table, None where it is absent, `but` in some columns: a row's key, what, and its cells."""
    if kept is None or now is None:
        yield (), "is not in the folder" if kept is None else "is no longer made", ()
        return
    old_columns, new_columns = (tuple(next(iter(rows.values()), {})) for rows in (kept, now))
    gone = [column for column in old_columns if column not in new_columns]
    if gone and kept and now:
        yield (), f"no longer has {', '.join(gone)}", ()
    for key in dict.fromkeys([*kept, *now]):
        if key not in kept or key not in now:
            yield key, "is gone" if key in kept else "is new", ()
            continue
        cells = []
        for column, before in kept[key].items():
            after = now[key].get(column, before)
            if before == after or column in but or column.endswith(("_pct", "_per_day")):
                continue
            with suppress(ValueError):
                if column.endswith("_km2") and round(abs(float(after) - float(before)), 6) <= TOLERANCE_KM2:
                    continue
            cells.append((column, before, after))
        if cells:
            yield key, "moved", tuple(cells)


def _everywhere(old: Tree, new: Tree) -> Iterator[str]:
    """Yield what is different between two trees for all their rows: options, versions and regions."""
    for name, before, after in _changed(old.options, new.options):
        yield f"option {name}: {_shown(before)} → {_shown(after)}"
    own = ({"frontcalc": tree.version} for tree in (old, new))
    for name, before, after in (*_changed(*own), *_changed(old.software, new.software)):
        yield f"new version: {name} {before or 'none'} → {after or 'none'}"
    if old.regions.keys() != new.regions.keys():
        named = (" and ".join(tree.regions.values()) or "none" for tree in (old, new))
        yield f"other regions: {' → '.join(named)}"


def _map_changes(
    before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield the day of each map that differs, and how; a file that only has another name is the same."""
    last = max(before, default="")
    for day in sorted({*before, *after}):
        was, now = before.get(day, {}), after.get(day, {})
        if set(was.values()) == set(now.values()):
            continue
        names = ", ".join(now or was)
        if not was:
            past = f"revision: {names}, of the past day {day}, is new"
            yield day, f"new map: {names} of {day}" if day > last else past
        elif not now:
            yield day, f"removed map: {names} of {day} is gone or no longer used"
        else:
            yield day, f"revision: {names} of {day} was changed"


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield names by which two mappings differ, with the value before and after, None where there is none."""
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)


def _shown(value: Any) -> str:
    """Return an option's value as text."""
    if value is None:
        return "none"
    return ",".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
