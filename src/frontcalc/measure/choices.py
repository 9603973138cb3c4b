"""The figure that maps give for a claim under a choice: the stated one, or another that it may rest on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from frontcalc import change
from frontcalc.change import Floats
from frontcalc.claims import CAN_BE_SUMMED, ON_A_DAY, Claim, Measure
from frontcalc.errors import UsageError
from frontcalc.layers import COUNTRIES
from frontcalc.notices import Notice
from frontcalc.periods import Period
from frontcalc.regions import UNASSIGNED
from frontcalc.run.lands import land_of
from frontcalc.run.run import Run
from frontcalc.states import Span, State
from frontcalc.tables import TOTAL
from frontcalc.views import VIEWS

_ONE_DAY = timedelta(days=1)


class _Lacking(Exception):  # noqa: N818 - it never leaves this module
    """The archive lacks something for a figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What the maps give for a claim, in its unit, or what the archive lacks; days are of a ratio's first period."""

    value: float | None
    missing: str
    actor: str
    view: str
    opening: date | None = None
    closing: date | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen otherwise than a claim states; one thing at a time, and nothing for the stated choice.

    Both ends are read `offset` days later, or one end is taken some maps later: 1 for the next, −1 for the one before.
    `summed` is the sum of the layers, overlaps counted twice, instead of their union.
    """

    view: str = ""
    summed: bool = False
    offset: int = 0
    opening: int = 0
    closing: int = 0

    def described(self, opening: date | None, closing: date | None) -> str:
        """Return the choice in words, with the day of the map that it takes, where that is known."""
        if self.view:
            return f"in view {self.view}"
        if self.summed:
            return "as the sum of the layers, overlaps counted twice"
        if self.offset:
            return f"with maps read a day {'later' if self.offset > 0 else 'earlier'}"
        if not self.opening and not self.closing:
            return "as stated"
        end, day = ("opening map", opening) if self.opening else ("closing map" if opening else "map", closing)
        way = "later" if (self.opening or self.closing) > 0 else "earlier"
        return f"with the {end} one {way}" + (f", that of {day}" if day else "")


def other_choices(claim: Claim, view: str) -> Iterator[Choice]:
    """Yield the choices that a claim may rest on instead of the stated one, of a view, in the order they are tried."""
    yield from (Choice(view=name) for name in VIEWS if name != view)
    if claim.measure in CAN_BE_SUMMED:
        yield Choice(summed=True)
    yield from (Choice(closing=shift) for shift in (-1, 1))
    if claim.measure not in ON_A_DAY:
        yield from (Choice(opening=shift) for shift in (-1, 1))
    yield from (Choice(offset=days) for days in (-1, 1))


def span_of(run: Run, actor: str, claim: Claim, period: Period, choice: Choice) -> Span:
    """Return the maps that stand for a period under a choice; of a day, only the closing one.

    A map after the day that the claim was published on is no neighbour: it could not be used.
    """
    states = run.states(actor)
    if choice.offset:
        ends = (end and end + choice.offset * _ONE_DAY for end in (period.opens_on, period.closes_on))
        period = Period(period.label, *ends)
    if claim.measure in ON_A_DAY:
        assert period.closes_on is not None
        state = states.on(period.closes_on)
        span = Span(period, None, state, tuple(states.notices_on(period.closes_on, state)), actor)
    else:
        span = states.resolve(period)
    moved = []
    for state, shift in ((span.opening, choice.opening), (span.closing, choice.closing)):
        if shift and state is not None and state.day is not None:
            state = states.next_to(state, earlier=shift < 0, until=claim.published or date.max)
        moved.append(state)
    return replace(span, opening=moved[0], closing=moved[1])


def missing_in(span: Span, claim: Claim) -> str:
    """Return what an archive lacks for a claim on a span, empty where it lacks nothing.

    An archive that begins or ends inside a period lacks what it is short of: a figure of fewer days would
    make a right claim look wrong. So does one that ends before the day that an area is claimed for.
    """
    codes = {notice.code for notice in span.notices}
    if claim.measure in ON_A_DAY:
        lacking = span.closing is None or "CLOSES-EARLY" in codes
    else:
        lacking = span.ends is None or ("SPAN" in codes and bool(codes & {"OPENS-LATE", "CLOSES-EARLY"}))
    if not lacking:
        return ""
    telling = ("NO-MAP", "NO-NEW-MAP", "OPENS-LATE", "CLOSES-EARLY", "OLD-MAP", "ENDED")
    said = dict.fromkeys(notice.message for notice in span.notices if notice.code in telling)
    return "; ".join(said) or "there is no such map"


def figure_of(run: Run, claim: Claim, choice: Choice) -> Figure:
    """Return what the maps give for a claim under a choice, with a run in the choice's view."""
    actor, spans = claim.actor, []
    value, missing = None, ""
    first, last = run.archive.days[0], run.archive.days[-1]
    days = [day for period in claim.periods for day in (period.opens_on or first, period.closes_on or last)]
    try:
        actor, *_ = run.begin(days, None)
        spans = [span_of(run, actor, claim, period, choice) for period in claim.periods]
        missing = next(filter(None, (missing_in(span, claim) for span in spans)), "")
        value = None if missing else _value(run, claim, choice.summed, spans) * claim.per_km2
    except _Lacking as lacking:
        missing = str(lacking)
    except UsageError as error:
        # What the archive lacks altogether: layers of the actor, or of a role that the view counts.
        if error.where != run.archive.name:
            raise
        missing = error.problem
    return Figure(
        value,
        missing,
        actor,
        run.view.name,
        opening=spans[0].opening.day if spans and spans[0].opening else None,
        closing=spans[0].closing.day if spans and spans[0].closing else None,
        notices=tuple(notice for span in spans for notice in span.notices),
    )


