"""Region files with several layers, and the field that names the regions: found where plain, else asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import shapely
from conftest import collection, square
from formats import kml, mercator, named, shapefile_parts, written, zipped

import frontcalc
from frontcalc.cache import Cache
from frontcalc.errors import DataError, UsageError
from frontcalc.geometry import area_km2
from frontcalc.regions import RegionSet, file_and_layer, read_regions

CRS = "EPSG:6933"
ROW = [square(n, 40) for n in range(4)]
HALVES = [shapely.union_all(ROW[:2]), shapely.union_all(ROW[2:])]
Rows = Sequence[Mapping[str, str]]

# One country of two provinces of two districts, of which two share a name.
LEVELS: list[tuple[list[shapely.Polygon], Rows]] = [
    ([shapely.union_all(ROW)], [{"COUNTRY": "Land"}]),
    (HALVES, [{"NAME_1": "West"}, {"NAME_1": "East"}]),
    (
        ROW,
        [
            {"NAME_1": one, "NAME_2": two, "GID_2": f"L.{n}"}
            for n, (one, two) in enumerate((("West", "a"), ("West", "Center"), ("East", "Center"), ("East", "b")))
        ],
    ),
]


def layer(path: Path, name: str, shapes: list[Any], rows: Rows, **options: Any) -> Path:
    """Add a layer to a GeoPackage."""
    fields = {key: [row[key] for row in rows] for key in rows[0]}
    written(path, "GPKG", shapes, layer=name, fields=fields, append=path.exists(), **options)
    return path


@pytest.fixture
def gadm(tmp_path: Path) -> Path:
    """A GeoPackage of all levels, as GADM's, with towns as points beside them."""
    path = tmp_path / "gadm41_LND.gpkg"
    for level, (shapes, rows) in enumerate(LEVELS):
        layer(path, f"ADM_ADM_{level}", shapes, rows)
    return layer(path, "towns", [ROW[0].centroid], [{"NAME_1": "Town"}], geometry_type="Point")


@pytest.fixture
def hdx(tmp_path: Path) -> Path:
    """A zip with a shapefile a level, as the Humanitarian Data Exchange's, with one of borders as lines."""
    members = {}
    for level, (shapes, rows) in enumerate(LEVELS):
        fields = {f"ADM{key[-1]}_EN": [row[key] for row in rows] for key in rows[0] if key.startswith("NAME")}
        local = {f"{key[:5]}UA": [f"{value} мовою" for value in values] for key, values in fields.items()}
        texts = {**fields, **local, "ADM0_EN": ["Land"] * len(rows)}
        parts = shapefile_parts(tmp_path / str(level), shapes, fields=texts, encoding="UTF-8")
        members |= named(parts, f"lnd_adm/lnd_admbnda_adm{level}_sspe_20240416")
    lines = {"fields": {"ADM1_EN": ["West"]}, "geometry_type": "LineString"}
    members |= named(shapefile_parts(tmp_path / "l", [ROW[0].exterior], **lines), "lnd_adm/lnd_admbndl_admALL")
    path = tmp_path / "lnd_adm.zip"
    path.write_bytes(zipped(members))
    return path


def km2(regions: RegionSet) -> dict[str, float]:
    """Return the area of each region, by name with its code or parent."""
    areas = area_km2(regions.pieces)
    return {name: round(float(areas[regions.owner == own].sum()), 3) for own, name in enumerate(regions.names)}


PROVINCES = {"East": 200.0, "West": 200.0}


@pytest.mark.parametrize(("publisher", "field"), [("gadm", "NAME_1"), ("hdx", "ADM1_EN")])
def test_the_layer_at_the_level_of_the_field_is_taken_and_said(
    publisher: str, field: str, request: pytest.FixtureRequest
) -> None:
    """The finer layer names the provinces too, and they stay whole."""
    path = request.getfixturevalue(publisher)
    given, found = read_regions(path, target_crs=CRS, field=field), read_regions(path, target_crs=CRS)
    assert km2(given) == km2(found) == PROVINCES
    for regions in (given, found):
        assert regions.source
        taken = {"gadm": "gadm41_LND.gpkg:ADM_ADM_1", "hdx": "lnd_adm.zip:lnd_admbnda_adm1_sspe_20240416"}[publisher]
        assert regions.source.name == taken
        (notice,) = regions.notices
        assert notice.code == "REGIONS-FOUND"
        assert f"{taken.partition(':')[2]} is taken" in notice.message
    assert (f"named by '{field}'" in found.notices[0].message, "named by" in given.notices[0].message) == (True, False)


