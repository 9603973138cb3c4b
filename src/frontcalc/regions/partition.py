"""Making regions that overlap a partition."""

from __future__ import annotations

import numpy as np
import shapely

from frontcalc import geometry
from frontcalc.errors import DataError
from frontcalc.notices import Notice
from frontcalc.regions.cutting import Floats, Geometries, Owners

MAY_SHARE = 0.01
"""What two regions may share, of the smaller one's area: more is no error of drawing."""

# Shared borders overlap by rounding alone; a square metre is far below every figure printed.
_TOUCHING_M2 = 1.0


def partition(
    pieces: Geometries, owner: Owners, names: tuple[str, ...], where: str
) -> tuple[Geometries, Owners, tuple[Notice, ...]]:
    """Give what two regions share to the one whose pieces come first, and say how much that was.

    Parameters
    ----------
    pieces : (m,) array of Polygon
        Of all regions, in metres; those of one region do not overlap.
    owner : (m,) array of int
        The index into `names` of each piece's region.
    names : tuple of str
        The regions' names.
    where : str
        The file, for messages.

    Raises
    ------
    DataError
        Two regions share more than `MAY_SHARE` of the smaller.
    """
    first, second = shapely.STRtree(pieces).query(pieces)
    apart = (first < second) & (owner[first] != owner[second])
    first, second = first[apart], second[apart]
    shared_m2 = shapely.area(shapely.intersection(pieces[first], pieces[second]))
    real = shared_m2 > 0
    first, second, shared_m2 = first[real], second[real], shared_m2[real]
    area_m2 = np.bincount(owner, shapely.area(pieces)).astype(np.float64)
    notices = _overlaps(owner[first], owner[second], shared_m2, area_m2, names, where)
    pieces = pieces.copy()
    for early, late in zip(first, second, strict=True):
        pieces[late] = shapely.difference(pieces[late], pieces[early])
    polygons, index = geometry.polygons_of(pieces)
    return polygons, owner[index], notices


def _overlaps(
    first: Owners, second: Owners, shared_m2: Floats, area_m2: Floats, names: tuple[str, ...], where: str
) -> tuple[Notice, ...]:
    """Return a notice of what pairs of regions share, if anything; refuse a pair that shares too much."""
    by_pair: dict[tuple[int, int], float] = {}
    for one, other, m2 in zip(first.tolist(), second.tolist(), shared_m2.tolist(), strict=True):
        by_pair[one, other] = by_pair.get((one, other), 0.0) + m2
    if sum(by_pair.values()) <= _TOUCHING_M2:
        return ()

    def share(pair: tuple[int, int]) -> float:
        return by_pair[pair] / float(min(area_m2[list(pair)]))

    worst, largest = max(by_pair, key=share), max(by_pair, key=lambda pair: by_pair[pair])
    if share(worst) > MAY_SHARE:
        raise DataError(
            f"{names[worst[0]]} and {names[worst[1]]} overlap by {by_pair[worst] / 1e6:.3f} km², "
            f"{share(worst):.1%} of the smaller",
            where=where,
            cure=f"give a file whose regions share no more than {MAY_SHARE:.0%}",
        )
    most = f"{names[largest[0]]} and {names[largest[1]]} ({by_pair[largest] / 1e6:.3f} km²)"
    return (Notice("REGIONS-OVERLAP", f"{where}: {sum(by_pair.values()) / 1e6:.3f} km², most between {most}"),)
