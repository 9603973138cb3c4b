"""Summaries laid out for reading: a line a period and region, gross figures in a block of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from frontcalc.notices import CODES, Notice, grouped
from frontcalc.outputs.branches import Key, branches, key, walk
from frontcalc.outputs.grid import Grid, aside_of, basis, period_heading, title_of
from frontcalc.outputs.numbers import BLANK, decimals, km2
from frontcalc.tables import TOTAL, GrossRow, SummaryMeta, SummaryRow

_MANY = 3
"""Periods with notices of one code above which a table says only how many there are and what the code means."""


def summary_grids(rows: Sequence[SummaryRow], actor: str, meta: SummaryMeta) -> list[Grid]:
    """Return the blocks of one actor: net change with shares, then gross change where it was asked for."""
    shown = [row for row in rows if _moved(row)]
    grids = [_net_grid(shown, actor, meta)]
    if meta.step is not None:
        grids.append(_gross_grid([row for row in shown if isinstance(row, GrossRow)], actor, meta))
    return grids


def _moved(row: SummaryRow) -> bool:
    """Say whether a row is shown: totals are, and regions where something changed."""
    figures = [row.gained_km2, row.lost_km2]
    if isinstance(row, GrossRow):
        figures += [row.gross_gained_km2, row.gross_lost_km2]
    return row.level == TOTAL or any(decimals(value or 0.0, 1) for value in figures)


def _net_grid(rows: Sequence[SummaryRow], actor: str, meta: SummaryMeta) -> Grid:
    """Return net change, what is held at the close, and its share of the land."""
    lines = []
    labels = _labels(rows, meta)
    for heading, row in zip(_headings(rows), rows, strict=True):
        share = row.share_of_country_pct if row.level == TOTAL else row.share_of_region_pct
        lines.append(
            (
                heading,
                labels.get(key(row), row.region),
                km2(row.gained_km2),
                km2(row.lost_km2),
                km2(row.net_km2, signed=True),
                km2(row.rate_km2_per_day, signed=True, places=2),
                km2(row.closing_km2),
                km2(share),
            )
        )
    header = ("period", "region", "gained", "lost", "net", "per day", "held", "share %")
    footer = ["held: at the period's close; share: of the region's land, as the region set draws it"]
    if totals := [row.country_km2 for row in rows if row.level == TOTAL and row.country_km2]:
        footer.append(f"share in the total row: of the country's land, {km2(totals[0])}")
    end = [*footer, *basis(meta), *_remarks(meta)] if meta.step is None else footer
    return Grid(title_of(actor, meta), aside_of(meta), (), header, tuple(lines), tuple(end), labels=2)


def _gross_grid(rows: Sequence[GrossRow], actor: str, meta: SummaryMeta) -> Grid:
    """Return gross change, the slivers in it beside each figure, and the step that it rests on."""
    labels = _labels(rows, meta)
    lines = tuple(
        (
            heading,
            labels.get(key(row), row.region),
            BLANK if row.steps is None else str(row.steps),
            km2(row.gross_gained_km2),
            km2(row.sliver_gained_km2),
            km2(row.gross_lost_km2),
            km2(row.sliver_lost_km2),
            km2(row.turnover_km2),
        )
        for heading, row in zip(_headings(rows), rows, strict=True)
    )
    header = ("period", "region", "steps", "gained", "slivers", "lost", "slivers", "turnover")
    width = f"{meta.sliver_width_m:g} m"
    footer = (
        f"gross: sums over steps from {_STEPS[meta.step or '']}; turnover: gained and lost together",
        f"slivers: of it, parts of mean width (2 × area ÷ perimeter) below {width}, mostly lines drawn anew",
        *basis(meta),
        *_remarks(meta),
    )
    return Grid(f"Gross: {title_of(actor, meta)}", aside_of(meta), (), header, lines, footer, labels=2)


_STEPS = {
    "snapshot": "each map to the next",
    "day": "day to day",
    "week": "week to week (Sundays)",
    "month": "the end of a month to that of the next",
}


def _labels(rows: Sequence[SummaryRow], meta: SummaryMeta) -> dict[Key, str]:
    """Return what rows are shown as, those of a finer level indented below what they are part of."""
    return dict(walk(branches(dict.fromkeys(key(row) for row in rows), meta.level)))


def _headings(rows: Sequence[SummaryRow]) -> Iterable[str]:
    """Yield each row's period, which is shown on the first row of it alone."""
    before = None
    for row in rows:
        yield "" if row.period == before else period_heading(row)
        before = row.period


def _remarks(meta: SummaryMeta) -> Iterable[str]:
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
