"""Published figures held against maps."""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from frontcalc import __version__
from frontcalc.archives import Archive
from frontcalc.claims import UNIT_LABELS, Claim, Contradiction, Measure, Range, Verdict, contradictions, fitting
from frontcalc.claims.toml import read_claims
from frontcalc.errors import DataError, UsageError
from frontcalc.keywords import facade
from frontcalc.measure.choices import Choice, Figure, figure_of, other_choices
from frontcalc.names import printable
from frontcalc.notices import join_codes
from frontcalc.progress import track
from frontcalc.run.meta import meta_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.run import Run
from frontcalc.sources import SourceFile
from frontcalc.sources.files import single_file
from frontcalc.tables import TOTAL, ClaimRow, ClaimsMeta, Table


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
        How to measure where claims do not say: see `Options`. What is shown is the claims' own to say, so
        that `only` is refused.

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
    own = Options(**options)
    if own.only:
        raise UsageError("a claim says itself what it is of", where="only", cure="write it into the claims file")
    if (own.actor or "").casefold() == "all":
        raise UsageError("a claim is of one actor", where="actor", cure="name one")
    path = find_claims(claims)
    content = single_file(path).read()
    name = single_file(path).label
    asked = read_claims(content, where=name)
    named = path.parent / asked.archive if asked.archive else None
    base = Run.open(named if archive is None else archive, own)
    runs: dict[tuple[str, ...], Run] = {}

    def run_for(claim: Claim, view: str) -> Run:
        regional = claim.region or claim.measure is Measure.SHARE
        kind = (view or claim.view, claim.actor, claim.region, "" if regional else "none")
        if kind not in runs:
            runs[kind] = _run_for(base, claim, view or claim.view, name)
        return runs[kind]

    # All regions are looked up before anything is measured.
    for claim in asked.claims:
        run_for(claim, "")
    stated = [figure_of(run_for(claim, ""), claim, Choice()) for claim in track(asked.claims, "checking claim")]
    pairs = zip(asked.claims, stated, strict=True)
    rows = [_row(claim, base.archive.name, figure, *_verdict(run_for, claim, figure)) for claim, figure in pairs]
    rows += [_difference_row(found, base.archive.name) for found in contradictions(asked.claims)]
    source = SourceFile(name, hashlib.sha256(content).hexdigest())
    return Table(ClaimRow, tuple(rows), _meta(base, runs.values(), source, rows, stated))


def _run_for(base: Run, claim: Claim, view: str, where: str) -> Run:
    """Return a run for a claim in a view, its regions chosen.

    Raises
    ------
    DataError
        The claim names a region that is not known, or none is known where the maps are.
    """
    own = base.options
    regional = claim.region or claim.measure is Measure.SHARE
    options = replace(
        own,
        view=view or own.view,
        actor=claim.actor or own.actor,
        only=(claim.region,) if claim.region else None,
        by=own.by if regional else "none",
    )
    run = Run(base.archive, options)
    try:
        run.choose_regions(claim.periods[0].closes_on)
    except UsageError as error:
        if not claim.region or error.where not in ("--only", "--by"):
            raise
        where = f"{where}, line {claim.line}" if claim.line else where
        raise DataError(f"claim {claim.id!r}: {error.problem}", where=where, cure=error.cure) from error
    return run


def maps_named(claims: str | Path) -> list[Path]:
    """Return the archive that a claims file names, from its own folder, if any; otherwise as `verify`."""
    path = find_claims(claims)
    named = read_claims(single_file(path).read(), where=single_file(path).label).archive
    return [path.parent / named] if named else []


def find_claims(claims: str | Path) -> Path:
    """Return the path of a claims file, given as such or by the name of a bundled one.

    Raises
    ------
    DataError
        There is neither such a file nor such a bundled one.
    """
    path = Path(claims)
    # Path.exists raises where a name is too long for a file.
    if os.path.exists(path):  # noqa: PTH110
        return path
    bundled = _bundled()
    if str(claims) in bundled:
        return bundled[str(claims)]
    names = ", ".join(bundled)
    raise DataError("does not exist", where=printable(path.name), cure=f"give a TOML file or a bundled name: {names}")


