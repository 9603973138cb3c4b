"""Days out of names as publishers write them, and out of date properties."""

from __future__ import annotations

import reprlib
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontcalc.archives import open_archive
from frontcalc.dates import (
    day_from_name,
    day_from_property,
    in_words,
    moment_from_property,
    stem_without_day,
    time_alone,
    tomorrow,
    without_day,
    year_from_name,
)
from frontcalc.errors import DataError

# The name as published, its day, and what is left of the name.
PUBLISHED = [
    ("2024-11-03", "2024-11-03", ""),
    ("map_2024_11_03", "2024-11-03", "map"),
    ("deepstatemap_data_20240708", "2024-07-08", "deepstatemap_data"),
    ("AO20260609", "2026-06-09", ""),
    ("20250104HTS_led", "2025-01-04", "HTS_led"),
    ("221210_0000", "2022-12-10", ""),
    ("Control_23_09_03", "2023-09-03", "Control"),
    ("UkraineControlMapAO24FEB2022", "2022-02-24", "UkraineControlMap"),
    ("UkraineControlMapAO1Mar2022", "2022-03-01", "UkraineControlMap"),
    ("UkraineControlMap_AO_09_March_2022", "2022-03-09", "UkraineControlMap"),
    ("UkraineControlMapA12Mar2022", "2022-03-12", "UkraineControlMap"),
    ("RussianAssessedCoTinUkraine_14_March_2022", "2022-03-14", "RussianAssessedCoTinUkraine"),
    ("UkraineControlMao04APR2022", "2022-04-04", "UkraineControlMao"),
    ("UkraineCOntrolMapAO13APR2022", "2022-04-13", "UkraineCOntrolMap"),
    ("ClaimedRusianTerritoryinUkraineJAN082023", "2023-01-08", "ClaimedRusianTerritoryinUkraine"),
    ("ReportedUkrainianPartisanWarfareJAN08,2023", "2023-01-08", "ReportedUkrainianPartisanWarfare"),
    ("AssessedRussianAdvancesinUkraineAPR272026", "2026-04-27", "AssessedRussianAdvancesinUkraine"),
    ("UkraineControlMapAO27APR2026", "2026-04-27", "UkraineControlMap"),
    (
        "Kursk Incursion Claimed Limit of Ukrainian Advance August 25 2024",
        "2024-08-25",
        "Kursk Incursion Claimed Limit of Ukrainian Advance",
    ),
    ("Lebanon NASA FIRMS data October 26-27, 2024", "2024-10-27", "Lebanon NASA FIRMS data"),
    (
        "Confirmed Israeli Strikes October 25 AO 10302024",
        "2024-10-30",
        "Confirmed Israeli Strikes October 25",
    ),
]


@pytest.mark.parametrize(("name", "day", "left"), PUBLISHED, ids=[name for name, _, _ in PUBLISHED])
def test_names_as_published(name: str, day: str, left: str) -> None:
    assert day_from_name(name) == date.fromisoformat(day)
    assert day_from_name(f"{name}.kmz") == date.fromisoformat(day)
    assert without_day(name) == left


@pytest.mark.parametrize(
    ("name", "day", "left"),
    [
        ("ClaimedUkrainianCounterOffensivesARP07", "2022-04-07", "ClaimedUkrainianCounterOffensives"),
        ("UkraineControlMapAO13MAR", "2022-03-13", "UkraineControlMap"),
        ("Claimed_Ukrainian_CounteroffensivesJUL05", "2022-07-05", "Claimed_Ukrainian_Counteroffensives"),
    ],
)
def test_a_name_without_a_year_needs_one_given(name: str, day: str, left: str) -> None:
    assert day_from_name(name, year=2022) == date.fromisoformat(day)
    assert without_day(name) == left
    with pytest.raises(DataError, match="has no year") as caught:
        day_from_name(name)
    assert caught.value.problem in {f"{written} has no year" for written in ("ARP07", "AO13MAR", "JUL05")}
    assert caught.value.where == name
    assert caught.value.cure == "write year = 2024 into the archive's frontcalc.toml, or name its folder by the year"


