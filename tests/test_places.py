"""Places that came under or out of an actor's hold, map by map."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from conftest import Run, square
from pictures import assert_legible, texts

import frontcalc
from frontcalc import crs
from frontcalc.errors import DataError
from frontcalc.gazetteer import read_places
from frontcalc.towns import Discs, Towns

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


def test_places_have_their_region_and_one_on_the_corner_is_partly_held(
    archive: Write, region_file: Write, tmp_path: Path
) -> None:
    west, south, _, _ = square(0, 0).bounds
    path = tmp_path / "towns.geojson"
    points = {"Corner": (west, south), "Inside": centre(0, 0), "Elsewhere": centre(1, 0)}
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Point", "coordinates": at}}
        for name, at in points.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    maps = archive({"2024-01-01": {"control_map": [None]}, "2024-01-31": {"control_map": [(0, 0), (1, 0)]}})
    table = frontcalc.places(
        [PERIOD], places=path, archive=maps, view="control", actor="Russia", regions=region_file({"A": [(0, 0)]})
    )
    assert [(row.place, row.region, row.change) for row in table.rows] == [
        ("Corner", "A", "part gained"),
        ("Inside", "A", "gained"),
        ("Elsewhere", "unassigned", "gained"),
    ]
    assert [round(row.held_pct or 0.0, 1) for row in table.rows] == [25.0, 100.0, 100.0]
    assert [place.place for place in table.meta.places or ()] == ["Inside", "Elsewhere"]


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
    assert ",".join(rows[0]) == (
        "archive,actor,period,place,region,change,date,previous,view,lon,lat,notes,"
        "reached,half,whole,held_pct,people,radius_m,attribution"
    )
    lon, lat = centre(1, 0)
    assert (rows[0]["lon"], rows[0]["lat"]) == (f"{lon:.6f}", f"{lat:.6f}")
    done = run_here("places", PERIOD, "--places", towns, "--archive", maps)
    assert "Twice   –       came out    2024-01-21  2024-01-11" in done.stdout


@pytest.mark.parametrize(
    "text",
    ["name,lon,lat\nA,37.5,48\n", "\ufeffNAME;x;Y\r\n A ;37.5;48\r\n", "lat\tname\tlongitude\n48\tA\t37.5\n"],
)
def test_csv_in_the_forms_that_spreadsheets_write(text: str, tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text(text, encoding="utf-8", newline="")
    read = read_places(path)
    assert (read.names, read.points.tolist(), read.radii_m.tolist()) == (("A",), [[37.5, 48.0]], [500.0])


def test_geojson_in_the_crs_that_it_declares(tmp_path: Path) -> None:
    path = tmp_path / "towns.geojson"
    feature = {"properties": {"Name": "A"}, "geometry": {"type": "Point", "coordinates": [111319.490793, 0, 5]}}
    crs = {"type": "name", "properties": {"name": "EPSG:3857"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))
    read = read_places(path)
    assert read.names == ("A",)
    assert read.points == pytest.approx(np.array([[1, 0]]))


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
        ("name,lon,lat,radius_m\nA,1,2,x\n", "line 2 has the radius_m x; give metres up to 50,000, or leave it empty"),
        ("name,lon,lat,Radius_m\nA,1,2,-5\n", "line 2 has the radius_m -5"),
        ("name,lon,lat,radius_m\nA,1,2,nan\n", "line 2 has the radius_m nan"),
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


# Places are discs. The squares have 100 km² and are 8.44 km wide: a disc on the side of one is half in it.


def on_the_side(folder: Path, radius: float, *, inwards: float = 0.0) -> Path:
    """A town on the western side of square 1, its middle moved into that by a share of the square's width."""
    west, south, east, north = square(1, 0).bounds
    lon, lat = west + inwards * (east - west), (south + north) / 2
    path = folder / "side.csv"
    path.write_text(f"name,lon,lat,radius_m\nTown,{lon:.9f},{lat:.9f},{radius}\n")
    return path


