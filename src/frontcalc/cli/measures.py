"""Commands that measure and write a table: held, series, flows, places, sensitivity, compare."""

from __future__ import annotations

from typing import Any

import click

from frontcalc.cli import options, types, writing
from frontcalc.cli.command import Command


@click.command("held", cls=Command)
@click.argument("dates", type=types.date, nargs=-1, required=True, metavar="DATE [DATE …]")
@options.archive
@options.measuring
@options.workers
@writing.output
def held(dates: tuple[str, ...], **how: Any) -> None:
    """Measure the area held (km²) on each DATE (YYYY-MM-DD), by region.

    The map that stands for a date is the latest complete one on or before it.
    """
    import frontcalc

    writing.show(frontcalc.held, dates, **how)


@click.command("series", cls=Command)
@options.since_until
@click.option("--every", type=click.Choice(options.STEPS), default="snapshot", show_default=True, help="A row at each.")
@options.archive
@options.measuring
@options.workers_or_cluster
@options.slivers
@writing.output
def series(**how: Any) -> None:
    """Measure the area held (km²) over time, and the change since the map before, by region."""
    import frontcalc

    writing.show(frontcalc.series, **how)


@click.command("flows", cls=Command)
@options.periods
@options.archive
@options.measuring
@options.workers
@writing.output
def flows(periods: tuple[str, ...], **how: Any) -> None:
    """Measure what ground turned from role to role (km²) in each PERIOD.

    The matrix shows whether a gain is new ground or ground moved from one layer to
    another: from none is gained, to none is lost, and all else was held before and after.

    Where layers overlap, the ground is control before advance before claimed. Rows and
    columns add up to the layers' areas less what an earlier role covers, which is said
    below the table. Totals only, unless --by or --regions is given.
    """
    import frontcalc

    writing.show(frontcalc.flows, periods, **how)


@click.command("places", cls=Command)
@options.periods
@options.path_option("--places", required=True, help="Named points: GeoJSON, or CSV with columns name, lon, lat.")
@options.archive
@options.measuring
@writing.output
def places(periods: tuple[str, ...], **how: Any) -> None:
    """List places that came under or out of an actor's hold in each PERIOD.

    Every map of the period is looked at, and each change has the first map that shows
    it and the map before. A place that came under and out again is listed twice.
    Named below the table are those that changed between the two ends.
    """
    import frontcalc

    writing.show(frontcalc.places, periods, **how)


@click.command("sensitivity", cls=Command)
@options.period
@options.archive
@options.measuring
@writing.output
def sensitivity(period: str, **how: Any) -> None:
    """Measure how gained, lost and net (km²) of a PERIOD move with each assumption.

    One assumption at a time is changed: the view, the maps that open and close the
    period, projection and edges, slivers, suspected redefinitions, the step of gross
    figures, regions and snapping. Each line says by how much the figures
    move, and whether that matters at the precision a newspaper prints.

    Totals only, unless --by, --only or --regions is given: regions and
    snapping move the figures of regions alone.
    """
    import frontcalc

    writing.show(frontcalc.sensitivity, period, **how)


@click.command("compare", cls=Command)
@options.periods
@options.path_option(
    "--archive",
    "archives",
    metavar="PATH",
    multiple=True,
    required=True,
    help="Folder, zip or file of dated maps; give it twice or more.",
)
@options.measuring
@options.workers
@writing.output_or_map
def compare(periods: tuple[str, ...], format_: str, **how: Any) -> None:
    """Measure each PERIOD on the maps of two or more publishers, side by side.

    \b
      frontcalc compare --archive isw --archive deepstate 2024-Q4

    Nothing is merged: each archive has its own maps, layers and notices, and where it
    has no map its figures are blank. The ranges are over the archives. «only» is what
    is held at the close on one archive's map and on none of the others.

    The forms geojson, gpkg and geoparquet are maps of that ground, pair by pair.
    """  # noqa: D301 - click needs the character that \b stands for
    import frontcalc

    side_by_side = frontcalc.disagreements if format_ in writing.MAP_FORMATS else frontcalc.compare
    writing.show(side_by_side, periods, format_=format_, **how)
