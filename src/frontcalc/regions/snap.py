"""Zones beside the regions of a set, each given to the nearest region; and bands along the borders between regions.

Ground on another country's land within `BORDER_KM` of the eligible regions, and on no region's land within `WATER_KM`
of them, goes to the nearest region. Distances are measured in the Mercator projection of the ellipsoid and err by less
than 3 %: circles have 32 sides (0.5 %), lines are simplified by 2 % of the distance, and the scale, that of the middle
of a stretch of some 10 km, varies by less than 0.3 % along it up to 80° of latitude.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.edges import joined
from frontcalc.geometry import Floats, Geometries

Owners = NDArray[np.intp]
AtOnce = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[tuple[Any, Any]]]  # as `run.parallel.in_order`

# How far ground goes to the nearest eligible region (km): into another country's land; into the land of no region.
BORDER_KM, WATER_KM = 10.0, 1.0
_MERCATOR = "EPSG:3395"
_STRETCH_M = 10_000.0
_SPACING_M = 250.0  # of points along the borders, which decide what is nearest
_SIMPLIFIED = 0.02  # of the distance
_LINE_EDGES = 32  # of a line that is widened
PLANE_M = 1e8  # beyond any coordinate of a projection of the Earth
PART_VERTICES = 128  # of ground that is measured: as many as pieces have, since each edge of either is looked at
_LATITUDES = 86.0
_CRUMB_M2 = 1e4  # bands that differ by their rounding alone leave such faces between them


def snap_zones(
    land: Geometries, owner: Owners, pieces: Geometries, foreign: Geometries, plane: str, at_once: AtOnce | None
) -> tuple[Geometries, Owners, Geometries]:
    """Return zones beside some regions that are to be theirs, the region of each, and the rest of the plane, cut small.

    None overlaps a piece. `land` (k,) are polygons of the eligible regions, whole, in metres of `plane`, the equal-area
    CRS of all; `owner` (k,) is the region of each. `pieces` (m,) are the same cut small, `foreign` those not eligible.
    """
    at_once = at_once or (lambda make, items: zip(items, map(make, items), strict=True))
    edges, of, twice = _edges(land, owner)
    edges, of = np.delete(edges, twice, axis=0), np.delete(of, twice)
    if not len(edges):
        return np.empty(0, dtype=object), np.empty(0, dtype=np.intp), rest_of_plane(pieces)
    lines, of, scale = _stretches(edges, of, plane)
    room = (-1, -1, 1, 1) * (WATER_KM * 1000 * scale)[:, None]
    geometry.meeting_boxes(np.asarray(shapely.box(*(shapely.bounds(lines) + room).T)))
    # Where another country's land is near enough to be snapped to it.
    abroad = shapely.transform(foreign, lambda points: to_mercator(points, plane)[1])
    reach = 1.05 * BORDER_KM * 1000 * scale
    near = shapely.STRtree(abroad).query(lines, predicate="dwithin", distance=reach)[0]
    by_border = np.isin(np.arange(len(lines)), near)
    far = subtract(_widened(lines[by_border], scale[by_border], BORDER_KM, plane, at_once), pieces)
    water = subtract(subtract(_widened(lines, scale, WATER_KM, plane, at_once), foreign), pieces)
    zone, beside = shapely.STRtree(foreign).query(far, predicate="intersects")
    across = shapely.intersection(far[zone], foreign[beside])
    zones, km = geometry.polygonal(np.concatenate([across, water])), np.where(by_border, BORDER_KM, WATER_KM)
    jobs = lambda: _cells(lines, of, scale, km, plane), lambda: rest_of_plane(np.concatenate([pieces, zones]))
    (_, cells), (_, rest) = at_once(lambda make: make(), jobs)
    return *_shared_out(geometry.subdivide(zones, PART_VERTICES)[0], *cells), rest


def rest_of_plane(polygons: Geometries) -> Geometries:
    """Return the ground outside `polygons` (m,) in metres, as small polygons (n,)."""
    drawn = geometry.directed_edges([*polygons, shapely.box(-PLANE_M, -PLANE_M, PLANE_M, PLANE_M)])
    # Where two neighbours have the same edge, ground goes on: few are left, of which the faces are made.
    inner, _ = geometry.same_edges(drawn, drawn[:, [2, 3, 0, 1]])
    lines = shapely.disjoint_subset_union_all(joined(np.delete(drawn, inner, axis=0)))
    faces = geometry.polygonal(shapely.polygonize([lines]))
    covered, _ = shapely.STRtree(polygons).query(shapely.point_on_surface(faces), predicate="intersects")
    return geometry.subdivide(np.delete(faces, covered), PART_VERTICES)[0]


def subtract(parts: Geometries, land: Geometries) -> Geometries:
    """Return what is left of each part (n,) when all polygons of land are taken away from it."""
    part, owner = shapely.STRtree(land).query(parts, predicate="intersects")
    rest = parts.copy()
    # One piece of land after another is taken from each part, all parts at once: no union is needed.
    rank = np.arange(len(part)) - np.searchsorted(part, part)
    for nth in range(rank.max(initial=-1) + 1):
        now = rank == nth
        rest[part[now]] = shapely.difference(rest[part[now]], land[owner[now]])
    return rest


def border_bands(land: Geometries, owner: Owners, km: float, plane: str) -> tuple[Geometries, Owners, Owners, Owners]:
    """Return the ground within a distance of the borders between regions, as polygons (m,) without overlap.

    With them come (m,) the cell of each, of ground that is of one region and near the same borders; (q, 3) cells with
    two regions whose border each is near, as often as there are such borders; and (c,) the region of each cell, -1
    where no region draws it. `land` (k,) are polygons of the regions, neighbours with the same vertices; `owner` (k,)
    is the region of each.
    """
    edges, of, twice = _edges(land, owner)
    # The edge of the lower region, in the order of its outline: so edges join to lines.
    twice = np.where((of[twice[:, 0]] < of[twice[:, 1]])[:, None], twice, twice[:, ::-1])
    twice = twice[of[twice[:, 0]] != of[twice[:, 1]]]
    twice = twice[np.argsort(twice[:, 0])]
    borders, border = np.unique(of[twice], axis=0, return_inverse=True)
    lines, border, scale = _stretches(edges[twice[:, 0]], border.reshape(-1), plane)
    distance, tolerance = km * 1000 * scale, _SIMPLIFIED * km * 1000
    around = shapely.buffer(shapely.simplify(lines, _SIMPLIFIED * distance), distance, quad_segs=8)
    bands = np.array([geometry.union(around[border == nth]) for nth in range(len(borders))], dtype=object)
    bands = shapely.simplify(bands, tolerance)
    faces = geometry.polygonal(shapely.polygonize([shapely.union_all(shapely.boundary(bands))]))
    faces = faces[shapely.area(faces) > _CRUMB_M2]
    near = np.zeros((len(faces), len(borders)), dtype=np.intp)
    near[*shapely.STRtree(bands).query(shapely.point_on_surface(faces), predicate="intersects")] = 1
    faces, near = faces[near.any(axis=1)], near[near.any(axis=1)]
    drawn = shapely.transform(land, lambda points: to_mercator(points, plane)[1])
    known = np.unique(owner)
    drawn = np.array([shapely.coverage_union_all(drawn[owner == region]) for region in known])
    drawn = shapely.coverage_simplify(drawn, tolerance)
    bad = ~shapely.is_valid(drawn)  # where regions of a country leave slivers between them, on older GEOS
    drawn[bad] = shapely.make_valid(drawn[bad], method="structure", keep_collapsed=False)
    face, region = shapely.STRtree(drawn).query(faces, predicate="intersects")
    parts = np.concatenate([shapely.intersection(faces[face], drawn[region]), subtract(faces, drawn)])
    side, face = np.append(known[region], np.full(len(faces), -1)), np.append(face, np.arange(len(faces)))
    some = shapely.area(parts) > _CRUMB_M2
    parts, labels = parts[some], np.column_stack([side, near[face]])[some]
    labels, cell = np.unique(labels, axis=0, return_inverse=True)
    polygons, of = from_mercator(parts, plane)
    # Whole metres are near enough, and short to store.
    polygons, index = geometry.polygons_of(shapely.set_precision(polygons, 1.0))
    small, part = geometry.subdivide(polygons, PART_VERTICES)
    which, band = np.nonzero(labels[:, 1:])
    return small, cell.reshape(-1)[of[index[part]]], np.column_stack([which, borders[band]]), labels[:, 0]


def _edges(land: Geometries, owner: Owners) -> tuple[Floats, Owners, Owners]:
    """Return the edges (e, 2, 2) of polygons in their order, the region of each, and pairs (p, 2) of the same edge."""
    # Older shapely takes no array that may not be written.
    rings, polygon = shapely.get_rings(np.array(land), return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    edges = np.stack([points[:-1], points[1:]], axis=1)[same]
    ends = np.sort(edges.view(np.complex128)[..., 0], axis=1)
    order = np.lexsort(ends.T)
    alike = (ends[order[1:]] == ends[order[:-1]]).all(axis=1)
    return edges, owner[polygon[ring[:-1][same]]], np.column_stack([order[:-1], order[1:]])[alike]


def _stretches(edges: Floats, owner: Owners, plane: str) -> tuple[Geometries, Owners, Floats]:
    """Return edges (e, 2, 2) of a plane joined to lines (s,) in Mercator, 10 km at most, their regions and scales."""
    counts = np.maximum(1, np.ceil(np.hypot(*(edges[:, 1] - edges[:, 0]).T) / 1000)).astype(np.intp)
    edge = np.repeat(np.arange(len(edges)), counts)
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    span = (edges[:, 1] - edges[:, 0])[edge]
    parts = edges[edge, :1] + span[:, None] * (np.stack([nth, nth + 1], axis=1) / counts[edge, None])[..., None]
    degrees, metres = to_mercator(parts.reshape(-1, 2), plane)
    starts, ends = metres.reshape(-1, 2, 2).swapaxes(0, 1)
    walked = np.cumsum(np.hypot(*(ends - starts).T)) // _STRETCH_M
    first = np.ones(len(parts), dtype=bool)
    follows = (parts[1:, 0] == parts[:-1, 1]).all(axis=1) & (owner[edge[1:]] == owner[edge[:-1]])
    first[1:] = ~follows | (walked[1:] != walked[:-1])
    phi = np.radians(degrees.reshape(-1, 2, 2)[first, 0, 1])
    lines = joined(metres.reshape(-1, 4), first)
    return lines, owner[edge[first]], np.sqrt(1 - crs.E2 * np.sin(phi) ** 2) / np.cos(phi)


def to_mercator(points: Floats, plane: str) -> tuple[Floats, Floats]:
    """Return points (n, 2) of a plane in degrees, within the latitudes that Mercator can show, and in its metres."""
    degrees = crs.projector(plane, crs.LONLAT)(points)
    degrees[:, 1] = np.clip(degrees[:, 1], -_LATITUDES, _LATITUDES)
    return degrees, crs.projector(crs.LONLAT, _MERCATOR)(degrees)


def from_mercator(shapes: Geometries, plane: str) -> tuple[Geometries, Owners]:
    """Return shapes (n,) in Mercator as valid polygons (m,) of a plane, and which shape each is of."""
    # They are cut off at the 180th meridian, beyond which longitudes would start again.
    corners = np.array([[-180, -_LATITUDES], [180, _LATITUDES]])
    (west, south), (east, north) = crs.projector(crs.LONLAT, _MERCATOR)(corners)
    inside = shapely.clip_by_rect(shapes, west + 1, south, east - 1, north)
    there = shapely.transform(inside, crs.projector(_MERCATOR, plane))
    bad = ~shapely.is_valid(there)
    there[bad] = shapely.make_valid(there[bad], method="structure", keep_collapsed=False)
    return geometry.polygons_of(there)


def _widened(lines: Geometries, scale: Floats, km: float, plane: str, at_once: AtOnce) -> Geometries:
    """Return what is within a distance of stretches of border, as small polygons (n,) of the plane."""
    distance = km * 1000 * scale
    points, line = shapely.get_coordinates(shapely.simplify(lines, _SIMPLIFIED * distance), return_index=True)
    # A line that winds takes GEOS more than the square of its vertices: it is widened in parts.
    drawn = line[1:] == line[:-1]
    edges, line = np.hstack([points[:-1], points[1:]])[drawn], line[1:][drawn]
    first = (np.arange(len(line)) - np.searchsorted(line, line)) % _LINE_EDGES == 0
    lines, distance = joined(edges, first), distance[line[first]]
    # Every other line, since these rarely meet: half of the time of all together.
    halves = slice(0, None, 2), slice(1, None, 2)
    around = at_once(lambda some: shapely.buffer(lines[some], distance[some], quad_segs=8), halves)
    united = geometry.union(*(from_mercator(half, plane)[0] for _, half in around))
    return geometry.subdivide(shapely.get_parts(united), PART_VERTICES)[0]


def _cells(lines: Geometries, owner: Owners, scale: Floats, km: Floats, plane: str) -> tuple[Geometries, Owners]:
    """Return the ground nearer to each region than to any other, and the regions; `km` is as far as cells matter."""
    reach = (2 * km * 1000 + _STRETCH_M) * scale
    boxes = shapely.box(*(shapely.bounds(lines) + reach[:, None] * (-1, -1, 1, 1)).T)
    one, other = shapely.STRtree(lines).query(boxes)
    rivals = owner[one] != owner[other]
    rivals[rivals] = shapely.dwithin(lines[one[rivals]], lines[other[rivals]], reach[one[rivals]])
    # Points need to be dense only where two regions may be near the same ground; elsewhere ends of stretches do.
    contested = np.isin(np.arange(len(lines)), np.concatenate([one[rivals], other[rivals]]))
    dense = shapely.segmentize(shapely.simplify(lines[contested], _SIMPLIFIED * WATER_KM * 1000), _SPACING_M)
    ends = shapely.get_point(lines[~contested], np.array([[0], [-1]])).T.ravel()
    points, line = shapely.get_coordinates(np.concatenate([dense, ends]), return_index=True)
    of = np.concatenate([owner[contested], np.repeat(owner[~contested], 2)])[line]
    cells, of = diagram(points, of)
    regions = np.unique(of)
    merged = np.empty(len(regions), dtype=object)
    for nth, region in enumerate(regions):
        try:
            merged[nth] = shapely.coverage_union_all(cells[of == region])
        except shapely.GEOSException:
            # Neighbours' corners may differ in their last bits; the slow union bears that.
            merged[nth] = geometry.union(geometry.repair(cells[of == region]))
    polygons, index = from_mercator(merged, plane)
    return polygons, regions[index]


def diagram(points: Floats, of: Owners, around: shapely.Polygon | None = None) -> tuple[Geometries, Owners]:
    """Return the cells of points (n, 2) in Mercator and the owner of each, to cover `around`, or 100 km more."""
    # Points that differ in their last bits make cells that cross each other; a metre is nothing here.
    points = np.round(points)
    order = np.lexsort([of, points[:, 1], points[:, 0]])
    points, of = points[order], of[order]
    starts = np.flatnonzero(np.append(True, (points[1:] != points[:-1]).any(axis=1)))
    # A point of two regions is where their borders part: neither is to have it.
    alone = starts[of[starts] == of[np.append(starts[1:], len(of)) - 1]]
    alone = alone if len(alone) else starts
    sites, of = shapely.MultiPoint(points[alone]), of[alone]
    around = around or shapely.box(*shapely.bounds(shapely.buffer(sites.envelope, 10 * BORDER_KM * 1000)))
    drawn = shapely.voronoi_polygons(sites, extend_to=around, ordered=True)
    # Cells at the rim come with lines beside the polygon, where the diagram was cut off.
    cells, site = geometry.polygons_of(shapely.get_parts(drawn))
    return cells, of[site]


def _shared_out(zones: Geometries, cells: Geometries, owner: Owners) -> tuple[Geometries, Owners]:
    """Return the parts of zones (z,) in the cells of each region, the rest with the last of them, and their regions."""
    shapely.prepare(cells)
    cell, zone = shapely.STRtree(zones).query(cells, predicate="intersects")
    order = np.lexsort([owner[cell], zone])
    cell, zone = cell[order], zone[order]
    last = np.append(zone[1:] != zone[:-1], True)
    rank = np.arange(len(zone)) - np.searchsorted(zone, zone)
    rest, parts = zones.copy(), np.empty(len(zone), dtype=object)
    for nth in range(rank.max(initial=-1) + 1):
        now, final = (rank == nth) & ~last, (rank == nth) & last
        parts[final] = rest[zone[final]]
        parts[now] = shapely.intersection(rest[zone[now]], cells[cell[now]])
        rest[zone[now]] = shapely.difference(rest[zone[now]], cells[cell[now]])
    polygons, index = geometry.polygons_of(parts)
    return polygons, owner[cell[index]]
