"""Findings as SARIF 2.1.0, which code hosts and editors show beside the files.

The format is at https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson

from frontcalc.lint import CODES, Finding, Severity
from frontcalc.outputs.numbers import plain
from frontcalc.tables import Table

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROPERTIES = ("date", "until", "maps", "layer", "lon", "lat", "km2", "count")


def sarif_text(result: Table[Any, Any]) -> str:
    """Return findings as a SARIF document; a finding's own figures are among its properties."""
    used = [code for code in CODES if any(row.code == code for row in result.rows)]
    document = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "frontcalc",
                        "version": result.meta.version,
                        "rules": [_rule(code) for code in used],
                    }
                },
                "results": [_result(row, used) for row in result.rows],
            }
        ],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def _rule(code: str) -> dict[str, object]:
    """Return what a code means."""
    meant = CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": meant.meaning},
        "fullDescription": {"text": f"{meant.meaning}. Cause: {meant.cause}."},
        "help": {"text": meant.cure},
        "defaultConfiguration": {"level": _LEVELS[meant.severity]},
    }


def _result(row: Finding, used: list[str]) -> dict[str, object]:
    """Return one finding; one that is of no file has no location."""
    # A name is no path of the machine, and what is special in an address is escaped.
    place = {"physicalLocation": {"artifactLocation": {"uri": quote(row.file)}}}
    figures = {name: plain(getattr(row, name)) for name in _PROPERTIES}
    return {
        "ruleId": row.code,
        "ruleIndex": used.index(row.code),
        "level": _LEVELS[Severity(row.severity)],
        "message": {"text": row.message},
        "locations": [place] if row.file else [],
        "properties": {name: value for name, value in figures.items() if value not in (None, "")},
    }
