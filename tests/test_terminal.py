"""What depends on a terminal, tried on a pseudo-terminal: width, colour, progress; and --quiet and --verbose."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

import frontcalc
from frontcalc.cli import group, run, terminal
from frontcalc.outputs import text
from frontcalc.outputs.grid import Grid, GridColumn, fit, grid_width
from frontcalc.outputs.layout import grids
from frontcalc.progress import reported_to, track

fcntl = pytest.importorskip("fcntl")
import pty  # noqa: E402
import struct  # noqa: E402
import termios  # noqa: E402

Write = Callable[..., Path]
NAMES = [f"A region with a rather long name, number {number}" for number in range(3)]


@pytest.fixture
def maps(archive: Write) -> Path:
    """Three years: a square more in each of the first two, one less in the third."""
    return archive(
        {
            "2021-12-31": {None: [(300, 40)]},
            "2022-12-31": {None: [(300, 40), (301, 40)]},
            "2023-12-31": {None: [(300, 40), (301, 40), (302, 40)]},
            "2024-12-31": {None: [(300, 40), (301, 40)]},
        }
    )


@pytest.fixture
def regions(region_file: Write) -> Path:
    return region_file({name: [(300 + number, 40)] for number, name in enumerate(NAMES)})


def on_terminal(*arguments: str | Path, columns: int = 80, stderr: bool = False, **environment: str) -> tuple[int, str]:
    """Run the command with stdout (or stderr) on a pseudo-terminal; return its code and what was shown there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    unset = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CI", "FRONTCALC_ARCHIVE")
    clean = {name: value for name, value in os.environ.items() if name not in unset} | {"TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "frontcalc", *map(str, arguments)],
        stdin=theirs,
        stdout=subprocess.DEVNULL if stderr else theirs,
        stderr=theirs if stderr else subprocess.DEVNULL,
        env=clean | environment,
    )
    os.close(theirs)
    shown = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return process.wait(), shown.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    """Read what a terminal shows; Linux ends it with an error."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def plain(shown: str) -> str:
    """Return text without escape codes."""
    return re.sub(r"\x1b\[[0-9;]*[mK]", "", shown)


def test_a_terminal_gets_colour_and_the_same_text(maps: Path) -> None:
    code, shown = on_terminal("diff", "2023", "2024", "--archive", maps)
    assert code == 0
    assert "\x1b[1mHeld territory, km² · maps" in shown
    assert "\x1b[36m+100.0\x1b[0m" in shown
    assert "\x1b[33m−100.0\x1b[0m" in shown
    result = frontcalc.diff(["2023", "2024"], archive=maps)
    assert plain(shown).splitlines()[-7:] == text.table(result, width=80).splitlines()[-7:]


@pytest.mark.thorough(but=["environment1", "environment2"])
@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_colour_can_be_turned_off(environment: dict[str, str], maps: Path) -> None:
    assert "\x1b" not in on_terminal("diff", "2023", "--archive", maps, **environment)[1]


def test_no_escape_codes_without_a_terminal(
    maps: Path, regions: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    arguments = ["diff", "2022", "2023", "2024", "--archive", str(maps), "--regions", str(regions)]
    assert run(arguments) == 0
    shown = capfd.readouterr().out
    # Whole lines: a pipe is never cut, whatever COLUMNS says.
    assert shown == text.table(frontcalc.diff(["2022", "2023", "2024"], archive=maps, regions=regions))
    assert "\x1b" not in shown
    assert run([*arguments, "-o", str(tmp_path / "table.txt")]) == 0
    assert (tmp_path / "table.txt").read_text() == shown
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(arguments) == 0
    assert plain(coloured := capfd.readouterr().out) == shown != coloured


@pytest.mark.thorough(but=["60"])
@pytest.mark.parametrize("columns", [60, 80])
def test_every_line_fits_the_terminal(columns: int, maps: Path, regions: Path) -> None:
    commands = [
        ["diff", "2022", "2023", "2024"],
        ["diff", "2023", "2024"],
        ["held", "2022-01-01", "2023-01-01", "2024-01-01", "2025-01-01"],
        ["series"],
    ]
    for command in commands:
        code, shown = on_terminal(*command, "--archive", maps, "--regions", regions, columns=columns)
        assert code == 0
        assert max(map(len, plain(shown).splitlines())) <= columns


def test_a_hash_is_never_broken() -> None:
    code, shown = on_terminal("regions", "list", columns=60)
    assert code == 0
    assert "cut to 60 columns: long names are shortened (--format csv" in shown
    too_long = [line for line in plain(shown).splitlines() if len(line) > 60]
    assert [re.sub("[0-9a-f]{64}", "hash", line) for line in too_long] == ["  hash"]


def test_periods_are_stacked_and_nothing_is_lost(maps: Path) -> None:
    shown = text.table(frontcalc.diff(["2022", "2023", "2024"], archive=maps), width=60).splitlines()
    assert shown[2:9] == [
        "                        2022                  2023",
        "region  gained  lost     net  gained  lost     net",
        "total    100.0   0.0  +100.0   100.0   0.0  +100.0",
        "",
        "                         2024",
        "region  gained   lost     net",
        "total      0.0  100.0  −100.0",
    ]
    assert "cut to" not in "\n".join(shown)


def test_dates_of_held_are_stacked(maps: Path) -> None:
    result = frontcalc.held(["2022-01-01", "2023-01-01", "2024-01-01"], archive=maps)
    shown = text.table(result, width=34).splitlines()
    assert "region  2022-01-01  2023-01-01" in shown
    assert "region  2024-01-01" in shown


def test_spare_columns_of_a_series_go_one_by_one(maps: Path) -> None:
    result = frontcalc.series(archive=maps)
    whole = grid_width(grids(result)[0])
    assert "cut" not in text.table(result, width=whole)
    assert f"cut to {whole - 1} columns: columns left out: net per day (--format csv has all)" in text.table(
        result, width=whole - 1
    )
    assert "columns left out: net per day, map of, lost, gained (" in " ".join(text.table(result, width=40).split())


def test_names_are_shortened_no_further_than_needed() -> None:
    columns = GridColumn("region", ("Zaporizhzhia oblast", "Kyiv"), 0), GridColumn("net", ("+1.0", "+2.0"), 1)
    grid = Grid("t", "", columns, ("foot",))
    (block,) = fit(grid, 22)
    assert [row[0] for row in block.rows] == ["Zaporizhzhia oblas…"[:15] + "…", "Kyiv"]
    assert grid_width(block) == 22
    assert block.footer == ("cut to 22 columns: long names are shortened (--format csv has all)", "foot")
    assert fit(grid, 25) == [grid]


def test_long_remarks_are_wrapped_not_cut(maps: Path) -> None:
    result = frontcalc.diff(["2023"], archive=maps)
    assert text.table(result, width=40).split() == text.table(result).split()


def test_names_cannot_command_the_terminal(maps: Path, region_file: Write) -> None:
    regions = region_file({"a\n\x1b[2Jb": [(302, 40)]})
    shown = text.table(frontcalc.diff(["2023"], archive=maps, regions=regions))
    assert "\na \\x1b[2Jb " in shown
    assert "\x1b" not in shown


SLOW = """
import sys, time
from frontcalc.cli import run
from frontcalc.run import run as runs
ground_of = runs.ground_of
def slow(*arguments, **options):
    time.sleep(0.8)
    return ground_of(*arguments, **options)
