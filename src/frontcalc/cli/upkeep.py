"""Commands beside measuring: archive, fetch, regions, cache, completion."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem, get_completion_class

import frontcalc
from frontcalc.cli import COMPLETING, options, results, terminal
from frontcalc.errors import CheckFailed

if TYPE_CHECKING:
    from frontcalc.measure.fetch import Fetched

SHELLS = ("bash", "zsh", "fish")


@click.group("archive", cls=options.Group)
def archive_command() -> None:
    """Work on archives of maps: list, check, explain and convert them.

    frontcalc archive check maps/
    frontcalc archive explain maps/

    An archive is a folder, zip or file of dated maps, as in maps/2024-11-03.geojson.
    """


@archive_command.command("list")
@options.reading
@results.output
def archive_list(**how: Any) -> None:
    """List the maps: a row a date and layer, with parts, vertices and area (km²)."""
    results.show(frontcalc.list_archive, **how)


@archive_command.command("explain")
@click.argument("path", shell_complete=options.paths)
@options.option("--property FIELD", "The property whose values tell the layers.", name="field")
@options.option("--layer VALUE=ACTOR ROLE", "What a value means; may be repeated.", name="layers", multiple=True)
@options.option("--ignore FIELD", "A property that tells nothing; may be repeated.", multiple=True)
@options.option(
    "-o --output FILE",
    "Where to write [default: frontcalc.toml in the folder, NAME.frontcalc.toml beside a file].",
    name="target",
)
@options.option("--force", "Write over an existing file; its other entries are kept.")
@options.option("--format", "Form of the list.", name="format_", type=click.Choice(results.TEXTS))
@options.explaining
@options.loudness
def archive_explain(
    path: str, field: str | None, layers: tuple[str, ...], ignore: tuple[str, ...], target: str | None,
    force: bool, **how: Any,
) -> None:  # fmt: skip
    """List what tells the layers of the maps at PATH, and write once what it means.

    frontcalc archive explain maps/
    frontcalc archive explain maps/ --property status --layer "held=Russia control"

    Without --layer or --ignore it lists: values, polygons, km², first and last map, and
    what frontcalc takes them for; on a terminal it then asks. With them it writes a toml,
    in which every value that counts is to have an actor and a role, as
    --layer "held=Russia control" --layer "freed=Ukraine control".
    """
    meant = {}
    for text in layers:
        value, equals, meaning = text.rpartition("=")
        if not equals or not value.strip():
            raise click.UsageError(f'--layer {text}: write VALUE=ACTOR ROLE, as in "held=Russia control"')
        meant[value.strip()] = meaning
    if not meant and not ignore:
        table = results.show(frontcalc.explain_archive, archive=path, **how)
        if _somebody_answers():
            field, meant, ignore = _answers(table, field)
        if not meant and not ignore:
            return
    written = frontcalc.write_legend(
        path, field=field, meanings=meant, ignore=ignore, output=target, force=force, **options.given(how)
    )
    terminal.say(f"wrote {written}" + ("" if target is None else f"; use it with --legend {written}"))


def _somebody_answers() -> bool:
    """Say whether questions can be asked: a stream that was closed is None."""
    return all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout))


@archive_command.command("check")
@options.option("--strict", "Fail on warnings too.")
@options.option("--frozen N", "Report layers that stand still for N maps while others move [default: 5].", type=int)
@options.checking
@results.output_of_check
def archive_check(strict: bool, **how: Any) -> None:
    """Check the maps, and say what is wrong in which file, on which day and where.

    frontcalc archive check maps/
    frontcalc archive check maps/ --strict -o findings.sarif

    Each finding has a stable code, which a line below the table explains, and a severity:
    an error (the map cannot be measured, or would be measured wrongly), a warning
    (look before you print a figure) or info. Exit code 1 on errors.
    """
    result = results.show(frontcalc.check_archive, **how)
    failing = [row.severity for row in result.rows if row.severity == "error" or (strict and row.severity == "warning")]
    if failing:
        counts = ", ".join(f"{severity} {failing.count(severity)}" for severity in dict.fromkeys(failing))
        raise CheckFailed(f"has findings: {counts}", where=result.meta.archive)


@archive_command.command("convert")
@options.option("-o --output FILE|DIR", "NAME.parquet, NAME.geojson, or a new folder.", required=True)
@options.reading
@options.loudness
def archive_convert(output: str, **how: Any) -> None:
    """Write the maps as tidy GeoParquet 1.1 or GeoJSON.

    frontcalc archive convert maps/ -o tidy/
    frontcalc archive convert maps/ -o maps.parquet

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
    unexplained = list(dict.fromkeys(row.property for row in table.rows if row.asked))
    if not unexplained:
        return field, {}, ()
    if field is None and len(unexplained) == 1:
        field = unexplained[0]
    while field is None or field not in unexplained:
        field = str(click.prompt(f"Which property tells whose ground it is ({', '.join(unexplained)})", err=True))
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
    from frontcalc.network.catalogue import known_sources

    return [CompletionItem(name, help=says) for name, says in known_sources().items() if name.startswith(incomplete)]


