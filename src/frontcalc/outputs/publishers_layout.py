"""What is shown of several publishers' maps: archives side by side, the regions where they are furthest apart first."""

from __future__ import annotations

from collections.abc import Sequence

from frontcalc.outputs.branches import Key, branches, key, walk
from frontcalc.outputs.grid import Grid, aside_of, day_or_dash, remarks, title_of
from frontcalc.outputs.numbers import decimals, km2
from frontcalc.regions import UNASSIGNED
from frontcalc.tables import TOTAL, CompareMeta, CompareRow

Cells = dict[tuple[Key, str], CompareRow]


def compare_grids(rows: Sequence[CompareRow], actor: str, meta: CompareMeta) -> list[Grid]:
    """Return a block a period of one actor; what the figures rest on is below the last."""
    periods = list(dict.fromkeys(row.period for row in rows))
    blocks = []
    for period in periods:
        mine = [row for row in rows if row.period == period]
        footer = _below(mine, meta)
        if period == periods[-1]:
            footer += [*_rests_on(meta), *remarks(meta)]
        blocks.append(_grid(mine, f"{period}: {title_of(actor, meta)}", meta, tuple(footer)))
    return blocks


def _grid(rows: Sequence[CompareRow], title: str, meta: CompareMeta, footer: tuple[str, ...]) -> Grid:
    """Return one period's archives side by side."""
    archives = list(dict.fromkeys(row.archive for row in rows))
    cells = {(key(row), row.archive): row for row in rows}
    lines = []
    for region, label in _ranked(cells, archives, meta.level):
        line = [label]
        for archive in archives:
            row = cells[region, archive]
            line += [km2(row.gained_km2), km2(row.lost_km2), km2(row.net_km2, signed=True), km2(row.closing_only_km2)]
        line.append(km2(_apart(cells[region, archives[0]])))
        lines.append(tuple(line))
    groups = (("", 1), *((archive, 4) for archive in archives), ("", 1))
    header = ("region", *("gained", "lost", "net", "only") * len(archives), "nets apart")
    return Grid(title, aside_of(meta), groups, header, tuple(lines), footer)


def _ranked(cells: Cells, archives: Sequence[str], levels: str) -> list[tuple[Key, str]]:
    """Return the rows to show with their labels, furthest apart on net first, unassigned and total last."""
    regions = list(dict.fromkeys(region for region, _ in cells))

    def shown(region: Key) -> bool:
        rows = [cells[region, archive] for archive in archives]
        figures = [value for row in rows for value in (row.gained_km2, row.lost_km2, row.closing_only_km2)]
        return any(decimals(value or 0.0, 1) for value in figures)

    def size(region: Key) -> float:
        return -(_apart(cells[region, archives[0]]) or 0.0)

    tail = [one for one in regions if one[1] == TOTAL or (one[1] == UNASSIGNED and shown(one))]
    ranked = [(one, label) for one, label in walk(branches(regions, levels), size) if shown(one)]
    return [*ranked, *((one, one[1]) for one in tail)]


def _apart(row: CompareRow) -> float | None:
    """Return how far the archives' net changes are apart, None where fewer than two have one."""
    return None if row.net_max_km2 is None or row.net_min_km2 is None else row.net_max_km2 - row.net_min_km2


def _below(rows: Sequence[CompareRow], meta: CompareMeta) -> list[str]:
    """Return which maps each archive was measured between, and where they disagree most."""
    lines = []
    for row in rows:
        if row.level == TOTAL:
            days = f", {row.days} days" if row.days is not None else ""
            lines.append(f"{row.archive}: map of {day_or_dash(row.opening)} to map of {day_or_dash(row.closing)}{days}")
    finest = meta.level.rpartition(",")[2]
    fine = [row for row in rows if row.level == finest and row.level != TOTAL]
    if nets := [row for row in fine if _apart(row) is not None]:
        most = max(nets, key=lambda row: _apart(row) or 0.0)
        ends = f"{km2(most.net_min_km2, signed=True)} to {km2(most.net_max_km2, signed=True)}"
        lines.append(f"furthest apart on net: {most.region}, {ends}")
    if held := [row for row in fine if row.closing_only_km2 is not None]:
        most = max(held, key=lambda row: row.closing_only_km2 or 0.0)
        lines.append(f"most ground held by one alone: {most.region}, {km2(most.closing_only_km2)} on {most.archive}")
    return [*lines, "only: held at the close on this archive's map and on none of the others"]


def _rests_on(meta: CompareMeta) -> list[str]:
    """Return each archive's layers, and what all share."""
    lines = []
    for own in meta.archives:
        beside = f" · not counted: {', '.join(own.not_counted)}" if own.not_counted else ""
        lines.append(f"{own.archive}, counted: {', '.join(own.counted) or 'nothing'}{beside}")
    regions = f" · regions: {meta.regions.name}" if meta.regions else ""
    return [*lines, f"{meta.crs}{regions}", *meta.attribution]
