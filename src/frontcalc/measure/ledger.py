"""Every piece of ground once, with the days from which and until which it was held; and that other figures are sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.archives import Archive
from frontcalc.change import CONTRADICTION_KM2, Floats, Geometries
from frontcalc.change.pieces import Places, by_place, cut_out, together, whole_places, without_hairs
from frontcalc.drift import Drift, MovedRow
from frontcalc.errors import DataError
from frontcalc.keywords import facade
from frontcalc.levels import NONE, TownLine
from frontcalc.measure.diff import finest_lines
from frontcalc.measure.series import series, steps_in
from frontcalc.measure.summary import summary
from frontcalc.measure.where import table_by_towns, where
from frontcalc.notices import Notice
from frontcalc.overlaps import edges_of, shared_area_m2
from frontcalc.periods import Period, PeriodLike, parse_period
from frontcalc.progress import track
from frontcalc.read import SourceFile, read_features
from frontcalc.read.files import file_of
from frontcalc.regions import UNASSIGNED, RegionSet
from frontcalc.regions.sets import Flags
from frontcalc.regions.town_cells import TOWN
from frontcalc.run.chain import keep_measured
from frontcalc.run.land import to_degrees
from frontcalc.run.map_faults import faults_of, suspect_parts
from frontcalc.run.meta import nothing_measured
from frontcalc.run.options import Keywords, Options
from frontcalc.run.parallel import by_workers
from frontcalc.run.remarks import left_out
from frontcalc.run.run import Run
from frontcalc.states import Span, State
from frontcalc.tables import TOTAL, LedgerRow, Table, WhereMeta
from frontcalc.towns import load_towns

TOWNS = 5_000  # the least people of the towns, as in `where`
_KINDS = ("gained", "lost")
_HAIR = 1e-16  # square degrees, a millionth of a m²
_BLOCK = 8  # neighbouring steps that a worker takes at once, so that it reads each map once
_GROUPS = 16  # of places, each of which has pieces of its own

Labels = NDArray[np.intp]
"""Of each piece (k, 7): the step that it came with, 0 for the opening, and the one that it went with, 0 for none; its
place in the regions; whether it came as a sliver, and by a fault; whether it went so."""

Kept = dict[tuple[str, str], bytes]  # as in `Cache.memory`
Step = tuple[Geometries, Labels, Geometries, Labels]
"""Ground that came with a step, cut by place, and what is known of each polygon (k, 3): its place, whether it is of a
sliver, and by a fault; and the same of what went."""


@facade
def ledger(
    period: PeriodLike | None = None, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> Table[LedgerRow, WhereMeta]:
    """Return every piece of ground that was held in a period once, with the days between which it was.

    Parameters
    ----------
    period : str, int, date or pandas.Period, optional
        As for `diff`, one; default all maps of the archive.
    archive, **options
        As for `diff`.

    Returns
    -------
    Table of LedgerRow
        A row a stretch of time, region, nearest town and actor, by the days of coming and going: its area (km²) and its
        polygons in longitude and latitude. Ground that is lost and taken again is a row for each time. What is held
        on a day, and came or went on each step, are sums of `ground_km2`, to a thousandth of a km²; so are what `diff`
        and `where` call gained and lost, less the ground that is lost and taken again between the two maps.

    Raises
    ------
    UsageError, DataError, NoDataError
        As `diff`.
    FrontcalcError
        The pieces do not add up to what the maps show.

    Examples
    --------
    >>> import frontcalc
    >>> pieces = frontcalc.ledger("2024-10", only="Donetsk")
    >>> held_km2 = sum(row.ground_km2 for row in pieces if row.held_until is None)
    >>> abs(held_km2 - frontcalc.diff("2024-10", only="Donetsk").rows[-1].closing_km2) < 0.001
    True
    """
    run = Run.open(archive, Options(**options))
    spans = list(run.resolved([_period(run.archive, period)]))
    names = _split(run)
    rows = [row for span in spans for row in _rows(run, span, names)]
    within = tuple(line.region for line in run.lines.shown[:-1]) if run.lines.left_out else ()
    return table_by_towns(run, LedgerRow, rows, {"towns": TOWNS, "within": within})


def _period(maps: Archive, period: PeriodLike | None) -> Period:
    """Return the period asked for, or from what the archive opens with to its last map."""
    return parse_period(f"..{maps.days[-1]}" if period is None else period)


def _split(run: Run) -> dict[int, tuple[str, str]]:
    """Split a run by towns, and return the region and the town of each of its parts that is not left out."""
    labels = {place: line.region for line in finest_lines(run) for place in line.members}
    region = run.split_by_towns(load_towns(), TOWNS)
    nowhere = (UNASSIGNED, "") if len(region) else ("", "")
    names = {} if len(region) in run.lines.left_out else {len(region): nowhere}
    lines = [line for line in run.lines.shown if isinstance(line, TownLine)]
    times = Counter(line.names["town"] for line in lines)
    for line in lines:
        town = line.names["town"]
        town = f"{town} ({line.home})" if town and times[town] > 1 else town
        names |= {place: (labels[region[place]], town) for place in line.members}
    return names


def _rows(run: Run, span: Span, names: Mapping[int, tuple[str, str]]) -> Iterator[LedgerRow]:
    """Yield the pieces of an actor's period by days of coming and going, then region and town."""
    run.spans.append(span)
    run.figure_notices += [*span.notices, *left_out(run, span.actor, span.period.label)]
    states = steps_in(run, span, "snapshot")
    if not states:
        return
    regions = whole_places(run.partition_for(span.actor))
    first, *_ = [run.holding(state.snapshot, span.actor) for state in states]
    opening, place = by_place(geometry.polygonal(run.ground(first)), regions)
    nothing = opening[:0], np.empty((0, 3), dtype=np.intp)
    steps: list[Step] = [(opening, np.column_stack([place, *np.zeros((2, len(place)), dtype=np.intp)]), *nothing)]
    blocks = [range(first, min(first + _BLOCK, len(states))) for first in range(1, len(states), _BLOCK)]
    measured = by_workers(run.options, _moved, blocks, (run, states, span.actor, regions))
    for _, (made, notices, moved) in zip(track(blocks, "measuring maps"), measured, strict=True):
        keep_measured(([], made), run.cache, elsewhere=False)
        run.figure_notices += notices
        arrays = geometry.from_bytes(moved)
        steps += zip(arrays, arrays, arrays, arrays, strict=True)
    pieces = by_workers(run.options, _pieces, range(_GROUPS), (steps, np.array(list(names)), run.options.crs))
    keys, km2, drawn = map(np.concatenate, zip(*map(geometry.from_bytes, pieces), strict=True))
    del steps
    days = [None, *(state.day for state in states[1:])]
    files = [", ".join(file.name for file in state.snapshot.files) for state in states]
    for at in np.lexsort(keys.T[::-1]).tolist():
        came, went, part, *flags = keys[at].tolist()
        seen = days[came], days[went], float(km2[at]), *map(bool, flags), files[came], files[went] if went else ""
        cells: tuple[Any, ...] = span.actor, *names[part], *seen, drawn[at]
        yield LedgerRow(*cells)


