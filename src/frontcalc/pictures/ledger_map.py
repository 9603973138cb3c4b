"""A war in one picture: the ground that is held at the end, by the month in which it was last taken."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.outputs.numbers import km2
from frontcalc.outputs.sentences import written
from frontcalc.pictures import titles
from frontcalc.pictures.change_map import MapLayer, draw_ground, scale_bar, watermark
from frontcalc.pictures.frame import frame_of, land_in, projected
from frontcalc.pictures.sheet import Box, Picture, Sheet
from frontcalc.pictures.style import THEMES
from frontcalc.regions import embedded_covers, embedded_regions, no_regions
from frontcalc.tables import LedgerRow, Table, WhereMeta

_YEAR_PT = 7.5
# Sequential, even in lightness, and told apart without a sense of red; ends that the paper would hide are left out.
_SCALES = {"light": ("viridis_r", 0.08, 1.0), "dark": ("viridis", 0.12, 1.0), "print": ("Greys", 0.35, 1.0)}


def draw_rings(table: Table[LedgerRow, WhereMeta], sheet: Sheet) -> Picture:
    """Draw the ground that is held at the end, in colours from the first month in which some was taken to the last."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    held, plane, theme = [row for row in table if row.held_until is None], table.meta.crs, sheet.theme
    degrees = geometry.polygonal([row.geometry for row in held])
    bounds = shapely.total_bounds(degrees)
    regions = embedded_regions(target_crs=plane) if embedded_covers(np.array([shapely.box(*bounds)])) else no_regions()
    taken = [row for row in held if row.held_from and not row.came_fault]
    new = projected(geometry.polygonal([row.geometry for row in taken]), crs.LONLAT, plane)
    frame = frame_of("auto", plane, new, projected(degrees, crs.LONLAT, plane), regions)
    months = _months([row.held_from for row in taken if row.held_from])
    name, low, high = _SCALES[next(own for own, colours in THEMES.items() if colours == theme)]
    shades = colormaps[name](np.linspace(low, high, max(2, len(months))))
    colours = {month: to_hex(shade) for month, shade in zip(months, shades, strict=False)}
    groups: dict[tuple[str, str], list[Any]] = {("start", theme.rule): [], ("fault", theme.held): []}
    for row in held:
        month = row.held_from and row.held_from.replace(day=1)
        fault = ("fault", theme.held) if row.came_fault else None
        key = ("start", theme.rule) if month is None else fault or (f"taken-{month:%Y-%m}", colours[month])
        groups.setdefault(key, []).append(row.geometry)
    layers = [
        MapLayer(projected(geometry.polygonal(own), crs.LONLAT, frame.crs), *key) for key, own in groups.items() if own
    ]
    words = _words(table, held, taken, sheet)
    space = sheet.write(words)
    entries = [("held from the start", theme.rule), ("new by a fault of the map", theme.held)]
    entries = entries if groups["fault", theme.held] else entries[:1]
    below = _legend(sheet, sheet.key(space._replace(right=space.right - space.width * 0.24), entries, 2), colours)
    box = below._replace(right=space.right)
    frame = frame.fitted(box.width / box.height)
    scale_m = (frame.box[2] - frame.box[0]) / box.width
    scale_bar(sheet, space, scale_m)
    draw_ground(sheet, box, frame, land_in(frame, regions, plane), scale_m, layers, layers[-1].ground)
    if words.synthetic:
        watermark(sheet, box)
    return Picture(sheet.figure, words)


def _months(days: list[dt.date]) -> list[dt.date]:
    """Return the first days of all months from that of the first of some days to that of the last."""
    months = np.array(days, dtype="datetime64[M]")
    first, after = (months.min(), months.max() + 1) if days else (0, 0)
    return np.arange(first, after, dtype="datetime64[M]").astype(dt.date).tolist()


def _words(
    table: Table[LedgerRow, WhereMeta], held: list[LedgerRow], taken: list[LedgerRow], sheet: Sheet
) -> titles.Words:
    """Return what stands around the picture: how much of what is held was taken since the start."""
    unit, (used, *_) = sheet.unit, table.meta.periods
    whole, since = (math.fsum(row.ground_km2 for row in rows) * unit.per_km2 for rows in (held, taken))
    start, end = (written(day) if day else "an undated map" for day in (used.opening, used.closing))
    title = (
        f"{titles.subject(used.actor, '')}{km2(since, places=0)} {unit.label} held on {end} were taken since {start}"
    )
    subtitle = f"Of {km2(whole, places=0)} {unit.label} held. Colours are the month in which ground was last taken."
    return titles.words(table, title, subtitle, ["Months are those of the first map that shows it."])


def _legend(sheet: Sheet, space: Box, colours: dict[dt.date, str]) -> Box:
    """Draw the colours of months side by side along the top of a space, years below, and return what is left."""
    if not colours:
        return space
    side, width, free = sheet.px(_YEAR_PT), min(space.width / len(colours), sheet.px(10)), space.left
    for place, (month, colour) in enumerate(colours.items()):
        left = space.left + place * width
        # Wider by a hair, so that no line of paper shows between two.
        box = Box(left, space.top - side, left + width + 0.5, space.top)
        sheet.rectangle(box, facecolor=colour, linewidth=0.0, gid=f"month-{month:%Y-%m}")
        if left >= free and (month.month == 1 or place in (0, len(colours) - 1)):
            text = f"{month:%Y}" if month.month == 1 else f"{month:%m/%Y}"
            sheet.text(left, space.top - side * 1.25, text, _YEAR_PT, va="top", gid="year")
            free = left + sheet.measure(f"{text} ", _YEAR_PT)[0]
    return space._replace(top=space.top - 2.6 * side)
