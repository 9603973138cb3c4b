"""Places that came under or out of an actor's hold, with the first map that shows it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Unpack

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs
from frontcalc.archives import Archive
from frontcalc.change import Floats
from frontcalc.errors import DataError
from frontcalc.gazetteer import read_places
from frontcalc.keywords import facade
from frontcalc.names import printable
from frontcalc.notices import join_codes
from frontcalc.periods import PeriodsLike, parse_periods
from frontcalc.regions import UNASSIGNED
from frontcalc.run.meta import table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.run import Run
from frontcalc.snapshots.holdings import GRID_M
from frontcalc.states import State
from frontcalc.tables import Meta, PlaceRow, Table

_FAR_DEGREES = 2.0  # how far from all that maps show a place is that cannot be meant


@facade
def places(
    periods: PeriodsLike,
    *,
    places: str | Path,
    archive: str | Path | Archive | None = None,
    **options: Unpack[Keywords],
) -> Table[PlaceRow, Meta]:
    r"""List which places came under or out of an actor's hold, map by map.

    Every map within a period is looked at, so a place that came under and out again has two rows. A place on the edge
    of what is held counts as held.

    Parameters
    ----------
    places : path
        Named points: see `frontcalc.gazetteer.read_places`.
    periods, archive, **options
        As for `diff`.

    Returns
    -------
    Table of PlaceRow
        By actor and period, then by date, then in the order of the file. `meta.places` has only those
        that are held at one end of a period and not at the other.

    Raises
    ------
    UsageError, DataError, NoDataError
        As `diff`, also where the file of places is broken.

    Examples
    --------
    >>> import frontcalc
    >>> from pathlib import Path
    >>> written = Path("towns.csv").write_text("name,lon,lat\nA made-up town,37.2944,47.9704\n")
    >>> table = frontcalc.places(["2024"], places="towns.csv")
    >>> [(row.place, row.change, str(row.date)) for row in table.rows]
    [('A made-up town', 'gained', '2024-10-27')]
    """
    (names, points), wanted = read_places(places), parse_periods(periods)
    run = Run.open(archive, Options(**options))
    spans = run.resolved(wanted)
    # As the maps' vertices are, so that a place on the edge of one stays there.
    x, y = crs.projector(crs.LONLAT, run.options.crs, grid_m=GRID_M)(points).T
    # One past the last region stands for none; on a border the region that comes first has the place.
    region = np.full(len(x), len(run.regions.names), dtype=np.intp)
    point, piece = shapely.STRtree(run.regions.pieces).query(shapely.points(x, y), predicate="intersects")
    np.minimum.at(region, point, run.regions.owner[piece])
    # Where only some regions are asked for, places elsewhere are left out.
    inside = ~np.isin(region, run.lines.left_out)
    labels = dict(enumerate((*run.regions.names, UNASSIGNED))) if run.regions.names else {}
    fine = [line for line in run.lines.shown if line.level == run.regions.level]
    labels |= {member: line.region for line in fine for member in line.members}
    rows: list[PlaceRow] = []
    net: list[PlaceRow] = []
    for span in spans:
        by_place: dict[tuple[str, float, float], list[PlaceRow]] = {}
        keys = (run.archive.name, span.actor, span.period.label)
        looked = ((state, _held(run, state, span.actor, x, y)) for state in run.states(span.actor).within(span))
        for (previous, before), (state, now) in pairwise(looked):
            for index in np.flatnonzero((now != before) & inside).tolist():
                (lon, lat), notes = points[index].tolist(), join_codes((*span.notices, *state.notices))
                place = (names[index], labels.get(int(region[index]), ""), "gained" if now[index] else "lost")
                rows.append(PlaceRow(*keys, *place, state.day, previous.day, run.view.name, lon, lat, notes))
                by_place.setdefault((names[index], lon, lat), []).append(rows[-1])
        # A place changes hands back and forth: an odd number of changes leaves it changed.
        net += [changes[-1] for changes in by_place.values() if len(changes) % 2]
        run.figure_notices += span.notices
        run.spans.append(span)
    table = table_of(run, PlaceRow, rows)
    if not rows:
        refuse_elsewhere(run, points, Path(places).name)
    return Table(PlaceRow, table.rows, replace(table.meta, places=tuple(net)))


def refuse_elsewhere(run: Run, points: Floats, where: str) -> None:
    """Refuse points (n, 2) in degrees all far from the first and last map; say whether x and y are exchanged."""
    boxes = [np.empty(0, dtype=object)]
    for ref in (run.archive.refs[0], run.archive.refs[-1]):
        with suppress(*([DataError] if run.options.skip_bad else [])):
            boxes.append(run.snapshot(ref).place)
    drawn = np.concatenate(boxes)
    if not len(drawn):
        return
    west, south, east, north = shapely.total_bounds(drawn)
    shown = shapely.box(west, south, east, north)
    given, swapped = shapely.points(points), shapely.points(points[:, ::-1])
    exchanged = shapely.intersects(shown, swapped).all() and not shapely.intersects(shown, given).any()
    if shapely.dwithin(shown, given, _FAR_DEGREES).any() and not exchanged:
        return
    cure = "longitude and latitude are exchanged: swap them" if exchanged else "check longitude and latitude"
    problem = f"has no place near what the maps show, lon {west:.1f} to {east:.1f} and lat {south:.1f} to {north:.1f}"
    raise DataError(problem, where=printable(where), cure=cure)


def _held(run: Run, state: State, actor: str, x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Say of each point whether an actor holds it on a map; the edge counts as held."""
    ground = run.ground(run.holding(state.snapshot, actor))
    shapely.prepare(ground)
    held = np.asarray(shapely.intersects_xy(ground, x, y))
    # The ground is kept for other measurements, and a prepared geometry must not cross threads.
    shapely.destroy_prepared(ground)
    return held
