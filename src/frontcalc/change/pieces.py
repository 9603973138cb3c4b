"""Ground in pieces, each held from one map to another: what is lost is cut out of what is held, step by step.

An overlay of lines that all but coincide may give a face to the wrong side (see `frontcalc.change.differences`), and
here what one step leaves is what the next one cuts. So each cut is proved: of every piece, what went and what is left
add up to it; and what went adds up to what the step lost. Where they do not, the cut is made anew on a grid of a
micrometre.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.change import CONTRADICTION_KM2, Geometries, contradiction
from frontcalc.overlaps import ROUNDING_M2
from frontcalc.regions import RegionSet

Places = NDArray[np.intp]

_GRID_M = 2.0**-20
_EXACT_M2 = 1.0  # what a cut may be off without being made anew


def whole_places(regions: RegionSet) -> RegionSet:
    """Return regions in as few pieces as they have parts: each line that runs through one makes two of any ground."""
    order = np.argsort(regions.owner, kind="stable")
    own, first = np.unique(regions.owner[order], return_index=True)
    each = [shapely.union_all(pieces) for pieces in np.split(regions.pieces[order], first[1:]) if len(pieces)]
    pieces, of = geometry.polygons_of(np.array(each, dtype=object))
    solid = shapely.area(pieces) > ROUNDING_M2
    return replace(regions, pieces=without_hairs(pieces[solid]), owner=own[of[solid]], snapped=None)


def without_hairs(polygons: Geometries, least: float = ROUNDING_M2) -> Geometries:
    """Return polygons (n,) without holes up to some size, which rounding leaves where parts are put together.

    An overlay may take what a hole as thin as a hair cuts for no ground at all (GEOS 3.14).
    """
    rings, of = shapely.get_rings(polygons, return_index=True)
    drawn = np.asarray(shapely.area(shapely.polygons(rings)) > least)
    drawn[np.searchsorted(of, np.arange(len(polygons)))] = True  # the outlines
    return np.asarray(shapely.polygons(rings[drawn], indices=of[drawn]) if len(rings) else polygons, dtype=object)


def by_place(ground: Geometries, regions: RegionSet) -> tuple[Geometries, Places]:
    """Return ground, polygons (k,) in metres, cut by region (m,), and the region of each; FrontcalcError if less."""
    unassigned, assigned, owner = regions.cut(ground)
    parts, of = geometry.polygons_of(np.concatenate([assigned, unassigned]))
    owner = np.append(owner, np.full(len(unassigned), len(regions.names), dtype=np.intp))[of]
    own_m2, cut_m2 = float(shapely.area(ground).sum()), float(shapely.area(parts).sum())
    if abs(own_m2 - cut_m2) > CONTRADICTION_KM2 * 1e6:
        raise contradiction(f"{own_m2 / 1e6:.6f} km² in all, {cut_m2 / 1e6:.6f} by place", "maps and the regions")
    solid = shapely.area(parts) > ROUNDING_M2
    return parts[solid], owner[solid]


def cut_out(
    held: Geometries, place: Places, lost: Geometries, lost_place: Places
) -> tuple[Geometries, Places, Places, Geometries, Places]:
    """Cut lost polygons (k,) out of held ones (n,), in metres, by which they are held whole; each has its place.

    Returned are what went (m,), of which held and of which lost polygon each is; and what is left of the held that lost
    some (j,), and of which each is. Either are without overlap. FrontcalcError says that they contradict each other.
    """
    part, piece = shapely.STRtree(held).query(lost, predicate="intersects")
    mine = np.flatnonzero(place[piece] == lost_place[part])
    mine = mine[np.lexsort([part[mine], piece[mine]])]
    part, piece = part[mine], piece[mine]
    cut, of = np.unique(piece, return_inverse=True)
    whole, went, left, doubtful = held[cut], lost[part], held[cut], np.ones(len(cut), dtype=bool)
    whole_m2, lost_m2 = shapely.area(whole), shapely.area(lost)
    for grid_m in (None, _GRID_M):
        again = doubtful[of]
        went[again] = shapely.intersection(held[piece[again]], lost[part[again]], grid_size=grid_m)
        went_m2 = shapely.area(went)
        gone_m2 = np.bincount(of, went_m2, len(cut))
        gone = gone_m2 > whole_m2 - ROUNDING_M2
        left[doubtful], left[gone] = whole[doubtful], shapely.MultiPolygon()
        partly = doubtful & ~gone & (gone_m2 > ROUNDING_M2)
        own = np.flatnonzero(partly[of] & (went_m2 > 0))
        around = shapely.multipolygons(lost[part[own]], indices=np.unique(of[own], return_inverse=True)[1])
        left[partly] = shapely.difference(whole[partly], around, grid_size=grid_m)
        off_m2 = np.abs(gone_m2 + shapely.area(left) - whole_m2)
        short_m2 = np.abs(np.bincount(part, went_m2, len(lost)) - lost_m2)
        doubtful = off_m2 > _EXACT_M2
        doubtful[of[short_m2[part] > _EXACT_M2]] = True
        if not doubtful.any():
            break
    if off_m2.sum() + short_m2.sum() > CONTRADICTION_KM2 * 1e6:
        of_held_m2 = float((whole_m2 - shapely.area(left)).sum())
        figures = f"{float(lost_m2.sum()) / 1e6:.6f} km² lost, {of_held_m2 / 1e6:.6f} of what was held"
        raise contradiction(figures, "two maps")
    lost_some = gone_m2 > ROUNDING_M2
    (went, of_went), (left, of_left) = geometry.polygons_of(went), geometry.polygons_of(left)
    kept = (shapely.area(went) > ROUNDING_M2) & lost_some[of[of_went]]
    rest = lost_some[of_left] & (shapely.area(left) > ROUNDING_M2)
    return went[kept], piece[of_went[kept]], part[of_went[kept]], left[rest], cut[of_left[rest]]


def together(polygons: Geometries, of: Places) -> tuple[Geometries, Places]:
    """Unite polygons (k,) that touch and are `of` one thing of 0 to n; return them and what each is of, in order."""
    whole = np.asarray(shapely.multipolygons(polygons, indices=of), dtype=object)
    drawn, bad = whole.copy(), ~shapely.is_valid(whole)
    for grid_m in (None, _GRID_M):
        whole[bad] = shapely.union_all(drawn[bad][:, None], axis=1, grid_size=grid_m)
        bad = np.abs(shapely.area(whole) - shapely.area(drawn)) > _EXACT_M2
    parts, of = geometry.polygons_of(whole)
    return without_hairs(parts), of
