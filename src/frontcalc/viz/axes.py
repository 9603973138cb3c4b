"""Axes without junk: labels and a light grid, drawn once for all charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from frontcalc.errors import UsageError
from frontcalc.viz.sheet import Box, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICK_PT, AXIS_PT = 7.2, 7.6
MOST_PANELS = 6


def rows_of_boxes(space: Box, count: int) -> list[Box]:
    """Return boxes one below the other for some panels.

    Raises
    ------
    UsageError
        There are more than a sheet holds.
    """
    if count > MOST_PANELS:
        raise UsageError(f"{count} charts are more than the {MOST_PANELS} that one picture holds", cure="ask for fewer")
    height = space.height / count
    return [
        Box(space.left, space.top - (place + 1) * height, space.right, space.top - place * height)
        for place in range(count)
    ]


def within(sheet: Sheet, box: Box, *, left: float, right: float = 0.0, lines: int = 1) -> Box:
    """Return the box that is left for the axes: room for tick labels on either side (pixels) and below (lines)."""
    under = sheet.px(TICK_PT * (0.8 + 1.2 * lines))
    return Box(box.left + left, box.bottom + under, box.right - right, box.top - sheet.px(AXIS_PT * 1.9))


def style(sheet: Sheet, axes: Axes, *, grid: str) -> None:
    """Leave of an axes its ticks' labels and a grid across one direction."""
    theme = sheet.theme
    axes.set_facecolor(theme.paper)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=TICK_PT, labelcolor=theme.ink, pad=sheet.px(1.2) * 72 / sheet.figure.dpi)
    axes.grid(visible=True, axis=grid, color=theme.rule, linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        text.set_fontfamily("DejaVu Sans")


def title_above(sheet: Sheet, box: Box, text: str) -> None:
    """Write above an axes what it measures, in which unit."""
    shown = sheet.fit(text, AXIS_PT, box.width)
    top = box.top - sheet.px(AXIS_PT * 0.2)
    sheet.text(box.left, top, shown, AXIS_PT, va="top", gid="axis", color=sheet.theme.quiet)


def ticks_between(low: float, high: float, most: int) -> tuple[list[float], int]:
    """Return round figures between two, and how many decimals they need."""
    from matplotlib.ticker import MaxNLocator

    found = [float(tick) for tick in MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    step = abs(found[1] - found[0]) if len(found) > 1 else 1.0
    places = next((number for number in range(6) if abs(round(step, number) - step) < 1e-9), 6)
    return [tick for tick in found if low <= tick <= high], places


def width_of(sheet: Sheet, texts: Sequence[str]) -> float:
    """Return the width of the widest of some tick labels and the space beside it, pixels."""
    return max((sheet.measure(text, TICK_PT)[0] for text in texts), default=0.0) + sheet.px(5)
