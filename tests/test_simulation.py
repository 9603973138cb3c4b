"""The simulation behind the threshold of slivers, and the measurements that it rests on: what the docs say of them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import compare_redraws
import measure_redraws
import numpy as np
import pytest
import real_advances
import shapely
import simulate_redraws
import simulated_fronts
from shapely import MultiPolygon, box

from frontcalc.slivers import SLIVER_WIDTH_M

RECTANGLE = box(0, 0, 3_000, 200)


def documented(name: str) -> str:
    """Return what one script wrote to docs/slivers.md."""
    text = simulate_redraws.PAGE.read_text(encoding="utf-8")
    return re.split(rf"<!-- (?:end of )?{name}.*-->\n", text)[1]


def measured() -> list[list[list[float]]]:
    """Return the figures of the measured tables, line by line."""
    rows = re.compile(r"^\| .+? \| ([-\d.,| ]+) \|$", re.MULTILINE)
    return [
        [[float(cell.replace(",", "")) for cell in row.split(" | ")] for row in rows.findall(part)]
        for part in documented("measured").split("\n\n")
    ]


def test_the_simulation_draws_from_what_was_measured() -> None:
    advances, again, lacking, _ = measured()
    for column, movement in enumerate((simulated_fronts.WEEK, simulated_fronts.MONTH)):
        rate, gained, *shape = [row[column] for row in advances[6:]]
        assert (rate, gained) == (movement.per_100_km, movement.gained)
        assert (tuple(shape[:9]), tuple(shape[9:])) == (movement.depths_m, movement.length)
    low, high, spacing, _, anew, *stretches = [row[0] for row in again[2:]]
    noise = simulated_fronts.WEEKLY
    assert (low, high, spacing, anew) == (*noise.jitter_m, noise.spacing_m, noise.anew_per_100_km)
    assert (*stretches,) == (*noise.anew_length, *noise.anew_distance, noise.anew_spacing)
    assert [percent / 100 for percent, _ in lacking] == pytest.approx(noise.lacking)
    assert tuple(rank for _, rank in lacking) == noise.ranks
    assert measure_redraws.LEVELS == simulated_fronts.LEVELS
    assert measure_redraws.UPPER_LEVELS == simulated_fronts.UPPER_LEVELS


def by_width() -> dict[str, np.ndarray]:
    """Return the documented areas by class of width, line by line."""
    rows = re.findall(r"^\| ((?:ISW|simulated), .+?) \| (.+) \|$", documented("compared"), re.MULTILINE)
    return {name: np.array([float(cell) for cell in cells.split(" | ")]) for name, cells in rows}


def test_redrawing_is_simulated_as_real_maps_have_it() -> None:
    stated = by_width()
    within, together = compare_redraws.agreement(stated[compare_redraws.STILL_LINE], stated[compare_redraws.TARGET])
    assert np.all(np.abs(np.log(within)) < np.log(compare_redraws.EACH_WITHIN))
    assert abs(np.log(together)) < np.log(compare_redraws.TOGETHER_WITHIN)
    mine = compare_redraws.redrawn_still([0])
    assert mine[:4] == pytest.approx(stated[compare_redraws.STILL_LINE][:4], rel=0.4)


def test_simplification_leaves_out_the_least_effect_first() -> None:
    line = np.array([[0, 0], [10, 1], [20, 0], [30, 9], [40, 0], [50, 3], [60, 0]], dtype=float)
    # Without the first, which has 10 m², the next one's triangle is 90 m²; then the last goes, which has 30 m².
    assert simulated_fronts.triangles_m2(line).tolist() == [10, 50, 90, 60, 30]
    assert simulated_fronts.simplified(line, 6)[:, 0].tolist() == [0, 20, 30, 40, 50, 60]
    assert simulated_fronts.simplified(line, 5)[:, 0].tolist() == [0, 20, 30, 40, 60]
    assert simulated_fronts.simplified(line, 2)[:, 0].tolist() == [0, 60]


@pytest.mark.thorough
@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("other", ["redraw_table", "advance_table"])
def test_the_archives_give_the_documented_measurements(
    other: str, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time all but one table is measured, so that two processes share the work."""
    advances, _, again = documented("measured").partition("\n\n")
    stated = {"advance_table": f"{advances}\n", "redraw_table": again}
    monkeypatch.setattr(measure_redraws, other, lambda *_: stated[other])
    texts = documented("measured"), measure_redraws.report(shared / "archives")
    for cell, measured in zip(*(re.split(r"[|\n]", text) for text in texts), strict=True):
        # Other versions of PROJ and GEOS differ in last digits.
        try:
            said, found = (float(text.replace(",", "")) for text in (cell, measured))
        except ValueError:
            assert measured == cell
        else:
            assert found == pytest.approx(said, rel=0.05, abs=0.011 if "." in cell else 1)


