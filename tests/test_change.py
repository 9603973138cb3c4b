"""What a step measures, figure by figure, on squares of 10 km that two regions cut in known shares."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
import shapely.affinity
from conftest import with_zones
from hypothesis import given
from hypothesis import strategies as st
from oracle import figures_km2, net_km2, opened_step, plain_figures_km2, snapped_km2
from test_laws import maps, polygons

from frontcalc import change, edges, geometry, regions
from frontcalc.cache import Cache
from frontcalc.change import CLOSING, CONTRADICTION_KM2, GAINED, GAINED_SLIVER, LOST, LOST_SLIVER, OPENING
from frontcalc.errors import DataError, FrontcalcError
from frontcalc.run.chain import keep_steps

KM = 1_000.0
RULE = (100, "EPSG:6933")


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(west * KM, south * KM, east * KM, north * KM)


def ground_of(*shapes: shapely.Polygon) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(list(shapes))


def boxes(*shapes: shapely.Polygon) -> np.ndarray:
    return np.array(shapes, dtype=object)


WEST, EAST = box(0, 0, 10, 10), box(10, 0, 20, 10)
DRAWN = regions.RegionSet("adm1", ("West", "East"), boxes(WEST, EAST), np.arange(2), boxes(WEST, EAST), np.arange(2))
# 2 km north of either region are snapped to it; beyond that no region takes anything.
SNAPPED = with_zones(DRAWN, boxes(box(0, 10, 10, 12), box(10, 10, 20, 12)), np.arange(2), boxes(box(-90, 12, 90, 90)))

# West is left by half of it, East entered by as much; 2 × 1 km beyond the regions come, 1 × 1 km of it snapped.
BEFORE = ground_of(box(0, 0, 10, 5))
AFTER = ground_of(box(5, 0, 15, 5), box(10, 11, 11, 13))
CAME, WENT = [0, 25 + 1, 1, 27], [25, 0, 0, 25]


def test_a_step_by_region_unassigned_and_total() -> None:
    measured = opened_step(BEFORE, AFTER, SNAPPED)
    assert measured.gained_km2 == pytest.approx(CAME)
    assert measured.lost_km2 == pytest.approx(WENT)
    assert net_km2(measured) == pytest.approx([-25, 26, 1, 2])
    assert measured.km2[OPENING, 0] == pytest.approx([50, 0, 0, 50])
    assert measured.km2[CLOSING, 0] == pytest.approx([25, 26, 1, 52])
    assert figures_km2(measured) == pytest.approx(plain_figures_km2(BEFORE, AFTER, SNAPPED), abs=1e-9)


def test_what_was_snapped_follows_from_opening_gained_and_lost() -> None:
    there, back = opened_step(BEFORE, AFTER, SNAPPED), opened_step(AFTER, BEFORE, SNAPPED)
    assert there.km2[OPENING, 1] == pytest.approx([0, 0, 0, 0])
    assert snapped_km2(there) == pytest.approx([0, 1, 0, 1])
    assert there.km2[CLOSING, 1] == pytest.approx([0, 1, 0, 1])
    assert back.km2[OPENING, 1] == pytest.approx([0, 1, 0, 1])
    assert snapped_km2(back) == pytest.approx([0, 1, 0, 1])
    assert back.km2[CLOSING, 1] == pytest.approx([0, 0, 0, 0])
    assert there.km2[[CLOSING, OPENING, LOST, GAINED, LOST_SLIVER, GAINED_SLIVER]] == pytest.approx(back.km2)


def test_both_gained_and_lost_ground_count_as_snapped() -> None:
    moved = opened_step(ground_of(box(0, 10, 3, 12)), ground_of(box(10, 10, 12, 12)), SNAPPED)
    assert snapped_km2(moved) == pytest.approx([6, 4, 0, 10])
    assert moved.km2[OPENING, 1] == pytest.approx([6, 0, 0, 6])
    assert moved.km2[CLOSING, 1] == pytest.approx([0, 4, 0, 4])
    assert moved.rows([(3,)])[0]["snapped_km2"] == pytest.approx(10)


def test_a_row_sums_what_it_is_of() -> None:
    both = opened_step(BEFORE, AFTER, SNAPPED, slivers=RULE).rows([(0, 1)])[0]
    figures = {"opening": 50, "closing": 51, "gained": 26, "lost": 25, "net": 1, "snapped": 1}
    slivers = {"gained_sliver": 0, "lost_sliver": 0}
    assert both == pytest.approx({f"{name}_km2": km2 for name, km2 in (figures | slivers).items()})
    assert opened_step(BEFORE, AFTER, SNAPPED).rows([(3,)])[0]["gained_km2"] == pytest.approx(27)


def test_slivers_are_told_apart_on_either_side_and_can_be_left_out() -> None:
    """A strip of 20 m along West's edge came, one of 10 m along its middle went; a square came in East."""
    before = ground_of(box(0, 0, 10, 5), box(0, 6, 10, 6.01))
    after = ground_of(box(0, 0, 10, 5), box(0, 8, 10, 8.02), box(12, 2, 14, 4))
    measured = opened_step(before, after, DRAWN, slivers=RULE)
    assert measured.gained_km2 == pytest.approx([0.2, 4, 0, 4.2])
    assert measured.km2[GAINED_SLIVER, 0] == pytest.approx([0.2, 0, 0, 0.2])
    assert measured.lost_km2 == pytest.approx([0.1, 0, 0, 0.1])
    assert measured.km2[LOST_SLIVER, 0] == pytest.approx([0.1, 0, 0, 0.1])
    kept = measured.without_slivers
    assert kept.gained_km2 == pytest.approx([0, 4, 0, 4], abs=1e-9)
    assert kept.lost_km2 == pytest.approx([0, 0, 0, 0], abs=1e-9)
    assert kept.km2[OPENING, 0].tolist() == measured.km2[OPENING, 0].tolist()
    assert kept.km2[CLOSING, 0].tolist() == measured.km2[CLOSING, 0].tolist()
    assert [part.area / 1e6 for one in kept.ground or () for part in one.polygons] == pytest.approx([4])
    plain = opened_step(before, after, DRAWN)
    assert not plain.km2[[GAINED_SLIVER, LOST_SLIVER]].any()
    assert plain.without_slivers.gained_km2.tolist() == plain.gained_km2.tolist()


