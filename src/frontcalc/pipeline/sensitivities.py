"""How gained, lost and net of a period move with each assumption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from frontcalc.archives import Archive
from frontcalc.keywords import facade
from frontcalc.notices import join_codes
from frontcalc.outputs.wording import reads_alike
from frontcalc.periods import PeriodLike
from frontcalc.pipeline.assumptions import alternatives
from frontcalc.pipeline.comparing import measure
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.outcomes import (
    MEASURES,
    Base,
    Key,
    Outcome,
    base_of,
    least_and_most,
    range_notice,
    refuse_dropped,
)
from frontcalc.pipeline.provenance import meta_of
from frontcalc.pipeline.region_shapes import shapes_of
from frontcalc.pipeline.spans import nothing_measured, period_used, start_periods
from frontcalc.tables import Meta, SensitivityRow, Table

BASE, RANGE = "base", "range"

Figures = tuple[float, ...] | None
"""Gained, lost and net (km²), None where they could not be measured."""


@facade
def sensitivity(
    period: PeriodLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Options]
) -> Table[SensitivityRow, Meta]:
    """Measure how gained, lost and net of a period move with each assumption, one at a time.

    Parameters
    ----------
    period : str
        As for `diff`.
    archive : path or Archive
        A folder of dated maps; None for the bundled synthetic sample.
    **options
        How the base is measured: see `Options`. Without `by`, `regions` and `only`, totals only,
        which regions and snapping do not move.

    Returns
    -------
    Table of SensitivityRow
        By actor and region: the base, a row a choice with its differences to the base (km²), then the least
        and the most of those in range. docs/method.md explains each.

    Raises
    ------
    UsageError, DataError
        As `diff`.
    NoDataError
        The period has not two maps.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.sensitivity("2024-10")
    >>> base, least, most = table.rows[0], table.rows[-2], table.rows[-1]
    >>> print(f"{base.net_km2:,.0f} km², {least.net_km2:,.0f} to {most.net_km2:,.0f} in range")
    520 km², 388 to 640 in range
    """
    if not any(options.get(option) for option in ("by", "regions", "only")):
        options["by"] = "none"
    run, actors, _ = asked = start_periods([period], archive, options)
    refuse_dropped(run)
    rows: list[SensitivityRow] = []
    used, notices = [], []
    for one in measure(asked):
        used.append(period_used(one.actor, one.span))
        notices.extend([*one.said, *one.loose, *(found.notice for found in one.suspect)])
        if one.changed:
            rows.extend(_rows(base_of(run, options, one.actor, one.span, one.changed, one.suspect)))
    if not rows:
        raise nothing_measured(run, notices)
    meta = meta_of(run, actors, periods=used, notices=[*notices, range_notice(run)])
    return Table(SensitivityRow, tuple(rows), meta, shapes_of(run))


def _rows(base: Base) -> Iterator[SensitivityRow]:
    """Yield an actor's rows, region by region."""
    own = Outcome(BASE, "as asked", base.span, base.run.view.name, base.moved, True, base.span.notices)
    others = list(alternatives(base))
    # The ends of a range are of no two maps.
    nowhere = replace(base.span, opening=None, closing=None)
    for key in base.moved:
        figures = _figures(own, key)
        yield _row(base, key, own, figures, figures)
        for other in others:
            if other.moved is None or key in other.moved:
                yield _row(base, key, other, _figures(other, key), figures)
        for choice, extreme in zip(("least", "most"), least_and_most(base, others, key), strict=True):
            end = Outcome(RANGE, choice, nowhere, base.run.view.name, None, True)
            yield _row(base, key, end, extreme, figures)


def _figures(outcome: Outcome, key: Key) -> Figures:
    """Return gained, lost and net of a row."""
    if outcome.moved is None:
        return None
    gained, lost = outcome.moved[key]
    return gained, lost, gained - lost


def _row(base: Base, key: Key, outcome: Outcome, figures: Figures, of_base: Figures) -> SensitivityRow:
    """Return one row, its differences taken to the base."""
    assert of_base is not None
    span, blank = outcome.span, (None, None, None)
    differences = tuple(mine - its for mine, its in zip(figures, of_base, strict=True)) if figures else blank
    gained, lost, net = figures or blank
    return SensitivityRow(
        archive=base.run.archive.name,
        actor=base.actor,
        period=span.period.label,
        level=key[0],
        region=key[1],
        assumption=outcome.assumption,
        choice=outcome.choice,
        opening=span.opening.day if span.opening else None,
        closing=span.closing.day if span.closing else None,
        days=span.days,
        view=outcome.view,
        gained_km2=gained,
        lost_km2=lost,
        net_km2=net,
        gained_difference_km2=differences[0],
        lost_difference_km2=differences[1],
        net_difference_km2=differences[2],
        matters=_matters(figures, of_base),
        in_range=outcome.in_range,
        notes=join_codes(outcome.notices),
    )


def _matters(figures: Figures, of_base: tuple[float, ...]) -> str:
    """Return which of the measures would be printed otherwise than the base's, separated by spaces."""
    pairs = zip(MEASURES, figures or of_base, of_base, strict=True)
    return " ".join(name for name, mine, its in pairs if not reads_alike(mine, its))
