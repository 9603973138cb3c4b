"""How the line of the synthetic sample moves in a week: redrawn, smoothed, merged, lost and gained.

Each function takes layers and returns layers; the random numbers come from the generator that is passed in,
so the order of the calls in `make_sample.py` is all that decides the bytes of the archive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from sample_shapes import (
    GROUND,
    KM_PER_DEGREE,
    Axis,
    Stroke,
    area_km2,
    axes,
    axis_stroke,
    drawn,
    front_stroke,
    polygons,
    roughened,
    snapped,
    solved,
    waypoints,
    wobble,
)
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

Layers = tuple[MultiPolygon, MultiPolygon]  # control and advances
Theatre = dict[str, Any]  # a stretch of the line: a row of the table

OVERLAP_DEG = 0.0006  # publishers draw an advance a little over the control that it starts from
REDRAWN_KM = 0.025  # how far off a vertex lands when a stretch is digitised again
GENERALISED_DEG = 0.003  # tolerance when advances are merged into control: another source of slivers
INLET_DEG, SPUR_DEG = 0.008, 0.004  # half the width of what `smoothed` closes and cuts
SALIENT_INLET_DEG = 0.022  # the same between neighbouring salients, whose defenders withdraw in time
SPECK_KM2 = 0.5  # a hole below it is no pocket
SMALL_GAINS, SMALL_LOSSES = 3, 5  # moves along the line in a week, beside the pushes
POCKET_FALLS = 0.15  # the chance that a pocket is pushed into in a week
ASIDE_SHARE = 0.12  # of small moves that are cells beyond the line, or pockets behind it
SCALES = (0.02, 8.0)  # between which a week's strokes are fitted


@dataclass(frozen=True)
class Ground:
    """What does not move.

    `land` is what the line may cross, `russia` Russia's side of the northern border, `fixed` a strip along
    the lines that are no front, `zone` where the fighting is, `salients` where pushes lie side by side.
    """

    land: BaseGeometry
    russia: BaseGeometry
    fixed: BaseGeometry
    zone: BaseGeometry
    salients: BaseGeometry


@dataclass(frozen=True)
class Week:
    """A map to be made: its day, the days since the map before, and the land to be held then (km²)."""

    day: date
    days: int
    held_km2: float


def front_line(held: BaseGeometry, world: Ground) -> BaseGeometry:
    """Return the part of an outline that is neither coast nor border."""
    return shapely.difference(shapely.boundary(held), world.fixed)


def redrawn(control: MultiPolygon, front: BaseGeometry, rng: np.random.Generator) -> MultiPolygon:
    """Return control with two stretches digitised again: vertices metres off, so slivers along old lines."""
    unique, of = np.unique(shapely.get_coordinates(control), axis=0, return_inverse=True)
    on_front, anywhere = front.interpolate(rng.uniform(0.0, front.length)), unique[rng.integers(len(unique))]
    moves = np.zeros_like(unique)
    for lon, lat, reach in ((on_front.x, on_front.y, 0.25), (*anywhere, 0.15)):
        near = np.hypot((unique[:, 0] - lon) * math.cos(math.radians(lat)), unique[:, 1] - lat) < reach
        moves[near] = rng.normal(0.0, REDRAWN_KM / KM_PER_DEGREE, (int(near.sum()), 2))
    # by unique vertex, because the last vertex of a ring must move with its first
    return snapped(shapely.transform(control, lambda points: points + moves[of.ravel()]))


def inlets(held: BaseGeometry, zone: BaseGeometry, half_width: float) -> BaseGeometry:
    """Return the inlets of an outline narrower than twice `half_width` (degrees), and specks of holes."""
    closed = shapely.buffer(shapely.buffer(held, half_width, quad_segs=2), -half_width, quad_segs=2)
    return polygons(shapely.intersection(shapely.difference(closed, held), zone), 0.1)


def holes(held: BaseGeometry) -> list[Polygon]:
    """Return what lies inside an outline without being held."""
    return [Polygon(ring) for part in polygons(held).geoms for ring in part.interiors]


def smoothed(control: MultiPolygon, advances: MultiPolygon, world: Ground) -> Layers:
    """Return both layers with inlets closed and thin spurs cut: strokes alone would fray the line."""
    held = shapely.union(control, advances)
    gaps = [inlets(held, world.zone, INLET_DEG), inlets(held, world.salients, SALIENT_INLET_DEG)]
    gaps += [hole for hole in holes(held) if area_km2(hole) < SPECK_KM2]
    filled = shapely.simplify(shapely.union_all(gaps), OVERLAP_DEG)
    advances = shapely.union(advances, shapely.buffer(filled, OVERLAP_DEG, join_style="mitre"))
    opened = shapely.buffer(shapely.buffer(held, -SPUR_DEG, quad_segs=2), SPUR_DEG, quad_segs=2)
    spurs = polygons(shapely.intersection(shapely.difference(held, opened), world.zone), 0.05)
    control, advances = (snapped(shapely.difference(layer, spurs)) for layer in (control, advances))
    beyond = [part for part in advances.geoms if area_km2(shapely.difference(part, control)) > 0.1]
    return polygons(control, 0.1), MultiPolygon(beyond)


def generalised(control: BaseGeometry) -> MultiPolygon:
    """Return control with the detail of its outline reduced, as when a publisher merges layers."""
    return snapped(shapely.simplify(control, GENERALISED_DEG))


def batched(control: MultiPolygon, advances: MultiPolygon, rng: np.random.Generator) -> Layers:
    """Return the layers after most advances were moved into control, its outline generalised on the way."""
    parts = np.array(advances.geoms)
    stays = rng.random(len(parts)) < 0.12
    moved = shapely.union_all([control, *parts[~stays]])
    return generalised(moved), MultiPolygon(list(parts[stays]))


def pushes(table: list[Axis], week: Week, rng: np.random.Generator) -> list[Stroke]:
    """Return the week's strokes along the paths of the pushes under way."""
    under_way = [axis for axis in table if axis.opens <= week.day <= axis.closes]
    return [axis_stroke(axis, week.day, week.days, rng) for axis in under_way]


