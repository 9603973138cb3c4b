"""A map of change: what was gained and lost over what was held, one panel a period, all on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from frontcalc.errors import UsageError
from frontcalc.outputs import numbers
from frontcalc.outputs.wording import UNITS, Unit
from frontcalc.slivers import SLIVER_WIDTH_M
from frontcalc.viz import titles
from frontcalc.viz.basemap import COVERED, Land, covers, land_in
from frontcalc.viz.frame import Frame, frame_of
from frontcalc.viz.lettering import letter
from frontcalc.viz.scene import ChangeMap, Panel
from frontcalc.viz.shapes import Geometries, are_slivers, path_of, projected, seen, thinned
from frontcalc.viz.sheet import KEY_LEADING, KEY_PT, Box, Picture, Sheet, Style, Words, plain_settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OUTLINE_PT = 0.6
"""Width of the line around what was gained and lost, so that a change of a few metres still shows."""

MOST_PANELS = 12
_HEADING_PT, _DETAIL_PT = 8.5, 6.8
_FINEST_PX, _LAND_PX = 0.2, 0.5
_KM_PER_MI = 1.609344
_SCALE_ROOM = 0.24
_MEANINGS = (("gained", "gained"), ("lost", "lost"), ("held at the opening", "held"))
_THICKENED = f"small changes are outlined to show; strips under {SLIVER_WIDTH_M:g} m are not"


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A panel's polygons in the frame's projection."""

    panel: Panel
    held: Geometries
    gained: Geometries
    lost: Geometries


def draw_map(scene: ChangeMap, style: Style, *, zoom: str = "auto", units: str = "km2") -> Picture:
    """Draw a map of change.

    Parameters
    ----------
    scene : ChangeMap
        What it shows.
    style : Style
        Size and colours.
    zoom : str
        As `ChangeMap.plot` takes it.
    units : str
        `km2` or `mi2`.

    Raises
    ------
    UsageError
        The zoom names nothing, there are more periods than a sheet holds, or matplotlib is not installed.
    """
    if len(scene.panels) > MOST_PANELS:
        raise UsageError(
            f"{len(scene.panels)} maps are more than the {MOST_PANELS} that one picture holds",
            cure="name fewer periods",
        )
    unit = UNITS[units]
    with plain_settings():
        sheet = Sheet(style)
        # The proportions of the panels depend on the room that the words leave, and those on the frame.
        first = frame_of(zoom, scene.plane, _changed(scene.panels), _held(scene.panels), scene.regions)
        drawn = [_drawn(panel, scene.plane, first) for panel in scene.panels]
        words = _words(scene, first, unit, _outside(drawn, first))
        space = sheet.room(words)
        below = _key(sheet, space, drawn)
        boxes = _boxes(sheet, below, len(drawn), first.aspect)
        frame = first.fitted(boxes[0].width / boxes[0].height)
        words = _words(scene, frame, unit, _outside(drawn, frame))
        sheet.write(words)
        scale_m = (frame.box[2] - frame.box[0]) / boxes[0].width
        _scale_bar(sheet, space, scale_m, units)
        land = land_in(frame, scene.regions, scene.plane)
        for box, one in zip(boxes, drawn, strict=True):
            _panel(sheet, box, one, frame, land, scale_m, alone=len(drawn) == 1, unit=unit)
            if words.synthetic:
                _watermark(sheet, box)
    return Picture(sheet.figure, words)


def _changed(panels: Sequence[Panel]) -> Geometries:
    """Return what came and went in any panel."""
    return np.concatenate([ground for panel in panels for ground in (panel.gained, panel.lost)])


def _held(panels: Sequence[Panel]) -> Geometries:
    """Return what was held in any panel."""
    return np.concatenate([panel.held for panel in panels])


def _drawn(panel: Panel, plane: str, frame: Frame) -> _Drawn:
    """Return a panel's polygons in the frame's projection."""
    return _Drawn(panel, *(projected(ground, plane, frame.crs) for ground in (panel.held, panel.gained, panel.lost)))


