"""What is written: the contract of the CSV, the JSON beside it, and the tables for people."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import frontcalc
from frontcalc.outputs import WRITERS, numbers, render

Write = Callable[..., Path]

DIFF_COLUMNS = [
    "archive",
    "actor",
    "period",
    "level",
    "region",
    "opening",
    "closing",
    "days",
    "view",
    "opening_km2",
    "closing_km2",
    "gained_km2",
    "lost_km2",
    "net_km2",
    "rate_km2_per_day",
    "notes",
    "snapped_km2",
    "gained_sliver_km2",
    "lost_sliver_km2",
    "net_interpolated_km2",
    "border_km2",
    "region_km2",
    "not_held_km2",
    "flags",
]
SOURCES = "maps: maps, whose source is not stated; regions: regions.geojson, whose source is not stated"


@pytest.fixture
def result(archive: Write, region_file: Write) -> Any:
    """Two periods; the west loses a square that nobody names, the east gains three."""
    maps = archive(
        {
            "2022-12-31": {"control_map": [(300, 40), (299, 40)], "russian_advances": [None]},
            "2023-12-31": {"control_map": [(300, 40)], "russian_advances": [(301, 40)]},
            "2024-11-17": {"control_map": [(300, 40), (301, 40)], "russian_advances": [(302, 40), (303, 40)]},
        }
    )
    regions = region_file({"East": [(n, 40) for n in range(300, 310)], "Far": [(400, 90)]})
    return frontcalc.diff(["2023", "2024"], archive=maps, regions=regions, snap="none")


def test_csv_has_the_published_columns_and_every_region(result: Any) -> None:
    rows = list(csv.reader(io.StringIO(render(result, "csv").decode(), newline="")))
    assert rows[0] == [*DIFF_COLUMNS, "attribution"]
    assert {row[-1] for row in rows[1:]} == {SOURCES}
    assert [row[4] for row in rows[1:]] == ["East", "Far", "unassigned", "total"] * 2
    east, far = (dict(zip(rows[0], row, strict=True)) for row in rows[5:7])
    period = {"archive": "maps", "actor": "Russia", "period": "2024", "level": "adm1", "region": "East"}
    assert east == east | period | {"opening": "2023-12-31", "closing": "2024-11-17", "days": "322", "view": "assessed"}
    held = {"opening_km2": "200.000", "closing_km2": "400.000", "region_km2": "1000.000", "not_held_km2": "600.000"}
    moved = {"gained_km2": "200.000", "lost_km2": "0.000", "net_km2": "200.000", "rate_km2_per_day": "0.621"}
    beside = {"snapped_km2": "0.000", "gained_sliver_km2": "0.000", "lost_sliver_km2": "0.000", "border_km2": ""}
    assert east == east | held | moved | beside
    assert east == east | {"net_interpolated_km2": "", "notes": "CLOSES-EARLY SPAN", "flags": "p"}
    figures = [*held, *moved, *beside, "net_interpolated_km2"]
    none = dict.fromkeys(figures, "0.000") | {"net_interpolated_km2": "", "border_km2": ""}
    assert far == far | none | {"region_km2": "100.000", "not_held_km2": "100.000", "notes": "CLOSES-EARLY SPAN"}
    # unassigned and total have no land of their own
    for row in rows[3:5]:
        given = dict(zip(rows[0], row, strict=True))
        assert (given["region_km2"], given["not_held_km2"]) == ("", "")


def test_csv_follows_rfc_4180(result: Any) -> None:
    assert render(result, "csv").decode().count("\r\n") == 9


def test_json_has_the_fields_of_the_csv_and_meta(result: Any) -> None:
    document = json.loads(render(result, "json").decode())
    assert list(document) == ["meta", "rows", "schema"]
    assert list(document["rows"][0]) == DIFF_COLUMNS
    assert document["rows"][0]["gained_km2"] == 100.0
    meta = document["meta"]
    assert meta["version"] == frontcalc.__version__
    assert meta["archive"] == "maps"
    assert meta["crs"] == "EPSG:6933"
    assert [file["name"] for file in meta["files"]] == [
        "2022-12-31.geojson",
        "2023-12-31.geojson",
        "2024-11-17.geojson",
    ]
    assert all(len(file["sha256"]) == 64 for file in [*meta["files"], meta["regions"]])
    assert meta["counted"] == ["control_map", "russian_advances"]
    assert meta["periods"][1] == {
        "actor": "Russia",
        "period": "2024",
        "opens_on": "2023-12-31",
        "closes_on": "2024-12-31",
        "opening": "2023-12-31",
        "closing": "2024-11-17",
    }
    assert [notice["code"] for notice in meta["notices"]] == ["UNASSIGNED", "CLOSES-EARLY", "SPAN"]
    assert meta["snapping"] == {"method": "none", "border_km": None, "water_km": None}


def test_no_output_has_an_absolute_path(result: Any, tmp_path: Path) -> None:
    for format_ in WRITERS:
        assert str(tmp_path).encode() not in render(result, format_)


def test_the_same_input_gives_the_same_bytes_in_any_order_of_files(
    result: Any, archive: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(sorted(listed(self), reverse=True)))
    again = frontcalc.diff(
        ["2023", "2024"], archive=tmp_path / "maps", regions=tmp_path / "regions.geojson", snap="none"
    )
    for format_ in WRITERS:
        assert render(again, format_) == render(result, format_)


def test_table_puts_periods_side_by_side_with_the_ratio(result: Any) -> None:
    assert render(result, "table").decode().splitlines() == [
        "Russian-held territory, km² · maps        view: assessed (control + advances)",
        "                               2023          2024, to 17 Nov",
        "region      gained   lost     net    gained  lost     net     ratio (per day)",
        "East         100.0    0.0  +100.0     200.0   0.0  +200.0  p      2.0× (2.3×)",
        "unassigned     0.0  100.0  −100.0       0.0   0.0     0.0  p                –",
        "total        100.0  100.0     0.0     200.0   0.0  +200.0  p                –",
        "",
        "maps: 31 Dec 2022 → 31 Dec 2023 → 17 Nov 2024 · layers named as ISW names them",
        "held by Russia = control_map + russian_advances, overlap once · regions: regions.geojson",
        "p: the maps end before the period",
        "",
        "Before you publish (all: --notes all)",
        "  2024 p  ends with the map of 17 Nov: what changed after it is not in it",
        "  2024  366 days were asked for, the maps are 322 days apart",
    ]


def test_markdown_is_the_same_table(result: Any) -> None:
    lines = render(result, "markdown").decode().splitlines()
    assert lines[0] == "**Russian-held territory, km² · maps** (view: assessed (control + advances))"
    assert lines[2].startswith("| region | 2023 gained | 2023 lost | 2023 net | 2023 marks | 2024, to 17 Nov gained |")
    assert lines[4] == "| East | 100.0 | 0.0 | +100.0 |  | 200.0 | 0.0 | +200.0 | p | 2.0× (2.3×) |"
    assert "- held by Russia = control\\_map + russian\\_advances, overlap once · regions: regions.geojson" in lines


def test_a_title_in_markdown_without_a_view_has_no_empty_brackets(archive: Write) -> None:
    maps = archive({"2024-01-01": {"control_map": [(300, 40)]}})
    assert render(frontcalc.list_archive(archive=maps), "markdown").decode().splitlines()[0] == "**Layers, km² · maps**"


def test_held_shows_what_layers_cover_twice(archive: Write) -> None:
    maps = archive({"2024-01-01": {"control_map": [(300, 40), (301, 40)], "russian_advances": [(301, 40)]}})
    text = render(frontcalc.held(["2024-01-01", "2024-02-01"], archive=maps), "table").decode()
    assert "total        200.0       200.0" in text
    assert "map of 2024-01-01: control 200.0 + advance 100.0 −100.0 drawn twice" in text
    assert "2024-02-01  the map of 1 Jan 2024 stands for it: what changed after it is not in it" in text


def test_frame_has_unrounded_figures(result: Any) -> None:
    frame = result.to_frame()
    assert list(frame.columns) == DIFF_COLUMNS
    assert frame["net_km2"].iloc[-1] == result.rows[-1].net_km2


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [
        (1234.56, False, "1,234.6"),
        (1234.56, True, "+1,234.6"),
        (-0.04, True, "0.0"),
        (-0.06, True, "−0.1"),
        (-1234.5, False, "−1,234.5"),
        (None, True, "–"),
    ],
)
def test_figures_for_people(value: float | None, signed: bool, text: str) -> None:
    assert numbers.km2(value, signed=signed) == text


def test_machine_figures_have_no_negative_zero() -> None:
    assert str(numbers.decimals(-0.0001, 3)) == "0.0"


def test_names_with_markup_stay_text(archive: Write, region_file: Write) -> None:
    maps = archive({"2024-01-01": {None: [(300, 40)]}, "2024-01-02": {None: [(301, 40)]}})
    regions = region_file({"<b>a|b</b>\nc": [(301, 40)]})
    text = render(frontcalc.diff(["2024-01-02"], archive=maps, regions=regions, snap="none"), "markdown").decode()
    assert "| &lt;b&gt;a\\|b&lt;/b&gt; c | 100.0 |" in text
