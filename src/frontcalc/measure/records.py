"""Records of the last calendar period that is over, each held against other assumptions before it is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
from frontcalc.measure.summary import Calendar, summaries
from frontcalc.names import printable
from frontcalc.outputs.numbers import km2
from frontcalc.outputs.sentences import capital, change, in_period, listed, written
from frontcalc.periods import Period, PeriodLike, parse_period
from frontcalc.run.meta import meta_of, sorted_maps
from frontcalc.run.options import Keywords, Options
from frontcalc.run.run import Run
from frontcalc.tables import TOTAL, SummaryMeta, SummaryRow, Table, extended
from frontcalc.tables.lists import RecordRow

LARGEST, IN_A_ROW, FIRST, NONE = "largest", "in a row", "first", "none"
LEAST = 3  # periods before the last that a record has to beat, or that are of one sign
_ONE_DAY = timedelta(days=1)

Nets = Sequence[float | None]
"""The net change of each period (km², or km² a day), the last one that is over at the end; None where not known."""


@facade
def records(
    period: PeriodLike | None = None,
    *,
    every: str = "month",
    archive: str | Path | Archive | None = None,
    others: Sequence[str | Path | Archive] = (),
    since: PeriodLike | None = None,
    until: PeriodLike | None = None,
    **options: Unpack[Keywords],
) -> Table[RecordRow, SummaryMeta]:
    """Say what is remarkable in the net change of the last period that is over, and what it survives.

    Otherwise as `summary`; UsageError also for `drop_slivers`, NoDataError where none asked for is over.

    Parameters
    ----------
    period : str, int, date or pandas.Period, optional
        The last whole month in it, or other unit, is looked at, and held against all before; by default the last.
    every, since, until
        As for `summary`; with `period` there is no `until`.
    archive, **options
        As for `diff`; the figures are totals, of the regions in `only` if any are named.
    others : sequence of path or Archive
        Other publishers' maps of the same, by which a record is tried too; the figures are those of `archive`.

    Returns
    -------
    Table of RecordRow
        By actor: the largest net gain or loss since a period, at least `LEAST` periods of one sign in a row, the first
        of its sign after so many of the other; or one row that says that there is none. Each is tried per day, for the
        days asked for, with both ends a day or a map earlier and later, without faults of the maps, and by each other
        archive.

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
    wanted = parse_period(period) if period is not None else Period("", None, None)
    if period is not None and until is not None:
        raise UsageError("says until when", where="PERIOD", cure="leave out --until")
    totals: Keywords = options if options.get("only") else {**options, "by": "none"}
    names = [printable(name) for _, name in named_archives([archive, *others])] if archive and others else []
    measured = [
        summaries((every,), Calendar(since, wanted.closes_on or until), one, totals) for one in (archive, *others)
    ]
    own, *beside = [table for (table,), _ in measured]
    rows, run = list[RecordRow](), Run.open(archive, Options(**totals))
    run.begin(run.archive.days[-1:], None)
    for actor in own.meta.actors:
        over = _over(own, actor)
        # A day that begins a range stands for its own map.
        opens_on = (parse_period(over[-1].period).opens_on if over else None) or date.min
        if not over or opens_on + _ONE_DAY < (wanted.opens_on or date.min):
            continue
        last, own_records, by = over[-1], list[RecordRow](), f"by {names[0]}'s maps " if names else ""
        if last.net_km2:
            tried, extents = _choices(over, own.meta, run), dict[str, str]()
            for name, table, (_, maps) in zip(names[1:], beside, measured[1:], strict=True):
                theirs = {row.period: row.net_km2 for row in _over(table, actor)}
                tried[f"by {name}"] = [theirs.get(row.period) for row in over]
                extents[f"by {name}"] = f" (its maps are of {written(maps.days[0])} to {written(maps.days[-1])})"
            own_records = list(_records(over, tried, every, by, extents))
        none = f"{by}nothing is remarkable in {_name(last.period)} ({change(last.net_km2)}) for {printable(actor)}."
        nothing = RecordRow(last.archive, actor, last.period, NONE, 0, "", last.net_km2, sentence=capital(none))
        rows += own_records or [nothing]
    if not rows:
        extent = f"its maps are of {measured[0][1].extent}; choose a shorter one with --every, or another time"
        raise NoDataError(
            f"no {every}{wanted.label and f' in {wanted.label}'} is over", where=own.meta.archive, cure=extent
        )
    # The assumptions look at maps beside the ends.
    more = (*own.meta.looked_at, *(also := meta_of(run)).maps, *also.looked_at)
    looked_at = sorted_maps(one for one in more if one not in own.meta.maps)
    metas = [replace(own.meta, looked_at=looked_at), *(table.meta for table in beside)]
    meta = metas[0] if not beside else extended(SummaryMeta, joint_meta(metas), every=every)
    return Table(RecordRow, tuple(rows), meta)


def _over(table: Table[SummaryRow, SummaryMeta], actor: str) -> list[SummaryRow]:
    """Return the totals of an actor in the whole periods that are over."""
    totals = [row for row in table.rows if (row.actor, row.level, row.state) == (actor, TOTAL, "closed")]
    # A part of a month is no month.
    return [row for row in totals if ".." not in row.period and "OPENS-LATE" not in row.notes.split()]


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


def _records(
    over: Sequence[SummaryRow], tried: Mapping[str, Nets], every: str, by: str, extents: Mapping[str, str]
) -> Iterator[RecordRow]:
    """Yield the records of an actor's last period, `by` whose maps, and what each survives; `extents` are of others."""
    last, nets = over[-1], [row.net_km2 for row in over]
    sign = 1 if (last.net_km2 or 0.0) > 0 else -1
    name, whose, what = _name(last.period), printable(last.actor), f"net {'gain' if sign > 0 else 'loss'}"
    for record in (LARGEST, IN_A_ROW, FIRST):
        count = 1
        while count < len(nets) and _offender(record, sign, nets[-count - 1 :]) == 0:
            count += 1
        if count - (record != IN_A_ROW) < LEAST:
            continue
        holds, fails, untried, but = list[str](), list[str](), list[str](), list[str]()
        for how, values in tried.items():
            if place := _offender(record, sign, values[-count:]):
                figure = f"{km2(values[-place], signed=True)} km²{' a day' if how == 'per day' else ''}"
                fails.append(f"{how} ({_name(over[-place].period)} has {figure})")
                but.append(f"not {how}, where {_name(over[-place].period)} has {figure}")
            else:
                (untried if place is None else holds).append(how)
        since = over[-count - 1].period if count < len(over) else ""
        before = _name(since) or f"{_name(over[0].period)}, the first measured"
        subject = f"{by}{name} ({change(last.net_km2)}) is {whose}'s"
        texts = {
            LARGEST: f"{subject} largest {what} in a {every} since {before}",
            IN_A_ROW: f"{by}{name} is the last of {count} {every}s in a row of {what} for {whose}",
            FIRST: f"{subject} first {every} of {what} since {before}",
        }
        says = (("It holds", holds), ("Not tried, for want of maps:", [how + extents.get(how, "") for how in untried]))
        text = capital(f"{texts[record]}{', but ' * bool(but)}{', and '.join(but)}.")
        text = " ".join([text, *(f"{head} {listed(some)}." for head, some in says if some)])
        own = (last.archive, last.actor, last.period, record, count, since, last.net_km2)
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
