"""frontcalc.toml: defaults in the working folder, and what an archive says of itself."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, TypedDict, cast
from unicodedata import normalize

from frontcalc import atomic
from frontcalc.dates import WRITTEN
from frontcalc.errors import DataError, UsageError, reason_of
from frontcalc.layers import OWN, Layer, Legend, Role, actor_named, spelling
from frontcalc.names import printable
from frontcalc.region_store import EMBEDDED, set_named
from frontcalc.views import choose_view

NAME = "frontcalc.toml"

DEFAULTS = (
    *("archive", "legend", "regions", "region-name", "by", "only", "snap"),
    *("view", "actor", "crs", "carry-layers", "format", "units"),
)
"""Keys of the working folder's file: options by their long names."""

GONE = {
    "allow-synthetic": "leave it out: sentences of made-up maps say so themselves",
    "dask": "write --workers with the scheduler's address, as in --workers tcp://10.0.0.1:8786",
    "engine": "leave it out: figures are the same without it",
    "layers": "write --view with the layers' names, a role as in --view role:claimed",
    "no-cache": "write --cache none",
    "places": "the command places lists them, frontcalc.places in Python",
    "year": "write year = 2024 into the archive's frontcalc.toml",
    "theatre": "write --only with the country's code or name, as in --only UA",
}
"""Options, keywords and keys that were, and what does their work."""

# The table of the working folder's file that names archives: of each the path, and what its own file may say.
ARCHIVES = "archives"
_PATHS = ("archive", "legend", "regions")
# Keys of an archive that the working folder's file names, beside those of its own, with examples.
_OF_NAMED = {"path": "maps/isw", "legend": "legends/isw.toml", "opening": "before-2022.geojson"}
_SEVERAL = ("only",)  # options that may be given more than once
_LONGEST_LINE, _LONGEST_NAME = 500, 80
LARGEST = 1_000_000  # bytes that a TOML file may have
_MOST_DOTS, _DEEPEST, _MOST_BITS = 40, 16, 10_000
_TEXTS = re.compile(rb""""[^"\\\n]*"|'[^'\n]*'""")  # those of one line, without escapes
OF_ARCHIVE = (
    *("publisher", "attribution", "licence", "view", "as_of_offset_days", "year", "dates"),
    *("property", "layers", "ignore"),
)
"""Keys of an archive's own file. It is as untrusted as the maps beside it, so no path is among them."""

OF_LAYER = frozenset({"actor", "role", "whole", "until", "empty"})  # keys of what a layer means


class ArchiveConfig(TypedDict, total=False):
    """What an archive says of itself; it has only what is stated, so that `|` puts one statement before another."""

    dates: Mapping[str, date]  # the day of files by name, which beats every other source
    legend: Legend  # what tells its layers, and what their names mean, before the built-in tables
    view: str  # to use unless the user asks for another
    as_of_offset_days: int  # to add to every date, where files are stamped later than what they show
    year: int  # of file names that state only day and month; else it is that of their folder
    attribution: str  # whom the maps are from, and with the licence on what terms, as every output repeats it
    licence: str
    publisher: str
    opening: Path  # the map for the days before the first, of an archive that the working folder names
    file: tuple[str, str]  # the toml that says so: its name and the SHA-256 of its bytes


def archive_config(data: bytes, *, where: str = NAME) -> ArchiveConfig:
    """Return what an archive's frontcalc.toml says; DataError for no TOML, or a key or value that it may not have."""
    # In a working folder that is also an archive one file serves both: defaults are read elsewhere.
    elsewhere = {*DEFAULTS, ARCHIVES} - {"view"}
    if not data.strip():
        raise DataError("is empty", where=where, cure="remove it, or copy it again")
    config = _config({key: own for key, own in read_toml(data, where=where).items() if key not in elsewhere}, where)
    return config | {"file": (where, sha256(data).hexdigest())}


