"""Notices for a period or a day: maps that repeat, layers that stand still, ground beside regions, what is left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import shapely

from frontcalc import change, crs, geometry
from frontcalc.change import GAINED, GAINED_SLIVER, LOST, LOST_SLIVER, Change
from frontcalc.errors import DataError
from frontcalc.layers import UNNAMED, Role, spelling
from frontcalc.levels import Line
from frontcalc.notices import Notice
from frontcalc.outliers import FROZEN_MAPS, standstills
from frontcalc.outputs import numbers
from frontcalc.regions import NEAR_KM, TOTAL, UNASSIGNED
from frontcalc.run.chain import step_key
from frontcalc.run.map_faults import SHOWN_KM2, Redefinition, Steps, suspect_parts
from frontcalc.run.run import Run
from frontcalc.snapshots import Snapshot, SnapshotLayer, first_fingerprint, passing_over
from frontcalc.states import SPAN_TOLERANCE, Span, State
from frontcalc.versions import key_of
from frontcalc.views import VIEWS

BOOKED = 0.1  # share of what control gained, drawn as an advance before, from which there is a notice
# The shares of a row's net that may lie near borders of coarse regions, in all and on one side, before it is marked.
ROUGH, ROUGH_ON_A_SIDE = 0.1, 0.08
FARTHEST_DAYS = 31  # two maps around a day that lie further apart do not say what was held on it
SHORT_DAYS = 28  # of a period shorter than this, they may lie no further apart than it is long
NOTABLE = 0.02  # the share of gained and lost above which ground beside the regions is named


Remark = tuple[Notice, frozenset[Line] | None]
"""A notice, and the rows that it concerns; None for all."""


class Measured(NamedTuple):
    """A period, its change if it has two maps, what is suspect of it, notices, and nets to the days asked for."""

    span: Span
    change: Change | None
    suspect: list[Redefinition]
    remarks: list[Remark]
    interpolated: dict[Line, float]


def measured(
    run: Run,
    spans: Iterable[Span],
    *,
    ground: bool = False,
    steps_of: Mapping[Span, Steps] | None = None,
    to_the_day: bool = True,
) -> Iterator[Measured]:
    """Yield periods with their changes and remarks, each as it comes, and note them in the run.

    With `ground` the polygons come too, and `to_the_day` what `interpolated` returns. A change is judged by its large
    parts, or by those of its steps.
    """
    if run.options.threads > 1 or isinstance(run.options.workers, str):
        changes = run.changes(spans, ground=ground)
    else:
        changes = ((span, run.change(span, ground=ground)) for span in spans)
    for span, changed in changes:
        suspect = suspect_parts(run, span, changed, (steps_of or {}).get(span, ()))
        label, shown = span.period.label, run.shown(changed) if changed else None
        moved_km2, how = interpolated(run, span, changed) if to_the_day else ({}, "")
        off_km2, then = None, ""
        if shown is not None and (total := run.lines.shown[-1]) in moved_km2:
            off_km2 = moved_km2[total] - total.sum_of(shown.gained_km2 - shown.lost_km2)
            then = f"; net for the days asked for {numbers.km2(moved_km2[total], signed=True, places=0)}"
        notices = [
            replace(one, message=one.message + how, line=one.line + then, km2=off_km2) if one.code == "SPAN" else one
            for one in span.notices
        ]
        if run.lines.left_out:
            moved = [] if shown is None else [("gained", shown.gained_km2), ("lost", shown.lost_km2)]
            notices += left_out(run, span.actor, label, **{verb: run.lines.elsewhere(own) for verb, own in moved})
        if changed is not None and span.ends is not None:
            if run.options.drop_slivers:
                notices += dropped(run, [changed], label)
            notices += _repeats(run, span, changed)
            if booked := _booked_km2(run, span.actor, *span.ends):
                notices += control_only([booked], [float(changed.km2[GAINED, 0, -1])], label)
        remarks: list[Remark] = [(notice, None) for notice in notices]
        if shown is not None:
            for notice, lines in _of_change(run, shown, span):
                regions = tuple(line.region for line in run.lines.shown if line in (lines or ()))
                remarks.append((replace(notice, regions=regions), lines))
        for _, km2, notice in suspect:
            remarks.append((notice, frozenset(line for line in run.lines.shown if line.sum_of(km2) >= SHOWN_KM2)))
        run.spans.append(span)
        run.figure_notices += [notice for notice, _ in remarks]
        yield Measured(span, changed, suspect, remarks, moved_km2)


def interpolated(run: Run, span: Span, changed: Change | None) -> tuple[dict[Line, float], str]:
    """Return the net change of each row with both ends moved to the days of the period (km²), and what to say of it.

    What was held on such a day is taken linearly between the two maps around it. There is none where the maps are near
    enough to those days, where the archive does not reach one, where the two maps around it lie too far apart, and for
    rows in which a step between such two has a fault.
    """
    period, ends = span.period, [*zip(span.ends or (), (span.period.opens_on, span.period.closes_on), strict=False)]
    older = [(day - state.day).days for state, day in ends if day and state.day]
    if changed is None or len(older) < 2 or period.opens_on is None or period.closes_on is None:
        return {}, ""
    period_days = (period.closes_on - period.opens_on).days
    if max(older) <= SPAN_TOLERANCE * period_days or min(older) < 0:
        return {}, ""
    shown, faults = run.shown(changed), list[Redefinition]()
    net = shown.km2[GAINED, 0] - shown.km2[LOST, 0]
    # A map that no other figure rests on may be broken.
    states = replace(run.states(span.actor), skip_bad=True)
    bad: list[DataError] = []
    with passing_over(bad):
        for (state, day), days, sign in zip(ends, older, (-1, 1), strict=True):
            after = states.next_to(state) if days else None
            if not days:
                continue
            if after is None or after.day is None or state.day is None or after.snapshot.tells:
                return {}, ""
            apart = (after.day - state.day).days
            if apart > min(FARTHEST_DAYS, period_days if period_days < SHORT_DAYS else FARTHEST_DAYS):
                return {}, f"; not moved to those days, since the maps around {day} are {apart} days apart"
            step = run.step(state, after, span.actor)
            faults += suspect_parts(run, replace(span, opening=state, closing=after), step)
            shown = run.shown(step)
            net = net + sign * days / apart * (shown.km2[GAINED, 0] - shown.km2[LOST, 0])
    if bad:
        return {}, f"; not moved to those days, since a map after them cannot be read: {bad[0]}"
    sound = (line for line in run.lines.shown if all(line.sum_of(km2) < SHOWN_KM2 for _, km2, _ in faults))
    moved = {line: line.sum_of(net) for line in sound}
    total = moved.get(run.lines.shown[-1])
    if total is None:
        return moved, "; not moved to those days, since a step around one of them has a fault"
    return moved, f"; moved to those days about {numbers.km2(total, signed=True, places=0)} km²"


def left_out(run: Run, actor: str, period: str = "", **elsewhere: float) -> list[Notice]:
    """Return a notice of what an actor has elsewhere, km² by verb, where only some rows are shown."""
    if not run.lines.left_out:
        return []
    subject = "" if actor == UNNAMED else f"{actor} "
    verbs = " and ".join(f"{verb} {km2:,.1f} km²" for verb, km2 in elsewhere.items())
    rest = f"; elsewhere {subject}{verbs}" if verbs else ""
    return [Notice("ONLY", f"the total is of the rows shown{rest}", period, km2=math.fsum(elsewhere.values()))]


def dropped(run: Run, changes: Sequence[Change], period: str = "") -> list[Notice]:
    """Return a notice of the slivers of some changes where they are left out."""
    if not (run.options.drop_slivers and changes):
        return []
    total = run.lines.shown[-1]
    gained, lost = (math.fsum(total.sum_of(one.km2[at, 0]) for one in changes) for at in (GAINED_SLIVER, LOST_SLIVER))
    what = (
        f"parts narrower than {run.slivers[0]:g} m are left out: gained {gained:,.1f}, lost {lost:,.1f} km²;"
        " areas held are as the maps draw them, so that their difference is not net"
    )
    line = f"strips under {run.slivers[0]:g} m are left out: gained {gained:,.1f}, lost {lost:,.1f} km²"
    return [Notice("SLIVERS-DROPPED", what, period, gained + lost, line)]


def control_only(booked_km2: Sequence[float], gained_km2: Sequence[float], period: str = "") -> list[Notice]:
    """Return a notice where much of what control gained over some steps was drawn as an advance before."""
    booked, gained = math.fsum(booked_km2), math.fsum(gained_km2)
    if not booked or booked < BOOKED * gained:
        return []
    what = (
        f"{booked:,.1f} of {gained:,.1f} km² gained were already drawn as advances: control is booked in batches,"
        " and its figures show when that was done"
    )
    line = f"{booked:,.0f} of {gained:,.0f} km² gained were drawn as advances before; control is booked later"
    return [Notice("CONTROL-ONLY", what, period, booked, line)]


def _other_actors(run: Run, span: Span) -> Iterator[Remark]:
    """Yield a notice of each actor that is not measured whose area changed between a span's two maps."""
    assert span.ends is not None
    opening, closing = span.ends
    if opening.stands_for:  # a map of one actor's, given for the days before the archive
        return
    place = run.archive.refs.index(opening.snapshot.ref)
    before = [closing.snapshot]  # one that cannot be read may have shown all that this does
    with passing_over():
        before = [run.snapshot(ref) for ref in run.archive.refs[:place][-1:]]
    old, new, older = (
        {part.layer.actor for one in maps for part in one.layers if run.view.counts(part.name, part.layer)}
        for maps in ([opening.snapshot], [closing.snapshot], before)
    )
    # Where the map lacks a layer that the one before it has, nobody knows what was held.
    for actor in sorted(new - {*run.actors, UNNAMED} - (older - old)):
        grounds = [run.ground(run.holding(state.snapshot, actor, noted=False)) for state in span.ends]
        km2 = [float(geometry.area_km2(ground)) for ground in grounds]
        if abs(km2[1] - km2[0]) >= SHOWN_KM2:
            # In which country the largest part of it lies, where the regions tell.
            ground, regions = max(grounds, key=lambda ground: ground.area), run.regions
            inside = shapely.point_on_surface(max(ground.geoms, key=lambda part: part.area))
            places = regions.owner[shapely.STRtree(regions.pieces).query(inside, predicate="intersects")]
            codes = [regions.countries[place] for place in places if regions.countries]
            where = f" in {regions.country_names.get(codes[0], codes)[0]}" if codes else ""
            more = numbers.km2(km2[1] - km2[0], signed=True)
            what = f"{actor}{where}: {more} km², not in these figures (see --actor)"
            line = f"{actor}'s ground{where}, {more} km², is not in these figures (--actor)"
            yield Notice("OTHER-ACTOR", what, span.period.label, abs(km2[1] - km2[0]), line), frozenset()


