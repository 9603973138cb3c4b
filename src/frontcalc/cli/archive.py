"""`frontcalc archive` and `frontcalc fetch`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

import frontcalc
from frontcalc.cli import options, terminal, writing

if TYPE_CHECKING:
    from frontcalc.measure.fetch import Fetched


@click.group("archive", cls=options.Group)
def archive_command() -> None:
    """Work on archives of maps: list, check, explain and convert them."""


@archive_command.command("list")
@options.reading
@writing.output
def list_command(**how: Any) -> None:
    """List the maps: a row a date and layer, with parts, vertices and area (km²)."""
    writing.show(frontcalc.list_archive, **how)


@archive_command.command("explain")
@click.argument("path", shell_complete=options.paths)
@click.option("--property", "field", metavar="FIELD", help="The property whose values tell the layers.")
@click.option(
    "--layer", "layers", multiple=True, metavar="VALUE=ACTOR ROLE", help="What a value means; may be repeated."
)
@click.option("--ignore", multiple=True, metavar="FIELD", help="A property that tells nothing; may be repeated.")
@options.path_option(
    "-o",
    "--output",
    "target",
    help="Where to write [default: frontcalc.toml in the folder, NAME.frontcalc.toml beside a file].",
)
@click.option("--force", is_flag=True, help="Write over an existing file; its other entries are kept.")
@click.option("--format", "format_", type=click.Choice(("table", "csv", "json", "markdown")), help="Form of the list.")
@options.explaining
@options.loudness
def explain_command(
    path: str, field: str | None, layers: tuple[str, ...], ignore: tuple[str, ...], target: str | None,
    force: bool, **how: Any,
) -> None:  # fmt: skip
    """List what tells the layers of the maps at PATH, and write once what it means.

    Without --layer or --ignore it lists: values, polygons, km², first and last map, and
    what frontcalc takes them for; on a terminal it then asks. With them it writes a toml,
    as with --property status --layer "held=Russia control" --layer "freed=Ukraine control".
    """
    meant = {}
    for text in layers:
        value, equals, meaning = text.rpartition("=")
        if not equals or not value.strip():
            raise click.UsageError(f'--layer {text}: write VALUE=ACTOR ROLE, as in "held=Russia control"')
        meant[value.strip()] = meaning
    if not meant and not ignore:
        table = writing.show(frontcalc.explain_archive, archive=path, **how)
        if terminal.is_terminal(sys.stdin) and terminal.is_terminal(sys.stdout):
            field, meant, ignore = _answers(table, field)
        if not meant and not ignore:
            return
    written = frontcalc.write_legend(
        path, field=field, meanings=meant, ignore=ignore, output=target, force=force, **options.given(how)
    )
    terminal.say(f"wrote {written}" + ("" if target is None else f"; use it with --legend {written}"))


@archive_command.command("check")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option(
    "--frozen", type=int, metavar="N", help="Report layers that stand still for N maps while others move [default: 5]."
)
@options.checking
@writing.output_of_check
def check_command(strict: bool, **how: Any) -> None:
    """Check the maps, and say what is wrong in which file, on which day and where.

    Each finding has a stable code, which docs/findings.md explains, and a severity:
    an error (the map cannot be measured, or would be measured wrongly), a warning
    (look before you print a figure) or info. Exit code 1 on errors.
    """
    result = writing.show(frontcalc.check_archive, **how)
    failing = [row.severity for row in result.rows if row.severity == "error" or (strict and row.severity == "warning")]
    if failing:
        counts = ", ".join(f"{severity} {failing.count(severity)}" for severity in dict.fromkeys(failing))
        raise frontcalc.CheckFailed(f"has findings: {counts}", where=result.meta.archive)


@archive_command.command("convert")
@options.path_option(
    "-o", "--output", required=True, metavar="FILE|DIR", help="NAME.parquet, NAME.geojson, or a new folder."
)
@options.reading
@options.loudness
def convert_command(output: str, **how: Any) -> None:
    """Write the maps as tidy GeoParquet 1.1 or GeoJSON.

    NAME.parquet or NAME.geojson is one file of all maps, with columns date, layer,
    actor and role; anything else is a folder with a GeoJSON file a date. Either
    reads back to the same figures.
    """
    options.refuse_output()
    with terminal.progress():
        files = frontcalc.convert(output, **options.given(how))
    terminal.say(f"wrote {len(files)} file{'s' if len(files) != 1 else ''} to {output}")


def _answers(table: Any, field: str | None) -> tuple[str | None, dict[str, str], tuple[str, ...]]:
    """Return which property tells, what its values mean, and which properties tell nothing; one question a line."""
    asked = list(dict.fromkeys(row.property for row in table.rows if row.asked))
    if not asked:
        return field, {}, ()
    if field is None and len(asked) == 1:
        field = asked[0]
    while field is None or field not in asked:
        field = str(click.prompt(f"Which property tells whose ground it is ({', '.join(asked)})", err=True))
    meant = {}
    for row in table.rows:
        if row.property == field:
            question = f"{row.value!r}, {row.km2:,.1f} km²: actor and role, as in Russia control; empty to leave it out"
            if answer := click.prompt(question, default="", show_default=False, err=True).strip():
                meant[row.value] = answer
    if not meant and click.confirm(f"Do the values of {field!r} tell nothing", err=True):
        return None, {}, (field,)
    return field, meant, ()


def sources(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the name of a source of maps."""
    from frontcalc.fetching.catalogue import known_sources

    return [CompletionItem(name, help=says) for name, says in known_sources().items() if name.startswith(incomplete)]


