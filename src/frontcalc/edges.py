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

Where it may fail. Cutting edges rounds their crossings, as every overlay must, and GEOS falls back to coarser noding
where that fails. So nothing is believed that does not prove itself. A line that bounds no face must be crossed
without a turn: as many new edges as old ones run along it either way, as where one map has a vertex on an edge of the
other and both are the same line to the last bit. Every winding number must be −1, 0 or +1, and the faces must add up
to the change of the total. Otherwise there is no answer, and the caller takes the plain way. The last of these cannot
see an error that gained and lost have in common: the plain way remains the oracle, on every pair of the publishers'
archives (docs/performance.md).
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc.geometry import Floats, Geometries, Ints, directed_edges, refuse_crossings, same_edges

MOST_DIFFERING = 0.2  # share of edges that differ above which the plain way is as fast
TOLERANCE_M2 = 0.01  # the faces may be so far from the change of the total: sums over whole maps err by a hundredth
_SAME_LINE_M = 1e-5  # ten times the grid that vertices lie on
_CELLS = 2_000_000  # of the table of points by edges: 16 MB


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
    faces = _faces(old_rest, new_rest)
    if faces is None:
        return None
    points = shapely.get_coordinates(shapely.point_on_surface(faces))
    turns = winding_numbers(points, new_rest) - winding_numbers(points, old_rest)
    areas = shapely.area(faces)
    change = shapely.area(after) - shapely.area(before)
    if (np.abs(turns) > 1).any() or abs(float(np.sum(turns * areas)) - change) > TOLERANCE_M2:
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
    x0, y0, x1, y1 = edges.T
    turns = [np.empty(0, dtype=np.int64)]
    at_once = max(1, _CELLS // max(1, len(edges)))
    for start in range(0, len(points), at_once):
        x, y = (points[start : start + at_once, axis, None] for axis in (0, 1))
        side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
        upward, downward = (y0 <= y) & (y < y1) & (side > 0), (y1 <= y) & (y < y0) & (side < 0)
        turns.append(upward.sum(axis=1) - downward.sum(axis=1))
    return np.concatenate(turns)


def _faces(old: Floats, new: Floats) -> Geometries | None:
    """Return the faces (n,) that edges (m, 4) and (k, 4) bound, None where other lines mark a change too."""
    edges = np.concatenate([old, new])
    if not len(edges):
        return np.empty(0, dtype=object)
    try:
        # Where edges nearly coincide, a union of the lines snaps them together more often than this.
        noded = shapely.get_parts(shapely.node(shapely.multilinestrings(joined(edges))))
    except shapely.GEOSException:
        return None
    faces, *loose = shapely.polygonize_full(noded)
    lines = shapely.get_parts(np.array(loose, dtype=object))
    if len(lines) and (turns_across(lines, new) != turns_across(lines, old)).any():
        return None
    return shapely.get_parts(faces)


def joined(edges: Floats, begins: NDArray[np.bool_] | None = None) -> Geometries:
    """Return edges (n, 4) as lines (m,), which begin at some (n,), or else where the edge before does not end."""
    if begins is None:
        begins = np.append(True, (edges[1:, :2] != edges[:-1, 2:]).any(axis=1))
    ends = edges[np.append(begins, True)[1:], 2:]
    line = np.append(np.cumsum(begins) - 1, np.arange(len(ends)))
    order = np.argsort(line, kind="stable")
    return np.asarray(shapely.linestrings(np.concatenate([edges[:, :2], ends])[order], indices=line[order]))


def turns_across(lines: Geometries, edges: Floats) -> Ints:
    """Return by how much the winding number of edges (n, 4) changes across each segment (m,) of lines.

    It is the number of edges that run along the segment's middle in its own direction, less those that run against it.
    """
    points, line = shapely.get_coordinates(lines, return_index=True)
    start = np.flatnonzero(line[1:] == line[:-1])
    forth = points[start + 1] - points[start]
    middle = points[start] + forth / 2
    places = shapely.points(middle)
    tree = shapely.STRtree(np.asarray(shapely.linestrings(edges.reshape(-1, 2, 2))))
    segment, near = tree.query(places, predicate="dwithin", distance=_SAME_LINE_M)
    along = np.sum(forth[segment] * (edges[near, 2:] - edges[near, :2]), axis=1)
    return np.bincount(segment, np.sign(along), minlength=len(start)).astype(np.int64)