def _config(document: Mapping[str, Any], where: str) -> ArchiveConfig:
    """Return what a document says of an archive."""
    for key in document:
        if key not in OF_ARCHIVE:
            cure = GONE.get(key, f"keys are {', '.join(OF_ARCHIVE)}")
            raise DataError(f"has an unknown key {key!r}", where=where, cure=cure)
    config: dict[str, Any] = {"legend": _legend(document, where)}
    if "view" in document:
        try:
            choose_view(str(document["view"]), own=dict(config["legend"].layers))
        except UsageError as error:
            raise DataError(error.problem, where=where, cure=error.cure) from error
    offset, year = document.get("as_of_offset_days", 0), document.get("year", WRITTEN[0])
    if type(offset) is not int or abs(offset) > 31:
        raise DataError(f"as_of_offset_days is {offset!r}", where=where, cure="give a whole number of days up to 31")
    if type(year) is not int or year not in WRITTEN:
        raise DataError(f"year is {year!r}", where=where, cure="write it as year = 2024")
    publisher = document.get("publisher", "")
    if not isinstance(publisher, str) or not publisher.isprintable() or len(publisher) > _LONGEST_NAME:
        raise DataError(f"publisher is {publisher!r}", where=where, cure='give a name, as in publisher = "ISW"')
    # macOS writes accents of file names apart from their letters.
    config["dates"] = {normalize("NFC", name): day for name, day in _table(document, "dates", where).items()}
    for name, day in config["dates"].items():
        if type(day) is not date or day.year not in WRITTEN:
            shown = day if isinstance(day, date) else repr(day)
            cure = f"write it as 2024-11-03, unquoted, of {WRITTEN[0]} to {WRITTEN[-1]}"
            raise DataError(f"the date of {name!r} is {shown}", where=where, cure=cure)
    config |= {key: document.get(key) for key in ("view", "as_of_offset_days", "year")}
    config |= {key: _line(document, key, where) for key in ("attribution", "licence")}
    config["publisher"] = publisher.strip()
    return cast(ArchiveConfig, {key: value for key, value in config.items() if value not in (None, "", {}, Legend())})


def named_archive(name: str, folder: Path) -> tuple[Path, ArchiveConfig] | None:
    """Return where an archive lies that a folder's frontcalc.toml names, and what that says of it; None for none."""
    try:
        entry = _table(_document(folder), ARCHIVES, NAME).get(name)
        if entry is None:
            return None
        where = f"{NAME} [{ARCHIVES}.{name}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("path"), str) or not entry["path"]:
            raise DataError("names no path", where=where, cure=f'give its path, as in path = "{_OF_NAMED["path"]}"')
        stated = _config({key: value for key, value in entry.items() if key not in _OF_NAMED}, where)
        for key, example in list(_OF_NAMED.items())[1:]:
            if key in entry and (not isinstance(entry[key], str) or not entry[key]):
                raise DataError(f"its {key} is no path", where=where, cure=f'give it as {key} = "{example}"')
        if "legend" in entry:
            stated = read_legend(folder / entry["legend"]) | stated
        if "opening" in entry:
            stated["opening"] = folder / entry["opening"]
        return folder / entry["path"], stated
    except DataError as error:
        raise UsageError(str(error)) from error


def read_legend(path: Path) -> ArchiveConfig:
    """Return what a legend's file says: one of the form of an archive's frontcalc.toml, from anywhere."""
    if not path.is_file():
        raise UsageError("is no file", where=printable(str(path)), cure="give the toml that explains the layers")
    where = printable(path.name)
    return archive_config(_bytes(path, where), where=where)


def working_defaults(folder: Path) -> dict[str, Any]:
    """Return the defaults of a folder's frontcalc.toml, by option name with underscores; paths are from there."""
    try:
        document = _document(folder)
    except DataError as error:
        raise UsageError(str(error)) from error
    named, defaults = _table(document, ARCHIVES, NAME), {}
    for key, value in document.items():
        if key in (*OF_ARCHIVE, ARCHIVES) and key not in DEFAULTS:
            continue
        if key not in DEFAULTS:
            cure = GONE.get(key, f"keys are {', '.join(DEFAULTS)}")
            raise UsageError(f"has an unknown key {key!r}", where=NAME, cure=cure)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise UsageError(f"{key} is {value!r}", where=NAME, cure="give text or a number")
        if value == "":
            raise UsageError(f"{key} is empty", where=NAME, cure="give it a value, or leave it out")
        known = value in named if key == "archive" else key == "regions" and (value == EMBEDDED or set_named(value))
        is_path = key in _PATHS and not known
        setting: Any = str(folder / str(value)) if is_path else value
        defaults[key.replace("-", "_")] = [setting] if key in _SEVERAL else setting
    return defaults


def write_default(folder: Path, key: str, value: str) -> None:
    """Write one of the `DEFAULTS` into a folder's frontcalc.toml, in place of an earlier one, all else as it is."""
    file, line = folder / NAME, f'{key} = "{value}"'
    before = _document(folder)
    text = file.read_bytes().decode("utf-8-sig") if before or file.exists() else ""
    lines, own = text.splitlines(keepends=True), re.compile(rf"\s*(['\"]?){key}\1\s*=")
    # Before the first table; a line in a text of several lines is found out below.
    first = next((nth for nth, one in enumerate(lines) if one.lstrip().startswith("[")), len(lines))
    kept = [one for nth, one in enumerate(lines) if nth >= first or not own.match(one)]
    content = "".join([f"{line}\n", *kept]).encode()
    try:
        if read_toml(content, where=NAME) != before | {key: value}:
            raise OSError(f"{key} is not a line of its own")
        atomic.replace(file, content)
    except (DataError, OSError) as error:
        raise UsageError("could not be changed", where=NAME, cure=f"write into it by hand: {line}") from error


