"""The embedded regions: what is stored, whether it fits, and that the script gives it again."""

import csv
import zipfile
import zlib
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import build_regions
import numpy as np
import numpy.typing as npt
import pyproj
import pytest
import shapely

from frontcalc.errors import FrontcalcError
from frontcalc.natural_earth import EmbeddedRegions, load_embedded

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "data" / "regions" / "ukraine-adm1.csv"
WHEEL_NAME = "Orange3_Geo-0.5-py3-none-any.whl"
PROJECTION = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:6933", always_xy=True)

# km², as the offices of statistics give them; Sevastopol counts with Crimea, since Natural Earth draws their
# common border elsewhere; Kherson's official area includes water that Natural Earth leaves out.
OFFICIAL_KM2 = [
    (("UA-14",), 26_517, 0.03),
    (("UA-09",), 26_684, 0.03),
    (("UA-63",), 31_415, 0.03),
    (("UA-23",), 27_183, 0.03),
    (("UA-30", "UA-32"), 28_967, 0.03),
    (("RU-KRS",), 29_997, 0.03),
    (("RU-BEL",), 27_134, 0.03),
    (("UA-43", "UA-40"), 26_945, 0.05),
    (("UA-65",), 28_461, 0.10),
]


@pytest.fixture(scope="module")
def embedded() -> EmbeddedRegions:
    return load_embedded()


@pytest.fixture(scope="module")
def merged(embedded: EmbeddedRegions) -> npt.NDArray[np.object_]:
    indices = range(len(embedded.regions))
    return np.array([shapely.coverage_union_all(embedded.pieces[embedded.owner == i]) for i in indices])


