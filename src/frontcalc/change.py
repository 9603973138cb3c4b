"""What changed between two maps: gained and lost, in all and by region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import edges, geometry
from frontcalc.errors import FrontcalcError
from frontcalc.regions import RegionSet, Split
from frontcalc.slivers import SliverRule

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]
Ground = shapely.Geometry | NDArray[np.object_]
"""One geometry, or an array of polygons without overlap."""

ENGINES = ("auto", "plain")
"""How change is measured: by edges where that is faster and sure, or always by overlays of maps and regions."""

CONTRADICTION_KM2 = 0.001
"""How far gained and lost may be from the change of the total: overlays that had to snap err by square metres."""

DRIFT_KM2 = 1e-7
"""How far a total carried from step to step may be from the map's before all is measured afresh."""

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

    @property
    def unassigned(self) -> NDArray[np.object_]:
        """The ground that no region takes, as polygons."""
        return self.split.beside.unassigned

    @property
    def snapped(self) -> NDArray[np.object_]:
        """The ground that regions take by snapping, as polygons."""
        return geometry.polygonal(self.split.beside.taken)

    def by_region(self) -> list[shapely.MultiPolygon]:
        """Return the ground itself, (n + 1): of each region in the set's order, and unassigned."""
        unassigned, taken, owner, _ = self.split.ground
        parts = [*(taken[owner == region] for region in range(len(self.km2) - 2)), unassigned]
        return [geometry.union(_solid(geometry.polygonal(part))) for part in parts]


class Moved(NamedTuple):
    """What came and went between two maps, by region, and the slivers in either."""

    gained: Held
    lost: Held
    gained_slivers: Held
    lost_slivers: Held


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
    def closing(self) -> Held:
        """What was held at the close, from which the next step may start."""
        return Held(self.closing_km2, self.closing_snapped_km2)

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

    @property
    def moved(self) -> Moved:
        """What came and went without the ground, which may be large."""
        return Moved(self.gained.figures, self.lost.figures, self.gained.slivers, self.lost.slivers)

    @property
    def gained_sliver_km2(self) -> Floats:
        """What of gained lies in slivers."""
        return self.gained.sliver_km2

    @property
    def lost_sliver_km2(self) -> Floats:
        """What of lost lies in slivers."""
        return self.lost.sliver_km2

    @property
    def without_slivers(self) -> Change:
        """The change less its slivers: what was held on either map stays as it is, and net no longer leads from it."""
        return replace(self, gained=self.gained.without_slivers, lost=self.lost.without_slivers)

    def inverted(self) -> Change:
        """Return the change from closing to opening."""
        return Change(self.closing_km2, self.opening_km2, self.lost, self.gained, self.closing_snapped_km2)


def step(
    before: shapely.MultiPolygon,
    after: shapely.MultiPolygon,
    regions: RegionSet,
    *,
    opening: Held | None = None,
    engine: str = ENGINES[0],
    slivers: SliverRule | None = None,
) -> Change:
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
    opening : Held, optional
        The areas at the opening where they are known, as those at the close of the step before. They are
        measured afresh where their total is not that of `before`.
    engine : str
        One of `ENGINES`.
    slivers : SliverRule, optional
        What counts as a sliver of what was gained and lost; without it they are not told apart.

    Raises
    ------
    FrontcalcError
        The overlay contradicts itself, by more than rounding: no figure is better than a wrong one.
    """
    gained, lost = areas_of(differences(before, after, engine=engine), regions, engine=engine, slivers=slivers)
    if opening is None or abs(float(geometry.area_km2(before)) - opening.km2[-1]) > DRIFT_KM2:
        opening = areas(before, regions, engine=engine).figures
    closing = close_of(opening, gained.figures, lost.figures, float(geometry.area_km2(after)))
    return Change(opening.km2, closing.km2, gained, lost, opening.snapped_km2)


def close_of(opening: Held, gained: Held, lost: Held, measured_km2: float) -> Held:
    """Return what is held at the close of a step, whose total was also measured by itself (km²).

    Raises
    ------
    FrontcalcError
        The overlay contradicts itself, by more than rounding: no figure is better than a wrong one.
    """
    closing_km2 = opening.km2 + gained.km2 - lost.km2
    if abs(measured_km2 - closing_km2[-1]) > CONTRADICTION_KM2:
        raise FrontcalcError(
            f"the overlay contradicts itself: {measured_km2:.6f} km² at the close, "
            f"{closing_km2[-1]:.6f} by gained and lost",
            cure="please report it with the two maps",
        )
    return Held(closing_km2, opening.snapped_km2 + gained.snapped_km2 - lost.snapped_km2)


def differences(
    before: shapely.MultiPolygon, after: shapely.MultiPolygon, *, engine: str = ENGINES[0]
) -> tuple[Ground, Ground]:
    """Return the ground gained and lost between two maps, by one of the `ENGINES`."""
    found = None if engine == "plain" else edges.difference(before, after)
    return found or (shapely.difference(after, before), shapely.difference(before, after))


def areas(ground: Ground, regions: RegionSet, *, engine: str = ENGINES[0], slivers: SliverRule | None = None) -> Areas:
    """Return the area of ground in metres by region, unassigned and total, each measured by itself.

    Parameters
    ----------
    ground : geometry, or (k,) array of Polygon
        Valid, in metres.
    regions : RegionSet
        In the same projection.
    engine : str
        One of `ENGINES`.
    slivers : SliverRule, optional
        Tells slivers apart, by the whole width of a part also where a border cuts it.

    Raises
    ------
    FrontcalcError
        Regions and unassigned do not add up to the total.
    """
    return areas_of([ground], regions, engine=engine, slivers=slivers)[0]


def areas_of(
    grounds: Sequence[Ground], regions: RegionSet, *, engine: str = ENGINES[0], slivers: SliverRule | None = None
) -> tuple[Areas, ...]:
    """Return the areas of several grounds, each as `areas` does: at once, which costs little more than one."""
    wholes = [geometry.polygonal(np.asarray(ground, dtype=object)) for ground in grounds]
    if slivers is None:
        return tuple(_measured(wholes, regions, engine))
    told: list[Geometries] = []
    for ground, parts in zip(grounds, wholes, strict=True):
        # What an overlay of whole maps returns is whole parts; an array may hold several faces of one.
        thin = slivers.thin(parts, faces=isinstance(ground, np.ndarray))
        told += [parts[~thin], parts[thin]]
    measured = list(_measured(told, regions, engine))
    return tuple(map(_together, measured[::2], measured[1::2]))


def _measured(groups: Sequence[Geometries], regions: RegionSet, engine: str) -> Iterator[Areas]:
    """Yield the area of each group of polygons (k,) by region."""
    for parts, split in zip(groups, regions.split(*map(_solid, groups), overlay=engine == "plain"), strict=True):
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
    parts = np.concatenate([one.parts, other.parts])
    return Areas(
        km2=broad.km2 + slivers.km2,
        snapped_km2=broad.snapped_km2 + slivers.snapped_km2,
        split=Split(one.km2 + other.km2, one.snapped_km2 + other.snapped_km2, one.regions, parts),
        told_apart=(broad, slivers),
    )


def _solid(parts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons without slivers thinner than rounding, which GEOS may turn into hundreds of km²."""
    return np.asarray(parts[shapely.area(parts) > _NOTHING_M2])
