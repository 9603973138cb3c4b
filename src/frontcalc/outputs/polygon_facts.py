"""What tables of polygons show where they are read: whose ground, where, and its area."""

from __future__ import annotations

from collections.abc import Sequence

from frontcalc.outputs.grid import Grid, aside_of, basis, day_or_dash, remarks, title_of
from frontcalc.outputs.numbers import km2
from frontcalc.tables import ChangeRow, DisagreementRow, Meta


def change_grid(rows: Sequence[ChangeRow], actor: str, meta: Meta) -> Grid:
    """Return a line each period, kind and region that has any ground."""
    lines = tuple(
        (row.period, row.region, row.kind, day_or_dash(row.opening), day_or_dash(row.closing), km2(row.km2))
        for row in rows
    )
    header = ("period", "region", "kind", "opening", "closing", "area")
    return Grid(title_of(actor, meta), aside_of(meta), (), header, lines, (*basis(meta), *remarks(meta)), labels=5)


def disagreement_grid(rows: Sequence[DisagreementRow], actor: str, meta: Meta) -> Grid:
    """Return a line each period, pair of archives and region that they disagree on."""
    lines = tuple((row.period, row.region, row.holder, row.lacker, km2(row.km2)) for row in rows)
    header = ("period", "region", "held by", "not by", "area")
    return Grid(title_of(actor, meta), aside_of(meta), (), header, lines, (*basis(meta), *remarks(meta)), labels=4)
