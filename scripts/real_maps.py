"""Read the maps of real archives as grounds and edges in metres, for what `scripts/measure_redraws.py` measures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import edges, geometry, snapshots
from frontcalc.archives import open_archive
from frontcalc.measure.sensitivity import drawn
from frontcalc.regions import embedded_regions
from frontcalc.views import VIEWS

RESOLUTION_M = 1.0  # of coordinates in the files: what vanishes on such a grid is rounding
EDGE_OF_LAND_M = 5_000.0  # publishers' borders and coasts are kilometres from those of the embedded regions

_PLANE = "+proj=laea +lat_0=48 +lon_0=36 +datum=WGS84"  # equal-area, and its metres are true to 0.3 % in Ukraine

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Geometries = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Map:
    """What is held on one day, whole and cut into small pieces, and the edges (n, 4) around it, in metres."""

    day: date
    ground: shapely.MultiPolygon
    pieces: shapely.STRtree
    edges: Floats

    @property
    def vertices(self) -> Geometries:
        """The start of each edge (n,), ring after ring."""
        return np.asarray(shapely.points(self.edges[:, :2]), dtype=object)

    @property
    def line(self) -> shapely.STRtree:
        """The edges, to be found by place."""
        return shapely.STRtree(np.asarray(shapely.linestrings(self.edges.reshape(-1, 2, 2)), dtype=object))


def read_maps(folder: Path, since: date = date.min) -> list[Map]:
    """Return an archive's maps in order, without those that repeat the one before."""
    maps: list[Map] = []
    for ref in open_archive(folder).refs:
        assert ref.day is not None
        if ref.day < since:
            continue
        ground = drawn(snapshots.read_snapshot(ref), "Russia", VIEWS["assessed"], _PLANE, edge_error=np.inf)
        around = edges.directed_edges(ground)
        if not maps or len(edges.differing(maps[-1].edges, around)[1]):
            pieces, _ = geometry.subdivide(shapely.get_parts(ground))
            maps.append(Map(ref.day, ground, shapely.STRtree(pieces), around))
    return maps


def inland() -> shapely.Geometry:
    """Return the ground of Ukraine that is farther than `EDGE_OF_LAND_M` from its borders and coasts."""
    regions = embedded_regions(target_crs=_PLANE)
    ours = [regions.countries[owner] == "UA" for owner in regions.owner]
    return shapely.buffer(shapely.union_all(regions.pieces[ours], grid_size=RESOLUTION_M), -EDGE_OF_LAND_M)


def drawn_anew(old: Map, new: Map) -> bool:
    """Say whether less than half of a map's vertices are those of another."""
    to_vertex_m = shapely.STRtree(old.vertices).query_nearest(new.vertices, return_distance=True, all_matches=False)[1]
    return bool(np.mean(to_vertex_m < 0.1) < 0.5)
