"""What the check finds in the publishers' archives is what docs/data-quality.md says."""

from __future__ import annotations

import shutil
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import frontcalc

pytestmark = pytest.mark.shared


def quality(shared: Path, name: str) -> dict[str, dict[str, int]]:
    """Return the two tables of docs/data-quality.md: figures of an archive, and its findings by code."""
    text = (Path(__file__).parents[1] / "docs" / "data-quality.md").read_text(encoding="utf-8")
    lines = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in text.splitlines() if line[:1] == "|"]
    header = next(line for line in lines if line[0] == "code")
    figures = next(line for line in lines if line[0] == name)
    column = header.index(name)
    by_code = {line[0]: int(line[column]) for line in lines if line[0].isupper() and line[column]}
    labels = ("maps", "files", "distinct_files", "error", "warning", "info")
    return {"figures": dict(zip(labels, map(int, figures[1:7]), strict=True)), "codes": by_code}


def findings(folder: Path) -> dict[str, list[Any]]:
    """Return what is found in an archive, by code."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in frontcalc.check_archive(archive=folder, today=date(2026, 11, 1)).rows:
        found[row.code].append(row)
    return found


@pytest.mark.thorough(but=["isw-weekly-topojson", "isw-shapefile-zips"])
@pytest.mark.parametrize(
    "name", ["isw-weekly", "isw-weekly-topojson", "isw-shapefile-zips", "deepstate-daily", "nzz-daily"]
)
def test_findings_of_real_archives_are_those_documented(shared: Path, name: str) -> None:
    result = frontcalc.check_archive(archive=shared / "archives" / name, today=date(2026, 11, 1))
    meta, severities = result.meta, [row.severity for row in result.rows]
    measured = {"maps": meta.maps, "files": len(meta.files), "distinct_files": meta.distinct_files}
    measured |= {severity: severities.count(severity) for severity in ("error", "warning", "info")}
    assert {"figures": measured, "codes": dict(meta.counts)} == quality(shared, name)
    found = {code: [row for row in result.rows if row.code == code] for code in dict(meta.counts)}
    _CHECKED.get(name, lambda found: None)(found)


def _isw_weekly(found: dict[str, list[Any]]) -> None:
    syvash = next(row for row in found["AREA-JUMP"] if str(row.until) == "2023-07-30")
    assert str(syvash.date) == "2023-07-23"
    assert syvash.km2 == pytest.approx(222.8, abs=0.05)
    assert (syvash.lon, syvash.lat) == pytest.approx((33.55, 46.05), abs=0.1)
    frozen = [(row.layer, str(row.date), str(row.until), row.maps) for row in found["LAYER-FROZEN"]]
    assert ("control_map", "2024-09-15", "2024-10-27", 7) in frozen
    assert [(row.maps, round(row.km2, 3)) for row in found["OVERLAP"]] == [(148, 108.572)]


def _deepstate(found: dict[str, list[Any]]) -> None:
    gaps = [(str(row.date), str(row.until), row.count) for row in found["DAYS-MISSING"]]
    assert gaps == [
        ("2024-08-18", "2024-08-19", 2),
        ("2025-01-01", "2025-01-01", 1),
        ("2025-03-31", "2025-04-01", 2),
    ]
    assert [row.count for row in found["UNCHANGED"]] == [37]


def _nzz(found: dict[str, list[Any]]) -> None:
    redefined = max(found["AREA-JUMP"], key=lambda row: row.km2)
    assert (str(redefined.date), str(redefined.until)) == ("2024-03-13", "2024-03-14")
    assert "−16,619.0 km²" in redefined.message
    (differing,) = found["DATE-DIFFERS"]
    assert differing.count == 182
    assert "182 of 182 maps differ from the names" in differing.message
    assert sum(row.count for row in found["REPEATED"]) == 51


_CHECKED = {"isw-weekly": _isw_weekly, "deepstate-daily": _deepstate, "nzz-daily": _nzz}


@pytest.mark.thorough
def test_findings_of_some_raw_maps(shared: Path, tmp_path: Path) -> None:
    """Seven of the thirty, since each takes a third of a second."""
    for day in range(18, 25):
        name = f"202306{day}.geojson"
        shutil.copy(shared / "archives" / "isw-raw-daily" / name, tmp_path)
    found = findings(tmp_path)
    assert [(row.layer, row.maps) for row in found["LAYER-FROZEN"]] == [("VIEW_RussiaCoTinUkraine_V3", 7)]
    bare = {row.layer: (row.count, row.maps) for row in found["NO-GEOMETRY"]}
    assert bare["VIEW_ClaimedRussianTerritoryinUkraine_V2"] == (7, 7)
