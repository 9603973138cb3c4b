"""Repair, union and subdivision lose no ground."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from frontcalc import geometry
from frontcalc.errors import DataError


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


def test_the_union_of_layers_counts_overlap_once_whichever_comes_first() -> None:
    control = array(shapely.box(0, 0, 4, 4), shapely.box(4, 0, 6, 4))
    advances = array(shapely.box(5, 1, 8, 2), shapely.box(3, 3, 5, 5), shapely.box(20, 0, 21, 1))
    for layers in ([control, advances], [advances, control], [control, advances, control]):
        united = geometry.union(*layers)
        assert united.area == pytest.approx(24 + 2 + 2 + 1)
        assert united.equals(geometry.union(np.concatenate(layers)))
    assert geometry.union().is_empty
    assert geometry.union(control[:0], advances[2:]).area == 1


Box = tuple[int, int, int, int]
BOXES = st.lists(st.tuples(*[st.integers(0, 6)] * 2, *[st.integers(1, 2)] * 2), max_size=9)


@given(BOXES, BOXES)
def test_what_meets_nothing_is_in_the_union_as_it_is(one: list[Box], other: list[Box]) -> None:
    layers = [array(*(shapely.box(x, y, x + width, y + high) for x, y, width, high in each)) for each in (one, other)]
    united = geometry.union(*layers)
    assert united.is_valid
    assert united.symmetric_difference(shapely.union_all(np.concatenate(layers))).area == 0


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


def test_pieces_stand_in_the_order_of_what_is_cut_however_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disc in the middle cannot be clipped: its pieces still stand between those of the others."""
    discs = [shapely.Point(at, 0).buffer(10, quad_segs=64) for at in (0, 100, 200)]
    clip = shapely.clip_by_rect
    monkeypatch.setattr(
        shapely, "clip_by_rect", lambda shape, *box: shapely.Point() if 50 < box[0] < 150 else clip(shape, *box)
    )
    pieces, owner = geometry.subdivide(array(*discs, shapely.box(0, 0, 1, 1)), 100)
    assert owner.tolist() == sorted(owner, key=lambda own: -1 if own == 3 else own)
    assert set(owner.tolist()) == {0, 1, 2, 3}
    assert shapely.area(pieces).sum() == pytest.approx(sum(disc.area for disc in discs) + 1)


def test_clipping_that_loses_a_billionth_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    disc = shapely.Point(0, 0).buffer(1000.0, quad_segs=16)
    clip = shapely.clip_by_rect
    monkeypatch.setattr(
        shapely, "clip_by_rect", lambda shape, *box: shapely.transform(clip(shape, *box), lambda xy: xy * (1 - 1e-9))
    )
    pieces, _ = geometry.subdivide(array(disc), max_vertices=40)
    assert shapely.area(pieces).sum() == pytest.approx(disc.area, rel=1e-13)


def test_a_piece_with_as_many_vertices_as_it_may_have_is_not_cut() -> None:
    """An L is cut into two rectangles of five coordinates each."""
    ell = shapely.Polygon([(0, 0), (4, 0), (4, 2), (2, 2), (2, 3), (0, 3)])
    pieces, owner = geometry.subdivide(array(ell), max_vertices=5)
    assert sorted(piece.bounds for piece in pieces) == [(0, 0, 2, 3), (2, 0, 4, 2)]
    assert owner.tolist() == [0, 0]
    whole, owner = geometry.subdivide(array(shapely.box(0, 0, 1, 1)), max_vertices=5)
    assert list(whole) == [shapely.box(0, 0, 1, 1)]
    assert owner.tolist() == [0]


def test_a_piece_has_at_most_512_vertices_unless_told_otherwise() -> None:
    disc = shapely.Point(0, 0).buffer(1, quad_segs=128)
    assert shapely.get_num_coordinates(disc) == 513
    assert len(geometry.subdivide(array(disc))[0]) == 2


@pytest.mark.parametrize(("west", "south"), [(-10, 100), (-10, -300), (500, -4)])
@pytest.mark.parametrize(("wide", "high", "cut"), [(20, 8, "x"), (8, 20, "y"), (20, 20, "x")])
def test_a_piece_is_cut_in_half_across_its_longer_side(west: int, south: int, wide: int, high: int, cut: str) -> None:
    """An ellipse of 65 coordinates; either half has some 35."""
    disc = shapely.Point(0, 0).buffer(1, quad_segs=16)
    ellipse = shapely.transform(disc, lambda xy: (xy + 1) * [wide / 2, high / 2] + [west, south])
    pieces, _ = geometry.subdivide(array(ellipse), max_vertices=40)
    middle = (west + wide / 2, south, west + wide, south + high) if cut == "x" else (west, south + high / 2)
    assert len(pieces) == 2
    assert max(piece.bounds for piece in pieces)[: len(middle)] == pytest.approx(middle)


