"""`where`: ground by the nearest town of its own country, on made-up squares, the sample and real archives."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import frontcalc
from frontcalc import crs, geometry
from frontcalc.cli import run
from frontcalc.errors import UsageError
from frontcalc.outputs import render
from frontcalc.regions import RegionSet
from frontcalc.regions.town_cells import split_by_towns
from frontcalc.tables import Table
from frontcalc.towns import Towns, radii_of

PLANE = "EPSG:6933"
SUMMED = ("gained_km2", "lost_km2", "net_km2", "gained_sliver_km2", "lost_sliver_km2")
Write = Callable[..., Path]
Box = tuple[float, float, float, float]


def towns_of(*listed: tuple[str, str, float, float, int]) -> Towns:
    """Return towns from name, country, longitude, latitude and people."""
    names, countries, lon, lat, people = zip(*listed, strict=True)
    sizes = np.array(people, dtype=np.int64)
    return Towns(names, np.array(countries), sizes, np.column_stack([lon, lat]), radii_of(sizes))


def set_of(drawn: Mapping[str, tuple[str, Sequence[Box]]]) -> RegionSet:
    """Return regions by name, each with its country and its boxes in degrees."""
    names = tuple(sorted(drawn))
    ground = [(place, box) for place, name in enumerate(names) for box in drawn[name][1]]
    pieces = geometry.project_polygons(
        np.array([shapely.box(*box) for _, box in ground]), crs.projector(crs.LONLAT, PLANE)
    )
    owner = np.array([place for place, _ in ground])
    return RegionSet("adm1", names, pieces, owner, pieces, owner, countries=tuple(drawn[name][0] for name in names))


def by_town(drawn: Mapping[str, tuple[str, Sequence[Box]]], towns: Towns, people: int = 5_000) -> dict[Any, float]:
    """Return the area (km²) of each region and town, a region's own name where it has none."""
    (parts,), pairs, _ = split_by_towns(
        {"drawn": set_of(drawn)}, towns, people, plane=PLANE, kept=lambda _, make: make()
    )
    assert len(pairs) == len(parts.names)
    return dict(zip(zip(parts.parents, parts.names, strict=True), parts.land_km2.tolist(), strict=True))


def area(west: float, south: float, east: float, north: float) -> float:
    box = geometry.project_polygons(np.array([shapely.box(west, south, east, north)]), crs.projector(crs.LONLAT, PLANE))
    return float(np.sum(geometry.area_km2(box)))


def test_ground_belongs_to_the_nearest_town_of_its_own_country_and_no_smaller_one() -> None:
    towns = towns_of(
        ("West", "AA", 30.25, 0.5, 9_000),
        ("East", "AA", 30.75, 0.5, 6_000),
        ("Hamlet", "AA", 30.5, 0.5, 900),
        ("Stranger", "BB", 30.9, 0.9, 90_000),
    )
    drawn = {"square": ("AA", [(30.0, 0.0, 31.0, 1.0)]), "beyond": ("CC", [(31.0, 0.0, 32.0, 1.0)])}
    half = area(30.0, 0.0, 30.5, 1.0)
    assert by_town(drawn, towns) == pytest.approx(
        {("square", "West"): half, ("square", "East"): half, ("beyond", "beyond"): area(31.0, 0.0, 32.0, 1.0)},
        abs=0.1,
    )
    # The hamlet's ground ends half-way to either town, once it is large enough.
    assert by_town(drawn, towns, people=900)["square", "Hamlet"] == pytest.approx(
        area(30.375, 0.0, 30.625, 1.0), abs=0.1
    )


def test_a_country_without_a_code_has_the_towns_that_lie_in_it() -> None:
    towns = towns_of(("Inside", "AA", 30.5, 0.5, 9_000), ("Outside", "AA", 31.5, 0.5, 9_000))
    whole = area(30.0, 0.0, 31.0, 1.0)
    for country in ("", "Far Land"):
        drawn = {"square": (country, [(30.0, 0.0, 31.0, 1.0)])}
        assert by_town(drawn, towns) == pytest.approx({("square", "Inside"): whole})


def test_a_town_beyond_the_180th_meridian_may_be_the_nearest() -> None:
    towns = towns_of(("Here", "AA", 178.0, 10.5, 9_000), ("Across", "AA", -179.8, 10.5, 9_000))
    got = by_town({"isles": ("AA", [(178.0, 10.0, 180.0, 11.0), (-180.0, 10.0, -179.0, 11.0)])}, towns)
    assert got["isles", "Here"] == pytest.approx(area(178.0, 10.0, 179.1, 11.0), abs=0.1)
    assert math.fsum(got.values()) == pytest.approx(area(178.0, 10.0, 180.0, 11.0) + area(-180, 10, -179, 11))


