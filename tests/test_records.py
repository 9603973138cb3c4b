"""Records of the last month that is over: what is said, and what it does not survive."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st

import frontcalc
from frontcalc import NoDataError, UsageError
from frontcalc.measure.records import FIRST, IN_A_ROW, LARGEST, NONE, _offender

Archive = Callable[..., Path]
ENDS = ("2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31", "2024-06-30")


def held(archive: Archive, counts: Sequence[int], *, days: Sequence[str] = ENDS, name: str = "maps") -> Path:
    """Return maps on which so many squares of 100 km² are held."""
    maps = {
        f"{day}.geojson": {"control_map": [(2 * place, 0) for place in range(count)]}
        for day, count in zip(days, counts, strict=False)
    }
    return archive(maps, name)


def drawn(maps: Sequence[Sequence[tuple[int, int]]]) -> dict[str, dict[str, Any]]:
    """Return maps of the ends of months on which squares are held, and one of Ukraine's that never changes."""
    others: dict[str, Sequence[Any]] = {"russian_advances": [None], "kursk_ukrainian_advance": [(330, 60)]}
    return {day: {"control_map": squares, **others} for day, squares in zip(ENDS, maps, strict=False)}


def said(path: Path, *, view: str = "control", **how: Any) -> dict[str, Any]:
    return {row.record: row for row in frontcalc.records(archive=path, view=view, **how).rows}


def test_the_largest_month_since_is_held_against_every_assumption(archive: Archive) -> None:
    """Months of 300, 100, 100, 100 and 200 km²: May is the largest since January."""
    rows = said(held(archive, [1, 4, 5, 6, 7, 9]))
    largest = rows[LARGEST]
    assert (largest.period, largest.since, largest.periods, round(largest.net_km2)) == ("2024-05", "2024-01", 4, 200)
    assert "per day" in largest.survives
    # May's close has no later map; nothing lies before January, but that is not among the four.
    assert "with both ends a map later" in largest.untried
    # With both ends a map earlier, May is April, which is no larger than March.
    assert "with both ends a map earlier (April 2024 has +100.0 km²)" in largest.fails
    assert largest.sentence.startswith(
        "May 2024 (+200 km²) is Russia's largest net gain in a month since January 2024, but not with both ends a day"
        " earlier, where April 2024 has +100.0 km², and not with both ends a map earlier, where April 2024 has"
        " +100.0 km². It holds"
    )
    row = rows[IN_A_ROW]
    assert (row.periods, row.since) == (5, "")
    assert "is the last of 5 months in a row of net gain for Russia" in row.sentence


def test_a_day_moves_a_record(archive: Archive) -> None:
    """What came on 30 April is of April; with both ends a day earlier it is of May, and April no more than March."""
    days = ["2023-11-30", "2023-12-30", "2023-12-31", "2024-01-30", "2024-01-31", "2024-02-28", "2024-02-29"]
    days += ["2024-03-30", "2024-03-31", "2024-04-29", "2024-04-30", "2024-05-31"]
    path = held(archive, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 9, 10], days=days)
    largest = said(path, since="2024", until="2024-04")[LARGEST]
    assert (largest.since, round(largest.net_km2)) == ("", 400)
    assert "with both ends a day earlier (March 2024 has +100.0 km²)" in largest.fails
    assert "since January 2024, the first measured" in largest.sentence


def test_a_first_loss_is_said_with_the_other_archive_that_shows_a_gain(archive: Archive) -> None:
    """Of May the one archive shows a loss of 100 km², the other a gain, as of March 2026 ISW and DeepState do."""
    one = held(archive, [1, 2, 3, 4, 5, 4], name="one")
    two = held(archive, [1, 2, 3, 4, 5, 6], name="two")
    first = said(one, others=[f"Two={two}"])[FIRST]
    assert (first.period, first.periods, round(first.net_km2)) == ("2024-05", 5, -100)
    assert "by Two (May 2024 has +100.0 km²)" in first.fails
    assert first.sentence.startswith("By one's maps May 2024 (−100 km²) is Russia's first month of net loss since")
    assert ", but not by Two, where May 2024 has +100.0 km²" in first.sentence.partition(". ")[0]
    same = held(archive, [1, 2, 3, 4, 5, 4], name="same")
    assert "by same" in said(one, others=[same])[FIRST].survives


