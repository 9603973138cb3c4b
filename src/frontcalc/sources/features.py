"""What every reader returns: flat arrays, so that nothing above knows a file format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Properties = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Features:
    """The features of one file.

    Parameters
    ----------
    crs : str
        The CRS of the coordinates, in a form that pyproj takes.
    properties : tuple of mapping
        One for each feature, in the file's order.
    polygons : (n,) array of shapely Polygon
        Two-dimensional, in source coordinates, as drawn: they may be invalid.
    owner : (n,) array of int
        The index of the feature that each polygon is of. A feature without polygons has none.
    not_area : int
        How many points and lines the file holds; they are not in `polygons`.
    synthetic : bool
        Whether the file says of itself that it is made up, as the bundled sample does.
    """

    crs: str
    properties: tuple[Properties, ...]
    polygons: NDArray[np.object_]
    owner: NDArray[np.intp]
    not_area: int = 0
    synthetic: bool = False
