"""The part of the world that a map shows, its projection, and the land and regions in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely

from frontcalc import crs, geometry, names
from frontcalc.crs import Bounds
from frontcalc.errors import UsageError
from frontcalc.geometry import Geometries
from frontcalc.natural_earth import load_embedded, load_surroundings
from frontcalc.regions import RegionSet, boxes_on_globe, embedded_covers, pieces_near
from frontcalc.slivers import SLIVER_WIDTH_M, thin_parts

_SPECKS = 0.0025  # the share of the change, by area, that each side of an automatic frame may leave out
_WORTH = 0.7  # far specks are left out only where the frame shrinks below this share of the whole
_AIR = 0.09
_SMALLEST_M = 30_000.0
_WIDEST_DEGREES = 60

COVERED = (14.0, 40.0, 52.0, 59.0)  # west, south, east, north of the neighbours and coasts in the package, degrees

SEAS = {
    "Black Sea": ((31.3, 45.3), (31.2, 44.3), (33.0, 43.4), (35.0, 43.6), (37.0, 43.9), (30.6, 45.6), (32.2, 45.8)),
    "Sea of Azov": ((36.6, 46.05), (36.3, 45.8), (35.8, 46.2), (37.0, 46.3), (37.5, 46.5), (38.0, 46.9)),
}
"""Points where a sea's name may stand, the best first; chosen by hand."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A box (west, south, east, north, in metres) of the equal-area projection centred on `lon`, `lat` (degrees)."""

    lon: float
    lat: float
    box: Bounds

    @property
    def crs(self) -> str:
        """The projection, as pyproj takes it."""
        return crs.equal_area_around(self.lon, self.lat)

    @property
    def degrees(self) -> Bounds:
        """The bounds of the frame in degrees."""
        return crs.bounds_in_degrees(self.crs, self.box)

    def fitted(self, aspect: float) -> Frame:
        """Return the frame widened or heightened to an aspect, its middle the same."""
        west, south, east, north = self.box
        width, height = max(east - west, (north - south) * aspect), max(north - south, (east - west) / aspect)
        x, y = (west + east) / 2, (south + north) / 2
        return Frame(self.lon, self.lat, (x - width / 2, y - height / 2, x + width / 2, y + height / 2))


def frame_of(zoom: str, plane: str, changed: Geometries, held: Geometries, regions: RegionSet) -> Frame:
    """Return the frame of a zoom: auto, a region's name, or W,S,E,N in degrees; shapes are in the CRS `plane`."""
    if zoom == "auto":
        shapes = _main(changed, plane) if len(changed) else held if len(held) else regions.land
        if not len(shapes):
            raise UsageError("there is nothing to frame", where="--zoom auto", cure="give W,S,E,N in degrees")
        return _around(shapes, plane)
    sides = zoom.split(",")
    if len(sides) == 4 and all(re.fullmatch(r"\s*[-+]?\d+(\.\d*)?\s*", side) for side in sides):
        west, south, east, north = map(float, sides)
        on_globe = -180 <= west < east <= 180 and -90 <= south < north <= 90
        if not on_globe or max(east - west, north - south) > _WIDEST_DEGREES:
            problem = f"is no box of at most {_WIDEST_DEGREES} degrees a side"
            raise UsageError(problem, where=f"--zoom {zoom}", cure="give W,S,E,N, as in 33,46,41,51")
        return _around(outline(west, south, east, north), crs.LONLAT, air=0.0)
    spellings = regions.spellings or ((),) * len(regions.names)
    codes = regions.codes or ("",) * len(regions.names)
    known = [
        names.NamedRegion(name, tuple(filter(None, (code, *others))), (index,))
        for index, (name, code, others) in enumerate(zip(regions.names, codes, spellings, strict=True))
    ]
    matches = names.find(zoom, known)
    if len(matches) == 1:
        return _around(regions.land[regions.land_owner == matches[0].members[0]], plane)
    close = names.suggestions(zoom, known)
    cure = f"did you mean {' or '.join(close)}?" if close else "give auto, a region, or W,S,E,N in degrees"
    problem = "names several regions" if matches else "is neither auto, nor a region, nor a box"
    raise UsageError(problem, where=f"--zoom {zoom}", cure=cure)


