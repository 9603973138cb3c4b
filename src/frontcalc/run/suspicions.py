"""Faults of the map: large parts that changed hands on one step and that no front made, and what changed at once.

A publisher drops a bay, closes a gap in Crimea, loses a layer for three days: the map changes and the front does not.
What tells that is where the part lies: on no land, or with the actor's own ground all around it; or that all of it is
back within days. docs/slivers.md has the rules, the cases that they were held against, and what they miss.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely

from frontcalc import change, crs, geometry
from frontcalc.change import GAINED, LOST, Change, Floats, Geometries
from frontcalc.embedded import load_surroundings
from frontcalc.errors import ChangedError, DataError
from frontcalc.layers import COUNTRIES, UNNAMED, Role
from frontcalc.notices import Notice
from frontcalc.outputs import numbers
from frontcalc.regions import RegionSet, embedded_covers, embedded_regions
from frontcalc.run.run import Run
from frontcalc.snapshots import Holding
from frontcalc.states import Span, State, States

SHOWN_KM2 = 0.05  # less rounds to nothing in a table
ON_ONE_STEP = 0.8  # the share of a part that must change on a single step
SHARE_OF_LAND = 0.5  # the share of a part below which it lies mostly on no land
RING_M = 1500.0  # how far around a part the front is looked for
BEHIND = 0.05  # the share of that ring which is land not held from which on the front is there
SIEGE_DAYS = 60  # for how many days before a step a gap that was larger is a siege
GONE_MAPS, GONE_DAYS = 3, 7  # for how long ground is gone at most that is back
BACK_WHOLE = 0.95  # the share of it that is back then
MUCH = 0.05  # the share of all that is held which it must be
LARGEST = 0.25  # the share of what was gained or lost from which on a part that changed at once is named
FEWEST_MAPS = 4  # in a period of fewer maps every part changes at once
MAP_SHARE, MAP_KM2 = 0.1, 5000.0  # a step that moves more of all that is held, and more km², is named whole
_KINDS = {"gained": GAINED, "lost": LOST}
Steps = Sequence[tuple[Span, Change]]
"""The steps inside a period, each with its change."""

# Roles by which a map says that another actor is there.
_PRESENT = (Role.CONTROL, Role.ADVANCE, Role.CLAIMED, Role.INFILTRATION, Role.CONTESTED, Role.COUNTEROFFENSIVE)


class Part(NamedTuple):
    """A large part of a change that changed hands on one step."""

    kind: str  # `gained` or `lost`
    ground: shapely.Geometry  # metres
    step: tuple[State, State]
    of_km2: float  # what was gained or lost in all, by the change that it is a part of
    seen: str  # what speaks against a front, a clause; empty where nothing does

    @property
    def km2(self) -> float:
        """Its area (km²)."""
        return float(geometry.area_km2(self.ground))


@dataclass(frozen=True, slots=True, eq=False)
class Redefinition:
    """A part of a change with its notice: a fault of the map, or what changed at once; the figures count it."""

    kind: str  # `gained` or `lost`
    km2: Floats  # (n + 2,), its area as in `Change`
    notice: Notice

    @property
    def is_fault(self) -> bool:
        """Whether no front made it by all appearances."""
        return self.notice.code == "REDEFINITION"


def suspect_parts(
    run: Run, span: Span, changed: Change | None, steps: Steps = (), *, at_once: bool = True
) -> list[Redefinition]:
    """Return the faults of the map in a period's change, and with `at_once` the largest part besides that it names.

    Judged are the parts of each of `steps`; without any those of the change itself, whose step is found by halving:
    maps between are read only where a part is large, and then as few as tell the step.
    """
    if changed is None:
        return []
    parts = [part for one in steps or [(span, changed)] for part in _parts(run, *one)]
    named = [part for part in parts if part.seen]
    if at_once:
        named += _at_once(run, span, parts, [changed for _, changed in steps] or [changed])
    takers, total, found = run.takers(span.actor), run.lines.shown[-1], []
    for part in named:
        km2 = change.areas(part.ground, takers)[0]
        # Of what lies in regions that are not shown, nothing is to be said.
        if total.sum_of(km2) >= SHOWN_KM2:
            found.append((part, km2, total.sum_of(km2) * (1 if part.kind == "gained" else -1)))
    shown = run.shown(changed)
    net_km2 = total.sum_of(shown.gained_km2) - total.sum_of(shown.lost_km2)
    return [
        Redefinition(part.kind, km2, _notice(run, span, part, float(km2[-1]), moved_km2, net_km2, found))
        for part, km2, moved_km2 in found
    ]


def _notice(
    run: Run,
    span: Span,
    part: Part,
    km2: float,
    moved_km2: float,
    net_km2: float,
    found: Sequence[tuple[Part, Floats, float]],
) -> Notice:
    """Return the notice of a part, with the net without it; of several faults, without all of them."""
    code = "REDEFINITION" if part.seen else "AT-ONCE"
    alike = [moved for other, _, moved in found if bool(other.seen) == bool(part.seen)]
    seen, (before, after) = part.seen or "changed hands at once", part.step
    what = (
        f"{km2:,.1f} of {part.of_km2:,.1f} km² {part.kind} {seen}, {_where(run, part.ground, before)}, between the maps"
        f" of {before.day} and {after.day}; net without {'it' if len(alike) == 1 else f'these {len(alike)}'}"
        f" {numbers.km2(net_km2 - sum(alike), signed=True)} km²"
    )
    return Notice(code, what, span.period.label, moved_km2)


def _parts(run: Run, span: Span, changed: Change) -> Iterator[Part]:
    """Yield the large parts of a change that changed hands on one step, each as far as it did, and what is seen."""
    if span.ends is None or not span.days or not any(map(len, changed.large)):
        return
    states = replace(run.states(span.actor), skip_bad=True)
    between = states.between(*span.ends)
    of_steps: dict[tuple[date | None, ...], Sequence[Geometries]] = {}
    for side, kind in enumerate(_KINDS):
        for part in changed.large[side]:
            try:
                if not (step := _step_of(run, states, span.ends, between, kind, part)):
                    continue
                days = tuple(state.day for state in step)
                if days not in of_steps:
                    of_steps[days] = _large_on(run, span.actor, step) if between else changed.large
                # A verdict is of the part of the step, of which the change has what stayed so.
                whole = of_steps[days][side]
                shared = shapely.intersection(whole, part)
                place = int(np.argmax(shapely.area(shared))) if len(whole) else 0
                if not len(whole) or shapely.area(shared[place]) < part.area / 2:
                    continue
                seen = _seen(run, states, step, kind, whole[place])
            except DataError as error:
                if isinstance(error, ChangedError):
                    raise
                # A map that no figure rests on may be broken: the figures stand without it.
                continue
            of_km2 = float(changed.km2[_KINDS[kind], 0, -1])
            yield Part(kind, shared[place], step, of_km2, seen)


def _large_on(run: Run, actor: str, step: tuple[State, State]) -> list[Geometries]:
    """Return the large parts gained and lost on a step."""
    grounds = change.differences(*(_ground(run, state, actor) for state in step))
    return [change.large_parts(geometry.polygonal(ground)) for ground in grounds]


def _step_of(
    run: Run, states: States, ends: tuple[State, State], between: Sequence[date], kind: str, part: shapely.Polygon
) -> tuple[State, State] | None:
    """Return the maps between which a part changed at once, None where it changed bit by bit."""
    if not between:
        return ends
    low, high = 0, len(between) + 1
    found = dict(zip((low, high), ends, strict=True))
    while high - low > 1:
        middle = (low + high) // 2
        found[middle] = states.on(between[middle - 1]) or ends[0]
        held = _held(run, found[middle], states.actor, part)
        changed = held if kind == "gained" else 1 - held
        if changed >= ON_ONE_STEP:
            high = middle
        elif changed <= 1 - ON_ONE_STEP:
            low = middle
        else:
            return None
    before, after = (_held(run, found[place], states.actor, part) for place in (low, high))
    return (found[low], found[high]) if abs(after - before) >= ON_ONE_STEP else None


def _ground(run: Run, state: State, actor: str) -> shapely.MultiPolygon:
    """Return what an actor holds on a map that no figure need rest on."""
    return run.ground(run.holding(state.snapshot, actor, noted=False))


def _held(run: Run, state: State, actor: str, part: shapely.Geometry) -> float:
    """Return the share of a part that is held on a map, 0 to 1."""
    return float(shapely.intersection(_ground(run, state, actor), part).area / shapely.area(part))


@lru_cache(maxsize=2)
def _land(plane: str) -> tuple[RegionSet, shapely.STRtree]:
    """Return the embedded regions in a projection, and their pieces to be searched."""
    land = embedded_regions(target_crs=plane)
    return land, shapely.STRtree(land.pieces)


def _seen(run: Run, states: States, step: tuple[State, State], kind: str, part: shapely.Polygon) -> str:
    """Return what speaks against a front in a part that changed on a step, empty where nothing does."""
    (before, after), actor, plane = step, states.actor, run.options.crs
    assert before.day is not None
    assert after.day is not None
    without, ring = before if kind == "gained" else after, _ring(part, plane)
    zone = ring
    if embedded_covers(without.snapshot.place):
        land, tree = _land(plane)
        met = tree.query(part, predicate="intersects")
        home = np.array([country == COUNTRIES.get(actor, actor) for country in land.countries])[land.owner]
        pieces_m2 = shapely.area(shapely.intersection(land.pieces[met], part))
        abroad = SHARE_OF_LAND * part.area > pieces_m2[home[met]].sum()
        embedded = pieces_m2.sum() >= SHARE_OF_LAND * part.area
        if not embedded and pieces_m2.sum() + _elsewhere_m2(part, plane) < SHARE_OF_LAND * part.area:
            return "are water"
        if embedded:
            met = tree.query(ring, predicate="intersects")
            # Beyond its own border no front can be; inside its own country one can.
            met = met[~home[met]] if abroad else met
            zone = geometry.union(geometry.polygonal(shapely.intersection(land.pieces[met], ring)))
    days = run.archive.days
    earlier = days[bisect_left(days, before.day - timedelta(days=SIEGE_DAYS)) : bisect_left(days, before.day)]

    def is_front(state: State | None) -> bool:
        """Say whether the ring has land that the actor does not hold on a map."""
        free = shapely.difference(zone, _ground(run, state, actor)) if state else zone
        return bool(state and shapely.area(free) >= BEHIND * shapely.area(ring))

    # The cheapest to find out first. A hole that is drawn as another actor's is a pocket, whichever came first.
    others = (_is_others(run, state, actor, part) for state in dict.fromkeys((before, without)))
    if not (is_front(without) or any(others) or any(map(is_front, map(states.on, earlier)))):
        return "lie far behind the front"
    return _back(run, states, step, kind, part)


def _elsewhere_m2(part: shapely.Polygon, plane: str) -> float:
    """Return how much of a part is land of countries around the embedded regions (m²)."""
    degrees = shapely.transform(part, crs.projector(plane, crs.LONLAT))
    countries = np.array(list(load_surroundings().values()), dtype=object)
    return part.area * float(shapely.area(shapely.intersection(countries, degrees)).sum() / degrees.area)


def _ring(part: shapely.Polygon, plane: str) -> shapely.Geometry:
    """Return the ground around a part, `RING_M` wide on the ground, in metres of a projection, which stretches it."""
    to_degrees, to_plane = crs.projector(plane, crs.LONLAT), crs.projector(crs.LONLAT, plane)
    (lon, lat), *_ = to_degrees(shapely.get_coordinates(shapely.point_on_surface(part)))
    lat = min(max(lat, -89.0), 89.0)
    curvature = 1 - crs.E2 * np.sin(np.radians(lat)) ** 2
    metres = np.array([np.cos(np.radians(lat)), (1 - crs.E2) / curvature])
    metres *= np.radians(crs.SEMI_MAJOR_M / np.sqrt(curvature))
    # A hundredth of a degree towards the middle of the map, east and north.
    steps = -0.01 * np.array([math.copysign(1, lon), math.copysign(1, lat)])
    here, east, north = to_plane(np.array([[lon, lat], [lon + steps[0], lat], [lon, lat + steps[1]]]))
    stretch = np.column_stack([east - here, north - here]) / (steps * metres)
    back = np.linalg.inv(stretch)
    local = shapely.transform(part, lambda points: points @ back.T)
    around = shapely.buffer(shapely.simplify(local, RING_M / 30), RING_M, quad_segs=4)
    return shapely.difference(shapely.transform(around, lambda points: points @ stretch.T), part)


def _is_others(run: Run, state: State, actor: str, part: shapely.Polygon) -> bool:
    """Say whether most of a part is drawn as another actor's on a map."""
    others = [
        layer
        for layer in state.snapshot.layers
        if layer.layer.actor not in (actor, UNNAMED) and layer.layer.role in _PRESENT and not layer.empty
    ]
    grounds = [run.ground(Holding((layer,), run.options.crs)) for layer in others]
    shared = shapely.intersection(np.array([*grounds, None], dtype=object)[:-1], part)
    return bool(len(shared)) and geometry.union(geometry.polygonal(shared)).area >= SHARE_OF_LAND * part.area


