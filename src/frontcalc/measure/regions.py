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
from frontcalc.embedded import load_embedded
from frontcalc.errors import UsageError
from frontcalc.keywords import facade
from frontcalc.names import NamedRegion, find, printable, suggestions
from frontcalc.read import read_features
from frontcalc.read.features import Features
from frontcalc.read.files import file_of
from frontcalc.region_store import NAME_FIELD
from frontcalc.regions import MAY_SHARE, UNASSIGNED, country_of, told_apart
from frontcalc.run.lands import shapes_by_row
from frontcalc.snapshots import to_equal_area
from frontcalc.tables import (
    TOTAL,
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
    known = [
        NamedRegion(own.name, (own.code, own.name_uk, *own.aliases), (at,)) for at, own in enumerate(stored.regions)
    ]
    found = find(name, known)
    if len(found) != 1:
        near = [place.label for place in found] or suggestions(name, known)
        cure = f"did you mean {' or '.join(near)}?" if near else "frontcalc regions list has them all"
        raise UsageError(f"no region is named {name[:60]!r}", cure=cure)
    (index,) = found[0].members
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
        A polygon file in any format and CRS.
    region_name : str, optional
        The field that names the regions; default `name`, or geoBoundaries' `shapeName`.
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
        The CRS is not equal-area over the regions.

    Examples
    --------
    >>> import frontcalc
    >>> regions = frontcalc.list_regions().to_geoframe()[["region", "geometry"]]
    >>> regions.to_file("regions.geojson")
    >>> table = frontcalc.check_regions("regions.geojson", region_name="region")
    >>> table.meta.regions, table.meta.gaps, table.meta.refused
    (32, 0, ())
    """
    file = Path(path)
    source, features = read_features(file_of(file))
    fields = sorted({key for own in features.properties for key in own})
    field = region_name or next((name for name in ("name", NAME_FIELD) if name in fields), "name")
    names, refused = _names_checked(features, field, fields)
    told = told_apart(names, features, field)
    times = Counter(name for name, *_ in set(told))
    # With code or parent where several regions have one name.
    names = [f"{name} ({code or parent})" if times[name] > 1 else name for name, code, parent in told]
    order = sorted(set(names))
    index = np.array([order.index(name) for name in names], dtype=np.intp)[features.owner]
    drawn = [features.polygons[index == number] for number in range(len(order))]
    ground = [geometry.union(to_equal_area(polygons, features.crs, crs, where=source.name)) for polygons in drawn]
    overlaps = _overlaps(order, ground)
    refused += [
        f"{pair.first} and {pair.second} overlap by {pair.km2:,.3f} km², {pair.percent_of_smaller:.1f} % of the smaller"
        for pair in overlaps
        if pair.percent_of_smaller > 100 * MAY_SHARE
    ]
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
        shared = [pair for pair in overlaps if name in (pair.first, pair.second)]
        others = "|".join(sorted({one for pair in shared for one in (pair.first, pair.second)} - {name}))
        counts = (len(mine), len(polygons), int(np.sum(~shapely.is_valid(polygons))))
        km2 = (float(geometry.area_km2(area)), fsum(pair.km2 for pair in shared))
        rows.append(RegionCheckRow(source.name, name, printable(country_of(mine)), *counts, *km2, others))
    meta = RegionCheckMeta(
        version=__version__,
        file=source,
        crs=features.crs,
        name_field=field,
        fields=tuple(fields),
        regions=len(order),
        area_km2=float(geometry.area_km2(whole)),
        overlaps=tuple(overlaps),
        gaps=len(gaps_km2),
        gaps_km2=float(np.sum(gaps_km2)),
        not_area=len(features.not_area),
        refused=tuple(refused),
    )
    shapes = shapes_by_row(dict(zip(rows, drawn, strict=True)), features.crs)
    return Table(RegionCheckRow, tuple(rows), meta, shapes)


def _names_checked(features: Features, field: str, fields: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return every feature's region name, one made up where it has none, and why the file would be refused."""
    names = [printable(str(own.get(field) or "").strip()) for own in features.properties]
    if field not in fields:
        listed = ", ".join(fields) or "none"
        problem = f"no field {field!r}; its fields are {listed}: choose with --region-name"
        return [f"(feature {number})" for number in range(len(names))], [problem]
    refused = [f"feature {number} has no {field!r}" for number, name in enumerate(names) if not name]
    reserved = sorted({name for name in names if name.casefold() in (TOTAL, UNASSIGNED)})
    refused += [f"a region is named {name!r}, which is a row of its own" for name in reserved]
    return [name or f"(feature {number})" for number, name in enumerate(names)], refused


def _overlaps(names: Sequence[str], ground: Sequence[shapely.MultiPolygon]) -> list[RegionOverlap]:
    """Return what each pair of regions shares, largest first; a square metre or less is rounding."""
    parts = [geometry.polygonal(one) for one in ground]
    whole = np.concatenate([np.empty(0, dtype=object), *parts])
    pieces, of = geometry.subdivide(whole)
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])[of]
    first, second = shapely.STRtree(pieces).query(pieces, predicate="intersects")
    apart = owner[first] < owner[second]
    first, second = first[apart], second[apart]
    shared = np.zeros((len(names), len(names)))
    overlay = shapely.intersection(pieces[first], pieces[second])
    np.add.at(shared, (owner[first], owner[second]), geometry.area_km2(overlay))
    area = geometry.area_km2(np.array(ground, dtype=object))
    found = [
        RegionOverlap(names[a], names[b], float(shared[a, b]), float(100 * shared[a, b] / min(area[a], area[b])))
        for a, b in zip(*np.nonzero(shared > _TOUCHING_KM2), strict=True)
    ]
    return sorted(found, key=lambda pair: (-pair.km2, pair.first, pair.second))
