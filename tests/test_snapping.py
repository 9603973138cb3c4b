"""Ground beside the regions goes to the nearest: squares at 30° north, where EPSG:6933 shows true kilometres."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely
from conftest import collection
from oracle import nearest_region

import frontcalc
from frontcalc import crs, regions
from frontcalc.cache import Cache, usage
from frontcalc.errors import UsageError
from frontcalc.geometry import to_bytes
from frontcalc.natural_earth import load_beside
from frontcalc.outputs import WRITERS, render
from frontcalc.regions import country_of, sets
from frontcalc.regions.snap import rest_of_plane
from frontcalc.run.parallel import in_order

PLANE = "EPSG:6933"
NORTH_30 = float(crs.projector(crs.LONLAT, PLANE)(np.array([[0.0, 30.0]]))[0, 1])
Write = Callable[..., Path]


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Return a box in km of the plane, east and north of 30° N on the prime meridian."""
    km = (1000.0 * side for side in (west, south, east, north))
    return shapely.transform(shapely.box(*km), lambda points: points + np.array([0.0, NORTH_30]))


def region_set(drawn: Mapping[str, tuple[str, shapely.Polygon]]) -> regions.RegionSet:
    """Return regions by name, each with its country and its ground."""
    names = tuple(sorted(drawn))
    ground = np.array([drawn[name][1] for name in names], dtype=object)
    owner = np.arange(len(names))
    return regions.RegionSet(
        "adm1", names, ground, owner, ground, owner, countries=tuple(drawn[name][0] for name in names)
    )


# Two regions of one country, 10 km wide, the second north of the first; another country to the east.
NEIGHBOURS = {
    "south": ("XX", box(0, 0, 10, 5)),
    "north": ("XX", box(0, 5, 10, 10)),
    "abroad": ("YY", box(10, 0, 40, 10)),
}


def taken_km2(drawn: Mapping[str, tuple[str, shapely.Polygon]], country: str, ground: shapely.Polygon) -> Any:
    """Return what each region takes of some ground, by name, and what of it was snapped."""
    ((km2, snapped_km2, _),) = regions.partition_for(region_set(drawn), country, snap="border", plane=PLANE).split(
        np.array([ground])
    )
    names = [*sorted(drawn), "unassigned"]
    return dict(zip(names, km2, strict=True)), dict(zip(names, snapped_km2, strict=True))


def test_another_countrys_land_goes_to_the_nearest_region_up_to_ten_kilometres() -> None:
    taken, snapped = taken_km2(NEIGHBOURS, "YY", box(10, 0, 40, 10))
    assert taken == pytest.approx({"south": 50, "north": 50, "abroad": 0, "unassigned": 200}, rel=0.02)
    assert snapped == pytest.approx({**taken, "unassigned": 0})


def test_a_region_smaller_than_any_distance_has_a_zone() -> None:
    """A square of 100 m: its outline by a kilometre, and a circle."""
    drawn = {"a": ("", box(0, 0, 0.1, 0.1)), "b": ("", box(0.1, 0, 0.2, 0.1))}
    taken, snapped = taken_km2(drawn, "", box(-5, -5, 5, 5))
    assert taken["a"] + taken["b"] == pytest.approx(0.02 + 0.6 + np.pi, rel=0.03)
    assert snapped["a"] == pytest.approx(snapped["b"], rel=0.3)


def test_land_between_two_regions_is_shared_in_the_middle() -> None:
    """On the equator, where long straight borders once gave cells with lines beside them."""
    sides = ((5, 38), (38, 49), (49, 60))
    west, between, east = (shapely.box(left * 1000, 5_000, right * 1000, 50_000) for left, right in sides)
    taken, _ = taken_km2({"a": ("XX", west), "b": ("YY", between), "c": ("XX", east)}, "YY", between)
    assert taken == pytest.approx({"a": 5.5 * 45, "b": 0, "c": 5.5 * 45, "unassigned": 0}, rel=0.02)


def test_the_other_actor_sees_it_the_other_way_round() -> None:
    taken, _ = taken_km2(NEIGHBOURS, "XX", box(0, 0, 10, 10))
    assert taken == pytest.approx({"south": 0, "north": 0, "abroad": 100, "unassigned": 0}, rel=0.02)


