"""Commands that refuse slips of the hand before anything is measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click


class Command(click.Command):
    """A command whose options are given once and say something, and that never writes onto what it reads."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an option of one value that is given twice, of which click would take the last, and an empty one.

        Of an option that is gone, say what does its work.
        """
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        try:
            given, _, order = self.make_parser(ctx).parse_args(list(args))
        except click.NoSuchOption as error:
            from frontcalc.config import GONE

            instead = GONE.get(error.option_name.lstrip("-"))
            if instead:
                raise click.UsageError(f"no such option {error.option_name}: {instead}", ctx) from error
            raise
        for option in (one for one in order if isinstance(one, click.Option)):
            value, times, spelling = given.get(option.name or ""), order.count(option), max(option.opts, key=len)
            if times > 1 and not (option.multiple or option.is_flag or option.count):
                raise click.UsageError(f"{spelling} is given {times} times: give it once", ctx)
            # A script whose variable is empty is not to get the default.
            if "" in (value if isinstance(value, list) else [value]):
                raise click.UsageError(f"{spelling} is empty: give it a value, or leave it out", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Refuse an output that the command would read, then run it."""
        output = ctx.params.get("output")
        if output not in (None, "-"):
            from frontcalc.archives import archive_path, refuse_place

            named = [*_texts(ctx.params), Path("frontcalc.toml")]
            archives = map(archive_path, _texts({name: ctx.params.get(name) for name in ("archive", "archives")}))
            refuse_place(Path(str(output)), files=named, archives=archives)
        return super().invoke(ctx)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


def _texts(values: dict[str, Any]) -> Iterator[Path]:
    """Yield each value that may name a file, but for the output itself."""
    for name, value in values.items():
        for one in value if isinstance(value, tuple) else (value,):
            if name != "output" and isinstance(one, str | Path) and one:
                yield Path(one)
