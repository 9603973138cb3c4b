"""The only openers of geodata: one dict from format to reader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontcalc.errors import DataError
from frontcalc.sources import esri, geojson, geojson_sequence, topojson
from frontcalc.sources.detection import detect, unpack
from frontcalc.sources.documents import parse, unwrap
from frontcalc.sources.features import Features

SUFFIXES = geojson.SUFFIXES

# What is neither of these is GeoJSON, whose reader says what is missing.
_DOCUMENTS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[..., Features]], ...] = (
    (topojson.is_topology, topojson.read_document),
    (esri.is_esri, esri.read_document),
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that was read: its name (never a whole path) and the SHA-256 of its bytes."""

    name: str
    sha256: str


def read_bytes(path: Path, *, name: str) -> bytes:
    """Return a file's content.

    Raises
    ------
    DataError
        The file cannot be opened or is empty.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise DataError(f"cannot be read: {reason}", where=name) from error
    if not data.strip():
        raise DataError("is empty", where=name, cure="is the download complete?")
    return data


def read_features(path: Path, *, name: str) -> tuple[SourceFile, Features]:
    """Return what was read and the features in it; the format is told by the content, never by the name.

    Parameters
    ----------
    path : Path
        The file, plain or gzip.
    name : str
        What messages and `meta` call it.

    Raises
    ------
    DataError
        The file cannot be read or is no geodata.
    """
    data = read_bytes(path, name=name)
    content = unpack(data, where=name)
    return SourceFile(name, hashlib.sha256(data).hexdigest()), READERS[detect(content, where=name)](content, where=name)


def read_json(data: bytes, *, where: str) -> Features:
    """Return the features of one JSON document, whichever of the JSON formats it is in.

    The text is parsed once, since that takes most of the time of reading a map.

    Raises
    ------
    DataError
        The text is no JSON, or no map.
    """
    document = unwrap(parse(data, where=where))
    if isinstance(document, dict):
        for is_format, read_document in _DOCUMENTS:
            if is_format(document):
                return read_document(document, where=where)
    return geojson.read_document(document, where=where)


READERS: dict[str, Callable[..., Features]] = {
    "geojson-sequence": geojson_sequence.read,
    "json": read_json,
}
"""Format, as `detect` names it, to the function that reads its bytes."""
