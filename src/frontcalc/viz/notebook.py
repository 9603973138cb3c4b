"""Results in a notebook: the table as the HTML output has it, and the chart that `picture` draws."""

from __future__ import annotations

import base64
from typing import Any

from frontcalc.errors import FrontcalcError
from frontcalc.outputs.text import html_tables
from frontcalc.tables import DiffRow, SeriesRow, Table
from frontcalc.viz.drawing import picture
from frontcalc.viz.scene import installed

_SIZE = "1200x700"


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
    >>> html.startswith("<table>")
    True
    """
    tables = html_tables(result)
    if not installed() or not issubclass(result.kind, DiffRow | SeriesRow):
        return tables
    try:
        drawn = picture(result, size=_SIZE).image("png")
    except FrontcalcError:
        # A table that no chart can show, as of many actors, is still a table.
        return tables
    return f'{tables}\n<img alt="" width="800" src="data:image/png;base64,{base64.b64encode(drawn).decode()}">'
