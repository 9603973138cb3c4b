"""Zips: what is packed how, what is refused, and the publishers' own."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
from pathlib import Path

import formats
import pytest
from conftest import square
from formats import CONTROL, kml, mercator, named, shapefile_parts, written, zipped
from test_formats import km2, layers

from frontcalc.errors import DataError
from frontcalc.layers import INNER
from frontcalc.limits import DEFAULTS
from frontcalc.read import read_content, read_features
from frontcalc.read.files import Entry


@pytest.fixture
def control(tmp_path: Path) -> dict[str, bytes]:
    return named(shapefile_parts(tmp_path / "control", [CONTROL]), "Control")


@pytest.fixture
def advances(tmp_path: Path) -> dict[str, bytes]:
    return named(shapefile_parts(tmp_path / "advances", [square(1, 0), square(2, 0)]), "sub/Advances")


def test_several_shapefiles_in_a_zip_are_layers(control: dict[str, bytes], advances: dict[str, bytes]) -> None:
    others = {"readme.txt": b"hello", "catalogue.json": b"{}", "__MACOSX/._Control.shp": b"x", "sub/": b""}
    features = read_content(zipped({**control, **advances, **others}), where="a.zip")
    assert layers(features) == ["Control", "Advances", "Advances"]
    assert features.owner.tolist() == [0, 1, 2]
    assert km2(features) == pytest.approx(300.0, abs=0.001)


def test_a_zip_in_a_zip_is_read_and_a_third_is_refused(control: dict[str, bytes], advances: dict[str, bytes]) -> None:
    outer = zipped({"one.zip": zipped(control), "two.zip": zipped(advances)})
    features = read_content(outer, where="a.zip")
    assert layers(features) == ["Control", "Advances", "Advances"]
    with pytest.raises(DataError, match=r"b\.zip/a\.zip/one\.zip: is a zip more than 2 deep; unpack it"):
        read_content(zipped({"a.zip": outer}), where="b.zip")


def test_parts_of_a_shapefile_belong_together_whatever_the_case_of_names(control: dict[str, bytes]) -> None:
    del control["Control.shx"], control["Control.cpg"]
    features = read_content(zipped({name.upper(): content for name, content in control.items()}), where="a.zip")
    assert features.properties == ({"name": "Херсон", INNER: "CONTROL"},)


def test_other_formats_in_a_zip(tmp_path: Path) -> None:
    one = read_content(zipped({"2024-11-03.json": formats.geojson(CONTROL)}), where="a.zip")
    assert (layers(one), km2(one)) == ([""], pytest.approx(100.0, abs=0.001))
    members = {
        "control_map.geojson": formats.geojson(CONTROL),
        "b.gpkg": written(tmp_path / "b.gpkg", "GPKG", [square(1, 0)], layer="russian_advances"),
        "c.kml": kml(("claims", [square(2, 0)])),
    }
    several = read_content(zipped(members), where="a.zip")
    assert layers(several) == ["russian_advances", "claims", "control_map"]
    assert km2(several) == pytest.approx(300.0, abs=0.001)


def test_members_in_different_crs_are_refused(control: dict[str, bytes], tmp_path: Path) -> None:
    other = named(shapefile_parts(tmp_path / "other", [mercator(CONTROL)], crs="EPSG:3857"), "Other")
    with pytest.raises(DataError, match=r"'Control\.shp' is in OGC:CRS84 and 'Other\.shp' in EPSG:3857; give them as"):
        read_content(zipped({**control, **other}), where="a.zip")


def test_a_zip_without_geodata_says_what_is_inside() -> None:
    with pytest.raises(
        DataError,
        match=r"a\.zip: is a zip without geodata; inside: 1 \.shx \(a part of a shapefile\), a\.txt; give the",
    ):
        read_content(zipped({"b.shx": b"\x00\x00\x27\x0a", "a.txt": b"x"}), where="a.zip")
    with pytest.raises(DataError, match="inside: nothing"):
        read_content(zipped({}), where="a.zip")
    with pytest.raises(DataError, match="inside: 0, 1, 2, 3, 4, 5, 6, 7 and 2 more"):
        read_content(zipped({f"{n}": b"x" for n in range(10)}), where="a.zip")


def test_a_broken_zip_is_no_data(control: dict[str, bytes]) -> None:
    data = zipped(control)
    with pytest.raises(DataError, match=r"a\.zip: is a broken zip: .*is the download complete"):
        read_content(data[: len(data) // 2], where="a.zip")
    damaged = bytearray(data)
    damaged[60:90] = b"x" * 30
    with pytest.raises(DataError, match=r"a\.zip: is a broken zip"):
        read_content(bytes(damaged), where="a.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_damaged_in_any_method_is_no_data(method: int, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("2024-11-03.geojson", formats.geojson(CONTROL))
    data = out.getvalue()
    assert km2(read_content(data, where="a.zip")) == pytest.approx(100.0, abs=0.001)
    start, end = data.index(b".geojson") + len(b".geojson"), data.index(b"PK\x01\x02")
    for damage in (b"\xff", b"\x00"):
        damaged = data[:start] + damage * (end - start) + data[end:]
        with pytest.raises(DataError, match=r"a\.zip: is a broken zip"):
            read_content(damaged, where="a.zip")
        (tmp_path / "a.zip").write_bytes(damaged)
        with pytest.raises(DataError, match=r"2024-11-03\.geojson: cannot be read"):
            Entry(tmp_path / "a.zip", "2024-11-03.geojson").read()


@pytest.mark.parametrize("name", ["b.geojsonl", "b.geojsonseq", "b.esrijson", "B.TOPOJSON"])
def test_no_map_is_passed_over_for_its_neighbour(name: str) -> None:
    members = {"a.geojson": formats.geojson(CONTROL), name: formats.geojson(square(1, 0))}
    assert km2(read_content(zipped(members), where="a.zip")) == pytest.approx(200.0, abs=0.001)


def test_a_map_in_gzip_in_a_zip_is_refused_and_other_gzip_is_not_looked_at() -> None:
    packed = gzip.compress(formats.geojson(square(1, 0)))
    with pytest.raises(DataError, match=r"a\.zip: has a member in gzip: 'b\.geojson\.gz'; unpack it"):
        read_content(zipped({"a.geojson": formats.geojson(CONTROL), "b.geojson.gz": packed}), where="a.zip")
    one = read_content(zipped({"a.geojson": formats.geojson(CONTROL), "notes.txt.gz": packed}), where="a.zip")
    assert km2(one) == pytest.approx(100.0, abs=0.001)


def test_an_encrypted_zip_is_refused(control: dict[str, bytes]) -> None:
    data = bytearray(zipped(control))
    directory = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[directory + 8] |= 1
    with pytest.raises(DataError, match=r"is encrypted: 'Control.*' needs a password; unpack it"):
        read_content(bytes(data), where="a.zip")


@pytest.mark.parametrize("name", ["../a.shp", "/a.shp", "..\\b.shp", "\\b.shp", "C:/a.shp", "a/../../b.shp"])
def test_names_outside_the_zip_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="has a member that names a place outside"):
        read_content(zipped({name: b"x"}), where="a.zip")


def test_links_and_double_names_are_refused() -> None:
    out = io.BytesIO()
    info = zipfile.ZipInfo("a.geojson")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match=r"has a member that is a link: 'a\.geojson'"):
        read_content(out.getvalue(), where="a.zip")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.geojson", "{}")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.geojson", "{}")
    with pytest.raises(DataError, match=r"has two members named 'a\.geojson'"):
        read_content(out.getvalue(), where="a.zip")


def test_a_zip_that_unpacks_to_too_much_is_refused(control: dict[str, bytes]) -> None:
    data = bytearray(zipped(control))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (DEFAULTS["max_unpacked_bytes"] + 1).to_bytes(4, "little")
    with pytest.raises(
        DataError, match="unpacks to more than 1,073,741,824 bytes; if you trust it, raise FRONTCALC_MAX_UNPACKED_BYTES"
    ):
        read_content(bytes(data), where="a.zip")


def test_the_limits_count_the_zips_inside(control: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped({"a.zip": zipped(control), "b.zip": zipped({f"x{n}.txt": b"" for n in range(10)})})
    monkeypatch.setenv("FRONTCALC_MAX_MEMBERS", str(2 + len(control) + 9))
    with pytest.raises(DataError, match=r"a\.zip/b\.zip: has more than 16 members"):
        read_content(data, where="a.zip")


# --- the publishers' own ------------------------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("UkraineControlMapAO27APR2026", 112_998.7),
        ("AssessedRussianAdvancesinUkraineAPR272026", 3_962.2),
        ("AssessedRussianInfiltrationAreasinUkraineAPR272026", 269.8),
        ("ClaimedRussianTerritoryinUkraineAPR272026", 1_779.2),
        ("ClaimedUkrainianCounteroffensivesAPR272026", 70_360.7),
    ],
)
def test_zips_as_published(name: str, area: float, shared: Path) -> None:
    path = shared / "archives" / "isw-shapefile-zips" / f"{name}.zip"
    _, features = read_features(Entry(path))
    assert (features.crs, len(features.not_area), set(layers(features))) == ("EPSG:3857", 0, {name})
    assert km2(features) == pytest.approx(area, abs=0.5)
