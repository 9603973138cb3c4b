"""`frontcalc fetch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from frontcalc.cli import options, terminal, writing
from frontcalc.cli.command import Command
from frontcalc.cli.types import date, paths, sources

if TYPE_CHECKING:
    from frontcalc.measure.fetch import Fetched


@click.command("fetch", cls=Command)
@click.argument("source", shell_complete=sources)
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option(
    "-o", "--output", required=True, metavar="DIR", shell_complete=paths, help="The archive; made where there is none."
)
@click.option("--accept-terms", is_flag=True, help="You have read the publisher's terms, and they allow what you do.")
@click.option("--since", type=date, metavar="DATE", help="The first day wanted, as YYYY-MM-DD.")
@click.option("--until", type=date, metavar="DATE", help="The last day wanted.")
@click.option("--day", type=date, metavar="DATE", help="The day of a map that does not say it.")
@click.option("--date-field", metavar="FIELD", help="The field of a layer that has the day [default: found].")
@click.option("--refresh", is_flag=True, help="Ask again for all that is held, not only for what is new.")
@click.option("--dry-run", is_flag=True, help="List what would be fetched, and write nothing.")
@click.option("--no-check", is_flag=True, help="Do not run archive check on what came out.")
@options.loudness
def command(source: str, urls: tuple[str, ...], output: str, no_check: bool, **how: Any) -> None:
    """Fetch SOURCE's maps into an archive; later, what is new of them.

    \b
    isw-timelapse     ISW's control of terrain day by day since 2022
    isw-live          ISW's map of today, four layers
    deepstate         DeepState's latest map
    deepstate-mirror  DeepState's maps since 8 July 2024, from a repository
    arcgis URL        any layer of a FeatureServer with a date field
    url URL...        plain files, whose names say the day

    Whose the maps are and on what terms is printed, kept in DIR and repeated by
    every output (docs/sources.md). Files are named by their days; manifest.json
    says where each is from; what a publisher changes is kept in DIR/revisions.
    An interrupted run goes on where it was. Needs frontcalc[fetch].
    """  # noqa: D301 - click reads the backspace itself
    import frontcalc
    from frontcalc.measure.fetch import IncompleteError

    # Whoever has not accepted them is told them by the refusal.
    for line in frontcalc.source_terms(source) if how["accept_terms"] or how["dry_run"] else ():
        terminal.say(line)
    try:
        with terminal.progress():
            fetched = frontcalc.fetch(source, output, urls=urls, **options.given(how))
    except IncompleteError as error:
        _show(error.fetched, output)
        raise
    _show(fetched, output)
    if no_check or fetched.dry_run or not (fetched.number("new") or fetched.number("changed")):
        return
    with terminal.progress():
        checked = frontcalc.check_archive(archive=output)
    found = ", ".join(f"{code} {number}" for code, number in checked.meta.counts) or "nothing"
    more = f"; see frontcalc archive check --archive {output}" if checked.rows else ""
    terminal.say(f"archive check found {found}{more}")
    if errors := [row for row in checked.rows if row.severity == "error"]:
        raise frontcalc.CheckFailed(f"has errors: {len(errors)}, first {errors[0].message}", where=errors[0].file)


def _show(fetched: Fetched, output: str) -> None:
    """Say what a run did; what a dry run would do is its result."""
    if fetched.dry_run:
        writing.print_text("".join(f"{step.day or 'latest'}\t{step.what}\t{step.url}\n" for step in fetched.steps))
    if not fetched.source.publisher:
        # What the publisher says of itself is known only now.
        terminal.say(f"maps: {fetched.source.attribution}, {fetched.source.licence}")
    words = {"ask": "to be asked for again", "trusted": "held and not asked for again (--refresh does)"}
    kinds = ("new", "ask", "changed", "unchanged", "trusted", "missing")
    counts = [f"{number:,} {words.get(what, what)}" for what in kinds if (number := fetched.number(what))]
    done = "dry run, nothing written: " if fetched.dry_run else ""
    terminal.say(f"{output}: {done}maps {', '.join(counts) or 'none'}")
