"""Places that came under or out of an actor's hold, map by map."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Run, square

import frontcalc
from frontcalc.errors import DataError
from frontcalc.gazetteer import read_places

Write = Callable[..., Path]
PERIOD = "2024-01-01..2024-01-31"


def centre(column: int, row: int) -> tuple[float, float]:
    point = square(column, row).centroid
    return point.x, point.y


@pytest.fixture
def maps(archive: Write) -> Path:
    """Square 0 is always held, 1 gained on the 11th, 2 lost on the 21st, 3 held on the 11th only."""
    days = {
        "2024-01-01": [(0, 0), (2, 0)],
        "2024-01-11": [(0, 0), (1, 0), (2, 0), (3, 0)],
        "2024-01-21": [(0, 0), (1, 0)],
        "2024-01-31": [(0, 0), (1, 0)],
    }
    return archive({day: {"control_map": held, "russian_advances": [None]} for day, held in days.items()})


@pytest.fixture
def towns(tmp_path: Path) -> Path:
    path = tmp_path / "towns.csv"
    names = ["Always", "Gained", "Lost", "Twice", "Never"]
    lines = [f"{name},{lon:.9f},{lat:.9f},7\n" for n, name in enumerate(names) for lon, lat in [centre(n, 0)]]
    path.write_text("Name,LON,lat,people\n" + "".join(lines))
    return path


def test_each_change_has_the_first_map_that_shows_it(maps: Path, towns: Path) -> None:
    table = frontcalc.places([PERIOD], places=towns, archive=maps)
    assert [(row.place, row.change, str(row.date), str(row.previous)) for row in table.rows] == [
        ("Gained", "gained", "2024-01-11", "2024-01-01"),
        ("Twice", "gained", "2024-01-11", "2024-01-01"),
        ("Lost", "lost", "2024-01-21", "2024-01-11"),
        ("Twice", "lost", "2024-01-21", "2024-01-11"),
    ]
    assert table.meta.places is not None
    assert [(place.place, place.change) for place in table.meta.places] == [("Gained", "gained"), ("Lost", "lost")]


def test_a_place_that_came_under_twice_lasts_from_the_second_time(archive: Write, towns: Path) -> None:
    held = {"2024-01-01": [None], "2024-01-11": [(1, 0)], "2024-01-21": [None], "2024-01-31": [(1, 0)]}
    maps = archive({day: {"control_map": shapes} for day, shapes in held.items()})
    table = frontcalc.places([PERIOD], places=towns, archive=maps, view="control")
    assert [str(row.date) for row in table.rows] == ["2024-01-11", "2024-01-21", "2024-01-31"]
    assert [str(place.date) for place in table.meta.places or ()] == ["2024-01-31"]


def test_places_on_the_edge_are_held_and_have_their_region(archive: Write, region_file: Write, tmp_path: Path) -> None:
    west, south, _, _ = square(0, 0).bounds
    path = tmp_path / "towns.geojson"
    points = {"Corner": (west, south), "Inside": centre(0, 0), "Elsewhere": centre(1, 0)}
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Point", "coordinates": at}}
        for name, at in points.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    maps = archive({"2024-01-01": {"control_map": [None]}, "2024-01-31": {"control_map": [(0, 0), (1, 0)]}})
    rows = frontcalc.places(
        [PERIOD], places=path, archive=maps, view="control", actor="Russia", regions=region_file({"A": [(0, 0)]})
    ).rows
    assert [(row.place, row.region) for row in rows] == [
        ("Corner", "A"),
        ("Inside", "A"),
        ("Elsewhere", "unassigned"),
    ]


def test_what_lasted_is_named_by_period(maps: Path, towns: Path) -> None:
    table = frontcalc.places([PERIOD, "2024-01-21..2024-01-31"], archive=maps, places=towns)
    assert [(place.period, place.place) for place in table.meta.places or ()] == [(PERIOD, "Gained"), (PERIOD, "Lost")]
    assert frontcalc.diff([PERIOD], archive=maps).meta.places is None


def test_the_command_says_it_in_every_form(maps: Path, towns: Path, run_here: Run) -> None:
    done = run_here("places", PERIOD, "--places", towns, "--archive", maps)
    under = f"{PERIOD}: came under Russia's hold: Gained (2024-01-11)\n"
    out = f"{PERIOD}: came out of Russia's hold: Lost (2024-01-21)\n"
    assert under + out in done.stdout
    done = run_here("places", PERIOD, "--places", towns, "--archive", maps, "--format", "csv")
    assert f"frontcalc: {under}frontcalc: {out}" in done.stderr
    done = run_here("places", "2024-01-21..2024-01-31", "--places", towns, "--archive", maps, "--format", "json")
    assert json.loads(done.stdout)["meta"]["places"] == []
    assert "Russia holds the same places at its end as at its start" in done.stderr
    done = run_here("places", PERIOD, "--places", towns, "--archive", maps, "--format", "csv")
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert ",".join(rows[0]) == "archive,actor,period,place,region,change,date,previous,view,lon,lat,notes,attribution"
    lon, lat = centre(1, 0)
    assert (rows[0]["lon"], rows[0]["lat"]) == (f"{lon:.6f}", f"{lat:.6f}")
    done = run_here("places", PERIOD, "--places", towns, "--archive", maps)
    assert "Twice   –       came out    2024-01-21  2024-01-11" in done.stdout
    assert run_here("places", PERIOD, "--archive", maps).returncode == 2


@pytest.mark.parametrize(
    "text",
    ["name,lon,lat\nA,37.5,48\n", "\ufeffNAME;x;Y\r\n A ;37.5;48\r\n", "lat\tname\tlongitude\n48\tA\t37.5\n"],
)
def test_csv_in_the_forms_that_spreadsheets_write(text: str, tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text(text, encoding="utf-8", newline="")
    names, points = read_places(path)
    assert (names, points.tolist()) == (("A",), [[37.5, 48.0]])


def test_geojson_in_the_crs_that_it_declares(tmp_path: Path) -> None:
    path = tmp_path / "towns.geojson"
    feature = {"properties": {"Name": "A"}, "geometry": {"type": "Point", "coordinates": [111319.490793, 0, 5]}}
    crs = {"type": "name", "properties": {"name": "EPSG:3857"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))
    names, points = read_places(path)
    assert names == ("A",)
    assert points == pytest.approx(np.array([[1, 0]]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,lon\nA,1\n", "lacks a column; it has name, lon; name the columns name, lon and lat"),
        ("name,lon,lat\n", "holds no places"),
        ("name,lon,lat\nA,1\n", "line 2 has no number for lon or lat"),
        ('name,lon,lat\nA,"37,5",48\n', "line 2 has no number for lon or lat"),
        ("name,lon,lat\n,1,2\n", "line 2 has no name"),
        ("name,lon,lat\nA,1,200\n", "line 2 is not on the globe: lon 1, lat 200"),
        ("name,lon,lat\nA,nan,2\n", "line 2 is not on the globe"),
        ("{}", "is no GeoJSON feature collection"),
        ("[1", "is not valid JSON"),
        ('{"features":[7]}', "feature 0 is no point"),
        ('{"features":[{"geometry":{"type":"Polygon","coordinates":[]}}]}', "feature 0 is no point"),
        ('{"features":[{"geometry":{"type":"Point","coordinates":[]}}]}', "feature 0 is no point"),
        ('{"features":[{"properties":[1],"geometry":{"type":"Point","coordinates":[1,2]}}]}', "feature 0 has no name"),
        ("", "is empty"),
        ("\x00\xff", "lacks a column"),
    ],
)
def test_bad_files_are_refused_by_name(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(frontcalc.DataError) as error:
        read_places(path)
    assert str(error.value).startswith("towns.csv: ")
    assert message in str(error.value)


# Places that all lie elsewhere.


def written(folder: Path, *points: tuple[float, float]) -> Path:
    path = folder / "points.csv"
    path.write_text("name,lon,lat\n" + "".join(f"Town {n},{lon},{lat}\n" for n, (lon, lat) in enumerate(points)))
    return path


def test_places_with_longitude_and_latitude_exchanged_are_refused(maps: Path, tmp_path: Path) -> None:
    # These maps are of 0.0 to 0.3° E, 43° S.
    towns = written(tmp_path, *(centre(column, 0)[::-1] for column in range(2)))
    with pytest.raises(DataError, match=r"points.csv: has no place near what the maps show, lon .*are exchanged: swap"):
        frontcalc.places(PERIOD, places=towns, archive=maps)


def test_places_elsewhere_are_refused_and_one_near_is_enough(maps: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no place near what the maps show.*; check longitude and latitude"):
        frontcalc.places(PERIOD, places=written(tmp_path, (37.1, 48.0), (37.2, 48.1)), archive=maps)
    near = [centre(0, 0), centre(10, 10)]
    for at in near:
        towns = written(tmp_path, (37.1, 48.0), at)
        assert frontcalc.places(PERIOD, places=towns, archive=maps).rows == ()


def test_places_are_not_judged_where_the_maps_show_nothing(archive: Write, tmp_path: Path) -> None:
    maps = archive({day: {"control_map": [None]} for day in ("2024-01-01", "2024-01-31")})
    towns = written(tmp_path, (37.1, 48.0))
    assert frontcalc.places(PERIOD, places=towns, archive=maps, view="control").rows == ()
