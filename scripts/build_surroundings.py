"""Build what maps show around the embedded regions: neighbouring countries and, by their edges, the coast.

    python scripts/build_surroundings.py WHEEL -o src/frontcalc/data/surroundings.geojson.gz

WHEEL is the one that ``scripts/build_regions.py`` reads. Countries are united from Natural Earth's 1:10m admin-1
polygons, so that their borders are drawn as those of the embedded regions are, and cut to a box around these.
What the embedded regions show is no part of them but for a narrow strip along their edge, which closes the gaps
that simplification leaves and lies below the regions on a map.
"""

import argparse
import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import shapely
from build_regions import SourceError, read_wheel
from shapely.geometry import shape

from frontcalc.natural_earth import load_embedded

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


def build(source: Path) -> bytes:
    """Return the file's bytes: gzipped GeoJSON, a feature a country."""
    read_wheel(source)  # refuses any file but the known one
    stored = load_embedded()
    regions = shapely.union_all(stored.pieces, grid_size=1e-5)
    features = []
    with zipfile.ZipFile(source) as wheel:
        for code, name in sorted(COUNTRIES.items()):
            land = country(wheel, code, regions)
            geometry = json.loads(shapely.to_geojson(land))
            features.append({"type": "Feature", "properties": {"code": code, "name": name}, "geometry": geometry})
    document = {"type": "FeatureCollection", "bbox": BOX, "features": features}
    return gzip.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), 9, mtime=0)


def main() -> None:
    """Read the arguments, build, write."""
    parser = argparse.ArgumentParser(description="Build what maps show around the embedded regions.")
    parser.add_argument("source", type=Path, help="the wheel of orange3-geo 0.5")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write")
    args = parser.parse_args()
    try:
        args.output.write_bytes(build(args.source))
    except (SourceError, OSError) as error:
        parser.exit(1, f"build_surroundings: {error}\n")


if __name__ == "__main__":
    main()
