"""Fetching region sets into the user's cache."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from frontcalc import crs, geometry, region_store
from frontcalc.errors import DataError
from frontcalc.fetching import boundaries
from frontcalc.keywords import facade
from frontcalc.notices import Notice
from frontcalc.pipeline.region_shapes import shapes_by_row
from frontcalc.region_store import CODE_FIELD, NAME_FIELD, FetchedRegions
from frontcalc.snapshots import to_equal_area
from frontcalc.sources import read_features
from frontcalc.sources.files import single_file
from frontcalc.tables import RegionMeta, RegionRow, Table


@facade
def fetch_regions(
    country: str, level: str, *, update: bool = False, api: str | None = None
) -> Table[RegionRow, RegionMeta]:
    """Fetch a country's regions from geoBoundaries into the user's cache, and list them.

    A set that was fetched before stays as it is, so that figures do not change by themselves; whether the
    source has another one now is said in a notice.

    Parameters
    ----------
    country : str
        ISO 3166-1 code of two or three letters, or a name.
    level : str
        `country` (also `adm0`), `adm1` or `adm2`.
    update : bool
        Fetch again what was fetched before.
    api : str, optional
        A mirror of geoBoundaries' API.

    Returns
    -------
    Table of RegionRow
        A row a region, by name; `meta` has source, licence and SHA-256.

    Raises
    ------
    UsageError
        The country or level is unknown, or a package of the extra `fetch` is not installed.
    NoDataError
        geoBoundaries has no such regions.
    DataError
        It cannot be reached, or what it sends cannot be used; what was fetched before stays.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.fetch_regions("Moldova", "adm1")  # doctest: +SKIP
    >>> table.meta.licence  # doctest: +SKIP
    """
    where, step = boundaries.find_country(country), boundaries.find_level(level)
    kept = None if update else region_store.find_fetched(where.iso3, step)
    if kept:
        return _listed(kept, _asked_again(kept, where, step, api))
    before = region_store.recorded_sha256(where.iso3, step)
    data, regions = boundaries.fetch(boundaries.ask(where, step, api=api))
    notices: tuple[Notice, ...] = ()
    if before and before != regions.sha256:
        message = f"the set of {where.iso3} {step} was replaced: its SHA-256 was {before[:16]}…"
        notices = (Notice("UPSTREAM-CHANGED", message),)
    return _listed(region_store.keep(data, regions), notices)


def _asked_again(kept: FetchedRegions, country: boundaries.Country, level: str, api: str | None) -> tuple[Notice, ...]:
    """Return a notice where the source has another version than the one kept, or cannot be asked."""
    try:
        now = boundaries.ask(country, level, api=api)
    except DataError as error:
        return (Notice("UPSTREAM-UNKNOWN", f"the set fetched before is used; {error}"),)
    if now.upstream == kept.upstream:
        return ()
    message = f"the set fetched before is used ({kept.upstream}); there is {now.upstream}: --update fetches it"
    return (Notice("UPSTREAM-CHANGED", message),)


def _listed(regions: FetchedRegions, notices: tuple[Notice, ...]) -> Table[RegionRow, RegionMeta]:
    """Return a fetched set as a table: its regions as named, with their areas as drawn."""
    _, features = read_features(single_file(regions.path))
    title = f"geoBoundaries {regions.iso3} {regions.level}"
    shapes = [features.polygons[features.owner == number] for number in range(len(features.properties))]
    rows = [
        RegionRow(
            set=title,
            level=regions.level,
            code=str(own.get(CODE_FIELD) or ""),
            country=regions.country,
            region=str(own[NAME_FIELD]).strip(),
            local_name="",
            area_km2=_area_km2(polygons, features.crs),
            aliases="",
        )
        for own, polygons in zip(features.properties, shapes, strict=True)
    ]
    drawn = dict(zip(rows, shapes, strict=True))
    rows.sort(key=lambda row: (row.region, row.code, row.area_km2))
    credit = f"regions: {', '.join(filter(None, (regions.source, regions.licence)))}"
    meta = RegionMeta(
        title, regions.source, regions.licence, "as fetched", regions.sha256, notices, attribution=(credit,)
    )
    return Table(RegionRow, tuple(rows), meta, shapes_by_row(drawn, features.crs))


def _area_km2(polygons: NDArray[np.object_], source_crs: str) -> float:
    """Return the area of one region's polygons (km²), as drawn."""
    return float(np.sum(geometry.area_km2(to_equal_area(polygons, source_crs, crs.DEFAULT_CRS))))
