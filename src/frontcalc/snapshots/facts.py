"""What is known of a map without its polygons, as bytes that can be kept, and the files of maps as this run found them.

The bytes go with a key: of the content of the map's files, their names, and what else decides what is made of them, so
that a map that changed in a single byte is parsed anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from frontcalc.archives import SnapshotRef
from frontcalc.errors import ChangedError, DataError
from frontcalc.layers import Layer, Role
from frontcalc.limits import limits
from frontcalc.notices import Notice
from frontcalc.read import SourceFile, fingerprint
from frontcalc.snapshots.drawn import Snapshot, SnapshotLayer, changed, parsed, read_whole
from frontcalc.snapshots.legend import Tell
from frontcalc.versions import key_of

REMEMBERED: dict[SnapshotRef, Snapshot] = {}  # what is on the maps that this run has looked at
# The SHA-256 of files as they were when this run first read them.
_fingerprint = lru_cache(maxsize=4096)(fingerprint)


def read_snapshot(ref: SnapshotRef) -> Snapshot:
    """Return what is on a day's map, its polygons to be read when asked for; DataError where it cannot be read."""
    if ref not in REMEMBERED:
        REMEMBERED[ref] = parsed(ref)[0]
    return REMEMBERED[ref]


@contextmanager
def passing_over(bad: list[DataError] | None = None, *, asked: bool = True) -> Iterator[None]:
    """Pass over what cannot be read, if asked, and add the error to `bad`; but not where a file changed meanwhile."""
    try:
        yield
    except DataError as error:
        if not asked or isinstance(error, ChangedError):
            raise
        if bad is not None:
            bad.append(error)


def snapshot_key(ref: SnapshotRef) -> str:
    """Return the key of all that decides what is found on a map; DataError where a file cannot be read."""
    files = (
        f"{part.entry.label} {part.entry.siblings} {part.day} {part.field} {part.moment} {_fingerprint(part.entry)}"
        for part in ref.parts
    )
    return key_of((repr(limits()), str(ref.day), repr(ref.legend), *files))


def snapshot_to_bytes(snapshot: Snapshot) -> bytes:
    """Return what was found on a map as bytes; DataError where a file has changed since its key was made."""
    if [file.sha256 for file in snapshot.files] != [_fingerprint(part.entry) for part in snapshot.ref.parts]:
        raise changed(snapshot.files[0].name)
    layers = [(part, part.layer) for part in snapshot.layers]
    content = {
        "files": [[file.name, file.sha256] for file in snapshot.files],
        "layers": [
            [part.name, layer.actor, layer.role.value, layer.whole, layer.legend, part.crs, part.file, part.digest]
            for part, layer in layers
        ],
        "notices": [[notice.code, notice.message, notice.period] for notice in snapshot.notices],
        "stated_days": [day.isoformat() for day in snapshot.stated_days],
        "tells": [list(tell) for tell in snapshot.tells],
        "box": snapshot.box,
        "boxes": snapshot.boxes,
    }
    return orjson.dumps(content)


def snapshot_from_bytes(ref: SnapshotRef, content: bytes) -> Snapshot:
    """Return what an earlier run found on a map."""
    found: dict[str, Any] = orjson.loads(content)
    return Snapshot(
        ref,
        files=tuple(SourceFile(*file) for file in found["files"]),
        layers=tuple(
            SnapshotLayer(name, Layer(actor, Role(role), whole, legend), crs, file, digest, ref)
            for name, actor, role, whole, legend, crs, file, digest in found["layers"]
        ),
        notices=tuple(Notice(*notice) for notice in found["notices"]),
        stated_days=tuple(date.fromisoformat(day) for day in found["stated_days"]),
        tells=tuple(Tell(*tell) for tell in found["tells"]),
        box=tuple(found["box"]) if found["box"] else None,
        boxes=tuple(tuple(box) for box in found["boxes"]),
    )


def digests_of(ref: SnapshotRef) -> tuple[str, ...] | None:
    """Return the SHA-256 of a map's files, None where they hold other days too; DataError where one cannot be read."""
    if any(part.day for part in ref.parts):
        return None
    return tuple(_fingerprint(part.entry) for part in ref.parts)


def forget_read() -> None:
    """Drop what is remembered of files: a run reads them as they are now, not as an earlier one found them."""
    REMEMBERED.clear()
    _fingerprint.cache_clear()
    parsed.cache_clear()
    read_whole.cache_clear()