def test_a_sliver_in_snapped_ground_is_snapped_and_told_apart() -> None:
    after = ground_of(box(0, 11, 10, 11.02), box(12, 11, 14, 12))
    measured = change.step(ground_of(), after, SNAPPED, slivers=RULE)
    assert measured.km2[GAINED_SLIVER, 1] == pytest.approx([0.2, 0, 0, 0.2])
    assert measured.without_slivers.km2[GAINED, 1] == pytest.approx([0, 2, 0, 2], abs=1e-9)
    assert measured.km2[GAINED, 1] == pytest.approx([0.2, 2, 0, 2.2])
    assert measured.ground is not None
    gained = measured.ground[0]
    assert sorted(shapely.area(gained.polygons) / 1e6) == pytest.approx([0.2, 2])
    assert gained.thin.tolist() == [False, True]
    largest = change.largest_beside(gained.polygons, gained.beside_m2, SNAPPED, snapped=True)
    assert largest.equals(box(12, 11, 14, 12))


def test_several_grounds_at_once_are_measured_each_by_itself() -> None:
    grounds = [box(1, 1, 3, 3), ground_of(), ground_of(box(9, 1, 11, 2), box(30, 1, 31, 2))]
    one, none, two = (km2 for (km2, _), *_ in change.measured([geometry.polygonal(one) for one in grounds], DRAWN))
    assert one == pytest.approx([4, 0, 0, 4])
    assert none == pytest.approx([0, 0, 0, 0])
    assert two == pytest.approx([1, 1, 1, 3])


def beside(ground: change.Ground, split: regions.RegionSet, *, snapped: bool) -> shapely.Polygon:
    """Return the largest part of some ground beside regions."""
    parts = geometry.polygonal(ground)
    ((_, solid, beside_m2),) = change.measured([parts], split)
    return change.largest_beside(solid, beside_m2, split, snapped=snapped)


def test_the_ground_itself_by_region_and_beside_them() -> None:
    ground = ground_of(box(9, 9, 11, 13))
    km2, snapped_km2 = change.areas(ground, SNAPPED)
    assert km2 == pytest.approx([3, 3, 2, 8])
    assert snapped_km2 == pytest.approx([2, 2, 0, 4])
    west, east, nobody = change.by_region(geometry.polygonal(ground), SNAPPED)
    assert west.equals(box(9, 9, 10, 12))
    assert east.equals(box(10, 9, 11, 12))
    assert nobody.equals(box(9, 12, 11, 13))
    assert beside(ground, SNAPPED, snapped=False).equals(box(9, 12, 11, 13))
    assert beside(ground, SNAPPED, snapped=True).equals(box(9, 10, 11, 12))


