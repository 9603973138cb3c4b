"""A region set as a value, and the splitting of ground by it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.notices import Notice
from frontcalc.regions.cutting import Floats, Geometries, Owners, Plane, plane_of, rest_of_plane
from frontcalc.sources import SourceFile

UNASSIGNED = "unassigned"
"""The row of what no region takes."""

TOTAL = "total"
"""The name of the row, and of its level, that measures everything at once."""


class Ground(NamedTuple):
    """Ground split by regions.

    Parameters
    ----------
    unassigned : (k,) array of Polygon
        What no region takes.
    taken : (l,) array of geometry
        What regions take, cut small.
    owner : (l,) array of int
        The place of its region in the set.
    zone : (l,) array of bool
        Whether the region takes it by snapping only.
    """

    unassigned: Geometries
    taken: Geometries
    owner: Owners
    zone: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Split:
    """The areas of ground by region.

    Parameters
    ----------
    km2 : (n + 1,) array of float
        The area in each region; the last is what no region takes, measured by itself (km²).
    snapped_km2 : (n + 1,) array of float
        How much of it lies outside the region as drawn, in ground that was snapped to it; the last is 0.
    regions : RegionSet
        The regions.
    parts : (k,) array of Polygon
        The ground.
    beside_m2 : (k, 2) array of float
        How much of each part no region takes, and how much is snapped (m²).
    """

    km2: Floats
    snapped_km2: Floats
    regions: RegionSet
    parts: Geometries
    beside_m2: Floats

    @cached_property
    def ground(self) -> Ground:
        """The ground itself, cut by regions where it is asked for: figures alone need no overlay."""
        return self.regions.cut(self.parts)

    def largest_beside(self, *, snapped: bool) -> shapely.Polygon:
        """Return the largest connected part of what no region takes, or of what is snapped; empty where there is none.

        What is connected lies in one part of the ground. So parts are cut in the order of how much each has at most,
        until what is left has less than was found: one or two of a thousand.
        """
        most_m2 = self.beside_m2[:, int(snapped)]
        faces, most_m2 = self.parts[most_m2 > 0], most_m2[most_m2 > 0]
        # Several faces may be of one part.
        whole = np.array(geometry.union(faces).geoms, dtype=object)
        face, of = shapely.STRtree(whole).query(shapely.point_on_surface(faces), predicate="intersects")
        bounds_m2 = np.bincount(of, most_m2[face], minlength=len(whole)).astype(np.float64)
        largest = shapely.Polygon()
        for number in np.argsort(-bounds_m2, kind="stable"):
            if bounds_m2[number] <= largest.area:
                break
            ground = self.regions.cut(whole[number : number + 1], beside=True)
            beside = geometry.union(geometry.polygonal(ground.taken) if snapped else ground.unassigned)
            largest = max(largest, *beside.geoms, key=lambda polygon: polygon.area)
        return largest


@dataclass(frozen=True, slots=True, eq=False)
class RegionSet:
    """Regions as a partition: no point is in two of them.

    Parameters
    ----------
    level : str
        What the `level` column says, as in «adm1».
    names : tuple of str
        One a region, sorted; regions that share a name differ in country, code or parent.
    pieces : (m,) array of shapely Polygon
        The regions, cut small, in metres of the equal-area projection.
    owner : (m,) array of int
        The index into `names` of each piece's region.
    land : (k,) array of shapely Polygon
        The regions as drawn, in few, large polygons, which may overlap.
    source : SourceFile or None
        The file, None for the empty set.
    notices : tuple of Notice
        What was done to make it a partition.
    countries : tuple of str
        The country of each region, a code (ISO 3166-1) or a name as the file has it, empty where it is not
        known; no entries where none is.
    codes : tuple of str
        The code of each region (ISO 3166-2 or the file's own), empty where it has none.
    spellings : tuple of tuple of str
        What else each region is called.
    country_names : mapping of str to tuple of str
        What countries are called, by code; the first name is the one to show.
    land_owner : (k,) array of int, optional
        The index into `names` of each polygon of `land`; the pieces' where it is left out.
    snapped : (m,) array of bool, optional
        Which pieces lie outside their region as drawn and were snapped to it; none where it is left out.
    nowhere : (j,) array of shapely Polygon, optional
        The rest of the plane, cut small; found when it is needed where it is left out.
    partial_countries : tuple of str
        Those of which the set has some regions only.
    parents : tuple of str
        What the file says that each region is part of, empty where it does not; no entries where it never does.
    accuracy : str
        How far the borders can be trusted, in a few words; empty where nothing is known of it.
    """

    level: str
    names: tuple[str, ...]
    pieces: Geometries
    owner: Owners
    land: Geometries
    source: SourceFile | None = None
    notices: tuple[Notice, ...] = ()
    countries: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    spellings: tuple[tuple[str, ...], ...] = ()
    country_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    land_owner: Owners | None = None
    snapped: NDArray[np.bool_] | None = None
    nowhere: Geometries | None = None
    accuracy: str = ""
    partial_countries: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()

    def land_km2(self) -> Floats:
        """Return the area of each region's land as the set draws it, (n,) in km²; what is snapped is not drawn."""
        areas = np.zeros(len(self.names))
        drawn = slice(None) if self.snapped is None else ~self.snapped
        np.add.at(areas, self.owner[drawn], geometry.area_km2(self.pieces[drawn]))
        return areas

    def of_country(self, country: str) -> NDArray[np.bool_]:
        """Say of each region (n,) whether it is of a country; none is of the country without a name."""
        countries = self.countries or ("",) * len(self.names)
        return np.array([bool(country) and own.casefold() == country.casefold() for own in countries], dtype=bool)

    def without(self, regions: NDArray[np.bool_]) -> RegionSet:
        """Return the set, as drawn, in which some of the regions (n,) take nothing; they stay as rows."""
        if not regions.any():
            return self
        kept = ~regions[self.owner]
        owner = self.owner if self.land_owner is None else self.land_owner
        kept_land = ~regions[owner]
        return replace(
            self,
            pieces=self.pieces[kept],
            owner=self.owner[kept],
            land=self.land[kept_land],
            land_owner=owner[kept_land],
        )

    def with_zones(self, zones: Geometries, owner: Owners, nowhere: Geometries) -> RegionSet:
        """Return the set with more pieces, snapped to regions; with its own they leave `nowhere` to nobody."""
        return replace(
            self,
            pieces=np.concatenate([self.pieces, zones]),
            owner=np.concatenate([self.owner, owner]),
            snapped=np.repeat([False, True], [len(self.pieces), len(zones)]),
            nowhere=nowhere,
        )

    def split(self, *groups: Geometries) -> tuple[Split, ...]:
        """Measure groups of polygons by region, each group by itself, and by itself what no region takes.

        Parameters
        ----------
        *groups : (k,) array of shapely Polygon
            Each valid and without overlap, in metres. Several at once cost little more than one.
        """
        shares = self._plane().shares(np.concatenate(groups))
        lengths = [len(parts) for parts in groups]
        group = np.repeat(np.arange(len(groups)), lengths)[shares.polygon]
        row, zone = self._rows(shares.piece)
        rows, shared_km2 = len(self.names) + 1, shares.m2 / 1e6
        place, size = group * rows + row, len(groups) * rows
        km2 = _sums(place, shared_km2, size).reshape(-1, rows)
        snapped_km2 = _sums(place[zone], shared_km2[zone], size).reshape(-1, rows)
        kinds = (row == rows - 1, zone)
        beside_m2 = [_sums(shares.polygon[mine], shares.m2[mine], sum(lengths)) for mine in kinds]
        by_group = np.split(np.column_stack(beside_m2), np.cumsum(lengths)[:-1])
        figures = zip(km2, snapped_km2, groups, by_group, strict=True)
        return tuple(Split(taken, snapped, self, parts, beside) for taken, snapped, parts, beside in figures)

    def cut(self, parts: Geometries, *, beside: bool = False) -> Ground:
        """Return polygons (k,) as `split` takes them, cut by region; or only what of them lies beside the regions."""
        plane = self._plane()
        wanted = None
        if beside:
            wanted = np.ones(len(plane.pieces), dtype=bool)
            wanted[: len(self.pieces)] = False if self.snapped is None else self.snapped
        shares, piece = plane.cut(parts, wanted)
        row, zone = self._rows(piece)
        taken = row < len(self.names)
        return Ground(geometry.polygonal(shares[~taken]), shares[taken], row[taken], zone[taken])

    def prepare(self) -> None:
        """Prepare what `split` and `cut` need in this thread, which they would do themselves."""
        self._plane()

    def _plane(self) -> Plane:
        """Return the plane to cut by in this thread."""
        return _plane(self, threading.get_ident())

    def _rows(self, piece: Owners) -> tuple[Owners, NDArray[np.bool_]]:
        """Return the row of pieces of the plane (k,), the last for nobody's, and whether they are snapped."""
        nobody = max(0, piece.max(initial=-1) + 1 - len(self.pieces))
        drawn = np.zeros(len(self.pieces), dtype=bool) if self.snapped is None else self.snapped
        owner = np.append(self.owner, np.full(nobody, len(self.names)))
        return owner[piece], np.append(drawn, np.zeros(nobody, dtype=bool))[piece]


def _sums(row: Owners, figures: Floats, rows: int) -> Floats:
    """Return the sum of the figures of each row (rows,)."""
    sums = np.zeros(rows)
    np.add.at(sums, row, figures)
    return sums


@lru_cache(maxsize=16)
def _plane(regions: RegionSet, thread: int) -> Plane:
    """Return a set's pieces and the rest of the plane, ready to cut by in one thread, which is named for that alone."""
    nowhere = rest_of_plane(regions.pieces) if regions.nowhere is None else regions.nowhere
    return plane_of(np.concatenate([regions.pieces, nowhere]))


def no_regions() -> RegionSet:
    """Return the empty set: everything is total."""
    nothing = np.empty(0, dtype=object)
    return RegionSet("none", (), nothing, np.empty(0, dtype=np.intp), nothing)


def boxes_in_degrees(regions: RegionSet, plane: str) -> Geometries:
    """Return a box in degrees around each piece of a set that is in the CRS `plane`."""
    west, south, east, north = shapely.bounds(regions.pieces).reshape(-1, 4).T
    to_degrees = crs.transformer(plane, crs.LONLAT).transform
    return np.asarray(shapely.box(*to_degrees(west, south), *to_degrees(east, north)))
