"""Receipts: by which call, with which versions and from which files an output was made, and a digest of its figures.

Every writer puts the same receipt into what it writes. It has no time, and no name of a machine or of its user.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from frontcalc.archives import Archive
from frontcalc.outputs.numbers import cell_text, cells, records
from frontcalc.read import fingerprint
from frontcalc.read.files import file_of
from frontcalc.tables import TOTAL, Table
from frontcalc.versions import key_of, software

WITHOUT_EFFECT = ("workers", "processes", "cache")
"""Options that change no figure: who measures, and what was kept."""

VERSIONS = ("GDAL", "GEOS", "PROJ", "numpy", "pyproj", "shapely")
PNG = b"\x89PNG\r\n\x1a\n"
_IN_PAGE, _IN_SVG = '<script type="application/json" id="receipt">', '<metadata id="receipt">'
_IN_MARKUP = re.compile(f"(?:{_IN_PAGE}|{_IN_SVG})([^<]*)</[a-z]+>\\r?\\n".encode())
_MOST_TOTALS = 500
_SHOWN = re.compile(
    r"(held|opening|closing|gained|lost|net)_(km2|mi2)|actor|period|date|level|region|opening|closing|previous|snapshot"
)


def receipt(result: Table[Any, Any], units: str = "km2", *beside: Table[Any, Any]) -> dict[str, Any]:
    """Return the receipt of a result whose areas are written in `units`, for JSON; of a page with what is `beside` it.

    `options` are what the facade was given, without those that change no figure; `files` what the figures rest on;
    `figures` how many rows there are, the digest of their cells, and the totals, unless these are very many.
    """
    (command, given), versions = result.call or ("", {}), software()
    given_tables = (result, *beside)
    totals, files = list[dict[str, str]](), dict[tuple[str, ...], dict[str, str]]()
    shown = [cells(table, units, shown=cell_text) for table in given_tables]
    for table, own in zip(given_tables, shown, strict=True):
        brief = [row for row in records(own) if row["level"] == TOTAL] if "level" in own else []
        shows = [{name: text for name, text in row.items() if _SHOWN.fullmatch(name)} for row in brief]
        totals += shows if len(shows) <= _MOST_TOTALS else []
        files |= {tuple(one.values()): one for one in _files(table.meta, given)}
    names = next((own for table, own in zip(given_tables, shown, strict=True) if len(table.rows)), ())
    sha256 = digest(names, chain.from_iterable(zip(*own.values(), strict=True) for own in shown))
    return {
        "command": command,
        "options": stated_options(given),
        "archive": getattr(result.meta, "archive", ""),
        "units": units,
        "versions": {"frontcalc": versions["frontcalc"], **{name: versions[name] for name in VERSIONS}},
        "files": list(files.values()),
        "figures": {"rows": sum(len(table.rows) for table in given_tables), "sha256": sha256, "totals": totals},
    }


def stated_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a facade for JSON, without those that change no figure or were left out."""
    options = {name: _stated(value) for name, value in sorted(given.items()) if name not in WITHOUT_EFFECT}
    return {name: own for name, own in options.items() if own is not None and own is not False and own != []}


def _stated(value: Any) -> Any:
    """Return an argument for JSON; of an absolute path its last name: it tells of its user."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Archive):
        value = next(iter(value.roots)) if len(value.roots) == 1 else value.name
    if isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping):
        return list(map(_stated, value))
    name, equals, path = str(value).rpartition("=")  # an archive may be given as NAME=PATH
    return name + equals + (Path(path).name if Path(path).is_absolute() else path)


def _files(meta: Any, given: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield the files that figures rest on: what each is, its name, SHA-256 and, of a map, its day."""
    maps = meta.maps if isinstance(getattr(meta, "maps", None), tuple) else ()
    for one in (*maps, *getattr(meta, "looked_at", ())) or getattr(meta, "files", ()):
        day = {"date": str(one.date)} if getattr(one, "date", None) else {}
        yield {"role": "map", **day, "name": one.name, "sha256": one.sha256}
    others = [("legend", one) for one in getattr(meta, "legends", ())]
    others += [(role, one) for role in ("regions", "claims") if hasattr(one := getattr(meta, role, None), "sha256")]
    yield from ({"role": role, "name": one.name, "sha256": one.sha256} for role, one in others)
    if given.get("places"):
        own = file_of(given["places"])
        yield {"role": "places", "name": own.label, "sha256": fingerprint(own)}


def digest(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return the SHA-256 of the names of columns, which no rows have none of, and of the cells of rows."""
    return key_of(chain(names, chain.from_iterable(rows)))


def with_receipt(content: bytes, own: Mapping[str, Any]) -> bytes:
    """Return a PNG, SVG or page with its receipt in it, and in that the SHA-256 of all the rest."""
    text = json.dumps({**own, "output": hashlib.sha256(content).hexdigest()}, separators=(",", ":"))
    # As JSON and as markup the same.
    text = text.replace("&", "\\u0026").replace("<", "\\u003c")
    if content.startswith(PNG):
        chunk, place = b"tEXtReceipt\0" + text.encode(), len(content) - 12  # before the chunk that ends it
        held = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    else:
        page = content.rfind(b"</body>")
        place, head, tail = (page, _IN_PAGE, "script") if page >= 0 else (content.rfind(b"</svg>"), _IN_SVG, "metadata")
        held = f"{head}{text}</{tail}>\n".encode()
    return content[:place] + held + content[place:]


def without_receipt(content: bytes) -> tuple[bytes, bytes | None]:
    """Return an output less the receipt that `with_receipt` put into it, and that; None where there is none."""
    if content.startswith(PNG) and (place := content.rfind(b"tEXtReceipt\0")) > 0:
        end = place + 4 + int.from_bytes(content[place - 4 : place], "big")
        return content[: place - 4] + content[end + 4 :], content[place + 12 : end]
    match = _IN_MARKUP.search(content)
    return (content[: match.start()] + content[match.end() :], match[1]) if match else (content, None)


def receipt_beside(result: Table[Any, Any], units: str, content: bytes) -> bytes:
    """Return the receipt of an output as a file beside it, with the SHA-256 of the output's own bytes."""
    own = receipt(result, units) | {"output": hashlib.sha256(content).hexdigest()}
    return json.dumps(own, indent=2).encode() + b"\n"