def _back(run: Run, states: States, step: tuple[State, State], kind: str, part: shapely.Polygon) -> str:
    """Return that a part, a twentieth of all that is held, is back whole within days, or that it was there before."""
    (before, after), days = step, run.archive.days
    assert before.day is not None
    assert after.day is not None
    if part.area <= MUCH * _ground(run, after if kind == "gained" else before, states.actor).area:
        return ""
    if kind == "lost":
        near = [day for day in days[bisect_right(days, after.day) :][:GONE_MAPS] if (day - after.day).days <= GONE_DAYS]
    else:
        last = bisect_left(days, before.day)
        near = list(days[max(0, last - GONE_MAPS) : last][::-1])
        # Gone from the first map that lacks it to the first that has it again.
        gone = [before.day, *near]
        near = [day for day, since in zip(near, gone, strict=False) if (after.day - since).days <= GONE_DAYS]
    for day in near:
        if (state := states.on(day)) and _held(run, state, states.actor, part) >= BACK_WHOLE:
            return f"are back on the map of {day}" if kind == "lost" else f"were held until the map of {day} too"
    return ""


def _at_once(run: Run, span: Span, parts: Sequence[Part], steps: Sequence[Change]) -> Iterator[Part]:
    """Yield the largest part that is no fault and is much of what was gained or lost, else a step of the whole map."""
    if span.ends is None or not span.days:
        return
    maps = len(run.states(span.actor).between(*span.ends)) + 2
    moved = {kind: math.fsum(step.km2[place, 0, -1] for step in steps) for kind, place in _KINDS.items()}
    large = [part for part in parts if not part.seen and part.km2 >= change.LARGE_KM2]
    largest = max(large, key=lambda part: part.km2, default=None)
    if maps >= FEWEST_MAPS and largest and largest.km2 >= LARGEST * moved[largest.kind]:
        yield largest._replace(of_km2=moved[largest.kind])
    elif sum(moved.values()) > MAP_KM2:
        whole = _whole_map(run, span, moved)
        yield from (one for one in whole if not any(part.seen and part.step == one.step for part in parts))


