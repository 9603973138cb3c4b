"""Write docs/commands.md: every command with its arguments and options, as click knows them.

    python scripts/publish_commands.py

A test holds the page against what this would write.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from frontcalc.cli import group

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
# An option that so many commands have alike is described once.
_SHARED_BY = 3
_NAMED = 6
# Where to read on, beside the command's help.
PAGES = {
    "diff": "[the tutorial](tutorial.md), [method](method.md)",
    "held": "[the tutorial](tutorial.md)",
    "series": "[outputs](outputs.md), [the cache](cache.md)",
    "summary": "[summaries](summaries.md), [a nightly job](how-to/nightly-job.md)",
    "report": "[the page](report.md)",
    "fetch": "[sources](sources.md)",
    "flows": "[flows](flows.md)",
    "places": "[flows and towns](flows.md#which-towns)",
    "verify": "[claims](claims.md)",
    "map": "[maps and charts](maps.md), [the gallery](gallery.md)",
    "plot": "[maps and charts](maps.md), [the gallery](gallery.md)",
    "sensitivity": "[method](method.md#how-sure-a-figure-is)",
    "compare": "[method](method.md#several-publishers)",
    "archive": "[archives](archives.md), [findings](findings.md)",
    "regions": "[regions](regions.md)",
    "cache": "[the cache](cache.md)",
    "completion": "[at the terminal](terminal.md#completion)",
}
_HEAD = """# Commands

Every command with every option, as `--help` has it. Data goes to standard output, everything else to standard error.
The exit code is 0 where all is well, 1 where a check that was asked for did not hold, 2 for a wrong question, 3 for a
broken file and for what the system refuses (memory, a full disk, a permission), 4 where the archive has no answer. What
several commands have alike is [at the end](#shared-options).
"""


@dataclass(frozen=True, slots=True)
class Option:
    """An option as the page tells it: its names and value, and what it does."""

    names: str
    told: str

    @property
    def row(self) -> str:
        """The row of a table."""
        return f"| `{self.names}` | {self.told} |"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, groups before what is in them."""
    context = click.Context(group, info_name="frontcalc", **group.context_settings)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            inner = click.Context(command, info_name=name, parent=context)
            for under in command.list_commands(inner):
                found = command.get_command(inner, under)
                assert found is not None
                yield f"{name} {under}", found


def options_of(command: click.Command) -> list[Option]:
    """Return the options of a command, in the order of its help."""
    context = click.Context(command, help_option_names=["-h", "--help"])
    options = [parameter for parameter in command.get_params(context) if isinstance(parameter, click.Option)]
    records = [option.get_help_record(context) for option in options]
    return [_option(names, told) for names, told in filter(None, records)]


def _option(names: str, told: str) -> Option:
    """Return an option as the page tells it: the values that it may have stand before what it does."""
    values = re.fullmatch(r"(?P<names>.*) \[(?P<values>[^\]]+)\]", names)
    if not values:
        return Option(names.replace("|", "\\|"), _escaped(told))
    *others, last = [f"`{value}`" for value in values["values"].split("|")]
    return Option(values["names"], f"{', '.join(others)} or {last}. {_escaped(told)}")


def page() -> str:
    """Return docs/commands.md."""
    every = dict(commands())
    users: dict[Option, list[str]] = {}
    for name, command in every.items():
        for option in options_of(command):
            users.setdefault(option, []).append(name)
    shared = {option: names for option, names in users.items() if len(names) >= _SHARED_BY}
    lines = [_HEAD]
    for name, command in every.items():
        lines += _section(name, command, shared)
    lines += ["## Shared options", "", "| option | what it does | of |", "|---|---|---|"]
    for option, names in shared.items():
        lines.append(f"{option.row} {_users(names, len(every))} |")
    return "\n".join(lines) + "\n"


def _users(names: list[str], most: int) -> str:
    """Return which commands have an option, or how many where that is a long list."""
    if len(names) == most:
        return "every command"
    return ", ".join(names) if len(names) <= _NAMED else f"{len(names)} commands"


def _section(name: str, command: click.Command, shared: dict[Option, list[str]]) -> list[str]:
    """Return the lines of one command."""
    context = click.Context(command, info_name=f"frontcalc {name}")
    usage = " ".join([context.info_name or "", *command.collect_usage_pieces(context)])
    lines = [f"{'###' if ' ' in name else '##'} {name}", "", "```text", usage, "```", "", *_help(command), ""]
    own = [option for option in options_of(command) if option not in shared]
    if own:
        lines += ["| option | what it does |", "|---|---|", *(option.row for option in own), ""]
    also = [option.names.split(",")[-1].split()[0] for option in options_of(command) if option in shared]
    also = [f"`{names}`" for names in also if names != "--help"]
    if also:
        lines += [f"And {', '.join(also)}: [shared options](#shared-options).", ""]
    if name in PAGES:
        lines += [f"More: {PAGES[name]}.", ""]
    return lines


def _help(command: click.Command) -> list[str]:
    """Return a command's help as Markdown: paragraphs, and examples as blocks."""
    lines: list[str] = []
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        text = [line for line in paragraph.splitlines() if line != "\b"]
        for line in text:
            example = "  " in line
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


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
