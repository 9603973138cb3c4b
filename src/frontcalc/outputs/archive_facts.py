"""What tables of the layers of an archive, and of what is wrong with it, show."""

from __future__ import annotations

from collections.abc import Sequence

from frontcalc.columns import unit_of
from frontcalc.lint import CODES, Finding, Severity
from frontcalc.outputs.grid import Grid, day_or_dash, remarks
from frontcalc.outputs.numbers import BLANK, km2
from frontcalc.tables import ArchiveMeta, LayerRow, LegendRow


def archive_grid(rows: Sequence[LayerRow], meta: ArchiveMeta) -> Grid:
    """Return a line a map and layer."""
    unit = unit_of(meta.units)
    lines = tuple((*_names(row), f"{row.parts:,}", f"{row.vertices:,}", km2(row.km2)) for row in rows)
    header = ("date", "layer", "actor", "role", "file", "parts", "vertices", unit)
    footer = (_extent(meta), meta.crs, *meta.attribution, *remarks(meta))
    return Grid(
        f"Layers, {unit} · {meta.archive}", "", (), header, lines, footer, labels=5, spare=("vertices", "parts")
    )


def _names(row: LayerRow) -> tuple[str, ...]:
    """Return what a listed layer is, as text."""
    return (row.date.isoformat(), row.layer, row.actor, row.role, row.file)


def legend_grid(rows: Sequence[LegendRow], meta: ArchiveMeta) -> Grid:
    """Return a line a layer, or a value that may tell one."""
    unit = unit_of(meta.units)
    lines = tuple(
        (
            row.property,
            row.value,
            f"{row.first} to {row.last}" if row.first else "–",
            _taken_for(row),
            f"{row.polygons:,}",
            km2(row.km2),
        )
        for row in rows
    )
    header = ("property", "value", "maps", "taken for", "polygons", unit)
    return Grid(
        f"What tells the layers · {meta.archive}", "", (), header, lines,
        (_extent(meta), *meta.attribution, *remarks(meta)), labels=4,
    )  # fmt: skip


def _taken_for(row: LegendRow) -> str:
    """Return what a value is taken for, in words."""
    if row.asked:
        return "? (to be explained)"
    if row.actor:
        return f"{row.role} of {row.actor}{f' ({row.legend})' if row.legend else ''}"
    return "not counted" if row.property == "layer" else "not used"


def finding_grid(rows: Sequence[Finding], meta: ArchiveMeta) -> Grid:
    """Return a line a finding, and below them how many there are of each code."""
    lines = tuple(
        (row.severity, row.code, day_or_dash(row.date), row.file, _place(row), _particulars(row)) for row in rows
    )
    header = ("severity", "code", "date", "file", "lon, lat", "finding")
    of_code = {row.code: row.severity for row in rows}
    sums = [f"{severity} {sum(row.severity == severity for row in rows)}" for severity in Severity]
    footer = (
        *(f"{count} {of_code[code]} {code}: {CODES[code].meaning}; {CODES[code].cure}" for code, count in meta.counts),
        f"findings: {', '.join(sums)}",
        _extent(meta),
        meta.crs + (f" · regions: {meta.regions.name}" if meta.regions else ""),
        *meta.attribution,
        *remarks(meta),
    )
    return Grid(f"Findings · {meta.archive}", "", (), header, lines, footer, labels=len(header))


def _extent(meta: ArchiveMeta) -> str:
    """Return how much an archive holds."""
    return f"maps: {meta.maps} · files read: {len(meta.files)}, distinct: {meta.distinct_files}"


def _particulars(row: Finding) -> str:
    """Return a finding's message without what to do where that is the code's own, which stands below once."""
    return row.message.removesuffix(f"; {CODES[row.code].cure}")


def _place(row: Finding) -> str:
    """Return a finding's place, a dash for none."""
    return BLANK if row.lon is None or row.lat is None else f"{row.lon:.3f}, {row.lat:.3f}"
