"""Whose ground a map shows: what is known counts, what nothing tells apart is one actor's, all else has no figure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from conftest import Run, square

import frontcalc
from frontcalc import layers
from frontcalc.cli import upkeep
from frontcalc.config import archive_config
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.layers import Layer, Role, find_layer, layer_name, spelling

Drawn = Sequence[tuple[Mapping[str, Any], tuple[int, int]]]
FIRST, SECOND = "2024-01-01", "2024-02-01"
PERIOD = f"{FIRST}..{SECOND}"


def write(path: Path, drawn: Drawn) -> Path:
    """Write a map: properties and square of each feature."""
    path.parent.mkdir(parents=True, exist_ok=True)
    features = [
        {"type": "Feature", "properties": dict(own), "geometry": json.loads(shapely.to_geojson(square(*at)))}
        for own, at in drawn
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def maps(folder: Path, first: Drawn, second: Drawn) -> Path:
    """Write an archive of two maps."""
    write(folder / f"{FIRST}.geojson", first)
    write(folder / f"{SECOND}.geojson", second)
    return folder


def total(archive: Path, period: str = PERIOD, **options: Any) -> Any:
    """Return the total of a period."""
    return frontcalc.diff([period], archive=archive, by="none", **options).rows[-1]


def codes(table: Any) -> list[str]:
    """Return the codes of a table's notices."""
    return [notice.code for notice in table.meta.notices]


@pytest.mark.parametrize("field", ["status", "Faction", "CONTROLLED_BY", "styleUrl", "fill-color", "Side", "folder"])
@pytest.mark.parametrize(("ours", "theirs"), [("red", "blue"), (1, 2), (True, False)])
def test_a_property_that_tells_stops_the_run(tmp_path: Path, field: str, ours: object, theirs: object) -> None:
    drawn = [({field: ours}, (0, 0)), ({field: theirs}, (1, 0))]
    archive = maps(tmp_path / "maps", drawn, drawn)
    with pytest.raises(DataError, match=rf"'{field}' is .*100.0 km².*frontcalc archive explain .*maps"):
        total(archive)


def test_values_count_over_all_maps_of_the_run(tmp_path: Path) -> None:
    archive = maps(tmp_path / "maps", [({"side": "north"}, (0, 0))], [({"side": "south"}, (0, 0))])
    assert frontcalc.held([FIRST], archive=archive, by="none").rows[-1].held_km2 == pytest.approx(100.0)
    for measure in (lambda: total(archive), lambda: frontcalc.series(archive=archive)):
        with pytest.raises(DataError, match="'side' is"):
            measure()


def test_files_and_layers_of_one_day_with_names_nobody_knows_are_not_added_up(tmp_path: Path) -> None:
    write(tmp_path / "maps" / FIRST / "reds.geojson", [({}, (0, 0))])
    write(tmp_path / "maps" / FIRST / "blues.geojson", [({}, (1, 0))])
    with pytest.raises(DataError, match=r"'file name' is 'blues' on 1 polygon, 100\.0 km² / 'reds'"):
        frontcalc.held([FIRST], archive=tmp_path / "maps")


def test_polygons_that_nothing_tells_apart_are_one_unnamed_actors(tmp_path: Path) -> None:
    drawn = [({"OBJECTID": at, "area_ha": at / 3, "name": f"P{at}"}, (at, 0)) for at in range(3)]
    table = frontcalc.diff([PERIOD], archive=maps(tmp_path / "maps", drawn[:2], drawn), by="none")
    assert table.rows[-1].gained_km2 == pytest.approx(100.0)
    assert table.rows[-1].actor == "unnamed"
    (said,) = [notice.message for notice in table.meta.notices if notice.code == "UNNAMED"]
    assert said == "no layer is named on these maps, so all polygons count as one actor's"


def test_a_property_of_another_name_that_might_tell_is_named_and_stops_nobody(tmp_path: Path) -> None:
    drawn = [({"title": "taken" if at < 3 else "freed", "editor": f"e{at % 2}"}, (at, 0)) for at in range(4)]
    table = frontcalc.diff([PERIOD], archive=maps(tmp_path / "maps", drawn, drawn), by="none")
    (said,) = [notice.message for notice in table.meta.notices if notice.code == "UNNAMED"]
    assert "'title' is 'taken' on 3 polygons, 300.0 km² / 'freed' on 1 polygon, 100.0 km²" in said
    assert "editor" not in said


