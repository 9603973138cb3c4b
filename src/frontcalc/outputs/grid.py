"""One block of a result as it is shown: its columns and cells, what stands above and below, and how it fits a terminal.

A table is a list of columns: a heading, and the field or the function that gives a row's cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from frontcalc.archives import NOT_STATED
from frontcalc.dates import in_words
from frontcalc.layers import ADJECTIVES, CLAIMED_LIMITS, UNNAMED, find_layer, spelling
from frontcalc.names import LONGEST_CELL, printable
from frontcalc.outputs.numbers import BLANK, km2
from frontcalc.regions import UNASSIGNED
from frontcalc.tables import TOTAL, AnyMeta, ArchiveMeta, CompareMeta, Meta

GAP = "  "
_SHORTEST_NAME = 12
_INDENT = "  "
LAST = (UNASSIGNED, TOTAL)
STRIPS = "strips"
"""The level of the row that stands for all regions in which only slivers changed."""
_MOST_PAIRS = 4  # periods above which the first and the last map stand for all

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


CHANGE = (("gained", "gained_km2"), ("lost", "lost_km2"), ("net", "net_km2"))


def change_columns(rows: Sequence[Any]) -> list[tuple[str, Source]]:
    """Return the columns of a change; marks, where any stand, have a narrow one, so that figures stay in line."""
    return [*CHANGE, ("", "flags")] if any(row.flags for row in rows) else [*CHANGE]


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
    remarks: int = 0,
    spare: tuple[str, ...] = (),
    ends: bool = True,
) -> Grid:
    """Return a line a row, every text safe to show: names come from outside, with codes that a terminal would obey.

    A row is a value of which `columns` take their cells, or a tuple of the cells. The first `labels` columns and the
    last `remarks` are text, the rest figures. What the figures rest on stands above the footer if it `ends` the table.
    """
    named = [(column, column, "") if isinstance(column, str) else (*column, "")[:3] for column in columns]
    rows = list(rows)
    days = [row.snapshot for row in rows if getattr(row, "snapshot", None)]
    lines = [row if isinstance(row, tuple) else [cell(row, source) for _, source, _ in named] for row in rows]
    shown: list[GridColumn] = []
    before, group, wide = "", 0, any(over for *_, over in named)
    for place, ((heading, _, over), *cells) in enumerate(zip(named, *lines, strict=True)):
        if place >= labels and (not over or over != before):
            group = group + 1 if place < len(named) - remarks else 0
        before = over
        # Only what stands last in a row, as a finding's message, may be as long as it is.
        longest = (LONGEST_CELL,) if place < len(named) - 1 else ()
        texts = tuple(printable(text, *longest) for text in cells)
        shown.append(
            GridColumn(printable(heading, *longest), texts, group, printable(over, LONGEST_CELL) if wide else None)
        )
    aside, base = (f"view: {meta.view_words}", basis(meta, days)) if isinstance(meta, Meta) else ("", ())
    below = (*base, *footer) if ends else footer
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
    paths, above = dict[Key, tuple[Any, ...]](), list[Key]()
    for nth, one in enumerate(keys):
        if one[1] in LAST or one[0] == STRIPS:
            paths[one] = ((True, (), nth),)
            continue
        while above and ranks[above[-1][0]] >= ranks[one[0]]:
            above.pop()
        paths[one] = (*(paths[above[-1]] if above else ()), (False, size(one), nth))
        above.append(one)
    return {one: _INDENT * (len(path) - 1) + one[1] for one, path in sorted(paths.items(), key=itemgetter(1))}


def basis(meta: Meta, days: Iterable[date] = ()) -> Iterator[str]:
    """Yield which maps were used (rows may be of `days`), whose they are, which layers count, and attribution."""
    yield maps_used(meta, days)
    holder = "" if UNNAMED in meta.actors else f" by {' and '.join(meta.actors)}"
    regions = f" · {regions_used(meta)}" if meta.regions else ""
    yield f"held{holder} = {counted(meta)}{regions}"
    if any(spelling(name) in CLAIMED_LIMITS for name in meta.counted):
        yield "Kursk to 1 Dec 2024: ISW's claimed limit, which is no assessed control"
    yield from required(meta)


def maps_used(meta: Meta, days: Iterable[date] = ()) -> str:
    """Return the days of the maps between which periods were measured, and whose maps they are."""
    used = [(one.opening, one.closing) for one in meta.periods if one.opening and one.closing]
    used += [(min(days), max(days))] if (days := list(days)) else []
    days = [day for ends in used for day in ends]
    pairs, chain = list(dict.fromkeys(used)), ""
    for place, (opening, closing) in enumerate(pairs if len(pairs) <= _MOST_PAIRS else [(min(days), max(days))]):
        joined = place and opening == pairs[place - 1][1]
        chain += f" → {in_words(closing)}" if joined else f", {in_words(opening)} → {in_words(closing)}"
    credit = meta.attribution[0].removeprefix("maps: ") if meta.attribution else ""
    if credit.endswith(NOT_STATED):
        legends = dict.fromkeys(layer.legend for name in meta.counted if (layer := find_layer(name)) and layer.legend)
        named = " and ".join(legends)
        credit = f"layers named as {named} names them" if named else "source not given"
    return f"maps: {' · '.join(filter(None, (chain.removeprefix(', '), credit)))}"


def required(meta: Meta) -> list[str]:
    """Return the lines of attribution of regions that their terms ask for, and how old their borders are."""
    mine = (line for line in meta.credits[1:] if not line.startswith("maps: "))
    old = dict.fromkeys(one.line for one in meta.notices if one.code == "OLD-REGIONS")
    return [*(line for line in mine if not line.endswith((NOT_STATED, "public domain"))), *old]


def counted(meta: Meta) -> str:
    """Return which layers count, which do not, and whose ground is left out."""
    # Those whose area changed have a notice, which says where and by how much.
    named = {one.message.partition(":")[0].partition(" in ")[0] for one in meta.notices if one.code == "OTHER-ACTOR"}
    others = [actor for actor in meta.other_actors if actor not in named]
    known = {name: layer.actor for name in meta.not_counted if (layer := find_layer(name))}
    # A layer of another actor's is named by whose it is.
    beside = [name for name in meta.not_counted if known.get(name, UNNAMED) in (UNNAMED, *meta.actors)]
    foreign = sorted({*known.values(), *others} - {UNNAMED, *meta.actors})
    beside += [f"{actor}'s ground{' (--actor)' if actor in meta.other_actors else ''}" for actor in foreign]
    once = ", overlap once" if len(meta.counted) > 1 else ""
    return (" + ".join(meta.counted) or "nothing") + once + (f" · not in it: {', '.join(beside)}" if beside else "")


def projection(meta: Meta | ArchiveMeta) -> str:
    """Return which projection and regions were used."""
    return f"{meta.crs} · {regions_used(meta)}" if meta.regions else meta.crs


def regions_used(meta: Meta | ArchiveMeta) -> str:
    """Return the set of regions; one that was fetched with its content's digest, as the next fetch may be another."""
    assert meta.regions
    fetched = isinstance(meta, Meta) and meta.region_source and not meta.regions_accuracy
    return f"regions: {meta.regions.name}" + (f" (SHA-256 {meta.regions.sha256[:16]}…)" if fetched else "")


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


def compared(meta: CompareMeta) -> list[str]:
    """Return what the figures of a comparison rest on: each archive's maps and the layers that count, and regions."""
    own = [f"{one.archive}: {maps_used(one)} · held = {counted(one)}" for one in meta.archives]
    return [*own, *([regions_used(meta)] if meta.regions else []), *required(meta)]
