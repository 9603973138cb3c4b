"""Faults of the map: large parts that changed hands on one step and that no front made, and what changed at once.

A publisher drops a bay, closes a gap in Crimea, loses a layer for three days: the map changes and the front does not.
What tells that is where the part lies: on no land, or with the actor's own ground all around it; or that all of it is
back within days. docs/slivers.md has the rules, the cases that they were held against, and what they miss.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache, partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import change, crs, geometry
from frontcalc.change import GAINED, LOST, Change, Floats, Geometries
from frontcalc.dates import in_words
from frontcalc.layers import COUNTRIES, UNNAMED, Role
from frontcalc.natural_earth import load_surroundings
from frontcalc.notices import Notice
from frontcalc.outputs import numbers
from frontcalc.regions import (
    UNASSIGNED,
    RegionSet,
    boxes_on_globe,
    embedded_covers,
    embedded_regions,
    land_near,
    pieces_near,
)
from frontcalc.run.run import Run
from frontcalc.snapshots import Holding, passing_over
from frontcalc.states import Span, State, States
from frontcalc.towns import LEAST_PEOPLE, load_towns, load_waters
from frontcalc.versions import key_of

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
MOSTLY = 0.9  # the share of a part from which on the line that names it is of one region
FEWEST_MAPS = 4  # in a period of fewer maps every part changes at once
MAP_SHARE, MAP_KM2 = 0.1, 5000.0  # a step that moves more of all that is held, and more km², is named whole
WATER = "are water"
_NEAR_DEGREES, _SHORE_KM = 2.0, 20.0  # how far a town, and the water whose disc is next to it, may lie
_CLOSE_KM = 30.0  # how far a town may lie that a part is near
_ROOM = 97  # characters of a line without its period
_KINDS = {"gained": GAINED, "lost": LOST}
Steps = Sequence[tuple[Span, Change]]
"""The steps inside a period, each with its change."""

# Roles by which a map says that another actor is there.
_PRESENT = (Role.CONTROL, Role.ADVANCE, Role.CLAIMED, Role.INFILTRATION, Role.CONTESTED, Role.COUNTEROFFENSIVE)


Redefinition = tuple[str, Floats, Notice]
"""A fault of the map, or what changed at once, which the figures count: `gained` or `lost`, its area as in `Change`."""


class LargePart(NamedTuple):
    """A large part of a change that changed hands on one step."""

    kind: str  # `gained` or `lost`
    ground: shapely.Geometry  # metres
    step: tuple[State, State]
    of_km2: float  # what was gained or lost in all, by the change that it is a part of
    seen: str = ""  # what speaks against a front, a clause; empty where nothing does


def suspect_parts(
    run: Run, span: Span, changed: Change | None, steps: Steps = (), *, at_once: bool = True
) -> list[Redefinition]:
    """Return the faults of the map in a period's change, and with `at_once` the largest part besides that it names.

    Judged are the parts of each of `steps`; without any those of the change itself, whose step is found by halving:
    maps between are read only where a part is large, and then as few as tell the step.
    """
    if changed is None or span.ends is None or not span.days:
        return []
    parts = [part for one in steps or [(span, changed)] for part in _parts(run, *one)]
    named = [part for part in parts if part.seen]
    all_km2 = [one.km2[:, 0, -1] for _, one in steps] or [changed.km2[:, 0, -1]]
    moved = {kind: math.fsum(km2[place] for km2 in all_km2) for kind, place in _KINDS.items()}
    if at_once and (len(parts) > len(named) or sum(moved.values()) > MAP_KM2):
        named += _at_once(run, span, parts, moved)
    total, shown, counted = run.lines.shown[-1], run.shown(changed), []
    for part in named:
        km2 = change.areas(part.ground, run.partition_for(span.actor))[0]
        # A part in regions that are not shown gets no notice.
        if total.sum_of(km2) >= SHOWN_KM2:
            counted.append((part, km2, total.sum_of(km2) * (1 if part.kind == "gained" else -1)))
    faults = []
    for part, km2, moved_km2 in counted:
        alike = [moved for other, _, moved in counted if bool(other.seen) == bool(part.seen)]
        net_km2 = total.sum_of(shown.gained_km2) - total.sum_of(shown.lost_km2) - sum(alike)
        inside = shapely.get_coordinates(shapely.point_on_surface(part.ground))
        lon, lat = map(float, crs.projector(run.options.crs, crs.LONLAT)(inside)[0])
        near, place = _beside((lon, lat), water=part.seen == WATER)
        days = " and ".join(str(state.day) for state in part.step)
        what = (
            f"{float(km2[-1]):,.1f} of {part.of_km2:,.1f} km² {part.kind} {part.seen or 'changed hands at once'},"
            f" {place}at longitude {lon:.2f}, latitude {lat:.2f}, between the maps of {days};"
            f" net without {'it' if len(alike) == 1 else f'these {len(alike)}'} {numbers.km2(net_km2, signed=True)} km²"
        )
        rows = tuple(line.region for line in run.lines.shown if line.sum_of(km2) >= SHOWN_KM2)
        beside = [(other.kind, own) for other, own, _ in counted if bool(other.seen) == bool(part.seen)]
        text = _in_short(run, span.period.label, part, km2, shown, near, beside)
        code = "REDEFINITION" if part.seen else "AT-ONCE"
        faults.append((part.kind, km2, Notice(code, what, span.period.label, moved_km2, text, rows)))
    return faults


def faults_of(run: Run, span: Span, changed: Change) -> list[LargePart]:
    """Return the faults of the map in a step, with their ground."""
    return [part for part in _parts(run, span, changed) if part.seen]


def _in_short(
    run: Run,
    label: str,
    part: LargePart,
    km2: Floats,
    shown: Change,
    near: str,
    alike: Sequence[tuple[str, Floats]],
) -> str:
    """Return what was seen of a part and the net without it, in the region that has nearly all of it, or in all.

    Of several `alike` there (of which it is one) the net is without all of them, so that a row has one such figure.
    """
    *regions, total = run.lines.shown
    fine = [line for line in regions if line.level == run.lines.levels[-1] and line.region != UNASSIGNED]
    row = max(fine, key=lambda line: line.sum_of(km2), default=total)
    row = row if row.sum_of(km2) >= MOSTLY * total.sum_of(km2) else total
    here_km2, gained_km2, lost_km2 = (row.sum_of(areas) for areas in (km2, shown.gained_km2, shown.lost_km2))
    whole_km2 = gained_km2 if part.kind == "gained" else lost_km2
    # Over the steps of a period more may have moved than between its ends.
    whole = f" of {whole_km2:,.0f}" if whole_km2 >= here_km2 else ""
    here = [row.sum_of(own) * (1 if kind == "lost" else -1) for kind, own in alike if row.sum_of(own) >= SHOWN_KM2]
    them = "it" if len(here) == 1 else "both" if len(here) == 2 else f"all {len(here)}"
    net_km2 = gained_km2 - lost_km2 + math.fsum(here)
    day = in_words(part.step[1].day, label) if part.step[1].day else "one day"
    net = numbers.km2(net_km2, signed=True, places=0)
    what = f"{here_km2:,.0f}{whole} km² {part.kind}"
    if not part.seen:
        return f"{row.region}: {what} on the map of {day} alone; net without {them} {net}"
    when = f"{'new on' if part.kind == 'gained' else 'not drawn since'} {day}; net without {them} {net}"
    # Of the total its place says enough; of a region it is told where there is room.
    name = "" if row is total and near else f"{row.region}: "
    text = f"{name}{what} {f'{part.seen} {near}'.rstrip()}, {when}"
    return text if len(text) <= _ROOM or not name else f"{name}{what} {part.seen}, {when}"


def _parts(run: Run, span: Span, changed: Change) -> Iterator[LargePart]:
    """Yield the large parts of a change that changed hands on one step, each as far as it did, and what is seen."""
    assert span.ends is not None
    states = replace(run.states(span.actor), skip_bad=True)
    between = states.between(*span.ends)
    of_steps: dict[tuple[date | None, ...], Sequence[Geometries]] = {}
    for side, (kind, place) in enumerate(_KINDS.items()):
        for part in changed.large[side]:
            with passing_over():
                step = _step_of(run, states, span.ends, between, kind, part)
                if step is None:
                    continue
                if not between:
                    seen = _seen(run, states, step, kind, part)
                    yield LargePart(kind, part, step, float(changed.km2[place, 0, -1]), seen)
                    continue
                days = tuple(state.day for state in step)
                if days not in of_steps:
                    ends = (_ground(run, state, span.actor) for state in step)
                    grounds = change.differences(*ends)
                    of_steps[days] = [change.large_parts(geometry.polygonal(ground)) for ground in grounds]
                # A verdict is of the part of the step, of which the change has what stayed so.
                shared = geometry.overlaid(shapely.intersection, whole := of_steps[days][side], part)
                most = int(np.argmax(shapely.area(shared))) if len(whole) else 0
                if len(whole) and shapely.area(shared[most]) >= part.area / 2:
                    seen = _seen(run, states, step, kind, whole[most])
                    yield LargePart(kind, shared[most], step, float(changed.km2[place, 0, -1]), seen)


def _step_of(
    run: Run, states: States, ends: tuple[State, State], between: Sequence[date], kind: str, part: shapely.Polygon
) -> tuple[State, State] | None:
    """Return the maps between which a part changed at once, None where it changed bit by bit."""
    if not between:
        return ends
    low, high = 0, len(between) + 1
    state_at = dict(zip((low, high), ends, strict=True))
    while high - low > 1:
        middle = (low + high) // 2
        state_at[middle] = states.on(between[middle - 1]) or ends[0]
        held = _held(run, state_at[middle], states.actor, part)
        changed = held if kind == "gained" else 1 - held
        if changed >= ON_ONE_STEP:
            high = middle
        elif changed <= 1 - ON_ONE_STEP:
            low = middle
        else:
            return None
    before, after = (_held(run, state_at[place], states.actor, part) for place in (low, high))
    return (state_at[low], state_at[high]) if abs(after - before) >= ON_ONE_STEP else None


def _ground(run: Run, state: State, actor: str) -> shapely.MultiPolygon:
    """Return what an actor holds on a map that no figure need rest on."""
    return run.ground(run.holding(state.snapshot, actor, noted=False))


def _held(run: Run, state: State, actor: str, part: shapely.Geometry) -> float:
    """Return the share of a part that is held on a map, 0 to 1."""
    ground = _ground(run, state, actor)
    geometry.refuse_crossings(geometry.directed_edges([ground, part]))
    return float(shapely.intersection(ground, part).area / shapely.area(part))


@lru_cache(maxsize=2)
def _curated(plane: str) -> tuple[RegionSet, shapely.STRtree]:
    """Return the curated regions in a projection, and their pieces to be searched."""
    land = embedded_regions(target_crs=plane)
    return land, shapely.STRtree(land.pieces)


def _land(ground: shapely.Geometry, plane: str, *, curated: bool) -> tuple[Geometries, NDArray[np.str_]]:
    """Return the pieces of regions around some ground, in metres, and the country of each."""
    west, south, east, north = map(float, shapely.total_bounds(ground))
    if not curated:
        return land_near(boxes_on_globe(crs.bounds_in_degrees(plane, (west, south, east, north))), plane)
    land, tree = _curated(plane)
    met = tree.query(shapely.box(west, south, east, north), predicate="intersects")
    return land.pieces[met], np.array(land.countries)[land.owner[met]]


def _seen(run: Run, states: States, step: tuple[State, State], kind: str, part: shapely.Polygon) -> str:
    """Return what speaks against a front in a part that changed on a step, empty where nothing does."""
    (before, after), actor, plane = step, states.actor, run.options.crs
    assert before.day is not None
    without = before if kind == "gained" else after
    curated, held = embedded_covers(without.snapshot.place), run.holding(without.snapshot, actor, noted=False)
    # That the front is beside a part, as it is beside nearly all, or that it is water, is kept.
    key = key_of((f"front {actor} {plane} {curated}", held.key, shapely.to_wkb(part)))
    if kept := run.cache.get("steps", key):
        return WATER if kept == WATER.encode() else _back(run, states, step, kind, part)
    zone = geometry.polygonal(ring := _ring(part, plane))
    # A map that shows no land at all may be of anything.
    if curated or len(pieces_near(without.snapshot.place)[1]):
        land, countries = _land(ring, plane, curated=curated)
        land_m2, home = shapely.area(shapely.intersection(land, part)), countries == COUNTRIES.get(actor, actor)
        least_m2 = SHARE_OF_LAND * part.area
        known = land_m2.sum() >= least_m2
        if not known:
            # Of countries around the embedded regions it may be land too.
            degrees = shapely.transform(part, crs.projector(plane, crs.LONLAT)) if curated else part
            around = np.array(list(load_surroundings().values()) if curated else [], dtype=object)
            share = shapely.area(shapely.intersection(around, degrees)).sum() / degrees.area
            if land_m2.sum() + part.area * share < least_m2:
                run.cache.put(("steps", key, WATER.encode()))
                return WATER
        if known:
            # Beyond its own border no front can be; inside its own country one can.
            met = land[~home] if land_m2[home].sum() < least_m2 else land
            zone = geometry.polygonal(shapely.intersection(met, ring))
    days = run.archive.days
    earlier = days[bisect_left(days, before.day - timedelta(days=SIEGE_DAYS)) : bisect_left(days, before.day)]

    def is_front(state: State) -> bool:
        """Say whether the ring has land that the actor does not hold on a map."""
        near = shapely.intersection(_ground(run, state, actor), shapely.box(*shapely.bounds(ring)))
        free = geometry.overlaid(shapely.difference, zone, geometry.as_multipolygon(near))
        return bool(shapely.area(free).sum() >= BEHIND * shapely.area(ring))

    # The cheapest to find out first. A hole that is drawn as another actor's is a pocket, whichever came first.
    others = (_is_others(run, state, actor, part) for state in dict.fromkeys((before, without)))
    if is_front(without):
        run.cache.put(("steps", key, b"front"))
    elif not (any(others) or any(map(is_front, filter(None, map(states.on, earlier))))):
        return "lie far behind the front"
    return _back(run, states, step, kind, part)


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
    (a, b), (c, d) = stretch = np.column_stack([east - here, north - here]) / (steps * metres)
    back = np.array([[d, -b], [-c, a]]) / (a * d - b * c)
    # No product of NumPy's: OpenBLAS ends the process at once where it finds no room.
    local, around = (partial(np.einsum, "ij,kj->ki", one) for one in (back, stretch))
    wide = shapely.buffer(shapely.simplify(shapely.transform(part, local), RING_M / 30), RING_M, quad_segs=4)
    return shapely.difference(shapely.transform(wide, around), part)


def _is_others(run: Run, state: State, actor: str, part: shapely.Polygon) -> bool:
    """Say whether most of a part is drawn as another actor's on a map."""
    drawn = (one for one in state.snapshot.layers if one.layer.role in _PRESENT and not one.empty)
    others = (one for one in drawn if one.layer.actor not in (actor, UNNAMED))
    grounds = (run.ground(Holding((one,), run.options.crs)) for one in others)
    shared = [geometry.overlaid(shapely.intersection, ground, part) for ground in grounds]
    return bool(shared) and geometry.union(geometry.polygonal(shared)).area >= SHARE_OF_LAND * part.area


