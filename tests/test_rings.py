"""Rings of one polygon: which are outlines, which are holes, and what can be neither."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely

import frontcalc
from frontcalc.errors import DataError
from frontcalc.read import read_content
from frontcalc.read.formats import features_from_wkb
from frontcalc.snapshots.omissions import notices_of

Write = Callable[..., Path]
Ring = list[list[float]]


def cw(west: float, south: float, side: float) -> Ring:
    """Return a square that runs clockwise, as Esri's outlines do."""
    east, north = west + side, south + side
    return [[west, south], [west, north], [east, north], [east, south], [west, south]]


def ccw(west: float, south: float, side: float) -> Ring:
    """Return a square that runs counter-clockwise, as outlines do by RFC 7946."""
    return cw(west, south, side)[::-1]


def area(*polygons: list[Ring], kind: str = "") -> float:
    """Return the area (square degrees) that GeoJSON of these polygons, each a list of rings, is read as."""
    geometry = {"type": "MultiPolygon", "coordinates": list(polygons)}
    if len(polygons) == 1 and not kind:
        geometry = {"type": "Polygon", "coordinates": polygons[0]}
    read = read_content(json.dumps(geometry).encode(), where="map.json")
    assert read.owner.tolist() == [0] * len(read.polygons)
    mended = shapely.make_valid(read.polygons, method="structure")
    return round(float(shapely.area(shapely.union_all(mended))), 6)


@pytest.mark.parametrize(
    ("rings", "expected"),
    [
        ([cw(0, 0, 4), ccw(1, 1, 2), cw(1.5, 1.5, 1)], 16 - 4 + 1),
        ([cw(0, 0, 4), cw(1.5, 1.5, 1), ccw(1, 1, 2)], 16 - 4 + 1),
        ([cw(0, 0, 1), cw(1, 0, 1)], 2),
        ([cw(0, 0, 1), cw(5, 0, 1), ccw(5.25, 0.25, 0.5)], 2 - 0.25),
        ([cw(0, 0, 1), cw(9, 9, 4), cw(10, 10, 1)], 1 + 16 - 1),
        ([cw(0, 0, 4), cw(1, 1, 1)], 16 - 1),
        ([cw(0, 0, 8), ccw(1, 1, 6), cw(2, 2, 4), cw(3, 3, 2)], 64 - 36 + 16 - 4),
        ([cw(0, 0, 4), cw(1, 1, 1), cw(6, 0, 1)], 16 - 1 + 1),
        ([ccw(0, 0, 4), cw(1, 1, 1)], 16 - 1),
        ([ccw(0, 0, 4), ccw(1, 1, 1)], 16 - 1),
        ([ccw(0, 0, 4), cw(1, 1, 1), cw(2, 1, 1)], 16 - 2),
        ([ccw(0, 0, 4), cw(0, 1, 1)], 16 - 1),
        ([ccw(0, 0, 4), cw(-0.001, 1, 1)], 16 - 0.999),
        ([cw(0, 0, 4), cw(-0.001, 1, 1)], 16 - 0.999),
    ],
    ids=[
        "an island in a hole", "the same in another order", "neighbours", "the second outline has a hole",
        "the second outline has a clockwise hole", "a clockwise hole", "a hole in an island in a hole",
        "a clockwise hole, and an outline", "a hole", "a hole that runs as its outline does", "holes that touch",
        "a hole that touches its outline", "a hole that stands out by a hair", "a clockwise one that does",
    ],
)  # fmt: skip
def test_rings_by_the_direction_of_the_first(rings: list[Ring], expected: float) -> None:
    assert area(rings) == pytest.approx(expected, abs=1e-6)
    assert area([cw(50, 50, 1)], rings) == pytest.approx(expected + 1, abs=1e-6)


@pytest.mark.parametrize(
    ("rings", "fault"),
    [
        ([ccw(0, 0, 1), ccw(9, 0, 1)], r"has a hole outside its outline \(ring 2\)"),
        ([ccw(0, 0, 1), cw(1, 0, 1)], r"has a hole outside its outline \(ring 2\)"),
        ([ccw(1, 1, 1), cw(0, 0, 4)], r"has a hole outside its outline \(ring 2\)"),
        ([ccw(0, 0, 4), cw(1, 1, 2), ccw(1.5, 1.5, 1)], r"has a hole inside another hole \(ring 3\)"),
        ([ccw(0, 0, 4), cw(0, 0, 4)], r"has a hole that is all of its outline \(ring 2\)"),
        ([cw(0, 0, 4), cw(0, 0, 4)], r"has a hole that is all of its outline \(ring 2\)"),
        ([cw(0, 0, 4), ccw(1, 1, 2), cw(1, 1, 2)], r"has an outline that is all of the hole around it \(ring 3\)"),
        ([cw(0, 0, 1), ccw(9, 0, 1)], r"has a hole \(a counter-clockwise ring\) in no outline \(ring 2\)"),
        ([cw(0, 0, 4), cw(3, 0, 2)], r"has a ring that crosses an outline, and may be outline or hole \(ring 2\)"),
    ],
)
def test_what_is_neither_outline_nor_hole_is_refused_by_feature_and_ring(rings: list[Ring], fault: str) -> None:
    for polygons in ([rings], [[cw(50, 50, 1)], rings]):
        with pytest.raises(DataError, match=f"^map.json: feature 0 {fault}, at ") as caught:
            area(*polygons)
        assert caught.value.code == "BROKEN-RING"


