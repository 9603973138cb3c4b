"""Writers: one dict from format to a function of a table, and the atomic writing of files."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from frontcalc import atomic
from frontcalc.errors import DataError, UsageError, reason_of
from frontcalc.outputs.published import UNITS
from frontcalc.tables import Table

Writer = Callable[..., str | bytes]
"""Takes a table, and what its form alone is told."""


def _late(module: str, name: str) -> Writer:
    """Return a writer that is imported when it is first used: a command writes one form."""

    def write(result: Table[Any, Any], **told: Any) -> str | bytes:
        writer: Writer = getattr(import_module(f"frontcalc.outputs.{module}"), name)
        return writer(result, **told)

    return write


WRITERS: dict[str, Writer] = {
    "table": _late("text", "table"),
    "csv": _late("flat", "csv_text"),
    "json": _late("flat", "json_text"),
    "markdown": _late("text", "markdown"),
    "html": _late("webpage", "html_page"),
    "xlsx": _late("xlsx", "xlsx_bytes"),
    "parquet": _late("parquet", "parquet_bytes"),
    "sentence": _late("sentence", "sentence"),
}

CHECK_WRITERS: dict[str, Writer] = {**WRITERS, "sarif": _late("sarif", "sarif_text")}
"""The writers of findings: those of every table, and the form that code hosts and editors show beside files."""

MAP_WRITERS: dict[str, Writer] = {
    "geojson": _late("changemap", "geojson_bytes"),
    "gpkg": _late("geopackage", "geopackage_bytes"),
    "geoparquet": _late("changemap", "geoparquet_bytes"),
}
"""Formats of change polygons, which no table can be written in."""

WITH_REMARKS = ("table", "markdown", "html", "xlsx")
"""Formats that show notices among their own text."""


def render(
    result: Table[Any, Any],
    format_: str,
    *,
    units: str = "km2",
    bom: bool = False,
    width: int | None = None,
    colour: bool = False,
) -> bytes:
    """Return a result as a file of some format holds it.

    Parameters
    ----------
    result : Table
        Figures in km², as the library makes them.
    format_ : str
        One of `WRITERS`, of `CHECK_WRITERS` for findings, or of `MAP_WRITERS` for change polygons.
    units : str
        `km2` or `mi2`: what areas are written in. Columns are named after it.
    bom : bool
        Begin CSV with a byte order mark, which Excel needs to take it for UTF-8.
    width : int, optional
        Characters a line of the terminal that a text table is for; other formats have no width.
    colour : bool
        Mark a text table with ANSI escape codes.

    Raises
    ------
    UsageError
        There is no such format or unit, a byte order mark is asked for in another format than CSV, or a package is
        not installed.
    """
    writers = _writers_of(result.kind)
    if format_ not in writers or units not in UNITS:
        raise UsageError(f"no format {format_!r} in {units!r}", cure=f"formats are {', '.join(writers)}")
    if bom and format_ != "csv":
        raise UsageError("a byte order mark is for CSV alone", where="--bom", cure="leave it out")
    told = {"width": width, "colour": colour} if format_ == "table" else {}
    content = writers[format_](replace(result, meta=replace(result.meta, units=units)), **told)
    encoded = content.encode() if isinstance(content, str) else content
    return codecs.BOM_UTF8 + encoded if bom else encoded


def _writers_of(kind: type) -> Mapping[str, Writer]:
    """Return the writers of a class of rows."""
    if hasattr(kind, "geometry"):
        return MAP_WRITERS
    return CHECK_WRITERS if hasattr(kind, "severity") else WRITERS


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; what is no regular file, such as a pipe, is written as it is.

    A file that is replaced keeps its permissions, and a link keeps pointing to it.

    Raises
    ------
    DataError
        The folder is missing or cannot be written, or the disk is full; what was there before stays.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(data)
        else:
            atomic.replace(path.resolve(), data)
    except BrokenPipeError:
        raise
    except (OSError, RuntimeError) as error:
        problem = f"cannot be written: {reason_of(error)}"
        raise DataError(problem, where=str(path), cure="give another place with -o") from error