def _back(run: Run, states: States, step: tuple[State, State], kind: str, part: shapely.Polygon) -> str:
    """Return that a part, a twentieth of all that is held, is back whole within days, or that it was there before."""
    (before, after), days = step, run.archive.days
    assert before.day is not None
    assert after.day is not None
    if part.area <= MUCH * _ground(run, after if kind == "gained" else before, states.actor).area:
        return ""
    # Gone from the first map that lacks it to the first that has it again.
    if kind == "lost":
        first = bisect_right(days, after.day)
        near = [(day, day - after.day) for day in days[first : first + GONE_MAPS]]
    else:
        first = bisect_left(days, before.day)
        lacking = pairwise([before.day, *reversed(days[max(0, first - GONE_MAPS) : first])])
        near = [(day, after.day - since) for since, day in lacking]
    for day, gone in near:
        state = states.on(day) if gone.days <= GONE_DAYS else None
        if state and _held(run, state, states.actor, part) >= BACK_WHOLE:
            return f"are back on the map of {day}" if kind == "lost" else f"were held until the map of {day} too"
    return ""


def _at_once(run: Run, span: Span, parts: Sequence[LargePart], moved: dict[str, float]) -> Iterator[LargePart]:
    """Yield the largest part that is no fault and is much of what `moved` (km²), else a step of the whole map."""
    assert span.ends is not None
    states = replace(run.states(span.actor), skip_bad=True)
    days = states.between(*span.ends)
    areas = [(float(geometry.area_km2(part.ground)), part) for part in parts if not part.seen]
    km2, largest = max(areas, key=lambda one: one[0], default=(0.0, None))
    enough = largest and len(days) + 2 >= FEWEST_MAPS and km2 >= change.LARGE_KM2
    if largest and enough and km2 >= LARGEST * moved[largest.kind]:
        yield largest._replace(of_km2=moved[largest.kind])
    elif sum(moved.values()) > MAP_KM2:
        with passing_over():
            (low, high), (first, last) = (0, len(days) + 1), span.ends
            # Towards the step that moved most of the whole, half-way map by half-way map.
            while high - low > 1:
                middle = (low + high) // 2
                state = states.on(days[middle - 1]) or first
                earlier, here, later = (_ground(run, one, span.actor).area for one in (first, state, last))
                if abs(later - here) > abs(here - earlier):
                    low, first = middle, state
                else:
                    high, last = middle, state
            before, after, closing = (_ground(run, one, span.actor) for one in (first, last, span.ends[1]))
            gained, lost = (geometry.union(geometry.polygonal(one)) for one in change.differences(before, after))
            enough = gained.area + lost.area > max(MAP_SHARE * before.area, MAP_KM2 * 1e6)
            if enough and not any(part.seen and part.step == (first, last) for part in parts):
                kind = "gained" if gained.area >= lost.area else "lost"
                # What stayed so until the close.
                overlay, ground = (shapely.intersection, gained) if kind == "gained" else (shapely.difference, lost)
                yield LargePart(kind, geometry.overlaid(overlay, ground, closing), (first, last), moved[kind])


def _beside(place: tuple[float, float], *, water: bool) -> tuple[str, str]:
    """Return where a place lies in few words, as in «off the Syvash», and in all: «off the Syvash, 40 km N of …, »."""
    lon, lat = place
    west, east = ((lon + side + 180) % 360 - 180 for side in (-_NEAR_DEGREES, _NEAR_DEGREES))
    near = load_towns().within((west, lat - _NEAR_DEGREES, east, lat + _NEAR_DEGREES), least_people=LEAST_PEOPLE)
    ways = [(*crs.way(point, place), name) for point, name in zip(near.points, near.names, strict=True)]
    km, _, town = nearest = min(ways, default=(0.0, "", ""))
    way = "{:.0f} km {} of {}".format(*nearest) if town else ""
    waters = load_waters()
    discs = zip(waters.points, waters.radii_m, waters.names, strict=True)
    shore, name = min((crs.way(point, place)[0] - radius / 1000, name) for point, radius, name in discs)
    named = f"off the {name}" if water and shore <= _SHORE_KM else ""
    short = named or (f"near {town}" if way and km <= _CLOSE_KM else way)
    return short, "".join(f"{one}, " for one in (named, way) if one)
