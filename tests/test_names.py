"""Names as people type them."""

from __future__ import annotations

import pytest

from frontcalc.embedded import load_embedded
from frontcalc.names import NamedRegion, find, fold, suggestions

EMBEDDED = [
    NamedRegion(info.name, (info.code, info.name_uk, *info.aliases), (number,))
    for number, info in enumerate(load_embedded().regions)
]
KINDS = frozenset(map(fold, ("oblast", "region", "область")))


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("Kiev", "Kyiv"),
        ("Kyiv City", "Kyiv City"),
        ("Київ", "Kyiv City"),
        ("Zaporizhia", "Zaporizhzhia"),
        ("Odessa", "Odesa"),
        ("Донецьк", "Donetsk"),
        ("Донецька", "Donetsk"),
        ("ДОНЕЦЬКА ОБЛАСТЬ", "Donetsk"),
        ("UA-14", "Donetsk"),
        ("ua14", "Donetsk"),
        ("donetsk oblast", "Donetsk"),
        ("Donetska", "Donetsk"),
        ("Donets\N{RIGHT SINGLE QUOTATION MARK}k", "Donetsk"),
        ("  luhans'k  ", "Luhansk"),
        ("Ivano Frankivsk", "Ivano-Frankivsk"),
    ],
)
def test_spellings_of_embedded_regions(typed: str, label: str) -> None:
    assert [place.label for place in find(typed, EMBEDDED, KINDS)] == [label]


@pytest.mark.parametrize("kinds", [frozenset(), KINDS])
def test_no_two_embedded_regions_share_a_spelling_that_counts_as_one(kinds: frozenset[str]) -> None:
    for place in EMBEDDED:
        for name in (place.label, *place.spellings):
            assert find(name, EMBEDDED, kinds) == [place], name


def test_accents_case_and_punctuation_do_not_matter() -> None:
    assert fold("Bahr el-Ghazāl") == fold("BAHR EL GHAZAL") == "bahrelghazal"
    assert fold("Région du Nord", frozenset({"region"})) == "dunord"


def test_a_name_that_is_nothing_but_a_kind_keeps_it() -> None:
    assert fold("Region", frozenset({"region"})) == "region"


def test_a_whole_name_goes_before_one_without_its_kind() -> None:
    places = [NamedRegion("North", (), (0,)), NamedRegion("North Region", (), (1,))]
    assert find("north region", places, frozenset({"region"})) == [places[1]]
    assert find("north", places, frozenset({"region"})) == [places[0]]


def test_a_name_that_several_share_gives_all_and_an_unknown_one_none() -> None:
    places = [NamedRegion("Kursk (RU)", ("Kursk",), (0,)), NamedRegion("Kursk (UA)", ("Kursk",), (1,))]
    assert find("kursk", places) == places
    assert find("Kursk (UA)", places) == places[1:]
    assert find("Tula", places) == []


def test_suggestions_are_the_nearest_first_and_not_far_fetched() -> None:
    assert suggestions("Dontsk", EMBEDDED)[0] == "Donetsk"
    assert suggestions("Zaporizhie", EMBEDDED) == ["Zaporizhzhia"]
    assert suggestions("Timbuktu", EMBEDDED) == []
