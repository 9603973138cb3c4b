"""Publishers side by side: squares that one holds and the other not, and real maps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Run, columns_and_later

import frontcalc
from frontcalc.errors import NoDataError, UsageError
from frontcalc.outputs import WRITERS, render
from frontcalc.outputs.numbers import header
from frontcalc.tables import CompareRow, RangeRow

Write = Callable[..., Path]


@pytest.fixture
def first(archive: Write) -> Path:
    """Gains two squares in 2023 and ends with squares 0, 1 and 2."""
    return archive({"2022-12-31": {None: [(300, 40)]}, "2023-12-31": {None: [(300, 40), (301, 40), (302, 40)]}}, "one")


@pytest.fixture
def second(archive: Write) -> Path:
    """Gains three squares in about the same days and ends with squares 0, 2, 3 and 4."""
    return archive(
        {
            "2022-12-28": {None: [(300, 40)]},
            "2023-12-30": {None: [(300, 40), (302, 40), (303, 40), (304, 40)]},
        },
        "two",
    )


@pytest.fixture
def third(archive: Write) -> Path:
    """Begins in 2024."""
    return archive({"2024-01-01": {None: [(300, 40)]}, "2024-02-01": {None: [(300, 40), (304, 40)]}}, "three")


def totals(table: Any) -> dict[str, CompareRow]:
    return {row.archive: row for row in table.rows if row.region == "total"}


def about(*figures: float | None) -> tuple[Any, ...]:
    return tuple(None if figure is None else pytest.approx(figure, abs=1e-3) for figure in figures)


def test_each_archive_has_its_own_figures_and_all_have_the_range(first: Path, second: Path) -> None:
    rows = totals(frontcalc.compare(["2023"], archives=[first, second]))
    assert [*rows] == ["one", "two"]
    assert (rows["one"].net_km2, rows["two"].net_km2) == about(200, 300)
    assert (str(rows["one"].opening), str(rows["two"].closing)) == ("2022-12-31", "2023-12-30")
    for row in rows.values():
        assert (row.net_min_km2, row.net_max_km2) == about(200, 300)
        assert (row.gained_min_km2, row.gained_max_km2, row.lost_min_km2, row.lost_max_km2) == about(200, 300, 0, 0)


def test_figures_are_those_that_diff_has_for_each(first: Path, second: Path) -> None:
    together = frontcalc.compare(["2023", "2022-12-31..2023-12-31"], archives=[first, second])
    for archive in (first, second):
        alone = frontcalc.diff(["2023", "2022-12-31..2023-12-31"], archive=archive)
        mine = [row for row in together.rows if row.archive == archive.name]
        for row, own in zip(mine, alone.rows, strict=True):
            same = [name for name in alone.columns if name != "notes"]
            assert [getattr(row, name) for name in same] == [getattr(own, name) for name in same]
            assert set(own.notes.split()) | {"DAYS-DIFFER"} == set(row.notes.split())


def test_ground_that_one_holds_and_the_other_not(first: Path, second: Path) -> None:
    rows = totals(frontcalc.compare(["2023"], archives=[first, second]))
    assert (rows["one"].closing_only_km2, rows["one"].closing_lacking_km2) == about(100, 200)
    assert (rows["two"].closing_only_km2, rows["two"].closing_lacking_km2) == about(200, 100)


def test_of_three_alone_is_on_none_of_the_others_and_lacking_on_any(first: Path, second: Path, third: Path) -> None:
    rows = totals(frontcalc.compare(["2023-01..2024-02-10"], archives=[first, second, third]))
    assert rows["three"].closing_only_km2 == pytest.approx(0, abs=1e-6)
    assert rows["three"].closing_lacking_km2 == pytest.approx(300, abs=1e-3)
    assert (rows["two"].closing_only_km2, rows["two"].closing_lacking_km2) == about(100, 100)
    # It covers a month of the thirteen, which is no range with the others.
    assert rows["three"].net_min_km2 is None


def test_an_archive_without_maps_is_blank_and_the_others_go_on(first: Path, second: Path, third: Path) -> None:
    table = frontcalc.compare(["2023"], archives=[first, second, third])
    rows = totals(table)
    assert (rows["three"].net_km2, rows["three"].closing_only_km2) == (None, None)
    assert rows["three"].net_max_km2 == pytest.approx(300, abs=1e-3)
    assert any(str(notice).startswith("NO-MAP: 2023: three: ") for notice in table.meta.notices)
    with pytest.raises(NoDataError, match="fewer than two archives"):
        frontcalc.compare(["2023"], archives=[first, third])


def test_days_of_the_maps_are_said_where_they_differ(first: Path, second: Path) -> None:
    said = [str(notice) for notice in frontcalc.compare(["2023"], archives=[first, second]).meta.notices]
    days = "one 2022-12-31 and 2023-12-31; two 2022-12-28 and 2023-12-30"
    assert f"DAYS-DIFFER: 2023: opening and closing maps are of {days}" in said


def test_each_archive_keeps_its_own_maps_and_notices(first: Path, second: Path) -> None:
    meta = frontcalc.compare(["2023"], archives=[first, second]).meta
    assert [own.archive for own in meta.archives] == ["one", "two"]
    assert [[file.name for file in own.files] for own in meta.archives] == [
        ["2022-12-31.geojson", "2023-12-31.geojson"],
        ["2022-12-28.geojson", "2023-12-30.geojson"],
    ]
    assert [str(own.periods[0].closing) for own in meta.archives] == ["2023-12-31", "2023-12-30"]


def test_regions_are_one_set_for_all(first: Path, second: Path, region_file: Write) -> None:
    regions = region_file({"a": [(301, 40)], "b": [(303, 40), (304, 40)]})
    table = frontcalc.compare(["2023"], archives=[first, second], regions=regions, snap="none")
    only = {(row.region, row.archive): row.closing_only_km2 for row in table.rows}
    assert [*only][:4] == [("a", "one"), ("a", "two"), ("b", "one"), ("b", "two")]
    assert (only["a", "one"], only["a", "two"], only["b", "one"], only["b", "two"]) == about(100, 0, 0, 200)
    shown = render(table, "table").decode()
    assert "furthest apart on net: b, 0.0 to +200.0" in shown
    assert "most ground held by one alone: b, 200.0 on two" in shown


@pytest.mark.parametrize("form", [form for form, (_, _, holds) in WRITERS.items() if holds == "text"])
def test_every_form_names_both_archives(form: str, first: Path, second: Path) -> None:
    result = frontcalc.compare(["2023"], archives=[first, second])
    text = render(result, form, notes="all").decode()
    assert "one" in text
    assert "two" in text
    assert "DAYS-DIFFER" in text


def test_binary_forms_are_written(first: Path, second: Path) -> None:
    table = frontcalc.compare(["2023"], archives=[first, second])
    assert all(len(render(table, form)) > 1000 for form in ("xlsx", "parquet"))


def test_a_sentence_is_of_one_publisher(first: Path, second: Path, run_here: Run) -> None:
    done = run_here("compare", "2023", "--archive", first, "--archive", second, "--format", "sentence")
    assert (done.returncode, done.stdout) == (2, "")


def test_archives_of_one_name_are_called_as_they_were_given(archive: Write, tmp_path: Path, second: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    paths = [second.rename(tmp_path / "a" / "maps")]
    other = archive({"2022-12-31": {None: []}, "2023-12-31": {None: [(1, 1)]}}, "other")
    paths.append(other.rename(tmp_path / "b" / "maps"))
    assert [*totals(frontcalc.compare(["2023"], archives=paths))] == [str(path) for path in paths]


@pytest.mark.parametrize("times", [1, 2])
def test_two_different_archives_are_wanted(times: int, first: Path) -> None:
    with pytest.raises(UsageError, match=r"two archives at least|given twice"):
        frontcalc.compare(["2023"], archives=[first] * times)


def test_archives_of_different_actors_are_not_laid_side_by_side(first: Path, archive: Write) -> None:
    maps = {day: {"kursk_ukrainian_advance": [(300, 40)]} for day in ("2022-12-31", "2023-12-31")}
    other = archive(maps, "kursk")
    with pytest.raises(UsageError, match="say whose territory with --actor"):
        frontcalc.compare(["2023"], archives=[first, other])


def test_columns_begin_with_those_of_a_range() -> None:
    first, later = columns_and_later(RangeRow)
    assert list(header(CompareRow)) == [*first, "closing_only_km2", "closing_lacking_km2", *later]


@pytest.fixture
def monthly(archive: Write) -> list[str]:
    """One gains a square a month from January, the other two, from February: both have March and April."""
    ends = ["2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]
    one = {day: {None: [(300 + step, 40) for step in range(place + 1)]} for place, day in enumerate(ends)}
    two = {day: {None: [(300 + step, 40) for step in range(2 * place + 1)]} for place, day in enumerate(ends[2:])}
    return [f"ISW={archive(one, 'one')}", f"Deep State={archive(two, 'two')}"]


def test_every_month_is_a_line_in_one_table(monthly: list[str], run_here: Run) -> None:
    table = frontcalc.compare(archives=monthly, every="month", since="2024")
    assert [(row.period, row.archive, round(row.net_km2 or 0)) for row in table.rows if row.level == "total"] == [
        ("2024-03", "ISW", 100),
        ("2024-03", "Deep State", 200),
        ("2024-04", "ISW", 100),
        ("2024-04", "Deep State", 200),
    ]
    assert table.meta.every == "month"
    where = [word for archive in monthly for word in ("--archive", archive)]
    text = run_here("compare", "--every", "month", "--since", "2024", *where).stdout
    assert [line.split() for line in text.splitlines() if line.startswith("2024-0")] == [
        ["2024-03", "total", "+100.0", "+200.0", "100.0"],
        ["2024-04", "total", "+100.0", "+200.0", "100.0"],
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give periods, or --every"),
        (["2024", "--every", "month"], "leave out the periods"),
        (["2024", "--since", "2024"], "add --every month"),
    ],
)
def test_periods_or_a_calendar(arguments: list[str], said: str, monthly: list[str], run_here: Run) -> None:
    where = [word for archive in monthly for word in ("--archive", archive)]
    done = run_here("compare", *arguments, *where)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_folder_with_an_equals_sign_is_no_name(archive: Write, second: Path) -> None:
    folder = archive({"2022-12-31": {None: [(300, 40)]}, "2023-12-31": {None: [(301, 40)]}}, "a=b")
    assert [*totals(frontcalc.compare(["2023"], archives=[str(folder), second]))] == ["a=b", "two"]


def test_an_archive_that_leaves_out_what_others_hold_is_named_first(archive: Write) -> None:
    """6,000 km² that one holds at both ends and the other at neither: a definition, and no delay."""
    old = [(column, row) for column in range(10) for row in range(6)]
    all_of_it = archive({"2022-12-31": {None: old}, "2023-12-31": {None: [*old, (20, 40)]}}, "all")
    new_alone = archive({"2022-12-31": {None: [(30, 40)]}, "2023-12-31": {None: [(30, 40), (20, 40)]}}, "new")
    table = frontcalc.compare(["2023"], archives=[all_of_it, new_alone])
    first, *_ = table.meta.notices
    said = "new leaves out 6,000 km² that the others hold at both ends: shares are not compared"
    assert str(first) == f"LEAVES-OUT: 2023: {said}"
    assert ["LEAVES-OUT" in row.notes.split() for row in table.rows if row.level == "total"] == [False, True]
    text = render(table, "table").decode()
    assert said in text


@pytest.mark.shared
def test_isw_and_deepstate_in_the_last_quarter_of_2024(shared: Path) -> None:
    """Each archive's figures are those of diff, and what they do not share adds up to both maps."""
    archives = [shared / "archives" / name for name in ("isw-weekly", "deepstate-daily")]
    rows = totals(frontcalc.compare(["2024-Q4"], archives=archives))
    isw, deepstate = rows["isw-weekly"], rows["deepstate-daily"]
    assert (isw.net_km2, deepstate.net_km2) == (pytest.approx(1740.0, abs=0.05), pytest.approx(1625.6, abs=0.05))
    alone, lacking = isw.closing_only_km2 or 0.0, isw.closing_lacking_km2 or 0.0
    assert np.isclose((isw.closing_km2 or 0) - alone, (deepstate.closing_km2 or 0) - lacking, atol=1e-3)
