"""Change over periods, and between two files: figures, polygons gained and lost, and maps to draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import shapely

from frontcalc import change, geometry
from frontcalc.archives import Archive, pair_archive
from frontcalc.change import CLOSING, CONTRADICTION_KM2, FIGURES, GAINED, GAINED_SLIVER
from frontcalc.errors import DataError, UsageError
from frontcalc.keywords import facade
from frontcalc.levels import Line
from frontcalc.notices import noted
from frontcalc.periods import Period, PeriodsLike, parse_periods
from frontcalc.run.land import drawn_in_degrees, land_left
from frontcalc.run.meta import naming_towns, table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import Measured, border_km2, measured
from frontcalc.run.run import Run
from frontcalc.snapshots import forget_read
from frontcalc.states import Span, State
from frontcalc.tables import TOTAL, ChangeRow, DiffRow, Meta, Table

if TYPE_CHECKING:
    from frontcalc.pictures.change_map import ChangeMap, Panel

BLANK: dict[str, float | None] = dict.fromkeys(FIGURES)  # the figures of a row where nothing was measured


@facade
def diff(
    periods: PeriodsLike,
    *,
    archive: str | Path | Archive | None = None,
    with_range: bool = False,
    with_towns: bool = False,
    **options: Unpack[Keywords],
) -> Table[DiffRow, Meta]:
    """Measure how much territory was gained and lost in each period, by region.

    Parameters
    ----------
    periods : str, int, date or pandas.Period, or sequence of these
        As in 2023, «2024-Q3», «2024-09-01..2024-11-03»; `frontcalc.periods` has the grammar.
    archive : path or Archive
        A folder of dated maps; None for the bundled synthetic sample.
    with_range : bool
        Add the least and the most of each figure under the assumptions open to argument, each changed by
        itself: `sensitivity` lists them, a notice names them. It takes several times as long.
    with_towns : bool
        Find the towns around which each total changed most, which the sentence then names: `meta.most_around`.
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
    wanted = parse_periods(periods)
    run = Run.open(archive, Options(**options))
    if with_range:
        from frontcalc.measure.sensitivity import with_ranges

        ranged = with_ranges(run, run.resolved(wanted))
        return naming_towns(run, ranged, run.resolved(wanted)) if with_towns else ranged
    rows = [row for one in measured(run, run.resolved(wanted)) for row in diff_rows(run, one)]
    table = table_of(run, DiffRow, rows, slivers=True)
    if with_towns:
        table = naming_towns(run, table, run.resolved(wanted))
    return table


@facade
def diff_files(
    before: str | Path,
    after: str | Path,
    *,
    with_range: bool = False,
    with_towns: bool = False,
    **options: Unpack[Keywords],
) -> Table[DiffRow, Meta]:
    """Measure what changed between two single maps.

    The period is named after the two files; dates are those in their names, blank without.

    Otherwise as `diff`; UsageError also where the names give dates and the first is the later.

    Parameters
    ----------
    before, after : path
        The two maps, the earlier one first.

    Returns
    -------
    Table of DiffRow
        As of `diff`.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.convert("maps")  # the bundled sample, a GeoJSON file a map
    >>> table = frontcalc.diff_files("maps/2024-09-01.geojson", "maps/2024-11-03.geojson")
    >>> total = table.rows[-1]
    >>> print(f"{total.net_km2:+,.1f} km² in {total.days} days")
    +1,020.0 km² in 63 days
    """
    run, spans = between_files(before, after, Options(**options))
    if with_range:
        from frontcalc.measure.sensitivity import with_ranges

        table = with_ranges(run, spans)
    else:
        rows = [row for one in measured(run, spans) for row in diff_rows(run, one)]
        table = table_of(run, DiffRow, rows, slivers=True)
    return naming_towns(run, table, spans) if with_towns else table


