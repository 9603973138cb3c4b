"""The region sets that come with frontcalc, and checking a region file before figures are split by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple
from math import fsum
from pathlib import Path

import numpy as np
import shapely

from frontcalc import __version__, crs, geometry
from frontcalc.errors import UsageError
from frontcalc.keywords import facade
from frontcalc.names import NamedRegion, find, printable, suggestions
from frontcalc.natural_earth import load_embedded
from frontcalc.regions import MAY_SHARE, country_of, file_and_layer, overlaps, read_region_file
from frontcalc.run.land import shapes_by_row
from frontcalc.snapshots import to_equal_area
from frontcalc.tables import (
    RegionCheckMeta,
    RegionCheckRow,
    RegionDetailRow,
    RegionMeta,
    RegionOverlap,
    RegionRow,
    Table,
)

_TOUCHING_KM2 = 1e-6


def list_regions() -> Table[RegionRow, RegionMeta]:
    """List the embedded regions with their codes, and say where they come from.

    Returns
    -------
    Table of RegionRow
        A row a region, by code; areas in km² as the set draws them.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.list_regions()
    >>> [(row.code, row.region, round(row.area_km2)) for row in table.rows[:2]]
    [('UA-05', 'Vinnytsia', 26670), ('UA-07', 'Volyn', 19849)]
    """
    stored = load_embedded()
    pieces = geometry.project_polygons(stored.pieces, crs.projector(crs.LONLAT, crs.DEFAULT_CRS))
    areas = np.bincount(stored.owner, geometry.area_km2(pieces), minlength=len(stored.regions))
    rows = tuple(
        RegionRow(stored.name, "adm1", one.code, one.country, one.name, one.name_uk, area, "|".join(one.aliases))
        for one, area in zip(stored.regions, areas.tolist(), strict=True)
    )
    drawn = {row: stored.pieces[stored.owner == index] for index, row in enumerate(rows)}
    terms = (stored.name, stored.source, stored.licence, stored.method, stored.sha256)
    meta = RegionMeta(*terms, attribution=(f"regions: {stored.source}, {stored.licence}",))
    return Table(RegionRow, rows, meta, shapes_by_row(drawn, crs.LONLAT))


def show_region(name: str) -> Table[RegionDetailRow, RegionMeta]:
    """Show one embedded region: names, area, box and neighbours.

    Parameters
    ----------
    name : str
        Its name in any spelling of the alias table, or its code, as in «Zaporizhia», «Донецьк» or «UA-14».

    Returns
    -------
    Table of RegionDetailRow
        One row; area in km², the box in degrees.

    Raises
    ------
    UsageError
        There is no such region; the message suggests the nearest.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.show_region("Донецьк")
    >>> table.rows[0].code, table.rows[0].neighbours
    ('UA-14', 'Dnipropetrovsk|Kharkiv|Luhansk|Rostov|Zaporizhzhia')
    """
    stored = load_embedded()
    spelt = [(own.name, (own.code, own.name_uk, *own.aliases)) for own in stored.regions]
    known = [NamedRegion(*own, (at,)) for at, own in enumerate(spelt)]
    matches = find(name, known)
    if len(matches) != 1:
        near = [place.label for place in matches] or suggestions(name, known)
        cure = f"did you mean {' or '.join(near)}?" if near else "frontcalc regions list has them all"
        raise UsageError(f"no region is named {name[:60]!r}", cure=cure)
    (index,) = matches[0].members
    table, mine = list_regions(), stored.pieces[stored.owner == index]
    beside = shapely.STRtree(stored.pieces).query(mine, predicate="intersects")[1]
    neighbours = {stored.regions[owner].name for owner in stored.owner[beside]} - {stored.regions[index].name}
    box = map(float, shapely.total_bounds(mine))
    cells = [*astuple(table.rows[index]), *box, "|".join(sorted(neighbours))]
    row = RegionDetailRow(*cells)
    return Table(RegionDetailRow, (row,), table.meta, shapes_by_row({row: mine}, crs.LONLAT))


@facade
def check_regions(
    path: str | Path, *, region_name: str | None = None, crs: str = crs.DEFAULT_CRS
) -> Table[RegionCheckRow, RegionCheckMeta]:
    """Check a region file: what it names, how large it is, where regions overlap or leave gaps.

    Parameters
    ----------
    path : str or Path
        A polygon file in any format and CRS; FILE:LAYER for one layer of several.
    region_name : str, optional
        The field that names the regions; default `name`, else it is found as for adm1.
    crs : str
        The equal-area CRS that areas are measured in.

    Returns
    -------
    Table of RegionCheckRow
        A row a region by name, areas in km² as drawn; `meta.refused` lists all that keeps the file from being used.

    Raises
    ------
    DataError
        The file cannot be read at all.
    UsageError
        The CRS is not equal-area over the regions, or the file has no such layer.

    Examples
    --------
    >>> import frontcalc
    >>> regions = frontcalc.list_regions().to_geoframe()[["region", "geometry"]]
    >>> regions.to_file("regions.geojson")
    >>> table = frontcalc.check_regions("regions.geojson", region_name="region")
    >>> table.meta.regions, table.meta.gaps, table.meta.refused
    (32, 0, ())
    """
    entry, layer = file_and_layer(path)
    file = read_region_file(entry, layer=layer, field=region_name, level="adm1")
    source, features = file.source, file.features
    refused = [f"{one.problem}: {one.cure}" if isinstance(one, UsageError) else one.problem for one in file.faults]
    times = Counter(name for name, *_ in set(file.identities))
    # With code or parent where several regions have one name.
    names = [f"{name} ({code or parent})" if times[name] > 1 else name for name, code, parent in file.identities]
    order = sorted(set(names))
    index = np.array([order.index(name) for name in names], dtype=np.intp)[features.owner]
    drawn = [features.polygons[index == number] for number in range(len(order))]
    ground = [geometry.union(to_equal_area(polygons, features.crs, crs, where=source.name)) for polygons in drawn]
    pairs = _overlaps(order, ground)
    for pair in (pair for pair in pairs if pair.percent_of_smaller > 100 * MAY_SHARE):
        share = f"{pair.km2:,.3f} km², {pair.percent_of_smaller:.1f} % of the smaller"
        refused.append(f"{pair.first} and {pair.second} overlap by {share}")
    if not len(features.polygons):
        refused.append("it holds no polygons")
    whole = geometry.union(geometry.polygonal(ground))
    holes = [shapely.Polygon(ring) for one in whole.geoms for ring in one.interiors]
    # What lies in a hole may be a region of its own, an enclave.
    gaps_km2 = geometry.area_km2(shapely.difference(np.array(holes, dtype=object), whole))
    gaps_km2 = gaps_km2[gaps_km2 > _TOUCHING_KM2]
    rows = []
    for name, polygons, area in zip(order, drawn, ground, strict=True):
        mine = [own for own, called in zip(features.properties, names, strict=True) if called == name]
        shared = [pair for pair in pairs if name in (pair.first, pair.second)]
        others = {one for pair in shared for one in (pair.first, pair.second)} - {name}
        counts = (len(mine), len(polygons), int(np.sum(~shapely.is_valid(polygons))))
        km2 = (float(geometry.area_km2(area)), fsum(pair.km2 for pair in shared))
        row = (source.name, name, printable(country_of(mine)), *counts, *km2, "|".join(sorted(others)))
        rows.append(RegionCheckRow(*row))
    meta = RegionCheckMeta(
        version=__version__,
        file=source,
        crs=features.crs,
        name_field=file.field,
        fields=tuple(sorted({key for own in features.properties for key in own})),
        regions=len(order),
        area_km2=float(geometry.area_km2(whole)),
        overlaps=tuple(pairs),
        gaps=len(gaps_km2),
        gaps_km2=float(np.sum(gaps_km2)),
        not_area=len(features.not_area),
        refused=tuple(refused),
    )
    shapes = shapes_by_row(dict(zip(rows, drawn, strict=True)), features.crs)
    return Table(RegionCheckRow, tuple(rows), meta, shapes)


def _overlaps(names: Sequence[str], ground: Sequence[shapely.MultiPolygon]) -> list[RegionOverlap]:
    """Return what each pair of regions shares, largest first; a square metre or less is rounding."""
    parts, own = geometry.polygons_of(np.array([None, *ground], dtype=object)[1:])
    pieces, of = geometry.subdivide(parts)
    km2 = {pair: m2 / 1e6 for pair, m2 in overlaps(pieces, own[of])[2].items() if m2 / 1e6 > _TOUCHING_KM2}
    smaller = {(a, b): float(geometry.area_km2(min(ground[a], ground[b], key=shapely.area))) for a, b in km2}
    pairs = [RegionOverlap(names[a], names[b], km2[a, b], 100 * km2[a, b] / smaller[a, b]) for a, b in km2]
    return sorted(pairs, key=lambda pair: (-pair.km2, pair.first, pair.second))
