"""Several publishers' maps side by side, each with a run of its own: figures, their range, where they disagree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import shapely

from frontcalc import change, geometry
from frontcalc.archives import Archive
from frontcalc.change import Floats
from frontcalc.errors import NoDataError, UsageError
from frontcalc.keywords import facade
from frontcalc.measure.diff import columns_of, diff_rows, extended, finest_lines
from frontcalc.measure.sensitivity import MEASURES
from frontcalc.names import printable
from frontcalc.notices import Notice
from frontcalc.periods import PeriodsLike, parse_periods
from frontcalc.run.lands import drawn_in_degrees, shapes_of
from frontcalc.run.meta import meta_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import Measured, measured
from frontcalc.run.run import Run
from frontcalc.states import SPAN_TOLERANCE
from frontcalc.tables import CompareMeta, CompareRow, DisagreementRow, Table


class Side(NamedTuple):
    """One archive's part in an actor's period: what it measured, and the ground held at the close if it has a map."""

    run: Run
    measured: Measured
    closing: shapely.MultiPolygon | None


@facade
def compare(
    periods: PeriodsLike, *, archives: Sequence[str | Path | Archive], **options: Unpack[Keywords]
) -> Table[CompareRow, CompareMeta]:
    """Measure the same periods on the maps of several publishers, side by side.

    Parameters
    ----------
    archives : sequence of path or Archive
        Two or more archives.
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
    Where the days between the maps differ by more than 5 %, changes have no range: they are not of the same time.

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
    runs, shown = _measure_each(periods, archives, Options(**options))
    rows: list[CompareRow] = []
    for sides in shown:
        tables = [list(diff_rows(side.run, side.measured)) for side in sides]
        apart = [_apart(sides, side) for side in sides]
        codes = {notice.code for notice in _days_differ(sides)}
        for line, *beside in zip(sides[0].run.lines.shown, *tables, strict=True):
            ends: dict[str, float] = {}
            # The least and the most of each measure are over two archives or more, over about as many days.
            if _alike(row.days for row in beside if row.net_km2 is not None):
                for measure in MEASURES:
                    figures = [value for row in beside if (value := getattr(row, f"{measure}_km2")) is not None]
                    if len(figures) > 1:
                        ends |= {f"{measure}_min_km2": min(figures), f"{measure}_max_km2": max(figures)}
            for row, areas in zip(beside, apart, strict=True):
                notes = " ".join(sorted({*row.notes.split(), *codes}))
                only, lacking = (None, None) if areas is None else map(line.sum_of, areas)
                more: dict[str, Any] = {"notes": notes, "closing_only_km2": only, "closing_lacking_km2": lacking}
                rows.append(extended(CompareRow, row, **more, **ends))
    return Table(CompareRow, tuple(rows), _meta(runs, shown), shapes_of(runs[0]))


@facade
def disagreements(
    periods: PeriodsLike, *, archives: Sequence[str | Path | Archive], **options: Unpack[Keywords]
) -> Table[DisagreementRow, CompareMeta]:
    """Return the ground that one publisher shows as held at the close of a period and another does not.

    Parameters
    ----------
    periods, archives, **options
        As for `compare`.

    Returns
    -------
    Table of DisagreementRow
        By actor, period and pair of archives, a row a region of the finest level with any such ground.

    Raises
    ------
    UsageError, DataError, NoDataError
        As `compare`.

    Examples
    --------
    >>> import frontcalc
    >>> import shutil
    >>> files = frontcalc.convert("one")  # the bundled sample; another publisher's maps end earlier
    >>> other = shutil.copytree("one", "other", ignore=shutil.ignore_patterns("2024-11-17.geojson"))
    >>> table = frontcalc.disagreements(["2024"], archives=["one", "other"], by="none")
    >>> [(row.holder, row.lacker, round(row.km2, 1)) for row in table.rows]
    [('one', 'other', 130.1), ('other', 'one', 6.6)]
    """
    runs, shown = _measure_each(periods, archives, Options(**options))
    rows: list[DisagreementRow] = []
    for first, (holder, lacker) in ((sides[0], pair) for sides in shown for pair in permutations(sides, 2)):
        if holder.closing is None or lacker.closing is None:
            continue
        mine, its = (columns_of(side.run, side.measured.span) for side in (holder, lacker))
        run, takers = first.run, first.run.takers(mine["actor"])
        ground = geometry.polygonal(geometry.overlaid(shapely.difference, holder.closing, lacker.closing))
        km2, grounds = change.areas(ground, takers)[0], change.by_region(ground, takers)
        for line in finest_lines(run):
            if not (part := line.ground_of(grounds)).is_empty:
                names = (mine["period"], mine["actor"], line.region, mine["archive"], its["archive"])
                drawn = drawn_in_degrees(geometry.polygonal(part), run.options.crs)
                rows.append(DisagreementRow(*names, line.sum_of(km2), mine["closing"], its["closing"], drawn))
    return Table(DisagreementRow, tuple(rows), _meta(runs, shown))