def _moved(block: range, known: tuple[Run, Sequence[State], str, RegionSet]) -> tuple[Kept, list[Notice], bytes]:
    """Return what is to be kept of some steps, their notices, and what came and went with them: `Step`s as bytes."""
    run, states, actor, regions = known
    kept = run.cache.memory or {}
    earlier, notices, arrays = set(kept), list[Notice](), list[NDArray[Any]]()
    for before, after in pairwise(states[block.start - 1 : block.stop]):
        span = Span(Period(str(after.day), None, after.day), before, after, actor=actor)
        changed = run.step(before, after, actor, ground=True)
        assert changed.ground is not None
        faults = faults_of(run, span, changed)
        if faults:
            notices += [notice for *_, notice in suspect_parts(run, span, changed, at_once=False)]
        for kind, parts in zip(_KINDS, changed.ground, strict=True):
            broad, thin = (by_place(parts.polygons[parts.thin == is_thin], regions) for is_thin in (False, True))
            polygons, place = map(np.concatenate, zip(broad, thin, strict=True))
            labels = np.column_stack([place, np.arange(len(place)) >= len(broad[1]), np.zeros_like(place)])
            grounds = shapely.STRtree([fault.ground for fault in faults if fault.kind == kind])
            labels[grounds.query(shapely.point_on_surface(polygons), predicate="intersects")[0], 2] = 1
            arrays += polygons, labels
    return {name: kept[name] for name in kept.keys() - earlier}, notices, geometry.to_bytes(*arrays)


def _pieces(group: int, known: tuple[Sequence[Step], Places, str]) -> bytes:
    """Return the pieces of a group of places, as bytes: the `Labels` of each, its area (km²), its ground in degrees."""
    steps, places, plane = known
    polygons, labels = np.empty(0, dtype=object), np.empty((0, 7), dtype=np.intp)
    done = list[tuple[Geometries, Labels]]()
    for step, (came, came_as, went, went_as) in enumerate(steps):
        new, old = (np.flatnonzero(np.isin(own[:, 0], places[group::_GROUPS])) for own in (came_as, went_as))
        if len(old):
            taken, of, part, left, rest = cut_out(polygons, labels[:, 2], went[old], went_as[old, 0])
            own = labels[of]
            own[:, 1], own[:, 5:] = step, went_as[old[part], 1:]
            done.append((taken, own))
            kept = np.ones(len(polygons), dtype=bool)
            kept[of] = kept[rest] = False
            polygons, labels = np.concatenate([polygons[kept], left]), np.concatenate([labels[kept], labels[rest]])
        more = np.zeros((len(new), 7), dtype=np.intp)
        more[:, 0], more[:, 2:5] = step, came_as[new]
        polygons, labels = np.concatenate([polygons, came[new]]), np.concatenate([labels, more])
    parts, own = map(np.concatenate, zip(*done, (polygons, labels), strict=True))
    keys, of = np.unique(own, axis=0, return_inverse=True)
    order = np.argsort(of := of.reshape(-1), kind="stable")
    km2 = np.bincount(of, geometry.area_km2(parts), len(keys))
    return geometry.to_bytes(keys, km2, _in_degrees(*together(parts[order], of[order]), len(keys), plane))


