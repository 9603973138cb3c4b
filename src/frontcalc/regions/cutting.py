"""Cutting ground by pieces that make up the plane: regions, what is snapped to them, and what is left to nobody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Owners = NDArray[np.intp]

_PLANE_M = 1e8  # beyond any coordinate of a projection of the Earth
_REST_VERTICES = 128


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

    def cut(self, ground: Geometries) -> tuple[Geometries, Owners]:
        """Return what ground shares with each piece it meets, and the piece of each share.

        Parameters
        ----------
        ground : (n,) array of Polygon
            Valid and without overlap, in metres.

        Returns
        -------
        shares : (k,) array of geometry
            Of any kind, since ground may only touch a piece.
        piece : (k,) array of int
        """
        parts, _ = geometry.subdivide(ground)
        part, piece = self.tree.query(parts)
        inside = shapely.contains_properly(self.pieces[piece], parts[part])
        met = inside.copy()
        met[~inside] = shapely.intersects(self.pieces[piece[~inside]], parts[part[~inside]])
        part, piece, inside = part[met], piece[met], inside[met]
        # A part inside a piece, and a piece inside a part, is shared whole and needs no overlay.
        shapely.prepare(parts)
        around = ~inside
        around[around] = shapely.contains_properly(parts[part[around]], self.pieces[piece[around]])
        crossing = ~(inside | around)
        shares = parts[part]
        shares[around] = self.pieces[piece[around]]
        shares[crossing] = shapely.intersection(shares[crossing], self.pieces[piece[crossing]])
        return shares, piece


def plane_of(pieces: Geometries) -> Plane:
    """Return pieces (n,) of the plane, small and without overlap, ready to cut by."""
    # Copies: others have the pieces too, and a prepared geometry must not cross threads.
    own = shapely.from_wkb(shapely.to_wkb(pieces))
    shapely.prepare(own)
    return Plane(own, shapely.STRtree(own))


def rest_of_plane(taken: Geometries) -> Geometries:
    """Return the ground outside some polygons in metres, as small polygons (n,)."""
    everything = shapely.box(-_PLANE_M, -_PLANE_M, _PLANE_M, _PLANE_M)
    rest = geometry.polygonal(np.array([shapely.difference(everything, shapely.union_all(taken))]))
    return geometry.subdivide(rest, _REST_VERTICES)[0]
