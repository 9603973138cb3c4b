"""Layouts of archives, where days come from, and frontcalc.toml."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from conftest import Run, collection, square

import frontcalc
from frontcalc.archives import Archive, Dating, open_archive
from frontcalc.config import archive_config, working_defaults
from frontcalc.errors import DataError, UsageError
from frontcalc.layers import OWN, Layer, Role

Write = Callable[..., Path]
CONTROL = {date(2024, 1, 1): [(300, 40)], date(2024, 1, 8): [(300, 40), (301, 40)]}
ADVANCES = {date(2024, 1, 1): [(305, 40)], date(2024, 1, 8): [(301, 40), (305, 40)]}


def write(path: Path, layers: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shapes = {name: [at and square(*at) for at in squares] for name, squares in layers.items()}
    path.write_text(json.dumps(collection(shapes)))


def dated_features(folder: Path, **fields: Callable[[date], object]) -> None:
    """Write one file of all days, each feature with the fields that its day gives."""
    features = []
    for day in CONTROL:
        for layer, squares in (("control_map", CONTROL[day]), ("russian_advances", ADVANCES[day])):
            for feature in collection({layer: [square(*at) for at in squares]})["features"]:
                feature["properties"] |= {name.rstrip("_"): value(day) for name, value in fields.items()}
                features.append(feature)
    folder.mkdir(exist_ok=True)
    (folder / "all.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def file_a_date(folder: Path) -> None:
    for day in CONTROL:
        write(folder / f"{day}.geojson", {"control_map": CONTROL[day], "russian_advances": ADVANCES[day]})


def folder_a_date(folder: Path) -> None:
    for day in CONTROL:
        write(folder / str(day) / "control_map.geojson", {None: CONTROL[day]})
        write(folder / str(day) / "russian_advances.geojson", {None: ADVANCES[day]})


def folder_a_layer(folder: Path) -> None:
    for day in CONTROL:
        write(folder / "control_map" / f"{day:%Y%m%d}.geojson", {None: CONTROL[day]})
        write(folder / "russian_advances" / f"{day:%Y%m%d}.geojson", {None: ADVANCES[day]})


def layer_and_date_in_names(folder: Path) -> None:
    for day in CONTROL:
        write(folder / f"UkraineControlMapAO{day:%d%b%Y}.geojson", {None: CONTROL[day]})
        write(folder / f"AssessedRussianAdvancesinUkraine{day:%b%d%Y}.geojson", {None: ADVANCES[day]})


def date_column(folder: Path) -> None:
    dated_features(folder, date=str)


def epoch_column(folder: Path) -> None:
    dated_features(folder, datetime=lambda day: (day - date(1970, 1, 1)).days * 86_400_000)


def validity(folder: Path) -> None:
    first, _ = CONTROL
    dated_features(folder, from_=str, to=lambda day: str(date(2024, 1, 7)) if day == first else None)


def half_open_validity(folder: Path) -> None:
    first, second = CONTROL
    dated_features(folder, from_=str, to=lambda day: str(second) if day == first else None)


def zip_of_files(folder: Path) -> None:
    inside = folder.with_name("inside")
    folder_a_date(inside)
    with zipfile.ZipFile(folder, "w") as archive:
        for file in sorted(inside.rglob("*.geojson")):
            archive.write(file, file.relative_to(inside).as_posix())
    shutil.rmtree(inside)


LAYOUTS = [
    file_a_date,
    folder_a_date,
    folder_a_layer,
    layer_and_date_in_names,
    date_column,
    epoch_column,
    validity,
    half_open_validity,
    zip_of_files,
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_every_layout_gives_the_same_figures(layout: Callable[[Path], None], tmp_path: Path) -> None:
    folder = tmp_path / ("maps.zip" if layout is zip_of_files else "maps")
    layout(folder)
    assert open_archive(folder).days == (date(2024, 1, 1), date(2024, 1, 8))
    row = frontcalc.diff(["2024-01-01..2024-01-08"], archive=folder).rows[-1]
    figures = (row.opening_km2, row.closing_km2, row.gained_km2, row.lost_km2)
    assert figures == pytest.approx((200.0, 300.0, 100.0, 0.0), abs=1e-3)
    assert row.notes == ""
    with_control = frontcalc.diff(["2024-01-01..2024-01-08"], archive=folder, view="control").rows[-1]
    assert with_control.closing_km2 == pytest.approx(200.0, abs=1e-3)


def test_features_without_geometry_among_others_are_said_where_no_layer_may_be_empty(tmp_path: Path) -> None:
    write(tmp_path / "2024-01-01.geojson", {None: [(300, 40), (301, 40)]})
    write(tmp_path / "2024-01-08.geojson", {None: [(300, 40), None]})
    table = frontcalc.diff("2024-01-01..2024-01-08", archive=tmp_path, by="none")
    said = "2024-01-08.geojson: features without geometry: 1 of 2; what they show is missing"
    assert (table.rows[-1].notes, [one.message for one in table.meta.notices if one.code == "NO-GEOMETRY"]) == (
        "NO-GEOMETRY",
        [said],
    )
    write(tmp_path / "2024-01-01.geojson", {"control_map": [(300, 40), None], "russian_advances": [None]})
    held = frontcalc.held("2024-01-01", archive=tmp_path, by="none", view="control")
    assert (held.rows[-1].held_km2, held.rows[-1].notes) == (pytest.approx(100.0), "")


def test_layers_that_are_empty_alike_are_both_there(tmp_path: Path) -> None:
    for layer in ("control_map", "russian_advances"):
        write(tmp_path / "2024-01-01" / f"{layer}.geojson", {None: [(300 + len(layer), 40)]})
        write(tmp_path / "2024-01-08" / f"{layer}.geojson", {None: []})
    row = frontcalc.diff(["2024-01-01..2024-01-08"], archive=tmp_path, by="none").rows[-1]
    assert (row.lost_km2, row.closing_km2, row.notes) == (pytest.approx(200.0), 0.0, "")
    assert frontcalc.check_archive(archive=tmp_path).rows == ()


def held_from_to(folder: Path, *stretches: tuple[str, str | None]) -> None:
    """Write one file of squares beside each other, each held from a day to another."""
    document = collection({"control_map": [square(300 + index, 40) for index in range(len(stretches))]})
    for feature, (first, last) in zip(document["features"], stretches, strict=True):
        feature["properties"] |= {"from": first, "to": last}
    folder.mkdir(exist_ok=True)
    (folder / "all.geojson").write_text(json.dumps(document))


def held_km2(folder: Path, day: str) -> float | None:
    return frontcalc.held([day], archive=folder, by="none", view="control").rows[-1].held_km2


@pytest.mark.parametrize("other", ["2024-01-31", None])
def test_ground_that_was_held_for_one_day_is_not_held_on_the_next(other: str | None, tmp_path: Path) -> None:
    held_from_to(tmp_path, ("2024-01-01", other), ("2024-01-03", "2024-01-03"))
    assert days(tmp_path) == ["2024-01-01", "2024-01-03", "2024-01-04"]
    assert [held_km2(tmp_path, f"2024-01-0{day}") for day in (2, 3, 4, 9)] == pytest.approx([100, 200, 100, 100])


def test_maps_of_single_days_stand_until_the_next(tmp_path: Path) -> None:
    held_from_to(tmp_path, ("2024-01-01", "2024-01-01"), ("2024-01-03", "2024-01-03"))
    assert days(tmp_path) == ["2024-01-01", "2024-01-03"]
    assert held_km2(tmp_path, "2024-01-02") == pytest.approx(100)


def test_ground_that_would_be_held_on_no_day_is_refused(tmp_path: Path) -> None:
    held_from_to(tmp_path, ("2024-01-01", None), ("2024-05-01", "2024-01-05"))
    with pytest.raises(
        DataError, match=r"^all.geojson: feature 1 ends on 2024-01-05, before it begins on 2024-05-01; "
    ):
        open_archive(tmp_path)


def days(folder: Path, **dating: Any) -> list[str]:
    return [str(day) for day in open_archive(folder, dating=Dating(**dating)).days]


def test_the_files_name_beats_its_folder_and_a_property(tmp_path: Path) -> None:
    write(tmp_path / "2024-05-05" / "2024-01-01.geojson", {"control_map": [(300, 40)]})
    assert days(tmp_path) == ["2024-01-01"]
    assert days(tmp_path, source="folder") == ["2024-05-05"]


def test_a_property_is_consulted_where_no_name_has_a_date_or_when_asked(tmp_path: Path) -> None:
    dated_features(tmp_path, date=str, drawn=lambda day: "2023-06-0" + str(day.day))
    assert days(tmp_path) == ["2024-01-01", "2024-01-08"]
    assert days(tmp_path, source="property:drawn") == ["2023-06-01", "2023-06-08"]
    with pytest.raises(DataError, match="has no property 'seen'"):
        days(tmp_path, source="property:seen")


def test_the_year_is_the_folders_or_the_archives_own(tmp_path: Path) -> None:
    write(tmp_path / "ISW 2022" / "UkraineControlMapAO13MAR.geojson", {None: [(300, 40)]})
    assert days(tmp_path) == ["2022-03-13"]
    (tmp_path / "frontcalc.toml").write_text("year = 2023\n")
    assert days(tmp_path) == ["2023-03-13"]
    (tmp_path / "frontcalc.toml").unlink()
    write(tmp_path / "other" / "UkraineControlMapAO14MAR.geojson", {None: [(300, 40)]})
    with pytest.raises(DataError, match=r"14MAR has no year; write year = 2024 into the archive's frontcalc.toml"):
        days(tmp_path)


def test_names_that_are_no_day_are_refused_and_not_dated_by_a_property(tmp_path: Path) -> None:
    write(tmp_path / "UkraineControlMapAO02FEB22024.geojson", {None: [(300, 40)]})
    with pytest.raises(DataError, match="AO02FEB22024"):
        days(tmp_path)


def test_another_source_of_dates_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'title' is no source of dates"):
        Dating("title")


def test_a_map_after_today_is_a_notice(tmp_path: Path) -> None:
    file_a_date(tmp_path)
    archive: Archive = open_archive(tmp_path, dating=Dating(today=date(2024, 1, 5)))
    assert [str(notice) for notice in archive.notices] == ["FUTURE: 1 after today, the first of 2024-01-08"]
    assert not open_archive(tmp_path, dating=Dating(today=date(2024, 1, 8))).notices


def test_a_property_that_disagrees_is_a_notice_with_the_count(tmp_path: Path) -> None:
    for day in CONTROL:
        document = collection({"control_map": [square(*at) for at in CONTROL[day]]})
        for feature in document["features"]:
            feature["properties"]["date"] = "2023-12-31"
        (tmp_path / f"{day}.geojson").write_text(json.dumps(document))
    table = frontcalc.diff(["2024-01-01..2024-01-08"], archive=tmp_path, view="control")
    notice = next(notice for notice in table.meta.notices if notice.code == "DATE-DIFFERS")
    assert notice.message == "2 of 2 files read; in 2024-01-01.geojson the property says 2023-12-31; the name counts"
    assert table.rows[-1].notes == ""


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    file_a_date(tmp_path / "elsewhere")
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "maps" / "round").symlink_to(tmp_path / "maps")
    write(tmp_path / "maps" / "2024-03-01.geojson", {None: [(300, 40)]})
    assert days(tmp_path / "maps") == ["2024-03-01"]


def test_a_zip_member_that_leads_out_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "maps.zip", "w") as archive:
        archive.writestr("../2024-01-01.geojson", "{}")
    with pytest.raises(DataError, match="has a member that names a place outside"):
        open_archive(tmp_path / "maps.zip")


def configured(folder: Path, text: str) -> Path:
    file_a_date(folder)
    (folder / "frontcalc.toml").write_text(text)
    return folder


def test_one_archive_may_be_given_a_name_and_a_path_that_exists_wins(tmp_path: Path, run_here: Run) -> None:
    file_a_date(tmp_path / "maps")
    shutil.copytree(tmp_path / "maps", tmp_path / "A=maps")
    named = f"ISW={tmp_path / 'maps'}"
    assert open_archive(named).name == "ISW"
    assert open_archive(tmp_path / "A=maps").name == "A=maps"
    assert frontcalc.diff("2024-01-01..2024-01-08", archive=named).rows[-1].archive == "ISW"
    output, tree = tmp_path / "a.json", tmp_path / "tree"
    for words in (
        ("diff", "2024-01-01..2024-01-08", "--archive", named, "-o", output),
        ("again", output, "--archive", named),
        ("archive", "list", named),
        ("summary", "--archive", named, "-o", tree),
        ("summary", "--archive", named, "-o", tree, "--check"),
    ):
        assert run_here(*words).returncode == 0, words
    refused = run_here("summary", "--archive", named, "-o", tmp_path / "maps" / "tree")
    assert (refused.returncode, "the archive" in refused.stderr) == (2, True)
    assert f"{tmp_path / 'none'}: does not exist" in run_here("diff", "2024", "--archive", f"A={tmp_path}/none").stderr


def test_an_archive_may_shift_its_days(tmp_path: Path) -> None:
    assert days(configured(tmp_path, "as_of_offset_days = -1")) == ["2023-12-31", "2024-01-07"]


def test_an_archive_may_state_dates_layers_and_a_view(tmp_path: Path) -> None:
    folder = configured(
        tmp_path,
        'view = "control"\n[dates]\n"first.geojson" = 2023-12-25\n'
        '[layers]\nheld = { actor = "Atlantis", role = "control" }',
    )
    write(folder / "first.geojson", {"held": [(310, 40)]})
    assert days(folder) == ["2023-12-25", "2024-01-01", "2024-01-08"]
    row = frontcalc.held(["2023-12-25"], archive=folder).rows[-1]
    assert (row.actor, row.view) == ("Atlantis", "control")
    named = frontcalc.held(["2023-12-25"], archive=folder, view="Held").rows[-1]
    assert (named.actor, named.held_km2) == ("Atlantis", row.held_km2)
    assert row.held_km2 == pytest.approx(100.0, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# nothing", "maps: {name}, whose source is not stated"),
        ('attribution = "Example  Maps"', "maps: Example Maps"),
        ('attribution = "Example Maps"\nlicence = "CC BY 4.0"', "maps: Example Maps, CC BY 4.0"),
    ],
)
def test_an_archive_may_say_whose_it_is_and_on_what_terms(text: str, said: str, tmp_path: Path) -> None:
    result = frontcalc.held(["2024-01-01"], archive=configured(tmp_path, text), by="none")
    assert result.meta.attribution == (said.format(name=tmp_path.name),)


def test_unknown_layers_say_how_to_explain_them(tmp_path: Path) -> None:
    write(tmp_path / "2024-01-01.geojson", {"mystery": [(300, 40)], "riddle": [(301, 40)]})
    with pytest.raises(DataError, match=r"'layer' is 'mystery' on 1 polygon, 100\.0 km².*frontcalc archive explain"):
        frontcalc.held(["2024-01-01"], archive=tmp_path)


def test_unknown_layers_beside_known_ones_are_listed_as_not_counted(tmp_path: Path) -> None:
    write(tmp_path / "2024-01-01.geojson", {"control_map": [(300, 40)], "mystery": [(301, 40)]})
    table = frontcalc.held(["2024-01-01"], archive=tmp_path, view="control")
    assert table.rows[-1].held_km2 == pytest.approx(100.0, abs=1e-6)
    assert "UNKNOWN-LAYER" in table.rows[-1].notes


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("view = ", "is not valid TOML"),
        ('cache = "/tmp"', "unknown key 'cache'"),
        ('view = "best"', "no view, role or layer is named 'best'; views are control"),
        ("as_of_offset_days = 1.5", "as_of_offset_days is 1.5"),
        ("year = 24", "year is 24; write it as year = 2024"),
        ("year = true", "year is True"),
        ("as_of_offset_days = true", "as_of_offset_days is True"),
        ('[dates]\n"a.geojson" = "soon"', "the date of 'a.geojson' is 'soon'"),
        ("dates = 3", "dates is no table"),
        ("attribution = 3", "attribution is no short text; write it in quotes, at most 500 characters"),
        (f'licence = "{501 * "x"}"', "licence is no short text"),
        ('[layers]\na = "control"', "layer 'a' is 'control'"),
        ('[layers]\na = { actor = "", role = "control" }', "layer 'a' names no actor"),
        ('[layers]\na = { actor = "X", role = "king" }', "layer 'a' has role 'king'; roles are control"),
    ],
)
def test_what_an_archive_may_not_say(text: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        archive_config(text.encode())


def test_archive_config_is_read() -> None:
    config = archive_config(b'[layers]\n"my map" = { actor = "X", role = "control", whole = true }')
    assert dict(config["legend"].layers) == {"my map": Layer("X", Role.CONTROL, whole=True, legend=OWN)}


def test_working_defaults_are_options_with_paths_from_the_folder(tmp_path: Path) -> None:
    assert working_defaults(tmp_path) == {}
    (tmp_path / "frontcalc.toml").write_text('archive = "maps"\nview = "control"\ncarry-layers = 7\n')
    assert working_defaults(tmp_path) == {"archive": str(tmp_path / "maps"), "view": "control", "carry_layers": 7}
    (tmp_path / "frontcalc.toml").write_text('colour = "red"')
    with pytest.raises(UsageError, match="has an unknown key 'colour'"):
        working_defaults(tmp_path)
    (tmp_path / "frontcalc.toml").write_text("archive = true")
    with pytest.raises(UsageError, match=r"^frontcalc.toml: archive is True; give text or a number$"):
        working_defaults(tmp_path)


@pytest.mark.shared
def test_deepstates_mirror_shows_the_day_before(shared: Path, tmp_path: Path) -> None:
    """Published for August 2024: 363 km². The mirror's file of a day shows the day before."""
    folder = tmp_path / "deepstate"
    shutil.copytree(shared / "archives" / "deepstate-daily", folder)
    plain = frontcalc.diff(["2024-08"], archive=folder, by="none").rows[-1]
    assert plain.net_km2 == pytest.approx(351.1, abs=0.05)
    (folder / "frontcalc.toml").write_text("as_of_offset_days = -1\n")
    shifted = frontcalc.diff(["2024-08"], archive=folder, by="none").rows[-1]
    assert shifted.net_km2 == pytest.approx(363.5, abs=0.05)


