"""Claims held against maps: each verdict, the choice that is named, and the command."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from conftest import Run
from table_schema import json_schema

import frontcalc
from frontcalc.errors import DataError, UsageError
from frontcalc.outputs import render
from frontcalc.tables import ClaimRow

Write = Callable[..., Path]
BUNDLED = Path(__file__).parents[1] / "data" / "claims" / "bbc-2024-11.toml"

A, B, C, D, *REST = ((300 + column, 40 + row) for row in range(3) for column in range(3))


@pytest.fixture
def weekly(archive: Write) -> Path:
    """Return maps without layers: 100, 300, 400 and 900 km² on the Mondays of January 2024."""
    held = {1: [A], 8: [A, B, C], 15: [A, B, C, D], 22: [A, B, C, D, *REST]}
    return archive({f"2024-01-{day:02d}": {None: squares} for day, squares in held.items()})


@pytest.fixture
def layered(archive: Write) -> Path:
    """Return maps of two layers: of control 100, then 200 km², of advances 100, then 200, of which 100 overlap."""
    return archive(
        {
            "2024-02-01": {"control_map": [A], "russian_advances": [B]},
            "2024-03-01": {"control_map": [A, B], "russian_advances": [B, C]},
        }
    )


@pytest.fixture
def claims_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a claims file of tables."""

    def write(*tables: dict[str, object], top: str = "") -> Path:
        texts = [top]
        for number, table in enumerate(tables, start=1):
            lines = [f"{key} = {json.dumps(value)}" for key, value in ({"id": f"c{number}"} | table).items()]
            texts += ["[[claim]]", *lines]
        path = tmp_path / "claims.toml"
        path.write_text("\n".join(texts), encoding="utf-8")
        return path

    return write


@pytest.fixture
def check(claims_file: Callable[..., Path]) -> Callable[..., ClaimRow]:
    """Return a function that verifies one claim."""

    def verify(
        maps: Path, measure: str, period: str, value: float, *, regions: Path | None = None, **stated: object
    ) -> ClaimRow:
        path = claims_file({"measure": measure, "period": period, "value": value} | stated)
        (row,) = frontcalc.verify(path, archive=maps, regions=regions).rows
        return row

    return verify


Check = Callable[..., ClaimRow]


# --- measures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "period", "value", "computed"),
    [
        ("held", "2024-01-08", 300, 300),
        ("held", "2024-01-01..2024-01-10", 300, 300),
        ("net", "2024-01-08..2024-01-22", 600, 600),
        ("gained", "2024-01-08..2024-01-22", 600, 600),
        ("rate", "2024-01-08..2024-01-15", 14.3, 100 / 7),
        ("ratio", "2024-01-15..2024-01-22 / 2024-01-08..2024-01-15", 5, 5),
        ("ratio", "2024-01-08..2024-01-15 / 2024-01-15..2024-01-22", 0.2, 0.2),
    ],
)
def test_each_measure(check: Check, weekly: Path, measure: str, period: str, value: float, computed: float) -> None:
    row = check(weekly, measure, period, value)
    assert (row.verdict, row.computed) == ("agrees", pytest.approx(computed))
    assert row.difference == pytest.approx(computed - value, abs=1e-6)


def test_gained_and_lost_are_between_the_ends_and_gross_is_over_every_map(check: Check, archive: Write) -> None:
    # C comes and goes, B goes and comes back: the ends are the same.
    held = {1: [A, B], 8: [A, C], 15: [A, B], 22: [A, B, D]}
    maps = archive({f"2024-01-{day:02d}": {None: squares} for day, squares in held.items()})
    period = "2024-01-01..2024-01-22"
    for measure, value in (("gained", 100), ("lost", 0), ("gross_gained", 300), ("gross_lost", 200)):
        row = check(maps, measure, period, value)
        assert (measure, row.verdict, row.computed) == (measure, "agrees", pytest.approx(value, abs=1e-6))