def test_on_an_explained_map_what_has_no_known_name_is_not_counted_and_nothing_else_tells(tmp_path: Path) -> None:
    drawn = [
        ({"LAYER": "control_map", "status": "a"}, (0, 0)),
        ({"Type": "russian_advances", "status": "b"}, (1, 0)),
        ({"status": "c"}, (2, 0)),
        ({"layer": "watch towers"}, (3, 0)),
    ]
    table = frontcalc.diff([PERIOD], archive=maps(tmp_path / "maps", drawn[1:], drawn), by="none")
    assert table.rows[-1].opening_km2 == pytest.approx(100.0)
    assert table.rows[-1].gained_km2 == pytest.approx(100.0)
    said = next(notice.message for notice in table.meta.notices if notice.code == "UNKNOWN-LAYER")
    assert "'(no layer)' in 2024-01-01.geojson (100.0 km²), 'watch towers' in 2024-01-01.geojson (100.0 km²)" in said


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Окупована територія 05.03", Role.CONTROL),
        ("м. Херсон, захоплено 2 березня", Role.CONTROL),
        ("Зайнята територія", Role.CONTROL),
        ("Окупований Крим", Role.CONTROL),
        ("ОРДЛО", Role.CONTROL),
        ("о. Тузла", Role.CONTROL),
        ("Звільнено 02.04 (було окуповано)", Role.LOST),
        ("Деокупована Київщина", Role.LOST),
        ("Під контролем ЗСУ", Role.LOST),
        ("орки відсутні", Role.LOST),
        ("Під питанням", Role.CONTESTED),
        ("Невідомий статус", Role.CONTESTED),
        ("Придністров'я", Role.OTHER),
        ("Окуповані Курили", Role.OTHER),
        ("Не окуповано", None),
        ("Курилівка", None),
    ],
)
def test_the_ukrainian_of_spring_2022_is_told_by_its_stem(name: str, role: Role | None) -> None:
    found = find_layer(layer_name({"name": name}))
    assert (found.role if found else None) == role


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("RussianAssessedAdvanceinUkraine", Role.ADVANCE),
        ("RussianClaimedCoTinUkraine", Role.CLAIMED),
        ("UkrainianClaimedCounterOffensives", Role.COUNTEROFFENSIVE),
        ("UkrainianReportedPartisanWarfare", Role.OTHER),
    ],
)
def test_isws_names_of_2022_are_known(name: str, role: Role) -> None:
    found = find_layer(name)
    assert found is not None
    assert (found.role, found.legend) == (role, "ISW")


def test_a_publishers_own_property_is_read_beside_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(layers._FOLDED, "occupiedbyrebels", Layer("Rebels", Role.CONTROL, True, "Courier"))
    monkeypatch.setitem(layers.PUBLISHERS_FIELDS, "Courier", "status")
    held, other = ({"Status": "Occupied by Rebels"}, (0, 0)), ({"status": "burnt"}, (1, 0))
    table = frontcalc.held(FIRST, archive=maps(tmp_path / "maps", [held, other], [held]), by="none")
    assert (table.rows[-1].actor, table.rows[-1].held_km2) == ("Rebels", pytest.approx(100))
    (unknown,) = (notice.message for notice in table.meta.notices if notice.code == "UNKNOWN-LAYER")
    assert "burnt" in unknown
    # Another publisher's names count in `layer` alone.
    assert layer_name({"status": "control_map"}) == ""
    assert layer_name({"status": "Occupied by Rebels", "layer": "control_map"}) == "control_map"


def test_no_name_is_of_two_publishers() -> None:
    tables = [{spelling(name) for name in table} for table in layers._PUBLISHERS.values()]
    assert len(set().union(*tables)) == sum(map(len, tables))


# What is compared must be comparable.


def test_a_map_without_names_is_not_compared_with_one_that_has_them(tmp_path: Path) -> None:
    named, plain = [({"layer": "control_map"}, (0, 0))], [({}, (0, 0))]
    for first, second in ((named, plain), (plain, named)):
        archive = maps(tmp_path / f"maps{len(first[0][0])}", first, second)
        files = sorted(archive.iterdir())
        for measure in (
            lambda files=files: frontcalc.diff_files(*files, view="control"),
            lambda archive=archive: total(archive, view="control"),
            lambda archive=archive: frontcalc.series(archive=archive, view="control"),
        ):
            with pytest.raises(DataError, match=r"legend.*cannot be compared.*frontcalc archive explain"):
                measure()


def test_a_map_with_another_layer_of_the_same_publisher_holds_nothing(tmp_path: Path) -> None:
    mine, kursk = ({"layer": "control_map"}, (0, 0)), ({"layer": "kursk_ukrainian_advance"}, (5, 0))
    archive = maps(tmp_path / "maps", [mine], [mine, kursk])
    row = total(archive, view="control", actor="Ukraine")
    assert (row.opening_km2, row.gained_km2) == (0.0, pytest.approx(100.0))


