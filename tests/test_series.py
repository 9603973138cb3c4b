"""Area held over time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import frontcalc
from frontcalc.errors import NoDataError, UsageError

Write = Callable[..., Path]


@pytest.fixture
def maps(archive: Write) -> Path:
    """Maps of three Sundays and a Wednesday: 1, 2, 2 (another place) and 4 squares."""
    return archive(
        {
            "2024-01-07": {None: [(300, 40)]},
            "2024-01-14": {None: [(300, 40), (301, 40)]},
            "2024-01-31": {None: [(300, 40), (302, 40)]},
            "2024-02-04": {None: [(300 + n, 40) for n in range(4)]},
        }
    )


GONE_AND_BACK = "REDEFINITION"
"""What is said of a square that is gone on a Wednesday and back on Sunday, as it goes and as it comes."""


def series(maps: Path, **options: object) -> list[tuple[object, ...]]:
    table = frontcalc.series(archive=maps, **options)  # type: ignore[arg-type]
    return [
        (
            str(row.date),
            str(row.snapshot),
            *(None if value is None else round(value, 3) for value in (row.held_km2, row.gained_km2, row.lost_km2)),
            row.notes,
        )
        for row in table.rows
        if row.region == "total"
    ]


def test_every_snapshot_with_the_change_since_the_one_before(maps: Path) -> None:
    assert series(maps) == [
        ("2024-01-07", "2024-01-07", 100.0, None, None, ""),
        ("2024-01-14", "2024-01-14", 200.0, 100.0, 0.0, ""),
        ("2024-01-31", "2024-01-31", 200.0, 100.0, 100.0, GONE_AND_BACK),
        ("2024-02-04", "2024-02-04", 400.0, 200.0, 0.0, GONE_AND_BACK),
    ]


def test_since_takes_the_map_before_as_the_first_step(maps: Path) -> None:
    assert series(maps, since="2024-01-14", until="2024-01") == [
        ("2024-01-14", "2024-01-14", 200.0, 100.0, 0.0, ""),
        ("2024-01-31", "2024-01-31", 200.0, 100.0, 100.0, GONE_AND_BACK),
    ]


def test_since_may_be_long_before_the_archive(maps: Path) -> None:
    assert series(maps, since="0001")[0] == ("2024-01-07", "2024-01-07", 100.0, None, None, "")


def test_every_month_and_week(maps: Path) -> None:
    assert series(maps, every="month") == [
        ("2024-01-31", "2024-01-31", 200.0, None, None, ""),
        ("2024-02-04", "2024-02-04", 400.0, 200.0, 0.0, GONE_AND_BACK),
    ]
    assert [row[:2] + row[-1:] for row in series(maps, every="week")] == [
        ("2024-01-07", "2024-01-07", ""),
        ("2024-01-14", "2024-01-14", ""),
        ("2024-01-21", "2024-01-14", "NO-NEW-MAP"),
        ("2024-01-28", "2024-01-14", "NO-NEW-MAP"),
        ("2024-02-04", "2024-02-04", ""),
    ]


@pytest.mark.parametrize("every", ["week", "month"])
def test_the_last_day_that_there_is_ends_the_last_week_and_month(maps: Path, every: str) -> None:
    # 31 December 9999 is a Friday.
    rows = series(maps, every=every, since="9999-12-20", until="9999-12-31", by="none")
    assert [row[0] for row in rows] == (["9999-12-26", "9999-12-31"] if every == "week" else ["9999-12-31"])


def test_every_day_repeats_the_map_in_force_without_change(maps: Path) -> None:
    rows = series(maps, every="day", since="2024-01-13", until="2024-01-15")
    assert rows == [
        ("2024-01-13", "2024-01-07", 100.0, None, None, "NO-NEW-MAP"),
        ("2024-01-14", "2024-01-14", 200.0, 100.0, 0.0, ""),
        ("2024-01-15", "2024-01-14", 200.0, None, None, "NO-NEW-MAP"),
    ]


def test_a_range_without_a_map_is_no_data_and_a_reversed_one_an_error(maps: Path) -> None:
    with pytest.raises(NoDataError, match="no map from 2024-01-15 to 2024-01-20"):
        series(maps, since="2024-01-15", until="2024-01-20")
    with pytest.raises(NoDataError, match="has no map from 2025-01-01 on; its maps are of 2024-01-07 to 2024-02-04"):
        series(maps, since="2025")
    with pytest.raises(NoDataError, match="has no map up to 2023-12-31; its maps are of 2024-01-07 to 2024-02-04"):
        series(maps, until="2023")
    with pytest.raises(UsageError, match="2025-01-01 is after 2024-12-31; swap them"):
        series(maps, since="2025", until="2024")
    with pytest.raises(UsageError, match="no step is named 'year'"):
        series(maps, every="year")
