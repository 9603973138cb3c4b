"""Check published figures against maps: as they are stated, and with another view, map or day."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np

from frontcalc import change
from frontcalc.archives import Archive
from frontcalc.change import Floats
from frontcalc.claims import (
    ON_A_DAY,
    ONE_WAY,
    UNIT_LABELS,
    Claim,
    Measure,
    Verdict,
    contradictions,
    fitting,
    leeway,
    printed,
)
from frontcalc.claims.toml import read_claims
from frontcalc.config import LARGEST
from frontcalc.errors import DataError, UsageError
from frontcalc.keywords import facade
from frontcalc.names import printable
from frontcalc.notices import Notice, join_codes
from frontcalc.periods import Period
from frontcalc.progress import track
from frontcalc.read import SourceFile
from frontcalc.read.files import file_of, refuse_address
from frontcalc.regions import UNASSIGNED
from frontcalc.run.land import land_shares
from frontcalc.run.meta import meta_of, sorted_maps
from frontcalc.run.options import Keywords, Options
from frontcalc.run.run import Run
from frontcalc.states import SPAN_TOLERANCE, Span, State
from frontcalc.tables import TOTAL, ClaimRow, ClaimsMeta, Table, extended
from frontcalc.views import VIEWS

# What is chosen otherwise than a claim states, and how: `view` its name; `sum` the layers, overlaps counted twice, in
# place of their union; the `opening` or `closing` map so many maps later; the `days` of both ends so many later.
Choice = tuple[str, Any]
AS_STATED: Choice = ("", None)


class Figure(NamedTuple):
    """What the maps give for a claim, in its unit, or what the archive lacks; days are of a ratio's first period.

    `coarse` says by how much the maps miss the days asked for where the claim does not allow that; `added` is what the
    claim adds of a second figure.
    """

    value: float | None
    missing: str
    actor: str
    view: str
    opening: date | None = None
    closing: date | None = None
    notices: tuple[Notice, ...] = ()
    coarse: str = ""
    added: float | None = None


@facade
def verify(
    claims: str | Path, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> Table[ClaimRow, ClaimsMeta]:
    """Hold the claims of a file against maps, and against each other.

    Parameters
    ----------
    claims : path
        A claims file, or the name of a bundled one, as in «bbc-2024-11»; docs/claims.md has the format.
    archive : path or Archive
        The maps; default those that the file names, else the bundled synthetic sample.
    **options
        How to measure where claims do not say: see `Options`; `only` is refused, since a claim names its region.

    Returns
    -------
    Table of ClaimRow
        A row a claim, in the order of the file, figures in the claim's unit; then a row for each rate and
        ratio that contradicts other claims. `meta.counts` has the verdicts.

    Raises
    ------
    UsageError
        An option is wrong.
    DataError
        The claims file cannot be read, is malformed or names an unknown region, or a map is broken.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.verify("bbc-2024-11")
    >>> for row in table.rows[:3]:
    ...     print(f"{row.id}: claimed {row.claimed:,.0f}, computed {row.computed:,.2f} {row.unit}: {row.verdict}")
    2024-so-far: claimed 2,700, computed 2,700.00 km2: agrees
    2023: claimed 465, computed 465.00 km2: agrees
    six-times: claimed 6, computed 5.81 times: agrees
    """
    run_options = Options(**options)
    if run_options.only:
        raise UsageError("a claim says itself what it is of", where="only", cure="write it into the claims file")
    if (run_options.actor or "").casefold() == "all":
        raise UsageError("a claim is of one actor", where="actor", cure="name one")
    path = find_claims(claims)
    content, name = file_of(path).head(LARGEST + 1), file_of(path).label
    entries, named = read_claims(content, where=name)
    base = Run.open(path.parent / named if named and archive is None else archive, run_options)
    runs: dict[tuple[str, ...], Run] = {}
    run_for = partial(_run_for, base, runs, name)
    # All regions are looked up before anything is measured.
    for one in (one for claim in entries for one in (claim, claim.plus) if one):
        run_for(one, "")
    stated = [_whole(run_for, claim, AS_STATED) for claim in track(entries, "checking claim")]
    pairs = zip(entries, stated, strict=True)
    rows = [_row(claim, base.archive.name, figure, *_verdict(run_for, claim, figure)) for claim, figure in pairs]
    for claim, others, implied, days in contradictions(entries):
        amounts = [f"{printed(float(other.value))} {UNIT_LABELS[other.unit]}" for other in others]
        sum_ = f"{amounts[0]} in {days} days" if days else f"{amounts[0]} to {amounts[1]}"
        reason = f"the claims contradict each other: {sum_} is {printed(implied)} {UNIT_LABELS[claim.unit]}"
        figure = Figure(implied, "", claim.actor, claim.view)
        row = _row(claim, base.archive.name, figure, Verdict.DISAGREES, reason)
        rows.append(replace(row, id=" ↔ ".join(one.id for one in (claim, *others))))
    source = SourceFile(name, hashlib.sha256(content).hexdigest())
    return Table(ClaimRow, tuple(rows), _meta(base, runs.values(), source, rows, stated))


def _run_for(base: Run, runs: dict[tuple[str, ...], Run], where: str, claim: Claim, view: str) -> Run:
    """Return the run for a claim in a view, one of `runs` or a new one; a region that is not known is a DataError."""
    own, regional, view = base.options, claim.region or claim.measure is Measure.SHARE, view or claim.view
    kind = (view, claim.actor, claim.region, "" if regional else "none")
    if kind in runs:
        return runs[kind]
    options = replace(own, view=view or own.view, actor=claim.actor or own.actor, by=own.by if regional else "none")
    run = Run(base.archive, replace(options, only=(claim.region,) if claim.region else None))
    try:
        run.choose_regions(claim.periods[0].closes_on)
    except UsageError as error:
        if not claim.region or error.where not in ("--only", "--by"):
            raise
        where = f"{where}, line {claim.line}" if claim.line else where
        raise DataError(f"claim {claim.id!r}: {error.problem}", where=where, cure=error.cure) from error
    runs[kind] = run
    return run


def maps_named(claims: str | Path) -> list[Path]:
    """Return the archive that a claims file names, from its own folder, if any; otherwise as `verify`."""
    path = find_claims(claims)
    _, named = read_claims(file_of(path).head(LARGEST + 1), where=file_of(path).label)
    return [path.parent / named] if named else []


def find_claims(claims: str | Path) -> Path:
    """Return the path of a claims file, given as such or by the name of a bundled one; neither is a DataError."""
    path, package = Path(claims), Path(__file__).parents[1]
    # Path.exists raises where a name is too long for a file.
    if os.path.exists(path):  # noqa: PTH110
        return path
    # Inside an installed package, or beside the sources of a checkout.
    folders = (package / "data" / "claims", package.parents[1] / "data" / "claims")
    bundled = {file.stem: file for folder in folders for file in sorted(folder.glob("*.toml"))}
    if str(claims) in bundled:
        return bundled[str(claims)]
    refuse_address(path)
    names = ", ".join(bundled)
    raise DataError("does not exist", where=printable(path.name), cure=f"give a TOML file or a bundled name: {names}")


def _whole(run_for: Callable[[Claim, str], Run], claim: Claim, choice: Choice) -> Figure:
    """Return the figure for a claim, with what it adds of another actor or period."""
    view = choice[1] if choice[0] == "view" else ""
    own = figure_of(run_for(claim, view), claim, choice)
    if claim.plus is None:
        return own
    second = figure_of(run_for(claim.plus, view), claim.plus, choice)
    added = None if second.value is None else claim.sign * second.value
    return own._replace(
        value=None if own.value is None or added is None else own.value + added,
        missing="; ".join(filter(None, (own.missing, second.missing))),
        notices=tuple(dict.fromkeys((*own.notices, *second.notices))),
        coarse=own.coarse or second.coarse,
        added=added,
    )


def _verdict(run_for: Callable[[Claim, str], Run], claim: Claim, stated: Figure) -> tuple[Verdict, str]:
    """Return the verdict on a claim and its reason."""
    if stated.value is None:
        return Verdict.NO_DATA, stated.missing
    wanted, unit = fitting(claim), UNIT_LABELS[claim.unit]
    fits = f"{wanted} {unit}"
    if claim.plus and stated.added is not None:
        turned = ", the other way round" if claim.sign < 0 else ""
        parts = f"{printed(stated.value - stated.added)} and {printed(stated.added)}"
        fits += f"; of it are {parts}, the latter of {claim.plus.actor} in {claim.plus.period}{turned}"
    if stated.coarse:
        return Verdict.TOO_COARSE, stated.coarse
    if wanted.holds(stated.value):
        return Verdict.AGREES, f"fits {fits}"
    tried = [("as stated", stated.value)]
    # In the order they are tried: another view, the sum of layers, other maps, the days beside.
    choices: list[Choice] = [("view", name) for name in VIEWS if name != stated.view]
    choices += [] if claim.measure in ONE_WAY else [("sum", True)]
    ends = ("closing",) if claim.measure in ON_A_DAY else ("closing", "opening")
    choices += [(what, by) for what in (*ends, "days") for by in (-1, 1)]
    for choice in choices:
        figure = _whole(run_for, claim, choice)
        if figure.value is None:
            continue
        how = _words(choice, figure)
        if wanted.holds(figure.value):
            return Verdict.DEPENDS, f"{printed(figure.value)} {unit} {how}, which fits {fits}"
        tried.append((how, figure.value))
    how, nearest = min(tried, key=lambda one: wanted.distance(one[1]))
    return Verdict.DISAGREES, f"no choice fits {fits}; nearest is {printed(nearest)} {unit} {how}"


def _words(choice: Choice, figure: Figure) -> str:
    """Return a choice in words, with the day of the map that it takes, where that is known."""
    what, by = choice
    if what == "view":
        return f"in view {by}"
    if what == "sum":
        return "as the sum of the layers, overlaps counted twice"
    way = "later" if by > 0 else "earlier"
    if what == "days":
        return f"with maps read a day {way}"
    end, day = (f"{what} map" if figure.opening else "map"), getattr(figure, what)
    return f"with the {end} one {way}" + (f", that of {day}" if day else "")


def figure_of(run: Run, claim: Claim, choice: Choice) -> Figure:
    """Return what the maps give for a claim under a choice, with a run in the choice's view."""
    actor, spans = claim.actor, []
    first, last = run.archive.days[0], run.archive.days[-1]
    days = [day for period in claim.periods for day in (period.opens_on or first, period.closes_on or last)]
    result: float | str
    try:
        actor, *_ = run.begin(days, None)
        spans = [span_of(run, actor, claim, period, choice) for period in claim.periods]
        lacking = next(filter(None, (missing_in(span, claim) for span in spans)), "")
        result = lacking or _value(run, claim, choice[0] == "sum", spans)
    except UsageError as error:
        # What the archive lacks altogether: layers of the actor, or of a role that the view counts.
        if error.where != run.archive.name:
            raise
        result = error.problem
    value, missing = (None, result) if isinstance(result, str) else (result * claim.per_km2, "")
    ends = [state.day if state else None for span in spans[:1] for state in (span.opening, span.closing)]
    opening, closing = ends or (None, None)
    notices = tuple(notice for span in spans for notice in span.notices)
    coarse = next(filter(None, (coarse_in(span, claim) for span in spans)), "")
    return Figure(value, missing, actor, run.view.name, opening, closing, notices, coarse)


