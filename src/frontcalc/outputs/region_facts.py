"""What tables of one region, and of a region file that was checked, show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from frontcalc.outputs.numbers import BLANK, km2
from frontcalc.tables import RegionCheckMeta, RegionCheckRow, RegionDetailRow

Lines = list[tuple[str, ...]]
_LISTED = 10


def region_facts(row: RegionDetailRow) -> tuple[tuple[str, ...], Lines]:
    """Return the header and a line a fact about one region."""
    return ("region", row.region), [
        ("code", row.code),
        ("country", row.country),
        ("level", row.level),
        ("local name", row.local_name or BLANK),
        ("also spelt", row.aliases.replace("|", ", ") or BLANK),
        ("area", f"{km2(row.area_km2)} km²"),
        ("longitude", f"{row.west:.3f} to {row.east:.3f}"),
        ("latitude", f"{row.south:.3f} to {row.north:.3f}"),
        ("neighbours", row.neighbours.replace("|", ", ") or BLANK),
    ]


def check_table(rows: Sequence[RegionCheckRow]) -> tuple[tuple[str, ...], Lines]:
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


def check_findings(meta: RegionCheckMeta) -> Iterator[str]:
    """Yield what was found of a checked file as a whole, its verdict last."""
    fields = ", ".join(meta.fields) or "none"
    yield f"{meta.regions} regions named by {meta.name_field!r} (fields: {fields}) · {meta.crs}"
    yield f"area: {km2(meta.area_km2)} km², what regions share counted once"
    for pair in meta.overlaps[:_LISTED]:
        share = f"{km2(pair.km2, places=3)} km², {pair.percent_of_smaller:.3f} % of the smaller"
        yield f"overlap: {pair.first} and {pair.second}, {share}"
    if more := len(meta.overlaps[_LISTED:]):
        yield f"overlap: {more} more pairs"
    yield f"gaps that regions enclose: {meta.gaps}, {km2(meta.gaps_km2, places=3)} km²"
    if meta.not_area:
        yield f"points or lines, which have no area: {meta.not_area}"
    yield from (f"refused: {reason}" for reason in meta.refused)
    if not meta.refused:
        yield "fit for --regions" + ("" if meta.name_field == "name" else f" with --region-name {meta.name_field}")
