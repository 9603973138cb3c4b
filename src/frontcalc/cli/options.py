"""Arguments and options that say what is measured and how, each defined once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from frontcalc.cli import terminal, types

# Named here and not asked of the library, which would load numpy to show a help text; a test holds them equal.
VIEWS = ("control", "assessed", "claimed")
SNAPS = ("border", "none")
LEVELS = ("country", "adm1", "adm2", "none", "oblast", "raion")
UNITS_OF_TIME = ("year", "quarter", "month", "week")
STEPS = ("snapshot", "day", "week", "month")

path_option = partial(click.option, metavar="FILE", shell_complete=types.paths)
"""An option that names a file."""

archive = path_option(
    "--archive",
    metavar="PATH",
    envvar="FRONTCALC_ARCHIVE",
    help="Folder, zip or file of dated maps; or set FRONTCALC_ARCHIVE [default: a synthetic sample].",
)
cache = path_option(
    "--cache",
    metavar="DIR",
    help="Folder that keeps what was measured, for later runs; or none [default: the user's].",
)
period = click.argument("period", type=types.period, metavar="PERIOD")
_several = partial(click.argument, "periods", nargs=-1, required=True, metavar="PERIOD [PERIOD …]")
periods = _several(type=types.period)
periods_or_files = _several(type=types.period_or_file, shell_complete=types.paths)

_regions = (
    path_option("--regions", help="Polygon file of the regions to split by [default: embedded ones]."),
    click.option("--region-name", metavar="FIELD", help="Field of that file that names the regions [default: name]."),
)
_snap = click.option(
    "--snap", type=click.Choice(SNAPS), help="Give ground beside the regions to the nearest [default: border]."
)
_figuring = (
    click.option("--crs", metavar="CRS", help="Equal-area CRS, proved over the data [default: EPSG:6933]."),
    click.option("--carry-layers", type=int, metavar="DAYS", help="Carry a missing layer over for so many days."),
)
_legend = path_option("--legend", help="A toml that says what the maps' layers mean.")
_date_from = click.option(
    "--date-from", metavar="SOURCE", help="Where days are read from: name, folder or property:FIELD."
)
_reading = (
    _date_from,
    click.option("--skip-bad", is_flag=True, help="Pass over files that cannot be read, and list them."),
    _legend,
)
_measuring = (
    *_regions,
    click.option(
        "--by",
        metavar="LEVELS",
        shell_complete=partial(types.words, LEVELS),
        help="country, adm1 (oblast), adm2 (raion), several with commas; or none [default: adm1].",
    ),
    click.option(
        "--only",
        type=types.names,
        multiple=True,
        metavar="NAMES",
        callback=types.together,
        help="Only these regions, or those of a country (UA); the total is theirs.",
    ),
    _snap,
    click.option(
        "--view",
        metavar="VIEW",
        shell_complete=partial(types.words, VIEWS),
        help="What counts as held: control, assessed, claimed; role:NAME; or layers' names [default: assessed].",
    ),
    click.option("--actor", metavar="NAME", help="Whose territory; «all» for each in turn [default: the main actor]."),
    *_figuring,
    *_reading,
    cache,
)
_AT_ONCE = "Threads or processes that measure at once; the result is the same [default: a processor each, at most 4]."
workers = click.option("--workers", type=click.IntRange(1), metavar="N", help=_AT_ONCE)
workers_or_cluster = click.option(
    "--workers",
    type=types.workers,
    metavar="N|ADDRESS",
    help=f"{_AT_ONCE[:-1]}; or the scheduler of a Dask cluster, as in tcp://10.0.0.1:8786.",
)


def add(command: Callable[..., None], *, options: tuple[Callable[..., Any], ...]) -> Callable[..., None]:
    """Add options to a command, in the order that its help shows."""
    for option in reversed(options):
        command = option(command)
    return command


since_until = partial(
    add,
    options=(
        click.option(
            "--since", metavar="DAY", help="First day, or a year, quarter, month or week [default: the first map]."
        ),
        click.option(
            "--until", metavar="DAY", help="Last day, or a year, quarter, month or week [default: the last map]."
        ),
    ),
)
"""From when to when."""

slivers = partial(
    add,
    options=(
        click.option(
            "--sliver-width",
            type=float,
            metavar="METRES",
            help="Mean width below which a part is a sliver [default: 100].",
        ),
        click.option(
            "--drop-slivers", is_flag=True, help="Leave slivers out of gained, lost and net, and say how much."
        ),
    ),
)
"""What a sliver is, and whether it counts."""

loudness = partial(add, options=terminal.loudness)
"""--quiet and --verbose, for a command that writes no table."""

measuring = partial(add, options=_measuring)
"""How to measure."""

reading = partial(add, options=_reading)
"""How maps are read."""

checking = partial(add, options=(*_regions, _date_from, _legend))
"""How an archive is checked; bad files are findings and never skipped."""

verifying = partial(add, options=(*_regions, _snap, *_figuring, *_reading, cache))
"""How claims are measured: what is measured, they say themselves."""


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given, so that defaults stay the library's; a process of our own may fork.

    Where no archive was given, say that the maps are the sample.
    """
    if "archive" in options and options["archive"] is None:
        say_sample()
    own = {"processes": True} if "workers" in options and click.get_current_context().obj else {}
    return {name: value for name, value in options.items() if value is not None} | own


def say_sample() -> None:
    """Say that the maps are the bundled sample."""
    terminal.say(
        "no archive was given, so this is the bundled SYNTHETIC SAMPLE and no real war; "
        "use --archive PATH or set FRONTCALC_ARCHIVE for your own maps",
        always=True,
    )


def layer_of(text: str) -> tuple[str, str]:
    """Return value and meaning of a --layer, as in «held=Russia control»."""
    value, equals, meaning = text.rpartition("=")
    if not equals or not value.strip():
        raise click.UsageError(f'--layer {text}: write VALUE=ACTOR ROLE, as in "held=Russia control"')
    return value.strip(), meaning


def hand_down(context: click.Context, group: click.Group) -> None:
    """Make the working folder's defaults, which are of a command, those of each command in a group."""
    context.default_map = dict.fromkeys(group.commands, context.default_map or {})
