"""How gained, lost and net of a period move with each assumption that they rest on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import shapely

from frontcalc import change, crs, geometry
from frontcalc.archives import Archive
from frontcalc.change import Floats, Geometries
from frontcalc.errors import UsageError
from frontcalc.keywords import facade
from frontcalc.levels import Line
from frontcalc.measure.diff import columns_of, diff_rows
from frontcalc.measure.series import steps_in
from frontcalc.notices import Notice, join_codes
from frontcalc.outputs.sentences import reads_alike
from frontcalc.periods import PeriodLike, parse_periods
from frontcalc.regions import SNAPS, bands_of, embedded_covers
from frontcalc.run.meta import nothing_measured, table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import Measured, border_km2, measured
from frontcalc.run.run import Run
from frontcalc.slivers import SLIVER_WIDTH_M, thin_parts
from frontcalc.snapshots import Snapshot
from frontcalc.states import Span, State
from frontcalc.tables import DiffRow, Meta, RangeRow, SensitivityRow, Table, extended
from frontcalc.views import VIEWS, View

MEASURES = ("gained", "lost", "net")
SLIVER_WIDTHS_M = (50.0, SLIVER_WIDTH_M, 200.0)  # mean widths below which parts are left out in turn
GROSS_STEPS = ("month", "week", "snapshot")
FINER = 100  # how many times smaller the area error of an edge is where edges are split more finely

BAND_KM = 3.0  # how far borders of coarse regions may lie from where they are drawn
_DEGREES2 = 1e-11  # area error in square degrees, about 0.1 m², above which an edge not straight in degrees is split
_LEFT_OUT = "under {:g} m left out"

Outcome = tuple[str, str, Span, Floats | None]
"""An assumption, what it was changed to, the maps, and what each row gained and lost and its net, (n, 3) in km².

