"""Measure again what an output shows, by its receipt, and say which figure moved and why.

An output is as untrusted as a map: its receipt names a facade and arguments, which are held against those there are.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from frontcalc.archives import SAMPLE_NAME, Dating, archive_path, open_archive
from frontcalc.drift import Cells, Drift, Key, Tree, compare
from frontcalc.errors import DataError, UsageError
from frontcalc.keywords import facade
from frontcalc.measure.compare import named_archives
from frontcalc.measure.trees import check_summaries
from frontcalc.names import printable
from frontcalc.outputs import BESIDE
from frontcalc.outputs.numbers import PLACES, UNITS, Column, cell_text, cells, columns, records
from frontcalc.outputs.receipts import WITHOUT_EFFECT, digest, receipt, without_receipt
from frontcalc.outputs.schema import KEY, PACKAGE
from frontcalc.outputs.xlsx import FIGURES, RECEIPT
from frontcalc.read.files import Entry, file_of
from frontcalc.read.formats import parquet_metadata, read_sheets
from frontcalc.run.options import Keywords
from frontcalc.tables import Table

_OTHER_KEYS = (
    *("archive", "town", "place", "change", "kind", "sliver", "from_role", "to_role", "assumption", "choice", "id"),
    *("holder", "lacker", "layer", "file", "code"),
)
"""Columns that may tell rows of one actor, period and region apart."""

_IN_PDF = re.compile(rb"/Keywords \((\{(?:[^\\()]|\\.)*)\)", re.DOTALL)
_PARQUET, _PAGE, _NAMED = b"PAR1", "report", "--archive"
_ANEW = "write the output anew"
_ELSEWHERE = "name the maps with --archive, other files with --regions or --claims, or work where they are"
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, RecursionError, csv.Error)

Rows = Sequence[Mapping[str, Any]]


class _Output(NamedTuple):
    """A receipt, checked and as a tree without tables; the rows of its output, if it has any; whether it is whole."""

    receipt: Mapping[str, Any]
    tree: Tree
    rows: Rows | None
    whole: bool


@facade
def again(
    file: str | Path,
    *,
    archive: str | Path | Sequence[str | Path] | None = None,
    regions: str | Path | None = None,
    claims: str | Path | None = None,
    workers: int | None = None,
    cache: str | Path | None = None,
) -> Drift:
    """Measure anew what an output shows, by its receipt, and say which figures moved and whose doing it was.

    Parameters
    ----------
    file : path
        JSON, GeoJSON, a workbook, Parquet, a PNG, SVG or PDF, a page or a datapackage.json that frontcalc wrote; CSV or
        any other output with its FILE.receipt.json beside it, or that file itself.
    archive : path or sequence of path, optional
        The maps, of a comparison each archive's; by default where the receipt says, from the working folder.
    regions, claims : path, optional
        The file of regions, or of claims; by default likewise.
    workers, cache
        As for `diff`.

    Returns
    -------
    Drift
        The rows that moved and why: a map was revised, is new or gone, a version is another, or the output was edited.
        `.require_none()` raises CheckFailed where one did. A picture is held against the totals in its receipt, and the
        digest of all its figures, and so is a page.

    Raises
    ------
    UsageError
        There is no such archive.
    DataError
        The file has no receipt, or one that cannot be followed.
    NoDataError
        Its maps give no figure any more.

    Examples
    --------
    >>> import frontcalc
    >>> frontcalc.diff(["2024"], by="none").save("2024.json")
    >>> frontcalc.again("2024.json").moved
    ()
    """
    path = Path(str(file).removesuffix(BESIDE))
    entry, named = file_of(path), [archive] if isinstance(archive, str | Path) else list(archive or ())
    label = entry.label
    for one in named:
        if not archive_path(one).exists():
            raise UsageError("does not exist", where=printable(str(one)), cure="check the path of the maps")
    given = {name: value for name, value in (("workers", workers), ("cache", cache)) if value is not None}
    try:
        if label == PACKAGE:
            return _package_again(entry, named, given)
        output = _output_of(entry, path)
        stated = dict(output.receipt["options"])
        stated |= {name: one for name, one in (("regions", regions), ("claims", claims)) if one is not None}
        call, options, days = _call_of({**output.receipt, "options": stated}, named, label)
        result = call(**options, **given)
    except UsageError as error:
        if named and error.where == _NAMED:
            raise
        raise _unfollowed(str(error), label) from error
    table = getattr(result, "table", result)
    # A page has its receipt in it.
    own = without_receipt(result.encode())[1] if isinstance(result, str) else None
    measured = orjson.loads(own) if own else receipt(table, output.receipt["units"])
    rows, anew, edited = _compared(output, table, measured)
    # What tells rows apart where there are several of it.
    apart = [name for name in _OTHER_KEYS if len({row.get(name) for row in anew}) > 1]
    own_rows, new_rows = _keyed(rows, apart), _keyed(anew, apart)
    if not output.whole and own_rows and new_rows and own_rows.keys().isdisjoint(new_rows):
        raise DataError(f"is not the output that {label}{BESIDE} is of", where=label, cure=f"{_ANEW} with --receipt")
    kept = replace(output.tree, tables={label: own_rows}, edited=frozenset([label] if edited else []))
    now = replace(_tree(measured), tables={label: new_rows})
    return compare(kept, now, folder=label, days=days, strict=True, exact=True)


def _compared(
    output: _Output, table: Table[Any, Any], measured: Mapping[str, Any]
) -> tuple[Sequence[Cells], Sequence[Cells], bool]:
    """Return the cells of an output and those measured anew, and whether the output was edited."""
    figures, units = [own["figures"] for own in (output.receipt, measured)], measured["units"]
    if output.rows is not None:
        # Those of an earlier version may have fewer columns.
        there = [one for one in columns(table.kind, units) if not output.rows or one.name in output.rows[0]]
        rows = [{one.name: _cell(row.get(one.name), one) for one in there} for row in output.rows]
        anew = [{one.name: row[one.name] for one in there} for row in records(cells(table, units, shown=cell_text))]
        own = digest(next(iter(rows), ()), (row.values() for row in rows))
        return rows, anew, not output.whole or own != figures[0]["sha256"]
    # Rows beside the totals have a digest alone, which rests on every map and every last digit.
    same = output.receipt["versions"] == measured["versions"]
    others = [[{"region": "all rows together", "sha256": own["sha256"][:12]}] if same else [] for own in figures]
    kept, anew = ([*own["totals"], *more] for own, more in zip(figures, others, strict=True))
    return kept, anew, not output.whole


def _cell(value: Any, column: Column) -> str:
    """Return a cell that was read from an output as CSV has it."""
    if value is None or value == "":
        return ""
    if column.kind is bool:
        return "true" if str(value).lower() in ("true", "1") else "false"
    if column.kind in (int, float):
        if not isinstance(value, int | float):
            return str(value)
        # A workbook has no whole numbers.
        value = float(value) if column.kind is float or value % 1 else int(value)
    # A workbook has days as such, with or without an hour.
    return cell_text(value, PLACES.get(column.name, 3))[: 10 if column.kind is date else None]


def _keyed(rows: Iterable[Cells], apart: Sequence[str]) -> dict[Key, Cells]:
    """Return rows by what tells them apart, and those that nothing does by their number."""
    keyed: dict[Key, Cells] = {}
    seen = Counter[Key]()
    for row in rows:
        own = {"period": row.get("date", ""), **row}
        key = tuple(own.get(name, "") for name in (*KEY, *apart))
        seen[key] += 1
        keyed[key if seen[key] == 1 else (*key, f"({seen[key]})")] = row
    return keyed


def _output_of(entry: Entry, path: Path) -> _Output:
    """Return what an output holds; DataError where it has no receipt, or one that is none of ours."""
    content, beside = entry.read(), path.with_name(path.name + BESIDE)
    try:
        rest, own, rows = _embedded(content, path)
        # With it goes what the output's bytes were, which Parquet cannot hold of itself.
        if beside.is_file() and (own is None or content.startswith(_PARQUET)):
            own = file_of(beside).read()
            if path.suffix.lower() == ".csv":
                rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
        if own is None:
            cure = f"{_ANEW} with --receipt, or give it the name that it had: its receipt is to be {beside.name}"
            raise DataError("has no receipt, in it or beside it", where=entry.label, cure=cure)
        own = orjson.loads(own) if isinstance(own, bytes) else own
        # Line ends may be those of a repository.
        lines = rest.replace(b"\r\n", b"\n")
        same = [hashlib.sha256(one).hexdigest() for one in (rest, lines, lines.replace(b"\n", b"\r\n"))]
        tree = _tree(own)
        texts = own["figures"]["sha256"] + own["command"] + own["archive"]
        tables = all(isinstance(row, Mapping) for row in (*(rows or ()), own["options"]))
        totals = all(isinstance(cell, str) for row in own["figures"]["totals"] for cell in row.values())
        if not (own["units"] in UNITS and texts and tables and totals):
            raise ValueError
        return _Output(own, tree, rows, own.get("output", same[0]) in same)
    except _BROKEN as error:
        raise DataError("its receipt is broken", where=entry.label, cure=_ANEW) from error


def _embedded(content: bytes, path: Path) -> tuple[bytes, Any, Rows | None]:
    """Return an output less the receipt inside, that, and the output's rows; None for what it does not have."""
    if content.startswith(b"PK"):
        sheets = read_sheets(path.absolute(), (RECEIPT, FIGURES))
        lines = "\n".join(str(text) for row in sheets.get(RECEIPT, ()) for text in row.values())
        return content, lines.removeprefix("receipt\n").encode() or None, sheets.get(FIGURES)
    if content.lstrip().startswith(b"{"):
        document = orjson.loads(content)
        rows = document.get("rows") or [one["properties"] for one in document.get("features", ())]
        return content, document.get("meta", {}).get("receipt"), rows
    if content.startswith(_PARQUET):
        about = parquet_metadata(content, "frontcalc")
        return content, about and orjson.loads(about).get("receipt"), None
    if content.startswith(b"%PDF"):
        match = _IN_PDF.search(content)
        return content, match and re.sub(rb"\\(.)", rb"\1", match[1]), None
    return *without_receipt(content), None


