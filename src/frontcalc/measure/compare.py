"""Several publishers' maps side by side, each with a run of its own: figures, and their range."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import shapely

from frontcalc import change, geometry
from frontcalc.archives import Archive, split_name
from frontcalc.change import Floats, Geometries
from frontcalc.errors import NoDataError, UsageError
from frontcalc.keywords import facade
from frontcalc.measure.diff import columns_of, diff_rows
from frontcalc.measure.sensitivity import MEASURES
from frontcalc.measure.summary import Calendar, periods_of
from frontcalc.names import printable
from frontcalc.notices import Notice
from frontcalc.periods import Period, PeriodLike, PeriodsLike, parse_periods
from frontcalc.run.land import shapes_of
from frontcalc.run.meta import meta_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import Measured, measured
from frontcalc.run.run import Run
from frontcalc.states import SPAN_TOLERANCE
from frontcalc.tables import CompareMeta, CompareRow, DiffRow, Meta, Table, extended
from frontcalc.towns import load_towns

LEFT_OUT_KM2 = 5000.0  # ground that others hold at both ends: more than this is a definition, and no delay

Archives = Sequence[str | Path | Archive]

Side = tuple[Run, Measured]
"""One archive's run, and what it measured of an actor's period."""


@facade
def compare(
    periods: PeriodsLike = (),
    *,
    archives: Archives,
    every: str | None = None,
    since: PeriodLike | None = None,
    until: PeriodLike | None = None,
    **options: Unpack[Keywords],
) -> Table[CompareRow, CompareMeta]:
    """Measure the same periods on the maps of several publishers, side by side.

    Parameters
    ----------
    archives : sequence of path or Archive
        Two or more archives; «ISW=maps/isw» gives one a name.
    every, since, until
        In place of periods: the calendar periods of `summary` for which two archives or more have maps.
    periods, **options
        As for `diff`, for each.

    Returns
    -------
    Table of CompareRow
        By actor, period and region, a row an archive (km²). `meta.archives` has the maps, layers and notices of each.

    Raises
    ------
    UsageError, DataError, NoDataError
        As `diff`; UsageError also where fewer than two archives are given or they share no actor or no regions,
        NoDataError where fewer than two have two maps for any of the periods.

    Notes
    -----
    Where the days between the maps differ by more than 5 %, changes have no range: they are not of the same time; nets
    have one where they can be taken linearly to the days asked for.

    Examples
    --------
    >>> import frontcalc
    >>> import shutil
    >>> files = frontcalc.convert("one")  # the bundled sample; another publisher's maps end earlier
    >>> other = shutil.copytree("one", "other", ignore=shutil.ignore_patterns("2024-11-17.geojson"))
    >>> table = frontcalc.compare(["2024"], archives=["one", "other"], by="none")
    >>> for row in table.rows:
    ...     print(f"{row.archive}: {row.net_km2:+,.1f} km² by {row.closing}, {row.closing_only_km2:.1f} on it alone")
    one: +2,700.0 km² by 2024-11-17, 130.1 on it alone
    other: +2,576.6 km² by 2024-11-10, 6.6 on it alone
    """
    if every is None and not (since is None and until is None):
        raise UsageError("is of calendar periods", where="--since and --until", cure="add --every month")
    wanted: Sequence[Period] = () if every and not periods else parse_periods(periods)
    if every and wanted:
        cure = "leave out the periods; --since and --until say from when to when"
        raise UsageError("says what the periods are", where="--every", cure=cure)
    runs = open_each(named_archives(archives), Options(**options))
    if every:
        # Those of which two archives have maps, whole ones before those that an archive's own end cuts.
        known = [one for run in runs for one in periods_of(every, run.archive, Calendar(since, until), None)]
        counts = Counter((period.opens_on, period.closes_on) for period in known)
        shared = {period.label: period for period in known if counts[period.opens_on, period.closes_on] > 1}
        wanted = sorted(shared.values(), key=lambda period: period.opens_on or date.min)
    shown = measure_each(runs, [wanted] * len(runs))
    rows, notices = list[CompareRow](), list[Notice]()
    for sides in shown:
        tables = [list(diff_rows(run, one)) for run, one in sides]
        apart = [_apart(sides, side) for side in sides]
        of_days, (_, left) = days_differ(sides, tables), left_out(sides, "shares are not compared")
        notices += [*left.values(), *of_days]
        for line, *beside in zip(sides[0][0].lines.shown, *tables, strict=True):
            ends = _least_and_most([row for row in beside if row.net_km2 is not None])
            for (run, _), row, areas in zip(sides, beside, apart, strict=True):
                own = [left[run.archive.name]] if run.archive.name in left else []
                notes = " ".join(sorted({*row.notes.split(), *(notice.code for notice in (*of_days, *own))}))
                only, lacking = (None, None) if areas is None else map(line.sum_of, areas)
                more: dict[str, Any] = {"notes": notes, "closing_only_km2": only, "closing_lacking_km2": lacking}
                more |= {"not_held_km2": None} if own else {}
                rows.append(extended(CompareRow, row, **more, **ends))
    meta = replace(joint_meta(tuple(map(meta_of, runs)), notices), every=every or "")
    return Table(CompareRow, tuple(rows), meta, shapes_of(runs[0]))


def open_each(named: Sequence[tuple[str | Path | Archive, str]], options: Options) -> list[Run]:
    """Return the runs of two archives or more, in their order, which have the same regions."""
    if len(named) < 2:
        raise UsageError("two archives at least are compared", where="--archive", cure="give it once for each")
    runs = [Run.open(archive, options) for archive, _ in named]
    for run, (_, name) in zip(runs, named, strict=True):
        # Two publishers' folders may have one name.
        run.archive = replace(run.archive, name=printable(name))
        run.beside = tuple(runs)
    return runs


def measure_each(
    runs: Sequence[Run], periods: Sequence[Sequence[Period]], *, ground: bool = False, people: int | None = None
) -> list[list[Side]]:
    """Return the sides of each actor and period, of the periods that each run has.

    With `ground` the polygons come too; with `people`, figures are split by the towns of at least so many.
    """
    sides: dict[tuple[str, str], list[Side]] = {}
    for run, wanted in zip(runs, periods, strict=True):
        spans = run.resolved(wanted)
        if people is not None:
            run.split_by_towns(load_towns(), people)
        for one in sorted(measured(run, spans, ground=ground), key=lambda one: one.span.actor):
            sides.setdefault((one.span.actor, one.span.period.label), []).append((run, one))
    first, *others = runs
    for run in others:
        if not set(run.actors) & set(first.actors):
            shown = [f"{one.archive.name} shows {' and '.join(one.actors)}" for one in (first, run)]
            raise UsageError("; ".join(shown), cure="say whose territory with --actor")
        if [line.region for line in run.lines.shown] != [line.region for line in first.lines.shown]:
            problem = f"{first.archive.name} and {run.archive.name} are of different places, so that regions differ"
            raise UsageError(problem, cure="give a file with --regions, or --by none")
    if len({run for parts in sides.values() for run, one in parts if one.change}) < 2:
        extents = "; ".join(f"{run.archive.name} has maps of {run.archive.extent}" for run in runs)
        raise NoDataError("fewer than two archives have two maps for a period asked for", cure=extents)
    return list(sides.values())


def named_archives(archives: Archives) -> list[tuple[str | Path | Archive, str]]:
    """Return archives with their names: as given, else the folder's, or its path where two have the same name."""
    pairs, places = list[tuple[str | Path | Archive, str]](), list[str | Path]()
    for one in archives:
        name, path = ("", one) if isinstance(one, Archive) else split_name(one)
        place = path.name if isinstance(path, Archive) else Path(path).resolve()
        places.append(place)
        pairs.append((path, name or (place if isinstance(place, str) else place.name)))
    names = [name for _, name in pairs]
    named = [(one, name if names.count(name) == 1 or isinstance(one, Archive) else str(one)) for one, name in pairs]
    if len(set(places)) < len(places) or len({name for _, name in named}) < len(named):
        raise UsageError("the same archive is given twice", where="--archive", cure="give it once for each")
    return named


