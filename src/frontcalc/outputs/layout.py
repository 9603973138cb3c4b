"""Results laid out for reading: blocks an actor, with a title above and what was counted below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import fsum
from typing import Any

from frontcalc.change.roles import NOTHING
from frontcalc.layers import ADJECTIVES
from frontcalc.notices import CODES, Notice, grouped
from frontcalc.outputs import place_lines
from frontcalc.outputs.grid import Columns, Grid, basis, cell, grid_of, period_heading, title_of
from frontcalc.outputs.listings import LISTINGS
from frontcalc.outputs.numbers import BLANK, km2, scaled, unit_of
from frontcalc.outputs.pivots import CHANGE, compare_grids, diff_grids, from_to, held_grids, key, moves, region_label
from frontcalc.tables import TOTAL, CompareMeta, Meta, SummaryMeta, Table
from frontcalc.tables import rows as kinds

_ALL = "all"
_MANY = 3
"""Periods with notices of one code above which a summary says only how many there are and what the code means."""

_STEPS = {
    "snapshot": "each map to the next",
    "day": "day to day",
    "week": "week to week (Sundays)",
    "month": "the end of a month to that of the next",
}


def grids(table: Table[Any, Any], units: str = "km2") -> list[Grid]:
    """Return a table's blocks, areas in `units`, every text safe to show."""
    table, unit = scaled(table, units), unit_of(units)
    if table.kind in LISTINGS:
        return [LISTINGS[table.kind](table.rows, table.meta, unit)]
    blocks: list[Grid] = []
    for actor in table.meta.actors:
        rows = [row for row in table.rows if row.actor == actor]
        blocks += _LAYOUTS[table.kind](rows, actor, table.meta, title_of(actor, table.meta, unit))
    return blocks


def _first(rows: Sequence[Any], name: str, text: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return what gives a text for each row whose field is another than that of the row above, else nothing."""
    above = (None, *(getattr(row, name) for row in rows))
    changed = {id(row) for before, row in zip(above, rows, strict=False) if getattr(row, name) != before}
    return lambda row: text(row) if id(row) in changed else ""


def _series(rows: Sequence[kinds.SeriesRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield a line a date and region; regions that hold nothing and change nothing are left out."""
    shown = [row for row in rows if row.region == TOTAL or moves(row, "held_km2", "gained_km2", "lost_km2")]
    columns: Columns = (
        *("date", ("region", region_label(rows, meta)), ("map of", "snapshot"), ("held", "held_km2")),
        *CHANGE,
        ("net per day", "rate_km2_per_day"),
    )
    spare = ("net per day", "map of", "lost", "gained")
    yield grid_of(title, columns, shown, meta, labels=3, spare=spare)


def _summary(rows: Sequence[kinds.SummaryRow], actor: str, meta: SummaryMeta, title: str) -> Iterator[Grid]:
    """Yield net change, what is held at the close and its share of the land, then gross change where it was asked for.

    Regions are shown where something changed, and the total.
    """
    gross = ("gross_gained_km2", "gross_lost_km2") if meta.step is not None else ()
    shown = [row for row in rows if row.level == TOTAL or moves(row, "gained_km2", "lost_km2", *gross)]
    names: Columns = (("period", _first(shown, "period", period_heading)), ("region", region_label(shown, meta)))
    columns: Columns = (
        *names,
        *(*CHANGE, ("per day", "rate_km2_per_day"), ("held", "closing_km2")),
        ("share %", lambda row: cell(row, "share_of_country_pct" if row.level == TOTAL else "share_of_region_pct")),
    )
    footer = ["held: at the period's close; share: of the region's land, as the region set draws it"]
    if lands := [row.country_km2 for row in shown if row.level == TOTAL and row.country_km2]:
        footer.append(f"share in the total row: of the country's land, {km2(lands[0])}")
    end = (*basis(meta), *_summary_remarks(meta))
    yield grid_of(title, columns, shown, meta, footer if gross else (*footer, *end), labels=2, ends=False)
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
        *end,
    )
    yield grid_of(f"Gross: {title}", columns, shown, meta, end, labels=2, ends=False)


def _summary_remarks(meta: SummaryMeta) -> Iterator[str]:
    """Yield the notices, a line each; of a code with many, one line that says what it means."""
    by_code: dict[str, list[Notice]] = {}
    for notice in meta.notices:
        by_code.setdefault(notice.code, []).append(notice)
    for code, notices in by_code.items():
        periods = list(dict.fromkeys(notice.period for notice in notices))
        if len(periods) <= _MANY:
            yield from (f"note {line}" for line in grouped(notices))
        else:
            yield f"note {code}: {len(periods)} periods, {periods[0]} to {periods[-1]}: {CODES[code]}"


