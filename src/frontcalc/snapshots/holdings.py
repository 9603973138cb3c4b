"""What an actor holds on a map: which layers count, as a value, and the ground that they cover."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.errors import DataError
from frontcalc.geometry import Geometries
from frontcalc.snapshots.snapshot import Snapshot, SnapshotLayer, box_around
from frontcalc.versions import key_of
from frontcalc.views import View

# The grid that projected vertices lie on (metres), a power of two so that rounding to it is exact. A publisher who
# writes a map anew may change the last digits of vertices that stay: to a millionth of a metre they are the same.
GRID_M = 2.0**-20


@dataclass(frozen=True)
class Holding:
    """What counts as held on a map: all that its ground depends on, in a form that can be sent to another process."""

    parts: tuple[SnapshotLayer, ...]  # that count, those of a role together; those carried over are of an earlier map
    plane: str  # the equal-area CRS of the ground
    without: tuple[SnapshotLayer, ...] = ()  # layers whose ground does not count, as what was held on an earlier day

    @cached_property
    def key(self) -> str:
        """The key of the ground: of what is drawn in the layers, whatever they and their files are called."""
        parts = (part.digest for part in self.parts)
        return key_of((self.plane, *parts, "without", *(part.digest for part in self.without)))


def holding(
    snapshot: Snapshot, actor: str, view: View, plane: str, *, without: tuple[SnapshotLayer, ...] = ()
) -> Holding:
    """Return what an actor holds on one map: the layers that a view counts, less what some others cover."""
    counted = [part for part in snapshot.layers if part.layer.actor == actor and view.counts(part.name, part.layer)]
    roles = dict.fromkeys(part.layer.role for part in counted)
    return Holding(tuple(part for role in roles for part in counted if part.layer.role == role), plane, without)


def to_equal_area(polygons: Geometries, source_crs: str, target_crs: str, *, where: str | None = None) -> Geometries:
    """Return polygons projected with straight source edges, on a grid of `GRID_M`, and repaired (metres)."""
    return projected(polygons, source_crs, target_crs, where=where)[0]


def projected(
    polygons: Geometries, source_crs: str, target_crs: str, *, where: str | None, layer: str | None = None
) -> tuple[Geometries, float]:
    """Return what `to_equal_area` does, and by how much two ways of repairing the polygons of a layer differ (km²)."""
    if not len(polygons):
        return polygons, 0.0
    if (bounds := box_around([(source_crs, polygons)])) is None:
        raise DataError(f"its coordinates lie outside {source_crs[:40]}", where=where, cure="check its CRS")
    crs.prove_equal_area(target_crs, bounds)
    project = crs.projector(source_crs, target_crs, grid_m=GRID_M)
    try:
        repaired, gaps_m2 = geometry.repair_both_ways(geometry.project_polygons(polygons, project))
        if len(repaired) ** 2 > geometry.MAX_PAIRS:
            geometry.meeting_boxes(repaired)  # to unite thousands that all lie over one another would take minutes
    except DataError as error:
        raise DataError(error.problem, where=where, cure=error.cure) from error
    except shapely.GEOSException as error:
        if layer is None:
            raise
        problem = f"layer {layer!r} cannot be repaired: {error}"
        raise DataError(problem, where=where, cure="repair it, or leave it out with --view") from error
    return repaired, float(np.sum(gaps_m2)) / 1e6
