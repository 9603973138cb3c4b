"""Records of the last calendar period that is over, each held against other assumptions before it is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from math import fsum, isnan, nan
from pathlib import Path
from typing import Unpack

from frontcalc.archives import Archive
from frontcalc.errors import NoDataError, UsageError
from frontcalc.keywords import facade
from frontcalc.measure.compare import joint_meta, named_archives
from frontcalc.measure.summary import summary
from frontcalc.names import printable
from frontcalc.outputs.numbers import km2
from frontcalc.outputs.sentences import capital, change, in_period, listed
from frontcalc.periods import PeriodLike, parse_period
from frontcalc.run.options import Keywords, Options
from frontcalc.run.run import Run
from frontcalc.tables import TOTAL, SummaryMeta, SummaryRow, Table, extended
from frontcalc.tables.lists import RecordRow

LARGEST, IN_A_ROW, FIRST = "largest", "in a row", "first"
LEAST = 3  # periods before the last that a record has to beat, or that are of one sign

Nets = Sequence[float | None]
"""The net change of each period (km², or km² a day), the last one that is over at the end; None where not known."""


@facade
def records(
    *,
    every: str = "month",
    archive: str | Path | Archive | None = None,
    others: Sequence[str | Path | Archive] = (),
    since: PeriodLike | None = None,
    until: PeriodLike | None = None,
    **options: Unpack[Keywords],
) -> Table[RecordRow, SummaryMeta]:
    """Say what is remarkable in the net change of the last period that is over, and what it survives.

    Otherwise as `summary`; UsageError also for `drop_slivers`, NoDataError where no period is over.

    Parameters
    ----------
    every, since, until
        As for `summary`. The last period before `until` that is over is the one looked at.
    archive, **options
        As for `diff`; the figures are totals, of the regions in `only` if any are named.
    others : sequence of path or Archive
        Other publishers' maps of the same, by which a record is tried too; «ISW=maps/isw» gives one a name.

    Returns
    -------
    Table of RecordRow
        By actor: the largest net gain or loss since a period, at least `LEAST` periods of one sign in a row, the first
        of its sign after so many of the other. Each is tried per day, for the days asked for, with both ends a day or a
        map earlier and later, without faults of the maps, and by each other archive.

    Examples
    --------
    >>> import frontcalc
    >>> for row in frontcalc.records(until="2024-10").rows:
    ...     print(f"{row.record}: {row.periods} months, {len(row.survives.split('; '))} assumptions tried and survived")
    largest: 22 months, 4 assumptions tried and survived
    in a row: 13 months, 7 assumptions tried and survived
    """
    if options.get("drop_slivers"):
        raise UsageError("is not of records", where="--drop-slivers", cure="leave it out: each is tried without faults")
    if others and archive is None:
        raise UsageError("other archives are beside one of your own", where="others", cure="name it with archive")
    totals: Keywords = options if options.get("only") else {**options, "by": "none"}
    named = named_archives([archive, *others]) if archive is not None and others else [(archive, "")]
    own, *beside = [summary(every=every, archive=one, since=since, until=until, **totals) for one, _ in named]
    rows, run = list[RecordRow](), Run.open(named[0][0], Options(**totals))
    run.begin(run.archive.days[-1:], None)
    for actor in own.meta.actors:
        over = [row for row in _totals(own, actor) if row.state == "closed" and "OPENS-LATE" not in row.notes.split()]
        if over and over[-1].net_km2:
            tried = _choices(over, own.meta, run)
            for (_, name), table in zip(named[1:], beside, strict=True):
                theirs = {row.period: row.net_km2 for row in _totals(table, actor)}
                tried[f"by {printable(name)}"] = [theirs.get(row.period) for row in over]
            rows += _records(over, tried, every)
    if not any(row.state == "closed" for row in own.rows):
        raise NoDataError(f"no {every} is over", where=own.meta.archive, cure="choose a shorter one with --every")
    metas = [table.meta for table in (own, *beside)]
    meta = own.meta if not beside else extended(SummaryMeta, joint_meta(metas), every=every)
    return Table(RecordRow, tuple(rows), meta)


def _totals(table: Table[SummaryRow, SummaryMeta], actor: str) -> list[SummaryRow]:
    """Return the totals of an actor, by period."""
    return [row for row in table.rows if (row.actor, row.level) == (actor, TOTAL)]


def _choices(over: Sequence[SummaryRow], meta: SummaryMeta, run: Run) -> dict[str, Nets]:
    """Return the nets of an actor's periods under each assumption that is changed by itself, by what it is."""
    faults = [meta.noted_km2("REDEFINITION", {row.period}) for row in over]
    tried: dict[str, Nets] = {
        "per day": [row.rate_km2_per_day for row in over],
        "for the days asked for": [row.net_interpolated_km2 or row.net_km2 for row in over],
        "without what the maps redrew": [
            # Of several actors no notice says whose fault it is.
            None if row.net_km2 is None or (own and len(meta.actors) > 1) else row.net_km2 - fsum(own)
            for row, own in zip(over, faults, strict=True)
        ],
    }
    spans, actor = [parse_period(row.period) for row in over], over[0].actor

    @cache
    def held_km2(day: date | None) -> float:
        if day is None or (state := run.states(actor).on(day)) is None:
            return nan
        return run.lines.shown[-1].sum_of(run.areas(state.snapshot, actor)[0])

    later = dict(pairwise(run.archive.days))
    earlier = {day: before for before, day in later.items()}
    for way, by, beside in (("earlier", -1, earlier), ("later", 1, later)):
        # Net is what is held at the close less what is held at the opening.
        moved = {
            "day": [[day and day + timedelta(by) for day in (one.opens_on, one.closes_on)] for one in spans],
            "map": [[day and beside.get(day) for day in (row.opening, row.closing)] for row in over],
        }
        for what, pairs in moved.items():
            nets = [held_km2(closing) - held_km2(opening) for opening, closing in pairs]
            tried[f"with both ends a {what} {way}"] = [None if isnan(net) else net for net in nets]
    return tried


