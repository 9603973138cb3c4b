"""Gross change over steps, and slivers by their width on the ground."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

import frontcalc
from frontcalc import crs, geometry
from frontcalc.change import GAINED, GAINED_SLIVER, LOST_SLIVER, Change, step, total
from frontcalc.regions import no_regions
from frontcalc.run.run import Run
from frontcalc.slivers import mean_widths_m
from frontcalc.states import State

CRS = "EPSG:6933"
SQUARES = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8)


def ground(squares: set[tuple[int, int]]) -> shapely.MultiPolygon:
    """Return squares of 10 km in metres of the projection."""
    boxes = [shapely.box(x * 1e4, y * 1e4, (x + 1) * 1e4, (y + 1) * 1e4) for x, y in sorted(squares)]
    return geometry.union(np.array(boxes, dtype=object))


def gross_step(before: shapely.MultiPolygon, after: shapely.MultiPolygon, *, sliver_m: float = 100) -> Change:
    """Return what the step from one map to another adds."""
    return step(before, after, no_regions(), slivers=(sliver_m, CRS))


def strip(latitude: float, *, east: float, north: float) -> shapely.Polygon:
    """Return a rectangle of so many degrees in the projection."""
    corners = np.array([(30.0, latitude), (30 + east, latitude), (30 + east, latitude + north), (30, latitude + north)])
    return shapely.Polygon(crs.projector(crs.LONLAT, CRS)(corners))


@pytest.mark.parametrize("latitude", [-60.0, 0.0, 30.0, 48.0, 70.0])
@pytest.mark.parametrize(("east", "north"), [(0.1, 0.001), (0.001, 0.1), (0.1, 0.1)])
def test_widths_are_those_on_the_ellipsoid_wherever_and_whichever_way_a_strip_lies(
    latitude: float, east: float, north: float
) -> None:
    drawn = shapely.box(30, latitude, 30 + east, latitude + north)
    area, perimeter = Geod(ellps="WGS84").geometry_area_perimeter(drawn)
    (width,) = mean_widths_m(np.array([strip(latitude, east=east, north=north)], dtype=object), CRS)
    assert width == pytest.approx(2 * abs(area) / perimeter, rel=0.002)


def test_slivers_are_parts_below_the_width_and_count_in_the_gross_figures_too() -> None:
    # On the equator of the projection a metre north is 0.87 m drawn and a metre east 1.15 m.
    before = shapely.MultiPolygon([shapely.box(0, 0, 1e4, 1e4)])
    thin, wide = shapely.box(0, 2e4, 1e4, 2e4 + 50), shapely.box(0, 3e4, 1e4, 3e4 + 500)
    measured = gross_step(before, shapely.MultiPolygon([*before.geoms, thin, wide]), sliver_m=100)
    assert measured.gained_km2[-1] == pytest.approx(0.5 + 5.0)
    assert measured.km2[GAINED_SLIVER, 0, -1] == pytest.approx(0.5)
    assert measured.lost_km2[-1] == measured.km2[LOST_SLIVER, 0, -1] == 0


def test_a_width_of_zero_makes_no_sliver() -> None:
    none = shapely.MultiPolygon()
    measured = gross_step(none, ground({(0, 0)}), sliver_m=0)
    assert (measured.gained_km2[-1], measured.km2[GAINED_SLIVER, 0, -1]) == (pytest.approx(100), 0)


@given(st.lists(SQUARES, min_size=2, max_size=5))
def test_laws_of_sums_over_steps(maps: list[set[tuple[int, int]]]) -> None:
    grounds = [ground(squares) for squares in maps]
    whole = step(grounds[0], grounds[-1], no_regions())
    gross = total([gross_step(one, other, sliver_m=100) for one, other in pairwise(grounds)])
    assert gross.gained_km2 - gross.lost_km2 == pytest.approx(whole.gained_km2 - whole.lost_km2, abs=1e-9)
    assert (whole.gained_km2 <= gross.gained_km2 + 1e-9).all()
    assert (whole.lost_km2 <= gross.lost_km2 + 1e-9).all()
    assert (gross.km2[GAINED_SLIVER, 0] <= gross.gained_km2).all()
    # By hand: every square that was not there on the map before.
    assert gross.gained_km2[-1] == pytest.approx(100 * sum(len(new - old) for old, new in pairwise(maps)))


def test_sums_are_rounded_once() -> None:
    part = gross_step(shapely.MultiPolygon(), ground({(0, 0)}), sliver_m=0)
    tenth = replace(part, km2=np.full_like(part.km2, 0.1))
    assert total([tenth] * 10).km2[GAINED].tolist() == [[math.fsum([0.1] * 10)] * 2] * 2 == [[1.0] * 2] * 2


def test_workers_measure_the_steps_of_all_periods_before_they_are_looked_up(
    archive: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    maps = {f"{year}-{month}-01": {None: [(300, 40)]} for year in (2023, 2024) for month in ("03", "09")}
    sent: list[date] = []

    def measured_ahead(run: Run, actor: str, before: State | None, days: list[date], what: str) -> Iterator[date]:
        assert before is None
        sent.extend(days)
        yield from days

    monkeypatch.setattr(Run, "ahead", measured_ahead)
    table = frontcalc.summary(every="year", gross=True, archive=archive(maps))
    assert [*map(str, sent)] == ["2023-03-01", "2023-09-01", "2024-03-01", "2024-09-01"]
    assert [row.steps for row in table.rows if row.level == "total"] == [1, 2]
