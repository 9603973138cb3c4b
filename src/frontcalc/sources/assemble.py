"""What the binary formats share: geometry of any kind into flat polygons, layer names, several parts into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc.crs import is_geographic
from frontcalc.errors import DataError
from frontcalc.layers import INNER
from frontcalc.sources.features import Features, Properties
from frontcalc.sources.limits import check_vertices
from frontcalc.sources.rings import check_on_earth

_POLYGON = shapely.GeometryType.POLYGON


def geometries_from_wkb(wkb: Iterable[bytes | None], *, where: str) -> NDArray[np.object_]:
    """Return geometries (n,) from well-known binary; None stays None.

    Raises
    ------
    DataError
        The binary is broken. The message names the first feature concerned.
    """
    given = np.array([*wkb, None], dtype=object)[:-1]
    try:
        # What is no number is named by the check after this, so that it need not be warned of.
        with np.errstate(all="ignore"):
            return np.asarray(shapely.from_wkb(given), dtype=object)
    except (shapely.GEOSException, TypeError) as error:
        index = next((n for n, one in enumerate(given) if not _readable(one)), 0)
        raise DataError(
            f"feature {index} has a broken geometry: {error}", where=where, cure="repair it or use --skip-bad"
        ) from error


def _readable(wkb: bytes | None) -> bool:
    """Say whether one geometry can be read."""
    try:
        with np.errstate(all="ignore"):
            shapely.from_wkb(wkb)
    except (shapely.GEOSException, TypeError):
        return False
    return True


def features_from_geometries(
    geometries: NDArray[np.object_], properties: Sequence[Properties], crs: str, *, where: str, cure: str
) -> Features:
    """Return features with their polygons taken out of multipolygons and collections, without Z.

    Parameters
    ----------
    geometries : (n,) array of shapely geometry or None
        Of any kind.
    properties : sequence of mapping
        One for each geometry.
    crs : str
        What the coordinates are in, as `frontcalc.crs.source_crs` returns it.
    where : str
        The file's name, for messages.
    cure : str
        What to do where the coordinates cannot be in degrees, though the CRS is.

    Raises
    ------
    DataError
        A coordinate is no finite number, or cannot be a longitude or latitude.
    """
    outer, of_feature = shapely.get_parts(geometries, return_index=True)
    # A collection may hold multipolygons: two passes take both apart.
    parts, of_outer = shapely.get_parts(outer, return_index=True)
    owner = of_feature[of_outer]
    drawn = ~shapely.is_empty(parts)
    area = drawn & (shapely.get_type_id(parts) == _POLYGON)
    polygons = np.asarray(shapely.force_2d(parts[area]), dtype=object)
    no_area = owner[drawn & ~area].astype(np.intp)
    owner = owner[area].astype(np.intp)
    check_vertices(int(shapely.get_num_coordinates(polygons).sum()), where=where)
    xy, of_polygon = shapely.get_coordinates(polygons, return_index=True)
    wild = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(wild):
        raise DataError(
            f"feature {owner[of_polygon[wild[0]]]} has a coordinate that is no finite number",
            where=where,
            cure="repair it or use --skip-bad",
            code="BROKEN-RING",
        )
    check_on_earth(xy, crs, where=where, cure=cure)
    return Features(crs, tuple(properties), polygons, owner, no_area)


def refuse_uncut(features: Features, *, where: str) -> None:
    """Refuse polygons that cross the antimeridian uncut, which would stretch the other way round the globe.

    An edge from −180° to 180° is one along a whole parallel, as around a pole, and is right as it is.

    Raises
    ------
    DataError
        An edge spans more than half the globe (RFC 7946 §3.1.9). The message names the first feature.
    """
    if not len(features.polygons) or not is_geographic(features.crs):
        return
    west, _, east, _ = shapely.total_bounds(features.polygons)
    if east - west <= 180.0:
        return
    rings, of_polygon = shapely.get_rings(features.polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    span = np.where(ring[1:] == ring[:-1], np.abs(np.diff(xy[:, 0])), 0.0)
    long = np.flatnonzero((span > 180.0) & (span < 360.0))
    if len(long):
        feature = features.owner[of_polygon[ring[long[0]]]]
        raise DataError(
            f"feature {feature} has an edge over {span[long[0]]:.6g}° of longitude",
            where=where,
            cure="cut polygons at the antimeridian (RFC 7946), or split the edge",
        )


def name_layer(features: Features, layer: str) -> Features:
    """Return features that have the name of the layer inside the file as property `INNER`, if they have none yet."""
    if not layer:
        return features
    return replace(features, properties=tuple({INNER: layer, **own} for own in features.properties))


def concatenate(parts: Sequence[tuple[str, Features]], *, where: str) -> Features:
    """Return the features of several layers or members as one.

    Parameters
    ----------
    parts : sequence of (str, Features)
        What messages call a part, and the part; at least one.
    where : str
        The file's name, for messages.

    Raises
    ------
    DataError
        The parts are in different CRSs.
    """
    (first, features), *others = parts
    for name, other in others:
        if other.crs != features.crs:
            raise DataError(
                f"{first!r} is in {_short(features.crs)} and {name!r} in {_short(other.crs)}",
                where=where,
                cure="give them as separate files, or all in one CRS",
            )
    starts = np.cumsum([0, *(len(part.properties) for _, part in parts)])[:-1]

    def shifted(arrays: Sequence[NDArray[np.intp]]) -> NDArray[np.intp]:
        """Return indices into each part's features as indices into all."""
        return np.concatenate([one + start for one, start in zip(arrays, starts, strict=True)]).astype(np.intp)

    return Features(
        features.crs,
        tuple(own for _, part in parts for own in part.properties),
        _joined([part.polygons for _, part in parts]),
        shifted([part.owner for _, part in parts]),
        shifted([part.not_area for _, part in parts]),
        any(part.synthetic for _, part in parts),
        tuple(dict.fromkeys(notice for _, part in parts for notice in part.notices)),
    )


def _joined(arrays: Sequence[NDArray[np.object_]]) -> NDArray[np.object_]:
    """Return arrays of polygons as one; without any it is still an array of objects."""
    return np.concatenate([np.empty(0, dtype=object), *arrays])


def _short(crs: str) -> str:
    """Return a CRS for a message: its code, or the beginning of its definition."""
    return crs if len(crs) <= 40 else f"{crs[:40]}…"
