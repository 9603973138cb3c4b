"""Arguments and options, each defined once, and the one way that results leave a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from frontcalc.tables import Table

Command = Callable[..., None]

# Named here and not asked of the library, which would load numpy to show a help text; a test holds them equal.
FORMATS = ("table", "csv", "json", "markdown")
CHECK_FORMATS = (*FORMATS, "sarif")
VIEWS = ("control", "assessed", "claimed")
SNAPS = ("border", "none")
STEPS = ("snapshot", "day", "week", "month")
_FORMAT_OF_SUFFIX = {".csv": "csv", ".json": "json", ".md": "markdown", ".txt": "table", ".sarif": "sarif"}


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


class Period(click.ParamType[str, str]):
    """A period, where no file can stand for it."""

    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return a period's text, checked."""
        from frontcalc.periods import parse_period

        return parse_period(str(value)).label


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


def places(*, required: bool = False) -> Callable[[Command], Command]:
    """Return the option that names a file of places."""
    text = "Named points: GeoJSON, or CSV with columns name, lon, lat."
    return click.option("--places", metavar="FILE", required=required, help=text)


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
    click.option(
        "--snap", type=click.Choice(SNAPS), help="Give ground beside the regions to the nearest [default: border]."
    ),
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
_regions = _measuring[:2]
_output = (
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Form of the output [default: table]."),
    click.option("-o", "--output", metavar="FILE", help="Write to a file instead of standard output."),
)
_check_output = (
    click.option("--format", "format_", type=click.Choice(CHECK_FORMATS), help="Form of the output [default: table]."),
    _output[1],
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


def checking(command: Command) -> Command:
    """Add the options that say how an archive is checked; bad files are findings and never skipped."""
    for option in reversed((*_regions, *_reading[:2], *_check_output)):
        command = option(command)
    return command


def output(command: Command) -> Command:
    """Add the options that say where the result goes, and in which form."""
    for option in reversed(_output):
        command = option(command)
    return command


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


def emit(
    result: Table[Any, Any],
    format_: str | None,
    output: str | None,
    *,
    writers: Mapping[str, Callable[[Table[Any, Any]], str]] | None = None,
) -> None:
    """Write a result to standard output or a file; notices that the format does not show go to stderr."""
    from frontcalc.notices import grouped
    from frontcalc.outputs import WITH_REMARKS, WRITERS, write_file
    from frontcalc.outputs.remarks import place_lines

    available = writers or WRITERS
    to_file = output is not None and output != "-"
    by_suffix = _FORMAT_OF_SUFFIX.get(Path(str(output)).suffix.lower()) if to_file else None
    chosen = format_ or (by_suffix if by_suffix and by_suffix in available else "table")
    content = available[chosen](result)
    if to_file:
        write_file(Path(str(output)), content)
    else:
        # Bytes, so that the output is UTF-8 whatever the locale.
        sys.stdout.buffer.write(content.encode())
        sys.stdout.buffer.flush()
    if to_file or chosen not in WITH_REMARKS:
        for line in place_lines(result.meta):
            click.echo(f"frontcalc: {line}", err=True)
        for line in grouped(result.meta.notices):
            click.echo(f"frontcalc: note {line}", err=True)
