"""`frontcalc diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import frontcalc
from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command


@click.command("diff", cls=Command)
@options.periods_or_files
@options.archive
@options.measuring
@options.slivers
@options.workers_or_cluster
@click.option(
    "--range",
    "with_range",
    is_flag=True,
    help="Add the least and the most under assumptions open to argument; see «frontcalc sensitivity».",
)
@writing.output_or_map
def command(
    periods: tuple[str | Path, ...], archive: str | None, with_range: bool, format_: str, output: str | None, **how: Any
) -> None:
    """Measure territory gained and lost (km²) in each PERIOD, by region.

    \b
    A period is a year, quarter, month, ISO week or day, or a range of them:
      2023   2024-Q3   2024-09   2024-W36   2024-11-03
      2024-09-01..2024-11-03   2024..   ..2023
    A year, quarter, month or week opens with the map of the day before it. A day
    that starts a range stands for that day's own map.

    \b
    Two files instead of periods are compared with each other:
      frontcalc diff before.geojson after.geojson

    The forms geojson, gpkg and geoparquet are maps of where ground changed hands.
    """  # noqa: D301 - click needs the character that \b stands for
    mapped = format_ in writing.MAP_FORMATS
    if with_range and mapped:
        raise click.UsageError("--range is of figures, and a map of change has none: choose another --format")
    names, files = types.periods_or_files(periods)
    how["with_range"] = with_range or None
    with terminal.progress():
        if files:
            between = frontcalc.changes_between if mapped else frontcalc.diff_files
            result = between(files[0], files[1], **options.given(how))
        else:
            over_periods = frontcalc.changes if mapped else frontcalc.diff
            result = over_periods(names, **options.given(how | {"archive": archive}))
    writing.emit(result, format_, output)
