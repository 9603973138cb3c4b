"""Slivers: which parts of a change they are, what of them falls to which region, and results without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import shapely
from conftest import Run, square
from hypothesis import given
from hypothesis import strategies as st
from oracle import opened_step

import frontcalc
from frontcalc import change, edges, geometry
from frontcalc.regions import RegionSet
from frontcalc.slivers import mean_widths_m, thin_parts
from frontcalc.tables import DiffRow

CRS = "EPSG:6933"
RULE = (100, CRS)
Write = Callable[..., Path]


def polygons(*shapes: shapely.Polygon) -> np.ndarray:
    return np.array(shapes, dtype=object)


def strip(width_m: float, *, south: float = 0.0, length_m: float = 1e4) -> shapely.Polygon:
    """Return a strip along the equator, where a metre north is drawn as 1.16 m."""
    return shapely.box(0, south, length_m, south + width_m)


@pytest.mark.parametrize(("width_m", "thin"), [(50, True), (80, True), (130, False), (1000, False)])
def test_a_part_is_a_sliver_by_its_mean_width(width_m: float, thin: bool) -> None:
    assert thin_parts(polygons(strip(width_m)), RULE).tolist() == [thin]


def test_an_arm_without_width_makes_no_sliver_of_an_advance() -> None:
    # 6 km² and an arm of 490 km, a millionth of a metre wide: 2 × 6e6 ÷ 1,001,200 m is 12 m, without the arm 566 m.
    corners = [(0, 0), (1e4, 0), (1e4, 300), (5e5, 300), (1e4, 300 + 1e-6), (1e4, 600), (0, 600)]
    armed = shapely.Polygon(corners)
    assert armed.is_valid
    assert 2 * armed.area / armed.length < 100
    assert thin_parts(polygons(armed), RULE).tolist() == [False]


@given(st.floats(1, 400), st.floats(1, 400), st.integers(3, 24), st.booleans())
def test_small_ground_is_thin_as_if_its_outline_were_closed(x_m: float, y_m: float, corners: int, arm: bool) -> None:
    """Most of these have so little ground that no width is measured: the plain way closes each, and measures it."""
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    outline = [*np.column_stack([x_m * np.cos(turns), 5e6 + y_m * np.sin(turns)]).tolist()]
    spike = [(x_m + 2_000, 5e6), (x_m, 5e6 + 1e-6)] if arm else []
    part = shapely.Polygon([outline[0], *spike, *outline[1:]])
    closed = geometry.polygonal(shapely.set_precision(part, 0.01))
    plain = not any((mean_widths_m(one, CRS) >= 100).any() for one in (polygons(part), closed))
    assert thin_parts(polygons(part), RULE).tolist() == [plain]


def test_faces_of_one_part_have_its_width() -> None:
    halves = polygons(strip(60), strip(60, south=60))
    assert thin_parts(halves, RULE).tolist() == [True, True]
    assert thin_parts(halves, RULE, of=np.array([0, 0])).tolist() == [False, False]
    # Those of two grounds are no part together, wherever they lie.
    assert thin_parts(halves, RULE, of=np.array([3, 4])).tolist() == [True, True]
    assert thin_parts(polygons(strip(60), strip(200)), RULE, of=np.array([0, 1])).tolist() == [True, False]
    assert thin_parts(polygons(), RULE, of=np.zeros(0, int)).tolist() == thin_parts(polygons(), RULE).tolist() == []


def test_slivers_of_faces_are_those_of_whole_parts() -> None:
    before = geometry.union(
        polygons(strip(1e4, south=-1e4), *(shapely.box(x, 2e4, x + 900, 3e4) for x in range(0, 90_000, 1_000)))
    )
    after = geometry.union(polygons(*before.geoms, strip(60), shapely.box(2e4, 0, 2.5e4, 5_000)))
    assert edges.difference(before, after) is not None
    faces, whole = change.differences(before, after), change.differences(before, after, whole=True)
    came = (geometry.polygonal(ground[0]) for ground in (faces, whole))
    fast, plain = (
        shapely.area(parts[thin_parts(parts, RULE, of=of)]).sum() / 1e6
        for parts, of in zip(came, (np.zeros(len(faces[0]), int), None), strict=True)
    )
    assert plain == pytest.approx(fast, abs=1e-9) == pytest.approx(0.6)


SHARES = st.lists(st.tuples(st.integers(0, 8), st.sampled_from([20, 60, 150, 900])), max_size=6)


def banded(bands: Sequence[tuple[int, int]]) -> shapely.MultiPolygon:
    return geometry.union(polygons(strip(500, south=-1_000), *(strip(high, south=1e3 * row) for row, high in bands)))


@given(SHARES, SHARES)
def test_slivers_are_part_of_what_was_gained_and_lost_in_every_region(
    old: list[tuple[int, int]], new: list[tuple[int, int]]
) -> None:
    halves = polygons(shapely.box(-1e5, -1e5, 4e3, 1e5), shapely.box(4e3, -1e5, 1e5, 1e5))
    regions = RegionSet("adm1", ("East", "West"), halves, np.arange(2), halves, np.arange(2))
    told = opened_step(banded(old), banded(new), regions, slivers=RULE)
    whole = opened_step(banded(old), banded(new), regions)
    left = told.without_slivers
    for kind, sliver in ((change.GAINED, change.GAINED_SLIVER), (change.LOST, change.LOST_SLIVER)):
        km2, thin_km2 = told.km2[kind, 0], told.km2[sliver, 0]
        assert (thin_km2 <= km2 + 1e-12).all()
        assert km2 == pytest.approx(whole.km2[kind, 0], abs=1e-9)
        assert thin_km2[:-1].sum() == pytest.approx(thin_km2[-1], abs=1e-9)
        assert km2 - left.km2[kind, 0] == pytest.approx(thin_km2, abs=1e-9)
    beside = told.km2[change.GAINED_SLIVER, 0] - told.km2[change.LOST_SLIVER, 0]
    opening, closing = left.km2[[change.OPENING, change.CLOSING], 0]
    assert closing - opening == pytest.approx(left.gained_km2 - left.lost_km2 + beside, abs=1e-9)


@pytest.fixture
def maps(archive: Write) -> Path:
    """A square is gained, and a sliver along the northern side of the one that stays: 0.4 km², some 40 m wide."""
    west, south, east, north = square(300, 41).bounds
    thin = shapely.box(west, south, east, south + 0.004 * (north - south))
    return archive(
        {
            "2023-12-31": {"control_map": [(300, 40)], "russian_advances": [None]},
            "2024-12-31": {"control_map": [(300, 40), thin, (310, 40)], "russian_advances": [None]},
        }
    )


def total(result: object) -> DiffRow:
    return next(row for row in result.rows if row.region == "total")  # type: ignore[attr-defined]


def test_a_border_across_a_sliver_shares_it_and_a_border_along_it_makes_none(maps: Path, region_file: Write) -> None:
    regions = region_file({"Left": [(300, 41), (300, 40)], "Right": [(310, 40)]})
    rows = {row.region: row for row in frontcalc.diff(["2024"], archive=maps, regions=regions, snap="none").rows}
    assert [rows[name].gained_km2 for name in ("Left", "Right", "total")] == pytest.approx([0.4, 100, 100.4], abs=1e-3)
    assert [rows[name].gained_sliver_km2 for name in ("Left", "Right", "total")] == pytest.approx(
        [0.4, 0, 0.4], abs=1e-3
    )
    assert rows["total"].lost_sliver_km2 == 0


def test_dropped_slivers_are_left_out_and_said(maps: Path) -> None:
    result = frontcalc.diff(["2024"], archive=maps, drop_slivers=True)
    row = total(result)
    assert (row.gained_km2, row.net_km2) == pytest.approx((100, 100), abs=1e-6)
    assert row.rate_km2_per_day == pytest.approx(100 / 366)
    assert row.closing_km2 - row.opening_km2 == pytest.approx(100.4, abs=1e-3)
    assert row.gained_sliver_km2 == pytest.approx(0.4, abs=1e-3)
    assert "SLIVERS-DROPPED" in row.notes.split()
    (said,) = [notice for notice in result.meta.notices if notice.code == "SLIVERS-DROPPED"]
    assert said.message.startswith("parts narrower than 100 m are left out: gained 0.4, lost 0.0 km²")
    assert (result.meta.sliver_width_m, result.meta.drops_slivers) == (100, True)
    assert total(frontcalc.diff(["2024"], archive=maps, drop_slivers=True, sliver_width=10)).net_km2 == pytest.approx(
        100.4, abs=1e-3
    )


def test_series_summaries_and_maps_of_change_drop_them_alike(maps: Path) -> None:
    last = frontcalc.series(archive=maps, drop_slivers=True).rows[-1]
    assert (last.gained_km2, last.gained_sliver_km2) == pytest.approx((100, 0.4), abs=1e-3)
    (year,) = frontcalc.summary(archive=maps, since="2024", drop_slivers=True).rows
    assert year.net_km2 == pytest.approx(100, abs=1e-6)
    (drawn,) = frontcalc.changes(["2024"], archive=maps, drop_slivers=True).rows
    assert drawn.km2 == pytest.approx(100, abs=1e-6)
    assert len(drawn.geometry.geoms) == 1
    with pytest.raises(frontcalc.UsageError, match="--gross shows slivers"):
        frontcalc.summary(archive=maps, gross=True, drop_slivers=True)


def test_the_table_says_what_lies_in_slivers(maps: Path, run_here: Run) -> None:
    text = run_here("diff", "2024", "--archive", maps, "--sliver-width", "90").stdout
    assert "redrawn lines (strips under 90 m) in it: 2024 +0.4 0.0\n" in text
    text = run_here("diff", "2024", "--archive", maps, "--drop-slivers").stdout
    assert "redrawn lines (strips under 100 m) left out: 2024 +0.4 0.0\n" in text
    assert run_here("diff", "2024", "--archive", maps, "--sliver-width", "-1").returncode == 2
