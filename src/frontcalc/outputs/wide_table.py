"""Summaries to be printed: periods down and regions across, and one row for regions in which only slivers changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import groupby
from math import fsum
from operator import attrgetter
from typing import Any

from frontcalc.notices import MARKS, explained
from frontcalc.outputs.grid import LAST, STRIPS, Grid, cell, grid_of
from frontcalc.outputs.numbers import decimals
from frontcalc.outputs.sentences import period_heading
from frontcalc.tables import TOTAL, Meta, SummaryMeta, SummaryRow


def moves(row: Any, *names: str) -> bool:
    """Say whether any of some figures is more than zero as it is shown."""
    return any(decimals(getattr(row, name) or 0.0, 1) for name in names)


def with_strips_joined(rows: Sequence[Any], meta: Meta) -> Sequence[Any]:
    """Return the rows, those of regions in which only slivers changed joined to one a period, before unassigned."""
    # A region of a coarser level is its parts, and slivers that are left out, or have columns, are no change shown.
    if "," in meta.level or meta.drops_slivers or getattr(meta, "step", None):
        return rows
    moving = [row for row in rows if row.region not in LAST and moves(row, "gained_km2", "lost_km2")]
    # Those that gained or lost more than slivers, as figures are shown.
    sides = [(row, row.gained_km2, row.gained_sliver_km2) for row in moving]
    sides += [(row, row.lost_km2, row.lost_sliver_km2) for row in moving]
    firm = {row.region for row, whole, sliver in sides if decimals((whole or 0.0) - (sliver or 0.0), 1)}
    thin = dict.fromkeys(row.region for row in moving if row.region not in firm)
    if len(thin) < 2:
        return rows
    joined: list[Any] = []
    for _, group in groupby(rows, key=attrgetter("period")):
        period = list(group)
        joined += [row for row in period if row.region not in (*thin, *LAST)]
        if own := [row for row in period if row.region in thin]:
            joined.append(sum_row(own, f"thin strips ({len(thin)})"))
        joined += [row for row in period if row.region in LAST]
    return joined


def strips_line(rows: Sequence[Any]) -> str:
    """Return a line that says what the rows of regions with slivers alone are; empty without any."""
    says = "thin strips: the regions in which only those changed, mostly lines drawn anew; --format csv has each"
    return says if any(row.level == STRIPS for row in rows) else ""


def sum_row(rows: Sequence[Any], name: str) -> Any:
    """Return the row of several regions of a period: sums, and no figure where there is no sum."""
    sums: dict[str, Any] = {"flags": "".join(mark for mark in MARKS if any(mark in row.flags for row in rows))}
    for column in (entry.name for entry in fields(rows[0]) if entry.name.endswith(("_km2", "_per_day", "_pct"))):
        values = [getattr(row, column) for row in rows]
        adds = not column.endswith(("_min_km2", "_max_km2", "_pct")) and None not in values
        sums[column] = fsum(values) if adds else None
    return replace(rows[0], level=STRIPS, region=name, **sums)


def by_period(rows: Sequence[Any], meta: SummaryMeta) -> tuple[list[str], dict[str, list[Any]]]:
    """Return the regions of one actor's summary that changed, and of each period, by its heading, their rows in order.

    Regions are those of the finest level, which add up to the total; the largest net changes come first, unassigned and
    total last. A row that was left out is None. Below the periods is their sum, unless they are no whole time.
    """
    finest = meta.level.rpartition(",")[2]
    rows = with_strips_joined([row for row in rows if row.region in LAST or row.level == finest], meta)
    regions: dict[str, dict[str, Any]] = {}
    for row in rows:
        regions.setdefault(row.region, {})[row.period] = row
    nets = {name: fsum(row.net_km2 or 0.0 for row in own.values()) for name, own in regions.items()}
    shown = [name for name in regions if name == TOTAL or any(moves(one, "net_km2") for one in regions[name].values())]
    last = [name for name in shown if name in LAST or next(iter(regions[name].values())).level == STRIPS]
    names = [*sorted({*shown} - {*last}, key=lambda name: (-abs(nets[name]), name)), *last]
    totals = list(regions[TOTAL].values())
    lines = {period_heading(one): [regions[name].get(one.period) for name in names] for one in totals}
    if len(totals) > 1 and not meta.same_span and all(one.net_km2 is not None for one in totals):
        lines["all"] = [replace(totals[0], region=name, net_km2=nets[name], flags="") for name in names]
    return names, lines


def wide_layout(rows: Sequence[SummaryRow], actor: str, meta: SummaryMeta, title: str) -> Iterator[Grid]:
    """Yield a line a period: the net change of each region that changed, and of all."""
    names, lines = by_period(rows, meta)
    # Marks behind figures are of one width, so that figures stay in line.
    wide = max(len(row.flags) for row in rows)
    joined = [row for own in lines.values() for row in own if row]
    shown = [
        (heading, *(f"{cell(row, 'net_km2')} {row.flags:{wide}}" if row else "" for row in own))
        for heading, own in lines.items()
    ]
    footer = [strips_line(joined), explained(rows, meta)]
    yield grid_of(f"Net change: {title}", ("period", *names), shown, meta, footer)
