"""One block of a result as it is shown: its columns and cells, what stands above and below, and how it fits a terminal.

A table is a list of columns: a heading, and the field or the function that gives a row's cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from frontcalc.layers import ADJECTIVES, CLAIMED_LIMITS, spelling
from frontcalc.names import LONGEST_CELL, printable
from frontcalc.notices import grouped, with_lines
from frontcalc.outputs.numbers import BLANK, km2
from frontcalc.regions import UNASSIGNED
from frontcalc.tables import TOTAL, AnyMeta, ArchiveMeta, Meta

GAP = "  "
_SHORTEST_NAME = 12
_INDENT = "  "
LAST = (UNASSIGNED, TOTAL)
STRIPS = "strips"
"""The level of the row that stands for all regions in which only slivers changed."""

Key = tuple[str, str]
"""A row's level and region, which tell it from the others of its period or date."""

Source = str | Callable[[Any], str]
"""What gives a row's cell: the name of a field, or a function."""

Columns = Sequence[str | tuple[str, Source] | tuple[str, Source, str]]
"""The columns of a table: each heading, its source, and a heading over several; the name alone where it is both."""


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column as shown; those of one `group`, 0 for text, stay together, below the heading `over` them, if any."""

    heading: str
    cells: tuple[str, ...]
    group: int
    over: str | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """One block to print: what is shown (`title`) by which view (`aside`), its columns, and lines below it.

    A narrow terminal leaves out the columns headed as in `spare`, the first one first; without any it stacks columns.
    """

    title: str
    aside: str
    columns: tuple[GridColumn, ...]
    footer: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()

    @property
    def groups(self) -> list[list[GridColumn]]:
        """The columns that stay together, those of text first."""
        return [list(own) for _, own in groupby(self.columns, key=lambda column: column.group)]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The cells, a row a line."""
        return list(zip(*(column.cells for column in self.columns), strict=True))


def cell(row: Any, source: Source) -> str:
    """Return a row's cell as text, a dash for none; net changes and rates have a sign, rates two decimals."""
    if not isinstance(source, str):
        return source(row)
    value = getattr(row, source)
    if isinstance(value, float):
        return km2(value, signed=source.startswith(("net_", "rate_")), places=2 if source.startswith("rate_") else 1)
    return BLANK if value is None else str(value)


def grid_of(
    title: str,
    columns: Columns,
    rows: Iterable[Any],
    meta: AnyMeta,
    footer: Iterable[str] = (),
    *,
    labels: int = 1,
    spare: tuple[str, ...] = (),
    ends: bool = True,
) -> Grid:
    """Return a line a row, every text safe to show: names come from outside, with codes that a terminal would obey.

    A row is a value of which `columns` take their cells, or a tuple of the cells. The first `labels` columns are text,
    the rest figures. What the figures rest on, and the notices, stand below the footer if it `ends` the table.
    """
    named = [(column, column, "") if isinstance(column, str) else (*column, "")[:3] for column in columns]
    lines = [row if isinstance(row, tuple) else [cell(row, source) for _, source, _ in named] for row in rows]
    shown: list[GridColumn] = []
    before, group, wide = "", 0, any(over for *_, over in named)
    for place, ((heading, _, over), *cells) in enumerate(zip(named, *lines, strict=True)):
        if place >= labels and (not over or over != before):
            group += 1
        before = over
        # Only what stands last in a row, as a finding's message, may be as long as it is.
        longest = (LONGEST_CELL,) if place < len(named) - 1 else ()
        texts = tuple(printable(text, *longest) for text in cells)
        shown.append(
            GridColumn(printable(heading, *longest), texts, group, printable(over, LONGEST_CELL) if wide else None)
        )
    aside, base = (f"view: {meta.view_words}", basis(meta)) if isinstance(meta, Meta) else ("", ())
    below = (*footer, *base, *remarks(meta)) if ends else footer
    lasting = tuple(printable(line) for line in below if line)
    return Grid(printable(title, 2 * LONGEST_CELL), aside, tuple(shown), lasting, spare)


def title_of(actor: str, meta: Meta, unit: str = "km²") -> str:
    """Return whose territory is shown, in which unit and from which archive."""
    return f"{ADJECTIVES.get(actor, f'{actor}-held')} territory, {unit} · {meta.archive}"


def tree(keys: Iterable[Key], levels: str, size: Callable[[Key], tuple[float, ...]] = lambda one: ()) -> dict[Key, str]:
    """Return rows with their labels, each before its parts, which are indented; smallest `size` first.

    `keys` are in the order of a result: a row is part of the nearest one above it that is of a coarser level.
    `levels` are coarse to fine, as in «country,adm1»; strips, unassigned and total are last.
    """
    ranks = {level: rank for rank, level in enumerate(levels.split(","))}
    paths: dict[Key, tuple[Any, ...]] = {}
    above: list[Key] = []
    for nth, one in enumerate(keys):
        if one[1] in LAST or one[0] == STRIPS:
            paths[one] = ((True, (), nth),)
            continue
        while above and ranks[above[-1][0]] >= ranks[one[0]]:
            above.pop()
        paths[one] = (*(paths[above[-1]] if above else ()), (False, size(one), nth))
        above.append(one)
    return {one: _INDENT * (len(path) - 1) + one[1] for one, path in sorted(paths.items(), key=itemgetter(1))}


