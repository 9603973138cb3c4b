"""What a step measures, figure by figure, on squares of 10 km that two regions cut in known shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from conftest import with_zones
from hypothesis import given
from hypothesis import strategies as st
from oracle import figures_km2, plain_figures_km2

from frontcalc import change, edges, geometry, regions
from frontcalc.change import CONTRADICTION_KM2, DRIFT_KM2, Held, ground
from frontcalc.errors import FrontcalcError
from frontcalc.slivers import SliverRule

KM = 1_000.0
RULE = SliverRule(100, "EPSG:6933")


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(west * KM, south * KM, east * KM, north * KM)


def ground_of(*shapes: shapely.Polygon) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(list(shapes))


def boxes(*shapes: shapely.Polygon) -> np.ndarray:
    return np.array(shapes, dtype=object)


WEST, EAST = box(0, 0, 10, 10), box(10, 0, 20, 10)
DRAWN = regions.RegionSet("adm1", ("West", "East"), boxes(WEST, EAST), np.arange(2), boxes(WEST, EAST))
# 2 km north of either region are snapped to it; beyond that no region takes anything.
SNAPPED = with_zones(DRAWN, boxes(box(0, 10, 10, 12), box(10, 10, 20, 12)), np.arange(2), boxes(box(-90, 12, 90, 90)))

# West is left by half of it, East entered by as much; 2 × 1 km beyond the regions come, 1 × 1 km of it snapped.
BEFORE = ground_of(box(0, 0, 10, 5))
AFTER = ground_of(box(5, 0, 15, 5), box(10, 11, 11, 13))
GAINED, LOST = [0, 25 + 1, 1, 27], [25, 0, 0, 25]


def test_a_step_by_region_unassigned_and_total() -> None:
    measured = change.step(BEFORE, AFTER, SNAPPED)
    assert measured.gained_km2 == pytest.approx(GAINED)
    assert measured.lost_km2 == pytest.approx(LOST)
    assert measured.net_km2 == pytest.approx([-25, 26, 1, 2])
    assert measured.opening_km2 == pytest.approx([50, 0, 0, 50])
    assert measured.closing_km2 == pytest.approx([25, 26, 1, 52])
    assert measured.closing.km2 == pytest.approx([25, 26, 1, 52])
    assert figures_km2(measured) == pytest.approx(plain_figures_km2(BEFORE, AFTER, SNAPPED), abs=1e-9)


def test_what_was_snapped_follows_from_opening_gained_and_lost() -> None:
    there = change.step(BEFORE, AFTER, SNAPPED)
    assert there.opening_snapped_km2 == pytest.approx([0, 0, 0, 0])
    assert there.snapped_km2 == pytest.approx([0, 1, 0, 1])
    assert there.closing_snapped_km2 == pytest.approx([0, 1, 0, 1])
    assert there.closing.snapped_km2 == pytest.approx([0, 1, 0, 1])
    back = change.step(AFTER, BEFORE, SNAPPED)
    assert back.opening_snapped_km2 == pytest.approx([0, 1, 0, 1])
    assert back.snapped_km2 == pytest.approx([0, 1, 0, 1])
    assert back.closing_snapped_km2 == pytest.approx([0, 0, 0, 0])
    inverted = there.inverted()
    for name in ("opening_km2", "closing_km2", "gained_km2", "lost_km2", "opening_snapped_km2", "closing_snapped_km2"):
        assert getattr(inverted, name) == pytest.approx(getattr(back, name)), name


def test_both_gained_and_lost_ground_count_as_snapped() -> None:
    moved = change.step(ground_of(box(0, 10, 3, 12)), ground_of(box(10, 10, 12, 12)), SNAPPED)
    assert moved.snapped_km2 == pytest.approx([6, 4, 0, 10])
    assert moved.opening_snapped_km2 == pytest.approx([6, 0, 0, 6])
    assert moved.closing_snapped_km2 == pytest.approx([0, 4, 0, 4])


def test_figures_without_the_ground_are_those_of_the_change() -> None:
    measured = change.step(BEFORE, AFTER, SNAPPED, slivers=RULE)
    moved = measured.moved
    assert moved.gained.km2.tolist() == measured.gained_km2.tolist()
    assert moved.lost.km2.tolist() == measured.lost_km2.tolist()
    assert moved.gained.snapped_km2.tolist() == measured.gained.snapped_km2.tolist()
    assert moved.gained_slivers.km2.tolist() == measured.gained_sliver_km2.tolist() == [0, 0, 0, 0]
    assert moved.lost_slivers.km2.tolist() == measured.lost_sliver_km2.tolist() == [0, 0, 0, 0]


def test_slivers_are_told_apart_on_either_side_and_can_be_left_out() -> None:
    """A strip of 20 m along West's edge came, one of 10 m along its middle went; a square came in East."""
    before = ground_of(box(0, 0, 10, 5), box(0, 6, 10, 6.01))
    after = ground_of(box(0, 0, 10, 5), box(0, 8, 10, 8.02), box(12, 2, 14, 4))
    measured = change.step(before, after, DRAWN, slivers=RULE)
    assert measured.gained_km2 == pytest.approx([0.2, 4, 0, 4.2])
    assert measured.gained_sliver_km2 == pytest.approx([0.2, 0, 0, 0.2])
    assert measured.lost_km2 == pytest.approx([0.1, 0, 0, 0.1])
    assert measured.lost_sliver_km2 == pytest.approx([0.1, 0, 0, 0.1])
    kept = measured.without_slivers
    assert kept.gained_km2 == pytest.approx([0, 4, 0, 4])
    assert kept.lost_km2 == pytest.approx([0, 0, 0, 0])
    assert kept.opening_km2.tolist() == measured.opening_km2.tolist()
    assert kept.closing_km2.tolist() == measured.closing_km2.tolist()
    plain = change.step(before, after, DRAWN)
    assert plain.gained_sliver_km2.tolist() == [0, 0, 0, 0]
    assert plain.gained.slivers.snapped_km2.tolist() == [0, 0, 0, 0]
    assert plain.without_slivers.gained_km2.tolist() == plain.gained_km2.tolist()


