"""Write the pages of reference from the code, and the JSON Schema: `make pages`.

`COMMITTED` stand in the repository, and a test holds them; a clone has the others once they are built.
"""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import click
import source_messages
from table_schema import PUBLISHED, json_schema

import frontcalc
from frontcalc.archives import Archive, SnapshotRef
from frontcalc.cli import group
from frontcalc.drift import Drift
from frontcalc.measure.fetch import Fetched
from frontcalc.network.client import Patience
from frontcalc.notices import Notice
from frontcalc.outputs.numbers import DEFINITIONS, Column, columns
from frontcalc.outputs.schema import schema_name
from frontcalc.pictures.change_map import ChangeMap
from frontcalc.pictures.sheet import Picture
from frontcalc.pictures.style import Looks
from frontcalc.run.options import Options
from frontcalc.tables import (
    ArchiveMeta,
    ChangeRow,
    ClaimsMeta,
    CompareMeta,
    LedgerRow,
    MapUsed,
    Meta,
    RegionCheckMeta,
    RegionMeta,
    SharedGroundRow,
    SummaryMeta,
    Table,
    TownChangeRow,
    WhereMeta,
)

DOCS = Path(__file__).parents[1] / "docs"

# --- docs/api.md: what the package offers to Python, from signatures and docstrings ------------------------------

# Public names by what they are for; a name in none of them stands under «Other names».
GROUPS = {
    "Change": ("diff", "diff_files", "series", "summary", "flows", "places"),
    "Held": ("held",),
    "How sure a figure is": ("sensitivity", "compare", "consensus", "shared_ground", "verify"),
    "Where it was": ("where", "where_changes", "changes", "changes_between", "ledger", "check_ledger"),
    "Pictures and pages": (
        "change_map",
        "change_map_between",
        "where_map",
        "consensus_map",
        "picture",
        "plot",
        "notebook_html",
        "report",
    ),
    "Tables to keep": ("write_summaries", "check_summaries"),
    "From publishers": ("fetch", "source_terms"),
    "Archives": ("open_archive", "list_archive", "check_archive", "convert"),
    "Regions": ("list_regions", "show_region", "check_regions", "fetch_regions"),
    "Errors": ("FrontcalcError", "CheckFailed", "UsageError", "DataError", "NoDataError"),
}
RESULTS = (
    *(Table, Meta, SummaryMeta, CompareMeta, WhereMeta, ClaimsMeta, ArchiveMeta, RegionMeta, RegionCheckMeta),
    *(MapUsed, Notice, ChangeMap, Picture, Drift, Archive, SnapshotRef, Fetched, Patience),
)
_WIDTH = 118
_SECTION = re.compile(r"^(?P<title>[A-Z][A-Za-z ]+)\n-{3,}$", re.MULTILINE)
_API_HEAD = """# Python

Every name below is in `frontcalc` itself: `import frontcalc`, then `frontcalc.diff(["2024"], archive="maps")`.
Functions take what to measure by position and everything else by keyword. They print nothing, round nothing, and raise
only [errors](#errors) of frontcalc's for what is wrong with question or data. Heavy packages are loaded when they are
first needed. [A notebook](how-to/notebook.md) shows functions at work; [versioning](versioning.md) says what is
promised.

[Options](#options) and the classes of [results](#results) are described here for reading: import functions from
`frontcalc`, and take results as they come.
"""


def api() -> str:
    """Return docs/api.md."""
    grouped = {name for names in GROUPS.values() for name in names}
    other = tuple(name for name in frontcalc.__all__ if name not in grouped and name != "__version__")
    lines = [_API_HEAD]
    for title, names in (*GROUPS.items(), ("Other names", other)):
        if names:
            lines += [f"## {title}", ""]
            for name in names:
                lines += _entry(getattr(frontcalc, name), name)
    lines += ["## Options", "", "What functions take as `**options` and `**looks`, all of them keywords.", ""]
    for kind in (Options, Looks):
        lines += _entry(kind, kind.__name__)
    lines += ["## Results", "", "Rows are frozen values with the [columns](columns.md) of the CSV.", ""]
    for kind in RESULTS:
        lines += _entry(kind, kind.__name__)
    lines += ["## Version", "", "`frontcalc.__version__` is the version as text, as in `0.1.0`."]
    return "\n".join(lines) + "\n"


