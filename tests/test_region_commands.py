"""`frontcalc regions show` and `check`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely
from conftest import Run, collection, square

import frontcalc
from frontcalc.regions import read_regions

Write = Callable[..., Path]


@pytest.mark.parametrize("name", ["UA-23", "ua-23", "Zaporizhzhia", "zaporizhia", " Запоріжжя ", "Запорізька область"])
def test_show_finds_a_region_as_people_spell_it(name: str) -> None:
    (row,) = frontcalc.show_region(name).rows
    (listed,) = [one for one in frontcalc.list_regions().rows if one.code == "UA-23"]
    assert (row.region, row.country, row.area_km2) == ("Zaporizhzhia", "UA", pytest.approx(listed.area_km2))
    assert row.neighbours == "Dnipropetrovsk|Donetsk|Kherson"
    assert (row.west, row.south, row.east, row.north) == pytest.approx((34.2, 46.3, 37.2, 48.1), abs=0.06)


def test_show_suggests_on_a_miss(run_here: Run) -> None:
    done = run_here("regions", "show", "Donesk")
    assert (done.returncode, done.stderr) == (2, "frontcalc: no region is named 'Donesk'; did you mean Donetsk?\n")
    assert "frontcalc regions list has them all" in run_here("regions", "show", "zzzzzz").stderr
    done = run_here("regions", "show", "Kyiv City")
    assert "neighbours  Kyiv\n" in done.stdout
    assert "licence: public domain\n" in done.stdout


def test_check_measures_a_file_that_is_fit(region_file: Write, run_here: Run) -> None:
    file = region_file({"Ring": [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2)], "Corner": [(2, 2)]})
    table = frontcalc.check_regions(file)
    assert [(row.region, round(row.area_km2, 6), row.parts, row.repaired) for row in table.rows] == [
        ("Corner", 100, 1, 0),
        ("Ring", 700, 1, 0),
    ]
    meta = table.meta
    assert (meta.regions, meta.name_field, meta.fields, meta.crs) == (2, "name", ("name",), "OGC:CRS84")
    assert (meta.gaps, meta.gaps_km2, meta.area_km2) == (1, pytest.approx(100), pytest.approx(800))
    assert (meta.overlaps, meta.refused) == ((), ())
    done = run_here("regions", "check", file)
    assert (done.returncode, done.stderr) == (0, "")
    assert "gaps that regions enclose: 1, 100.000 km²\nfit for --regions\n" in done.stdout


def test_an_enclave_is_no_gap(region_file: Write) -> None:
    around = [(x, y) for x in range(3) for y in range(3) if (x, y) != (1, 1)]
    assert frontcalc.check_regions(region_file({"A": around, "B": [(1, 1)]})).meta.gaps == 0


def test_a_file_whose_regions_overlap_is_refused_with_the_pair(region_file: Write, run_here: Run) -> None:
    file = region_file({"A": [(0, 0), (1, 0)], "B": [(1, 0), (2, 0), (3, 0)], "C": [(8, 0)]})
    table = frontcalc.check_regions(file)
    (pair,) = table.meta.overlaps
    assert (pair.first, pair.second) == ("A", "B")
    assert (pair.km2, pair.percent_of_smaller) == pytest.approx((100, 50))
    assert [(row.region, round(row.overlap_km2, 6), row.overlaps_with) for row in table.rows] == [
        ("A", 100, "B"),
        ("B", 100, "A"),
        ("C", 0, ""),
    ]
    done = run_here("regions", "check", file, "--format", "json")
    assert done.returncode == 1
    assert done.stderr == (
        "frontcalc: regions.geojson: would be refused: A and B overlap by 100.000 km², 50.0 % of the smaller\n"
    )
    meta = json.loads(done.stdout)["meta"]
    assert meta["refused"] == ["A and B overlap by 100.000 km², 50.0 % of the smaller"]
    assert meta["overlaps"] == [{"first": "A", "second": "B", "km2": 100.0, "percent_of_smaller": 50.0}]


def test_everything_that_would_be_refused_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    document = collection({"total": [square(0, 0)], "Fine": [square(1, 0), square(3, 0)]}, field="name")
    document["features"] += [{"type": "Feature", "properties": {}, "geometry": document["features"][1]["geometry"]}]
    path.write_text(json.dumps(document))
    assert frontcalc.check_regions(path).meta.refused == (
        "feature 3 has no 'name'",
        "a region is named 'total', which is a row of its own",
        "(feature 3) and Fine overlap by 100.000 km², 100.0 % of the smaller",
    )


def test_the_working_folder_sets_defaults_here_too(
    region_file: Write, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = region_file({"A": [(0, 0)]}, field="NAME_1")
    (file.parent / "frontcalc.toml").write_text('region-name = "NAME_1"\nformat = "csv"\nunits = "mi2"\n')
    monkeypatch.chdir(file.parent)
    done = run_here("regions", "check", file)
    assert (done.returncode, done.stdout.count("\n")) == (0, 2)
    assert ",area_mi2," in done.stdout
    assert ",area_mi2," in run_here("regions", "list").stdout.splitlines()[0]


def test_a_field_that_is_not_there_is_said_with_those_that_are(region_file: Write, run_here: Run) -> None:
    file = region_file({"A": [(0, 0)]}, field="oblast")
    done = run_here("regions", "check", file)
    assert done.returncode == 1
    assert "no field 'name'; its fields are oblast (A): choose with --region-name" in done.stderr
    done = run_here("regions", "check", file, "--region-name", "oblast")
    assert (done.returncode, "\nfit for --regions with --region-name oblast\n" in done.stdout) == (0, True)
    assert run_here("regions", "check", "none.geojson").returncode == 3


@pytest.mark.parametrize(
    ("shapes", "field"),
    [
        ({"A": [square(0, 0)]}, "name"),
        ({"A": [square(0, 0)]}, "oblast"),
        ({None: [square(0, 0)], "A": [square(1, 0)]}, "name"),
        ({"Unassigned": [square(0, 0)]}, "name"),
        ({"A": [shapely.Point(1, 1)]}, "name"),
    ],
)
def test_check_refuses_what_reading_refuses(
    shapes: dict[str | None, list[shapely.Geometry]], field: str, tmp_path: Path
) -> None:
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps(collection(shapes, field=field)))
    refused = frontcalc.check_regions(path).meta.refused
    try:
        read_regions(path, target_crs="EPSG:6933")
    except frontcalc.FrontcalcError:
        assert refused
    else:
        assert not refused


def test_regions_of_one_name_are_told_apart_by_code(tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    document = collection({"A": [square(0, 0), square(1, 0)], "B": [square(3, 0), square(4, 0)]}, field="name")
    for code, feature in zip(("MD-1", "MD-2", "MD-3", ""), document["features"], strict=True):
        feature["properties"]["shapeISO"] = code
    path.write_text(json.dumps(document))
    rows = frontcalc.check_regions(path).rows
    assert [(row.region, row.features) for row in rows] == [("A (MD-1)", 1), ("A (MD-2)", 1), ("B", 2)]
    assert len(read_regions(path, target_crs="EPSG:6933").names) == len(rows)


def test_repairs_countries_and_points_are_counted(tmp_path: Path) -> None:
    west, south, east, north = square(0, 0).bounds
    bow = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
    path = tmp_path / "regions.geojson"
    document = collection({"A": [bow], "B": [shapely.Point(west, south)]}, field="name")
    document["features"][0]["properties"]["ISO_A2"] = "MD"
    path.write_text(json.dumps(document))
    table = frontcalc.check_regions(path)
    assert [(row.region, row.country, row.features, row.parts, row.repaired) for row in table.rows] == [
        ("A", "MD", 1, 1, 1),
        ("B", "", 1, 0, 0),
    ]
    assert table.meta.not_area == 1
    assert table.rows[0].area_km2 == pytest.approx(50, abs=0.5)


def test_what_cannot_be_measured_is_said_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    zigzag = shapely.Polygon([(-180 if n % 2 else 180, -80 + n) for n in range(160)])
    path.write_text(json.dumps(collection({"A": [zigzag]}, field="name")))
    with pytest.raises(frontcalc.DataError, match=r"^regions.geojson: its edges are so long that "):
        frontcalc.check_regions(path)


def test_a_file_without_any_area_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps(collection({"A": [shapely.Point(1, 1)]}, field="name")))
    assert frontcalc.check_regions(path).meta.refused == ("it holds no polygons",)
