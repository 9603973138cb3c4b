"""Notices of what a file shows that does not count, or counts and may not be meant to."""

from __future__ import annotations

import numpy as np
import shapely

from frontcalc import geometry
from frontcalc.crs import DEFAULT_CRS, projector
from frontcalc.errors import DataError
from frontcalc.layers import layer_name
from frontcalc.notices import Notice
from frontcalc.read.features import Features

_LEAST_NESTED_KM2 = 0.01  # polygons inside others below it are what drawing leaves over


def notices_of(features: Features, *, where: str) -> list[Notice]:
    """Return notices of what does not count, or counts and may not be meant to."""
    notices = []
    if len(features.not_area):
        notices.append(Notice("NOT-AREA", f"{where}: {len(features.not_area)} points or lines were not counted"))
    # What names a layer could be an empty one.
    drawn = {*features.owner.tolist(), *features.not_area.tolist()}
    bare = () if len(drawn) == len(features.properties) else enumerate(features.properties)
    if count := sum(index not in drawn and not layer_name(own) for index, own in bare):
        what = f"features without geometry: {count:,} of {len(features.properties):,}; what they show is missing"
        notices.append(Notice("NO-GEOMETRY", f"{where}: {what}"))
    if (inside := nested_km2(features)) >= _LEAST_NESTED_KM2:
        what = "lie in polygons inside another of their multipolygon; they count, wrongly so if holes are meant"
        notices.append(Notice("NESTED", f"{where}: {inside:,.2f} km² {what}"))
    return notices


def nested_km2(features: Features) -> float:
    """Return the area of polygons that lie inside a larger one of the same feature (km²)."""
    polygons, owner = features.polygons, features.owner
    starts = shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(polygons), 0))
    try:
        inner, outer = geometry.meeting_boxes(polygons)
        bounds = shapely.bounds(polygons)
        boxed = (bounds[outer, :2] <= bounds[inner, :2]).all(axis=1) & (bounds[outer, 2:] >= bounds[inner, 2:]).all(1)
        mine = boxed & (inner != outer) & (owner[inner] == owner[outer])
        inner, outer = inner[mine], outer[mine]
        begins = shapely.intersects_xy(polygons[outer], *starts[inner].T)
        if not begins.any():
            return 0.0
        inner, outer = inner[begins], outer[begins]
        # Of those around it the largest alone, for there may be thousands.
        order = np.lexsort((-shapely.area(polygons)[outer], inner))
        inner, first = np.unique(inner[order], return_index=True)
        some, place = np.unique([inner, outer[order][first]], return_inverse=True)
        geometry.refuse_crossings(geometry.directed_edges(polygons[some]))
        drawn = geometry.project_polygons(polygons[some], projector(features.crs, DEFAULT_CRS))
        both = geometry.made_valid(drawn)[place].reshape(2, -1)
    except DataError:
        return 0.0
    shared = np.asarray(shapely.intersection(both[0], both[1]))
    # Polygons that only overlap are not meant as holes.
    whole = shapely.area(shared) >= 0.99 * shapely.area(both[0])
    return float(geometry.area_km2(geometry.union(geometry.polygonal(shared[whole]))))
