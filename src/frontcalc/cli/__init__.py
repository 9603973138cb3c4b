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
from frontcalc.__main__ import overview
from frontcalc.cli import slips, terminal
from frontcalc.errors import MORE_MEMORY, FrontcalcError, is_out_of_memory, reason_of, shortened
from frontcalc.names import printable
from frontcalc.versions import PLACES, SETTINGS

COMPLETING = "_FRONTCALC_COMPLETE"  # the environment variable by which a shell asks for completion

_MODULES = {
    "measures": "diff where held series summary flows ledger places",
    "pictures": "map plot report",
    "certainty": "sensitivity compare consensus verify again",
    "upkeep": "fetch archive regions cache completion",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}
"""The module of each command, which is `NAME_command` there, in the order of help.txt."""


class _LazyGroup(slips.AnsweringGroup):
    """A group that knows its commands by name and loads only the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order shown."""
        return list(_MODULE_OF)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, loaded now."""
        if name not in _MODULE_OF:
            return None
        module = import_module(f"frontcalc.cli.{_MODULE_OF[name]}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def get_help(self, ctx: click.Context) -> str:
        """Return what the process says without loading any command, nor click."""
        return overview().rstrip("\n")


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="frontcalc")
@click.pass_context
def group(context: click.Context) -> None:
    """Prepare what a command says, and the defaults of its options."""
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
        import traceback

        last = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}: {error}"
        code = _fail(f"a fault of frontcalc itself, {what}; please report it, with the input", 3)
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


def _fail(message: str, code: int) -> int:
    """Print one line on stderr and return the code."""
    terminal.say(shortened(printable(" ".join(message.split()))), always=True)
    return code
