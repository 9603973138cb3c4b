"""Region files become partitions, and ground is split by them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely
from conftest import collection, square

import frontcalc
from frontcalc.cache import NOTHING_KEPT, Cache
from frontcalc.errors import DataError, UsageError
from frontcalc.regions import read_regions

Write = Callable[..., Path]
CRS = "EPSG:6933"


@pytest.fixture
def maps(archive: Write) -> Path:
    """Four squares in a row, then six: two more in the east."""
    return archive(
        {
            "2024-01-01": {None: [(300 + n, 40) for n in range(4)]},
            "2024-02-01": {None: [(300 + n, 40) for n in range(6)]},
        }
    )


def diff(maps: Path, **options: object) -> dict[str, tuple[float, float, float]]:
    """Return each region's opening, gained and net km², with regions as drawn."""
    table = frontcalc.diff(["2024-01-01..2024-02-01"], archive=maps, snap="none", **options)  # type: ignore[arg-type]
    return {
        row.region: tuple(round(value or 0.0, 6) for value in (row.opening_km2, row.gained_km2, row.net_km2))  # type: ignore[misc]
        for row in table.rows
    }


def test_ground_is_split_by_region_and_the_rest_is_unassigned(maps: Path, region_file: Write) -> None:
    regions = region_file({"West": [(300, 40), (301, 40)], "East": [(302, 40), (303, 40), (304, 40)]})
    assert diff(maps, regions=regions) == {
        "East": (200.0, 100.0, 100.0),
        "West": (200.0, 0.0, 0.0),
        "unassigned": (0.0, 100.0, 100.0),
        "total": (400.0, 200.0, 200.0),
    }


def test_regions_are_sorted_by_name_with_unassigned_and_total_last(maps: Path, region_file: Write) -> None:
    regions = region_file({"b": [(300, 40)], "a": [(301, 40)], "z": [(350, 90)]})
    assert list(diff(maps, regions=regions)) == ["a", "b", "z", "unassigned", "total"]


def test_by_none_shows_the_total_only(maps: Path, region_file: Write) -> None:
    assert list(diff(maps, regions=region_file({"a": [(300, 40)]}), by="none")) == ["total"]


def test_oblast_is_an_alias_of_adm1(maps: Path, region_file: Write) -> None:
    table = frontcalc.diff(["2024.."], archive=maps, regions=region_file({"a": [(300, 40)]}), by="oblast")
    assert [row.level for row in table.rows] == ["adm1", "adm1", "total"]


def test_without_regions_for_the_place_there_is_a_notice_and_a_total(maps: Path) -> None:
    table = frontcalc.diff(["2024-01-01.."], archive=maps)
    assert [notice.code for notice in table.meta.notices] == ["NO-REGIONS", "UNNAMED"]
    assert [row.region for row in table.rows] == ["total"]


def test_an_unknown_level_is_an_error(maps: Path) -> None:
    with pytest.raises(UsageError, match="no level is named 'county'"):
        frontcalc.diff(["2024.."], archive=maps, by="county")


def overlapping(tmp_path: Path, km: float) -> Path:
    """Return a file of two regions of two squares each, «b» first, which share so many km in the middle."""
    b = shapely.union_all([square(302, 40), square(303, 40)])
    west, south, _, north = b.bounds
    width = b.bounds[2] - west
    a = shapely.box(b.bounds[2] - width * km / 20, south, b.bounds[2] + width, north)
    path = tmp_path / "regions.geojson"
    document = collection({"b": [b], "a": [a]}, field="name")
    path.write_text(json.dumps(document))
    return path


def test_what_two_regions_share_goes_to_the_first_in_the_file_and_is_said(maps: Path, tmp_path: Path) -> None:
    regions = overlapping(tmp_path, 0.1)
    assert diff(maps, regions=regions)["b"] == (200.0, 0.0, 0.0)
    assert diff(maps, regions=regions)["a"] == (0.0, 200.0, 200.0)
    table = frontcalc.diff(["2024.."], archive=maps, regions=regions)
    notice = next(notice for notice in table.meta.notices if notice.code == "REGIONS-OVERLAP")
    assert "1.000 km², most between b and a (1.000 km²)" in notice.message