def _tree(own: Mapping[str, Any]) -> Tree:
    """Return a receipt as a tree without tables: options are the same on both sides."""
    maps, regions, others = dict[str, dict[str, str]](), dict[str, str](), dict[str, str]()
    for one in own["files"]:
        role, name, digest_ = str(one["role"]), str(one["name"]), str(one["sha256"])
        if role == "map":
            maps.setdefault(str(one.get("date", "")), {})[name] = digest_
        elif role == "regions":
            regions[digest_] = name
        else:
            others[f"{role} {name}"] = digest_
    software = {str(name): str(version) for name, version in own["versions"].items()}
    version, baseline = software.pop("frontcalc", ""), {"baseline": str(own["options"].get("baseline", ""))}
    return Tree({}, version, software, baseline, maps, regions, {}, frozenset(), others)


def _call_of(
    own: Mapping[str, Any], named: Sequence[str | Path], where: str
) -> tuple[Callable[..., Any], dict[str, Any], Collection[str]]:
    """Return the facade that a receipt names, what to give it, and the days of the archive's maps as text."""
    import frontcalc  # the front door, which is layers above

    command, name = own["command"], own["archive"]
    # What connects to other machines measures nothing.
    call = getattr(frontcalc, command) if command in dir(frontcalc) and command != "fetch_regions" else None
    returns = str(getattr(getattr(call, "__wrapped__", None), "__annotations__", {}).get("return"))
    if call is None or not (re.match(r"Table\[|\w*Map$", returns) or command == _PAGE):
        raise _unfollowed(f"frontcalc measures nothing by {command!r}", where, _ANEW)
    options = _known(call, own["options"], where)
    if command == _PAGE:
        # What is as usual is not in a receipt, and to have no range is not.
        options = {"with_range": False, **options, "units": own["units"]}
    try:
        signature(call).bind(**options)
    except TypeError as error:
        raise _unfollowed(str(error), where, _ANEW) from error
    if named and not options.keys().isdisjoint(("archives", "others")):
        joint = " and ".join(printable(called) for _, called in named_archives(named))
        if sorted(joint.split(" and ")) != sorted(name.split(" and ")):
            problem, cure = f"are called {joint}, and {name} in {where}", "give each its name, as NAME=PATH"
            raise UsageError(problem, where=_NAMED, cure=cure)
    if "archives" in options:
        return call, options | ({"archives": named} if named else {}), ()
    if "others" in options:
        if named:
            options["archive"], *options["others"] = named
        return call, options, ()
    path = named[0] if named else options.pop("archive", None)
    if len(named) > 1 or (named and "archive" not in signature(call).parameters):
        raise _unfollowed("it is of fewer archives", where, "give --archive as often as it names one, or not at all")
    if path is None:
        return call, options, ()
    how = {name: options.pop(name) for name in ("legend", "skip_bad") if name in options}
    maps = open_archive(path, dating=Dating(options.pop("date_from", None)), **how)
    # Rows have the archive's name, which may be another elsewhere.
    options["archive"] = replace(maps, name=name)
    return call, options, set(map(str, maps.days))


