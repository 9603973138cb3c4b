"""Drift: which cells of kept tables moved, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from frontcalc.errors import CheckFailed

SHOWN = ("gained_km2", "lost_km2", "net_km2")
"""The columns of a row that no earlier table has which are given with it."""

TOLERANCE_KM2 = 0.01  # an area may move so far unnoticed: versions of the overlay library differ in the last bits
_UNKNOWN = {
    False: "no map, option or version that the tree records has changed",
    True: "no map, option or version in the receipt has changed: the output was edited",
}
_EDITED = {
    False: "was edited in cells that follow from others, or in its layout",
    True: "was edited: no figure in its receipt moved",
}
_DAYS = ("opening", "closing", "previous", "snapshot", "date")  # columns of the days between which maps matter to a row
Cells = Mapping[str, str]
Key = tuple[str, ...]
_NEW, _REVISED, _GONE = "new map", "revision", "removed map"  # what became of a map


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
    others: Mapping[str, str] | None = None  # hashes of legends and the like by name; None where not recorded


@dataclass(frozen=True, slots=True)
class MovedRow:
    """What moved in one row: `cells` are column, text before and text after; without cells the whole row or table.

    `what` is moved, went on (of a period that was still open, by new maps alone), or says what became of the row or
    table. A row that `fails` is not to pass without somebody looking at it.
    """

    table: str
    key: Key
    what: str
    cells: tuple[tuple[str, str, str], ...]
    why: tuple[str, ...]
    fails: bool = True


@dataclass(frozen=True, slots=True)
class Drift:
    """How kept tables differ from what the archive gives now."""

    folder: str
    moved: tuple[MovedRow, ...]
    beside: str = ""  # what is new in tables of an earlier version of frontcalc, which is no drift
    general: tuple[str, ...] = ()  # what is different for all rows: options, versions and regions

    @property
    def failing(self) -> tuple[MovedRow, ...]:
        """The rows that are not to pass without somebody looking at them."""
        return tuple(row for row in self.moved if row.fails)

    def require_none(self, cure: str = "write the tables anew: the same command without --check") -> None:
        """Raise CheckFailed where a figure moved that was settled, a map is gone or a table was edited."""
        if self.failing and not any(row.key for row in self.failing):
            what = dict.fromkeys(f"{row.table} {row.what}".removeprefix(f"{self.folder} ") for row in self.failing)
            raise CheckFailed("; ".join(what), where=self.folder, cure=cure)
        if count := len(self.failing):
            figures = any(column.endswith("_km2") for row in self.failing for column, *_ in row.cells)
            raise CheckFailed(
                f"{'figures' if figures else 'what was settled'} moved in {count} row{'s' if count > 1 else ''}",
                where=self.folder,
                cure=f"where the reasons are good, {cure}",
            )


def compare(
    kept: Tree, now: Tree, *, folder: str, days: Collection[str], strict: bool = False, exact: bool = False
) -> Drift:
    """Return what moved between kept tables and those of now, and why; messages call the tree `folder`.

    `days` are those of the archive's maps, whether tables rest on them or not. What moved fails but for a period that
    was open and went on by new maps alone, a row that is new with them, and cells that are no areas of the row; if
    `strict`, all does.

    Areas moved where they differ by more than `TOLERANCE_KM2`. Shares and rates follow from areas and are not compared;
    every other cell is compared as text. To a row belongs every general reason, and the maps from its opening to its
    closing. Of tables that an earlier version wrote, which lack columns, those they have are compared but the notes.
    If `exact`, every cell is compared as text, but between versions.
    """
    pairs = [(kept.tables[name], now.tables[name]) for name in sorted(kept.tables.keys() & now.tables.keys())]
    firsts = [[next(iter(table.values()), {}) for table in pair] for pair in pairs if all(pair)]
    added = list(dict.fromkeys(column for old, new in firsts for column in new if column not in old))
    earlier = bool(added) or kept.version != now.version
    paired = ((row, new[key]) for old, new in pairs for key, row in old.items() if key in new)
    count = sum(before.get("notes") != after.get("notes") for before, after in paired)
    news = [f"new columns {', '.join(added)}"] if added else []
    news += [f"notes are others in {count} row{'s' if count > 1 else ''}"] if earlier and count else []
    everywhere, by_day = list(_everywhere(kept, now)), list(_map_changes(kept.maps, now.maps, days))
    baseline, versions = str(now.options.get("baseline") or ""), earlier or kept.software != now.software
    moved: list[MovedRow] = []
    for name in sorted({*kept.tables, *now.tables}):
        both = [tree.tables.get(name) for tree in (kept, now)]
        for key, what, cells in _moved(*both, but=("notes",) if earlier else (), exact=exact and not versions):
            rows = [table[key] for table in both if table and key in table]
            ends = [day for row in rows for column in _DAYS if (day := row.get(column))]
            first, last = min(ends, default=""), max(ends, default="")
            # A new map closes a period that was open, even if it is dated after its last day.
            # Tables of an earlier version have a notice of that and no state.
            row = rows[0] if what in ("moved", "is gone") and rows else {}
            was_open = row.get("state") == "open" if "state" in row else "CLOSES-EARLY" in row.get("notes", "").split()
            mine = {
                reason: kind
                for day, kind, reason in by_day
                if (rows and day == baseline)
                or first <= day <= last
                or (was_open and kind == _NEW)
                or (exact and not ends)
            }
            why = (*everywhere, *mine)
            if name in kept.edited:
                why += (f"the kept {name} is not what frontcalc wrote: it was edited",)
            elif not why:
                # A mark or a range may rest on maps beside the row's own.
                elsewhere = () if None in both else tuple(reason for *_, reason in by_day)
                otherwise = "an earlier version of frontcalc counted otherwise" if earlier else _UNKNOWN[exact]
                why = elsewhere or ("the file was removed by hand" if None in both else otherwise,)
            goes_on = set(mine.values()) == {_NEW} and (was_open or what == "is new")
            # The country's area stands in every row, and follows from what is held beside any region.
            figures = [column for column, *_ in cells if column.endswith("_km2") and column != "country_km2"]
            same = what == "moved" and not figures
            fails = strict or name in kept.edited or not (goes_on or same)
            moved.append(MovedRow(name, key, "went on" if goes_on and what == "moved" else what, cells, why, fails))
    # Shares and rates are not compared, but nobody writes them by hand.
    moved += [MovedRow(name, (), _EDITED[exact], (), ()) for name in sorted(kept.edited - {row.table for row in moved})]
    for reason in (reason for _, kind, reason in by_day if kind == _GONE):
        if not any(row.fails and reason in row.why for row in moved):
            moved.append(MovedRow(folder, (), "rests on a map that is gone", (), (reason,)))
    beside = f"written by an earlier version: {'; '.join(news)}" if news else ""
    return Drift(folder, tuple(moved), beside, tuple(everywhere))


def _moved(
    kept: Mapping[Key, Cells] | None, now: Mapping[Key, Cells] | None, *, but: tuple[str, ...], exact: bool
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
            own = now.get(key, {})
            # A row in which nothing changed has no figure to show.
            figures = tuple((column, "", own[column]) for column in SHOWN if own.get(column, "").strip("0."))
            yield key, "is gone" if key in kept else "is new", figures
            continue
        cells = []
        for column, before in kept[key].items():
            after = now[key].get(column, before)
            if before == after or column in but or (column.endswith(("_pct", "_per_day")) and not exact):
                continue
            with suppress(ValueError):
                if (
                    column.endswith(("_km2", "_mi2"))
                    and not exact
                    and round(abs(float(after) - float(before)), 6) <= TOLERANCE_KM2
                ):
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
    if old.others is not None and new.others is not None:
        for name, before, after in _changed(old.others, new.others):
            yield f"{name} {'was changed' if before and after else 'is gone' if before else 'is new'}"


def _map_changes(
    before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]], days: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield the day of each map that differs, the kind of difference, and a reason that says both.

    A file that only has another name is the same. A map that the archive (of `days`) still has but no figure rests on
    any longer, as that of last week where a new one came, is no difference.
    """
    last = max(before, default="")
    for day in sorted({*before, *after}):
        was, now = before.get(day, {}), after.get(day, {})
        if set(was.values()) == set(now.values()):
            continue
        # Of a day's files those that are others.
        own = [name for one, other in ((now, was), (was, now)) for name in one if one[name] not in other.values()]
        names, of_day = ", ".join(dict.fromkeys(own)), f" of {day}" if day else ""
        if not was:
            past = f"{_REVISED}: figures rest on {names}{of_day} now, and did not before"
            yield (day, _NEW, f"{_NEW}: {names}{of_day}") if day > last else (day, _REVISED, past)
        elif now:
            yield day, _REVISED, f"{_REVISED}: {names}{of_day} was changed"
        elif day not in days:
            yield day, _GONE, f"{_GONE}: {names}{of_day} is gone"


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