def test_no_ground_is_lost_near_a_pole_or_where_two_towns_are_in_one_place() -> None:
    towns = towns_of(("One", "AA", 10.0, 87.0, 9_000), ("Same", "AA", 10.0, 87.0, 8_000), ("Low", "AA", 5, 80, 9_000))
    got = by_town({"cap": ("AA", [(0.0, 79.0, 20.0, 88.0)])}, towns)
    assert math.fsum(got.values()) == pytest.approx(area(0.0, 79.0, 20.0, 88.0))
    assert {name for _, name in got} >= {"One", "Low"}
    assert ("cap", "Same") not in got


def distance_km(one: Sequence[float], other: Sequence[float]) -> float:
    return crs.way(one, other)[0]


places = st.tuples(st.floats(30.01, 33.99), st.floats(46.01, 49.99))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(places, st.sampled_from(["AA", "BB"])), min_size=1, max_size=12), places)
def test_parts_add_up_to_their_regions_and_a_point_has_the_nearest_town(
    listed: list[tuple[tuple[float, float], str]], point: tuple[float, float]
) -> None:
    towns = towns_of(*((f"T{n}", country, *at, 9_000) for n, (at, country) in enumerate(listed)))
    drawn = {
        "north": ("AA", [(30.0, 48.0, 34.0, 50.0)]),
        "south": ("AA", [(30.0, 46.0, 34.0, 48.0)]),
        "east": ("BB", [(34.0, 46.0, 36.0, 50.0)]),
    }
    base = set_of(drawn)
    (parts,), pairs, _ = split_by_towns({"drawn": base}, towns, 5_000, plane=PLANE, kept=lambda _, make: make())
    for place, name in enumerate(base.names):
        whole = float(np.sum(geometry.area_km2(base.pieces[base.owner == place])))
        assert math.fsum(parts.land_km2[pairs[:, 0] == place]) == pytest.approx(whole, abs=1e-6), name
    overlaps = shapely.STRtree(parts.pieces).query(parts.pieces, predicate="overlaps").T
    shared = [shapely.intersection(*parts.pieces[pair]).area for pair in overlaps]
    assert max(shared, default=0.0) < 1e-2
    # By the shortest ways on the ellipsoid, beside the border by what the Mercator projection errs.
    mine = sorted((distance_km(towns.points[n], point), n) for n, (_, country) in enumerate(listed) if country == "AA")
    if mine and (len(mine) == 1 or mine[1][0] - mine[0][0] > 5):
        at = shapely.Point(*crs.projector(crs.LONLAT, PLANE)(np.array([point]))[0])
        piece = shapely.STRtree(parts.pieces).query(at, predicate="intersects")
        assert {int(pairs[owner, 1]) for owner in parts.owner[piece]} == {mine[0][1]}


def check_sums(rows: Sequence[Any], total: Any) -> None:
    """Hold that rows, but for the last, are the total of `diff`."""
    for name in SUMMED:
        assert getattr(rows[-1], name) == pytest.approx(getattr(total, name), abs=1e-6), name
        assert math.fsum(getattr(row, name) for row in rows[:-1]) == pytest.approx(getattr(total, name), abs=1e-3), name


def check_months(archive: Path | None, whole: str, parts: Sequence[str]) -> None:
    """Hold that the nets of parts of a period, row by row, are those of the whole, and all rows the figures of diff."""
    sums: defaultdict[tuple[str, str], float] = defaultdict(float)
    for period in parts:
        for row in frontcalc.where(period, archive=archive).rows:
            sums[row.region, row.town] += row.net_km2 or 0.0
    table = frontcalc.where(whole, archive=archive)
    check_sums(table.rows, frontcalc.diff([whole], archive=archive).rows[-1])
    nets = {(row.region, row.town): row.net_km2 for row in table.rows}
    assert len(nets) == len(table.rows)
    for key in sums.keys() | nets.keys():
        assert sums[key] == pytest.approx(nets.get(key, 0.0), abs=1e-3), key


def test_rows_of_the_sample_add_up_to_diff_and_months_to_a_quarter() -> None:
    check_months(None, "2024-Q3", ["2024-07", "2024-08", "2024-09"])


