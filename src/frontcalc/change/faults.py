"""Redefinitions: large parts that changed hands on one step, in a way that a moving front does not explain.

A publisher drops a bay, a reservoir floods, a layer comes to mean something else: the map changes and the front
does not. Three things give that away, any of which is enough (docs/slivers.md has the cases they were chosen on):
most of the part is back on one of the next maps; it lies mostly on no land; it is by itself far more than whole
steps around it usually change. None of them proves anything: a collapse of a front looks like the last.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.outliers import highest_usual, median
from frontcalc.regions import RegionSet

LARGE_KM2 = 50.0
"""What a part must have at least: less is a week's work of an army."""

AT_ONCE = 0.8
"""The share of a part that must change on a single step."""

MAPS_BACK = 4
"""Within how many maps a part is looked for again."""

SHARE_BACK = 0.5
"""The share of it that must be back then."""

SHARE_OF_LAND = 0.5
"""The share of a part below which it lies mostly on no land."""

FEWEST_STEPS = 6
"""Fewer steps around it do not say what is usual."""

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]

_CRUMB_M2 = 1e6


def large_parts(parts: Geometries) -> Geometries:
    """Return the parts of a change (n,) that are large enough, largest first, faces of one put together (metres)."""
    sizable = parts[shapely.area(parts) >= _CRUMB_M2]
    if not np.sum(shapely.area(sizable)) >= LARGE_KM2 * 1e6:
        return sizable[:0]
    whole = np.array(geometry.union(sizable).geoms, dtype=object)
    km2 = geometry.area_km2(whole)
    # Not in the order of the overlay, which another version of GEOS may change.
    order = np.argsort(-km2, kind="stable")
    return np.asarray(whole[order[km2[order] >= LARGE_KM2]])


def land_share(part: shapely.Polygon, land: RegionSet) -> float:
    """Return the share of a part that lies on land as some regions draw it, 0 to 1."""
    return sum(_shares(part, land).values()) / part.area


def place_of(part: shapely.Polygon, land: RegionSet | None, plane: str) -> str:
    """Return where a part is, for people: the region it is in, else the nearest, and a point inside it (degrees)."""
    inside = shapely.point_on_surface(part)
    lon, lat = crs.projector(plane, crs.LONLAT)(shapely.get_coordinates(inside))[0]
    at = f"longitude {lon:.2f}, latitude {lat:.2f}"
    if land is None:
        return f"at {at}"
    shares = _shares(part, land)
    if sum(shares.values()) >= SHARE_OF_LAND * part.area:
        return f"in {land.names[max(shares, key=lambda region: shares[region])]} at {at}"
    return f"off {land.names[land.owner[shapely.STRtree(land.pieces).nearest(inside)]]} at {at}"


def usual_km2(rates: Floats, days: int) -> float | None:
    """Return how much a step of so many days may change before it is an outlier, None where too few steps tell.

    Parameters
    ----------
    rates : (n,) array of float
        How fast the area held changed on the steps around it and on the step itself (km² per day, unsigned).
    days : int
        The length of the step.
    """
    return highest_usual(rates, median(rates)) * days if len(rates) >= FEWEST_STEPS else None


def _shares(part: shapely.Polygon, land: RegionSet) -> dict[int, float]:
    """Return how much of a part each region has as drawn, by its place in the set (m²)."""
    met = shapely.STRtree(land.pieces).query(part, predicate="intersects")
    areas = shapely.area(shapely.intersection(land.pieces[met], part))
    found: dict[int, float] = {}
    for region, area in zip(land.owner[met].tolist(), areas.tolist(), strict=True):
        found[region] = found.get(region, 0.0) + area
    return found
