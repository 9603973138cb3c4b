"""`frontcalc report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command


@click.command("report", cls=Command)
@click.argument("periods", type=types.period, nargs=-1, required=True, metavar="PERIOD [PERIOD …]")
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
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    shell_complete=types.paths,
    help="The page, as in report.html; - is stdout.",
)
@options.loudness
def command(periods: tuple[str, ...], archive: str | None, with_range: bool, output: str, **how: Any) -> None:
    """Write one HTML page of what changed in each PERIOD, and where.

    \b
    It has the figures by region, a map with a slider through the maps of the
    archive, a chart and a table, opens from disk and loads nothing:
      frontcalc report 2023 2024 --archive maps/ -o report.html

    Needs frontcalc[viz].
    """  # noqa: D301 - click needs the character that \b stands for
    import frontcalc
    from frontcalc.outputs import write_file

    if output != "-" and Path(output).suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"-o {output}: the page is HTML; name it as in report.html")
    maps = options.or_sample(archive)
    with terminal.progress():
        page = frontcalc.report(periods, archive=maps, with_range=with_range, **options.given(how))
    if output == "-":
        writing.print_text(page)
    else:
        write_file(Path(output), page)
