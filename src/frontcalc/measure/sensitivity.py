"""How gained, lost and net of a period move with each assumption that they rest on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import shapely

from frontcalc import change, crs, geometry
from frontcalc.archives import Archive
from frontcalc.change import Change, Floats
from frontcalc.errors import UsageError
from frontcalc.keywords import facade
from frontcalc.measure.diff import diff_rows
from frontcalc.measure.references import change_on_ellipsoid, drawn
from frontcalc.measure.series import steps_in
from frontcalc.notices import Notice, join_codes
from frontcalc.outputs.wording import reads_alike
from frontcalc.periods import PeriodLike, parse_periods
from frontcalc.regions import SNAPS, embedded_covers
from frontcalc.run.meta import nothing_measured, table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import Measured, measured
from frontcalc.run.run import Run
from frontcalc.slivers import SLIVER_WIDTH_M, thin_parts
from frontcalc.states import Span, State
from frontcalc.tables import TOTAL, DiffRow, Meta, RangeRow, SensitivityRow, Table
from frontcalc.views import VIEWS

MEASURES = ("gained", "lost", "net")
BASE, RANGE = "base", "range"

SLIVER_WIDTHS_M = (50.0, SLIVER_WIDTH_M, 200.0)
"""Mean widths below which parts are left out in turn (m)."""

GROSS_STEPS = ("month", "week", "snapshot")

FINER = 100
"""How many times smaller the area error of an edge is where edges are split more finely."""

Row = tuple[str, str]
"""Level and region of a row."""

Figures = Mapping[Row, tuple[float, float]]
"""Gained and lost of each row (km²)."""


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
    moved: Figures | None
    in_range: bool = False
    notices: tuple[Notice, ...] = ()


@facade
def sensitivity(
    period: PeriodLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
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
    asked, wanted = Options(**options), parse_periods([period])
    run = Run.open(archive, asked if asked.is_split else replace(asked, by="none"))
    spans = run.resolved(wanted)
    _refuse_dropped(run)
    rows = [row for one in measured(run, spans) if one.change for row in _rows(run, one)]
    if not rows:
        raise nothing_measured(run, run.said)
    run.said.append(_range_notice(run))
    return table_of(run, SensitivityRow, rows)


def with_ranges(run: Run, spans: Iterable[Span]) -> Table[DiffRow, Meta]:
    """Return a table of change with the least and the most that each figure comes to under open assumptions.

    Raises
    ------
    UsageError
        Slivers are dropped, so that there is no one figure for a range to be around.
    """
    _refuse_dropped(run)
    run.notices.append(_range_notice(run))
    rows: list[DiffRow] = []
    for one in measured(run, spans):
        base = _figures(run, one.change) if one.change else None
        outcomes = [other for assume in _OPEN for other in assume(run, one) if other.in_range] if base else []
        for row in diff_rows(run, one):
            own: dict[str, Any] = {entry.name: getattr(row, entry.name) for entry in fields(row)}
            # Blank where nothing was measured.
            if base is not None:
                least, most = _least_and_most(base, outcomes, (row.level, row.region))
                own |= {f"{name}_min_km2": figure for name, figure in zip(MEASURES, least, strict=True)}
                own |= {f"{name}_max_km2": figure for name, figure in zip(MEASURES, most, strict=True)}
            rows.append(RangeRow(**own))
    return table_of(run, RangeRow, rows, slivers=True)


def _refuse_dropped(run: Run) -> None:
    """Refuse a base without its slivers: leaving them out is one of its alternatives."""
    if run.options.drop_slivers:
        raise UsageError(
            "the figures without slivers are among those shown", where="--drop-slivers", cure="leave it out"
        )


def _range_notice(run: Run) -> Notice:
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


def _figures(run: Run, changed: Change) -> dict[Row, tuple[float, float]]:
    """Return gained and lost of each row of a run."""
    return _by_row(run, changed.gained_km2, changed.lost_km2)


def _by_row(run: Run, gained: Floats, lost: Floats) -> dict[Row, tuple[float, float]]:
    """Return gained and lost of each row of a run, from arrays (n + 2,)."""
    return {(line.level, line.region): (line.sum_of(gained), line.sum_of(lost)) for line in run.lines.shown}


def _least_and_most(
    base: Figures, outcomes: Iterable[Outcome], row: Row
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the least and the most gained, lost and net (km²) of a row, over the base and what is in range."""
    pairs = [base[row]]
    pairs += [outcome.moved[row] for outcome in outcomes if outcome.in_range and outcome.moved and row in outcome.moved]
    columns = list(zip(*((gained, lost, gained - lost) for gained, lost in pairs), strict=True))
    return tuple(map(min, columns)), tuple(map(max, columns))


