"""Area held on dates, as figures and as ground to draw; and ground that turned from one role into another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain, product
from pathlib import Path
from typing import TypeVar, Unpack

import numpy as np
import shapely

from frontcalc import geometry
from frontcalc.archives import Archive
from frontcalc.change import CLOSING, Floats
from frontcalc.change import roles as transitions
from frontcalc.change.roles import NOTHING
from frontcalc.errors import NoDataError, UsageError
from frontcalc.keywords import facade
from frontcalc.layers import Role
from frontcalc.measure.diff import columns_of, finest_lines
from frontcalc.notices import Notice, join_codes
from frontcalc.periods import Period, PeriodsLike, parse_day, parse_periods
from frontcalc.progress import track
from frontcalc.regions import UNASSIGNED
from frontcalc.run.land import land_left
from frontcalc.run.meta import meta_of, nothing_measured, table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.parallel import by_workers, in_order
from frontcalc.run.remarks import left_out
from frontcalc.run.run import Run
from frontcalc.snapshots import Holding
from frontcalc.states import Span, State
from frontcalc.tables import TOTAL, FlowRow, HeldRow, LayerShare, Meta, Table

Drawn = TypeVar("Drawn")


@facade
def held(
    dates: str | date | Sequence[str | date],
    *,
    archive: str | Path | Archive | None = None,
    **options: Unpack[Keywords],
) -> Table[HeldRow, Meta]:
    """Measure the area held on some dates, by region.

    Otherwise as `diff`; NoDataError where the archive begins after every date.

    Parameters
    ----------
    dates : str, date or sequence of either
        As in «2024-11-03». The map that stands for a date is the latest on or before it.

    Returns
    -------
    Table of HeldRow
        A row a date, region and actor (km²); `meta.layer_shares` has each role's own area and what they overlap.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.held(["2024-11-05"])
    >>> total = table.rows[-1]
    >>> print(f"{total.held_km2:,.1f} km² on the map of {total.snapshot}")
    110,649.0 km² on the map of 2024-11-03
    """
    days = list(dict.fromkeys(map(parse_day, [dates] if isinstance(dates, str | date) else dates)))
    if not days:
        raise UsageError("no date was given", cure="name one, as in 2024-11-03")
    run = Run.open(archive, Options(**options))
    wanted = [(actor, day) for actor in run.begin(days, days[-1]) for day in days]
    states = ((actor, day, run.states(actor).on(day)) for actor, day in track(wanted, "measuring date"))

    def measure(one: tuple[str, date, State | None]) -> tuple[Floats, LayerShare] | tuple[None, None]:
        actor, _, state = one
        return (run.areas(state.snapshot, actor), layer_share(run, state, actor)) if state else (None, None)

    rows, shares = list[HeldRow](), list[LayerShare]()
    for (actor, day, state), (areas, share) in in_order(run.options.threads, measure, states):
        shares += [share] if share else []
        elsewhere = {} if areas is None else {"held": run.lines.elsewhere(areas[0])}
        notices = run.states(actor).notices_on(day, state) + left_out(run, actor, str(day), **elsewhere)
        run.figure_notices += notices
        rows.extend(held_rows(run, actor, day, state, areas, notices))
    if not shares:
        ended = "; ".join(dict.fromkeys(notice.message for notice in run.figure_notices if notice.code == "ENDED"))
        problem = ended or "has no map on or before these dates"
        raise NoDataError(problem, where=run.archive.name, cure=f"its maps are of {run.archive.extent}")
    return table_of(run, HeldRow, rows, shares=dict.fromkeys(shares))


def layer_share(run: Run, state: State, actor: str) -> LayerShare:
    """Return what each role covers on a map and how much they overlap."""
    areas = tuple((role.value, float(geometry.area_km2(ground))) for role, ground in run.roles(state, actor).items())
    union = geometry.area_km2(run.ground(run.holding(state.snapshot, actor)))
    return LayerShare(actor, state.day, areas, max(0.0, sum(km2 for _, km2 in areas) - float(union)))


def held_rows(
    run: Run, actor: str, day: date, state: State | None, areas: Floats | None, notices: Sequence[Notice]
) -> Iterator[HeldRow]:
    """Yield an actor's rows of one date: areas where a map stands for it, else blanks."""
    for line in run.lines.shown:
        km2, snapped_km2 = (None, None) if areas is None else map(line.sum_of, areas)
        shown = (line.level, line.region, state.day if state else None, run.view.name)
        left = land_left(run.partition_for(actor), line, areas).values()
        yield HeldRow(run.archive.name, actor, day, *shown, km2, join_codes(notices), snapped_km2, *left)


