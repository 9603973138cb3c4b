"""Results for machines: CSV (RFC 4180) and JSON, figures to three decimals."""

from __future__ import annotations

import csv
import io
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache, partial
from typing import Any

import orjson

from frontcalc.outputs.numbers import places_of, plain
from frontcalc.outputs.published import attribution, columns, rows
from frontcalc.tables import AnyMeta, Table

# What spreadsheets take for the beginning of a formula (OWASP, CSV Injection), full-width forms included.
_FORMULA_MARKS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_LEADING_CONTROLS = ("\t", "\r", "\n")


def csv_text(result: Table[Any, Any]) -> str:
    """Return a result as CSV: the published columns and `attribution`, blanks where nothing could be measured.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    names = [*(column.name for column in columns(result.kind, result.meta.units)), "attribution"]
    writer.writerow(names)
    source = attribution(result)
    by_column = zip(*((*values, source) for values in rows(result)), strict=True)
    # Most cells repeat: regions, days, blanks, nothing gained.
    texts = [
        map(cache(partial(_cell, places=places_of(name))), cells) for name, cells in zip(names, by_column, strict=False)
    ]
    writer.writerows(zip(*texts, strict=True))
    return out.getvalue()


def json_text(result: Table[Any, Any]) -> str:
    """Return a result as JSON: `rows` with the columns of the CSV, `meta`, and the name of its schema."""
    from frontcalc.outputs.schema import schema_id

    names = [column.name for column in columns(result.kind, result.meta.units)]
    document = {
        "meta": jsonable(result.meta),
        "rows": [dict(zip(names, values, strict=True)) for values in rows(result)],
        "schema": schema_id(result.kind),
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def meta_json(meta: AnyMeta) -> bytes:
    """Return what a result rests on as JSON, for formats that carry it in their own metadata."""
    return orjson.dumps(jsonable(meta))


def jsonable(value: object, places: int = 3) -> object:
    """Return frozen values as JSON's own kinds, pairs of name and figure as objects."""
    if is_dataclass(value):
        return {entry.name: jsonable(getattr(value, entry.name), places_of(entry.name)) for entry in fields(value)}
    if isinstance(value, tuple):
        if value and all(isinstance(item, tuple) for item in value):
            return {str(key): jsonable(item) for key, item in value}
        return [jsonable(item) for item in value]
    return plain(value, places) if isinstance(value, float | date) else value


def _cell(value: object, places: int) -> str:
    """Return one CSV cell."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{places}f}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        risky = value.startswith(_LEADING_CONTROLS) or value.lstrip().startswith(_FORMULA_MARKS)
        return f"'{value}" if risky else value
    return str(plain(value))
