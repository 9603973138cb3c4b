"""Shapefiles whose parts do not agree, and names in encodings that are stated, plain or neither."""

from __future__ import annotations

import struct
from pathlib import Path
from random import Random

import numpy as np
import pyogrio
import pytest
import shapely
from conftest import square
from formats import CONTROL, shapefile_parts
from raw_formats import shapefile

from frontcalc import crs
from frontcalc.errors import DataError
from frontcalc.layers import INNER
from frontcalc.read import read_content
from frontcalc.read.features import Features, nest_by_direction

SHP_HEADER = 100
RECORD = 8 + 128  # of a square: its number and length, and its content


def read(parts: dict[str, bytes]) -> Features:
    return read_content(parts[".shp"], where="a.zip/Map.shp", beside=parts)


def refused(parts: dict[str, bytes]) -> str:
    with pytest.raises(DataError) as caught:
        read(parts)
    return str(caught.value)


def wests(features: Features) -> list[float]:
    """Return the western edge of each polygon, by which the squares are told apart."""
    return [round(float(shapely.bounds(one)[0]), 3) for one in features.polygons]


# --- records ------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path: Path) -> dict[str, bytes]:
    return shapefile_parts(tmp_path, [square(0, 0), square(1, 0), square(2, 0)])


def test_a_stale_shx_is_not_believed(three: dict[str, bytes], tmp_path: Path) -> None:
    right = wests(read(three))
    old = shapefile_parts(tmp_path / "old", [square(0, 0)])
    for shx in (old[".shx"], b"", three[".shx"][:-3], three[".shx"][:SHP_HEADER] + 3 * three[".shx"][SHP_HEADER:][:8]):
        assert wests(read({**three, ".shx": shx})) == right
    assert len(set(right)) == 3