def test_the_largest_part_beside_regions_is_found_in_whichever_part_has_it() -> None:
    """The largest part has 1 km² beside regions, two faces of another have 2 km² together, a third has 1.5 km²."""
    shapes = box(0, 0, 19, 13), box(-2, 0, -1, 1), box(-3, 0, -2, 1), box(30, 0, 31, 1.5)
    lone = with_zones(DRAWN, boxes(box(0, 10, 20, 12.947368421)), np.zeros(1, dtype=int), boxes(box(-90, -90, 0, 90)))
    nobody = replace(lone, uncovered=boxes(box(-90, -90, 0, 90), box(20, -90, 90, 90), box(0, 12.947368421, 20, 90)))
    assert change.areas(boxes(*shapes), nobody)[0, -2] == pytest.approx(4.5, abs=1e-6)
    assert beside(boxes(*shapes), nobody, snapped=False).equals(box(-3, 0, -1, 1))
    assert beside(ground_of(WEST), SNAPPED, snapped=False).is_empty


def test_a_part_that_has_most_beside_regions_need_not_have_the_largest_there() -> None:
    """Two prongs of a part reach 1 km² each beside the regions, and another part 1.5 km²."""
    fork = shapely.union_all([box(0, 9, 6, 10), box(0, 9, 1, 11), box(5, 9, 6, 11)])
    ground = ground_of(fork, box(15, 9, 16, 11.5))
    ((_, _, beside_m2),) = change.measured([geometry.polygonal(ground)], SNAPPED)
    assert sorted(beside_m2[:, 1] / 1e6) == pytest.approx([1.5, 2])
    assert beside(ground, SNAPPED, snapped=True).equals(box(15, 10, 16, 11.5))


cells = st.builds(
    lambda x, y, width: box(x, y, x + width, y + 1), st.integers(0, 16), st.integers(0, 15), st.integers(1, 4)
)


@given(st.lists(cells, min_size=1, max_size=12), st.booleans())
def test_the_largest_part_beside_regions_is_as_large_as_where_all_ground_is_cut(
    shapes: list[shapely.Polygon], snapped: bool
) -> None:
    whole = geometry.union(boxes(*shapes))
    unassigned, taken, _ = SNAPPED.cut(geometry.polygonal(whole), beside=True)
    there = geometry.union(geometry.polygonal(taken) if snapped else unassigned)
    largest = max((part.area for part in there.geoms), default=0.0)
    assert beside(whole, SNAPPED, snapped=snapped).area == pytest.approx(largest)


def test_parts_of_a_square_millimetre_and_less_are_never_split() -> None:
    at, above = shapely.box(0, 0, 1e-3, 1e-3), shapely.box(0, 0, 1e-3, 2e-3)
    ((_, kept, _),) = change.measured([boxes(at, above)], DRAWN)
    assert [part.area for part in kept] == [above.area]


def test_a_known_opening_brings_what_was_snapped() -> None:
    opening = np.array([[50.0, 0, 0, 50], [3.0, 0, 0, 3]])
    measured = change.step(BEFORE, AFTER, SNAPPED).opened(opening)
    assert measured.km2[OPENING].tolist() == opening.tolist()
    assert measured.km2[CLOSING, 1] == pytest.approx([3, 1, 0, 4])


@pytest.mark.parametrize(("off", "refused"), [(0.9, False), (-0.9, False), (1.1, True), (-1.1, True)])
def test_the_close_follows_from_the_opening_and_must_be_what_was_measured(off: float, refused: bool) -> None:
    opening, nothing = np.array([[50.0, 0, 0, 50], [0.0, 0, 0, 0]]), np.zeros((2, 4))
    opening[0, [0, -1]] += off * CONTRADICTION_KM2
    measured = change.step(BEFORE, AFTER, SNAPPED)
    if not refused:
        assert measured.opened(opening).km2[CLOSING, 0] == pytest.approx([25, 26, 1, 52], abs=0.001)
        return
    with pytest.raises(FrontcalcError) as caught:
        measured.opened(opening)
    stated = f"52.000000 km² at the close, {52 + off * CONTRADICTION_KM2:.6f} by gained and lost"
    assert caught.value.problem == f"the overlay contradicts itself: {stated}"
    assert caught.value.cure == "please report it with the two maps"
    assert change.step(ground_of(), ground_of(), DRAWN).opened(nothing).km2[CLOSING, 0].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("wide_m", "refused"), [(0.09, False), (0.11, True)])
