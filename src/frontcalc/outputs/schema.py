"""JSON Schema of the JSON output, made from the classes of rows and of `meta`.

`docs/schema/` holds what is made here; `scripts/publish_columns.py` writes it and a test compares.
"""

from __future__ import annotations

import re
import types
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, Union, get_args, get_origin, get_type_hints

from frontcalc.lint import Finding
from frontcalc.outputs.numbers import BEFORE_UNITS, UNITS, columns
from frontcalc.tables import basis, lists, rows

PUBLISHED: dict[type, type] = {
    **dict.fromkeys((rows.DiffRow, rows.HeldRow, rows.SeriesRow), basis.Meta),
    **dict.fromkeys((rows.SummaryRow, rows.GrossRow), basis.SummaryMeta),
    **dict.fromkeys((rows.FlowRow, rows.PlaceRow, rows.SensitivityRow, rows.RangeRow), basis.Meta),
    rows.CompareRow: basis.CompareMeta,
    **dict.fromkeys((lists.LayerRow, lists.LegendRow, Finding), lists.ArchiveMeta),
    lists.ClaimRow: lists.ClaimsMeta,
    **dict.fromkeys((lists.RegionRow, lists.RegionDetailRow), lists.RegionMeta),
    lists.RegionCheckRow: lists.RegionCheckMeta,
}
"""The classes of rows that are written as tables, and what each rests on."""

MAPPED = (rows.ChangeRow, rows.DisagreementRow)
"""The classes of rows that have polygons, which are written as maps."""

VERSION = 1
"""Of all schemas; it changes only if a column is changed or taken away, never when one is appended."""

_KINDS: dict[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean", date: "string"}


def schema_name(kind: type) -> str:
    """Return the name of a class of rows in schemas and file names, as in «diff» and «region-check»."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__.removesuffix("Row")).lower()


def schema_id(kind: type) -> str:
    """Return the identifier of a class's schema, which the JSON output repeats as `schema`."""
    return f"urn:frontcalc:schema:{schema_name(kind)}:{VERSION}"


def json_schema(kind: type) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the output of one class of rows."""
    by_units = []
    for units in UNITS:
        cells = {}
        for column in columns(kind, units):
            own = _KINDS[column.kind]
            described = f"{column.definition} ({column.unit})" if column.unit else column.definition
            form = {"format": "date"} if column.kind is date else {}
            cells[column.name] = {"type": [own, "null"] if column.nullable else own, **form, "description": described}
        stated = {"properties": {"meta": {"properties": {"units": {"const": units}}}}}
        row = {"type": "object", "required": list(cells), "properties": cells}
        by_units.append({"if": stated, "then": {"properties": {"rows": {"items": row}}}})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_id(kind),
        "title": f"frontcalc {schema_name(kind)}",
        "description": "Readers should pass over members that they do not know: columns are appended.",
        "type": "object",
        "required": ["meta", "rows", "schema"],
        "properties": {
            "meta": _value(PUBLISHED[kind]),
            "rows": {"type": "array"},
            "schema": {"const": schema_id(kind)},
        },
        "allOf": by_units,
    }


def _value(hint: Any) -> dict[str, Any]:
    """Return the schema of a value in `meta`, by its type."""
    if get_origin(hint) in (Union, types.UnionType):
        return {"anyOf": [_value(choice) for choice in get_args(hint)]}
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if get_origin(item) is tuple:
            # Pairs of name and figure are an object; where there are none, an empty list.
            return {"type": ["object", "array"], "additionalProperties": _value(get_args(item)[1]), "maxItems": 0}
        return {"type": "array", "items": _value(item)}
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        values: dict[str, Any] = {}
        for name in (entry.name for entry in fields(hint)):
            values[name] = _value(hints[name])
            if name == BEFORE_UNITS:
                values["units"] = _value(str)
        return {"type": "object", "required": list(values), "properties": values}
    if hint is date:
        return {"type": "string", "format": "date"}
    return {"type": "null" if hint is type(None) else _KINDS[hint]}
