"""Places that came under or out of an actor's hold: how much of the disc of each is held, map by map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs
from frontcalc.archives import Archive
from frontcalc.change import Floats
from frontcalc.edges import differing
from frontcalc.errors import DataError, UsageError
from frontcalc.gazetteer import read_places
from frontcalc.geometry import Ints, directed_edges
from frontcalc.keywords import facade
from frontcalc.measure.compare import Archives, joint_meta, named_archives
from frontcalc.names import printable
from frontcalc.notices import join_codes
from frontcalc.periods import Period, PeriodsLike, parse_periods
from frontcalc.regions import UNASSIGNED
from frontcalc.run.meta import table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.run import Run
from frontcalc.snapshots.holdings import GRID_M
from frontcalc.states import Span, State
from frontcalc.tables import Meta, PlaceRow, RowT, ShareRow, Table
from frontcalc.towns import ATTRIBUTION, HALF, LEAST_PEOPLE, REACHED, WHOLE, Discs, Towns, load_towns, since

_FAR_DEGREES = 2.0  # how far from all that maps show a place is that cannot be meant
_MOST_PAIRS = 5_000_000  # of edges and discs at a time
_DECIMALS = 9
_LISTED_PEOPLE = 500  # of embedded places, unless another size is wanted

Steps = list[tuple[Ints, Floats]]
"""Map by map the places of which another share is held than on the map before, and these shares."""

Side = tuple[Run, list[Span], list[RowT], dict[str, Any]]
"""A run of one archive, its periods, its rows, and what its meta has of its own."""

Changed = tuple[str, int, int | None, int | None, int | None]
"""A change, its map (from 0), and since which map the place is reached, half and whole; None where it is not."""


@facade
def places(
    periods: PeriodsLike,
    *,
    places: str | Path | None = None,
    archive: str | Path | Archive | None = None,
    archives: Archives = (),
    least_people: int = _LISTED_PEOPLE,
    **options: Unpack[Keywords],
) -> Table[PlaceRow, Meta]:
    r"""List which places came under or out of an actor's hold, map by map.

    A place is a disc, and came under an actor's hold when half of it was held. Every map within a period is looked at,
    so a place that came under and out again has two rows.

    Otherwise as `diff`, also where the file of places is broken.

    Parameters
    ----------
    places : path, optional
        Named points: see `frontcalc.gazetteer.read_places`. By default the embedded towns.
    archives : sequence of path or Archive
        In place of `archive` several, side by side; «ISW=maps/isw» gives one a name.
    least_people : int
        How many people an embedded town has at least.

    Returns
    -------
    Table of PlaceRow
        By archive, actor and period, then by date, then the largest first or in the order of the file. `meta.places`
        has only those that are held at one end of a period and not at the other.

    Notes
    -----
    A row is `gained` where half of a place came to be held, until the next map on which it is not or the period's end;
    `lost` is the reverse. `reached` (5 % of the disc), `half` and `whole` (95 %) are the first maps since which so much
    is held, in a row `lost` not held, until then; blank where that is not so, or was so on the period's first map.
    Where only another of these shares was passed between the period's ends a place is `part gained` or `part lost`.

    Examples
    --------
    >>> import frontcalc
    >>> from pathlib import Path
    >>> written = Path("towns.csv").write_text("name,lon,lat\nA made-up town,37.2944,47.9704\n")
    >>> table = frontcalc.places(["2024"], places="towns.csv")
    >>> [(row.place, row.change, str(row.date)) for row in table.rows]
    [('A made-up town', 'gained', '2024-10-27')]
    """
    own = None if places is None else read_places(places)
    towns = own or load_towns().within(least_people=least_people)
    where = f" in Ukraine and along its border (elsewhere {LEAST_PEOPLE:,})" if least_people < LEAST_PEOPLE else ""
    rule = f"of places with {least_people:,} people and more{where}; smaller villages are not listed"
    sides: list[Side[PlaceRow]] = []
    for run, spans in _runs(parse_periods(periods), archive, archives, Options(**options)):
        discs, labels = Discs.of(towns, run.options.crs), _labels(run, towns)
        by_span = [_rows_of(run, span, towns, discs, labels) for span in spans]
        rows = [row for mine in by_span for row in mine]
        lasting = tuple(row for mine in by_span for row in _lasting(mine))
        sides.append((run, spans, rows, {"places": lasting, "place_rule": "" if own else rule}))
    table = _side_by_side(PlaceRow, sides, embedded=not own)
    if own and not table.rows:
        refuse_elsewhere(sides[0][0], own.points, Path(str(places)).name)
    return table


@facade
def place_shares(
    town: str,
    periods: PeriodsLike,
    *,
    places: str | Path | None = None,
    archive: str | Path | Archive | None = None,
    archives: Archives = (),
    **options: Unpack[Keywords],
) -> Table[ShareRow, Meta]:
    """Measure how much of one place is held on every map.

    Otherwise as `places`; UsageError also where no place near the maps is so called.

    Parameters
    ----------
    town : str
        Its name in any spelling: the largest place so called near what the maps show.

    Returns
    -------
    Table of ShareRow
        By archive, actor and period, a row a map, the period's opening one first. `frontcalc.picture` draws it.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.place_shares("Kurakhove", "2024-10")
    >>> [(str(row.snapshot), round(row.held_pct)) for row in table.rows][-2:]
    [('2024-10-20', 5), ('2024-10-27', 17)]
    """
    own = None if places is None else read_places(places)
    sides: list[Side[ShareRow]] = []
    for run, spans in _runs(parse_periods(periods), archive, archives, Options(**options)):
        named = _named(run, town, own or load_towns())
        metres, (lon, lat) = float(named.radii_m[0]), named.points[0].tolist()
        rows: list[ShareRow] = []
        for span in spans:
            states, steps = _steps(run, span, Discs.of(named, run.options.crs))
            held = _courses(steps, np.array([0]), 1)[:, 0]
            for state, share in zip(states, held.tolist(), strict=True):
                keys = (run.archive.name, span.actor, span.period.label, named.names[0], state.day)
                notes = join_codes((*span.notices, *state.notices))
                rows.append(ShareRow(*keys, run.view.name, 100 * share, metres, lon, lat, notes))
        sides.append((run, spans, rows, {}))
    return _side_by_side(ShareRow, sides, embedded=not own)


def _runs(
    periods: Sequence[Period], archive: str | Path | Archive | None, archives: Archives, options: Options
) -> list[tuple[Run, list[Span]]]:
    """Return a run of each archive with the maps of the periods; one archive keeps its own name."""
    if archives and archive is not None:
        raise UsageError("archive and archives are two ways to name maps", cure="give one of them")
    runs = []
    for one, name in named_archives(archives) if archives else [(archive, "")]:
        run = Run.open(one, options)
        spans = list(run.resolved(periods))
        run.archive = replace(run.archive, name=printable(name) or run.archive.name)
        runs.append((run, spans))
    return runs


def _side_by_side(kind: type[RowT], sides: Sequence[Side[RowT]], *, embedded: bool) -> Table[RowT, Meta]:
    """Return the table of one archive, or of several, where one without maps for the periods has no rows."""
    tables, measured = [], any(span.ends for _, spans, *_ in sides for span in spans)
    for run, spans, rows, more in sides:
        run.spans += spans
        run.figure_notices += [notice for span in spans for notice in span.notices]
        table = table_of(run, kind, rows, blank=measured)
        credit = (*table.meta.attribution, *([ATTRIBUTION] if embedded else []))
        tables.append(replace(table, meta=replace(table.meta, attribution=credit, **more)))
    if len(tables) == 1:
        return tables[0]
    metas = [table.meta for table in tables]
    every = tuple(place for meta in metas for place in meta.places or ())
    meta = replace(joint_meta(metas), places=every if metas[0].places is not None else None)
    return Table(kind, tuple(row for table in tables for row in table.rows), meta)


def _steps(run: Run, span: Span, discs: Discs) -> tuple[list[State], Steps]:
    """Return the maps of a span, and of which places each shows another share held than the one before.

    Between two maps the share of a disc changes only where an edge moved in it, or where all of it is on another side.
    """
    states, steps, edges = list[State](), Steps(), np.empty((0, 4))
    tree, count = shapely.STRtree(discs.boxes), len(discs.middle)
    inside = np.zeros(count, dtype=bool)
    for state in run.states(span.actor).within(span):
        ground = run.ground(run.holding(state.snapshot, span.actor))
        now, new = _holds(ground, discs.middle), directed_edges(ground)
        moved = np.concatenate(differing(edges, new))
        lines = np.asarray(shapely.linestrings(moved.reshape(-1, 2, 2)))
        blocks = np.array_split(lines, 1 + len(lines) * count // _MOST_PAIRS)
        near = np.unique(np.concatenate([tree.query(block, predicate="intersects")[1] for block in blocks]))
        turned = np.setdiff1d(np.flatnonzero(now != inside), near)
        shapes = discs.polygons(near)
        # The last bits differ with where a line has its vertices: what is half by a ruler stays half.
        shares = np.round(shapely.area(shapely.intersection(ground, shapes)) / shapely.area(shapes), _DECIMALS)
        steps.append((np.concatenate([near, turned]), np.concatenate([shares, now[turned]])))
        states.append(state)
        inside, edges = now, new
    return states, steps


def _holds(ground: shapely.MultiPolygon, points: Floats) -> NDArray[np.bool_]:
    """Say of each point (n, 2) whether it lies in a ground."""
    west, south, east, north = ground.bounds if not ground.is_empty else (0.0, 0.0, -1.0, -1.0)
    x, y = points.T
    held = np.asarray((west <= x) & (x <= east) & (south <= y) & (y <= north))
    shapely.prepare(ground)
    held[held] = shapely.intersects_xy(ground, x[held], y[held])
    # The ground is kept for other measurements, and a prepared geometry must not cross threads.
    shapely.destroy_prepared(ground)
    return held


def _courses(steps: Steps, chosen: Ints, count: int) -> Floats:
    """Return the share held of some of `count` places on each map, a line a map."""
    shares, lines = np.zeros(count), np.empty((len(steps), len(chosen)))
    for line, (stale, values) in zip(lines, steps, strict=True):
        shares[stale] = values
        line[:] = shares[chosen]
    return lines


def _changes(course: Floats) -> Iterator[Changed]:
    """Yield each time that half of a place came under or out, else that another share was passed between the ends."""
    held = course >= HALF
    turns = (np.flatnonzero(held[1:] != held[:-1]) + 1).tolist()
    for turn, end in pairwise([*turns, len(course)]):
        own = (course if held[turn] else 1 - course)[:end]
        yield "gained" if held[turn] else "lost", turn, since(own, REACHED), turn, since(own, WHOLE)
    first, last = np.searchsorted([REACHED, HALF, WHOLE], course[[0, -1]], side="right")
    if not turns and first != last:
        own = course if last > first else 1 - course
        reached, whole = since(own, REACHED), since(own, WHOLE)
        yield f"part {'gained' if last > first else 'lost'}", max(reached or 0, whole or 0), reached, None, whole


def _rows_of(run: Run, span: Span, towns: Towns, discs: Discs, labels: Sequence[str | None]) -> list[PlaceRow]:
    """Return the rows of a period, by date and then in the order of the places."""
    states, steps = _steps(run, span, discs)
    stale = np.unique(np.concatenate([np.empty(0, dtype=np.intp), *(own for own, _ in steps[1:])]))
    shown = np.array([place for place in stale.tolist() if labels[place] is not None], dtype=np.intp)
    listed = []
    for place, course in zip(shown.tolist(), _courses(steps, shown, len(labels)).T, strict=True):
        for change, turn, *firsts in _changes(course):
            reached, half, whole = (states[first].day if first else None for first in firsts)
            (lon, lat), state = towns.points[place].tolist(), states[turn]
            row = PlaceRow(
                archive=run.archive.name,
                actor=span.actor,
                period=span.period.label,
                place=towns.names[place],
                region=labels[place] or "",
                change=change,
                date=state.day,
                previous=states[turn - 1].day,
                view=run.view.name,
                lon=lon,
                lat=lat,
                notes=join_codes((*span.notices, *state.notices)),
                reached=reached,
                half=half,
                whole=whole,
                held_pct=100 * float(course[-1]),
                people=int(towns.people[place]) or None,
                radius_m=float(towns.radii_m[place]),
            )
            listed.append((turn, place, row))
    return [row for *_, row in sorted(listed, key=lambda one: one[:2])]


def _lasting(rows: Sequence[PlaceRow]) -> list[PlaceRow]:
    """Return the last change of each place that is held at one end of a period and not at the other."""
    by_place: dict[tuple[str, float, float], list[PlaceRow]] = {}
    for row in rows:
        if row.change in ("gained", "lost"):
            by_place.setdefault((row.place, row.lon, row.lat), []).append(row)
    # A place changes hands back and forth: an odd number of changes leaves it changed.
    return [changes[-1] for changes in by_place.values() if len(changes) % 2]


def _labels(run: Run, towns: Towns) -> list[str | None]:
    """Return the region of each place; empty without regions, None where it is of no region that is shown."""
    # As the maps' vertices are, so that a place on the edge of a region stays there.
    points = np.asarray(shapely.points(crs.projector(crs.LONLAT, run.options.crs, grid_m=GRID_M)(towns.points)))
    # One past the last region stands for none; on a border the region that comes first has the place.
    region = np.full(len(points), len(run.regions.names), dtype=np.intp)
    point, piece = shapely.STRtree(run.regions.pieces).query(points, predicate="intersects")
    np.minimum.at(region, point, run.regions.owner[piece])
    names = dict(enumerate((*run.regions.names, UNASSIGNED))) if run.regions.names else {}
    fine = [line for line in run.lines.shown if line.level == run.regions.level]
    names |= {member: line.region for line in fine for member in line.members}
    return [None if own in run.lines.left_out else names.get(own, "") for own in region.tolist()]


def _named(run: Run, name: str, towns: Towns) -> Towns:
    """Return the one place that a name means: the largest so called near what the maps show."""
    named = towns.named(name)
    box = _shown(run)
    near = shapely.dwithin(box, shapely.points(named.points), _FAR_DEGREES) if box else np.ones(len(named.names), bool)
    if not near.any():
        why = f"{len(named.names)} so called, far from what the maps show" if len(named.names) else "no place so called"
        raise UsageError(why, where=f"--town {printable(name)}", cure="give its place with --places")
    return named.pick(np.flatnonzero(near)[:1])


def refuse_elsewhere(run: Run, points: Floats, where: str) -> None:
    """Refuse points (n, 2) in degrees all far from the first and last map; say whether x and y are exchanged."""
    shown = _shown(run)
    if shown is None:
        return
    given, swapped = shapely.points(points), shapely.points(points[:, ::-1])
    exchanged = shapely.intersects(shown, swapped).all() and not shapely.intersects(shown, given).any()
    if shapely.dwithin(shown, given, _FAR_DEGREES).any() and not exchanged:
        return
    west, south, east, north = shown.bounds
    cure = "longitude and latitude are exchanged: swap them" if exchanged else "check longitude and latitude"
    problem = f"has no place near what the maps show, lon {west:.1f} to {east:.1f} and lat {south:.1f} to {north:.1f}"
    raise DataError(problem, where=printable(where), cure=cure)


def _shown(run: Run) -> shapely.Polygon | None:
    """Return the box in degrees of what the first and the last map show; None where they show nothing."""
    boxes = [np.empty(0, dtype=object)]
    for ref in (run.archive.refs[0], run.archive.refs[-1]):
        with suppress(*([DataError] if run.options.skip_bad else [])):
            boxes.append(run.snapshot(ref).place)
    drawn = np.concatenate(boxes)
    return shapely.box(*shapely.total_bounds(drawn)) if len(drawn) else None
