"""Ground that turned from one role into another, over periods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from frontcalc.archives import Archive
from frontcalc.change import roles as transitions
from frontcalc.change.roles import NOTHING, Transitions
from frontcalc.keywords import facade
from frontcalc.layers import Role
from frontcalc.measure.diff import columns_of
from frontcalc.measure.held import layer_share
from frontcalc.notices import Notice, join_codes
from frontcalc.periods import PeriodsLike, parse_periods
from frontcalc.run.meta import table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.parallel import in_order
from frontcalc.run.remarks import left_out
from frontcalc.run.run import Run
from frontcalc.states import Span
from frontcalc.tables import FlowRow, LayerShare, Meta, Table


@facade
def flows(
    periods: PeriodsLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
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
    asked, wanted = Options(**options), parse_periods(periods)
    run = Run.open(archive, asked if asked.is_split else replace(asked, by="none"))
    rows: list[FlowRow] = []
    shares: dict[LayerShare, None] = {}

    def measure(span: Span) -> tuple[Transitions | None, list[LayerShare]]:
        return _transitions(run, span), [layer_share(run, state, span.actor) for state in span.ends or ()]

    for span, (turned, own) in in_order(run.options.threads, measure, run.resolved(wanted)):
        elsewhere = {} if turned is None else {"gained": [turned.gained_km2], "lost": [turned.lost_km2]}
        said = [*span.notices, *left_out(run, span.actor, span.period.label, **elsewhere)]
        rows.extend(_flow_rows(run, span, turned, said))
        run.spans.append(span)
        run.said += said
        shares |= dict.fromkeys(own)
    return table_of(run, FlowRow, rows, shares=shares)


def _transitions(run: Run, span: Span) -> Transitions | None:
    """Return what turned from role to role between a span's two maps, None where it has not two."""
    if span.ends is None:
        return None
    before, after = (run.roles(state, span.actor) for state in span.ends)
    opening, closing = (run.ground(run.holding(state.snapshot, span.actor)) for state in span.ends)
    return transitions.between(before, after, opening, closing, run.takers(span.actor))


def _flow_rows(run: Run, span: Span, measured: Transitions | None, said: Sequence[Notice]) -> Iterator[FlowRow]:
    """Yield a span's rows, a row each pair of the view's roles, also of those that the maps do not show."""
    shown, own, codes = measured.roles if measured else (), columns_of(run, span), join_codes(said)
    roles = [role.value for role in Role if role in run.view.roles or role in shown]
    pairs = [(old, new) for old in (*roles, NOTHING) for new in (*roles, NOTHING) if not old == new == NOTHING]
    for line in run.lines.shown:
        for old, new in pairs:
            km2 = 0.0
            if measured and old in shown and new in shown:
                km2 = line.sum_of(measured.km2[shown.index(old), shown.index(new)])
            yield FlowRow(
                level=line.level,
                region=line.region,
                from_role=old,
                to_role=new,
                km2=km2 if measured else None,
                notes=codes,
                **own,
            )
