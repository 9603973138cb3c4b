"""Results laid out for reading: a grid an actor, with a title above and what was counted below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from frontcalc.lint import Finding
from frontcalc.names import printable
from frontcalc.outputs.archive_facts import archive_grid, finding_grid, legend_grid
from frontcalc.outputs.branches import Key, branches, key, walk
from frontcalc.outputs.claim_facts import claim_grid
from frontcalc.outputs.grid import Grid, aside_of, basis, day_or_dash, period_heading, remarks, title_of
from frontcalc.outputs.movements import flow_grid, place_grid
from frontcalc.outputs.numbers import BLANK, decimals, km2, times
from frontcalc.outputs.polygon_facts import change_grid, disagreement_grid
from frontcalc.outputs.published import scaled
from frontcalc.outputs.publishers_layout import compare_grids
from frontcalc.outputs.region_facts import check_grid, detail_grid, region_grid
from frontcalc.outputs.robustness_layout import range_cells, range_header, sensitivity_grids
from frontcalc.outputs.summary_layout import summary_grids
from frontcalc.regions import UNASSIGNED
from frontcalc.tables import (
    TOTAL,
    ChangeRow,
    ClaimRow,
    CompareRow,
    DiffRow,
    DisagreementRow,
    FlowRow,
    GrossRow,
    HeldRow,
    LayerRow,
    LegendRow,
    Meta,
    PeriodRow,
    PlaceRow,
    RangeRow,
    RegionCheckRow,
    RegionDetailRow,
    RegionRow,
    SensitivityRow,
    SeriesRow,
    SummaryRow,
    Table,
    ratio,
)


def grids(table: Table[Any, Any]) -> list[Grid]:
    """Return a table's blocks, one an actor, areas in the units that `meta` names, every text safe to show."""
    return [_shown(grid) for grid in _laid_out(scaled(table))]


def _shown(grid: Grid) -> Grid:
    """Return a grid without line breaks and codes that a terminal would obey: names come from outside."""
    return replace(
        grid,
        title=printable(grid.title),
        header=tuple(map(printable, grid.header)),
        groups=tuple((printable(heading), count) for heading, count in grid.groups),
        rows=tuple(tuple(map(printable, row)) for row in grid.rows),
        footer=tuple(map(printable, grid.footer)),
    )


def _laid_out(table: Table[Any, Any]) -> list[Grid]:
    """Return a table's blocks by the kind of its rows."""
    whole: dict[type, Callable[..., Grid]] = {
        RegionRow: region_grid,
        RegionDetailRow: detail_grid,
        RegionCheckRow: check_grid,
        LayerRow: archive_grid,
        LegendRow: legend_grid,
        Finding: finding_grid,
        ClaimRow: claim_grid,
    }
    if table.kind in whole:
        return [whole[table.kind](table.rows, table.meta)]
    several: dict[type, Callable[..., list[Grid]]] = {
        SummaryRow: summary_grids,
        GrossRow: summary_grids,
        SensitivityRow: sensitivity_grids,
        CompareRow: compare_grids,
    }
    if table.kind in several:
        blocks = (
            several[table.kind]([row for row in table.rows if row.actor == actor], actor, table.meta)
            for actor in table.meta.actors
        )
        return [grid for block in blocks for grid in block]
    lay: dict[type, Callable[..., Grid]] = {
        DiffRow: _diff_grid,
        RangeRow: _diff_grid,
        HeldRow: _held_grid,
        SeriesRow: _series_grid,
        FlowRow: flow_grid,
        PlaceRow: place_grid,
        ChangeRow: change_grid,
        DisagreementRow: disagreement_grid,
    }
    return [
        lay[table.kind]([row for row in table.rows if row.actor == actor], actor, table.meta)
        for actor in table.meta.actors
    ]


def _diff_grid(rows: Sequence[DiffRow], actor: str, meta: Meta) -> Grid:
    """Return periods side by side, regions by the size of their net change, unassigned and total last."""
    periods = list(dict.fromkeys(row.period for row in rows))
    cells = {(row.period, key(row)): row for row in rows}
    totals = [row for row in rows if row.level == TOTAL]
    lines = []
    for region, label in _ranked(rows, cells, periods, meta.level):
        mine = [cells[period, region] for period in periods]
        line = [label]
        for row in mine:
            line += [km2(row.gained_km2), km2(row.lost_km2), km2(row.net_km2, signed=True), *range_cells(row)]
        lines.append((*line, *([ratio_text(*mine, per_day=differ_in_length(totals))] if len(periods) == 2 else [])))
    measures = ("gained", "lost", "net", *range_header(rows))
    header = ("region", *measures * len(periods))
    groups = [("", 1), *((period_heading(row), len(measures)) for row in totals)]
    if len(periods) == 2:
        header = (*header, "ratio (per day)" if differ_in_length(totals) else "ratio")
        groups.append(("", 1))
    used = [
        f"{row.period}: map of {row.opening or 'no date'} to map of {row.closing or 'no date'}"
        + (f", {row.days} days" if row.days is not None else "")
        for row in totals
    ]
    slivers = [
        _slivers(row, meta)
        for row in totals
        if any(decimals(value or 0.0, 1) for value in (row.gained_sliver_km2, row.lost_sliver_km2))
    ]
    return Grid(
        title_of(actor, meta),
        aside_of(meta),
        tuple(groups),
        header,
        tuple(lines),
        (*used, *slivers, *basis(meta), *remarks(meta)),
    )


