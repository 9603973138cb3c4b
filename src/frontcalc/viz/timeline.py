"""Area held over time: a line that is broken where there are no maps, with events marked."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from frontcalc.errors import NoDataError, UsageError
from frontcalc.outputs.numbers import km2
from frontcalc.outputs.wording import UNITS, Unit, about, change, short_day
from frontcalc.tables import TOTAL, SeriesRow, Table
from frontcalc.viz import titles
from frontcalc.viz.axes import TICK_PT, rows_of_boxes, style, ticks_between, title_above, width_of, within
from frontcalc.viz.events import Event
from frontcalc.viz.sheet import Box, Picture, Sheet, Style, Words, plain_settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_EVENT_PT = 6.8
_USUAL = 3
_MOST_LINES = 8
_LEAST_DAYS = 7

Point = tuple[date, float]


def draw_series(
    table: Table[Any, Any],
    look: Style,
    *,
    units: str = "km2",
    events: Sequence[Event] = (),
    gap: int | None = None,
) -> Picture:
    """Draw the area held over time, a panel an actor.

    Parameters
    ----------
    table : Table of SeriesRow
        Its totals are drawn, each on the day of its map.
    look : Style
        Size and colours.
    units : str
        `km2` or `mi2`.
    events : sequence of Event
        What to mark.
    gap : int, optional
        The line is broken where more days lie between two maps; default three times the usual distance of
        maps, a week at least.

    Raises
    ------
    UsageError
        The gap is not positive, or more events fall together than fit.
    NoDataError
        There is nothing to draw.
    """
    if gap is not None and gap < 1:
        raise UsageError("must be one day at least", where=f"--gap {gap}", cure="leave it out")
    unit, meta = UNITS[units], table.meta
    actors = {actor: points for actor in meta.actors if (points := _points(table.rows, actor, unit))}
    if not actors:
        raise NoDataError("no map of the series could be measured", where=meta.archive, cure="see its notices")
    limit = gap or max(_usual_gap(points) for points in actors.values())
    first, last = min(points[0][0] for points in actors.values()), max(points[-1][0] for points in actors.values())
    mine = [event for event in events if first <= event.day <= last]
    with plain_settings():
        sheet = Sheet(look)
        words = Words(
            "; ".join(
                _title(actor, points, titles.place_of(table.rows, meta), unit) for actor, points in actors.items()
            ),
            f"Area held, from map to map; the line is broken where {limit} days pass without one."
            if any(len(_pieces(points, limit)) > 1 for points in actors.values())
            else "Area held, from map to map.",
            (titles.source(meta), *_left_out(len(events) - len(mine), first, last), *titles.remarks(meta)),
            titles.synthetic(meta),
        )
        space = sheet.room(words)
        sheet.write(words)
        for box, (actor, points) in zip(rows_of_boxes(space, len(actors)), actors.items(), strict=True):
            axis = f"{unit.label} held; the axis does not start at zero"
            _panel(sheet, box, points, limit, mine, f"{actor}, {axis}" if len(actors) > 1 else axis)
    return Picture(sheet.figure, words)


def _points(rows: Sequence[SeriesRow], actor: str, unit: Unit) -> list[Point]:
    """Return an actor's totals by the days of their maps, each map once."""
    mine = (row for row in rows if row.actor == actor and row.level == TOTAL)
    found = {row.snapshot: row.held_km2 * unit.per_km2 for row in mine if row.snapshot and row.held_km2 is not None}
    return sorted(found.items())


def _usual_gap(points: Sequence[Point]) -> int:
    """Return beyond how many days a line is broken."""
    steps = [(after - before).days for (before, _), (after, _) in pairwise(points)]
    return max(_LEAST_DAYS, round(_USUAL * statistics.median(steps))) if steps else _LEAST_DAYS


def _pieces(points: Sequence[Point], limit: int) -> list[list[Point]]:
    """Return the stretches of a line that no gap breaks."""
    pieces = [[points[0]]]
    for before, after in pairwise(points):
        if (after[0] - before[0]).days > limit:
            pieces.append([])
        pieces[-1].append(after)
    return pieces


def _title(actor: str, points: Sequence[Point], where: str, unit: Unit) -> str:
    """Return what the line comes to."""
    (first, start), (last, end) = points[0], points[-1]
    text = f"{titles.subject(actor, where)}{about(end / unit.per_km2, unit)} held on {_day(last)}"
    grown = (end - start) / unit.per_km2
    return f"{text}, {change(grown, unit)} since {_day(first)}" if len(points) > 1 else text


def _day(day: date) -> str:
    """Return a day in few letters."""
    return f"{short_day(day)} {day.year}"


def _left_out(count: int, first: date, last: date) -> list[str]:
    """Return how many events lie outside the chart, in a line."""
    return [f"Events before {first} or after {last}, not shown: {count}."] if count else []


