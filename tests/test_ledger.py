"""The ledger: each piece of ground once, with the days between which it was held, and figures that are sums over it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import geopandas
import numpy as np
import pytest
import shapely
from conftest import Run, examples, square
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

import frontcalc
from frontcalc import change, geometry
from frontcalc.change.pieces import by_place, cut_out, together, whole_places
from frontcalc.errors import DataError, FrontcalcError
from frontcalc.outputs import render
from frontcalc.regions import RegionSet, no_regions
from frontcalc.run.options import Options
from frontcalc.run.parallel import by_workers
from frontcalc.tables import LedgerRow

Write = Callable[..., Path]
A, B, C = (300, 40), (301, 40), (303, 40)
DAYS = ("2024-01-01", "2024-01-10", "2024-01-20", "2024-01-30")
HELD = ([A, B], [A, C], [A, B, C], [A, B])


@pytest.fixture
def maps(archive: Write) -> Path:
    """Return an archive in which A is held throughout, B lost and taken again, and C taken and lost."""
    return archive({day: {None: squares} for day, squares in zip(DAYS, HELD, strict=True)})


def written(rows: Sequence[LedgerRow]) -> list[tuple[str, str, str, float]]:
    """Return region, days of coming and going, and area of each row."""
    return [(row.region, str(row.held_from or ""), str(row.held_until or ""), round(row.ground_km2, 6)) for row in rows]


def test_ground_that_is_lost_and_taken_again_is_two_pieces(maps: Path, region_file: Write) -> None:
    regions = region_file({"west": [A, B], "east": [C]})
    table = frontcalc.ledger(archive=maps, regions=regions)
    assert written(table.rows) == [
        ("west", "", "", 100.0),
        ("west", "", "2024-01-10", 100.0),
        ("east", "2024-01-10", "2024-01-30", 100.0),
        ("west", "2024-01-20", "", 100.0),
    ]
    first, lost, east, again = table.rows
    assert [(row.came_files, row.went_files) for row in (first, lost, east)] == [
        ("2024-01-01.geojson", ""),
        ("2024-01-01.geojson", "2024-01-10.geojson"),
        ("2024-01-10.geojson", "2024-01-30.geojson"),
    ]
    assert shapely.symmetric_difference(again.geometry, square(*B)).area < 1e-8
    assert not any((row.came_sliver, row.went_sliver, row.came_fault, row.went_fault) != (False,) * 4 for row in table)


def test_a_period_opens_with_its_own_map(maps: Path) -> None:
    rows = frontcalc.ledger("2024-01-10..2024-01-20", archive=maps).rows
    assert written(rows) == [("", "", "", 200.0), ("", "2024-01-20", "", 100.0)]


def test_only_leaves_the_pieces_of_other_regions_out(maps: Path, region_file: Write) -> None:
    regions = region_file({"west": [A, B], "east": [C]})
    table = frontcalc.ledger(archive=maps, regions=regions, only="east")
    assert written(table.rows) == [("east", "2024-01-10", "2024-01-30", 100.0)]
    assert "ONLY" in {notice.code for notice in table.meta.notices}


def test_a_thin_strip_that_comes_and_a_part_that_it_goes_with_are_told_apart(archive: Write) -> None:
    west, _, east, north = square(*A).bounds
    strip = shapely.box(west, north, east, north + 0.0005)
    maps = archive({"2024-01-01": {None: [A]}, "2024-01-10": {None: [A, strip]}, "2024-01-20": {None: []}})
    (held, thin) = frontcalc.ledger(archive=maps).rows
    assert (held.came_sliver, held.went_sliver) == (False, False)
    # It went together with the square: what went then is one broad part.
    assert (thin.came_sliver, thin.went_sliver) == (True, False)
    drawn = frontcalc.summary(archive=maps, gross=True, by="none").rows[-1]
    assert drawn.sliver_gained_km2 == pytest.approx(thin.ground_km2, abs=1e-9)  # type: ignore[attr-defined]


def test_a_bay_that_the_map_drops_goes_by_a_fault(archive: Write) -> None:
    # In the open sea, on no land of the embedded regions, within the box of which the map lies.
    bay, front = shapely.box(31.0, 45.2, 31.3, 45.4), shapely.box(38.0, 48.0, 38.2, 48.2)
    maps = archive({"2024-01-01": {"Russia": [front, bay]}, "2024-01-10": {"Russia": [front]}})
    gone = [row for row in frontcalc.ledger(archive=maps, by="none").rows if row.held_until]
    assert [row.went_fault for row in gone] == [True]
    assert [row.came_fault for row in gone] == [False]


SETS = st.lists(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=8), min_size=2, max_size=5)


def ground(squares: set[tuple[int, int]]) -> shapely.MultiPolygon:
    boxes = [shapely.box(x * 1e4, y * 1e4, (x + 1) * 1e4, (y + 1) * 1e4) for x, y in sorted(squares)]
    return geometry.union(np.array(boxes, dtype=object))


@given(SETS)
def test_what_is_cut_out_step_by_step_is_what_each_map_and_step_shows(sets: list[set[tuple[int, int]]]) -> None:
    regions = no_regions()
    held, place = by_place(geometry.polygonal(ground(sets[0])), regions)
    for before, after in pairwise(sets):
        gained, lost = change.differences(ground(before), ground(after))
        went, of, part, left, of_left = cut_out(held, place, *by_place(geometry.polygonal(lost), regions))
        assert shapely.area(went).sum() / 1e8 == pytest.approx(len(before - after))
        assert len(of) == len(part) == len(went)
        kept = np.delete(held, np.union1d(of, of_left))
        held = np.concatenate([kept, left, by_place(geometry.polygonal(gained), regions)[0]])
        place = np.zeros(len(held), dtype=np.intp)
        whole = geometry.union(together(held, place)[0]) if len(held) else shapely.MultiPolygon()
        assert shapely.symmetric_difference(whole, ground(after)).area == pytest.approx(0)
        assert shapely.area(held).sum() / 1e8 == pytest.approx(len(after))


@settings(max_examples=examples(8))
@given(sets=SETS)
def test_sums_over_pieces_are_gross_gains_and_what_is_held_on_each_day(
    sets: list[set[tuple[int, int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, first = tmp_path_factory.mktemp("maps"), date(2024, 1, 1)
    days = [first + timedelta(days=place) for place in range(len(sets))]
    for day, squares in zip(days, sets, strict=True):
        shapes = [json.loads(shapely.to_geojson(square(300 + x, 40 + y))) for x, y in sorted(squares)]
        features = [{"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes]
        (folder / f"{day}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    rows = frontcalc.ledger(archive=folder, cache="none").rows
    for place, day in enumerate(days):
        here = [row for row in rows if not (row.held_from and row.held_from > day)]
        held = [row for row in here if not (row.held_until and row.held_until <= day)]
        assert math.fsum(row.ground_km2 for row in held) == pytest.approx(100 * len(sets[place]), abs=1e-5)
        came = math.fsum(row.ground_km2 for row in here if row.held_from)
        gross = sum(len(after - before) for before, after in pairwise(sets[: place + 1]))
        assert came == pytest.approx(100 * gross, abs=1e-5)


def test_what_was_not_held_cannot_be_cut_out() -> None:
    held, lost = (np.array([shapely.box(x, 0, x + 1e4, 1e4)], dtype=object) for x in (0, 5e3))
    place = np.zeros(1, dtype=np.intp)
    stated = r"100\.000000 km² lost, 50\.000000 of what was held; please report it with the two maps$"
    with pytest.raises(FrontcalcError, match=stated):
        cut_out(held, place, lost, place)


def test_ground_by_place_adds_up_to_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shapely.box([0], 0, [1e4], 1e4)
    nothing, none = np.empty(0, dtype=object), np.empty(0, dtype=np.intp)
    for lacking_m2, refused in ((900, False), (1_100, True)):
        less = np.array([shapely.box(0, 0, 1e4, 1e4 - lacking_m2 / 1e4)])
        monkeypatch.setattr(RegionSet, "cut", lambda *_, less=less: (less, nothing, none))
        if not refused:
            assert by_place(whole, no_regions())[1].tolist() == [0]
            continue
        with pytest.raises(FrontcalcError) as caught:
            by_place(whole, no_regions())
        assert caught.value.problem.endswith("itself: 100.000000 km² in all, 99.998900 by place")
        assert caught.value.cure == "please report it with the maps and the regions"


def test_ground_that_two_parts_of_a_step_took_from_one_piece_is_told_by_each() -> None:
    held, lost = np.array([shapely.box(0, 0, 4, 1)]), shapely.box([0, 3], 0, [1, 4], 1)
    went, of, part, left, of_left = cut_out(held, np.array([7]), lost, np.array([7, 7]))
    assert (of.tolist(), part.tolist(), of_left.tolist()) == ([0, 0], [0, 1], [0])
    assert shapely.equals(went, lost).all()
    assert shapely.equals(left, shapely.box([1], 0, [3], 1)).all()


def test_what_errs_is_cut_out_anew_on_a_grid_each_piece_by_what_it_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    overlays, grids = {name: getattr(shapely, name) for name in ("intersection", "difference")}, list[object]()

    def erring(name: str) -> Any:
        def overlay(one: Any, other: Any, grid_size: float | None = None) -> Any:
            grids.append(grid_size)
            # Without a grid nothing went and all is left, which adds up of each piece, and not of what was lost.
            off = shapely.Polygon() if name == "intersection" and grid_size is None else other
            return overlays[name](one, off, grid_size=grid_size)

        return overlay

    for name in overlays:
        monkeypatch.setattr(shapely, name, erring(name))
    held = shapely.box([0, 0], [0, 5e4], [4e4, 4e4], [1e4, 6e4])
    lost = shapely.box([0, 0], [0, 5e4], [1e4, 2e4], [1e4, 6e4])
    place = np.zeros(2, dtype=np.intp)
    went, of, part, left, of_left = cut_out(held, place, lost, place)
    assert (of.tolist(), part.tolist(), of_left.tolist()) == ([0, 1], [0, 1], [0, 1])
    assert shapely.area(went).tolist() == pytest.approx([1e8, 2e8])
    assert shapely.area(left).tolist() == pytest.approx([3e8, 2e8])
    assert grids == [None, None, 2.0**-20, 2.0**-20]


def test_places_have_no_lines_within_them_and_no_holes_as_thin_as_a_hair() -> None:
    # Two halves of a place that a hair of a square millimetre keeps apart, and one of another place.
    hair, north = shapely.Polygon([(1, 0.2), (1.000001, 0.5), (1, 0.8)]), shapely.box(0, 1, 2, 2)
    halves = [shapely.difference(shapely.box(0, 0, 1.000001, 1), hair), shapely.box(1.000001, 0, 2, 1)]
    pieces, owner = np.array([*halves, north], dtype=object), np.array([1, 1, 0])
    regions = whole_places(RegionSet("place", ("north", "south"), pieces, owner, pieces, owner))
    assert regions.owner.tolist() == [0, 1]
    assert shapely.get_num_interior_rings(regions.pieces).tolist() == [0, 0]
    assert shapely.area(regions.pieces).tolist() == pytest.approx([2, 2])


def test_parts_of_one_piece_that_touch_are_put_together_and_others_stay() -> None:
    polygons, of = together(shapely.box([0, 1, 5, 9], 0, [1, 2, 6, 10], 1), np.array([0, 0, 0, 1]))
    assert of.tolist() == [0, 0, 1]
    assert shapely.area(polygons).tolist() == [2, 1, 1]


@pytest.mark.parametrize("suffix", ["gpkg", "parquet", "geojson"])
def test_a_ledger_is_read_back_checked_and_the_same_bytes_twice(
    suffix: str, maps: Path, tmp_path: Path, run_here: Run
) -> None:
    file, again = tmp_path / f"war.{suffix}", tmp_path / f"again.{suffix}"
    for path, workers in ((file, "1"), (again, "2")):
        assert run_here("ledger", "--archive", maps, "--workers", workers, "-o", path).returncode == 0
    assert file.read_bytes() == again.read_bytes()
    layer: Any = {"layer": "ledger"} if suffix == "gpkg" else {}
    frame = geopandas.read_parquet(file) if suffix == "parquet" else geopandas.read_file(file, **layer)
    assert frame["ground_km2"].round(6).tolist() == [100.0] * 4
    assert frame.to_crs("EPSG:6933").area.round(-2).tolist() == [1e8] * 4
    assert [str(day)[:10] for day in frame["held_from"].dropna()] == ["2024-01-10", "2024-01-20"]
    checked = run_here("ledger", "--archive", maps, "--check", file)
    assert checked.returncode == 0
    assert re.search(r"its sums were compared with \d\d figures of series, summary, where", checked.stdout)


def measure(item: int, known: int) -> int:
    if item == known:
        raise FrontcalcError("cannot be measured")
    return item * known


@pytest.mark.parametrize("processes", [False, True])
def test_an_error_of_a_worker_is_said_by_the_command(processes: bool) -> None:
    options = Options(workers=2, processes=processes)
    assert list(by_workers(options, pow, range(1, 5), 2)) == [1, 4, 9, 16]
    with pytest.raises(FrontcalcError, match="cannot be measured"):
        list(by_workers(options, measure, range(4), 2))


def test_ground_whose_border_crosses_itself_by_a_hair_is_still_ground_taken_again(
    maps: Path, tmp_path: Path, run_here: Run
) -> None:
    file, hair = tmp_path / "war.geojson", 1e-10
    run_here("ledger", "--archive", maps, "-o", file)
    content = json.loads(file.read_text(encoding="utf-8"))
    west, south, east, north = square(*B).bounds
    middle = (west + east) / 2
    # A loop at the top runs the other way round than the square itself.
    loop = [[middle - hair, north], [middle, north + hair], [middle + hair, north - hair]]
    crossed = [[west, south], [east, south], [east, north], *loop, [west, north], [west, south]]
    again = next(one for one in content["features"] if str(one["properties"]["held_from"])[:10] == "2024-01-20")
    again["geometry"] = {"type": "MultiPolygon", "coordinates": [[crossed]]}
    file.write_text(json.dumps(content), encoding="utf-8")
    assert run_here("ledger", "--archive", maps, "--check", file).returncode == 0


def test_a_map_that_changed_since_is_told(maps: Path, archive: Write, tmp_path: Path, run_here: Run) -> None:
    file = tmp_path / "war.geojson"
    run_here("ledger", "--archive", maps, "-o", file)
    archive({"2024-01-20": {None: [A, B]}})
    done = run_here("ledger", "--archive", maps, "--check", file)
    assert done.returncode == 1
    assert "2024-01-20 total (unnamed): held_km2 300.0000 → 200.0000" in done.stdout
    assert "figures moved in" in done.stderr


def test_a_file_that_is_no_ledger_is_said(maps: Path) -> None:
    with pytest.raises(DataError, match=r"is no ledger: it lacks columns"):
        frontcalc.check_ledger(maps / "2024-01-01.geojson", archive=maps)


@pytest.mark.parametrize("suffix", ["gpkg", "parquet", "geojson"])
def test_a_ledger_of_other_maps_is_refused_in_a_line(suffix: str, maps: Path, tmp_path: Path, run_here: Run) -> None:
    file = tmp_path / f"war.{suffix}"
    run_here("ledger", "--archive", maps, "-o", file)
    done = run_here("ledger", "--check", file)
    assert (done.returncode, done.stdout) == (3, "")
    first, cure = "2024-01-01.geojson", "give the archive that it was made from with --archive"
    assert f"war.{suffix}: is of other maps (first file name {first}); {cure}" in done.stderr


def test_a_ledger_is_checked_where_some_of_its_maps_are_gone(maps: Path, tmp_path: Path, run_here: Run) -> None:
    file = tmp_path / "war.geojson"
    run_here("ledger", "--archive", maps, "-o", file)
    (maps / f"{DAYS[0]}.geojson").unlink()
    assert run_here("ledger", "--archive", maps, "--check", file).returncode == 0


def test_check_and_output_exclude_each_other(maps: Path, tmp_path: Path, run_here: Run) -> None:
    done = run_here("ledger", "--archive", maps, "--check", maps / "x.gpkg", "-o", tmp_path / "war.gpkg")
    assert done.returncode == 2
    assert "--check writes nothing" in done.stderr


def test_a_ledger_is_asked_for_a_file_and_says_what_draws_it(maps: Path, tmp_path: Path, run_here: Run) -> None:
    for more, said in (([], "write it to a file"), (["-o", tmp_path / "war.png"], "frontcalc map or plot for one")):
        done = run_here("ledger", "--archive", maps, *more)
        assert (done.returncode, said in done.stderr, done.stdout) == (2, True, "")


def test_the_readme_beside_has_columns_sources_and_queries_that_run(maps: Path, tmp_path: Path, run_here: Run) -> None:
    file = tmp_path / "war.parquet"
    run_here("ledger", "--archive", maps, "-o", file)
    readme = (tmp_path / "war.parquet.README.md").read_text(encoding="utf-8")
    names = parquet.read_schema(file).names
    assert [f"`{name}`" in readme for name in names if name != "bbox"] == [True] * (len(names) - 1)
    assert "- maps: maps, whose source is not stated\n- Towns: GeoNames" in readme
    assert "compares them with the maps. It needs what this ledger was made with: archive `" in readme
    queries = re.findall(r"^    SELECT .*?;$", readme, re.MULTILINE | re.DOTALL)
    assert len(queries) == 3
    held, brief, months = (duckdb.sql(query.replace("'war.parquet'", f"'{file}'")).fetchall() for query in queries)
    assert held == [("", pytest.approx(200))]
    assert brief == [("", "", pytest.approx(100))]
    assert months == [("2024-01", pytest.approx(200))]


@pytest.mark.shared
@pytest.mark.thorough(but=["deepstate-daily-2024-11-01..2024-11-07"])
@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("deepstate-daily", "2024-11-01..2024-11-07"),
        *((name, None) for name in ("isw-weekly", "deepstate-daily", "nzz-daily")),
    ],
)
def test_figures_of_real_archives_are_sums(name: str, period: Any, shared: Path, tmp_path: Path) -> None:
    folder, file = shared / "archives" / name, tmp_path / "war.geoparquet"
    file.write_bytes(render(frontcalc.ledger(period, archive=folder), "geoparquet"))
    drift = frontcalc.check_ledger(file, period, archive=folder)
    assert drift.moved == ()
    assert re.search(r"its sums were compared with [\d,]{3,} figures", drift.beside)


def test_rings_draw_what_is_held_at_the_end_by_the_month_of_its_taking(
    maps: Path, tmp_path: Path, run_here: Run
) -> None:
    file = tmp_path / "rings.svg"
    assert run_here("plot", "rings", "--archive", maps, "-o", file, "--size", "800x600").returncode == 0
    drawn = file.read_text(encoding="utf-8")
    assert set(re.findall(r'id="(start|fault|taken-\S+?|month-\S+?)"', drawn)) == {
        *("start", "taken-2024-01", "month-2024-01")
    }
    assert "100 km² held on 30 January 2024 were taken since 1 January 2024" in " ".join(drawn.split())
    table = frontcalc.ledger(archive=maps)
    assert frontcalc.picture(table).image("png") == frontcalc.picture(table).image("png")
