"""Arguments and options, each defined once, and the one way that results leave a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from frontcalc.cli import terminal

if TYPE_CHECKING:
    from frontcalc.tables import Table

Command = Callable[..., None]
_ALLOW_SYNTHETIC = "frontcalc.allow_synthetic"

# Named here and not asked of the library, which would load numpy to show a help text; a test holds them equal.
FORMATS = ("table", "csv", "json", "markdown", "sentence")
VIEWS = ("control", "assessed", "claimed")
LEVELS = ("country", "adm1", "adm2", "none", "oblast", "raion")
STEPS = ("snapshot", "day", "week", "month")
_FORMAT_OF_SUFFIX = {".csv": "csv", ".json": "json", ".md": "markdown", ".txt": "table"}


class PeriodOrFile(click.ParamType[str | Path, str]):
    """A period, or a file where the text has a slash or a suffix and is no period."""

    name = "period"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete a file."""
        return _paths(ctx, param, incomplete)

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


def _paths(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete a file or folder."""
    return [CompletionItem(incomplete, type="file")]


archive = click.option(
    "--archive",
    metavar="PATH",
    shell_complete=_paths,
    envvar="FRONTCALC_ARCHIVE",
    help="Folder, zip or file of dated maps; or set FRONTCALC_ARCHIVE [default: a synthetic sample].",
)


def _levels(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a level of regions, the last of those separated by commas."""
    given, comma, last = incomplete.rpartition(",")
    return [CompletionItem(given + comma + level) for level in LEVELS if level.startswith(last)]


def _note_allowed(context: click.Context, param: click.Parameter, value: bool) -> None:
    """Note for `emit` that a sentence may be of made-up maps."""
    context.meta[_ALLOW_SYNTHETIC] = value


_measuring = (
    click.option(
        "--regions",
        metavar="FILE",
        shell_complete=_paths,
        help="Polygon file of the regions to split by [default: embedded ones].",
    ),
    click.option("--region-name", metavar="FIELD", help="Field of that file that names the regions [default: name]."),
    click.option(
        "--by",
        metavar="LEVELS",
        shell_complete=_levels,
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
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Form of the output [default: table]."),
    click.option(
        "-o", "--output", metavar="FILE", shell_complete=_paths, help="Write to a file instead of standard output."
    ),
    click.option(
        "--allow-synthetic",
        is_flag=True,
        expose_value=False,
        callback=_note_allowed,
        help="Let --format sentence write of made-up maps.",
    ),
)


def loudness(command: Command) -> Command:
    """Add --quiet and --verbose."""
    for option in reversed(terminal.loudness):
        command = option(command)
    return command


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
    """Add the options that say where the result goes, in which form, and how much is said beside it."""
    for option in reversed((*_output, *terminal.loudness)):
        command = option(command)
    return command


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given, so that defaults stay the library's."""
    return {name: value for name, value in options.items() if value is not None}


def or_sample(path: str | None) -> str | None:
    """Return the archive's path, or None for the bundled sample, and say so."""
    if path:
        return path
    terminal.say(
        "no archive was given, so this is the bundled SYNTHETIC SAMPLE and no real war; "
        "use --archive PATH or set FRONTCALC_ARCHIVE for your own maps",
        always=True,
    )
    return None


def emit(result: Table[Any, Any], format_: str | None, output: str | None) -> None:
    """Write a result to standard output or a file; notices that the format does not show go to stderr."""
    from frontcalc.notices import grouped
    from frontcalc.outputs import WITH_REMARKS, WRITERS, write_file

    to_file = output is not None and output != "-"
    chosen = format_ or (_FORMAT_OF_SUFFIX.get(Path(str(output)).suffix.lower(), "table") if to_file else "table")
    content = WRITERS[chosen](result, **_manner(chosen, to_file=to_file))
    if to_file:
        write_file(Path(str(output)), content)
    else:
        # Bytes, so that the output is UTF-8 whatever the locale.
        sys.stdout.buffer.write(content.encode())
        sys.stdout.buffer.flush()
    if to_file or chosen not in WITH_REMARKS:
        for notice in grouped(result.meta.notices):
            terminal.say(f"note {notice}", always=notice.startswith("SYNTHETIC"))


def _manner(chosen: str, *, to_file: bool) -> dict[str, Any]:
    """Return what one format alone is told: the terminal's width and colour, or that made-up maps are meant."""
    if chosen == "table" and not to_file:
        return terminal.text_style()
    if chosen == "sentence":
        return {"allow_synthetic": click.get_current_context().meta.get(_ALLOW_SYNTHETIC, False)}
    return {}
