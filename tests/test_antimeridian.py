"""Ground across the 180th meridian: cut there, as RFC 7946 asks, areas are right; uncut, it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import collection
from oracle import exact_area_km2
from shapely import MultiPolygon, Polygon, box

import frontcalc

Write = Callable[..., Path]
EAST, WEST = box(175, 60, 180, 65), box(-180, 60, -175, 65)
CHUKOTKA = MultiPolygon([EAST, WEST])
AREA = exact_area_km2(CHUKOTKA)


@pytest.fixture
def regions(tmp_path: Path) -> Path:
    path = tmp_path / "regions.geojson"
    shapes = {"Across": [CHUKOTKA], "West of it": [box(165, 60, 175, 65)]}
    path.write_text(json.dumps(collection(shapes, field="name")))
    return path


def test_a_region_cut_at_the_antimeridian_takes_ground_on_both_sides(archive: Write, regions: Path) -> None:
    gained = MultiPolygon([box(170, 61, 180, 63), box(-180, 61, -176, 63), box(-175, 61, -170, 63)])
    maps = archive({"2024-01-01": {"control_map": [None]}, "2024-01-31": {"control_map": [gained]}})
    rows = {
        row.region: row.gained_km2
        for row in frontcalc.diff(
            ["2024-01-01..2024-01-31"], archive=maps, regions=regions, view="control", actor="Russia", snap="none"
        ).rows
    }
    unit = exact_area_km2(box(0, 61, 1, 63))
    assert rows == pytest.approx(
        {"Across": 9 * unit, "West of it": 5 * unit, "unassigned": 5 * unit, "total": 19 * unit}, abs=0.005
    )


def test_check_measures_a_region_on_both_sides(regions: Path) -> None:
    areas = {row.region: row.area_km2 for row in frontcalc.check_regions(regions).rows}
    assert areas == pytest.approx({"Across": AREA, "West of it": AREA}, abs=0.005)


def test_a_polygon_from_minus_180_to_180_is_the_whole_band(tmp_path: Path) -> None:
    path = tmp_path / "band.geojson"
    path.write_text(json.dumps(collection({"Band": [box(-180, -10, 180, 10)]}, field="name")))
    (row,) = frontcalc.check_regions(path).rows
    assert row.area_km2 == pytest.approx(36 * exact_area_km2(box(0, -10, 10, 10)), rel=1e-9)


@pytest.mark.parametrize("uncut", [box(-175, 60, 175, 65), Polygon([(175, 60), (-175, 60), (-175, 65), (175, 65)])])
def test_an_uncut_polygon_is_refused_and_not_measured_round_the_globe(uncut: Polygon, archive: Write) -> None:
    maps = archive({"2024-01-01": {"control_map": [uncut]}, "2024-01-31": {"control_map": [None]}})
    with pytest.raises(frontcalc.DataError) as error:
        frontcalc.diff(["2024-01-01..2024-01-31"], archive=maps, view="control")
    assert str(error.value) == (
        "2024-01-01.geojson: feature 0 has an edge over 350° of longitude; "
        "cut polygons at the antimeridian (RFC 7946), or split the edge"
    )
