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
from oracle import exact_area_km2

import frontcalc
from frontcalc import geometry
from frontcalc.archives import open_archive
from frontcalc.snapshots import held, read_snapshot
from frontcalc.states import Wanted, state_on
from frontcalc.views import VIEWS

pytestmark = pytest.mark.shared

ARCHIVES = ["isw-weekly", "deepstate-daily", "nzz-daily", "isw-raw-daily"]
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
    for row in frontcalc.diff(periods, archive=shared / "archives" / archive, regions=regions).rows:
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


def test_expected_changes_of_the_other_archives(shared: Path) -> None:
    by_archive: dict[str, Rows] = defaultdict(list)
    for row in table(shared / "expected" / "other-changes.csv"):
        by_archive[row["archive"]].append(row)
    assert sorted(by_archive) == ["deepstate-daily", "isw-raw-daily", "nzz-daily"]
    assert sum(check_changes(shared, name, rows) for name, rows in by_archive.items()) == 79


def test_expected_areas_of_every_map_of_isw_weekly(shared: Path) -> None:
    expected = table(shared / "expected" / "isw-weekly-areas.csv")
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
    assert len(expected) == 150
    for line in expected:
        wanted = {name: float(value) for name, value in line.items() if name != "date"}
        assert measured[line["date"]] == pytest.approx(wanted, abs=0.01), line["date"]


def ten_days(shared: Path, name: str) -> list[date]:
    """Return ten dates spread over an archive."""
    days = open_archive(shared / "archives" / name).days
    return [days[index] for index in np.linspace(0, len(days) - 1, 10).astype(int)]


def held_in_degrees(shared: Path, name: str, day: date) -> Any:
    """Return what is held on a day as drawn, united in longitude and latitude without any projection."""
    archive = open_archive(shared / "archives" / name)
    state = state_on(archive, day, Wanted("Russia", VIEWS["assessed"]))
    assert state is not None
    drawn = [
        part.polygons
        for part in state.snapshot.layers
        if part.layer.actor == "Russia" and VIEWS["assessed"].counts(part.name, part.layer)
    ]
    return geometry.union(geometry.repair(np.concatenate(drawn)))


@pytest.mark.parametrize("name", ARCHIVES)
def test_totals_and_changes_are_those_of_the_exact_ellipsoidal_integral(shared: Path, name: str) -> None:
    archive = open_archive(shared / "archives" / name)
    view = VIEWS["assessed"]
    before_exact = before = None
    for day in ten_days(shared, name):
        in_degrees = held_in_degrees(shared, name, day)
        state = state_on(archive, day, Wanted("Russia", view))
        assert state is not None
        projected = held(state.snapshot, "Russia", view, "EPSG:6933")
        assert projected.area / 1e6 == pytest.approx(exact_area_km2(in_degrees), abs=0.005)
        if before is not None and before_exact is not None:
            for ours, exact in (
                (projected - before, in_degrees - before_exact),
                (before - projected, before_exact - in_degrees),
            ):
                assert ours.area / 1e6 == pytest.approx(exact_area_km2(exact), abs=0.001)
        before, before_exact = projected, in_degrees


@pytest.mark.parametrize("name", ARCHIVES)
def test_regions_and_unassigned_are_the_total_on_real_maps(shared: Path, name: str) -> None:
    days = ten_days(shared, name)[::3]
    regions = shared / "regions" / "ukraine-oblasts.geojson"
    periods = [f"{first}..{second}" for first, second in pairwise(days)]
    rows = frontcalc.diff(periods, archive=shared / "archives" / name, regions=regions).rows
    for period in periods:
        mine = [row for row in rows if row.period == period]
        for column in ("opening_km2", "closing_km2", "gained_km2", "lost_km2"):
            *parts, whole = (getattr(row, column) for row in mine)
            assert sum(parts) == pytest.approx(whole, abs=1e-6)
            assert len(parts) == 28


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


@pytest.mark.parametrize(
    ("names", "expected_percent"),
    [
        (("Donetsk",), -0.6),
        (("Luhansk",), -2.2),
        (("Zaporizhzhia",), -0.1),
        (("Kharkiv",), -6.0),
        (("Kherson",), -2.0),
        (("Crimea", "Sevastopol"), -0.9),
    ],
)
def test_embedded_regions_against_the_boundary_file(
    shared: Path, names: tuple[str, ...], expected_percent: float
) -> None:
    """The table of docs/regions.md."""
    folder = shared / "archives" / "isw-weekly"

    def held_by(**options: Any) -> float:
        rows = frontcalc.held(["2024-11-03"], archive=folder, **options).rows
        return sum(row.held_km2 or 0.0 for row in rows if row.region in names)

    embedded, official = held_by(), held_by(regions=shared / "regions" / "ukraine-oblasts.geojson")
    assert 100 * (embedded / official - 1) == pytest.approx(expected_percent, abs=0.05)