def ground_at(side: Side, *, opening: bool = False) -> shapely.MultiPolygon | None:
    """Return the ground that an archive shows as held at the close of a period, or the opening, if it has a map."""
    run, (span, *_) = side
    state = span.opening if opening else span.closing
    return run.ground(run.holding(state.snapshot, span.actor)) if state else None


def _apart(sides: Sequence[Side], mine: Side) -> tuple[Floats, Floats] | None:
    """Return what an archive alone holds at the close, and what it lacks of what others hold; None without both."""
    others = [ground for side in sides if side is not mine and (ground := ground_at(side)) is not None]
    if (own := ground_at(mine)) is None or not others:
        return None
    # One set of regions for all archives, so that a row measures the same ground on each.
    run, one = sides[0]
    partition = run.partition_for(one.span.actor)
    only, lacking = change.differences(geometry.union(geometry.polygonal(others)), own, whole=True)
    return change.areas(only, partition)[0], change.areas(lacking, partition)[0]


def left_out(sides: Sequence[Side], consequence: str) -> tuple[dict[str, Geometries], dict[str, Notice]]:
    """Return the ground that an archive leaves out by definition, and the notice that says so, by its name.

    It is connected ground of more than `LEFT_OUT_KM2` that the others hold at both ends, and this one does not at both.
    """
    always: dict[str, shapely.Geometry] = {}
    for side in sides:
        opening, closing = ground_at(side, opening=True), ground_at(side)
        if opening is not None and closing is not None:
            always[side[0].archive.name] = geometry.overlaid(shapely.intersection, opening, closing)
    grounds, notices = dict[str, Geometries](), dict[str, Notice]()
    for name, own in always.items() if len(always) > 1 else ():
        others = shapely.intersection_all([held for other, held in always.items() if other != name])
        parts = geometry.polygonal(geometry.overlaid(shapely.difference, others, own))
        if len(large := parts[geometry.area_km2(parts) > LEFT_OUT_KM2]):
            km2 = float(np.sum(geometry.area_km2(large)))
            what = f"{name} leaves out {km2:,.0f} km² that the others hold at both ends: {consequence}"
            grounds[name] = large
            notices[name] = Notice("LEAVES-OUT", what, sides[0][1].span.period.label, km2=km2, line=what)
    return grounds, notices