def _repeats(run: Run, span: Span, changed: Change) -> Iterator[Notice]:
    """Yield notices where the two maps are the same or repeat the one before them, and of layers that stand still."""
    assert span.ends is not None
    (opening, closing), label = span.ends, span.period.label
    # Of one map a layer may stand for the days before, and others for its own day.
    if not opening.stands_for and _same_bytes(opening.snapshot, closing.snapshot):
        yield Notice("REPEAT", f"the maps of {opening.day} and {closing.day} are byte for byte the same", label)
    elif not changed.km2[[GAINED, LOST], 0, -1].any():
        yield Notice("REPEAT", f"the maps of {opening.day} and {closing.day} show the same ground", label)
    else:
        wanted = (span.period.opens_on or opening.day, span.period.closes_on or closing.day)
        for state, day in zip(span.ends, wanted, strict=True):
            # A map that stands for the days before the first follows none.
            first = None
            with passing_over():
                place = 0 if state.stands_for else run.archive.refs.index(state.snapshot.ref)
                for before in reversed(run.archive.refs[:place]):
                    run.looked_at[before] = None
                    # Files that hold other days too say nothing of one.
                    whole = not any(part.day for part in before.parts)
                    digests = [first_fingerprint(part.entry) for part in before.parts if whole]
                    if not whole or digests != [file.sha256 for file in state.snapshot.files]:
                        break
                    first = before
            # A day or two are nothing in a year.
            away, length = ((day - first.day).days, span.days) if first and first.day and day else (1, 0)
            if first and away > SPAN_TOLERANCE * (length or 0):
                yield Notice("REPEAT", f"the map of {state.day} is byte for byte that of {first.day}", label)
    maps = 2 + len(run.states(span.actor).between(opening, closing))
    old, new = (_layers_of(span.actor, state.snapshot) for state in span.ends)
    still = {name for name in old.keys() & new.keys() if old[name].digest == new[name].digest}
    # Over a few maps, as over a few days, a layer may well stand still.
    if maps < FROZEN_MAPS or still == old.keys() | new.keys():
        return
    counted = {name for name, part in (old | new).items() if run.view.counts(part.name, part.layer)}
    # Where another layer that counts moves, ground is booked in that one.
    for name in sorted(counted) if counted <= still else ():
        yield Notice("FROZEN", f"{new[name].name} is the same on {opening.day} and {closing.day}, {maps} maps", label)


