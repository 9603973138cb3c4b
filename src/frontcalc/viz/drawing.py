"""Which picture a table makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from frontcalc.errors import UsageError
from frontcalc.keywords import facade
from frontcalc.tables import ChangeRow, CompareRow, DisagreementRow, PeriodRow, SeriesRow, SummaryRow, Table
from frontcalc.viz.bars import draw_regions, draw_summary
from frontcalc.viz.events import Event, read_events
from frontcalc.viz.figures import figure_of
from frontcalc.viz.options import Looks, style_of
from frontcalc.viz.sheet import Picture
from frontcalc.viz.timeline import draw_series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ELSEWHERE = {
    ChangeRow: "frontcalc.change_map draws the ground that changed hands",
    CompareRow: "draw the diff of each archive by itself",
    DisagreementRow: ".to_geoframe().plot() draws the ground itself",
}


@facade
def picture(
    result: Table[Any, Any],
    *,
    events: str | Path | Sequence[Event] = (),
    gap: int | None = None,
    **looks: Unpack[Looks],
) -> Picture:
    """Draw a result of `series`, `summary` or `diff`.

    Parameters
    ----------
    result : Table
        A series becomes a line, a summary bars by period; of `diff`, several periods are bars and one period
        is its regions by rank.
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
    look, units = style_of(looks), looks.get("units") or result.meta.units
    if result.kind is SeriesRow:
        marked = read_events(events) if isinstance(events, str | Path) else tuple(events)
        return draw_series(result, look, units=units, events=marked, gap=gap)
    if events or gap is not None:
        raise UsageError("events and gaps are of a series", cure="leave them out")
    if issubclass(result.kind, PeriodRow) and result.kind is not CompareRow:
        several = len({row.period for row in result.rows}) > 1
        return (draw_summary if several or issubclass(result.kind, SummaryRow) else draw_regions)(
            result, look, units=units
        )
    cure = _ELSEWHERE.get(result.kind, "draw one of series, summary or diff")
    raise UsageError("there is no chart of such a result", cure=cure)


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
    return figure_of(picture(result, events=events, gap=gap, **looks))
