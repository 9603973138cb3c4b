"""Results in a notebook: the table as the HTML output has it, and the chart that `picture` draws."""

from __future__ import annotations

import base64
from typing import Any

from frontcalc.errors import FrontcalcError
from frontcalc.outputs.webpage import html_tables
from frontcalc.tables import ChangeRow, DiffRow, SeriesRow, Table
from frontcalc.viz.drawing import picture
from frontcalc.viz.scene import installed

_SIZE = "1200x700"


def notebook_html(result: Table[Any, Any]) -> str | None:
    """Return a result as a notebook shows it, None where it has no table; without matplotlib there is no chart."""
    if result.kind is ChangeRow:
        return None
    tables = html_tables(result)
    if not installed() or not issubclass(result.kind, DiffRow | SeriesRow):
        return tables
    try:
        drawn = picture(result, size=_SIZE).image("png")
    except FrontcalcError:
        # A table that no chart can show, as of many actors, is still a table.
        return tables
    return f'{tables}\n<img alt="" width="800" src="data:image/png;base64,{base64.b64encode(drawn).decode()}">'
