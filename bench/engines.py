"""Hold every pair of neighbouring maps of the publishers' archives against overlays of whole maps and regions.

make engines        (FRONTCALC_SHARED says where the archives are, default ../shared)

prints, by archive, how many pairs were found by their edges, how many were tried so and left to whole maps, and the
largest difference of a figure by region, gained, lost, snapped or held at the opening; exit code 1 where one is above
1e-6 km².
"""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from run import REGIONS, SHARED

from frontcalc import crs, edges, regions, snapshots
from frontcalc.archives import open_archive
from frontcalc.views import VIEWS

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from oracle import figures_km2, opened_step, plain_figures_km2

ARCHIVES = ("deepstate-daily", "nzz-daily", "isw-weekly", "isw-raw-daily")
AGREED_KM2 = 1e-6


def ground_of(name):
    """Yield what is held on each map of an archive, one after the other."""
    for ref in open_archive(SHARED / "archives" / name).refs:
        yield snapshots.held(snapshots.read_snapshot(ref), "Russia", VIEWS["assessed"], crs.DEFAULT_CRS)


def compare(name, split):
    """Print one archive's line and return the largest difference in km²."""
    counts, worst = {"by edges": 0, "left to plain": 0, "too different": 0}, 0.0
    for before, after in pairwise(ground_of(name)):
        by_edges = edges.difference(before, after) is not None
        old, new = edges.directed_edges(before), edges.directed_edges(after)
        few = sum(map(len, edges.differing(old, new))) <= edges.MOST_DIFFERING * (len(old) + len(new))
        counts["by edges" if by_edges else "left to plain" if few else "too different"] += 1
        mine, plain = figures_km2(opened_step(before, after, split)), plain_figures_km2(before, after, split)
        worst = max(worst, float(np.abs(mine - plain).max()))
    print(f"{name:16} {', '.join(f'{count} {kind}' for kind, count in counts.items())}; {worst:.1e} km² at most")
    return worst


def main():
    """Compare every archive."""
    drawn = regions.read_regions(REGIONS, target_crs=crs.DEFAULT_CRS)
    split = regions.partition_for(drawn, "RU", snap="border", plane=crs.DEFAULT_CRS)
    sys.exit(max(compare(name, split) for name in ARCHIVES) > AGREED_KM2)


if __name__ == "__main__":
    main()
