"""Cutting ground by pieces that make up the plane: regions, what is snapped to them, and what is left to nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.overlaps import Edges, edges_of, one_by_one, shared_area_m2, together

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Owners = NDArray[np.intp]
Wanted = NDArray[np.bool_]

_PLANE_M = 1e8  # beyond any coordinate of a projection of the Earth
_REST_VERTICES = 128
_PART_VERTICES = 128  # of ground that is measured: as many as pieces have, since each edge of either is looked at


class Meetings(NamedTuple):
    """Pairs (k,) of a part of some ground and a piece of the plane that meet.

    Parameters
    ----------
    part, piece : (k,) array of int
        Which.
    around : (k,) array of bool
        Whether the piece lies wholly in the part.
    crossing : (k,) array of bool
        Whether the border of one may run through the other; else the part lies wholly in the piece.
    """

    part: Owners
    piece: Owners
    around: NDArray[np.bool_]
    crossing: NDArray[np.bool_]


class Shares(NamedTuple):
    """Areas (k,) that polygons of some ground share with pieces of the plane, in m², and which polygon and piece."""

    m2: Floats
    polygon: Owners
    piece: Owners


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Pieces of the plane, prepared and indexed for many overlays.

    It is for one thread alone: GEOS completes a prepared geometry while it is asked.

    Parameters
    ----------
    pieces : (m,) array of Polygon
        Small and without overlap, in metres.
    tree : STRtree
        Of the pieces.
    """

    pieces: Geometries
    tree: shapely.STRtree
    _edges: dict[int, Edges] = field(default_factory=dict)

    def shares(self, ground: Geometries) -> Shares:
        """Return the areas that ground shares with the pieces it meets.

        Parameters
        ----------
        ground : (n,) array of Polygon
            Valid and without overlap, in metres.
        """
        parts, owner = geometry.subdivide(ground, _PART_VERTICES)
        part, piece, around, crossing = self._meetings(parts)
        whole = np.where(around, self.pieces[piece], parts[part])
        shared_m2 = shapely.area(whole)
        if crossing.any():
            cut, number = np.unique(part[crossing], return_inverse=True)
            met, place = np.unique(piece[crossing], return_inverse=True)
            shared_m2[crossing] = shared_area_m2(edges_of(parts[cut]), self._edges_of(met), number, place)
        return Shares(shared_m2, owner[part], piece)

    def cut(self, ground: Geometries, wanted: Wanted | None = None) -> tuple[Geometries, Owners]:
        """Return what ground shares with each piece it meets, and the piece of each share.

        Parameters
        ----------
        ground : (n,) array of Polygon
            Valid and without overlap, in metres.
        wanted : (m,) array of bool, optional
            Which pieces are of interest, all where it is left out.

        Returns
        -------
        shares : (k,) array of geometry
            Of any kind, since ground may only touch a piece.
        piece : (k,) array of int
        """
        parts, _ = geometry.subdivide(ground)
        part, piece, around, crossing = self._meetings(parts, wanted)
        shares = np.where(around, self.pieces[piece], parts[part])
        shares[crossing] = shapely.intersection(shares[crossing], self.pieces[piece[crossing]])
        return shares, piece

    def _edges_of(self, pieces: Owners) -> Edges:
        """Return the edges of some pieces (k,), each found when it is first asked for: a front crosses few of them."""
        wanted = pieces.tolist()
        new = [piece for piece in wanted if piece not in self._edges]
        self._edges.update(zip(new, one_by_one(edges_of(self.pieces[new])), strict=True))
        return together([self._edges[piece] for piece in wanted])

    def _meetings(self, parts: Geometries, wanted: Wanted | None = None) -> Meetings:
        """Return which parts (n,) of some ground meet which pieces (of those that are wanted), and how."""
        part, piece = self.tree.query(parts)
        if wanted is not None:
            part, piece = part[wanted[piece]], piece[wanted[piece]]
        inside = shapely.contains_properly(self.pieces[piece], parts[part])
        met = inside.copy()
        met[~inside] = shapely.intersects(self.pieces[piece[~inside]], parts[part[~inside]])
        part, piece, inside = part[met], piece[met], inside[met]
        around = ~inside & _box_around(parts[part], self.pieces[piece])
        shapely.prepare(parts[part[around]])
        around[around] = shapely.contains_properly(parts[part[around]], self.pieces[piece[around]])
        return Meetings(part, piece, around, ~(inside | around))


def _box_around(outer: Geometries, inner: Geometries) -> NDArray[np.bool_]:
    """Say of each pair (k,) whether the box of the one lies in that of the other."""
    a, b = shapely.bounds(outer), shapely.bounds(inner)
    return np.asarray((a[:, :2] <= b[:, :2]).all(axis=1) & (b[:, 2:] <= a[:, 2:]).all(axis=1))


def plane_of(pieces: Geometries) -> Plane:
    """Return pieces (n,) of the plane, small and without overlap, ready to cut by."""
    # Copies: others have the pieces too, and a prepared geometry must not cross threads.
    own = shapely.orient_polygons(pieces)
    shapely.prepare(own)
    return Plane(own, shapely.STRtree(own))


def rest_of_plane(taken: Geometries) -> Geometries:
    """Return the ground outside some polygons in metres, as small polygons (n,)."""
    everything = shapely.box(-_PLANE_M, -_PLANE_M, _PLANE_M, _PLANE_M)
    rest = geometry.polygonal(shapely.difference(everything, shapely.union_all(taken)))
    return geometry.subdivide(rest, _REST_VERTICES)[0]
