"""Writers: dicts from format to a function of a table and its units, and the writing of files whole or not at all."""

from __future__ import annotations

import codecs
import errno
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontcalc import atomic
from frontcalc.errors import DataError, UsageError, reason_of

if TYPE_CHECKING:
    from frontcalc.tables import Meta, Table

WRITERS = {
    "table": ("text.table", ".txt", "text"),
    "csv": ("flat_files.csv_text", ".csv .txt", "text"),
    "json": ("flat_files.json_text", ".json .txt", "text"),
    "markdown": ("text.markdown", ".md .txt", "text"),
    "xlsx": ("xlsx.xlsx_bytes", ".xlsx", "bytes"),
    "parquet": ("geodata.parquet_bytes", ".parquet", "bytes"),
    "sentence": ("sentences.sentence", ".txt .md", "prose"),
}
"""By format: the function that writes it, imported when it is used; the suffixes of its files; and what these hold.

Text shows every row of any table, prose is for some tables alone, and bytes are for no terminal.
"""

CHECK_WRITERS = {**WRITERS, "sarif": ("flat_files.sarif_text", ".sarif .json", "text")}
"""The writers of findings: those of every table, and the form that code hosts and editors show beside files."""

MAP_WRITERS = {
    "geojson": ("geodata.map_geojson_bytes", ".geojson .json", "text"),
    "gpkg": ("geodata.gpkg_bytes", ".gpkg", "bytes"),
    "geoparquet": ("geodata.map_geoparquet_bytes", ".geoparquet .parquet", "bytes"),
}
"""Formats of change polygons, which no table can be written in."""

BESIDE = ".receipt.json"  # behind the name of an output, the name of its receipt in a file of its own
SUFFIXES: dict[str, list[str]] = {}
for _form, (_, _suffixes, _) in (CHECK_WRITERS | MAP_WRITERS).items():
    for _suffix in _suffixes.split():
        SUFFIXES.setdefault(_suffix, []).append(_form)
"""What the suffix of a file chooses, then what else it may hold."""

WITH_REMARKS = ("table", "markdown", "xlsx")
"""Formats that show notices among their own text."""


def render(
    result: Table[Any, Any],
    format_: str,
    *,
    units: str = "km2",
    bom: bool = False,
    wide: bool = False,
    notes: str = "few",
    width: int | None = None,
    colour: bool = False,
) -> bytes:
    """Return a result as a file of some format holds it, areas and names of columns in `units`.

    `bom` begins CSV with a byte order mark, which Excel needs to take it for UTF-8. Below text and Markdown stand the
    `notes` that matter most, all or none. A text table fits into lines of `width` characters and has ANSI `colour`.
    A `wide` summary has regions side by side, as in a workbook. UsageError where there is no such format or unit, a
    byte order mark is asked for elsewhere, or a package is not installed.
    """
    # Loaded late: commands read which formats there are to show a help text, for which numpy need not be loaded.
    from frontcalc.outputs.numbers import UNITS

    writers = _writers(result)
    if format_ not in writers or units not in UNITS:
        raise UsageError(f"no format {format_!r} in {units!r}", cure=f"formats are {', '.join(writers)}")
    if bom and format_ != "csv":
        raise UsageError("a byte order mark is for CSV alone", where="--bom", cure="leave it out")
    style: dict[str, Any] = {"notes": notes, "wide": wide} if format_ in ("table", "markdown") else {}
    style |= {"width": width, "colour": colour} if format_ == "table" else {}
    module, name = writers[format_][0].split(".")
    content = getattr(import_module(f"frontcalc.outputs.{module}"), name)(result, units=units, **style)
    encoded: bytes = content.encode() if isinstance(content, str) else content
    return codecs.BOM_UTF8 + encoded if bom else encoded


def _writers(result: Table[Any, Any]) -> dict[str, tuple[str, str, str]]:
    """Return the writers of a result, by format."""
    tables = CHECK_WRITERS if hasattr(result.kind, "severity") else WRITERS
    return MAP_WRITERS if hasattr(result.kind, "geometry") else tables


