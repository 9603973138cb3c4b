"""Shares of land: what part of a region and of its country is held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from frontcalc.change import Floats
from frontcalc.levels import Line
from frontcalc.regions import RegionSet
from frontcalc.tables import TOTAL


@dataclass(frozen=True, slots=True)
class Share:
    """The denominators of one row (km²) and the shares of them held (%); None where there is none."""

    region_km2: float | None = None
    share_of_region_pct: float | None = None
    country_km2: float | None = None
    share_of_country_pct: float | None = None


@dataclass(frozen=True, slots=True)
class Land:
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
            members = tuple(range(count)) if count + 1 in line.members else line.members
            return self._share_of_total([member for member in members if member < count], held_km2, home)
        if max(line.members) >= count:
            return Share()
        held = None if held_km2 is None else line.sum_of(held_km2)
        countries = {self.countries[member] for member in line.members}
        country_km2 = self.country_km2.get(countries.pop()) if len(countries) == 1 else None
        return Share(*_part(held, line.sum_of(self.region_km2)), *_part(held, country_km2))

    def _share_of_total(self, members: Sequence[int], held_km2: Floats | None, home: str) -> Share:
        """Return the share of the one country that is not the actor's own, of what is held in its regions."""
        foreign = [country for country in self.country_km2 if not home or country != home]
        if len(foreign) != 1:
            return Share()
        mine = [member for member in members if self.countries[member] == foreign[0]]
        held = None if held_km2 is None else math.fsum(held_km2[mine])
        return Share(None, None, *_part(held, self.country_km2[foreign[0]]))


def land_of(regions: RegionSet) -> Land:
    """Return the land of a region set."""
    areas = regions.land_km2()
    countries = regions.countries or ("",) * len(areas)
    country_km2 = {
        country: math.fsum(float(area) for area, own in zip(areas, countries, strict=True) if own == country)
        for country in dict.fromkeys(countries)
        if country not in regions.partial_countries
    }
    return Land(areas, countries, country_km2)


def _part(held_km2: float | None, land_km2: float | None) -> tuple[float | None, float | None]:
    """Return an area of land, and the share of it that is held in per cent."""
    if not land_km2:
        return None, None
    return land_km2, None if held_km2 is None else 100 * held_km2 / land_km2
