"""How gained, lost and net of a period move with each assumption that they rest on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np
import shapely

from frontcalc import change, crs, geometry
from frontcalc.archives import Archive
from frontcalc.change import Change, Floats, Geometries
from frontcalc.errors import UsageError
from frontcalc.keywords import facade
from frontcalc.levels import Line
from frontcalc.measure.diff import columns_of, diff_rows, extended
from frontcalc.measure.series import steps_in
from frontcalc.notices import Notice, join_codes
from frontcalc.outputs.wording import reads_alike
from frontcalc.periods import PeriodLike, parse_periods
from frontcalc.regions import SNAPS, bands_of, embedded_covers
from frontcalc.run.meta import nothing_measured, table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import Measured, border_km2, measured
from frontcalc.run.run import Run
from frontcalc.slivers import SLIVER_WIDTH_M, thin_parts
from frontcalc.snapshots import Snapshot
from frontcalc.states import Span, State
from frontcalc.tables import TOTAL, DiffRow, Meta, RangeRow, SensitivityRow, Table
from frontcalc.views import VIEWS, View

MEASURES = ("gained", "lost", "net")
SLIVER_WIDTHS_M = (50.0, SLIVER_WIDTH_M, 200.0)  # mean widths below which parts are left out in turn
GROSS_STEPS = ("month", "week", "snapshot")
FINER = 100  # how many times smaller the area error of an edge is where edges are split more finely

BAND_KM = 3.0  # how far borders of coarse regions may lie from where they are drawn
_DEGREES2 = 1e-11  # area error in square degrees, about 0.1 m², above which an edge not straight in degrees is split
_LEFT_OUT = "under {:g} m left out"

Row = tuple[str, str]  # level and region
Figures = Mapping[Row, tuple[float, ...]]  # gained, lost and net of each row (km²)


class Outcome(NamedTuple):
    """What was changed and to what, the maps, the view and the figures; None where nothing could be measured."""

    assumption: str
    choice: str
    span: Span
    view: str
    moved: Figures | None
    notices: tuple[Notice, ...] = ()

    @property
    def in_range(self) -> bool:
        """Whether it is open to argument: no definition, and of widths of slivers the usual one."""
        if self.assumption == "slivers":
            return self.choice == _LEFT_OUT.format(SLIVER_WIDTH_M)
        return self.assumption not in ("view", "step", "regions", "ellipsoid")


@facade
def sensitivity(
    period: PeriodLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> Table[SensitivityRow, Meta]:
    """Measure how gained, lost and net of a period move with each assumption, one at a time.

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

    Raises
    ------
    UsageError, DataError, NoDataError
        As `diff`.

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
        found = [_figures(run, one.change), *(other.moved for other in _outcomes(run, one))] if one.change else []
        for row in diff_rows(run, one):
            # Blank where nothing was measured.
            ends = zip(("min", "max"), _least_and_most(found, (row.level, row.region)), strict=False)
            pairs = ((end, pair) for end, figures in ends for pair in zip(MEASURES, figures, strict=True))
            rows.append(extended(RangeRow, row, **{f"{name}_{end}_km2": km2 for end, (name, km2) in pairs}))
    return table_of(run, RangeRow, rows, slivers=True)


def _range_notice(run: Run) -> Notice:
    """Return what a range covers, and what it does not; refuse a base without slivers: that is an alternative."""
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


def _figures(run: Run, changed: Change | tuple[Floats, Floats]) -> Figures:
    """Return the figures of each row of a run, from a change or from gained and lost (n + 2,)."""
    gained, lost = (changed.gained_km2, changed.lost_km2) if isinstance(changed, Change) else changed
    sums = ((line, line.sum_of(gained), line.sum_of(lost)) for line in run.lines.shown)
    return {(line.level, line.region): (more, less, more - less) for line, more, less in sums}


def _least_and_most(found: Iterable[Figures | None], row: Row) -> list[tuple[float, ...]]:
    """Return the least and the most gained, lost and net (km²) of a row; nothing where nothing has it."""
    columns = list(zip(*(figures[row] for figures in found if figures and row in figures), strict=True))
    return [tuple(map(end, columns)) for end in (min, max)] if columns else []


def _rows(run: Run, one: Measured) -> Iterator[SensitivityRow]:
    """Yield an actor's rows, region by region, with their differences to the base."""
    assert one.change is not None
    span, base, view = one.span, _figures(run, one.change), run.view.name
    outcomes = [Outcome("base", "as asked", span, view, base, span.notices), *_outcomes(run, one, every=True)]
    in_range = [other.moved for other in outcomes if other.in_range]
    # The ends of a range are of no two maps.
    nowhere = replace(span, opening=None, closing=None)
    for row, of_base in base.items():
        ends = zip(("least", "most"), _least_and_most(in_range, row), strict=True)
        extremes = [Outcome("range", choice, nowhere, view, {row: extreme}) for choice, extreme in ends]
        for other in (*outcomes, *extremes):
            if other.moved is not None and row not in other.moved:
                continue
            figures = other.moved[row] if other.moved else None
            pairs = list(zip(MEASURES, figures or of_base, of_base, strict=True))
            columns = columns_of(run, other.span) | {"view": other.view, "level": row[0], "region": row[1]}
            columns |= {"assumption": other.assumption, "choice": other.choice, "in_range": other.in_range}
            columns |= {f"{name}_km2": mine if figures else None for name, mine, _ in pairs}
            columns |= {f"{name}_difference_km2": mine - its if figures else None for name, mine, its in pairs}
            yield SensitivityRow(
                # Which of the measures would be printed otherwise than the base's.
                matters=" ".join(name for name, mine, its in pairs if not reads_alike(mine, its)),
                notes=join_codes(other.notices),
                **columns,
            )