def daily(folder: Path, with_kursk: int, days: int, toml: str = "") -> Path:
    """Write maps of as many days from 1 June, of which the first ones have Kursk's layer too."""
    for number in range(days):
        kursk = [({"layer": "kursk_ukrainian_advance"}, (5, 0))] if number < with_kursk else []
        day = date(2025, 6, 1) + timedelta(days=number)
        write(folder / f"{day}.geojson", [({"layer": "control_map"}, (0, 0)), *kursk])
    if toml:
        (folder / "frontcalc.toml").write_text(toml)
    return folder


def test_a_layer_that_is_no_longer_drawn_has_no_figures_and_one_line(tmp_path: Path) -> None:
    archive = daily(tmp_path / "maps", 3, 9)
    options = {"archive": archive, "view": "control", "actor": "Ukraine", "by": "none"}
    table = frontcalc.series(**options)
    assert [row.held_km2 for row in table.rows] == [pytest.approx(100.0)] * 3 + [None] * 6
    ended = [str(notice) for notice in table.meta.notices if notice.code in ("ENDED", "LAYER-MISSING")]
    assert ended == ["ENDED: kursk_ukrainian_advance of Ukraine: not drawn since 3 Jun 2025"]
    assert frontcalc.held(["2025-06-03", "2025-06-09"], **options).rows[-1].held_km2 is None
    with pytest.raises(NoDataError, match="not drawn since 3 Jun 2025"):
        frontcalc.diff(["2025-06-05..2025-06-08"], **options)


def test_a_layer_that_four_maps_lack_is_that_of_the_map_before(tmp_path: Path) -> None:
    archive = daily(tmp_path / "maps", 3, 7)
    table = frontcalc.held(["2025-06-07"], archive=archive, view="control", actor="Ukraine", by="none")
    assert table.rows[-1].held_km2 == pytest.approx(100.0)
    assert "LAYER-MISSING" in codes(table)


def test_a_legend_may_say_that_nothing_is_held_in_a_layer_from_a_day_on(tmp_path: Path) -> None:
    layer = 'actor = "Ukraine", role = "control", until = 2025-06-03'
    toml = f"[layers]\nkursk_ukrainian_advance = {{ {layer}, empty = true }}"
    empty = daily(tmp_path / "empty", 3, 9, toml)
    row = total(empty, "2025-06-02..2025-06-09", view="control", actor="Ukraine")
    assert (row.lost_km2, row.closing_km2) == (pytest.approx(100.0), 0.0)
    ended = daily(tmp_path / "ended", 3, 5, toml.replace(", empty = true", ""))
    with pytest.raises(NoDataError, match="kursk_ukrainian_advance of Ukraine: not drawn since 3 Jun 2025"):
        frontcalc.held(["2025-06-05"], archive=ended, view="control", actor="Ukraine", by="none")


def test_a_map_far_older_than_the_period_stands_for_no_end_of_it(tmp_path: Path) -> None:
    write(tmp_path / "maps" / "2022-02-24.geojson", [({"layer": "control_map"}, (0, 0))])
    write(tmp_path / "maps" / "2024-12-29.geojson", [({"layer": "control_map"}, (1, 0))])
    with pytest.raises(
        NoDataError, match="the last map by 31 Dec 2023 is 675 days older; your maps run from 24 February 2022"
    ):
        total(tmp_path / "maps", "2024", view="control")
    table = frontcalc.diff(["2024", "2022-02-24..2024-12-29"], archive=tmp_path / "maps", view="control", by="none")
    assert [row.gained_km2 for row in table.rows] == [None, pytest.approx(100.0)]


# A legend of one's own.

WAR = [
    ({"status": "held_n", "state": "A", "faction": "n"}, (0, 0)),
    ({"status": "held_s", "state": "A", "faction": "s"}, (1, 0)),
    ({"status": "fought", "state": "B", "faction": "s"}, (2, 0)),
]
WAR.append((WAR[1][0], (3, 0)))
LATER = [WAR[0], (WAR[0][0], (1, 0)), *WAR[2:]]
SAID = {"held_n": "North control", "held_s": "South control", "fought": "South contested"}