Rows that the choice is not of are NaN; None stands where nothing could be measured.
"""


@facade
def sensitivity(
    period: PeriodLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> Table[SensitivityRow, Meta]:
    """Measure how gained, lost and net of a period move with each assumption, one at a time.

    Otherwise as `diff`.

    Parameters
    ----------
    period, archive, **options
        As for `diff`, for the base. Without `by`, `regions` and `only`, totals only, which regions and snapping do not
        move.

    Returns
    -------
    Table of SensitivityRow
        By actor and region: the base, a row a choice with its differences to the base (km²), then the least
        and the most of those in range. docs/method.md explains each.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.sensitivity("2024-10")
    >>> base, least, most = table.rows[0], table.rows[-2], table.rows[-1]
    >>> print(f"{base.net_km2:,.0f} km², {least.net_km2:,.0f} to {most.net_km2:,.0f} in range")
    520 km², 388 to 640 in range
    """
    run_options, wanted = Options(**options), parse_periods([period])
    run = Run.open(archive, run_options if run_options.is_split else replace(run_options, by="none"))
    spans = run.resolved(wanted)
    covered = _range_notice(run)
    rows = [row for one in measured(run, spans) if one.change for row in _rows(run, one)]
    if not rows:
        raise nothing_measured(run, run.figure_notices)
    run.figure_notices.append(covered)
    return table_of(run, SensitivityRow, rows)


def with_ranges(run: Run, spans: Iterable[Span]) -> Table[DiffRow, Meta]:
    """Return a table of change with the least and the most of each figure under assumptions open to argument."""
    run.notices.append(_range_notice(run))
    columns = [f"{name}_{end}_km2" for end in ("min", "max") for name in MEASURES]
    rows: list[DiffRow] = []
    for one in measured(run, spans):
        # Blank where nothing was measured.
        ends: list[list[Any]] = [[None] * len(columns)] * len(run.lines.shown)
        if one.change:
            base = _figures(run, one.change.gained_km2, one.change.lost_km2)
            ends = np.hstack(_least_and_most([base, *(figures for *_, figures in _outcomes(run, one))])).tolist()
        for row, figures in zip(diff_rows(run, one), ends, strict=True):
            rows.append(extended(RangeRow, row, **dict(zip(columns, figures, strict=True))))
    return table_of(run, RangeRow, rows, slivers=True)


def _range_notice(run: Run) -> Notice:
    """Return the notice of what a range covers; UsageError for a base without slivers, which is in the range."""
    if run.options.drop_slivers:
        problem = "the figures without slivers are among those shown"
        raise UsageError(problem, where="--drop-slivers", cure="leave it out")
    covered = "opening and closing one map earlier or later, where there is one, both a day where maps are daily,"
    covered += " projection, edges split or not,"
    covered += f" slivers under {SLIVER_WIDTH_M:g} m left out, suspected redefinitions left out"
    covered += ", ground snapped to regions or not" if run.regions.names else ""
    covered += f", rough borders up to {BAND_KM:g} km from where they are drawn" if run.regions.accuracy else ""
    beside = "view, actor and regions are definitions and not in it"
    return Notice("RANGE", f"each by itself: {covered}; {beside}")


def _figures(run: Run, gained: Floats, lost: Floats) -> Floats:
    """Return gained, lost and net of each row of a run (n, 3), of arrays by region (r + 2,)."""
    sums = ((line.sum_of(gained), line.sum_of(lost)) for line in run.lines.shown)
    return np.array([(more, less, more - less) for more, less in sums])


def _least_and_most(arrays: Iterable[Floats | None]) -> tuple[Floats, Floats]:
    """Return the least and the most of each figure (n, 3), over the outcomes that have it."""
    known = np.stack([figures for figures in arrays if figures is not None])
    return np.nanmin(known, axis=0), np.nanmax(known, axis=0)


def _in_range(assumption: str, choice: str) -> bool:
    """Say whether a choice is open to argument: no definition, and of widths of slivers the usual one."""
    if assumption == "slivers":
        return choice == _LEFT_OUT.format(SLIVER_WIDTH_M)
    return assumption not in ("view", "step", "regions", "ellipsoid")


def _rows(run: Run, one: Measured) -> Iterator[SensitivityRow]:
    """Yield an actor's rows, region by region, with their differences to the base."""
    assert one.change is not None
    base = _figures(run, one.change.gained_km2, one.change.lost_km2)
    outcomes: list[Outcome] = [("base", "as asked", one.span, base), *_outcomes(run, one, every=True)]
    ends = _least_and_most(figures for assumption, choice, _, figures in outcomes if _in_range(assumption, choice))
    # No two maps give the ends of a range.
    unmapped = replace(one.span, opening=None, closing=None, notices=())
    outcomes += [("range", choice, unmapped, end) for choice, end in zip(("least", "most"), ends, strict=True)]
    for place, line in enumerate(run.lines.shown):
        for assumption, choice, span, figures in outcomes:
            its = base[place].tolist()
            mine = its if figures is None else figures[place].tolist()
            if math.isnan(mine[0]):
                continue
            columns = columns_of(run, span) | ({"view": choice} if assumption == "view" else {})
            columns |= {"level": line.level, "region": line.region, "assumption": assumption, "choice": choice}
            matters = []
            for name, own, other in zip(MEASURES, mine, its, strict=True):
                columns[f"{name}_km2"] = None if figures is None else own
                columns[f"{name}_difference_km2"] = None if figures is None else own - other
                # Whether it would be printed otherwise than the base's.
                matters += [] if reads_alike(own, other) else [name]
            in_range, notes = _in_range(assumption, choice), join_codes(span.notices)
            yield SensitivityRow(**columns, in_range=in_range, matters=" ".join(matters), notes=notes)


