"""Area held over time, and the change from each map to the next."""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Unpack

from frontcalc.archives import Archive
from frontcalc.change import Floats, Held
from frontcalc.errors import NoDataError, UsageError
from frontcalc.keywords import facade
from frontcalc.notices import Notice, join_codes
from frontcalc.periods import Period, PeriodLike, parse_bound
from frontcalc.pipeline.measuring import Measuring, remarks
from frontcalc.pipeline.options import Options, open_maps, start
from frontcalc.pipeline.provenance import meta_of
from frontcalc.pipeline.region_shapes import shapes_of
from frontcalc.pipeline.staleness import Watch
from frontcalc.pipeline.steps import Movement
from frontcalc.pipeline.suspicions import SHOWN_KM2, Redefinition, Suspicions
from frontcalc.pipeline.workers import measured_ahead
from frontcalc.states import Span, State, state_on
from frontcalc.tables import Meta, SeriesRow, Table

EVERY = ("snapshot", "day", "week", "month")


@facade
def series(
    *,
    archive: str | Path | Archive | None = None,
    since: PeriodLike | None = None,
    until: PeriodLike | None = None,
    every: str = "snapshot",
    **options: Unpack[Options],
) -> Table[SeriesRow, Meta]:
    """Measure the area held over time, and the change from each map to the next, by region.

    Parameters
    ----------
    archive : path or Archive
        A folder of dated maps; None for the bundled synthetic sample.
    since, until : str, int, date or pandas.Period, optional
        First and last day: a day, or a longer unit whose first or last day is meant.
    every : str
        A row at each `snapshot`, or at the end of each `day`, `week` (Sunday) or `month`; the last
        row is of `until` or of the last map.
    **options
        How to measure: see `Options`.

    Returns
    -------
    Table of SeriesRow
        A row a date, region and actor, areas in km². The first row changes from the map before
        `since`, where there is one.

    Raises
    ------
    UsageError, DataError
        As `diff`.
    NoDataError
        No map is in the range.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.series(since="2024-11", by="none")
    >>> for row in table.rows:
    ...     print(f"{row.date}: {row.held_km2:,.1f} km², {row.net_km2:+.1f}")
    2024-11-03: 110,649.0 km², +120.1
    2024-11-10: 110,775.6 km², +126.6
    2024-11-17: 110,899.0 km², +123.4
    """
    if every not in EVERY:
        raise UsageError(f"no step is named {every!r}", where="--every", cure=f"choose {', '.join(EVERY)}")
    maps = open_maps(archive, options)
    begin = parse_bound(since, last=False) if since else maps.days[0]
    end = parse_bound(until, last=True) if until else maps.days[-1]
    if since and until and begin > end:
        raise UsageError(f"{begin} is after {end}", where="--since and --until", cure="swap them")
    dates = [day for day in dates_between(maps, begin, end, every) if day >= maps.days[0]] if begin <= end else []
    if not dates:
        raise NoDataError(f"has no map from {begin} to {end}", where=maps.name, cure=f"its maps are of {maps.extent}")
    run = start(maps, options, dates[-1])
    actors = run.actors([dates[-1], dates[0]])
    rows: list[SeriesRow] = []
    notices: list[Notice] = []
    what = "measuring map" if every == "snapshot" else f"measuring {every}"
    for actor in actors:
        earlier = begin > maps.days[0]
        before = state_on(maps, begin - timedelta(days=1), run.wanted(actor)) if earlier else None
        mine, said = _actor_series(run, actor, before, measured_ahead(run, actor, before, dates, what))
        rows.extend(mine)
        notices.extend(said)
    meta = meta_of(run, actors, notices=notices, slivers=True)
    return Table(SeriesRow, tuple(rows), meta, shapes_of(run))