@pytest.mark.thorough(but=["options0"])
@pytest.mark.parametrize("options", [{"only": "Donetsk"}, {"actor": "Ukraine"}, {"snap": "none"}, {"towns": 500}])
def test_rows_add_up_to_diff_with_other_options(options: dict[str, Any]) -> None:
    own = {name: value for name, value in options.items() if name != "towns"}
    total = frontcalc.diff(["2024-09"], **own).rows[-1]
    for connected in (False, True):
        table = frontcalc.where("2024-09", connected=connected, **options)
        check_sums(table.rows, total)
        drawn = frontcalc.where_changes("2024-09", connected=connected, **options).rows
        for kind in ("gained", "lost"):
            summed = math.fsum(row.km2 for row in drawn if row.kind == kind)
            assert summed == pytest.approx(getattr(total, f"{kind}_km2"), abs=1e-3)


@pytest.fixture(scope="module")
def october() -> Table[Any, Any]:
    """Return the towns of one month of the sample."""
    return frontcalc.where("2024-10")


def test_rows_are_largest_first_and_say_where_the_ground_lies(october: Table[Any, Any]) -> None:
    *rows, unassigned, total = october.rows
    assert [abs(row.net_km2 or 0) for row in rows] == sorted((abs(row.net_km2 or 0) for row in rows), reverse=True)
    assert (unassigned.region, total.region, total.town, total.lon) == ("unassigned", "total", "", None)
    first = rows[0]
    assert first.level == "town"
    assert first.direction in crs.WINDS
    assert first.opening <= first.half_from < first.half_to <= first.closing  # type: ignore[operator]
    frame = october.to_geoframe()
    assert shapely.get_coordinates(frame.geometry.iloc[0]).tolist() == [[first.lon, first.lat]]


def two_maps(archive: Write, drawn: Box, name: str = "maps") -> Path:
    """Write two maps of October 2024, on the second of which there is a box too."""
    far = shapely.box(36.0, 50.9, 36.1, 51.0)
    maps = {"2024-09-30": {"Russian control": [far]}, "2024-10-31": {"Russian control": [far, shapely.box(*drawn)]}}
    return archive(maps, name=name)


AROUND_SUDZHA = (35.1, 51.1, 35.4, 51.3)


def test_places_are_named_where_more_than_half_of_them_changed_hands(archive: Write) -> None:
    # A box around Sudzha's disc, and one that has only its eastern third.
    for drawn, inside in ((AROUND_SUDZHA, True), ((35.28, 51.1, 35.4, 51.3), False)):
        folder = two_maps(archive, drawn, f"maps{inside}")
        rows = frontcalc.where("2024-10", archive=folder).rows
        assert any("Sudzha" in row.places for row in rows) is inside


def test_the_table_sums_rows_after_the_top_and_files_have_all(
    october: Table[Any, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["where", "2024-10", "--top", "2", "-q"]) == 0
    lines = capfd.readouterr().out.splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith("nearest town"))
    shown = [line.split("  ")[0] for line in lines[head + 1 : head + 6]]
    table = october
    towns = [row.town for row in table.rows if row.town]
    assert shown == [*towns[:2], f"others ({len(towns) - 2})", "unassigned", "total"]
    assert "Towns: GeoNames (geonames.org), CC BY 4.0" in lines
    written = list(csv.DictReader(io.StringIO(render(table, "csv").decode())))
    assert [row["town"] for row in written] == [*towns, "", ""]
    document = json.loads(render(table, "json"))
    assert document["schema"] == "urn:frontcalc:schema:where:1"
    assert (document["meta"]["towns"], document["meta"]["top"], document["meta"]["connected"]) == (5000, 10, False)
    for form in ("markdown", "xlsx", "parquet"):
        assert render(table, form)


def test_a_sentence_names_the_towns_with_most_of_it(october: Table[Any, Any]) -> None:
    text = render(october, "sentence").decode()
    towns = [row.town for row in october.rows[:3]]
    assert text.startswith("SYNTHETIC SAMPLE")
    assert f"It grew most around {towns[0]} (about " in text
    assert f" and {towns[2]} (about " in text
    assert text.endswith("Towns: GeoNames (geonames.org), CC BY 4.0.\n")
    within = render(frontcalc.where("2024-10", only="Donetsk"), "sentence").decode()
    assert " in Donetsk grew by " in within


