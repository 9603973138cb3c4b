"""`frontcalc plot`."""

from __future__ import annotations

from typing import Any

import click

from frontcalc.cli import images, options, terminal, types
from frontcalc.cli.command import Group
from frontcalc.cli.types import paths


@click.group("plot", cls=Group)
@click.pass_context
def command(context: click.Context) -> None:
    """Draw charts: area held over time, gained and lost by period, regions by rank."""
    options.hand_down(context, command)


@command.command("series")
@options.since_until
@click.option(
    "--every", type=click.Choice(options.STEPS), default="snapshot", show_default=True, help="A point at each."
)
@click.option("--events", metavar="FILE", shell_complete=paths, help="CSV of what to mark: columns date and label.")
@click.option(
    "--gap", type=int, metavar="DAYS", help="Break the line where more days pass without a map [default: 3 × usual]."
)
@options.archive
@options.measuring
@options.workers
@images.output
def series_command(
    events: str | None,
    gap: int | None,
    archive: str | None,
    output: str,
    form: str,
    looks: dict[str, Any],
    **how: Any,
) -> None:
    """Draw the area held over time; the figures are those of «frontcalc series»."""
    import frontcalc
    from frontcalc.viz.curve import read_events

    marked = read_events(events) if events else ()
    maps = options.or_sample(archive)
    with terminal.progress():
        result = frontcalc.series(archive=maps, **options.given(how))
        content = frontcalc.picture(result, events=marked, gap=gap, **looks).image(form)
    images.emit(content, output, result.meta)


@command.command("summary")
@click.option(
    "--every", type=click.Choice(options.UNITS_OF_TIME), default="month", show_default=True, help="A bar each."
)
@options.since_until
@options.archive
@options.measuring
@options.workers
@images.output
def summary_command(archive: str | None, output: str, form: str, looks: dict[str, Any], **how: Any) -> None:
    """Draw what was gained and lost in each year, quarter, month or week, and the net figure.

    Where periods differ in length, as months do, figures are per day. They are those of
    «frontcalc summary».
    """
    import frontcalc

    maps = options.or_sample(archive)
    with terminal.progress():
        result = frontcalc.summary(archive=maps, **options.given(how))
        content = frontcalc.picture(result, **looks).image(form)
    images.emit(content, output, result.meta)


@command.command("regions")
@click.argument("period", type=types.period, metavar="PERIOD")
@options.archive
@options.measuring
@options.workers
@images.output
def regions_command(
    period: str, archive: str | None, output: str, form: str, looks: dict[str, Any], **how: Any
) -> None:
    """Draw what was gained and lost in each region in a PERIOD, the largest net change first.

    The figures are those of «frontcalc diff».
    """
    import frontcalc

    maps = options.or_sample(archive)
    with terminal.progress():
        result = frontcalc.diff([period], archive=maps, **options.given(how))
        content = frontcalc.picture(result, **looks).image(form)
    images.emit(content, output, result.meta)