def test_faults_of_the_maps_are_left_out(archive: Archive) -> None:
    """A front takes a square a month; in May a gap far behind it is closed too, which is no gain of the month's."""
    field = {(x, y) for x in range(300, 309) for y in range(40, 49)}
    taken = [[(310 + month, 40) for month in range(count)] for count in range(6)]
    redrawn = archive(drawn([[*field - {(304, 44)}, *own] for own in taken[:5]] + [[*field, *taken[5]]]))
    closed = said(redrawn)
    assert "without what the maps redrew (April 2024 has +100.0 km²)" in closed[LARGEST].fails
    assert "without what the maps redrew" in closed[IN_A_ROW].survives
    # As large a gain on the front is none of the maps' faults.
    won = archive(drawn([[*field, *own] for own in taken[:5]] + [[*field, *taken[5], (316, 40)]]), "won")
    assert "without what the maps redrew" in said(won)[LARGEST].survives
    both = said(redrawn, view="assessed", actor="all")
    assert "without what the maps redrew" in both[LARGEST].untried


def test_nothing_is_said_of_a_month_that_is_not_over(archive: Archive) -> None:
    path = held(archive, [1, 2, 3, 4, 5, 9], days=[*ENDS[:5], "2024-05-20"])
    assert {row.period for row in said(path).values()} == {"2024-04"}
    with pytest.raises(NoDataError, match="no year is over"):
        frontcalc.records(archive=path, every="year", view="control")


def test_a_loss_after_a_loss_is_neither_first_nor_largest(archive: Archive) -> None:
    row = said(held(archive, [9, 8, 7, 9, 8, 7]))
    assert set(row) == {NONE}
    assert row[NONE].sentence == "Nothing is remarkable in May 2024 (−100 km²) for Russia."


def test_a_period_is_held_against_all_maps_before_it(archive: Archive, run_here: Run) -> None:
    """Months of 300, 100, 100, 100, 200 and 100 km²: May is the largest since January, June is nothing."""
    path = held(archive, [1, 4, 5, 6, 7, 9, 10])
    command = ("summary", "--records", "--archive", f"ISW={path}", "--view", "control", "-q", "--format", "sentence")
    until = run_here(*command, "--until", "2024-05").stdout
    assert until.startswith("May 2024 (+200 km²) is Russia's largest net gain in a month since January 2024")
    for words in (["2024-05"], ["May", "2024"], ["2024-03..2024-05"], ["..2024-05"], ["2024-02-10..2024-06-20"]):
        assert run_here(*command, *words).stdout == until, words
    assert "largest" not in run_here(*command, "2024-06").stdout
    # Since April there is too little to say anything, which is said.
    nothing = run_here(*command, "2024-05", "--since", "2024-04")
    assert nothing.stdout.startswith("Nothing is remarkable in May 2024 (+200 km²) for Russia. View:")
    for words in (["2024-05", "--every", "year"], ["2024-07"], ["2024-05-02..2024-05-20"]):
        refused = run_here(*command, *words)
        assert (refused.returncode, "its maps are of 2023-12-31 to 2024-06-30" in refused.stderr) == (4, True), words
    assert run_here(*command, "2024-05", "--until", "2024-06").returncode == 2


def test_a_month_is_held_against_whole_months(archive: Archive) -> None:
    """Of May 100 km² came by the 15th: that half-month is no month, and neither is the half of January."""
    path = held(archive, [1, 4, 5, 6, 8, 9], days=[*ENDS[:5], "2024-05-15"])
    assert {row.period for row in said(path, until="2024-05-15").values()} == {"2024-04"}
    largest = said(path, since="2024-01-15")[IN_A_ROW]
    assert (largest.periods, largest.since) == (3, "")


