"""Pieces that make up the plane: regions made a partition, and ground met with them piece by piece."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.errors import DataError
from frontcalc.notices import Notice

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Owners = NDArray[np.intp]
Flags = NDArray[np.bool_]

MAY_SHARE = 0.01
"""What two regions may share, of the smaller one's area: more is no error of drawing."""

# Shared borders overlap by rounding alone; a square metre is far below every figure printed.
_TOUCHING_M2 = 1.0
_PLANE_M = 1e8  # beyond any coordinate of a projection of the Earth
_REST_VERTICES = 128


def meetings(
    tree: shapely.STRtree, parts: Geometries, wanted: Flags | None = None
) -> tuple[Owners, Owners, Geometries, Flags]:
    """Return the pairs (k,) of a part of some ground and a piece that meet, and what they share where that is easy.

    `tree` is of pieces (m,) that are small, without overlap, in metres and prepared: for one thread alone, since GEOS
    completes a prepared geometry while it is asked. `parts` (n,) are valid polygons in metres, and `wanted` (m,) says
    which pieces are of interest, else all.

    Returned are which part and which piece, (k,) each; what the two share (k,): the piece where the part lies around
    it, else the part, to be cut where the border of one may run through the other; and where that is (k,).
    """
    pieces = tree.geometries
    part, piece = tree.query(parts)
    if wanted is not None:
        part, piece = part[wanted[piece]], piece[wanted[piece]]
    inside = shapely.contains_properly(pieces[piece], parts[part])
    met = inside.copy()
    met[~inside] = shapely.intersects(pieces[piece[~inside]], parts[part[~inside]])
    part, piece, inside = part[met], piece[met], inside[met]
    # Only a part whose box holds the piece's can lie around it.
    outer, inner = shapely.bounds(parts[part]), shapely.bounds(pieces[piece])
    boxed = (outer[:, :2] <= inner[:, :2]).all(axis=1) & (inner[:, 2:] <= outer[:, 2:]).all(axis=1)
    around = np.asarray(~inside & boxed)
    shapely.prepare(parts[part[around]])
    around[around] = shapely.contains_properly(parts[part[around]], pieces[piece[around]])
    return part, piece, np.where(around, pieces[piece], parts[part]), ~(inside | around)


def rest_of_plane(taken: Geometries) -> Geometries:
    """Return the ground outside some polygons in metres, as small polygons (n,)."""
    everything = shapely.box(-_PLANE_M, -_PLANE_M, _PLANE_M, _PLANE_M)
    rest = geometry.polygonal(shapely.difference(everything, shapely.union_all(taken)))
    return geometry.subdivide(rest, _REST_VERTICES)[0]


def overlaps(pieces: Geometries, owner: Owners) -> tuple[Owners, Owners, dict[tuple[int, int], float]]:
    """Return the pairs (k,) of pieces of two regions that share ground, and what each pair of regions shares (m²).

    Pieces (m,) are in metres, those of a region together; a pair has the region first whose pieces come first.
    """
    first, second = shapely.STRtree(pieces).query(pieces)
    apart = (first < second) & (owner[first] != owner[second])
    first, second = first[apart], second[apart]
    shared_m2 = shapely.area(shapely.intersection(pieces[first], pieces[second]))
    real = shared_m2 > 0
    first, second = first[real], second[real]
    by_pair: dict[tuple[int, int], float] = {}
    for one, other, m2 in zip(owner[first].tolist(), owner[second].tolist(), shared_m2[real].tolist(), strict=True):
        by_pair[one, other] = by_pair.get((one, other), 0.0) + m2
    return first, second, by_pair


def partition(
    pieces: Geometries, owner: Owners, names: tuple[str, ...], where: str
) -> tuple[Geometries, Owners, tuple[Notice, ...]]:
    """Give what two regions share to the one whose pieces come first, and say how much that was.

    Pieces (m,) are in metres, and those of one region do not overlap; `owner` has the index into `names` of the region
    of each. Regions that share more than `MAY_SHARE` of the smaller are refused.
    """
    first, second, by_pair = overlaps(pieces, owner)
    notices: tuple[Notice, ...] = ()
    if (total_m2 := sum(by_pair.values())) > _TOUCHING_M2:
        area_m2 = np.bincount(owner, shapely.area(pieces))
        share = {pair: m2 / float(min(area_m2[list(pair)])) for pair, m2 in by_pair.items()}
        worst, largest = max(share, key=share.__getitem__), max(by_pair, key=by_pair.__getitem__)
        if share[worst] > MAY_SHARE:
            raise DataError(
                f"{names[worst[0]]} and {names[worst[1]]} overlap by {by_pair[worst] / 1e6:.3f} km², "
                f"{share[worst]:.1%} of the smaller",
                where=where,
                cure=f"give a file whose regions share no more than {MAY_SHARE:.0%}",
            )
        most = f"{names[largest[0]]} and {names[largest[1]]} ({by_pair[largest] / 1e6:.3f} km²)"
        notices = (Notice("REGIONS-OVERLAP", f"{where}: {total_m2 / 1e6:.3f} km², most between {most}"),)
    pieces = pieces.copy()
    for early, late in zip(first, second, strict=True):
        pieces[late] = shapely.difference(pieces[late], pieces[early])
    polygons, index = geometry.polygons_of(pieces)
    return polygons, owner[index], notices
