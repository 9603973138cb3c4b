"""Marks and ranges of the embedded regions, held against an official boundary file: the counts of docs/regions.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import frontcalc

pytestmark = [pytest.mark.shared, pytest.mark.slow, pytest.mark.thorough]
# Rows of months with a net of 20 km² or more: all, off by more than a tenth of the file's, of these marked; right, of
# these marked; and how many of all have the file's figure in their range.
COUNTS = {"isw-weekly": (125, 35, 30, 90, 35, 114), "deepstate-daily": (25, 7, 6, 18, 5, 24)}


@pytest.mark.parametrize("name", COUNTS)
def test_rows_that_the_embedded_borders_get_wrong_are_marked_and_their_range_has_the_truth(
    name: str, shared: Path
) -> None:
    archive = shared / "archives" / name
    file: Any = {"regions": shared / "regions" / "ukraine-oblasts.geojson", "snap": "none"}
    months = frontcalc.summary(every="month", archive=archive, **file)
    truth = {(row.period, row.region): row.net_km2 for row in months.rows if row.net_km2 is not None}
    table = frontcalc.diff([*dict.fromkeys(period for period, _ in truth)], archive=archive, with_range=True)
    rows: list[Any] = [
        row
        for row in table.rows
        if (row.period, row.region) in truth and row.border_km2 is not None and abs(row.net_km2 or 0) >= 20
    ]
    nets = [(row, truth[row.period, row.region]) for row in rows]
    wrong = [row for row, net in nets if abs(row.net_km2 - net) > 0.1 * abs(net)]
    right = [row for row in rows if row not in wrong]
    marked = [sum("u" in row.flags for row in own) for own in (wrong, right)]
    within = sum(row.net_min_km2 - 0.05 <= net <= row.net_max_km2 + 0.05 for row, net in nets)
    assert marked[0] >= 0.85 * len(wrong)
    assert marked[1] <= 0.4 * len(right)
    assert within >= 0.9 * len(rows)
    assert (len(rows), len(wrong), marked[0], len(right), marked[1], within) == COUNTS[name]
    page = (Path(__file__).parents[1] / "docs" / "regions.md").read_text(encoding="utf-8")
    assert f"| {name} | {' | '.join(map(str, COUNTS[name]))} |" in page
