"""Results for machines: CSV (RFC 4180) and JSON, figures to three decimals; findings as SARIF 2.1.0 as well.

SARIF is what code hosts and editors show beside files:
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast
from urllib.parse import quote

import orjson

from frontcalc.outputs.numbers import BEFORE_UNITS, PLACES, cell_text, cells, decimals, records
from frontcalc.outputs.receipts import receipt
from frontcalc.tables import Table

_QUOTED = re.compile(r'[,"\r\n]')
_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SARIF_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_SARIF_PROPERTIES = ("date", "until", "maps", "layer", "lon", "lat", "km2", "count")


def csv_text(result: Table[Any, Any], *, units: str = "km2") -> str:
    """Return a result as CSV: the published columns and `attribution`, blanks where nothing could be measured."""
    quote, end = '"', "\r\n"
    published = cells(
        *(result, units),
        attribution=True,
        shown=lambda *cell: (
            f"{quote}{text.replace(quote, 2 * quote)}{quote}" if _QUOTED.search(text := cell_text(*cell)) else text
        ),
    )
    return end.join(map(",".join, (published, *zip(*published.values(), strict=True)))) + end


def json_text(result: Table[Any, Any], *, units: str = "km2") -> str:
    """Return a result as JSON: `rows` with the columns of the CSV, `meta`, and the name of its schema."""
    from frontcalc.outputs.schema import schema_id

    document = {
        "meta": json_meta(result, units),
        "rows": records(cells(result, units)),
        "schema": schema_id(result.kind),
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def json_meta(result: Table[Any, Any], units: str) -> dict[str, Any]:
    """Return what a result rests on, with its receipt, as orjson takes it."""
    meta = jsonable(replace(result.meta, attribution=result.meta.credits), units=units)
    return {**cast(dict[str, Any], meta), "receipt": receipt(result, units)}


def sarif_text(result: Table[Any, Any], *, units: str = "km2") -> str:
    """Return findings as a SARIF document; a finding's own figures are among its properties."""
    from frontcalc.notices import FINDINGS as CODES

    used = [code for code in CODES if any(row.code == code for row in result.rows)]
    rules = [
        {
            "id": code,
            "shortDescription": {"text": CODES[code].meaning},
            "fullDescription": {"text": f"{CODES[code].meaning}. Cause: {CODES[code].cause}."},
            "help": {"text": CODES[code].cure},
            "defaultConfiguration": {"level": _SARIF_LEVELS[CODES[code].severity]},
        }
        for code in used
    ]
    results = []
    for row in result.rows:
        figures = {name: jsonable(getattr(row, name)) for name in _SARIF_PROPERTIES}
        results.append(
            {
                "ruleId": row.code,
                "ruleIndex": used.index(row.code),
                "level": _SARIF_LEVELS[row.severity],
                "message": {"text": row.message},
                # A name is no path of the machine, and what is special in an address is escaped.
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(row.file)}}}] if row.file else [],
                "properties": {name: value for name, value in figures.items() if value not in (None, "")},
            }
        )
    tool = {"driver": {"name": "frontcalc", "version": result.meta.version, "rules": rules}}
    document = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [{"tool": tool, "results": results}]}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def jsonable(value: object, places: int = 3, *, units: str = "km2") -> object:
    """Return frozen values as orjson takes them, figures rounded, pairs as objects; `units` are those of a `meta`."""
    if is_dataclass(value):
        own: dict[str, object] = {}
        for name in (entry.name for entry in fields(value)):
            own[name] = jsonable(getattr(value, name), PLACES.get(name, 3))
            if name == BEFORE_UNITS:
                own["units"] = units
        return own
    if isinstance(value, tuple):
        if value and all(isinstance(item, tuple) for item in value):
            return {str(key): jsonable(item) for key, item in value}
        return [jsonable(item) for item in value]
    return decimals(value, places) if isinstance(value, float) else value
