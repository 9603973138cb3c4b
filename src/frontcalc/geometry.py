"""Pure geometry on arrays of shapely polygons: repair, union, edge splitting, area, subdivision.

Nothing here knows of files, dates or coordinate reference systems.
"""

from __future__ import annotations

import io
import random  # and not numpy's, which takes as long to load as a map to measure
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import Any, cast

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc.errors import DataError

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Project = Callable[[Floats], Floats]  # maps (n, 2) source coordinates to (n, 2) metres
EDGE_ERROR_M2 = 10.0  # area error above which an edge is split before it is projected (m²)
MAX_ADDED_VERTICES = 300_000  # that splitting edges may add to a layer, or as many as it has; real maps get 8 to 21 %
MAX_PAIRS = 5_000_000  # of polygons or rings whose boxes meet, that are looked at; real maps have some thousands
MAX_EDGE_PAIRS = 2_000_000  # of edges whose boxes meet, each twice, beside ten an edge
MAX_MEETINGS = 10_000  # how often edges of invalid polygons may meet, in themselves, beside two an edge and neighbours
MAX_TANGLED = 1_000  # how often they may cross where two ways of repairing them differ
MAX_CROSSINGS = 50_000  # of what is united or overlaid, beside one an edge; real maps have some thousands

_SHORTER = "check its coordinates, give long edges more vertices, or choose a --crs made for the place"
_SAMPLE = 128  # at least, of edges
_MANY, _LOOKS = 256, 16  # polygons to be united, and how often the vertices of each are looked at
_REPAIR_GAP = 1e6

_POLYGON = shapely.GeometryType.POLYGON
# Odd, and without a pattern: the digits of the golden ratio, and those that hash functions use.
_MIXERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5], dtype=np.uint64)


def polygonal(geometries: Geometries | Sequence[shapely.Geometry] | shapely.Geometry) -> Geometries:
    """Return the polygons in geometries of any kind, one or many, as a flat array (n,); other kinds have no area."""
    return polygons_of(np.atleast_1d(np.asarray(geometries, dtype=object)))[0]


def polygons_of(geometries: Geometries) -> tuple[Geometries, NDArray[np.intp]]:
    """Return the polygons (m,) in geometries (n,), and the index of the geometry that each is of."""
    parts, of = geometries, np.arange(len(geometries))
    # A collection may hold multipolygons: two passes take both apart. What is taken apart is copied.
    for _ in range(2):
        if (shapely.get_type_id(parts) != _POLYGON).any():
            parts, within = shapely.get_parts(parts, return_index=True)
            of = of[within]
    areas = (shapely.get_type_id(parts) == _POLYGON) & ~shapely.is_empty(parts)
    return parts[areas], of[areas]


def repair(polygons: Geometries) -> Geometries:
    """Return valid polygons (n,) that cover what the given ones draw: the *structure* method loses no area."""
    return repair_both_ways(polygons)[0]


def repair_both_ways(polygons: Geometries) -> tuple[Geometries, Floats]:
    """Return what `repair` does, and by how much the *linework* method differs for each invalid polygon (k,).

    The difference is in square units of the polygons, and 0 below a million of them, which are a km². The other method
    is slow, and so tried only where the first changes the area that the rings enclose by their direction.
    """
    bad = ~shapely.is_valid(polygons)
    if not bad.any():
        return polygons, np.zeros(0)
    drawn = polygons[bad]
    mended = made_valid(drawn)
    gap = np.zeros(len(drawn))
    doubtful = np.flatnonzero(np.abs(shapely.area(mended) - shapely.area(drawn)) > _REPAIR_GAP)
    refuse_tangled(drawn[doubtful], linework=True)
    for index in doubtful.tolist():
        other = as_multipolygon(shapely.make_valid(drawn[index], method="linework"))
        gap[index] = shapely.area(shapely.symmetric_difference(as_multipolygon(mended[index]), other))
    return np.concatenate([polygons[~bad], polygonal(mended)]), np.where(gap > _REPAIR_GAP, gap, 0.0)


def made_valid(polygons: Geometries) -> Geometries:
    """Return what polygons (n,) draw by the *structure* method; DataError if their edges cross too often for it."""
    refuse_tangled(polygons[~shapely.is_valid(polygons)])
    return np.asarray(shapely.make_valid(polygons, method="structure", keep_collapsed=False))


