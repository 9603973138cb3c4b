"""Notices of what a file shows that does not count, or counts and may not be meant to."""

from __future__ import annotations

from contextlib import suppress

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
    # Polygons that lie inside a larger one of the same feature.
    polygons, owner, nested_km2 = features.polygons, features.owner, 0.0
    starts = shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(polygons), 0))
    with suppress(DataError):
        inner, outer = geometry.meeting_boxes(polygons)
        bounds = shapely.bounds(polygons)
        boxed = (bounds[outer, :2] <= bounds[inner, :2]).all(axis=1) & (bounds[outer, 2:] >= bounds[inner, 2:]).all(1)
        mine = boxed & (inner != outer) & (owner[inner] == owner[outer])
        begins = shapely.intersects_xy(polygons[outer[mine]], *starts[inner[mine]].T)
        if not begins.any():
            return notices
        inner, outer = inner[mine][begins], outer[mine][begins]
        # Of those around it the largest alone, for there may be thousands.
        order = np.lexsort((-shapely.area(polygons)[outer], inner))
        inner, first = np.unique(inner[order], return_index=True)
        some, place = np.unique([inner, outer[order][first]], return_inverse=True)
        geometry.refuse_crossings(geometry.directed_edges(polygons[some]))
        projected = geometry.project_polygons(polygons[some], projector(features.crs, DEFAULT_CRS))
        within, around = geometry.made_valid(projected)[place].reshape(2, -1)
        shared = np.asarray(shapely.intersection(within, around))
        # Polygons that only overlap are not meant as holes.
        whole = shapely.area(shared) >= 0.99 * shapely.area(within)
        nested_km2 = float(geometry.area_km2(geometry.union(geometry.polygonal(shared[whole]))))
    if nested_km2 >= _LEAST_NESTED_KM2:
        what = "lie in polygons inside another of their multipolygon; they count, wrongly so if holes are meant"
        notices.append(Notice("NESTED", f"{where}: {nested_km2:,.2f} km² {what}", km2=nested_km2))
    return notices
