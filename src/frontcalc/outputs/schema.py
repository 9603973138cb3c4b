"""What tables say, for machines: the JSON Schema of the JSON output, and the datapackage.json of a tree of summaries.

`docs/schema.json` is the schema as `scripts/publish.py` writes it, which a test compares. A Frictionless Data
Package says what its tables hold and rest on; without time or path, the same maps and options give the same bytes.
"""

from __future__ import annotations

import hashlib
import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson

from frontcalc import tables
from frontcalc.lint import Finding
from frontcalc.notices import grouped
from frontcalc.outputs.numbers import ATTRIBUTION, BEFORE_UNITS, UNITS, columns
from frontcalc.outputs.receipts import VERSIONS
from frontcalc.tables import SummaryMeta, SummaryRow, Table
from frontcalc.versions import software

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

VERSION = 1
"""Of all kinds; it changes only if a column is changed or removed, never when one is appended."""

_EVERY = "urn:frontcalc:schema"

_KINDS: dict[type, str]
_KINDS = {str: "string", int: "integer", float: "number", bool: "boolean", date: "string", type(None): "null"}
_KINDS |= {dict: "object", list: "array"}

_RECEIPT = {
    "command": str,
    "archive": str,
    "units": str,
    "options": dict,
    "versions": dict,
    "figures": dict,
    "files": list,
}

PACKAGE = "datapackage.json"

KEY = ("actor", "period", "level", "region")
"""The columns that tell one row of a table from the others."""

_METHOD = (
    "Areas in square kilometres on the WGS 84 ellipsoid, by an equal-area projection. A period opens with the latest"
    " map before its first day and closes with the latest map on or before its last. Gained is held at the close and"
    " not at the opening, lost the reverse; the layers that the view counts are united first. Figures are rounded to"
    " three decimals; notes are codes of remarks on a row."
)


def schema_name(kind: type) -> str:
    """Return the name of a class of rows in schemas and file names, as in «diff» and «region-check»."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__.removesuffix("Row")).lower()


def schema_id(kind: type) -> str:
    """Return the identifier of a class's schema, which the JSON output repeats as `schema`."""
    return f"urn:frontcalc:schema:{schema_name(kind)}:{VERSION}"


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


def datapackage(
    tables: Sequence[Table[SummaryRow, SummaryMeta]], contents: Mapping[str, bytes], options: Mapping[str, Any]
) -> bytes:
    """Return the datapackage.json of some tables, with their CSV files by name in the same order, and the options."""
    meta, versions, sources = tables[0].meta, software(), []
    for used in tables[-1].meta.maps:
        dated = {"date": str(used.date)} if used.date else {}
        sources.append({"title": used.name, "role": "map", **dated, "hash": f"sha256:{used.sha256}"})
    if file := meta.regions:
        sources.append({"title": file.name, "role": "regions", "hash": f"sha256:{file.sha256}"})
    units = " and ".join(table.meta.every for table in tables)
    document = {
        "profile": "tabular-data-package",
        "name": "frontcalc-summary",
        "title": f"Territory held by {' and '.join(meta.actors)}: change by {units}",
        "description": _METHOD,
        "licenses": [{"name": "see-title", "title": line} for line in meta.attribution],
        "sources": sources,
        "resources": list(map(_resource, tables, contents, contents.values())),
        "frontcalc": {
            "version": meta.version,
            "software": {name: versions[name] for name in VERSIONS},
            "options": dict(options),
            "view": meta.view,
            "counted": list(meta.counted),
            "crs": meta.crs,
            "legends": {f"legend {file.name}": file.sha256 for file in meta.legends},
        },
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def sha256(content: bytes) -> str:
    """Return a content's hash as data packages write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _resource(table: Table[SummaryRow, SummaryMeta], name: str, content: bytes) -> dict[str, Any]:
    """Return the description of one table."""
    described: list[dict[str, Any]] = []
    for column in (*columns(table.kind), ATTRIBUTION):
        kind = "date" if column.kind is date else _KINDS[column.kind]
        described.append({"name": column.name, "type": kind, "description": column.definition})
        if column.unit:
            described[-1]["unit"] = column.unit
        if not column.nullable and column.kind is not str:
            described[-1]["constraints"] = {"required": True}
    return {
        "profile": "tabular-data-resource",
        "name": name.removesuffix(".csv"),
        "path": name,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": sha256(content),
        "schema": {"fields": described, "primaryKey": list(KEY), "missingValues": [""]},
        "notices": grouped(table.meta.notices),
    }