def holdings(
    periods: PeriodsLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> tuple[Table[HeldRow, Meta], Run, list[Holding], dict[str, shapely.MultiPolygon]]:
    """Return what one actor holds on each map between those of some periods; errors as of `diff`.

    With it come the run and the holdings, for `drawings`, and the finest regions shown, unsnapped, in the run's CRS.
    """
    run = Run.open(archive, Options(**options))
    spans = list(run.resolved(parse_periods(periods)))
    if len(run.actors) != 1:
        raise UsageError("a page is of one actor", where="--actor all", cure="name one, and make a page for each")
    if not any(span.ends for span in spans):
        raise nothing_measured(run, [notice for span in spans for notice in span.notices])
    ends = [state.day for span in spans for state in (span.opening, span.closing) if state and state.day]
    days = [day for day in run.archive.days if min(ends) <= day <= max(ends)]
    rows, shown = list[HeldRow](), list[Holding]()
    (actor,) = run.actors
    states = run.states(actor)
    run.figure_notices += left_out(run, actor)
    before: State | None = None
    areas = np.zeros(0)
    for day in run.ahead(actor, None, days, "measuring map"):
        if (state := states.on(day)) is None:
            continue
        # From map to map, as `series` does: what changed is measured in a tenth of the time of what is held.
        moved = before and run.change(Span(Period(str(day), None, day), before, state, actor=actor), opening=areas)
        areas = moved.km2[CLOSING] if moved else areas if before else run.areas(state.snapshot, actor)
        before = state
        notices = states.notices_on(day, state)
        run.figure_notices += notices
        rows.extend(held_rows(run, actor, day, state, areas, notices))
        shown.append(run.holding(state.snapshot, actor))
    land = {
        line.region: geometry.union(run.regions.land[np.isin(run.regions.land_owner, line.members)])
        for line in finest_lines(run)
        if line.region not in (UNASSIGNED, TOTAL)
    }
    return Table(HeldRow, tuple(rows), meta_of(run)), run, shown, land


def drawings(run: Run, shown: Sequence[Holding], draw: Callable[[shapely.MultiPolygon], Drawn]) -> Iterator[Drawn]:
    """Yield what `draw` makes of the ground of each holding; workers begin at once, before the first is waited for."""
    blocks = [shown[at : at + 8] for at in range(0, len(shown), 8)]  # neighbours, which are often the same
    drawn = by_workers(run.options, _drawing, blocks, (run, draw), at_once=len(blocks))
    tracked = zip(track(blocks, "drawing maps"), drawn, strict=True)
    return (one for _, block in chain([next(tracked)], tracked) for one in block)


def _drawing(block: Sequence[Holding], known: tuple[Run, Callable[[shapely.MultiPolygon], Drawn]]) -> list[Drawn]:
    """Return what is made of the ground of some holdings, of the same ground once."""
    run, draw = known
    drawn = {key: draw(run.ground(held)) for key, held in {held.key: held for held in block}.items()}
    return [drawn[held.key] for held in block]


@facade
def flows(
    periods: PeriodsLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> Table[FlowRow, Meta]:
    """Measure how much ground turned from each role into each other one, and from and to nothing.

    Where layers of one map overlap, the ground has one role: control before advance before claimed, in the order of
    `frontcalc.layers.Role`. So the rows from a role add up to its layer's area at the opening, and those to it at the
    close, less what an earlier role covers; `meta.layer_shares` has the layers' own areas and what they overlap.

    Otherwise as `diff`.

    Parameters
    ----------
    periods, archive, **options
        As for `diff`; without `by`, `regions` and `only`, totals only.

    Returns
    -------
    Table of FlowRow
        A row a period, region, actor and pair of roles (km²), none for «nothing to nothing».

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.flows(["2024"])
    >>> for row in table.rows:
    ...     if row.from_role != row.to_role:
    ...         print(f"{row.from_role} to {row.to_role}: {row.km2:,.1f} km²")
    control to advance: 13.3 km²
    control to none: 49.1 km²
    advance to control: 159.1 km²
    advance to none: 2.1 km²
    none to control: 2,125.0 km²
    none to advance: 626.2 km²
    """
    run_options, wanted = Options(**options), parse_periods(periods)
    run = Run.open(archive, run_options if run_options.is_split else replace(run_options, by="none"))
    rows, shares = list[FlowRow](), dict[LayerShare, None]()

    def measure(span: Span) -> tuple[tuple[list[str], Floats] | None, list[LayerShare]]:
        if span.ends is None:
            return None, []
        before, after = (run.roles(state, span.actor) for state in span.ends)
        opening, closing = (run.ground(run.holding(state.snapshot, span.actor)) for state in span.ends)
        turned = transitions.between(before, after, opening, closing, run.partition_for(span.actor))
        return turned, [layer_share(run, state, span.actor) for state in span.ends]

    for span, (turned, covered) in in_order(run.options.threads, measure, run.resolved(wanted)):
        known, turned_km2 = turned or ([], np.empty((0, 0, 0)))
        moved = [("gained", turned_km2[-1]), ("lost", turned_km2[:, -1])] if turned else []
        elsewhere = {verb: run.lines.elsewhere(own.sum(axis=0)) for verb, own in moved}
        notices = [*span.notices, *left_out(run, span.actor, span.period.label, **elsewhere)]
        own, codes = columns_of(run, span), join_codes(notices)
        # A row each pair of the view's roles, also of those that the maps do not show.
        roles = [*(role.value for role in Role if role in run.view.roles or role in known), NOTHING]
        for line, (old, new) in product(run.lines.shown, list(product(roles, roles))[:-1]):
            km2 = 0.0 if turned else None
            if old in known and new in known:
                km2 = line.sum_of(turned_km2[known.index(old), known.index(new)])
            own |= {"level": line.level, "region": line.region, "from_role": old, "to_role": new}
            rows.append(FlowRow(**own, km2=km2, notes=codes))
        run.spans.append(span)
        run.figure_notices += notices
        shares |= dict.fromkeys(covered)
    return table_of(run, FlowRow, rows, shares=shares)
