"""What an actor holds on each map of some months, as figures and as ground to draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar, Unpack

import numpy as np
import shapely

from frontcalc import geometry
from frontcalc.archives import Archive
from frontcalc.errors import NoDataError
from frontcalc.pipeline.areas import held_rows
from frontcalc.pipeline.measuring import Measuring, remarks
from frontcalc.pipeline.options import Options, open_maps, start
from frontcalc.pipeline.provenance import meta_of
from frontcalc.pipeline.workers import in_order
from frontcalc.progress import track
from frontcalc.regions import UNASSIGNED
from frontcalc.states import state_on
from frontcalc.tables import TOTAL, HeldRow, Meta, Table

Drawn = TypeVar("Drawn")


@dataclass(frozen=True, slots=True, eq=False)
class Holdings(Generic[Drawn]):
    """What one actor holds on each map.

    Parameters
    ----------
    table : Table of HeldRow
        The figures of `held` on the day of each map.
    drawn : tuple
        What was drawn of each map's ground, in the order of the days.
    regions : tuple of (str, MultiPolygon)
        The regions of the finest level shown, as their set draws them, in metres of `meta.crs`.
    """

    table: Table[HeldRow, Meta]
    drawn: tuple[Drawn, ...]
    regions: tuple[tuple[str, shapely.MultiPolygon], ...]

    @property
    def days(self) -> list[date]:
        """The days of the maps."""
        return list(dict.fromkeys(row.date for row in self.table.rows))


def holdings(
    since: date,
    until: date,
    draw: Callable[[shapely.MultiPolygon, str], Drawn],
    *,
    archive: str | Path | Archive | None = None,
    **options: Unpack[Options],
) -> Holdings[Drawn]:
    """Measure and draw what an actor holds on each map from one day to another.

    Parameters
    ----------
    since, until : date
        The first and the last day.
    draw : callable
        Takes ground in metres of a CRS, and that CRS. What it returns is kept; the ground is not, since
        that of hundreds of maps is large.
    archive, **options
        As for `held`; one actor's ground is taken, the main one where none or all are named.

    Raises
    ------
    UsageError, DataError
        As `held`.
    NoDataError
        No map is of these days.
    """
    maps = open_maps(archive, options)
    days = [day for day in maps.days if since <= day <= until]
    if not days:
        raise NoDataError(f"has no map from {since} to {until}", where=maps.name, cure=f"its maps are of {maps.extent}")
    run = start(maps, options, days[-1])
    rows: list[HeldRow] = []
    drawn: list[Drawn] = []
    (actor, *_) = run.actors([days[-1], days[0]])
    notices = run.left_out(actor)
    found = ((day, state_on(maps, day, run.wanted(actor))) for day in track(days, "drawing map"))
    states = ((day, state) for day, state in found if state is not None)
    for (day, state), areas in in_order(run.workers, lambda one: run.areas(one[1].snapshot, actor), states):
        said = remarks(state, maps, day, run.wanted(actor))
        notices += said
        rows.extend(held_rows(run, actor, day, state, areas, said))
        drawn.append(draw(run.ground(state.snapshot, actor), run.crs))
    return Holdings(Table(HeldRow, tuple(rows), meta_of(run, [actor], notices=notices)), tuple(drawn), _land(run))


def _land(run: Measuring) -> tuple[tuple[str, shapely.MultiPolygon], ...]:
    """Return the regions of the finest level shown with their land, as the set draws it."""
    regions = run.regions
    owner = regions.owner if regions.land_owner is None else regions.land_owner
    finest = run.lines.levels[-1] if run.lines.levels else TOTAL
    return tuple(
        (line.region, geometry.union(regions.land[np.isin(owner, line.members)]))
        for line in run.rows()
        if line.level == finest and line.region not in (UNASSIGNED, TOTAL)
    )