def outline(west: float, south: float, east: float, north: float) -> Geometries:
    """Return a box of degrees as polygons (1,) whose edges are split, so that they bend as parallels do."""
    return np.array([shapely.segmentize(shapely.box(west, south, east, north), 0.5)], dtype=object)


def _main(changed: Geometries, plane: str) -> Geometries:
    """Return a change's polygons without slivers and, if that makes the frame much smaller, without far specks."""
    changed = changed[~shapely.is_empty(changed)]  # what the projection cannot show, or has made nothing of
    # They are redrawn lines rather than ground that changed hands, and lie along every coast and border.
    solid = ~thin_parts(changed, (SLIVER_WIDTH_M, plane))
    changed = changed[solid] if solid.any() else changed
    boxes, areas = shapely.bounds(changed), shapely.area(changed)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    kept = np.ones(len(changed), dtype=bool)
    for axis in (0, 1):
        order = np.argsort(middles[:, axis], kind="stable")
        share = np.cumsum(areas[order]) / areas.sum()
        far = (share < _SPECKS) | (share - areas[order] / areas.sum() > 1 - _SPECKS)
        kept[order[far]] = False
    if not kept.any():
        return changed
    near, whole = (np.ptp([mine[:, :2].min(axis=0), mine[:, 2:].max(axis=0)], axis=0) for mine in (boxes[kept], boxes))
    return changed[kept] if near.prod() < _WORTH * whole.prod() else changed


def _around(shapes: Geometries, plane: str, air: float = _AIR) -> Frame:
    """Return the frame around geometries (n,) of a CRS, with some air."""
    west, south, east, north = crs.bounds_in_degrees(plane, shapely.total_bounds(shapes))
    lon, lat = round((west + east) / 2, 1), round((south + north) / 2, 1)
    west, south, east, north = shapely.total_bounds(projected(shapes, plane, crs.equal_area_around(lon, lat)))
    x, y = (west + east) / 2, (south + north) / 2
    width, height = (max(side * (1 + 2 * air), _SMALLEST_M) / 2 for side in (east - west, north - south))
    return Frame(lon, lat, (x - width, y - height, x + width, y + height))


def projected(shapes: Geometries, source: str, target: str) -> Geometries:
    """Return polygons (n,) of one CRS in another, vertex by vertex; those that it cannot show are empty."""
    if not shapely.get_num_coordinates(shapes).sum():
        return shapes
    moved = np.asarray(shapely.transform(shapes, crs.projector(source, target)), dtype=object)
    # Beyond its hemisphere a projection has no place for a vertex.
    moved[~np.isfinite(shapely.bounds(moved)).all(axis=1)] = shapely.Polygon()
    # Edges that nearly touched may cross in other coordinates.
    wrong = ~shapely.is_valid(moved)
    moved[wrong] = shapely.make_valid(moved[wrong], method="structure", keep_collapsed=False)
    return moved


@dataclass(frozen=True, slots=True, eq=False)
class Basemap:
    """Land in a map's projection, cut to nothing yet.

    `countries` by name are those around the regions and the regions' own; `frontiers` their borders on land, where they
    are embedded. `regions` are those that figures are split by: name (several may share one), ground, and whether the
    set has all of their country. Within `covered` it is known what is land and what is sea.
    """

    countries: dict[str, Geometries]
    frontiers: Geometries
    regions: tuple[tuple[str, Geometries, bool], ...]
    covered: Geometries