runs.ground_of = slow
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.thorough(but=["shown", "quiet", "CI"])
@pytest.mark.parametrize(
    ("extra", "environment", "seen"),
    [
        ([], {}, True),
        (["--quiet"], {}, False),
        (["--verbose"], {}, False),
        ([], {"CI": "true"}, False),
        ([], {"TERM": "dumb"}, False),
    ],
    ids=["shown", "quiet", "verbose", "CI", "dumb"],
)
def test_progress_shows_after_a_second_and_is_erased(
    extra: list[str], environment: dict[str, str], seen: bool, maps: Path, tmp_path: Path
) -> None:
    # The package's own entry point, so that the slow script stands in for it.
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "slow.py").write_text(SLOW)
    ours, theirs = pty.openpty()
    unset = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, folder / "slow.py", "diff", "2023", "--archive", maps, "--by=none", "--cache=none", *extra],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**unset, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    shown = b"".join(iter(lambda: _read(ours), b"")).decode()
    os.close(ours)
    assert process.wait() == 0
    assert bool(re.search(r"\rfrontcalc: measuring period 1 of 1 … [1-9]\d* s\x1b\[K", shown)) == seen
    assert ("\r\x1b[Kfrontcalc: the source" in shown) == seen


@pytest.mark.parametrize(
    ("done", "elapsed_s", "text"),
    [
        (0, 5, ""),
        (1, 5, ""),
        (2, 0.5, ""),
        (2, 1, ", 2.0 a second, 49 s left"),
        (4, 16, ", 0.2 a second, 6 min left"),
        (100, 50, ", 2.0 a second, 0 s left"),
    ],
)
def test_progress_says_how_fast_and_how_long_as_soon_as_that_can_be_told(
    done: int, elapsed_s: float, text: str
) -> None:
    assert terminal.pace(done, 100, elapsed_s) == text


