"""How a picture looks: its size, colours and unit, and the names that users have for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypedDict

from frontcalc.errors import UsageError
from frontcalc.keywords import refuse_unknown
from frontcalc.outputs.numbers import UNITS, Unit

SIZES = {"wide": (1600, 900), "square": (1200, 1200), "portrait": (1080, 1350)}  # by name, pixels
_DEFAULT_SIZE = (1600, 1000)
_SMALLEST, _LARGEST = 400, 8000


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a picture, as «#rrggbb».

    Texts are in `ink`, those of the second rank `quiet`. `land` is that of the regions, `foreign` land beyond them,
    `border` also the coast; `rule` is a line of a chart's grid. On a map of several archives
    ground is `by_all`, or by some (`by_first`, `by_second`).
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
    rule: str
    by_all: str
    by_first: str
    by_second: str


_COLOURS = """\
      paper   ink     quiet   sea     land    foreign border  held    gained  lost    rule    by_all  first   second
light #ffffff #1a1a1a #4c4c4c #dde9f0 #f7f5f0 #ebe8e1 #a39d92 #d3bda9 #a3210f #3d8ec9 #dcdcdc #43175f #1a6fb0 #dc7c00
dark  #15181c #f4f4f4 #c6cbd0 #10202c #2a2e33 #202327 #666c73 #5d5048 #ffb37d #3c8fd6 #3a3f45 #fff2a8 #5aa7e6 #cf5a2a
print #ffffff #000000 #4a4a4a #ececec #ffffff #f3f3f3 #9a9a9a #c4c4c4 #1f1f1f #858585 #d9d9d9 #111111 #5e5e5e #8f8f8f
"""
THEMES = {name: Theme(*colours) for name, *colours in map(str.split, _COLOURS.splitlines()[1:])}
"""By name. What lies side by side differs in lightness, so that it stays apart in grey and without a sense of red."""


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


def style_of(looks: Looks) -> tuple[tuple[int, int], Theme, Unit]:
    """Return the size in pixels, the colours and the unit that some options ask for."""
    refuse_unknown("picture", looks, Looks.__annotations__)
    theme, units, text = looks.get("theme") or "light", looks.get("units") or "km2", looks.get("size")
    if theme not in THEMES:
        raise UsageError(f"no theme is named {theme!r}", where="--theme", cure=f"choose {', '.join(THEMES)}")
    if units not in UNITS:
        raise UsageError(f"no unit is named {units!r}", where="--units", cure="choose km2 or mi2")
    size = SIZES.get(text) if text else _DEFAULT_SIZE
    if size is None:
        match = re.fullmatch(r"(\d{1,5})[xX×](\d{1,5})", str(text))
        if match is None:
            raise UsageError("is no size", where=f"--size {text}", cure=f"give WxH in pixels, or {', '.join(SIZES)}")
        size = int(match[1]), int(match[2])
        if not all(_SMALLEST <= side <= _LARGEST for side in size):
            limits = f"between {_SMALLEST} and {_LARGEST} pixels"
            raise UsageError("is no size for a picture", where=f"--size {text}", cure=f"give sides {limits}")
    return size, THEMES[theme], UNITS[units]
