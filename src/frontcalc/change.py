"""What changed between two maps: gained and lost, in all and by region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.errors import FrontcalcError
from frontcalc.regions import RegionSet, Split

Floats = NDArray[np.float64]

CONTRADICTION_KM2 = 0.001
"""How far gained and lost may be from the change of the total: overlays that had to snap err by square metres."""

_NOTHING_M2 = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """The area of some ground by region.

    Parameters
    ----------
    km2 : (n + 2,) array of float
        Regions in the set's order, unassigned, total (km²).
    snapped_km2 : (n + 2,) array of float
        How much of it lies outside the region as drawn, and was snapped to it.
    split : Split
        The ground itself.
    """

    km2: Floats
    snapped_km2: Floats
    split: Split

    @property
    def unassigned(self) -> NDArray[np.object_]:
        """The ground that no region takes, as polygons."""
        return self.split.unassigned

    @property
    def snapped(self) -> NDArray[np.object_]:
        """The ground that regions take by snapping, as polygons."""
        return geometry.polygonal(self.split.taken[self.split.zone])

    def by_region(self) -> list[shapely.MultiPolygon]:
        """Return the ground itself, (n + 1): of each region in the set's order, and unassigned."""
        taken, owner = self.split.taken, self.split.owner
        parts = [*(taken[owner == region] for region in range(len(self.km2) - 2)), self.split.unassigned]
        return [geometry.union(_solid(geometry.polygonal(part))) for part in parts]


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Change between two maps, each array (n + 2,): regions in the set's order, unassigned, total (km²).

    Parameters
    ----------
    opening_km2, closing_km2 : (n + 2,) array of float
        What was held on either map.
    gained, lost : Areas
        What came and went, with the ground that no region takes and the ground that was snapped.
    opening_snapped_km2 : (n + 2,) array of float
        What of the opening area lies outside the region as drawn, and was snapped to it.
    """

    opening_km2: Floats
    closing_km2: Floats
    gained: Areas
    lost: Areas
    opening_snapped_km2: Floats

    @property
    def closing_snapped_km2(self) -> Floats:
        """What of the closing area lies outside the region as drawn, and was snapped to it."""
        return self.opening_snapped_km2 + self.gained.snapped_km2 - self.lost.snapped_km2

    @property
    def gained_km2(self) -> Floats:
        """What was gained."""
        return self.gained.km2

    @property
    def lost_km2(self) -> Floats:
        """What was lost."""
        return self.lost.km2

    @property
    def snapped_km2(self) -> Floats:
        """What of gained and lost together lies outside the region as drawn, and was snapped to it."""
        return self.gained.snapped_km2 + self.lost.snapped_km2

    @property
    def net_km2(self) -> Floats:
        """Gained less lost, which is also closing less opening."""
        return self.gained_km2 - self.lost_km2

    def inverted(self) -> Change:
        """Return the change from closing to opening."""
        return Change(self.closing_km2, self.opening_km2, self.lost, self.gained, self.closing_snapped_km2)


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
    gained = areas(shapely.difference(after, before), regions)
    lost = areas(shapely.difference(before, after), regions)
    opening = areas(before, regions)
    closing_km2 = opening.km2 + gained.km2 - lost.km2
    measured = float(geometry.area_km2(after))
    if abs(measured - closing_km2[-1]) > CONTRADICTION_KM2:
        raise FrontcalcError(
            f"the overlay contradicts itself: {measured:.6f} km² at the close, "
            f"{closing_km2[-1]:.6f} by gained and lost",
            cure="please report it with the two maps",
        )
    return Change(opening.km2, closing_km2, gained, lost, opening.snapped_km2)


def areas(ground: shapely.Geometry, regions: RegionSet) -> Areas:
    """Return the area of ground in metres by region, unassigned and total, each measured by itself.

    Raises
    ------
    FrontcalcError
        Regions and unassigned do not add up to the total.
    """
    parts = geometry.polygonal(np.array([ground], dtype=object))
    split = regions.split(_solid(parts))
    total_km2, by_region_km2 = float(np.sum(geometry.area_km2(parts))), float(split.km2.sum())
    if abs(by_region_km2 - total_km2) > CONTRADICTION_KM2:
        raise FrontcalcError(
            f"the overlay contradicts itself: {total_km2:.6f} km² in all, {by_region_km2:.6f} by region",
            cure="please report it with the maps and the regions",
        )
    return Areas(
        km2=np.append(split.km2, total_km2),
        snapped_km2=np.append(split.snapped_km2, np.sum(split.snapped_km2)),
        split=split,
    )


def _solid(parts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons without slivers thinner than rounding, which GEOS may turn into hundreds of km²."""
    return np.asarray(parts[shapely.area(parts) > _NOTHING_M2])
