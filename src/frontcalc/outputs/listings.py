"""Tables of layers, legends, findings, claims, regions, places and towns: their columns, and what stands below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from frontcalc.claims import UNIT_LABELS
from frontcalc.dates import in_words
from frontcalc.layers import ADJECTIVES
from frontcalc.lint import Finding
from frontcalc.notices import FINDINGS, Severity, explained
from frontcalc.outputs import place_lines
from frontcalc.outputs.grid import Columns, Grid, Source, basis, cell, change_columns, compared, grid_of, projection
from frontcalc.outputs.numbers import BLANK, km2
from frontcalc.outputs.sentences import period_heading
from frontcalc.outputs.wide_table import moves, sum_row
from frontcalc.regions import UNASSIGNED
from frontcalc.tables import TOTAL, CompareMeta, Meta, PlaceRow, ShareRow, WhereMeta, WhereRow, lists

_CLAIM_PLACES = {"times": 2, "km2/day": 2, "mi2/day": 2}
_MOST_OVERLAPS = 10


def _count(name: str) -> tuple[str, Callable[[Any], str]]:
    """Return a column of whole numbers, thousands separated."""
    return name, lambda row: f"{getattr(row, name):,}"


def layer_grid(rows: Sequence[lists.LayerRow], meta: lists.ArchiveMeta, unit: str) -> Grid:
    """Return a line a map and layer."""
    columns: Columns
    columns = ("date", "layer", "actor", "role", "file", _count("parts"), _count("vertices"), (unit, "km2"))
    footer = (_extent(meta), meta.crs, *meta.attribution)
    title = f"Layers, {unit} · {meta.archive}"
    return grid_of(title, columns, rows, meta, footer, labels=5, spare=("vertices", "parts"))


def legend_grid(rows: Sequence[lists.LegendRow], meta: lists.ArchiveMeta, unit: str) -> Grid:
    """Return a line a layer, or a value that may tell one."""
    columns: Columns = (
        *("property", "value"),
        ("maps", lambda row: f"{row.first} to {row.last}" if row.first else BLANK),
        *(("taken for", _meaning), _count("polygons"), (unit, "km2")),
    )
    footer = (_extent(meta), *meta.attribution)
    return grid_of(f"What tells the layers · {meta.archive}", columns, rows, meta, footer, labels=4)


def _meaning(row: lists.LegendRow) -> str:
    """Return what a value is taken for, in words."""
    if row.asked:
        return "? (to be explained)"
    if row.actor:
        return f"{row.role} of {row.actor}{f' ({row.legend})' if row.legend else ''}"
    return "not counted" if row.property == "layer" else "not used"


def finding_grid(rows: Sequence[Finding], meta: lists.ArchiveMeta, unit: str) -> Grid:
    """Return a line a finding, and below them how many there are of each code."""
    columns: Columns = [
        *("severity", "code", "date", "file"),
        ("lon, lat", lambda row: BLANK if None in (row.lon, row.lat) else f"{row.lon:.3f}, {row.lat:.3f}"),
        # What to do stands below once where it is the code's own.
        ("finding", lambda row: row.message.removesuffix(f"; {FINDINGS[row.code].cure}")),
    ]
    of_code = {row.code: row.severity for row in rows}
    sums = ", ".join(f"{severity} {sum(row.severity == severity for row in rows)}" for severity in Severity)
    footer = (
        *(f"{n} {of_code[code]} {code}: {FINDINGS[code].meaning}; {FINDINGS[code].cure}" for code, n in meta.counts),
        *(f"findings: {sums}", _extent(meta), projection(meta), *meta.attribution),
    )
    return grid_of(f"Findings · {meta.archive}", columns, rows, meta, footer, labels=len(columns))


def _extent(meta: lists.ArchiveMeta) -> str:
    """Return how much an archive holds."""
    return f"maps: {meta.maps} · files read: {len(meta.files)}, distinct: {meta.distinct_files}"


def claim_grid(rows: Sequence[lists.ClaimRow], meta: lists.ClaimsMeta, unit: str) -> Grid:
    """Return a line a claim, and below them the reasons."""

    def figure(name: str, *, signed: bool = False) -> Callable[[lists.ClaimRow], str]:
        return lambda row: km2(getattr(row, name), signed=signed, places=_CLAIM_PLACES.get(row.unit, 1))

    columns: Columns = [
        *(("claim", "id"), "verdict", "period"),
        *((name, figure(name)) for name in ("claimed", "computed")),
        ("difference", figure("difference", signed=True)),
        ("unit", lambda row: UNIT_LABELS[row.unit]),
    ]
    footer = []
    for row in rows:
        subject = f"{row.actor} in {row.region}" if row.region != TOTAL else row.actor
        by = ", ".join(filter(None, (row.measure, subject, row.view, row.qualifier)))
        footer.append(f"{row.id} ({by}): {row.reason}" + (f" · «{row.text}»" if row.text else ""))
    verdicts = ", ".join(f"{verdict} {count}" for verdict, count in meta.counts)
    footer += [f"verdicts: {verdicts}", projection(meta), *meta.attribution]
    title = f"Claims of {meta.claims.name} · {meta.archive}"
    return grid_of(title, columns, rows, meta, footer, labels=3, spare=("difference", "period"))


def record_grid(rows: Sequence[lists.RecordRow], meta: Meta, unit: str) -> Grid:
    """Return a line a record, below them each in words, with what it survives, and then what they rest on."""
    columns: Columns = ("period", "record", "since", "actor", _count("periods"), ("net", "net_km2"))
    footer = [*(row.sentence for row in rows), *basis(meta), *meta.attribution[1:]]
    title = f"Records, {unit} · {meta.archive}"
    return grid_of(title, columns, rows, meta, footer, labels=4, spare=("actor",), ends=False)


def region_grid(rows: Sequence[lists.RegionRow], meta: lists.RegionMeta, unit: str) -> Grid:
    """Return a line a region of a set, and below it where the set comes from."""
    columns: Columns = ("code", "country", "region", ("local name", "local_name"), ("area", "area_km2"))
    title = f"Regions, {unit} · {meta.set}"
    return grid_of(title, columns, rows, meta, _origin(meta), labels=4, spare=("local name", "country"))


def detail_grid(rows: Sequence[lists.RegionDetailRow], meta: lists.RegionMeta, unit: str) -> Grid:
    """Return a line a fact about one region, and below it where its set comes from."""
    (row,) = rows
    facts = (
        ("code", row.code),
        ("country", row.country),
        ("level", row.level),
        ("local name", row.local_name or BLANK),
        ("also spelt", row.aliases.replace("|", ", ") or BLANK),
        ("area", f"{km2(row.area_km2)} {unit}"),
        ("longitude", f"{row.west:.3f} to {row.east:.3f}"),
        ("latitude", f"{row.south:.3f} to {row.north:.3f}"),
        ("neighbours", row.neighbours.replace("|", ", ") or BLANK),
    )
    return grid_of(f"Region · {meta.set}", ("region", row.region), facts, meta, _origin(meta), labels=2)


def _origin(meta: lists.RegionMeta) -> Iterator[str]:
    """Yield where a region set comes from and on what terms."""
    yield from (f"{name}: {getattr(meta, name)}" for name in ("source", "licence", "method"))
    yield f"SHA-256: {meta.sha256}"


def check_grid(rows: Sequence[lists.RegionCheckRow], meta: lists.RegionCheckMeta, unit: str) -> Grid:
    """Return a line a region of a checked file, and below it what was found of the whole."""
    columns: Columns = [
        "region",
        ("country", lambda row: row.country or BLANK),
        "parts",
        ("repaired", lambda row: str(row.repaired or BLANK)),
        ("area", "area_km2"),
        ("shared", lambda row: km2(row.overlap_km2 or None, places=3)),
    ]
    fields = ", ".join(meta.fields) or "none"
    footer = [
        f"{meta.regions} regions named by {meta.name_field!r} (fields: {fields}) · {meta.crs}",
        f"area: {km2(meta.area_km2)} {unit}, what regions share counted once",
    ]
    for pair in meta.overlaps[:_MOST_OVERLAPS]:
        share = f"{km2(pair.km2, places=3)} {unit}, {pair.percent_of_smaller:.3f} % of the smaller"
        footer.append(f"overlap: {pair.first} and {pair.second}, {share}")
    if more := len(meta.overlaps[_MOST_OVERLAPS:]):
        footer.append(f"overlap: {more} more pairs")
    footer.append(f"gaps that regions enclose: {meta.gaps}, {km2(meta.gaps_km2, places=3)} {unit}")
    if meta.not_area:
        footer.append(f"points or lines, which have no area: {meta.not_area}")
    named = "" if meta.name_field == "name" else f" with --region-name {meta.name_field}"
    footer += [f"refused: {reason}" for reason in meta.refused] or [f"fit for --regions{named}"]
    title = f"Regions of {meta.file.name}, {unit} as drawn"
    return grid_of(title, columns, rows, meta, footer, labels=2)


def where_layout(rows: Sequence[WhereRow], actor: str, meta: WhereMeta, title: str) -> Iterator[Grid]:
    """Yield a line a town or connected part, the largest first, those after the top in one, and the total."""
    *listed, total = rows
    last = [row for row in listed if row.region == UNASSIGNED and not meta.connected]
    listed = [row for row in listed if row not in last]
    few, rest = listed[: meta.top], listed[meta.top :]
    others = [replace(sum_row(rest, ""), town=f"others ({len(rest):,})", places="", half_from=None)] if rest else []
    lines = [*few, *(replace(row, region="", flags="", distance_km=None) for row in others), *last, total]

    def when(row: Any) -> str:
        if not row.half_from:
            return ""
        first = in_words(row.half_from).removesuffix(f" {row.half_to.year}")
        return f"{first} {BLANK} {in_words(row.half_to)}"

    def middle(row: Any) -> str:
        return f"{row.distance_km:,.0f} km {row.direction}" if row.distance_km is not None else ""

    names: Columns = (
        ("nearest town", lambda row: row.town or row.region),
        ("region", lambda row: row.region if row.town else ""),
        ("middle", middle),
    )
    about: Columns = [*([] if meta.connected else [("half of it came", when)]), ("places in it", "places")]
    strips, is_in = moves(total, "gained_sliver_km2", "lost_sliver_km2"), "left out" if meta.drops_slivers else "in it"
    sizes = f"gained {cell(total, 'gained_sliver_km2')}, lost {cell(total, 'lost_sliver_km2')}"
    footer = (
        f"towns of {meta.towns:,} people and more; places in it: more than half of their ground changed hands",
        f"thin strips under {meta.sliver_width_m:g} m {is_in}: {sizes}" if strips else "",
        explained(lines, meta),
    )
    yield grid_of(
        f"{'Connected parts' if meta.connected else 'Where'} in {period_heading(total)}: {title}",
        [*names, *change_columns(lines), *about],
        lines,
        meta,
        footer,
        labels=len(names),
        remarks=len(about),
        spare=("places in it", "half of it came", "middle"),
    )


LISTINGS: dict[type, Callable[[Sequence[Any], Any, str], Grid]] = {
    lists.LayerRow: layer_grid,
    lists.LegendRow: legend_grid,
    Finding: finding_grid,
    lists.ClaimRow: claim_grid,
    lists.RecordRow: record_grid,
    lists.RegionRow: region_grid,
    lists.RegionDetailRow: detail_grid,
    lists.RegionCheckRow: check_grid,
}
"""What lays out each class of rows that no actor's territory is shown in."""


