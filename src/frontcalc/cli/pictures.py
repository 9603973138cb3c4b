"""Commands that draw what was measured: a page, a map or a chart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import frontcalc
from frontcalc.cli import options, results, terminal
from frontcalc.periods import UNITS as UNITS_OF_TIME


@options.command("report")
@options.periods
@options.measuring
@options.workers
@options.option("--range/--no-range", f"Show {options.RANGE}", name="with_range", default=True, show_default=True)
@results.units
@options.option("-o --output FILE", "The page, as in report.html; - is stdout.", required=True)
@options.loudness
@options.help_all
def report_command(periods: tuple[str, ...], output: str, units: str | None, **how: Any) -> None:
    """Write one HTML page of what changed in each PERIOD, and where.

    frontcalc report 2023 2024 --archive maps/ -o report.html

    It has the figures by region, a map with a slider through the maps of the archive, a
    chart and a table, opens from disk and loads nothing. Needs bokeh: pip install ".[all]"
    in frontcalc's folder.
    """
    options.refuse_output()
    if output != "-" and Path(output).suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"-o {output}: the page is HTML; name it as in report.html")
    with terminal.progress():
        page = frontcalc.report(periods, units=units or "km2", **options.given(how))
    results.write(page.encode(), output)


@options.command("map")
@options.periods_or_two_files
@options.option("--zoom WHERE", "auto for the change, a region, or W,S,E,N in degrees [default: auto].")
@options.measuring
@options.workers
@results.picture
def map_command(periods: tuple[Any, ...], zoom: str | None, archive: str | None, **how: Any) -> None:
    """Draw where ground was gained and lost in each PERIOD, over what was held at the opening.

    frontcalc map 2024 --archive maps/ -o map.png
    frontcalc map 2023 2024 --zoom Donetsk --size wide -o map.svg
    frontcalc map before.geojson after.geojson -o map.png

    Several periods are drawn beside each other on one scale. Two files instead of
    periods are compared with each other. The title is the finding; figures are those
    of «frontcalc diff». Needs matplotlib: pip install ".[all]" in frontcalc's folder.
    """
    if isinstance(periods[0], Path):
        results.draw(frontcalc.change_map_between, *periods, zoom=zoom or "auto", **how)
    else:
        results.draw(frontcalc.change_map, periods, zoom=zoom or "auto", archive=archive, **how)


@click.group("plot", cls=options.Group)
def plot_command() -> None:
    """Draw charts: area held over time, gained and lost by period, regions by rank; and a map of rings.

    frontcalc plot series --since 2024 -o held.png
    frontcalc plot summary --every month -o months.png
    frontcalc plot regions 2024 -o regions.svg
    frontcalc plot rings -o rings.png
    """


@plot_command.command("series")
@options.period_or_none
@options.since_until
@options.option("--every", "A point at each.", type=click.Choice(options.STEPS), default="snapshot", show_default=True)
@options.option("--events FILE", "CSV of what to mark: columns date and label.")
@options.option("--gap DAYS", "Break the line where more days pass without a map [default: 3 × usual].", type=int)
@options.measuring
@options.workers
@results.picture
def plot_series(**how: Any) -> None:
    """Draw the area held over time; the figures are those of «frontcalc series»."""
    _draw(frontcalc.series, **options.within(how))


@plot_command.command("summary")
@options.period_or_none
@options.option("--every", "A bar each.", type=click.Choice(UNITS_OF_TIME), default="month", show_default=True)
@options.since_until
@options.measuring
@options.workers
@results.picture
def plot_summary(**how: Any) -> None:
    """Draw what was gained and lost in each year, quarter, month or week, and the net figure.

    Where periods differ in length, as months do, figures are per day. They are those of
    «frontcalc summary».
    """
    _draw(frontcalc.summary, **options.within(how))


@plot_command.command("regions")
@options.one_period
@options.measuring
@options.workers
@results.picture
def plot_regions(period: str, **how: Any) -> None:
    """Draw what was gained and lost in each region in a PERIOD, the largest net change first.

    The figures are those of «frontcalc diff».
    """
    _draw(frontcalc.diff, [period], **how)


@plot_command.command("rings")
@options.period_or_none
@options.measuring
@options.workers
@results.picture
def plot_rings(period: str | None, **how: Any) -> None:
    """Draw what is held at the end of a PERIOD, by the month in which it was last taken.

    The ground is that of «frontcalc ledger».
    """
    _draw(frontcalc.ledger, period, **how)


def _draw(facade: results.Facade, *values: Any, events: str | None = None, gap: int | None = None, **how: Any) -> None:
    """Call a facade with the options that were given, and progress shown; draw its table and write the picture."""
    from frontcalc.pictures.curve import read_events

    form, looks = results.picture_form()
    marked = read_events(events) if events else ()
    with terminal.progress():
        result = facade(*values, **options.given(how))
        content = frontcalc.picture(result, events=marked, gap=gap, **looks).image(form)
    results.emit(result, form, content)