def _outcomes(run: Run, one: Measured, *, every: bool = False) -> Iterator[Outcome]:
    """Yield a measured period with each assumption in the range changed by itself; with `every` also all others."""
    span, ends = one.span, one.span.ends
    assert ends is not None
    for name in VIEWS if every and (span.period.opens_on or span.period.closes_on) else ():
        if name != run.view.name:
            yield from _again(run, span, "view", name, view=name)
    # Two single files have no other maps.
    for end, state in zip(("opening", "closing"), ends, strict=True) if span.days is not None else ():
        for choice, earlier in (("one map earlier", True), ("one map later", False)):
            other = run.states(span.actor).next_to(state, earlier=earlier)
            moved = replace(span, opening=other) if end == "opening" else replace(span, closing=other)
            if moved.ends is None:
                what = "opening and closing are the same map" if other else "the archive has no such map"
                moved = replace(moved, notices=(Notice("NO-NEW-MAP" if other else "NO-MAP", what, span.period.label),))
            yield end, choice, moved, _measured(run, moved)
    # Publishers and mirrors stamp a map with the day after: where there is a map a day, both ends may be off by one.
    maps_of = {day.toordinal(): day for day in run.archive.days}
    for choice, days in (("a day earlier", -1), ("a day later", 1)):
        due = [state.day and maps_of.get(state.day.toordinal() + days) for state in ends]
        opening, closing = (day and run.states(span.actor).on(day) for day in due)
        if opening and closing and [opening.day, closing.day] == due:
            moved = replace(span, opening=opening, closing=closing)
            yield "both ends", choice, moved, _measured(run, moved)
    # Lambert's azimuthal equal-area projection about the middle of what the two maps show, in whole degrees.
    place = np.concatenate([state.snapshot.place for state in ends])
    west, south, east, north = shapely.total_bounds(place)
    around = crs.equal_area_around(round((west + east) / 2), round((south + north) / 2))
    for target in (around, crs.DEFAULT_CRS):
        if target != run.options.crs:
            yield from _again(run, span, "projection", target, crs=target)
    yield from _overlaid_otherwise(run, one, ends, every=every)
    for step in GROSS_STEPS if every and span.days is not None else ():
        gross = change.total([run.step(*pair, span.actor) for pair in pairwise(steps_in(run, span, step))])
        yield "step", f"gross, each {step}", span, _figures(run, gross.gained_km2, gross.lost_km2)
    if every and run.options.regions and embedded_covers(place):
        yield from _again(run, span, "regions", "", regions=None, region_name=None)
    for rule in SNAPS if run.regions.names else ():
        if rule != run.options.snap:
            yield from _again(run, span, "snap", rule, snap=rule)


def _measured(run: Run, span: Span) -> Floats | None:
    """Return the figures of a span, None where it has not two maps."""
    if span.ends is None:
        return None
    changed = run.step(*span.ends, span.actor)
    return _figures(run, changed.gained_km2, changed.lost_km2)


def _again(run: Run, span: Span, assumption: str, choice: str, **changed: Any) -> Iterator[Outcome]:
    """Yield a span measured by a run that differs in some options; none where it has no such view or regions."""
    try:
        other = Run(run.archive, replace(run.options, actor=span.actor, **changed))
        other.used, other.looked_at = run.used, run.looked_at  # what the other reads is noted in the base's too
        other.begin([], span.closing.day if span.closing else None)
        if assumption == "view":
            span = other.states(span.actor).resolve(span.period)
    except UsageError:
        if assumption in ("view", "regions"):
            return
        raise
    figures = _measured(other, span)
    if assumption == "regions":
        choice = other.regions.source.name if other.regions.source else "embedded"
        if figures is not None:
            # Rows that both sets have, under the base's names for regions of the same code, or of the same name.
            mine = {code: name for code, name in zip(run.regions.codes, run.regions.names, strict=False) if code}
            own = dict(zip(other.regions.names, other.regions.codes, strict=False))
            keys = [(line.level, mine.get(own.get(line.region, ""), line.region)) for line in other.lines.shown]
            rows = {key: row for row, key in enumerate(keys)}
            places = [rows.get((line.level, line.region), -1) for line in run.lines.shown]
            figures = np.vstack([figures, np.full(len(MEASURES), np.nan)])[places]
    yield assumption, choice, span, figures


