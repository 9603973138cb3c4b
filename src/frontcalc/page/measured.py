"""What a page shows: the results of the facades, and shapes to draw that no figure is taken from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc.archives import Archive
from frontcalc.crs import LONLAT
from frontcalc.errors import UsageError
from frontcalc.measure.diff import changes, diff
from frontcalc.measure.held import Holdings, holdings
from frontcalc.page import shapes
from frontcalc.periods import PeriodsLike
from frontcalc.run.options import Keywords
from frontcalc.tables import ChangeRow, DiffRow, Meta, Table


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What a page shows.

    Parameters
    ----------
    figures : Table of DiffRow
        The result of `diff`, of RangeRow with ranges.
    polygons : Table of ChangeRow
        The result of `changes`.
    held : Holdings of (1,) array of geometry
        What is held on each map within the periods, drawn on the plane and simplified.
    change : tuple of geometry
        The polygons of each row of `polygons`, drawn so.
    land : tuple of geometry
        The land of each of `held.regions`, drawn so.
    """

    figures: Table[DiffRow, Meta]
    polygons: Table[ChangeRow, Meta]
    held: Holdings[NDArray[np.object_]]
    change: tuple[shapely.Geometry, ...]
    land: tuple[shapely.Geometry, ...]


def measure(
    periods: PeriodsLike, archive: str | Path | Archive | None, options: Keywords, *, with_range: bool = False
) -> Report:
    """Measure some periods, and draw the maps between the earliest opening and the latest close.

    Raises
    ------
    UsageError
        More than one actor is asked for; otherwise as `diff`.
    """
    figures = diff(periods, archive=archive, with_range=with_range, **options)
    if len(figures.meta.actors) != 1:
        raise UsageError("a page is of one actor", where="--actor all", cure="name one, and make a page for each")
    polygons = changes(periods, archive=archive, **options)
    drawing = _Drawing()
    maps = [day for used in figures.meta.periods for day in (used.opening, used.closing) if day]
    one = options.copy()
    one["actor"] = figures.meta.actors[0]
    held = holdings(min(maps), max(maps), drawing.draw, archive=archive, **one)
    plane = drawing.plane
    return Report(
        figures,
        polygons,
        held,
        tuple(_by_period(polygons, plane)),
        tuple(_drawn([ground for _, ground in held.regions], held.table.meta.crs, plane)),
    )


class _Drawing:
    """Draws grounds on one plane, which the first of them is the middle of."""

    plane = ""

    def draw(self, ground: shapely.MultiPolygon, source_crs: str) -> NDArray[np.object_]:
        """Return ground on the plane, simplified (1,)."""
        self.plane = self.plane or shapes.plane_around(ground, source_crs)
        return _drawn([ground], source_crs, self.plane)


def _drawn(ground: Sequence[shapely.Geometry], source_crs: str, plane: str) -> NDArray[np.object_]:
    """Return geometries on the plane, simplified as little as any page is."""
    return shapes.simplified(shapes.on_plane(ground, source_crs, plane), shapes.TOLERANCES_M[0])


def _by_period(polygons: Table[ChangeRow, Meta], plane: str) -> list[shapely.Geometry]:
    """Return the polygons of each row; those of one period are neighbours and simplified together."""
    drawn: list[shapely.Geometry] = []
    for period in dict.fromkeys(row.period for row in polygons.rows):
        mine = [row.geometry for row in polygons.rows if row.period == period]
        drawn.extend(_drawn(mine, LONLAT, plane))
    return drawn