def refuse_tangled(polygons: Geometries, *, linework: bool = False) -> None:
    """Raise DataError if edges of invalid polygons meet so often in one that GEOS would take many seconds to repair it.

    The *linework* method slows down with crossings, the other with all edges that meet beside their neighbours.
    """
    met = 0
    for edges in map(directed_edges, polygons):
        first, second, crossing = _meetings(edges)
        met += int(crossing.sum()) if linework else max(0, int((second - first > 1).sum()) - 2 * len(edges))
        if met > (MAX_TANGLED if linework else MAX_MEETINGS):
            raise DataError("has edges that cross too often to be repaired", cure="draw it anew, or remove it")


def refuse_crossings(edges: Floats) -> None:
    """Raise DataError if edges (n, 4) cross so often that GEOS would take many seconds, and gigabytes, to overlay them.

    Borders that run along each other cross some once an edge, which is next to nothing for GEOS. Some edges, the longer
    the likelier, tell whether all are worth looking at, so that this costs next to nothing on real maps.
    """
    most = MAX_CROSSINGS + len(edges)
    if len(edges) ** 2 < 4 * most:
        return
    tries = max(_SAMPLE, len(edges) // 32)
    x, y, to_x, to_y = edges.T
    length = np.abs(to_x - x) + np.abs(to_y - y)
    likely = length / length.sum() + 1 / len(edges)
    number = random.Random(0).random  # noqa: S311 - the same at every run
    tried = np.array([number() for _ in range(tries)]) * 2
    # Each once, and without numpy.ma, which numpy.unique loads.
    some = np.flatnonzero(np.bincount(np.searchsorted(np.cumsum(likely), tried).clip(max=len(edges) - 1)))
    # Each stands for as many as are left out for one like it.
    weight = 1 / -np.expm1(-likely[some] * tries / 2)
    first, second, crossing = _meetings(edges[some])
    if (weight[first] * weight[second])[crossing].sum() > most / 2 and _meetings(edges)[2].sum() > most:
        raise DataError(f"its lines cross more than {most:,} times", cure="simplify it, or leave it out")


def overlaid(operation: Callable[..., Any], one: Any, other: Any) -> Any:
    """Return what an overlay of shapely makes of two maps; DataError if their lines cross too often for it."""
    refuse_crossings(directed_edges(np.append(one, other)))
    return operation(one, other)


def directed_edges(
    ground: Geometries | Sequence[shapely.Geometry] | shapely.Geometry, *, oriented: bool = True
) -> Floats:
    """Return the edges (n, 4) of polygons as x, y to x, y, none without length, ground to the left if `oriented`."""
    polygons = polygonal(shapely.orient_polygons(ground) if oriented else ground)
    points, ring = shapely.get_coordinates(shapely.get_rings(polygons), return_index=True)
    # Adding zero turns −0 into 0, which are the same place but not the same bytes.
    points += 0.0
    place = points.view(np.complex128)[:, 0]
    drawn = (ring[1:] == ring[:-1]) & (place[1:] != place[:-1])
    # Each position and the next are a row as they lie in memory.
    return np.compress(drawn, np.lib.stride_tricks.as_strided(points, (len(drawn), 4), (16, 8)), axis=0)


def _meetings(edges: Floats) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return pairs of edges (n, 4) that meet, each once, the earlier first, and which of them cross."""
    ends = edges.reshape(-1, 2, 2)
    second, first = meeting_boxes(np.asarray(shapely.linestrings(ends)), most=MAX_EDGE_PAIRS + 10 * len(edges))
    first, second = first[first < second], second[first < second]
    # On which sides of an edge the ends of the other lie: −1 on either, 0 on the line itself, 1 on one.
    sides = []
    for a, b in ((ends[first], ends[second]), (ends[second], ends[first])):
        along, to = a[:, 1:] - a[:, :1], b - a[:, :1]
        sides.append(np.sign(along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]).prod(axis=1))
    most = np.maximum(*sides)
    return first[most <= 0], second[most <= 0], (most < 0)[most <= 0]


def union(*layers: Geometries) -> shapely.MultiPolygon:
    """Return the union of layers of valid polygons as one multipolygon; overlaps are counted once.

    One layer after the other, which takes half the time of all polygons at once. DataError if they cross too often.
    """
    polygons = np.concatenate([np.empty(0, dtype=object), *layers])
    of, alone = np.repeat(np.arange(len(layers)), [len(layer) for layer in layers]), np.zeros(len(polygons), dtype=bool)
    if len(polygons) <= _MANY:
        # Most of most maps meet no other, and are whole as they are: to find that out takes a fifth of the time.
        pairs, sizes = np.stack(meeting_boxes(polygons)), shapely.get_num_coordinates(polygons)
        pairs = pairs[:, pairs[0] < pairs[1]]
        if sizes[pairs].sum() <= _LOOKS * sizes.sum():
            small, big = np.take_along_axis(pairs, sizes[pairs].argsort(axis=0), axis=0)
            looks, often = polygons.copy(), np.bincount(big, minlength=len(polygons)) > 2
            looks[often] = shapely.get_parts(looks[often])  # copies: what is prepared must not cross threads
            shapely.prepare(looks[often])
            met = shapely.intersects(looks[big], looks[small])
            alone = np.bincount(pairs[:, met].ravel(), minlength=len(polygons)) == 0
    layers = tuple(filter(len, (polygons[(of == nth) & ~alone] for nth in range(len(layers)))))
    refuse_crossings(directed_edges(polygons[~alone], oriented=False))
    # More than some, one after the other, would take the square of their number.
    layers = layers if len(layers) <= 32 else (polygons[~alone],)
    # Groups that do not touch are merged apart, which is many times faster on maps of islands and pockets.
    united = list(accumulate(map(shapely.disjoint_subset_union_all, layers), shapely.union))
    whole = polygonal(np.array([*polygons[alone], *united[-1:]], dtype=object))
    return cast(shapely.MultiPolygon, shapely.multipolygons(whole))


def as_multipolygon(geometry: Geometries | shapely.Geometry) -> shapely.MultiPolygon:
    """Return the polygonal part of one geometry as a multipolygon."""
    if isinstance(geometry, shapely.MultiPolygon):
        return geometry
    return cast(shapely.MultiPolygon, shapely.multipolygons(polygonal(geometry)))


def area_km2(geometries: Geometries | shapely.Geometry) -> Floats:
    """Return planar areas in km² of geometries in metres, same shape."""
    return np.asarray(shapely.area(geometries) / 1e6)


def project_polygons(polygons: Geometries, project: Project, *, edge_error: float = EDGE_ERROR_M2) -> Geometries:
    """Return polygons (n,) projected to metres, edges split first where the projection would bend them.

    An edge that is straight in the source coordinates is an arc in the projection. Where the area between the arc and
    its chord exceeds `edge_error`, in square units of the projection, the edge is split evenly; n pieces leave 1/n² of
    the error, since each leaves 1/n³. DataError says that a coordinate is nowhere in the projection, that an edge
    leaves it on one side and comes back on the other, or that more than `MAX_ADDED_VERTICES` would be added.

    Daily maps repeat most of their edges: what became of an edge of the last layers is taken from there.
    """
    if len(polygons) == 0:
        return polygons
    drawn, shell = shapely.get_rings(polygons, return_index=True)
    source, ring = shapely.get_coordinates(drawn, return_index=True)
    rings = np.searchsorted(ring, np.arange(len(drawn) + 1))
    shells = np.searchsorted(shell, np.arange(len(polygons) + 1))
    # Of the edge that leaves each vertex; that of the end of a ring leads nowhere.
    edges = np.concatenate([source, source[np.append(np.arange(1, len(source)), 0)]], axis=1)
    edges[rings[1:] - 1, 2:] = source[rings[1:] - 1]
    # Of the last layers the one that is most like this one.
    known = [own[2:] for own in _projected if own[:2] == (project, edge_error)]
    known.append((edges[:0], np.zeros(1, dtype=np.intp), source[:0]))
    old, first, points = min(known, key=lambda own: abs(len(own[0]) - len(edges)))
    same, repeated = same_edges(old, edges)
    new = np.bincount(repeated, minlength=len(edges)) == 0
    start, counts = np.empty((2, len(edges)), dtype=np.intp)
    start[repeated], counts[repeated] = first[same], np.diff(first)[same]
    added = int(counts[repeated].sum()) - len(repeated)
    more, pieces = _split(edges[new], project, edge_error, added=added, most=max(MAX_ADDED_VERTICES, len(edges)))
    start[new], counts[new] = len(points) + np.cumsum(pieces) - pieces, pieces
    points = np.concatenate([points, more])
    position = np.append(0, np.cumsum(counts))
    points = np.take(points, np.repeat(start - position[:-1], counts) + np.arange(position[-1]), axis=0)
    _projected[:] = [*_projected[-2:], (project, edge_error, edges, position, points)]
    return np.asarray(shapely.from_ragged_array(_POLYGON, points, (position[rings], shells)))


# The last layers that were projected: how, their edges, where the points of each begin, and those points.
_projected: list[tuple[Project, float, Floats, NDArray[np.intp], Floats]] = []


def _split(edges: Floats, project: Project, edge_error: float, *, added: int, most: int) -> tuple[Floats, Ints]:
    """Return the projected points (m, 2) of edges (n, 4), and into how many pieces each is split, (n,).

    DataError where more than `most` vertices would be added, with those that other edges have `added`.
    """
    begin, end = edges[:, :2], edges[:, 2:]
    # Most lead to where the next begins.
    apart = np.flatnonzero((end != np.roll(begin, -1, axis=0)).any(axis=1))
    places = [begin, end[apart], (begin + end) / 2]
    target, last, middle = np.split(project(np.concatenate(places)), np.cumsum([len(begin), len(apart)]))
    to = np.roll(target, -1, axis=0)
    to[apart] = last
    if not np.isfinite(target).all():
        x, y = begin[np.flatnonzero(~np.isfinite(target).all(axis=1))[0]]
        raise DataError(f"its coordinates lie outside its projection, at {x:.6g}, {y:.6g}", cure="check its CRS")
    chord, bulge = to - target, middle - target
    # The middle of an edge that the projection's own edge cuts in two lies at one of its ends.
    aside, along = (each[:, 0] ** 2 + each[:, 1] ** 2 for each in (bulge - chord / 2, chord))
    if (odd := np.flatnonzero(aside > np.maximum(0.04 * along, 0.04))).size:
        _refuse_torn(begin[odd], end[odd], target[odd], to[odd], project=project)
    # A parabola through the three points encloses 4/3 of their triangle with its chord.
    error = np.abs(chord[:, 0] * bulge[:, 1] - chord[:, 1] * bulge[:, 0]) * (2 / 3)
    pieces = np.ones(len(edges), dtype=np.int64)
    bent = np.flatnonzero(error > edge_error)
    pieces[bent] = np.ceil(np.sqrt(error[bent] / edge_error))
    if (added := added + int(pieces.sum()) - len(pieces)) > most:
        raise DataError(f"its edges are so long that {added:,} vertices would be added", cure=_SHORTER)
    position, counts = np.cumsum(pieces) - pieces, pieces[bent] - 1
    edge = np.repeat(bent, counts)
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    start, end = edges[edge, :2], edges[edge, 2:]
    # Count from the same end whichever way a ring runs, so that neighbours get the very same vertices.
    backward = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low, high = (np.where(backward[:, None], *ends) for ends in ((end, start), (start, end)))
    step = np.where(backward, pieces[edge] - nth, nth) / pieces[edge]
    out = np.empty((len(edges) + len(edge), 2))
    out[position] = target
    out[position[edge] + nth] = project(low + (high - low) * step[:, None])
    return out, pieces


def same_edges(old: Floats, new: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places (k,) of edges (n, 4) and (m, 4) that are the same to the last bit, each with one of the others.

    Edges are sorted by one number mixed of all their bits, whose last bits are their place. Where two different
    edges are mixed to the same, some that both have may be left out.
    """
    both = np.concatenate([old, new])
    places = np.uint64((1 << len(both).bit_length()) - 1)
    mixed = np.sort((both.view(np.uint64) @ _MIXERS) & ~places | np.arange(len(both), dtype=np.uint64))
    order = (mixed & places).astype(np.intp)
    # The old ones of equal edges come first: where the last of them meets a new one, each takes the other.
    first, second = order[:-1], order[1:]
    pair = np.flatnonzero(((mixed[1:] ^ mixed[:-1]) <= places) & (first < len(old)) & (second >= len(old)))
    first, second = first[pair], second[pair]
    begin, end = both.view(np.complex128).T  # two numbers at once
    same = (begin[first] == begin[second]) & (end[first] == end[second])
    return first[same], second[same] - len(old)


def _refuse_torn(begin: Floats, end: Floats, first: Floats, last: Floats, *, project: Project) -> None:
    """Raise DataError if an edge (k, 2), `first` to `last` where projected, is cut in two by the projection's edge.

    Halved again and again, on the side where the ends are farther apart, they stay as far apart as they were, where
    those of any other edge meet.
    """
    length = np.linalg.norm(last - first, axis=1)
    for _ in range(30):
        half = (begin + end) / 2
        between = project(half)
        left = (np.linalg.norm(between - first, axis=1) > np.linalg.norm(last - between, axis=1))[:, None]
        begin, first = np.where(left, begin, half), np.where(left, first, between)
        end, last = np.where(left, half, end), np.where(left, between, last)
    torn = np.flatnonzero(np.linalg.norm(last - first, axis=1) > np.maximum(1.0, length / 10))
    if len(torn):
        x, y = begin[torn[0]]
        cure = "choose --crs EPSG:6931 or EPSG:6932 around a pole, else cut its polygons at the antimeridian"
        raise DataError(f"an edge crosses the edge of the projection, at {x:.6g}, {y:.6g}", cure=cure)


def meeting_boxes(
    geometries: Geometries, tree: shapely.STRtree | None = None, *, most: int = MAX_PAIRS
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each geometry (k,), and each of a tree, else of them all, whose box meets its; DataError over `most`."""
    tree = shapely.STRtree(geometries) if tree is None else tree
    first, second = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    count = 0
    for start in range(0, len(geometries), 256):
        one, other = tree.query(geometries[start : start + 256])
        if (count := count + len(one)) > most:
            raise DataError(f"more than {most:,} pairs of its pieces lie over one another", cure="simplify it")
        first.append(one + start)
        second.append(other)
    return np.concatenate(first), np.concatenate(second)


def subdivide(polygons: Geometries, max_vertices: int = 512) -> tuple[Geometries, NDArray[np.intp]]:
    """Cut polygons into small pieces, which makes overlays with small shapes cheap.

    A piece with more than `max_vertices` is cut in half across its longer side. Returned are the pieces (m,), valid as
    the polygons (n,) are, and the index of the polygon that each is of.
    """
    wrong = shapely.get_num_coordinates(polygons) > max_vertices
    done, owners, first = [polygons[~wrong]], [np.flatnonzero(~wrong)], np.where(wrong, np.arange(len(wrong)), -1)
    # By fast clips without topology, and exactly where these err.
    for exact in (False, True)[: 2 * wrong.any()]:
        parts, of = polygons[wrong], np.flatnonzero(wrong)
        while (large := np.flatnonzero(shapely.get_num_coordinates(parts) > max_vertices)).size:
            low, high = np.hsplit(shapely.bounds(parts[large]), 2)
            across = np.arange(len(large)), np.argmax(high - low, axis=1)
            upto, beyond = high.copy(), low.copy()
            upto[across] = beyond[across] = (low[across] + high[across]) / 2
            boxes, whole = np.hstack([low, upto, beyond, high]).reshape(-1, 4), np.repeat(parts[large], 2)
            halves = shapely.intersection(whole, shapely.box(*boxes.T)) if exact else np.full(len(boxes), None)
            for at, box in enumerate([] if exact else boxes.tolist()):
                # Of a spike nothing but a line may be left, of which no ring can be made.
                with suppress(shapely.GEOSException):
                    halves[at] = shapely.clip_by_rect(whole[at], *box)
            cut, half = polygons_of(halves)
            place = np.append(np.delete(np.arange(len(parts)), large), large[half[::-1] // 2])
            order = np.argsort(place, kind="stable")
            parts, of = np.concatenate([np.delete(parts, large), cut[::-1]])[order], of[place[order]]
        m2 = np.bincount(of, shapely.area(parts), minlength=len(polygons))
        doubtful = ~np.isclose(m2, shapely.area(polygons), rtol=1e-12)
        doubtful[of[~shapely.is_valid(parts)]] = True
        wrong &= doubtful & (not exact)
        done.append(parts[~wrong[of]])
        owners.append(of[~wrong[of]])
    order = np.argsort(first[np.concatenate(owners)], kind="stable")
    return np.concatenate(done)[order], np.concatenate(owners)[order]


def to_bytes(*arrays: NDArray[Any]) -> bytes:
    """Return arrays of polygons or numbers as bytes: WKB, and all in numpy's own form without pickle."""
    buffer = io.BytesIO()
    for array in arrays:
        drawn = array.dtype == object
        content = np.frombuffer(shapely.GeometryCollection(list(array)).wkb, np.uint8) if drawn else array
        np.save(buffer, content, allow_pickle=False)
    return buffer.getvalue()


def from_bytes(content: bytes) -> Iterator[NDArray[Any]]:
    """Yield the arrays in bytes that `to_bytes` made; numbers must not be single bytes, which are WKB."""
    buffer = io.BytesIO(content)
    while buffer.tell() < len(content):
        array = np.load(buffer, allow_pickle=False)
        polygons = array.dtype == np.uint8
        yield np.asarray(shapely.get_parts(shapely.from_wkb(array.tobytes())), dtype=object) if polygons else array