@pytest.mark.parametrize(("publisher", "field"), [("gadm", "NAME_2"), ("hdx", "ADM2_EN")])
def test_districts_are_found_at_their_level(publisher: str, field: str, request: pytest.FixtureRequest) -> None:
    regions = read_regions(request.getfixturevalue(publisher), target_crs=CRS, level="adm2")
    assert sorted(regions.names) == sorted(["a", "b", "Center", "Center"])
    assert f"named by '{field}'" in regions.notices[0].message


def test_a_layer_is_chosen_by_its_name(gadm: Path, tmp_path: Path) -> None:
    finer = read_regions(f"{gadm}:adm_adm_2", target_crs=CRS, field="NAME_1")
    assert km2(finer) == PROVINCES
    assert finer.source
    assert finer.source.name == "gadm41_LND.gpkg:ADM_ADM_2"
    assert finer.notices == ()
    with pytest.raises(
        UsageError, match=r"gadm41_LND\.gpkg: has no layer 'ADM_9'; its layers are ADM_ADM_0 with COUNT"
    ):
        read_regions(f"{gadm}:ADM_9", target_crs=CRS)
    # A file of that very name wins; a drive's letter is no file.
    other = tmp_path / "gadm41_LND.gpkg:ADM_ADM_2"
    assert file_and_layer(str(other)) == file_and_layer(f"{gadm}:ADM_ADM_2")
    other.write_bytes(b"{}")
    assert file_and_layer(other)[1] == ""
    entry, none = file_and_layer(r"C:\gadm.gpkg")
    assert (str(entry.root), none) == (r"C:\gadm.gpkg", "")
    assert file_and_layer(f"{gadm}:a:b")[1] == "a:b"


def test_a_field_that_is_in_no_layer_is_said_with_those_that_are(gadm: Path) -> None:
    what = r"no field 'NAME_9'; its layers are ADM_ADM_0 with COUNTRY \(Land\); ADM_ADM_1 with NAME_1 \(West\); ADM"
    with pytest.raises(UsageError, match=what):
        read_regions(gadm, target_crs=CRS, field="NAME_9")
    assert (
        frontcalc.check_regions(gadm, region_name="NAME_9").meta.refused[0].startswith("no field 'NAME_9'; its layers")
    )


def test_check_and_diff_name_the_layer(gadm: Path, tmp_path: Path) -> None:
    meta = frontcalc.check_regions(f"{gadm}:ADM_ADM_1").meta
    assert (meta.file.name, meta.name_field, meta.refused) == ("gadm41_LND.gpkg:ADM_ADM_1", "NAME_1", ())
    maps = tmp_path / "maps"
    maps.mkdir()
    for day, shapes in (("2024-01-01", ROW[:1]), ("2024-02-01", ROW[:3])):
        (maps / f"{day}.geojson").write_text(json.dumps(collection({None: shapes})))
    table = frontcalc.diff("2024-01-01..2024-02-01", archive=maps, regions=gadm)
    assert {row.region: round(row.net_km2 or 0, 3) for row in table.rows} == {
        "East": 100.0,
        "West": 100.0,
        "unassigned": 0.0,
        "total": 200.0,
    }
    assert table.meta.regions
    assert table.meta.regions.name == "gadm41_LND.gpkg:ADM_ADM_1"


def test_layers_that_are_parts_of_one_level_all_count(tmp_path: Path) -> None:
    """A shapefile a region, two of which are of one name; folders of KML; nothing is left out and nothing said."""
    parts = [shapefile_parts(tmp_path / str(n), [ROW[n]], fields={"name": [name]}) for n, name in enumerate("aab")]
    path = tmp_path / "parts.zip"
    path.write_bytes(zipped({k: v for n, own in enumerate(parts) for k, v in named(own, f"part{n}").items()}))
    regions = read_regions(path, target_crs=CRS)
    assert (km2(regions), regions.notices) == ({"a": 200.0, "b": 100.0}, ())
    assert regions.source
    assert regions.source.name == "parts.zip"
    folders = tmp_path / "a.kml"
    folders.write_bytes(kml(("mainland", ROW[:2]), ("islands", ROW[2:3])))
    assert km2(read_regions(folders, target_crs=CRS)) == {"a place": 300.0}


def test_of_parts_of_one_level_none_is_left_out(tmp_path: Path) -> None:
    """Three parts, the last without names: to leave it out would lose its ground."""
    path = tmp_path / "parts.gpkg"
    for n, row in enumerate(({"name": "a"}, {"name": "b"}, {"code": "c"})):
        layer(path, f"part{n}", [ROW[n]], [row])
    with pytest.raises(DataError, match="feature 2 has no 'name'"):
        read_regions(path, target_crs=CRS)


