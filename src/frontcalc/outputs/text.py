"""Grids as text: aligned columns for a terminal, or Markdown with every text escaped.

Beside them what moved in a tree of summaries, and what the cache holds.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from html import escape
from itertools import islice
from typing import Any

import orjson

from frontcalc.drift import SHOWN, Drift, MovedRow
from frontcalc.names import printable
from frontcalc.outputs.grid import GAP, Grid, GridColumn, column_widths, fit, row_width
from frontcalc.outputs.layout import grids
from frontcalc.outputs.numbers import ATTRIBUTION, MINUS, columns
from frontcalc.outputs.receipts import stated_options
from frontcalc.tables import TOTAL, LedgerRow, Meta, Table

_BOLD, _CYAN, _YELLOW, _RESET = "\x1b[1m", "\x1b[36m", "\x1b[33m", "\x1b[0m"

_MOST_GOING = 20  # rows that went on to a new map which a check lists

_ADDRESS = re.compile(r"\b(?:www\.|mailto:|xmpp:)", re.IGNORECASE)


def table(
    result: Table[Any, Any],
    *,
    units: str = "km2",
    notes: str = "few",
    wide: bool = False,
    width: int | None = None,
    colour: bool = False,
) -> str:
    """Return a result as aligned text in lines of `width` characters, with ANSI `colour`; the footer lists cuts."""
    shown = grids(result, units, notes, wide=wide)
    blocks = (block for grid in shown for block in ([grid] if width is None else fit(grid, width)))
    return "\n".join(_aligned(block, width, colour=colour) for block in blocks)


def markdown(result: Table[Any, Any], *, units: str = "km2", notes: str = "few", wide: bool = False) -> str:
    """Return a result as Markdown: tables with the title above and the footer as a list below."""
    lines = []
    for grid in grids(result, units, notes, wide=wide):
        heads = [_escape(f"{column.over or ''} {column.heading or 'marks'}".strip()) for column in grid.columns]
        rule = ["---:" if column.group else "---" for column in grid.columns]
        title = f"**{_escape(grid.title)}**" + (f" ({_escape(grid.aside)})" if grid.aside else "")
        rows = (heads, rule, *(map(_escape, row) for row in grid.rows))
        lines += [title, "", *(f"| {' | '.join(row)} |" for row in rows), ""]
        # An indented line is below the one that heads it.
        lines += [*(f"{line[: -len(line.lstrip())]}- {_escape(line.lstrip())}" for line in grid.footer if line), ""]
    return "\n".join(lines)


def _aligned(grid: Grid, width: int | None = None, *, colour: bool) -> str:
    """Return one grid as aligned text, text columns to the left and figures to the right."""
    widths = column_widths(grid)
    room, texts = row_width(widths), [text for text in (grid.title, grid.aside) if text]
    if len(texts) == 2 and sum(map(len, texts)) + len(GAP) <= room:
        lines = [grid.title + grid.aside.rjust(room - len(grid.title))]
    else:
        lines = [line for text in texts for line in _wrapped(text, width)]
    if grid.columns[0].over is not None:
        left = iter(widths)
        spans = ((group[0].over or "").rjust(row_width(list(islice(left, len(group))))) for group in grid.groups)
        lines.append(GAP.join(spans).rstrip())
    aligned = []
    for column, size in zip(grid.columns, widths, strict=True):
        side = str.rjust if column.group else str.ljust
        tints = {"+": _CYAN, MINUS: _YELLOW} if column.group and colour else {}
        cells = [side(column.heading, size)]
        for text in column.cells:
            tint = tints.get(text[:1])
            cells.append(f"{tint}{side(text, size)}{_RESET}" if tint else side(text, size))
        aligned.append(cells)
    heading, *rows = (GAP.join(line).rstrip() for line in zip(*aligned, strict=True))
    lines = [*(f"{_BOLD}{line}{_RESET}" if colour else line for line in [*lines, heading]), *rows]
    # None below a block that another follows.
    footer = ["", *(line for text in grid.footer for line in _wrapped(text, width))] if grid.footer else []
    return "\n".join([*lines, *footer]) + "\n"


def _wrapped(text: str, width: int | None) -> list[str]:
    """Return a line as several that fit, the later ones indented; a word that is too long, as a hash, stays whole."""
    if width is None or len(text) <= width:
        return [text]
    return textwrap.wrap(text, max(width, 20), subsequent_indent=GAP, break_on_hyphens=False, break_long_words=False)


def _escape(text: str) -> str:
    """Return text that Markdown shows as it is, on one line, indented as it was."""
    flat = " ".join(text.split())
    for mark in "\\|*_`[]~":
        flat = flat.replace(mark, f"\\{mark}")
    # Code hosts make links of bare addresses, those of mail even where a mark is escaped.
    flat = _ADDRESS.sub(lambda match: match[0][:-1] + "\\" + match[0][-1], flat).replace("://", "\\://")
    indent = "&nbsp;" * (len(text) - len(text.lstrip(" ")))
    return indent + escape(flat, quote=False).replace("@", "@<!-- -->")


def drift_text(drift: Drift) -> str:
    """Return what moved, a line a row that begins with period and region, and the reasons below those that share them.

    First what fails; then what went on, the totals and so many rows that all of a new week fits a screen.
    """
    by_reasons: dict[tuple[str, ...], list[MovedRow]] = {}
    for row in drift.failing:
        by_reasons.setdefault(row.why, []).append(row)
    lines: list[str] = []
    for why, rows in by_reasons.items():
        alike: dict[Any, list[MovedRow]] = {}
        for row in rows:
            # The area of a country stands in the rows of all its regions.
            alike.setdefault((row.table, row.what, row.cells) if row.cells else row, []).append(row)
        for first, *others in alike.values():
            lines += [_moved_line(first), *([f"  and so in {len(others)} more rows"] if len(others) > 2 else [])]
            lines += map(_moved_line, others if len(others) <= 2 else [])
        lines += [f"  why: {reason}" for reason in why]
    if not drift.failing:
        lines.append(f"{drift.folder}: {'no figure of a period that was over' if drift.moved else 'nothing'} moved")
        # Of rows that fail, these are among the reasons.
        lines += [f"{drift.folder}: {'; '.join(drift.general)}"] if drift.general else []
    passed = [row for row in drift.moved if not row.fails and row.what != "moved"]
    short = (replace(row, cells=tuple(cell for cell in row.cells if cell[0] in SHOWN)) for row in passed)
    # In the others nothing changed but the map that they are measured to.
    going = sorted((row for row in short if row.cells), key=lambda row: TOTAL not in row.key)
    lines += map(_moved_line, going[:_MOST_GOING])
    lines += [f"and {len(going) - _MOST_GOING} rows more that went on"] if len(going) > _MOST_GOING else []
    lines += [f"  why: {reason}" for reason in dict.fromkeys(reason for row in going for reason in row.why)]
    if same := sum(not row.fails and row.what == "moved" for row in drift.moved):
        what = "notes, days, marks or the country's area, no figure of the row,"
        lines.append(f"{drift.folder}: {what} are others in {same} row{'s'[: same - 1]}")
    lines += [f"{drift.folder}: {drift.beside}"] if drift.beside else []
    # No name or column may begin a line of a log that its reader takes for a command, or steer a terminal.
    shown = map(printable, lines)
    return "".join(f"{'- ' if line.lstrip().startswith(('::', '##')) else ''}{line}\n" for line in shown)


def _moved_line(row: MovedRow) -> str:
    """Return one row of a drift as a line: period, region, whose and which level, and cells before and after."""
    subject = row.table
    if row.key:
        actor, period, level, region, *more = row.key
        whose = actor if level == region else ", ".join(filter(None, (actor, level)))
        subject = " ".join(filter(None, (period, region, whose and f"({whose})", *more)))
    cells = []
    for column, before, after in row.cells:
        text = " → ".join(text.strip() or "blank" for text in (before, after))
        # By how much, where both are figures.
        with suppress(ValueError):
            by = float(after) - float(before)
            text += f" ({'+' if by > 0 else MINUS}{abs(by):,.3f})"
        cells.append(f"{column} {text}" if before or row.what != "is new" else f"{column} {after}")
    what = "" if row.what in ("moved", "went on") else f" {row.what}"
    return subject + what + (f": {', '.join(cells)}" if cells else "")


Used = Mapping[str, tuple[int, int]]
"""How many entries of each kind there are, and their bytes."""

_KINDS: dict[str, str] = {
    "maps": "what is on each map: files, layers, notices",
    "grounds": "what is held on each map, projected, repaired and united",
    "repairs": "by how much two ways of repairing what is held differ",
    "steps": "gained, lost and slivers by region from map to map, and the largest parts",
    "areas": "areas held by region on a map",
    "regions": "the regions of a file, projected, cut and made a partition",
    "zones": "ground beside the regions of a file, and the regions that take it",
    "rests": "the rest of the plane around the regions of a file",
}


def usage_text(folder: str, most_bytes: int, used: Used) -> str:
    """Return a line a kind of entries, and below them the sum, the limit and the cache's folder."""
    entries, size = map(sum, zip(*used.values(), strict=True))
    lines = [(kind, f"{count:,}", _size(own), _KINDS[kind]) for kind, (count, own) in used.items()]
    lines.append(("all", f"{entries:,}", _size(size), f"{_size(most_bytes)} at most"))
    heads = (("kind", 0), ("entries", 1), ("size", 1), ("what it is", 0))
    cells = zip(*lines, strict=True)
    columns = tuple(GridColumn(heading, own, side) for (heading, side), own in zip(heads, cells, strict=True))
    return _aligned(Grid("", "", columns, (f"folder: {folder}",)), colour=False)


