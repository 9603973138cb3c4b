"""The gallery: each picture of its page has a command, is there and small."""

from __future__ import annotations

import re
from pathlib import Path

import make_gallery
from conftest import Run

DOCS = Path(__file__).parents[1] / "docs"


def test_every_picture_of_the_page_has_its_command_and_is_small() -> None:
    shown = re.findall(r"\(images/(\S+)\)", (DOCS / "gallery.md").read_text(encoding="utf-8"))
    found = {path.name: path.stat().st_size for path in (DOCS / "images").iterdir()}
    assert set(found) == set(shown) == set(make_gallery.commands())
    assert max(found.values()) < 200_000


def test_a_picture_of_the_gallery_can_be_drawn_again(run_here: Run, tmp_path: Path) -> None:
    command = make_gallery.commands()["regions.png"]
    assert run_here(*command, "-o", tmp_path / "regions.png").returncode == 0
    assert (tmp_path / "regions.png").read_bytes().startswith(b"\x89PNG")
