"""`frontcalc regions`."""

from __future__ import annotations

import click

from frontcalc.cli import options


@click.group("regions")
def command() -> None:
    """Show the regions that figures are split by."""


@command.command("list")
@options.output
def list_command(format_: str | None, output: str | None) -> None:
    """List the embedded regions: codes, areas (km²), source, licence and SHA-256."""
    import frontcalc

    options.emit(frontcalc.list_regions(), format_, output)
