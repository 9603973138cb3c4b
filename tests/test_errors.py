"""What the command says to each bad input. `make pages` writes it as docs/errors.md, with FRONTCALC_WRITE_DOCS=1."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bad_inputs import SECTIONS, BadInput

from frontcalc.cli import run

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"

HEAD = """# Errors: bad input and what frontcalc says to it

One line on standard error names the file, what is wrong and what to do, and the exit code tells scripts which kind it
is: 1 a check failed, 2 the question is wrong, 3 a file is broken or the system refuses something (memory, room on a
disk, a permission), 4 the archive has no answer. Nothing is written then.
`--skip-bad` passes over maps that cannot be read, and lists them.

`make pages` makes this page by running the commands on the inputs of `tests/bad_inputs.py`. Unless a row says
otherwise, the input is the map of 2024-01-01 in a folder `maps`, and the command is
`frontcalc held 2024-01-01 --archive maps --by none --view control`.
"""


def answer(
    bad: BadInput, here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    """Return exit code and message of a command on a bad input, which must print nothing and write nothing."""
    here.mkdir()
    bad.make(here)
    before = sorted(here.rglob("*"))
    for name, value in bad.environment:
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(here)
    capfd.readouterr()
    code = run(list(bad.command))
    out, message = capfd.readouterr()
    for name, _ in bad.environment:
        monkeypatch.delenv(name)
    assert not out, bad.what
    assert sorted(here.rglob("*")) == before, bad.what
    return code, message


def row(bad: BadInput, code: int, message: str) -> str:
    """Return a row of the table."""
    what = bad.what + "".join(f", with `{name}={value}`" for name, value in bad.environment)
    return f"| {what} | `{message.strip().replace('|', chr(92) + '|')}` | {code} |"


def test_every_bad_input_gets_one_line_and_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FRONTCALC_ARCHIVE", raising=False)
    lines = [HEAD]
    number = 0
    for title, inputs in SECTIONS.items():
        lines += [f"## {title}", "", "| input | message | exit code |", "|---|---|---:|"]
        for bad in inputs:
            number += 1
            code, message = answer(bad, tmp_path / str(number), monkeypatch, capfd)
            assert code in (2, 3, 4), bad.what
            assert message.startswith("frontcalc: "), bad.what
            assert message.count("\n") == 1, bad.what
            assert str(tmp_path) not in message, bad.what
            lines.append(row(bad, code, message))
        lines.append("")
    if os.environ.get("FRONTCALC_WRITE_DOCS"):
        PAGE.write_text("\n".join(lines), encoding="utf-8")


def test_there_are_at_least_forty_bad_inputs_of_different_names() -> None:
    names = [bad.what for inputs in SECTIONS.values() for bad in inputs]
    assert len(names) >= 40
    assert len(set(names)) == len(names) - names.count("a CRS that does not exist") + 1
