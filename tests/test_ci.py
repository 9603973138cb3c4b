"""The GitHub Action and the nightly workflow of docs/ci.md: their shell steps, run as GitHub would run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import collection, square

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
WORKFLOW = yaml.safe_load(
    next(
        block
        for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)
        if block.startswith("name:")
    )
)
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"] if "run" in step}
NIGHTLY = {step["name"]: step for step in WORKFLOW["jobs"]["summaries"]["steps"] if "run" in step}


@dataclass
class Runner:
    """A machine of GitHub's: its folders, and the tools on its path."""

    home: Path
    work: Path
    temp: Path
    tools: Path

    def run(self, step: dict[str, Any], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a step's script the way `shell: bash` does."""
        named = {name: self.file(name) for name in ("GITHUB_OUTPUT", "GITHUB_PATH")}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.work,
            env={
                "PATH": f"{self.tools}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT / "src"),
                "HOME": str(self.home),
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_ACTION_PATH": str(ROOT),
                "LC_ALL": "C.UTF-8",
                **{name: str(path) for name, path in named.items()},
                **environment,
            },
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def file(self, name: str) -> Path:
        return self.temp / name

    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.file("GITHUB_OUTPUT").read_text().splitlines())

    def tool(self, name: str, script: str) -> None:
        path = self.tools / name
        path.write_text(f"#!/usr/bin/env bash\n{script}\n")
        path.chmod(0o755)

    def write_map(self, day: str, *columns: int) -> None:
        shapes = [square(column, 40) for column in columns]
        (self.work / "maps").mkdir(exist_ok=True)
        (self.work / "maps" / f"{day}.geojson").write_text(json.dumps(collection({None: shapes})))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    folders = [tmp_path / name for name in ("home", "work tree", "temp", "tools")]
    for folder in folders:
        folder.mkdir()
    made = Runner(*folders)
    made.tool("frontcalc", f'exec "{sys.executable}" -m frontcalc "$@"')
    made.write_map("2023-12-31", 300)
    made.write_map("2024-06-30", 300, 301)
    return made


def inputs(**given: str) -> dict[str, str]:
    """Return the variables of the checking step, inputs not given by their defaults."""
    names = re.findall(r"inputs\.([\w-]+)", " ".join(STEPS["Check the kept tables"]["env"].values()))
    values = {name: ACTION["inputs"][name].get("default", "maps") for name in names} | given
    return {name.upper(): value for name, value in values.items()}


def test_scripts_take_inputs_as_variables_and_never_as_text() -> None:
    for step in [*STEPS.values(), *NIGHTLY.values()]:
        assert "${{" not in step["run"], step["name"]
    assert set(inputs()) == set(STEPS["Check the kept tables"]["env"])


def test_installing_makes_an_environment_and_puts_it_on_the_path(runner: Runner) -> None:
    runner.tool("python", 'echo "python $*" >> "$HOME/calls"; mkdir -p "$3/bin"; cp "$0" "$3/bin/python"')
    done = runner.run(STEPS["Install frontcalc"])
    assert done.returncode == 0, done.stderr
    first, second = (runner.home / "calls").read_text().splitlines()
    assert first == f"python -m venv {runner.temp}/frontcalc"
    assert second == f"python -m pip install --quiet {ROOT}[all]"
    assert runner.file("GITHUB_PATH").read_text() == f"{runner.temp}/frontcalc/bin\n"


def test_the_first_run_has_no_tables_and_uploads_them(runner: Runner) -> None:
    done = runner.run(STEPS["Check the kept tables"], **inputs())
    assert (done.returncode, runner.outputs()["drift"]) == (0, "true"), done.stderr
    uploaded = {file.name for file in (runner.temp / "frontcalc-tables").iterdir()}
    assert uploaded == {"datapackage.json", "report.txt", "summary-month.csv", "summary-year.csv"}


def test_kept_tables_that_still_hold_are_no_drift(runner: Runner) -> None:
    runner.run(NIGHTLY["Propose the change"] | {"run": "frontcalc summary -o tables --archive maps --every year,month"})
    done = runner.run(STEPS["Check the kept tables"], **inputs())
    assert (done.returncode, runner.outputs()["drift"], done.stdout) == (0, "false", "tables: nothing moved\n")
    assert (runner.temp / "frontcalc-tables" / "report.txt").read_text() == "tables: nothing moved\n"


def test_drift_is_reported_and_fails(runner: Runner) -> None:
    options = "--by\nnone\n\n--view\n  assessed".replace("  ", "")
    write = {"run": "frontcalc summary -o tables --archive maps --every year --by none --view assessed"}
    assert runner.run(write).returncode == 0
    runner.write_map("2024-06-30", 300, 301, 302)
    done = runner.run(STEPS["Check the kept tables"], **inputs(every="year", options=options))
    outputs = runner.outputs()
    assert (done.returncode, outputs["drift"]) == (0, "true"), done.stderr
    assert "why: revision: 2024-06-30.geojson of 2024-06-30 was changed" in done.stdout
    failed = runner.run(STEPS["Fail where figures moved"], REPORT=outputs["report"])
    assert failed.returncode == 1
    assert failed.stdout == (
        "::error title=Figures moved::2024 total (unnamed): closing_km2 200.000 → 300.000 (+100.000), "
        "gained_km2 100.000 → 200.000 (+100.000), net_km2 100.000 → 200.000 (+100.000)\n"
    )


