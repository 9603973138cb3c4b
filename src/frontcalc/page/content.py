"""What the template of a page is filled with: texts, figures as shown, and the data of its scripts."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import orjson

from frontcalc.names import printable
from frontcalc.notices import CODES, Notice
from frontcalc.outputs import render
from frontcalc.outputs.grid import aside_of, basis, day_or_dash, period_heading, title_of
from frontcalc.outputs.numbers import BLANK, decimals, km2
from frontcalc.outputs.pivots import differ_in_length, ratio_text
from frontcalc.outputs.sentence import paragraphs
from frontcalc.outputs.wording import capital
from frontcalc.page.measured import GRID_M, TOLERANCES_M, PageContent, Shape, encoded, label_point, simplified
from frontcalc.regions import UNASSIGNED
from frontcalc.tables import TOTAL, DiffRow, HeldRow, RangeRow

MAPS_BYTES = 2_400_000
"""What the maps of a page may take; beyond it they are simplified more."""

_LISTED = 6


def data(page: PageContent) -> dict[str, Any]:
    """Return what the scripts show: figures rounded as tables show them, and shapes."""
    tolerance_m, maps = _maps(page)
    moved = _moved(page)
    held: dict[str, list[float | None]] = {key: [] for key in moved}
    for row in page.held.table.rows:
        if (key := _key(page, row)) in held:
            held[key].append(_tenths(row.held_km2))
    periods: dict[str, list[DiffRow]] = {}
    for change in page.figures.rows:
        periods.setdefault(change.period, []).append(change)
    rows = list(periods.values())
    return {
        "tolerance": tolerance_m,
        "grid": GRID_M,
        "periods": [_period(page, mine, before, moved) for before, mine in zip([[], *rows], rows, strict=False)],
        "days": [day.isoformat() for day in page.held.days],
        "held": held,
        "maps": maps,
        "land": [
            {"region": name, "shape": encoded(ground), "at": label_point(ground)}
            for (name, _), ground in zip(page.held.regions, page.land, strict=True)
        ],
    }


def context(page: PageContent) -> dict[str, Any]:
    """Return the texts of a page, as they are: the template escapes them."""
    figures, meta = page.figures, page.figures.meta
    notices = tuple(dict.fromkeys([*meta.notices, *page.held.table.meta.notices]))
    totals = [row for row in figures.rows if row.level == TOTAL]
    labels = [row.period for row in totals]
    moved = _moved(page)
    # The columns of `diff` alone, which its readers know.
    rows = tuple(DiffRow(*(getattr(row, column.name) for column in fields(DiffRow))) for row in figures.rows)
    title = title_of(meta.actors[0], meta)
    return {
        "title": printable(f"{title}: {', '.join(labels)}"),
        "kicker": printable(title),
        "aside": aside_of(meta),
        "paragraphs": [(capital(first.rstrip(":")), capital(" ".join(rest))) for first, *rest in paragraphs(figures)],
        "synthetic": any(notice.code == "SYNTHETIC" for notice in notices),
        "cards": [_card(row, before) for before, row in zip([None, *totals], totals, strict=False)],
        "regions": [key for key in moved if key not in (TOTAL, UNASSIGNED)],
        "loose": UNASSIGNED if UNASSIGNED in moved else "",
        "table": [_row(row) for row in figures.rows if _key(page, row) in moved],
        "csv": base64.b64encode(render(replace(figures, kind=DiffRow, rows=rows), "csv")).decode(),
        "csv_name": f"frontcalc-{re.sub('[^0-9A-Za-z.-]+', '-', '-'.join(labels))[:80]}.csv",
        "basis": [printable(line) for line in basis(meta)][: -len(meta.attribution) or None],
        "attribution": [printable(line) for line in meta.attribution],
        "notices": list(_in_plain_words(notices)),
        "files": [(printable(file.name), file.sha256) for file in page.held.table.meta.files],
        "maps": len(page.held.days),
        "grid": GRID_M,
        "version": meta.version,
    }


def _key(page: PageContent, row: DiffRow | HeldRow) -> str:
    """Return what a page calls a row: its region, with the level where that is of several of them."""
    coarser = page.figures.meta.level.split(",")[:-1]
    return printable(f"{row.region} ({row.level})" if row.level in coarser else row.region)


def _moved(page: PageContent) -> dict[str, None]:
    """Return the regions whose ground changed hands or is held, the total always; others would be rows of zeros."""
    return dict.fromkeys(
        _key(page, row)
        for row in page.figures.rows
        if row.level == TOTAL
        or any(decimals(area or 0.0, 1) for area in (row.gained_km2, row.lost_km2, row.opening_km2, row.closing_km2))
    )


def _period(
    page: PageContent, rows: Sequence[DiffRow], earlier: Sequence[DiffRow], moved: dict[str, None]
) -> dict[str, Any]:
    """Return a period's figures by region, beside those of the period asked for before, and its change as shapes."""
    (total,) = (row for row in rows if row.level == TOTAL)
    before = {(row.level, row.region): row for row in earlier}
    return {
        "label": total.period,
        "heading": period_heading(total),
        "opening": total.opening.isoformat() if total.opening else None,
        "closing": total.closing.isoformat() if total.closing else None,
        "figures": {
            _key(page, row): {
                **{name: _tenths(getattr(row, f"{name}_km2")) for name in ("gained", "lost", "net")},
                "texts": _texts(row, before.get((row.level, row.region))),
            }
            for row in rows
            if _key(page, row) in moved
        },
        "shapes": [
            {"region": printable(row.region), "kind": row.kind, "shape": encoded(ground)}
            for row, ground in zip(page.polygons.rows, page.change, strict=True)
            if row.period == total.period
        ],
    }


