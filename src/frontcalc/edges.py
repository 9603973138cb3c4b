"""The difference of two maps from the edges that differ.

Daily maps repeat most of their edges, and overlaying the whole maps to find the rest is wasted work. The method:
take the directed edges of either map, drop those that both have, cut the rest where they meet, and see which
faces they bound.

Why it is exact. Turn all rings so that ground lies to the left: outlines run anticlockwise, holes clockwise. The
boundary of a valid multipolygon then winds once around each point inside it and not at all around any other, so
its winding number *is* the map: 1 where ground is held and 0 elsewhere. Winding numbers add up edge by edge.
That of the closing map's edges less the opening map's is therefore +1 on ground gained, −1 on ground lost and 0
elsewhere; an edge that both have, in the same direction, adds and takes away the same and can be left out of both.
The winding number changes only across an edge that is left, so it is constant on each face that these edges
bound, and one point of a face tells.

Where it may fail. Cutting edges rounds their crossings, as every overlay must, and GEOS fails, or falls back to coarser
noding, where lines all but coincide: mostly where one map has a vertex on an edge of the other. So edges are cut at
such vertices where many differ or a try without it fails: that moves nothing but last digits, and pieces that both have
are dropped too. And nothing is believed that does not prove itself: all lines must bound faces, every winding number
must be −1, 0 or +1, and the faces must add up to the change of the total. Otherwise there is no answer, and the caller
takes the plain way. The last of these cannot see an error that gained and lost have in common: the plain way remains
the oracle, on every pair of the publishers' archives (docs/performance.md).
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc.errors import DataError
from frontcalc.geometry import Floats, Geometries, Ints, directed_edges, meeting_boxes, refuse_crossings, same_edges

MOST_DIFFERING = 1 / 3  # share of edges that differ above which the plain way is as fast
TOLERANCE_M2 = 0.01  # the faces may be so far from the change of the total: sums over whole maps err by a hundredth
_ON_LINE_M = 1e-8  # as far as rounding moves a crossing aside
_CELLS = 2_000_000  # pairs of a point and an edge that are looked at at once: 16 MB; real maps have three an edge
_FEW = 1_000  # edges that differ, of which few lie all but on one another: they are cut where that is needed
_recent: list[tuple[shapely.Geometry, Floats]] = []  # the last two maps and their edges, since the next step needs one


def difference(before: shapely.MultiPolygon, after: shapely.MultiPolygon) -> tuple[Geometries, Geometries] | None:
    """Return ground gained and lost between two valid maps in metres, None where only the plain way can tell.

    Either is polygons (n,), which may touch and do not overlap.
    """
    known = {id(ground): (ground, edges) for ground, edges in _recent}
    _, old = first = known.get(id(before)) or (before, directed_edges(before))
    _, new = second = known.get(id(after)) or (after, directed_edges(after))
    _recent[:] = first, second
    old_rest, new_rest = (old[:0], new[:0]) if old is new else differing(old, new)  # a map often repeats the last
    refuse_crossings(np.concatenate([old_rest, new_rest]))  # edges that both maps have cross none of either
    if len(old_rest) + len(new_rest) > MOST_DIFFERING * (len(old) + len(new)):
        return None
    change_m2 = shapely.area(after) - shapely.area(before)
    if len(old_rest) + len(new_rest) <= _FEW and (ground := proven(old_rest, new_rest, change_m2)):
        return ground
    try:
        pieces, of = cut_at_vertices(np.concatenate([old_rest, new_rest]))
    except DataError:
        return None
    return proven(*differing(pieces[of < len(old_rest)], pieces[of >= len(old_rest)]), change_m2)


def proven(old: Floats, new: Floats, change_m2: float) -> tuple[Geometries, Geometries] | None:
    """Return the faces (n,) gained and lost that edges (m, 4) and (k, 4) bound, None where they do not prove right."""
    edges = np.concatenate([old[::-1, [2, 3, 0, 1]], new])  # what is taken away runs the other way
    try:
        # Where edges nearly coincide, a union of the lines snaps them together more often than this.
        noded = shapely.get_parts(shapely.node(shapely.multilinestrings(joined(edges))))
    except shapely.GEOSException:
        return None
    made, *loose = shapely.polygonize_full(noded)
    faces = shapely.get_parts(made)
    turns = winding_numbers(shapely.get_coordinates(shapely.point_on_surface(faces)), edges)
    off_m2 = float(np.sum(turns * shapely.area(faces))) - change_m2
    if not shapely.is_empty(loose).all() or (np.abs(turns) > 1).any() or abs(off_m2) > TOLERANCE_M2:
        return None
    return faces[turns == 1], faces[turns == -1]


def differing(old: Floats, new: Floats) -> tuple[Floats, Floats]:
    """Return which of two maps' edges (n, 4) and (m, 4) the other has not; some that both have do no harm."""
    first, second = same_edges(old, new)
    return np.delete(old, first, axis=0), np.delete(new, second, axis=0)


