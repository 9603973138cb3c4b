"""Ground of regions cut among the nearest towns of its own country: a region set like any other.

What is nearest is decided by cells in the Mercator projection of the ellipsoid. Its scale is the same in all
directions and changes with the latitude alone: the border between two towns d km apart, one north of the other, lies
d²·tan(latitude) ÷ 51,000 km off (20 m for 30 km in Ukraine).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache as remembered
from functools import partial
from typing import NamedTuple

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.geometry import Floats, Geometries
from frontcalc.regions.sets import RegionSet
from frontcalc.regions.snap import Owners, diagram, from_mercator, to_mercator
from frontcalc.towns import Towns
from frontcalc.versions import key_of

Kept = Callable[[str, Callable[[], bytes]], bytes]

TOWN = "town"  # the level of rows

_EDGE_M = 5_000.0  # of the borders of cells, which are straight in Mercator
_ROOM_M = 500_000.0  # around the regions, in Mercator
_REPEATED_DEGREES = 30.0  # beside the 180th meridian, how far towns count on its other side too
_CRUMB_M2 = 0.01


class Cells(NamedTuple):
    """Ground nearest to each town of its country: polygons (c,) in metres of the plane, town and country of each."""

    polygons: Geometries
    town: Owners
    countries: np.ndarray


def split_by_towns(
    sets: Mapping[str, RegionSet], towns: Towns, people: int, *, plane: str, kept: Kept
) -> tuple[list[RegionSet], Owners, Owners]:
    """Return sets of the same regions, by key, the first as drawn, cut among towns of at least so many people.

    The parts are the same in all of them, in one order: of each its region and its town, (n, 2) places in `names` and
    in `towns`, the latter -1 where a country has no such town; and the region (n,) that the town lies in. A part is
    named by its town, and else by its region. `kept` looks bytes up by a key, or makes and keeps them.
    """
    content = (repr(towns.names), repr(towns.countries.tolist()), towns.people.tobytes(), towns.points.tobytes())
    base = next(iter(sets.values()))
    cells = remembered(partial(cells_of, base, towns, people, plane))

    def cut(regions: RegionSet) -> bytes:
        return geometry.to_bytes(*_cut(regions, cells()))

    keys = (key_of((key, plane, str(people), *content)) for key in sets)
    cuts = [
        tuple(geometry.from_bytes(kept(key, partial(cut, one)))) for key, one in zip(keys, sets.values(), strict=True)
    ]
    labels = [
        np.column_stack([one.owner[piece], town]) for one, (_, piece, town) in zip(sets.values(), cuts, strict=True)
    ]
    pairs, part = np.unique(np.concatenate(labels), axis=0, return_inverse=True)
    owners = np.split(part.reshape(-1), np.cumsum([len(own) for own in labels])[:-1])
    out = []
    for one, (pieces, piece, _), owner in zip(sets.values(), cuts, owners, strict=True):
        snapped = None if one.snapped is None else one.snapped[piece]
        drawn = slice(None) if snapped is None else ~snapped
        areas = np.bincount(owner[drawn], geometry.area_km2(pieces[drawn]), minlength=len(pairs))
        out.append(
            replace(
                one,
                level=TOWN,
                names=tuple(towns.names[town] if town >= 0 else one.names[region] for region, town in pairs.tolist()),
                pieces=pieces,
                owner=owner,
                land=pieces[drawn],
                land_owner=owner[drawn],
                countries=tuple(one.countries[region] for region in pairs[:, 0]) if one.countries else (),
                codes=(),
                spellings=(),
                snapped=snapped,
                accuracy="",
                parents=tuple(one.names[region] for region in pairs[:, 0]),
                land_km2=areas.astype(np.float64),
                bands=None,
            )
        )
    return out, pairs, _homes(base, pairs, out[0].land_km2, towns, plane)


def _homes(base: RegionSet, pairs: Owners, areas: Floats, towns: Towns, plane: str) -> Owners:
    """Return the region that the town of each part lies in, else that of the largest part; without a town its own."""
    home = pairs[:, 0].copy()
    order = np.lexsort([-areas, pairs[:, 1]])
    town, first = np.unique(pairs[order, 1], return_index=True)
    largest = pairs[order[first], 0]
    points = shapely.points(crs.projector(crs.LONLAT, plane)(towns.points[town]))
    point, piece = shapely.STRtree(base.pieces).query(points, predicate="intersects")
    # A town near a border of countries may lie in the other one, as regions draw it.
    own = np.isin(town[point] * len(base.names) + base.owner[piece], pairs[:, 1] * len(base.names) + pairs[:, 0])
    largest[point[own]] = base.owner[piece[own]]
    known = pairs[:, 1] >= 0
    home[known] = largest[np.searchsorted(town, pairs[known, 1])]
    return home


def cells_of(regions: RegionSet, towns: Towns, people: int, plane: str) -> Cells:
    """Return the cells of the towns of at least so many people in each country of some regions.

    Towns of a country without a code that they know are those that lie in its regions.
    """
    polygons, owners, countries = [np.empty(0, dtype=object)], [np.empty(0, dtype=np.intp)], []
    large, known = towns.people >= people, set(towns.countries.tolist())
    codes = np.array(regions.countries or ("",) * len(regions.names))[regions.owner]
    for code in np.unique(codes).tolist():
        pieces = regions.pieces[codes == code]
        if code in known:
            own = np.flatnonzero(large & (towns.countries == code))
        else:
            candidates = np.flatnonzero(large)
            points = shapely.points(crs.projector(crs.LONLAT, plane)(towns.points[candidates]))
            own = candidates[np.unique(shapely.STRtree(pieces).query(points, predicate="intersects")[0])]
        if len(own):
            mine, town = _cells(pieces, towns.points[own], plane)
            polygons.append(mine)
            owners.append(own[town])
            countries += [code] * len(mine)
    return Cells(np.concatenate(polygons), np.concatenate(owners), np.array(countries, dtype=str))


def _cells(pieces: Geometries, points: np.ndarray, plane: str) -> tuple[Geometries, Owners]:
    """Return the ground nearest to each of some points in degrees (n, 2), around pieces of a plane, and its point."""
    drawn = shapely.transform(pieces, lambda corners: to_mercator(corners, plane)[1])
    room = shapely.buffer(shapely.box(*shapely.total_bounds(drawn)), _ROOM_M, join_style="mitre")
    _, sites = to_mercator(points, crs.LONLAT)
    of, whole = np.arange(len(points)), 2 * math.pi * crs.SEMI_MAJOR_M
    for side in (-1, 1):
        near = np.flatnonzero(side * points[:, 0] > 180 - _REPEATED_DEGREES)
        sites = np.concatenate([sites, sites[near] - [side * whole, 0]])
        of = np.append(of, near)
    # Of two towns in one place the larger, which is first, has the ground.
    first = np.sort(np.unique(np.round(sites), axis=0, return_index=True)[1])
    sites, of = sites[first], of[first]
    cells, town = (np.array([room]), of) if len(of) == 1 else diagram(sites, of, room)
    # Far from the regions a projection may have no place for a town's ground.
    near = np.asarray(shapely.clip_by_rect(cells, *room.bounds), dtype=object)
    polygons, index = from_mercator(np.asarray(shapely.segmentize(near, _EDGE_M), dtype=object), plane)
    return polygons, town[index]


def _cut(regions: RegionSet, cells: Cells) -> tuple[Geometries, Owners, Owners]:
    """Return the pieces of regions cut by the cells of their countries: polygons (m,), the piece and town of each."""
    pieces, codes = regions.pieces, np.array(regions.countries or ("",) * len(regions.names))[regions.owner]
    piece, cell = shapely.STRtree(cells.polygons).query(pieces, predicate="intersects")
    own = codes[piece] == cells.countries[cell]
    piece, cell = piece[own], cell[own]
    shapely.prepare(cells.polygons)
    whole = shapely.contains_properly(cells.polygons[cell], pieces[piece])
    parts = pieces[piece]
    parts[~whole] = shapely.intersection(parts[~whole], cells.polygons[cell[~whole]])
    polygons, index = geometry.polygons_of(parts)
    piece, town = piece[index], cells.town[cell[index]]
    # What no cell covers, as a hair along the 180th meridian, is of the nearest; of a country without cells nobody's.
    left_m2 = shapely.area(pieces) - np.bincount(piece, shapely.area(polygons), minlength=len(pieces))
    short = np.flatnonzero(left_m2 > _CRUMB_M2)
    bare = ~np.isin(short, piece)
    rest = pieces[short]
    rest[~bare] = [shapely.difference(pieces[one], shapely.union_all(polygons[piece == one])) for one in short[~bare]]
    more, index = geometry.polygons_of(rest)
    piece, nearest = np.append(piece, short[index]), np.full(len(more), -1, dtype=np.intp)
    for code in set(codes[short].tolist()).intersection(cells.countries.tolist()):
        ours, mine = np.flatnonzero(cells.countries == code), np.flatnonzero(codes[short[index]] == code)
        nearest[mine] = cells.town[ours[shapely.STRtree(cells.polygons[ours]).nearest(more[mine])]]
    return np.concatenate([polygons, more]), piece, np.append(town, nearest)
