"""Words, options and values that people type and that do not exist, what they mean, and groups that say so."""

from __future__ import annotations

from inspect import cleandoc
from pathlib import Path

import click

_SLIPS = {
    # Words in the place of a command; in a group, after its name.
    "help": "write --help after a command, as in frontcalc diff --help",
    "version": "write frontcalc --version",
    "difference | change | changes | gained | lost": "frontcalc diff 2024 has gained, lost and net",
    "area | control": "frontcalc held 2024-12-31 has the area held on a day",
    "month | monthly | year | yearly | weekly": "frontcalc summary --every month has a row a month",
    "check | lint | validate": "frontcalc archive check PATH is for maps, frontcalc regions check FILE for regions",
    "list | ls": "frontcalc archive list PATH lists maps, frontcalc regions list regions",
    "explain | convert": "write frontcalc archive {0} PATH",
    "export | save": "every command that measures writes a file with -o, as in frontcalc diff 2024 -o 2024.xlsx",
    "chart | graph": "frontcalc plot summary -o chart.png draws one",
    "plot map": "frontcalc map 2024 -o map.png draws a map",
    "plot diff": "frontcalc plot regions 2024 has bars by region, frontcalc plot summary by month",
    "cache size | cache list | cache show": "frontcalc cache info shows it",
    # Options.
    "--region | --oblast | --raion | --country": "write --only NAMES for some regions, --by LEVELS to split by all",
    "--from | --start | --after": "write a PERIOD, as in 2024-03.., or --since where the command has it",
    "--to | --end | --before": "write a PERIOD, as in ..2024-03, or --until where the command has it",
    "--since | --until": "write the range as a PERIOD, as in 2024-03.. or 2024-01-01..2024-03-31",
    "--every | --month | --monthly | --weekly | --yearly": "frontcalc summary --every month has a row a month",
    "--input | --maps | --data | --folder | --path | --dir": "write --archive PATH",
    "--out | --file | --save": "write -o FILE",
    "--csv | --json | --xlsx | --excel | --geojson": "write --format, as in --format csv, or -o FILE.csv",
    "--layer | --role": "write --view, as in --view control or --view role:claimed",
    "--threads | --jobs": "write --workers N",
    "--total | --no-regions | --by total | --by all": "write --by none for the total alone",
    # Values of options.
    "--by year | --by quarter | --by month | --by week": "--by is for regions; for time, frontcalc summary --every {1}",
    "--by region | --by regions | --by province": "write --by adm1, or --by adm2 for smaller ones",
    "--only oblast | --only raion | --only adm1 | --only adm2": "--only has names of regions; write --by {1}",
    "--format excel | --format xls": "write --format xlsx",
    "--format shp | --format shapefile": "write --format gpkg, which QGIS and ArcGIS open",
    "--format html": "frontcalc report 2024 -o report.html writes a page",
    "--format png | --format svg | --format pdf": "frontcalc map and frontcalc plot draw pictures",
    "--units mi | --units miles": "write --units mi2",
    "--workers all | --workers auto": "leave it out: as many as there are processors, four at most",
}
_MEANT = {typed: text for several, text in _SLIPS.items() for typed in several.split(" | ")}


def meant(*typed: str) -> str | None:
    """Return what is meant by an option, an option and its value, or a word in the place of a command, if known."""
    text = _MEANT.get(" ".join(typed).lower())
    return text and text.format(*map(str.lower, typed))


def as_in(command: click.Command) -> str:
    """Return the first example of a command's help, for an error that says what is missing or too much; else empty."""
    lines = (line.strip() for line in (command.help or "").splitlines())
    return next((f"; as in {line.partition('   ')[0]}" for line in lines if line.startswith("frontcalc ")), "")


def format_help_text(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Write a command's help: paragraphs wrapped, but examples and those with indented lines as they stand."""
    for paragraph in cleandoc(command.help or "").split("\n\n"):
        example = paragraph.startswith("frontcalc ")
        as_it_stands = "\b\n" if example or "\n  " in paragraph else ""
        formatter.write_paragraph()
        formatter.current_indent += 4 if example else 2
        formatter.write_text(as_it_stands + paragraph)
        formatter.current_indent -= 4 if example else 2
    if command.name != "diff" and any(one.name in ("period", "periods") for one in command.params):
        formatter.write_paragraph()
        formatter.write_text("  PERIOD is 2024, 2024-H2, Q3 2024, Jul-Dec 2024 …: frontcalc diff --help")


class AnsweringGroup(click.Group):
    """A group that shows what its commands do in whole sentences, and says what is meant by a word that is none."""

    format_help_text = format_help_text

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Say that options stand after the command."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if command := next((word for word in args if word in self.list_commands(ctx)), None):
                where = f"as in {ctx.command_path} {command} … {error.option_name}"
                raise click.UsageError(f"{error.option_name} stands after the command, {where}", ctx) from error
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command, or say what is meant by a word that is none."""
        if not ctx.resilient_parsing and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise click.UsageError(f"No such command {args[0]!r}; {self._hint(ctx, args[0])}", ctx)
        return super().resolve_command(ctx, args)

    def _hint(self, ctx: click.Context, word: str) -> str:
        """Return what is meant by a word that is no command."""
        from difflib import get_close_matches

        from frontcalc.periods import is_period

        known = self.list_commands(ctx)
        of_group = () if ctx.parent is None else (str(ctx.info_name),)
        if text := meant(*of_group, word):
            return text
        if near := get_close_matches(word.lower(), known, n=1):
            return f"did you mean {ctx.command_path} {near[0]}?"
        if is_period(word) or (len(word) < 200 and Path(word).exists()):
            return f"name a command before it, as in {ctx.command_path} {known[0]} {word}"
        return f"there are {', '.join(known)}"

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each command does, without a limit on its length."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(500)) for name, command in commands if command])