def test_the_land_of_no_region_goes_to_one_within_one_kilometre() -> None:
    sea = box(-5, -5, 10, 0)
    taken, _ = taken_km2(NEIGHBOURS, "YY", sea)
    # A strip of 10 km² along the coast, and a quarter of a circle at its corner.
    assert taken["south"] == pytest.approx(10 + np.pi / 4, rel=0.03)
    assert sum(taken.values()) == pytest.approx(75, abs=1e-6)


def test_water_along_another_country_is_nobodys() -> None:
    taken, _ = taken_km2(NEIGHBOURS, "YY", box(12, -5, 40, 0))
    assert taken == pytest.approx({"south": 0, "north": 0, "abroad": 0, "unassigned": 140}, abs=1e-6)


def test_ground_inside_a_region_stays_as_drawn() -> None:
    taken, snapped = taken_km2(NEIGHBOURS, "YY", box(2, 2, 8, 8))
    assert taken == pytest.approx({"south": 18, "north": 18, "abroad": 0, "unassigned": 0}, abs=1e-6)
    assert not any(snapped.values())


def test_without_a_country_all_regions_are_eligible() -> None:
    taken, _ = taken_km2(NEIGHBOURS, "", box(10, 0, 42, 10))
    assert taken == pytest.approx({"south": 0, "north": 0, "abroad": 310, "unassigned": 10}, rel=0.02)


def test_a_gap_is_shared_by_the_nearest() -> None:
    drawn = {"west": ("", box(0, 0, 10, 10)), "east": ("", box(11, 0, 21, 10))}
    taken, _ = taken_km2(drawn, "", box(10, 0, 11, 10))
    assert taken == pytest.approx({"west": 5, "east": 5, "unassigned": 0}, rel=0.02)