def test_a_disc_half_in_a_square_is_half_held(archive: Write, tmp_path: Path) -> None:
    maps = archive({"2024-01-01": {"control_map": [None]}, "2024-01-31": {"control_map": [(1, 0)]}})
    town = on_the_side(tmp_path, 2000)
    *_, last = frontcalc.place_shares("town", [PERIOD], places=town, archive=maps, view="control").rows
    assert last.held_pct == pytest.approx(50, abs=0.01)
    assert last.radius_m == 2000


def test_since_when_a_place_is_reached_half_and_whole(archive: Write, tmp_path: Path) -> None:
    # A disc of 2 km, its middle 844 m inside square 1: of it (acos(0.422) - 0.422 * 0.907) / pi is in square 0.
    held = [[None], [(0, 0)], [(1, 0)], [(0, 0), (1, 0)], [(0, 0), (1, 0)]]
    maps = archive({f"2024-01-{7 * n + 1:02}": {"control_map": own} for n, own in enumerate(held)})
    town = on_the_side(tmp_path, 2000, inwards=0.1)
    shares = frontcalc.place_shares("Town", [PERIOD], places=town, archive=maps, view="control").rows
    assert [round(row.held_pct, 1) for row in shares] == [0.0, 24.0, 76.0, 100.0, 100.0]
    (row,) = frontcalc.places(["2024-01-01..2024-01-29"], places=town, archive=maps, view="control").rows
    assert (row.change, row.held_pct) == ("gained", pytest.approx(100))
    assert [str(day) for day in (row.reached, row.half, row.whole)] == ["2024-01-08", "2024-01-15", "2024-01-22"]
    # From the second map on it was reached before.
    (row,) = frontcalc.places(["2024-01-08..2024-01-15"], places=town, archive=maps, view="control").rows
    assert (row.reached, str(row.half), row.whole) == (None, "2024-01-15", None)
    assert frontcalc.places(["2024-01-22..2024-01-29"], places=town, archive=maps, view="control").rows == ()


def test_what_was_reached_and_left_again_lasts_from_the_last_time(archive: Write, tmp_path: Path) -> None:
    held = [[None], [(0, 0)], [None], [(0, 0)], [(0, 0), (1, 0)]]
    maps = archive({f"2024-01-{7 * n + 1:02}": {"control_map": own} for n, own in enumerate(held)})
    town = on_the_side(tmp_path, 2000, inwards=0.1)
    (row,) = frontcalc.places(["2024-01-01..2024-01-29"], places=town, archive=maps, view="control").rows
    assert [str(day) for day in (row.reached, row.half, row.whole)] == ["2024-01-22", "2024-01-29", "2024-01-29"]
    (row,) = frontcalc.places(["2024-01-01..2024-01-22"], places=town, archive=maps, view="control").rows
    assert (row.change, str(row.date), row.half) == ("part gained", "2024-01-22", None)


def test_a_place_is_left_as_it_was_reached(archive: Write, tmp_path: Path) -> None:
    held = [[(0, 0), (1, 0)], [(1, 0)], [(0, 0)], [None]]
    maps = archive({f"2024-01-{7 * n + 1:02}": {"control_map": own} for n, own in enumerate(held)})
    town = on_the_side(tmp_path, 2000, inwards=0.1)
    (row,) = frontcalc.places(["2024-01-01..2024-01-22"], places=town, archive=maps, view="control").rows
    assert (row.change, row.held_pct) == ("lost", 0)
    assert [str(day) for day in (row.reached, row.half, row.whole)] == ["2024-01-08", "2024-01-15", "2024-01-22"]


