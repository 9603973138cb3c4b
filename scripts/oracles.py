"""Hold the figures of publishers' archives against other ways to measure: `make engines` and `make exact`.

    python scripts/oracles.py engines
    python scripts/oracles.py exact

*engines*: every pair of neighbouring maps against overlays of whole maps and regions. Printed are, by archive, how many
pairs were found by their edges, how many were tried so and left to whole maps, and the largest difference of a figure
by region, gained, lost, snapped or held at the opening.

*exact*: the areas of isw-weekly, map by map and change by change, against edges cut into short geodesics. Printed are
the largest differences of the exact integral and of the projected figures.

docs/performance.md and docs/method.md quote them. FRONTCALC_SHARED says where the archives are, default ../shared; the
exit code is 1 where a difference is too large.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from oracle import exact_area_km2 as by_short_geodesics
from oracle import figures_km2, opened_step, plain_figures_km2

from frontcalc import edges, geometry, regions, snapshots
from frontcalc.archives import open_archive
from frontcalc.crs import DEFAULT_CRS, LONLAT, exact_area_km2
from frontcalc.measure.sensitivity import drawn
from frontcalc.run.chain import ground_of
from frontcalc.views import VIEWS

SHARED = Path(os.environ.get("FRONTCALC_SHARED", Path(__file__).resolve().parents[2] / "shared"))
ARCHIVES = ("deepstate-daily", "nzz-daily", "isw-weekly", "isw-raw-daily")
ENGINES_KM2, EXACT_KM2 = 1e-6, 1e-5
PIECE_DEGREES = 0.001
HOLD = "Russia", VIEWS["assessed"]


def grounds(archive: Path) -> Iterator[tuple[date | None, shapely.MultiPolygon, snapshots.Snapshot]]:
    """Yield the day of each map of an archive, what is held on it in metres, and the map."""
    for ref in open_archive(archive).refs:
        snapshot = snapshots.read_snapshot(ref)
        yield ref.day, ground_of(snapshots.holding(snapshot, *HOLD, DEFAULT_CRS)), snapshot


def engines(archive: Path, split: regions.RegionSet) -> float:
    """Print one archive's line and return the largest difference in km²."""
    counts, worst = {"by edges": 0, "left to plain": 0, "too different": 0}, 0.0
    for before, after in pairwise(ground for _, ground, _ in grounds(archive)):
        by_edges = edges.difference(before, after) is not None
        old, new = edges.directed_edges(before), edges.directed_edges(after)
        few = sum(map(len, edges.differing(old, new))) <= edges.MOST_DIFFERING * (len(old) + len(new))
        counts["by edges" if by_edges else "left to plain" if few else "too different"] += 1
        mine, plain = figures_km2(opened_step(before, after, split)), plain_figures_km2(before, after, split)
        worst = max(worst, float(np.abs(mine - plain).max()))
    print(
        f"{archive.name:16} {', '.join(f'{count} {kind}' for kind, count in counts.items())}; {worst:.1e} km² at most"
    )
    return worst


def areas(archive: Path) -> Iterator[tuple[str, date | None, float, float, float]]:
    """Yield what is held, gained and lost (km²) on each day: by short geodesics, by the integral, and by projection."""
    before = None
    for day, metres, snapshot in grounds(archive):
        # The same ground in degrees and in metres: differences are taken of both.
        now = drawn(snapshot, *HOLD, LONLAT, edge_error=1e-11), metres
        found = {"held": now}
        if before is not None:
            found["gained"] = shapely.difference(now, before)
            found["lost"] = shapely.difference(before, now)
        for kind, shapes in found.items():
            degrees, flat = map(geometry.as_multipolygon, shapes)
            geodesic = by_short_geodesics(degrees, every=PIECE_DEGREES)
            yield kind, day, geodesic, exact_area_km2(degrees), float(geometry.area_km2(flat))
        before = now


def exact(archive: Path) -> float:
    """Print the largest differences, and return how far the integral is from short geodesics at most (km²)."""
    found = list(areas(archive))
    off = 0.0
    for kind in ("held", "gained", "lost"):
        mine = [one for one in found if one[0] == kind]
        largest, day = max((abs(integral - geodesic), day) for _, day, geodesic, integral, _ in mine)
        print(f"{kind}: integral less short geodesics: at most {largest:.1e} km² ({day})")
        off = max(off, largest)
        largest, day = max((abs(projected - integral), day) for _, day, _, integral, projected in mine)
        print(f"{kind}: EPSG:6933 less integral: at most {largest:.1e} km² ({day})")
    print(f"{len(found)} areas of {archive.name}")
    return off


def main(kind: str) -> int:
    """Compare, and return 1 where a difference is too large."""
    if kind == "exact":
        return int(exact(SHARED / "archives" / "isw-weekly") > EXACT_KM2)
    oblasts = regions.read_regions(SHARED / "regions" / "ukraine-oblasts.geojson", target_crs=DEFAULT_CRS)
    split = regions.partition_for(oblasts, "RU", snap="border", plane=DEFAULT_CRS)
    return int(max(engines(SHARED / "archives" / name, split) for name in ARCHIVES) > ENGINES_KM2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
