"""Bars: gained and lost by period, mirrored around zero with the net marked, and regions by rank."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from frontcalc.errors import UsageError
from frontcalc.names import printable
from frontcalc.outputs.numbers import km2
from frontcalc.outputs.wording import UNITS, Unit, change, listed, measurable
from frontcalc.tables import TOTAL, PeriodRow, Table
from frontcalc.viz import titles
from frontcalc.viz.axes import (
    TICK_PT,
    rows_of_boxes,
    style,
    ticks_between,
    title_above,
    width_of,
    within,
)
from frontcalc.viz.sheet import Box, Picture, Sheet, Style, Words, plain_settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR = 0.72
_MARK_PT = 4.2
_ROW_PT = 12.0


def draw_summary(table: Table[Any, Any], look: Style, *, units: str = "km2") -> Picture:
    """Draw what was gained and lost in each period, a panel an actor.

    Where periods differ in length, as months do, figures are per day between the maps used, and the axis says so.

    Parameters
    ----------
    table : Table of SummaryRow or PeriodRow
        Its totals are drawn.
    look : Style
        Size and colours.
    units : str
        `km2` or `mi2`.
    """
    unit, meta = UNITS[units], table.meta
    actors = _by_actor([row for row in table.rows if row.level == TOTAL])
    daily = _differ(list(actors.values()))
    with plain_settings():
        sheet = Sheet(look)
        words = Words(
            titles.map_title(
                [row for rows in actors.values() for row in rows], titles.place_of(table.rows, meta), unit
            ),
            "Gained above zero, lost below it; a diamond marks the net figure.",
            (titles.source(meta), *_unmeasured(actors), *titles.remarks(meta)),
            titles.synthetic(meta),
        )
        space = _frame(sheet, words)
        per = f"{unit.label} per day between the maps used, since periods differ in length" if daily else unit.label
        for box, (actor, rows) in zip(rows_of_boxes(space, len(actors)), actors.items(), strict=True):
            _periods(sheet, box, rows, unit, daily=daily, axis=f"{actor}, {per}" if len(actors) > 1 else per)
    return Picture(sheet.figure, words)


def draw_regions(table: Table[Any, Any], look: Style, *, units: str = "km2") -> Picture:
    """Draw what was gained and lost in each region of one period, the largest net change first.

    Regions without measurable change are named below the chart; where a sheet has not room for all, the rest is
    one bar.

    Raises
    ------
    UsageError
        The table is of several periods or actors.
    """
    unit, meta = UNITS[units], table.meta
    totals = [row for row in table.rows if row.level == TOTAL]
    if len(totals) != 1:
        raise UsageError("regions are ranked for one period and one actor", cure="ask for one of each")
    finest = meta.level.split(",")[-1]
    rows = [row for row in table.rows if row.level == finest and row.net_km2 is not None]
    moved = [row for row in rows if measurable(row.gained_km2, unit) or measurable(row.lost_km2, unit)]
    ranked = sorted(moved, key=lambda row: (-abs(row.net_km2), row.region))
    with plain_settings():
        sheet = Sheet(look)
        words = Words(
            _ranked_title(totals[0], ranked, titles.place_of(table.rows, meta), unit),
            f"{titles.gross_of(totals[0], unit)}. A diamond marks the net figure.",
            (titles.source(meta), *_still(rows, moved), *titles.remarks(meta)),
            titles.synthetic(meta),
        )
        _ranks(sheet, _frame(sheet, words), ranked, unit)
    return Picture(sheet.figure, words)


def _frame(sheet: Sheet, words: Words) -> Box:
    """Write the words and the key, and return the room below."""
    space = sheet.room(words)
    sheet.write(words)
    theme = sheet.theme
    below = sheet.key(space, [("gained", {"facecolor": theme.gained}), ("lost", {"facecolor": theme.lost})])
    return Box(space.left, space.bottom, space.right, below - sheet.px(4))


def _by_actor(rows: Sequence[PeriodRow]) -> dict[str, list[PeriodRow]]:
    """Return rows by actor, in order."""
    found: dict[str, list[PeriodRow]] = {}
    for row in rows:
        found.setdefault(row.actor, []).append(row)
    return found


def _differ(groups: Sequence[Sequence[PeriodRow]]) -> bool:
    """Say whether the days between maps differ from period to period."""
    return any(len({row.days for row in rows if row.net_km2 is not None}) > 1 for rows in groups)


def _unmeasured(actors: dict[str, list[PeriodRow]]) -> list[str]:
    """Return which periods have no bar, in a line."""
    blank = list(dict.fromkeys(row.period for rows in actors.values() for row in rows if row.net_km2 is None))
    return [f"Not measured, since no two maps stand for it: {', '.join(blank)}."] if blank else []


def _still(rows: Sequence[PeriodRow], moved: Sequence[PeriodRow]) -> list[str]:
    """Return which regions did not change, in a line."""
    names = [row.region for row in rows if row not in moved]
    return [f"No change in {listed(names)}."] if names else []


def _ranked_title(total: PeriodRow, ranked: Sequence[PeriodRow], where: str, unit: Unit) -> str:
    """Return the title of ranked regions: the finding, and the region with most of it."""
    text = titles.subject(total.actor, where) + titles.finding(total, unit)
    if len(ranked) < 2:
        return text
    return f"{text}; most in {ranked[0].region} ({change(ranked[0].net_km2, unit)})"


def _sizes(row: PeriodRow, unit: Unit, *, daily: bool = False) -> tuple[float, float, float] | None:
    """Return gained, lost (below zero) and net in a unit, per day if asked; None where nothing was measured."""
    if row.net_km2 is None or row.gained_km2 is None or row.lost_km2 is None or (daily and not row.days):
        return None
    factor = unit.per_km2 / (row.days or 1 if daily else 1)
    return row.gained_km2 * factor, -row.lost_km2 * factor, row.net_km2 * factor


def _limits(sizes: Sequence[tuple[float, float, float] | None]) -> tuple[float, float]:
    """Return what an axis must reach to, zero within."""
    known = [value for size in sizes if size for value in size]
    low, high = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
    air = 0.06 * (high - low or 1.0)
    return low - (air if low else 0.0), high + air


def _periods(sheet: Sheet, box: Box, rows: Sequence[PeriodRow], unit: Unit, *, daily: bool, axis: str) -> None:
    """Draw a panel of periods."""
    sizes = [_sizes(row, unit, daily=daily) for row in rows]
    low, high = _limits(sizes)
    ticks, places = ticks_between(low, high, 6)
    labels = [km2(tick, places=places) for tick in ticks]
    inner = within(sheet, box, left=width_of(sheet, labels))
    title_above(sheet, box, axis)
    axes = sheet.axes(inner)
    for place, size in enumerate(sizes):
        if size is not None:
            _bar(sheet, axes, place, size, upright=True)
    axes.set_ylim(low, high)
    axes.set_yticks(ticks, labels)
    axes.set_xlim(-0.6, len(rows) - 0.4)
    shown = _thinned(sheet, [row.period for row in rows], inner.width)
    axes.set_xticks([place for place, _ in shown], [text for _, text in shown])
    style(sheet, axes, grid="y")
    axes.axhline(0.0, color=sheet.theme.ink, linewidth=0.8, zorder=3)


def _thinned(sheet: Sheet, names: Sequence[str], width: float) -> list[tuple[int, str]]:
    """Return the names of periods that fit below an axis, evenly."""
    room = width / max(len(names), 1)
    widest = max((sheet.measure(name, TICK_PT)[0] for name in names), default=0.0) + sheet.px(4)
    step = max(1, math.ceil(widest / room))
    return [(place, names[place]) for place in range(0, len(names), step)]


def _ranks(sheet: Sheet, space: Box, ranked: Sequence[PeriodRow], unit: Unit) -> None:
    """Draw a bar a region, its name on the left and its net figure on the right."""
    most = max(1, int(space.height / sheet.px(_ROW_PT)) - 2)
    names = [printable(row.region) for row in ranked[:most]]
    sizes = [size for row in ranked[:most] if (size := _sizes(row, unit))]
    if len(ranked) > most:
        rest = [size for row in ranked[most - 1 :] if (size := _sizes(row, unit))]
        names[-1] = f"{len(rest)} others"
        sizes[-1] = (math.fsum(r[0] for r in rest), math.fsum(r[1] for r in rest), math.fsum(r[2] for r in rest))
    low, high = _limits(sizes)
    ticks, places = ticks_between(low, high, 7)
    nets = [km2(net, signed=True) for _, _, net in sizes]
    names = [sheet.fit(name, TICK_PT, space.width * 0.3) for name in names]
    inner = within(sheet, space, left=width_of(sheet, names), right=width_of(sheet, [*nets, "net"]) + sheet.px(4))
    title_above(sheet, Box(inner.left, space.bottom, inner.right, space.top), unit.label)
    sheet.text(
        space.right, space.top - sheet.px(1.5), "net", 7.6, ha="right", va="top", color=sheet.theme.quiet, gid="axis"
    )
    axes = sheet.axes(inner)
    axes.set_xlim(low, high)
    axes.set_ylim(max(len(sizes), 1) - 0.4, -0.6)
    for place, (size, net) in enumerate(zip(sizes, nets, strict=True)):
        _bar(sheet, axes, place, size, upright=False)
        middle = inner.top - (place + 0.6) / (max(len(sizes), 1) + 0.2) * inner.height
        sheet.text(space.right, middle, net, TICK_PT, ha="right", va="center", gid="net")
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(ticks, [km2(tick, places=places) for tick in ticks])
    style(sheet, axes, grid="x")
    axes.axvline(0.0, color=sheet.theme.ink, linewidth=0.8, zorder=3)


def _bar(sheet: Sheet, axes: Axes, place: int, size: tuple[float, float, float], *, upright: bool) -> None:
    """Draw gained and lost on either side of zero, and a diamond at the net figure."""
    theme = sheet.theme
    gained, lost, net = size
    draw = partial(axes.bar, width=_BAR) if upright else partial(axes.barh, height=_BAR)
    for length, colour, gid in ((gained, theme.gained, "gained"), (lost, theme.lost, "lost")):
        for patch in draw([place], [length], color=colour, linewidth=0.0, zorder=2):
            patch.set_gid(gid)
    at = ([place], [net]) if upright else ([net], [place])
    axes.plot(
        *at,
        "D",
        color=theme.net,
        markersize=_MARK_PT,
        markeredgecolor=theme.paper,
        markeredgewidth=0.7,
        zorder=4,
        clip_on=False,
        gid="net",
    )
