"""Plain calculations that the library's are held against: slow, short, and sharing next to no code with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from frontcalc import change, geometry
from frontcalc.regions import RegionSet
from frontcalc.slivers import SliverRule

_GEODESICS = Geod(ellps="WGS84")


def exact_area_km2(geometry: shapely.Geometry, *, every: float = 0.01) -> float:
    """Return the area in km² of a valid polygon or multipolygon in degrees, its edges straight in degrees.

    Edges are cut every so many degrees and the pieces measured as geodesics, then all once more with pieces of half
    the length. A piece is off by the cube of its length, so a polygon by its square: a third of what halving changed
    is left, and taken off (Richardson).
    """
    total = 0.0
    for polygon in shapely.get_parts(geometry):
        # Ring by ring: GEOS gives thin polygons back without what splitting makes invalid by rounding.
        for nth, ring in enumerate(shapely.get_rings(polygon)):
            coarse = shapely.segmentize(ring, every)
            # A hair more than half, or rounding would cut some pieces in three.
            fine = shapely.segmentize(coarse, 0.500_001 * every)
            first, second = (abs(_GEODESICS.polygon_area_perimeter(*pieces.coords.xy)[0]) for pieces in (coarse, fine))
            total += (second + (second - first) / 3) * (-1 if nth else 1)
    return total / 1e6


def nearest_region(
    point: shapely.Point, eligible: Sequence[shapely.Geometry], foreign: shapely.Geometry, border: float, water: float
) -> tuple[int | None, float]:
    """Return the region that takes a point by the plain rule, and by how many metres it is beyond doubt.

    Regions are in a plane of true metres. A point in an eligible region is its own; one on foreign land goes to the
    nearest up to `border` metres away, any other up to `water`. The margin is that to the limit, to the next nearest
    region, and to the edge between land and water where the two limits differ about the point.
    """
    distances = shapely.distance(np.array(eligible, dtype=object), point)
    first, second = np.partition(np.append(distances, np.inf), 1)[:2]
    abroad = bool(shapely.contains(foreign, point))
    limit = border if abroad else water
    margins = [abs(first - limit), second - first, shapely.distance(foreign.boundary, point)]
    if first == 0:
        margins = [shapely.distance(eligible[int(np.argmin(distances))].boundary, point)]
    return (int(np.argmin(distances)) if first <= limit else None), float(min(margins))


def plain_figures_km2(
    before: shapely.MultiPolygon, after: shapely.MultiPolygon, regions: RegionSet
) -> NDArray[np.float64]:
    """Return what overlays of whole maps and of the pieces of regions come to, (4, n + 2) as `figures_km2` has it."""
    (opening, _), *moved = (
        _by_region_m2(ground, regions) for ground in (before, *change.differences(before, after, whole=True))
    )
    return np.array([opening, *(taken for taken, _ in moved), sum(snapped for _, snapped in moved)]) / 1e6


def _by_region_m2(ground: shapely.Geometry, regions: RegionSet) -> NDArray[np.float64]:
    """Return the area of ground by region, in none and in all, and what of it is snapped, (2, n + 2)."""
    parts = shapely.get_parts(ground)
    parts, _ = geometry.subdivide(parts[shapely.area(parts) > 1e-6])
    pieces, rest = regions.pieces, _rest(regions)
    drawn = np.zeros(len(pieces), dtype=bool) if regions.snapped is None else regions.snapped
    owner = np.append(regions.owner, np.full(len(rest), len(regions.names)))
    everything = np.append(pieces, rest)
    part, piece = shapely.STRtree(everything).query(parts, predicate="intersects")
    shared = shapely.area(shapely.intersection(parts[part], everything[piece]))
    zone = np.append(drawn, np.zeros(len(rest), dtype=bool))[piece]
    sums = [np.bincount(owner[piece], shared * mine, len(regions.names) + 1) for mine in (1, zone)]
    return np.array([[*sums[0], shapely.area(ground)], [*sums[1], sums[1].sum()]])


@lru_cache(maxsize=4)
def _rest(regions: RegionSet) -> NDArray[np.object_]:
    """Return the plane that no region takes."""
    if regions.uncovered is not None:
        return regions.uncovered
    plane = shapely.box(-1e8, -1e8, 1e8, 1e8)
    return np.array([shapely.difference(plane, shapely.union_all(regions.pieces))], dtype=object)


def opened_step(
    before: shapely.MultiPolygon, after: shapely.MultiPolygon, regions: RegionSet, *, slivers: SliverRule | None = None
) -> change.Change:
    """Return the step between two maps with what is held on either by region."""
    return change.step(before, after, regions, slivers=slivers).opened(change.areas(before, regions))


def figures_km2(measured: change.Change) -> NDArray[np.float64]:
    """Return what was held at the opening, gained, lost, and what of the last two is snapped, (4, n + 2)."""
    return np.array([measured.km2[change.OPENING, 0], measured.gained_km2, measured.lost_km2, snapped_km2(measured)])


def net_km2(measured: change.Change) -> NDArray[np.float64]:
    """Return gained less lost, (n + 2,)."""
    return measured.gained_km2 - measured.lost_km2


def snapped_km2(measured: change.Change) -> NDArray[np.float64]:
    """Return what of gained and lost together is snapped, (n + 2,)."""
    return np.asarray(measured.km2[change.GAINED, 1] + measured.km2[change.LOST, 1])