@pytest.mark.parametrize("country", ["RU", "UA"])
def test_the_stored_zones_are_those_that_the_script_makes(country: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes depend on the versions of GEOS and PROJ, so the stored ones are compared as ground."""
    embedded = regions.embedded_regions(target_crs=PLANE)
    stored = regions.partition_for(embedded, country, snap="border", plane=PLANE)
    monkeypatch.setattr(sets, "load_beside", lambda sha256, file: None)
    made = regions.partition_for(embedded, country, snap="border", plane=PLANE)
    areas = (np.bincount(taken.owner, shapely.area(taken.pieces) / 1e6) for taken in (stored, made))
    assert next(areas) == pytest.approx(next(areas), abs=0.01)
    assert stored.snapped is not None
    assert made.snapped is not None
    there, here = (shapely.union_all(taken.pieces[taken.snapped]) for taken in (stored, made))
    assert shapely.symmetric_difference(there, here).area < 10_000


def test_zones_of_another_version_of_the_set_are_not_used() -> None:
    assert load_beside("00" * 32, "RU.zones") is None
    assert load_beside("00" * 32, "XX.zones") is None


@pytest.mark.parametrize("south", [-80, -30, 0, 48, 70])
def test_distances_are_true_at_every_latitude(south: int) -> None:
    """A degree square alone: what it takes is its outline by a kilometre, on a sphere's scale within 3 %."""
    square = shapely.segmentize(shapely.box(20, south, 21, south + 1), 0.05)
    plane = shapely.transform(square, crs.projector(crs.LONLAT, PLANE))
    taken = regions.partition_for(region_set({"a": ("", plane)}), "", snap="border", plane=PLANE)
    zones = shapely.area(taken.pieces[taken.snapped]).sum() / 1e6
    outline = pyproj.Geod(ellps="WGS84").geometry_length(square) / 1000
    assert zones == pytest.approx(outline + np.pi, rel=0.03)


def test_another_equal_area_plane_gives_the_same() -> None:
    plane = "+proj=laea +lat_0=30 +lon_0=0 +datum=WGS84"
    there = crs.projector(PLANE, plane)
    drawn = {name: (land, shapely.transform(ground, there)) for name, (land, ground) in NEIGHBOURS.items()}
    taken = regions.partition_for(region_set(drawn), "YY", snap="border", plane=plane)
    km2 = taken.split(np.array([drawn["abroad"][1]]))[0][0]
    assert km2 == pytest.approx([0, 50, 50, 200], rel=0.02)


def test_a_region_across_the_180th_meridian_has_no_zone_around_the_world() -> None:
    ground = {"east": ("", shapely.box(179, 10, 180, 11)), "west": ("", shapely.box(-180, 10, -179, 11))}
    to_plane = crs.projector(crs.LONLAT, PLANE)
    drawn = {name: (land, shapely.transform(polygon, to_plane)) for name, (land, polygon) in ground.items()}
    taken = regions.partition_for(region_set(drawn), "", snap="border", plane=PLANE)
    assert shapely.area(taken.pieces[taken.snapped]).sum() / 1e6 == pytest.approx(6 * 110, rel=0.03)


def test_zones_and_the_rest_fill_the_plane_once() -> None:
    embedded = regions.embedded_regions(target_crs=PLANE)
    for country in ("RU", "UA"):
        taken = regions.partition_for(embedded, country, snap="border", plane=PLANE)
        assert taken.uncovered is not None
        everything = np.concatenate([taken.pieces, taken.uncovered])
        assert shapely.area(everything).sum() == pytest.approx(4e16, rel=1e-15)
        first, second = shapely.STRtree(taken.pieces).query(taken.pieces, predicate="intersects")
        pairs = first < second
        overlap = shapely.area(shapely.intersection(taken.pieces[first[pairs]], taken.pieces[second[pairs]]))
        assert overlap.sum() < 0.01


def test_zones_agree_with_the_plain_rule_on_real_borders() -> None:
    """Points around the border of Ukraine and Russia and on the Sea of Azov, in the local UTM zone."""
    local = "EPSG:32637"
    embedded = regions.embedded_regions(target_crs=PLANE)
    mine = np.array(embedded.countries) == "UA"
    to_local = crs.projector(PLANE, local)
    whole = [shapely.coverage_union_all(embedded.pieces[embedded.owner == n]) for n in range(len(embedded.names))]
    ground = shapely.transform(np.array(whole, dtype=object), to_local)
    foreign = shapely.union_all(ground[~mine])
    taken = regions.partition_for(embedded, "RU", snap="border", plane=PLANE)
    random = np.random.default_rng(6)
    points = np.column_stack([random.uniform(33.0, 40.5, 9000), random.uniform(45.2, 52.0, 9000)])
    # Most of them where it matters: beside the regions.
    local_points = shapely.points(crs.projector(crs.LONLAT, local)(points))
    beside = shapely.distance(shapely.union_all(ground[mine]), local_points)
    points, local_points = points[(beside > 0) & (beside < 12_000)], local_points[(beside > 0) & (beside < 12_000)]
    assert len(points) > 400
    checked, found = 0, set()
    for point, there in zip(points, local_points, strict=True):
        wanted, margin = nearest_region(there, list(ground[mine]), foreign, 10_000, 1_000)
        if margin < 320:  # 3 % of ten kilometres, and a little
            continue
        at = shapely.Point(crs.projector(crs.LONLAT, PLANE)(point[None])[0])
        hits = taken.owner[shapely.STRtree(taken.pieces).query(at, predicate="within")]
        names = {embedded.names[hit] for hit in hits}
        assert names == (set() if wanted is None else {np.array(embedded.names)[mine][wanted]}), point
        checked += 1
        found.add(wanted)
    assert checked > 300
    assert len(found) > 4


def test_the_same_zones_come_from_the_cache_and_anew(tmp_path: Path) -> None:
    drawn = region_set(NEIGHBOURS)
    caches = [Cache(tmp_path / "one"), Cache(tmp_path / "two"), Cache(tmp_path / "one"), Cache()]
    made = []
    for cache in caches:
        taken = regions.partition_for(drawn, "YY", snap="border", plane=PLANE, cache=cache)
        assert taken.uncovered is not None
        made.append(
            [shapely.to_wkb(taken.pieces).tolist(), taken.owner.tolist(), shapely.to_wkb(taken.uncovered).tolist()]
        )
    assert made == made[:1] * len(caches)
    assert [kind for kind, (count, _) in usage(caches[0]).items() if count == 1] == ["zones"]


def test_the_same_zones_are_made_in_turn_and_at_once() -> None:
    ways: list[dict[str, Any]] = [{}, {"at_once": partial(in_order, 2)}]
    for country in ("", "YY"):
        in_turn, at_once = (
            regions.partition_for(region_set(NEIGHBOURS), country, snap="border", plane=PLANE, **way) for way in ways
        )
        assert in_turn.uncovered is not None
        assert at_once.uncovered is not None
        assert to_bytes(in_turn.pieces, in_turn.uncovered) == to_bytes(at_once.pieces, at_once.uncovered)
        assert in_turn.owner.tolist() == at_once.owner.tolist()


def test_a_border_that_winds_has_the_zone_of_a_straight_one() -> None:
    """A hundred teeth of 100 m along either side of a bar of 10 km: the zone lies around their tips."""
    east = np.arange(0, 10_000, 50.0)
    teeth = [*zip(east, 50.0 * (-1.0) ** np.arange(200), strict=True)]
    bar = [*teeth, *((10_000 - x, 5_000 + y) for x, y in teeth)]
    drawn = shapely.transform(shapely.Polygon(bar), lambda points: points + np.array([0.0, NORTH_30]))
    taken = regions.partition_for(region_set({"bar": ("", drawn)}), "", snap="border", plane=PLANE)
    zone = shapely.union_all(taken.pieces[taken.snapped])
    around = shapely.difference(shapely.buffer(drawn, 1_000), drawn)
    assert zone.area == pytest.approx(around.area, rel=0.03)
    assert shapely.buffer(shapely.symmetric_difference(zone, around), -25).is_empty


def test_the_rest_of_the_plane_is_what_nothing_covers() -> None:
    """Neighbours with a corner on another's side, a hole, and two that overlap."""
    three = [shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 5), shapely.box(10, 5, 20, 10)]
    ring = shapely.difference(shapely.box(30, 0, 40, 10), shapely.box(33, 3, 36, 6))
    drawn = np.array([*three, ring, shapely.box(38, 8, 45, 12)], dtype=object)
    near = shapely.intersection(rest_of_plane(drawn), shapely.box(-50, -50, 50, 50))
    covered = shapely.union_all(drawn)
    assert shapely.area(near).sum() == pytest.approx(100 * 100 - (200 + 91 + 24))
    assert shapely.area(shapely.intersection(near, covered)).sum() == pytest.approx(0, abs=1e-9)
    assert shapely.intersects(near, shapely.Point(34, 4)).any()
    assert shapely.area(rest_of_plane(drawn[:0])).sum() == pytest.approx(4e16)