def _outcomes(run: Run, one: Measured, *, every: bool = False) -> Iterator[Outcome]:
    """Yield a measured period with each assumption in the range changed by itself; with `every` also all others."""
    span, ends = one.span, one.span.ends
    assert ends is not None
    for name in VIEWS if every and (span.period.opens_on or span.period.closes_on) else ():
        if name != run.view.name:
            yield from _again(run, span, "view", name, view=name)
    sides = product(zip(("opening", "closing"), ends, strict=True), ("one map earlier", "one map later"))
    # Two single files have no other maps.
    for (end, state), choice in sides if span.days is not None else ():
        other = run.states(span.actor).next_to(state, earlier=choice == "one map earlier")
        moved = replace(span, opening=other) if end == "opening" else replace(span, closing=other)
        if moved.ends is None:
            what = "opening and closing are the same map" if other else "the archive has no such map"
            moved = replace(moved, notices=(Notice("NO-NEW-MAP" if other else "NO-MAP", what, span.period.label),))
        yield _outcome(run, moved, end, choice)
    # Publishers and mirrors stamp a map with the day after: where there is a map a day, both ends may be off by one.
    maps_of = {day.toordinal(): day for day in run.archive.days}
    for choice, days in (("a day earlier", -1), ("a day later", 1)):
        due = [state.day and maps_of.get(state.day.toordinal() + days) for state in ends]
        opening, closing = (day and run.states(span.actor).on(day) for day in due)
        if opening and closing and [opening.day, closing.day] == due:
            yield _outcome(run, replace(span, opening=opening, closing=closing), "both ends", choice)
    # About the middle of what the two maps show, in whole degrees.
    place = np.concatenate([state.snapshot.place for state in ends])
    west, south, east, north = shapely.total_bounds(place)
    around = crs.equal_area_around(round((west + east) / 2), round((south + north) / 2))
    for target in (around, crs.DEFAULT_CRS):
        if target != run.options.crs:
            yield from _again(run, span, "projection", target, crs=target)
    yield from _overlaid_otherwise(run, one, ends, every=every)
    if every and span.days is not None:
        for step in GROSS_STEPS:
            pairs = pairwise(steps_in(run, span, step))
            gross = change.total([run.step(*pair, span.actor) for pair in pairs])
            yield _outcome(run, span, "step", f"gross, each {step}", gross)
    if every and run.options.regions and embedded_covers(place):
        yield from _again(run, span, "regions", "", regions=None, region_name=None)
    for rule in SNAPS if run.regions.names else ():
        if rule != run.options.snap:
            yield from _again(run, span, "snap", rule, snap=rule)


def _again(run: Run, span: Span, assumption: str, choice: str, **changed: Any) -> Iterator[Outcome]:
    """Yield a span measured by a run that differs in some options; none where it has no such view or regions."""
    try:
        other = Run(run.archive, replace(run.options, actor=span.actor, **changed))
        other.begin([], span.closing.day if span.closing else None)
        other.used = run.used  # what the other reads is noted in the base's too
        if assumption == "view":
            span = other.states(span.actor).resolve(span.period)
    except UsageError:
        if assumption in ("view", "regions"):
            return
        raise
    outcome = _outcome(other, span, assumption, choice)
    if assumption == "regions" and outcome.moved is not None:
        # Rows that both sets have, under the base's names for regions of the same code, or of the same name.
        mine = {code: name for code, name in zip(run.regions.codes, run.regions.names, strict=False) if code}
        own = {name: mine.get(code, name) for name, code in zip(other.regions.names, other.regions.codes, strict=False)}
        moved = {(level, own.get(region, region)): figures for (level, region), figures in outcome.moved.items()}
        name = other.regions.source.name if other.regions.source else "embedded"
        outcome = outcome._replace(choice=name, moved=moved)
    yield outcome


def _outcome(
    run: Run, span: Span, assumption: str, choice: str, changed: Change | tuple[Floats, Floats] | None = None
) -> Outcome:
    """Return the outcome of a span; its change is measured with the run where none is given."""
    if changed is None and span.ends:
        changed = run.step(*span.ends, span.actor)
    moved = None if changed is None else _figures(run, changed)
    return Outcome(assumption, choice, span, run.view.name, moved, span.notices)