def winding_numbers(points: Floats, edges: Floats) -> Ints:
    """Return how often edges (n, 4), which close, wind around each point (m, 2) that is on none of them.

    Each edge that crosses the ray from the point eastwards counts, upwards +1 and downwards −1.
    """
    turns, order = np.zeros(len(points), dtype=np.int64), np.argsort(points[:, 1])
    at_once = max(1, _CELLS // max(1, len(edges)))
    for start in range(0, len(points), at_once):
        some = order[start : start + at_once]
        # Of each edge the points as high as it is, of these in the order of their height.
        first, last = np.searchsorted(points[some, 1], np.sort(edges[:, 1::2], axis=1)).T
        edge = np.repeat(np.arange(len(edges)), last - first)
        point = some[np.arange(len(edge)) - (np.cumsum(last - first) - last)[edge]]
        (x0, y0, x1, y1), (x, y) = edges[edge].T, points[point].T
        side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
        upward = np.sign(y1 - y0)
        turns += np.bincount(point, upward * (side * upward > 0), minlength=len(points)).astype(np.int64)
    return turns


def cut_at_vertices(edges: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return edges (n, 4) cut where others begin on them, (m, 4), and the edge of each; DataError: too many pairs."""
    tree = shapely.STRtree(np.asarray(shapely.linestrings(edges.reshape(-1, 2, 2))))
    other, edge = meeting_boxes(np.asarray(shapely.points(edges[:, :2])), tree, most=_CELLS)
    (x, y), (to_x, to_y) = (edges[other, :2] - edges[edge, :2]).T, (edges[:, 2:] - edges[:, :2])[edge].T
    along, aside, square = x * to_x + y * to_y, x * to_y - y * to_x, to_x * to_x + to_y * to_y
    on = np.flatnonzero((along > 0) & (along < square) & (aside * aside <= _ON_LINE_M**2 * square))
    on = on[np.lexsort([along[on], edge[on]])]
    # Several edges may begin at one place.
    on = on[np.append(True, (np.diff(edge[on]) != 0) | (np.diff(along[on]) != 0))[: len(on)]]
    of = np.sort(np.append(np.arange(len(edges)), edge[on]))
    pieces, at = edges[of], edge[on] + np.arange(len(on))
    pieces[at, 2:] = pieces[at + 1, :2] = edges[other[on], :2]
    return pieces, of


def joined(edges: Floats, begins: NDArray[np.bool_] | None = None) -> Geometries:
    """Return edges (n, 4) as lines (m,), which begin at some (n,), or else where the edge before does not end."""
    if begins is None:
        begins = np.append(True, (edges[1:, :2] != edges[:-1, 2:]).any(axis=1))[: len(edges)]
    ends = edges[np.append(begins, True)[1:], 2:]
    line = np.append(np.cumsum(begins) - 1, np.arange(len(ends)))
    order = np.argsort(line, kind="stable")
    return np.asarray(shapely.linestrings(np.concatenate([edges[:, :2], ends])[order], indices=line[order]))
