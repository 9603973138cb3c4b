"""Filling an archive from a source: only what is new is asked for, and what is missing in the end is an error."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from frontcalc.errors import DataError, FrontcalcError, UsageError
from frontcalc.fetching import arcgis
from frontcalc.fetching.addresses import check_address
from frontcalc.fetching.arcgis_queries import InconsistentError, RefusedError
from frontcalc.fetching.catalogue import Source
from frontcalc.fetching.client import Client, Patience, UnreachableError
from frontcalc.fetching.folder import Folder, FolderError, Map, check_place, filling, looked_at
from frontcalc.fetching.plans import plan
from frontcalc.fetching.wanted import Choice, Plan, Wanted
from frontcalc.manifest import REVISIONS, HeldFile
from frontcalc.names import printable
from frontcalc.progress import track

_log = logging.getLogger(__name__)
_GIVE_UP_AFTER = 3
"""Maps in a row that could not be had, after which the rest is not asked for."""

_SHOWN = 5
Failure = tuple[str, FrontcalcError | None]
"""What is missing, and why where that is not said with it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one map of a source, or in a dry run will.

    Parameters
    ----------
    day : date or None
        The day in its name; None where only the map itself will say it.
    what : str
        `new`, `changed`, `unchanged`, `trusted` (held, and the publisher was not asked again), `missing`; in a
        dry run `ask` for what is held and will be asked for again.
    url : str
        Where it is from.
    """

    day: date | None
    what: str
    url: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a run of fetching did.

    Parameters
    ----------
    folder : Path
        The archive.
    source : Source
        Where it is from, and on what terms.
    steps : tuple of Step
        One a map, by day.
    dry_run : bool
        Nothing was fetched or written.
    """

    folder: Path
    source: Source
    steps: tuple[Step, ...]
    dry_run: bool = False

    def number(self, what: str) -> int:
        """Return how many maps have come to that."""
        return sum(step.what == what for step in self.steps)


class IncompleteError(DataError):
    """Maps are missing; what came is kept. `fetched` says what did."""

    def __init__(self, problem: str, fetched: Fetched, *, where: str, cure: str) -> None:
        super().__init__(problem, where=where, cure=cure)
        self.fetched = fetched


def fill(
    source: Source,
    path: Path,
    choice: Choice,
    *,
    refresh: bool = False,
    dry_run: bool = False,
    patience: Patience | None = None,
) -> Fetched:
    """Fill or update an archive.

    Parameters
    ----------
    source : Source
        Where from.
    path : Path
        The archive, made where there is none.
    choice : Choice
        What is wanted.
    refresh : bool
        Ask again for all that is held.
    dry_run : bool
        Ask what there is, and write nothing.
    patience : Patience, optional
        How servers are asked.

    Raises
    ------
    UsageError
        The question does not fit the source, or the folder is not the source's.
    IncompleteError
        Maps are missing; all others are there.
    NoDataError, DataError
        The source cannot be asked, or the folder cannot be written.
    """
    origin = _checked(source, choice)
    if not dry_run:
        check_place(path, source, origin)
    patience = patience or Patience()
    with Client(patience) as client:
        found = plan(client, source, choice)
        credited = source if source.attribution else replace(source, attribution=found.credit)
        for remark in found.remarks:
            _log.warning("%s", remark)
        if dry_run:
            run = _Run(looked_at(path, credited, origin), refresh, patience)
            steps = [Step(wanted.day, run.foreseen(wanted), wanted.url) for wanted in found.wanted]
            return _result(Fetched(path, credited, tuple(steps), dry_run=True), list(found.failures))
        with filling(path, credited, origin) as folder:
            run = _Run(folder, refresh, patience)
            run.all(found)
            return _result(Fetched(path, credited, tuple(run.steps)), run.failures)


