"""Ground in pieces, each held from one map to another: what is lost is cut out of what is held, step by step.

An overlay of lines that all but coincide may give a face to the wrong side (see `frontcalc.change.differences`), and
here what one step leaves is what the next one cuts. So each cut is proved: of every piece, what went and what is left
add up to it; and what went adds up to what the step lost. Where they do not, the cut is made anew on a grid of a
micrometre.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.change import CONTRADICTION_KM2, Geometries, Parts, contradiction
from frontcalc.regions import RegionSet

Places = NDArray[np.intp]

_GRID_M = 2.0**-20
_NOTHING_M2 = 1e-6  # thinner than rounding
_EXACT_M2 = 1.0  # what a step's cuts may be off without being made anew


def by_place(ground: Geometries, regions: RegionSet) -> tuple[Geometries, Places]:
    """Return ground, polygons (k,) in metres, cut small (m,), with the region of each; unassigned after the last."""
    unassigned, assigned, owner = regions.cut(ground)
    parts, of = geometry.polygons_of(np.concatenate([assigned, unassigned]))
    owner = np.append(owner, np.full(len(unassigned), len(regions.names), dtype=np.intp))[of]
    solid = shapely.area(parts) > _NOTHING_M2
    return parts[solid], owner[solid]


def cut_out(held: Geometries, lost: Geometries) -> tuple[Geometries, Places, Geometries, Places]:
    """Return what of held polygons (n,) is lost ground, and what is left of those that lose some, in metres.

    Either are polygons, with the place in `held` that each is of; `held` are without overlap and hold all of `lost`
    (k,). FrontcalcError says that they contradict each other.
    """
    nothing = np.empty(0, dtype=object), np.empty(0, dtype=np.intp)
    if not len(lost):
        return *nothing, *nothing
    whole = np.asarray(geometry.union(lost).geoms, dtype=object)
    shapely.prepare(whole)
    part, piece = shapely.STRtree(held).query(whole, predicate="intersects")
    order = np.argsort(piece, kind="stable")
    part, piece = part[order], piece[order]
    cut, first = np.unique(piece, return_index=True)
    around = np.array([shapely.MultiPolygon(list(whole[own])) for own in np.split(part, first[1:])], dtype=object)
    lost_m2, off_m2 = float(shapely.area(whole).sum()), np.inf
    for grid_m in (None, _GRID_M):
        went = shapely.intersection(held[piece], whole[part], grid_size=grid_m)
        left = shapely.difference(held[cut], around, grid_size=grid_m)
        went_m2 = np.bincount(piece, shapely.area(went), minlength=len(held))[cut]
        off_m2 = max(np.abs(went_m2 + shapely.area(left) - shapely.area(held[cut])).sum(), abs(went_m2.sum() - lost_m2))
        if off_m2 <= _EXACT_M2:
            break
    if off_m2 > CONTRADICTION_KM2 * 1e6:
        figures = f"{lost_m2 / 1e6:.6f} km² lost, {float(went_m2.sum()) / 1e6:.6f} of what was held"
        raise contradiction(figures, "two maps")
    (went, of_went), (left, of_left) = geometry.polygons_of(went), geometry.polygons_of(left)
    kept = [shapely.area(polygons) > _NOTHING_M2 for polygons in (went, left)]
    return went[kept[0]], piece[of_went[kept[0]]], left[kept[1]], cut[of_left[kept[1]]]


def marks(pieces: Geometries, parts: Parts, faults: Geometries) -> NDArray[np.intp]:
    """Say of each polygon (k,) inside the `parts` of a change whether it is of a sliver, and of a fault, (k, 2)."""
    points, flags = shapely.point_on_surface(pieces), np.zeros((len(pieces), 2), dtype=np.intp)
    for column, grounds in enumerate((parts.polygons[parts.thin], faults)):
        # Of a piece thinner than rounding the point may lie beside it.
        near, _ = shapely.STRtree(grounds).query(points, predicate="dwithin", distance=_GRID_M)
        flags[near, column] = 1
    return flags


def dissolved(polygons: Geometries) -> Any:
    """Return polygons (k,) of one piece put together."""
    if len(polygons) == 1:
        return polygons[0]
    whole, drawn_m2 = shapely.disjoint_subset_union_all(polygons), float(shapely.area(polygons).sum())
    if abs(whole.area - drawn_m2) > _EXACT_M2:
        whole = shapely.union_all(polygons, grid_size=_GRID_M)
    return whole