@facade
def changes(
    periods: PeriodsLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> Table[ChangeRow, Meta]:
    """Return where territory was gained and lost in each period, as polygons split by region.

    Otherwise as `diff`; FrontcalcError where polygons have not the area of the table's figure.

    Returns
    -------
    Table of ChangeRow
        A row a period, actor, kind and region that has any change: its area (km²) and its polygons in longitude and
        latitude. Slivers have a row of their own beside it; the two areas together are that of `diff`. Of several
        levels the finest is taken, so that no ground is there twice.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.changes(["2024-10"], only="Donetsk")
    >>> [(row.kind, row.sliver, round(row.km2, 1)) for row in table.rows]
    [('gained', False, 401.3), ('gained', True, 1.5), ('lost', False, 4.2), ('lost', True, 3.1)]
    """
    wanted = parse_periods(periods)
    run = Run.open(archive, Options(**options))
    return _polygons(run, run.resolved(wanted))


@facade
def changes_between(before: str | Path, after: str | Path, **options: Unpack[Keywords]) -> Table[ChangeRow, Meta]:
    """Return where territory was gained and lost between two single maps.

    Otherwise as `diff_files`; FrontcalcError as `changes`.

    Returns
    -------
    Table of ChangeRow
        As of `changes`.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.convert("maps")  # the bundled sample, a GeoJSON file a map
    >>> table = frontcalc.changes_between("maps/2024-09-01.geojson", "maps/2024-11-03.geojson", only="Donetsk")
    >>> round(sum(row.km2 for row in table.rows if row.kind == "gained"), 1)
    756.6
    """
    return _polygons(*between_files(before, after, Options(**options)))


@facade
def change_map(
    periods: PeriodsLike, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> ChangeMap:
    """Return where ground changed hands in each period, ready to be drawn.

    Otherwise as `diff`.

    Returns
    -------
    ChangeMap
        With `plot`, `image` and `save`; its `table` is what `diff` returns. A notebook shows the map.

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

    Otherwise as `diff_files`.

    Returns
    -------
    ChangeMap
        As of `change_map`; its `table` is what `diff_files` returns.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.convert("maps")  # the bundled sample, a GeoJSON file a map
    >>> scene = frontcalc.change_map_between("maps/2024-09-01.geojson", "maps/2024-11-03.geojson")
    >>> scene.table
    <Table of 34 DiffRow>
    """
    return _pictured(*between_files(before, after, Options(**options)))


def between_files(before: str | Path, after: str | Path, options: Options) -> tuple[Run, list[Span]]:
    """Return a run on two single maps, with the one period between them, by actor; errors as of `diff_files`."""
    forget_read()
    maps = pair_archive(before, after, legend=options.legend)
    run = Run(maps.skipping_bad() if options.skip_bad else maps, options)
    run.choose_regions(None)
    opening, closing = (State(run.snapshot(ref)) for ref in run.archive.refs)
    drawn = [part for state in (closing, opening) for part in state.snapshot.layers]
    counted = dict.fromkeys(part.layer.actor for part in drawn if run.view.counts(part.name, part.layer))
    run.actors = tuple(counted) if run.actor else tuple(counted)[:1]
    if run.actor and run.actor.casefold() != "all":
        run.actors = (run.actor,)
    if not run.actors:
        none = f"neither file has a layer that view {run.view.name} counts"
        raise UsageError(none, where=maps.name, cure="choose another --view or --actor")
    for actor in run.actors:
        states = run.states(actor)
        for ref in run.archive.refs:
            states.check_known(ref)
        states.check_view(run.archive.refs[0])
        lacking = set(run.view.missing(closing.snapshot.named_layers(actor)))
        if gone := lacking - set(run.view.missing(opening.snapshot.named_layers(actor))):
            problem = f"has no layer {' or '.join(sorted(gone))} of {actor}, which {maps.refs[0].names[0]} has"
            raise DataError(problem, where=maps.refs[1].names[0], cure="choose a --view that both have")
    notices = tuple(dict.fromkeys([*opening.snapshot.notices, *closing.snapshot.notices]))
    period = Period(maps.name, opening.day, closing.day)
    return run, [Span(period, opening, closing, notices, actor) for actor in run.actors]


def diff_rows(run: Run, one: Measured) -> Iterator[DiffRow]:
    """Yield a period's rows: figures where two maps stand for its ends, else blanks."""
    own, shown = columns_of(run, one.span), run.shown(one.change) if one.change else None
    partition, closing = run.partition_for(one.span.actor), one.change.km2[CLOSING] if one.change else None
    lines = run.lines.shown
    figures_of: list[Any] = shown.rows([line.members for line in lines]) if shown else [BLANK] * len(lines)
    for line, figures in zip(lines, figures_of, strict=True):
        net, days = figures["net_km2"], own["days"]
        rate = net / days if days and net is not None else None
        notices = (notice for notice, rows in one.remarks if rows is None or line in rows)
        own |= noted(notices, "net_interpolated_km2" if line in one.interpolated else "")
        near = border_km2(run, one.span.actor, line, shown)
        own |= {"level": line.level, "region": line.region, "border_km2": None if near is None else sum(near)}
        own["net_interpolated_km2"] = one.interpolated.get(line)
        yield DiffRow(rate_km2_per_day=rate, **own | land_left(partition, line, closing), **figures)


def columns_of(run: Run, span: Span) -> dict[str, Any]:
    """Return the columns that all rows of a period share, by name."""
    return {
        "archive": run.archive.name,
        "actor": span.actor,
        "period": span.period.label,
        "opening": span.opening.day if span.opening else None,
        "closing": span.closing.day if span.closing else None,
        "days": span.days,
        "view": run.view.name,
    }


def polygons(run: Run, one: Measured) -> Iterator[tuple[str, Line, bool, float, shapely.MultiPolygon]]:
    """Yield the polygons of a change: kind, row of the finest level, whether slivers, figure (km²), ground (m)."""
    if one.change is None or one.change.ground is None:
        return
    partition, km2 = run.partition_for(one.span.actor), one.change.km2[:, 0]
    for place, (kind, parts) in enumerate(zip(("gained", "lost"), one.change.ground, strict=True)):
        thin_km2 = km2[GAINED_SLIVER + place]
        cut = [(False, km2[GAINED + place] - thin_km2, change.by_region(parts.polygons[~parts.thin], partition))]
        if not run.options.drop_slivers:
            cut.append((True, thin_km2, change.by_region(parts.polygons[parts.thin], partition)))
        for line in finest_lines(run):
            for sliver, figures, grounds in cut:
                if not (ground := line.ground_of(grounds)).is_empty:
                    yield kind, line, sliver, line.sum_of(figures), ground


def finest_lines(run: Run) -> list[Line]:
    """Return the rows of the finest level shown, so that no ground is counted twice."""
    finest = run.lines.levels[-1] if run.lines.levels else TOTAL
    return [line for line in run.lines.shown if line.level == finest]


def _polygons(run: Run, spans: Iterable[Span]) -> Table[ChangeRow, Meta]:
    """Return the polygons of some periods, none where one has not two maps."""
    rows: list[ChangeRow] = []
    for one in measured(run, spans, ground=True):
        own = columns_of(run, one.span)
        for kind, line, sliver, km2, ground in polygons(run, one):
            drawn = drawn_figure(run, f"{kind} in {line.region}", km2, ground)
            ends = own["opening"], own["closing"]
            rows.append(ChangeRow(own["period"], own["actor"], line.region, kind, km2, *ends, sliver, drawn))
    return table_of(run, ChangeRow, rows, slivers=run.options.drop_slivers)


def drawn_figure(run: Run, what: str, km2: float, ground: shapely.Geometry) -> shapely.MultiPolygon:
    """Return the ground of a figure in degrees; FrontcalcError says that it has another area than the figure."""
    drawn_km2 = float(geometry.area_km2(ground))
    if abs(drawn_km2 - km2) > CONTRADICTION_KM2:
        raise change.contradiction(f"{km2:.6f} km² {what}, {drawn_km2:.6f} by polygons", "maps and the regions")
    return drawn_in_degrees(geometry.polygonal(ground), run.options.crs)


def _pictured(run: Run, spans: Iterable[Span]) -> ChangeMap:
    """Return the table of some periods, named by towns, together with the ground of each."""
    from frontcalc.pictures.change_map import ChangeMap  # loaded where something is drawn

    panels: list[Panel] = []
    rows: list[DiffRow] = []
    for one in measured(run, spans := [*spans], ground=True):
        rows += diff_rows(run, one)
        panels.append(panel_of(run, one, rows[-1]))
    table = naming_towns(run, table_of(run, DiffRow, rows, slivers=True), spans)
    return ChangeMap(table, tuple(panels), run.options.crs, run.chosen)


def panel_of(run: Run, one: Measured, total: DiffRow) -> Panel:
    """Return the ground of a period to be drawn, with its total; none of a period without two maps."""
    from frontcalc.pictures.change_map import Panel

    ground: dict[str, list[shapely.MultiPolygon]] = {"held": [], "gained": [], "lost": []}
    if one.change is not None and one.span.opening is not None:
        ground["held"].append(run.ground(run.holding(one.span.opening.snapshot, one.span.actor)))
        for kind, *_, part in polygons(run, one):
            ground[kind].append(part)
    held, *changed = map(geometry.polygonal, ground.values())
    return Panel(total, held, tuple(changed))
