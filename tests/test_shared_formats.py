"""A real archive, five months by region, in every format: all give the same table."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pyarrow.parquet as pq
import pytest
from table_schema import json_schema
from test_table_formats import Cells, expected

import frontcalc
from frontcalc.outputs import render

pytestmark = pytest.mark.shared

MONTHS = [f"2024-{month:02}" for month in range(5, 10)]


@pytest.fixture(scope="module")
def months(shared: Path) -> Any:
    """The change of each of the months, by oblast."""
    regions = shared / "regions" / "ukraine-oblasts.geojson"
    return frontcalc.diff(MONTHS, archive=shared / "archives" / "isw-weekly", regions=regions)


def test_every_format_gives_the_same_months(months: Any) -> None:
    wanted = expected(months)
    assert len(wanted) == len(MONTHS) * 29
    texts = csv.DictReader(io.StringIO(render(months, "csv").decode(), newline=""))
    nets = [row["net_km2"] for row in wanted]
    assert [float(row["net_km2"]) for row in texts] == nets
    document = json.loads(render(months, "json"))
    jsonschema.Draft202012Validator(json_schema()).validate(document)
    assert [row["net_km2"] for row in document["rows"]] == nets
    assert pq.read_table(io.BytesIO(render(months, "parquet"))).to_pylist() == wanted
    sheet = openpyxl.load_workbook(io.BytesIO(render(months, "xlsx")), read_only=True)["Figures"]
    header, *cells = sheet.iter_rows(values_only=True)
    place = header.index("net_km2")
    assert [row[place] for row in cells] == nets


def test_formats_for_reading_have_the_total_of_every_month(months: Any) -> None:
    totals = [f"{row.net_km2:+,.1f}".replace("-", "−") for row in months.rows if row.region == "total"]
    (line,) = [line for line in render(months, "markdown").decode().splitlines() if line.startswith("| total ")]
    assert line.strip("| ").split(" | ")[3::4] == totals
    assert Cells(frontcalc.notebook_html(months)).rows[-1][3::4] == totals
    assert all(total in render(months, "table").decode() for total in totals)


def test_maps_have_the_areas_of_the_months(months: Any, shared: Path) -> None:
    regions = shared / "regions" / "ukraine-oblasts.geojson"
    some = MONTHS[::3]
    maps = frontcalc.changes(some, archive=shared / "archives" / "isw-weekly", regions=regions)
    database = sqlite3.connect(":memory:")
    database.deserialize(render(maps, "gpkg"))
    drawn = {
        (period, kind): km2
        for period, kind, km2 in database.execute("SELECT period, kind, sum(km2) FROM changes GROUP BY period, kind")
    }
    database.close()
    for row in months.rows:
        if row.region == "total" and row.period in some:
            assert drawn[row.period, "gained"] == pytest.approx(row.gained_km2, abs=0.015)
            assert drawn[row.period, "lost"] == pytest.approx(row.lost_km2, abs=0.015)
