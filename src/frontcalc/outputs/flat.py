"""Results for machines: CSV (RFC 4180) and JSON, figures to three decimals."""

from __future__ import annotations

import csv
import io
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import orjson

from frontcalc.outputs.numbers import places_of, plain
from frontcalc.tables import Table


def csv_text(result: Table[Any, Any]) -> str:
    """Return a result as CSV: the published columns, blanks where nothing could be measured."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(result.columns)
    places = [places_of(column) for column in result.columns]
    for values in result.values():
        writer.writerow(map(_cell, values, places))
    return out.getvalue()


def json_text(result: Table[Any, Any]) -> str:
    """Return a result as JSON: `rows` with the columns of the CSV, and `meta`."""
    places = [places_of(column) for column in result.columns]
    rows = [dict(zip(result.columns, map(plain, values, places), strict=True)) for values in result.values()]
    document = {"meta": _jsonable(result.meta), "rows": rows}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def _cell(value: object, places: int) -> str:
    """Return one CSV cell."""
    if isinstance(value, float):
        return f"{plain(value, places):.{places}f}"
    return "" if value is None else str(plain(value))


def _jsonable(value: object, places: int = 3) -> object:
    """Return frozen values as JSON's own kinds, pairs of name and figure as objects."""
    if is_dataclass(value):
        return {entry.name: _jsonable(getattr(value, entry.name), places_of(entry.name)) for entry in fields(value)}
    if isinstance(value, tuple):
        if value and all(isinstance(item, tuple) for item in value):
            return {str(key): _jsonable(item) for key, item in value}
        return [_jsonable(item) for item in value]
    return plain(value, places) if isinstance(value, float | date) else value
