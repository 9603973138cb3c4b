"""Redefinitions: large parts that changed hands on one step, in a way that a moving front does not explain.

A publisher drops a bay, a reservoir floods, a layer comes to mean something else: the map changes and the front
does not. Three things give that away, any of which is enough (docs/slivers.md has the cases they were chosen on):
most of the part is back on one of the next maps; it lies mostly on no land; it is by itself far more than whole
steps around it usually change. None of them proves anything: a collapse of a front looks like the last.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice, pairwise

import numpy as np
import shapely

from frontcalc import change, crs, geometry
from frontcalc.change import Change, Floats
from frontcalc.errors import ChangedError, DataError
from frontcalc.notices import Notice
from frontcalc.outliers import MOVING_KM2, NEIGHBOURS, highest_usual, median
from frontcalc.regions import RegionSet, embedded_covers, embedded_regions
from frontcalc.run.run import Run
from frontcalc.states import Span, State, States

SHOWN_KM2 = 0.05  # less rounds to nothing in a table
MOST_BESIDE = 0.1  # share of what is held that may lie beside regions that draw the land
AT_ONCE = 0.8  # the share of a part that must change on a single step
MAPS_BACK = 4  # within how many maps a part is looked for again
SHARE_BACK = 0.5  # the share of it that must be back then
SHARE_OF_LAND = 0.5  # the share of a part below which it lies mostly on no land
FEWEST_STEPS = 6  # fewer steps around it do not say what is usual
_FARTHEST = 30  # maps either way among which steps that show anything new are looked for


@dataclass(frozen=True, slots=True, eq=False)
class Redefinition:
    """A part of a change that is no front's work by all appearances; the figures count it all the same."""

    kind: str  # `gained` or `lost`
    km2: Floats  # (n + 2,), its area as in `Change`
    notice: Notice


def suspect_parts(run: Run, span: Span, changed: Change | None) -> list[Redefinition]:
    """Return what is suspect of the change between a span's two maps, however many maps lie between.

    Maps in between are read only where a part is large, and then as few as tell the step: halving.
    """
    if changed is None:
        return []
    found, states = [], replace(run.states(span.actor), skip_bad=True)
    for kind, parts in zip(("gained", "lost"), changed.large, strict=True):
        for part in parts:
            try:
                step = _step_of(run, states, span, kind, part)
                one = _redefinition(run, states, step, kind, part, span.period.label) if step else None
            except DataError as error:
                if isinstance(error, ChangedError):
                    raise
                # A map that no figure rests on may be broken: the figures stand without it.
                continue
            # Of what lies in regions that are not shown, nothing is to be said.
            if one and run.lines.shown[-1].sum_of(one.km2) >= SHOWN_KM2:
                found.append(one)
    return found


def _step_of(run: Run, states: States, span: Span, kind: str, part: shapely.Polygon) -> tuple[State, State] | None:
    """Return the maps between which a part changed at once, None where it changed bit by bit."""
    if span.ends is None:
        return None
    first, last = span.ends
    between = states.between(first, last)
    low, high = 0, len(between) + 1
    ends = {low: first, high: last}
    while high - low > 1:
        middle = (low + high) // 2
        ends[middle] = states.on(between[middle - 1]) or first
        changed = _changed(run, ends[middle], states.actor, kind, part)
        if changed >= AT_ONCE:
            high = middle
        elif changed <= 1 - AT_ONCE:
            low = middle
        else:
            return None
    before, after = (_changed(run, ends[place], states.actor, kind, part) for place in (low, high))
    return (ends[low], ends[high]) if after - before >= AT_ONCE else None


def _changed(run: Run, state: State, actor: str, kind: str, part: shapely.Polygon) -> float:
    """Return the share of a part that has changed hands on a map, 0 to 1."""
    held = shapely.intersection(run.ground(run.holding(state.snapshot, actor, noted=False)), part).area / part.area
    return float(held if kind == "gained" else 1 - held)


