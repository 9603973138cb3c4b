"""Build the regions of all countries from Natural Earth's 1:10m admin-0 and admin-1 data.

    python scripts/build_world.py [WHEEL] -o src/frontcalc/data/world.regions

WHEEL is that of the PyPI package orange3-geo 0.5, which pip fetches where none is given; its SHA-256 is held
against the one that is known. Data members of it are read; nothing in it is installed or run.

All countries are one coverage, in whole units of 1e-5 degree: a border is the same integers on both sides, between
countries too, so that any choice of them is a partition. Nothing is simplified.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import build_regions as base
import numpy as np
import shapely
from shapely.geometry import shape

PACKAGE = "orange3-geo==0.5"
FOLDER = "orangecontrib/geo/geojson/"
MAGIC = b"FCWORLD\x00\x01\n"
UKRAINE = {"RUS-283": "UKR", "RUS-5482": "UKR"}  # Crimea and Sevastopol, by the identifier that the source gives them
HALF = 180 * base.UNITS_PER_DEGREE

Row = dict[str, Any]


def fetch(folder: Path) -> Path:
    """Download the wheel by the name of its package, as pip does it."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    subprocess.run(pip, check=True)
    return folder / base.WHEEL


def read_wheel(path: Path) -> tuple[list[Row], list[Row]]:
    """Return the countries and the regions as features: properties, with the shape in degrees beside them."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != base.WHEEL_SHA256:
        raise base.SourceError(f"{path.name} is not {base.WHEEL}: its SHA-256 is {digest}, not {base.WHEEL_SHA256}")
    with zipfile.ZipFile(path) as wheel:
        members = sorted(name for name in wheel.namelist() if name.startswith(f"{FOLDER}admin1-"))
        whole, *files = (json.loads(wheel.read(name))["features"] for name in (f"{FOLDER}admin0.json", *members))
    countries = [one["properties"] | {"shape": shape(one["geometry"])} for one in whole]
    regions = [one["properties"] | {"shape": shape(one["geometry"])} for own in files for one in own]
    for region in regions:
        region["adm0_a3"] = UKRAINE.get(region["_id"], region["adm0_a3"])
    # A country without regions is a region of its own.
    drawn = {region["adm0_a3"] for region in regions}
    alone = [one | {"_id": one["adm0_a3"], "hasc": None} for one in countries if one["adm0_a3"] not in drawn]
    # The smaller region keeps what two of them claim, as San Marino what Italy's cover, and the first what is as small.
    regions = sorted(regions + alone, key=lambda one: (one["shape"].area, one["_id"]))
    return sorted(countries, key=lambda one: one["adm0_a3"]), regions


def described(countries: list[Row], regions: list[Row]) -> list[Row]:
    """Return the countries as the index has them: code, names, and of each region its code and name.

    A code is HASC where one region alone has it, and it is no made-up one with a «~», else the source's identifier.
    """
    times = Counter(region["hasc"] for region in regions)
    index = []
    for country in countries:
        own = [region for region in regions if region["adm0_a3"] == country["adm0_a3"]]
        names = dict.fromkeys([*(one.get("admin") for one in own), country["adm0_a3"]])
        listed = []
        for one in own:
            hasc = str(one["hasc"] or "")
            unique = times[one["hasc"]] == 1 and len(hasc) == len("XX.YY") and hasc[2] == "."
            name = " ".join((one["name"] or f"{country['name']} without a name").split())
            listed.append({"code": hasc if unique else one["_id"], "name": name})
        aliases = [name for name in names if name and name != country["name"]]
        code = country["iso_a2"] or country["adm0_a3"]
        index.append({"code": code, "name": country["name"], "aliases": aliases, "regions": listed})
    return index


def boxes(pieces: base.Geometries) -> list[list[int]]:
    """Return the box around some pieces in units; two where they lie on either side of the 180th meridian."""
    bounds = shapely.bounds(pieces)
    across = bounds[:, 2].max() - bounds[:, 0].min() > HALF
    sides = [bounds[bounds[:, 0] < 0], bounds[bounds[:, 0] >= 0]] if across else [bounds]
    return [[*map(int, one[:, :2].min(axis=0)), *map(int, one[:, 2:].max(axis=0))] for one in sides if len(one)]


def block(pieces: base.Geometries, owner: base.npt.NDArray[np.intp]) -> bytes:
    """Return the pieces of a country deflated: the region of each, its vertices but the last, and all x and y in units.

    Numbers are int32, x and y differences from the vertex before. All lowest bytes come first, then the next ones: high
    bytes are alike, and are deflated best side by side.
    """
    rings = [shapely.get_coordinates(piece)[:-1] for piece in pieces]
    deltas = np.diff(np.concatenate(rings), axis=0, prepend=np.zeros((1, 2)))
    arrays = [owner, np.array([len(ring) for ring in rings]), deltas[:, 0], deltas[:, 1]]
    numbers = np.concatenate(arrays).astype("<i4")
    return zlib.compress(numbers.view(np.uint8).reshape(-1, 4).T.tobytes(), 9)


def build(wheel: Path) -> bytes:
    """Return the file's bytes: magic; the length of the index and the index, deflated JSON; then a block a country."""
    countries, regions = read_wheel(wheel)
    index = described(countries, regions)
    degrees = np.array([region["shape"] for region in regions], dtype=object)
    units = shapely.transform(degrees, lambda xy: np.round(xy * base.UNITS_PER_DEGREE))
    units = shapely.make_valid(units, method="structure", keep_collapsed=False)
    coverage = base.make_coverage(units)
    pieces, owner = base.subdivide(coverage)
    base.check(pieces, owner, len(regions), gap_width=0)
    blocks = []
    for country, entry in zip(countries, index, strict=True):
        mine = [at for at, region in enumerate(regions) if region["adm0_a3"] == country["adm0_a3"]]
        theirs = np.isin(owner, mine)
        blocks.append(block(pieces[theirs], np.searchsorted(mine, owner[theirs])))
        entry |= {"bytes": len(blocks[-1]), "pieces": int(theirs.sum())}
        for at, region in zip(mine, entry["regions"], strict=True):
            region["boxes"] = boxes(pieces[owner == at])
    header = {
        "source": "Natural Earth 1:10m admin-0 and admin-1, as of about 2013",
        "source_sha256": base.WHEEL_SHA256,
        "licence": "public domain",
        "method": "one coverage of all countries: overlaps to the smaller region, enclosed gaps to the neighbour with"
        " the longest border, cut into small pieces",
        "units_per_degree": base.UNITS_PER_DEGREE,
        "countries": index,
    }
    text = zlib.compress(json.dumps(header, ensure_ascii=False, sort_keys=True).encode(), 9)
    return b"".join([MAGIC, np.array(len(text), "<i4").tobytes(), text, *blocks])


def main() -> None:
    """Read the arguments, build, write."""
    parser = argparse.ArgumentParser(description="Build the regions of all countries from the wheel of orange3-geo.")
    parser.add_argument("wheel", type=Path, nargs="?", help="the wheel of orange3-geo 0.5; fetched if left out")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write")
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            args.output.write_bytes(build(args.wheel or fetch(Path(folder))))
    except (base.SourceError, OSError, subprocess.CalledProcessError) as error:
        parser.exit(1, f"build_world: {error}\n")


if __name__ == "__main__":
    main()