def test_towns_and_borders_beside_the_regions_do_not_disturb(tmp_path: Path) -> None:
    path = layer(tmp_path / "a.gpkg", "provinces", HALVES, [{"name": "West"}, {"name": "East"}])
    layer(path, "towns", [ROW[0].centroid], [{"name": "Town"}], geometry_type="Point")
    layer(path, "borders", [ROW[0].exterior], [{"name": "Coast"}], geometry_type="LineString")
    regions = read_regions(path, target_crs=CRS)
    assert (km2(regions), regions.notices) == (PROVINCES, ())


def test_what_is_kept_of_one_layer_is_not_given_for_another(gadm: Path, tmp_path: Path) -> None:
    kept = Cache(tmp_path / "cache")
    for _ in ("made", "kept"):
        for own in ("ADM_ADM_1", "ADM_ADM_2"):
            regions = read_regions(f"{gadm}:{own}", target_crs=CRS, field="NAME_1", cache=kept)
            assert regions.source
            assert regions.source.name == f"gadm41_LND.gpkg:{own}"


@pytest.mark.parametrize("names", [("lnd_adm1", "lnd_adm2"), ("provinces", "districts")])
def test_levels_whose_names_share_nothing_are_told_by_their_layers_or_asked_for(
    names: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "both.gpkg"
    layer(path, names[0], HALVES, [{"name": "West"}, {"name": "East"}])
    layer(path, names[1], ROW, [{"name": name} for name in "abcd"])
    if names[0] == "lnd_adm1":
        assert km2(read_regions(path, target_crs=CRS)) == PROVINCES
        assert len(read_regions(path, target_crs=CRS, level="adm2").names) == 4
    else:
        what = r"several layers have the field 'name'; its layers are provinces with name \(West\); districts with na"
        with pytest.raises(UsageError, match=what + r"me \(a\); choose one with FILE:LAYER"):
            read_regions(path, target_crs=CRS)
        assert km2(read_regions(f"{path}:provinces", target_crs=CRS)) == PROVINCES


def test_other_layers_may_be_in_another_crs(tmp_path: Path) -> None:
    path = layer(tmp_path / "a.gpkg", "ADM_1", HALVES, LEVELS[1][1])
    layer(path, "ADM_2", list(map(mercator, ROW)), LEVELS[2][1], crs="EPSG:3857")
    layer(path, "ADM_0", list(map(mercator, LEVELS[0][0])), LEVELS[0][1], crs="EPSG:3857")
    assert km2(read_regions(path, target_crs=CRS)) == PROVINCES
    assert sum(km2(read_regions(f"{path}:ADM_2", target_crs=CRS, field="GID_2")).values()) == pytest.approx(
        400, abs=0.1
    )


@pytest.mark.parametrize(
    ("fields", "level", "found"),
    [
        ("NAME", "adm1", "NAME"),
        ("shapeName shapeISO shapeGroup", "adm1", "shapeName"),
        ("NAME_1 NAME_2 VARNAME_1 TYPE_1", "adm2", "NAME_2"),
        ("ADM1_EN ADM1_UA ADM1_RU ADM1_PCODE ADM0_EN", "adm1", "ADM1_EN"),
        ("ADM1_FR ADM0_FR ADM1_PCODE", "adm1", "ADM1_FR"),
        ("adm2_name adm2_name1 adm1_name", "adm2", "adm2_name"),
        ("admin1Name_en admin1Pcod", "adm1", "admin1Name_en"),
        ("NAM", "adm1", "NAM"),
        ("NAME_EN POP", "adm1", "NAME_EN"),
        ("ADM1_UA ADM1_RU", "adm1", ""),
        ("NAME_1 shapeName", "adm1", ""),
        ("oblast", "adm1", ""),
    ],
)
def test_the_field_of_names_is_found_where_one_alone_may_be_it(
    fields: str, level: str, found: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.geojson"
    document = collection({None: [ROW[0]]})
    document["features"][0]["properties"] = {field: f"its {field}" for field in fields.split()}
    path.write_text(json.dumps(document))
    if found:
        assert read_regions(path, target_crs=CRS, level=level).names == (f"its {found}",)
        assert read_regions(path, target_crs=CRS, field=found.swapcase()).names == (f"its {found}",)
    else:
        with pytest.raises(UsageError, match=r"a\.geojson: .*fields are .*\(its .*; choose with --region-name$"):
            read_regions(path, target_crs=CRS, level=level)


def test_a_layer_for_every_feature_is_no_work(tmp_path: Path) -> None:
    """A file may say of each feature another layer; ten thousand take no longer than one."""
    document = collection({None: [ROW[0]]})
    (only,) = document["features"]
    document["features"] = [{**only, "properties": {"layer in the file": str(n), "NAME_1": "a"}} for n in range(10_000)]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="several layers have the field 'NAME_1'"):
        read_regions(path, target_crs=CRS)