def test_the_sentence_of_diff_names_the_same_towns_where_it_is_asked_to() -> None:
    where = frontcalc.where("2024-10")
    table = frontcalc.diff("2024-10", with_towns=True)
    assert table.meta.most_around == where.meta.most_around
    assert [one.town for one in table.meta.most_around] == [row.town for row in where.rows[:3]]
    assert [one.net_km2 for one in table.meta.most_around] == pytest.approx([row.net_km2 for row in where.rows[:3]])
    named = render(where, "sentence").decode().partition("It grew most")[2].partition("Compared")[0]
    assert f"It grew most{named}Compared" in render(table, "sentence").decode()
    # Figures and their other forms are the same, and know no towns.
    plain = frontcalc.diff("2024-10")
    assert (plain.rows, plain.meta.most_around, plain.meta.credits) == (table.rows, (), plain.meta.attribution)
    assert render(plain, "csv") == render(table, "csv")
    assert "most around" not in render(plain, "sentence").decode()
    assert frontcalc.diff("2024-10", by="none", with_towns=True).meta.most_around == ()


def test_of_two_periods_each_has_its_towns_and_of_several_regions_none(capsysbinary: Any) -> None:
    assert run(["diff", "2024-09", "2024-10", "--format", "sentence", "-q"]) == 0
    text = capsysbinary.readouterr().out.decode()
    assert len(re.findall(r"\b2024 it grew most around \w+", text)) == 2
    one, two = (frontcalc.diff("2024-10", only=only, with_towns=True) for only in ("Donetsk", "Donetsk,Luhansk"))
    assert "It grew most around " in render(one, "sentence").decode()
    assert "most around" not in render(two, "sentence").decode()
    assert {town.town for town in one.meta.most_around} <= {row.town for row in frontcalc.where("2024-10").rows}


def test_ground_of_a_fault_counts_for_no_town(archive: Write) -> None:
    """A bay of the Syvash is dropped, and a strip of 0.2° by 0.1° beside Dzhankoi's town is lost to a front."""
    held, bay = shapely.box(33, 45.4, 34.5, 46.0), shapely.box(33.55, 45.86, 33.75, 45.96)
    strip = (34.3, 45.6, 34.5, 45.7)
    lost = held - bay - shapely.box(*strip)
    for name, ground, towns in (("both", lost, 1), ("bay", held - bay, 0)):
        maps = archive({"2024-01-01": {"control_map": [held]}, "2024-02-01": {"control_map": [ground]}}, name=name)
        table = frontcalc.diff("2024-02-01", archive=maps, view="control", with_towns=True)
        assert len([one for one in table.meta.notices if one.code == "REDEFINITION"]) == 1
        own = table.meta.towns_of(table.rows[-1])
        assert (len(own) >= towns, bool(own)) == (True, bool(towns)), own
        assert table.meta.credits[-1].startswith("Towns: GeoNames")
        if towns:
            assert sum(one.net_km2 for one in own) == pytest.approx(-area(*strip), rel=0.01)


def test_map_files_have_the_ground_of_each_row(october: Table[Any, Any], archive: Write, tmp_path: Path) -> None:
    assert run(["where", "2024-10", "-q", "-o", str(tmp_path / "where.geojson")]) == 0
    folder = two_maps(archive, AROUND_SUDZHA)
    for suffix in ("gpkg", "geoparquet"):
        place = tmp_path / f"where.{suffix}"
        assert run(["where", "2024-10", "-q", "--archive", str(folder), "-o", str(place)]) == 0
        assert place.stat().st_size > 1000
    drawn = json.loads((tmp_path / "where.geojson").read_text())
    rows = {row.town: row for row in october.rows if row.town}
    for own in (one["properties"] for one in drawn["features"]):
        if own["town"]:
            whole, thin = (getattr(rows[own["town"]], f"{own['kind']}{end}") for end in ("_km2", "_sliver_km2"))
            assert own["km2"] == pytest.approx(thin if own["sliver"] else whole - thin, abs=2e-3)