def test_regions_that_share_more_than_a_hundredth_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"b and a overlap by 3\.000 km², 1\.5% of the smaller"):
        read_regions(overlapping(tmp_path, 0.3), target_crs="EPSG:6933")


def test_features_of_one_region_that_overlap_count_once(maps: Path, tmp_path: Path) -> None:
    path = tmp_path / "twice.geojson"
    path.write_text(json.dumps(collection({"a": [square(304, 40), square(304, 40)]}, field="name")))
    assert diff(maps, regions=path)["a"] == (0.0, 100.0, 100.0)


def test_several_features_of_one_name_are_one_region(maps: Path, tmp_path: Path) -> None:
    path = tmp_path / "twice.geojson"
    path.write_text(json.dumps(collection({"a": [square(304, 40), square(305, 40)]}, field="name")))
    assert diff(maps, regions=path)["a"] == (0.0, 200.0, 200.0)


def districts(tmp_path: Path, features: list[tuple[dict[str, str], tuple[int, int]]]) -> Path:
    """Write a region file: properties and square of each feature."""
    document = collection({None: [square(*at) for _, at in features]})
    for feature, (properties, _) in zip(document["features"], features, strict=True):
        feature["properties"] = properties
    path = tmp_path / "districts.geojson"
    path.write_text(json.dumps(document))
    return path


PUBLISHERS = {
    "GADM": ("NAME_2", "NAME_1", "GID_2"),
    "Humanitarian Data Exchange": ("ADM2_EN", "ADM1_EN", "ADM2_PCODE"),
    "the same, today": ("adm2_name", "adm1_name", "adm2_pcode"),
}


@pytest.mark.parametrize(("name", "parent", "code"), PUBLISHERS.values(), ids=PUBLISHERS)
@pytest.mark.parametrize("coded", [True, False])
def test_districts_of_one_name_are_told_apart_by_code_and_shown_with_what_they_are_part_of(
    name: str, parent: str, code: str, coded: bool, maps: Path, tmp_path: Path
) -> None:
    rows = [
        ("East", "Center", "u3", (305, 40)),
        ("West", "Center", "u1", (300, 40)),
        ("West", "Other", "u2", (301, 40)),
    ]
    features = [({parent: of, name: own, **({code: id_} if coded else {})}, at) for of, own, id_, at in rows]
    found = diff(maps, regions=districts(tmp_path, features), region_name=name)
    assert found["Center (West)"] == (100.0, 0.0, 0.0)
    assert found["Center (East)"] == (0.0, 100.0, 100.0)


def test_districts_named_by_their_province_are_one_region(maps: Path, tmp_path: Path) -> None:
    """A code of the district's own level does not tell provinces apart."""
    features = [
        ({"NAME_1": "West", "GID_1": "U.1", "NAME_2": name, "GID_2": f"U.1.{name}"}, at)
        for name, at in (("a", (300, 40)), ("b", (301, 40)))
    ]
    path = districts(tmp_path, features)
    table = frontcalc.diff("2024-01-01..2024-02-01", archive=maps, regions=path, snap="none", region_name="NAME_1")
    assert [row.region for row in table.rows] == ["West", "unassigned", "total"]
    assert "REGIONS-JOINED" not in {notice.code for notice in table.meta.notices}


@pytest.mark.parametrize("code", ["U.1", ""])
def test_joining_what_does_not_touch_is_a_notice(code: str, tmp_path: Path) -> None:
    """Three squares of one name: two touch, the third is an island, or another place of that name."""
    features = [({"name": "A", "shapeISO": code}, at) for at in ((300, 40), (301, 40), (304, 40))]
    regions = read_regions(districts(tmp_path, features), target_crs=CRS)
    assert regions.names == ("A",)
    (notice,) = regions.notices
    what = "districts.geojson: of one name, and one region though they do not touch: A"
    assert (notice.code, notice.message) == ("REGIONS-JOINED", what)
    whole = read_regions(districts(tmp_path, features[:2]), target_crs=CRS)
    assert whole.notices == ()


