"""Measure on real archives how deep advances are, and how lines differ that are only drawn again.

    python scripts/measure_redraws.py ARCHIVES

ARCHIVES is the folder that has `deepstate-daily`, `nzz-daily`, `isw-raw-daily` and `isw-weekly`. Writes the figures to
docs/slivers.md, which has the reasons; `scripts/simulate_redraws.py` draws its fronts from them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import change, edges, geometry, snapshots
from frontcalc.archives import open_archive
from frontcalc.pipeline.references import drawn
from frontcalc.regions import embedded_regions
from frontcalc.views import VIEWS

DAILY, WEEKLY, WEEKLY_SINCE = ("deepstate-daily", "nzz-daily", "isw-raw-daily"), "isw-weekly", date(2023, 1, 1)
PERIODS_DAYS = (7, 30)
QUIET = 0.02  # a step in which more of the edges differ is more than a day's editing
ONE_SIDED, TWO_SIDED = 0.05, 0.25  # the smaller side's share
STAYS_MAPS, STAYS_SHARE = 14, 0.9
RESOLUTION_M = 1.0  # of coordinates in the files: what vanishes on such a grid is rounding
SAME_PLACE_M, SAME_PLACE_MAPS = 1_000.0, 8
COUNTERPART_M = 100.0
EDGE_OF_LAND_M = 5_000.0  # publishers' borders and coasts are kilometres from those of the embedded regions
LEVELS = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
FEWEST_VERTICES = 3  # in a stretch digitised anew
PAGE = Path(__file__).parents[1] / "docs" / "slivers.md"
BEGIN, END = "<!-- measured: scripts/measure_redraws.py -->\n", "<!-- end of measured -->\n"

_PLANE = "+proj=laea +lat_0=48 +lon_0=36 +datum=WGS84"  # equal-area, and its metres are true to 0.3 % in Ukraine
_TOUCHING_M = 0.01
_RAYLEIGH_MEDIAN = 1.1774

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


class Edit(NamedTuple):
    """One place that changed between two maps: the parts of it that were gained and lost."""

    gained: Geometries
    lost: Geometries

    @property
    def gains(self) -> bool:
        """Whether more was gained than lost."""
        return bool(np.sum(shapely.area(self.gained)) >= np.sum(shapely.area(self.lost)))

    @property
    def one_sided(self) -> bool:
        """Whether nearly all of it is of one kind."""
        sides = float(np.sum(shapely.area(self.gained))), float(np.sum(shapely.area(self.lost)))
        return min(sides) < ONE_SIDED * sum(sides)


class Advances(NamedTuple):
    """Parts over which fronts advanced in all windows of some days.

    Parameters
    ----------
    sides_m : (n, 2) array of float
        Depth and length of each.
    gained : (n,) array of bool
        Whether it was gained.
    windows : int
        How many windows of so many days there are.
    front_km : float
        The length of the fronts at the beginning of each window, in all.
    km2 : tuple of float
        What changed by advances, by edits of two sides, and by what did not stay (km²).
    """

    sides_m: Floats
    gained: Flags
    windows: int
    front_km: float
    km2: tuple[float, float, float]


class Redraws(NamedTuple):
    """How the lines of neighbouring weekly maps differ where nothing moved.

    Parameters
    ----------
    anew : (p,) array of bool
        Which pairs of maps share less than half of their vertices.
    jitter_m : (q,) array of float
        Of each such pair, behind the front: deviation of vertices along an axis.
    dropped : (q,) array of float
        Of each such pair, behind the front: the share of vertices without counterpart.
    stretches : (s, 3) array of float
        Stretches of the front digitised anew in any pair: length, root mean square distance, spacing of vertices (m).
    front_km : float
        The length of the still front of all pairs.
    spacing_m : float
        The mean distance between its vertices.
    """

    anew: Flags
    jitter_m: Floats
    dropped: Floats
    stretches: Floats
    front_km: float
    spacing_m: float


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


def advances(archives: Sequence[Sequence[Map]], days: int, land: shapely.Geometry) -> Advances:
    """Return the advances of all windows of so many days, one after the other, in which every step is quiet."""
    sides, gained, fronts_km, km2 = [np.empty((0, 2))], [], [], [0.0, 0.0, 0.0]
    for maps in archives:
        for first, last in _windows(maps, days):
            fronts_km.append(maps[first].ground.boundary.intersection(land).length / 1e3)
            for edit in edits(maps[first].ground, maps[last].ground):
                parts = edit.gained if edit.gains else edit.lost
                kind = 1 if not edit.one_sided else 0 if _stays(parts, edit.gains, maps[last + 1 :]) else 2
                km2[kind] += float(np.sum(shapely.area(parts))) / 1e6
                if kind == 0:
                    sides.append(sides_m(parts))
                    gained.extend([edit.gains] * len(parts))
    return Advances(np.concatenate(sides), np.array(gained), len(fronts_km), sum(fronts_km), (km2[0], km2[1], km2[2]))


def _windows(maps: Sequence[Map], days: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last map of windows of so many days that have only quiet steps and are followed by enough."""
    first = 0
    for last in range(1, len(maps) - STAYS_MAPS):
        before, after = maps[last - 1].edges, maps[last].edges
        if len(edges.differing(before, after)[1]) > QUIET * len(after):
            first = last
        elif maps[last].day - maps[first].day >= timedelta(days):
            yield first, last
            first = last


