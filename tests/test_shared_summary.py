"""Summaries of the publishers' real archives: ISW's weekly maps whole, by month and region, and gross."""

from __future__ import annotations

import csv
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

import frontcalc

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
