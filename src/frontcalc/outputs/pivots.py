"""Tables whose periods, dates or archives stand side by side: changes, areas held, and publishers compared.

Rows of several levels are a tree: each stands below the one that it is part of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from frontcalc.outputs.grid import Grid, cell, counted, grid_of, period_heading, projection, remarks
from frontcalc.outputs.numbers import BLANK, decimals, km2, times
from frontcalc.regions import UNASSIGNED
from frontcalc.tables import TOTAL, CompareMeta, CompareRow, DiffRow, HeldRow, Meta, PeriodRow, RangeRow, ratio

Key = tuple[str, str]
"""A row's level and region, which tell it from the others of its period or date."""

_INDENT = "  "
_LAST = (UNASSIGNED, TOTAL)

_Measures = tuple[tuple[str, str], ...]

CHANGE: _Measures = (("gained", "gained_km2"), ("lost", "lost_km2"), ("net", "net_km2"))
_RANGE: _Measures = (("net from", "net_min_km2"), ("net to", "net_max_km2"))


def tree(keys: Iterable[Key], levels: str, size: Callable[[Key], tuple[float, ...]] = lambda one: ()) -> dict[Key, str]:
    """Return rows with their labels, each before its parts, which are indented; smallest `size` first.

    `keys` are in the order of a result: a row is part of the nearest one above it that is of a coarser level.
    `levels` are coarse to fine, as in «country,adm1»; unassigned and total are last.
    """
    ranks = {level: rank for rank, level in enumerate(levels.split(","))}
    paths: dict[Key, tuple[Any, ...]] = {}
    above: list[Key] = []
    for nth, one in enumerate(keys):
        if one[1] in _LAST:
            paths[one] = ((True, (), nth),)
            continue
        while above and ranks[above[-1][0]] >= ranks[one[0]]:
            above.pop()
        paths[one] = (*(paths[above[-1]] if above else ()), (False, size(one), nth))
        above.append(one)
    return {one: _INDENT * (len(path) - 1) + one[1] for one, path in sorted(paths.items(), key=itemgetter(1))}


def key(row: Any) -> Key:
    """Return what tells a row from the others of its period or date."""
    return (row.level, row.region)


def region_label(rows: Iterable[Any], meta: Meta) -> Callable[[Any], str]:
    """Return what gives a row's region as it is shown: of a finer level indented below what it is part of."""
    labels = tree(dict.fromkeys(map(key, rows)), meta.level)
    return lambda row: labels[key(row)]


def moves(row: Any, *names: str) -> bool:
    """Say whether any of some figures is more than zero as it is shown."""
    return any(decimals(getattr(row, name) or 0.0, 1) for name in names)


def _by_region(
    rows: Sequence[Any], side: str, meta: Meta, shown: Sequence[str], size: Callable[[Any], float]
) -> list[tuple[str, list[Any]]]:
    """Return each region's label and its rows, one a `side` (period, date or archive).

    A region is left out where none of the fields `shown` is above zero. The largest `size` is first.
    """
    found = {(getattr(row, side), key(row)): row for row in rows}
    sides = dict.fromkeys(each for each, _ in found)
    regions = {one: [found[each, one] for each in sides] for one in dict.fromkeys(map(key, rows))}
    labels = tree(regions, meta.level, lambda one: tuple(-size(row) for row in regions[one]))
    moved = {one for one, mine in regions.items() if one[1] == TOTAL or any(moves(row, *shown) for row in mine)}
    return [(label, regions[one]) for one, label in labels.items() if one in moved]


def _cells(mine: Iterable[Any], columns: _Measures) -> Iterator[str]:
    """Yield the cells of a region's rows, side by side."""
    return (cell(row, source) for row in mine for _, source in columns)


def from_to(row: Any, none: str = BLANK) -> str:
    """Return the maps that a row was measured between, and how many days they are apart."""
    days = f", {row.days} days" if row.days is not None else ""
    return f"map of {row.opening or none} to map of {row.closing or none}{days}"


