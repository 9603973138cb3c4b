"""Change by calendar period: with shares of land, and gross sums over the steps inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from frontcalc.archives import Archive, SnapshotRef
from frontcalc.gross import Gross, add_steps
from frontcalc.keywords import facade
from frontcalc.layers import COUNTRIES
from frontcalc.levels import Line
from frontcalc.notices import Notice
from frontcalc.periods import Period
from frontcalc.pipeline.comparing import Measured, tabulate
from frontcalc.pipeline.diffs import diff_rows
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import open_maps, start
from frontcalc.pipeline.region_shapes import RegionLand, land_of, shapes_of
from frontcalc.pipeline.spans import Asked, nothing_measured
from frontcalc.pipeline.steps import Step
from frontcalc.pipeline.summary_periods import SummaryOptions, Wish, checked, periods_of
from frontcalc.pipeline.suspicions import Redefinition, Suspicions
from frontcalc.pipeline.timeline import neighbours
from frontcalc.progress import track
from frontcalc.states import Span, State, resolve
from frontcalc.tables import GrossRow, MapUsed, Meta, PeriodRow, SummaryMeta, SummaryRow, Table

INVASION = "2022-02-24"
"""The day that Russia's full-scale invasion of Ukraine began, which ISW's maps open with: a baseline by name."""


@facade
def summary(
    *, every: str = "year", archive: str | Path | Archive | None = None, **options: Unpack[SummaryOptions]
) -> Table[SummaryRow, SummaryMeta]:
    """Measure how much territory was gained and lost in each calendar period, and what share of the land is held.

    Parameters
    ----------
    every : str
        `year`, `quarter`, `month` or `week` (ISO 8601).
    archive : path or Archive
        A folder of dated maps; None for the bundled synthetic sample.
    **options
        What to show and how to measure: see `SummaryOptions` and `Options`.

    Returns
    -------
    Table of SummaryRow
        A row a period, region and actor, areas in km²; of GrossRow with `gross`.

    Raises
    ------
    UsageError, DataError
        As `diff`.
    NoDataError
        No period has two maps, or the archive begins after the baseline.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.summary(every="quarter", since="2024", by="none")
    >>> for row in table.rows:
    ...     print(f"{row.period}: {row.net_km2:+,.1f} km² by {row.closing}")
    2024-Q1: +339.4 km² by 2024-03-31
    2024-Q2: +611.9 km² by 2024-06-30
    2024-Q3: +858.3 km² by 2024-09-29
    2024-Q4: +890.5 km² by 2024-11-17
    """
    (table,) = summaries((every,), archive=archive, **options)
    return table


def summaries(
    units: Sequence[str], *, archive: str | Path | Archive | None = None, **options: Unpack[SummaryOptions]
) -> list[Table[SummaryRow, SummaryMeta]]:
    """Return a summary by each of several units, measured in one run; otherwise as `summary`."""
    asked = checked(units, options)
    maps = open_maps(archive, options)
    periods = {unit: list(periods_of(unit, maps, asked)) for unit in units}
    ends = [day for each in periods.values() for period in each for day in (period.opens_on, period.closes_on) if day]
    run = start(maps, options, ends[-1])
    run.baseline = asked.baseline
    actors = run.actors(ends)
    walk = _Walk(run, asked, Suspicions(run))
    tables = [_table(walk, actors, unit, periods[unit]) for unit in units]
    if all(row.net_km2 is None for table in tables for row in table.rows):
        raise nothing_measured(run, tables[0].meta.notices)
    return tables


@dataclass(frozen=True, slots=True)
class _Walk:
    """One run over the maps of an archive, with what it has measured between neighbouring ones."""

    run: Measuring
    asked: Wish
    suspicions: Suspicions
    done: dict[tuple[SnapshotRef, SnapshotRef, str], Step] = field(default_factory=dict)
    suspect: dict[tuple[SnapshotRef, SnapshotRef, str], list[Redefinition]] = field(default_factory=dict)

    def redefinitions(self, span: Span, actor: str) -> list[Notice]:
        """Return what is suspect of the steps inside a span."""
        if self.asked.step is None or not span.measurable:
            return []
        found: list[Redefinition] = []
        for before, after in self._pairs(span, actor):
            key = (before.snapshot.ref, after.snapshot.ref, actor)
            if key not in self.suspect:
                step = Span(span.period, before, after)
                large = self._step(before, after, actor).large
                self.suspect[key] = self.suspicions.of_parts(step, actor, *large)
            found += self.suspect[key]
        return [replace(one.notice, period=span.period.label) for one in found]

    def gross(self, span: Span, actor: str) -> tuple[int, Gross] | None:
        """Return how many steps a span has and their sum, None where it cannot be measured."""
        if self.asked.step is None or not span.measurable:
            return None
        steps = [self._step(before, after, actor).gross for before, after in self._pairs(span, actor)]
        return len(steps), add_steps(steps)

    def _pairs(self, span: Span, actor: str) -> Iterator[tuple[State, State]]:
        """Yield the states that each gross step inside a span is from and to."""
        assert self.asked.step is not None
        yield from neighbours(self.run, actor, span, self.asked.step)

    def _step(self, before: State, after: State, actor: str) -> Step:
        """Return one step, measured once however many periods it is in."""
        key = (before.snapshot.ref, after.snapshot.ref, actor)
        if key not in self.done:
            self.done[key] = self.run.step(before.snapshot, after.snapshot, actor)
        return self.done[key]


def _table(walk: _Walk, actors: Sequence[str], every: str, periods: Sequence[Period]) -> Table[SummaryRow, SummaryMeta]:
    """Return the table of some periods."""
    kind: type[SummaryRow] = SummaryRow if walk.asked.step is None else GrossRow
    wanted = [(actor, period) for actor in actors for period in periods]
    spans = ((actor, _span(walk, actor, period)) for actor, period in track(wanted, f"measuring {every}"))
    rows_of = partial(_rows, walk, land_of(walk.run.regions))
    asked = Asked(walk.run, tuple(actors), spans)
    table = tabulate(kind, rows_of, asked, by_steps=walk.asked.step is not None, blank=True)
    meta = _summary_meta(table.meta, walk.run, walk.asked, every)
    return Table(kind, table.rows, meta, shapes_of(walk.run))


def _span(walk: _Walk, actor: str, period: Period) -> Span:
    """Return the maps of a period, with notices of the baseline and of what is suspect of its steps."""
    run = walk.run
    span = resolve(period, run.archive, run.wanted(actor))
    said = [Notice("BASELINE", f"ground held on {run.baseline} is not counted")] if run.baseline else []
    return replace(span, notices=(*span.notices, *said, *walk.redefinitions(span, actor)))


def _rows(walk: _Walk, land: RegionLand, run: Measuring, measured: Measured) -> Iterator[SummaryRow]:
    """Yield a span's rows: those of `diff`, and what a summary adds to each."""
    actor, changed = measured.actor, measured.changed
    # What is snapped to a region is no part of the land that its share is of.
    held = changed.closing_km2 - changed.closing_snapped_km2 if changed else None
    gross = walk.gross(measured.span, actor)
    for line, row in zip(run.rows(), diff_rows(run, measured), strict=True):
        share = asdict(land.share(line, held, COUNTRIES.get(actor, "")))
        own = {entry.name: getattr(row, entry.name) for entry in fields(PeriodRow)}
        if walk.asked.step is None:
            yield SummaryRow(**own, **share)
        else:
            yield GrossRow(**own, **share, **_gross_columns(walk, gross, line))


