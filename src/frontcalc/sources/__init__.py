"""The only openers of geodata: one dict from format to reader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from frontcalc.sources import geojson
from frontcalc.sources.features import Features
from frontcalc.sources.files import Entry

READERS: dict[str, Callable[..., Features]] = {"geojson": geojson.read}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that was read: its name (never a whole path) and the SHA-256 of its bytes."""

    name: str
    sha256: str


def read_features(entry: Entry) -> tuple[SourceFile, Features]:
    """Return what was read and the features in it.

    Raises
    ------
    DataError
        The file cannot be read or is no geodata.
    """
    data = entry.read()
    return SourceFile(entry.label, hashlib.sha256(data).hexdigest()), READERS["geojson"](data, where=entry.label)
