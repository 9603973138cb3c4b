"""Areas on the ellipsoid: by an integral, by geodesics, by hand, and by projection."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import oracles
import pytest
import shapely
from conftest import square
from hypothesis import given
from hypothesis import strategies as st
from oracle import exact_area_km2 as by_short_geodesics

from frontcalc import crs, regions
from frontcalc.archives import open_archive
from frontcalc.geometry import repair, union
from frontcalc.measure.sensitivity import drawn
from frontcalc.snapshots import read_snapshot
from frontcalc.views import VIEWS


def authalic_sphere_km2(degrees_of_longitude: float, south: float, north: float) -> float:
    """Return the area between two parallels as a closed form of the ellipsoid's (Snyder 3-12) by hand's means."""
    e = math.sqrt(0.00669437999014)

    def q(latitude: float) -> float:
        s = math.sin(math.radians(latitude))
        return (1 - e**2) * (s / (1 - e**2 * s**2) - math.log((1 - e * s) / (1 + e * s)) / (2 * e))

    return 6378.137**2 / 2 * math.radians(degrees_of_longitude) * (q(north) - q(south))


def test_a_ten_km_square_is_100_km2() -> None:
    assert crs.exact_area_km2(square(300, 40)) == pytest.approx(100.0, abs=1e-7)


def test_the_whole_ellipsoid_has_its_known_area() -> None:
    halves = shapely.MultiPolygon([shapely.box(-180, -90, 0, 90), shapely.box(0, -90, 180, 90)])
    assert crs.exact_area_km2(halves) == pytest.approx(510_065_621.724, abs=0.01)


@pytest.mark.parametrize(("south", "north"), [(0, 1), (45, 50), (-60, 10), (80, 90)])
def test_between_parallels_the_integral_is_a_difference_of_two_figures(south: int, north: int) -> None:
    box = shapely.box(31, south, 40, north)
    assert crs.exact_area_km2(box) == pytest.approx(authalic_sphere_km2(9, south, north), rel=1e-12)


@given(st.lists(st.tuples(st.floats(31, 40), st.floats(44, 52)), min_size=3, max_size=12))
def test_any_polygon_has_the_area_of_its_edges_cut_into_short_geodesics(points: list[tuple[float, float]]) -> None:
    hull = shapely.MultiPoint(points).convex_hull
    if isinstance(hull, shapely.Polygon):
        assert crs.exact_area_km2(hull) == pytest.approx(by_short_geodesics(hull), abs=1e-5)


def test_holes_and_several_polygons_count_once_however_their_rings_run() -> None:
    outline, hole, island = (
        shapely.box(31, 45, 40, 50),
        shapely.box(33, 46, 34, 47),
        shapely.box(33.2, 46.2, 33.8, 46.8),
    )
    expected = sum(sign * crs.exact_area_km2(part) for sign, part in ((1, outline), (-1, hole), (1, island)))
    drawn_so = shapely.MultiPolygon([outline - hole, island])
    for ground in (drawn_so, shapely.reverse(drawn_so)):
        assert crs.exact_area_km2(ground) == pytest.approx(expected)
        assert crs.geodesic_area_km2(ground) == pytest.approx(expected, rel=0.01)
    assert crs.exact_area_km2(shapely.MultiPolygon()) == crs.geodesic_area_km2(shapely.MultiPolygon()) == 0


def test_geodesics_run_poleward_of_parallels() -> None:
    north_side, south_side = (shapely.Polygon([(30, 0), (40, 0), (40, lat), (30, lat)]) for lat in (50, 49))
    bulges = [crs.geodesic_area_km2(box) - crs.exact_area_km2(box) for box in (north_side, south_side)]
    # Between a parallel and the geodesic of length L lies L³ tan φ ÷ 12 R, for L small against R.
    length = math.radians(10) * 6378.137 * math.cos(math.radians(50))
    assert bulges[0] == pytest.approx(length**3 * math.tan(math.radians(50)) / (12 * 6378.137), rel=0.01)
    belt = shapely.Polygon([(30, 49), (40, 49), (40, 50), (30, 50)])
    assert crs.geodesic_area_km2(belt) - crs.exact_area_km2(belt) == pytest.approx(bulges[0] - bulges[1])


@pytest.mark.shared
def test_real_maps_have_the_area_of_their_edges_cut_into_short_geodesics(shared: Path) -> None:
    archive = open_archive(shared / "archives" / "isw-weekly")
    for ref in archive.refs[::15]:
        layers = [part.polygons for part in read_snapshot(ref).layers if part.layer.actor == "Russia"]
        held = union(repair(np.concatenate(layers)))
        assert crs.exact_area_km2(held) == pytest.approx(by_short_geodesics(held, every=0.001), abs=1e-5)


@pytest.mark.shared
def test_a_map_in_metres_is_drawn_in_degrees_with_its_own_straight_edges(shared: Path) -> None:
    """ISW's zips are in Web Mercator, whose straight edges are none in degrees."""
    (ref,) = open_archive(shared / "archives" / "isw-shapefile-zips").refs
    map_, view = read_snapshot(ref), VIEWS["assessed"]
    degrees = drawn(map_, "Russia", view, "OGC:CRS84", edge_error=1e-11)
    metres = drawn(map_, "Russia", view, "EPSG:6933", edge_error=0.1)
    assert crs.exact_area_km2(degrees) == pytest.approx(shapely.area(metres) / 1e6, abs=1e-3)


def test_neighbouring_maps_of_the_sample_hold_against_both_oracles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `make exact` and `make engines` do with publishers' archives."""
    sample = Path(__file__).parents[1] / "data" / "sample_polygons"
    for day in ("2024-11-10", "2024-11-17"):
        shutil.copy(sample / f"{day}.geojson", tmp_path)
    assert oracles.exact(tmp_path) < oracles.EXACT_KM2
    split = regions.partition_for(
        regions.embedded_regions(target_crs=crs.DEFAULT_CRS), "RU", snap="border", plane=crs.DEFAULT_CRS
    )
    assert oracles.engines(tmp_path, split) < oracles.ENGINES_KM2
    said = capsys.readouterr().out
    assert "4 areas of" in said  # two held, one gained, one lost
    assert "1 by edges" in said