def test_clipping_that_does_well_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    clip, overlay = shapely.clip_by_rect, shapely.intersection
    monkeypatch.setattr(shapely, "clip_by_rect", lambda part, *box: (asked.append("clip"), clip(part, *box))[1])
    monkeypatch.setattr(shapely, "intersection", lambda *both: (asked.append("slow"), overlay(*both))[1])
    pieces, _ = geometry.subdivide(array(shapely.Point(0, 0).buffer(1, quad_segs=16)), max_vertices=40)
    assert asked == ["clip", "clip"]
    assert len(pieces) == 2


# --- edges, split before they are projected ---------------------------------------------------------------


def bent(coordinates: geometry.Floats) -> geometry.Floats:
    """Bend the plane: over a width w, a straight edge becomes a parabola that leaves w³ ÷ 6 beside its chord."""
    return np.column_stack([coordinates[:, 0], coordinates[:, 1] + coordinates[:, 0] ** 2])


def coordinates(*polygons: shapely.Polygon, edge_error: float, project: Callable = bent) -> list[tuple[float, float]]:
    split = geometry.project_polygons(array(*polygons), project, edge_error=edge_error)
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(split)]


@pytest.mark.parametrize(
    ("edge_error", "pieces"), [(36.1, 1), (35.9, 2), (9.01, 2), (8.99, 3), (4.01, 3), (3.99, 4)], ids=str
)
@pytest.mark.parametrize("west", [0, 50])
def test_an_edge_is_split_evenly_into_as_many_pieces_as_its_error_needs(
    edge_error: float, pieces: int, west: int
) -> None:
    """Two edges are 6 wide and leave 36; the third runs north, and is not bent."""
    drawn = shapely.Polygon([(west, 0), (west + 6, 0), (west + 6, 3)])
    steps = np.arange(pieces) / pieces
    there = [(west + 6 * part, 0.0) for part in steps]
    back = [(west + 6 - 6 * part, 3 - 3 * part) for part in steps]
    expected = [(x, y + x**2) for x, y in [*there, (west + 6, 0.0), *back, (west, 0.0)]]
    np.testing.assert_allclose(coordinates(drawn, edge_error=edge_error), expected, rtol=1e-12)


def test_rings_and_polygons_are_split_each_by_itself() -> None:
    outline, hole = shapely.box(0, 0, 12, 12), shapely.box(3, 3, 9, 9)
    ring = shapely.Polygon(outline.exterior, [hole.exterior])
    far = shapely.box(100, 50, 106, 56)
    split = geometry.project_polygons(array(ring, far), bent, edge_error=9.01)
    # 12 wide leave 288, so six pieces; 6 wide leave 36, so two. Sides that run north stay.
    assert [shapely.get_num_coordinates(shape) for shape in (*shapely.get_rings(split),)] == [15, 7, 7]
    assert shapely.get_num_interior_rings(split).tolist() == [1, 0]
    assert shapely.is_valid(split).all()
    apart = geometry.project_polygons(array(shapely.box(0, 0, 6, 6), far), bent, edge_error=9.01)
    assert shapely.get_num_coordinates(apart).tolist() == [7, 7]
    straightened = shapely.transform(split, lambda xy: np.column_stack([xy[:, 0], xy[:, 1] - xy[:, 0] ** 2]))
    assert shapely.equals(shapely.set_precision(straightened, 1e-9), array(ring, far)).all()


def twisted(coordinates: geometry.Floats) -> geometry.Floats:
    x, y = coordinates.T
    return np.column_stack([x + y**2 / 7, y + x**2 / 3])


@given(st.lists(st.tuples(st.integers(-30, 30), st.integers(-30, 30)), min_size=3, max_size=3, unique=True))
def test_an_edge_gets_the_very_same_vertices_whichever_way_it_runs(corners: list[tuple[int, int]]) -> None:
    triangle = shapely.Polygon([(x / 7, y / 7) for x, y in corners])
    there = coordinates(triangle, edge_error=0.001, project=twisted)
    back = coordinates(shapely.reverse(triangle), edge_error=0.001, project=twisted)
    assert set(there) == set(back)


