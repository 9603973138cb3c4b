"""`frontcalc map` and `frontcalc plot`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import frontcalc
from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command, Group

if TYPE_CHECKING:
    from frontcalc.tables import Table


@click.command("map", cls=Command)
@options.periods_or_files
@click.option("--zoom", metavar="WHERE", help="auto for the change, a region, or W,S,E,N in degrees [default: auto].")
@options.archive
@options.measuring
@options.workers
@writing.picture
def map_command(
    periods: tuple[str | Path, ...],
    zoom: str | None,
    archive: str | None,
    output: str,
    form: str,
    looks: dict[str, Any],
    **how: Any,
) -> None:
    """Draw where ground was gained and lost in each PERIOD, over what was held at the opening.

    Several periods are drawn beside each other on one scale. Two files instead of
    periods are compared with each other. The title is the finding; figures are those
    of «frontcalc diff». Needs frontcalc[viz].
    """
    names, files = types.periods_or_files(periods)
    with terminal.progress():
        if files:
            scene = frontcalc.change_map_between(files[0], files[1], **options.given(how))
        else:
            scene = frontcalc.change_map(names, **options.given(how | {"archive": archive}))
        content = scene.image(form, zoom=zoom or "auto", **looks)
    writing.emit_picture(content, output, scene.table.meta)


@click.group("plot", cls=Group)
@click.pass_context
def plot_command(context: click.Context) -> None:
    """Draw charts: area held over time, gained and lost by period, regions by rank."""
    options.hand_down(context, plot_command)


@plot_command.command("series")
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
    from frontcalc.viz.curve import read_events

    looks |= {"events": read_events(events) if events else (), "gap": gap}
    _draw(frontcalc.series, looks=looks, **how)


@plot_command.command("summary")
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
    _draw(frontcalc.summary, **how)


@plot_command.command("regions")
@options.period
@options.archive
@options.measuring
@options.workers
@writing.picture
def regions_command(period: str, **how: Any) -> None:
    """Draw what was gained and lost in each region in a PERIOD, the largest net change first.

    The figures are those of «frontcalc diff».
    """
    _draw(frontcalc.diff, [period], **how)


def _draw(
    facade: Callable[..., Table[Any, Any]], *values: Any, output: str, form: str, looks: dict[str, Any], **how: Any
) -> None:
    """Call a facade with the options that were given, and progress shown; draw its table and write the picture."""
    with terminal.progress():
        result = facade(*values, **options.given(how))
        content = frontcalc.picture(result, **looks).image(form)
    writing.emit_picture(content, output, result.meta)