# --- two figures in one, and maps of other days ------------------------------------------------------------------


@pytest.fixture
def two_sided(archive: Write) -> Path:
    """Russia gains two squares; Ukraine holds three squares in Russia, then one."""
    kursk = [(340, 1071), (341, 1071), (342, 1071)]
    both = {"russian_advances": [None], "kursk_ukrainian_advance": kursk}
    return archive(
        {
            "2023-12-31": {"control_map": [A], "russian_advances": [None]},
            "2024-08-25": {"control_map": [A, B]} | both,
            "2024-12-31": {"control_map": [A, B, C]} | both | {"kursk_ukrainian_advance": kursk[:1]},
        }
    )


def with_plus(folder: Path, plus: str, *, value: float = 400, measure: str = "net") -> Path:
    """Write a claim of 2024 that counts a second figure."""
    path = folder / "plus.toml"
    path.write_text(f'[[claim]]\nid = "a"\nmeasure = "{measure}"\nperiod = 2024\nvalue = {value}\nplus = {plus}\n')
    return path


def test_a_claim_may_count_what_another_lost_since_a_day(two_sided: Path, tmp_path: Path) -> None:
    path = with_plus(tmp_path, '{actor = "Ukraine", period = "2024-08-25..2024", sign = "-"}')
    (row,) = frontcalc.verify(path, archive=two_sided).rows
    assert (row.verdict, row.computed, row.added) == ("agrees", pytest.approx(400), pytest.approx(200))
    assert row.reason == (
        "fits 399.5 to 400.5 km²; of it are 200 and 200, the latter of Ukraine in 2024-08-25..2024, the other way round"
    )
    path = with_plus(tmp_path, '{actor = "Ukraine"}', value=300)
    (row,) = frontcalc.verify(path, archive=two_sided).rows
    assert (row.verdict, row.computed, row.added) == ("agrees", pytest.approx(300), pytest.approx(100))


@pytest.mark.parametrize(
    ("plus", "measure", "said"),
    [
        ('"Ukraine"', "net", "write whose figure is added, as in"),
        ('{period = "2024"}', "net", "write whose figure is added, as in"),
        ('{actor = "Ukraine", view = "control"}', "net", "write whose figure is added, as in"),
        ('{actor = "Ukraine", sign = "±"}', "net", "choose +, -"),
        ('{actor = "Ukraine", period = "2024 / 2023"}', "net", "is of several periods; name one"),
        ('{actor = "Ukraine"}', "rate", "nothing is added to a rate, only to areas"),
    ],
)
def test_a_second_figure_that_cannot_be_meant(plus: str, measure: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape(said)):
        frontcalc.verify(with_plus(tmp_path, plus, measure=measure))


def test_maps_too_far_from_the_days_of_a_claim_do_not_decide_it(check: Check, archive: Write) -> None:
    """February, of which the maps show 26 January to 23 February: five days off at the end."""
    maps = archive({"2025-01-26": {None: [A]}, "2025-02-23": {None: [A, B, C, D]}, "2025-03-30": {None: [A]}})
    row = check(maps, "net", "2025-02", 354)
    assert (row.verdict, row.computed) == ("too coarse", pytest.approx(300))
    assert row.reason == (
        "the maps of 2025-01-26 and 2025-02-23 miss the days of 2025-02 by 18%; the claim allows 0.1%"
    )
    assert check(maps, "net", "2025-02", 354, tolerance="20%").verdict == "agrees"
    assert check(maps, "net", "2025-02", 354, qualifier="more than").verdict == "too coarse"