def test_gained_less_lost_must_be_what_the_maps_differ_by(
    monkeypatch: pytest.MonkeyPatch, wide_m: float, refused: bool
) -> None:
    """A strip of 10 km by so many metres, 0.9 or 1.1 thousandths of a km², is lost on the way."""
    strip = ground_of(shapely.box(0, 0, 10 * KM, wide_m))
    monkeypatch.setattr("frontcalc.change.differences", lambda *_: (ground_of(), ground_of()))
    if not refused:
        assert change.step(ground_of(), strip, DRAWN).gained_km2[-1] == 0
        return
    stated = r"itself: 0\.001100 km² more is held, 0\.000000 by gained and lost; please report it with the two maps$"
    with pytest.raises(FrontcalcError, match=stated):
        change.step(ground_of(), strip, DRAWN)


@pytest.mark.parametrize(("off", "refused"), [(0.9, False), (-0.9, False), (1.1, True), (-1.1, True)])
def test_regions_must_add_up_to_the_total(monkeypatch: pytest.MonkeyPatch, off: float, refused: bool) -> None:
    def split(self: regions.RegionSet, *groups: np.ndarray) -> list[tuple[np.ndarray, ...]]:
        km2 = np.array([100 + off * CONTRADICTION_KM2, 0, 0])
        return [(km2, np.zeros(3), np.zeros((len(parts), 2))) for parts in groups]

    monkeypatch.setattr(regions.RegionSet, "split", split)
    if not refused:
        assert change.areas(WEST, DRAWN)[0, -1] == 100
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


def test_ground_that_came_beside_ground_that_went_is_told_apart_though_an_overlay_melts_both() -> None:
    """Twice, so that the area of one error makes up for the other's: a strip that came is the smaller, then the larger.

    Two moves of 4 and 1 km², melted: taken as gained and lost whole, 5 and 5 change the total by nothing, as they do.
    """
    before = ground_of(box(4, 0, 5, 1), box(20, 0, 24, 1))
    after = ground_of(box(0, 0, 4, 1), box(24, 0, 25, 1))
    melted = geometry.polygonal(shapely.symmetric_difference(before, after))
    assert shapely.area(melted).tolist() == [5e6, 5e6]
    gained, lost = change.differences(before, after)
    assert gained.equals(after)
    assert lost.equals(before)


def test_maps_drawn_anew_are_overlaid_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(shapely, "difference")
    gained, lost = change.differences(BEFORE, AFTER)
    assert (gained.area / 1e6, lost.area / 1e6) == pytest.approx((27, 25))


@given(maps(), maps())
def test_what_one_overlay_finds_is_what_two_find(before: shapely.MultiPolygon, after: shapely.MultiPolygon) -> None:
    for mine, plain in zip(
        change.differences(before, after), change.differences(before, after, whole=True), strict=True
    ):
        assert shapely.area(mine).sum() == pytest.approx(shapely.area(plain).sum(), abs=1)
        assert shapely.symmetric_difference(shapely.union_all(mine), plain).area == pytest.approx(0, abs=1)


# The same with all the rest of the plane in no region.
GAPLESS = replace(SNAPPED, uncovered=None)


@given(st.lists(polygons(), min_size=1, max_size=6))
def test_what_lies_in_one_region_is_split_as_an_overlay_splits_it(drawn: list[shapely.Polygon]) -> None:
    """Most parts lie in one region as drawn, in what is snapped to it, or across both; and some in several."""
    parts = geometry.polygonal(shapely.affinity.scale(shapely.union_all(drawn), 0.3, 0.3, origin=(0, 0)))
    ((km2, snapped_km2, beside_m2),) = GAPLESS.split(parts)
    assert GAPLESS.snapped is not None
    shared = shapely.area(shapely.intersection(parts[:, None], GAPLESS.pieces)) / 1e6
    nowhere = shapely.area(shapely.difference(parts, shapely.union_all(GAPLESS.pieces))) / 1e6
    zone, owner = GAPLESS.snapped, GAPLESS.owner
    assert km2 == pytest.approx([shared[:, owner == 0].sum(), shared[:, owner == 1].sum(), nowhere.sum()], abs=1e-6)
    snapped = [shared[:, zone & (owner == region)].sum() for region in range(2)]
    assert snapped_km2 == pytest.approx([*snapped, 0], abs=1e-6)
    assert beside_m2 / 1e6 == pytest.approx(np.column_stack([nowhere, shared[:, zone].sum(axis=1)]), abs=1e-6)


