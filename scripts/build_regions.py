"""Build the embedded region set from Natural Earth's 1:10m admin-1 file.

    python scripts/build_regions.py SOURCE -o src/frontcalc/data/ukraine-adm1.regions

SOURCE is Natural Earth's own ``ne_10m_admin_1_states_provinces.zip``, or the wheel of the PyPI package
orange3-geo 0.5, which carries the same polygons as GeoJSON. Of the wheel two data members are read;
nothing in it is installed or run.

All geometry is worked on in whole units of 1e-5 degree, so that a shared border is the same integers on
both sides and areas of parts add up exactly. Only noding, by snap rounding, moves a vertex;
simplification just drops some.
"""

import argparse
import csv
import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import shape

UNITS_PER_DEGREE = 100_000
TOLERANCE_DEGREES = 0.0005
GAP_AREA = 5_000_000  # square units, 4 km² at 50° N: a larger gap may be a lake; the wheel's reach 1.7 km²
GAP_WIDTH = 100  # units: no strip between two regions may be narrower
PIECE_VERTICES = 128
MAGIC = b"FCREG\x00\x01\n"
WHEEL = "Orange3_Geo-0.5-py3-none-any.whl"
WHEEL_SHA256 = "8cf810c2b1ab65c00bca542cf6b43f4b08167aa49e0c80a00383430bd2dbdafc"
WHEEL_MEMBERS = ("orangecontrib/geo/geojson/admin1-UKR.json", "orangecontrib/geo/geojson/admin1-RUS.json")

# Columns of the table by which a region is found, the most stable first: Natural Earth keeps its own numbers
# from version to version, with Crimea's and Sevastopol's under either country's prefix.
CODES = ("adm1_code", "code", "hasc", "fips")
NAMES = ("code", "country", "name", "name_uk")
COUNTRY_NAMES = ("code", "name", "name_uk")
TABLE = Path(__file__).parents[1] / "data" / "regions" / "ukraine-adm1.csv"
COUNTRIES = TABLE.with_name("ukraine-adm0.csv")

Geometries = npt.NDArray[np.object_]
Row = dict[str, str]


class Feature(NamedTuple):
    """One polygon of the source and its texts; a code is among them, under a name that differs by source."""

    texts: frozenset[str]
    geometry: shapely.Geometry


class SourceError(Exception):
    """The source is not what this script is made for."""


def read_wheel(path: Path) -> list[Feature]:
    """Features of Ukraine and Russia from the one wheel whose bytes are known."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise SourceError(f"{path.name} is not {WHEEL}: its SHA-256 is {digest}, not {WHEEL_SHA256}")
    with zipfile.ZipFile(path) as wheel:
        files = [json.loads(wheel.read(member)) for member in WHEEL_MEMBERS]
    found = [feature for file in files for feature in file["features"]]
    return [_feature(feature["properties"].values(), shape(feature["geometry"])) for feature in found]


def read_natural_earth(path: Path) -> list[Feature]:
    """Features of the whole world from Natural Earth's own zip."""
    from pyogrio import errors, raw  # needed for this source only

    try:
        _, _, wkb, columns = raw.read(path)
    except errors.DataSourceError as error:
        raise SourceError(f"{path.name} is no shapefile zip of Natural Earth: {error}") from error
    rows = zip(*columns, shapely.from_wkb(wkb), strict=True)
    return [_feature(values, geometry) for *values, geometry in rows]


def _feature(values: Iterable[Any], geometry: shapely.Geometry) -> Feature:
    return Feature(frozenset(value for value in values if isinstance(value, str)), geometry)


