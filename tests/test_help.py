"""Help that answers without the docs, and inputs that go wrong: what is wrong, and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from inspect import cleandoc
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest

from frontcalc.cli import group, options, run, slips

Write = Callable[..., Path]


def every_command(
    of: click.Group = group, names: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command and group with its names."""
    for name in of.list_commands(click.Context(of)):
        command = of.get_command(click.Context(of), name)
        assert command is not None
        yield (*names, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, (*names, name))


COMMANDS = dict(every_command())

# As the command has them: click keeps the option that the first context asks for, which other tests would meet.
NAMES: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


def help_of(capfd: pytest.CaptureFixture[str], *names: str, flag: str = "--help") -> str:
    assert run([*names, flag]) == 0
    return capfd.readouterr().out


def examples(command: click.Command) -> list[str]:
    lines = (line.strip() for line in cleandoc(command.help or "").splitlines())
    return [line.partition("   ")[0] for line in lines if line.startswith("frontcalc ")]


@pytest.mark.parametrize(
    "names", [names for names, command in COMMANDS.items() if len(names) == 1 or examples(command)], ids=" ".join
)
def test_examples_come_first_and_are_commands(names: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    first, second, *_ = cleandoc(COMMANDS[names].help or "").split("\n\n")
    assert second.startswith("frontcalc "), "after the one sentence"
    assert "\n" not in first
    shown = help_of(capfd, *names)
    for example in examples(COMMANDS[names]):
        assert f"\n    {example}" in shown
        words = shlex.split(example)[1:]
        found = max((known for known in COMMANDS if tuple(words[: len(known)]) == known), key=len)
        command = COMMANDS[found]
        command.make_context(found[-1], words[len(found) :], resilient_parsing=True, **NAMES)
        parser = command.make_parser(click.Context(command, **NAMES))
        parser.parse_args(words[len(found) :])


@pytest.mark.parametrize("names", [(), *COMMANDS], ids=" ".join)
def test_no_help_is_cut_or_sends_to_the_docs(names: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    shown = help_of(capfd, *names)
    assert "docs/" not in shown
    listed = shown.partition("\nOptions:")[2]
    assert not [line for line in listed.splitlines() if line.rstrip().endswith(("...", "…"))]


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_whatever_takes_a_period_says_where_its_forms_are(
    names: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    takes = {one.name for one in COMMANDS[names].params} & {"period", "periods"}
    assert (("H2" in (shown := help_of(capfd, *names))) and "diff" in shown) == bool(takes)


def test_commands_stand_in_groups_each_on_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    shown = help_of(capfd)
    for title in ("Figures:", "Pictures and pages:", "How sure a figure is:", "Maps, regions and upkeep:"):
        assert f"\n{title}\n" in shown
    for name in (names[0] for names in COMMANDS if len(names) == 1):
        (line,) = [line for line in shown.splitlines() if line.startswith(f"  {name} ")]
        assert line.endswith(".")


def test_options_stand_in_groups_those_for_experts_with_help_all(capfd: pytest.CaptureFixture[str]) -> None:
    short, whole = help_of(capfd, "summary"), help_of(capfd, "summary", flag="--help-all")
    titles = ["Options:", "Regions:", "What counts:", "Reading the maps:", "Checks:", "For experts"]
    for shown in (short, whole):
        assert sorted(titles, key=shown.index) == titles
    assert "\n  --crs CRS" in whole
    assert "\n  --crs CRS" not in short
    assert "For experts (frontcalc summary --help-all): --step, --snap, --crs" in short
    # A command of few options shows them all.
    assert "--cache DIR" in help_of(capfd, "cache", "info")


def test_every_option_is_in_the_whole_help(capfd: pytest.CaptureFixture[str]) -> None:
    for names, command in COMMANDS.items():
        has_more = any(one.name == "help_all" for one in command.params)
        shown = help_of(capfd, *names, flag="--help-all" if has_more else "--help")
        for one in command.params:
            assert not isinstance(one, click.Option) or one.hidden or f"  {one.opts[0]}" in shown, (names, one.opts)


@pytest.mark.parametrize(("name", "most"), [("diff", 30), ("summary", 42)])
def test_options_are_no_more_than_a_reader_can_look_through(name: str, most: int) -> None:
    command = COMMANDS[name,]
    every = command.get_params(click.Context(command, **NAMES))
    assert sum(isinstance(one, click.Option) for one in every) <= most


def test_groups_name_options_that_exist() -> None:
    known = {name for command in COMMANDS.values() for one in command.params for name in one.opts}
    for listed in options._GROUPS.values():
        assert {f"--{name}" for name in listed.split()} <= known


def test_what_is_meant_names_commands_and_options_that_exist() -> None:
    """No slip is itself a command or an option everywhere; what is named in its place is there."""
    known = {name for command in COMMANDS.values() for one in command.params for name in one.opts} | {
        *("--help", "--version", "-h", "--no-range"),
    }
    for typed, text in slips._MEANT.items():
        assert (typed,) not in COMMANDS
        words = text.replace(",", " ").replace(";", " ").split()
        assert {word for word in words if word.startswith("-")} <= known, text
        for before, word in pairwise(words):
            assert before != "frontcalc" or (word,) in COMMANDS or word.startswith("-"), text


# Inputs that go wrong, and what must stand in the answer: what to do, in the words of the command line.
WRONG = {
    "2024": "name a command before it, as in frontcalc diff 2024",
    "help diff": "write --help after a command, as in frontcalc diff --help",
    "version": "write frontcalc --version",
    "difference 2024": "frontcalc diff 2024 has gained, lost and net",
    "monthly": "frontcalc summary --every month",
    "check maps": "frontcalc archive check PATH",
    "seris": "did you mean frontcalc series?",
    "chart": "frontcalc plot summary -o chart.png",
    "plot map 2024": "frontcalc map 2024 -o map.png",
    "archive maps": "name a command before it",
    "cache clean": "did you mean frontcalc cache clear?",
    "cache size": "frontcalc cache info shows it",
    "--verbose diff 2024": "stands after the command, as in frontcalc diff … --verbose",
    "--archive maps diff 2024": "stands after the command",
    "diff": "as in frontcalc diff 2023 2024 --archive maps/",
    "held": "as in frontcalc held 2024-12-31",
    "sensitivity 2023 2024": "as in frontcalc sensitivity 2024",
    "diff maps 2024": "maps is a folder: maps are given with --archive maps",
    "compare maps other 2024": "maps are given with --archive maps",
    "compare 2024 --archive maps": "give it once for each",
    "diff 2024 --region Donetsk": "write --only NAMES",
    "diff 2024 --from 2024-03": "write a PERIOD, as in 2024-03..",
    "diff 2024 --every month": "frontcalc summary --every month has a row a month",
    "diff 2024 --csv": "--format csv",
    "diff 2024 --out 2024.csv": "write -o FILE",
    "diff 2024 --maps maps": "write --archive PATH",
    "diff 2024 --by year": "frontcalc summary --every year",
    "diff 2024 --by region": "write --by adm1",
    "diff 2024 --only adm2": "write --by adm2",
    "diff 2024 --format excel": "write --format xlsx",
    "diff 2024 --format html": "frontcalc report 2024 -o report.html",
    "diff 2024 --format png": "frontcalc map and frontcalc plot draw pictures",
    "diff 2024 --units miles": "write --units mi2",
    "diff 2024 --snap yes": "is not one of 'border', 'none'",
    "diff 2024 --workers all": "leave it out: as many as there are processors",
    "diff 2024 --sliver-width 100m": "Mean width below which a part is a sliver",
    "diff 2024 --carry-layers week": "Carry a missing layer over for so many days",
    "summary --every months": "choose year, quarter, month, week",
    "summary --check": "--check needs the folder of tables: -o FOLDER",
    "summary --check -o table.csv": "--check needs the folder of tables: -o FOLDER",
    "map 2024": "Write to a file: .png, .svg or .pdf",
    "map 2024 -o map.jpg": "use .png, .svg, .pdf",
    "report 2024 -o report.pdf": "name it as in report.html",
    "fetch ISW-live -o new": "did you mean isw-live?",
    "archive check maps --archive other": "maps and --archive other are two archives: give one of them",
    "regions fetch UA oblasts": "choose country, adm1, adm2",
    "completion powershell": "is not one of 'bash', 'zsh', 'fish'",
    "diff 2024 --cache file": "file: nothing can be kept in it: not a directory; give --cache a folder",
}


@pytest.mark.parametrize(("typed", "what_to_do"), WRONG.items())
def test_inputs_that_go_wrong_are_told_what_to_do(
    typed: str, what_to_do: str, archive: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for name in ("maps", "other"):
        archive({"2023-12-31": {"control_map": [(0, 0)]}, "2024-12-31": {"control_map": [(1, 0)]}}, name=name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no folder")
    assert run(typed.split()) in (2, 3)
    said = capfd.readouterr()
    assert what_to_do in said.err
    assert said.out == ""
    assert len([line for line in said.err.splitlines() if "SYNTHETIC SAMPLE" not in line]) == 1
    assert len(WRONG) >= 40


def test_path_is_the_archive_of_archive_commands(
    archive: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    archive({"2024-01-01": {"control_map": [(0, 0)]}})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRONTCALC_ARCHIVE", "elsewhere")
    for command in (["archive", "list"], ["archive", "check"]):
        assert run([*command, "maps", "--format", "json"]) == 0
        by_path = capfd.readouterr().out
        assert run([*command, "--archive", "maps", "--format", "json"]) == 0
        assert capfd.readouterr().out == by_path
    assert run(["archive", "convert", "maps", "-o", "tidy"]) == 0
    assert [path.name for path in (tmp_path / "tidy").iterdir()] == ["2024-01-01.geojson"]
    assert run(["archive", "list", "maps", "--format", "csv", "-o", "maps/2024-01-01.geojson"]) == 2
    assert "-o maps/2024-01-01.geojson" in capfd.readouterr().err
