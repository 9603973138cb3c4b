"""Which regions a run is split by, and which rows of them are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import region_store
from frontcalc import regions as region_sets
from frontcalc.cache import Cache
from frontcalc.embedded import load_embedded
from frontcalc.errors import UsageError
from frontcalc.layers import COUNTRIES
from frontcalc.levels import ADM1, ADM2, Lines, lines, parse_levels
from frontcalc.notices import Notice
from frontcalc.regions import RegionSet
from frontcalc.sources import read_features
from frontcalc.sources.files import Entry, GeoFrame, single_file


def choose_regions(
    *,
    by: str | Sequence[str] | None,
    only: str | Sequence[str] | None,
    regions: str | Path | GeoFrame | Entry | None,
    region_name: str | None,
    crs: str,
    place: NDArray[np.object_],
    actor: str | None,
    cache: Cache,
) -> tuple[RegionSet, Lines]:
    file, target_crs, names = regions, crs, _names(only)
    """Return the regions that the options ask for, and the rows to show.

    Parameters
    ----------
    options : Splitting
        What is asked for.
    target_crs : str
        The equal-area CRS of the regions.
    place : (n,) array of Polygon
        Boxes in degrees around what the maps show: without a file, only regions there are used.
    actor : str or None
        Whose territory is measured, where the user said so.
    cache : Cache
        Where what is made of a file's regions is kept.

    Raises
    ------
    UsageError
        A level or a name is unknown, or a level has no data here.
    """
    levels = parse_levels(by) if by is not None else (ADM1,)
    if not levels and names:
        raise UsageError(
            "there are no rows to choose from with --by none",
            where="--only",
            cure="choose other levels with --by",
        )
    finest = ADM2 if ADM2 in levels else ADM1
    chosen = (
        _measured(file, region_name, finest, target_crs, place, actor, cache) if levels else region_sets.no_regions()
    )
    if chosen is None:
        if by is not None or names:
            raise _lacking(finest, place, actor)
        notice = Notice("NO-REGIONS", "no regions are known for this place; give a file with --regions")
        nothing = replace(region_sets.no_regions(), notices=(notice,))
        return nothing, lines(nothing, ())
    coarser = _coarser(chosen, levels, target_crs, place, actor, cache)
    if names:
        chosen = _with_known_spellings(chosen)
    listing = "" if file else "(frontcalc regions list)"
    return chosen, lines(chosen, levels, coarser=coarser, only=names, listing=listing)


def _names(only: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the names in `only`, a text or a sequence; none where it is not given."""
    if only is None:
        return ()
    asked = only.split(",") if isinstance(only, str) else only
    names = tuple(dict.fromkeys(name for text in asked if (name := text.strip())))
    # A script whose variable is empty is not to get everything.
    if not names:
        raise UsageError("names no region", where="--only", cure="name one, or leave it out")
    return names


def _measured(
    path: str | Path | GeoFrame | Entry | None,
    field: str | None,
    level: str,
    target_crs: str,
    place: NDArray[np.object_],
    actor: str | None,
    cache: Cache,
) -> RegionSet | None:
    """Return the regions of the finest level: the user's file, else what is known for the place, if anything."""
    if path is not None:
        return region_sets.read_regions(path, target_crs=target_crs, field=field, level=level, cache=cache)
    return _known(level, target_crs, place, actor, cache)


def _known(
    level: str, target_crs: str, place: NDArray[np.object_], actor: str | None, cache: Cache
) -> RegionSet | None:
    """Return the regions of a level that are known without a file of the user's, None where there are none.

    The embedded ones come first: figures must not change because something was fetched.
    """
    if level == ADM1 and region_sets.embedded_covers(place):
        return region_sets.embedded_regions(target_crs=target_crs)
    own = COUNTRIES.get(actor or "", "")
    sets = [kept for kept in region_store.fetched(level) if kept.country != own]
    # Two countries' sets disagree on their border and do not make a partition: one is used.
    shown, chosen = max(((_shown(kept, place), kept) for kept in sets), key=lambda pair: pair[0], default=(0, None))
    if chosen is None or not shown:
        return None
    field = region_store.NAME_FIELD
    regions = region_sets.read_regions(chosen.path, target_crs=target_crs, field=field, level=level, cache=cache)
    return replace(regions, countries=(chosen.country,) * len(regions.names))


def _shown(kept: region_store.FetchedRegions, place: NDArray[np.object_]) -> int:
    """Return how many of the boxes of a place meet the regions of a fetched set."""
    polygons = read_features(single_file(kept.path))[1].polygons
    return len(np.unique(shapely.STRtree(polygons).query(place, predicate="intersects")[0]))


def _coarser(
    regions: RegionSet,
    levels: Sequence[str],
    target_crs: str,
    place: NDArray[np.object_],
    actor: str | None,
    cache: Cache,
) -> RegionSet | None:
    """Return the regions that those measured are parts of, where rows or names need them."""
    if regions.level != ADM2:
        return None
    shared = Counter(zip(regions.names, regions.countries or regions.names, strict=True))
    if ADM1 not in levels and max(shared.values()) == 1:
        return None
    coarser = _known(ADM1, target_crs, place, actor, cache)
    if coarser is None and ADM1 in levels:
        raise _lacking(ADM1, place, actor)
    return coarser


def _lacking(level: str, place: NDArray[np.object_], actor: str | None) -> UsageError:
    """Return the error for a level without data, with the command that fetches it for the country most shown."""
    stored = load_embedded()
    _, piece = shapely.STRtree(stored.pieces).query(place, predicate="intersects")
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
