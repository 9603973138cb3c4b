"""`frontcalc places`."""

from __future__ import annotations

from typing import Any

import click

from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command


@click.command("places", cls=Command)
@click.argument("periods", type=types.period, nargs=-1, required=True, metavar="PERIOD [PERIOD …]")
@click.option(
    "--places",
    metavar="FILE",
    required=True,
    shell_complete=types.paths,
    help="Named points: GeoJSON, or CSV with columns name, lon, lat.",
)
@options.archive
@options.measuring
@writing.output
def command(
    periods: tuple[str, ...],
    places: str,
    archive: str | None,
    format_: str | None,
    output: str | None,
    **how: Any,
) -> None:
    """List places that came under or out of an actor's hold in each PERIOD.

    Every map of the period is looked at, and each change has the first map that shows
    it and the map before. A place that came under and out again is listed twice.
    Named below the table are those that changed between the two ends.
    """
    import frontcalc

    maps = options.or_sample(archive)
    with terminal.progress():
        result = frontcalc.places(periods, places=places, archive=maps, **options.given(how))
    writing.emit(result, format_, output)
