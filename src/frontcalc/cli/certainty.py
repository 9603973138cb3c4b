"""Commands that say how sure a figure is: other assumptions, other maps, claims, and the same again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import frontcalc
from frontcalc.cli import options, results, terminal
from frontcalc.errors import CheckFailed
from frontcalc.periods import UNITS as UNITS_OF_TIME


@options.command("sensitivity")
@options.one_period
@options.measuring
@results.output
def sensitivity_command(period: str, **how: Any) -> None:
    """Measure how gained, lost and net (km²) of a PERIOD move with each assumption.

    frontcalc sensitivity 2024 --archive maps/

    One assumption at a time is changed: the view, the maps that open and close the
    period, projection and edges, slivers, suspected redefinitions, the step of gross
    figures, regions and snapping. Each line says by how much the figures
    move, and whether that matters at the precision a newspaper prints.

    Totals only, unless --by, --only or --regions is given: regions and
    snapping move the figures of regions alone.
    """
    results.show(frontcalc.sensitivity, period, **how)


@options.command("compare")
@options.periods_or_calendar
@options.option("--every", "In place of periods, each of these.", type=click.Choice(UNITS_OF_TIME))
@options.since_until
@options.comparing
@options.workers
@results.output
def compare_command(periods: tuple[str, ...], **how: Any) -> None:
    """Measure each PERIOD on the maps of two or more publishers, side by side.

    frontcalc compare 2024-Q4 --archive ISW=maps/isw --archive maps/deepstate
    frontcalc compare --every month --since 2025 --archive isw --archive deepstate

    Nothing is merged: each archive has its own maps, layers and notices, and where it
    has no map its figures are blank. The ranges are over the archives. «only» is what
    is held at the close on one archive's map and on none of the others.
    What all show, and the ground itself: frontcalc consensus.
    """
    if not periods and not how["every"]:
        raise click.UsageError("give periods, or --every year, quarter, month or week")
    results.show(frontcalc.compare, periods, **how)


@options.command("consensus")
@options.one_period
@options.option("--towns PEOPLE", "By the nearest town of so many people and more, in place of regions.", type=int)
@options.comparing
@options.workers
@results.output_map_or_picture
def consensus_command(period: str, **how: Any) -> None:
    """Measure what all of several publishers' maps show as gained and lost (km²) in a PERIOD, and what any does.

    frontcalc consensus 2024-Q4 --archive ISW=maps/isw --archive maps/deepstate
    frontcalc consensus 2024 --archive isw --archive nzz --archive deepstate --towns 5000
    frontcalc consensus 2024 --archive isw --archive deepstate -o both.png
    frontcalc consensus 2024 --archive isw --archive deepstate -o both.gpkg

    The period begins and ends where all archives have maps, each with that of the nearest
    day. Ground of more than 5,000 km² that one leaves out by definition is set aside. The
    lag is by how many days an archive draws what all gained after the first of the others.
    Within the days between its maps it proves nothing.

    A picture has three colours: by all, and by one or the other alone. A map file has the
    ground gained, lost, and held at the close by some alone, by the archives that show it.
    """
    form = results.form()
    if form in results.PICTURES:
        results.draw(frontcalc.consensus_map, period, **how)
        return
    results.show(frontcalc.shared_ground if form in results.MAP_FORMATS else frontcalc.consensus, period, **how)


@options.command("verify")
@click.argument("claims", metavar="CLAIMS.toml", shell_complete=options.paths)
@options.verifying
@results.output
def verify_command(claims: str, archive: str | None, output: str | None, **how: Any) -> None:
    """Hold published figures against maps, and against each other.

    frontcalc verify bbc-2024-11        bundled, of the bundled sample
    frontcalc verify claims.toml --archive maps/

    A file of claims has for each what was published:
      [[claim]]
      id = "2024"
      text = "Russia gained 4,168 km² in 2024"
      measure = "net"        or gained, lost, held …
      value = 4168
      unit = "km2"
      period = "2024"

    A claim agrees with the maps, depends on a choice that is named (view, layers summed,
    a neighbouring map, the day), disagrees under every choice, or has no data. --archive
    beats the archive that the file names. Exit code 1 if any claim disagrees.
    """
    from frontcalc.archives import SAMPLE_NAME, refuse_place
    from frontcalc.measure.verify import maps_named

    form = results.form()
    results.refuse(["units"], "each claim says its own unit")
    if archive is None and output not in (None, "-"):
        refuse_place(Path(str(output)), archives=maps_named(claims))
    with terminal.progress():
        result = frontcalc.verify(claims, archive=archive, **options.given(how))
    if archive is None and result.meta.archive == SAMPLE_NAME:
        terminal.say(options.SAMPLE_USED, always=True)
    results.emit(result, form)
    if count := dict(result.meta.counts).get("disagrees"):
        raise CheckFailed(f"{count} of {len(result.rows)} disagree", where=result.meta.claims.name)


@options.command("again")
@click.argument("file", metavar="FILE", shell_complete=options.paths)
@options.option("--archive PATH", "The maps; of a comparison several [default: where the receipt says].", multiple=True)
@options.option("--regions FILE", "The regions that figures are split by [default: where the receipt says].")
@options.option("--claims FILE", "The claims of «frontcalc verify» [default: where the receipt says].")
@options.cache
@options.workers
@options.loudness
@options.help_all
def again_command(file: str, archive: tuple[str, ...], **how: Any) -> None:
    """Measure anew what FILE shows, by its receipt, and say which figures moved and why.

    frontcalc again map.png --archive maps/
    frontcalc again 2024.csv               with the 2024.csv.receipt.json of --receipt
    frontcalc again both.csv --archive ISW=maps/isw --archive DeepState=maps/ds

    FILE is JSON, a workbook, Parquet, a picture, a page or a datapackage.json of frontcalc; or
    CSV, Markdown, text or GeoPackage with its receipt beside it. The exit code is 1 where a map
    was revised, a version is another, or FILE was edited.
    """
    given = {name: value for name, value in how.items() if value is not None}
    results.show_drift(frontcalc.again, file, archive=archive, **given).require_none("write the output anew")
