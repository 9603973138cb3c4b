"""Every code of `archive check`: an archive with the fault has it, and a clean one has nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from conftest import collection, square

import frontcalc
from frontcalc import UsageError
from frontcalc.lint import Finding
from frontcalc.notices import FINDINGS
from frontcalc.snapshots import snapshot

Write = Callable[..., Path]
TODAY = date(2026, 1, 1)
CONTROL, ADVANCE = "control_map", "russian_advances"

# Far from every square.
SELF_CROSSING = shapely.Polygon([(101, -39), (102, -38), (102, -39), (101, -38)])


def days(count: int, start: str = "2024-01-01", step: int = 1) -> list[str]:
    """Return dates as file names have them."""
    first = date.fromisoformat(start)
    return [str(first + timedelta(days=step * index)) for index in range(count)]


def growing(count: int, step: int = 1) -> dict[str, dict[str | None, list[Any]]]:
    """Return maps without a fault: control stands, or moves every third map, and advances move on each."""
    return {
        day: {
            CONTROL: [(column, 40) for column in range(300 + index // 3)],
            ADVANCE: [(400, row) for row in range(40, 41 + index)],
        }
        for index, day in enumerate(days(count, step=step))
    }


def check(folder: Path, **options: Any) -> tuple[Finding, ...]:
    return frontcalc.check_archive(archive=folder, today=TODAY, **options).rows


def only(folder: Path, code: str, **options: Any) -> Finding:
    """Return the one finding of an archive, which must be of a code."""
    found = check(folder, **options)
    assert [row.code for row in found] == [code]
    assert found[0].severity == FINDINGS[code].severity
    assert found[0].message
    return found[0]


def write_json(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document))
    return path


@pytest.mark.thorough(but=["1-1", "2-7", "30-7"])
@pytest.mark.parametrize(("count", "step"), [(1, 1), (2, 7), (30, 1), (30, 7)])
def test_a_clean_archive_yields_nothing(archive: Write, count: int, step: int) -> None:
    assert check(archive(growing(count, step))) == ()


# The example of `check_archive`, which tests run as well, shows the same rows.
@pytest.mark.thorough
def test_the_sample_has_no_error_and_no_warning() -> None:
    result = frontcalc.check_archive(today=TODAY)
    assert {row.severity for row in result.rows} <= {"info"}
    assert result.meta.counts == (("OVERLAP", 1),)
    assert [notice.code for notice in result.meta.notices] == ["SYNTHETIC"]


def test_a_file_that_cannot_be_read_and_the_others_are_checked(archive: Write) -> None:
    folder = archive(growing(8))
    (folder / "2024-01-03.geojson").write_text('{"type": "FeatureColl')
    (folder / "2024-01-05.geojson").write_bytes(b"")
    (folder / "2024-01-07.geojson").write_text("<html>gone</html>")
    found = check(folder)
    assert [(row.code, row.file, row.date) for row in found] == [
        ("UNREADABLE", f"2024-01-0{day}.geojson", date(2024, 1, day)) for day in (3, 5, 7)
    ]
    assert "is not valid JSON" in found[0].message
    assert found[0].message.endswith("is the download complete?")


def test_rings_that_are_none(archive: Write) -> None:
    folder = archive(growing(3))
    short = {"type": "Polygon", "coordinates": [[[31, -39], [32, -39], [31, -39]]]}
    write_json(folder / "2024-01-02.geojson", short)
    found = only(folder, "BROKEN-RING")
    assert (found.lon, found.lat, found.date) == (31, -39, date(2024, 1, 2))


@pytest.mark.parametrize(
    ("code", "corner"),
    [("OUT-OF-RANGE", (190, 48)), ("METRES-AS-DEGREES", (3_900_000, 6_100_000)), ("SWAPPED", (48, 137))],
)
def test_coordinates_that_are_no_degrees(archive: Write, code: str, corner: tuple[int, int]) -> None:
    folder = archive(growing(3))
    x, y = corner
    write_json(folder / "2024-01-02.geojson", collection({CONTROL: [shapely.box(x, y, x + 1, y + 1)]}))
    assert only(folder, code).file == "2024-01-02.geojson"


def turned(squares: list[tuple[int, int]]) -> list[shapely.Geometry]:
    """Return squares with x and y exchanged."""
    return [shapely.transform(square(*at), lambda xy: xy[:, ::-1]) for at in squares]


def test_a_map_with_latitude_first_among_others(archive: Write) -> None:
    maps = growing(5)
    maps["2024-01-03"] = {name: turned(squares) for name, squares in maps["2024-01-03"].items()}
    found = only(archive(maps), "SWAPPED")
    assert found.file == "2024-01-03.geojson"
    assert found.lat is not None
    assert found.lat > 0


def test_an_archive_with_latitude_first_by_its_regions(archive: Write, region_file: Write) -> None:
    maps = {day: {CONTROL: turned([(300, 40)])} for day in days(2)}
    regions = region_file({"home": [(300, 40), (301, 40)]})
    found = check(archive(maps), regions=regions)
    assert [row.code for row in found if row.severity == "error"] == ["SWAPPED", "SWAPPED"]
    assert "OUTSIDE-REGIONS" not in [row.code for row in found]


def test_maps_of_this_war_with_latitude_first_by_the_embedded_regions(archive: Write) -> None:
    def at(west: float, south: float) -> dict[str, dict[str | None, list[Any]]]:
        return {"2024-01-01": {CONTROL: [shapely.box(west, south, west + 0.5, south + 0.5)]}}

    assert only(archive(at(48, 37.5)), "SWAPPED").code
    assert check(archive(at(37.5, 48))) == ()
    # Where no layer is of this war, the ground around 48° east, 37.5° north may well be meant.
    elsewhere = {"2024-01-01": {None: [shapely.box(48, 37.5, 48.5, 38)]}}
    assert check(archive(elsewhere, name="elsewhere")) == ()


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ("EPSG:999999", "CRS-UNKNOWN"),
        ("EPSG:3857", "CRS-IMPOSSIBLE"),
        ("EPSG:32637", "CRS-IMPOSSIBLE"),
    ],
)
def test_a_declared_crs_that_cannot_be(archive: Write, declared: str, code: str) -> None:
    folder = archive(growing(3))
    document = collection({CONTROL: [square(300, 40)]})
    document["crs"] = {"type": "name", "properties": {"name": declared}}
    write_json(folder / "2024-01-02.geojson", document)
    assert only(folder, code).file == "2024-01-02.geojson"


def test_a_crs_without_a_place_for_the_coordinates(archive: Write) -> None:
    folder = archive(growing(3))
    document = collection({CONTROL: [shapely.box(4e5, -4e6, 5e5, -3.9e6)]})
    document["crs"] = {"type": "name", "properties": {"name": "EPSG:27700"}}
    write_json(folder / "2024-01-02.geojson", document)
    assert "no place for its coordinates" in only(folder, "CRS-IMPOSSIBLE").message


def test_a_file_without_a_day(archive: Write) -> None:
    folder = archive(growing(3) | {"front": {CONTROL: [(300, 40)]}, "2023-02-30": {CONTROL: [(300, 40)]}})
    found = check(folder)
    assert [(row.code, row.file) for row in found] == [("NO-DATE", "2023-02-30.geojson"), ("NO-DATE", "front.geojson")]


def test_one_layer_twice_and_differently(archive: Write) -> None:
    folder = archive(growing(3) | {"2024-01-02 again": {CONTROL: [(300, 40)]}})
    found = only(folder, "LAYER-TWICE")
    assert found.layer == CONTROL
    assert "differently from 2024-01-02 again.geojson" in found.message


def test_layers_that_are_unknown(archive: Write) -> None:
    maps = growing(3)
    for index, day in enumerate(maps):
        maps[day]["Zone A"] = [(500, index)]
    found = only(archive(maps), "UNKNOWN-LAYER")
    assert (found.layer, found.maps, found.until) == ("Zone A", 3, date(2024, 1, 3))
    alone = {day: {"Zone A": [(500, 1)], "Zone B": [(9, 9)]} for day in ("2024-01-02",)}
    found = only(archive(growing(3) | alone, name="alone"), "NO-LAYER")
    assert (found.date, found.file) == (date(2024, 1, 2), "2024-01-02.geojson")
    only(archive({"2024-01-02": {"Zone A": [(500, 1)], "Zone B": [(9, 9)]}}, name="zones"), "NO-LAYER")


def test_polygons_at_a_pole_are_measured(archive: Write) -> None:
    maps = growing(3)
    maps["2024-01-02"] = {CONTROL: [shapely.box(0, 88.5, 1, 90)], ADVANCE: [(400, 40)]}
    assert "UNMEASURABLE" not in [row.code for row in check(archive(maps))]


def test_edges_around_the_world_are_a_finding(archive: Write) -> None:
    maps = growing(3)
    zigzag = shapely.Polygon([(-180 if n % 2 else 180, -80 + n) for n in range(160)])
    maps["2024-01-02"] = {CONTROL: [zigzag], ADVANCE: [(400, 40)]}
    (found,) = [row for row in check(archive(maps)) if row.code == "UNMEASURABLE"]
    assert (found.file, found.layer) == ("2024-01-02.geojson", CONTROL)
    assert found.message.startswith("cannot be measured: its edges are so long that ")
    assert found.message.endswith(" vertices would be added; repair the layer, or measure in another --crs")


def test_points_and_lines_among_polygons(archive: Write) -> None:
    maps = growing(3)
    for day in maps:
        maps[day][ADVANCE] += [shapely.Point(31, -39), shapely.LineString([(31, -39), (32, -38)])]
    found = only(archive(maps), "NOT-AREA")
    assert (found.count, found.maps, found.date, found.until) == (6, 3, date(2024, 1, 1), date(2024, 1, 3))


def test_null_and_empty_geometry(archive: Write) -> None:
    maps = growing(5)
    for day in ("2024-01-01", "2024-01-02", "2024-01-04"):
        maps[day][ADVANCE] += [None, None]
    folder = archive(maps)
    text = (folder / "2024-01-04.geojson").read_text()
    (folder / "2024-01-04.geojson").write_text(text.replace("null", '{"type": "Polygon", "coordinates": []}'))
    found = check(folder)
    assert [(row.code, row.count, row.maps) for row in found] == [("NO-GEOMETRY", 4, 2), ("NO-GEOMETRY", 2, 1)]


def test_invalid_rings(archive: Write) -> None:
    maps = growing(3)
    maps["2024-01-02"][ADVANCE] += [SELF_CROSSING, shapely.transform(SELF_CROSSING, lambda xy: xy + 5)]
    found = only(archive(maps), "INVALID-RING")
    assert (found.lon, found.lat, found.count, found.layer) == (101.5, -38.5, 2, ADVANCE)
    assert "2 polygons of russian_advances invalid as drawn, the first by self-intersection" in found.message


def test_invalid_rings_in_metres_are_placed_in_degrees(archive: Write) -> None:
    folder = archive(growing(3))
    in_metres = shapely.transform(SELF_CROSSING, lambda xy: xy * 111_319.490_793)
    document = collection({CONTROL: [in_metres]})
    document["crs"] = {"type": "name", "properties": {"name": "EPSG:3857"}}
    write_json(folder / "2024-01-02.geojson", document)
    found = next(row for row in check(folder) if row.code == "INVALID-RING")
    assert found.lon == pytest.approx(101.5)


def test_overlap_of_two_layers(archive: Write) -> None:
    maps = growing(3)
    for day in list(maps)[1:]:
        maps[day][ADVANCE].append((100, 40))
    found = only(archive(maps), "OVERLAP")
    assert found.km2 == pytest.approx(100, abs=0.001)
    assert (found.layer, found.maps, found.date) == ("control_map + russian_advances", 2, date(2024, 1, 2))
    assert found.lon is not None
    assert found.lat is not None
    assert square(100, 40).contains(shapely.Point(found.lon, found.lat))


def test_two_actors_on_the_same_ground(archive: Write) -> None:
    maps = growing(3)
    for day in maps:
        maps[day]["kursk_ukrainian_advance"] = [(100, 40), (600, int(day[-1]))]
    found = only(archive(maps), "ACTORS-OVERLAP")
    assert found.km2 == pytest.approx(100, abs=0.001)
    assert "Russia and Ukraine both hold the same 100.000 km²" in found.message


def test_parts_outside_every_region(archive: Write, region_file: Write) -> None:
    maps = growing(3)
    regions = region_file(
        {"west": [(column, 40) for column in range(305)], "front": [(400, row) for row in range(40, 50)]}
    )
    assert check(archive(maps), regions=regions) == ()
    maps["2024-01-02"][ADVANCE] += [(600, 40), (602, 40)]
    found = only(archive(maps), "OUTSIDE-REGIONS", regions=regions)
    assert (found.count, found.layer) == (2, ADVANCE)
    assert found.km2 == pytest.approx(200, abs=0.001)


def test_a_role_that_is_missing_for_a_while(archive: Write) -> None:
    maps = growing(8)
    for day in ("2024-01-03", "2024-01-04"):
        del maps[day][ADVANCE]
    found = only(archive(maps), "LAYER-MISSING")
    assert (found.layer, found.maps, found.until) == ("advance", 2, date(2024, 1, 4))


def test_a_layer_that_stands_for_all_roles_lacks_none(archive: Write) -> None:
    maps = {day: {"nochange": [(300, row) for row in range(index + 1)]} for index, day in enumerate(days(4))}
    maps["2024-01-02"] |= {"gains": [(500, 1)], "losses": [(501, 1)]}
    assert check(archive(maps)) == ()


def test_a_layer_that_stands_still_while_others_move(archive: Write) -> None:
    maps = growing(12)
    for day in list(maps)[3:9]:
        maps[day][CONTROL] = [(1, 1)]
    found = only(archive(maps), "LAYER-FROZEN")
    assert (found.layer, found.date, found.until, found.maps) == (CONTROL, date(2024, 1, 4), date(2024, 1, 9), 6)
    assert check(archive(maps), frozen=7) == ()
    with pytest.raises(UsageError, match="--frozen 1: is too few maps"):
        check(archive(maps), frozen=1)


def test_an_area_that_jumps_and_the_part_that_caused_it(archive: Write) -> None:
    maps = growing(30)
    for day in list(maps)[:20]:
        maps[day][CONTROL] += [*((column, 60) for column in range(600, 610)), (800, 60)]
    found = only(archive(maps), "AREA-JUMP")
    assert (found.date, found.until, found.file) == (date(2024, 1, 20), date(2024, 1, 21), "2024-01-21.geojson")
    assert found.km2 == pytest.approx(1000, abs=0.001)
    # Eleven squares less, one more of advances.
    assert "Russia: −1,000.0 km² from 2024-01-20 to 2024-01-21, of it 1,000.0 km² in one part at" in found.message
    assert found.lon is not None
    assert square(600, 60).bounds[0] < found.lon < square(609, 60).bounds[2]


def test_a_small_archive_has_no_jumps(archive: Write) -> None:
    maps = {day: {CONTROL: [(column, 40) for column in range(4**index)]} for index, day in enumerate(days(5))}
    assert check(archive(maps)) == ()


def test_days_that_are_missing(archive: Write) -> None:
    maps = growing(20, step=7)
    for day in ("2024-02-05", "2024-02-12", "2024-04-01"):
        del maps[day]
    found = check(archive(maps))
    assert [(row.code, row.date, row.until, row.count) for row in found] == [
        ("DAYS-MISSING", date(2024, 2, 5), date(2024, 2, 12), 2),
        ("DAYS-MISSING", date(2024, 4, 1), date(2024, 4, 1), 1),
    ]
    assert "2 maps from 2024-02-05 to 2024-02-12 missing after 2024-01-29.geojson" in found[0].message


def test_an_archive_without_a_rhythm_lacks_no_day(archive: Write) -> None:
    maps = growing(40)
    keep = {days(40)[index] for index in (0, 1, 4, 6, 13, 14, 20, 29, 33, 39)}
    assert check(archive({day: layers for day, layers in maps.items() if day in keep})) == ()


def test_days_byte_for_byte_the_same(archive: Write) -> None:
    folder = archive(growing(8))
    for day in (3, 4):
        shutil.copy(folder / "2024-01-02.geojson", folder / f"2024-01-0{day}.geojson")
    found = only(folder, "REPEATED")
    assert (found.date, found.until, found.count) == (date(2024, 1, 3), date(2024, 1, 4), 2)
    assert "the same as 2024-01-02.geojson" in found.message
    shutil.copy(folder / "2024-01-01.geojson", folder / "2024-01-08.geojson")
    assert [row.date for row in check(folder)] == [date(2024, 1, 3), date(2024, 1, 8)]


def test_two_files_of_a_day_byte_for_byte_the_same(archive: Write) -> None:
    folder = archive(growing(3))
    shutil.copy(folder / "2024-01-02.geojson", folder / "2024-01-02 copy.geojson")
    assert "of the same day are byte for byte the same; remove one of the two" in only(folder, "REPEATED").message


def test_maps_that_show_the_same_in_other_bytes(archive: Write) -> None:
    folder = archive(growing(8))
    text = (folder / "2024-01-02.geojson").read_text()
    (folder / "2024-01-03.geojson").write_text(f"{text}\n")
    assert only(folder, "UNCHANGED").count == 1


def dated(folder: Path, shift: int, of: int) -> None:
    """State a day in the first maps' properties, some days from that of the name."""
    for file in sorted(folder.iterdir())[:of]:
        document = json.loads(file.read_text())
        stated = date.fromisoformat(file.stem) + timedelta(days=shift)
        for feature in document["features"]:
            feature["properties"]["date"] = str(stated)
        write_json(file, document)


