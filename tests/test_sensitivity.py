"""How figures move with each assumption: on squares whose every figure can be told, and on real maps."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from conftest import Run, columns_and_later, square
from hypothesis import given
from hypothesis import strategies as st

import frontcalc
from frontcalc.crs import exact_area_km2
from frontcalc.errors import NoDataError
from frontcalc.outputs import WITH_REMARKS, WRITERS, render
from frontcalc.outputs.numbers import header
from frontcalc.outputs.sentences import about, reads_alike
from frontcalc.tables import DiffRow, RangeRow, SensitivityRow

Write = Callable[..., Path]

EXACT = "no projection, straight edges"


def strip(column: int, row: int) -> shapely.Polygon:
    """Return 0.5 km² along the foot of a square: 50 m in the projection, 56 m on the ground."""
    west, south, east, north = square(column, row).bounds
    return shapely.box(west, south, east, south + (north - south) / 200)


@pytest.fixture
def maps(archive: Write) -> Path:
    """A square is held; a second, and a strip, are gained in the year, one of them for a week only in its course."""
    return archive(
        {
            "2022-12-18": {"control_map": [], "russian_advances": [None]},
            "2022-12-25": {"control_map": [(300, 40)], "russian_advances": [None]},
            "2023-03-05": {"control_map": [(300, 40)], "russian_advances": [(305, 45), (306, 45)]},
            "2023-03-12": {"control_map": [(300, 40)], "russian_advances": [(305, 45)]},
            "2023-12-31": {"control_map": [(300, 40), strip(308, 45)], "russian_advances": [(305, 45)]},
            "2024-01-07": {"control_map": [(300, 40)], "russian_advances": [(305, 45), (301, 40), (301, 41)]},
        }
    )


def rows_by_choice(rows: tuple[SensitivityRow, ...]) -> dict[tuple[str, str], SensitivityRow]:
    return {(row.assumption, row.choice): row for row in rows}


def figures(row: Any) -> tuple[float | None, float | None, float | None]:
    return row.gained_km2, row.lost_km2, row.net_km2


@pytest.mark.parametrize(
    ("assumption", "choice", "gained", "lost", "matters"),
    [
        ("base", "as asked", 100.5, 0, ""),
        ("view", "control", 0.5, 0, "gained net"),
        ("opening", "one map earlier", 200.5, 0, "gained net"),
        ("opening", "one map later", 0.5, 100, "gained lost net"),
        ("closing", "one map earlier", 100, 0, ""),
        ("closing", "one map later", 300, 0, "gained net"),
        ("slivers", "under 50 m left out", 100.5, 0, ""),
        ("slivers", "under 100 m left out", 100, 0, ""),
        ("step", "gross, each snapshot", 200.5, 100, "gained lost"),
        ("step", "gross, each month", 100.5, 0, ""),
        ("edges", "not split", 100.5, 0, ""),
        ("ellipsoid", EXACT, 100.5, 0, ""),
        ("range", "least", 0.5, 0, "gained net"),
        ("range", "most", 300, 100, "gained lost net"),
    ],
)
def test_each_choice_has_the_figures_that_can_be_counted(
    assumption: str, choice: str, gained: float, lost: float, matters: str, maps: Path
) -> None:
    row = rows_by_choice(frontcalc.sensitivity("2023", archive=maps).rows)[assumption, choice]
    net = pytest.approx(gained - lost, abs=0.01)
    if assumption == "range":
        net = pytest.approx({"least": -99.5, "most": 300}[choice], abs=0.01)
    assert figures(row) == (pytest.approx(gained, abs=0.01), pytest.approx(lost, abs=0.01), net)
    assert row.matters == matters
    differences = (row.gained_difference_km2, row.lost_difference_km2)
    assert differences == pytest.approx((gained - 100.5, lost), abs=0.01)


def test_what_is_no_assumption_here_has_no_row(maps: Path) -> None:
    """No map shows claims, totals have no regions, and no file of regions was given."""
    rows = frontcalc.sensitivity("2023", archive=maps).rows
    assert {row.assumption for row in rows}.isdisjoint({"snap", "regions", "redefinitions"})
    assert [row.choice for row in rows if row.assumption == "view"] == ["control"]
    assert [row.in_range for row in rows if row.assumption in ("view", "step", "ellipsoid")] == [False] * 6


def test_a_map_that_the_archive_has_not_is_blank_and_said(maps: Path) -> None:
    rows = rows_by_choice(frontcalc.sensitivity("2022-12-25..2024-01-07", archive=maps).rows)
    row = rows["closing", "one map later"]
    assert (figures(row), row.closing, row.notes, row.matters) == ((None, None, None), None, "NO-MAP", "")


def test_both_ends_move_by_a_day_where_there_is_a_map_a_day(archive: Write) -> None:
    """A square more is held each day, on the third day two more."""
    grown = [(300 + step, 40) for step in range(6)]
    counts = {"2024-01-01": 1, "2024-01-02": 2, "2024-01-03": 4, "2024-01-04": 5, "2024-01-05": 6}
    held = {day: {"control_map": grown[:count], "russian_advances": [None]} for day, count in counts.items()}
    rows = rows_by_choice(frontcalc.sensitivity("2024-01-02..2024-01-04", archive=archive(held)).rows)
    assert figures(rows["base", "as asked"])[0] == pytest.approx(300, abs=0.01)
    assert figures(rows["both ends", "a day earlier"])[0] == pytest.approx(300, abs=0.01)
    assert figures(rows["both ends", "a day later"])[0] == pytest.approx(200, abs=0.01)
    assert rows["both ends", "a day later"].in_range


def test_both_ends_of_weekly_maps_do_not_move_by_a_day(maps: Path) -> None:
    assert not {row for row in frontcalc.sensitivity("2023", archive=maps).rows if row.assumption == "both ends"}


def test_between_neighbours_there_is_no_map_to_close_earlier(maps: Path) -> None:
    rows = rows_by_choice(frontcalc.sensitivity("2023-03-05..2023-03-12", archive=maps).rows)
    assert figures(rows["closing", "one map earlier"]) == (None, None, None)
    assert rows["opening", "one map later"].notes == "NO-NEW-MAP"
    assert rows["range", "least"].net_km2 == pytest.approx(-100, abs=0.01)


@pytest.fixture
def dropped(archive: Write) -> Path:
    """A square in the middle of what is held is left off one map and back on the next, while another is gained."""
    field = [(x, y) for x in range(300, 303) for y in range(40, 43)]
    without = [at for at in field if at != (301, 41)]
    return archive(
        {
            "2023-01-01": {None: field},
            "2023-02-01": {None: [*without, (310, 40)]},
            "2023-03-01": {None: [*field, (310, 40)]},
        }
    )


def test_suspected_redefinitions_are_left_out_in_turn(dropped: Path) -> None:
    table = frontcalc.sensitivity("2023-01-01..2023-02-01", archive=dropped)
    rows = rows_by_choice(table.rows)
    assert figures(rows["base", "as asked"]) == pytest.approx((100, 100, 0), abs=1e-3)
    without = rows["redefinitions", "suspected left out"]
    assert figures(without) == pytest.approx((100, 0, 100), abs=1e-3)
    assert (without.in_range, without.matters, without.notes) == (True, "lost net", "REDEFINITION")
    assert rows["range", "most"].net_km2 == pytest.approx(100, abs=1e-3)
    assert "REDEFINITION" in {notice.code for notice in table.meta.notices}
    (ranged,) = frontcalc.diff(["2023-01-01..2023-02-01"], archive=dropped, with_range=True).rows
    assert isinstance(ranged, RangeRow)
    assert ranged.lost_min_km2 == pytest.approx(0, abs=1e-3)


def test_other_projections_agree_on_long_edges(archive: Write) -> None:
    """A triangle of 5° and more: its edges must be split, and geodesics are not its edges."""
    triangle = shapely.Polygon([(31, 45), (36, 46), (35, 51)])
    maps = archive({"2023-01-01": {None: [(300, 40)]}, "2023-02-01": {None: [(300, 40), triangle]}})
    rows = rows_by_choice(frontcalc.sensitivity("2023-01-01..2023-02-01", archive=maps, by="none").rows)
    base, exact = rows["base", "as asked"], rows["ellipsoid", EXACT]
    assert base.gained_km2 == pytest.approx(exact.gained_km2, abs=0.002)
    (laea,) = [row for row in rows.values() if row.assumption == "projection"]
    assert laea.choice.startswith("+proj=laea ")
    assert laea.gained_km2 == pytest.approx(exact.gained_km2, abs=0.002)
    assert abs(rows["edges", "not split"].gained_difference_km2 or 0) > 10
    assert abs(rows["ellipsoid", "no projection, geodesic edges"].gained_difference_km2 or 0) > 10
    assert rows["edges", "split 100 times finer"].gained_km2 == pytest.approx(exact.gained_km2, abs=1e-4)


@pytest.fixture
def split(region_file: Write) -> Path:
    return region_file({"west": [(300, 40), (301, 40)], "north": [(305, 45), (306, 45), (305, 46)]})


def test_regions_have_blocks_of_their_own_and_snapping_matters_there_alone(maps: Path, split: Path) -> None:
    rows = frontcalc.sensitivity("2024-W01", archive=maps, regions=split).rows
    regions = list(dict.fromkeys(row.region for row in rows))
    assert regions == ["north", "west", "unassigned", "total"]
    by_region = {region: rows_by_choice(tuple(row for row in rows if row.region == region)) for region in regions}
    # A strip of 1 km along ten is snapped: 9 km², since the projection draws a kilometre north as 0.9 there.
    assert by_region["west"]["base", "as asked"].gained_km2 == pytest.approx(109, abs=0.1)
    assert by_region["west"]["snap", "none"].gained_km2 == pytest.approx(100, abs=0.01)
    assert by_region["unassigned"]["snap", "none"].gained_km2 == pytest.approx(100, abs=0.01)
    assert by_region["total"]["snap", "none"].gained_difference_km2 == pytest.approx(0, abs=1e-6)
    assert ("ellipsoid", EXACT) not in by_region["west"]


def test_only_one_region_is_one_block(maps: Path, split: Path) -> None:
    table = frontcalc.sensitivity("2023", archive=maps, regions=split, only="north")
    shown = render(table, "table").decode()
    assert shown.count("base        as asked") == 1
    assert shown.startswith("north of 2023: ")
    assert "  2023  the total is of the rows shown\n" in shown
    assert not [row for row in table.rows if row.assumption == "ellipsoid"]


def test_the_embedded_regions_are_another_choice_beside_a_file_and_matched_by_code(
    archive: Write, tmp_path: Path
) -> None:
    gained = shapely.box(38, 48, 38.1, 48.1)
    maps = archive(
        {
            "2023-01-01": {"control_map": [None], "russian_advances": [None]},
            "2023-02-01": {"control_map": [gained], "russian_advances": [None]},
        }
    )
    # Half of what was gained lies in the file's region, all of it in the embedded Donetsk of the same code.
    outline = json.loads(shapely.to_geojson(shapely.box(37.5, 47.5, 38.05, 48.5)))
    feature = {"type": "Feature", "properties": {"name": "East", "iso_3166_2": "UA-14"}, "geometry": outline}
    regions = tmp_path / "regions.geojson"
    regions.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    table = frontcalc.sensitivity("2023-01-01..2023-02-01", archive=maps, regions=regions, only="East", snap="none")
    with_codes = rows_by_choice(tuple(row for row in table.rows if row.region == "East"))
    whole = exact_area_km2(gained)
    assert with_codes["base", "as asked"].gained_km2 == pytest.approx(whole / 2, rel=1e-6)
    assert ("regions", "ukraine-adm1") not in with_codes, "the embedded set has no East to choose"
    table = frontcalc.sensitivity("2023-01-01..2023-02-01", archive=maps, regions=regions, snap="none")
    east = rows_by_choice(tuple(row for row in table.rows if row.region == "East"))
    assert east["regions", "ukraine-adm1"].gained_km2 == pytest.approx(whole, rel=1e-6)


def test_a_period_without_two_maps_is_no_data(maps: Path) -> None:
    with pytest.raises(NoDataError, match="no change can be measured in 2026: your maps run"):
        frontcalc.sensitivity("2026", archive=maps)


@pytest.mark.parametrize("form", [form for form, (_, _, holds) in WRITERS.items() if holds == "text"])
def test_every_form_shows_it(form: str, maps: Path) -> None:
    text = render(frontcalc.sensitivity("2023", archive=maps), form).decode()
    assert "one map later" in text
    assert form not in WITH_REMARKS or "range: over the choices open to argument, each by itself" in text


def test_csv_has_whole_words_for_what_is_in_range(maps: Path) -> None:
    lines = list(csv.DictReader(io.StringIO(render(frontcalc.sensitivity("2023", archive=maps), "csv").decode())))
    assert {line["assumption"]: line["in_range"] for line in lines if line["assumption"] in ("view", "closing")} == {
        "view": "false",
        "closing": "true",
    }


def test_the_command_says_what_matters(maps: Path, run_here: Run) -> None:
    done = run_here("sensitivity", "2023", "--archive", maps, "--notes", "all")
    assert done.returncode == 0
    assert "view        control" in done.stdout
    assert "note RANGE: each by itself: " in done.stdout
    assert run_here("sensitivity", "2023", "2024", "--archive", maps).returncode == 2


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_figures_read_alike_where_a_newspaper_would_print_the_same(one: float, other: float) -> None:
    same = about(one) == about(other) and ((one < 0) == (other < 0) or max(abs(one), abs(other)) < 0.05)
    assert reads_alike(one, other) == reads_alike(other, one)
    assert reads_alike(one, one)
    if not same:
        assert not reads_alike(one, other)


# The range beside figures of diff.


def test_columns_of_a_range_are_those_of_diff_and_six_more() -> None:
    (first, later), (of_range, last) = columns_and_later(DiffRow), columns_and_later(RangeRow)
    of_gained, of_lost, of_net = ([f"{name}_{end}_km2" for end in ("min", "max")] for name in ("gained", "lost", "net"))
    assert (of_range, last) == ([*first, *of_gained, *of_lost, *of_net], later)
    assert list(header(RangeRow)) == [*of_range, *last]


def test_diff_has_the_range_of_sensitivity(maps: Path, split: Path) -> None:
    ranged = frontcalc.diff(["2023"], archive=maps, regions=split, with_range=True)
    ends = [row for row in frontcalc.sensitivity("2023", archive=maps, regions=split).rows if row.assumption == "range"]
    least, most = ({row.region: row for row in ends if row.choice == choice} for choice in ("least", "most"))
    assert ranged.kind is RangeRow
    for row in ranged.rows:
        assert isinstance(row, RangeRow)
        assert (row.gained_min_km2, row.lost_min_km2, row.net_min_km2) == figures(least[row.region])
        assert (row.gained_max_km2, row.lost_max_km2, row.net_max_km2) == figures(most[row.region])
        assert row.net_min_km2 <= row.net_km2 <= row.net_max_km2  # type: ignore[operator]
    assert [notice.code for notice in ranged.meta.notices].count("RANGE") == 1


def test_a_range_changes_no_figure_and_comes_only_when_asked_for(maps: Path) -> None:
    plain, ranged = (frontcalc.diff(["2023", "2024-W01"], archive=maps, with_range=asked) for asked in (False, True))
    assert plain.kind is DiffRow
    same = [tuple(getattr(row, name) for name in plain.columns) for row in ranged.rows]
    assert same == plain.values()
    assert "RANGE" not in {notice.code for notice in plain.meta.notices}


def test_a_range_names_every_file_that_it_rests_on(maps: Path) -> None:
    files = [file.name for file in frontcalc.diff(["2023"], archive=maps, with_range=True).meta.files]
    assert files == sorted(files)
    assert {"2022-12-18.geojson", "2022-12-25.geojson", "2023-12-31.geojson", "2024-01-07.geojson"} <= set(files)


def test_two_files_have_a_range_without_neighbours(maps: Path, run_here: Run) -> None:
    first, last = maps / "2022-12-25.geojson", maps / "2023-12-31.geojson"
    done = run_here("diff", first, last, "--range", "--format", "json")
    (row,) = json.loads(done.stdout)["rows"]
    assert (row["net_min_km2"], row["net_max_km2"]) == pytest.approx((100, 100.5), abs=0.01)


def test_a_range_is_of_no_map(maps: Path, run_here: Run) -> None:
    done = run_here("diff", "2023", "--range", "--format", "geojson", "--archive", maps)
    assert done.returncode == 2
    assert "--range is of figures" in done.stderr


def test_a_range_in_the_table(maps: Path, run_here: Run) -> None:
    shown = run_here("diff", "2023", "--range", "--archive", maps).stdout.splitlines()
    assert shown[3].split() == ["region", "gained", "lost", "net", "net", "from", "net", "to"]
    assert shown[4].split() == ["total", "100.5", "0.0", "+100.5", "−99.5", "+300.0"]
