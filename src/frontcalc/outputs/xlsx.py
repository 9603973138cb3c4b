"""Results as an Excel workbook: a sheet of figures, one of method and sources, and their receipt."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from frontcalc.errors import UsageError, extra_package
from frontcalc.notices import CODES, explained, with_lines
from frontcalc.outputs.caveats import beside
from frontcalc.outputs.grid import title_of
from frontcalc.outputs.numbers import MINUS, Column, cells, columns, scaled, unit_of
from frontcalc.outputs.receipts import receipt
from frontcalc.outputs.wide_table import by_period, strips_line
from frontcalc.tables import AnyMeta, ArchiveMeta, ClaimsMeta, RegionCheckMeta, RegionMeta, SummaryRow, Table

PRINTED, FIGURES, METHOD, RECEIPT = "Net by region", "Figures", "Method and sources", "Receipt"
"""The names of the sheets; only a summary has the first."""

_MOST_ROWS, _MOST_COLUMNS = 1_048_576 - 1, 16_384 - 1
_LONGEST_TEXT = 32_767
_WIDEST = 40
_LINE = 15  # the height of a line of text, in points
_METHOD_WIDTHS, _MOST_LINES = (30, 30, 90), 27  # the columns of the sheet of the method; lines that a row may have
# The same figures give the same bytes, whenever they are written.
_CREATED = datetime(2000, 1, 1)

_AREA = f"#,##0.0;{MINUS}#,##0.0;0.0"
_CHANGE = f"+#,##0.0;{MINUS}#,##0.0;0.0"
_RATE = f"+#,##0.000;{MINUS}#,##0.000;0.000"


def xlsx_bytes(result: Table[Any, Any], *, units: str = "km2") -> bytes:
    """Return a result as a workbook: real numbers and dates, and text that is never a formula or a link.

    Figures are those of the CSV, shown to one decimal; a summary begins with a sheet to be printed. Raise UsageError if
    XlsxWriter is not installed, or the rows are more than a sheet holds.
    """
    xlsxwriter = extra_package("xlsxwriter", where="XLSX")
    if len(result.rows) > _MOST_ROWS:
        raise UsageError(f"{len(result.rows):,} rows are more than a sheet holds", cure="write CSV or Parquet")
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"title": f"Territory, {units}", "created": _CREATED})
        if issubclass(result.kind, SummaryRow):
            _write_printed(book, scaled(result, units), units)
        _write_figures(book, result, units)
        _write_method(book, result, units)
        sheet = book.add_worksheet(RECEIPT)
        for line, text in enumerate(["receipt", *json.dumps(receipt(result, units), indent=1).splitlines()]):
            sheet.write_string(line, 0, text)
    return out.getvalue()


def _write_printed(book: Any, result: Table[Any, Any], units: str) -> None:
    """Write the sheet of net changes, periods down and regions across: a block an actor."""
    sheet = book.add_worksheet(PRINTED)
    bold = book.add_format({"bold": True})
    left, right = (
        book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "align": at}) for at in ("left", "right")
    )
    flags = sorted({"", *(row.flags for row in result.rows)})
    forms = {own: book.add_format({"num_format": _marked(_CHANGE, own)}) for own in flags}
    line, widest, shown = 0, 0, list[Any]()
    for actor in result.meta.actors:
        names, lines = by_period([row for row in result.rows if row.actor == actor], result.meta)
        sheet.write_string(line, 0, f"Net change: {title_of(actor, result.meta, unit_of(units))}", bold)
        if len(names) > _MOST_COLUMNS:
            sheet.write_string(line + 1, 0, f"{len(names):,} regions are more than a sheet has columns: see {FIGURES}")
            line += 3
            continue
        sheet.set_row(line + 1, 2 * _LINE)
        for place, name in enumerate(("period", *names)):
            sheet.write_string(line + 1, place, _short(name), right if place else left)
        line += 1
        for heading, rows in lines.items():
            shown += filter(None, rows)
            line += 1
            sheet.write_string(line, 0, _short(heading))
            for place, row in enumerate(rows, start=1):
                if row is not None and row.net_km2 is not None:
                    sheet.write_number(line, place, round(row.net_km2, 3) + 0.0, forms[row.flags])
        line, widest = line + 2, max(widest, len(names))
    notes = (f"View: {result.meta.view_words}", strips_line(shown), explained(shown), "", *beside(result))
    for below, note in enumerate(filter(None, notes)):
        sheet.write_string(line + below, 0, _short(note))
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, widest, 14)
    sheet.freeze_panes(2, 1)
    _set_print(sheet, 1)


def _set_print(sheet: Any, head: int) -> None:
    """Have a sheet printed across a page of A4, the rows down to its head on each."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, head)
    sheet.set_footer("&L&A&R&P / &N")


