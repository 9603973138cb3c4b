"""Area held over time: a line that is broken where there are no maps, with events of a user's CSV file marked."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.layers import UNNAMED
from frontcalc.names import printable
from frontcalc.outputs.numbers import Unit, km2
from frontcalc.outputs.sentences import short_day, without_breaks
from frontcalc.periods import parse_day
from frontcalc.pictures import titles
from frontcalc.pictures.sheet import TICK_PT, Box, Picture, Sheet, ticks_between
from frontcalc.read.detection import unpack
from frontcalc.read.files import file_of
from frontcalc.tables import TOTAL, Table
from frontcalc.towns import HALF, REACHED, WHOLE, since

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CURE = "name the columns date and label, as in 2024-08-06,Kursk incursion"
_EVENT_PT = 6.8
_USUAL = 3
_MOST_LINES = 8
_LEAST_DAYS = 7
_PERCENT = -6.0, 100.0  # below 0 % is room for the days

Point = tuple[date, float]


class Extent(NamedTuple):
    """The days and the values that a chart shows, and the decimals of the value at its end."""

    first: date
    last: date
    low: float
    high: float
    decimals: int


@dataclass(frozen=True, slots=True)
class Event:
    """What happened on a day."""

    day: date
    label: str


def read_events(path: str | Path) -> tuple[Event, ...]:
    """Read events by day from CSV in UTF-8 with the columns date (YYYY-MM-DD) and label; others are ignored."""
    entry = file_of(Path(path))
    try:
        text = unpack(entry.read(), where=entry.label).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError("is no CSV in UTF-8", where=entry.label, cure=_CURE) from error
    events = []
    for number, row in enumerate(rows, start=2):
        values = {str(name).strip().casefold(): value for name, value in row.items()}
        if not {"date", "label"} <= values.keys():
            raise DataError("lacks the column date or label", where=entry.label, cure=_CURE)
        label = printable(" ".join(str(values["label"] or "").split()))
        try:
            day = parse_day(str(values["date"] or "").strip())
        except UsageError as error:
            raise DataError(f"line {number} has no date", where=entry.label, cure=_CURE) from error
        if not label:
            raise DataError(f"line {number} has no label", where=entry.label, cure=_CURE)
        events.append(Event(day, label))
    if not events:
        raise DataError("holds no events", where=entry.label, cure=_CURE)
    return tuple(sorted(events, key=lambda event: event.day))


def draw_series(table: Table[Any, Any], sheet: Sheet, events: Sequence[Event] = (), gap: int | None = None) -> Picture:
    """Draw the totals of a series, each on the day of its map, a panel an actor, with events marked.

    The line is broken where more than `gap` days lie between two maps: by default thrice as many as usual, at least 7.
    """
    if gap is not None and gap < 1:
        raise UsageError("must be one day at least", where=f"--gap {gap}", cure="leave it out")
    unit, meta = sheet.unit, table.meta
    areas: dict[str, dict[date, float]] = {}  # of each actor's totals by the days of their maps
    for row in table.rows:
        if row.level == TOTAL and row.snapshot and row.held_km2 is not None:
            areas.setdefault(row.actor, {})[row.snapshot] = row.held_km2 * unit.per_km2
    curves = {actor: sorted(areas[actor].items()) for actor in meta.actors if actor in areas}
    if not curves:
        raise NoDataError("no map of the series could be measured", where=meta.archive, cure="see its notices")
    limit = gap or max(map(_usual_gap, curves.values()))
    first, last = min(points[0][0] for points in curves.values()), max(points[-1][0] for points in curves.values())
    mine = [event for event in events if first <= event.day <= last]
    others = len(events) - len(mine)
    where = titles.place_of(table.rows, meta)
    broken = any(len(_pieces(points, limit)) > 1 for points in curves.values())
    words = titles.words(
        table,
        "; ".join(_title(actor, points, where, table, unit) for actor, points in curves.items()),
        f"Area held, from map to map{f'; the line is broken where {limit} days pass without one' if broken else ''}.",
        [f"Events before {first} or after {last}, not shown: {others}."] if others else [],
    )
    axis = f"{unit.label} held; the axis does not start at zero"
    for box, points in zip(sheet.charts(sheet.write(words), list(curves), axis), curves.values(), strict=True):
        _curve(sheet, box, points, limit, mine, _around(points))
    return Picture(sheet.figure, words)


def draw_shares(table: Table[Any, Any], sheet: Sheet) -> Picture:
    """Draw how much of a place was held, as `draw_series` does: a panel an archive and actor, days marked."""
    meta = table.meta
    held: dict[str, dict[date, float]] = {}
    for row in table.rows:
        name = " · ".join([row.archive, *([row.actor] if len(meta.actors) > 1 else [])])
        if row.snapshot:
            held.setdefault(name, {})[row.snapshot] = row.held_pct
    curves = {name: sorted(points.items()) for name, points in held.items()}
    if not curves:
        raise NoDataError("no map that has a date shows the place", where=meta.archive, cure="see its notices")
    place, kilometres = table.rows[0].place, table.rows[0].radius_m / 1000
    whole = min(points[0][0] for points in curves.values()), max(points[-1][0] for points in curves.values())
    ends = [(name, *points[-1]) for name, points in curves.items()]
    shown = [f"{km2(share)} % held on {titles.day_of_year(day)} ({name})" for name, day, share in ends]
    held_by = f" by {meta.actors[0]}" if len(meta.actors) == 1 and meta.actors[0] != UNNAMED else ""
    limit = max(map(_usual_gap, curves.values()))
    says = (
        f"Share held{held_by} of the disc of {kilometres:.1f} km radius that stands for it, map by map."
        " Reached: the first map since which 5 % are held; half; whole: 95 %."
    )
    words = titles.words(table, f"{place}: {'; '.join(shown)}", says, [])
    for box, points in zip(sheet.charts(sheet.write(words), list(curves), "% held"), curves.values(), strict=True):
        _curve(sheet, box, points, limit, _passed(points), Extent(*whole, *_PERCENT, 1))
    return Picture(sheet.figure, words)


def _passed(points: Sequence[Point]) -> list[Event]:
    """Return since which days a place is reached, half and whole, those of one day together."""
    shares = np.array([share for _, share in points]) / 100
    passed: dict[date, list[str]] = {}
    for word, least in (("reached", REACHED), ("half", HALF), ("whole", WHOLE)):
        if first := since(shares, least):  # what was so on the first map came before it
            passed.setdefault(points[first][0], []).append(word)
    return [Event(day, f"{', '.join(names)} {short_day(day)}") for day, names in passed.items()]


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


def _title(actor: str, points: Sequence[Point], where: str, table: Table[Any, Any], unit: Unit) -> str:
    """Return the area held on the last day of a line, and the change since its first, breaks in the maps aside."""
    (first, start), (last, end) = points[0], points[-1]
    text = f"{titles.subject(actor, where)}{km2(end)} {unit.label} held on {titles.day_of_year(last)}"
    grown = (end - start) / unit.per_km2
    mine = [row for row in table.rows if row.actor == actor and row.level == TOTAL]
    later = [row for row in mine if (row.snapshot or first) > first]
    notes, days = " ".join(row.notes for row in later), {str(row.date) for row in later}
    breaks = without_breaks(grown, notes, table.meta, days, unit, as_text=titles.change)
    # Nothing is known of before the archive's first map, which no row leads to.
    from_map = all(row.previous for row in mine if row.snapshot == first)
    since = titles.day_of_year(first) if from_map else f"the first map, of {titles.day_of_year(first)}"
    return f"{text}, {titles.change(grown, unit)} since {since}{breaks}" if len(points) > 1 else text


def _around(points: Sequence[Point]) -> Extent:
    """Return what a chart of a line shows, with some air above and below it."""
    values = [value for _, value in points]
    air = 0.08 * (max(values) - min(values)) or 0.01 * abs(max(values)) or 1.0
    low, high = min(values) - air, max(values) + air
    low = max(low, 0.0) if min(values) >= 0 else low
    return Extent(points[0][0], points[-1][0], low, high, 1 if high - low < 100 else 0)


def _curve(
    sheet: Sheet, box: Box, points: Sequence[Point], limit: int, events: Sequence[Event], extent: Extent
) -> None:
    """Draw one actor's line."""
    values = [value for _, value in points]
    first, last, low, high, decimals = extent
    ticks, labels = ticks_between(low, high, 6)
    end = km2(values[-1], places=decimals)
    inner = sheet.within(box, left=sheet.width_of(labels), right=sheet.width_of([end]) + sheet.px(3), lines=2)
    if first == last:
        first, last = first - timedelta(days=3), last + timedelta(days=3)
    lines = _lines(sheet, inner, events, first, last)
    step = sheet.px(_EVENT_PT * 1.45)
    inner = inner._replace(top=inner.top - step * (max((line for *_, line in lines), default=-1) + 1))
    axes, colour = sheet.axes(inner), sheet.theme.gained
    for piece in _pieces(points, limit):
        days, areas = zip(*piece, strict=True)
        # A map between two gaps has no line to be on.
        mark = "o" if len(piece) == 1 else ""
        axes.plot(np.array(days), areas, color=colour, linewidth=1.6, marker=mark, markersize=2.5, gid="held")
    axes.set_ylim(low, high)
    axes.set_xlim(first, last)  # type: ignore[arg-type]
    axes.set_yticks(ticks, labels)
    for event, x, start, row in lines:
        bottom = inner.top + row * step
        axes.axvline(event.day, color=sheet.theme.quiet, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1, gid="event")  # type: ignore[arg-type]
        sheet.rectangle(Box(x - 0.5, inner.top, x + 0.5, bottom), facecolor=sheet.theme.rule, linewidth=0.0)
        at = start + sheet.px(1), bottom + step * 0.2
        sheet.text(*at, event.label, _EVENT_PT, gid="event", color=sheet.theme.quiet)
    _dates(axes, first, last)
    sheet.style(axes, grid="y")
    height = inner.bottom + (values[-1] - low) / (high - low) * inner.height
    sheet.text(inner.right + sheet.px(3), height, end, TICK_PT, va="center", weight="bold", gid="last")
    axes.plot(np.array([points[-1][0]]), [values[-1]], "o", color=colour, markersize=3.5, clip_on=False, zorder=4)