def _entry(thing: Any, name: str) -> list[str]:
    """Return the lines of a function or class, a class's own public methods and properties after it."""
    lines = [f"### {name}", ""]
    if inspect.isfunction(thing):
        lines += ["```python", _signature(thing, f"frontcalc.{name}"), "```", ""]
    elif issubclass(thing, Exception):
        bases = " and ".join(f"a kind of `{base.__name__}`" for base in thing.__bases__)
        lines += [f"Exit code {thing.exit_code}; {bases}.", ""]
    lines += _docstring(thing)
    if is_dataclass(thing) and "Parameters" not in (thing.__doc__ or ""):
        lines += ["*Fields*", "", *(f"- `{field.name}: {field.type}`" for field in fields(thing)), ""]
    if inspect.isclass(thing) and not issubclass(thing, (Exception, dict)):
        for attribute, member in vars(thing).items():
            is_method = inspect.isfunction(member)
            if attribute.startswith("_") or not member.__doc__ or not (is_method or isinstance(member, property)):
                continue
            lines += [f"#### {name}.{attribute}", ""]
            if is_method:
                lines += ["```python", _signature(member, attribute), "```", ""]
            lines += _docstring(member)
    return lines


def _signature(function: Callable[..., Any], name: str) -> str:
    """Return a function's signature, a parameter a line where it is long."""
    signature = inspect.signature(function)
    parameters = [one for one in signature.parameters.values() if one.name != "self"]
    texts: list[str] = []
    for one in parameters:
        if one.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in texts:
            texts.append("*")
        stars = "**" if one.kind is inspect.Parameter.VAR_KEYWORD else ""
        kind = "" if one.annotation is inspect.Parameter.empty else f": {one.annotation}"
        default = "" if one.default is inspect.Parameter.empty else f" = {one.default!r}"
        texts.append(f"{stars}{one.name}{kind}{default}")
    result = signature.return_annotation
    told = "" if result is inspect.Signature.empty else f" -> {result}"
    line = f"{name}({', '.join(texts)}){told}"
    if len(line) <= _WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {text},\n" for text in texts) + f"){told}"


def _docstring(thing: Any) -> list[str]:
    """Return a docstring in numpydoc's form as Markdown."""
    # As it is written: the help of a facade lists the options that the page has once.
    prose, *sections = _SECTION.split((inspect.getdoc(inspect.unwrap(thing)) or "").replace("``", "`"))
    lines = [prose.strip(), ""] if prose.strip() else []
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        if title == "Examples":
            lines += ["```pycon", body.strip(), "```", ""]
        else:
            lines += [f"*{title}*", "", *_items(body), ""]
    return lines


def _items(body: str) -> Iterator[str]:
    """Yield the entries of a section as a list."""
    for entry in re.split(r"\n(?=\S)", body.strip("\n")):
        first, _, rest = entry.partition("\n")
        name, colon, kind = first.partition(" : ")
        names = ", ".join(f"`{one.strip()}`" for one in name.split(", "))
        told = textwrap.dedent(rest).strip().replace("\n", " ")
        yield f"- {names}{f' ({kind})' if colon else ''}{f': {told}' if told else ''}"


# --- docs/commands.md: every command with its arguments and options, as click knows them -------------------------

Option = tuple[str, str]
"""An option as the page tells it: its names and value, and what it does."""

# An option that so many commands have alike is described once.
_SHARED_BY = 3
_NAMED = 6
# Where to read on, beside the command's help.
READ_ON = {
    "diff": "[the tutorial](tutorial.md), [method](method.md)",
    "held": "[the tutorial](tutorial.md)",
    "series": "[outputs](outputs.md), [the cache](cache.md)",
    "summary": "[summaries](summaries.md), [a nightly job](how-to/nightly-job.md)",
    "ledger": "[each piece of ground once](ledger.md)",
    "where": "[where it was](where.md)",
    "report": "[the page](report.md)",
    "fetch": "[sources](sources.md)",
    "flows": "[flows](flows.md)",
    "places": "[flows and towns](flows.md#which-towns)",
    "verify": "[claims](claims.md)",
    "again": "[receipts](receipts.md)",
    "map": "[maps and charts](maps.md), [the gallery](gallery.md)",
    "plot": "[maps and charts](maps.md), [the gallery](gallery.md)",
    "sensitivity": "[method](method.md#how-sure-a-figure-is)",
    "compare": "[method](method.md#several-publishers)",
    "consensus": "[what all maps agree on](consensus.md)",
    "archive": "[archives](archives.md), [findings](findings.md)",
    "regions": "[regions](regions.md)",
    "cache": "[the cache](cache.md)",
    "completion": "[at the terminal](terminal.md#completion)",
}
_COMMANDS_HEAD = """# Commands

Every command with every option, as `--help` has it. Data goes to standard output, everything else to standard error.
The exit code is 0 where all is well, 1 where a check that was asked for did not hold, 2 for a wrong question, 3 for a
broken file and for what the system refuses (memory, a full disk, a permission), 4 where the archive has no answer. What
several commands have alike is [at the end](#shared-options).
"""


