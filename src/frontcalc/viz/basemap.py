"""What a map shows besides the change: land, borders, coast, towns and the names of regions, countries and seas."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import numpy as np
import orjson
import shapely

from frontcalc import crs, geometry
from frontcalc.embedded import load_embedded
from frontcalc.regions import RegionSet, embedded_covers
from frontcalc.viz.frame import Frame, Geometries, outline, owners, projected

COVERED = (14.0, 40.0, 52.0, 59.0)
"""West, south, east and north of the neighbours and coasts that come with the package, degrees."""

SEAS = {
    "Black Sea": ((31.3, 45.3), (31.2, 44.3), (33.0, 43.4), (35.0, 43.6), (37.0, 43.9), (30.6, 45.6), (32.2, 45.8)),
    "Sea of Azov": ((36.6, 46.05), (36.3, 45.8), (35.8, 46.2), (37.0, 46.3), (37.5, 46.5), (38.0, 46.9)),
}
"""Points where a sea's name may stand, the best first; chosen by hand."""


class Town(NamedTuple):
    """A town: its rank is 1 for a million or so, 5 for one that only a local map shows."""

    name: str
    lon: float
    lat: float
    rank: int


@dataclass(frozen=True, slots=True, eq=False)
class Basemap:
    """Land in a map's projection, cut to nothing yet.

    Parameters
    ----------
    countries : dict of str to array of Polygon
        Countries by name, those around the regions and the regions' own.
    frontiers : array of line
        Borders on land of the countries whose regions are embedded.
    regions : tuple of (str, array of Polygon, bool)
        The regions that figures are split by, several of which may share a name; whether their set has all the
        regions of their country.
    covered : array of Polygon
        Where it is known what is land and what is sea.
    """

    countries: dict[str, Geometries]
    frontiers: Geometries
    regions: tuple[tuple[str, Geometries, bool], ...]
    covered: Geometries


@lru_cache(maxsize=1)
def towns() -> tuple[Town, ...]:
    """Return the towns that come with the package, the largest first."""
    text = (resources.files("frontcalc") / "data" / "towns.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    found = [Town(row["name"], float(row["lon"]), float(row["lat"]), int(row["rank"])) for row in rows]
    return tuple(sorted(found, key=lambda town: town.rank))


def land_in(frame: Frame, regions: RegionSet, plane: str) -> Basemap:
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
    west, south, east, north = frame.degrees
    on_globe = shapely.box(max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0))
    if embedded_covers(np.array([on_globe], dtype=object)):
        for name, shapes in (*_surroundings().items(), *_embedded().items()):
            there = projected(shapes, crs.LONLAT, frame.crs)
            countries[name] = np.concatenate([countries[name], there]) if name in countries else there
        covered = projected(outline(*COVERED), crs.LONLAT, frame.crs)
        frontiers = shapely.transform(_frontiers(), crs.projector(crs.LONLAT, frame.crs))
    owner, land = owners(regions), projected(regions.land, plane, frame.crs)
    shown = []
    for index in np.unique(owner[shapely.intersects(land, shapely.box(*frame.box))]):
        country = regions.countries[index] if regions.countries else ""
        shape = geometry.polygonal(geometry.union(land[owner == index]))
        shown.append((regions.names[index], shape, country not in regions.partial_countries))
    return Basemap(countries, frontiers, tuple(shown), covered)


def covers(frame: Frame) -> bool:
    """Say whether neighbours and coasts are known all over a frame."""
    west, south, east, north = frame.degrees
    return COVERED[0] <= west and COVERED[1] <= south and east <= COVERED[2] and north <= COVERED[3]


@lru_cache(maxsize=1)
def _surroundings() -> dict[str, Geometries]:
    """Return the countries around the embedded regions, in degrees, without what these show."""
    stored = (resources.files("frontcalc") / "data" / "surroundings.geojson.gz").read_bytes()
    features = orjson.loads(gzip.decompress(stored))["features"]
    return {
        feature["properties"]["name"]: geometry.polygonal(shapely.from_geojson(orjson.dumps(feature["geometry"])))
        for feature in features
    }


@lru_cache(maxsize=1)
def _embedded() -> dict[str, Geometries]:
    """Return what the embedded regions show of each country, in degrees."""
    stored = load_embedded()
    of = np.array([region.country for region in stored.regions])[stored.owner]
    called = {country.code: country.name for country in stored.countries}
    return {
        called[code]: geometry.polygonal(shapely.coverage_union_all(stored.pieces[of == code]))
        for code in dict.fromkeys(of.tolist())
    }


@lru_cache(maxsize=1)
def _frontiers() -> Geometries:
    """Return the borders on land of each country that is embedded as a whole, in degrees."""
    around, own = _surroundings(), _embedded()
    lines = []
    for name in own.keys() - around.keys():
        others = shapely.union_all(
            [shape for other in (around, own) for at in other.keys() - {name} for shape in other[at]]
        )
        lines.append(shapely.line_merge(shapely.intersection(shapely.boundary(shapely.union_all(own[name])), others)))
    return np.asarray(shapely.get_parts(lines), dtype=object)