def _lines(
    sheet: Sheet, box: Box, events: Sequence[Event], first: date, last: date
) -> list[tuple[Event, float, float, int]]:
    """Return each event with the x of its line, the x of its label, and the row that the label has for itself."""
    # From the last to the first: so no line up to a label crosses another label.
    edges, lines = list[float](), []
    for event in reversed(events):
        x = box.left + (event.day - first).days / (last - first).days * box.width
        label = sheet.fit(event.label, _EVENT_PT, box.width * 0.6)
        width = sheet.measure(label, _EVENT_PT)[0] + sheet.px(4)
        start = max(box.left, min(x, box.right - width))
        row = next((number for number, edge in enumerate(edges) if start + width <= edge), len(edges))
        # The line up to this label closes the rows below to labels further left.
        edges = [min(start, edge) for edge in edges[: row + 1]] + [start] * (row == len(edges)) + edges[row + 1 :]
        if len(edges) > _MOST_LINES:
            problem = f"more than {_MOST_LINES} events fall together near {event.day}"
            raise UsageError(problem, where="--events", cure="leave some out, or give a wider --size")
        lines.append((Event(event.day, label), x, start, row))
    return lines


def _dates(axes: Axes, first: date, last: date) -> None:
    """Write days or months below a chart, the year below the first and where it changes."""
    from matplotlib import dates

    midnight = datetime.min.time()
    ends = datetime.combine(first, midnight), datetime.combine(last, midnight)
    locator: Any = dates.AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    to_date: Any = dates.num2date
    days = [day for tick in locator.tick_values(*ends) if first <= (day := to_date(tick).date()) <= last]
    monthly = all(day.day == 1 for day in days)
    yearly = monthly and all(day.month == 1 for day in days)
    labels = []
    for place, day in enumerate(days):
        new = place == 0 or day.year != days[place - 1].year
        text = short_day(day).split()[-1] if monthly else short_day(day)
        labels.append(str(day.year) if yearly else f"{text}\n{day.year if new else ' '}")
    axes.set_xticks(days, labels)