def read_table(path: Path) -> list[Row]:
    """Rows of the committed table; their order decides who keeps land that two regions claim."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def pick(rows: Sequence[Row], features: Sequence[Feature]) -> Geometries:
    """One geometry a row, in degrees, found by the first kind of code that exactly one feature carries."""
    found = [_find(row, features) for row in rows]
    missing = [row["name"] for row, index in zip(rows, found, strict=True) if index is None]
    if missing:
        raise SourceError(f"no feature, or several, for {', '.join(missing)}: is it the 1:10m admin-1 file?")
    picked = np.array([features[index].geometry for index in found if index is not None], dtype=object)
    return np.asarray(shapely.make_valid(picked, method="structure", keep_collapsed=False))


def _find(row: Row, features: Sequence[Feature]) -> int | None:
    for column in CODES:
        codes = set(row[column].split("|"))
        hits = [index for index, feature in enumerate(features) if codes & feature.texts]
        if len(hits) == 1:
            return hits[0]
    return None


def faces_of(lines: Iterable[shapely.Geometry]) -> Geometries:
    """Return the faces between lines, which are noded and rounded to whole units in one go so that all faces fit."""
    noded = shapely.unary_union(list(lines), grid_size=1)
    return np.asarray(shapely.get_parts(shapely.polygonize([noded])))


def owners_of(faces: Geometries, regions: Geometries) -> npt.NDArray[np.intp]:
    """Return the index of the first region that holds each face; -1 where none does."""
    owner = np.full(len(faces), len(regions), dtype=np.intp)
    face, region = shapely.STRtree(regions).query(shapely.point_on_surface(faces), predicate="intersects")
    np.minimum.at(owner, face, region)
    owner[owner == len(regions)] = -1
    return owner


def merge(faces: Geometries, owner: npt.NDArray[np.intp], count: int) -> Geometries:
    """Return one geometry a region, from faces that fit exactly."""
    merged = [shapely.coverage_union_all(faces[owner == index]) for index in range(count)]
    return np.array(merged, dtype=object)


def make_coverage(regions: Geometries) -> Geometries:
    """Regions without overlaps and without gaps between them, in whole units.

    Land that several regions claim stays with the first of them. A gap that regions enclose goes to the one
    with the longest border along it, unless it is too large to be an error of drawing.
    """
    faces = faces_of(shapely.boundary(regions))
    owner = owners_of(faces, regions)
    borders = shapely.boundary(merge(faces, owner, len(regions)))
    tree = shapely.STRtree(borders)
    for index in np.flatnonzero((owner < 0) & (shapely.area(faces) < GAP_AREA)):
        near = np.sort(tree.query(faces[index]))
        shared = shapely.intersection(shapely.boundary(faces[index]), borders[near])
        owner[index] = near[np.argmax(shapely.length(shared))]
    return merge(faces, owner, len(regions))


def subdivide(regions: Geometries) -> tuple[Geometries, npt.NDArray[np.intp]]:
    """Small pieces without holes that fit exactly, and the region that each belongs to.

    Cuts are noded together with all borders: where a cut meets a border, both sides get the vertex.
    """
    cuts = [cut for polygon in shapely.get_parts(regions) for cut in _cuts(polygon)]
    pieces = shapely.normalize(faces_of([*shapely.boundary(regions), *cuts]))
    owner = owners_of(pieces, regions)
    inside = np.flatnonzero(owner >= 0)
    order = sorted(inside, key=lambda i: (owner[i], shapely.get_coordinates(pieces[i]).tolist()))
    return pieces[order], owner[order]


def _cuts(polygon: shapely.Polygon) -> list[shapely.Geometry]:
    """Lines that cut a polygon in two, and the halves again, until no part is large or has a hole."""
    if shapely.get_num_coordinates(polygon) <= PIECE_VERTICES and not polygon.interiors:
        return []
    west, south, east, north = polygon.bounds
    middle = np.median(shapely.get_coordinates(polygon), axis=0)
    if polygon.interiors:
        middle = shapely.get_coordinates(shapely.centroid(polygon.interiors[0]))[0]
    x, y = np.round(middle)
    if (east - west) * np.cos(np.radians(north / UNITS_PER_DEGREE)) > north - south:
        halves = [shapely.box(west, south, x, north), shapely.box(x, south, east, north)]
    else:
        halves = [shapely.box(west, south, east, y), shapely.box(west, y, east, north)]
    cuts = [shapely.intersection(shapely.intersection(*halves), polygon)]  # the edge of both halves
    parts = shapely.get_parts(shapely.intersection(polygon, halves))
    return cuts + [cut for part in parts if part.geom_type == "Polygon" for cut in _cuts(part)]


def check(pieces: Geometries, owner: npt.NDArray[np.intp], regions: int, *, gap_width: float = GAP_WIDTH) -> None:
    """Refuse to write anything that is not an exact coverage of simple pieces."""
    merged = merge(pieces, owner, regions)
    sums = np.bincount(owner, shapely.area(pieces), regions)
    faults = {
        "a region without pieces": len(np.unique(owner)) != regions,
        "an invalid piece": not shapely.is_valid(pieces).all(),
        "an invalid region": not shapely.is_valid(merged).all(),
        "a piece with a hole": shapely.get_num_interior_rings(pieces).any(),
        "a vertex off the grid": (shapely.get_coordinates(pieces) % 1).any(),
        "pieces that do not fit": not shapely.coverage_is_valid(pieces),
        "regions that do not fit": not shapely.coverage_is_valid(merged, gap_width=gap_width),
        "pieces that do not add up": not np.array_equal(sums, shapely.area(merged)),
    }
    if any(faults.values()):
        raise SourceError("the result has " + ", ".join(fault for fault, found in faults.items() if found))


def encode(header: dict[str, Any], pieces: Geometries, owner: npt.NDArray[np.intp]) -> bytes:
    """Return the file's bytes: magic; then, deflated: length of the header, header (JSON), arrays of int32.

    The arrays are each piece's region, each piece's count of vertices, and x and y of all vertices in units,
    the closing vertex left out, as differences from the vertex before (the first from the origin).
    """
    rings = [shapely.get_coordinates(piece)[:-1] for piece in pieces]
    deltas = np.diff(np.concatenate(rings), axis=0, prepend=np.zeros((1, 2)))
    counts = {"pieces": len(pieces), "units_per_degree": UNITS_PER_DEGREE}
    text = json.dumps({**header, **counts}, ensure_ascii=False, sort_keys=True).encode()
    arrays = [owner, np.array([len(ring) for ring in rings]), deltas[:, 0], deltas[:, 1]]
    numbers = b"".join(array.astype("<i4").tobytes() for array in arrays)
    return MAGIC + zlib.compress(struct.pack("<i", len(text)) + text + numbers, 9)


def described(rows: Iterable[Row], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return rows of a table as the header has them: some columns, and the aliases as a list."""
    return [{key: row[key] for key in columns} | {"aliases": row["aliases"].split("|")} for row in rows]


