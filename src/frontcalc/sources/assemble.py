"""What the binary formats share: geometry of any kind into flat polygons, layer names, several parts into one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc.crs import is_geographic, may_be_in, short_name, unit_m
from frontcalc.dates import without_day
from frontcalc.errors import DataError
from frontcalc.layers import INNER, find_layer, layer_name, spelling, stated_layer
from frontcalc.names import printable
from frontcalc.sources.features import Features, Properties
from frontcalc.sources.limits import check_vertices
from frontcalc.sources.nesting import nest_polygons
from frontcalc.sources.rings import check_on_earth

_POLYGON = shapely.GeometryType.POLYGON

# WKT, hexadecimal WKB, and GeoJSON as text, of what has an area.
_AS_TEXT = re.compile(
    r"\s*(?:SRID=\d+;)?\s*(?:(?:MULTI|CURVE)?POLYGON|GEOMETRYCOLLECTION|MULTISURFACE)\s*Z?M?\s*\("
    r"|(?:01(?:03|06)0000|00[0-9A-F]{2}00000[36])[0-9A-F]{16}"
    r"|\s*\{.*\"coordinates\"\s*:\s*\[\s*\[\s*\[",
    re.IGNORECASE | re.DOTALL,
)


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
    polygons, owner = nest_polygons(polygons, owner, where=where)
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


def refuse_bare(features: Features, *, where: str) -> None:
    """Refuse features none of which has a geometry, or one whose geometry stands among its properties.

    No features at all are an empty map, and so is one row for each known layer, as ISW keeps of a layer that is empty.

    Raises
    ------
    DataError
        Of what is drawn nothing arrived, so that all would count as lost.
    """
    drawn = np.zeros(len(features.properties), dtype=bool)
    drawn[features.owner] = drawn[features.not_area] = True
    if drawn.all():
        return
    for index in np.flatnonzero(~drawn).tolist():
        refuse_misplaced(features.properties[index], index, where=where)
    if not drawn.any() and not _empty_layers(features):
        raise DataError(
            f"holds no polygons: none of its features ({len(drawn):,}) has a geometry",
            where=where,
            cure="download it with its geometry, or remove it",
        )


def _empty_layers(features: Features) -> bool:
    """Say whether each feature is of a known layer of its own."""
    names = [without_day(layer_name(own)) for own in features.properties]
    known = all(find_layer(name) or stated_layer(own) for name, own in zip(names, features.properties, strict=True))
    return known and len(set(map(spelling, names))) == len(names)


def count_bare(features: Features) -> int:
    """Return how many features have no geometry and name no layer, which could be empty."""
    drawn = {*features.owner.tolist(), *features.not_area.tolist()}
    bare = () if len(drawn) == len(features.properties) else enumerate(features.properties)
    return sum(index not in drawn and not layer_name(own) for index, own in bare)


def refuse_misplaced(members: Mapping[str, object], index: int, *, where: str) -> None:
    """Refuse a feature without geometry that has one under another name.

    Parameters
    ----------
    members : mapping
        Its properties, or what a document says of it beside them.
    index : int
        Which feature it is.
    where : str
        The file's name, for messages.

    Raises
    ------
    DataError
        A member is a GeoJSON or Esri geometry, or one as text.
    """
    for name, value in members.items():
        if _is_area(name, value):
            raise DataError(
                f"feature {index} has no «geometry», but {printable(name)!r} holds one",
                where=where,
                cure="export it as its geometry",
            )


def _is_area(name: str, value: object) -> bool:
    """Say whether a member of a feature is, or a text in it writes out, what should be its geometry."""
    if isinstance(value, Mapping):
        return any(_is_area(member, inside) for member, inside in value.items() if isinstance(inside, list))
    if isinstance(value, list):
        return name in ("coordinates", "rings", "geometries") and len(value) > 0 and isinstance(value[0], list | dict)
    return isinstance(value, str) and _AS_TEXT.match(value) is not None


def refuse_impossible(features: Features, *, where: str) -> None:
    """Refuse a declared CRS in metres or feet that cannot be that of the coordinates.

    Raises
    ------
    DataError
        The coordinates are degrees, or lie far outside of where the CRS is used.
    """
    if not len(features.polygons) or is_geographic(features.crs):
        return
    west, south, east, north = map(float, shapely.total_bounds(features.polygons))
    degrees = max(abs(west), abs(east)) <= 180.0 and max(abs(south), abs(north)) <= 90.0
    if degrees and unit_m(features.crs) <= 1.0:
        fault = "is in metres, but its coordinates are degrees"
    elif not may_be_in(features.crs, (west, south, east, north)):
        fault = "has no place for its coordinates"
    else:
        return
    raise DataError(
        f"declares {short_name(features.crs)}, which {fault}: x {west:.6g} to {east:.6g}, y {south:.6g} to {north:.6g}",
        where=where,
        cure="declare the CRS that the coordinates are in",
        code="CRS-IMPOSSIBLE",
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
