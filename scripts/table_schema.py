"""The JSON Schema of the JSON output, docs/schema.json: columns of rows and fields of `meta`, by their types."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, Union, get_args, get_origin, get_type_hints

from frontcalc import tables
from frontcalc.lint import Finding
from frontcalc.outputs.numbers import BEFORE_UNITS, UNITS, columns
from frontcalc.outputs.schema import KINDS, schema_id, schema_name

PUBLISHED: dict[type, type] = {
    **dict.fromkeys((tables.DiffRow, tables.HeldRow, tables.SeriesRow), tables.Meta),
    **dict.fromkeys((tables.SummaryRow, tables.GrossRow), tables.SummaryMeta),
    **dict.fromkeys(
        (tables.FlowRow, tables.PlaceRow, tables.ShareRow, tables.SensitivityRow, tables.RangeRow), tables.Meta
    ),
    **dict.fromkeys((tables.CompareRow, tables.ConsensusRow), tables.CompareMeta),
    tables.WhereRow: tables.WhereMeta,
    **dict.fromkeys((tables.LayerRow, tables.LegendRow, Finding), tables.ArchiveMeta),
    tables.ClaimRow: tables.ClaimsMeta,
    tables.RecordRow: tables.SummaryMeta,
    **dict.fromkeys((tables.RegionRow, tables.RegionDetailRow), tables.RegionMeta),
    tables.RegionCheckRow: tables.RegionCheckMeta,
}
"""The classes of rows that are written as tables, and what each rests on; those with polygons are written as maps."""

_EVERY = "urn:frontcalc:schema"
_KINDS = {**KINDS, date: "string", type(None): "null", dict: "object", list: "array"}

_RECEIPT = {
    "command": str,
    "archive": str,
    "units": str,
    "options": dict,
    "versions": dict,
    "figures": dict,
    "files": list,
}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of every JSON output: of each kind a part, by its name in `$defs`.

    Columns are described once for all kinds; a kind says which it has, and which of them others may leave blank.
    """
    every = [column for kind in PUBLISHED for units in UNITS for column in columns(kind, units)]
    nullable = {column.name for column in every if column.nullable}
    cells: dict[str, Any] = {}
    for column in every:
        value = _value(column.kind, {})
        blank = {"type": [value["type"], "null"]} if column.name in nullable else {}
        described = f"{column.definition} ({column.unit})" if column.unit else column.definition
        cells[column.name] = {**value, **blank, "description": described}
    parts: dict[str, Any] = {}
    classes: dict[str, Any] = {}
    for kind, meta in PUBLISHED.items():
        by_units = []
        for units in UNITS:
            own = columns(kind, units)
            filled = {one.name: {"not": {"type": "null"}} for one in own if one.name in nullable and not one.nullable}
            row = {"$ref": f"{_EVERY}#/$defs/columns", "required": [one.name for one in own], "properties": filled}
            stated = {"properties": {"meta": {"properties": {"units": {"const": units}}}}}
            by_units.append({"if": stated, "then": {"properties": {"rows": {"items": row}}}})
        parts[schema_name(kind)] = {
            "$id": schema_id(kind),
            "if": {"properties": {"schema": {"const": schema_id(kind)}}},
            "then": {
                "required": ["meta", "rows"],
                "properties": {
                    "meta": {
                        "$ref": _EVERY + _value(meta, classes)["$ref"],
                        "properties": {"receipt": {"$ref": f"{_EVERY}#/$defs/Receipt"}},
                    },
                    "rows": {"type": "array"},
                },
                "allOf": by_units,
            },
        }
    receipt = {name: {"type": _KINDS[kind]} for name, kind in _RECEIPT.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _EVERY,
        "title": "JSON of frontcalc",
        "description": "Readers should pass over members that they do not know: columns are appended.",
        "type": "object",
        "required": ["schema"],
        "properties": {"schema": {"enum": [part["$id"] for part in parts.values()]}},
        "allOf": [{"$ref": part["$id"]} for part in parts.values()],
        "$defs": {
            **parts,
            "columns": {"type": "object", "properties": cells},
            **classes,
            "Receipt": {"required": list(receipt), "properties": receipt},
        },
    }


def _value(hint: Any, classes: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a cell, or of a value in `meta`, by its type; that of a class is put into `classes`."""
    if get_origin(hint) in (Union, types.UnionType):
        return {"anyOf": [_value(choice, classes) for choice in get_args(hint)]}
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if get_origin(item) is tuple:
            # Pairs of name and figure are an object; where there are none, an empty list.
            of_pair = _value(get_args(item)[1], classes)
            return {"type": ["object", "array"], "additionalProperties": of_pair, "maxItems": 0}
        return {"type": "array", "items": _value(item, classes)}
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        values: dict[str, Any] = {}
        for name in (entry.name for entry in fields(hint)):
            values |= {name: _value(hints[name], classes)} | (
                {"units": _value(str, {})} if name == BEFORE_UNITS else {}
            )
        classes[hint.__name__] = {"type": "object", "required": list(values), "properties": values}
        return {"$ref": f"#/$defs/{hint.__name__}"}
    return {"type": _KINDS[hint], **({"format": "date"} if hint is date else {})}