def span_of(run: Run, actor: str, claim: Claim, period: Period, choice: Choice) -> Span:
    """Return the maps that stand for a period under a choice; of a day, only the closing one."""
    states, (what, by) = run.states(actor), choice
    if what == "days":
        ends = (end and end + timedelta(days=by) for end in (period.opens_on, period.closes_on))
        period = Period(period.label, *ends)
    if claim.measure in ON_A_DAY:
        assert period.closes_on is not None
        state = states.on(period.closes_on)
        span = Span(period, None, state, tuple(states.notices_on(period.closes_on, state)), actor)
    else:
        span = states.resolve(period)
    state = getattr(span, what) if what in ("opening", "closing") else None
    if state is None or state.day is None:
        return span
    # A map after the day that the claim was published on could not be used.
    other = states.next_to(state, earlier=by < 0, until=claim.published or date.max)
    return replace(span, opening=other) if what == "opening" else replace(span, closing=other)


def missing_in(span: Span, claim: Claim) -> str:
    """Return what an archive lacks for a claim on a span, in words; empty where it lacks nothing."""
    # One that begins or ends inside the period, or ends before the day, would make a right claim look wrong.
    codes = {notice.code for notice in span.notices}
    if claim.measure in ON_A_DAY:
        lacking = span.closing is None or "CLOSES-EARLY" in codes
    else:
        lacking = span.ends is None or ("SPAN" in codes and bool(codes & {"OPENS-LATE", "CLOSES-EARLY"}))
    if not lacking:
        return ""
    telling = ("NO-MAP", "NO-NEW-MAP", "OPENS-LATE", "CLOSES-EARLY", "OLD-MAP", "ENDED")
    reasons = dict.fromkeys(notice.message for notice in span.notices if notice.code in telling)
    return "; ".join(reasons) or "there is no such map"


