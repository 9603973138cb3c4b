"""Choices that a published figure may rest on, and the maps that stand for its period under each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from frontcalc.claims import CAN_BE_SUMMED, ON_A_DAY, Claim
from frontcalc.notices import Notice
from frontcalc.periods import Period
from frontcalc.pipeline.measuring import Measuring, remarks
from frontcalc.states import Span, State, resolve, state_on
from frontcalc.views import VIEWS

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen otherwise than a claim states; one thing at a time, and nothing for the stated choice.

    Parameters
    ----------
    view : str
        Another view.
    summed : bool
        The sum of the layers, overlaps counted twice, instead of their union.
    offset : int
        Days that both ends are read later.
    opening, closing : int
        Maps that one end is taken later: 1 for the next map, −1 for the one before.
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
            return f"with maps read a day {_later(self.offset)}"
        if not self.opening and not self.closing:
            return "as stated"
        end, day = ("opening map", opening) if self.opening else ("closing map" if opening else "map", closing)
        return f"with the {end} one {_later(self.opening or self.closing)}" + (f", that of {day}" if day else "")


def other_choices(claim: Claim, view: str) -> Iterator[Choice]:
    """Yield the choices that a claim may rest on instead of the stated ones, in the order they are tried.

    Parameters
    ----------
    claim : Claim
        What is claimed.
    view : str
        The view of its stated choice.
    """
    yield from (Choice(view=name) for name in VIEWS if name != view)
    if claim.measure in CAN_BE_SUMMED:
        yield Choice(summed=True)
    yield from (Choice(closing=shift) for shift in (-1, 1))
    if claim.measure not in ON_A_DAY:
        yield from (Choice(opening=shift) for shift in (-1, 1))
    yield from (Choice(offset=days) for days in (-1, 1))


def span_of(run: Measuring, actor: str, claim: Claim, period: Period, choice: Choice) -> Span:
    """Return the maps that stand for a period under a choice; of a day, only the closing one.

    A map after the day that the claim was published on is no neighbour: it could not be used.
    """
    period = _moved(period, choice.offset)
    if claim.measure in ON_A_DAY:
        assert period.closes_on is not None
        state = state_on(run.archive, period.closes_on, run.wanted(actor))
        span = Span(period, None, state, tuple(remarks(state, run.archive, period.closes_on, run.wanted(actor))))
    else:
        span = resolve(period, run.archive, run.wanted(actor))
    if not choice.opening and not choice.closing:
        return span
    opening = _neighbour(run, actor, span.opening, choice.opening, claim.published)
    closing = _neighbour(run, actor, span.closing, choice.closing, claim.published)
    return replace(span, opening=opening, closing=closing)


def missing_in(span: Span, claim: Claim) -> str:
    """Return what an archive lacks for a claim on a span, empty where it lacks nothing.

    An archive that begins or ends inside a period lacks what it is short of: a figure of fewer days would
    make a right claim look wrong. So does one that ends before the day that an area is claimed for.
    """
    codes = {notice.code for notice in span.notices}
    if claim.measure in ON_A_DAY:
        lacking = span.closing is None or "CLOSES-EARLY" in codes
    else:
        lacking = not span.measurable or ("SPAN" in codes and bool(codes & {"OPENS-LATE", "CLOSES-EARLY"}))
    return _told(span.notices) if lacking else ""


def _told(notices: tuple[Notice, ...]) -> str:
    """Return what notices say of missing maps."""
    codes = ("NO-MAP", "NO-NEW-MAP", "OPENS-LATE", "CLOSES-EARLY", "OLD-MAP", "ENDED")
    said = dict.fromkeys(notice.message for notice in notices if notice.code in codes)
    return "; ".join(said) or "there is no such map"


def _moved(period: Period, days: int) -> Period:
    """Return a period whose ends are read so many days later."""
    ends = (end and end + days * _ONE_DAY for end in (period.opens_on, period.closes_on))
    return Period(period.label, *ends) if days else period


def _neighbour(run: Measuring, actor: str, state: State | None, shift: int, published: date | None) -> State | None:
    """Return the state one map earlier or later, the same for no shift, None where there is none."""
    if not shift or state is None or state.day is None:
        return state
    if shift < 0:
        return state_on(run.archive, state.day - _ONE_DAY, run.wanted(actor))
    days = run.archive.days
    for day in days[bisect_right(days, state.day) :]:
        if published and day > published:
            return None
        later = state_on(run.archive, day, run.wanted(actor))
        if later and later.snapshot.ref != state.snapshot.ref:
            return later
    return None


def _later(shift: int) -> str:
    """Return which way something is moved."""
    return "later" if shift > 0 else "earlier"