def diff_grids(rows: Sequence[DiffRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield periods side by side, regions by the size of their net change."""
    columns = (*CHANGE, *(_RANGE if isinstance(rows[0], RangeRow) else ()))
    totals = [row for row in rows if row.level == TOTAL]
    regions = _by_region(rows, "period", meta, ("gained_km2", "lost_km2"), lambda row: abs(row.net_km2 or 0.0))
    lines = [(label, *_cells(mine, columns)) for label, mine in regions]
    header = ["region", *[heading for heading, _ in columns] * len(totals)]
    groups = [(period_heading(row), len(columns)) for row in totals]
    if len(totals) == 2:
        per_day = differ_in_length(totals)
        lines = [(*line, ratio_text(*mine, per_day=per_day)) for line, (_, mine) in zip(lines, regions, strict=True)]
        header.append("ratio (per day)" if per_day else "ratio")
        groups.append(("", 1))
    footer = [f"{row.period}: {from_to(row, 'no date')}" for row in totals]
    whose = "left out, " if meta.drops_slivers else "of it "
    for row in totals:
        if moves(row, "gained_sliver_km2", "lost_sliver_km2"):
            figures = f"gained {km2(row.gained_sliver_km2)}, lost {km2(row.lost_sliver_km2)}"
            footer.append(f"{row.period}: {whose}in slivers narrower than {meta.sliver_width_m:g} m: {figures}")
    yield grid_of(title, header, lines, meta, footer, groups=groups)


def ratio_text(first: DiffRow, second: DiffRow, *, per_day: bool) -> str:
    """Return the ratio of two net changes as shown, and per day beside it where the lengths differ."""
    if not decimals(first.net_km2 or 0.0, 1) or not decimals(second.net_km2 or 0.0, 1):
        return BLANK
    whole = times(ratio(first.net_km2, second.net_km2))
    if not per_day or whole == BLANK:
        return whole
    return f"{whole} ({times(ratio(first.rate_km2_per_day, second.rate_km2_per_day))})"


def differ_in_length(totals: Sequence[PeriodRow]) -> bool:
    """Say whether two periods differ by more than 5 % in days, or one is not of the length asked for."""
    days = [row.days or 0 for row in totals]
    return max(days) > 1.05 * min(days) or any("SPAN" in row.notes.split() for row in totals)


def held_grids(rows: Sequence[HeldRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield dates side by side, regions by area, and below it what the layers cover."""
    regions = _by_region(rows, "date", meta, ("held_km2",), lambda row: row.held_km2 or 0.0)
    lines = [(label, *_cells(mine, (("held", "held_km2"),))) for label, mine in regions]
    footer = [f"{row.date}: map of {row.snapshot or 'no date'}" for row in rows if row.level == TOTAL]
    for share in meta.layer_shares:
        if share.actor == actor and len(share.role_km2) > 1:
            areas = " + ".join(f"{role} {km2(area)}" for role, area in share.role_km2)
            twice = f" {km2(-share.overlap_km2)} drawn twice" if decimals(share.overlap_km2, 1) else ""
            footer.append(f"map of {share.snapshot}: {areas}{twice}")
    header = ("region", *map(str, dict.fromkeys(row.date for row in rows)))
    yield grid_of(title, header, lines, meta, footer)


def compare_grids(rows: Sequence[CompareRow], actor: str, meta: CompareMeta, title: str) -> Iterator[Grid]:
    """Yield a block a period, archives side by side, the regions where they are furthest apart first.

    What the figures rest on is below the last.
    """
    columns = (*CHANGE, ("only", "closing_only_km2"))
    shown = ("gained_km2", "lost_km2", "closing_only_km2")
    periods = list(dict.fromkeys(row.period for row in rows))
    for period in periods:
        mine = [row for row in rows if row.period == period]
        regions = _by_region(mine, "archive", meta, shown, lambda row: _apart(row) or 0.0)
        lines = [(label, *_cells(own, columns), km2(_apart(own[0]))) for label, own in regions]
        archives = list(dict.fromkeys(row.archive for row in mine))
        header = ("region", *[heading for heading, _ in columns] * len(archives), "nets apart")
        groups = [*((archive, len(columns)) for archive in archives), ("", 1)]
        footer = [f"{row.archive}: {from_to(row)}" for row in mine if row.level == TOTAL]
        fine = [row for row in mine if row.level == meta.level.rpartition(",")[2] != TOTAL]
        if nets := [row for row in fine if _apart(row) is not None]:
            most = max(nets, key=lambda row: _apart(row) or 0.0)
            ends = f"{km2(most.net_min_km2, signed=True)} to {km2(most.net_max_km2, signed=True)}"
            footer.append(f"furthest apart on net: {most.region}, {ends}")
        if held := [row for row in fine if row.closing_only_km2 is not None]:
            most = max(held, key=lambda row: row.closing_only_km2 or 0.0)
            alone = f"{most.region}, {km2(most.closing_only_km2)} on {most.archive}"
            footer.append(f"most ground held by one alone: {alone}")
        footer.append("only: held at the close on this archive's map and on none of the others")
        if period == periods[-1]:
            footer += [f"{own.archive}, counted: {counted(own)}" for own in meta.archives]
            footer += [projection(meta), *meta.attribution, *remarks(meta)]
        yield grid_of(f"{period}: {title}", header, lines, meta, footer, groups=groups, ends=False)


def _apart(row: CompareRow) -> float | None:
    """Return how far the archives' net changes are apart, None where fewer than two have one."""
    return None if row.net_max_km2 is None or row.net_min_km2 is None else row.net_max_km2 - row.net_min_km2
