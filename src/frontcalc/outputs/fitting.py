"""Grids made to fit a terminal: names shortened, columns left out or stacked, and what was cut said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from frontcalc.outputs.grid import Grid

GAP = "  "
SEE_ALL = "--format csv has all"
_SHORTEST_NAME = 12
_ELLIPSIS = "…"


def column_widths(grid: Grid) -> list[int]:
    """Return how many characters each column needs, a heading over several columns included."""
    cells = [grid.header, *grid.rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(grid.header))]
    start = 0
    for heading, count in grid.groups:
        room = sum(widths[start : start + count]) + len(GAP) * (count - 1)
        widths[start] += max(0, len(heading) - room)
        start += count
    return widths


def grid_width(grid: Grid) -> int:
    """Return how many characters a grid's rows need."""
    widths = column_widths(grid)
    return sum(widths) + len(GAP) * (len(widths) - 1)


def fit(grid: Grid, width: int) -> list[Grid]:
    """Return a grid as blocks that are no wider than a terminal, to be shown below each other.

    The least loss first: names are shortened, then spare columns left out, then columns stacked. The last
    block's footer begins with what was cut. A terminal too narrow even for that gets lines that are too long.

    Parameters
    ----------
    grid : Grid
        What is to be shown.
    width : int
        Characters a line.
    """
    cuts: list[str] = []
    if grid_width(grid) > width:
        grid, shortened = _shorten_names(grid, width)
        cuts += ["long names are shortened"] if shortened else []
    gone = []
    for heading in grid.spare:
        if grid_width(grid) > width and heading in grid.header:
            grid = _without(grid, heading)
            gone.append(heading)
    cuts += [f"columns left out: {', '.join(gone)}"] if gone else []
    blocks = _stack(grid, width) if grid_width(grid) > width else [grid]
    note = [f"cut to {width} columns: {'; '.join(cuts)} ({SEE_ALL})"] if cuts else []
    blocks = [replace(block, title="", aside="", footer=()) for block in blocks]
    blocks[0] = replace(blocks[0], title=grid.title, aside=grid.aside)
    blocks[-1] = replace(blocks[-1], footer=(*note, *grid.footer))
    return blocks


def _shorten_names(grid: Grid, width: int) -> tuple[Grid, bool]:
    """Return the grid with its longest column of text made shorter, and whether any name lost letters.

    Where stacking can make room instead, names are shortened only as far as the widest stack needs.
    """
    widths = column_widths(grid)
    column = max(range(grid.labels), key=widths.__getitem__)
    needed = grid_width(grid) if grid.spare else min(grid_width(grid), _widest_block(grid))
    limit = max(_SHORTEST_NAME, widths[column] - max(0, needed - width))
    if widths[column] <= limit:
        return grid, False

    def shortened(row: tuple[str, ...]) -> tuple[str, ...]:
        cell = row[column]
        short = cell if len(cell) <= limit else cell[: limit - 1].rstrip() + _ELLIPSIS
        return (*row[:column], short, *row[column + 1 :])

    return replace(grid, rows=tuple(map(shortened, grid.rows))), True


def _without(grid: Grid, heading: str) -> Grid:
    """Return an ungrouped grid without one column."""
    column = grid.header.index(heading)

    def kept(row: tuple[str, ...]) -> tuple[str, ...]:
        return (*row[:column], *row[column + 1 :])

    labels = grid.labels - (column < grid.labels)
    return replace(grid, header=kept(grid.header), rows=tuple(map(kept, grid.rows)), labels=labels)


def _parts(grid: Grid) -> list[tuple[str, int]]:
    """Return the groups of figures that stay together, each with its number of columns."""
    if grid.groups:
        return list(grid.groups[1:])
    return [("", 1)] * (len(grid.header) - grid.labels)


def _widest_block(grid: Grid) -> int:
    """Return the width of the widest block if every group stood by itself."""
    alone = [[index] for index in range(len(_parts(grid)))]
    return max(map(grid_width, _blocks(grid, alone)), default=0)


def _stack(grid: Grid, width: int) -> list[Grid]:
    """Return blocks with as many groups beside each other as fit, each with the columns of text."""
    if not _parts(grid):
        return [grid]
    chosen: list[list[int]] = []
    for index in range(len(_parts(grid))):
        if chosen and grid_width(_blocks(grid, [[*chosen[-1], index]])[0]) <= width:
            chosen[-1].append(index)
        else:
            chosen.append([index])
    return _blocks(grid, chosen)


def _blocks(grid: Grid, chosen: Sequence[Sequence[int]]) -> list[Grid]:
    """Return a block for each choice of groups."""
    parts = _parts(grid)
    starts = [grid.labels + sum(count for _, count in parts[:index]) for index in range(len(parts))]

    def picked(row: tuple[str, ...], groups: Sequence[int]) -> tuple[str, ...]:
        figures = (cell for index in groups for cell in row[starts[index] : starts[index] + parts[index][1]])
        return (*row[: grid.labels], *figures)

    return [
        replace(
            grid,
            groups=(grid.groups[0], *(parts[index] for index in groups)) if grid.groups else (),
            header=picked(grid.header, groups),
            rows=tuple(picked(row, groups) for row in grid.rows),
        )
        for groups in chosen
    ]
