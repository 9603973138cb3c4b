"""Steps in many threads at once, which share the maps and the regions."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import numpy as np
import pytest
import shapely
from oracle import opened_step

from frontcalc import geometry, regions
from frontcalc.run.parallel import in_order, threads

THREADS = 8


def ground(seed: int) -> shapely.MultiPolygon:
    """Return a coast that stays, and a front that is elsewhere on each map."""
    wiggles = np.random.default_rng(seed).uniform(-3_000, 3_000, size=12)
    front = np.column_stack([np.linspace(0, 50_000, 12), 20_000 + wiggles])
    coast = shapely.Point(25_000, 0).buffer(30_000, quad_segs=24)
    south = shapely.Polygon([*front, (50_000, -40_000), (0, -40_000)])
    return geometry.as_multipolygon(shapely.union(coast & shapely.box(-1e5, -1e5, 1e5, 15_000), south))


@pytest.mark.thorough(but=["200"])
@pytest.mark.parametrize("steps", [200, 1000])
def test_eight_threads_and_hundreds_of_steps_give_one_result(steps: int) -> None:
    """GEOS crashes or errs where threads share a prepared geometry: each must have prepared its own."""
    cells = np.array([shapely.box(x, -50_000, x + 7_000, 60_000) for x in range(-14_000, 49_000, 7_000)])
    split = regions.RegionSet("adm1", tuple("abcdefghi"), cells, np.arange(len(cells)), cells, np.arange(len(cells)))
    maps = [ground(seed) for seed in range(5)]

    def figures(number: int) -> bytes:
        measured = opened_step(maps[number % 5], maps[(number + 1) % 5], split)
        return measured.km2.tobytes()

    alone = [figures(number) for number in range(5)]
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(figures, range(steps)))
    assert together == alone * (steps // 5)
    assert len(set(alone)) == 5


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_where_threads_are_limited_each_item_is_measured_once(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    start, by = threading.Thread.start, list[str]()

    def limited(thread: threading.Thread) -> None:
        if threading.active_count() - already >= limit:
            raise RuntimeError("can't start new thread")
        start(thread)

    def measure(item: int) -> int:
        by.append(threading.current_thread().name)
        return -item

    already = threading.active_count()
    monkeypatch.setattr(threading.Thread, "start", limited)
    assert list(in_order(4, measure, range(50))) == [(item, -item) for item in range(50)]
    assert len(by) == 50
    assert len({name for name in by if name != threading.current_thread().name}) <= limit


def test_many_workers_for_few_items_are_few_threads() -> None:
    before = threading.active_count()
    assert max(count for _, count in in_order(100_000, lambda _: threading.active_count(), range(3))) <= before + 3


def test_what_no_thread_has_begun_is_dropped_when_the_caller_leaves() -> None:
    begun: list[Any] = []
    go_on, runs = threading.Event(), threading.Event()

    def wait(item: int) -> None:
        begun.append(item)
        runs.set()
        go_on.wait()

    with suppress(KeyError), ExitStack() as stack:
        send = threads(stack, 1)
        waiting = [send(wait, item) for item in range(9)]
        runs.wait()
        threading.Timer(0.2, go_on.set).start()
        raise KeyError
    assert len(waiting) == 9
    assert begun == [0]


def test_leaving_a_series_of_items_early_ends_the_threads() -> None:
    before = threading.active_count()
    each = in_order(3, abs, range(-100, 0))
    assert next(each) == (-100, 100)
    each.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_what_regions_are_cut_by_goes_with_them_and_with_the_thread() -> None:
    """A page measures by a dozen sets: what was prepared of each stayed in memory, twice where two threads did it."""
    box = np.array([shapely.box(0, 0, 1_000, 1_000)])
    split = regions.RegionSet("adm1", ("a",), box, np.zeros(1, dtype=np.intp), box, np.zeros(1, dtype=np.intp))

    def prepared(own: regions.RegionSet) -> weakref.ref[shapely.STRtree]:
        tree, *_ = own.prepare()
        assert own.prepare()[0] is tree  # made once
        return weakref.ref(tree)

    mine = prepared(split)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(prepared, split).result()
        assert other() not in (None, mine())
    gc.collect()
    assert other() is None
    assert mine() is not None
    del split
    gc.collect()
    assert mine() is None