def removed_text(removed: Used) -> str:
    """Return in one line what was removed."""
    entries, size = map(sum, zip(*removed.values(), strict=True))
    return f"removed {entries:,} entr{'y' if entries == 1 else 'ies'}, {_size(size)}\n"


def usage_json(folder: str, most_bytes: int, used: Used) -> bytes:
    """Return what a cache holds as JSON."""
    entries, size = map(sum, zip(*used.values(), strict=True))
    kinds = [{"kind": kind, "entries": count, "bytes": own} for kind, (count, own) in used.items()]
    facts = {"folder": folder, "limit_bytes": most_bytes, "entries": entries, "bytes": size, "kinds": kinds}
    return orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _size(size: float) -> str:
    """Return a size in the unit that suits it."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GiB"


def ledger_readme(result: Table[LedgerRow, Meta], file: str) -> str:
    """Return what goes beside a ledger that was written to a file of some name: columns, queries, attribution."""
    meta, name = result.meta, file.replace("'", "''")
    used = meta.periods[0] if meta.periods else None
    own = (*columns(result.kind), ATTRIBUTION)
    made_with = stated_options(result.call[1] if result.call else {})
    return _LEDGER.format(
        file=printable(file),
        source=f"'{name}'" if file.lower().endswith("parquet") else f"ST_Read('{name}')",
        actors=" and ".join(map(printable, meta.actors)),
        maps=printable(meta.archive),
        ends=f"from {used.opening} to {used.closing}" if used else "",
        view=meta.view_words,
        rows=f"{len(result.rows):,}",
        options=", ".join(f"{name} `{printable(str(value))}`" for name, value in made_with.items()) or "no option",
        columns="\n".join(f"| `{one.name}` | {one.unit} | {one.definition} |" for one in own),
        version=meta.version,
        crs=meta.crs,
        sources="\n".join(f"- {printable(line)}" for line in meta.attribution),
    )


_LEDGER = """# {file}

