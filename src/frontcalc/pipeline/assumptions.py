"""The assumptions that a figure rests on, and what it comes to where one of them is another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import shapely

from frontcalc import change, crs, geometry, snapshots
from frontcalc.change import Held
from frontcalc.errors import UsageError
from frontcalc.notices import Notice
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.outcomes import Base, MovedByRow, Outcome, again, by_row, ends, measured, of_base
from frontcalc.pipeline.references import change_on_ellipsoid, drawn
from frontcalc.pipeline.timeline import neighbours
from frontcalc.regions import SNAPS, embedded_covers
from frontcalc.slivers import SLIVER_WIDTH_M, SliverRule
from frontcalc.states import State, resolve, state_on
from frontcalc.tables import TOTAL
from frontcalc.views import VIEWS

SLIVER_WIDTHS_M = (50.0, SLIVER_WIDTH_M, 200.0)
"""Mean widths below which parts are left out in turn (m)."""

GROSS_STEPS = ("month", "week", "snapshot")

FINER = 100
"""How many times smaller the area error of an edge is where edges are split more finely."""

_ONE_DAY = timedelta(days=1)


def alternatives(base: Base) -> Iterator[Outcome]:
    """Yield what a period comes to under each assumption changed by itself, as `frontcalc.sensitivity` lists them."""
    for assume in (
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
    ):
        yield from assume(base)


def open_alternatives(base: Base) -> Iterator[Outcome]:
    """Yield the alternatives that are open to argument, over which a range is taken."""
    for assume in (
        _other_maps,
        _other_projections,
        _other_edges,
        _without_slivers,
        _without_redefinitions,
        _other_snapping,
    ):
        yield from (outcome for outcome in assume(base) if outcome.in_range)


def _other_views(base: Base) -> Iterator[Outcome]:
    """Yield the other views that the archive can show."""
    if base.span.period.opens_on is None and base.span.period.closes_on is None:
        return
    for name in VIEWS:
        if name == base.run.view.name:
            continue
        try:
            run = again(base, {"view": name})
            span = resolve(base.span.period, run.archive, run.wanted(base.actor))
        except UsageError:
            # The archive has no such layer: there is nothing to assume.
            continue
        yield measured(base, run, span, "view", name)


def _other_maps(base: Base) -> Iterator[Outcome]:
    """Yield the period opened and closed by the map before and by the one after; of two single files there are none."""
    opening, closing = base.span.opening, base.span.closing
    if opening is None or closing is None or opening.day is None or closing.day is None:
        return
    for choice, near in (("one map earlier", _map_before), ("one map later", _map_after)):
        yield _between(base, near(base, opening), closing, "opening", choice)
    for choice, near in (("one map earlier", _map_before), ("one map later", _map_after)):
        yield _between(base, opening, near(base, closing), "closing", choice)


def _between(base: Base, opening: State | None, closing: State | None, assumption: str, choice: str) -> Outcome:
    """Return the outcome between two maps; nothing is measured where there is no such map, or no period left."""
    span = replace(base.span, opening=opening, closing=closing)
    if opening is None or closing is None:
        missing = Notice("NO-MAP", "the archive has no such map", base.span.period.label)
        return Outcome(assumption, choice, span, base.run.view.name, None, True, (missing,))
    if not span.measurable:
        same = Notice("NO-NEW-MAP", "opening and closing are the same map", base.span.period.label)
        return Outcome(assumption, choice, span, base.run.view.name, None, True, (same,))
    return measured(base, base.run, span, assumption, choice, in_range=True)


def _map_before(base: Base, state: State) -> State | None:
    """Return the complete map before one, None where it is the first."""
    assert state.day is not None
    return state_on(base.run.archive, state.day - _ONE_DAY, base.run.wanted(base.actor))


def _map_after(base: Base, state: State) -> State | None:
    """Return the complete map after one, None where it is the last."""
    assert state.day is not None
    later = (day for day in base.run.archive.days if state.day is not None and day > state.day)
    states = (state_on(base.run.archive, day, base.run.wanted(base.actor)) for day in later)
    return next((found for found in states if found and found.snapshot.ref != state.snapshot.ref), None)


def _other_projections(base: Base) -> Iterator[Outcome]:
    """Yield other equal-area projections: one around the place shown, and the default where that was not used."""
    for target in (_around(base), crs.DEFAULT_CRS):
        if target != base.run.crs:
            run = again(base, {"crs": target})
            yield measured(base, run, base.span, "projection", target, in_range=True)


def _around(base: Base) -> str:
    """Return Lambert's azimuthal equal-area projection about the middle of what the two maps show, in whole degrees."""
    boxes = np.concatenate([snapshots.kept_boxes(state.snapshot, base.run.cache) for state in ends(base)])
    west, south, east, north = shapely.total_bounds(boxes)
    return f"+proj=laea +lat_0={round((south + north) / 2)} +lon_0={round((west + east) / 2)} +datum=WGS84"


