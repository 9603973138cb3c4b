"""Ground that turned from one role into another, over periods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Unpack

from frontcalc.archives import Archive
from frontcalc.keywords import facade
from frontcalc.layers import Role
from frontcalc.notices import Notice, join_codes
from frontcalc.periods import PeriodsLike
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.provenance import meta_of
from frontcalc.pipeline.region_shapes import shapes_of
from frontcalc.pipeline.spans import nothing_measured, period_used, start_periods
from frontcalc.pipeline.workers import in_order
from frontcalc.states import Span
from frontcalc.tables import FlowRow, LayerShare, Meta, PeriodUsed, Table
from frontcalc.transitions import NOTHING, Transitions


@facade
def flows(
    periods: PeriodsLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Options]
) -> Table[FlowRow, Meta]:
    """Measure how much ground turned from each role into each other one, and from and to nothing.

    Where layers of one map overlap, the ground has one role: control before advance before claimed, in
    the order of `frontcalc.layers.Role`. So the rows from a role add up to its layer's area at the
    opening, and those to it at the close, less what an earlier role covers; `meta.layer_shares` has the
    layers' own areas and what they overlap.

    Parameters
    ----------
    periods : str, int, date or pandas.Period, or sequence of these
        As for `diff`.
    archive : path or Archive
        A folder of dated maps; None for the bundled synthetic sample.
    **options
        How to measure: see `Options`. Without `by`, `regions` and `only`, totals only.

    Returns
    -------
    Table of FlowRow
        A row a period, region, actor and pair of roles (km²), none for «nothing to nothing».

    Raises
    ------
    UsageError, DataError, NoDataError
        As `diff`.

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
    if not any(options.get(option) for option in ("by", "regions", "only")):
        options["by"] = "none"
    run, actors, spans = start_periods(periods, archive, options)
    rows: list[FlowRow] = []
    used: list[PeriodUsed] = []
    shares: list[LayerShare] = []
    notices: list[Notice] = []
    measured = False
    for (actor, span), (turned, own) in in_order(run.workers, partial(_measured, run), spans):
        measured |= span.measurable
        said = [*span.notices, *_left_out(run, actor, span, turned)]
        rows.extend(_flow_rows(run, actor, span, turned, said))
        notices.extend(said)
        used.append(period_used(actor, span))
        shares.extend(own)
    if not measured:
        raise nothing_measured(run, notices)
    meta = meta_of(run, actors, periods=used, layer_shares=dict.fromkeys(shares), notices=notices)
    return Table(FlowRow, tuple(rows), meta, shapes_of(run))


def _measured(run: Measuring, asked: tuple[str, Span]) -> tuple[Transitions | None, list[LayerShare]]:
    """Return what turned from role to role in a span, and each role's part of its two maps; none without two."""
    actor, span = asked
    ends = [state for state in (span.opening, span.closing) if state] if span.measurable else []
    return run.transitions(span, actor), [run.layer_share(state, actor) for state in ends]


def _left_out(run: Measuring, actor: str, span: Span, turned: Transitions | None) -> list[Notice]:
    """Return what is to be said of the change in the regions that are not shown, if any."""
    if turned is None:
        return run.left_out(actor, span.period.label)
    gained, lost = (run.lines.elsewhere(areas) for areas in (turned.gained_km2, turned.lost_km2))
    return run.left_out(actor, span.period.label, gained=gained, lost=lost)


def _flow_rows(
    run: Measuring, actor: str, span: Span, measured: Transitions | None, said: Sequence[Notice]
) -> Iterator[FlowRow]:
    """Yield a span's rows, a row each pair of the view's roles, also of those that the maps do not show."""
    shown = measured.roles if measured else ()
    roles = [role.value for role in Role if role in run.view.roles or role in shown]
    for line in run.rows():
        for old in (*roles, NOTHING):
            for new in (*roles, NOTHING):
                if old == new == NOTHING:
                    continue
                km2 = 0.0
                if measured and old in shown and new in shown:
                    km2 = line.sum_of(measured.km2[shown.index(old), shown.index(new)])
                yield FlowRow(
                    archive=run.archive.name,
                    actor=actor,
                    period=span.period.label,
                    level=line.level,
                    region=line.region,
                    opening=span.opening.day if span.opening else None,
                    closing=span.closing.day if span.closing else None,
                    days=span.days,
                    view=run.view.name,
                    from_role=old,
                    to_role=new,
                    km2=km2 if measured else None,
                    notes=join_codes(said),
                )
