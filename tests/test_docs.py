"""What the documentation shows is what the software does."""

from __future__ import annotations

import re
from pathlib import Path

from frontcalc.cli import run
from frontcalc.outputs import CHECK_WRITERS, MAP_WRITERS

ROOT = Path(__file__).parents[1]


def test_the_readme_shows_the_table_of_make_demo(capfd: object) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(r"```console\n\$ frontcalc (diff 2023 2024)\n(.*?)```", readme, re.DOTALL)
    assert match is not None
    assert run(match[1].split()) == 0
    assert capfd.readouterr().out == match[2]  # type: ignore[attr-defined]
    assert f"frontcalc {match[1]}\n" in (ROOT / "Makefile").read_text()


def test_every_format_has_a_row_in_the_page_of_outputs() -> None:
    page = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z]+)` \| (\.?[a-z]*) ?\|", page, re.MULTILINE))
    forms = CHECK_WRITERS | MAP_WRITERS
    own = {form: suffixes.split()[0] for form, (_, suffixes, holds) in forms.items() if holds != "prose"}
    assert {form: rows.get(form) for form in forms} == dict.fromkeys(forms, "") | own


def test_every_notice_code_is_documented() -> None:
    from frontcalc.notices import CODES

    documented = (ROOT / "docs" / "notices.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z-]+)` \| (.+?) \|", documented, re.MULTILINE)
    assert dict(rows) == CODES
