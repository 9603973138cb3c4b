"""Results laid out for reading: a grid an actor, with a title above and what was counted below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from frontcalc.columns import unit_of
from frontcalc.layers import ADJECTIVES
from frontcalc.notices import grouped
from frontcalc.outputs.branches import Key, branches, key, walk
from frontcalc.outputs.numbers import BLANK, decimals, km2, times
from frontcalc.outputs.published import scaled
from frontcalc.regions import UNASSIGNED
from frontcalc.tables import TOTAL, DiffRow, HeldRow, Meta, RegionMeta, RegionRow, SeriesRow, SummaryRow, Table, ratio
from frontcalc.views import VIEWS, describe_view


@dataclass(frozen=True, slots=True)
class Grid:
    """One block to print.

    Parameters
    ----------
    title, aside : str
        What is shown, and by which view.
    groups : tuple of (str, int)
        Headings over several columns, with the number of columns; empty for none.
    header : tuple of str
        One a column; the first `labels` columns are text, the rest figures.
    rows : tuple of tuple of str
        Cells as text.
    footer : tuple of str
        Lines below the block.
    labels : int
        How many columns at the left are text.
    """

    title: str
    aside: str
    groups: tuple[tuple[str, int], ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    footer: tuple[str, ...]
    labels: int = 1


def grids(table: Table[Any, Any]) -> list[Grid]:
    """Return a table's blocks, one an actor."""
    table = scaled(table)
    if table.kind is RegionRow:
        return [_region_grid(table.rows, table.meta)]
    if issubclass(table.kind, SummaryRow):
        # It builds on the grids here.
        from frontcalc.outputs.summary_layout import summary_grids

        actors = table.meta.actors
        return [
            grid
            for actor in actors
            for grid in summary_grids([row for row in table.rows if row.actor == actor], actor, table.meta)
        ]
    lay: dict[type, Callable[..., Grid]] = {DiffRow: _diff_grid, HeldRow: _held_grid, SeriesRow: _series_grid}
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
            line += [km2(row.gained_km2), km2(row.lost_km2), km2(row.net_km2, signed=True)]
        lines.append((*line, *([_ratio(*mine, per_day=_differ_in_length(totals))] if len(periods) == 2 else [])))
    header = ("region", *("gained", "lost", "net") * len(periods))
    groups = [("", 1), *((_period_heading(row), 3) for row in totals)]
    if len(periods) == 2:
        header = (*header, "ratio (per day)" if _differ_in_length(totals) else "ratio")
        groups.append(("", 1))
    used = [
        f"{row.period}: map of {row.opening or 'no date'} to map of {row.closing or 'no date'}"
        + (f", {row.days} days" if row.days is not None else "")
        for row in totals
    ]
    return Grid(
        _title(actor, meta),
        _aside(meta),
        tuple(groups),
        header,
        tuple(lines),
        (*used, *_basis(meta), *_remarks(meta)),
    )


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


def _ratio(first: DiffRow, second: DiffRow, *, per_day: bool) -> str:
    """Return the ratio of two net changes as shown, and per day beside it where the lengths differ."""
    if not decimals(first.net_km2 or 0.0, 1) or not decimals(second.net_km2 or 0.0, 1):
        return BLANK
    whole = times(ratio(first.net_km2, second.net_km2))
    if not per_day or whole == BLANK:
        return whole
    return f"{whole} ({times(ratio(first.rate_km2_per_day, second.rate_km2_per_day))})"


def _differ_in_length(totals: Sequence[DiffRow]) -> bool:
    """Say whether two periods differ by more than 5 % in days, or one is not of the length asked for."""
    days = [row.days or 0 for row in totals]
    return max(days) > 1.05 * min(days) or any("SPAN" in row.notes.split() for row in totals)


def _period_heading(row: DiffRow) -> str:
    """Return the period, with the day of its last map where the archive ends before it."""
    if row.closing and row.net_km2 is not None and "CLOSES-EARLY" in row.notes.split():
        return f"{row.period}, to {row.closing.day} {row.closing:%b}"
    return row.period


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
    return Grid(_title(actor, meta), _aside(meta), (), header, lines, (*footer, *_basis(meta), *_remarks(meta)))


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
                _day(row.snapshot),
                km2(row.held_km2),
                km2(row.gained_km2),
                km2(row.lost_km2),
                km2(row.net_km2, signed=True),
                km2(row.rate_km2_per_day, signed=True, places=2),
            )
        )
    header = ("date", "region", "map of", "held", "gained", "lost", "net", "net per day")
    footer = (*_basis(meta), *_remarks(meta))
    return Grid(_title(actor, meta), _aside(meta), (), header, tuple(lines), footer, labels=3)


def _region_grid(rows: Sequence[RegionRow], meta: RegionMeta) -> Grid:
    """Return a line a region of a set, and below it where the set comes from."""
    lines = tuple((row.code, row.country, row.region, row.local_name, km2(row.area_km2)) for row in rows)
    footer = (f"source: {meta.source}", f"licence: {meta.licence}", f"method: {meta.method}", f"SHA-256: {meta.sha256}")
    title = f"Embedded regions, {unit_of(meta.units)} · {meta.set}"
    return Grid(title, "", (), ("code", "country", "region", "local name", "area"), lines, footer, labels=4)


def _title(actor: str, meta: Meta) -> str:
    """Return whose territory is shown, in which unit and from which archive."""
    return f"{ADJECTIVES.get(actor, f'{actor}-held')} territory, {unit_of(meta.units)} · {meta.archive}"


def _aside(meta: Meta) -> str:
    """Return the view as a title's right end shows it."""
    return f"view: {describe_view(VIEWS[meta.view]) if meta.view in VIEWS else meta.view}"


def _basis(meta: Meta) -> Iterable[str]:
    """Yield what was counted, and by what projection and regions."""
    counted = f"counted, overlaps once: {', '.join(meta.counted) or 'nothing'}"
    yield counted + (f" · not counted: {', '.join(meta.not_counted)}" if meta.not_counted else "")
    if meta.other_actors:
        yield f"also on these maps: {', '.join(meta.other_actors)} (see --actor)"
    yield meta.crs + (f" · regions: {meta.regions.name}" if meta.regions else "")
    yield from meta.attribution


def _remarks(meta: Meta) -> Iterable[str]:
    """Yield the notices, a line each."""
    return (f"note {line}" for line in grouped(meta.notices))


def _day(day: date | None) -> str:
    """Return a day as text, a dash for none."""
    return day.isoformat() if day else BLANK
