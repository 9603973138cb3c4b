"""Where territory changed hands: the change of a period by the nearest towns, or as connected parts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.archives import Archive
from frontcalc.change import Geometries
from frontcalc.change.pieces import by_place
from frontcalc.errors import UsageError
from frontcalc.keywords import facade
from frontcalc.levels import Line, TownLine
from frontcalc.measure.diff import columns_of, diff_rows, drawn_figure, panel_of, polygons
from frontcalc.names import some_of
from frontcalc.periods import PeriodLike, parse_period
from frontcalc.regions import UNASSIGNED
from frontcalc.regions.snap import Owners
from frontcalc.run.map_faults import SHOWN_KM2
from frontcalc.run.meta import leading_towns, table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import Measured, measured
from frontcalc.run.run import Run
from frontcalc.slivers import thin_parts
from frontcalc.states import Span
from frontcalc.tables import DiffRow, RowT, Table, TownChangeRow, TownNet, WhereMeta, WhereRow, extended
from frontcalc.towns import ATTRIBUTION, load_towns

if TYPE_CHECKING:
    from frontcalc.pictures.change_map import ChangeMap

PART = "part"  # the level of rows of connected parts

_MOST_STEPS = 60  # between maps inside a period that are measured for the days on which half of the net came
_MOST_PLACES = 5  # that a row names
_MOVED = ("gained_km2", "lost_km2", "gained_sliver_km2", "lost_sliver_km2")
_LEFT_OUT = -2  # in place of a row
_SMALL = 128  # vertices of the polygons that places are looked for in
_METRES_PER_DEGREE = 111_320.0


@facade
def where(
    period: PeriodLike,
    *,
    archive: str | Path | Archive | None = None,
    towns: int = 5_000,
    top: int = 10,
    connected: bool = False,
    **options: Unpack[Keywords],
) -> Table[WhereRow, WhereMeta]:
    """Measure where territory was gained and lost in a period, by the nearest town of the ground's own country.

    Otherwise as `diff`; UsageError also where `towns` or `top` is below 1, or figures are not split.

    Parameters
    ----------
    period : str, int, date or pandas.Period
        As for `diff`, one.
    towns : int
        The least people of the towns that ground is given to. Of Ukraine and the Russian regions along its border all
        places are known, elsewhere those of 5,000 people and more.
    top : int
        How many rows a table for people shows before it sums the others; `rows` has all.
    connected : bool
        Connected parts of what was gained and lost instead, each named by the town nearest to it.

    Returns
    -------
    Table of WhereRow
        A row a town and actor with any change, the largest net first; then `unassigned`, ground in no country, and
        `total`, which is that of `diff`. Towns' ground does not depend on the change, so that rows of periods add up.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.where("2024-10")
    >>> for row in table.rows[:2]:
    ...     print(f"{row.town}, {row.region}: {row.net_km2:+,.1f} km²")
    Vuhledar, Donetsk: +121.2 km²
    Ukrainsk, Donetsk: +48.6 km²
    """
    run, spans, about = _opened(period, archive, towns, top, connected, Options(**options))
    rows, most = list[WhereRow](), list[TownNet]()
    for one in measured(run, spans, ground=True):
        rows += (_part_rows if connected else _town_rows)(run, one)
        most += () if connected else leading_towns(run, one)
    return table_by_towns(run, WhereRow, rows, about | {"most_around": tuple(most)})


@facade
def where_changes(
    period: PeriodLike,
    *,
    archive: str | Path | Archive | None = None,
    towns: int = 5_000,
    connected: bool = False,
    **options: Unpack[Keywords],
) -> Table[TownChangeRow, WhereMeta]:
    """Return where territory was gained and lost in a period, as polygons by the nearest town.

    Otherwise as `where`.

    Returns
    -------
    Table of TownChangeRow
        A row an actor, town and kind that has any change, or a connected part: its area (km²), which is that of
        `where`, and its polygons in longitude and latitude.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.where_changes("2024-10", only="Donetsk")
    >>> table.rows[0].kind, table.rows[0].geometry.geom_type
    ('gained', 'MultiPolygon')
    """
    run, spans, about = _opened(period, archive, towns, 10, connected, Options(**options))
    rows: list[TownChangeRow] = []
    for one in measured(run, spans, ground=True):
        own, drawn = columns_of(run, one.span), _parts(run, one) if connected else polygons(run, one)
        for kind, line, sliver, km2, ground in drawn:
            names = {"town": "", **line.names}
            shape = drawn_figure(run, f"{kind} around {line.region}", km2, ground)
            figures = names["region"], kind, km2, own["opening"], own["closing"]
            rows.append(TownChangeRow(own["period"], own["actor"], *figures, sliver, shape, names["town"]))
    return table_by_towns(run, TownChangeRow, rows, about)


@facade
def where_map(
    period: PeriodLike,
    *,
    archive: str | Path | Archive | None = None,
    towns: int = 5_000,
    top: int = 10,
    connected: bool = False,
    **options: Unpack[Keywords],
) -> ChangeMap:
    """Return where ground changed hands in a period, ready to be drawn with the numbers of the first rows.

    Otherwise as `where`; UsageError also for several actors, which would be drawn on each other.

    Returns
    -------
    ChangeMap
        With `plot`, `image` and `save`; its `table` is what `where` returns. One actor's.

    Examples
    --------
    >>> import frontcalc
    >>> scene = frontcalc.where_map("2024-10", top=5)
    >>> scene.save("where.png", size="800x600")
    """
    from frontcalc.pictures.change_map import ChangeMap, Panel  # loaded where something is drawn

    run, spans, about = _opened(period, archive, towns, top, connected, Options(**options))
    if len(run.actors) > 1:
        raise UsageError("a map is of one actor", where="--actor", cure=f"choose {' or '.join(run.actors)}")
    rows, most, panels = list[WhereRow](), list[TownNet](), list[Panel]()
    for one in measured(run, spans, ground=True):
        rows += (_part_rows if connected else _town_rows)(run, one)
        most += () if connected else leading_towns(run, one)
        panels.append(panel_of(run, one, rows[-1]))
    listed = tuple(row for row in rows if row.lon is not None)[:top]
    table = table_by_towns(run, WhereRow, rows, about | {"most_around": tuple(most)})
    return ChangeMap(table, tuple(panels), run.options.crs, run.chosen, listed)


def _opened(
    period: PeriodLike, archive: str | Path | Archive | None, towns: int, top: int, connected: bool, options: Options
) -> tuple[Run, Iterator[Span], dict[str, Any]]:
    """Return a run that is split by towns, the period by actor with its maps, and what a result says of the split."""
    if top < 1:
        raise UsageError("must be one at least", where=f"--top {top}", cure="give a whole number")
    wanted, run = parse_period(period), Run.open(archive, options)
    spans = run.resolved([wanted])
    if options.by is not None and not run.regions.names:
        raise UsageError("towns need regions to tell countries", where="--by none", cure="leave it out")
    within = tuple(line.region for line in run.lines.shown[:-1]) if run.lines.left_out else ()
    about = {"towns": towns, "top": top, "connected": connected, "within": within}
    run.split_by_towns(load_towns(), towns)
    return run, spans, about


def table_by_towns(run: Run, kind: type[RowT], rows: Sequence[RowT], about: dict[str, Any]) -> Table[RowT, WhereMeta]:
    """Return the table of some rows, with whose towns they name."""
    table = table_of(run, kind, rows, slivers=True)
    about = {"regions_accuracy": run.chosen.accuracy, "attribution": (*table.meta.attribution, ATTRIBUTION), **about}
    return Table(kind, table.rows, extended(WhereMeta, table.meta, **about))


def _town_rows(run: Run, one: Measured) -> Iterator[WhereRow]:
    """Yield a row a town with any change, the largest net first, then what is in no country, and the total."""
    rows = list(zip(run.lines.shown, diff_rows(run, one), strict=True))
    moved = [place for place, (_, row) in enumerate(rows) if row.gained_km2 or row.lost_km2]
    towns = {place: line for place in moved if isinstance(line := rows[place][0], TownLine)}
    cut, days = list(_cut(run, one)), _half(run, one.span, list(towns.values()))
    polygons, row_of = (np.concatenate([own[side] for own in cut]) for side in (1, 2))
    about = _about(run, polygons, row_of, towns)
    for place in sorted(towns, key=lambda place: _size(rows[place][1])):
        line, row = towns[place], rows[place][1]
        # What a town's ground has of land is no figure of its region.
        own = {**line.names, "region_km2": None, "not_held_km2": None}
        yield extended(WhereRow, row, **own, **about[place], **days.get(line, {}))
    yield from (extended(WhereRow, row) for line, row in rows if not isinstance(line, TownLine))


def _size(row: DiffRow) -> tuple[float, float, str]:
    """Return by what rows are sorted: the largest net first, then the most that was gained and lost."""
    return -abs(row.net_km2 or 0.0), -(row.gained_km2 or 0.0) - (row.lost_km2 or 0.0), row.region


def _part_rows(run: Run, one: Measured) -> Iterator[WhereRow]:
    """Yield a row a connected part of what was gained or lost, the largest first, and the total."""
    *_, total = (extended(WhereRow, row) for row in diff_rows(run, one))
    parts = list(_parts(run, one))
    polygons = np.array([part for *_, part in parts], dtype=object)
    small, of = geometry.subdivide(polygons, _SMALL)
    about = _about(run, small, of, {place: line for place, (_, line, *_) in enumerate(parts)})
    blank = dict.fromkeys(("opening_km2", "closing_km2", "rate_km2_per_day", "snapped_km2", "net_interpolated_km2"))
    rows: list[WhereRow] = []
    for place, (kind, line, thin, km2, _) in enumerate(parts):
        own: dict[str, Any] = blank | dict.fromkeys(_MOVED, 0.0)
        own |= {f"{kind}_km2": km2, "net_km2": km2 if kind == "gained" else -km2}
        own |= {f"{kind}_sliver_km2": km2} if thin else {}
        own |= line.names
        rows.append(replace(total, level=PART, notes="", flags="", **own, **about[place]))
    yield from sorted(rows, key=_size)
    yield total


def _parts(run: Run, one: Measured) -> Iterator[tuple[str, Line, bool, float, shapely.Polygon]]:
    """Yield the connected parts of a change as `polygons` does, each with the row of a point inside it."""
    tree = shapely.STRtree((partition := run.partition_for(one.span.actor)).pieces)
    row_of = {place: line for line in run.lines.shown[:-1] for place in line.members}
    nowhere = Line(PART, UNASSIGNED, ())
    for kind, ground, row in _cut(run, one):
        parts = np.array(geometry.union(ground[row != _LEFT_OUT]).geoms, dtype=object)
        near = np.full(len(parts), len(partition.names))
        part, piece = tree.query(shapely.point_on_surface(parts), predicate="intersects")
        near[part] = partition.owner[piece]
        for place, thin, part in zip(near.tolist(), thin_parts(parts, run.slivers).tolist(), parts, strict=True):
            yield kind, row_of.get(place, nowhere), thin, float(geometry.area_km2(part)), part


def _cut(run: Run, one: Measured) -> Iterator[tuple[str, Geometries, Owners]]:
    """Yield what was gained, then lost: kind, polygons (k,) in metres, small, and the place of the row of each."""
    shown, partition = run.shown(one.change) if one.change else None, run.partition_for(one.span.actor)
    place_of = np.full(len(partition.names) + 1, -1, dtype=np.intp)
    place_of[list(run.lines.left_out)] = _LEFT_OUT
    for place, line in enumerate(run.lines.shown[:-1]):
        place_of[list(line.members)] = place
    for side, kind in enumerate(("gained", "lost")):
        parts = shown.ground[side].polygons if shown and shown.ground else np.empty(0, dtype=object)
        polygons, region = by_place(parts, partition)
        yield kind, polygons, place_of[region]


def _about(run: Run, polygons: Geometries, row: Owners, lines: Mapping[int, Line]) -> dict[int, dict[str, Any]]:
    """Return where the ground of rows lies: its middle, the way to it from its town, and places inside it.

    `polygons` (k,) are in metres and small, `row` (k,) says which row each is of, and `lines` are those of the rows.
    """
    middles = crs.projector(run.options.crs, crs.LONLAT)(shapely.get_coordinates(shapely.centroid(polygons)))
    areas, towns, inside = shapely.area(polygons), load_towns(), _places_in(polygons, row, run.options.crs)
    about: dict[int, dict[str, Any]] = {}
    for place, line in lines.items():
        lon, lat = crs.mean_place(middles[row == place], areas[row == place])
        about[place] = {"lon": lon, "lat": lat, "places": some_of(inside.get(place, []), _MOST_PLACES)}
        if isinstance(line, TownLine) and line.town >= 0:
            distance, direction = crs.way(towns.points[line.town].tolist(), (lon, lat))
            about[place] |= {"distance_km": distance, "direction": direction}
    return about


def _places_in(polygons: Geometries, row: Owners, plane: str) -> dict[int, list[str]]:
    """Return the names of the places more than half of whose disc lies in the ground of one row, largest first."""
    if not len(polygons):
        return {}
    corners = crs.projector(plane, crs.LONLAT)(shapely.get_coordinates(shapely.envelope(polygons)))
    (west, south), (east, north) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    near = load_towns().within((west, south, east, north))
    near = near.pick(np.argsort(-near.people, kind="stable"))
    # The middle of each, and eight points on the circle that half of its disc lies in.
    angles = np.arange(8) * np.pi / 4
    ring = math.sqrt(0.5) * np.vstack([[0, 0], np.column_stack([np.sin(angles), np.cos(angles)])])
    narrower = np.column_stack([np.cos(np.radians(near.points[:, 1])), np.ones(len(near.names))])
    radii = near.radii_m[:, None] / _METRES_PER_DEGREE / narrower
    points = (near.points[:, None] + ring * radii[:, None]).reshape(-1, 2)
    seen = shapely.points(crs.projector(crs.LONLAT, plane)(points))
    point, polygon = shapely.STRtree(polygons).query(seen, predicate="intersects")
    met = np.unique(np.column_stack([row[polygon], point]), axis=0)
    pairs, counts = np.unique(np.column_stack([met[:, 0], met[:, 1] // len(ring)]), axis=0, return_counts=True)
    inside: dict[int, list[str]] = {}
    for place, town in pairs[counts > len(ring) / 2].tolist():
        inside.setdefault(place, []).append(near.names[town])
    return inside


def _half(run: Run, span: Span, lines: Sequence[Line]) -> dict[Line, dict[str, date]]:
    """Return the days of the maps between which half of a row's net came, of at most 60 steps; few km² have none."""
    if span.ends is None:
        return {}
    states, (first, last) = replace(run.states(span.actor), skip_bad=True), span.ends
    between = states.between(first, last)
    stride = math.ceil((len(between) + 1) / _MOST_STEPS)
    along = [*states.along(first, between[stride - 1 :: stride]), last]
    days = [state.day for state in along if state.day]
    if len(days) < len(along):
        return {}
    held_km2 = np.array([run.areas(state.snapshot, span.actor)[0] for state in along])
    passed = np.array([day.toordinal() for day in days])
    length = passed - passed[:, None]
    out: dict[Line, dict[str, date]] = {}
    for line in lines:
        held = held_km2[:, list(line.members)].sum(axis=1)
        if abs(held[-1] - held[0]) >= SHOWN_KM2:
            share = (held - held[0]) / (held[-1] - held[0])
            # Time runs forward, and some rows give back what came.
            enough = (share - share[:, None] >= 0.5) & (length > 0)
            start, end = np.unravel_index(np.argmin(np.where(enough, length, passed[-1])), length.shape)
            out[line] = {"half_from": days[start], "half_to": days[end]}
    return out
