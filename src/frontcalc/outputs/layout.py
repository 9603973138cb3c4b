"""Results laid out for reading: blocks an actor, with a title above and what was counted below.

Periods, dates and archives stand side by side. Rows of several levels are a tree: each stands below the one that it
is part of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from math import fsum
from operator import attrgetter
from typing import Any

from frontcalc import tables
from frontcalc.change.roles import NOTHING
from frontcalc.names import printable
from frontcalc.notices import explained
from frontcalc.outputs.agreement import consensus_layout
from frontcalc.outputs.caveats import beside
from frontcalc.outputs.grid import (
    CHANGE,
    Columns,
    Grid,
    Source,
    cell,
    change_columns,
    compared,
    grid_of,
    title_of,
    tree,
)
from frontcalc.outputs.listings import LISTINGS, places_layout, shares_layout, where_layout
from frontcalc.outputs.numbers import BLANK, decimals, km2, scaled, unit_of
from frontcalc.outputs.sentences import differ_in_length, period_heading
from frontcalc.outputs.wide_table import moves, strips_line, wide_layout, with_strips_joined
from frontcalc.tables import TOTAL, CompareMeta, Meta, SummaryMeta, Table, ratio

_key = attrgetter("level", "region")

_ALL = "all"
_STEPS = {
    "snapshot": "each map to the next",
    "day": "day to day",
    "week": "week to week (Sundays)",
    "month": "the end of a month to that of the next",
}


def grids(table: Table[Any, Any], units: str = "km2", notes: str = "few", *, wide: bool = False) -> list[Grid]:
    """Return a table's blocks, areas in `units`, texts safe to show, `notes` last; regions across if `wide`."""
    lines, table, unit = beside(table, notes), scaled(table, units), unit_of(units)
    blocks: list[Grid] = []
    if table.kind in LISTINGS:
        blocks = [LISTINGS[table.kind](table.rows, table.meta, unit)]
        return _with_notes(blocks, lines)
    for actor in table.meta.actors:
        rows = [row for row in table.rows if row.actor == actor]
        layout = wide_layout if wide else _LAYOUTS[table.kind]
        blocks += layout(rows, actor, table.meta, title_of(actor, table.meta, unit))
    return _with_notes(blocks, lines)


def _with_notes(blocks: Sequence[Grid], lines: Sequence[str]) -> list[Grid]:
    """Return blocks with lines apart below the last one."""
    *before, last = blocks
    apart = ("", *map(printable, lines)) if lines else ()
    return [*before, replace(last, footer=(*last.footer, *apart))]


def _region_label(rows: Iterable[Any], meta: Meta) -> Callable[[Any], str]:
    """Return what gives a row's region as it is shown: of a finer level indented below what it is part of."""
    labels = tree(dict.fromkeys(map(_key, rows)), meta.level)
    return lambda row: labels[_key(row)]


def _by_region(
    rows: Sequence[Any],
    side: str,
    columns: Sequence[tuple[str, Source]],
    meta: Meta,
    size: Callable[[Any], float | None],
    last: Callable[[Sequence[Any]], str] | None = None,
) -> list[tuple[str, ...]]:
    """Return a line a region with figures, largest `size` first: cells by `side`, as period, then what `last` gives."""
    row_of = {(getattr(row, side), _key(row)): row for row in rows}
    sides = dict.fromkeys(each for each, _ in row_of)
    regions = {one: [row_of[each, one] for each in sides] for one in dict.fromkeys(map(_key, rows))}
    labels = tree(regions, meta.level, lambda one: tuple(-(size(row) or 0.0) for row in regions[one]))
    areas = [source for _, source in columns if isinstance(source, str) and source.endswith("_km2")]
    lines = []
    for one, label in labels.items():
        own = regions[one]
        if one[1] == TOTAL or any(moves(row, *areas) for row in own):
            cells = [cell(row, source) for row in own for _, source in columns]
            lines.append((label, *cells, *([last(own)] if last else [])))
    return lines