def _bundled() -> dict[str, Path]:
    """Return the claims files that come with frontcalc, by name."""
    package = Path(__file__).parents[1]
    # Inside an installed package, or beside the sources of a checkout.
    folders = (package / "data" / "claims", package.parents[1] / "data" / "claims")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def _verdict(run_for: Callable[[Claim, str], Run], claim: Claim, stated: Figure) -> tuple[Verdict, str]:
    """Return the verdict on a claim and its reason."""
    if stated.value is None:
        return Verdict.NO_DATA, stated.missing
    wanted, unit = fitting(claim), UNIT_LABELS[claim.unit]
    fits = f"{_range(wanted)} {unit}"
    if wanted.holds(stated.value):
        return Verdict.AGREES, f"fits {fits}"
    tried = [("as stated", stated.value)]
    for choice in other_choices(claim, stated.view):
        figure = figure_of(run_for(claim, choice.view), claim, choice)
        if figure.value is None:
            continue
        how = choice.described(figure.opening, figure.closing)
        if wanted.holds(figure.value):
            return Verdict.DEPENDS, f"{_figure(figure.value)} {unit} {how}, which fits {fits}"
        tried.append((how, figure.value))
    how, nearest = min(tried, key=lambda one: wanted.distance(one[1]))
    return Verdict.DISAGREES, f"no choice fits {fits}; nearest is {_figure(nearest)} {unit} {how}"


def _difference_row(found: Contradiction, archive: str) -> ClaimRow:
    """Return the row of a claim that other claims contradict."""
    claim, unit = found.claim, UNIT_LABELS[found.claim.unit]
    said = [f"{_figure(float(other.value))} {UNIT_LABELS[other.unit]}" for other in found.others]
    sum_ = f"{said[0]} in {found.days} days" if found.days else f"{said[0]} to {said[1]}"
    reason = f"the claims contradict each other: {sum_} is {_figure(found.implied)} {unit}"
    row = _row(claim, archive, Figure(found.implied, "", claim.actor, claim.view), Verdict.DISAGREES, reason)
    return replace(row, id=" ↔ ".join((claim.id, *(other.id for other in found.others))))


def _row(claim: Claim, archive: str, figure: Figure, verdict: Verdict, reason: str) -> ClaimRow:
    """Return a row of a claim, with the figure that stands against it."""
    claimed = float(claim.value)
    return ClaimRow(
        id=claim.id,
        period=claim.period,
        claimed=claimed,
        computed=figure.value,
        difference=None if figure.value is None else figure.value - claimed,
        unit=claim.unit,
        verdict=verdict.value,
        reason=reason,
        measure=claim.measure.value,
        qualifier=claim.qualifier.value,
        region=claim.region or TOTAL,
        actor=figure.actor or claim.actor,
        view=figure.view or claim.view,
        opening=figure.opening,
        closing=figure.closing,
        notes=join_codes(figure.notices),
        archive=archive,
        text=claim.text,
        source=claim.source,
        published=claim.published,
    )


def _range(wanted: Range) -> str:
    """Return a range in words."""
    if math.isinf(wanted.high):
        return f"more than {_figure(wanted.low)}"
    if math.isinf(wanted.low):
        return f"less than {_figure(wanted.high)}"
    low, high = sorted((wanted.low, wanted.high), key=abs)
    return f"{_figure(low)} to {_figure(high)}"


def _figure(value: float) -> str:
    """Return a figure to three decimals, as the columns have it, without noughts at the end."""
    text = f"{abs(value):,.3f}".rstrip("0").rstrip(".")
    return f"\N{MINUS SIGN}{text}" if value < 0 and text != "0" else text


def _meta(base: Run, runs: Iterable[Run], claims: SourceFile, rows: list[ClaimRow], stated: list[Figure]) -> ClaimsMeta:
    """Return what the verdicts rest on: every run's files and regions, and the notices of the stated choices."""
    metas = [meta_of(run) for run in runs]
    files = {file.name: file for meta in metas for file in meta.files}
    counts = Counter(row.verdict for row in rows)
    notices = [
        *(notice for meta in metas for notice in meta.notices),
        *(n for figure in stated for n in figure.notices),
    ]
    return ClaimsMeta(
        version=__version__,
        archive=base.archive.name,
        crs=metas[0].crs,
        maps=len(base.archive.refs),
        files=tuple(files[name] for name in sorted(files)),
        distinct_files=len({file.sha256 for file in files.values()}),
        regions=next((meta.regions for meta in metas if meta.regions), None),
        counts=tuple((verdict.value, counts[verdict.value]) for verdict in Verdict if counts[verdict.value]),
        notices=tuple(dict.fromkeys(notices)),
        attribution=tuple(dict.fromkeys(line for meta in metas for line in meta.attribution)),
        claims=claims,
    )