def _document(folder: Path) -> dict[str, Any]:
    """Return the frontcalc.toml of a folder, empty where there is none."""
    file = folder / NAME
    if file.is_fifo():  # which would be waited for without end
        raise DataError("is a pipe", where=NAME, cure="write it into a file")
    return read_toml(_bytes(file, NAME), where=NAME) if os.path.lexists(file) else {}


def _bytes(path: Path, where: str) -> bytes:
    """Return a file's bytes, at most one more than a TOML file may have; DataError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        problem = f"cannot be read: {reason_of(error)}"
        raise DataError(problem, where=where, cure="check its name and permissions") from error


def read_toml(data: bytes | Path, *, where: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """Return a TOML document, its fractions as `parse_float` makes them; DataError where it is none, or hostile."""
    import tomllib  # where there is such a file only

    data = _bytes(data, where) if isinstance(data, Path) else data
    if len(data) > LARGEST:
        how = "split it, or leave out what is not needed"
        raise DataError(f"is larger than {LARGEST:,} bytes", where=where, cure=how)
    # The time that a key takes grows with the square of its parts.
    for number, line in enumerate(_TEXTS.sub(b"", data).splitlines(), start=1):
        if line.count(b".") > _MOST_DOTS and not line.lstrip().startswith(b"#"):
            raise DataError(f"line {number} has more than {_MOST_DOTS} dots", where=where, cure="break it into several")
    try:
        document = tomllib.loads(data.decode("utf-8-sig"), parse_float=parse_float)
        level: list[Any] = [document]
        for _ in range(_DEEPEST):
            level = [one for own in level for one in (own.values() if isinstance(own, dict) else own)]
            if any(isinstance(one, int) and one.bit_length() > _MOST_BITS for one in level):
                raise OverflowError
            level = [one for one in level if isinstance(one, dict | list)]
        if level:
            raise RecursionError
        return document
    except UnicodeDecodeError as error:
        raise DataError(f"is not UTF-8 text, at byte {error.start}", where=where, cure="save it as UTF-8") from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        reason, cure = str(error), "mend the line that is named"
        if not isinstance(error, tomllib.TOMLDecodeError):
            deep = isinstance(error, RecursionError)
            reason, cure = ("it nests too deep" if deep else "a number has too many digits"), "mend it"
        raise DataError(f"is not valid TOML: {reason}", where=where, cure=cure) from error


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


def _legend(document: Mapping[str, Any], where: str) -> Legend:
    """Return what a document says of layers."""
    table = _table(document, "layers", where)
    layers, known = dict[str, Layer](), dict[str, str]()
    cure = 'write it as "name" = { actor = "Russia", role = "control" }'
    for name, meaning in table.items():
        if not isinstance(meaning, dict) or not set(meaning) <= OF_LAYER:
            raise DataError(f"layer {name!r} is {meaning!r}", where=where, cure=cure)
        actor, role, whole = meaning.get("actor"), meaning.get("role"), meaning.get("whole", False)
        if not isinstance(actor, str) or not actor.strip() or type(whole) is not bool:
            raise DataError(f"layer {name!r} names no actor", where=where, cure=cure)
        if role not in tuple(Role):
            raise DataError(f"layer {name!r} has role {role!r}", where=where, cure=f"roles are {', '.join(Role)}")
        layer = layers[name] = Layer(actor_named(actor), Role(role), whole, OWN)
        if layers[other := known.setdefault(spelling(name), name)] != layer:
            what = f"layers {other!r} and {name!r} are two spellings of one name"
            raise DataError(what, where=where, cure="give both the same actor and role, or leave one out")
        until, empty = meaning.get("until"), meaning.get("empty", False)
        is_day = type(until) is date and until.year in WRITTEN
        if type(empty) is not bool or not (is_day or (until is None and not empty)):
            how = "write until = 2025-06-29, unquoted, and with it empty = true where nothing is held from then on"
            raise DataError(f"layer {name!r} ends wrongly", where=where, cure=how)
        layers[name] = replace(layer, until=until, empty=empty)
    # Where a legend knows no advance of an actor, its control is all that the actor holds.
    advancing = {layer.actor for layer in layers.values() if layer.role is Role.ADVANCE}
    for name, layer in layers.items():
        if layer.role is Role.CONTROL and layer.actor not in advancing and "whole" not in table[name]:
            layers[name] = replace(layer, whole=True)
    ignore = document.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(name, str) for name in ignore):
        raise DataError("ignore is no list of properties", where=where, cure='write it as ignore = ["state"]')
    return Legend(tuple(sorted(layers.items())), _line(document, "property", where), tuple(sorted(ignore)))
