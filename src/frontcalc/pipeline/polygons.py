"""Where ground changed hands: the polygons of the figures of `diff`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

from frontcalc import geometry
from frontcalc.archives import Archive
from frontcalc.change import CONTRADICTION_KM2
from frontcalc.errors import FrontcalcError
from frontcalc.keywords import facade
from frontcalc.periods import PeriodsLike
from frontcalc.pipeline.comparing import Measured, tabulate
from frontcalc.pipeline.conversion import drawn_in_degrees
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.spans import start_files, start_periods
from frontcalc.tables import ChangeRow, Meta, Table


@facade
def changes(
    periods: PeriodsLike,
    *,
    archive: str | Path | Archive | None = None,
    **options: Unpack[Options],
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
    FrontcalcError
        Polygons have not the area of the table's figure.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.changes(["2024-10"], only="Donetsk")
    >>> gained = table.rows[0]
    >>> gained.kind, round(gained.km2, 1), gained.geometry.geom_type
    ('gained', 402.8, 'MultiPolygon')
    """
    return tabulate(ChangeRow, _change_rows, start_periods(periods, archive, options))


@facade
def changes_between(before: str | Path, after: str | Path, **options: Unpack[Options]) -> Table[ChangeRow, Meta]:
    """Return where territory was gained and lost between two single maps.

    Parameters
    ----------
    before, after, **options
        As for `diff_files`.

    Returns
    -------
    Table of ChangeRow
        As of `changes`.

    Raises
    ------
    UsageError, DataError
        As `diff_files`.
    FrontcalcError
        As `changes`.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.convert("maps")  # the bundled sample, a GeoJSON file a map
    >>> table = frontcalc.changes_between("maps/2024-09-01.geojson", "maps/2024-11-03.geojson", only="Donetsk")
    >>> [(row.kind, round(row.km2, 1)) for row in table.rows]
    [('gained', 756.6), ('lost', 11.3)]
    """
    return tabulate(ChangeRow, _change_rows, start_files(before, after, options))


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
        polygons = geometry.polygonal(ground)
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