def test_another_actor_s_change_stands_in_a_line_and_in_no_figure(two_sided: Path, run_here: Run) -> None:
    table = frontcalc.diff(["2024", "2023-12-31..2024-08-25"], archive=two_sided)
    said = [str(notice) for notice in table.meta.notices if notice.code == "OTHER-ACTOR"]
    assert said == [
        "OTHER-ACTOR: 2024: Ukraine in Russia: +100.0 km², not in these figures (see --actor)",
        "OTHER-ACTOR: 2023-12-31..2024-08-25: Ukraine in Russia: +300.0 km², not in these figures (see --actor)",
    ]
    assert not any("OTHER-ACTOR" in row.notes for row in table.rows)
    everyone = frontcalc.diff(["2024"], archive=two_sided, actor="all")
    assert "OTHER-ACTOR" not in {notice.code for notice in everyone.meta.notices}


def test_a_layer_that_only_the_opening_map_lacks_is_no_gain_of_another(archive: Write) -> None:
    drawn = {"control_map": [A], "russian_advances": [None], "kursk_ukrainian_advance": [(325, 50)]}
    lacking = {name: squares for name, squares in drawn.items() if name != "kursk_ukrainian_advance"}
    maps = archive({"2024-09-01": drawn, "2024-09-08": lacking, "2024-09-15": drawn})
    table = frontcalc.diff(["2024-09-08..2024-09-15"], archive=maps)
    assert "OTHER-ACTOR" not in {notice.code for notice in table.meta.notices}


def test_square_miles(check: Check, weekly: Path) -> None:
    row = check(weekly, "held", "2024-01-08", 115.8, unit="mi2")
    assert (row.verdict, row.unit, row.computed) == ("agrees", "mi2", pytest.approx(300 / 1.609344**2))
    row = check(weekly, "rate", "2024-01-08..2024-01-15", 5.5, unit="mi2/day")
    assert (row.verdict, row.computed) == ("agrees", pytest.approx(100 / 7 / 1.609344**2))


def test_a_loss_is_negative(check: Check, archive: Write) -> None:
    maps = archive({"2024-01-01": {None: [A, B, C]}, "2024-01-08": {None: [A]}})
    assert check(maps, "net", "2024-01-01..2024-01-08", -200).verdict == "agrees"
    assert check(maps, "lost", "2024-01-01..2024-01-08", 200).verdict == "agrees"
    assert check(maps, "net", "2024-01-01..2024-01-08", -150, qualifier="more than").verdict == "agrees"


def test_a_region_and_the_share_of_its_land(claims_file: Callable[..., Path], weekly: Path, region_file: Write) -> None:
    regions = region_file({"North": [D, *REST[:3]], "South": [A, B, C]})
    path = claims_file(
        {"measure": "net", "period": "2024-01-08..2024-01-22", "value": 400, "region": "north"},
        {"measure": "share", "period": "2024-01-15", "value": 25, "region": "North"},
        {"measure": "share", "period": "2024-01-15", "value": 57.1},
    )
    rows = frontcalc.verify(path, archive=weekly, regions=regions, snap="none").rows
    assert [(row.verdict, row.region) for row in rows] == [
        ("agrees", "north"),
        ("agrees", "North"),
        ("agrees", "total"),
    ]
    assert [row.computed for row in rows] == [pytest.approx(figure) for figure in (400, 25, 400 / 7)]


def test_ground_that_is_snapped_to_a_region_is_no_part_of_its_share(
    check: Check, weekly: Path, region_file: Write
) -> None:
    # B is the region, and all of it is held; of A and C the kilometre beside it goes to it, since they are at sea.
    regions = region_file({"Middle": [B]})
    stated = {"region": "Middle", "regions": regions}
    assert check(weekly, "held", "2024-01-08", 120, qualifier="about", **stated).verdict == "agrees"
    assert check(weekly, "share", "2024-01-08", 100, **stated).verdict == "agrees"


