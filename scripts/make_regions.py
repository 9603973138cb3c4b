"""Write a synthetic file of any number of regions, to go with the maps of `make_archive.py`.

    python scripts/make_regions.py -o regions.geojson --count 1000 [--vertices 40] [--seed N]

The regions are the cells of a grid whose corners were shifted and whose sides were roughened: neighbours share every
vertex of their border, and no two overlap. They lie around the maps, in rows from the south-west. Written one by one.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEST, SOUTH, EAST, NORTH = 30.0, 44.0, 42.0, 52.0  # degrees
CORNER_SHIFT = 0.12  # of a cell, at most
ROUGHNESS = 0.08  # of a side, at most
DECIMALS = 7


def _side(rng: np.random.Generator, start: Floats, end: Floats, points: int) -> Floats:
    """Return a rough line (points + 1, 2) from a corner to the next, the end left out; flat towards either end."""
    along = np.linspace(0.0, 1.0, points + 1, endpoint=False)[:, None]
    edge = end - start
    # At most so steep that lines from one corner stay apart.
    off = ROUGHNESS * 2 * np.minimum(along, 1 - along) * rng.uniform(-1.0, 1.0, along.shape)
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


def lines(rings: Iterator[Floats]) -> Iterator[bytes]:
    """Yield the lines of a GeoJSON file, a region each."""
    yield b'{"type":"FeatureCollection","name":"SYNTHETIC","features":[\n'
    for number, ring in enumerate(rings, 1):
        geometry = {"type": "Polygon", "coordinates": [ring]}
        feature = {"type": "Feature", "properties": {"name": f"Region {number:06}"}, "geometry": geometry}
        yield (b",\n" if number > 1 else b"") + orjson.dumps(feature, option=orjson.OPT_SERIALIZE_NUMPY)
    yield b"\n]}\n"


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write")
    parser.add_argument("--count", type=int, default=1000, help="how many regions (default: %(default)s)")
    parser.add_argument("--vertices", type=int, default=40, help="of each region (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the noise (default: %(default)s)")
    options = parser.parse_args()
    if options.count < 1 or options.vertices < 4:
        parser.error("--count is at least 1, --vertices at least 4")
    with options.output.open("wb") as file:
        file.writelines(lines(cells(options.seed, options.count, options.vertices)))


if __name__ == "__main__":
    main()
