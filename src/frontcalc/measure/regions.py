"""The region sets that come with frontcalc, and checking a region file before figures are split by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, replace
from math import fsum
from pathlib import Path

import numpy as np
import shapely

from frontcalc import __version__, crs, geometry
from frontcalc.errors import UsageError
from frontcalc.keywords import facade
from frontcalc.names import NamedRegion, find, fold, printable, suggestions
from frontcalc.natural_earth import WORLD, RegionInfo, load_countries, load_embedded, load_world
from frontcalc.regions import (
    MAY_SHARE,
    countries_near,
    country_of,
    file_and_layer,
    overlaps,
    read_region_file,
)
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
_LISTED = 8  # regions of one name that a message lists


@facade
def list_regions(country: str | None = None) -> Table[RegionRow, RegionMeta]:
    """List embedded regions with their codes, and say where they come from.

    Parameters
    ----------
    country : str, optional
        A country's code or name, as in «SD» or «Sudan», for its regions; «world» for a row a country. The default is
        the curated set, of Ukraine and of Russia beside it.

    Returns
    -------
    Table of RegionRow
        A row a region, by code; areas in km² as the set draws them.

    Raises
    ------
    UsageError
        There is no such country; the message suggests the nearest.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.list_regions()
    >>> [(row.code, row.region, round(row.area_km2)) for row in table.rows[:2]]
    [('UA-05', 'Vinnytsia', 26670), ('UA-07', 'Volyn', 19849)]
    >>> [row.region for row in frontcalc.list_regions("Sudan").rows[:2]]
    ['Blue Nile', 'Central Darfur']
    """
    whole = country is not None and fold(country) == "world"
    code = _country_code(country) if country is not None and not whole else ""
    if code in ("", "UA") and not whole:
        stored = load_embedded()
    else:
        stored = load_countries(tuple(sorted(load_world().countries)) if whole else (code,))
    level, infos, owner = "adm1", stored.regions, stored.owner
    if whole:
        stored, level, infos = replace(stored, name=WORLD), "country", stored.countries
        places = {own.code: at for at, own in enumerate(infos)}
        owner = np.array([places[one.country] for one in stored.regions], dtype=np.intp)[owner]
    project = crs.projector(crs.LONLAT, crs.DEFAULT_CRS)
    pieces = geometry.project_polygons(stored.pieces, project, edge_error=stored.edge_error_m2)
    areas = np.bincount(owner, geometry.area_km2(pieces), minlength=len(infos)).tolist()
    order = [at for at, own in enumerate(infos) if code in ("", own.country)]
    # The curated ones are in an order of their own.
    order = sorted(order, key=lambda at: infos[at].code) if country is not None else order
    drawn = {}
    for at in order:
        own = infos[at]
        texts = (own.code, own.country, own.name, own.name_uk)
        drawn[RegionRow(stored.name, level, *texts, areas[at], "|".join(own.aliases))] = stored.pieces[owner == at]
    terms = (stored.name, stored.source, stored.licence, stored.method, stored.sha256)
    meta = RegionMeta(*terms, attribution=(f"regions: {stored.source}, {stored.licence}",))
    return Table(RegionRow, tuple(drawn), meta, shapes_by_row(drawn, crs.LONLAT))


def _country_code(name: str) -> str:
    """Return the code of a country by code or name; UsageError with the nearest."""
    called = [own.info for own in load_world().countries.values()]
    known = [NamedRegion(own.name, (own.code, *own.aliases), (at,)) for at, own in enumerate(called)]
    if matches := find(name, known):
        return called[matches[0].members[0]].code
    near = suggestions(name, known)
    cure = f"did you mean {' or '.join(near)}?" if near else "frontcalc regions list world has them all"
    raise UsageError(f"no country is named {name[:60]!r}", cure=cure)


@facade
def show_region(name: str) -> Table[RegionDetailRow, RegionMeta]:
    """Show one embedded region: names, area, box and neighbours.

    Parameters
    ----------
    name : str
        Its name in any spelling of the alias table, or its code, as in «Zaporizhia», «Донецьк» or «UA-14»; in another
        country the name as Natural Earth spells it, «Central (FJ)» where several have it, or the code, «SD.BN».

    Returns
    -------
    Table of RegionDetailRow
        One row; area in km², the box in degrees.

    Raises
    ------
    UsageError
        There is no such region, or several; the message suggests the nearest.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.show_region("Донецьк")
    >>> table.rows[0].code, table.rows[0].neighbours
    ('UA-14', 'Dnipropetrovsk|Kharkiv|Luhansk|Rostov|Zaporizhzhia')
    """
    own = _named(name)
    curated = own in load_embedded().regions
    table = list_regions(None if curated else own.country)
    row = next(row for row in table.rows if row.code == own.code)
    stored = load_embedded() if curated else load_countries((own.country,))
    mine = stored.pieces[stored.owner == stored.regions.index(own)]
    if not curated:
        # Regions of other countries touch it too.
        stored = load_countries(countries_near(np.asarray(shapely.box(*shapely.bounds(mine).T))))
    beside = shapely.STRtree(stored.pieces).query(mine, predicate="intersects")[1]
    neighbours = {stored.regions[owner].name for owner in stored.owner[beside]} - {own.name}
    west, south, east, north = map(float, shapely.total_bounds(mine))
    if east - west > 180:
        # Across the 180th meridian west is the larger one, as in RFC 7946.
        lon = shapely.bounds(mine)[:, [0, 2]]
        west, east = float(lon[lon[:, 0] >= 0].min()), float(lon[lon[:, 0] < 0].max())
    cells = [*astuple(row), west, south, east, north, "|".join(sorted(neighbours))]
    detail = RegionDetailRow(*cells)
    return Table(RegionDetailRow, (detail,), table.meta, shapes_by_row({detail: mine}, crs.LONLAT))


def _named(name: str) -> RegionInfo:
    """Return the embedded region of a name or code, a curated one before those of other countries, else UsageError."""
    infos = load_embedded().regions
    known = [NamedRegion(own.name, (own.code, own.name_uk, *own.aliases), (at,)) for at, own in enumerate(infos)]
    near = suggestions(name, known)
    if not (matches := find(name, known)):
        # Ukraine's are the curated ones.
        blocks = [block for code, block in load_world().countries.items() if code != "UA"]
        infos = tuple(own for block in blocks for own in block.regions)
        known = [
            NamedRegion(f"{own.name} ({own.country})", (own.name, own.code), (at,)) for at, own in enumerate(infos)
        ]
        matches = find(name, known)
        near = near or suggestions(name, known)
    if len(matches) == 1:
        return infos[matches[0].members[0]]
    near = [place.label for place in matches] or near
    cure = f"did you mean {' or '.join(near[:_LISTED])}?" if near else "frontcalc regions list has them all"
    raise UsageError(f"no region is named {name[:60]!r}", cure=cure)


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