def land_in(frame: Frame, regions: RegionSet, plane: str) -> Basemap:
    """Return the land around a frame, and the regions of a set, which is in the CRS `plane`, in its projection."""
    countries, frontiers, covered = countries_around(frame.degrees, frame.crs)
    owner, land = regions.land_owner, projected(regions.land, plane, frame.crs)
    shown = []
    for index in np.unique(owner[shapely.intersects(land, shapely.box(*frame.box))]):
        country = regions.countries[index] if regions.countries else ""
        shape = geometry.polygonal(geometry.union(land[owner == index]))
        shown.append((regions.names[index], shape, country not in regions.partial_countries))
    return Basemap(countries, frontiers, tuple(shown), covered)


def countries_around(
    degrees: Bounds, target: str, margin: float = 0.1
) -> tuple[dict[str, Geometries], Geometries, Geometries]:
    """Return the countries around bounds, their frontiers and where all land is known, in a CRS; nothing at sea.

    Around the embedded regions they are what the package has for maps of them. Elsewhere they reach `margin` of a
    side beyond the bounds.
    """
    west, south, east, north = degrees
    inside = COVERED[0] <= west <= east <= COVERED[2] and COVERED[1] <= south <= north <= COVERED[3]
    if inside and embedded_covers(boxes_on_globe(degrees)):
        known, borders = _neighbours()
        boxes = outline(*COVERED)
    else:
        wide, tall = margin * ((east - west) % 360), margin * (north - south)
        west, east = ((side + 180) % 360 - 180 for side in (west - wide, east + wide))
        on_globe = boxes_on_globe((west, south - tall, east, north + tall))
        boxes = np.concatenate([outline(*box) for box in shapely.bounds(on_globe).tolist()])
        known, borders = _everywhere(boxes)
        boxes = boxes if known else boxes[:0]
    countries = {name: projected(shapes, crs.LONLAT, target) for name, shapes in known.items()}
    frontiers = shapely.transform(borders, crs.projector(crs.LONLAT, target))
    return countries, frontiers, projected(boxes, crs.LONLAT, target)


def _everywhere(boxes: Geometries) -> tuple[dict[str, Geometries], Geometries]:
    """Return what boxes of degrees (n,) have of any countries, by name, and the borders between them."""
    stored, near = pieces_near(boxes)
    of = np.array([region.country for region in stored.regions], dtype=str)[stored.owner[near]]
    shown, countries = shapely.union_all(boxes), dict[str, Geometries]()
    for country in stored.countries:
        ground = shapely.coverage_union_all(stored.pieces[near][of == country.code])
        if len(polygons := geometry.polygonal(shapely.intersection(ground, shown))):
            countries[country.name] = polygons
    return countries, _frontiers(countries, countries)


@lru_cache(maxsize=1)
def _neighbours() -> tuple[dict[str, Geometries], Geometries]:
    """Return the countries in and around the embedded regions, in degrees, and borders of those embedded whole."""
    around = {name: geometry.polygonal(shape) for name, shape in load_surroundings().items()}
    stored, countries = load_embedded(), dict(around)
    of = np.array([region.country for region in stored.regions])[stored.owner]
    called = {country.code: country.name for country in stored.countries}
    for code in dict.fromkeys(of.tolist()):
        shown = geometry.polygonal(shapely.coverage_union_all(stored.pieces[of == code]))
        countries[called[code]] = np.concatenate([countries.get(called[code], shown[:0]), shown])
    return countries, _frontiers(countries, countries.keys() - around.keys())


def _frontiers(countries: Mapping[str, Geometries], own: Iterable[str]) -> Geometries:
    """Return the borders of some countries, by name, with any others, as lines (n,)."""
    lines = []
    for name in own:
        others = shapely.union_all([ground for at in countries if at != name for ground in countries[at]])
        lines.append(shapely.line_merge(shapely.boundary(shapely.union_all(countries[name])).intersection(others)))
    return np.asarray(shapely.get_parts(np.array(lines, dtype=object)), dtype=object)
