"""Draw the pictures of docs/gallery.md, whose commands say how, and the same of a real archive in build/gallery.

    make gallery

The real archive, isw-weekly in the folder that FRONTCALC_SHARED names (default ../shared), is its publisher's:
pictures of it are for looking at and are never committed.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path

from frontcalc.cli import run

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SHARED = Path(os.environ.get("FRONTCALC_SHARED", ROOT.parent / "shared"))
EVENTS = "date,label\n2023-06-04,an event of yours\n2024-05-12,another\n2024-08-06,a third\n"


def commands() -> dict[str, list[str]]:
    """Return the command of each picture, without the output, by the picture's file."""
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    return {file: command.split() for command, file in re.findall(r"^frontcalc (.+) -o (\S+)$", page, re.MULTILINE)}


def draw(folder: Path, options: tuple[str, ...] = ()) -> None:
    """Draw every picture of the gallery into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as working, contextlib.chdir(working):
        Path("events.csv").write_text(EVENTS, encoding="utf-8")
        for file, command in commands().items():
            if run([*command, *options, "--quiet", "-o", str(folder / file)]):
                raise SystemExit(f"failed: {' '.join(command)}")


if __name__ == "__main__":
    draw(DOCS / "images")
    real = SHARED / "archives" / "isw-weekly"
    if real.is_dir():
        draw(ROOT / "build" / "gallery", ("--archive", str(real.resolve())))