def test_an_actor(claims_file: Callable[..., Path], archive: Write) -> None:
    maps = archive(
        {"2024-09-01": {"control_map": [A], "russian_advances": [B], "kursk_ukrainian_advance": [C, D, REST[0]]}}
    )
    held = {"measure": "held", "period": "2024-09-01"}
    path = claims_file(held | {"value": 300, "actor": "ukraine"}, held | {"value": 200})
    rows = frontcalc.verify(path, archive=maps).rows
    assert [(row.actor, row.verdict) for row in rows] == [("Ukraine", "agrees"), ("Russia", "agrees")]
    # An option is for claims that do not say whose.
    rows = frontcalc.verify(path, archive=maps, actor="Ukraine").rows
    assert [(row.actor, row.verdict) for row in rows] == [("Ukraine", "agrees"), ("Ukraine", "disagrees")]


# --- verdicts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "period", "value", "choice"),
    [
        ("held", "2024-03-01", 200, "in view control"),
        ("held", "2024-03-01", 400, "as the sum of the layers, overlaps counted twice"),
        ("net", "2024-02-01..2024-03-01", 200, "as the sum of the layers, overlaps counted twice"),
        ("rate", "2024-02-01..2024-03-01", 6.9, "as the sum of the layers, overlaps counted twice"),
    ],
)
def test_a_figure_that_depends_on_the_layers(
    check: Check, layered: Path, measure: str, period: str, value: float, choice: str
) -> None:
    row = check(layered, measure, period, value)
    assert row.verdict == "depends"
    assert choice in row.reason
    assert row.computed == pytest.approx({"held": 300, "net": 100, "rate": 100 / 29}[measure])


def test_the_layers_of_a_region_can_be_summed_too(
    claims_file: Callable[..., Path], layered: Path, region_file: Write
) -> None:
    # Of the two layers' 400 km² in March, 300 are in the east, 200 of them on the same ground.
    path = claims_file({"measure": "held", "period": "2024-03-01", "value": 300, "region": "East"})
    regions = region_file({"West": [A], "East": [B, C]})
    (row,) = frontcalc.verify(path, archive=layered, regions=regions, snap="none").rows
    assert (row.verdict, row.computed) == ("depends", pytest.approx(200))
    assert row.reason.startswith("300 km² as the sum of the layers")


def test_the_choice_that_a_claim_states_is_no_other(check: Check, layered: Path) -> None:
    row = check(layered, "held", "2024-03-01", 200, view="control")
    assert (row.verdict, row.view) == ("agrees", "control")
    row = check(layered, "held", "2024-03-01", 300, view="control")
    assert (row.verdict, "in view assessed" in row.reason) == ("depends", True)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (600, "600 km² with the closing map one later, that of 2024-01-22, which fits 599.5 to 600.5 km²"),
        (300, "300 km² with the opening map one earlier, that of 2024-01-01, which fits 299.5 to 300.5 km²"),
        (200, "200 km² with maps read a day earlier, which fits 199.5 to 200.5 km²"),
    ],
)
def test_a_figure_that_depends_on_the_maps(check: Check, weekly: Path, value: float, reason: str) -> None:
    row = check(weekly, "net", "2024-01-08..2024-01-15", value)
    assert (row.verdict, row.reason, row.computed) == ("depends", reason, pytest.approx(100))
    assert (str(row.opening), str(row.closing)) == ("2024-01-08", "2024-01-15")


def test_an_area_may_be_that_of_a_neighbouring_map(check: Check, weekly: Path) -> None:
    assert "400 km² with the map one later, that of 2024-01-15" in check(weekly, "held", "2024-01-08", 400).reason


def test_a_choice_is_made_for_both_periods_of_a_ratio(check: Check, weekly: Path) -> None:
    # A day earlier, the maps are those of 8 and 15 January, 100 km² apart, and of 1 and 8 January, 200 km² apart.
    row = check(weekly, "ratio", "2024-01-15..2024-01-22 / 2024-01-08..2024-01-15", 0.5)
    assert (row.verdict, row.computed) == ("depends", pytest.approx(5))
    assert row.reason.startswith("0.5 times with maps read a day earlier")


