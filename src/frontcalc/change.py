"""What changed between two maps: gained and lost, in all and by region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.errors import FrontcalcError
from frontcalc.regions import RegionSet

Floats = NDArray[np.float64]

CONTRADICTION_KM2 = 0.001
"""How far gained and lost may be from the change of the total: overlays that had to snap err by square metres."""


@dataclass(frozen=True, slots=True)
class Change:
    """Change between two maps, each array (n + 2,): regions in the set's order, unassigned, total (km²)."""

    opening_km2: Floats
    closing_km2: Floats
    gained_km2: Floats
    lost_km2: Floats

    @property
    def net_km2(self) -> Floats:
        """Gained less lost, which is also closing less opening."""
        return self.gained_km2 - self.lost_km2

    def inverted(self) -> Change:
        """Return the change from closing to opening."""
        return Change(self.closing_km2, self.opening_km2, self.lost_km2, self.gained_km2)


def step(before: shapely.MultiPolygon, after: shapely.MultiPolygon, regions: RegionSet) -> Change:
    """Return what was gained and lost from one map to another.

    Gained is held at the close and not at the opening, lost the reverse. Both are overlaid with the
    regions, and so is what was held at the opening; what a region holds at the close follows. The total
    at the close is measured by itself, and must be what follows for it.

    Parameters
    ----------
    before, after : MultiPolygon
        What the actor holds on either map: valid, in metres of an equal-area projection.
    regions : RegionSet
        In the same projection.

    Raises
    ------
    FrontcalcError
        The overlay contradicts itself, by more than rounding: no figure is better than a wrong one.
    """
    gained = areas_km2(shapely.difference(after, before), regions)
    lost = areas_km2(shapely.difference(before, after), regions)
    opening = areas_km2(before, regions)
    closing = opening + gained - lost
    measured = float(geometry.area_km2(after))
    if abs(measured - closing[-1]) > CONTRADICTION_KM2:
        raise FrontcalcError(
            f"the overlay contradicts itself: {measured:.6f} km² at the close, {closing[-1]:.6f} by gained and lost",
            cure="please report it with the two maps",
        )
    return Change(opening, closing, gained, lost)


def pieces(
    before: shapely.MultiPolygon, after: shapely.MultiPolygon, regions: RegionSet
) -> dict[str, list[shapely.MultiPolygon]]:
    """Return where ground was gained and lost from one map to another, split by region.

    Parameters
    ----------
    before, after : MultiPolygon
        As for `step`.
    regions : RegionSet
        In the same projection.

    Returns
    -------
    dict
        `gained` and `lost`, each a multipolygon a region in the set's order, and last what no region takes. Their
        areas are the figures of `step`.
    """
    return {
        "gained": _split(shapely.difference(after, before), regions),
        "lost": _split(shapely.difference(before, after), regions),
    }


def _split(ground: shapely.Geometry, regions: RegionSet) -> list[shapely.MultiPolygon]:
    """Return ground by region, (n + 1); the last is what no region takes."""
    parts = geometry.polygonal(np.array([ground], dtype=object))
    shapely.prepare(parts)
    part, piece = shapely.STRtree(regions.pieces).query(parts, predicate="intersects")
    shared = shapely.intersection(parts[part], regions.pieces[piece])
    owner = regions.owner[piece]
    by_region = [geometry.union(geometry.polygonal(shared[owner == index])) for index in range(len(regions.names))]
    rest = parts.copy()
    for index in np.unique(part):
        rest[index] = shapely.difference(parts[index], shapely.union_all(regions.pieces[piece[part == index]]))
    return [*by_region, geometry.union(geometry.polygonal(rest))]


def areas_km2(ground: shapely.Geometry, regions: RegionSet) -> Floats:
    """Return the area of ground in metres (n + 2,) in km²: by region in the set's order, unassigned, total."""
    parts = geometry.polygonal(np.array([ground], dtype=object))
    return np.append(regions.split_km2(parts), np.sum(geometry.area_km2(parts)))