def edits(before: shapely.MultiPolygon, after: shapely.MultiPolygon) -> Iterator[Edit]:
    """Yield what changed between two maps, place by place: parts gained and lost that touch are one place."""
    gained, lost = (_rounded(side) for side in change.differences(before, after, engine="plain"))
    parts = np.concatenate([gained, lost])
    group = np.arange(len(parts))
    for one, other in shapely.STRtree(parts).query(parts, predicate="dwithin", distance=_TOUCHING_M).T.tolist():
        group[group == group[one]] = group[other]
    for name in np.unique(group):
        members = np.flatnonzero(group == name)
        yield Edit(parts[members[members < len(gained)]], parts[members[members >= len(gained)]])


def _rounded(side: change.Ground) -> Geometries:
    """Return the parts of one side of a change that are more than rounding, as they were drawn."""
    parts = geometry.polygonal(np.atleast_1d(np.asarray(side, dtype=object)))
    return parts[~shapely.is_empty(shapely.set_precision(parts, RESOLUTION_M))]


def _stays(parts: Geometries, gains: bool, following: Sequence[Map]) -> bool:
    """Say whether most of some ground is still held, or not held, on every one of the next maps."""
    whole = shapely.multipolygons(list(parts))
    for later in following[:STAYS_MAPS]:
        met = later.pieces.geometries[later.pieces.query(whole, predicate="intersects")]
        held = float(np.sum(shapely.area(shapely.intersection(met, whole)))) / whole.area
        if (held if gains else 1 - held) < STAYS_SHARE:
            return False
    return True


def sides_m(parts: Geometries) -> Floats:
    """Return depth and length (n, 2) of the rectangles that have the polygons' areas and perimeters (m)."""
    half, area = shapely.length(parts) / 2, shapely.area(parts)
    # What is rounder than a square has no such rectangle, and counts as the square of its area.
    root = np.sqrt(np.maximum(half**2 - 4 * area, 0))
    length = np.where(root > 0, (half + root) / 2, np.sqrt(area))
    return np.column_stack([area / length, length])


def redraws(maps: Sequence[Map], land: shapely.Geometry) -> Redraws:
    """Return how neighbouring maps differ along lines that no map near in time draws elsewhere."""
    lines = [one.line for one in maps]
    shapely.prepare(land)
    anew, jitter_m, dropped, stretches, lengths_m = [], [], [], [], []
    for index in range(1, len(maps)):
        old, new = maps[index - 1], maps[index]
        vertices = new.vertices
        still = _still(vertices, lines, index)
        front = shapely.intersects(land, vertices)
        _, to_vertex_m = shapely.STRtree(old.vertices).query_nearest(vertices, return_distance=True, all_matches=False)
        _, to_line_m = lines[index - 1].query_nearest(vertices, return_distance=True, all_matches=False)
        paired = to_vertex_m < COUNTERPART_M
        anew.append(drawn_anew(old, new))
        if anew[-1]:
            jitter_m.append(float(np.median(to_vertex_m[still & paired & ~front])) / _RAYLEIGH_MEDIAN)
            dropped.append(float(np.mean(~paired[still & ~front])))
        lengths_m.append(np.hypot(*(new.edges[:, 2:] - new.edges[:, :2])[still & front].T))
        stretches += _stretches(new, old, still & front & ~paired, to_line_m)
    front_m = np.concatenate(lengths_m)
    return Redraws(
        anew=np.array(anew),
        jitter_m=np.array(jitter_m),
        dropped=np.array(dropped),
        stretches=np.array(stretches),
        front_km=float(np.sum(front_m)) / 1e3,
        spacing_m=float(np.mean(front_m)),
    )


def drawn_anew(old: Map, new: Map) -> bool:
    """Say whether less than half of a map's vertices are those of another."""
    to_vertex_m = shapely.STRtree(old.vertices).query_nearest(new.vertices, return_distance=True, all_matches=False)[1]
    return bool(np.mean(to_vertex_m < 0.1) < 0.5)


def _still(vertices: Geometries, lines: Sequence[shapely.STRtree], index: int) -> Flags:
    """Say which vertices (n,) of a map have a line near them on every map close in time."""
    still = np.arange(len(vertices))
    for line in (*lines[max(0, index - SAME_PLACE_MAPS) : index], *lines[index + 1 : index + 1 + SAME_PLACE_MAPS]):
        near, _ = line.query_nearest(vertices[still], max_distance=SAME_PLACE_M, all_matches=False)
        still = still[near]
    flags = np.zeros(len(vertices), dtype=bool)
    flags[still] = True
    return flags