@click.command("fetch")
@click.argument("source", shell_complete=sources)
@click.argument("urls", nargs=-1, metavar="[URL]...")
@options.path_option("-o", "--output", required=True, metavar="DIR", help="The archive; made where there is none.")
@click.option("--accept-terms", is_flag=True, help="You have read the publisher's terms, and they allow what you do.")
@click.option("--since", type=options.date, metavar="DATE", help="The first day wanted, as YYYY-MM-DD.")
@click.option("--until", type=options.date, metavar="DATE", help="The last day wanted.")
@click.option("--day", type=options.date, metavar="DATE", help="The day of a map that does not say it.")
@click.option("--date-field", metavar="FIELD", help="The field of a layer that has the day [default: found].")
@click.option("--refresh", is_flag=True, help="Ask again for all that is held, not only for what is new.")
@click.option("--dry-run", is_flag=True, help="List what would be fetched, and write nothing.")
@click.option("--no-check", is_flag=True, help="Do not run archive check on what came out.")
@options.loudness
def fetch_command(source: str, urls: tuple[str, ...], output: str, no_check: bool, **how: Any) -> None:
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
    An interrupted run goes on where it was. Needs httpx: pip install ".[all]" in frontcalc's folder.
    """  # noqa: D301 - click reads the backspace itself
    from frontcalc.measure.fetch import IncompleteError

    options.refuse_output()
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
        lines = (f"{step.day or 'latest'}\t{step.what}\t{step.url}\n" for step in fetched.steps)
        writing.write("".join(lines).encode())
    if not fetched.source.publisher:
        # What the publisher says of itself is known only now.
        terminal.say(f"maps: {fetched.source.attribution}, {fetched.source.licence}")
    words = {"ask": "to be asked for again", "trusted": "held and not asked for again (--refresh does)"}
    kinds = ("new", "ask", "changed", "unchanged", "trusted", "missing")
    counts = [f"{number:,} {words.get(what, what)}" for what in kinds if (number := fetched.number(what))]
    done = "dry run, nothing written: " if fetched.dry_run else ""
    terminal.say(f"{output}: {done}maps {', '.join(counts) or 'none'}")
