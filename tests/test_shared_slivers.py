"""Slivers and redefinitions in the publishers' real archives: the figures of docs/slivers.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

import frontcalc
from frontcalc import archives, change, geometry, snapshots
from frontcalc.slivers import mean_widths_m
from frontcalc.tables import Table
from frontcalc.views import VIEWS

pytestmark = pytest.mark.shared

CRS = "EPSG:6933"


def said(result: Table[Any, Any], code: str = "REDEFINITION") -> list[str]:
    return [notice.message for notice in result.meta.notices if notice.code == code]


def test_790_of_836_gained_parts_of_2024_are_slivers(shared: Path) -> None:
    maps = archives.open_archive(shared / "archives" / "isw-weekly")
    ends = [ref for ref in maps.refs if str(ref.day) in ("2023-12-31", "2024-11-17")]
    before, after = (
        snapshots.ground_of(snapshots.holding(snapshots.read_snapshot(ref), "Russia", VIEWS["assessed"], CRS))
        for ref in ends
    )
    gained, _ = change.differences(before, after, whole=True)
    parts = geometry.polygonal(np.array([gained], dtype=object))
    thin = mean_widths_m(parts, CRS) < 100
    assert (len(parts), int(thin.sum())) == (836, 790)
    assert np.sum(shapely.area(parts[thin])) / 1e6 == pytest.approx(20.5, abs=0.05)


def test_their_columns_in_diff_by_region_and_without_them(shared: Path) -> None:
    archive, period = shared / "archives" / "isw-weekly", ["2023-12-31..2024-11-17"]
    *rows, total = frontcalc.diff(period, archive=archive).rows
    assert (total.gained_sliver_km2, total.lost_sliver_km2) == pytest.approx((20.505, 16.2), abs=0.05)
    assert sum(row.gained_sliver_km2 for row in rows) == pytest.approx(total.gained_sliver_km2, abs=1e-6)
    assert all(row.gained_sliver_km2 <= row.gained_km2 for row in rows)
    *_, dropped = frontcalc.diff(period, archive=archive, drop_slivers=True).rows
    assert dropped.gained_km2 == pytest.approx(total.gained_km2 - total.gained_sliver_km2, abs=1e-6)
    assert dropped.closing_km2 == total.closing_km2


def test_the_syvash_is_named_in_2023_whatever_the_rows(shared: Path) -> None:
    archive = shared / "archives" / "isw-weekly"
    for how in ({}, {"by": "none"}, {"regions": shared / "regions" / "ukraine-oblasts.geojson"}):
        _, syvash = said(frontcalc.diff(["2023"], archive=archive, **how))
        assert syvash.startswith("lost 222.6 km² at once between the maps of 2023-07-23 and 2023-07-30, off Kherson")
        assert "96 % of it lies on no land" in syvash
    assert said(frontcalc.diff(["2024"], archive=archive)) == []


def test_the_dnipro_and_the_syvash_in_the_series_of_summer_2023(shared: Path) -> None:
    result = frontcalc.series(archive=shared / "archives" / "isw-weekly", since="2023-06", until="2023-08", by="none")
    found = said(result)
    assert found[0].startswith("lost 396.9 km² at once between the maps of 2023-06-04 and 2023-06-11, in Kherson")
    assert "73 % of it is back on the map of 2023-06-18" in found[0]
    assert found[-1].startswith("lost 222.8 km² at once between the maps of 2023-07-23 and 2023-07-30, off Kherson")


def test_another_definition_of_nzz_is_named(shared: Path) -> None:
    (jump,) = said(frontcalc.diff(["2024-03"], archive=shared / "archives" / "nzz-daily"))
    assert jump.startswith("lost 16,619.0 km² at once between the maps of 2024-03-13 and 2024-03-14, in Donetsk")


def test_control_stood_still_in_autumn_2024_and_is_booked_in_batches(shared: Path) -> None:
    archive = shared / "archives" / "isw-weekly"
    assert said(frontcalc.diff(["2024-09-15..2024-10-27"], archive=archive), "FROZEN") == [
        "control_map is the same on 2024-09-15 and 2024-10-27, 7 maps"
    ]
    (booked,) = said(frontcalc.diff(["2023"], archive=archive, view="control"), "CONTROL-ONLY")
    assert booked.startswith("1,640.4 of 2,567.2 km² gained were already drawn as advances")
