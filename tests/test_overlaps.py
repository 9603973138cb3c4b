"""The area that two polygons share, by their edges: by hand, and against GEOS's overlay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st
from test_laws import polygons

from frontcalc import overlaps

KM = 1000.0


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Return a box given in km."""
    return shapely.box(west * KM, south * KM, east * KM, north * KM)


def shared_km2(one: shapely.Polygon, other: shapely.Polygon) -> float:
    """Return what two polygons share."""
    alone = (overlaps.edges_of(np.array([polygon], dtype=object)) for polygon in (one, other))
    return float(overlaps.shared_area_m2(*alone, np.array([0]), np.array([0]))[0] / 1e6)


def test_the_edges_of_several_polygons_are_those_of_each() -> None:
    flat = np.array([box(0, 0, 1, 1), FRAME, shapely.Polygon([(0, 0), (1, 0), (0, 5)])], dtype=object)
    edges = overlaps.edges_of(flat)
    assert [own.shape for own in edges] == [(5, 2), (5, 4), (5, 2)]
    for number, own in enumerate(edges):
        (alone,) = overlaps.edges_of(flat[number : number + 1])
        assert alone.tolist() == own.tolist()
    assert overlaps.edges_of(flat[:0]) == []


FRAME = box(0, 0, 10, 10) - box(2, 2, 8, 8)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (box(0, 0, 10, 10), box(5, 5, 15, 15), 25),
        (box(0, 0, 10, 10), box(0, 0, 10, 10), 100),
        (box(0, 0, 10, 10), box(2, 2, 4, 4), 4),
        (box(2, 2, 4, 4), box(0, 0, 10, 10), 4),
        (box(0, 0, 10, 10), box(10, 0, 20, 10), 0),
        (box(0, 0, 10, 10), box(0, 10, 10, 20), 0),
        (box(0, 0, 10, 10), box(10, 10, 20, 20), 0),
        (box(0, 0, 10, 10), box(0, 20, 10, 30), 0),
        (FRAME, box(0, 0, 5, 5), 25 - 9),
        (FRAME, box(3, 3, 7, 7), 0),
        (FRAME, FRAME, 64),
        (shapely.Polygon([(0, 0), (10 * KM, 0), (0, 10 * KM)]), box(0, 0, 5, 10), 37.5),
        (
            shapely.Polygon([(0, 0), (10 * KM, 10 * KM), (0, 10 * KM)]),
            shapely.Polygon([(0, 0), (1e4, 0), (0, 1e4)]),
            25,
        ),
    ],
)
def test_shared_area_is_that_of_the_drawing(one: Any, other: Any, expected: float) -> None:
    for first, second in ((one, other), (shapely.reverse(one), other), (other, one)):
        assert shared_km2(first, second) == pytest.approx(expected, abs=1e-9)


def test_nothing_shared_is_exactly_nothing() -> None:
    """Rounding of a border that is touched must not make a figure."""
    slanted = shapely.Polygon([(0, 0), (1e5 / 3, 1e5 / 7), (0, 1e5)])
    beside = shapely.Polygon([(0, 0), (1e5 / 3, 1e5 / 7), (1e5, 0)])
    assert shared_km2(slanted, beside) == 0.0


def test_an_edge_that_is_next_to_vertical_is_no_fault() -> None:
    leaning = shapely.Polygon([(0, 0), (5e-324, 10 * KM), (10 * KM, 10 * KM), (10 * KM, 0)])
    assert shared_km2(leaning, box(-5, 5, 5, 15)) == pytest.approx(25, abs=1e-9)


def test_heights_far_from_zero_lose_nothing() -> None:
    far = shapely.transform(
        np.array([box(0, 0, 10, 10), box(5, 5, 15, 15)]), lambda points: points + np.array([4e6, 6e6])
    )
    assert shared_km2(*far) == pytest.approx(25, abs=1e-9)


def test_pairs_are_measured_each_by_itself_and_in_blocks_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = overlaps.edges_of(np.array([box(0, y, 10, y + 2) for y in range(5)], dtype=object))
    columns = overlaps.edges_of(np.array([box(x, 0, x + 1, 4) for x in range(4)], dtype=object))
    i, j = np.divmod(np.arange(20), 4)
    expected = np.repeat([2.0, 2.0, 2.0, 1.0, 0.0], 4)
    for at_once in (overlaps._AT_ONCE, 1):
        monkeypatch.setattr(overlaps, "_AT_ONCE", at_once)
        assert overlaps.shared_area_m2(rows, columns, i, j) / 1e6 == pytest.approx(expected, abs=1e-9)


@given(st.lists(polygons(), min_size=1, max_size=4), st.lists(polygons(), min_size=1, max_size=4))
def test_shared_area_is_that_of_the_overlay(ones: list[Any], others: list[Any]) -> None:
    one, other = np.array(ones, dtype=object), np.array(others, dtype=object)
    i, j = (axis.ravel() for axis in np.indices((len(one), len(other))))
    shared = overlaps.shared_area_m2(overlaps.edges_of(one), overlaps.edges_of(other), i, j)
    np.testing.assert_allclose(shared, shapely.area(shapely.intersection(one[i], other[j])), atol=1.0)


@pytest.mark.parametrize("turned", [0.0, 1e-9, 1e-3])
def test_borders_that_all_but_coincide_share_what_is_between_them(turned: float) -> None:
    """Overlays must snap such lines together; here there is nothing to snap."""
    coast = shapely.Point(0, 0).buffer(30 * KM, quad_segs=64)
    again = shapely.affinity.rotate(coast, turned, origin=(0, 0))
    assert shared_km2(coast, again) == pytest.approx((coast & again).area / 1e6, abs=1e-6)
