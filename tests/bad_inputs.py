"""Bad inputs as users meet them: what is wrong, how to make it, and the command that meets it.

docs/errors.md is made of this list by tests/test_errors.py.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import formats
import json_formats
import pyarrow
import pyarrow.parquet
import shapely
from conftest import collection, square

DAY = "2024-01-01"
HELD = ("held", DAY, "--archive", "maps", "--by", "none", "--view", "control")
ONE = {"control_map": [square(0, 0)]}
GOOD = json_formats.geojson(ONE)
FIELDS = {"name": ["a"]}


@dataclass(frozen=True, slots=True)
class BadInput:
    """One bad input.

    Parameters
    ----------
    what : str
        What is wrong, for the table.
    make : callable
        Writes the input into the folder it is given.
    command : tuple of str
        The command that meets it there.
    environment : tuple of (str, str)
        Variables that are set for it.
    """

    what: str
    make: Callable[[Path], None]
    command: tuple[str, ...] = HELD
    environment: tuple[tuple[str, str], ...] = ()


def file(content: bytes, name: str = f"{DAY}.geojson") -> Callable[[Path], None]:
    """Return a maker of an archive `maps` with one file."""

    def make(here: Path) -> None:
        (here / "maps" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "maps" / name).write_bytes(content)

    return make


def made(function: Callable[[Path], bytes], name: str) -> Callable[[Path], None]:
    """Return a maker of an archive with one file whose content needs a folder to be made in."""

    def make(here: Path) -> None:
        work = here / "work"
        work.mkdir()
        file(function(work), name)(here)

    return make


def text(document: Any) -> bytes:
    """Return JSON."""
    return json.dumps(document).encode()


def polygon(*ring: tuple[Any, ...], **members: Any) -> bytes:
    """Return a feature collection of one polygon of one ring."""
    geometry = {"type": "Polygon", "coordinates": [list(map(list, ring))]}
    feature = {"type": "Feature", "properties": {"layer": "control_map"}, "geometry": geometry}
    return text({"type": "FeatureCollection", "features": [feature], **members})


def nothing(here: Path) -> None:
    """Make nothing."""


# --- text --------------------------------------------------------------------------------------------------------

SQUARE = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
TOPOLOGY = json.loads(json_formats.topology(ONE, scale=None))
FEATURE_SET = json.loads(json_formats.feature_set(ONE))

TEXTS = (
    BadInput("an empty file", file(b"")),
    BadInput("a file of blanks with a byte order mark", file(b"\xef\xbb\xbf \n")),
    BadInput("JSON cut off by a broken download", file(GOOD[:283])),
    BadInput("text in UTF-16", file(GOOD.decode().encode("utf-16"))),
    BadInput("text that is not UTF-8", file(GOOD.replace(b"control_map", b"contr\xf4le"))),
    BadInput("a web page instead of a map", file(b"<!DOCTYPE html><html><body>Not found</body></html>")),
    BadInput("a Git LFS pointer", file(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")),
    BadInput("a table of text", file(b"layer,area\ncontrol,1\n")),
    BadInput("a uMap backup", file(b'{"type": "umap", "layers": []}')),
    BadInput("a table with polygons as text", file(b'name,wkt\na,"POLYGON ((0 0, 1 0, 1 1, 0 0))"\n', f"{DAY}.json")),
    BadInput("a picture in the place of a map", file(b"\x89PNG\r\n\x1a\n")),
    BadInput("a folder of spreadsheets", file(b"PK", f"{DAY}.xlsx")),
    BadInput("a web address as archive", nothing, ("held", DAY, "--archive", "https://example.org/maps.zip")),
    BadInput("lists 100,000 deep", file(b"[" * 100_000 + b"]" * 100_000)),
    BadInput(
        "a GDAL VRT that names another file",
        file(b"<OGRVRTDataSource><SrcDataSource>/etc/hosts</SrcDataSource></OGRVRTDataSource>"),
    ),
    BadInput("GML", file(b'<FeatureCollection xmlns:gml="http://www.opengis.net/gml"/>', f"{DAY}.json")),
)

LINES = json_formats.lines({"control_map": [square(0, 0), square(1, 0)]}).splitlines()

GEOJSON = (
    BadInput("NaN as a coordinate", file(polygon((0, 0), (1, float("nan")), (1, 1), (0, 0)))),
    BadInput("a number too large for any computer", file(polygon(*SQUARE).replace(b"[1, 1]", b"[1, 1e999]"))),
    BadInput("text as a coordinate", file(polygon((0, 0), ("1", "0"), (1, 1), (0, 0)))),
    BadInput("null as a coordinate", file(polygon((0, 0), (None, 0), (1, 1), (0, 0)))),
    BadInput("a ring of two points", file(polygon((0, 0), (1, 1)))),
    BadInput("metres without a declared CRS", file(polygon(*((x * 111e3, y * 111e3) for x, y in SQUARE)))),
    BadInput("latitude beyond the pole", file(polygon((0, 0), (1, 0), (1, 91), (0, 0)))),
    BadInput("a CRS that does not exist", file(polygon(*SQUARE, crs={"properties": {"name": "EPSG:999999"}}))),
    BadInput(
        "a CRS that names a file",
        file(polygon(*SQUARE, crs={"properties": {"name": "+proj=longlat +nadgrids=/etc/hosts"}})),
    ),
    BadInput("a CRS member without a name", file(polygon(*SQUARE, crs={"type": "name"}))),
    BadInput(
        "coordinates beyond the Earth in a projected CRS",
        file(polygon(*((x * 1e15, y) for x, y in SQUARE), crs={"properties": {"name": "EPSG:3857"}})),
    ),
    BadInput("a polygon without coordinates", file(text({"type": "Polygon"}))),
    BadInput("a geometry of an unknown kind", file(text({"type": "Feature", "geometry": {"type": "Circle"}}))),
    BadInput("features that are no list", file(text({"type": "FeatureCollection", "features": {}}))),
    BadInput("a feature that is a number", file(text({"type": "FeatureCollection", "features": [7]}))),
    BadInput("two maps in one file", file(text([json.loads(GOOD), json.loads(GOOD)]))),
    BadInput("one page of several", file(text({**json.loads(GOOD), "numberMatched": 9}))),
    BadInput("JSON of another kind", file(text({"title": "a catalogue"}))),
    BadInput(
        "an answer cut short by the server",
        file(text({"type": "FeatureCollection", "features": [], "properties": {"exceededTransferLimit": True}})),
    ),
    BadInput(
        "layers that nobody knows",
        file(json_formats.geojson({"zone_a": [square(0, 0)], "zone_b": [square(0.2, 0)]})),
    ),
    BadInput("more vertices than the limit", file(GOOD), environment=(("FRONTCALC_MAX_VERTICES", "4"),)),
    BadInput(
        "GeoJSON sequence: a broken line",
        # Cut before the digits of coordinates, which other versions of PROJ write otherwise.
        file(b"\n".join([LINES[0], LINES[1][:100]])),
    ),
)

OTHER_JSON = (
    BadInput(
        "TopoJSON: an arc that is not there", file(text({**TOPOLOGY, "arcs": TOPOLOGY["arcs"][:1]}), f"{DAY}.topojson")
    ),
    BadInput("TopoJSON: arcs that are no lists", file(text({**TOPOLOGY, "arcs": "none"}), f"{DAY}.topojson")),
    BadInput("TopoJSON: no objects", file(text({"type": "Topology", "arcs": []}), f"{DAY}.topojson")),
    BadInput(
        "TopoJSON: one arc used ten thousand times",
        file(
            text({**TOPOLOGY, "objects": {"control_map": {"type": "Polygon", "arcs": [[0, -2]] * 10_000}}}),
            f"{DAY}.topojson",
        ),
        environment=(("FRONTCALC_MAX_VERTICES", "1000"),),
    ),
    BadInput(
        "Esri JSON: a server's error", file(text({"error": {"code": 400, "message": "Invalid URL"}}), f"{DAY}.json")
    ),
    BadInput("Esri JSON: no spatialReference", file(text({**FEATURE_SET, "spatialReference": None}), f"{DAY}.json")),
    BadInput(
        "Esri JSON: stopped at the server's limit",
        file(text({**FEATURE_SET, "exceededTransferLimit": True}), f"{DAY}.json"),
    ),
    BadInput("Esri JSON: a grid of no known kind", file(text({**FEATURE_SET, "transform": {}}), f"{DAY}.json")),
    BadInput(
        "Esri JSON: a web map of layers elsewhere",
        file(
            text({"operationalLayers": [{"url": "https://example.org/FeatureServer/0", "title": "a"}]}), f"{DAY}.json"
        ),
    ),
    BadInput(
        "Esri JSON: curves", file(text({**FEATURE_SET, "features": [{"geometry": {"curveRings": []}}]}), f"{DAY}.json")
    ),
)


# --- binary formats ----------------------------------------------------------------------------------------------


def one_file(driver: str, suffix: str, change: Callable[[bytes], bytes], **options: Any) -> Callable[[Path], None]:
    """Return a maker of an archive with one changed file that GDAL wrote."""
    options.setdefault("fields", FIELDS)
    name = f"{DAY}.{suffix}"
    return made(lambda work: change(formats.written(work / f"a.{suffix}", driver, [square(0, 0)], **options)), name)


def shapefile(change: Callable[[dict[str, bytes]], dict[str, bytes]], **options: Any) -> Callable[[Path], None]:
    """Return a maker of an archive with one zipped shapefile, changed."""

    def content(work: Path) -> bytes:
        parts = formats.shapefile_parts(work / "shp", [options.pop("shape", square(0, 0))], **options)
        return formats.zipped(formats.named(change(parts), "control_map"))

    return made(content, f"{DAY}.zip")


def with_bytes(data: bytes, place: int, content: bytes) -> bytes:
    """Return data with other bytes at a place."""
    return data[:place] + content + data[place + len(content) :]


def database(script: str) -> Callable[[bytes], bytes]:
    """Return a change of a GeoPackage by SQL."""
    import sqlite3

    def change(data: bytes) -> bytes:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(data)
            connection.executescript(script)
            return connection.serialize()

    return change


VIEW = """
DROP TABLE control_map;
CREATE VIEW control_map AS
WITH RECURSIVE n(fid, geom) AS (SELECT 1, x'00' UNION ALL SELECT fid + 1, geom FROM n)
SELECT * FROM n;
"""


def parquet(metadata: dict[str, Any] | None, wkb: bytes) -> bytes:
    """Return Parquet of one row."""
    table = pyarrow.table({"geometry": [wkb], "layer": ["control_map"]})
    table = table.replace_schema_metadata({"geo": json.dumps(metadata)} if metadata else None)
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()


GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
}
MANY = struct.pack("<BIII", 1, 3, 1, 1_000_000_000)

BINARY = (
    BadInput("shapefile: the .shp cut off", shapefile(lambda parts: {**parts, ".shp": parts[".shp"][:-20]})),
    BadInput(
        "shapefile: no .prj, in metres",
        shapefile(
            lambda parts: {key: part for key, part in parts.items() if key != ".prj"},
            shape=formats.mercator(square(0, 0)),
            crs="EPSG:3857",
        ),
    ),
    BadInput(
        "shapefile: a billion points promised",
        shapefile(lambda parts: {**parts, ".shp": with_bytes(parts[".shp"], 148, struct.pack("<i", 1_000_000_000))}),
    ),
    BadInput("GeoPackage: cut off", one_file("GPKG", "gpkg", lambda data: data[:5000], layer="control_map")),
    BadInput(
        "GeoPackage: another SQLite database",
        one_file("GPKG", "gpkg", lambda data: with_bytes(data, 68, bytes(4)), layer="control_map"),
    ),
    BadInput("GeoPackage: a layer without end", one_file("GPKG", "gpkg", database(VIEW), layer="control_map")),
    BadInput("FlatGeobuf: cut off", one_file("FlatGeobuf", "fgb", lambda data: data[: len(data) // 2])),
    BadInput(
        "FlatGeobuf: a header of 2 GB promised",
        one_file("FlatGeobuf", "fgb", lambda data: with_bytes(data, 8, b"\xff\xff\xff\x7f")),
    ),
    BadInput("GeoParquet: cut off", file(parquet(GEO, MANY)[:-30], f"{DAY}.parquet")),
    BadInput("GeoParquet: no «geo» metadata", file(parquet(None, MANY), f"{DAY}.parquet")),
    BadInput("GeoParquet: a billion points promised", file(parquet(GEO, MANY), f"{DAY}.parquet")),
    BadInput(
        "KML: a link to another file",
        file(formats.kml(inside=formats.link("http://example.org/a.kml")), f"{DAY}.kml"),
    ),
    BadInput("KML: a picture alone", file(formats.kml(inside="<GroundOverlay/>"), f"{DAY}.kml")),
    BadInput("KML: entities that grow", file(b"<!DOCTYPE kml [<!ENTITY a 'aaaa'>]><kml>&a;</kml>", f"{DAY}.kml")),
    BadInput("KML: cut off", file(formats.kml(("control_map", [square(0, 0)]))[:-40], f"{DAY}.kml")),
    BadInput("KMZ: nothing in it", file(formats.zipped({}), f"{DAY}.kmz")),
)


# --- packed ------------------------------------------------------------------------------------------------------


def zip_with_link() -> bytes:
    """Return a zip with a symbolic link."""
    out = io.BytesIO()
    info = zipfile.ZipInfo("control_map.geojson")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/hosts")
    return out.getvalue()


def encrypted() -> bytes:
    """Return a zip that says it is encrypted."""
    data = formats.zipped({"control_map.geojson": GOOD})
    data = with_bytes(data, 6, bytes([data[6] | 1]))
    place = data.index(b"PK\x01\x02") + 8
    return with_bytes(data, place, bytes([data[place] | 1]))


ZIP = f"{DAY}.zip"
PACKED = (
    BadInput("zip: cut off", file(formats.zipped({"control_map.geojson": GOOD})[:-30], ZIP)),
    BadInput("zip: no map in it", file(formats.zipped({"readme.txt": b"hello"}), ZIP)),
    BadInput(
        "zip: a member that is an error page",
        file(formats.zipped({"control_map.geojson": GOOD, "russian_advances.geojson": b"<html>502</html>"}), ZIP),
    ),
    BadInput("zip: a member that leads out with ../", file(formats.zipped({"../control.geojson": GOOD}), ZIP)),
    BadInput("zip: a member with an absolute path", file(formats.zipped({"/etc/control.geojson": GOOD}), ZIP)),
    BadInput("zip: a symbolic link", file(zip_with_link(), ZIP)),
    BadInput("zip: encrypted", file(encrypted(), ZIP)),
    BadInput(
        "zip: a bomb",
        file(formats.zipped({"control_map.geojson": b" " * 2_000_000}), ZIP),
        environment=(("FRONTCALC_MAX_UNPACKED_BYTES", "1000000"),),
    ),
    BadInput(
        "zip: more members than the limit",
        file(formats.zipped({f"{n}.txt": b"" for n in range(12)}), ZIP),
        environment=(("FRONTCALC_MAX_MEMBERS", "10"),),
    ),
    BadInput(
        "zip: three in one another",
        file(formats.zipped({"b.zip": formats.zipped({"c.zip": formats.zipped({"d.txt": b""})})}), ZIP),
    ),
    BadInput("gzip: cut off", file(gzip.compress(GOOD, mtime=0)[:-30], f"{DAY}.geojson.gz")),
    BadInput(
        "gzip: a bomb",
        file(gzip.compress(bytes(2_000_000), mtime=0), f"{DAY}.geojson.gz"),
        environment=(("FRONTCALC_MAX_UNPACKED_BYTES", "1000000"),),
    ),
    BadInput("gzip in gzip", file(gzip.compress(gzip.compress(GOOD, mtime=0), mtime=0), f"{DAY}.geojson.gz")),
    BadInput("7-Zip", file(b"7z\xbc\xaf\x27\x1c\x00\x04", ZIP)),
)


# --- folders -----------------------------------------------------------------------------------------------------


def link_outside(here: Path) -> None:
    """Link to a file outside the archive."""
    (here / "secret.geojson").write_bytes(GOOD)
    (here / "maps").mkdir()
    (here / "maps" / f"{DAY}.geojson").symlink_to(here / "secret.geojson")


def link_circle(here: Path) -> None:
    """Link a file to itself."""
    (here / "maps").mkdir()
    (here / "maps" / f"{DAY}.geojson").symlink_to(f"{DAY}.geojson")


def pipe(here: Path) -> None:
    """Make a named pipe, which nobody writes to."""
    (here / "maps").mkdir()
    os.mkfifo(here / "maps" / f"{DAY}.geojson")


def many_files(here: Path) -> None:
    """Make 10,000 files that are no maps."""
    (here / "maps").mkdir()
    for number in range(10_000):
        (here / "maps" / f"{number}.txt").touch()


def two_days(here: Path) -> None:
    """Make the same layer twice on one day."""
    file(GOOD)(here)
    file(json_formats.geojson({"control_map": [square(5, 5)]}), f"again {DAY}.geojson")(here)


FOLDERS = (
    BadInput("no such archive", nothing),
    BadInput("an empty folder", lambda here: (here / "maps").mkdir()),
    BadInput("10,000 files that are no maps", many_files),
    BadInput("more files than the limit", many_files, environment=(("FRONTCALC_MAX_FILES", "9999"),)),
    BadInput("a link that leads out of the archive", link_outside),
    BadInput("a link to itself", link_circle),
    BadInput("a named pipe instead of a file", pipe),
    BadInput("a file larger than the limit", file(GOOD), environment=(("FRONTCALC_MAX_BYTES", "100"),)),
    BadInput("a limit that is no number", file(GOOD), environment=(("FRONTCALC_MAX_BYTES", "1 GB"),)),
    BadInput("a file that nothing dates", file(GOOD, "map.geojson")),
    BadInput("a name with a day that does not exist", file(GOOD, "2023-02-29.geojson")),
    BadInput("a name that can be read as two days", file(GOOD, "03-04-2024.geojson")),
    BadInput("a name with two days", file(GOOD, "2023-02-28 2023-03-01.geojson")),
    BadInput("one layer twice on one day", two_days),
    BadInput("a name that steers the terminal", file(b"{", f"\x1b[2J{DAY}.geojson")),
)


# --- settings ----------------------------------------------------------------------------------------------------


def archive_with(config: str) -> Callable[[Path], None]:
    """Return a maker of a good archive with a frontcalc.toml."""

    def make(here: Path) -> None:
        file(GOOD)(here)
        (here / "maps" / "frontcalc.toml").write_text(config)

    return make


def settings(config: str) -> Callable[[Path], None]:
    """Return a maker of a good archive, and a frontcalc.toml in the working folder."""

    def make(here: Path) -> None:
        file(GOOD)(here)
        (here / "frontcalc.toml").write_text(config)

    return make


CONFIGS = (
    BadInput("archive's frontcalc.toml: no TOML", archive_with("view = ")),
    BadInput("archive's frontcalc.toml: brackets without end", archive_with(f"view = {5_000 * '['}")),
    BadInput("archive's frontcalc.toml: an unknown key", archive_with('shell = "rm"')),
    BadInput(
        "archive's frontcalc.toml: an unknown role", archive_with('[layers]\n"a" = { actor = "Russia", role = "king" }')
    ),
    BadInput("archive's frontcalc.toml: a date in quotes", archive_with('[dates]\n"a.geojson" = "2024-11-03"')),
    BadInput("own frontcalc.toml: an unknown key", settings('colour = "red"')),
    BadInput("own frontcalc.toml: a list for a text", settings('view = ["control"]')),
)


# --- regions and options -----------------------------------------------------------------------------------------


def with_regions(content: bytes) -> Callable[[Path], None]:
    """Return a maker of a good archive and a region file."""

    def make(here: Path) -> None:
        file(GOOD)(here)
        (here / "regions.geojson").write_bytes(content)

    return make


def regions(**properties: Any) -> bytes:
    """Return a region file of one square with properties."""
    document = collection({None: [square(0, 0)]})
    document["features"][0]["properties"] = properties
    return text(document)


SPLIT = ("held", DAY, "--archive", "maps", "--regions", "regions.geojson")
REGIONS = (
    BadInput("regions: no such file", file(GOOD), SPLIT),
    BadInput("regions: a misspelt field", with_regions(regions(NAME_1="North")), (*SPLIT, "--region-name", "NAME1")),
    BadInput("regions: no names", with_regions(regions(oblast="North")), SPLIT),
    BadInput("regions: a region without a name", with_regions(regions(name=None)), SPLIT),
    BadInput("regions: one named like a row of the table", with_regions(regions(name="Total")), SPLIT),
    BadInput(
        "regions: points instead of areas",
        with_regions(text(collection({"a": [shapely.Point(0, 0)]}, field="name"))),
        SPLIT,
    ),
    BadInput("regions: a broken file", with_regions(b'{"type": "FeatureCollection", "fea'), SPLIT),
)


def diff(*words: str) -> tuple[str, ...]:
    """Return a command that compares."""
    return ("diff", *words, "--archive", "maps", "--by", "none", "--view", "control")


def two_maps(here: Path) -> None:
    """Make an archive of two days."""
    file(GOOD)(here)
    file(json_formats.geojson({"control_map": [square(0, 0), square(1, 0)]}), "2024-02-01.geojson")(here)


OPTIONS = (
    BadInput("a period that is none", two_maps, diff("next week")),
    BadInput("a month that does not exist", two_maps, diff("2024-13")),
    BadInput("a week that does not exist", two_maps, diff("2023-W53")),
    BadInput("a period that ends before it begins", two_maps, diff("2024-02-01..2024-01-01")),
    BadInput("a period before the archive", two_maps, diff("1999")),
    BadInput("a date that is none", two_maps, ("held", "1 May", "--archive", "maps")),
    BadInput("a date before the archive", two_maps, ("held", "1999-01-01", "--archive", "maps", "--by", "none")),
    BadInput("a CRS that does not exist", two_maps, (*diff("2024-01"), "--crs", "EPSG:1")),
    BadInput("a CRS that keeps no areas", two_maps, (*diff("2024-01"), "--crs", "EPSG:3857")),
    BadInput("an actor that holds nothing", two_maps, (*diff("2024-01-01..2024-02-01"), "--actor", "Atlantis")),
    BadInput("a level that does not exist", two_maps, ("held", DAY, "--archive", "maps", "--by", "village")),
    BadInput("a view that does not exist", two_maps, (*HELD[:-1], "everything")),
    BadInput("a misspelt option", two_maps, (*HELD, "--veiw", "control")),
    BadInput("an output folder that is missing", two_maps, (*HELD, "-o", "missing/out.csv")),
    BadInput("three files to compare", two_maps, ("diff", "a.geojson", "b.geojson", "c.geojson")),
    BadInput("a file to compare that is missing", two_maps, ("diff", "a.geojson", "b.geojson")),
    BadInput("a source of dates that is none", two_maps, (*HELD, "--date-from", "sky")),
)

# --- claims ------------------------------------------------------------------------------------------------------

CLAIM = '[[claim]]\nid = "a"\nperiod = "2024-01"\nmeasure = "net"\nvalue = 100\n'
VERIFY = ("verify", "claims.toml", "--archive", "maps")


def claims(content: str | bytes) -> Callable[[Path], None]:
    """Return a maker of an archive of two days and a claims file."""

    def make(here: Path) -> None:
        two_maps(here)
        (here / "claims.toml").write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


CLAIMS = (
    BadInput("claims: no such file", two_maps, VERIFY),
    BadInput("claims: a folder", lambda here: (here / "claims.toml").mkdir(), VERIFY),
    BadInput("claims: an empty file", claims(""), VERIFY),
    BadInput("claims: no TOML", claims(CLAIM + "tolerance = 5%"), VERIFY),
    BadInput("claims: text that is not UTF-8", claims(b'source = "Le Mond\xe9"\n'), VERIFY),
    BadInput("claims: two megabytes", claims("#" * 2_000_000), VERIFY),
    BadInput("claims: none in it", claims('archive = "maps"'), VERIFY),
    BadInput("claims: a misspelt key", claims(CLAIM.replace("value", "vlaue")), VERIFY),
    BadInput("claims: no figure", claims(CLAIM.replace("value = 100", "")), VERIFY),
    BadInput("claims: NaN as a figure", claims(CLAIM.replace("100", "nan")), VERIFY),
    BadInput("claims: a negative area", claims(CLAIM.replace("100", "-100").replace("net", "gained")), VERIFY),
    BadInput("claims: a unit of something else", claims(CLAIM + 'unit = "percent"'), VERIFY),
    BadInput("claims: a day that does not exist", claims(CLAIM.replace("2024-01", "2023-02-29")), VERIFY),
    BadInput("claims: a ratio of one period", claims(CLAIM.replace("net", "ratio")), VERIFY),
    BadInput("claims: two of one name", claims(CLAIM * 2), VERIFY),
    BadInput(
        "claims: an unknown region",
        claims(CLAIM + 'region = "Kusrk"'),
        (*VERIFY, "--regions", "maps/2024-01-01.geojson", "--region-name", "layer"),
    ),
    BadInput("claims: a name that steers the terminal", claims(CLAIM + '"\\u001b[2J" = 1'), VERIFY),
    BadInput("claims: an archive that is missing", claims('archive = "nowhere"\n' + CLAIM), VERIFY[:2]),
)

# --- fetching ----------------------------------------------------------------------------------------------------

FETCH = ("fetch", "--quiet", "-o", "new")
NOWHERE = "http://127.0.0.1:9/Maps/FeatureServer/0"  # a port that nothing listens on


def manifest_of_another(here: Path) -> None:
    """Make an archive that was fetched from somewhere else."""
    (here / "new").mkdir()
    document = {"manifest": "frontcalc-archive-1", "source": "deepstate", "files": [], "revisions": []}
    (here / "new" / "manifest.json").write_text(json.dumps(document))


FETCHING = (
    BadInput("fetch: a misspelt source", two_maps, (*FETCH, "isw-timelaps")),
    BadInput("fetch: an address in place of a source", two_maps, (*FETCH, "https://example.org/2024-01-01.json")),
    BadInput("fetch: terms that were not accepted", two_maps, (*FETCH, "deepstate")),
    BadInput("fetch: no address", two_maps, (*FETCH, "arcgis")),
    BadInput("fetch: an address that is none of a layer", two_maps, (*FETCH, "arcgis", "https://example.org/maps")),
    BadInput("fetch: http", two_maps, (*FETCH, "url", "http://example.org/2024-01-01.json")),
    BadInput("fetch: a password", two_maps, (*FETCH, "url", "https://me:secret@example.org/2024-01-01.json")),
    BadInput("fetch: a token", two_maps, (*FETCH, "arcgis", "https://example.org/FeatureServer/0?token=secret")),
    BadInput("fetch: a name without a day", two_maps, (*FETCH, "url", "https://example.org/latest.json")),
    BadInput("fetch: two files of a day", two_maps, (*FETCH, "url", *("https://example.org/2024-01-01.json",) * 2)),
    BadInput(
        "fetch: days in the wrong order",
        two_maps,
        (*FETCH, "arcgis", NOWHERE, "--since", "2024-02-01", "--until", "2024-01-01"),
    ),
    BadInput(
        "fetch: days of a source that has one",
        two_maps,
        (*FETCH, "isw-live", "--accept-terms", "--since", "2024-01-01"),
    ),
    BadInput(
        "fetch: a folder of other maps", two_maps, (*FETCH[:3], "maps", "url", "https://example.org/2024-01-01.json")
    ),
    BadInput("fetch: a folder of another source", manifest_of_another, (*FETCH, "arcgis", NOWHERE)),
    BadInput(
        "fetch: a file in place of the folder", lambda here: (here / "new").write_text(""), (*FETCH, "arcgis", NOWHERE)
    ),
    BadInput("fetch: no network", two_maps, (*FETCH, "arcgis", NOWHERE)),
)

SECTIONS: dict[str, tuple[BadInput, ...]] = {
    "Text that is no map": TEXTS,
    "GeoJSON": GEOJSON,
    "TopoJSON and Esri JSON": OTHER_JSON,
    "Binary formats": BINARY,
    "Zip and gzip": PACKED,
    "Folders and names": FOLDERS,
    "frontcalc.toml": CONFIGS,
    "Region files": REGIONS,
    "Options": OPTIONS,
    "Claims files": CLAIMS,
    "Fetching": FETCHING,
}
"""The bad inputs by what they are given as."""