@pytest.mark.parametrize("corner", [(3.1, 5.3), (3.1, -5.3), (-3.1, 5.3), (-3.1, -5.3), (0, 7.7), (7.7, 0), (5.3, 5.1)])
@pytest.mark.parametrize("origin", [(0.1, 0.3), (0.3, 0.1), (-9.7, 4.1), (4.1, -9.7)])
def test_edges_in_every_direction_get_the_same_vertices_from_either_side(
    corner: tuple[float, float], origin: tuple[float, float]
) -> None:
    x, y = origin
    triangle = shapely.Polygon([(x, y), (x + corner[0], y + corner[1]), (x + 20.3, y + 20.9)])
    there = coordinates(triangle, edge_error=1e-5, project=twisted)
    assert set(there) == set(coordinates(shapely.reverse(triangle), edge_error=1e-5, project=twisted))
    assert len(there) > 100


def test_a_place_outside_the_projection_is_named() -> None:
    def lost(coordinates: geometry.Floats) -> geometry.Floats:
        projected = coordinates.copy()
        projected[coordinates[:, 0] == 4, 1] = np.inf
        return projected

    with pytest.raises(DataError) as caught:
        geometry.project_polygons(array(shapely.Polygon([(0, 0), (4, 1), (2, 7)])), lost)
    assert caught.value.problem == "its coordinates lie outside its projection, at 4, 1"
    assert caught.value.cure == "check its CRS"


def test_splitting_adds_no_more_vertices_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = shapely.Polygon([(0, 0), (6, 0), (6, 3)])  # at 3.99 in four pieces twice: six more vertices
    monkeypatch.setattr(geometry, "MAX_ADDED_VERTICES", 6)
    assert len(coordinates(drawn, edge_error=3.99)) == 10
    monkeypatch.setattr(geometry, "MAX_ADDED_VERTICES", 5)
    with pytest.raises(DataError) as caught:
        coordinates(drawn, edge_error=3.99)
    assert caught.value.problem == "its edges are so long that 6 vertices would be added"
    assert caught.value.cure is not None
    assert caught.value.cure.startswith("check its coordinates, give long edges more vertices, or")


def test_a_polygon_that_clipping_makes_invalid_is_cut_by_overlays(monkeypatch: pytest.MonkeyPatch) -> None:
    clipped = shapely.clip_by_rect

    def spiked(shape: shapely.Polygon, *box: float) -> shapely.Geometry:
        piece = clipped(shape, *box)
        first, *others = shapely.get_coordinates(piece).tolist()
        # As large as without the spike.
        spike = shapely.get_coordinates(shapely.centroid(piece)).tolist()
        return shapely.Polygon([first, *spike, first, *others])

    disc = shapely.Point(0, 0).buffer(10, quad_segs=64)
    monkeypatch.setattr(shapely, "clip_by_rect", spiked)
    pieces, _ = geometry.subdivide(array(disc), 32)
    assert shapely.is_valid(pieces).all()
    assert shapely.area(pieces).sum() == pytest.approx(disc.area)


