"""The grammar of periods, and the definitions of what a period is: each rule has the test named after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

import frontcalc
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.periods import (
    UNITS,
    calendar_periods,
    is_period,
    parse_bound,
    parse_day,
    parse_period,
    parse_periods,
    refuse_many,
    unit_of,
)
from frontcalc.tables import DiffRow

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "opens_on", "closes_on"),
    [
        ("2023", "2022-12-31", "2023-12-31"),
        ("2024-Q1", "2023-12-31", "2024-03-31"),
        ("2024-q4", "2024-09-30", "2024-12-31"),
        ("2024-H1", "2023-12-31", "2024-06-30"),
        ("2024-h2", "2024-06-30", "2024-12-31"),
        ("2024-H2..2025-Q1", "2024-06-30", "2025-03-31"),
        ("2024-09", "2024-08-31", "2024-09-30"),
        ("2024-02", "2024-01-31", "2024-02-29"),
        ("2023-02", "2023-01-31", "2023-02-28"),
        ("2024-12", "2024-11-30", "2024-12-31"),
        ("2024-02-29", "2024-02-28", "2024-02-29"),
        ("2024-W36", "2024-09-01", "2024-09-08"),
        ("2025-W01", "2024-12-29", "2025-01-05"),
        ("2020-W53", "2020-12-27", "2021-01-03"),
        ("2024-09-01..2024-11-03", "2024-09-01", "2024-11-03"),
        ("2024-01-01..2024-11-20", "2024-01-01", "2024-11-20"),
        ("2023..2024", "2022-12-31", "2024-12-31"),
        ("2024-Q3..2024-11-03", "2024-06-30", "2024-11-03"),
        ("2024-09-01..2024-10", "2024-09-01", "2024-10-31"),
        ("2024-W36..2024-W37", "2024-09-01", "2024-09-15"),
        ("2024..", "2023-12-31", None),
        ("2024-09-01..", "2024-09-01", None),
        ("..2023", None, "2023-12-31"),
        ("..2024-11-03", None, "2024-11-03"),
    ],
)
def test_grammar(text: str, opens_on: str | None, closes_on: str | None) -> None:
    period = parse_period(text)
    assert period.label == text.upper()
    assert (period.opens_on and str(period.opens_on)) == opens_on
    assert (period.closes_on and str(period.closes_on)) == closes_on
    assert is_period(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2023-02-29", "does not exist"),
        ("2024-W53", "does not exist"),
        ("2024-W00", "does not exist"),
        ("2024-13", "does not exist"),
        ("2024-11-31", "does not exist"),
        ("0000", "does not exist"),
        ("9999", "does not exist"),
        ("9999-W52", "does not exist"),
        ("0001", "before all calendars"),
        ("2024..2023", "runs backwards"),
        ("2024-11-03..2024-11-03", "runs backwards or holds no time"),
        ("2024-11-03..2024-09-01", "runs backwards"),
        ("..", "neither end"),
        ("2024-00", "does not exist"),
        ("2024-Q5", "is no period"),
        ("2024-H3", "is no period"),
        ("yesterday", "is no period"),
        ("2023..2024..2025", "is no period"),
        ("", "is no period"),
    ],
)
def test_impossible_and_reversed_periods_are_usage_errors(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parse_period(text)


GRAMMAR = (
    "periods are 2023, 2024-H2, 2024-Q3, 2024-09, 2024-W36, 2024-11-03, or two as in 2024-09..2024-11, 2024.., ..2023"
)


@pytest.mark.parametrize(
    ("text", "problem", "cure"),
    [
        ("..", "names neither end of a range", GRAMMAR),
        ("2024..2023", "runs backwards or holds no time", "put the earlier end first"),
        ("yesterday", "is no period", GRAMMAR),
        ("2024..tomorrow", "is no period", GRAMMAR),
        ("then..2024", "is no period", GRAMMAR),
        ("2024-W53", "has no such days: 2024-W53 does not exist", GRAMMAR),
        ("2024..2024-11-31", "has no such days: 2024-11-31 does not exist", GRAMMAR),
        ("0001", "is before all calendars", "choose a later period"),
        ("0001..2024", "is before all calendars", "choose a later period"),
    ],
)
def test_an_error_names_the_whole_period_what_is_wrong_and_what_to_write(text: str, problem: str, cure: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_period(text)
    assert (caught.value.problem, caught.value.where, caught.value.cure) == (problem, f"period {text!r}", cure)


@pytest.mark.parametrize(
    "text", ["", "..", "2024..2023..2022", "yesterday", "2024..tomorrow", "tomorrow..2024", "2024-Q5"]
)
def test_what_has_not_the_shape_of_a_period(text: str) -> None:
    assert not is_period(text)


def test_a_day_that_is_none_is_named_with_the_way_to_write_it() -> None:
    with pytest.raises(UsageError) as caught:
        parse_day("3 November")
    assert (caught.value.problem, caught.value.where) == ("is no date", "'3 November'")
    assert caught.value.cure == "write it as 2024-11-03"
    for text, last in (("soon", True), ("..2024", False), ("2024..", True)):
        with pytest.raises(UsageError) as caught:
            parse_bound(text, last=last)
        assert (caught.value.problem, caught.value.where) == ("is no period", f"period {text!r}")
        assert caught.value.cure == GRAMMAR


@pytest.mark.parametrize(
    ("day", "labels"),
    [
        ("2024-11-03", ["2024", "2024-Q4", "2024-11", "2024-W44"]),
        ("2024-12-30", ["2024", "2024-Q4", "2024-12", "2025-W01"]),
        ("2021-01-03", ["2021", "2021-Q1", "2021-01", "2020-W53"]),
        ("2024-03-31", ["2024", "2024-Q1", "2024-03", "2024-W13"]),
        ("2024-04-01", ["2024", "2024-Q2", "2024-04", "2024-W14"]),
        ("0987-09-30", ["0987", "0987-Q3", "0987-09", "0987-W39"]),
    ],
)
def test_the_unit_that_a_day_is_in(day: str, labels: list[str]) -> None:
    assert [unit_of(date.fromisoformat(day), every) for every in UNITS] == labels


@pytest.mark.parametrize(
    ("every", "begin", "end", "labels"),
    [
        ("year", "2022-02-24", "2024-11-17", ["2022-02-23..2022", "2023", "2024..2024-11-17"]),
        ("year", "2023-01-01", "2023-12-31", ["2023"]),
        ("quarter", "2024-02-01", "2024-06-30", ["2024-01-31..2024-Q1", "2024-Q2"]),
        ("month", "2024-01-31", "2024-02-28", ["2024-01-30..2024-01", "2024-02..2024-02-28"]),
        ("month", "2024-09-05", "2024-09-20", ["2024-09-04..2024-09-20"]),
        ("week", "2024-12-30", "2025-01-06", ["2025-W01", "2025-W02..2025-01-06"]),
    ],
)
def test_calendar_units_from_a_first_to_a_last_day(every: str, begin: str, end: str, labels: list[str]) -> None:
    found = list(calendar_periods(every, date.fromisoformat(begin), date.fromisoformat(end)))
    assert [period.label for period in found] == labels
    assert str(found[0].opens_on) == str(date.fromisoformat(begin) - timedelta(days=1))
    assert str(found[-1].closes_on) == end


@given(st.dates(min_value=date(1, 1, 3)))
def test_a_day_opens_with_the_day_before(day: date) -> None:
    period = parse_period(day.isoformat())
    assert period.closes_on == day
    assert period.opens_on is not None
    assert (day - period.opens_on).days == 1


def test_consecutive_periods_share_an_end() -> None:
    for first, second in [("2023", "2024"), ("2024-02", "2024-03"), ("2024-Q4", "2025-Q1"), ("2020-W53", "2021-W01")]:
        assert parse_period(first).closes_on == parse_period(second).opens_on


def test_a_period_in_the_place_of_a_day_is_refused_with_its_last_day_and_the_command_for_its_change() -> None:
    with pytest.raises(UsageError) as caught:
        parse_day("2024-02")
    assert (caught.value.problem, caught.value.where) == ("is no day; one is needed, as 2024-02-29", "'2024-02'")
    assert caught.value.cure == "for the change in 2024-02: frontcalc diff 2024-02"


@pytest.mark.parametrize(("every", "days"), [("day", 1), ("week", 7), ("month", 30), ("quarter", 91), ("year", 365)])
def test_a_table_has_at_most_five_thousand_units(every: str, days: int) -> None:
    begin = date(1, 1, 1)
    refuse_many(every, begin, begin + timedelta(days=5_001 * days - 1))
    with pytest.raises(UsageError) as caught:
        refuse_many(every, begin, end := begin + timedelta(days=5_001 * days))
    assert caught.value.problem == f"from 0001-01-01 to {end} is 5,001 times a {every}, over 5,000"
    assert caught.value.where == f"every {every}"
    assert caught.value.cure == "choose a longer unit, or a part by --since and --until"


def test_days_and_bounds() -> None:
    for day in ("2024-02-29", date(2024, 2, 29), datetime(2024, 2, 29, 18, 30), pandas.Timestamp("2024-02-29 23:59")):
        assert parse_day(day) == date(2024, 2, 29)
    for text in ("2023-02-29", "20240229", "2024-2-9"):
        with pytest.raises(UsageError, match="is no date"):
            parse_day(text)
    assert parse_bound("2024-Q2", last=False) == date(2024, 4, 1)
    assert parse_bound("2024-Q2", last=True) == date(2024, 6, 30)


# Definitions on a small archive: control grows by a square (100 km²) with each map.


@pytest.fixture
def weekly(archive: Write) -> Path:
    """Maps of five Sundays; the n-th holds n squares."""
    days = ["2023-12-24", "2023-12-31", "2024-01-07", "2024-01-14", "2024-01-21"]
    control = [(300 + n, 40) for n in range(5)]
    return archive({day: {"control_map": control[: n + 1], "russian_advances": [None]} for n, day in enumerate(days)})


def total(folder: Path, period: str, **options: object) -> DiffRow:
    table = frontcalc.diff([period], archive=folder, **options)  # type: ignore[arg-type]
    return table.rows[-1]


def ends(row: DiffRow) -> tuple[str, str]:
    return str(row.opening), str(row.closing)


def test_a_year_opens_with_the_state_of_the_day_before_it(weekly: Path) -> None:
    row = total(weekly, "2024")
    assert ends(row) == ("2023-12-31", "2024-01-21")
    assert row.opening_km2 == pytest.approx(200.0, abs=1e-6)
    assert row.gained_km2 == pytest.approx(300.0, abs=1e-6)
    assert row.lost_km2 == pytest.approx(0.0, abs=1e-6)
    assert row.rate_km2_per_day == pytest.approx(300 / 21)


def test_the_state_on_a_day_is_the_latest_map_on_or_before_it(weekly: Path) -> None:
    assert ends(total(weekly, "2024-01-01..2024-01-13")) == ("2023-12-31", "2024-01-07")


def test_a_day_as_left_end_means_its_own_map(weekly: Path) -> None:
    assert ends(total(weekly, "2024-01-07..2024-01-14")) == ("2024-01-07", "2024-01-14")


def test_a_single_day_runs_from_the_day_before(weekly: Path) -> None:
    assert ends(total(weekly, "2024-01-07")) == ("2023-12-31", "2024-01-07")


def test_an_open_range_closes_with_the_last_map(weekly: Path) -> None:
    row = total(weekly, "2024..")
    assert ends(row) == ("2023-12-31", "2024-01-21")
    assert row.notes == ""


def test_an_open_range_opens_with_the_first_map(weekly: Path) -> None:
    row = total(weekly, "..2024-01-07")
    assert ends(row) == ("2023-12-24", "2024-01-07")
    assert row.notes == ""


def test_an_archive_starting_inside_opens_late_and_never_with_nothing_held(weekly: Path) -> None:
    row = total(weekly, "2023")
    assert ends(row) == ("2023-12-24", "2023-12-31")
    assert row.opening_km2 == pytest.approx(100.0, abs=1e-6)
    assert row.gained_km2 == pytest.approx(100.0, abs=1e-6)
    assert row.notes.split() == ["OPENS-LATE", "SPAN"]


def test_an_archive_ending_inside_closes_early(weekly: Path) -> None:
    assert total(weekly, "2024-01").notes.split() == ["CLOSES-EARLY", "SPAN"]
    assert "CLOSES-EARLY" not in total(weekly, "2024-01-07..2024-01-21").notes


def test_span_says_when_the_maps_are_off_their_days_or_not_as_far_apart_as_asked(weekly: Path) -> None:
    exact = total(weekly, "2024-01-07..2024-01-21")
    assert (exact.days, exact.notes) == (14, "")
    off = total(weekly, "2024-01-06..2024-01-20")
    assert (off.days, off.notes) == (14, "SPAN")  # the maps are of six days earlier, at both ends
    uneven = total(weekly, "2024-01-07..2024-01-16")
    assert (uneven.days, uneven.notes) == (7, "SPAN")
    lines = {
        period: notice.line
        for period in ("2024-01-06..2024-01-20", "2024-01-07..2024-01-16")
        for notice in frontcalc.diff(period, archive=weekly).meta.notices
        if notice.code == "SPAN"
    }
    # As many days as asked for, but others: which is what is to be said.
    assert lines["2024-01-06..2024-01-20"].startswith("the maps of 31 Dec 2023 and 14 Jan stand for 6 Jan and 20 Jan")
    assert lines["2024-01-07..2024-01-16"].startswith("9 days were asked for, the maps are 7 days apart")


def test_one_map_at_both_ends_leaves_figures_blank(weekly: Path) -> None:
    table = frontcalc.diff(["2024-01-15..2024-01-20", "2024-01"], archive=weekly)
    blank = table.rows[0]
    assert blank.notes == "NO-NEW-MAP"
    assert blank.gained_km2 is blank.net_km2 is blank.opening_km2 is blank.rate_km2_per_day is None


def test_no_period_with_two_maps_is_no_data(weekly: Path) -> None:
    with pytest.raises(NoDataError, match="your maps run from 24 December 2023 to 21 January 2024"):
        frontcalc.diff(["2024-01-15..2024-01-20", "2022"], archive=weekly)


def test_a_period_before_the_archive_is_blank(weekly: Path) -> None:
    row = frontcalc.diff(["2022", "2024"], archive=weekly).rows[0]
    assert row.notes == "NO-MAP"
    assert row.opening is row.closing is row.net_km2 is None


def test_a_period_after_the_archive_has_no_new_map(weekly: Path) -> None:
    row = frontcalc.diff(["2025", "2024"], archive=weekly).rows[0]
    assert row.notes.split() == ["CLOSES-EARLY", "NO-NEW-MAP"]


def test_a_layer_present_without_geometry_is_empty(weekly: Path) -> None:
    assert total(weekly, "2024", view="role:control,role:advance").gained_km2 == pytest.approx(300.0, abs=1e-6)


def test_a_layer_absent_before_its_first_appearance_is_empty(archive: Write) -> None:
    folder = archive(
        {
            "2024-01-01": {"control_map": [(300, 40)]},
            "2024-02-01": {"control_map": [(300, 40)], "russian_advances": [(301, 40)]},
        }
    )
    row = total(folder, "2024-01-01..2024-02-01")
    assert row.gained_km2 == pytest.approx(100.0, abs=1e-6)
    assert row.notes == ""


@pytest.fixture
def gap(archive: Write) -> Path:
    """Three maps; the advances layer is absent from the last."""
    advances = {"russian_advances": [(305, 40)]}
    return archive(
        {
            "2024-01-01": {"control_map": [(300, 40)], **advances},
            "2024-01-11": {"control_map": [(300, 40), (301, 40)], **advances},
            "2024-01-21": {"control_map": [(300, 40), (301, 40), (302, 40)]},
        }
    )


def test_a_layer_missing_later_steps_back_to_the_last_complete_day(gap: Path) -> None:
    row = total(gap, "2024-01-01..2024-01-21")
    assert ends(row) == ("2024-01-01", "2024-01-11")
    assert row.gained_km2 == pytest.approx(100.0, abs=1e-6)
    assert row.notes.split() == ["LAYER-MISSING", "SPAN"]


def test_a_layer_missing_matters_only_to_views_that_use_it(gap: Path) -> None:
    row = total(gap, "2024-01-01..2024-01-21", view="control")
    assert ends(row) == ("2024-01-01", "2024-01-21")
    assert row.notes == ""


def test_carry_layers_carries_a_missing_layer_for_so_many_days(gap: Path) -> None:
    row = total(gap, "2024-01-01..2024-01-21", carry_layers=10)
    assert ends(row) == ("2024-01-01", "2024-01-21")
    assert row.closing_km2 == pytest.approx(400.0, abs=1e-6)
    assert row.notes == "CARRIED"
    assert total(gap, "2024-01-01..2024-01-21", carry_layers=9).notes.split() == ["LAYER-MISSING", "SPAN"]
    with pytest.raises(UsageError, match="negative"):
        total(gap, "2024", carry_layers=-1)


def test_a_view_that_no_map_can_fill_lists_what_there_is(weekly: Path) -> None:
    with pytest.raises(UsageError, match=r"no map shows claimed.*advance \(Russia\), control \(Russia\)"):
        total(weekly, "2024", view="claimed")


def test_an_undifferentiated_layer_is_control_and_assessed_equals_it(archive: Write) -> None:
    folder = archive({"20240101": {None: [(300, 40)]}, "20240201": {None: [(300, 40), (301, 40)]}})
    for view in ("control", "assessed", "claimed"):
        assert total(folder, "2024-01-01..2024-02-01", view=view).gained_km2 == pytest.approx(100.0, abs=1e-6)


def test_losses_are_drawn_but_not_held(archive: Write) -> None:
    """NZZ: `nochange` and `gains` are held, `losses` are not; a day without gains is complete."""
    folder = archive(
        {
            "2024-01-01": {"nochange": [(300, 40)], "gains": [(301, 40)]},
            "2024-01-02": {"nochange": [(300, 40)], "losses": [(301, 40)]},
        }
    )
    row = total(folder, "2024-01-02")
    assert row.lost_km2 == pytest.approx(100.0, abs=1e-6)
    assert row.notes == ""


def test_layers_that_overlap_are_counted_once(archive: Write) -> None:
    half = [(300, 40), (301, 40)]
    folder = archive(
        {
            "2024-01-01": {"control_map": [(310, 40)], "russian_advances": [None]},
            "2024-01-02": {"control_map": half, "russian_advances": [(301, 40), (302, 40)]},
        }
    )
    table = frontcalc.held(["2024-01-02"], archive=folder)
    assert table.rows[-1].held_km2 == pytest.approx(300.0, abs=1e-6)
    share = table.meta.layer_shares[0]
    assert dict(share.role_km2) == pytest.approx({"control": 200.0, "advance": 200.0}, abs=1e-6)
    assert share.overlap_km2 == pytest.approx(100.0, abs=1e-6)


@pytest.fixture
def two_sides(archive: Write) -> Path:
    """Russia gains a square while Ukraine takes two of its own."""
    return archive(
        {
            "2024-01-01": {"control_map": [(300, 40)]},
            "2024-01-02": {"control_map": [(300, 40), (301, 40)], "kursk_ukrainian_advance": [(300, 60), (301, 60)]},
        }
    )


def test_one_actor_is_measured_and_the_others_are_named(two_sides: Path) -> None:
    table = frontcalc.diff(["2024-01-02"], archive=two_sides, view="control")
    assert {row.actor for row in table.rows} == {"Russia"}
    assert table.meta.other_actors == ("Ukraine",)
    assert table.rows[-1].net_km2 == pytest.approx(100.0, abs=1e-6)


def test_another_actor_is_measured_from_its_own_side(two_sides: Path) -> None:
    row = total(two_sides, "2024-01-02", actor="ukraine")
    assert (row.actor, row.opening_km2) == ("Ukraine", 0.0)
    assert row.net_km2 == pytest.approx(200.0, abs=1e-6)


def test_all_actors_have_rows_of_their_own_and_are_never_netted(two_sides: Path) -> None:
    rows = frontcalc.diff(["2024-01-02"], archive=two_sides, view="control", actor="all").rows
    assert [(row.actor, round(row.net_km2 or 0)) for row in rows] == [("Russia", 100), ("Ukraine", 200)]


def test_a_publishers_layer_name_implies_its_actor(two_sides: Path) -> None:
    row = total(two_sides, "2024-01-02", view="kursk_ukrainian_advance")
    assert (row.actor, row.view) == ("Ukraine", "kursk_ukrainian_advance")
    assert row.net_km2 == pytest.approx(200.0, abs=1e-6)
    with pytest.raises(UsageError, match="Russia and Ukraine"):
        total(two_sides, "2024-01-02", view=["kursk_ukrainian_advance", "control_map"])


def test_same_date_and_layer_with_different_bytes_is_an_error(archive: Write) -> None:
    folder = archive(
        {
            "2024-01-01": {"control_map": [(300, 40)]},
            "2024-01-02": {"control_map": [(300, 40)]},
            "20240102": {"control_map": [(301, 40)]},
        }
    )
    with pytest.raises(DataError, match="shows layer 'control_map' of 2024-01-02 differently"):
        total(folder, "2024-01-02", view="control")


def test_identical_files_of_one_date_are_merged_with_a_notice(archive: Write) -> None:
    folder = archive(
        {
            "2024-01-01": {"control_map": [(300, 40)]},
            "2024-01-02": {"control_map": [(301, 40)]},
            "20240102": {"control_map": [(301, 40)]},
        }
    )
    row = total(folder, "2024-01-02", view="control")
    assert row.closing_km2 == pytest.approx(100.0, abs=1e-6)
    assert row.notes == "MERGED"


def test_layers_of_one_date_may_be_in_several_files(archive: Write) -> None:
    folder = archive(
        {
            "2024-01-01": {"control_map": [(300, 40)], "russian_advances": [None]},
            "2024-01-02": {"control_map": [(300, 40)]},
            "20240102": {"russian_advances": [(301, 40)]},
        }
    )
    assert total(folder, "2024-01-02").gained_km2 == pytest.approx(100.0, abs=1e-6)


def test_only_the_maps_of_a_period_are_read(weekly: Path) -> None:
    (weekly / "2024-01-14.geojson").write_text("{ broken")
    row = total(weekly, "2024-01-07..2024-01-21")
    assert row.gained_km2 == pytest.approx(200.0, abs=1e-6)
    with pytest.raises(DataError, match=r"2024-01-14.geojson: is not valid JSON.*line 1"):
        total(weekly, "2024-01-14")


def test_skip_bad_steps_back_and_lists_what_it_skipped(weekly: Path) -> None:
    (weekly / "2024-01-21.geojson").write_text("{ broken")
    (weekly / "notes of a day.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(DataError, match="neither its name nor its folder nor a property"):
        total(weekly, "2024")
    table = frontcalc.diff(["2024"], archive=weekly, skip_bad=True)
    assert table.rows[-1].closing == date(2024, 1, 14)
    assert "SKIPPED" in table.rows[-1].notes.split()
    (weekly / "2023-12-24.geojson").write_text("{ broken")
    opening = frontcalc.diff(["..2024-01-14"], archive=weekly, skip_bad=True).rows[-1]
    assert opening.opening == date(2023, 12, 31)
    assert opening.notes.split() == ["OPENS-LATE", "SKIPPED", "SPAN"]
    skipped = [notice.message for notice in table.meta.notices if notice.code == "SKIPPED"]
    assert len(skipped) == 2
    assert any("2024-01-21.geojson: is not valid JSON" in message for message in skipped)


# What is taken for a period from Python.


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        (2023, "2023"),
        (date(2024, 9, 1), "2024-09-01"),
        (datetime(2024, 9, 1, 23, tzinfo=UTC), "2024-09-01"),
        (pandas.Timestamp("2024-09-01 12:00"), "2024-09-01"),
        (pandas.Period("2023", freq="Y"), "2023"),
        (pandas.Period("2024Q3"), "2024-Q3"),
        (pandas.Period("2024-09", freq="M"), "2024-09"),
        (pandas.Period("2024-09-03", freq="W"), "2024-W36"),
        (pandas.Period("2024-09-01", freq="D"), "2024-09-01"),
        # A year that ends in March is none of the grammar's, and opens with the day before.
        (pandas.Period("2024", freq="Y-MAR"), "2023-03-31..2024-03-31"),
    ],
)
def test_numbers_days_and_pandas_periods_are_periods(asked: Any, label: str) -> None:
    assert parse_period(asked) == parse_period(label)
    assert [period.label for period in parse_periods(asked)] == [label]


def test_several_periods_are_any_collection_and_each_is_asked_once() -> None:
    months = pandas.period_range("2024-01", "2024-03", freq="M")
    assert [period.label for period in parse_periods(months)] == ["2024-01", "2024-02", "2024-03"]
    assert [period.label for period in parse_periods(("2023", 2023, 2024))] == ["2023", "2024"]
    assert [period.label for period in parse_periods(numpy.array([2023, 2024]))] == ["2023", "2024"]
    with pytest.raises(UsageError) as caught:
        parse_periods([])
    assert str(caught.value) == "no period was given; name one, as in 2024 or 2024-09-01..2024-11-03"


@pytest.mark.parametrize("asked", [["2024-09-01", "2024-11-03"], [date(2024, 11, 3), date(2024, 9, 1)]])
def test_two_single_days_ask_back(asked: Any) -> None:
    with pytest.raises(UsageError) as error:
        parse_periods(asked)
    assert (error.value.problem, error.value.where) == (
        *("are two single days, each the change since the day before", " ".join(map(str, asked))),
    )
    assert "did you mean 2024-09-01..2024-11-03? For two single days put " in str(error.value)
    single = sorted(str(error.value).rpartition(" put ")[2].split())
    assert single == ["2024-08-31..2024-09-01", "2024-11-02..2024-11-03"]


@pytest.mark.parametrize("asked", ["2024-09-01", ["2024-09-01"], ["2024-09-01", "2024-09-01"], ["2024-09-01", "2024"]])
def test_one_single_day_stays_a_period(asked: Any) -> None:
    assert parse_periods(asked)[0].label == "2024-09-01"


def test_the_ask_back_s_two_days_are_what_single_days_are() -> None:
    single = ["2024-08-31..2024-09-01", "2024-11-02..2024-11-03"]
    ends = [(period.opens_on, period.closes_on) for period in parse_periods(single)]
    assert ends == [(period.opens_on, period.closes_on) for period in map(parse_period, ("2024-09-01", "2024-11-03"))]
