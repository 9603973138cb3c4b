"""What lies beside the maps: other JSON, logs of databases, files that cannot be read, and files that change."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import formats
import pytest
from conftest import collection, square
from formats import CONTROL, kml, named, shapefile_parts, written, zipped

import frontcalc
from frontcalc import snapshots
from frontcalc.archives import open_archive
from frontcalc.config import read_legend, read_toml, working_defaults
from frontcalc.errors import ChangedError, DataError, NoDataError, UsageError
from frontcalc.network import catalogue
from frontcalc.notices import Notice
from frontcalc.outputs.flat_files import json_text
from frontcalc.read import read_content, read_features
from frontcalc.read.detection import is_other_json
from frontcalc.read.files import Entry, file_of
from frontcalc.run import remarks
from frontcalc.snapshots import forget_read, read_snapshot

Write = Callable[..., Path]
ONE_THEN_TWO = {"2024-01-01": {None: [(300, 40)]}, "2024-02-01": {None: [(300, 40), (301, 40)]}}
DIGEST = {"date": "2024-02-01", "headline": "made up", "items": []}


def gained(folder: Path, **options: Any) -> tuple[float | None, dict[str, str]]:
    """Return what was gained from January to February 2024 (km²) and the notices by code."""
    table = frontcalc.diff("2024-01-01..2024-02-01", archive=folder, by="none", **options)
    return round(table.rows[-1].gained_km2 or 0.0, 3), {notice.code: notice.message for notice in table.meta.notices}


def put(folder: Path, name: str, document: object) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))


# --- other JSON ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["index.json", "digests/2024-02-01.json", "2024-02-01.json", "digests/2024-01-20.json", "rows-2024-02-01.ndjson"],
)
def test_json_that_is_no_geodata_is_passed_over_and_named(name: str, archive: Write) -> None:
    folder = archive(ONE_THEN_TWO)
    put(folder, name, DIGEST)
    km2, said = gained(folder)
    assert (km2, said["OTHER-FILES"]) == (100.0, f"1 not read: {name}")


def test_tables_of_frontcalc_beside_the_maps_are_passed_over(archive: Write) -> None:
    folder = archive(ONE_THEN_TWO)
    table = frontcalc.diff("2024-01-01..2024-02-01", archive=folder, by="none")
    for name in ("diff-2024-01-01..2024-02-01.json", "diff.jsonl", "datapackage.json"):
        put(folder, name, {"rows": [[1.5, 2.5]], "meta": {"archive": table.meta.archive}, "resources": [{"path": "a"}]})
    assert gained(folder)[0] == 100.0


def test_a_table_of_frontcalc_in_the_place_of_a_map_is_none(archive: Write) -> None:
    folder = archive(ONE_THEN_TWO)
    table = frontcalc.held("2024-01-20", archive=folder, by="none")
    put(folder, "2024-01-20.json", json_text(table))
    assert [row.date.month for row in frontcalc.series(archive=folder, by="none").rows] == [1, 2]


@pytest.mark.parametrize(
    "document",
    [
        {"error": {"code": 500, "message": "Failed to execute query."}},
        {"message": "API rate limit exceeded"},
        {"status": 503, "title": "Service Unavailable"},
        {"type": "FeatureCollection", "feature": []},
        {"data": {"type": "FeatureCollection", "features": []}},
        [{"name": "a", "wkt": "POLYGON ((0 0, 1 0, 1 1, 0 0))"}],
        [{"outline": [[37, 48], [38, 48], [38, 49], [37, 48]]}],
        '{"latest": "2024-02-01", "snapshots": ["2024-01',
        "",
        "<!doctype html><p>404",
    ],
)
def test_what_may_be_a_map_or_stand_for_one_stops_the_run(document: object, archive: Write) -> None:
    folder = archive(ONE_THEN_TWO)
    put(folder, "latest.json", document)
    with pytest.raises(DataError, match=r"^latest\.json: "):
        gained(folder)


@pytest.mark.parametrize("answer", [{"error": {"code": 500}}, {"message": "rate limit"}, {"status": "maintenance"}, {}])
@pytest.mark.parametrize("name", ["2024-02-01.geojson", "2024-02-01.json"])
def test_a_day_never_vanishes_for_what_a_server_said(name: str, answer: object, archive: Write) -> None:
    folder = archive({"2024-01-01": {None: [(300, 40)]}})
    put(folder, name, answer)
    put(folder, "index.json", DIGEST)
    with pytest.raises(DataError, match=rf"^{name}: "):
        gained(folder)


def test_a_layer_among_maps_of_its_kind_must_be_a_map(archive: Write) -> None:
    """Files that are named alike but for the day are all maps, or none is."""
    folder = archive({"2024-01-01.json": {None: [(300, 40)]}, "2024-02-01.json": {None: [(300, 40)]}}, "control_map")
    for day in ("2024-01-01", "2024-02-01"):
        put(folder.parent, f"all/control_map/{day}.geojson", collection({None: [square(300, 40)]}))
        put(folder.parent, f"all/russian_advances/{day}.json", collection({None: [square(301, 40)]}))
    assert gained(folder.parent / "all")[0] == 0.0
    put(folder.parent, "all/russian_advances/2024-02-01.json", {"status": "maintenance"})
    with pytest.raises(DataError, match=r"^russian_advances/2024-02-01\.json: holds JSON but no GeoJSON"):
        gained(folder.parent / "all")


def test_of_maps_in_json_one_is_opened_for_its_kind(archive: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [f"2024-01-{day:02}" for day in range(1, 29)]
    folder = archive({f"{day}.json": {None: [(300, 40)]} for day in days})
    put(folder, "index.json", {"days": days})
    opened: list[str] = []
    head = Entry.head
    monkeypatch.setattr(Entry, "head", lambda self, *how: opened.append(self.name) or head(self, *how))
    assert len(open_archive(folder).refs) == 28
    assert sorted(set(opened)) == ["2024-01-01.json", "index.json"]


def test_an_archive_of_other_json_alone_has_no_maps(tmp_path: Path) -> None:
    put(tmp_path, "index.json", DIGEST)
    put(tmp_path, "package.json", {"name": "maps"})
    with pytest.raises(NoDataError, match=r"holds no maps, only index\.json, package\.json"):
        open_archive(tmp_path)


@pytest.mark.parametrize(
    "other",
    [
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"features": {"type": "array"}}},
        {"type": "Catalog", "stac_version": "1.0.0", "links": [{"rel": "item", "href": "a.json"}]},
        {"version": 8, "sources": {}, "layers": [{"id": "a", "type": "fill", "paint": {"fill-color": "#f00"}}]},
        ["2024-01-01", "2024-02-01"],
        [[1, 2], [3, 4], [5, 6], [7, 8]],
    ],
)
def test_schemas_catalogues_styles_and_lists_are_plainly_no_geodata(other: object) -> None:
    assert is_other_json(json.dumps(other).encode())
    assert is_other_json(b"\xef\xbb\xbf" + json.dumps(other, indent=1).encode())


def test_files_named_by_a_day_are_named_first_among_those_not_read(archive: Write) -> None:
    folder = archive(ONE_THEN_TWO)
    for name in ("2024-01-20.geojson.part", "a.qml", "b.gpkg-journal", "c.lock", "d.md", "e.ini", "Thumbs.db"):
        put(folder, name, "x")
    assert gained(folder)[1]["OTHER-FILES"].startswith("7 not read: 2024-01-20.geojson.part, Thumbs.db, a.qml, ")


@pytest.mark.parametrize("name", ["2024-02-01.json.txt", "2024-02-01", "map.2024.02.01", "2024-02-01.geojson.txt"])
def test_a_map_is_found_whatever_a_browser_made_of_its_name(name: str, archive: Write) -> None:
    folder = archive({"2024-01-01": {None: [(300, 40)]}, "2024-01-20": {None: [(300, 40)]}})
    put(folder, name, collection({None: [square(300, 40), square(301, 40)]}))
    assert gained(folder)[0] == 100.0


def test_no_number_is_named_with_its_place_and_its_cure(archive: Write) -> None:
    folder = archive(ONE_THEN_TWO)
    text = (folder / "2024-02-01.geojson").read_text()
    put(folder, "2024-02-01.geojson", text.replace('"properties": {}', '"properties": {"area": -Infinity}', 1))
    with pytest.raises(DataError, match=r"has Infinity, which is no JSON, at line 1, column \d+; write null"):
        gained(folder)


# --- skipping -----------------------------------------------------------------------------------------------------


def test_skipping_passes_over_the_file_and_not_the_day(archive: Write, tmp_path: Path) -> None:
    folder = archive(ONE_THEN_TWO)
    put(folder, "2024-02-01-b.geojson", '{"type": "FeatureCollection", "fea')
    with pytest.raises(DataError, match=r"^2024-02-01-b\.geojson: is not valid JSON"):
        gained(folder)
    for _ in ("cold", "warm"):
        km2, said = gained(folder, skip_bad=True, cache=tmp_path / "cache")
        assert km2 == 100.0
        assert said["SKIPPED"].startswith("2024-02-01-b.geojson: is not valid JSON")
    # An archive that is open already is asked the same.
    assert gained(open_archive(folder), skip_bad=True)[0] == 100.0  # type: ignore[arg-type]


def test_a_day_whose_skipped_file_was_a_layer_lacks_it(tmp_path: Path) -> None:
    for day, more in (("2024-01-01", 1), ("2024-01-20", 2), ("2024-02-01", 2)):
        put(tmp_path, f"{day}/control_map.geojson", collection({None: [square(300 + n, 40) for n in range(more)]}))
        put(tmp_path, f"{day}/russian_advances.geojson", collection({None: [square(310, 40)]}))
    put(tmp_path, "2024-02-01/russian_advances.geojson", "{")
    km2, said = gained(tmp_path, skip_bad=True)
    assert km2 == 100.0
    assert said["SKIPPED"].startswith("2024-02-01/russian_advances.geojson: ")
    assert said["LAYER-MISSING"] == "2024-02-01 lacks advance, so an earlier map is used"


# --- zips ---------------------------------------------------------------------------------------------------------

BAD_MEMBERS = {
    "error page": b"<!DOCTYPE html><html><body>502</body></html>",
    "empty": b"",
    "cut short": b'{"type": "FeatureCollection", "features": [',
    "UTF-16": formats.geojson(square(1, 0)).decode().encode("utf-16"),
    "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "server's error": b'{"error": {"code": 500, "message": "no"}}',
    "text": b"see elsewhere",
}


@pytest.mark.parametrize("content", BAD_MEMBERS.values(), ids=BAD_MEMBERS)
@pytest.mark.parametrize("name", ["russian_advances.geojson", "russian_advances.json", "b.kml", "b.shp", "b.gpkg"])
def test_a_member_named_as_a_map_is_one_or_stops_the_run(name: str, content: bytes) -> None:
    packed = zipped({"control_map.geojson": formats.geojson(CONTROL), name: content})
    with pytest.raises(DataError, match=rf"^a\.zip/{name}: "):
        read_content(packed, where="a.zip")
    features = read_content(packed, where="a.zip", skip_bad=True)
    assert len(features.polygons) == 1
    (skipped,) = features.notices
    assert (skipped.code, skipped.message.startswith(f"a.zip/{name}: ")) == ("SKIPPED", True)


def test_a_zip_of_which_no_member_can_be_read_is_not_skipped_to_nothing() -> None:
    with pytest.raises(DataError, match=r"^a\.zip/a\.kml: is empty"):
        read_content(zipped({"a.kml": b"", "b.txt": b"x"}), where="a.zip", skip_bad=True)


@pytest.mark.parametrize("content", [b"", b"\n", BAD_MEMBERS["error page"], b"\x03" + bytes(20)])
def test_a_table_of_a_shapefile_that_is_none_stops_the_run(content: bytes, tmp_path: Path) -> None:
    parts = named(shapefile_parts(tmp_path / "control", [CONTROL]), "a")
    assert len(read_content(zipped(parts), where="a.zip").polygons) == 1
    for table in (content, parts["a.dbf"][:-5]):
        with pytest.raises(DataError, match=r"^a\.zip/a\.shp: its \.dbf is empty, cut off or none"):
            read_content(zipped({**parts, "a.dbf": table}), where="a.zip")


def test_a_member_whose_features_lack_their_geometry_stops_the_run() -> None:
    bare = json.dumps(collection({None: [None, None]})).encode()
    packed = zipped({"a.geojson": formats.geojson(CONTROL), "b.geojson": bare})
    with pytest.raises(DataError, match=r"^a\.zip/b\.geojson: holds no polygons"):
        read_content(packed, where="a.zip")
    empty_layer = json.dumps(collection({"russian_advances": [None]})).encode()
    read = read_content(zipped({"a.geojson": formats.geojson(CONTROL), "b.geojson": empty_layer}), where="a.zip")
    assert len(read.polygons) == 1


def test_where_skipping_leaves_no_map_the_reason_is_said(tmp_path: Path) -> None:
    for day in "2024-01-01", "2024-02-01":
        put(tmp_path / "maps", f"{day}.geojson", "<!doctype html><p>502")
    for ask in (lambda **how: frontcalc.held("2024-01-01", **how), frontcalc.series, frontcalc.summary):
        with pytest.raises(NoDataError, match=r"^maps: no map .* can be read: 2024-01-01\.geojson: is a web page"):
            ask(archive=tmp_path / "maps", skip_bad=True)


def test_other_members_of_a_zip_are_named(tmp_path: Path, archive: Write) -> None:
    shapefile = named(shapefile_parts(tmp_path / "control", [CONTROL]), "Control.map")
    others = {"README.txt": b"[1] see there", "index.json": json.dumps(DIGEST).encode(), "a.qml": b"<qgis/>"}
    features = read_content(zipped({**shapefile, "Control.map.shp.xml": b"<x/>", **others}), where="a.zip")
    assert features.notices == (Notice("OTHER-FILES", "in a zip, 3 not read: README.txt, a.qml, index.json"),)
    folder = archive({"2024-01-01": {None: [(300, 40)]}})
    more = zipped({"a.geojson": json.dumps(collection({None: [square(300, 40), square(301, 40)]})).encode(), **others})
    (folder / "2024-02-01.zip").write_bytes(more)
    km2, said = gained(folder)
    assert (km2, said["OTHER-FILES"]) == (100.0, "in a zip, 3 not read: README.txt, a.qml, index.json")
    (found,) = [one for one in frontcalc.check_archive(archive=folder).rows if one.code == "OTHER-FILES"]
    assert (found.file, found.message.split(";")[0]) == ("2024-02-01.zip", said["OTHER-FILES"])
    # Pictures are a part of a KMZ.
    assert read_content(zipped({"doc.kml": kml(("", [CONTROL])), "files/a.png": b"x"}), where="a.kmz").notices == ()


def test_json_in_a_zip_counts_as_it_does_in_a_folder() -> None:
    members = {"a.geojson": formats.geojson(CONTROL), "b.json": formats.geojson(square(1, 0))}
    assert len(read_content(zipped(members), where="a.zip").polygons) == 2


def test_a_zip_of_windows_powershell_is_read(tmp_path: Path) -> None:
    """Its member names have backslashes."""
    maps = {f"maps\\{day}.geojson": json.dumps(collection({None: [square(*at) for at in squares[None]]})).encode()
            for day, squares in ONE_THEN_TWO.items()}  # fmt: skip
    (tmp_path / "maps.zip").write_bytes(zipped(maps))
    assert open_archive(tmp_path / "maps.zip").refs[0].names == ("maps/2024-01-01.geojson",)
    assert gained(tmp_path / "maps.zip")[0] == 100.0


def test_shapefiles_with_dots_in_their_names_have_parts_of_their_own(tmp_path: Path) -> None:
    for day, squares in (("2024-01-01", 2), ("2024-02-01", 1)):
        parts = shapefile_parts(tmp_path / day, [square(300 + n, 40) for n in range(squares)])
        for name, content in named(parts, f"control_map.{day}").items():
            (tmp_path / name).write_bytes(content)
    entry = file_of(tmp_path / "control_map.2024-02-01.shp")
    assert {Path(name).stem for name in entry.siblings} == {"control_map.2024-02-01"}
    assert len(read_features(entry)[1].polygons) == 1


# --- databases ----------------------------------------------------------------------------------------------------


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    """A GeoPackage of which a row was deleted, which only the write-ahead log beside it says."""
    path = tmp_path / "maps" / "2024-01-01.gpkg"
    path.parent.mkdir()
    path.write_bytes(written(tmp_path / "a.gpkg", "GPKG", [square(300, 40), square(301, 40)], layer="control_map"))
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode=wal")
        writer.execute("PRAGMA wal_autocheckpoint=0")
        writer.execute("DROP TRIGGER IF EXISTS trigger_delete_feature_count_control_map")
        writer.execute("UPDATE gpkg_contents SET description = 'changed'")
        writer.commit()
        log = path.with_name(f"{path.name}-wal").read_bytes()
    path.with_name(f"{path.name}-wal").write_bytes(log)
    return path


def test_a_geopackage_with_a_log_beside_it_is_refused_in_words(logged: Path, tmp_path: Path) -> None:
    problem = r"2024-01-01\.gpkg: has changes in 2024-01-01\.gpkg-wal that are not in it yet; open and close it in"
    with pytest.raises(DataError, match=f"^{problem}"):
        frontcalc.held("2024-01-01", archive=logged.parent, by="none", view="control")
    with pytest.raises(DataError, match=problem):
        frontcalc.check_regions(logged)
    members = {path.name: path.read_bytes() for path in logged.parent.iterdir()}
    with pytest.raises(DataError, match=r"^a\.zip/2024-01-01\.gpkg: has changes in 2024-01-01\.gpkg-wal"):
        read_content(zipped(members), where="a.zip")
    (tmp_path / "maps.zip").write_bytes(zipped({**members, "2024-02-01.gpkg": members[logged.name]}))
    with pytest.raises(DataError, match=f"^{problem}"):
        frontcalc.held("2024-01-01", archive=tmp_path / "maps.zip", by="none", view="control")


@pytest.mark.parametrize("content", [b"", b"x" * 32])
def test_a_log_without_changes_is_harmless(content: bytes, logged: Path) -> None:
    logged.with_name(f"{logged.name}-wal").write_bytes(content)
    (row,) = frontcalc.held("2024-01-01", archive=logged.parent, by="none", view="control").rows
    assert row.held_km2 == pytest.approx(200.0, abs=0.001)


def test_a_journal_that_is_not_rolled_back_is_refused(logged: Path) -> None:
    logged.with_name(f"{logged.name}-wal").unlink()
    journal = logged.with_name(f"{logged.name}-journal")
    journal.write_bytes(bytes(512))
    assert len(read_features(file_of(logged))[1].polygons) == 2
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(504))
    with pytest.raises(DataError, match=r"was not written to its end: 2024-01-01[.]gpkg-journal has what"):
        read_features(file_of(logged))


# --- frontcalc.toml -----------------------------------------------------------------------------------------------

BROKEN_TOMLS = {
    "nested": b"a = " + b"[" * 5_000,
    "a long number": b"as_of_offset_days = " + b"9" * 5_000,
    "a long number in hexadecimal": b"as_of_offset_days = 0x" + b"9" * 5_000,
    "tables in one another": b"view" + b".a" * 30 + b" = 1",
    "a key of many parts": b"view" + b".a" * 100_000 + b" = 1",
    "a megabyte": b"#" * 1_000_001,
    "no such day": b'[dates]\n"a.geojson" = 2024-02-31',
    "no UTF-8": b'publisher = "\xff"',
    "no TOML": b"publisher",
}
SAID = r"(is not valid TOML: .*|is not UTF-8 text, .*|line 1 has more .*|is larger .*)"


@pytest.mark.parametrize("content", BROKEN_TOMLS.values(), ids=BROKEN_TOMLS)
def test_a_toml_that_cannot_be_read_is_an_error_in_words(
    content: bytes, archive: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = archive(ONE_THEN_TWO)
    (folder / "frontcalc.toml").write_bytes(content)
    with pytest.raises(DataError, match=rf"^frontcalc\.toml: {SAID}; \w+"):
        open_archive(folder)
    with pytest.raises(UsageError, match=rf"^frontcalc\.toml: {SAID}; \w+"):
        working_defaults(folder)
    (tmp_path / "sources.toml").write_bytes(content)
    with pytest.raises(DataError, match=rf"^sources\.toml: {SAID}; \w+"):
        read_legend(tmp_path / "sources.toml")
    with pytest.raises(DataError, match=rf"^sources\.toml: {SAID}; \w+"):
        frontcalc.verify(tmp_path / "sources.toml")
    monkeypatch.setenv("FRONTCALC_SOURCES", str(tmp_path / "sources.toml"))
    with pytest.raises(DataError, match=r"^sources\.toml: is no table of sources: "):
        catalogue.sources()


def test_dots_in_texts_and_remarks_are_no_parts_of_a_key() -> None:
    dots = "." * 500
    assert read_toml(f'# {dots}\na = \'{dots}\'\n"b" = "{dots}"'.encode(), where="x") == {"a": dots, "b": dots}


def test_a_toml_that_never_ends_or_comes_through_a_pipe_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "frontcalc.toml")
    with pytest.raises(UsageError, match=r"^frontcalc\.toml: is a pipe; write it into a file"):
        working_defaults(tmp_path)
    monkeypatch.setenv("FRONTCALC_SOURCES", "/dev/zero")
    with pytest.raises(DataError, match=r"^zero: is no table of sources: is larger than 1,000,000 bytes"):
        catalogue.sources()


@pytest.mark.parametrize(
    "text",
    ["[dates]\n'2024-01-02.geojson' = 9999-12-31", "[layers]\na = {actor='A', role='control', until=0001-01-01}"],
)
def test_a_day_that_no_map_is_of_is_refused_before_it_is_moved_past_the_calendar(text: str, archive: Write) -> None:
    folder = archive(ONE_THEN_TWO)
    (folder / "frontcalc.toml").write_text(f"as_of_offset_days = 31\n{text}\n")
    with pytest.raises(DataError, match=r"^frontcalc\.toml: (the date .* is 9999-12-31|layer 'a' ends .*); write"):
        open_archive(folder)


def test_a_folder_named_frontcalc_toml_is_an_error(archive: Write) -> None:
    folder = archive(ONE_THEN_TWO)
    (folder / "frontcalc.toml").mkdir()
    with pytest.raises(DataError, match=r"^frontcalc\.toml: is a folder; rename it"):
        open_archive(folder)
    with pytest.raises(UsageError, match=r"^frontcalc\.toml: cannot be read"):
        working_defaults(folder)


# --- files that change --------------------------------------------------------------------------------------------


def test_a_map_that_changes_is_an_error_even_where_only_a_notice_rests_on_it(
    archive: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The map of 15 January is looked at for notices: a broken one is passed over, one that changes is not."""
    maps = {f"2024-01-{day:02}": {"control_map": [(300, 40)]} for day in (1, 8, 15)}
    maps["2024-01-22"] = {"control_map": [(300, 40), (301, 40)]}
    folder = archive(maps)
    asked: dict[str, Any] = {"periods": "2024-01-01..2024-01-22", "archive": folder, "by": "none", "view": "control"}
    put(folder, "2024-01-15.geojson", "{")
    assert frontcalc.diff(**asked).rows[-1].gained_km2 == pytest.approx(100.0)

    def changing(_: object) -> None:
        raise snapshots.changed("2024-01-15.geojson")

    monkeypatch.setattr(remarks, "first_fingerprint", changing)
    with pytest.raises(ChangedError, match=r"^2024-01-15\.geojson: changed while it was read"):
        frontcalc.diff(**asked)


@pytest.mark.parametrize("skip_bad", [False, True])
def test_a_layer_whose_file_breaks_after_it_was_found_has_changed(skip_bad: bool, archive: Write) -> None:
    folder = archive(ONE_THEN_TWO)
    (ref, *_) = open_archive(folder, skip_bad=skip_bad).refs
    forget_read()
    (layer,) = read_snapshot(ref).layers
    put(folder, "2024-01-01.geojson", "{")
    forget_read()
    with pytest.raises(ChangedError, match=r"^2024-01-01\.geojson: changed while it was read"):
        _ = layer.polygons


def test_a_file_that_is_gone_is_no_link_that_leads_nowhere(archive: Write) -> None:
    folder = archive(ONE_THEN_TWO)
    (ref, *_) = open_archive(folder).refs
    (folder / "2024-01-01.geojson").unlink()
    with pytest.raises(ChangedError, match=r"^2024-01-01\.geojson: is gone since the run began; run again"):
        read_features(ref.parts[0].entry)
