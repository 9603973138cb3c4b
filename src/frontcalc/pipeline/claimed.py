"""The figure that maps give for a claim under a choice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from frontcalc import change, snapshots
from frontcalc.archives import Archive, SnapshotRef
from frontcalc.change import Held
from frontcalc.claims import Claim, Measure
from frontcalc.errors import DataError, UsageError
from frontcalc.gross import Gross, add_steps
from frontcalc.layers import COUNTRIES
from frontcalc.notices import Notice
from frontcalc.pipeline.choices import Choice, missing_in, span_of
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options, start
from frontcalc.pipeline.place_changes import states_within
from frontcalc.pipeline.region_shapes import land_of
from frontcalc.regions import UNASSIGNED
from frontcalc.states import Span, State
from frontcalc.tables import TOTAL


class _Lacking(Exception):  # noqa: N818 - it never leaves this module
    """The archive lacks something for a figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What the maps give for a claim, in its unit.

    Parameters
    ----------
    value : float or None
        The figure; None where there is none.
    missing : str
        What the archive lacks then.
    actor, view : str
        Whose it is, and by which view.
    opening, closing : date or None
        The days of the maps used, of a ratio those of its first period.
    notices : tuple of Notice
        What is to be said of them.
    """

    value: float | None
    missing: str
    actor: str
    view: str
    opening: date | None = None
    closing: date | None = None
    notices: tuple[Notice, ...] = ()


class _Kind(NamedTuple):
    """What runs differ by."""

    view: str
    actor: str
    region: str
    by: str


@dataclass(frozen=True, slots=True)
class Bench:
    """The maps that claims are held against, with a run for each view, actor and region that they are of.

    Parameters
    ----------
    maps : Archive
        The maps.
    options : Options
        How to measure, where claims do not say.
    where : str
        What messages call the claims file.
    """

    maps: Archive
    options: Options
    where: str
    runs: dict[_Kind, Measuring] = field(default_factory=dict, init=False)
    _held: dict[tuple[int, SnapshotRef, str, bool], Held] = field(default_factory=dict, init=False)
    _steps: dict[tuple[int, SnapshotRef, SnapshotRef, str], Gross] = field(default_factory=dict, init=False)

    def run(self, claim: Claim, view: str = "") -> Measuring:
        """Return the run for a claim, in another view than its own if one is named.

        Raises
        ------
        DataError
            The claim names a region that is not known, or none is known where the maps are.
        """
        regional = claim.region or claim.measure is Measure.SHARE
        kind = _Kind(view or claim.view, claim.actor, claim.region, "" if regional else "none")
        if kind not in self.runs:
            wanted: Options = {**self.options}
            wanted["view"] = kind.view or wanted.get("view")
            wanted["actor"] = kind.actor or wanted.get("actor")
            wanted["only"] = (kind.region,) if kind.region else None
            wanted["by"] = kind.by or wanted.get("by")
            try:
                self.runs[kind] = start(self.maps, wanted, claim.periods[0].closes_on)
            except UsageError as error:
                if not claim.region or error.where not in ("--only", "--by"):
                    raise
                where = f"{self.where}, line {claim.line}" if claim.line else self.where
                raise DataError(f"claim {claim.id!r}: {error.problem}", where=where, cure=error.cure) from error
        return self.runs[kind]

    def figure(self, claim: Claim, choice: Choice) -> Figure:
        """Return what the maps give for a claim under a choice."""
        run = self.run(claim, choice.view)
        actor, spans = claim.actor, []
        value, missing = None, ""
        try:
            (actor, *_) = run.actors(self._days(claim))
            spans = [span_of(run, actor, claim, period, choice) for period in claim.periods]
            missing = next(filter(None, (missing_in(span, claim) for span in spans)), "")
            value = None if missing else self._value(run, actor, claim, choice.summed, spans) * claim.per_km2
        except _Lacking as lacking:
            missing = str(lacking)
        except UsageError as error:
            # What the archive lacks altogether: layers of the actor, or of a role that the view counts.
            if error.where != self.maps.name:
                raise
            missing = error.problem
        return Figure(
            value,
            missing,
            actor,
            run.view.name,
            opening=spans[0].opening.day if spans and spans[0].opening else None,
            closing=spans[0].closing.day if spans and spans[0].closing else None,
            notices=tuple(notice for span in spans for notice in span.notices),
        )

    def _days(self, claim: Claim) -> list[date]:
        """Return the days whose maps tell whose territory is shown."""
        first, last = self.maps.days[0], self.maps.days[-1]
        return [day for period in claim.periods for day in (period.opens_on or first, period.closes_on or last)]

    def _value(self, run: Measuring, actor: str, claim: Claim, summed: bool, spans: list[Span]) -> float:
        """Return the figure in km², km² a day, times or per cent."""
        whole = run.rows()[-1]
        span, measure = spans[0], claim.measure
        if measure is Measure.HELD:
            return whole.sum_of(self._held_on(run, span.closing, actor, summed).km2)
        if measure is Measure.SHARE:
            return self._share(run, actor, self._held_on(run, span.closing, actor, summed))
        if measure in (Measure.GROSS_GAINED, Measure.GROSS_LOST):
            steps = self._gross(run, actor, span)
            return whole.sum_of(steps.gained_km2 if measure is Measure.GROSS_GAINED else steps.lost_km2)
        if measure in (Measure.GAINED, Measure.LOST):
            changed = run.change(span, actor)
            assert changed is not None
            return whole.sum_of(changed.gained_km2 if measure is Measure.GAINED else changed.lost_km2)
        first, *others = [self._net(run, actor, each, summed) for each in spans]
        if measure is Measure.RATE:
            if not span.days:
                raise _Lacking("the days between the two maps are not known")
            return first / span.days
        if measure is Measure.RATIO:
            if not others[0]:
                raise _Lacking(f"nothing changed in {spans[1].period.label}, so there is no ratio to it")
            return first / others[0]
        return first

    def _net(self, run: Measuring, actor: str, span: Span, summed: bool) -> float:
        """Return the change of the area held (km²), which needs no overlay of the two maps."""
        before, after = (self._held_on(run, state, actor, summed).km2 for state in (span.opening, span.closing))
        return run.rows()[-1].sum_of(after - before)

    def _held_on(self, run: Measuring, state: State | None, actor: str, summed: bool) -> Held:
        """Return the area held on a map by region: of the union of its layers, or the sum of theirs."""
        assert state is not None
        key = (id(run), state.snapshot.ref, actor, summed)
        if key not in self._held:
            if summed:
                grounds = snapshots.role_geometry(state.snapshot, actor, run.view, run.crs, run.cache).values()
                each = [change.areas(ground, run.takers(actor)) for ground in grounds]
                km2, snapped_km2 = ([getattr(areas, name) for areas in each] for name in ("km2", "snapped_km2"))
                self._held[key] = Held(np.sum(km2, axis=0), np.sum(snapped_km2, axis=0))
            else:
                self._held[key] = run.areas(state.snapshot, actor)
        return self._held[key]

    def _share(self, run: Measuring, actor: str, held: Held) -> float:
        """Return what part of the land of a region, or of the whole country, is held (%)."""
        regions = [line for line in run.rows() if line.level != TOTAL and line.region != UNASSIGNED]
        # What is snapped to a region is no part of the land that its share is of.
        land, on_land = land_of(run.regions), held.km2 - held.snapped_km2
        home = COUNTRIES.get(actor, "")
        if len(regions) == 1:
            share = land.share(regions[0], on_land, home).share_of_region_pct
        else:
            share = land.share(run.rows()[-1], on_land, home).share_of_country_pct
        if share is None:
            raise _Lacking("the region set draws no land that this could be a share of")
        return share

    def _gross(self, run: Measuring, actor: str, span: Span) -> Gross:
        """Return the sum of the changes from each map inside a span to the next."""
        steps = []
        for before, after in pairwise(states_within(run, actor, span)):
            key = (id(run), before.snapshot.ref, after.snapshot.ref, actor)
            if key not in self._steps:
                self._steps[key] = run.step(before.snapshot, after.snapshot, actor).gross
            steps.append(self._steps[key])
        return add_steps(steps)