def _stretches(new: Map, old: Map, without: Flags, to_line_m: Floats) -> list[tuple[float, float, float]]:
    """Return length, distance and spacing of runs of vertices without counterpart, to either side of the old line."""
    runs = np.split(np.arange(len(without)), np.flatnonzero(np.diff(without.astype(int))) + 1)
    found = []
    for run in runs:
        if not without[run[0]] or len(run) < FEWEST_VERTICES:
            continue
        inside = [bool(len(old.pieces.query(point, predicate="intersects"))) for point in new.vertices[run]]
        distances_m = to_line_m[run]
        sides = float(np.sum(distances_m[inside])), float(np.sum(distances_m[~np.array(inside)]))
        if min(sides) >= TWO_SIDED * sum(sides):
            length_m = shapely.LineString(new.edges[run, :2]).length
            found.append((length_m, float(np.sqrt(np.mean(distances_m**2))), length_m / (len(run) - 1)))
    return found


def report(archives: Path) -> str:
    """Return the tables of docs/slivers.md."""
    land = inland()
    return advance_table(archives, land) + "\n" + redraw_table(archives, land)


def advance_table(archives: Path, land: shapely.Geometry) -> str:
    """Return the table of advances on daily maps."""
    daily = [read_maps(archives / name) for name in DAILY]
    found = [advances(daily, days, land) for days in PERIODS_DAYS]
    rows = [
        f"| advances in | {' | '.join(f'{days} days' for days in PERIODS_DAYS)} |",
        "|---|" + "---:|" * len(found),
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in _advance_rows(found)),
    ]
    return "\n".join(rows) + "\n"


def redraw_table(archives: Path, land: shapely.Geometry) -> str:
    """Return the table of lines drawn again on weekly maps."""
    again = redraws(read_maps(archives / WEEKLY, WEEKLY_SINCE), land)
    rows = ["| lines drawn again | |", "|---|---:|", *(f"| {name} | {cell} |" for name, cell in _redraw_rows(again))]
    return "\n".join(rows) + "\n"


def _advance_rows(found: Sequence[Advances]) -> Iterator[tuple[str, list[str]]]:
    """Yield the lines of the table of advances."""
    yield "windows", [str(one.windows) for one in found]
    yield "mean length of the front (km)", [f"{one.front_km / one.windows:,.0f}" for one in found]
    yield "advances, parts", [str(len(one.gained)) for one in found]
    yield "their area (km²)", [f"{one.km2[0]:,.1f}" for one in found]
    yield "left out: edits of two sides (km²)", [f"{one.km2[1]:,.1f}" for one in found]
    yield "left out: what did not stay (km²)", [f"{one.km2[2]:,.1f}" for one in found]
    yield "advances per 100 km of front", [f"{100 * len(one.gained) / one.front_km:.2f}" for one in found]
    yield "share of them gained", [f"{np.mean(one.gained):.2f}" for one in found]
    for level in LEVELS:
        yield f"depth, quantile {level:g} (m)", [f"{np.quantile(one.sides_m[:, 0], level):.0f}" for one in found]
    fits = [_length_by_depth(one.sides_m) for one in found]
    yield "ln length = a + b · ln depth: a", [f"{fit[0]:.2f}" for fit in fits]
    yield "b", [f"{fit[1]:.2f}" for fit in fits]
    yield "standard deviation around it", [f"{fit[2]:.2f}" for fit in fits]


def _length_by_depth(sides: Floats) -> tuple[float, float, float]:
    """Return intercept, slope and scatter of the logarithm of length over that of depth."""
    depth, length = np.log(sides).T
    slope, intercept = np.polyfit(depth, length, 1)
    return float(intercept), float(slope), float(np.std(length - intercept - slope * depth))


def _redraw_rows(again: Redraws) -> Iterator[tuple[str, str]]:
    """Yield the lines of the table of lines drawn again."""
    length, distance, spacing = np.log(again.stretches).T
    yield "pairs of weekly maps", str(len(again.anew))
    yield "drawn anew as a whole", str(int(np.sum(again.anew)))
    yield "jitter of vertices along an axis, quantile 0.1 (m)", f"{np.quantile(again.jitter_m, 0.1):.1f}"
    yield "quantile 0.9 (m)", f"{np.quantile(again.jitter_m, 0.9):.1f}"
    yield "vertices without counterpart, quantile 0.1 (%)", f"{100 * np.quantile(again.dropped, 0.1):.1f}"
    yield "quantile 0.9 (%)", f"{100 * np.quantile(again.dropped, 0.9):.1f}"
    yield "mean distance between vertices of the front (m)", f"{again.spacing_m:.0f}"
    yield "stretches of the front digitised anew", str(len(length))
    yield "per 100 km of front and pair", f"{100 * len(length) / again.front_km:.3f}"
    yield "their length, mean of ln (m)", f"{np.mean(length):.2f}"
    yield "standard deviation of ln", f"{np.std(length):.2f}"
    yield "their root mean square distance to the old line, mean of ln (m)", f"{np.mean(distance):.2f}"
    yield "standard deviation of ln", f"{np.std(distance):.2f}"
    yield "distance between their vertices, mean of ln (m)", f"{np.mean(spacing):.2f}"


def page(tables: str) -> str:
    """Return docs/slivers.md with other tables of measurements."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + tables + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(report(Path(sys.argv[1]))), encoding="utf-8")
    print(f"wrote {PAGE}")
