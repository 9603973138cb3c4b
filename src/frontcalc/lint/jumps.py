"""Jumps of the area held, far beyond what is usual in an archive, and the part that caused each.

The rule is that of `frontcalc.outliers`, as for suspected redefinitions. The neighbours' scale counts as no less
than the whole archive's, or quiet weeks would make every step a jump, and as no less than the archive's median step,
or steps that hardly vary would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.archives import SnapshotRef
from frontcalc.lint.across import Trace
from frontcalc.lint.findings import Fault
from frontcalc.lint.reading import place_of
from frontcalc.outliers import MOVING_KM2, NEIGHBOURS, highest_usual, scale_of
from frontcalc.views import VIEWS

SHARE_OF_HELD = 0.001
"""Steps below a thousandth of what is held are no jumps, whatever is usual."""

FEWEST_STEPS = 26
"""Fewer steps, half a year of weeks, do not say what is usual: a beginning is all jumps."""

Ground = Callable[[SnapshotRef, str], shapely.MultiPolygon]
"""What an actor holds on a map, in metres."""


def jumps(traces: Sequence[Trace], ground: Ground, target_crs: str) -> Iterator[Fault]:
    """Yield a fault for each step over which the area held jumps, with the largest part that changed.

    Parameters
    ----------
    traces : sequence of Trace
        The maps.
    ground : callable
        Reads what an actor holds on a map; called for the maps around a jump alone.
    target_crs : str
        The CRS of the ground.
    """
    for actor in sorted({actor for trace in traces for actor, _ in trace.held_km2}):
        mine = list(_comparable(traces, actor))
        held = np.array([dict(trace.held_km2)[actor] for trace in mine])
        days = np.array([(second.day - first.day).days for first, second in pairwise(mine)])
        for step in np.flatnonzero(_is_jump(held, days)):
            first, second = mine[step], mine[step + 1]
            yield _jump(first, second, actor, ground(first.ref, actor), ground(second.ref, actor), target_crs)


def _comparable(traces: Sequence[Trace], actor: str) -> Iterator[Trace]:
    """Yield the maps that show an actor's ground whole: none was refused, and no role is lacking again."""
    best: set[str] = set()
    for trace in traces:
        layers = [(one.name, one.layer) for one in trace.layers if one.layer.actor == actor]
        if not trace.whole or actor not in dict(trace.held_km2):
            continue
        roles = {role.value for role in VIEWS["assessed"].roles} - set(VIEWS["assessed"].missing(layers))
        if roles >= best:
            best = roles
            yield trace


def _is_jump(held_km2: NDArray[np.float64], days: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each step between maps whether it is a jump, (n - 1,)."""
    if len(days) < FEWEST_STEPS:
        return np.zeros(len(days), dtype=bool)
    change = np.abs(np.diff(held_km2))
    rate = change / days
    usual = rate[change > MOVING_KM2]
    if len(usual) < FEWEST_STEPS:
        # Of an archive that hardly moves, any step beyond the floor stands out.
        usual = np.zeros(1)
    scale = max(scale_of(usual), float(np.median(usual)))
    out = np.zeros(len(rate), dtype=bool)
    for step, size in enumerate(rate):
        near = rate[max(0, step - NEIGHBOURS) : step + NEIGHBOURS + 1]
        out[step] = size > highest_usual(near, scale)
    return out & (change > SHARE_OF_HELD * np.maximum(held_km2[:-1], held_km2[1:]))


def _jump(
    first: Trace,
    second: Trace,
    actor: str,
    before: shapely.MultiPolygon,
    after: shapely.MultiPolygon,
    target_crs: str,
) -> Fault:
    """Return the fault of one jump."""
    change_km2 = float(geometry.area_km2(after) - geometry.area_km2(before))
    # Lost where the area shrinks, gained where it grows.
    changed = shapely.difference(before, after) if change_km2 < 0 else shapely.difference(after, before)
    part = max(geometry.polygonal(changed), key=lambda one: float(one.area))
    part_km2 = float(geometry.area_km2(part))
    west, south, east, north = crs.bounds_in_degrees(target_crs, part.bounds)
    signed = f"{change_km2:+,.1f}".replace("-", "\N{MINUS SIGN}")
    what = (
        f"{actor}: {signed} km² from {first.day} to {second.day}, of it {part_km2:,.1f} km² in one part"
        f" at {west:.3f}, {south:.3f} to {east:.3f}, {north:.3f}"
    )
    return Fault(
        "AREA-JUMP", what, first.day, second.day,
        file=second.file, at=place_of(part, target_crs), km2=part_km2, count=1, maps=2,
    )  # fmt: skip
