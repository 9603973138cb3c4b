"""The transition matrix between roles: known squares, and laws for any of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import shapely
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st

import frontcalc
from frontcalc.change import step
from frontcalc.change.roles import between, by_precedence
from frontcalc.errors import FrontcalcError
from frontcalc.layers import Role
from frontcalc.regions import RegionSet, no_regions
from frontcalc.tables import FlowRow

Write = Callable[..., Path]
PERIOD = "2024-01-01..2024-01-31"
CONTROL, ADVANCE, CLAIMED, NOTHING = "control", "advance", "claimed", "none"


@pytest.fixture
def maps(archive: Write) -> Path:
    """Square 0 stays control; 1 moves from advance to control; 2 is new advance; 3 is lost; 4 is advance anew."""
    return archive(
        {
            "2024-01-01": {"control_map": [(0, 0), (3, 0)], "russian_advances": [(1, 0)]},
            "2024-01-31": {"control_map": [(0, 0), (1, 0)], "russian_advances": [(2, 0), (4, 0)]},
        }
    )


def matrix(rows: Iterable[FlowRow], region: str = "total") -> dict[tuple[str, str], float | None]:
    """Return the cells that are not zero."""
    return {
        (row.from_role, row.to_role): None if row.km2 is None else round(row.km2, 6)
        for row in rows
        if row.region == region and (row.km2 is None or round(row.km2, 6))
    }


def test_a_batch_move_from_advance_to_control_is_no_gain(maps: Path) -> None:
    table = frontcalc.flows([PERIOD], archive=maps)
    assert matrix(table.rows) == {
        (CONTROL, CONTROL): 100,
        (CONTROL, NOTHING): 100,
        (ADVANCE, CONTROL): 100,
        (NOTHING, ADVANCE): 200,
    }
    (total,) = frontcalc.diff([PERIOD], archive=maps, by="none").rows
    assert (total.gained_km2, total.lost_km2) == pytest.approx((200, 100))
    control_only = frontcalc.diff([PERIOD], archive=maps, by="none", view="control").rows[0]
    assert control_only.net_km2 == pytest.approx(0), "control alone hides what changed"


def test_every_pair_of_roles_has_a_row_but_nothing_to_nothing(maps: Path) -> None:
    rows = frontcalc.flows([PERIOD], archive=maps).rows
    roles = [CONTROL, ADVANCE, NOTHING]
    assert [(row.from_role, row.to_role) for row in rows] == [
        (old, new) for old in roles for new in roles if not old == new == NOTHING
    ]
    assert {(row.level, row.region, row.view, row.days) for row in rows} == {("total", "total", "assessed", 30)}


def test_overlapping_layers_count_once_in_the_first_role(archive: Write) -> None:
    folder = archive(
        {
            "2024-01-01": {"control_map": [(0, 0)], "russian_advances": [(0, 0), (1, 0)]},
            "2024-01-31": {"control_map": [(0, 0)], "russian_advances": [(1, 0)]},
        }
    )
    table = frontcalc.flows([PERIOD], archive=folder)
    assert matrix(table.rows) == {(CONTROL, CONTROL): 100, (ADVANCE, ADVANCE): 100}
    first, second = table.meta.layer_shares
    assert dict(first.role_km2) == pytest.approx({CONTROL: 100, ADVANCE: 200})
    assert (first.overlap_km2, second.overlap_km2) == pytest.approx((100, 0))


def test_by_region_the_cells_add_up_to_the_total(maps: Path, region_file: Write) -> None:
    regions = region_file({"West": [(0, 0), (1, 0)], "East": [(2, 0), (3, 0)]})
    rows = frontcalc.flows([PERIOD], archive=maps, regions=regions, snap="none").rows
    assert matrix(rows, "West") == {(CONTROL, CONTROL): 100, (ADVANCE, CONTROL): 100}
    assert matrix(rows, "East") == {(CONTROL, NOTHING): 100, (NOTHING, ADVANCE): 100}
    assert matrix(rows, "unassigned") == {(NOTHING, ADVANCE): 100}
    for total in (row for row in rows if row.region == "total"):
        pair = (total.from_role, total.to_role)
        parts = [row.km2 for row in rows if row.region != "total" and (row.from_role, row.to_role) == pair]
        assert sum(filter(None, parts)) == pytest.approx(total.km2, abs=1e-6)


def test_the_view_names_more_roles_or_other_ones(archive: Write) -> None:
    names = {"control_map": [(0, 0)], "VIEW_ClaimedRussianTerritoryinUkraine_V2": [(1, 0)], "russian_advances": [None]}
    later = {**names, "russian_advances": [(1, 0)]}
    folder = archive({"2024-01-01": names, "2024-01-31": later})
    claimed = frontcalc.flows([PERIOD], archive=folder, view="claimed")
    assert matrix(claimed.rows) == {(CONTROL, CONTROL): 100, (CLAIMED, ADVANCE): 100}
    picked = frontcalc.flows([PERIOD], archive=folder, view="role:claimed")
    assert matrix(picked.rows) == {(CLAIMED, CLAIMED): 100}


def test_a_period_without_two_maps_is_blank_and_none_at_all_is_an_error(maps: Path) -> None:
    rows = frontcalc.flows([PERIOD, "2024-03"], archive=maps).rows
    assert {row.km2 for row in rows if row.period == "2024-03"} == {None}
    assert {row.notes for row in rows if row.period == "2024-03"} == {"CLOSES-EARLY NO-NEW-MAP"}
    with pytest.raises(frontcalc.NoDataError, match="no change can be measured in 2024-03: your maps"):
        frontcalc.flows(["2024-03"], archive=maps)
    with pytest.raises(frontcalc.UsageError, match="no period was given"):
        frontcalc.flows([], archive=maps)


def test_the_command_shows_a_matrix_with_margins(maps: Path, run_here: Run) -> None:
    done = run_here("flows", PERIOD, "--archive", maps)
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[1:6] == [
        "period region from \\ to control advance none all",
        f"{PERIOD} total control 100.0 0.0 100.0 200.0",
        "advance 100.0 0.0 0.0 100.0",
        "none 0.0 200.0 – 200.0",
        "all 200.0 200.0 100.0 –",
    ]
    assert f"{PERIOD}: gained 200.0, lost 100.0, net +100.0; held before and after in another role 100.0" in done.stdout
    assert "layers as drawn on the map of 2024-01-01: control 200.0, advance 100.0\n" in done.stdout


def test_csv_and_json_are_in_long_form(maps: Path, run_here: Run) -> None:
    rows = list(csv.DictReader(run_here("flows", PERIOD, "--archive", maps, "--format", "csv").stdout.splitlines()))
    assert ",".join(rows[0]) == (
        "archive,actor,period,level,region,opening,closing,days,view,from_role,to_role,km2,notes,attribution"
    )
    assert [row["km2"] for row in rows if (row["from_role"], row["to_role"]) == (ADVANCE, CONTROL)] == ["100.000"]
    document = json.loads(run_here("flows", PERIOD, "--archive", maps, "--format", "json").stdout)
    assert document["rows"][0]["km2"] == 100.0
    assert document["meta"]["layer_shares"][0]["role_km2"] == {"control": 200.0, "advance": 100.0}


def test_a_file_is_no_period(maps: Path, run_here: Run) -> None:
    done = run_here("flows", maps / "2024-01-01.geojson", "--archive", maps)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is no period" in done.stderr


squares = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=8)
grounds = st.fixed_dictionaries({Role.CONTROL: squares, Role.ADVANCE: squares, Role.CLAIMED: squares})


def united(cells: Iterable[tuple[int, int]]) -> shapely.MultiPolygon:
    """Return squares of 10 km in metres as one multipolygon."""
    merged = shapely.union_all([shapely.box(x * 1e4, y * 1e4, x * 1e4 + 1e4, y * 1e4 + 1e4) for x, y in cells])
    return shapely.MultiPolygon([part for part in shapely.get_parts(merged) if part.area])


def test_what_turned_by_role_and_region_on_squares() -> None:
    # Two regions of four squares; of the first map's two advances one is controlled already, and so no advance.
    halves = [shapely.box(0, 0, 2e4, 2e4), shapely.box(2e4, 0, 4e4, 2e4)]
    pieces, owner = np.array(halves, dtype=object), np.arange(2)
    split = RegionSet("adm1", ("East", "West"), pieces, 1 - owner, pieces, 1 - owner)
    old = {Role.CONTROL: united([(0, 0), (1, 0)]), Role.ADVANCE: united([(1, 0), (2, 0)])}
    new = {Role.CONTROL: united([(1, 0), (2, 0)]), Role.CLAIMED: united([(3, 0)])}
    held = united([(0, 0), (1, 0), (2, 0)]), united([(1, 0), (2, 0), (3, 0)])
    roles, km2 = between(old, new, *held, split)
    assert roles == ["control", "advance", "claimed", "none"]
    turned = {
        (roles[row], roles[column]): km2[row, column].tolist() for row, column in np.argwhere(km2[..., -1] > 0).tolist()
    }
    # In the east, the west, neither, and all.
    assert turned == {
        ("control", "control"): [0, 100, 0, 100],
        ("control", "none"): [0, 100, 0, 100],
        ("advance", "control"): [100, 0, 0, 100],
        ("none", "claimed"): [100, 0, 0, 100],
    }
    stated = r"200\.000000 km² of control, 100\.000000 by transitions; please report it with the two maps$"
    with pytest.raises(FrontcalcError, match=stated):
        between(old, new, held[0], held[0], split)


@settings(max_examples=40)
@given(grounds, grounds)
def test_margins_are_areas_and_net_is_that_of_the_change(
    before: dict[Role, set[tuple[int, int]]], after: dict[Role, set[tuple[int, int]]]
) -> None:
    old = {role: united(cells) for role, cells in before.items()}
    new = {role: united(cells) for role, cells in after.items()}
    held_old, held_new = (united(set().union(*ground.values())) for ground in (before, after))
    km2 = between(old, new, held_old, held_new, no_regions())[1][:, :, -1]
    assert km2.sum(axis=1)[:-1] == pytest.approx([part.area / 1e6 for part in by_precedence(old).values()])
    assert km2.sum(axis=0)[:-1] == pytest.approx([part.area / 1e6 for part in by_precedence(new).values()])
    change = step(held_old, held_new, no_regions())
    assert km2[-1].sum() == pytest.approx(change.gained_km2[-1])
    assert km2[:, -1].sum() == pytest.approx(change.lost_km2[-1])
    assert np.all(km2 >= 0)
    assert between(new, old, held_new, held_old, no_regions())[1][:, :, -1] == pytest.approx(km2.T)
