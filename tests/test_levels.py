"""Rows at several levels, rows asked for by name, and what the total leaves out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import takewhile

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from frontcalc.errors import DataError, UsageError
from frontcalc.levels import LEVELS, Lines, lines, parents_of, parse_levels
from frontcalc.outputs.grid import tree
from frontcalc.regions import RegionSet, no_regions


def row_of_squares(level: str, names: Sequence[str], *, width: int = 1, **told: object) -> RegionSet:
    """Return regions side by side from west to east, each so many kilometres wide and one high."""
    squares = np.array([shapely.box(n * width, 0, (n + 1) * width, 1) for n in range(len(names))], dtype=object)
    squares = shapely.transform(squares, lambda km: km * 1000)
    return RegionSet(level, tuple(names), squares, np.arange(len(names)), squares, np.arange(len(names)), **told)  # type: ignore[arg-type]


OBLASTS = row_of_squares(
    "adm1",
    ["Kursk", "Odesa", "Sumy", "Tula"],
    countries=("RU", "UA", "UA", "RU"),
    country_names={"UA": ("Ukraine", "Україна"), "RU": ("Russia",)},
    codes=("RU-KRS", "UA-51", "UA-59", "RU-TUL"),
    spellings=((), ("Odessa",), (), ()),
)
RAIONS = row_of_squares(
    "adm2", ["Center", "Center", "East", "North", "South", "West"], width=2, codes=tuple("abcdef"), countries=("X",) * 6
)
PROVINCES = row_of_squares("adm1", ["P", "Q", "R"], width=4, countries=("X",) * 3)


def shown(found: Lines) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(line.level, line.region, line.members) for line in found.shown]


@pytest.mark.parametrize(
    ("by", "levels"),
    [
        ("adm1", ("adm1",)),
        ("oblast,country", ("country", "adm1")),
        ("Raion, ADM1", ("adm1", "adm2")),
        (["adm2", "country"], ("country", "adm2")),
        ("adm1,oblast", ("adm1",)),
        ("none", ()),
    ],
)
def test_levels_are_read_coarse_to_fine(by: str, levels: tuple[str, ...]) -> None:
    assert parse_levels(by) == levels


@pytest.mark.parametrize(
    ("by", "problem"),
    [
        ("county", "no level is named 'county'; choose country, adm1, adm2, none, oblast, raion"),
        ("adm1,x,y", "no level is named 'x' or 'y'"),
        (",", "no level is named ','"),
        ("none,adm1", "none stands beside other levels"),
    ],
)
def test_levels_that_are_none_are_refused(by: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parse_levels(by)


def test_each_country_is_followed_by_its_regions() -> None:
    assert shown(lines(OBLASTS, ["country", "adm1"])) == [
        ("country", "Russia", (0, 3)),
        ("adm1", "Kursk", (0,)),
        ("adm1", "Tula", (3,)),
        ("country", "Ukraine", (1, 2)),
        ("adm1", "Odesa", (1,)),
        ("adm1", "Sumy", (2,)),
        ("adm1", "unassigned", (4,)),
        ("total", "total", (5,)),
    ]


def test_countries_alone_are_sums_of_regions() -> None:
    assert shown(lines(OBLASTS, ["country"])) == [
        ("country", "Russia", (0, 3)),
        ("country", "Ukraine", (1, 2)),
        ("country", "unassigned", (4,)),
        ("total", "total", (5,)),
    ]


def test_without_regions_there_is_a_total() -> None:
    assert shown(lines(no_regions(), [])) == [("total", "total", (1,))]


def test_countries_that_are_not_known_are_no_rows() -> None:
    for countries in ((), ("", "X", "X")):
        with pytest.raises(UsageError, match=r"the country of P.* is not known; .* need a field iso_3166_2"):
            lines(row_of_squares("adm1", ["P", "Q", "R"], countries=countries), ["country"])
    with pytest.raises(UsageError, match=r"the country of P is not known; .* need a field iso_3166_2"):
        lines(row_of_squares("adm1", ["P", "Q", "R"], countries=("", "X", "X")), ["adm1"], only=["X"])


def test_a_country_without_a_known_name_is_called_by_its_code() -> None:
    assert lines(PROVINCES, ["country"]).shown[0].region == "X"


def test_a_region_is_part_of_the_coarser_one_that_covers_most_of_it() -> None:
    # Of «East» (4 to 7 km) one kilometre of three lies in P, which ends at 5 km.
    east = row_of_squares("adm2", ["East"])
    moved = shapely.transform(shapely.box(4, 0, 7, 1), lambda km: km * 1000)
    east = RegionSet("adm2", ("East",), np.array([moved]), np.array([0]), np.array([moved]), np.array([0]))
    assert parents_of(east, row_of_squares("adm1", ["P", "Q"], width=5)).tolist() == [1]
    assert parents_of(east, row_of_squares("adm1", ["P", "Q"], width=6)).tolist() == [0]


def test_a_parent_is_of_the_same_country() -> None:
    inside = row_of_squares("adm2", ["Border"], width=3, countries=("UA",))
    regions = row_of_squares("adm1", ["Kursk", "Sumy"], width=2, countries=("RU", "UA"))
    assert parents_of(inside, regions).tolist() == [1]


def test_a_region_in_no_coarser_one_is_refused() -> None:
    with pytest.raises(UsageError, match="r2 lies in no adm1 region that is known; leave out adm1"):
        parents_of(row_of_squares("adm2", ["r1", "r2"]), row_of_squares("adm1", ["P"]))


def test_three_levels_nest_and_names_that_repeat_carry_their_parent() -> None:
    assert shown(lines(RAIONS, ["country", "adm1", "adm2"], coarser=PROVINCES)) == [
        ("country", "X", (0, 1, 2, 3, 4, 5)),
        ("adm1", "P", (0, 1)),
        ("adm2", "Center (a)", (0,)),
        ("adm2", "Center (b)", (1,)),
        ("adm1", "Q", (2, 3)),
        ("adm2", "East", (2,)),
        ("adm2", "North", (3,)),
        ("adm1", "R", (4, 5)),
        ("adm2", "South", (4,)),
        ("adm2", "West", (5,)),
        ("adm2", "unassigned", (6,)),
        ("total", "total", (7,)),
    ]
    apart = row_of_squares("adm2", ["Center", "Center"], width=4, codes=("a", "b"))
    names = [line.region for line in lines(apart, ["adm2"], coarser=PROVINCES).shown]
    assert names[:2] == ["Center (P)", "Center (Q)"]


def test_names_that_repeat_across_countries_carry_the_country() -> None:
    regions = row_of_squares("adm1", ["Kursk", "Kursk", "Tula"], countries=("RU", "UA", "RU"))
    assert [line.region for line in lines(regions, ["adm1"]).shown[:3]] == ["Kursk (RU)", "Kursk (UA)", "Tula"]
    with pytest.raises(UsageError, match=r"'kursk' may be Kursk \(RU\) or Kursk \(UA\); say which"):
        lines(regions, ["adm1"], only=["kursk"])
    assert lines(regions, ["adm1"], only=["kursk ua"]).shown[0].members == (1,)


def test_labels_that_would_be_one_row_are_refused() -> None:
    regions = row_of_squares("adm1", ["Kursk", "Kursk", "Kursk (RU)"], countries=("RU", "UA", "RU"))
    with pytest.raises(DataError, match=r"two regions would be shown as 'Kursk \(RU\)'; rename one"):
        lines(regions, ["adm1"])


def test_only_some_rows_and_a_total_of_them() -> None:
    found = lines(OBLASTS, ["adm1"], only=["Odessa", "RU-KRS", "unassigned"])
    assert [line[1:] for line in shown(found)] == [
        ("Kursk", (0,)),
        ("Odesa", (1,)),
        ("unassigned", (4,)),
        ("total", (0, 1, 4)),
    ]
    assert found.left_out == {2, 3}


def test_a_country_stands_for_its_regions_at_any_level() -> None:
    found = lines(OBLASTS, ["adm1"], only=["Україна"])
    assert [line.region for line in found.shown] == ["Odesa", "Sumy", "total"]
    assert lines(OBLASTS, ["adm1"], only=["UA"]) == found
    assert [line.region for line in lines(OBLASTS, ["country", "adm1"], only=["Russia"]).shown] == [
        "Russia",
        "Kursk",
        "Tula",
        "total",
    ]


def test_subtotals_of_rows_that_are_not_all_shown_are_left_out() -> None:
    found = lines(OBLASTS, ["country", "adm1"], only=["Russia", "Odesa"])
    # Odesa comes first: below «Russia» it would seem to be part of it.
    assert [line.region for line in found.shown] == ["Odesa", "Russia", "Kursk", "Tula", "total"]


def test_a_country_and_a_region_of_another_may_be_named_together() -> None:
    found = lines(OBLASTS, ["adm1"], only=["UA", "Kursk"])
    assert [line.region for line in found.shown] == ["Kursk", "Odesa", "Sumy", "total"]
    found = lines(OBLASTS, ["country"], only=["UA"])
    assert [line.region for line in found.shown] == ["Ukraine", "total"]


@pytest.mark.parametrize(
    ("only", "problem"),
    [
        ("Odesssa", r"no region is named 'Odesssa'; did you mean Odesa\? \(how to list them\)"),
        ("Paris", "no region is named 'Paris'; there are Russia, Ukraine, Kursk, Odesa, Sumy, Tula"),
        ("total", "no region is named 'total'"),
        ("", "no region is named ''"),
    ],
)
def test_a_name_that_is_none_is_refused_with_what_there_is(only: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        lines(OBLASTS, ["adm1"], only=[only], listing="(how to list them)")


def test_a_region_without_a_row_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match="rows by country do not show Odesa; --by adm1 does"):
        lines(OBLASTS, ["country"], only=["Odesa"])


def test_a_coarse_place_goes_before_a_fine_one_of_its_name_and_kinds_tell_them_apart() -> None:
    regions = row_of_squares("adm2", ["P", "Q"], width=4)
    for typed, members in (("P", (0,)), ("p oblast", (0,)), ("P raion", (0,))):
        assert lines(regions, ["adm1", "adm2"], coarser=PROVINCES, only=[typed]).shown[-1].members == members
    typed = [line.level for line in lines(regions, ["adm1", "adm2"], coarser=PROVINCES, only=["P"]).shown]
    assert typed == ["adm1", "adm2", "total"]


@st.composite
def sets(draw: st.DrawFn) -> tuple[RegionSet, RegionSet]:
    """Up to twelve districts, of which each province of up to four has one or more, in up to three countries."""
    count = draw(st.integers(1, 12))
    provinces = sorted(draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    own = {province: draw(st.sampled_from(["AA", "BB", "CC"])) for province in set(provinces)}
    fine = row_of_squares("adm2", [f"d{n}" for n in range(count)], countries=tuple(own[p] for p in provinces))
    kept = sorted(own)
    land = np.array([shapely.union_all(fine.pieces[np.array(provinces) == p]) for p in kept], dtype=object)
    names, countries = tuple(f"p{p}" for p in kept), tuple(own[p] for p in kept)
    return fine, RegionSet("adm1", names, land, np.arange(len(kept)), land, np.arange(len(kept)), countries=countries)


@given(sets(), st.lists(st.floats(0, 1e5), min_size=14, max_size=14), st.data())
def test_levels_add_up(both: tuple[RegionSet, RegionSet], drawn: list[float], data: st.DataObject) -> None:
    fine, coarse = both
    count = len(fine.names)
    areas = np.array([*drawn[: count + 1], math.fsum(drawn[: count + 1])])
    asked = data.draw(st.sets(st.sampled_from(LEVELS), min_size=1))
    levels = [level for level in LEVELS if level in asked]
    rows = lines(fine, levels, coarser=coarse).shown
    total, unassigned = rows[-1], rows[-2]
    for level in levels:
        mine = [line.sum_of(areas) for line in rows[:-2] if line.level == level]
        assert math.fsum([*mine, unassigned.sum_of(areas)]) == pytest.approx(total.sum_of(areas), abs=1e-6)
        assert sorted(member for line in rows[:-2] if line.level == level for member in line.members) == [*range(count)]


@given(sets(), st.data())
def test_every_row_is_part_of_the_nearest_coarser_one_above_it(
    both: tuple[RegionSet, RegionSet], data: st.DataObject
) -> None:
    """However many regions are shown, a reader of the rows can put them back together."""
    fine, coarse = both
    names = [*fine.names, *coarse.names, *sorted(set(fine.countries))]
    only = data.draw(st.lists(st.sampled_from(names), max_size=4))
    rows = lines(fine, LEVELS, coarser=coarse, only=only).shown
    members = {(line.level, line.region): set(line.members) for line in rows}
    shown = [(one, len(label) - len(label.lstrip())) for one, label in tree(members, ",".join(LEVELS)).items()]
    for place, (above, indent) in enumerate(shown):
        below = takewhile(lambda line, indent=indent: line[1] > indent, shown[place + 1 :])
        parts = [one for one, deeper in below if deeper == indent + 2]
        if parts:
            assert set.union(*(members[part] for part in parts)) == members[above]
    assert [one for one, _ in shown] == list(members)


@given(sets(), st.lists(st.floats(0, 1e5), min_size=14, max_size=14), st.data())
def test_what_is_asked_for_and_the_rest_are_the_total(
    both: tuple[RegionSet, RegionSet], drawn: list[float], data: st.DataObject
) -> None:
    fine, coarse = both
    count = len(fine.names)
    areas = np.array([*drawn[: count + 1], math.fsum(drawn[: count + 1])])
    first = data.draw(st.lists(st.sampled_from([*fine.names, *coarse.names]), min_size=1, max_size=3))
    shown_first = lines(fine, ["adm2"], coarser=coarse, only=first)
    other = [name for number, name in enumerate(fine.names) if number in shown_first.left_out]
    second = data.draw(st.lists(st.sampled_from(other), max_size=3)) if other else []
    total_of = [lines(fine, ["adm2"], coarser=coarse, only=asked).shown[-1].sum_of(areas) for asked in (first, second)]
    rest = lines(fine, ["adm2"], coarser=coarse, only=[*first, *second]).elsewhere(areas)
    # Without names everything is shown.
    assert math.fsum([total_of[0], total_of[1] if second else 0.0, rest]) == pytest.approx(areas[-1], abs=1e-6)
