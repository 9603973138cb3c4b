"""`frontcalc verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command
from frontcalc.errors import CheckFailed


@click.command("verify", cls=Command)
@click.argument("claims", metavar="CLAIMS.toml", shell_complete=types.paths)
@options.archive
@options.verifying
@writing.output
def command(claims: str, archive: str | None, format_: str | None, output: str | None, **how: Any) -> None:
    """Hold published figures against maps, and against each other.

    \b
      frontcalc verify claims.toml --archive maps/
      frontcalc verify bbc-2024-11        (bundled, of the bundled sample)

    Each [[claim]] of the file agrees with the maps, depends on a choice that is named
    (view, layers summed, a neighbouring map, the day), disagrees under every choice, or
    has no data. --archive beats the archive that the file names. docs/claims.md has the
    format and the rules. Exit code 1 if any claim disagrees.
    """  # noqa: D301 - click needs the character that \b stands for
    import frontcalc
    from frontcalc.archives import SAMPLE_NAME, refuse_place
    from frontcalc.measure.verify import maps_named

    writing.refuse({"units": "--units"}, "each claim says its own unit")
    if archive is None and output not in (None, "-"):
        refuse_place(Path(str(output)), archives=maps_named(claims))
    with terminal.progress():
        result = frontcalc.verify(claims, archive=archive, **options.given(how))
    if archive is None and result.meta.archive == SAMPLE_NAME:
        options.say_sample()
    writing.emit(result, format_, output)
    if count := dict(result.meta.counts).get("disagrees"):
        raise CheckFailed(f"{count} of {len(result.rows)} disagree", where=result.meta.claims.name)
