"""How gained, lost and net of a period move with each assumption that they rest on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np
import shapely

from frontcalc import change, crs, geometry
from frontcalc.archives import Archive
from frontcalc.change import Change, Floats
from frontcalc.errors import UsageError
from frontcalc.keywords import facade
from frontcalc.measure.diff import diff_rows
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
from frontcalc.snapshots import Snapshot
from frontcalc.states import Span
from frontcalc.tables import TOTAL, DiffRow, Meta, RangeRow, SensitivityRow, Table
from frontcalc.views import VIEWS, View

MEASURES = ("gained", "lost", "net")
BASE, RANGE = "base", "range"

SLIVER_WIDTHS_M = (50.0, SLIVER_WIDTH_M, 200.0)
"""Mean widths below which parts are left out in turn (m)."""

GROSS_STEPS = ("month", "week", "snapshot")

FINER = 100
"""How many times smaller the area error of an edge is where edges are split more finely."""

_DEGREES2 = 1e-11
"""Area error in square degrees, about 0.1 m², above which an edge that is not straight in degrees is split."""

Row = tuple[str, str]
"""Level and region of a row."""

Figures = Mapping[Row, tuple[float, float, float]]
"""Gained, lost and net of each row (km²)."""


class Outcome(NamedTuple):
    """What was changed and to what, the maps, the view and the figures; None where nothing could be measured.

    A range has what is open to argument, `in_range`.
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
    covered = _range_notice(run)
    rows = [row for one in measured(run, spans) if one.change for row in _rows(run, one)]
    if not rows:
        raise nothing_measured(run, run.said)
    run.said.append(covered)
    return table_of(run, SensitivityRow, rows)


def with_ranges(run: Run, spans: Iterable[Span]) -> Table[DiffRow, Meta]:
    """Return a table of change with the least and the most that each figure comes to under open assumptions."""
    run.notices.append(_range_notice(run))
    rows: list[DiffRow] = []
    for one in measured(run, spans):
        base = _figures(run, one.change) if one.change else None
        outcomes = (other for assume in _OPEN for other in assume(run, one)) if base else ()
        found = [base, *(other.moved for other in outcomes if other.in_range)]
        for row in diff_rows(run, one):
            own: dict[str, Any] = {entry.name: getattr(row, entry.name) for entry in fields(row)}
            # Blank where nothing was measured.
            for end, figures in zip(("min", "max"), _least_and_most(found, (row.level, row.region)), strict=False):
                own |= {f"{name}_{end}_km2": figure for name, figure in zip(MEASURES, figures, strict=True)}
            rows.append(RangeRow(**own))
    return table_of(run, RangeRow, rows, slivers=True)


def _range_notice(run: Run) -> Notice:
    """Return what a range covers, and what it does not; refuse a base without slivers: that is an alternative."""
    if run.options.drop_slivers:
        raise UsageError(
            "the figures without slivers are among those shown", where="--drop-slivers", cure="leave it out"
        )
    covered = (
        "opening and closing one map earlier or later, where there is one, projection, edges split or not,"
        f" slivers under {SLIVER_WIDTH_M:g} m left out, suspected redefinitions left out"
    )
    snapped = ", ground snapped to regions or not" if run.regions.names else ""
    beside = "view, actor and regions are definitions and not in it"
    return Notice("RANGE", f"each by itself: {covered}{snapped}; {beside}")


def _figures(run: Run, changed: Change) -> Figures:
    """Return the figures of each row of a run."""
    return _by_row(run, changed.gained_km2, changed.lost_km2)


def _by_row(run: Run, gained: Floats, lost: Floats) -> Figures:
    """Return the figures of each row of a run, from arrays (n + 2,)."""
    sums = ((line, line.sum_of(gained), line.sum_of(lost)) for line in run.lines.shown)
    return {(line.level, line.region): (more, less, more - less) for line, more, less in sums}


def _least_and_most(found: Iterable[Figures | None], row: Row) -> list[tuple[float, ...]]:
    """Return the least and the most gained, lost and net (km²) of a row; nothing where nothing has it."""
    columns = list(zip(*(figures[row] for figures in found if figures and row in figures), strict=True))
    return [tuple(map(end, columns)) for end in (min, max)] if columns else []


def _rows(run: Run, one: Measured) -> Iterator[SensitivityRow]:
    """Yield an actor's rows, region by region."""
    assert one.change is not None
    span, base, view = one.span, _figures(run, one.change), run.view.name
    own = Outcome(BASE, "as asked", span, view, base, True, span.notices)
    others = [other for assume in _ASSUMPTIONS for other in assume(run, one)]
    in_range = [base, *(other.moved for other in others if other.in_range)]
    # The ends of a range are of no two maps.
    nowhere = replace(span, opening=None, closing=None)
    for row in base:
        for other in (own, *others):
            if other.moved is None or row in other.moved:
                yield _row(run, row, other, None if other.moved is None else other.moved[row], base[row])
        for choice, extreme in zip(("least", "most"), _least_and_most(in_range, row), strict=True):
            yield _row(run, row, Outcome(RANGE, choice, nowhere, view, None, True), extreme, base[row])


def _row(
    run: Run, row: Row, outcome: Outcome, figures: tuple[float, ...] | None, of_base: tuple[float, ...]
) -> SensitivityRow:
    """Return one row, its differences taken to the base."""
    span, pairs = outcome.span, list(zip(MEASURES, figures or of_base, of_base, strict=True))
    columns = {f"{name}_km2": mine if figures else None for name, mine, _ in pairs}
    columns |= {f"{name}_difference_km2": mine - its if figures else None for name, mine, its in pairs}
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
        # Which of the measures would be printed otherwise than the base's.
        matters=" ".join(name for name, mine, its in pairs if not reads_alike(mine, its)),
        in_range=outcome.in_range,
        notes=join_codes(outcome.notices),
        **columns,
    )