def _diff(rows: Sequence[tables.DiffRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield periods side by side, regions by the size of their net change."""

    def end(row: Any, *, source: str) -> str:
        # A range without width says nothing.
        return BLANK if km2(row.net_min_km2) == km2(row.net_max_km2) else cell(row, source)

    rows = with_strips_joined(rows, meta)
    columns = change_columns(rows)
    if ranged := isinstance(rows[0], tables.RangeRow):
        columns += [("net from", partial(end, source="net_min_km2")), ("net to", partial(end, source="net_max_km2"))]
    totals = [row for row in rows if row.level == TOTAL]
    header: Columns = ["region", *((*column, period_heading(row)) for row in totals for column in columns)]
    last: Callable[[Sequence[Any]], str] | None = None
    if len(totals) == 2:
        per_day = differ_in_length(totals)
        header = [*header, "ratio (per day)" if per_day else "ratio"]
        last = partial(ratio_text, per_day=per_day)
    lines = _by_region(rows, "period", columns, meta, lambda row: abs(row.net_km2 or 0.0), last)
    strips = []
    for row in totals:
        if moves(row, "gained_sliver_km2", "lost_sliver_km2"):
            gained, lost = row.gained_sliver_km2 or 0.0, -(row.lost_sliver_km2 or 0.0)
            places = 0 if max(gained, -lost) >= 1 else 1
            strips.append(f"{row.period} {km2(gained, signed=True, places=places)} {km2(lost, places=places)}")
    is_in = "left out" if meta.drops_slivers else "in it"
    redrawn = f"redrawn lines (strips under {meta.sliver_width_m:g} m) {is_in}: {' · '.join(strips)}" if strips else ""
    shown = [row for row in rows if row.level == TOTAL or moves(row, "gained_km2", "lost_km2")]
    ends = ranged and "net from, net to: over the choices open to argument, each by itself (frontcalc sensitivity)"
    yield grid_of(title, header, lines, meta, [redrawn, ends or "", strips_line(rows), explained(shown, meta)])


def ratio_text(both: Sequence[tables.DiffRow], *, per_day: bool) -> str:
    """Return the ratio of two net changes as shown, and per day beside it where the lengths differ."""
    if not all(moves(row, "net_km2") for row in both):
        return BLANK
    whole, daily = (ratio(*(getattr(row, name) for row in both)) for name in ("net_km2", "rate_km2_per_day"))
    # A ratio that rounds to nothing says that there is none.
    texts = [f"{value:,.1f}×" if decimals(value or 0.0, 1) else BLANK for value in (whole, daily)]
    return texts[0] + (f" ({texts[1]})" if per_day and texts[0] != BLANK else "")


def _held(rows: Sequence[tables.HeldRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield dates side by side, regions by area, and below it what the layers cover."""
    lines = _by_region(rows, "date", [("held", "held_km2")], meta, attrgetter("held_km2"))
    footer = [f"{row.date}: map of {row.snapshot or 'no date'}" for row in rows if row.level == TOTAL]
    for share in meta.layer_shares:
        if share.actor == actor and len(share.role_km2) > 1:
            areas = " + ".join(f"{role} {km2(area)}" for role, area in share.role_km2)
            twice = f" {km2(-share.overlap_km2)} drawn twice" if decimals(share.overlap_km2, 1) else ""
            footer.append(f"map of {share.snapshot}: {areas}{twice}")
    header = ("region", *map(str, dict.fromkeys(row.date for row in rows)))
    yield grid_of(title, header, lines, meta, footer)


def _compare(rows: Sequence[tables.CompareRow], actor: str, meta: CompareMeta, title: str) -> Iterator[Grid]:
    """Yield a block a period, archives side by side, the regions where they are furthest apart first."""
    if meta.every:
        yield _by_archive(rows, meta, title)
        return
    # Nets are held against each other as moved to the days asked for.
    moved: list[tuple[str, Source]] = (
        [("as asked", "net_interpolated_km2")] if any(row.net_interpolated_km2 is not None for row in rows) else []
    )
    columns = [*change_columns(rows), *moved, ("only", "closing_only_km2")]
    periods = list(dict.fromkeys(row.period for row in rows))
    for period in periods:
        mine = [row for row in rows if row.period == period]
        heads = [row.archive + period_heading(row).removeprefix(period) for row in mine if row.level == TOTAL]
        header: Columns = ["region", *((*column, head) for head in heads for column in columns), "nets apart"]
        lines = _by_region(mine, "archive", columns, meta, _apart, lambda own: km2(_apart(own[0])))
        footer = []
        fine = [row for row in mine if row.level == meta.level.rpartition(",")[2] != TOTAL]
        if nets := [row for row in fine if _apart(row) is not None]:
            most = max(nets, key=lambda row: _apart(row) or 0.0)
            ends = f"{km2(most.net_min_km2, signed=True)} to {km2(most.net_max_km2, signed=True)}"
            footer.append(f"furthest apart on net: {most.region}, {ends}")
        if held := [row for row in fine if row.closing_only_km2 is not None]:
            most = max(held, key=lambda row: row.closing_only_km2 or 0.0)
            alone = f"{most.region}, {km2(most.closing_only_km2)} on {most.archive}"
            footer.append(f"most ground held by one alone: {alone}")
        footer += ["only: held at the close on this archive's map and on none of the others"]
        footer = [*(compared(meta) if period == periods[-1] else []), *footer, explained(mine, meta)]
        yield grid_of(f"{period}: {title}", header, lines, meta, footer, ends=False)


def _by_archive(rows: Sequence[tables.CompareRow], meta: CompareMeta, title: str) -> Grid:
    """Return a line a period and region: what each archive's net is, and how far they are apart."""
    archives = list(dict.fromkeys(row.archive for row in rows))
    labels, lines = tree(dict.fromkeys(map(_key, rows)), meta.level), []
    for (period, key), group in groupby(rows, key=lambda row: (row.period, _key(row))):
        own = list(group)
        if key[1] == TOTAL or any(moves(row, "gained_km2", "lost_km2") for row in own):
            moved = ("net_km2" if row.net_interpolated_km2 is None else "net_interpolated_km2" for row in own)
            nets = (f"{cell(row, net)} {row.flags}".rstrip() for row, net in zip(own, moved, strict=True))
            lines.append((period, labels[key], *nets, km2(_apart(own[0]))))
    estimated = any(row.net_interpolated_km2 is not None for row in rows)
    footer = [*compared(meta), "nets marked e are moved to the days asked for"] if estimated else [*compared(meta)]
    header, footer = ("period", "region", *archives, "nets apart"), [*footer, explained(rows, meta)]
    return grid_of(f"Net change: {title}", header, lines, meta, footer, labels=2, ends=False)


def _apart(row: tables.CompareRow) -> float | None:
    """Return how far the archives' net changes are apart, None where fewer than two have one."""
    return None if row.net_max_km2 is None or row.net_min_km2 is None else row.net_max_km2 - row.net_min_km2


def _first(rows: Sequence[Any], name: str, text: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return what gives a text for each row whose field is another than that of the row above, else nothing."""
    above = (None, *(getattr(row, name) for row in rows))
    changed = {id(row) for before, row in zip(above, rows, strict=False) if getattr(row, name) != before}
    return lambda row: text(row) if id(row) in changed else ""


def _series(rows: Sequence[tables.SeriesRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield a line a date and region; regions that hold nothing and change nothing are left out."""
    shown = [row for row in rows if row.region == TOTAL or moves(row, "held_km2", "gained_km2", "lost_km2")]
    columns: Columns = (
        *("date", ("region", _region_label(rows, meta)), ("map of", "snapshot"), ("held", "held_km2")),
        *change_columns(shown),
        ("net per day", "rate_km2_per_day"),
    )
    spare = ("net per day", "map of", "lost", "gained")
    yield grid_of(title, columns, shown, meta, [explained(shown, meta)], labels=3, spare=spare)


def _summary(rows: Sequence[tables.SummaryRow], actor: str, meta: SummaryMeta, title: str) -> Iterator[Grid]:
    """Yield net change, area held and its share of the land, then gross change if asked for, where any is."""
    gross = ("gross_gained_km2", "gross_lost_km2") if meta.step is not None else ()
    by_period = (with_strips_joined(list(own), meta) for _, own in groupby(rows, key=attrgetter("period")))
    rows = [row for own in by_period for row in own]
    shown = [row for row in rows if row.level == TOTAL or moves(row, "gained_km2", "lost_km2", *gross)]
    names: Columns = (("period", _first(shown, "period", period_heading)), ("region", _region_label(shown, meta)))
    columns: Columns = (
        *names,
        *(*change_columns(shown), ("per day", "rate_km2_per_day"), ("held", "closing_km2")),
        ("share %", lambda row: cell(row, "share_of_country_pct" if row.level == TOTAL else "share_of_region_pct")),
    )
    lands = [row.country_km2 for row in shown if row.level == TOTAL and row.country_km2]
    of_country = f"; in the total row of the country's, {km2(lands[0])}" if lands else ""
    footer = [f"held: at the period's close; share: of the region's land{of_country}"]
    footer += [strips_line(shown), explained(shown, meta)]
    yield grid_of(title, columns, shown, meta, footer, labels=2, ends=not gross)
    if not gross:
        return
    columns = (
        *(*names, "steps", ("gained", "gross_gained_km2"), ("slivers", "sliver_gained_km2")),
        *(("lost", "gross_lost_km2"), ("slivers", "sliver_lost_km2"), ("turnover", "turnover_km2")),
    )
    end = (
        f"gross: sums over steps from {_STEPS[meta.step or '']}; turnover: gained and lost together",
        "slivers: of it, parts of mean width (2 × area ÷ perimeter) below"
        f" {meta.sliver_width_m:g} m, mostly lines drawn anew",
    )
    yield grid_of(f"Gross: {title}", columns, shown, meta, end, labels=2)


def _sensitivity(rows: Sequence[tables.SensitivityRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield a block a region, each assumption named once; what stands below them is below the last."""
    regions = list(dict.fromkeys(map(_key, rows)))
    if len(regions) == 2 and any(notice.code == "ONLY" for notice in meta.notices):
        # The total of one region says nothing more.
        regions = regions[:1]

    def difference(row: tables.SensitivityRow, measure: str) -> str:
        """Return a difference to the base, to more decimals where one would show nothing."""
        value = getattr(row, f"{measure}_difference_km2")
        if value is None or row.assumption == "base":
            return BLANK
        return km2(value, signed=True, places=1 if abs(value) >= 1 else 3)

    def matters(row: tables.SensitivityRow) -> str:
        """Return what would be printed otherwise; a dash where nothing was measured."""
        words = row.matters.replace(" ", ", ") or ("" if row.assumption == "base" else "nothing")
        return BLANK if row.net_km2 is None else words

    base, days = rows[0], f", {rows[0].days} days" if rows[0].days is not None else ""
    footer = (
        f"base: map of {base.opening or BLANK} to map of {base.closing or BLANK}{days}; ±: less the base",
        "matters: rounded as --format sentence does, to three digits or so, the figure would be another",
        "range: over the choices open to argument, each by itself; view, step, regions and the ellipsoid are not",
    )
    for region in regions:
        mine = [row for row in rows if _key(row) == region]
        columns: Columns = (
            ("assumption", _first(mine, "assumption", lambda row: str(row.assumption))),
            *(("choice", "choice"), *CHANGE),
            *((f"{measure} ±", partial(difference, measure=measure)) for measure in ("gained", "lost", "net")),
            ("matters for", matters),
        )
        name = f"{region[1]} of {period_heading(mine[0])}: {title}"
        spare, last = ("lost ±", "gained ±", "lost", "gained"), region == regions[-1]
        yield grid_of(name, columns, mine, meta, footer if last else (), labels=2, spare=spare, ends=last)


def _flows(rows: Sequence[tables.FlowRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield a matrix of the roles that maps show, a period and region, and below it its sums and the layers' areas."""
    grounds = {role for row in rows if moves(row, "km2") for role in (row.from_role, row.to_role)} | {NOTHING}
    roles = [*(role for role in dict.fromkeys(row.from_role for row in rows) if role in grounds), _ALL]
    lines = []
    for (_, level, region), group in groupby(rows, key=attrgetter("period", "level", "region")):
        mine = list(group)
        if level == TOTAL or any(moves(row, "km2") for row in mine):
            lines += [["", "", old, *(_flow(mine, old, new) for new in roles)] for old in roles]
            lines[-len(roles)][:2] = period_heading(mine[0]), region
    footer = list(_flow_sums(rows))
    for share in meta.layer_shares:
        if share.actor == actor:
            areas = ", ".join(f"{role} {km2(area)}" for role, area in share.role_km2)
            twice = f"; {km2(share.overlap_km2)} of it in two layers, counted in the first" if share.overlap_km2 else ""
            footer.append(f"layers as drawn on the map of {share.snapshot or 'no date'}: {areas}{twice}")
    yield grid_of(title, ("period", "region", "from \\ to", *roles), map(tuple, lines), meta, footer, labels=3)


def _flow(rows: Sequence[tables.FlowRow], old: str, new: str) -> str:
    """Return one cell of a matrix; margins are sums, and from nothing to nothing is no figure."""
    areas = [row.km2 for row in rows if old in (row.from_role, _ALL) and new in (row.to_role, _ALL)]
    measured = [value for value in areas if value is not None and (old != new or old not in (NOTHING, _ALL))]
    return km2(fsum(measured) if measured else None)


def _flow_sums(rows: Sequence[tables.FlowRow]) -> Iterator[str]:
    """Yield the sums of each period's matrix: gained, lost, net, and what only changed its role."""
    totals = [row for row in rows if row.level == TOTAL]
    for period in dict.fromkeys(row.period for row in totals):
        mine = [row for row in totals if row.period == period and row.km2 is not None]
        if not mine:
            yield f"{period}: not measured"
            continue
        gained = fsum(row.km2 or 0.0 for row in mine if row.from_role == NOTHING)
        lost = fsum(row.km2 or 0.0 for row in mine if row.to_role == NOTHING)
        kept = [row for row in mine if NOTHING not in (row.from_role, row.to_role)]
        moved = fsum(row.km2 or 0.0 for row in kept if row.from_role != row.to_role)
        opening, closing = (day or "no date" for day in (mine[0].opening, mine[0].closing))
        yield (
            f"{period}: gained {km2(gained)}, lost {km2(lost)}, net {km2(gained - lost, signed=True)}; "
            f"held before and after in another role {km2(moved)}; map of {opening} to map of {closing}"
        )


def _polygons(rows: Sequence[Any], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield a line a row that has polygons: whose ground, where, and its area."""
    columns: Columns = ("period", "region", "kind", "opening", "closing", ("area", "km2"))
    if isinstance(meta, CompareMeta):
        columns = ("period", "region", "kind", ("shown by", "shown_by"), ("area", "km2"))
    yield grid_of(title, columns, rows, meta, labels=len(columns) - 1)


_LAYOUTS: dict[type, Callable[..., Iterator[Grid]]] = {
    **dict.fromkeys((tables.DiffRow, tables.RangeRow), _diff),
    tables.HeldRow: _held,
    tables.SeriesRow: _series,
    **dict.fromkeys((tables.SummaryRow, tables.GrossRow), _summary),
    tables.SensitivityRow: _sensitivity,
    tables.CompareRow: _compare,
    tables.ConsensusRow: consensus_layout,
    tables.FlowRow: _flows,
    tables.PlaceRow: places_layout,
    tables.ShareRow: shares_layout,
    tables.WhereRow: where_layout,
    **dict.fromkeys((tables.ChangeRow, tables.TownChangeRow, tables.SharedGroundRow), _polygons),
}
"""What lays out each class of rows of one actor."""