def _slivers(row: DiffRow, meta: Meta) -> str:
    """Return how much of a period's change lies in slivers, or what was left out of it."""
    whose = "left out, " if meta.drops_slivers else "of it "
    gained, lost = km2(row.gained_sliver_km2), km2(row.lost_sliver_km2)
    return f"{row.period}: {whose}in slivers narrower than {meta.sliver_width_m:g} m: gained {gained}, lost {lost}"


def _ranked(
    rows: Sequence[DiffRow], cells: dict[tuple[str, Key], DiffRow], periods: list[str], levels: str
) -> list[tuple[Key, str]]:
    """Return the rows to show: those whose figures do not all round to zero, largest net change first."""
    regions = dict.fromkeys(key(row) for row in rows)

    def moved(region: Key) -> bool:
        mine = [cells[period, region] for period in periods]
        return any(decimals(value or 0.0, 1) for row in mine for value in (row.gained_km2, row.lost_km2))

    def size(region: Key) -> tuple[float, ...]:
        return tuple(-abs(cells[period, region].net_km2 or 0.0) for period in periods)

    tail = [one for one in regions if one[1] == TOTAL or (one[1] == UNASSIGNED and moved(one))]
    ranked = [(one, label) for one, label in walk(branches(regions, levels), size) if moved(one)]
    return [*ranked, *((one, one[1]) for one in tail)]


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


def _held_grid(rows: Sequence[HeldRow], actor: str, meta: Meta) -> Grid:
    """Return dates side by side, regions by area, and below it what the layers cover."""
    dates = list(dict.fromkeys(row.date for row in rows))
    cells = {(row.date, key(row)): row for row in rows}
    regions = dict.fromkeys(key(row) for row in rows)

    def shown(region: Key) -> bool:
        return any(decimals(cells[day, region].held_km2 or 0.0, 1) for day in dates)

    def size(region: Key) -> tuple[float, ...]:
        return tuple(-(cells[day, region].held_km2 or 0.0) for day in dates)

    names = [(one, label) for one, label in walk(branches(regions, meta.level), size) if shown(one)]
    names += [(one, one[1]) for one in regions if one[1] == TOTAL or (one[1] == UNASSIGNED and shown(one))]
    lines = tuple((label, *(km2(cells[day, one].held_km2) for day in dates)) for one, label in names)
    shares = [share for share in meta.layer_shares if share.actor == actor]
    footer = [f"{row.date}: map of {row.snapshot or 'no date'}" for row in rows if row.level == TOTAL]
    footer += [
        f"map of {share.snapshot}: {' + '.join(f'{role} {km2(area)}' for role, area in share.role_km2)}"
        + (f" {km2(-share.overlap_km2)} drawn twice" if decimals(share.overlap_km2, 1) else "")
        for share in shares
        if len(share.role_km2) > 1
    ]
    header = ("region", *(day.isoformat() for day in dates))
    return Grid(title_of(actor, meta), aside_of(meta), (), header, lines, (*footer, *basis(meta), *remarks(meta)))


def _series_grid(rows: Sequence[SeriesRow], actor: str, meta: Meta) -> Grid:
    """Return a line a date and region; regions that hold nothing and change nothing are left out."""
    lines = []
    labels = dict(walk(branches(dict.fromkeys(key(row) for row in rows), meta.level)))
    for row in rows:
        figures = (row.held_km2, row.gained_km2, row.lost_km2)
        if row.region != TOTAL and not any(decimals(value or 0.0, 1) for value in figures):
            continue
        lines.append(
            (
                row.date.isoformat(),
                labels.get(key(row), row.region),
                day_or_dash(row.snapshot),
                km2(row.held_km2),
                km2(row.gained_km2),
                km2(row.lost_km2),
                km2(row.net_km2, signed=True),
                km2(row.rate_km2_per_day, signed=True, places=2),
            )
        )
    header = ("date", "region", "map of", "held", "gained", "lost", "net", "net per day")
    footer = (*basis(meta), *remarks(meta))
    spare = ("net per day", "map of", "lost", "gained")
    return Grid(title_of(actor, meta), aside_of(meta), (), header, tuple(lines), footer, labels=3, spare=spare)
