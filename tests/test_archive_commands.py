"""`archive list` and `archive check` as their users meet them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import shapely

import frontcalc
from frontcalc.cli import run
from frontcalc.errors import DataError
from frontcalc.notices import FINDINGS
from frontcalc.outliers import FROZEN_MAPS
from frontcalc.outputs import render

Write = Callable[..., Path]
CONTROL, ADVANCE = "control_map", "russian_advances"


@pytest.fixture
def maps(archive: Write) -> Path:
    return archive(
        {
            "2024-01-01": {CONTROL: [(300, 40), (301, 40)], ADVANCE: [None]},
            "2024-01-02": {CONTROL: [(300, 40), (300, 40)], "Zone A": [(9, 9)]},
        }
    )


def test_list_has_a_row_a_map_and_layer(maps: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "list", "--archive", str(maps), "--format", "csv"]) == 0
    rows = list(csv.reader(capfd.readouterr().out.splitlines()))
    assert rows[0] == ["date", "layer", "actor", "role", "parts", "vertices", "km2", "file", "attribution"]
    assert [row[:-1] for row in rows[1:]] == [
        ["2024-01-01", CONTROL, "Russia", "control", "2", "10", "200.000", "2024-01-01.geojson"],
        ["2024-01-01", ADVANCE, "Russia", "advance", "0", "0", "0.000", "2024-01-01.geojson"],
        ["2024-01-02", CONTROL, "Russia", "control", "2", "10", "100.000", "2024-01-02.geojson"],
    ]


def test_list_names_the_file_of_each_layer(tmp_path: Path, archive: Write) -> None:
    archive({"control_map": {None: [(300, 40)]}, "russian_advances": {None: [(301, 40)]}}, name="2024-01-01")
    result = frontcalc.list_archive(archive=tmp_path)
    assert [row.file for row in result.rows] == [
        "2024-01-01/control_map.geojson",
        "2024-01-01/russian_advances.geojson",
    ]


def test_list_names_the_file_that_cannot_be_measured(archive: Write) -> None:
    zigzag = shapely.Polygon([(-180 if n % 2 else 180, -80 + n) for n in range(160)])
    maps = archive({"2024-01-01": {CONTROL: [zigzag]}})
    with pytest.raises(DataError, match=r"^2024-01-01.geojson: its edges are so long that "):
        frontcalc.list_archive(archive=maps)


def test_list_says_what_it_leaves_out(maps: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (maps / "2024-01-03.geojson").write_text("{")
    assert run(["archive", "list", "--archive", str(maps)]) == 3
    assert run(["archive", "list", "--archive", str(maps), "--skip-bad"]) == 0
    out = capfd.readouterr().out
    assert "note SKIPPED: 2024-01-03.geojson: is not valid JSON" in out
    assert "note UNKNOWN-LAYER: not counted: 'Zone A' in 2024-01-02.geojson" in out
    assert "maps: 3 · files read: 2, distinct: 2" in out


def test_list_is_markdown_and_json_too(maps: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for form in ("markdown", "json"):
        assert run(["archive", "list", "--archive", str(maps), "--format", form]) == 0
    markdown, _, text = capfd.readouterr().out.partition("{")
    assert "| 2024-01-01 | control\\_map | Russia | control |" in markdown
    assert json.loads("{" + text)["meta"]["maps"] == 2


def test_check_writes_its_report_before_it_fails(maps: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "check", "--archive", str(maps)]) == 0
    (maps / "2024-01-03.geojson").write_text("{")
    assert run(["archive", "check", "--archive", str(maps)]) == 1
    captured = capfd.readouterr()
    assert "error     UNREADABLE" in captured.out
    assert "1 error UNREADABLE: a file cannot be read; download it again or remove it\n" in captured.out
    assert "findings: error 1, warning 2, info 1\n" in captured.out
    assert captured.err == "frontcalc: maps: has findings: error 1\n"


def test_strict_fails_on_warnings(maps: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "report.csv"
    assert run(["archive", "check", "--strict", "--archive", str(maps), "-o", str(target)]) == 1
    assert "has findings: warning 2" in capfd.readouterr().err
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert [row["code"] for row in rows] == ["UNKNOWN-LAYER", "LAYER-MISSING", "NO-GEOMETRY"]
    assert list(rows[0]) == [
        *("severity", "code", "date", "until", "maps", "layer", "file", "lon", "lat", "km2", "count", "message"),
        "attribution",
    ]


@pytest.mark.thorough
def test_the_sample_passes_even_strictly(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "check", "--strict"]) == 0
    assert "note SYNTHETIC" in capfd.readouterr().out


def test_sarif_names_rules_and_places(maps: Path, tmp_path: Path) -> None:
    (maps / "2024-01-03 #1.geojson").write_text("{")
    target = tmp_path / "report.sarif"
    assert run(["archive", "check", "--archive", str(maps), "-o", str(target)]) == 1
    document = json.loads(target.read_text())
    assert document["version"] == "2.1.0"
    (sarif,) = document["runs"]
    driver = sarif["tool"]["driver"]
    assert driver["name"] == "frontcalc"
    for result in sarif["results"]:
        rule = driver["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["defaultConfiguration"]["level"] == result["level"]
        assert result["message"]["text"]
    broken = sarif["results"][0]
    assert (broken["ruleId"], broken["level"]) == ("UNREADABLE", "error")
    (location,) = broken["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "2024-01-03%20%231.geojson"
    assert {result["level"] for result in sarif["results"]} == {"error", "warning", "note"}


def test_sarif_is_of_findings_alone(maps: Path, tmp_path: Path) -> None:
    assert run(["archive", "list", "--archive", str(maps), "--format", "sarif"]) == 2
    assert run(["archive", "list", "--archive", str(maps), "-o", str(tmp_path / "list.sarif")]) == 2
    assert not (tmp_path / "list.sarif").exists()


def test_choices_and_defaults_are_those_of_the_library(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "check", "--help"]) == 0
    assert f"[default: {FROZEN_MAPS}]" in " ".join(capfd.readouterr().out.split())


def test_the_working_folder_names_the_archive_and_the_format(
    maps: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (maps.parent / "frontcalc.toml").write_text('archive = "maps"\nformat = "csv"\n')
    monkeypatch.chdir(maps.parent)
    monkeypatch.delenv("FRONTCALC_ARCHIVE", raising=False)
    assert run(["archive", "check"]) == 0
    assert run(["archive", "list"]) == 0
    captured = capfd.readouterr()
    assert captured.out.startswith("severity,code,")
    assert "\ndate,layer," in captured.out.replace("\r", "")
    assert "SYNTHETIC" not in captured.err


def test_the_report_is_the_same_bytes_each_time(maps: Path) -> None:
    reports = [render(frontcalc.check_archive(archive=maps, today=date(2026, 1, 1)), "json") for _ in range(2)]
    assert reports[0] == reports[1]


def test_every_finding_of_the_table_is_documented() -> None:
    import re

    text = (Path(__file__).parents[1] / "docs" / "findings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z-]+)` \| (\w+) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert rows == [
        (code, meant.severity.value, meant.meaning, meant.cause, meant.cure) for code, meant in FINDINGS.items()
    ]


def test_an_archive_all_of_whose_files_are_bad_is_checked_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "2024-01-01.geojson").write_text("{}")
    table = frontcalc.check_archive(archive=tmp_path / "2024-01-01.geojson")
    assert [row.severity for row in table.rows] == ["error"]