def _least_and_most(rows: Sequence[DiffRow]) -> dict[str, float]:
    """Return the columns of the least and the most of each measure over two rows or more, over about as many days."""
    ends: dict[str, float] = {}
    measures = MEASURES if _alike(row.days for row in rows) else ("net",) if all(map(_to_the_day, rows)) else ()
    for measure in measures if len(rows) > 1 else ():
        figures = [getattr(row, f"{measure}_km2") for row in rows]
        if measure == "net":
            moved = (row.net_interpolated_km2 for row in rows)
            figures = [own if km2 is None else km2 for km2, own in zip(moved, figures, strict=True)]
        ends |= {f"{measure}_min_km2": min(figures), f"{measure}_max_km2": max(figures)}
    return ends


def _to_the_day(row: DiffRow) -> bool:
    """Say whether a row's net is for the days of its period, by its maps or interpolated."""
    return row.net_interpolated_km2 is not None or "SPAN" not in row.notes.split()


def joint_meta(each: Sequence[Meta], notices: Sequence[Notice] = ()) -> CompareMeta:
    """Return what a comparison rests on: files, layers and terms of all archives together, and each archive's own."""
    actors, counted, not_counted, files, attribution = (
        [value for meta in each for value in getattr(meta, name)]
        for name in ("actors", "counted", "not_counted", "files", "attribution")
    )
    of_archives = [
        replace(one, message=f"{meta.archive}: {one.message}", line=one.line and f"{meta.archive}: {one.line}")
        for meta in each
        for one in meta.notices
        if one.code != "OLD-REGIONS"
    ]
    # Of regions, which are the same for all.
    of_archives += [one for one in each[0].notices if one.code == "OLD-REGIONS"]
    of_days = [one for one in notices if one.code != "LEAVES-OUT"]
    return extended(
        CompareMeta,
        each[0],
        archive=" and ".join(meta.archive for meta in each),
        actors=tuple(dict.fromkeys(actors)),
        other_actors=(),
        counted=tuple(sorted(set(counted))),
        not_counted=tuple(sorted(set(not_counted))),
        files=tuple(files),
        periods=(),
        notices=(*(one for one in notices if one.code == "LEAVES-OUT"), *of_archives, *of_days),
        attribution=tuple(dict.fromkeys(attribution)),
        publisher="",
        **{
            name: tuple(replace(one, name=f"{meta.archive}/{one.name}") for meta in each for one in getattr(meta, name))
            for name in ("maps", "legends", "looked_at")
        },
        advances=any(meta.advances for meta in each),
        archives=tuple(each),
    )


def days_differ(sides: Sequence[Side], tables: Sequence[Sequence[DiffRow]] = ()) -> list[Notice]:
    """Return a notice where archives have the maps that open and close a period on different days."""
    spans, none = [columns_of(run, one.span) for run, one in sides], "no map"
    if len({(span["opening"], span["closing"]) for span in spans}) == 1:
        return []
    days = "; ".join(f"{one['archive']} {one['opening'] or none} and {one['closing'] or none}" for one in spans)
    totals = [rows[-1] for rows in tables if rows[-1].net_km2 is not None]
    beyond = "" if not tables or _alike(span["days"] for span in spans) else "; so far apart that changes have no range"
    if any(row.net_interpolated_km2 is not None for row in totals) and all(map(_to_the_day, totals)):
        beyond = "; nets apart are those taken linearly to the days asked for"
    return [Notice("DAYS-DIFFER", f"opening and closing maps are of {days}{beyond}", spans[0]["period"])]


def _alike(days: Iterable[int | None]) -> bool:
    """Say whether changes over so many days may be compared: they differ by no more than `SPAN_TOLERANCE`."""
    known = [count for count in days if count]
    return not known or max(known) <= (1 + SPAN_TOLERANCE) * min(known)