def commands(of: click.Group = group, within: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, groups before what is in them."""
    context = click.Context(of, **of.context_settings)
    for name in of.list_commands(context):
        command = of.get_command(context, name)
        assert command is not None
        yield f"{within}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} ")


def options_of(command: click.Command) -> Iterator[Option]:
    """Yield the options of a command, in the order of its help: values that one may have stand before what it does."""
    context = click.Context(command, help_option_names=["-h", "--help"])
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record:
            values = re.fullmatch(r"(?P<names>.*) \[(?P<values>[^\]]+)\]", record[0])
            if values:
                *others, last = [f"`{value}`" for value in values["values"].split("|")]
                yield values["names"], f"{', '.join(others)} or {last}. {_escaped(record[1])}"
            else:
                yield record[0].replace("|", "\\|"), _escaped(record[1])


def commands_page() -> str:
    """Return docs/commands.md."""
    every = dict(commands())
    users: dict[Option, list[str]] = {}
    for name, command in every.items():
        for option in options_of(command):
            users.setdefault(option, []).append(name)
    shared = {option: names for option, names in users.items() if len(names) >= _SHARED_BY}
    lines = [_COMMANDS_HEAD]
    for name, command in every.items():
        lines += _section(name, command, shared)
    lines += ["## Shared options", "", "| option | what it does | of |", "|---|---|---|"]
    for (option, told), names in shared.items():
        of = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} commands"
        lines.append(f"| `{option}` | {told} | {'every command' if len(names) == len(every) else of} |")
    return "\n".join(lines) + "\n"


def _section(name: str, command: click.Command, shared: dict[Option, list[str]]) -> list[str]:
    """Return the lines of one command."""
    usage = command.collect_usage_pieces(click.Context(command))
    heading = f"{'###' if ' ' in name else '##'} {name}"
    lines = [heading, "", "```text", " ".join(["frontcalc", name, *usage]), "```", "", *_help(command), ""]
    options = list(options_of(command))
    if own := [f"| `{names}` | {told} |" for names, told in options if (names, told) not in shared]:
        lines += ["| option | what it does |", "|---|---|", *own, ""]
    also = [names.split(",")[-1].split()[0] for names, told in options if (names, told) in shared]
    if also := [f"`{option}`" for option in also if option != "--help"]:
        lines += [f"And {', '.join(also)}: [shared options](#shared-options).", ""]
    if name in READ_ON:
        lines += [f"More: {READ_ON[name]}.", ""]
    return lines


def _help(command: click.Command) -> list[str]:
    """Return a command's help as Markdown: paragraphs, and examples as blocks."""
    lines: list[str] = []
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        for line in paragraph.splitlines():
            example = "  " in line or line.startswith("frontcalc ")
            inside = bool(lines) and lines[-1].startswith("    ")
            if example != inside and lines and lines[-1]:
                lines.append("")
            lines.append(f"    {line.strip()}" if example else _escaped(line))
        lines.append("")
    return lines[:-1]


def _escaped(text: str) -> str:
    """Return a text in which no mark of Markdown's counts, for a cell of a table."""
    for mark in ("\\", "|", "*", "<"):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


# --- docs/columns.md and docs/schema.json: the columns of every kind of table -------------------------------------

_COLUMNS_HEAD = """# Columns

What each kind of table has, and what each column says. [Outputs](outputs.md#columns) has what holds of all of them.

## Kinds of tables
"""
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
    "share": ("`places --town`", "a map that shows how much of a place is held"),
    "sensitivity": ("`sensitivity`", "an assumption, its choice and a region"),
    "compare": ("`compare`", "a period, archive and region"),
    "consensus": ("`consensus`", "an archive and region, or town"),
    "where": ("`where`", "a town, or a connected part of the change, and actor"),
    "claim": ("`verify`", "a claim, or claims that contradict each other"),
    "record": ("`summary --records`", "a record of the last period that is over, and actor"),
    "layer": ("`archive list`", "a date and layer"),
    "legend": ("`archive explain`", "a layer, or a value of a property that may tell one"),
    "finding": ("`archive check`", "a fault, on one map or on several in turn"),
    "region": ("`regions list`, `regions fetch`", "a region of a set"),
    "region-detail": ("`regions show`", "a region, at length"),
    "region-check": ("`regions check`", "a region of a file"),
    "change polygons": (
        "`diff -o FILE.geojson`",
        "a period, actor, region, gained or lost, and slivers or broader ground",
    ),
    "change polygons by town": (
        "`where -o FILE.geojson`",
        "a town or part, gained or lost, and slivers or not",
    ),
    "pieces of ground": ("`ledger -o FILE.gpkg`", "an actor, region, town, and days of coming and going"),
    "ground of several archives": (
        "`consensus -o FILE.geojson`",
        "a kind, region or town, and the archives that show it",
    ),
}
POLYGONS = {
    ChangeRow: "change polygons",
    TownChangeRow: "change polygons by town",
    LedgerRow: "pieces of ground",
    SharedGroundRow: "ground of several archives",
}
NAMED = {**{kind: schema_name(kind) for kind in PUBLISHED}, **POLYGONS}
_TYPES = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}


