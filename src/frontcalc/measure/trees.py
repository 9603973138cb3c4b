"""Summaries as a tree of files to keep in a repository: writing it, and checking it against the archive."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Unpack

import orjson

from frontcalc.archives import Archive, archive_path, refuse_place
from frontcalc.drift import Cells, Drift, Key, Tree, compare
from frontcalc.errors import DataError, reason_of
from frontcalc.keywords import facade
from frontcalc.measure.summary import Calendar, baseline_file, summaries
from frontcalc.notices import Notice, require_none
from frontcalc.outputs import render, write_together
from frontcalc.outputs.receipts import WITHOUT_EFFECT
from frontcalc.outputs.schema import KEY, PACKAGE, datapackage, sha256
from frontcalc.periods import UNITS, PeriodLike
from frontcalc.read.files import file_of
from frontcalc.run.options import Keywords

DEFAULT_UNITS = ("year", "month")  # the tables of a tree, unless others are asked for
_TABLES = tuple(f"summary-{unit}.csv" for unit in UNITS)


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
    read = archive.roots if isinstance(archive, Archive) else [archive_path(archive)] if archive else []
    refuse_place(root, archives=read, fills=True)
    package = root / PACKAGE
    before = _tree({PACKAGE: file_of(package).head(sys.maxsize)}, root).hashes if package.is_file() else {}
    stale = [name for name in before if name in _TABLES]
    calendar = Calendar(since, until, same_span, baseline, gross, step)
    contents, notices, _ = _make(every, calendar, archive, options)
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
    strict: bool = False,
    **options: Unpack[Keywords],
) -> Drift:
    """Compare a tree with what `write_summaries` would write there now, and write nothing.

    Parameters
    ----------
    folder, every, archive, fail_on, since, until, same_span, baseline, gross, step, **options
        As for `write_summaries`.
    strict : bool
        Whatever moved fails: periods that were still open, notes and marks too.

    Returns
    -------
    Drift
        The rows that moved and why. `.require_none()` raises CheckFailed where a figure of a period that was over
        moved, a map that the tables rest on is gone, or a table was edited; not where an open period only went on to
        a new map.

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
    kept = {name: file_of(root / name).head(sys.maxsize) for name in (*_TABLES, PACKAGE) if (root / name).is_file()}
    if PACKAGE not in kept:
        problem = f"holds no {PACKAGE}: before the first run there are no tables to compare with"
        raise DataError(problem, where=str(root), cure="write them: leave out --check")
    old = _tree(kept, root)
    calendar = Calendar(since, until, same_span, baseline, gross, step)
    contents, notices, days = _make(every, calendar, archive, options)
    require_none(notices, fail_on)
    return compare(old, _tree(contents, root), folder=root.name or str(root), days=days, strict=strict)


def _make(
    every: Sequence[str], calendar: Calendar, archive: str | Path | Archive | None, options: Keywords
) -> tuple[dict[str, bytes], tuple[Notice, ...], Collection[str]]:
    """Return the files of a tree by name, datapackage.json last, all notices, and the days of the archive's maps."""
    tables, maps = summaries(every, calendar, archive, options)
    contents = {f"summary-{table.meta.every}.csv": render(table, "csv") for table in tables}
    stated: dict[str, Any] = {"every": [table.meta.every for table in tables], "archive": tables[-1].meta.archive}
    given: dict[str, Any] = asdict(calendar) | {**options}
    # The options that were given, files by name alone: no path is kept.
    for name, value in sorted(given.items()):
        if not (value is None or value is False or value == () or name in WITHOUT_EFFECT):
            path = value if name in ("regions", "opening") else baseline_file(value) if name == "baseline" else None
            text = list(value) if isinstance(value, tuple) else value if path is None else file_of(path).label
            # Days and periods are text in JSON.
            stated[name] = text if isinstance(text, str | int | float | list) else str(text)
    notices = tuple(dict.fromkeys(notice for table in tables for notice in table.meta.notices))
    return contents | {PACKAGE: datapackage(tables, contents, stated)}, notices, {str(day) for day in maps.days}


def _tree(files: Mapping[str, bytes], root: Path) -> Tree:
    """Return the tree that files by name are; of tables only those that its datapackage.json describes."""
    maps, regions = dict[str, dict[str, str]](), dict[str, str]()
    try:
        document = orjson.loads(files[PACKAGE])
        own = document["frontcalc"]
        hashes = {str(entry["path"]): str(entry["hash"]) for entry in document["resources"]}
        facts = (str(own["version"]), {**own["software"]}, {**own["options"]})
        others = {**own["legends"]} if "legends" in own else None
        for source in document["sources"]:
            name, digest, role = (str(source[key]) for key in ("title", "hash", "role"))
            if role == "regions":
                regions[digest] = name
            elif role == "map" and source.get("date"):
                maps.setdefault(str(source["date"]), {})[name] = digest
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem, cure = f"is not the {PACKAGE} of a tree of summaries", "name another folder, or remove the file"
        raise DataError(problem, where=str(root / PACKAGE), cure=cure) from error
    described = {name: content for name, content in files.items() if name in hashes}
    tables = {name: _rows(content, str(root / name)) for name, content in described.items()}
    # Line ends may be those of a repository; else a table that is not what was written was edited.
    lines = {name: content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for name, content in described.items()}
    edited = frozenset(name for name in described if hashes[name] not in map(sha256, (described[name], lines[name])))
    return Tree(tables, *facts, maps, regions, hashes, edited, others)


def _rows(content: bytes, where: str) -> dict[Key, Cells]:
    """Return the rows of a table by their keys."""
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        rows = [{name: value or "" for name, value in row.items() if name} for row in reader]
        return {tuple(row[name] for name in KEY): row for row in rows}
    except (UnicodeDecodeError, csv.Error, KeyError) as error:
        cure = "write the tree anew: leave out --check"
        raise DataError("is no table of a summary", where=where, cure=cure) from error
