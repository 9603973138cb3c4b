"""What the facades that measure periods share: the maps of each period, and a word where there are none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from frontcalc.archives import Archive, pair_archive
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.notices import Notice
from frontcalc.periods import Period, PeriodsLike, parse_periods
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options, open_maps, start
from frontcalc.progress import track
from frontcalc.snapshots import forget_read, read_snapshot
from frontcalc.states import Span, State, check_known, check_view, resolve
from frontcalc.tables import PeriodUsed


class Asked(NamedTuple):
    """A run, whose territory it measures, and each actor's periods with their maps, read as they come."""

    run: Measuring
    actors: tuple[str, ...]
    spans: Iterator[tuple[str, Span]]


def start_periods(periods: PeriodsLike, archive: str | Path | Archive | None, options: Options) -> Asked:
    """Return a run on an archive, with the maps that stand for the ends of each period.

    Raises
    ------
    UsageError
        A period or an option is wrong, or there is no period.
    """
    parsed = parse_periods(periods)
    maps = open_maps(archive, options)
    first, last = maps.days[0], maps.days[-1]
    ends = [day for period in parsed for day in (period.opens_on or first, period.closes_on or last)]
    run = start(maps, options, ends[-1])
    actors = run.actors(ends)
    asked = [(actor, period) for actor in actors for period in parsed]
    spans = ((actor, resolve(period, maps, run.wanted(actor))) for actor, period in track(asked, "measuring period"))
    return Asked(run, actors, spans)


def start_files(before: str | Path, after: str | Path, options: Options) -> Asked:
    """Return a run on two single maps, with the one period between them.

    Raises
    ------
    UsageError
        An option is wrong, or the view counts no layer of either file.
    DataError
        The later file lacks a layer that the earlier one has.
    """
    forget_read()
    maps = pair_archive(before, after, legend=options.get("legend"))
    maps = maps.skipping_bad() if options.get("skip_bad") else maps
    run = start(maps, options)
    opening, closing = (State(read_snapshot(ref, run.cache)) for ref in maps.refs)
    actors = _actors_of(run, opening, closing)
    for actor in actors:
        for ref in maps.refs:
            check_known(maps, ref, run.wanted(actor))
        check_view(maps, run.wanted(actor), maps.refs[0])
        lacking = set(run.view.missing(closing.snapshot.named_layers(actor)))
        if gone := lacking - set(run.view.missing(opening.snapshot.named_layers(actor))):
            raise DataError(
                f"has no layer {' or '.join(sorted(gone))} of {actor}, which {maps.refs[0].names[0]} has",
                where=maps.refs[1].names[0],
                cure="choose a --view that both have",
            )
    notices = tuple(dict.fromkeys([*opening.snapshot.notices, *closing.snapshot.notices]))
    span = Span(Period(maps.name, opening.day, closing.day), opening, closing, notices)
    return Asked(run, actors, ((actor, span) for actor in actors))


def _actors_of(run: Measuring, opening: State, closing: State) -> tuple[str, ...]:
    """Return whose territory is measured between two maps: the actor asked for, else the first counted, else all."""
    found = [part for state in (closing, opening) for part in state.snapshot.layers]
    counted = [part.layer.actor for part in found if run.view.counts(part.name, part.layer)]
    main = run.actor if run.actor and run.actor.casefold() != "all" else None
    actors = (main,) if main else tuple(dict.fromkeys(counted))[: None if run.actor else 1]
    if not actors:
        raise UsageError(
            f"neither file has a layer that view {run.view.name} counts",
            where=run.archive.name,
            cure="choose another --view or --actor",
        )
    return actors


def period_used(actor: str, span: Span) -> PeriodUsed:
    """Return a period as asked for, and the maps really used."""
    days = [state.day if state else None for state in (span.opening, span.closing)]
    return PeriodUsed(actor, span.period.label, span.period.opens_on, span.period.closes_on, *days)


def nothing_measured(run: Measuring, notices: Iterable[Notice]) -> NoDataError:
    """Return what to raise where no period has two maps."""
    return NoDataError(
        f"no period asked for has two maps ({'; '.join(str(notice) for notice in notices)})",
        where=run.archive.name,
        cure=f"its maps are of {run.archive.extent}",
    )
