"""The one way that results leave a command: in which form, where to, and what is said beside them."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from frontcalc.cli import terminal
from frontcalc.cli.types import code, codes, paths

if TYPE_CHECKING:
    from frontcalc.tables import Table

Command = Callable[..., None]
_WRITING = "frontcalc.writing"
_FAILING = "frontcalc.failing"

# Named here and not asked of the library, which would load numpy to show a help text; a test holds them equal.
FORMATS = ("table", "csv", "json", "markdown", "html", "xlsx", "parquet", "sentence")
CHECK_FORMATS = (*FORMATS, "sarif")
MAP_FORMATS = ("geojson", "gpkg", "geoparquet")
BINARY = ("xlsx", "parquet", "gpkg", "geoparquet")
UNITS = ("km2", "mi2")
FORMAT_OF_SUFFIX = {
    ".txt": "table",
    ".csv": "csv",
    ".json": "json",
    ".md": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
    ".sarif": "sarif",
    ".geojson": "geojson",
    ".gpkg": "gpkg",
    ".geoparquet": "geoparquet",
}

# What a suffix may hold beside the form that it chooses, and suffixes of pictures, which no table is written as.
_ALSO = {
    ".txt": ("csv", "json", "markdown", "html", "sentence"),
    ".md": ("sentence",),
    ".json": ("sarif", "geojson"),
    ".parquet": ("geoparquet",),
}
_PICTURES = (".png", ".svg", ".pdf")

_output = (
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        shell_complete=paths,
        help="Write to a file, whose suffix chooses the form; - is stdout.",
    ),
    click.option("--units", type=click.Choice(UNITS), help="Square kilometres or square miles [default: km2]."),
    click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark, for Excel."),
    click.option(
        "--fail-on",
        type=code,
        shell_complete=codes,
        multiple=True,
        metavar="CODE",
        help="Exit with 1 if there is such a notice, after writing; may be repeated (docs/notices.md).",
    ),
)


def _output_as(command: Command, *, formats: tuple[str, ...]) -> Command:
    """Add the options that say where a table goes, in which form, and how much is said beside it.

    The command gets the form chosen.
    """
    form = click.option(
        "--format", "format_", type=click.Choice(formats), help="Form of the output [default: by -o, else table]."
    )

    @wraps(command)
    def choosing(
        *values: Any,
        format_: str | None,
        output: str | None,
        units: str | None,
        bom: bool,
        fail_on: tuple[str, ...],
        **how: Any,
    ) -> None:
        chosen = _form(format_, output, formats)
        if bom and chosen != "csv":
            raise click.UsageError("--bom is for CSV alone")
        # `emit` takes these up, so that commands need not hand on what they do not use.
        click.get_current_context().meta[_WRITING] = {"units": units or "km2", "bom": bom}
        click.get_current_context().meta[_FAILING] = fail_on
        command(*values, format_=chosen, output=output, **how)

    for option in reversed((form, *_output, *terminal.loudness)):
        choosing = option(choosing)
    return choosing


output = partial(_output_as, formats=FORMATS)
"""Tables alone."""

output_or_map = partial(_output_as, formats=(*FORMATS, *MAP_FORMATS))
"""Tables, and change polygons."""

output_of_check = partial(_output_as, formats=CHECK_FORMATS)
"""Tables, and the form that code hosts show beside files."""


def _form(format_: str | None, output: str | None, formats: tuple[str, ...]) -> str:
    """Return the form of the output: that asked for, else by the file's suffix, else a table."""
    to_file = output is not None and output != "-"
    suffix = Path(str(output)).suffix.lower() if to_file and not Path(str(output)).is_dir() else ""
    source = click.get_current_context().get_parameter_source("format_")
    # A default of the working folder is weaker than the suffix of a file that was named.
    if format_ and (source != ParameterSource.DEFAULT_MAP or not suffix):
        chosen = format_
        refuse_suffix(chosen, suffix, output)
    elif suffix and FORMAT_OF_SUFFIX.get(suffix) not in formats:
        known = ", ".join(known for known, form in FORMAT_OF_SUFFIX.items() if form in formats)
        raise click.UsageError(f"-o {output}: no form has the suffix {suffix}; use {known}, or choose with --format")
    else:
        chosen = FORMAT_OF_SUFFIX.get(suffix, "table")
    if chosen in BINARY and not to_file and terminal.is_terminal(sys.stdout):
        raise click.UsageError(f"{chosen} is no text for a terminal; write it to a file with -o")
    return chosen


def refuse_suffix(form: str, suffix: str, output: str | None) -> None:
    """Refuse a file whose suffix is that of another form than was asked for; one that says nothing may hold any."""
    known = {*FORMAT_OF_SUFFIX, *_PICTURES}
    fitting = (FORMAT_OF_SUFFIX.get(suffix, suffix.removeprefix(".")), *_ALSO.get(suffix, ()))
    if suffix in known and form not in fitting:
        raise click.UsageError(f"-o {output}: --format {form} is another form than {suffix}: leave one of them out")


def emit(result: Table[Any, Any], format_: str | None, output: str | None) -> None:
    """Write a result to standard output or a file; notices that the format does not show go to stderr.

    Raises
    ------
    CheckFailed
        All is written, and there is a notice that the command is to fail on.
    """
    from frontcalc.notices import grouped, require_none
    from frontcalc.outputs import WITH_REMARKS, place_lines, render, write_file

    to_file = output is not None and output != "-"
    chosen = format_ or "table"
    style = {} if to_file else terminal.text_style()
    content = render(result, chosen, **click.get_current_context().meta.get(_WRITING, {}), **style)
    if to_file:
        write_file(Path(str(output)), content)
    else:
        print_bytes(content)
    if to_file or chosen not in WITH_REMARKS:
        for line in place_lines(result.meta):
            terminal.say(line)
        for notice in grouped(result.meta.notices):
            terminal.say(f"note {notice}", always=notice.startswith("SYNTHETIC"))
    require_none(result.meta.notices, click.get_current_context().meta.get(_FAILING, ()))


def failing() -> tuple[str, ...]:
    """Return the codes of the notices that the command is to fail on."""
    codes: tuple[str, ...] = click.get_current_context().meta.get(_FAILING, ())
    return codes


def print_bytes(content: bytes) -> None:
    """Write bytes to standard output, which is UTF-8 whatever the locale, or say why that cannot be."""
    from frontcalc.errors import DataError, reason_of

    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has what it wanted; what is to be said and checked still is.
        terminal.silence(sys.stdout)
    except OSError as error:
        terminal.silence(sys.stdout)
        problem = f"cannot be written: {reason_of(error)}"
        raise DataError(problem, where="standard output", cure="write to a file with -o") from error


def print_text(text: str) -> None:
    """Write text to standard output."""
    print_bytes(text.encode())


def refuse(names: dict[str, str], problem: str) -> None:
    """Refuse options, by parameter and spelling, that were typed where they mean nothing."""
    context = click.get_current_context()
    for parameter, spelling in names.items():
        if context.get_parameter_source(parameter) == ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{spelling}: {problem}")