def test_shares_from_edges_that_moved_are_those_of_each_map_by_itself(archive: Write, tmp_path: Path) -> None:
    days = {
        "2024-01-01": [(0, 0), (2, 2)],
        "2024-01-08": [(0, 0), (1, 0), (2, 2)],
        "2024-01-15": [(0, 0), (0, 1), (1, 1), (2, 1), (2, 0)],
        "2024-01-22": [(column, row) for column in range(3) for row in range(3)],
        "2024-01-29": [(1, 1)],
    }
    maps = archive({day: {"control_map": own} for day, own in days.items()})
    west, south, _, _ = square(0, 0).bounds
    east, north = square(2, 2).bounds[2:]
    near = np.linspace(0, 1, 12)
    lines = [
        f"T{x}-{y},{west + a * (east - west)},{south + b * (north - south)},2500"
        for x, a in enumerate(near)
        for y, b in enumerate(near)
    ]
    (tmp_path / "many.csv").write_text("\n".join(["name,lon,lat,radius_m", *lines]))
    period = ["2024-01-01..2024-01-29"]
    rows = frontcalc.places(period, places=tmp_path / "many.csv", archive=maps, view="control").rows
    assert len(rows) > 100
    plane = crs.projector(crs.LONLAT, "EPSG:6933")
    grounds = [
        shapely.transform(shapely.union_all([square(*at) for at in own]), plane)  # their sides are straight there too
        for own in days.values()
    ]
    for row in rows:
        town = Towns(("",), np.array([""]), np.array([0]), np.array([[row.lon, row.lat]]), np.array([2500.0]))
        (disc,) = Discs.of(town, "EPSG:6933").polygons(np.array([0]))
        alone = [disc.intersection(ground).area / disc.area for ground in grounds]
        assert row.held_pct == pytest.approx(100 * alone[-1], abs=1e-6)
        if row.half:
            after = alone[list(days).index(str(row.half))]
            assert (round(after, 9) >= 0.5) == (row.change == "gained")


def test_embedded_towns_need_no_file(shared: Path) -> None:
    table = frontcalc.places(
        ["2024-10..2024-12"], archive=shared / "archives" / "isw-weekly", least_people=14_000, only=["Donetsk"]
    )
    assert [(row.place, row.change, str(row.half)) for row in table.rows if row.half] == [
        ("Vuhledar", "gained", "2024-10-06"),
        ("Selydove", "gained", "2024-11-03"),
        ("Toretsk", "gained", "2024-12-22"),
        ("Toretsk", "lost", "2024-12-29"),
        ("Kurakhove", "gained", "2024-12-29"),
    ]
    assert table.meta.attribution[-1] == "Towns: GeoNames (geonames.org), CC BY 4.0"
    assert "14,000 people and more" in table.meta.place_rule
    kurakhove = table.rows[-1]
    assert (kurakhove.people, round(kurakhove.radius_m or 0), str(kurakhove.reached)) == (18_220, 1966, "2024-12-01")


def test_towns_of_other_countries_are_listed_too(archive: Write) -> None:
    around = {"El Fasher": shapely.box(25.2, 13.5, 25.5, 13.8), "Fiji": shapely.box(179.0, -17.0, 180.0, -16.0)}
    days = {"2024-01-01": [None], "2024-01-31": list(around.values())}
    maps = archive({day: {"control_map": own} for day, own in days.items()})
    table = frontcalc.places([PERIOD], archive=maps, view="control", by="none", actor="Russia", least_people=5_000)
    assert ("El Fasher", "gained", 100.0) in [(row.place, row.change, row.held_pct) for row in table.rows]
    assert [row.region for row in table.rows] == [""] * len(table.rows)
    assert table.meta.place_rule == "of places with 5,000 people and more; smaller villages are not listed"


