"""`frontcalc report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from frontcalc.cli import options, terminal, writing
from frontcalc.cli.command import Command


@click.command("report", cls=Command)
@options.periods
@options.archive
@options.measuring
@options.workers
@click.option(
    "--range/--no-range",
    "with_range",
    default=True,
    show_default=True,
    help="Show the least and the most under assumptions open to argument; see «frontcalc sensitivity».",
)
@options.path_option("-o", "--output", required=True, help="The page, as in report.html; - is stdout.")
@options.loudness
def command(periods: tuple[str, ...], output: str, **how: Any) -> None:
    """Write one HTML page of what changed in each PERIOD, and where.

    \b
    It has the figures by region, a map with a slider through the maps of the
    archive, a chart and a table, opens from disk and loads nothing:
      frontcalc report 2023 2024 --archive maps/ -o report.html

    Needs frontcalc[viz].
    """  # noqa: D301 - click needs the character that \b stands for
    import frontcalc

    if output != "-" and Path(output).suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"-o {output}: the page is HTML; name it as in report.html")
    with terminal.progress():
        page = frontcalc.report(periods, **options.given(how))
    writing.write(page.encode(), output)
