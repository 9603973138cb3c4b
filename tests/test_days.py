"""Which day each file of an archive is of, and which of several maps of one day stands."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import collection, square

import frontcalc
from frontcalc.archives import open_archive
from frontcalc.errors import DataError

Write = Callable[..., Path]
CONTROL, ADVANCES = "control_map", "russian_advances"
WEST, EAST = (300, 40), (301, 40)  # 100 km² each


def days(folder: Path) -> list[str]:
    return [str(day) for day in open_archive(folder).days]


def named(archive: Write, names: Iterable[str]) -> Path:
    """Write a map a name."""
    return archive({name: {CONTROL: [WEST]} for name in names})


def rows(folder: Path, features: Iterable[tuple[dict[str, Any], tuple[int, int]]], layer: str = CONTROL) -> Path:
    """Write one file, a square for each feature, and return the archive."""
    written = []
    for properties, at in features:
        (feature,) = collection({layer: [square(*at)]})["features"]
        feature["properties"] |= properties
        written.append(feature)
    (folder / "maps.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": written}))
    return folder


def held(folder: Path, day: str, **options: Any) -> tuple[float | None, list[str]]:
    """Return what is held on a day, and what is said of it by `LATER-MAP`."""
    table = frontcalc.held([day], archive=folder, by="none", view="control", **options)
    return table.rows[-1].held_km2, [notice.message for notice in table.meta.notices if notice.code == "LATER-MAP"]


# --- names that can be read in more than one way --------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["22.02.2024", "3.4.2024"], ["2024-02-22", "2024-04-03"]),
        (["2024-2-22", "2024.2.3"], ["2024-02-03", "2024-02-22"]),
        (["03-04-2024", "22-04-2024"], ["2024-04-03", "2024-04-22"]),  # there is no month 22
        (["03-04-2024", "04-22-2024"], ["2024-03-04", "2024-04-22"]),  # written in America
        (["22.02.24", "29.02.24", "07.03.24"], ["2024-02-22", "2024-02-29", "2024-03-07"]),  # 2029 is to come
        (["31.12.22", "22.02.24"], ["2022-12-31", "2024-02-22"]),
        (["17.02.24", "24.02.24", "02.03.24"], ["2024-02-17", "2024-02-24", "2024-03-02"]),  # a week each
        (["2024-01-01", "22.02.24", "2024-12-31"], ["2024-01-01", "2024-02-22", "2024-12-31"]),
        (["23_09_03", "23_09_10"], ["2023-09-03", "2023-09-10"]),
        (["221210_0000", "221217_0000"], ["2022-12-10", "2022-12-17"]),
        (["22022024", "23022024"], ["2024-02-22", "2024-02-23"]),
    ],
    ids=" ".join,
)
def test_the_names_of_an_archive_tell_in_which_order_its_days_are_written(
    archive: Write, names: list[str], found: list[str]
) -> None:
    assert days(named(archive, names)) == found


@pytest.mark.parametrize(
    ("names", "readings"),
    [
        (["22.02.24", "24.02.24"], "22.02.24 may be 2022-02-24 or 2024-02-22"),
        (["22.02.24", "23.02.24", "24.02.24"], "22.02.24 may be 2022-02-24 or 2024-02-22"),  # or years apart
        (["22_02_24", "24_02_24"], "22_02_24 may be 2022-02-24 or 2024-02-22"),  # two days apart, or two years
        (["220224", "240224"], "220224 may be 2022-02-24 or 2024-02-22"),
        (["11-03-24"], "11-03-24 may be 2011-03-24 or 2024-03-11 or 2024-11-03"),
        (["03_04_2024", "05_04_2024"], "03_04_2024 may be 2024-03-04 or 2024-04-03"),
        (["03-04-2024", "22-04-2024", "04-23-2024"], "03-04-2024 may be 2024-03-04 or 2024-04-03"),
    ],
    ids=str,
)
def test_what_stays_open_is_refused_with_its_readings(archive: Write, names: list[str], readings: str) -> None:
    folder = named(archive, names)
    with pytest.raises(DataError, match=readings) as caught:
        open_archive(folder)
    assert caught.value.cure == "name it by its day, as in 2024-11-03, or state it under [dates] in frontcalc.toml"
    assert (caught.value.code, (caught.value.where or "").partition(" may be")[0]) == ("NO-DATE", f"{names[0]}.geojson")
    skipped = open_archive(folder, skip_bad=True)
    assert readings in str(skipped.refused[0])


def test_dates_that_the_archive_states_leave_nothing_open(archive: Write) -> None:
    folder = named(archive, ["22.02.24", "24.02.24"])
    (folder / "frontcalc.toml").write_text('[dates]\n"22.02.24.geojson" = 2024-02-22\n"24.02.24.geojson" = 2024-02-24')
    assert days(folder) == ["2024-02-22", "2024-02-24"]


def test_the_year_of_the_folder_tells_which_number_is_the_year(archive: Write) -> None:
    named(archive, ["22.02.24"]).rename(folder := archive({}, name="archive") / "2024")
    assert days(folder.parent) == ["2024-02-22"]
    # Of April the 22nd there is one in that year, which tells of the other name too.
    april = archive({name: {CONTROL: [WEST]} for name in ("03_04_24", "22_04_24")}, name="other")
    april.rename(folder := archive({}, name="april") / "2024")
    assert days(folder.parent) == ["2024-04-03", "2024-04-22"]


def test_two_files_of_a_pair_tell_each_others_order(archive: Write) -> None:
    folder = archive({"29.02.24": {CONTROL: [EAST]}, "22.02.24": {CONTROL: [WEST]}})
    files = [str(folder / f"{name}.geojson") for name in ("22.02.24", "29.02.24")]
    (period,) = frontcalc.diff_files(*files, by="none", view="control").meta.periods
    assert [str(day) for day in (period.opening, period.closing)] == ["2024-02-22", "2024-02-29"]


# --- several maps of one day, a file each ---------------------------------------------------------------------

TWICE = [
    ("20241103_0600", "20241103_1800"),
    ("2024-11-03T06-00", "2024-11-03T18-00"),
    ("2024-11-03 6h", "2024-11-03 18h"),
    ("2024-11-03_06-00-00", "2024-11-03_06-00-01"),
    ("20241103T0600Z", "20241103T1800Z"),
    ("202411030600", "202411031800"),
    ("control_map 3 Nov 2024 9.30 am", "control_map 3 Nov 2024 6.15 pm"),
    ("03.11.2024_06.00", "03.11.2024_18.00"),
    ("1730613600", "1730656800"),
    ("1730613600000", "1730656800000"),
]


@pytest.mark.parametrize(("first", "last"), TWICE, ids=[last for _, last in TWICE])
@pytest.mark.parametrize("layer", [CONTROL, None], ids=["named", "unnamed"])
def test_the_last_map_of_a_day_stands(archive: Write, layer: str | None, first: str, last: str) -> None:
    folder = archive({first: {layer: [WEST, EAST]}, last: {layer: [WEST]}})
    km2, (said,) = held(folder, "2024-11-03")
    assert km2 == pytest.approx(100)
    assert said.endswith(f"of 2024-11-03: {last}.geojson stands, not {first}.geojson")


@pytest.mark.parametrize("folders", [("0600", "1800"), ("06-00-00", "18-00-00"), ("6h", "18h")], ids=str)
def test_a_time_may_stand_in_a_folder_of_the_day(archive: Write, folders: tuple[str, str]) -> None:
    root = archive({}, name="archive")
    (root / "2024-11-03").mkdir()
    for time, squares in zip(folders, ([WEST, EAST], [WEST]), strict=True):
        archive({"control_map": {None: squares}}, name=time).rename(root / "2024-11-03" / time)
    assert held(root, "2024-11-03")[0] == pytest.approx(100)


def test_of_each_layer_the_last_stands(archive: Write) -> None:
    folder = archive(
        {
            "20241103_0600": {CONTROL: [WEST, EAST], ADVANCES: [(302, 40)]},
            "20241103_1800": {CONTROL: [WEST]},
        }
    )
    table = frontcalc.held(["2024-11-03"], archive=folder, by="none")
    assert table.rows[-1].held_km2 == pytest.approx(200)
    assert "LATER-MAP" in table.rows[-1].notes
    (found,) = frontcalc.check_archive(archive=folder).rows
    assert (found.code, found.layer, found.file) == ("LATER-MAP", CONTROL, "20241103_0600.geojson")


def test_a_map_that_comes_back_stands_over_the_one_between(archive: Write) -> None:
    maps = {"20241103_0600": [WEST], "20241103_1200": [WEST, EAST], "20241103_1800": [WEST]}
    folder = archive({name: {CONTROL: squares} for name, squares in maps.items()})
    km2, said = held(folder, "2024-11-03")
    assert km2 == pytest.approx(100)
    assert said == ["control_map of 2024-11-03: 20241103_1800.geojson stands, not 20241103_1200.geojson"]


def test_a_time_after_midnight_of_the_day_before_is_the_later(archive: Write) -> None:
    folder = archive({"20241103_1800": {CONTROL: [WEST]}, "20241104_0100": {CONTROL: [WEST, EAST]}})
    (folder / "frontcalc.toml").write_text('[dates]\n"20241104_0100.geojson" = 2024-11-03')
    assert held(folder, "2024-11-03")[0] == pytest.approx(200)


@pytest.mark.parametrize(
    "other",
    ["2024-11-03 (1)", "2024-11-03_v2", "20241103", "2024-11-03T06-00", "20241103_1800Z", "2024-11-03T18:00+02:00"],
)
@pytest.mark.parametrize("layer", [CONTROL, None], ids=["named", "unnamed"])
def test_without_times_to_compare_two_files_of_one_layer_are_refused(
    archive: Write, layer: str | None, other: str
) -> None:
    name = "2024-11-03_0600" if "06-00" in other or "1800" in other else "2024-11-03"
    folder = archive({name: {layer: [WEST, EAST]}, other: {layer: [WEST]}})
    with pytest.raises(DataError, match="of 2024-11-03 differently from") as caught:
        held(folder, "2024-11-03")
    assert caught.value.cure == (
        "keep one of the two files, or put the time of day into both names, as in 20241103_1800"
    )
    assert [row.code for row in frontcalc.check_archive(archive=folder).rows] == ["LAYER-TWICE"]


@pytest.mark.parametrize("other", ["2024-11-03 (1)", "2024-11-03_v2", "2024-11-03_1800"])
@pytest.mark.parametrize("layer", [CONTROL, None], ids=["named", "unnamed"])
def test_two_files_of_one_day_that_are_the_same_count_once(archive: Write, layer: str | None, other: str) -> None:
    folder = archive({"2024-11-03": {layer: [WEST]}, other: {layer: [WEST]}})
    row = frontcalc.held(["2024-11-03"], archive=folder, by="none", view="control").rows[-1]
    assert (row.held_km2, row.notes) == (pytest.approx(100), "MERGED")


def test_unnamed_files_of_different_names_are_one_map_where_that_was_said(archive: Write) -> None:
    folder = archive({"north 2024-11-03": {None: [WEST]}, "south 2024-11-03": {None: [EAST]}})
    with pytest.raises(DataError, match="'file name' is 'north'"):
        held(folder, "2024-11-03")
    (folder / "frontcalc.toml").write_text('ignore = ["file name"]')
    assert held(folder, "2024-11-03") == (pytest.approx(200), [])


# --- several maps of one day, in rows -------------------------------------------------------------------------


def test_of_rows_with_times_the_last_of_each_day_stand(tmp_path: Path) -> None:
    folder = rows(
        tmp_path,
        [
            ({"date": "2024-11-02T18:00:00Z"}, WEST),
            ({"date": "2024-11-03T06:00:00Z"}, WEST),
            ({"date": "2024-11-03T06:00:00Z"}, EAST),
            ({"date": "2024-11-03T18:00:00Z"}, (302, 40)),
        ],
    )
    assert held(folder, "2024-11-02") == (pytest.approx(100), [])
    km2, said = held(folder, "2024-11-03")
    assert km2 == pytest.approx(100)
    assert said == ["control_map of 2024-11-03: maps.geojson at 18:00:00 stands, not maps.geojson at 06:00:00"]


@pytest.mark.parametrize("stated", ["2024-11-03", "2024-11-03T00:00:00Z", 1730592000000], ids=str)
def test_rows_of_a_day_without_times_are_one_map(tmp_path: Path, stated: object) -> None:
    folder = rows(tmp_path, [({"date": stated}, WEST), ({"date": stated}, EAST)])
    assert held(folder, "2024-11-03") == (pytest.approx(200), [])


def test_rows_of_which_some_have_a_time_are_refused(tmp_path: Path) -> None:
    folder = rows(tmp_path, [({"date": "2024-11-03"}, WEST), ({"date": "2024-11-03T18:00:00Z"}, EAST)])
    with pytest.raises(DataError, match="some features of 2024-11-03 have a time of day, or its zone, and others none"):
        open_archive(folder)


def test_of_intervals_that_follow_each_other_in_a_day_the_last_is_drawn(tmp_path: Path) -> None:
    spans = [
        ("2024-11-01T06:00:00Z", "2024-11-03T06:00:00Z", WEST),
        ("2024-11-03T06:00:00Z", "2024-11-03T18:00:00Z", EAST),
        ("2024-11-03T18:00:00Z", None, (302, 40)),
    ]
    folder = rows(tmp_path, [({"valid_from": start, "valid_to": end}, at) for start, end, at in spans])
    assert days(folder) == ["2024-11-01", "2024-11-03"]
    assert held(folder, "2024-11-03") == (pytest.approx(100), [])


# --- dates that lack something --------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["valid_from", "From", "start_date", "date_from"])
def test_what_has_a_beginning_and_no_end_still_holds(tmp_path: Path, field: str) -> None:
    folder = rows(tmp_path, [({field: "2024-01-01"}, WEST), ({field: "2024-02-01"}, EAST)])
    assert [held(folder, day)[0] for day in ("2024-01-31", "2024-02-01")] == pytest.approx([100, 200])


@pytest.mark.parametrize("partial", ["2014-03", "2022", "2014/03"])
def test_a_date_without_a_day_is_refused_for_that(tmp_path: Path, partial: str) -> None:
    folder = rows(tmp_path, [({"start_date": partial, "end_date": "2022-06-15"}, WEST)])
    with pytest.raises(
        DataError, match=f"feature 0: property '{partial}' states no day; write the day, as in {partial[:4]}-"
    ):
        open_archive(folder)


# --- days that may be off by one ------------------------------------------------------------------------------


def said(folder: Path) -> list[str]:
    return [notice.message for notice in open_archive(folder).notices if notice.code == "AS-OF"]


@pytest.mark.parametrize("hours", [(22, 22), (21, 22), (23, 22)], ids=str)
def test_maps_that_are_all_stamped_at_a_midnight_elsewhere_are_told(
    archive: Write, tmp_path: Path, hours: tuple[int, int]
) -> None:
    moments = [datetime(2024, 11, 2 + index, hour, tzinfo=UTC) for index, hour in enumerate(hours)]
    stamped = " or ".join(f"{hour}:00" for hour in sorted(set(hours)))
    what = (
        f"all 2 maps are stamped at {stamped} UTC, midnight farther east, and dated by the day that ends then: "
        "write as_of_offset_days = 1 into frontcalc.toml among the maps for the day that begins, or 0"
    )
    (tmp_path / "rows").mkdir()
    of_rows = rows(tmp_path / "rows", [({"date": moment.isoformat()}, WEST) for moment in moments])
    of_names = named(archive, [f"{moment.timestamp():.0f}" for moment in moments])
    assert (said(of_rows), said(of_names)) == ([what], [what])
    assert days(of_names) == ["2024-11-02", "2024-11-03"]
    for offset in (0, 1):
        (of_names / "frontcalc.toml").write_text(f"as_of_offset_days = {offset}")
        assert said(of_names) == []
    assert days(of_names) == ["2024-11-03", "2024-11-04"]


@pytest.mark.parametrize("moments", [("22:00:00", "18:00:00"), ("22:00:00", "22:00:05"), ("16:00:00", "16:00:00")])
def test_other_hours_are_not(tmp_path: Path, moments: tuple[str, str]) -> None:
    stamps = (f"2024-11-0{2 + index}T{moment}Z" for index, moment in enumerate(moments))
    assert said(rows(tmp_path, [({"date": stamp}, WEST) for stamp in stamps])) == []


def test_deepstates_mirror_is_told_to_show_the_day_before(archive: Write) -> None:
    folder = archive({f"deepstatemap_data_2024070{day}": {None: [WEST]} for day in (8, 9)})
    what = "2 files named deepstatemap_data_* show the day before the one in their names"
    cure = "write as_of_offset_days = -1 into frontcalc.toml among the maps, or 0 to keep the days"
    assert said(folder) == [f"{what}: {cure}"]
    (found,) = (row for row in frontcalc.check_archive(archive=folder).rows if row.code == "AS-OF")
    assert (found.severity, found.message) == ("warning", f"{what}; {cure}")
    (folder / "frontcalc.toml").write_text("as_of_offset_days = 0")
    assert (said(folder), days(folder)) == ([], ["2024-07-08", "2024-07-09"])


# --- names of macOS -------------------------------------------------------------------------------------------


def test_names_with_accents_apart_from_their_letters_are_the_same_names(archive: Write) -> None:
    composed, apart = (unicodedata.normalize(form, "зайнятий район") for form in ("NFC", "NFD"))
    assert composed != apart
    folder = archive({"2024-11-02": {composed: [WEST]}, apart: {apart: [WEST, EAST]}})
    (folder / "frontcalc.toml").write_text(
        f'[dates]\n"{composed}.geojson" = 2024-11-03\n'
        f'[layers]\n"{composed}" = {{ actor = "Russia", role = "control" }}\n'
    )
    row = frontcalc.diff(["2024-11-02..2024-11-03"], archive=folder, by="none", view="control").rows[-1]
    assert row.gained_km2 == pytest.approx(100)
    table = frontcalc.held(["2024-11-03"], archive=folder, by="none", view=[apart])
    assert table.meta.counted == (composed,)
