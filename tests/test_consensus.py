"""What several publishers' maps agree on: squares by hand, a law for any ground, and the publishers' archives."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from conftest import Run, square
from hypothesis import given
from hypothesis import strategies as st
from pictures import assert_legible, drawn_km2, texts

import frontcalc
from frontcalc.crs import exact_area_km2
from frontcalc.errors import NoDataError, UsageError
from frontcalc.measure.consensus import by_shown
from frontcalc.outputs import MAP_WRITERS, render
from frontcalc.tables import ConsensusRow

Write = Callable[..., Path]
HELD = [(300, 40), (300, 41)]


def squares(*columns: int, row: int = 40) -> list[tuple[int, int]]:
    return [(300 + column, row) for column in columns]


@pytest.fixture
def three(archive: Write) -> list[str]:
    """All hold two squares, of which one and two lose the first. One gains 1 to 3, two 2 to 4, three 3 to 5."""
    ends = {"one": [HELD[1], *squares(1, 2, 3)], "two": [HELD[1], *squares(2, 3, 4)], "three": HELD + squares(3, 4, 5)}
    maps = {name: {"2023-12-31": {None: HELD}, "2024-12-31": {None: end}} for name, end in ends.items()}
    return [f"{name.title()}={archive(days, name)}" for name, days in maps.items()]


def totals(table: Any) -> dict[str, ConsensusRow]:
    return {row.archive: row for row in table.rows if row.region == "total"}


def figures(row: ConsensusRow, *names: str) -> list[int]:
    values = [getattr(row, name) for name in names]
    assert [round(value) for value in values] == pytest.approx(values, abs=1e-3)
    return [round(value) for value in values]


def test_three_archives_by_hand(three: list[str]) -> None:
    rows = totals(frontcalc.consensus("2024", archives=three))
    assert [*rows] == ["One", "Three", "Two"]
    for row in rows.values():
        assert figures(row, "gained_by_all_km2", "gained_by_any_km2") == [100, 500]
        assert figures(row, "lost_by_all_km2", "lost_by_any_km2") == [0, 100]
    own = {
        name: figures(row, "gained_km2", "gained_only_km2", "lost_km2", "lost_only_km2") for name, row in rows.items()
    }
    assert own == {"One": [300, 100, 100, 0], "Two": [300, 0, 100, 0], "Three": [300, 100, 0, 0]}
    # Held at the close by one alone: 1; 5, and what it did not lose.
    assert [figures(row, "closing_only_km2") for row in rows.values()] == [[100], [200], [0]]


def test_the_order_of_the_archives_changes_nothing(three: list[str]) -> None:
    one, other = (frontcalc.consensus("2024", archives=archives) for archives in (three, three[::-1]))
    for form in ("table", "csv", "markdown", "sentence"):
        assert render(one, form) == render(other, form), form
    # The receipt alone has the archives as they were given.
    (own, receipt), (exchanged, turned) = (
        (said, said["meta"].pop("receipt")) for said in (json.loads(render(table, "json")) for table in (one, other))
    )
    assert own == exchanged
    assert receipt["options"].pop("archives") == turned["options"].pop("archives")[::-1]
    assert receipt == turned


def test_regions_and_towns_split_the_same_ground(archive: Write, region_file: Write, three: list[str]) -> None:
    regions = region_file({"West": squares(0, 1, 2), "East": squares(3, 4, 5)})
    table = frontcalc.consensus("2024", archives=three, regions=regions, snap="none")
    by_all = {row.region: figures(row, "gained_by_all_km2", "gained_by_any_km2") for row in table.rows}
    assert by_all == {"East": [100, 300], "West": [0, 200], "unassigned": [0, 0], "total": [100, 500]}
    assert "gained about 100 km² by all 3 maps, 500 km² by at least one" in render(table, "sentence").decode()


def test_towns_add_up_to_the_total_and_have_their_regions(tmp_path: Path) -> None:
    for name in ("one", "two"):
        frontcalc.convert(tmp_path / name)
    (tmp_path / "two" / "2024-10-27.geojson").unlink()
    table = frontcalc.consensus("2024-10", archives=[tmp_path / "one", tmp_path / "two"], towns=20_000)
    *towns, total = (row for row in table.rows if row.archive == "one")
    assert {row.region for row in towns if row.town == "Selydove"} == {"Donetsk"}
    for name in ("gained_km2", "gained_by_all_km2", "lost_by_any_km2", "first_km2", "closing_only_km2"):
        assert math.fsum(getattr(row, name) for row in towns) == pytest.approx(getattr(total, name), abs=1e-3), name
    text = render(table, "table").decode()
    assert "nearest town" in text
    assert "Selydove, Donetsk" in text
    assert "GeoNames" in text


def dated(archive: Write, name: str, days: dict[str, list[int]]) -> str:
    """Return an archive that has drawn some columns of squares by each day, and all of them by the close."""
    maps = {f"2024-01-{day}": {None: HELD + squares(*drawn)} for day, drawn in days.items()}
    return f"{name}={archive({'2023-12-31': {None: HELD}, **maps}, name)}"


def test_the_same_ground_ten_days_later_has_lag_ten(archive: Write) -> None:
    first = dated(archive, "first", {"11": [1, 2], "31": [1, 2]})
    later = dated(archive, "later", {"11": [], "21": [1, 2], "31": [1, 2]})
    rows = totals(frontcalc.consensus("2024-01", archives=[first, later]))
    assert [(row.lag_days, row.lag_from_days, row.lag_to_days) for row in rows.values()] == [(-10,) * 3, (10,) * 3]
    assert [figures(row, "first_km2") for row in rows.values()] == [[200], [0]]
    text = render(frontcalc.consensus("2024-01", archives=[first, later]), "table").decode()
    assert "days after the first of the others, median and quartiles by area: first −10 (−10 to −10), later 10" in text


def test_a_lag_within_the_days_between_maps_is_no_claim(archive: Write) -> None:
    """Drawn on one day or the next, seven days later by maps that are seven days apart, which is said everywhere."""
    daily = dated(archive, "daily", {f"{day:02}": [1, 2] for day in range(7, 32)})
    weekly = dated(archive, "weekly", {"07": [], "14": [1, 2], "21": [1, 2], "28": [1, 2]})
    table = frontcalc.consensus("2024-01", archives=[daily, weekly])
    rows = totals(table)
    assert [(row.lag_days, row.maps_apart_days) for row in rows.values()] == [(-7, 1), (7, 7)]
    assert all("LAG" in row.notes.split() for row in table.rows)
    claim = "weekly's median lag, 7 days, is within the 7 days between its maps and proves nothing"
    assert [str(one) for one in table.meta.notices if one.code == "LAG"] == [
        f"LAG: 2024-01: {claim}; days from a map to the next, median: daily 1, weekly 7"
    ]
    text = render(table, "table").decode()
    assert "days from a map to the next, median: daily 1, weekly 7" in text
    assert claim in text.partition("Before you publish")[2].splitlines()[1]
    assert f"at least one. {claim}. Maps:" in render(table, "sentence").decode()


def test_maps_that_may_be_stamped_with_another_day_come_first(archive: Write) -> None:
    first = dated(archive, "first", {"11": [1, 2], "31": [1, 2]})
    later = dated(archive, "later", {"11": [], "15": [], "18": [], "21": [1, 2], "31": [1, 2]})
    plain = frontcalc.consensus("2024-01", archives=[first, later])
    assert all("LAG" not in row.notes for row in plain.rows)
    for folder in (Path(one.partition("=")[2]) for one in (first, later)):
        for file in list(folder.iterdir()):
            file.rename(folder / f"deepstatemap_data_{file.stem.replace('-', '')}.geojson")
    table = frontcalc.consensus("2024-01", archives=[first, later])
    _, *lines = render(table, "table").decode().partition("Before you publish")[2].splitlines()
    for name, line in zip(("first", "later"), lines, strict=False):
        assert f"{name}'s maps may show other days than their names, which moves the lag" in line
    assert {one.code for one in table.meta.notices} >= {"AS-OF", "LAG"}


def test_what_all_drew_on_one_day_is_said(archive: Write) -> None:
    """Of four squares one drew two first, the other one, and both one on the same day."""
    first = dated(archive, "a", {"06": [1, 2], "10": [1, 2, 4], "31": [1, 2, 3, 4]})
    other = dated(archive, "b", {"06": [], "08": [3], "10": [3, 4], "31": [1, 2, 3, 4]})
    text = render(frontcalc.consensus("2024-01", archives=[first, other]), "table").decode()
    assert "drawn first, of 400.0 gained by all: a 200.0, b 100.0; on the same day 100.0" in text


def test_lags_weigh_pieces_by_their_area_and_a_piece_counts_from_when_it_stayed(archive: Write) -> None:
    """Square 1 comes 20 days later, 2 on the same day, 3 and 4 five days earlier; 5 was dropped, and drawn again."""
    first = dated(archive, "a", {"06": [1, 2, 5], "07": [1, 2], "15": [1, 2, 3, 4, 5], "31": [1, 2, 3, 4, 5]})
    later = dated(archive, "b", {"06": [2], "10": [2, 3, 4], "26": [1, 2, 3, 4], "31": [1, 2, 3, 4, 5]})
    rows = totals(frontcalc.consensus("2024-01", archives=[first, later]))
    # By area: −5, −5, 0, 16, 20.
    assert (rows["b"].lag_from_days, rows["b"].lag_days, rows["b"].lag_to_days) == (-5, 0, 16)
    assert (rows["a"].lag_from_days, rows["a"].lag_days, rows["a"].lag_to_days) == (-16, 0, 5)
    assert [figures(row, "first_km2") for row in rows.values()] == [[200], [200]]


def test_ground_left_out_by_definition_is_set_aside_and_a_delay_is_not(archive: Write) -> None:
    """Of 6,000 km² that the others hold at both ends one drops all at once; 100 km² it draws later than they do."""
    block = [(column, row) for column in range(10) for row in range(6)]
    maps = {day: {None: [*block, (30, 40)]} for day in ("2023-12-31", "2024-12-31")}
    whole = [archive(maps, "a"), archive(maps, "b")]
    other = archive({"2023-12-31": {None: block}, "2024-12-31": {None: [(30, 40)]}}, "c")
    table = frontcalc.consensus("2024", archives=[*whole, other])
    row = totals(table)["c"]
    names = ("lost_km2", "lost_aside_km2", "lost_by_any_km2", "gained_km2", "gained_aside_km2", "gained_only_km2")
    assert figures(row, *names) == [6000, 6000, 0, 100, 0, 100]
    assert [figures(own, "closing_only_km2", "lost_aside_km2") for own in totals(table).values()][:2] == [[0, 0]] * 2
    assert [str(one) for one in table.meta.notices if one.code == "LEAVES-OUT"] == [
        "LEAVES-OUT: 2024: c leaves out 6,000 km² that the others hold at both ends: set aside"
    ]
    assert ["LEAVES-OUT" in own.notes.split() for own in totals(table).values()] == [False, False, True]
    assert "with what is set aside c gained 100.0 and lost 6,000.0" in render(table, "table").decode()
    assert {own.kind for own in frontcalc.shared_ground("2024", archives=[*whole, other]).rows} == {"gained"}


def test_the_maps_are_those_of_the_nearest_days_of_the_time_that_all_cover(archive: Write) -> None:
    days = ("2024-01-01", "2024-01-08", "2024-01-14", "2024-01-22", "2024-02-05")
    weekly = archive({day: {None: squares(*range(place + 1))} for place, day in enumerate(days)}, "weekly")
    late = archive({f"2024-01-{day:02}": {None: squares(*range(day))} for day in range(12, 21)}, "late")
    table = frontcalc.consensus("2024-01", archives=[weekly, late])
    rows = totals(table)
    ends = {name: (str(row.opening), str(row.closing)) for name, row in rows.items()}
    assert ends == {"late": ("2024-01-12", "2024-01-20"), "weekly": ("2024-01-14", "2024-01-22")}
    alone = frontcalc.diff(["2024-01-14..2024-01-22"], archive=weekly).rows[-1]
    assert (rows["weekly"].gained_km2, rows["weekly"].days) == (alone.gained_km2, alone.days)
    said = "\n".join(map(str, table.meta.notices))
    assert "OPENS-LATE: 2024-01: not all archives have maps before 2024-01-12" in said
    assert "CLOSES-EARLY: 2024-01: not all archives have maps after 2024-01-20" in said
    assert "DAYS-DIFFER: 2024-01: opening and closing maps are of late 2024-01-12 and 2024-01-20; weekly 2024" in said


def test_archives_without_a_day_in_common_or_without_two_maps_are_refused(archive: Write, three: list[str]) -> None:
    early = archive({day: {None: HELD} for day in ("2022-01-01", "2023-12-31")}, "early")
    with pytest.raises(NoDataError, match=r"no day of 2024 lies between maps of all archives"):
        frontcalc.consensus("2024", archives=[*three, early])
    sparse = archive({day: {None: HELD} for day in ("2022-01-01", "2025-01-01")}, "sparse")
    with pytest.raises(NoDataError, match=r"sparse: has no two maps near the ends of 2024, 2023-12-31 and 2024-12-31"):
        frontcalc.consensus("2024", archives=[*three, sparse])
    of_ukraine = {day: {"kursk_ukrainian_advance": [(300, 40)]} for day in ("2023-12-31", "2024-12-31")}
    both = archive({day: own | {"control_map": HELD} for day, own in of_ukraine.items()}, "both")
    russian = archive({day: {"control_map": HELD} for day in of_ukraine}, "russian")
    with pytest.raises(NoDataError, match="russian: has no two maps of Ukraine in 2024"):
        frontcalc.consensus("2024", archives=[both, russian], actor="all", view="control")
    for options in ({"towns": 0}, {"towns": 5, "by": "none"}):
        with pytest.raises(UsageError, match="towns"):
            frontcalc.consensus("2024", archives=three, **options)  # type: ignore[arg-type]


def test_polygons_have_the_areas_of_the_table_by_who_shows_them(three: list[str]) -> None:
    rows = frontcalc.shared_ground("2024", archives=three).rows
    assert [(row.kind, row.shown_by, round(row.km2)) for row in rows] == [
        ("gained", "One|Three|Two", 100),
        ("gained", "One|Two", 100),
        ("gained", "Three|Two", 100),
        ("gained", "One", 100),
        ("gained", "Three", 100),
        ("lost", "One|Two", 100),
        ("held", "One|Two", 100),
        ("held", "Three|Two", 100),
        ("held", "One", 100),
        ("held", "Three", 200),
    ]
    assert all(exact_area_km2(row.geometry) == pytest.approx(row.km2, abs=1e-3) for row in rows)
    assert rows[0].geometry.symmetric_difference(square(303, 40)).area < 1e-7


@pytest.mark.parametrize("form", MAP_WRITERS)
def test_the_ground_is_a_map_file_the_same_twice(form: str, three: list[str], tmp_path: Path, run_here: Run) -> None:
    where = [word for archive in three for word in ("--archive", archive)]
    paths = [tmp_path / f"{place}.{form}" for place in range(2)]
    for path in paths:
        assert run_here("consensus", "2024", *where, "-o", path).returncode == 0
    assert paths[0].read_bytes() == paths[1].read_bytes()
    if form == "geojson":
        features = json.loads(paths[0].read_text())["features"]
        assert features[0]["properties"]["shown_by"] == "One|Three|Two"


def test_a_sentence_says_what_all_show_and_who_is_later(archive: Write, three: list[str], run_here: Run) -> None:
    first = dated(archive, "first", {"11": [1, 2], "31": [1, 2, 3]})
    later = dated(archive, "later", {"11": [], "15": [], "18": [], "21": [1, 2], "31": [1, 2]})
    done = run_here("consensus", "2024-01", "--archive", first, "--archive", later, "--format", "sentence", "-q")
    assert done.stdout.startswith(
        "The side that the maps show gained about 200 km² by both maps, 300 km² by at least one, in January 2024; it"
        " lost less than 0.1 km² by both maps, less than 0.1 km² by at least one. later draws a piece a median of"
        " 10 days after first. Maps: first of 31 December 2023 and 31 January 2024; later of 31 December 2023"
        " and 31 January 2024."
    )
    assert (
        "about 100 km² by all 3 maps, 500 km² by at least one"
        in render(frontcalc.consensus("2024", archives=three), "sentence").decode()
    )


def test_a_map_in_three_colours_with_what_each_is(three: list[str]) -> None:
    scene = frontcalc.consensus_map("2024", archives=three[:2])
    figure = scene.plot(size="900x640")
    assert_legible(figure)
    # Of two archives that lost the same the second panel has the one colour alone.
    drawn = [drawn_km2(figure, gid) for gid in ("by_all", "by_first", "by_second")]
    assert drawn == pytest.approx([300, 100, 100], abs=0.5)
    # Square 1, which One alone gained, lies west of square 4.
    of_one, of_two = (shapely.total_bounds(ground)[0] for ground in scene.panels[0].changed[1:])
    assert of_one < of_two
    keys = texts(figure, "key")
    assert keys[:3] == [
        "by both maps: gained 200.0, lost 100.0",
        "by One alone: gained 100.0, lost 0.0",
        "by Two alone: gained 100.0, lost 0.0",
    ]
    assert texts(figure, "heading") == ["Gained", "Lost"]
    assert texts(figure, "title") == ["gained about 200 km² by both maps, 400 km² by at least one, in 2024"]
    assert not any("lag" in text for text in texts(figure))
    assert scene.image("svg") == scene.image("svg")


def test_of_three_archives_the_colours_are_all_several_and_one(three: list[str], tmp_path: Path, run_here: Run) -> None:
    figure = frontcalc.consensus_map("2024", archives=three).plot(size="900x640")
    drawn = [drawn_km2(figure, gid) for gid in ("by_all", "by_first", "by_second")]
    assert drawn == pytest.approx([100, 300, 200], abs=0.5)
    where = [word for archive in three for word in ("--archive", archive)]
    assert run_here("consensus", "2024", *where, "--size", "500x400", "-o", tmp_path / "a.png").returncode == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    done = run_here("consensus", "2024", *where, "--size", "500x400")
    assert (done.returncode, "only a picture has one" in done.stderr) == (2, True)


Cells = st.lists(st.sets(st.integers(0, 7)), min_size=2, max_size=4)


@given(Cells)
def test_ground_is_cut_by_exactly_who_shows_it(sets: list[set[int]]) -> None:
    """Of any grounds, made of squares of a row: every square is with those that have it, and in one place alone."""
    names = [f"n{place}" for place in range(len(sets))]
    grounds = {
        name: shapely.MultiPolygon([shapely.box(2 * cell, 0, 2 * cell + 1, 1) for cell in cells])
        for name, cells in zip(names, sets, strict=True)
    }
    wanted: dict[tuple[str, ...], float] = {}
    for cell in set().union(*sets):
        shown = tuple(name for name, cells in zip(names, sets, strict=True) if cell in cells)
        wanted[shown] = wanted.get(shown, 0.0) + 1.0
    cut = by_shown(grounds)
    assert {shown: float(np.sum(shapely.area(parts))) for shown, parts in cut.items()} == pytest.approx(wanted)


CASES = [
    ("2024-07..2024-12", "deepstate-daily", {}),
    ("2024-01..2024-06", "nzz-daily", {"NZZ": 16_600}),
]


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.thorough(but=["2024-07..2024-12-deepstate-daily-aside0"])
@pytest.mark.parametrize(("period", "other", "aside"), CASES)
def test_by_all_is_at_most_each_and_each_at_most_any(
    period: str, other: str, aside: dict[str, int], shared: Path
) -> None:
    """On two publishers' maps of half a year, whose every map is looked at for the lags: that takes seconds."""
    name = other.partition("-")[0].upper()
    archives = [f"ISW={shared}/archives/isw-weekly", f"{name}={shared}/archives/{other}"]
    table = frontcalc.consensus(period, archives=archives)
    assert table.rows == frontcalc.consensus(period, archives=archives[::-1]).rows
    for row in table.rows:
        for kind in ("gained", "lost"):
            own = getattr(row, f"{kind}_km2") - getattr(row, f"{kind}_aside_km2")
            assert getattr(row, f"{kind}_by_all_km2") <= own + 1e-6, row
            assert own <= getattr(row, f"{kind}_by_any_km2") + 1e-6, row
    rows = totals(table)
    assert {own: round(row.lost_aside_km2, -2) for own, row in rows.items() if row.lost_aside_km2} == aside
    for own, place in (("ISW", "isw-weekly"), (name, other)):
        span = f"{rows[own].opening}..{rows[own].closing}"
        alone = frontcalc.diff([span], archive=shared / "archives" / place).rows[-1]
        assert (rows[own].gained_km2, rows[own].lost_km2) == pytest.approx((alone.gained_km2, alone.lost_km2), abs=1e-6)
