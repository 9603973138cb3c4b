"""How the line of the synthetic sample is drawn and moves in a week: redrawn, smoothed, merged, lost and gained.

Geometry on lon/lat values: where things lie is decided in `sample_geography.toml`. Functions take layers and return
layers; the random numbers come from the generator that is passed in, so the order of the calls in `make_sample.py` is
all that decides the bytes of the archive.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Layers = tuple[MultiPolygon, MultiPolygon]  # control and advances
Theatre = dict[str, Any]  # a stretch of the line: a row of the table

GRID = 1e-5  # five decimals, as published maps have
KM_PER_DEGREE = 111.2
DENSIFY_DEG = 0.0025  # edges are straight in lon/lat: split before projecting, or areas err by up to 1 km²
CORNERS = 8  # of a stroke
PROJECT = Transformer.from_crs("EPSG:4326", "EPSG:6933", always_xy=True).transform
GROUND: dict[str, Any] = tomllib.loads(Path(__file__).with_name("sample_geography.toml").read_text(encoding="utf-8"))
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
class Axis:
    """A push along a path between two days; `width_km` is half the front of the push at its root."""

    opens: date
    closes: date
    width_km: float
    path: Floats


def waypoints(text: str, *, closed: bool = False) -> Floats:
    """Return the `lon lat` pairs (n, 2) of a table, the first once more if `closed`; `# ` begins a comment."""
    words = [word for line in text.splitlines() for word in line.split("#")[0].split()]
    return np.array(words + words[:2] * closed, dtype=float).reshape(-1, 2)


def axes(text: str) -> list[Axis]:
    """Return the pushes of a table, one a line."""
    rows = [line.split(maxsplit=3) for line in text.splitlines()]
    days = date.fromisoformat
    return [Axis(days(opens), days(closes), float(width), waypoints(path)) for opens, closes, width, path in rows]


def area_km2(shape: BaseGeometry) -> float:
    """Return the ellipsoidal area (km²) of a lon/lat geometry with edges straight in lon/lat."""
    dense = shapely.segmentize(shapely.set_precision(shape, 0.0), DENSIFY_DEG)  # off the grid: no rounding
    return float(shapely.transform(dense, PROJECT, interleaved=False).area / 1e6)


def polygons(shape: BaseGeometry, smallest_km2: float = 0.0) -> MultiPolygon:
    """Return the polygons of any geometry: an overlay may leave lines and points behind."""
    parts = shapely.get_parts(shapely.get_parts(shape))  # twice: a collection may hold multipolygons
    found = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return MultiPolygon([part for part in found if not smallest_km2 or area_km2(part) >= smallest_km2])


def snapped(shape: BaseGeometry) -> MultiPolygon:
    """Return valid polygons on the grid of the written files, so that what is measured is what is read."""
    return polygons(shapely.set_precision(shapely.make_valid(shape), GRID))


def roughened(line: Floats, rng: np.random.Generator, roughness: float, step_km: float) -> Floats:
    """Return a line with midpoints displaced at random until no edge is longer than `step_km`."""
    points = line
    while True:
        edges = np.diff(points, axis=0)
        squeeze = np.cos(np.radians(points[:-1, 1]))
        lengths = KM_PER_DEGREE * np.hypot(edges[:, 0] * squeeze, edges[:, 1])
        long = np.flatnonzero(lengths > step_km)
        if not long.size:
            return points
        normals = np.column_stack([-edges[long, 1], edges[long, 0]])
        offsets = np.clip(rng.normal(0.0, roughness, long.size), -2 * roughness, 2 * roughness)
        middles = points[long] + edges[long] / 2 + normals * offsets[:, None]
        points = np.insert(points, long + 1, middles, axis=0)


def solved(shape_at: Callable[[float], BaseGeometry], wanted_km2: float, low: float, high: float) -> float:
    """Return the scale at which a shape that grows with it has the wanted area (km²), by bisection."""
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if area_km2(shape_at(middle)) < wanted_km2 else (low, middle)
    found = area_km2(shape_at(high))
    if abs(found - wanted_km2) > 0.2:
        raise RuntimeError(f"no scale gives {wanted_km2:.2f} km², only {found:.2f}: change the tables")
    return high


@dataclass(frozen=True)
class Stroke:
    """A rough ellipse that is won or lost in one week; `wobble` keeps its outline the same at every scale."""

    lon: float
    lat: float
    along_km: float
    across_km: float
    angle: float
    wobble: Floats

    def polygon(self, scale: float) -> Polygon:
        """Return the outline at a scale, in lon/lat."""
        turns = np.linspace(0.0, 2 * math.pi, len(self.wobble), endpoint=False)
        x = scale * self.wobble * self.along_km * np.cos(turns)
        y = scale * self.wobble * self.across_km * np.sin(turns)
        east = x * math.cos(self.angle) - y * math.sin(self.angle)
        north = x * math.sin(self.angle) + y * math.cos(self.angle)
        squeeze = KM_PER_DEGREE * math.cos(math.radians(self.lat))
        return Polygon(np.column_stack([self.lon + east / squeeze, self.lat + north / KM_PER_DEGREE]))


def drawn(strokes: Iterable[Stroke], scale: float) -> BaseGeometry:
    """Return all strokes as one geometry on the grid."""
    return shapely.union_all([stroke.polygon(scale) for stroke in strokes], grid_size=GRID)


def wobble(rng: np.random.Generator) -> Floats:
    """Return the radii of a rough round outline."""
    return rng.uniform(0.84, 1.12, CORNERS)


def axis_stroke(axis: Axis, day: date, days: int, rng: np.random.Generator) -> Stroke:
    """Return this week's stroke of a push: the stretch of its path covered, narrower towards the tip."""
    path = shapely.LineString(axis.path)
    total = (axis.closes - axis.opens).days + 7
    done, before = (((day - axis.opens).days + 7 - back) / total for back in (0, days))
    tip, tail = (path.interpolate(min(max(part, 0.0), 1.0), normalized=True) for part in (done, before))
    lon, lat = (tip.x + tail.x) / 2, (tip.y + tail.y) / 2
    squeeze = math.cos(math.radians(lat))
    east, north = KM_PER_DEGREE * squeeze * (tip.x - tail.x), KM_PER_DEGREE * (tip.y - tail.y)
    width = axis.width_km * (1.2 - 0.5 * done)
    return Stroke(lon, lat, math.hypot(east, north) / 2 + width, width, math.atan2(north, east), wobble(rng))


def front_stroke(front: BaseGeometry, held: BaseGeometry, rng: np.random.Generator, *, aside: int) -> Stroke:
    """Return a stroke along the line; `aside` puts it beyond (1, a cell) or behind it (-1, a pocket)."""
    at = rng.uniform(0.0, front.length)
    here, ahead = front.interpolate(at), front.interpolate(min(at + 0.004, front.length))
    squeeze = math.cos(math.radians(here.y))
    angle = math.atan2(ahead.y - here.y, (ahead.x - here.x) * squeeze)
    along = rng.uniform(1.6, 4.2)
    across = along * rng.uniform(0.28, 0.5)
    lon, lat = here.x, here.y
    if aside:
        along, across = 0.6 * along, 0.7 * across
        reach = (across + rng.uniform(1.0, 2.0)) / KM_PER_DEGREE
        east, north = -reach * math.sin(angle) / squeeze, reach * math.cos(angle)
        sides = [shapely.Point(lon + turn * east, lat + turn * north) for turn in (1, -1)]
        wanted = [side for side in sides if shapely.contains(held, side) == (aside < 0)]
        lon, lat = (wanted[0].x, wanted[0].y) if wanted else (lon, lat)
    return Stroke(lon, lat, along, across, angle, wobble(rng))


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
