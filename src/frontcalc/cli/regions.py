"""`frontcalc regions`."""

from __future__ import annotations

from typing import Any

import click

import frontcalc
from frontcalc.cli import options, writing
from frontcalc.cli.command import Group
from frontcalc.cli.types import paths
from frontcalc.errors import CheckFailed


@click.group("regions", cls=Group)
@click.pass_context
def command(context: click.Context) -> None:
    """Show, check and fetch the regions that figures are split by."""
    options.hand_down(context, command)


@command.command("list")
@writing.output
def list_command(**how: Any) -> None:
    """List the embedded regions: codes, areas (km²), source, licence and SHA-256."""
    writing.show(frontcalc.list_regions, **how)


@command.command("show")
@click.argument("name")
@writing.output
def show_command(name: str, **how: Any) -> None:
    """Show one embedded region: spellings, area (km²), box in degrees, neighbours.

    NAME is spelt as people type it (Zaporizhia, Донецьк) or a code (UA-14).
    """
    writing.show(frontcalc.show_region, name, **how)


@command.command("check")
@click.argument("file", metavar="FILE", shell_complete=paths)
@click.option("--region-name", metavar="FIELD", help="Field that names the regions [default: name, or shapeName].")
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


@command.command("fetch")
@click.argument("country")
@click.argument("level")
@click.option("--update", is_flag=True, help="Fetch again what was fetched before.")
@click.option("--api", metavar="URL", hidden=True, help="A mirror of geoBoundaries' API.")
@writing.output
def fetch_command(country: str, level: str, **how: Any) -> None:
    """Fetch a COUNTRY's regions of a LEVEL from geoBoundaries (gbOpen), and list them.

    COUNTRY is an ISO 3166-1 code or a name (UA, UKR, Ukraine), LEVEL is country (ADM0),
    adm1 or adm2. The set is kept in the user's cache with its SHA-256, source and
    licence, and stays as it is until --update. Needs frontcalc[fetch].
    """
    writing.show(frontcalc.fetch_regions, country, level, **how)
