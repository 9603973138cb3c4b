"""Steps in many threads at once, which share the maps and the regions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import shapely
from oracle import opened_step

from frontcalc import geometry, regions

THREADS, STEPS = 8, 1000


def ground(seed: int) -> shapely.MultiPolygon:
    """Return a coast that stays, and a front that is elsewhere on each map."""
    wiggles = np.random.default_rng(seed).uniform(-3_000, 3_000, size=12)
    front = np.column_stack([np.linspace(0, 50_000, 12), 20_000 + wiggles])
    coast = shapely.Point(25_000, 0).buffer(30_000, quad_segs=24)
    south = shapely.Polygon([*front, (50_000, -40_000), (0, -40_000)])
    return geometry.as_multipolygon(shapely.union(coast & shapely.box(-1e5, -1e5, 1e5, 15_000), south))


def test_eight_threads_and_a_thousand_steps_give_one_result() -> None:
    """GEOS crashes or errs where threads share a prepared geometry: each must have prepared its own."""
    cells = np.array([shapely.box(x, -50_000, x + 7_000, 60_000) for x in range(-14_000, 49_000, 7_000)])
    split = regions.RegionSet("adm1", tuple("abcdefghi"), cells, np.arange(len(cells)), cells, np.arange(len(cells)))
    maps = [ground(seed) for seed in range(5)]

    def figures(number: int) -> bytes:
        measured = opened_step(maps[number % 5], maps[(number + 1) % 5], split)
        return b"".join(areas.tobytes() for areas in (measured.opening_km2, measured.gained_km2, measured.lost_km2))

    alone = [figures(number) for number in range(5)]
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(figures, range(STEPS)))
    assert together == alone * (STEPS // 5)
    assert len(set(alone)) == 5
