"""What part of the world a map shows, and in which projection."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, names
from frontcalc.errors import UsageError
from frontcalc.regions import RegionSet
from frontcalc.viz.shapes import Bounds, Geometries, are_slivers, projected

AUTO = "auto"
_SPECKS = 0.0025
"""The share of the change, by area, that each side of an automatic frame may leave out."""

_WORTH = 0.7
"""Far specks are left out only where the frame shrinks below this share of the whole."""

_AIR = 0.09
_SMALLEST_M = 30_000.0
_PARTS = 60


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle of a Lambert azimuthal equal-area projection, in which areas are true.

    Parameters
    ----------
    lon, lat : float
        The centre of the projection, degrees.
    box : (west, south, east, north)
        Metres.
    """

    lon: float
    lat: float
    box: Bounds

    @property
    def crs(self) -> str:
        """The projection, as pyproj takes it."""
        return _laea(self.lon, self.lat)

    @property
    def stated(self) -> str:
        """The projection in words."""
        north, east = "N" if self.lat >= 0 else "S", "E" if self.lon >= 0 else "W"
        centre = f"{abs(self.lat):.1f}° {north} {abs(self.lon):.1f}° {east}"
        return f"Lambert azimuthal equal-area projection centred on {centre} (WGS 84)"

    @property
    def aspect(self) -> float:
        """Width ÷ height."""
        west, south, east, north = self.box
        return (east - west) / (north - south)

    def fitted(self, aspect: float) -> Frame:
        """Return the frame widened or heightened to an aspect, its middle the same."""
        west, south, east, north = self.box
        width, height = max(east - west, (north - south) * aspect), max(north - south, (east - west) / aspect)
        x, y = (west + east) / 2, (south + north) / 2
        return Frame(self.lon, self.lat, (x - width / 2, y - height / 2, x + width / 2, y + height / 2))


def frame_of(zoom: str, plane: str, changed: Geometries, held: Geometries, regions: RegionSet) -> Frame:
    """Return the frame that a zoom asks for.

    Parameters
    ----------
    zoom : str
        `auto` for the change (where there is none, for what is held), a region's name, or W,S,E,N in degrees.
    plane : str
        The CRS of the polygons and regions.
    changed, held : (n,) array of Polygon
        What was gained and lost, and what was held.
    regions : RegionSet
        Where names of regions are looked up.

    Raises
    ------
    UsageError
        The zoom is neither, or no box on the globe.
    """
    if zoom == AUTO:
        shapes = _main(changed) if len(changed) else held
        if not len(shapes):
            shapes = regions.land
        if not len(shapes):
            raise UsageError("there is nothing to frame", where="--zoom auto", cure="give W,S,E,N in degrees")
        return _around(shapes, plane)
    numbers = _numbers(zoom)
    if numbers:
        return _around(np.array([shapely.segmentize(shapely.box(*numbers), 0.5)], dtype=object), crs.LONLAT, air=0.0)
    return _around(regions.land[_owner(regions) == _region(zoom, regions)], plane)


def _numbers(zoom: str) -> Bounds | None:
    """Return the box that a zoom states in degrees, None where it states none."""
    parts = zoom.split(",")
    if len(parts) != 4 or not all(re.fullmatch(r"\s*[-+]?\d+(\.\d*)?\s*", part) for part in parts):
        return None
    west, south, east, north = map(float, parts)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90 and east - west <= _PARTS >= north - south):
        raise UsageError(
            "is no box of at most 60 degrees a side", where=f"--zoom {zoom}", cure="give W,S,E,N, as in 33,46,41,51"
        )
    return west, south, east, north


def _region(zoom: str, regions: RegionSet) -> int:
    """Return the index of the region that a zoom names."""
    spellings = regions.spellings or ((),) * len(regions.names)
    codes = regions.codes or ("",) * len(regions.names)
    known = [
        names.NamedRegion(name, (code, *others) if code else others, (index,))
        for index, (name, code, others) in enumerate(zip(regions.names, codes, spellings, strict=True))
    ]
    found = names.find(zoom, known)
    if len(found) == 1:
        return found[0].members[0]
    close = names.suggestions(zoom, known)
    cure = f"did you mean {' or '.join(close)}?" if close else "give auto, a region, or W,S,E,N in degrees"
    problem = "names several regions" if found else "is neither auto, nor a region, nor a box"
    raise UsageError(problem, where=f"--zoom {zoom}", cure=cure)


def _owner(regions: RegionSet) -> NDArray[np.intp]:
    """Return the region of each polygon of the land as drawn."""
    return regions.owner if regions.land_owner is None else regions.land_owner


def _main(changed: Geometries) -> Geometries:
    """Return the polygons of a change without slivers, and far specks where the frame is much smaller without them.

    Slivers are redrawn lines rather than ground that changed hands, and lie along every coast and border.
    """
    solid = ~are_slivers(changed)
    changed = changed[solid] if solid.any() else changed
    boxes, areas = shapely.bounds(changed), shapely.area(changed)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    kept = np.ones(len(changed), dtype=bool)
    for axis in (0, 1):
        order = np.argsort(middles[:, axis], kind="stable")
        share = np.cumsum(areas[order]) / areas.sum()
        far = (share < _SPECKS) | (share - areas[order] / areas.sum() > 1 - _SPECKS)
        kept[order[far]] = False
    size = [_extent(boxes[mine]) for mine in (kept, np.ones(len(changed), dtype=bool))]
    return changed[kept] if kept.any() and size[0] < _WORTH * size[1] else changed


def _extent(boxes: NDArray[np.float64]) -> float:
    """Return the area of the box around boxes."""
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    return float((east - west) * (north - south))


def _around(shapes: Sequence[shapely.Geometry] | Geometries, plane: str, air: float = _AIR) -> Frame:
    """Return the frame around geometries of a CRS, with some air."""
    polygons = np.asarray(shapes, dtype=object)
    west, south, east, north = crs.bounds_in_degrees(plane, shapely.total_bounds(polygons))
    lon, lat = round((west + east) / 2, 1), round((south + north) / 2, 1)
    west, south, east, north = shapely.total_bounds(projected(polygons, plane, _laea(lon, lat)))
    x, y = (west + east) / 2, (south + north) / 2
    width, height = (max(side * (1 + 2 * air), _SMALLEST_M) / 2 for side in (east - west, north - south))
    return Frame(lon, lat, (x - width, y - height, x + width, y + height))


def _laea(lon: float, lat: float) -> str:
    """Return the projection around a point."""
    return f"+proj=laea +lat_0={lat:g} +lon_0={lon:g} +datum=WGS84 +units=m +no_defs"