def test_date_properties_that_disagree(archive: Write) -> None:
    folder = archive(growing(5))
    dated(folder, 0, of=5)
    assert check(folder) == ()
    dated(folder, -1, of=3)
    found = only(folder, "DATE-DIFFERS")
    assert (found.count, found.date, found.until) == (3, date(2024, 1, 1), date(2024, 1, 3))
    assert "3 of 5 maps differ from the names, 3 of them by −1 day; the first says 2023-12-31" in found.message


def test_dates_that_are_implausible(archive: Write) -> None:
    maps = growing(6)
    typo = {"2042-01-07": {CONTROL: [(300, 40)], ADVANCE: [(400, 70)]}}
    assert "after today" in only(archive(maps | typo), "DATE-IMPLAUSIBLE").message
    early = {"2004-01-01": {CONTROL: [(300, 40)], ADVANCE: [(400, 70)]}}
    found = next(row for row in check(archive(maps | early, name="early")) if row.code == "DATE-IMPLAUSIBLE")
    assert (found.file, "days from all others" in found.message) == ("2004-01-01.geojson", True)


def test_a_date_property_that_is_no_date(archive: Write) -> None:
    folder = archive(growing(3))
    document = json.loads((folder / "2024-01-02.geojson").read_text())
    for feature in document["features"]:
        feature["properties"]["date"] = "yesterday"
    write_json(folder / "2024-01-02.geojson", document)
    assert only(folder, "DATE-IMPLAUSIBLE").date == date(2024, 1, 2)


