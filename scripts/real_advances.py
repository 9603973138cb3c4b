"""Measure how deep and long advances are on real maps, told from redrawing without looking at widths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import shapely
from real_maps import RESOLUTION_M, Flags, Floats, Geometries, Map

from frontcalc import change, edges, geometry

QUIET = 0.02  # a step in which more of the edges differ is more than a day's editing
ONE_SIDED = 0.05  # the smaller side's share
STAYS_MAPS, STAYS_SHARE = 14, 0.9

_TOUCHING_M = 0.01


class Edit(NamedTuple):
    """One place that changed between two maps: the parts of it that were gained and lost."""

    gained: Geometries
    lost: Geometries

    @property
    def gains(self) -> bool:
        """Whether more was gained than lost."""
        return bool(np.sum(shapely.area(self.gained)) >= np.sum(shapely.area(self.lost)))

    @property
    def one_sided(self) -> bool:
        """Whether nearly all of it is of one kind."""
        sides = float(np.sum(shapely.area(self.gained))), float(np.sum(shapely.area(self.lost)))
        return min(sides) < ONE_SIDED * sum(sides)


class Advances(NamedTuple):
    """Parts over which fronts advanced in all windows of some days.

    Parameters
    ----------
    sides_m : (n, 2) array of float
        Depth and length of each.
    gained : (n,) array of bool
        Whether it was gained.
    windows : int
        How many windows of so many days there are.
    front_km : float
        The length of the fronts at the beginning of each window, in all.
    km2 : tuple of float
        What changed by advances, by edits of two sides, and by what did not stay (km²).
    """

    sides_m: Floats
    gained: Flags
    windows: int
    front_km: float
    km2: tuple[float, float, float]


def advances(archives: Sequence[Sequence[Map]], days: int, land: shapely.Geometry) -> Advances:
    """Return the advances of all windows of so many days, one after the other, in which every step is quiet."""
    sides, gained, fronts_km, km2 = [np.empty((0, 2))], [], [], [0.0, 0.0, 0.0]
    for maps in archives:
        for first, last in _windows(maps, days):
            fronts_km.append(maps[first].ground.boundary.intersection(land).length / 1e3)
            for edit in edits(maps[first].ground, maps[last].ground):
                parts = edit.gained if edit.gains else edit.lost
                kind = 1 if not edit.one_sided else 0 if _stays(parts, edit.gains, maps[last + 1 :]) else 2
                km2[kind] += float(np.sum(shapely.area(parts))) / 1e6
                if kind == 0:
                    sides.append(sides_m(parts))
                    gained.extend([edit.gains] * len(parts))
    return Advances(np.concatenate(sides), np.array(gained), len(fronts_km), sum(fronts_km), (km2[0], km2[1], km2[2]))


def _windows(maps: Sequence[Map], days: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last map of windows of so many days that have only quiet steps and are followed by enough."""
    first = 0
    for last in range(1, len(maps) - STAYS_MAPS):
        before, after = maps[last - 1].edges, maps[last].edges
        if len(edges.differing(before, after)[1]) > QUIET * len(after):
            first = last
        elif maps[last].day - maps[first].day >= timedelta(days):
            yield first, last
            first = last


def edits(before: shapely.MultiPolygon, after: shapely.MultiPolygon) -> Iterator[Edit]:
    """Yield what changed between two maps, place by place: parts gained and lost that touch are one place."""
    gained, lost = (_rounded(side) for side in change.differences(before, after, whole=True))
    parts = np.concatenate([gained, lost])
    group = np.arange(len(parts))
    for one, other in shapely.STRtree(parts).query(parts, predicate="dwithin", distance=_TOUCHING_M).T.tolist():
        group[group == group[one]] = group[other]
    for name in np.unique(group):
        members = np.flatnonzero(group == name)
        yield Edit(parts[members[members < len(gained)]], parts[members[members >= len(gained)]])


def _rounded(side: change.Ground) -> Geometries:
    """Return the parts of one side of a change that are more than rounding, as they were drawn."""
    parts = geometry.polygonal(np.atleast_1d(np.asarray(side, dtype=object)))
    return parts[~shapely.is_empty(shapely.set_precision(parts, RESOLUTION_M))]


def _stays(parts: Geometries, gains: bool, following: Sequence[Map]) -> bool:
    """Say whether most of some ground is still held, or not held, on every one of the next maps."""
    whole = shapely.multipolygons(list(parts))
    for later in following[:STAYS_MAPS]:
        met = later.pieces.geometries[later.pieces.query(whole, predicate="intersects")]
        held = float(np.sum(shapely.area(shapely.intersection(met, whole)))) / whole.area
        if (held if gains else 1 - held) < STAYS_SHARE:
            return False
    return True


def sides_m(parts: Geometries) -> Floats:
    """Return depth and length (n, 2) of the rectangles that have the polygons' areas and perimeters (m)."""
    half, area = shapely.length(parts) / 2, shapely.area(parts)
    # What is rounder than a square has no such rectangle, and counts as the square of its area.
    root = np.sqrt(np.maximum(half**2 - 4 * area, 0))
    length = np.where(root > 0, (half + root) / 2, np.sqrt(area))
    return np.column_stack([area / length, length])
