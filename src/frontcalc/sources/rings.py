"""Polygons out of rings, the same for every format: closed, checked, and refused by the name of their feature."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc.crs import fault_of_degrees, is_geographic
from frontcalc.errors import DataError
from frontcalc.sources.limits import check_vertices

Ring = Sequence[Sequence[float]] | NDArray[np.float64]
"""Positions of two values or more; what comes after x and y is not read."""

Part = tuple[int, Sequence[Any]]
"""The index of a feature, and the rings of one of its polygons, the outer ring first."""


# The Earth's girth in millimetres is 4e10; beyond this nothing is meant, and figures overflow.
_FARTHEST = 1e12

_UNDECLARED = "a file in a projected CRS must declare it («crs» in GeoJSON, «spatialReference» in Esri JSON)"


def build_polygons(parts: Sequence[Part], crs: str, *, where: str) -> NDArray[np.object_]:
    """Return a polygon for each part.

    Z values are dropped and rings that were left open are closed, neither of which changes an area.

    Parameters
    ----------
    parts : sequence of Part
        The polygons; none is without rings.
    crs : str
        The CRS of the coordinates.
    where : str
        The file's name, for messages.

    Returns
    -------
    (n,) array of shapely Polygon
        As drawn: they may be invalid.

    Raises
    ------
    DataError
        A ring has too few points, a position is no pair of finite numbers, or no longitude and latitude
        though the CRS is in degrees. The message names the feature.
    """
    if not parts:
        return np.empty(0, dtype=object)
    try:
        rings = [ring for _, polygon in parts for ring in polygon]
        owner = np.repeat([feature for feature, _ in parts], [len(polygon) for _, polygon in parts])
        lengths = np.array([len(ring) for ring in rings])
        if not lengths.all():
            raise ValueError("an empty ring")
        check_vertices(int(lengths.sum()), where=where)
        xy = _coordinates(rings)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError) as error:
        raise DataError(
            f"feature {_first_unreadable(parts)} has coordinates that are not lists of positions",
            where=where,
            cure="repair it or use --skip-bad",
        ) from error
    xy, lengths = _closed(xy, lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    short = np.flatnonzero(lengths < 4)
    if len(short):
        fault = f"has a ring of {lengths[short[0]] - 1} points"
        raise refused_ring(int(owner[short[0]]), fault, xy[offsets[short[0]]], where=where)
    wild = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(wild):
        ring = int(np.searchsorted(offsets, wild[0], side="right")) - 1
        raise refused_ring(int(owner[ring]), "has a coordinate that is no finite number", xy[wild[0]], where=where)
    check_on_earth(xy, crs, where=where, cure=_UNDECLARED)
    ends = np.cumsum([0, *(len(polygon) for _, polygon in parts)])
    return np.asarray(shapely.from_ragged_array(shapely.GeometryType.POLYGON, xy, (offsets, ends)), dtype=object)


def refused_ring(feature: int, fault: str, at: NDArray[np.float64], *, where: str) -> DataError:
    """Return the error that names a ring's feature and place."""
    return DataError(
        f"feature {feature} {fault}, at {at[0]:.5f}, {at[1]:.5f}",
        where=where,
        cure="repair it or use --skip-bad",
        code="BROKEN-RING",
        at=(float(at[0]), float(at[1])),
    )


def _first_unreadable(parts: Sequence[Part]) -> int:
    """Return the first feature whose rings cannot be read, once it is known that there is one."""
    for feature, polygon in parts:
        try:
            for ring in polygon:
                if not len(ring) or not len(_coordinates([ring])):
                    return feature
        except (TypeError, ValueError, IndexError, KeyError, OverflowError):
            return feature
    return parts[-1][0]


def _coordinates(rings: Sequence[Ring]) -> NDArray[np.float64]:
    """Return all positions as (n, 2), whatever further values each has."""
    if isinstance(rings[0], np.ndarray):
        return np.concatenate(rings)
    positions = list(chain.from_iterable(rings))
    if set(map(len, positions)) == {2}:
        flat = chain.from_iterable(positions)
    else:
        flat = chain.from_iterable((position[0], position[1]) for position in positions)
    # Unlike NumPy, an array of the standard library takes no text for a number; but it takes true for 1.
    xy = np.frombuffer(array("d", flat)).reshape(-1, 2)
    for at in np.flatnonzero(((xy == 0.0) | (xy == 1.0)).any(axis=1)).tolist():
        if bool in map(type, positions[at][:2]):
            raise TypeError("true or false is no number")
    return xy


def _closed(xy: NDArray[np.float64], lengths: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the rings with their first position repeated at the end where it was not."""
    ends = np.cumsum(lengths)
    first = xy[ends - lengths]
    left_open = (first != xy[ends - 1]).any(axis=1)
    if not left_open.any():
        return xy, lengths
    return np.insert(xy, ends[left_open], first[left_open], axis=0), lengths + left_open


def check_on_earth(xy: NDArray[np.float64], crs: str, *, where: str, cure: str) -> None:
    """Refuse finite coordinates that no place on Earth has.

    Parameters
    ----------
    xy : (n, 2) array of float
        Coordinates in `crs`.
    crs : str
        What they are said to be in.
    where : str
        The file's name, for messages.
    cure : str
        What to do where they are no degrees, though the CRS is in degrees.

    Raises
    ------
    DataError
        One is no longitude or latitude, or farther away than any unit of length makes it.
    """
    if not len(xy):
        return
    (west, south), (east, north) = xy.min(axis=0), xy.max(axis=0)
    extent = f"x {west:.6g} to {east:.6g}, y {south:.6g} to {north:.6g}"
    if is_geographic(crs):
        if west < -180.0 or east > 180.0 or south < -90.0 or north > 90.0:
            raise DataError(
                f"its coordinates are no degrees: {extent}",
                where=where,
                cure=cure,
                code=fault_of_degrees((west, south, east, north)),
            )
    elif max(-west, -south, east, north) > _FARTHEST:
        raise DataError(
            f"its coordinates are no place on Earth: {extent}", where=where, cure="check its CRS", code="OUT-OF-RANGE"
        )
