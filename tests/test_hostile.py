"""Files, folders and names that mean harm, or were broken by nobody in particular: refused, and nothing touched."""

from __future__ import annotations

import ast
import gzip
import io
import json
import os
import socket
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import formats
import json_formats
import numpy as np
import pytest
import shapely
from bad_inputs import database, file, one_file, parquet, polygon, regions, shapefile, text
from conftest import collection, square
from formats import kml

import frontcalc
from frontcalc import crs, geometry
from frontcalc.archives import open_archive
from frontcalc.config import archive_config
from frontcalc.errors import DataError, FrontcalcError, NoDataError, OutOfMemoryError, UsageError
from frontcalc.gazetteer import read_places
from frontcalc.limits import DEFAULTS, limits, read_at_most
from frontcalc.names import printable
from frontcalc.outputs import render
from frontcalc.read import files as files_module
from frontcalc.read import geojson, read_content, read_features
from frontcalc.read.files import Entry
from frontcalc.regions.load import read_regions
from frontcalc.snapshots import to_equal_area

PACKAGE = Path(frontcalc.__file__).parent
GOOD = json_formats.geojson({"control_map": [square(0, 0)]})
MOON = 'GEOGCS["Moon",DATUM["Moon",SPHEROID["Moon",1737400,0]],PRIMEM["Reference",0],UNIT["Degree",0.0174532925199433]]'


def refused(data: bytes) -> str:
    """Return what is said of content that is refused."""
    with pytest.raises(DataError) as caught:
        read_content(data, where="map")
    return str(caught.value)


# --- limits ------------------------------------------------------------------------------------------------------


def _zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2024-01-01.geojson", content)
    return out.getvalue()


