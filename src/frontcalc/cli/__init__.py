"""The command line: every command is an adapter that parses, calls one library function and writes."""

from __future__ import annotations

import errno
import gc
import os
import sys
from importlib import import_module
from pathlib import Path

import click

from frontcalc import __version__
from frontcalc.cli import slips, terminal
from frontcalc.errors import MORE_MEMORY, FrontcalcError, is_out_of_memory, reason_of, shortened
from frontcalc.names import printable
from frontcalc.versions import PLACES, SETTINGS

COMPLETING = "_FRONTCALC_COMPLETE"  # the environment variable by which a shell asks for completion

_SECTIONS = {
    "Figures": {
        "diff": "Gained and lost in each period, by region.",
        "where": "Gained and lost in a period, by the nearest town.",
        "held": "Area held on a day, by region.",
        "series": "Area held at each map, and the change since the one before.",
        "summary": "Change by year, quarter, month or week; tables to keep.",
        "flows": "Ground that turned from one role into another.",
        "ledger": "Each piece of ground once, with the days it was held.",
        "places": "Places that came under or out of an actor's hold.",
    },
    "Pictures and pages": {
        "map": "A map of where ground changed hands, as PNG, SVG or PDF.",
        "plot": "Charts over time, by period, by region; rings on a map.",
        "report": "One HTML page: figures, map with a slider, chart, table.",
    },
    "How sure a figure is": {
        "sensitivity": "How a period's figures move with each assumption.",
        "compare": "Two or more publishers' maps side by side, never merged.",
        "consensus": "What all of several publishers' maps show, and what any does.",
        "verify": "Published figures held against maps.",
        "again": "What an output shows, measured anew by its receipt.",
    },
    "Maps, regions and upkeep": {
        "fetch": "Maps from a publisher, and later what is new of them.",
        "archive": "Archives of maps: list, check, explain, convert.",
        "regions": "The regions that figures are split by.",
        "cache": "What is kept on disk to be faster: its size, clearing it.",
        "completion": "Completion of commands and options in bash, zsh, fish.",
    },
}
"""Commands with their one-line help, in the order shown; a command's module is loaded when it is run."""

_COMMANDS = {name: says for section in _SECTIONS.values() for name, says in section.items()}

_MODULES = {"Pictures and pages": "pictures", "How sure a figure is": "certainty", "Maps, regions and upkeep": "upkeep"}
_MODULE_OF = {name: _MODULES.get(title, "measures") for title, section in _SECTIONS.items() for name in section}
"""The module of each command, which is `NAME_command` there."""


class _LazyGroup(slips.AnsweringGroup):
    """A group that knows its commands by name and loads only the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order shown."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, loaded now."""
        if name not in _COMMANDS:
            return None
        module = import_module(f"frontcalc.cli.{_MODULE_OF[name]}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading any."""
        for title, commands in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(max(map(len, _COMMANDS))), says) for name, says in commands.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="frontcalc")
@click.pass_context
def group(context: click.Context) -> None:
    """Measure how much territory changed hands, when and where, from dated maps of control.

    frontcalc diff 2023 2024 --archive maps/    gained and lost, by region
    frontcalc summary --every month -o 2024.csv a row a month, as a file
    frontcalc map 2024 -o map.png               where it was
    frontcalc fetch isw-timelapse -o maps/      maps to measure

    Without --archive (or FRONTCALC_ARCHIVE) a synthetic sample is measured, which is no
    real war. Areas are in km², on the WGS 84 ellipsoid. A frontcalc.toml in the working
    folder sets defaults for the options; options beat it. The exit code is 0, or 1 where
    a check failed, 2 for a wrong question, 3 for a broken file, 4 without an answer.
    Each command has examples in its own --help.
    """
    terminal.log_to_stderr(context)
    if Path("frontcalc.toml").is_file():
        from frontcalc.cli.options import DEFAULTS
        from frontcalc.config import working_defaults

        defaults = working_defaults(Path())
        context.meta[DEFAULTS] = defaults | {"format_": defaults.get("format")}


def main() -> None:
    """Run the command line: one line on stderr and a stable exit code for whatever goes wrong."""
    # Before they are loaded: settings of GDAL and PROJ that were made for other work change no figure.
    for name in [own for own in os.environ if own.startswith(SETTINGS) and own not in PLACES]:
        del os.environ[name]
    terminal.prepare_streams()
    # A process that ends after one command: looking for what is in circles takes a tenth of its time and frees nothing.
    gc.set_threshold(100_000, 50, 50)
    try:
        with terminal.interruptible():
            code = run(sys.argv[1:], alone=True)
    except KeyboardInterrupt:
        code = _fail(terminal.interrupted(), 130)
    except Exception as error:
        code = _fail(_fault(error), 3)
    gc.freeze()
    sys.exit(terminal.flushed(code))


def run(arguments: list[str], *, alone: bool = False) -> int:
    """Run one command and return its exit code; `alone` in its process, it may fork others."""
    try:
        result = group.main(arguments, prog_name="frontcalc", standalone_mode=False, obj=alone)
        return result if isinstance(result, int) else 0
    except FrontcalcError as error:
        return _fail(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        terminal.say(error.format_message(), always=True, bare=True)
        return 2
    except click.ClickException as error:
        return _fail(_usage(error), 2)
    except click.Abort:
        return _fail(terminal.interrupted(), 130)
    except Exception as error:
        if not (isinstance(error, RecursionError | OSError | UnicodeEncodeError) or is_out_of_memory(error)):
            raise
        return _fail(_refusal(error), 3)
    except SystemExit:
        # Click ends so when it has completed a word for a shell, and where a pipe was closed while it wrote, as help.
        if COMPLETING in os.environ:
            raise
        terminal.silence(sys.stdout)
        return 0


def _usage(error: click.ClickException) -> str:
    """Return the message for a wrong use of a command: of an option what it means, of arguments an example."""
    context, text = getattr(error, "ctx", None), error.format_message().rstrip(".")
    if context is None:
        return text
    of = getattr(error, "param", None)
    if isinstance(of, click.Option) and not isinstance(of.type, click.Choice):
        text = f"{text}: {(of.help or '').rstrip('.')}"
    if isinstance(error, click.MissingParameter) or "unexpected extra argument" in text:
        text += slips.as_in(context.command)
    return f"{text}; see {context.command_path} --help"


def _refusal(error: Exception) -> str:
    """Return the message for an error of the system, or of Python, that no reader or writer has caught."""
    if is_out_of_memory(error):
        return f"the memory ran out; {MORE_MEMORY}"
    if isinstance(error, RecursionError):
        return "what was given is nested too deeply; make it flatter"
    if isinstance(error, UnicodeEncodeError):
        return f"{error.object[max(0, error.start - 30) : error.end]!r} is no text; rename it"
    where, code = getattr(error, "filename", None), getattr(error, "errno", None)
    # What is no file, and is full or broken, is the stream that click writes help and the like to.
    if where is None and code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF):
        return f"standard output: cannot be written: {reason_of(error)}; give it another place"
    return f"{f'{where}: ' if where else ''}{reason_of(error)}; check its name and permissions, and that it is there"


def _fault(error: Exception) -> str:
    """Return the message for an error that should not happen, with its place in the code."""
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    return f"a fault of frontcalc itself, {type(error).__name__} in {where}: {error}; please report it, with the input"


def _fail(message: str, code: int) -> int:
    """Print one line on stderr and return the code."""
    terminal.say(shortened(printable(" ".join(message.split()))), always=True)
    return code
