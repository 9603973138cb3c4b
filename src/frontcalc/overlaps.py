"""The area that two polygons share, from their edges: no overlay is made.

Why it is right. Let an edge be *upper* where ground lies below it and *lower* where ground lies above, and give it
the sign +1 or −1; a vertical edge has none. A polygon is then the sum, by these signs, of what lies below its edges:
at any x, as many upper edges as lower ones lie above a point outside it, and one upper edge more above a point inside.
What two polygons share is the product of two such sums, and what lies below both of two edges lies below the lower of
them. So the area shared is, over all pairs of an edge `a` of the one and `b` of the other,

    Σ sign(a) sign(b) ∫ min(a(x), b(x)) dx        over the x that both edges span,

and the minimum of two straight lines has an integral in closed form: min(a, b) = (a + b − |a − b|) / 2.

No crossing is looked for, nothing is rounded to a grid and nothing can fail: the sum changes as little as coordinates
do, also where edges touch or coincide. Of each closed ring, upper and lower edges balance at every x. Hence heights may
be measured from anywhere: here from the foot of the first polygon, so that figures stay small. And hence an edge `b`
below that foot can be left out, since the minimum is `b` itself, whatever `a` is.

What remains is rounding: 1e-5 m² where shares are of square kilometres.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ROUNDING_M2 = 1e-3
"""A share below this cannot be told from rounding, and counts as none."""

_AT_ONCE = 100_000  # edges of pairs: some 30 MB


class Edges(NamedTuple):
    """The edges of polygons (p,), none vertical, those of each polygon in the order of their left ends.

    Parameters
    ----------
    x, y : (n,) array of float
        The left ends.
    width, rise : (n,) array of float
        What leads from there to the right ends.
    sign : (n,) array of float
        1 where ground lies below an edge, −1 where it lies above.
    first : (p + 1,) array of int
        Where each polygon's edges begin, and their number.
    bounds : (p, 4) array of float
        West, south, east and north of each polygon.
    """

    x: Floats
    y: Floats
    width: Floats
    rise: Floats
    sign: Floats
    first: Ints
    bounds: Floats


def edges_of(polygons: Geometries) -> Edges:
    """Return the edges of valid polygons (p,)."""
    rings, polygon = shapely.get_rings(shapely.orient_polygons(polygons), return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    x, y = np.ascontiguousarray(points.T)
    drawn = np.flatnonzero((ring[1:] == ring[:-1]) & (x[1:] != x[:-1]))
    # With ground to the left, an edge that runs westwards has it below.
    westward = x[drawn + 1] < x[drawn]
    left, owner = drawn + westward, polygon[ring[drawn]]
    order = np.lexsort([x[left], owner])
    left, right, owner = left[order], (drawn + ~westward)[order], owner[order]
    return Edges(
        x[left],
        y[left],
        x[right] - x[left],
        y[right] - y[left],
        np.where(westward[order], 1.0, -1.0),
        np.searchsorted(owner, np.arange(len(polygons) + 1)),
        shapely.bounds(polygons),
    )


def shared_area_m2(one: Edges, other: Edges, i: Ints, j: Ints) -> Floats:
    """Return the area that polygons `i` (k,) of one set share with polygons `j` (k,) of another, each in m²."""
    edges = np.cumsum(np.diff(one.first)[i] + np.diff(other.first)[j])
    cuts = np.flatnonzero(np.diff(edges // _AT_ONCE)) + 1
    blocks = []
    for mine, theirs in zip(np.split(i, cuts), np.split(j, cuts), strict=True):
        a, pair_a = _ranges(one.first[mine], one.first[mine + 1])
        b, pair_b = _ranges(other.first[theirs], other.first[theirs + 1])
        west, foot, east, _ = one.bounds[mine].T
        # Edges beyond the other polygon's west or east end meet none of its edges.
        from_west, _, from_east, _ = other.bounds[theirs].T
        near = (one.x[a] < from_east[pair_a]) & (one.x[a] + one.width[a] > from_west[pair_a])
        a, pair_a = a[near], pair_a[near]
        near = (other.x[b] < east[pair_b]) & (other.x[b] + other.width[b] > west[pair_b])
        near &= other.y[b] + np.maximum(other.rise[b], 0) > foot[pair_b]
        b, pair_b = b[near], pair_b[near]
        m, n = _meeting(pair_a, one.x[a], one.width[a], pair_b, other.x[b], other.width[b])
        a, b, pair = a[m], b[n], pair_a[m]
        a_x, a_y, a_width, a_rise = one.x[a], one.y[a] - foot[pair], one.width[a], one.rise[a]
        b_x, b_y, b_width, b_rise = other.x[b], other.y[b] - foot[pair], other.width[b], other.rise[b]
        start, end = np.maximum(a_x, b_x), np.minimum(a_x + a_width, b_x + b_width)
        # Divided before they are multiplied: a rise over a width that is next to nothing would be no number.
        a_start, a_end = (a_y + a_rise * ((x - a_x) / a_width) for x in (start, end))
        b_start, b_end = (b_y + b_rise * ((x - b_x) / b_width) for x in (start, end))
        at_start, at_end = a_start - b_start, a_end - b_end
        apart = np.abs(at_start) + np.abs(at_end)
        crossing = (at_start < 0) != (at_end < 0)
        # Twice the mean of |a − b|: two triangles where they cross, a trapezoid elsewhere.
        apart[crossing] = (at_start[crossing] ** 2 + at_end[crossing] ** 2) / apart[crossing]
        below_both = (end - start) * (a_start + a_end + b_start + b_end - apart) / 4
        signed = one.sign[a] * other.sign[b] * below_both
        blocks.append(np.bincount(pair, signed, minlength=len(mine)))
    shared_m2 = np.concatenate(blocks)
    return np.asarray(np.where(shared_m2 > ROUNDING_M2, shared_m2, 0.0))


def _ranges(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return the numbers from each first (k,) to before each last, and the range that each is of."""
    counts = last - first
    of = np.repeat(np.arange(len(first)), counts)
    return np.arange(len(of)) - (np.cumsum(counts) - counts - first)[of], of


def _meeting(
    group_a: Ints, x_a: Floats, width_a: Floats, group_b: Ints, x_b: Floats, width_b: Floats
) -> tuple[Ints, Ints]:
    """Return which edges (m,) and (n,) of one group span more than an end in common; both are sorted by group and x.

    Of two such edges either the second starts in the first, or the first after the second and in it.
    """
    places = np.sort(np.concatenate([x_a, x_b]))
    # One number for group and x, in their order.
    starts_a, ends_a, starts_b, ends_b = (
        group * (len(places) + 1) + np.searchsorted(places, x)
        for group, x in ((group_a, x_a), (group_a, x_a + width_a), (group_b, x_b), (group_b, x_b + width_b))
    )
    n, m = _ranges(np.searchsorted(starts_b, starts_a), np.searchsorted(starts_b, ends_a))
    p, q = _ranges(np.searchsorted(starts_a, starts_b, "right"), np.searchsorted(starts_a, ends_b))
    return np.concatenate([m, p]), np.concatenate([n, q])
