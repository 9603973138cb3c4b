"""Flows and places on the publishers' real archives."""

from __future__ import annotations

from math import fsum
from pathlib import Path

import pytest

import frontcalc

pytestmark = pytest.mark.shared


def test_isw_moved_advances_to_control_in_a_batch_and_gained_nothing_by_it(shared: Path) -> None:
    """After six weeks in which its control stood still, ISW moved 896 km² in one week that gained 209."""
    folder, period = shared / "archives" / "isw-weekly", "2024-10-27..2024-11-03"
    table = frontcalc.flows([period], archive=folder)
    km2 = {(row.from_role, row.to_role): row.km2 or 0.0 for row in table.rows}
    assert km2["advance", "control"] == pytest.approx(896.5, abs=0.05)
    gained = km2["none", "control"] + km2["none", "advance"]
    lost = km2["control", "none"] + km2["advance", "none"]
    (change,) = frontcalc.diff([period], archive=folder, by="none").rows
    assert (gained, lost) == pytest.approx((change.gained_km2, change.lost_km2), abs=1e-6)
    assert gained - lost == pytest.approx(185.3, abs=0.05)
    control = frontcalc.diff([period], archive=folder, by="none", view="control").rows[0]
    assert control.net_km2 == pytest.approx(903.3, abs=0.05)


@pytest.mark.thorough(but=["isw-weekly-assessed-2023", "nzz-daily-assessed-2024"])
@pytest.mark.parametrize(
    ("archive", "view", "period"),
    [
        ("isw-weekly", "assessed", "2023"),
        ("isw-raw-daily", "claimed", "2023-06-01..2023-06-30"),
        ("nzz-daily", "assessed", "2024"),
    ],
)
def test_margins_are_the_layers_areas_less_what_an_earlier_role_covers(
    archive: str, view: str, period: str, shared: Path
) -> None:
    folder = shared / "archives" / archive
    table = frontcalc.flows([period], archive=folder, view=view)
    opening, closing = table.meta.layer_shares
    for share, side in ((opening, "from_role"), (closing, "to_role")):
        held = fsum(row.km2 or 0.0 for row in table.rows if getattr(row, side) != "none")
        drawn = fsum(km2 for _, km2 in share.role_km2)
        assert held == pytest.approx(drawn - share.overlap_km2, abs=1e-4)
        first_role, first_km2 = share.role_km2[0]
        mine = fsum(row.km2 or 0.0 for row in table.rows if getattr(row, side) == first_role)
        assert mine == pytest.approx(first_km2, abs=1e-4)


def test_towns_of_isw_weekly_fell_when_it_is_known_that_they_did(shared: Path, tmp_path: Path) -> None:
    towns = tmp_path / "towns.csv"
    towns.write_text(
        "name,lon,lat\nBakhmut,38.0,48.595\nAvdiivka,37.745,48.14\nVuhledar,37.25,47.78\n"
        "Kherson,32.61,46.635\nKyiv,30.52,50.45\n"
    )
    rows = frontcalc.places(["2022-11-01..2024"], places=towns, archive=shared / "archives" / "isw-weekly").rows
    assert [(row.place, row.change, str(row.previous), str(row.date)) for row in rows] == [
        ("Kherson", "lost", "2022-11-06", "2022-11-13"),
        ("Bakhmut", "gained", "2023-04-02", "2023-04-09"),
        ("Avdiivka", "gained", "2024-02-18", "2024-02-25"),
        ("Vuhledar", "gained", "2024-09-29", "2024-10-06"),
    ]
