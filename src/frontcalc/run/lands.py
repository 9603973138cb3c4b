"""What goes with the regions of a result's rows: where they are from, their shapes, and shares of their land."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry, region_store
from frontcalc.change import Floats
from frontcalc.embedded import load_embedded
from frontcalc.levels import Line
from frontcalc.outputs.geodata import tidy_polygons
from frontcalc.regions import TOTAL, RegionSet
from frontcalc.run.run import Run
from frontcalc.sources import SourceFile

KeyT = TypeVar("KeyT")

# Ten square metres in square degrees at the equator, where a degree is longest.
_EDGE_ERROR_DEGREES2 = geometry.EDGE_ERROR_M2 / 111_320.0**2


def shapes_of(run: Run) -> Callable[[Any], shapely.MultiPolygon | None]:
    """Return what finds the region of a run's row as drawn, in degrees on WGS 84; None of `total` and `unassigned`.

    A row of a coarser level has all regions that it sums.
    """
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

    def shape_of(row: Any) -> shapely.MultiPolygon | None:
        key = row.level, row.region
        return drawn(key) if key in members else None

    return shape_of


def shapes_by_row(drawn: Mapping[KeyT, NDArray[np.object_]], source_crs: str) -> Callable[[KeyT], Any]:
    """Return what finds the polygons of a row, in degrees, of those drawn for each in some CRS."""

    def shape_of(row: KeyT) -> shapely.MultiPolygon | None:
        return drawn_in_degrees(drawn[row], source_crs) if row in drawn else None

    return shape_of


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


def terms_of(file: SourceFile | None) -> tuple[str, str]:
    """Return source and licence of a region file, empty where they are not known, as for a user's own.

    A file is told by its content, so that a fetched one is known by any name.
    """
    if file is None:
        return "", ""
    stored = load_embedded()
    known = stored if file.sha256 == stored.sha256 else region_store.of_content(file.sha256)
    return (known.source, known.licence) if known else ("", "")


@dataclass(frozen=True, slots=True)
class Share:
    """The denominators of one row (km²) and the shares of them held (%); None where there is none."""

    region_km2: float | None = None
    share_of_region_pct: float | None = None
    country_km2: float | None = None
    share_of_country_pct: float | None = None


@dataclass(frozen=True, slots=True)
class RegionLand:
    """The land of a region set, as it draws it.

    Parameters
    ----------
    region_km2 : (n,) array
        By region.
    countries : tuple of str
        The country of each region; a set that names no countries is taken for one country.
    country_km2 : dict of str to float
        By country, of those that the set draws whole.
    """

    region_km2: Floats
    countries: tuple[str, ...]
    country_km2: dict[str, float]

    def share(self, line: Line, held_km2: Floats | None, home: str) -> Share:
        """Return the shares of one row.

        Parameters
        ----------
        line : Line
            The row.
        held_km2 : (n + 2,) array or None
            What is held: regions, unassigned, total (km²); None where it is not known.
        home : str
            The actor's own country, which is no denominator of the total; empty where it has none.
        """
        count = len(self.region_km2)
        if line.level == TOTAL:
            # Of the one country that is not the actor's own, and of what is held in its regions.
            foreign = [country for country in self.country_km2 if not home or country != home]
            if len(foreign) != 1:
                return Share()
            members = range(count) if count + 1 in line.members else line.members
            mine = [member for member in members if member < count and self.countries[member] == foreign[0]]
            held = None if held_km2 is None else math.fsum(held_km2[mine])
            return Share(None, None, *_part(held, self.country_km2[foreign[0]]))
        if max(line.members) >= count:
            return Share()
        held = None if held_km2 is None else line.sum_of(held_km2)
        countries = {self.countries[member] for member in line.members}
        country_km2 = self.country_km2.get(countries.pop()) if len(countries) == 1 else None
        return Share(*_part(held, line.sum_of(self.region_km2)), *_part(held, country_km2))


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


def _part(held_km2: float | None, land_km2: float | None) -> tuple[float | None, float | None]:
    """Return an area of land, and the share of it that is held in per cent."""
    if not land_km2:
        return None, None
    return land_km2, None if held_km2 is None else 100 * held_km2 / land_km2