def test_the_years_own_calendar_decides() -> None:
    assert day_from_name("MapFEB29", year=2024) == date(2024, 2, 29)
    with pytest.raises(DataError, match="FEB29 is no date"):
        day_from_name("MapFEB29", year=2023)


def test_a_given_year_that_no_map_is_of_is_named() -> None:
    with pytest.raises(DataError) as caught:
        day_from_name("MapFEB28", year=1234)
    assert caught.value.problem == "FEB28 is no date, its year would be 1234"
    assert caught.value.cure == "name the file by its day, as in 2024-11-03.geojson"


def test_a_names_own_year_wins() -> None:
    assert day_from_name("UkraineControlMapAO24FEB2022", year=2023) == date(2022, 2, 24)


REFUSED = [
    ("ClaimedUkrainianCounteroffensivesDEC060205", "DEC060205 is no date, its year would be 0205"),
    ("UkraineControlMapAO02FEB22024", "AO02FEB22024 is no date, its year would be 22024"),
    ("ReportedUkrainianPartisanWarfareNOV092924", "NOV092924 is no date, its year would be 2924"),
    ("2202-02-02", "2202-02-02 is no date, its year would be 2202"),
    ("12345678", "12345678 is no date, its year would be 1234"),
    ("2023-02-29", "2023-02-29 is no date"),
    ("20241399 and 20240230", "20241399 is no date, 20240230 is no date"),
    ("layer_123456", "123456 is no date"),
    ("map", "the name holds no date"),
    ("JAN2023", "the name holds no date"),
    ("20240708993000", "the name holds no date"),
    ("02.22.2024", "02.22.2024 is no date"),  # with points the day comes first
    ("1999999999", "the name holds no date"),  # seconds of 2033
    ("v1.2.13", "the name holds no date"),
    ("Summar12", "the name holds no date"),
    ("12Marines", "the name holds no date"),
    ("2024-09-01_2024-11-03", "the name holds 2 dates (2024-09-01, 2024-11-03)"),
    ("October 30-November 2, 2024", "the name holds 2 dates (2024-10-30, 2024-11-02)"),
    ("Strikes October 25 20241030", "the name holds 2 dates (2024-10-25, 2024-10-30)"),
    ("MapA12Mar2022 13Mar2022", "the name holds 2 dates (2022-03-12, 2022-03-13)"),
    ("AO1MAR2022 AO2MAR2022", "the name holds 2 dates (2022-03-01, 2022-03-02)"),
]


@pytest.mark.parametrize(("name", "problem"), REFUSED, ids=[name for name, _ in REFUSED])
def test_anything_else_is_refused_with_the_reason(name: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        day_from_name(name)
    assert caught.value.problem == problem
    assert caught.value.where == name
    assert caught.value.code == "NO-DATE"
    several = "holds 2 dates" in problem
    assert caught.value.cure == (
        "leave one in the name" if several else "name the file by its day, as in 2024-11-03.geojson"
    )


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2024-11-03_2024_11_03", "2024-11-03"),  # one day said twice
        ("March 6 20220306", "2022-03-06"),  # and once without its year
        ("20240708_101112", "2024-07-08"),  # a time of day
        ("20240708_99999999", "2024-07-08"),  # a serial number
        ("DATA20240708", "2024-07-08"),
        ("1944-06-06", "1944-06-06"),  # other wars, where the name leaves no doubt
        ("26\u201327 October 2024", "2024-10-27"),
        ("Sept 5, 2023", "2023-09-05"),
    ],
)
def test_other_numbers_do_not_hide_the_day(name: str, day: str) -> None:
    assert day_from_name(name) == date.fromisoformat(day)


def test_a_capital_a_at_a_words_end_is_no_mark() -> None:
    assert without_day("DATA20240708") == "DATA"
    assert without_day("CACAO20240708") == "CACAO"