def _laid_out(value: Any, indent: str = "") -> str:
    """Return JSON with a member a line, or the whole on one where it fits."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent + line) < _WIDTH or not isinstance(value, (dict, list)):
        return line
    if isinstance(value, dict) and len(value) == 1:
        ((name, only),) = value.items()
        return f"{{{json.dumps(name)}: {_laid_out(only, indent)}}}"
    deeper = f"{indent}  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}: {_laid_out(one, deeper)}" for name, one in value.items()]
    elif isinstance(value[0], str):
        parts = [textwrap.fill(line[1:-1], _WIDTH, initial_indent=deeper, subsequent_indent=deeper).lstrip()]
    else:
        parts = [_laid_out(one, deeper) for one in value]
    return "\n".join([line[0], ",\n".join(deeper + part for part in parts), indent + line[-1]])


def columns_page() -> str:
    """Return docs/columns.md: what writes each kind of table, and its columns in order; what each column says."""
    kinds = []
    found: dict[str, tuple[Column, list[str]]] = {}
    for kind, name in NAMED.items():
        own, (writer, row) = columns(kind), KINDS[name]
        kinds.append(f"| {name} | {writer} | {row} | {', '.join(column.name for column in own)} |")
        for column in own:
            found.setdefault(column.name, (column, []))[1].append(name)
    lines = [_COLUMNS_HEAD, "| kind | written by | a row is | columns, in order |", "|---|---|---|---|", *kinds]
    lines += ["", "## Every column", "", "| column | unit | kind | in | what it says |", "|---|---|---|---|---|"]
    for name, (column, places) in found.items():
        type_name = _TYPES.get(column.kind.__name__, column.kind.__name__)
        told = column.definition.replace("|", "\\|")
        lines.append(f"| `{name}` | {column.unit} | {type_name} | {', '.join(places)} | {told} |")
    lines.append(f"| `attribution` | | text | CSV, polygons | {DEFINITIONS['attribution']} |")
    return "\n".join(lines) + "\n"


# --- all of them -------------------------------------------------------------------------------------------------

Pages = dict[str, Callable[[], str]]
COMMITTED: Pages = {"commands.md": commands_page, "schema.json": lambda: _laid_out(json_schema()) + "\n"}
# Errors.md is built too, by tests/test_errors.py, which makes the errors.
BUILT: Pages = {"api.md": api, "columns.md": columns_page, "messages.md": source_messages.page}

if __name__ == "__main__":
    for path, content in (COMMITTED | BUILT).items():
        (DOCS / path).write_text(content(), encoding="utf-8")