def _actor_series(
    run: Measuring, actor: str, before: State | None, dates: Iterable[date]
) -> tuple[list[SeriesRow], list[Notice]]:
    """Return an actor's rows and what is to be said of them; `before` is the state that the first date follows."""
    rows: list[SeriesRow] = []
    notices: list[Notice] = []
    changes: list[tuple[Floats, Floats]] = []
    slivers: list[tuple[Floats, Floats]] = []
    held: Held | None = None
    suspicions, watch = Suspicions(run), Watch(run, actor)
    for day in dates:
        state = state_on(run.archive, day, run.wanted(actor))
        said = remarks(state, run.archive, day, run.wanted(actor))
        if state and before and state.snapshot.ref == before.snapshot.ref:
            said.append(Notice("NO-NEW-MAP", f"the map is still that of {state.day}", str(day)))
        notices.extend(said)
        span = Span(Period(str(day), None, None), before, state)
        suspect: list[Redefinition] = []
        # Each step starts from the areas that the one before came to: maps are not overlaid again and again.
        moved = None
        if before and state and span.measurable:
            moved = run.move(before.snapshot, state.snapshot, actor, held)
            shown = run.shown(moved)
            changes.append((shown.gained_km2, shown.lost_km2))
            slivers.append((moved.gained_sliver_km2, moved.lost_sliver_km2))
            held = moved.closing
            suspect = suspicions.of_parts(span, actor, *moved.large)
            stale = watch.step(before, state, float(moved.gained_km2[-1]), str(day))
            said += [*stale, *run.dropped(slivers[-1:], str(day))]
            notices.extend([*stale, *(found.notice for found in suspect)])
        elif state and held is None:
            held = run.areas(state.snapshot, actor)
        rows.extend(
            _series_rows(run, actor, day, span, held if state else None, moved, [*said, *run.left_out(actor)], suspect)
        )
        before = state or before
    return rows, [*notices, *_left_out(run, actor, changes), *run.dropped(slivers), *watch.end()]


def _left_out(run: Measuring, actor: str, changes: Sequence[tuple[Floats, Floats]]) -> list[Notice]:
    """Return what is to be said of the changes in the regions that are not shown, if any."""
    gained = math.fsum(run.lines.elsewhere(came) for came, _ in changes)
    lost = math.fsum(run.lines.elsewhere(went) for _, went in changes)
    return run.left_out(actor, gained=gained, lost=lost)


def _series_rows(
    run: Measuring,
    actor: str,
    day: date,
    span: Span,
    held: Held | None,
    moved: Movement | None,
    said: Sequence[Notice],
    suspect: Sequence[Redefinition],
) -> Iterator[SeriesRow]:
    """Yield the rows of one date; the change is blank on the first map and where the map is not new."""
    before, state, days = span.opening, span.closing, span.days
    held_km2 = None if held is None else held.km2.tolist()
    for line, figures in run.figures(moved, days):
        mine = [found.notice for found in suspect if line.sum_of(found.km2) >= SHOWN_KM2]
        yield SeriesRow(
            archive=run.archive.name,
            actor=actor,
            date=day,
            level=line.level,
            region=line.region,
            snapshot=state.day if state else None,
            previous=before.day if before else None,
            days=days,
            view=run.view.name,
            held_km2=None if held_km2 is None else line.sum_of(held_km2),
            gained_km2=figures.gained_km2,
            lost_km2=figures.lost_km2,
            net_km2=figures.net_km2,
            rate_km2_per_day=figures.rate_km2_per_day,
            notes=join_codes([*said, *mine]),
            snapped_km2=figures.snapped_km2,
            gained_sliver_km2=figures.gained_sliver_km2,
            lost_sliver_km2=figures.lost_sliver_km2,
        )


def dates_between(maps: Archive, begin: date, end: date, every: str) -> Iterator[date]:
    """Yield the days of maps, or the ends of calendar units, from a first to a last day; the last is the end."""
    if every == "snapshot":
        yield from (day for day in maps.days if begin <= day <= end)
        return
    day = begin
    while True:
        stop = min(_end_of(day, every), end)
        yield stop
        if stop >= end:
            return
        day = stop + timedelta(days=1)


def neighbours(run: Measuring, actor: str, span: Span, every: str) -> Iterator[tuple[State, State]]:
    """Yield the pairs of states that the steps inside a span are from and to; its two maps have days.

    Parameters
    ----------
    run : Measuring
        The run.
    actor : str
        Whose territory.
    span : Span
        From its opening to its closing map.
    every : str
        The step, one of `EVERY`.
    """
    before, last = span.opening, span.closing
    assert before is not None
    assert before.day is not None
    assert last is not None
    assert last.day is not None
    for day in dates_between(run.archive, before.day + timedelta(days=1), last.day, every):
        after = state_on(run.archive, day, run.wanted(actor))
        if after is not None and after.snapshot.ref != before.snapshot.ref:
            yield before, after
            before = after


def _end_of(day: date, every: str) -> date:
    """Return the last day of the calendar unit that a day is in."""
    if every == "day":
        return day
    if every == "week":
        # The last week that there is has no Sunday.
        return day + min(timedelta(days=7 - day.isoweekday()), date.max - day)
    return day.replace(day=monthrange(day.year, day.month)[1])
