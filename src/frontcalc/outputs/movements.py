"""What tables of flows between roles and of places show: their header, lines and footer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import fsum

from frontcalc.change.roles import NOTHING
from frontcalc.layers import ADJECTIVES
from frontcalc.outputs.grid import Grid, aside_of, basis, remarks, title_of
from frontcalc.outputs.numbers import BLANK, decimals, km2
from frontcalc.outputs.remarks import place_lines
from frontcalc.tables import TOTAL, FlowRow, LayerShare, Meta, PlaceRow

Lines = list[tuple[str, ...]]
_ALL = "all"


def flow_grid(rows: Sequence[FlowRow], actor: str, meta: Meta) -> Grid:
    """Return a matrix of roles a period and region, and below it what it comes to and the layers' own areas."""
    header, lines = _flow_lines(rows)
    shares = [share for share in meta.layer_shares if share.actor == actor]
    footer = (*_flow_sums(rows), *_layer_lines(shares), *basis(meta), *remarks(meta))
    return Grid(title_of(actor, meta), aside_of(meta), (), header, tuple(lines), footer, labels=3)


def place_grid(rows: Sequence[PlaceRow], actor: str, meta: Meta) -> Grid:
    """Return a line each time that a place came under or out, and below it what lasted."""
    header, lines = _place_table(rows)
    footer = (*place_lines(meta, actor), *basis(meta), *remarks(meta))
    title = f"Places and {ADJECTIVES.get(actor, f'{actor}-held')} territory · {meta.archive}"
    return Grid(title, aside_of(meta), (), header, tuple(lines), footer, labels=len(header), spare=("map before",))


def _flow_lines(rows: Sequence[FlowRow]) -> tuple[tuple[str, ...], Lines]:
    """Return the header and lines of one actor's matrices, one a period and region, margins last.

    Roles that no map shows are left out, and regions in which nothing ever was.
    """
    roles = [role for role in dict.fromkeys(row.from_role for row in rows) if _appears(role, rows)]
    lines: Lines = []
    for period, level, region in dict.fromkeys((row.period, row.level, row.region) for row in rows):
        mine = [row for row in rows if (row.period, row.level, row.region) == (period, level, region)]
        if level != TOTAL and not any(decimals(row.km2 or 0.0, 1) for row in mine):
            continue
        for nth, old in enumerate((*roles, _ALL)):
            first = (period, region) if nth == 0 else ("", "")
            lines.append((*first, old, *(_cell(mine, old, new) for new in (*roles, _ALL))))
    return ("period", "region", "from \\ to", *roles, _ALL), lines


def _appears(role: str, rows: Sequence[FlowRow]) -> bool:
    """Say whether any ground had a role; nothing is always there."""
    return role == NOTHING or any(decimals(row.km2 or 0.0, 1) for row in rows if role in (row.from_role, row.to_role))


def _cell(rows: Sequence[FlowRow], old: str, new: str) -> str:
    """Return one cell of a matrix; margins are sums, and from nothing to nothing is no figure."""
    if old in (NOTHING, _ALL) and new == old:
        return BLANK
    found = [row.km2 for row in rows if old in (row.from_role, _ALL) and new in (row.to_role, _ALL)]
    return km2(fsum(value for value in found if value is not None) if any(v is not None for v in found) else None)


def _flow_sums(rows: Sequence[FlowRow]) -> Iterator[str]:
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


def _layer_lines(shares: Iterable[LayerShare]) -> Iterator[str]:
    """Yield the layers' own areas on each map, and how much of them is the ground of an earlier role."""
    for share in shares:
        areas = ", ".join(f"{role} {km2(area)}" for role, area in share.role_km2)
        twice = f"; {km2(share.overlap_km2)} of it in two layers, counted in the first" if share.overlap_km2 else ""
        yield f"layers as drawn on the map of {share.snapshot or 'no date'}: {areas}{twice}"


def _place_table(rows: Sequence[PlaceRow]) -> tuple[tuple[str, ...], Lines]:
    """Return the header and lines of one actor's places."""
    signs = {"gained": "came under", "lost": "came out"}
    lines: Lines = [
        (
            row.period,
            row.place,
            row.region or BLANK,
            signs[row.change],
            str(row.date or BLANK),
            str(row.previous or BLANK),
        )
        for row in rows
    ]
    return ("period", "place", "region", "change", "map of", "map before"), lines