def _known(call: Callable[..., Any], options: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return options of a receipt as a facade takes them; DataError where it has none of a name, or may not be told."""
    allowed = {*signature(call).parameters, *Keywords.__annotations__}.difference(WITHOUT_EFFECT, ("options", "folder"))
    if unknown := [name for name in options if name not in allowed]:
        raise _unfollowed(f"{call.__name__} takes no {', '.join(unknown)} from a receipt", where, _ANEW)
    for value in options.values():
        for path in map(str, value if isinstance(value, list) else [value]):
            if path.rpartition("=")[2].startswith(("//", "\\\\")):
                raise _unfollowed(f"{path} is on another machine", where)
    return dict(options)


def _unfollowed(problem: str, where: str, cure: str = _ELSEWHERE) -> DataError:
    """Return the error for a receipt that cannot be followed."""
    return DataError(f"its receipt cannot be followed: {problem}", where=where, cure=cure)


def _package_again(entry: Entry, named: Sequence[str | Path], given: Mapping[str, Any]) -> Drift:
    """Return what moved in the tree of summaries that a datapackage.json describes."""
    try:
        own = {**orjson.loads(entry.read())["frontcalc"]["options"]}
        archive, every = own.pop("archive"), [str(one) for one in own.pop("every")]
    except _BROKEN as error:
        raise DataError("describes no tree of summaries", where=entry.label, cure=_ANEW) from error
    options = _known(check_summaries, own, entry.label)
    place = named[0] if named else None if archive == SAMPLE_NAME else archive
    return check_summaries(entry.root.parent, every=every, archive=place, strict=True, **options, **given)
