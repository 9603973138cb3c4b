"""`frontcalc map` and `frontcalc plot`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import frontcalc
from frontcalc.cli import options, terminal, writing

if TYPE_CHECKING:
    from frontcalc.tables import Table


@click.command("map")
@options.periods_or_two_files
@click.option("--zoom", metavar="WHERE", help="auto for the change, a region, or W,S,E,N in degrees [default: auto].")
@options.measuring
@options.workers
@writing.picture
def map_command(periods: tuple[Any, ...], zoom: str | None, archive: str | None, **how: Any) -> None:
    """Draw where ground was gained and lost in each PERIOD, over what was held at the opening.

    Several periods are drawn beside each other on one scale. Two files instead of
    periods are compared with each other. The title is the finding; figures are those
    of «frontcalc diff». Needs matplotlib: pip install ".[all]" in frontcalc's folder.
    """
    form, looks = writing.picture_asked()
    with terminal.progress():
        if isinstance(periods[0], Path):
            scene = frontcalc.change_map_between(*periods, **options.given(how))
        else:
            scene = frontcalc.change_map(periods, **options.given(how | {"archive": archive}))
        content = scene.image(form, zoom=zoom or "auto", **looks)
    writing.emit_picture(content, scene.table.meta)


@click.group("plot", cls=options.Group)
def plot_command() -> None:
    """Draw charts: area held over time, gained and lost by period, regions by rank."""


@plot_command.command("series")
@options.since_until
@click.option(
    "--every", type=click.Choice(options.STEPS), default="snapshot", show_default=True, help="A point at each."
)
@options.path_option("--events", help="CSV of what to mark: columns date and label.")
@click.option(
    "--gap", type=int, metavar="DAYS", help="Break the line where more days pass without a map [default: 3 × usual]."
)
@options.measuring
@options.workers
@writing.picture
def series_command(**how: Any) -> None:
    """Draw the area held over time; the figures are those of «frontcalc series»."""
    _draw(frontcalc.series, **how)


@plot_command.command("summary")
@click.option(
    "--every", type=click.Choice(options.UNITS_OF_TIME), default="month", show_default=True, help="A bar each."
)
@options.since_until
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
@options.one_period
@options.measuring
@options.workers
@writing.picture
def regions_command(period: str, **how: Any) -> None:
    """Draw what was gained and lost in each region in a PERIOD, the largest net change first.

    The figures are those of «frontcalc diff».
    """
    _draw(frontcalc.diff, [period], **how)


def _draw(
    facade: Callable[..., Table[Any, Any]],
    *values: Any,
    events: str | None = None,
    gap: int | None = None,
    **how: Any,
) -> None:
    """Call a facade with the options that were given, and progress shown; draw its table and write the picture."""
    from frontcalc.viz.curve import read_events

    form, looks = writing.picture_asked()
    marked = read_events(events) if events else ()
    with terminal.progress():
        result = facade(*values, **options.given(how))
        content = frontcalc.picture(result, events=marked, gap=gap, **looks).image(form)
    writing.emit_picture(content, result.meta)