def test_seconds_since_1970_are_a_day_of_a_file_and_a_number_of_a_layer() -> None:
    assert day_from_name("map_1722873600.geojson") == date(2024, 8, 5)
    assert day_from_name("1722873600000.geojson") == date(2024, 8, 5)
    assert stem_without_day("map_1722873600.geojson") == "map"
    assert without_day("1722873600") == "1722873600"


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("2024-11-03_1800", "18:00"),
        ("2024-11-03T06-05-09.geojson", "06:05:09"),
        ("2024-11-03 6 pm", "18:00"),
        ("2024-11-03 12.15 am", "00:15"),
        ("20241103060509", "06:05:09"),
        ("2024-11-03T18Z", "18:00+00:00"),
        ("1730613600", "06:00+00:00"),
        *(
            (name, None)
            for name in ("2024-11-03", "2024-11-03_06", "2024-11-03_2500", "2024-11-03_1800km", "2024-11-03_v2")
        ),
        ("2024-11-03T06:00+02:00", None),  # it would have to be compared with times of another zone
    ],
)
def test_the_time_behind_a_day(name: str, time: str | None, tmp_path: Path) -> None:
    (tmp_path / (name if name.endswith(".geojson") else f"{name}.geojson")).touch()
    (ref,) = open_archive(tmp_path).refs
    assert ref.day == date(2024, 11, 3)
    assert ref.parts[0].moment == (datetime.fromisoformat(f"2024-11-03T{time}") if time else None)


def test_of_several_days_each_is_taken_out_and_nothing_else() -> None:
    assert without_day("from 2024-11-03 to 20241104 in Kursk") == "from  to  in Kursk"
    assert without_day("13MAR2022 to 2022-03-14") == "to"
    assert without_day("X 20240708 X") == "X  X"


FORMS = [
    "{day:%Y-%m-%d}",
    "{day:%Y_%m_%d}",
    "{day:%Y%m%d}",
    "AO{day:%Y%m%d}",
    "AO {day:%m%d%Y}",
    "AO{day:%d%b%Y}",
    "A{day:%d%b%Y}",
    "_{day:%d_%B_%Y}",
    "{day:%b%d%Y}",
    "{day:%b%d,%Y}",
    " {day:%B} {day.day} {day:%Y}",
    " {day:%B} {day.day}, {day:%Y}",
]
days = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize("form", FORMS)
@given(day=days)
def test_every_form_gives_its_day_back_and_leaves_the_stem(form: str, day: date) -> None:
    name = f"ControlMap{form.format(day=day)}"
    assert day_from_name(name) == day
    assert without_day(name) == "ControlMap"
    assert day_from_name(name.upper().replace("CONTROLMAP", "ControlMap")) == day


@pytest.mark.parametrize("form", ["{day:%y%m%d}", "{day:%y_%m_%d}"])
@given(day=st.dates(date(2000, 1, 1), date.today()))
def test_short_years_come_first(form: str, day: date) -> None:
    assert day_from_name(f"Control_{form.format(day=day)}") == day


@pytest.mark.parametrize("form", ["{day:%d%b}", "{day:%b%d}"])
@given(day=days)
def test_without_a_year_the_given_one_completes_the_day(form: str, day: date) -> None:
    assert day_from_name(f"ControlMap{form.format(day=day)}", year=day.year) == day


@given(first=days, second=days)
def test_two_days_are_refused_and_both_are_named(first: date, second: date) -> None:
    name = f"from_{first}_to_{second:%d%b%Y}"
    if first == second:
        assert day_from_name(name) == first
        return
    with pytest.raises(DataError) as caught:
        day_from_name(name)
    assert str(first) in caught.value.problem
    assert str(second) in caught.value.problem


@given(name=st.text(alphabet="AO_- ,.0123456789JanFEBrc", max_size=30))
def test_any_name_gives_a_day_or_a_reason(name: str) -> None:
    try:
        assert 1800 <= day_from_name(name, year=2022).year <= 2100
    except DataError as error:
        assert error.problem  # noqa: PT017 - either outcome is right, as long as it is one of the two
    assert len(without_day(name)) <= len(name)


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("2022", 2022),
        ("ISW 2022", 2022),
        ("isw_2022_v2", 2022),
        ("2024-10-06", 2024),
        ("2022-2023", None),
        ("20221231", None),
        ("folder 1234", None),
        ("maps", None),
    ],
)
def test_year_of_a_folder(name: str, year: int | None) -> None:
    assert year_from_name(name) == year


