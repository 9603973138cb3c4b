"""Faults of the map: large parts of a change that no front made; and what changed at once, without a verdict."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Geod

import frontcalc
from frontcalc import crs
from frontcalc.natural_earth import load_embedded
from frontcalc.outputs import render
from frontcalc.outputs.numbers import UNITS
from frontcalc.outputs.sentences import sentence
from frontcalc.pictures import titles
from frontcalc.run import map_faults
from frontcalc.run.map_faults import RING_M, _ring
from frontcalc.tables import Table

Write = Callable[..., Path]
Shapes = Sequence[Any]  # squares by column and row, or polygons in degrees
FIRST = dt.date(2024, 1, 7)
# A field of 90 by 90 km, its middle, and a line of squares east of it of which a front takes one a week.
FIELD = [(x, y) for x in range(300, 309) for y in range(40, 49)]
MIDDLE = (304, 44)
ADVANCES = [(310 + week, 40) for week in range(30)]


def said(result: Table[Any, Any], code: str = "REDEFINITION") -> list[str]:
    return [notice.message for notice in result.meta.notices if notice.code == code]


def codes(result: Table[Any, Any]) -> set[str]:
    return {notice.code for notice in result.meta.notices}


def weeks(maps: Sequence[Shapes], theirs: Sequence[Shapes] = (), days: int = 7) -> dict[str, dict[str, Shapes]]:
    """Return maps some days apart, the first of 7 January 2024, with what another actor holds on each."""
    others = theirs or [[None]] * len(maps)
    return {
        (FIRST + dt.timedelta(days=days * number)).isoformat(): {
            "control_map": mine,
            "russian_advances": [None],
            "kursk_ukrainian_advance": its,
        }
        for number, (mine, its) in enumerate(zip(maps, others, strict=True))
    }


def field_without(*gaps: tuple[int, int]) -> list[tuple[int, int]]:
    return [at for at in FIELD if at not in gaps]


def advancing(count: int, held: Callable[[int], Shapes]) -> dict[str, dict[str, Shapes]]:
    """Return weekly maps on which the front takes a square a week, and the rest is held as `held` says of the week."""
    return weeks([[*held(week), *ADVANCES[:week]] for week in range(count)])


def gap_closed(week: int) -> Shapes:
    return FIELD if week > 10 else field_without(MIDDLE)


def test_a_gap_that_is_closed_far_behind_the_front_is_named_with_size_place_step_and_the_net_without_it(
    archive: Write,
) -> None:
    maps = archive(advancing(20, gap_closed))
    result = frontcalc.series(archive=maps)
    (closed,) = said(result)
    assert closed.startswith("100.0 of 200.0 km² gained lie far behind the front, at longitude 31.")
    assert closed.endswith("between the maps of 2024-03-17 and 2024-03-24; net without it +100.0 km²")
    (row,) = (row for row in result.rows if row.date == dt.date(2024, 3, 24))
    assert (row.notes, row.flags, round(row.net_km2 or 0, 3)) == ("REDEFINITION", "b", 200.0)
    # In a year the step is found by halving; no figure rests on the maps between, so that they are not used.
    year = frontcalc.diff(["2024"], archive=maps)
    (closed,) = said(year)
    assert closed.startswith("100.0 of 2,000.0 km² gained lie far behind the front")
    assert closed.endswith("between the maps of 2024-03-17 and 2024-03-24; net without it +1,900.0 km²")
    assert [file.name for file in year.meta.files] == ["2024-01-07.geojson", "2024-05-19.geojson"]


def test_a_gap_that_opens_there_is_named_too_and_two_faults_leave_one_net(archive: Write) -> None:
    def opened(week: int) -> Shapes:
        return FIELD if week < 5 else field_without(MIDDLE) if week < 10 else field_without(MIDDLE, (301, 41))

    one, other = said(frontcalc.diff(["2024"], archive=archive(advancing(20, opened))))
    assert one.startswith("100.0 of 200.0 km² lost lie far behind the front")
    assert "between the maps of 2024-02-04 and 2024-02-11" in one + other
    assert all(what.endswith("; net without these 2 +1,900.0 km²") for what in (one, other))


def test_a_gap_beside_the_front_is_the_front(archive: Write) -> None:
    # The fields of the outermost column have no ground of the actor on one side.
    maps = advancing(12, lambda week: FIELD if week > 5 else field_without((300, 44)))
    assert said(frontcalc.series(archive=archive(maps))) == []


def test_a_pocket_that_shrank_before_it_fell_is_the_front(archive: Write) -> None:
    wide = [(x, y) for x in range(303, 306) for y in range(43, 46)]
    maps = [field_without(*wide), field_without(*wide), field_without(MIDDLE), FIELD]
    assert said(frontcalc.series(archive=archive(weeks(maps)))) == []
    # What it was a season earlier is no siege.
    maps = [field_without(*wide), *[field_without(MIDDLE)] * 10, FIELD]
    assert len(said(frontcalc.series(archive=archive(weeks(maps), name="late")))) == 1


def test_a_pocket_drawn_as_another_actors_is_the_front(archive: Write) -> None:
    maps = weeks([field_without(MIDDLE)] * 3 + [FIELD], [[MIDDLE]] * 3 + [[None]])
    assert said(frontcalc.series(archive=archive(maps))) == []


@pytest.mark.parametrize("actor", ["Russia", "Ukraine"])
def test_made_up_wars_have_no_fault(archive: Write, actor: str) -> None:
    """A side collapses in three maps and holds nothing; a field is taken out of nothing; a pocket shrinks and falls."""
    thirds = [[at for at in FIELD if at[0] >= west] for west in (300, 303, 306, 309)]
    taken = [[at for at in FIELD if at not in held] or [None] for held in thirds]
    mine, theirs = [[*held, (330, 60)] for held in thirds], [[(340, 60), *filter(None, its)] for its in taken]
    for number, maps in enumerate((weeks(mine, theirs), weeks(theirs, mine), weeks(mine[::-1], theirs[::-1]))):
        result = frontcalc.series(archive=archive(maps, name=f"maps{number}"), actor=actor)
        assert said(result) == []
        assert any(row.lost_km2 or row.gained_km2 for row in result.rows)


def test_ground_gone_for_days_and_back_whole_is_named_as_it_goes_and_as_it_comes(archive: Write) -> None:
    part = [(x, y) for x in range(300, 303) for y in range(40, 43)]
    half = [at for at in FIELD if at[0] < 306]

    def gone(*days: int) -> list[Shapes]:
        return [[at for at in half if at not in part] if day in days else half for day in range(12)]

    result = frontcalc.series(archive=archive(weeks(gone(4, 5, 6), days=1)))
    went, came = said(result)
    assert went.startswith("900.0 of 900.0 km² lost are back on the map of 2024-01-14")
    assert came.startswith("900.0 of 900.0 km² gained were held until the map of 2024-01-10 too")
    assert said(frontcalc.series(archive=archive(weeks(gone(4, 5, 6, 7), days=1), name="four"))) == []
    assert said(frontcalc.series(archive=archive(weeks(gone(4, 5), days=4), name="eight-days"))) == []
    assert len(said(frontcalc.series(archive=archive(weeks(gone(4), days=7), name="a-week")))) == 2


def test_small_ground_that_is_back_is_the_front(archive: Write) -> None:
    # One square of 81 is less than a twentieth.
    maps = [field_without((300, 40)) if day == 4 else FIELD for day in range(8)]
    assert said(frontcalc.series(archive=archive(weeks(maps, days=1)))) == []


def test_a_broken_map_between_is_passed_over(archive: Write) -> None:
    maps = archive(advancing(20, gap_closed))
    (maps / "2024-03-17.geojson").write_text("{")
    (closed,) = said(frontcalc.diff(["2024"], archive=maps))
    assert "between the maps of 2024-03-10 and 2024-03-24" in closed


def test_what_changed_bit_by_bit_is_not_named(archive: Write) -> None:
    gap = [(304, 43), (304, 44), (304, 45)]
    maps = advancing(20, lambda week: field_without(*gap[min(week // 5, 3) :]))
    assert said(frontcalc.diff(["2024"], archive=archive(maps))) == []


def land(*names: str) -> shapely.Geometry:
    """Return regions as the embedded set draws them, in degrees."""
    stored = load_embedded()
    wanted = [number for number, region in enumerate(stored.regions) if region.name in names]
    return shapely.union_all(stored.pieces[np.isin(stored.owner, wanted)])


def test_water_that_is_left_off_is_named_whatever_the_regions(archive: Write, region_file: Write) -> None:
    north, bay = shapely.box(33, 45.4, 34.5, 46.0), shapely.box(33.55, 45.86, 33.75, 45.96)
    maps = archive({"2024-01-01": {"control_map": [north]}, "2024-02-01": {"control_map": [north - bay]}})
    for how in ({}, {"by": "none"}, {"regions": region_file({"Nowhere": [(0, 0)]}), "snap": "none"}):
        (gone,) = said(frontcalc.diff(["2024-02-01"], archive=maps, view="control", **how))
        assert (
            " km² lost are water, off the Syvash, 12 km SW of Yany Kapu, at longitude 33.65, latitude 45.91, between"
            in gone
        )


def test_water_elsewhere_is_told_by_the_land_of_the_world(archive: Write) -> None:
    """Beside Sri Lanka, whose regions are not those that are drawn closely."""
    kandy, sea, inland = shapely.box(80.5, 7, 80.8, 7.3), shapely.box(79, 6.5, 79.4, 6.9), shapely.box(81, 7, 81.4, 7.4)
    for name, more, count in (("sea", sea, 1), ("inland", inland, 0)):
        maps = {"2024-01-01": {"control_map": [kandy]}, "2024-02-01": {"control_map": [kandy, more]}}
        faults = said(frontcalc.diff(["2024-02-01"], archive=archive(maps, name=name), view="control"))
        assert len(faults) == count
        assert all(" km² gained are water, " in fault for fault in faults)


def test_land_beyond_the_embedded_regions_is_no_water(archive: Write) -> None:
    kyiv, belarus = shapely.box(29.5, 50.8, 30, 51), shapely.box(29, 52.8, 29.5, 53)
    maps = archive({"2024-01-01": {"control_map": [kyiv]}, "2024-02-01": {"control_map": [kyiv, belarus]}})
    assert said(frontcalc.diff(["2024-02-01"], archive=maps, view="control")) == []


def test_beyond_its_own_border_an_actor_has_no_front(archive: Write) -> None:
    luhansk, strip = land("Luhansk"), shapely.box(39.6, 49.0, 40.4, 49.3)
    maps = {"2024-01-01": {"control_map": [luhansk - strip]}, "2024-02-01": {"control_map": [luhansk]}}
    (gained,) = said(frontcalc.diff(["2024-02-01"], archive=archive(maps), view="control"))
    assert "km² gained lie far behind the front, 17 km SE of Bilovodsk, at longitude 39.80" in gained
    # The same strip, were the ground west of it not held.
    west = luhansk & shapely.box(38, 48, 39.6, 50.5)
    maps = {"2024-01-01": {"control_map": [luhansk - strip - west]}, "2024-02-01": {"control_map": [luhansk - west]}}
    assert said(frontcalc.diff(["2024-02-01"], archive=archive(maps, name="front"), view="control")) == []


def test_in_its_own_country_an_actor_has_a_front(archive: Write) -> None:
    """Ukraine in Kursk takes ground and loses it; Russia, where a map draws what it holds there, the reverse."""
    kursk, taken = land("Kursk"), shapely.box(34.9, 51.25, 35.3, 51.5)
    before = {"control_map": [kursk], "kursk_ukrainian_advance": [(far := shapely.box(34.5, 50.5, 34.6, 50.6))]}
    after = {"control_map": [kursk - taken], "kursk_ukrainian_advance": [far, taken]}
    maps = archive({"2024-08-04": before, "2024-08-11": after, "2024-08-18": before})
    for actor in ("Russia", "Ukraine"):
        assert said(frontcalc.series(archive=maps, view="control", actor=actor)) == []


def test_the_ring_is_as_wide_on_the_ground_in_any_projection() -> None:
    degrees = shapely.box(34, 50, 34.2, 50.1)
    area_m2, length_m = (abs(size) for size in Geod(ellps="WGS84").geometry_area_perimeter(degrees))
    for plane in ("EPSG:6933", "EPSG:3035", "+proj=laea +lat_0=48 +lon_0=36 +datum=WGS84"):
        part = shapely.transform(degrees, crs.projector(crs.LONLAT, plane))
        assert part.area == pytest.approx(area_m2, rel=1e-3)
        assert shapely.area(_ring(part, plane)) == pytest.approx(length_m * RING_M + np.pi * RING_M**2, rel=0.01)
    # A map may lie anywhere.
    for place in (shapely.box(179.8, 60, 180, 60.1), shapely.box(-180, -60, -179.8, -59.9)):
        part = shapely.transform(place, crs.projector(crs.LONLAT, "EPSG:6933"))
        assert shapely.area(_ring(part, "EPSG:6933")) > 0


def test_the_largest_part_that_came_at_once_is_named_without_a_verdict(archive: Write) -> None:
    six = [(310 + x, 44 + y) for x in range(3) for y in range(2)]
    maps = archive(weeks([[*FIELD, *ADVANCES[:week], *(six if week > 4 else [])] for week in range(8)]))
    result = frontcalc.diff(["2024"], archive=maps)
    assert "REDEFINITION" not in codes(result)
    (jump,) = said(result, "AT-ONCE")
    assert jump.startswith("600.0 of 1,300.0 km² gained changed hands at once, at longitude 32.")
    assert jump.endswith("between the maps of 2024-02-04 and 2024-02-11; net without it +700.0 km²")
    assert "AT-ONCE" in result.rows[-1].notes.split()
    # In a series every row is one step.
    assert "AT-ONCE" not in codes(frontcalc.series(archive=maps))
    assert said(frontcalc.summary(archive=maps, gross=True), "AT-ONCE") == [jump]
    # A quarter of what was gained at least; and in a period of three maps everything comes at once.
    assert "AT-ONCE" not in codes(frontcalc.diff(["2024-02-04..2024-02-18"], archive=maps))
    two = archive(weeks([[*FIELD, *ADVANCES[:week], *(six[:1] if week > 4 else [])] for week in range(8)]), name="two")
    assert "AT-ONCE" not in codes(frontcalc.diff(["2024"], archive=two))


def test_a_step_that_moves_a_tenth_of_the_whole_map_is_named(archive: Write) -> None:
    islands = [(2 * x, 2 * y) for x in range(12) for y in range(12)]
    maps = archive(weeks([islands[: 60 + week] if week < 3 else islands[: 120 + week] for week in range(6)]))
    (jump,) = said(frontcalc.diff(["2024"], archive=maps), "AT-ONCE")
    assert jump.startswith("6,100.0 of 6,500.0 km² gained changed hands at once")
    assert "between the maps of 2024-01-21 and 2024-01-28; net without it +400.0 km²" in jump
    fewer = archive(weeks([islands[: 60 + week] if week < 3 else islands[: 100 + week] for week in range(6)]), name="4")
    assert "AT-ONCE" not in codes(frontcalc.diff(["2024"], archive=fewer))


def test_sentence_titles_and_comparison_carry_it_in_the_same_line(archive: Write) -> None:
    maps = archive(advancing(20, gap_closed))
    other = archive(advancing(20, lambda _: FIELD), name="other")
    year = frontcalc.diff(["2024"], archive=maps)
    assert "grew by about 2,000 km² in 2024" in sentence(year)
    assert ", +1,900 km² without what the maps redrew at once, per" in sentence(year)
    title = titles.map_title(year.rows, "", UNITS["km2"], year.meta)
    assert (
        title
        == "Russia: +2,000.0 km² in 2024, from 7 Jan, to 19 May, +1,900.0 km² without what the maps redrew at once"
    )
    compared = frontcalc.compare(["2024"], archives=[maps, other])
    assert ["REDEFINITION" in row.notes for row in compared.rows] == [True, False]
    assert said(compared)[0].startswith("maps: 100.0 of 2,000.0 km² gained lie far behind the front")


def test_what_rows_and_columns_show_has_no_line(archive: Write, region_file: Write) -> None:
    maps = archive(weeks([[(300, 40)], [(300, 40), (301, 40), (302, 40)]]))
    result = frontcalc.diff(["2024-01-14"], archive=maps, regions=region_file({"West": [(300, 40)]}), snap="none")
    assert "UNASSIGNED" in result.rows[-1].notes
    assert b"UNASSIGNED" not in render(result, "table")
    assert b"UNASSIGNED" in render(result, "json")


def test_that_the_front_is_beside_a_part_is_kept_and_no_verdict_moves(
    archive: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corner = (308, 48)  # beside the field's own edge, so that a front can be there
    maps = archive(advancing(6, lambda week: field_without(*[corner, MIDDLE][: week < 3 and 2])))
    first = frontcalc.series(archive=maps, cache=tmp_path)
    seen: list[float] = []
    monkeypatch.setattr(map_faults, "_ring", lambda part, plane: seen.append(part.area) or _ring(part, plane))
    again = frontcalc.series(archive=maps, cache=tmp_path)
    # The gap in the middle is judged again, since what the ring has on maps before counts too.
    assert len(said(first)) == len(seen) == 1
    assert (again.rows, again.meta.notices) == (first.rows, first.meta.notices)


def test_that_a_part_is_water_is_kept_and_no_verdict_moves(
    archive: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    north, bay = shapely.box(33, 45.4, 34.5, 46.0), shapely.box(33.55, 45.86, 33.75, 45.96)
    maps = archive({"2024-01-01": {"control_map": [north]}, "2024-02-01": {"control_map": [north - bay]}})
    first = frontcalc.diff(["2024-02-01"], archive=maps, view="control", cache=tmp_path)
    monkeypatch.setattr(map_faults, "_ring", None)
    again = frontcalc.diff(["2024-02-01"], archive=maps, view="control", cache=tmp_path)
    assert len(said(first)) == 1
    assert (again.rows, again.meta.notices) == (first.rows, first.meta.notices)