def test_a_map_has_the_numbers_of_the_first_rows_and_their_names_beside_it(archive: Write, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    scene = frontcalc.where_map("2024-10", top=4)
    figure = scene.plot(size="900x600")
    texts = {gid: [text.get_text() for text in figure.texts if text.get_gid() == gid] for gid in ("number", "list")}
    towns = [row.town for row in scene.table.rows[:4]]
    assert sorted(texts["number"]) == ["1", "2", "3", "4"]
    for place, town in enumerate(towns, start=1):
        assert f"{place}  {town}" in texts["list"]
    maps = ["--archive", str(two_maps(archive, AROUND_SUDZHA))]
    assert run(["where", "2024-10", *maps, "-q", "--size", "900x600", "-o", str(tmp_path / "where.png")]) == 0
    assert (tmp_path / "where.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match="is too small for 40 rows; give a larger one, or fewer with --top"):
        frontcalc.where_map("2024-10", top=40).plot(size="900x600")
    with pytest.raises(UsageError, match="one actor"):
        frontcalc.where_map("2024-10", actor="all")


@pytest.mark.parametrize("wrong", [["--size", "900x600"], ["--top", "3", "-o", "x.geojson"], ["--towns", "0"]])
def test_options_that_mean_nothing_are_refused(
    wrong: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["where", "2024-10", *wrong]) == 2
    assert not list(tmp_path.iterdir())


def test_the_same_bytes_whatever_the_cache_and_the_workers(archive: Write, tmp_path: Path) -> None:
    cache, folder = tmp_path / "cache", two_maps(archive, AROUND_SUDZHA)
    how: list[dict[str, Any]] = [{"cache": cache}, {"cache": cache, "workers": 1}, {"cache": "none"}]
    for connected in (False, True):
        tables = [frontcalc.where("2024-10", archive=folder, connected=connected, **one) for one in how]
        assert len(tables[0].rows) > (1 if connected else 3)
        written = {render(table, "csv") for table in tables}
        assert len(written) == 1


def test_wrong_numbers_and_no_regions_are_refused() -> None:
    for options in ({"towns": 0}, {"top": 0}, {"by": "none"}):
        with pytest.raises(UsageError):
            frontcalc.where("2024-10", **options)


def test_maps_where_no_regions_are_known_are_unsplit(archive: Write) -> None:
    folder = archive({"2024-01-01": {"Russian control": [(0, 0)]}, "2024-02-01": {"Russian control": [(0, 0), (1, 0)]}})
    for connected in (False, True):
        rows = frontcalc.where("2024-01-01..2024-02-01", archive=folder, connected=connected).rows
        assert rows[-1].gained_km2 == pytest.approx(100.0)
        assert len(rows) == (2 if connected else 1)


def test_towns_of_a_file_of_regions_without_countries(archive: Write, region_file: Write) -> None:
    folder = archive({"2024-01-01": {"Russian control": [(0, 0)]}, "2024-02-01": {"Russian control": [(0, 0), (1, 0)]}})
    regions_of = region_file({"A": [(0, 0), (1, 0)]})
    *rows, unassigned, total = frontcalc.where("2024-01-01..2024-02-01", archive=folder, regions=regions_of).rows
    # At sea there is no town: its ground stays with the region.
    assert [(row.town, row.region, row.gained_km2) for row in rows] == [("", "A", pytest.approx(100.0))]
    assert (unassigned.gained_km2, total.gained_km2) == (0.0, pytest.approx(100.0))


@pytest.mark.shared
def test_where_2024_names_the_towns_that_were_counted_by_hand(shared: Path) -> None:
    archive = shared / "archives" / "isw-weekly"
    check_months(archive, "2024", [f"2024-Q{quarter}" for quarter in range(1, 5)])
    nets = {row.town: row.net_km2 for row in frontcalc.where("2024", archive=archive).rows[:10]}
    by_hand = {"Velyka Novosilka": 386, "Vuhledar": 350, "Kurakhove": 279, "Novohrodivka": 255, "Avdiivka": 249}
    for town, km2 in by_hand.items():
        assert nets[town] == pytest.approx(km2, rel=0.03), town
    assert {"Kivsharivka", "Selydove"} <= nets.keys()


@pytest.mark.shared
@pytest.mark.thorough(but=["nzz"])
@pytest.mark.parametrize(
    ("name", "whole", "parts"),
    [
        ("nzz-daily", "2024-05..2024-06", ["2024-05", "2024-06"]),
        ("deepstate-daily", "2025-Q1", ["2025-01", "2025-02", "2025-03"]),
    ],
    ids=["nzz", "deepstate"],
)
def test_rows_add_up_on_daily_archives(shared: Path, name: str, whole: str, parts: list[str]) -> None:
    check_months(shared / "archives" / name, whole, parts)


@pytest.mark.shared
def test_a_fault_of_the_map_is_placed_by_water_and_town(shared: Path) -> None:
    notices = frontcalc.where("2023-07", archive=shared / "archives" / "isw-weekly").meta.notices
    (fault,) = (one for one in notices if one.code == "REDEFINITION")
    assert " km² lost are water, off the Syvash, 12 km SW of Armiansk, at longitude 33.56" in fault.message
    assert fault.line.startswith("223 of 398 km² lost are water off the Syvash, not drawn since 30 Jul; net")
