"""Shapefiles, whose geometry is in .shp; the rest lies beside it, and some of the rest is often lost or stale."""

from __future__ import annotations

import codecs
import io
import re
import struct
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from frontcalc.crs import LONLAT
from frontcalc.errors import DataError
from frontcalc.read.detection import signature_of
from frontcalc.read.features import Features, name_layer
from frontcalc.read.ogr import read_layer

# ESRI Shapefile Technical Description, 1998: the length of both headers in bytes, and two types of shape.
_HEADER = 100
_NULL_SHAPE, _MULTIPATCH = 0, 31
_DBF_HEADER, _DBF_FIELD, _DBF_LANGUAGE = 33, 32, 29
_COMPLETE = "is the download complete?"
# The code pages that a .dbf's language byte states, as dBASE, FoxPro and ArcGIS write it. Not here are 0 and 0x57,
# which state none, and 0x03, Western Windows, which programs write over texts of any language.
_LANGUAGES = {
    **{0x01: "437", 0x02: "850", 0x26: "866", 0x58: "1252", 0x64: "852", 0x65: "866", 0x6A: "737", 0x6B: "857"},
    **{0x78: "950", 0x79: "949", 0x7A: "936", 0x7B: "932", 0x7C: "874", 0x7D: "1255", 0x7E: "1256"},
    **{0xC8: "1250", 0xC9: "1251", 0xCA: "1254", 0xCB: "1253", 0xCC: "1257"},
}
_WESTERN = 0x03
# Character sets as Python calls them; its other codecs are none, or slow on texts made to be.
_CHARACTER_SETS = re.compile(
    r"utf-8|ascii|cp\d+|iso8859-\d+|koi8-[rtu]|mac-\w+|gb\w+|big5\w*|euc_\w+|shift_jis\w*|tis-620"
)
# Words, and those of Ukrainian or Russian; KOI8 and ISO 8859-5 read as Windows-1251 have capitals inside of words.
_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile("[А-ЯЁҐЄІЇ]*[а-яёґєії]*")
_SIGNS = frozenset("«»„“”‘’–—…№§°·\xa0")
_VOWELS = frozenset("аеиіоуыэюяєїёАЕИІОУЫЭЮЯЄЇЁ")


def read_shapefile_parts(parts: Mapping[str, bytes], *, where: str) -> Features:
    """Return the features of a shapefile.

    Parameters
    ----------
    parts : mapping of str to bytes
        Content by suffix in lower case, as in ``.shp``. Only that one must be there: without .dbf there are no
        properties, without .prj the coordinates must be degrees, .shx is believed only where records are out of order,
        and what encoding texts are in is told by .cpg, else by the .dbf, else by the texts.
    where : str
        The .shp's name, for messages; without folders and suffix it is the features' `layer`.
    """
    shp, dbf = parts.get(".shp", b""), parts.get(".dbf")
    if signature_of(shp) != "shapefile":
        cure = "give .shp and .dbf together"
        raise DataError("is no shapefile: its .shp is missing or broken", where=where, cure=cure)
    declared = 2 * struct.unpack(">i", shp[24:28])[0]
    if len(shp) < max(declared, _HEADER):
        raise DataError(f"is cut off: {len(shp):,} of {declared:,} bytes", where=where, cure=_COMPLETE)
    if declared < _HEADER or shp[declared:].strip(b"\0"):
        problem = f"says that it ends after {declared:,} of its {len(shp):,} bytes"
        raise DataError(problem, where=where, cure="save it again")
    records = _records(shp[:declared], parts.get(".shx"), where)
    types = _numbers(shp, records[:, 0] + 8, "<i4")[:, 0]
    if (types == _MULTIPATCH).any():
        cure = "export it as polygons, as by «Multipatch Footprint»"
        raise DataError("holds multipatches, which are surfaces of bodies", where=where, cure=cure)
    kept = np.ones(len(records), dtype=bool)
    if dbf is not None:
        count, start, size = struct.unpack("<IHH", dbf[4:12]) if len(dbf) >= _DBF_HEADER else (0, 0, 0)
        if start < _DBF_HEADER or start + count * size > len(dbf) or (count and not size):
            raise DataError("its .dbf is empty, cut off or none", where=where, cure=_COMPLETE)
        if count != len(records):
            problem = f"its .dbf has {count:,} rows, but its .shp {len(records):,} shapes: they are not of one map"
            raise DataError(problem, where=where, cure="give parts that were saved together")
        kept = np.frombuffer(dbf, np.uint8)[start + size * np.arange(count, dtype=np.int64)] != ord("*")
    has_prj = bool(parts.get(".prj", b"").strip())
    features = read_layer(
        _packed({**parts, ".shx": _shx(shp[:_HEADER], records)}),
        "ESRI Shapefile",
        where=where,
        drawn=int(np.count_nonzero(kept & (types != _NULL_SHAPE))),
        deleted=int(np.count_nonzero(~kept)),
        undeclared="" if has_prj else LONLAT,
        cure="its .prj cannot be right" if has_prj else "the file has no .prj, which would name its CRS: add it",
    )
    return name_layer(_decoded(features, parts.get(".cpg", b""), dbf or b"", where), PurePosixPath(where).stem)


