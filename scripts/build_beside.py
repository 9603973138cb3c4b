"""Build what lies beside the embedded regions, so that no run has to; again after `scripts/build_regions.py`.

    python scripts/build_beside.py WHEEL -o src/frontcalc/data

writes zones that are snapped to the regions, a file an actor's country, and the bands along their inner borders, in the
default projection: to be made again too after a change of `frontcalc.regions.snap`. And, from the wheel that
``scripts/build_regions.py`` reads, what maps show around the regions: neighbouring countries and, by their edges, the
coast. Countries are united from Natural Earth's 1:10m admin-1 polygons, so that their borders are drawn as those of the
regions are, and cut to a box around these. What the regions show is no part of them but for a narrow strip along their
edge, which closes the gaps that simplification leaves and lies below the regions on a map.
"""

import argparse
import gzip
import json
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely
from build_regions import read_wheel
from shapely.geometry import shape

from frontcalc.crs import DEFAULT_CRS
from frontcalc.geometry import to_bytes
from frontcalc.natural_earth import BANDS, load_embedded
from frontcalc.regions import NEAR_KM, RegionSet, embedded_regions, partition_for
from frontcalc.regions.snap import border_bands

COUNTRIES = {
    "AUT": "Austria",
    "BGR": "Bulgaria",
    "BIH": "Bosnia and Herzegovina",
    "BLR": "Belarus",
    "CZE": "Czechia",
    "EST": "Estonia",
    "GEO": "Georgia",
    "GRC": "Greece",
    "HRV": "Croatia",
    "HUN": "Hungary",
    "KAZ": "Kazakhstan",
    "LTU": "Lithuania",
    "LVA": "Latvia",
    "MDA": "Moldova",
    "MKD": "North Macedonia",
    "MNE": "Montenegro",
    "POL": "Poland",
    "ROU": "Romania",
    "RUS": "Russia",
    "SRB": "Serbia",
    "SVK": "Slovakia",
    "KOS": "Kosovo",
    "ALB": "Albania",
    "TUR": "Türkiye",
}
BOX = (14.0, 40.0, 52.0, 59.0)
TOLERANCE_DEGREES = 0.001
STRIP_DEGREES = 0.004
GAP_SQUARE_DEGREES = 0.003


def country(wheel: zipfile.ZipFile, code: str, regions: shapely.Geometry) -> shapely.Geometry:
    """Return what the box has of a country, in degrees, without what the embedded regions show."""
    features = json.loads(wheel.read(f"orangecontrib/geo/geojson/admin1-{code}.json"))["features"]
    parts = shapely.make_valid(np.array([shape(feature["geometry"]) for feature in features], dtype=object))
    near = parts[shapely.intersects(parts, shapely.box(*BOX))]
    land = shapely.clip_by_rect(shapely.union_all(near), *BOX)
    # What two drawings of one coast leave between them is no country: it goes when the edge is drawn in and out again.
    beside = shapely.difference(land, regions)
    beside = shapely.intersection(beside, shapely.buffer(shapely.buffer(beside, -STRIP_DEGREES), 2 * STRIP_DEGREES))
    seam = shapely.intersection(shapely.buffer(beside, STRIP_DEGREES), shapely.buffer(regions, STRIP_DEGREES))
    drawn = shapely.simplify(shapely.union_all([beside, seam]), TOLERANCE_DEGREES)
    kept = [without_gaps(part) for part in shapely.get_parts(drawn) if not shapely.within(part, regions)]
    return shapely.set_precision(shapely.MultiPolygon(kept), 0.0001)


def without_gaps(polygon: shapely.Polygon) -> shapely.Polygon:
    """Return a polygon without the small holes that its provinces leave between them."""
    holes = [hole for hole in polygon.interiors if shapely.Polygon(hole).area > GAP_SQUARE_DEGREES]
    return shapely.Polygon(polygon.exterior, holes)


def surroundings(source: Path) -> bytes:
    """Return the file's bytes: gzipped, a line of the countries' names with tabs, then as WKB a part of each."""
    read_wheel(source)  # refuses any file but the known one
    regions = shapely.union_all(load_embedded().pieces, grid_size=1e-5)
    with zipfile.ZipFile(source) as wheel:
        land = {name: country(wheel, code, regions) for code, name in sorted(COUNTRIES.items())}
    names = "\t".join(land).encode()
    return gzip.compress(names + b"\n" + shapely.GeometryCollection(list(land.values())).wkb, 9, mtime=0)


def zones(regions: RegionSet, country: str) -> bytes:
    """Return what is snapped to all regions but one country's."""
    # Without a source nothing that is stored is used.
    taken = partition_for(replace(regions, source=None), country, snap="border", plane=DEFAULT_CRS)
    assert taken.snapped is not None
    assert taken.uncovered is not None
    return to_bytes(taken.pieces[taken.snapped], taken.owner[taken.snapped], taken.uncovered)


def main() -> None:
    """Read the arguments, build, write."""
    parser = argparse.ArgumentParser(description="Build what lies beside the embedded regions.")
    parser.add_argument("wheel", type=Path, help="orange3-geo 0.5, from which countries around them are drawn")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write to")
    args = parser.parse_args()
    regions = embedded_regions(target_crs=DEFAULT_CRS)
    assert regions.source is not None
    contents = {f"{country}.zones": zones(regions, country) for country in sorted(set(regions.countries))}
    contents[BANDS] = to_bytes(*border_bands(regions.land, regions.land_owner, NEAR_KM, DEFAULT_CRS))
    for name, content in contents.items():
        # The SHA-256 of the set that they are of goes before them.
        (args.output / name).write_bytes(bytes.fromhex(regions.source.sha256) + zlib.compress(content, 9))
    (args.output / "surroundings.wkb.gz").write_bytes(surroundings(args.wheel))


if __name__ == "__main__":
    main()
