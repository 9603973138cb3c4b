"""GeoJSON text sequences (RFC 8142), and their plainer sister, a GeoJSON text a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from frontcalc.crs import LONLAT
from frontcalc.errors import DataError
from frontcalc.sources.documents import declared_crs, parse, unwrap
from frontcalc.sources.features import Features
from frontcalc.sources.geojson import features_of, gather

RECORD_SEPARATOR = b"\x1e"


def read(data: bytes, *, where: str) -> Features:
    """Return the features of all records of a sequence, in their order.

    Where the file has record separators (0x1E) a record may span lines, else it is a line.

    Parameters
    ----------
    data : bytes
        The file's content.
    where : str
        The file's name, for messages.

    Raises
    ------
    DataError
        A record is no GeoJSON, its coordinates cannot be, or records differ in CRS.
    """
    features: list[Mapping[str, Any]] = []
    systems: list[str] = []
    synthetic = False
    for number, text in _records(data):
        document = unwrap(parse(text, where=where, part=f"record {number}"))
        features.extend(features_of(document, where=f"{where}, record {number}"))
        assert isinstance(document, dict)
        synthetic = synthetic or document.get("synthetic") is True
        crs = declared_crs(document, where=where)
        if crs not in systems:
            systems.append(crs)
    if len(systems) > 1:
        raise DataError(
            f"its records differ in CRS: {', '.join(systems)}",
            where=where,
            cure="convert all to longitude and latitude",
        )
    return gather(features, systems[0] if systems else LONLAT, synthetic=synthetic, where=where)


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number, from 1, and text of each record that is not blank."""
    separator = RECORD_SEPARATOR if RECORD_SEPARATOR in data else b"\n"
    texts = (text for text in data.split(separator) if text.strip())
    return enumerate(texts, start=1)
