"""The regions of a result's rows as shapes, made only where somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.levels import Lines
from frontcalc.pipeline.conversion import drawn_in_degrees
from frontcalc.regions import TOTAL, RegionSet

KeyT = TypeVar("KeyT")


class _OfRegion(Protocol):
    """A row of a region."""

    @property
    def level(self) -> str: ...
    @property
    def region(self) -> str: ...


@dataclass(frozen=True, eq=False)
class RegionShapes:
    """Finds the region that a row is of, as drawn: a multipolygon in longitude and latitude on WGS 84.

    Parameters
    ----------
    regions : RegionSet
        The regions of a run, in metres of an equal-area projection.
    lines : Lines
        The rows that are shown of them.
    plane : str
        That projection.
    """

    regions: RegionSet
    lines: Lines
    plane: str

    def __call__(self, row: _OfRegion) -> shapely.MultiPolygon | None:
        """Return the region of a row, None of `total` and `unassigned`."""
        return self._drawn.get((row.level, row.region))

    @cached_property
    def _drawn(self) -> dict[tuple[str, str], shapely.MultiPolygon]:
        """Each row's region, by level and name; a row of a coarser level has all regions that it sums."""
        owner = self.regions.owner if self.regions.land_owner is None else self.regions.land_owner
        shapes = {}
        for line in self.lines.shown:
            # Above the regions are `unassigned` and `total`; a total of some rows only sums regions too.
            if max(line.members) < len(self.regions.names) and line.level != TOTAL:
                mine = self.regions.land[np.isin(owner, line.members)]
                whole = geometry.polygonal(geometry.union(mine))
                shapes[line.level, line.region] = drawn_in_degrees(whole, self.plane)
        return shapes


def shapes_by_row(drawn: Mapping[KeyT, NDArray[np.object_]], source_crs: str) -> Callable[[KeyT], Any]:
    """Return what finds the polygons of a row, in degrees, of those drawn for each in some CRS."""

    def shape_of(row: KeyT) -> shapely.MultiPolygon | None:
        return drawn_in_degrees(drawn[row], source_crs) if row in drawn else None

    return shape_of
