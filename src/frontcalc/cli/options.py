"""Commands, and the arguments and options that say what is measured and how, each defined once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial, reduce
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from frontcalc.cli import slips, terminal
from frontcalc.periods import is_period, parse_day, parse_periods, period_label, readings
from frontcalc.views import VIEWS

# Named here and not imported from the library, which would load numpy to show a help text; a test holds them equal.
SNAPS = ("border", "none")
LEVELS = ("country", "adm1", "adm2", "none", "oblast", "raion")
STEPS = ("snapshot", "day", "week", "month")

DEFAULTS, _PASSED_OVER, PRESET = "frontcalc.defaults", "frontcalc.passed-over", "frontcalc.preset"
_WHOLE_HELP = "frontcalc.whole-help"
_OF_ARCHIVE = "frontcalc.toml is of the archive that the working folder lies in, so it sets no"
_ELSEWHERE: dict[ParameterSource | None, str] = {
    ParameterSource.DEFAULT_MAP: "frontcalc.toml in the working folder",
    ParameterSource.ENVIRONMENT: "the environment",
}

Decorator = Callable[[Callable[..., None]], Callable[..., None]]


def labels(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels of the periods that words name, none for none."""
    return tuple(period.label for period in parse_periods(value)) if value else ()


def date(value: str) -> str:
    """Return a day's text, as YYYY-MM-DD, checked."""
    return parse_day(value).isoformat()


def date_or_file(value: str) -> str:
    """Return a day's text, checked, or that of a path: one with a slash, or a suffix that is no number."""
    from frontcalc.measure.summary import baseline_file

    return value if baseline_file(value) else date(value)


def periods_or_files(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str | Path, ...]:
    """Return periods, or exactly two paths: text with a slash or a suffix that is a file or no period."""
    paths = [one for one in value if os.sep in one or Path(one).suffix]
    files = [Path(one) for one in paths if Path(one).is_file() or not readings(one)]
    if files and (len(files), len(value)) != (2, 2):
        raise click.UsageError("give periods, or exactly two files to compare")
    return tuple(files) or tuple(period.label for period in parse_periods(value))


