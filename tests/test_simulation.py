"""The simulation behind the threshold of slivers: what docs/slivers.md says, on a few seeds."""

from __future__ import annotations

import re

import pytest
import simulate_redraws

from frontcalc.slivers import SLIVER_WIDTH_M


def documented() -> dict[int, tuple[float, ...]]:
    """Return the figures of seeds 10 to 29 by threshold: precision, recall, F1 by area; precision, recall by part."""
    text = simulate_redraws.PAGE.read_text(encoding="utf-8")
    table = text.partition("Seeds 10 to 29, on which it is judged:")[2].partition("The fronts of seeds")[0]
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", table, re.MULTILINE)
    return {int(threshold): tuple(map(float, cells.split(" | "))) for threshold, cells in rows}


def test_two_seeds_come_near_the_documented_figures() -> None:
    found = simulate_redraws.pooled([10, 11])
    stated = documented()
    assert tuple(stated) == simulate_redraws.THRESHOLDS_M
    for threshold in (50, 75, 100):
        mine = simulate_redraws.score(found, threshold)
        precision, recall, _, of_parts, all_parts = stated[threshold]
        assert mine.area_precision == pytest.approx(precision, abs=0.12)
        assert mine.area_recall == pytest.approx(recall, abs=0.08)
        assert (mine.part_precision, mine.part_recall) == pytest.approx((of_parts, all_parts), abs=0.03)


def test_the_default_is_what_the_first_seeds_choose() -> None:
    text = simulate_redraws.PAGE.read_text(encoding="utf-8")
    assert f"The highest F1 by area is that of {SLIVER_WIDTH_M:g} m." in text


def test_a_seed_gives_the_same_parts_and_all_of_each_is_accounted_for() -> None:
    one, again = simulate_redraws.simulate(3), simulate_redraws.simulate(3)
    assert one.width_m.tolist() == again.width_m.tolist()
    assert (one.moved_km2 >= 0).all()
    assert (one.redrawn_km2 > -1e-9).all()
    assert one.moved_km2.sum() > 50
