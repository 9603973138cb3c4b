"""Commands that measure by one facade: held, series, flows, places, sensitivity, compare, verify, report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import frontcalc
from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command
from frontcalc.errors import CheckFailed


@click.command("held", cls=Command)
@click.argument("dates", type=types.date, nargs=-1, required=True, metavar="DATE [DATE …]")
@options.archive
@options.measuring
@options.workers
@writing.output
def held_command(dates: tuple[str, ...], **how: Any) -> None:
    """Measure the area held (km²) on each DATE (YYYY-MM-DD), by region.

    The map that stands for a date is the latest complete one on or before it.
    """
    writing.show(frontcalc.held, dates, **how)


@click.command("series", cls=Command)
@options.since_until
@click.option("--every", type=click.Choice(options.STEPS), default="snapshot", show_default=True, help="A row at each.")
@options.archive
@options.measuring
@options.workers_or_cluster
@options.slivers
@writing.output
def series_command(**how: Any) -> None:
    """Measure the area held (km²) over time, and the change since the map before, by region."""
    writing.show(frontcalc.series, **how)


@click.command("flows", cls=Command)
@options.periods
@options.archive
@options.measuring
@options.workers
@writing.output
def flows_command(periods: tuple[str, ...], **how: Any) -> None:
    """Measure what ground turned from role to role (km²) in each PERIOD.

    The matrix shows whether a gain is new ground or ground moved from one layer to
    another: from none is gained, to none is lost, and all else was held before and after.

    Where layers overlap, the ground is control before advance before claimed. Rows and
    columns add up to the layers' areas less what an earlier role covers, which is said
    below the table. Totals only, unless --by or --regions is given.
    """
    writing.show(frontcalc.flows, periods, **how)


@click.command("places", cls=Command)
@options.periods
@options.path_option("--places", required=True, help="Named points: GeoJSON, or CSV with columns name, lon, lat.")
@options.archive
@options.measuring
@writing.output
def places_command(periods: tuple[str, ...], **how: Any) -> None:
    """List places that came under or out of an actor's hold in each PERIOD.

    Every map of the period is looked at, and each change has the first map that shows
    it and the map before. A place that came under and out again is listed twice.
    Named below the table are those that changed between the two ends.
    """
    writing.show(frontcalc.places, periods, **how)


@click.command("sensitivity", cls=Command)
@options.period
@options.archive
@options.measuring
@writing.output
def sensitivity_command(period: str, **how: Any) -> None:
    """Measure how gained, lost and net (km²) of a PERIOD move with each assumption.

    One assumption at a time is changed: the view, the maps that open and close the
    period, projection and edges, slivers, suspected redefinitions, the step of gross
    figures, regions and snapping. Each line says by how much the figures
    move, and whether that matters at the precision a newspaper prints.

    Totals only, unless --by, --only or --regions is given: regions and
    snapping move the figures of regions alone.
    """
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
def compare_command(periods: tuple[str, ...], format_: str, **how: Any) -> None:
    """Measure each PERIOD on the maps of two or more publishers, side by side.

    \b
      frontcalc compare --archive isw --archive deepstate 2024-Q4

    Nothing is merged: each archive has its own maps, layers and notices, and where it
    has no map its figures are blank. The ranges are over the archives. «only» is what
    is held at the close on one archive's map and on none of the others.

    The forms geojson, gpkg and geoparquet are maps of that ground, pair by pair.
    """  # noqa: D301 - click needs the character that \b stands for
    side_by_side = frontcalc.disagreements if format_ in writing.MAP_FORMATS else frontcalc.compare
    writing.show(side_by_side, periods, format_=format_, **how)


@click.command("verify", cls=Command)
@click.argument("claims", metavar="CLAIMS.toml", shell_complete=types.paths)
@options.archive
@options.verifying
@writing.output
def verify_command(claims: str, archive: str | None, format_: str | None, output: str | None, **how: Any) -> None:
    """Hold published figures against maps, and against each other.

    \b
      frontcalc verify claims.toml --archive maps/
      frontcalc verify bbc-2024-11        (bundled, of the bundled sample)

    Each [[claim]] of the file agrees with the maps, depends on a choice that is named
    (view, layers summed, a neighbouring map, the day), disagrees under every choice, or
    has no data. --archive beats the archive that the file names. docs/claims.md has the
    format and the rules. Exit code 1 if any claim disagrees.
    """  # noqa: D301 - click needs the character that \b stands for
    from frontcalc.archives import SAMPLE_NAME, refuse_place
    from frontcalc.measure.verify import maps_named

    writing.refuse({"units": "--units"}, "each claim says its own unit")
    if archive is None and output not in (None, "-"):
        refuse_place(Path(str(output)), archives=maps_named(claims))
    with terminal.progress():
        result = frontcalc.verify(claims, archive=archive, **options.given(how))
    if archive is None and result.meta.archive == SAMPLE_NAME:
        options.say_sample()
    writing.emit(result, format_, output)
    if count := dict(result.meta.counts).get("disagrees"):
        raise CheckFailed(f"{count} of {len(result.rows)} disagree", where=result.meta.claims.name)


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
def report_command(periods: tuple[str, ...], output: str, **how: Any) -> None:
    """Write one HTML page of what changed in each PERIOD, and where.

    \b
    It has the figures by region, a map with a slider through the maps of the
    archive, a chart and a table, opens from disk and loads nothing:
      frontcalc report 2023 2024 --archive maps/ -o report.html

    Needs frontcalc[viz].
    """  # noqa: D301 - click needs the character that \b stands for
    if output != "-" and Path(output).suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"-o {output}: the page is HTML; name it as in report.html")
    with terminal.progress():
        page = frontcalc.report(periods, **options.given(how))
    writing.write(page.encode(), output)
