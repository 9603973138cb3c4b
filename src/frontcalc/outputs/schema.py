"""What tables say, for machines: the names of their schemas, and the datapackage.json of a tree of summaries.

A Frictionless Data Package says what its tables hold and rest on; without time or path, the same maps and options give
the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from frontcalc.notices import grouped
from frontcalc.outputs.numbers import ATTRIBUTION, columns
from frontcalc.outputs.receipts import VERSIONS
from frontcalc.tables import SummaryMeta, SummaryRow, Table
from frontcalc.versions import software

VERSION = 1
"""Of all kinds; it changes only if a column is changed or removed, never when one is appended."""

KINDS: dict[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}

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
        kind = "date" if column.kind is date else KINDS[column.kind]
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
