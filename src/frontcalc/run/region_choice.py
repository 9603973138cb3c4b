"""Which regions a run is split by, and which rows of them are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import region_store
from frontcalc import regions as region_sets
from frontcalc.embedded import load_embedded
from frontcalc.errors import UsageError
from frontcalc.layers import COUNTRIES
from frontcalc.levels import ADM1, ADM2, Lines, lines, parse_levels
from frontcalc.notices import Notice
from frontcalc.read import read_features
from frontcalc.read.files import file_of
from frontcalc.regions import RegionSet
from frontcalc.run.options import Options


def choose_regions(
    options: Options, place: NDArray[np.object_], actor: str | None, read: Callable[..., RegionSet]
) -> tuple[RegionSet, Lines]:
    """Return the regions that figures are split by, and the rows to show.

    `place` are boxes in degrees, (n,) polygons, around what the maps show, one at least: without a file, only regions
    there are used, and of fetched sets of several countries that which most boxes meet. `actor` is whose territory is
    measured, where the user said so. `read` reads a region file as `frontcalc.regions.read_regions` does, in the CRS
    that is measured in. UsageError names a level or region that is unknown, or a level that has no data here.
    """
    by, only, regions = options.by, options.only, options.regions
    asked = only.split(",") if isinstance(only, str) else only or ()
    names = tuple(dict.fromkeys(name for text in asked if (name := text.strip())))
    # A script whose variable is empty is not to get everything.
    if only is not None and not names:
        raise UsageError("names no region", where="--only", cure="name one, or leave it out")
    levels = parse_levels(by) if by is not None else (ADM1,)
    if not levels and names:
        raise UsageError(
            "there are no rows to choose from with --by none",
            where="--only",
            cure="choose other levels with --by",
        )
    known = partial(_known, target_crs=options.crs, place=place, actor=actor, read=read)
    finest = ADM2 if ADM2 in levels else ADM1
    if not levels:
        measured: RegionSet | None = region_sets.no_regions()
    elif regions is not None:
        measured = read(regions, field=options.region_name, level=finest)
    else:
        measured = known(finest)
    if measured is None:
        if by is not None or names:
            raise _lacking(finest, place, actor)
        notice = Notice("NO-REGIONS", "no regions are known for this place; give a file with --regions")
        nothing = replace(region_sets.no_regions(), notices=(notice,))
        return nothing, lines(nothing, ())
    # What districts are part of is needed for rows of it, and to tell those of one name apart.
    called = Counter(zip(measured.names, measured.countries or measured.names, strict=True))
    coarser = known(ADM1) if measured.level == ADM2 and (ADM1 in levels or max(called.values()) > 1) else None
    if coarser is None and measured.level == ADM2 and ADM1 in levels:
        raise _lacking(ADM1, place, actor)
    if names:
        measured = _with_known_spellings(measured)
    listing = "(frontcalc regions list)" if regions is None else ""
    return measured, lines(measured, levels, coarser=coarser, only=names, listing=listing)


def _known(
    level: str, *, target_crs: str, place: NDArray[np.object_], actor: str | None, read: Callable[..., RegionSet]
) -> RegionSet | None:
    """Return the known regions of a level, None if none; embedded ones first: what was fetched changes no figures."""
    if level == ADM1 and region_sets.embedded_covers(place):
        return region_sets.embedded_regions(target_crs=target_crs)
    own = COUNTRIES.get(actor or "", "")
    # Two countries' sets disagree on their border and do not make a partition: one is used.
    most, chosen = 0, None
    for kept in region_store.fetched(level):
        if kept.country != own:
            polygons = read_features(file_of(kept.path))[1].polygons
            met = len(np.unique(shapely.STRtree(polygons).query(place, predicate="intersects")[0]))
            most, chosen = (met, kept) if met > most else (most, chosen)
    if chosen is None:
        return None
    regions = read(chosen.path, field=region_store.NAME_FIELD, level=level)
    return replace(regions, countries=(chosen.country,) * len(regions.names))


def _lacking(level: str, place: NDArray[np.object_], actor: str | None) -> UsageError:
    """Return the error for a level without data, with the command that fetches it for the country most shown."""
    stored = load_embedded()
    _, piece = stored.home.query(place, predicate="intersects")
    shown = Counter(stored.regions[owner].country for owner in stored.owner[np.unique(piece)])
    # An actor takes nothing of its own country.
    del shown[COUNTRIES.get(actor or "", "")]
    country = max(sorted(shown), key=lambda code: shown[code], default="COUNTRY")
    return UsageError(
        f"no {level} regions are known for this place",
        where="--by",
        cure=f"fetch them with «frontcalc regions fetch {country} {level}» or give a file with --regions",
    )


def _with_known_spellings(regions: RegionSet) -> RegionSet:
    """Return a set whose regions may also be called as the embedded region of the same code is."""
    known = {info.code: (info.name, info.name_uk, *info.aliases) for info in load_embedded().regions}
    own = regions.spellings or ((),) * len(regions.names)
    codes = regions.codes or ("",) * len(regions.names)
    return replace(
        regions, spellings=tuple((*names, *known.get(code, ())) for names, code in zip(own, codes, strict=True))
    )
