"""What a table of claims held against maps shows: its header, lines and footer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from frontcalc.claims import UNIT_LABELS
from frontcalc.outputs.grid import Grid, remarks
from frontcalc.outputs.numbers import km2
from frontcalc.tables import TOTAL, ClaimRow, ClaimsMeta

_PLACES = {"times": 2, "km2/day": 2, "mi2/day": 2}


def claim_grid(rows: Sequence[ClaimRow], meta: ClaimsMeta) -> Grid:
    """Return a line a claim, and below them the reasons."""
    header = ("claim", "verdict", "period", "claimed", "computed", "difference", "unit")
    title = f"Claims of {meta.claims.name} · {meta.archive}"
    footer = (*_reasons(rows), *_basis(meta), *remarks(meta))
    return Grid(title, "", (), header, tuple(map(_line, rows)), footer, labels=3, spare=("difference", "period"))


def _line(row: ClaimRow) -> tuple[str, ...]:
    """Return the cells of one claim."""
    places = _PLACES.get(row.unit, 1)
    figures = (km2(row.claimed, places=places), km2(row.computed, places=places))
    return (
        row.id,
        row.verdict,
        row.period,
        *figures,
        km2(row.difference, signed=True, places=places),
        UNIT_LABELS[row.unit],
    )


def _reasons(rows: Sequence[ClaimRow]) -> Iterator[str]:
    """Yield a line a claim: what was measured by which choices, why its verdict is so, and its words."""
    for row in rows:
        whose = f"{row.actor} in {row.region}" if row.region != TOTAL else row.actor
        by = ", ".join(filter(None, (row.measure, whose, row.view, row.qualifier)))
        yield f"{row.id} ({by}): {row.reason}" + (f" · «{row.text}»" if row.text else "")


def _basis(meta: ClaimsMeta) -> Iterator[str]:
    """Yield the number of each verdict, and what was measured how."""
    yield "verdicts: " + ", ".join(f"{verdict} {count}" for verdict, count in meta.counts)
    yield meta.crs + (f" · regions: {meta.regions.name}" if meta.regions else "")
    yield from meta.attribution
