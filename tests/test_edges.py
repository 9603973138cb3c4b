"""Differences by the edges that differ, against those of whole maps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import figures_km2, opened_step, plain_figures_km2
from test_laws import KM2, maps, partitions

import frontcalc
from frontcalc import change, edges, geometry, regions
from frontcalc.archives import open_archive
from frontcalc.run.chain import ground_of
from frontcalc.snapshots import holding, read_snapshot
from frontcalc.views import VIEWS


def boxes(*sides: tuple[float, float, float, float]) -> shapely.MultiPolygon:
    """Return boxes given in km as one multipolygon."""
    return shapely.MultiPolygon([shapely.box(*(1000.0 * side for side in box)) for box in sides])


# A row of ten islands that stay, so that few edges differ.
STAYING = [(100.0 * n, 200.0, 100.0 * n + 10, 210.0) for n in range(10)]


def found(before: shapely.MultiPolygon, after: shapely.MultiPolygon) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Return what was gained and lost as whole geometries, which must have been found."""
    ground = edges.difference(before, after)
    assert ground is not None
    return shapely.union_all(ground[0]), shapely.union_all(ground[1])


def test_a_square_that_moves_by_half_is_gained_on_one_side_and_lost_on_the_other() -> None:
    gained, lost = found(boxes(*STAYING, (0, 0, 10, 10)), boxes(*STAYING, (5, 0, 15, 10)))
    assert gained.equals(shapely.box(10_000, 0, 15_000, 10_000))
    assert lost.equals(shapely.box(0, 0, 5_000, 10_000))


def test_a_hole_that_opens_is_lost_and_an_island_in_it_stays() -> None:
    whole = boxes(*STAYING, (0, 0, 30, 30))
    ring = shapely.MultiPolygon([*shapely.get_parts(whole - boxes((5, 5, 25, 25))), shapely.box(1e4, 1e4, 2e4, 2e4)])
    gained, lost = found(whole, ring)
    assert gained.is_empty
    assert lost.equals(boxes((5, 5, 25, 25)) - boxes((10, 10, 20, 20)))
    assert found(ring, whole)[0].equals(lost)


def test_rings_may_run_either_way_and_start_anywhere() -> None:
    before = boxes(*STAYING, (0, 0, 10, 10))
    after = shapely.reverse(shapely.normalize(boxes(*STAYING, (0, 0, 10, 10), (-10, -10, 0, 0))))
    gained, lost = found(before, after)
    assert gained.equals(shapely.box(-10_000, -10_000, 0, 0))
    assert lost.is_empty


def test_minus_zero_is_the_same_place_as_zero() -> None:
    before = boxes(*STAYING)
    after = shapely.transform(before, lambda points: np.where(points == 0, -0.0, points))
    old, new = edges.differing(edges.directed_edges(before), edges.directed_edges(after))
    assert len(old) == len(new) == 0


def test_edges_that_run_the_other_way_or_that_one_map_has_twice_are_not_shared() -> None:
    east, west = [0.0, 0, 1, 0], [1.0, 0, 0, 0]
    old, new = edges.differing(np.array([east, east, west]), np.array([east, [0.0, 0, 2, 0]]))
    assert sorted(old.tolist()) == [east, west]
    assert new.tolist() == [[0, 0, 2, 0]]


def test_edges_that_are_mixed_to_the_same_number_are_not_taken_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geometry, "_MIXERS", np.zeros(4, dtype=np.uint64))
    old, new = edges.differing(np.array([[0.0, 0, 1, 0], [1, 0, 1, 1]]), np.array([[0.0, 0, 2, 0], [1, 0, 1, 1]]))
    assert [0, 0, 1, 0] in old.tolist()
    assert [0, 0, 2, 0] in new.tolist()
    # What is left in of edges that both have is left in of both.
    assert len(old) == len(new)


def test_the_same_map_has_no_difference_and_neither_have_two_empty_ones() -> None:
    staying = boxes(*STAYING)
    for ground in (staying, staying, shapely.MultiPolygon()):  # of the second the edges are known
        gained, lost = found(ground, ground)
        assert gained.is_empty
        assert lost.is_empty


def test_maps_that_share_few_edges_are_left_to_the_plain_way() -> None:
    assert edges.difference(boxes((0, 0, 10, 10)), boxes((1, 1, 11, 11))) is None


def test_ground_counted_twice_is_left_to_the_plain_way() -> None:
    """An invalid map: its winding number is 2 where two of its polygons overlap."""
    assert edges.difference(boxes(*STAYING), boxes(*STAYING, (0, 0, 10, 10), (5, 5, 15, 15))) is None