def test_from_the_refusal_to_the_table_in_two_commands(tmp_path: Path, run_here: Run) -> None:
    archive = maps(tmp_path / "maps", WAR, LATER)
    archive.chmod(0o555)
    try:
        asked = ["diff", PERIOD, "--archive", str(archive), "--by", "none", "--format", "csv"]
        refused = run_here(*asked)
        assert refused.returncode == 3
        assert f"frontcalc archive explain {archive}" in refused.stderr
        layers = [text for value, meant in SAID.items() for text in ("--layer", f"{value}={meant}")]
        legend = tmp_path / "war.toml"
        done = run_here("archive", "explain", archive, "--property", "status", *layers, "-o", legend)
        assert (done.returncode, done.stdout) == (0, "")
        measured = run_here(*asked, "--legend", legend)
        assert ",North," in measured.stdout
        assert ",100.000,0.000,100.000," in measured.stdout
        head = run_here("diff", PERIOD, "--archive", archive, "--legend", legend, "--by", "none").stdout
        assert "view: control (these maps have no advances)" in head
        assert "South's ground, −100.0 km², is not in these figures (--actor)" in head
    finally:
        archive.chmod(0o755)


def test_a_property_that_tells_nothing_is_said_so_once(tmp_path: Path) -> None:
    drawn = [({"state": "A"}, (0, 0)), ({"state": "B"}, (1, 0))]
    archive = maps(tmp_path / "maps", drawn[:1], drawn)
    frontcalc.write_legend(archive, ignore=["STATE"])
    assert total(archive).gained_km2 == pytest.approx(100.0)


def test_what_explains_a_file_lies_beside_it(tmp_path: Path) -> None:
    drawn = [({**own, "date": day}, at) for day, war in ((FIRST, WAR), (SECOND, LATER)) for own, at in war]
    file = write(tmp_path / "war.geojson", drawn)
    written = frontcalc.write_legend(file, field="status", meanings=SAID)
    assert written == tmp_path / "war.frontcalc.toml"
    assert total(file, actor="South").lost_km2 == pytest.approx(100.0)
    with pytest.raises(UsageError, match="exists; add --force"):
        frontcalc.write_legend(file, field="status", meanings=SAID)


def test_what_a_file_says_else_is_kept_when_it_is_written_over(tmp_path: Path) -> None:
    archive = maps(tmp_path / "maps", WAR, LATER)
    (archive / "frontcalc.toml").write_text(
        'publisher = "Us"\nas_of_offset_days = 0\nyear = 2024\n[dates]\n"2024-01-01.geojson" = 2024-01-03\n'
    )
    frontcalc.write_legend(archive, field="status", meanings=SAID, force=True)
    config = archive_config((archive / "frontcalc.toml").read_bytes())
    assert (config["as_of_offset_days"], config["year"]) == (0, 2024)
    assert (config["publisher"], config["dates"]) == ("Us", {"2024-01-01.geojson": date(2024, 1, 3)})
    assert config["legend"].field == "status"


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"field": "statu", "meanings": SAID}, r"no property 'statu' .*they have faction, state, status"),
        ({"field": "status", "meanings": {"held": "North control"}}, r"'held' is no value of 'status'; values are"),
        ({"field": "status", "meanings": {"held_n": "North king"}}, r"VALUE=ACTOR ROLE; roles are control"),
        ({"field": "status"}, "nothing is explained"),
        ({"meanings": {"held_n": "North control"}}, "name no layers; say with --property .*: faction, state, status"),
    ],
)
def test_slips_in_an_explanation_are_refused(tmp_path: Path, how: dict[str, Any], problem: str) -> None:
    archive = maps(tmp_path / "maps", WAR, LATER)
    with pytest.raises(UsageError, match=problem):
        frontcalc.write_legend(archive, **how)
    assert not (archive / "frontcalc.toml").exists()


def test_explain_lists_values_with_what_they_are_taken_for(tmp_path: Path) -> None:
    rows = frontcalc.explain_archive(archive=maps(tmp_path / "maps", WAR, LATER)).rows
    status = {row.value: (round(row.km2), str(row.first), str(row.last)) for row in rows if row.property == "status"}
    assert status == {
        "held_n": (200, FIRST, SECOND), "held_s": (200, FIRST, SECOND), "fought": (100, FIRST, SECOND)
    }  # fmt: skip
    assert all(row.asked for row in rows)
    known = frontcalc.explain_archive().rows
    assert [(row.value, row.actor, row.role, row.asked) for row in known if row.role == "advance"] == [
        ("russian_advances", "Russia", "advance", False)
    ]


def test_a_polygon_without_a_layer_among_known_ones_is_not_said_to_count(tmp_path: Path) -> None:
    named, blank = ({"layer": "control_map"}, (0, 0)), ({"layer": ""}, (1, 0))
    table = frontcalc.explain_archive(archive=maps(tmp_path / "maps", [named, blank], [named]))
    assert {row.value: row.actor for row in table.rows} == {"control_map": "Russia", "(no layer)": ""}
    assert codes(table) == ["UNKNOWN-LAYER"]
    # On another map of the archive nothing is named, so that all of it counts.
    table = frontcalc.explain_archive(archive=maps(tmp_path / "mixed", [named, blank], [({}, (0, 0))]))
    assert {row.actor for row in table.rows if row.value == "(no layer)"} == {"unnamed", ""}
    assert codes(table) == ["UNNAMED", "UNKNOWN-LAYER"]