def test_deepstates_api_counts_what_is_occupied(tmp_path: Path) -> None:
    """Polygons, lines and points in 3-D, named in three languages; jests and the grey zone are not held."""

    def feature(name: str, geometry: dict[str, Any]) -> dict[str, Any]:
        return {"type": "Feature", "properties": {"name": name}, "geometry": geometry}

    def polygon(*at: int) -> dict[str, Any]:
        drawn: dict[str, Any] = json.loads(shapely.to_geojson(square(*at)))
        drawn["coordinates"] = [[[*position, 0] for position in ring] for ring in drawn["coordinates"]]
        return drawn

    document = {
        "id": 1,
        "map": {
            "type": "FeatureCollection",
            "features": [
                feature("Окуповано /// Occupied /// geoJSON.status.occupied", polygon(300, 40)),
                feature("Окупований Крим /// Occupied Crimea /// geoJSON.territories.crimea", polygon(301, 40)),
                feature("Невідомий статус /// Unknown status /// geoJSON.status.unknown", polygon(302, 40)),
                feature(
                    "Окупована Східна Пруссія /// Occupied East Prussia /// geoJSON.territories.prussia",
                    polygon(303, 40),
                ),
                feature("1 бригада /// 1st Brigade /// unit", {"type": "Point", "coordinates": [31, -40, 0]}),
                feature("Напрямок удару", {"type": "LineString", "coordinates": [[31, -40, 0], [32, -40, 0]]}),
            ],
        },
    }
    (tmp_path / "2024-11-03.json").write_text(json.dumps(document))
    row = frontcalc.held(["2024-11-03"], archive=tmp_path).rows[-1]
    assert (row.actor, row.held_km2) == ("Russia", pytest.approx(200.0, abs=1e-6))
    assert row.notes == "NOT-AREA"


def test_without_a_path_it_is_the_sample_opened_as_asked() -> None:
    sample = open_archive(None)
    assert (sample.name, len(sample.refs), sample.notices) == ("SYNTHETIC SAMPLE", 99, ())
    assert "CC0" in sample.credit
    assert open_archive(None, skip_bad=True) == sample.skipping_bad()