def _whole_map(run: Run, span: Span, moved: dict[str, float]) -> list[Part]:
    """Return what stayed of the step that moved most of a period's whole map, nothing where that is not much of it."""
    assert span.ends is not None
    states = replace(run.states(span.actor), skip_bad=True)
    days = states.between(*span.ends)
    (low, high), (first, last) = (0, len(days) + 1), span.ends
    while high - low > 1:
        middle = (low + high) // 2
        state = states.on(days[middle - 1]) or first
        earlier, here, later = (_ground(run, one, span.actor).area for one in (first, state, last))
        if abs(later - here) > abs(here - earlier):
            low, first = middle, state
        else:
            high, last = middle, state
    before, after, closing = (_ground(run, one, span.actor) for one in (first, last, span.ends[1]))
    gained, lost = (geometry.union(geometry.polygonal(ground)) for ground in change.differences(before, after))
    if gained.area + lost.area <= max(MAP_SHARE * before.area, MAP_KM2 * 1e6):
        return []
    kind = "gained" if gained.area >= lost.area else "lost"
    ground = shapely.intersection(gained, closing) if kind == "gained" else shapely.difference(lost, closing)
    return [Part(kind, ground, (first, last), moved[kind], "")]


def _where(run: Run, ground: shapely.Geometry, state: State) -> str:
    """Return where a part lies, as in «in Crimea at longitude 35.11, latitude 45.55»."""
    inside, plane = shapely.point_on_surface(ground), run.options.crs
    lon, lat = crs.projector(plane, crs.LONLAT)(shapely.get_coordinates(inside))[0]
    where = f"at longitude {lon:.2f}, latitude {lat:.2f}"
    if not embedded_covers(state.snapshot.place):
        return where
    land, tree = _land(plane)
    within = tree.query(inside, predicate="intersects")
    near = land.names[land.owner[within[0] if len(within) else tree.nearest(inside)]]
    return f"{'in' if len(within) else 'off'} {near} {where}"