def test_on_a_terminal_explain_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_here: Run) -> None:
    archive = maps(tmp_path / "maps", WAR, LATER)
    answers = iter(["status", "North control", "South control", "South contested"])
    monkeypatch.setattr(upkeep, "_somebody_answers", lambda: True)
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(answers))
    done = run_here("archive", "explain", archive)
    assert done.returncode == 0
    layers = dict(archive_config((archive / "frontcalc.toml").read_bytes())["legend"].layers)
    assert {name: (one.actor, one.role.value) for name, one in layers.items()} == {
        "held_n": ("North", "control"), "fought": ("South", "contested"), "held_s": ("South", "control")
    }  # fmt: skip


def test_the_working_folder_names_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_here: Run) -> None:
    maps(tmp_path / "data" / "war", WAR, LATER)
    layers = "\n".join(
        f'{value} = {{ actor = "{said.split()[0]}", role = "{said.split()[1]}" }}' for value, said in SAID.items()
    )
    (tmp_path / "legend.toml").write_text(f'property = "status"\n[layers]\n{layers}\n')
    (tmp_path / "frontcalc.toml").write_text(
        'archive = "ours"\n[archives.ours]\npath = "data/war"\nlegend = "legend.toml"\n'
        'publisher = "Us"\nas_of_offset_days = -1\n'
    )
    monkeypatch.chdir(tmp_path)
    for named in ((), ("--archive", "ours")):
        done = run_here("diff", "2023-12-31..2024-01-31", *named, "--by", "none")
        assert done.returncode == 0, done.stderr
        assert "North-held" in done.stdout or "North" in done.stdout
        assert "maps: 31 Dec 2023 → 31 Jan 2024 · Us" in done.stdout
    assert "does not exist" in run_here("diff", "2024", "--archive", "theirs").stderr


def test_two_files_are_explained_by_one_legend(tmp_path: Path) -> None:
    archive = maps(tmp_path / "maps", WAR, LATER)
    legend = frontcalc.write_legend(archive, field="status", meanings=SAID, output=tmp_path / "war.toml")
    table = frontcalc.diff_files(*sorted(archive.iterdir()), legend=legend, by="none")
    assert table.rows[-1].gained_km2 == pytest.approx(100.0)


def test_an_archive_that_lacks_isws_advances_is_refused_with_the_view_that_it_has(tmp_path: Path) -> None:
    drawn = [({"layer": "control_map"}, (0, 0))]
    with pytest.raises(UsageError, match=r"no map shows advance of Russia.*--view control"):
        total(maps(tmp_path / "maps", drawn, drawn))


def test_nothing_that_is_not_explained_is_listed_as_held_or_converted(tmp_path: Path) -> None:
    archive = maps(tmp_path / "maps", WAR, LATER)
    with pytest.raises(DataError, match="'status' is"):
        frontcalc.convert(tmp_path / "tidy", archive=archive)
    assert not (tmp_path / "tidy").exists()
    assert "UNNAMED" in codes(frontcalc.list_archive(archive=archive))
    found = {row.code: row.severity for row in frontcalc.check_archive(archive=archive).rows}
    assert found["NO-LAYER"] == "error"


def test_what_is_known_of_a_map_is_the_same_from_the_cache(tmp_path: Path) -> None:
    archive = maps(tmp_path / "maps", WAR, LATER)
    for _ in range(2):
        with pytest.raises(DataError, match="'status' is"):
            total(archive, cache=tmp_path / "cache")


# Publishers' own maps, as published.


