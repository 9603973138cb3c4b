"""manifest.json: what a fetched archive says of where each of its files is from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from frontcalc.errors import DataError
from frontcalc.names import printable

NAME = "manifest.json"
KIND = "frontcalc-archive-1"
REVISIONS = "revisions"  # the folder, beside the manifest, of files that the publisher has changed since


@dataclass(frozen=True, slots=True)
class HeldFile:
    """One file of a fetched archive, named by its day."""

    file: str
    day: date
    url: str  # where it is from
    query: Mapping[str, str]  # what was asked there, nothing for a plain file
    etag: str  # empty where the server gave none or the file is of several answers
    version: str  # the last edit of a layer, or git's id of a file
    sha256: str  # of the file in the archive, in hexadecimal
    bytes: int
    features: int  # -1 where they were not counted


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a fetched archive holds, and on what terms."""

    source: str  # as the table of sources names it
    origin: str = ""  # the address that was named for a source that has none of its own
    publisher: str = ""
    attribution: str = ""
    licence: str = ""
    unresolved: str = ""
    terms: str = ""
    files: tuple[HeldFile, ...] = ()
    revisions: tuple[str, ...] = ()  # the names of files in that folder


def held_file(
    file: str, day: date, url: str, query: Mapping[str, str], etag: str, version: str, data: bytes, features: int = -1
) -> HeldFile:
    """Return what a manifest says of a file with some content."""
    return HeldFile(file, day, url, query, etag, version, hashlib.sha256(data).hexdigest(), len(data), features)


def is_manifest(data: bytes) -> bool:
    """Say whether a file is the manifest of a fetched archive."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("manifest") == KIND


def read_manifest(data: bytes) -> Manifest:
    """Return what a manifest says; raise DataError where it is none, or broken."""
    try:
        document: dict[str, Any] = json.loads(data)
        if document.pop("manifest") != KIND:
            raise ValueError("another kind")
        files = tuple(_held(entry) for entry in document.pop("files"))
        revisions = tuple(_text(name) for name in document.pop("revisions"))
        return Manifest(**{name: _text(value) for name, value in document.items()}, files=files, revisions=revisions)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        cure = "fetch into a new folder"
        raise DataError("is no manifest of a fetched archive", where=NAME, cure=cure) from error


def _held(entry: dict[str, Any]) -> HeldFile:
    """Return one file of a manifest, every value of its kind."""
    numbers = {name: entry.pop(name) for name in ("bytes", "features")}
    if any(type(number) is not int for number in numbers.values()):
        raise ValueError("no number")
    query = {_text(name): _text(value) for name, value in entry.pop("query").items()}
    day = date.fromisoformat(entry.pop("day"))
    texts: dict[str, Any] = {name: _text(value) for name, value in entry.items()}
    return HeldFile(**texts, **numbers, day=day, query=query)


def _text(value: object) -> str:
    """Return a text on one line, or raise where it is none."""
    if not isinstance(value, str) or value != printable(value):
        raise ValueError("no text")
    return value


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return a manifest as its file holds it: the same for the same archive, with no time of writing."""
    document = asdict(manifest) | {"manifest": KIND}
    document["files"] = sorted(document["files"], key=lambda entry: str(entry["file"]))
    document["revisions"] = sorted(document["revisions"])
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, default=date.isoformat).encode() + b"\n"
