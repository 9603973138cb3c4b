"""One self-contained page that answers the question: figures, map, slider, chart and table, without a connection."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from frontcalc.archives import Archive
from frontcalc.keywords import facade
from frontcalc.page.content import measure
from frontcalc.page.document import bokeh, html_page
from frontcalc.periods import PeriodsLike
from frontcalc.run.options import Keywords


@facade
def report(
    periods: PeriodsLike,
    *,
    archive: str | Path | Archive | None = None,
    with_range: bool = True,
    **options: Unpack[Keywords],
) -> str:
    """Return an HTML page of how much territory was gained and lost in each period, by region, and where.

    Parameters
    ----------
    periods : str, int, date or pandas.Period, or sequence of these
        As for `diff`.
    archive : path or Archive
        A folder of dated maps; None for the bundled synthetic sample, which the page is marked with.
    with_range : bool
        Show the least and the most that each net change comes to, as `diff` does with the same option.
    **options
        How to measure: see `Options`. A page is of one actor.

    Returns
    -------
    str
        HTML that loads nothing. Its figures are those of `diff` and `held`; its shapes are simplified for
        display, and no figure comes from them.

    Raises
    ------
    UsageError
        More than one actor is asked for, Bokeh is not installed, or as `diff`.
    DataError, NoDataError
        As `diff`.

    Examples
    --------
    >>> import frontcalc
    >>> from pathlib import Path
    >>> page = frontcalc.report(["2024-10"], with_range=False)
    >>> written = Path("report.html").write_text(page, encoding="utf-8")
    >>> page[:15]
    '<!doctype html>'
    """
    # Before anything is measured.
    bokeh("plotting")
    return html_page(measure(periods, archive, options, with_range=with_range))
