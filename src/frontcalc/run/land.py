"""What goes with the regions of a result's rows: their shapes, and shares of their land."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.geometry import Floats, Geometries
from frontcalc.levels import Line
from frontcalc.regions import TOTAL, RegionSet
from frontcalc.run.run import Run

KeyT = TypeVar("KeyT")

# Ten square metres in square degrees at the equator, where a degree is longest.
_EDGE_ERROR_DEGREES2 = geometry.EDGE_ERROR_M2 / 111_320.0**2


def shapes_of(run: Run) -> Callable[[Any], shapely.MultiPolygon | None]:
    """Return what finds the regions of a row as drawn, in degrees on WGS 84; None for `total` and `unassigned`."""
    regions, plane = run.regions, run.options.crs
    # Above the regions are `unassigned` and `total`; a total of some rows only sums regions too.
    members = {
        (line.level, line.region): line.members
        for line in run.lines.shown
        if max(line.members) < len(regions.names) and line.level != TOTAL
    }

    @cache
    def drawn(key: tuple[str, str]) -> shapely.MultiPolygon:
        mine = regions.land[np.isin(regions.land_owner, members[key])]
        return drawn_in_degrees(geometry.polygonal(geometry.union(mine)), plane)

    return lambda row: drawn((row.level, row.region)) if (row.level, row.region) in members else None


def shapes_by_row(drawn: Mapping[KeyT, Geometries], source_crs: str) -> Callable[[KeyT], Any]:
    """Return what finds the polygons of a row, in degrees, of those drawn for each in some CRS."""
    return lambda row: drawn_in_degrees(drawn[row], source_crs) if row in drawn else None


def to_degrees(polygons: Geometries, source_crs: str) -> Geometries:
    """Return polygons in longitude and latitude, edges split where they would else run elsewhere."""
    if source_crs == crs.LONLAT:
        return polygons
    project = crs.projector(source_crs, crs.LONLAT)
    return geometry.project_polygons(polygons, project, edge_error=_EDGE_ERROR_DEGREES2)


def drawn_in_degrees(polygons: Geometries, plane: str) -> shapely.MultiPolygon:
    """Return polygons of a projection in degrees, valid and in one form and order."""
    from frontcalc.outputs.geodata import tidy_polygons

    # Degrees round otherwise than metres: polygons that touched may now overlap by a hair.
    degrees = geometry.union(geometry.repair(to_degrees(polygons, plane)))
    return shapely.MultiPolygon(list(tidy_polygons(geometry.polygonal(degrees))))


def land_left(partition: RegionSet, line: Line, held: Floats | None) -> dict[str, float | None]:
    """Return the area of a row's regions and what of it is not held (km²); `held` (2, n + 2) is as of `areas`.

    Ground beside a region that is held and snapped to it is of its area too, since maps and regions draw borders and
    coasts differently. So both columns add up, and what is not held is land as drawn.
    """
    land_km2 = partition.land_km2
    places = [place for place in line.members if place < len(land_km2) and land_km2[place]]
    if held is None or not places or line.level == TOTAL:
        return {"region_km2": None, "not_held_km2": None}
    region_km2 = math.fsum(land_km2[places]) + math.fsum(held[1][places])
    return {"region_km2": region_km2, "not_held_km2": max(0.0, region_km2 - line.sum_of(held[0]))}


def land_shares(partition: RegionSet, line: Line, held: Floats | None) -> dict[str, float | None]:
    """Return which share of its regions and of their country a row holds (%), and that country's area (km²).

    The total is of the one country that is drawn whole, and of what is held in its regions. A set that names no
    countries is taken for one.
    """
    land_km2, places = partition.land_km2, list(line.members)
    count, whole_km2 = len(land_km2), land_left(partition, line, held)["region_km2"]
    countries = partition.countries or ("",) * count
    drawn = {country for country, km2 in zip(countries, land_km2, strict=True) if km2}
    whole = drawn.difference(partition.partial_countries)
    if line.level == TOTAL:
        known = range(count) if count + 1 in places else places
        places = [place for place in known if place < count and countries[place] in whole]
    codes = {countries[place] for place in places if place < count}
    shares: dict[str, float | None] = dict.fromkeys(("share_of_region_pct", "country_km2", "share_of_country_pct"))
    if held is not None and whole_km2:
        shares["share_of_region_pct"] = 100 * line.sum_of(held[0]) / whole_km2
    if held is not None and len(codes) == 1 and codes <= whole:
        own = [place for place, code in enumerate(countries) if code in codes]
        shares["country_km2"] = country_km2 = math.fsum(land_km2[own]) + math.fsum(held[1][own])
        shares["share_of_country_pct"] = 100 * math.fsum(held[0][places]) / country_km2
    return shares
