"""A measured period as the base of comparisons, and what it comes to where an assumption is another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from frontcalc.change import Change, Floats
from frontcalc.errors import UsageError
from frontcalc.notices import Notice
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options, start
from frontcalc.pipeline.suspicions import Redefinition
from frontcalc.slivers import SLIVER_WIDTH_M
from frontcalc.states import Span, State

Key = tuple[str, str]
"""Level and region of a row."""

MovedByRow = Mapping[Key, tuple[float, float]]
"""Gained and lost of each row (km²)."""

MEASURES = ("gained", "lost", "net")


@dataclass(frozen=True, slots=True)
class Base:
    """A measured period, from which one assumption at a time is changed.

    `options` are those of the run; `span` has two different maps; `suspect` is what no front explains.
    """

    run: Measuring
    options: Options
    actor: str
    span: Span
    moved: MovedByRow
    suspect: tuple[Redefinition, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a period comes to where one assumption is another.

    Parameters
    ----------
    assumption, choice : str
        What was changed, and to what.
    span : Span
        The maps that were compared.
    view : str
        What counted as held.
    moved : mapping or None
        Gained and lost by row; None where it could not be measured, as `notices` say.
    in_range : bool
        Whether the assumption is open to argument, so that a range has it.
    notices : tuple of Notice
        What is to be said of it.
    """

    assumption: str
    choice: str
    span: Span
    view: str
    moved: MovedByRow | None
    in_range: bool
    notices: tuple[Notice, ...] = ()


def refuse_dropped(run: Measuring) -> None:
    """Refuse a base without its slivers: leaving them out is one of its alternatives.

    Raises
    ------
    UsageError
        The run leaves slivers out.
    """
    if run.drop_slivers:
        raise UsageError(
            "the figures without slivers are among those shown", where="--drop-slivers", cure="leave it out"
        )


def base_of(
    run: Measuring, options: Options, actor: str, span: Span, changed: Change, suspect: Iterable[Redefinition]
) -> Base:
    """Return a measured period as the base of its alternatives."""
    moved = by_row(run, changed.gained_km2, changed.lost_km2)
    return Base(run, options, actor, span, moved, tuple(suspect))


def least_and_most(base: Base, outcomes: Iterable[Outcome], row: Key) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the least and the most gained, lost and net (km²) of a row, over the base and what is in range."""
    pairs = [base.moved[row]]
    pairs += [outcome.moved[row] for outcome in outcomes if outcome.in_range and outcome.moved and row in outcome.moved]
    measures = [(gained, lost, gained - lost) for gained, lost in pairs]
    columns = list(zip(*measures, strict=True))
    return tuple(map(min, columns)), tuple(map(max, columns))


def range_notice(run: Measuring) -> Notice:
    """Return what a range covers, and what it does not."""
    covered = [
        "opening and closing one map earlier or later, where there is one",
        "projection",
        "edges split or not",
        f"slivers under {SLIVER_WIDTH_M:g} m left out",
        "suspected redefinitions left out",
        *(["ground snapped to regions or not"] if run.regions.names else []),
    ]
    beside = "view, actor and regions are definitions and not in it"
    return Notice("RANGE", f"each by itself: {', '.join(covered)}; {beside}")


def ends(base: Base) -> tuple[State, ...]:
    """Return the states that open and close the base's period."""
    return tuple(state for state in (base.span.opening, base.span.closing) if state)


def by_row(run: Measuring, gained: Floats, lost: Floats) -> dict[Key, tuple[float, float]]:
    """Return gained and lost of each row of a run, from arrays (n + 2,)."""
    return {(line.level, line.region): (line.sum_of(gained), line.sum_of(lost)) for line in run.rows()}


def again(base: Base, options: Options) -> Measuring:
    """Return a run that differs from the base's in some options; what it reads is noted in the base's too."""
    changed: Options = {**base.options, **options}
    closing = base.span.closing
    run = start(base.run.archive, {**changed, "actor": base.actor}, closing.day if closing else None)
    run.files = base.run.files
    run.maps = base.run.maps
    return run


def measured(
    base: Base, run: Measuring, span: Span, assumption: str, choice: str, *, in_range: bool = False
) -> Outcome:
    """Return the outcome of measuring a span with a run."""
    moved = None
    if span.opening is not None and span.closing is not None and span.measurable:
        change = run.move(span.opening.snapshot, span.closing.snapshot, base.actor, None)
        moved = by_row(run, change.gained_km2, change.lost_km2)
    return Outcome(assumption, choice, span, run.view.name, moved, in_range, span.notices)


def of_base(base: Base, assumption: str, choice: str, moved: MovedByRow, *, in_range: bool = False) -> Outcome:
    """Return an outcome that rests on the very maps and view of the base."""
    return Outcome(assumption, choice, base.span, base.run.view.name, moved, in_range, base.span.notices)