def _again(run: Run, span: Span, **changed: Any) -> Run:
    """Return a run that differs from a base in some options; what it reads is noted in the base's too."""
    other = Run(run.archive, replace(run.options, actor=span.actor, **changed))
    other.begin([], span.closing.day if span.closing else None)
    other.used = run.used
    return other


def _outcome(
    run: Run, span: Span, assumption: str, choice: str, moved: Figures | None = None, *, in_range: bool = False
) -> Outcome:
    """Return the outcome of a span; its figures are measured with the run where none are given."""
    if moved is None and span.ends:
        moved = _figures(run, run.step(*span.ends, span.actor))
    return Outcome(assumption, choice, span, run.view.name, moved, in_range, span.notices)


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
    states, label = run.states(one.span.actor), one.span.period.label
    for end, state in zip(("opening", "closing"), one.span.ends, strict=True):
        for choice in ("one map earlier", "one map later"):
            other = states.next_to(state, earlier=choice == "one map earlier")
            span = replace(one.span, opening=other) if end == "opening" else replace(one.span, closing=other)
            if other is None:
                span = replace(span, notices=(Notice("NO-MAP", "the archive has no such map", label),))
            elif span.ends is None:
                span = replace(span, notices=(Notice("NO-NEW-MAP", "opening and closing are the same map", label),))
            yield _outcome(run, span, end, choice, in_range=True)


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


def drawn(snapshot: Snapshot, actor: str, view: View, target: str, *, edge_error: float) -> shapely.MultiPolygon:
    """Return what an actor holds on a map in any system, united, its edges split at another error than usual.

    `target` is not proved to be equal-area, and `edge_error` is in its square units.
    """
    parts = [np.empty(0, dtype=object)]
    for part in snapshot.layers:
        if part.layer.actor == actor and view.counts(part.name, part.layer):
            project = crs.projector(part.crs, target)
            parts.append(geometry.repair(geometry.project_polygons(part.polygons, project, edge_error=edge_error)))
    return geometry.union(np.concatenate(parts))


def _other_edges(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield the change with edges not split before projecting, and split more finely."""
    for choice, error in (("not split", math.inf), (f"split {FINER} times finer", geometry.EDGE_ERROR_M2 / FINER)):
        before, after = (
            drawn(state.snapshot, one.span.actor, run.view, run.options.crs, edge_error=error)
            for state in one.span.ends or ()
        )
        changed = change.step(before, after, run.takers(one.span.actor))
        yield _outcome(run, one.span, "edges", choice, _figures(run, changed), in_range=True)


def _on_ellipsoid(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield the references without a projection, of the whole map alone: regions are drawn in the projection."""
    if run.lines.left_out or one.span.ends is None:
        return
    opening, closing = (
        drawn(state.snapshot, one.span.actor, run.view, crs.LONLAT, edge_error=_DEGREES2) for state in one.span.ends
    )
    pairs = ((closing, opening), (opening, closing))
    gained, lost = (geometry.as_multipolygon(shapely.difference(*pair)) for pair in pairs)
    for edges, measure in (("straight", crs.exact_area_km2), ("geodesic", crs.geodesic_area_km2)):
        more, less = measure(gained), measure(lost)
        moved = {(TOTAL, TOTAL): (more, less, more - less)}
        yield _outcome(run, one.span, "ellipsoid", f"no projection, {edges} edges", moved)


def _without_slivers(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield the change without its parts that are thinner than each of some widths."""
    takers = run.takers(one.span.actor)
    before, after = (run.ground(run.holding(state.snapshot, one.span.actor)) for state in one.span.ends or ())
    parts = [geometry.polygonal(shapely.difference(*pair)) for pair in ((after, before), (before, after))]
    for limit in SLIVER_WIDTHS_M:
        kept = (polygons[~thin_parts(polygons, (limit, run.options.crs))] for polygons in parts)
        gained, lost = (change.areas(polygons, takers)[0] for polygons in kept)
        moved, choice = _by_row(run, gained, lost), f"under {limit:g} m left out"
        yield _outcome(run, one.span, "slivers", choice, moved, in_range=limit == SLIVER_WIDTH_M)


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
    outcome = _outcome(run, one.span, "redefinitions", "suspected left out", moved, in_range=True)
    yield outcome._replace(notices=(*outcome.notices, *(found.notice for found in one.suspect)))


def _in_steps(run: Run, one: Measured) -> Iterator[Outcome]:
    """Yield gained and lost summed over steps inside the period: gross figures."""
    if one.span.ends is None or one.span.days is None:
        return
    for step in GROSS_STEPS:
        pairs = pairwise(steps_in(run, one.span, step))
        gross = change.total([run.step(*pair, one.span.actor) for pair in pairs])
        yield _outcome(run, one.span, "step", f"gross, each {step}", _figures(run, gross))


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
    if outcome.moved is None:
        return
    # Under the names that the base has for the regions of the same code, or of the same name.
    mine = dict(zip(run.regions.codes, run.regions.names, strict=False))
    mine.pop("", None)
    own = {name: mine.get(code, name) for name, code in zip(other.regions.names, other.regions.codes, strict=False)}
    moved = {(level, own.get(region, region)): figures for (level, region), figures in outcome.moved.items()}
    yield outcome._replace(moved=moved)


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

_OPEN = (_other_maps, _other_projections, _other_edges, _without_slivers, _without_redefinitions, _other_snapping)
"""Those that have alternatives open to argument, over which a range is taken."""