def _other_edges(base: Base) -> Iterator[Outcome]:
    """Yield the change with edges not split before projecting, and split more finely."""
    for choice, error in (("not split", math.inf), (f"split {FINER} times finer", geometry.EDGE_ERROR_M2 / FINER)):
        before, after = (
            drawn(state.snapshot, base.actor, base.run.view, base.run.crs, edge_error=error) for state in ends(base)
        )
        changed = change.step(before, after, base.run.takers(base.actor))
        moved = by_row(base.run, changed.gained_km2, changed.lost_km2)
        yield of_base(base, "edges", choice, moved, in_range=True)


def _on_ellipsoid(base: Base) -> Iterator[Outcome]:
    """Yield the references without a projection, of the whole map alone: regions are drawn in the projection."""
    if base.run.lines.left_out or base.span.opening is None or base.span.closing is None:
        return
    opening, closing = base.span.opening.snapshot, base.span.closing.snapshot
    references = change_on_ellipsoid(opening, closing, base.actor, base.run.view)
    for edges, figures in references.items():
        yield of_base(base, "ellipsoid", f"no projection, {edges} edges", {(TOTAL, TOTAL): figures})


def _without_slivers(base: Base) -> Iterator[Outcome]:
    """Yield the change without its parts that are thinner than each of some widths."""
    run = base.run
    takers = run.takers(base.actor)
    before, after = (
        run.ground(state.snapshot, base.actor) for state in (base.span.opening, base.span.closing) if state
    )
    parts = [geometry.polygonal(shapely.difference(*pair)) for pair in ((after, before), (before, after))]
    for limit in SLIVER_WIDTHS_M:
        rule = SliverRule(limit, run.crs)
        kept = (polygons[~rule.thin(polygons)] for polygons in parts)
        gained, lost = (change.areas(polygons, takers).km2 for polygons in kept)
        moved = by_row(run, gained, lost)
        yield of_base(base, "slivers", f"under {limit:g} m left out", moved, in_range=limit == SLIVER_WIDTH_M)


def _without_redefinitions(base: Base) -> Iterator[Outcome]:
    """Yield the change without what no front explains by all appearances; where nothing is suspect there is none."""
    if not base.suspect:
        return
    nothing = np.zeros_like(base.suspect[0].km2)
    gained, lost = (
        np.sum([nothing, *(found.km2 for found in base.suspect if found.kind == kind)], axis=0)
        for kind in ("gained", "lost")
    )
    less = by_row(base.run, gained, lost)
    moved = {row: (came - less[row][0], went - less[row][1]) for row, (came, went) in base.moved.items()}
    outcome = of_base(base, "redefinitions", "suspected left out", moved, in_range=True)
    yield replace(outcome, notices=(*outcome.notices, *(found.notice for found in base.suspect)))


def _in_steps(base: Base) -> Iterator[Outcome]:
    """Yield gained and lost summed over steps inside the period: gross figures."""
    opening, closing = base.span.opening, base.span.closing
    if opening is None or closing is None or opening.day is None or closing.day is None:
        return
    done: dict[tuple[date | None, date | None], tuple[MovedByRow, Held]] = {}
    for step in GROSS_STEPS:
        sums, held = [], None
        for before, after in neighbours(base.run, base.actor, base.span, step):
            # Months, weeks and maps share steps.
            days = (before.day, after.day)
            done[days] = done.get(days) or _step(base, before, after, held)
            moved, held = done[days]
            sums.append(moved)
        gross = {
            row: (math.fsum(one[row][0] for one in sums), math.fsum(one[row][1] for one in sums)) for row in base.moved
        }
        yield of_base(base, "step", f"gross, each {step}", gross)


def _step(base: Base, before: State, after: State, held: Held | None) -> tuple[MovedByRow, Held]:
    """Return gained and lost by row from one map to another, and what is held then."""
    changed = base.run.move(before.snapshot, after.snapshot, base.actor, held)
    return by_row(base.run, changed.gained_km2, changed.lost_km2), changed.closing


def _other_regions(base: Base) -> Iterator[Outcome]:
    """Yield the embedded regions where a file of others is used, for the rows that both have by code or name."""
    place = np.concatenate([snapshots.kept_boxes(state.snapshot, base.run.cache) for state in ends(base)])
    if not base.options.get("regions") or not embedded_covers(place):
        return
    try:
        run = again(base, {"regions": None, "region_name": None})
    except UsageError:
        # What --only or --by names is not among the embedded ones.
        return
    outcome = measured(base, run, base.span, "regions", run.regions.source.name if run.regions.source else "embedded")
    if outcome.moved is not None:
        yield replace(outcome, moved=_renamed(outcome.moved, run, base.run))


def _renamed(moved: MovedByRow, run: Measuring, base: Measuring) -> MovedByRow:
    """Return figures under the names that another run has for the regions of the same code, or of the same name."""
    names = dict(zip(base.regions.codes, base.regions.names, strict=False))
    names.pop("", None)
    own = {name: names.get(code, name) for name, code in zip(run.regions.names, run.regions.codes, strict=False)}
    return {(level, own.get(region, region)): figures for (level, region), figures in moved.items()}


def _other_snapping(base: Base) -> Iterator[Outcome]:
    """Yield the other rule for ground beside regions; without regions there is none."""
    if not base.run.regions.names:
        return
    for rule in SNAPS:
        if rule != base.run.snap:
            run = again(base, {"snap": rule})
            yield measured(base, run, base.span, "snap", rule, in_range=True)
