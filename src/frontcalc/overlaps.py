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

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely

from frontcalc.geometry import Floats, Geometries, Ints

ROUNDING_M2 = 1e-3  # a share below this cannot be told from rounding, and counts as none
_AT_ONCE = 30_000  # edges of pairs: some 10 MB, which allocators keep


def edges_of(polygons: Geometries) -> list[Floats]:
    """Return the edges (5, n) of each of some valid polygons (p,), none vertical, in the order of their left ends.

    They are x and y of the left ends; width and rise from there to the right ends; 1 where ground lies below an edge,
    −1 where it lies above.
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
    return [edges[:, first:last] for first, last in pairwise(np.searchsorted(owner, np.arange(len(polygons) + 1)))]


def shared_area_m2(one: Sequence[Floats], other: Sequence[Floats], i: Ints, j: Ints) -> Floats:
    """Return the area (m²) that polygons `i` (k,) share with others `j` (k,), k > 0, given as by `edges_of`."""
    counts_one, counts_other = (np.array([edges.shape[1] for edges in each]) for each in (one, other))
    cuts = np.flatnonzero(np.diff(np.cumsum(counts_one[i] + counts_other[j]) // _AT_ONCE)) + 1
    blocks = zip(np.split(i, cuts), np.split(j, cuts), strict=True)
    shared_m2 = np.concatenate([_shared([one[k] for k in mine], [other[k] for k in theirs]) for mine, theirs in blocks])
    return np.asarray(np.where(shared_m2 > ROUNDING_M2, shared_m2, 0.0))


def _shared(one: Sequence[Floats], other: Sequence[Floats]) -> Floats:
    """Return the area that polygons share with others (k,), each with its own."""
    of_a, of_b = (np.repeat(np.arange(len(each)), [edges.shape[1] for edges in each]) for each in (one, other))
    (ax, ay, a_width, a_rise, a_sign), (bx, by, b_width, b_rise, b_sign) = (
        np.concatenate(each, axis=1) for each in (one, other)
    )
    first_a, first_b = (np.searchsorted(of, np.arange(len(one))) for of in (of_a, of_b))
    east = np.maximum.reduceat(ax + a_width, first_a)
    foot = np.minimum.reduceat(ay + np.minimum(a_rise, 0), first_a)
    # Edges beyond the other polygon's west or east end meet none of its edges.
    a = np.flatnonzero((ax < np.maximum.reduceat(bx + b_width, first_b)[of_a]) & (ax + a_width > bx[first_b][of_a]))
    near = (bx < east[of_b]) & (bx + b_width > ax[first_a][of_b]) & (by + np.maximum(b_rise, 0) > foot[of_b])
    b = np.flatnonzero(near)
    m, n = _meeting(of_a[a], ax[a], a_width[a], of_b[b], bx[b], b_width[b])
    a, b = a[m], b[n]
    pair, sign = of_a[a], a_sign[a] * b_sign[b]
    ax, ay, a_width, a_rise = ax[a], ay[a] - foot[pair], a_width[a], a_rise[a]
    bx, by, b_width, b_rise = bx[b], by[b] - foot[pair], b_width[b], b_rise[b]
    start, end = np.maximum(ax, bx), np.minimum(ax + a_width, bx + b_width)
    # Divided before they are multiplied: a rise over a width that is next to nothing would be no number.
    a_start, a_end = (ay + a_rise * ((x - ax) / a_width) for x in (start, end))
    b_start, b_end = (by + b_rise * ((x - bx) / b_width) for x in (start, end))
    at_start, at_end = a_start - b_start, a_end - b_end
    apart = np.abs(at_start) + np.abs(at_end)
    crossing = (at_start < 0) != (at_end < 0)
    # Twice the mean of |a − b|: two triangles where they cross, a trapezoid elsewhere.
    apart[crossing] = (at_start[crossing] ** 2 + at_end[crossing] ** 2) / apart[crossing]
    below_both = np.maximum(end - start, 0) * (a_start + a_end + b_start + b_end - apart) / 4
    return np.bincount(pair, sign * below_both, minlength=len(one)).astype(np.float64)


def _meeting(
    group_a: Ints, x_a: Floats, width_a: Floats, group_b: Ints, x_b: Floats, width_b: Floats
) -> tuple[Ints, Ints]:
    """Return which edges (m,) and (n,) of one group span more than an end in common; both are sorted by group and x.

    Of two such edges either the second starts in the first, or the first after the second and in it. Some that end
    within rounding of each other are among them.
    """
    low = min(x_a.min(initial=0), x_b.min(initial=0))
    span = max((x_a + width_a).max(initial=0), (x_b + width_b).max(initial=0)) - low + 1
    # One number for group and x, in their order.
    starts_a, ends_a, starts_b, ends_b = (
        group * span + (x - low)
        for group, x in ((group_a, x_a), (group_a, x_a + width_a), (group_b, x_b), (group_b, x_b + width_b))
    )
    pairs = []
    for first, last in (
        (np.searchsorted(starts_b, starts_a), np.searchsorted(starts_b, ends_a, "right")),
        (np.searchsorted(starts_a, starts_b, "right"), np.searchsorted(starts_a, ends_b, "right")),
    ):
        # The numbers from each first to before each last, and which of the ranges each is in.
        counts = last - first
        one = np.repeat(np.arange(len(first)), counts)
        pairs.append((one, np.arange(len(one)) - (np.cumsum(counts) - counts - first)[one]))
    (m, n), (q, p) = pairs
    return np.concatenate([m, p]), np.concatenate([n, q])
