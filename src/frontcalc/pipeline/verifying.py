"""Published figures held against maps."""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Unpack

from frontcalc import __version__
from frontcalc.archives import Archive
from frontcalc.claims import UNIT_LABELS, Claim, Contradiction, Range, Verdict, contradictions, fitting
from frontcalc.claims.toml import read_claims
from frontcalc.errors import DataError, UsageError
from frontcalc.keywords import facade
from frontcalc.names import printable
from frontcalc.notices import join_codes
from frontcalc.pipeline.choices import Choice, other_choices
from frontcalc.pipeline.claimed import Bench, Figure
from frontcalc.pipeline.options import Options, open_maps
from frontcalc.pipeline.provenance import meta_of
from frontcalc.progress import track
from frontcalc.sources import SourceFile
from frontcalc.sources.files import single_file
from frontcalc.tables import TOTAL, ClaimRow, ClaimsMeta, Table


@facade
def verify(
    claims: str | Path, *, archive: str | Path | Archive | None = None, **options: Unpack[Options]
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
    _check(options)
    path = find_claims(claims)
    content = single_file(path).read()
    name = single_file(path).label
    asked = read_claims(content, where=name)
    named = path.parent / asked.archive if asked.archive else None
    maps = open_maps(named if archive is None else archive, options)
    bench = Bench(maps, options, name)
    # All regions are looked up before anything is measured.
    for claim in asked.claims:
        bench.run(claim)
    stated = [bench.figure(claim, Choice()) for claim in track(asked.claims, "checking claim")]
    rows = [_row(bench, claim, figure) for claim, figure in zip(asked.claims, stated, strict=True)]
    rows += [_difference_row(found, maps.name) for found in contradictions(asked.claims)]
    source = SourceFile(name, hashlib.sha256(content).hexdigest())
    return Table(ClaimRow, tuple(rows), _meta(bench, source, rows, stated))


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


def _check(options: Options) -> None:
    """Refuse options that say what each claim says itself."""
    if options.get("only"):
        raise UsageError("a claim says itself what it is of", where="only", cure="write it into the claims file")
    if (options.get("actor") or "").casefold() == "all":
        raise UsageError("a claim is of one actor", where="actor", cure="name one")


def _row(bench: Bench, claim: Claim, stated: Figure) -> ClaimRow:
    """Return the row of one claim; other choices are tried only where the stated one does not fit."""
    verdict, reason = _verdict(bench, claim, stated)
    return _row_of(
        claim,
        bench.maps.name,
        computed=stated.value,
        verdict=verdict,
        reason=reason,
        actor=stated.actor,
        view=stated.view,
        opening=stated.opening,
        closing=stated.closing,
        notes=join_codes(stated.notices),
    )


def _verdict(bench: Bench, claim: Claim, stated: Figure) -> tuple[Verdict, str]:
    """Return the verdict on a claim and its reason."""
    if stated.value is None:
        return Verdict.NO_DATA, stated.missing
    wanted, unit = fitting(claim), UNIT_LABELS[claim.unit]
    fits = f"{_range(wanted)} {unit}"
    if wanted.holds(stated.value):
        return Verdict.AGREES, f"fits {fits}"
    tried = [("as stated", stated.value)]
    for choice in other_choices(claim, stated.view):
        figure = bench.figure(claim, choice)
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
    return _row_of(
        claim,
        archive,
        id_=" ↔ ".join((claim.id, *(other.id for other in found.others))),
        computed=found.implied,
        verdict=Verdict.DISAGREES,
        reason=f"the claims contradict each other: {sum_} is {_figure(found.implied)} {unit}",
    )


def _row_of(
    claim: Claim,
    archive: str,
    *,
    computed: float | None,
    verdict: Verdict,
    reason: str,
    id_: str = "",
    actor: str = "",
    view: str = "",
    opening: date | None = None,
    closing: date | None = None,
    notes: str = "",
) -> ClaimRow:
    """Return a row of a claim."""
    claimed = float(claim.value)
    return ClaimRow(
        id=id_ or claim.id,
        period=claim.period,
        claimed=claimed,
        computed=computed,
        difference=None if computed is None else computed - claimed,
        unit=claim.unit,
        verdict=verdict.value,
        reason=reason,
        measure=claim.measure.value,
        qualifier=claim.qualifier.value,
        region=claim.region or TOTAL,
        actor=actor or claim.actor,
        view=view or claim.view,
        opening=opening,
        closing=closing,
        notes=notes,
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


def _meta(bench: Bench, claims: SourceFile, rows: list[ClaimRow], stated: list[Figure]) -> ClaimsMeta:
    """Return what the verdicts rest on: every run's files and regions, and the notices of the stated choices."""
    runs = [meta_of(run, ()) for run in bench.runs.values()]
    files = {file.name: file for meta in runs for file in meta.files}
    counts = Counter(row.verdict for row in rows)
    notices = [*(notice for meta in runs for notice in meta.notices), *(n for figure in stated for n in figure.notices)]
    return ClaimsMeta(
        version=__version__,
        archive=bench.maps.name,
        crs=runs[0].crs,
        maps=len(bench.maps.refs),
        files=tuple(files[name] for name in sorted(files)),
        distinct_files=len({file.sha256 for file in files.values()}),
        regions=next((meta.regions for meta in runs if meta.regions), None),
        counts=tuple((verdict.value, counts[verdict.value]) for verdict in Verdict if counts[verdict.value]),
        notices=tuple(dict.fromkeys(notices)),
        attribution=tuple(dict.fromkeys(line for meta in runs for line in meta.attribution)),
        claims=claims,
    )
