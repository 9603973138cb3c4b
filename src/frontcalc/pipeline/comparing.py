"""What changed in each period, gathered into a table of figures or of polygons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from frontcalc.change import Change
from frontcalc.levels import Line
from frontcalc.notices import Notice
from frontcalc.pipeline.measuring import Figures, Measuring
from frontcalc.pipeline.provenance import meta_of
from frontcalc.pipeline.region_shapes import shapes_of
from frontcalc.pipeline.remainders import concerns, remainder_notices
from frontcalc.pipeline.spans import Asked, nothing_measured, period_used
from frontcalc.pipeline.staleness import stale_notices
from frontcalc.pipeline.suspicions import SHOWN_KM2, Redefinition, Suspicions
from frontcalc.pipeline.workers import changes
from frontcalc.states import Span
from frontcalc.tables import DiffRow, Meta, PeriodUsed, RowT, Table


@dataclass(frozen=True, slots=True)
class Measured:
    """What changed in one span for one actor, None where it has not two maps, and what is to be said of it.

    `said` concerns all of it, `loose` only the rows that no region takes, or that were snapped, and what is
    `suspect` only the rows that it lies in.
    """

    actor: str
    span: Span
    changed: Change | None
    said: tuple[Notice, ...]
    loose: tuple[Notice, ...]
    suspect: tuple[Redefinition, ...] = ()

    def of_row(self, line: Line, figures: Figures) -> list[Notice]:
        """Return what is to be said of one row."""
        loose = [notice for notice in self.loose if concerns(notice, line.region, figures)]
        suspect = [found.notice for found in self.suspect if line.sum_of(found.km2) >= SHOWN_KM2]
        return [*self.said, *loose, *suspect]


def tabulate(
    kind: type[RowT],
    rows_of: Callable[[Measuring, Measured], Iterable[RowT]],
    asked: Asked,
    *,
    by_steps: bool = False,
    blank: bool = False,
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
    by_steps : bool
        Whether the spans say already what is suspect of their steps.
    blank : bool
        Whether a table without any figure is none too few.

    Raises
    ------
    NoDataError
        No period has two maps.
    """
    run = asked.run
    rows: list[RowT] = []
    used: list[PeriodUsed] = []
    notices: list[Notice] = []
    measurable = False
    one: Measured
    for one in measure(asked, by_steps=by_steps):
        measurable |= one.span.measurable
        rows.extend(rows_of(run, one))
        notices.extend([*one.said, *one.loose, *(found.notice for found in one.suspect)])
        used.append(period_used(one.actor, one.span))
    if not measurable and not blank:
        raise nothing_measured(run, notices)
    meta = meta_of(
        run,
        asked.actors,
        periods=used,
        notices=notices,
        slivers=issubclass(kind, DiffRow) or run.drop_slivers,
    )
    return Table(kind, tuple(rows), meta, shapes_of(run))


def measure(asked: Asked, *, by_steps: bool = False) -> Iterator[Measured]:
    """Yield spans with their change, each measured as it comes."""
    run = asked.run
    suspicions = Suspicions(run)
    for actor, span, changed in changes(run, asked.spans):
        shown = run.shown(changed) if changed else None
        # Of a part, the rest is left out as asked.
        loose = [] if run.lines.left_out else remainder_notices(shown, span, run.crs)
        slivers = [(changed.gained.sliver_km2, changed.lost.sliver_km2)] if changed else []
        dropped = run.dropped(slivers, span.period.label)
        stale = stale_notices(run, actor, span, changed)
        said = (*span.notices, *_left_out(run, actor, span, shown), *dropped, *stale)
        suspect = [] if by_steps else suspicions.of_change(span, actor, changed)
        yield Measured(actor, span, changed, said, tuple(loose), tuple(suspect))


def _left_out(run: Measuring, actor: str, span: Span, changed: Change | None) -> list[Notice]:
    """Return what is to be said of the change in the regions that are not shown, if any."""
    if changed is None:
        return run.left_out(actor, span.period.label)
    gained, lost = (run.lines.elsewhere(areas) for areas in (changed.gained_km2, changed.lost_km2))
    return run.left_out(actor, span.period.label, gained=gained, lost=lost)
