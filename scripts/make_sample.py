"""Write the synthetic sample archive: a map a week, whose figures hold by construction.

    python scripts/make_sample.py -o data/sample_polygons [--seed N]

The archive must be free to ship and have known answers, so nothing in it is traced: hand-chosen waypoints
(`sample_geography.toml`) are roughened by seeded noise, the line moves by small drawn strokes (`sample_front.py`), and
each week the strokes are scaled until the land held, measured on the very coordinates that are written, meets its
target.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import shapely
from sample_front import (
    GROUND,
    Floats,
    Ground,
    Stroke,
    Week,
    area_km2,
    batched,
    front_line,
    gained,
    generalised,
    lost,
    next_kursk,
    polygons,
    redrawn,
    roughened,
    smoothed,
    snapped,
    solved,
    waypoints,
    wobble,
)
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

FIRST_ADVANCES_KM2 = 60.0  # the part of the first map that is drawn as advances
LARGE_PARTS = 4  # of a layer; the others share one MultiPolygon
QUIET_KM2 = 30.0  # a week's net gain below which a batch leaves the union still, so that only the layers move


def first_map(rng: np.random.Generator, control_km2: float) -> tuple[Ground, MultiPolygon]:
    """Return the ground and the control of the first map, its line shifted until the area is as wanted."""

    def rough(name: str, roughness: float, step_km: float) -> Floats:
        return roughened(waypoints(GROUND[name]), rng, roughness, step_km)

    front = rough("front", 0.16, 3.5)
    dnipro, coast = rough("dnipro", 0.07, 6.0), rough("coast", 0.07, 6.0)
    border, north = rough("border", 0.10, 6.0), rough("north_border", 0.10, 6.0)
    islands = [Polygon(roughened(waypoints(ring, closed=True), rng, 0.03, 4.0)) for ring in GROUND["islands"]]
    lakes = [Polygon(roughened(waypoints(ring, closed=True), rng, 0.06, 8.0)) for ring in GROUND["lakes"]]
    pockets = [Stroke(lon, lat, km, km, 0.0, wobble(rng)).polygon(1.0) for lon, lat, km in GROUND["pockets"]]
    behind = np.concatenate([dnipro[1:], coast[1:], border[1:-1]])
    west = waypoints(GROUND["west_of_front"])
    mainland = Polygon(np.concatenate([north, west, dnipro, coast[1:], border[1:]]))
    land = snapped(shapely.union_all([mainland, *islands]))
    russia = snapped(Polygon(np.concatenate([north, waypoints(GROUND["russia_corners"])])))
    taper = np.sin(np.linspace(0.0, math.pi, len(front)))[:, None]  # the line's two ends stay where they are

    def control(shift: float) -> MultiPolygon:
        line = front + shift * taper * np.array([-0.8, 0.6])
        body = shapely.union_all([shapely.make_valid(Polygon(np.concatenate([line, behind]))), *islands])
        return generalised(shapely.difference(body, shapely.union_all([*lakes, *pockets])))

    found = control(solved(control, control_km2, -0.3, 0.3))
    fixed = shapely.union_all([shapely.LineString(line) for line in (coast, border, north)]).buffer(0.006)
    boxes = shapely.union_all([shapely.box(*place["box"]) for place in GROUND["theatres"] if place["gains"]])
    zone = shapely.difference(shapely.intersection(land, boxes), fixed)
    salients = shapely.intersection(zone, shapely.box(*GROUND["salients"]))
    return Ground(land, russia, fixed, zone, salients), found


@dataclass(frozen=True)
class Map:
    """One week's layers; `kursk` is None while the layer does not exist."""

    day: date
    control: MultiPolygon
    advances: MultiPolygon
    kursk: MultiPolygon | None = None

    @property
    def held(self) -> BaseGeometry:
        """What Russia holds: both of its layers, overlap counted once."""
        return shapely.union(self.control, self.advances)