def test_limits_are_read_from_the_environment_at_each_use(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits() == DEFAULTS
    monkeypatch.setenv("FRONTCALC_MAX_BYTES", " 12 ")
    assert limits() == DEFAULTS | {"max_bytes": 12}


@pytest.mark.parametrize("value", ["1 GB", "-1", "1.5", "٣", "9" * 5000])
def test_a_limit_that_is_no_number_is_a_usage_error(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTCALC_MAX_FILES", value)
    with pytest.raises(UsageError, match="give a whole number, as 100000"):
        limits()


def test_every_limit_is_documented_with_its_default() -> None:
    page = (Path(__file__).parents[1] / "docs" / "security.md").read_text(encoding="utf-8")
    for name, default in DEFAULTS.items():
        assert f"| `FRONTCALC_{name.upper()}` | {default:,} |" in page


def test_room_is_taken_only_for_what_a_stream_holds() -> None:
    class Stream(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.largest = max(self.largest, size or 0)
            return super().read(size)

    stream = Stream(b"x" * 100)
    assert read_at_most(stream, 1 << 40) == b"x" * 100
    assert stream.largest <= 1 << 24
    assert read_at_most(io.BytesIO(b"x" * 100), 30) == b"x" * 30


@pytest.mark.parametrize("pack", [gzip.compress, _zipped], ids=["gzip", "zip"])
def test_what_unpacks_to_far_more_than_a_map_is_refused_in_little_room(pack: Callable[[bytes], bytes]) -> None:
    import tracemalloc

    for content in (b" " * (1 << 27), b'{"features": [' + b"[]," * (1 << 24)):
        packed = pack(content)
        tracemalloc.start()
        with pytest.raises(DataError, match=r"^map: unpacks to more than 32 times its size and 33,554,432 bytes"):
            read_content(packed, where="map")
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
        tracemalloc.stop()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        ValueError("Not enough memory to allocate buffer for parsing"),
        shapely.GEOSException("std::bad_alloc"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_memory_that_runs_out_is_no_broken_file(error: Exception) -> None:
    def refuse(what: Exception) -> None:
        try:
            raise what
        except type(what) as caught:
            raise DataError("is broken", where="maps.zip", cure="is the download complete?") from caught

    with pytest.raises(OutOfMemoryError, match=r"^maps\.zip: there is not enough memory for it; give it more \(ulimit"):
        refuse(error)
    # A name or a text of a file, quoted in our own words, tells nothing of memory.
    for other in (ValueError("something else"), DataError("is broken", where="out of memory.zip")):
        with pytest.raises(DataError, match=r"maps\.zip: is broken"):
            refuse(other)


@pytest.mark.thorough(but=["zip"])
@pytest.mark.skipif(sys.platform != "linux", reason="sets a limit on memory")
@pytest.mark.parametrize("packed", [False, True], ids=["json", "zip"])
def test_under_a_limit_on_memory_no_download_is_called_broken(tmp_path: Path, packed: bool) -> None:
    rings = {"type": "MultiPolygon", "coordinates": [[[[30 + n / 1e4, 50.123456789]] * 4] for n in range(200_000)]}
    content = json.dumps({"type": "FeatureCollection", "features": [rings]}).encode()
    path = tmp_path / ("map.zip" if packed else "map.geojson")
    path.write_bytes(_zipped(content) if packed else content)
    limited = (
        "import resource, sys; import frontcalc.read.geojson, frontcalc.cli as cli;"
        "room = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize() + (64 << 20);"
        "resource.setrlimit(resource.RLIMIT_AS, (room, room));"
        "sys.exit(cli.run(['diff', sys.argv[1], sys.argv[1], '--cache', 'none', '--skip-bad']))"
    )
    done = subprocess.run([sys.executable, "-c", limited, path], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 3
    assert "memory" in done.stderr.splitlines()[-1]
    assert "download" not in done.stderr


def test_folders_are_searched_as_deep_as_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "2024-01-01.geojson").write_bytes(GOOD)
    (tmp_path / "2024-01-02.geojson").write_bytes(GOOD)
    assert len(open_archive(tmp_path).refs) == 2
    monkeypatch.setenv("FRONTCALC_MAX_FOLDER_DEPTH", "1")
    shallow = open_archive(tmp_path)
    assert len(shallow.refs) == 1
    assert [str(notice) for notice in shallow.notices] == [
        "OTHER-FILES: 1 folder not searched, more than 1 deep: a/b; raise FRONTCALC_MAX_FOLDER_DEPTH"
    ]
    (tmp_path / "2024-01-02.geojson").unlink()
    with pytest.raises(NoDataError, match=r"holds no maps; 1 folder not searched, more than 1 deep: a/b; raise FRONTC"):
        open_archive(tmp_path)


def test_links_to_folders_are_passed_over_and_named(tmp_path: Path) -> None:
    (tmp_path / "2024-01-02.geojson").write_bytes(GOOD)
    for name in ("b", "a"):
        (tmp_path / name).symlink_to(tmp_path)
    assert [str(notice) for notice in open_archive(tmp_path).notices] == [
        "OTHER-FILES: 2 folders not searched, as links: a, b; put the folder itself there"
    ]


def _parquet_of(geometries: Any, **columns: Any) -> bytes:
    """Return GeoParquet of geometries as WKB, and other columns."""
    import pyarrow
    import pyarrow.parquet

    metadata = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    table = pyarrow.table({"geometry": geometries, **columns}).replace_schema_metadata({"geo": json.dumps(metadata)})
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()


def test_parquet_is_bounded_by_what_it_unpacks_to_not_by_what_it_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    wkb = shapely.to_wkb(shapely.segmentize(square(0, 0), 0.001))
    data = _parquet_of([wkb] * 1_000)
    # A value that repeats is stored once: kilobytes hold megabytes.
    assert len(data) < 50_000 < 5_000_000 < 1_000 * len(wkb)
    monkeypatch.setenv("FRONTCALC_MAX_UNPACKED_BYTES", "1000000")
    assert "unpacks to more than 1,000,000 bytes" in refused(data)


def test_geometries_in_one_another_without_end_are_refused_before_they_are_followed() -> None:
    inside = shapely.to_wkb(shapely.Point(1, 2))
    deep = b"".join(struct.pack("<BII", 1, 7, 1) for _ in range(30_000)) + inside
    turned = b"".join(struct.pack(*way, 6, 1) for way in (("<BII", 1), (">BII", 0)) * 15_000) + inside
    for wkb in (deep, turned):
        with pytest.raises(DataError, match="more than 10,000 collections"):
            read_content(_parquet_of([wkb]), where="a.parquet")


def test_parquet_that_promises_more_than_its_bytes_can_hold_is_refused_before_it_is_read() -> None:
    import pyarrow

    def of(rows: int, columns: int) -> bytes:
        nulls = {f"c{number}": pyarrow.nulls(rows) for number in range(columns)}
        return _parquet_of(pyarrow.nulls(rows, pyarrow.binary()), **nulls)

    assert "promises 1,000,000 features in" in refused(of(1_000_000, 1))
    assert "promises 8,816,000 values; give it fewer columns" in refused(of(8_000, 1_101))


# --- folders and files -------------------------------------------------------------------------------------------


def linked(tmp_path: Path) -> Entry:
    """Return a map that is a link out of its archive."""
    (tmp_path / "secret.geojson").write_bytes(GOOD)
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "2024-01-01.geojson").symlink_to(tmp_path / "secret.geojson")
    return open_archive(tmp_path / "maps").refs[0].parts[0].entry


def test_a_link_out_of_the_archive_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = linked(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", lambda *_: pytest.fail("opened"))
        with pytest.raises(DataError, match=r"^2024-01-01.geojson: is a link that leads out of the archive; put the"):
            read_features(entry)
    monkeypatch.setenv("FRONTCALC_FOLLOW_LINKS", "1")
    assert len(read_features(entry)[1].polygons) == 1


def test_a_link_inside_the_archive_is_read(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "a.bin").write_bytes(GOOD)
    (tmp_path / "2024-01-01.geojson").symlink_to(tmp_path / "store" / "a.bin")
    (ref,) = open_archive(tmp_path).refs
    assert len(read_features(ref.parts[0].entry)[1].polygons) == 1


def test_a_link_that_leads_nowhere_is_no_map_left_out_silently(tmp_path: Path) -> None:
    (tmp_path / "2024-01-01.geojson").symlink_to("nowhere")
    (ref,) = open_archive(tmp_path).refs
    with pytest.raises(DataError, match="is a link that leads nowhere"):
        read_features(ref.parts[0].entry)


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "2024-01-01.geojson").write_bytes(GOOD)
    (ref,) = open_archive(tmp_path).refs

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(
        DataError, match=r"^2024-01-01.geojson: cannot be read: permission denied; check its name and permissions$"
    ):
        read_features(ref.parts[0].entry)
    with pytest.raises(DataError, match=r"cannot be read: (is a directory|permission denied)"):
        Entry(tmp_path).read()


@pytest.mark.parametrize("change", ["shrinks", "grows"])
def test_a_file_that_changes_while_it_is_read(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "2024-01-01.geojson"
    path.write_bytes(GOOD)

    look = os.fstat

    def look_and_change(descriptor: int) -> os.stat_result:
        seen = look(descriptor)
        os.truncate(path, 10 if change == "shrinks" else 10_000)
        return seen

    monkeypatch.setattr(files_module.os, "fstat", look_and_change)
    with pytest.raises(DataError, match=r"^2024-01-01.geojson: changed while it was read; run again when it is compl"):
        Entry(path).read()


def test_a_path_longer_than_any_is_an_error_of_ours() -> None:
    with pytest.raises(FrontcalcError, match="cannot be read: file name too long"):
        open_archive("x" * 5000)


def test_names_cannot_steer_a_terminal_or_break_a_table(tmp_path: Path) -> None:
    assert printable("a\x1b[2J\n\u202eb\x9b") == "a\\x1b[2J \\u202eb\\x9b"
    assert printable("Донецьк\u00a0–é") == "Донецьк\u00a0–é"
    (tmp_path / os.fsdecode(b"\xff 2024-01-01.geojson")).write_bytes(GOOD)
    result = frontcalc.held(["2024-01-01"], archive=tmp_path, by="none", view="control")
    assert [used.name for used in result.meta.files] == ["\\udcff 2024-01-01.geojson"]


def test_regions_and_layers_cannot_steer_a_terminal(tmp_path: Path) -> None:
    file(json_formats.geojson({"control_map": [square(0, 0)], "\x1b[2Jzone": [square(1, 0)]}))(tmp_path)
    (tmp_path / "regions.geojson").write_bytes(regions(name="North\x1b]0;x\x07"))
    result = frontcalc.held(
        ["2024-01-01"], archive=tmp_path / "maps", regions=tmp_path / "regions.geojson", view="control"
    )
    for name in ("table", "csv", "json", "markdown"):
        written = render(result, name).decode()
        assert "North" in written
        assert "\x1b" not in written


def test_terms_actors_codes_and_places_cannot_steer_a_terminal(tmp_path: Path) -> None:
    file(json_formats.geojson({"control_map": [square(0, 0)], "zone": [square(1, 0)]}))(tmp_path)
    (tmp_path / "maps" / "frontcalc.toml").write_text(
        'attribution = "maps\\u001b[2J"\nlicence = "free\\u001b[2J"\n'
        '[layers]\nzone = { actor = "North\\u001b[2J", role = "control" }\n'
    )
    document = collection({"A": [square(0, 0), square(1, 0)]}, field="name")
    for feature, code in zip(document["features"], ("X\x1b[2J", "Y"), strict=True):
        feature["properties"]["shapeISO"] = code
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps(document))
    result = frontcalc.held(["2024-01-01"], archive=tmp_path / "maps", regions=path, view="control", actor="all")
    assert result.meta.attribution[0] == "maps: maps\\x1b[2J, free\\x1b[2J"
    assert {row.actor for row in result.rows} == {"Russia", "North\\x1b[2J"}
    assert "A (X\\x1b[2J)" in {row.region for row in result.rows}
    assert "\x1b" not in render(result, "csv").decode()
    assert [row.region for row in frontcalc.check_regions(path).rows] == ["A (X\\x1b[2J)", "A (Y)"]
    (tmp_path / "towns.csv").write_text("name,lon,lat\nTown\x1b[2J,1,2\n")
    assert read_places(tmp_path / "towns.csv").names == ("Town\\x1b[2J",)


# --- what is promised --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<BII", 1, 6, 0x7FFFFFFF),
        struct.pack("<BIII", 1, 3, 1, 0xFFFFFFFF),
        struct.pack("<BIII", 1, 3, 0xFFFFFFFF, 4),
        b"\x01" + struct.pack("<II", 7, 1) * 5000,
    ],
    ids=["polygons", "points", "rings", "nested"],
)
def test_well_known_binary_that_promises_too_much(content: bytes) -> None:
    metadata = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    assert "feature 0 has a broken geometry" in refused(parquet(metadata, content))


def test_flatgeobuf_that_promises_a_billion_features(tmp_path: Path) -> None:
    data = formats.written(tmp_path / "a.fgb", "FlatGeobuf", [square(0, 0)], fields={"n": [1]}, SPATIAL_INDEX="NO")
    # The count is a 64-bit number of the header, and 1 here: write another for each that could be it.
    ones = [at for at in range(8, 400, 4) if data[at : at + 8] == struct.pack("<Q", 1)]
    blown = [data[:at] + struct.pack("<Q", 10**9) + data[at + 8 :] for at in ones]
    assert any("promises 1,000,000,000 features" in refused(one) for one in blown)


def test_a_topology_that_uses_one_arc_very_often(monkeypatch: pytest.MonkeyPatch) -> None:
    arc = [[0, 0], [1, 0], [1, 1], [0, 0]]
    objects = {"control_map": {"type": "MultiPolygon", "arcs": [[[0]]] * 1000}}
    data = text({"type": "Topology", "arcs": [arc], "objects": objects})
    monkeypatch.setenv("FRONTCALC_MAX_VERTICES", "3999")
    with monkeypatch.context() as patched:
        patched.setattr(geojson, "_stitched", lambda *_: pytest.fail("room was made for it"))
        assert refused(data).startswith("map: has 4,000 vertices; the limit is 3,999")
    monkeypatch.setenv("FRONTCALC_MAX_VERTICES", "4000")
    assert len(read_content(data, where="map").polygons) == 1000


def test_edges_around_the_world_are_not_split_without_end() -> None:
    zigzag = [(-180 if n % 2 else 180, -80 + n) for n in range(160)]
    features = read_content(polygon(*zigzag), where="map")
    with pytest.raises(DataError, match=r"^map: its edges are so long that [\d,]+ vertices would be added; check its"):
        to_equal_area(features.polygons, features.crs, crs.DEFAULT_CRS, where="map")
    assert geometry.MAX_ADDED_VERTICES == 300_000


# --- what is silently something else -----------------------------------------------------------------------------


# After which a table can be changed without functions that only GDAL has.
WITHOUT_TRIGGERS = """
PRAGMA writable_schema = 1;
DELETE FROM sqlite_master WHERE type = 'trigger';
PRAGMA writable_schema = RESET;
"""


def test_a_geometry_that_gdal_takes_for_none_is_refused(tmp_path: Path) -> None:
    damage = "UPDATE control_map SET geom = x'00';"
    one_file("GPKG", "gpkg", database(WITHOUT_TRIGGERS + damage), layer="control_map")(tmp_path)
    with pytest.raises(DataError, match="only 0 of 1 geometries can be read"):
        read_features(Entry(tmp_path / "maps" / "2024-01-01.gpkg"))


def test_text_is_no_number_in_any_json() -> None:
    assert "feature 0 has coordinates that are not lists of positions" in refused(polygon("00", "10", "11", "00"))
    topology = json.loads(json_formats.topology({"control_map": [square(0, 0)]}, scale=None))
    topology["arcs"][0][0] = ["0", "0"]
    assert "has arcs that are not lists of positions" in refused(text(topology))


# --- outside -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "declared",
    [
        "+proj=longlat +nadgrids=/etc/hosts",
        "+proj=longlat +geoidgrids=x.gtx",
        "+init=/etc/hosts:a",
        "+proj=pipeline +step +proj=longlat",
        'BOUNDCRS[…,METHOD["NTv2"],PARAMETERFILE["Latitude and longitude difference file","x"]]]',
        '{"type": "BoundCRS", "parameters": [{"name": "Latitude and longitude difference file", "value": "x"}]}',
    ],
)
def test_a_crs_that_names_files_is_refused(declared: str) -> None:
    with pytest.raises(DataError, match="names files, which are not opened"):
        crs.source_crs(declared)


