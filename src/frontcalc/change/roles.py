"""What ground turned from one role into another between two maps, and what came from and went to nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely

from frontcalc import geometry
from frontcalc.change import CONTRADICTION_KM2, Floats, areas, contradiction
from frontcalc.layers import Role
from frontcalc.regions import RegionSet

NOTHING = "none"  # the role of ground that the actor does not hold
Ground = Mapping[Role, shapely.MultiPolygon]


def by_precedence(ground: Ground) -> dict[Role, shapely.Geometry]:
    """Return the same ground with each piece in one role, the first of `Role`: control before advance and claimed."""
    covered: shapely.Geometry = shapely.MultiPolygon()
    parted: dict[Role, shapely.Geometry] = {}
    for role in Role:
        if role in ground:
            parted[role] = geometry.overlaid(shapely.difference, ground[role], covered)
            covered = geometry.overlaid(shapely.union, covered, ground[role])
    return parted


def between(
    before: Ground, after: Ground, held_before: shapely.Geometry, held_after: shapely.Geometry, regions: RegionSet
) -> tuple[list[str], Floats]:
    """Return the roles (r,), in order of precedence, `NOTHING` last, and how much ground turned from each into each.

    That is (r, r, n + 2) in km², from one at the opening to one at the close, 0 from nothing to nothing; by region in
    the set's order, unassigned, total. FrontcalcError is raised as by `change.step`.

    `before` and `after` are an actor's ground by role on either map, which may overlap, with its unions `held_before`
    and `held_after`: valid, in metres of the regions' equal-area projection.
    """
    opening, closing = by_precedence(before), by_precedence(after)
    roles = [role for role in Role if role in opening or role in closing]
    nothing = shapely.MultiPolygon()
    km2 = np.zeros((len(roles) + 1, len(roles) + 1, len(regions.names) + 2))
    for row, old in enumerate(roles):
        ground = opening.get(old, nothing)
        for column, new in enumerate(roles):
            shared = geometry.overlaid(shapely.intersection, ground, closing.get(new, nothing))
            km2[row, column] = areas(shared, regions)[0]
        km2[row, -1] = areas(geometry.overlaid(shapely.difference, ground, held_after), regions)[0]
        km2[-1, row] = areas(geometry.overlaid(shapely.difference, closing.get(old, nothing), held_before), regions)[0]
    for axis, parted in ((1, opening), (0, closing)):
        # The margin of the matrix is the ground by role, measured by itself.
        for role, turned in zip(roles, km2.sum(axis=axis)[:-1, -1], strict=True):
            area = float(geometry.area_km2(parted.get(role, nothing)))
            if abs(area - turned) > CONTRADICTION_KM2:
                raise contradiction(f"{area:.6f} km² of {role.value}, {turned:.6f} by transitions", "two maps")
    return [*(role.value for role in roles), NOTHING], km2
