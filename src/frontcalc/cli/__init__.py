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
from frontcalc.cli import terminal
from frontcalc.errors import MORE_MEMORY, FrontcalcError, is_out_of_memory, reason_of, shortened
from frontcalc.names import printable
from frontcalc.versions import PLACES, SETTINGS

COMPLETING = "_FRONTCALC_COMPLETE"  # the environment variable by which a shell asks for completion

_COMMANDS = {
    "diff": "Territory gained and lost in each period, by region.",
    "held": "Area held on dates, by region.",
    "series": "Area held at each map, and the change since the one before.",
    "summary": "Change by year, quarter, month or week; a tree of tables to keep.",
    "report": "One self-contained HTML page: figures, map with a slider, chart and table.",
    "flows": "Ground that turned from one role into another, in each period.",
    "places": "Places that came under or out of an actor's hold, in each period.",
    "verify": "Published figures held against maps: agrees, depends, disagrees.",
    "map": "A map of where ground changed hands, as PNG, SVG or PDF.",
    "plot": "Charts: area held over time, gained and lost by period, regions by rank.",
    "sensitivity": "How gained, lost and net of a period move with each assumption.",
    "compare": "Two or more publishers' maps side by side, never merged.",
    "fetch": "Maps from a publisher into an archive, and later what is new of them.",
    "archive": "Archives of maps: list them, check them, convert them to tidy files.",
    "regions": "The regions that figures are split by.",
    "cache": "What is kept on disk to be faster: how much it is, and removing it.",
    "completion": "A script for bash, zsh or fish that completes commands and options.",
}
"""Commands with their one-line help, in the order shown; a command's module is loaded when it is run."""

_BESIDE = ("fetch", "archive", "regions", "cache", "completion")
"""Commands of `upkeep`; the rest measure and are in `measures`. Each is `NAME_command` there."""


class _LazyGroup(click.Group):
    """A group that knows its commands by name and loads only the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order shown."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, loaded now."""
        if name not in _COMMANDS:
            return None
        module = import_module(f"frontcalc.cli.{'upkeep' if name in _BESIDE else 'measures'}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="frontcalc")
@click.pass_context
def group(context: click.Context) -> None:
    """Measure how much territory changed hands, when and where, from dated maps of control.

    Areas are in km², measured on the WGS 84 ellipsoid. A frontcalc.toml in the
    working folder sets defaults for the options; options beat it.
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
        code = 130
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
        context = getattr(error, "ctx", None)
        hint = f"; see {context.command_path} --help" if context else ""
        return _fail(error.format_message().rstrip(".") + hint, 2)
    except click.Abort:
        return 130
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