def test_a_sliver_in_snapped_ground_is_snapped_and_told_apart() -> None:
    after = ground_of(box(0, 11, 10, 11.02), box(12, 11, 14, 12))
    gained = change.step(ground_of(), after, SNAPPED, slivers=RULE).gained
    assert gained.slivers.snapped_km2 == pytest.approx([0.2, 0, 0, 0.2])
    assert gained.without_slivers.snapped_km2 == pytest.approx([0, 2, 0, 2])
    assert gained.snapped_km2 == pytest.approx([0.2, 2, 0, 2.2])
    assert gained.split.snapped_km2 == pytest.approx([0.2, 2, 0])
    assert gained.split.km2 == pytest.approx([0.2, 2, 0])
    assert sorted(shapely.area(gained.parts) / 1e6) == pytest.approx([0.2, 2])
    assert gained.split.largest_beside(snapped=True).equals(box(12, 11, 14, 12))


def test_faces_of_one_part_are_told_apart_by_its_width_only_where_ground_comes_as_faces() -> None:
    halves = box(0, 0, 10, 0.06), box(0, 0.06, 10, 0.12)
    (faces,) = change.areas_of([boxes(*halves)], DRAWN, slivers=RULE)
    assert faces.sliver_km2[-1] == 0
    parts = [change.areas(half, DRAWN, slivers=RULE).sliver_km2[-1] for half in halves]
    assert parts == pytest.approx([0.6, 0.6])


def test_several_grounds_at_once_are_measured_each_by_itself() -> None:
    grounds = [box(1, 1, 3, 3), ground_of(), ground_of(box(9, 1, 11, 2), box(30, 1, 31, 2))]
    one, none, two = change.areas_of(grounds, DRAWN)
    assert one.km2 == pytest.approx([4, 0, 0, 4])
    assert none.km2 == pytest.approx([0, 0, 0, 0])
    assert two.km2 == pytest.approx([1, 1, 1, 3])
    for told, plain in zip(change.areas_of(grounds, DRAWN, slivers=RULE), (one, none, two), strict=True):
        assert told.km2 == pytest.approx(plain.km2)
        assert told.sliver_km2 == pytest.approx(np.zeros(4))