def km2(geometries: npt.ArrayLike) -> npt.NDArray[np.float64]:
    def project(degrees: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(PROJECTION.transform(*degrees.T))

    return np.asarray(shapely.area(shapely.transform(shapely.segmentize(geometries, 0.01), project)) / 1e6)


def inflated(content: bytes) -> bytes:
    """A file without its compression, which may differ between versions of zlib."""
    magic = len(b"FCREG\x00\x01\n")
    return content[:magic] + zlib.decompress(content[magic:])


def test_has_the_32_regions_of_the_table(embedded: EmbeddedRegions) -> None:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 32
    assert [(r.code, r.country, r.name, r.name_uk, "|".join(r.aliases)) for r in embedded.regions] == [
        (row["code"], row["country"], row["name"], row["name_uk"], row["aliases"]) for row in rows
    ]


def test_countries_are_those_of_their_table(embedded: EmbeddedRegions) -> None:
    with TABLE.with_name("ukraine-adm0.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(own.code, own.name, own.name_uk, "|".join(own.aliases)) for own in embedded.countries] == [
        (row["code"], row["name"], row["name_uk"], row["aliases"]) for row in rows
    ]
    assert {own.code for own in embedded.countries} == {region.country for region in embedded.regions}


def test_codes_and_spellings_are_unambiguous(embedded: EmbeddedRegions) -> None:
    codes = [region.code for region in embedded.regions]
    assert len(set(codes)) == len(codes)
    spellings = [
        spelling.casefold()
        for region in embedded.regions
        for spelling in (region.code, region.name, region.name_uk, *region.aliases)
    ]
    assert sorted(set(spellings)) == sorted(spellings)


def test_crimea_and_sevastopol_are_ukrainian(embedded: EmbeddedRegions) -> None:
    countries = {region.name: region.country for region in embedded.regions}
    assert countries["Crimea"] == countries["Sevastopol"] == "UA"
    assert all(region.country == region.code[:2] for region in embedded.regions)


def test_pieces_are_small_and_valid(embedded: EmbeddedRegions) -> None:
    assert shapely.is_valid(embedded.pieces).all()
    assert not shapely.get_num_interior_rings(embedded.pieces).any()
    assert shapely.get_num_coordinates(embedded.pieces).max() <= 150
    assert (np.diff(embedded.owner) >= 0).all()
    assert set(embedded.owner) == set(range(len(embedded.regions)))


def test_pieces_and_regions_fit_exactly(embedded: EmbeddedRegions, merged: npt.NDArray[np.object_]) -> None:
    assert shapely.coverage_is_valid(embedded.pieces)
    assert shapely.coverage_is_valid(merged, gap_width=0.001)
    assert shapely.is_valid(merged).all()
    assert km2(merged) == pytest.approx(np.bincount(embedded.owner, km2(embedded.pieces)), abs=1e-6)
    # An overlap would make the sum larger than the union, wherever it is.
    assert km2(shapely.union_all(merged)) == pytest.approx(km2(embedded.pieces).sum(), abs=1e-6)


def test_regions_enclose_nothing_but_kyiv(embedded: EmbeddedRegions, merged: npt.NDArray[np.object_]) -> None:
    parts = shapely.get_parts(shapely.union_all(merged))
    assert not shapely.get_num_interior_rings(parts).any()
    holes = [shapely.get_num_interior_rings(shapely.get_parts(region)).sum() for region in merged]
    assert {r.name: n for r, n in zip(embedded.regions, holes, strict=True) if n} == {"Kyiv": 1}


@pytest.mark.parametrize(
    ("name", "lon", "lat"),
    [
        ("Donetsk", 38.00, 48.59),  # Bakhmut
        ("Luhansk", 38.49, 48.95),  # Sievierodonetsk
        ("Kherson", 32.62, 46.64),
        ("Kharkiv", 36.23, 49.99),
        ("Kyiv City", 30.52, 50.45),
        ("Kyiv", 30.11, 49.80),  # Bila Tserkva
        ("Crimea", 34.10, 44.95),  # Simferopol
        ("Sevastopol", 33.60, 44.58),
        ("Kursk", 35.27, 51.20),  # Sudzha
        ("Belgorod", 36.59, 50.60),
    ],
)
def test_towns_lie_in_their_region(embedded: EmbeddedRegions, name: str, lon: float, lat: float) -> None:
    hits = np.flatnonzero(shapely.contains_xy(embedded.pieces, lon, lat))
    assert [embedded.regions[embedded.owner[hit]].name for hit in hits] == [name]


@pytest.mark.parametrize(("codes", "official_km2", "tolerance"), OFFICIAL_KM2)
def test_areas_are_near_the_official_ones(
    embedded: EmbeddedRegions, codes: tuple[str, ...], official_km2: float, tolerance: float
) -> None:
    wanted = [i for i, region in enumerate(embedded.regions) if region.code in codes]
    pieces = embedded.pieces[np.isin(embedded.owner, wanted)]
    assert km2(pieces).sum() == pytest.approx(official_km2, rel=tolerance)


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:-9], lambda b: b[:20] + b"\xff" + b[21:]])
def test_damaged_file_is_an_error(
    damage: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = resources.files("frontcalc") / "data" / "ukraine-adm1.regions"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ukraine-adm1.regions").write_bytes(damage(stored.read_bytes()))
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    with pytest.raises(FrontcalcError, match="damaged"):
        load_embedded.__wrapped__()


def test_wheel_gives_the_stored_file_every_time(wheel: Path) -> None:
    built = build_regions.build(wheel, TABLE)
    assert built == build_regions.build(wheel, TABLE)
    stored = (resources.files("frontcalc") / "data" / "ukraine-adm1.regions").read_bytes()
    assert inflated(built) == inflated(stored)


def test_another_wheel_is_refused(tmp_path: Path) -> None:
    other = tmp_path / WHEEL_NAME
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("orangecontrib/geo/geojson/admin1-UKR.json", '{"features": []}')
    with pytest.raises(build_regions.SourceError, match="SHA-256"):
        build_regions.build(other, TABLE)


@pytest.mark.parametrize("crimea", ["RUS", "UKR"])
def test_natural_earths_zip_gives_the_same_regions(
    crimea: str,
    embedded: EmbeddedRegions,
    merged: npt.NDArray[np.object_],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import pyogrio

    codes = [row["adm1_code"].split("|") for row in build_regions.read_table(TABLE)]
    codes = [[code for code in row if code.startswith(crimea)] or row for row in codes]
    adm1 = np.array([row[0] for row in codes], dtype=object)
    layer = tmp_path / "ne_10m_admin_1_states_provinces.shp"
    pyogrio.raw.write(
        layer,
        shapely.to_wkb(merged),
        [adm1, adm1],
        ["ADM1_CODE", "NAME"],
        geometry_type="Polygon",
        crs="EPSG:4326",
    )
    source = tmp_path / "ne_10m_admin_1_states_provinces.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for part in tmp_path.glob("ne_10m*.[!z]*"):
            archive.write(part, part.name)
    built = build_regions.build(source, TABLE, tolerance=0)
    package = tmp_path / "package"
    (package / "data").mkdir(parents=True)
    (package / "data" / "ukraine-adm1.regions").write_bytes(built)
    monkeypatch.setattr(resources, "files", lambda name: package)
    again = load_embedded.__wrapped__()
    assert again.regions == embedded.regions
    for index, region in enumerate(merged):
        rebuilt = shapely.coverage_union_all(again.pieces[again.owner == index])
        assert km2(shapely.symmetric_difference(rebuilt, region)) < 0.05


def test_file_without_the_regions_is_refused() -> None:
    features = [build_regions.Feature(frozenset({"FRA-1"}), shapely.box(0, 0, 1, 1))]
    with pytest.raises(build_regions.SourceError, match="Donetsk"):
        build_regions.pick(build_regions.read_table(TABLE), features)


def test_zip_that_is_no_shapefile_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "ne_10m_admin_1_states_provinces.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("README.txt", "nothing here")
    with pytest.raises(build_regions.SourceError, match="no shapefile zip"):
        build_regions.build(source, TABLE)


def test_claimed_twice_stays_with_the_earlier_row_and_gaps_are_filled() -> None:
    # Two squares of 1000 units claim a strip of 100; a third leaves a slit of 10 below the first.
    regions = np.array(
        [shapely.box(0, 0, 1000, 1000), shapely.box(900, 0, 2000, 1000), shapely.box(0, -500, 2000, -10)]
    )
    # The slit is closed at both ends by the third, so it is enclosed and not a bay.
    regions[2] = shapely.union_all([regions[2], shapely.box(0, -10, 10, 0), shapely.box(1990, -10, 2000, 0)])
    first, second, third = build_regions.make_coverage(regions)
    assert first.area == 1000 * 1000
    assert second.area == 1000 * 1000
    assert third.area == regions[2].area + 1980 * 10
    assert shapely.coverage_is_valid([first, second, third])