def scores(text: str) -> dict[int, tuple[float, ...]]:
    """Return the figures by threshold: precision, recall, F1 by area; precision, recall by part."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE)
    return {int(threshold): tuple(map(float, cells.split(" | "))) for threshold, cells in rows}


@pytest.mark.thorough(but=["choose-seeds0"])
@pytest.mark.parametrize(("name", "seeds"), [("choose", [0]), ("judge", [10])])
def test_a_seed_comes_near_the_documented_figures(name: str, seeds: list[int]) -> None:
    found, stated = simulate_redraws.pooled(seeds), scores(documented(name))
    assert tuple(stated) == simulate_redraws.THRESHOLDS_M
    for threshold, (precision, recall, _, of_parts, all_parts) in stated.items():
        mine = simulate_redraws.score(found, threshold)
        assert (mine.area_precision, mine.area_recall) == pytest.approx((precision, recall), abs=0.08)
        assert (mine.part_precision, mine.part_recall) == pytest.approx((of_parts, all_parts), abs=0.01)


def test_the_chosen_threshold_is_the_best_of_the_first_seeds() -> None:
    stated = scores(documented("choose"))
    best = max(stated, key=lambda threshold: stated[threshold][2])
    assert f"The highest F1 by area is that of {best} m." in documented("choose")
    assert f"F1 by area of the chosen {best} m is {scores(documented('judge'))[best][2]:.3f}" in documented("judge")


def test_the_default_is_what_the_protocol_says() -> None:
    assert f": the default is {SLIVER_WIDTH_M:g} m." in documented("judge")


def test_the_method_has_rows_of_the_same_table() -> None:
    text = simulate_redraws.METHOD.read_text(encoding="utf-8")
    table = text.partition("<!-- judge")[2].partition("<!-- end of judge")[0]
    stated = scores(documented("judge"))
    assert scores(table) == {threshold: stated[threshold] for threshold in (50, 100, 200, 300)}


def test_a_seed_gives_the_same_parts_and_all_of_each_is_accounted_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate_redraws, "PAIRS", 40)
    one, again = (simulate_redraws.simulate(0, stream=[1]) for _ in range(2))
    assert one.width_m.tolist() == again.width_m.tolist()
    assert (one.moved_km2 >= 0).all()
    assert (one.redrawn_km2 > -1e-9).all()
    assert one.moved_km2.sum() > 200


def test_a_line_that_is_copied_leaves_movement_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate_redraws, "PAIRS", 40)
    copied = replace(simulated_fronts.WEEKLY, jitter_m=(0.0, 0.0), lacking=(0.0,) * 8, anew_per_100_km=0.0)
    found = simulate_redraws.simulate(0, noise=copied, stream=[1])
    assert found.redrawn_km2.sum() == pytest.approx(0, abs=1e-6)


def test_depth_and_length_are_the_sides_of_a_rectangle() -> None:
    assert real_advances.sides_m(np.array([RECTANGLE])) == pytest.approx(np.array([[200.0, 3_000.0]]))
    disc = shapely.Point(0, 0).buffer(100)
    assert real_advances.sides_m(np.array([disc])) == pytest.approx(np.full((1, 2), disc.area**0.5))


def test_an_edit_is_all_that_touches_and_is_one_sided_where_it_goes_one_way() -> None:
    before = MultiPolygon([box(0, -10_000, 20_000, 0)])
    pushed = MultiPolygon([box(0, -10_000, 20_000, 0).union(RECTANGLE)])
    (advance,) = real_advances.edits(before, pushed)
    assert (advance.gains, advance.one_sided, len(advance.gained), len(advance.lost)) == (True, True, 1, 0)
    swung = pushed.difference(box(3_000, -200, 6_000, 0))
    (redraw,) = real_advances.edits(before, shapely.multipolygons([swung]))
    assert (redraw.one_sided, len(redraw.gained), len(redraw.lost)) == (False, 1, 1)
    apart = pushed.difference(box(9_000, -200, 12_000, 0))
    assert len(list(real_advances.edits(before, shapely.multipolygons([apart])))) == 2