def _rows(run: Run, one: Measured) -> Iterator[SensitivityRow]:
    """Yield an actor's rows, region by region."""
    assert one.change is not None
    span, base, view = one.span, _figures(run, one.change), run.view.name
    own = Outcome(BASE, "as asked", span, view, base, True, span.notices)
    others = [other for assume in _ASSUMPTIONS for other in assume(run, one)]
    # The ends of a range are of no two maps.
    nowhere = replace(span, opening=None, closing=None)
    for row in base:
        figures = _three(own, row)
        yield _row(run, row, own, figures, figures)
        for other in others:
            if other.moved is None or row in other.moved:
                yield _row(run, row, other, _three(other, row), figures)
        for choice, extreme in zip(("least", "most"), _least_and_most(base, others, row), strict=True):
            yield _row(run, row, Outcome(RANGE, choice, nowhere, view, None, True), extreme, figures)


def _three(outcome: Outcome, row: Row) -> tuple[float, ...] | None:
    """Return gained, lost and net of a row (km²), None where they could not be measured."""
    if outcome.moved is None:
        return None
    gained, lost = outcome.moved[row]
    return gained, lost, gained - lost


def _row(
    run: Run, row: Row, outcome: Outcome, figures: tuple[float, ...] | None, of_base: tuple[float, ...] | None
) -> SensitivityRow:
    """Return one row, its differences taken to the base."""
    assert of_base is not None
    span, blank = outcome.span, (None, None, None)
    differences = tuple(mine - its for mine, its in zip(figures, of_base, strict=True)) if figures else blank
    gained, lost, net = figures or blank
    # Which of the measures would be printed otherwise than the base's.
    pairs = zip(MEASURES, figures or of_base, of_base, strict=True)
    return SensitivityRow(
        archive=run.archive.name,
        actor=span.actor,
        period=span.period.label,
        level=row[0],
        region=row[1],
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
        matters=" ".join(name for name, mine, its in pairs if not reads_alike(mine, its)),
        in_range=outcome.in_range,
        notes=join_codes(outcome.notices),
    )


def _again(run: Run, span: Span, **changed: Any) -> Run:
    """Return a run that differs from a base in some options; what it reads is noted in the base's too."""
    other = Run(run.archive, replace(run.options, actor=span.actor, **changed))
    other.begin([], span.closing.day if span.closing else None)
    other.used = run.used
    return other


def _outcome(run: Run, span: Span, assumption: str, choice: str, *, in_range: bool = False) -> Outcome:
    """Return the outcome of measuring a span with a run."""
    moved = _figures(run, run.step(*span.ends, span.actor)) if span.ends else None
    return Outcome(assumption, choice, span, run.view.name, moved, in_range, span.notices)


def _of_base(
    run: Run, one: Measured, assumption: str, choice: str, moved: Figures, *, in_range: bool = False
) -> Outcome:
    """Return an outcome that rests on the very maps and view of the base."""
    return Outcome(assumption, choice, one.span, run.view.name, moved, in_range, one.span.notices)