def _texts(row: DiffRow, before: DiffRow | None) -> dict[str, str]:
    """Return a row's figures as they are read.

    The range is empty where it was not asked for or measured, the ratio where the period before has none; per day
    beside it where their lengths differ.
    """
    least_and_most = ratio = ""
    if isinstance(row, RangeRow) and row.net_min_km2 is not None:
        least_and_most = f"{km2(row.net_min_km2, signed=True)} to {km2(row.net_max_km2, signed=True)}"
    if before is not None and before.net_km2 is not None and row.net_km2 is not None:
        text = ratio_text(before, row, per_day=differ_in_length([before, row]))
        ratio = "" if text == BLANK else text.replace(")", " per day)")
    return {
        "net": km2(row.net_km2, signed=True),
        "gained": km2(row.gained_km2),
        "lost": km2(row.lost_km2),
        "rate": km2(row.rate_km2_per_day, signed=True, places=2),
        "range": least_and_most,
        "ratio": ratio,
    }


def _tenths(value: float | None) -> float | None:
    """Return a figure rounded as it is shown."""
    return None if value is None else decimals(value, 1)


def _card(row: DiffRow, before: DiffRow | None) -> dict[str, Any]:
    """Return what is shown of a period's total."""
    return {
        "heading": period_heading(row),
        "figures": _texts(row, before),
        "before": before.period if before else "",
        "maps": f"{day_or_dash(row.opening)} → {day_or_dash(row.closing)}",
        "days": row.days,
        "notes": [(code, capital(CODES[code])) for code in row.notes.split()],
    }


def _row(row: DiffRow) -> dict[str, Any]:
    """Return a row of the table: texts, and what columns of figures are sorted by."""
    texts = _texts(row, None)
    values = (row.gained_km2, row.lost_km2, row.net_km2, row.rate_km2_per_day, row.opening_km2, row.closing_km2)
    shown = (*(texts[name] for name in ("gained", "lost", "net", "rate")), km2(row.opening_km2), km2(row.closing_km2))
    return {
        "period": row.period,
        "region": printable(row.region),
        "level": row.level,
        "figures": [
            (text, "" if value is None else decimals(value, 3)) for text, value in zip(shown, values, strict=True)
        ],
        "maps": f"{day_or_dash(row.opening)} → {day_or_dash(row.closing)}",
        "notes": row.notes,
    }


def _maps(page: PageContent) -> tuple[int, list[Shape]]:
    """Return the ground held on each map, simplified until it is small enough, and by how much (metres)."""
    drawn = np.concatenate(page.held.drawn)
    tolerance_m, *coarser = TOLERANCES_M
    shapes = [encoded(ground) for ground in drawn]
    while coarser and len(orjson.dumps(shapes)) > MAPS_BYTES:
        tolerance_m, *coarser = coarser
        shapes = [encoded(simplified(drawn[at : at + 1], tolerance_m)[0]) for at in range(len(drawn))]
    return tolerance_m, shapes


def _in_plain_words(notices: Sequence[Notice]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each code with what it says, and its messages after the periods that they are of, if many the outer two."""
    for code in dict.fromkeys(notice.code for notice in notices):
        messages: dict[str, list[str]] = {}
        for notice in notices:
            if notice.code == code:
                messages.setdefault(printable(notice.message), []).append(notice.period)
        particulars = []
        for message, periods in messages.items():
            when = list(dict.fromkeys(filter(None, periods)))
            days = f"{len(when)} times, {min(when)} to {max(when)}" if len(when) > _LISTED else ", ".join(when)
            particulars.append(f"{days}: {message}" if days else message)
        yield code, capital(CODES[code]), particulars
