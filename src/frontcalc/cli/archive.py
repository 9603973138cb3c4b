"""`frontcalc archive`."""

from __future__ import annotations

from typing import Any

import click

from frontcalc.cli import options, terminal


@click.group("archive")
def command() -> None:
    """Work on archives of maps."""


@command.command("convert")
@click.option("-o", "--output", required=True, metavar="FILE|DIR", help="NAME.parquet, NAME.geojson, or a new folder.")
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