def test_nothing_is_snapped_where_no_region_is_eligible() -> None:
    drawn = region_set({"a": ("XX", box(0, 0, 1, 1))})
    assert not len(regions.partition_for(drawn, "XX", snap="border", plane=PLANE).pieces)


@pytest.fixture
def border(archive: Write, tmp_path: Path) -> dict[str, Path]:
    """A map on either side of a border and its region file: 100 km² held at home, then 20 km² across it."""
    to_degrees = crs.projector(PLANE, crs.LONLAT)
    home, across, sea = (
        shapely.transform(ground, to_degrees)
        for ground in (box(0, 0, 10, 10), box(10, 0, 12, 10), box(0, -20, 10, -10))
    )
    maps = archive({"2024-01-01": {"line": [home]}, "2024-02-01": {"line": [home, across, sea]}})
    (maps / "frontcalc.toml").write_text('view = "control"\n[layers]\nline = { actor = "YY", role = "control" }\n')
    document = collection(
        {name: [shapely.transform(ground, to_degrees)] for name, (_, ground) in NEIGHBOURS.items()}, field="name"
    )
    for feature in document["features"]:
        feature["properties"]["iso_a2"] = NEIGHBOURS[feature["properties"]["name"]][0]
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps(document))
    return {"archive": maps, "regions": path}


def test_rows_say_what_was_snapped_and_notices_name_the_largest_parts(border: dict[str, Path]) -> None:
    table = frontcalc.diff(["2024-01-01..2024-02-01"], **border)
    rows = {row.region: row for row in table.rows}
    assert {name: round(row.gained_km2 or 0, 1) for name, row in rows.items()} == {
        "abroad": 0.0,
        "north": 10.0,
        "south": 10.0,
        "unassigned": 100.0,
        "total": 120.0,
    }
    assert {name: round(row.snapped_km2 or 0, 1) for name, row in rows.items()} == {
        "abroad": 0.0,
        "north": 10.0,
        "south": 10.0,
        "unassigned": 0.0,
        "total": 20.0,
    }
    messages = {notice.code: notice.message for notice in table.meta.notices}
    assert messages["UNASSIGNED"] == (
        "100.0 of 120.0 km² gained and lost lie in no region; the largest part: 100.0 km² gained between the maps of "
        "2024-01-01 and 2024-02-01, in longitude 0.00 to 0.11, latitude 29.81 to 29.91"
    )
    assert messages["SNAPPED"].startswith("20.0 of 120.0 km²")
    assert {name: row.notes for name, row in rows.items()} == {
        "abroad": "",
        "north": "SNAPPED",
        "south": "SNAPPED",
        "unassigned": "UNASSIGNED",
        "total": "SNAPPED UNASSIGNED",
    }
    assert table.meta.snapping == frontcalc.tables.Snapping("border", 10.0, 1.0)


