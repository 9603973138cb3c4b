"""Colours of pictures: one frozen set a theme, and the measures by which tests hold them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from frontcalc.errors import UsageError

Floats = NDArray[np.float64]


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


THEMES = {
    "light": Theme(
        paper="#ffffff",
        ink="#1a1a1a",
        quiet="#4c4c4c",
        sea="#dde9f0",
        land="#f7f5f0",
        foreign="#ebe8e1",
        border="#a39d92",
        held="#d3bda9",
        gained="#a3210f",
        lost="#3d8ec9",
        net="#1a1a1a",
        rule="#dcdcdc",
    ),
    "dark": Theme(
        paper="#15181c",
        ink="#f4f4f4",
        quiet="#c6cbd0",
        sea="#10202c",
        land="#2a2e33",
        foreign="#202327",
        border="#666c73",
        held="#5d5048",
        gained="#ffb37d",
        lost="#3c8fd6",
        net="#f4f4f4",
        rule="#3a3f45",
    ),
    "print": Theme(
        paper="#ffffff",
        ink="#000000",
        quiet="#4a4a4a",
        sea="#ececec",
        land="#ffffff",
        foreign="#f3f3f3",
        border="#9a9a9a",
        held="#c4c4c4",
        gained="#1f1f1f",
        lost="#858585",
        net="#000000",
        rule="#d9d9d9",
    ),
}
"""By name. Gained, lost and held differ in lightness, so that they stay apart in grey and without a sense of red."""

# Simulation of colour vision deficiency, severity 1, on linear RGB: Machado, Oliveira and Fernandes,
# IEEE Transactions on Visualization and Computer Graphics 15 (2009) 1291-1298.
DEFICIENCIES: dict[str, Floats] = {
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
    "none": np.eye(3),
}
# sRGB to CIE XYZ, D65 (IEC 61966-2-1).
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def theme_of(name: str) -> Theme:
    """Return a theme by its name.

    Raises
    ------
    UsageError
        There is none of that name.
    """
    if name not in THEMES:
        raise UsageError(f"no theme is named {name!r}", where="--theme", cure=f"choose {', '.join(THEMES)}")
    return THEMES[name]


def colours(theme: Theme) -> dict[str, str]:
    """Return a theme's colours by what they are for."""
    return {entry.name: getattr(theme, entry.name) for entry in fields(theme)}


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21, as WCAG 2.2 defines it; text needs 4.5."""
    bright, dark = sorted((float(_linear(colour) @ _XYZ[1]) for colour in (first, second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def difference(first: str, second: str, deficiency: str = "none") -> float:
    """Return how far two colours are apart, ΔE of CIE 1976, as somebody with a colour vision deficiency sees them.

    Parameters
    ----------
    first, second : str
        As «#rrggbb».
    deficiency : str
        One of `DEFICIENCIES`.
    """
    return float(np.linalg.norm(_lab(first, deficiency) - _lab(second, deficiency)))


def lightness(colour: str) -> float:
    """Return the lightness L* of a colour, 0 to 100: what is left of it in grey print."""
    return float(_lab(colour, "none")[0])


def _linear(colour: str) -> Floats:
    """Return a colour's linear RGB."""
    coded = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def _lab(colour: str, deficiency: str) -> Floats:
    """Return a colour in CIE L*a*b* as it is seen."""
    seen = np.clip(DEFICIENCIES[deficiency] @ _linear(colour), 0, 1)
    ratio = _XYZ @ seen / _WHITE
    root = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])