def _panel(sheet: Sheet, box: Box, points: Sequence[Point], limit: int, events: Sequence[Event], axis: str) -> None:
    """Draw one actor's line."""
    values = [value for _, value in points]
    air = 0.08 * (max(values) - min(values)) or 0.01 * abs(max(values)) or 1.0
    low, high = min(values) - air, max(values) + air
    low = max(low, 0.0) if min(values) >= 0 else low
    ticks, places = ticks_between(low, high, 6)
    labels = [km2(tick, places=places) for tick in ticks]
    end = km2(values[-1], places=1 if high - low < 100 else 0)
    inner = within(sheet, box, left=width_of(sheet, labels), right=width_of(sheet, [end]) + sheet.px(3), lines=2)
    title_above(sheet, box, axis)
    first, last = _span(points)
    lines = _lines(sheet, inner, events, first, last)
    taken = sheet.px(_EVENT_PT * 1.45) * (max((line for *_, line in lines), default=-1) + 1)
    inner = Box(inner.left, inner.bottom, inner.right, inner.top - taken)
    axes = sheet.axes(inner)
    for piece in _pieces(points, limit):
        days, areas = zip(*piece, strict=True)
        # A map between two gaps has no line to be on.
        mark = "o" if len(piece) == 1 else ""
        axes.plot(
            np.array(days), areas, color=sheet.theme.gained, linewidth=1.6, marker=mark, markersize=2.5, gid="held"
        )
    axes.set_ylim(low, high)
    axes.set_xlim(first, last)  # type: ignore[arg-type]
    axes.set_yticks(ticks, labels)
    _mark(sheet, axes, inner, lines)
    _dates(axes, first, last)
    style(sheet, axes, grid="y")
    height = inner.bottom + (values[-1] - low) / (high - low) * inner.height
    sheet.text(inner.right + sheet.px(3), height, end, TICK_PT, va="center", weight="bold", gid="last")
    axes.plot(
        np.array([points[-1][0]]), [values[-1]], "o", color=sheet.theme.gained, markersize=3.5, clip_on=False, zorder=4
    )


def _span(points: Sequence[Point]) -> tuple[date, date]:
    """Return the first and last day of a line, never the same."""
    first, last = points[0][0], points[-1][0]
    return (first, last) if last > first else (first - timedelta(days=3), last + timedelta(days=3))


def _lines(
    sheet: Sheet, box: Box, events: Sequence[Event], first: date, last: date
) -> list[tuple[Event, float, float, int]]:
    """Return each event with the x of its line, the x of its label, and the row that the label has for itself."""
    # From the last to the first: so no line up to a label crosses another label.
    taken: list[float] = []
    found = []
    for event in reversed(events):
        x = box.left + (event.day - first).days / (last - first).days * box.width
        label = sheet.fit(event.label, _EVENT_PT, box.width * 0.6)
        width = sheet.measure(label, _EVENT_PT)[0] + sheet.px(4)
        start = max(box.left, min(x, box.right - width))
        row = next((number for number, edge in enumerate(taken) if start + width <= edge), len(taken))
        # The line up to this label closes the rows below to labels further left.
        taken = [min(start, edge) for edge in taken[: row + 1]] + [start] * (row == len(taken)) + taken[row + 1 :]
        if len(taken) > _MOST_LINES:
            raise UsageError(
                f"more than {_MOST_LINES} events fall together near {event.day}",
                where="--events",
                cure="leave some out, or give a wider --size",
            )
        found.append((Event(event.day, label), x, start, row))
    return found


def _mark(sheet: Sheet, axes: Axes, box: Box, lines: Sequence[tuple[Event, float, float, int]]) -> None:
    """Draw a line at each event, with its label above the chart."""
    step = sheet.px(_EVENT_PT * 1.45)
    for event, x, start, row in lines:
        bottom = box.top + row * step
        axes.axvline(event.day, color=sheet.theme.quiet, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1, gid="event")  # type: ignore[arg-type]
        sheet.rectangle(Box(x - 0.5, box.top, x + 0.5, bottom), facecolor=sheet.theme.rule, linewidth=0.0)
        sheet.text(
            start + sheet.px(1), bottom + step * 0.2, event.label, _EVENT_PT, gid="event", color=sheet.theme.quiet
        )


def _dates(axes: Axes, first: date, last: date) -> None:
    """Write days or months below a chart, the year below the first and where it changes."""
    from matplotlib import dates

    midnight = datetime.min.time()
    ends = datetime.combine(first, midnight), datetime.combine(last, midnight)
    locator: Any = dates.AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    to_date: Any = dates.num2date
    found = locator.tick_values(*ends)
    days = [day for tick in found if first <= (day := to_date(tick).date()) <= last]
    monthly = all(day.day == 1 for day in days)
    yearly = monthly and all(day.month == 1 for day in days)
    labels = []
    for place, day in enumerate(days):
        new = place == 0 or day.year != days[place - 1].year
        text = short_day(day).split()[-1] if monthly else short_day(day)
        labels.append(str(day.year) if yearly else f"{text}\n{day.year if new else ' '}")
    axes.set_xticks(days, labels)
