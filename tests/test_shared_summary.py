"""Summaries of the publishers' real archives: ISW's weekly maps whole, by month and region, and gross."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import frontcalc
from frontcalc.cli import run

pytestmark = pytest.mark.shared


def test_the_whole_of_isw_weekly_by_month_and_region(shared: Path) -> None:
    table = frontcalc.summary(
        every="month",
        archive=shared / "archives" / "isw-weekly",
        regions=shared / "regions" / "ukraine-oblasts.geojson",
        snap="none",
    )
    months = list(dict.fromkeys(row.period for row in table.rows))
    assert (len(months), months[0], months[-1]) == (35, "2022-02", "2024-12")
    by_region = defaultdict(list)
    for row in table.rows:
        by_region[row.region].append(row)
    assert len(by_region) == 29
    for rows in by_region.values():
        assert [row.period for row in rows] == months
        assert all(one.closing == other.opening for one, other in pairwise(rows))
        assert all(one.closing_km2 == pytest.approx(other.opening_km2, abs=1e-6) for one, other in pairwise(rows))
    for month in range(len(months)):
        *parts, whole = (rows[month] for rows in by_region.values())
        assert sum(row.net_km2 or 0 for row in parts) == pytest.approx(whole.net_km2, abs=1e-6)
        assert (whole.country_km2 or 0) == pytest.approx(sum(row.region_km2 or 0 for row in parts))
    # A year's net is that of its months, and is what an independent calculation gives.
    with (shared / "expected" / "isw-weekly-changes.csv").open(newline="") as file:
        expected = {row["region"]: float(row["net"]) for row in csv.DictReader(file) if row["period"] == "2023"}
    for region, rows in by_region.items():
        net = sum(row.net_km2 or 0 for row in rows if row.period.startswith("2023"))
        assert net == pytest.approx(expected.get(region, 0.0), abs=0.02), region


def test_gross_change_of_2023_in_isw_weekly(shared: Path) -> None:
    """The table of docs/summaries.md: an independent calculation in another projection has 3,779, 3,231 and 794."""
    (row,) = frontcalc.summary(
        archive=shared / "archives" / "isw-weekly", since="2023", until="2023", by="none", gross=True
    ).rows
    assert (row.opening.isoformat(), row.closing.isoformat(), row.steps) == ("2022-12-25", "2023-12-31", 53)
    assert row.net_km2 == pytest.approx(548.87, abs=0.01)
    assert (row.gross_gained_km2, row.gross_lost_km2) == pytest.approx((3_779.2, 3_230.3), abs=0.1)
    assert (row.sliver_gained_km2, row.sliver_lost_km2) == pytest.approx((791.6, 784.1), abs=0.5)
    assert (row.gross_gained_km2, row.gross_lost_km2) == pytest.approx((3_779, 3_231), abs=1)
    assert row.sliver_gained_km2 == pytest.approx(794, rel=0.005)


def test_gross_change_by_region_is_that_of_the_total(shared: Path) -> None:
    rows = frontcalc.summary(
        every="month",
        archive=shared / "archives" / "deepstate-daily",
        since="2025-03",
        until="2025-03",
        gross=True,
        step="week",
        regions=shared / "regions" / "ukraine-oblasts.geojson",
    ).rows
    *parts, whole = rows
    for name in ("gross_gained_km2", "gross_lost_km2", "sliver_gained_km2", "sliver_lost_km2"):
        assert sum(getattr(row, name) for row in parts) == pytest.approx(getattr(whole, name), abs=1e-6)
    assert whole.gross_gained_km2 - whole.gross_lost_km2 == pytest.approx(whole.net_km2, abs=1e-6)
    assert whole.gained_km2 < whole.gross_gained_km2


def test_a_check_tells_a_new_week_and_fails_for_a_moved_vertex(
    shared: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """ISW's maps cut at 6 October 2024, when September is over; then the next week; then one vertex of 2022."""
    maps, days = tmp_path / "isw-weekly", sorted((shared / "archives" / "isw-weekly").glob("*.geojson"))
    maps.mkdir()
    for file in days:
        if "2022-08" < file.stem < "2022-11" or file.stem == "2023-12-31" or "2024-08" < file.stem < "2024-10-02":
            shutil.copy(file, maps)
    command = ["summary", "-o", str(tmp_path / "tables"), "--archive", str(maps), "--every", "year,month", "-q"]
    assert run(command) == 0
    shutil.copy(shared / "archives" / "isw-weekly" / "2024-10-06.geojson", maps)
    assert run([*command, "--check"]) == 0
    head, *lines = capfd.readouterr().out.splitlines()
    assert head == "tables: no figure of a period that was over moved"
    assert lines[-1] == "  why: new map: 2024-10-06.geojson of 2024-10-06"
    assert len(lines) < 29
    assert {line.split()[0] for line in lines[:-1]} == {"2024", "2024-10"}
    assert run(command) == 0
    # One vertex of the longest ring, moved by two kilometres.
    file = maps / "2022-09-25.geojson"
    text = file.read_text()
    map_ = json.loads(text)
    layers = [part for part in map_["features"] if part.get("geometry")]
    ring = max((one for part in layers for one in rings(part["geometry"])), key=len)
    ring[len(ring) // 2][1] += 0.02
    file.write_text(json.dumps(map_))
    capfd.readouterr()
    assert run([*command, "--check"]) == 1
    *lines, why, others = capfd.readouterr().out.splitlines()
    assert others.endswith("no figure of the row, are others in 26 rows")
    assert why == "  why: revision: 2022-09-25.geojson of 2022-09-25 was changed"
    assert all(re.match(r"2022(-09|-10)? [A-Z]?[\w ]+ \(Russia(, adm1)?\): \w+_km2 ", line) for line in lines)
    assert lines[0].startswith("2022-09 ")


def rings(geometry: dict[str, Any]) -> list[list[list[float]]]:
    """Return the outer rings of a geometry of GeoJSON."""
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [polygon[0] for polygon in polygons]
