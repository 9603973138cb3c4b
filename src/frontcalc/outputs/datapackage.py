"""The datapackage.json of a tree of summaries (Frictionless Data Package): what the tables say and rest on.

It holds no time and no path, so that the same maps and options give the same bytes.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from frontcalc.drift import Record, UsedFile
from frontcalc.errors import DataError
from frontcalc.notices import grouped
from frontcalc.outputs.numbers import ATTRIBUTION, columns
from frontcalc.tables import SummaryMeta, SummaryRow, Table

NAME = "datapackage.json"

KEY = ("actor", "period", "level", "region")
"""The columns that tell one row of a table from the others."""

_TYPES: dict[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean", date: "date"}
_METHOD = (
    "Areas in square kilometres on the WGS 84 ellipsoid, by an equal-area projection. A period opens with the latest"
    " map before its first day and closes with the latest map on or before its last. Gained is held at the close and"
    " not at the opening, lost the reverse; the layers that the view counts are united first. Figures are rounded to"
    " three decimals; notes are codes of remarks on a row."
)


def software() -> dict[str, str]:
    """Return the versions of what computes the figures."""
    import pyproj
    import shapely

    versions = {name: importlib.metadata.version(name) for name in ("numpy", "pyproj", "shapely")}
    return {"GEOS": shapely.geos_version_string, "PROJ": pyproj.proj_version_str, **versions}


def datapackage(
    tables: Sequence[Table[SummaryRow, SummaryMeta]], contents: Mapping[str, bytes], record: Record
) -> bytes:
    """Return the datapackage.json of some tables, with their CSV files by name in the same order."""
    meta = tables[0].meta
    units = " and ".join(table.meta.every for table in tables)
    document = {
        "profile": "tabular-data-package",
        "name": "frontcalc-summary",
        "title": f"Territory held by {' and '.join(meta.actors)}: change by {units}",
        "description": _METHOD,
        "licenses": [{"name": "see-title", "title": line} for line in meta.attribution],
        "sources": [
            {"title": used.name, "role": used.role, **({"date": used.date} if used.date else {}), "hash": used.sha256}
            for used in record.sources
        ],
        "resources": [
            _resource(table, name, content) for table, (name, content) in zip(tables, contents.items(), strict=True)
        ],
        "frontcalc": {
            "version": record.version,
            "software": dict(record.software),
            "options": dict(record.options),
            "view": meta.view,
            "counted": list(meta.counted),
            "crs": meta.crs,
        },
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def read_record(content: bytes, *, where: str) -> Record:
    """Return what a tree's datapackage.json says that it rests on.

    Raises
    ------
    DataError
        It is no JSON, or not one of frontcalc's.
    """
    try:
        document = orjson.loads(content)
        own = document["frontcalc"]
        return Record(
            version=str(own["version"]),
            software={str(name): str(version) for name, version in own["software"].items()},
            options=dict(own["options"]),
            sources=tuple(
                UsedFile(source.get("date"), str(source["title"]), str(source["hash"]), str(source["role"]))
                for source in document["sources"]
            ),
            hashes={str(entry["path"]): str(entry["hash"]) for entry in document["resources"]},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        cure = "name another folder, or remove the file"
        raise DataError(f"is not the {NAME} of a tree of summaries", where=where, cure=cure) from error


def sha256(content: bytes) -> str:
    """Return a content's hash as data packages write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _resource(table: Table[SummaryRow, SummaryMeta], name: str, content: bytes) -> dict[str, Any]:
    """Return the description of one table."""
    described = []
    for column in (*columns(table.kind), ATTRIBUTION):
        unit = {"unit": column.unit} if column.unit else {}
        required = {} if column.nullable or column.kind is str else {"constraints": {"required": True}}
        entry = {"name": column.name, "type": _TYPES[column.kind], "description": column.definition}
        described.append(entry | unit | required)
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