def small_moves(
    line: BaseGeometry,
    held: BaseGeometry,
    places: list[Theatre],
    rng: np.random.Generator,
    *,
    aside: int,
) -> list[Stroke]:
    """Return a stroke somewhere on the line in each place; a share of them lie `aside` of it."""
    strokes = []
    for place in places:
        front = shapely.line_merge(shapely.intersection(line, shapely.box(*place["box"])))
        if front.length:
            strokes.append(front_stroke(front, held, rng, aside=aside * int(rng.random() < ASIDE_SHARE)))
    return strokes


def drawn_places(weights: list[float], count: int, rng: np.random.Generator) -> list[Theatre]:
    """Return theatres drawn by weight."""
    picked = rng.choice(len(weights), count, p=np.array(weights) / sum(weights))
    return [GROUND["theatres"][index] for index in picked]


def lost(layers: Layers, week: Week, lost_km2: float, world: Ground, rng: np.random.Generator) -> Layers:
    """Return both layers after exactly so much land was lost."""
    held = shapely.union(*layers)
    filled = shapely.union_all([held, *holes(held)])  # so that old pockets do not grow
    places = drawn_places([place["losses"] for place in GROUND["theatres"]], SMALL_LOSSES, rng)
    strokes = pushes(axes(GROUND["loss_axes"]), week, rng)
    strokes += small_moves(front_line(filled, world), held, places, rng, aside=-1)
    scale = solved(lambda k: shapely.intersection(drawn(strokes, k), held), lost_km2, *SCALES)
    control, advances = (snapped(shapely.difference(layer, drawn(strokes, scale))) for layer in layers)
    return control, advances


def pocket_strokes(held: BaseGeometry, zone: BaseGeometry, rng: np.random.Generator) -> list[Stroke]:
    """Return strokes into some of the pockets behind the line, because pockets fall with time."""
    pockets = [hole for hole in holes(held) if shapely.intersects(hole, zone)]
    strokes = []
    for pocket in pockets:
        if rng.random() < POCKET_FALLS:
            middle = shapely.point_on_surface(pocket)
            radius = min(4.0, math.sqrt(area_km2(pocket) / math.pi))
            strokes.append(Stroke(middle.x, middle.y, radius, radius, 0.0, wobble(rng)))
    return strokes


def gained(layers: Layers, week: Week, world: Ground, rng: np.random.Generator) -> MultiPolygon:
    """Return the advances after gains that bring the land held to its target."""
    control, advances = layers
    held = shapely.union(control, advances)
    places = drawn_places([place["gains"] for place in GROUND["theatres"]], SMALL_GAINS, rng)
    for oblast in GROUND["oblasts_every_week"]:  # so that each month's change is spread over them
        there = [place for place in GROUND["theatres"] if place["oblast"] == oblast]
        places.append(there[rng.integers(len(there))])
    strokes = pushes(axes(GROUND["gain_axes"]), week, rng)
    strokes += small_moves(front_line(held, world), held, places, rng, aside=1)
    strokes += pocket_strokes(held, world.zone, rng)

    core = shapely.buffer(control, -OVERLAP_DEG, join_style="mitre")

    def won(scale: float) -> BaseGeometry:
        reached = shapely.intersection(drawn(strokes, scale), world.land)
        return shapely.simplify(shapely.difference(reached, core), 2 * OVERLAP_DEG)

    wanted_km2 = week.held_km2 - area_km2(held)
    scale = solved(lambda k: shapely.difference(won(k), held), wanted_km2, *SCALES)
    return snapped(shapely.union(advances, won(scale)))


def next_kursk(before: MultiPolygon | None, day: date, world: Ground, rng: np.random.Generator) -> MultiPolygon | None:
    """Return Ukraine's hold in Kursk oblast: an outline that swells to its peak, then is cut back."""
    wanted_km2 = GROUND["kursk_km2"].get(day.isoformat())
    if wanted_km2 is None:
        return None
    centre = np.array(GROUND["kursk_centre"])
    ring = roughened(waypoints(GROUND["kursk_outline"], closed=True), rng, 0.14, 3.0) - centre
    before = before or MultiPolygon()
    combine = shapely.union if area_km2(before) < wanted_km2 else shapely.intersection

    def outline_at(scale: float) -> MultiPolygon:
        outline = shapely.make_valid(Polygon(centre + scale * ring))
        return snapped(combine(before, shapely.intersection(outline, world.russia)))

    return outline_at(solved(outline_at, wanted_km2, 0.1, 2.0))
