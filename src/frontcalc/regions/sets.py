"""A region set as a value: splitting ground by it, and which ground beside its regions counts as theirs."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.cache import NOTHING_KEPT, Cache
from frontcalc.crs import Bounds
from frontcalc.errors import naming
from frontcalc.geometry import Floats, Geometries
from frontcalc.names import some_of
from frontcalc.natural_earth import (
    BANDS,
    PARTIAL_COUNTRIES,
    EmbeddedRegions,
    load_beside,
    load_countries,
    load_embedded,
    load_redrawn,
    load_world,
)
from frontcalc.notices import Notice
from frontcalc.overlaps import edges_of, shared_area_m2
from frontcalc.read import SourceFile
from frontcalc.regions.snap import PART_VERTICES, PLANE_M, AtOnce, Owners, border_bands, rest_of_plane, snap_zones
from frontcalc.slivers import mean_widths_m
from frontcalc.versions import key_of

Flags = NDArray[np.bool_]

NEAR_KM = 2.0  # of a border of a coarse set, what of a change may be beyond it
UNASSIGNED, TOTAL = "unassigned", "total"  # rows: ground in no region; all ground, which is its level too
SNAPS = ("border", "none")  # whether ground beside the eligible regions goes to the nearest of them
_GAP_M2 = 1e3  # what the plane's pieces may miss of it, since its area is known to some m²
_MOST_MET = 500_000  # pairs of a piece of ground and one of the regions; real maps and regions have some thousands
# Maps and regions draw borders kilometres apart: of a country a map shows so much of its land, or a part so wide.
_SHARE_OF_COUNTRY, _WIDTH_IN_COUNTRY_M = 0.01, 5_000.0
_of_thread = threading.local()  # the planes of the sets that a thread cuts by


Plane = tuple[shapely.STRtree, Owners, Flags, dict[int, Floats], bool]  # see `RegionSet.prepare`
# Ground near the borders between regions of a set, in cells (c), each of one region and near the same borders; places
# in the set of the regions of each row (r), each region by itself and each country's; and whether a cell is near a
# border of a row's regions with others, on their side and beyond (2, r, c).
Bands = tuple["RegionSet", tuple[tuple[int, ...], ...], Flags]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class RegionSet:
    """Regions as a partition: no point is in two of them; metres of an equal-area projection."""

    level: str  # what the `level` column says, as in «adm1»
    names: tuple[str, ...]  # one a region, sorted; regions that share a name differ in country, code or parent
    pieces: Geometries  # (m,) polygons: the regions, cut small
    owner: Owners  # (m,) the index into `names` of each piece's region
    land: Geometries  # (k,) polygons: the regions as drawn, in few, large polygons, which may overlap
    land_owner: Owners  # (k,) the index into `names` of each of them
    source: SourceFile | None = None  # the file, None for the empty set
    notices: tuple[Notice, ...] = ()  # what was done to make it a partition
    # Of each region a code (ISO 3166-1) or a name as the file has it, empty where unknown; no entries where all are.
    countries: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()  # of each region (ISO 3166-2 or the file's own), empty where it has none
    spellings: tuple[tuple[str, ...], ...] = ()  # what else each region is called
    # What countries are called, by code; the first name is the one to show.
    country_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    snapped: Flags | None = None  # (m,) pieces outside their region as drawn, which were snapped to it; None for none
    uncovered: Geometries | None = None  # (j,) polygons: the rest of the plane, cut small; None until it is needed
    accuracy: str = ""  # how far the borders can be trusted, in a few words; empty where nothing is known of it
    partial_countries: tuple[str, ...] = ()  # those of which the set has some regions only
    parents: tuple[str, ...] = ()  # what the file says each is part of, else empty; no entries where it never does
    # As it stands for an actor: the land of each region as drawn, (n,) in km²; ground near inner borders, if coarse.
    land_km2: Floats = field(default_factory=lambda: np.zeros(0))
    bands: Bands | None = None

    def split(self, *groups: Geometries) -> list[tuple[Floats, Floats, Floats]]:
        """Measure groups of polygons (k,) by region, each valid and without overlap, in metres; several cost as one.

        Returned are of each group the area in each region, (n + 1,) in km², the last that in none; how much of it was
        snapped to the region, (n + 1,) in km², the last 0; and of each polygon how much is in no region, and how much
        is snapped, (k, 2) in m².
        """
        tree, rows, snapped, edges, gapless = self.prepare()
        lengths = [len(parts) for parts in groups]
        parts, owner = geometry.subdivide(np.concatenate(groups), PART_VERTICES)
        # Of a part that is all in one region twice its row, and one more where all of it is snapped; −1 of others.
        settled = np.full(len(parts), -1)
        part, piece = geometry.meeting_boxes(parts, tree, most=_MOST_MET)
        for late in (False, True):
            if late:
                met = shapely.intersects(tree.geometries[piece], parts[part])
                part, piece = part[met], piece[met]
            row, first = rows[piece] * 2 + snapped[piece], np.flatnonzero(np.diff(part, prepend=-1))
            if gapless and len(first):
                lowest, highest = np.minimum.reduceat(row, first), np.maximum.reduceat(row, first)
                one = (lowest // 2 == highest // 2) & (settled[part[first]] < 0)
                settled[part[first[one]]] = lowest[one]
            # Of what is in one region, what of it is snapped is yet to be found.
            kept = (settled[part] < 0) | snapped[piece] & (settled[part] % 2 == 0)
            part, piece = part[kept], piece[kept]
        shares, crossing = _shared(tree.geometries[piece], parts[part])
        shared_m2 = shapely.area(shares)
        if crossing.any():
            cut, number = np.unique(part[crossing], return_inverse=True)
            met, place = np.unique(piece[crossing], return_inverse=True)
            new = [piece for piece in met if piece not in edges]
            edges.update(zip(new, edges_of(tree.geometries[new]), strict=True))
            theirs = [edges[piece] for piece in met]
            shared_m2[crossing] = shared_area_m2(edges_of(parts[cut]), theirs, number, place)
        whole = np.flatnonzero(settled >= 0)
        counted = np.append(settled[part] < 0, whole >= 0)
        polygon, row = owner[np.append(part, whole)], np.append(rows[piece], settled[whole] // 2)
        zone = np.append(snapped[piece], settled[whole] % 2 == 1)
        shared_m2 = np.append(shared_m2, shapely.area(parts[whole]))
        size, count = len(self.names) + 1, sum(lengths)
        place = np.repeat(np.arange(len(groups)), lengths)[polygon] * size + row
        km2, snapped_km2 = (
            np.bincount(place[mine], shared_m2[mine] / 1e6, minlength=len(groups) * size).astype(np.float64)
            for mine in (counted, zone)
        )
        sides = counted & (row == size - 1), zone
        beside_m2 = [np.bincount(polygon[mine], shared_m2[mine], minlength=count) for mine in sides]
        beside = np.split(np.column_stack(beside_m2).astype(np.float64), np.cumsum(lengths)[:-1])
        return list(zip(km2.reshape(-1, size), snapped_km2.reshape(-1, size), beside, strict=True))

    def cut(self, parts: Geometries, *, beside: bool = False) -> tuple[Geometries, Geometries, Owners]:
        """Cut polygons (k,), as for `split`, by region; or only what of them lies `beside` regions as drawn.

        Returned are polygons in no region (n,); those in regions (m,), cut small; and the region of each (m,).
        """
        tree, rows, snapped, *_ = self.prepare()
        small, _ = geometry.subdivide(parts)
        part, piece = geometry.meeting_boxes(small, tree, most=_MOST_MET)
        if beside:
            wanted = (snapped | (rows == len(self.names)))[piece]
            part, piece = part[wanted], piece[wanted]
        met = shapely.intersects(tree.geometries[piece], small[part])
        part, piece = part[met], piece[met]
        shares, crossing = _shared(tree.geometries[piece], small[part])
        # Ground may only touch a piece: shares are of any kind.
        shares[crossing] = shapely.intersection(shares[crossing], tree.geometries[piece[crossing]])
        assigned = rows[piece] < len(self.names)
        return geometry.polygonal(shares[~assigned]), shares[assigned], rows[piece[assigned]]

    def prepare(self) -> Plane:
        """Return the pieces and the rest of the plane, ready to cut by in this thread; they go with the set.

        With the pieces (m,) come the region of each, the number of regions where it belongs to none, and whether it
        lies outside its region as drawn; the edges of the pieces that were cut by so far, since fronts cross few of
        them; and whether they leave no gap: their areas add up to the plane's.
        """
        made: WeakKeyDictionary[RegionSet, Plane] = _of_thread.__dict__.setdefault("planes", WeakKeyDictionary())
        if self not in made:
            uncovered = rest_of_plane(self.pieces) if self.uncovered is None else self.uncovered
            # Copies: others have the pieces too, and a prepared geometry must not cross threads.
            pieces = shapely.orient_polygons(np.concatenate([self.pieces, uncovered]))
            shapely.prepare(pieces)
            row = np.append(self.owner, np.full(len(uncovered), len(self.names)))
            snapped = np.zeros(len(pieces), dtype=bool)
            if self.snapped is not None:
                snapped[: len(self.snapped)] = self.snapped
            gapless = abs(float(shapely.area(pieces).sum()) - 4 * PLANE_M**2) <= _GAP_M2
            made[self] = shapely.STRtree(pieces), row, snapped, {}, gapless
        return made[self]


def _shared(pieces: Geometries, parts: Geometries) -> tuple[Geometries, Flags]:
    """Return what a prepared piece and a part that meets it share, of pairs (k,), and where that is yet to be cut.

    It is the piece where the part lies around it, else the part, to be cut where borders of both may cross.
    """
    inside = shapely.contains_properly(pieces, parts)
    # Only a part whose box holds the piece's can lie around it.
    outer, inner = shapely.bounds(parts), shapely.bounds(pieces)
    boxed = (outer[:, :2] <= inner[:, :2]).all(axis=1) & (inner[:, 2:] <= outer[:, 2:]).all(axis=1)
    around = np.asarray(~inside & boxed)
    shapely.prepare(parts[around])
    around[around] = shapely.contains_properly(parts[around], pieces[around])
    return np.where(around, pieces, parts), ~(inside | around)


@lru_cache(maxsize=16)
def regions_key(regions: RegionSet, country: str, snap: str) -> str:
    """Return the key of the partition for an actor of a country: content, names, owners and boxes of pieces."""
    made_of = regions.source.sha256 if regions.source else geometry.to_bytes(regions.pieces, regions.land)
    names = (repr(regions.names), repr(regions.countries), country, snap)
    pieces = shapely.bounds(regions.pieces).tobytes(), regions.owner.astype("<i8").tobytes()
    return key_of((made_of, *names, *pieces))


def partition_for(
    regions: RegionSet,
    country: str,
    *,
    snap: str,
    plane: str,
    cache: Cache = NOTHING_KEPT,
    at_once: AtOnce | None = None,
) -> RegionSet:
    """Return the set as it stands for one actor: its own country's regions get no ground, but stay as rows.

    The result is the same for every date. `country` is as `regions.countries` has it; empty makes all eligible.
    `plane` is the equal-area CRS of the set. By the rule `border` of `snap`, ground beside the eligible regions goes to
    the nearest (see `regions.snap`, also for `at_once`), and is kept in `cache`; by `none` regions are as drawn.
    """
    countries = regions.countries or ("",) * len(regions.names)
    own = np.array([bool(country) and mine.casefold() == country.casefold() for mine in countries], dtype=bool)
    abroad, beyond = own[regions.owner], own[regions.land_owner]
    pieces, foreign, owner = regions.pieces[~abroad], regions.pieces[abroad], regions.owner[~abroad]
    land, land_owner = regions.land[~beyond], regions.land_owner[~beyond]
    eligible = replace(regions, pieces=pieces, owner=owner, land=land, land_owner=land_owner)
    if not len(pieces):
        return eligible

    def zones_as_bytes() -> bytes:
        with naming(regions.source.name if regions.source else "the regions"):
            return geometry.to_bytes(*snap_zones(land, land_owner, pieces, foreign, plane, at_once))

    key = key_of((regions_key(regions, country, snap), plane))
    if snap == "none":
        rest = cache.kept("rests", key, lambda: geometry.to_bytes(rest_of_plane(pieces)))
        return replace(eligible, uncovered=next(geometry.from_bytes(rest)))
    usual = plane == crs.DEFAULT_CRS
    stored = load_beside(regions.source.sha256, f"{country}.zones") if regions.source and usual else None
    zones, zone_owner, uncovered = geometry.from_bytes(stored or cache.kept("zones", key, zones_as_bytes))
    return replace(
        eligible,
        pieces=np.concatenate([pieces, zones]),
        owner=np.concatenate([owner, zone_owner]),
        snapped=np.repeat([False, True], [len(pieces), len(zones)]),
        uncovered=uncovered,
    )


def bands_of(regions: RegionSet, plane: str, cache: Cache, *, eligible: Owners, km: float = NEAR_KM) -> Bands | None:
    """Return the ground near borders between `eligible` regions of a coarse set; None where there are none."""
    if not regions.accuracy:
        return None

    def as_bytes() -> bytes:
        return geometry.to_bytes(*border_bands(regions.land, regions.land_owner, km, plane))

    key = key_of((regions_key(regions, "", f"bands {km}"), plane))
    usual = km == NEAR_KM and plane == crs.DEFAULT_CRS
    stored = load_beside(regions.source.sha256, BANDS) if regions.source and usual else None
    pieces, cell, borders, side = geometry.from_bytes(stored or cache.kept("zones", key, as_bytes))
    borders = borders[np.isin(borders[:, 1:], eligible).all(axis=1)]
    if not len(borders):
        return None  # as of islands, and of a country that is one region
    known, mine = np.flatnonzero(np.bincount(borders[:, 0])), np.isin(cell, borders[:, 0])
    countries = (np.flatnonzero(np.array(regions.countries) == code) for code in dict.fromkeys(regions.countries))
    rows = (*((place,) for place in range(len(regions.names))), *(tuple(own.tolist()) for own in countries))
    near = np.zeros((2, len(rows), len(known)), dtype=bool)
    for row, members in enumerate(rows):
        ours = np.isin(borders[:, 1:], members)
        beside, inside = np.isin(known, borders[ours[:, 0] != ours[:, 1], 0]), np.isin(side[known], members)
        near[:, row] = beside & inside, beside & ~inside
    nothing, owner = np.empty(0, dtype=object), np.searchsorted(known, cell[mine])
    cells = RegionSet("none", ("",) * len(known), pieces[mine], owner, nothing, owner[:0], uncovered=nothing)
    return cells, rows, near


def no_regions() -> RegionSet:
    """Return the empty set: everything is total."""
    pieces, owner = np.empty(0, dtype=object), np.empty(0, dtype=np.intp)
    return RegionSet("none", (), pieces, owner, pieces, owner)


def boxes_in_degrees(regions: RegionSet, plane: str) -> Geometries:
    """Return a box in degrees around each piece of a set that is in the CRS `plane`."""
    west, south, east, north = shapely.bounds(regions.pieces).reshape(-1, 4).T
    to_degrees = crs.transformer(plane, crs.LONLAT).transform
    return np.asarray(shapely.box(*to_degrees(west, south), *to_degrees(east, north)))


@lru_cache(maxsize=4)
def embedded_regions(*, target_crs: str, countries: tuple[str, ...] = ()) -> RegionSet:
    """Return embedded regions, which need no cutting, in an equal-area CRS.

    They are those of some countries, by code; without any, the curated ones of Ukraine and of Russia beside it.
    """
    stored = load_countries(countries) if countries else load_embedded()
    order = sorted(range(len(stored.regions)), key=lambda at: (stored.regions[at].name, at))
    infos, place = [stored.regions[at] for at in order], np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    # Neighbours have the same vertices, and projecting keeps that: no partition has to be made.
    project = crs.projector(crs.LONLAT, target_crs)
    pieces = geometry.project_polygons(stored.pieces, project, edge_error=stored.edge_error_m2)
    owner = place[stored.owner]
    names, source = tuple(info.name for info in infos), SourceFile(stored.name, stored.sha256)
    return replace(
        RegionSet("adm1", names, pieces, owner, pieces, owner, source, (_age(countries),) if countries else ()),
        countries=tuple(info.country for info in infos),
        codes=tuple(info.code for info in infos),
        spellings=tuple((info.name_uk, *info.aliases) for info in infos),
        country_names={own.code: (own.name, own.name_uk, *own.aliases) for own in stored.countries},
        accuracy=stored.accuracy,
        partial_countries=PARTIAL_COUNTRIES.get(stored.name, ()),
    )


def _age(countries: tuple[str, ...]) -> Notice:
    """Return the notice on how old the regions of some countries are, and which of them have others since."""
    since = "regions as of about 2013"
    redrawn = {code: own for code, own in load_redrawn().items() if code in countries}
    if not redrawn:
        return Notice("OLD-REGIONS", f"{since}: {some_of(countries)}", line=since)
    each = [f"{code} in {own['since']}" for code, own in redrawn.items()]
    cure = f"for today's: frontcalc regions fetch {'COUNTRY' if countries[1:] else countries[0]} adm1 --use"
    changes = "; ".join("{code}: {change} in {since} ({source})".format(**own) for own in redrawn.values())
    what = f"{since}; redrawn since: {changes}; {cure}"
    return Notice("OLD-REGIONS", what, line=f"{since}, redrawn since by {some_of(each)}; {cure}")


def embedded_covers(boxes: Geometries, *, middle: bool = False) -> bool:
    """Say whether the curated regions are those of a place, given as boxes (n,) in degrees, or of a box's `middle`."""
    places = shapely.centroid(boxes) if middle else boxes
    return bool(len(load_embedded().home.query(places, predicate="intersects")[0]))


