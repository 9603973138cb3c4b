"""Write a synthetic archive of any size, a map a day, to measure how cost grows: `bench/scale.py`.

    python scripts/make_archive.py -o FOLDER --maps 1000 --vertices 3000 [--share 0.01 | --redrawn] [--seed N]

Each map is one nameless layer: a mainland with lakes and islands, every outline a star around its own
centre and so valid by construction. From day to day short stretches of the front move, as in maps that a publisher
edits, or all outlines are digitised anew, as in maps that a publisher generalises. A map is written before the next
is made.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
    """Yield the maps of an archive, one a day.

    Parameters
    ----------
    seed : int
        The same seed and sizes give the same bytes.
    count, vertices : int
        How many maps, and about how many vertices on each.
    share : float
        About which part of the edges differs from one map to the next.
    redrawn : bool
        Digitise everything anew on each map instead: every edge differs, by slivers.
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


def main() -> None:
    """Write the archive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder, created if absent")
    parser.add_argument("--maps", type=int, default=365, help="how many maps (default: %(default)s)")
    parser.add_argument("--vertices", type=int, default=3000, help="on each map (default: %(default)s)")
    parser.add_argument("--share", type=float, default=0.01, help="of edges that change a day (default: %(default)s)")
    parser.add_argument("--redrawn", action="store_true", help="draw every map anew instead")
    parser.add_argument("--seed", type=int, default=1, help="of the noise (default: %(default)s)")
    options = parser.parse_args()
    if options.maps < 1 or options.vertices < FEWEST or not 0 <= options.share <= 1:
        parser.error(f"--maps is at least 1, --vertices at least {FEWEST}, --share from 0 to 1")
    made = maps(options.seed, options.maps, options.vertices, share=options.share, redrawn=options.redrawn)
    write(options.output, made)


if __name__ == "__main__":
    main()
