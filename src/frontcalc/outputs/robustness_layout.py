"""What is shown of how far figures can be relied on: a line a choice, and what it moves."""

from __future__ import annotations

from collections.abc import Sequence

from frontcalc.outputs.grid import Grid, aside_of, basis, day_or_dash, remarks, title_of
from frontcalc.outputs.numbers import BLANK, km2
from frontcalc.tables import DiffRow, Meta, RangeRow, SensitivityRow

_SMALL_PLACES = 3


def sensitivity_grids(rows: Sequence[SensitivityRow], actor: str, meta: Meta) -> list[Grid]:
    """Return a block a row of one actor's regions; what stands below them is below the last."""
    regions = list(dict.fromkeys((row.level, row.region) for row in rows))
    if len(regions) == 2 and any(notice.code == "ONLY" for notice in meta.notices):
        # The total of one region says nothing more.
        regions = regions[:1]
    blocks = []
    for region in regions:
        mine = [row for row in rows if (row.level, row.region) == region]
        last = region == regions[-1]
        title = f"{region[1]} of {mine[0].period}: {title_of(actor, meta)}"
        footer = (*_explained(rows), *basis(meta), *remarks(meta)) if last else ()
        blocks.append(_grid(mine, title, aside_of(meta), footer))
    return blocks


def _grid(rows: Sequence[SensitivityRow], title: str, aside: str, footer: tuple[str, ...]) -> Grid:
    """Return one region's lines, each assumption named once."""
    lines, before = [], ""
    for row in rows:
        named = "" if row.assumption == before else row.assumption
        before = row.assumption
        lines.append(
            (
                named,
                row.choice,
                km2(row.gained_km2),
                km2(row.lost_km2),
                km2(row.net_km2, signed=True),
                _difference(row, "gained"),
                _difference(row, "lost"),
                _difference(row, "net"),
                _matters(row),
            )
        )
    header = ("assumption", "choice", "gained", "lost", "net", "gained ±", "lost ±", "net ±", "matters for")
    spare = ("lost ±", "gained ±", "lost", "gained")
    return Grid(title, aside, (), header, tuple(lines), footer, labels=2, spare=spare)


def _difference(row: SensitivityRow, measure: str) -> str:
    """Return a difference to the base, to more places where one would show nothing; blank in the base itself."""
    value = getattr(row, f"{measure}_difference_km2")
    if value is None or row.assumption == "base":
        return BLANK
    return km2(value, signed=True, places=1 if abs(value) >= 1 else _SMALL_PLACES)


def _matters(row: SensitivityRow) -> str:
    """Return what would be printed otherwise; a dash where nothing was measured."""
    if row.net_km2 is None:
        return BLANK
    return row.matters.replace(" ", ", ") or ("" if row.assumption == "base" else "nothing")


def _explained(rows: Sequence[SensitivityRow]) -> list[str]:
    """Return what the base is, and what the columns mean."""
    base = rows[0]
    days = f", {base.days} days" if base.days is not None else ""
    return [
        f"base: map of {day_or_dash(base.opening)} to map of {day_or_dash(base.closing)}{days}; ±: less the base",
        "matters: rounded as --format sentence does, to three digits or so, the figure would be another",
        "range: over the choices open to argument, each by itself; view, step, regions and the ellipsoid are not",
    ]


def range_header(rows: Sequence[DiffRow]) -> tuple[str, ...]:
    """Return the headings that a table of changes has more where it shows the range of net; none without."""
    return ("net from", "net to") if isinstance(rows[0], RangeRow) else ()


def range_cells(row: DiffRow) -> tuple[str, ...]:
    """Return the cells below those headings."""
    if not isinstance(row, RangeRow):
        return ()
    return km2(row.net_min_km2, signed=True), km2(row.net_max_km2, signed=True)
