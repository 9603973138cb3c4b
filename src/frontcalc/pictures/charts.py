"""Charts of tables: gained and lost as bars by period or region, the area held as a curve; in notebooks too."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from html import escape
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from frontcalc import tables
from frontcalc.errors import FrontcalcError, UsageError
from frontcalc.keywords import facade
from frontcalc.names import printable
from frontcalc.outputs.grid import GAP, Grid
from frontcalc.outputs.layout import grids
from frontcalc.outputs.numbers import Unit, km2
from frontcalc.outputs.sentences import differ_in_length, ends_short, listed, measurable, period_heading
from frontcalc.periods import is_period, parse_period
from frontcalc.pictures import titles
from frontcalc.pictures.curve import Event, draw_series, draw_shares, read_events
from frontcalc.pictures.ledger_map import draw_rings
from frontcalc.pictures.sheet import TICK_PT, Box, Picture, Sheet, installed, plain_settings, ticks_between
from frontcalc.pictures.style import Looks, style_of
from frontcalc.tables import TOTAL, CompareRow, DiffRow, LedgerRow, PeriodRow, SeriesRow, ShareRow, SummaryRow, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ELSEWHERE = {
    tables.ChangeRow: "frontcalc.change_map draws the ground that changed hands",
    CompareRow: "draw the diff of each archive by itself",
    tables.ConsensusRow: "frontcalc.consensus_map draws the ground itself",
    tables.SharedGroundRow: ".to_geoframe().plot() draws the ground itself",
}
_NOTEBOOK_SIZE = "1200x700"
_BAR = 0.72
_ROW_PT = 12.0
_FAR = 0.25  # share of a period's days by which those between its maps may differ before its bar is hatched

Bar = tuple[float, float, float]  # gained, lost (below zero) and net, in the unit of the picture


@facade
def picture(
    result: Table[Any, Any],
    *,
    events: str | Path | Sequence[Event] = (),
    gap: int | None = None,
    **looks: Unpack[Looks],
) -> Picture:
    """Draw a result of `series`, `summary`, `diff`, `place_shares` or `ledger`.

    Parameters
    ----------
    result : Table
        A series becomes a line, a summary bars by period; of `diff`, several periods are bars and one period
        is its regions by rank. Shares of a place become a strip an archive; a ledger becomes a map of what is held
        at its end, by the month in which it was last taken.
    events : path or sequence of Event
        Of a series alone: what to mark, or a CSV file of it.
    gap : int, optional
        Of a series alone: beyond how many days without a map the line is broken.
    **looks
        Size, theme and units: see `Looks`.

    Returns
    -------
    Picture
        `.image("png")`, `"svg"` or `"pdf"` gives its bytes; a notebook shows it.

    Raises
    ------
    UsageError
        There is no picture of such a result, an option is wrong, or matplotlib is not installed.

    Examples
    --------
    >>> import frontcalc
    >>> from pathlib import Path
    >>> picture = frontcalc.picture(frontcalc.diff(["2023", "2024"]), theme="print")
    >>> written = Path("years.svg").write_bytes(picture.image("svg"))
    """
    style = style_of(looks)
    draw: Callable[[Table[Any, Any], Sheet], Picture]
    if result.kind is SeriesRow:
        marked = read_events(events) if isinstance(events, str | Path) else tuple(events)
        draw = partial(draw_series, events=marked, gap=gap)
    elif events or gap is not None:
        raise UsageError("events and gaps are of a series", cure="leave them out")
    elif result.kind is ShareRow:
        draw = draw_shares
    elif result.kind is LedgerRow:
        draw = draw_rings
    elif not issubclass(result.kind, PeriodRow) or result.kind is CompareRow:
        cure = _ELSEWHERE.get(result.kind, "draw one of series, summary or diff")
        raise UsageError("there is no chart of such a result", cure=cure)
    else:
        several = len({row.period for row in result.rows}) > 1
        draw = _draw_periods if several or issubclass(result.kind, SummaryRow) else _draw_regions
    with plain_settings():
        return draw(result, Sheet(*style))


@facade
def plot(
    result: Table[Any, Any],
    *,
    events: str | Path | Sequence[Event] = (),
    gap: int | None = None,
    **looks: Unpack[Looks],
) -> Figure:
    """Return a result as a figure of matplotlib, to add to; a notebook shows it.

    Parameters
    ----------
    result, events, gap, **looks
        As for `picture`.

    Returns
    -------
    matplotlib.figure.Figure
        Of the size asked for.

    Raises
    ------
    UsageError
        As `picture`.

    Examples
    --------
    >>> import frontcalc
    >>> figure = frontcalc.plot(frontcalc.diff(["2024"]), size="square")
    >>> figure.savefig("regions.png")
    """
    return picture(result, events=events, gap=gap, **looks).figure


def notebook_html(result: Table[Any, Any]) -> str:
    """Return a result as a notebook shows it: its table, and its chart where there is one.

    Parameters
    ----------
    result : Table
        Of any facade.

    Returns
    -------
    str
        HTML that loads nothing, to be set among other HTML. Without matplotlib there is no chart.

    Examples
    --------
    >>> import frontcalc
    >>> html = frontcalc.notebook_html(frontcalc.held(["2024-11-03"]))
    >>> "<table" in html
    True
    """
    text = "\n".join(map(_shown, grids(result, "km2")))
    if not installed() or not issubclass(result.kind, DiffRow | SeriesRow):
        return text
    try:
        drawn = picture(result, size=_NOTEBOOK_SIZE).image("png")
    except FrontcalcError:
        # A table that no chart can show, as of many actors, is still a table.
        return text
    return f'{text}\n<img alt="" width="800" src="data:image/png;base64,{base64.b64encode(drawn).decode()}">'


def _shown(grid: Grid) -> str:
    """Return one grid as HTML, its table made by pandas; every text escaped."""
    import pandas as pd

    heads, over = zip(*((column.heading or "marks", column.over or "") for column in grid.columns), strict=True)
    # pandas strips all blanks, browsers plain ones: behind a word joiner the indent of a part of a region stays.
    rows = [[cell.replace(GAP, "\u2060\u00a0\u00a0") for cell in row] for row in grid.rows]
    frame = pd.DataFrame(rows, columns=pd.MultiIndex.from_arrays([over, heads]) if any(over) else heads)
    with pd.option_context("display.max_colwidth", None):
        table = frame.to_html(escape=True, index=False)
    footer = "".join(f"<li>{escape(line)}</li>" for line in grid.footer if line)
    return f"<p><strong>{escape(grid.title)}</strong> {escape(grid.aside)}</p>\n{table}\n<ul>{footer}</ul>"


def _draw_periods(table: Table[Any, Any], sheet: Sheet) -> Picture:
    """Draw what was gained and lost in each period, a panel an actor; per day where periods differ in length."""
    unit, meta = sheet.unit, table.meta
    totals = [row for row in table.rows if row.level == TOTAL]
    actors = {actor: [row for row in totals if row.actor == actor] for actor in dict.fromkeys(r.actor for r in totals)}
    measured = [row for row in totals if row.net_km2 is not None]
    per_day = bool(measured) and differ_in_length(measured)
    blank = dict.fromkeys(row.period for row in totals if row.net_km2 is None)
    words = titles.words(
        table,
        titles.map_title(totals, titles.place_of(table.rows, meta), unit, meta, per_day=per_day),
        "Gained above zero, lost below it.",
        [f"Not measured, since no two maps stand for it: {', '.join(blank)}."] if blank else [],
    )
    per = f"{unit.label} a day between the maps used, since periods differ in length" if per_day else unit.label
    remarks = ["number over a bar: net"]
    if any(map(_is_apart, measured)):
        remarks.append("hatched: the maps cover less or more than the period")
    for box, rows in zip(
        sheet.charts(_below_key(sheet, words, *remarks), list(actors), per), actors.values(), strict=True
    ):
        _upright_bars(sheet, box, rows, per_day=per_day)
    return Picture(sheet.figure, words)


def _is_apart(row: Any) -> bool:
    """Say whether a period has maps for a part of it only, or maps whose days are far from as many as it has."""
    if any(ends_short(row)) or not row.days or not is_period(row.period):
        return any(ends_short(row))
    period = parse_period(row.period)
    whole = ((period.closes_on or row.closing) - (period.opens_on or row.opening)).days
    return bool(abs(row.days - whole) > _FAR * whole)


def _draw_regions(table: Table[Any, Any], sheet: Sheet) -> Picture:
    """Draw gained and lost in each region of one period and actor, the largest net change first; name those without."""
    unit, meta = sheet.unit, table.meta
    totals = [row for row in table.rows if row.level == TOTAL]
    if len(totals) != 1:
        raise UsageError("regions are ranked for one period and one actor", cure="ask for one of each")
    finest = meta.level.split(",")[-1]
    rows = [row for row in table.rows if row.level == finest and row.net_km2 is not None]
    moved = [row for row in rows if measurable(row.gained_km2, unit) or measurable(row.lost_km2, unit)]
    still = [row.region for row in rows if row not in moved]
    ranked = sorted(moved, key=lambda row: (-abs(row.net_km2), row.region))
    title = titles.subject(totals[0].actor, titles.place_of(table.rows, meta)) + titles.headline(totals[0], unit, meta)
    if len(ranked) > 1:
        title += f"; most in {ranked[0].region} ({titles.change(ranked[0].net_km2, unit)})"
    words = titles.words(
        table,
        title,
        titles.gross_of(totals[0], unit, meta),
        [f"No change in {listed(still)}."] if still else [],
    )
    _ranked_bars(sheet, _below_key(sheet, words), [(printable(row.region), _bar_of(row, unit)) for row in ranked])
    return Picture(sheet.figure, words)


def _below_key(sheet: Sheet, words: titles.Words, *remarks: str) -> Box:
    """Write the words and the key, with remarks in it, and return the room below."""
    colours = [("gained", sheet.theme.gained), ("lost", sheet.theme.lost)]
    return sheet.key(sheet.write(words), [*colours, *((remark, "") for remark in remarks)], 4)


def _bar_of(row: Any, unit: Unit) -> Bar:
    """Return the bar of a row that was measured."""
    return row.gained_km2 * unit.per_km2, -row.lost_km2 * unit.per_km2, row.net_km2 * unit.per_km2


def _limits(bars: Iterable[Bar]) -> tuple[float, float]:
    """Return the ends of an axis that shows all bars and zero, with air for the label of the last tick."""
    values = [0.0, *chain.from_iterable(bars)]
    air = 0.06 * (max(values) - min(values) or 1.0)
    return min(values) - air, max(values) + air


def _upright_bars(sheet: Sheet, box: Box, rows: Sequence[PeriodRow], *, per_day: bool) -> None:
    """Draw a bar a period, its net figure over it; of the names as many as fit below the axis, evenly."""
    names = [period_heading(row).replace(", ", "\n") for row in rows]
    measured = {place: row for place, row in enumerate(rows) if row.net_km2 is not None}
    bars = {at: _bar_of(row, titles.unit_of(row, sheet.unit, per_day=per_day)) for at, row in measured.items()}
    low, high = _limits(bars.values())
    # At the very end of the axis a figure would touch the names below.
    ticks, labels = ticks_between(low + 0.02 * (high - low), high, 6)
    parts = [part for name in names for part in name.split("\n")]
    inner = sheet.within(box, left=sheet.width_of(labels), lines=2 if len(parts) > len(names) else 1)
    inner = _nets_above(sheet, inner, bars, len(names), (low, high))
    axes = sheet.axes(inner)
    for place, bar in bars.items():
        draw = partial(axes.bar, width=_BAR, hatch="////" if _is_apart(rows[place]) else None)
        _draw_bar(sheet, draw, place, bar)
    axes.set_ylim(low, high)
    axes.set_yticks(ticks, labels)
    axes.set_xlim(-0.6, len(names) - 0.4)
    widest = max((sheet.measure(part, TICK_PT)[0] for part in parts), default=0.0) + sheet.px(4)
    each = inner.width / (len(names) + 0.2)
    step = max(1, math.ceil(widest / each))
    # The first name stays on the sheet.
    start = step // 2 if widest / 2 > inner.left + 0.6 * each else 0
    axes.set_xticks(range(start, len(names), step), names[start::step])
    sheet.style(axes, grid="y")
    axes.axhline(0.0, color=sheet.theme.ink, linewidth=0.8, zorder=3)


def _nets_above(sheet: Sheet, box: Box, bars: dict[int, Bar], count: int, ends: tuple[float, float]) -> Box:
    """Write net figures over the bars of an axes, turned where that makes more fit; return the box below their room.

    Where bars are too narrow for that too, the largest figures are written; in a box too low for them none.
    """
    nets = {place: km2(net, signed=True) for place, (*_, net) in bars.items()}
    sizes = [sheet.measure(text, TICK_PT) for text in nets.values()]
    across, up = (max(sides) + sheet.px(3) for sides in zip(*sizes or [(0.0, 0.0)], strict=True))
    step = box.width / (count + 0.2)
    turned = across > step
    below = box._replace(top=box.top - (across if turned else up))
    if below.height < box.height / 2:
        return box
    apart = math.ceil(up / step) if turned else 1
    reach = math.ceil(up / step / 2 + _BAR / 2) - 1 if turned else 0  # to this many bars beside it a figure stands over
    written: list[int] = []
    for place in sorted(bars, key=lambda place: -abs(bars[place][-1])):
        if all(abs(place - other) >= apart for other in written):
            written.append(place)
            x = box.left + (place + 0.6) * step
            top = max(bars[at][0] for at in range(place - reach, place + reach + 1) if at in bars)
            y = box.bottom + (top - ends[0]) / (ends[1] - ends[0]) * below.height + sheet.px(2)
            angle = 90.0 if turned else 0.0
            sheet.text(x, y, nets[place], TICK_PT, ha="center", va="bottom", rotation=angle, gid="net")
    return below


def _ranked_bars(sheet: Sheet, space: Box, ranked: Sequence[tuple[str, Bar]]) -> None:
    """Draw a bar a region, its name on the left and its net figure on the right."""
    most = max(1, int(space.height / sheet.px(_ROW_PT)) - 2)
    if len(ranked) > most:
        rest = [bar for _, bar in ranked[most - 1 :]]
        gained, lost, net = (math.fsum(column) for column in zip(*rest, strict=True))
        ranked = [*ranked[: most - 1], (f"{len(rest)} others", (gained, lost, net))]
    low, high = _limits(bar for _, bar in ranked)
    ticks, labels = ticks_between(low, high, 7)
    nets = [km2(net, signed=True) for _, (*_, net) in ranked]
    names = [sheet.fit(name, TICK_PT, space.width * 0.3) for name, _ in ranked]
    inner = sheet.within(space, left=sheet.width_of(names), right=sheet.width_of([*nets, "net"]) + sheet.px(4))
    sheet.title_above(Box(inner.left, space.bottom, inner.right, space.top), sheet.unit.label)
    right = {"ha": "right", "color": sheet.theme.quiet, "gid": "axis"}
    sheet.text(space.right, space.top - sheet.px(1.5), "net", 7.6, va="top", **right)
    axes = sheet.axes(inner)
    axes.set_xlim(low, high)
    count = max(len(ranked), 1)
    axes.set_ylim(count - 0.4, -0.6)
    for place, (_, bar) in enumerate(ranked):
        _draw_bar(sheet, partial(axes.barh, height=_BAR), place, bar)
        middle = inner.top - (place + 0.6) / (count + 0.2) * inner.height
        sheet.text(space.right, middle, nets[place], TICK_PT, ha="right", va="center", gid="net")
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(ticks, labels)
    sheet.style(axes, grid="x")
    axes.axvline(0.0, color=sheet.theme.ink, linewidth=0.8, zorder=3)


def _draw_bar(sheet: Sheet, draw: Callable[..., Iterable[Any]], place: int, bar: Bar) -> None:
    """Draw gained and lost on either side of zero."""
    theme = sheet.theme
    for length, colour, gid in ((bar[0], theme.gained, "gained"), (bar[1], theme.lost, "lost")):
        # A hatch has the colour of the edge.
        for patch in draw([place], [length], color=colour, edgecolor=theme.paper, linewidth=0.0, zorder=2):
            patch.set_gid(gid)