def test_the_ground_itself_by_region_and_beside_them() -> None:
    areas = change.areas(ground_of(box(9, 9, 11, 13)), SNAPPED)
    assert areas.km2 == pytest.approx([3, 3, 2, 8])
    assert areas.snapped_km2 == pytest.approx([2, 2, 0, 4])
    west, east, nobody = areas.by_region()
    assert west.equals(box(9, 9, 10, 12))
    assert east.equals(box(10, 9, 11, 12))
    assert nobody.equals(box(9, 12, 11, 13))
    assert areas.split.largest_beside(snapped=False).equals(box(9, 12, 11, 13))
    assert areas.split.largest_beside(snapped=True).equals(box(9, 10, 11, 12))
    assert shapely.area(areas.parts).sum() / 1e6 == pytest.approx(8)


def test_the_largest_part_beside_regions_is_found_in_whichever_part_has_it() -> None:
    """The largest part has 1 km² beside regions, two faces of another have 2 km² together, a third has 1.5 km²."""
    shapes = box(0, 0, 19, 13), box(-2, 0, -1, 1), box(-3, 0, -2, 1), box(30, 0, 31, 1.5)
    lone = with_zones(DRAWN, boxes(box(0, 10, 20, 12.947368421)), np.zeros(1, dtype=int), boxes(box(-90, -90, 0, 90)))
    nobody = replace(lone, nowhere=boxes(box(-90, -90, 0, 90), box(20, -90, 90, 90), box(0, 12.947368421, 20, 90)))
    (areas,) = change.areas_of([boxes(*shapes)], nobody)
    assert areas.km2[-2] == pytest.approx(4.5, abs=1e-6)
    assert areas.split.largest_beside(snapped=False).equals(box(-3, 0, -1, 1))
    assert change.areas(ground_of(WEST), SNAPPED).split.largest_beside(snapped=False).is_empty


def test_a_part_that_has_most_beside_regions_need_not_have_the_largest_there() -> None:
    """Two prongs of a part reach 1 km² each beside the regions, and another part 1.5 km²."""
    fork = shapely.union_all([box(0, 9, 6, 10), box(0, 9, 1, 11), box(5, 9, 6, 11)])
    split = change.areas(ground_of(fork, box(15, 9, 16, 11.5)), SNAPPED).split
    assert sorted(split.beside_m2[:, 1] / 1e6) == pytest.approx([1.5, 2])
    assert split.largest_beside(snapped=True).equals(box(15, 10, 16, 11.5))


cells = st.builds(
    lambda x, y, width: box(x, y, x + width, y + 1), st.integers(0, 16), st.integers(0, 15), st.integers(1, 4)
)


@given(st.lists(cells, min_size=1, max_size=12), st.booleans())
def test_the_largest_part_beside_regions_is_as_large_as_where_all_ground_is_cut(
    shapes: list[shapely.Polygon], snapped: bool
) -> None:
    whole = geometry.union(boxes(*shapes))
    split = change.areas(whole, SNAPPED).split
    ground = SNAPPED.cut(split.parts, beside=True)
    beside = geometry.union(geometry.polygonal(ground.taken) if snapped else ground.unassigned)
    largest = max((part.area for part in beside.geoms), default=0.0)
    assert split.largest_beside(snapped=snapped).area == pytest.approx(largest)


def test_a_second_thread_changes_no_figure() -> None:
    one, two = (change.step(BEFORE, AFTER, SNAPPED, slivers=RULE, threads=threads) for threads in (1, 2))
    assert two.opening_km2.tolist() == one.opening_km2.tolist()
    assert two.closing_km2.tolist() == one.closing_km2.tolist()


def test_parts_of_a_square_millimetre_and_less_are_never_split() -> None:
    at, above = shapely.box(0, 0, 1e-3, 1e-3), shapely.box(0, 0, 1e-3, 2e-3)
    kept = ground._solid(boxes(at, above))
    assert [part.area for part in kept] == [above.area]


@pytest.mark.parametrize(("drift", "fresh"), [(0.5, False), (-0.5, False), (2, True), (-2, True)])
def test_a_known_opening_is_used_until_it_has_drifted(drift: float, fresh: bool) -> None:
    carried = np.array([49, 1, 0, 50 + drift * DRIFT_KM2])
    measured = change.step(BEFORE, AFTER, DRAWN, opening=Held(carried, np.zeros(4)))
    assert measured.opening_km2.tolist() == pytest.approx([50, 0, 0, 50] if fresh else carried, abs=1e-9)