def _gross_columns(walk: _Walk, gross: tuple[int, Gross] | None, line: Line) -> dict[str, Any]:
    """Return the gross columns of one row, figures blank where nothing was measured."""
    stated = {"step": walk.asked.step, "sliver_width_m": walk.run.slivers.width_m}
    if gross is None:
        return stated
    steps, figures = gross
    gained, lost = line.sum_of(figures.gained_km2), line.sum_of(figures.lost_km2)
    return stated | {
        "steps": steps,
        "gross_gained_km2": gained,
        "gross_lost_km2": lost,
        "turnover_km2": gained + lost,
        "sliver_gained_km2": line.sum_of(figures.sliver_gained_km2),
        "sliver_lost_km2": line.sum_of(figures.sliver_lost_km2),
    }


def _summary_meta(meta: Meta, run: Measuring, asked: Wish, every: str) -> SummaryMeta:
    """Return what a summary rests on."""
    maps = sorted(
        (MapUsed(day, file.name, file.sha256) for day, files in run.maps.items() for file in files),
        key=lambda used: (str(used.date), used.name),
    )
    told_apart = asked.step is not None or run.drop_slivers
    return SummaryMeta(
        **{entry.name: getattr(meta, entry.name) for entry in fields(meta)}
        | {"sliver_width_m": run.slivers.width_m if told_apart else None},
        every=every,
        same_span=asked.same_span,
        baseline=asked.baseline,
        step=asked.step,
        maps=tuple(maps),
    )
