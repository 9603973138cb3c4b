"""What changed between two maps, as a value, in all and by region; and the area of ground by region."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import edges, geometry
from frontcalc.errors import FrontcalcError
from frontcalc.regions import RegionSet
from frontcalc.slivers import SliverRule, thin_parts

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]
Ground = shapely.Geometry | NDArray[np.object_]  # one geometry, or an array of polygons without overlap
Moved = tuple[Ground, Ground, float, float]  # what was gained and lost between two maps, and what is held on each (km²)
CONTRADICTION_KM2 = 0.001  # gained and lost may be so far from the change of the total: snapped overlays err by m²
OPENING, CLOSING, GAINED, LOST, GAINED_SLIVER, LOST_SLIVER = range(6)  # places in `Change.km2`
_OF_A_ROW = ("opening", "closing", "gained", "lost", "net", "snapped", "gained_sliver", "lost_sliver")
FIGURES = tuple(f"{name}_km2" for name in _OF_A_ROW)
"""The figures of a row, as columns are named."""

DRIFT_KM2 = 1e-7  # how far a total carried from step to step may be from the map's before all is measured afresh
LARGE_KM2 = 50.0  # what a large part has at least: less is a week's work of an army
_GRID_M = 2.0**-20
_NOTHING_M2 = 1e-6
_OFF = (1e5, 1e5, edges.TOLERANCE_M2)  # m³, and m²: as much ten thousand kilometres away
_CRUMB_M2 = 1e6


class Parts(NamedTuple):
    """Ground that came or went, before it is cut by region."""

    polygons: Geometries  # (k,) in metres, without overlap
    beside_m2: Floats  # (k, 2), how much of each is unassigned, and how much is snapped
    thin: np.ndarray  # (k,), whether it is of a sliver


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Change between two maps, by region.

    `km2` has what was held at the `OPENING` and at the `CLOSING`, `GAINED`, `LOST`, and the slivers in either; of each
    the area, and how much of it lies outside the region as drawn and was snapped to it (km²); regions in the set's
    order, unassigned, total. Of the two maps only the totals are known until `opened` has filled in the rest.
    """

    km2: Floats  # (6, 2, n + 2)
    large: tuple[Geometries, Geometries]  # the large parts gained and lost (metres): see `frontcalc.run.map_faults`
    ground: tuple[Parts, Parts] | None = None  # gained and lost; None where only figures were kept
    # Of gained and lost together, and of the slivers in them, what is near borders of each row of the regions' `bands`,
    near_km2: Floats | None = None  # (2, 2, r), on its side and beyond

    @property
    def gained_km2(self) -> Floats:
        """What is held at the close and not at the opening, (n + 2,)."""
        return np.asarray(self.km2[GAINED, 0])

    @property
    def lost_km2(self) -> Floats:
        """What is held at the opening and not at the close, (n + 2,)."""
        return np.asarray(self.km2[LOST, 0])

    @property
    def without_slivers(self) -> Change:
        """The change less its slivers, which stay as what was left out; net no longer leads from map to map."""
        km2 = self.km2.copy()
        km2[[GAINED, LOST]] -= km2[[GAINED_SLIVER, LOST_SLIVER]]
        near = None if self.near_km2 is None else self.near_km2 - self.near_km2[1:]
        broad = self.ground and tuple(Parts(*(array[~one.thin] for array in one)) for one in self.ground)
        return replace(self, km2=km2, ground=broad, near_km2=near)  # type: ignore[arg-type]

    def opened(self, held_km2: Floats) -> Change:
        """Return the change with what was held at its ends; `held_km2` (2, n + 2), at the opening, is as of `areas`."""
        km2 = self.km2.copy()
        km2[OPENING] = held_km2
        km2[CLOSING] = held_km2 + km2[GAINED] - km2[LOST]
        own, summed = self.km2[CLOSING, 0, -1], km2[CLOSING, 0, -1]
        if abs(own - summed) > CONTRADICTION_KM2:
            raise contradiction(f"{own:.6f} km² at the close, {summed:.6f} by gained and lost", "two maps")
        return replace(self, km2=km2)

    def rows(self, places: Sequence[Sequence[int]]) -> list[dict[str, float]]:
        """Return the `FIGURES` of rows, each of which sums some places of the arrays (km²)."""
        columns = self.km2.reshape(12, -1)
        sums = columns[:, [own[0] for own in places]]
        for row, own in enumerate(places):
            if len(own) > 1:
                sums[:, row] = [math.fsum(column) for column in columns[:, list(own)].tolist()]
        opening, _, closing, _, gained, gained_snapped, lost, lost_snapped, thin_gained, _, thin_lost, _ = sums
        figures = (opening, closing, gained, lost, gained - lost, gained_snapped + lost_snapped, thin_gained, thin_lost)
        return [dict(zip(FIGURES, row, strict=True)) for row in np.stack(figures, axis=1).tolist()]


def contradiction(figures: str, rests_on: str) -> FrontcalcError:
    """Return the error for an area that differs as it is measured in two ways: no figure is better than a wrong one."""
    return FrontcalcError("the overlay contradicts itself: " + figures, cure="please report it with the " + rests_on)


