"""Summaries by calendar period: which periods, which shares, what gross adds."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely
from conftest import columns_and_later, square
from hypothesis import given
from hypothesis import strategies as st

import frontcalc
from frontcalc.cli import run
from frontcalc.errors import NoDataError, UsageError
from frontcalc.outputs import render
from frontcalc.outputs.numbers import header
from frontcalc.periods import UNITS, calendar_periods, parse_period
from frontcalc.tables import DiffRow, GrossRow, PeriodRow, SummaryRow

Write = Callable[..., Path]
DAYS = st.dates(date(2020, 1, 1), date(2026, 12, 31))


def total(table: Any) -> list[Any]:
    return [row for row in table.rows if row.region == "total"]


@pytest.fixture
def maps(archive: Write) -> Path:
    """A square is taken in January, lost again before its end, and another is taken in March 2024."""
    return archive(
        {
            "2022-12-31": {None: [(300, 40)]},
            "2023-01-15": {None: [(300, 40), (301, 40)]},
            "2023-01-22": {None: [(300, 40)]},
            "2023-12-31": {None: [(300, 40)]},
            "2024-03-10": {None: [(300, 40), (302, 40)]},
        }
    )


@given(st.sampled_from(UNITS), DAYS, st.integers(0, 900))
def test_periods_follow_each_other_and_mean_what_their_labels_mean(every: str, begin: date, length: int) -> None:
    end = begin + timedelta(days=length)
    periods = list(calendar_periods(every, begin, end))
    assert periods[0].opens_on == begin - timedelta(days=1)
    assert periods[-1].closes_on == end
    assert all(one.closes_on == other.opens_on for one, other in pairwise(periods))
    assert [parse_period(period.label) for period in periods] == periods
    assert all(".." not in period.label for period in periods[1:-1])


def test_columns_begin_with_those_that_diff_begins_with() -> None:
    first = list(header(PeriodRow))
    diff, (short, later), (whole, last) = map(columns_and_later, (DiffRow, SummaryRow, GrossRow))
    assert diff[0] == [*first, "gained_sliver_km2", "lost_sliver_km2"]
    assert short[: len(first)] == first
    assert whole[: len(short)] == short
    assert last == later
    assert list(header(GrossRow)) == [*whole, *last]


@pytest.mark.parametrize(
    ("every", "labels"),
    [
        ("year", ["2023", "2024"]),
        ("quarter", ["2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4", "2024-Q1"]),
        ("month", [f"2023-{month:02d}" for month in range(1, 13)] + ["2024-01", "2024-02", "2024-03"]),
    ],
)
def test_a_row_a_period_in_which_the_archive_can_show_a_change(maps: Path, every: str, labels: list[str]) -> None:
    assert [row.period for row in total(frontcalc.summary(every=every, archive=maps))] == labels


def test_weeks_are_those_of_iso_8601(maps: Path) -> None:
    rows = total(frontcalc.summary(every="week", archive=maps, until="2023-01-20"))
    # The first map is of a Saturday, so that Sunday is of the week before the first of January's.
    assert [row.period for row in rows] == ["2022-W52", "2023-W01", "2023-W02", "2023-W03..2023-01-20"]
    assert [row.net_km2 for row in rows] == [None, None, pytest.approx(100), None]


def test_figures_are_those_of_diff(maps: Path) -> None:
    rows = total(frontcalc.summary(every="year", archive=maps))
    for mine, theirs in zip(rows, total(frontcalc.diff(["2023", "2024"], archive=maps)), strict=True):
        assert [getattr(mine, name) for name in PeriodRow.__dataclass_fields__] == [
            getattr(theirs, name) for name in PeriodRow.__dataclass_fields__
        ]
    assert (rows[1].net_km2, rows[1].notes.split()[0]) == (pytest.approx(100), "CLOSES-EARLY")


def test_a_range_that_cuts_a_period_names_it_as_the_range_it_is(maps: Path) -> None:
    rows = total(frontcalc.summary(every="year", archive=maps, since="2023-01-16", until="2024-03-10"))
    assert [row.period for row in rows] == ["2023-01-15..2023", "2024..2024-03-10"]
    assert (rows[0].lost_km2, rows[1].gained_km2) == (pytest.approx(100), pytest.approx(100))


def test_same_span_cuts_earlier_years_where_the_last_one_ends(maps: Path) -> None:
    rows = total(frontcalc.summary(every="year", archive=maps, same_span=True))
    assert [row.period for row in rows] == ["2023..2023-03-10", "2024..2024-03-10"]
    assert "CLOSES-EARLY" not in rows[1].notes


def test_same_span_says_where_the_maps_make_the_years_of_other_lengths(archive: Write) -> None:
    """1 July closes the last year; the year before has no map between 1 June and then."""
    days = ["2022-12-31", "2023-06-01", "2023-12-31", "2024-07-01"]
    maps = archive({day: {None: [(300 + place, 40)]} for place, day in enumerate(days)})
    said = [str(notice) for notice in frontcalc.summary(archive=maps, same_span=True).meta.notices]
    assert "SPAN: the years are 152 to 183 days long by their maps, though cut to the same days" in said
    whole = archive({day.replace("06-01", "07-01"): {None: [(300, 40)]} for day in days}, name="whole")
    assert not any("the years are" in str(one) for one in frontcalc.summary(archive=whole, same_span=True).meta.notices)


def test_same_span_on_29_february_is_28_in_common_years(archive: Write) -> None:
    maps = archive({day: {None: [(300, 40)]} for day in ("2022-12-31", "2023-02-28", "2024-02-29")})
    rows = total(frontcalc.summary(archive=maps, same_span=True))
    assert [row.period for row in rows] == ["2023..2023-02-28", "2024..2024-02-29"]


def test_gross_adds_every_step(maps: Path) -> None:
    year, _ = total(frontcalc.summary(archive=maps, gross=True))
    assert (year.net_km2, year.gained_km2) == (pytest.approx(0), pytest.approx(0))
    assert (year.step, year.steps) == ("snapshot", 3)
    assert (year.gross_gained_km2, year.gross_lost_km2, year.turnover_km2) == pytest.approx((100, 100, 200))


def test_gross_by_month_sees_only_the_ends_of_months(maps: Path) -> None:
    year, _ = total(frontcalc.summary(archive=maps, gross=True, step="month"))
    assert (year.steps, year.gross_gained_km2, year.turnover_km2) == (2, pytest.approx(0), pytest.approx(0))


def test_no_sum_depends_on_the_periods_that_it_is_cut_into(maps: Path) -> None:
    months = total(frontcalc.summary(every="month", archive=maps, gross=True))
    assert sum(row.gross_gained_km2 or 0 for row in months) == pytest.approx(200)
    # Of December 2023 the map that would open it is ten months older.
    assert [row.steps for row in months] == [2, *[None] * 13, 1]


def test_shares_are_of_the_land_that_the_regions_draw(maps: Path, region_file: Write) -> None:
    regions = region_file({"East": [(302, 40), (303, 40)], "West": [(300, 40), (301, 40), (299, 40), (298, 40)]})
    east, west, unassigned, whole = frontcalc.summary(archive=maps, regions=regions, since="2024").rows
    assert (east.region_km2, east.share_of_region_pct) == pytest.approx((200, 50))
    assert (west.region_km2, west.share_of_region_pct) == pytest.approx((400, 25))
    assert (west.country_km2, west.share_of_country_pct) == pytest.approx((600, 100 / 6))
    assert (unassigned.region_km2, unassigned.share_of_country_pct) == (None, None)
    assert (whole.region_km2, whole.share_of_region_pct) == (None, None)
    assert (whole.country_km2, whole.share_of_country_pct) == pytest.approx((600, 200 / 6))


def test_what_is_snapped_to_a_region_is_no_share_of_its_land(archive: Write, region_file: Write) -> None:
    maps = archive({"2023-12-31": {None: [(300, 40)]}, "2024-12-31": {None: [(300, 40), (301, 40)]}})
    row = frontcalc.summary(archive=maps, regions=region_file({"West": [(300, 40)]}), since="2024").rows[0]
    assert row.region == "West"
    assert row.closing_km2 is not None
    assert row.closing_km2 > 105
    assert row.share_of_region_pct == pytest.approx(100)


def test_embedded_regions_give_shares_of_the_country_that_they_draw_whole() -> None:
    table = frontcalc.summary(since="2024", until="2024-Q1", snap="none")
    rows = {row.region: row for row in table.rows}
    held = sum(row.closing_km2 for row in table.rows if row.country_km2 and row.region != "total" and row.closing_km2)
    assert rows["total"].country_km2 == pytest.approx(599_113, abs=1)
    assert rows["total"].share_of_country_pct == pytest.approx(100 * held / rows["total"].country_km2)
    assert rows["Belgorod"].country_km2 is None
    assert rows["Donetsk"].country_km2 == rows["total"].country_km2
    # Of Russia five regions are drawn, which is no country.
    (ukraine,) = (row for row in frontcalc.summary(since="2024", actor="Ukraine").rows if row.region == "total")
    assert (ukraine.country_km2, ukraine.share_of_country_pct) == (None, None)


def test_a_baseline_takes_away_what_was_held_then(archive: Write) -> None:
    maps = archive(
        {
            "2022-02-24": {None: [(300, 40), (301, 40)]},
            "2022-06-30": {None: [(300, 40), (301, 40), (302, 40), (303, 40)]},
            "2022-12-31": {None: [(300, 40), (302, 40)]},
        }
    )
    (plain,) = total(frontcalc.summary(archive=maps))
    first, second = total(frontcalc.summary(every="quarter", archive=maps, baseline="2022-02-24", since="2022-Q2"))[::2]
    (whole,) = total(frontcalc.summary(archive=maps, baseline="2022-02-24"))
    assert (plain.opening_km2, plain.gained_km2, plain.lost_km2) == pytest.approx((200, 100, 100))
    assert whole.period == "2022-02-24..2022"
    assert (whole.opening_km2, whole.gained_km2, whole.lost_km2) == pytest.approx((0, 100, 0))
    assert "BASELINE" in whole.notes.split()
    # What was held before and lost since is no loss here; 303 is.
    assert (first.closing_km2, second.lost_km2) == pytest.approx((200, 100))


def test_a_baseline_before_the_archive_is_an_error_and_not_nothing_held(maps: Path) -> None:
    with pytest.raises(NoDataError, match="no map on or before 2022-02-24"):
        frontcalc.summary(archive=maps, baseline="2022-02-24")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"every": "decade"}, "no period is named"),
        ({"every": "month", "same_span": True}, "--same-span"),
        ({"step": "week"}, "add --gross"),
        ({"gross": True, "step": "year"}, "no step is named"),
        ({"gross": True, "sliver_width": -1.0}, "no width"),
        ({"since": "2024", "until": "2023"}, "2024 is after 2023"),
        ({"baseline": "yesterday"}, "no date"),
        ({"since": "2023-06", "until": "2024", "same_span": True}, "before it begins"),
    ],
)
def test_wrong_questions_are_refused(maps: Path, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        frontcalc.summary(archive=maps, **options)


@pytest.mark.parametrize("options", [{"since": "2030"}, {"until": "2010"}, {"since": "2023-02", "until": "2023-11"}])
def test_no_two_maps_are_no_figures(maps: Path, options: dict[str, str]) -> None:
    with pytest.raises(NoDataError):
        frontcalc.summary(archive=maps, **options)


def test_the_table_for_people(maps: Path) -> None:
    text = render(frontcalc.summary(archive=maps, gross=True), "table").decode()
    net, gross = text.split("Gross: ")
    assert "2024, to 10 Mar  total    100.0   0.0  +100.0  p    +1.43  200.0        –" in net
    assert "slivers: of it, parts of mean width (2 × area ÷ perimeter) below 100 m" in gross
    assert "2023             total       3   100.0      0.0  100.0      0.0     200.0" in gross


def test_many_notices_of_one_code_are_one_line(maps: Path) -> None:
    text = render(frontcalc.summary(every="month", archive=maps), "table", notes="all").decode()
    assert "note NO-NEW-MAP: 12 periods, 2023-02 to 2024-02: opening and closing are the same map" in text


def strip(column: int, row: int) -> Any:
    """Return a part of a square that is 10 km long and 10 m wide."""
    west, south, east, north = square(column, row).bounds
    return shapely.box(west, south, east, south + (north - south) / 1000)


@pytest.fixture
def by_region(archive: Write, region_file: Write) -> dict[str, Any]:
    """In January a square of North is taken and strips of East and West; in February only strips; in March nothing."""
    held = [(300, 40)]
    january = [(300, 40), (301, 40), strip(310, 40), strip(320, 40)]
    maps = {"2023-12-31": held, "2024-01-31": january, "2024-02-29": [*january, strip(312, 40), strip(322, 40)]}
    names = {"North": range(300, 303), "East": range(310, 313), "West": range(320, 323), "Far": range(330, 333)}
    regions = region_file({name: [(column, 40) for column in columns] for name, columns in names.items()})
    folder = archive({day: {None: shapes} for day, shapes in [*maps.items(), ("2024-03-31", maps["2024-02-29"])]})
    return {"archive": folder, "regions": regions, "snap": "none"}


def test_a_wide_summary_has_periods_down_and_regions_across(by_region: dict[str, Any]) -> None:
    table = frontcalc.summary(every="month", **by_region)
    title, _, head, *lines = render(table, "table", wide=True).decode().partition("\n\n")[0].splitlines()
    assert title.startswith("Net change: Held territory, km²")
    assert re.split(r"  +", head) == ["period", "North", "thin strips (2)", "total"]
    cells = [re.split(r"  +", line) for line in lines]
    assert cells == [
        ["2024-01", "+100.0", "+0.2", "+100.2"],
        ["2024-02", "0.0", "+0.2", "+0.2"],
        ["2024-03", "0.0", "0.0", "0.0"],
        ["all", "+100.0", "+0.4", "+100.4"],
    ]
    assert "| 2024-01 | +100.0 | +0.2 | +100.2 |" in render(table, "markdown", wide=True).decode()
    # CSV has all regions, and of each what is slivers.
    rows = list(csv.DictReader(io.StringIO(render(table, "csv", wide=True).decode())))
    (east,) = (row for row in rows if (row["period"], row["region"]) == ("2024-01", "East"))
    assert east["gained_km2"] == east["gained_sliver_km2"] == "0.100"


def test_regions_with_slivers_alone_are_one_row_of_tables(by_region: dict[str, Any]) -> None:
    text = render(frontcalc.diff("2024", **by_region), "table").decode().splitlines()
    rows = [re.split(r"  +", line) for line in text[4:7]]
    assert rows == [
        ["North", "100.0", "0.0", "+100.0", "p"],
        ["thin strips (2)", "0.4", "0.0", "+0.4", "p"],
        ["total", "100.4", "0.0", "+100.4", "p"],
    ]
    dropped = render(frontcalc.diff("2024", drop_slivers=True, **by_region), "table").decode()
    assert "thin strips" not in dropped
    monthly = render(frontcalc.summary(every="month", **by_region), "table").decode()
    assert monthly.count("thin strips (2)") == 2
    assert "thin strips: the regions in which only those changed, mostly lines drawn anew" in monthly


def test_a_workbook_begins_with_a_sheet_to_be_printed(by_region: dict[str, Any]) -> None:
    table = frontcalc.summary(every="month", **by_region)
    book = openpyxl.load_workbook(io.BytesIO(render(table, "xlsx")))
    assert book.sheetnames == ["Net by region", "Figures", "Method and sources", "Receipt"]
    sheet = book.worksheets[0]
    values = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2, max_row=6)]
    assert values[0] == ["period", "North", "thin strips (2)", "total"]
    assert values[1][0] == "2024-01"
    assert values[1][1:] == pytest.approx([100.0, 0.2, 100.2], abs=0.002)
    assert values[4][0] == "all"
    below = [cell.value for cell in sheet["A"][6:] if cell.value]
    assert below[0] == "View: control (these maps have no advances)"
    assert below[1].startswith("thin strips: the regions in which only those changed")
    assert "Before you publish (all: --notes all)" in below
    printed = [one for one in book if one.title != "Receipt"]
    for one in printed:
        assert one.page_setup.orientation == "landscape"
        # One page wide, which is the default, and as many high as it takes.
        assert (one.page_setup.fitToWidth, one.page_setup.fitToHeight) == (None, 0)
    assert [one.print_title_rows for one in printed] == ["$1:$2", "$1:$1", "$1:$1"]
    # Text that is wrapped has the height that it needs.
    method = book["Method and sources"]
    longest = max(method["C"], key=lambda cell: len(str(cell.value or "")))
    assert method.row_dimensions[longest.row].height >= 15 * (len(longest.value) // 90)
    assert frontcalc.diff("2024", **by_region).rows
    diff = openpyxl.load_workbook(io.BytesIO(render(frontcalc.diff("2024", **by_region), "xlsx")))
    assert diff.sheetnames == ["Figures", "Method and sources", "Receipt"]


def test_changed_rows_leave_the_total_whole(by_region: dict[str, Any]) -> None:
    whole = frontcalc.summary(every="month", **by_region)
    table = frontcalc.summary(every="month", changed_rows=True, **by_region)
    assert [(row.period, row.region) for row in table.rows] == [
        *(("2024-01", name) for name in ("East", "North", "West", "total")),
        *(("2024-02", name) for name in ("East", "West", "total")),
        ("2024-03", "total"),
    ]
    assert total(table) == total(whole)
    assert "2024-03" in render(table, "table", wide=True).decode()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--wide", "--format", "csv"], "--wide is for people"),
        (["--wide", "-o", "new"], "--wide: a folder holds CSV"),
        (["--changed-rows", "-o", "new", "--check"], "--changed-rows: a folder holds CSV"),
    ],
)
def test_what_is_for_people_is_not_for_machines(
    arguments: list[str],
    problem: str,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["summary", *arguments]) == 2
    assert problem in capfd.readouterr().err


def test_the_command_lays_a_summary_wide(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["summary", "--wide", "--every", "year", "--changed-rows"]) == 0
    assert capfd.readouterr().out.splitlines()[1].startswith("period ")