def test_isws_maps_as_published_are_one_archive_whatever_it_calls_its_layers(tmp_path: Path) -> None:
    control = ("UkraineControlMapAO{day:%d%b%Y}", "VIEW_RussiaCoTinUkraine_V3 {day}")
    advances = ("AssessedRussianAdvancesinUkraine{day:%b%d%Y}", "MDS_AssessedRussianAdvanceInUkraine_view {day}")
    kursk = (
        "Kursk Incursion Claimed Limit of Ukrainian Advance {day}",
        "Ukrainian Advances in Russia {day}",
        "Claimed_Limit_of_Ukrainian_Advance_VIEW {day}",
    )
    for number in range(9):
        day = date(2025, 6, 1) + timedelta(days=7 * number)
        drawn = {control[number % 2]: (0, 0), advances[number % 2]: (1 + number, 0)}
        if number < 4:
            drawn[kursk[number % 3]] = (20 + number, 0)
        for name, at in drawn.items():
            write(tmp_path / "maps" / str(day) / f"{name.format(day=day)}.geojson", [({}, at)])
    options = {"archive": tmp_path / "maps", "by": "none"}
    russia = frontcalc.diff(["2025-06-01..2025-07-27"], **options)
    assert (russia.rows[-1].gained_km2, russia.rows[-1].lost_km2) == (pytest.approx(100.0), pytest.approx(100.0))
    assert not {"UNNAMED", "UNKNOWN-LAYER", "LAYER-MISSING"} & set(codes(russia))
    ukraine = frontcalc.series(**options, actor="Ukraine")
    assert [row.held_km2 and round(row.held_km2) for row in ukraine.rows] == [100] * 4 + [None] * 5
    assert codes(ukraine).count("ENDED") == 1


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "period", "actor"),
    [
        ("deepstate-daily", "2024-08-01..2024-08-08", "Russia"),
        ("nzz-daily", "2024-01-08..2024-01-15", "Russia"),
        ("isw-weekly", "2024-08-04..2024-08-25", "Ukraine"),
        ("isw-raw-daily", "2023-06-10..2023-06-12", "Russia"),
        ("isw-weekly-topojson", "2024-10-06..2024-10-20", "Russia"),
    ],
)
def test_no_publishers_archive_is_refused(shared: Path, name: str, period: str, actor: str) -> None:
    table = frontcalc.diff([period], archive=shared / "archives" / name, by="none", actor=actor)
    assert table.rows[-1].net_km2 is not None
    assert not {"UNNAMED", "ENDED", "OLD-MAP", "LATER-MAP"} & set(codes(table))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(-1, 1), ("+", "-"), ("A+", "A-"), ("Ukraine", "Ukraine?"), ("zone V1", "zone V2"), ("V1", "V2")],
)
def test_values_that_differ_by_a_sign_or_a_number_are_two(tmp_path: Path, ours: object, theirs: object) -> None:
    drawn = [({"status": ours}, (0, 0)), ({"status": theirs}, (1, 0))]
    archive = maps(tmp_path / "maps", drawn, [*drawn, ({"status": ours}, (2, 0))])
    meanings = {str(ours): "North control", str(theirs): "South control"}
    frontcalc.write_legend(archive, field="status", meanings=meanings)
    assert [round(total(archive, actor=actor).gained_km2) for actor in ("North", "South")] == [100, 0]


def test_a_value_that_is_not_explained_is_not_taken_for_one_that_is(tmp_path: Path) -> None:
    archive = maps(tmp_path / "maps", [({"status": 1}, (0, 0))], [({"status": 1}, (0, 0)), ({"status": -1}, (1, 0))])
    frontcalc.write_legend(archive, field="status", meanings={"1": "North control"})
    table = frontcalc.diff([PERIOD], archive=archive, by="none")
    assert table.rows[-1].gained_km2 == 0
    assert any("'-1' in 2024-02-01.geojson (100.0 km²)" in notice.message for notice in table.meta.notices)


def test_two_spellings_of_a_layer_in_one_file_are_one_layer(tmp_path: Path) -> None:
    first = [({"layer": "control_map"}, (0, 0)), ({"layer": "Control Map"}, (1, 0))]
    archive = maps(tmp_path / "maps", first, [*first, ({"layer": "CONTROL_MAP"}, (2, 0))])
    row = total(archive, view="control")
    assert (round(row.opening_km2), round(row.gained_km2), round(row.lost_km2)) == (200, 100, 0)


def test_a_legend_with_two_meanings_of_one_name_is_refused() -> None:
    text = '[layers]\n"held" = {actor = "N", role = "control"}\n"Held" = {actor = "S", role = "control"}\n'
    with pytest.raises(DataError, match="'held' and 'Held' are two spellings of one name"):
        archive_config(text.encode())


def test_spellings_of_one_value_stop_nobody(tmp_path: Path) -> None:
    archive = maps(tmp_path / "maps", [({"status": "Held"}, (0, 0))], [({"status": "held "}, (0, 0))])
    assert total(archive).net_km2 == 0


def test_properties_that_hold_several_values_tell_too(tmp_path: Path) -> None:
    drawn = [({"style": {"fill": "red"}}, (0, 0)), ({"style": {"fill": "blue"}}, (1, 0))]
    with pytest.raises(DataError, match=r"'style' is .*red"):
        total(maps(tmp_path / "maps", drawn, drawn))