def boxes_on_globe(degrees: Bounds) -> Geometries:
    """Return bounds in degrees as boxes (n,): two where west is the larger, since the 180th meridian is in between."""
    west, south, east, north = np.clip(degrees, (-180, -90, -180, -90), (180, 90, 180, 90)).tolist()
    sides = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    return np.array([shapely.box(low, south, high, north) for low, high in sides], dtype=object)


def countries_near(boxes: Geometries) -> tuple[str, ...]:
    """Return the codes of the countries one of whose regions may lie in a place, boxes (n,) in degrees, sorted."""
    world = load_world()
    return tuple(sorted({world.of[box] for box in world.boxes.query(boxes, predicate="intersects")[1]}))


def pieces_near(boxes: Geometries) -> tuple[EmbeddedRegions, Owners]:
    """Return the regions of the countries near a place, boxes (n,) in degrees, and which of their pieces lie there."""
    stored = load_countries(countries_near(boxes))
    return stored, np.flatnonzero(np.bincount(stored.home.query(boxes, predicate="intersects")[1]))


def land_near(boxes: Geometries, plane: str) -> tuple[Geometries, NDArray[np.str_]]:
    """Return the land of all countries in a place, boxes (n,) in degrees, as pieces in metres, and whose each is."""
    stored, near = pieces_near(boxes)
    project = crs.projector(crs.LONLAT, plane)
    pieces = geometry.project_polygons(stored.pieces[near], project, edge_error=stored.edge_error_m2)
    return pieces, np.array([region.country for region in stored.regions], dtype=str)[stored.owner[near]]