def test_a_broken_map_fails_the_step_and_is_no_drift(runner: Runner) -> None:
    runner.run({"run": "frontcalc summary -o tables --archive maps --every year,month"})
    (runner.work / "maps" / "2024-06-30.geojson").write_text("{")
    done = runner.run(STEPS["Check the kept tables"], **inputs())
    assert done.returncode == 3
    assert not runner.file("GITHUB_OUTPUT").exists()


def test_hostile_inputs_are_words_and_not_commands(runner: Runner) -> None:
    done = runner.run(
        STEPS["Check the kept tables"], **inputs(options="--by\n$(touch hacked)", tables='x"; touch hacked; "')
    )
    assert done.returncode == 2
    assert not list(runner.work.glob("**/hacked"))


@pytest.mark.parametrize("write", [True, False])
def test_a_period_that_counts_from_today_is_refused(runner: Runner, write: bool) -> None:
    if write:
        runner.run({"run": "frontcalc summary -o tables --archive maps --every year,month"})
    done = runner.run(STEPS["Check the kept tables"], **inputs(options="last\nyear"))
    assert done.returncode == 2
    assert "period 'last year': counts from today" in done.stderr


def test_the_nightly_workflow_proposes_a_change(runner: Runner, tmp_path: Path) -> None:
    origin = tmp_path / "origin.git"
    for command in (
        ["init", "--quiet", "--initial-branch=main", "."],
        ["init", "--quiet", "--bare", str(origin)],
        ["remote", "add", "origin", str(origin)],
    ):
        subprocess.run(["git", *command], cwd=runner.work, check=True)
    runner.tool("gh", 'echo "gh $*" >> "$HOME/calls"; [ "$2" = create ] || cat "$5" > "$HOME/body"; [ "$2" = edit ]')
    runner.run(STEPS["Check the kept tables"], **inputs())
    step = NIGHTLY["Propose the change"]
    done = runner.run(step, REPORT=runner.outputs()["report"])
    assert done.returncode == 0, done.stderr
    shown = subprocess.run(
        ["git", "show", "--name-only", "--format=%s", "summaries"],
        cwd=origin,
        capture_output=True,
        text=True,
        check=True,
    )
    tables = ["tables/datapackage.json", "tables/summary-month.csv", "tables/summary-year.csv"]
    assert shown.stdout.split("\n") == ["Update the summaries", "", *tables, ""]
    create, edit = (runner.home / "calls").read_text().splitlines()
    assert create.startswith("gh pr create --title Update the summaries --body-file ")
    assert edit.startswith("gh pr edit summaries --body-file ")
    assert (
        runner.home / "body"
    ).read_text() == "What moved, and why:\n\n    tables: the first run, there are no tables to compare with\n"
    assert step["if"] == "${{ steps.summaries.outputs.drift == 'true' }}"


def test_the_nightly_workflow_keeps_a_new_week(runner: Runner) -> None:
    origin = runner.work.parent / "origin.git"
    runner.run({"run": "frontcalc summary -o tables --archive maps --every year,month"})
    for command in (
        ["init", "--quiet", "--bare", str(origin)],
        ["init", "--quiet", "--initial-branch=main", "."],
        ["remote", "add", "origin", str(origin)],
        ["config", "push.autoSetupRemote", "true"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", "first"],
    ):
        subprocess.run(["git", *command], cwd=runner.work, check=True)
    runner.write_map("2024-07-07", 300, 301, 302)
    checked = runner.run(STEPS["Check the kept tables"], **inputs())
    assert (checked.returncode, runner.outputs()["drift"]) == (0, "false"), checked.stderr
    assert "2024-07 total (unnamed) is new: gained_km2 100.000, net_km2 100.000" in checked.stdout
    # What is uploaded is of now.
    uploaded = (runner.temp / "frontcalc-tables" / "summary-month.csv").read_text()
    assert "2024-07" in uploaded
    step = NIGHTLY["Keep the new week"]
    assert step["if"] == "${{ steps.summaries.outputs.drift == 'false' }}"
    done = runner.run(step)
    assert done.returncode == 0, done.stderr
    assert (runner.work / "tables" / "summary-month.csv").read_text() == uploaded
    log = subprocess.run(["git", "log", "--format=%s", "main"], cwd=origin, capture_output=True, text=True, check=True)
    assert log.stdout.splitlines() == ["Go on to the new maps", "first"]
