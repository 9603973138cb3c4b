"""`frontcalc held`."""

from __future__ import annotations

from typing import Any

import click

from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command


@click.command("held", cls=Command)
@click.argument("dates", type=types.date, nargs=-1, required=True, metavar="DATE [DATE …]")
@options.archive
@options.measuring
@options.workers
@writing.output
def command(dates: tuple[str, ...], archive: str | None, format_: str | None, output: str | None, **how: Any) -> None:
    """Measure the area held (km²) on each DATE (YYYY-MM-DD), by region.

    The map that stands for a date is the latest complete one on or before it.
    """
    import frontcalc

    maps = options.or_sample(archive)
    with terminal.progress():
        result = frontcalc.held(dates, archive=maps, **options.given(how))
    writing.emit(result, format_, output)
