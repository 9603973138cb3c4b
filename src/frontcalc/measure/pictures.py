"""Maps of change, measured as `diff` measures and ready to be drawn."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Unpack

import shapely

from frontcalc import geometry
from frontcalc.archives import Archive
from frontcalc.keywords import facade
from frontcalc.measure.diff import between_files, diff_rows, polygons
from frontcalc.periods import PeriodsLike, parse_periods
from frontcalc.run.meta import table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import measured
from frontcalc.run.run import Run
from frontcalc.states import Span
from frontcalc.tables import DiffRow
from frontcalc.viz.scene import ChangeMap, Panel


@facade
def change_map(
    periods: PeriodsLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
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
    wanted = parse_periods(periods)
    run = Run.open(archive, Options(**options))
    return _pictured(run, run.resolved(wanted))


@facade
def change_map_between(before: str | Path, after: str | Path, **options: Unpack[Keywords]) -> ChangeMap:
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
    return _pictured(*between_files(before, after, Options(**options)))


def _pictured(run: Run, spans: Iterable[Span]) -> ChangeMap:
    """Return the table of some periods together with the ground of each."""
    panels: list[Panel] = []
    rows: list[DiffRow] = []
    for one in measured(run, spans, ground=True):
        rows += diff_rows(run, one)
        ground: dict[str, list[shapely.MultiPolygon]] = {"held": [], "gained": [], "lost": []}
        # Nothing is drawn of a period without two maps.
        if one.change is not None and one.span.opening is not None:
            ground["held"].append(run.ground(run.holding(one.span.opening.snapshot, one.span.actor)))
            for kind, _, _, part in polygons(run, one):
                ground[kind].append(part)
        panels.append(Panel(rows[-1], *map(geometry.polygonal, ground.values())))
    return ChangeMap(table_of(run, DiffRow, rows, slivers=True), tuple(panels), run.options.crs, run.regions)
