"""Borders of coarse regions: what of a change is near them, which figures are marked; and what is left of a region."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import box

import frontcalc
from frontcalc import change, crs, regions
from frontcalc.cache import NOTHING_KEPT
from frontcalc.outputs import render
from frontcalc.regions.snap import border_bands
from frontcalc.run.chain import step_from_bytes, step_to_bytes

Write = Callable[..., Path]
PLANE = "EPSG:6933"
NORTH_30 = float(crs.projector(crs.LONLAT, PLANE)(np.array([[0.0, 30.0]]))[0, 1])


def ground(*boxes: tuple[float, float, float, float]) -> shapely.MultiPolygon:
    """Return boxes given in km east and north of 30° N, 0° E, where the plane shows true kilometres."""
    shapes = (shapely.transform(box(*one), lambda points: 1000 * points + [0, NORTH_30]) for one in boxes)
    return shapely.MultiPolygon(list(shapes))


# Three regions in a row, 40 by 100 km each.
WEST, MIDDLE, EAST = ground(*((x, 0, x + 40, 100) for x in (0, 40, 80))).geoms
LAND = np.array([WEST, MIDDLE, EAST], dtype=object)
COARSE = regions.RegionSet(
    "adm1", ("East", "Middle", "West"), LAND, np.array([2, 1, 0]), LAND, np.array([2, 1, 0]),
    accuracy="1:10m", countries=("XX", "XX", "YY"),
)  # fmt: skip


def near_km2(*gained: tuple[float, float, float, float]) -> dict[str, list[float]]:
    """Return what of boxes gained is near borders of each region and country: on its side and beyond."""
    bands = regions.bands_of(COARSE, PLANE, NOTHING_KEPT, eligible=COARSE.owner)
    assert bands is not None
    step = change.step(shapely.MultiPolygon(), ground(*gained), replace(COARSE, bands=bands))
    kept = step_from_bytes(step_to_bytes(step))
    assert kept.near_km2 is not None
    assert np.array_equal(kept.near_km2, step.near_km2)
    assert np.array_equal(kept.km2, step.km2, equal_nan=True)
    names = [*COARSE.names, "XX", "YY"]
    return {name: kept.near_km2[0, :, row].round(1).tolist() for row, name in enumerate(names)}


def test_what_lies_within_two_kilometres_of_a_border_counts_on_both_sides() -> None:
    # From 10 km west of the border between West and Middle to 1 km east of it, 10 km high.
    found = near_km2((30, 40, 41, 50))
    assert found["West"] == pytest.approx([20, 10], rel=0.02)
    assert found["Middle"] == pytest.approx([10, 20], rel=0.02)
    assert found["East"] == [0, 0]


@pytest.mark.parametrize("ends", [(ground(), ground()), (ground((0, 0, 10, 10)), ground((0, 0, 10, 10)))])
def test_a_step_on_which_nothing_changed_is_kept_whole(ends: tuple[shapely.MultiPolygon, shapely.MultiPolygon]) -> None:
    step = change.step(*ends, COARSE)
    content = step_to_bytes(step)
    assert np.array_equal(step_from_bytes(content).km2, step.km2, equal_nan=True)
    # Of five rows of figures none but the total has any, of an empty map not even that.
    assert len(content) < 300


def test_borders_inside_a_row_of_several_regions_do_not_count() -> None:
    # East and Middle are of one country, West of another.
    found = near_km2((79, 40, 81, 50))
    assert (found["Middle"], found["East"]) == (pytest.approx([10, 10], rel=0.02), pytest.approx([10, 10], rel=0.02))
    assert (found["XX"], found["YY"]) == ([0, 0], [0, 0])
    assert near_km2((39, 40, 41, 50))["XX"] == pytest.approx([10, 10], rel=0.02)


def test_borders_of_regions_that_take_nothing_do_not_count() -> None:
    bands = regions.bands_of(COARSE, PLANE, NOTHING_KEPT, eligible=np.array([0, 1]))
    assert bands is not None
    assert bands[0].split(np.array(list(ground((39, 40, 41, 50)).geoms)))[0][0].sum() == pytest.approx(0)
    assert regions.bands_of(replace(COARSE, accuracy=""), PLANE, NOTHING_KEPT, eligible=COARSE.owner) is None


def test_the_stored_bands_are_those_that_the_script_makes() -> None:
    embedded = regions.embedded_regions(target_crs=PLANE)
    assert embedded.source is not None
    stored = regions.bands_of(embedded, PLANE, NOTHING_KEPT, eligible=embedded.owner)
    assert stored is not None
    pieces, _, _, _ = border_bands(embedded.land, embedded.land_owner, regions.NEAR_KM, PLANE)
    there, here = shapely.area(stored[0].pieces).sum(), shapely.area(pieces).sum()
    assert there == pytest.approx(here, rel=1e-6)
    # The length of the borders by 4 km, less what is near several.
    assert 40_000e6 < there < 48_000e6


def _rows(table: Any) -> dict[str, Any]:
    return {row.region: row for row in table.rows}


def test_a_figure_is_marked_where_much_of_it_is_near_a_border_and_its_range_contains_the_band(archive: Write) -> None:
    # On the border of Donetsk and Luhansk oblasts in the embedded regions: one strip across it, and one far from it.
    maps = archive({"2024-01-01": {None: [(355, 450)]}, "2024-02-01": {None: [(355, 450)]}})
    before, after = (maps / f"2024-0{month}-01.geojson" for month in (1, 2))
    for path, shape in (
        (before, box(37.0, 47.6, 37.1, 47.7)),
        (after, shapely.MultiPolygon([box(37.0, 47.6, 37.1, 47.7), box(38.0, 48.3, 38.9, 48.5)])),
    ):
        feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(shape)}
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    table = frontcalc.diff(["2024-01-01..2024-02-01"], archive=maps, actor=None, with_range=True)
    rows = _rows(table)
    for name in ("Donetsk", "Luhansk"):
        row = rows[name]
        assert row.border_km2 > 0.1 * row.net_km2 > 0
        assert ("u" in row.flags, "BORDER" in row.notes.split()) == (True, True)
        assert row.net_min_km2 < row.net_km2 - 10
        assert row.net_max_km2 > row.net_km2 + 10
    assert (rows["Kherson"].border_km2, rows["Kherson"].flags) == (0, "")
    assert (rows["total"].border_km2, rows["total"].flags) == (None, "")
    assert rows["unassigned"].border_km2 is None
    text = render(table, "table").decode()
    assert "\nu: border rough (frontcalc regions fetch UA adm1 --use mends it)\n" in text
    assert " u  near a border in Donetsk and 1 more, so much of it may be the neighbour's\n" in text
    line = next(line for line in text.splitlines() if line.startswith("Donetsk"))
    assert line.split()[4] == "u"
    # Of regions that a file draws, no border is rough, and a range without width is none.
    alone = frontcalc.diff(["2024-01-01..2024-02-01"], archive=maps, by="none", with_range=True)
    assert alone.rows[0].border_km2 is None


@pytest.mark.parametrize("snap", ["border", "none"])
def test_what_is_held_and_what_is_not_are_the_area_of_a_region(snap: str, archive: Write, region_file: Write) -> None:
    maps = archive({"2023-12-31": {None: [(300, 40)]}, "2024-12-31": {None: [(300, 40), (301, 40), (302, 40)]}})
    drawn = region_file({"Whole": [(300, 40)], "Part": [(301, 40), (301, 41)], "None": [(301, 42)]})
    asked: Any = {"archive": maps, "regions": drawn, "snap": snap}
    diff, year = frontcalc.diff(["2024"], **asked), frontcalc.summary(since="2024", **asked)
    held = frontcalc.held(["2024-12-31"], **asked)
    for rows, name in ((_rows(diff), "closing_km2"), (_rows(year), "closing_km2"), (_rows(held), "held_km2")):
        for region in ("Whole", "Part", "None"):
            row = rows[region]
            assert getattr(row, name) + row.not_held_km2 == pytest.approx(row.region_km2)
        # The land as drawn is what can be left: a strip of sea that is held and snapped is none of it.
        assert [rows[name].not_held_km2 for name in ("Whole", "Part", "None")] == pytest.approx([0, 100, 100], abs=1e-6)
        for region in ("unassigned", "total"):
            assert (rows[region].region_km2, rows[region].not_held_km2) == (None, None)
    for row in year.rows[:-2]:
        assert row.share_of_region_pct == pytest.approx(100 * row.closing_km2 / row.region_km2)
        assert row.share_of_region_pct <= 100
    cells = list(csv.DictReader(io.StringIO(render(diff, "csv").decode())))
    part = next(row for row in cells if row["region"] == "Part")
    assert float(part["closing_km2"]) + float(part["not_held_km2"]) == pytest.approx(
        float(part["region_km2"]), abs=0.002
    )


def test_regions_of_an_actors_own_country_have_no_area_that_could_be_left() -> None:
    rows = _rows(frontcalc.diff(["2024"]))
    assert (rows["Belgorod"].region_km2, rows["Belgorod"].not_held_km2) == (None, None)
    assert rows["Donetsk"].region_km2 > 26_000
