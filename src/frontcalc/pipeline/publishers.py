"""Several publishers' maps of the same ground side by side: figures, their range, and where they disagree.

Nothing is merged: each archive has its own maps, actors and notices, and its own run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import permutations
from pathlib import Path
from typing import Any, Unpack

import shapely

from frontcalc import change, geometry
from frontcalc.archives import Archive
from frontcalc.change import Areas
from frontcalc.keywords import facade
from frontcalc.notices import Notice
from frontcalc.periods import PeriodsLike
from frontcalc.pipeline.conversion import drawn_in_degrees
from frontcalc.pipeline.diffs import diff_rows
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.outcomes import MEASURES
from frontcalc.pipeline.provenance import meta_of
from frontcalc.pipeline.region_shapes import shapes_of
from frontcalc.pipeline.sides import Publisher, Side, measure_each, sides_of
from frontcalc.pipeline.spans import period_used
from frontcalc.states import SPAN_TOLERANCE, State
from frontcalc.tables import TOTAL, CompareMeta, CompareRow, DiffRow, DisagreementRow, Meta, Table


@facade
def compare(
    periods: PeriodsLike, *, archives: Sequence[str | Path | Archive], **options: Unpack[Options]
) -> Table[CompareRow, CompareMeta]:
    """Measure the same periods on the maps of several publishers, side by side.

    Parameters
    ----------
    periods : str, int, date or pandas.Period, or sequence of these
        As for `diff`.
    archives : sequence of path or Archive
        Two or more archives.
    **options
        How to measure each: see `Options`.

    Returns
    -------
    Table of CompareRow
        By actor, period and region, a row an archive, areas in km². `meta.archives` has the maps, layers and
        notices of each.

    Raises
    ------
    UsageError
        As `diff`; also where fewer than two archives are given, or they share no actor or no regions.
    DataError
        As `diff`.
    NoDataError
        Fewer than two archives have two maps for any of the periods.

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
    publishers = measure_each(periods, archives, options)
    shown = list(sides_of(publishers))
    rows = tuple(row for sides in shown for row in _rows(sides))
    return Table(CompareRow, rows, _meta(publishers, shown), shapes_of(publishers[0].run))


