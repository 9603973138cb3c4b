"""How a picture is to look, as users say it."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from frontcalc.errors import UsageError
from frontcalc.keywords import refuse_unknown
from frontcalc.viz.sheet import DEFAULT_SIZE, FORMATS, Style, parse_size
from frontcalc.viz.themes import theme_of


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


def style_of(looks: Looks) -> Style:
    """Return the style that some options ask for.

    Raises
    ------
    UsageError
        One is wrong.
    TypeError
        There is no such option.
    """
    refuse_unknown("picture", looks, Looks.__annotations__)
    size, theme = looks.get("size"), looks.get("theme") or "light"
    theme_of(theme)
    units = looks.get("units") or "km2"
    if units not in ("km2", "mi2"):
        raise UsageError(f"no unit is named {units!r}", where="--units", cure="choose km2 or mi2")
    return Style(parse_size(size) if size else DEFAULT_SIZE, theme)


def format_of(path: str | Path) -> str:
    """Return the form that a file's suffix stands for.

    Raises
    ------
    UsageError
        It stands for no picture.
    """
    form = Path(path).suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise UsageError("has no suffix of a picture", where=str(path), cure=f"use .{', .'.join(FORMATS)}")
    return form