Each piece of ground that {actors} held on the maps of {maps}, {ends}, once for each time that it was
held: {rows} rows. What counts as held: {view}. The geometry is in longitude and latitude on WGS 84; areas are of
the ellipsoid, by {crs}. Written by frontcalc {version}.

| column | unit | says |
|---|---|---|
{columns}
| `geometry` | | the ground |

## Sums

Areas add up to the figures of frontcalc for two maps of the days A and B, to 0.001 km²:

- held on A: `held_from` is blank or not after A, and `held_until` is blank or after A;
- gross gained, or lost, as in `summary --gross`: `held_from`, or `held_until`, is after A and not after B;
- gained, as in `diff`: gross gained, of what is held on B; lost: gross lost, of what is held on A; less the ground
  that both have in common, which was lost and taken again in between.

`frontcalc ledger --check {file}` compares them with the maps. It needs what this ledger was made with: {options}.

## Queries

For DuckDB (a GeoPackage needs `INSTALL spatial; LOAD spatial;`). In QGIS the part after WHERE is the layer's filter.

Held at the end, by region:

    SELECT region, sum(ground_km2) FROM {source}
    WHERE held_until IS NULL GROUP BY region ORDER BY 2 DESC;

Taken and lost again within 30 days, without strips of redrawn lines, by town:

    SELECT town, region, sum(ground_km2) FROM {source}
    WHERE held_until - held_from <= 30 AND NOT came_sliver AND NOT went_sliver GROUP BY ALL ORDER BY 3 DESC;

Gross gained by month, without faults of the map:

    SELECT strftime(held_from, '%Y-%m') AS month, sum(ground_km2) FROM {source}
    WHERE held_from IS NOT NULL AND NOT came_fault GROUP BY month ORDER BY month;

## Sources and terms

{sources}
"""
