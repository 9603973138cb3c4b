"""The area of ground by region, and the ground itself cut by region where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.errors import FrontcalcError
from frontcalc.regions import RegionSet

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]
Ground = shapely.Geometry | NDArray[np.object_]
"""One geometry, or an array of polygons without overlap."""

CONTRADICTION_KM2 = 0.001
"""How far gained and lost may be from the change of the total: overlays that had to snap err by square metres."""

_NOTHING_M2 = 1e-6


def areas(ground: Ground, regions: RegionSet) -> Floats:
    """Return the area of ground by region, unassigned and total, each measured by itself.

    Parameters
    ----------
    ground : geometry, or (k,) array of Polygon
        Valid, in metres.
    regions : RegionSet
        In the same projection.

    Returns
    -------
    (2, n + 2) array of float
        The area, and how much of it lies outside the region as drawn and was snapped to it (km²): regions in the
        set's order, unassigned, total.

    Raises
    ------
    FrontcalcError
        Regions and unassigned do not add up to the total.
    """
    return measured([geometry.polygonal(ground)], regions)[0][0]


def measured(groups: Sequence[Geometries], regions: RegionSet) -> list[tuple[Floats, Geometries, Floats]]:
    """Return the area of each group of polygons (k,) as `areas` does, at once; its parts; what of each lies beside.

    Parts thinner than rounding, which GEOS may turn into hundreds of km², are in the total only. What lies beside is
    (k, 2), as `RegionSet.split` returns it.
    """
    found, solid = [], [parts[shapely.area(parts) > _NOTHING_M2] for parts in groups]
    for whole, parts, (km2, snapped_km2, beside_m2) in zip(groups, solid, regions.split(*solid), strict=True):
        total_km2, by_region_km2 = float(np.sum(geometry.area_km2(whole))), float(km2.sum())
        if abs(by_region_km2 - total_km2) > CONTRADICTION_KM2:
            raise FrontcalcError(
                f"the overlay contradicts itself: {total_km2:.6f} km² in all, {by_region_km2:.6f} by region",
                cure="please report it with the maps and the regions",
            )
        both = np.array([np.append(km2, total_km2), np.append(snapped_km2, np.sum(snapped_km2))])
        found.append((both, parts, beside_m2))
    return found


def by_region(parts: Geometries, regions: RegionSet) -> list[shapely.MultiPolygon]:
    """Return ground, polygons (k,) in metres, cut by region: (n + 1) in the set's order, and unassigned."""
    unassigned, taken, owner, _ = regions.cut(parts)
    cut = map(geometry.polygonal, [*(taken[owner == region] for region in range(len(regions.names))), unassigned])
    return [geometry.union(part[shapely.area(part) > _NOTHING_M2]) for part in cut]


def largest_beside(parts: Geometries, beside_m2: Floats, regions: RegionSet, *, snapped: bool) -> shapely.Polygon:
    """Return the largest connected part of what no region takes, or of what is snapped; empty where there is none.

    What is connected lies in one part of the ground. So parts are cut in the order of how much each has at most,
    until what is left has less than was found: one or two of a thousand.

    Parameters
    ----------
    parts : (k,) array of Polygon
        The ground, in metres.
    beside_m2 : (k, 2) array of float
        How much of each part no region takes, and how much is snapped (m²).
    regions : RegionSet
        In the same projection.
    snapped : bool
        Which of the two.
    """
    most_m2 = beside_m2[:, int(snapped)]
    faces, most_m2 = parts[most_m2 > 0], most_m2[most_m2 > 0]
    # Several faces may be of one part.
    whole = np.array(geometry.union(faces).geoms, dtype=object)
    face, of = shapely.STRtree(whole).query(shapely.point_on_surface(faces), predicate="intersects")
    bounds_m2 = np.bincount(of, most_m2[face], minlength=len(whole)).astype(np.float64)
    largest = shapely.Polygon()
    for number in np.argsort(-bounds_m2, kind="stable"):
        if bounds_m2[number] <= largest.area:
            break
        ground = regions.cut(whole[number : number + 1], beside=True)
        beside = geometry.union(geometry.polygonal(ground.taken) if snapped else ground.unassigned)
        largest = max(largest, *beside.geoms, key=lambda polygon: polygon.area)
    return largest
