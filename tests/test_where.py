"""`by` and `only` on the sample and on region files, through the facades and the command line."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import shapely
from conftest import square

import frontcalc
from frontcalc import region_store
from frontcalc.cache import VARIABLE
from frontcalc.cli import run
from frontcalc.errors import UsageError
from frontcalc.outputs import render

Write = Callable[..., Path]
FIGURES = ("opening_km2", "closing_km2", "gained_km2", "lost_km2", "net_km2", "held_km2")


def figures(row: Any) -> dict[str, float]:
    return {name: getattr(row, name) for name in FIGURES if getattr(row, name, None) is not None}


def check_sums(rows: list[Any], levels: list[str]) -> None:
    """Hold that the rows of each level and what is unassigned are the total."""
    *regions, unassigned, total = rows
    assert (unassigned.region, total.region) == ("unassigned", "total")
    for level in levels:
        mine = [figures(row) for row in [*regions, unassigned] if row.level == level or row is unassigned]
        for name, whole in figures(total).items():
            assert math.fsum(row[name] for row in mine) == pytest.approx(whole, abs=1e-6), (level, name)


def test_countries_and_oblasts_of_the_sample_add_up_for_every_actor() -> None:
    table = frontcalc.diff(["2024-09"], by="country,oblast", actor="all")
    assert table.meta.level == "country,adm1"
    for actor in ("Russia", "Ukraine"):
        rows = [row for row in table.rows if row.actor == actor]
        check_sums(rows, ["country", "adm1"])
        assert [row.region for row in rows if row.level == "country"] == ["Russia", "Ukraine"]
        assert [row.region for row in rows[:3]] == ["Russia", "Belgorod", "Bryansk"]
    check_sums(list(frontcalc.held(["2024-11-03"], by=["country", "adm1"]).rows), ["country", "adm1"])
    series = frontcalc.series(since="2024-11-10", by="country,adm1").rows
    for day in {row.date for row in series}:
        check_sums([row for row in series if row.date == day], ["country", "adm1"])


def test_oblasts_are_the_same_with_and_without_subtotals() -> None:
    plain = {row.region: figures(row) for row in frontcalc.diff(["2024-09"]).rows}
    assert plain == {
        row.region: figures(row)
        for row in frontcalc.diff(["2024-09"], by="country,adm1").rows
        if row.level != "country"
    }


def test_ukraines_loss_in_kursk_is_russias_recapture() -> None:
    rows = {row.region: row for row in frontcalc.diff(["2024-10-01..2024-11-17"], actor="ukraine").rows}
    assert rows["total"].net_km2 == pytest.approx(-593.0, abs=1.0)
    assert rows["Kursk"].net_km2 == pytest.approx(rows["total"].net_km2, abs=1.5)
    assert (rows["Kursk"].gained_km2, rows["Kursk"].lost_km2) == (0.0, pytest.approx(593.0, abs=2.0))


def test_diff_says_what_the_total_leaves_out() -> None:
    whole = {row.region: row for row in frontcalc.diff(["2024-09"]).rows}
    table = frontcalc.diff(["2024-09"], only=["Донецьк", "luhansk oblast"])
    assert [row.region for row in table.rows] == ["Donetsk", "Luhansk", "total"]
    assert all("ONLY" in row.notes.split() for row in table.rows)
    total = table.rows[-1]
    for name, area in figures(total).items():
        assert area == pytest.approx(getattr(whole["Donetsk"], name) + getattr(whole["Luhansk"], name), abs=1e-9)
    (said,) = (notice for notice in table.meta.notices if notice.code == "ONLY")
    gained, lost = (getattr(whole["total"], name) - getattr(total, name) for name in ("gained_km2", "lost_km2"))
    assert said.period == "2024-09"
    assert said.message == (
        f"the total is of the rows shown; elsewhere Russia gained {gained:,.1f} km² and lost {lost:,.1f} km²"
    )


def test_held_and_series_say_what_the_total_leaves_out() -> None:
    whole = frontcalc.held(["2024-11-03"]).rows[-1].held_km2 or 0.0
    table = frontcalc.held(["2024-11-03"], only="Crimea,Sevastopol")
    assert table.rows[-1].notes == "ONLY SYNTHETIC"
    rest = whole - (table.rows[-1].held_km2 or 0.0)
    assert f"; elsewhere Russia held {rest:,.1f} km²" in str(table.meta.notices[-1])
    every = [row for row in frontcalc.series(since="2024-11-10").rows if row.region == "total"]
    some = frontcalc.series(since="2024-11-10", only="Donetsk")
    gained = sum((row.gained_km2 or 0.0) for row in every) - sum((row.gained_km2 or 0.0) for row in some.rows[::2])
    said = [notice for notice in some.meta.notices if notice.code == "ONLY"]
    assert len(said) == 1
    assert f"elsewhere Russia gained {gained:,.1f} km² and lost " in said[0].message
    assert {row.notes for row in some.rows} == {"ONLY SYNTHETIC"}


def test_an_unnamed_actor_is_not_named(archive: Write, region_file: Write) -> None:
    maps = archive({"2024-01-01": {None: [(300, 40)]}, "2024-01-02": {None: [(300, 40), (301, 40), (302, 40)]}})
    regions = region_file({"a": [(301, 40)], "b": [(302, 40)]})
    table = frontcalc.diff(["2024-01-02"], archive=maps, regions=regions, only="A")
    assert str(table.meta.notices[-1]) == (
        "ONLY: 2024-01-02: the total is of the rows shown; elsewhere gained 100.0 km² and lost 0.0 km²"
    )


def test_a_period_without_two_maps_has_nothing_elsewhere(archive: Write, region_file: Write) -> None:
    maps = archive({"2024-01-01": {None: [(300, 40)]}, "2024-01-02": {None: [(301, 40)]}})
    table = frontcalc.diff(["2024-01-02", "2025"], archive=maps, regions=region_file({"a": [(301, 40)]}), only="a")
    said = [notice.message for notice in table.meta.notices if notice.code == "ONLY"]
    assert said[1] == "the total is of the rows shown"


def test_a_country_stands_for_its_regions() -> None:
    table = frontcalc.diff(["2024-10-01..2024-11-17"], actor="Ukraine", only="RU")
    assert [row.region for row in table.rows] == ["Belgorod", "Bryansk", "Kursk", "Rostov", "Voronezh", "total"]
    assert "ONLY" in {notice.code for notice in table.meta.notices}


def test_without_names_nothing_changes() -> None:
    plain = frontcalc.diff(["2024-09"])
    assert frontcalc.diff(["2024-09"], only=None, by=None) == plain
    assert "ONLY" not in {notice.code for notice in plain.meta.notices}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--only", ""], "--only is empty: give it a value, or leave it out"),
        (["--only", " , "], "--only: names no region; name one, or leave it out"),
        (["--by", " "], "--by: no level is named ' '"),
    ],
)
def test_an_empty_answer_is_not_everything(options: list[str], problem: str, capfd: Any) -> None:
    assert run(["held", "2024-11-03", *options]) == 2
    assert problem in capfd.readouterr().err


@pytest.mark.parametrize("options", [{"only": "a"}, {"only": "UA"}, {"by": "adm1"}, {"by": "country"}])
def test_rows_of_a_place_without_regions_cannot_be_asked_for(options: Mapping[str, str], archive: Write) -> None:
    maps = archive({"2024-01-01": {None: [(300, 40)]}, "2024-01-02": {None: [(301, 40)]}})
    with pytest.raises(UsageError, match=r"no adm1 regions are known .* «frontcalc regions fetch COUNTRY adm1»"):
        frontcalc.diff(["2024.."], archive=maps, **options)  # type: ignore[arg-type]


def test_a_level_without_data_names_the_command_that_fetches_it() -> None:
    with pytest.raises(UsageError, match="«frontcalc regions fetch UA adm2» or give a file with --regions"):
        frontcalc.diff(["2024"], by="raion")
    with pytest.raises(UsageError, match="«frontcalc regions fetch RU adm2»"):
        frontcalc.diff(["2024"], by="adm2", actor="Ukraine")


def test_by_none_has_no_rows_to_choose_from() -> None:
    with pytest.raises(UsageError, match="no rows to choose from with --by none"):
        frontcalc.diff(["2024"], by="none", only="Donetsk")


def write_regions(path: Path, *features: tuple[dict[str, str], Any]) -> Path:
    document = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": told, "geometry": json.loads(shapely.to_geojson(shape))}
            for told, shape in features
        ],
    }
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def raions(tmp_path: Path) -> Path:
    """Three made-up districts in the embedded regions: two in Donetsk oblast, one in Luhansk oblast."""
    return write_regions(
        tmp_path / "raions.geojson",
        ({"shapeName": "North", "shapeID": "1"}, shapely.box(37.2, 48.2, 37.8, 48.6)),
        ({"shapeName": "South", "shapeID": "2"}, shapely.box(37.2, 47.6, 37.8, 48.2)),
        ({"shapeName": "North", "shapeID": "3"}, shapely.box(38.8, 48.8, 39.4, 49.2)),
    )


def test_fetched_raions_that_are_named_need_no_file(
    raions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    data = raions.read_bytes()
    for country, iso3 in (("RU", "RUS"), ("UA", "UKR")):
        facts = {"source": "made up", "licence": "none", "sha256": hashlib.sha256(data).hexdigest(), "iso3": iso3}
        region_store.keep(data, region_store.FetchedRegions(raions, country, "adm2", **facts))
    asked: Any = {"by": "adm1,adm2", "snap": "none"}
    with pytest.raises(UsageError, match="what was fetched is used by --regions UA"):
        frontcalc.diff(["2024"], actor="Russia", **asked)
    fetched = frontcalc.diff(["2024"], actor="Russia", regions="UA", **asked)
    by_file = frontcalc.diff(["2024"], regions=raions, region_name="shapeName", **asked)
    assert [figures(row) for row in fetched.rows] == [figures(row) for row in by_file.rows]
    assert fetched.meta.region_source == "made up"
    assert fetched.meta.regions is not None
    assert fetched.meta.regions.name == "UA-adm2"
    # A set of a level splits by it.
    assert frontcalc.diff(["2024"], actor="Russia", regions="UA-adm2").meta.level == "adm2"


def test_raions_of_a_file_have_the_embedded_oblasts_as_subtotals(raions: Path) -> None:
    options: Any = {"by": "oblast,raion", "regions": raions, "region_name": "shapeName"}
    rows = list(frontcalc.diff(["2024"], **options).rows)
    assert [(row.level, row.region) for row in rows] == [
        ("adm1", "Donetsk"),
        ("adm2", "North (Donetsk)"),
        ("adm2", "South"),
        ("adm1", "Luhansk"),
        ("adm2", "North (Luhansk)"),
        ("adm2", "unassigned"),
        ("total", "total"),
    ]
    check_sums(rows, ["adm1", "adm2"])
    assert rows[0].gained_km2 > 100
    of_donetsk = frontcalc.diff(["2024"], only="Donetsk oblast", **options).rows
    assert [row.region for row in of_donetsk] == ["Donetsk", "North (Donetsk)", "South", "total"]
    alone = frontcalc.diff(["2024"], **{**options, "by": "adm2"}).rows
    assert [row.region for row in alone[:3]] == ["North (Donetsk)", "North (Luhansk)", "South"]


def test_raions_outside_the_known_oblasts_need_no_parent_unless_asked(archive: Write, tmp_path: Path) -> None:
    maps = archive({"2024-01-01": {None: [(300, 40)]}, "2024-01-02": {None: [(301, 40)]}})
    path = write_regions(
        tmp_path / "r.geojson",
        ({"name": "A", "iso_3166_2": "XX-1"}, square(301, 40)),
        ({"name": "A", "iso_3166_2": "XX-2"}, square(302, 40)),
    )
    rows = frontcalc.diff(["2024.."], archive=maps, regions=path, by="adm2").rows
    assert [(row.level, row.region) for row in rows[:2]] == [("adm2", "A (XX-1)"), ("adm2", "A (XX-2)")]
    with pytest.raises(UsageError, match="no adm1 regions are known for this place"):
        frontcalc.diff(["2024.."], archive=maps, regions=path, by="adm1,adm2")


@pytest.mark.parametrize("second", [{}, {"ISO_3166_2": "XX-1"}])
def test_features_of_one_name_are_one_region_unless_codes_differ(
    second: dict[str, str], archive: Write, tmp_path: Path
) -> None:
    maps = archive({"2024-01-01": {None: [(300, 40)]}, "2024-01-02": {None: [(301, 40), (302, 40)]}})
    path = write_regions(
        tmp_path / "r.geojson",
        ({"name": "A", "ISO_3166_2": "XX-1"}, square(301, 40)),
        ({"name": "A", **second}, square(302, 40)),
    )
    first = frontcalc.diff(["2024.."], archive=maps, regions=path).rows[0]
    assert (first.region, first.gained_km2) == ("A", pytest.approx(200.0))


def test_regions_of_a_file_answer_to_their_code_their_local_name_and_the_embedded_spellings(tmp_path: Path) -> None:
    path = write_regions(
        tmp_path / "oblasts.geojson",
        ({"name": "Donets'k region", "name_xx": "Dŏnetskas", "iso_3166_2": "UA-14"}, shapely.box(37, 47.5, 38, 48.6)),
        ({"name": "Other"}, shapely.box(38.8, 48.8, 39.4, 49.2)),
    )
    for typed in ("UA-14", "donetskas", "Донеччина", "Donetsk", "donetsk-region"):
        rows = frontcalc.diff(["2024"], regions=path, only=typed).rows
        assert [row.region for row in rows] == ["Donets'k region", "total"], typed


def test_names_with_commas_can_be_given_in_a_sequence(archive: Write, tmp_path: Path) -> None:
    maps = archive({"2024-01-01": {None: [(300, 40)]}, "2024-01-02": {None: [(301, 40)]}})
    path = write_regions(tmp_path / "r.geojson", ({"name": "Bay, North"}, square(301, 40)))
    rows = frontcalc.diff(["2024.."], archive=maps, regions=path, only=["bay, north"]).rows
    assert [row.region for row in rows] == ["Bay, North", "total"]
    assert frontcalc.diff(["2024.."], archive=maps, regions=path, only="bay north").rows == rows


def test_the_table_indents_and_fits_a_terminal() -> None:
    lines = render(frontcalc.diff(["2023", "2024"], by="country,adm1"), "table").decode().splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("region"))
    labels = [line[:14].rstrip() for line in lines[head + 1 : head + 4]]
    assert labels == ["Ukraine", "  Donetsk", "  Luhansk"]
    assert max(map(len, lines[: lines.index("")])) <= 90
    series = render(frontcalc.series(since="2024-11-17", by="country,adm1"), "table").decode().splitlines()
    assert [line[10:22].rstrip() for line in series[3:5]] == ["    Crimea", "    Donetsk"]


def test_regions_are_by_size_below_their_country() -> None:
    text = render(frontcalc.held(["2024-11-03"], by="country,adm1", actor="all"), "markdown").decode()
    order = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert order[2:5] == ["Ukraine", "&nbsp;&nbsp;Luhansk", "&nbsp;&nbsp;Crimea"]
    assert order[order.index("Russia") + 1] == "&nbsp;&nbsp;Kursk"


def test_the_command_line_takes_names_and_levels_in_every_way(capfdbinary: Any) -> None:
    def rows(*arguments: str) -> list[tuple[str, str]]:
        assert run([*arguments, "--format", "csv"]) == 0
        text = capfdbinary.readouterr().out.decode()
        return [(row["level"], row["region"]) for row in csv.DictReader(text.splitlines())]

    both = [("adm1", "Kyiv"), ("adm1", "Odesa"), ("total", "total")]
    assert rows("diff", "2024", "--only", "Kiev,Odessa") == both
    assert rows("held", "2024-11-03", "--only", "Kiev", "--only", "UA-51") == both
    russia = [("country", "Russia"), ("adm1", "Belgorod"), ("adm1", "Bryansk"), ("adm1", "Kursk")]
    assert rows("series", "--since", "2024-11-17", "--only", "RU", "--by", "adm1,country")[:4] == russia


def test_a_name_that_is_none_ends_with_a_suggestion(capfd: Any) -> None:
    assert run(["diff", "2024", "--only", "Dontsk"]) == 2
    assert capfd.readouterr().err.splitlines()[-1] == (
        "frontcalc: --only: no region is named 'Dontsk'; did you mean Donetsk? (frontcalc regions list)"
    )


def test_the_working_folder_may_name_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    (tmp_path / "frontcalc.toml").write_text('only = "Kiev, Kursk"\nby = "oblast"\nformat = "csv"\n')
    monkeypatch.chdir(tmp_path)
    assert run(["held", "2024-11-03"]) == 0
    assert [line.split(",")[4] for line in capfd.readouterr().out.splitlines()[1:]] == ["Kursk", "Kyiv", "total"]
    assert run(["held", "2024-11-03", "--only", "Odesa"]) == 0
    assert [line.split(",")[4] for line in capfd.readouterr().out.splitlines()[1:]] == ["Odesa", "total"]


def test_json_has_the_levels_and_the_notice() -> None:
    document = json.loads(render(frontcalc.diff(["2024"], by="country,adm1", only="UA"), "json").decode())
    assert document["meta"]["level"] == "country,adm1"
    assert "ONLY" in [notice["code"] for notice in document["meta"]["notices"]]
    assert document["rows"][0]["region"] == "Ukraine"
