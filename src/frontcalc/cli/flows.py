"""`frontcalc flows`."""

from __future__ import annotations

from typing import Any

import click

from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command


@click.command("flows", cls=Command)
@click.argument("periods", type=types.period, nargs=-1, required=True, metavar="PERIOD [PERIOD …]")
@options.archive
@options.measuring
@options.workers
@writing.output
def command(periods: tuple[str, ...], archive: str | None, format_: str | None, output: str | None, **how: Any) -> None:
    """Measure what ground turned from role to role (km²) in each PERIOD.

    The matrix shows whether a gain is new ground or ground moved from one layer to
    another: from none is gained, to none is lost, and all else was held before and after.

    Where layers overlap, the ground is control before advance before claimed. Rows and
    columns add up to the layers' areas less what an earlier role covers, which is said
    below the table. Totals only, unless --by or --regions is given.
    """
    import frontcalc

    maps = options.or_sample(archive)
    with terminal.progress():
        result = frontcalc.flows(periods, archive=maps, **options.given(how))
    writing.emit(result, format_, output)