def total(steps: Sequence[Change]) -> Change:
    """Return the sum of steps, gross figures from first map to last, each rounded once and not at every step."""
    columns = zip(*(step.km2[GAINED:].ravel().tolist() for step in steps), strict=True)
    moved = np.array([math.fsum(column) for column in columns]).reshape(4, *steps[0].km2.shape[1:])
    nothing = np.empty(0, dtype=object)
    return Change(np.stack([steps[0].km2[OPENING], steps[-1].km2[CLOSING], *moved]), (nothing, nothing))


def step(
    before: shapely.MultiPolygon, after: shapely.MultiPolygon, regions: RegionSet, *, slivers: SliverRule | None = None
) -> Change:
    """Return what was gained and lost from one map to another: `steps` of one."""
    held_km2 = geometry.area_km2(np.array([before, after])).tolist()
    return steps([(*differences(before, after), *held_km2)], regions, slivers=slivers)[0]


def steps(between: Sequence[Moved], regions: RegionSet, *, slivers: SliverRule | None = None) -> list[Change]:
    """Return what was gained and lost between pairs of maps, measured at once: of small maps in half the time.

    Both are overlaid with the regions, in whose projection they are. What is held on the two maps is measured in total,
    and must differ by gained less lost. Without `slivers`, what counts as one, there are none.
    """
    if not between:
        return []
    grounds = [np.atleast_1d(np.asarray(ground, dtype=object)) for one in between for ground in one[:2]]
    parts, ground = geometry.polygons_of(np.concatenate(grounds))
    of = np.repeat(np.arange(len(grounds)), [len(own) for own in grounds])[ground]
    # What an overlay of whole maps returns is whole parts; an array may hold several faces of one.
    faces = np.array([isinstance(ground, np.ndarray) for one in between for ground in one[:2]])[of]
    thin = np.zeros(len(parts), dtype=bool)
    if slivers:
        thin[faces] = thin_parts(parts[faces], slivers, of=of[faces])
        thin[~faces] = thin_parts(parts[~faces], slivers)
    # Of each pair what was gained, what of it in slivers, and the same of what was lost.
    order = np.argsort(2 * of + thin, kind="stable")
    groups = np.split(parts[order], np.searchsorted((2 * of + thin)[order], np.arange(1, 2 * len(grounds))))
    by_group, made = measured(groups, regions), list[Change]()
    near_km2: list[Floats | None] = [None] * len(between)
    if regions.bands is not None:
        cells, _, near = regions.bands
        # Broad parts of either pair, gained and lost, and its slivers.
        pairs = zip(groups, groups[2:], strict=False)
        split = cells.split(*(np.concatenate(pair) for at, pair in enumerate(pairs) if at % 4 < 2))
        for place, ((broad_km2, *_), (thin_km2, *_)) in enumerate(zip(split[::2], split[1::2], strict=True)):
            met = np.flatnonzero(broad_km2[:-1] + thin_km2[:-1])
            both = np.stack([broad_km2 + thin_km2, thin_km2])[:, None, None, met]
            near_km2[place] = (near[..., met] * both).sum(axis=3)
    for (_, _, *held), start, near_both in zip(between, range(0, len(groups), 4), near_km2, strict=True):
        (gained, *_), (thin_gained, *_), (lost, *_), (thin_lost, *_) = own = by_group[start : start + 4]
        ends = np.full((2, *gained.shape), np.nan)
        ends[:, 0, -1] = held
        km2 = np.stack([*ends, gained + thin_gained, lost + thin_lost, thin_gained, thin_lost])
        more, net = held[1] - held[0], km2[GAINED, 0, -1] - km2[LOST, 0, -1]
        if abs(more - net) > CONTRADICTION_KM2:
            raise contradiction(f"{more:.6f} km² more is held, {net:.6f} by gained and lost", "two maps")
        sides = []
        for (_, broad, broad_m2), (_, narrow, narrow_m2) in (own[:2], own[2:]):
            thin = np.repeat([False, True], [len(broad), len(narrow)])
            sides.append(Parts(np.concatenate([broad, narrow]), np.concatenate([broad_m2, narrow_m2]), thin))
        came, went = sides
        made.append(Change(km2, (large_parts(came.polygons), large_parts(went.polygons)), (came, went), near_both))
    return made


