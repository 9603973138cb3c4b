"""What turns the text of arguments and options into values before a command runs, and what shells complete."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem


def period_or_file(value: str | Path) -> str | Path:
    """Return a period's text, checked; or a path, where the text has a slash or a suffix and is no period."""
    from frontcalc.periods import is_period, parse_period

    if isinstance(value, Path):
        return value
    if not is_period(value) and (os.sep in value or Path(value).suffix):
        return Path(value)
    return parse_period(value).label


def periods_or_files(given: Sequence[str | Path]) -> tuple[list[str], list[Path]]:
    """Return the periods, or exactly two files, that an argument of `period_or_file` has."""
    periods = [item for item in given if isinstance(item, str)]
    files = [item for item in given if isinstance(item, Path)]
    if files and (periods or len(files) != 2):
        raise click.UsageError("give periods, or exactly two files to compare")
    return periods, files


def period(value: str) -> str:
    """Return a period's text, checked, where no file can stand for it."""
    from frontcalc.periods import parse_period

    return parse_period(value).label


def date(value: str) -> str:
    """Return a day's text, as YYYY-MM-DD, checked."""
    from frontcalc.periods import parse_day

    return parse_day(value).isoformat()


def code(value: str) -> str:
    """Return the code of a notice, checked."""
    from frontcalc.notices import notice_code

    return notice_code(value)


def names(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return names separated by commas."""
    if isinstance(value, tuple):
        return value
    return tuple(name for part in value.split(",") if (name := part.strip()))


def workers(value: str | int) -> int | str:
    """Return a number of workers, or else the address of a scheduler, which the library checks."""
    return int(click.IntRange(1)(value) or 0) if str(value).lstrip("-").isdecimal() else str(value)


def together(
    context: click.Context, parameter: click.Parameter, value: tuple[tuple[str, ...], ...]
) -> tuple[str, ...] | None:
    """Return the names of an option that may be given more than once, None without any."""
    return tuple(name for names in value for name in names) if value else None


def paths(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete a file or folder."""
    return [CompletionItem(incomplete, type="file")]


def words(
    known: Sequence[str], context: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Let the shell complete a known word, the last of those separated by commas."""
    given, comma, last = incomplete.rpartition(",")
    return [CompletionItem(given + comma + word) for word in known if word.startswith(last)]


def codes(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the code of a notice."""
    from frontcalc.notices import CODES

    return [CompletionItem(code, help=says) for code, says in CODES.items() if code.startswith(incomplete.upper())]


def sources(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the name of a source of maps."""
    from frontcalc.fetching.catalogue import known_sources

    return [CompletionItem(name, help=says) for name, says in known_sources().items() if name.startswith(incomplete)]
