"""Repair, union and subdivision lose no ground."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from frontcalc import geometry


def array(*shapes: shapely.Geometry) -> geometry.Geometries:
    return np.array(shapes, dtype=object)


def test_a_bow_tie_keeps_both_lobes() -> None:
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    mended = geometry.repair(array(bow_tie))
    assert shapely.is_valid(mended).all()
    assert shapely.area(mended).sum() == pytest.approx(2.0)


def test_overlapping_shells_do_not_become_a_hole() -> None:
    twice = shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(1, 0, 3, 2)])
    united = geometry.union(geometry.repair(geometry.polygonal(array(twice))))
    assert united.area == pytest.approx(6.0)


def test_a_hole_that_sticks_out_of_its_shell_does_not_become_ground() -> None:
    """The *linework* method of make_valid would count the hole's outer half as held, 18 instead of 14."""
    sticking_out = shapely.Polygon(shapely.box(0, 0, 4, 4).exterior, [shapely.box(3, 1, 6, 3).exterior])
    mended = geometry.repair(array(sticking_out))
    assert shapely.area(mended).sum() == pytest.approx(14.0)


def test_repair_leaves_valid_polygons_as_they_are_and_drops_lines() -> None:
    spike = shapely.Polygon([(0, 0), (4, 0), (4, 4), (4, 9), (4, 4), (0, 4)])
    good = shapely.box(10, 0, 11, 1)
    mended = geometry.repair(array(spike, good))
    assert good in list(mended)
    assert shapely.area(mended).sum() == pytest.approx(17.0)
    assert set(shapely.get_type_id(mended)) == {shapely.GeometryType.POLYGON}


def test_polygonal_takes_collections_apart() -> None:
    mixed = shapely.GeometryCollection(
        [shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)]), shapely.Point(0, 0)]
    )
    assert len(geometry.polygonal(array(mixed, shapely.LineString([(0, 0), (1, 1)])))) == 2


def test_union_counts_overlap_once_and_takes_nothing() -> None:
    assert geometry.union(array(shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3))).area == pytest.approx(7.0)
    assert geometry.union(np.empty(0, dtype=object)).is_empty


def test_subdivision_is_a_partition() -> None:
    disc = shapely.Point(0, 0).buffer(1000.0, quad_segs=500) - shapely.Point(300, 0).buffer(200.0, quad_segs=200)
    small = shapely.box(5000, 0, 5001, 1)
    pieces, owner = geometry.subdivide(array(disc, small), max_vertices=64)
    assert shapely.get_num_coordinates(pieces).max() <= 64
    assert shapely.is_valid(pieces).all()
    assert shapely.area(pieces[owner == 0]).sum() == pytest.approx(disc.area, rel=1e-12)
    assert list(pieces[owner == 1]) == [small]
    assert shapely.union_all(pieces[owner == 0]).symmetric_difference(disc).area == pytest.approx(0, abs=1e-6)


def test_subdivision_cuts_slowly_where_clipping_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    disc = shapely.Point(0, 0).buffer(1000.0, quad_segs=100)
    monkeypatch.setattr(shapely, "clip_by_rect", lambda shape, *box: shapely.Polygon())
    pieces, _ = geometry.subdivide(array(disc), max_vertices=64)
    assert shapely.area(pieces).sum() == pytest.approx(disc.area, rel=1e-12)