_CHANGES = {"gained": "came under", "lost": "came out", "part gained": "partly under", "part lost": "partly out"}
_OF_DISCS = "came under: half of the place's disc; reached: 5 %; whole: 95 %; each the first map since which it is so"
_SINCE: dict[str, Source] = {"reached": lambda row: str(row.reached or "before"), "half": "half", "whole": "whole"}


def places_layout(rows: Sequence[PlaceRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield a line each time that a place came under or out, and below it what lasted; several archives' beside."""
    name = f"Places and {ADJECTIVES.get(actor, f'{actor}-held')} territory · {meta.archive}"
    names: Columns = (
        *("period", "place"),
        ("region", lambda row: row.region or BLANK),
        ("change", lambda row: _CHANGES[row.change]),
    )
    if isinstance(meta, CompareMeta):
        yield _places_beside(rows, meta, name, [*compared(meta), _OF_DISCS, *place_lines(meta, actor)])
        return
    columns: Columns = (
        *(*names, ("map of", "date"), ("map before", "previous"), ("reached", _SINCE["reached"]), "whole"),
        ("held at the end", _percent),
    )
    footer, spare = [_OF_DISCS, *place_lines(meta, actor)], ("map before", "held at the end")
    yield grid_of(name, columns, rows, meta, footer, labels=len(columns), spare=spare)


def _places_beside(rows: Sequence[PlaceRow], meta: CompareMeta, name: str, footer: Sequence[str]) -> Grid:
    """Return a line a place and change, in the order of the days: since when on each archive's maps, and days apart."""
    seen, lines = dict[tuple[Any, ...], int](), dict[tuple[Any, ...], dict[str, PlaceRow]]()
    for row in reversed(rows):
        key = row.period, row.place, row.lon, row.lat, row.change
        # The last time that a place came under on one archive's maps stands beside the last time on another's.
        seen[row.archive, *key] = seen.get((row.archive, *key), 0) + 1
        lines.setdefault((*key, seen[row.archive, *key]), {})[row.archive] = row
    archives = [one.archive for one in meta.archives]
    order = list(dict.fromkeys(row.period for row in rows))
    ordered = sorted(
        lines.values(),
        key=lambda own: min((order.index(row.period), str(row.date), row.place) for row in own.values()),
    )
    cells = []
    for own in ordered:
        first, days = next(iter(own.values())), [row.half for row in own.values() if row.half]
        apart = str((max(days) - min(days)).days) if len(days) > 1 else BLANK
        of_each = [
            cell(own[archive], source) if archive in own else BLANK
            for archive in archives
            for source in _SINCE.values()
        ]
        cells.append((first.period, first.place, first.region or BLANK, _CHANGES[first.change], *of_each, apart))
    columns: Columns = (
        *("period", "place", "region", "change"),
        *((heading, "", archive) for archive in archives for heading in _SINCE),
        ("days apart", "", ""),
    )
    return grid_of(name, columns, cells, meta, footer, labels=4, ends=False)


def _percent(row: PlaceRow | ShareRow) -> str:
    """Return how much of a place is held."""
    return BLANK if row.held_pct is None else f"{km2(row.held_pct)} %"


def shares_layout(rows: Sequence[ShareRow], actor: str, meta: Meta, title: str) -> Iterator[Grid]:
    """Yield a line a map: how much of a place is held."""
    several = isinstance(meta, CompareMeta)
    columns: Columns = (
        *(["archive"] if several else []),
        "period",
        "place",
        ("map of", "snapshot"),
        ("held", _percent),
    )
    footer = [
        f"{row.place}: a disc of {row.radius_m:,.0f} m around {row.lon:.3f}, {row.lat:.3f} (lon, lat)"
        for row in rows[:1]
    ]
    footer = [*(compared(meta) if isinstance(meta, CompareMeta) else []), *footer]
    name = f"Places and {ADJECTIVES.get(actor, f'{actor}-held')} territory · {meta.archive}"
    yield grid_of(name, columns, rows, meta, footer, labels=len(columns) - 1, ends=not several)