def _measure_each(
    periods: PeriodsLike, archives: Sequence[str | Path | Archive], options: Options
) -> tuple[list[Run], list[list[Side]]]:
    """Return the runs of two archives or more, in their order, and the sides of each actor and period."""
    wanted = parse_periods(periods)
    if len(archives) < 2:
        raise UsageError("two archives at least are compared", where="--archive", cure="give it once for each")
    runs: list[Run] = []
    found: list[list[Measured]] = []
    for path, name in zip(archives, _names(archives), strict=True):
        run = Run.open(path, options)
        spans = run.resolved(wanted)
        # Two publishers' folders may have one name.
        run.archive = replace(run.archive, name=printable(name))
        found.append(list(measured(run, spans)))
        runs.append(run)
    first, *others = runs
    for run in others:
        if not set(run.actors) & set(first.actors):
            shown = [f"{one.archive.name} shows {' and '.join(one.actors)}" for one in (first, run)]
            raise UsageError("; ".join(shown), cure="say whose territory with --actor")
        if [line.region for line in run.lines.shown] != [line.region for line in first.lines.shown]:
            problem = f"{first.archive.name} and {run.archive.name} are of different places, so that regions differ"
            raise UsageError(problem, cure="give a file with --regions, or --by none")
    if sum(any(one.change for one in mine) for mine in found) < 2:
        extents = "; ".join(f"{run.archive.name} has maps of {run.archive.extent}" for run in runs)
        raise NoDataError("fewer than two archives have two maps for a period asked for", cure=extents)
    sides: dict[tuple[str, str], list[Side]] = {}
    for run, mine in zip(runs, found, strict=True):
        for one in sorted(mine, key=lambda one: one.span.actor):
            actor, closing = one.span.actor, one.span.closing
            ground = run.ground(run.holding(closing.snapshot, actor)) if closing else None
            sides.setdefault((actor, one.span.period.label), []).append(Side(run, one, ground))
    return runs, list(sides.values())


def _names(archives: Sequence[str | Path | Archive]) -> list[str]:
    """Return what archives are called: by their names, as they were given where those are the same."""
    places = [one.name if isinstance(one, Archive) else Path(one).resolve() for one in archives]
    names = [place if isinstance(place, str) else place.name for place in places]
    given = zip(archives, names, strict=True)
    told = [name if names.count(name) == 1 or isinstance(one, Archive) else str(one) for one, name in given]
    if len(set(places)) < len(places) or len(set(told)) < len(told):
        raise UsageError("the same archive is given twice", where="--archive", cure="give it once for each")
    return told


def _apart(sides: Sequence[Side], mine: Side) -> tuple[Floats, Floats] | None:
    """Return what an archive alone holds at the close, and what it lacks of what others hold; None without both."""
    others = [side.closing for side in sides if side is not mine and side.closing is not None]
    if mine.closing is None or not others:
        return None
    theirs = geometry.union(geometry.polygonal(others))
    # One set of regions for all, so that the sides of a row are of the very same ground.
    takers = sides[0].run.takers(mine.measured.span.actor)
    only, lacking = (
        geometry.overlaid(shapely.difference, *pair) for pair in ((mine.closing, theirs), (theirs, mine.closing))
    )
    return change.areas(only, takers)[0], change.areas(lacking, takers)[0]


def _meta(runs: Sequence[Run], shown: Sequence[Sequence[Side]]) -> CompareMeta:
    """Return what a comparison rests on: what all archives share, and each one's own."""
    each = tuple(map(meta_of, runs))
    shared = ("actors", "counted", "not_counted", "files", "attribution")
    of_all = {name: [value for meta in each for value in getattr(meta, name)] for name in shared}
    notices = [replace(said, message=f"{meta.archive}: {said.message}") for meta in each for said in meta.notices]
    return extended(
        CompareMeta,
        each[0],
        archive=" and ".join(meta.archive for meta in each),
        actors=tuple(dict.fromkeys(of_all["actors"])),
        other_actors=(),
        counted=tuple(sorted(set(of_all["counted"]))),
        not_counted=tuple(sorted(set(of_all["not_counted"]))),
        files=tuple(of_all["files"]),
        periods=(),
        notices=(*notices, *(said for sides in shown for said in _days_differ(sides))),
        attribution=tuple(dict.fromkeys(of_all["attribution"])),
        publisher="",
        archives=each,
    )


def _days_differ(sides: Sequence[Side]) -> list[Notice]:
    """Return a notice where archives have the maps that open and close a period on different days."""
    spans, none = [columns_of(side.run, side.measured.span) for side in sides], "no map"
    if len({(span["opening"], span["closing"]) for span in spans}) == 1:
        return []
    days = "; ".join(f"{one['archive']} {one['opening'] or none} and {one['closing'] or none}" for one in spans)
    beyond = "" if _alike(span["days"] for span in spans) else "; so far apart that changes have no range"
    return [Notice("DAYS-DIFFER", f"opening and closing maps are of {days}{beyond}", spans[0]["period"])]


def _alike(days: Iterable[int | None]) -> bool:
    """Say whether changes over so many days may be compared: they differ by no more than `SPAN_TOLERANCE`."""
    known = [count for count in days if count]
    return not known or max(known) <= (1 + SPAN_TOLERANCE) * min(known)
