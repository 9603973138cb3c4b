"""What changed in each period, gathered into a table of figures or of polygons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from frontcalc.change import Change
from frontcalc.gazetteer import read_places
from frontcalc.notices import Notice
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.place_changes import lasting, place_rows
from frontcalc.pipeline.remainders import remainder_notices
from frontcalc.pipeline.spans import Asked, nothing_measured, period_used
from frontcalc.pipeline.workers import changes
from frontcalc.states import Span
from frontcalc.tables import Meta, PeriodUsed, PlaceRow, RowT, Table


@dataclass(frozen=True, slots=True)
class Measured:
    """What changed in one span for one actor, None where it has not two maps, and what is to be said of it.

    `said` concerns all of it, `loose` only the rows that no region takes, or that were snapped.
    """

    actor: str
    span: Span
    changed: Change | None
    said: tuple[Notice, ...]
    loose: tuple[Notice, ...]


def tabulate(
    kind: type[RowT],
    rows_of: Callable[[Measuring, Measured], Iterable[RowT]],
    asked: Asked,
    places: str | Path | None,
) -> Table[RowT, Meta]:
    """Return the table of some periods, each measured as it comes.

    Parameters
    ----------
    kind : type
        The class of the rows.
    rows_of : callable
        Makes the rows of one period and actor.
    asked : Asked
        What is measured.
    places : path or None
        Named points, whose lasting changes of hold go into `meta`.

    Raises
    ------
    NoDataError
        No period has two maps.
    """
    towns = read_places(places) if places else None
    run = asked.run
    rows: list[RowT] = []
    used: list[PeriodUsed] = []
    notices: list[Notice] = []
    lasted: list[PlaceRow] = []
    measurable = False
    one: Measured
    for one in measure(asked):
        measurable |= one.span.measurable
        rows.extend(rows_of(run, one))
        notices.extend([*one.said, *one.loose])
        used.append(period_used(one.actor, one.span))
        if towns is not None:
            lasted.extend(lasting(place_rows(run, one.actor, one.span, towns)))
    if not measurable:
        raise nothing_measured(run, notices)
    changed_hands = None if towns is None else lasted
    return Table(kind, tuple(rows), run.meta(asked.actors, periods=used, notices=notices, places=changed_hands))


def measure(asked: Asked) -> Iterator[Measured]:
    """Yield spans with their change, each measured as it comes."""
    run = asked.run
    for actor, span, changed in changes(run, asked.spans):
        # Of a part, the rest is left out as asked.
        loose = [] if run.lines.left_out else remainder_notices(changed, span, run.crs)
        said = (*span.notices, *_left_out(run, actor, span, changed))
        yield Measured(actor, span, changed, said, tuple(loose))


def _left_out(run: Measuring, actor: str, span: Span, changed: Change | None) -> list[Notice]:
    """Return what is to be said of the change in the regions that are not shown, if any."""
    if changed is None:
        return run.left_out(actor, span.period.label)
    gained, lost = (run.lines.elsewhere(areas) for areas in (changed.gained_km2, changed.lost_km2))
    return run.left_out(actor, span.period.label, gained=gained, lost=lost)