@options.command("fetch")
@click.argument("source", shell_complete=sources)
@click.argument("urls", nargs=-1, metavar="[URL]...")
@options.option("-o --output DIR", "The archive; made where there is none.", required=True)
@options.option("--accept-terms", "You have read the publisher's terms, and they allow what you do.")
@options.option("--since DATE", "The first day wanted, as YYYY-MM-DD.", type=options.date)
@options.option("--until DATE", "The last day wanted.", type=options.date)
@options.option("--day DATE", "The day of a map that does not say it.", type=options.date)
@options.option("--date-field FIELD", "The field of a layer that has the day [default: found].")
@options.option("--refresh", "Ask again for all that is held, not only for what is new.")
@options.option("--dry-run", "List what would be fetched, and write nothing.")
@options.option("--no-check", "Do not run archive check on what came out.")
@options.loudness
def fetch_command(source: str, urls: tuple[str, ...], output: str, no_check: bool, **how: Any) -> None:
    """Fetch SOURCE's maps into an archive; later, what is new of them.

    frontcalc fetch isw-timelapse -o maps/isw --dry-run    terms, and what there is
    frontcalc fetch isw-timelapse -o maps/isw --accept-terms --since 2024-01-01

    Sources are:
      isw-timelapse     ISW's control of terrain day by day since 2022
      isw-live          ISW's map of today, four layers
      deepstate         DeepState's latest map
      deepstate-mirror  DeepState's maps since 8 July 2024, from a repository
      arcgis URL        any layer of a FeatureServer with a date field
      url URL...        plain files, whose names say the day

    Whose the maps are and on what terms is printed, kept in DIR and repeated by
    every output. Files are named by their days; manifest.json says where each is
    from; what a publisher changes is kept in DIR/revisions. An interrupted run
    goes on where it was. Needs httpx: pip install ".[all]" in frontcalc's folder.
    """
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
    counts = ", ".join(f"{code} {number}" for code, number in checked.meta.counts) or "nothing"
    more = f"; see frontcalc archive check --archive {output}" if checked.rows else ""
    terminal.say(f"archive check found {counts}{more}")
    if errors := [row for row in checked.rows if row.severity == "error"]:
        raise CheckFailed(f"has errors: {len(errors)}, first {errors[0].message}", where=errors[0].file)


def _show(fetched: Fetched, output: str) -> None:
    """Say what a run did; what a dry run would do is its result."""
    if fetched.dry_run:
        lines = (f"{step.day or 'latest'}\t{step.what}\t{step.url}\n" for step in fetched.steps)
        results.write("".join(lines).encode())
    if not fetched.source.publisher:
        # What the publisher says of itself is known only now.
        terminal.say(f"maps: {fetched.source.attribution}, {fetched.source.licence}")
    words = {"ask": "to be asked for again", "trusted": "held and not asked for again (--refresh does)"}
    kinds = ("new", "ask", "changed", "unchanged", "trusted", "missing")
    counts = [f"{number:,} {words.get(what, what)}" for what in kinds if (number := fetched.number(what))]
    done = "dry run, nothing written: " if fetched.dry_run else ""
    terminal.say(f"{output}: {done}maps {', '.join(counts) or 'none'}")


@click.group("regions", cls=options.Group)
def regions_command() -> None:
    """Show, check and fetch the regions that figures are split by.

    frontcalc regions list
    frontcalc regions check oblasts.geojson
    frontcalc regions fetch UA adm1 --use
    """


@regions_command.command("list")
@click.argument("country", required=False)
@results.output
def regions_list(country: str | None, **how: Any) -> None:
    """List the embedded regions: codes, areas (km²), source, licence and SHA-256.

    COUNTRY is a code or a name (SD, Sudan) for the regions of that country, or world for
    a line a country. Without it they are those of Ukraine and of Russia beside it.
    """
    results.show(frontcalc.list_regions, country, **how)


@regions_command.command("show")
@click.argument("name")
@results.output
def regions_show(name: str, **how: Any) -> None:
    """Show one embedded region: spellings, area (km²), box in degrees, neighbours.

    NAME is spelt as people type it (Zaporizhia, Донецьк) or a code (UA-14, SD.BN).
    """
    results.show(frontcalc.show_region, name, **how)