def _write_figures(book: Any, result: Table[Any, Any], units: str) -> None:
    """Write the sheet of figures: a frozen header, then a row a row."""
    sheet = book.add_worksheet(FIGURES)
    published = columns(result.kind, units)
    bold = book.add_format({"bold": True, "bottom": 1})
    for place, (column, values) in enumerate(zip(published, cells(result, units).values(), strict=True)):
        flags = [getattr(row, "flags", "") if column.name.startswith("net_") else "" for row in result.rows]
        forms = {own: book.add_format({"num_format": _number_format(column, own)}) for own in sorted({"", *flags})}
        sheet.write_string(0, place, column.name, bold)
        longest = len(column.name)
        for line, value in enumerate(values, start=1):
            # None stays blank.
            if isinstance(value, str):
                sheet.write_string(line, place, _short(value))
            elif isinstance(value, date):
                sheet.write_datetime(line, place, value, forms[""])
            elif value is not None:
                sheet.write_number(line, place, value, forms[flags[line - 1]])
            shown = f"{value:+,.1f}" if isinstance(value, float) else str("" if value is None else value)
            longest = max(longest, len(shown))
        sheet.set_column(place, place, min(_WIDEST, longest + 2))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(result.rows), len(published) - 1)
    _set_print(sheet, 0)


def _write_method(book: Any, result: Table[Any, Any], units: str) -> None:
    """Write the sheet of the method, the sources and the notices."""
    sheet = book.add_worksheet(METHOD)
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    for place, width in enumerate(_METHOD_WIDTHS):
        sheet.set_column(place, place, width, wrapped)
    line = 0
    for heading, entries in _sections(result, units):
        sheet.write_string(line, 0, heading, bold)
        first = line + 1
        for line, entry in enumerate(entries, start=first):
            # A program that lays out pages does not always fit heights to text that is wrapped.
            needed = max(-(-len(text) // width) for text, width in zip(entry, _METHOD_WIDTHS, strict=False))
            sheet.set_row(line, _LINE * min(max(needed, 1), _MOST_LINES))
            for place, text in enumerate(entry):
                sheet.write_string(line, place, _short(text), wrapped)
        line += 2
    _set_print(sheet, 0)


def _sections(result: Table[Any, Any], units: str) -> Iterator[tuple[str, Sequence[tuple[str, ...]]]]:
    """Yield the headings of the second sheet with the lines below each."""
    meta = result.meta
    yield "Method", [*_method(meta), ("areas in", unit_of(units))]
    yield "Attribution", [(what, "", source) for what, _, source in (text.partition(": ") for text in meta.credits)]
    if marks := explained(result.rows):
        yield "Marks behind figures", [(mark,) for mark in marks.split(" · ")]
    lines: list[tuple[str, ...]]
    notices = with_lines(meta.notices)
    lines = [(one.code, one.period, f"{one.message} ({CODES[one.code]})") for one in notices]
    yield "Notices", lines or [("none",)]
    if not isinstance(meta, RegionMeta):
        files = [meta.file] if isinstance(meta, RegionCheckMeta) else [meta.regions, *meta.files]
        read = [meta.claims, *files] if isinstance(meta, ClaimsMeta) else files
        yield "Files read, with SHA-256", [(file.name, "", file.sha256) for file in read if file] or [("none",)]
    published = columns(result.kind, units)
    yield "Columns", [(column.name, column.unit, column.definition) for column in published]


def _method(meta: AnyMeta) -> list[tuple[str, ...]]:
    """Return how the figures were made, a line a fact."""
    if isinstance(meta, ArchiveMeta):
        return [("archive", meta.archive), ("projection", meta.crs), ("made with", f"frontcalc {meta.version}")]
    if isinstance(meta, RegionCheckMeta):
        refused = [("refused", reason) for reason in meta.refused]
        return [("file", meta.file.name), ("projection", meta.crs), ("names", meta.name_field), *refused]
    if isinstance(meta, RegionMeta):
        return [("set", meta.set), ("source", meta.source), ("licence", meta.licence), ("method", meta.method)]
    return [
        ("archive", meta.archive),
        ("actors", ", ".join(meta.actors)),
        ("view", meta.view_words),
        ("layers counted, overlaps once", ", ".join(meta.counted) or "none"),
        ("layers not counted", ", ".join(meta.not_counted) or "none"),
        ("projection", f"{meta.crs}, proved equal-area over the data, on the WGS 84 ellipsoid"),
        ("regions", meta.regions.name if meta.regions else "none"),
        ("made with", f"frontcalc {meta.version}"),
    ]


def _number_format(column: Column, flags: str = "") -> str:
    """Return how Excel shows a column's cells, those of changes with their marks behind them."""
    if flags:
        return _marked(_number_format(column), flags)
    if column.kind is not float:
        return "yyyy-mm-dd" if column.kind is date else "General"
    if column.name.endswith("_per_day"):
        return _RATE
    return _CHANGE if column.name.startswith("net_") else _AREA


def _marked(form: str, flags: str) -> str:
    """Return a format of numbers that shows marks behind them."""
    return ";".join(f'{part}" {flags}"' for part in form.split(";")) if flags else form


def _short(text: str) -> str:
    """Return text of at most the length that a cell holds."""
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
