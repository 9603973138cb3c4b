"""Suspected redefinitions: on which step a large part of a change came about, and what speaks against a front."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, islice, pairwise

import numpy as np
import shapely

from frontcalc import change, geometry
from frontcalc.change import Change, Floats
from frontcalc.change.faults import (
    AT_ONCE,
    MAPS_BACK,
    SHARE_BACK,
    SHARE_OF_LAND,
    land_share,
    place_of,
    usual_km2,
)
from frontcalc.errors import ChangedError, DataError
from frontcalc.notices import Notice
from frontcalc.outliers import MOVING_KM2, NEIGHBOURS
from frontcalc.regions import RegionSet, embedded_covers, embedded_regions
from frontcalc.run.run import Run
from frontcalc.states import Span, State

SHOWN_KM2 = 0.05
"""Less rounds to nothing in a table."""

MOST_BESIDE = 0.1
"""Share of what is held that may lie beside regions that draw the land."""

_FARTHEST = 30  # maps either way among which steps that show anything new are looked for


@dataclass(frozen=True, slots=True, eq=False)
class Redefinition:
    """A part of a change that is no front's work by all appearances; the figures count it all the same.

    `kind` is `gained` or `lost`; `km2` (n + 2,) is its area as in `Change`.
    """

    kind: str
    km2: Floats
    notice: Notice


def suspect_parts(run: Run, span: Span, changed: Change | None) -> list[Redefinition]:
    """Return what is suspect of the change between a span's two maps, however many maps lie between.

    Maps in between are read only where a part is large, and then as few as tell the step: halving.
    """
    if changed is None:
        return []
    large = [(kind, part) for kind, parts in zip(("gained", "lost"), changed.large, strict=True) for part in parts]
    found, total = [], run.lines.shown[-1]
    for kind, part in large:
        try:
            step = _step_of(run, span, kind, part)
            reason = _reason(run, step, span.actor, kind, part) if step else ""
        except DataError as error:
            if isinstance(error, ChangedError):
                raise
            # A map that no figure rests on may be broken: the figures stand without it.
            continue
        if step and reason:
            found.append(_redefinition(run, span, kind, part, step, reason))
    # Of what lies in regions that are not shown, nothing is to be said.
    return [one for one in found if total.sum_of(one.km2) >= SHOWN_KM2]


def _step_of(run: Run, span: Span, kind: str, part: shapely.Polygon) -> tuple[State, State] | None:
    """Return the maps between which a part changed at once, None where it changed bit by bit."""
    if span.ends is None:
        return None
    (first, last), actor = span.ends, span.actor
    between = [day for day in run.archive.days if first.day and last.day and first.day < day < last.day]
    low, high = 0, len(between) + 1
    ends: dict[int, State] = {low: first, high: last}
    while high - low > 1:
        middle = (low + high) // 2
        state = _state_on(run, between[middle - 1], actor) or first
        ends[middle], changed = state, _changed(run, state, actor, kind, part)
        if changed >= AT_ONCE:
            high = middle
        elif changed <= 1 - AT_ONCE:
            low = middle
        else:
            return None
    before, after = ends[low], ends[high]
    at_once = _changed(run, after, actor, kind, part) - _changed(run, before, actor, kind, part)
    return (before, after) if at_once >= AT_ONCE else None


def _state_on(run: Run, day: date, actor: str) -> State | None:
    """Return the map that stands for a day, broken ones passed over."""
    return replace(run.states(actor), skip_bad=True).on(day)


def _changed(run: Run, state: State, actor: str, kind: str, part: shapely.Polygon) -> float:
    """Return the share of a part that has changed hands on a map, 0 to 1."""
    held = shapely.intersection(run.ground(run.holding(state.snapshot, actor, noted=False)), part).area / part.area
    return float(held if kind == "gained" else 1 - held)


def _reason(run: Run, step: tuple[State, State], actor: str, kind: str, part: shapely.Polygon) -> str:
    """Say what speaks against a front, the cheapest to find out first; nothing where nothing does."""
    before, after = step
    if before.day is None or after.day is None:
        return ""
    land = _land(run, before if kind == "lost" else after, actor)
    on_land = 1.0 if land is None else land_share(part, land)
    if on_land < SHARE_OF_LAND:
        drawn = land.source.name if land and land.source else "the regions"
        return f"{100 * (1 - on_land):.0f} % of it lies on no land of {drawn}"
    for day in _others(run, after.day, forward=True)[:MAPS_BACK]:
        state = _state_on(run, day, actor) or after
        back = 1 - _changed(run, state, actor, kind, part)
        if back >= SHARE_BACK:
            return f"{100 * back:.0f} % of it is back on the map of {state.day}"
    usual = usual_km2(_rates(run, before, after, actor), (after.day - before.day).days)
    size = float(geometry.area_km2(part))
    if usual is not None and size > usual:
        return f"whole steps around it usually change {usual:,.1f} km² at most"
    return ""


def _land(run: Run, state: State, actor: str) -> RegionSet | None:
    """Return the regions that draw the land of a map, None where none do.

    They are the embedded ones where they are of the place, else the run's: but not where much of what is held
    lies beside those, which are of a part of the land then.
    """
    snapshot = state.snapshot
    if snapshot not in run.lands:
        land = None
        if embedded_covers(snapshot.place):
            land = embedded_regions(target_crs=run.options.crs)
        elif run.regions.names:
            ground = run.ground(run.holding(snapshot, actor, noted=False))
            *_, beside, total = change.areas(ground, run.takers(actor))[0]
            land = run.regions if beside <= MOST_BESIDE * total else None
        run.lands[snapshot] = land
    return run.lands[snapshot]


def _others(run: Run, day: date, *, forward: bool) -> list[date]:
    """Return the days of the archive's maps after a day or before it, nearest first."""
    days = [other for other in run.archive.days if (other > day if forward else other < day)]
    return days if forward else days[::-1]