def test_ground_in_a_gap_between_regions_is_given_to_none_of_them() -> None:
    """Only pieces that fill the plane tell that what meets one region alone lies in it."""
    inside = ground_of(box(1, -1, 2, 1))
    assert change.areas(inside, GAPLESS)[0] == pytest.approx([1, 0, 1, 2])
    with pytest.raises(FrontcalcError, match="contradicts itself"):
        change.areas(inside, SNAPPED)


def test_steps_add_up_to_gross_figures_from_the_first_map_to_the_last() -> None:
    there, back = opened_step(BEFORE, AFTER, SNAPPED), opened_step(AFTER, BEFORE, SNAPPED)
    gross = change.total([there, back])
    assert gross.gained_km2 == pytest.approx(np.array(CAME) + WENT)
    assert gross.lost_km2 == pytest.approx(np.array(CAME) + WENT)
    assert gross.km2[OPENING, 0].tolist() == there.km2[OPENING, 0].tolist()
    assert gross.km2[CLOSING, 0].tolist() == back.km2[CLOSING, 0].tolist()
    assert (gross.ground, [len(parts) for parts in gross.large]) == (None, [0, 0])


def moved(before: shapely.MultiPolygon, after: shapely.MultiPolygon) -> change.Moved:
    return (*change.differences(before, after), before.area / 1e6, after.area / 1e6)


def bytes_of(step: change.Change) -> list[object]:
    grounds = [(*map(np.ndarray.tobytes, (one.beside_m2, one.thin)), *one.polygons) for one in step.ground or ()]
    near = None if step.near_km2 is None else step.near_km2.tobytes()
    return [step.km2.tobytes(), near, grounds, [list(parts) for parts in step.large]]


@pytest.mark.parametrize("coarse", [False, True])
def test_steps_measured_at_once_are_those_measured_alone(*, coarse: bool) -> None:
    cells = replace(DRAWN, pieces=boxes(box(8, 0, 12, 10)), owner=np.zeros(1, int), names=("",))
    set_of = replace(SNAPPED, bands=(cells, ((0,), (1,)), np.ones((2, 2, 1), dtype=bool))) if coarse else SNAPPED
    field = [box(x, y, x + 0.5, y + 0.5) for x in range(10) for y in range(8)]
    maps = [ground_of(*field), ground_of(*field, box(12, 0, 12.01, 9)), AFTER, BEFORE, ground_of(), ground_of()]
    maps += [ground_of(*field[3:], box(12.01, 0, 12.02, 9)), ground_of(*field, box(12, 0, 12.01, 9))]
    between = [moved(*ends) for ends in pairwise(maps)]
    # Some are found by edges and some by overlays of whole maps, whose slivers touch those of other steps.
    assert len({isinstance(one[0], np.ndarray) for one in between}) == 2
    together = change.steps(between, set_of, slivers=RULE)
    alone = [change.step(*ends, set_of, slivers=RULE) for ends in pairwise(maps)]
    assert list(map(bytes_of, together)) == list(map(bytes_of, alone))
    assert change.steps([], set_of) == []


def test_parts_are_large_from_50_km2_whole() -> None:
    # Faces of 30 km² that share a side are one part of 60 km².
    faces = [shapely.box(0, 0, 6e3, 5e3), shapely.box(6e3, 0, 12e3, 5e3), shapely.box(0, 1e5, 6e3, 1.05e5)]
    (large,) = change.large_parts(np.array(faces, dtype=object))
    assert large.area == pytest.approx(60e6)
    assert len(change.large_parts(np.array([shapely.box(0, 0, 7e3, 7e3)]))) == 0
    assert len(change.large_parts(np.empty(0, dtype=object))) == 0


