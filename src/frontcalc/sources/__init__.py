"""The only openers of geodata: one dict from format to reader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from frontcalc.errors import DataError
from frontcalc.sources import geojson
from frontcalc.sources.features import Features

READERS: dict[str, Callable[..., Features]] = {"geojson": geojson.read}

SUFFIXES = geojson.SUFFIXES


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
    """Return what was read and the features in it.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What messages and `meta` call it.

    Raises
    ------
    DataError
        The file cannot be read or is no geodata.
    """
    data = read_bytes(path, name=name)
    return SourceFile(name, hashlib.sha256(data).hexdigest()), READERS["geojson"](data, where=name)
