"""Area held on dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Unpack

from frontcalc.archives import Archive
from frontcalc.change import Held
from frontcalc.errors import NoDataError, UsageError
from frontcalc.keywords import facade
from frontcalc.notices import Notice, join_codes
from frontcalc.periods import parse_day
from frontcalc.pipeline.measuring import Measuring, remarks
from frontcalc.pipeline.options import Options, open_maps, start
from frontcalc.pipeline.provenance import meta_of
from frontcalc.pipeline.region_shapes import shapes_of
from frontcalc.pipeline.workers import in_order
from frontcalc.progress import track
from frontcalc.states import State, state_on
from frontcalc.tables import HeldRow, LayerShare, Meta, Table


@facade
def held(
    dates: str | date | Sequence[str | date], *, archive: str | Path | Archive | None = None, **options: Unpack[Options]
) -> Table[HeldRow, Meta]:
    """Measure the area held on some dates, by region.

    Parameters
    ----------
    dates : str, date or sequence of either
        As in «2024-11-03». The map that stands for a date is the latest on or before it.
    archive : path or Archive
        A folder of dated maps; None for the bundled synthetic sample.
    **options
        How to measure: see `Options`.

    Returns
    -------
    Table of HeldRow
        A row a date, region and actor, areas in km²; `meta.layer_shares` has each role's own area
        and what they overlap.

    Raises
    ------
    UsageError, DataError
        As `diff`.
    NoDataError
        The archive begins after every date.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.held(["2024-11-05"])
    >>> total = table.rows[-1]
    >>> print(f"{total.held_km2:,.1f} km² on the map of {total.snapshot}")
    110,649.0 km² on the map of 2024-11-03
    """
    asked_for = [dates] if isinstance(dates, str | date) else dates
    days = list(dict.fromkeys(map(parse_day, asked_for)))
    if not days:
        raise UsageError("no date was given", cure="name one, as in 2024-11-03")
    maps = open_maps(archive, options)
    run = start(maps, options, days[-1])
    actors = run.actors(days)
    rows: list[HeldRow] = []
    shares: list[LayerShare] = []
    notices: list[Notice] = []
    asked = [(actor, day) for actor in actors for day in days]
    states = ((actor, day, state_on(maps, day, run.wanted(actor))) for actor, day in track(asked, "measuring date"))
    for (actor, day, state), measured in in_order(run.workers, partial(_measured, run), states):
        areas = None
        if measured:
            areas, share = measured
            shares.append(share)
        said = remarks(state, maps, day, run.wanted(actor))
        elsewhere = {} if areas is None else {"held": run.lines.elsewhere(areas.km2)}
        said += run.left_out(actor, str(day), **elsewhere)
        notices.extend(said)
        rows.extend(held_rows(run, actor, day, state, areas, said))
    if not shares:
        ended = "; ".join(dict.fromkeys(notice.message for notice in notices if notice.code == "ENDED"))
        problem = ended or "has no map on or before these dates"
        raise NoDataError(problem, where=maps.name, cure=f"its maps are of {maps.extent}")
    meta = meta_of(run, actors, layer_shares=dict.fromkeys(shares), notices=notices)
    return Table(HeldRow, tuple(rows), meta, shapes_of(run))


def _measured(run: Measuring, asked: tuple[str, date, State | None]) -> tuple[Held, LayerShare] | None:
    """Return what an actor holds on a map, and each role's part of it; None where no map stands for the day."""
    actor, _, state = asked
    return None if state is None else (run.areas(state.snapshot, actor), run.layer_share(state, actor))


def held_rows(
    run: Measuring, actor: str, day: date, state: State | None, areas: Held | None, said: Sequence[Notice]
) -> Iterator[HeldRow]:
    """Yield an actor's rows of one date: areas where a map stands for it, else blanks."""
    for line in run.rows():
        yield HeldRow(
            archive=run.archive.name,
            actor=actor,
            date=day,
            level=line.level,
            region=line.region,
            snapshot=state.day if state else None,
            view=run.view.name,
            held_km2=None if areas is None else line.sum_of(areas.km2),
            notes=join_codes(said),
            snapped_km2=None if areas is None else line.sum_of(areas.snapped_km2),
        )
