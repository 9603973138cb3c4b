"""Results as an HTML page that stands by itself: no scripts, nothing loaded, every text escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from frontcalc.outputs.grid import Grid
from frontcalc.outputs.layout import grids
from frontcalc.tables import Table

_STYLE = """\
body { font: 1rem/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding-bottom: .5rem; }
caption small { display: block; font-weight: normal; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th[scope=row], .text { text-align: left; }
thead th[colspan] { border-left: 1px solid #ddd; }
tbody tr:last-child > * { border-top: 2px solid #666; }
ul { font-size: .85rem; padding-left: 1.2rem; color: #444; }"""


def html_page(result: Table[Any, Any]) -> str:
    """Return a result as a page with a table an actor; what was counted, notices and attribution stand below it."""
    blocks = grids(result)
    head = [
        "<!doctype html>",
        '<html lang="en">',
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(blocks[0].title)}</title>",
        f"<style>\n{_STYLE}\n</style>",
    ]
    return "\n".join([*head, *(line for grid in blocks for line in _block(grid)), "</html>"]) + "\n"


def html_tables(result: Table[Any, Any]) -> str:
    """Return the tables of `html_page` without the page, to be set among other HTML."""
    return "\n".join(line for grid in grids(result) for line in _block(grid))


def _block(grid: Grid) -> Iterator[str]:
    """Yield the lines of one grid: its table and the list below."""
    yield "<table>"
    aside = f" <small>{escape(grid.aside)}</small>" if grid.aside else ""
    yield f"<caption>{escape(grid.title)}{aside}</caption>"
    yield "<thead>"
    if grid.groups:
        yield f"<tr>{''.join(_span(heading, count) for heading, count in grid.groups)}</tr>"
    yield f"<tr>{''.join(_heading(grid, column, name) for column, name in enumerate(grid.header))}</tr>"
    yield "</thead>"
    yield "<tbody>"
    for row in grid.rows:
        yield f"<tr>{''.join(_cell(grid, column, text) for column, text in enumerate(row))}</tr>"
    yield "</tbody>"
    yield "</table>"
    yield "<ul>"
    for line in grid.footer:
        yield f"<li>{escape(line)}</li>"
    yield "</ul>"


def _span(heading: str, count: int) -> str:
    """Return a heading over several columns."""
    return f'<th scope="colgroup" colspan="{count}">{escape(heading)}</th>' if heading else "<td></td>" * count


def _heading(grid: Grid, column: int, name: str) -> str:
    """Return the heading of one column."""
    return f'<th scope="col"{_side(grid, column)}>{escape(name)}</th>'


def _cell(grid: Grid, column: int, text: str) -> str:
    """Return one cell; the first of a row is its heading, indented below a region that it is part of."""
    if column == 0:
        indent = "&nbsp;" * (len(text) - len(text.lstrip(" ")))
        return f'<th scope="row">{indent}{escape(text.lstrip(" "))}</th>'
    return f"<td{_side(grid, column)}>{escape(text)}</td>"


def _side(grid: Grid, column: int) -> str:
    """Return the attribute of a column of text."""
    return ' class="text"' if column < grid.labels else ""
