"""Where on Earth maps lie, and which of them lie there only with longitude and latitude exchanged."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs
from frontcalc.embedded import load_embedded
from frontcalc.errors import DataError

Box = tuple[float, float, float, float]
"""West, south, east and north (degrees)."""


def box_around(drawn: Iterable[tuple[str, NDArray[np.object_]]]) -> Box | None:
    """Return a box around polygons (degrees), given with their CRS; None where there are none, or nowhere on Earth."""
    boxes = [crs.bounds_in_degrees(own, shapely.total_bounds(polygons)) for own, polygons in drawn if len(polygons)]
    on_earth = [box for box in boxes if all(map(math.isfinite, box))]
    if not on_earth:
        return None
    west, south, east, north = zip(*on_earth, strict=True)
    return min(west), min(south), max(east), max(north)


def boxes_of(drawn: Iterable[tuple[str, NDArray[np.object_]]]) -> tuple[Box, ...]:
    """Return boxes around polygons (degrees), given with their CRS: one around those whose middles lie in the same 5°.

    So a few boxes say what part of the world a map shows, also where its polygons lie far apart.
    """
    found = [np.empty((0, 4))]
    for own, polygons in drawn:
        bounds = shapely.bounds(polygons).reshape(-1, 4)
        if own != crs.LONLAT:
            to_degrees = crs.transformer(own, crs.LONLAT).transform
            bounds = np.column_stack([*to_degrees(*bounds[:, :2].T), *to_degrees(*bounds[:, 2:].T)])
        found.append(bounds[np.isfinite(bounds).all(axis=1)])
    bounds = np.concatenate(found)
    cells, cell = np.unique((bounds[:, :2] + bounds[:, 2:]) // 10, axis=0, return_inverse=True)
    mine = (bounds[cell == number] for number in range(len(cells)))
    return tuple((*own[:, :2].min(axis=0).tolist(), *own[:, 2:].max(axis=0).tolist()) for own in mine)


@cache
def home_of_this_war() -> shapely.STRtree:
    """Return the ground that layers with the names of this war's publishers lie on (degrees)."""
    return shapely.STRtree(load_embedded().pieces)


def is_exchanged(box: Box, home: shapely.STRtree) -> bool:
    """Say whether what lies in a box is at home only with longitude and latitude exchanged."""
    west, south, east, north = box
    there = home.query(shapely.box(south, west, north, east), predicate="intersects")
    return bool(len(there) and not len(home.query(shapely.box(west, south, east, north), predicate="intersects")))


def first_exchanged(polygons: NDArray[np.object_], own: str, home: shapely.STRtree) -> Box | None:
    """Return the box of all polygons if they are exchanged, else of the first that is alone in that; None without."""
    box = box_around([(own, polygons)])
    if box is None or is_exchanged(box, home):
        return box
    west, south, east, north = shapely.total_bounds(home.geometries)
    turned = shapely.box(south, west, north, east)
    if not shapely.box(*box).intersects(turned):
        return None
    boxes = (box_around([(own, polygons[[at]])]) for at in range(len(polygons)))
    return next((one for one in boxes if one and is_exchanged(one, home)), None)


def latitude_first(box: Box, *, where: str, beside: str = "") -> DataError:
    """Return the error for a map that is exchanged; `beside` names another map that shows it."""
    west, south, east, north = box
    place = f"x {west:.2f} to {east:.2f} and y {south:.2f} to {north:.2f} are in place only when exchanged"
    return DataError(
        f"latitude stands before longitude: {place}" + (f", beside {beside}" if beside else ""),
        where=where,
        cure="write longitude first, as GeoJSON wants",
        code="SWAPPED",
        at=((west + east) / 2, (south + north) / 2),
    )
