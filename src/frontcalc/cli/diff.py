"""`frontcalc diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from frontcalc.cli import options, terminal


@click.command("diff")
@click.argument("periods", type=options.PeriodOrFile(), nargs=-1, required=True, metavar="PERIOD [PERIOD …]")
@options.archive
@options.measuring
@options.output
def command(
    periods: tuple[str | Path, ...], archive: str | None, format_: str | None, output: str | None, **how: Any
) -> None:
    r"""Measure territory gained and lost (km²) in each PERIOD, by region.

    \b
    A period is a year, quarter, month, ISO week or day, or a range of them:
      2023   2024-Q3   2024-09   2024-W36   2024-11-03
      2024-09-01..2024-11-03   2024..   ..2023
    A year, quarter, month or week opens with the map of the day before it. A day
    that starts a range stands for that day's own map.

    \b
    Two files instead of periods are compared with each other:
      frontcalc diff before.geojson after.geojson
    """
    import frontcalc

    files = [item for item in periods if isinstance(item, Path)]
    names = [item for item in periods if isinstance(item, str)]
    if not files:
        maps = options.or_sample(archive)
        with terminal.progress():
            result = frontcalc.diff(names, archive=maps, **options.given(how))
    elif len(files) == 2 and not names:
        with terminal.progress():
            result = frontcalc.diff_files(files[0], files[1], **options.given(how))
    else:
        raise click.UsageError("give periods, or exactly two files to compare")
    options.emit(result, format_, output)
