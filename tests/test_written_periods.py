"""Periods as people write them: each form, what is asked back, words without quotes, and what counts from today."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st

import frontcalc
from frontcalc import periods
from frontcalc.errors import UsageError
from frontcalc.periods import Period, is_period, parse_bound, parse_period, parse_periods, period_label, readings

WRITTEN = [
    # The grammar's own forms.
    ("2024", "2024"),
    ("2024-q3", "2024-Q3"),
    ("2024-w36", "2024-W36"),
    ("2024-09", "2024-09"),
    ("2024-09-01", "2024-09-01"),
    ("2024-09-01..2024-11-03", "2024-09-01..2024-11-03"),
    ("2024 ..", "2024.."),
    # Half-years.
    ("2024-h2", "2024-H2"),
    ("2024H2", "2024-H2"),
    ("H2 2024", "2024-H2"),
    ("h1/2024", "2024-H1"),
    ("second half of 2024", "2024-H2"),
    ("First half 2024", "2024-H1"),
    # Quarters and weeks.
    ("2024 Q3", "2024-Q3"),
    ("2024Q3", "2024-Q3"),
    ("2024/Q3", "2024-Q3"),
    ("Q3 2024", "2024-Q3"),
    ("q3/2024", "2024-Q3"),
    ("2024W36", "2024-W36"),
    ("W36 2024", "2024-W36"),
    # Months.
    ("Sep 2024", "2024-09"),
    ("sep2024", "2024-09"),
    ("Sept. 2024", "2024-09"),
    ("SEPTEMBER, 2024", "2024-09"),
    ("September 2024", "2024-09"),
    ("Sep-2024", "2024-09"),
    ("2024 Sep", "2024-09"),
    ("2024/09", "2024-09"),
    ("2024/9", "2024-09"),
    ("2024-9", "2024-09"),
    ("2024.09", "2024-09"),
    ("09/2024", "2024-09"),
    ("09.2024", "2024-09"),
    # Days.
    ("1 Sep 2024", "2024-09-01"),
    ("1. September 2024", "2024-09-01"),
    ("1st of September 2024", "2024-09-01"),
    ("Sep 1, 2024", "2024-09-01"),
    ("September 1st, 2024", "2024-09-01"),
    ("2024-Sep-01", "2024-09-01"),
    ("01.09.2024", "2024-09-01"),
    ("1.9.2024", "2024-09-01"),
    ("01. 09. 2024", "2024-09-01"),
    ("03.04.2024", "2024-04-03"),  # with points the day comes first
    ("13/04/2024", "2024-04-13"),
    ("04/13/2024", "2024-04-13"),
    ("04/04/2024", "2024-04-04"),
    ("2024/09/01", "2024-09-01"),
    ("2024-9-1", "2024-09-01"),
    ("20240901", "2024-09-01"),
    ("1 Sep 1939", "1939-09-01"),
    ("\u0661 Sep 2024", "2024-09-01"),
    ("2024\u201109\u201101", "2024-09-01"),  # with hyphens that do not break
    # Ranges.
    ("1 Sep 2024..3 Nov 2024", "2024-09-01..2024-11-03"),
    ("2024-09-01...2024-11-03", "2024-09-01..2024-11-03"),
    ("2024\u20262025", "2024..2025"),
    ("2024...", "2024.."),
    ("\u20262023", "..2023"),
    ("01.09.2024-03.11.2024", "2024-09-01..2024-11-03"),
    ("01.09.2024 \u2013 03.11.2024", "2024-09-01..2024-11-03"),
    ("01.09.2024\u201403.11.2024", "2024-09-01..2024-11-03"),
    ("2024-09-01 - 2024-11-03", "2024-09-01..2024-11-03"),
    ("2024-09-01-2024-11-03", "2024-09-01..2024-11-03"),
    ("2023-2024", "2023..2024"),
    ("1 September 2024 to 3 November 2024", "2024-09-01..2024-11-03"),
    ("Sep 2024 until Nov 2024", "2024-09..2024-11"),
    ("Q1 2024 through 3 Nov 2024", "2024-Q1..2024-11-03"),
    # An end without its year has that of the other.
    ("1 Sep - 3 Nov 2024", "2024-09-01..2024-11-03"),
    ("Sep 1 to Nov 3, 2024", "2024-09-01..2024-11-03"),
    ("1-15 September 2024", "2024-09-01..2024-09-15"),
    ("01.09.-03.11.2024", "2024-09-01..2024-11-03"),
    ("Sep-Nov 2024", "2024-09..2024-11"),
    ("Q1-Q3 2024", "2024-Q1..2024-Q3"),
    ("H1-H2 2024", "2024-H1..2024-H2"),
    ("second half of 2023 to first half of 2024", "2023-H2..2024-H1"),
    # Of two readings one that runs backwards is none.
    ("15/09/2024 - 03/10/2024", "2024-09-15..2024-10-03"),
]


@pytest.mark.parametrize(("text", "label"), WRITTEN)
def test_each_form_is_the_period_of_its_label(text: str, label: str) -> None:
    assert label in readings(text)
    assert is_period(label)
    assert parse_period(f" {text}\u00a0") == parse_period(text) == parse_period(label)
    assert parse_period(text).label == label
    assert parse_periods([text, label]) == [parse_period(label)]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("03/04/2024", "2024-03-04 or 2024-04-03"),
        ("03-04-2024", "2024-03-04 or 2024-04-03"),
        ("12/05/2100", "2100-05-12 or 2100-12-05"),
        ("05122024", "2024-05-12 or 2024-12-05"),
        ("01.09.24", "2001-09-24 or 2024-09-01"),
        ("03/04/2024 - 2025", "2024-03-04..2025 or 2024-04-03..2025"),
    ],
)
def test_what_two_readings_fit_is_asked_back(text: str, asked: str) -> None:
    assert len(readings(text)) >= 2
    with pytest.raises(UsageError) as caught:
        parse_period(text)
    assert caught.value.problem == "can be read in two ways"
    assert caught.value.where == f"period {text!r}"
    assert caught.value.cure == f"did you mean {asked}?"


@pytest.mark.parametrize("day", [*range(1, 31), 364, 365])
def test_two_readings_are_asked_back_whatever_day_it_is(day: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontcalc.dates, "tomorrow", lambda: date(2024, 12, 31) - datetime.timedelta(days=day))
    with pytest.raises(UsageError, match="did you mean 2024-05-12 or 2024-12-05"):
        parse_period("05/12/2024")


@pytest.mark.parametrize(
    "text",
    [
        *("Sep", "Sep 24", "1 Sep", "Q3", "2024 09", "2024 - 09", "9 2024", "202409", "2024110306", "1722873600", "."),
        *("2024-Q5", "2024-W6", "1 Sep 20245", "September 1-15, 2024", "26-27", "last", "last days", "to"),
        *("2024 to", "to 2024", "2024 -", "2024..2025..2026", "2024 - 2025 - 2026", "2024-Sep-01-Nov-03"),
        *("last month..2024", "2024-09-01T12:00", "AO", "2024" * 40, "2024-" * 40, "." * 1000, "-" * 100_000),
    ],
)
def test_what_is_no_period(text: str) -> None:
    assert not readings(text)
    with pytest.raises(UsageError, match=r"is no period|names neither end"):
        parse_period(text)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31 Sep 2024", "2024-09-31"),
        ("30.02.2024", "2024-02-30"),
        ("13/2024", "2024-13"),
        ("2023-24", "2023-24"),
        ("2023 W53", "2023-W53"),
    ],
)
def test_days_that_no_calendar_has_are_named(text: str, day: str) -> None:
    with pytest.raises(UsageError, match=f"period '{text}': has no such days: {day} does not exist"):
        parse_period(text)


def test_a_range_that_runs_backwards_in_its_only_year() -> None:
    with pytest.raises(UsageError, match="runs backwards"):
        parse_period("1 Nov - 3 Feb 2024")


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        ("2023 2024", ["2023", "2024"]),
        ("2024-q1 to 2024-w36", ["2024-Q1..2024-W36"]),
        ("2024-09 2024-10", ["2024-09", "2024-10"]),
        ("2023.. 2024", ["2023..", "2024"]),
        ("Sep 2024", ["2024-09"]),
        ("Q3 2024", ["2024-Q3"]),
        ("2024 Q3", ["2024-Q3"]),
        ("first half of 2024 second half of 2024", ["2024-H1", "2024-H2"]),
        ("Sep 2023 Sep 2024", ["2023-09", "2024-09"]),
        ("2024 Q1 2024 Q2", ["2024-Q1", "2024-Q2"]),
        ("2023 2024 Q1", ["2023", "2024-Q1"]),
        ("1 Sep 2024 to 3 Nov 2024", ["2024-09-01..2024-11-03"]),
        ("Sep 1 2024 .. Nov 3 2024", ["2024-09-01..2024-11-03"]),
        ("2024-09-01 - 2024-11-03", ["2024-09-01..2024-11-03"]),
        ("2022 - 2023 2024", ["2022..2023", "2024"]),
        ("2023 .. 2024", ["2023..2024"]),
        ("Sep - Nov 2024 2023", ["2024-09..2024-11", "2023"]),
        ("Sep 2024..", ["2024-09.."]),
        ("last month 2024", ["2026-10", "2024"]),
        ("2024 last 30 days ytd", ["2024", "2026-10-30..2026-11-29", "2026..2026-11-29"]),
    ],
)
def test_words_that_belong_together_are_joined(words: str, labels: list[str], today: None) -> None:
    assert [period.label for period in parse_periods(words.split())] == labels


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        ("2023 Sep 2024", "'2023' 'Sep 2024'", "'2023 Sep' '2024'"),
        ("2024 Q1 2025", "'2024' 'Q1 2025'", "'2024 Q1' '2025'"),
        ("2023 Sep 2024 Sep 2025", "'2023' 'Sep 2024' 'Sep 2025'", "'2023 Sep' '2024' 'Sep 2025'"),
    ],
)
def test_words_that_are_two_lists_are_asked_back(words: str, first: str, second: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_periods(words.split())
    assert (caught.value.where, caught.value.problem) == (words, "can be read in two ways")
    assert caught.value.cure == f"did you mean {first} or {second}? Put each period in quotes"


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["Sep", "2023", "foo"], "period 'foo': is no period"),
        (["2023", "foo", "bar"], "period 'foo bar': is no period"),
        (["yesterday"], "period 'yesterday': is no period"),
        (["2024", ".."], r"period '\.\.': names neither end of a range"),
        (["31", "Feb", "2024"], "period '31 Feb 2024': has no such days"),
        ([""], "period '': is no period"),
        (["2023", "", "2024"], "period '': is no period"),
        (["1", "Sep", "2024", "3", "Nov", "2024"], r"two single days.*did you mean 2024-09-01\.\.2024-11-03\?"),
        (["Sep", "2024"] * 1000, "period 'Sep': is no period"),
    ],
)
def test_words_that_name_no_periods(words: list[str], wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        parse_periods(words)


class Today(datetime.datetime):
    """A clock that stands."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Today:
        assert tz is datetime.UTC
        return cls(2026, 11, 29, 23, 30, tzinfo=tz)


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be 29 November 2026."""
    monkeypatch.setattr(periods, "datetime", Today)


FROM_TODAY = [
    ("last week", "2026-W47", "2026-11-15", "2026-11-22"),
    ("last month", "2026-10", "2026-09-30", "2026-10-31"),
    ("Last  Quarter", "2026-Q3", "2026-06-30", "2026-09-30"),
    ("last year", "2025", "2024-12-31", "2025-12-31"),
    ("last 30 days", "2026-10-30..2026-11-29", "2026-10-30", "2026-11-29"),
    ("last 1 days", "2026-11-28..2026-11-29", "2026-11-28", "2026-11-29"),
    ("YTD", "2026..2026-11-29", "2025-12-31", "2026-11-29"),
]


@pytest.mark.parametrize(("text", "label", "opens_on", "closes_on"), FROM_TODAY)
def test_what_counts_from_today_is_named_by_its_days(
    text: str, label: str, opens_on: str, closes_on: str, today: None
) -> None:
    assert parse_period(text) == Period(label, date.fromisoformat(opens_on), date.fromisoformat(closes_on))
    assert parse_period(label) == parse_period(text)
    for spelling in (text, f" {text.upper()}\u00a0", text.replace("a", "\uff41")):
        with pytest.raises(UsageError, match=f"counts from today.* write the days, as today in {label}"):
            period_label(spelling, relative=False)


def test_what_counts_from_today_is_refused_where_days_must_stay(today: None) -> None:
    assert period_label("Sep 2024", relative=False) == "2024-09"
    with pytest.raises(UsageError) as caught:
        period_label("last month ", relative=False)
    assert (caught.value.where, caught.value.cure) == ("period 'last month'", "write the days, as today in 2026-10")
    assert caught.value.problem == "counts from today, so that it would mean other days tomorrow"


def test_no_days_are_no_period(today: None) -> None:
    with pytest.raises(UsageError, match="holds no time"):
        parse_period("last 0 days")


DAYS = st.dates(min_value=date(1900, 1, 2), max_value=date(2100, 12, 30))
FORMS = ("%Y-%m-%d", "%d.%m.%Y", "%d %b %Y", "%B %d, %Y", "%Y/%m/%d", "%Y%m%d", "%d %B %Y")
BETWEEN = ("..", "...", " .. ", " - ", " \u2013 ", "\u2014", " to ", " until ", "\u2026")


@given(first=DAYS, last=DAYS, form=st.sampled_from(FORMS), other=st.sampled_from(FORMS), sign=st.sampled_from(BETWEEN))
def test_any_two_days_in_any_form_are_their_range(first: date, last: date, form: str, other: str, sign: str) -> None:
    text = f"{first.strftime(form)}{sign}{last.strftime(other)}"
    if first < last:
        assert parse_period(text) == Period(f"{first}..{last}", first, last)
    else:
        with pytest.raises(UsageError, match="runs backwards"):
            parse_period(text)


@given(st.text(alphabet="0123456789QWSepNovto.-/, \u2013\u2026", max_size=30))
def test_any_text_has_one_label_or_an_error(text: str) -> None:
    try:
        period = parse_period(text)
    except UsageError:
        return
    assert parse_period(period.label) == period
    assert parse_periods([text]) == [period]


WORDS = ["2023", "2024", "Sep", "Q3", "1", "3", "-", "to", "..", "2024..", "ytd", "Nov,", "2024/09", "last", "month"]


@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_any_words_are_periods_or_an_error(words: list[str]) -> None:
    try:
        found = parse_periods(words)
    except UsageError:
        return
    assert parse_periods([period.label for period in found]) == found


def test_a_bound_is_an_end_of_what_is_named(today: None) -> None:
    assert (parse_bound("Sep 2024", last=False), parse_bound("Sep 2024", last=True)) == (
        date(2024, 9, 1),
        date(2024, 9, 30),
    )
    assert parse_bound("1 Sep to 3 Nov 2024", last=False) == date(2024, 9, 1)
    assert parse_bound("1 Sep to 3 Nov 2024", last=True) == date(2024, 11, 3)
    assert parse_bound("last year", last=True) == date(2025, 12, 31)
    assert parse_bound("0001", last=False) == date.min
    with pytest.raises(UsageError, match="is no period"):
        parse_bound("2024..", last=True)


# The commands.


@pytest.fixture
def maps(archive: Callable[..., Path]) -> Path:
    """Maps of five days, each with more squares (100 km² each) than the one before."""
    counts = {"2024-01-01": 1, "2024-01-31": 2, "2024-02-29": 3, "2024-03-31": 5, "2024-04-15": 6}
    squares = [(300 + n, 40) for n in range(6)]
    return archive({day: {None: squares[:count]} for day, count in counts.items()})


@pytest.fixture
def csv_of(maps: Path, run_here: Run) -> Callable[..., list[dict[str, str]]]:
    """Return a function that runs a command on the maps and returns the rows of its CSV."""

    def rows(*words: str) -> list[dict[str, str]]:
        done = run_here(*words, "--archive", maps, "--by", "none", "--format", "csv", "-q")
        assert done.returncode == 0, done.stderr
        return list(csv.DictReader(io.StringIO(done.stdout)))

    return rows


Rows = Callable[..., list[dict[str, str]]]


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("diff Feb 2024", "diff 2024-02"),
        ("diff Q1 2024 Feb 2024", "diff 2024-Q1 2024-02"),
        ("diff 1 Jan to 31 Mar 2024", "diff 2024-01-01..2024-03-31"),
        ("flows 01.01.2024 - 31.03.2024", "flows 2024-01-01..2024-03-31"),
        ("sensitivity Feb 2024", "sensitivity 2024-02"),
        ("series Feb 2024", "series --since 2024-02 --until 2024-02"),
        ("series 2024-02-29..2024-03", "series --since 2024-02-29 --until 2024-03"),
        ("series 2024-03..", "series --since 2024-03"),
        ("series ..2024-03", "series --until 2024-03"),
        ("summary Q1 2024 --every month", "summary --every month --since 2024-01 --until 2024-03"),
        ("summary --every month --since Feb\u00a02024", "summary --every month --since 2024-02"),
    ],
)
def test_rows_are_the_same_however_the_period_was_written(typed: str, plain: str, csv_of: Rows) -> None:
    assert csv_of(*typed.split(" ")) == csv_of(*plain.split())


def test_places_and_pictures_take_words_too(maps: Path, run_here: Run, tmp_path: Path) -> None:
    (tmp_path / "towns.csv").write_text("name,lon,lat\nA,0,0\n")
    asked = ("--archive", maps, "--by", "none", "-q")
    done = run_here("places", "Feb", "2024", "--places", tmp_path / "towns.csv", *asked)
    assert "lon" in done.stderr  # the towns are elsewhere, so the period was read
    for words in ("plot series Feb 2024", "plot summary Q1 2024", "plot regions Q1 2024"):
        done = run_here(*words.split(), *asked, "-o", tmp_path / "chart.svg")
        assert done.returncode == 0, done.stderr
    assert "2024" in (tmp_path / "chart.svg").read_text()


@pytest.mark.parametrize(
    "period", ["2024-01-31..2024-04-15", "2024-01-20 - 2024-03", "Feb 2024", "2024-Q1..", "..2024-03"]
)
def test_a_summary_of_a_period_adds_up_to_it(period: str, csv_of: Rows) -> None:
    rows = csv_of("summary", period, "--every", "month")
    (whole,) = csv_of("diff", period)
    assert sum(float(row["net_km2"] or 0) for row in rows) == pytest.approx(float(whole["net_km2"]))
    assert (rows[0]["opening"], rows[-1]["closing"]) == (whole["opening"], whole["closing"])


def test_the_day_that_begins_a_range_stands_for_its_own_map(csv_of: Rows) -> None:
    assert csv_of("series", "31 Jan 2024", "-", "31 Mar 2024")[0]["date"] == "2024-01-31"
    first = csv_of("summary", "31 Jan 2024", "-", "31 Mar 2024", "--every", "month")[0]
    assert (first["period"], first["opening"]) == ("2024-02", "2024-01-31")


def test_files_named_like_written_periods_are_two_maps(maps: Path, run_here: Run) -> None:
    for day, name in (("2024-01-31", "03-04-2024"), ("2024-03-31", "01-02-2024")):
        (maps / f"{day}.geojson").rename(maps / name)
    done = run_here("diff", maps / "03-04-2024", maps / "01-02-2024", "--by", "none", "--format", "sentence")
    assert (done.returncode, "between the two maps" in done.stdout) == (0, True), done.stderr


def test_an_open_range_is_no_bound(maps: Path, run_here: Run) -> None:
    done = run_here("series", "--since", "..2024", "--archive", maps)
    assert (done.returncode, "is no period" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", ["series", "summary", "plot series", "plot summary"])
def test_a_period_beside_since_or_until_is_a_usage_error(command: str, maps: Path, run_here: Run) -> None:
    for name in ("--since", "--until"):
        done = run_here(*command.split(), "2024", name, "2024", "--archive", maps, "-o", "chart.csv")
        assert done.returncode == 2
        assert "leave out --since and --until" in done.stderr
    for none in ([""], ["yesterday"]):
        done = run_here(*command.split(), *none, "--archive", maps, "-o", "chart.csv")
        assert (done.returncode, f"period {none[0]!r}: is no period" in done.stderr) == (2, True)
    done = run_here(*command.split(), "2023", "2024", "--archive", maps, "-o", "chart.csv")
    assert (done.returncode, "one PERIOD is taken: write 2023..2024 for the whole time" in done.stderr) == (2, True)


def test_files_are_files_and_periods_with_slashes_periods(
    maps: Path, run_here: Run, csv_of: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert csv_of("diff", "2024/02", "03/2024") == csv_of("diff", "2024-02", "2024-03")
    # A file is a file also where its name could be a period.
    monkeypatch.chdir(maps)
    Path("2024").mkdir()
    for name, day in (("01", "2024-01-31"), ("03", "2024-03-31")):
        Path(f"{day}.geojson").rename(f"2024/{name}")
    done = run_here("diff", "2024/01", "2024/03", "--by", "none", "--format", "csv")
    assert ",200.000,500.000,300.000,0.000,300.000," in done.stdout
    monkeypatch.chdir("2024")
    assert run_here("diff", "./01", "./03", "--by", "none", "--format", "csv").stdout == done.stdout
    assert "give periods, or exactly two files" in run_here("diff", "2024", "01/2024", "./01").stderr


@pytest.mark.parametrize(("words", "label"), [("last year", "2025"), ("--since ytd", r"2026\.\.2026-11-29")])
@pytest.mark.parametrize("check", [[], ["--check"]])
def test_a_folder_of_summaries_takes_nothing_that_counts_from_today(
    words: str, label: str, check: list[str], maps: Path, run_here: Run, tmp_path: Path, today: None
) -> None:
    done = run_here("summary", *words.split(), "--archive", maps, "-o", tmp_path / "tables", *check)
    assert done.returncode == 2
    assert re.search(f"counts from today.* write the days, as today in {label}", done.stderr)
    assert not (tmp_path / "tables").exists()


def test_a_folder_of_summaries_keeps_the_days_of_a_period(maps: Path, run_here: Run, tmp_path: Path) -> None:
    asked = ("--archive", maps, "--by", "none", "-o", tmp_path / "tables")
    assert run_here("summary", "Feb", "2024", *asked).returncode == 0
    assert "Feb" not in (tmp_path / "tables" / "datapackage.json").read_text()
    assert run_here("summary", "--since", "2024-02", "--until", "2024/02", *asked, "--check").returncode == 0


def test_outputs_name_what_counts_from_today_by_its_days(csv_of: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    class Then(Today):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Then:
            return cls(2024, 4, 10, tzinfo=tz)

    monkeypatch.setattr(periods, "datetime", Then)
    assert csv_of("diff", "last", "month", "last", "30", "days")[-1]["period"] == "2024-03-11..2024-04-10"
    assert csv_of("diff", "last", "month") == csv_of("diff", "2024-03")
    assert csv_of("summary", "ytd", "--every", "quarter") == csv_of("summary", "2024..2024-04-10", "--every", "quarter")
    assert frontcalc.series(since="last month", until="last month", by="none").rows