def _overlaid_otherwise(run: Run, one: Measured, ends: tuple[State, State], *, every: bool) -> Iterator[Outcome]:
    """Yield what is no option, of the same two maps: other edges, no projection, without slivers or redefinitions."""
    span, takers = one.span, run.takers(one.span.actor)
    shown = [(state.snapshot, span.actor, run.view) for state in ends]
    for choice, error in (("not split", math.inf), (f"split {FINER} times finer", geometry.EDGE_ERROR_M2 / FINER)):
        before, after = (drawn(*own, run.options.crs, edge_error=error) for own in shown)
        yield _outcome(run, span, "edges", choice, change.step(before, after, takers))
    # Of the whole map alone: regions are drawn in the projection.
    if every and not run.lines.left_out:
        opening, closing = (drawn(*own, crs.LONLAT, edge_error=_DEGREES2) for own in shown)
        gained, lost = (geometry.as_multipolygon(one) for one in change.differences(opening, closing, whole=True))
        for edges, measure in (("straight", crs.exact_area_km2), ("geodesic", crs.geodesic_area_km2)):
            more, less = measure(gained), measure(lost)
            moved = {(TOTAL, TOTAL): (more, less, more - less)}
            yield Outcome("ellipsoid", f"no projection, {edges} edges", span, run.view.name, moved, span.notices)
    before, after = (run.ground(run.holding(state.snapshot, span.actor)) for state in ends)
    parts = [geometry.polygonal(ground) for ground in change.differences(before, after, whole=True)]
    for limit in SLIVER_WIDTHS_M if every else (SLIVER_WIDTH_M,):
        kept = (polygons[~thin_parts(polygons, (limit, run.options.crs))] for polygons in parts)
        more_km2, less_km2 = (change.areas(polygons, takers)[0] for polygons in kept)
        yield _outcome(run, span, "slivers", _LEFT_OUT.format(limit), (more_km2, less_km2))
    if beside := [line for line in run.lines.shown if any(border_km2(run, span.actor, line, one.change) or ())]:
        yield from _borders_elsewhere(run, one, beside, parts)
    if faults := [found for found in one.suspect if found[2].code == "REDEFINITION"]:
        assert one.change is not None
        whole = (("gained", one.change.gained_km2), ("lost", one.change.lost_km2))
        more_km2, less_km2 = (km2 - sum(own for side, own, _ in faults if side == kind) for kind, km2 in whole)
        outcome = _outcome(run, span, "redefinitions", "suspected left out", (more_km2, less_km2))
        yield outcome._replace(notices=(*span.notices, *(notice for *_, notice in faults)))


def _borders_elsewhere(
    run: Run, one: Measured, beside: Iterable[Line], parts: Sequence[Geometries]
) -> Iterator[Outcome]:
    """Yield rows with borders of coarse regions elsewhere than drawn; `parts` are polygons gained and lost."""
    span, takers, base = one.span, run.takers(one.span.actor), _figures(run, one.change) if one.change else {}
    bands = bands_of(run.regions, run.options.crs, run.cache, taking=takers.owner, km=BAND_KM)
    if bands is None:
        return
    cells, rows, near = bands
    own, sides = np.zeros((len(rows), len(takers.names)), dtype=bool), []
    for row, members in enumerate(rows):
        own[row, list(members)] = True
    for ground in parts:
        _, taken, owner = cells.cut(ground)
        polygons, piece = geometry.polygons_of(taken)
        groups = [polygons[owner[piece] == cell] for cell in range(len(cells.names))]
        km2 = np.array([own[:-1] for own, *_ in takers.split(*groups)])
        by_row = np.einsum("rc,cp->rp", near.any(axis=0).astype(float), km2)
        sides.append([(by_row * side).sum(axis=1) for side in (own, ~own)])
    # A border may lie inside of where it is drawn in one place and outside in another: all that is gained near it may
    # be the neighbour's, and all that is lost there the row's; or the reverse.
    for gains, losses, sign, end in ((0, 1, -1, "least"), (1, 0, 1, "most")):
        moved = {}
        for line in beside:
            row, (gained, lost, _) = rows.index(line.members), base[line.level, line.region]
            more, less = sign * float(sides[0][gains][row]), -sign * float(sides[1][losses][row])
            moved[line.level, line.region] = (gained + more, lost + less, gained + more - lost - less)
        yield Outcome("borders", f"up to {BAND_KM:g} km elsewhere, {end} net", span, run.view.name, moved, span.notices)


def drawn(snapshot: Snapshot, actor: str, view: View, target: str, *, edge_error: float) -> shapely.MultiPolygon:
    """Return what an actor holds on a map in a CRS, not proved equal-area; `edge_error` is in its square units."""
    parts = [np.empty(0, dtype=object)]
    for part in snapshot.layers:
        if part.layer.actor == actor and view.counts(part.name, part.layer):
            project = crs.projector(part.crs, target)
            parts.append(geometry.repair(geometry.project_polygons(part.polygons, project, edge_error=edge_error)))
    return geometry.union(np.concatenate(parts))
