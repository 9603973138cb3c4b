"""`frontcalc regions`."""

from __future__ import annotations

import click

from frontcalc.cli import options, terminal, writing
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
def list_command(format_: str | None, output: str | None) -> None:
    """List the embedded regions: codes, areas (km²), source, licence and SHA-256."""
    import frontcalc

    with terminal.progress():
        result = frontcalc.list_regions()
    writing.emit(result, format_, output)


@command.command("show")
@click.argument("name")
@writing.output
def show_command(name: str, format_: str | None, output: str | None) -> None:
    """Show one embedded region: spellings, area (km²), box in degrees, neighbours.

    NAME is spelt as people type it (Zaporizhia, Донецьк) or a code (UA-14).
    """
    import frontcalc

    with terminal.progress():
        result = frontcalc.show_region(name)
    writing.emit(result, format_, output)


@command.command("check")
@click.argument("file", metavar="FILE", shell_complete=paths)
@click.option("--region-name", metavar="FIELD", help="Field that names the regions [default: name, or shapeName].")
@click.option("--crs", metavar="CRS", help="Equal-area CRS, proved over the regions [default: EPSG:6933].")
@writing.output
def check_command(file: str, region_name: str | None, crs: str | None, format_: str | None, output: str | None) -> None:
    """Check a region FILE before figures are split by it.

    Shows names, areas (km²), countries, what regions share and what gaps they enclose,
    invalid outlines that were repaired, and the CRS. The exit code is 1 where the file
    would be refused.
    """
    import frontcalc

    with terminal.progress():
        result = frontcalc.check_regions(file, **options.given({"region_name": region_name, "crs": crs}))
    writing.emit(result, format_, output)
    if reasons := result.meta.refused:
        more = f" and {len(reasons) - 1} more" if reasons[1:] else ""
        raise CheckFailed(f"would be refused: {reasons[0]}{more}", where=result.meta.file.name)


@command.command("fetch")
@click.argument("country")
@click.argument("level")
@click.option("--update", is_flag=True, help="Fetch again what was fetched before.")
@click.option("--api", metavar="URL", hidden=True, help="A mirror of geoBoundaries' API.")
@writing.output
def fetch_command(
    country: str, level: str, update: bool, api: str | None, format_: str | None, output: str | None
) -> None:
    """Fetch a COUNTRY's regions of a LEVEL from geoBoundaries (gbOpen), and list them.

    COUNTRY is an ISO 3166-1 code or a name (UA, UKR, Ukraine), LEVEL is country (ADM0),
    adm1 or adm2. The set is kept in the user's cache with its SHA-256, source and
    licence, and stays as it is until --update. Needs frontcalc[fetch].
    """
    import frontcalc

    with terminal.progress():
        result = frontcalc.fetch_regions(country, level, update=update, api=api)
    writing.emit(result, format_, output)
