"""Fetching maps from a publisher into an archive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from frontcalc.errors import UsageError
from frontcalc.fetching.catalogue import find_source
from frontcalc.fetching.client import Patience
from frontcalc.fetching.filling import Fetched, fill
from frontcalc.fetching.wanted import Choice
from frontcalc.keywords import facade
from frontcalc.periods import parse_day


@facade
def fetch(
    source: str,
    output: str | Path,
    *,
    urls: Sequence[str] = (),
    accept_terms: bool = False,
    since: str | date | None = None,
    until: str | date | None = None,
    day: str | date | None = None,
    date_field: str = "",
    refresh: bool = False,
    dry_run: bool = False,
    patience: Patience | None = None,
) -> Fetched:
    """Fill an archive with a publisher's maps, or update one with what is new.

    Every file is named by its day. `manifest.json` says where each is from, `frontcalc.toml` whose they are and on
    what terms, and `revisions` holds what the publisher has changed since. A run that was interrupted goes on
    where it was.

    Parameters
    ----------
    source : str
        A name of docs/sources.md; `arcgis` and `url` take addresses.
    output : path
        The archive's folder, made where there is none.
    urls : sequence of str
        Addresses for `arcgis` (one, of a layer) and `url` (files).
    accept_terms : bool
        You have read the publisher's terms, and they allow what you do; sources that restrict use need it.
    since, until : str or date, optional
        The first and last day wanted, YYYY-MM-DD.
    day : str or date, optional
        The day of a map that does not say it.
    date_field : str
        The field of a layer that has the day.
    refresh : bool
        Ask again for all that is held.
    dry_run : bool
        Ask what there is, and write nothing.
    patience : Patience, optional
        How often and how long servers are asked.

    Returns
    -------
    Fetched
        What became of each map.

    Raises
    ------
    UsageError
        There is no such source, its terms were not accepted, the folder is of another, or a package of the
        extra `fetch` is not installed.
    DataError
        Maps are missing, each named with the reason; what came is kept.
    NoDataError
        The publisher has nothing there.

    Examples
    --------
    >>> import frontcalc
    >>> had = frontcalc.fetch("isw-live", "maps", accept_terms=True)  # doctest: +SKIP
    >>> [(step.day, step.what) for step in had.steps]  # doctest: +SKIP
    """
    found = find_source(source)
    if found.restricted and not accept_terms and not dry_run:
        problem = f"restricts what you may do: {found.licence_line} ({found.terms})"
        raise UsageError(problem, where=found.name, cure="read its terms; if they allow it, add --accept-terms")
    first, last, stated = (None if text is None else parse_day(text) for text in (since, until, day))
    choice = Choice(tuple(urls), first, last, stated, date_field)
    return fill(found, Path(output), choice, refresh=refresh, dry_run=dry_run, patience=patience)


def source_terms(source: str) -> tuple[str, ...]:
    """Return whose a source's maps are and on what terms, a line each; nothing of addresses of the user's.

    Parameters
    ----------
    source : str
        As for `fetch`.

    Returns
    -------
    tuple of str
        Each line begins with what it says, as in «licence: …».

    Raises
    ------
    UsageError
        There is no such source.

    Examples
    --------
    >>> import frontcalc
    >>> frontcalc.source_terms("deepstate")[1]
    'maps: © DEEPSTATEUATECH LLC, DeepStateMap.live'
    """
    found = find_source(source)
    facts = {
        "source": found.title,
        "maps": found.attribution,
        "licence": found.licence,
        "unresolved": found.unresolved,
        "terms": found.terms,
    }
    return tuple(f"{name}: {text}" for name, text in facts.items() if text) if found.attribution else ()