def _in_degrees(parts: Geometries, of: Places, count: int, plane: str) -> Geometries:
    """Return polygons of a projection as multipolygons (count,) in degrees, valid and in one form; each is `of` one."""
    parts = to_degrees(parts, plane)
    drawn = np.asarray(shapely.multipolygons(parts, indices=of), dtype=object)
    bad = ~shapely.is_valid(drawn)
    mended, number = geometry.polygons_of(shapely.make_valid(drawn[bad], method="structure", keep_collapsed=False))
    kept = ~bad[of]
    parts = np.concatenate([parts[kept], without_hairs(mended, _HAIR)])
    rows, row = np.unique(np.append(of[kept], np.flatnonzero(bad)[number]), return_inverse=True)
    order = np.argsort(row, kind="stable")
    whole = np.full(count, shapely.MultiPolygon(), dtype=object)
    whole[rows] = shapely.orient_polygons(shapely.normalize(shapely.multipolygons(parts[order], indices=row[order])))
    return whole


@facade
def check_ledger(
    file: str | Path,
    period: PeriodLike | None = None,
    *,
    archive: str | Path | Archive | None = None,
    **options: Unpack[Keywords],
) -> Drift:
    """Compare the sums over a ledger that was written with what the archive gives now.

    Parameters
    ----------
    file : path
        A ledger, as `ledger` writes it.
    period, archive, **options
        As the ledger was made with.

    Returns
    -------
    Drift
        The rows of `series`, `summary` with `gross` by year (which has the figures of `diff`) and `where` whose figures
        differ from the sums by more than 0.001 km². `.require_none()` raises CheckFailed where there are any.

    Raises
    ------
    UsageError, DataError, NoDataError
        As `ledger`; DataError also where the file is no ledger.

    Examples
    --------
    >>> import frontcalc
    >>> frontcalc.ledger("2024-10").save("october.geojson")
    >>> frontcalc.check_ledger("october.geojson", "2024-10").moved
    ()
    """
    maps = Run.open(archive, Options(**options))
    source, kept = _read(file, maps)
    spans = maps.resolved([_period(maps.archive, period)])
    days = [day for span in spans for state in span.ends or () if (day := state.day)]
    if not days:
        raise nothing_measured(maps, ())
    first, last = min(days), max(days)
    # What begins on it opens with the map of the first day.
    day_after = first + timedelta(days=1)
    given: dict[str, Any] = {"archive": archive, **options}
    tables: dict[str, Table[Any, Any]] = {
        "series": series(since=day_after, until=last, **given),
        "summary": summary(every="year", gross=True, since=day_after, until=last, **given),
    }
    if options.get("by") != NONE:
        tables["where"] = where(f"{first}..{last}", **given)
    compared = [one for name, table in tables.items() for one in _compared(kept, name, table)]
    count, names = sum(cells for cells, _ in compared), ", ".join(tables)
    what = f"its sums were compared with {count:,} figures of {names}, {first} to {last}, to {CONTRADICTION_KM2} km²"
    return Drift(source.name, tuple(row for _, row in compared if row.cells), what)


