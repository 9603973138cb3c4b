"""`frontcalc plot`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from frontcalc.cli import options, terminal, writing
from frontcalc.cli.command import Group

if TYPE_CHECKING:
    from frontcalc.tables import Table


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
@options.path_option("--events", help="CSV of what to mark: columns date and label.")
@click.option(
    "--gap", type=int, metavar="DAYS", help="Break the line where more days pass without a map [default: 3 × usual]."
)
@options.archive
@options.measuring
@options.workers
@writing.picture
def series_command(events: str | None, gap: int | None, looks: dict[str, Any], **how: Any) -> None:
    """Draw the area held over time; the figures are those of «frontcalc series»."""
    import frontcalc
    from frontcalc.viz.events import read_events

    looks |= {"events": read_events(events) if events else (), "gap": gap}
    _draw(frontcalc.series, looks=looks, **how)


@command.command("summary")
@click.option(
    "--every", type=click.Choice(options.UNITS_OF_TIME), default="month", show_default=True, help="A bar each."
)
@options.since_until
@options.archive
@options.measuring
@options.workers
@writing.picture
def summary_command(**how: Any) -> None:
    """Draw what was gained and lost in each year, quarter, month or week, and the net figure.

    Where periods differ in length, as months do, figures are per day. They are those of
    «frontcalc summary».
    """
    import frontcalc

    _draw(frontcalc.summary, **how)


@command.command("regions")
@options.period
@options.archive
@options.measuring
@options.workers
@writing.picture
def regions_command(period: str, **how: Any) -> None:
    """Draw what was gained and lost in each region in a PERIOD, the largest net change first.

    The figures are those of «frontcalc diff».
    """
    import frontcalc

    _draw(frontcalc.diff, [period], **how)


def _draw(
    facade: Callable[..., Table[Any, Any]], *values: Any, output: str, form: str, looks: dict[str, Any], **how: Any
) -> None:
    """Call a facade with the options that were given, and progress shown; draw its table and write the picture."""
    import frontcalc

    with terminal.progress():
        result = facade(*values, **options.given(how))
        content = frontcalc.picture(result, **looks).image(form)
    writing.emit_picture(content, output, result.meta)
