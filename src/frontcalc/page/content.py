"""What the template of a page is filled with: texts, figures as shown, and the data of its scripts."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import orjson

from frontcalc.labels import printable
from frontcalc.notices import CODES, Notice
from frontcalc.outputs import render
from frontcalc.outputs.grid import aside_of, basis, day_or_dash, period_heading, title_of
from frontcalc.outputs.numbers import BLANK, decimals, km2
from frontcalc.outputs.pivots import differ_in_length, ratio_text
from frontcalc.outputs.sentence import paragraphs
from frontcalc.outputs.wording import capital
from frontcalc.page import shapes
from frontcalc.page.measured import Report
from frontcalc.regions import UNASSIGNED
from frontcalc.tables import TOTAL, DiffRow, HeldRow, Meta, RangeRow, Table

MAPS_BYTES = 2_400_000
"""What the maps of a page may take; beyond it they are simplified more."""


_LISTED = 6


def data(report: Report) -> dict[str, Any]:
    """Return what the scripts show: figures rounded as tables show them, and shapes."""
    tolerance_m, maps = _maps(report)
    moved = _moved(report)
    return {
        "tolerance": tolerance_m,
        "grid": shapes.GRID_M,
        "periods": [_period(report, period, moved) for period in _periods(report)],
        "days": [day.isoformat() for day in report.held.days],
        "held": _held(report, moved),
        "maps": maps,
        "land": [
            {"region": name, "shape": shapes.encoded(ground), "at": shapes.label_point(ground)}
            for (name, _), ground in zip(report.held.regions, report.land, strict=True)
        ],
    }


def context(report: Report) -> dict[str, Any]:
    """Return the texts of a page, as they are: the template escapes them."""
    meta = report.figures.meta
    notices = tuple(dict.fromkeys([*meta.notices, *report.held.table.meta.notices]))
    labels = [row.period for row in _totals(report)]
    moved = _moved(report)
    return {
        "title": printable(f"{title_of(meta.actors[0], meta)}: {', '.join(labels)}"),
        "kicker": printable(f"{title_of(meta.actors[0], meta)}"),
        "aside": aside_of(meta),
        "paragraphs": [_headline(pieces) for pieces in paragraphs(report.figures)],
        "synthetic": any(notice.code == "SYNTHETIC" for notice in notices),
        "cards": [_card(row, before) for before, row in _with_the_one_before(_totals(report))],
        "regions": [key for key in moved if key not in (TOTAL, UNASSIGNED)],
        "loose": UNASSIGNED if UNASSIGNED in moved else "",
        "table": [_row(row) for row in report.figures.rows if _key(report, row) in moved],
        "csv": base64.b64encode(render(_without_ranges(report.figures), "csv")).decode(),
        "csv_name": f"frontcalc-{re.sub('[^0-9A-Za-z.-]+', '-', '-'.join(labels))[:80]}.csv",
        "basis": [printable(line) for line in basis(meta)][: -len(meta.attribution) or None],
        "attribution": [printable(line) for line in meta.attribution],
        "notices": list(_in_plain_words(notices)),
        "files": [(printable(file.name), file.sha256) for file in report.held.table.meta.files],
        "maps": len(report.held.days),
        "grid": shapes.GRID_M,
        "version": meta.version,
    }


def _headline(pieces: Sequence[str]) -> tuple[str, str]:
    """Return what happened, and all else that the paragraph says."""
    first, *rest = pieces
    return capital(first.rstrip(":")), capital(" ".join(rest))


def _periods(report: Report) -> list[str]:
    """Return the periods in the order asked for."""
    return list(dict.fromkeys(row.period for row in report.figures.rows))


def _totals(report: Report) -> list[DiffRow]:
    """Return the row of the total of each period."""
    return [row for row in report.figures.rows if row.level == TOTAL]


def _key(report: Report, row: DiffRow | HeldRow) -> str:
    """Return what a page calls a row: its region, with the level where that is of several of them."""
    coarser = report.figures.meta.level.split(",")[:-1]
    return printable(f"{row.region} ({row.level})" if row.level in coarser else row.region)


def _moved(report: Report) -> dict[str, None]:
    """Return the regions whose ground changed hands or is held, the total always; others would be rows of zeros."""
    return dict.fromkeys(
        _key(report, row)
        for row in report.figures.rows
        if row.level == TOTAL
        or any(decimals(area or 0.0, 1) for area in (row.gained_km2, row.lost_km2, row.opening_km2, row.closing_km2))
    )


def _period(report: Report, period: str, moved: dict[str, None]) -> dict[str, Any]:
    """Return a period's figures by region, and the shapes of its change."""
    mine = [row for row in report.figures.rows if row.period == period]
    (total,) = (row for row in mine if row.level == TOTAL)
    return {
        "label": period,
        "heading": period_heading(total),
        "opening": total.opening.isoformat() if total.opening else None,
        "closing": total.closing.isoformat() if total.closing else None,
        "figures": {
            _key(report, row): _figures(row, _before(report, row)) for row in mine if _key(report, row) in moved
        },
        "shapes": [
            {"region": printable(row.region), "kind": row.kind, "shape": shapes.encoded(ground)}
            for row, ground in zip(report.polygons.rows, report.change, strict=True)
            if row.period == period
        ],
    }


