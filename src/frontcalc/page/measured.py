"""What a page shows: the results of the facades, and ground to draw that no figure is taken from.

Ground is drawn on a plane around the war, simplified, in whole hundreds of metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.archives import Archive
from frontcalc.errors import UsageError
from frontcalc.measure.diff import changes, diff
from frontcalc.measure.held import Holdings, holdings
from frontcalc.periods import PeriodsLike
from frontcalc.run.options import Keywords
from frontcalc.tables import ChangeRow, DiffRow, Meta, Table
from frontcalc.viz.frame import Geometries, laea, projected

GRID_M = 100
"""What a drawn position is rounded to."""

TOLERANCES_M = (200, 400, 800, 1600, 3200)
"""How far lines may be simplified: the first that makes a page small enough."""

Shape = list[list[list[int]]]
"""Polygons, each an outline and its holes, each the steps east and north from point to point, from (0, 0) on."""


@dataclass(frozen=True, slots=True, eq=False)
class PageContent:
    """What a page shows: the results of `diff` (of RangeRow with ranges) and of `changes`, and ground to draw.

    `held` is what is held on each map within the periods, simplified on the plane; `change` are the polygons of each
    row of `polygons` and `land` that of each of `held.regions`, drawn so.
    """

    figures: Table[DiffRow, Meta]
    polygons: Table[ChangeRow, Meta]
    held: Holdings[Geometries]
    change: tuple[shapely.Geometry, ...]
    land: tuple[shapely.Geometry, ...]


def measure(
    periods: PeriodsLike, archive: str | Path | Archive | None, options: Keywords, *, with_range: bool = False
) -> PageContent:
    """Measure periods of one actor, and draw the maps between the earliest opening and the latest close."""
    figures = diff(periods, archive=archive, with_range=with_range, **options)
    if len(figures.meta.actors) != 1:
        raise UsageError("a page is of one actor", where="--actor all", cure="name one, and make a page for each")
    polygons = changes(periods, archive=archive, **options)
    plane = ""

    def draw(ground: shapely.MultiPolygon, source_crs: str) -> Geometries:
        nonlocal plane
        # The plane lies around what the first map shows.
        plane = plane or plane_around(ground, source_crs)
        return on_plane([ground], source_crs, plane)

    maps = [day for used in figures.meta.periods for day in (used.opening, used.closing) if day]
    one = options.copy()
    one["actor"] = figures.meta.actors[0]
    held = holdings(min(maps), max(maps), draw, archive=archive, **one)
    change: list[shapely.Geometry] = []
    for period in dict.fromkeys(row.period for row in polygons.rows):
        # Polygons of one period are neighbours and simplified together.
        change.extend(on_plane([row.geometry for row in polygons.rows if row.period == period], crs.LONLAT, plane))
    land = on_plane([ground for _, ground in held.regions], held.table.meta.crs, plane)
    return PageContent(figures, polygons, held, tuple(change), tuple(land))


def plane_around(ground: shapely.MultiPolygon, source_crs: str) -> str:
    """Return a projection around the middle of some ground, to a whole degree, in which it looks as on a globe."""
    west, south, east, north = (0.0, 0.0, 0.0, 0.0) if ground.is_empty else map(float, ground.bounds)
    middle = np.array([[(west + east) / 2, (south + north) / 2]])
    (lon, lat), *_ = crs.projector(source_crs, crs.LONLAT)(middle)
    return laea(round(lon), round(lat))


def on_plane(ground: Sequence[shapely.Geometry], source_crs: str, plane: str) -> Geometries:
    """Return geometries (n,) of a CRS on a plane, simplified as little as any page is."""
    return simplified(projected(np.array([*ground, None], dtype=object)[:-1], source_crs, plane), TOLERANCES_M[0])


def simplified(ground: Geometries, tolerance_m: float) -> Geometries:
    """Return geometries (n,) with fewer vertices; what neighbours share stays shared."""
    return np.asarray(shapely.coverage_simplify(ground, tolerance_m)) if len(ground) else ground


def encoded(ground: shapely.Geometry) -> Shape:
    """Return a geometry's polygons in steps of `GRID_M`; parts that shrink to less than a triangle are left out."""
    parts = geometry.polygonal(np.array([ground], dtype=object))
    shape = []
    for part in parts:
        outline, *holes = (_steps(ring) for ring in (part.exterior, *part.interiors))
        if outline:
            shape.append([outline, *filter(None, holes)])
    return shape


def label_point(ground: shapely.Geometry) -> list[int]:
    """Return a position well inside the largest part of a geometry, in steps of `GRID_M`."""
    parts = geometry.polygonal(np.array([ground], dtype=object))
    if not len(parts):
        return [0, 0]
    largest = parts[int(np.argmax(shapely.area(parts)))]
    centre = shapely.centroid(largest)
    inside = centre if largest.contains(centre) else shapely.point_on_surface(largest)
    return [round(inside.x / GRID_M), round(inside.y / GRID_M)]


def _steps(ring: shapely.LinearRing) -> list[int]:
    """Return a ring as steps from point to point, empty where it has no area left."""
    points = np.rint(shapely.get_coordinates(ring)[:-1] / GRID_M).astype(np.int64)
    moved = (points != np.roll(points, 1, axis=0)).any(axis=1)
    points = points[moved]
    if len(points) < 3:
        return []
    return [int(step) for step in np.diff(points, axis=0, prepend=0).ravel()]
