"""What goes with the regions of a result's rows: their shapes, and shares of their land."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.change import Floats
from frontcalc.levels import Line
from frontcalc.outputs.geodata import tidy_polygons
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


def shapes_by_row(drawn: Mapping[KeyT, NDArray[np.object_]], source_crs: str) -> Callable[[KeyT], Any]:
    """Return what finds the polygons of a row, in degrees, of those drawn for each in some CRS."""
    return lambda row: drawn_in_degrees(drawn[row], source_crs) if row in drawn else None


def to_degrees(polygons: NDArray[np.object_], source_crs: str) -> NDArray[np.object_]:
    """Return polygons in longitude and latitude, edges split where they would else run elsewhere."""
    if source_crs == crs.LONLAT:
        return polygons
    project = crs.projector(source_crs, crs.LONLAT)
    return geometry.project_polygons(polygons, project, edge_error=_EDGE_ERROR_DEGREES2)


def drawn_in_degrees(polygons: NDArray[np.object_], plane: str) -> shapely.MultiPolygon:
    """Return polygons of a projection in degrees, valid and in one form and order."""
    # Degrees round otherwise than metres: polygons that touched may now overlap by a hair.
    degrees = geometry.union(geometry.repair(to_degrees(polygons, plane)))
    return shapely.MultiPolygon(list(tidy_polygons(geometry.polygonal(degrees))))


@dataclass(frozen=True, slots=True)
class RegionLand:
    """The land of a region set, as it draws it."""

    region_km2: Floats  # (n,)
    countries: tuple[str, ...]  # of each region; a set that names none is taken for one country
    country_km2: dict[str, float]  # of those that it draws whole

    def share(self, line: Line, held_km2: Floats | None, home: str) -> dict[str, float | None]:
        """Return the denominators of one row (km²) and the shares of them held (%), None where there is none.

        `held_km2` (n + 2,) is what is held, None where it is not known; `home` is the actor's own country, which is no
        denominator of the total, empty where it has none.
        """
        count, members, region_km2 = len(self.region_km2), list(line.members), 0.0
        if line.level == TOTAL:
            # Of the one country that is not the actor's own, and of what is held in its regions.
            countries = {country for country in self.country_km2 if not home or country != home}
            whole = range(count) if count + 1 in members else members
            members = [member for member in whole if member < count and self.countries[member] in countries]
        elif max(members) < count:
            countries, region_km2 = {self.countries[member] for member in members}, line.sum_of(self.region_km2)
        else:
            countries = set()
        country_km2 = self.country_km2.get(min(countries), 0.0) if len(countries) == 1 else 0.0
        held = None if held_km2 is None else math.fsum(held_km2[members])
        shares: dict[str, float | None] = {}
        for name, land_km2 in (("region", region_km2), ("country", country_km2)):
            share = 100 * held / land_km2 if held is not None and land_km2 else None
            shares |= {f"{name}_km2": land_km2 or None, f"share_of_{name}_pct": share}
        return shares


def land_of(regions: RegionSet) -> RegionLand:
    """Return the land of a region set."""
    # What is snapped is not drawn.
    drawn = slice(None) if regions.snapped is None else ~regions.snapped
    drawn_km2 = geometry.area_km2(regions.pieces[drawn])
    areas = np.bincount(regions.owner[drawn], drawn_km2, minlength=len(regions.names)).astype(np.float64)
    countries = regions.countries or ("",) * len(areas)
    country_km2 = {
        country: math.fsum(float(area) for area, own in zip(areas, countries, strict=True) if own == country)
        for country in dict.fromkeys(countries)
        if country not in regions.partial_countries
    }
    return RegionLand(areas, countries, country_km2)
