"""One step from map to map as a value: what it needs, and what it gives.

A step's figures depend on its two maps, the regions and the method, and on nothing that was measured before. So they
are the same whoever measures them, and can be kept. What was held at the opening is carried from step to step by
whoever puts the steps together, in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import shapely

from frontcalc.cache import Cache, key_of
from frontcalc.change import DRIFT_KM2, Floats, Held, Moved, close_of
from frontcalc.gross import Gross, gross_of
from frontcalc.redefinitions import Geometries
from frontcalc.regions import RegionSet
from frontcalc.slivers import SliverRule
from frontcalc.snapshots import Holding, Snapshot, SnapshotLayer, holding
from frontcalc.versions import method_version
from frontcalc.views import View


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one step from map to map gives.

    Parameters
    ----------
    moved : Moved
        What was gained and lost by region, and the slivers in it.
    before_km2, after_km2 : float
        Both maps' totals (km²).
    large : tuple of two arrays of Polygon
        The large parts of what was gained and of what was lost (metres): see `frontcalc.redefinitions`.
    """

    moved: Moved
    before_km2: float
    after_km2: float
    large: tuple[Geometries, Geometries]

    @property
    def gross(self) -> Gross:
        """What the step adds to gross figures."""
        return gross_of(self.moved, self.after_km2 - self.before_km2)


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """A step with what was held at either end; arrays (n + 2,) as in `change.Change`, without the ground."""

    opening: Held
    closing: Held
    moved: Moved
    large: tuple[Geometries, Geometries]

    @property
    def opening_km2(self) -> Floats:
        """What was held on the earlier map."""
        return self.opening.km2

    @property
    def closing_km2(self) -> Floats:
        """What was held on the later map."""
        return self.closing.km2

    @property
    def gained_km2(self) -> Floats:
        """What was gained."""
        return self.moved.gained.km2

    @property
    def lost_km2(self) -> Floats:
        """What was lost."""
        return self.moved.lost.km2

    @property
    def snapped_km2(self) -> Floats:
        """What of gained and lost together lies outside the region as drawn, and was snapped to it."""
        return self.moved.gained.snapped_km2 + self.moved.lost.snapped_km2

    @property
    def gained_sliver_km2(self) -> Floats:
        """What of gained lies in slivers."""
        return self.moved.gained_slivers.km2

    @property
    def lost_sliver_km2(self) -> Floats:
        """What of lost lies in slivers."""
        return self.moved.lost_slivers.km2

    @property
    def without_slivers(self) -> Movement:
        """The movement less its slivers: what was held on either map stays as it is."""
        gained, lost, thin_gained, thin_lost = self.moved
        nothing = Held(np.zeros_like(gained.km2), np.zeros_like(gained.km2))
        moved = Moved(_less(gained, thin_gained), _less(lost, thin_lost), nothing, nothing)
        return replace(self, moved=moved)


@dataclass(frozen=True, slots=True)
class Job:
    """How steps are measured: with their maps and regions, all that their figures depend on. It can be pickled.

    Parameters
    ----------
    actor : str
        Whose territory.
    view : View
        Which layers count.
    plane : str
        The equal-area CRS.
    regions : str
        The key of what takes ground, by `regions_key`; the regions themselves are large and go beside the job.
    cache : Cache
        Where maps and steps are kept.
    slivers : SliverRule
        What counts as a sliver.
    without : tuple of SnapshotLayer
        The layers whose ground does not count.
    """

    actor: str
    view: View
    plane: str
    regions: str
    cache: Cache
    slivers: SliverRule
    without: tuple[SnapshotLayer, ...] = ()

    def holding(self, snapshot: Snapshot) -> Holding:
        """Return what counts as held on a map."""
        return holding(snapshot, self.actor, self.view, self.plane, without=self.without)

    def key(self, before: Holding, after: Holding) -> str:
        """Return the key of the step between two maps."""
        return key_of((method_version(), self.regions, repr(self.slivers), before.key, after.key))


@dataclass(frozen=True, slots=True)
class MeasuredChain:
    """What came of a chain of maps: what is on each that could be read, and the steps by their keys.

    `gaps_km2` is by how much two ways of repairing the layers of each holding differ, by its key.
    """

    snapshots: tuple[Snapshot, ...]
    steps: dict[str, Step]
    gaps_km2: dict[str, list[float]] = field(default_factory=dict)


def regions_key(regions: RegionSet, country: str, snap: str) -> str:
    """Return the key of what takes ground of an actor of a country."""
    land_owner = regions.owner if regions.land_owner is None else regions.land_owner
    shapes = (b"".join(shapely.to_wkb(polygons)) for polygons in (regions.pieces, regions.land))
    owners = (owner.astype("<i8").tobytes() for owner in (regions.owner, land_owner))
    file = regions.source.sha256 if regions.source else ""
    names = (file, repr(regions.names), repr(regions.countries), country, snap)
    return key_of((method_version(), *names, *shapes, *owners))


def move(step: Step, opening: Held | None, areas: Callable[[], Held]) -> Movement:
    """Return a step with what was held at either end.

    Parameters
    ----------
    step : Step
        What was measured between the maps.
    opening : Held or None
        What the step before came to, if there was one.
    areas : callable
        Measures the earlier map by itself: where nothing came before, or the total has drifted from the map's.

    Raises
    ------
    FrontcalcError
        Opening, gained and lost do not come to what the later map shows.
    """
    if opening is None or abs(step.before_km2 - opening.km2[-1]) > DRIFT_KM2:
        opening = areas()
    closing = close_of(opening, step.moved.gained, step.moved.lost, step.after_km2)
    return Movement(opening, closing, step.moved, step.large)


def _less(whole: Held, part: Held) -> Held:
    """Return areas less some of them."""
    return Held(whole.km2 - part.km2, whole.snapped_km2 - part.snapped_km2)
