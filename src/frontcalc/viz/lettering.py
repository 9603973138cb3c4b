"""The names on a map: each beside its point, none on another, all inside the picture, where they hide little.

One label after the other takes the best of its places that is still free, in the order of their rank: Imhof's
positions around a point, which maps have used since long before computers. What finds no place is left out, since
a name that is missing misleads nobody and one on another is read wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.names import printable
from frontcalc.viz.basemap import SEAS, Basemap, towns
from frontcalc.viz.frame import Frame, Geometries
from frontcalc.viz.sheet import Box, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, float]

_FONTS: dict[str, tuple[float, dict[str, Any]]] = {
    "town": (7.0, {"weight": "normal"}),
    "region": (7.2, {"style": "italic"}),
    "country": (7.8, {"weight": "bold"}),
    "sea": (7.2, {"style": "italic"}),
}
"""Size in points and style of each kind of name."""

_MARK_PT = 1.5
_METRES_PER_POINT = {1: 1e9, 2: 4_000.0, 3: 2_000.0, 4: 900.0, 5: 450.0}
"""Up to which scale a town of each rank is named: ground metres a typographic point."""

_INSIDE = {"region": 0.9, "country": 0.97}
"""The share of a name that must lie within its area."""

_DRY = 0.06
_PAD = 2.0


@dataclass(frozen=True, slots=True)
class Label:
    """A text to place.

    Parameters
    ----------
    text, kind : str
        What it says, and how it is set: town, region, country or sea.
    width, height : float
        Of the text, pixels.
    anchors : tuple of (float, float)
        Where it may stand, pixels, the best first: the point of a town, or middles of the text.
    mark : float
        Radius of the mark at a town's point, pixels; 0 where the text stands on the anchor itself.
    """

    text: str
    kind: str
    width: float
    height: float
    anchors: tuple[Point, ...]
    mark: float = 0.0


def place(
    labels: Sequence[Label], canvas: Box, cost: Callable[[Label, Box], float | None]
) -> list[tuple[Label, Box, Point]]:
    """Return the labels that find a place, in the order given, each with the box of its text and its anchor.

    Parameters
    ----------
    labels : sequence of Label
        The most important first.
    canvas : Box
        What they must stay in.
    cost : callable
        How bad a place is for a label (0 is best), None where it may not stand at all.
    """
    taken: list[Box] = []
    found = []
    for label in labels:
        free = []
        for order, (box, anchor) in enumerate(_places(label)):
            own = [box.grown(_PAD), *([Box.around(*anchor, label.mark, label.mark)] if label.mark else [])]
            if all(canvas.holds(part) and not any(part.meets(other) for other in taken) for part in own):
                price = cost(label, box)
                if price is not None:
                    free.append((price, order, box, anchor, own))
        if free:
            _, _, box, anchor, own = min(free, key=lambda entry: entry[:2])
            taken.extend(own)
            found.append((label, box, anchor))
    return found


def _places(label: Label) -> Iterator[tuple[Box, Point]]:
    """Yield the boxes that a label could take with their anchors: around a town's mark, or on the anchors."""
    half = label.width / 2, label.height / 2
    (beside, above), (right, up) = ([label.mark * factor + side for side in half] for factor in (2.3, 1.4))
    around = [(beside, 0.0), (right, up), (right, -up), (-beside, 0.0), (-right, up), (-right, -up)]
    shifts = [*around, (0.0, above), (0.0, -above)] if label.mark else [(0.0, 0.0)]
    for x, y in label.anchors:
        for dx, dy in shifts:
            yield Box.around(x + dx, y + dy, *half), (x, y)


def letter(sheet: Sheet, axes: Axes, box: Box, frame: Frame, land: Basemap, changed: Geometries) -> None:
    """Write names on a panel, none on another, all inside it.

    Parameters
    ----------
    sheet, axes, box
        Where the panel is.
    frame : Frame
        What it shows.
    land : Basemap
        Regions and countries.
    changed : (n,) array of Polygon
        What was gained and lost, metres of the frame's projection: names keep off it where they can.
    """
    canvas = box.grown(-sheet.px(3))
    pixels = _Pixels(box, frame)
    areas = {
        ("region", printable(name)): geometry.as_multipolygon(shapely.union_all(pixels.of(shapes)))
        for name, shapes, _ in land.regions
    } | {
        ("country", name.upper()): geometry.as_multipolygon(shapely.union_all(pixels.of(shapes)))
        for name, shapes in land.countries.items()
        if shapely.intersects(shapes, shapely.box(*frame.box)).any()
    }
    dry = shapely.STRtree([area for area in areas.values() if not area.is_empty])
    front = shapely.STRtree(pixels.of(changed))

    def cost(label: Label, own: Box) -> float | None:
        text = shapely.box(*own)
        within = areas.get((label.kind, label.text))
        if within is not None and shapely.area(shapely.intersection(text, within)) < _INSIDE[label.kind] * text.area:
            return None
        if label.kind == "sea" and _shared(dry, text) > _DRY * text.area:
            return None
        return _shared(front, text) / text.area

    seas = [_label(sheet, "sea", name, pixels.of_degrees(points)) for name, points in SEAS.items()]
    labels = [*_towns(sheet, pixels, (1, 2)), *_areas(sheet, canvas, areas), *seas, *_towns(sheet, pixels, (3, 4, 5))]
    for label, own, anchor in place(labels, canvas, cost):
        _write(sheet, axes, label, own, anchor)


