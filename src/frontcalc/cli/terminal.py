"""What depends on the terminal: width, colour, progress, and how much is said on stderr."""

from __future__ import annotations

import logging
import os
import platform
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from time import monotonic
from typing import Any, TextIO

import click

from frontcalc import __version__
from frontcalc.names import printable

_LOUDNESS = "frontcalc.loudness"
_PACKAGES = ("numpy", "shapely", "pyproj", "orjson", "pyogrio", "pyarrow")
_DELAY_S, _REDRAW_S = 1.0, 0.5


def _set_loudness(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    """Note that --quiet or --verbose was given; they exclude each other."""
    if not value:
        return
    if context.meta.setdefault(_LOUDNESS, parameter.name) != parameter.name:
        raise click.UsageError("--quiet and --verbose exclude each other")
    if parameter.name == "verbose":
        _log_to_stderr(context)


loudness = (
    click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_set_loudness,
        help="No notes and no progress on stderr, only errors and that maps are synthetic.",
    ),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_set_loudness,
        help="Files read, what took how long, and versions, on stderr.",
    ),
)
"""Options of every command."""


def say(text: str, *, always: bool = False) -> None:
    """Print a line on stderr, unless --quiet was given and it is not for always.

    Where nobody reads it, what the command is for is done all the same.
    """
    if always or _loudness() != "quiet":
        try:
            click.echo(f"frontcalc: {printable(text)}", err=True)
        except BrokenPipeError:
            silence(sys.stderr)


def silence(stream: TextIO | None) -> None:
    """Send to nowhere what a stream of this process has left; Python would complain when it flushes at exit."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_terminal(stream: TextIO | None) -> bool:
    """Say whether a stream of this process is a terminal; one that was closed is None and is not."""
    return stream is not None and stream.isatty()


def text_style() -> dict[str, Any]:
    """Return how the text format is to be written to standard output: width and colour of a terminal.

    A file or a pipe gets lines as long as they need. Colour is off with NO_COLOR and on a dumb terminal;
    FORCE_COLOR turns it on anywhere.
    """
    terminal, environment = is_terminal(sys.stdout), os.environ
    able = environment.get("TERM") != "dumb" and (os.name != "nt" or "WT_SESSION" in environment)
    colour = not environment.get("NO_COLOR") and (bool(environment.get("FORCE_COLOR")) or (terminal and able))
    return {"width": shutil.get_terminal_size().columns if terminal else None, "colour": colour}


@contextmanager
def progress() -> Iterator[None]:
    """Show on stderr how far the work inside is, once it takes longer than a second.

    Only where stderr is a terminal, and neither --quiet nor --verbose was given nor CI set.
    """
    if _loudness() or os.environ.get("CI") or os.environ.get("TERM") == "dumb" or not is_terminal(sys.stderr):
        yield
        return
    from frontcalc.progress import reported_to

    line = _ProgressLine(sys.stderr)
    try:
        with reported_to(line.report):
            yield
    finally:
        line.erase()


class _ProgressLine:
    """One line at the bottom of a terminal, drawn anew by a thread of its own and erased at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = "working"
        self._drawn = False
        self._done = threading.Event()
        self._began = monotonic()
        self._of, self._since = "", self._began
        self._thread = threading.Thread(target=self._redraw, daemon=True)
        self._thread.start()

    def report(self, what: str, number: int, count: int) -> None:
        """Take note of how far the work is."""
        now = monotonic()
        if what != self._of:
            self._of, self._since = what, now
        self._text = f"{what} {number} of {count}{pace(number - 1, count, now - self._since)}"

    def erase(self) -> None:
        """Stop, and leave the terminal as it was."""
        self._done.set()
        self._thread.join()
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _redraw(self) -> None:
        """Draw the line until the work is done."""
        wait = _DELAY_S
        while not self._done.wait(wait):
            line = f"frontcalc: {self._text} … {monotonic() - self._began:.0f} s"
            self._stream.write("\r" + line[: shutil.get_terminal_size().columns - 1] + "\x1b[K")
            self._stream.flush()
            self._drawn, wait = True, _REDRAW_S


def pace(done: int, count: int, elapsed_s: float) -> str:
    """Return how fast items are done and how long the rest will take, empty before that can be told."""
    if done < 2 or elapsed_s < _DELAY_S:
        return ""
    left_s = (count - done) * elapsed_s / done
    left = f"{left_s:.0f} s" if left_s < 90 else f"{left_s / 60:.0f} min"
    return f", {done / elapsed_s:.1f} a second, {left} left"


def _loudness() -> str | None:
    """Return «quiet» or «verbose», None where neither was given."""
    context = click.get_current_context(silent=True)
    return context.meta.get(_LOUDNESS) if context else None


class _OneLine(logging.Formatter):
    """Log lines in the form of every other remark."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record on one line."""
        return f"frontcalc: {printable(' '.join(record.getMessage().split()))}"


def warn_on_stderr(context: click.Context) -> None:
    """Send the library's warnings to stderr while a command runs, unless it is quiet; verbose shows all anyway."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_OneLine())
    handler.addFilter(lambda record: _loudness() is None)
    logger = logging.getLogger("frontcalc")
    logger.addHandler(handler)
    context.call_on_close(lambda: logger.removeHandler(handler))


def _log_to_stderr(context: click.Context) -> None:
    """Send the library's log to stderr while the command runs, and versions and times when it ends."""
    logger, handler, began = logging.getLogger("frontcalc"), logging.StreamHandler(sys.stderr), monotonic()
    handler.setFormatter(_OneLine())
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)

    def end() -> None:
        from frontcalc.cache import cache_folder

        chosen = context.params.get("cache")
        logger.info("cache: %s", chosen or cache_folder())
        logger.info("versions: %s", ", ".join(_versions()))
        logger.info("took %.2f s", monotonic() - began)
        logger.removeHandler(handler)
        logger.setLevel(before)

    context.call_on_close(end)


def _versions() -> Iterator[str]:
    """Yield the version of each thing in use."""
    yield f"frontcalc {__version__}"
    yield f"Python {platform.python_version()}"
    yield from (f"{name} {metadata.version(name)}" for name in _PACKAGES if name in sys.modules)
    if "shapely" in sys.modules:
        yield "GEOS " + ".".join(map(str, sys.modules["shapely"].geos_version))
    if "pyproj" in sys.modules:
        yield f"PROJ {sys.modules['pyproj'].proj_version_str}"
