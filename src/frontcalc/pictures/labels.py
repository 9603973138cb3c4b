"""The names on a map: each beside its point, none on another, all inside the picture, where they hide little.

In order, each label takes the best of its places that is still free: Imhof's positions around a point. A label
without a free place is left out, since a missing name does no harm and one on another is read wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.geometry import Geometries
from frontcalc.names import printable
from frontcalc.pictures.frame import SEAS, Basemap, Frame
from frontcalc.pictures.sheet import Box, Sheet
from frontcalc.pictures.titles import is_from_the_right
from frontcalc.towns import Towns, load_towns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, float]

_FONTS: dict[str, tuple[float, dict[str, Any]]] = {
    "number": (6.0, {"weight": "bold"}),
    "town": (7.0, {"weight": "normal"}),
    "region": (7.2, {"style": "italic"}),
    "country": (7.8, {"weight": "bold"}),
    "sea": (7.2, {"style": "italic"}),
}
"""Size in points and style of each kind of name."""


def _font(kind: str, text: str) -> tuple[float, dict[str, Any]]:
    """Return the size and style of a name; the slanted face of the font has no Arabic letters."""
    size, style = _FONTS[kind]
    return size, {} if is_from_the_right(text) else style


_MARK_PT = 1.5
# Up to which scale (ground metres a typographic point) a town of so many people is named.
METRES_PER_POINT = {700_000: 1e9, 250_000: 4_000.0, 60_000: 2_000.0, 12_000: 900.0, 4_000: 450.0, 500: 120.0}
_MOST_TOWNS = 80
_BESIDE, _BESIDE_PT = 4, 15  # a town so near to the change counts as if it had so many times its people
_SEEN_PT = 3
_INSIDE = {"region": 0.9, "country": 0.97}  # the share of a name that must lie within its area
_CITY = 250_000  # towns with more people are named before regions and countries
_DRY = 0.06
_PAD = 2.0


@dataclass(frozen=True, slots=True)
class Label:
    """A text to place, of a kind that says how it is set: town, region, country or sea; all lengths are pixels.

    `anchors` are where it may stand, the best first: a town's point, whose mark has the radius `mark`, or middles of
    the text, where `mark` is 0.
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
    """Return the labels that find a place on the canvas, each with the box of its text and its anchor.

    The most important come first; `cost` says how bad a place is for a label (0 is best), None where it may not stand.
    """
    boxes, placed = list[Box](), []
    for label in labels:
        free = []
        for order, (box, anchor) in enumerate(_places(label)):
            own = [box.grown(_PAD), *([Box(*anchor, *anchor).grown(label.mark)] if label.mark else [])]
            if all(_is_free(part, canvas, boxes) for part in own):
                price = cost(label, box)
                if price is not None:
                    free.append((price, order, box, anchor, own))
        if free:
            _, _, box, anchor, own = min(free, key=lambda entry: entry[:2])
            boxes.extend(own)
            placed.append((label, box, anchor))
    return placed


def _is_free(box: Box, canvas: Box, boxes: Sequence[Box]) -> bool:
    """Say whether a box lies on the canvas and overlaps none of `boxes`."""
    left, bottom, right, top = box
    if left < canvas.left or bottom < canvas.bottom or right > canvas.right or top > canvas.top:
        return False
    return all(right <= one.left or one.right <= left or top <= one.bottom or one.top <= bottom for one in boxes)


def _places(label: Label) -> Iterator[tuple[Box, Point]]:
    """Yield the boxes that a label could take with their anchors: around a town's mark, or on the anchors."""
    half = label.width / 2, label.height / 2
    (beside, above), (right, up) = ([label.mark * factor + side for side in half] for factor in (2.3, 1.4))
    around = [(beside, 0.0), (right, up), (right, -up), (-beside, 0.0), (-right, up), (-right, -up)]
    shifts = [*around, (0.0, above), (0.0, -above)] if label.mark else [(0.0, 0.0)]
    for x, y in label.anchors:
        for dx, dy in shifts:
            yield Box(x + dx, y + dy, x + dx, y + dy).grown(*half), (x, y)


