"""What changed between two maps: gained and lost, in all and by region."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import shapely

from frontcalc import edges, geometry
from frontcalc.change.ground import CONTRADICTION_KM2, Areas, Floats, Ground, Held, areas, areas_of
from frontcalc.errors import FrontcalcError
from frontcalc.regions import RegionSet
from frontcalc.slivers import SliverRule

DRIFT_KM2 = 1e-7
"""How far a total carried from step to step may be from the map's before all is measured afresh."""

_GRID_M = 2.0**-20


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
    slivers: SliverRule | None = None,
    threads: int = 1,
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
    slivers : SliverRule, optional
        What counts as a sliver of what was gained and lost; without it they are not told apart.
    threads : int
        With two, the areas at the opening are measured meanwhile.

    Raises
    ------
    FrontcalcError
        The overlay contradicts itself, by more than rounding: no figure is better than a wrong one.
    """
    if opening is not None and abs(float(geometry.area_km2(before)) - opening.km2[-1]) > DRIFT_KM2:
        opening = None
    held_before = partial(areas, before, regions)
    with ThreadPoolExecutor(1) as other:
        meanwhile = other.submit(held_before) if opening is None and threads > 1 else None
        gained, lost = areas_of(differences(before, after), regions, slivers=slivers)
    if opening is None:
        opening = (meanwhile.result() if meanwhile else held_before()).figures
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


def differences(before: shapely.MultiPolygon, after: shapely.MultiPolygon) -> tuple[Ground, Ground]:
    """Return the ground gained and lost between two maps, by their edges where few differ, else by `overlaid`."""
    return edges.difference(before, after) or overlaid(before, after)


def overlaid(before: shapely.MultiPolygon, after: shapely.MultiPolygon) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Return the ground gained and lost between two maps by an overlay of the whole of them.

    An overlay of lines that all but coincide may err by whole faces (GEOS 3.14), which the change of the total
    tells. On a grid it does not, but moves every line by up to half of its width.
    """
    for grid_m in (None, _GRID_M):
        gained, lost = (shapely.difference(*pair, grid_size=grid_m) for pair in ((after, before), (before, after)))
        change = shapely.area(after) - shapely.area(before)
        if abs(shapely.area(gained) - shapely.area(lost) - change) <= CONTRADICTION_KM2 * 1e6:
            break
    return gained, lost
