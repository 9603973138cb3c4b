"""What a map shows besides the change: land, borders, coast, towns and the names of regions, countries and seas."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import orjson
import shapely

from frontcalc import crs, geometry
from frontcalc.embedded import load_embedded
from frontcalc.regions import RegionSet, embedded_covers
from frontcalc.viz.frame import Frame
from frontcalc.viz.shapes import Bounds, Geometries, projected

COVERED = (14.0, 40.0, 52.0, 59.0)
"""West, south, east and north of the neighbours and coasts that come with the package, degrees."""

SEAS = {
    "Black Sea": ((31.3, 45.3), (31.2, 44.3), (33.0, 43.4), (35.0, 43.6), (37.0, 43.9), (30.6, 45.6), (32.2, 45.8)),
    "Sea of Azov": ((36.6, 46.05), (36.3, 45.8), (35.8, 46.2), (37.0, 46.3), (37.5, 46.5), (38.0, 46.9)),
}
"""Points where a sea's name may stand, the best first; chosen by hand."""


@dataclass(frozen=True, slots=True)
class Town:
    """A town: its rank is 1 for a million or so, 5 for one that only a local map shows."""

    name: str
    lon: float
    lat: float
    rank: int


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A region as polygons; `whole_country` where its set has all the regions of its country."""

    name: str
    shapes: Geometries
    whole_country: bool


@dataclass(frozen=True, slots=True, eq=False)
class Land:
    """Land in a map's projection, cut to nothing yet.

    Parameters
    ----------
    countries : dict of str to array of Polygon
        Countries by name, those around the regions and the regions' own.
    frontiers : array of line
        Borders on land of the countries whose regions are embedded.
    regions : tuple of Region
        The regions that figures are split by; several may share a name.
    covered : array of Polygon
        Where it is known what is land and what is sea.
    """

    countries: dict[str, Geometries]
    frontiers: Geometries
    regions: tuple[Region, ...]
    covered: Geometries


@lru_cache(maxsize=1)
def towns() -> tuple[Town, ...]:
    """Return the towns that come with the package, the largest first."""
    text = (resources.files("frontcalc") / "data" / "towns.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    found = [Town(row["name"], float(row["lon"]), float(row["lat"]), int(row["rank"])) for row in rows]
    return tuple(sorted(found, key=lambda town: town.rank))


def land_in(frame: Frame, regions: RegionSet, plane: str) -> Land:
    """Return the land around a frame, and the regions of a set, in the frame's projection.

    Parameters
    ----------
    frame : Frame
        What will be shown.
    regions : RegionSet
        The regions, in metres of `plane`.
    plane : str
        Their CRS.
    """
    countries: dict[str, Geometries] = {}
    covered = frontiers = np.empty(0, dtype=object)
    if embedded_covers(np.array([shapely.box(*_clamped(degrees_of(frame)))], dtype=object)):
        for name, shapes in (*_surroundings(), *_embedded()):
            there = projected(shapes, crs.LONLAT, frame.crs)
            countries[name] = np.concatenate([countries[name], there]) if name in countries else there
        edge = np.array([shapely.segmentize(shapely.box(*COVERED), 0.5)], dtype=object)
        covered = projected(edge, crs.LONLAT, frame.crs)
        frontiers = shapely.transform(_frontiers(), crs.projector(crs.LONLAT, frame.crs))
    return Land(countries, frontiers, tuple(_regions(frame, regions, plane)), covered)


def covers(frame: Frame) -> bool:
    """Say whether neighbours and coasts are known all over a frame."""
    west, south, east, north = degrees_of(frame)
    return COVERED[0] <= west and COVERED[1] <= south and east <= COVERED[2] and north <= COVERED[3]


def degrees_of(frame: Frame) -> Bounds:
    """Return the bounds of a frame in degrees."""
    return crs.bounds_in_degrees(frame.crs, frame.box)


def _clamped(bounds: Bounds) -> Bounds:
    """Return bounds that are on the globe."""
    west, south, east, north = bounds
    return max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0)


@lru_cache(maxsize=1)
def _surroundings() -> tuple[tuple[str, Geometries], ...]:
    """Return the countries around the embedded regions, in degrees, without what these show."""
    stored = (resources.files("frontcalc") / "data" / "surroundings.geojson.gz").read_bytes()
    features = orjson.loads(gzip.decompress(stored))["features"]
    shapes = shapely.from_geojson([orjson.dumps(feature["geometry"]) for feature in features])
    named = [feature["properties"]["name"] for feature in features]
    return tuple(
        (name, geometry.polygonal(np.array([shape], dtype=object))) for name, shape in zip(named, shapes, strict=True)
    )


@lru_cache(maxsize=1)
def _embedded() -> tuple[tuple[str, Geometries], ...]:
    """Return what the embedded regions show of each country, in degrees."""
    stored = load_embedded()
    of = np.array([region.country for region in stored.regions])[stored.owner]
    called = {country.code: country.name for country in stored.countries}
    return tuple(
        (
            called[code],
            geometry.polygonal(np.array([shapely.coverage_union_all(stored.pieces[of == code])], dtype=object)),
        )
        for code in dict.fromkeys(of.tolist())
    )


@lru_cache(maxsize=1)
def _frontiers() -> Geometries:
    """Return the borders on land of each country that is embedded as a whole, in degrees."""
    around, own = dict(_surroundings()), dict(_embedded())
    lines = []
    for name in own.keys() - around.keys():
        others = shapely.union_all(
            [shape for other in (around, own) for at in other.keys() - {name} for shape in other[at]]
        )
        lines.append(shapely.line_merge(shapely.intersection(shapely.boundary(shapely.union_all(own[name])), others)))
    return np.asarray(shapely.get_parts(lines), dtype=object)


def _regions(frame: Frame, regions: RegionSet, plane: str) -> Iterator[Region]:
    """Yield the regions that a frame may show, each in one piece an island."""
    owner = regions.owner if regions.land_owner is None else regions.land_owner
    land = projected(regions.land, plane, frame.crs)
    near = np.unique(owner[shapely.intersects(land, shapely.box(*frame.box))])
    for index in near:
        country = regions.countries[index] if regions.countries else ""
        shape = geometry.polygonal(np.array([geometry.union(land[owner == index])], dtype=object))
        yield Region(regions.names[index], shape, country not in regions.partial_countries)
