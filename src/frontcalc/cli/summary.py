"""`frontcalc summary`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import frontcalc
from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command


@click.command("summary", cls=Command)
@click.option(
    "--every",
    type=types.names,
    metavar="UNIT[,UNIT]",
    help=f"A row a {', '.join(options.UNITS_OF_TIME)}; several for a folder [default: year; of a folder year,month].",
)
@options.since_until
@click.option("--same-span", is_flag=True, help="Cut each year on the day of the year where the last one ends.")
@click.option("--baseline", type=types.date, metavar="DATE", help="Count only what was taken after a day.")
@click.option("--since-invasion", is_flag=True, help="Short for --baseline 2022-02-24.")
@click.option("--gross", is_flag=True, help="Add gross gained and lost, turnover and slivers.")
@click.option("--step", type=click.Choice(options.STEPS), help="What gross figures compare [default: snapshot].")
@click.option("--check", is_flag=True, help="Write nothing: compare with the folder's tables, exit 1 if figures moved.")
@options.archive
@options.measuring
@options.slivers
@options.workers_or_cluster
@writing.output
def command(
    every: tuple[str, ...] | None, since_invasion: bool, check: bool, format_: str, output: str | None, **how: Any
) -> None:
    """Measure change (km²) in each year, quarter, month or week, by region, and the share of the land held.

    \b
      frontcalc summary --every month --since 2024
      frontcalc summary --every year --same-span --gross

    -o FILE writes one table. -o FOLDER (one that exists, or a name without a suffix)
    writes a tree to keep in a repository: summary-year.csv, summary-month.csv and a
    datapackage.json that describes them. With --check nothing is written: what has
    moved there by more than 0.01 km² is shown, with the reason, and the exit code is 1.
    """  # noqa: D301 - click needs the character that \b stands for
    from frontcalc.measure.summary import INVASION

    if since_invasion:
        if how["baseline"]:
            raise click.UsageError("--since-invasion is a baseline itself: give one of the two")
        how["baseline"] = INVASION
    how = options.given(how)
    place = Path(output) if output and output != "-" else None
    folder = place if place and (place.is_dir() or not place.suffix) else None
    if check and folder is None:
        raise click.UsageError("--check needs the folder of tables: -o FOLDER")
    if folder is None:
        if len(every or ()) > 1:
            raise click.UsageError("several units of --every need a folder: -o FOLDER")
        unit = every[0] if every else None
        writing.show(frontcalc.summary, every=unit, format_=format_, output=output, **how)
        return
    writing.refuse({"format_": "--format", "units": "--units", "bom": "--bom"}, "a folder holds CSV in km²")
    fail_on = click.get_current_context().params["fail_on"]
    tree = options.given(how | {"every": every or None, "fail_on": fail_on})
    if check:
        from frontcalc.outputs.text import drift_text

        with terminal.progress():
            drift = frontcalc.check_summaries(folder, **tree)
        writing.print_text(drift_text(drift))
        drift.require_none()
        return
    with terminal.progress():
        files = frontcalc.write_summaries(folder, **tree)
    terminal.say(f"wrote {', '.join(file.name for file in files)} to {folder}")
