"""frontcalc.toml: defaults in the working folder, and what an archive says of itself."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from frontcalc.errors import DataError, UsageError
from frontcalc.labels import printable
from frontcalc.layers import Layer, Role
from frontcalc.views import VIEWS

NAME = "frontcalc.toml"

DEFAULTS = (
    "archive",
    "regions",
    "region-name",
    "by",
    "only",
    "theatre",
    "snap",
    "view",
    "actor",
    "crs",
    "carry-layers",
    "format",
    "units",
)
"""Keys of the working folder's file: options by their long names."""

_PATHS = ("archive", "regions")
# Options that may be given more than once.
_SEVERAL = ("only",)
_LONGEST_LINE = 500
OF_ARCHIVE = ("publisher", "attribution", "licence", "view", "as_of_offset_days", "dates", "layers")
"""Keys of an archive's own file. It is as untrusted as the maps beside it, so no path is among them."""

OF_LAYER = frozenset({"actor", "role", "whole"})
"""Keys of what a layer means."""

_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class ArchiveConfig:
    """What an archive says of itself.

    Parameters
    ----------
    dates : mapping of str to date
        The day of files by name, which beats every other source.
    layers : mapping of str to Layer
        What layer names mean, beside the built-in table and before it.
    view : str or None
        The view to use unless the user asks for another.
    as_of_offset_days : int
        Days to add to every date, where files are stamped later than what they show.
    attribution, licence : str
        Whom the maps are from and on what terms, as every output repeats it; empty where it is not stated.
    publisher : str
        Who publishes the maps; empty where that is not said.
    """

    dates: Mapping[str, date] = field(default_factory=dict)
    layers: Mapping[str, Layer] = field(default_factory=dict)
    view: str | None = None
    as_of_offset_days: int = 0
    attribution: str = ""
    licence: str = ""
    publisher: str = ""


def archive_config(data: bytes, *, where: str = NAME) -> ArchiveConfig:
    """Return what an archive's frontcalc.toml says.

    Raises
    ------
    DataError
        It is no TOML, or has a key or value that it may not have.
    """
    document = read_toml(data, where=where)
    # In a working folder that is also an archive one file serves both: defaults are read elsewhere.
    for key in document:
        if key not in OF_ARCHIVE and key not in DEFAULTS:
            raise DataError(f"has an unknown key {key!r}", where=where, cure=f"keys are {', '.join(OF_ARCHIVE)}")
    view = document.get("view")
    if view is not None and (not isinstance(view, str) or view not in VIEWS):
        raise DataError(f"names a view {view!r}", where=where, cure=f"choose {', '.join(VIEWS)}")
    offset = document.get("as_of_offset_days", 0)
    if type(offset) is not int or abs(offset) > 31:
        raise DataError(f"as_of_offset_days is {offset!r}", where=where, cure="give a whole number of days up to 31")
    publisher = document.get("publisher", "")
    if not isinstance(publisher, str) or not publisher.isprintable() or len(publisher) > _LONGEST_NAME:
        raise DataError(f"publisher is {publisher!r}", where=where, cure='give a name, as in publisher = "ISW"')
    dates = _table(document, "dates", where)
    for name, day in dates.items():
        if type(day) is not date:
            raise DataError(f"the date of {name!r} is {day!r}", where=where, cure="write it as 2024-11-03, unquoted")
    layers = {name: _layer(name, meaning, where) for name, meaning in _table(document, "layers", where).items()}
    attribution, licence = _line(document, "attribution", where), _line(document, "licence", where)
    return ArchiveConfig(dates, layers, view, offset, attribution, licence, publisher.strip())


def working_defaults(folder: Path) -> dict[str, Any]:
    """Return the defaults that the frontcalc.toml of a folder sets, by option name with underscores.

    Paths are taken from the folder. Without such a file there are none.

    Raises
    ------
    UsageError
        The file cannot be read, is no TOML or has an unknown key.
    """
    file = folder / NAME
    try:
        document = read_toml(file.read_bytes(), where=NAME) if os.path.lexists(file) else {}
    except (OSError, DataError) as error:
        raise UsageError(
            str(error) if isinstance(error, DataError) else f"{NAME}: cannot be read; check its permissions"
        ) from error
    defaults = {}
    for key, value in document.items():
        if key in OF_ARCHIVE and key not in DEFAULTS:
            continue
        if key not in DEFAULTS:
            raise UsageError(f"has an unknown key {key!r}", where=NAME, cure=f"keys are {', '.join(DEFAULTS)}")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise UsageError(f"{key} is {value!r}", where=NAME, cure="give text or a number")
        setting: Any = str(folder / str(value)) if key in _PATHS else value
        defaults[key.replace("-", "_")] = [setting] if key in _SEVERAL else setting
    return defaults


def read_toml(data: bytes, *, where: str) -> dict[str, Any]:
    """Return a TOML document.

    Raises
    ------
    DataError
        It is no TOML, not in UTF-8, nests too deep, or has a number or day that cannot be.
    """
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"is not UTF-8 text, at byte {error.start}", where=where, cure="save it as UTF-8") from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        reason = "it nests too deep" if isinstance(error, RecursionError) else str(error)
        raise DataError(f"is not valid TOML: {reason}", where=where, cure="mend the line that is named") from error


def _table(document: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """Return a table of the document, empty where it is absent."""
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise DataError(f"{key} is no table", where=where, cure=f"begin it with [{key}]")
    return table


def _line(document: Mapping[str, Any], key: str, where: str) -> str:
    """Return a text of the document on one line, empty where it is absent."""
    text = document.get(key, "")
    if not isinstance(text, str) or len(text) > _LONGEST_LINE:
        cure = f"write it in quotes, at most {_LONGEST_LINE} characters"
        raise DataError(f"{key} is no short text", where=where, cure=cure)
    return printable(" ".join(text.split()))


def _layer(name: str, meaning: object, where: str) -> Layer:
    """Return what an entry of the table of layers means."""
    cure = 'write it as "name" = { actor = "Russia", role = "control" }'
    if not isinstance(meaning, dict) or not set(meaning) <= OF_LAYER:
        raise DataError(f"layer {name!r} is {meaning!r}", where=where, cure=cure)
    actor, role, whole = meaning.get("actor"), meaning.get("role"), meaning.get("whole", False)
    if not isinstance(actor, str) or not actor.strip() or type(whole) is not bool:
        raise DataError(f"layer {name!r} names no actor", where=where, cure=cure)
    if role not in tuple(Role):
        raise DataError(f"layer {name!r} has role {role!r}", where=where, cure=f"roles are {', '.join(Role)}")
    return Layer(printable(actor.strip()), Role(role), whole)