@facade
def disagreements(
    periods: PeriodsLike, *, archives: Sequence[str | Path | Archive], **options: Unpack[Options]
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
    publishers = measure_each(periods, archives, options)
    shown = list(sides_of(publishers))
    rows = tuple(row for sides in shown for row in _disagreements(sides))
    return Table(DisagreementRow, rows, _meta(publishers, shown))


def _rows(sides: Sequence[Side]) -> Iterator[CompareRow]:
    """Yield the rows of one actor and period: region by region, a row an archive."""
    tables = [list(diff_rows(side.run, side.measured)) for side in sides]
    apart = [_apart(sides, side) for side in sides]
    codes = {notice.code for notice in _days_differ(sides)}
    for nth, line in enumerate(sides[0].run.rows()):
        rows = [table[nth] for table in tables]
        ends = _range(rows)
        for row, areas in zip(rows, apart, strict=True):
            own: dict[str, Any] = {entry.name: getattr(row, entry.name) for entry in fields(row)} | ends
            own["notes"] = " ".join(sorted({*row.notes.split(), *codes}))
            only, lacking = (None, None) if areas is None else (line.sum_of(area.km2) for area in areas)
            yield CompareRow(**own, closing_only_km2=only, closing_lacking_km2=lacking)


def _range(rows: Sequence[DiffRow]) -> dict[str, float]:
    """Return the least and the most of each measure over two archives or more, over about as many days."""
    ends: dict[str, float] = {}
    if not _alike(row.days for row in rows if row.net_km2 is not None):
        return ends
    for measure in MEASURES:
        figures = [value for row in rows if (value := getattr(row, f"{measure}_km2")) is not None]
        if len(figures) > 1:
            ends |= {f"{measure}_min_km2": min(figures), f"{measure}_max_km2": max(figures)}
    return ends


def _apart(sides: Sequence[Side], mine: Side) -> tuple[Areas, Areas] | None:
    """Return what an archive alone holds at the close, and what it lacks of what others hold; None without both."""
    others = [side.closing for side in sides if side is not mine and side.closing is not None]
    if mine.closing is None or not others:
        return None
    theirs = geometry.union(geometry.polygonal(others))
    # One set of regions for all, so that the sides of a row are of the very same ground.
    takers = sides[0].run.takers(mine.measured.actor)
    only, lacking = shapely.difference(mine.closing, theirs), shapely.difference(theirs, mine.closing)
    return change.areas(only, takers), change.areas(lacking, takers)


def _disagreements(sides: Sequence[Side]) -> Iterator[DisagreementRow]:
    """Yield where one archive's closing map shows ground as held and another's does not, pair by pair."""
    run = sides[0].run
    level = run.lines.levels[-1] if run.lines.levels else TOTAL
    for holder, lacker in permutations(sides, 2):
        if holder.closing is None or lacker.closing is None:
            continue
        ground = shapely.difference(holder.closing, lacker.closing)
        areas = change.areas(ground, run.takers(holder.measured.actor))
        grounds = areas.by_region()
        for line in run.rows():
            if line.level == level and not (mine := line.ground_of(grounds)).is_empty:
                yield DisagreementRow(
                    period=holder.measured.span.period.label,
                    actor=holder.measured.actor,
                    region=line.region,
                    holder=holder.run.archive.name,
                    lacker=lacker.run.archive.name,
                    km2=line.sum_of(areas.km2),
                    holder_map=holder.day,
                    lacker_map=lacker.day,
                    geometry=drawn_in_degrees(geometry.polygonal(mine), run.crs),
                )


def _meta(publishers: Sequence[Publisher], shown: Sequence[Sequence[Side]]) -> CompareMeta:
    """Return what a comparison rests on: what all archives share, and each one's own."""
    each = tuple(_own_meta(publisher) for publisher in publishers)
    first = {entry.name: getattr(each[0], entry.name) for entry in fields(Meta)}
    notices = [
        Notice(said.code, f"{meta.archive}: {said.message}", said.period) for meta in each for said in meta.notices
    ]
    return CompareMeta(
        **first
        | {
            "archive": " and ".join(meta.archive for meta in each),
            "actors": tuple(dict.fromkeys(actor for publisher in publishers for actor in publisher.actors)),
            "other_actors": (),
            "counted": _together(meta.counted for meta in each),
            "not_counted": _together(meta.not_counted for meta in each),
            "files": tuple(file for meta in each for file in meta.files),
            "periods": (),
            "notices": (*notices, *(said for sides in shown for said in _days_differ(sides))),
            "attribution": tuple(dict.fromkeys(line for meta in each for line in meta.attribution)),
            "publisher": "",
        },
        archives=each,
    )


def _own_meta(publisher: Publisher) -> Meta:
    """Return what one archive's figures rest on."""
    measured = publisher.measured.values()
    return meta_of(
        publisher.run,
        publisher.actors,
        periods=[period_used(one.actor, one.span) for one in measured],
        notices=[notice for one in measured for notice in (*one.said, *one.loose)],
    )


def _together(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names of all archives, each once."""
    return tuple(sorted({name for several in names for name in several}))


def _days_differ(sides: Sequence[Side]) -> list[Notice]:
    """Return a notice where archives have the maps that open and close a period on different days."""
    spans = [(side.run.archive.name, side.measured.span) for side in sides]
    if len({(_day(span.opening), _day(span.closing)) for _, span in spans}) == 1:
        return []
    days = "; ".join(f"{name} {_day(span.opening)} and {_day(span.closing)}" for name, span in spans)
    beyond = "" if _alike(span.days for _, span in spans) else "; so far apart that changes have no range"
    return [Notice("DAYS-DIFFER", f"opening and closing maps are of {days}{beyond}", spans[0][1].period.label)]


def _alike(days: Iterable[int | None]) -> bool:
    """Say whether changes over so many days may be compared: they differ by no more than `SPAN_TOLERANCE`."""
    known = [count for count in days if count]
    return not known or max(known) <= (1 + SPAN_TOLERANCE) * min(known)


def _day(state: State | None) -> str:
    """Return the day of a map, in words where there is none."""
    return str(state.day) if state and state.day else "no map"