def test_a_property_is_found_in_any_spelling_and_either_form_of_unicode(tmp_path: Path) -> None:
    archive = maps(tmp_path / "maps", [({"Bei\u0306 Di": "a"}, (0, 0))], [({"bei\u0306_di": "a"}, (0, 0))])
    (archive / "frontcalc.toml").write_text('property = "be\u012d di"\n[layers]\na = {actor = "N", role = "control"}\n')
    assert total(archive, actor="N").opening_km2 == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("values", [("N", "S"), (True, False)])
def test_what_might_tell_is_counted_over_all_maps(tmp_path: Path, values: tuple[object, object]) -> None:
    drawn = [({"Сторона": value}, (place, 0)) for place, value in enumerate(values)]
    table = frontcalc.diff([PERIOD], archive=maps(tmp_path / "maps", drawn, drawn), by="none")
    assert any("not used: 'Сторона' is" in notice.message for notice in table.meta.notices)
    assert table.meta.counted == ("all polygons",)


def test_polygons_without_the_value_that_others_have_are_said(tmp_path: Path) -> None:
    drawn = [({"status": "occupied"}, (0, 0)), ({"status": None}, (1, 0)), ({}, (2, 0))]
    table = frontcalc.diff([PERIOD], archive=maps(tmp_path / "maps", drawn, drawn), by="none")
    said = "'status' is 'occupied' on 1 polygon, 100.0 km² / nothing on 2 polygons, 200.0 km²"
    assert any(said in notice.message for notice in table.meta.notices)


def test_a_name_that_deepstate_does_not_use_is_said_by_that_name(tmp_path: Path) -> None:
    drawn = [({"name": "Окуповано"}, (0, 0)), ({"name": "Херсон"}, (1, 0))]
    table = frontcalc.diff([PERIOD], archive=maps(tmp_path / "maps", drawn, drawn), by="none")
    assert any("'Херсон' in" in notice.message for notice in table.meta.notices)


def test_an_ended_layer_that_holds_nothing_stands_for_all_roles_that_it_had(tmp_path: Path) -> None:
    drawn = [({"layer": "control_map"}, (0, 0)), ({"layer": "kursk_ukrainian_advance"}, (1, 0))]
    archive = maps(tmp_path / "maps", drawn, drawn[:1])
    ended = 'actor = "Ukraine", role = "control", until = 2024-01-01, empty = true'
    (archive / "frontcalc.toml").write_text(f"[layers]\nkursk_ukrainian_advance = {{ {ended} }}\n")
    row = total(archive, actor="Ukraine")
    assert (row.gained_km2, round(row.lost_km2)) == (0, 100)


def test_two_files_without_days_are_explained_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_here: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    drawn = [({"side": "N"}, (0, 0)), ({"side": "S"}, (1, 0))]
    write(tmp_path / "before.geojson", drawn)
    write(tmp_path / "after.geojson", [*drawn, ({"side": "N"}, (2, 0))])
    refused = run_here("diff", "before.geojson", "after.geojson", "--by", "none")
    commands = "frontcalc archive explain before.geojson and frontcalc archive explain after.geojson"
    assert refused.returncode == 3
    assert commands in refused.stderr
    for name in ("before.geojson", "after.geojson"):
        assert run_here("archive", "explain", name).returncode == 0
        how = ("--property", "side", "--layer", "N=North control", "--layer", "S=South control")
        assert run_here("archive", "explain", name, *how).returncode == 0
    shown = run_here("diff", "before.geojson", "after.geojson", "--by", "none", "--format", "csv")
    assert shown.returncode == 0
    assert ",100.000,0.000," in shown.stdout


def test_what_was_explained_can_be_explained_again(tmp_path: Path) -> None:
    drawn = [({"side": "N"}, (0, 0)), ({"side": "S"}, (1, 0))]
    archive = maps(tmp_path / "maps", drawn, drawn)
    frontcalc.write_legend(archive, field="side", meanings={"N": "North control"}, ignore=())
    frontcalc.write_legend(archive, field="side", meanings={"N": "West control"}, force=True)
    assert total(archive).actor == "West"


def test_the_command_named_can_be_run_where_the_maps_lie_deeper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_here: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    drawn = [({"side": "N"}, (0, 0)), ({"side": "S"}, (1, 0))]
    maps(tmp_path / "data" / "my maps", drawn, drawn)
    refused = run_here("diff", PERIOD, "--archive", "data/my maps")
    assert 'frontcalc archive explain "data/my maps"' in refused.stderr


def test_an_archive_is_checked_with_its_legend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_here: Run) -> None:
    monkeypatch.chdir(tmp_path)
    drawn = [({"side": "N"}, (0, 0)), ({"side": "S"}, (1, 0))]
    archive = maps(tmp_path / "maps", drawn, drawn)
    frontcalc.write_legend(archive, field="side", meanings={"N": "N control"}, output=tmp_path / "n.toml")
    assert "NO-LAYER" in run_here("archive", "check", "--archive", "maps").stdout
    assert "NO-LAYER" not in run_here("archive", "check", "--archive", "maps", "--legend", "n.toml").stdout


