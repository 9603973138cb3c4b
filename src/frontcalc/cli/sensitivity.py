"""`frontcalc sensitivity`."""

from __future__ import annotations

from typing import Any

import click

from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command


@click.command("sensitivity", cls=Command)
@click.argument("period", type=types.period, metavar="PERIOD")
@options.archive
@options.measuring
@writing.output
def command(period: str, archive: str | None, format_: str | None, output: str | None, **how: Any) -> None:
    """Measure how gained, lost and net (km²) of a PERIOD move with each assumption.

    One assumption at a time is changed: the view, the maps that open and close the
    period, projection and edges, slivers, suspected redefinitions, the step of gross
    figures, regions and snapping. Each line says by how much the figures
    move, and whether that matters at the precision a newspaper prints.

    Totals only, unless --by, --only or --regions is given: regions and
    snapping move the figures of regions alone.
    """
    import frontcalc

    maps = options.or_sample(archive)
    with terminal.progress():
        result = frontcalc.sensitivity(period, archive=maps, **options.given(how))
    writing.emit(result, format_, output)
