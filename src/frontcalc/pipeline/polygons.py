"""Where ground changed hands: the polygons of the figures of `diff`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Unpack

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.change import CONTRADICTION_KM2
from frontcalc.errors import FrontcalcError
from frontcalc.outputs.geodata import tidy_polygons
from frontcalc.pipeline.comparing import Measured, tabulate
from frontcalc.pipeline.conversion import to_degrees
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.spans import start_files, start_periods
from frontcalc.tables import ChangeRow, Meta, Table


def changes(
    periods: Sequence[str],
    *,
    archive: str | Path | None = None,
    places: str | Path | None = None,
    **options: Unpack[Options],
) -> Table[ChangeRow, Meta]:
    """Return where territory was gained and lost in each period, as polygons split by region.

    Parameters
    ----------
    periods, archive, places, **options
        As for `diff`.

    Returns
    -------
    Table of ChangeRow
        A row a period, actor, kind and region that has any change, with its area (km²) and its polygons in
        longitude and latitude. The areas are the `gained_km2` and `lost_km2` of `diff`. Of several levels the
        finest is taken, so that no ground is there twice.

    Raises
    ------
    UsageError, DataError, NoDataError
        As `diff`.
    FrontcalcError
        Polygons have not the area of the table's figure.
    """
    return tabulate(ChangeRow, _change_rows, start_periods(periods, archive, options), places)


def changes_between(
    before: str | Path, after: str | Path, *, places: str | Path | None = None, **options: Unpack[Options]
) -> Table[ChangeRow, Meta]:
    """Return where territory was gained and lost between two single maps: see `changes` and `diff_files`."""
    return tabulate(ChangeRow, _change_rows, start_files(before, after, options), places)


def _change_rows(run: Measuring, measured: Measured) -> Iterator[ChangeRow]:
    """Yield a span's polygons, none where it has not two maps."""
    span = measured.span
    if measured.changed is None:
        return
    for kind, region, km2, ground in run.polygons(measured.changed):
        drawn_km2 = float(geometry.area_km2(ground))
        if abs(drawn_km2 - km2) > CONTRADICTION_KM2:
            raise FrontcalcError(
                f"the overlay contradicts itself: {km2:.6f} km² {kind} in {region}, {drawn_km2:.6f} by polygons",
                cure="please report it with the maps and the regions",
            )
        polygons = geometry.polygonal(np.array([ground], dtype=object))
        yield ChangeRow(
            period=span.period.label,
            actor=measured.actor,
            region=region,
            kind=kind,
            km2=km2,
            opening=span.opening.day if span.opening else None,
            closing=span.closing.day if span.closing else None,
            geometry=drawn_in_degrees(polygons, run.crs),
        )


def drawn_in_degrees(polygons: NDArray[np.object_], plane: str) -> shapely.MultiPolygon:
    """Return polygons of a projection in degrees, valid and in one form and order."""
    # Degrees round otherwise than metres: polygons that touched may now overlap by a hair.
    degrees = geometry.union(geometry.repair(to_degrees(polygons, plane)))
    return shapely.MultiPolygon(list(tidy_polygons(geometry.polygonal(np.array([degrees], dtype=object)))))
