"""Area held over time, and the change from each map to the next."""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Unpack

from frontcalc.archives import Archive
from frontcalc.change import CLOSING, Change, Floats
from frontcalc.errors import NoDataError, UsageError
from frontcalc.keywords import facade
from frontcalc.levels import Line
from frontcalc.measure.diff import BLANK
from frontcalc.notices import Notice, noted
from frontcalc.periods import Period, PeriodLike, parse_bound, refuse_many
from frontcalc.run.map_faults import SHOWN_KM2, Redefinition, suspect_parts
from frontcalc.run.meta import table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import Watch, dropped, interpolated, left_out
from frontcalc.run.run import Run
from frontcalc.states import Span, State
from frontcalc.tables import Meta, SeriesRow, Table

EVERY = ("snapshot", "day", "week", "month")


@facade
def series(
    *,
    archive: str | Path | Archive | None = None,
    since: PeriodLike | None = None,
    until: PeriodLike | None = None,
    every: str = "snapshot",
    **options: Unpack[Keywords],
) -> Table[SeriesRow, Meta]:
    """Measure the area held over time, and the change from each map to the next, by region.

    Otherwise as `diff`; NoDataError where no map is in the range.

    Parameters
    ----------
    since, until : str, int, date or pandas.Period, optional
        First and last day: a day, or a longer period whose first or last day is meant.
    every : str
        A row at each `snapshot`, or at the end of each `day`, `week` (Sunday) or `month`; the last
        row is of `until` or of the last map.

    Returns
    -------
    Table of SeriesRow
        A row a date, region and actor (km²). The first row changes from the map before `since`, where there is one.

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
    run = Run.open(archive, Options(**options))
    maps = run.archive
    begin = parse_bound(since, last=False) if since else maps.days[0]
    end = parse_bound(until, last=True) if until else maps.days[-1]
    if since and until and begin > end:
        raise UsageError(f"{begin} is after {end}", where="--since and --until", cure="swap them")
    dates = list(dates_between(maps, max(begin, maps.days[0]), end, every)) if maps.days[0] <= end >= begin else []
    if not dates:
        bounds = f"from {begin} to {end}" if begin <= end else f"from {begin} on" if since else f"up to {end}"
        raise NoDataError(f"has no map {bounds}", where=maps.name, cure=f"its maps are of {maps.extent}")
    rows: list[SeriesRow] = []
    what = "measuring map" if every == "snapshot" else f"measuring {every}"
    eve = max(begin, maps.first + timedelta(days=1)) - timedelta(days=1)
    for actor in run.begin([dates[-1], dates[0]], dates[-1]):
        before = run.states(actor).on(eve) if begin > maps.days[0] or maps.opening else None
        since = None if every == "snapshot" else eve
        # After an error nobody needs what workers still measure.
        with closing(run.ahead(actor, before, dates, what)) as ahead:
            rows += _actor_series(run, actor, before, since, ahead)
    return table_of(run, SeriesRow, rows, slivers=True)


def _actor_series(
    run: Run, actor: str, before: State | None, since: date | None, dates: Iterable[date]
) -> Iterator[SeriesRow]:
    """Yield an actor's rows, and note their notices; the first change is from the state `before`, of day `since`."""
    states, watch = run.states(actor), Watch(run, actor)
    elsewhere, narrow = list[tuple[float, float]](), list[Change]()
    held: Floats | None = None
    for day in dates:
        state = states.on(day)
        notices = states.notices_on(day, state)
        if state and before and state.snapshot.ref == before.snapshot.ref:
            notices.append(Notice("NO-NEW-MAP", f"the map is still that of {state.day}", str(day)))
        run.figure_notices += notices
        span = Span(Period(str(day), since, day), before, state, actor=actor)
        suspect: list[Redefinition] = []
        # Each step starts from the areas at the close of the one before, so that no map is overlaid twice.
        moved, moved_km2 = run.change(span, opening=held), dict[Line, float]()
        if span.ends and moved:
            narrow += [Change(moved.km2, moved.large)] if run.options.drop_slivers else []
            held = moved.km2[CLOSING]
            suspect = suspect_parts(run, span, moved, at_once=False)
            moved_km2 = interpolated(run, span, moved)[0]
            stale = watch.step(*span.ends, float(moved.gained_km2[-1]), str(day))
            notices = [*notices, *stale, *dropped(run, [moved], str(day))]
            run.figure_notices += [*stale, *(notice for *_, notice in suspect)]
        elif state and held is None:
            held = run.areas(state.snapshot, actor)
        notices, days, shown = [*notices, *left_out(run, actor)], span.days, run.shown(moved) if moved else None
        marked, maps = noted(notices), (state.day if state else None, before.day if before else None)
        held_km2 = None if held is None or state is None else held[0].tolist()
        lines = run.lines.shown
        figures: list[Any] = [dict(BLANK) for _ in lines]
        if shown is not None:
            figures = shown.rows([line.members for line in lines])
            elsewhere.append((run.lines.elsewhere(shown.gained_km2), run.lines.elsewhere(shown.lost_km2)))
        for line, own in zip(lines, figures, strict=True):
            mine = [notice for _, km2, notice in suspect if line.sum_of(km2) >= SHOWN_KM2]
            del own["opening_km2"], own["closing_km2"]
            net, is_moved = own["net_km2"], bool(moved_km2) and line in moved_km2
            own |= noted([*notices, *mine], "net_interpolated_km2" if is_moved else "") if mine or is_moved else marked
            yield SeriesRow(
                *(run.archive.name, actor, day, line.level, line.region, *maps, days, run.view.name),
                held_km2=None if held_km2 is None else line.sum_of(held_km2),
                rate_km2_per_day=net / days if days and net is not None else None,
                net_interpolated_km2=moved_km2[line] if is_moved else None,
                **own,
            )
        before, since = state or before, since and day
    gained, lost = (math.fsum(one[kind] for one in elsewhere) for kind in (0, 1))
    run.figure_notices += [*left_out(run, actor, gained=gained, lost=lost), *dropped(run, narrow), *watch.end()]


def dates_between(maps: Archive, begin: date, end: date, every: str) -> Iterator[date]:
    """Yield the days of maps, or the ends of calendar units, from a first to a last day; the last is the end."""
    if every == "snapshot":
        yield from (day for day in maps.days if begin <= day <= end)
        return
    refuse_many(every, begin, end)
    day = begin
    while True:
        left = {"day": 0, "week": 7 - day.isoweekday(), "month": monthrange(day.year, day.month)[1] - day.day}[every]
        day += min(timedelta(days=left), end - day)
        yield day
        if day >= end:
            return
        day += timedelta(days=1)


def steps_in(run: Run, span: Span, every: str) -> list[State]:
    """Return the states that the steps inside a span, one of `EVERY`, lead along; none without two dated maps."""
    opening, closing = span.ends or (None, None)
    if opening is None or closing is None or opening.day is None or closing.day is None:
        return []
    days = dates_between(run.archive, opening.day + timedelta(days=1), closing.day, every)
    return list(run.states(span.actor).along(opening, days))


def keep_steps(run: Run, actor: str, begin: date, end: date) -> None:
    """Have the run's workers measure the steps between the maps that stand for two days, to be looked up later."""
    days = [day for day in run.archive.days if begin < day <= end]
    for _ in run.ahead(actor, run.states(actor).on(begin), days, "measuring map"):
        pass
