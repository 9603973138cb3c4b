"""What every reader returns: flat arrays, so that nothing above knows a file format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from frontcalc.notices import Notice

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
    not_area : (k,) array of int
        The feature of each point and line; they are not in `polygons`.
    synthetic : bool
        Whether the file says of itself that it is made up, as the bundled sample does.
    notices : tuple of Notice
        What was not read of a zip: members that are no geodata, or were to be skipped.
    """

    crs: str
    properties: tuple[Properties, ...]
    polygons: NDArray[np.object_]
    owner: NDArray[np.intp]
    not_area: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    synthetic: bool = False
    notices: tuple[Notice, ...] = ()

    def select(self, keep: NDArray[np.bool_]) -> Features:
        """Return only the features that are kept, (n,) of bool."""
        place = np.cumsum(keep) - 1
        mine, points = keep[self.owner], keep[self.not_area]
        return replace(
            self,
            properties=tuple(own for own, kept in zip(self.properties, keep, strict=True) if kept),
            polygons=self.polygons[mine],
            owner=place[self.owner[mine]],
            not_area=place[self.not_area[points]],
        )