def test_other_files_are_named(archive: Write) -> None:
    folder = archive(growing(3))
    (folder / "README.md").write_text("about")
    assert "README.md" in only(folder, "OTHER-FILES").message


def test_a_part_of_a_day_that_cannot_be_read_leaves_the_rest(archive: Write) -> None:
    """Only the broken file is a finding: a layer that could not be read is not missing too."""
    folder = archive(growing(4))
    (folder / "2024-01-02.geojson").rename(folder / "2024-01-02 a.geojson")
    (folder / "2024-01-02 b.geojson").write_text("{")
    assert only(folder, "UNREADABLE").file == "2024-01-02 b.geojson"


def test_an_archive_of_unreadable_files_is_all_findings(tmp_path: Path) -> None:
    (tmp_path / "2024-01-01.geojson").write_text("{")
    (tmp_path / "front.geojson").write_text("{")
    assert [row.code for row in check(tmp_path)] == ["UNREADABLE", "UNREADABLE"]


def test_identical_files_are_parsed_once(archive: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = archive({day: {CONTROL: [(300, 40)]} for day in days(6)})
    parsed = []
    real = snapshot.read_features
    noting = lambda file, **options: (parsed.append(file), real(file, **options))[1]  # noqa: E731
    monkeypatch.setattr(snapshot, "read_features", noting)
    assert [row.code for row in check(folder)] == ["REPEATED"]
    assert len(parsed) == 2, "once to see where the maps lie, once to check them"


def test_a_file_of_many_days_is_checked_day_by_day(tmp_path: Path) -> None:
    features = []
    for index, day in enumerate(days(6)):
        drawn = collection({CONTROL: [square(300, 40 + index)], ADVANCE: [SELF_CROSSING]})["features"]
        for feature in drawn:
            feature["properties"]["date"] = day
        features += drawn
    file = write_json(tmp_path / "front.geojson", {"type": "FeatureCollection", "features": features})
    found = check(file)
    assert [(row.code, row.maps) for row in found] == [("LAYER-FROZEN", 6), ("INVALID-RING", 6)]
