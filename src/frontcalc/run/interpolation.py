"""Net change moved to the days asked for: what was held on each, taken linearly between the two maps around it."""

from __future__ import annotations

from dataclasses import replace

from frontcalc.change import Change
from frontcalc.errors import ChangedError, DataError
from frontcalc.levels import Line
from frontcalc.run.run import Run
from frontcalc.run.suspicions import SHOWN_KM2, Redefinition, suspect_parts
from frontcalc.states import SPAN_TOLERANCE, Span

FARTHEST_DAYS = 31  # two maps around a day that lie further apart do not say what was held on it
SHORT_DAYS = 28  # of a period shorter than this, they may lie no further apart than it is long


def interpolated(run: Run, span: Span, changed: Change | None) -> tuple[dict[Line, float], str]:
    """Return the net change of each row with both ends moved to the days asked for (km²), and what to say of it.

    There is none where the maps are near enough to those days, where the archive does not reach one, where the two
    maps around it lie too far apart, and for rows in which a step between such two has a fault.
    """
    period, ends = span.period, [*zip(span.ends or (), (span.period.opens_on, span.period.closes_on), strict=False)]
    older = [(day - state.day).days for state, day in ends if day and state.day]
    if changed is None or len(older) < 2 or period.opens_on is None or period.closes_on is None:
        return {}, ""
    asked = (period.closes_on - period.opens_on).days
    if max(older) <= SPAN_TOLERANCE * asked or min(older) < 0:
        return {}, ""
    shown, faults = run.shown(changed), list[Redefinition]()
    net = shown.gained_km2 - shown.lost_km2
    # A map that no other figure rests on may be broken.
    states = replace(run.states(span.actor), skip_bad=True)
    try:
        for (state, day), days, sign in zip(ends, older, (-1, 1), strict=True):
            after = states.next_to(state) if days else None
            if not days:
                continue
            if after is None or after.day is None or state.day is None or after.snapshot.tells:
                return {}, ""
            apart = (after.day - state.day).days
            if apart > min(FARTHEST_DAYS, asked if asked < SHORT_DAYS else FARTHEST_DAYS):
                return {}, f"; not moved to those days, since the maps around {day} are {apart} days apart"
            step = run.step(state, after, span.actor)
            faults += suspect_parts(run, replace(span, opening=state, closing=after), step)
            shown = run.shown(step)
            net = net + sign * days / apart * (shown.gained_km2 - shown.lost_km2)
    except DataError as error:
        if isinstance(error, ChangedError):
            raise
        return {}, f"; not moved to those days, since a map after them cannot be read: {error}"
    moved = {
        line: line.sum_of(net)
        for line in run.lines.shown
        if all(line.sum_of(fault.km2) < SHOWN_KM2 for fault in faults)
    }
    total = moved.get(run.lines.shown[-1])
    if total is None:
        return moved, "; not moved to those days, since a step around one of them has a fault"
    return moved, f"; moved to those days about {total:+,.0f} km²".replace("-", "\N{MINUS SIGN}")