def test_the_largest_part_comes_first_in_whatever_order_they_are_drawn() -> None:
    parts = [shapely.box(n * 20e3, 0, n * 20e3 + 10e3, height * 1e3) for n, height in enumerate([7, 9, 6, 8])]
    for turned in (parts, parts[::-1]):
        found = change.large_parts(np.array(turned, dtype=object))
        assert shapely.area(found).tolist() == pytest.approx([90e6, 80e6, 70e6, 60e6])


def test_what_of_gained_and_lost_is_near_borders_is_told_and_what_of_that_in_slivers() -> None:
    """Two cells west and east of x = 10 lie near the border of two rows, each on the side of one."""
    cells = replace(DRAWN, pieces=boxes(box(8, 0, 10, 10), box(10, 0, 12, 10)), uncovered=boxes())
    near = np.array([[[True, False], [False, True]], [[False, True], [True, False]]])
    before = ground_of(box(8, 0, 9, 1), box(0, 0, 1, 1), box(11, 5, 11.01, 6))
    after = ground_of(box(9, 4, 10, 6), box(10.5, 0, 11, 1), box(8, 8, 8.02, 9), box(13, 0, 14, 1))
    one = change.step(before, after, replace(SNAPPED, bands=(cells, ((0,), (1,)), near)), slivers=RULE)
    assert one.near_km2 is not None
    # West: 1 km² went, 2 and a sliver came; east: a sliver went, half a square came.
    assert one.near_km2[0] == pytest.approx(np.array([[3.02, 0.51], [0.51, 3.02]]))
    assert one.near_km2[1] == pytest.approx(np.array([[0.02, 0.01], [0.01, 0.02]]))


@pytest.mark.parametrize("errs", [False, True])
def test_whole_maps_are_overlaid_on_a_grid_only_where_that_errs_without_it(
    monkeypatch: pytest.MonkeyPatch, *, errs: bool
) -> None:
    overlay, grids = shapely.difference, list[float | None]()

    def difference(one: shapely.Geometry, other: shapely.Geometry, grid_size: float | None = None) -> shapely.Geometry:
        grids.append(grid_size)
        # By 0.002 km², twice what is believed.
        less = box(13, 1, 13.002, 2) if errs and grid_size is None and one is AFTER else shapely.Polygon()
        return overlay(overlay(one, other, grid_size=grid_size), less)

    monkeypatch.setattr(shapely, "difference", difference)
    gained, lost = change.differences(BEFORE, AFTER, whole=True)
    assert (gained.area / 1e6, lost.area / 1e6) == pytest.approx((27, 25), abs=1e-6)
    assert grids == [None, None, 2.0**-20, 2.0**-20][: 4 if errs else 2]


def test_whole_maps_whose_lines_cross_too_often_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    across = ground_of(*(box(-1, y, 21, y + 0.5) for y in range(20)))
    along = ground_of(*(box(x, -1, x + 0.5, 21) for x in range(20)))
    monkeypatch.setattr(geometry, "MAX_CROSSINGS", 1_440)
    assert change.differences(across, along, whole=True)[0].area / 1e6 == pytest.approx(20 * 11 - 100)
    monkeypatch.setattr(geometry, "MAX_CROSSINGS", 1_439)
    with pytest.raises(DataError, match="cross more than 1,599 times"):
        change.differences(across, along, whole=True)


def test_slivers_are_told_apart_where_edges_tell_what_moved() -> None:
    field = [box(x, y, x + 0.5, y + 0.5) for x in range(10) for y in range(8)]
    before, after = ground_of(*field), ground_of(*field[1:], box(12, 0, 12.01, 9), box(14, 0, 15, 1))
    assert all(isinstance(ground, np.ndarray) for ground in change.differences(before, after))
    measured = change.step(before, after, DRAWN, slivers=RULE)
    assert measured.km2[[GAINED, GAINED_SLIVER, LOST, LOST_SLIVER], 0, -1] == pytest.approx([1.09, 0.09, 0.25, 0])


def test_of_steps_measured_at_once_one_that_contradicts_itself_spoils_no_other() -> None:
    good, (gained, lost, *ends) = moved(ground_of(), BEFORE), moved(BEFORE, AFTER)
    bad = (gained, lost, ends[0], ends[1] + 1)
    with pytest.raises(FrontcalcError, match="contradicts itself"):
        change.steps([good, bad], DRAWN)
    kept: dict[tuple[str, str], bytes] = {}
    keep_steps({"good": good, "bad": bad}, DRAWN, RULE, Cache(memory=kept))
    assert list(kept) == [("steps", "good")]
