"""Maps of change, measured as `diff` measures and ready to be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

import numpy as np
import shapely

from frontcalc import geometry
from frontcalc.archives import Archive
from frontcalc.keywords import facade
from frontcalc.periods import PeriodsLike
from frontcalc.pipeline.comparing import Measured, tabulate
from frontcalc.pipeline.diffs import diff_rows
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.spans import Asked, start_files, start_periods
from frontcalc.tables import DiffRow
from frontcalc.viz.scene import ChangeMap, Panel

_NOTHING = np.empty(0, dtype=object)


@facade
def change_map(
    periods: PeriodsLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Options]
) -> ChangeMap:
    """Return where ground changed hands in each period, ready to be drawn.

    Parameters
    ----------
    periods, archive, **options
        As for `diff`.

    Returns
    -------
    ChangeMap
        With `plot`, `image` and `save`; its `table` is what `diff` returns. A notebook shows the map.

    Raises
    ------
    UsageError, DataError, NoDataError
        As `diff`.

    Examples
    --------
    >>> import frontcalc
    >>> scene = frontcalc.change_map(["2024"])
    >>> scene.save("2024.png", zoom="Donetsk", size="800x600")
    """
    return _pictured(start_periods(periods, archive, options))


@facade
def change_map_between(before: str | Path, after: str | Path, **options: Unpack[Options]) -> ChangeMap:
    """Return where ground changed hands between two single maps, ready to be drawn.

    Parameters
    ----------
    before, after, **options
        As for `diff_files`.

    Returns
    -------
    ChangeMap
        As of `change_map`; its `table` is what `diff_files` returns.

    Raises
    ------
    UsageError, DataError
        As `diff_files`.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.convert("maps")  # the bundled sample, a GeoJSON file a map
    >>> scene = frontcalc.change_map_between("maps/2024-09-01.geojson", "maps/2024-11-03.geojson")
    >>> scene.table
    <Table of 34 DiffRow>
    """
    return _pictured(start_files(before, after, options))


def _pictured(asked: Asked) -> ChangeMap:
    """Return the table of what was asked for together with the ground of each period."""
    panels: list[Panel] = []

    def rows(run: Measuring, measured: Measured) -> Iterator[DiffRow]:
        found = list(diff_rows(run, measured))
        panels.append(_panel(run, measured, found[-1]))
        yield from found

    table = tabulate(DiffRow, rows, asked)
    run = asked.run
    return ChangeMap(table, tuple(panels), run.crs, run.regions)


def _panel(run: Measuring, measured: Measured, total: DiffRow) -> Panel:
    """Return the ground of one period, of the rows that are shown; nothing where it has not two maps."""
    changed, opening = measured.changed, measured.span.opening
    if changed is None or opening is None:
        return Panel(total, _NOTHING, _NOTHING, _NOTHING)
    ground: dict[str, list[shapely.MultiPolygon]] = {"gained": [], "lost": []}
    for kind, _, _, part in run.polygons(changed):
        ground[kind].append(part)
    held = run.ground(opening.snapshot, measured.actor)
    return Panel(
        total, geometry.polygonal(held), geometry.polygonal(ground["gained"]), geometry.polygonal(ground["lost"])
    )