def test_faces_that_miss_the_change_of_the_total_are_left_to_the_plain_way(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = boxes(*STAYING), boxes(*STAYING, (0, 0, 10, 10), (20, 0, 30, 10))
    assert edges.difference(before, after) is not None
    get_parts = shapely.get_parts
    monkeypatch.setattr(shapely, "get_parts", lambda parts: get_parts(parts)[:1])
    assert edges.difference(before, after) is None


NOTHING = np.empty((0, 4))
TRIANGLE = [[0.0, 0, 1, 0], [1, 0, 1, 1], [1, 1, 0, 0]]


def test_a_loose_line_bounds_nothing_and_is_left_to_the_plain_way() -> None:
    assert edges.proven(NOTHING, np.array(TRIANGLE), 0.5) is not None
    assert edges.proven(NOTHING, np.array([*TRIANGLE, [1.0, 1, 2, 2]]), 0.5) is None


def test_a_vertex_on_an_edge_of_the_other_map_changes_nothing() -> None:
    """One map has a side in one piece and the other in two, as where a publisher adds a vertex."""
    before = boxes(*STAYING, (0, 0, 10, 10))
    parted = shapely.Polygon([(0, 0), (3e3, 0), (1e4, 0), (2e4, 0), (2e4, 1e4), (0, 1e4)])
    gained, lost = found(before, shapely.MultiPolygon([*[*before.geoms][:-1], parted]))
    assert gained.equals(shapely.box(10_000, 0, 20_000, 10_000))
    assert lost.is_empty


def test_edges_are_cut_where_others_begin_on_them() -> None:
    """A third of a slanted edge is no number: the vertex lies beside it by its last digits."""
    slanted, third, half = [1e6, 0.0, 1e6 + 1e3, 1e3], 1e6 + 1e3 / 3, 1e6 + 5e2
    others = [[half, 5e2, 0, 0], [third, 1e3 / 3, 0, 0], [third, 1e3 / 3, 0, 1], [third, 1e3 / 3 + 1e-6, 5, 5]]
    pieces, of = edges.cut_at_vertices(np.array([slanted, *others, slanted]))
    cut = [[1e6, 0, third, 1e3 / 3], [third, 1e3 / 3, half, 5e2], [half, 5e2, 1e6 + 1e3, 1e3]]
    assert pieces.tolist() == [*cut, *others, *cut]
    assert of.tolist() == [0, 0, 0, 1, 2, 3, 4, 5, 5, 5]


def test_edges_of_which_many_begin_in_the_boxes_of_many_are_left_to_the_plain_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, after = boxes(*STAYING), boxes(*STAYING, (0, 0, 10, 10))
    assert edges.difference(before, after) is not None
    monkeypatch.setattr(edges, "_FEW", 0)
    assert edges.difference(before, after) is not None
    monkeypatch.setattr(edges, "_CELLS", 7)  # of the 8 pairs of 4 edges
    assert edges.difference(before, after) is None


def test_vertices_that_differ_in_their_last_digits_are_the_same_edges(archive: Callable[..., Path]) -> None:
    """A publisher who writes a map anew may change what no map can show: here a thousandth of a millimetre."""
    drawn = shapely.box(30.123456789, 40, 30.2, 40.1)
    shaken = shapely.transform(drawn, lambda points: points * (1 + 1e-15))
    assert not drawn.equals_exact(shaken)
    folder = archive({"2024-01-01": {"control_map": [drawn]}, "2024-01-02": {"control_map": [shaken]}})
    before, after = (
        ground_of(holding(read_snapshot(ref), "Russia", VIEWS["assessed"], "EPSG:6933"))
        for ref in open_archive(folder).refs
    )
    old, new = edges.differing(edges.directed_edges(before), edges.directed_edges(after))
    assert len(old) == len(new) == 0


def test_rings_wind_around_what_they_enclose_and_nothing_else() -> None:
    """On slanted edges, close to either side of them."""
    ground = shapely.Polygon([(0, 0), (10, 1), (9, 30), (4, 2)], [[(6, 4), (8, 4), (8.5, 12)]])
    points = np.array([(x / 7 + 0.013, y / 3 + 0.017) for x in range(-3, 80) for y in range(-3, 95)])
    turns = edges.winding_numbers(points, edges.directed_edges(ground))
    assert turns.tolist() == shapely.contains_xy(ground, points).astype(int).tolist()


def test_points_are_counted_in_blocks_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = edges.directed_edges(boxes((0, 0, 10, 10), (20, 0, 30, 10)))
    points = np.array([[5_000.0, 5_000.0], [15_000, 5_000], [25_000, 5_000], [5_000, 15_000]])
    assert edges.winding_numbers(points, ring).tolist() == [1, 0, 1, 0]
    monkeypatch.setattr(edges, "_CELLS", 1)
    assert edges.winding_numbers(points, ring).tolist() == [1, 0, 1, 0]


@settings(max_examples=60)
@given(maps(), maps(), maps(), st.sampled_from([0, 1_000]))
def test_whatever_is_found_is_what_whole_maps_give(common: Any, old: Any, new: Any, few: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edges, "MOST_DIFFERING", 1.0)
        patch.setattr(edges, "_FEW", few)
        before, after = (geometry.as_multipolygon(shapely.union(common, ground)) for ground in (old, new))
        ground = edges.difference(before, after)
    if ground is None:
        return
    # Not GEOS's overlay itself, which makes 1.5 km² out of nothing on maps that Hypothesis found here.
    for mine, plain in zip(ground, change.differences(before, after, whole=True), strict=True):
        assert geometry.area_km2(mine).sum() == pytest.approx(plain.area / 1e6, abs=KM2)
        assert shapely.symmetric_difference(shapely.union_all(mine), plain).area / 1e6 == pytest.approx(0, abs=KM2)


@settings(max_examples=30)
@given(maps(), maps(), partitions())
def test_areas_known_from_the_step_before_change_nothing(before: Any, after: Any, split: Any) -> None:
    """What is held at the close follows from the opening, or is measured by itself."""
    chained = opened_step(before, after, split)
    np.testing.assert_allclose(chained.km2[change.CLOSING], change.areas(after, split), atol=KM2)


@pytest.mark.thorough(but=["deepstate-daily"])
@pytest.mark.shared
@pytest.mark.parametrize("name", ["deepstate-daily", "nzz-daily", "isw-raw-daily", "isw-weekly"])
def test_a_sample_of_real_pairs_is_what_overlays_of_whole_maps_give(shared: Path, name: str) -> None:
    """Every pair is a manual target, `make engines`: docs/performance.md has its result."""
    refs = open_archive(shared / "archives" / name).refs
    count = 1 if name == "isw-raw-daily" else 3
    drawn = regions.read_regions(shared / "regions" / "ukraine-oblasts.geojson", target_crs="EPSG:6933")
    split = regions.partition_for(drawn, "RU", snap="border", plane="EPSG:6933")
    for index in np.random.default_rng(8).choice(len(refs) - 1, size=count, replace=False).tolist():
        pair = refs[index : index + 2]
        ground = [ground_of(holding(read_snapshot(ref), "Russia", VIEWS["assessed"], "EPSG:6933")) for ref in pair]
        measured = figures_km2(opened_step(*ground, split))
        np.testing.assert_allclose(measured, plain_figures_km2(*ground, split), atol=KM2)


@pytest.mark.shared
def test_most_pairs_of_daily_maps_are_found_by_their_edges(shared: Path) -> None:
    refs = open_archive(shared / "archives" / "deepstate-daily").refs[:6]
    ground = [ground_of(holding(read_snapshot(ref), "Russia", VIEWS["assessed"], "EPSG:6933")) for ref in refs]
    assert all(edges.difference(before, after) is not None for before, after in pairwise(ground))


@pytest.mark.thorough(but=["deepstate-daily"])
@pytest.mark.shared
@pytest.mark.parametrize("name", ["deepstate-daily", "isw-weekly"])
def test_a_series_holds_what_each_map_holds_measured_afresh(shared: Path, name: str) -> None:
    maps = shared / "archives" / name
    days = [str(day) for day in open_archive(maps).days[:12]]
    chained = frontcalc.series(archive=maps, until=days[-1]).rows
    afresh = frontcalc.held(days, archive=maps).rows
    assert [(row.date, row.region) for row in chained] == [(row.date, row.region) for row in afresh]
    assert [row.held_km2 for row in chained] == pytest.approx([row.held_km2 for row in afresh], abs=KM2)


def test_maps_one_after_the_other_are_compared_as_each_two_alone() -> None:
    first, second, third = (boxes(*STAYING[:count]) for count in (9, 7, 8))
    moved = [found(*pair) for pair in ((first, second), (second, third), (first, third))]
    assert [(came.area / 1e6, went.area / 1e6) for came, went in moved] == [(0, 200), (100, 0), (0, 100)]
