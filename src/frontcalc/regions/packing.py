"""Polygons and numbers as bytes and back, to the last bit, for what is kept on disk."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray


def to_bytes(*arrays: NDArray[Any]) -> bytes:
    """Return arrays of polygons or numbers as bytes: WKB, and all in numpy's own form without pickle."""
    buffer = io.BytesIO()
    for array in arrays:
        drawn = array.dtype == object
        content = np.frombuffer(shapely.GeometryCollection(list(array)).wkb, np.uint8) if drawn else array
        np.save(buffer, content, allow_pickle=False)
    return buffer.getvalue()


def from_bytes(content: bytes) -> Iterator[NDArray[Any]]:
    """Yield the arrays in bytes that `to_bytes` made; numbers must not be single bytes, which are WKB."""
    buffer = io.BytesIO(content)
    while buffer.tell() < len(content):
        array = np.load(buffer, allow_pickle=False)
        polygons = array.dtype == np.uint8
        yield np.asarray(shapely.get_parts(shapely.from_wkb(array.tobytes())), dtype=object) if polygons else array