def _overlaid_otherwise(run: Run, one: Measured, ends: tuple[State, State], *, every: bool) -> Iterator[Outcome]:
    """Yield what no option gives: other edges, no projection, slivers or suspected redefinitions left out."""
    span, partition = one.span, run.partition_for(one.span.actor)
    shown = [(state.snapshot, span.actor, run.view) for state in ends]
    for choice, error in (("not split", math.inf), (f"split {FINER} times finer", geometry.EDGE_ERROR_M2 / FINER)):
        before, after = (drawn(*own, run.options.crs, edge_error=error) for own in shown)
        changed = change.step(before, after, partition)
        yield "edges", choice, span, _figures(run, changed.gained_km2, changed.lost_km2)
    # Of the whole map alone: regions are drawn in the projection.
    if every and not run.lines.left_out:
        opening, closing = (drawn(*own, crs.LONLAT, edge_error=_DEGREES2) for own in shown)
        gained, lost = (geometry.as_multipolygon(one) for one in change.differences(opening, closing, whole=True))
        for edges, measure in (("straight", crs.exact_area_km2), ("geodesic", crs.geodesic_area_km2)):
            figures = np.full((len(run.lines.shown), len(MEASURES)), np.nan)
            more, less = measure(gained), measure(lost)
            figures[-1] = more, less, more - less
            yield "ellipsoid", f"no projection, {edges} edges", span, figures
    before, after = (run.ground(run.holding(state.snapshot, span.actor)) for state in ends)
    parts = [geometry.polygonal(ground) for ground in change.differences(before, after, whole=True)]
    for limit in SLIVER_WIDTHS_M if every else (SLIVER_WIDTH_M,):
        kept = (polygons[~thin_parts(polygons, (limit, run.options.crs))] for polygons in parts)
        broad_km2 = (change.areas(polygons, partition)[0] for polygons in kept)
        yield "slivers", _LEFT_OUT.format(limit), span, _figures(run, *broad_km2)
    if beside := [line for line in run.lines.shown if any(border_km2(run, span.actor, line, one.change) or ())]:
        yield from _borders_elsewhere(run, one, beside, parts)
    if faults := [fault for fault in one.suspect if fault[2].code == "REDEFINITION"]:
        assert one.change is not None
        whole = (("gained", one.change.gained_km2), ("lost", one.change.lost_km2))
        sound_km2 = (km2 - sum(own for side, own, _ in faults if side == kind) for kind, km2 in whole)
        noted = replace(span, notices=(*span.notices, *(notice for *_, notice in faults)))
        yield "redefinitions", "suspected left out", noted, _figures(run, *sound_km2)


def _borders_elsewhere(
    run: Run, one: Measured, beside: Iterable[Line], parts: Sequence[Geometries]
) -> Iterator[Outcome]:
    """Yield figures with the borders of coarse regions moved either way; `parts` are polygons gained and lost."""
    partition = run.partition_for(one.span.actor)
    bands = bands_of(run.regions, run.options.crs, run.cache, eligible=partition.owner, km=BAND_KM)
    if bands is None or one.change is None:
        return
    (cells, rows, near), gained_km2, lost_km2 = bands, one.change.gained_km2, one.change.lost_km2
    own, sides = np.zeros((len(rows), len(partition.names)), dtype=bool), []
    for row, members in enumerate(rows):
        own[row, list(members)] = True
    for ground in parts:
        _, pieces, owner = cells.cut(ground)
        polygons, piece = geometry.polygons_of(pieces)
        groups = [polygons[owner[piece] == cell] for cell in range(len(cells.names))]
        km2 = np.array([own[:-1] for own, *_ in partition.split(*groups)])
        by_row = np.einsum("rc,cp->rp", near.any(axis=0).astype(float), km2)
        sides.append([(by_row * side).sum(axis=1) for side in (own, ~own)])
    # A border may lie inside of where it is drawn in one place and outside in another: all that is gained near it may
    # be the neighbour's, and all that is lost there the row's; or the reverse.
    for gains, losses, sign, end in ((0, 1, -1, "least"), (1, 0, 1, "most")):
        figures = np.full((len(run.lines.shown), len(MEASURES)), np.nan)
        for line in beside:
            row, gained, lost = rows.index(line.members), line.sum_of(gained_km2), line.sum_of(lost_km2)
            more, less = sign * float(sides[0][gains][row]), -sign * float(sides[1][losses][row])
            figures[run.lines.shown.index(line)] = gained + more, lost + less, gained + more - lost - less
        yield "borders", f"up to {BAND_KM:g} km elsewhere, {end} net", one.span, figures


def drawn(snapshot: Snapshot, actor: str, view: View, target: str, *, edge_error: float) -> shapely.MultiPolygon:
    """Return what an actor holds on a map in a CRS, not proved equal-area; `edge_error` is in its square units."""
    parts = [np.empty(0, dtype=object)]
    for part in snapshot.layers:
        if part.layer.actor == actor and view.counts(part.name, part.layer):
            project = crs.projector(part.crs, target)
            parts.append(geometry.repair(geometry.project_polygons(part.polygons, project, edge_error=edge_error)))
    return geometry.union(np.concatenate(parts))
