"""Change over periods, and between two files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

from frontcalc.archives import Archive
from frontcalc.keywords import facade
from frontcalc.notices import join_codes
from frontcalc.periods import PeriodsLike
from frontcalc.pipeline.comparing import Measured, tabulate
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.spans import Asked, start_files, start_periods
from frontcalc.tables import DiffRow, Meta, Table


@facade
def diff(
    periods: PeriodsLike,
    *,
    archive: str | Path | Archive | None = None,
    with_range: bool = False,
    **options: Unpack[Options],
) -> Table[DiffRow, Meta]:
    """Measure how much territory was gained and lost in each period, by region.

    Parameters
    ----------
    periods : str, int, date or pandas.Period, or sequence of these
        As in 2023, «2024-Q3», «2024-09-01..2024-11-03»; `frontcalc.periods` has the grammar.
    archive : path or Archive
        A folder of dated maps; None for the bundled synthetic sample.
    with_range : bool
        Add the least and the most that each figure comes to under the assumptions open to argument, each
        changed by itself: `sensitivity` lists them, a notice names them. It takes several times as long.
    **options
        How to measure: see `Options`.

    Returns
    -------
    Table of DiffRow
        A row a period, region and actor, areas in km²; of RangeRow `with_range`.

    Raises
    ------
    UsageError
        A period, view, actor, CRS or region option is wrong.
    DataError
        A file that is needed is broken.
    NoDataError
        No period has two maps.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.diff(["2023", "2024"])
    >>> for row in table.rows:
    ...     if row.level == "total":
    ...         print(f"{row.period}: {row.net_km2:+,.1f} km² by {row.closing}")
    2023: +465.0 km² by 2023-12-31
    2024: +2,700.0 km² by 2024-11-17
    """
    return _tabulated(start_periods(periods, archive, options), options if with_range else None)


@facade
def diff_files(
    before: str | Path,
    after: str | Path,
    *,
    with_range: bool = False,
    **options: Unpack[Options],
) -> Table[DiffRow, Meta]:
    """Measure what changed between two single maps.

    The period is named after the two files; dates are those in their names, blank without.

    Parameters
    ----------
    before, after : path
        The two maps, the earlier one first.
    with_range, **options
        As for `diff`.

    Returns
    -------
    Table of DiffRow
        As of `diff`.

    Raises
    ------
    UsageError
        As `diff`; also where the names give dates and the first is the later.
    DataError
        As `diff`.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.convert("maps")  # the bundled sample, a GeoJSON file a map
    >>> table = frontcalc.diff_files("maps/2024-09-01.geojson", "maps/2024-11-03.geojson")
    >>> total = table.rows[-1]
    >>> print(f"{total.net_km2:+,.1f} km² in {total.days} days")
    +1,020.0 km² in 63 days
    """
    return _tabulated(start_files(before, after, options), options if with_range else None)


def _tabulated(asked: Asked, ranges: Options | None) -> Table[DiffRow, Meta]:
    """Return the table, with ranges where options are given to start their alternatives with."""
    if ranges is None:
        return tabulate(DiffRow, diff_rows, asked)
    from frontcalc.pipeline.ranges import tabulate_ranges

    return tabulate_ranges(diff_rows, asked, ranges)


def diff_rows(run: Measuring, measured: Measured) -> Iterator[DiffRow]:
    """Yield a span's rows: figures where two maps stand for its ends, else blanks."""
    span = measured.span
    for line, figures in run.figures(measured.changed, span.days):
        yield DiffRow(
            archive=run.archive.name,
            actor=measured.actor,
            period=span.period.label,
            level=line.level,
            region=line.region,
            opening=span.opening.day if span.opening else None,
            closing=span.closing.day if span.closing else None,
            days=span.days,
            view=run.view.name,
            opening_km2=figures.opening_km2,
            closing_km2=figures.closing_km2,
            gained_km2=figures.gained_km2,
            lost_km2=figures.lost_km2,
            net_km2=figures.net_km2,
            rate_km2_per_day=figures.rate_km2_per_day,
            notes=join_codes(measured.of_row(line, figures)),
            snapped_km2=figures.snapped_km2,
            gained_sliver_km2=figures.gained_sliver_km2,
            lost_sliver_km2=figures.lost_sliver_km2,
        )