def test_no_map_after_the_claim_was_published_explains_it(check: Check, weekly: Path) -> None:
    row = check(weekly, "net", "2024-01-08..2024-01-15", 600, published="2024-01-20")
    assert row.verdict == "disagrees"
    assert check(weekly, "net", "2024-01-08..2024-01-15", 600, published="2024-01-22").verdict == "depends"


def test_a_figure_that_no_choice_gives(check: Check, weekly: Path) -> None:
    row = check(weekly, "net", "2024-01-08..2024-01-15", 700)
    assert row.verdict == "disagrees"
    assert row.reason == (
        "no choice fits 699.5 to 700.5 km²; nearest is 600 km² with the closing map one later, that of 2024-01-22"
    )
    row = check(weekly, "net", "2024-01-08..2024-01-15", 50, qualifier="less than")
    assert row.reason.endswith("nearest is 100 km² as stated")


def test_two_choices_are_never_made_at_once(check: Check, weekly: Path) -> None:
    # From the first map to the last it was 800 km², which takes another opening and another closing map.
    assert check(weekly, "net", "2024-01-08..2024-01-15", 800).verdict == "disagrees"


@pytest.mark.parametrize(
    ("measure", "period", "stated", "missing"),
    [
        ("held", "2023-12-31", {}, "the archive's first map is of 2024-01-01"),
        ("held", "2024-01-29", {}, "the archive's last map is of 2024-01-22"),
        ("net", "2023", {}, "the first complete map is after 2023-12-31"),
        ("net", "2024-01-09..2024-01-14", {}, "both ends are the map of 2024-01-08"),
        ("net", "2024", {}, "the archive's first map, 2024-01-01, stands for 2023-12-31; the archive's last map"),
        ("net", "2023-12-01..2024-01-22", {}, "the archive's first map, 2024-01-01, stands for 2023-12-01"),
        ("ratio", "2024-01-15..2024-01-22 / 2023", {}, "the first complete map is after 2023-12-31"),
        ("ratio", "2024-01-15..2024-01-22 / 2024-01-15..2024-01-16", {}, "both ends are the map of 2024-01-15"),
        ("held", "2024-01-08", {"actor": "Atlantis"}, "no map shows advance or control of Atlantis"),
        ("share", "2024-01-08", {}, "the region set draws no land that this could be a share of"),
    ],
)
def test_what_the_archive_lacks(
    check: Check, weekly: Path, measure: str, period: str, stated: dict[str, object], missing: str
) -> None:
    row = check(weekly, measure, period, 1, **stated)
    assert (row.verdict, row.computed, row.difference) == ("no data", None, None)
    assert missing in row.reason


def test_a_view_that_the_archive_never_has_is_no_data(check: Check, layered: Path) -> None:
    row = check(layered, "held", "2024-03-01", 300, view="claimed")
    assert (row.verdict, row.reason) == ("no data", "no map shows claimed of Russia, which view claimed counts")


def test_nothing_changed_has_no_ratio(check: Check, archive: Write) -> None:
    maps = archive({"2024-01-01": {None: [A]}, "2024-01-08": {None: [A]}, "2024-01-15": {None: [A, B]}})
    row = check(maps, "ratio", "2024-01-08..2024-01-15 / 2024-01-01..2024-01-08", 6)
    assert (row.verdict, "nothing changed in 2024-01-01..2024-01-08" in row.reason) == ("no data", True)