def _records(over: Sequence[SummaryRow], tried: Mapping[str, Nets], every: str) -> Iterator[RecordRow]:
    """Yield the records of the last of some periods of an actor, each with what it survives."""
    last, nets = over[-1], [row.net_km2 for row in over]
    sign = 1 if (last.net_km2 or 0.0) > 0 else -1
    name, whose, what = capital(_name(last.period)), printable(last.actor), f"net {'gain' if sign > 0 else 'loss'}"
    for record in (LARGEST, IN_A_ROW, FIRST):
        count = 1
        while count < len(nets) and _offender(record, sign, nets[-count - 1 :]) == 0:
            count += 1
        if count - (record != IN_A_ROW) < LEAST:
            continue
        holds, fails, untried = list[str](), list[str](), list[str]()
        for how, values in tried.items():
            if place := _offender(record, sign, values[-count:]):
                figure = f"{km2(values[-place], signed=True)} km²{' a day' if how == 'per day' else ''}"
                fails.append(f"{how} ({_name(over[-place].period)} has {figure})")
            else:
                (untried if place is None else holds).append(how)
        since = over[-count - 1].period if count < len(over) else ""
        before = _name(since) or f"{_name(over[0].period)}, the first measured"
        subject = f"{name} ({change(last.net_km2)}) is {whose}'s"
        texts = {
            LARGEST: f"{subject} largest {what} in a {every} since {before}.",
            IN_A_ROW: f"{name} is the last of {count} {every}s in a row of {what} for {whose}.",
            FIRST: f"{subject} first {every} of {what} since {before}.",
        }
        fares = {"It holds": holds, "It does not hold": fails, "Not tried, for want of maps:": untried}
        text = " ".join([texts[record], *(f"{head} {listed(some)}." for head, some in fares.items() if some)])
        own = (last.archive, last.actor, last.period, record, count, since, last.net_km2 or 0.0)
        yield RecordRow(*own, "; ".join(holds), "; ".join(fails), "; ".join(untried), text)


def _offender(record: str, sign: int, nets: Nets) -> int | None:
    """Return which net, from 1 for the last, contradicts a record of a sign; 0 for none, None where one is missing."""
    if None in nets:
        return None
    last, *earlier = (sign * (net or 0.0) for net in reversed(nets))
    if last <= 0:
        return 1
    most = last if record == LARGEST else 0.0
    wrong = (net <= 0 if record == IN_A_ROW else net >= most for net in earlier)
    return next((place for place, is_wrong in enumerate(wrong, start=2) if is_wrong), 0)


def _name(period: str) -> str:
    """Return a period as a sentence names it, «May 2022» for «2022-05»."""
    return period if not period or ".." in period else in_period(period).partition(" ")[2]