@regions_command.command("check")
@click.argument("file", metavar="FILE", shell_complete=options.paths)
@options.option("--region-name FIELD", "Field that names the regions [default: name, else found].")
@options.option("--crs CRS", "Equal-area CRS, proved over the regions [default: EPSG:6933].")
@results.output
def regions_check(file: str, **how: Any) -> None:
    """Check a region FILE before figures are split by it.

    Shows names, areas (km²), countries, what regions share and what gaps they enclose,
    invalid outlines that were repaired, and the CRS. The exit code is 1 where the file
    would be refused.
    """
    meta = results.show(frontcalc.check_regions, file, **how).meta
    if meta.refused:
        more = f" and {len(meta.refused) - 1} more" if meta.refused[1:] else ""
        raise CheckFailed(f"would be refused: {meta.refused[0]}{more}", where=meta.file.name)


@regions_command.command("fetch")
@click.argument("country")
@click.argument("level")
@options.option("--update", "Fetch again what was fetched before.")
@options.option("--use", "Have frontcalc.toml here name the set, so that it is used [default: ask on a terminal].")
@options.option("--api URL", "A mirror of geoBoundaries' API.", hidden=True)
@results.output
def regions_fetch(country: str, level: str, *, use: bool, **how: Any) -> None:
    """Fetch a COUNTRY's regions of a LEVEL from geoBoundaries (gbOpen), and list them.

    frontcalc regions fetch UA adm1 --use
    frontcalc regions fetch Poland adm2 -o regions.csv

    COUNTRY is an ISO 3166-1 code or a name (UA, UKR, Ukraine), LEVEL is country (ADM0),
    adm1 or adm2. The set is kept in the user's data folder with its SHA-256, source and
    licence, and stays as it is until --update. Figures are split by it where it is named:
    by --use, which writes its name and SHA-256 into the working folder's frontcalc.toml,
    or for once by --regions UA. Needs httpx: pip install ".[all]" in frontcalc's folder.
    """
    from frontcalc.config import NAME, write_default

    table = results.show(frontcalc.fetch_regions, country, level, **how)
    first = table.rows[0]
    if first.level == "country":
        return
    name = f"{first.country}-{first.level}@sha256:{table.meta.sha256}"
    if not use and sys.stdin.isatty() and sys.stderr.isatty():
        use = click.confirm(f"Split the figures of this folder by these regions ({NAME})?", err=True)
    if use:
        write_default(Path(), "regions", name)
        terminal.say(f"{NAME}: regions = {name!r}")


# Not `format_`: the working folder's default format is one of tables.
_form: Any = {"name": "form", "type": click.Choice(("table", "json")), "default": "table", "show_default": True}
_keeping = options.together(options.cache, options.option("--format", "Form of the output.", **_form), options.loudness)


@click.group("cache", cls=options.Group)
def cache_command() -> None:
    """Show and clear what is kept on disk so that it need not be measured again.

    frontcalc cache info
    frontcalc cache clear

    Figures do not depend on it: each entry is found by all that it was made from, and
    one that is damaged is made again. --cache DIR or FRONTCALC_CACHE names another
    folder, --cache none keeps nothing, FRONTCALC_CACHE_BYTES limits its size.
    """


@cache_command.command("info")
@_keeping
def cache_info(**how: Any) -> None:
    """Show where the cache is, and how many entries of which size it holds."""
    _show_cache(**how, clearing=False)


@cache_command.command("clear")
@_keeping
def cache_clear(**how: Any) -> None:
    """Remove all entries, and show what was removed.

    Region sets that were fetched, and files of others, stay.
    """
    _show_cache(**how, clearing=True)


def _show_cache(cache: str | None, form: str, *, clearing: bool) -> None:
    """Show what a cache holds, or what was removed from it."""
    from frontcalc.cache import NONE, usage, user_cache
    from frontcalc.outputs.text import removed_text, usage_json, usage_text

    kept = user_cache(cache)
    shown = str(kept.folder or NONE), kept.most_bytes, usage(kept, clearing=clearing)
    if form == "json":
        results.write(usage_json(*shown))
    else:
        results.write((removed_text(shown[-1]) if clearing else usage_text(*shown)).encode())


@options.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@options.loudness
def completion_command(shell: str) -> None:
    """Print a script that completes commands, options and their values in SHELL.

    frontcalc completion bash

    Add one of these to the shell's start-up file, or write the output where it looks:
      bash   eval "$(frontcalc completion bash)"
      zsh    eval "$(frontcalc completion zsh)"
      fish   frontcalc completion fish | source
    """
    completer = get_completion_class(shell)
    assert completer is not None
    root = click.get_current_context().find_root().command
    click.echo(completer(root, {}, "frontcalc", COMPLETING).source())
