"""Shell completion: the scripts, and what they are told."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from click.shell_completion import ShellComplete

from frontcalc.cli import group, options, results, run
from frontcalc.cli.upkeep import SHELLS
from frontcalc.views import VIEWS


def completed(arguments: list[str], incomplete: str) -> list[tuple[str, str]]:
    """Return the type and value of each completion."""
    found = ShellComplete(group, {}, "frontcalc", "_FRONTCALC_COMPLETE").get_completions(arguments, incomplete)
    return [(item.type, item.value) for item in found]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script_without_faults(shell: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    script = capfd.readouterr().out
    assert f"_FRONTCALC_COMPLETE={shell}_complete" in script
    if program := shutil.which(shell):
        checked = subprocess.run([program, "-n"], input=script, text=True, capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_other_shells_are_a_usage_error(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "tcsh"]) == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in capfd.readouterr().err


def test_commands_are_completed() -> None:
    assert completed([], "di") == [("plain", "diff")]
    assert ("plain", "convert") in completed(["archive"], "")


@pytest.mark.parametrize(
    ("option", "values"),
    [("--format", (*results.FORMATS, *results.MAP_FORMATS)), ("--view", tuple(VIEWS)), ("--by", options.LEVELS)],
)
def test_values_of_options_are_completed(option: str, values: tuple[str, ...]) -> None:
    assert completed(["diff", option], "") == [("plain", value) for value in values]
    assert completed(["diff", option], values[0][:2])[0] == ("plain", values[0])


def test_the_last_of_several_levels_is_completed() -> None:
    assert completed(["diff", "--by"], "country,adm1")[0] == ("plain", "country,adm1")


@pytest.mark.parametrize("option", ["--archive", "--regions", "--output"])
def test_paths_are_left_to_the_shell(option: str) -> None:
    assert completed(["diff", option], "ma") == [("file", "ma")]


def test_files_are_left_to_the_shell_wherever_one_is_named() -> None:
    assert completed(["diff"], "bef") == [("file", "bef")]
    assert completed(["regions", "check"], "ob") == [("file", "ob")]
    assert completed(["archive", "convert", "-o"], "ti") == [("file", "ti")]


def test_bash_asks_the_command_itself(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("_FRONTCALC_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "frontcalc di")
    monkeypatch.setenv("COMP_CWORD", "1")
    with pytest.raises(SystemExit) as ended:
        run([])
    assert (ended.value.code, capfd.readouterr().out) == (0, "plain,diff\n")