def differences(
    before: shapely.MultiPolygon, after: shapely.MultiPolygon, *, whole: bool = False
) -> tuple[Ground, Ground]:
    """Return the ground gained and lost between two maps: by their edges where few differ, unless `whole`.

    Else by one overlay, whose parts are told apart by a point in each. It melts ground that came and ground that went
    beside it, and an overlay of lines that all but coincide may err by whole faces (GEOS 3.14): the change of the total
    tells, and its first moments where errors make up for each other. Then each way is overlaid by itself, and on a grid
    where that errs too, which moves every line by up to half of its width.
    """
    if not whole and (by_edges := edges.difference(before, after)):
        return by_edges
    if whole:
        geometry.refuse_crossings(geometry.directed_edges([before, after]))
    else:
        both = np.array([before, after, *geometry.polygonal(shapely.symmetric_difference(before, after))], dtype=object)
        sign = np.append([1, -1], np.full(len(both) - 2, -1))
        sign[2 + shapely.STRtree(shapely.point_on_surface(both[2:])).query(after, predicate="contains")] = 1
        m2 = shapely.area(both) * sign
        moments = m2[m2 != 0, None] * shapely.get_coordinates(shapely.centroid(both[m2 != 0]))
        if (np.abs(np.append(moments.sum(axis=0), m2.sum())) <= _OFF).all():
            return shapely.multipolygons(both[2:][sign[2:] > 0]), shapely.multipolygons(both[2:][sign[2:] < 0])
    for grid_m in (None, _GRID_M):
        gained, lost = (shapely.difference(*pair, grid_size=grid_m) for pair in ((after, before), (before, after)))
        change = shapely.area(after) - shapely.area(before)
        if abs(shapely.area(gained) - shapely.area(lost) - change) <= CONTRADICTION_KM2 * 1e6:
            break
    return gained, lost


def areas(ground: Ground, regions: RegionSet) -> Floats:
    """Return the area of ground by region, each measured by itself, (2, n + 2) in km².

    That is the area, and how much of it lies outside the region as drawn and was snapped to it: regions in the set's
    order, unassigned, total, which must be their sum. The ground is valid, in metres of the regions' projection.
    """
    return measured([geometry.polygonal(ground)], regions)[0][0]


def measured(groups: Sequence[Geometries], regions: RegionSet) -> list[tuple[Floats, Geometries, Floats]]:
    """Return the area of each group of polygons (k,) as `areas` does, at once; its parts; what of each lies beside.

    Parts thinner than rounding, which GEOS may turn into hundreds of km², are in the total only. What lies beside is
    (k, 2), as `RegionSet.split` returns it.
    """
    by_group, ends = [], np.cumsum([len(parts) for parts in groups])[:-1]
    areas_m2 = np.split(shapely.area(np.concatenate(groups)), ends)
    solid = [parts[m2 > _NOTHING_M2] for parts, m2 in zip(groups, areas_m2, strict=True)]
    for m2, parts, (km2, snapped_km2, beside_m2) in zip(areas_m2, solid, regions.split(*solid), strict=True):
        own, summed = float(np.sum(m2 / 1e6)), float(km2.sum())
        if abs(own - summed) > CONTRADICTION_KM2:
            raise contradiction(f"{own:.6f} km² in all, {summed:.6f} by region", "maps and the regions")
        both = np.array([np.append(km2, own), np.append(snapped_km2, np.sum(snapped_km2))])
        by_group.append((both, parts, beside_m2))
    return by_group


def by_region(parts: Geometries, regions: RegionSet) -> list[shapely.MultiPolygon]:
    """Return ground, polygons (k,) in metres, cut by region: (n + 1) in the set's order, and unassigned."""
    unassigned, assigned, owner = regions.cut(parts)
    cut = map(geometry.polygonal, [*(assigned[owner == region] for region in range(len(regions.names))), unassigned])
    return [geometry.union(part[shapely.area(part) > _NOTHING_M2]) for part in cut]


def largest_beside(parts: Geometries, beside_m2: Floats, regions: RegionSet, *, snapped: bool) -> shapely.Polygon:
    """Return the largest connected part of unassigned or of snapped ground; empty where there is none.

    What is connected lies in one part of the ground. So parts are cut in the order of how much each has at most,
    until none left can hold a larger one: one or two of a thousand. The ground is as in `Parts`.
    """
    most_m2 = beside_m2[:, int(snapped)]
    faces, most_m2 = parts[most_m2 > 0], most_m2[most_m2 > 0]
    # Several faces may be of one part.
    whole = np.array(geometry.union(faces).geoms, dtype=object)
    face, of = shapely.STRtree(whole).query(shapely.point_on_surface(faces), predicate="intersects")
    bounds_m2 = np.bincount(of, most_m2[face], minlength=len(whole)).astype(np.float64)
    largest = shapely.Polygon()
    for number in np.argsort(-bounds_m2, kind="stable"):
        if bounds_m2[number] <= largest.area:
            break
        unassigned, assigned, _ = regions.cut(whole[number : number + 1], beside=True)
        beside = geometry.union(geometry.polygonal(assigned) if snapped else unassigned)
        largest = max(largest, *beside.geoms, key=lambda polygon: polygon.area)
    return largest


def large_parts(parts: Geometries) -> Geometries:
    """Return the parts of a change (n,) that are large enough, largest first, faces of one put together (metres)."""
    sizable = parts[shapely.area(parts) >= _CRUMB_M2]
    if not np.sum(shapely.area(sizable)) >= LARGE_KM2 * 1e6:
        return sizable[:0]
    whole = np.array(geometry.union(sizable).geoms, dtype=object)
    km2 = geometry.area_km2(whole)
    # Not in the order of the overlay, which another version of GEOS may change.
    order = np.argsort(-km2, kind="stable")
    return np.asarray(whole[order[km2[order] >= LARGE_KM2]])
