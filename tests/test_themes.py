"""Colours of pictures: legible, and apart for every reader and in grey print."""

from __future__ import annotations

from itertools import combinations

import pytest

from frontcalc.errors import UsageError
from frontcalc.viz.themes import DEFICIENCIES, THEMES, colours, contrast, difference, lightness, theme_of


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
    theme = colours(THEMES[name])
    for ground in ("paper", "sea", "land", "foreign", "held"):
        assert contrast(theme[text], theme[ground]) >= 4.5, ground


@pytest.mark.parametrize("name", THEMES)
def test_the_mark_of_synthetic_maps_has_contrast(name: str) -> None:
    assert contrast(THEMES[name].gained, THEMES[name].paper) >= 4.5


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("name", THEMES)
def test_gained_lost_held_and_land_are_apart_for_every_reader(name: str, deficiency: str) -> None:
    theme = colours(THEMES[name])
    for first, second in combinations(("gained", "lost", "held", "land"), 2):
        # A difference of 2 is just seen, side by side; 15 is seen across a map.
        assert difference(theme[first], theme[second], deficiency) >= 15, (first, second)


@pytest.mark.parametrize("name", THEMES)
def test_gained_lost_held_and_land_are_apart_in_grey(name: str) -> None:
    theme = colours(THEMES[name])
    for first, second in combinations(("gained", "lost", "held", "land"), 2):
        assert abs(lightness(theme[first]) - lightness(theme[second])) >= 12, (first, second)


def test_an_unknown_theme_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="choose light, dark, print"):
        theme_of("neon")
