"""The publishers' real archives against independent figures."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

import frontcalc
from frontcalc import change, geometry
from frontcalc.archives import open_archive
from frontcalc.crs import exact_area_km2
from frontcalc.run.chain import ground_of
from frontcalc.snapshots import Snapshot, holding, read_snapshot
from frontcalc.states import States
from frontcalc.views import VIEWS

pytestmark = pytest.mark.shared

ARCHIVES = ["isw-weekly", "deepstate-daily", "nzz-daily", "isw-raw-daily"]
OTHERS = {"deepstate-daily": 36, "isw-raw-daily": 16, "nzz-daily": 27}  # changes that are expected
DROPPED = (date(2023, 7, 23), date(2023, 7, 30))
SYVASH_EMBEDDED = {"Crimea": 8.4, "Kherson": 29.35, "unassigned": 185.05}
SYVASH_FILE = {"Crimea": 22.75, "Kherson": 40.65, "unassigned": 159.45}
Rows = list[dict[str, str]]


def table(path: Path) -> Rows:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def check_changes(shared: Path, archive: str, expected: Rows) -> int:
    """Compare every expected row, and that the rows it leaves out have no change; return how many there are."""
    wanted: dict[tuple[str, str], dict[str, str]] = {(row["period"], row["region"]): row for row in expected}
    periods = list(dict.fromkeys(row["period"] for row in expected))
    regions = shared / "regions" / "ukraine-oblasts.geojson"
    found = 0
    for row in frontcalc.diff(periods, archive=shared / "archives" / archive, regions=regions, snap="none").rows:
        figures = (row.gained_km2, row.lost_km2, row.net_km2)
        row_expected = wanted.get((row.period, row.region))
        if row_expected is None:
            assert figures == pytest.approx((0, 0, 0), abs=0.01), row
            continue
        found += 1
        assert (str(row.opening), str(row.closing)) == (row_expected["opening"], row_expected["closing"])
        assert figures == pytest.approx([float(row_expected[name]) for name in ("gained", "lost", "net")], abs=0.01)
        if row.region == "total" and "opening_km2" in row_expected:
            areas = [float(row_expected["opening_km2"]), float(row_expected["closing_km2"])]
            assert (row.opening_km2, row.closing_km2) == pytest.approx(areas, abs=0.01)
    return found


def test_expected_changes_of_isw_weekly(shared: Path) -> None:
    expected = table(shared / "expected" / "isw-weekly-changes.csv")
    assert check_changes(shared, "isw-weekly", expected) == len(expected) == 70


@pytest.mark.thorough(but=["nzz-daily"])
@pytest.mark.parametrize(("name", "count"), OTHERS.items(), ids=OTHERS)
def test_expected_changes_of_the_other_archives(name: str, count: int, shared: Path) -> None:
    rows = [row for row in table(shared / "expected" / "other-changes.csv") if row["archive"] == name]
    assert check_changes(shared, name, rows) == len(rows) == count


@pytest.mark.thorough(but=["9"])
@pytest.mark.parametrize("every", [9, 1])
def test_expected_areas_of_maps_of_isw_weekly(every: int, shared: Path) -> None:
    whole = table(shared / "expected" / "isw-weekly-areas.csv")
    assert len(whole) == 150
    expected = whole[::-every]
    folder = shared / "archives" / "isw-weekly"
    dates = [row["date"] for row in expected]
    measured: dict[str, dict[str, float]] = defaultdict(dict)
    assessed = frontcalc.held(dates, archive=folder, by="none")
    for row, share in zip(assessed.rows, assessed.meta.layer_shares, strict=True):
        roles = dict(share.role_km2)
        measured[str(row.date)] = {
            "held_km2": row.held_km2 or 0.0,
            "control_km2": roles["control"],
            "advances_km2": roles.get("advance", 0.0),
        }
    for row in frontcalc.held(dates, archive=folder, actor="Ukraine", by="none").rows:
        measured[str(row.date)]["kursk_ukrainian_km2"] = row.held_km2 or 0.0
    for line in expected:
        wanted = {name: float(value) for name, value in line.items() if name != "date"}
        assert measured[line["date"]] == pytest.approx(wanted, abs=0.01), line["date"]


def ten_days(shared: Path, name: str) -> list[date]:
    """Return ten dates spread over an archive."""
    days = open_archive(shared / "archives" / name).days
    return [days[index] for index in np.linspace(0, len(days) - 1, 10).astype(int)]


def held_in_degrees(snapshot: Snapshot) -> Any:
    """Return what is held on a map as drawn, united in longitude and latitude without any projection."""
    drawn = [
        part.polygons
        for part in snapshot.layers
        if part.layer.actor == "Russia" and VIEWS["assessed"].counts(part.name, part.layer)
    ]
    return geometry.union(geometry.repair(np.concatenate(drawn)))


def gained_and_lost(before: Any, after: Any) -> list[list[Any]]:
    """Return the ground gained and lost in each cell of a grid: in most, maps are alike, and overlaying is slow."""
    west, south, east, north = shapely.total_bounds([before, after])
    changes: list[list[Any]] = [[], []]
    for left, right in pairwise(np.linspace(west, east, 9)):
        for bottom, top in pairwise(np.linspace(south, north, 9)):
            old, new = (shapely.clip_by_rect(ground, left, bottom, right, top) for ground in (before, after))
            if not shapely.equals_exact(old, new):
                changes[0].append(new - old)
                changes[1].append(old - new)
    return changes


@pytest.mark.thorough(but=["isw-weekly", "deepstate-daily"])
@pytest.mark.parametrize("name", ARCHIVES)
def test_totals_and_changes_are_those_of_the_exact_ellipsoidal_integral(shared: Path, name: str) -> None:
    archive = open_archive(shared / "archives" / name)
    view = VIEWS["assessed"]
    before_exact = before = None
    for day in ten_days(shared, name):
        state = States(archive, "Russia", view).on(day)
        assert state is not None
        in_degrees = held_in_degrees(state.snapshot)
        projected = ground_of(holding(state.snapshot, "Russia", view, "EPSG:6933"))
        assert projected.area / 1e6 == pytest.approx(exact_area_km2(in_degrees), abs=0.005)
        if before is not None and before_exact is not None:
            changes = gained_and_lost(before, projected), gained_and_lost(before_exact, in_degrees)
            for ours, exact in zip(*changes, strict=True):
                ours_km2 = sum(part.area for part in ours) / 1e6
                assert ours_km2 == pytest.approx(sum(exact_area_km2(part) for part in exact), abs=0.001)
        before, before_exact = projected, in_degrees


@pytest.mark.thorough(but=["isw-weekly-True-border", "deepstate-daily-False-border", "nzz-daily-False-none"])
@pytest.mark.parametrize(("embedded", "snap"), [(True, "border"), (False, "border"), (False, "none")])
@pytest.mark.parametrize("name", ARCHIVES)
def test_regions_and_unassigned_are_the_total_on_real_maps(shared: Path, name: str, embedded: bool, snap: str) -> None:
    days = ten_days(shared, name)[1::4]
    regions = None if embedded else shared / "regions" / "ukraine-oblasts.geojson"
    periods = [f"{first}..{second}" for first, second in pairwise(days)]
    rows = frontcalc.diff(periods, archive=shared / "archives" / name, regions=regions, snap=snap).rows
    for period in periods:
        mine = [row for row in rows if row.period == period]
        for column in ("opening_km2", "closing_km2", "gained_km2", "lost_km2", "snapped_km2"):
            *parts, whole = (getattr(row, column) for row in mine)
            assert sum(parts) == pytest.approx(whole, abs=1e-6)
            assert len(parts) == (33 if embedded else 28)


@pytest.mark.thorough(but=["isw-weekly"])
@pytest.mark.parametrize("name", ARCHIVES)
def test_countries_and_oblasts_and_unassigned_are_the_total_on_real_maps(shared: Path, name: str) -> None:
    days = ten_days(shared, name)
    table = frontcalc.diff([f"{days[0]}..{days[5]}"], archive=shared / "archives" / name, by="country,adm1")
    *regions, unassigned, whole = table.rows
    for level in ("country", "adm1"):
        for column in ("opening_km2", "closing_km2", "gained_km2", "lost_km2"):
            parts = [getattr(row, column) for row in (*regions, unassigned) if row.level == level or row is unassigned]
            assert math.fsum(parts) == pytest.approx(getattr(whole, column), abs=1e-6)


def test_null_geometries_and_repairs_of_isw_raw(shared: Path) -> None:
    archive = open_archive(shared / "archives" / "isw-raw-daily")
    snapshot = read_snapshot(archive.refs[0])
    assert {part.layer.role.value for part in snapshot.layers} == {
        "control",
        "advance",
        "claimed",
        "counteroffensive",
    }
    drawn = np.concatenate([part.polygons for part in snapshot.layers])
    assert not shapely.is_valid(drawn).all()


DRAWN_TWICE = {
    # Held on 2024-11-03 by the embedded regions, per cent of the boundary file's: as drawn, and snapped.
    ("Donetsk",): (-0.6, 0.4),
    ("Luhansk",): (-2.2, 0.3),
    ("Zaporizhzhia",): (-0.1, 0.3),
    ("Kharkiv",): (-6.0, 1.9),
    ("Kherson",): (-2.0, -1.0),
    ("Crimea", "Sevastopol"): (-0.9, -0.1),
}


def by_region(table: Any, column: str) -> dict[str, float]:
    return {row.region: getattr(row, column) or 0.0 for row in table.rows}


def test_embedded_regions_against_the_boundary_file(shared: Path) -> None:
    """The table of what is held in docs/regions.md."""
    maps, file = shared / "archives" / "isw-weekly", shared / "regions" / "ukraine-oblasts.geojson"
    official, drawn, snapped = (
        by_region(frontcalc.held(["2024-11-03"], archive=maps, **options), "held_km2")  # type: ignore[arg-type]
        for options in ({"regions": file, "snap": "none"}, {"snap": "none"}, {})
    )
    for names, expected in DRAWN_TWICE.items():
        whole = sum(official[name] for name in names)
        measured = [100 * (sum(held[name] for name in names) / whole - 1) for held in (drawn, snapped)]
        assert measured == pytest.approx(expected, abs=0.06), names
        assert abs(measured[1]) < 3


@pytest.mark.parametrize(
    ("period", "region", "official", "embedded"),
    [
        ("2023", "Donetsk", 320.0, 302.1),
        ("2023", "Luhansk", 182.1, 184.2),
        ("2023", "Zaporizhzhia", 169.9, 166.5),
        ("2023", "Kharkiv", 125.3, 131.0),
        ("2024", "Donetsk", 2730.2, 2739.0),
        ("2024", "Luhansk", 212.4, 143.4),
        ("2024", "Zaporizhzhia", 102.9, 99.0),
        ("2024", "Kharkiv", 482.6, 547.5),
    ],
)
def test_net_change_by_embedded_regions(
    shared: Path, period: str, region: str, official: float, embedded: float
) -> None:
    """The table of net change in docs/regions.md; what is official is that of ``expected``."""
    expected = table(shared / "expected" / "isw-weekly-changes.csv")
    assert official == pytest.approx(
        next(float(row["net"]) for row in expected if (row["period"], row["region"]) == (period, region)), abs=0.05
    )
    measured = frontcalc.diff([period], archive=shared / "archives" / "isw-weekly")
    assert by_region(measured, "net_km2")[region] == pytest.approx(embedded, abs=0.06)


def test_the_bay_that_a_publisher_dropped_is_mostly_nobodys(shared: Path) -> None:
    """Between 23 and 30 July 2023 ISW left 222.8 km² of the Syvash out: docs/regions.md has what becomes of it."""
    maps, file = shared / "archives" / "isw-weekly", shared / "regions" / "ukraine-oblasts.geojson"
    states = [States(open_archive(maps), "Russia", VIEWS["assessed"]).on(day) for day in DROPPED]
    before, after = (
        ground_of(holding(state.snapshot, "Russia", VIEWS["assessed"], "EPSG:6933")) for state in states if state
    )
    bay = max(shapely.get_parts(before - after), key=lambda part: part.area)
    assert bay.area / 1e6 == pytest.approx(222.8, abs=0.05)
    for regions, expected in (
        (frontcalc.regions.embedded_regions(target_crs="EPSG:6933"), SYVASH_EMBEDDED),
        (frontcalc.regions.read_regions(file, target_crs="EPSG:6933"), SYVASH_FILE),
    ):
        taken = frontcalc.regions.partition_for(regions, "RU", snap="border", plane="EPSG:6933")
        areas = change.areas(bay, taken)[0]
        parts = {name: areas[index] for index, name in enumerate(regions.names) if areas[index] > 0.05}
        assert {**parts, "unassigned": areas[-2]} == pytest.approx(expected, abs=0.06)
