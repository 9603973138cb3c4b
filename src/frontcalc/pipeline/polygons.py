"""Where ground changed hands: the polygons of the figures of `diff`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Unpack

import numpy as np
import shapely

from frontcalc import geometry
from frontcalc.outputs.geodata import tidy_polygons
from frontcalc.pipeline.conversion import to_degrees
from frontcalc.pipeline.diffs import Measured, over_files, over_periods, tabulate
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options
from frontcalc.tables import ChangeRow, Meta, Table


def changes(
    periods: Sequence[str], *, archive: str | Path | None = None, **options: Unpack[Options]
) -> Table[ChangeRow, Meta]:
    """Return where territory was gained and lost in each period, as polygons split by region.

    Parameters
    ----------
    periods, archive, **options
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
    """
    return tabulate(ChangeRow, _change_rows, *over_periods(periods, archive, options))


def changes_between(before: str | Path, after: str | Path, **options: Unpack[Options]) -> Table[ChangeRow, Meta]:
    """Return where territory was gained and lost between two single maps: see `changes` and `diff_files`."""
    return tabulate(ChangeRow, _change_rows, *over_files(before, after, options))


def _change_rows(run: Measuring, measured: Measured) -> Iterator[ChangeRow]:
    """Yield a span's polygons, none where it has not two maps."""
    span = measured.span
    for kind, region, ground in run.polygons(span, measured.actor):
        polygons = geometry.polygonal(np.array([ground], dtype=object))
        yield ChangeRow(
            period=span.period.label,
            actor=measured.actor,
            region=region,
            kind=kind,
            km2=float(np.sum(geometry.area_km2(polygons))),
            opening=span.opening.day if span.opening else None,
            closing=span.closing.day if span.closing else None,
            geometry=shapely.MultiPolygon(list(tidy_polygons(geometry.repair(to_degrees(polygons, run.crs))))),
        )
