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
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np
from pyproj import CRS

from frontcalc.errors import COMPLETE, DataError
from frontcalc.read.features import Features, name_layer, nest_by_direction
from frontcalc.read.formats import read_layer

# ESRI Shapefile Technical Description, 1998: the length of both headers in bytes, and two types of shape.
_HEADER = 100
_NULL_SHAPE, _MULTIPATCH = 0, 31
_DBF_HEADER, _DBF_FIELD, _DBF_LANGUAGE = 33, 32, 29
_SAVE = "save it again"
# The code pages that a .dbf's language byte states, as dBASE, FoxPro and ArcGIS write it. Not here are 0 and 0x57,
# which state none, and 0x03, Western Windows, which programs write over texts of any language.
_LANGUAGES = {
    **{0x01: "cp437", 0x02: "cp850", 0x26: "cp866", 0x58: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x6A: "cp737"},
    **{0x6B: "cp857", 0x78: "cp950", 0x79: "cp949", 0x7A: "cp936", 0x7B: "cp932", 0x7C: "cp874", 0x7D: "cp1255"},
    **{0x7E: "cp1256", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253", 0xCC: "cp1257"},
}
# What coordinates are in where there is no .prj.
_WGS_84 = CRS("EPSG:4326").to_wkt("WKT1_ESRI").encode()
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
    """Return the features of a shapefile, whose name without folders and suffix is their `layer`.

    `parts` are contents by suffix in lower case. Only ``.shp`` must be there, and begins as one: without .dbf there
    are no properties, without .prj the coordinates must be degrees, .shx is believed only where records are out of
    order, and what encoding texts are in is told by .cpg, else by the .dbf, else by the texts.
    """
    shp, dbf, prj = (parts.get(suffix, b"") for suffix in (".shp", ".dbf", ".prj"))
    declared = 2 * struct.unpack(">i", shp[24:28])[0]
    if len(shp) < max(declared, _HEADER):
        raise DataError(f"is cut off: {len(shp):,} of {declared:,} bytes", cure=COMPLETE)
    if declared < _HEADER or shp[declared:].strip(b"\0"):
        raise DataError(f"says that it ends after {declared:,} of its {len(shp):,} bytes", cure=_SAVE)
    records = np.array(_records(shp[:declared], parts.get(".shx")), np.int64).reshape(-1, 2)
    types = np.frombuffer(shp, np.uint8)[2 * records[:, :1] + np.arange(8, 12)].view("<i4")[:, 0]
    if (types == _MULTIPATCH).any():
        cure = "export it as polygons, as by «Multipatch Footprint»"
        raise DataError("holds multipatches, which are surfaces of bodies", cure=cure)
    rows = dbf
    if ".dbf" in parts:
        count, start, size = struct.unpack("<IHH", dbf[4:12]) if len(dbf) >= _DBF_HEADER else (0, 0, 0)
        if start < _DBF_HEADER or start + count * size > len(dbf) or (count and not size):
            raise DataError("its .dbf is empty, cut off or none", cure=COMPLETE)
        if count != len(records):
            problem = f"its .dbf has {count:,} rows, but its .shp {len(records):,} shapes: they are not of one map"
            raise DataError(problem, cure="give parts that were saved together")
        table = np.frombuffer(dbf, np.uint8, count * size, start).reshape(count, size)
        kept = (table[:, :1] != ord("*")).all(axis=1)
        # Rows that are marked as deleted are no part of the map, nor are their shapes.
        if not kept.all():
            records, types = records[kept], types[kept]
            rows = dbf[:4] + struct.pack("<I", len(records)) + dbf[8:start] + table[kept].tobytes()
    # GDAL believes the .shx, so that it gets one of the very records. A zip is the only way to hand it several files.
    shx = shp[:24] + struct.pack(">i", _HEADER // 2 + 4 * len(records)) + shp[28:_HEADER]
    own = {".shp": shp, ".shx": shx + records.astype(">i4").tobytes(), ".dbf": rows, ".prj": prj.strip() or _WGS_84}
    with zipfile.ZipFile(packed := io.BytesIO(), "w") as archive:
        for suffix in filter(own.get, own):
            archive.writestr(f"layer{suffix}", own[suffix])
    mend = "its .prj cannot be right" if prj.strip() else "the file has no .prj, which would name its CRS: add it"
    drawn, stem = int(np.count_nonzero(types != _NULL_SHAPE)), PurePosixPath(where).stem
    features = nest_by_direction(read_layer(packed.getvalue(), "ESRI Shapefile", drawn=drawn, cure=mend))
    return name_layer(_decoded(features, parts.get(".cpg", b""), dbf, stem), stem)


def _records(shp: bytes, shx: bytes | None) -> list[tuple[int, int]]:
    """Return where each record begins and how long its content is, in 16-bit words, in order.

    The .shp's own headers tell where they follow one another and are numbered in order. Where they do not, since a map
    that was edited in place has holes with old records, the .shx tells if all of it agrees with the headers.
    """
    at = _HEADER
    walked: list[tuple[int, int]] = []
    while at + 12 <= len(shp):
        number, words = struct.unpack_from(">ii", shp, at)
        if words < 2 or number != len(walked) + 1 or at + 8 + 2 * words > len(shp):
            break
        walked.append((at // 2, words))
        at += 8 + 2 * words
    if at == len(shp):
        return walked
    problem = f"record {len(walked) + 1} of its .shp is broken or out of order"
    if shx is None:
        raise DataError(problem, cure="add its .shx")
    # So many records do not fit: of more, the rest need not be looked at.
    shx = shx[_HEADER:][: 8 * (len(shp) // 12)]
    listed = [*struct.iter_unpack(">ii", shx[: len(shx) // 8 * 8])]
    # The headers are a record at the beginning, and the end is one behind all.
    around = [(0, _HEADER // 2 - 4), *sorted(listed), (len(shp) // 2, 0)]
    apart = all(begin + 4 + words <= after for (begin, words), (after, _) in pairwise(around))
    if not listed or not apart or min(words for _, words in listed) < 2:
        raise DataError(f"{problem}, and its .shx does not fit it", cure=_SAVE)
    if any(struct.unpack_from(">ii", shp, 2 * at) != (n, words) for n, (at, words) in enumerate(listed, 1)):
        raise DataError(f"{problem}, and its .shx names others than it has", cure=_SAVE)
    return listed


def _decoded(features: Features, cpg: bytes, dbf: bytes, stem: str) -> Features:
    """Return features with their texts, read as if each byte were a character, in the encoding that they are in."""
    words = {own for row in features.properties for pair in row.items() for own in pair if isinstance(own, str)}
    texts = {own: own.encode("latin-1") for own in words if not own.isascii()}
    if not texts:
        return features
    given = cpg.decode("ascii", "replace").strip("\ufeff\ufffd\0 \t\r\n")[:40]
    name = re.sub(r"^(?:ansi|windows|oem|ibm|cp)?[ _-]*(\d{3,5})$", r"cp\1", given.casefold())
    name = re.sub(r"^(?:cp|iso[ _-]?)?8859[ _-]?(\d{1,2})$", r"iso8859-\1", name)
    stated = _LANGUAGES.get(dbf[_DBF_LANGUAGE], "")
    if name and name not in ("ansi", "system"):
        stated = ""
        with suppress(LookupError, ValueError):
            stated = codecs.lookup(name).name
        if not _CHARACTER_SETS.fullmatch(stated):
            cure = "write UTF-8 or windows-1251 into it, whichever is right"
            raise DataError(f"its .cpg names the encoding {given!r}, which is not known", cure=cure)
    # A text that fills its field may be cut off within its last character.
    widths = {10, 11, *dbf[_DBF_FIELD + 16 : struct.unpack("<H", dbf[8:10])[0] : _DBF_FIELD]}

    def read(name: str) -> dict[object, str]:
        """Return what the texts are in an encoding; nothing where some are not in it, or not plainly."""
        make = codecs.getincrementaldecoder(name)
        try:
            decoded: dict[object, str] = {own: make().decode(raw, len(raw) not in widths) for own, raw in texts.items()}
        except UnicodeDecodeError:
            return {}
        return decoded if stated or name != "cp1251" or _is_cyrillic("\n".join(decoded.values())) else {}

    usual = ["utf-8", "cp1251", *(["cp1252"] if dbf[_DBF_LANGUAGE] == 0x03 else [])]
    decoded = next(filter(None, map(read, [stated] if stated else usual)), None)
    if not decoded:
        how = f"not in the encoding that it states, {stated}" if stated else "in an encoding that it does not state"
        raise DataError(f"its texts are {how}", cure=f"write its name into {stem}.cpg, as windows-1251")
    rows = ({decoded.get(key, key): decoded.get(own, own) for key, own in row.items()} for row in features.properties)
    return replace(features, properties=tuple(rows))


def _is_cyrillic(text: str) -> bool:
    """Say whether a text read as Windows-1251 is plainly Ukrainian or Russian.

    Each character is ASCII, a letter of these languages or a sign; a word of these letters has no others, and capitals
    only at its beginning; one such word has three letters or more; and a quarter of the letters or more are vowels.
    """
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    letters = "".join(words)
    rest = "".join(set(text) - _SIGNS - set(letters))
    plain = rest.isascii() and all(map(_CYRILLIC.fullmatch, words)) and any(len(word) > 2 for word in words)
    return plain and 4 * sum(letter in _VOWELS for letter in letters) >= len(letters)