def _same_bytes(one: Snapshot, other: Snapshot) -> bool:
    """Say whether two maps are of files with the same bytes; days of one file are not."""
    whole = not any(part.day for part in (*one.ref.parts, *other.ref.parts))
    return whole and [file.sha256 for file in one.files] == [file.sha256 for file in other.files]


def _layers_of(actor: str, snapshot: Snapshot) -> dict[str, SnapshotLayer]:
    """Return the layers of an actor that show anything, by name, whether they count or not."""
    return {spelling(part.name): part for part in snapshot.layers if part.layer.actor == actor and not part.empty}


def _booked_km2(run: Run, actor: str, opening: State, closing: State) -> float:
    """Return how much of what control gained was drawn as an advance before; 0 in views that count advances (km²)."""
    mine = _layers_of(actor, opening.snapshot).values()
    roles = {part.layer.role for part in mine if run.view.counts(part.name, part.layer)}
    if roles != {Role.CONTROL} or not any(part.layer.role is Role.ADVANCE for part in mine):
        return 0.0
    by_role = run.roles(opening, actor, VIEWS["assessed"])
    before, after = (run.ground(run.holding(state.snapshot, actor, noted=False)) for state in (opening, closing))
    shared = geometry.overlaid(shapely.intersection, after, by_role[Role.ADVANCE])
    booked = geometry.overlaid(shapely.difference, shared, before)
    return float(geometry.area_km2(booked))


