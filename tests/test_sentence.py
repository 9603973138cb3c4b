"""Sentences to paste: every rule of docs/sentences.md by a table made by hand."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import frontcalc
from frontcalc.errors import DataError, UsageError
from frontcalc.notices import Notice
from frontcalc.outputs import render
from frontcalc.outputs.numbers import KM2, MI2
from frontcalc.outputs.sentences import (
    about,
    at_least,
    in_period,
    period_heading,
    rounding_step,
    sentence,
    than,
    times_as_much,
)
from frontcalc.pictures.titles import finding
from frontcalc.tables import DiffRow, HeldRow, Meta, PeriodUsed, SeriesRow, Table

Write = Callable[..., Path]

META = Meta(
    version="1.2.3",
    archive="maps",
    actors=("Russia",),
    other_actors=(),
    view="assessed",
    counted=(),
    not_counted=(),
    crs="EPSG:6933",
    level="none",
    regions=None,
    files=(),
    publisher="ISW",
)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def change(
    period: str, gained: float | None, lost: float | None, *, maps: str = "2022-12-31 2023-12-31", **other: Any
) -> DiffRow:
    """Return the total of one period."""
    opening, closing = (day(text) for text in maps.split())
    days = (closing - opening).days
    net = None if gained is None or lost is None else gained - lost
    row = DiffRow(
        archive="maps",
        actor="Russia",
        period=period,
        level="total",
        region="total",
        opening=opening,
        closing=closing,
        days=days,
        view="assessed",
        opening_km2=None,
        closing_km2=None,
        gained_km2=gained,
        lost_km2=lost,
        net_km2=net,
        rate_km2_per_day=None if net is None else net / days,
        notes="",
        snapped_km2=None,
    )
    return replace(row, **other)


def area_held(date: str, km2: float | None, *, snapshot: str | None = None, notes: str = "") -> HeldRow:
    """Return the total of one date."""
    shown = day(snapshot or date) if km2 is not None else None
    return HeldRow("maps", "Russia", day(date), "total", "total", shown, "assessed", km2, notes, None)


def text_of(*rows: DiffRow | HeldRow, meta: Meta = META, **how: Any) -> str:
    return sentence(Table(type(rows[0]), rows, meta), **how)


def claim_of(*rows: DiffRow | HeldRow, **how: Any) -> str:
    """Return the text before maps, view and source."""
    return re.split(r" Compared: | Maps? of ", text_of(*rows, **how))[0]


Y2024 = "2023-12-31 2024-12-31"
SUBJECT = "The area assessed as held or advanced into by Russia"


def test_one_period_whole() -> None:
    assert text_of(change("2023", 690.3, 225.3)) == (
        "The area assessed as held or advanced into by Russia grew by about 465 km² in 2023 (about 690 km² gained, "
        "about 225 km² lost), per ISW's map. Compared: maps of 31 December 2022 and 31 December 2023, 365 days apart. "
        "View: assessed (control + advances). Source: ISW, maps; areas calculated with frontcalc 1.2.3.\n"
    )


@pytest.mark.parametrize(
    ("gained", "lost", "said"),
    [
        (2751.16, 51.2, "grew by about 2,700 km² in 2023, per"),
        (100.0, 5.0, "grew by about 95 km² in 2023 (about 100 km² gained, about 5 km² lost), per"),
        (100.0, 4.9, "grew by about 95 km² in 2023, per"),
        (3.8, 40.4, "lost about 37 km² more than it gained in 2023 (about 4 km² gained, about 40 km² lost), per"),
        (0.0, 40.4, "lost about 40 km² more than it gained in 2023, per"),
        (0.0, 0.0, "did not change measurably in 2023, per"),
        (
            100.0,
            100.0,
            "did not change measurably in 2023 (about 100 km² gained, about 100 km² lost), per",
        ),
        (1424.4, 875.5, "grew by about 549 km² in 2023 (about 1,424 km² gained, about 876 km² lost), per"),
    ],
)
def test_net_against_gross(gained: float, lost: float, said: str) -> None:
    assert claim_of(change("2023", gained, lost)).startswith(f"{SUBJECT} {said} ISW's map.")


def test_two_periods_are_compared() -> None:
    assert claim_of(change("2023", 690.3, 225.3), change("2024", 2700.0, 0.04, maps=Y2024)) == (
        f"{SUBJECT} grew by about 2,700 km² in 2024, per ISW's map: nearly six times as much as in 2023, when it grew "
        "by about 465 km² (about 690 km² gained, about 225 km² lost)."
    )


def test_periods_of_different_length_are_compared_per_day_too() -> None:
    early = change("2024", 2700.0, 0.0, maps="2023-12-31 2024-11-17", notes="CLOSES-EARLY SPAN")
    used = PeriodUsed("Russia", "2024", day("2023-12-31"), day("2024-12-31"), day("2023-12-31"), day("2024-11-17"))
    text = text_of(change("2023", 465.0, 0.0), early, meta=replace(META, periods=(used,)))
    assert "grew by about 2,700 km² in 2024 up to 17 November 2024, per ISW's map: nearly six times as much" in text
    assert "by about 465 km². Per day it was more than six times as much: about 8.4 km² a day against about 1.3" in text
    assert "maps of 31 December 2023 and 17 November 2024, 322 days apart where 366 were asked for." in text


def test_two_periods_of_loss_are_compared_as_losses() -> None:
    text = claim_of(change("2023", 0.0, 100.0), change("2024", 0.0, 200.0, maps=Y2024))
    assert text.endswith(
        "lost about 200 km² more than it gained in 2024, per ISW's map: about twice as much as in 2023, "
        "when it lost about 100 km² more than it gained."
    )


def test_periods_that_cannot_be_compared_stand_side_by_side() -> None:
    assert claim_of(change("2023", 100.0, 0.0), change("2024", 0.0, 200.0, maps=Y2024)) == (
        f"{SUBJECT} grew by about 100 km² in 2023 and lost about 200 km² more than it gained in 2024, per ISW's map."
    )
    assert "grew by about 100 km² in 2023 and did not change measurably in 2024" in claim_of(
        change("2023", 100.0, 0.0), change("2024", 0.02, 0.0, maps=Y2024)
    )


def test_three_periods_are_listed() -> None:
    ends = "2022-12-31 2023-01-31", "2023-01-31 2023-02-28", "2023-02-28 2023-03-31"
    rows = [change(f"2023-0{month}", 10.0 * month, 0.0, maps=maps) for month, maps in enumerate(ends, 1)]
    assert claim_of(*rows).endswith(
        "grew by about 10 km² in January 2023, grew by about 20 km² in February 2023 and grew by about 30 km² "
        "in March 2023, per ISW's map."
    )


def test_nothing_measurable_says_why() -> None:
    same = change("2024-12-30", None, None, maps="2024-12-29 2024-12-29", days=0, notes="CLOSES-EARLY NO-NEW-MAP")
    text = text_of(change("2023", 100.0, 0.0), same)
    assert "could not be measured on 30 December 2024 (no newer map than that of 29 December 2024), per" in text
    assert "0 days apart" not in text
    none = change("2021", None, None, opening=None, closing=None, days=None, notes="NO-MAP")
    assert "could not be measured in 2021 (no map that early)" in claim_of(none)


def test_a_late_start_is_part_of_the_sentence() -> None:
    late = change("2022", 50.0, 0.0, maps="2022-02-24 2022-12-31", notes="OPENS-LATE SPAN")
    assert "grew by about 50 km² in 2022 from 24 February 2022, per" in claim_of(late)


def test_ranges_are_said_by_the_days_asked_for_unless_the_archive_is_shorter() -> None:
    row = change("2024-09-01..2024-11", 50.0, 0.0, maps="2024-08-31 2024-11-27")
    used = PeriodUsed("Russia", row.period, day("2024-09-01"), day("2024-11-30"), row.opening, row.closing)
    meta = replace(META, periods=(used,))
    assert "between 1 September 2024 and 30 November 2024" in claim_of(row, meta=meta)
    early = replace(row, closing=day("2024-11-17"), notes="CLOSES-EARLY")
    assert "between 1 September 2024 and 17 November 2024" in claim_of(early, meta=meta)
    assert "between 31 August 2024 and 27 November 2024" in claim_of(replace(row, period="..2024-11", notes=""))
    # Maps that are a week older than the days asked for are named instead.
    older = replace(early, opening=day("2024-08-25"), notes="SPAN")
    assert "between 25 August 2024 and 17 November 2024" in claim_of(older, meta=meta)


@pytest.mark.parametrize(
    ("period", "maps", "notes", "heading"),
    [
        ("2022", "2022-02-24 2022-12-31", "OPENS-LATE SPAN", "2022, from 24 Feb"),
        ("2024", "2023-12-31 2024-11-17", "CLOSES-EARLY SPAN", "2024, to 17 Nov"),
        ("2022", "2022-02-24 2022-11-13", "CLOSES-EARLY OPENS-LATE SPAN", "2022, 24 Feb to 13 Nov"),
        ("2025-11", "2025-10-01 2025-11-01", "SPAN", "2025-11, 1 Oct to 1 Nov"),
        ("2025-02", "2025-01-26 2025-02-28", "SPAN", "2025-02, 26 Jan to 28 Feb"),
        ("2024", "2022-12-18 2024-12-15", "SPAN", "2024, 18 Dec 2022 to 15 Dec"),
        ("2024", "2023-12-24 2024-12-29", "", "2024"),
        ("2024-11-03", "2024-10-27 2024-11-03", "SPAN", "2024-11-03, 27 Oct to 3 Nov"),
        ("2020..2024", "2022-02-24 2024-12-29", "OPENS-LATE SPAN", "2020..2024, from 24 Feb 2022"),
        ("..2024", "2022-02-24 2024-12-29", "", "..2024"),
    ],
)
def test_a_period_is_headed_by_the_days_of_its_maps_where_they_are_not_its_own(
    period: str, maps: str, notes: str, heading: str
) -> None:
    row = change(period, 10.0, 0.0, maps=maps, notes=notes)
    assert period_heading(row) == heading
    assert period_heading(replace(row, days=None, opening=None)) == period  # nothing was measured


def test_two_files_have_no_period() -> None:
    row = change("a.geojson..b.geojson", 50.0, 0.0, opening=None, closing=None, days=None, rate_km2_per_day=None)
    assert text_of(row).startswith(f"{SUBJECT} grew by about 50 km² between the two maps, per ISW's map. View:")


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("2024", "in 2024"),
        ("2024-H2", "in the second half of 2024"),
        ("2024-Q3", "in the third quarter of 2024"),
        ("2024-q4", "in the fourth quarter of 2024"),
        ("2024-09", "in September 2024"),
        ("2024-W36", "in the week from 2 September 2024"),
        ("2024-11-03", "on 3 November 2024"),
    ],
)
def test_periods_in_words(label: str, text: str) -> None:
    assert in_period(label) == text


@pytest.mark.parametrize(
    ("view", "subject"),
    [
        ("control", "The area assessed as controlled by Russia grew"),
        ("assessed", "The area assessed as held or advanced into by Russia grew"),
        ("claimed", "The area claimed or assessed as held or advanced into by Russia grew"),
        ("control+Zone A", "The area shown by layers control and Zone A as of Russia grew"),
    ],
)
def test_the_view_decides_the_words(view: str, subject: str) -> None:
    text = text_of(change("2023", 50.0, 0.0, view=view), meta=replace(META, view=view))
    assert text.startswith(subject)
    assert f"View: {view}" in text


def test_no_sentence_says_captured() -> None:
    for view in ("control", "assessed", "claimed"):
        text = text_of(change("2023", 50.0, 60.0, view=view), meta=replace(META, view=view))
        assert not re.search(r"captur|conquer|liberat|occup|seiz", text)


def test_regions_and_actors_are_named_and_totals_come_first() -> None:
    donetsk = change("2023", 344.1, 0.0, level="adm1", region="Donetsk")
    luhansk = change("2023", 75.5, 0.0, level="adm1", region="Luhansk")
    rest = change("2023", 1.0, 0.0, level="adm1", region="unassigned")
    first, second = text_of(donetsk, luhansk, rest).split("\n\n")
    assert first.startswith(f"{SUBJECT} in Donetsk grew by about 344 km²")
    assert second.startswith(f"{SUBJECT} in Luhansk grew by about 76 km²")
    assert "Donetsk" not in text_of(donetsk, luhansk, rest, change("2023", 420.6, 0.0))
    ukraine = change("2023", 8.0, 0.0, actor="Ukraine")
    assert "\n\nThe area assessed as held or advanced into by Ukraine grew by about 8 km²" in text_of(
        change("2023", 1.0, 0.0), ukraine
    )


def test_a_total_of_some_regions_is_never_said_to_be_the_whole() -> None:
    donetsk = change("2023", 344.1, 0.0, level="adm1", region="Donetsk")
    meta = replace(META, notices=(Notice("ONLY", "the total is of the rows shown"),))
    text = text_of(donetsk, change("2023", 344.1, 0.0), meta=meta)
    assert text.startswith(f"{SUBJECT} in Donetsk grew")
    assert text.count("grew") == 1


def test_held_on_one_date_and_on_two() -> None:
    assert text_of(area_held("2024-11-03", 110_649.4, snapshot="2024-10-27")).startswith(
        f"{SUBJECT} was about 110,600 km² on 3 November 2024, per ISW's map. Map of 27 October 2024. View:"
    )
    assert claim_of(area_held("2023-12-31", 110_000.0), area_held("2024-11-03", 110_649.4)).endswith(
        "was about 110,000 km² on 31 December 2023 and was about 110,600 km² on 3 November 2024, per ISW's map: "
        "about 649 km² more."
    )
    assert claim_of(area_held("2023-12-31", 200.0), area_held("2024-11-03", 150.0)).endswith("map: about 50 km² less.")
    assert claim_of(area_held("2023-12-31", 200.0), area_held("2024-11-03", 200.0)).endswith("per ISW's map.")


def test_held_after_the_last_map_and_before_the_first() -> None:
    late = area_held("2025-01-05", 50.0, snapshot="2024-12-29", notes="CLOSES-EARLY")
    assert "was about 50 km² on 29 December 2024 (the last map before 5 January 2025), per" in claim_of(late)
    early = area_held("2020-01-01", None, notes="NO-MAP")
    assert "could not be measured on 1 January 2020 (no map that early) and was" in claim_of(early, late)


def test_held_is_at_least_so_much_where_a_layer_was_left_out() -> None:
    assert "was at least 110,600 km² on" in claim_of(area_held("2024-11-03", 110_699.4, notes="UNKNOWN-LAYER"))


def test_square_miles() -> None:
    assert "grew by about 1,040 sq mi in 2023, per" in claim_of(change("2023", 2699.96, 0.0), units="mi2")


def test_the_source_without_a_publisher_and_names_from_outside() -> None:
    assert "per the maps of maps. " in text_of(change("2023", 5.0, 0.0), meta=replace(META, publisher=""))
    assert "per Reuters' map. " in text_of(change("2023", 5.0, 0.0), meta=replace(META, publisher="Reuters"))
    hostile = text_of(change("2023", 5.0, 0.0, region="a\n\x1b[31mb"))
    assert "in a \\x1b[31mb grew" in hostile


def test_each_paragraph_of_made_up_maps_says_so_first() -> None:
    meta = replace(META, notices=(Notice("SYNTHETIC", "made up", "2023"),))
    rows = change("2023", 50.0, 0.0), change("2023", 5.0, 0.0, actor="Ukraine")
    texts = text_of(*rows, meta=meta).splitlines()
    mark = "SYNTHETIC SAMPLE, made-up maps of no real war: the area assessed as held"
    assert [text.startswith(mark) for text in texts if text] == [True, True]


def test_other_results_have_no_sentence() -> None:
    with pytest.raises(UsageError, match="is for diff, where, summary, held and consensus only"):
        sentence(Table(SeriesRow, (), META))


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0.004, "less than 1% as much"),
        (0.02, "about 2% as much"),
        (0.32, "about 30% as much"),
        (0.5, "about half as much"),
        (0.8, "about 20% less"),
        (0.935, "about 6% less"),
        (0.99, "about as much"),
        (1.02, "about as much"),
        (1.2, "about 20% more"),
        (1.6, "about 60% more"),
        (1.8, "nearly twice as much"),
        (2.05, "about twice as much"),
        (2.3, "more than twice as much"),
        (5.8, "nearly six times as much"),
        (5.95, "about six times as much"),
        (6.05, "about six times as much"),
        (6.4, "more than six times as much"),
        (9.8, "nearly 10 times as much"),
        (9.97, "about 10 times as much"),
        (13.4, "about 13 times as much"),
        (1327.0, "about 1,300 times as much"),
    ],
)
def test_ratios_in_words(ratio: float, text: str) -> None:
    assert times_as_much(ratio) == text


def test_comparisons_are_joined_as_english_does() -> None:
    assert than("about 20% more") == "about 20% more than"
    assert than("about as much") == "about as much as"


@given(st.floats(0.001, 1e6))
def test_words_for_ratios_are_true(ratio: float) -> None:
    """More than is below, nearly is above by less than a third, about is within a tenth or 5 %."""
    text = times_as_much(ratio)
    names = ["", "one", "twice", "three", "four", "five", "six", "seven", "eight", "nine"]
    word = re.search(r"(?:than|nearly|about) (\w[\w,]*)(%?)", text)
    if not word or text == "about as much":
        assert abs(ratio - 1) < 0.03
        return
    if word[1] == "half":
        assert 0.45 <= ratio <= 0.55
        return
    number = float(names.index(word[1]) if word[1] in names else word[1].replace(",", ""))
    if word[2]:
        sign = {"more": 1, "less": -1}.get(text.split()[-1])
        number = 1 + sign * number / 100 if sign else number / 100
        assert ratio <= number if text.startswith("less than") else abs(ratio - number) <= 0.03
    elif text.startswith("more than"):
        assert number < ratio < number + 0.75
    elif text.startswith("nearly"):
        assert number - 0.31 <= ratio < number
    else:
        assert abs(ratio - number) <= max(0.11, 0.051 * number)


def _figure(text: str) -> float:
    """Return the number in a text such as «about 2,700 km²»."""
    match = re.search(r"[\d,]+(?:\.\d+)?", text)
    assert match is not None
    return float(match[0].replace(",", ""))


@given(st.floats(0.051, 1e7), st.sampled_from([KM2, MI2]))
def test_the_number_is_within_its_rounding_of_the_true_figure(km2: float, unit: Any) -> None:
    true = km2 * unit.per_km2
    if round(true, 1) == 0:
        assert about(km2, unit) == f"less than 0.1 {unit.label}"
        return
    step = rounding_step(true)
    assert abs(_figure(about(km2, unit)) - true) <= step / 2 + 1e-6
    assert step / 2 <= max(0.005 * true, 0.5)
    assert true - step - 1e-6 <= _figure(at_least(km2, unit)) <= true + 1e-9


@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_net_in_the_sentence_is_within_its_rounding(gained: float, lost: float) -> None:
    row = change("2023", gained, lost)
    text = claim_of(row)
    assert row.net_km2 is not None
    if "did not change measurably" in text:
        assert abs(row.net_km2) <= 0.05
        return
    assert ("grew by" in text) == (row.net_km2 > 0)
    figures = [_figure(part) for part in re.findall(r"about [\d,.]+ km²", text)]
    step = rounding_step(row.net_km2)
    true = [abs(row.net_km2), gained, lost][: len(figures)]
    assert all(abs(figure - value) <= step / 2 + 1e-6 for figure, value in zip(figures, true, strict=True))


def test_the_archive_names_its_publisher(archive: Write) -> None:
    maps = archive({"2023-12-31": {None: [(300, 40)]}, "2024-12-31": {None: [(300, 40), (301, 40)]}})
    (maps / "frontcalc.toml").write_text('publisher = "Our desk"')
    result = frontcalc.diff(["2024"], archive=maps)
    assert (
        render(result, "sentence")
        .decode()
        .startswith("The area assessed as controlled grew by about 100 km² in 2024, per Our desk's map.")
    )
    for bad in ("publisher = 5", 'publisher = "a\\u001b[31m"', f'publisher = "{"x" * 81}"'):
        (maps / "frontcalc.toml").write_text(bad)
        with pytest.raises(DataError, match=r"frontcalc\.toml: publisher is"):
            frontcalc.diff(["2024"], archive=maps)


def test_the_documented_sentence_is_what_is_written() -> None:
    documented = (Path(__file__).parents[1] / "docs" / "sentences.md").read_text(encoding="utf-8")
    quoted = " ".join(line.removeprefix("> ") for line in documented.splitlines() if line.startswith("> "))
    early = change("2024", 2751.16, 51.2, maps="2023-12-31 2024-11-17", notes="CLOSES-EARLY SPAN")
    used = PeriodUsed("Russia", "2024", day("2023-12-31"), day("2024-12-31"), early.opening, early.closing)
    meta = replace(META, periods=(used,), version=frontcalc.__version__)
    assert text_of(change("2023", 690.3, 225.3), early, meta=meta) == quoted + "\n"


def test_the_documented_roundings_and_ratios_are_those_used() -> None:
    documented = (Path(__file__).parents[1] / "docs" / "sentences.md").read_text(encoding="utf-8")
    areas = re.findall(r"([\d.,]+) → (about [\d.,]+ km²)", documented)
    assert len(areas) == 4
    assert [about(float(size.replace(",", ""))) for size, _ in areas] == [said for _, said in areas]
    ratios = re.findall(r"([\d.]+) → ([a-z0-9 %]+ (?:much|more|less)) \|", documented)
    assert len(ratios) == 7
    assert [times_as_much(float(value)) for value, _ in ratios] == [said for _, said in ratios]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("periods", "said"),
    [
        (
            ["2023"],
            "grew by about 549 km² in 2023 (about 1,424 km² gained, about 876 km² lost),"
            " +714 km² without what the maps redrew at once, per",
        ),
        (["2023", "2024"], "grew by about 3,590 km² in 2024 up to 29 December 2024, per the maps of isw-weekly: more "),
    ],
)
def test_real_maps(shared: Path, periods: Sequence[str], said: str) -> None:
    result = frontcalc.diff(periods, archive=shared / "archives" / "isw-weekly", by="none")
    assert said in render(result, "sentence").decode()


@pytest.mark.parametrize(
    ("period", "maps", "said"),
    [
        ("2024-09-01", "2024-08-31 2024-09-01", "on 1 September 2024, per"),
        ("2024-09-01", "2024-08-25 2024-09-01", "between 25 August 2024 and 1 September 2024, per"),
        ("2024-09-01", "2024-08-30 2024-08-31", "between 30 August 2024 and 31 August 2024, per"),
        ("2024-08-31..2024-09-01", "2024-08-25 2024-09-01", "between 25 August 2024 and 1 September 2024, per"),
    ],
)
def test_a_single_day_is_not_said_of_a_span_of_seven(period: str, maps: str, said: str) -> None:
    row = change(period, 40.0, 0.0, maps=maps)
    assert claim_of(row).startswith(f"{SUBJECT} grew by about 40 km² {said} ISW's map.")
    # The titles of pictures, and the heads of tables and the page.
    assert ("on 1 September" in finding(row, KM2)) == ("on 1 September" in said)
    if maps == "2024-08-25 2024-09-01":
        assert finding(row, KM2) == "+40.0 km² from 25 Aug 2024 to 1 Sep 2024"
        assert period_heading(row) == f"{period}, 25 Aug to 1 Sep"
