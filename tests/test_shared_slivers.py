"""Slivers and redefinitions in the publishers' real archives: the figures of docs/slivers.md."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

import frontcalc
from frontcalc import archives, change, geometry, snapshots
from frontcalc.outputs import render
from frontcalc.run.chain import ground_of
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
        ground_of(snapshots.holding(snapshots.read_snapshot(ref), "Russia", VIEWS["assessed"], CRS)) for ref in ends
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
        assert syvash.startswith(
            "222.6 of 875.6 km² lost are water, off the Syvash, 12 km SW of Armiansk, at longitude 33.56"
        )
        assert syvash.endswith("between the maps of 2023-07-23 and 2023-07-30; net without these 2 +714.4 km²")
    assert said(frontcalc.diff(["2024"], archive=archive)) == []


@pytest.mark.thorough
def test_the_series_names_the_faults_of_the_map_and_no_front(shared: Path) -> None:
    """The list was made by hand: which large parts are faults, which the front, and which cannot be told."""
    with (shared / "expected" / "map-faults-isw-weekly.csv").open(encoding="utf-8") as table:
        judged = list(csv.DictReader(table))
    result = frontcalc.series(archive=shared / "archives" / "isw-weekly", by="none")
    lines = [(note.period, note.message) for note in result.meta.notices if note.code == "REDEFINITION"]
    found = {
        row["verdict"] + row["km2"]
        for row in judged
        for day, message in lines
        if day == row["map"]
        and message.startswith(f"{float(row['km2']):,.1f} of ")
        and f" km² {row['kind']} " in message
    }
    faults = [row for row in judged if row["verdict"] == "fault"]
    named_km2 = sum(float(row["km2"]) for row in faults if "fault" + row["km2"] in found)
    assert named_km2 >= 0.85 * sum(float(row["km2"]) for row in faults)
    assert not any(verdict.startswith(("front", "doubtful")) for verdict in found)
    assert len(lines) == len(found) == 6


@pytest.mark.thorough(but=["nzz-daily"])
@pytest.mark.parametrize("archive", ["nzz-daily", "isw-raw-daily", "deepstate-daily"])
def test_the_other_archives_have_no_fault(shared: Path, archive: str) -> None:
    assert said(frontcalc.series(archive=shared / "archives" / archive, by="none")) == []


def test_ukraine_in_kursk_has_a_front(shared: Path) -> None:
    result = frontcalc.series(archive=shared / "archives" / "isw-weekly", actor="Ukraine", since="2024-08", by="none")
    assert max(row.held_km2 or 0 for row in result.rows) > 1000
    assert said(result) == []


def test_another_definition_of_nzz_is_named_without_a_verdict(shared: Path) -> None:
    archive = shared / "archives" / "nzz-daily"
    march = frontcalc.diff(["2024-03"], archive=archive, by="none")
    (jump,) = said(march, "AT-ONCE")
    assert jump.startswith("16,619.0 of 16,620.3 km² lost changed hands at once, ")
    assert "between the maps of 2024-03-13 and 2024-03-14; net without it +90.0 km²" in jump
    assert "in March 2024, \u221216,600 km² of it at once" in render(march, "sentence").decode()
    assert said(frontcalc.diff(["2024-05"], archive=archive, by="none"), "AT-ONCE") == []


def test_control_stood_still_in_autumn_2024_and_is_booked_in_batches(shared: Path) -> None:
    archive, period = shared / "archives" / "isw-weekly", ["2024-09-15..2024-10-27"]
    assert said(frontcalc.diff(period, archive=archive, view="control"), "FROZEN") == [
        "control_map is the same on 2024-09-15 and 2024-10-27, 7 maps"
    ]
    # Advances count too, and moved.
    assert said(frontcalc.diff(period, archive=archive), "FROZEN") == []
    (booked,) = said(frontcalc.diff(["2023"], archive=archive, view="control"), "CONTROL-ONLY")
    assert booked.startswith("1,640.4 of 2,567.2 km² gained were already drawn as advances")
