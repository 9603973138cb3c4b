"""What the documentation shows is what the software does."""

from __future__ import annotations

import re
from pathlib import Path

from frontcalc.cli import run

ROOT = Path(__file__).parents[1]


def test_the_readme_shows_the_table_of_make_demo(capfd: object) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(r"```console\n\$ frontcalc (diff 2023 2024)\n(.*?)```", readme, re.DOTALL)
    assert match is not None
    assert run(match[1].split()) == 0
    assert capfd.readouterr().out == match[2]  # type: ignore[attr-defined]
    assert f"frontcalc {match[1]}\n" in (ROOT / "Makefile").read_text()


def test_every_notice_code_is_documented() -> None:
    from frontcalc.notices import CODES

    documented = (ROOT / "docs" / "notices.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z-]+)` \| (.+?) \|", documented, re.MULTILINE)
    assert dict(rows) == CODES
