"""A change measured in other ways than the rest of frontcalc does: the references that it is held against."""

from __future__ import annotations

import numpy as np
import shapely

from frontcalc import crs, ellipsoid, geometry
from frontcalc.snapshots import Snapshot
from frontcalc.views import View

_DEGREES2 = 1e-11
"""Area error in square degrees, about 0.1 m², above which an edge that is not straight in degrees is split."""


def drawn(snapshot: Snapshot, actor: str, view: View, target: str, *, edge_error: float) -> shapely.MultiPolygon:
    """Return what an actor holds on a map in any system, united, its edges split at another error than usual.

    Parameters
    ----------
    snapshot : Snapshot
        One map.
    actor : str
        Whose layers count.
    view : View
        Which of them.
    target : str
        The system of the result; it is not proved to be equal-area.
    edge_error : float
        Area error above which an edge is split, in square units of `target`.
    """
    parts = [np.empty(0, dtype=object)]
    for part in snapshot.layers:
        if part.layer.actor == actor and view.counts(part.name, part.layer):
            project = crs.projector(part.crs, target)
            parts.append(geometry.repair(geometry.project_polygons(part.polygons, project, edge_error=edge_error)))
    return geometry.union(np.concatenate(parts))


def change_on_ellipsoid(before: Snapshot, after: Snapshot, actor: str, view: View) -> dict[str, tuple[float, float]]:
    """Return gained and lost (km²) by what edges are, overlaid in degrees and measured without a projection.

    `straight` edges are so in longitude and latitude, `geodesic` ones the shortest ways: see
    `frontcalc.ellipsoid`.
    """
    opening, closing = (drawn(map_, actor, view, crs.LONLAT, edge_error=_DEGREES2) for map_ in (before, after))
    gained, lost = (
        geometry.as_multipolygon(shapely.difference(*pair)) for pair in ((closing, opening), (opening, closing))
    )
    measures = {"straight": ellipsoid.exact_area_km2, "geodesic": ellipsoid.geodesic_area_km2}
    return {name: (measure(gained), measure(lost)) for name, measure in measures.items()}
