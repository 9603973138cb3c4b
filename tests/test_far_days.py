"""Days beyond what maps are of, stretches of thousands of years, and what is said of very many days."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from conftest import Run

import frontcalc
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.notices import Notice, grouped

Write = Callable[..., Path]

TWO = {"2000-01-01": {None: [(300, 40)]}, "2020-12-31": {None: [(300, 40), (301, 40)]}}


@pytest.mark.parametrize("offset", [-1, 0, 1])
@pytest.mark.parametrize("day", ["0001-01-01", "1799-12-31", "2101-01-01", "9999-12-31"])
def test_a_day_that_no_map_is_of_is_refused_where_an_archive_states_it(archive: Write, day: str, offset: int) -> None:
    """Else one map of the year 1 makes 740,000 days, and an offset moves it out of the calendar."""
    folder = archive({"a": {None: [(300, 40)]}, "2024-01-01": {None: [(300, 40)]}})
    (folder / "frontcalc.toml").write_text(f'as_of_offset_days = {offset}\n[dates]\n"a.geojson" = {day}\n')
    with pytest.raises(DataError, match=r"the date of 'a.geojson' is .*; write it as .* of 1800 to 2100"):
        frontcalc.list_archive(archive=folder)


@pytest.mark.parametrize("offset", [-31, 31])
def test_the_first_and_the_last_day_of_all_may_be_moved(archive: Write, offset: int) -> None:
    folder = archive({name: {None: [(300, 40)]} for name in ("1800-01-01", "2100-12-31")})
    (folder / "frontcalc.toml").write_text(f"as_of_offset_days = {offset}\n")
    rows = frontcalc.list_archive(archive=folder).rows
    assert [(row.date - date.fromisoformat(row.file[:10])).days for row in rows] == [offset, offset]


@pytest.mark.parametrize("every", ["day", "week"])
def test_a_table_of_too_many_days_is_refused_with_their_number(archive: Write, every: str) -> None:
    maps = archive({"1800-01-01": {None: [(300, 40)]}, "2000-12-31": {None: [(300, 40)]}})
    with pytest.raises(UsageError, match=r"1800-01-01 to 2000-12-31 is [\d,]+ times a .*, over 5,000; choose a longer"):
        frontcalc.series(archive=maps, every=every, by="none")
    with pytest.raises(UsageError, match="over 5,000"):
        frontcalc.series(archive=maps, every="day", since="2000", until="9999-12-31", by="none")
    with pytest.raises(UsageError, match="every week: from"):
        frontcalc.summary(archive=maps, every="week", by="none")
    assert len(frontcalc.series(archive=maps, every=every, since="2000-12", by="none").rows) < 32


def test_what_is_before_the_first_map_does_not_count(archive: Write) -> None:
    maps = archive(TWO)
    rows = frontcalc.series(archive=maps, every="week", since="0001", until="2000-01-10", by="none").rows
    assert [str(row.date) for row in rows] == ["2000-01-02", "2000-01-09", "2000-01-10"]
    with pytest.raises(NoDataError, match="has no map from 0001-01-01 to 0002-12-31"):
        frontcalc.series(archive=maps, every="day", since="0001", until="0002")
    with pytest.raises(
        NoDataError, match=r"no change can be measured in 2000, 2001, .* more: .*your maps run from 1 January 2000"
    ):
        frontcalc.summary(archive=maps, since="0001", until="9998", by="none")


def test_a_baseline_on_the_calendar_s_last_day(archive: Write) -> None:
    with pytest.raises(NoDataError, match="has no two maps in the time asked for"):
        frontcalc.summary(archive=archive(TWO), baseline="9999-12-31")


@pytest.mark.parametrize("day", ["0001-01-01", "0001", "9999", "9999-W52", "0001..9999", "9999-12", "0000-01-01"])
@pytest.mark.parametrize("command", ["diff", "held", "series --since", "summary --until", "summary --baseline"])
def test_days_at_the_calendar_s_ends_end_in_words(archive: Write, run_here: Run, command: str, day: str) -> None:
    done = run_here(*command.split(), day, "--archive", archive(TWO), "--by", "none")
    assert done.returncode in (0, 2, 4)
    assert done.returncode == 0 or len(done.stderr.splitlines()) == 1


def test_a_line_names_the_first_of_many_days() -> None:
    """A note of each day of a century was 400 kB long, on the terminal and in every file."""
    days = [f"2024-01-{day:02d}" for day in range(1, 32)]
    (line,) = grouped(Notice("NO-NEW-MAP", "the map is still that of 2024-01-01", day) for day in days)
    assert line == f"NO-NEW-MAP: {', '.join(days[:12])} and 19 more: the map is still that of 2024-01-01"


def test_no_message_is_endless(archive: Write, run_here: Run) -> None:
    assert len(Notice("SKIPPED", "x" * 10**7).message) == 1001
    error = DataError("y" * 10**7, where="a.geojson", cure="mend it")
    assert len(str(error)) < 1100
    assert str(error).startswith("a.geojson: yyy")
    assert str(error).endswith("…; mend it")
    # A map of one day in a thousand files.
    polygon = {"type": "Polygon", "coordinates": [[[30, 50], [31, 50], [31, 51], [30, 50]]]}
    folder = archive({})
    for number in range(1000):
        feature = {"type": "Feature", "properties": {"layer": f"layer {number}"}, "geometry": polygon}
        text = json.dumps({"type": "FeatureCollection", "features": [feature]})
        (folder / f"2024-01-01 {'n' * 100} {chr(97 + number % 26)}{number:04}.geojson").write_text(text)
    done = run_here("archive", "list", "--archive", folder)
    assert max(map(len, done.stderr.splitlines())) < 1200