def _rates(run: Run, before: State, after: State, actor: str) -> Floats:
    """Return how fast the area held changed on a step, and on those around it that changed anything."""
    assert before.day is not None
    assert after.day is not None
    step = [_held_on(run, day, actor) for day in (before.day, after.day)]
    rates = list(_rates_between(step))
    for start, day, forward in ((step[1], after.day, True), (step[0], before.day, False)):
        near = islice((_held_on(run, other, actor) for other in _others(run, day, forward=forward)), _FARTHEST)
        rates += islice(_rates_between(chain([start], near)), NEIGHBOURS)
    return np.array(rates)


def _held_on(run: Run, day: date, actor: str) -> tuple[date, float] | None:
    """Return the day of the map that stands for a day and the area held on it (km²), None without."""
    state = _state_on(run, day, actor)
    if state is None or state.day is None:
        return None
    return state.day, run.held_km2(state.snapshot, actor)


def _redefinition(
    run: Run, span: Span, kind: str, part: shapely.Polygon, step: tuple[State, State], reason: str
) -> Redefinition:
    """Return what is to be said of a part."""
    (before, after), actor = step, span.actor
    where = place_of(part, _land(run, before if kind == "lost" else after, actor), run.options.crs)
    states = step if kind == "lost" else reversed(step)
    held, gone = (run.ground(run.holding(state.snapshot, actor, noted=False)) for state in states)
    at_once = shapely.difference(shapely.intersection(part, held), gone)
    what = (
        f"{kind} {float(geometry.area_km2(at_once)):,.1f} km² at once between the maps of {before.day} and"
        f" {after.day}, {where}: {reason}; the figures count it"
    )
    km2 = change.areas(at_once, run.takers(actor))[0]
    return Redefinition(kind, km2, Notice("REDEFINITION", what, span.period.label))


def _rates_between(maps: Iterable[tuple[date, float] | None]) -> Iterator[float]:
    """Yield how fast the area held changed from map to map (km² per day, unsigned), where it shows anything new."""
    for (one, before_km2), (other, after_km2) in pairwise(filter(None, maps)):
        if one != other and abs(after_km2 - before_km2) > MOVING_KM2:
            yield abs(after_km2 - before_km2) / abs((other - one).days)
