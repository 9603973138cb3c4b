"""Suspected redefinitions: large parts of a change that came about at once and that no front explains."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

import frontcalc
from frontcalc.change import large_parts
from frontcalc.outliers import highest_usual
from frontcalc.run.suspicions import usual_km2
from frontcalc.tables import Table

Write = Callable[..., Path]
Squares = list[tuple[int, int]]
FIRST = dt.date(2024, 1, 7)
FIELD = [(300 + x, 40 + y) for x in range(4) for y in range(4)]
BAY = (320, 40)
ADVANCES = [(310 + week, 40) for week in range(30)]


def said(result: Table[Any, Any]) -> list[str]:
    return [notice.message for notice in result.meta.notices if notice.code == "REDEFINITION"]


def weeks(maps: list[Squares]) -> dict[str, dict[str, Squares]]:
    """Return maps a week apart, the first of 7 January 2024."""
    return {
        (FIRST + dt.timedelta(days=7 * week)).isoformat(): {"control_map": squares, "russian_advances": [None]}
        for week, squares in enumerate(maps)
    }


def advancing(count: int, *, bay_on: Callable[[int], bool]) -> dict[str, dict[str, Squares]]:
    """Return maps on which a square a week is taken, and a bay is held in some weeks."""
    return weeks([[*FIELD, *ADVANCES[:week], *([(300, 60)] if bay_on(week) else [])] for week in range(count)])


def test_a_part_that_is_back_within_four_maps_is_named_with_place_size_and_step(archive: Write) -> None:
    maps = archive(advancing(10, bay_on=lambda week: week != 4))
    result = frontcalc.series(archive=maps)
    (gone, *_) = said(result)
    assert gone.startswith("lost 100.0 km² at once between the maps of 2024-01-28 and 2024-02-04, at longitude 31.")
    assert gone.endswith("100 % of it is back on the map of 2024-02-11; the figures count it")
    assert "REDEFINITION" in next(row.notes for row in result.rows if row.date == dt.date(2024, 2, 4))
    # The totals are whole, and the period that ends before it is back says the same.
    (row,) = frontcalc.diff(["2024-01-07..2024-02-04"], archive=maps).rows
    assert row.lost_km2 == pytest.approx(100)
    assert said(frontcalc.diff(["2024-01-07..2024-02-04"], archive=maps)) == [gone]


def test_what_comes_back_after_more_than_four_maps_is_not_named(archive: Write) -> None:
    maps = archive(advancing(10, bay_on=lambda week: week < 3 or week > 7))
    assert said(frontcalc.series(archive=maps)) == []


def test_a_bay_on_no_land_is_found_inside_a_long_period(archive: Write, region_file: Write) -> None:
    maps = archive(advancing(20, bay_on=lambda week: week < 11))
    regions = region_file({"Land": [*FIELD, *ADVANCES]})
    result = frontcalc.diff(["2024"], archive=maps, regions=regions, snap="none")
    (gone,) = said(result)
    assert gone.startswith("lost 100.0 km² at once between the maps of 2024-03-17 and 2024-03-24, off Land at")
    assert "100 % of it lies on no land of regions.geojson" in gone
    notes = {row.region: row.notes.split() for row in result.rows}
    assert ["REDEFINITION" in notes[name] for name in ("Land", "unassigned", "total")] == [False, True, True]
    # No figure rests on the maps between, so they are not among those used.
    assert [file.name for file in result.meta.files] == ["2024-01-07.geojson", "2024-05-19.geojson"]
    assert said(frontcalc.diff(["2024"], archive=maps, regions=regions, snap="none", only="Land")) == []


def test_a_broken_map_between_is_passed_over(archive: Write, region_file: Write) -> None:
    maps = archive(advancing(20, bay_on=lambda week: week < 11))
    regions = region_file({"Land": [*FIELD, *ADVANCES]})
    (maps / "2024-03-17.geojson").write_text("{")
    (gone,) = said(frontcalc.diff(["2024"], archive=maps, regions=regions, snap="none"))
    assert "between the maps of 2024-03-10 and 2024-03-24" in gone


def test_what_changed_bit_by_bit_is_no_redefinition(archive: Write, region_file: Write) -> None:
    # Ten squares in a row at sea, one a week: one part of 1,000 km² in the end.
    maps = archive(weeks([[*FIELD, *((340 + step, 40) for step in range(week))] for week in range(11)]))
    regions = region_file({"Land": FIELD})
    assert said(frontcalc.diff(["2024"], archive=maps, regions=regions, snap="none")) == []


def test_a_part_far_beyond_the_usual_is_named(archive: Write) -> None:
    # A square a week is usual: up to four of them. Six at once, and there to stay, are not.
    six = [(300 + x, 60 + y) for x in range(3) for y in range(2)]
    maps = archive(weeks([[*FIELD, *ADVANCES[:week], *(six if week > 9 else [])] for week in range(20)]))
    (jump,) = said(frontcalc.series(archive=maps))
    assert jump.startswith("gained 600.0 km² at once between the maps of 2024-03-10 and 2024-03-17")
    assert "whole steps around it usually change 400.0 km² at most" in jump
    three = archive(
        weeks([[*FIELD, *ADVANCES[:week], *(six[:3] if week > 9 else [])] for week in range(20)]), name="three"
    )
    assert said(frontcalc.series(archive=three)) == []


def test_gross_figures_name_what_came_and_went_inside_the_period(archive: Write) -> None:
    maps = archive(advancing(10, bay_on=lambda week: week == 4))
    assert said(frontcalc.summary(archive=maps)) == []
    came, *_ = said(frontcalc.summary(archive=maps, gross=True))
    assert came.startswith("gained 100.0 km² at once between the maps of 2024-01-28 and 2024-02-04")


def test_parts_are_large_from_50_km2_whole() -> None:
    # Faces of 30 km² that share a side are one part of 60 km².
    faces = [shapely.box(0, 0, 6e3, 5e3), shapely.box(6e3, 0, 12e3, 5e3), shapely.box(0, 1e5, 6e3, 1.05e5)]
    (large,) = large_parts(np.array(faces, dtype=object))
    assert large.area == pytest.approx(60e6)
    assert len(large_parts(np.empty(0, dtype=object))) == 0


def test_the_largest_part_comes_first_in_whatever_order_they_are_drawn() -> None:
    parts = [shapely.box(n * 20e3, 0, n * 20e3 + 10e3, height * 1e3) for n, height in enumerate([7, 9, 6, 8])]
    for turned in (parts, parts[::-1]):
        found = large_parts(np.array(turned, dtype=object))
        assert shapely.area(found).tolist() == pytest.approx([90e6, 80e6, 70e6, 60e6])


def test_what_is_usual_by_hand() -> None:
    # Median 3, deviations 2, 1, 0, 1, 7: MAD 1, scale 1 ÷ 0.6745.
    rates = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    assert highest_usual(rates, 0) == pytest.approx(3 + 3 / 0.6745)
    assert highest_usual(rates, 5) == pytest.approx(3 + 3 * 5)
    assert usual_km2(np.append(rates, 3.0), 7) == pytest.approx(7 * (3 + 3 * 3))
    assert usual_km2(rates, 7) is None