def test_a_named_archives_legend_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "frontcalc.toml").write_text('[archives.war]\npath = "maps"\nlegend = 3\n')
    with pytest.raises(UsageError, match="legend is no path"):
        frontcalc.open_archive("war")


@pytest.mark.parametrize(
    ("field", "style"),
    [
        ("styleUrl", "<styleUrl>#{}</styleUrl>"),
        (
            "fill",
            "<Style><LineStyle><color>ff000000</color></LineStyle><PolyStyle><color>{}</color></PolyStyle></Style>",
        ),
    ],
)
@pytest.mark.parametrize("beside", ["", '<ExtendedData><Data name="note"><value>x</value></Data></ExtendedData>'])
def test_the_style_of_a_placemark_tells(tmp_path: Path, field: str, style: str, beside: str) -> None:
    def placemark(left: float, value: str) -> str:
        corners = [(left, 48), (left, 48.1), (left + 0.1, 48.1), (left + 0.1, 48), (left, 48)]
        ring = " ".join(f"{x},{y}" for x, y in corners)
        ground = f"<outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs>"
        return f"<Placemark>{style.format(value)}{beside}<Polygon>{ground}</Polygon></Placemark>"

    both = placemark(37, "a") + placemark(37.2, "b")
    text = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{both}</Document></kml>'
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / f"{FIRST}.kml").write_text(text)
    with pytest.raises(DataError, match=f"'{field}' is"):
        frontcalc.held([FIRST], archive=tmp_path / "maps", by="none")


@pytest.mark.parametrize("explained_first", [True, False])
def test_a_legend_of_ones_own_does_not_make_an_unexplained_map_comparable(
    tmp_path: Path, explained_first: bool
) -> None:
    explained, other = [({"side": "a"}, (0, 0))], [({"side": "c"}, (0, 0)), ({"side": "c"}, (1, 0))]
    archive = maps(tmp_path / "maps", *((explained, other) if explained_first else (other, explained)))
    (archive / "frontcalc.toml").write_text('property = "side"\n[layers]\na = {actor = "N", role = "control"}\n')
    with pytest.raises(DataError, match="the two cannot be compared"):
        total(archive)


TURNED = '[layers]\ncontrol_map = { actor = "Russia", role = "lost" }\n'
BY_COLOUR = 'property = "colour"\n[layers]\n"2" = { actor = "Ukraine", role = "control" }\n'


@pytest.mark.parametrize(("toml", "here"), [(TURNED, "Russia's lost"), (BY_COLOUR, "Ukraine's control")])
def test_an_archive_that_turns_known_layers_round_says_so(toml: str, here: str, tmp_path: Path) -> None:
    others = [({"layer": "UkraineControlMap"}, (2, 0)), ({"layer": "russian_advances"}, (4, 0))]
    drawn = [({"layer": "control_map", "colour": 2}, (0, 0)), *others]
    archive = maps(tmp_path / "maps", drawn, drawn)
    assert "OTHER-MEANING" not in codes(frontcalc.diff([PERIOD], archive=archive, by="none"))
    (archive / "frontcalc.toml").write_text(toml)
    for options in ({}, {"cache": "none"}):
        table = frontcalc.diff([PERIOD], archive=archive, by="none", actor="Russia", **options)
        (said,) = {one.message for one in table.meta.notices if one.code == "OTHER-MEANING"}
        assert said == f"'control_map' counts as {here}, as its legend says, not as Russia's control"
    assert "OTHER-MEANING" in codes(frontcalc.list_archive(archive=archive))


def test_an_archive_that_says_of_known_layers_what_they_mean_says_nothing(tmp_path: Path) -> None:
    drawn = [({"layer": "control_map"}, (0, 0)), ({"layer": "new"}, (2, 0))]
    archive = maps(tmp_path / "maps", drawn, drawn)
    meant = 'actor = "Russia", role = "control"'
    (archive / "frontcalc.toml").write_text(f"[layers]\ncontrol_map = {{ {meant} }}\nnew = {{ {meant} }}\n")
    assert "OTHER-MEANING" not in codes(frontcalc.diff([PERIOD], archive=archive, by="none"))


@pytest.mark.parametrize("option", [{"legend": "nowhere.toml"}, {"date_from": "folder"}])
def test_what_explains_an_archive_is_not_passed_over_for_the_sample(option: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"^--legend or --date-from: is for an archive of your own; name it with"):
        frontcalc.diff("2024", **option)  # type: ignore[arg-type]
