"""The laws of area and change, on random polygons with holes, several parts and overlapping layers."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from conftest import with_zones
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import net_km2, opened_step, snapped_km2

from frontcalc import change, geometry, regions
from frontcalc.change import CLOSING, OPENING
from frontcalc.errors import FrontcalcError

KM2 = 1e-6  # a square metre: what rounding may amount to


@st.composite
def polygons(draw: st.DrawFn) -> shapely.Polygon:
    """A star-shaped polygon of up to 40 km, with a hole where there is room."""
    x, y = draw(st.integers(0, 60)), draw(st.integers(0, 60))
    radii = draw(st.lists(st.floats(2, 20), min_size=4, max_size=12))
    turn = np.linspace(0, 2 * math.pi, len(radii), endpoint=False)
    outline = np.column_stack([x + radii * np.cos(turn), y + radii * np.sin(turn)]) * 1000
    hole = shapely.Point(x * 1000, y * 1000).buffer(min(radii) * draw(st.sampled_from([0.0, 300.0, 600.0])))
    return shapely.Polygon(outline) - hole


def maps() -> st.SearchStrategy[shapely.MultiPolygon]:
    """What several overlapping layers of several parts cover."""
    parts = st.lists(polygons(), min_size=0, max_size=5)
    return parts.map(lambda drawn: geometry.union(geometry.polygonal(np.array(drawn, dtype=object))))


@st.composite
def partitions(draw: st.DrawFn) -> regions.RegionSet:
    """Up to nine rectangles that share borders, and leave some ground to nobody."""
    cuts = sorted(draw(st.sets(st.integers(1, 59), min_size=1, max_size=3)))
    edges = [5, *cuts, 60]
    cells = [shapely.box(a * 1000, 5000, b * 1000, 50_000) for a, b in pairwise(edges) if b > a]
    pieces, owner = geometry.subdivide(np.array(cells, dtype=object))
    return regions.RegionSet(
        "adm1", tuple(f"r{n}" for n in range(len(cells))), pieces, owner, np.array(cells), np.arange(len(cells))
    )


@given(maps(), maps(), partitions())
def test_net_is_gained_less_lost_and_closing_less_opening(before: Any, after: Any, split: regions.RegionSet) -> None:
    measured = opened_step(before, after, split)
    np.testing.assert_allclose(net_km2(measured), measured.km2[CLOSING, 0] - measured.km2[OPENING, 0], atol=KM2)
    np.testing.assert_allclose(measured.km2[CLOSING, 0], change.areas(after, split)[0], atol=KM2)
    assert (measured.gained_km2 >= 0).all()
    assert (measured.lost_km2 >= 0).all()


@given(maps(), maps(), partitions())
def test_swapping_the_maps_swaps_gained_and_lost(before: Any, after: Any, split: regions.RegionSet) -> None:
    there, back = opened_step(before, after, split), opened_step(after, before, split)
    np.testing.assert_allclose(there.gained_km2, back.lost_km2, atol=KM2)
    np.testing.assert_allclose(there.lost_km2, back.gained_km2, atol=KM2)
    np.testing.assert_allclose(there.km2[OPENING, 0], back.km2[CLOSING, 0], atol=KM2)


@given(maps(), maps(), partitions())
def test_regions_and_unassigned_add_up_to_the_total(before: Any, after: Any, split: regions.RegionSet) -> None:
    measured = opened_step(before, after, split)
    for figures in measured.km2[:4, 0]:
        assert math.fsum(figures[:-1]) == pytest.approx(figures[-1], abs=KM2)


@given(maps(), maps(), maps(), partitions())
def test_net_adds_over_steps_and_gross_is_at_least_the_endpoints(
    first: Any, second: Any, third: Any, split: regions.RegionSet
) -> None:
    one, two, whole = (opened_step(*pair, split) for pair in ((first, second), (second, third), (first, third)))
    np.testing.assert_allclose(net_km2(one) + net_km2(two), net_km2(whole), atol=KM2)
    assert (one.gained_km2 + two.gained_km2 >= whole.gained_km2 - KM2).all()
    assert (one.lost_km2 + two.lost_km2 >= whole.lost_km2 - KM2).all()


@given(maps(), maps(), partitions())
def test_split_agrees_with_the_plain_way(before: Any, after: Any, split: regions.RegionSet) -> None:
    """The oracle overlays whole regions with the whole change."""
    gained = after - before
    measured = opened_step(before, after, split)
    for index, _ in enumerate(split.names):
        region = shapely.union_all(split.pieces[split.owner == index])
        assert measured.gained_km2[index] == pytest.approx((gained & region).area / 1e6, abs=KM2)
    nowhere = gained - shapely.union_all(split.pieces)
    assert measured.gained_km2[-2] == pytest.approx(nowhere.area / 1e6, abs=KM2)


@settings(max_examples=30)
@given(maps(), maps(), partitions(), st.data())
def test_the_laws_hold_with_ground_beside_the_regions_snapped(
    before: Any, after: Any, split: regions.RegionSet, data: st.DataObject
) -> None:
    countries = tuple(data.draw(st.sampled_from(["XX", "YY"])) for _ in split.names)
    split = replace(split, countries=countries)
    measured = opened_step(before, after, regions.partition_for(split, "YY", snap="border", plane="EPSG:6933"))
    plain = opened_step(before, after, regions.partition_for(split, "YY", snap="none", plane="EPSG:6933"))
    for snapped, drawn in zip(measured.km2[:4, 0], plain.km2[:4, 0], strict=True):
        assert math.fsum(snapped[:-1]) == pytest.approx(snapped[-1], abs=KM2)
        assert snapped[-1] == drawn[-1]
        # Snapping gives to eligible regions and takes from nobody but unassigned.
        assert (snapped[:-2] >= drawn[:-2] - KM2).all()
    more = measured.gained_km2 + measured.lost_km2 - plain.gained_km2 - plain.lost_km2
    np.testing.assert_allclose(snapped_km2(measured)[:-2], more[:-2], atol=KM2)
    assert snapped_km2(measured)[-1] == pytest.approx(-more[-2], abs=KM2)
    assert not snapped_km2(measured)[:-2][np.array(countries) == "YY"].any()


@given(st.lists(polygons(), min_size=1, max_size=4))
def test_the_order_of_polygons_does_not_matter(drawn: list[shapely.Polygon]) -> None:
    there = geometry.union(geometry.polygonal(np.array(drawn, dtype=object)))
    back = geometry.union(geometry.polygonal(np.array(drawn[::-1], dtype=object)))
    assert there.area == pytest.approx(back.area, abs=1e-3)


def test_unassigned_is_measured_and_not_subtracted() -> None:
    """With regions that overlap, which no reader lets through, a subtraction would give less than is outside."""
    twice = np.array([shapely.box(0, 0, 10_000, 10_000)] * 2, dtype=object)
    overlapping = regions.RegionSet("adm1", ("a", "b"), twice, np.array([0, 1]), twice, np.array([0, 1]))
    ((km2, *_),) = overlapping.split(np.array([shapely.box(0, 0, 20_000, 10_000)]))
    assert km2.tolist() == pytest.approx([100.0, 100.0, 100.0])


def test_with_zones_unassigned_is_still_measured_and_not_subtracted() -> None:
    """The same, with the rest of the plane given: only what lies in it may count."""
    twice = np.array([shapely.box(0, 0, 10_000, 10_000)] * 2, dtype=object)
    nowhere = np.array([shapely.box(10_000, 0, 15_000, 10_000)], dtype=object)
    nothing = np.empty(0, dtype=object)
    overlapping = regions.RegionSet("adm1", ("a", "b"), twice, np.array([0, 1]), twice, np.array([0, 1]))
    snapped = with_zones(overlapping, nothing, np.empty(0, dtype=np.intp), nowhere)
    ((km2, *_),) = snapped.split(np.array([shapely.box(0, 0, 20_000, 10_000)]))
    assert km2.tolist() == pytest.approx([100.0, 100.0, 50.0])


def test_an_overlay_that_contradicts_itself_gives_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = (shapely.MultiPolygon([shapely.box(0, 0, width, 10_000)]) for width in (10_000, 20_000))
    monkeypatch.setattr("frontcalc.change.differences", lambda *maps: (shapely.MultiPolygon(), shapely.MultiPolygon()))
    with pytest.raises(FrontcalcError, match=r"contradicts itself: 100.0"):
        change.step(before, after, regions.no_regions())


def test_an_overlay_that_contradicts_itself_is_made_again_on_a_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = (shapely.MultiPolygon([shapely.box(0, 0, width, 10_000)]) for width in (10_000, 15_000))
    overlay = shapely.difference

    def erring(one: Any, other: Any, grid_size: float | None = None) -> Any:
        return overlay(one, other, grid_size=grid_size) if grid_size else shapely.MultiPolygon()

    monkeypatch.setattr(shapely, "difference", erring)
    gained, lost = change.differences(before, after, whole=True)
    assert (gained.area, lost.area) == (5_000 * 10_000, 0)


def test_a_sliver_thinner_than_rounding_is_not_split_into_hundreds_of_km2() -> None:
    """GEOS 3.14 gives the difference of these two an area of -180 km²; found by the law above."""
    sliver = shapely.Polygon(
        [
            (798.964471703909, 41391.37429793385),
            (798.9644717039091, 41391.37429793385),
            (5223.814026174681, 38646.62932983118),
            (5223.81402617468, 38646.62932983118),
        ]
    )
    land = np.array([shapely.box(2000, 5000, 60_000, 50_000)])
    split = regions.RegionSet("adm1", ("r0",), land, np.array([0]), land, np.array([0]))
    assert change.areas(sliver, split)[0] == pytest.approx([0, 0, 0], abs=KM2)


def test_regions_that_do_not_add_up_to_the_total_are_an_error() -> None:
    whole = np.array([shapely.box(0, 0, 10_000, 10_000)])
    counted_twice = regions.RegionSet("adm1", ("a", "b"), np.repeat(whole, 2), np.array([0, 1]), whole, np.array([0]))
    with pytest.raises(FrontcalcError, match=r"100.000000 km² in all, 200.000000 by region"):
        change.areas(whole[0], counted_twice)
