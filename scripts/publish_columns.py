"""Write what the code says of its columns into the docs: the JSON Schemas, and the table of docs/outputs.md.

    python scripts/publish_columns.py

A test holds what is there against what this would write.
"""

from __future__ import annotations

from pathlib import Path

import orjson

from frontcalc.columns import DEFINITIONS
from frontcalc.outputs.published import Column, columns
from frontcalc.outputs.schema import MAPPED, PUBLISHED, VERSION, json_schema, schema_name
from frontcalc.tables import ChangeRow, DisagreementRow

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- columns: scripts/publish_columns.py -->\n", "<!-- end of columns -->\n"


def schema_files() -> dict[Path, str]:
    """Return the files of JSON Schema, by path."""
    return {
        DOCS / "schema" / f"{schema_name(kind)}-{VERSION}.json": orjson.dumps(
            json_schema(kind), option=orjson.OPT_INDENT_2
        ).decode()
        + "\n"
        for kind in PUBLISHED
    }


def outputs_page() -> str:
    """Return docs/outputs.md with its table of columns."""
    page = (DOCS / "outputs.md").read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + _table() + END + after


def _table() -> str:
    """Return a Markdown table of every column: its unit, kind, the outputs that have it, and what it says."""
    found: dict[str, tuple[Column, list[str]]] = {}
    names = {ChangeRow: "change polygons", DisagreementRow: "polygons of disagreement"}
    for kind in (*PUBLISHED, *MAPPED):
        for column in columns(kind):
            found.setdefault(column.name, (column, []))[1].append(names.get(kind) or schema_name(kind))
    lines = ["| column | unit | kind | in | what it says |", "|---|---|---|---|---|"]
    for name, (column, places) in found.items():
        kind_name = {"str": "text", "int": "whole number", "float": "number"}.get(
            column.kind.__name__, column.kind.__name__
        )
        told = column.definition.replace("|", "\\|")
        lines.append(f"| `{name}` | {column.unit} | {kind_name} | {', '.join(places)} | {told} |")
    lines.append(f"| `attribution` | | text | CSV, polygons | {DEFINITIONS['attribution']} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the files."""
    for path, content in {**schema_files(), DOCS / "outputs.md": outputs_page()}.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
