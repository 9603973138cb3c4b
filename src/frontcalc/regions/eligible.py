"""Which regions of a set can take ground of an actor, and the ground beside them that they take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from frontcalc import crs
from frontcalc.cache import NOTHING_KEPT, Cache, key_of
from frontcalc.embedded import load_zones
from frontcalc.regions.cutting import Geometries, rest_of_plane
from frontcalc.regions.packing import from_bytes, to_bytes
from frontcalc.regions.sets import RegionSet
from frontcalc.regions.snapping import snap_zones

SNAPS = ("border", "none")
"""Whether ground beside the eligible regions goes to the nearest of them."""


def takers(regions: RegionSet, country: str, *, snap: str, plane: str, cache: Cache = NOTHING_KEPT) -> RegionSet:
    """Return the set as it stands for one actor: its own country's regions take nothing, they stay as rows.

    The result depends on the set, the country and the plane alone, so that it is the same for every date.

    Parameters
    ----------
    regions : RegionSet
        A partition, in metres of `plane`.
    country : str
        The actor's country, as `regions.countries` has it; empty where it is not known: then all may take.
    snap : str
        `border` to give ground beside the eligible regions to the nearest, by the rule of
        `frontcalc.regions.snapping`; `none` for regions as drawn.
    plane : str
        The equal-area CRS of the set.
    cache : Cache, optional
        Where what is found beside the regions is kept.
    """
    own = regions.of_country(country)
    eligible = regions.without(own)
    if not len(eligible.pieces):
        return eligible
    if snap == "none":
        return replace(eligible, nowhere=_kept_rest(eligible.pieces, cache))
    stored = load_zones(regions.source.sha256, country) if regions.source and plane == crs.DEFAULT_CRS else None
    return eligible.with_zones(*from_bytes(stored or _kept(eligible, regions.pieces[own[regions.owner]], plane, cache)))


def zones_as_bytes(eligible: RegionSet, foreign: Geometries, plane: str) -> bytes:
    """Make the zones of eligible regions beside foreign ones (f,), and the rest of the plane, as bytes."""
    land_owner = eligible.owner if eligible.land_owner is None else eligible.land_owner
    zones, owner = snap_zones(eligible.land, land_owner, eligible.pieces, foreign, plane)
    return to_bytes(zones, owner, rest_of_plane(np.concatenate([eligible.pieces, zones])))


def _kept(eligible: RegionSet, foreign: Geometries, plane: str, cache: Cache) -> bytes:
    """Return zones as bytes from the cache, or make and keep them."""
    land_owner = eligible.owner if eligible.land_owner is None else eligible.land_owner
    drawn = to_bytes(eligible.land, land_owner, eligible.pieces, eligible.owner, foreign)
    return cache.kept("zones", key_of((plane, drawn)), lambda: zones_as_bytes(eligible, foreign, plane))


def _kept_rest(pieces: Geometries, cache: Cache) -> Geometries:
    """Return the rest of the plane from the cache, or make and keep it."""
    key = key_of((to_bytes(pieces),))
    content = cache.kept("rests", key, lambda: to_bytes(rest_of_plane(pieces)))
    return next(from_bytes(content))
