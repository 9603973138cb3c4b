"""A map of change: what was gained and lost over what was held, one panel a period, all on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.crs import Bounds
from frontcalc.errors import UsageError
from frontcalc.geometry import Geometries
from frontcalc.names import printable
from frontcalc.outputs import numbers, write_file
from frontcalc.outputs.agreement import SIDES, agreed, by_all, maps_used
from frontcalc.outputs.numbers import Unit
from frontcalc.outputs.sentences import capital, times_of
from frontcalc.pictures import titles
from frontcalc.pictures.frame import Basemap, Frame, frame_of, land_in, projected
from frontcalc.pictures.labels import Point, letter
from frontcalc.pictures.sheet import FORMATS, KEY_LINE_PT, Box, Picture, Sheet, installed, plain_settings
from frontcalc.pictures.style import Looks, style_of
from frontcalc.regions import RegionSet
from frontcalc.slivers import SLIVER_WIDTH_M, thin_parts
from frontcalc.tables import Table, WhereRow
from frontcalc.towns import ATTRIBUTION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OUTLINE_PT = 0.6  # around what was gained and lost, so that a change of a few metres still shows
MOST_PANELS = 12
_HEADING_PT, _DETAIL_PT, _SCALE_PT = 8.5, 6.8, 7.5
_FINEST_PX, _LAND_PX = 0.2, 0.5
_SCALE_ROOM = 0.24
_MAY_CHANGE = 0.001
_NEAR_M = 5_000.0  # of the middle of a numbered row
_THICKENED = f"small changes are outlined to show; strips under {SLIVER_WIDTH_M:g} m are not"


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One period of one actor: the total that the map states, and polygons (n,) in metres of the scene's plane.

    They are what was held at the opening, and what changed, an array a colour of the scene, as what was gained and what
    was lost; all empty where the period has not two maps.
    """

    row: Any
    held: Geometries
    changed: tuple[Geometries, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ChangeMap:
    """Where ground changed hands, ready to be drawn; a notebook shows it.

    Parameters
    ----------
    table : Table of DiffRow
        The figures, as `frontcalc.diff` returns them.
    panels : tuple of Panel
        By actor, then period.
    plane : str
        The equal-area CRS of all polygons.
    regions : RegionSet
        The regions, in that CRS.
    numbered : tuple of WhereRow
        Rows whose numbers stand on the map, and whose names and figures beside it.
    """

    table: Table[Any, Any]
    panels: tuple[Panel, ...]
    plane: str
    regions: RegionSet
    numbered: tuple[WhereRow, ...] = ()

    def key(self, unit: Unit) -> list[tuple[str, str]]:
        """Return what the colours of `Panel.changed` mean, and what they are in a theme, the first above the others."""
        return [("gained", "gained"), ("lost", "lost")]

    def title(self, unit: Unit) -> tuple[str, str]:
        """Return the finding, and the line below it."""
        rows, meta = [panel.row for panel in self.panels], self.table.meta
        below = titles.gross_of(rows[0], unit, meta) if len(rows) == 1 else "Ground gained and lost in each period."
        return titles.map_title(rows, titles.place_of(self.table.rows, meta), unit, meta), below

    def heading(self, place: int, unit: Unit) -> tuple[str, str]:
        """Return what stands above one of several panels, and below that."""
        row, detail = self.panels[place].row, "no two maps stand for this period"
        if row.gained_km2 is not None and row.lost_km2 is not None:
            gained, lost = (numbers.km2(area * unit.per_km2) for area in (row.gained_km2, row.lost_km2))
            between = f", {row.opening} to {row.closing}" if row.opening and row.closing else ""
            detail = f"gained {gained}, lost {lost} {unit.label}{between}"
        return titles.headline(row, unit, self.table.meta), detail

    def plot(self, *, zoom: str = "auto", **looks: Unpack[Looks]) -> Figure:
        """Return the map as a figure of matplotlib, to add to; a notebook shows it.

        Parameters
        ----------
        zoom : str
            `auto` frames the change; else a region's name, or W,S,E,N in degrees.
        **looks
            Size, theme and units: see `frontcalc.pictures.style.Looks`.

        Raises
        ------
        UsageError
            An option is wrong, or matplotlib is not installed.
        """
        return self._picture(zoom, looks).figure

    def image(self, format_: str = "png", *, zoom: str = "auto", **looks: Unpack[Looks]) -> bytes:
        """Return the map as PNG, SVG or PDF, the same bytes every time; otherwise as `plot`."""
        return self._picture(zoom, looks).image(format_)

    def save(self, path: str | Path, *, zoom: str = "auto", **looks: Unpack[Looks]) -> None:
        """Write the map to a file, whose suffix chooses PNG, SVG or PDF; otherwise as `plot`."""
        form = Path(path).suffix.lower().removeprefix(".")
        if form not in FORMATS:
            raise UsageError("has no suffix of a picture", where=str(path), cure=f"use .{', .'.join(FORMATS)}")
        write_file(Path(path), self.image(form, zoom=zoom, **looks))

    def _repr_png_(self) -> bytes | None:
        """Return the map for a notebook, nothing without matplotlib."""
        return self.image("png") if installed() else None

    def _picture(self, zoom: str, looks: Looks) -> Picture:
        """Return the map as it is drawn with some looks."""
        style = style_of(looks)
        with plain_settings():
            return _draw(self, zoom, Sheet(*style))


@dataclass(frozen=True, slots=True, eq=False)
class ConsensusMap(ChangeMap):
    """Where ground changed hands by all of several archives' maps and by some, a panel for what was gained and lost.

    `table` is what `frontcalc.consensus` returns. What is less than a twentieth of the other has no panel.
    """

    def key(self, unit: Unit) -> list[tuple[str, str]]:
        """Return what each colour means, and how much was gained and lost so; what they are in a theme."""
        totals = self.table.rows[-len(self.table.meta.archives) :]
        names, sums = [f"by {printable(row.archive)} alone" for row in totals], []
        for side in SIDES:
            by_any, all_km2 = (getattr(totals[0], f"{side}_by_{which}_km2") for which in ("any", "all"))
            alone = [getattr(row, f"{side}_only_km2") for row in totals]
            if len(totals) > 2:
                names, alone = ["by several, not all", "by one alone"], [by_any - all_km2 - sum(alone), sum(alone)]
            sums.append([f"{side} {numbers.km2(area * unit.per_km2)}" for area in (all_km2, *alone)])
        names = [by_all(len(totals)), *names]
        texts = [f"{name}: {', '.join(own)}" for name, own in zip(names, zip(*sums, strict=True), strict=True)]
        return list(zip(texts, ("by_all", "by_first", "by_second"), strict=True))

    def title(self, unit: Unit) -> tuple[str, str]:
        """Return the finding, and the line below it."""
        totals = self.table.rows[-len(self.table.meta.archives) :]
        of = titles.subject(totals[0].actor, titles.place_of(self.table.rows, self.table.meta))
        larger_first = sorted(SIDES, key=lambda side: -getattr(totals[0], f"{side}_by_any_km2"))
        first, second = (f"{side} {agreed(totals[0], side, len(totals), unit)}" for side in larger_first)
        title = f"{of.removesuffix(': ')} {first}, {times_of(totals[0], None)}".lstrip()
        return title, f"{capital(second)}. Maps: {maps_used(totals)}."

    def heading(self, place: int, unit: Unit) -> tuple[str, str]:
        """Return what stands above one of two panels, and below that."""
        return SIDES[place].title(), agreed(self.table.rows[-1], SIDES[place], len(self.table.meta.archives), unit)


def _draw(scene: ChangeMap, zoom: str, sheet: Sheet) -> Picture:
    """Draw a map of change; UsageError where the zoom names nothing, or the sheet has no room for the periods."""
    count = len(scene.panels)
    if count > MOST_PANELS:
        problem = f"{count} maps are more than the {MOST_PANELS} that one picture holds"
        raise UsageError(problem, cure="name fewer periods")
    # The proportions of the panels depend on the room that the words leave, and those on the frame.
    changed = [ground for panel in scene.panels for ground in panel.changed]
    held = np.concatenate([panel.held for panel in scene.panels])
    middles = [(row.lon, row.lat) for row in scene.numbered if row.lon is not None and row.lat is not None]
    framed = np.concatenate(changed)
    if middles:
        around = shapely.buffer(shapely.points(crs.projector(crs.LONLAT, scene.plane)(np.array(middles))), _NEAR_M)
        near = np.unique(shapely.STRtree(framed).query(around, predicate="intersects")[1])
        framed = framed[near] if len(near) else framed
    first = frame_of(zoom, scene.plane, framed, held, scene.regions)
    drawn = [
        Panel(one.row, held, tuple(changed))
        for one in scene.panels
        for held, *changed in [[projected(ground, scene.plane, first.crs) for ground in (one.held, *one.changed)]]
    ]
    space = sheet.room(_words(scene, first, drawn, sheet))
    remark, theme = _THICKENED if any(map(len, changed)) else "no ground gained or lost", sheet.theme
    colours = scene.key(sheet.unit)
    key = [(text, getattr(theme, name)) for text, name in (*colours, ("held at the opening", "held"))]
    key.append((remark, ""))
    beside = space._replace(right=space.right - space.width * _SCALE_ROOM)
    below = _list(sheet, sheet.key(beside, key, 2)._replace(right=space.right), scene.numbered)
    west, south, east, north = first.box
    boxes = _boxes(sheet, below, count, (east - west) / (north - south))
    frame = first.fitted(boxes[0].width / boxes[0].height)
    words = _words(scene, frame, drawn, sheet)
    sheet.write(words)
    scale_m = (frame.box[2] - frame.box[0]) / boxes[0].width
    scale_bar(sheet, space, scale_m)
    land = land_in(frame, scene.regions, scene.plane)
    for place, (box, panel) in enumerate(zip(boxes, drawn, strict=True)):
        layers = [MapLayer(panel.held, "held", theme.held)]
        for (_, name), ground in zip(colours[::-1], panel.changed[::-1], strict=True):
            layers.append(MapLayer(ground, name, getattr(theme, name), outlined=True))
        draw_ground(sheet, box, frame, land, scale_m, layers, np.concatenate(panel.changed), middles)
        if count > 1:
            _heading(sheet, box, *scene.heading(place, sheet.unit))
        if words.synthetic:
            watermark(sheet, box)
    return Picture(sheet.figure, words)


def watermark(sheet: Sheet, box: Box) -> None:
    """Write across a map that it is made up, so that a part cut out of the picture says it too."""
    size = min(box.height * 0.16, box.width * 0.105) * 72 / sheet.figure.dpi
    across: dict[str, Any] = {"ha": "center", "va": "center", "rotation": 20, "weight": "bold", "alpha": 0.16}
    sheet.text(*box.middle, "SYNTHETIC", size, gid="watermark", **across)


def _words(scene: ChangeMap, frame: Frame, drawn: Sequence[Panel], sheet: Sheet) -> titles.Words:
    """Return what stands around the map."""
    towns = "" if ATTRIBUTION in scene.table.meta.credits else f" {ATTRIBUTION}."
    changed = np.concatenate([ground for panel in drawn for ground in panel.changed])
    whole = float(shapely.area(changed).sum())
    out = whole - float(shapely.area(shapely.clip_by_rect(changed, *frame.box)).sum())
    share = f"{100 * out / whole:.1f} %" if out >= 0.0005 * whole > 0 else "less than 0.1 %"
    return titles.words(
        scene.table,
        *scene.title(sheet.unit),
        [f"Drawn in a Lambert azimuthal equal-area projection. Coast and neighbours: Natural Earth.{towns}"],
        [f"Outside the frame: {share} of what was gained and lost."] if out > 1e-6 * whole else [],
    )


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
    if min(width, height) < sheet.px(60):
        where = f"--size {sheet.width}x{sheet.height}"
        raise UsageError(f"is too small for {count} maps", where=where, cure="give a larger one")
    boxes = []
    for place in range(count):
        left = space.left + (place % columns) * (width + gap)
        top = space.top - (place // columns) * (height + heading + gap) - heading
        boxes.append(Box(left, top - height, left + width, top))
    return boxes


def scale_bar(sheet: Sheet, space: Box, scale_m: float) -> None:
    """Draw a scale bar at the right end of the key, above the maps that share it."""
    per, label = (1000.0, "km") if sheet.unit == numbers.KM2 else (crs.M_PER_MILE, "mi")
    longest = space.width * (_SCALE_ROOM - 0.08) * scale_m / per
    power = 10.0 ** math.floor(math.log10(longest))
    length = next(power * step for step in (5, 2, 1) if power * step <= longest)
    width = length * per / scale_m
    middle = space.top - sheet.px(KEY_LINE_PT) / 2
    text = f"{length:g} {label}"
    right = space.right - (sheet.measure(text, _SCALE_PT)[0] + sheet.px(4))
    thick = sheet.px(1.6)
    bar = Box(right - width, middle - thick / 2, right, middle + thick / 2)
    sheet.rectangle(bar, facecolor=sheet.theme.ink, linewidth=0.0, gid="scale")
    sheet.text(space.right, middle, text, _SCALE_PT, ha="right", va="center_baseline", gid="scale-text")


def _list(sheet: Sheet, space: Box, rows: Sequence[WhereRow]) -> Box:
    """Write the names of numbered rows with their net changes at the right of a space, and return what it leaves."""
    if not rows:
        return space
    per, step = sheet.unit.per_km2, sheet.px(_SCALE_PT * 1.7)
    if (len(rows) + 1) * step > space.height:
        cure = "give a larger one, or fewer with --top"
        raise UsageError(f"is too small for {len(rows)} rows", where=f"--size {sheet.width}x{sheet.height}", cure=cure)
    nets = [f"net, {sheet.unit.label}", *(numbers.km2((row.net_km2 or 0.0) * per, signed=True) for row in rows)]
    names = ["", *(f"{place}  {printable(row.town or row.region)}" for place, row in enumerate(rows, start=1))]
    gap, net = sheet.px(10), max(sheet.measure(text, _SCALE_PT)[0] for text in nets)
    width = min(space.width / 3, net + gap + max(sheet.measure(text, _SCALE_PT)[0] for text in names))
    left, top = space.right - width, space.top - step / 2
    for place, (name, text) in enumerate(zip(names, nets, strict=True)):
        y, shown = top - place * step, sheet.fit(name, _SCALE_PT, width - net - gap)
        sheet.text(left, y, shown, _SCALE_PT, va="center_baseline", gid="list")
        sheet.text(space.right, y, text, _SCALE_PT, ha="right", va="center_baseline", gid="list")
    return space._replace(right=left - gap)


class MapLayer(NamedTuple):
    """Ground on a map (n,), in metres of its frame: its name, its colour, and whether small parts are outlined."""

    ground: Geometries
    gid: str
    colour: str
    outlined: bool = False


def draw_ground(
    sheet: Sheet,
    box: Box,
    frame: Frame,
    land: Basemap,
    scale_m: float,
    layers: Sequence[MapLayer],
    changed: Geometries,
    numbered: Sequence[Point] = (),
) -> None:
    """Draw one map: water and land, ground in its colours, borders, numbers, and names beside what `changed`."""
    theme, axes = sheet.theme, sheet.axes(box)
    axes.set(xlim=frame.box[::2], ylim=frame.box[1::2], xticks=[], yticks=[], facecolor=theme.paper)
    for spine in axes.spines.values():
        spine.set(color=theme.border, linewidth=0.6)
    west, south, east, north = frame.box
    more = 0.03 * max(east - west, north - south)
    # A little more than the frame, so that no cut edge of land is seen.
    shown = west - more, south - more, east + more, north + more
    coarse = _LAND_PX * scale_m
    _fill(axes, _seen(land.covered, shown, 0.0), "sea", 0.0, facecolor=theme.sea)
    coast = {"edgecolor": theme.border, "linewidth": 0.5, "joinstyle": "round"}
    for shapes in land.countries.values():
        _fill(axes, _seen(shapes, shown, coarse), "country", 0.1, facecolor=theme.foreign, **coast)
    for _, shapes, whole_country in land.regions:
        # The line hides the hair between neighbours that were thinned apart.
        colour = theme.land if whole_country else theme.foreign
        _fill(axes, _seen(shapes, shown, coarse), "region", 0.2, facecolor=colour, edgecolor=colour, linewidth=0.4)
    for ground, gid, colour, outlined in layers:
        if not outlined:
            _fill(axes, _seen(ground, shown, coarse), gid, 1.0, facecolor=colour)
            continue
        slivers, areas = thin_parts(ground, (SLIVER_WIDTH_M, frame.crs)), shapely.area(ground)
        # Without detail, except those whose area that would change by 0.1 %.
        thin = np.asarray(shapely.simplify(ground, _FINEST_PX * scale_m), dtype=object)
        thin = np.where(np.abs(shapely.area(thin) - areas) <= _MAY_CHANGE * areas, thin, ground)
        _fill(axes, thin[slivers], f"{gid}-slivers", 2.0, facecolor=colour)
        edge = {"edgecolor": colour, "linewidth": OUTLINE_PT, "joinstyle": "round"}
        _fill(axes, thin[~slivers], gid, 2.0, facecolor=colour, **edge)
    # Over everything, so that ground is seen to lie in its region.
    border = {"facecolor": "none", "edgecolor": theme.border, "linewidth": 0.45, "joinstyle": "round"}
    for _, shapes, _ in land.regions:
        near = shapes[shapely.intersects(shapes, shapely.box(*frame.box))]
        _fill(axes, shapely.simplify(near, coarse), "border", 3.0, **border)
    for line in shapely.get_parts(shapely.simplify(land.frontiers, coarse)):
        axes.plot(*shapely.get_coordinates(line).T, color=theme.border, linewidth=1.2, gid="frontier", zorder=3.1)
    letter(sheet, axes, box, frame, land, changed, numbered)


def _seen(polygons: Geometries, box: Bounds, tolerance: float) -> Geometries:
    """Return the land in a box, simplified, as polygons (m,): good to look at, and not to measure."""
    mine = polygons[shapely.intersects(polygons, shapely.box(*box))]
    return geometry.polygonal(shapely.simplify(shapely.clip_by_rect(mine, *box), tolerance))


def _fill(axes: Axes, shapes: Geometries, gid: str, zorder: float, **style: Any) -> None:
    """Draw polygons (n,) as one path, holes turning against their outlines so that they stay open."""
    from matplotlib import patches, path

    polygons = geometry.polygonal(shapes)
    if not len(shapes):
        return
    points, codes = np.empty((0, 2)), np.empty(0, dtype=path.Path.code_type)
    if len(polygons):
        _, points, (rings, *_) = shapely.to_ragged_array(shapely.orient_polygons(polygons, exterior_cw=False))
        codes = np.full(len(points), path.Path.LINETO, dtype=path.Path.code_type)
        codes[rings[:-1]], codes[rings[1:] - 1] = path.Path.MOVETO, path.Path.CLOSEPOLY
    # Unlike `add_patch` this does not look for the extent of every edge, which is not used.
    about = {"gid": gid, "zorder": zorder, "linewidth": 0.0, **style}
    axes.add_artist(patches.PathPatch(path.Path(points, codes), **about))


def _heading(sheet: Sheet, box: Box, heading: str, detail: str) -> None:
    """Write above a panel what its period found, and what was gained and lost between which maps."""
    heading = sheet.fit(heading, _HEADING_PT, box.width, weight="bold")
    above, below = (box.top + sheet.px(_DETAIL_PT * lines) for lines in (1.5, 0.35))
    sheet.text(box.left, above, heading, _HEADING_PT, va="bottom", weight="bold", gid="heading")
    detail, quiet = sheet.fit(detail, _DETAIL_PT, box.width), sheet.theme.quiet
    sheet.text(box.left, below, detail, _DETAIL_PT, va="bottom", color=quiet, gid="detail")