def test_another_field_may_name_the_regions(maps: Path, region_file: Write) -> None:
    regions = region_file({"a": [(300, 40)]}, field="oblast")
    assert "a" in diff(maps, regions=regions, region_name="oblast")
    with pytest.raises(UsageError, match="no field 'name'; its fields are oblast"):
        diff(maps, regions=regions)


@pytest.mark.parametrize(
    ("names", "problem"),
    [(["a", ""], "feature 1 has no 'name'"), (["total"], "a row of its own"), (["Unassigned"], "a row of its own")],
)
def test_names_that_cannot_be_rows_are_refused(names: list[str], problem: str, tmp_path: Path) -> None:
    document = collection({"x": [square(300 + n, 40) for n in range(len(names))]})
    for feature, name in zip(document["features"], names, strict=True):
        feature["properties"] = {"name": name}
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match=problem):
        read_regions(path, target_crs="EPSG:6933")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such names")
def test_a_region_file_may_have_a_name_that_is_no_text(maps: Path, region_file: Write, tmp_path: Path) -> None:
    file = region_file({"West": [(300, 40)]}).rename(tmp_path / os.fsdecode(b"\xff.geojson"))
    for _ in ("cold", "warm"):
        table = frontcalc.diff(["2024"], archive=maps, regions=file, cache=tmp_path / "cache")
        assert table.meta.regions is not None
        assert table.meta.regions.name == "\\udcff.geojson"


def test_a_region_file_without_polygons_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps(collection({"a": [None]}, field="name")))
    with pytest.raises(DataError, match="holds no polygons"):
        read_regions(path, target_crs="EPSG:6933")


def test_a_region_without_a_polygon_is_refused_and_one_of_several_features_may_lack_its_own(tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps(collection({"a": [square(300, 40), None], "b": [None]}, field="name")))
    with pytest.raises(DataError, match=r"^regions\.geojson: has no polygon for b; give every region its area"):
        read_regions(path, target_crs=CRS)
    path.write_text(json.dumps(collection({"a": [square(300, 40), None]}, field="name")))
    assert read_regions(path, target_crs=CRS).names == ("a",)
    # A polygon that is a line there and back draws nothing, and is no part that lies apart.
    line, other = (shapely.Polygon([(west, 47), (west + 1, 47), (west, 47)]) for west in (30, 40))
    path.write_text(json.dumps(collection({"a": [square(300, 40)], "b": [line, other]}, field="name")))
    with pytest.raises(DataError, match=r"^regions\.geojson: has no polygon for b; give every region its area"):
        read_regions(path, target_crs=CRS)
    path.write_text(json.dumps(collection({"a": [line, square(300, 40)]}, field="name")))
    assert read_regions(path, target_crs=CRS).notices == ()


def test_regions_of_a_file_are_the_same_from_the_cache(tmp_path: Path) -> None:
    """Two that share 1 km², so that something is said; the third time from what was kept."""
    path = overlapping(tmp_path, 0.1)
    kept = Cache(tmp_path / "cache")
    fresh, stored, again = (read_regions(path, target_crs=CRS, cache=cache) for cache in (NOTHING_KEPT, kept, kept))
    assert "1.000 km²" in fresh.notices[0].message
    for made in (stored, again):
        assert made.notices == fresh.notices
        assert made.owner.tolist() == fresh.owner.tolist()
        assert shapely.to_wkb(made.pieces).tolist() == shapely.to_wkb(fresh.pieces).tolist()
        assert shapely.to_wkb(made.land).tolist() == shapely.to_wkb(fresh.land).tolist()
    # The file's name is in what is said.
    moved = path.rename(tmp_path / "renamed.geojson")
    assert "renamed.geojson" in read_regions(moved, target_crs=CRS, cache=kept).notices[0].message
