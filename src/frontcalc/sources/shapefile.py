"""Shapefiles, in parts: the geometry is in .shp, the rest beside it, and some of the rest is often lost."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from frontcalc.crs import LONLAT
from frontcalc.errors import DataError
from frontcalc.sources.detection import signature_of
from frontcalc.sources.features import Features, name_layer
from frontcalc.sources.files import SHAPEFILE_PARTS
from frontcalc.sources.ogr import read_layer

_HEADER = 100
_NULL_SHAPE = 0
# Where a .dbf says which code page it is in; 0 is nothing said (dBASE IV's language driver).
_DBF_LANGUAGE = 29
_DBF_HEADER = 33


def read_shapefile_parts(parts: Mapping[str, bytes], *, where: str) -> Features:
    """Return the features of a shapefile.

    Parameters
    ----------
    parts : mapping of str to bytes
        Content by suffix in lower case, as in ``.shp``. Only that one must be there: without .shx the
        records are counted here, without .dbf there are no properties, without .prj the coordinates
        must be degrees, without .cpg texts are taken for UTF-8 where they can be.
    where : str
        The .shp's name, for messages; without folders and suffix it is the features' `layer`.
    """
    shp = parts.get(".shp", b"")
    if signature_of(shp) != "shapefile":
        cure = "give .shp and .dbf together"
        raise DataError("is no shapefile: its .shp is missing or broken", where=where, cure=cure)
    declared = 2 * struct.unpack(">i", shp[24:28])[0]
    if len(shp) < max(declared, _HEADER):
        cure = "is the download complete?"
        raise DataError(f"is cut off: {len(shp):,} of {declared:,} bytes", where=where, cure=cure)
    if (dbf := parts.get(".dbf")) is not None:
        count, start, size = struct.unpack("<IHH", dbf[4:12]) if len(dbf) >= _DBF_HEADER else (0, 0, 0)
        if start < _DBF_HEADER or start + count * size > len(dbf):
            raise DataError("its .dbf is empty, cut off or none", where=where, cure="is the download complete?")
    kept = {suffix: parts[suffix] for suffix in (".shp", *SHAPEFILE_PARTS) if suffix in parts}
    kept.setdefault(".shx", _index(shp[:declared], where))
    if ".cpg" not in kept and _is_utf8(kept.get(".dbf", b"")):
        kept[".cpg"] = b"UTF-8"
    # A zip of our own making is the only way to hand GDAL several files in memory.
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for suffix, content in kept.items():
            archive.writestr(f"layer{suffix}", content)
    has_prj = bool(kept.get(".prj", b"").strip())
    features = read_layer(
        packed.getvalue(),
        where=where,
        drivers=("ESRI Shapefile",),
        drawn=_count_drawn(shp, kept[".shx"], kept.get(".dbf", b"")),
        undeclared="" if has_prj else LONLAT,
        declares="its .prj cannot be right" if has_prj else "the file has no .prj, which would name its CRS: add it",
    )
    return name_layer(features, PurePosixPath(where).stem)


def _index(shp: bytes, where: str) -> bytes:
    """Return the .shx of a .shp: where each record begins and how long it is, in 16-bit words."""
    records: list[bytes] = []
    at = _HEADER
    while at + 8 <= len(shp):
        words = struct.unpack(">i", shp[at + 4 : at + 8])[0]
        if words < 2 or at + 8 + 2 * words > len(shp):
            raise DataError(f"record {len(records) + 1} of its .shp is broken", where=where, cure="add its .shx")
        records.append(struct.pack(">ii", at // 2, words))
        at += 8 + 2 * words
    length = struct.pack(">i", (_HEADER + 8 * len(records)) // 2)
    return shp[:24] + length + shp[28:_HEADER] + b"".join(records)


def _count_drawn(shp: bytes, shx: bytes, dbf: bytes) -> int:
    """Return how many records say that they have a shape, those left out that the .dbf marks as deleted."""
    start, size = struct.unpack("<HH", dbf[8:12]) if len(dbf) >= 12 else (0, 0)
    count = 0
    for number, (words, _) in enumerate(struct.iter_unpack(">ii", shx[_HEADER : len(shx) - (len(shx) - _HEADER) % 8])):
        at = 2 * words + 8
        deleted = size and dbf[start + number * size : start + number * size + 1] == b"*"
        if deleted or not 0 < at <= len(shp) - 4 or struct.unpack("<i", shp[at : at + 4])[0] == _NULL_SHAPE:
            continue
        count += 1
    return count


def _is_utf8(dbf: bytes) -> bool:
    """Say whether a .dbf that names no code page holds UTF-8."""
    if len(dbf) <= _DBF_LANGUAGE or dbf[_DBF_LANGUAGE]:
        return False
    start = struct.unpack("<H", dbf[8:10])[0]
    try:
        dbf[start:].decode()
    except UnicodeDecodeError:
        return False
    return True
