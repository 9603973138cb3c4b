"""Drift: which cells of kept tables moved, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from frontcalc.errors import CheckFailed

TOLERANCE_KM2 = 0.01
"""How far an area may move unnoticed: versions of the overlay library differ in the last bits, never by this much."""

Cells = Mapping[str, str]
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UsedFile:
    """A file that a tree rests on; `date` (ISO 8601) is the day of a map, None for regions, `role` says which."""

    date: str | None
    name: str
    sha256: str
    role: str = "map"


@dataclass(frozen=True, slots=True)
class Record:
    """What a tree rests on; `hashes` are its own tables' by file name."""

    version: str
    software: Mapping[str, str]
    options: Mapping[str, Any]
    sources: tuple[UsedFile, ...]
    hashes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tree:
    """Tables by file name, each row by its key columns, and what they rest on.

    `edited` names the tables that are not what was written.
    """

    tables: Mapping[str, Mapping[Key, Cells]]
    record: Record
    edited: frozenset[str] = frozenset()


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

    def require_none(self) -> None:
        """Raise CheckFailed where anything moved."""
        if self.moved:
            raise CheckFailed(
                f"figures moved in {len(self.moved)} row{'s' if len(self.moved) > 1 else ''}",
                where=self.folder,
                cure="where the reasons are good, write the tables anew: the same command without --check",
            )


def compare(kept: Tree, now: Tree, *, folder: str) -> Drift:
    """Return what moved between kept tables and those of now; messages call the tree `folder`.

    Areas moved where they differ by more than `TOLERANCE_KM2`. Shares and rates follow from areas and are not compared;
    every other cell is compared as text.
    """
    reasons = _Reasons.between(kept, now)
    moved: list[MovedRow] = []
    for name in sorted({*kept.tables, *now.tables}):
        if name not in kept.tables or name not in now.tables:
            what = "is not in the folder" if name in now.tables else "is no longer made"
            moved.append(MovedRow(name, (), what, (), reasons.everywhere or ("the file was removed by hand",)))
        else:
            moved.extend(_moved_rows(name, kept.tables[name], now.tables[name], reasons))
    return Drift(folder, tuple(moved))


def _moved_rows(
    name: str, kept: Mapping[Key, Cells], now: Mapping[Key, Cells], reasons: _Reasons
) -> Iterator[MovedRow]:
    """Yield the rows of one table that moved, in the order of the tables."""
    old_columns, new_columns = (tuple(next(iter(rows.values()), {})) for rows in (kept, now))
    gone = [column for column in old_columns if column not in new_columns]
    added = [column for column in new_columns if column not in old_columns]
    for what, columns in (("no longer has", gone), ("now has", added)):
        if columns and kept and now:
            yield MovedRow(name, (), f"{what} {', '.join(columns)}", (), reasons.everywhere or reasons.fallback(name))
    for key in dict.fromkeys([*kept, *now]):
        old, new = kept.get(key), now.get(key)
        if old is None or new is None:
            what = "is new" if old is None else "is gone"
            yield MovedRow(name, key, what, (), reasons.of(name, old, new))
        elif cells := tuple(_moved_cells(old, new)):
            yield MovedRow(name, key, "moved", cells, reasons.of(name, old, new))


def _moved_cells(old: Cells, new: Cells) -> Iterator[tuple[str, str, str]]:
    """Yield the cells of a row that moved: column, before, after; shares and rates follow from areas."""
    for column, before in old.items():
        after = new.get(column, before)
        if before == after or column.endswith(("_pct", "_per_day")):
            continue
        with suppress(ValueError):
            if column.endswith("_km2") and round(abs(float(after) - float(before)), 6) <= TOLERANCE_KM2:
                continue
        yield column, before, after


@dataclass(frozen=True, slots=True)
class _Reasons:
    """What is different between two trees apart from their figures."""

    everywhere: tuple[str, ...]
    by_day: tuple[tuple[str, str], ...]
    baseline: str | None
    edited: frozenset[str]

    @classmethod
    def between(cls, kept: Tree, now: Tree) -> _Reasons:
        """Return the differences of two trees."""
        old, new = kept.record, now.record
        options, software = _changed(old.options, new.options), _changed(old.software, new.software)
        everywhere = [f"option {name}: {_shown(before)} → {_shown(after)}" for name, before, after in options]
        if old.version != new.version:
            everywhere.append(f"new version: frontcalc {old.version} → {new.version}")
        everywhere += [f"new version: {name} {was or 'none'} → {is_now or 'none'}" for name, was, is_now in software]
        regions, others = ({file.sha256 for file in record.sources if file.role == "regions"} for record in (old, new))
        if regions != others:
            everywhere.append("changed file: the regions are others")
        baseline = new.options.get("baseline")
        return cls(tuple(everywhere), tuple(_map_changes(old, new)), str(baseline) if baseline else None, kept.edited)

    def of(self, table: str, old: Cells | None, new: Cells | None) -> tuple[str, ...]:
        """Return what concerns one row: everything general, and the maps from its opening to its closing."""
        rows = [row for row in (old, new) if row]
        days = [day for row in rows for column in ("opening", "closing") if (day := row.get(column))]
        first, last = min(days, default=""), max(days, default="")
        mine = [reason for day, reason in self.by_day if day == self.baseline or first <= day <= last]
        return (*self.everywhere, *mine) or self.fallback(table)

    def fallback(self, table: str) -> tuple[str, ...]:
        """Return what is left to say where no recorded reason applies."""
        if table in self.edited:
            return ("the kept table is not what frontcalc wrote: it was edited",)
        return ("no map, option or version that the tree records has changed",)


def _map_changes(old: Record, new: Record) -> Iterator[tuple[str, str]]:
    """Yield the day of each map that differs, and how; a file that only has another name is the same."""
    before: dict[str, dict[str, str]] = {}
    after: dict[str, dict[str, str]] = {}
    for record, days in ((old, before), (new, after)):
        for source in record.sources:
            if source.role == "map" and source.date:
                days.setdefault(source.date, {})[source.name] = source.sha256
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