def _redefinition(
    run: Run, states: States, step: tuple[State, State], kind: str, part: shapely.Polygon, period: str
) -> Redefinition | None:
    """Return what is suspect of a part that changed on a step, None where nothing speaks against a front."""
    (before, after), actor, plane = step, states.actor, run.options.crs
    if before.day is None or after.day is None:
        return None
    inside = shapely.point_on_surface(part)
    lon, lat = crs.projector(plane, crs.LONLAT)(shapely.get_coordinates(inside))[0]
    where, on_land, reason = f"at longitude {lon:.2f}, latitude {lat:.2f}", 1.0, ""
    if land := _land(run, before if kind == "lost" else after, actor):
        # How much of the part each region has as drawn (m²).
        met = shapely.STRtree(land.pieces).query(part, predicate="intersects")
        pieces_m2 = shapely.area(shapely.intersection(land.pieces[met], part))
        shares_m2 = np.bincount(land.owner[met], pieces_m2, minlength=len(land.names))
        on_land = float(shares_m2.sum() / part.area)
        nearest = land.owner[shapely.STRtree(land.pieces).nearest(inside)]
        there = on_land >= SHARE_OF_LAND
        where = f"{f'in {land.names[shares_m2.argmax()]}' if there else f'off {land.names[nearest]}'} {where}"
    # What speaks against a front, the cheapest to find out first.
    if on_land < SHARE_OF_LAND:
        drawn = land.source.name if land and land.source else "the regions"
        reason = f"{100 * (1 - on_land):.0f} % of it lies on no land of {drawn}"
    else:
        reason = _against(run, states, (before.day, after.day), after, kind, part)
    if not reason:
        return None
    held, gone = (
        run.ground(run.holding(state.snapshot, actor, noted=False))
        for state in (step if kind == "lost" else reversed(step))
    )
    at_once = shapely.difference(shapely.intersection(part, held), gone)
    what = (
        f"{kind} {float(geometry.area_km2(at_once)):,.1f} km² at once between the maps of {before.day} and"
        f" {after.day}, {where}: {reason}; the figures count it"
    )
    return Redefinition(kind, change.areas(at_once, run.takers(actor))[0], Notice("REDEFINITION", what, period))


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


def _against(run: Run, states: States, step: tuple[date, date], after: State, kind: str, part: shapely.Polygon) -> str:
    """Say what the maps around a step have against a front: the part is back, or far beyond the usual; else nothing."""
    days = run.archive.days
    first, last = (bisect_right(days, day) for day in step)
    for day in days[last : last + MAPS_BACK]:
        state = states.on(day) or after
        back = 1 - _changed(run, state, states.actor, kind, part)
        if back >= SHARE_BACK:
            return f"{100 * back:.0f} % of it is back on the map of {state.day}"
    # Backwards from the map before, and onwards from the map after.
    ways = (step, days[last - 1 : last + _FARTHEST], days[max(0, first - 1 - _FARTHEST) : first][::-1])
    rates = [rate for way in ways for rate in islice(_rates(run, states, way), NEIGHBOURS)]
    usual = usual_km2(rates, (step[1] - step[0]).days)
    if usual is None or float(geometry.area_km2(part)) <= usual:
        return ""
    return f"whole steps around it usually change {usual:,.1f} km² at most"


def _rates(run: Run, states: States, days: Sequence[date]) -> Iterator[float]:
    """Yield how fast the area held changed from map to map (km² per day, unsigned), where it shows anything new."""
    shown = (state for day in days if (state := states.on(day)))
    areas = ((state.day, run.areas(state.snapshot, states.actor, in_total=True)) for state in shown if state.day)
    held = ((day, float(km2[0, 0])) for day, km2 in areas)
    for (one, before_km2), (other, after_km2) in pairwise(held):
        if one != other and abs(after_km2 - before_km2) > MOVING_KM2:
            yield abs(after_km2 - before_km2) / abs((other - one).days)


def usual_km2(rates: Sequence[float], days: int) -> float | None:
    """Return how much a step of so many days may change before it is an outlier (km²), None where too few steps tell.

    `rates` is how fast the area held changed on the step and on those around it (km² per day, unsigned).
    """
    near = np.array(rates)
    return highest_usual(near, median(near)) * days if len(near) >= FEWEST_STEPS else None