def test_archives_have_the_names_given_and_say_from_when_their_maps_are(archive: Archive, run_here: Run) -> None:
    one = held(archive, [1, 4, 5, 6, 7, 9], name="one")
    two = held(archive, [9, 10], name="two", days=["2024-05-02", "2024-06-30"])
    words = ("--archive", f"A={one}", "--archive", f"B={two}", "--view", "control")
    shown = run_here("summary", "--records", *words, "-q").stdout
    assert shown.startswith("Records, km² · A and B")
    assert "By A's maps May 2024 (+200 km²) is Russia's largest" in shown
    assert "by B (its maps are of 2 May 2024 to 30 June 2024)" in shown
    rows = json.loads(run_here("summary", "--records", *words, "-q", "--format", "json").stdout)["rows"]
    assert {row["archive"] for row in rows} == {"A"}
    assert "by B" in rows[0]["untried"].split("; ")


def test_records_in_every_form(archive: Archive, run_here: Run, tmp_path: Path) -> None:
    path = held(archive, [1, 4, 5, 6, 7, 9])
    command = ("summary", "--records", "--every", "month", "--archive", path, "--view", "control", "-q")
    shown = run_here(*command)
    # The sentences stand right below the table, before what they rest on.
    table, below = shown.stdout.split("\n\n")
    assert table.splitlines()[-1].startswith("2024-05  in a row")
    first, second, maps, *_ = below.splitlines()
    assert first.startswith("May 2024 (+200 km²) is Russia's largest net gain in a month since January 2024, but")
    assert second.startswith("May 2024 is the last of 5 months in a row")
    assert maps.startswith("maps: 31 Dec 2023 → 31 May 2024")
    assert "EPSG" not in below
    rows = json.loads(run_here(*command, "--format", "json").stdout)["rows"]
    assert [row["record"] for row in rows] == [LARGEST, IN_A_ROW]
    assert run_here(*command, "--format", "sentence").stdout.startswith("May 2024 (+200 km²)")
    assert run_here(*command, "-o", tmp_path / "x.xlsx").returncode == 0
    assert run_here("again", tmp_path / "x.xlsx", "--archive", path, "-q").returncode == 0
    assert "record,periods,since" in run_here(*command, "--format", "csv").stdout


@pytest.mark.parametrize(
    "more", [("--gross",), ("--units", "mi2"), ("--check",), ("-o", "tree"), ("--every", "year,month")]
)
def test_what_is_no_matter_of_records_is_refused(more: tuple[str, ...], run_here: Run) -> None:
    assert run_here("summary", "--records", *more, "-q").returncode == 2


def test_several_archives_are_for_records_alone(archive: Archive, run_here: Run) -> None:
    path = held(archive, [1, 2])
    done = run_here("summary", "--archive", path, "--archive", path, "-q")
    assert done.returncode == 2
    with pytest.raises(UsageError):
        frontcalc.records(archive=path, drop_slivers=True)
    with pytest.raises(UsageError):
        frontcalc.records(others=[path])


@given(st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=6), st.sampled_from([LARGEST, IN_A_ROW, FIRST]))
def test_a_record_is_what_its_name_says(nets: list[float], record: str) -> None:
    last, *earlier = reversed(nets)
    sign = 1 if last > 0 else -1
    own = [sign * net for net in earlier]
    holds = {
        LARGEST: all(net < sign * last for net in own),
        IN_A_ROW: all(net > 0 for net in own),
        FIRST: all(net < 0 for net in own),
    }
    assert (_offender(record, sign, nets) == 0) == (bool(last) and holds[record])
    # Of gain and loss alike: the record of the mirrored nets is the mirrored record.
    assert _offender(record, -sign, [-net for net in nets]) == _offender(record, sign, nets)
    assert _offender(record, sign, [None, *nets]) is None
    assert _offender(record, sign, [None, None]) is None