def _boxes(sheet: Sheet, space: Box, count: int, aspect: float) -> list[Box]:
    """Return a box a panel, in as many columns as show the frame largest, with room for headings."""
    heading = 0.0 if count == 1 else sheet.px((_HEADING_PT + _DETAIL_PT) * 1.45)
    gap = sheet.px(8)

    def sides(columns: int) -> tuple[float, float]:
        rows = math.ceil(count / columns)
        width = (space.width - gap * (columns - 1)) / columns
        return width, (space.height - gap * (rows - 1)) / rows - heading

    columns = max(range(1, count + 1), key=lambda number: min(sides(number)[0] / aspect, sides(number)[1]))
    width, height = sides(columns)
    boxes = []
    for place in range(count):
        left = space.left + (place % columns) * (width + gap)
        top = space.top - (place // columns) * (height + heading + gap) - heading
        boxes.append(Box(left, top - height, left + width, top))
    if min(width, height) < sheet.px(60):
        raise UsageError(
            f"is too small for {count} maps", where=f"--size {sheet.width}x{sheet.height}", cure="give a larger one"
        )
    return boxes


def _words(scene: ChangeMap, frame: Frame, unit: Unit, outside: str) -> Words:
    """Return what stands around the map."""
    rows = [panel.row for panel in scene.panels]
    meta = scene.table.meta
    subtitle = f"{titles.gross_of(rows[0], unit)}." if len(rows) == 1 else "Ground gained and lost in each period."
    coast = "Coast and neighbours: Natural Earth." if covers(frame) else _uncovered(frame)
    return Words(
        titles.map_title(rows, titles.place_of(scene.table.rows, meta), unit),
        subtitle,
        (
            titles.source(meta),
            f"Drawn in the {frame.stated}. {coast}",
            *titles.remarks(meta),
            *([outside] if outside else []),
        ),
        titles.synthetic(meta),
    )


def _uncovered(frame: Frame) -> str:
    """Return where coasts and neighbours are known, for a frame that reaches beyond."""
    west, south, east, north = COVERED
    return f"Coast and neighbours are known from {west:g}° to {east:g}° E and {south:g}° to {north:g}° N only."


def _outside(drawn: Sequence[_Drawn], frame: Frame) -> str:
    """Return how much of the change the frame leaves out, nothing where it is all there."""
    whole, out = 0.0, 0.0
    for one in drawn:
        for ground in (one.gained, one.lost):
            areas = shapely.area(ground)
            whole += float(areas.sum())
            out += float((areas - shapely.area(shapely.clip_by_rect(ground, *frame.box))).sum())
    if out <= 1e-6 * whole:
        return ""
    share = f"{100 * out / whole:.1f} %" if out >= 0.0005 * whole else "less than 0.1 %"
    return f"Outside the frame: {share} of what was gained and lost."


def _panel(
    sheet: Sheet, box: Box, one: _Drawn, frame: Frame, land: Land, scale_m: float, *, alone: bool, unit: Unit
) -> None:
    """Draw one panel, with a heading where it is not alone."""
    axes = sheet.axes(box)
    axes.set_xlim(frame.box[0], frame.box[2])
    axes.set_ylim(frame.box[1], frame.box[3])
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor(sheet.theme.paper)
    for spine in axes.spines.values():
        spine.set(color=sheet.theme.border, linewidth=0.6)
    _base(axes, sheet, frame, land, scale_m)
    _change(axes, sheet, one, frame, scale_m)
    _borders(axes, sheet, frame, land, scale_m)
    letter(sheet, axes, box, frame, land, np.concatenate([one.gained, one.lost]))
    if not alone:
        row = one.panel.row
        above = box.top + sheet.px(_DETAIL_PT * 1.5)
        heading = sheet.fit(titles.finding(row, unit), _HEADING_PT, box.width, weight="bold")
        sheet.text(box.left, above, heading, _HEADING_PT, va="bottom", weight="bold", gid="heading")
        detail = _detail(row, unit)
        sheet.text(
            box.left,
            box.top + sheet.px(_DETAIL_PT * 0.35),
            sheet.fit(detail, _DETAIL_PT, box.width),
            _DETAIL_PT,
            va="bottom",
            color=sheet.theme.quiet,
            gid="detail",
        )


def _detail(row: Any, unit: Unit) -> str:
    """Return a panel's gained and lost, in few letters."""
    if row.gained_km2 is None or row.lost_km2 is None:
        return "no two maps stand for this period"
    gained, lost = (numbers.km2(area * unit.per_km2) for area in (row.gained_km2, row.lost_km2))
    between = f", {row.opening} to {row.closing}" if row.opening and row.closing else ""
    return f"gained {gained}, lost {lost} {unit.label}{between}"


def _base(axes: Axes, sheet: Sheet, frame: Frame, land: Land, scale_m: float) -> None:
    """Draw water and land."""
    theme = sheet.theme
    box = _beyond(frame)
    _fill(axes, seen(land.covered, box, 0.0), "sea", 0.0, facecolor=theme.sea)
    edge = {"edgecolor": theme.border, "linewidth": 0.5, "joinstyle": "round"}
    for shapes in land.countries.values():
        _fill(axes, seen(shapes, box, _LAND_PX * scale_m), "country", 0.1, facecolor=theme.foreign, **edge)
    for region in land.regions:
        # The line hides the hair between neighbours that were thinned apart.
        colour = theme.land if region.whole_country else theme.foreign
        mine = seen(region.shapes, box, _LAND_PX * scale_m)
        _fill(axes, mine, "region", 0.2, facecolor=colour, edgecolor=colour, linewidth=0.4)


def _change(axes: Axes, sheet: Sheet, one: _Drawn, frame: Frame, scale_m: float) -> None:
    """Draw what was held, then what was lost of it and gained."""
    theme = sheet.theme
    held = seen(one.held, _beyond(frame), _LAND_PX * scale_m)
    _fill(axes, held, "held", 1.0, facecolor=theme.held, linewidth=0.0)
    for ground, name in ((one.lost, "lost"), (one.gained, "gained")):
        colour = getattr(theme, name)
        slivers = are_slivers(ground)
        shapes = thinned(ground, _FINEST_PX * scale_m)
        _fill(axes, shapes[slivers], f"{name}-slivers", 2.0, facecolor=colour)
        edge = {"edgecolor": colour, "linewidth": OUTLINE_PT, "joinstyle": "round"}
        _fill(axes, shapes[~slivers], name, 2.0, facecolor=colour, **edge)


def _borders(axes: Axes, sheet: Sheet, frame: Frame, land: Land, scale_m: float) -> None:
    """Draw the borders of the regions over everything, so that ground is seen to lie in them."""
    edge = {"facecolor": "none", "edgecolor": sheet.theme.border, "joinstyle": "round"}
    within = shapely.box(*frame.box)
    for region in land.regions:
        outline = shapely.simplify(region.shapes[shapely.intersects(region.shapes, within)], _LAND_PX * scale_m)
        _fill(axes, outline, "border", 3.0, linewidth=0.45, **edge)
    for line in shapely.get_parts(shapely.simplify(land.frontiers, _LAND_PX * scale_m)):
        x, y = shapely.get_coordinates(line).T
        axes.plot(x, y, color=sheet.theme.border, linewidth=1.2, gid="frontier", zorder=3.1)


def _fill(axes: Axes, shapes: Geometries, gid: str, zorder: float, **style: Any) -> None:
    """Draw polygons as one path."""
    from matplotlib.patches import PathPatch

    if len(shapes):
        # Unlike `add_patch` this does not look for the extent of every edge, which nobody asks for.
        axes.add_artist(PathPatch(path_of(shapes), gid=gid, zorder=zorder, **{"linewidth": 0.0, **style}))


def _beyond(frame: Frame) -> tuple[float, float, float, float]:
    """Return the frame's box and a little more, so that no cut edge of land is seen."""
    west, south, east, north = frame.box
    more = 0.03 * max(east - west, north - south)
    return west - more, south - more, east + more, north + more


def _key(sheet: Sheet, space: Box, drawn: Sequence[_Drawn]) -> Box:
    """Write what the colours mean and return the box below it."""
    theme = sheet.theme
    entries = [(words, {"facecolor": getattr(theme, name)}) for words, name in _MEANINGS]
    changed = any(len(one.gained) or len(one.lost) for one in drawn)
    entries.append((_THICKENED if changed else "no ground gained or lost", {}))
    below = sheet.key(space, entries, reserve=space.width * _SCALE_ROOM)
    return Box(space.left, space.bottom, space.right, below - sheet.px(2))


def _scale_bar(sheet: Sheet, space: Box, scale_m: float, units: str) -> None:
    """Draw a scale bar at the right end of the key, above the maps that share it."""
    per, label = (1000.0, "km") if units == "km2" else (1000.0 * _KM_PER_MI, "mi")
    longest = space.width * (_SCALE_ROOM - 0.08) * scale_m / per
    power = 10.0 ** math.floor(math.log10(longest))
    length = next(power * step for step in (5, 2, 1) if power * step <= longest)
    width = length * per / scale_m
    middle = space.top - sheet.px(KEY_PT * KEY_LEADING) / 2
    text = f"{length:g} {label}"
    room = sheet.measure(text, 7.5)[0] + sheet.px(4)
    right = space.right - room
    thick = sheet.px(1.6)
    bar = Box(right - width, middle - thick / 2, right, middle + thick / 2)
    sheet.rectangle(bar, facecolor=sheet.theme.ink, linewidth=0.0, gid="scale")
    sheet.text(space.right, middle, text, 7.5, ha="right", va="center_baseline", gid="scale-text")


def _watermark(sheet: Sheet, box: Box) -> None:
    """Write across a panel that its maps are made up, so that a part cut out of the picture says it too."""
    size = min(box.height * 0.16, box.width * 0.105) * 72 / sheet.figure.dpi
    middle = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    style: dict[str, Any] = {"ha": "center", "va": "center", "rotation": 20, "weight": "bold", "alpha": 0.16}
    sheet.text(*middle, "SYNTHETIC", size, gid="watermark", **style)