def _of_change(run: Run, shown: Change, span: Span) -> Iterator[Remark]:
    """Yield notices where much of a change is in no region, snapped, or near a rough border; and of other actors."""
    label, (moved, snapped) = span.period.label, shown.km2[GAINED] + shown.km2[LOST]
    if run.regions.names and not run.lines.left_out:
        *regions, unassigned, total = run.lines.shown
        much = [line for line in (*regions, unassigned) if line.sum_of(snapped) > NOTABLE * line.sum_of(moved)]
        for code, some_km2, where, rows in (
            ("UNASSIGNED", float(moved[-2]), "lie in no region", {unassigned, total}),
            ("SNAPPED", float(snapped[-1]), "lie beside the regions and went to the nearest", {*much, total}),
        ):
            if some_km2 >= SHOWN_KM2 and some_km2 > NOTABLE * float(moved[-1]):
                what = f"{some_km2:,.1f} of {float(moved[-1]):,.1f} km² gained and lost {where}; the largest part: "
                part = _largest(run, shown, span, snapped=code == "SNAPPED")
                yield Notice(code, what + part, label, some_km2), frozenset(rows)
    # Where only some rows are shown, the rest is left out on purpose.
    if not run.lines.left_out:
        yield from _other_actors(run, span)
    rough, net_km2, near_km2 = set[Line](), shown.km2[GAINED, 0] - shown.km2[LOST, 0], 0.0
    for line in run.lines.shown:
        sides, net = border_km2(run, span.actor, line, shown), abs(line.sum_of(net_km2))
        # A border that lies elsewhere moves what is on one of its sides; by the sum half of what is right was marked.
        if sides and sum(sides) > max(ROUGH * net, SHOWN_KM2) and max(sides) > ROUGH_ON_A_SIDE * net:
            rough.add(line)
            near_km2 = max(near_km2, *sides)
    if rough:
        near = f"within {NEAR_KM:g} km of another region's border ({run.regions.accuracy})"
        what = f"much of the change marked u lies {near}: it may be the neighbour's"
        first, *others = (line.region for line in run.lines.shown if line in rough)
        where = f"{first} and {len(others)} more" if others else first
        short = f"near a border in {where}, so much of it may be the neighbour's"
        yield Notice("BORDER", what, label, near_km2, short), frozenset(rough)