def format_of(result: Table[Any, Any], path: Path) -> str:
    """Return the format of a result that a file's suffix chooses; UsageError where there is none."""
    writers = _writers(result)
    if form := next((form for form in SUFFIXES.get(path.suffix.lower(), ()) if form in writers), None):
        return form
    known = ", ".join(suffix for suffix, forms in SUFFIXES.items() if not writers.keys().isdisjoint(forms))
    raise UsageError("has no suffix of such a result", where=str(path), cure=f"use {known}")


def place_lines(meta: Meta, actor: str | None = None) -> Iterator[str]:
    """Yield a line each way for places that an actor, or each, holds at one end alone, and which places are listed."""
    for one in getattr(meta, "archives", ()) or (meta,):
        of_archive = "" if one is meta else f"{one.archive}, "
        for used in one.periods:
            if actor not in (None, used.actor):
                continue
            mine = [place for place in one.places or () if (place.actor, place.period) == (used.actor, used.period)]
            for change, words in (("gained", "came under"), ("lost", "came out of")):
                names = ", ".join(f"{own.place} ({own.date or 'no date'})" for own in mine if own.change == change)
                if names:
                    yield f"{of_archive}{used.period}: {words} {used.actor}'s hold: {names}"
            if of_archive and used.opening == used.closing:
                yield f"{of_archive}{used.period}: nothing was measured"
            elif not mine:
                yield f"{of_archive}{used.period}: {used.actor} holds the same places at its end as at its start"
    if rule := meta.place_rule:
        yield rule


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, as `write_together` does; a receipt of the one that it replaces goes."""
    beside, own = Path(f"{path}{BESIDE}"), None
    with suppress(OSError, ValueError):
        own = json.loads(beside.read_bytes())
    # Another program's file of such a name is not touched.
    is_receipt = isinstance(own, dict) and {"command", "files", "figures", "versions"} <= own.keys()
    write_together({path: content.encode() if isinstance(content, str) else content}, remove=[beside] * is_receipt)


def write_together(contents: Mapping[Path, bytes], *, remove: Iterable[Path] = ()) -> None:
    """Write files so that a run that fails or is killed leaves the old set, as far as a file system can.

    All are written beside their places, then renamed in their order. The files in `remove`, no longer part of
    the set, go before the last is renamed, which so is the set's seal. A file that is replaced keeps its permissions,
    and a link keeps pointing to it; what is no regular file, such as a pipe, is written as it is. Raise DataError
    where a folder is missing or cannot be written, or the disk is full; then no file has been touched.
    """
    written: list[tuple[Path, Path]] = []
    target = next(iter(contents))
    try:
        with ExitStack() as stack:
            atomic.remove_unfinished(target.resolve().parent, [path.resolve().name for path in contents])
            for target, content in contents.items():
                if target.is_dir():
                    raise IsADirectoryError(errno.EISDIR, "is a directory")
                if target.exists() and not target.is_file():
                    target.write_bytes(content)
                else:
                    resolved = target.resolve()
                    written.append((stack.enter_context(atomic.beside(resolved, content)), resolved))
            for temporary, target in written[:-1]:
                atomic.put(temporary, target)
            for target in remove:
                target.unlink(missing_ok=True)
            for temporary, target in written[-1:]:
                atomic.put(temporary, target)
    except BrokenPipeError:
        raise
    except (OSError, RuntimeError) as error:
        raise _unwritable(target, error) from error


def write_folder(target: Path, contents: Iterable[tuple[str, bytes]]) -> tuple[Path, ...]:
    """Write named files into a new or empty folder that is there once all are; DataError where that cannot be."""
    names = []
    try:
        with atomic.folder_beside(target.resolve()) as temporary:
            for name, content in contents:
                with atomic.beside(temporary / name, content) as file:
                    file.replace(temporary / name)
                names.append(name)
    except OSError as error:
        raise _unwritable(target, error) from error
    return tuple(target / name for name in names)


def _unwritable(target: Path, error: Exception) -> DataError:
    """Return the error that says why a place cannot be written."""
    return DataError(f"cannot be written: {reason_of(error)}", where=str(target), cure="give another place with -o")