def build(source: Path, table: Path = TABLE, tolerance: float = TOLERANCE_DEGREES) -> bytes:
    """Return the region set as bytes; the same source, tables and tolerance give the same bytes."""
    rows = read_table(table)
    features = read_wheel(source) if source.suffix == ".whl" else read_natural_earth(source)
    regions = shapely.transform(pick(rows, features), lambda degrees: degrees * UNITS_PER_DEGREE)
    regions = shapely.coverage_simplify(make_coverage(regions), tolerance * UNITS_PER_DEGREE)
    pieces, owner = subdivide(regions)
    check(pieces, owner, len(rows))
    header = {
        "name": table.stem,
        "source": "Natural Earth 1:10m admin-1 states and provinces",
        "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "licence": "public domain",
        "method": "overlaps to the earlier row of the table, enclosed gaps to the neighbour with the longest"
        f" border, simplified as a coverage with a tolerance of {tolerance} degrees, cut into small pieces",
        "countries": described(read_table(COUNTRIES), COUNTRY_NAMES),
        "regions": described(rows, NAMES),
    }
    return encode(header, pieces, owner)


def main() -> None:
    """Read the arguments, build, write."""
    parser = argparse.ArgumentParser(description="Build the embedded regions from Natural Earth's file.")
    parser.add_argument("source", type=Path, help="Natural Earth's zip, or the wheel of orange3-geo 0.5")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write")
    args = parser.parse_args()
    try:
        args.output.write_bytes(build(args.source))
    except (SourceError, OSError) as error:
        parser.exit(1, f"build_regions: {error}\n")


if __name__ == "__main__":
    main()
