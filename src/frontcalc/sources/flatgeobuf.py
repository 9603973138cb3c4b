"""FlatGeobuf, by GDAL."""

from __future__ import annotations

from frontcalc.sources.features import Features
from frontcalc.sources.ogr import read_layer

_MAGIC = b"fgb"


def detect(data: bytes) -> bool:
    """Say whether content begins as FlatGeobuf does: its name, a version, its name again."""
    return data[:3] == _MAGIC and data[4:7] == _MAGIC


def read(data: bytes, *, where: str) -> Features:
    """Return the features of FlatGeobuf.

    Raises
    ------
    DataError
        The file is broken or declares no CRS that is known.
    UsageError
        pyogrio is not installed.
    """
    return read_layer(data, where=where, drivers=("FlatGeobuf",))
