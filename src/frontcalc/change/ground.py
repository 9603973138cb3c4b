"""The area of ground by region: of what is held, and of what came or went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.errors import FrontcalcError
from frontcalc.regions import RegionSet, Split
from frontcalc.slivers import SliverRule

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]
Ground = shapely.Geometry | NDArray[np.object_]
"""One geometry, or an array of polygons without overlap."""

CONTRADICTION_KM2 = 0.001
"""How far gained and lost may be from the change of the total: overlays that had to snap err by square metres."""

_NOTHING_M2 = 1e-6


class Held(NamedTuple):
    """What is held on a map, each array (n + 2,): regions in the set's order, unassigned, total (km²).

    Parameters
    ----------
    km2 : (n + 2,) array of float
        The area.
    snapped_km2 : (n + 2,) array of float
        How much of it lies outside the region as drawn, and was snapped to it.
    """

    km2: Floats
    snapped_km2: Floats


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
        The ground and its regions.
    told_apart : tuple of Areas, optional
        The ground that is in no sliver, and the slivers; None where they were not told apart.
    """

    km2: Floats
    snapped_km2: Floats
    split: Split
    told_apart: tuple[Areas, Areas] | None = None

    @property
    def parts(self) -> NDArray[np.object_]:
        """The ground before it is split, as polygons (k,)."""
        return self.split.parts

    @property
    def slivers(self) -> Held:
        """The areas of the slivers in it; none where they were not told apart."""
        nothing = np.zeros_like(self.km2)
        return self.told_apart[1].figures if self.told_apart else Held(nothing, nothing)

    @property
    def sliver_km2(self) -> Floats:
        """What of it lies in slivers, (n + 2,) (km²)."""
        return self.slivers.km2

    @property
    def without_slivers(self) -> Areas:
        """The ground that is in no sliver."""
        return self.told_apart[0] if self.told_apart else self

    @property
    def figures(self) -> Held:
        """The areas without the ground, which may be large."""
        return Held(self.km2, self.snapped_km2)

    def by_region(self) -> list[shapely.MultiPolygon]:
        """Return the ground itself, (n + 1): of each region in the set's order, and unassigned."""
        unassigned, taken, owner, _ = self.split.ground
        parts = [*(taken[owner == region] for region in range(len(self.km2) - 2)), unassigned]
        return [geometry.union(_solid(geometry.polygonal(part))) for part in parts]


def areas(ground: Ground, regions: RegionSet, *, slivers: SliverRule | None = None) -> Areas:
    """Return the area of ground in metres by region, unassigned and total, each measured by itself.

    Parameters
    ----------
    ground : geometry, or (k,) array of Polygon
        Valid, in metres.
    regions : RegionSet
        In the same projection.
    slivers : SliverRule, optional
        Tells slivers apart, by the whole width of a part also where a border cuts it.

    Raises
    ------
    FrontcalcError
        Regions and unassigned do not add up to the total.
    """
    return areas_of([ground], regions, slivers=slivers)[0]


def areas_of(grounds: Sequence[Ground], regions: RegionSet, *, slivers: SliverRule | None = None) -> tuple[Areas, ...]:
    """Return the areas of several grounds, each as `areas` does: at once, which costs little more than one."""
    wholes = [geometry.polygonal(ground) for ground in grounds]
    if slivers is None:
        return tuple(_measured(wholes, regions))
    told: list[Geometries] = []
    for ground, parts in zip(grounds, wholes, strict=True):
        # What an overlay of whole maps returns is whole parts; an array may hold several faces of one.
        thin = slivers.thin(parts, faces=isinstance(ground, np.ndarray))
        told += [parts[~thin], parts[thin]]
    measured = list(_measured(told, regions))
    return tuple(map(_together, measured[::2], measured[1::2]))


def _measured(groups: Sequence[Geometries], regions: RegionSet) -> Iterator[Areas]:
    """Yield the area of each group of polygons (k,) by region."""
    for parts, split in zip(groups, regions.split(*map(_solid, groups)), strict=True):
        total_km2, by_region_km2 = float(np.sum(geometry.area_km2(parts))), float(split.km2.sum())
        if abs(by_region_km2 - total_km2) > CONTRADICTION_KM2:
            raise FrontcalcError(
                f"the overlay contradicts itself: {total_km2:.6f} km² in all, {by_region_km2:.6f} by region",
                cure="please report it with the maps and the regions",
            )
        snapped_km2 = np.append(split.snapped_km2, np.sum(split.snapped_km2))
        yield Areas(np.append(split.km2, total_km2), snapped_km2, split)


def _together(broad: Areas, slivers: Areas) -> Areas:
    """Return the areas of ground whose slivers were measured apart: no polygon is measured twice."""
    one, other = broad.split, slivers.split
    return Areas(
        km2=broad.km2 + slivers.km2,
        snapped_km2=broad.snapped_km2 + slivers.snapped_km2,
        split=Split(
            one.km2 + other.km2,
            one.snapped_km2 + other.snapped_km2,
            one.regions,
            np.concatenate([one.parts, other.parts]),
            np.concatenate([one.beside_m2, other.beside_m2]),
        ),
        told_apart=(broad, slivers),
    )


def _solid(parts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons without slivers thinner than rounding, which GEOS may turn into hundreds of km²."""
    return np.asarray(parts[shapely.area(parts) > _NOTHING_M2])
