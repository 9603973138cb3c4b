"""`frontcalc series`."""

from __future__ import annotations

from typing import Any

import click

from frontcalc.cli import options, terminal, writing
from frontcalc.cli.command import Command


@click.command("series", cls=Command)
@options.since_until
@click.option("--every", type=click.Choice(options.STEPS), default="snapshot", show_default=True, help="A row at each.")
@options.archive
@options.measuring
@options.workers_or_cluster
@options.slivers
@writing.output
def command(
    since: str | None,
    until: str | None,
    every: str,
    archive: str | None,
    format_: str | None,
    output: str | None,
    **how: Any,
) -> None:
    """Measure the area held (km²) over time, and the change since the map before, by region."""
    import frontcalc

    maps = options.or_sample(archive)
    with terminal.progress():
        result = frontcalc.series(archive=maps, since=since, until=until, every=every, **options.given(how))
    writing.emit(result, format_, output)