def quality(shared: Path, name: str) -> dict[str, dict[str, int]]:
    """Return the two tables of docs/data-quality.md: figures of an archive, and its findings by code."""
    text = (Path(__file__).parents[1] / "docs" / "data-quality.md").read_text(encoding="utf-8")
    lines = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in text.splitlines() if line[:1] == "|"]
    header = next(line for line in lines if line[0] == "code")
    figures = next(line for line in lines if line[0] == name)
    column = header.index(name)
    by_code = {line[0]: int(line[column]) for line in lines if line[0].isupper() and line[column]}
    labels = ("maps", "files", "distinct_files", "error", "warning", "info")
    return {"figures": dict(zip(labels, map(int, figures[1:7]), strict=True)), "codes": by_code}


def findings(folder: Path) -> dict[str, list[Any]]:
    """Return what is found in an archive, by code."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in frontcalc.check_archive(archive=folder, today=date(2026, 11, 1)).rows:
        found[row.code].append(row)
    return found


@pytest.mark.parametrize(
    "name", ["isw-weekly", "isw-weekly-topojson", "isw-shapefile-zips", "deepstate-daily", "nzz-daily"]
)
def test_findings_of_real_archives_are_those_documented(shared: Path, name: str) -> None:
    result = frontcalc.check_archive(archive=shared / "archives" / name, today=date(2026, 11, 1))
    meta, severities = result.meta, [row.severity for row in result.rows]
    measured = {"maps": meta.maps, "files": len(meta.files), "distinct_files": meta.distinct_files}
    measured |= {severity: severities.count(severity) for severity in ("error", "warning", "info")}
    assert {"figures": measured, "codes": dict(meta.counts)} == quality(shared, name)
    found = {code: [row for row in result.rows if row.code == code] for code in dict(meta.counts)}
    _CHECKED.get(name, lambda found: None)(found)


def _isw_weekly(found: dict[str, list[Any]]) -> None:
    syvash = next(row for row in found["AREA-JUMP"] if str(row.until) == "2023-07-30")
    assert str(syvash.date) == "2023-07-23"
    assert syvash.km2 == pytest.approx(222.8, abs=0.05)
    assert (syvash.lon, syvash.lat) == pytest.approx((33.55, 46.05), abs=0.1)
    frozen = [(row.layer, str(row.date), str(row.until), row.maps) for row in found["LAYER-FROZEN"]]
    assert ("control_map", "2024-09-15", "2024-10-27", 7) in frozen
    assert [(row.maps, round(row.km2, 3)) for row in found["OVERLAP"]] == [(148, 108.572)]


def _deepstate(found: dict[str, list[Any]]) -> None:
    gaps = [(str(row.date), str(row.until), row.count) for row in found["DAYS-MISSING"]]
    assert gaps == [
        ("2024-08-18", "2024-08-19", 2),
        ("2025-01-01", "2025-01-01", 1),
        ("2025-03-31", "2025-04-01", 2),
    ]
    assert [row.count for row in found["UNCHANGED"]] == [37]


def _nzz(found: dict[str, list[Any]]) -> None:
    redefined = max(found["AREA-JUMP"], key=lambda row: row.km2)
    assert (str(redefined.date), str(redefined.until)) == ("2024-03-13", "2024-03-14")
    assert "−16,619.0 km²" in redefined.message
    (differing,) = found["DATE-DIFFERS"]
    assert differing.count == 182
    assert "182 of 182 maps differ from the names" in differing.message
    assert sum(row.count for row in found["REPEATED"]) == 51


_CHECKED = {"isw-weekly": _isw_weekly, "deepstate-daily": _deepstate, "nzz-daily": _nzz}


def test_findings_of_some_raw_maps(shared: Path, tmp_path: Path) -> None:
    """Seven of the thirty, since each takes a third of a second."""
    for day in range(18, 25):
        name = f"202306{day}.geojson"
        (tmp_path / name).symlink_to(shared / "archives" / "isw-raw-daily" / name)
    found = findings(tmp_path)
    assert [(row.layer, row.maps) for row in found["LAYER-FROZEN"]] == [("VIEW_RussiaCoTinUkraine_V3", 7)]
    bare = {row.layer: (row.count, row.maps) for row in found["NO-GEOMETRY"]}
    assert bare["VIEW_ClaimedRussianTerritoryinUkraine_V2"] == (7, 7)