def one_text(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> str | None:
    """Return the text of one period, which may be of several words; None for none."""
    if len(value) > 1 and all(map(is_period, value)):
        raise click.UsageError(
            f"one PERIOD is taken: write {value[0]}..{value[-1]} for the whole time{slips.as_in(context.command)}"
        )
    return " ".join(value) if value else None


def within(how: dict[str, Any], *, relative: bool = True) -> dict[str, Any]:
    """Return options with the PERIOD that was typed, if any, as --since and --until, which take an end of it each."""
    period = how.pop("period")
    if period is not None and (how["since"] or how["until"]):
        raise click.UsageError("PERIOD says since when and until when: leave out --since and --until")
    for name, is_open in (("since", str.startswith), ("until", str.endswith)):
        text = how[name] if period is None else period
        if text is not None:
            label = period_label(text, relative=relative)
            how[name] = None if period and is_open(label, "..") else label
    return how


def names(
    context: click.Context, parameter: click.Parameter, value: str | tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """Return names separated by commas, of an option given once or several times; None without any."""
    if not value:
        return None
    text = value if isinstance(value, str) else ",".join(value)
    return tuple(name for part in text.split(",") if (name := part.strip()))


paths = click.Path().shell_complete  # lets the shell complete a file or folder


def words(
    known: Sequence[str], context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Let the shell complete a known word, the last of those separated by commas."""
    given, comma, last = incomplete.rpartition(",")
    return [CompletionItem(given + comma + word) for word in known if word.startswith(last)]


_ANYWHERE = ("FILE", "PATH", "DIR", "FILE|DIR", "DATE|FILE")  # for these values the shell completes a file or folder


def option(spelling: str, says: str, *, name: str = "", **how: Any) -> Decorator:
    """Return an option from how help spells it, «-o --output FILE», and what it says; a flag if without a value."""
    names = [word for word in spelling.split() if word.startswith("-")]
    if metavar := spelling.removeprefix(" ".join(names)).strip():
        how["metavar"] = metavar
    if metavar in _ANYWHERE:
        how["shell_complete"] = paths
    if not metavar and "type" not in how:
        how["is_flag"] = True
    return click.option(*names, *filter(None, [name]), help=says, **how)


def together(*options: Decorator) -> Decorator:
    """Return what adds options to a command, in the order that its help shows."""
    return lambda command: reduce(lambda done, add: add(done), reversed(options), command)


def _show_whole_help(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    """Show the help with the options for experts, and exit."""
    if value and not context.resilient_parsing:
        context.meta[_WHOLE_HELP] = True
        click.echo(context.get_help(), color=context.color)
        context.exit()


_flag = partial(option, expose_value=False, callback=terminal.set_loudness)
_all_says = "Show this message with the options for experts, and exit."
help_all = option("--help-all", _all_says, is_eager=True, expose_value=False, callback=_show_whole_help)
loudness = together(
    _flag("-q --quiet", "No notes and no progress, only figures, marks, errors and that maps are synthetic."),
    _flag("-v --verbose", "Files read, what took how long, and versions, on stderr."),
)
_archive = option(
    "--archive PATH",
    "Folder, zip or file of dated maps, or NAME=PATH; or set FRONTCALC_ARCHIVE [default: a synthetic sample].",
    envvar="FRONTCALC_ARCHIVE",
)
_several = "Folder, zip or file of dated maps, or NAME=PATH; give it twice or more."


class _OnePath(click.Path):
    """A path whose variable holds one, with whatever characters: not a list to be split."""

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the variable's value as the one that it is."""
        return [rv]


_archives = option("--archive PATH", _several, name="archives", multiple=True, required=True)
cache = option("--cache DIR", "Folder that keeps what was measured, for later runs; or none [default: the user's].")
_one = partial(click.argument, "period", nargs=-1, callback=one_text)
one_period, period_or_none = _one(required=True, metavar="PERIOD"), _one(metavar="[PERIOD]")
_periods = partial(click.argument, "periods", nargs=-1, required=True, metavar="PERIOD [PERIOD …]")
periods = _periods(callback=labels)
periods_or_calendar = click.argument("periods", nargs=-1, callback=labels, metavar="[PERIOD …]")
periods_or_two_files = _periods(callback=periods_or_files, shell_complete=paths)
_regions = together(
    option("--regions FILE", "Polygon file of the regions to split by, or FILE:LAYER [default: embedded ones]."),
    option("--region-name FIELD", "Field of that file that names the regions [default: name, else found]."),
)
_snap = option("--snap", "Give ground beside the regions to the nearest [default: border].", type=click.Choice(SNAPS))
_figuring = together(
    option("--crs CRS", "Equal-area CRS, proved over the data [default: EPSG:6933]."),
    option("--carry-layers DAYS", "Carry a missing layer over for so many days.", type=int),
)
_legend = option("--legend FILE", "A toml that says what the maps' layers mean.")
_date_from = option("--date-from SOURCE", "Where days are read from: name, folder or property:FIELD.")
explaining = together(_date_from, option("--skip-bad", "Pass over files that cannot be read, and list them."), _legend)
_opening = option("--opening FILE", "The map that stands for every day before the archive's first.")
_measuring = together(
    _regions,
    option(
        "--by LEVELS",
        "country, adm1 (oblast), adm2 (raion), several with commas; or none [default: adm1].",
        shell_complete=partial(words, LEVELS),
    ),
    option(
        "--only NAMES",
        "Only these regions, or those of a country (UA); the total is theirs.",
        multiple=True,
        callback=names,
    ),
    _snap,
    option(
        "--view VIEW",
        "What counts as held: control, assessed, claimed; role:NAME; or layers' names [default: assessed].",
        shell_complete=partial(words, tuple(VIEWS)),
    ),
    option("--actor NAME", "Whose territory; «all» for each in turn [default: the main actor]."),
    _figuring,
    explaining,
    _opening,
    cache,
)
# Which archive to measure, to read or to check, and how; several to measure; and what claims do not say themselves.
measuring, comparing = together(_archive, _measuring), together(_archives, _measuring)
_one_or_more = (
    "Folder, zip or file of dated maps; NAME=PATH, twice or more, side by side [default: a synthetic sample]."
)
_variable: dict[str, Any] = {"multiple": True, "envvar": "FRONTCALC_ARCHIVE", "type": _OnePath()}
measuring_each = together(option("--archive PATH", _one_or_more, **_variable), _measuring)

_place = together(click.argument("path", required=False, shell_complete=paths), _archive)
reading = together(_place, explaining)
checking = together(_place, _regions, _date_from, _legend)
verifying = together(_archive, _regions, _snap, _figuring, explaining, _opening, cache)

RANGE = "the least and the most under assumptions open to argument; see «frontcalc sensitivity»."
_AT_ONCE = "Threads or processes that measure at once; the result is the same [default: a processor each, at most 4]"
workers = option("--workers N", f"{_AT_ONCE}.", type=click.IntRange(1))
_cluster = "or the scheduler of a Dask cluster, as in tcp://10.0.0.1:8786."
workers_or_cluster = option("--workers N|ADDRESS", f"{_AT_ONCE}; {_cluster}")
since_until = together(
    option("--since DAY", "First day, or a year, quarter, month or week [default: the first map]."),
    option("--until DAY", "Last day, or a year, quarter, month or week [default: the last map]."),
)
sliver_width = option("--sliver-width METRES", "Mean width below which a part is a sliver [default: 100].", type=float)
slivers = together(
    sliver_width,
    option("--drop-slivers", "Leave slivers out of gained, lost and net, and say how much."),
)

OUTPUT = ("format_", "output", "units", "bom", "notes", "fail_on", "receipt", "image", "size", "theme")
"""Parameters for the form of a table or picture, which `writing` reads from the context."""

SAMPLE_USED = (
    "no archive was given, so this is the bundled SYNTHETIC SAMPLE and no real war; "
    "use --archive PATH or set FRONTCALC_ARCHIVE for your own maps"
)


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given, so that other defaults are the library's; tell that maps are the sample."""
    context = click.get_current_context()
    if path := options.pop("path", None):
        if context.get_parameter_source("archive") == ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{path} and --archive {options['archive']} are two archives: give one of them")
        context.params["archive"] = None
        options["archive"] = path
    if "archive" in options and options["archive"] is None:
        terminal.say(SAMPLE_USED, always=True)
    if passed_over := context.meta.pop(_PASSED_OVER, ()):
        terminal.say(f"{_OF_ARCHIVE} {', '.join(passed_over)}; type the options, or work in another folder")
    # Which options of this command were not typed but set elsewhere, and where.
    preset = context.meta[PRESET] = {}
    for one in context.command.params:
        where = _ELSEWHERE.get(context.get_parameter_source(str(one.name)))
        if where and context.params.get(str(one.name)) not in (None, ()):
            preset[max(one.opts, key=len).lstrip("-")] = where
    if preset:
        import logging

        for name, where in preset.items():
            logging.getLogger("frontcalc").info("option --%s is from %s", name, where)
    # A process of our own may fork others.
    own = {"processes": True} if "workers" in options and context.obj else {}
    return {name: value for name, value in options.items() if value is not None and name not in OUTPUT} | own


def refuse_output() -> None:
    """Refuse an output file that the command reads too; called before anything is measured."""
    params = click.get_current_context().params
    if params.get("output") not in (None, "-"):
        from frontcalc.archives import archive_path, refuse_place

        named = _texts({name: params.get(name) for name in ("archive", "archives", "path")})
        archives = [archive_path(one) for one in named]
        refuse_place(Path(str(params["output"])), files=[*_texts(params), Path("frontcalc.toml")], archives=archives)


def _permitted(ctx: click.Context, defaults: dict[str, Any], typed: dict[str, Any]) -> dict[str, Any]:
    """Return the defaults of the working folder, none of them where it lies in the archive that is used.

    Its file is then as untrusted as the maps beside it: what it may set is read from it as of any archive.
    """
    from frontcalc.archives import archive_path

    named = typed.get("archive") or typed.get("archives") or typed.get("path") or os.environ.get("FRONTCALC_ARCHIVE")
    if not (named or defaults.get("archive")) and "claims" in typed:
        from frontcalc.measure.verify import maps_named

        named = maps_named(typed["claims"])
    here = Path().resolve()
    for one in named if isinstance(named, list) else filter(None, [named or defaults.get("archive")]):
        with suppress(OSError):  # a name that is too long, say: reading will say so
            if not ((root := archive_path(one)).is_dir() and here.is_relative_to(root.resolve())):
                continue
            gone = [key for key, value in defaults.items() if value is not None and key not in ("archive", "view")]
            ctx.meta[_PASSED_OVER] = sorted({key.strip("_").replace("_", "-") for key in gone})
            return {"archive": defaults.get("archive")}
    return defaults


_EXPERT = "For experts"
_GROUPS = {
    "Regions": "by only regions region-name",
    "What counts": "view actor range gross baseline since-invasion opening drop-slivers",
    "Reading the maps": "legend date-from skip-bad carry-layers property layer ignore",
    "Checks": "fail-on check strict frozen",
    _EXPERT: "snap crs sliver-width step gap cache workers bom verbose",
}
"""Groups of options in help, after those of every day, which are all others. Those for experts need --help-all."""


class Command(click.Command):
    """A command whose options are given once, not empty, default to the working folder's, and are shown in groups."""

    format_help_text = slips.format_help_text

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in groups where there is --help-all; without it, of those for experts the names alone."""
        group_of = {name: title for title, listed in _GROUPS.items() for name in listed.split()}
        groups: dict[str, dict[str, tuple[str, str]]] = {title: {} for title in ("Options", *_GROUPS)}
        grouped = any(one.name == "help_all" for one in self.params)
        for one in self.get_params(ctx):
            if isinstance(one, click.Option) and (record := one.get_help_record(ctx)):
                spelling = max(one.opts, key=len)
                groups[group_of.get(spelling[2:], "Options") if grouped else "Options"][spelling] = record
        whole = _WHOLE_HELP in ctx.meta
        for title, listed in groups.items():
            if listed and (whole or title != _EXPERT):
                with formatter.section(title):
                    formatter.write_dl(list(listed.values()))
        if groups[_EXPERT] and not whole:
            formatter.write_paragraph()
            formatter.write_text(f"{_EXPERT} ({ctx.command_path} --help-all): {', '.join(groups[_EXPERT])}")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse options that are gone, with what does their work, given twice (click takes the last), or empty."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        try:
            typed, _, order = self.make_parser(ctx).parse_args(list(args))
        except click.NoSuchOption as error:
            from frontcalc.config import GONE

            if instead := GONE.get(error.option_name.lstrip("-")) or slips.meant(error.option_name):
                raise click.UsageError(f"no such option {error.option_name}: {instead}", ctx) from error
            raise
        for option in (one for one in order if isinstance(one, click.Option)):
            value, times, spelling = typed.get(option.name or ""), order.count(option), max(option.opts, key=len)
            if times > 1 and not (option.multiple or option.is_flag or option.count):
                raise click.UsageError(f"{spelling} is given {times} times: give it once", ctx)
            # A script whose variable is empty is not to get the default.
            for one in value if isinstance(value, list) else [value]:
                if one == "":
                    raise click.UsageError(f"{spelling} is empty: give it a value, or leave it out", ctx)
                if one not in getattr(option.type, "choices", ()) and (text := slips.meant(spelling, str(one))):
                    raise click.UsageError(f"{spelling} {one}: {text}", ctx)
        words = typed.get("periods", typed.get("dates"))  # of arguments that are missing, click has a mark of its own
        for word in words if isinstance(words, tuple | list) else ():
            if not is_period(word) and Path(word).is_dir():
                raise click.UsageError(f"{word} is a folder: maps are given with --archive {word}", ctx)
        if defaults := ctx.meta.get(DEFAULTS):
            # Of an argument that is missing, as with --help, click has a mark of its own.
            named = {name: value for name, value in typed.items() if isinstance(value, str | list)}
            ctx.default_map = permitted = _permitted(ctx, defaults, named)
            if any(one.name == "archive" and one.multiple for one in self.params) and permitted.get("archive"):
                permitted["archive"] = [permitted["archive"]]
        return super().parse_args(ctx, args)


class Group(slips.AnsweringGroup):
    """A group of such commands."""

    command_class = Command


command = partial(click.command, cls=Command)


def _texts(values: dict[str, Any]) -> Iterator[Path]:
    """Yield each value that may name a file, but for the output itself."""
    for name, value in values.items():
        for one in value if isinstance(value, tuple) else (value,):
            if name != "output" and isinstance(one, str | Path) and one:
                yield Path(one)