def _packed(parts: Mapping[str, bytes]) -> bytes:
    """Return the parts that GDAL reads as a zip, the only way to hand it several files in memory."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for suffix in (".shp", ".shx", ".dbf", ".prj"):
            if suffix in parts:
                archive.writestr(f"layer{suffix}", parts[suffix])
    return packed.getvalue()


def _numbers(shp: bytes, at: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
    """Return the numbers (n, k) of one kind, as «<i4» or «>2i4», that stand at some places of a .shp."""
    width = np.dtype(kind).itemsize
    found = np.frombuffer(shp, np.uint8)[at[:, None] + np.arange(width)]
    return np.ascontiguousarray(found).view(np.dtype(kind).base).astype(np.int64)


def _records(shp: bytes, shx: bytes | None, where: str) -> NDArray[np.int64]:
    """Return where the header of each record begins and how long its content is in bytes, (n, 2), in order.

    The .shp's own headers tell where they follow one another and are numbered in order. Where they do not, since a map
    that was edited in place has holes with old records, the .shx tells if all of it agrees with the headers.
    """
    at = _HEADER
    walked: list[tuple[int, int]] = []
    while at + 12 <= len(shp):
        number, words = struct.unpack_from(">ii", shp, at)
        if words < 2 or number != len(walked) + 1 or at + 8 + 2 * words > len(shp):
            break
        walked.append((at, 2 * words))
        at += 8 + 2 * words
    if at == len(shp):
        return np.array(walked, np.int64).reshape(-1, 2)
    problem = f"record {len(walked) + 1} of its .shp is broken or out of order"
    if shx is None:
        raise DataError(problem, where=where, cure="add its .shx")
    listed = np.frombuffer(shx[_HEADER : len(shx) - (len(shx) - _HEADER) % 8], ">i4").astype(np.int64).reshape(-1, 2)
    records = 2 * listed
    begins, sizes = records.T
    ends = begins + 8 + sizes
    order = np.argsort(begins, kind="stable")
    inside = len(records) > 0 and bool(((begins >= _HEADER) & (sizes >= 4) & (ends <= len(shp))).all())
    if not inside or (ends[order][:-1] > begins[order][1:]).any():
        raise DataError(f"{problem}, and its .shx does not fit it", where=where, cure="save it again")
    headers = _numbers(shp, begins, ">2i4")
    if (headers != np.column_stack([np.arange(1, len(records) + 1), listed[:, 1]])).any():
        raise DataError(f"{problem}, and its .shx names others than it has", where=where, cure="save it again")
    return records


def _shx(header: bytes, records: NDArray[np.int64]) -> bytes:
    """Return the .shx of a .shp: where each record begins and how long it is, in 16-bit words."""
    length = struct.pack(">i", (_HEADER + 8 * len(records)) // 2)
    return header[:24] + length + header[28:] + (records // 2).astype(">i4").tobytes()


def _decoded(features: Features, cpg: bytes, dbf: bytes, where: str) -> Features:
    """Return features with their texts, read as if each byte were a character, in the encoding that they are in."""
    given = {own for row in features.properties for pair in row.items() for own in pair if isinstance(own, str)}
    texts = {own: own.encode("latin-1") for own in given if not own.isascii()}
    if not texts:
        return features
    # A text that fills its field may be cut off within its last character.
    fields = dbf[_DBF_FIELD : struct.unpack("<H", dbf[8:10])[0]]
    widths = {10, 11, *fields[16::_DBF_FIELD]}
    cure = f"write its name into {PurePosixPath(where).stem}.cpg, as windows-1251"

    def read(name: str) -> dict[str, str] | None:
        """Return what the texts are in an encoding, None where some are not in it."""
        make = codecs.getincrementaldecoder(name)
        try:
            return {own: make().decode(raw, len(raw) not in widths) for own, raw in texts.items()}
        except UnicodeDecodeError:
            return None

    stated = _character_set(cpg, where) or _LANGUAGES.get(dbf[_DBF_LANGUAGE], "")
    if stated:
        told = read(stated if not stated.isdecimal() else f"cp{stated}")
        if told is None:
            raise DataError(f"its texts are not in the encoding that it states, {stated}", where=where, cure=cure)
    else:
        told = read("utf-8") or _cyrillic(read("cp1251"))
        if told is None and dbf[_DBF_LANGUAGE] == _WESTERN:
            told = read("cp1252")
    if told is None:
        raise DataError("its texts are in an encoding that it does not state", where=where, cure=cure)

    def plain(own: object) -> object:
        """Return a value as it is to be read."""
        return told.get(own, own) if isinstance(own, str) else own

    rows = features.properties
    return replace(
        features, properties=tuple({str(plain(key)): plain(own) for key, own in row.items()} for row in rows)
    )


def _character_set(cpg: bytes, where: str) -> str:
    """Return the character set that a .cpg names, by Python's name; empty where it names none."""
    stated = cpg.decode("ascii", "replace").strip("\ufeff\ufffd\0 \t\r\n")[:40]
    name = re.sub(r"^(?:ansi|windows|oem|ibm|cp)?[ _-]*(\d{3,5})$", r"cp\1", stated.casefold())
    name = re.sub(r"^(?:cp|iso[ _-]?)?8859[ _-]?(\d{1,2})$", r"iso8859-\1", name)
    if not name or name in ("ansi", "system"):
        return ""
    with suppress(LookupError, ValueError):
        if _CHARACTER_SETS.fullmatch(known := codecs.lookup(name).name):
            return known
    cure = "write UTF-8 or windows-1251 into it, whichever is right"
    raise DataError(f"its .cpg names the encoding {stated!r}, which is not known", where=where, cure=cure)


def _cyrillic(told: dict[str, str] | None) -> dict[str, str] | None:
    """Return texts read as Windows-1251 if they are plainly Ukrainian or Russian in it.

    Each character is ASCII, a letter of these languages or a sign; a word of these letters has no others, and capitals
    only at its beginning; one such word has three letters or more; and a quarter of the letters or more are vowels.
    """
    text = "\n".join(told.values()) if told else ""
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    letters = "".join(words)
    vowels = sum(letter in _VOWELS for letter in letters)
    signs = {sign for sign in text if not sign.isascii()} - _SIGNS - set(letters)
    plain = not signs and all(map(_CYRILLIC.fullmatch, words)) and 4 * vowels >= len(letters)
    return told if plain and any(len(word) > 2 for word in words) else None
