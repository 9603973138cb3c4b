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

import numpy as np
import shapely
from numpy.typing import NDArray

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ROUNDING_M2 = 1e-3
"""A share below this cannot be told from rounding, and counts as none."""

_AT_ONCE = 100_000  # edges of pairs: some 30 MB


def edges_of(polygons: Geometries) -> tuple[Floats, Ints]:
    """Return the edges of valid polygons (p,), none vertical, those of each polygon in the order of their left ends.

    Returns
    -------
    edges : (5, n) array of float
        x and y of the left ends; width and rise from there to the right ends; 1 where ground lies below an edge, −1
        where it lies above.
    first : (p + 1,) array of int
        Where each polygon's edges begin, and their number.
    """
    rings, polygon = shapely.get_rings(shapely.orient_polygons(polygons), return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    x, y = np.ascontiguousarray(points.T)
    drawn = np.flatnonzero((ring[1:] == ring[:-1]) & (x[1:] != x[:-1]))
    # With ground to the left, an edge that runs westwards has it below.
    westward = x[drawn + 1] < x[drawn]
    left, owner = drawn + westward, polygon[ring[drawn]]
    order = np.lexsort([x[left], owner])
    left, right, owner = left[order], (drawn + ~westward)[order], owner[order]
    sign = np.where(westward[order], 1.0, -1.0)
    edges = np.stack([x[left], y[left], x[right] - x[left], y[right] - y[left], sign])
    return edges, np.searchsorted(owner, np.arange(len(polygons) + 1))


def shared_area_m2(one: Geometries, other: Geometries, i: Ints, j: Ints) -> Floats:
    """Return the area that polygons `i` (k,) of some share with polygons `j` (k,) of others, each in m²."""
    (of_one, first_one), (of_other, first_other) = edges_of(one), edges_of(other)
    bounds_one, bounds_other = shapely.bounds(one), shapely.bounds(other)
    edges = np.cumsum(np.diff(first_one)[i] + np.diff(first_other)[j])
    cuts = np.flatnonzero(np.diff(edges // _AT_ONCE)) + 1
    blocks = []
    for mine, theirs in zip(np.split(i, cuts), np.split(j, cuts), strict=True):
        a, pair_a = _ranges(first_one[mine], first_one[mine + 1])
        b, pair_b = _ranges(first_other[theirs], first_other[theirs + 1])
        west, foot, east, _ = bounds_one[mine].T
        # Edges beyond the other polygon's west or east end meet none of its edges.
        from_west, _, from_east, _ = bounds_other[theirs].T
        x, _, width, _, _ = of_one[:, a]
        near = (x < from_east[pair_a]) & (x + width > from_west[pair_a])
        a, pair_a, x_a, width_a = a[near], pair_a[near], x[near], width[near]
        x, y, width, rise, _ = of_other[:, b]
        near = (x < east[pair_b]) & (x + width > west[pair_b]) & (y + np.maximum(rise, 0) > foot[pair_b])
        b, pair_b, x_b, width_b = b[near], pair_b[near], x[near], width[near]
        m, n = _meeting(pair_a, x_a, width_a, pair_b, x_b, width_b)
        pair = pair_a[m]
        a_x, a_y, a_width, a_rise, a_sign = of_one[:, a[m]]
        b_x, b_y, b_width, b_rise, b_sign = of_other[:, b[n]]
        a_y, b_y = a_y - foot[pair], b_y - foot[pair]
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
        signed = a_sign * b_sign * below_both
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
