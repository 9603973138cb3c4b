"""How a picture looks: its size, colours and unit, and the names that users have for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypedDict

from frontcalc.errors import UsageError
from frontcalc.keywords import refuse_unknown
from frontcalc.outputs.wording import UNITS, Unit

SIZES = {"wide": (1600, 900), "square": (1200, 1200), "portrait": (1080, 1350)}
"""Sizes by name, pixels."""

_DEFAULT_SIZE = (1600, 1000)
_SMALLEST, _LARGEST = 400, 8000


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a picture, as «#rrggbb».

    Parameters
    ----------
    paper, ink, quiet : str
        Background, text, and text of the second rank.
    sea, land, foreign : str
        Water, land of the regions, land beyond them.
    border : str
        Borders and coast.
    held, gained, lost : str
        Ground held at the opening, and what came and went.
    net, rule : str
        The mark of a net figure, and the lines of a chart's grid.
    """

    paper: str
    ink: str
    quiet: str
    sea: str
    land: str
    foreign: str
    border: str
    held: str
    gained: str
    lost: str
    net: str
    rule: str


_NAMES = ("light", "dark", "print")
_COLOURS = {
    "paper": ("#ffffff", "#15181c", "#ffffff"),
    "ink": ("#1a1a1a", "#f4f4f4", "#000000"),
    "quiet": ("#4c4c4c", "#c6cbd0", "#4a4a4a"),
    "sea": ("#dde9f0", "#10202c", "#ececec"),
    "land": ("#f7f5f0", "#2a2e33", "#ffffff"),
    "foreign": ("#ebe8e1", "#202327", "#f3f3f3"),
    "border": ("#a39d92", "#666c73", "#9a9a9a"),
    "held": ("#d3bda9", "#5d5048", "#c4c4c4"),
    "gained": ("#a3210f", "#ffb37d", "#1f1f1f"),
    "lost": ("#3d8ec9", "#3c8fd6", "#858585"),
    "net": ("#1a1a1a", "#f4f4f4", "#000000"),
    "rule": ("#dcdcdc", "#3a3f45", "#d9d9d9"),
}
THEMES = {name: Theme(**{use: row[column] for use, row in _COLOURS.items()}) for column, name in enumerate(_NAMES)}
"""By name. Gained, lost and held differ in lightness, so that they stay apart in grey and without a sense of red."""


class Looks(TypedDict, total=False):
    """How a picture looks.

    Attributes
    ----------
    size : str
        Pixels, as in `1600x1000` (the default); or `wide`, `square`, `portrait`.
    theme : str
        `light` (the default), `dark`, or `print` for black ink.
    units : str
        `km2` (the default) or `mi2`.
    """

    size: str | None
    theme: str | None
    units: str | None


@dataclass(frozen=True, slots=True)
class Style:
    """The size of a picture in pixels, its colours, and the unit of its areas."""

    size: tuple[int, int]
    theme: Theme
    unit: Unit


def style_of(looks: Looks, units: str = "km2") -> Style:
    """Return the style that some options ask for, in `units` where they name none.

    Raises
    ------
    UsageError
        One is wrong.
    TypeError
        There is no such option.
    """
    refuse_unknown("picture", looks, Looks.__annotations__)
    theme, units = looks.get("theme") or "light", looks.get("units") or units
    if theme not in THEMES:
        raise UsageError(f"no theme is named {theme!r}", where="--theme", cure=f"choose {', '.join(THEMES)}")
    if units not in UNITS:
        raise UsageError(f"no unit is named {units!r}", where="--units", cure="choose km2 or mi2")
    return Style(_size(looks.get("size")), THEMES[theme], UNITS[units])


def _size(text: str | None) -> tuple[int, int]:
    """Return a size in pixels, as in «1600x1000» or one of `SIZES`; the default for none."""
    if not text:
        return _DEFAULT_SIZE
    if text in SIZES:
        return SIZES[text]
    match = re.fullmatch(r"(\d{1,5})[xX×](\d{1,5})", text)
    if match is None:
        raise UsageError("is no size", where=f"--size {text}", cure=f"give WxH in pixels, or {', '.join(SIZES)}")
    size = int(match[1]), int(match[2])
    if not all(_SMALLEST <= side <= _LARGEST for side in size):
        limits = f"between {_SMALLEST} and {_LARGEST} pixels"
        raise UsageError("is no size for a picture", where=f"--size {text}", cure=f"give sides {limits}")
    return size
