"""Summaries as a tree of files to keep in a repository: writing it, and checking it against the archive."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Unpack

from frontcalc import __version__
from frontcalc.archives import Archive, refuse_place
from frontcalc.drift import Cells, Drift, Key, Record, Tree, UsedFile, compare
from frontcalc.errors import DataError, reason_of
from frontcalc.keywords import facade
from frontcalc.measure.summary import Calendar, baseline_file, summaries
from frontcalc.notices import Notice, require_none
from frontcalc.outputs import render, write_together
from frontcalc.outputs.schema import KEY, PACKAGE, datapackage, read_record, sha256
from frontcalc.periods import UNITS, PeriodLike
from frontcalc.read.files import file_of
from frontcalc.run.options import Keywords
from frontcalc.versions import software

DEFAULT_UNITS = ("year", "month")  # the tables of a tree, unless others are asked for
_TABLES = tuple(f"summary-{unit}.csv" for unit in UNITS)
_WITHOUT_EFFECT = ("workers", "processes", "cache")  # on what is written: who measured, and what was kept


@facade
def write_summaries(
    folder: str | Path,
    *,
    every: Sequence[str] = DEFAULT_UNITS,
    archive: str | Path | Archive | None = None,
    fail_on: Collection[str] = (),
    since: PeriodLike | None = None,
    until: PeriodLike | None = None,
    same_span: bool = False,
    baseline: str | Path | date | None = None,
    gross: bool = False,
    step: str | None = None,
    **options: Unpack[Keywords],
) -> tuple[Path, ...]:
    """Write a summary by each of several units, and a datapackage.json that describes them.

    The same maps, options and versions give the same bytes: neither times nor paths are in the files. All are written
    beside the old ones first and then put in their place, datapackage.json last.

    Parameters
    ----------
    folder : path
        Made if absent. Tables that an earlier run wrote there and this one does not make are removed.
    every : sequence of str
        Of `year`, `quarter`, `month` and `week`: a file `summary-UNIT.csv` each.
    fail_on : collection of str
        Codes of notices that are not to occur.
    archive, since, until, same_span, baseline, gross, step, **options
        As for `summary`.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    UsageError, DataError, NoDataError
        As `summary`; UsageError also where the folder lies in the archive, DataError where it holds another
        datapackage.json, or cannot be written.
    CheckFailed
        All is written, and there is a notice of `fail_on`.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.write_summaries("tables", every=["year"], by="none")
    >>> [file.name for file in files]
    ['summary-year.csv', 'datapackage.json']
    """
    root = Path(folder)
    read = archive.roots if isinstance(archive, Archive) else [Path(archive)] if archive else []
    refuse_place(root, archives=read, fills=True)
    before = _record_in(root)
    stale = [name for name in before.hashes if name in _TABLES] if before else []
    calendar = Calendar(since, until, same_span, baseline, gross, step)
    contents, _, notices = _make(every, calendar, archive, options)
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot be made: {reason_of(error)}"
        raise DataError(problem, where=str(root), cure="give another place with -o") from error
    files = {root / name: content for name, content in contents.items()}
    write_together(files, remove=[root / name for name in stale if name not in contents])
    require_none(notices, fail_on)
    return tuple(files)


@facade
def check_summaries(
    folder: str | Path,
    *,
    every: Sequence[str] = DEFAULT_UNITS,
    archive: str | Path | Archive | None = None,
    fail_on: Collection[str] = (),
    since: PeriodLike | None = None,
    until: PeriodLike | None = None,
    same_span: bool = False,
    baseline: str | Path | date | None = None,
    gross: bool = False,
    step: str | None = None,
    **options: Unpack[Keywords],
) -> Drift:
    """Compare a tree with what `write_summaries` would write there now, and write nothing.

    Parameters
    ----------
    folder, every, archive, fail_on, since, until, same_span, baseline, gross, step, **options
        As for `write_summaries`.

    Returns
    -------
    Drift
        The rows that moved and why; `.require_none()` raises CheckFailed where there are any.

    Raises
    ------
    DataError
        The folder holds no tree, or a file of it cannot be read.
    CheckFailed
        There is a notice of `fail_on`.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.write_summaries("tables", every=["year"], by="none")
    >>> drift = frontcalc.check_summaries("tables", every=["year"], by="none")
    >>> drift.moved
    ()
    """
    root = Path(folder)
    old = _record_in(root)
    if old is None:
        problem = f"holds no {PACKAGE}, so it is no tree of summaries"
        raise DataError(problem, where=str(root), cure="write one: leave out --check")
    written = {name: _read(root / name) for name in old.hashes if name in _TABLES and (root / name).is_file()}
    edited = frozenset(name for name, content in written.items() if sha256(content) != old.hashes[name])
    kept = Tree({name: _rows(content, str(root / name)) for name, content in written.items()}, old, edited)
    calendar = Calendar(since, until, same_span, baseline, gross, step)
    contents, record, notices = _make(every, calendar, archive, options)
    require_none(notices, fail_on)
    tables = {name: _rows(content, name) for name, content in contents.items() if name != PACKAGE}
    return compare(kept, Tree(tables, record), folder=root.name or str(root))


def _make(
    every: Sequence[str], calendar: Calendar, archive: str | Path | Archive | None, options: Keywords
) -> tuple[dict[str, bytes], Record, tuple[Notice, ...]]:
    """Return the files of a tree by name, datapackage.json last, what they rest on, and all notices."""
    tables = summaries(every, calendar, archive, options)
    contents = {f"summary-{table.meta.every}.csv": render(table, "csv") for table in tables}
    meta = tables[-1].meta
    maps = (UsedFile(str(used.date) if used.date else None, used.name, f"sha256:{used.sha256}") for used in meta.maps)
    regions = [UsedFile(None, meta.regions.name, f"sha256:{meta.regions.sha256}", "regions")] if meta.regions else []
    stated: dict[str, Any] = {"every": [table.meta.every for table in tables], "archive": meta.archive}
    given: dict[str, Any] = asdict(calendar) | {**options}
    # The options that were given, files by name alone: no path is kept.
    for name, value in sorted(given.items()):
        if not (value is None or value is False or value == () or name in _WITHOUT_EFFECT):
            path = value if name in ("regions", "opening") else baseline_file(value) if name == "baseline" else None
            text = list(value) if isinstance(value, tuple) else value if path is None else file_of(path).label
            # Days and periods are text in JSON.
            stated[name] = text if isinstance(text, str | int | float | list) else str(text)
    hashes = {name: sha256(content) for name, content in contents.items()}
    versions = software()
    computing = {name: versions[name] for name in ("GEOS", "PROJ", "numpy", "pyproj", "shapely")}
    record = Record(__version__, computing, stated, (*maps, *regions), hashes)
    notices = tuple(dict.fromkeys(notice for table in tables for notice in table.meta.notices))
    return contents | {PACKAGE: datapackage(tables, contents, record)}, record, notices


def _record_in(root: Path) -> Record | None:
    """Return what the tree in a folder rests on; None where there is no tree."""
    file = root / PACKAGE
    return read_record(_read(file), where=str(file)) if file.is_file() else None


def _rows(content: bytes, where: str) -> dict[Key, Cells]:
    """Return the rows of a table by their keys."""
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        rows = [{name: value or "" for name, value in row.items() if name} for row in reader]
        return {tuple(row[name] for name in KEY): row for row in rows}
    except (UnicodeDecodeError, csv.Error, KeyError) as error:
        cure = "write the tree anew: leave out --check"
        raise DataError("is no table of a summary", where=where, cure=cure) from error


def _read(file: Path) -> bytes:
    """Return a file's bytes."""
    try:
        return file.read_bytes()
    except OSError as error:
        problem = f"cannot be read: {reason_of(error)}"
        raise DataError(problem, where=str(file), cure="check its permissions") from error
