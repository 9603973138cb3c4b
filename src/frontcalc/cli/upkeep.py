"""Commands beside measuring: regions, cache, completion."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import get_completion_class

import frontcalc
from frontcalc.cli import COMPLETING, options, writing
from frontcalc.errors import CheckFailed

SHELLS = ("bash", "zsh", "fish")

# Not `format_`: the working folder's default format is one of tables.
_form = click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json")),
    default="table",
    show_default=True,
    help="Form of the output.",
)


@click.group("regions", cls=options.Group)
def regions_command() -> None:
    """Show, check and fetch the regions that figures are split by."""


@regions_command.command("list")
@writing.output
def list_command(**how: Any) -> None:
    """List the embedded regions: codes, areas (km²), source, licence and SHA-256."""
    writing.show(frontcalc.list_regions, **how)


@regions_command.command("show")
@click.argument("name")
@writing.output
def show_command(name: str, **how: Any) -> None:
    """Show one embedded region: spellings, area (km²), box in degrees, neighbours.

    NAME is spelt as people type it (Zaporizhia, Донецьк) or a code (UA-14).
    """
    writing.show(frontcalc.show_region, name, **how)


@regions_command.command("check")
@click.argument("file", metavar="FILE", shell_complete=options.paths)
@click.option("--region-name", metavar="FIELD", help="Field that names the regions [default: name, else found].")
@click.option("--crs", metavar="CRS", help="Equal-area CRS, proved over the regions [default: EPSG:6933].")
@writing.output
def check_command(file: str, **how: Any) -> None:
    """Check a region FILE before figures are split by it.

    Shows names, areas (km²), countries, what regions share and what gaps they enclose,
    invalid outlines that were repaired, and the CRS. The exit code is 1 where the file
    would be refused.
    """
    meta = writing.show(frontcalc.check_regions, file, **how).meta
    if meta.refused:
        more = f" and {len(meta.refused) - 1} more" if meta.refused[1:] else ""
        raise CheckFailed(f"would be refused: {meta.refused[0]}{more}", where=meta.file.name)


@regions_command.command("fetch")
@click.argument("country")
@click.argument("level")
@click.option("--update", is_flag=True, help="Fetch again what was fetched before.")
@click.option("--api", metavar="URL", hidden=True, help="A mirror of geoBoundaries' API.")
@writing.output
def fetch_command(country: str, level: str, **how: Any) -> None:
    """Fetch a COUNTRY's regions of a LEVEL from geoBoundaries (gbOpen), and list them.

    COUNTRY is an ISO 3166-1 code or a name (UA, UKR, Ukraine), LEVEL is country (ADM0),
    adm1 or adm2. The set is kept in the user's cache with its SHA-256, source and
    licence, and stays as it is until --update. Needs httpx: pip install ".[all]" in frontcalc's folder.
    """
    writing.show(frontcalc.fetch_regions, country, level, **how)


@click.group("cache", cls=options.Group)
def cache_command() -> None:
    """Show and clear what is kept on disk so that it need not be measured again.

    Figures do not depend on it: docs/cache.md says what is kept, and by what.
    """


@cache_command.command("info")
@options.cache
@_form
@options.loudness
def info_command(**how: Any) -> None:
    """Show where the cache is, and how many entries of which size it holds."""
    _show_cache(**how, clearing=False)


@cache_command.command("clear")
@options.cache
@_form
@options.loudness
def clear_command(**how: Any) -> None:
    """Remove all entries; region sets that were fetched, and files of others, stay.

    It shows what was removed.
    """
    _show_cache(**how, clearing=True)


def _show_cache(cache: str | None, form: str, *, clearing: bool) -> None:
    """Show what a cache holds, or what was removed from it."""
    from frontcalc.cache import NONE, usage, user_cache
    from frontcalc.outputs.text import removed_text, usage_json, usage_text

    kept = user_cache(cache)
    shown = str(kept.folder or NONE), kept.most_bytes, usage(kept, clearing=clearing)
    if form == "json":
        writing.write(usage_json(*shown))
    else:
        writing.write((removed_text(shown[-1]) if clearing else usage_text(*shown)).encode())


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@options.loudness
def completion_command(shell: str) -> None:
    """Print a script that completes commands, options and their values in SHELL.

    \b
    Add one of these to the shell's start-up file, or write the output where it looks:
      bash   eval "$(frontcalc completion bash)"
      zsh    eval "$(frontcalc completion zsh)"
      fish   frontcalc completion fish | source
    """  # noqa: D301 - click needs the character that \b stands for
    found = get_completion_class(shell)
    assert found is not None
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, "frontcalc", COMPLETING).source())
