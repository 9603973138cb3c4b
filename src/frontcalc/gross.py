"""Gross change: sums of gained and lost over steps, and the slivers among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.change import CONTRADICTION_KM2, Floats, areas
from frontcalc.errors import FrontcalcError
from frontcalc.regions import RegionSet

SLIVER_WIDTH_M = 100.0
"""Mean width below which a part of a change is called a sliver, unless the user says otherwise (m)."""

_SEMI_MAJOR = 6_378_137.0
_E2 = 0.00669437999014


@dataclass(frozen=True, slots=True)
class Gross:
    """Gained and lost over one or more steps, each array (n + 2,) as in `Change` (km²), and the slivers among them."""

    gained_km2: Floats
    lost_km2: Floats
    sliver_gained_km2: Floats
    sliver_lost_km2: Floats


def gross_step(
    before: shapely.MultiPolygon, after: shapely.MultiPolygon, regions: RegionSet, *, target_crs: str, sliver_m: float
) -> Gross:
    """Return what was gained and lost in one step, and how much of it lies in slivers.

    A sliver is a part of a change whose mean width, 2 × area ÷ perimeter, is below a threshold:
    publishers redraw old lines, and such parts are mostly that and no movement of the front.

    Parameters
    ----------
    before, after : MultiPolygon
        What the actor holds on either map: valid, in metres of `target_crs`.
    regions : RegionSet
        In the same projection. A part counts as a sliver by its whole width, also where a border cuts it.
    target_crs : str
        An equal-area CRS.
    sliver_m : float
        The threshold in metres; 0 for none.

    Raises
    ------
    FrontcalcError
        Gained less lost is not the change of the area held, by more than rounding.
    """
    gained, thin_gained = _split(shapely.difference(after, before), regions, target_crs, sliver_m)
    lost, thin_lost = _split(shapely.difference(before, after), regions, target_crs, sliver_m)
    moved_km2 = float(geometry.area_km2(after) - geometry.area_km2(before))
    if abs(float(gained[-1] - lost[-1]) - moved_km2) > CONTRADICTION_KM2:
        raise FrontcalcError(
            f"the overlay contradicts itself: {moved_km2:.6f} km² more is held, {gained[-1] - lost[-1]:.6f} by steps",
            cure="please report it with the two maps",
        )
    return Gross(gained, lost, thin_gained, thin_lost)


def add_steps(steps: Sequence[Gross]) -> Gross:
    """Return the sum of one or more steps, each column rounded once and not at every step."""

    def sums(arrays: list[Floats]) -> Floats:
        return np.array([math.fsum(column) for column in zip(*arrays, strict=True)])

    return Gross(
        sums([step.gained_km2 for step in steps]),
        sums([step.lost_km2 for step in steps]),
        sums([step.sliver_gained_km2 for step in steps]),
        sums([step.sliver_lost_km2 for step in steps]),
    )


def mean_widths_m(parts: NDArray[np.object_], source_crs: str) -> Floats:
    """Return the mean width of polygons, 2 × area ÷ perimeter, (n,) in metres on the ground.

    An equal-area projection stretches lengths: EPSG:6933 draws a metre eastward at 48° as 1.3 m. So
    each polygon is measured on a plane of its own, longitude scaled by the cosine of its latitude.

    Parameters
    ----------
    parts : (n,) array of Polygon
        In metres of `source_crs`.
    source_crs : str
        Their CRS.
    """
    if not len(parts):
        return np.zeros(0)
    coordinates, owner = shapely.get_coordinates(parts, return_index=True)
    degrees = crs.projector(source_crs, crs.LONLAT)(coordinates)
    corners = np.bincount(owner, minlength=len(parts))
    latitude = np.radians(np.bincount(owner, degrees[:, 1], minlength=len(parts)) / corners)
    curvature = 1 - _E2 * np.sin(latitude) ** 2
    east = _SEMI_MAJOR * np.cos(latitude) / np.sqrt(curvature)
    north = _SEMI_MAJOR * (1 - _E2) / curvature**1.5
    local = shapely.set_coordinates(parts.copy(), np.radians(degrees) * np.column_stack([east, north])[owner])
    return np.asarray(2 * shapely.area(local) / shapely.length(local))


def _split(change: shapely.Geometry, regions: RegionSet, target_crs: str, sliver_m: float) -> tuple[Floats, Floats]:
    """Return the area of a change by region, and of the slivers in it (km²)."""
    parts = geometry.polygonal(np.array([change], dtype=object))
    thin = mean_widths_m(parts, target_crs) < sliver_m
    slivers = areas(shapely.MultiPolygon(list(parts[thin])), regions).km2
    return areas(shapely.MultiPolygon(list(parts[~thin])), regions).km2 + slivers, slivers