def _sensitivity(rows: Sequence[kinds.SensitivityRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield a block a region, each assumption named once; what stands below them is below the last."""
    regions = list(dict.fromkeys(map(key, rows)))
    if len(regions) == 2 and any(notice.code == "ONLY" for notice in meta.notices):
        # The total of one region says nothing more.
        regions = regions[:1]

    def difference(row: kinds.SensitivityRow, measure: str) -> str:
        """Return a difference to the base, to more decimals where one would show nothing."""
        value = getattr(row, f"{measure}_difference_km2")
        if value is None or row.assumption == "base":
            return BLANK
        return km2(value, signed=True, places=1 if abs(value) >= 1 else 3)

    def matters(row: kinds.SensitivityRow) -> str:
        """Return what would be printed otherwise; a dash where nothing was measured."""
        words = row.matters.replace(" ", ", ") or ("" if row.assumption == "base" else "nothing")
        return BLANK if row.net_km2 is None else words

    footer = (
        f"base: {from_to(rows[0])}; ±: less the base",
        "matters: rounded as --format sentence does, to three digits or so, the figure would be another",
        "range: over the choices open to argument, each by itself; view, step, regions and the ellipsoid are not",
    )
    for region in regions:
        mine = [row for row in rows if key(row) == region]
        columns: Columns = (
            ("assumption", _first(mine, "assumption", lambda row: str(row.assumption))),
            "choice",
            *CHANGE,
            *((f"{measure} ±", partial(difference, measure=measure)) for measure in ("gained", "lost", "net")),
            ("matters for", matters),
        )
        name = f"{region[1]} of {mine[0].period}: {title}"
        spare = ("lost ±", "gained ±", "lost", "gained")
        last = region == regions[-1]
        yield grid_of(name, columns, mine, meta, footer if last else (), labels=2, spare=spare, ends=last)


def _flows(rows: Sequence[kinds.FlowRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield a matrix of roles a period and region, margins last, and below it what it comes to and the layers' areas.

    Roles that no map shows are left out, and regions in which nothing ever was.
    """
    grounds = {role for row in rows if moves(row, "km2") for role in (row.from_role, row.to_role)} | {NOTHING}
    roles = [*(role for role in dict.fromkeys(row.from_role for row in rows) if role in grounds), _ALL]
    matrices: dict[tuple[str, str, str], list[kinds.FlowRow]] = {}
    for row in rows:
        matrices.setdefault((row.period, row.level, row.region), []).append(row)
    lines = []
    for (period, level, region), mine in matrices.items():
        if level == TOTAL or any(moves(row, "km2") for row in mine):
            firsts = [(period, region), *[("", "")] * len(roles)]
            lines += [
                (*first, old, *(_flow(mine, old, new) for new in roles))
                for first, old in zip(firsts, roles, strict=False)
            ]
    footer = list(_flow_sums(rows))
    for share in meta.layer_shares:
        if share.actor == actor:
            areas = ", ".join(f"{role} {km2(area)}" for role, area in share.role_km2)
            twice = f"; {km2(share.overlap_km2)} of it in two layers, counted in the first" if share.overlap_km2 else ""
            footer.append(f"layers as drawn on the map of {share.snapshot or 'no date'}: {areas}{twice}")
    yield grid_of(title, ("period", "region", "from \\ to", *roles), lines, meta, footer, labels=3)


def _flow(rows: Sequence[kinds.FlowRow], old: str, new: str) -> str:
    """Return one cell of a matrix; margins are sums, and from nothing to nothing is no figure."""
    found = [row.km2 for row in rows if old in (row.from_role, _ALL) and new in (row.to_role, _ALL)]
    measured = [value for value in found if value is not None and (old != new or old not in (NOTHING, _ALL))]
    return km2(fsum(measured) if measured else None)


def _flow_sums(rows: Sequence[kinds.FlowRow]) -> Iterator[str]:
    """Yield what each period's matrix comes to: gained, lost, net, and what only changed its role."""
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


def _places(rows: Sequence[kinds.PlaceRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield a line each time that a place came under or out, and below it what lasted."""
    columns: Columns = (
        *("period", "place"),
        ("region", lambda row: row.region or BLANK),
        ("change", lambda row: {"gained": "came under", "lost": "came out"}[row.change]),
        ("map of", "date"),
        ("map before", "previous"),
    )
    name = f"Places and {ADJECTIVES.get(actor, f'{actor}-held')} territory · {meta.archive}"
    footer = place_lines(meta, actor)
    yield grid_of(name, columns, rows, meta, footer, labels=len(columns), spare=("map before",))


def _polygons(rows: Sequence[Any], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield a line a row that has polygons: whose ground, where, and its area."""
    columns: Columns = ("period", "region", "kind", "opening", "closing", ("area", "km2"))
    if isinstance(meta, CompareMeta):
        columns = ("period", "region", ("held by", "holder"), ("not by", "lacker"), ("area", "km2"))
    yield grid_of(title, columns, rows, meta, labels=len(columns) - 1)


_LAYOUTS: dict[type, Callable[..., Iterator[Grid]]] = {
    kinds.DiffRow: diff_grids,
    kinds.RangeRow: diff_grids,
    kinds.HeldRow: held_grids,
    kinds.SeriesRow: _series,
    kinds.SummaryRow: _summary,
    kinds.GrossRow: _summary,
    kinds.SensitivityRow: _sensitivity,
    kinds.CompareRow: compare_grids,
    kinds.FlowRow: _flows,
    kinds.PlaceRow: _places,
    kinds.ChangeRow: _polygons,
    kinds.DisagreementRow: _polygons,
}
"""What lays out each class of rows of one actor."""
