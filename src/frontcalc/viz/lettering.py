"""The names on a map: towns, regions, countries and seas, set where they hide little."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.names import printable
from frontcalc.viz.basemap import SEAS, Land, degrees_of, towns
from frontcalc.viz.frame import Frame
from frontcalc.viz.labels import Label, Placed, place
from frontcalc.viz.shapes import Geometries
from frontcalc.viz.sheet import Box, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES: dict[str, dict[str, Any]] = {
    "town": {"weight": "normal"},
    "region": {"style": "italic"},
    "country": {"weight": "bold"},
    "sea": {"style": "italic"},
}
_SIZES_PT = {"town": 7.0, "region": 7.2, "country": 7.8, "sea": 7.2}
_MARK_PT = 1.5
_METRES_PER_POINT = {1: 1e9, 2: 4_000.0, 3: 2_000.0, 4: 900.0, 5: 450.0}
"""Up to which scale a town of each rank is named: ground metres a typographic point."""

_INSIDE = {"region": 0.9, "country": 0.97}
_DRY = 0.06


def letter(sheet: Sheet, axes: Axes, box: Box, frame: Frame, land: Land, changed: Geometries) -> None:
    """Write names on a panel, none on another, all inside it.

    Parameters
    ----------
    sheet, axes, box
        Where the panel is.
    frame : Frame
        What it shows.
    land : Land
        Regions and countries.
    changed : (n,) array of Polygon
        What was gained and lost, metres of the frame's projection: names keep off it where they can.
    """
    inset = sheet.px(3)
    canvas = Box(box.left + inset, box.bottom + inset, box.right - inset, box.top - inset)
    pixels = _Pixels(box, frame)
    areas = {
        ("region", printable(region.name)): geometry.as_multipolygon(shapely.union_all(pixels.of(region.shapes)))
        for region in land.regions
    } | {
        ("country", name.upper()): geometry.as_multipolygon(shapely.union_all(pixels.of(shapes)))
        for name, shapes in land.countries.items()
        if pixels.shows(shapes)
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

    labels = [*_towns(sheet, pixels, frame, (1, 2)), *_areas(sheet, canvas, areas), *_seas(sheet, pixels, frame)]
    labels += _towns(sheet, pixels, frame, (3, 4, 5))
    for placed in place(labels, canvas, cost):
        _write(sheet, axes, placed)


class _Pixels:
    """From a frame's projection to a sheet's pixels."""

    def __init__(self, box: Box, frame: Frame) -> None:
        self._box, self._frame = box, frame
        self._scale = box.width / (frame.box[2] - frame.box[0])

    def points(self, points: Any) -> Any:
        """Return coordinates (n, 2) in pixels."""
        corner = np.array(self._frame.box[:2])
        return (np.asarray(points) - corner) * self._scale + np.array([self._box.left, self._box.bottom])

    def of(self, shapes: Geometries) -> Geometries:
        """Return what the panel shows of polygons, in pixels, without detail below one."""
        cut = shapely.clip_by_rect(shapes, *self._frame.box)
        return geometry.repair(geometry.polygonal(shapely.simplify(shapely.transform(cut, self.points), 0.8)))

    def shows(self, shapes: Geometries) -> bool:
        """Say whether any polygon reaches into the panel."""
        return bool(shapely.intersects(shapes, shapely.box(*self._frame.box)).any())


def _shared(tree: shapely.STRtree, text: shapely.Polygon) -> float:
    """Return how much of a text's box polygons cover (square pixels)."""
    near = tree.geometries[tree.query(text, predicate="intersects")]
    return float(shapely.area(shapely.intersection(near, text)).sum())


def _towns(sheet: Sheet, pixels: _Pixels, frame: Frame, ranks: tuple[int, ...]) -> Iterator[Label]:
    """Yield the towns of some ranks that the frame shows at its scale, the largest first."""
    per_point = sheet.px(1) / pixels._scale
    west, south, east, north = degrees_of(frame)
    mine = [
        town
        for town in towns()
        if town.rank in ranks
        and per_point <= _METRES_PER_POINT[town.rank]
        and west <= town.lon <= east
        and south <= town.lat <= north
    ]
    if not mine:
        return
    points = pixels.points(crs.projector(crs.LONLAT, frame.crs)(np.array([(town.lon, town.lat) for town in mine])))
    for town, point in zip(mine, points.tolist(), strict=True):
        width, height = sheet.measure(town.name, _SIZES_PT["town"])
        yield Label(town.name, "town", width, height, ((point[0], point[1]),), sheet.px(_MARK_PT))


def _areas(sheet: Sheet, canvas: Box, areas: dict[tuple[str, str], shapely.MultiPolygon]) -> Iterator[Label]:
    """Yield regions and countries with the places where their names may stand, the largest first."""
    inner = shapely.box(*canvas)
    for (kind, name), area in sorted(areas.items(), key=lambda entry: (entry[0][0], -entry[1].area)):
        inside = shapely.intersection(area, inner)
        if inside.is_empty or not inside.area:
            continue
        width, height = sheet.measure(name, _SIZES_PT[kind], **_STYLES[kind])
        yield Label(name, kind, width, height, tuple(_anchors(inside)))


def _anchors(area: shapely.Geometry) -> Iterator[tuple[float, float]]:
    """Yield points inside an area, the one furthest from its edge first, then a grid from there outwards."""
    largest = max(shapely.get_parts(area), key=shapely.area)
    centre = shapely.get_coordinates(shapely.maximum_inscribed_circle(largest, tolerance=1.0))[0]
    west, south, east, north = largest.bounds
    columns, rows = np.meshgrid(np.linspace(west, east, 13)[1:-1], np.linspace(south, north, 11)[1:-1])
    grid = np.column_stack([columns.ravel(), rows.ravel()])
    grid = grid[shapely.contains_xy(largest, grid)]
    order = np.argsort(np.hypot(*(grid - centre).T), kind="stable")
    yield from ((float(x), float(y)) for x, y in [centre, *grid[order]])


def _seas(sheet: Sheet, pixels: _Pixels, frame: Frame) -> Iterator[Label]:
    """Yield the seas with the places where their names may stand."""
    for name, points in SEAS.items():
        width, height = sheet.measure(name, _SIZES_PT["sea"], **_STYLES["sea"])
        there = pixels.points(crs.projector(crs.LONLAT, frame.crs)(np.array(points)))
        yield Label(name, "sea", width, height, tuple((float(x), float(y)) for x, y in there))


def _write(sheet: Sheet, axes: Axes, placed: Placed) -> None:
    """Write one name, with a rim of the land's colour that keeps it legible on any ground."""
    from matplotlib.patheffects import withStroke

    theme, kind = sheet.theme, placed.label.kind
    rim = withStroke(linewidth=2.0, foreground=theme.sea if kind == "sea" else theme.land)
    box = placed.box
    sheet.text(
        (box.left + box.right) / 2,
        (box.bottom + box.top) / 2,
        placed.label.text,
        _SIZES_PT[kind],
        ha="center",
        va="center",
        color=theme.ink if kind == "town" else theme.quiet,
        path_effects=[rim],
        gid=kind,
        zorder=6,
        **_STYLES[kind],
    )
    if placed.label.mark:
        x, y = placed.anchor
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