def coarse_in(span: Span, claim: Claim) -> str:
    """Say by how much the maps of a span miss the days asked for, where that is more than its claim allows."""
    (opens_on, closes_on), days = (span.period.opens_on, span.period.closes_on), span.days
    if days is None or not span.ends:
        return ""
    pairs = [(day, state.day) for day, state in zip((opens_on, closes_on), span.ends, strict=True) if day and state.day]
    length = (closes_on - opens_on).days if opens_on and closes_on else days
    off = max([abs((day - mine).days) for day, mine in pairs] + [abs(days - length)]) / length
    if off <= max(SPAN_TOLERANCE, leeway(claim)):
        return ""
    maps = " and ".join(str(state.day) for state in span.ends)
    return f"the maps of {maps} miss the days of {span.period.label} by {off:.0%}; the claim allows {leeway(claim):.1%}"


def _value(run: Run, claim: Claim, summed: bool, spans: list[Span]) -> float | str:
    """Return the figure in km², km² a day, times or per cent; else what it lacks, in words."""
    measure, whole, span = claim.measure, run.lines.shown[-1], spans[0]
    if measure in ON_A_DAY:
        held = _held_on(run, span.closing, span.actor, summed)
        if measure is Measure.HELD:
            return whole.sum_of(held[0])
        # Of the land of the claim's region, or of the whole country.
        regions = [line for line in run.lines.shown if line.level != TOTAL and line.region != UNASSIGNED]
        one = len(regions) == 1
        shares = land_shares(run.partition_for(span.actor), regions[0] if one else whole, held)
        share = shares["share_of_region_pct" if one else "share_of_country_pct"]
        return "the region set draws no land that this could be a share of" if share is None else share
    if measure in ONE_WAY:
        maps = run.states(span.actor).within(span) if "gross" in measure else span.ends or ()
        changed = change.total([run.step(*pair, span.actor) for pair in pairwise(maps)])
        return whole.sum_of(changed.gained_km2 if "gained" in measure else changed.lost_km2)
    # The change of the area held needs no overlay of the two maps.
    ends = [[_held_on(run, state, one.actor, summed)[0] for state in (one.opening, one.closing)] for one in spans]
    first, *others = [whole.sum_of(after - before) for before, after in ends]
    if measure is Measure.RATE:
        return first / span.days if span.days else "the days between the two maps are not known"
    if measure is Measure.RATIO:
        none = f"nothing changed in {spans[1].period.label}, so there is no ratio to it"
        return first / others[0] if others[0] else none
    return first


