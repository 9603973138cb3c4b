"""Names as people type them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import collection, square

import frontcalc
from frontcalc.cli import run
from frontcalc.config import archive_config
from frontcalc.errors import DataError
from frontcalc.layers import actor_named
from frontcalc.names import LONGEST_CELL, NamedRegion, find, fold, printable, suggestions
from frontcalc.natural_earth import load_embedded
from frontcalc.outputs import render

Write = Callable[..., Path]

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


@pytest.mark.parametrize(
    "mark", ["\u200b", "\u200d", "\u200e", "\u061c", "\u2060", "\ufeff", "\u00ad", "\u3164", "\U000e0041"]
)
def test_marks_without_width_are_made_visible(mark: str) -> None:
    assert printable(f"Total{mark}") == f"Total{ascii(mark)[1:-1]}"
    assert printable(f"To{mark}tal") == f"To{ascii(mark)[1:-1]}tal"


def test_a_joiner_that_is_spelling_stays() -> None:
    assert printable("آذربایجان\u200cغربی") == "آذربایجان\u200cغربی"


def held(folder: Path, names: list[str], archive: Path) -> frontcalc.Table[frontcalc.HeldRow]:
    """Return what is held in regions of some names, a square each."""
    drawn = {name: [square(300 + place, 40)] for place, name in enumerate(names)}
    (folder / "regions.geojson").write_text(json.dumps(collection(drawn, field="name")))
    return frontcalc.held(["2024-01-01"], archive=archive, regions=folder / "regions.geojson", view="control")


@pytest.fixture
def maps(archive: Write) -> Path:
    return archive({"2024-01-01": {"control_map": [(300, 40), (301, 40), (302, 40)]}})


def test_a_row_is_not_named_as_another_looks(maps: Path, tmp_path: Path) -> None:
    for name in ("T\u043etal", "\u0422otal", "\uff34otal", "un\u0430ssigned"):
        message = r"a region is named '.*\\u[0-9a-f]{4}.*', which is a row of its own; rename it"
        with pytest.raises(DataError, match=message):
            held(tmp_path, [name], maps)
    with pytest.raises(DataError, match=r"regions are named 'North' and 'N\\u043erth', which look alike; give"):
        held(tmp_path, ["North", "N\u043erth"], maps)
    assert "Total\\u200b" in {row.region for row in held(tmp_path, ["Total\u200b", "Рівне"], maps).rows}


def test_an_actor_is_not_named_as_a_known_one_looks() -> None:
    assert [actor_named(name) for name in (" Russia", "Russi\u0430", "Україна")] == [
        "Russia",
        "Russi\\u0430",
        "Україна",
    ]
    legend = archive_config('[layers]\na = {actor = "Ukr\u0430ine", role = "control"}'.encode())["legend"]
    assert dict(legend.layers)["a"].actor == "Ukr\\u0430ine"


def test_a_long_name_widens_no_table(maps: Path, tmp_path: Path) -> None:
    name = "N" * 3000
    table = held(tmp_path, [name, "South"], maps)
    lines = render(table, "table").decode().splitlines()
    assert max(len(line) for line in lines if "50.0" in line or "100.0" in line) < LONGEST_CELL + 60
    assert name not in render(table, "markdown").decode()
    assert name not in frontcalc.notebook_html(table)
    assert render(table, "csv").decode().count(name) == 1


def test_a_long_name_leaves_a_picture_as_it_is(maps: Path, tmp_path: Path) -> None:
    shutil.copy(maps / "2024-01-01.geojson", maps / "2024-02-01.geojson")
    (maps / "2024-01-01.geojson").write_text(json.dumps(collection({"control_map": [square(300, 40)]}, field="layer")))
    held(tmp_path, ["South", "N" * 3000], maps)
    out = tmp_path / "bars.svg"
    period, regions = "2024-01-01..2024-02-01", str(tmp_path / "regions.geojson")
    asked = ["--archive", str(maps), "--regions", regions, "--view", "control", "-o", str(out)]
    assert run(["plot", "regions", period, *asked]) == 0
    assert re.search('viewBox="0 0 (719|72\\d)[."]? ?', out.read_text())


def test_a_bare_address_in_a_name_is_no_link_in_markdown(maps: Path, tmp_path: Path) -> None:
    named = ["https://evil.example/x", "www.evil.example", "me@evil.example"]
    text = render(held(tmp_path, named, maps), "markdown").decode()
    for shown in ("https\\://evil.example/x", "www\\.evil.example", "me@<!-- -->evil.example"):
        assert shown in text
    assert not re.search(r"https?://|www\.evil|\w@\w", text)