def countries_under(boxes: Geometries, maps: Sequence[Geometries], plane: str) -> tuple[str, ...]:
    """Return the codes of the countries that maps show ground of, sorted; none where there is no land.

    `maps` are the polygons of each, valid, in metres of `plane`, and `boxes` (n,) in degrees hold all of them. A strip
    along a country's border is none of its ground, since maps draw that elsewhere.
    """
    pieces, country_of = land_near(boxes, plane)
    codes, country = np.unique(country_of, return_inverse=True)
    tree, shown = shapely.STRtree(pieces), np.zeros(len(codes), dtype=bool)
    for polygons in maps:
        parts, _ = geometry.subdivide(polygons, PART_VERTICES)
        part, piece = tree.query(parts, predicate="intersects")
        shared = shapely.intersection(parts[part], pieces[piece])
        of_country = np.bincount(country[piece], shapely.area(shared), minlength=len(codes))
        shown |= of_country > _SHARE_OF_COUNTRY * of_country.sum()
        for at in np.flatnonzero(~shown & (of_country > 0)):
            ground = geometry.union(geometry.polygonal(shared[country[piece] == at]))
            shown[at] = (mean_widths_m(geometry.polygonal(ground), plane) >= _WIDTH_IN_COUNTRY_M).any()
    return tuple(codes[shown].tolist())
