"""Terminal and streams: progress, interrupts, the log, how much is printed on stderr, and streams that break."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, TextIO

import click

from frontcalc import __version__
from frontcalc.names import printable, some_of

if TYPE_CHECKING:
    import logging

LOUDNESS = "frontcalc.loudness"  # by which a command's context knows that it is quiet or verbose
_PACKAGES = ("numpy", "shapely", "pyproj", "orjson", "pyogrio", "pyarrow")
_DELAY_S, _REDRAW_S = 1.0, 0.5
_written: dict[str, None] = {}  # files and folders that the command has put in place, in order


def set_loudness(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    """Note that --quiet or --verbose was given; they exclude each other."""
    if value and context.meta.setdefault(LOUDNESS, parameter.name) != parameter.name:
        raise click.UsageError("--quiet and --verbose exclude each other")
    if value and parameter.name == "verbose":
        _log_all(context)


def say(text: str, *, always: bool = False, bare: bool = False) -> None:
    """Print a line, or a `bare` text, on stderr, unless --quiet was given and it is not for always."""
    context = click.get_current_context(silent=True)
    if always or context is None or context.meta.get(LOUDNESS) != "quiet":
        text = text if bare else f"frontcalc: {printable(text)}"
        # A stream that takes nothing, as a pipe without a reader or a full disk, changes no exit code.
        try:
            click.echo(text, err=True)
        except OSError:
            silence(sys.stderr)


def silence(stream: TextIO | None) -> None:
    """Discard what a stream has not written yet; Python would complain when it flushes it at exit."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def prepare_streams() -> None:
    """Have both streams show as escapes what their encoding lacks, and no file opened in the place of a closed one."""
    for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is None:
            os.open(os.devnull, os.O_RDWR)
        elif number and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flushed(code: int) -> int:
    """Flush both streams and return the exit code, 3 in place of 0 where stdout could not be written."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            silence(stream)
            code = code or (3 if stream is sys.stdout else 0)
    return code


def interrupted() -> str:
    """Return what Ctrl-C says: files are written whole or not at all, so any but those named is as it was."""
    return f"interrupted; written: {some_of(list(_written))}" if _written else "interrupted; nothing was written"


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt in the block, but end the process where a module is being loaded.

    There is nothing to clean up then, and what numpy's C code makes of the exception is a traceback on stderr.
    """
    before = signal.getsignal(signal.SIGINT)

    def interrupt(number: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_name == "_find_and_load":
                with suppress(OSError):
                    os.write(2, f"frontcalc: {printable(interrupted())}\n".encode())
                os._exit(130)
            frame = frame.f_back
        raise KeyboardInterrupt

    # What ignores it, as nohup does, is no function.
    if callable(before):
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        if callable(before):
            signal.signal(signal.SIGINT, before)


@contextmanager
def progress() -> Iterator[None]:
    """Show the progress of work of over a second, on a terminal, without --quiet, --verbose or CI set."""
    given, environment = click.get_current_context().meta.get(LOUDNESS), os.environ
    if given or environment.get("CI") or environment.get("TERM") == "dumb" or not (sys.stderr and sys.stderr.isatty()):
        yield
        return
    from frontcalc.progress import reported_to

    with progress_line(sys.stderr) as report, reported_to(report):
        yield


@contextmanager
def progress_line(stream: TextIO) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that reports progress, which a thread shows on one line that is erased at the end."""
    text, of, ended = "working", "", threading.Event()
    began = since = monotonic()
    wait = _DELAY_S

    def report(what: str, number: int, count: int) -> None:
        nonlocal text, of, since
        if what != of:
            of, since = what, monotonic()
        text = f"{what} {number} of {count}{pace(number - 1, count, monotonic() - since)}"

    def redraw() -> None:
        nonlocal wait
        while not ended.wait(wait):
            line = f"frontcalc: {text} … {monotonic() - began:.0f} s"
            stream.write("\r" + line[: shutil.get_terminal_size().columns - 1] + "\x1b[K")
            stream.flush()
            wait = _REDRAW_S

    thread = threading.Thread(target=redraw, daemon=True)
    thread.start()
    try:
        yield report
    finally:
        ended.set()
        thread.join()
        if wait == _REDRAW_S:
            stream.write("\r\x1b[K")
            stream.flush()


def pace(done: int, count: int, elapsed_s: float) -> str:
    """Return items a second and the time left, empty while too little is done to tell."""
    if done < 2 or elapsed_s < _DELAY_S:
        return ""
    left_s = (count - done) * elapsed_s / done
    left = f"{left_s:.0f} s" if left_s < 90 else f"{left_s / 60:.0f} min"
    return f", {done / elapsed_s:.1f} a second, {left} left"


def log_to_stderr(context: click.Context) -> None:
    """Send the library's warnings to stderr while a command runs, with --verbose all its log, with --quiet nothing."""
    import logging

    logger, handler = logging.getLogger("frontcalc"), logging.StreamHandler(sys.stderr)
    least = {None: logging.WARNING, "verbose": logging.INFO, "quiet": logging.CRITICAL}

    def is_wanted(record: logging.LogRecord) -> bool:
        record.line = printable(" ".join(record.getMessage().split()))
        # Not the current context: threads that measure have none.
        return record.levelno >= least[context.meta.get(LOUDNESS)]

    def note_written(record: logging.LogRecord) -> bool:
        _written.update(dict.fromkeys(map(str, record.args or ())))
        return True

    files = logging.getLogger("frontcalc.atomic")
    files.setLevel(logging.INFO)
    files.addFilter(note_written)
    _written.clear()
    context.call_on_close(lambda: files.removeFilter(note_written))
    context.call_on_close(lambda: files.setLevel(logging.NOTSET))
    handler.setFormatter(logging.Formatter("frontcalc: %(line)s"))
    handler.addFilter(is_wanted)
    logger.addHandler(handler)
    context.call_on_close(lambda: logger.removeHandler(handler))


def _log_all(context: click.Context) -> None:
    """Let the library log what it does while the command runs, and log versions and times when it ends."""
    import logging

    logger, began = logging.getLogger("frontcalc"), monotonic()
    before = logger.level
    logger.setLevel(logging.INFO)

    def end() -> None:
        import platform
        from importlib import metadata

        from frontcalc.region_store import earlier_folder

        logger.info("cache: %s", context.params.get("cache") or earlier_folder().parent)
        used = {"frontcalc": __version__, "Python": platform.python_version()}
        used |= {name: metadata.version(name) for name in _PACKAGES if name in sys.modules}
        if "shapely" in sys.modules:
            used["GEOS"] = ".".join(map(str, sys.modules["shapely"].geos_version))
        if "pyproj" in sys.modules:
            used["PROJ"] = sys.modules["pyproj"].proj_version_str
        logger.info("versions: %s", ", ".join(map(" ".join, used.items())))
        logger.info("took %.2f s", monotonic() - began)
        logger.setLevel(before)

    context.call_on_close(end)
