"""Arguments and options, each defined once, and the one way that results leave a command."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from frontcalc.tables import Table

Command = Callable[..., None]
_WRITING = "frontcalc.writing"

# Named here and not asked of the library, which would load numpy to show a help text; a test holds them equal.
FORMATS = ("table", "csv", "json", "markdown", "html", "xlsx", "parquet")
VIEWS = ("control", "assessed", "claimed")
STEPS = ("snapshot", "day", "week", "month")
MAP_FORMATS = ("geojson", "gpkg", "geoparquet")
UNITS_OF_TIME = ("year", "quarter", "month", "week")
UNITS = ("km2", "mi2")
BINARY = ("xlsx", "parquet", "gpkg", "geoparquet")
FORMAT_OF_SUFFIX = {
    ".txt": "table",
    ".csv": "csv",
    ".json": "json",
    ".md": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
    ".geojson": "geojson",
    ".gpkg": "gpkg",
    ".geoparquet": "geoparquet",
}


class PeriodOrFile(click.ParamType[str | Path, str]):
    """A period, or a file where the text has a slash or a suffix and is no period."""

    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | Path:
        """Return a period's text, checked, or a path."""
        from frontcalc.periods import is_period, parse_period

        if isinstance(value, Path):
            return value
        text = str(value)
        if is_period(text):
            return parse_period(text).label
        if os.sep in text or Path(text).suffix:
            return Path(text)
        return parse_period(text).label


class Day(click.ParamType[str, str]):
    """A day as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the day's text, checked."""
        from frontcalc.periods import parse_day

        return parse_day(str(value)).isoformat()


class Names(click.ParamType[tuple[str, ...], str]):
    """Names separated by commas."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names."""
        if isinstance(value, tuple):
            return value
        return tuple(name for part in str(value).split(",") if (name := part.strip()))


def together(
    context: click.Context, parameter: click.Parameter, value: tuple[tuple[str, ...], ...]
) -> tuple[str, ...] | None:
    """Return the names of an option that may be given more than once, None without any."""
    return tuple(name for names in value for name in names) if value else None


archive = click.option(
    "--archive",
    metavar="PATH",
    envvar="FRONTCALC_ARCHIVE",
    help="Folder, zip or file of dated maps; or set FRONTCALC_ARCHIVE [default: a synthetic sample].",
)
_measuring = (
    click.option("--regions", metavar="FILE", help="Polygon file of the regions to split by [default: embedded ones]."),
    click.option("--region-name", metavar="FIELD", help="Field of that file that names the regions [default: name]."),
    click.option(
        "--by",
        metavar="LEVELS",
        help="country, adm1 (oblast), adm2 (raion), several with commas; or none [default: adm1].",
    ),
    click.option(
        "--only",
        type=Names(),
        multiple=True,
        metavar="NAMES",
        callback=together,
        help="Only these regions; the total is theirs.",
    ),
    click.option("--theatre", metavar="COUNTRY", help="Only regions of this country, as in UA."),
    click.option("--view", type=click.Choice(VIEWS), help="Which roles count as held [default: assessed]."),
    click.option("--layers", type=Names(), metavar="NAMES", help="Roles or publisher's layer names instead of a view."),
    click.option("--actor", metavar="NAME", help="Whose territory; «all» for each in turn [default: the main actor]."),
    click.option("--crs", metavar="CRS", help="Equal-area CRS, proved over the data [default: EPSG:6933]."),
    click.option("--carry-layers", type=int, metavar="DAYS", help="Carry a missing layer over for so many days."),
)
_reading = (
    click.option("--date-from", metavar="SOURCE", help="Where days are read from: name, folder or property:FIELD."),
    click.option("--year", type=int, metavar="YYYY", help="The year of file names that state only day and month."),
    click.option("--skip-bad", is_flag=True, help="Pass over files that cannot be read, and list them."),
)
_output = (
    click.option("-o", "--output", metavar="FILE", help="Write to a file, whose suffix chooses the form; - is stdout."),
    click.option("--units", type=click.Choice(UNITS), help="Square kilometres or square miles [default: km2]."),
    click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark, for Excel."),
)


def measuring(command: Command) -> Command:
    """Add the options that say how to measure."""
    for option in reversed((*_measuring, *_reading)):
        command = option(command)
    return command


def reading(command: Command) -> Command:
    """Add the options that say how maps are read."""
    for option in reversed(_reading):
        command = option(command)
    return command