def test_claims_that_contradict_each_other_have_a_row_of_their_own(
    claims_file: Callable[..., Path], weekly: Path
) -> None:
    week = "2024-01-08..2024-01-15"
    path = claims_file(
        {"id": "total", "measure": "net", "period": week, "value": 100},
        {"id": "rate", "measure": "rate", "period": week, "value": 14.3},
        {"id": "wrong", "measure": "rate", "period": week, "value": 13.3, "tolerance": "10%"},
    )
    table = frontcalc.verify(path, archive=weekly)
    assert [(row.id, row.verdict) for row in table.rows] == [
        ("total", "agrees"),
        ("rate", "agrees"),
        ("wrong", "agrees"),
        ("wrong ↔ total", "disagrees"),
    ]
    last = table.rows[-1]
    assert last.reason == "the claims contradict each other: 100 km² in 7 days is 14.286 km² a day"
    assert (last.claimed, last.computed) == (13.3, pytest.approx(100 / 7))
    assert table.meta.counts == (("agrees", 3), ("disagrees", 1))


# --- files, regions and options ----------------------------------------------------------------------------------

HELD = {"measure": "held", "period": "2024-01-08", "value": 300}


def test_an_unknown_region_is_an_error_with_its_line(
    claims_file: Callable[..., Path], weekly: Path, region_file: Write
) -> None:
    path = claims_file(HELD, HELD | {"region": "Nroth"})
    with pytest.raises(DataError) as error:
        frontcalc.verify(path, archive=weekly, regions=region_file({"North": [A]}))
    assert str(error.value).startswith(
        "claims.toml, line 7: claim 'c2': no region is named 'Nroth'; did you mean North?"
    )


