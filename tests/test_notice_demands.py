"""--fail-on: exit code 1 where a result has a notice, after all is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Run

import frontcalc
from frontcalc.notices import CODES, Notice, notice_code, require_none


@pytest.fixture
def maps(archive: Callable[..., Path]) -> Path:
    return archive(
        {
            "2023-12-31": {"control_map": [(300, 40)], "russian_advances": [None]},
            "2024-11-17": {"control_map": [(300, 40), (301, 40)], "russian_advances": [None]},
        }
    )


@pytest.mark.parametrize("command", [("diff", "2024"), ("held", "2024-12-01"), ("summary",), ("flows", "2024")])
def test_any_table_is_written_first_and_the_command_then_fails(
    maps: Path, tmp_path: Path, run_here: Run, command: tuple[str, ...]
) -> None:
    file = tmp_path / "out.csv"
    done = run_here(*command, "--archive", maps, "-o", file, "--fail-on", "closes-early", "--fail-on", "FROZEN")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("frontcalc: --fail-on: a notice that was not to occur: CLOSES-EARLY")
    assert file.read_text().startswith("archive,")


def test_other_notices_do_not_matter(maps: Path, run_here: Run) -> None:
    done = run_here("diff", "2024", "--archive", maps, "--fail-on", "REPEAT")
    assert done.returncode == 0
    assert "ends with the map of 17 Nov" in done.stdout


def test_a_folder_of_summaries_is_written_too(maps: Path, tmp_path: Path, run_here: Run) -> None:
    folder = tmp_path / "tables"
    done = run_here("summary", "-o", folder, "--archive", maps, "--fail-on", "SPAN")
    assert (done.returncode, (folder / "summary-year.csv").is_file()) == (1, True)
    assert run_here("summary", "-o", folder, "--archive", maps, "--check", "--fail-on", "SPAN").returncode == 1
    assert run_here("summary", "-o", folder, "--archive", maps, "--check", "--fail-on", "FROZEN").returncode == 0


def test_a_typo_is_a_usage_error_that_names_the_nearest(maps: Path, run_here: Run) -> None:
    done = run_here("diff", "2024", "--archive", maps, "--fail-on", "REDEFINED")
    assert done.returncode == 2
    assert "no notice is named 'REDEFINED'; the nearest is REDEFINITION" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("code", CODES)
def test_every_code_can_be_failed_on(code: str) -> None:
    assert notice_code(code.lower()) == code
    with pytest.raises(frontcalc.CheckFailed, match=code):
        require_none([Notice(code, "of 2024"), Notice(code, "of 2023")], [code])
    require_none([Notice(code, "of 2024")], [])
