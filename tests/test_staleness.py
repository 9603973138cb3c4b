"""Notices of maps that are not new, of layers that stand still, and of control that is booked in batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import frontcalc
from frontcalc.tables import Table

Write = Callable[..., Path]


def said(result: Table[Any, Any], code: str) -> list[str]:
    return [str(notice) for notice in result.meta.notices if notice.code == code]


def weekly(advances: list[list[tuple[int, int]]], control: list[list[tuple[int, int]]]) -> dict[str, Any]:
    return {
        f"2024-01-{7 * week + 1:02d}": {"control_map": held, "russian_advances": taken}
        for week, (held, taken) in enumerate(zip(control, advances, strict=True))
    }


MOVING = [[(301, 40 + row) for row in range(week + 1)] for week in range(5)]


def test_a_layer_that_is_alike_on_both_maps_is_frozen_where_another_moved(archive: Write) -> None:
    maps = archive(weekly(MOVING, [[(300, 40)]] * 5))
    period = "2024-01-01..2024-01-29"
    expected = "control_map is the same on 2024-01-01 and 2024-01-29, 5 maps"
    assert said(frontcalc.diff([period], archive=maps, view="control"), "FROZEN") == [f"FROZEN: {period}: {expected}"]
    assert said(frontcalc.diff(["2024-01-01..2024-01-08"], archive=maps, view="control"), "FROZEN") == []
    assert said(frontcalc.series(archive=maps, view="control"), "FROZEN") == [
        "FROZEN: control_map stands still from 2024-01-01 to 2024-01-29, 5 maps, while other layers move"
    ]
    assert said(frontcalc.series(archive=maps, view="control", until="2024-01-22"), "FROZEN") == []


def test_a_layer_beside_another_that_counts_and_moves_is_not_frozen(archive: Write) -> None:
    maps = archive(weekly(MOVING, [[(300, 40)]] * 5))
    assert said(frontcalc.diff(["2024-01-01..2024-01-29"], archive=maps), "FROZEN") == []
    assert said(frontcalc.series(archive=maps), "FROZEN") == []


def test_a_layer_that_does_not_count_and_maps_on_which_nothing_moves_are_not_frozen(archive: Write) -> None:
    still = archive(weekly([[(300, 41)]] * 5, [[(300, 40 - row) for row in range(week + 1)] for week in range(5)]))
    assert said(frontcalc.series(archive=still, view="control"), "FROZEN") == []
    assert len(said(frontcalc.series(archive=still, view="russian_advances"), "FROZEN")) == 1
    quiet = archive(weekly([[(300, 41)]] * 5, [[(300, 40)]] * 5), name="quiet")
    assert said(frontcalc.series(archive=quiet), "FROZEN") == []


def test_a_map_with_the_bytes_of_another_is_a_repeat(archive: Write) -> None:
    maps = archive(weekly([[], [(301, 40)], [(301, 40)], [(301, 41)], [(301, 40)]], [[(300, 40)]] * 5))
    assert said(frontcalc.diff(["2024-01-08..2024-01-29"], archive=maps), "REPEAT") == [
        "REPEAT: 2024-01-08..2024-01-29: the maps of 2024-01-08 and 2024-01-29 are byte for byte the same"
    ]
    assert said(frontcalc.diff(["2024-01-01..2024-01-15"], archive=maps), "REPEAT") == [
        "REPEAT: 2024-01-01..2024-01-15: the map of 2024-01-15 is byte for byte that of 2024-01-08"
    ]
    assert said(frontcalc.diff(["2024-01-01..2024-01-08"], archive=maps), "REPEAT") == []
    series = frontcalc.series(archive=maps)
    assert said(series, "REPEAT") == ["REPEAT: 2024-01-15: the map is byte for byte the one before"]
    assert [row.date.isoformat() for row in series.rows if "REPEAT" in row.notes.split()] == ["2024-01-15"]


def test_the_same_ground_in_other_bytes_is_a_repeat_of_a_period(archive: Write) -> None:
    maps = archive(
        {
            "2023-12-31": {"control_map": [(300, 40), (301, 40)], "russian_advances": [None]},
            "2024-12-31": {"control_map": [(301, 40), (300, 40)], "russian_advances": [None]},
        }
    )
    assert said(frontcalc.diff(["2024"], archive=maps), "REPEAT") == [
        "REPEAT: 2024: the maps of 2023-12-31 and 2024-12-31 show the same ground"
    ]


def test_control_alone_over_a_batch_is_said_with_its_size(archive: Write) -> None:
    # Two squares turn from advance to control at once, a third is new.
    maps = archive(
        {
            "2023-12-31": {"control_map": [(300, 40)], "russian_advances": [(301, 40), (302, 40)]},
            "2024-12-31": {"control_map": [(300 + step, 40) for step in range(4)], "russian_advances": [None]},
        }
    )
    expected = (
        "200.0 of 300.0 km² gained were already drawn as advances: control is booked in batches,"
        " and its figures show when that was done"
    )
    for how in ({"view": "control"}, {"view": "control_map"}):
        assert said(frontcalc.diff(["2024"], archive=maps, **how), "CONTROL-ONLY") == [
            f"CONTROL-ONLY: 2024: {expected}"
        ]
    assert said(frontcalc.series(archive=maps, view="control"), "CONTROL-ONLY") == [f"CONTROL-ONLY: {expected}"]
    assert said(frontcalc.diff(["2024"], archive=maps), "CONTROL-ONLY") == []