def _value(run: Run, claim: Claim, summed: bool, spans: list[Span]) -> float:
    """Return the figure in km², km² a day, times or per cent."""
    whole = run.lines.shown[-1]
    span, measure = spans[0], claim.measure
    if measure is Measure.HELD:
        return whole.sum_of(_held_on(run, span.closing, span.actor, summed)[0])
    if measure is Measure.SHARE:
        return _share(run, span.actor, _held_on(run, span.closing, span.actor, summed))
    if measure in (Measure.GROSS_GAINED, Measure.GROSS_LOST):
        pairs = pairwise(run.states(span.actor).within(span))
        steps = change.total([run.step(*pair, span.actor) for pair in pairs])
        return whole.sum_of(steps.gained_km2 if measure is Measure.GROSS_GAINED else steps.lost_km2)
    if measure in (Measure.GAINED, Measure.LOST):
        assert span.ends is not None
        changed = run.step(*span.ends, span.actor)
        return whole.sum_of(changed.gained_km2 if measure is Measure.GAINED else changed.lost_km2)
    # The change of the area held needs no overlay of the two maps.
    ends = [[_held_on(run, state, one.actor, summed)[0] for state in (one.opening, one.closing)] for one in spans]
    first, *others = [whole.sum_of(after - before) for before, after in ends]
    if measure is Measure.RATE:
        if not span.days:
            raise _Lacking("the days between the two maps are not known")
        return first / span.days
    if measure is Measure.RATIO:
        if not others[0]:
            raise _Lacking(f"nothing changed in {spans[1].period.label}, so there is no ratio to it")
        return first / others[0]
    return first


def _held_on(run: Run, state: State | None, actor: str, summed: bool) -> Floats:
    """Return the area held on a map by region (2, n + 2): of the union of its layers, or the sum of theirs."""
    assert state is not None
    if not summed:
        return run.areas(state.snapshot, actor)
    grounds = run.roles(state, actor).values()
    return np.asarray(np.sum([change.areas(ground, run.takers(actor)) for ground in grounds], axis=0))


def _share(run: Run, actor: str, held: Floats) -> float:
    """Return what part of the land of a region, or of the whole country, is held (%)."""
    regions = [line for line in run.lines.shown if line.level != TOTAL and line.region != UNASSIGNED]
    # What is snapped to a region is no part of the land that its share is of.
    land, on_land = land_of(run.regions), held[0] - held[1]
    home = COUNTRIES.get(actor, "")
    if len(regions) == 1:
        share = land.share(regions[0], on_land, home)["share_of_region_pct"]
    else:
        share = land.share(run.lines.shown[-1], on_land, home)["share_of_country_pct"]
    if share is None:
        raise _Lacking("the region set draws no land that this could be a share of")
    return share
