"""`frontcalc compare`."""

from __future__ import annotations

from typing import Any

import click

from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command


@click.command("compare", cls=Command)
@click.argument("periods", type=types.period, nargs=-1, required=True, metavar="PERIOD [PERIOD …]")
@click.option(
    "--archive",
    "archives",
    metavar="PATH",
    multiple=True,
    required=True,
    shell_complete=types.paths,
    help="Folder, zip or file of dated maps; give it twice or more.",
)
@options.measuring
@options.workers
@writing.output_or_map
def command(
    periods: tuple[str, ...], archives: tuple[str, ...], format_: str | None, output: str | None, **how: Any
) -> None:
    """Measure each PERIOD on the maps of two or more publishers, side by side.

    \b
      frontcalc compare --archive isw --archive deepstate 2024-Q4

    Nothing is merged: each archive has its own maps, layers and notices, and where it
    has no map its figures are blank. The ranges are over the archives. «only» is what
    is held at the close on one archive's map and on none of the others.

    The forms geojson, gpkg and geoparquet are maps of that ground, pair by pair.
    """  # noqa: D301 - click needs the character that \b stands for
    import frontcalc

    side_by_side = frontcalc.disagreements if format_ in writing.MAP_FORMATS else frontcalc.compare
    with terminal.progress():
        result = side_by_side(periods, archives=archives, **options.given(how))
    writing.emit(result, format_, output)