# --- properties -------------------------------------------------------------------------------------------


def epoch(text: str) -> int:
    """Return the milliseconds since 1970 of a moment in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("utc", "day"),
    [
        # 31 December: New York is five hours behind, so its year ends at 05:00 UTC.
        ("2024-12-31 00:00:00", "2024-12-31"),
        ("2024-12-31 00:00:00.001", "2024-12-30"),
        ("2024-12-31 05:00:00", "2024-12-31"),
        ("2024-12-31 23:59:59", "2024-12-31"),
        ("2025-01-01 00:00:00", "2025-01-01"),
        ("2025-01-01 04:59:59.999", "2024-12-31"),
        ("2025-01-01 05:00:00", "2025-01-01"),
        # 10 March 2024, clocks go forward: the day runs from 05:00 to 04:00 UTC.
        ("2024-03-10 04:59:59", "2024-03-09"),
        ("2024-03-10 05:00:00", "2024-03-10"),
        ("2024-03-11 03:59:59", "2024-03-10"),
        ("2024-03-11 04:00:00", "2024-03-11"),
        # 3 November 2024, back: from 04:00 to 05:00 UTC.
        ("2024-11-03 03:59:59", "2024-11-02"),
        ("2024-11-03 04:00:00", "2024-11-03"),
        ("2024-11-04 04:59:59", "2024-11-03"),
        ("2024-11-04 05:00:00", "2024-11-04"),
    ],
)
def test_epoch_milliseconds_are_a_date_at_midnight_and_else_a_moment_in_new_york(utc: str, day: str) -> None:
    assert day_from_property(epoch(utc)) == date.fromisoformat(day)
    assert day_from_property(float(epoch(utc))) == date.fromisoformat(day)
    assert day_from_property(f"{utc}Z") == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2024-11-03", "2024-11-03"),
        (" 20241103 ", "2024-11-03"),
        ("2024/11/03", "2024-11-03"),
        ("2024/11/03 00:00:00+00", "2024-11-03"),
        ("2024-11-03T23:59:59", "2024-11-03"),  # no zone: as the publisher says
        ("2024-11-03T00:00:00+02:00", "2024-11-03"),  # midnight where it was written
        ("2024-11-03T01:00:00+02:00", "2024-11-02"),
        ("2024-12-31T23:30:00-05:00", "2024-12-31"),
        ("1944-06-06", "1944-06-06"),
        (date(2024, 11, 3), "2024-11-03"),
        (datetime(2024, 11, 3, 23, 59), "2024-11-03"),
        (datetime(2024, 11, 4, 1, tzinfo=UTC), "2024-11-03"),
    ],
)
def test_texts_and_dates(value: object, day: str) -> None:
    assert day_from_property(value) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        *(("0600.geojson", time(6)), ("0605", time(6, 5)), ("183015", time(18, 30, 15)), ("18:30", time(18, 30))),
        *(("6_30", time(6, 30)), ("06.30", time(6, 30)), ("9-05", time(9, 5)), ("18-30-59", time(18, 30, 59))),
        *(("06h", time(6)), ("18h30", time(18, 30)), ("18hrs", time(18)), ("at 18h", time(18)), ("T06", time(6))),
        *(("6 pm", time(18)), ("6:05 AM", time(6, 5)), ("12 am", time(0)), ("12 pm", time(12)), ("11pm", time(23))),
        *(("1830Z", time(18, 30, tzinfo=UTC)), ("18 utc", time(18, tzinfo=UTC)), ("5 GMT", time(5, tzinfo=UTC))),
        *(("18:30+00:00", time(18, 30, tzinfo=UTC)), ("23h", time(23))),
        # Of another zone, on the next day, or digits that may be another number.
        *(("18:30+02:00", None), ("24h", None), ("2400", None), ("T24:00", None)),
        *(("6", None), ("06", None), ("600", None), ("0600a", None)),
    ],
)
def test_a_name_that_is_a_time_of_day_alone(name: str, at: time | None) -> None:
    assert time_alone(name) == at
    assert (time_alone(name) or time()).tzinfo == (at or time()).tzinfo


def test_in_a_date_only_field_no_time_of_day_counts() -> None:
    assert day_from_property("2024-11-03", kind="esriFieldTypeDateOnly") == date(2024, 11, 3)
    evening = epoch("2024-11-03 01:00:00")
    assert day_from_property(evening, kind="esriFieldTypeDateOnly") == date(2024, 11, 3)
    assert day_from_property(evening, kind="esriFieldTypeDate") == date(2024, 11, 2)


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "yesterday", "2024-13-01", "2024-W36", "2024-11-03Tnoon", "0001-01-01T01:00:00Z"),
        *(True, [], Path("2024-11-03"), float("nan"), float("inf"), 1e30),
    ],
    ids=repr,
)
def test_what_is_no_date_is_refused(value: object) -> None:
    with pytest.raises(DataError) as caught:
        day_from_property(value)
    assert caught.value.problem == f"property {reprlib.repr(value)} is no date"
    assert caught.value.cure == "a date is milliseconds since 1970 or a text such as 2024-11-03"


@pytest.mark.parametrize("value", [1735619400, 20241103, 0, epoch("2202-02-02")])
def test_numbers_that_are_not_milliseconds_are_refused_with_what_they_would_be(value: int) -> None:
    with pytest.raises(DataError, match="would be of") as caught:
        day_from_property(value)
    assert caught.value.cure == "a date is milliseconds since 1970, not seconds and not digits such as 20241103"


def test_a_text_of_a_year_that_no_map_is_of_is_refused_for_that_alone() -> None:
    with pytest.raises(DataError) as caught:
        day_from_property("1700-01-02")
    assert (caught.value.problem, caught.value.cure) == ("property '1700-01-02' would be of 1700-01-02", None)


def test_a_day_alone_has_no_moment() -> None:
    moment = datetime(2024, 11, 3, 18, 30)
    for value in ("2024-11-03", " 20241103 ", "2024/11/03", date(2024, 11, 3)):
        assert moment_from_property(value) is None
    for value in (moment, moment.isoformat(), "2024/11/03 18:30:00", epoch(str(moment))):
        assert moment_from_property(value) in (moment, moment.replace(tzinfo=UTC))


def test_a_day_in_words_has_its_year_unless_its_period_is_all_in_it() -> None:
    day = date(2024, 11, 3)
    assert (in_words(day), in_words(day, "2023"), in_words(day, "2024..2025")) == ("3 Nov 2024",) * 3
    assert (in_words(day, "2024"), in_words(day, "2024-09..2024-11")) == ("3 Nov",) * 2


def test_a_map_may_be_of_tomorrow_where_it_was_made() -> None:
    before = date.today()
    assert tomorrow() - timedelta(days=1) in (before, date.today())


def test_a_name_without_a_day_keeps_what_stands_around_it() -> None:
    assert (without_day("-1"), without_day(" Control_"), without_day("_Control_2024-11-03_")) == (
        *("-1", " Control_", "Control"),
    )


@given(day=days)
def test_midnight_in_any_zone_is_that_date(day: date) -> None:
    for hours in (-5, 0, 2, 14):
        midnight = datetime(day.year, day.month, day.day, tzinfo=timezone(timedelta(hours=hours)))
        assert day_from_property(midnight.isoformat()) == day
    assert day_from_property(epoch(str(day))) == day


@given(moment=st.datetimes(datetime(1990, 1, 2), datetime(2100, 12, 30)))
def test_a_moment_in_new_york_gives_the_day_it_has_there(moment: datetime) -> None:
    there = moment.replace(microsecond=500_000, tzinfo=ZoneInfo("America/New_York"))
    assert day_from_property(there.timestamp() * 1000) == moment.date()
    assert day_from_property(there.isoformat()) == moment.date()