def border_km2(run: Run, actor: str, line: Line, shown: Change | None) -> list[float] | None:
    """Return what of a row's change is near a rough border, on its side and beyond (km²); None for rows without any."""
    bands = run.partition_for(actor).bands
    if shown is None or shown.near_km2 is None or bands is None or line.level == TOTAL or line.region == UNASSIGNED:
        return None
    sides: list[float] = shown.near_km2[0, :, bands[1].index(line.members)].tolist()
    return sides


def _largest(run: Run, shown: Change, span: Span, *, snapped: bool) -> str:
    """Return the size of the largest connected part of what is beside, what became of it and its box in degrees."""
    assert span.ends is not None
    ends = span.ends

    def find() -> bytes:
        regions, cut = run.partition_for(span.actor), shown
        if cut.ground is None:
            cut = run.shown(run.step(*ends, span.actor, ground=True))
        parts = [
            change.largest_beside(one.polygons, one.beside_m2, regions, snapped=snapped) for one in cut.ground or ()
        ]
        return shapely.to_wkb(shapely.GeometryCollection(parts))

    holdings = (run.holding(state.snapshot, span.actor) for state in ends)
    step = step_key(run.key(span.actor), run.slivers, *holdings)
    key = key_of((f"beside {snapped} {run.options.drop_slivers}", step))
    gained, lost = shapely.get_parts(shapely.from_wkb(run.cache.kept("steps", key, find)))
    what, part = ("gained", gained) if gained.area >= lost.area else ("lost", lost)
    degrees = crs.projector(run.options.crs, crs.LONLAT)(shapely.get_coordinates(part))
    west, south = (math.floor(value * 100) / 100 for value in np.min(degrees, axis=0))
    east, north = (math.ceil(value * 100) / 100 for value in np.max(degrees, axis=0))
    days = [str(state.day) for state in ends if state.day]
    between = f" between the maps of {' and '.join(days)}" if len(days) == 2 else ""
    km2 = float(geometry.area_km2(part))
    return f"{km2:,.1f} km² {what}{between}, in longitude {west:.2f} to {east:.2f}, latitude {south:.2f} to {north:.2f}"


@dataclass(slots=True)
class Watch:
    """What a series of maps has shown so far of one actor."""

    run: Run
    actor: str
    states: list[State] = field(default_factory=list)
    booked_km2: list[float] = field(default_factory=list)
    gained_km2: list[float] = field(default_factory=list)

    def step(self, before: State, state: State, gained_km2: float, period: str) -> list[Notice]:
        """Take note of a map that follows another, and return the notices for it alone."""
        self.states += [state] if self.states else [before, state]
        self.booked_km2.append(_booked_km2(self.run, self.actor, before, state))
        self.gained_km2.append(gained_km2)
        again = _same_bytes(before.snapshot, state.snapshot)
        return [Notice("REPEAT", "the map is byte for byte the one before", period)] if again else []

    def end(self) -> Iterator[Notice]:
        """Yield the notices for all maps together."""
        maps = [_layers_of(self.actor, state.snapshot) for state in self.states]
        by_name = {key: part for layers in maps for key, part in layers.items()}
        drawn = [{key: part.digest for key, part in layers.items()} for layers in maps]
        counted = {key for key, part in by_name.items() if self.run.view.counts(part.name, part.layer)}
        for key, first, last in standstills(drawn, FROZEN_MAPS):
            part, own = by_name[key], [{name: one.get(name) for name in counted} for one in drawn[first : last + 1]]
            # Where another layer that counts moves, ground is booked in that one.
            if key in counted and all(one == own[0] for one in own):
                days = f"from {self.states[first].day} to {self.states[last].day}, {last - first + 1} maps"
                yield Notice("FROZEN", f"{part.name} stands still {days}, while other layers move")
        yield from control_only(self.booked_km2, self.gained_km2)
