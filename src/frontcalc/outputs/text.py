"""Grids as text: aligned columns for a terminal, or Markdown."""

from __future__ import annotations

from typing import Any

from frontcalc.outputs.grid import Grid
from frontcalc.outputs.layout import grids
from frontcalc.tables import Table

_GAP = "  "


def table(result: Table[Any, Any]) -> str:
    """Return a result as aligned text."""
    return "\n".join(_aligned(grid) for grid in grids(result))


def markdown(result: Table[Any, Any]) -> str:
    """Return a result as Markdown, a table an actor."""
    return "\n".join(_markdown(grid) for grid in grids(result))


def _aligned(grid: Grid) -> str:
    """Return one grid as aligned text, text columns to the left and figures to the right."""
    cells = [grid.header, *grid.rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(grid.header))]
    if grid.groups:
        _widen(widths, grid)
    lines = [_spread(grid.title, grid.aside, sum(widths) + len(_GAP) * (len(widths) - 1))]
    if grid.groups:
        lines.append(_group_line(widths, grid))
    for row in cells:
        aligned = [
            cell.ljust(width) if column < grid.labels else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(_GAP.join(aligned).rstrip())
    return "\n".join([*lines, "", *grid.footer]) + "\n"


def _widen(widths: list[int], grid: Grid) -> None:
    """Widen the first column of a group whose heading needs more room."""
    start = 0
    for heading, count in grid.groups:
        room = sum(widths[start : start + count]) + len(_GAP) * (count - 1)
        widths[start] += max(0, len(heading) - room)
        start += count


def _group_line(widths: list[int], grid: Grid) -> str:
    """Return the line of headings that span several columns."""
    parts, start = [], 0
    for heading, count in grid.groups:
        room = sum(widths[start : start + count]) + len(_GAP) * (count - 1)
        parts.append(heading.rjust(room))
        start += count
    return _GAP.join(parts).rstrip()


def _spread(left: str, right: str, width: int) -> str:
    """Return two texts at the ends of a line, or below each other where they do not fit."""
    if not right:
        return left
    if len(left) + len(right) + len(_GAP) > width:
        return f"{left}\n{right}"
    return left + right.rjust(width - len(left))


def _markdown(grid: Grid) -> str:
    """Return one grid as a Markdown table with its title above and its footer as a list below."""
    spans = [heading for heading, count in grid.groups for _ in range(count)] or [""] * len(grid.header)
    header = [f"{span} {name}".strip() for span, name in zip(spans, grid.header, strict=True)]
    rule = ["---" if column < grid.labels else "---:" for column in range(len(header))]
    body = [[_escape(cell) for cell in row] for row in [header, *grid.rows]]
    lines = [f"| {' | '.join(row)} |" for row in (body[0], rule, *body[1:])]
    footer = [f"- {_escape(line)}" for line in grid.footer]
    return "\n".join([f"**{_escape(grid.title)}** ({_escape(grid.aside)})", "", *lines, "", *footer]) + "\n"


def _escape(text: str) -> str:
    """Return text that Markdown shows as it is, on one line, indented as it was."""
    flat = " ".join(text.split())
    indent = "&nbsp;" * (len(text) - len(text.lstrip(" ")))
    for mark in "\\|*_`[]~":
        flat = flat.replace(mark, f"\\{mark}")
    return indent + flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
