"""One block of a result as it is shown: its columns and cells, what stands above and below, and how it fits a terminal.

A table is a list of columns: a heading, and the field or the function that gives a row's cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from frontcalc.layers import ADJECTIVES
from frontcalc.notices import grouped
from frontcalc.outputs.numbers import BLANK, km2
from frontcalc.outputs.wording import is_stretched, short_day
from frontcalc.tables import AnyMeta, ArchiveMeta, Meta, PeriodRow

GAP = "  "
_SHORTEST_NAME = 12

Columns = Sequence[tuple[str, str | Callable[[Any], str]]]
"""The columns of a table: each heading, and the field of a row or the function of it that gives the cell."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One block to print: what is shown (`title`) by which view (`aside`), its cells as text, and lines below it.

    `groups` are headings over several columns with the number of those, the first over the columns of text;
    empty for none. The first `labels` columns are text, the rest figures. `spare` are headings of columns that
    a narrow terminal may leave out, the first to go first; where none are named, columns are stacked instead.
    """

    title: str
    aside: str
    groups: tuple[tuple[str, int], ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    footer: tuple[str, ...]
    labels: int = 1
    spare: tuple[str, ...] = ()


def cell(row: Any, source: str | Callable[[Any], str]) -> str:
    """Return a row's cell as text, a dash for none; net changes and rates have a sign, rates two decimals."""
    if not isinstance(source, str):
        return source(row)
    value = getattr(row, source)
    if isinstance(value, float):
        return km2(value, signed=source.startswith(("net_", "rate_")), places=2 if source.startswith("rate_") else 1)
    return BLANK if value is None else str(value)


def grid_of(
    title: str, columns: Columns, rows: Iterable[Any], footer: Iterable[str], meta: AnyMeta, **form: Any
) -> Grid:
    """Return a line a row; `form` is `labels` and `spare` of the grid."""
    aside = aside_of(meta) if isinstance(meta, Meta) else ""
    lines = tuple(tuple(cell(row, source) for _, source in columns) for row in rows)
    return Grid(title, aside, (), tuple(heading for heading, _ in columns), lines, tuple(footer), **form)


def title_of(actor: str, meta: Meta, unit: str = "km²") -> str:
    """Return whose territory is shown, in which unit and from which archive."""
    return f"{ADJECTIVES.get(actor, f'{actor}-held')} territory, {unit} · {meta.archive}"


def aside_of(meta: Meta) -> str:
    """Return the view as a title's right end shows it."""
    return f"view: {meta.view_words}"


def basis(meta: Meta) -> Iterable[str]:
    """Yield what was counted, by what projection and regions, and whose maps and regions they are."""
    counted = f"counted, overlaps once: {', '.join(meta.counted) or 'nothing'}"
    yield counted + (f" · not counted: {', '.join(meta.not_counted)}" if meta.not_counted else "")
    if meta.other_actors:
        yield f"also on these maps: {', '.join(meta.other_actors)} (see --actor)"
    accuracy = f" ({meta.regions_accuracy})" if meta.regions and meta.regions_accuracy else ""
    how = meta.snapping if meta.regions else None
    snapped = f" · snap: border {how.border_km:g} km, water {how.water_km:g} km" if how and how.border_km else ""
    yield projection(meta) + accuracy + snapped
    yield from meta.attribution


def projection(meta: Meta | ArchiveMeta) -> str:
    """Return which projection and regions were used."""
    return meta.crs + (f" · regions: {meta.regions.name}" if meta.regions else "")


def remarks(meta: AnyMeta) -> Iterable[str]:
    """Yield the notices, a line each."""
    return (f"note {line}" for line in grouped(meta.notices))


def period_heading(row: PeriodRow) -> str:
    """Return the period, with the days of its maps where a day has none of its own, or where the archive ends."""
    if row.opening and row.closing and is_stretched(row):
        return f"{row.period}, {short_day(row.opening)} to {short_day(row.closing)}"
    if row.closing and row.net_km2 is not None and "CLOSES-EARLY" in row.notes.split():
        return f"{row.period}, to {row.closing.day} {row.closing:%b}"
    return row.period


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
    """Return a grid as blocks that are no wider than a terminal of `width` characters, to be shown below each other.

    The least loss first: names are shortened, then spare columns left out, then columns stacked. The last
    block's footer begins with what was cut. A terminal too narrow even for that gets lines that are too long.
    """
    cuts: list[str] = []
    if grid_width(grid) > width:
        grid, shortened = _shorten_names(grid, width)
        cuts += ["long names are shortened"] if shortened else []
    gone = []
    for heading in grid.spare:
        if grid_width(grid) > width and heading in grid.header:
            gap = grid.header.index(heading)
            grid = _picked(grid, [column for column in range(len(grid.header)) if column != gap])
            gone.append(heading)
    cuts += [f"columns left out: {', '.join(gone)}"] if gone else []
    blocks = [grid]
    if grid_width(grid) > width:
        # As many groups beside each other as fit, each block with the columns of text.
        chosen: list[list[int]] = []
        for index in range(len(_parts(grid))):
            if chosen and grid_width(_block(grid, [*chosen[-1], index])) <= width:
                chosen[-1].append(index)
            else:
                chosen.append([index])
        blocks = [_block(grid, groups) for groups in chosen] or blocks
    note = [f"cut to {width} columns: {'; '.join(cuts)} (--format csv has all)"] if cuts else []
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
    needed = grid_width(grid)
    if not grid.spare:
        needed = min(needed, max((grid_width(_block(grid, [index])) for index in range(len(_parts(grid)))), default=0))
    limit = max(_SHORTEST_NAME, widths[column] - max(0, needed - width))
    if widths[column] <= limit:
        return grid, False
    names = (row[column] for row in grid.rows)
    short = [name if len(name) <= limit else name[: limit - 1].rstrip() + "…" for name in names]
    rows = ((*row[:column], name, *row[column + 1 :]) for row, name in zip(grid.rows, short, strict=True))
    return replace(grid, rows=tuple(rows)), True


def _picked(grid: Grid, columns: Sequence[int]) -> Grid:
    """Return a grid with some of its columns; groups stay."""
    header, *rows = (tuple(row[column] for column in columns) for row in (grid.header, *grid.rows))
    return replace(grid, header=header, rows=tuple(rows), labels=sum(column < grid.labels for column in columns))


def _parts(grid: Grid) -> list[tuple[str, int]]:
    """Return the groups of figures that stay together, each with its number of columns."""
    return list(grid.groups[1:]) if grid.groups else [("", 1)] * (len(grid.header) - grid.labels)


def _block(grid: Grid, chosen: Sequence[int]) -> Grid:
    """Return the columns of text and some groups of figures."""
    columns, start = list(range(grid.labels)), grid.labels
    parts = _parts(grid)
    for index, (_, count) in enumerate(parts):
        columns += range(start, start + count) if index in chosen else ()
        start += count
    groups = (grid.groups[0], *(parts[index] for index in chosen)) if grid.groups else ()
    return replace(_picked(grid, columns), groups=groups)
