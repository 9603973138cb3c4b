"""What layer names mean: one table of names, and views over what it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontcalc.dates import without_day
from frontcalc.errors import UsageError
from frontcalc.layers import Layer, Role, find_layer, known_names, layer_name
from frontcalc.views import VIEWS, View, choose_view, describe_view

# A publisher's name, typos as published: whose layer it is, and its role.
NAMES = [
    ("control_map", "Russia", "control"),
    ("russian_advances", "Russia", "advance"),
    ("kursk_ukrainian_advance", "Ukraine", "control"),
    # ISW's services
    ("VIEW_RussiaCoTinUkraine_V2", "Russia", "control"),
    ("VIEW_RussiaCoTinUkraine_V3", "Russia", "control"),
    ("MDS_AssessedRussianAdvanceInUkraine_view", "Russia", "advance"),
    ("AssessedRussianAdvanceInUkraine_V2_view", "Russia", "advance"),
    ("VIEW_ClaimedRussianTerritoryinUkraine_V2", "Russia", "claimed"),
    ("ClaimedRussianTerritoryinUkraine_V2_view", "Russia", "claimed"),
    ("VIEW_ClaimedUkrainianCounteroffensives_V2", "Ukraine", "counteroffensive"),
    ("View_AssessedRussianInfiltrationAreasinUkraine_V4", "Russia", "infiltration"),
    ("VIEW_Russian_controlled_Ukrainian_Territory_before_February_24_2022", "Russia", "pre2022"),
    ("VIEW_Reported_Ukrainian_Partisan_Warfare_V2", "Ukraine", "other"),
    ("MDS_Claimed_Limit_of_Ukrainian_AdvanceV2", "Ukraine", "control"),
    ("Assessed_Russian_Gains_in_the_Past_24_Hours_view", "Russia", "other"),
    # ISW's shapefiles
    ("UkraineControlMap", "Russia", "control"),
    ("UkraineCOntrolMap", "Russia", "control"),
    ("UkraineControlMao", "Russia", "control"),
    ("UkaineControlMa", "Russia", "control"),
    ("Ukraine_ControlMap", "Russia", "control"),
    ("RussianAssessedCoTinUkraine", "Russia", "control"),
    ("AssessedRussianAdvancesinUkraine", "Russia", "advance"),
    ("AssessedRussianInfiltrationAreasinUkraine", "Russia", "infiltration"),
    ("ClaimedRussianTerritoryinUkraine", "Russia", "claimed"),
    ("ClaimedRusianTerritoryinUkraine", "Russia", "claimed"),
    ("ClaimedUkrainianCounteroffensives", "Ukraine", "counteroffensive"),
    ("ClaimedUkrainianCounterOffensives", "Ukraine", "counteroffensive"),
    ("Claimed_Ukrainian_Counteroffensives", "Ukraine", "counteroffensive"),
    ("ClaimedUkrainian Counteroffensives", "Ukraine", "counteroffensive"),
    ("ClaimedUkrianianCounteroffensives", "Ukraine", "counteroffensive"),
    ("ReportedUkrainianPartisanWarfare", "Ukraine", "other"),
    ("Kursk Incursion Claimed Limit of Ukrainian Advance", "Ukraine", "control"),
    ("Kursk_Incursion_Claimed_Limit_of_Ukrainian_Advance", "Ukraine", "control"),
    ("Kursk Incursion Russian Advances in Russia", "Russia", "other"),
    # NZZ and DeepState's mirror
    ("nochange", "Russia", "control"),
    ("gains", "Russia", "control"),
    ("losses", "Russia", "lost"),
    ("deepstatemap_data", "Russia", "control"),
    # DeepState's API
    ("Окуповано /// Occupied /// geoJSON.status.occupied\n", "Russia", "control"),
    ("Окупований Крим /// Occupied Crimea\xa0/// geoJSON.territories.crimea", "Russia", "control"),
    ("ОРДЛО /// CADR and CALR\xa0/// geoJSON.territories.ordlo", "Russia", "control"),
    ("Статус невідомий /// Unknown status\xa0/// geoJSON.status.unknown\n", "Russia", "contested"),
    ("Звільнено /// Liberated /// geoJSON.status.dismissed", "Russia", "lost"),
    ("Звільнено 25.03 /// Liberated 25.03 /// geoJSON.status.dismissed_at {{at:25.03}}", "Russia", "lost"),
    ("geoJSON.status.occupied", "Russia", "control"),
    # the same before there were codes
    ("Окуповано /// Occupied", "Russia", "control"),
    ("Окупований Крим /// Occupied Crimea", "Russia", "control"),
    ("ОРДЛО /// CADR and CALR", "Russia", "control"),
    ("Звільнено 27-31.03 /// Liberated 27\u201331.03", "Russia", "lost"),
    # the code has the last word
    ("x /// Temporarily lost /// geoJSON.status.occupied", "Russia", "control"),
    ("x /// Occupied /// geoJSON.territories.prussia", "Russia", "other"),
    # jests and other wars
    ("Тимчасово окупована східна Пруссія /// geoJSON.territories.prussia", "Russia", "other"),
    ("x /// Occupied Southern Kuril islands /// geoJSON.territories.kuril", "Russia", "other"),
    ("x\n///\nOccupied Tskhinvali district /// geoJSON.territories.tskhinvali-district", "Russia", "other"),
    ("Придністров'я/// Transnistria /// geoJSON.territories.transnistria", "Russia", "other"),
]


@pytest.mark.parametrize(("name", "actor", "role"), NAMES, ids=[name for name, _, _ in NAMES])
def test_what_a_name_means(name: str, actor: str, role: str) -> None:
    layer = find_layer(name)
    assert layer is not None
    assert (layer.actor, layer.role) == (actor, role)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "_",
        "layer 1",
        "UkraineControl",
        "Occupied",  # anybody's, unless DeepState's Ukrainian stands before it
        "x /// Occupied East Prussia",
        "x /// Occupied Bessarabia /// geoJSON.territories.bessarabia",
        "328-й полк /// 328th regiment",
        "///",
    ],
)
def test_other_names_are_unknown(name: str) -> None:
    assert find_layer(name) is None


@pytest.mark.parametrize(
    ("file", "role"),
    [
        ("UkraineControlMapAO27APR2026", "control"),
        ("UkraineControlMapA12Mar2022", "control"),
        ("UkraineControlMap_AO_09_March_2022", "control"),
        ("UkraineControlMao04APR2022", "control"),
        ("RussianAssessedCoTinUkraine_14_March_2022", "control"),
        ("ClaimedRusianTerritoryinUkraineJAN082023", "claimed"),
        ("AssessedRussianInfiltrationAreasinUkraineAPR272026", "infiltration"),
        ("ClaimedUkrainianCounterOffensivesARP07", "counteroffensive"),
        ("Kursk Incursion Claimed Limit of Ukrainian Advance August 25 2024", "control"),
        ("deepstatemap_data_20240708", "control"),
    ],
)
def test_the_name_of_a_file_without_its_day_is_its_layer(file: str, role: str) -> None:
    layer = find_layer(without_day(file))
    assert layer is not None
    assert layer.role == role


@given(name=st.sampled_from(known_names()), separator=st.sampled_from("_- "), upper=st.booleans())
def test_case_and_punctuation_do_not_matter(name: str, separator: str, upper: bool) -> None:
    spelt = name.replace("_", separator).replace(" ", separator)
    assert find_layer(spelt.upper() if upper else spelt.lower()) == find_layer(name)


@given(name=st.text(max_size=40))
def test_any_text_is_a_name_or_none(name: str) -> None:
    assert find_layer(name) is None or find_layer(name) == find_layer(f" {name.upper().lower()} ")


def test_known_names_are_well_spelt_and_mean_something() -> None:
    names = known_names()
    assert "control_map" in names
    assert "geoJSON.status.occupied" in names
    assert "UkraineControlMao" not in names
    assert all((layer := find_layer(name)) and layer.role is not Role.OTHER for name in names)


OCCUPIED = "Окуповано /// Occupied /// geoJSON.status.occupied\n"


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"layer": "control_map", "type": "gains", "name": "x"}, "control_map"),
        ({"layer": None, "type": "gains"}, "gains"),
        ({"name": OCCUPIED}, "geoJSON.status.occupied"),
        ({"name": OCCUPIED, "type": 3}, "geoJSON.status.occupied"),
        ({"name": "Окуповано /// Occupied"}, "geoJSON.status.occupied"),
        ({"name": "x /// y /// geoJSON.status.dismissed_at {{at:25.03}}"}, "geoJSON.status.dismissed_at"),
        ({"name": "Полк\xa0///\n 328th  regiment"}, "Полк /// 328th regiment"),
        ({"name": "Donetsk"}, ""),
        ({"name": None}, ""),
        ({}, ""),
    ],
)
def test_the_layer_that_a_feature_says_it_is_of(properties: dict[str, object], name: str) -> None:
    assert layer_name(properties) == name


def test_deepstates_total_has_crimea_and_what_was_held_before_2022() -> None:
    held = ["status.occupied", "territories.crimea", "territories.ordlo"]
    layers = [(f"geoJSON.{code}", find_layer(f"geoJSON.{code}")) for code in held]
    for view in VIEWS.values():
        for name, layer in layers:
            assert layer is not None
            assert view.counts(name, layer)
            assert view.missing([(name, layer)]) == ()  # one undifferentiated map is whole in every view


@pytest.mark.parametrize("code", ["status.unknown", "status.dismissed", "territories.prussia"])
def test_grey_liberated_and_jests_count_in_no_view(code: str) -> None:
    layer = find_layer(f"geoJSON.{code}")
    assert layer is not None
    assert not any(view.counts(f"geoJSON.{code}", layer) for view in VIEWS.values())


def test_views_are_cumulative() -> None:
    control, assessed, claimed = (set(VIEWS[name].roles) for name in ("control", "assessed", "claimed"))
    assert control < assessed < claimed
    assert not claimed & {Role.COUNTEROFFENSIVE, Role.INFILTRATION, Role.CONTESTED, Role.LOST, Role.OTHER}


def test_a_view_misses_the_roles_that_are_not_there() -> None:
    russian = ("control_map", Layer("Russia", Role.CONTROL))
    assert VIEWS["assessed"].missing([russian]) == ("advance",)
    assert VIEWS["assessed"].missing([russian, ("russian_advances", Layer("Russia", Role.ADVANCE))]) == ()


def test_choose_view() -> None:
    assert choose_view(None) is VIEWS["assessed"]
    assert choose_view("control") is VIEWS["control"]
    assert choose_view(["control"]) is VIEWS["control"]
    both = choose_view("role:control, role:infiltration")
    assert (both.name, both.roles) == ("control+infiltration", (Role.CONTROL, Role.INFILTRATION))
    named = choose_view("control_map,russian_advances")
    assert (named.name, named.roles) == ("control_map+russian_advances", ())
    assert named.layers == ("control_map", "russian_advances")


@pytest.mark.parametrize("name", ["all", "infiltration", "role:all", "role:", ",", "control,nonsense"])
def test_a_word_that_is_no_view_role_or_layer_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as said:
        choose_view(name)
    assert said.value.problem == f"no view, role or layer is named {name.removeprefix('control,')!r}"
    assert said.value.cure.startswith("views are control, assessed, claimed; roles are role:control, ")


def test_a_role_alone_is_not_taken_for_the_view_of_its_name() -> None:
    claimed = choose_view("role:claimed")
    assert (claimed.name, claimed.roles) == ("role:claimed", (Role.CLAIMED,))
    assert describe_view(claimed) == "role:claimed"
    assert choose_view("role:control").name == "control"
    assert choose_view("assessed,role:claimed").roles == VIEWS["claimed"].roles
    assert choose_view("control,role:claimed").roles == (Role.CONTROL, Role.CLAIMED)


def test_a_layer_asked_for_counts_in_any_of_its_spellings_and_alone() -> None:
    view = choose_view("UkraineControlMap")
    control = Layer("Russia", Role.CONTROL)
    assert view.layers == ("UkraineControlMap",)
    assert view.counts("UkraineCOntrolMap", control)
    assert view.counts("UkraineControlMao", control)
    assert not view.counts("AssessedRussianAdvancesinUkraine", Layer("Russia", Role.ADVANCE))
    assert view.missing([("ukraine_control_map", control)]) == ()
    assert view.missing([("russian_advances", Layer("Russia", Role.ADVANCE))]) == ("UkraineControlMap",)


def test_one_layer_asked_for_twice_is_one() -> None:
    assert len(choose_view("control_map,Control Map").layers) == 1


def test_describe_view() -> None:
    assert describe_view(VIEWS["assessed"]) == "assessed (control + advances)"
    assert describe_view(VIEWS["control"]) == "control"
    assert describe_view(View("mine", (Role.CONTROL,))) == "mine"
