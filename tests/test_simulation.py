"""The simulation behind the threshold of slivers, and the measurements that it rests on: what the docs say of them."""

from __future__ import annotations

import re
from pathlib import Path

import measure_redraws
import numpy as np
import pytest
import shapely
import simulate_redraws
from shapely import MultiPolygon, box

RECTANGLE = box(0, 0, 3_000, 200)


def documented(name: str) -> str:
    """Return what one script wrote to docs/slivers.md."""
    text = simulate_redraws.PAGE.read_text(encoding="utf-8")
    return re.split(rf"<!-- (?:end of )?{name}.*-->\n", text)[1]


def measured() -> list[list[list[float]]]:
    """Return the figures of the two measured tables, line by line."""
    tables = [
        re.findall(r"^\| .+? \| (.*\d.*) \|$", part, re.MULTILINE) for part in documented("measured").split("\n\n")
    ]
    return [
        [[float(cell.replace(",", "")) for cell in row.split(" | ")] for row in rows if "days" not in row]
        for rows in tables
    ]


def test_the_simulation_draws_from_what_was_measured() -> None:
    advances, again = measured()
    for column, movement in enumerate((simulate_redraws.WEEK, simulate_redraws.MONTH)):
        rate, gained, *shape = [row[column] for row in advances[6:]]
        assert (rate, gained) == (movement.per_100_km, movement.gained)
        assert (tuple(shape[:9]), tuple(shape[9:])) == (movement.depths_m, movement.length)
    low, high, least, most, spacing, _, anew, *stretches = [row[0] for row in again[2:]]
    noise = simulate_redraws.WEEKLY
    assert (low, high, spacing, anew) == (*noise.jitter_m, noise.spacing_m, noise.anew_per_100_km)
    assert (least / 100, most / 100) == noise.dropped
    assert (*stretches,) == (*noise.anew_length, *noise.anew_distance, noise.anew_spacing)
    assert measure_redraws.LEVELS == simulate_redraws.LEVELS


@pytest.mark.shared
def test_the_daily_archives_give_the_documented_advances(shared: Path) -> None:
    table = measure_redraws.advance_table(shared / "archives", measure_redraws.inland())
    assert documented("measured").startswith(table)


def scores(text: str) -> dict[int, tuple[float, ...]]:
    """Return the figures by threshold: precision, recall, F1 by area; precision, recall by part."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE)
    return {int(threshold): tuple(map(float, cells.split(" | "))) for threshold, cells in rows}


@pytest.mark.parametrize(("name", "seeds"), [("choose", (0, 1)), ("judge", (10, 11))])
def test_two_seeds_come_near_the_documented_figures(name: str, seeds: tuple[int, int]) -> None:
    found, stated = simulate_redraws.pooled(seeds), scores(documented(name))
    assert tuple(stated) == simulate_redraws.THRESHOLDS_M
    for threshold, (precision, recall, _, of_parts, all_parts) in stated.items():
        mine = simulate_redraws.score(found, threshold)
        assert mine.area_precision == pytest.approx(precision, abs=0.06)
        assert mine.area_recall == pytest.approx(recall, abs=0.06)
        assert (mine.part_precision, mine.part_recall) == pytest.approx((of_parts, all_parts), abs=0.01)


def test_the_chosen_threshold_is_the_best_of_the_first_seeds() -> None:
    stated = scores(documented("choose"))
    best = max(stated, key=lambda threshold: stated[threshold][2])
    assert f"The highest F1 by area is that of {best} m." in documented("choose")
    assert f"F1 by area of the chosen {best} m is {scores(documented('judge'))[best][2]:.3f}" in documented("judge")


def test_the_method_has_rows_of_the_same_table() -> None:
    text = simulate_redraws.METHOD.read_text(encoding="utf-8")
    table = text.partition("<!-- judge")[2].partition("<!-- end of judge")[0]
    stated = scores(documented("judge"))
    assert scores(table) == {threshold: stated[threshold] for threshold in (50, 100, 200, 300)}


def test_a_seed_gives_the_same_parts_and_all_of_each_is_accounted_for() -> None:
    one, again = (simulate_redraws.simulate(0, stream=1) for _ in range(2))
    assert one.width_m.tolist() == again.width_m.tolist()
    assert (one.moved_km2 >= 0).all()
    assert (one.redrawn_km2 > -1e-9).all()
    assert one.moved_km2.sum() > 500


def test_a_line_that_is_copied_leaves_movement_only() -> None:
    copied = simulate_redraws.Noise(1652, (0.0, 0.0), (0.0, 0.0), 0.0, (8.42, 1.18), (5.58, 0.62), 7.38)
    found = simulate_redraws.simulate(0, noise=copied, stream=1)
    assert found.redrawn_km2.sum() == pytest.approx(0, abs=1e-6)


def test_depth_and_length_are_the_sides_of_a_rectangle() -> None:
    assert measure_redraws.sides_m(np.array([RECTANGLE])) == pytest.approx(np.array([[200.0, 3_000.0]]))
    disc = shapely.Point(0, 0).buffer(100)
    assert measure_redraws.sides_m(np.array([disc])) == pytest.approx(np.full((1, 2), disc.area**0.5))


def test_an_edit_is_all_that_touches_and_is_one_sided_where_it_goes_one_way() -> None:
    before = MultiPolygon([box(0, -10_000, 20_000, 0)])
    pushed = MultiPolygon([box(0, -10_000, 20_000, 0).union(RECTANGLE)])
    (advance,) = measure_redraws.edits(before, pushed)
    assert (advance.gains, advance.one_sided, len(advance.gained), len(advance.lost)) == (True, True, 1, 0)
    swung = pushed.difference(box(3_000, -200, 6_000, 0))
    (redraw,) = measure_redraws.edits(before, shapely.multipolygons([swung]))
    assert (redraw.one_sided, len(redraw.gained), len(redraw.lost)) == (False, 1, 1)
    apart = pushed.difference(box(9_000, -200, 12_000, 0))
    assert len(list(measure_redraws.edits(before, shapely.multipolygons([apart])))) == 2
