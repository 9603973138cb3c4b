"""Areas are those of the ellipsoid: hand-made squares, and the exact integral as oracle."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from conftest import square
from hypothesis import given
from hypothesis import strategies as st
from oracle import exact_area_km2

from frontcalc import crs, geometry
from frontcalc.errors import DataError, UsageError
from frontcalc.slivers import mean_widths_m
from frontcalc.snapshots import to_equal_area

EQUAL_AREA = ["EPSG:6933", "+proj=laea +lat_0=48 +lon_0=35 +datum=WGS84", "ESRI:54034", "EPSG:3035"]
UKRAINE = (31.0, 44.0, 41.0, 53.0)


def projected_km2(polygon: shapely.Polygon, target: str = "EPSG:6933") -> float:
    return float(geometry.area_km2(to_equal_area(np.array([polygon]), crs.LONLAT, target)).sum())


def test_a_ten_km_square_is_100_km2() -> None:
    assert projected_km2(square(300, 40)) == pytest.approx(100.0, abs=1e-6)


@pytest.mark.parametrize("target", EQUAL_AREA)
def test_long_edges_are_straight_in_longitude_and_latitude(target: str) -> None:
    triangle = shapely.Polygon([(31, 45), (40, 46), (35, 52)])
    assert projected_km2(triangle, target) == pytest.approx(exact_area_km2(triangle), abs=0.005)


def test_without_splitting_edges_the_area_would_be_wrong() -> None:
    triangle = shapely.Polygon([(31, 45), (40, 46), (35, 52)])
    project = crs.projector(crs.LONLAT, "EPSG:6933")
    unsplit = geometry.project_polygons(np.array([triangle]), project, edge_error=1e18)
    assert abs(geometry.area_km2(unsplit).sum() - exact_area_km2(triangle)) > 100


@given(
    st.lists(
        st.tuples(st.floats(31, 40, allow_subnormal=False), st.floats(44, 52, allow_subnormal=False)),
        min_size=3,
        max_size=12,
    )
)
def test_any_polygon_has_its_ellipsoidal_area(points: list[tuple[float, float]]) -> None:
    hull = shapely.MultiPoint(points).convex_hull
    if isinstance(hull, shapely.Polygon):
        assert projected_km2(hull) == pytest.approx(exact_area_km2(hull), abs=0.002)


def test_neighbours_stay_neighbours_when_edges_are_split() -> None:
    """A border drawn in opposite directions gets the very same new vertices on both sides."""
    west = shapely.Polygon([(31, 45), (35.123, 45.7), (36.9, 51.3), (31, 51)])
    east = shapely.Polygon([(36.9, 51.3), (35.123, 45.7), (40, 45), (40, 51)])
    both = to_equal_area(np.array([west, east]), crs.LONLAT, "EPSG:6933")
    assert shapely.coverage_is_valid(both)
    assert min(shapely.get_num_coordinates(both)) > 10


@pytest.mark.parametrize("target", EQUAL_AREA)
def test_equal_area_projections_are_proved(target: str) -> None:
    crs.prove_equal_area(target, UKRAINE)
    assert max(map(abs, crs.area_distortion(target, UKRAINE))) < 1e-9


@pytest.mark.parametrize(
    ("target", "distortion"),
    [
        ("EPSG:3857", "+93.4"),
        ("EPSG:32637", "+0.9"),
        ("+proj=cea +R=6371000", "-0.407"),
        ("EPSG:4326", "-100"),
        ("+proj=cea +datum=WGS84 +units=us-ft", "+976"),
    ],
)
def test_projections_that_distort_are_refused_with_the_distortion_and_two_that_work(
    target: str, distortion: str
) -> None:
    with pytest.raises(UsageError) as caught:
        crs.prove_equal_area(target, UKRAINE)
    message = str(caught.value)
    assert distortion in message
    first, second = message.split("use ")[1].split(" or ")
    for suggestion in (first, second):
        assert max(map(abs, crs.area_distortion(suggestion.strip("'"), UKRAINE))) < 1e-9


def test_one_point_is_projected_as_it_is_among_others() -> None:
    project = crs.projector(crs.LONLAT, "EPSG:6933")
    both = project(np.array([[31.5, 47.5], [36.0, 50.0]]))
    alone = project(np.array([[31.5, 47.5]]))
    assert alone.shape == (1, 2)
    assert alone[0].tolist() == both[0].tolist()


def test_an_unknown_crs_is_refused() -> None:
    with pytest.raises(UsageError, match="no CRS that is known"):
        crs.prove_equal_area("EPSG:999999", UKRAINE)


def test_a_declared_crs_is_honoured() -> None:
    in_degrees = square(300, 40)
    in_metres = shapely.transform(in_degrees, crs.projector(crs.LONLAT, "EPSG:3857"))
    area = geometry.area_km2(to_equal_area(np.array([in_metres]), "EPSG:3857", "EPSG:6933")).sum()
    assert area == pytest.approx(100.0, abs=1e-6)
    assert crs.source_crs("urn:ogc:def:crs:EPSG::4326") == crs.LONLAT
    with pytest.raises(DataError, match="unknown"):
        crs.source_crs("EPSG:999999")


@pytest.mark.parametrize("box", [(0, 89.9, 10, 90), (-180, 80, 180, 90), (0, -90, 10, -89), (-180, -90, 180, 90)])
def test_areas_at_the_poles_are_those_of_the_ellipsoid(box: tuple[float, float, float, float]) -> None:
    crs.prove_equal_area(crs.DEFAULT_CRS, box)
    drawn = np.array([shapely.box(*box)])
    projected = geometry.project_polygons(drawn, crs.projector(crs.LONLAT, crs.DEFAULT_CRS))
    assert geometry.area_km2(projected).sum() == pytest.approx(crs.exact_area_km2(drawn), abs=0.002, rel=1e-11)


def test_an_outline_around_the_pole_is_refused_where_the_projection_is_torn() -> None:
    around = np.array([shapely.box(-5e5, -5e5, 5e5, 5e5)])
    with pytest.raises(DataError, match=r"an edge crosses the edge of the projection, at .*; choose --crs EPSG:6931"):
        geometry.project_polygons(around, crs.projector("EPSG:6931", crs.DEFAULT_CRS))
    whole = geometry.project_polygons(around, crs.projector("EPSG:6931", "EPSG:6931"))
    assert geometry.area_km2(whole).sum() == pytest.approx(1_000_000)


def test_a_strip_that_rounding_puts_beyond_the_pole_has_no_width() -> None:
    top = crs.projector(crs.LONLAT, crs.DEFAULT_CRS)(np.array([[0.0, 90.0]]))[0, 1]
    beyond = np.array([shapely.box(0, top - 1, 100, top + 0.01)])
    assert mean_widths_m(beyond, crs.DEFAULT_CRS).tolist() == [0.0]


@pytest.mark.parametrize(("lat", "width_deg"), [(85.0, 0.1), (-85.0, 0.01)])
def test_a_belt_around_the_pole_is_as_wide_as_it_is(lat: float, width_deg: float) -> None:
    plane = "EPSG:6931" if lat > 0 else "EPSG:6932"
    around = np.arange(-180, 181, 1.0)
    rings = [np.column_stack([around, np.full(len(around), of)]) for of in (lat, lat + np.sign(lat) * width_deg)]
    belt = shapely.transform(shapely.Polygon(rings[0], [rings[1]]), crs.projector(crs.LONLAT, plane))
    assert mean_widths_m(np.array([belt]), plane)[0] == pytest.approx(width_deg * 111_690, rel=0.01)


def test_a_part_across_the_antimeridian_is_as_wide_as_beside_it() -> None:
    beside = shapely.box(170.0, 60.0, 170.2, 60.1)
    across = shapely.transform(beside, lambda points: (points + np.array([189.9, 0])) % 360 - [180, 0])
    plane = "EPSG:6931"
    widths_m = mean_widths_m(shapely.transform(np.array([beside, across]), crs.projector(crs.LONLAT, plane)), plane)
    assert widths_m[0] == pytest.approx(widths_m[1], rel=1e-9) == pytest.approx(5_570, rel=0.02)


def test_zero_with_a_sign_is_the_same_place() -> None:
    ring = shapely.Polygon([(0.0, 5e5), (1e5, 5e5), (1e5, 6e5), (-0.0, 5e5)])
    assert shapely.transform(ring, crs.projector("EPSG:6931", crs.LONLAT)).exterior.is_closed