def _before(report: Report, row: DiffRow) -> DiffRow | None:
    """Return the row of the same region in the period asked for before."""
    earlier = _periods(report)[: _periods(report).index(row.period)]
    same = [one for one in report.figures.rows if (one.level, one.region) == (row.level, row.region)]
    return next((one for one in same if earlier and one.period == earlier[-1]), None)


def _figures(row: DiffRow, before: DiffRow | None) -> dict[str, Any]:
    """Return a row's figures, as numbers that are drawn and texts that are read."""
    return {
        "gained": _tenths(row.gained_km2),
        "lost": _tenths(row.lost_km2),
        "net": _tenths(row.net_km2),
        "texts": {
            "net": km2(row.net_km2, signed=True),
            "gained": km2(row.gained_km2),
            "lost": km2(row.lost_km2),
            "rate": km2(row.rate_km2_per_day, signed=True, places=2),
            "range": _range(row),
            "ratio": _ratio(before, row),
        },
    }


def _range(row: DiffRow) -> str:
    """Return the least and the most that a net change comes to, empty where that was not asked for or measured."""
    if not isinstance(row, RangeRow) or row.net_min_km2 is None:
        return ""
    return f"{km2(row.net_min_km2, signed=True)} to {km2(row.net_max_km2, signed=True)}"


def _without_ranges(figures: Table[DiffRow, Meta]) -> Table[DiffRow, Meta]:
    """Return a table with the columns of `diff` alone, which its readers know."""
    names = [entry.name for entry in fields(DiffRow)]
    rows = tuple(DiffRow(*(getattr(row, name) for name in names)) for row in figures.rows)
    return replace(figures, kind=DiffRow, rows=rows)


def _tenths(value: float | None) -> float | None:
    """Return a figure rounded as it is shown."""
    return None if value is None else decimals(value, 1)


def _ratio(before: DiffRow | None, row: DiffRow) -> str:
    """Return the ratio to the period before, and per day beside it where the lengths differ; empty for none."""
    if before is None or before.net_km2 is None or row.net_km2 is None:
        return ""
    text = ratio_text(before, row, per_day=differ_in_length([before, row]))
    return "" if text == BLANK else text.replace(")", " per day)")


def _with_the_one_before(rows: Sequence[DiffRow]) -> Iterator[tuple[DiffRow | None, DiffRow]]:
    """Yield rows with the one before each."""
    yield from zip([None, *rows], rows, strict=False)


def _card(row: DiffRow, before: DiffRow | None) -> dict[str, Any]:
    """Return what is shown of a period's total."""
    return {
        "heading": period_heading(row),
        "figures": _figures(row, before)["texts"],
        "before": before.period if before else "",
        "maps": f"{day_or_dash(row.opening)} → {day_or_dash(row.closing)}",
        "days": row.days,
        "notes": [(code, capital(CODES[code])) for code in row.notes.split()],
    }


def _row(row: DiffRow) -> dict[str, Any]:
    """Return a row of the table: texts, and what columns of figures are sorted by."""
    figures = [
        (km2(row.gained_km2), row.gained_km2),
        (km2(row.lost_km2), row.lost_km2),
        (km2(row.net_km2, signed=True), row.net_km2),
        (km2(row.rate_km2_per_day, signed=True, places=2), row.rate_km2_per_day),
        (km2(row.opening_km2), row.opening_km2),
        (km2(row.closing_km2), row.closing_km2),
    ]
    return {
        "period": row.period,
        "region": printable(row.region),
        "level": row.level,
        "figures": [(text, "" if value is None else decimals(value, 3)) for text, value in figures],
        "maps": f"{day_or_dash(row.opening)} → {day_or_dash(row.closing)}",
        "notes": row.notes,
    }


def _held(report: Report, moved: dict[str, None]) -> dict[str, list[float | None]]:
    """Return the area held by region, a figure a map."""
    held: dict[str, list[float | None]] = {key: [] for key in moved}
    for row in report.held.table.rows:
        if (key := _key(report, row)) in held:
            held[key].append(_tenths(row.held_km2))
    return held


def _maps(report: Report) -> tuple[int, list[shapes.Shape]]:
    """Return the ground held on each map, simplified until it is small enough, and by how much (metres)."""
    drawn = np.concatenate(report.held.drawn)
    tolerance_m, *coarser = shapes.TOLERANCES_M
    encoded = [shapes.encoded(ground) for ground in drawn]
    while coarser and len(orjson.dumps(encoded)) > MAPS_BYTES:
        tolerance_m, *coarser = coarser
        encoded = [shapes.encoded(shapes.simplified(drawn[at : at + 1], tolerance_m)[0]) for at in range(len(drawn))]
    return tolerance_m, encoded


def _in_plain_words(notices: Sequence[Notice]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each code with what it says, and the particulars: of which periods, and what."""
    for code in dict.fromkeys(notice.code for notice in notices):
        messages: dict[str, list[str]] = {}
        for notice in notices:
            if notice.code == code:
                messages.setdefault(printable(notice.message), []).append(notice.period)
        yield code, capital(CODES[code]), [_particular(message, when) for message, when in messages.items()]


def _particular(message: str, periods: Sequence[str]) -> str:
    """Return a notice's message after the periods or days that it is of, the first and last where they are many."""
    when = list(dict.fromkeys(filter(None, periods)))
    if len(when) > _LISTED:
        days = sorted(when)
        return f"{len(when)} times, {days[0]} to {days[-1]}: {message}"
    return f"{', '.join(when)}: {message}" if when else message