def test_snapping_can_be_turned_off(border: dict[str, Path]) -> None:
    table = frontcalc.diff(["2024-01-01..2024-02-01"], snap="none", **border)
    assert {row.region: (round(row.gained_km2 or 0, 6), row.snapped_km2) for row in table.rows} == {
        "abroad": (0.0, 0.0),
        "north": (0.0, 0.0),
        "south": (0.0, 0.0),
        "unassigned": (120.0, 0.0),
        "total": (120.0, 0.0),
    }
    with pytest.raises(UsageError, match="no rule is named 'all'"):
        frontcalc.diff(["2024.."], snap="all", **border)


def test_held_and_series_say_what_was_snapped(border: dict[str, Path]) -> None:
    held = {row.region: row for row in frontcalc.held(["2024-02-01"], **border).rows}
    assert held["north"].held_km2 == pytest.approx(60, rel=0.02)
    assert held["north"].snapped_km2 == pytest.approx(10, rel=0.02)
    assert held["total"].snapped_km2 == pytest.approx(20, rel=0.02)
    last = [row for row in frontcalc.series(**border).rows if row.region == "total"][-1]
    assert last.snapped_km2 == pytest.approx(20, rel=0.02)


@pytest.mark.parametrize(
    ("properties", "country"),
    [
        ({"iso_3166_2": "UA-14"}, "UA"),
        ({"ISO_A2": "sd"}, "SD"),
        ({"iso_a2": "-99", "adm0_a3": "SDS"}, "SDS"),
        ({"shapeGroup": "UKR", "shapeName": "Kyiv"}, "UA"),
        ({"GID_0": "RUS"}, "RU"),
        ({"country": "Russia"}, "RU"),
        ({"admin": "Sudan"}, "Sudan"),
        ({"name": "a"}, ""),
        ({"country": None}, ""),
    ],
)
def test_countries_are_read_from_the_fields_that_publishers_use(properties: dict[str, object], country: str) -> None:
    assert country_of([properties]) == country


def test_a_region_of_two_countries_is_of_none() -> None:
    assert country_of([{"iso_a2": "XX"}, {"iso_a2": "YY"}]) == ""


def test_another_country_is_measured_like_any(archive: Write, wheel: Path, tmp_path: Path) -> None:
    """Made-up maps on the border of Sudan and South Sudan, by Natural Earth's regions of both."""
    document: dict[str, Any] = {"type": "FeatureCollection", "features": []}
    with zipfile.ZipFile(wheel) as members:
        for code in ("SDN", "SDS"):
            content = json.loads(members.read(f"orangecontrib/geo/geojson/admin1-{code}.json"))
            document["features"] += content["features"]
    regions_file = tmp_path / "sudans.geojson"
    regions_file.write_text(json.dumps(document))
    before, after = (shapely.box(29.0, south, 29.6, 10.6) for south in (10.4, 8.6))
    maps = archive({"2024-01-01": {"army": [before]}, "2024-02-01": {"army": [after]}})
    (maps / "frontcalc.toml").write_text('view = "control"\n[layers]\narmy = { actor = "SS", role = "control" }\n')
    table = frontcalc.diff(["2024-01-01..2024-02-01"], archive=maps, regions=regions_file)
    rows = {row.region: row for row in table.rows}
    southern = {f["properties"]["name"] for f in document["features"] if f["properties"]["adm0_a3"] == "SDS"}
    assert not any(rows[name].gained_km2 for name in southern)
    assert (rows["South Kordufan"].snapped_km2 or 0) > 100
    assert (rows["South Kordufan"].gained_km2 or 0) > (rows["South Kordufan"].snapped_km2 or 0)
    assert (rows["unassigned"].gained_km2 or 0) > 1000
    assert sum(row.gained_km2 or 0 for row in table.rows[:-1]) == pytest.approx(rows["total"].gained_km2, abs=1e-6)
    for format_ in WRITERS:
        text = render(table, format_).decode(errors="replace")
        assert not re.search("ukrain|russia|krai|oblast|donetsk|crimea", text, re.IGNORECASE)