def letter(
    sheet: Sheet, axes: Axes, box: Box, frame: Frame, land: Basemap, changed: Geometries, numbered: Sequence[Point] = ()
) -> None:
    """Write names on a panel that shows a frame, off the ground that was gained and lost where they can.

    Before them come the numbers of some places (degrees), from 1 on, each on its place or as near as there is room.
    """
    canvas, per_metre = box.grown(-sheet.px(3)), box.width / (frame.box[2] - frame.box[0])

    def pixels(metres: Any) -> Any:
        return (np.asarray(metres) - frame.box[:2]) * per_metre + (box.left, box.bottom)

    def located(points: Any) -> list[Point]:
        there = crs.projector(crs.LONLAT, frame.crs)(np.reshape(points, (-1, 2)))
        return [(x, y) for x, y in pixels(there).tolist()]

    def shown(shapes: Geometries) -> Geometries:
        # In pixels, without detail below one.
        cut = shapely.transform(shapely.clip_by_rect(shapes, *frame.box), pixels)
        return geometry.repair(geometry.polygonal(shapely.simplify(cut, 0.8)))

    def label(kind: str, text: str, anchors: Sequence[Point], mark: float = 0.0) -> Label:
        size, style = _font(kind, text)
        return Label(text, kind, *sheet.measure(text, size, **style), tuple(anchors), mark)

    near = {name: own for name, own in land.countries.items() if shapely.intersects(own, shapely.box(*frame.box)).any()}
    named = {("region", printable(name)): own for name, own, _ in land.regions}
    named |= {("country", name.upper()): own for name, own in near.items()}
    areas = {which: geometry.as_multipolygon(shapely.union_all(shown(own))) for which, own in named.items()}
    dry = shapely.STRtree([area for area in areas.values() if not area.is_empty])
    front = shapely.STRtree(shown(changed))

    def cost(label: Label, own: Box) -> float | None:
        text = shapely.box(*own)
        within = areas.get((label.kind, label.text))
        if within is not None and shapely.area(shapely.intersection(text, within)) < _INSIDE[label.kind] * text.area:
            return None
        if label.kind == "sea" and _shared(dry, text) > _DRY * text.area:
            return None
        return 0.0 if label.kind == "number" else _shared(front, text) / text.area

    inside = {which: shapely.intersection(area, shapely.box(*canvas)) for which, area in areas.items()}
    largest = sorted((which for which in inside if inside[which].area), key=lambda own: (own[0], -areas[own].area))
    dot, towns = sheet.px(_MARK_PT), load_towns().within(frame.degrees, least_people=_least_people(sheet, per_metre))
    points = located(towns.points)
    chosen = _named_towns(towns, points, sheet, per_metre, front.geometries)
    mine = [(label("town", towns.names[place], [points[place]], dot), int(towns.people[place])) for place in chosen]
    cities, smaller = [one for one, people in mine if people > _CITY], [one for one, people in mine if people <= _CITY]
    seas = [label("sea", name, located(points)) for name, points in SEAS.items()]
    places = enumerate(located(numbered), start=1)
    marks = [label("number", str(number), _around(point, dot)) for number, point in places]
    labels = [*marks, *cities, *(label(*which, _anchors(inside[which])) for which in largest), *seas, *smaller]
    for one, own, anchor in place(labels, canvas, cost):
        _write(sheet, axes, one, own, anchor)


def _around(point: Point, dot: float) -> list[Point]:
    """Return a point and those around it, in two rings, that its number may stand on."""
    (x, y), angles = point, np.arange(8) * np.pi / 4
    return [point, *((x + step * np.cos(a), y + step * np.sin(a)) for step in (dot * 6, dot * 12) for a in angles)]


def _least_people(sheet: Sheet, per_metre: float) -> int:
    """Return how many people a town has that is named at a scale (pixels a metre) if it lies beside the change."""
    scale = sheet.px(1) / per_metre
    return min(people for people, most in METRES_PER_POINT.items() if scale <= most) // _BESIDE


def _named_towns(
    towns: Towns, points: Sequence[Point], sheet: Sheet, per_metre: float, changed: Geometries
) -> list[int]:
    """Return which towns are named at a scale, the most people first; those beside the change count as larger."""
    # Redrawn lines are long and thin; what is large enough to be seen is not.
    seen = shapely.STRtree(changed[shapely.area(changed) > sheet.px(_SEEN_PT) ** 2])
    marks = np.asarray(shapely.points(np.reshape(points, (-1, 2))))
    weight = towns.people.copy()
    weight[np.unique(seen.query(marks, predicate="dwithin", distance=sheet.px(_BESIDE_PT))[0])] *= _BESIDE
    order = np.argsort(-weight, kind="stable")
    least = _least_people(sheet, per_metre) * _BESIDE
    return [place for place in order[:_MOST_TOWNS].tolist() if weight[place] >= least]


def _shared(tree: shapely.STRtree, text: shapely.Polygon) -> float:
    """Return how much of a text's box polygons cover (square pixels)."""
    near = tree.geometries[tree.query(text, predicate="intersects")]
    return float(shapely.area(shapely.intersection(near, text)).sum())


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

    theme, (size, style) = sheet.theme, _font(label.kind, label.text)
    rim = withStroke(linewidth=2.0, foreground=theme.sea if label.kind == "sea" else theme.land)
    colour = theme.ink if label.kind in ("town", "number") else theme.quiet
    about: dict[str, Any] = {"gid": label.kind, "color": colour, "path_effects": [rim], "zorder": 6, **style}
    if label.kind == "number":
        about["bbox"] = {"boxstyle": "circle,pad=0.15", "facecolor": theme.paper, "edgecolor": theme.ink, "lw": 0.6}
    sheet.text(*box.middle, label.text, size, ha="center", va="center", **about)
    if label.mark:
        x, y = anchor[0] / sheet.width, anchor[1] / sheet.height
        edge: dict[str, Any] = {"markersize": _MARK_PT * 2, "markeredgecolor": theme.land, "markeredgewidth": 0.5}
        axes.plot([x], [y], "o", transform=sheet.figure.transFigure, color=theme.ink, zorder=5, **edge)
