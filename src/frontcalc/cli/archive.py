"""`frontcalc archive`."""

from __future__ import annotations

import sys
from typing import Any

import click

import frontcalc
from frontcalc.cli import options, terminal, writing
from frontcalc.cli.command import Group
from frontcalc.cli.types import paths


@click.group("archive", cls=Group)
@click.pass_context
def command(context: click.Context) -> None:
    """Work on archives of maps: list, check, explain and convert them."""
    options.hand_down(context, command)


@command.command("list")
@options.archive
@options.reading
@writing.output
def list_command(**how: Any) -> None:
    """List the maps: a row a date and layer, with parts, vertices and area (km²)."""
    writing.show(frontcalc.list_archive, **how)


@command.command("explain")
@click.argument("path", shell_complete=paths)
@click.option("--property", "field", metavar="FIELD", help="The property whose values tell the layers.")
@click.option(
    "--layer", "layers", multiple=True, metavar="VALUE=ACTOR ROLE", help="What a value means; may be repeated."
)
@click.option("--ignore", multiple=True, metavar="FIELD", help="A property that tells nothing; may be repeated.")
@options.path_option(
    "-o",
    "--output",
    "target",
    help="Where to write [default: frontcalc.toml in the folder, NAME.frontcalc.toml beside a file].",
)
@click.option("--force", is_flag=True, help="Write over an existing file; its other entries are kept.")
@click.option("--format", "format_", type=click.Choice(("table", "csv", "json", "markdown")), help="Form of the list.")
@options.reading
@options.loudness
def explain_command(
    path: str, field: str | None, layers: tuple[str, ...], ignore: tuple[str, ...], target: str | None,
    force: bool, format_: str | None, **how: Any,
) -> None:  # fmt: skip
    """List what tells the layers of the maps at PATH, and write once what it means.

    Without --layer or --ignore it lists: values, polygons, km², first and last map, and
    what frontcalc takes them for; on a terminal it then asks. With them it writes a toml,
    as with --property status --layer "held=Russia control" --layer "freed=Ukraine control".
    """
    meant = dict(options.layer_of(text) for text in layers)
    if not meant and not ignore:
        table = writing.show(frontcalc.explain_archive, archive=path, format_=format_, output=None, **how)
        if terminal.is_terminal(sys.stdin) and terminal.is_terminal(sys.stdout):
            field, meant, ignore = _answers(table, field)
        if not meant and not ignore:
            return
    written = frontcalc.write_legend(
        path, field=field, meanings=meant, ignore=ignore, output=target, force=force, **options.given(how)
    )
    terminal.say(f"wrote {written}" + ("" if target is None else f"; use it with --legend {written}"))


@command.command("check")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option(
    "--frozen", type=int, metavar="N", help="Report layers that stand still for N maps while others move [default: 5]."
)
@options.archive
@options.checking
@writing.output_of_check
def check_command(strict: bool, **how: Any) -> None:
    """Check the maps, and say what is wrong in which file, on which day and where.

    Each finding has a stable code, which docs/findings.md explains, and a severity:
    an error (the map cannot be measured, or would be measured wrongly), a warning
    (look before you print a figure) or info. Exit code 1 on errors.
    """
    result = writing.show(frontcalc.check_archive, **how)
    failing = [row.severity for row in result.rows if row.severity == "error" or (strict and row.severity == "warning")]
    if failing:
        counts = ", ".join(f"{severity} {failing.count(severity)}" for severity in dict.fromkeys(failing))
        raise frontcalc.CheckFailed(f"has findings: {counts}", where=result.meta.archive)


@command.command("convert")
@options.path_option(
    "-o", "--output", required=True, metavar="FILE|DIR", help="NAME.parquet, NAME.geojson, or a new folder."
)
@options.archive
@options.reading
@options.loudness
def convert_command(output: str, **how: Any) -> None:
    """Write the maps as tidy GeoParquet 1.1 or GeoJSON.

    NAME.parquet or NAME.geojson is one file of all maps, with columns date, layer,
    actor and role; anything else is a folder with a GeoJSON file a date. Either
    reads back to the same figures.
    """
    with terminal.progress():
        files = frontcalc.convert(output, **options.given(how))
    terminal.say(f"wrote {len(files)} file{'s' if len(files) != 1 else ''} to {output}")


def _answers(table: Any, field: str | None) -> tuple[str | None, dict[str, str], tuple[str, ...]]:
    """Return which property tells, what its values mean, and which properties tell nothing; one question a line."""
    asked = list(dict.fromkeys(row.property for row in table.rows if row.asked))
    if not asked:
        return field, {}, ()
    if field is None and len(asked) == 1:
        field = asked[0]
    while field is None or field not in asked:
        field = str(click.prompt(f"Which property tells whose ground it is ({', '.join(asked)})", err=True))
    meant = {}
    for row in table.rows:
        if row.property == field:
            question = f"{row.value!r}, {row.km2:,.1f} km²: actor and role, as in Russia control; empty to leave it out"
            if answer := click.prompt(question, default="", show_default=False, err=True).strip():
                meant[row.value] = answer
    if not meant and click.confirm(f"Do the values of {field!r} tell nothing", err=True):
        return None, {}, (field,)
    return field, meant, ()
