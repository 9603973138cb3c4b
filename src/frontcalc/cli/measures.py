"""Commands that measure, and write a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import frontcalc
from frontcalc.cli import options, results, terminal
from frontcalc.periods import UNITS as UNITS_OF_TIME
from frontcalc.periods import period_label


@options.command("diff")
@options.periods_or_two_files
@options.measuring
@options.slivers
@options.workers_or_cluster
@options.option("--range", f"Add {options.RANGE}", name="with_range")
@results.output_or_map
def diff_command(periods: tuple[Any, ...], archive: str | None, with_range: bool, **how: Any) -> None:
    """Measure territory gained and lost (km²) in each PERIOD, by region.

    frontcalc diff 2023 2024 --archive maps/
    frontcalc diff 2024-09-01..2024-11-03 --by adm2 --only Donetsk
    frontcalc diff 2024 -o 2024.xlsx                 a workbook; or .csv, .json, .md
    frontcalc diff 2024 -o 2024.gpkg                 where it was, for QGIS
    frontcalc diff before.geojson after.geojson      two files instead of periods

    A period is a year, half-year, quarter, month, ISO week or day, or a range of them:
      2023   2024-H2   2024-Q3   2024-09   2024-W36   2024-11-03
      2024-09-01..2024-11-03   2024..   ..2023
    Also as people write them: Sep 2024, Q3 2024, 01.09.2024 - 03.11.2024,
    1 Sep to 3 Nov 2024; or from today (UTC): last month, last 30 days, ytd.
    A year, half-year, quarter, month or week opens with the map of the day before it. A
    day that starts a range stands for that day's own map.

    Net is gained less lost; unassigned is ground in no region, mostly water. Where the
    maps do not reach a period's ends, a line below the table says so.
    """
    form = results.form()
    mapped = form in results.MAP_FORMATS
    if with_range and mapped:
        raise click.UsageError("--range is of figures, and a map of change has none: choose another --format")
    how |= {"with_range": with_range or None, "with_towns": form == "sentence" or None}
    with terminal.progress():
        if isinstance(periods[0], Path):
            between = frontcalc.changes_between if mapped else frontcalc.diff_files
            result = between(*periods, **options.given(how))
        else:
            over_periods = frontcalc.changes if mapped else frontcalc.diff
            result = over_periods(periods, **options.given(how | {"archive": archive}))
    results.emit(result, form)


@options.command("where")
@options.one_period
@options.option("--towns PEOPLE", "The least people of the towns that ground goes to [default: 5000].", type=int)
@options.option("--top N", "Rows of a table before the others are summed; files have all [default: 10].", type=int)
@options.option("--connected", "Connected parts of the change instead of towns' ground, the largest first.")
@options.measuring
@options.slivers
@options.workers
@results.output_map_or_picture
def where_command(period: str, connected: bool, **how: Any) -> None:
    """Measure where territory was gained and lost (km²) in a PERIOD, by the nearest town.

    frontcalc where 2024 --archive maps/
    frontcalc where 2024-10 --towns 500 --top 20 --only Donetsk
    frontcalc where 2024 -o where.png                a map, the first rows numbered
    frontcalc where 2024 -o where.gpkg               the ground itself, for QGIS

    Ground belongs to the nearest town of its own country, whatever changed there: so
    rows of months add up to those of a year, and all rows to the total of
    «frontcalc diff». Ground in no country, as at sea, is unassigned. The middle is that
    of the ground that changed, as seen from the town.
    """
    how["connected"], form = connected or None, results.form()
    if form in results.PICTURES:
        results.draw(frontcalc.where_map, period, **how)
        return
    if form in results.MAP_FORMATS:
        results.refuse(["top"], "a map file has all rows")
        how.pop("top")
    results.show(frontcalc.where_changes if form in results.MAP_FORMATS else frontcalc.where, period, **how)


@options.command("ledger")
@options.period_or_none
@options.option("--check FILE", "Write nothing: compare the sums over a ledger with the maps, exit 1 if any differs.")
@options.measuring
@options.sliver_width
@options.workers
@results.output_of_map
def ledger_command(period: str | None, check: str | None, output: str | None, **how: Any) -> None:
    """Write each piece of ground once, with the days from which and until which it was held.

    frontcalc ledger --archive maps/ -o war.gpkg          for QGIS
    frontcalc ledger 2024 --archive maps/ -o war.parquet  for DuckDB and the like
    frontcalc ledger 2024 --archive maps/ --check war.parquet

    Beside the file stands a README with its columns and some queries; «frontcalc plot
    rings» draws it, by the month in which ground was last taken. What «frontcalc
    diff», series, summary --gross and where say are sums over it: --check holds them
    against the maps, of the same period and with the same options, to 0.001 km².
    """
    from frontcalc.outputs.text import ledger_readme

    if check is None:
        if output is None and how["format_"] is None:
            raise click.UsageError("a ledger is large: write it to a file, -o war.gpkg or -o war.parquet")
        result = results.show(frontcalc.ledger, period, **how)
        if output not in (None, "-"):
            results.write(ledger_readme(result, Path(str(output)).name).encode(), f"{output}.README.md")
        return
    if output is not None:
        raise click.UsageError("--check writes nothing: leave out -o")
    results.show_drift(frontcalc.check_ledger, check, period, **options.given(how)).require_none()


@options.command("held")
@click.argument("dates", type=options.date, nargs=-1, required=True, metavar="DATE [DATE …]")
@options.measuring
@options.workers
@results.output
def held_command(dates: tuple[str, ...], **how: Any) -> None:
    """Measure the area held (km²) on each DATE (YYYY-MM-DD), by region.

    frontcalc held 2024-12-31 --archive maps/
    frontcalc held 2022-12-31 2023-12-31 2024-12-31 --by none

    The map that stands for a date is the latest complete one on or before it.
    """
    results.show(frontcalc.held, dates, **how)


@options.command("series")
@options.period_or_none
@options.since_until
@options.option("--every", "A row at each.", type=click.Choice(options.STEPS), default="snapshot", show_default=True)
@options.measuring
@options.workers_or_cluster
@options.slivers
@results.output
def series_command(**how: Any) -> None:
    """Measure the area held (km²) over time, and the change since the map before, by region.

    frontcalc series 2024 --by none
    frontcalc series --every month --archive maps/ -o series.csv
    """
    results.show(frontcalc.series, **options.within(how))


@options.command("summary")
@options.period_or_none
@options.option(
    "--every UNIT[,UNIT]",
    f"A row a {', '.join(UNITS_OF_TIME)}; several for a folder [default: year; of records month; of a folder both].",
    callback=options.names,
)
@options.since_until
@options.option("--same-span", "Cut each year on the day of the year where the last one ends.")
@options.option("--baseline DATE|FILE", "Count only what was taken after a day or map.", type=options.date_or_file)
@options.option("--since-invasion", "Short for --baseline 2022-02-23, the day before Russia's full-scale invasion.")
@options.option("--gross", "Add gross gained and lost, turnover and slivers.")
@options.option("--step", "What gross figures compare [default: snapshot].", type=click.Choice(options.STEPS))
@options.option("--wide", "Periods down and regions across: the net change of each. A workbook has such a sheet.")
@options.option("--changed-rows", "Leave rows without change out; the total stays whole.")
@options.option("--records", "What is remarkable in the last month over, by the first --archive; others try it.")
@options.option("--check", "Write nothing: compare with the folder's tables, exit 1 if settled figures moved.")
@options.option("--strict", "With --check: exit 1 whatever moved, periods that are still open and notes too.")
@options.measuring_each
@options.slivers
@options.workers_or_cluster
@results.output
def summary_command(
    every: tuple[str, ...] | None, since_invasion: bool, check: bool, strict: bool, wide: bool, **how: Any
) -> None:
    """Measure change (km²) in each year, quarter, month or week, by region, and the share of the land held.

    frontcalc summary 2024 --every month
    frontcalc summary --every year --same-span --gross
    frontcalc summary 2024-11 --records                     largest since, in a row
    frontcalc summary --archive maps/ -o tables/            a folder of tables
    frontcalc summary --archive maps/ -o tables/ --check    did they move?

    With --records a PERIOD says which month, the last in it, or with --every which
    quarter, year or week; all maps before it count, from --since on where that is given.

    -o FILE writes one table. -o FOLDER (one that exists, or a name without a suffix)
    writes a tree to keep in a repository: summary-year.csv, summary-month.csv and a
    datapackage.json that describes them. With --check nothing is written: what has
    moved there by more than 0.01 km² is shown, with the reason. The exit code is 1 where
    a period that was over moved, a map is gone or a table was edited; 0 where a period
    that is still open went on to a new map.
    """
    from frontcalc.measure.summary import EVE_OF_INVASION
    from frontcalc.outputs import WITH_REMARKS

    output: str | None = how.pop("output")
    records, period = _records_alone(how)
    if results.form() not in WITH_REMARKS and wide:
        raise click.UsageError("--wide is for people: choose --format table, markdown or xlsx, or leave it out")
    if since_invasion:
        if how["baseline"]:
            raise click.UsageError("--since-invasion is a baseline itself: give one of the two")
        how["baseline"] = str(EVE_OF_INVASION)
    place = Path(output) if output and output != "-" else None
    folder = place if place and (place.is_dir() or not place.suffix) else None
    # A folder is made to be checked, and a period that moves with the day would always differ.
    how = options.within(how, relative=folder is None) | {"period": period}
    fail_on, how = how["fail_on"], options.given(how)
    if check and folder is None:
        raise click.UsageError("--check needs the folder of tables: -o FOLDER")
    if strict and not check:
        raise click.UsageError("--strict is of --check: give both")
    if folder is None:
        if len(every or ()) > 1:
            raise click.UsageError("several units of --every need a folder: -o FOLDER")
        results.show(frontcalc.records if records else frontcalc.summary, every=every[0] if every else None, **how)
        return
    refused = ("bom", "changed_rows", "format_", "receipt", "records", "units", "wide")
    results.refuse(refused, "a folder holds CSV in km² with all rows")
    how.pop("changed_rows")
    tree = how | {"fail_on": fail_on} | ({"every": every} if every else {})
    if check:
        results.show_drift(frontcalc.check_summaries, folder, strict=strict, **tree).require_none()
        return
    beside = "" if any(folder.glob("summary-*.csv")) else "; the first run, with which --check compares later ones"
    with terminal.progress():
        files = frontcalc.write_summaries(folder, **tree)
    terminal.say(f"wrote {', '.join(file.name for file in files)} to {folder}{beside}")


def _records_alone(how: dict[str, Any]) -> tuple[bool, str | None]:
    """Say whether records are wanted, and of which period, and leave of a summary's options those that they have."""
    how["archive"], *others = how["archive"] or (None,)
    period, records = how["period"], how.pop("records")
    if not records:
        if others:
            raise click.UsageError("several archives are for --records, or for frontcalc compare, side by side")
        return False, None
    lacking = ("same_span", "baseline", "since_invasion", "gross", "step", "changed_rows", "wide", "units")
    results.refuse(lacking, "is not of --records")
    for name in lacking:
        how.pop(name, None)
    # A period's last month, say, is held against all before it.
    how |= {"others": others or None, "period": None}
    return True, period and period_label(period)


