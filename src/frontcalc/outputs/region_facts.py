"""What tables of a region set, of one region, and of a region file that was checked, show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from frontcalc.columns import unit_of
from frontcalc.outputs.grid import Grid, remarks
from frontcalc.outputs.numbers import BLANK, km2
from frontcalc.tables import RegionCheckMeta, RegionCheckRow, RegionDetailRow, RegionMeta, RegionRow

Lines = list[tuple[str, ...]]
_LISTED = 10


def region_grid(rows: Sequence[RegionRow], meta: RegionMeta) -> Grid:
    """Return a line a region of a set, and below it where the set comes from."""
    lines = tuple((row.code, row.country, row.region, row.local_name, km2(row.area_km2)) for row in rows)
    title = f"Regions, {unit_of(meta.units)} · {meta.set}"
    return Grid(
        title,
        "",
        (),
        ("code", "country", "region", "local name", "area"),
        lines,
        _origin(meta),
        labels=4,
        spare=("local name", "country"),
    )


def detail_grid(rows: Sequence[RegionDetailRow], meta: RegionMeta) -> Grid:
    """Return a line a fact about one region, and below it where its set comes from."""
    (row,) = rows
    header, lines = _region_facts(row, unit_of(meta.units))
    return Grid(f"Region · {meta.set}", "", (), header, tuple(lines), _origin(meta), labels=len(header))


def _origin(meta: RegionMeta) -> tuple[str, ...]:
    """Return where a region set comes from and on what terms, a line each, and the notices."""
    origin = (f"source: {meta.source}", f"licence: {meta.licence}", f"method: {meta.method}", f"SHA-256: {meta.sha256}")
    return (*origin, *remarks(meta))


def check_grid(rows: Sequence[RegionCheckRow], meta: RegionCheckMeta) -> Grid:
    """Return a line a region of a checked file, and below it what was found of the whole."""
    header, lines = _check_table(rows)
    title = f"Regions of {meta.file.name}, {unit_of(meta.units)} as drawn"
    return Grid(title, "", (), header, tuple(lines), (*_check_findings(meta), *remarks(meta)), labels=2)


def _region_facts(row: RegionDetailRow, unit: str) -> tuple[tuple[str, ...], Lines]:
    """Return the header and a line a fact about one region."""
    return ("region", row.region), [
        ("code", row.code),
        ("country", row.country),
        ("level", row.level),
        ("local name", row.local_name or BLANK),
        ("also spelt", row.aliases.replace("|", ", ") or BLANK),
        ("area", f"{km2(row.area_km2)} {unit}"),
        ("longitude", f"{row.west:.3f} to {row.east:.3f}"),
        ("latitude", f"{row.south:.3f} to {row.north:.3f}"),
        ("neighbours", row.neighbours.replace("|", ", ") or BLANK),
    ]


def _check_table(rows: Sequence[RegionCheckRow]) -> tuple[tuple[str, ...], Lines]:
    """Return the header and a line a region of a checked file."""
    lines: Lines = [
        (
            row.region,
            row.country or BLANK,
            str(row.parts),
            str(row.repaired) if row.repaired else BLANK,
            km2(row.area_km2),
            km2(row.overlap_km2, places=3) if row.overlap_km2 else BLANK,
        )
        for row in rows
    ]
    return ("region", "country", "parts", "repaired", "area", "shared"), lines


def _check_findings(meta: RegionCheckMeta) -> Iterator[str]:
    """Yield what was found of a checked file as a whole, its verdict last."""
    unit = unit_of(meta.units)
    fields = ", ".join(meta.fields) or "none"
    yield f"{meta.regions} regions named by {meta.name_field!r} (fields: {fields}) · {meta.crs}"
    yield f"area: {km2(meta.area_km2)} {unit}, what regions share counted once"
    for pair in meta.overlaps[:_LISTED]:
        share = f"{km2(pair.km2, places=3)} {unit}, {pair.percent_of_smaller:.3f} % of the smaller"
        yield f"overlap: {pair.first} and {pair.second}, {share}"
    if more := len(meta.overlaps[_LISTED:]):
        yield f"overlap: {more} more pairs"
    yield f"gaps that regions enclose: {meta.gaps}, {km2(meta.gaps_km2, places=3)} {unit}"
    if meta.not_area:
        yield f"points or lines, which have no area: {meta.not_area}"
    yield from (f"refused: {reason}" for reason in meta.refused)
    if not meta.refused:
        yield "fit for --regions" + ("" if meta.name_field == "name" else f" with --region-name {meta.name_field}")