def output(command: Command) -> Command:
    """Add the options that say where a table goes and in which form; the command gets the form chosen."""
    return _output_as(command, FORMATS)


def output_or_map(command: Command) -> Command:
    """Add the options of `output`, the forms of change polygons among them."""
    return _output_as(command, (*FORMATS, *MAP_FORMATS))


def _output_as(command: Command, formats: tuple[str, ...]) -> Command:
    """Add the options of the output in some forms."""
    form = click.option(
        "--format", "format_", type=click.Choice(formats), help="Form of the output [default: by -o, else table]."
    )

    @wraps(command)
    def choosing(
        *values: Any, format_: str | None, output: str | None, units: str | None, bom: bool, **how: Any
    ) -> None:
        chosen = _form(format_, output, formats)
        if bom and chosen != "csv":
            raise click.UsageError("--bom is for CSV alone")
        # `emit` takes these up, so that commands need not hand on what they do not use.
        click.get_current_context().meta[_WRITING] = {"units": units or "km2", "bom": bom}
        command(*values, format_=chosen, output=output, **how)

    for option in reversed((form, *_output)):
        choosing = option(choosing)
    return choosing


def _form(format_: str | None, output: str | None, formats: tuple[str, ...]) -> str:
    """Return the form of the output: that asked for, else by the file's suffix, else a table."""
    to_file = output is not None and output != "-"
    suffix = Path(str(output)).suffix.lower() if to_file and not Path(str(output)).is_dir() else ""
    source = click.get_current_context().get_parameter_source("format_")
    # A default of the working folder is weaker than the suffix of a file that was named.
    if format_ and (source != ParameterSource.DEFAULT_MAP or not suffix):
        chosen = format_
    elif suffix and FORMAT_OF_SUFFIX.get(suffix) not in formats:
        known = ", ".join(known for known, form in FORMAT_OF_SUFFIX.items() if form in formats)
        raise click.UsageError(f"-o {output}: no form has the suffix {suffix}; use {known}, or choose with --format")
    else:
        chosen = FORMAT_OF_SUFFIX.get(suffix, "table")
    if chosen in BINARY and not to_file and sys.stdout.isatty():
        raise click.UsageError(f"{chosen} is no text for a terminal; write it to a file with -o")
    return chosen


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given, so that defaults stay the library's."""
    return {name: value for name, value in options.items() if value is not None}


def or_sample(path: str | None) -> str | None:
    """Return the archive's path, or None for the bundled sample, and say so."""
    if path:
        return path
    click.echo(
        "frontcalc: no archive was given, so this is the bundled SYNTHETIC SAMPLE and no real war; "
        "use --archive PATH or set FRONTCALC_ARCHIVE for your own maps",
        err=True,
    )
    return None


def emit(result: Table[Any, Any], format_: str | None, output: str | None) -> None:
    """Write a result to standard output or a file; notices that the format does not show go to stderr."""
    from frontcalc.notices import grouped
    from frontcalc.outputs import WITH_REMARKS, render, write_file

    to_file = output is not None and output != "-"
    chosen = format_ or "table"
    content = render(result, chosen, **click.get_current_context().meta.get(_WRITING, {}))
    if to_file:
        write_file(Path(str(output)), content)
    else:
        _write_stdout(content)
    if to_file or chosen not in WITH_REMARKS:
        for line in grouped(result.meta.notices):
            click.echo(f"frontcalc: note {line}", err=True)


def _write_stdout(content: bytes) -> None:
    """Write bytes to standard output, which is UTF-8 whatever the locale, or say why that cannot be."""
    from frontcalc.errors import DataError

    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence_stdout()
        reason = (error.strerror or type(error).__name__).lower()
        raise DataError(
            f"cannot be written: {reason}", where="standard output", cure="write to a file with -o"
        ) from error


def print_text(text: str) -> None:
    """Write text to standard output."""
    _write_stdout(text.encode())


def refuse(names: dict[str, str], problem: str) -> None:
    """Refuse options, by parameter and spelling, that were typed where they mean nothing."""
    context = click.get_current_context()
    for parameter, spelling in names.items():
        if context.get_parameter_source(parameter) == ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{spelling}: {problem}")


def silence_stdout() -> None:
    """Send to nowhere what standard output has left; Python would complain once more when it flushes at exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