def _read(file: str | Path, maps: Run) -> tuple[SourceFile, dict[str, NDArray[Any]]]:
    """Return a file that was read, and the columns that sums are made of: days as text, far ones where it is held.

    Beside them are all polygons, in metres of the plane of some maps, and the row that each is of. DataError where the
    file names none of these maps.
    """
    source, features = read_features(file_of(file))
    names = ("actor", "region", "town", "held_from", "held_until", "ground_km2", "came_sliver", "went_sliver")
    try:
        columns = {name: [own[name] for own in features.properties] for name in names}
        kept = {name: np.array([str(one or "") for one in columns[name]]) for name in names[:3]}
        for name, blank in (("held_from", ""), ("held_until", "9999")):
            kept[name] = np.array([str(one)[:10] if one else blank for one in columns[name]])
        kept["ground_km2"] = np.array(columns["ground_km2"], dtype=np.float64)
        kept |= {name: np.array(columns[name], dtype=bool) for name in names[6:]}
        cells = [own[name] for name in ("came_files", "went_files") for own in features.properties]
    except (KeyError, TypeError, ValueError) as error:
        problem = "is no ledger: it lacks columns, or has others in them"
        raise DataError(problem, where=source.name, cure="give what «frontcalc ledger» wrote, in km²") from error
    shown_by = ", ".join(str(cell) for cell in cells if cell).split(", ")
    own = ", ".join(name for ref in maps.archive.refs for name in ref.names).split(", ")
    if cells and {*own}.isdisjoint(shown_by):
        problem = f"is of other maps (first file name {shown_by[0]})"
        raise DataError(problem, where=source.name, cure="give the archive that it was made from with --archive")
    kept["town"] = np.where(kept["region"] == UNASSIGNED, UNASSIGNED, kept["town"])
    drawn = geometry.project_polygons(features.polygons, crs.projector(features.crs, maps.options.crs))
    # Ground that touches itself in degrees may cross itself by a hair in metres, where edges do not say what is inside.
    crossed = ~shapely.is_valid(drawn)
    drawn[crossed] = geometry.made_valid(drawn[crossed])
    polygons, of = geometry.polygons_of(drawn)
    return source, kept | {"polygons": polygons, "row": features.owner[of]}


def _again_km2(kept: dict[str, NDArray[Any]], lost: Flags, taken: Flags, count: int, of: Labels) -> Floats:
    """Return how much of the ground of some rows, which was lost, is that of others, taken later, by place (count,)."""
    one, other = (np.flatnonzero(rows[kept["row"]]) for rows in (lost, taken))
    polygons, row = kept["polygons"], kept["row"]
    i, j = geometry.meeting_boxes(polygons[one], shapely.STRtree(polygons[other]))
    same = (kept["region"][row[one[i]]] == kept["region"][row[other[j]]]) & (of[row[one[i]]] == of[row[other[j]]])
    i, j = i[same], j[same]
    if not len(i):
        return np.zeros(count)
    shared_m2 = shared_area_m2(edges_of(polygons[one]), edges_of(polygons[other]), i, j)
    return np.bincount(of[row[one[i]]], shared_m2 / 1e6, count).astype(np.float64)


def _compared(kept: dict[str, NDArray[Any]], name: str, table: Table[Any, Any]) -> Iterator[tuple[int, MovedRow]]:
    """Yield each row of a table that sums over a ledger tell, with how many cells that are, and those that differ."""
    place, finest = ("town" if name == "where" else "region"), table.meta.level.split(",")[-1]
    since, until = kept["held_from"], kept["held_until"]
    places, of = np.unique(kept[place], return_inverse=True)
    ends = ("previous", "snapshot") if name == "series" else ("opening", "closing")
    for (actor, *days), rows in groupby(table.rows, attrgetter("actor", *ends)):
        first, last = map(str, days)
        came, went, before = (first < since) & (since <= last), (first < until) & (until <= last), since <= first
        now = (since <= last) & (until > last)
        pieces = {"opening": before & (until > first), "closing": now, "held": now}
        pieces |= {"gained": came & now, "lost": before & went, "gross_gained": came, "gross_lost": went}
        pieces |= {"sliver_gained": came & kept["came_sliver"], "sliver_lost": went & kept["went_sliver"]}
        own = {f"{figure}_km2": chosen & (kept["actor"] == actor) for figure, chosen in pieces.items()}
        km2: dict[str, Floats] = {
            column: np.bincount(of[one], kept["ground_km2"][one], len(places)).astype(np.float64)
            for column, one in own.items()
        }
        if name != "series":
            # Ground that was lost and taken again between the two maps changed nothing between them.
            again_km2 = _again_km2(kept, own["lost_km2"], own["gained_km2"], len(places), of)
            km2 |= {column: km2[column] - again_km2 for column in ("gained_km2", "lost_km2")}
        for row in rows:
            label = row.region if row.region in (UNASSIGNED, TOTAL) else getattr(row, place)
            # Of several towns of one name each has its region too.
            label = alone if (alone := f"{label} ({row.region})") in places else label
            if row.level not in (finest, TOTAL, TOWN) or not label:
                continue
            mine = slice(None) if label == TOTAL else places == label
            known = {column: value for column in km2 if (value := getattr(row, column, None)) is not None}
            sums = {column: float(km2[column][mine].sum()) for column in known}
            differ = tuple(
                (column, f"{sums[column]:.4f}", f"{value:.4f}")
                for column, value in known.items()
                if abs(sums[column] - value) > CONTRADICTION_KM2
            )
            when = getattr(row, "period", None) or str(row.date)
            yield len(known), MovedRow(name, (actor, when, row.level, label), "moved", differ, ())