@options.command("flows")
@options.periods
@options.measuring
@options.workers
@results.output
def flows_command(periods: tuple[str, ...], **how: Any) -> None:
    """Measure what ground turned from role to role (km²) in each PERIOD.

    frontcalc flows 2024 --archive maps/
    frontcalc flows 2023 2024 --by adm1

    The matrix shows whether a gain is new ground or ground moved from one layer to
    another: from none is gained, to none is lost, and all else was held before and after.

    Where layers overlap, the ground is control before advance before claimed. Rows and
    columns add up to the layers' areas less what an earlier role covers, which is said
    below the table. Totals only, unless --by or --regions is given.
    """
    results.show(frontcalc.flows, periods, **how)


@options.command("places")
@options.periods
@options.option("--places FILE", "Named points: GeoJSON, or CSV with columns name, lon, lat [default: embedded towns].")
@options.option(
    "--towns N", "List towns of N people and more [default: 500].", name="least_people", type=click.IntRange(0)
)
@options.option("--town NAME", "How much of this one is held, map by map; -o strip.png draws it.")
@options.measuring_each
@results.output_or_strip
def places_command(periods: tuple[str, ...], archive: tuple[str, ...], town: str | None, **how: Any) -> None:
    """List places that came under or out of an actor's hold in each PERIOD.

    frontcalc places 2024 --archive maps/
    frontcalc places 2024 --places towns.csv --archive maps/
    frontcalc places 2024 --archive ISW=maps/isw --archive maps/deepstate
    frontcalc places 2024 --town Toretsk --archive maps/ -o strip.png

    Every map of the period is looked at, and each change has the first map that shows
    it and the map before. A place that came under and out again is listed twice.
    Named below the table are those that changed between the two ends.

    A place is a disc of 500 m to 3 km by its people: it came under when half of it was
    held. Reached is 5 % of it, whole 95 %, each since the first map from which it stays so.
    """
    how |= {"archive": next(iter(archive), None)} if len(archive) < 2 else {"archives": archive}
    chosen = results.form()
    drawn = chosen in results.PICTURES
    if town is None:
        if drawn:
            raise click.UsageError("a picture is of one town: add --town NAME, or see frontcalc map")
        results.show(frontcalc.places, periods, **how)
        return
    if how.pop("least_people") is not None:
        raise click.UsageError("--town names one, and --towns chooses by size: give one of them")
    looks = results.picture_form()[1] if drawn else {}
    with terminal.progress():
        result = frontcalc.place_shares(town, periods, **options.given(how))
        content = frontcalc.picture(result, **looks).image(chosen) if drawn else None
    results.emit(result, chosen, content)
