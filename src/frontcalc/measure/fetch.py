"""Fetching maps from a publisher: only what is new is asked for, and what is missing in the end is an error."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from frontcalc.errors import DataError, FrontcalcError, UsageError, naming
from frontcalc.keywords import facade
from frontcalc.manifest import REVISIONS
from frontcalc.names import printable
from frontcalc.network.arcgis import InconsistentError, RefusedError
from frontcalc.network.catalogue import MapSource, find_source
from frontcalc.network.client import Client, Patience, UnreachableError, host_of, persist
from frontcalc.network.folder import Folder, FolderError, check_place, filling
from frontcalc.network.plans import Plan, RemoteMap, plan_maps, source_for
from frontcalc.periods import parse_day
from frontcalc.progress import track

_log = logging.getLogger(__name__)
_SHOWN = 5
_GIVE_UP_AFTER = 3  # maps in a row that could not be had: the rest is not asked for


@dataclass(frozen=True, slots=True)
class FetchStep:
    """The outcome of one map of a source; of a dry run, what would be done."""

    day: date | None  # None where only the map itself will say it
    # `new`, `changed`, `unchanged`, `trusted` (held, and not asked for again) or `missing`; or, in a dry run, `ask`.
    what: str
    url: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a run of fetching did.

    Parameters
    ----------
    folder : Path
        The archive.
    source : MapSource
        Where it is from, and on what terms.
    steps : tuple of FetchStep
        One a map, by day.
    dry_run : bool
        Nothing was fetched or written.
    """

    folder: Path
    source: MapSource
    steps: tuple[FetchStep, ...]
    dry_run: bool = False

    def number(self, what: str) -> int:
        """Return how many maps have this outcome."""
        return sum(step.what == what for step in self.steps)


class IncompleteError(DataError):
    """Maps are missing; what came is kept. `fetched` says what did."""

    def __init__(self, problem: str, fetched: Fetched, *, where: str, cure: str) -> None:
        super().__init__(problem, where=where, cure=cure)
        self.fetched = fetched


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

    Every file is named by its day. `manifest.json` says where each is from, `frontcalc.toml` whose they are and on what
    terms, and `revisions` holds what the publisher has changed since. A run that was interrupted goes on where it was.

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
        There is no such source, its terms were not accepted, the folder is of another, or a package for
        fetching is not installed.
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
    map_source = find_source(source)
    if map_source.restricted and not accept_terms and not dry_run:
        problem = f"restricts what you may do: {map_source.licence_line} ({map_source.terms})"
        raise UsageError(problem, where=map_source.name, cure="read its terms; if they allow it, add --accept-terms")
    first, last, stated = (None if text is None else parse_day(text) for text in (since, until, day))
    named = source_for(map_source, urls, first, last, stated, date_field)
    # An archive of a layer of the user's is known by its address.
    origin = named.services[0].layer if map_source.kind == "arcgis-url" else ""
    folder, patience = Path(output), patience or Patience()
    if not dry_run:
        check_place(folder, map_source, origin)
    with Client(patience) as client:
        plan = plan_maps(client, named, first, last, stated)
        credited = map_source if map_source.attribution else replace(map_source, attribution=plan.credit)
        for remark in plan.remarks:
            _log.warning("%s", remark)
        if dry_run:
            kept = Folder(folder, credited, origin)
            steps = [FetchStep(one.day, _to_do(one, kept, refresh=refresh), one.url) for one in plan.maps]
        else:
            with filling(folder, credited, origin) as kept:
                steps = _fill(kept, plan, patience, refresh=refresh)
    fetched = Fetched(folder, credited, tuple(steps), dry_run)
    if not plan.failures:
        return fetched
    shown = []
    for what, error in plan.failures[:_SHOWN]:
        at = f"{error.where}: " if error and error.where else ""
        shown.append(f"{what} ({at}{error.problem})" if error else what)
    more = f" and {len(plan.failures) - _SHOWN} more" if plan.failures[_SHOWN:] else ""
    cure = "run again: what came is kept, and only the rest is asked for"
    where = printable(folder.name)
    raise IncompleteError(f"is incomplete: {'; '.join(shown)}{more}", fetched, where=where, cure=cure)


def _fill(folder: Folder, plan: Plan, patience: Patience, *, refresh: bool) -> list[FetchStep]:
    """Fetch the maps of a plan until too many in a row fail, note failures, and check the publisher's counts."""
    for held in folder.manifest.files:
        if plan.days is not None and held.day not in plan.days:
            _log.warning("%s is no longer at the publisher's; %s stays", held.day, held.file)
    steps: list[FetchStep] = []
    in_a_row = 0
    for one in track(plan.maps, "fetching map"):
        try:
            if in_a_row < _GIVE_UP_AFTER:
                steps.append(_fetched(one, folder, patience, refresh=refresh))
                in_a_row = 0
            elif _to_do(one, folder, refresh=refresh) == "new":
                raise DataError("was not asked for after these", cure="fetch again later")
        except FrontcalcError as error:
            # Without a folder or a network nothing is missing at the publisher's: that is what has to be said.
            if isinstance(error, FolderError) or (isinstance(error, UnreachableError) and not steps):
                raise
            in_a_row += 1
            steps.append(FetchStep(one.day, "missing", one.url))
            plan.failures.append((str(one.day or "the latest map"), error))
    numbers = {held.day: held.features for held in folder.manifest.files}
    for check in plan.checks if in_a_row < _GIVE_UP_AFTER else ():
        try:
            if missing := check(numbers):
                plan.failures.append((missing, None))
        except FrontcalcError as error:
            plan.failures.append(("the publisher's count", error))
    return steps


def _to_do(one: RemoteMap, folder: Folder, *, refresh: bool) -> str:
    """Return whether a map is fetched (`new`), asked for (`ask`), or left as it is (`unchanged`, `trusted`)."""
    held = folder.held(one.day, one.url)
    if held is None or held.url != one.url:
        return "new"
    if one.version and held.version == one.version and not refresh:
        return "unchanged"
    return "ask" if refresh or one.version or held.etag or one.day is None else "trusted"


def _fetched(one: RemoteMap, folder: Folder, patience: Patience, *, refresh: bool) -> FetchStep:
    """Fetch one map where that is needed, and keep it."""
    to_do = _to_do(one, folder, refresh=refresh)
    if to_do in ("unchanged", "trusted"):
        return FetchStep(one.day, to_do, one.url)
    held = folder.held(one.day, one.url)
    etag = held.etag if held and to_do == "ask" else ""
    # An answer that makes no sense may be of a layer that is just changing.
    with naming(host_of(one.url)):
        got = persist(lambda: one.get(etag), patience, InconsistentError, RefusedError)
    if got is None:
        assert held is not None
        if held.version != one.version:
            folder.note(replace(held, version=one.version))
        return FetchStep(held.day, "unchanged", one.url)
    new, data = got
    what = folder.put(new, data)
    if what == "changed":
        _log.warning("%s is not what it was; the file before is kept in %s/", new.day, REVISIONS)
    if what != "unchanged" and (twin := folder.twin_of(new)):
        twice = "%s came as the bytes of %s, and only the query of the address differs: does the server take it?"
        _log.warning(twice, new.day, twin.day)
    return FetchStep(new.day, what, one.url)


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
    map_source = find_source(source)
    names = ("source", "maps", "licence", "unresolved", "terms")
    texts = (map_source.title, map_source.attribution, map_source.licence, map_source.unresolved, map_source.terms)
    facts = zip(names, texts, strict=True)
    return tuple(f"{name}: {text}" for name, text in facts if text) if map_source.attribution else ()
