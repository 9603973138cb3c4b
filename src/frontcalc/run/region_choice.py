"""Which regions a run is split by, and which rows of them are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from frontcalc import region_store
from frontcalc import regions as region_sets
from frontcalc.errors import UsageError
from frontcalc.geometry import Geometries
from frontcalc.layers import COUNTRIES
from frontcalc.levels import ADM1, ADM2, Lines, lines, parse_levels
from frontcalc.natural_earth import load_embedded
from frontcalc.notices import Notice
from frontcalc.read import SourceFile
from frontcalc.regions import RegionSet
from frontcalc.run.options import Options

_CURATED = frozenset({"UA", "RU"})  # the countries of the curated regions


def choose_regions(
    options: Options,
    place: Geometries,
    actor: str | None,
    read: Callable[..., RegionSet],
    countries: Callable[[], tuple[str, ...]],
) -> tuple[RegionSet, Lines]:
    """Return the regions that figures are split by, and the rows to show.

    `place` are boxes in degrees, (n,) polygons, around what the maps show, one at least: the curated regions are used
    there alone, elsewhere those of the `countries` that the maps show, where neither a file nor a fetched set is named.
    `actor` is whose territory is measured, where the user chose one. `read` reads a region file as
    `frontcalc.regions.read_regions` does, in the CRS that is measured in. UsageError names a level, set or region that
    is unknown, or a level that has no data here.
    """
    by, only, regions = options.by, options.only, options.regions
    texts = only.split(",") if isinstance(only, str) else only or ()
    names = tuple(dict.fromkeys(name for text in texts if (name := text.strip())))
    # A script whose variable is empty is not to get everything.
    if only is not None and not names:
        raise UsageError("names no region", where="--only", cure="name one, or leave it out")
    # The embedded ones are usual, by name or without.
    usual = regions is None or (isinstance(regions, str) and regions == region_store.EMBEDDED)
    named = None if usual else region_store.set_named(regions)
    levels = parse_levels(by) if by is not None else (named.level if named and named.level else ADM1,)
    if not levels and names:
        raise UsageError(
            "there are no rows to choose from with --by none", where="--only", cure="choose other levels with --by"
        )

    finest, embedded = ADM2 if ADM2 in levels else ADM1, partial(_embedded, place, countries, options.crs)
    measured: RegionSet | None = None
    if not levels:
        measured = region_sets.no_regions()
    elif named:
        measured = fetched_set(named, finest, read)
    elif usual and finest == ADM1:
        measured = embedded()
    elif not usual:
        measured = read(regions, field=options.region_name, level=finest)
    if measured is None:
        if by is not None or names or regions is not None:
            raise _lacking(finest, place, actor, countries)
        none = "no regions are known for this place; give a file or a fetched set with --regions"
        nothing = replace(region_sets.no_regions(), notices=(Notice("NO-REGIONS", none),))
        return nothing, lines(nothing, ())
    coarser = _adm1_of(measured, named, levels, place, embedded, read) if measured.level == ADM2 else None
    if coarser is None and measured.level == ADM2 and ADM1 in levels:
        raise _lacking(ADM1, place, actor, countries)
    if coarser:
        dated = (one for one in coarser.notices if one.code == "OLD-REGIONS")
        measured = replace(measured, notices=(*measured.notices, *dated))
    if names:
        measured = _with_known_spellings(measured)
    own = " COUNTRY" if any(one.code == "OLD-REGIONS" for one in measured.notices) else ""
    listing = f"(frontcalc regions list{own})" if regions is None else ""
    return measured, lines(measured, levels, coarser=coarser, only=names, listing=listing)


def _adm1_of(
    districts: RegionSet,
    named: region_store.SetName | None,
    levels: Sequence[str],
    place: Geometries,
    embedded: Callable[[], RegionSet | None],
    read: Callable[..., RegionSet],
) -> RegionSet | None:
    """Return the regions that districts are part of, for rows of them or to tell those of one name apart, if any."""
    called = Counter(zip(districts.names, districts.countries or districts.names, strict=True))
    if ADM1 not in levels and max(called.values()) == 1:
        return None
    curated = region_sets.embedded_covers(place)
    if named and ADM1 in levels and not curated:
        return fetched_set(region_store.SetName(named.country), ADM1, read)
    return embedded() if curated or ADM1 in levels else None


def _embedded(place: Geometries, countries: Callable[[], tuple[str, ...]], plane: str) -> RegionSet | None:
    """Return the embedded regions of a place, the curated ones before those of all countries; None where none lie."""
    if region_sets.embedded_covers(place, middle=True):
        return region_sets.embedded_regions(target_crs=plane)
    # A box around Moldova reaches into Ukraine: the ground decides.
    codes = countries()
    if region_sets.embedded_covers(place) and (not codes or not _CURATED.isdisjoint(codes)):
        return region_sets.embedded_regions(target_crs=plane)
    return region_sets.embedded_regions(target_crs=plane, countries=codes) if codes else None


def fetched_set(name: region_store.SetName, level: str, read: Callable[..., RegionSet]) -> RegionSet:
    """Return a fetched set as regions, under the name by which it is used; errors as of `region_store.find_named`."""
    kept = region_store.find_named(name, level)
    regions = read(kept.path, field=region_store.NAME_FIELD, level=level)
    source = SourceFile(f"{kept.country}-{level}", kept.sha256)
    return replace(regions, source=source, countries=(kept.country,) * len(regions.names))


def _lacking(level: str, place: Geometries, actor: str | None, countries: Callable[[], tuple[str, ...]]) -> UsageError:
    """Return the error for a level without data, with the command that fetches it for the country most shown."""
    stored = load_embedded()
    _, piece = stored.home.query(place, predicate="intersects")
    shown = Counter(stored.regions[owner].country for owner in stored.owner[np.flatnonzero(np.bincount(piece))])
    # Regions of an actor's own country get none of its ground.
    del shown[COUNTRIES.get(actor or "", "")]
    # Outside the curated ones, that which the maps show, if it is one.
    others = () if len(piece) else countries()
    country = max(sorted(shown), key=lambda code: shown[code], default=others[0] if len(others) == 1 else "COUNTRY")
    return UsageError(
        f"no {level} regions are known for this place",
        where="--by",
        cure=f"fetch them with «frontcalc regions fetch {country} {level}» or give a file with --regions;"
        f" what was fetched is used by --regions {country}",
    )


def _with_known_spellings(regions: RegionSet) -> RegionSet:
    """Return a set whose regions may also be called as the embedded region of the same code is."""
    known = {info.code: (info.name, info.name_uk, *info.aliases) for info in load_embedded().regions}
    own = regions.spellings or ((),) * len(regions.names)
    codes = regions.codes or ("",) * len(regions.names)
    return replace(
        regions, spellings=tuple((*names, *known.get(code, ())) for names, code in zip(own, codes, strict=True))
    )