def test_short_work_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(terminal, "_DELAY_S", 60.0)
    with terminal.progress_line(stream) as report:
        report("measuring period", 1, 1)
    assert stream.getvalue() == ""


def test_no_progress_where_stderr_is_no_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(terminal, "progress_line", None)
    with click.Context(group), terminal.progress():
        pass
    assert capfd.readouterr().err == ""


def test_work_is_reported_to_whoever_listens(maps: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with reported_to(lambda *step: told.append(step)):
        frontcalc.series(archive=maps)
        frontcalc.held(["2022-01-01", "2023-01-01"], archive=maps)
    assert told == [
        *(("measuring map", number, 4) for number in (1, 2, 3, 4)),
        *(("measuring date", number, 2) for number in (1, 2)),
    ]
    assert list(track([5, 6], "nothing")) == [5, 6]
    assert len(told) == 6


def _leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that is no group, with its full name."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    with click.Context(command) as context:
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from _leaves(found, f"{name} {child}")


@pytest.mark.parametrize(("name", "command"), list(_leaves(group, "frontcalc")), ids=lambda value: str(value)[:40])
def test_every_command_can_be_quiet_and_verbose(name: str, command: click.Command) -> None:
    options = [option for parameter in command.params for option in parameter.opts]
    assert options.count("--quiet") == options.count("--verbose") == 1, name


def test_quiet_leaves_only_data_and_what_is_synthetic(maps: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "2023", "--format", "csv", "--archive", str(maps), "--quiet"]) == 0
    assert capfd.readouterr().err == ""
    assert run(["held", "2025-01-01", "--format", "csv", "-q"]) == 0
    remarks = capfd.readouterr().err.splitlines()
    assert [line.split()[1] + line.split()[2] for line in remarks] == ["noarchive", "Beforeyou", "themaps"]
    assert run(["diff", "2019", "--archive", str(maps), "--quiet"]) == 4
    assert capfd.readouterr().err.startswith("frontcalc: maps: no change can be measured in 2019")


def test_verbose_names_files_times_and_versions(maps: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "2023", "--format", "json", "--archive", str(maps), "--cache", "none", "-v"]) == 0
    captured = capfd.readouterr()
    assert json.loads(captured.out)["rows"]
    assert re.search(r"^frontcalc: read 2022-12-31\.geojson: \d+\.\d\d s$", captured.err, re.MULTILINE)
    assert "frontcalc: compared 2022-12-31 with 2023-12-31: " in captured.err
    assert re.search(rf"versions: frontcalc {frontcalc.__version__}, Python 3.*GEOS 3.*PROJ \d", captured.err)
    assert re.search(r"took \d+\.\d\d s$", captured.err, re.MULTILINE)
    # Nothing of it stays for the next command.
    assert run(["diff", "2023", "--format", "json", "--archive", str(maps), "-q"]) == 0
    assert capfd.readouterr().err == ""
    assert run(["diff", "2023", "-q", "-v"]) == 2
    assert "--quiet and --verbose exclude each other" in capfd.readouterr().err


def test_a_file_name_cannot_command_the_terminal_through_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    import logging

    with click.Context(group) as context:
        terminal.log_to_stderr(context)
        logging.getLogger("frontcalc.any").warning("read %s", "a\n\x1b[2Jb")
    assert "frontcalc: read a \\x1b[2Jb\n" in capfd.readouterr().err


def test_a_name_cannot_command_the_terminal_through_a_remark(capfd: pytest.CaptureFixture[str]) -> None:
    terminal.say("note SKIPPED: a\n\x07\u202eb")
    assert capfd.readouterr().err == "frontcalc: note SKIPPED: a \\x07\\u202eb\n"
