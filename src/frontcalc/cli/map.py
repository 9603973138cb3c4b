"""`frontcalc map`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from frontcalc.cli import options, terminal, types, writing
from frontcalc.cli.command import Command


@click.command("map", cls=Command)
@options.periods_or_files
@click.option("--zoom", metavar="WHERE", help="auto for the change, a region, or W,S,E,N in degrees [default: auto].")
@options.archive
@options.measuring
@options.workers
@writing.picture
def command(
    periods: tuple[str | Path, ...],
    zoom: str | None,
    archive: str | None,
    output: str,
    form: str,
    looks: dict[str, Any],
    **how: Any,
) -> None:
    """Draw where ground was gained and lost in each PERIOD, over what was held at the opening.

    Several periods are drawn beside each other on one scale. Two files instead of
    periods are compared with each other. The title is the finding; figures are those
    of «frontcalc diff». Needs frontcalc[viz].
    """
    import frontcalc

    names, files = types.periods_or_files(periods)
    with terminal.progress():
        if files:
            scene = frontcalc.change_map_between(files[0], files[1], **options.given(how))
        else:
            scene = frontcalc.change_map(names, **options.given(how | {"archive": archive}))
        content = scene.image(form, zoom=zoom or "auto", **looks)
    writing.emit_picture(content, output, scene.table.meta)
