"""Write a synthetic archive of any size, a map a day, and regions for it, to measure how cost grows: `bench/scale.py`.

    python scripts/make_archive.py -o FOLDER --maps 1000 --vertices 3000 [--redrawn] [--regions FILE --count 27]

Each map is one nameless layer: a mainland with lakes and islands, every outline a star around its own
centre and so valid by construction. From day to day short stretches of the front move, as in maps that a publisher
edits, or all outlines are digitised anew, as in maps that a publisher generalises. A map is written before the next
is made.

Regions are the cells of a grid whose corners were shifted and whose sides were roughened: neighbours share every vertex
of their border, and no two overlap. They lie around the maps, in rows from the south-west.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FIRST_DAY = date(1980, 1, 1)  # so that 16,000 daily maps end before today
LONLAT = (36.0, 48.0)  # the middle of the mainland
KM_PER_DEGREE = 111.2
MAINLAND_KM = 180.0
SMALL_KM = 9.0
ISLANDS_AT_KM, LAKES_AT_KM = 300.0, 70.0
ISLANDS, LAKES = 7, 3
SMALL_SHARE = 0.02  # of the vertices, for each island and lake
FEWEST = 600  # vertices, so that an island has a dozen
STRETCH = 16  # neighbouring vertices that move together
MOVE = 0.004  # how far they move, as a part of the radius
ROUGHNESS = 0.12  # of an outline, as a part of the radius
DIGITISED_KM = 0.025  # how far off a vertex lands when an outline is drawn again
DECIMALS = 7

WEST, SOUTH, EAST, NORTH = 30.0, 44.0, 42.0, 52.0  # degrees, around the regions
CORNER_SHIFT = 0.12  # of a cell, at most
SIDE_ROUGHNESS = 0.08  # of a side, at most
REGION_VERTICES = 40


@dataclass(frozen=True)
class Outline:
    """A star around a centre (degrees): its radii (km) at even angles."""

    lon: float
    lat: float
    radii: Floats
    lake: bool = False

    def ring(self, angles: Floats, radii: Floats) -> Floats:
        """Return a closed ring (n + 1, 2) in degrees through points of the star."""
        angles, radii = np.append(angles, angles[0]), np.append(radii, radii[0])
        squeeze = np.cos(np.radians(self.lat))
        east, north = (radii * turn(angles) / KM_PER_DEGREE for turn in (np.cos, np.sin))
        return np.round(np.column_stack([self.lon + east / squeeze, self.lat + north]), DECIMALS)

    def drawn(self) -> Floats:
        """Return the ring as it is."""
        return self.ring(_even(len(self.radii)), self.radii)

    def redrawn(self, rng: np.random.Generator) -> Floats:
        """Return the ring digitised anew: other vertices, a few metres off."""
        count = len(self.radii)
        angles = _even(count) + rng.uniform(0.1, 0.9, count) * 2 * np.pi / count
        radii = np.interp(angles, _even(count), self.radii, period=2 * np.pi)
        off = np.clip(rng.normal(0.0, DIGITISED_KM, count), -3 * DIGITISED_KM, 3 * DIGITISED_KM)
        return self.ring(angles, radii + off)


def _even(count: int) -> Floats:
    """Return so many angles around a circle."""
    return np.arange(count) * (2 * np.pi / count)


def rough(rng: np.random.Generator, count: int, radius_km: float) -> Floats:
    """Return radii (count,) of a coast: noise at all scales, each half as high as the one twice as wide."""
    angles, noise = _even(count), np.zeros(count)
    points, height = 8, ROUGHNESS
    while points < count and points <= 8192:
        noise += np.interp(angles, _even(points), rng.uniform(-height, height, points), period=2 * np.pi)
        points, height = points * 2, height / 2
    return radius_km * (1.0 + np.clip(noise, -2 * ROUGHNESS, 2 * ROUGHNESS))


def first_outlines(rng: np.random.Generator, vertices: int) -> list[Outline]:
    """Return the mainland, and the islands and lakes around its middle, with so many vertices in all."""
    small = max(12, int(vertices * SMALL_SHARE))
    mainland = Outline(*LONLAT, rough(rng, vertices - small * (ISLANDS + LAKES), MAINLAND_KM))
    others = []
    for count, at_km, lake in ((ISLANDS, ISLANDS_AT_KM, False), (LAKES, LAKES_AT_KM, True)):
        for angle in _even(count):
            lat = LONLAT[1] + at_km * np.sin(angle) / KM_PER_DEGREE
            lon = LONLAT[0] + at_km * np.cos(angle) / KM_PER_DEGREE / np.cos(np.radians(LONLAT[1]))
            others.append(Outline(float(lon), float(lat), rough(rng, small, SMALL_KM), lake))
    return [mainland, *others]


def moved(mainland: Outline, rng: np.random.Generator, vertices: float) -> Outline:
    """Return the mainland with about so many of its vertices moved, in stretches that bulge or shrink."""
    radii = mainland.radii.copy()
    bulge = np.sin(np.linspace(0.0, np.pi, STRETCH + 2)[1:-1])
    for _ in range(math.ceil(vertices / STRETCH)):
        stretch = (rng.integers(len(radii)) + np.arange(STRETCH)) % len(radii)
        # Towards a random radius and not by a random step, so that the coast stays one in ten thousand days.
        aim = MAINLAND_KM * rng.uniform(1 - 2 * ROUGHNESS, 1 + 2 * ROUGHNESS)
        towards = np.sign(aim - radii[stretch].mean())
        radii[stretch] += towards * bulge * MOVE * MAINLAND_KM
    return Outline(mainland.lon, mainland.lat, radii)


def document(rings: Sequence[Floats], lakes: Sequence[bool]) -> bytes:
    """Return a map as GeoJSON, the first ring the mainland's; it says of itself that it is synthetic."""
    outlines = [ring for ring, lake in zip(rings, lakes, strict=True) if not lake]
    holes = [ring[::-1].copy() for ring, lake in zip(rings, lakes, strict=True) if lake]
    polygons = [[outlines[0], *holes], *([outline] for outline in outlines[1:])]
    geometry = {"type": "MultiPolygon", "coordinates": polygons}
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    whole = {"type": "FeatureCollection", "name": "SYNTHETIC", "synthetic": True, "features": [feature]}
    return orjson.dumps(whole, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


def maps(seed: int, count: int, vertices: int, *, share: float = 0.01, redrawn: bool = False) -> Iterator[bytes]:
    """Yield so many maps, one a day; the same seed and sizes give the same bytes.

    From one to the next about a share of the edges differs; with `redrawn` every edge does, by slivers.
    """
    rng = np.random.default_rng(seed)
    mainland, *others = first_outlines(rng, vertices)
    for _ in range(count):
        outlines = [mainland, *others]
        rings = [outline.redrawn(rng) if redrawn else outline.drawn() for outline in outlines]
        yield document(rings, [outline.lake for outline in outlines])
        mainland = moved(mainland, rng, (0.01 if redrawn else share) * vertices)


def write(folder: Path, contents: Iterator[bytes]) -> None:
    """Write one file a map into a folder that has none yet."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SystemExit(f"make_archive: {folder} is not empty")
    for number, content in enumerate(contents):
        (folder / f"{FIRST_DAY + timedelta(days=number)}.geojson").write_bytes(content)


def _side(rng: np.random.Generator, start: Floats, end: Floats, points: int) -> Floats:
    """Return a rough line (points + 1, 2) from a corner to the next, the end left out; flat towards either end."""
    along = np.linspace(0.0, 1.0, points + 1, endpoint=False)[:, None]
    edge = end - start
    # At most so steep that lines from one corner stay apart.
    off = SIDE_ROUGHNESS * 2 * np.minimum(along, 1 - along) * rng.uniform(-1.0, 1.0, along.shape)
    return np.round(start + along * edge + off * np.array([-edge[1], edge[0]]), DECIMALS)


def cells(seed: int, count: int, vertices: int) -> Iterator[Floats]:
    """Yield the closed rings of so many cells, row by row; the same seed and sizes give the same rings.

    Only the border between a row and the next is kept in memory.
    """
    rng = np.random.default_rng(seed)
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    size = np.array([(EAST - WEST) / columns, (NORTH - SOUTH) / rows])
    points = max(0, vertices // 4 - 1)

    def corners(row: int) -> Floats:
        places = np.column_stack([np.arange(columns + 1), np.full(columns + 1, row)])
        shift = rng.uniform(-CORNER_SHIFT, CORNER_SHIFT, places.shape)
        return np.round([WEST, SOUTH] + size * (places + shift), DECIMALS)

    def border(line: Floats) -> list[Floats]:
        return [_side(rng, start, end, points) for start, end in pairwise(line)]

    below = corners(0)
    lower = border(below)
    for row in range(rows):
        above = corners(row + 1)
        upper = border(above)
        walls = [_side(rng, start, end, points) for start, end in zip(below, above, strict=True)]
        for column in range(min(columns, count - row * columns)):
            east, north, west = (
                np.vstack([walls[column + 1], above[column + 1]]),
                np.vstack([upper[column], above[column + 1]])[::-1],
                np.vstack([walls[column], above[column]])[::-1],
            )
            yield np.vstack([lower[column], east[:-1], north[:-1], west])
        below, lower = above, upper


def region_lines(rings: Iterator[Floats]) -> Iterator[bytes]:
    """Yield the lines of a GeoJSON file, a region each, numbered from 1."""
    yield b'{"type":"FeatureCollection","name":"SYNTHETIC","features":[\n'
    for number, ring in enumerate(rings, 1):
        geometry = {"type": "Polygon", "coordinates": [ring]}
        feature = {"type": "Feature", "properties": {"name": f"Region {number:06}"}, "geometry": geometry}
        yield (b",\n" if number > 1 else b"") + orjson.dumps(feature, option=orjson.OPT_SERIALIZE_NUMPY)
    yield b"\n]}\n"


def main() -> None:
    """Write the archive, and the regions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder, created if absent")
    parser.add_argument("--maps", type=int, default=365, help="how many maps (default: %(default)s)")
    parser.add_argument("--vertices", type=int, default=3000, help="on each map (default: %(default)s)")
    parser.add_argument("--redrawn", action="store_true", help="draw every map anew")
    parser.add_argument("--regions", type=Path, help="file of regions to write too")
    parser.add_argument("--count", type=int, default=27, help="how many regions (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the noise (default: %(default)s)")
    options = parser.parse_args()
    if options.maps < 1 or options.vertices < FEWEST or options.count < 1:
        parser.error(f"--maps and --count are at least 1, --vertices at least {FEWEST}")
    write(options.output, maps(options.seed, options.maps, options.vertices, redrawn=options.redrawn))
    if options.regions:
        with options.regions.open("wb") as file:
            file.writelines(region_lines(cells(options.seed, options.count, REGION_VERTICES)))


if __name__ == "__main__":
    main()
