"""The region sets that come with frontcalc."""

from __future__ import annotations

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.embedded import EmbeddedRegions, load_embedded
from frontcalc.errors import UsageError
from frontcalc.names import NamedRegion, find, suggestions
from frontcalc.pipeline.region_shapes import shapes_by_row
from frontcalc.pipeline.region_terms import Terms
from frontcalc.tables import RegionDetailRow, RegionMeta, RegionRow, Table


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
        RegionRow(
            set=stored.name,
            level="adm1",
            code=info.code,
            country=info.country,
            region=info.name,
            local_name=info.name_uk,
            area_km2=float(area),
            aliases="|".join(info.aliases),
        )
        for info, area in zip(stored.regions, areas, strict=True)
    )
    drawn = {row: stored.pieces[stored.owner == index] for index, row in enumerate(rows)}
    return Table(RegionRow, rows, _meta(stored), shapes_by_row(drawn, crs.LONLAT))


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
    index = _find(name, stored)
    info, mine = stored.regions[index], stored.pieces[stored.owner == index]
    beside = shapely.STRtree(stored.pieces).query(mine, predicate="intersects")[1]
    neighbours = sorted({stored.regions[owner].name for owner in stored.owner[beside]} - {info.name})
    projected = geometry.project_polygons(mine, crs.projector(crs.LONLAT, crs.DEFAULT_CRS))
    west, south, east, north = map(float, shapely.total_bounds(mine))
    row = RegionDetailRow(
        set=stored.name,
        level="adm1",
        code=info.code,
        country=info.country,
        region=info.name,
        local_name=info.name_uk,
        area_km2=float(np.sum(geometry.area_km2(projected))),
        aliases="|".join(info.aliases),
        west=west,
        south=south,
        east=east,
        north=north,
        neighbours="|".join(neighbours),
    )
    return Table(RegionDetailRow, (row,), _meta(stored), shapes_by_row({row: mine}, crs.LONLAT))


def _find(name: str, stored: EmbeddedRegions) -> int:
    """Return the index of the region that a name or code means."""
    known = [
        NamedRegion(info.name, (info.code, info.name_uk, *info.aliases), (index,))
        for index, info in enumerate(stored.regions)
    ]
    found = find(name, known)
    if len(found) == 1:
        return found[0].members[0]
    near = [place.label for place in found] or suggestions(name, known)
    cure = f"did you mean {' or '.join(near)}?" if near else "frontcalc regions list has them all"
    raise UsageError(f"no region is named {name[:60]!r}", cure=cure)


def _meta(stored: EmbeddedRegions) -> RegionMeta:
    """Return where an embedded set comes from."""
    return RegionMeta(
        set=stored.name,
        source=stored.source,
        licence=stored.licence,
        method=stored.method,
        sha256=stored.sha256,
        attribution=(f"regions: {Terms(stored.source, stored.licence).attribution}",),
    )
