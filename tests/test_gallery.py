"""The gallery: its page is what the script says, and its pictures are there and small."""

from __future__ import annotations

from pathlib import Path

import make_gallery
from conftest import Run

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_is_the_scripts() -> None:
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == make_gallery.page()


def test_every_picture_is_there_and_small() -> None:
    found = {path.name: path.stat().st_size for path in (DOCS / "images").iterdir()}
    assert set(found) == {entry.file for entry in make_gallery.ENTRIES}
    assert max(found.values()) < 200_000


def test_a_picture_of_the_gallery_can_be_drawn_again(run_here: Run, tmp_path: Path) -> None:
    entry = next(entry for entry in make_gallery.ENTRIES if entry.file == "regions.png")
    assert run_here(*entry.command.split(), "-o", tmp_path / entry.file).returncode == 0
    assert (tmp_path / entry.file).read_bytes().startswith(b"\x89PNG")