def basis(meta: Meta) -> Iterable[str]:
    """Yield what was counted, by what projection and regions, and whose maps and regions they are."""
    yield f"counted, overlaps once: {counted(meta)}"
    if any(spelling(name) in CLAIMED_LIMITS for name in meta.counted):
        yield "Kursk to 1 Dec 2024: ISW's claimed limit, which is no assessed control"
    # Those whose area changed have a notice, which says where and by how much.
    named = {one.message.partition(":")[0].partition(" in ")[0] for one in meta.notices if one.code == "OTHER-ACTOR"}
    if others := [actor for actor in meta.other_actors if actor not in named]:
        yield f"also on these maps: {', '.join(others)} (see --actor)"
    accuracy = f" ({meta.regions_accuracy})" if meta.regions and meta.regions_accuracy else ""
    how = meta.snapping if meta.regions else None
    snapped = f" · snap: border {how.border_km:g} km, water {how.water_km:g} km" if how and how.border_km else ""
    yield projection(meta) + accuracy + snapped
    if accuracy:
        country = "RU" if meta.actors == ("Ukraine",) else "UA"
        yield f"better borders: frontcalc regions fetch {country} adm1 --use"
    yield from meta.attribution


def counted(meta: Meta) -> str:
    """Return which layers count, and which do not."""
    beside = f" · not counted: {', '.join(meta.not_counted)}" if meta.not_counted else ""
    return (", ".join(meta.counted) or "nothing") + beside


def projection(meta: Meta | ArchiveMeta) -> str:
    """Return which projection and regions were used."""
    if not meta.regions:
        return meta.crs
    # A set that was fetched is identified by its content, since the next fetch may bring another.
    fetched = isinstance(meta, Meta) and meta.region_source and not meta.regions_accuracy
    return f"{meta.crs} · regions: {meta.regions.name}" + (f" (SHA-256 {meta.regions.sha256[:16]}…)" if fetched else "")


def remarks(meta: AnyMeta) -> Iterable[str]:
    """Yield the notices, a line each."""
    return (f"note {line}" for line in grouped(with_lines(meta.notices)))


def column_widths(grid: Grid) -> list[int]:
    """Return how many characters each column needs, a heading over several columns included."""
    widths: list[int] = []
    for group in grid.groups:
        own = [max(map(len, (column.heading, *column.cells))) for column in group]
        own[0] += max(0, len(group[0].over or "") - row_width(own))
        widths += own
    return widths


def row_width(widths: Sequence[int]) -> int:
    """Return how many characters some columns need beside each other."""
    return sum(widths) + len(GAP) * (len(widths) - 1)


def grid_width(grid: Grid) -> int:
    """Return how many characters a grid's rows need."""
    return row_width(column_widths(grid))


def fit(grid: Grid, width: int) -> list[Grid]:
    """Return a grid as blocks that are no wider than a terminal of `width` characters, to be shown below each other.

    The least loss first: names are shortened, then spare columns left out, then columns stacked. The last
    block's footer begins with what was cut. A terminal too narrow even for that gets lines that are too long.
    """
    if grid_width(grid) <= width:
        return [grid]
    whole, grid = grid, _with_short_names(grid, width)
    cuts = ["long names are shortened"] if grid != whole else []
    gone = []
    for heading in grid.spare:
        if grid_width(grid) > width:
            grid = replace(grid, columns=tuple(column for column in grid.columns if column.heading != heading))
            gone.append(heading)
    cuts += [f"columns left out: {', '.join(gone)}"] if gone else []
    bare = replace(grid, title="", aside="", footer=())
    # As many groups beside each other as fit, each block with the columns of text.
    text, *groups = grid.groups
    blocks = [replace(grid, columns=tuple(text), footer=())]
    for group in groups:
        wider = replace(blocks[-1], columns=(*blocks[-1].columns, *group))
        if len(blocks[-1].columns) == len(text) or grid_width(wider) <= width:
            blocks[-1] = wider
        else:
            blocks.append(replace(bare, columns=(*text, *group)))
    note = [f"cut to {width} columns: {'; '.join(cuts)} (--format csv has all)"] if cuts else []
    return [*blocks[:-1], replace(blocks[-1], footer=(*note, *grid.footer))]


def _with_short_names(grid: Grid, width: int) -> Grid:
    """Return the grid with its longest column of text shorter, only as far as stacking cannot make the room."""
    text, *groups = grid.groups
    widths = column_widths(grid)[: len(text)]
    place = widths.index(max(widths))
    stacks = [grid_width(replace(grid, columns=(*text, *group))) for group in groups]
    needed = grid_width(grid) if grid.spare else max(stacks, default=0)
    limit = max(_SHORTEST_NAME, widths[place] - max(0, needed - width))
    names = (name if len(name) <= limit else name[: limit - 1].rstrip() + "…" for name in text[place].cells)
    text[place] = replace(text[place], cells=tuple(names))
    return replace(grid, columns=(*text, *grid.columns[len(text) :]))