def _held_on(run: Run, state: State | None, actor: str, summed: bool) -> Floats:
    """Return the area held on a map by region (2, n + 2): of the union of its layers, or the sum of theirs."""
    assert state is not None
    if not summed:
        return run.areas(state.snapshot, actor)
    grounds = run.roles(state, actor).values()
    return np.asarray(np.sum([change.areas(ground, run.partition_for(actor)) for ground in grounds], axis=0))


def _row(claim: Claim, archive: str, figure: Figure, verdict: Verdict, reason: str) -> ClaimRow:
    """Return a row of a claim, with the figure that stands against it."""
    return extended(
        ClaimRow,
        claim,
        period=claim.period,
        claimed=float(claim.value),
        computed=figure.value,
        difference=None if figure.value is None else figure.value - float(claim.value),
        verdict=verdict.value,
        reason=reason,
        measure=claim.measure.value,
        qualifier=claim.qualifier.value,
        region=claim.region or TOTAL,
        **{name: getattr(figure, name) for name in ("actor", "view", "opening", "closing", "added")},
        notes=join_codes(figure.notices),
        archive=archive,
    )


def _meta(base: Run, runs: Iterable[Run], claims: SourceFile, rows: list[ClaimRow], stated: list[Figure]) -> ClaimsMeta:
    """Return what the verdicts rest on: every run's files and regions, and the notices of the stated choices."""
    metas = [meta_of(run) for run in runs]
    files = {file.name: file for meta in metas for file in meta.files}
    counts = Counter(row.verdict for row in rows)
    notices = [notice for meta in metas for notice in meta.notices]
    notices += [notice for figure in stated for notice in figure.notices]
    return extended(
        ClaimsMeta,
        metas[0],
        maps=len(base.archive.refs),
        files=tuple(files[name] for name in sorted(files)),
        distinct_files=len({file.sha256 for file in files.values()}),
        regions=next((meta.regions for meta in metas if meta.regions), None),
        counts=tuple((verdict.value, counts[verdict.value]) for verdict in Verdict if counts[verdict.value]),
        notices=tuple(dict.fromkeys(notices)),
        attribution=tuple(dict.fromkeys(line for meta in metas for line in meta.attribution)),
        claims=claims,
        looked_at=sorted_maps(one for meta in metas for one in (*meta.maps, *meta.looked_at)),
    )
