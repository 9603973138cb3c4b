"""`frontcalc archive`."""

from __future__ import annotations

from typing import Any

import click

from frontcalc.cli import options, terminal, writing
from frontcalc.cli.command import Group
from frontcalc.cli.types import paths


@click.group("archive", cls=Group)
@click.pass_context
def command(context: click.Context) -> None:
    """Work on archives of maps: list, check and convert them."""
    options.hand_down(context, command)


@command.command("list")
@options.archive
@options.reading
@writing.output
def list_command(archive: str | None, format_: str | None, output: str | None, **how: Any) -> None:
    """List the maps: a row a date and layer, with parts, vertices and area (km²)."""
    import frontcalc

    maps = options.or_sample(archive)
    with terminal.progress():
        result = frontcalc.list_archive(archive=maps, **options.given(how))
    writing.emit(result, format_, output)


@command.command("check")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option(
    "--frozen", type=int, metavar="N", help="Report layers that stand still for N maps while others move [default: 5]."
)
@options.archive
@options.checking
@writing.output_of_check
def check_command(strict: bool, archive: str | None, format_: str | None, output: str | None, **how: Any) -> None:
    """Check the maps, and say what is wrong in which file, on which day and where.

    Each finding has a stable code, which docs/findings.md explains, and a severity:
    an error (the map cannot be measured, or would be measured wrongly), a warning
    (look before you print a figure) or info. Exit code 1 on errors.
    """
    import frontcalc

    maps = options.or_sample(archive)
    with terminal.progress():
        result = frontcalc.check_archive(archive=maps, **options.given(how))
    writing.emit(result, format_, output)
    failing = [row.severity for row in result.rows if row.severity == "error" or (strict and row.severity == "warning")]
    if failing:
        counts = ", ".join(f"{severity} {failing.count(severity)}" for severity in dict.fromkeys(failing))
        raise frontcalc.CheckFailed(f"has findings: {counts}", where=result.meta.archive)


@command.command("convert")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE|DIR",
    shell_complete=paths,
    help="NAME.parquet, NAME.geojson, or a new folder.",
)
@options.archive
@options.reading
@options.loudness
def convert_command(output: str, archive: str | None, **how: Any) -> None:
    """Write the maps as tidy GeoParquet 1.1 or GeoJSON.

    NAME.parquet or NAME.geojson is one file of all maps, with columns date, layer,
    actor and role; anything else is a folder with a GeoJSON file a date. Either
    reads back to the same figures.
    """
    import frontcalc

    maps = options.or_sample(archive)
    with terminal.progress():
        files = frontcalc.convert(output, archive=maps, **options.given(how))
    terminal.say(f"wrote {len(files)} file{'s' if len(files) != 1 else ''} to {output}")
