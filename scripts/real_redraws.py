"""Measure how lines differ on real maps that are only drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from real_maps import Flags, Floats, Geometries, Map, drawn_anew

TWO_SIDED = 0.25  # the smaller side's share
SAME_PLACE_M, SAME_PLACE_MAPS = 1_000.0, 8
COUNTERPART_M = 100.0
FEWEST_VERTICES = 3  # in a stretch digitised anew

HOW = "drawn anew", "copied"

_RAYLEIGH_MEDIAN = 1.1774


class Redraws(NamedTuple):
    """How the lines of neighbouring weekly maps differ where nothing moved.

    Parameters
    ----------
    tallies : dict of str to (4,) array of float
        Of still lines by where they are and how they were drawn: length (km), stretches digitised anew, vertices, and
        how many of these the map before lacks.
    anew : (p,) array of bool
        Which pairs of maps share less than half of their vertices.
    jitter_m : (q,) array of float
        Of each such pair, behind the front: deviation of vertices along an axis.
    lacking : (2q,) array of float
        Of each map of such a pair, behind the front: the share of its vertices that the other one lacks, in runs
        shorter than a stretch digitised anew.
    ranks : (v,) array of float
        Where each of those comes among its map's, 0 to 1, by the triangle with its neighbours, the smallest first.
    stretches : (s, 3) array of float
        Stretches of the front digitised anew in any pair: length, root mean square distance, spacing of vertices (m).
    spacing_m : float
        The mean distance between its vertices.
    """

    tallies: dict[str, Floats]
    anew: Flags
    jitter_m: Floats
    lacking: Floats
    ranks: Floats
    stretches: Floats
    spacing_m: float


def redraws(maps: Sequence[Map], land: shapely.Geometry) -> Redraws:
    """Return how neighbouring maps differ along lines that no map near in time draws elsewhere."""
    lines, around = [one.line for one in maps], [one.ground.boundary for one in maps]
    shapely.prepare(land)
    shapely.prepare(around)
    still = [_still(one.vertices, around, index) for index, one in enumerate(maps)]
    front = [np.asarray(shapely.intersects(land, one.vertices)) for one in maps]
    anew, jitter_m, lacking, ranks, stretches, lengths_m = [], [], [], [], [], []
    tallies = {f"{where}, {how}": np.zeros(4) for where in ("at the front", "behind it") for how in HOW}
    for index in range(1, len(maps)):
        old, new = maps[index - 1], maps[index]
        to_vertex_m = _to_vertex_m(new, old)
        without = to_vertex_m >= COUNTERPART_M
        _, to_line_m = lines[index - 1].query_nearest(new.vertices, return_distance=True, all_matches=False)
        at_front, behind = still[index] & front[index], still[index] & ~front[index]
        anew.append(drawn_anew(old, new))
        if anew[-1]:
            jitter_m.append(float(np.median(to_vertex_m[behind & ~without])) / _RAYLEIGH_MEDIAN)
            for one, other, its in ((new, old, index), (old, new, index - 1)):
                share, places = _lacking(one, other, still[its] & ~front[its])
                lacking.append(share)
                ranks.append(places)
        steps_m = np.hypot(*(new.edges[:, 2:] - new.edges[:, :2]).T)
        lengths_m.append(steps_m[at_front])
        for where, which in (("at the front", at_front), ("behind it", behind)):
            found = _stretches(new, old, which & without, to_line_m)
            row = [np.sum(steps_m[which]) / 1e3, len(found), np.sum(which), np.sum(which & without)]
            tallies[f"{where}, {HOW[not anew[-1]]}"] += row
            stretches += found if which is at_front else []
    return Redraws(
        tallies=tallies,
        anew=np.array(anew),
        jitter_m=np.array(jitter_m),
        lacking=np.array(lacking),
        ranks=np.concatenate(ranks),
        stretches=np.array(stretches),
        spacing_m=float(np.mean(np.concatenate(lengths_m))),
    )


def _to_vertex_m(one: Map, other: Map) -> Floats:
    """Return how far the vertices (n,) of a map are from the nearest of another (m)."""
    tree = shapely.STRtree(other.vertices)
    return np.asarray(tree.query_nearest(one.vertices, return_distance=True, all_matches=False)[1])


def _lacking(one: Map, other: Map, among: Flags) -> tuple[float, Floats]:
    """Return the share of some vertices that another map lacks, by ones and twos, and their ranks by effect, 0 to 1."""
    without = _to_vertex_m(one, other) >= COUNTERPART_M
    runs = _runs(without)
    few = np.concatenate([np.full(len(run), len(run) < FEWEST_VERTICES) for run in runs])
    effects_m2 = _triangles_m2(one.edges)
    ranked = among & np.isfinite(effects_m2)
    ranks = np.argsort(np.argsort(effects_m2[ranked])) / np.sum(ranked)
    return float(np.mean((without & few)[among])), ranks[(without & few)[ranked]]


def _triangles_m2(edges: Floats) -> Floats:
    """Return the area of the triangle of each edge's start (n,) with its neighbours; NaN where a ring begins."""
    before = np.roll(edges, 1, axis=0)
    east, north = (edges[:, :2] - before[:, :2]).T
    further_east, further_north = (edges[:, 2:] - edges[:, :2]).T
    follows = (before[:, 2:] == edges[:, :2]).all(axis=1)
    return np.where(follows, np.abs(east * further_north - north * further_east) / 2, np.nan)


def _runs(flags: Flags) -> list[NDArray[np.intp]]:
    """Return the indices (n,) of flags in runs of like ones."""
    return np.split(np.arange(len(flags)), np.flatnonzero(np.diff(flags.astype(int))) + 1)


def _still(vertices: Geometries, lines: Sequence[shapely.Geometry], index: int) -> Flags:
    """Say which vertices (n,) of a map have a line near them on every map close in time."""
    still = np.arange(len(vertices))
    for line in (*lines[max(0, index - SAME_PLACE_MAPS) : index], *lines[index + 1 : index + 1 + SAME_PLACE_MAPS]):
        still = still[shapely.dwithin(line, vertices[still], SAME_PLACE_M)]
    flags = np.zeros(len(vertices), dtype=bool)
    flags[still] = True
    return flags


def _stretches(new: Map, old: Map, without: Flags, to_line_m: Floats) -> list[tuple[float, float, float]]:
    """Return length, distance and spacing of runs of vertices without counterpart, to either side of the old line."""
    found = []
    for run in _runs(without):
        if not without[run[0]] or len(run) < FEWEST_VERTICES:
            continue
        inside = [bool(len(old.pieces.query(point, predicate="intersects"))) for point in new.vertices[run]]
        distances_m = to_line_m[run]
        sides = float(np.sum(distances_m[inside])), float(np.sum(distances_m[~np.array(inside)]))
        if min(sides) >= TWO_SIDED * sum(sides):
            length_m = shapely.LineString(new.edges[run, :2]).length
            found.append((length_m, float(np.sqrt(np.mean(distances_m**2))), length_m / (len(run) - 1)))
    return found
