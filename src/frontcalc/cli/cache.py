"""`frontcalc cache`."""

from __future__ import annotations

import click

from frontcalc.cli import options, writing
from frontcalc.cli.command import Group

_form = click.option(
    "--format",
    "format_",
    type=click.Choice(("table", "json")),
    default="table",
    show_default=True,
    help="Form of the output.",
)


@click.group("cache", cls=Group)
def command() -> None:
    """Show and clear what is kept on disk so that it need not be measured again.

    Figures do not depend on it: docs/cache.md says what is kept, and by what.
    """


@command.command("info")
@options.cache
@_form
@options.loudness
def info_command(cache: str | None, format_: str) -> None:
    """Show where the cache is, and how many entries of which size it holds."""
    from frontcalc.cache import NONE, usage, user_cache
    from frontcalc.outputs.text import usage_json, usage_text

    kept = user_cache(cache)
    used = usage(kept)
    shown = str(kept.folder or NONE), kept.most_bytes, used
    writing.print_text(usage_json(*shown).decode() if format_ == "json" else usage_text(*shown))


@command.command("clear")
@options.cache
@_form
@options.loudness
def clear_command(cache: str | None, format_: str) -> None:
    """Remove all entries; region sets that were fetched, and files of others, stay.

    It shows what was removed.
    """
    from frontcalc.cache import NONE, usage, user_cache
    from frontcalc.outputs.text import removed_text, usage_json

    kept = user_cache(cache)
    removed = usage(kept, clearing=True)
    shown = str(kept.folder or NONE), kept.most_bytes, removed
    writing.print_text(usage_json(*shown).decode() if format_ == "json" else removed_text(removed))