def test_a_hole_outside_is_refused_in_binary_formats_too() -> None:
    outside = shapely.Polygon(ccw(0, 0, 1), [cw(9, 0, 1)])
    with pytest.raises(DataError, match="feature 0 has a hole outside its outline"):
        features_from_wkb([outside.wkb], [{}], "OGC:CRS84", cure="")


def test_a_collection_in_a_collection_loses_no_polygon() -> None:
    once = shapely.GeometryCollection([shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])])
    assert len(features_from_wkb([once.wkb], [{}], "OGC:CRS84", cure="").polygons) == 1
    twice = shapely.GeometryCollection([once])
    with pytest.raises(DataError, match="feature 0 has a collection of geometries in another, in a third"):
        features_from_wkb([twice.wkb], [{}], "OGC:CRS84", cure="")


def test_rings_in_their_thousands_over_one_another_are_refused() -> None:
    rings = [ccw(0, 0, 1), *[cw(0.2, 0.2, 0.2)] * 3000]
    with pytest.raises(DataError, match="more than 5,000,000 pairs of its pieces lie over one another"):
        area(rings)


def held(archive: Write, *polygons: list[Ring], cache: Path) -> Any:
    geometry = shapely.geometry.shape({"type": "MultiPolygon", "coordinates": polygons})
    maps = archive({"2024-01-01": {None: [geometry]}})
    return frontcalc.held("2024-01-01", archive=maps, by="none", cache=cache)


def test_a_polygon_inside_another_counts_and_is_said(archive: Write, tmp_path: Path) -> None:
    for _ in "cold", "warm":
        result = held(archive, [cw(10, 0, 1)], [cw(10.25, 0.25, 0.5)], cache=tmp_path / "cache")
        assert result.rows[-1].held_km2 == pytest.approx(12_309, abs=1)
        (said,) = [notice for notice in result.meta.notices if notice.code == "NESTED"]
        # A quarter of the square, as nearly as one on the equator is flat.
        assert said.message.startswith("2024-01-01.geojson: 3,077.")


@pytest.mark.parametrize(
    "polygons",
    [
        [[cw(0, 0, 4), ccw(1, 1, 2)], [cw(1.5, 1.5, 1)]],
        [[cw(0, 0, 4)], [cw(4, 0, 4)]],
        [[cw(0, 0, 4)], [cw(3, 0, 4)]],
        [[cw(0, 0, 4)], [cw(1, 1, 0.0005)]],
    ],
    ids=["an island in a hole", "neighbours", "an overlap", "a speck"],
)
def test_what_is_not_inside_another_is_not_said(polygons: list[list[Ring]]) -> None:
    geometry = {"type": "MultiPolygon", "coordinates": polygons}
    assert not notices_of(read_content(json.dumps(geometry).encode(), where="map.json"), where="map.json")


LOOP = [*cw(10, 0, 1), *cw(10.25, 0.25, 0.5), [10, 0]]
"""A square that its ring goes round once, and a quarter of it, in the middle, twice."""


def test_two_ways_of_repair_that_differ_are_said_whatever_the_workers_and_the_cache(
    archive: Write, tmp_path: Path
) -> None:
    once, twice = [shapely.Polygon(cw(10, 0, 1))], [shapely.Polygon(LOOP)]
    maps = archive({"2024-01-01": {None: once}, "2024-01-02": {None: twice}, "2024-01-03": {None: once}})
    kept: dict[str, Any] = {"cache": tmp_path / "cache"}
    for options in (kept, kept, {"cache": "none"}, {"cache": "none", "workers": 2, "processes": True}):
        result = frontcalc.series(archive=maps, by="none", **options)
        said = [notice.message for notice in result.meta.notices if notice.code == "REPAIRS-DIFFER"]
        assert len(said) == 1
        assert said[0].startswith("2024-01-02.geojson: two ways of repairing its polygons differ by 3,077.")
    assert {round(row.held_km2 or 0) for row in result.rows} == {12_308}


def test_nothing_to_do_is_not_said_of_repairs_that_differ(archive: Write) -> None:
    bow_tie = shapely.Polygon([(20, 0), (21, 1), (21, 0), (20, 1)])
    maps = archive({"2024-01-01": {"control_map": [shapely.Polygon(LOOP), bow_tie]}})
    by_code = {row.code: row for row in frontcalc.check_archive(archive=maps).rows}
    doubtful, harmless = by_code["REPAIRS-DIFFER"], by_code["INVALID-RING"]
    assert (doubtful.severity, doubtful.count, harmless.count) == ("warning", 1, 1)
    assert doubtful.km2 == pytest.approx(3077, abs=1)
    assert "nothing to do" not in doubtful.message
