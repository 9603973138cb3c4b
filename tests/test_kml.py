"""KML by our own reader: what counts as ground, what is refused, and what names and dates it."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from conftest import square
from formats import CONTROL, kml, link, zipped
from test_formats import km2, layers

import frontcalc
from frontcalc import check_archive
from frontcalc.archives import open_archive
from frontcalc.errors import DataError
from frontcalc.layers import INNER
from frontcalc.read import read_content
from frontcalc.read.detection import is_kml
from frontcalc.read.features import Features

A, B, C = square(0, 0), square(1, 0), square(2, 0)  # 100 km² each, side by side


def ring(*places: tuple[float, float]) -> str:
    """Return a ring through places, closed."""
    corners = " ".join(f"{x},{y}" for x, y in (*places, places[0]))
    return f"<LinearRing><coordinates>{corners}</coordinates></LinearRing>"


def box(west: float, south: float, east: float, north: float) -> str:
    return ring((west, south), (east, south), (east, north), (west, north))


def outer(*rings: str) -> str:
    return f"<outerBoundaryIs>{''.join(rings)}</outerBoundaryIs>"


def inner(*rings: str) -> str:
    return f"<innerBoundaryIs>{''.join(rings)}</innerBoundaryIs>"


def document(*inside: str) -> bytes:
    return f'<kml xmlns:gx="x"><Document>{"".join(inside)}</Document></kml>'.encode()


def placemark(*inside: str) -> str:
    return f"<Placemark>{''.join(inside)}</Placemark>"


def ground(shape: object = A, *, inside: str = "") -> str:
    """Return a placemark with the outline of a square, and more in it."""
    corners = list(shape.exterior.coords)[:-1]  # type: ignore[attr-defined]
    return placemark(inside, f"<Polygon>{outer(ring(*corners))}</Polygon>")


def read(*inside: str) -> Features:
    return read_content(document(*inside), where="a.kml")


def refused(*inside: str) -> str:
    with pytest.raises(DataError) as caught:
        read(*inside)
    return str(caught.value)


def span(begin: str = "", end: str = "") -> str:
    ends = (("begin", begin), ("end", end))
    return f"<TimeSpan>{''.join(f'<{tag}>{day}</{tag}>' for tag, day in ends if day)}</TimeSpan>"


# --- what is drawn -----------------------------------------------------------------------------------------------

WHOLE = outer(box(0, 0, 4, 4))
HOLES = (box(0.5, 0.5, 1.5, 1.5), box(2.5, 2.5, 3.5, 3.5))


@pytest.mark.parametrize("boundaries", [inner(*HOLES), inner(HOLES[0]) + inner(HOLES[1])], ids=["one", "each its own"])
def test_all_rings_of_an_inner_boundary_are_holes(boundaries: str) -> None:
    (polygon,) = read(placemark(f"<Polygon>{WHOLE}{boundaries}</Polygon>")).polygons
    assert (polygon.area, len(polygon.interiors)) == (14.0, 2)


@pytest.mark.parametrize(
    ("polygon", "message"),
    [
        (outer(box(0, 0, 1, 1), box(2, 2, 3, 3)), "2 rings in outerBoundaryIs"),
        (outer(box(0, 0, 1, 1)) + outer(box(2, 2, 3, 3)), "2 rings in outerBoundaryIs"),
        (inner(HOLES[0]), "no ring in outerBoundaryIs"),
        (outer("<LinearRing><coordinates/></LinearRing>") + inner(HOLES[0]), "no ring in outerBoundaryIs"),
        ("", "no ring in outerBoundaryIs"),
        (outer("<LinearRing><coordinates>0,0 1,1</coordinates></LinearRing>"), "has a ring of 2 points"),
        (outer(box(200, 0, 201, 1)), "its coordinates are no degrees.*export it in longitude and latitude"),
        (outer("<LinearRing><coordinates>0,0 1,1<a/>0 1,0</coordinates></LinearRing>"), "with an element inside"),
    ],
)
def test_a_polygon_that_cannot_be_is_refused_by_its_feature(polygon: str, message: str) -> None:
    assert re.search(message, refused(placemark(f"<Polygon>{polygon}</Polygon>")))


@pytest.mark.parametrize("turn", [1, -1])
def test_a_hole_outside_its_outline_is_no_outline_whichever_way_the_rings_run(turn: int) -> None:
    around, beside = ([(w, 0), (w + 4, 0), (w + 4, 4), (w, 4)][::turn] for w in (0, 6))
    said = refused(placemark(f"<Polygon>{outer(ring(*around))}{inner(ring(*beside))}</Polygon>"))
    assert "feature 0 has a hole outside its outline" in said


def test_placemarks_count_at_any_depth_and_empty_ones_are_nothing() -> None:
    two = f"<Polygon>{outer(box(0, 0, 1, 1))}</Polygon><Polygon>{outer(box(2, 0, 3, 1))}</Polygon>"
    nested = placemark(f"<MultiGeometry><MultiGeometry>{two}</MultiGeometry></MultiGeometry>")
    empty = placemark(f"<Polygon>{outer('<LinearRing><coordinates> </coordinates></LinearRing>')}</Polygon>")
    features = read("<Folder><Folder>", nested, "</Folder></Folder>", empty)
    assert (features.owner.tolist(), len(features.properties)) == ([0, 0], 2)


def test_points_lines_tracks_and_models_are_noted_as_no_area() -> None:
    lines = ("<Point><coordinates>1,2,3</coordinates></Point>", "<LineString/>", "<gx:Track/>", "<gx:MultiTrack/>")
    features = read(ground(), *map(placemark, lines), placemark("<Model/>"), placemark(box(0, 0, 1, 1)))
    assert (len(features.polygons), features.not_area.tolist()) == (1, [1, 2, 3, 4, 5, 6])


PICTURE = "<GroundOverlay><LatLonBox><north>49</north></LatLonBox></GroundOverlay>"
LOGO = "<ScreenOverlay/>"


def test_pictures_are_no_ground_and_are_noted(tmp_path: Path) -> None:
    (tmp_path / "2024-01-01.kml").write_bytes(document("<name>control_map</name>", ground(), PICTURE, PICTURE, LOGO))
    table = frontcalc.held(["2024-01-01"], archive=tmp_path, by="none", view="control")
    assert table.rows[-1].held_km2 == pytest.approx(100.0, abs=0.001)
    said = "2024-01-01.kml: pictures (2 GroundOverlay, 1 ScreenOverlay) were not read; what they show is not counted"
    assert said in [notice.message for notice in table.meta.notices if notice.code == "NOT-AREA"]
    (found,) = (one for one in check_archive(archive=tmp_path).rows if one.code == "NOT-AREA")
    assert (found.file, found.message.partition(";")[0]) == (
        "2024-01-01.kml",
        said.partition(": ")[2].partition(";")[0],
    )


@pytest.mark.parametrize("more", ["", placemark("<name>a town</name>"), "<Folder><name>control_map</name></Folder>"])
def test_a_map_of_pictures_alone_is_refused(more: str) -> None:
    assert "shows pictures alone (1 GroundOverlay)" in refused(PICTURE, more)


def test_a_logo_alone_is_no_empty_layer() -> None:
    assert "shows pictures alone (1 ScreenOverlay)" in refused("<name>control_map</name>", LOGO)
    assert len(read("<Folder><name>control_map</name></Folder>").polygons) == 0


@pytest.mark.parametrize(
    "inside",
    [
        f"<Update><Create><Document>{ground()}</Document></Create></Update>",
        placemark(f"<MultiPolygon><Polygon>{WHOLE}</Polygon></MultiPolygon>"),
        placemark(ground()),
        placemark(f"<Polygon>{outer('<LineString><coordinates>0,0 1,1</coordinates></LineString>')}</Polygon>"),
        placemark("<Polygon><coordinates>0,0 1,0 1,1</coordinates></Polygon>"),
    ],
)
def test_what_stands_where_it_would_be_passed_over_is_refused(inside: str) -> None:
    assert "where KML has none and it would be passed over" in refused(inside)


# --- coordinates -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "0,0 1,0\n1,1\t0,1",
        "0 , 0 1, 0 1 ,1 0,1",
        "0,0,5 1,0,-5.5 1,1,1e3 0,1 ",
        "0,0 <!-- x -->1,0 1,<![CDATA[1]]> 0,1",
    ],
)
def test_positions_stand_between_blanks(text: str) -> None:
    coordinates = f"<LinearRing><coordinates>{text}</coordinates></LinearRing>"
    (polygon,) = read(placemark(f"<Polygon>{outer(coordinates)}</Polygon>")).polygons
    assert (polygon.area, polygon.has_z) == (1.0, False)


@pytest.mark.parametrize(
    "position", ["x,1", "1", "1.5.5,1", "1;1", "1,1,0,1", "nan,nan", "1,inf", "1_0,1", "\u0661,1", "1,,1"]
)
def test_what_is_no_position_is_refused(position: str) -> None:
    coordinates = f"<LinearRing><coordinates>0,0 1,0 <!-- -->{position} 0,1</coordinates></LinearRing>"
    said = refused(ground(), placemark(f"<Polygon>{outer(coordinates)}</Polygon>"))
    assert (
        said
        == f"a.kml: feature 1 has <coordinates> with {position!r}, which is no position; repair it or use --skip-bad"
    )


# --- links -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("href", ["http://127.0.0.1:1/x.kml", "other.kml", "../other.kml", "/other.kml", "a.kml?x=1"])
def test_a_link_means_that_a_part_of_the_map_is_missing(href: str, tmp_path: Path) -> None:
    (tmp_path / "other.kml").write_bytes(kml(("control_map", [B])))
    said = refused(ground(), f"<NetworkLink><name>x\u202e</name><Url><href>{href}</href></Url></NetworkLink>")
    assert f"has a link (x\\u202e) to '{href}', which is not followed; a part of the map is missing" in said
    with pytest.raises(DataError, match="which is not followed"):
        read_content(zipped({"doc.kml": document(ground(), link(href)), "a.kml": document(ground(B))}), where="a.kmz")


@pytest.mark.parametrize("href", ["layers/a%20b.kml", "./layers/a b.kml", "layers\\a b.kml", "layers/a b.kml#id"])
def test_links_to_members_of_the_same_kmz_lead_to_what_is_read_anyway(href: str) -> None:
    members = {"doc.kml": document(link(href)), "layers/a b.kml": kml(("control_map", [A, B]))}
    features = read_content(zipped(members), where="a.kmz")
    assert (km2(features), layers(features)) == (pytest.approx(200.0, abs=0.001), ["control_map"] * 2)
    # From inside a folder, a path begins there or at the root.
    back = {"doc.kml": document(ground(C)), "layers/a b.kml": document(ground(B), link("../doc.kml"), link("doc.kml"))}
    assert km2(read_content(zipped(back), where="a.kmz")) == pytest.approx(200.0, abs=0.001)


@pytest.mark.parametrize("href", ["layers/A.kml", "a.png", "missing.kml"])
def test_links_to_no_map_of_the_same_kmz_are_refused(href: str) -> None:
    members = {"doc.kml": document(ground(), link(href)), "layers/a.kml": document(ground(B)), "a.png": b"\x89PNG"}
    with pytest.raises(DataError, match=rf"^a\.kmz/doc\.kml: has a link to '{href}', which is not followed"):
        read_content(zipped(members), where="a.kmz")


# --- names -------------------------------------------------------------------------------------------------------


def test_the_nearest_name_around_a_placemark_is_its_layer() -> None:
    unnamed, named = f"<Folder>{ground()}</Folder>", f"<Folder><name>claims</name>{ground()}</Folder>"
    late = f"<Folder>{ground()}<name>advances</name></Folder>"
    content = document(unnamed, named, late, f"<Folder><name>x</name><Folder>{ground()}</Folder></Folder>")
    assert layers(read_content(content, where="a.kml")) == ["", "claims", "advances", "x"]
    whole = content.replace(b"<Document>", b"<Document><atom:author><name>me</name></atom:author><name>all</name>", 1)
    assert layers(read_content(whole, where="a.kml")) == ["all", "claims", "advances", "x"]


def test_what_a_placemark_says_of_itself_becomes_properties() -> None:
    data = '<Data name="side"><value> a </value></Data><Data name="none"><value/></Data><x:rank>3</x:rank>'
    more = '<SchemaData schemaUrl="#s"><SimpleData name="n">1</SimpleData></SchemaData>'
    colours = "<LineStyle><color>ff</color></LineStyle><PolyStyle><color>7f</color></PolyStyle>"
    style = f"<styleUrl>#s1</styleUrl><Style>{colours}</Style>"
    inside = f"<name>N</name><description><![CDATA[<b>D</b>]]></description><open>1</open>{style}"
    features = read("<name>L</name>", ground(inside=f"{inside}<ExtendedData>{data}{more}</ExtendedData>"))
    told = {"Name": "N", "description": "<b>D</b>", "side": "a", "n": "1", "rank": "3", "styleUrl": "#s1", "fill": "7f"}
    assert features.properties == ({INNER: "L", **told},)


def test_prefixes_are_no_part_of_names_of_elements() -> None:
    text = kml(("control_map", [A])).replace(b"</", b"</k:").replace(b"<", b"<k:").replace(b"<k:/k:", b"</k:")
    text = text.replace(b"<k:?", b"<?").replace(b"<k:!", b"<!").replace(b"xmlns=", b"xmlns:k=")
    assert layers(read_content(text, where="a.kml")) == ["control_map"]


# --- times -------------------------------------------------------------------------------------------------------


def times(*inside: str) -> dict[str, object]:
    (own,) = read(*inside).properties
    return {name: own[name] for name in ("begin", "end", "date") if name in own}


@pytest.mark.parametrize(
    ("time_of_it", "told"),
    [
        (span("2022-03-01", "2022-05-31"), {"begin": "2022-03-01", "end": "2022-05-31"}),
        (span("2022-06-01Z"), {"begin": "2022-06-01"}),
        (span("2022-02", "2024-02"), {"begin": "2022-02-01", "end": "2024-02-29"}),
        (span("2022", "2023"), {"begin": "2022-01-01", "end": "2023-12-31"}),
        (span("2022-03-01T06:00:00Z"), {"begin": "2022-03-01T06:00:00Z"}),
        (span(), {}),
        ("<TimeStamp><when>2022-03-01</when></TimeStamp>", {"date": "2022-03-01"}),
        ("<gx:TimeStamp><when>2022-03-01T06:00:00+02:00</when></gx:TimeStamp>", {"date": "2022-03-01T06:00:00+02:00"}),
        ("<TimeStamp><when>2022-03</when></TimeStamp>", {"begin": "2022-03-01", "end": "2022-03-31"}),
    ],
)
def test_times_are_of_the_placemark_or_of_the_nearest_folder(time_of_it: str, told: dict[str, object]) -> None:
    assert times(ground(inside=time_of_it)) == told
    assert times(f"<Folder>{time_of_it}<Folder>{ground()}</Folder></Folder>") == told
    around = f"<Folder>{span('2000-01-01')}<Folder>{{}}{ground()}</Folder></Folder>"
    assert times(around.format(time_of_it)) == (told or {"begin": "2000-01-01"})


def test_a_date_in_the_data_goes_before_a_time_stamp() -> None:
    data = '<ExtendedData><Data name="date"><value>2024-01-02</value></Data></ExtendedData>'
    assert times(ground(inside=f"<TimeStamp><when>2022-03-01</when></TimeStamp>{data}")) == {"date": "2024-01-02"}


@pytest.mark.parametrize("wrong", [span("2022-13"), span("yesterday"), span("0000"), span(end="2022-05-31")])
def test_a_time_that_cannot_be_is_refused(wrong: str) -> None:
    assert "a.kml: has a TimeSpan" in refused(ground(inside=wrong))
    assert "a.kml: has a TimeSpan" in refused(f"<Folder>{wrong}</Folder>", ground())


WAR = document(
    "<name>control_map</name>",
    ground(A, inside=span("2022-03-01", "2022-05-31")),
    ground(B, inside=span("2022-06-01")),
)


def test_time_spans_date_a_file_without_a_day_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "war.kml").write_bytes(WAR)
    assert open_archive(tmp_path).days == (date(2022, 3, 1), date(2022, 6, 1))
    total = frontcalc.diff(["2022-05-01..2022-12-31"], archive=tmp_path, by="none", view="control").rows[-1]
    assert (total.gained_km2, total.lost_km2) == pytest.approx((100.0, 100.0), abs=0.001)


@pytest.mark.parametrize("day", ["2022-04-01", "2022-12-31"])
def test_a_time_span_that_does_not_hold_the_day_of_the_file_is_refused(day: str, tmp_path: Path) -> None:
    (tmp_path / f"war {day}.kml").write_bytes(WAR)
    with pytest.raises(DataError, match=f"has a time span .TimeSpan: .* that does not hold {day}.*; take the day out"):
        frontcalc.held([day], archive=tmp_path, by="none", view="control")
    (found,) = (one for one in check_archive(archive=tmp_path).rows if one.code == "UNREADABLE")
    assert "has a time span" in found.message


def test_time_spans_that_hold_the_day_of_the_file_count(tmp_path: Path) -> None:
    (tmp_path / "war 2022-04-01.kml").write_bytes(WAR.replace(b"2022-06-01", b"2022-04-01"))
    assert frontcalc.held(["2022-04-01"], archive=tmp_path, by="none", view="control").rows[
        -1
    ].held_km2 == pytest.approx(200, abs=0.001)


# --- the text ----------------------------------------------------------------------------------------------------


def test_encodings_and_what_stands_before_the_root() -> None:
    text = kml(("Контроль", [CONTROL])).decode()
    for content in (
        b"\xef\xbb\xbf" + text.encode(),
        b"\n  " + text.encode(),
        text.replace("UTF-8", "UTF-16").encode("utf-16"),
        text.encode("utf-16"),
        text.replace("UTF-8", "windows-1251").encode("windows-1251"),
        text.replace("?>", '?><?xml-stylesheet href="x"?>', 1).encode(),
    ):
        features = read_content(content, where="a.kml")
        assert layers(features) == ["Контроль"]
        assert km2(features) == pytest.approx(100.0, abs=0.001)


GOOD = kml(("a", [CONTROL]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GOOD[:-40], "a.kml: ends before its last element; is the download complete?"),
        (GOOD[: GOOD.index(b"coordinates") + 3], "a.kml: ends before its last element"),
        (b'<!DOCTYPE kml [<!ENTITY a "b">]>' + GOOD.partition(b"?>")[2], "holds <!DOCTYPE…, which KML has no need of"),
        (kml(inside="<!DOCTYPE x>"), "is not well-formed XML: .*, line 3, column "),
        (kml(inside="&a;"), "is not well-formed XML: undefined entity, line 3, column "),
        (GOOD + b"<kml/>", "is not well-formed XML: junk after document element, line 4, column 1"),
        (GOOD.replace(b"UTF-8", b"nonsense"), "has an encoding that is not read: unknown encoding: nonsense"),
        (GOOD.replace(b"UTF-8", b"shift_jis"), "has an encoding that is not read: multi-byte"),
        (GOOD.replace(b">a<", b">\xe0<"), "is not well-formed XML: .*save it again as UTF-8"),
        (kml(), "is KML without placemarks"),
        (kml(inside="<NetworkLink/>"), "is KML without placemarks"),
        (document("<Folder>" * 300, "</Folder>" * 300), "has elements nested more than 200 deep"),
    ],
)
def test_broken_kml_says_what_is_wrong(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_content(content, where="a.kml")


@pytest.mark.parametrize("content", [b"", b"<", b"<html/>", b"<a:gml/>", b"kml", b"<kml", b"<!DOCTYPE html><kml/>"])
def test_other_text_is_no_kml(content: bytes) -> None:
    assert not is_kml(content)


@pytest.mark.parametrize(
    "content",
    [
        document(placemark(f"<Polygon>{outer(box(0, 0, 1, 1)).replace(' ', ' ' * 500_000)}</Polygon>")),
        document(placemark(f"<Polygon>{outer(box(0, 0, 1, 1)).replace('0.0', '1' * 500_000)}</Polygon>")),
        document("<Folder></Folder>" * 40_000, ground()),
        document("<Placemark/>" * 80_000, ground()),
        document("<a/>" * 250_000, ground()),
        document(placemark("<Polygon>", outer("<LinearRing/>" * 70_000), "</Polygon>")),
        document(ground(inside="<ExtendedData>" + "<Data name='a'/>" * 60_000 + "</ExtendedData>")),
    ],
    ids=["blanks", "digits", "folders", "placemarks", "elements", "rings", "data"],
)
def test_a_megabyte_of_anything_is_read_or_refused_in_seconds(content: bytes) -> None:
    begun = time.process_time()
    with suppress(DataError):
        read_content(content, where="a.kml")
    assert time.process_time() - begun < 5.0