def test_the_archive_of_the_file_is_found_from_its_folder_and_the_option_beats_it(
    claims_file: Callable[..., Path], weekly: Path, layered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    path = claims_file(HELD, top=f'archive = "{weekly.name}"')
    assert frontcalc.verify(path).meta.archive == "maps"
    assert frontcalc.verify(path).rows[0].verdict == "agrees"
    other = frontcalc.verify(path, archive=BUNDLED.parents[1] / "sample_polygons")
    assert other.meta.archive == "sample_polygons"


def test_a_region_where_none_is_known_is_an_error_too(claims_file: Callable[..., Path], weekly: Path) -> None:
    with pytest.raises(DataError, match="line 2: claim 'c1': no adm1 regions are known for this place; fetch them"):
        frontcalc.verify(claims_file(HELD | {"region": "Kursk"}), archive=weekly)


@pytest.mark.parametrize("name", ["bbc-1999", "a\0b", "a" * 5000])
def test_a_name_that_is_no_file_lists_the_bundled_ones(name: str) -> None:
    with pytest.raises(DataError, match="does not exist; give a TOML file or a bundled name: bbc-2024-11"):
        frontcalc.verify(name)


@pytest.mark.parametrize("own", [{"only": "Donetsk"}, {"actor": "all"}])
def test_what_claims_say_themselves_is_no_option(
    claims_file: Callable[..., Path], weekly: Path, own: dict[str, object]
) -> None:
    with pytest.raises(UsageError):
        frontcalc.verify(claims_file(HELD), archive=weekly, **own)  # type: ignore[arg-type]


def test_a_wrong_option_is_no_lack_of_data(claims_file: Callable[..., Path], weekly: Path) -> None:
    with pytest.raises(UsageError, match="not equal-area"):
        frontcalc.verify(claims_file(HELD), archive=weekly, crs="EPSG:3857")


# --- the bundled claims, and the command -------------------------------------------------------------------------


def test_the_bundled_claims_hold_on_the_sample_by_construction(run_here: Run) -> None:
    done = run_here("verify", "bbc-2024-11", "--format", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert [(row["id"], row["verdict"]) for row in document["rows"]] == [
        (name, "agrees")
        for name in ("2024-so-far", "2023", "six-times", "autumn", "held", "kursk-first-month", "kursk-retaken")
    ]
    assert document["meta"]["counts"] == {"agrees": 7}
    assert document["meta"]["claims"]["name"] == BUNDLED.name
    assert "note SYNTHETIC" in done.stderr
    assert "SYNTHETIC SAMPLE and no real war" in done.stderr
    by_path = json.loads(run_here("verify", BUNDLED, "--format", "json").stdout)
    # Only the receipt says how the file was named.
    assert by_path["meta"].pop("receipt") != document["meta"].pop("receipt")
    assert by_path == document


def test_the_table_shows_verdicts_and_reasons(run_here: Run, claims_file: Callable[..., Path], layered: Path) -> None:
    held = {"measure": "held", "period": "2024-03-01"}
    path = claims_file(held | {"value": 400, "text": "it holds 400"}, held | {"value": 7}, held | {"value": 300})
    done = run_here("verify", path, "--archive", layered)
    assert done.returncode == 1
    assert done.stderr == "frontcalc: claims.toml: 1 of 3 disagree\n"
    lines = done.stdout.splitlines()
    assert lines[0] == "Claims of claims.toml · maps"
    assert lines[2].split() == ["c1", "depends", "2024-03-01", "400.0", "300.0", "−100.0", "km²"]
    assert (
        "c1 (held, Russia, assessed, exactly): 400 km² as the sum of the layers, overlaps counted twice,"
        " which fits 399.5 to 400.5 km² · «it holds 400»"
    ) in lines
    assert "verdicts: agrees 1, depends 1, disagrees 1" in lines


def test_the_exit_code_is_1_only_where_a_claim_disagrees(
    run_here: Run, claims_file: Callable[..., Path], weekly: Path
) -> None:
    def code(*tables: dict[str, object]) -> int:
        return run_here("verify", claims_file(*tables), "--archive", weekly).returncode

    assert code(HELD) == 0
    assert code(HELD, HELD | {"value": 400}, HELD | {"period": "2030-01-01"}) == 0
    assert code(HELD | {"value": 700}) == 1
    assert code(HELD | {"value": "700"}) == 3


def test_the_columns_begin_as_promised(run_here: Run, claims_file: Callable[..., Path], weekly: Path) -> None:
    done = run_here("verify", claims_file(HELD | {"text": "=1+1"}), "--archive", weekly, "--format", "csv")
    names, values = csv.reader(io.StringIO(done.stdout))
    assert names[:8] == ["id", "period", "claimed", "computed", "difference", "unit", "verdict", "reason"]
    assert values[:7] == ["c1", "2024-01-08", "300.000", "300.000", "0.000", "km2", "agrees"]
    assert values[names.index("text")] == "'=1+1"


def test_json_holds_to_its_schema(claims_file: Callable[..., Path], weekly: Path) -> None:
    # A claim with a date, one without data, and two that contradict each other.
    rate = {"measure": "rate", "period": "2024-01-08..2024-01-15", "value": 1}
    tables = (HELD | {"published": "2024-02-01"}, HELD | {"period": "2030-01-01"}, rate, rate | {"measure": "net"})
    table = frontcalc.verify(claims_file(*tables), archive=weekly)
    assert [row.verdict for row in table.rows] == ["agrees", "no data", "disagrees", "disagrees", "disagrees"]
    check = jsonschema.Draft202012Validator(json_schema(), format_checker=jsonschema.FormatChecker())
    check.validate(json.loads(render(table, "json")))


@pytest.mark.parametrize("form", ["csv", "json", "markdown", "xlsx", "parquet"])
def test_every_form_has_the_verdict(
    run_here: Run, claims_file: Callable[..., Path], weekly: Path, tmp_path: Path, form: str
) -> None:
    target = tmp_path / "out"
    path = claims_file(HELD | {"text": "<b>|text"})
    assert run_here("verify", path, "--archive", weekly, "--format", form, "-o", target).returncode == 0
    content = target.read_bytes()
    assert content
    if form not in ("xlsx", "parquet"):
        assert b"agrees" in content


def test_units_are_the_claims_own(run_here: Run) -> None:
    done = run_here("verify", "bbc-2024-11", "--units", "mi2")
    assert (done.returncode, "--units: each claim says its own unit" in done.stderr) == (2, True)