def _other_views(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield the other views that the archive can show."""
    if one.span.period.opens_on is None and one.span.period.closes_on is None:
        return
    for name in VIEWS:
        if name == run.view.name:
            continue
        try:
            other = _again(run, one.span, view=name)
            span = other.states(one.span.actor).resolve(one.span.period)
        except UsageError:
            # The archive has no such layer: there is nothing to assume.
            continue
        yield _outcome(other, span, "view", name)


def _other_maps(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield the period opened and closed by the map before and by the one after; of two single files there are none."""
    if one.span.ends is None or one.span.days is None:
        return
    (opening, closing), states = one.span.ends, run.states(one.span.actor)
    choices = (("one map earlier", True), ("one map later", False))
    for choice, earlier in choices:
        yield _between(run, one, states.next_to(opening, earlier=earlier), closing, "opening", choice)
    for choice, earlier in choices:
        yield _between(run, one, opening, states.next_to(closing, earlier=earlier), "closing", choice)


def _between(
    run: Run, one: Measured, opening: State | None, closing: State | None, assumption: str, choice: str
) -> Outcome:
    """Return the outcome between two maps; nothing is measured where there is no such map, or no period left."""
    span, label = replace(one.span, opening=opening, closing=closing), one.span.period.label
    if opening is None or closing is None:
        span = replace(span, notices=(Notice("NO-MAP", "the archive has no such map", label),))
    elif span.ends is None:
        span = replace(span, notices=(Notice("NO-NEW-MAP", "opening and closing are the same map", label),))
    return _outcome(run, span, assumption, choice, in_range=True)


def _other_projections(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield other equal-area projections: one around the place shown, and the default where that was not used."""
    # Lambert's azimuthal equal-area projection about the middle of what the two maps show, in whole degrees.
    west, south, east, north = shapely.total_bounds(_place(run, one.span))
    around = f"+proj=laea +lat_0={round((south + north) / 2)} +lon_0={round((west + east) / 2)} +datum=WGS84"
    for target in (around, crs.DEFAULT_CRS):
        if target != run.options.crs:
            yield _outcome(_again(run, one.span, crs=target), one.span, "projection", target, in_range=True)


def _place(run: Run, span: Span) -> change.Geometries:
    """Return boxes in degrees around what the two maps of a span show."""
    return np.concatenate([state.snapshot.place for state in span.ends or ()])


def _other_edges(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield the change with edges not split before projecting, and split more finely."""
    for choice, error in (("not split", math.inf), (f"split {FINER} times finer", geometry.EDGE_ERROR_M2 / FINER)):
        before, after = (
            drawn(state.snapshot, one.span.actor, run.view, run.options.crs, edge_error=error)
            for state in one.span.ends or ()
        )
        changed = change.step(before, after, run.takers(one.span.actor))
        yield _of_base(run, one, "edges", choice, _figures(run, changed), in_range=True)


def _on_ellipsoid(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield the references without a projection, of the whole map alone: regions are drawn in the projection."""
    if run.lines.left_out or one.span.ends is None:
        return
    opening, closing = (state.snapshot for state in one.span.ends)
    references = change_on_ellipsoid(opening, closing, one.span.actor, run.view)
    for edges, figures in references.items():
        yield _of_base(run, one, "ellipsoid", f"no projection, {edges} edges", {(TOTAL, TOTAL): figures})


def _without_slivers(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield the change without its parts that are thinner than each of some widths."""
    takers = run.takers(one.span.actor)
    before, after = (run.ground(state.snapshot, one.span.actor) for state in one.span.ends or ())
    parts = [geometry.polygonal(shapely.difference(*pair)) for pair in ((after, before), (before, after))]
    for limit in SLIVER_WIDTHS_M:
        kept = (polygons[~thin_parts(polygons, (limit, run.options.crs))] for polygons in parts)
        gained, lost = (change.areas(polygons, takers)[0] for polygons in kept)
        in_range = limit == SLIVER_WIDTH_M
        yield _of_base(
            run, one, "slivers", f"under {limit:g} m left out", _by_row(run, gained, lost), in_range=in_range
        )


def _without_redefinitions(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield the change without what no front explains by all appearances; where nothing is suspect there is none."""
    if not one.suspect:
        return
    nothing = np.zeros_like(one.suspect[0].km2)
    gained, lost = (
        np.sum([nothing, *(found.km2 for found in one.suspect if found.kind == kind)], axis=0)
        for kind in ("gained", "lost")
    )
    assert one.change is not None
    moved = _by_row(run, one.change.gained_km2 - gained, one.change.lost_km2 - lost)
    outcome = _of_base(run, one, "redefinitions", "suspected left out", moved, in_range=True)
    yield replace(outcome, notices=(*outcome.notices, *(found.notice for found in one.suspect)))


def _in_steps(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield gained and lost summed over steps inside the period: gross figures."""
    if one.span.ends is None or one.span.days is None:
        return
    for step in GROSS_STEPS:
        pairs = pairwise(steps_in(run, one.span, step))
        gross = change.total([run.step(*pair, one.span.actor) for pair in pairs])
        yield _of_base(run, one, "step", f"gross, each {step}", _figures(run, gross))


def _other_regions(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield the embedded regions where a file of others is used, for the rows that both have by code or name."""
    if not run.options.regions or not embedded_covers(_place(run, one.span)):
        return
    try:
        other = _again(run, one.span, regions=None, region_name=None)
    except UsageError:
        # What --only or --by names is not among the embedded ones.
        return
    name = other.regions.source.name if other.regions.source else "embedded"
    outcome = _outcome(other, one.span, "regions", name)
    if outcome.moved is not None:
        yield replace(outcome, moved=_renamed(outcome.moved, other, run))


def _renamed(moved: Figures, run: Run, base: Run) -> Figures:
    """Return figures under the names that another run has for the regions of the same code, or of the same name."""
    names = dict(zip(base.regions.codes, base.regions.names, strict=False))
    names.pop("", None)
    own = {name: names.get(code, name) for name, code in zip(run.regions.names, run.regions.codes, strict=False)}
    return {(level, own.get(region, region)): figures for (level, region), figures in moved.items()}


def _other_snapping(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield the other rule for ground beside regions; without regions there is none."""
    if not run.regions.names:
        return
    for rule in SNAPS:
        if rule != run.options.snap:
            yield _outcome(_again(run, one.span, snap=rule), one.span, "snap", rule, in_range=True)


_ASSUMPTIONS: tuple[Callable[[Run, Measured], Iterator[Outcome]], ...] = (
    _other_views,
    _other_maps,
    _other_projections,
    _other_edges,
    _on_ellipsoid,
    _without_slivers,
    _without_redefinitions,
    _in_steps,
    _other_regions,
    _other_snapping,
)
"""What a period comes to under each assumption changed by itself, in the order of the table."""

_OPEN = (
    _other_maps,
    _other_projections,
    _other_edges,
    _without_slivers,
    _without_redefinitions,
    _other_snapping,
)
"""Those that have alternatives open to argument, over which a range is taken."""