def test_a_crs_that_says_no_grids_is_read() -> None:
    web_mercator = "+proj=merc +a=6378137 +b=6378137 +units=m +nadgrids=@null +no_defs"
    assert crs.source_crs(web_mercator) == web_mercator


def test_a_crs_of_another_world_is_refused() -> None:
    with pytest.raises(DataError, match="has no longitude and latitude on Earth"):
        crs.source_crs(MOON)


READABLE: dict[str, Callable[[Path], None]] = {
    "geojson": file(GOOD),
    "kml": file(
        kml(("control_map", [square(0, 0)]), inside="<Style><Icon><href>http://192.0.2.1/a</href></Icon></Style>"),
        "2024-01-01.kml",
    ),
    "geopackage": one_file("GPKG", "gpkg", lambda data: data, layer="control_map"),
    "flatgeobuf": one_file("FlatGeobuf", "fgb", lambda data: data),
    "shapefile": shapefile(lambda parts: parts),
    "geojson with a linked crs": file(
        polygon(*square(0, 0).exterior.coords, crs={"properties": {"name": "EPSG:4326"}})
    ),
}


@pytest.mark.parametrize("name", READABLE)
def test_no_reader_opens_a_socket_or_writes_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyogrio
    import pyproj

    READABLE[name](tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for function in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, function, lambda *_, **__: pytest.fail("reached for the network"))
    settings: list[dict[str, Any]] = []
    set_options = pyogrio.set_gdal_config_options
    monkeypatch.setattr(
        pyogrio, "set_gdal_config_options", lambda options: (settings.append(options), set_options(options))
    )
    (ref,) = open_archive(tmp_path / "maps").refs
    assert len(read_features(ref.parts[0].entry)[1].polygons) == 1
    assert sorted(tmp_path.rglob("*")) == before
    assert not pyproj.network.is_network_enabled()
    # GDAL opens its own sockets, which Python does not see: what closes them is set before each of its reads.
    for options in settings[::2]:
        assert options["CPL_VSIL_CURL_ALLOWED_FILENAME"] == "none"
        assert options["GDAL_HTTP_PROXY"].startswith("127.0.0.1:")
    assert bool(settings) == (not name.startswith(("geojson", "kml")))


FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "subprocess", "pty", "yaml", "ctypes", "code", "runpy"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "extractall", "extract", "read_pickle"}


def _dangers(source: str) -> set[str]:
    """Return what a source imports or calls that could run what a file says."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names} & FORBIDDEN_MODULES
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").split(".")[0]} & FORBIDDEN_MODULES
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                found |= {node.func.id} & FORBIDDEN_CALLS
            elif isinstance(node.func, ast.Attribute):
                # re.compile makes no code.
                compiles = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
                found |= {node.func.attr} & FORBIDDEN_CALLS if not compiles else set()
            found |= {"shell"} & {keyword.arg for keyword in node.keywords}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_runs_what_a_file_says(path: Path) -> None:
    assert not _dangers(path.read_text(encoding="utf-8"))


def test_what_would_run_a_file_is_found() -> None:
    source = (
        "import pickle\nfrom subprocess import run\neval('1')\nos.system('x')\nrun('x', shell=True)\nre.compile('x')"
    )
    assert _dangers(source) == {"pickle", "subprocess", "eval", "system", "shell"}


# --- found by fuzzing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [{"a": 1}, ["Polygon"], 7, None])
def test_a_type_that_is_no_text(kind: Any) -> None:
    collection = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": kind}}]}
    assert "feature 0 has a geometry of no known type" in refused(text(collection))
    topology = {"type": "Topology", "arcs": [], "objects": {"a": {"type": kind, "arcs": []}}}
    if kind is not None:  # in TopoJSON a geometry of type null is an empty one
        assert "feature 0 has a geometry of no known type" in refused(text(topology))


@pytest.mark.parametrize("coordinates", [7.5, [7.5], [[7.5]], [[[7.5]]], [[[]]], ["abc"], [{"0": 1}], [[[[0, 0]]]]])
def test_coordinates_of_the_wrong_depth(coordinates: Any) -> None:
    message = refused(text({"type": "Polygon", "coordinates": coordinates}))
    assert "coordinates" in message or "ring" in message


def test_coordinates_whose_square_overflows() -> None:
    ring = [[0, 0], [0, 1e308], [1e308, 1e308], [0, 0]]
    features = [{"attributes": {}, "geometry": {"rings": [ring]}}]
    assert "are no place on Earth" in refused(text({"features": features, "spatialReference": {"wkid": 3857}}))
    topology = json.loads(json_formats.topology({"control_map": [square(0, 0)]}, scale=1e-10))
    topology["transform"]["scale"] = [1e308, 1e308]
    assert "no finite number" in refused(text(topology))


def test_well_known_binary_of_no_number() -> None:
    metadata = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    ring = struct.pack("<8d", 0, 0, float("nan"), 1, 1, 1, 0, 0)
    assert "no finite number" in refused(parquet(metadata, struct.pack("<BIII", 1, 3, 1, 4) + ring))


@pytest.mark.parametrize(
    "prj",
    [
        b'GEOGCS["GCS_WGS\xff1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
        b'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]',
        MOON.encode(),
        b"PROJCS[",
        b"\xff\xfe\x00",
    ],
    ids=["no text", "the moon", "cut off", "bytes"],
)
def test_a_prj_that_cannot_be(prj: bytes, tmp_path: Path) -> None:
    shapefile(lambda parts: {**parts, ".prj": prj})(tmp_path)
    with pytest.raises(DataError, match=r"control_map\.shp: .*(CRS|degrees|\.prj|a layer that cannot be opened)"):
        read_features(Entry(tmp_path / "maps" / "2024-01-01.zip"))


def test_a_zip_with_a_member_without_a_name() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"x")
    data = out.getvalue()
    directory = data.index(b"PK\x01\x02")
    nameless = data[: directory + 46] + b"\x00" + data[directory + 47 :]
    local = nameless[:30] + b"\x00" + nameless[31:]
    assert "has a member without a name" in refused(local)


def test_a_geopackage_whose_schema_is_no_text(tmp_path: Path) -> None:
    data = formats.written(tmp_path / "a.gpkg", "GPKG", [square(0, 0)], fields={"n": [1]}, layer="control_map")
    assert "is a damaged database" in refused(
        data.replace(b"CREATE TABLE gpkg_contents", b"CREATE TABLE gpkg_cont\xff\xfets")
    )


def test_settings_of_the_wrong_kind() -> None:
    for setting in (
        b"view = {}",
        b"view = []",
        b"view = 1",
        b"dates = 1",
        b"layers = []",
        b"layers = {a = {role = []}}",
    ):
        with pytest.raises(DataError):
            archive_config(setting)


def test_gzip_takes_no_more_room_than_it_needs() -> None:
    import tracemalloc

    data = gzip.compress(GOOD, mtime=0)
    tracemalloc.start()
    read_content(data, where="map")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 << 20


def test_thousands_of_polygons_over_one_another_are_refused_before_they_are_united() -> None:
    pile = np.array([square(0, 0)] * 2_300, dtype=object)
    with pytest.raises(DataError, match=r"^pile: more than 5,000,000 pairs of its pieces lie over one another"):
        to_equal_area(pile, crs.LONLAT, crs.DEFAULT_CRS, where="pile")
    side_by_side = np.array([square(2 * (n % 50), 2 * (n // 50)) for n in range(2_300)], dtype=object)
    assert len(to_equal_area(side_by_side, crs.LONLAT, crs.DEFAULT_CRS, where="apart")) == 2_300


def strips(count: int, *, upright: bool) -> shapely.MultiPolygon:
    """Return strips across 2° of longitude, or of latitude, with as much room between them as they are wide."""
    low = np.arange(count) * 2.0 / count
    across, along = (30 + low, 30 + low + 1.0 / count), (np.full(count, 48.0), np.full(count, 50.0))
    if upright:
        return shapely.multipolygons(shapely.box(across[0], along[0], across[1], along[1]))
    return shapely.multipolygons(shapely.box(along[0] - 18, across[0] + 18, along[1] - 18, across[1] + 18))


def comb(teeth: int, *, upright: bool) -> shapely.Polygon:
    """Return one polygon of as many teeth."""
    x = np.repeat(np.arange(2 * teeth) / teeth, 2)
    y = np.tile([0.1, 2.0, 2.0, 0.1], teeth)
    points = np.concatenate([np.stack([x, y], axis=1), [[2.0, 0.1], [2.0, 0.0], [0.0, 0.0]]])
    return shapely.Polygon((points if upright else points[:, ::-1]) + np.array([30, 48]))


def _map(path: Path, *layers: shapely.Geometry) -> Path:
    """Write a map of layers that all count, the first as control and the second as advance."""
    names = ("UkraineControlMap", "AssessedRussianAdvanceinUkraine")
    features = [
        {"type": "Feature", "properties": {"layer": name}, "geometry": shapely.geometry.mapping(shape)}
        for name, shape in zip(names, layers, strict=False)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


ROWS, COLUMNS = (strips(150, upright=upright) for upright in (False, True))  # cross 90,000 times
SOME = shapely.box(30, 48, 30.01, 48.01)


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ([ROWS, SOME], [COLUMNS, SOME], "a.geojson and b.geojson"),
        ([ROWS, COLUMNS], [SOME, SOME], "a.geojson"),
        ([shapely.MultiPolygon([*ROWS.geoms, *COLUMNS.geoms]), SOME], [SOME, SOME], "a.geojson"),
        ([comb(150, upright=False), SOME], [comb(150, upright=True), SOME], "a.geojson and b.geojson"),
        ([comb(150, upright=False), comb(150, upright=True)], [SOME, SOME], "a.geojson"),
    ],
    ids=["two maps", "two layers", "one layer", "combs of two maps", "combs of two layers"],
)
def test_what_crosses_without_end_is_refused_before_it_is_overlaid(
    before: list[shapely.Geometry], after: list[shapely.Geometry], where: str, tmp_path: Path
) -> None:
    files = _map(tmp_path / "a.geojson", *before), _map(tmp_path / "b.geojson", *after)
    with pytest.raises(
        DataError, match=rf"^{where}: its lines cross more than 5\d,\d{{3}} times; simplify it, or leave"
    ):
        frontcalc.diff_files(*files)


def test_regions_that_cross_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    for shapes in ([shapely.MultiPolygon([*ROWS.geoms, *COLUMNS.geoms])], [ROWS, COLUMNS]):
        path.write_bytes(json_formats.geojson({f"region {place}": [shape] for place, shape in enumerate(shapes)}))
        with pytest.raises(DataError, match=r"^regions\.geojson: its lines cross more than"):
            read_regions(path, target_crs=crs.DEFAULT_CRS, field="layer")


def test_lines_that_run_along_each_other_cross_often_and_are_overlaid() -> None:
    turns = np.linspace(0, 2 * np.pi, 30_000, endpoint=False)
    coasts = [
        shapely.Polygon(np.stack([np.cos(turns), np.sin(turns)], axis=1) * 1e6 * (1 + 1e-9 * jitter[:, None]))
        for jitter in np.random.default_rng(1).random((2, len(turns)))
    ]
    assert geometry.union(np.array(coasts)).area == pytest.approx(np.pi * 1e12, rel=1e-6)


def test_a_short_ring_of_long_edges_is_refused_before_they_are_split() -> None:
    ways = np.random.default_rng(1).random((480, 2)) / 2 + [30, 48]
    with pytest.raises(DataError, match="has edges that cross too often to be repaired"):
        to_equal_area(np.array([shapely.Polygon(ways)]), crs.LONLAT, crs.DEFAULT_CRS, where="ring")
    # Rings of which each alone crosses itself less often than is allowed.
    rings = [shapely.Polygon(ways[30 * n : 30 * n + 30] + np.array([n, 0])) for n in range(16)]
    with pytest.raises(DataError, match="has edges that cross"):
        to_equal_area(np.array(rings), crs.LONLAT, crs.DEFAULT_CRS, where="rings")
