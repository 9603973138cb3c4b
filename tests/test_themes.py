"""Colours of pictures: legible, and apart for every reader and in grey print."""

from __future__ import annotations

from dataclasses import asdict
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from frontcalc.errors import UsageError
from frontcalc.pictures.style import THEMES, style_of

Floats = NDArray[np.float64]

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


def test_measures_of_colours_agree_with_published_values() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert lightness("#ffffff") == pytest.approx(100, abs=0.01)
    assert lightness("#808080") == pytest.approx(53.6, abs=0.05)
    assert difference("#ff0000", "#00ff00") == pytest.approx(170.6, abs=0.1)
    assert difference("#ff0000", "#00ff00", "deuteranopia") < 80


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("text", ["ink", "quiet"])
def test_text_has_contrast_on_every_ground(name: str, text: str) -> None:
    theme = asdict(THEMES[name])
    for ground in ("paper", "sea", "land", "foreign", "held"):
        assert contrast(theme[text], theme[ground]) >= 4.5, ground


@pytest.mark.parametrize("name", THEMES)
def test_the_mark_of_synthetic_maps_has_contrast(name: str) -> None:
    assert contrast(THEMES[name].gained, THEMES[name].paper) >= 4.5


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("name", THEMES)
def test_gained_lost_held_and_land_are_apart_for_every_reader(name: str, deficiency: str) -> None:
    theme = asdict(THEMES[name])
    for first, second in combinations(("gained", "lost", "held", "land"), 2):
        # A difference of 2 is just seen, side by side; 15 is seen across a map.
        assert difference(theme[first], theme[second], deficiency) >= 15, (first, second)


@pytest.mark.parametrize("name", THEMES)
def test_gained_lost_held_and_land_are_apart_in_grey(name: str) -> None:
    theme = asdict(THEMES[name])
    for first, second in combinations(("gained", "lost", "held", "land"), 2):
        assert abs(lightness(theme[first]) - lightness(theme[second])) >= 12, (first, second)


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("name", THEMES)
def test_by_all_and_by_some_are_apart_for_every_reader_and_in_grey(name: str, deficiency: str) -> None:
    theme = asdict(THEMES[name])
    for first, second in combinations(("by_all", "by_first", "by_second", "held", "land"), 2):
        assert difference(theme[first], theme[second], deficiency) >= 15, (first, second)
        assert abs(lightness(theme[first]) - lightness(theme[second])) >= 12, (first, second)


def test_an_unknown_theme_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="choose light, dark, print"):
        style_of({"theme": "neon"})