def test_two_archives_stand_side_by_side(
    archive: Write, towns: Path, maps: Path, tmp_path: Path, run_here: Run
) -> None:
    held = {"2024-01-01": [(2, 0)], "2024-01-15": [(1, 0), (2, 0)], "2024-01-31": [(1, 0), (2, 0)]}
    other = archive({day: {"control_map": own} for day, own in held.items()}, name="other")
    table = frontcalc.places([PERIOD], places=towns, archives=[f"one={maps}", f"two={other}"], view="control")
    assert [(row.archive, row.place, str(row.half)) for row in table.rows if row.place == "Gained"] == [
        ("one", "Gained", "2024-01-11"),
        ("two", "Gained", "2024-01-15"),
    ]
    both = ("--archive", f"one={maps}", "--archive", f"two={other}", "--view", "control")
    done = run_here("places", PERIOD, "--places", towns, *both)
    assert done.returncode == 0
    (line,) = (line for line in done.stdout.splitlines() if "  Gained  " in line)
    assert line.split()[-1] == "4"
    assert f"one, {PERIOD}: came under Russia's hold: Gained (2024-01-11)" in done.stdout
    assert run_here("places", PERIOD, "--places", towns, "--archive", f"one={maps}").returncode == 0
    (other / "2024-01-01.geojson").rename(other / "2024-01-01.json")
    done = run_here("places", PERIOD, "--places", towns, *both, "-o", other / "2024-01-01.json")
    assert (done.returncode, "is a file of the archive" in done.stderr) == (2, True)
    done = run_here("places", "2024-01-16..2024-01-21", "--places", towns, *both)
    assert "two, 2024-01-16..2024-01-21: nothing was measured" in done.stdout
    assert run_here("places", PERIOD, "--archive", maps, "-o", tmp_path / "x.png").returncode == 2
    assert run_here("places", PERIOD, "--town", "Gained", "--towns", 7, "--archive", maps).returncode == 2
    done = run_here("places", PERIOD, "--town", "Nowhere", "--places", towns, "--archive", maps)
    assert "--town Nowhere: no place so called" in done.stderr


def test_a_strip_an_archive_has_the_days_marked(archive: Write, tmp_path: Path, run_here: Run) -> None:
    held = [[None], [(0, 0)], [(1, 0)], [(0, 0), (1, 0)], [(0, 0), (1, 0)]]
    maps = archive({f"2024-01-{7 * n + 1:02}": {"control_map": own} for n, own in enumerate(held)})
    late = archive({f"2024-01-{7 * n + 3:02}": {"control_map": own} for n, own in enumerate(held[:3])}, name="late")
    town = on_the_side(tmp_path, 2000, inwards=0.1)
    table = frontcalc.place_shares(
        "Town", ["2024-01-01..2024-01-29"], places=town, archives=[f"one={maps}", f"two={late}"], view="control"
    )
    figure = frontcalc.picture(table, size="1000x700").figure
    assert texts(figure, "axis") == ["one, % held", "two, % held"]
    assert texts(figure, "title") == ["Town: 100.0 % held on 29 Jan 2024 (one); 76.0 % held on 17 Jan 2024 (two)"]
    marked = ["half 15 Jan", "half 17 Jan", "reached 10 Jan", "reached 8 Jan", "whole 22 Jan"]
    assert sorted(texts(figure, "event")) == marked
    assert {axes.get_ylim() for axes in figure.axes} == {(-6.0, 100.0)}
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    assert_legible(figure)
    asked = ("places", "2024-01", "--town", "Town", "--places", town, "--archive", maps, "--view", "control")
    assert run_here(*asked, "-o", tmp_path / "strip.svg", "--size", "900x700", "--theme", "dark").returncode == 0
    assert run_here(*asked, "--theme", "dark").returncode == 2
    assert "half 15 Jan" in (tmp_path / "strip.svg").read_text() or (tmp_path / "strip.svg").stat().st_size > 10_000
    assert "100.0 %" in run_here(*asked).stdout


def test_the_archive_of_the_environment_or_of_the_folder_is_one_path(
    maps: Path, towns: Path, run_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaced = maps.rename(tmp_path / "my maps")
    asked = ("places", PERIOD, "--places", towns)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRONTCALC_ARCHIVE", str(spaced))
    from_environment = run_here(*asked).stdout
    assert "Gained (2024-01-11)" in from_environment
    monkeypatch.delenv("FRONTCALC_ARCHIVE")
    (tmp_path / "frontcalc.toml").write_text('archive = "my maps"\n')
    assert run_here(*asked).stdout == from_environment
    assert "Places and Russian-held territory · mine" in run_here(*asked, "--archive", "mine=my maps").stdout


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