def test_a_known_opening_brings_what_was_snapped() -> None:
    carried = Held(np.array([50.0, 0, 0, 50]), np.array([3.0, 0, 0, 3]))
    measured = change.step(BEFORE, AFTER, SNAPPED, opening=carried)
    assert measured.opening_snapped_km2 == pytest.approx([3, 0, 0, 3])
    assert measured.closing_snapped_km2 == pytest.approx([3, 1, 0, 4])
    assert measured.closing.snapped_km2 == pytest.approx([3, 1, 0, 4])


def test_the_close_follows_from_the_opening_and_must_be_what_was_measured() -> None:
    opening, gained, lost = (Held(np.array(km2), np.array(km2) / 10) for km2 in ([4.0, 3, 7], [2.0, 0, 2], [3.0, 1, 4]))
    for off in (-0.9, 0.9):
        closing = change.close_of(opening, gained, lost, 5 + off * CONTRADICTION_KM2)
        assert closing.km2.tolist() == [3, 2, 5]
        assert closing.snapped_km2 == pytest.approx([0.3, 0.2, 0.5])
    for off in (-1.1, 1.1):
        with pytest.raises(FrontcalcError) as caught:
            change.close_of(opening, gained, lost, 5 + off * CONTRADICTION_KM2)
        assert caught.value.problem == (
            f"the overlay contradicts itself: {5 + off * CONTRADICTION_KM2:.6f} km² at the close, "
            "5.000000 by gained and lost"
        )
        assert caught.value.cure == "please report it with the two maps"


def test_what_is_exactly_at_a_limit_is_within_it(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing, at_drift = np.zeros(4), np.array([0, 0, 0, DRIFT_KM2])
    assert change.close_of(Held(nothing, nothing), *[Held(nothing, nothing)] * 2, CONTRADICTION_KM2).km2[-1] == 0
    carried = change.step(ground_of(), ground_of(), DRAWN, opening=Held(at_drift, nothing))
    assert carried.opening_km2.tolist() == at_drift.tolist()
    counted = regions.Split(np.array([CONTRADICTION_KM2, 0, 0]), np.zeros(3), DRAWN, boxes(), np.zeros((0, 2)))
    monkeypatch.setattr(regions.RegionSet, "split", lambda *groups: (counted,))
    assert change.areas(ground_of(), DRAWN).km2.tolist() == [CONTRADICTION_KM2, 0, 0, 0]


@pytest.mark.parametrize(("off", "refused"), [(0.9, False), (-0.9, False), (1.1, True), (-1.1, True)])
def test_regions_must_add_up_to_the_total(monkeypatch: pytest.MonkeyPatch, off: float, refused: bool) -> None:
    def split(self: regions.RegionSet, *groups: np.ndarray) -> tuple[regions.Split, ...]:
        km2 = np.array([100 + off * CONTRADICTION_KM2, 0, 0])
        return tuple(regions.Split(km2, np.zeros(3), self, parts, np.zeros((len(parts), 2))) for parts in groups)

    monkeypatch.setattr(regions.RegionSet, "split", split)
    if not refused:
        assert change.areas(WEST, DRAWN).km2[-1] == 100
        return
    with pytest.raises(FrontcalcError) as caught:
        change.areas(WEST, DRAWN)
    stated = f"100.000000 km² in all, {100 + off * CONTRADICTION_KM2:.6f} by region"
    assert caught.value.problem == f"the overlay contradicts itself: {stated}"
    assert caught.value.cure == "please report it with the maps and the regions"


def test_where_edges_cannot_tell_whole_maps_are_overlaid_either_way() -> None:
    assert edges.difference(BEFORE, AFTER) is None
    gained, lost = change.differences(BEFORE, AFTER)
    assert gained.area / 1e6 == pytest.approx(27)
    assert lost.area / 1e6 == pytest.approx(25)


def test_a_change_is_a_value_whose_parts_can_be_replaced() -> None:
    measured = change.step(BEFORE, AFTER, DRAWN)
    swapped = replace(measured, gained=measured.lost, lost=measured.gained)
    assert swapped.net_km2.tolist() == (-measured.net_km2).tolist()
