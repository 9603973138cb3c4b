"""The options of pictures, and the one way that a picture leaves a command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from frontcalc.cli import options, terminal, writing
from frontcalc.cli.types import paths

if TYPE_CHECKING:
    from frontcalc.tables import Meta

Command = Callable[..., None]

# Named here and not asked of the library, which would load numpy to show a help text; a test holds them equal.
FORMATS = ("png", "svg", "pdf")
THEMES = ("light", "dark", "print")

_options = (
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        shell_complete=paths,
        help="Write to a file: .png, .svg or .pdf; - is stdout.",
    ),
    # Not `format_`: the working folder's default format is one of tables.
    click.option(
        "--format", "image", type=click.Choice(FORMATS), help="Form of the picture [default: by -o, else png]."
    ),
    click.option("--size", metavar="WxH", help="Pixels; or wide, square, portrait [default: 1600x1000]."),
    click.option("--theme", type=click.Choice(THEMES), help="Colours; print is for black ink [default: light]."),
    click.option("--units", type=click.Choice(writing.UNITS), help="Square kilometres or square miles [default: km2]."),
    *terminal.loudness,
)


def output(command: Command) -> Command:
    """Add the options that say where a picture goes and how it looks; the command gets the form and a dict of looks."""

    @wraps(command)
    def choosing(
        *values: Any,
        output: str,
        image: str | None,
        size: str | None,
        theme: str | None,
        units: str | None,
        **how: Any,
    ) -> None:
        looks = options.given({"size": size, "theme": theme, "units": units})
        form = _form(image, output)
        _check(looks)
        command(*values, output=output, form=form, looks=looks, **how)

    for option in reversed(_options):
        choosing = option(choosing)
    return choosing


def _form(image: str | None, output: str) -> str:
    """Return the form of the picture: that asked for, else by the file's suffix, else PNG."""
    if output == "-":
        if terminal.is_terminal(sys.stdout):
            raise click.UsageError("a picture is no text for a terminal; write it to a file with -o")
        return image or FORMATS[0]
    suffix = Path(output).suffix.lower().removeprefix(".")
    if image:
        writing.refuse_suffix(image, f".{suffix}", output)
    elif suffix not in FORMATS:
        known = ", ".join(f".{form}" for form in FORMATS)
        raise click.UsageError(
            f"-o {output}: no picture has the suffix .{suffix}; use {known}, or choose with --format"
        )
    return image or suffix


def _check(looks: dict[str, Any]) -> None:
    """Refuse a picture that could not be drawn before anything is measured."""
    from frontcalc.sources.packages import extra_package
    from frontcalc.viz.style import style_of

    extra_package("matplotlib", where="a picture", extra="viz")
    style_of(looks)  # type: ignore[arg-type]


def emit(content: bytes, output: str, meta: Meta) -> None:
    """Write a picture to standard output or a file; notices go to stderr."""
    from frontcalc.notices import grouped
    from frontcalc.outputs import write_file

    if output == "-":
        writing.print_bytes(content)
    else:
        write_file(Path(output), content)
    for notice in grouped(meta.notices):
        terminal.say(f"note {notice}", always=notice.startswith("SYNTHETIC"))