def test_vertices_that_are_taken_from_an_earlier_layer_count_as_added_too(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = shapely.Polygon([(0, 0), (6, 0), (6, 3)]), shapely.Polygon([(0, 9), (6, 9), (6, 12)])
    for most, refused in ((12, False), (11, True)):
        geometry._projected.clear()
        monkeypatch.setattr(geometry, "MAX_ADDED_VERTICES", most)
        coordinates(first, edge_error=3.99)
        if not refused:
            both = geometry.project_polygons(array(first, second), bent, edge_error=3.99)
            assert shapely.get_num_coordinates(both).tolist() == [10, 10]
            continue
        with pytest.raises(DataError, match="12 vertices would be added"):
            geometry.project_polygons(array(first, second), bent, edge_error=3.99)


def test_kept_bytes_are_never_code() -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        list(geometry.from_bytes(buffer.getvalue()))


def test_what_crosses_too_often_is_refused_before_it_is_overlaid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty lines one way cross forty the other way 1,600 times; the edges are 160."""
    at = np.arange(20)
    one, other = shapely.box(-1, at, 21, at + 0.5), shapely.box(at, -1, at + 0.5, 21)
    whole = [shapely.multipolygons(each) for each in (one, other)]
    monkeypatch.setattr(geometry, "MAX_CROSSINGS", 1_440)
    assert geometry.overlaid(shapely.intersection, *whole).area == pytest.approx(100)
    assert geometry.union(one, other).area == pytest.approx(2 * 20 * 11 - 100)
    monkeypatch.setattr(geometry, "MAX_CROSSINGS", 1_439)
    for refused in (lambda: geometry.overlaid(shapely.intersection, *whole), lambda: geometry.union(one, other)):
        with pytest.raises(DataError) as caught:
            refused()
        assert caught.value.problem == "its lines cross more than 1,599 times"
        assert caught.value.cure == "simplify it, or leave it out"


def test_ground_of_many_layers_counts_once() -> None:
    west = np.arange(40.0)
    layers = [array(shapely.box(x, 0, x + 2, 1), shapely.box(200 + x, 0, 200.5 + x, 1)) for x in west]
    assert geometry.union(*layers).area == pytest.approx(41 + 20)


def test_boxes_that_meet_are_counted_and_too_many_refused() -> None:
    heap = array(*[shapely.box(0, 0, 1, 1)] * 3)
    assert [len(each) for each in geometry.meeting_boxes(heap, most=9)] == [9, 9]
    with pytest.raises(DataError) as caught:
        geometry.meeting_boxes(heap, most=8)
    assert caught.value.problem == "more than 8 pairs of its pieces lie over one another"
    assert caught.value.cure == "simplify it"


def test_what_two_ways_of_repairing_make_of_a_polygon_is_compared_unless_it_is_tangled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ring = [(0, 0), (3e3, 0), (3e3, 3e3), (0, 3e3)]
    twice = shapely.Polygon([*ring, *ring])  # once around is ground, and twice is none by the other way
    bow = shapely.Polygon([(0, 0), (4e3, 4e3), (4e3, 0), (0, 3e3)])
    assert geometry.repair_both_ways(array(shapely.box(0, 0, 1, 1)))[1].tolist() == []
    assert len(geometry.repair_both_ways(array(twice, bow))[1]) == 2
    monkeypatch.setattr(geometry, "MAX_TANGLED", 0)
    with pytest.raises(DataError, match="cross too often to be repaired"):
        geometry.repair_both_ways(array(bow))


def test_a_polygon_that_clipping_fails_on_is_cut_by_overlays(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> shapely.Geometry:
        raise shapely.GEOSException("Invalid number of points in LinearRing found 3 - must be 0 or >= 4")

    disc = shapely.Point(0, 0).buffer(10, quad_segs=64)
    monkeypatch.setattr(shapely, "clip_by_rect", fails)
    pieces, owner = geometry.subdivide(array(disc), 32)
    assert owner.tolist() == [0] * len(pieces)
    assert shapely.get_num_coordinates(pieces).max() <= 32
    assert shapely.area(pieces).sum() == pytest.approx(disc.area)


def test_a_polygon_whose_edges_cross_without_end_is_refused_in_a_moment() -> None:
    ways = np.random.default_rng(1).random((1_000, 2))
    knot, triangle_again = shapely.Polygon(ways), shapely.Polygon(np.tile([[0, 0], [1, 0], [1, 1]], (400, 1)))
    for polygon in (knot, triangle_again):
        with pytest.raises(DataError, match="edges that cross too often to be repaired"):
            geometry.repair(np.array([polygon]))
    # Ten thousand edges that touch their neighbours alone, and a bow that crosses itself once.
    turns = np.linspace(0, 2 * np.pi, 10_000, endpoint=False)
    coast = np.stack([np.cos(turns) * (1 + 0.01 * np.sin(500 * turns)), np.sin(turns)], axis=1)
    geometry.refuse_tangled(array(shapely.Polygon(coast)))
    geometry.refuse_tangled(array(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])))
    # Two that cross each other ten thousand times, and themselves once: each is repaired by itself.
    teeth = [(x / 200, 1.0 if x % 4 in (1, 2) else 0.01) for x in range(200)]
    comb = shapely.Polygon([*teeth, (1, 0), (0.5, -0.5), (0.5, -1), (0.6, -0.5), (0.2, -0.2), (0, 0)])
    other = shapely.transform(comb, lambda xy: xy[:, ::-1])
    assert not comb.is_valid
    geometry.refuse_tangled(array(comb, other))
    geometry.refuse_tangled(array(comb, other), linework=True)


@pytest.mark.parametrize("gap", [5.0, 1000.0])
def test_an_edge_that_is_torn_is_told_from_one_that_is_stretched(gap: float) -> None:
    """One projection moves all east of x = 0 at once, the other within a tenth of a unit around it."""

    def torn(points: geometry.Floats) -> geometry.Floats:
        return points + np.stack([np.where(points[:, 0] > 0, gap, 0), np.zeros(len(points))], axis=1)

    def stretched(points: geometry.Floats) -> geometry.Floats:
        return points + np.stack([gap * np.clip(points[:, 0] / 0.1, 0, 1), np.zeros(len(points))], axis=1)

    # The lower edge is torn in its first half, the upper one, which is longer, in its second.
    drawn = array(shapely.Polygon([(-1, 0), (3, 0), (30, 1), (-2, 1)]))
    assert shapely.area(geometry.project_polygons(drawn, stretched)) == pytest.approx([18 + gap])
    with pytest.raises(DataError, match=r"an edge crosses the edge of the projection, at \S+, 0;") as caught:
        geometry.project_polygons(drawn, torn)
    x = float(caught.value.problem.split()[-2].rstrip(","))
    assert abs(x) < 1e-8
    assert caught.value.cure == (
        "choose --crs EPSG:6931 or EPSG:6932 around a pole, else cut its polygons at the antimeridian"
    )


def test_of_many_edges_each_is_halved_where_it_is_torn_itself() -> None:
    """A hundred and fifty edges cross x = 0, where their last tenth begins; two that are stretched come before them."""

    def torn(points: geometry.Floats) -> geometry.Floats:
        x, y = points.T
        return np.column_stack([x + np.where((x > 0) & (y > 1), 1000.0, 10.0 * np.clip(x / 0.1, 0, 1)), y])

    stretched = shapely.Polygon([(-9, 0), (2, 0), (2, 1), (-9, 1)])
    drawn = [stretched, *(shapely.Polygon([(-9, y), (1, y), (-9, y + 1)]) for y in range(2, 77))]
    with pytest.raises(DataError, match=r"an edge crosses the edge of the projection, at \S+, 2;"):
        geometry.project_polygons(array(*drawn), torn)
    assert len(geometry.project_polygons(array(stretched), torn)) == 1


def test_however_many_polygons_cross_themselves_once_they_are_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geometry, "MAX_MEETINGS", 0)
    bows = array(*[shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])] * 20)
    assert shapely.area(geometry.repair(bows)).sum() == pytest.approx(20 * 0.5)


def test_how_often_edges_may_meet_is_counted_over_all_polygons_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    # A bow crosses itself once; of a triangle drawn twenty times the edges meet 1,591 times beside their neighbours.
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    again = shapely.Polygon(np.tile([[0, 0], [1, 0], [1, 1]], (20, 1)))
    monkeypatch.setattr(geometry, "MAX_TANGLED", 3)
    monkeypatch.setattr(geometry, "MAX_MEETINGS", 2 * 1_591)
    for polygon, times, linework in ((bow, 3, True), (again, 2, False)):
        geometry.refuse_tangled(array(*[polygon] * times), linework=linework)
        with pytest.raises(DataError) as caught:
            geometry.refuse_tangled(array(*[polygon] * (times + 1)), linework=linework)
        assert caught.value.problem == "has edges that cross too often to be repaired"
        assert caught.value.cure == "draw it anew, or remove it"


def test_what_became_of_an_edge_of_an_earlier_layer_is_what_becomes_of_it_anyway() -> None:
    calls: list[int] = []

    def bent(points: geometry.Floats) -> geometry.Floats:
        calls.append(len(points))
        return np.column_stack([points[:, 0], points[:, 1] + points[:, 0] ** 2 / 10])

    def projected(*polygons: shapely.Geometry, edge_error: float = 0.5) -> bytes:
        calls.clear()
        drawn = geometry.project_polygons(array(*polygons), bent, edge_error=edge_error)
        return shapely.GeometryCollection(list(drawn)).wkb

    small, far = shapely.box(0, 0, 6, 6), shapely.box(20, 0, 21, 1).difference(shapely.box(20.2, 0.2, 20.6, 0.6))
    other = shapely.Polygon([(0, 6), (6, 6), (9, 3), (6, 0), (0, 0)])
    maps = [(small, far), (far, other), (other, small), (other, far, small), (small,), (other, far, small)]
    geometry._projected.clear()
    after_others = [projected(*polygons) for polygons in maps]
    assert sum(calls) == 0  # of the layer before last, which is the same
    # How far edges may err is no matter of what was made of them before.
    assert projected(*maps[-1], edge_error=0.01) != after_others[-1]
    for polygons, found in zip(maps, after_others, strict=True):
        geometry._projected.clear()
        assert projected(*polygons) == found
    assert sum(calls) > 0