class _Pixels:
    """From a frame's projection to a sheet's pixels."""

    def __init__(self, box: Box, frame: Frame) -> None:
        self._box, self.frame = box, frame
        self.per_metre = box.width / (frame.box[2] - frame.box[0])

    def points(self, points: Any) -> Any:
        """Return coordinates (n, 2) in pixels."""
        corner = np.array(self.frame.box[:2])
        return (np.asarray(points) - corner) * self.per_metre + np.array([self._box.left, self._box.bottom])

    def of_degrees(self, points: Sequence[Point]) -> list[Point]:
        """Return the pixels of points in degrees."""
        there = self.points(crs.projector(crs.LONLAT, self.frame.crs)(np.array(points)))
        return [(x, y) for x, y in there.tolist()]

    def of(self, shapes: Geometries) -> Geometries:
        """Return what the panel shows of polygons, in pixels, without detail below one."""
        cut = shapely.clip_by_rect(shapes, *self.frame.box)
        return geometry.repair(geometry.polygonal(shapely.simplify(shapely.transform(cut, self.points), 0.8)))


def _shared(tree: shapely.STRtree, text: shapely.Polygon) -> float:
    """Return how much of a text's box polygons cover (square pixels)."""
    near = tree.geometries[tree.query(text, predicate="intersects")]
    return float(shapely.area(shapely.intersection(near, text)).sum())


def _label(sheet: Sheet, kind: str, text: str, anchors: Sequence[Point], mark: float = 0.0) -> Label:
    """Return a label with the size that its text has in the font of its kind."""
    size, style = _FONTS[kind]
    return Label(text, kind, *sheet.measure(text, size, **style), tuple(anchors), mark)


def _towns(sheet: Sheet, pixels: _Pixels, ranks: tuple[int, ...]) -> Iterator[Label]:
    """Yield the towns of some ranks that the frame shows at its scale, the largest first."""
    per_point = sheet.px(1) / pixels.per_metre
    west, south, east, north = pixels.frame.degrees
    mine = [
        town
        for town in towns()
        if town.rank in ranks
        and per_point <= _METRES_PER_POINT[town.rank]
        and west <= town.lon <= east
        and south <= town.lat <= north
    ]
    points = pixels.of_degrees([(town.lon, town.lat) for town in mine]) if mine else []
    for town, point in zip(mine, points, strict=True):
        yield _label(sheet, "town", town.name, [point], sheet.px(_MARK_PT))


def _areas(sheet: Sheet, canvas: Box, areas: dict[tuple[str, str], shapely.MultiPolygon]) -> Iterator[Label]:
    """Yield regions and countries with the places where their names may stand, the largest first."""
    inner = shapely.box(*canvas)
    for (kind, name), area in sorted(areas.items(), key=lambda entry: (entry[0][0], -entry[1].area)):
        inside = shapely.intersection(area, inner)
        if not inside.is_empty and inside.area:
            yield _label(sheet, kind, name, _anchors(inside))


def _anchors(area: shapely.Geometry) -> list[Point]:
    """Return points inside an area, the one furthest from its edge first, then a grid from there outwards."""
    largest = max(shapely.get_parts(area), key=shapely.area)
    centre = shapely.get_coordinates(shapely.maximum_inscribed_circle(largest, tolerance=1.0))[0]
    west, south, east, north = largest.bounds
    columns, rows = np.meshgrid(np.linspace(west, east, 13)[1:-1], np.linspace(south, north, 11)[1:-1])
    grid = np.column_stack([columns.ravel(), rows.ravel()])
    grid = grid[shapely.contains_xy(largest, grid)]
    order = np.argsort(np.hypot(*(grid - centre).T), kind="stable")
    return [(x, y) for x, y in np.vstack([centre, grid[order]]).tolist()]


def _write(sheet: Sheet, axes: Axes, label: Label, box: Box, anchor: Point) -> None:
    """Write one name, with a rim of the land's colour that keeps it legible on any ground."""
    from matplotlib.patheffects import withStroke

    theme, (size, style) = sheet.theme, _FONTS[label.kind]
    rim = withStroke(linewidth=2.0, foreground=theme.sea if label.kind == "sea" else theme.land)
    colour = theme.ink if label.kind == "town" else theme.quiet
    about = {"gid": label.kind, "color": colour, "path_effects": [rim], "ha": "center", "va": "center", "zorder": 6}
    sheet.text((box.left + box.right) / 2, (box.bottom + box.top) / 2, label.text, size, **about, **style)
    if label.mark:
        x, y = anchor
        axes.plot(
            [x / sheet.width],
            [y / sheet.height],
            "o",
            transform=sheet.figure.transFigure,
            markersize=_MARK_PT * 2,
            color=theme.ink,
            markeredgecolor=theme.land,
            markeredgewidth=0.5,
            zorder=5,
        )