def edited(parts: dict[str, bytes]) -> dict[str, bytes]:
    """Return parts as GDAL leaves them where the first shape outgrew its place: the new one stands at the end."""
    shp, shx = parts[".shp"], parts[".shx"]
    first, words = shp[SHP_HEADER:][:RECORD], struct.pack(">i", (len(shp) + RECORD) // 2)
    return {
        **parts,
        ".shp": shp[:24] + words + shp[28:] + first,
        ".shx": shx[:SHP_HEADER] + struct.pack(">i", len(shp) // 2) + shx[SHP_HEADER + 4 :],
    }


def test_a_map_edited_in_place_is_read_by_its_shx(three: dict[str, bytes]) -> None:
    parts = edited(three)
    assert wests(read(parts)) == wests(read(three))
    assert "record 4 of its .shp is broken or out of order; add its .shx" in refused(
        {suffix: content for suffix, content in parts.items() if suffix != ".shx"}
    )


@pytest.mark.parametrize("entry", [(0, 64), (-2, 64), (50, 60), (2**31 - 1, 64), (50, 2**31 - 1), (118, 64), (50, 1)])
def test_an_edited_map_whose_shx_lies_is_refused(entry: tuple[int, int], three: dict[str, bytes]) -> None:
    parts = edited(three)
    shx = parts[".shx"][:SHP_HEADER] + struct.pack(">ii", *entry) + parts[".shx"][SHP_HEADER + 8 :]
    assert "its .shx" in refused({**parts, ".shx": shx})


def test_records_beyond_the_end_that_is_stated_are_not_lost(three: dict[str, bytes]) -> None:
    shp = three[".shp"]
    short = shp[:24] + struct.pack(">i", (len(shp) - RECORD) // 2) + shp[28:]
    assert "says that it ends after 372 of its 508 bytes; save it again" in refused({**three, ".shp": short})
    assert "says that it ends after 0 of" in refused({**three, ".shp": shp[:24] + bytes(4) + shp[28:]})
    assert wests(read({**three, ".shp": shp + bytes(100)})) == wests(read(three))


def test_a_dbf_of_another_map_is_refused(three: dict[str, bytes], tmp_path: Path) -> None:
    other = shapefile_parts(tmp_path / "other", [square(0, 0)])
    assert refused({**three, ".dbf": other[".dbf"]}) == (
        "a.zip/Map.shp: its .dbf has 1 rows, but its .shp 3 shapes: they are not of one map; give parts that were saved"
        " together"
    )


def test_rows_marked_as_deleted_are_not_counted(three: dict[str, bytes]) -> None:
    dbf = three[".dbf"]
    start = struct.unpack("<H", dbf[8:10])[0]
    features = read({**three, ".dbf": dbf[:start] + b"*" + dbf[start + 1 :]})
    assert wests(features) == wests(read(three))[1:]


def test_measures_are_dropped_and_bodies_refused(tmp_path: Path) -> None:
    high = shapely.force_3d(CONTROL, 9.0)
    parts = shapefile_parts(tmp_path, [high], geometry_type="Polygon Z")
    features = read(parts)
    assert not shapely.has_z(features.polygons).any()
    assert shapely.equals_exact(features.polygons[0].normalize(), CONTROL.normalize())
    shp = bytearray(parts[".shp"])
    shp[32] = shp[SHP_HEADER + 8] = 31
    assert "holds multipatches" in refused({**parts, ".shp": bytes(shp)})


# --- encodings ----------------------------------------------------------------------------------------------------


def named(folder: Path, *names: str, encoding: str, language: int = 0, cpg: bytes | None = None) -> dict[str, bytes]:
    """Return squares with names in an encoding, its .dbf with a language byte."""
    shapes = [square(n, 0) for n in range(len(names))]
    parts = shapefile_parts(folder, shapes, fields={"name": list(names)}, encoding=encoding)
    dbf = bytearray(parts[".dbf"])
    dbf[29] = language
    del parts[".cpg"]
    return {**parts, ".dbf": bytes(dbf), **({".cpg": cpg} if cpg is not None else {})}


def names_of(parts: dict[str, bytes]) -> list[object]:
    return [own["name"] for own in read(parts).properties]


UKRAINIAN = ("Херсонська область", "Кам'янець № 2", "Їжакове (Kherson) — ґанок", "КИЇВ")
LATIN = ("Zürich", "Évry", "Besançon", "ÀÉÈ Ü")


@pytest.mark.parametrize(
    ("names", "encoding", "language", "cpg"),
    [
        (UKRAINIAN, "cp1251", 0, None),
        (UKRAINIAN, "cp1251", 0x57, None),
        (UKRAINIAN, "cp1251", 0x03, None),
        (UKRAINIAN, "cp1251", 0xC9, None),
        (UKRAINIAN, "cp1251", 0x57, b"ANSI 1251\r\n"),
        (UKRAINIAN, "cp1251", 0x57, b"windows-1251"),
        (UKRAINIAN, "cp1251", 0x57, b"1251"),
        (UKRAINIAN, "utf-8", 0, None),
        (UKRAINIAN, "utf-8", 0x57, None),
        (UKRAINIAN, "utf-8", 0x57, b"\xef\xbb\xbfUTF-8"),
        (UKRAINIAN, "utf-8", 0x57, b"65001"),
        (UKRAINIAN[:1], "koi8-u", 0, b"KOI8-U"),
        (UKRAINIAN[:1], "cp866", 0x65, None),
        (UKRAINIAN[:1], "iso8859-5", 0, b"88595"),
        (LATIN, "cp1252", 0x03, None),
        (LATIN, "utf-8", 0x03, None),
        (LATIN, "iso8859-1", 0x57, b"ISO-8859-1"),
        (LATIN, "iso8859-1", 0x57, b"88591"),
    ],
)
def test_names_are_read_in_the_encoding_that_is_stated_or_plain(
    names: tuple[str, ...], encoding: str, language: int, cpg: bytes | None, tmp_path: Path
) -> None:
    assert names_of(named(tmp_path, *names, encoding=encoding, language=language, cpg=cpg)) == list(names)


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (LATIN, "cp1252"),
        (("Łódź", "Gdańsk"), "cp1250"),
        (("Αθήνα", "Πειραιάς"), "cp1253"),
        (("ירושלים", "תל אביב", "חיפה"), "cp1255"),
        (("Херсон", "Донецьк"), "koi8-u"),
        (("Херсон", "Донецк"), "iso8859-5"),
        (("Херсон", "Донецк"), "cp866"),
        (("Aн",), "cp1251"),
        (("я",), "cp1251"),
    ],
)
def test_names_in_an_encoding_that_nothing_tells_are_not_guessed(
    names: tuple[str, ...], encoding: str, tmp_path: Path
) -> None:
    said, cure = refused(named(tmp_path, *names, encoding=encoding)).split("; ")
    assert said == "a.zip/Map.shp: its texts are in an encoding that it does not state"
    assert cure == "write its name into Map.cpg, as windows-1251"


def test_what_is_stated_and_wrong_is_refused(tmp_path: Path) -> None:
    parts = named(tmp_path, "Херсон", encoding="cp1251")
    assert "its texts are not in the encoding that it states, utf-8; write" in refused({**parts, ".cpg": b"UTF-8"})
    for unknown in (b"martian", b"punycode", b"rot13", b"hex", b"unicode_escape", b"utf-16", b"1234567"):
        said = refused({**parts, ".cpg": unknown})
        assert f"its .cpg names the encoding {unknown.decode()!r}, which is not known; write UTF-8 or" in said


def test_a_name_cut_off_within_a_letter_ends_before_it(tmp_path: Path) -> None:
    # A field of 11 bytes holds five Ukrainian letters and a half.
    dbf = shapefile_parts(tmp_path, [CONTROL], fields={"name": ["x" * 11]})[".dbf"]
    parts = shapefile_parts(tmp_path, [CONTROL])
    width, start = dbf[32 + 16], struct.unpack("<H", dbf[8:10])[0]
    header = dbf[:10] + struct.pack("<H", 12) + dbf[12 : 32 + 16] + bytes([11]) + dbf[32 + 17 : start]
    assert (width, header.count(b"name")) == (80, 1)
    cut = " " + "Херсон"
    features = read({**parts, ".dbf": header + cut.encode()[:12] + b"\x1a"})
    assert features.properties[0]["name"] == cut[1:6]


def test_names_of_fields_are_read_too(tmp_path: Path) -> None:
    parts = shapefile_parts(tmp_path, [CONTROL], fields={"назва": ["Крим"], "n": np.array([1])}, encoding="cp1251")
    del parts[".cpg"]
    features = read(parts)
    assert dict(features.properties[0]) == {INNER: "Map", "назва": "Крим", "n": 1}


def test_settings_of_the_environment_change_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = named(tmp_path, *UKRAINIAN, encoding="cp1251")
    monkeypatch.setenv("SHAPE_ENCODING", "CP866")
    assert names_of(parts) == list(UKRAINIAN)
    monkeypatch.delenv("SHAPE_ENCODING")
    assert pyogrio.get_gdal_config_option("SHAPE_ENCODING") is None


# --- rings whose directions contradict how they lie ---------------------------------------------------------------


def drawn_km2(*polygons: list[shapely.Polygon]) -> float:
    """Return what is read of one feature whose polygons are outlines with holes, wherever these lie."""
    rings = [[[[x, y] for x, y in one.exterior.coords] for one in polygon] for polygon in polygons]
    geometry = {"type": "MultiPolygon", "coordinates": rings}
    data = shapefile({"features": [{"properties": {"layer": "a"}, "geometry": geometry}]}, Random(0))
    polygons = shapely.make_valid(read_content(data, where="a.zip").polygons, method="structure")
    return float(crs.exact_area_km2(shapely.union_all(polygons)))


def test_a_hole_that_crosses_its_outline_is_no_ground() -> None:
    whole = square(0, 0)
    width = whole.bounds[2] - whole.bounds[0]
    # A quarter of the square, three quarters of which lie in it: GDAL makes a polygon of its own of it.
    hole = shapely.affinity.translate(shapely.affinity.scale(whole, 0.5, 0.5), -0.375 * width)
    assert drawn_km2([whole, hole], [square(3, 0)]) == pytest.approx(200 - 0.75 * 25, abs=0.2)


def test_a_hole_is_refused_whose_direction_software_tells_differently() -> None:
    west, south, *_ = square(0, 0).bounds
    corners = np.array([[0.3, 0.3], [9.0, 3.0], [0.6, 0.6], [0.6, 0.3]])  # one drawn far off, so that edges cross
    hole = shapely.Polygon(corners * (square(0, 0).bounds[2] - west) + np.array([west, south]))
    assert not hole.is_valid
    with pytest.raises(DataError, match="feature 0 has a ring that crosses itself: nothing says whether it is ground"):
        drawn_km2([square(0, 0), hole], [square(30, 0)])
    # Where it is all that a feature has, it is ground whichever way it turns.
    assert drawn_km2([hole]) > 1


def test_a_hole_beside_its_outline_is_refused() -> None:
    with pytest.raises(DataError, match=r"feature 0 has a hole .a counter-clockwise ring. in no outline"):
        drawn_km2([square(0, 0), shapely.affinity.scale(square(5, 0), 0.5, 0.5)])


def test_outlines_that_all_turn_the_wrong_way_are_ground() -> None:
    turned = np.array([shapely.orient_polygons(square(column, 0)) for column in (0, 1)], dtype=object)
    features = Features(crs.LONLAT, ({},), turned, np.zeros(2, dtype=np.intp))
    assert list(nest_by_direction(features).polygons) == list(turned)
