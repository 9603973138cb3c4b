"""What is no map is called by its name, by content or by the name of the file, with what to give instead."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import collection, square
from formats import zipped

import frontcalc
from frontcalc.archives import open_archive, pair_archive
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.read import read_content
from frontcalc.read.files import Entry, file_of

MAP = json.dumps(collection({"control_map": [square(300, 40)]})).encode()


def tar(mode: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo("2024-01-01.geojson")
        member.size = len(MAP)
        archive.addfile(member, io.BytesIO(MAP))
    return out.getvalue()


XML = b'<?xml version="1.0"?>\n'
OFFICE = "application/vnd.oasis.opendocument."
SPREADSHEET = zipped({"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"<a/>"})
TABLE = b'name,wkt\na,"POLYGON ((0 0, 1 0, 1 1, 0 0))"\n'
BY_CONTENT = {
    "web page": XML + b"<html xmlns='x'>",
    "Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\n",
    "text in UTF-16": MAP.decode().encode("utf-16"),
    "gzip inside gzip": gzip.compress(gzip.compress(MAP)),
    "tar archive": tar("w:gz"),
    "7-Zip, RAR, bzip2, xz or zstd archive": tar("w:xz"),
    "GDAL VRT": b"<OGRVRTDataSource/>",
    "GML": XML + b'<a xmlns:gml="http://www.opengis.net/gml"/>',
    "GPX": XML + b'<gpx version="1.1"/>',
    "extract of OpenStreetMap": b"\0\0\0\x0d\n\tOSMHeader\x18",
    "MapInfo": b'Version 300\nCharset "Neutral"\n',
    "CAD drawing": b"  0\r\nSECTION\r\n",
    "uMap backup": b'{"type":"umap","layers":[' + MAP + b"]}",
    "project or style of QGIS": zipped({"a.qgs": b"<qgis/>"}),
    "project or layer file of ArcGIS": b'{\n "type" : "CIMLayerDocument"}',
    "spreadsheet": SPREADSHEET,
    "document": b"{\\rtf1 text}",
    "presentation": zipped({"ppt/presentation.xml": b"<a/>"}),
    "old file of Office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "picture": b"\x89PNG\r\n\x1a\n",
    "map tiles": b"PMTiles\x03",
    "SQL": b"-- PostgreSQL database dump\n",
    "JavaScript": b"var json_control_1 = " + MAP,
    "text with geometry in it": TABLE,
    "table of points": b"name;lat;lon\na;48;37\n",
    "table of text": b"a\tb\n1\t2\n",
}


@pytest.mark.parametrize("what", BY_CONTENT)
def test_content_tells_whatever_the_name(what: str) -> None:
    with pytest.raises(DataError, match=rf"^a\.geojson: is (an? )?{what}.*, not a map that is read; \w"):
        read_content(BY_CONTENT[what], where="a.geojson")


def test_open_document_formats_are_told_apart() -> None:
    for kind, what in (("spreadsheet", "spreadsheet"), ("text", "document"), ("presentation", "presentation")):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:  # whose first member is stored as it is
            archive.writestr("mimetype", OFFICE + kind)
        with pytest.raises(DataError, match=f"is a {what}, not a map"):
            read_content(out.getvalue(), where="a.zip")


@pytest.mark.parametrize(
    ("name", "what"),
    [("a.dwg", "a CAD drawing"), ("a.csv.gz", "a table of text"), ("a.XLS", "a spreadsheet"), ("a.id", "MapInfo")],
)
def test_else_the_name_tells(name: str, what: str) -> None:
    with pytest.raises(DataError, match=f": is {what}, not a map that is read; "):
        read_content(b"\1\2\3", where=name)


def test_the_name_of_what_can_be_read_tells_nothing() -> None:
    assert len(read_content(MAP, where="a.csv").polygons) == 1
    assert len(read_content(b"\x1e" + MAP, where="a.dat").polygons) == 1


def put(folder: Path, **files: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_a_folder_without_maps_says_what_lies_there_and_what_to_do(tmp_path: Path) -> None:
    table = {"a.xlsx": SPREADSHEET, "b.xlsx": SPREADSHEET, "c.xls": b"x", "d.pdf": b"%PDF-", "notes.md": b"x"}
    message = (
        r"^maps: holds no maps, only 3 \.xls/\.xlsx \(a spreadsheet\), 1 \.pdf \(a document\), notes\.md; export the"
    )
    with pytest.raises(NoDataError, match=message):
        open_archive(put(tmp_path / "maps", **table))
    with pytest.raises(DataError, match=r"inside: 2 \.xlsx \(a spreadsheet\), 1 \.png \(a picture\); export the"):
        read_content(zipped({"a.xlsx": SPREADSHEET, "b.xlsx": SPREADSHEET, "c.png": b"x"}), where="a.zip")


def test_a_file_that_is_no_map_is_no_archive(tmp_path: Path) -> None:
    put(tmp_path, **{"2024.xlsx": SPREADSHEET, "maps.tar.gz": tar("w:gz"), "2024": BY_CONTENT["picture"]})
    for name, what in (("2024.xlsx", "spreadsheet"), ("maps.tar.gz", "tar archive"), ("2024", "picture")):
        with pytest.raises(DataError, match=f": is a {what}, not a map"):
            open_archive(tmp_path / name)


def test_what_is_named_by_a_day_beside_maps_is_named_as_what_it_is(tmp_path: Path) -> None:
    files = {"2024-01-01.geojson": MAP, "2024-02-01.csv": TABLE, "2024-03-01.xlsx": SPREADSHEET, "readme.pdf": b"%PDF-"}
    (notice,) = open_archive(put(tmp_path, **files)).notices
    said = "3 not read: 2024-02-01.csv (a table of text), 2024-03-01.xlsx (a spreadsheet), readme.pdf"
    assert (notice.code, notice.message) == ("OTHER-FILES", said)


def test_a_map_that_a_browser_saved_as_text_is_read_and_other_text_is_not(tmp_path: Path) -> None:
    files = {"2024-01-01.txt": MAP, "2024-02-01.geojson.txt": MAP, "2024-03-01": MAP, "2024-04-01.txt": b"[none today]"}
    archive = open_archive(put(tmp_path, **files))
    assert [day.month for day in archive.days] == [1, 2, 3]
    assert archive.notices[0].message == "1 not read: 2024-04-01.txt"


ADDRESS = "https://example.org/2024-01-01.geojson"
ASKED: dict[str, Callable[[], Any]] = {
    "archive": lambda: frontcalc.held("2024-01-01", archive=ADDRESS),
    "regions": lambda: frontcalc.held("2024-11-03", regions=ADDRESS),
    "files": lambda: pair_archive(ADDRESS, ADDRESS),
    "places": lambda: frontcalc.places("2024", places=ADDRESS),
    "claims": lambda: frontcalc.verify(ADDRESS),
    "path": lambda: open_archive(Path(ADDRESS)),
    "long": lambda: file_of(ADDRESS + 300 * "x"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_web_address_is_refused_with_what_to_do(asked: str) -> None:
    fetched = asked in ("archive", "path")
    cure = f"fetch it: frontcalc fetch url {ADDRESS} -o maps" if fetched else "download it, and name the file"
    with pytest.raises(UsageError, match=f"^{ADDRESS}x*: is an address, and only files are read; {cure}$"):
        ASKED[asked]()


def test_other_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"frontcalc fetch arcgis https://example\.org/x/FeatureServer/0 -o"):
        open_archive("https://example.org/x/FeatureServer/0")
    with pytest.raises(UsageError, match="is an address, and only files are read; download it"):
        file_of("s3://bucket/a.geojson")
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "https:", **{"a.geojson": MAP})
    assert file_of("https:/a.geojson") == Entry(Path("https:/a.geojson"))
