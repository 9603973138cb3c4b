"""Write what the code says of its columns into the docs: the JSON Schemas, and the table of docs/outputs.md.

    python scripts/publish_columns.py

A test holds what is there against what this would write.
"""

from __future__ import annotations

from pathlib import Path

import orjson

from frontcalc.outputs.numbers import DEFINITIONS, Column, columns
from frontcalc.outputs.schema import PUBLISHED, VERSION, json_schema, schema_name
from frontcalc.tables import ChangeRow, DisagreementRow

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- {}: scripts/publish_columns.py -->\n", "<!-- end of {} -->\n"
# What writes each kind of table, and what a row of it is.
KINDS = {
    "diff": ("`diff`", "a period, actor and region"),
    "range": ("`diff --range`", "as `diff`"),
    "held": ("`held`", "a date, actor and region"),
    "series": ("`series`", "a map or date, actor and region"),
    "summary": ("`summary`", "a calendar period, actor and region"),
    "gross": ("`summary --gross`", "as `summary`"),
    "flow": ("`flows`", "a period, actor, region and pair of roles"),
    "place": ("`places`", "a place that came under or out of an actor's hold"),
    "sensitivity": ("`sensitivity`", "an assumption, its choice and a region"),
    "compare": ("`compare`", "a period, archive and region"),
    "claim": ("`verify`", "a claim, or claims that contradict each other"),
    "layer": ("`archive list`", "a date and layer"),
    "legend": ("`archive explain`", "a layer, or a value of a property that may tell one"),
    "finding": ("`archive check`", "a fault, on one map or on several in turn"),
    "region": ("`regions list`, `regions fetch`", "a region of a set"),
    "region-detail": ("`regions show`", "a region, at length"),
    "region-check": ("`regions check`", "a region of a file"),
    "change polygons": ("`diff -o FILE.geojson`", "a period, actor, region, and gained or lost"),
    "polygons of disagreement": ("`compare -o FILE.geojson`", "a period, actor, region and pair of archives"),
}
POLYGONS = {ChangeRow: "change polygons", DisagreementRow: "polygons of disagreement"}


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
    """Return docs/outputs.md with its tables of kinds and columns."""
    page = (DOCS / "outputs.md").read_text(encoding="utf-8")
    for name, table in (("kinds", _kinds()), ("columns", _table())):
        before, begin, rest = page.partition(BEGIN.format(name))
        _, end, after = rest.partition(END.format(name))
        page = before + begin + table + end + after
    return page


def _kinds() -> str:
    """Return a Markdown table of every kind of table: what writes it, and its columns in order."""
    lines = ["| kind | written by | a row is | columns, in order | schema |", "|---|---|---|---|---|"]
    for kind in (*PUBLISHED, *POLYGONS):
        name = POLYGONS.get(kind) or schema_name(kind)
        schema = f"[JSON](schema/{name}-{VERSION}.json)" if kind in PUBLISHED else ""
        writer, row = KINDS[name]
        order = ", ".join(column.name for column in columns(kind))
        lines.append(f"| {name} | {writer} | {row} | {order} | {schema} |")
    return "\n".join(lines) + "\n"


def _table() -> str:
    """Return a Markdown table of every column: its unit, kind, the outputs that have it, and what it says."""
    found: dict[str, tuple[Column, list[str]]] = {}
    for kind in (*PUBLISHED, *POLYGONS):
        for column in columns(kind):
            found.setdefault(column.name, (column, []))[1].append(POLYGONS.get(kind) or schema_name(kind))
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