def next_map(before: Map, day: date, held_km2: float, world: Ground, rng: np.random.Generator) -> Map:
    """Return the map a week on: redraw, perhaps batch, lose, then gain until the target is met."""
    week = Week(day, (day - before.day).days, held_km2)
    control = redrawn(before.control, front_line(before.held, world), rng)
    layers = smoothed(control, before.advances, world)
    if day in GROUND["batches"]:
        layers = batched(*layers, rng)
    over_km2 = area_km2(shapely.union(*layers)) - held_km2  # by redrawing alone
    lost_km2 = max(GROUND["lost_km2"][day.isoformat()[:7]] * week.days / 30, over_km2 + 1.0)
    layers = lost(layers, week, lost_km2, world, rng)
    return Map(day, layers[0], gained(layers, week, world, rng), next_kursk(before.kursk, day, world, rng))


def targets(rng: np.random.Generator) -> dict[date, float]:
    """Return the land held (km²) on each map.

    It runs evenly between the set days, with noise, but stands still when a batch falls into a quiet week.
    """
    first, *sundays = [date(2022, 12, 31), *(date(2023, 1, 8) + timedelta(weeks=week) for week in range(98))]
    set_days = [date.fromisoformat(day) for day in GROUND["held_km2"]]
    held = {first: GROUND["held_km2"][first.isoformat()]}
    for day in sundays:
        before = max(held)
        ahead = min(set_day for set_day in set_days if set_day >= day)
        ahead_km2 = GROUND["held_km2"][ahead.isoformat()] - held[before]
        even = ahead_km2 * (day - before).days / (ahead - before).days
        if day in GROUND["batches"] and even < QUIET_KM2:
            even = -0.8
        elif day.isoformat() not in GROUND["marked"]:
            even += rng.normal(0.0, 3.0)
        held[day] = held[before] + even
    return held


def maps(seed: int) -> Iterator[Map]:
    """Yield the archive's maps in order of date."""
    rng = np.random.default_rng(seed)
    (first, first_km2), *later = targets(rng).items()
    world, control = first_map(rng, first_km2 - FIRST_ADVANCES_KM2)
    current = Map(first, control, gained((control, MultiPolygon()), Week(first, 7, first_km2), world, rng))
    yield current
    for day, held_km2 in later:
        current = next_map(current, day, held_km2, world, rng)
        yield current


def feature(layer: str, parts: Sequence[Polygon]) -> dict[str, object]:
    """Return one GeoJSON feature with five decimals: a Polygon, or a MultiPolygon of several parts."""
    rings = [
        [[[round(x, 5), round(y, 5)] for x, y in ring.coords] for ring in (part.exterior, *part.interiors)]
        for part in parts
    ]
    geometry: dict[str, object] = {"type": "MultiPolygon", "coordinates": rings}
    if len(rings) == 1:
        geometry = {"type": "Polygon", "coordinates": rings[0]}
    return {"type": "Feature", "geometry": geometry, "properties": {"layer": layer}}


def collection(snapshot: Map) -> dict[str, object]:
    """Return a map laid out as published ones are: a large part a feature, the small ones together."""
    layers = {"control_map": snapshot.control, "russian_advances": snapshot.advances}
    if snapshot.kursk is not None:
        layers["kursk_ukrainian_advance"] = snapshot.kursk
    features = []
    for name, layer in layers.items():
        parts = sorted(polygons(shapely.normalize(layer)).geoms, key=lambda part: -part.area)
        features += [feature(name, [part]) for part in parts[:LARGE_PARTS]]
        if parts[LARGE_PARTS:]:
            features.append(feature(name, parts[LARGE_PARTS:]))
    # The mark travels with each file, so that a copy of one is still known for what it is.
    return {"type": "FeatureCollection", "name": "SYNTHETIC SAMPLE", "synthetic": True, "features": features}


def main() -> None:
    """Write one minified file a map."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder, created if absent")
    parser.add_argument("--seed", type=int, default=2022, help="seed of the noise (default: %(default)s)")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for snapshot in maps(options.seed):
        text = json.dumps(collection(snapshot), separators=(",", ":")) + "\n"
        (options.output / f"{snapshot.day.isoformat()}.geojson").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