class _Run:
    """One run over a plan: what became of each map, and what could not be had."""

    def __init__(self, folder: Folder, refresh: bool, patience: Patience) -> None:
        self.folder = folder
        self.refresh = refresh
        self.patience = patience
        self.steps: list[Step] = []
        self.failures: list[Failure] = []

    def all(self, found: Plan) -> None:
        """Fetch what is wanted, as long as there is hope, and hold the whole against the publisher's counts."""
        self.failures += found.failures
        self._say_what_is_gone(found)
        in_a_row = 0
        for number, wanted in enumerate(track(found.wanted, "fetching map")):
            try:
                self.steps.append(self._one(wanted))
                in_a_row = 0
            except FrontcalcError as error:
                # Without a folder or a network nothing is missing at the publisher's: that is what has to be said.
                if isinstance(error, FolderError) or (isinstance(error, UnreachableError) and not self.steps):
                    raise
                in_a_row += 1
                self._fail(wanted, error)
            if in_a_row == _GIVE_UP_AFTER:
                for left in found.wanted[number + 1 :]:
                    if self.foreseen(left) == "new":
                        self._fail(left, DataError("was not asked for after these", cure="fetch again later"))
                return
        self._count(found)

    def _say_what_is_gone(self, found: Plan) -> None:
        """Say which maps are held and no longer at the publisher's; they stay."""
        if found.days is None:
            return
        for held in self.folder.manifest.files:
            if held.day not in found.days:
                _log.warning("%s is no longer at the publisher's; %s stays", held.day, held.file)

    def foreseen(self, wanted: Wanted) -> str:
        """Return what is to be done about a map: `new`, `ask`, or nothing, `unchanged` or `trusted`."""
        held = self._held(wanted)
        if held is None or held.url != wanted.url:
            return "new"
        if wanted.version and held.version == wanted.version and not self.refresh:
            return "unchanged"
        if self.refresh or wanted.version or held.etag or wanted.day is None:
            return "ask"
        return "trusted"

    def _one(self, wanted: Wanted) -> Step:
        """Fetch one map where that is needed, and keep it."""
        todo = self.foreseen(wanted)
        if todo in ("unchanged", "trusted"):
            return Step(wanted.day, todo, wanted.url)
        held = self._held(wanted)
        got = self._patiently(wanted, held.etag if held and todo == "ask" else "")
        if got is None:
            assert held is not None
            self.folder.confirm(held, wanted.version)
            return Step(held.day, "unchanged", wanted.url)
        what = self.folder.put(got)
        if what == "changed":
            _log.warning("%s is not what it was; the file before is kept in %s/", got.day, REVISIONS)
        if what != "unchanged" and (twin := self.folder.twin_of(got)):
            twice = "%s came as the bytes of %s, and only the query of the address differs: does the server take it?"
            _log.warning(twice, got.day, twin.day)
        return Step(got.day, what, wanted.url)

    def _patiently(self, wanted: Wanted, etag: str) -> Map | None:
        """Fetch one map; answers that make no sense are asked for again, since the layer may just be changing."""
        for attempt in range(1, self.patience.attempts):
            try:
                return wanted.get(etag)
            except (InconsistentError, RefusedError):
                self.patience.sleep(self.patience.first_wait_s * attempt)
        return wanted.get(etag)

    def _held(self, wanted: Wanted) -> HeldFile | None:
        """Return the file that the archive has of a map."""
        return self.folder.of_day(wanted.day) if wanted.day else self.folder.latest_from(wanted.url)

    def _count(self, found: Plan) -> None:
        """Hold the archive against what the publisher counts."""
        held = {file.day: file.features for file in self.folder.manifest.files}
        for check in found.checks:
            try:
                self.failures += [(missing, None) for missing in check(held)]
            except FrontcalcError as error:
                self.failures.append(("the publisher's count", error))

    def _fail(self, wanted: Wanted, error: FrontcalcError) -> None:
        """Note that a map could not be had."""
        self.steps.append(Step(wanted.day, "missing", wanted.url))
        self.failures.append((str(wanted.day or "the latest map"), error))


def _result(fetched: Fetched, failures: list[Failure]) -> Fetched:
    """Return what was done, or raise what is missing."""
    if not failures:
        return fetched
    shown = [what if error is None else f"{what} ({_short(error)})" for what, error in failures[:_SHOWN]]
    more = f" and {len(failures) - _SHOWN} more" if failures[_SHOWN:] else ""
    raise IncompleteError(
        f"is incomplete: {'; '.join(shown)}{more}",
        fetched,
        where=printable(fetched.folder.name),
        cure="run again: what came is kept, and only the rest is asked for",
    )


def _short(error: FrontcalcError) -> str:
    """Return what went wrong, and at whom."""
    return f"{error.where}: {error.problem}" if error.where else error.problem


def _checked(source: Source, choice: Choice) -> str:
    """Return the address that an archive of the user's is known by; refuse what does not fit the source."""
    if choice.since and choice.until and choice.since > choice.until:
        raise UsageError(f"{choice.since} is after {choice.until}", where="--since", cure="give the earlier day first")
    if choice.urls and source.kind not in ("arcgis-url", "url"):
        raise UsageError("takes no address", where=source.name, cure="leave it out")
    fitting = {
        "--day": (choice.day, ("arcgis-url", "arcgis-live", "deepstate", "url")),
        "--since and --until": (choice.since or choice.until, ("arcgis", "arcgis-url", "git", "url")),
        "--date-field": (choice.date_field, ("arcgis", "arcgis-url")),
    }
    for option, (given, kinds) in fitting.items():
        if given and source.kind not in kinds:
            raise UsageError(f"means nothing for {source.name}", where=option, cure="leave it out")
    if source.kind != "arcgis-url":
        return ""
    if len(choice.urls) != 1:
        raise UsageError("takes one address of a layer", where="arcgis", cure="as in https://…/FeatureServer/0")
    check_address(choice.urls[0])
    return arcgis.layer_url(choice.urls[0])
