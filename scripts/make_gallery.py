"""Draw the gallery: docs/gallery.md with pictures of the synthetic sample, and the same of a real archive in build/.

    make gallery

The real archive, isw-weekly in the folder that FRONTCALC_SHARED names (default ../shared), is its publisher's:
pictures of it are for looking at, go to build/gallery and are never committed.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import NamedTuple

from frontcalc.cli import run

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SHARED = Path(os.environ.get("FRONTCALC_SHARED", ROOT.parent / "shared"))
EVENTS = "date,label\n2023-06-04,an event of yours\n2024-05-12,another\n2024-08-06,a third\n"


class Entry(NamedTuple):
    """A picture: its file, its heading, what to see in it, and the command without the archive and the output."""

    file: str
    heading: str
    note: str
    command: str


ENTRIES = (
    Entry(
        "map-year.png",
        "A year",
        "The frame is the change, and names keep off it where they can. Strips under 100 m wide, which are redrawn\n"
        "lines rather than ground, are measured and drawn but not outlined.",
        "map 2024 --size 860x560",
    ),
    Entry(
        "map-two-years.png",
        "Two years on one scale",
        "One key, one scale bar, one frame; each map has its own finding.",
        "map 2023 2024 --size 780x500",
    ),
    Entry(
        "map-week.png",
        "A week, dark",
        "Framed by a region; the last line says how much of the change that leaves out. Smaller towns appear as\n"
        "the scale grows.",
        "map 2024-W33 --theme dark --zoom Donetsk --size 860x560",
    ),
    Entry(
        "map-kursk.png",
        "Another actor, for black ink",
        "What Ukraine held in Kursk: a change in one place alone fills the sheet.",
        "map 2024 --actor Ukraine --theme print --size 860x560",
    ),
    Entry(
        "series.png",
        "Area held, with events",
        "`events.csv` has the columns date and label.",
        "plot series --events events.csv --size 1000x560",
    ),
    Entry(
        "summary.png",
        "Gained and lost by month",
        "Months differ in length, so bars are per day and the axis says so.",
        "plot summary --every month --size 1000x560",
    ),
    Entry(
        "regions.png",
        "Regions by rank",
        "Regions without change are named below, so that none is missing silently.",
        "plot regions 2024 --size 1000x560",
    ),
)


def page() -> str:
    """Return docs/gallery.md."""
    parts = [
        "# Gallery\n",
        "Pictures of the synthetic sample, which is made up and of no real war, as every picture of it says.",
        "`make gallery` draws them anew, and writes the same of a real archive to `build/gallery` where one is there.",
        "[maps.md](maps.md) has the options.\n",
    ]
    for entry in ENTRIES:
        parts += [f"## {entry.heading}\n", f"{entry.note}\n"]
        parts += ["```sh", f"frontcalc {entry.command} -o {entry.file}", "```\n"]
        parts += [f"![{entry.heading}](images/{entry.file})\n"]
    return "\n".join(parts).rstrip() + "\n"


def draw(folder: Path, archive: Path | None = None) -> None:
    """Draw every picture of the gallery into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    events = folder / "events.csv"
    events.write_text(EVENTS, encoding="utf-8")
    for entry in ENTRIES:
        arguments = shlex.split(entry.command.replace("events.csv", shlex.quote(str(events))))
        maps = ["--archive", str(archive)] if archive else []
        if run([*arguments, *maps, "--quiet", "-o", str(folder / entry.file)]):
            raise SystemExit(f"failed: {entry.command}")
    events.unlink()


def main() -> None:
    """Draw the sample's pictures for the docs, and a real archive's to look at."""
    draw(IMAGES)
    (ROOT / "docs" / "gallery.md").write_text(page(), encoding="utf-8")
    real = SHARED / "archives" / "isw-weekly"
    if real.is_dir():
        draw(ROOT / "build" / "gallery", real)


if __name__ == "__main__":
    main()
