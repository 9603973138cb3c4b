"""Click types, each of which turns text into a value before a command runs, and what shells complete."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    _TextOrPath = click.ParamType[str | Path, str]
    _Text = click.ParamType[str, str]
    _Texts = click.ParamType[tuple[str, ...], str]
    _NumberOrText = click.ParamType[int | str, str]
else:
    # Before click 8.5 it takes no types.
    _TextOrPath = _Text = _Texts = _NumberOrText = click.ParamType


class PeriodOrFile(_TextOrPath):
    """A period, or a file where the text has a slash or a suffix and is no period."""

    name = "period"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete a file."""
        return paths(ctx, param, incomplete)

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


def periods_or_files(given: Sequence[str | Path]) -> tuple[list[str], list[Path]]:
    """Return the periods, or exactly two files, that an argument of `PeriodOrFile` has."""
    periods = [item for item in given if isinstance(item, str)]
    files = [item for item in given if isinstance(item, Path)]
    if files and (periods or len(files) != 2):
        raise click.UsageError("give periods, or exactly two files to compare")
    return periods, files


class Period(_Text):
    """A period, where no file can stand for it."""

    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return a period's text, checked."""
        from frontcalc.periods import parse_period

        return parse_period(str(value)).label


class Day(_Text):
    """A day as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the day's text, checked."""
        from frontcalc.periods import parse_day

        return parse_day(str(value)).isoformat()


class NoticeCode(_Text):
    """The code of a notice."""

    name = "code"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete a code."""
        from frontcalc.notices import CODES

        return [CompletionItem(code, help=says) for code, says in CODES.items() if code.startswith(incomplete.upper())]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the code, checked."""
        from frontcalc.notices import notice_code

        return notice_code(str(value))


class Sources(_Text):
    """The name of a source of maps."""

    name = "source"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete a name."""
        from frontcalc.fetching.catalogue import known_sources

        return [
            CompletionItem(name, help=says) for name, says in known_sources().items() if name.startswith(incomplete)
        ]


class Names(_Texts):
    """Names separated by commas."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names."""
        if isinstance(value, tuple):
            return value
        return tuple(name for part in str(value).split(",") if (name := part.strip()))


class Workers(_NumberOrText):
    """A number of workers, or else the address of a scheduler, which the library checks."""

    name = "workers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return the number or the address."""
        return click.IntRange(1).convert(value, param, ctx) if str(value).lstrip("-").isdecimal() else str(value)


def together(
    context: click.Context, parameter: click.Parameter, value: tuple[tuple[str, ...], ...]
) -> tuple[str, ...] | None:
    """Return the names of an option that may be given more than once, None without any."""
    return tuple(name for names in value for name in names) if value else None


def paths(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete a file or folder."""
    return [CompletionItem(incomplete, type="file")]
