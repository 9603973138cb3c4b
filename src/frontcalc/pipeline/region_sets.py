"""The region sets that come with frontcalc."""

from __future__ import annotations

import numpy as np

from frontcalc import crs, geometry
from frontcalc.embedded import load_embedded
from frontcalc.tables import RegionMeta, RegionRow, Table


def list_regions() -> Table[RegionRow, RegionMeta]:
    """List the embedded regions with their codes, and say where they come from.

    Returns
    -------
    Table of RegionRow
        A row a region, by code; areas in km² as the set draws them.
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
    meta = RegionMeta(
        set=stored.name,
        source=stored.source,
        licence=stored.licence,
        method=stored.method,
        sha256=stored.sha256,
        attribution=(f"regions: {stored.source}, {stored.licence}",),
    )
    return Table(RegionRow, rows, meta)
